/* SPDX-License-Identifier: Apache-2.0 */
/* Columns as lanes (lanes/lanes.h, struct poolgrad_lanes_columns): rows of images to phases, and back. */
#ifndef POOLGRAD_LANES_COLUMNS_H
#define POOLGRAD_LANES_COLUMNS_H

#include "base/integer.h"
#include "image/format.h"
#include "lanes/unit.h"

/* The format of source rows in working memory, to which others are converted once: float64, or float32. */
static inline poolgrad_format poolgrad_lanes_columns_numbers(const struct poolgrad_geometry *g)
{
    return g->source.format == POOLGRAD_FLOAT64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
}

/* Whether the problem may be computed so; then lanes->columns says how rows lie, but for the number of sets. */
bool poolgrad_lanes_columns_fit(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes);
/* Groups of at most `most` sets. */
void poolgrad_lanes_columns_group(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes, int64_t most);
/* How results come to the destination. */
void poolgrad_lanes_columns_choose_writing(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes);

/* Taps that are of the same phase lie so far apart: stride / gcd(stride, dilation). */
static inline int64_t poolgrad_lanes_tap_period(int64_t stride, int64_t dilation)
{
    return stride / poolgrad_common_divisor(stride, dilation);
}

/* Elements of an image from set to set of a group. */
static inline int64_t poolgrad_lanes_set_stride(const struct poolgrad_lanes_columns *columns,
                                                const poolgrad_const_image *image)
{
    if (columns->sets_of_all == 1) return image->image_stride;
    /* Fewer channels than a slice: they are of one. */
    return columns->grain < poolgrad_layout_lanes(image->layout) ? 1 : image->channel_stride;
}

/* Whether the pixels of its rows follow each other. */
static inline bool poolgrad_lanes_is_dense(const struct poolgrad_lanes_columns *columns,
                                           const poolgrad_const_image *image)
{
    return image->column_stride == columns->grain;
}

/* Where a pixel of the source lies in its row, in elements: source columns from columns->source.begin on. */
static inline int64_t poolgrad_lanes_entry_of(const struct poolgrad_lanes_columns *columns, int64_t x)
{
    const int64_t at = x - columns->source.begin, entry = poolgrad_floor_divide(at, columns->phases);
    return (at - entry * columns->phases) * columns->phase_step + (entry + columns->source_lead) * columns->grain;
}

/* Elements, and some more, so that what lies behind begins where a vector of float32 does. */
static inline int64_t poolgrad_lanes_whole_vectors(int64_t elements)
{
    enum { VECTOR = 16 };
    return poolgrad_ceiling_divide(elements, VECTOR) * VECTOR;
}

/* Elements of working memory's rows: of the source, and of windows. */
static inline int64_t poolgrad_lanes_source_elements(const struct poolgrad_lanes_columns *columns)
{
    return columns->phases * columns->phase_step;
}

static inline int64_t poolgrad_lanes_window_elements(const struct poolgrad_lanes_columns *columns)
{
    return poolgrad_lanes_whole_vectors(columns->phase_step + columns->lead * columns->grain);
}

/* Before any row of a unit. */
void poolgrad_lanes_columns_begin(struct poolgrad_lanes_unit *unit);
/* `columns` pixels of a row of an image, of all sets, from column x on: where they lie, or moved to `memory`, as they
 * are stored; elements from set to set. */
const unsigned char *poolgrad_lanes_columns_read(const struct poolgrad_lanes_unit *unit,
                                                 enum poolgrad_lanes_image which, int64_t z, int64_t y, int64_t x,
                                                 int64_t columns, void *memory, int64_t *step);
/* A row of picks from working memory, sets `step` elements apart. */
void poolgrad_lanes_columns_write_picks(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *from,
                                        int64_t step);
/* Writes what waits. */
void poolgrad_lanes_columns_flush(struct poolgrad_lanes_unit *unit);
/* Element 0 of a row of the source, of the first set, where it lies. */
const unsigned char *poolgrad_lanes_columns_row_in_place(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
/* A row of the source, in phases. */
const unsigned char *poolgrad_lanes_columns_source_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
/* A phase of the destination's pixels, counted from the first one that is in the source: every stride-th. Of those that
 * have windows, the first one is number `entry`. */
struct poolgrad_lanes_phase {
    int64_t number, step;
    int64_t entry, pixels; /* how many; */
    bool whole;            /* they are all there are; */
    int64_t source;        /* source column of the first one, */
    int64_t window;        /* and the window whose tap 0 it is, or behind whose tap 0 it lies */
    const struct poolgrad_operand_column *operands;
    int64_t count;
};

/* Phases that have windows, which are no more than taps, and their operands, as many as taps; how many. */
int64_t poolgrad_lanes_columns_list_phases(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                                           struct poolgrad_lanes_phase *phases,
                                           struct poolgrad_operand_column *operands);
/* Results in POOLGRAD_LANES_PHASED to a row of the destination. */
void poolgrad_lanes_columns_finish(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
/* Numbers of a row of the destination, of sets that follow each other, as it stores them. */
void poolgrad_lanes_columns_store_numbers(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *numbers);
/* A row of the destination, forward and of a gradient; forward, how many rows: more where windows are found in rows
 * where they lie. */
int64_t poolgrad_lanes_columns_forward(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
void poolgrad_lanes_columns_forward_nothing(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
/* How many rows are given: more than one where none of them has windows. */
int64_t poolgrad_lanes_columns_give(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);

#endif
