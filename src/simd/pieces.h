/* SPDX-License-Identifier: Apache-2.0 */
/* What the vocabularies of 128 bits and more share: parts of 128 bits, thirds, and squares of small elements. */
#ifndef POOLGRAD_SIMD_PIECES_H
#define POOLGRAD_SIMD_PIECES_H

#include <stdint.h>
#include <string.h>

#include <simde/x86/sse4.2.h>

/* 1 to 8 bytes, the rest zero: the first and the last ones, which may be the same. */
static inline simde__m128i bytes_part(const void *from, int64_t bytes)
{
    const unsigned char *first = from;
    if (bytes >= 4) {
        uint32_t low, high;
        memcpy(&low, first, sizeof low);
        memcpy(&high, first + bytes - 4, sizeof high);
        return simde_mm_set_epi64x(0, (int64_t)(low | (uint64_t)high << (8 * (bytes - 4))));
    }
    if (bytes >= 2) {
        uint16_t low, high;
        memcpy(&low, first, sizeof low);
        memcpy(&high, first + bytes - 2, sizeof high);
        return simde_mm_cvtsi32_si128((int32_t)(low | (uint32_t)high << (8 * (bytes - 2))));
    }
    return simde_mm_cvtsi32_si128(*first);
}

static inline simde__m128i one_word(const void *from)
{
    int32_t word;
    memcpy(&word, from, sizeof word);
    return simde_mm_cvtsi32_si128(word);
}

/* 1 to 4 words of 32 bits, the rest zero; and back. */
static inline simde__m128i words_part(const void *from, int64_t words)
{
    const unsigned char *first = from;
    if (words == 4) return simde_mm_loadu_si128(from);
    if (words == 1) return one_word(from);
    const simde__m128i low = simde_mm_loadl_epi64(from);
    return words == 2 ? low : simde_mm_unpacklo_epi64(low, one_word(first + 8));
}
static inline void put_words_part(void *to, simde__m128i v, int64_t words)
{
    if (words == 4) {
        simde_mm_storeu_si128(to, v);
        return;
    }
    const int32_t last = words == 3 ? simde_mm_extract_epi32(v, 2) : simde_mm_cvtsi128_si32(v);
    if (words >= 2) simde_mm_storel_epi64(to, v);
    if (words != 2) memcpy((unsigned char *)to + 4 * (words - 1), &last, sizeof last);
}

/* 1 to 8 elements of 16 bits. */
static inline void put_halves_part(void *to, simde__m128i v, int64_t halves)
{
    uint16_t lanes[8];
    simde_mm_storeu_si128((void *)lanes, v);
    for (int64_t i = 0; i < halves; i++) memcpy((unsigned char *)to + 2 * i, &lanes[i], sizeof *lanes);
}

/* ---- Thirds: three vectors whose number of lanes is no multiple of three have every third lane in different places.
 * These are gathered in one vector each, and put in order there; back, the other way round. ------------------------ */

enum { THIRDS_16 = 8, THIRDS_32 = 4 };

/* Lane i of result j is that of v[(i + j) % 3]; the masks are those of i % 3 == 1 and i % 3 == 2. */
static inline void gather_thirds(simde__m128i v[3], simde__m128i second, simde__m128i third)
{
    const simde__m128i a = v[0], b = v[1], c = v[2];
    v[0] = simde_mm_blendv_epi8(simde_mm_blendv_epi8(a, b, second), c, third);
    v[1] = simde_mm_blendv_epi8(simde_mm_blendv_epi8(b, c, second), a, third);
    v[2] = simde_mm_blendv_epi8(simde_mm_blendv_epi8(c, a, second), b, third);
}
static inline simde__m128i load_piece(const void *from, int64_t at)
{
    return simde_mm_loadu_si128((const void *)((const char *)from + at));
}
static inline void store_piece(void *to, int64_t at, simde__m128i v)
{
    simde_mm_storeu_si128((void *)((char *)to + at), v);
}

