/* SPDX-License-Identifier: Apache-2.0 */
/* What SIMDe 0.7.4 lacks at 512 bits, and parts of vectors, under the names it would have. The only place that looks
 * for an instruction set's own names. */
#ifndef POOLGRAD_SIMD_GAPS_H
#define POOLGRAD_SIMD_GAPS_H

#include <math.h>
#include <string.h>

#include <simde/x86/avx2.h>
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/cmp.h>
#include <simde/x86/avx512/fmadd.h>
#include <simde/x86/avx512/loadu.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/storeu.h>
#include <simde/x86/avx512/types.h>
#include <simde/x86/f16c.h>

/* 16 bytes against one. */
#if defined(SIMDE_X86_AVX512BW_NATIVE) && defined(SIMDE_X86_AVX512VL_NATIVE)
#define poolgrad_cmpeq_epi8_mask _mm_cmpeq_epi8_mask
#else
static inline simde__mmask16 poolgrad_cmpeq_epi8_mask(simde__m128i a, simde__m128i b)
{
    return (simde__mmask16)simde_mm_movemask_epi8(simde_mm_cmpeq_epi8(a, b));
}
#endif

#if defined(SIMDE_X86_AVX512F_NATIVE)
#define poolgrad_stream_si512(to, value) _mm512_stream_si512(to, value)
#else
#define poolgrad_stream_si512(to, value) simde_mm512_storeu_si512(to, value)
#endif

#if defined(SIMDE_X86_AVX512F_NATIVE)
#define poolgrad_cvtps_pd _mm512_cvtps_pd
#define poolgrad_cvtpd_ps _mm512_cvtpd_ps
#else
static inline simde__m512d poolgrad_cvtps_pd(simde__m256 v)
{
    simde__m256_private from = simde__m256_to_private(v);
    simde__m512d_private to;
    for (unsigned i = 0; i < 8; i++) to.f64[i] = (double)from.f32[i];
    return simde__m512d_from_private(to);
}
static inline simde__m256 poolgrad_cvtpd_ps(simde__m512d v)
{
    simde__m512d_private from = simde__m512d_to_private(v);
    simde__m256_private to;
    for (unsigned i = 0; i < 8; i++) to.f32[i] = (float)from.f64[i];
    return simde__m256_from_private(to);
}
#endif

/* Whether these round once; SIMDe's emulation rounds twice. */
#if defined(SIMDE_X86_AVX512F_NATIVE)
enum { POOLGRAD_FUSES = 1 };
#define poolgrad_fmadd_ps _mm512_fmadd_ps
#define poolgrad_fmadd_pd _mm512_fmadd_pd
#else
enum { POOLGRAD_FUSES = 0 };
#define poolgrad_fmadd_ps simde_mm512_fmadd_ps
#define poolgrad_fmadd_pd simde_mm512_fmadd_pd
#endif

/* By halves of 256 bits. */
#if defined(SIMDE_X86_AVX512F_NATIVE)
#define poolgrad_cvtps_ph(v) _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define poolgrad_cvtepi32_epi16 _mm512_cvtepi32_epi16
#else
static inline simde__m256i poolgrad_cvtps_ph(simde__m512 v)
{
    simde__m512_private from = simde__m512_to_private(v);
    simde__m256i_private to;
    for (int i = 0; i < 2; i++) to.m128i[i] = simde_mm256_cvtps_ph(from.m256[i], 0);
    return simde__m256i_from_private(to);
}
static inline simde__m256i poolgrad_cvtepi32_epi16(simde__m512i v)
{
    simde__m512i_private from = simde__m512i_to_private(v);
    simde__m256i_private to;
    for (unsigned i = 0; i < 16; i++) to.i16[i] = (int16_t)from.i32[i];
    return simde__m256i_from_private(to);
}
#endif

/* The first bytes of a vector, less than all. */
#if defined(SIMDE_X86_AVX512BW_NATIVE)
static inline simde__m512i poolgrad_load_part(const void *from, int64_t bytes)
{
    return _mm512_maskz_loadu_epi8((UINT64_C(1) << bytes) - 1, from);
}
static inline void poolgrad_store_part(void *to, int64_t bytes, simde__m512i v)
{
    _mm512_mask_storeu_epi8(to, (UINT64_C(1) << bytes) - 1, v);
}
#else
static inline simde__m512i poolgrad_load_part(const void *from, int64_t bytes)
{
    simde__m512i_private to = {0};
    memcpy(&to, from, (size_t)bytes);
    return simde__m512i_from_private(to);
}
static inline void poolgrad_store_part(void *to, int64_t bytes, simde__m512i v)
{
    memcpy(to, &v, (size_t)bytes);
}
#endif

