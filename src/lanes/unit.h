/* SPDX-License-Identifier: Apache-2.0 */
/* A unit at work, and what its stages ask of each other: reading, finding, giving and writing. */
#ifndef POOLGRAD_LANES_UNIT_H
#define POOLGRAD_LANES_UNIT_H

#include "image/image.h"
#include "image/move.h"
#include "lanes/lanes.h"

struct poolgrad_lanes_unit {
    const struct poolgrad_geometry *g;
    const struct poolgrad_lanes *lanes;
    unsigned char *memory;
    int64_t plane, count; /* planes of the group: n * channels + c, counted from the first one written; */
    int64_t slices;       /* as many again for each slice of it, one behind the other */
    /* Columns as lanes: element (0, 0, 0) of the first set of each image that is written, and read; */
    unsigned char *base[POOLGRAD_LANES_IMAGES];
    const unsigned char *from[POOLGRAD_LANES_IMAGES];
    int64_t sets;                       /* what the planes are of, */
    int64_t phases;                     /* and phases of pixels that have windows */
    bool pooled;                        /* by windows; else +0 */
    int64_t counted;                    /* taps along z and y that divisors in memory are of, or -1 */
    bool careful;                       /* a NaN was met: searches are careful from here on */
    struct poolgrad_range layers, rows; /* of the destination, or the windows */
    /* Rows of results on their way out: they wait in POOLGRAD_LANES_STORED until these are many. */
    int64_t waiting, waiting_z, waiting_y;
};

static inline void *poolgrad_lanes_area(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_area area)
{
    return unit->memory + unit->lanes->area[area];
}

/* All planes of the group. */
static inline int64_t poolgrad_lanes_planes(const struct poolgrad_lanes_unit *unit)
{
    return unit->slices * unit->count;
}

static inline int64_t poolgrad_lanes_number_bytes(int sum)
{
    return INT64_C(4) << sum;
}

/* Whether an image of the format holds numbers of the accumulator. */
static inline bool poolgrad_lanes_holds_numbers(const struct poolgrad_lanes *lanes, poolgrad_format format)
{
    return format == (lanes->sum == POOLGRAD_SUM64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32);
}

/* Numbers of the accumulator that are all the same. */
static inline void poolgrad_lanes_fill(int sum, double value, int64_t count, void *to)
{
    const float narrow = (float)value;
    poolgrad_fill(to, count, sum == POOLGRAD_SUM64 ? (const void *)&value : &narrow, poolgrad_lanes_number_bytes(sum));
}

/* The image and channel of an image that the unit's first plane is of. */
struct poolgrad_lanes_origin {
    int64_t n, c;
};

struct poolgrad_lanes_origin poolgrad_lanes_origin_of(const struct poolgrad_lanes_unit *unit,
                                                      enum poolgrad_lanes_image which);
/* Whether there is such an image; from the destination's channel to the image's. */
bool poolgrad_lanes_has_image(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                              enum poolgrad_lanes_image which);
int64_t poolgrad_lanes_channel_shift(const struct poolgrad_geometry *g, enum poolgrad_lanes_image which);
const poolgrad_const_image *poolgrad_lanes_image_of(const struct poolgrad_geometry *g, enum poolgrad_lanes_image which);

/* Elements from pixel to pixel of a row: where it lies, or as it was transposed. */
static inline int64_t poolgrad_lanes_pitch(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_image which)
{
    return unit->lanes->in_place[which] ? poolgrad_lanes_image_of(unit->g, which)->column_stride : unit->lanes->lanes;
}

/* Read: `columns` pixels of a row of an image from column x on, where they lie, or transposed to `memory`. */
const unsigned char *poolgrad_lanes_read(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_image which,
                                         int64_t z, int64_t y, int64_t x, int64_t columns, void *memory);
/* A row of the source, from column 0 on: kept as long as its place in the ring is not needed. */
const unsigned char *poolgrad_lanes_source_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);

/* Find: a row of windows, or some that have their taps alike, of each slice. To `to`, `step` elements from window to
 * window, or from set to set, `row_step` from row to row and `slice_step` from slice to slice; values as numbers or
 * `stored`; of max also codes, at the same steps. */
struct poolgrad_lanes_found {
    void *to;
    int64_t step;
    int64_t rows, row_step; /* 0 rows: one */
    int64_t slice_step;
    bool stored;
    void *codes;
    /* Of L2-norm: with the row's source gradient, as its image stores it, values are what windows give. */
    const void *gradient;
    int64_t gradient_step, gradient_row_step, gradient_slice_step;
};

/* How many rows: those that were asked for, or of columns as lanes the first one alone. */
int64_t poolgrad_lanes_find(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y,
                            const struct poolgrad_lanes_found *found);