static inline void gather_thirds_16(simde__m128i v[3])
{
    gather_thirds(v, simde_mm_setr_epi16(0, -1, 0, 0, -1, 0, 0, -1), simde_mm_setr_epi16(0, 0, -1, 0, 0, -1, 0, 0));
}
static inline void split_thirds_16(const void *from, void *to, int64_t to_step)
{
    simde__m128i v[] = {load_piece(from, 0), load_piece(from, 16), load_piece(from, 32)};
    const simde__m128i first = simde_mm_setr_epi8(0, 1, 6, 7, 12, 13, 2, 3, 8, 9, 14, 15, 4, 5, 10, 11);
    const simde__m128i second = simde_mm_setr_epi8(2, 3, 8, 9, 14, 15, 4, 5, 10, 11, 0, 1, 6, 7, 12, 13);
    const simde__m128i third = simde_mm_setr_epi8(4, 5, 10, 11, 0, 1, 6, 7, 12, 13, 2, 3, 8, 9, 14, 15);
    gather_thirds_16(v);
    store_piece(to, 0, simde_mm_shuffle_epi8(v[0], first));
    store_piece(to, to_step, simde_mm_shuffle_epi8(v[2], second));
    store_piece(to, 2 * to_step, simde_mm_shuffle_epi8(v[1], third));
}
static inline void merge_thirds_16(const void *from, int64_t from_step, void *to)
{
    const simde__m128i first = simde_mm_setr_epi8(0, 1, 6, 7, 12, 13, 2, 3, 8, 9, 14, 15, 4, 5, 10, 11);
    const simde__m128i second = simde_mm_setr_epi8(10, 11, 0, 1, 6, 7, 12, 13, 2, 3, 8, 9, 14, 15, 4, 5);
    const simde__m128i third = simde_mm_setr_epi8(4, 5, 10, 11, 0, 1, 6, 7, 12, 13, 2, 3, 8, 9, 14, 15);
    simde__m128i v[] = {simde_mm_shuffle_epi8(load_piece(from, 0), first),
                        simde_mm_shuffle_epi8(load_piece(from, from_step), second),
                        simde_mm_shuffle_epi8(load_piece(from, 2 * from_step), third)};
    gather_thirds_16(v);
    store_piece(to, 0, v[0]);
    store_piece(to, 16, v[2]);
    store_piece(to, 32, v[1]);
}

static inline void gather_thirds_32(simde__m128i v[3])
{
    gather_thirds(v, simde_mm_setr_epi32(0, -1, 0, 0), simde_mm_setr_epi32(0, 0, -1, 0));
}
static inline void split_thirds_32(const void *from, void *to, int64_t to_step)
{
    simde__m128i v[] = {load_piece(from, 0), load_piece(from, 32), load_piece(from, 16)};
    gather_thirds_32(v);
    store_piece(to, 0, simde_mm_shuffle_epi32(v[0], SIMDE_MM_SHUFFLE(1, 2, 3, 0)));
    store_piece(to, to_step, simde_mm_shuffle_epi32(v[2], SIMDE_MM_SHUFFLE(2, 3, 0, 1)));
    store_piece(to, 2 * to_step, simde_mm_shuffle_epi32(v[1], SIMDE_MM_SHUFFLE(3, 0, 1, 2)));
}
static inline void merge_thirds_32(const void *from, int64_t from_step, void *to)
{
    simde__m128i v[] = {simde_mm_shuffle_epi32(load_piece(from, 0), SIMDE_MM_SHUFFLE(1, 2, 3, 0)),
                        simde_mm_shuffle_epi32(load_piece(from, from_step), SIMDE_MM_SHUFFLE(2, 3, 0, 1)),
                        simde_mm_shuffle_epi32(load_piece(from, 2 * from_step), SIMDE_MM_SHUFFLE(3, 0, 1, 2))};
    gather_thirds_32(v);
    store_piece(to, 0, v[0]);
    store_piece(to, 16, v[1]);
    store_piece(to, 32, v[2]);
}

/* ---- Squares: rows become columns. Rows r and r + half interleaved become rows 2 r and 2 r + 1, until each row has
 * gone through all places. */

enum { SQUARE_8 = 16, SQUARE_16 = 8 };

static inline void square_8(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    simde__m128i a[SQUARE_8], b[SQUARE_8];
    for (int64_t r = 0; r < SQUARE_8; r++)
        a[r] = simde_mm_loadu_si128((const void *)((const char *)from + r * from_step));
    for (int stage = 0; stage < 2; stage++) {
        for (int64_t r = 0; r < SQUARE_8 / 2; r++) {
            b[2 * r] = simde_mm_unpacklo_epi8(a[r], a[r + SQUARE_8 / 2]);
            b[2 * r + 1] = simde_mm_unpackhi_epi8(a[r], a[r + SQUARE_8 / 2]);
        }
        for (int64_t r = 0; r < SQUARE_8 / 2; r++) {
            a[2 * r] = simde_mm_unpacklo_epi8(b[r], b[r + SQUARE_8 / 2]);
            a[2 * r + 1] = simde_mm_unpackhi_epi8(b[r], b[r + SQUARE_8 / 2]);
        }
    }
    for (int64_t r = 0; r < SQUARE_8; r++) simde_mm_storeu_si128((void *)((char *)to + r * to_step), a[r]);
}

static inline void square_16(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    simde__m128i a[SQUARE_16], b[SQUARE_16];
    for (int64_t r = 0; r < SQUARE_16; r++)
        b[r] = simde_mm_loadu_si128((const void *)((const char *)from + r * from_step));
    for (int stage = 0; stage < 3; stage++) {
        for (int64_t r = 0; r < SQUARE_16; r++) a[r] = b[r];
        for (int64_t r = 0; r < SQUARE_16 / 2; r++) {
            b[2 * r] = simde_mm_unpacklo_epi16(a[r], a[r + SQUARE_16 / 2]);
            b[2 * r + 1] = simde_mm_unpackhi_epi16(a[r], a[r + SQUARE_16 / 2]);
        }
    }
    for (int64_t r = 0; r < SQUARE_16; r++) simde_mm_storeu_si128((void *)((char *)to + r * to_step), b[r]);
}

#endif
