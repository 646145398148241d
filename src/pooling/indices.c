/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "geometry/error.h"
#include "image/format.h"
#include "image/image.h"
#include "pooling/resolve.h"

/* Whether tap number `tap` of the window at `start` lies inside the source. */
static bool is_inside(const struct poolgrad_axis *axis, int64_t start, int64_t tap)
{
    struct poolgrad_range inside = poolgrad_axis_taps(axis, start, 0);
    return tap >= inside.begin && tap < inside.end;
}

static bool is_tap(const struct poolgrad_geometry *g, int64_t index, int64_t y, int64_t x)
{
    if (index == -1) return true;
    if (poolgrad_format_holds_taps(g->indices.format)) {
        return is_inside(&g->y, poolgrad_axis_start(&g->y, y), index / g->x.kernel) &&
               is_inside(&g->x, poolgrad_axis_start(&g->x, x), index % g->x.kernel);
    }
    if (index < 0 || g->x.size == 0 || index / g->x.size >= g->y.size) return false;
    return poolgrad_axis_is_tap(&g->y, poolgrad_axis_start(&g->y, y), index / g->x.size) &&
           poolgrad_axis_is_tap(&g->x, poolgrad_axis_start(&g->x, x), index % g->x.size);
}

static poolgrad_status check_row(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t y,
                                 poolgrad_error *error)
{
    for (int64_t x = g->x.begin; x < g->x.end; x++) {
        int64_t index = poolgrad_load_index(g->indices.format, poolgrad_image_at(&g->indices, n, c, y, x));
        if (is_tap(g, index, y, x)) continue;
        bool taps = poolgrad_format_holds_taps(g->indices.format);
        return poolgrad_refuse(error, "indices",
                               "at (n %" PRId64 ", c %" PRId64 ", y %" PRId64 ", x %" PRId64 ") is %" PRId64
                               "; expected %" PRId64 " or %s of a tap of that window inside the %" PRId64 " x %" PRId64
                               " source",
                               n, c, y, x, index, taps ? poolgrad_format_taps(g->indices.format) : -1,
                               taps ? "ky * kernel width + kx" : "y * width + x", g->x.size, g->y.size);
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_resolve_indices(const struct poolgrad_geometry *g, poolgrad_error *error)
{
    bool any = g->x.begin < g->x.end && g->y.begin < g->y.end;
    if (!g->with_indices || g->direction != POOLGRAD_GRADIENT || !any) return POOLGRAD_OK;
    for (int64_t i = 0; i < g->pooled_images; i++) {
        int64_t n = g->images.begin + i + g->gradient_image;
        for (int64_t j = g->channels.begin; j < g->channels.end; j++) {
            for (int64_t y = g->y.begin; y < g->y.end; y++) {
                poolgrad_status status = check_row(g, n, j + g->gradient_channel, y, error);
                if (status != POOLGRAD_OK) return status;
            }
        }
    }
    return POOLGRAD_OK;
}
