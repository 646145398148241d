/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations that take one element after the other, in plain C: conversions, divisions and the like, which
 * compilers vectorise by themselves with each file's flags. No branch depends on an element, and floating-point
 * operations stand outside of conditions, for else they would not.
 */
#ifndef POOLGRAD_ROUTINES_ELEMENTS_H
#define POOLGRAD_ROUTINES_ELEMENTS_H

#include <math.h>
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

#define SQUARE(value) ((double)(value) * (double)(value))
#define SQUARE_UNORM8(code) SQUARE(FROM_UNORM8(code))
#define SQUARE_UNORM16(code) SQUARE(FROM_UNORM16(code))
#define SQUARE_FLOAT16(code) SQUARE(from_float16(code))
#define SQUARE_BFLOAT16(code) SQUARE(from_bfloat16(code))

/* Never in place: a compiler that cannot tell goes one by one. */
#define LOAD(NAME, FROM, TO, CONVERSION)                                                                               \
    static void NAME(const void *from, struct poolgrad_rows rows, void *to)                                            \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const FROM *restrict a = (const FROM *)from + row * rows.from_step;                                        \
            plain_##TO *restrict b = (TO *)to + row * rows.to_step;                                                    \
            for (int64_t i = 0; i < rows.count; i++) b[i] = (TO)CONVERSION(a[i]);                                      \
        }                                                                                                              \
    }                                                                                                                  \
    static void NAME##_pairs(const void *from, struct poolgrad_rows rows, void *even, void *odd)                       \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const FROM *restrict a = (const FROM *)from + row * rows.from_step;                                        \
            plain_##TO *restrict b = (TO *)even + row * rows.to_step;                                                  \
            plain_##TO *restrict c = (TO *)odd + row * rows.to_step;                                                   \
            for (int64_t i = 0; i < rows.count; i++) {                                                                 \
                b[i] = (TO)CONVERSION(a[2 * i]);                                                                       \
                c[i] = (TO)CONVERSION(a[2 * i + 1]);                                                                   \
            }                                                                                                          \
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
LOAD(square_unorm8, loose8, double, SQUARE_UNORM8)
LOAD(square_unorm16, loose16, double, SQUARE_UNORM16)
LOAD(square_float16, loose16, double, SQUARE_FLOAT16)
LOAD(square_bfloat16, loose16, double, SQUARE_BFLOAT16)
LOAD(square_float32, loose_float, double, SQUARE)
LOAD(square_float64, loose_double, double, SQUARE)
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

