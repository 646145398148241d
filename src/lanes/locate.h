/* SPDX-License-Identifier: Apache-2.0 */
/* Which tap of its window an index names (docs/numerics.md N39). */
#ifndef POOLGRAD_LANES_LOCATE_H
#define POOLGRAD_LANES_LOCATE_H

#include <string.h>

#include "lanes/unit.h"

/* A row of windows, what its codes count in and, along z and y, the windows. */
struct poolgrad_lanes_row {
    const struct poolgrad_geometry *g;
    const struct poolgrad_lanes *lanes;
    struct poolgrad_window_run z, y;
    int64_t place_z, place_y; /* of tap 0 */
};

struct poolgrad_lanes_row poolgrad_lanes_row_of(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);

/* Whether number `tap` of an axis is one of the window's taps inside. */
static inline bool poolgrad_lanes_is_inside(const struct poolgrad_window_run *window, int64_t tap)
{
    return tap >= window->tap && tap < window->tap + window->taps;
}

/* The numbers along z, y and x of the tap that an index names, of a window whose taps inside begin at x->place; false
 * where it is none of the taps inside. */
bool poolgrad_lanes_locate(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x,
                           poolgrad_format format, int64_t index, int64_t tap[POOLGRAD_AXES]);

/* The stored index at an address; -1: none. The format is a constant where this is called in loops. */
static inline int64_t poolgrad_index_at(poolgrad_format format, const void *at)
{
    int32_t place32;
    int64_t place64;
    uint16_t tap16;
    uint32_t tap32;
    switch (format) {
    case POOLGRAD_INT32: memcpy(&place32, at, sizeof place32); return place32;
    case POOLGRAD_INT64: memcpy(&place64, at, sizeof place64); return place64;
    case POOLGRAD_TAP8: return *(const uint8_t *)at == UINT8_MAX ? -1 : *(const uint8_t *)at;
    case POOLGRAD_TAP16: memcpy(&tap16, at, sizeof tap16); return tap16 == UINT16_MAX ? -1 : tap16;
    default: memcpy(&tap32, at, sizeof tap32); return tap32 == UINT32_MAX ? -1 : (int64_t)tap32;
    }
}

/*
 * Places of windows of one layer whose columns are neighbours, by one multiplication: of their distance from the first
 * tap inside, the quotient by the distance of two rows of taps is the row. A quotient of n < 2^31 by d is
 * n m / 2^(31 + s) rounded down, where 2^s is the least power of two that is not below d and m is 2^(31 + s) / d
 * rounded up: n times the error of m is less than 2^31 2^s.
 */
struct poolgrad_lanes_near {
    uint64_t limit;         /* of distances */
    uint64_t factor, width; /* of a row */
    int shift;
    uint64_t columns; /* taps inside */
    int64_t first;    /* place of the first tap inside of the run's first window */
};

/* Whether the run's windows are such ones. */
bool poolgrad_lanes_is_near(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                            struct poolgrad_lanes_near *near);

/* Whether a place is a tap inside of the window that begins at `first`; its row and column of taps. */
static inline bool poolgrad_lanes_find_near(const struct poolgrad_lanes_near *near, int64_t place, int64_t first,
                                            uint64_t *row, uint64_t *column)
{
    const uint64_t distance = (uint64_t)place - (uint64_t)first;
    const uint64_t inside = distance < near->limit ? distance : 0;
    *row = (inside * near->factor) >> near->shift;
    *column = inside - *row * near->width;
    return distance < near->limit && *column < near->columns;
}

#endif
