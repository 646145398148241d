/* SPDX-License-Identifier: Apache-2.0 */
#include "image/move.h"

#include <string.h>

#include "base/integer.h"
#include "image/image.h"

enum { LONG_RUN = 1024 }; /* from here on a call of memcpy is cheap beside its bytes */

/* Runs of one size, or of sizes from one power of two to the next by two moves that overlap: the compiler knows every
 * size and calls nobody. */
#define MOVE_EXACTLY(SIZE)                                                                                             \
    static void move_##SIZE(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)                   \
    {                                                                                                                  \
        for (int64_t i = 0; i < runs.runs; i++) memcpy(to + i * runs.to_step, from + i * runs.from_step, SIZE);        \
    }

#define MOVE_ABOVE(SIZE)                                                                                               \
    static void move_above_##SIZE(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)             \
    {                                                                                                                  \
        for (int64_t i = 0; i < runs.runs; i++, to += runs.to_step, from += runs.from_step) {                          \
            memcpy(to, from, SIZE);                                                                                    \
            memcpy(to + runs.bytes - (SIZE), from + runs.bytes - (SIZE), SIZE);                                        \
        }                                                                                                              \
    }

MOVE_EXACTLY(1)
MOVE_EXACTLY(2)
MOVE_ABOVE(2)
MOVE_EXACTLY(4)
MOVE_ABOVE(4)
MOVE_EXACTLY(8)
MOVE_ABOVE(8)
MOVE_EXACTLY(16)
MOVE_ABOVE(16)
MOVE_ABOVE(32)
#undef MOVE_EXACTLY
#undef MOVE_ABOVE

static void move_long(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    for (int64_t i = 0; i < runs.runs; i++, to += runs.to_step, from += runs.from_step) {
        for (int64_t at = 0; at < runs.bytes - 64; at += 64) memcpy(to + at, from + at, 64);
        memcpy(to + runs.bytes - 64, from + runs.bytes - 64, 64);
    }
}

static void move_very_long(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    for (int64_t i = 0; i < runs.runs; i++, to += runs.to_step, from += runs.from_step) {
        memcpy(to, from, (size_t)runs.bytes);
    }
}

/* By size, ascending: the first that a run's bytes do not exceed. */
static const struct {
    int64_t bytes;
    void (*move)(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs);
} moves[] = {{1, move_1},         {2, move_2},         {3, move_above_2},     {4, move_4},
             {7, move_above_4},   {8, move_8},         {15, move_above_8},    {16, move_16},
             {32, move_above_16}, {64, move_above_32}, {LONG_RUN, move_long}, {INT64_MAX, move_very_long}};

void poolgrad_move_runs(void *to, const void *from, struct poolgrad_runs runs)
{
    if (runs.runs <= 0 || runs.bytes <= 0) return;
    if (runs.from_step == runs.bytes && runs.to_step == runs.bytes) {
        memcpy(to, from, (size_t)(runs.runs * runs.bytes));
        return;
    }
    size_t i = 0;
    while (runs.bytes > moves[i].bytes) i++;
    moves[i].move(to, from, runs);
}

void poolgrad_fill(void *to, int64_t count, const void *value, int64_t size)
{
    poolgrad_move_runs(to, value, (struct poolgrad_runs){count, size, 0, size});
}

/* Channels from c on that lie side by side. */
static int64_t neighbours(poolgrad_layout layout, int64_t channel_stride, int64_t c)
{
    if (layout == POOLGRAD_NHWC && channel_stride == 1) return INT64_MAX;
    return poolgrad_layout_lanes(layout) - poolgrad_layout_lane(layout, c);
}

/* The lanes from `lane` on that are one run of every pixel. */
static int64_t run_of(poolgrad_layout layout, int64_t channel_stride, const struct poolgrad_pixels *pixels,
                      int64_t lane)
{
    return poolgrad_min(neighbours(layout, channel_stride, pixels->c + lane), pixels->high - lane);
}