/* Keys of more bits than the format has (others are in positions.h): the magnitude, negated where the sign is set. */
#define WIDE_KEYS(NAME, STORED_BITS, BITS, INFINITY_CODE)                                                              \
    static inline int##BITS##_t key##BITS##_of_##NAME(uint##STORED_BITS##_t stored, int##BITS##_t nan)                 \
    {                                                                                                                  \
        const uint##STORED_BITS##_t sign = (uint##STORED_BITS##_t)(UINT64_C(1) << ((STORED_BITS)-1));                  \
        int##BITS##_t magnitude = (int##BITS##_t)(stored & (uint##STORED_BITS##_t) ~sign);                             \
        int##BITS##_t negative = (int##BITS##_t) - ((int##STORED_BITS##_t)stored < 0);                                 \
        int##BITS##_t value = (int##BITS##_t)((magnitude ^ negative) - negative);                                      \
        return magnitude > (int##BITS##_t)(INFINITY_CODE) ? nan : value;                                               \
    }                                                                                                                  \
    static bool key##BITS##_##NAME(const void *from, struct poolgrad_rows rows, int64_t nan, void *key)                \
    {                                                                                                                  \
        const uint##STORED_BITS##_t sign = (uint##STORED_BITS##_t)(UINT64_C(1) << ((STORED_BITS)-1));                  \
        uint##STORED_BITS##_t minus_zeros = 0;                                                                         \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const loose##STORED_BITS *restrict code = (const loose##STORED_BITS *)from + row * rows.from_step;         \
            int##BITS##_t *restrict keys = (int##BITS##_t *)key + row * rows.to_step;                                  \
            for (int64_t i = 0; i < rows.count; i++) {                                                                 \
                minus_zeros |= (uint##STORED_BITS##_t)(code[i] == sign);                                               \
                keys[i] = key##BITS##_of_##NAME(code[i], (int##BITS##_t)nan);                                          \
            }                                                                                                          \
        }                                                                                                              \
        return minus_zeros != 0;                                                                                       \
    }                                                                                                                  \
    static bool key##BITS##_##NAME##_pairs(const void *from, struct poolgrad_rows rows, int64_t nan, void *even,       \
                                           void *odd)                                                                  \
    {                                                                                                                  \
        const uint##STORED_BITS##_t sign = (uint##STORED_BITS##_t)(UINT64_C(1) << ((STORED_BITS)-1));                  \
        uint##STORED_BITS##_t minus_zeros = 0;                                                                         \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const loose##STORED_BITS *restrict code = (const loose##STORED_BITS *)from + row * rows.from_step;         \
            int##BITS##_t *restrict keys = (int##BITS##_t *)even + row * rows.to_step;                                 \
            int##BITS##_t *restrict others = (int##BITS##_t *)odd + row * rows.to_step;                                \
            for (int64_t i = 0; i < rows.count; i++) {                                                                 \
                const uint##STORED_BITS##_t first = code[2 * i], second = code[2 * i + 1];                             \
                minus_zeros |= (uint##STORED_BITS##_t)((uint##STORED_BITS##_t)(first == sign) |                        \
                                                       (uint##STORED_BITS##_t)(second == sign));                       \
                keys[i] = key##BITS##_of_##NAME(first, (int##BITS##_t)nan);                                            \
                others[i] = key##BITS##_of_##NAME(second, (int##BITS##_t)nan);                                         \
            }                                                                                                          \
        }                                                                                                              \
        return minus_zeros != 0;                                                                                       \
    }

WIDE_KEYS(float16, 16, 32, 0x7c00)
WIDE_KEYS(bfloat16, 16, 32, 0x7f80)
#undef WIDE_KEYS

#define FLOAT_UNKEY(NAME, STORED_BITS, BITS, NAN_CODE)                                                                 \
    static void unkey##BITS##_##NAME(const void *key, int64_t count, int64_t nan, void *to)                            \
    {                                                                                                                  \
        const uint##STORED_BITS##_t sign = (uint##STORED_BITS##_t)(UINT64_C(1) << ((STORED_BITS)-1));                  \
        const int##BITS##_t none = (int##BITS##_t)POOLGRAD_KEY_NONE(BITS), not_a_number = (int##BITS##_t)nan;          \
        const int##BITS##_t *restrict keys = key;                                                                      \
        uint##STORED_BITS##_t *restrict code = to;                                                                     \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            int##BITS##_t value = keys[i] == none ? 0 : keys[i];                                                       \
            int##BITS##_t magnitude = (int##BITS##_t)(value < 0 ? -value : value);                                     \
            uint##STORED_BITS##_t stored = (uint##STORED_BITS##_t)((uint##STORED_BITS##_t)magnitude |                  \
                                                                   (value < 0 ? sign : 0));                            \
            code[i] = value == not_a_number ? (uint##STORED_BITS##_t)(NAN_CODE) : stored;                              \
        }                                                                                                              \
    }

FLOAT_UNKEY(float16, 16, 16, 0x7e00)
FLOAT_UNKEY(float16, 16, 32, 0x7e00)
FLOAT_UNKEY(bfloat16, 16, 16, 0x7fc0)
FLOAT_UNKEY(bfloat16, 16, 32, 0x7fc0)
FLOAT_UNKEY(float32, 32, 32, 0x7fc00000)
FLOAT_UNKEY(float64, 64, 64, INT64_C(0x7ff8) << 48)
#undef FLOAT_UNKEY

