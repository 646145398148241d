/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations that visit many operands per position, written once in the words of simd/v*.h; included by each
 * instruction set's file behind its vocabulary. Several vectors go through the operands together, so that the additions
 * and comparisons of one wait for those of another.
 */
#ifndef POOLGRAD_ROUTINES_POSITIONS_H
#define POOLGRAD_ROUTINES_POSITIONS_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/integer.h"
#include "routines/routines.h"

/* Vectors that go together, and the lanes of all of them. */
enum { TOGETHER_16 = 2, TOGETHER_32 = 4, TOGETHER_64 = 4 };
enum { ROUND_16 = TOGETHER_16 * LANES_16, ROUND_32 = TOGETHER_32 * LANES_32, ROUND_64 = TOGETHER_64 * LANES_64 };

#define FOR_EACH_VECTOR(together) for (int64_t v = 0; v < (together); v++)
#define FOR_EACH_OPERAND for (int64_t t = 0; t < operands.count; t++)

#define PICK(BITS)                                                                                                     \
    static inline void pick_by_##BITS(const int##BITS##_t *key, const int##BITS##_t *other,                            \
                                      struct poolgrad_operands operands, struct poolgrad_pick_rule rule,               \
                                      int64_t count, bool last_nan, int##BITS##_t *best, int##BITS##_t *tap)           \
    {                                                                                                                  \
        const v##BITS nan = splat_##BITS(rule.nan);                                                                    \
        for (int64_t i = 0; i < count; i += ROUND_##BITS) {                                                            \
            v##BITS greatest[TOGETHER_##BITS], picked[TOGETHER_##BITS];                                                \
            FOR_EACH_VECTOR(TOGETHER_##BITS) greatest[v] = splat_##BITS(POOLGRAD_KEY_NONE(BITS));                      \
            FOR_EACH_VECTOR(TOGETHER_##BITS) picked[v] = splat_##BITS(POOLGRAD_TAP_NONE);                              \
            FOR_EACH_OPERAND                                                                                           \
            {                                                                                                          \
                const int64_t at = operands.operand[t].offset + i;                                                     \
                const v##BITS code = splat_##BITS(operands.operand[t].code);                                           \
                FOR_EACH_VECTOR(TOGETHER_##BITS)                                                                       \
                {                                                                                                      \
                    const int64_t lane = at + v * LANES_##BITS;                                                        \
                    v##BITS mark = other ? add_##BITS(code, load_##BITS(other + lane)) : code;                         \
                    if (last_nan) {                                                                                    \
                        take_opposed_##BITS(&greatest[v], &picked[v], load_##BITS(key + lane), mark, nan);             \
                    } else {                                                                                           \
                        take_##BITS(&greatest[v], &picked[v], load_##BITS(key + lane), mark);                          \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            FOR_EACH_VECTOR(TOGETHER_##BITS) store_##BITS(best + i + v * LANES_##BITS, greatest[v]);                   \
            FOR_EACH_VECTOR(TOGETHER_##BITS) store_##BITS(tap + i + v * LANES_##BITS, picked[v]);                      \
        }                                                                                                              \
    }                                                                                                                  \
    static void pick_##BITS(const void *key, const void *other, struct poolgrad_operands operands,                     \
                            struct poolgrad_pick_rule rule, int64_t count, void *best, void *tap)                      \
    {                                                                                                                  \
        if (rule.last_nan) {                                                                                           \
            pick_by_##BITS(key, other, operands, rule, count, true, best, tap);                                        \
        } else if (other) {                                                                                            \
            pick_by_##BITS(key, other, operands, rule, count, false, best, tap);                                       \
        } else {                                                                                                       \
            pick_by_##BITS(key, NULL, operands, rule, count, false, best, tap);                                        \
        }                                                                                                              \
    }                                                                                                                  \
    static void greatest_of_##BITS(const void *key, struct poolgrad_operands operands, int64_t count, void *best)      \
    {                                                                                                                  \
        const int##BITS##_t *keys = key;                                                                               \
        for (int64_t i = 0; i < count; i += ROUND_##BITS) {                                                            \
            v##BITS greatest[TOGETHER_##BITS];                                                                         \
            FOR_EACH_VECTOR(TOGETHER_##BITS) greatest[v] = splat_##BITS(POOLGRAD_KEY_NONE(BITS));                      \
            FOR_EACH_OPERAND                                                                                           \
            {                                                                                                          \
                const int64_t at = operands.operand[t].offset + i;                                                     \
                FOR_EACH_VECTOR(TOGETHER_##BITS)                                                                       \
                {                                                                                                      \
                    greatest[v] = greatest_##BITS(load_##BITS(keys + at + v * LANES_##BITS), greatest[v]);             \
                }                                                                                                      \
            }                                                                                                          \
            FOR_EACH_VECTOR(TOGETHER_##BITS) store_##BITS((int##BITS##_t *)best + i + v * LANES_##BITS, greatest[v]);  \
        }                                                                                                              \
    }

PICK(16)
PICK(32)
PICK(64)
#undef PICK

#define SELECT(TAP_BITS, NAME, TYPE, BITS)                                                                             \
    static void select##TAP_BITS##_##NAME(const uint##TAP_BITS##_t *tap, const void *gradient,                         \
                                          struct poolgrad_operands operands, int64_t count, void *sum)                 \
    {                                                                                                                  \
        for (int64_t i = 0; i < count; i += ROUND_##BITS) {                                                            \
            v##NAME sums[TOGETHER_##BITS];                                                                             \
            FOR_EACH_VECTOR(TOGETHER_##BITS) sums[v] = zero_##NAME();                                                  \
            FOR_EACH_OPERAND                                                                                           \
            {                                                                                                          \
                const int64_t at = operands.operand[t].offset + i;                                                     \
                const uint32_t code = (uint32_t)operands.operand[t].code;                                              \
                FOR_EACH_VECTOR(TOGETHER_##BITS)                                                                       \
                {                                                                                                      \
                    const int64_t lane = at + v * LANES_##BITS;                                                        \
                    sums[v] = add_where##TAP_BITS##_##NAME(sums[v], tap + lane, code, (const TYPE *)gradient + lane);  \
                }                                                                                                      \
            }                                                                                                          \
            FOR_EACH_VECTOR(TOGETHER_##BITS) store_##NAME((TYPE *)sum + i + v * LANES_##BITS, sums[v]);                \
        }                                                                                                              \
    }

SELECT(8, f32, float, 32)
SELECT(32, f32, float, 32)
SELECT(8, f64, double, 64)
SELECT(32, f64, double, 64)
#undef SELECT

#define SUM(NAME, TYPE, BITS)                                                                                          \
    static void sum_##NAME(const void *from, struct poolgrad_operands operands, int64_t count, void *sum)              \
    {                                                                                                                  \
        for (int64_t i = 0; i < count; i += ROUND_##BITS) {                                                            \
            v##NAME sums[TOGETHER_##BITS];                                                                             \
            FOR_EACH_VECTOR(TOGETHER_##BITS) sums[v] = zero_##NAME();                                                  \
            FOR_EACH_OPERAND                                                                                           \
            {                                                                                                          \
                const TYPE *at = (const TYPE *)from + operands.operand[t].offset + i;                                  \
                FOR_EACH_VECTOR(TOGETHER_##BITS) sums[v] = add_##NAME(sums[v], load_##NAME(at + v * LANES_##BITS));    \
            }                                                                                                          \
            FOR_EACH_VECTOR(TOGETHER_##BITS) store_##NAME((TYPE *)sum + i + v * LANES_##BITS, sums[v]);                \
        }                                                                                                              \
    }

SUM(f32, float, 32)
SUM(f64, double, 64)
#undef SUM

/* ---- Keys of binary formats, straight from where they are stored ------------------------------------------------- */

/* The least integer is the code of -0. The last vector of a row ends where the row does. */
#define KEYS(BITS)                                                                                                     \
    static inline bool any_minus_zero_##BITS(v##BITS least)                                                            \
    {                                                                                                                  \
        int##BITS##_t lanes[LANES_##BITS];                                                                             \
        bool any = false;                                                                                              \
        store_##BITS(lanes, least);                                                                                    \
        FOR_EACH_VECTOR(LANES_##BITS) any |= lanes[v] == INT##BITS##_MIN;                                              \
        return any;                                                                                                    \
    }                                                                                                                  \
    static inline int##BITS##_t single_key_##BITS(const unsigned char *from, int64_t infinity, int64_t nan,            \
                                                  bool *minus_zero)                                                    \
    {                                                                                                                  \
        int##BITS##_t code;                                                                                            \
        memcpy(&code, from, sizeof code);                                                                              \
        const int##BITS##_t magnitude = (int##BITS##_t)(code & INT##BITS##_MAX);                                       \
        *minus_zero |= code == INT##BITS##_MIN;                                                                        \
        return (int##BITS##_t)(magnitude > infinity ? nan : code < 0 ? -magnitude : magnitude);                        \
    }                                                                                                                  \
    static inline bool keys_##BITS(const void *from, struct poolgrad_rows rows, int64_t infinity, int64_t nan,         \
                                   void *key)                                                                          \
    {                                                                                                                  \
        enum { SIZE = (BITS) / 8 };                                                                                    \
        const v##BITS top = splat_##BITS(infinity), not_a_number = splat_##BITS(nan);                                  \
        const int64_t last = rows.count - LANES_##BITS;                                                                \
        v##BITS least = splat_##BITS(0);                                                                               \
        bool minus_zero = false;                                                                                       \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const unsigned char *codes = (const unsigned char *)from + row * rows.from_step * SIZE;                    \
            int##BITS##_t *keys = (int##BITS##_t *)key + row * rows.to_step;                                           \
            for (int64_t i = 0; i < rows.count && last < 0; i++) {                                                     \
                keys[i] = single_key_##BITS(codes + i * SIZE, infinity, nan, &minus_zero);                             \
            }                                                                                                          \
            for (int64_t i = 0; i < rows.count && last >= 0; i += LANES_##BITS) {                                      \
                const int64_t lane = poolgrad_min(i, last);                                                            \
                const v##BITS code = load_##BITS(codes + lane * SIZE);                                                 \
                least = least_##BITS(least, code);                                                                     \
                store_##BITS(keys + lane, key_##BITS(code, top, not_a_number));                                        \
            }                                                                                                          \
        }                                                                                                              \
        return minus_zero || any_minus_zero_##BITS(least);                                                             \
    }                                                                                                                  \
    static inline bool key_pairs_##BITS(const void *from, struct poolgrad_rows rows, int64_t infinity, int64_t nan,    \
                                        void *even, void *odd)                                                         \
    {                                                                                                                  \
        enum { SIZE = (BITS) / 8 };                                                                                    \
        const v##BITS top = splat_##BITS(infinity), not_a_number = splat_##BITS(nan);                                  \
        const int64_t last = rows.count - LANES_##BITS;                                                                \
        v##BITS least = splat_##BITS(0);                                                                               \
        bool minus_zero = false;                                                                                       \
        for (int64_t row = 0; row < rows.rows; row++) {                                                                \
            const unsigned char *codes = (const unsigned char *)from + row * rows.from_step * SIZE;                    \
            int##BITS##_t *keys[] = {(int##BITS##_t *)even + row * rows.to_step,                                       \
                                     (int##BITS##_t *)odd + row * rows.to_step};                                       \
            for (int64_t i = 0; i < 2 * rows.count && last < 0; i++) {                                                 \
                keys[i % 2][i / 2] = single_key_##BITS(codes + i * SIZE, infinity, nan, &minus_zero);                  \
            }                                                                                                          \
            for (int64_t i = 0; i < rows.count && last >= 0; i += LANES_##BITS) {                                      \
                const int64_t lane = poolgrad_min(i, last);                                                            \
                v##BITS first = load_##BITS(codes + 2 * lane * SIZE);                                                  \
                v##BITS second = load_##BITS(codes + (2 * lane + LANES_##BITS) * SIZE);                                \
                least = least_##BITS(least, least_##BITS(first, second));                                              \
                first = key_##BITS(first, top, not_a_number);                                                          \
                second = key_##BITS(second, top, not_a_number);                                                        \
                deinterleave_##BITS(&first, &second);                                                                  \
                store_##BITS(keys[0] + lane, first);                                                                   \
                store_##BITS(keys[1] + lane, second);                                                                  \
            }                                                                                                          \
        }                                                                                                              \
        return minus_zero || any_minus_zero_##BITS(least);                                                             \
    }

#define KEYS_OF(BITS, NAME, INFINITY_CODE)                                                                             \
    static bool key##BITS##_##NAME(const void *from, struct poolgrad_rows rows, int64_t nan, void *key)                \
    {                                                                                                                  \
        return keys_##BITS(from, rows, INFINITY_CODE, nan, key);                                                       \
    }                                                                                                                  \
    static bool key##BITS##_##NAME##_pairs(const void *from, struct poolgrad_rows rows, int64_t nan, void *even,       \
                                           void *odd)                                                                  \
    {                                                                                                                  \
        return key_pairs_##BITS(from, rows, INFINITY_CODE, nan, even, odd);                                            \
    }

KEYS(16)
KEYS(32)
KEYS(64)
KEYS_OF(16, float16, 0x7c00)
KEYS_OF(16, bfloat16, 0x7f80)
KEYS_OF(32, float32, 0x7f800000)
KEYS_OF(64, float64, INT64_C(0x7ff) << 52)
#undef KEYS
#undef KEYS_OF

/* ---- Straight to where results belong ---------------------------------------------------------------------------- */

/* The last vector of a row ends where the row does: some positions are computed twice, to the same bits. */

/* Few operands, as most windows have, are counted out: `count` is a constant wherever this is called. */
#define SUM_OF(NAME, TYPE)                                                                                             \
    static inline v##NAME sum_of_##NAME(const TYPE *from, const uint8_t *tap, const struct poolgrad_operand *operand,  \
                                        int64_t count, int64_t i)                                                      \
    {                                                                                                                  \
        v##NAME sum = zero_##NAME();                                                                                   \
        for (int64_t t = 0; t < count; t++) {                                                                          \
            const int64_t at = operand[t].offset + i;                                                                  \
            const uint32_t code = (uint32_t)operand[t].code;                                                           \
            sum = tap ? add_where8_##NAME(sum, tap + at, code, from + at) : add_##NAME(sum, load_##NAME(from + at));   \
        }                                                                                                              \
        return sum;                                                                                                    \
    }                                                                                                                  \
    static inline v##NAME sum_at_##NAME(const TYPE *from, const uint8_t *tap, struct poolgrad_operands operands,       \
                                        int64_t i)                                                                     \
    {                                                                                                                  \
        switch (operands.count) {                                                                                      \
        case 1: return sum_of_##NAME(from, tap, operands.operand, 1, i);                                               \
        case 2: return sum_of_##NAME(from, tap, operands.operand, 2, i);                                               \
        case 4: return sum_of_##NAME(from, tap, operands.operand, 4, i);                                               \
        case 9: return sum_of_##NAME(from, tap, operands.operand, 9, i);                                               \
        default: return sum_of_##NAME(from, tap, operands.operand, operands.count, i);                                 \
        }                                                                                                              \
    }

#define SINGLE(NAME, TYPE)                                                                                             \
    static inline TYPE single_##NAME(const TYPE *from, const uint8_t *tap, struct poolgrad_operands operands,          \
                                     int64_t i)                                                                        \
    {                                                                                                                  \
        TYPE sum = 0;                                                                                                  \
        FOR_EACH_OPERAND                                                                                               \
        {                                                                                                              \
            const int64_t at = operands.operand[t].offset + i;                                                         \
            if (!tap || tap[at] == (uint32_t)operands.operand[t].code) sum += from[at];                                \
        }                                                                                                              \
        return isnan(sum) ? (TYPE)NAN : sum;                                                                           \
    }

SUM_OF(f32, float)
SUM_OF(f64, double)
SINGLE(f32, float)
SINGLE(f64, double)
#undef SUM_OF
#undef SINGLE

#define DELIVER(NAME, TYPE, BITS)                                                                                      \
    static inline void deliver_##NAME(const TYPE *from, const uint8_t *tap, struct poolgrad_operands operands,         \
                                      struct poolgrad_delivery delivery, void *to)                                     \
    {                                                                                                                  \
        const int64_t last = delivery.rows.count - LANES_##BITS;                                                       \
        for (int64_t row = 0; row < delivery.rows.rows; row++) {                                                       \
            unsigned char *at = (unsigned char *)to + row * delivery.rows.to_step * (int64_t)sizeof(TYPE);             \
            const int64_t origin = row * delivery.rows.from_step;                                                      \
            int64_t i = 0;                                                                                             \
            for (; i + ROUND_##BITS <= delivery.rows.count; i += ROUND_##BITS) {                                       \
                v##NAME sums[TOGETHER_##BITS];                                                                         \
                FOR_EACH_VECTOR(TOGETHER_##BITS) sums[v] = zero_##NAME();                                              \
                FOR_EACH_OPERAND                                                                                       \
                {                                                                                                      \
                    const int64_t first = operands.operand[t].offset + origin + i;                                     \
                    const uint32_t code = (uint32_t)operands.operand[t].code;                                          \
                    FOR_EACH_VECTOR(TOGETHER_##BITS)                                                                   \
                    {                                                                                                  \
                        const int64_t lane = first + v * LANES_##BITS;                                                 \
                        sums[v] = tap ? add_where8_##NAME(sums[v], tap + lane, code, from + lane)                      \
                                      : add_##NAME(sums[v], load_##NAME(from + lane));                                 \
                    }                                                                                                  \
                }                                                                                                      \
                FOR_EACH_VECTOR(TOGETHER_##BITS)                                                                       \
                {                                                                                                      \
                    put_##NAME(at + (i + v * LANES_##BITS) * (int64_t)sizeof(TYPE), settle_##NAME(sums[v]),            \
                               delivery.past_caches);                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            for (; i < delivery.rows.count; i += LANES_##BITS) {                                                       \
                const int64_t lane = poolgrad_min(i, last);                                                            \
                put_##NAME(at + lane * (int64_t)sizeof(TYPE),                                                          \
                           settle_##NAME(sum_at_##NAME(from, tap, operands, origin + lane)), delivery.past_caches);    \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void deliver_sum_##NAME(const void *from, struct poolgrad_operands operands,                                \
                                   struct poolgrad_delivery delivery, void *to)                                        \
    {                                                                                                                  \
        deliver_##NAME(from, NULL, operands, delivery, to);                                                            \
    }                                                                                                                  \
    static void deliver_select8_##NAME(const uint8_t *tap, const void *gradient, struct poolgrad_operands operands,    \
                                       struct poolgrad_delivery delivery, void *to)                                    \
    {                                                                                                                  \
        deliver_##NAME(gradient, tap, operands, delivery, to);                                                         \
    }                                                                                                                  \
    static inline void deliver_pairs_##NAME(const TYPE *from, const uint8_t *tap,                                      \
                                            const struct poolgrad_operands both[2], struct poolgrad_delivery delivery, \
                                            void *to)                                                                  \
    {                                                                                                                  \
        const int64_t last = delivery.rows.count - LANES_##BITS;                                                       \
        for (int64_t row = 0; row < delivery.rows.rows; row++) {                                                       \
            unsigned char *at = (unsigned char *)to + row * delivery.rows.to_step * (int64_t)sizeof(TYPE);             \
            const int64_t origin = row * delivery.rows.from_step;                                                      \
            for (int64_t i = 0; i < delivery.rows.count; i += LANES_##BITS) {                                          \
                const int64_t lane = poolgrad_min(i, last);                                                            \
                unsigned char *pair = at + 2 * lane * (int64_t)sizeof(TYPE);                                           \
                v##NAME first = sum_at_##NAME(from, tap, both[0], origin + lane);                                      \
                v##NAME second = sum_at_##NAME(from, tap, both[1], origin + lane + delivery.second);                   \
                interleave_##NAME(&first, &second);                                                                    \
                if (2 * lane + LANES_##BITS > 2 * i) put_##NAME(pair, settle_##NAME(first), delivery.past_caches);     \
                put_##NAME(pair + sizeof first, settle_##NAME(second), delivery.past_caches);                          \
            }                                                                                                          \
            if (delivery.odd) {                                                                                        \
                const int64_t single = origin + delivery.rows.count;                                                   \
                TYPE sum = single_##NAME(from, tap, both[0], single);                                                  \
                memcpy(at + 2 * delivery.rows.count * (int64_t)sizeof(TYPE), &sum, sizeof sum);                        \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void deliver_sum_pairs_##NAME(const void *from, const struct poolgrad_operands both[2],                     \
                                         struct poolgrad_delivery delivery, void *to)                                  \
    {                                                                                                                  \
        deliver_pairs_##NAME(from, NULL, both, delivery, to);                                                          \
    }                                                                                                                  \
    static void deliver_select8_pairs_##NAME(const uint8_t *tap, const void *gradient,                                 \
                                             const struct poolgrad_operands both[2],                                   \
                                             struct poolgrad_delivery delivery, void *to)                              \
    {                                                                                                                  \
        deliver_pairs_##NAME(gradient, tap, both, delivery, to);                                                       \
    }

DELIVER(f32, float, 32)
DELIVER(f64, double, 64)
#undef DELIVER

/* One result of L2-norm. */
static inline void deliver_single_norm(const double *ratio, const unsigned char *source,
                                       struct poolgrad_operands operands, int64_t i, unsigned char *to)
{
    float value;
    memcpy(&value, source, sizeof value);
    value = (float)(value * single_f64(ratio, NULL, operands, i));
    if (isnan(value)) value = (float)NAN;
    memcpy(to, &value, sizeof value);
}

static void deliver_norm(const double *ratio, const void *source, struct poolgrad_operands operands,
                         struct poolgrad_delivery delivery, void *to)
{
    enum { SIZE = sizeof(float) };
    const int64_t last = delivery.rows.count - LANES_64;
    for (int64_t row = 0; row < delivery.rows.rows; row++) {
        unsigned char *at = (unsigned char *)to + row * delivery.rows.to_step * SIZE;
        const unsigned char *in = (const unsigned char *)source + row * delivery.source_step * SIZE;
        const int64_t origin = row * delivery.rows.from_step;
        for (int64_t i = 0; i < delivery.rows.count; i += LANES_64) {
            const int64_t lane = poolgrad_min(i, last);
            const vf64 sum = sum_at_f64(ratio, NULL, operands, origin + lane);
            narrow_f64(at + lane * SIZE, settle_f64(multiply_f64(widen_f32(in + lane * SIZE), sum)));
        }
    }
}

static void deliver_norm_pairs(const double *ratio, const void *source, const struct poolgrad_operands both[2],
                               struct poolgrad_delivery delivery, void *to)
{
    enum { SIZE = sizeof(float), HALF = LANES_64 * SIZE };
    const int64_t last = delivery.rows.count - LANES_64;
    for (int64_t row = 0; row < delivery.rows.rows; row++) {
        unsigned char *at = (unsigned char *)to + row * delivery.rows.to_step * SIZE;
        const unsigned char *in = (const unsigned char *)source + row * delivery.source_step * SIZE;
        const int64_t origin = row * delivery.rows.from_step;
        for (int64_t i = 0; i < delivery.rows.count; i += LANES_64) {
            const int64_t lane = poolgrad_min(i, last), pair = 2 * lane * SIZE;
            vf64 first = sum_at_f64(ratio, NULL, both[0], origin + lane);
            vf64 second = sum_at_f64(ratio, NULL, both[1], origin + lane + delivery.second);
            interleave_f64(&first, &second);
            narrow_f64(at + pair, settle_f64(multiply_f64(widen_f32(in + pair), first)));
            narrow_f64(at + pair + HALF, settle_f64(multiply_f64(widen_f32(in + pair + HALF), second)));
        }
        const int64_t end = 2 * delivery.rows.count * SIZE;
        if (delivery.odd) deliver_single_norm(ratio, in + end, both[0], origin + delivery.rows.count, at + end);
    }
}
#undef FOR_EACH_VECTOR
#undef FOR_EACH_OPERAND

#endif
