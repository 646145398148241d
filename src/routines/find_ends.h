/* SPDX-License-Identifier: Apache-2.0 */
/* What find_numbers.h pastes the names of: a vector of numbers stored in a format, rounded once, NaN canonical
 * (docs/numerics.md N68), and codes of taps in memory. */
#ifndef POOLGRAD_ROUTINES_FIND_ENDS_H
#define POOLGRAD_ROUTINES_FIND_ENDS_H

#include <string.h>

#include "routines/elements.h"

/* Several vectors go through the operands together, so that the additions and comparisons of one wait for those of
 * another; where a vector is one lane, compilers make vectors of these. */
#define FIND_TOGETHER (VECTOR_BYTES <= 8 ? 8 : 4)

static inline void end_float16_f32(void *to, vf32 v, bool past_caches)
{
    (void)past_caches;
    put_float16(to, settle_f32(v));
}

static inline void end_bfloat16_f32(void *to, vf32 v, bool past_caches)
{
    (void)past_caches;
    put_bfloat16(to, settle_f32(v));
}

static inline void end_float32_f32(void *to, vf32 v, bool past_caches)
{
    put_f32(to, settle_f32(v), past_caches);
}

/* Never called: results are not stored in these formats. */
static inline void end_unorm8_f32(void *to, vf32 v, bool past_caches)
{
    put_f32(to, v, past_caches);
}

static inline void end_unorm16_f32(void *to, vf32 v, bool past_caches)
{
    put_f32(to, v, past_caches);
}

static inline void end_float16_f64(void *to, vf64 v, bool past_caches)
{
    (void)past_caches;
    put_float16_f64(to, settle_f64(v));
}

static inline void end_bfloat16_f64(void *to, vf64 v, bool past_caches)
{
    (void)past_caches;
    put_bfloat16_f64(to, settle_f64(v));
}

static inline void end_float32_f64(void *to, vf64 v, bool past_caches)
{
    (void)past_caches;
    narrow_f64(to, settle_f64(v));
}

static inline void end_float64_f64(void *to, vf64 v, bool past_caches)
{
    put_f64(to, settle_f64(v), past_caches);
}

/* Never called, as above. */
static inline void end_unorm8_f64(void *to, vf64 v, bool past_caches)
{
    put_f64(to, v, past_caches);
}

static inline void end_unorm16_f64(void *to, vf64 v, bool past_caches)
{
    put_f64(to, v, past_caches);
}

static inline vf32 load_float32_f32(const void *from)
{
    return load_f32(from);
}

static inline vf64 load_float32_f64(const void *from)
{
    return widen_f32(from);
}

static inline vf64 load_float64_f64(const void *from)
{
    return load_f64(from);
}

/* Squares of float64 are not exact: rounded, then added. */
static inline vf64 add_rounded_square_f64(vf64 sum, vf64 x)
{
    return add_f64(sum, multiply_f64(x, x));
}

/* ---- Gradients over norms ---------------------------------------------------------------------------------------- */

#define FIND_ALWAYS_INLINE inline __attribute__((always_inline))

static FIND_ALWAYS_INLINE vf64 load_gradient_f64(poolgrad_format format, const unsigned char *from)
{
    switch (format) {
    case POOLGRAD_FLOAT16: return load_float16_f64(from);
    case POOLGRAD_BFLOAT16: return load_bfloat16_f64(from);
    case POOLGRAD_FLOAT32: return load_float32_f64(from);
    default: return load_float64_f64(from);
    }
}

