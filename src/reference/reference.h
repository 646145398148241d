/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference: the definition of every result, to the bit. Plain loops over plain geometry; nothing here is ever made
 * fast at the cost of being plain. docs/numerics.md gives the formulas (N11 to N40) and the order of every
 * operation (N58 to N68).
 */
#ifndef POOLGRAD_REFERENCE_REFERENCE_H
#define POOLGRAD_REFERENCE_REFERENCE_H

#include "geometry/geometry.h"

/* Computes row y of layer z of channel c of image n of the destination (and of the picks), inside the written columns.
 * Rows are independent of each other. */
void poolgrad_reference_forward(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t z, int64_t y);
void poolgrad_reference_gradient(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t z, int64_t y);

#endif
