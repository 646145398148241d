/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary at 256 bits (AVX2); v1.h describes the words. */
#ifndef POOLGRAD_SIMD_V256_H
#define POOLGRAD_SIMD_V256_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <simde/x86/avx2.h>
#include <simde/x86/f16c.h>

#include "simd/gaps.h"
#include "simd/parts.h"
#include "simd/pieces.h"

enum { VECTOR_BYTES = 32, LANES_16 = 16, LANES_32 = 8, LANES_64 = 4 };

typedef simde__m256i v16, v32, v64;
typedef simde__m256 vf32;
typedef simde__m256d vf64;

static inline v16 load_16(const void *from)
{
    return simde_mm256_loadu_si256(from);
}
static inline void store_16(void *to, v16 v)
{
    simde_mm256_storeu_si256(to, v);
}
static inline v32 load_32(const void *from)
{
    return simde_mm256_loadu_si256(from);
}
static inline void store_32(void *to, v32 v)
{
    simde_mm256_storeu_si256(to, v);
}
static inline v64 load_64(const void *from)
{
    return simde_mm256_loadu_si256(from);
}
static inline void store_64(void *to, v64 v)
{
    simde_mm256_storeu_si256(to, v);
}
static inline v32 splat_32(int64_t value)
{
    return simde_mm256_set1_epi32((int32_t)value);
}
static inline v32 add_32(v32 a, v32 b)
{
    return simde_mm256_add_epi32(a, b);
}
static inline v64 splat_64(int64_t value)
{
    return simde_mm256_set1_epi64x(value);
}
static inline v64 add_64(v64 a, v64 b)
{
    return simde_mm256_add_epi64(a, b);
}

/* `count` bytes, at most 4, in the lowest lanes. */
static inline simde__m128i few_bytes(const void *from, unsigned count)
{
    int32_t bytes = 0;
    memcpy(&bytes, from, count);
    return simde_mm_cvtsi32_si128(bytes);
}

static inline vf32 load_f32(const void *from)
{
    return simde_mm256_loadu_ps(from);
}
static inline void store_f32(void *to, vf32 v)
{
    simde_mm256_storeu_ps(to, v);
}
static inline vf32 zero_f32(void)
{
    return simde_mm256_setzero_ps();
}
static inline vf32 add_f32(vf32 a, vf32 b)
{
    return simde_mm256_add_ps(a, b);
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf32 add_masked_f32(vf32 sum, v32 mask, const float *gradient)
{
    return simde_mm256_add_ps(sum, simde_mm256_and_ps(simde_mm256_castsi256_ps(mask), load_f32(gradient)));
}
static inline vf32 add_where8_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient)
{
    v32 taps = simde_mm256_cvtepu8_epi32(simde_mm_loadl_epi64((const void *)tap));
    return add_masked_f32(sum, simde_mm256_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient);
}
static inline vf32 add_where32_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient)
{
    v32 taps = load_32(tap);
    return add_masked_f32(sum, simde_mm256_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient);
}

static inline vf64 load_f64(const void *from)
{
    return simde_mm256_loadu_pd(from);
}
static inline void store_f64(void *to, vf64 v)
{
    simde_mm256_storeu_pd(to, v);
}
static inline vf64 zero_f64(void)
{
    return simde_mm256_setzero_pd();
}
static inline vf64 add_f64(vf64 a, vf64 b)
{
    return simde_mm256_add_pd(a, b);
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf64 add_masked_f64(vf64 sum, v64 mask, const double *gradient)
{
    return simde_mm256_add_pd(sum, simde_mm256_and_pd(simde_mm256_castsi256_pd(mask), load_f64(gradient)));
}
static inline vf64 add_where8_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient)
{
    v64 taps = simde_mm256_cvtepu8_epi64(few_bytes(tap, 4));
    return add_masked_f64(sum, simde_mm256_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient);
}
static inline vf64 add_where32_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient)
{
    v64 taps = simde_mm256_cvtepi32_epi64(simde_mm_loadu_si128((const void *)tap));
    return add_masked_f64(sum, simde_mm256_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient);
}

