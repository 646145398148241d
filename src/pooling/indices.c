/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "geometry/error.h"
#include "image/format.h"
#include "image/image.h"
#include "pooling/resolve.h"

static bool is_tap(const struct poolgrad_geometry *g, int64_t index, int64_t y, int64_t x)
{
    if (index == -1) return true;
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
        return poolgrad_refuse(error, "indices",
                               "at (n %" PRId64 ", c %" PRId64 ", y %" PRId64 ", x %" PRId64 ") is %" PRId64
                               "; expected -1 or y * width + x of a tap of that window inside the %" PRId64
                               " x %" PRId64 " source",
                               n, c, y, x, index, g->x.size, g->y.size);
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
