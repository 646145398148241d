/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread's share of a stream. Included once for each instruction set, which the compiler's flags choose, with
 *     STREAM_KERNEL   the function's name
 */
#include <stdint.h>
#include <string.h>

#include "measure/stream_share.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
typedef __m512i vector;
#define LOAD(at) _mm512_load_si512(at)
#define STORE(at, value) _mm512_store_si512(at, value)
#define STREAM(at, value) _mm512_stream_si512(at, value)
#define OR(a, b) _mm512_or_si512(a, b)
#define ZERO _mm512_setzero_si512()
#elif defined(__AVX2__)
typedef __m256i vector;
#define LOAD(at) _mm256_load_si256(at)
#define STORE(at, value) _mm256_store_si256(at, value)
#define STREAM(at, value) _mm256_stream_si256(at, value)
#define OR(a, b) _mm256_or_si256(a, b)
#define ZERO _mm256_setzero_si256()
#elif defined(__SSE2__)
typedef __m128i vector;
#define LOAD(at) _mm_load_si128(at)
#define STORE(at, value) _mm_store_si128(at, value)
#define STREAM(at, value) _mm_stream_si128(at, value)
#define OR(a, b) _mm_or_si128(a, b)
#define ZERO _mm_setzero_si128()
#else
typedef uint64_t vector;
#define LOAD(at) (*(at))
#define STORE(at, value) (*(at) = (value))
#define STREAM(at, value) (*(at) = (value))
#define OR(a, b) ((a) | (b))
#define ZERO 0
#endif

enum { PER_LINE = STREAM_LINE / sizeof(vector), CHAINS = 4 };

/* Several chains of dependent operations, so that their latency does not count. */
static inline vector read_lines(const vector *at, size_t lines, vector sum)
{
    vector chain[CHAINS] = {sum, ZERO, ZERO, ZERO};
    const size_t count = lines * PER_LINE, chained = count - count % CHAINS;
    for (size_t i = 0; i < chained; i += CHAINS) {
        for (int c = 0; c < CHAINS; c++) chain[c] = OR(chain[c], LOAD(at + i + c));
    }
    for (size_t i = chained; i < count; i++) chain[0] = OR(chain[0], LOAD(at + i));
    return OR(OR(chain[0], chain[1]), OR(chain[2], chain[3]));
}

static inline void write_lines(vector *at, size_t lines, enum stream_stores stores)
{
    size_t count = lines * PER_LINE;
    if (stores == STREAM_REGULAR) {
        for (size_t i = 0; i < count; i++) STORE(at + i, ZERO);
    } else {
        for (size_t i = 0; i < count; i++) STREAM(at + i, ZERO);
    }
}

static inline void prefetch_lines(const char *at, size_t lines)
{
    enum { AHEAD = 1024 };
    for (size_t i = 0; i < lines; i++) __builtin_prefetch(at + i * STREAM_LINE + AHEAD);
}

/* A block of each part in turn. Places are lines in units of 2^-32, so that no division is left in the loop. */
uint64_t STREAM_KERNEL(const struct stream_share *share)
{
    uint64_t step[STREAM_PARTS], place[STREAM_PARTS] = {0};
    vector sum = ZERO;
    for (int p = 0; p < share->parts; p++) step[p] = (share->lines[p] << 32) / share->blocks;
    for (uint64_t block = 1; block <= share->blocks; block++) {
        for (int p = 0; p < share->parts; p++) {
            uint64_t begin = place[p] >> 32, end = (place[p] + step[p]) >> 32;
            if (block == share->blocks) end = share->lines[p];
            place[p] += step[p];
            size_t lines = (size_t)(end - begin);
            char *at = share->data[p] + begin * STREAM_LINE;
            bool prefetched = share->stores == STREAM_PREFETCHED && !share->written[p];
            if (prefetched) prefetch_lines(at, lines);
            if (share->written[p])
                write_lines((vector *)(void *)at, lines, share->stores);
            else
                sum = read_lines((const vector *)(const void *)at, lines, sum);
        }
    }
#if defined(__SSE2__)
    _mm_sfence();
#endif
    uint64_t first;
    memcpy(&first, &sum, sizeof first);
    return first;
}

#undef LOAD
#undef STORE
#undef STREAM
#undef OR
#undef ZERO
#undef STREAM_KERNEL