/* Within halves of 128 bits, then the halves' quarters in order. */
static inline void deinterleave_16(v16 *a, v16 *b)
{
    const v16 sorted = simde_mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12,
                                             13, 2, 3, 6, 7, 10, 11, 14, 15);
    const v16 first = simde_mm256_shuffle_epi8(*a, sorted), second = simde_mm256_shuffle_epi8(*b, sorted);
    *a = simde_mm256_permute4x64_epi64(simde_mm256_unpacklo_epi64(first, second), 0xd8);
    *b = simde_mm256_permute4x64_epi64(simde_mm256_unpackhi_epi64(first, second), 0xd8);
}
static inline void deinterleave_32(v32 *a, v32 *b)
{
    const vf32 first = simde_mm256_castsi256_ps(*a), second = simde_mm256_castsi256_ps(*b);
    const v32 even = simde_mm256_castps_si256(simde_mm256_shuffle_ps(first, second, 0x88));
    const v32 odd = simde_mm256_castps_si256(simde_mm256_shuffle_ps(first, second, 0xdd));
    *a = simde_mm256_permute4x64_epi64(even, 0xd8);
    *b = simde_mm256_permute4x64_epi64(odd, 0xd8);
}
static inline void deinterleave_64(v64 *a, v64 *b)
{
    const v64 even = simde_mm256_unpacklo_epi64(*a, *b), odd = simde_mm256_unpackhi_epi64(*a, *b);
    *a = simde_mm256_permute4x64_epi64(even, 0xd8);
    *b = simde_mm256_permute4x64_epi64(odd, 0xd8);
}

static inline v64 load_half(const void *from)
{
    return simde_mm256_castsi128_si256(simde_mm_loadu_si128(from));
}
static inline vf32 multiply_f32(vf32 a, vf32 b)
{
    return simde_mm256_mul_ps(a, b);
}
static inline vf64 multiply_f64(vf64 a, vf64 b)
{
    return simde_mm256_mul_pd(a, b);
}
static inline vf64 widen_f32(const void *from)
{
    return simde_mm256_cvtps_pd(simde_mm_loadu_ps(from));
}
static inline void narrow_f64(void *to, vf64 v)
{
    simde_mm_storeu_ps(to, simde_mm256_cvtpd_ps(v));
}

/* Every NaN becomes the canonical one. */
static inline vf32 settle_f32(vf32 v)
{
    const vf32 nan = simde_mm256_castsi256_ps(simde_mm256_set1_epi32(0x7fc00000));
    return simde_mm256_blendv_ps(v, nan, simde_mm256_cmp_ps(v, v, SIMDE_CMP_UNORD_Q));
}
static inline vf64 settle_f64(vf64 v)
{
    const vf64 nan = simde_mm256_castsi256_pd(simde_mm256_set1_epi64x(INT64_C(0x7ff8) << 48));
    return simde_mm256_blendv_pd(v, nan, simde_mm256_cmp_pd(v, v, SIMDE_CMP_UNORD_Q));
}
static inline void interleave_16(v16 *a, v16 *b)
{
    const v16 low = simde_mm256_unpacklo_epi16(*a, *b), high = simde_mm256_unpackhi_epi16(*a, *b);
    *a = simde_mm256_permute2x128_si256(low, high, 0x20);
    *b = simde_mm256_permute2x128_si256(low, high, 0x31);
}
static inline void interleave_f32(vf32 *a, vf32 *b)
{
    const vf32 low = simde_mm256_unpacklo_ps(*a, *b), high = simde_mm256_unpackhi_ps(*a, *b);
    *a = simde_mm256_permute2f128_ps(low, high, 0x20);
    *b = simde_mm256_permute2f128_ps(low, high, 0x31);
}
static inline void interleave_f64(vf64 *a, vf64 *b)
{
    const vf64 low = simde_mm256_unpacklo_pd(*a, *b), high = simde_mm256_unpackhi_pd(*a, *b);
    *a = simde_mm256_permute2f128_pd(low, high, 0x20);
    *b = simde_mm256_permute2f128_pd(low, high, 0x31);
}
static inline bool is_aligned(const void *address)
{
    return (uintptr_t)address % VECTOR_BYTES == 0;
}
static inline void put_f32(void *to, vf32 v, bool past_caches)
{
    if (past_caches && is_aligned(to)) {
        simde_mm256_stream_ps(to, v);
    } else {
        store_f32(to, v);
    }
}
static inline void put_f64(void *to, vf64 v, bool past_caches)
{
    if (past_caches && is_aligned(to)) {
        simde_mm256_stream_pd(to, v);
    } else {
        store_f64(to, v);
    }
}

