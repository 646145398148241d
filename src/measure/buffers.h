/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that all measurements of one geometry and format share, filled with pseudo-random data. */
#ifndef POOLGRAD_MEASURE_BUFFERS_H
#define POOLGRAD_MEASURE_BUFFERS_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

enum { LAYOUTS = POOLGRAD_NC32HW32 + 1, EVERY_LAYOUT = (1 << LAYOUTS) - 1 };

struct buffers {
    poolgrad_problem shape; /* forward, without data */
    poolgrad_format format, picks_format;
    void *source, *gradient;      /* filled: of the source's and of the output's size */
    void *destination, *output;   /* results of the same sizes */
    void *picks[LAYOUTS], *saved; /* read by gradients, for each layout once it is needed; written by forward calls */
    bool picked[LAYOUTS];         /* the picks are there */
    int64_t source_bytes, output_bytes, picks_bytes;
};

/* Bytes that the shape needs in `layouts`, bits 1 << layout, and with picks in those of `saving`; -1 where the number
 * does not fit. */
int64_t poolgrad_buffers_size(const poolgrad_problem *shape, poolgrad_format format, unsigned layouts, unsigned saving);

/* Takes the memory for these layouts and fills it, the same for every run. A source has ties: it draws from a few
 * hundred values. A gradient has none: sums of it do round. False where memory is lacking; *buffers can be freed all
 * the same. */
bool poolgrad_buffers_make(struct buffers *buffers, const poolgrad_problem *shape, poolgrad_format format,
                           unsigned layouts, bool saving);

/* Memory for the picks of one layout, once. False where it is lacking. */
bool poolgrad_buffers_add_picks(struct buffers *buffers, poolgrad_layout layout);

void poolgrad_buffers_free(struct buffers *buffers);

/* Fills memory with elements drawn from `values` different ones between -1 and 1, 4096 at most. */
void poolgrad_buffers_fill(void *data, int64_t bytes, poolgrad_format format, int values, uint64_t seed);

/* The compact format that holds every tap of the shape's windows. */
poolgrad_format poolgrad_picks_format(const poolgrad_problem *shape);

/* Channels of a slice, which are neighbours in memory; 1 where the layout has no slices. */
int64_t poolgrad_slice_of(poolgrad_layout layout);

/* Bytes of a dense image of the sizes of `image`; -1 where the number does not fit. */
int64_t poolgrad_dense_bytes(const poolgrad_const_image *image, poolgrad_layout layout, poolgrad_format format);

#endif
