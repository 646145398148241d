/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar conversions between storage and double. Every finite value of every format
 * is exact in a double, so reading never rounds and storing rounds once (docs/numerics.md N58, N59). */
#ifndef POOLGRAD_IMAGE_FORMAT_H
#define POOLGRAD_IMAGE_FORMAT_H

#include <poolgrad/poolgrad.h>

/* Bytes need no alignment. */
double poolgrad_load(poolgrad_format format, const void *element);
void poolgrad_store(poolgrad_format format, void *element, double value);
void poolgrad_store_index(poolgrad_format format, void *element, int64_t index);
int64_t poolgrad_load_index(poolgrad_format format, const void *element);

#endif
