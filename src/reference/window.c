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

double poolgrad_source_at(const struct poolgrad_geometry *g, int64_t n, int64_t c, struct poolgrad_pixel at)
{
    return poolgrad_load(g->source.format, poolgrad_const_image_at(&g->source, n, c, at.z, at.y, at.x));
}

double poolgrad_gradient_at(const struct poolgrad_geometry *g, int64_t n, int64_t c, struct poolgrad_pixel at)
{
    return poolgrad_load(g->source_gradient.format,
                         poolgrad_const_image_at(&g->source_gradient, n, c, at.z, at.y, at.x));
}

double poolgrad_tap_value(const struct poolgrad_taps *taps)
{
    return poolgrad_source_at(taps->g, taps->window.n, taps->window.c, taps->at);
}

/* docs/numerics.md N30, N32, N33: whether the maximum moves on from `value` to `tap`, which comes later in row-major
 * order. */
static bool moves_on(const struct poolgrad_geometry *g, double value, double tap)
{
    if (isnan(tap)) return !isnan(value) || g->nan == POOLGRAD_NAN_LAST;
    return tap > value || (tap == value && g->ties == POOLGRAD_TIES_LAST);
}

static const struct poolgrad_pick none = {0, {-1, -1, -1}};

struct poolgrad_pick poolgrad_window_pick(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_distinct(g, at);
    struct poolgrad_pick pick = none, first_nan = none;
    bool picked = false, skipped = false;
    while (poolgrad_taps_next(&taps)) {
        if (!taps.inside && g->edge_mode == POOLGRAD_EDGE_CLAMP) continue;
        struct poolgrad_pick tap = none;
        if (taps.inside) tap = (struct poolgrad_pick){poolgrad_tap_value(&taps), taps.at};
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
    if (poolgrad_picks_none(pick)) return -1;
    if (!poolgrad_format_holds_taps(g->picks.format)) {
        return (pick.at.z * g->y.size + pick.at.y) * g->x.size + pick.at.x;
    }
    const int64_t kz = (pick.at.z - at.z.first) / g->z.dilation, ky = (pick.at.y - at.y.first) / g->y.dilation;
    return (kz * at.y.size + ky) * at.x.size + (pick.at.x - at.x.first) / g->x.dilation;
}

/* The tap's number in its window; false where there is no such tap. */
static bool find_tap(const struct poolgrad_geometry *g, struct poolgrad_window_at at, int64_t index,
                     struct poolgrad_pixel *tap)
{
    const int64_t kx = index % at.x.size, ky = index / at.x.size % at.y.size, kz = index / at.x.size / at.y.size;
    *tap = (struct poolgrad_pixel){poolgrad_axis_place(&g->z, at.z, kz), poolgrad_axis_place(&g->y, at.y, ky),
                                   poolgrad_axis_place(&g->x, at.x, kx)};
    return kz < at.z.size;
}

struct poolgrad_pick poolgrad_indexed_pick(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                                           int64_t index)
{
    struct poolgrad_pick pick = none;
    if (index < 0 || g->x.size == 0) return none;
    if (poolgrad_format_holds_taps(g->indices.format)) return find_tap(g, at, index, &pick.at) ? pick : none;
    pick.at = (struct poolgrad_pixel){index / g->x.size / g->y.size, index / g->x.size % g->y.size, index % g->x.size};
    return poolgrad_window_has(g, &at, pick.at) ? pick : none;
}

struct poolgrad_pick poolgrad_window_indexed(const struct poolgrad_geometry *g, struct poolgrad_window_at at, int64_t n,
                                             int64_t c, struct poolgrad_pixel output)
{
    const void *element = poolgrad_const_image_at(&g->indices, n, c, output.z, output.y, output.x);
    return poolgrad_indexed_pick(g, at, poolgrad_load_index(g->indices.format, element));
}

static int64_t taps_of(struct poolgrad_window_at at)
{
    return at.z.size * at.y.size * at.x.size;
}

int64_t poolgrad_window_ties(const struct poolgrad_geometry *g, struct poolgrad_window_at at, double maximum)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    int64_t outside = taps_of(at) - poolgrad_taps_count(&taps);
    int64_t ties = g->edge_mode == POOLGRAD_EDGE_ZERO && maximum == 0 ? outside : 0;
    while (poolgrad_taps_next(&taps)) ties += poolgrad_tap_value(&taps) == maximum;
    return ties;
}

int64_t poolgrad_window_count(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    if (g->divisor != 0) return g->divisor;
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return taps_of(at);
    return poolgrad_range_length(poolgrad_axis_counted_taps(&g->z, at.z)) *
           poolgrad_range_length(poolgrad_axis_counted_taps(&g->y, at.y)) *
           poolgrad_range_length(poolgrad_axis_counted_taps(&g->x, at.x));
}

bool poolgrad_window_is_empty(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    const struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    return poolgrad_area_is_empty(&taps.number.area);
}

/* Taps outside would add +0 to a sum that is never -0: they are left out (docs/numerics.md N20). */
double poolgrad_window_sum(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    double sum = 0;
    while (poolgrad_taps_next(&taps)) sum = poolgrad_sum(g, sum, poolgrad_tap_value(&taps));
    return sum;
}

double poolgrad_window_average(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    if (poolgrad_window_is_empty(g, at)) return 0;
    return poolgrad_quotient(g, poolgrad_window_sum(g, at), poolgrad_window_count(g, at));
}

double poolgrad_window_norm(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    if (poolgrad_area_is_empty(&taps.number.area)) return 0;
    double sum = 0;
    while (poolgrad_taps_next(&taps)) {
        double tap = poolgrad_tap_value(&taps);
        sum += tap * tap;
    }
    return sqrt(g->root_mean ? sum / (double)poolgrad_window_count(g, at) : sum);
}
