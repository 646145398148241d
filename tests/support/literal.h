/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion: computes a problem in the most literal way, one window after the other, every tap looked at. The
 * gradient scatters: windows in row-major order of the source gradient's pixels, each adding to the whole source of a
 * channel, which is mapped to the destination at the end. Shares nothing with the library but the public header.
 */
#ifndef POOLGRAD_TESTS_LITERAL_H
#define POOLGRAD_TESTS_LITERAL_H

#include "view.h"
#include <poolgrad/poolgrad.h>

/* Runs a valid problem, forward or gradient. */
void literal_run(const poolgrad_problem *p);

/* What takes part of an image to be: [first, end) on one axis, cut to [0, size). */
typedef struct literal_span {
    int64_t first, end;
} literal_span;

literal_span literal_cut(int64_t origin, int64_t extent, int64_t size);
int64_t literal_length(literal_span span);

/* Images that are pooled, and channels of each. */
int64_t literal_images(const poolgrad_problem *p);
int64_t literal_channels(const poolgrad_problem *p);

/* In the order of places. */
typedef enum literal_direction { ALONG_DEPTH, ALONG_HEIGHT, ALONG_WIDTH, LITERAL_AXES } literal_direction;

/* What a problem says of one axis. */
typedef struct literal_axis {
    int64_t source;       /* its size */
    literal_span counted; /* output pixels that count */
    literal_span written; /* pixels of the destination inside the clip */
    int64_t clip;         /* its origin */
    int64_t origin;       /* the output pixel, there or not, whose window is the first one */
    int64_t first_tap;    /* of the first window */
    int64_t kernel, stride, dilation;
    const poolgrad_span *table; /* from the first window on; null: none */
    int64_t before, behind;     /* counted padding */
    poolgrad_mapping mapping;
} literal_axis;

literal_axis literal_axis_of(const poolgrad_problem *p, literal_direction which);
#define literal_first_tap(p, which) (literal_axis_of(p, which).first_tap)

/* Of the window of output pixel i: how many taps it has along the axis, and where tap k is. */
int64_t literal_taps(const literal_axis *axis, int64_t i);
int64_t literal_tap(const literal_axis *axis, int64_t i, int64_t k);

/* The most taps that a window has along the axis. */
int64_t literal_most_taps(const literal_axis *axis);

/* Position in the source of a destination pixel of a gradient. */
int64_t literal_mapped(const literal_axis *axis, int64_t position);

/* The places of a box of pixels in row-major order; n and c stay. */
#define LITERAL_EACH(at, zs, ys, xs)                                                                                   \
    for ((at).z = (zs).first; (at).z < (zs).end; ++(at).z)                                                             \
        for ((at).y = (ys).first; (at).y < (ys).end; ++(at).y)                                                         \
            for ((at).x = (xs).first; (at).x < (xs).end; ++(at).x)

/* Of the destination or a forward call's picks, where the problem writes them. */
void literal_clear_unused_lanes(const poolgrad_problem *p, const poolgrad_image *image);

/* Zeros, at least one, on the heap. */
void *literal_array(int64_t count, size_t size);

#endif
