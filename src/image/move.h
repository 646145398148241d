/* SPDX-License-Identifier: Apache-2.0 */
/* Elements between images and working memory, bytes as they are. */
#ifndef POOLGRAD_IMAGE_MOVE_H
#define POOLGRAD_IMAGE_MOVE_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

/* `runs` runs of `bytes` bytes; both sides step from one to the next. */
struct poolgrad_runs {
    int64_t runs, bytes, from_step, to_step;
};

void poolgrad_move_runs(void *to, const void *from, struct poolgrad_runs runs);

/* `count` neighbouring elements of `size` bytes made equal to the one at `value`. */
void poolgrad_fill(void *to, int64_t count, const void *value, int64_t size);

/* Pixels of an image, each with lanes [low, high) of a plane whose lane 0 is channel c: `columns` of each of `rows`,
 * from (y, x) on, every step-th. */
struct poolgrad_pixels {
    int64_t n, c, z, low, high;
    int64_t y, x, y_step, x_step;
    int64_t rows, columns;
};

/* In working memory a pixel is `lanes` elements, its neighbour follows, and rows are `pitch` bytes apart. */
void poolgrad_move_in(const poolgrad_const_image *image, const struct poolgrad_pixels *pixels, int64_t lanes, void *to,
                      int64_t pitch);
void poolgrad_move_out(const poolgrad_image *image, const struct poolgrad_pixels *pixels, int64_t lanes,
                       const void *from, int64_t pitch);
/* +0 to each. */
void poolgrad_clear(const poolgrad_image *image, const struct poolgrad_pixels *pixels);

/* Whether the lanes of a pixel that are in use are neighbours in memory. */
bool poolgrad_is_run(const poolgrad_const_image *image, const struct poolgrad_pixels *pixels);

/* Whether the lanes of a pixel, all of them, are, and so are pixels. */
bool poolgrad_is_dense(const poolgrad_const_image *image, const struct poolgrad_pixels *pixels, int64_t lanes);

/* The logarithm of an element's size, by which routines that move elements are listed. */
static inline int poolgrad_size_code(int64_t size)
{
    return size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
}

#endif
