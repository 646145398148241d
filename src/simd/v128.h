/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary at 128 bits (SSE4.1; NEON and WebAssembly through SIMDe); v1.h describes the words. */
#ifndef POOLGRAD_SIMD_V128_H
#define POOLGRAD_SIMD_V128_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <simde/x86/sse4.2.h>

#include "simd/parts.h"
#include "simd/pieces.h"

enum { VECTOR_BYTES = 16, LANES_16 = 8, LANES_32 = 4, LANES_64 = 2 };

typedef simde__m128i v16, v32, v64;
typedef simde__m128 vf32;
typedef simde__m128d vf64;

static inline v16 load_16(const void *from)
{
    return simde_mm_loadu_si128(from);
}
static inline void store_16(void *to, v16 v)
{
    simde_mm_storeu_si128(to, v);
}
static inline v32 load_32(const void *from)
{
    return simde_mm_loadu_si128(from);
}
static inline void store_32(void *to, v32 v)
{
    simde_mm_storeu_si128(to, v);
}
static inline v64 load_64(const void *from)
{
    return simde_mm_loadu_si128(from);
}
static inline void store_64(void *to, v64 v)
{
    simde_mm_storeu_si128(to, v);
}
static inline v32 splat_32(int64_t value)
{
    return simde_mm_set1_epi32((int32_t)value);
}
static inline v32 add_32(v32 a, v32 b)
{
    return simde_mm_add_epi32(a, b);
}
static inline v64 splat_64(int64_t value)
{
    return simde_mm_set1_epi64x(value);
}
static inline v64 add_64(v64 a, v64 b)
{
    return simde_mm_add_epi64(a, b);
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
    return simde_mm_loadu_ps(from);
}
static inline void store_f32(void *to, vf32 v)
{
    simde_mm_storeu_ps(to, v);
}
static inline vf32 zero_f32(void)
{
    return simde_mm_setzero_ps();
}
static inline vf32 add_f32(vf32 a, vf32 b)
{
    return simde_mm_add_ps(a, b);
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf32 add_masked_f32(vf32 sum, v32 mask, const float *gradient)
{
    return simde_mm_add_ps(sum, simde_mm_and_ps(simde_mm_castsi128_ps(mask), load_f32(gradient)));
}
static inline vf32 add_where8_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient)
{
    v32 taps = simde_mm_cvtepu8_epi32(few_bytes(tap, 4));
    return add_masked_f32(sum, simde_mm_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient);
}
static inline vf32 add_where32_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient)
{
    v32 taps = load_32(tap);
    return add_masked_f32(sum, simde_mm_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient);
}

static inline vf64 load_f64(const void *from)
{
    return simde_mm_loadu_pd(from);
}
static inline void store_f64(void *to, vf64 v)
{
    simde_mm_storeu_pd(to, v);
}
static inline vf64 zero_f64(void)
{
    return simde_mm_setzero_pd();
}
static inline vf64 add_f64(vf64 a, vf64 b)
{
    return simde_mm_add_pd(a, b);
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf64 add_masked_f64(vf64 sum, v64 mask, const double *gradient)
{
    return simde_mm_add_pd(sum, simde_mm_and_pd(simde_mm_castsi128_pd(mask), load_f64(gradient)));
}
static inline vf64 add_where8_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient)
{
    v64 taps = simde_mm_cvtepu8_epi64(few_bytes(tap, 2));
    return add_masked_f64(sum, simde_mm_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient);
}
static inline vf64 add_where32_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient)
{
    v64 taps = simde_mm_cvtepi32_epi64(simde_mm_loadl_epi64((const void *)tap));
    return add_masked_f64(sum, simde_mm_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient);
}

static inline void deinterleave_16(v16 *a, v16 *b)
{
    const v16 sorted = simde_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    const v16 first = simde_mm_shuffle_epi8(*a, sorted), second = simde_mm_shuffle_epi8(*b, sorted);
    *a = simde_mm_unpacklo_epi64(first, second);
    *b = simde_mm_unpackhi_epi64(first, second);
}
static inline void deinterleave_32(v32 *a, v32 *b)
{
    const vf32 first = simde_mm_castsi128_ps(*a), second = simde_mm_castsi128_ps(*b);
    *a = simde_mm_castps_si128(simde_mm_shuffle_ps(first, second, 0x88));
    *b = simde_mm_castps_si128(simde_mm_shuffle_ps(first, second, 0xdd));
}
static inline void deinterleave_64(v64 *a, v64 *b)
{
    const v64 low = simde_mm_unpacklo_epi64(*a, *b), high = simde_mm_unpackhi_epi64(*a, *b);
    *a = low;
    *b = high;
}