/* What windows give, of their sums of squares: over the root, or over N times the root of the mean. */
static FIND_ALWAYS_INLINE void put_ratios(const vf64 *sums, double divisor, const unsigned char *from,
                                          poolgrad_format format, int64_t together, unsigned char *to)
{
    const int64_t size = format == POOLGRAD_FLOAT64 ? 8 : format == POOLGRAD_FLOAT32 ? 4 : 2, bytes = LANES_64 * size;
    const vf64 zero = zero_f64(), n = splat_f64(divisor);
    for (int64_t v = 0; v < together; v++) {
        const vf64 root = square_root_f64(divisor != 0 ? quotient_f64(sums[v], n) : sums[v]);
        const vf64 norm = divisor != 0 ? multiply_f64(root, n) : root;
        const vf64 quotient = quotient_f64(load_gradient_f64(format, from + v * bytes), norm);
        put_f64(to + v * VECTOR_BYTES, choose_f64(same_f64(norm, zero), zero, quotient), false);
    }
}

static FIND_ALWAYS_INLINE void put_ratios_of(const struct poolgrad_ending *ending, const vf64 *sums,
                                             const unsigned char *from, int64_t together, unsigned char *to)
{
    switch (ending->gradient_format) {
    case POOLGRAD_FLOAT16: put_ratios(sums, ending->divisor, from, POOLGRAD_FLOAT16, together, to); break;
    case POOLGRAD_BFLOAT16: put_ratios(sums, ending->divisor, from, POOLGRAD_BFLOAT16, together, to); break;
    case POOLGRAD_FLOAT32: put_ratios(sums, ending->divisor, from, POOLGRAD_FLOAT32, together, to); break;
    default: put_ratios(sums, ending->divisor, from, POOLGRAD_FLOAT64, together, to); break;
    }
}

/* One for all formats of operands: a root and a quotient take longer than a call. The source gradient's elements begin
 * `at` behind its first. */
static __attribute__((noinline)) void end_ratios(const struct poolgrad_ending *ending, int64_t at, const vf64 *sums,
                                                 int64_t together, int64_t lanes, unsigned char *to)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    const poolgrad_format format = ending->gradient_format;
    const int64_t size = format == POOLGRAD_FLOAT64 ? 8 : format == POOLGRAD_FLOAT32 ? 4 : 2;
    const unsigned char *from = (const unsigned char *)ending->gradient + at * size;
    if (lanes < LANES_64) {
        take_part(room, from, lanes * size);
        put_ratios_of(ending, sums, room, 1, room);
        put_part(to, room, lanes * (int64_t)sizeof(double));
    } else if (together == 1) {
        put_ratios_of(ending, sums, from, 1, to);
    } else {
        put_ratios_of(ending, sums, from, FIND_TOGETHER, to);
    }
}

/* ---- Codes ------------------------------------------------------------------------------------------------------- */

static inline void put_codes_32(void *to, v32 code, int bytes)
{
    if (bytes == 1) {
        put8_32(to, code);
    } else {
        store_32(to, code);
    }
}

static inline v32 get_codes_32(const void *from, int bytes)
{
    return bytes == 1 ? get8_32(from) : load_32(from);
}

static inline void put_codes_64(void *to, v64 code, int bytes)
{
    uint64_t wide[LANES_64];
    uint32_t narrow[LANES_64];
    uint8_t byte[LANES_64];
    store_64(wide, code);
    if (bytes == 1) {
        for (int i = 0; i < LANES_64; i++) byte[i] = (uint8_t)wide[i];
        memcpy(to, byte, sizeof byte);
    } else {
        for (int i = 0; i < LANES_64; i++) narrow[i] = (uint32_t)wide[i];
        memcpy(to, narrow, sizeof narrow);
    }
}

static inline v64 get_codes_64(const void *from, int bytes)
{
    uint64_t wide[LANES_64];
    uint32_t narrow[LANES_64];
    uint8_t byte[LANES_64];
    if (bytes == 1) {
        memcpy(byte, from, sizeof byte);
        for (int i = 0; i < LANES_64; i++) wide[i] = byte[i];
    } else {
        memcpy(narrow, from, sizeof narrow);
        for (int i = 0; i < LANES_64; i++) wide[i] = narrow[i];
    }
    return load_64(wide);
}

#endif
