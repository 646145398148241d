/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding.h"

#include <math.h>
#include <stdbool.h>

enum { UNORM8_ONE = 255, UNORM16_ONE = 65535 };

size_t number_size(poolgrad_format format)
{
    static const size_t sizes[] = {
        [POOLGRAD_UNORM8] = 1,   [POOLGRAD_UNORM16] = 2, [POOLGRAD_FLOAT16] = 2, [POOLGRAD_FLOAT32] = 4,
        [POOLGRAD_BFLOAT16] = 2, [POOLGRAD_FLOAT64] = 8, [POOLGRAD_INT32] = 4,   [POOLGRAD_INT64] = 8,
        [POOLGRAD_TAP8] = 1,     [POOLGRAD_TAP16] = 2,   [POOLGRAD_TAP32] = 4,
    };
    return sizes[format];
}

int number_exponent_bits(poolgrad_format format)
{
    static const int bits[] = {
        [POOLGRAD_FLOAT16] = 5,  [POOLGRAD_FLOAT32] = 8, [POOLGRAD_BFLOAT16] = 8,
        [POOLGRAD_FLOAT64] = 11, [POOLGRAD_TAP32] = 0, /* and all others */
    };
    return bits[format];
}

int number_mantissa_bits(poolgrad_format format)
{
    static const int bits[] = {
        [POOLGRAD_FLOAT16] = 10, [POOLGRAD_FLOAT32] = 23, [POOLGRAD_BFLOAT16] = 7,
        [POOLGRAD_FLOAT64] = 52, [POOLGRAD_TAP32] = 0,
    };
    return bits[format];
}

static double decode_float(uint64_t bits, int exponent_bits, int mantissa_bits)
{
    uint64_t greatest_exponent = (UINT64_C(1) << exponent_bits) - 1;
    uint64_t hidden_bit = UINT64_C(1) << mantissa_bits;
    uint64_t exponent = bits >> mantissa_bits & greatest_exponent;
    uint64_t mantissa = bits & (hidden_bit - 1);
    bool negative = bits >> (exponent_bits + mantissa_bits) & 1;
    int bias = (int)(greatest_exponent >> 1);
    double magnitude;
    if (exponent == greatest_exponent)
        magnitude = mantissa ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        magnitude = ldexp((double)mantissa, 1 - bias - mantissa_bits);
    else
        magnitude = ldexp((double)(mantissa | hidden_bit), (int)exponent - bias - mantissa_bits);
    return negative ? -magnitude : magnitude;
}

double number_decode(poolgrad_format format, uint64_t bits)
{
    switch (format) {
    case POOLGRAD_UNORM8: return (double)((float)bits / (float)UNORM8_ONE);
    case POOLGRAD_UNORM16: return (double)((float)bits / (float)UNORM16_ONE);
    case POOLGRAD_INT32: return (double)(int32_t)(uint32_t)bits;
    case POOLGRAD_INT64: return (double)(int64_t)bits;
    case POOLGRAD_TAP8:
    case POOLGRAD_TAP16:
    case POOLGRAD_TAP32: return (double)bits;
    default: return decode_float(bits, number_exponent_bits(format), number_mantissa_bits(format));
    }
}

static double round_half_to_even(double value)
{
    double below = floor(value);
    double rest = value - below;
    if (rest < 0.5) return below;
    if (rest > 0.5) return below + 1;
    return fmod(below, 2) == 0 ? below : below + 1;
}

/* Counts the magnitude in units of the last place of its binade. The units that fill a binade lead into the next one,
 * so that binade and units simply add up to the bits: a carry needs no care, and subnormals are the lowest binade. */
uint64_t number_encode(poolgrad_format format, double value)
{
    int mantissa_bits = number_mantissa_bits(format), exponent_bits = number_exponent_bits(format);
    uint64_t infinity = ((UINT64_C(1) << exponent_bits) - 1) << mantissa_bits;
    if (isnan(value)) return infinity | UINT64_C(1) << (mantissa_bits - 1);
    uint64_t sign = signbit(value) ? UINT64_C(1) << (exponent_bits + mantissa_bits) : 0;
    double magnitude = fabs(value);
    if (isinf(value)) return sign | infinity;
    if (magnitude == 0) return sign;
    int lowest_binade = 2 - (1 << (exponent_bits - 1));
    int binade = ilogb(magnitude);
    if (binade < lowest_binade) binade = lowest_binade;
    double units = round_half_to_even(ldexp(magnitude, mantissa_bits - binade));
    uint64_t bits = ((uint64_t)(binade - lowest_binade) << mantissa_bits) + (uint64_t)units;
    return sign | (bits < infinity ? bits : infinity);
}
