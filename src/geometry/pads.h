/* SPDX-License-Identifier: Apache-2.0 */
/* Placement by pads, for callers with names of their own for the sizes. */
#ifndef POOLGRAD_GEOMETRY_PADS_H
#define POOLGRAD_GEOMETRY_PADS_H

#include <poolgrad/poolgrad.h>

struct poolgrad_pads_request {
    const poolgrad_pads *pads;
    poolgrad_rounding rounding;
    const poolgrad_window *window;
    const char *height_name; /* of the source, as refusals call it */
    int64_t height;
    const char *width_name;
    int64_t width;
};

/* poolgrad_padding_explicit. */
poolgrad_status poolgrad_place_by_pads(const struct poolgrad_pads_request *request, poolgrad_padding *padding,
                                       poolgrad_error *error);

/* Refuses a window with an extent along the third axis. */
poolgrad_status poolgrad_check_flat(const poolgrad_window *window, poolgrad_error *error);

#endif
