/* SPDX-License-Identifier: Apache-2.0 */
/* What the images of a kit hold: integers, their quotients by powers of 2, and special values, never a result of a
 * mathematical library, so that they are the same bits on every machine. */
#ifndef POOLGRAD_SUITE_SUITE_DATA_H
#define POOLGRAD_SUITE_SUITE_DATA_H

#include <poolgrad/poolgrad.h>

#include <stdint.h>

enum suite_data {
    DATA_RAMP,           /* the value tells the place */
    DATA_TIES,           /* very few values */
    DATA_EQUAL,          /* one value */
    DATA_NAN,            /* ties, and a NaN in every third place or so, of either sign */
    DATA_INFINITIES,     /* ties among infinities */
    DATA_SUBNORMALS,     /* about the least normal number, and below */
    DATA_CANCELLATION,   /* great numbers of both signs beside small ones that they swallow */
    DATA_SIGNED_ZEROS,   /* zeros of both signs, and negative numbers */
    DATA_GREATEST,       /* about the greatest number, so that sums overflow */
    DATA_FRACTIONS,      /* random, of several magnitudes: sums round */
    DATA_ONES,           /* sums that stop growing in a format of few bits */
    DATA_BORDER,         /* greater towards the borders, greatest in the corners */
    DATA_LEAST,          /* -infinity alone */
    DATA_BLOCKS_OF_ZEROS /* 3x3 pixels of zeros, of volumes 3x3x3, beside others */
};

/* SplitMix64. */
uint64_t poolgrad_suite_random(uint64_t *state);

/* Uniform, of [0, count). */
int64_t poolgrad_suite_choose(uint64_t *state, int64_t count);

/* Fills a dense image with memory. Lanes that a layout does not use get NaNs, or the greatest code: who reads them
 * shows.
 */
void poolgrad_suite_fill(const poolgrad_image *image, enum suite_data data, uint64_t seed);

/* The same from `count` values, in the order n, c, z, y, x, again and again; NaNs are quiet. */
void poolgrad_suite_fill_values(const poolgrad_image *image, const double *value, int count);

#endif
