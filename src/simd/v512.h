/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary at 512 bits (AVX-512 F, BW, DQ and VL, or SIMDe's emulation of it): what the bodies in routines/ need
 * of a vector, and no more. v1.h, v128.h and v256.h are the same words at other widths; v1.h describes them.
 */
#ifndef POOLGRAD_SIMD_V512_H
#define POOLGRAD_SIMD_V512_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What is needed of simde/x86/avx512.h, which is a library of mathematics as well. */
#include <simde/x86/avx2.h>
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/and.h>
#include <simde/x86/avx512/cast.h>
#include <simde/x86/avx512/cmp.h>
#include <simde/x86/avx512/cmpeq.h>
#include <simde/x86/avx512/cmpgt.h>
#include <simde/x86/avx512/div.h>
#include <simde/x86/avx512/loadu.h>
#include <simde/x86/avx512/max.h>
#include <simde/x86/avx512/mov.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/permutex2var.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/setzero.h>
#include <simde/x86/avx512/slli.h>
#include <simde/x86/avx512/sqrt.h>
#include <simde/x86/avx512/srli.h>
#include <simde/x86/avx512/storeu.h>
#include <simde/x86/avx512/xor.h>

#include "simd/gaps.h"
#include "simd/pieces.h"

enum { VECTOR_BYTES = 64, LANES_16 = 32, LANES_32 = 16, LANES_64 = 8 };

typedef simde__m512i v16, v32, v64;
typedef simde__m512 vf32;
typedef simde__m512d vf64;

static inline v16 load_16(const void *from)
{
    return simde_mm512_loadu_si512(from);
}
static inline void store_16(void *to, v16 v)
{
    simde_mm512_storeu_si512(to, v);
}
static inline v32 load_32(const void *from)
{
    return simde_mm512_loadu_si512(from);
}
static inline void store_32(void *to, v32 v)
{
    simde_mm512_storeu_si512(to, v);
}
static inline v64 load_64(const void *from)
{
    return simde_mm512_loadu_si512(from);
}
static inline void store_64(void *to, v64 v)
{
    simde_mm512_storeu_si512(to, v);
}
static inline v32 splat_32(int64_t value)
{
    return simde_mm512_set1_epi32((int32_t)value);
}
static inline v32 add_32(v32 a, v32 b)
{
    return simde_mm512_add_epi32(a, b);
}
static inline v64 splat_64(int64_t value)
{
    return simde_mm512_set1_epi64(value);
}
static inline v64 add_64(v64 a, v64 b)
{
    return simde_mm512_add_epi64(a, b);
}

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
    /* Of 16 lanes, 8 are looked at: behind the taps may be the end of memory. */
    const v32 taps = simde_mm512_castsi256_si512(simde_mm256_loadu_si256((const void *)tap));
    const simde__mmask16 mask = simde_mm512_cmpeq_epi32_mask(taps, splat_32((int32_t)code));
    return simde_mm512_mask_mov_pd(sum, (simde__mmask8)mask, simde_mm512_add_pd(sum, load_f64(gradient)));
}

static inline void deinterleave_16(v16 *a, v16 *b)
{
    static const int16_t even[] = {0,  2,  4,  6,  8,  10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30,
                                   32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62};
    static const int16_t odd[] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                  33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    const v16 first = simde_mm512_permutex2var_epi16(*a, load_16(even), *b);
    *b = simde_mm512_permutex2var_epi16(*a, load_16(odd), *b);
    *a = first;
}
static inline void deinterleave_32(v32 *a, v32 *b)
{
    static const int32_t even[] = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30};
    static const int32_t odd[] = {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31};
    const v32 first = simde_mm512_permutex2var_epi32(*a, load_32(even), *b);
    *b = simde_mm512_permutex2var_epi32(*a, load_32(odd), *b);
    *a = first;
}
static inline void deinterleave_64(v64 *a, v64 *b)
{
    static const int64_t even[] = {0, 2, 4, 6, 8, 10, 12, 14}, odd[] = {1, 3, 5, 7, 9, 11, 13, 15};
    const v64 first = simde_mm512_permutex2var_epi64(*a, load_64(even), *b);
    *b = simde_mm512_permutex2var_epi64(*a, load_64(odd), *b);
    *a = first;
}

