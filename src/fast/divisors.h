/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POOLGRAD_FAST_DIVISORS_H
#define POOLGRAD_FAST_DIVISORS_H

#include "fast/fast.h"

/* Counts the columns of taps of the windows of `count` output columns, from `output` on, for the divisors to come. */
void poolgrad_fast_count_columns(const struct poolgrad_fast_unit *unit, int64_t output, int64_t count);

/* The rows of taps of the windows of `count` output rows; valid until the next call. */
const int64_t *poolgrad_fast_count_rows(const struct poolgrad_fast_unit *unit, int64_t output, int64_t count);

/* A row of divisors, the accumulator's numbers: what `count` columns of windows with so many rows of taps divide by.
 * Rows stay, as long as the columns do, in as many places as working memory has for them. */
const void *poolgrad_fast_divisors(const struct poolgrad_fast_unit *unit, int64_t rows, int64_t count);

/* AREA_BEST, a number for each window of the block, whose columns have been counted: divided by the window's divisor;
 * of float64, multiplied by it. */
void poolgrad_fast_divide(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);
void poolgrad_fast_multiply(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);

/* Whether the problem divides by N: averages, and means of squares. */
static inline bool poolgrad_fast_divides(const struct poolgrad_geometry *g)
{
    return g->kind == POOLGRAD_AVERAGE || g->root_mean;
}

#endif