static inline void put_float16(void *to, vf32 v)
{
    simde_mm_storeu_si128(to, simde_mm256_cvtps_ph(v, 0));
}
static inline void put_bfloat16(void *to, vf32 v)
{
    const v32 bits = simde_mm256_castps_si256(v);
    const v32 odd = simde_mm256_and_si256(simde_mm256_srli_epi32(bits, 16), splat_32(1));
    const v32 rounded = simde_mm256_add_epi32(bits, simde_mm256_add_epi32(odd, splat_32(0x7fff)));
    const v32 code = simde_mm256_srli_epi32(rounded, 16);
    simde_mm_storeu_si128(
        to, simde_mm_packus_epi32(simde_mm256_castsi256_si128(code), simde_mm256_extracti128_si256(code, 1)));
}

/* ---- Elements and masks ------------------------------------------------------------------------------------------ */

typedef v32 m32;
typedef v64 m64;

/* Called from many places, of few elements. Not by a masked load: SIMDe's emulation reads all lanes. */
static __attribute__((noinline)) void take_part(void *room, const void *from, int64_t bytes)
{
    const unsigned char *first = from;
    const simde__m128i nothing = simde_mm_setzero_si128();
    if (bytes < 16) {
        simde_mm256_store_si256(room, simde_mm256_set_m128i(nothing, part_of(first, bytes)));
    } else {
        const simde__m128i rest = bytes > 16 ? part_of(first + 16, bytes - 16) : nothing;
        simde_mm256_store_si256(room, simde_mm256_set_m128i(rest, simde_mm_loadu_si128(from)));
    }
}
static __attribute__((noinline)) void put_part(void *to, const void *room, int64_t bytes)
{
    copy_part(to, room, bytes);
}

