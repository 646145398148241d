/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of float32 straight to images of float16 and bfloat16, rounded once: what positions.h delivers at full width. */
#ifndef POOLGRAD_ROUTINES_HALF_H
#define POOLGRAD_ROUTINES_HALF_H

#include "routines/elements.h"
#include "routines/positions.h"

static inline uint16_t half_of(float value, bool brain)
{
    return brain ? to_bfloat16(value) : to_float16(value);
}

static inline void put_half(unsigned char *to, vf32 value, bool brain)
{
    if (brain) {
        put_bfloat16(to, settle_f32(value));
    } else {
        put_float16(to, settle_f32(value));
    }
}

static inline void deliver_half_rows(const uint8_t *tap, const float *gradient, struct poolgrad_operands operands,
                                     struct poolgrad_delivery delivery, bool brain, unsigned char *to)
{
    enum { SIZE = sizeof(uint16_t) };
    const int64_t last = delivery.rows.count - LANES_32;
    for (int64_t row = 0; row < delivery.rows.rows; row++) {
        unsigned char *at = to + row * delivery.rows.to_step * SIZE;
        const int64_t origin = row * delivery.rows.from_step;
        for (int64_t i = 0; i < delivery.rows.count; i += LANES_32) {
            const int64_t lane = i < last ? i : last;
            put_half(at + lane * SIZE, sum_at_f32(gradient, tap, operands, origin + lane), brain);
        }
    }
}

static inline void deliver_half_pairs(const uint8_t *tap, const float *gradient, const struct poolgrad_operands both[2],
                                      struct poolgrad_delivery delivery, bool brain, unsigned char *to)
{
    enum { SIZE = sizeof(uint16_t) };
    const int64_t last = delivery.rows.count - LANES_32, count = delivery.rows.count;
    for (int64_t row = 0; row < delivery.rows.rows; row++) {
        unsigned char *at = to + row * delivery.rows.to_step * SIZE;
        const int64_t origin = row * delivery.rows.from_step;
        for (int64_t i = 0; i < count; i += LANES_32) {
            const int64_t lane = i < last ? i : last;
            vf32 first = sum_at_f32(gradient, tap, both[0], origin + lane);
            vf32 second = sum_at_f32(gradient, tap, both[1], origin + lane + delivery.second);
            interleave_f32(&first, &second);
            put_half(at + 2 * lane * SIZE, first, brain);
            put_half(at + (2 * lane + LANES_32) * SIZE, second, brain);
        }
        if (delivery.odd) {
            const uint16_t single = half_of(single_f32(gradient, tap, both[0], origin + count), brain);
            memcpy(at + 2 * count * SIZE, &single, sizeof single);
        }
    }
}

/* Format and taps become constants. */
static void deliver_half(poolgrad_format format, const uint8_t *tap, const float *gradient,
                         const struct poolgrad_operands *operands, bool pairs, struct poolgrad_delivery delivery,
                         void *to)
{
    const bool brain = format == POOLGRAD_BFLOAT16;
    if (pairs && tap) {
        if (brain) deliver_half_pairs(tap, gradient, operands, delivery, true, to);
        if (!brain) deliver_half_pairs(tap, gradient, operands, delivery, false, to);
    } else if (pairs) {
        if (brain) deliver_half_pairs(NULL, gradient, operands, delivery, true, to);
        if (!brain) deliver_half_pairs(NULL, gradient, operands, delivery, false, to);
    } else if (tap) {
        if (brain) deliver_half_rows(tap, gradient, *operands, delivery, true, to);
        if (!brain) deliver_half_rows(tap, gradient, *operands, delivery, false, to);
    } else {
        if (brain) deliver_half_rows(NULL, gradient, *operands, delivery, true, to);
        if (!brain) deliver_half_rows(NULL, gradient, *operands, delivery, false, to);
    }
}

#endif