static inline v64 load_half(const void *from)
{
    return simde_mm512_castsi256_si512(simde_mm256_loadu_si256(from));
}
static inline vf32 multiply_f32(vf32 a, vf32 b)
{
    return simde_mm512_mul_ps(a, b);
}
static inline vf64 multiply_f64(vf64 a, vf64 b)
{
    return simde_mm512_mul_pd(a, b);
}
static inline vf64 widen_f32(const void *from)
{
    return poolgrad_cvtps_pd(simde_mm256_loadu_ps(from));
}
static inline void narrow_f64(void *to, vf64 v)
{
    simde_mm256_storeu_ps(to, poolgrad_cvtpd_ps(v));
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
static inline void interleave_16(v16 *a, v16 *b)
{
    static const int16_t low[] = {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                  8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
    static const int16_t high[] = {16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
                                   24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
    const v16 first = simde_mm512_permutex2var_epi16(*a, load_16(low), *b);
    *b = simde_mm512_permutex2var_epi16(*a, load_16(high), *b);
    *a = first;
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

static inline void put_float16(void *to, vf32 v)
{
    simde_mm256_storeu_si256(to, poolgrad_cvtps_ph(v));
}
static inline void put_bfloat16(void *to, vf32 v)
{
    const v32 bits = simde_mm512_castps_si512(v);
    const v32 odd = simde_mm512_and_si512(simde_mm512_srli_epi32(bits, 16), splat_32(1));
    const v32 rounded = simde_mm512_add_epi32(bits, simde_mm512_add_epi32(odd, splat_32(0x7fff)));
    simde_mm256_storeu_si256(to, poolgrad_cvtepi32_epi16(simde_mm512_srli_epi32(rounded, 16)));
}

/* ---- Elements and masks ------------------------------------------------------------------------------------------ */

typedef simde__mmask16 m32;
typedef simde__mmask8 m64;

static inline void take_part(void *room, const void *from, int64_t bytes)
{
    simde_mm512_storeu_si512(room, poolgrad_load_part(from, bytes));
}
static inline void put_part(void *to, const void *room, int64_t bytes)
{
    poolgrad_store_part(to, bytes, simde_mm512_loadu_si512(room));
}
static inline vf32 load_float16_f32(const void *from)
{
    return poolgrad_cvtph_ps(simde_mm256_loadu_si256(from));
}
static inline vf32 load_bfloat16_f32(const void *from)
{
    return simde_mm512_castsi512_ps(simde_mm512_slli_epi32(poolgrad_cvtepu16_epi32(simde_mm256_loadu_si256(from)), 16));
}
static inline vf32 load_unorm8_f32(const void *from)
{
    const vf32 code = poolgrad_cvtepi32_ps(poolgrad_cvtepu8_epi32(simde_mm_loadu_si128(from)));
    return simde_mm512_div_ps(code, simde_mm512_set1_ps(255.0F));
}
static inline vf32 load_unorm16_f32(const void *from)
{
    const vf32 code = poolgrad_cvtepi32_ps(poolgrad_cvtepu16_epi32(simde_mm256_loadu_si256(from)));
    return simde_mm512_div_ps(code, simde_mm512_set1_ps(65535.0F));
}
static inline vf64 load_float16_f64(const void *from)
{
    return poolgrad_cvtps_pd(simde_mm256_cvtph_ps(simde_mm_loadu_si128(from)));
}
static inline vf64 load_bfloat16_f64(const void *from)
{
    const simde__m256i code = simde_mm256_slli_epi32(simde_mm256_cvtepu16_epi32(simde_mm_loadu_si128(from)), 16);
    return poolgrad_cvtps_pd(simde_mm256_castsi256_ps(code));
}
static inline vf64 load_unorm8_f64(const void *from)
{
    const simde__m256 code = simde_mm256_cvtepi32_ps(simde_mm256_cvtepu8_epi32(simde_mm_loadl_epi64(from)));
    return poolgrad_cvtps_pd(simde_mm256_div_ps(code, simde_mm256_set1_ps(255.0F)));
}
static inline vf64 load_unorm16_f64(const void *from)
{
    const simde__m256 code = simde_mm256_cvtepi32_ps(simde_mm256_cvtepu16_epi32(simde_mm_loadu_si128(from)));
    return poolgrad_cvtps_pd(simde_mm256_div_ps(code, simde_mm256_set1_ps(65535.0F)));
}
/* round_to_odd() of numbers.h. */
static inline simde__m256 odd_f64(vf64 v)
{
    const simde__m256i least = simde_mm256_castps_si256(poolgrad_truncate_pd(v));
    const vf64 back = poolgrad_cvtps_pd(simde_mm256_castsi256_ps(least));
    const simde__mmask8 inexact = simde_mm512_cmp_pd_mask(back, v, SIMDE_CMP_NEQ_UQ);
    return simde_mm256_castsi256_ps(poolgrad_set_last(least, inexact));
}
static inline void put_float16_f64(void *to, vf64 v)
{
    simde_mm_storeu_si128(to, simde_mm256_cvtps_ph(odd_f64(v), 0));
}
static inline void put_bfloat16_f64(void *to, vf64 v)
{
    const simde__m256i bits = simde_mm256_castps_si256(odd_f64(v));
    const simde__m256i odd = simde_mm256_and_si256(simde_mm256_srli_epi32(bits, 16), simde_mm256_set1_epi32(1));
    const simde__m256i rounded = simde_mm256_add_epi32(bits,
                                                       simde_mm256_add_epi32(odd, simde_mm256_set1_epi32(0x7fff)));
    const simde__m256i code = simde_mm256_srli_epi32(rounded, 16);
    simde_mm_storeu_si128(
        to, simde_mm_packus_epi32(simde_mm256_castsi256_si128(code), simde_mm256_extracti128_si256(code, 1)));
}
static inline void put8_32(void *to, v32 v)
{
    simde_mm_storeu_si128(to, poolgrad_cvtepi32_epi8(v));
}
static inline v32 get8_32(const void *from)
{
    return poolgrad_cvtepu8_epi32(simde_mm_loadu_si128(from));
}
static inline m32 less_32(v32 a, v32 b)
{
    const v32 sign = splat_32(INT32_MIN);
    return simde_mm512_cmpgt_epi32_mask(simde_mm512_xor_si512(b, sign), simde_mm512_xor_si512(a, sign));
}
/* Of numbers below 2^63. */
static inline m64 less_64(v64 a, v64 b)
{
    return simde_mm512_cmpgt_epi64_mask(b, a);
}
static inline vf64 square_root_f64(vf64 a)
{
    return simde_mm512_sqrt_pd(a);
}
static inline vf64 add_square_f64(vf64 sum, vf64 x)
{
    return poolgrad_add_square(sum, x);
}

static inline vf32 greater_f32(vf32 x, vf32 best)
{
    return simde_mm512_max_ps(x, best);
}
static inline vf32 splat_f32(double value)
{
    return simde_mm512_set1_ps((float)value);
}
static inline vf32 quotient_f32(vf32 a, vf32 b)
{
    return simde_mm512_div_ps(a, b);
}
static inline m32 more_f32(vf32 x, vf32 y)
{
    return simde_mm512_cmp_ps_mask(x, y, SIMDE_CMP_GT_OQ);
}
static inline m32 not_less_f32(vf32 x, vf32 y)
{
    return simde_mm512_cmp_ps_mask(x, y, SIMDE_CMP_GE_OQ);
}
static inline m32 same_f32(vf32 x, vf32 y)
{
    return simde_mm512_cmp_ps_mask(x, y, SIMDE_CMP_EQ_OQ);
}
static inline m32 nan_f32(vf32 x)
{
    return simde_mm512_cmp_ps_mask(x, x, SIMDE_CMP_UNORD_Q);
}
static inline m32 ordered_f32(m32 m, vf32 x, vf32 y)
{
    return poolgrad_ordered_ps(m, x, y);
}
static inline m32 both_m32(m32 a, m32 b)
{
    return (m32)(a & b);
}
static inline m32 either_m32(m32 a, m32 b)
{
    return (m32)(a | b);
}
static inline m32 without_m32(m32 a, m32 b)
{
    return (m32)(a & ~b);
}
static inline m32 all_m32(bool set)
{
    return set ? (m32)-1 : 0;
}
static inline bool any_m32(m32 m)
{
    return m != 0;
}
/* Neither 0 nor from 2^-80 on. Of twice the bits, which are without a sign, 0 becomes the greatest integer and numbers
 * above it follow the least one. */
static inline m32 tiny_f32(vf32 a)
{
    enum { LEAST = 127 - 80 };
    const v32 bits = simde_mm512_castps_si512(a), twice = add_32(bits, bits);
    return simde_mm512_cmpgt_epi32_mask(splat_32(INT32_MIN + (LEAST << 24)), add_32(twice, splat_32(INT32_MAX)));
}
static inline vf32 quotient_by_f32(vf32 a, vf32 b, vf32 high, vf32 low)
{
    if (!POOLGRAD_FUSES || any_m32(tiny_f32(a))) return quotient_f32(a, b);
    return poolgrad_fmadd_ps(a, high, multiply_f32(a, low));
}
static inline vf32 choose_f32(m32 m, vf32 a, vf32 b)
{
    return simde_mm512_mask_mov_ps(b, m, a);
}
static inline v32 choose_32(m32 m, v32 a, v32 b)
{
    return simde_mm512_mask_mov_epi32(b, m, a);
}

static inline vf64 greater_f64(vf64 x, vf64 best)
{
    return simde_mm512_max_pd(x, best);
}
static inline vf64 splat_f64(double value)
{
    return simde_mm512_set1_pd(value);
}
static inline vf64 quotient_f64(vf64 a, vf64 b)
{
    return simde_mm512_div_pd(a, b);
}
static inline m64 more_f64(vf64 x, vf64 y)
{
    return simde_mm512_cmp_pd_mask(x, y, SIMDE_CMP_GT_OQ);
}
static inline m64 not_less_f64(vf64 x, vf64 y)
{
    return simde_mm512_cmp_pd_mask(x, y, SIMDE_CMP_GE_OQ);
}
static inline m64 same_f64(vf64 x, vf64 y)
{
    return simde_mm512_cmp_pd_mask(x, y, SIMDE_CMP_EQ_OQ);
}
static inline m64 nan_f64(vf64 x)
{
    return simde_mm512_cmp_pd_mask(x, x, SIMDE_CMP_UNORD_Q);
}
static inline m64 ordered_f64(m64 m, vf64 x, vf64 y)
{
    return poolgrad_ordered_pd(m, x, y);
}
static inline m64 both_m64(m64 a, m64 b)
{
    return (m64)(a & b);
}
static inline m64 either_m64(m64 a, m64 b)
{
    return (m64)(a | b);
}
static inline m64 without_m64(m64 a, m64 b)
{
    return (m64)(a & ~b);
}
static inline m64 all_m64(bool set)
{
    return set ? (m64)-1 : 0;
}
static inline bool any_m64(m64 m)
{
    return m != 0;
}
/* The same of 2^-900. */
static inline m64 tiny_f64(vf64 a)
{
    enum { LEAST = 1023 - 900 };
    const v64 bits = simde_mm512_castpd_si512(a), twice = add_64(bits, bits);
    return simde_mm512_cmpgt_epi64_mask(splat_64(INT64_MIN + ((int64_t)LEAST << 53)),
                                        add_64(twice, splat_64(INT64_MAX)));
}
static inline vf64 quotient_by_f64(vf64 a, vf64 b, vf64 high, vf64 low)
{
    if (!POOLGRAD_FUSES || any_m64(tiny_f64(a))) return quotient_f64(a, b);
    return poolgrad_fmadd_pd(a, high, multiply_f64(a, low));
}
static inline vf64 choose_f64(m64 m, vf64 a, vf64 b)
{
    return simde_mm512_mask_mov_pd(b, m, a);
}
static inline v64 choose_64(m64 m, v64 a, v64 b)
{
    return simde_mm512_mask_mov_epi64(b, m, a);
}

/* Whole vectors at aligned addresses; what is left on either side goes the usual way. Called from several places. */
static __attribute__((noinline)) void stream(void *to, const void *from, int64_t bytes)
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

/* ---- Parts, and squares ------------------------------------------------------------------------------------------ */

static inline simde__mmask16 part_mask(int64_t lanes)
{
    return (simde__mmask16)((UINT32_C(1) << lanes) - 1);
}
static inline m32 lanes_m32(int64_t begin, int64_t end)
{
    return (m32)(part_mask(end) & ~part_mask(begin));
}
static inline vf32 load_where_f32(m32 m, const void *from, vf32 others)
{
    return poolgrad_mask_loadu_ps(others, m, from);
}
static inline vf32 evens_f32(vf32 a, vf32 b)
{
    static const int32_t every[] = {0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31};
    return simde_mm512_castsi512_ps(
        simde_mm512_permutex2var_epi32(simde_mm512_castps_si512(a), load_32(every), simde_mm512_castps_si512(b)));
}
static inline vf32 load_part_f32(const void *from, int64_t lanes)
{
    return simde_mm512_castsi512_ps(poolgrad_maskz_loadu_epi32(part_mask(lanes), from));
}
static inline vf64 load_part_f64(const void *from, int64_t lanes)
{
    return simde_mm512_castsi512_pd(poolgrad_maskz_loadu_epi64((simde__mmask8)part_mask(lanes), from));
}
static inline vf32 add_part_f32(vf32 sum, const void *from, int64_t lanes)
{
    return simde_mm512_add_ps(sum, load_part_f32(from, lanes));
}
static inline vf64 add_part_f64(vf64 sum, const void *from, int64_t lanes)
{
    return simde_mm512_add_pd(sum, load_part_f64(from, lanes));
}
static inline simde__mmask16 part_equal8(const uint8_t *tap, uint32_t code, int64_t lanes)
{
    const simde__m128i taps = poolgrad_maskz_loadu_epi8_128(part_mask(lanes), tap);
    return poolgrad_cmpeq_epi8_mask(taps, simde_mm_set1_epi8((int8_t)code));
}
static inline simde__mmask16 part_equal32(const uint32_t *tap, uint32_t code, int64_t lanes)
{
    const v32 taps = poolgrad_maskz_loadu_epi32(part_mask(lanes), tap);
    return simde_mm512_cmpeq_epi32_mask(taps, splat_32((int32_t)code));
}
static inline vf32 add_where8_part_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient,
                                       int64_t lanes)
{
    return simde_mm512_mask_mov_ps(sum, part_equal8(tap, code, lanes), add_part_f32(sum, gradient, lanes));
}
static inline vf64 add_where8_part_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient,
                                       int64_t lanes)
{
    const simde__mmask8 mask = (simde__mmask8)part_equal8(tap, code, lanes);
    return simde_mm512_mask_mov_pd(sum, mask, add_part_f64(sum, gradient, lanes));
}
static inline vf32 add_where32_part_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient,
                                        int64_t lanes)
{
    return simde_mm512_mask_mov_ps(sum, part_equal32(tap, code, lanes), add_part_f32(sum, gradient, lanes));
}
static inline vf64 add_where32_part_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient,
                                        int64_t lanes)
{
    const simde__mmask8 mask = (simde__mmask8)part_equal32(tap, code, lanes);
    return simde_mm512_mask_mov_pd(sum, mask, add_part_f64(sum, gradient, lanes));
}