static inline vf32 load_float16_f32(const void *from)
{
    return simde_mm256_cvtph_ps(simde_mm_loadu_si128(from));
}
static inline vf32 load_bfloat16_f32(const void *from)
{
    return simde_mm256_castsi256_ps(simde_mm256_slli_epi32(simde_mm256_cvtepu16_epi32(simde_mm_loadu_si128(from)), 16));
}
static inline vf32 load_unorm8_f32(const void *from)
{
    const v32 code = simde_mm256_cvtepu8_epi32(simde_mm_loadl_epi64(from));
    return simde_mm256_div_ps(simde_mm256_cvtepi32_ps(code), simde_mm256_set1_ps(255.0F));
}
static inline vf32 load_unorm16_f32(const void *from)
{
    const v32 code = simde_mm256_cvtepu16_epi32(simde_mm_loadu_si128(from));
    return simde_mm256_div_ps(simde_mm256_cvtepi32_ps(code), simde_mm256_set1_ps(65535.0F));
}
static inline vf64 load_float16_f64(const void *from)
{
    return simde_mm256_cvtps_pd(simde_mm_cvtph_ps(simde_mm_loadl_epi64(from)));
}
static inline vf64 load_bfloat16_f64(const void *from)
{
    const simde__m128i code = simde_mm_unpacklo_epi16(simde_mm_setzero_si128(), simde_mm_loadl_epi64(from));
    return simde_mm256_cvtps_pd(simde_mm_castsi128_ps(code));
}
static inline vf64 load_unorm8_f64(const void *from)
{
    const simde__m128 code = simde_mm_cvtepi32_ps(simde_mm_cvtepu8_epi32(few_bytes(from, 4)));
    return simde_mm256_cvtps_pd(simde_mm_div_ps(code, simde_mm_set1_ps(255.0F)));
}
static inline vf64 load_unorm16_f64(const void *from)
{
    const simde__m128 code = simde_mm_cvtepi32_ps(simde_mm_cvtepu16_epi32(simde_mm_loadl_epi64(from)));
    return simde_mm256_cvtps_pd(simde_mm_div_ps(code, simde_mm_set1_ps(65535.0F)));
}
/* round_to_odd() of numbers.h. */
static inline simde__m128 odd_f64(vf64 v)
{
    const vf64 sign = simde_mm256_set1_pd(-0.0);
    const simde__m128 nearest = simde_mm256_cvtpd_ps(v);
    const vf64 back = simde_mm256_cvtps_pd(nearest);
    const vf64 above = simde_mm256_cmp_pd(simde_mm256_andnot_pd(sign, back), simde_mm256_andnot_pd(sign, v),
                                          SIMDE_CMP_GT_OQ);
    const vf64 beside = simde_mm256_cmp_pd(back, v, SIMDE_CMP_NEQ_UQ);
    const v32 even = simde_mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    const v32 beyond = simde_mm256_permutevar8x32_epi32(simde_mm256_castpd_si256(above), even);
    const v32 inexact = simde_mm256_permutevar8x32_epi32(simde_mm256_castpd_si256(beside), even);
    const simde__m128i lower = simde_mm_add_epi32(simde_mm_castps_si128(nearest), simde_mm256_castsi256_si128(beyond));
    const simde__m128i last = simde_mm_and_si128(simde_mm256_castsi256_si128(inexact), simde_mm_set1_epi32(1));
    return simde_mm_castsi128_ps(simde_mm_or_si128(lower, last));
}
static inline void put_float16_f64(void *to, vf64 v)
{
    simde_mm_storel_epi64(to, simde_mm_cvtps_ph(odd_f64(v), 0));
}
static inline void put_bfloat16_f64(void *to, vf64 v)
{
    const simde__m128i bits = simde_mm_castps_si128(odd_f64(v));
    const simde__m128i odd = simde_mm_and_si128(simde_mm_srli_epi32(bits, 16), simde_mm_set1_epi32(1));
    const simde__m128i rounded = simde_mm_add_epi32(bits, simde_mm_add_epi32(odd, simde_mm_set1_epi32(0x7fff)));
    const simde__m128i code = simde_mm_srli_epi32(rounded, 16);
    simde_mm_storel_epi64(to, simde_mm_packus_epi32(code, code));
}
static inline void put8_32(void *to, v32 v)
{
    const simde__m128i narrow = simde_mm_packus_epi32(simde_mm256_castsi256_si128(v),
                                                      simde_mm256_extracti128_si256(v, 1));
    simde_mm_storel_epi64(to, simde_mm_packus_epi16(narrow, narrow));
}
static inline v32 get8_32(const void *from)
{
    return simde_mm256_cvtepu8_epi32(simde_mm_loadl_epi64(from));
}
static inline m32 less_32(v32 a, v32 b)
{
    const v32 sign = splat_32(INT32_MIN);
    return simde_mm256_cmpgt_epi32(simde_mm256_xor_si256(b, sign), simde_mm256_xor_si256(a, sign));
}
/* Of numbers below 2^63. */
static inline m64 less_64(v64 a, v64 b)
{
    return simde_mm256_cmpgt_epi64(b, a);
}
static inline vf64 square_root_f64(vf64 a)
{
    return simde_mm256_sqrt_pd(a);
}
static inline vf64 add_square_f64(vf64 sum, vf64 x)
{
    return simde_mm256_add_pd(sum, simde_mm256_mul_pd(x, x));
}

static inline vf32 greater_f32(vf32 x, vf32 best)
{
    return simde_mm256_max_ps(x, best);
}