static inline v64 load_half(const void *from)
{
    return simde_mm_loadl_epi64(from);
}
static inline vf32 multiply_f32(vf32 a, vf32 b)
{
    return simde_mm_mul_ps(a, b);
}
static inline vf64 multiply_f64(vf64 a, vf64 b)
{
    return simde_mm_mul_pd(a, b);
}
static inline vf64 widen_f32(const void *from)
{
    return simde_mm_cvtps_pd(simde_mm_castsi128_ps(simde_mm_loadl_epi64(from)));
}
static inline void narrow_f64(void *to, vf64 v)
{
    simde_mm_storel_epi64(to, simde_mm_castps_si128(simde_mm_cvtpd_ps(v)));
}

/* Every NaN becomes the canonical one. */
static inline vf32 settle_f32(vf32 v)
{
    return simde_mm_blendv_ps(v, simde_mm_castsi128_ps(simde_mm_set1_epi32(0x7fc00000)), simde_mm_cmpunord_ps(v, v));
}
static inline vf64 settle_f64(vf64 v)
{
    const simde__m128i nan = simde_mm_set1_epi64x(INT64_C(0x7ff8) << 48);
    return simde_mm_blendv_pd(v, simde_mm_castsi128_pd(nan), simde_mm_cmpunord_pd(v, v));
}
static inline void interleave_16(v16 *a, v16 *b)
{
    const v16 low = simde_mm_unpacklo_epi16(*a, *b), high = simde_mm_unpackhi_epi16(*a, *b);
    *a = low;
    *b = high;
}
static inline void interleave_f32(vf32 *a, vf32 *b)
{
    const vf32 low = simde_mm_unpacklo_ps(*a, *b), high = simde_mm_unpackhi_ps(*a, *b);
    *a = low;
    *b = high;
}
static inline void interleave_f64(vf64 *a, vf64 *b)
{
    const vf64 low = simde_mm_unpacklo_pd(*a, *b), high = simde_mm_unpackhi_pd(*a, *b);
    *a = low;
    *b = high;
}
static inline bool is_aligned(const void *address)
{
    return (uintptr_t)address % VECTOR_BYTES == 0;
}
static inline void put_f32(void *to, vf32 v, bool past_caches)
{
    if (past_caches && is_aligned(to)) {
        simde_mm_stream_ps(to, v);
    } else {
        store_f32(to, v);
    }
}
static inline void put_f64(void *to, vf64 v, bool past_caches)
{
    if (past_caches && is_aligned(to)) {
        simde_mm_stream_pd(to, v);
    } else {
        store_f64(to, v);
    }
}

/* float16 by integers: where SSE4.1 is all there is, there is no instruction for it. 0.5 has its last bit where float16
 * has its subnormals' last one, so that adding it rounds there. */
static inline void put_float16(void *to, vf32 v)
{
    const v32 bits = simde_mm_castps_si128(v), magnitude = simde_mm_and_si128(bits, splat_32(INT32_MAX));
    const v32 sign = simde_mm_and_si128(simde_mm_srli_epi32(bits, 16), splat_32(0x8000));
    const v32 half = splat_32(126 << 23), least = splat_32(113 << 23), nan = splat_32(0x7f800000);
    const v32 small = simde_mm_cmpgt_epi32(least, magnitude),
              large = simde_mm_cmpgt_epi32(magnitude, splat_32((143 << 23) - 1));
    const vf32 shifted = simde_mm_add_ps(simde_mm_castsi128_ps(simde_mm_and_si128(magnitude, small)),
                                         simde_mm_castsi128_ps(half));
    const v32 subnormal = simde_mm_sub_epi32(simde_mm_castps_si128(shifted), half);
    const v32 even = simde_mm_and_si128(simde_mm_srli_epi32(magnitude, 13), splat_32(1));
    const v32 rebiased = simde_mm_add_epi32(magnitude, splat_32(0xfff - (112 << 23)));
    const v32 normal = simde_mm_srli_epi32(simde_mm_add_epi32(rebiased, even), 13);
    v32 code = simde_mm_blendv_epi8(normal, subnormal, small);
    code = simde_mm_blendv_epi8(code, splat_32(0x7c00), large);
    code = simde_mm_blendv_epi8(code, splat_32(0x7e00), simde_mm_cmpgt_epi32(magnitude, nan));
    code = simde_mm_or_si128(code, sign);
    simde_mm_storel_epi64(to, simde_mm_packus_epi32(code, code));
}
static inline void put_bfloat16(void *to, vf32 v)
{
    const v32 bits = simde_mm_castps_si128(v), odd = simde_mm_and_si128(simde_mm_srli_epi32(bits, 16), splat_32(1));
    const v32 rounded = simde_mm_add_epi32(bits, simde_mm_add_epi32(odd, splat_32(0x7fff)));
    const v32 code = simde_mm_srli_epi32(rounded, 16);
    simde_mm_storel_epi64(to, simde_mm_packus_epi32(code, code));
}