static inline void put_part_f32(void *to, vf32 v, int64_t lanes)
{
    poolgrad_mask_storeu_epi32(to, part_mask(lanes), simde_mm512_castps_si512(v));
}
static inline void put_part_f64(void *to, vf64 v, int64_t lanes)
{
    poolgrad_mask_storeu_epi64(to, (simde__mmask8)part_mask(lanes), simde_mm512_castpd_si512(v));
}
static inline void put_part_float16(void *to, vf32 v, int64_t lanes)
{
    poolgrad_mask_storeu_epi16_256(to, part_mask(lanes), poolgrad_cvtps_ph(v));
}
static inline void put_part_bfloat16(void *to, vf32 v, int64_t lanes)
{
    uint16_t codes[LANES_32];
    put_bfloat16(codes, v);
    poolgrad_mask_storeu_epi16_256(to, part_mask(lanes), simde_mm256_loadu_si256((const void *)codes));
}
static inline void narrow_part_f64(void *to, vf64 v, int64_t lanes)
{
    const simde__m256i bits = simde_mm256_castps_si256(poolgrad_cvtpd_ps(v));
    poolgrad_mask_storeu_epi32_256(to, (simde__mmask8)part_mask(lanes), bits);
}

enum { SQUARE_32 = 16, SQUARE_64 = 8 };

