/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory's ceiling: the least time in which the bytes that a computation cannot avoid are read and written. A
 * stream reads and writes whole buffers side by side, each in proportion to its size, and does nothing else. Which of
 * the ways to do that is the fastest depends on the machine and the sizes, so a ceiling is the best of all of them.
 */
#ifndef POOLGRAD_MEASURE_STREAM_H
#define POOLGRAD_MEASURE_STREAM_H

#include <stdbool.h>
#include <stddef.h>

enum { STREAM_PARTS = 4, STREAM_LINE = 64 };

/* `data` begins at a multiple of STREAM_LINE, and its memory reaches to one. */
struct stream_part {
    void *data;
    size_t bytes;
    bool written; /* else read */
};

struct stream {
    struct stream_part part[STREAM_PARTS];
    int parts;
    int threads;
    int way; /* 0 to poolgrad_stream_ways() - 1 */
};

/* How many ways this machine has: kinds of stores, and how many lines of one buffer follow each other. */
int poolgrad_stream_ways(void);

/* "non-temporal, 512 bytes at a time" */
const char *poolgrad_stream_way_name(int way);

void poolgrad_stream_run(const struct stream *stream);

/* The same, as contenders are run. */
void poolgrad_stream_contend(const void *stream);

#endif
