/* SPDX-License-Identifier: Apache-2.0 */
#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "reference/reference.h"
#include "reference/window.h"

static double average(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    int64_t count = poolgrad_window_count(g, at);
    return count ? poolgrad_quotient(g, poolgrad_window_sum(g, at), count) : 0;
}

void poolgrad_reference_forward(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t y)
{
    bool pooled = n - g->images.begin < g->pooled_images;
    for (int64_t x = g->columns.begin; x < g->columns.end; x++) {
        struct poolgrad_window_at at = poolgrad_window_place(g, n + g->source_image, c + g->source_channel, y, x);
        struct poolgrad_pick result = {0, -1, -1};
        if (pooled) {
            switch (g->kind) {
            case POOLGRAD_AVERAGE: result.value = average(g, at); break;
            case POOLGRAD_L2NORM: result.value = poolgrad_window_norm(g, at); break;
            case POOLGRAD_MAX: result = poolgrad_window_pick(g, at); break;
            }
        }
        poolgrad_store(g->destination.format, poolgrad_image_at(&g->destination, n, c, y, x), result.value);
        if (!g->with_picks) continue;
        poolgrad_store_index(g->picks.format, poolgrad_image_at(&g->picks, n, c, y, x),
                             poolgrad_pick_index(g, at, result));
    }
}
