/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that all measurements of one geometry and format share, filled with pseudo-random data. */
#ifndef POOLGRAD_MEASURE_BUFFERS_H
#define POOLGRAD_MEASURE_BUFFERS_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

enum { LAYOUTS = POOLGRAD_NC4HW4 + 1 };

struct buffers {
    poolgrad_problem shape; /* forward, without data */
    poolgrad_format format, picks_format;
    void *source, *gradient;      /* filled: of the source's and of the output's size */
    void *destination, *output;   /* results of the same sizes */
    void *picks[LAYOUTS], *saved; /* read by gradients, for each layout once it is needed; written by forward calls */
    bool picked[LAYOUTS];         /* the picks are there */
    int64_t source_bytes, output_bytes, picks_bytes;
};

/* Bytes that `layouts` layouts of the shape need at most; -1 where one tensor has 2^60 or more. `saving`: with picks.
 */
int64_t poolgrad_buffers_size(const poolgrad_problem *shape, poolgrad_format format, int layouts, bool saving);

/* Takes the memory and fills it, the same for every run. A source has ties: it draws from a few hundred values. A
 * gradient has none: sums of it do round. False where memory is lacking; *buffers can be freed all the same. */
bool poolgrad_buffers_make(struct buffers *buffers, const poolgrad_problem *shape, poolgrad_format format, bool saving);

/* Memory for the picks of one layout, once. False where it is lacking. */
bool poolgrad_buffers_add_picks(struct buffers *buffers, poolgrad_layout layout);

void poolgrad_buffers_free(struct buffers *buffers);

/* The compact format that holds every tap of the shape's window. */
poolgrad_format poolgrad_picks_format(const poolgrad_problem *shape);

/* Bytes of a dense image of the sizes of `image`; -1 from 2^60 on. */
int64_t poolgrad_dense_bytes(const poolgrad_const_image *image, poolgrad_layout layout, poolgrad_format format);

#endif
