/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of images as float32 or float64, and back, in plain C without branches (docs/numerics.md N5, N58, N59, N68).
 */
#ifndef POOLGRAD_SIMD_NUMBERS_H
#define POOLGRAD_SIMD_NUMBERS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t bits_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float from_float16(uint16_t code)
{
    const uint32_t exponent = UINT32_C(0x1f) << 23, rebias = (127 - 15) << 23, least_normal = (127 - 14) << 23;
    uint32_t magnitude = (uint32_t)(code & 0x7fff) << 13, sign = (uint32_t)(code & 0x8000) << 16;
    uint32_t special = (magnitude & exponent) == exponent ? rebias : 0;
    /* A subnormal's fraction behind the exponent of the least normal number, less that number. */
    uint32_t subnormal = bits_of_float(float_of(magnitude + least_normal) - float_of(least_normal));
    return float_of(sign | ((magnitude & exponent) == 0 ? subnormal : magnitude + rebias + special));
}

static inline uint16_t to_float16(float value)
{
    const uint32_t infinity = UINT32_C(255) << 23, overflow = UINT32_C(143) << 23, least = (127 - 14) << 23;
    const uint32_t rebias = (127 - 15) << 23, half = 126 << 23;
    uint32_t bits = bits_of_float(value), magnitude = bits & 0x7fffffff, sign = bits >> 16 & 0x8000;
    /* Where 0.5 has its last bit, float16 has the one of its subnormals: the addition rounds there. */
    uint32_t subnormal = bits_of_float(float_of(magnitude < least ? magnitude : 0) + float_of(half)) - half;
    uint32_t normal = (magnitude - rebias + 0xfff + (magnitude >> 13 & 1)) >> 13;
    uint32_t code = sign | (magnitude >= overflow ? 0x7c00 : magnitude < least ? subnormal : normal);
    return (uint16_t)(magnitude > infinity ? 0x7e00 : code);
}

static inline float from_bfloat16(uint16_t code)
{
    return float_of((uint32_t)code << 16);
}

static inline uint16_t to_bfloat16(float value)
{
    uint32_t bits = bits_of_float(value), rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
}

static inline float to_float32(float value)
{
    uint32_t bits = bits_of_float(value);
    return float_of((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits);
}

static inline double to_float64(double value)
{
    uint64_t bits = bits_of_double(value), magnitude = bits & ~(UINT64_C(1) << 63);
    return double_of(magnitude > UINT64_C(0x7ff) << 52 ? UINT64_C(0x7ff8) << 48 : bits);
}

/* The float32 next to a double, towards zero, with its last bit set if the double lies beside it: rounding that to a
 * narrower format rounds the double once. */
static inline float round_to_odd(double value)
{
    float nearest = (float)value;
    double back = nearest;
    uint32_t beyond = (uint32_t)(fabs(back) > fabs(value)), inexact = (uint32_t)(back < value || back > value);
    return float_of((bits_of_float(nearest) - beyond) | inexact);
}

#endif
