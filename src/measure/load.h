/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the machine was left alone while something was measured. */
#ifndef POOLGRAD_MEASURE_LOAD_H
#define POOLGRAD_MEASURE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* Counters at one moment. */
struct load_mark {
    int64_t clock;
    double own, all; /* seconds of processors: of this process, of everybody; negative: not told */
};

struct load {
    double others; /* processors that others kept busy, on average; negative: the system does not tell */
    double own;    /* seconds of processors that this process had in each second; negative: not told */
    bool busy;
};

enum { LOAD_SENTENCE = 256 };

struct load_mark poolgrad_load_mark(void);

/* Since `began`, of a process that computed all the time, on one thread at least and on `threads` at most. */
struct load poolgrad_load_since(const struct load_mark *began, int processors, int threads);

/* The same from two moments. */
struct load poolgrad_load_between(const struct load_mark *began, const struct load_mark *ended, int processors,
                                  int threads);

/* What is said of a busy machine: one sentence with the figures. */
void poolgrad_load_sentence(const struct load *load, int processors, char text[LOAD_SENTENCE]);

#endif
