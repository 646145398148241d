/* SPDX-License-Identifier: Apache-2.0 */
/* What averages divide by, and two numbers that add up to its reciprocal, but for a rounding: x high + x low, fused, is
 * x / value to the bit unless x is tiny (docs/numerics.md N62). Of powers of two both are half the reciprocal, so that
 * infinite x stay infinite. */
#ifndef POOLGRAD_ROUTINES_DIVISOR_H
#define POOLGRAD_ROUTINES_DIVISOR_H

#include <stdint.h>
#include <string.h>

struct poolgrad_divisor {
    double value, high, low; /* high is 0: there is no reciprocal */
};

/* One for each result, in arrays of the accumulator's numbers; `high` may be null. */
struct poolgrad_divisors {
    const void *values, *high, *low;
};

/* Of an integer, or one that was rounded to float32 or float64. */
static inline struct poolgrad_divisor poolgrad_divisor_of(double value)
{
    enum { MOST = 1 << 20, REST = 53 - 24 };
    struct poolgrad_divisor divisor = {value, 0, 0};
    if (!(value >= 1 && value <= (double)MOST)) return divisor;
    const int64_t integer = (int64_t)value;
    divisor.high = divisor.low = 0.5 / value;
    if ((integer & (integer - 1)) == 0) return divisor;
    const double reciprocal = 1 / value;
    uint64_t bits;
    memcpy(&bits, &reciprocal, sizeof bits);
    bits = bits >> REST << REST;
    memcpy(&divisor.high, &bits, sizeof bits);
    divisor.low = (1 - value * divisor.high) / value; /* exact but for the division */
    return divisor;
}

#endif
