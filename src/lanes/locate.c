/* SPDX-License-Identifier: Apache-2.0 */
#include "lanes/locate.h"

#include "image/format.h"

struct poolgrad_lanes_row poolgrad_lanes_row_of(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    return (struct poolgrad_lanes_row){g,
                                       unit->lanes,
                                       poolgrad_window_of(g, &g->z, z),
                                       poolgrad_window_of(g, &g->y, y),
                                       poolgrad_axis_window(&g->z, z).first,
                                       poolgrad_axis_window(&g->y, y).first};
}

/* The number of the tap at a place of an axis, or -1. */
static int64_t tap_at(const struct poolgrad_axis *axis, const struct poolgrad_window_run *window, int64_t place)
{
    if (window->taps == 0 || place < window->place) return -1;
    const int64_t distance = place - window->place;
    const int64_t tap = axis->dilation == 1 ? distance : distance / axis->dilation;
    if (tap >= window->taps || tap * axis->dilation != distance) return -1;
    return window->tap + tap;
}

/* Quotient and rest of numbers that are not negative: 32 bits are several times faster where they do. */
static inline void divide(int64_t a, int64_t b, int64_t *quotient, int64_t *rest)
{
    if (((uint64_t)a | (uint64_t)b) <= UINT32_MAX) {
        *quotient = (uint32_t)a / (uint32_t)b;
        *rest = (uint32_t)a % (uint32_t)b;
    } else {
        *quotient = a / b;
        *rest = a % b;
    }
}

bool poolgrad_lanes_locate(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x,
                           poolgrad_format format, int64_t index, int64_t tap[POOLGRAD_AXES])
{
    const struct poolgrad_geometry *g = row->g;
    int64_t rest;
    if (index < 0) return false;
    if (poolgrad_format_holds_taps(format)) {
        divide(index, x->size, &rest, &tap[2]);
        divide(rest, row->y.size, &tap[0], &tap[1]);
        return poolgrad_lanes_is_inside(&row->z, tap[0]) && poolgrad_lanes_is_inside(&row->y, tap[1]) &&
               poolgrad_lanes_is_inside(x, tap[2]);
    }
    divide(index, g->x.size, &rest, &tap[2]);
    divide(rest, g->y.size, &tap[0], &tap[1]);
    tap[0] = tap_at(&g->z, &row->z, tap[0]);
    tap[1] = tap_at(&g->y, &row->y, tap[1]);
    tap[2] = tap_at(&g->x, x, tap[2]);
    return tap[0] >= 0 && tap[1] >= 0 && tap[2] >= 0;
}

bool poolgrad_lanes_is_near(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                            struct poolgrad_lanes_near *near)
{
    const struct poolgrad_geometry *g = row->g;
    int64_t width, limit;
    if (row->z.taps != 1 || row->y.taps == 0 || run->taps == 0 || (g->x.dilation != 1 && run->taps > 1)) return false;
    if (!poolgrad_multiply(g->x.size, g->y.dilation, &width) || !poolgrad_multiply(width, row->y.taps, &limit)) {
        return false;
    }
    if (limit > INT32_MAX || width <= 0) return false;
    enum { BITS = 31 };
    int shift = BITS;
    while ((INT64_C(1) << (shift - BITS)) < width) shift++;
    *near = (struct poolgrad_lanes_near){.limit = (uint64_t)limit,
                                         .factor = (uint64_t)poolgrad_ceiling_divide(INT64_C(1) << shift, width),
                                         .width = (uint64_t)width,
                                         .shift = shift,
                                         .columns = (uint64_t)run->taps,
                                         .first = (row->z.place * g->y.size + row->y.place) * g->x.size + run->place};
    return true;
}