/* ---- Elements and masks ------------------------------------------------------------------------------------------ */

typedef v32 m32;
typedef v64 m64;

/* Called from many places, of few elements. */
static __attribute__((noinline)) void take_part(void *room, const void *from, int64_t bytes)
{
    simde_mm_store_si128(room, part_of(from, bytes));
}
static __attribute__((noinline)) void put_part(void *to, const void *room, int64_t bytes)
{
    copy_part(to, room, bytes);
}

/* The exponent's bias changes by a multiplication, which is exact of subnormals as well; infinity and NaN get the
 * exponent that float32 has for them. */
static inline vf32 float16_f32(v32 code)
{
    const v32 magnitude = simde_mm_slli_epi32(simde_mm_and_si128(code, splat_32(0x7fff)), 13);
    const v32 sign = simde_mm_slli_epi32(simde_mm_and_si128(code, splat_32(0x8000)), 16);
    const v32 large = simde_mm_cmpgt_epi32(magnitude, splat_32((0x1f << 23) - 1));
    const vf32 number = simde_mm_mul_ps(simde_mm_castsi128_ps(magnitude), simde_mm_set1_ps(0x1p112F));
    const v32 special = simde_mm_or_si128(sign, simde_mm_and_si128(large, splat_32(0x7f800000)));
    return simde_mm_castsi128_ps(simde_mm_or_si128(simde_mm_castps_si128(number), special));
}
static inline vf32 bfloat16_f32(simde__m128i code)
{
    return simde_mm_castsi128_ps(simde_mm_unpacklo_epi16(simde_mm_setzero_si128(), code));
}
static inline vf32 unorm_f32(v32 code, float most)
{
    return simde_mm_div_ps(simde_mm_cvtepi32_ps(code), simde_mm_set1_ps(most));
}
static inline vf32 load_float16_f32(const void *from)
{
    return float16_f32(simde_mm_cvtepu16_epi32(simde_mm_loadl_epi64(from)));
}
static inline vf32 load_bfloat16_f32(const void *from)
{
    return bfloat16_f32(simde_mm_loadl_epi64(from));
}
static inline vf32 load_unorm8_f32(const void *from)
{
    return unorm_f32(simde_mm_cvtepu8_epi32(few_bytes(from, 4)), 255.0F);
}
static inline vf32 load_unorm16_f32(const void *from)
{
    return unorm_f32(simde_mm_cvtepu16_epi32(simde_mm_loadl_epi64(from)), 65535.0F);
}
static inline vf64 load_float16_f64(const void *from)
{
    return simde_mm_cvtps_pd(float16_f32(simde_mm_cvtepu16_epi32(few_bytes(from, 4))));
}
static inline vf64 load_bfloat16_f64(const void *from)
{
    return simde_mm_cvtps_pd(bfloat16_f32(few_bytes(from, 4)));
}
static inline vf64 load_unorm8_f64(const void *from)
{
    return simde_mm_cvtps_pd(unorm_f32(simde_mm_cvtepu8_epi32(few_bytes(from, 2)), 255.0F));
}
static inline vf64 load_unorm16_f64(const void *from)
{
    return simde_mm_cvtps_pd(unorm_f32(simde_mm_cvtepu16_epi32(few_bytes(from, 4)), 65535.0F));
}
/* round_to_odd() of numbers.h, in the lower lanes. */
static inline vf32 odd_f64(vf64 v)
{
    const vf64 sign = simde_mm_set1_pd(-0.0);
    const vf32 nearest = simde_mm_cvtpd_ps(v);
    const vf64 back = simde_mm_cvtps_pd(nearest);
    const vf32 above =
        simde_mm_castpd_ps(simde_mm_cmpgt_pd(simde_mm_andnot_pd(sign, back), simde_mm_andnot_pd(sign, v)));
    const vf32 beside = simde_mm_castpd_ps(simde_mm_cmpneq_pd(back, v));
    const v32 beyond = simde_mm_castps_si128(simde_mm_shuffle_ps(above, above, 0x88));
    const v32 inexact = simde_mm_castps_si128(simde_mm_shuffle_ps(beside, beside, 0x88));
    const v32 lower = simde_mm_add_epi32(simde_mm_castps_si128(nearest), beyond);
    return simde_mm_castsi128_ps(simde_mm_or_si128(lower, simde_mm_and_si128(inexact, splat_32(1))));
}
static inline void put_float16_f64(void *to, vf64 v)
{
    uint64_t codes;
    put_float16(&codes, odd_f64(v));
    memcpy(to, &codes, sizeof codes / 2);
}
static inline void put_bfloat16_f64(void *to, vf64 v)
{
    uint64_t codes;
    put_bfloat16(&codes, odd_f64(v));
    memcpy(to, &codes, sizeof codes / 2);
}
static inline void put8_32(void *to, v32 v)
{
    const simde__m128i narrow = simde_mm_packus_epi32(v, v);
    const int32_t bytes = simde_mm_cvtsi128_si32(simde_mm_packus_epi16(narrow, narrow));
    memcpy(to, &bytes, sizeof bytes);
}
static inline v32 get8_32(const void *from)
{
    return simde_mm_cvtepu8_epi32(few_bytes(from, 4));
}
static inline m32 less_32(v32 a, v32 b)
{
    const v32 sign = splat_32(INT32_MIN);
    return simde_mm_cmpgt_epi32(simde_mm_xor_si128(b, sign), simde_mm_xor_si128(a, sign));
}
/* Of numbers below 2^63. */
static inline m64 less_64(v64 a, v64 b)
{
    return simde_mm_cmpgt_epi64(b, a);
}
static inline vf64 square_root_f64(vf64 a)
{
    return simde_mm_sqrt_pd(a);
}
static inline vf64 add_square_f64(vf64 sum, vf64 x)
{
    return simde_mm_add_pd(sum, simde_mm_mul_pd(x, x));
}
/* SIMDe's maximum is other processors' own at this width, which treats zeros and NaNs otherwise. */
static inline vf64 greater_f64(vf64 x, vf64 best)
{
    return simde_mm_blendv_pd(best, x, simde_mm_cmpgt_pd(x, best));
}
static inline vf32 greater_f32(vf32 x, vf32 best)
{
    return simde_mm_max_ps(x, best);
}

