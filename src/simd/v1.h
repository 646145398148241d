/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary in plain C, one lane wide. Its words, for integers of 16, 32 and 64 bits and for float32 and float64:
 *
 *   load, store        any alignment
 *   splat, zero, add   as they say
 *   greatest           the greater of two signed integers
 *   take               where key > best: best = key, tap = code
 *   take_opposed       also where key and best are both the key of a NaN: among NaNs the last one visited stays
 *   add_where8/32      adds the gradient to the sum where the tap (unsigned, 8 or 32 bits) is `code`; elsewhere the sum
 *                      keeps its bits
 *   key                of a binary format's code, all a sign and a magnitude: the magnitude, negated where the sign is
 *                      set; `nan` where it is above `infinity`
 *   least              the lesser of two signed integers
 *   deinterleave       two vectors of pairs become one of firsts and one of seconds (32 and 64 bits)
 *   settle             every NaN the canonical one (docs/numerics.md N68)
 *   interleave         a0 b0 a1 b1 ... in two vectors
 *   multiply           float64
 *   widen, narrow      float32 in memory as float64, and back, rounded
 *   put                store; past the caches where asked and the address allows
 *   stream, fence      a copy that goes past the caches where there is one, and the end of its disorder
 */
#ifndef POOLGRAD_SIMD_V1_H
#define POOLGRAD_SIMD_V1_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { VECTOR_BYTES = 8, LANES_16 = 1, LANES_32 = 1, LANES_64 = 1 };

typedef int16_t v16;
typedef int32_t v32;
typedef int64_t v64;
typedef float vf32;
typedef double vf64;

#define INTEGERS(BITS)                                                                                                 \
    static inline v##BITS load_##BITS(const void *from)                                                                \
    {                                                                                                                  \
        v##BITS v;                                                                                                     \
        memcpy(&v, from, sizeof v);                                                                                    \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline void store_##BITS(void *to, v##BITS v)                                                               \
    {                                                                                                                  \
        memcpy(to, &v, sizeof v);                                                                                      \
    }                                                                                                                  \
    static inline v##BITS splat_##BITS(int64_t value)                                                                  \
    {                                                                                                                  \
        return (v##BITS)value;                                                                                         \
    }                                                                                                                  \
    static inline v##BITS add_##BITS(v##BITS a, v##BITS b)                                                             \
    {                                                                                                                  \
        return (v##BITS)((uint##BITS##_t)a + (uint##BITS##_t)b);                                                       \
    }                                                                                                                  \
    static inline v##BITS greatest_##BITS(v##BITS a, v##BITS b)                                                        \
    {                                                                                                                  \
        return a > b ? a : b;                                                                                          \
    }                                                                                                                  \
    static inline v##BITS least_##BITS(v##BITS a, v##BITS b)                                                           \
    {                                                                                                                  \
        return a < b ? a : b;                                                                                          \
    }                                                                                                                  \
    static inline v##BITS key_##BITS(v##BITS code, v##BITS infinity, v##BITS nan)                                      \
    {                                                                                                                  \
        const v##BITS magnitude = (v##BITS)(code & INT##BITS##_MAX);                                                   \
        const v##BITS value = (v##BITS)(code < 0 ? -magnitude : magnitude);                                            \
        return magnitude > infinity ? nan : value;                                                                     \
    }                                                                                                                  \
    static inline void deinterleave_##BITS(const v##BITS *a, const v##BITS *b)                                         \
    {                                                                                                                  \
        (void)a;                                                                                                       \
        (void)b;                                                                                                       \
    }                                                                                                                  \
    static inline void take_##BITS(v##BITS *best, v##BITS *tap, v##BITS key, v##BITS code)                             \
    {                                                                                                                  \
        *tap = key > *best ? code : *tap;                                                                              \
        *best = greatest_##BITS(key, *best);                                                                           \
    }                                                                                                                  \
    static inline void take_opposed_##BITS(v##BITS *best, v##BITS *tap, v##BITS key, v##BITS code, v##BITS nan)        \
    {                                                                                                                  \
        *tap = key > *best || (key == nan && *best == nan) ? code : *tap;                                              \
        *best = greatest_##BITS(key, *best);                                                                           \
    }

INTEGERS(16)
INTEGERS(32)
INTEGERS(64)
#undef INTEGERS

#define FLOATS(NAME, TYPE)                                                                                             \
    static inline TYPE load_##NAME(const void *from)                                                                   \
    {                                                                                                                  \
        TYPE v;                                                                                                        \
        memcpy(&v, from, sizeof v);                                                                                    \
        return v;                                                                                                      \
    }                                                                                                                  \
    static inline void store_##NAME(void *to, TYPE v)                                                                  \
    {                                                                                                                  \
        memcpy(to, &v, sizeof v);                                                                                      \
    }                                                                                                                  \
    static inline TYPE zero_##NAME(void)                                                                               \
    {                                                                                                                  \
        return 0;                                                                                                      \
    }                                                                                                                  \
    static inline TYPE add_##NAME(TYPE a, TYPE b)                                                                      \
    {                                                                                                                  \
        return a + b;                                                                                                  \
    }                                                                                                                  \
    static inline TYPE add_where8_##NAME(TYPE sum, const uint8_t *tap, uint32_t code, const TYPE *gradient)            \
    {                                                                                                                  \
        return *tap == code ? sum + *gradient : sum;                                                                   \
    }                                                                                                                  \
    static inline TYPE add_where32_##NAME(TYPE sum, const uint32_t *tap, uint32_t code, const TYPE *gradient)          \
    {                                                                                                                  \
        return *tap == code ? sum + *gradient : sum;                                                                   \
    }

FLOATS(f32, float)
FLOATS(f64, double)
#undef FLOATS

static inline vf64 multiply_f64(vf64 a, vf64 b)
{
    return a * b;
}
static inline vf64 widen_f32(const void *from)
{
    return load_f32(from);
}
static inline void narrow_f64(void *to, vf64 v)
{
    store_f32(to, (float)v);
}

#define DELIVERY(NAME, TYPE)                                                                                           \
    static inline TYPE settle_##NAME(TYPE v)                                                                           \
    {                                                                                                                  \
        return v == v ? v : (TYPE)NAN;                                                                                 \
    }                                                                                                                  \
    static inline void interleave_##NAME(const v##NAME *a, const v##NAME *b)                                           \
    {                                                                                                                  \
        (void)a;                                                                                                       \
        (void)b;                                                                                                       \
    }                                                                                                                  \
    static inline void put_##NAME(void *to, TYPE v, bool past_caches)                                                  \
    {                                                                                                                  \
        (void)past_caches;                                                                                             \
        memcpy(to, &v, sizeof v);                                                                                      \
    }

DELIVERY(f32, float)
DELIVERY(f64, double)
#undef DELIVERY

static inline void stream(void *to, const void *from, int64_t bytes)
{
    memcpy(to, from, (size_t)bytes);
}
static inline void fence(void)
{
}

#endif
