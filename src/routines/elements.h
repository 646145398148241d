/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations that take one element after the other, in plain C: conversions, divisions and the like, which
 * compilers vectorise by themselves with each file's flags. No branch depends on an element, and floating-point
 * operations stand outside of conditions, for else they would not.
 */
#ifndef POOLGRAD_ROUTINES_ELEMENTS_H
#define POOLGRAD_ROUTINES_ELEMENTS_H

#include <string.h>

#include "image/ieee.h"
#include "routines/routines.h"
#include "simd/numbers.h"

/* Elements of images need no alignment. */
typedef uint8_t loose8;
typedef uint16_t loose16 __attribute__((aligned(1)));
typedef uint32_t loose32 __attribute__((aligned(1)));
typedef uint64_t loose64 __attribute__((aligned(1)));
typedef float loose_float __attribute__((aligned(1)));
typedef double loose_double __attribute__((aligned(1)));

/* Those of working memory. Macros paste these names where `TYPE *x` would declare something and could as well be a
 * product. */
typedef uint16_t plain_uint16_t;
typedef float plain_float;
typedef double plain_double;

/* ---- Values: stored elements as float32 or float64, and back (docs/numerics.md N5, N58, N59, N68) ---------------- */

#define IDENTITY(value) (value)
#define FROM_UNORM8(code) ((float)(code) / 255.0F)
#define FROM_UNORM16(code) ((float)(code) / 65535.0F)
#define DOUBLE_TO_FLOAT16(value) to_float16(round_to_odd(value))
#define DOUBLE_TO_BFLOAT16(value) to_bfloat16(round_to_odd(value))
#define DOUBLE_TO_FLOAT32(value) to_float32((float)(value))

/* Never in place: a compiler that cannot tell goes one by one. */
#define LOAD(NAME, FROM, TO, CONVERSION)                                                                               \
    static void NAME(const void *from, struct poolgrad_rows rows, void *to)                                            \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const FROM *restrict a = (const FROM *)from + row * rows.from_step;                                        \
            plain_##TO *restrict b = (TO *)to + row * rows.to_step;                                                    \
            for (int64_t i = 0; i < rows.count; i++) b[i] = (TO)CONVERSION(a[i]);                                      \
        }                                                                                                              \
    }

#define STORE(NAME, FROM, TO, CONVERSION)                                                                              \
    static void NAME(const void *from, int64_t count, void *to)                                                        \
    {                                                                                                                  \
        const FROM *restrict a = from;                                                                                 \
        plain_##TO *restrict b = to;                                                                                   \
        for (int64_t i = 0; i < count; i++) b[i] = (TO)CONVERSION(a[i]);                                               \
    }

LOAD(load32_unorm8, loose8, float, FROM_UNORM8)
LOAD(load32_unorm16, loose16, float, FROM_UNORM16)
LOAD(load32_float16, loose16, float, from_float16)
LOAD(load32_bfloat16, loose16, float, from_bfloat16)
LOAD(load32_float32, loose_float, float, IDENTITY)
LOAD(load64_unorm8, loose8, double, FROM_UNORM8)
LOAD(load64_unorm16, loose16, double, FROM_UNORM16)
LOAD(load64_float16, loose16, double, from_float16)
LOAD(load64_bfloat16, loose16, double, from_bfloat16)
LOAD(load64_float32, loose_float, double, IDENTITY)
LOAD(load64_float64, loose_double, double, IDENTITY)
STORE(store32_float16, float, uint16_t, to_float16)
STORE(store32_bfloat16, float, uint16_t, to_bfloat16)
STORE(store32_float32, float, float, to_float32)
STORE(store64_float16, double, uint16_t, DOUBLE_TO_FLOAT16)
STORE(store64_bfloat16, double, uint16_t, DOUBLE_TO_BFLOAT16)
STORE(store64_float32, double, float, DOUBLE_TO_FLOAT32)
STORE(store64_float64, double, double, to_float64)
#undef LOAD
#undef STORE

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

/* The magnitude, negated where the sign is set. */
#define KEYS(NAME, BITS, INFINITY_CODE)                                                                                \
    static void key##BITS##_##NAME(const void *from, struct poolgrad_rows rows, int64_t nan, void *key)                \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const loose##BITS *restrict code = (const loose##BITS *)from + row * rows.from_step;                       \
            int##BITS##_t *restrict keys = (int##BITS##_t *)key + row * rows.to_step;                                  \
            for (int64_t i = 0; i < rows.count; i++) {                                                                 \
                const int##BITS##_t magnitude = (int##BITS##_t)(code[i] & INT##BITS##_MAX);                            \
                const int##BITS##_t value = code[i] >> ((BITS)-1) ? -magnitude : magnitude;                            \
                keys[i] = magnitude > (INFINITY_CODE) ? (int##BITS##_t)nan : value;                                    \
            }                                                                                                          \
        }                                                                                                              \
    }

KEYS(float32, 32, 0x7f800000)
KEYS(float64, 64, INT64_C(0x7ff) << 52)
#undef KEYS