static inline vf32 splat_f32(double value)
{
    return simde_mm_set1_ps((float)value);
}
static inline vf32 quotient_f32(vf32 a, vf32 b)
{
    return simde_mm_div_ps(a, b);
}
static inline vf32 quotient_by_f32(vf32 a, vf32 b, vf32 high, vf32 low)
{
    (void)high;
    (void)low;
    return quotient_f32(a, b);
}
static inline m32 more_f32(vf32 x, vf32 y)
{
    return simde_mm_castps_si128(simde_mm_cmpgt_ps(x, y));
}
static inline m32 not_less_f32(vf32 x, vf32 y)
{
    return simde_mm_castps_si128(simde_mm_cmpge_ps(x, y));
}
static inline m32 same_f32(vf32 x, vf32 y)
{
    return simde_mm_castps_si128(simde_mm_cmpeq_ps(x, y));
}
static inline m32 nan_f32(vf32 x)
{
    return simde_mm_castps_si128(simde_mm_cmpunord_ps(x, x));
}
static inline m32 ordered_f32(m32 m, vf32 x, vf32 y)
{
    return simde_mm_and_si128(m, simde_mm_castps_si128(simde_mm_cmpord_ps(x, y)));
}
static inline m32 both_m32(m32 a, m32 b)
{
    return simde_mm_and_si128(a, b);
}
static inline m32 either_m32(m32 a, m32 b)
{
    return simde_mm_or_si128(a, b);
}
static inline m32 without_m32(m32 a, m32 b)
{
    return simde_mm_andnot_si128(b, a);
}
static inline m32 all_m32(bool set)
{
    return simde_mm_set1_epi32(-(int32_t)set);
}
static inline bool any_m32(m32 m)
{
    return simde_mm_movemask_epi8(m) != 0;
}
static inline vf32 choose_f32(m32 m, vf32 a, vf32 b)
{
    return simde_mm_blendv_ps(b, a, simde_mm_castsi128_ps(m));
}
static inline v32 choose_32(m32 m, v32 a, v32 b)
{
    return simde_mm_blendv_epi8(b, a, m);
}

