/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling as one writes it in C without further thought: a loop over windows, one over the taps inside the image, and
 * for gradients a plane that is cleared and then added to. What a library has to be faster than.
 */
#ifndef POOLGRAD_BENCH_NAIVE_H
#define POOLGRAD_BENCH_NAIVE_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

/* A window on one axis, cut to the image. */
struct naive_span {
    int64_t first;   /* pixel of the first tap inside */
    int64_t taps;    /* inside */
    int64_t skipped; /* before the image */
    int64_t kernel;  /* all of them */
    int64_t counted; /* that an average counts */
};

struct naive_axis {
    int64_t size, windows, dilation;
    struct naive_span *span; /* for each window */
};

/* Elements are reached by strides. `group` leads to the next channels that are worked on together. */
struct naive_view {
    void *data;
    int64_t image, group, depth, row, column;
};

/* Which number a tap has: of its place in the window, or of its place in a volume with these distances. */
struct naive_codes {
    bool of_window;
    int64_t depth, row, column;
};

enum naive_kind { NAIVE_AVERAGE, NAIVE_MAX, NAIVE_L2NORM };

/* Ties and NaNs first, sums no wider than the format asks for. No tap is NaN, and none is zero. */
struct naive {
    poolgrad_direction direction;
    enum naive_kind kind;
    bool zero; /* edge mode */
    poolgrad_format format, picks_format;
    int threads;
    int64_t images, channels;
    int lanes; /* channels that are neighbours in memory, worked on together */
    struct naive_axis x, y, z;
    struct naive_view source, output; /* output: result of the windows, or its gradient */
    struct naive_view sums;           /* gradients: the destination */
    struct naive_view picks;          /* data null: none; read by gradients, written by forward calls */
    struct naive_codes codes;
    int32_t *tap_places; /* from a window's first tap to each of its taps among the sums; null: by division */
    void *scratch;       /* a volume of sums for each thread, where those are wider than the format */
};

/* False where these loops do not do what the problem asks, or memory is lacking; *w can be freed all the same. */
bool poolgrad_naive_make(struct naive *w, const poolgrad_problem *problem, int threads);
void poolgrad_naive_free(struct naive *w);

/* As contenders are run. */
void poolgrad_naive_contend(const void *context);

#endif
