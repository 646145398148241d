/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion: computes a problem in the most literal way, one window after the other, every tap looked at. The
 * gradient scatters: windows in row-major order of the source gradient's pixels, each adding to a plane of the whole
 * source, which is mapped to the destination at the end. Shares nothing with the library but the public header.
 */
#ifndef POOLGRAD_TESTS_LITERAL_H
#define POOLGRAD_TESTS_LITERAL_H

#include <poolgrad/poolgrad.h>

/* Runs a valid problem, forward or gradient. */
void literal_run(const poolgrad_problem *p);

/* What takes part of an image to be: [first, end) on one axis, cut to [0, size). */
typedef struct literal_span {
    int64_t first, end;
} literal_span;

literal_span literal_cut(int64_t origin, int64_t extent, int64_t size);

/* Images that are pooled, and channels of each. */
int64_t literal_images(const poolgrad_problem *p);
int64_t literal_channels(const poolgrad_problem *p);

/* First tap of the first window. */
int64_t literal_first_tap_y(const poolgrad_problem *p);
int64_t literal_first_tap_x(const poolgrad_problem *p);

/* Position in the source of a destination pixel of a gradient. */
int64_t literal_mapped(const poolgrad_problem *p, int64_t position, int64_t clip_origin, int64_t first_tap);

/* Of the destination or a forward call's picks, where the problem writes them. */
void literal_clear_unused_lanes(const poolgrad_problem *p, const poolgrad_image *image);

/* Zeros, at least one, on the heap. */
void *literal_array(int64_t count, size_t size);

#endif
