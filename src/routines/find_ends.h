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
#define FIND_ALWAYS_INLINE inline __attribute__((always_inline))

/* Vectors that go together: their operands and the codes of these, their results and a source gradient are so many
 * elements behind those of element 0 of repeat 0; of vectors beside each other, a `gap` apart, only the first one's are
 * there. `lanes` of each are there. Where they are fewer the last one goes again. */
struct find_place {
    int64_t from[FIND_TOGETHER], result[FIND_TOGETHER], gradient[FIND_TOGETHER];
    int64_t gap, vectors, lanes;
};

static inline int64_t find_place_of(const int64_t *places, int64_t gap, int64_t v)
{
    return gap > 0 ? places[0] + v * gap : places[v];
}

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
static FIND_ALWAYS_INLINE vf64 ratio_of(vf64 sum, double divisor, const unsigned char *from, poolgrad_format format)
{
    const vf64 zero = zero_f64(), n = splat_f64(divisor);
    const vf64 root = square_root_f64(divisor != 0 ? quotient_f64(sum, n) : sum);
    const vf64 norm = divisor != 0 ? multiply_f64(root, n) : root;
    const vf64 quotient = quotient_f64(load_gradient_f64(format, from), norm);
    return choose_f64(same_f64(norm, zero), zero, quotient);
}

/* One for all formats of operands: a root and a quotient take longer than a call. */
static __attribute__((noinline)) void end_ratios(const struct poolgrad_ending *ending, const struct find_place *place,
                                                 const vf64 *sums, bool part, unsigned char *to)
{
    const poolgrad_format format = ending->gradient_format;
    const int64_t size = format == POOLGRAD_FLOAT64 ? 8 : format == POOLGRAD_FLOAT32 ? 4 : 2;
    for (int64_t v = 0; v < place->vectors; v++) {
        _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
        const int64_t gradient = find_place_of(place->gradient, place->gap, v);
        const int64_t result = find_place_of(place->result, place->gap, v);
        const unsigned char *from = (const unsigned char *)ending->gradient + gradient * size;
        if (part) {
            take_part(room, from, place->lanes * size);
            from = room;
        }
        const vf64 ratio = ratio_of(sums[v], ending->divisor, from, format);
        part ? put_part_f64(to + result * 8, ratio, place->lanes) : put_f64(to + result * 8, ratio, false);
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