/* ---- Arithmetic -------------------------------------------------------------------------------------------------- */

#define ARITHMETIC(NAME, TYPE)                                                                                         \
    static void divide_##NAME(const void *from, const void *divisor, struct poolgrad_rows rows, void *to)              \
    {                                                                                                                  \
        const TYPE *restrict divisors = divisor;                                                                       \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            plain_##TYPE *restrict quotient = (TYPE *)to + row * rows.to_step;                                         \
            if (from == to) {                                                                                          \
                for (int64_t i = 0; i < rows.count; i++) quotient[i] /= divisors[i];                                   \
            } else {                                                                                                   \
                const loose_##TYPE *restrict dividend = (const loose_##TYPE *)from + row * rows.from_step;             \
                for (int64_t i = 0; i < rows.count; i++) quotient[i] = dividend[i] / divisors[i];                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void add_##NAME##_to(void *a, const void *b, int64_t count)                                                 \
    {                                                                                                                  \
        plain_##TYPE *restrict sum = a;                                                                                \
        const TYPE *restrict term = b;                                                                                 \
        for (int64_t i = 0; i < count; i++) sum[i] += term[i];                                                         \
    }

ARITHMETIC(f32, float)
ARITHMETIC(f64, double)
#undef ARITHMETIC

#define COUNT_TIES(BITS)                                                                                               \
    static void count_ties_##BITS(const void *key, const void *best, int64_t count, int32_t *ties)                     \
    {                                                                                                                  \
        const int##BITS##_t *keys = key, *greatest = best;                                                             \
        for (int64_t i = 0; i < count; i++) ties[i] += keys[i] == greatest[i];                                         \
    }

#define ADD_TIES(BITS, NAME, TYPE)                                                                                     \
    static void add_ties_##BITS##_##NAME(const void *key, const void *best, const uint32_t *tap, uint32_t code,        \
                                         const void *share, int64_t count, void *sum)                                  \
    {                                                                                                                  \
        const int##BITS##_t *keys = key, *greatest = best;                                                             \
        const TYPE *shares = share;                                                                                    \
        plain_##TYPE *sums = sum;                                                                                      \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            TYPE term = keys[i] == greatest[i] || tap[i] == code ? shares[i] : 0;                                      \
            sums[i] += term;                                                                                           \
        }                                                                                                              \
    }

COUNT_TIES(32)
COUNT_TIES(64)
ADD_TIES(32, f32, float)
ADD_TIES(64, f32, float)
ADD_TIES(32, f64, double)
ADD_TIES(64, f64, double)
#undef COUNT_TIES
#undef ADD_TIES

/* ---- The table --------------------------------------------------------------------------------------------------- */

#define POOLGRAD_TABLE(ISA)                                                                                            \
    {                                                                                                                  \
        .isa = (ISA), .vector_bytes = VECTOR_BYTES,                                                                    \
        .key = {{[POOLGRAD_FLOAT32] = key32_float32}, {[POOLGRAD_FLOAT64] = key64_float64}},                           \
        .load = {{[POOLGRAD_UNORM8] = load32_unorm8,                                                                   \
                  [POOLGRAD_UNORM16] = load32_unorm16,                                                                 \
                  [POOLGRAD_FLOAT16] = load32_float16,                                                                 \
                  [POOLGRAD_BFLOAT16] = load32_bfloat16,                                                               \
                  [POOLGRAD_FLOAT32] = load32_float32},                                                                \
                 {[POOLGRAD_UNORM8] = load64_unorm8,                                                                   \
                  [POOLGRAD_UNORM16] = load64_unorm16,                                                                 \
                  [POOLGRAD_FLOAT16] = load64_float16,                                                                 \
                  [POOLGRAD_BFLOAT16] = load64_bfloat16,                                                               \
                  [POOLGRAD_FLOAT32] = load64_float32,                                                                 \
                  [POOLGRAD_FLOAT64] = load64_float64}},                                                               \
        .store = {{[POOLGRAD_FLOAT16] = store32_float16,                                                               \
                   [POOLGRAD_BFLOAT16] = store32_bfloat16,                                                             \
                   [POOLGRAD_FLOAT32] = store32_float32},                                                              \
                  {[POOLGRAD_FLOAT16] = store64_float16,                                                               \
                   [POOLGRAD_BFLOAT16] = store64_bfloat16,                                                             \
                   [POOLGRAD_FLOAT32] = store64_float32,                                                               \
                   [POOLGRAD_FLOAT64] = store64_float64}},                                                             \
        .divide = {divide_f32, divide_f64}, .add = {add_f32_to, add_f64_to},                                           \
        .count_ties = {count_ties_32, count_ties_64},                                                                  \
        .add_ties = {{add_ties_32_f32, add_ties_32_f64}, {add_ties_64_f32, add_ties_64_f64}}, .fence = fence,          \
        POOLGRAD_FIND_ROUTINES POOLGRAD_GIVE_ROUTINES POOLGRAD_LANES_ROUTINES POOLGRAD_PHASES_ROUTINES                 \
    }

#endif
