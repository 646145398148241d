/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second opinion: computes a problem in the most literal way, one window after the other, every tap looked at. The
 * gradient scatters: windows in row-major order of the source gradient's pixels, each adding to a plane of the whole
 * source, which is mapped to the destination at the end. Shares nothing with the library but the public header.
 */
#ifndef POOLGRAD_TESTS_ORACLE_H
#define POOLGRAD_TESTS_ORACLE_H

#include <poolgrad/poolgrad.h>

/* Runs a valid problem, forward or gradient. */
void oracle_run(const poolgrad_problem *p);

/* What the oracle takes part of an image to be: [first, end) on one axis, cut to [0, size). */
typedef struct oracle_span {
    int64_t first, end;
} oracle_span;

oracle_span oracle_cut(int64_t origin, int64_t extent, int64_t size);

/* Images that are pooled, and channels of each. */
int64_t oracle_images(const poolgrad_problem *p);
int64_t oracle_channels(const poolgrad_problem *p);

/* First tap of the first window. */
int64_t oracle_first_tap_y(const poolgrad_problem *p);
int64_t oracle_first_tap_x(const poolgrad_problem *p);

/* Position in the source of a destination pixel of a gradient. */
int64_t oracle_mapped(const poolgrad_problem *p, int64_t position, int64_t clip_origin, int64_t first_tap);

/* Of the destination or a forward call's picks, where the problem writes them. */
void oracle_clear_unused_lanes(const poolgrad_problem *p, const poolgrad_image *image);

/* Zeros, at least one, on the heap. */
void *oracle_array(int64_t count, size_t size);

#endif