static inline vf32 splat_f32(double value)
{
    return simde_mm256_set1_ps((float)value);
}
static inline vf32 quotient_f32(vf32 a, vf32 b)
{
    return simde_mm256_div_ps(a, b);
}
static inline vf32 quotient_by_f32(vf32 a, vf32 b, vf32 high, vf32 low)
{
    (void)high;
    (void)low;
    return quotient_f32(a, b);
}
static inline m32 more_f32(vf32 x, vf32 y)
{
    return simde_mm256_castps_si256(simde_mm256_cmp_ps(x, y, SIMDE_CMP_GT_OQ));
}
static inline m32 not_less_f32(vf32 x, vf32 y)
{
    return simde_mm256_castps_si256(simde_mm256_cmp_ps(x, y, SIMDE_CMP_GE_OQ));
}
static inline m32 same_f32(vf32 x, vf32 y)
{
    return simde_mm256_castps_si256(simde_mm256_cmp_ps(x, y, SIMDE_CMP_EQ_OQ));
}
static inline m32 nan_f32(vf32 x)
{
    return simde_mm256_castps_si256(simde_mm256_cmp_ps(x, x, SIMDE_CMP_UNORD_Q));
}
static inline m32 ordered_f32(m32 m, vf32 x, vf32 y)
{
    return simde_mm256_and_si256(m, simde_mm256_castps_si256(simde_mm256_cmp_ps(x, y, SIMDE_CMP_ORD_Q)));
}
static inline m32 both_m32(m32 a, m32 b)
{
    return simde_mm256_and_si256(a, b);
}
static inline m32 either_m32(m32 a, m32 b)
{
    return simde_mm256_or_si256(a, b);
}
static inline m32 without_m32(m32 a, m32 b)
{
    return simde_mm256_andnot_si256(b, a);
}
static inline m32 all_m32(bool set)
{
    return simde_mm256_set1_epi32(-(int32_t)set);
}
static inline bool any_m32(m32 m)
{
    return simde_mm256_movemask_epi8(m) != 0;
}
static inline vf32 choose_f32(m32 m, vf32 a, vf32 b)
{
    return simde_mm256_blendv_ps(b, a, simde_mm256_castsi256_ps(m));
}
static inline v32 choose_32(m32 m, v32 a, v32 b)
{
    return simde_mm256_blendv_epi8(b, a, m);
}

static inline vf64 greater_f64(vf64 x, vf64 best)
{
    return simde_mm256_max_pd(x, best);
}

static inline vf64 splat_f64(double value)
{
    return simde_mm256_set1_pd(value);
}
static inline vf64 quotient_f64(vf64 a, vf64 b)
{
    return simde_mm256_div_pd(a, b);
}
static inline vf64 quotient_by_f64(vf64 a, vf64 b, vf64 high, vf64 low)
{
    (void)high;
    (void)low;
    return quotient_f64(a, b);
}
static inline m64 more_f64(vf64 x, vf64 y)
{
    return simde_mm256_castpd_si256(simde_mm256_cmp_pd(x, y, SIMDE_CMP_GT_OQ));
}
static inline m64 not_less_f64(vf64 x, vf64 y)
{
    return simde_mm256_castpd_si256(simde_mm256_cmp_pd(x, y, SIMDE_CMP_GE_OQ));
}
static inline m64 same_f64(vf64 x, vf64 y)
{
    return simde_mm256_castpd_si256(simde_mm256_cmp_pd(x, y, SIMDE_CMP_EQ_OQ));
}
static inline m64 nan_f64(vf64 x)
{
    return simde_mm256_castpd_si256(simde_mm256_cmp_pd(x, x, SIMDE_CMP_UNORD_Q));
}
static inline m64 ordered_f64(m64 m, vf64 x, vf64 y)
{
    return simde_mm256_and_si256(m, simde_mm256_castpd_si256(simde_mm256_cmp_pd(x, y, SIMDE_CMP_ORD_Q)));
}
static inline m64 both_m64(m64 a, m64 b)
{
    return simde_mm256_and_si256(a, b);
}
static inline m64 either_m64(m64 a, m64 b)
{
    return simde_mm256_or_si256(a, b);
}
static inline m64 without_m64(m64 a, m64 b)
{
    return simde_mm256_andnot_si256(b, a);
}
static inline m64 all_m64(bool set)
{
    return simde_mm256_set1_epi32(-(int32_t)set);
}
static inline bool any_m64(m64 m)
{
    return simde_mm256_movemask_epi8(m) != 0;
}
static inline vf64 choose_f64(m64 m, vf64 a, vf64 b)
{
    return simde_mm256_blendv_pd(b, a, simde_mm256_castsi256_pd(m));
}
static inline v64 choose_64(m64 m, v64 a, v64 b)
{
    return simde_mm256_blendv_epi8(b, a, m);
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
        simde_mm256_stream_si256((void *)(target + head), simde_mm256_loadu_si256((const void *)(origin + head)));
    }
    memcpy(target + head, origin + head, (size_t)(bytes - head));
}
static inline void fence(void)
{
    simde_mm_sfence();
}

