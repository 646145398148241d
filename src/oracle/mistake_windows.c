/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes in what a window is, where it is, and what it divides by. */
#include <string.h>

#include "oracle/mistake_turns.h"

static void list_axes(struct poolgrad_geometry *g, struct poolgrad_axis *axes[POOLGRAD_AXES])
{
    axes[0] = &g->x;
    axes[1] = &g->y;
    axes[2] = &g->z;
}

/* ---- Divisors and edges ------------------------------------------------------------------------------------------ */

static bool same_pads(const struct poolgrad_geometry *a, const struct poolgrad_geometry *b)
{
    return a->x.before == b->x.before && a->x.behind == b->x.behind && a->y.before == b->y.before &&
           a->y.behind == b->y.behind && a->z.before == b->z.before && a->z.behind == b->z.behind;
}

void poolgrad_forget_pads(struct poolgrad_geometry *g, int64_t axes)
{
    struct poolgrad_axis *list[POOLGRAD_AXES];
    list_axes(g, list);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (axes >> i & 1) list[i]->before = list[i]->behind = 0;
    }
}

TURN(divide_by_all)
{
    (void)v, (void)a, (void)b;
    if (k->geometry.edge_mode != POOLGRAD_EDGE_CLAMP || k->geometry.divisor != 0) return false;
    k->geometry.edge_mode = POOLGRAD_EDGE_ZERO;
    return true;
}

/* `a` is the edge mode in which this is a mistake; `b` are the axes whose padding is forgotten. */
TURN(divide_by_inside)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    (void)v;
    if ((int64_t)g->edge_mode != a || g->divisor != 0) return false;
    poolgrad_forget_pads(g, b);
    if (g->edge_mode == POOLGRAD_EDGE_CLAMP && same_pads(&old, g)) return false;
    g->edge_mode = POOLGRAD_EDGE_CLAMP;
    return true;
}

/* As much padding as the first window begins before the image. */
TURN(divide_by_padded)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    struct poolgrad_axis *axes[POOLGRAD_AXES];
    (void)v, (void)a, (void)b;
    list_axes(g, axes);
    for (int i = 0; i < POOLGRAD_AXES; i++) axes[i]->before = axes[i]->behind = poolgrad_max(-axes[i]->first, 0);
    return g->edge_mode == POOLGRAD_EDGE_CLAMP && g->divisor == 0 && !same_pads(&old, g);
}

/* The pads of either side are taken for those of the other one; or, `a`, those before for both. */
TURN(turn_pads)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    struct poolgrad_axis *axes[POOLGRAD_AXES];
    (void)v, (void)b;
    list_axes(g, axes);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        const int64_t before = axes[i]->before;
        if (a == 0) axes[i]->before = axes[i]->behind;
        axes[i]->behind = before;
    }
    return g->edge_mode == POOLGRAD_EDGE_CLAMP && g->divisor == 0 && !same_pads(&old, g);
}

TURN(divide_by_nothing)
{
    (void)v, (void)a, (void)b;
    k->undivided = true;
    return true;
}

/* Taps are counted in edge mode `a`; with `b` without the counted padding. */
TURN(ignore_divisor)
{
    struct poolgrad_geometry *g = &k->geometry;
    (void)v;
    g->divisor = 0;
    g->edge_mode = (poolgrad_edge_mode)a;
    if (b) poolgrad_forget_pads(g, POOLGRAD_ALL_AXES);
    return true;
}

TURN(set_edge_mode)
{
    (void)v, (void)b;
    if ((int64_t)k->geometry.edge_mode == a || k->geometry.with_indices) return false;
    k->geometry.edge_mode = (poolgrad_edge_mode)a;
    return true;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* The last ones along each of the axes `a` that has several. */
TURN(drop_last_windows)
{
    struct poolgrad_axis *axes[POOLGRAD_AXES];
    bool any = false;
    (void)v, (void)b;
    list_axes(&k->geometry, axes);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (!(a >> i & 1) || poolgrad_axis_is_flat(axes[i])) continue;
        if (axes[i]->end == axes[i]->begin) return false;
        axes[i]->end--;
        any = true;
    }
    return any;
}

static bool fits_limit(const struct poolgrad_axis *axis)
{
    int64_t reach;
    return axis->table ||
           (poolgrad_multiply(axis->stride, axis->end - axis->begin, &reach) && reach <= POOLGRAD_COORDINATE_LIMIT &&
            axis->first >= -POOLGRAD_COORDINATE_LIMIT && axis->first <= POOLGRAD_COORDINATE_LIMIT - reach);
}