/* Codes of unorm are in the order of their values as they are. */
#define UNORM_KEYS(NAME, STORED_BITS, BITS)                                                                            \
    static bool key##BITS##_##NAME(const void *from, struct poolgrad_rows rows, int64_t nan, void *key)                \
    {                                                                                                                  \
        (void)nan;                                                                                                     \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const loose##STORED_BITS *restrict code = (const loose##STORED_BITS *)from + row * rows.from_step;         \
            int##BITS##_t *restrict keys = (int##BITS##_t *)key + row * rows.to_step;                                  \
            for (int64_t i = 0; i < rows.count; i++) keys[i] = (int##BITS##_t)code[i];                                 \
        }                                                                                                              \
        return false;                                                                                                  \
    }                                                                                                                  \
    static bool key##BITS##_##NAME##_pairs(const void *from, struct poolgrad_rows rows, int64_t nan, void *even,       \
                                           void *odd)                                                                  \
    {                                                                                                                  \
        (void)nan;                                                                                                     \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const loose##STORED_BITS *restrict code = (const loose##STORED_BITS *)from + row * rows.from_step;         \
            int##BITS##_t *restrict keys = (int##BITS##_t *)even + row * rows.to_step;                                 \
            int##BITS##_t *restrict others = (int##BITS##_t *)odd + row * rows.to_step;                                \
            for (int64_t i = 0; i < rows.count; i++) {                                                                 \
                keys[i] = (int##BITS##_t)code[2 * i];                                                                  \
                others[i] = (int##BITS##_t)code[2 * i + 1];                                                            \
            }                                                                                                          \
        }                                                                                                              \
        return false;                                                                                                  \
    }                                                                                                                  \
    static void unkey##BITS##_##NAME(const void *key, int64_t count, int64_t nan, void *to)                            \
    {                                                                                                                  \
        const int##BITS##_t *restrict keys = key;                                                                      \
        uint##STORED_BITS##_t *restrict code = to;                                                                     \
        (void)nan;                                                                                                     \
        for (int64_t i = 0; i < count; i++) code[i] = (uint##STORED_BITS##_t)(keys[i] < 0 ? 0 : keys[i]);              \
    }

UNORM_KEYS(unorm8, 8, 16)
UNORM_KEYS(unorm8, 8, 32)
UNORM_KEYS(unorm16, 16, 32)
#undef UNORM_KEYS

#define NARROW(BITS)                                                                                                   \
    static void narrow8_##BITS(const void *tap, struct poolgrad_rows rows, uint8_t *to)                                \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const int##BITS##_t *restrict taps = (const int##BITS##_t *)tap + row * rows.from_step;                    \
            uint8_t *restrict narrow = to + row * rows.to_step;                                                        \
            for (int64_t i = 0; i < rows.count; i++) narrow[i] = (uint8_t)taps[i];                                     \
        }                                                                                                              \
    }                                                                                                                  \
    static void narrow32_##BITS(const void *tap, struct poolgrad_rows rows, uint32_t *to)                              \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const int##BITS##_t *restrict taps = (const int##BITS##_t *)tap + row * rows.from_step;                    \
            uint32_t *restrict narrow = to + row * rows.to_step;                                                       \
            for (int64_t i = 0; i < rows.count; i++) narrow[i] = (uint32_t)taps[i];                                    \
        }                                                                                                              \
    }

NARROW(16)
NARROW(32)
NARROW(64)
#undef NARROW

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

static void root_f64(double *a, int64_t count)
{
    for (int64_t i = 0; i < count; i++) a[i] = sqrt(a[i]);
}

static void ratio_f64(const double *norm, struct poolgrad_rows rows, double *a)
{
    for (int64_t row = 0; row < rows.rows; row++) {
        const double *restrict root = norm + row * rows.from_step;
        double *restrict gradient = a + row * rows.to_step;
        for (int64_t i = 0; i < rows.count; i++) {
            double quotient = gradient[i] / root[i];
            gradient[i] = root[i] == 0 ? 0 : quotient;
        }
    }
}

static void multiply_by_f64(double *a, const double *b, int64_t count)
{
    for (int64_t i = 0; i < count; i++) a[i] *= b[i];
}

#define SPREAD(NAME, TYPE, SETTLE)                                                                                     \
    static void spread_##NAME(const void *gradient, const int32_t *window, struct poolgrad_rows rows, bool first,      \
                              void *result)                                                                            \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const TYPE *restrict from = (const TYPE *)gradient + row * rows.from_step;                                 \
            plain_##TYPE *restrict to = (TYPE *)result + row * rows.to_step;                                           \
            if (first) {                                                                                               \
                for (int64_t i = 0; i < rows.count; i++) to[i] = SETTLE(0 + from[window[i]]);                          \
            } else {                                                                                                   \
                for (int64_t i = 0; i < rows.count; i++) to[i] = SETTLE(to[i] + from[window[i]]);                      \
            }                                                                                                          \
        }                                                                                                              \
    }

SPREAD(f32, float, to_float32)
SPREAD(f64, double, to_float64)
#undef SPREAD

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

COUNT_TIES(16)
COUNT_TIES(32)
COUNT_TIES(64)
ADD_TIES(16, f32, float)
ADD_TIES(32, f32, float)
ADD_TIES(64, f32, float)
ADD_TIES(16, f64, double)
ADD_TIES(32, f64, double)
ADD_TIES(64, f64, double)
#undef COUNT_TIES
#undef ADD_TIES

