/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/move.h"

#include <string.h>

#include "geometry/integer.h"
#include "image/image.h"

/* Runs of one size, or of sizes from one power of two to the next by two moves that overlap: the compiler knows every
 * size and calls nobody. */
#define MOVE_EXACTLY(SIZE)                                                                                             \
    for (int64_t i = 0; i < runs.runs; i++) memcpy(target + i * runs.to_step, origin + i * runs.from_step, SIZE);

#define MOVE_TWICE(SIZE)                                                                                               \
    for (int64_t i = 0; i < runs.runs; i++) {                                                                          \
        unsigned char *run = target + i * runs.to_step;                                                                \
        const unsigned char *of = origin + i * runs.from_step;                                                         \
        memcpy(run, of, SIZE);                                                                                         \
        memcpy(run + runs.bytes - (SIZE), of + runs.bytes - (SIZE), SIZE);                                             \
    }

void poolgrad_move_runs(void *to, const void *from, struct poolgrad_runs runs)
{
    unsigned char *target = to;
    const unsigned char *origin = from;
    if (runs.runs <= 0 || runs.bytes <= 0) return;
    if (runs.from_step == runs.bytes && runs.to_step == runs.bytes) {
        memcpy(to, from, (size_t)(runs.runs * runs.bytes));
    } else if (runs.bytes == 1) {
        MOVE_EXACTLY(1)
    } else if (runs.bytes == 2) {
        MOVE_EXACTLY(2)
    } else if (runs.bytes == 4) {
        MOVE_EXACTLY(4)
    } else if (runs.bytes == 8) {
        MOVE_EXACTLY(8)
    } else if (runs.bytes == 16) {
        MOVE_EXACTLY(16)
    } else if (runs.bytes < 4) {
        MOVE_TWICE(2)
    } else if (runs.bytes < 8) {
        MOVE_TWICE(4)
    } else if (runs.bytes < 16) {
        MOVE_TWICE(8)
    } else if (runs.bytes <= 32) {
        MOVE_TWICE(16)
    } else if (runs.bytes <= 64) {
        MOVE_TWICE(32)
    } else {
        for (int64_t i = 0; i < runs.runs; i++) {
            memcpy(target + i * runs.to_step, origin + i * runs.from_step, (size_t)runs.bytes);
        }
    }
}

void poolgrad_fill(void *to, int64_t count, const void *value, int64_t size)
{
    poolgrad_move_runs(to, value, (struct poolgrad_runs){count, size, 0, size});
}

/* Channels from c on that lie side by side. */
static int64_t neighbours(const poolgrad_image *image, int64_t c)
{
    if (image->layout == POOLGRAD_NC4HW4) return POOLGRAD_LANES - c % POOLGRAD_LANES;
    return image->layout == POOLGRAD_NHWC && image->channel_stride == 1 ? INT64_MAX : 1;
}

/* The lanes from `lane` on that are one run of every pixel, and where it begins in the first one. */
static int64_t run_of(const poolgrad_image *image, const struct poolgrad_pixels *pixels, int64_t lane,
                      unsigned char **first)
{
    int64_t c = pixels->c + lane;
    *first = poolgrad_image_at(image, pixels->n, c, pixels->y, pixels->x);
    return poolgrad_min(neighbours(image, c), pixels->high - lane);
}

void poolgrad_move_in(const poolgrad_image *image, const struct poolgrad_pixels *pixels, int64_t lanes, void *to)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const int64_t step = pixels->step * image->column_stride * size;
    unsigned char *from;
    if (pixels->count <= 0) return;
    for (int64_t lane = pixels->low, run; lane < pixels->high; lane += run) {
        run = run_of(image, pixels, lane, &from);
        poolgrad_move_runs((unsigned char *)to + lane * size, from,
                           (struct poolgrad_runs){pixels->count, run * size, step, lanes * size});
    }
}

void poolgrad_move_out(const poolgrad_image *image, const struct poolgrad_pixels *pixels, int64_t lanes,
                       const void *from)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const int64_t step = pixels->step * image->column_stride * size;
    unsigned char *to;
    if (pixels->count <= 0) return;
    for (int64_t lane = pixels->low, run; lane < pixels->high; lane += run) {
        run = run_of(image, pixels, lane, &to);
        poolgrad_move_runs(to, (const unsigned char *)from + lane * size,
                           (struct poolgrad_runs){pixels->count, run * size, lanes * size, step});
    }
}

void poolgrad_clear(const poolgrad_image *image, const struct poolgrad_pixels *pixels)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    unsigned char *to;
    for (int64_t lane = pixels->low, run; lane < pixels->high; lane += run) {
        run = run_of(image, pixels, lane, &to);
        for (int64_t i = 0; i < pixels->count; i++) {
            memset(to + i * pixels->step * image->column_stride * size, 0, (size_t)(run * size));
        }
    }
}

void *poolgrad_dense(const poolgrad_image *image, const struct poolgrad_pixels *pixels, int64_t lanes)
{
    unsigned char *first;
    if (pixels->count <= 0 || pixels->high - pixels->low != lanes) return NULL;
    if (run_of(image, pixels, pixels->low, &first) != lanes) return NULL;
    return pixels->count == 1 || pixels->step * image->column_stride == lanes ? first : NULL;
}