#if defined(SIMDE_X86_AVX512F_NATIVE) && defined(SIMDE_X86_AVX512VL_NATIVE)
#define poolgrad_cvtph_ps _mm512_cvtph_ps
#define poolgrad_cvtepu8_epi32 _mm512_cvtepu8_epi32
#define poolgrad_cvtepu16_epi32 _mm512_cvtepu16_epi32
#define poolgrad_cvtepi32_ps _mm512_cvtepi32_ps
#define poolgrad_cvtepi32_epi8 _mm512_cvtepi32_epi8
#define poolgrad_ordered_ps(m, x, y) _mm512_mask_cmp_ps_mask(m, x, y, _CMP_ORD_Q)
#define poolgrad_ordered_pd(m, x, y) _mm512_mask_cmp_pd_mask(m, x, y, _CMP_ORD_Q)
#define poolgrad_truncate_pd(v) _mm512_cvt_roundpd_ps(v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)
#define poolgrad_set_last(v, mask) _mm256_mask_or_epi32(v, mask, v, _mm256_set1_epi32(1))
/* The square is exact: fused or not, the sum is the same. */
#define poolgrad_add_square(sum, x) _mm512_fmadd_pd(x, x, sum)
#else
static inline simde__m512 poolgrad_cvtph_ps(simde__m256i v)
{
    simde__m256i_private from = simde__m256i_to_private(v);
    simde__m512_private to;
    for (int i = 0; i < 2; i++) to.m256[i] = simde_mm256_cvtph_ps(from.m128i[i]);
    return simde__m512_from_private(to);
}
static inline simde__m512i poolgrad_cvtepu8_epi32(simde__m128i v)
{
    simde__m128i_private from = simde__m128i_to_private(v);
    simde__m512i_private to;
    for (unsigned i = 0; i < 16; i++) to.i32[i] = from.u8[i];
    return simde__m512i_from_private(to);
}
static inline simde__m512i poolgrad_cvtepu16_epi32(simde__m256i v)
{
    simde__m256i_private from = simde__m256i_to_private(v);
    simde__m512i_private to;
    for (unsigned i = 0; i < 16; i++) to.i32[i] = from.u16[i];
    return simde__m512i_from_private(to);
}
static inline simde__m512 poolgrad_cvtepi32_ps(simde__m512i v)
{
    simde__m512i_private from = simde__m512i_to_private(v);
    simde__m512_private to;
    for (unsigned i = 0; i < 16; i++) to.f32[i] = (float)from.i32[i];
    return simde__m512_from_private(to);
}
static inline simde__m128i poolgrad_cvtepi32_epi8(simde__m512i v)
{
    simde__m512i_private from = simde__m512i_to_private(v);
    simde__m128i_private to;
    for (unsigned i = 0; i < 16; i++) to.i8[i] = (int8_t)from.i32[i];
    return simde__m128i_from_private(to);
}
static inline simde__mmask16 poolgrad_ordered_ps(simde__mmask16 m, simde__m512 x, simde__m512 y)
{
    return (simde__mmask16)(m & ~simde_mm512_cmp_ps_mask(x, y, SIMDE_CMP_UNORD_Q));
}
static inline simde__mmask8 poolgrad_ordered_pd(simde__mmask8 m, simde__m512d x, simde__m512d y)
{
    return (simde__mmask8)(m & ~simde_mm512_cmp_pd_mask(x, y, SIMDE_CMP_UNORD_Q));
}
/* float32, towards zero. */
static inline simde__m256 poolgrad_truncate_pd(simde__m512d v)
{
    simde__m512d_private from = simde__m512d_to_private(v);
    simde__m256_private to;
    for (unsigned i = 0; i < 8; i++) {
        to.f32[i] = (float)from.f64[i];
        to.i32[i] -= fabs((double)to.f32[i]) > fabs(from.f64[i]);
    }
    return simde__m256_from_private(to);
}
/* The last bit of the mask's lanes of 32 bits. */
static inline simde__m256i poolgrad_set_last(simde__m256i v, simde__mmask8 mask)
{
    simde__m256i_private to = simde__m256i_to_private(v);
    for (unsigned i = 0; i < 8; i++) to.i32[i] |= mask >> i & 1;
    return simde__m256i_from_private(to);
}
static inline simde__m512d poolgrad_add_square(simde__m512d sum, simde__m512d x)
{
    return simde_mm512_add_pd(sum, simde_mm512_mul_pd(x, x));
}
#endif