bool poolgrad_fits_limit(const struct poolgrad_geometry *g)
{
    return fits_limit(&g->x) && fits_limit(&g->y) && fits_limit(&g->z);
}

/* Those of gradient pixels that exist but do not count; a table has none for them. */
TURN(keep_windows)
{
    struct poolgrad_geometry *g = &k->geometry;
    const int64_t sizes[] = {g->source_gradient.width, g->source_gradient.height, g->source_gradient.depth};
    struct poolgrad_axis *axes[POOLGRAD_AXES];
    bool any = false;
    (void)v, (void)a, (void)b;
    list_axes(g, axes);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (axes[i]->table || axes[i]->end == sizes[i]) continue;
        axes[i]->end = sizes[i];
        any = true;
    }
    return any && poolgrad_fits_limit(g);
}

/* A forward call's windows begin with the first pixel that is written. */
static bool begin_at_zero(struct poolgrad_axis *axis, int64_t end)
{
    int64_t before;
    if (axis->table) return axis->begin == 0 && axis->end == end;
    if (!poolgrad_multiply(axis->stride, axis->begin, &before) || before > POOLGRAD_COORDINATE_LIMIT) return false;
    axis->first -= before;
    axis->begin = 0;
    axis->end = end;
    return fits_limit(axis);
}

static bool same_range(struct poolgrad_range a, struct poolgrad_range b)
{
    return a.begin == b.begin && a.end == b.end;
}

TURN(ignore_clip)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_area all = poolgrad_volume_of(&g->held);
    (void)a, (void)b;
    if (!v->before.data ||
        (same_range(g->layers, all.layers) && same_range(g->rows, all.rows) && same_range(g->columns, all.columns))) {
        return false;
    }
    g->layers = all.layers;
    g->rows = all.rows;
    g->columns = all.columns;
    return g->direction == POOLGRAD_GRADIENT ||
           (begin_at_zero(&g->z, all.layers.end) && begin_at_zero(&g->y, all.rows.end) &&
            begin_at_zero(&g->x, all.columns.end));
}

static void shift(struct poolgrad_axis *axis, int64_t by, int64_t *of_table)
{
    if (axis->table)
        *of_table = by;
    else
        axis->first += by;
}

bool poolgrad_shift_all(struct poolgrad_knobs *k, int64_t x, int64_t y, int64_t z)
{
    shift(&k->geometry.x, x, &k->shift.x);
    shift(&k->geometry.y, y, &k->shift.y);
    shift(&k->geometry.z, z, &k->shift.z);
    return poolgrad_fits_limit(&k->geometry);
}

TURN(shift_windows)
{
    (void)v;
    return poolgrad_shift_all(k, a, b, 0);
}

TURN(shift_layers)
{
    (void)v, (void)b;
    return poolgrad_shift_all(k, 0, 0, a);
}

static bool leans(const struct poolgrad_axis *axis)
{
    return !axis->table && axis->extent % 2 == 0;
}

/* The other pixel in the middle is taken for the centre, along those of the axes `a` that have one: at least `b`. */
TURN(lean_windows)
{
    const struct poolgrad_geometry *g = &k->geometry;
    const int64_t x = (a & POOLGRAD_X) && leans(&g->x), y = (a & POOLGRAD_Y) && leans(&g->y);
    const int64_t z = (a & POOLGRAD_Z) && leans(&g->z);
    (void)v;
    return x + y + z >= b && poolgrad_shift_all(k, x, y, z);
}

/* The offset is added so many times more. */
TURN(turn_kernel_offset)
{
    const poolgrad_problem *p = &v->problem;
    (void)b;
    if (p->kernel_offset_x == 0 && p->kernel_offset_y == 0 && p->kernel_offset_z == 0) return false;
    return poolgrad_shift_all(k, a * p->kernel_offset_x, a * p->kernel_offset_y, a * p->kernel_offset_z);
}

/* The new axis, whose first tap, or else whose first centre, stays where it was. */
static bool place_axis(struct poolgrad_axis *axis, const struct poolgrad_axis *old, bool keeps_centre)
{
    if (axis->table) return true;
    if (!poolgrad_axis_extent(axis->kernel, axis->dilation, &axis->extent)) return false;
    if (keeps_centre) axis->first += old->extent / 2 - axis->extent / 2;
    return fits_limit(axis);
}