/* Rows r and r + half interleaved become rows 2 r and 2 r + 1, until each row has gone through all places. */
static inline void square_32(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    vf32 a[SQUARE_32], b[SQUARE_32];
    for (int64_t r = 0; r < SQUARE_32; r++) a[r] = load_f32((const char *)from + r * from_step);
    for (int stage = 0; stage < 2; stage++) {
        for (int64_t r = 0; r < SQUARE_32 / 2; r++) {
            b[2 * r] = a[r];
            b[2 * r + 1] = a[r + SQUARE_32 / 2];
            interleave_f32(&b[2 * r], &b[2 * r + 1]);
        }
        for (int64_t r = 0; r < SQUARE_32 / 2; r++) {
            a[2 * r] = b[r];
            a[2 * r + 1] = b[r + SQUARE_32 / 2];
            interleave_f32(&a[2 * r], &a[2 * r + 1]);
        }
    }
    for (int64_t r = 0; r < SQUARE_32; r++) store_f32((char *)to + r * to_step, a[r]);
}
static inline void square_64(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    vf64 a[SQUARE_64], b[SQUARE_64];
    for (int64_t r = 0; r < SQUARE_64; r++) b[r] = load_f64((const char *)from + r * from_step);
    for (int stage = 0; stage < 3; stage++) {
        for (int64_t r = 0; r < SQUARE_64; r++) a[r] = b[r];
        for (int64_t r = 0; r < SQUARE_64 / 2; r++) {
            b[2 * r] = a[r];
            b[2 * r + 1] = a[r + SQUARE_64 / 2];
            interleave_f64(&b[2 * r], &b[2 * r + 1]);
        }
    }
    for (int64_t r = 0; r < SQUARE_64; r++) store_f64((char *)to + r * to_step, b[r]);
}

#endif