/* The search, or sum, of one run; and that of long windows of one plane. */
void poolgrad_lanes_walk_run(struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                             const struct poolgrad_ending *ending, void *to, void *codes);
bool poolgrad_lanes_is_long(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run);
/* Moves the run's operands. */
void poolgrad_lanes_find_long(struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *run,
                              const struct poolgrad_ending *ending, void *to, void *codes);
/* What an average divides by, as the accumulator has it. */
double poolgrad_lanes_divisor(const struct poolgrad_lanes_unit *unit, int64_t counted);

/* Numbers that were found, not stored, as the destination stores them. */
void poolgrad_lanes_store_found(const struct poolgrad_lanes_unit *unit, const void *numbers, int64_t count, void *to);

/* Codes and indices: of a row of windows. */
void poolgrad_lanes_store_picks(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *codes,
                                int64_t step);
void poolgrad_lanes_load_codes(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *codes, int64_t step);

/* A row of windows of a gradient, from the ring or from where it lies: what each gives, and the tap it picked, both
 * window_pitch elements from window to window. */
struct poolgrad_lanes_windows {
    const unsigned char *shares, *codes;
    const unsigned char *greatest; /* ties all and split: keys */
};

struct poolgrad_lanes_windows poolgrad_lanes_windows_at(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
/* All rows of windows of a layer, to a ring that has room for them: those that are alike together. */
void poolgrad_lanes_find_layer(struct poolgrad_lanes_unit *unit, int64_t z);

/* The windows over a row of pixels of the destination, as operands whose columns are the first window's. */
int64_t poolgrad_lanes_list_windows(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y,
                                    struct poolgrad_operand_row *rows);
/* The columns of the operands of a run of pixels. */
const struct poolgrad_operand_column *poolgrad_lanes_list_columns(const struct poolgrad_lanes_unit *unit,
                                                                  const struct poolgrad_pixel_run *run);
/* Sums or, of L2-norm and with factors, their products. */
void poolgrad_lanes_give_walk(const struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                              const struct poolgrad_ending *ending, void *to);
/* Give: rows of pixels that have their windows alike together, those of a layer; how many. */
int64_t poolgrad_lanes_give_layer(struct poolgrad_lanes_unit *unit, int64_t z);
/* Give: a row of pixels of the destination, and those behind it that have the same sums; how many rows. */
int64_t poolgrad_lanes_give(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
/* The same, of a row that `count` rows of windows are over: its sums window by window, where that is quicker. `kept`:
 * sums are in memory anyway. */
bool poolgrad_lanes_adds_windows(const struct poolgrad_lanes_unit *unit, int64_t count, bool kept);
void poolgrad_lanes_list_spread(const struct poolgrad_lanes_unit *unit);
void poolgrad_lanes_add_windows(const struct poolgrad_lanes_unit *unit, const struct poolgrad_operand_row *rows,
                                int64_t count, void *sums);
/* Numbers of a row, as the destination stores them; with what it holds, if asked. */
void poolgrad_lanes_store_numbers(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *numbers);

/* Ties all and split: what windows give, and a row of pixels. */
struct poolgrad_lanes_tie_row {
    struct poolgrad_lanes_windows windows;
    int64_t code;
};

void poolgrad_lanes_share_ties(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *shares, void *codes,
                               void *greatest);
void poolgrad_lanes_give_ties(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);

/* Scatter: a whole unit, from each window to the pixel it picked. */
void poolgrad_lanes_scatter(struct poolgrad_lanes_unit *unit);

/* Gather: a whole unit, forward, from indices. */
void poolgrad_lanes_gather(const struct poolgrad_lanes_unit *unit);

/* Write. Where row (z, y) of the destination goes as it is stored: there, or among the rows that wait; elements from
 * pixel to pixel. Rows come in ascending order. */
struct poolgrad_lanes_target {
    unsigned char *to;
    int64_t step;
};

struct poolgrad_lanes_target poolgrad_lanes_target_of(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);
/* Rows of +0, from row (z, y) on; and what waits, before. */
void poolgrad_lanes_clear(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t rows);
/* Whether that also clears lanes without a channel, those of the slice of an image's last plane. */
bool poolgrad_lanes_clears_slice(const struct poolgrad_lanes_unit *unit, int64_t plane);
/* Rows of the destination from row (z, y) on that are alike, plane by plane: of each of the row's runs of pixels, all
 * are the same element, `lanes` of these a run. */
void poolgrad_lanes_fill_rows(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t rows,
                              const void *from);
/* Writes what waits. */
void poolgrad_lanes_flush(struct poolgrad_lanes_unit *unit);
/* Pixels of a row of an image, from memory, `lanes` elements each. */
void poolgrad_lanes_write(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_image which, int64_t z, int64_t y,
                          int64_t x, int64_t columns, const void *from);

#endif