/* ---- Parts, and squares ------------------------------------------------------------------------------------------ */

static inline v32 part_mask(int64_t lanes)
{
    return simde_mm256_cmpgt_epi32(splat_32(lanes), simde_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline v32 load_part_32(const void *from, int64_t lanes)
{
    return poolgrad_maskload_epi32_256(from, part_mask(lanes));
}
static inline v64 load_part_64(const void *from, int64_t lanes)
{
    return load_part_32(from, 2 * lanes);
}

static inline m32 lanes_m32(int64_t begin, int64_t end)
{
    return without_m32(part_mask(end), part_mask(begin));
}
static inline vf32 load_where_f32(m32 m, const void *from, vf32 others)
{
    return choose_f32(m, simde_mm256_castsi256_ps(poolgrad_maskload_epi32_256(from, m)), others);
}
static inline vf32 evens_f32(vf32 a, vf32 b)
{
    const simde__m256d both = simde_mm256_castps_pd(simde_mm256_shuffle_ps(a, b, 0xd8));
    return simde_mm256_castpd_ps(simde_mm256_permute4x64_pd(both, 0xd8));
}
static inline vf32 load_part_f32(const void *from, int64_t lanes)
{
    return simde_mm256_castsi256_ps(load_part_32(from, lanes));
}
static inline vf64 load_part_f64(const void *from, int64_t lanes)
{
    return simde_mm256_castsi256_pd(load_part_64(from, lanes));
}
static inline vf32 add_part_f32(vf32 sum, const void *from, int64_t lanes)
{
    return simde_mm256_add_ps(sum, simde_mm256_castsi256_ps(load_part_32(from, lanes)));
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf32 add_masked_part_f32(vf32 sum, v32 mask, const float *gradient, int64_t lanes)
{
    return simde_mm256_add_ps(sum,
                              simde_mm256_castsi256_ps(simde_mm256_and_si256(mask, load_part_32(gradient, lanes))));
}
static inline vf32 add_where8_part_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient,
                                       int64_t lanes)
{
    const v32 taps = simde_mm256_cvtepu8_epi32(bytes_part(tap, lanes));
    return add_masked_part_f32(sum, simde_mm256_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient, lanes);
}
static inline vf32 add_where32_part_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient,
                                        int64_t lanes)
{
    const v32 taps = load_part_32(tap, lanes);
    return add_masked_part_f32(sum, simde_mm256_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient, lanes);
}

static inline vf64 add_part_f64(vf64 sum, const void *from, int64_t lanes)
{
    return simde_mm256_add_pd(sum, simde_mm256_castsi256_pd(load_part_64(from, lanes)));
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf64 add_masked_part_f64(vf64 sum, v64 mask, const double *gradient, int64_t lanes)
{
    return simde_mm256_add_pd(sum,
                              simde_mm256_castsi256_pd(simde_mm256_and_si256(mask, load_part_64(gradient, lanes))));
}
static inline vf64 add_where8_part_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient,
                                       int64_t lanes)
{
    const v64 taps = simde_mm256_cvtepu8_epi64(bytes_part(tap, lanes));
    return add_masked_part_f64(sum, simde_mm256_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient, lanes);
}
static inline vf64 add_where32_part_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient,
                                        int64_t lanes)
{
    const v64 taps = simde_mm256_cvtepi32_epi64(words_part(tap, lanes));
    return add_masked_part_f64(sum, simde_mm256_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient, lanes);
}

