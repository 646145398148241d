/* SPDX-License-Identifier: Apache-2.0 */
/* Elements from one place to another, bytes as they are. */
#ifndef POOLGRAD_IMAGE_MOVE_H
#define POOLGRAD_IMAGE_MOVE_H

#include <poolgrad/poolgrad.h>

/* `runs` runs of `bytes` bytes; both sides step from one to the next. */
struct poolgrad_runs {
    int64_t runs, bytes, from_step, to_step;
};

void poolgrad_move_runs(void *to, const void *from, struct poolgrad_runs runs);

/* `count` neighbouring elements of `size` bytes made equal to the one at `value`. */
void poolgrad_fill(void *to, int64_t count, const void *value, int64_t size);

/* The logarithm of an element's size, by which routines that move elements are listed. */
static inline int poolgrad_size_code(int64_t size)
{
    return size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
}

#endif