/* ---- Movement ---------------------------------------------------------------------------------------------------- */

/* Bytes; larger elements are in row_phases.h, which calls these as well. */
static __attribute__((noinline)) void split_8(const void *from, struct poolgrad_rows rows, void *even, void *odd)
{
    for (int64_t row = 0; row < rows.rows; row++) {
        const uint8_t *restrict both = (const uint8_t *)from + row * rows.from_step;
        uint8_t *restrict first = (uint8_t *)even + row * rows.to_step;
        uint8_t *restrict second = (uint8_t *)odd + row * rows.to_step;
        for (int64_t i = 0; i < rows.count; i++) {
            first[i] = both[2 * i];
            second[i] = both[2 * i + 1];
        }
    }
}
static __attribute__((noinline)) void merge_8(const void *even, const void *odd, struct poolgrad_rows rows, void *to)
{
    for (int64_t row = 0; row < rows.rows; row++) {
        const uint8_t *restrict first = (const uint8_t *)even + row * rows.from_step;
        const uint8_t *restrict second = (const uint8_t *)odd + row * rows.from_step;
        uint8_t *restrict both = (uint8_t *)to + row * rows.to_step;
        for (int64_t i = 0; i < rows.count; i++) {
            both[2 * i] = first[i];
            both[2 * i + 1] = second[i];
        }
    }
}

#define COLLECT(BITS)                                                                                                  \
    static void collect_##BITS(const void *from, const int32_t *place, struct poolgrad_rows rows, void *to)            \
    {                                                                                                                  \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const loose##BITS *restrict origin = (const loose##BITS *)from + row * rows.from_step;                     \
            uint##BITS##_t *restrict target = (uint##BITS##_t *)to + row * rows.to_step;                               \
            for (int64_t i = 0; i < rows.count; i++) target[i] = place[i] < 0 ? 0 : origin[place[i]];                  \
        }                                                                                                              \
    }

COLLECT(8)
COLLECT(16)
COLLECT(32)
COLLECT(64)
#undef COLLECT

/* ---- The table --------------------------------------------------------------------------------------------------- */

