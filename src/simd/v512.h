/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary at 512 bits (AVX-512 F, BW, DQ and VL, or SIMDe's emulation of it): what the bodies in kernels/ need
 * of a vector, and no more. v1.h, v128.h and v256.h are the same words at other widths; v1.h describes them.
 */
#ifndef POOLGRAD_SIMD_V512_H
#define POOLGRAD_SIMD_V512_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <simde/x86/avx512.h>

#include "simd/gaps.h"

enum { VECTOR_BYTES = 64, LANES_16 = 32, LANES_32 = 16, LANES_64 = 8 };

typedef simde__m512i v16, v32, v64;
typedef simde__m512 vf32;
typedef simde__m512d vf64;

/* BITS-bit integers. */
#define INTEGERS(BITS)                                                                                                 \
    static inline v##BITS load_##BITS(const void *from)                                                                \
    {                                                                                                                  \
        return simde_mm512_loadu_si512(from);                                                                          \
    }                                                                                                                  \
    static inline void store_##BITS(void *to, v##BITS v)                                                               \
    {                                                                                                                  \
        simde_mm512_storeu_si512(to, v);                                                                               \
    }                                                                                                                  \
    static inline v##BITS splat_##BITS(int64_t value)                                                                  \
    {                                                                                                                  \
        return simde_mm512_set1_epi##BITS((int##BITS##_t)value);                                                       \
    }                                                                                                                  \
    static inline v##BITS add_##BITS(v##BITS a, v##BITS b)                                                             \
    {                                                                                                                  \
        return simde_mm512_add_epi##BITS(a, b);                                                                        \
    }                                                                                                                  \
    static inline v##BITS greatest_##BITS(v##BITS a, v##BITS b)                                                        \
    {                                                                                                                  \
        return simde_mm512_max_epi##BITS(a, b);                                                                        \
    }                                                                                                                  \
    static inline void take_##BITS(v##BITS *best, v##BITS *tap, v##BITS key, v##BITS code)                             \
    {                                                                                                                  \
        MASK_##BITS greater = GREATER_##BITS(key, *best);                                                              \
        *best = greatest_##BITS(key, *best);                                                                           \
        *tap = simde_mm512_mask_mov_epi##BITS(*tap, greater, code);                                                    \
    }                                                                                                                  \
    static inline void take_opposed_##BITS(v##BITS *best, v##BITS *tap, v##BITS key, v##BITS code, v##BITS nan)        \
    {                                                                                                                  \
        MASK_##BITS greater = GREATER_##BITS(key, *best);                                                              \
        MASK_##BITS again = EQUAL_##BITS(key, nan) & EQUAL_##BITS(*best, nan);                                         \
        *best = greatest_##BITS(key, *best);                                                                           \
        *tap = simde_mm512_mask_mov_epi##BITS(*tap, (MASK_##BITS)(greater | again), code);                             \
    }

#define MASK_16 simde__mmask32
#define MASK_32 simde__mmask16
#define MASK_64 simde__mmask8
#define GREATER_16 poolgrad_cmpgt_epi16_mask
#define GREATER_32 simde_mm512_cmpgt_epi32_mask
#define GREATER_64 simde_mm512_cmpgt_epi64_mask
#define EQUAL_16 poolgrad_cmpeq_epi16_mask
#define EQUAL_32 simde_mm512_cmpeq_epi32_mask
#define EQUAL_64 simde_mm512_cmpeq_epi64_mask
INTEGERS(16)
INTEGERS(32)
INTEGERS(64)
#undef INTEGERS
#undef MASK_16
#undef MASK_32
#undef MASK_64
#undef GREATER_16
#undef GREATER_32
#undef GREATER_64
#undef EQUAL_16
#undef EQUAL_32
#undef EQUAL_64

static inline vf32 load_f32(const void *from)
{
    return simde_mm512_loadu_ps(from);
}
static inline void store_f32(void *to, vf32 v)
{
    simde_mm512_storeu_ps(to, v);
}
static inline vf32 zero_f32(void)
{
    return simde_mm512_setzero_ps();
}
static inline vf32 add_f32(vf32 a, vf32 b)
{
    return simde_mm512_add_ps(a, b);
}
static inline vf32 add_where8_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient)
{
    simde__m128i taps = simde_mm_loadu_si128((const void *)tap);
    simde__mmask16 mask = poolgrad_cmpeq_epi8_mask(taps, simde_mm_set1_epi8((int8_t)code));
    return simde_mm512_mask_mov_ps(sum, mask, simde_mm512_add_ps(sum, load_f32(gradient)));
}
static inline vf32 add_where32_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient)
{
    simde__mmask16 mask = simde_mm512_cmpeq_epi32_mask(load_32(tap), splat_32((int32_t)code));
    return simde_mm512_mask_mov_ps(sum, mask, simde_mm512_add_ps(sum, load_f32(gradient)));
}