/* Parts of a vector: the lanes of a mask, the others zero or left alone. */
#if defined(SIMDE_X86_AVX512F_NATIVE) && defined(SIMDE_X86_AVX512BW_NATIVE) && defined(SIMDE_X86_AVX512VL_NATIVE)
#define poolgrad_maskz_loadu_epi8_128 _mm_maskz_loadu_epi8
#define poolgrad_maskz_loadu_epi32 _mm512_maskz_loadu_epi32
#define poolgrad_maskz_loadu_epi64 _mm512_maskz_loadu_epi64
#define poolgrad_mask_loadu_ps _mm512_mask_loadu_ps
#define poolgrad_mask_storeu_epi32 _mm512_mask_storeu_epi32
#define poolgrad_mask_storeu_epi64 _mm512_mask_storeu_epi64
#define poolgrad_mask_storeu_epi16_256 _mm256_mask_storeu_epi16
#define poolgrad_mask_storeu_epi32_256 _mm256_mask_storeu_epi32
#else
static inline simde__m128i poolgrad_maskz_loadu_epi8_128(simde__mmask16 mask, const void *from)
{
    int8_t lanes[16] = {0};
    for (unsigned i = 0; i < 16; i++) {
        if (mask >> i & 1) memcpy(&lanes[i], (const unsigned char *)from + i, sizeof *lanes);
    }
    return simde_mm_loadu_si128((const void *)lanes);
}
static inline simde__m512i poolgrad_maskz_loadu_epi32(simde__mmask16 mask, const void *from)
{
    int32_t lanes[16] = {0};
    for (unsigned i = 0; i < 16; i++) {
        if (mask >> i & 1) memcpy(&lanes[i], (const unsigned char *)from + sizeof *lanes * i, sizeof *lanes);
    }
    return simde_mm512_loadu_si512(lanes);
}
static inline simde__m512i poolgrad_maskz_loadu_epi64(simde__mmask8 mask, const void *from)
{
    int64_t lanes[8] = {0};
    for (unsigned i = 0; i < 8; i++) {
        if (mask >> i & 1) memcpy(&lanes[i], (const unsigned char *)from + sizeof *lanes * i, sizeof *lanes);
    }
    return simde_mm512_loadu_si512(lanes);
}
static inline simde__m512 poolgrad_mask_loadu_ps(simde__m512 others, simde__mmask16 mask, const void *from)
{
    return simde_mm512_mask_mov_ps(others, mask, simde_mm512_castsi512_ps(poolgrad_maskz_loadu_epi32(mask, from)));
}
static inline void poolgrad_mask_storeu_epi32(void *to, simde__mmask16 mask, simde__m512i v)
{
    int32_t lanes[16];
    simde_mm512_storeu_si512(lanes, v);
    for (unsigned i = 0; i < 16; i++) {
        if (mask >> i & 1) memcpy((unsigned char *)to + sizeof *lanes * i, &lanes[i], sizeof *lanes);
    }
}
static inline void poolgrad_mask_storeu_epi64(void *to, simde__mmask8 mask, simde__m512i v)
{
    int64_t lanes[8];
    simde_mm512_storeu_si512(lanes, v);
    for (unsigned i = 0; i < 8; i++) {
        if (mask >> i & 1) memcpy((unsigned char *)to + sizeof *lanes * i, &lanes[i], sizeof *lanes);
    }
}
static inline void poolgrad_mask_storeu_epi16_256(void *to, simde__mmask16 mask, simde__m256i v)
{
    int16_t lanes[16];
    simde_mm256_storeu_si256((void *)lanes, v);
    for (unsigned i = 0; i < 16; i++) {
        if (mask >> i & 1) memcpy((unsigned char *)to + sizeof *lanes * i, &lanes[i], sizeof *lanes);
    }
}
static inline void poolgrad_mask_storeu_epi32_256(void *to, simde__mmask8 mask, simde__m256i v)
{
    int32_t lanes[8];
    simde_mm256_storeu_si256((void *)lanes, v);
    for (unsigned i = 0; i < 8; i++) {
        if (mask >> i & 1) memcpy((unsigned char *)to + sizeof *lanes * i, &lanes[i], sizeof *lanes);
    }
}
#endif

/* SIMDe's reads all lanes where it is emulated. */
#if defined(SIMDE_X86_AVX2_NATIVE)
#define poolgrad_maskload_epi32_256(from, mask) _mm256_maskload_epi32((const int32_t *)(from), mask)
#else
static inline simde__m256i poolgrad_maskload_epi32_256(const void *from, simde__m256i mask)
{
    int32_t chosen[8], lanes[8] = {0};
    simde_mm256_storeu_si256((void *)chosen, mask);
    for (unsigned i = 0; i < 8; i++) {
        if (chosen[i] < 0) memcpy(&lanes[i], (const unsigned char *)from + sizeof *lanes * i, sizeof *lanes);
    }
    return simde_mm256_loadu_si256((const void *)lanes);
}
#endif

#endif