#define POOLGRAD_TABLE(ISA, DELIVER_HALF)                                                                              \
    {                                                                                                                  \
        .isa = (ISA), .vector_bytes = VECTOR_BYTES, .pick = {pick_16, pick_32, pick_64},                               \
        .greatest = {greatest_of_16, greatest_of_32, greatest_of_64}, .select8 = {select8_f32, select8_f64},           \
        .select32 = {select32_f32, select32_f64}, .sum = {sum_f32, sum_f64},                                           \
        .deliver_sum = {deliver_sum_f32, deliver_sum_f64},                                                             \
        .deliver_select8 = {deliver_select8_f32, deliver_select8_f64},                                                 \
        .deliver_sum_pairs = {deliver_sum_pairs_f32, deliver_sum_pairs_f64},                                           \
        .deliver_select8_pairs = {deliver_select8_pairs_f32, deliver_select8_pairs_f64},                               \
        .key = {{[POOLGRAD_UNORM8] = key16_unorm8,                                                                     \
                 [POOLGRAD_FLOAT16] = key16_float16,                                                                   \
                 [POOLGRAD_BFLOAT16] = key16_bfloat16},                                                                \
                {[POOLGRAD_UNORM8] = key32_unorm8,                                                                     \
                 [POOLGRAD_UNORM16] = key32_unorm16,                                                                   \
                 [POOLGRAD_FLOAT16] = key32_float16,                                                                   \
                 [POOLGRAD_BFLOAT16] = key32_bfloat16,                                                                 \
                 [POOLGRAD_FLOAT32] = key32_float32},                                                                  \
                {[POOLGRAD_FLOAT64] = key64_float64}},                                                                 \
        .key_pairs = {{[POOLGRAD_UNORM8] = key16_unorm8_pairs,                                                         \
                       [POOLGRAD_FLOAT16] = key16_float16_pairs,                                                       \
                       [POOLGRAD_BFLOAT16] = key16_bfloat16_pairs},                                                    \
                      {[POOLGRAD_UNORM8] = key32_unorm8_pairs,                                                         \
                       [POOLGRAD_UNORM16] = key32_unorm16_pairs,                                                       \
                       [POOLGRAD_FLOAT16] = key32_float16_pairs,                                                       \
                       [POOLGRAD_BFLOAT16] = key32_bfloat16_pairs,                                                     \
                       [POOLGRAD_FLOAT32] = key32_float32_pairs},                                                      \
                      {[POOLGRAD_FLOAT64] = key64_float64_pairs}},                                                     \
        .load_pairs = {{[POOLGRAD_UNORM8] = load32_unorm8_pairs,                                                       \
                        [POOLGRAD_UNORM16] = load32_unorm16_pairs,                                                     \
                        [POOLGRAD_FLOAT16] = load32_float16_pairs,                                                     \
                        [POOLGRAD_BFLOAT16] = load32_bfloat16_pairs,                                                   \
                        [POOLGRAD_FLOAT32] = load32_float32_pairs},                                                    \
                       {[POOLGRAD_UNORM8] = load64_unorm8_pairs,                                                       \
                        [POOLGRAD_UNORM16] = load64_unorm16_pairs,                                                     \
                        [POOLGRAD_FLOAT16] = load64_float16_pairs,                                                     \
                        [POOLGRAD_BFLOAT16] = load64_bfloat16_pairs,                                                   \
                        [POOLGRAD_FLOAT32] = load64_float32_pairs,                                                     \
                        [POOLGRAD_FLOAT64] = load64_float64_pairs}},                                                   \
        .unkey = {{[POOLGRAD_UNORM8] = unkey16_unorm8,                                                                 \
                   [POOLGRAD_FLOAT16] = unkey16_float16,                                                               \
                   [POOLGRAD_BFLOAT16] = unkey16_bfloat16},                                                            \
                  {[POOLGRAD_UNORM8] = unkey32_unorm8,                                                                 \
                   [POOLGRAD_UNORM16] = unkey32_unorm16,                                                               \
                   [POOLGRAD_FLOAT16] = unkey32_float16,                                                               \
                   [POOLGRAD_BFLOAT16] = unkey32_bfloat16,                                                             \
                   [POOLGRAD_FLOAT32] = unkey32_float32},                                                              \
                  {[POOLGRAD_FLOAT64] = unkey64_float64}},                                                             \
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
        .narrow8 = {narrow8_16, narrow8_32, narrow8_64}, .narrow32 = {narrow32_16, narrow32_32, narrow32_64},          \
        .divide = {divide_f32, divide_f64}, .add = {add_f32_to, add_f64_to},                                           \
        .square = {[POOLGRAD_UNORM8] = square_unorm8,   [POOLGRAD_UNORM16] = square_unorm16,                           \
                   [POOLGRAD_FLOAT16] = square_float16, [POOLGRAD_BFLOAT16] = square_bfloat16,                         \
                   [POOLGRAD_FLOAT32] = square_float32, [POOLGRAD_FLOAT64] = square_float64},                          \
        .square_pairs = {[POOLGRAD_UNORM8] = square_unorm8_pairs,   [POOLGRAD_UNORM16] = square_unorm16_pairs,         \
                         [POOLGRAD_FLOAT16] = square_float16_pairs, [POOLGRAD_BFLOAT16] = square_bfloat16_pairs,       \
                         [POOLGRAD_FLOAT32] = square_float32_pairs, [POOLGRAD_FLOAT64] = square_float64_pairs},        \
        .deliver_norm = deliver_norm, .deliver_norm_pairs = deliver_norm_pairs, .root = root_f64, .ratio = ratio_f64,  \
        .multiply = multiply_by_f64, .count_ties = {count_ties_16, count_ties_32, count_ties_64},                      \
        .add_ties = {{add_ties_16_f32, add_ties_16_f64},                                                               \
                     {add_ties_32_f32, add_ties_32_f64},                                                               \
                     {add_ties_64_f32, add_ties_64_f64}},                                                              \
        .spread = {spread_f32, spread_f64}, .collect = {collect_8, collect_16, collect_32, collect_64},                \
        .split = {split_8, split_16, split_32, split_64}, .merge = {merge_8, merge_16, merge_32, merge_64},            \
        .stream = stream, .fence = fence, .deliver_half = (DELIVER_HALF),                                              \
        POOLGRAD_FIND_ROUTINES POOLGRAD_GIVE_ROUTINES POOLGRAD_LANES_ROUTINES POOLGRAD_PHASES_ROUTINES                 \
    }

#endif
