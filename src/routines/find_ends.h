/* SPDX-License-Identifier: Apache-2.0 */
/* What find_numbers.h pastes the names of: a vector of numbers stored in a format, rounded once, NaN canonical
 * (docs/numerics.md N68), and codes of taps in memory. */
#ifndef POOLGRAD_ROUTINES_FIND_ENDS_H
#define POOLGRAD_ROUTINES_FIND_ENDS_H

#include <string.h>

#include "routines/elements.h"

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
