/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference: the definition of every result, to the bit. Plain loops over plain geometry; nothing here is ever made
 * fast at the cost of being plain. docs/numerics.md gives the formulas (N11 to N40) and the order of every
 * operation (N58 to N68).
 */
#ifndef POOLGRAD_REFERENCE_REFERENCE_H
#define POOLGRAD_REFERENCE_REFERENCE_H

#include "geometry/cursor.h"

/* Computes an area of channel c of image n of the destination (and of the picks). Areas are independent of each
 * other. */
void poolgrad_reference_forward(const struct poolgrad_geometry *g, int64_t n, int64_t c,
                                const struct poolgrad_area *area);

/* A gradient looks at each window that meets the area once, with memory for a sum of each pixel. Without memory, null,
 * it looks at a window again for each row, and every few hundred columns, that the window covers. */
void poolgrad_reference_gradient(const struct poolgrad_geometry *g, int64_t n, int64_t c,
                                 const struct poolgrad_area *area, void *memory);

/* Bytes of memory for so many pixels. */
int64_t poolgrad_reference_bytes(int64_t pixels);

#endif
