/* SPDX-License-Identifier: Apache-2.0 */
/* Integers for those who know the library from its public headers only: bounds, and sums and products that are
 * checked. */
#ifndef POOLGRAD_FILES_NUMBERS_H
#define POOLGRAD_FILES_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

static inline int64_t poolgrad_smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t poolgrad_larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t poolgrad_between(int64_t value, int64_t low, int64_t high)
{
    return poolgrad_larger(low, poolgrad_smaller(value, high));
}

/* The divisor is above 0. */
static inline int64_t poolgrad_divided_up(int64_t value, int64_t divisor)
{
    return value / divisor + (value % divisor > 0);
}

/* Of numbers that are at least 0; false, and the result untouched, where it does not fit. */
static inline bool poolgrad_sum_fits(int64_t a, int64_t b, int64_t *sum)
{
    if (a > INT64_MAX - b) return false;
    *sum = a + b;
    return true;
}

static inline bool poolgrad_product_fits(int64_t a, int64_t b, int64_t *product)
{
    if (b > 0 && a > INT64_MAX / b) return false;
    *product = a * b;
    return true;
}

#endif
