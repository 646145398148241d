/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar conversions between storage and double. Every finite value of every format
 * is exact in a double, so reading never rounds and storing rounds once (docs/numerics.md N58, N59). */
#ifndef POOLGRAD_IMAGE_FORMAT_H
#define POOLGRAD_IMAGE_FORMAT_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

/* Bytes need no alignment. */
double poolgrad_load(poolgrad_format format, const void *element);
void poolgrad_store(poolgrad_format format, void *element, double value);

/* Of an index format; -1 is none in all of them, a place or a tap's number otherwise (docs/numerics.md N39). */
void poolgrad_store_index(poolgrad_format format, void *element, int64_t index);
int64_t poolgrad_load_index(poolgrad_format format, const void *element);

/* Indices of either sort, and those that number the taps of a window, the most of which the format can tell apart. */
bool poolgrad_format_is_index(poolgrad_format format);
bool poolgrad_format_holds_taps(poolgrad_format format);
int64_t poolgrad_format_taps(poolgrad_format format);

#endif
