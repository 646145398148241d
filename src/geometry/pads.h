/* SPDX-License-Identifier: Apache-2.0 */
/* Placement by pads, for callers with names of their own for the sizes. */
#ifndef POOLGRAD_GEOMETRY_PADS_H
#define POOLGRAD_GEOMETRY_PADS_H

#include <poolgrad/poolgrad.h>

/* Of an image, with what refusals call them. */
struct poolgrad_sizes {
    const char *depth_name;
    int64_t depth;
    const char *height_name;
    int64_t height;
    const char *width_name;
    int64_t width;
};

struct poolgrad_pads_request {
    const poolgrad_pads *pads;
    poolgrad_rounding rounding;
    const poolgrad_window *window;
    struct poolgrad_sizes sizes; /* of the source */
};

/* poolgrad_padding_explicit_3d. */
poolgrad_status poolgrad_place_by_pads(const struct poolgrad_pads_request *request, poolgrad_padding *padding,
                                       poolgrad_error *error);

#endif
