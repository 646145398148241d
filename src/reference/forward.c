/* SPDX-License-Identifier: Apache-2.0 */
#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "reference/reference.h"
#include "reference/window.h"

/* docs/numerics.md N96: the element at the index, +0 where there is none. */
static struct poolgrad_pick gather(const struct poolgrad_geometry *g, struct poolgrad_window_at at, int64_t n,
                                   int64_t c, struct poolgrad_pixel output)
{
    struct poolgrad_pick pick = poolgrad_window_indexed(g, at, n + g->gradient_image, c + g->gradient_channel, output);
    const bool inside = !poolgrad_picks_none(pick) && poolgrad_source_has(g, pick.at);
    if (inside) pick.value = poolgrad_source_at(g, at.n, at.c, pick.at);
    return pick;
}

/* n and c are the destination's. */
static struct poolgrad_pick pool(const struct poolgrad_geometry *g, struct poolgrad_window_at at, int64_t n, int64_t c,
                                 struct poolgrad_pixel output)
{
    struct poolgrad_pick result = {0, {-1, -1, -1}};
    if (n - g->images.begin >= g->pooled_images) return result;
    if (g->with_indices) return gather(g, at, n, c, output);
    switch (g->kind) {
    case POOLGRAD_AVERAGE: result.value = poolgrad_window_average(g, at); break;
    case POOLGRAD_L2NORM: result.value = poolgrad_window_norm(g, at); break;
    case POOLGRAD_MAX: result = poolgrad_window_pick(g, at); break;
    }
    return result;
}

void poolgrad_reference_forward(const struct poolgrad_geometry *g, int64_t n, int64_t c,
                                const struct poolgrad_area *area)
{
    struct poolgrad_steps outputs = poolgrad_steps_over(area);
    while (poolgrad_steps_next(&outputs)) {
        const struct poolgrad_pixel to = outputs.at;
        const struct poolgrad_window_at at = poolgrad_window_place(g, n + g->source_image, c + g->source_channel, to);
        const struct poolgrad_pick result = pool(g, at, n, c, to);
        poolgrad_store(g->destination.format, poolgrad_image_at(&g->destination, n, c, to.z, to.y, to.x), result.value);
        if (!g->with_picks) continue;
        poolgrad_store_index(g->picks.format, poolgrad_image_at(&g->picks, n, c, to.z, to.y, to.x),
                             poolgrad_pick_index(g, at, result));
    }
}