static inline vf64 splat_f64(double value)
{
    return simde_mm_set1_pd(value);
}
static inline vf64 quotient_f64(vf64 a, vf64 b)
{
    return simde_mm_div_pd(a, b);
}
static inline vf64 quotient_by_f64(vf64 a, vf64 b, vf64 high, vf64 low)
{
    (void)high;
    (void)low;
    return quotient_f64(a, b);
}
static inline m64 more_f64(vf64 x, vf64 y)
{
    return simde_mm_castpd_si128(simde_mm_cmpgt_pd(x, y));
}
static inline m64 not_less_f64(vf64 x, vf64 y)
{
    return simde_mm_castpd_si128(simde_mm_cmpge_pd(x, y));
}
static inline m64 same_f64(vf64 x, vf64 y)
{
    return simde_mm_castpd_si128(simde_mm_cmpeq_pd(x, y));
}
static inline m64 nan_f64(vf64 x)
{
    return simde_mm_castpd_si128(simde_mm_cmpunord_pd(x, x));
}
static inline m64 ordered_f64(m64 m, vf64 x, vf64 y)
{
    return simde_mm_and_si128(m, simde_mm_castpd_si128(simde_mm_cmpord_pd(x, y)));
}
static inline m64 both_m64(m64 a, m64 b)
{
    return simde_mm_and_si128(a, b);
}
static inline m64 either_m64(m64 a, m64 b)
{
    return simde_mm_or_si128(a, b);
}
static inline m64 without_m64(m64 a, m64 b)
{
    return simde_mm_andnot_si128(b, a);
}
static inline m64 all_m64(bool set)
{
    return simde_mm_set1_epi32(-(int32_t)set);
}
static inline bool any_m64(m64 m)
{
    return simde_mm_movemask_epi8(m) != 0;
}
static inline vf64 choose_f64(m64 m, vf64 a, vf64 b)
{
    return simde_mm_blendv_pd(b, a, simde_mm_castsi128_pd(m));
}
static inline v64 choose_64(m64 m, v64 a, v64 b)
{
    return simde_mm_blendv_epi8(b, a, m);
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
        simde_mm_stream_si128((void *)(target + head), simde_mm_loadu_si128((const void *)(origin + head)));
    }
    memcpy(target + head, origin + head, (size_t)(bytes - head));
}
static inline void fence(void)
{
    simde_mm_sfence();
}

/* ---- Parts, and squares ------------------------------------------------------------------------------------------ */

static inline v32 load_part_32(const void *from, int64_t lanes)
{
    return words_part(from, lanes);
}
static inline v64 load_part_64(const void *from, int64_t lanes)
{
    return words_part(from, 2 * lanes);
}

static inline m32 lanes_m32(int64_t begin, int64_t end)
{
    const v32 number = simde_mm_setr_epi32(0, 1, 2, 3);
    return without_m32(simde_mm_cmpgt_epi32(splat_32(end), number), simde_mm_cmpgt_epi32(splat_32(begin), number));
}
/* Lane by lane: rare. */
static inline vf32 load_where_f32(m32 m, const void *from, vf32 others)
{
    int32_t set[LANES_32];
    float lanes[LANES_32];
    simde_mm_storeu_si128((void *)set, m);
    store_f32(lanes, others);
    for (int i = 0; i < LANES_32; i++) {
        if (set[i] != 0) memcpy(&lanes[i], (const unsigned char *)from + sizeof *lanes * (size_t)i, sizeof *lanes);
    }
    return load_f32(lanes);
}
static inline vf32 evens_f32(vf32 a, vf32 b)
{
    return simde_mm_shuffle_ps(a, b, 0xd8);
}
static inline vf32 load_part_f32(const void *from, int64_t lanes)
{
    return simde_mm_castsi128_ps(load_part_32(from, lanes));
}
static inline vf64 load_part_f64(const void *from, int64_t lanes)
{
    return simde_mm_castsi128_pd(load_part_64(from, lanes));
}
static inline vf32 add_part_f32(vf32 sum, const void *from, int64_t lanes)
{
    return simde_mm_add_ps(sum, simde_mm_castsi128_ps(load_part_32(from, lanes)));
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf32 add_masked_part_f32(vf32 sum, v32 mask, const float *gradient, int64_t lanes)
{
    return simde_mm_add_ps(sum, simde_mm_castsi128_ps(simde_mm_and_si128(mask, load_part_32(gradient, lanes))));
}
static inline vf32 add_where8_part_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient,
                                       int64_t lanes)
{
    const v32 taps = simde_mm_cvtepu8_epi32(bytes_part(tap, lanes));
    return add_masked_part_f32(sum, simde_mm_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient, lanes);
}
static inline vf32 add_where32_part_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient,
                                        int64_t lanes)
{
    const v32 taps = load_part_32(tap, lanes);
    return add_masked_part_f32(sum, simde_mm_cmpeq_epi32(taps, splat_32((int32_t)code)), gradient, lanes);
}

