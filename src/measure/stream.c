/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/stream.h"

#include "measure/stream_share.h"

/* Blocks are in lines of the largest buffer. */
static const struct {
    const char *name;
    enum stream_stores stores;
    uint64_t block;
} ways[] = {{"regular stores, 512 bytes at a time", STREAM_REGULAR, 8},
            {"regular stores, 4096 bytes at a time", STREAM_REGULAR, 64},
            {"non-temporal stores, 512 bytes at a time", STREAM_NONTEMPORAL, 8},
            {"non-temporal stores, 4096 bytes at a time", STREAM_NONTEMPORAL, 64},
            {"non-temporal stores and prefetched reads, 512 bytes at a time", STREAM_PREFETCHED, 8}};

int poolgrad_stream_ways(void)
{
#if defined(__SSE2__)
    return sizeof ways / sizeof *ways;
#else
    return 2;
#endif
}

const char *poolgrad_stream_way_name(int way)
{
    return ways[way].name;
}

static stream_kernel *best_kernel(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return poolgrad_stream_avx512;
    if (__builtin_cpu_supports("avx2")) return poolgrad_stream_avx2;
#endif
    return poolgrad_stream_baseline;
}

/* Part `index` of `count`, in whole lines. */
static struct stream_share share_of(const struct stream *stream, int index, int count)
{
    struct stream_share share = {.parts = stream->parts, .blocks = 1, .stores = ways[stream->way].stores};
    for (int p = 0; p < stream->parts; p++) {
        const struct stream_part *part = &stream->part[p];
        uint64_t lines = (part->bytes + STREAM_LINE - 1) / STREAM_LINE;
        uint64_t begin = lines * (uint64_t)index / (uint64_t)count,
                 end = lines * (uint64_t)(index + 1) / (uint64_t)count;
        share.data[p] = (char *)part->data + begin * STREAM_LINE;
        share.lines[p] = end - begin;
        share.written[p] = part->written;
        uint64_t blocks = (end - begin) / ways[stream->way].block;
        if (blocks > share.blocks) share.blocks = blocks;
    }
    return share;
}

/* Where all that was read ends, so that no reading can be left out. */
volatile uint64_t poolgrad_stream_sink;

/* Each call asks the loop for as many pieces as threads, whether so many come or not. */
void poolgrad_stream_run(const struct stream *stream)
{
    stream_kernel *kernel = best_kernel();
    uint64_t read = 0;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(stream->threads) reduction(| : read) if (stream->threads > 1)
#endif
    for (int i = 0; i < stream->threads; i++) {
        struct stream_share share = share_of(stream, i, stream->threads);
        read |= kernel(&share);
    }
    poolgrad_stream_sink = read;
}

void poolgrad_stream_contend(const void *stream)
{
    poolgrad_stream_run(stream);
}
