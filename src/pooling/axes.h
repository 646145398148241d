/* SPDX-License-Identifier: Apache-2.0 */
/* What a problem says of its three axes, checked and resolved one like the other. */
#ifndef POOLGRAD_POOLING_AXES_H
#define POOLGRAD_POOLING_AXES_H

#include "geometry/geometry.h"

/* Of problems that poolgrad_say_depth has seen. Each field by itself. */
poolgrad_status poolgrad_check_axes(poolgrad_problem *problem, poolgrad_error *error);

/* The windows along each axis, and the pixels that are written. */
poolgrad_status poolgrad_resolve_axes(poolgrad_problem *problem, struct poolgrad_geometry *geometry,
                                      poolgrad_error *error);

#endif