/* The shape of a run of lanes on either side: by pixels of each row or, where those are neighbours, by rows. */
struct shape {
    int64_t rows, from_row, to_row;
    struct poolgrad_runs runs;
};

static struct shape shape_of(const struct poolgrad_pixels *pixels, int64_t bytes, int64_t from_row, int64_t from_step,
                             int64_t to_row, int64_t to_step)
{
    if (pixels->columns == 1 || (from_step == bytes && to_step == bytes)) {
        return (struct shape){1, 0, 0, {pixels->rows, pixels->columns * bytes, from_row, to_row}};
    }
    return (struct shape){pixels->rows, from_row, to_row, {pixels->columns, bytes, from_step, to_step}};
}

static void move_shape(unsigned char *to, const unsigned char *from, const struct shape *shape)
{
    for (int64_t row = 0; row < shape->rows; row++) {
        poolgrad_move_runs(to + row * shape->to_row, from + row * shape->from_row, shape->runs);
    }
}

void poolgrad_move_in(const poolgrad_const_image *image, const struct poolgrad_pixels *pixels, int64_t lanes, void *to,
                      int64_t pitch)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const int64_t row = pixels->y_step * image->row_stride * size, step = pixels->x_step * image->column_stride * size;
    if (pixels->rows <= 0 || pixels->columns <= 0) return;
    for (int64_t lane = pixels->low, run; lane < pixels->high; lane += run) {
        const unsigned char *from = poolgrad_const_image_at(image, pixels->n, pixels->c + lane, pixels->z, pixels->y,
                                                            pixels->x);
        run = run_of(image->layout, image->channel_stride, pixels, lane);
        const struct shape shape = shape_of(pixels, run * size, row, step, pitch, lanes * size);
        move_shape((unsigned char *)to + lane * size, from, &shape);
    }
}

void poolgrad_move_out(const poolgrad_image *image, const struct poolgrad_pixels *pixels, int64_t lanes,
                       const void *from, int64_t pitch)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const int64_t row = pixels->y_step * image->row_stride * size, step = pixels->x_step * image->column_stride * size;
    if (pixels->rows <= 0 || pixels->columns <= 0) return;
    for (int64_t lane = pixels->low, run; lane < pixels->high; lane += run) {
        unsigned char *to = poolgrad_image_at(image, pixels->n, pixels->c + lane, pixels->z, pixels->y, pixels->x);
        run = run_of(image->layout, image->channel_stride, pixels, lane);
        const struct shape shape = shape_of(pixels, run * size, pitch, lanes * size, row, step);
        move_shape(to, (const unsigned char *)from + lane * size, &shape);
    }
}

void poolgrad_clear(const poolgrad_image *image, const struct poolgrad_pixels *pixels)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const int64_t row = pixels->y_step * image->row_stride * size, step = pixels->x_step * image->column_stride * size;
    if (pixels->rows <= 0 || pixels->columns <= 0) return;
    for (int64_t lane = pixels->low, run; lane < pixels->high; lane += run) {
        unsigned char *to = poolgrad_image_at(image, pixels->n, pixels->c + lane, pixels->z, pixels->y, pixels->x);
        run = run_of(image->layout, image->channel_stride, pixels, lane);
        const bool whole = pixels->columns == 1 || step == run * size;
        const size_t bytes = (size_t)((whole ? pixels->columns : 1) * run * size);
        for (int64_t y = 0; y < pixels->rows; y++) {
            for (int64_t x = 0; x < (whole ? 1 : pixels->columns); x++) memset(to + y * row + x * step, 0, bytes);
        }
    }
}

bool poolgrad_is_run(const poolgrad_const_image *image, const struct poolgrad_pixels *pixels)
{
    return run_of(image->layout, image->channel_stride, pixels, pixels->low) == pixels->high - pixels->low;
}

bool poolgrad_is_dense(const poolgrad_const_image *image, const struct poolgrad_pixels *pixels, int64_t lanes)
{
    if (pixels->low != 0 || pixels->high != lanes || image->column_stride != lanes) return false;
    return run_of(image->layout, image->channel_stride, pixels, 0) == lanes;
}
