/* SPDX-License-Identifier: Apache-2.0 */
/* From a problem as the caller wrote it to the geometry that is computed, or to the sentence that refuses it. */
#ifndef POOLGRAD_POOLING_RESOLVE_H
#define POOLGRAD_POOLING_RESOLVE_H

#include "geometry/geometry.h"

poolgrad_status poolgrad_resolve(const poolgrad_problem *problem, struct poolgrad_geometry *geometry,
                                 poolgrad_error *error);

/* The first index of the geometry's region that is neither -1 nor a tap, inside the source, of its own window. */
poolgrad_status poolgrad_resolve_indices(const struct poolgrad_geometry *geometry, poolgrad_error *error);

/* Refuses an image that a call must not have, by the field that says there is one: data, or the format alone. */
poolgrad_status poolgrad_refuse_given(const poolgrad_const_image *image, const char *name, const char *why,
                                      poolgrad_error *error);

#endif
