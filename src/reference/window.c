/* SPDX-License-Identifier: Apache-2.0 */
#include "reference/window.h"

#include <math.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"

double poolgrad_sum(const struct poolgrad_geometry *g, double a, double b)
{
    return g->wide ? a + b : (double)((float)a + (float)b);
}

double poolgrad_quotient(const struct poolgrad_geometry *g, double a, int64_t count)
{
    return g->wide ? a / (double)count : (double)((float)a / (float)count);
}

double poolgrad_source_at(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return poolgrad_load(g->source.format, poolgrad_const_image_at(&g->source, n, c, y, x));
}

double poolgrad_gradient_at(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return poolgrad_load(g->source_gradient.format, poolgrad_const_image_at(&g->source_gradient, n, c, y, x));
}

double poolgrad_tap_value(const struct poolgrad_taps *taps)
{
    return poolgrad_source_at(taps->g, taps->window.n, taps->window.c, taps->y, taps->x);
}

static int64_t taps_within(const struct poolgrad_axis *axis, int64_t start, int64_t margin)
{
    return poolgrad_range_length(poolgrad_axis_taps(axis, start, margin));
}

/* docs/numerics.md N30, N32, N33: whether the maximum moves on from `value` to `tap`, which comes later in row-major
 * order. */
static bool moves_on(const struct poolgrad_geometry *g, double value, double tap)
{
    if (isnan(tap)) return !isnan(value) || g->nan == POOLGRAD_NAN_LAST;
    return tap > value || (tap == value && g->ties == POOLGRAD_TIES_LAST);
}

struct poolgrad_pick poolgrad_window_pick(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_distinct(g, at);
    struct poolgrad_pick pick = {0, -1, -1}, first_nan = pick;
    bool picked = false, skipped = false;
    while (poolgrad_taps_next(&taps)) {
        if (!taps.inside && g->edge_mode == POOLGRAD_EDGE_CLAMP) continue;
        struct poolgrad_pick tap = {0, -1, -1};
        if (taps.inside) tap = (struct poolgrad_pick){poolgrad_tap_value(&taps), taps.y, taps.x};
        if (isnan(tap.value) && g->nan == POOLGRAD_NAN_IGNORE) {
            if (!skipped) first_nan = tap;
            skipped = true;
            continue;
        }
        if (!picked || moves_on(g, pick.value, tap.value)) pick = tap;
        picked = true;
    }
    return picked ? pick : first_nan;
}

int64_t poolgrad_pick_index(const struct poolgrad_geometry *g, struct poolgrad_window_at at, struct poolgrad_pick pick)
{
    if (pick.y < 0) return -1;
    if (!poolgrad_format_holds_taps(g->picks.format)) return pick.y * g->x.size + pick.x;
    int64_t ky = (pick.y - at.top) / g->y.dilation, kx = (pick.x - at.left) / g->x.dilation;
    return ky * g->x.kernel + kx;
}

struct poolgrad_pick poolgrad_indexed_pick(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                                           int64_t index)
{
    const struct poolgrad_pick none = {0, -1, -1};
    if (index < 0) return none;
    if (poolgrad_format_holds_taps(g->indices.format)) {
        if (index >= g->full_count) return none;
        int64_t ky = index / g->x.kernel, kx = index % g->x.kernel;
        return (struct poolgrad_pick){0, at.top + ky * g->y.dilation, at.left + kx * g->x.dilation};
    }
    int64_t y = index / g->x.size, x = index % g->x.size;
    if (!poolgrad_axis_is_tap(&g->y, at.top, y) || !poolgrad_axis_is_tap(&g->x, at.left, x)) return none;
    return (struct poolgrad_pick){0, y, x};
}

int64_t poolgrad_window_ties(const struct poolgrad_geometry *g, struct poolgrad_window_at at, double maximum)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    int64_t outside = g->full_count - poolgrad_taps_count(&taps);
    int64_t ties = g->edge_mode == POOLGRAD_EDGE_ZERO && maximum == 0 ? outside : 0;
    while (poolgrad_taps_next(&taps)) ties += poolgrad_tap_value(&taps) == maximum;
    return ties;
}

int64_t poolgrad_window_count(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return g->full_count;
    return taps_within(&g->y, at.top, g->y.pad) * taps_within(&g->x, at.left, g->x.pad);
}

/* Taps outside would add +0 to a sum that is never -0: they are left out (docs/numerics.md N20). */
double poolgrad_window_sum(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    double sum = 0;
    while (poolgrad_taps_next(&taps)) sum = poolgrad_sum(g, sum, poolgrad_tap_value(&taps));
    return sum;
}

double poolgrad_window_norm(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    double sum = 0;
    while (poolgrad_taps_next(&taps)) {
        double tap = poolgrad_tap_value(&taps);
        sum += tap * tap;
    }
    return sqrt(sum);
}
