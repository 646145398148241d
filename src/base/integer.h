/* SPDX-License-Identifier: Apache-2.0 */
/* Integer arithmetic that C leaves undefined or rounds the wrong way: checked sums and products, floor and ceiling. */
#ifndef POOLGRAD_BASE_INTEGER_H
#define POOLGRAD_BASE_INTEGER_H

#include <stdbool.h>
#include <stdint.h>

static inline int64_t poolgrad_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t poolgrad_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t poolgrad_clamp(int64_t value, int64_t low, int64_t high)
{
    return poolgrad_max(low, poolgrad_min(value, high));
}

/* Of what may say by 0 that nothing is said. */
static inline int64_t poolgrad_or_one(int64_t value)
{
    return value == 0 ? 1 : value;
}

/* False, and *sum untouched, where a + b does not fit. */
static inline bool poolgrad_add(int64_t a, int64_t b, int64_t *sum)
{
    if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b) return false;
    *sum = a + b;
    return true;
}

static inline bool poolgrad_multiply(int64_t a, int64_t b, int64_t *product)
{
    if (a > 0 && (b > INT64_MAX / a || b < INT64_MIN / a)) return false;
    if (a < 0 && b > 0 && a < INT64_MIN / b) return false;
    if (a < 0 && b < 0 && (a == INT64_MIN || b == INT64_MIN || -a > INT64_MAX / -b)) return false;
    *product = a * b;
    return true;
}

/* `divisor` is positive. */
static inline int64_t poolgrad_floor_divide(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

/* In [0, divisor), of a divisor above 0. */
static inline int64_t poolgrad_modulo(int64_t value, int64_t divisor)
{
    const int64_t rest = value % divisor;
    return rest < 0 ? rest + divisor : rest;
}

static inline int64_t poolgrad_ceiling_divide(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;
    return value % divisor > 0 ? quotient + 1 : quotient;
}

/* The greatest common divisor of numbers that are not negative; of a and 0, a. */
static inline int64_t poolgrad_common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

#endif