static inline vf64 add_part_f64(vf64 sum, const void *from, int64_t lanes)
{
    return simde_mm_add_pd(sum, simde_mm_castsi128_pd(load_part_64(from, lanes)));
}
/* The sum is never -0, so that adding +0 leaves it as it is. */
static inline vf64 add_masked_part_f64(vf64 sum, v64 mask, const double *gradient, int64_t lanes)
{
    return simde_mm_add_pd(sum, simde_mm_castsi128_pd(simde_mm_and_si128(mask, load_part_64(gradient, lanes))));
}
static inline vf64 add_where8_part_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient,
                                       int64_t lanes)
{
    const v64 taps = simde_mm_cvtepu8_epi64(bytes_part(tap, lanes));
    return add_masked_part_f64(sum, simde_mm_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient, lanes);
}
static inline vf64 add_where32_part_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient,
                                        int64_t lanes)
{
    const v64 taps = simde_mm_cvtepi32_epi64(words_part(tap, lanes));
    return add_masked_part_f64(sum, simde_mm_cmpeq_epi64(taps, splat_64((int32_t)code)), gradient, lanes);
}

static inline void put_part_f32(void *to, vf32 v, int64_t lanes)
{
    put_words_part(to, simde_mm_castps_si128(v), lanes);
}
static inline void put_part_f64(void *to, vf64 v, int64_t lanes)
{
    put_words_part(to, simde_mm_castpd_si128(v), 2 * lanes);
}
static inline void put_part_float16(void *to, vf32 v, int64_t lanes)
{
    uint16_t codes[8];
    put_float16(codes, v);
    put_halves_part(to, simde_mm_loadl_epi64((const void *)codes), lanes);
}
static inline void put_part_bfloat16(void *to, vf32 v, int64_t lanes)
{
    uint16_t codes[8];
    put_bfloat16(codes, v);
    put_halves_part(to, simde_mm_loadl_epi64((const void *)codes), lanes);
}
static inline void narrow_part_f64(void *to, vf64 v, int64_t lanes)
{
    put_words_part(to, simde_mm_castps_si128(simde_mm_cvtpd_ps(v)), lanes);
}

enum { SQUARE_32 = 4, SQUARE_64 = 2 };

static inline void square_32(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    const char *origin = from;
    char *target = to;
    const v32 a = load_32(origin), b = load_32(origin + from_step);
    const v32 c = load_32(origin + 2 * from_step), d = load_32(origin + 3 * from_step);
    const v32 ac = simde_mm_unpacklo_epi32(a, c), bd = simde_mm_unpacklo_epi32(b, d);
    const v32 ac_high = simde_mm_unpackhi_epi32(a, c), bd_high = simde_mm_unpackhi_epi32(b, d);
    store_32(target, simde_mm_unpacklo_epi32(ac, bd));
    store_32(target + to_step, simde_mm_unpackhi_epi32(ac, bd));
    store_32(target + 2 * to_step, simde_mm_unpacklo_epi32(ac_high, bd_high));
    store_32(target + 3 * to_step, simde_mm_unpackhi_epi32(ac_high, bd_high));
}
static inline void square_64(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    const v64 a = load_64(from), b = load_64((const char *)from + from_step);
    store_64(to, simde_mm_unpacklo_epi64(a, b));
    store_64((char *)to + to_step, simde_mm_unpackhi_epi64(a, b));
}

#endif
