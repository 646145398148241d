/* SPDX-License-Identifier: Apache-2.0 */
/* A plane of an image beside the same plane of its gradient, as a PNG. */
#ifndef POOLGRAD_BENCH_CASE_PICTURE_H
#define POOLGRAD_BENCH_CASE_PICTURE_H

#include <poolgrad/poolgrad.h>
#include <stdbool.h>

/* Left the source in grey, from its least value to its greatest; right the gradient, blue below zero, white at zero,
 * red above it. Of all planes the one with the greatest variance of the source is taken. False after one sentence on
 * stderr. */
bool picture_write(const char *path, const poolgrad_image *source, const poolgrad_image *gradient);

#endif