/* Stores of a mask take long on some processors, loads do not. */
static inline void put_part_32(void *to, v32 v, int64_t lanes)
{
    put_words_part(to, simde_mm256_castsi256_si128(v), lanes < 4 ? lanes : 4);
    if (lanes > 4) put_words_part((char *)to + 16, simde_mm256_extracti128_si256(v, 1), lanes - 4);
}
static inline void put_part_f32(void *to, vf32 v, int64_t lanes)
{
    put_part_32(to, simde_mm256_castps_si256(v), lanes);
}
static inline void put_part_f64(void *to, vf64 v, int64_t lanes)
{
    put_part_32(to, simde_mm256_castpd_si256(v), 2 * lanes);
}
static inline void put_part_float16(void *to, vf32 v, int64_t lanes)
{
    put_halves_part(to, simde_mm256_cvtps_ph(v, 0), lanes);
}
static inline void put_part_bfloat16(void *to, vf32 v, int64_t lanes)
{
    uint16_t codes[LANES_32];
    put_bfloat16(codes, v);
    put_halves_part(to, simde_mm_loadu_si128((const void *)codes), lanes);
}
static inline void narrow_part_f64(void *to, vf64 v, int64_t lanes)
{
    put_words_part(to, simde_mm_castps_si128(simde_mm256_cvtpd_ps(v)), lanes);
}

enum { SQUARE_32 = 8, SQUARE_64 = 4 };

/* Four rows of pairs in, four columns of each half of 128 bits out: a 4 by 4 square in either half. */
static inline void turn_halves(const v32 in[4], v32 out[4])
{
    const v32 ac = simde_mm256_unpacklo_epi32(in[0], in[2]), bd = simde_mm256_unpacklo_epi32(in[1], in[3]);
    const v32 ac_high = simde_mm256_unpackhi_epi32(in[0], in[2]), bd_high = simde_mm256_unpackhi_epi32(in[1], in[3]);
    out[0] = simde_mm256_unpacklo_epi32(ac, bd);
    out[1] = simde_mm256_unpackhi_epi32(ac, bd);
    out[2] = simde_mm256_unpacklo_epi32(ac_high, bd_high);
    out[3] = simde_mm256_unpackhi_epi32(ac_high, bd_high);
}
static inline void square_32(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    v32 rows[8], turned[8];
    for (int64_t r = 0; r < 8; r++) rows[r] = load_32((const char *)from + r * from_step);
    turn_halves(rows, turned);
    turn_halves(rows + 4, turned + 4);
    for (int64_t r = 0; r < 4; r++) {
        store_32((char *)to + r * to_step, simde_mm256_permute2x128_si256(turned[r], turned[r + 4], 0x20));
        store_32((char *)to + (r + 4) * to_step, simde_mm256_permute2x128_si256(turned[r], turned[r + 4], 0x31));
    }
}
static inline void square_64(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    v64 rows[4], turned[4];
    for (int64_t r = 0; r < 4; r++) rows[r] = load_64((const char *)from + r * from_step);
    for (int64_t r = 0; r < 4; r += 2) {
        turned[r] = simde_mm256_unpacklo_epi64(rows[r], rows[r + 1]);
        turned[r + 1] = simde_mm256_unpackhi_epi64(rows[r], rows[r + 1]);
    }
    for (int64_t r = 0; r < 2; r++) {
        store_64((char *)to + r * to_step, simde_mm256_permute2x128_si256(turned[r], turned[r + 2], 0x20));
        store_64((char *)to + (r + 2) * to_step, simde_mm256_permute2x128_si256(turned[r], turned[r + 2], 0x31));
    }
}

#endif
