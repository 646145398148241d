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

/* The taps [begin, end) worth visiting along an axis: those inside the image and one outside on either side, for all
 * taps outside are alike and there may be 2^60 of them. */
static struct poolgrad_range distinct_taps(const struct poolgrad_axis *axis, int64_t start)
{
    struct poolgrad_range inside = poolgrad_axis_taps(axis, start, 0);
    return (struct poolgrad_range){poolgrad_max(inside.begin - 1, 0), poolgrad_min(inside.end + 1, axis->kernel)};
}

static int64_t taps_within(const struct poolgrad_axis *axis, int64_t start, int64_t margin)
{
    struct poolgrad_range taps = poolgrad_axis_taps(axis, start, margin);
    return taps.end - taps.begin;
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
    struct poolgrad_range rows = distinct_taps(&g->y, at.top), columns = distinct_taps(&g->x, at.left);
    struct poolgrad_pick pick = {0, -1, -1}, first_nan = pick;
    bool picked = false, skipped = false;
    for (int64_t ky = rows.begin; ky < rows.end; ky++) {
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t y = at.top + ky * g->y.dilation, x = at.left + kx * g->x.dilation;
            bool inside = y >= 0 && y < g->y.size && x >= 0 && x < g->x.size;
            if (!inside && g->edge_mode == POOLGRAD_EDGE_CLAMP) continue;
            struct poolgrad_pick tap = {0, -1, -1};
            if (inside) {
                tap.value = poolgrad_load(g->source.format, poolgrad_const_image_at(&g->source, at.n, at.c, y, x));
                tap.y = y;
                tap.x = x;
            }
            if (isnan(tap.value) && g->nan == POOLGRAD_NAN_IGNORE) {
                if (!skipped) first_nan = tap;
                skipped = true;
                continue;
            }
            if (!picked || moves_on(g, pick.value, tap.value)) pick = tap;
            picked = true;
        }
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
    struct poolgrad_range rows = poolgrad_axis_taps(&g->y, at.top, 0);
    struct poolgrad_range columns = poolgrad_axis_taps(&g->x, at.left, 0);
    int64_t inside = (rows.end - rows.begin) * (columns.end - columns.begin);
    int64_t ties = g->edge_mode == POOLGRAD_EDGE_ZERO && maximum == 0 ? g->full_count - inside : 0;
    for (int64_t ky = rows.begin; ky < rows.end; ky++) {
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t y = at.top + ky * g->y.dilation, x = at.left + kx * g->x.dilation;
            ties += poolgrad_load(g->source.format, poolgrad_const_image_at(&g->source, at.n, at.c, y, x)) == maximum;
        }
    }
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
    struct poolgrad_range rows = poolgrad_axis_taps(&g->y, at.top, 0);
    struct poolgrad_range columns = poolgrad_axis_taps(&g->x, at.left, 0);
    double sum = 0;
    for (int64_t ky = rows.begin; ky < rows.end; ky++) {
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t y = at.top + ky * g->y.dilation, x = at.left + kx * g->x.dilation;
            sum = poolgrad_sum(g, sum,
                               poolgrad_load(g->source.format, poolgrad_const_image_at(&g->source, at.n, at.c, y, x)));
        }
    }
    return sum;
}

double poolgrad_window_norm(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_range rows = poolgrad_axis_taps(&g->y, at.top, 0);
    struct poolgrad_range columns = poolgrad_axis_taps(&g->x, at.left, 0);
    double sum = 0;
    for (int64_t ky = rows.begin; ky < rows.end; ky++) {
        for (int64_t kx = columns.begin; kx < columns.end; kx++) {
            int64_t y = at.top + ky * g->y.dilation, x = at.left + kx * g->x.dilation;
            double tap = poolgrad_load(g->source.format, poolgrad_const_image_at(&g->source, at.n, at.c, y, x));
            sum += tap * tap;
        }
    }
    return sqrt(sum);
}
