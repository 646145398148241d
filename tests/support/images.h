/* SPDX-License-Identifier: Apache-2.0 */
/* Images of random elements, and their comparison with what was made of them. */
#ifndef POOLGRAD_TESTS_IMAGES_H
#define POOLGRAD_TESTS_IMAGES_H

#include "random.h"
#include "view.h"
#include <poolgrad/poolgrad.h>

/* All of these take either kind of image. */
#define images_same_size(a, b) images_read_same_size(VIEW(a), VIEW(b))
#define images_random(r, format, layout, size) images_random_like(r, format, layout, VIEW(size))
#define images_same(what, expected, actual) images_read_same(what, VIEW(expected), VIEW(actual))
#define images_alike(what, expected, actual) images_read_alike(what, VIEW(expected), VIEW(actual))

/* Sizes as a view without data. */
poolgrad_image images_size(int64_t images, int64_t channels, int64_t height, int64_t width);
bool images_read_same_size(const poolgrad_const_image *a, const poolgrad_const_image *b);

/* A dense image with ties, zeros of both signs and, here and there, NaNs and infinities; free it with view_free. */
poolgrad_image images_random_like(random_state *r, poolgrad_format format, poolgrad_layout layout,
                                  const poolgrad_const_image *size);

/* Whether format, layout, sizes and the bits of all elements are the same, and unused lanes +0; prints what is not. */
bool images_read_same(const char *what, const poolgrad_const_image *expected, const poolgrad_const_image *actual);

/* The same but for the bits. */
bool images_read_alike(const char *what, const poolgrad_const_image *expected, const poolgrad_const_image *actual);

#endif