static inline vf64 load_f64(const void *from)
{
    return simde_mm512_loadu_pd(from);
}
static inline void store_f64(void *to, vf64 v)
{
    simde_mm512_storeu_pd(to, v);
}
static inline vf64 zero_f64(void)
{
    return simde_mm512_setzero_pd();
}
static inline vf64 add_f64(vf64 a, vf64 b)
{
    return simde_mm512_add_pd(a, b);
}
static inline vf64 add_where8_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient)
{
    simde__m128i taps = simde_mm_loadl_epi64((const void *)tap);
    simde__mmask16 mask = poolgrad_cmpeq_epi8_mask(taps, simde_mm_set1_epi8((int8_t)code));
    return simde_mm512_mask_mov_pd(sum, (simde__mmask8)mask, simde_mm512_add_pd(sum, load_f64(gradient)));
}
static inline vf64 add_where32_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient)
{
    /* Of 16 taps, 8 are looked at. */
    simde__mmask16 mask = simde_mm512_cmpeq_epi32_mask(load_32(tap), splat_32((int32_t)code));
    return simde_mm512_mask_mov_pd(sum, (simde__mmask8)mask, simde_mm512_add_pd(sum, load_f64(gradient)));
}

/* Every NaN becomes the canonical one. */
static inline vf32 settle_f32(vf32 v)
{
    const vf32 nan = simde_mm512_castsi512_ps(simde_mm512_set1_epi32(0x7fc00000));
    return simde_mm512_mask_mov_ps(v, simde_mm512_cmp_ps_mask(v, v, SIMDE_CMP_UNORD_Q), nan);
}
static inline vf64 settle_f64(vf64 v)
{
    const vf64 nan = simde_mm512_castsi512_pd(simde_mm512_set1_epi64(INT64_C(0x7ff8) << 48));
    return simde_mm512_mask_mov_pd(v, simde_mm512_cmp_pd_mask(v, v, SIMDE_CMP_UNORD_Q), nan);
}
static inline void interleave_f32(vf32 *a, vf32 *b)
{
    static const int32_t low[] = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
    static const int32_t high[] = {8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    const vf32 first = simde_mm512_permutex2var_ps(*a, load_32(low), *b);
    *b = simde_mm512_permutex2var_ps(*a, load_32(high), *b);
    *a = first;
}
static inline void interleave_f64(vf64 *a, vf64 *b)
{
    static const int64_t low[] = {0, 8, 1, 9, 2, 10, 3, 11};
    static const int64_t high[] = {4, 12, 5, 13, 6, 14, 7, 15};
    const vf64 first = simde_mm512_permutex2var_pd(*a, load_64(low), *b);
    *b = simde_mm512_permutex2var_pd(*a, load_64(high), *b);
    *a = first;
}
static inline bool is_aligned(const void *address)
{
    return (uintptr_t)address % VECTOR_BYTES == 0;
}
static inline void put_f32(void *to, vf32 v, bool past_caches)
{
    if (past_caches && is_aligned(to)) {
        poolgrad_stream_si512(to, simde_mm512_castps_si512(v));
    } else {
        store_f32(to, v);
    }
}
static inline void put_f64(void *to, vf64 v, bool past_caches)
{
    if (past_caches && is_aligned(to)) {
        poolgrad_stream_si512(to, simde_mm512_castpd_si512(v));
    } else {
        store_f64(to, v);
    }
}

/* Whole vectors at aligned addresses; what is left on either side goes the usual way. */
static inline void stream(void *to, const void *from, int64_t bytes)
{
    unsigned char *target = to;
    const unsigned char *origin = from;
    int64_t head = (int64_t)(-(uintptr_t)target % VECTOR_BYTES);
    if (head > bytes) head = bytes;
    memcpy(target, origin, (size_t)head);
    for (; head + VECTOR_BYTES <= bytes; head += VECTOR_BYTES) {
        poolgrad_stream_si512((void *)(target + head), simde_mm512_loadu_si512((const void *)(origin + head)));
    }
    memcpy(target + head, origin + head, (size_t)(bytes - head));
}
static inline void fence(void)
{
    simde_mm_sfence();
}

#endif