bool poolgrad_counts_taps(struct poolgrad_geometry *g)
{
    int64_t plane;
    return poolgrad_multiply(g->x.kernel, g->y.kernel, &plane) && poolgrad_multiply(plane, g->z.kernel, &g->full_count);
}

static bool place_axes(struct poolgrad_geometry *g, const struct poolgrad_geometry *old, bool keeps_centre)
{
    return place_axis(&g->x, &old->x, keeps_centre) && place_axis(&g->y, &old->y, keeps_centre) &&
           place_axis(&g->z, &old->z, keeps_centre) && poolgrad_counts_taps(g);
}

static void swap(int64_t *a, int64_t *b)
{
    const int64_t value = *a;
    *a = *b;
    *b = value;
}

/* All that describes the windows of two axes; the numbers of windows stay. */
static bool swap_places(struct poolgrad_axis *p, struct poolgrad_axis *q)
{
    const poolgrad_span *table = p->table;
    const bool ordered = p->ordered;
    swap(&p->first, &q->first);
    swap(&p->before, &q->before);
    swap(&p->behind, &q->behind);
    p->table = q->table;
    q->table = table;
    p->ordered = q->ordered;
    q->ordered = ordered;
    return p->table == q->table || p->end - p->begin == q->end - q->begin;
}

/* Of an axis whose image is the same. */
static bool has_same_windows(const struct poolgrad_axis *a, const struct poolgrad_axis *b)
{
    return a->kernel == b->kernel && a->stride == b->stride && a->dilation == b->dilation && a->extent == b->extent &&
           a->first == b->first && a->begin == b->begin && a->end == b->end && a->before == b->before &&
           a->behind == b->behind && a->table == b->table;
}

/* `a`: what, of which axes; `b`: 1 where centres stay. */
TURN(swap_axes)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    struct poolgrad_axis *p = a & POOLGRAD_SWAP_YZ ? &g->y : &g->x, *q = a & POOLGRAD_SWAPS_Z ? &g->z : &g->y;
    bool fits = true;
    (void)v;
    if (!(a & POOLGRAD_SWAP_PLACES) && (p->table || q->table)) return false;
    if (a & POOLGRAD_SWAP_KERNELS) swap(&p->kernel, &q->kernel);
    if (a & POOLGRAD_SWAP_STRIDES) swap(&p->stride, &q->stride);
    if (a & POOLGRAD_SWAP_DILATIONS) swap(&p->dilation, &q->dilation);
    if (a & POOLGRAD_SWAP_PLACES) fits = swap_places(p, q);
    return fits && !(has_same_windows(&old.x, &g->x) && has_same_windows(&old.y, &g->y)) && place_axes(g, &old, b);
}

TURN(ignore_dilation)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    (void)v, (void)a;
    g->x.dilation = g->y.dilation = g->z.dilation = 1;
    return (old.x.dilation != 1 || old.y.dilation != 1 || old.z.dilation != 1) && place_axes(g, &old, b);
}

/* Layers are pooled one by one. */
TURN(ignore_kernel_depth)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    (void)v, (void)a;
    if (g->z.table || g->z.kernel == 1) return false;
    g->z.kernel = 1;
    return place_axes(g, &old, b);
}

/* Windows of one size and one stride, as many, that reach from the first pixel to the last. */
TURN(use_uniform_windows)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    struct poolgrad_axis *axes[POOLGRAD_AXES];
    (void)v, (void)a, (void)b;
    list_axes(g, axes);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        struct poolgrad_axis *axis = axes[i];
        const int64_t count = axis->end - axis->begin;
        if (!axis->table) continue;
        if (count < 1 || axis->size < count) return false;
        axis->table = NULL;
        axis->first = 0;
        axis->stride = axis->size / count;
        axis->kernel = axis->size - (count - 1) * axis->stride;
    }
    return place_axes(g, &old, false);
}

TURN(part_windows)
{
    (void)v, (void)a, (void)b;
    k->parted = true;
    return true;
}

TURN(start_at_first_pixel)
{
    struct poolgrad_geometry *g = &k->geometry;
    (void)v, (void)a, (void)b;
    if (g->source_layer == 0 && g->source_row == 0 && g->source_column == 0) return false;
    g->source_layer = g->source_row = g->source_column = 0;
    return true;
}
