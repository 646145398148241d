/* SPDX-License-Identifier: Apache-2.0 */
/* Images of random elements, and their comparison with what was made of them. */
#ifndef POOLGRAD_TESTS_IMAGES_H
#define POOLGRAD_TESTS_IMAGES_H

#include "random.h"
#include "view.h"
#include <poolgrad/poolgrad.h>

/* Sizes as a view without data. */
poolgrad_image images_size(int64_t images, int64_t channels, int64_t height, int64_t width);
bool images_same_size(const poolgrad_image *a, const poolgrad_image *b);

/* A dense image with ties, zeros of both signs and, here and there, NaNs and infinities; free it with view_free. */
poolgrad_image images_random(random_state *r, poolgrad_format format, poolgrad_layout layout,
                             const poolgrad_image *size);

/* Whether format, layout, sizes and the bits of all elements are the same, and unused lanes +0; prints what is not. */
bool images_same(const char *what, const poolgrad_image *expected, const poolgrad_image *actual);

/* The same but for the bits. */
bool images_alike(const char *what, const poolgrad_image *expected, const poolgrad_image *actual);

#endif
