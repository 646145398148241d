/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of vectors of 128 and 256 bits: bytes that are not there are neither read nor written. Sizes between two powers
 * of two are the first and the last bytes, which may be the same. */
#ifndef POOLGRAD_SIMD_PARTS_H
#define POOLGRAD_SIMD_PARTS_H

#include <stdint.h>
#include <string.h>

#include <simde/x86/sse2.h>

/* 1 to 8 bytes, zeros behind them. */
static inline uint64_t few_of(const unsigned char *from, int64_t bytes)
{
    uint64_t all;
    uint32_t low, high;
    uint16_t less, more;
    if (bytes == sizeof all) return memcpy(&all, from, sizeof all), all;
    if (bytes >= (int64_t)sizeof low) {
        memcpy(&low, from, sizeof low);
        memcpy(&high, from + bytes - sizeof high, sizeof high);
        return low | (uint64_t)high << (8 * (bytes - (int64_t)sizeof high));
    }
    if (bytes == 1) return *from;
    memcpy(&less, from, sizeof less);
    memcpy(&more, from + bytes - sizeof more, sizeof more);
    return less | (uint64_t)more << (8 * (bytes - (int64_t)sizeof more));
}

/* 1 to 15 bytes, zeros behind them. */
static inline simde__m128i part_of(const unsigned char *from, int64_t bytes)
{
    uint64_t low;
    if (bytes <= (int64_t)sizeof low) return simde_mm_set_epi64x(0, (int64_t)few_of(from, bytes));
    memcpy(&low, from, sizeof low);
    return simde_mm_set_epi64x((int64_t)few_of(from + sizeof low, bytes - (int64_t)sizeof low), (int64_t)low);
}

/* 1 to 31 bytes. */
static inline void copy_part(unsigned char *to, const unsigned char *from, int64_t bytes)
{
    const size_t size = (size_t)bytes;
    if (size >= 16) {
        simde_mm_storeu_si128((void *)to, simde_mm_loadu_si128((const void *)from));
        simde_mm_storeu_si128((void *)(to + size - 16), simde_mm_loadu_si128((const void *)(from + size - 16)));
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else if (size >= 2) {
        memcpy(to, from, 2);
        memcpy(to + size - 2, from + size - 2, 2);
    } else {
        *to = *from;
    }
}

#endif
