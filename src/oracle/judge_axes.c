/* SPDX-License-Identifier: Apache-2.0 */
/* What averages can come out as that divide by the count of each axis (docs/verification.md). */
#include "image/image.h"
#include "oracle/judge_parts.h"
#include "oracle/volume.h"

/* What is averaged: a gradient's windows that have a pixel as a tap, or the taps of a forward call's window. Along each
 * axis these are the same, whatever the others. */
struct grid {
    bool gradient;
    struct poolgrad_pixel pixel;
    struct poolgrad_window_at window;
    struct poolgrad_area area; /* of windows; of taps by their numbers */
    struct poolgrad_pixel at;
    int axes[POOLGRAD_AXES], count; /* but for the third one of planes */
};

enum { AXIS_Z, AXIS_Y, AXIS_X, MOST_ORDERS = 6 };

/* Of two axes the first two, of three all. */
static const int orders[MOST_ORDERS][POOLGRAD_AXES] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1},
                                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

/* ---- Grids ------------------------------------------------------------------------------------------------------- */

static const struct poolgrad_axis *axis_of(const struct poolgrad_geometry *g, int axis)
{
    return axis == AXIS_Z ? &g->z : axis == AXIS_Y ? &g->y : &g->x;
}

static int64_t along(struct poolgrad_pixel at, int axis)
{
    return axis == AXIS_Z ? at.z : axis == AXIS_Y ? at.y : at.x;
}

static int64_t *place_along(struct poolgrad_pixel *at, int axis)
{
    return axis == AXIS_Z ? &at->z : axis == AXIS_Y ? &at->y : &at->x;
}

static struct poolgrad_range range_along(const struct poolgrad_area *area, int axis)
{
    return axis == AXIS_Z ? area->layers : axis == AXIS_Y ? area->rows : area->columns;
}

static struct grid make_grid(const struct poolgrad_geometry *g)
{
    struct grid grid = {.gradient = g->direction == POOLGRAD_GRADIENT};
    if (!poolgrad_axis_is_flat(&g->z)) grid.axes[grid.count++] = AXIS_Z;
    grid.axes[grid.count++] = AXIS_Y;
    grid.axes[grid.count++] = AXIS_X;
    return grid;
}

static int count_orders(int axes)
{
    return axes == POOLGRAD_AXES ? MOST_ORDERS : 2;
}

/* Whether there is something at the grid's place along an axis. */
static bool has(const struct poolgrad_geometry *g, const struct grid *grid, int axis)
{
    const struct poolgrad_axis *a = axis_of(g, axis);
    return !grid->gradient ||
           poolgrad_axis_is_tap(a, poolgrad_axis_window(a, along(grid->at, axis)), along(grid->pixel, axis));
}

/* What is divided by along an axis. */
static int64_t count_along(const struct poolgrad_geometry *g, const struct grid *grid, int axis)
{
    const struct poolgrad_axis *a = axis_of(g, axis);
    const struct poolgrad_window_at *at = &grid->window;
    const poolgrad_span whole = axis == AXIS_Z ? at->z : axis == AXIS_Y ? at->y : at->x;
    const poolgrad_span window = grid->gradient ? poolgrad_axis_window(a, along(grid->at, axis)) : whole;
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return window.size;
    return poolgrad_range_length(poolgrad_axis_counted_taps(a, window));
}

static void read_value(struct poolgrad_judge *judge, const struct grid *grid, struct poolgrad_interval *value)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_window_at *w = &grid->window;
    if (grid->gradient) {
        poolgrad_interval_operand(&judge->declared, value,
                                  poolgrad_gradient_at(g, judge->gradient_n, judge->gradient_c, grid->at),
                                  g->source_gradient.format);
        return;
    }
    const struct poolgrad_pixel tap = {poolgrad_axis_place(&g->z, w->z, grid->at.z),
                                       poolgrad_axis_place(&g->y, w->y, grid->at.y),
                                       poolgrad_axis_place(&g->x, w->x, grid->at.x)};
    poolgrad_interval_operand(&judge->declared, value, poolgrad_source_at(g, w->n, w->c, tap), g->source.format);
}

/* ---- Divisions --------------------------------------------------------------------------------------------------- */

struct counts {
    int64_t along[POOLGRAD_AXES];
    int axes;
};

static struct counts counts_at(const struct poolgrad_geometry *g, const struct grid *grid)
{
    struct counts counts = {.axes = grid->count};
    for (int i = 0; i < grid->count; i++) counts.along[i] = count_along(g, grid, grid->axes[i]);
    return counts;
}

static bool are_same(const struct counts *a, const struct counts *b)
{
    for (int i = 0; i < a->axes; i++) {
        if (a->along[i] != b->along[i]) return false;
    }
    return true;
}

static void divide(struct poolgrad_judge *judge, struct poolgrad_interval *result, const struct poolgrad_interval *x,
                   int64_t count, bool added)
{
    poolgrad_judge_set_divisor(judge, count);
    poolgrad_interval_quotient(&judge->declared, result, x, &judge->work.count.divisor, NULL, added);
}

/* By one count after the other. */
static void divide_in_turn(struct poolgrad_judge *judge, struct poolgrad_interval *result,
                           const struct poolgrad_interval *x, const struct counts *counts, const int *order, bool added)
{
    struct poolgrad_interval *part = &judge->work.axes.turn;
    poolgrad_interval_copy(result, x);
    for (int i = 0; i < counts->axes; i++) {
        poolgrad_interval_copy(part, result);
        divide(judge, result, part, counts->along[order[i]], added && i == counts->axes - 1);
    }
}

/* Times the product of the reciprocals. */
static void multiply_in_turn(struct poolgrad_judge *judge, struct poolgrad_interval *result,
                             const struct poolgrad_interval *x, const struct counts *counts, const int *order,
                             bool added)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *scale = &judge->work.axes.scale, *one = &judge->work.axes.one;
    struct poolgrad_interval *reciprocal = &judge->work.axes.reciprocal, *part = &judge->work.axes.turn;
    poolgrad_interval_set(one, 1);
    poolgrad_interval_copy(scale, one);
    for (int i = 0; i < counts->axes; i++) {
        poolgrad_judge_set_divisor(judge, counts->along[order[i]]);
        poolgrad_interval_divide(d, reciprocal, one, &judge->work.count.divisor);
        poolgrad_interval_round(d, reciprocal);
        poolgrad_interval_product(d, part, scale, reciprocal, false);
        poolgrad_interval_copy(scale, part);
    }
    poolgrad_interval_product(d, result, x, scale, added);
}

/* In all orders of the axes. */
static void divide_by_all(struct poolgrad_judge *judge, struct poolgrad_interval *result,
                          const struct poolgrad_interval *x, const struct counts *counts, bool added)
{
    struct poolgrad_interval *other = &judge->work.axes.other;
    for (int i = 0; i < count_orders(counts->axes); i++) {
        if (judge->averages == POOLGRAD_AVERAGES_BY_AXIS)
            divide_in_turn(judge, other, x, counts, orders[i], added);
        else
            multiply_in_turn(judge, other, x, counts, orders[i], added);
        if (i == 0)
            poolgrad_interval_copy(result, other);
        else
            poolgrad_interval_join(result, other);
    }
}

/* Whether quotients are tensors, as of a gradient; or sums that are divided, as of a forward call. */
static bool stores_quotients(const struct poolgrad_judge *judge)
{
    return judge->composed == POOLGRAD_COMPOSED_SUM && judge->geometry.direction == POOLGRAD_GRADIENT;
}

static bool stores_sums(const struct poolgrad_judge *judge)
{
    return judge->composed == POOLGRAD_COMPOSED_SUM && judge->geometry.direction == POOLGRAD_FORWARD;
}

/* A tensor between two operations. */
static void keep(struct poolgrad_judge *judge, struct poolgrad_interval *interval)
{
    if (judge->geometry.direction == POOLGRAD_GRADIENT)
        poolgrad_judge_keep_gradient(judge, interval);
    else
        poolgrad_judge_keep_source(judge, interval);
}

/* A sum to be divided. */
static void read_sum(struct poolgrad_judge *judge, const struct poolgrad_interval_sum *sum,
                     struct poolgrad_interval *result)
{
    poolgrad_interval_sum_result(&judge->declared, sum, result);
    if (stores_sums(judge))
        keep(judge, result);
    else
        poolgrad_interval_sum_operand(&judge->declared, result);
}

/* What comes of terms that were divided, and of their divided sum: either, but for what is stored. */
static void choose(const struct poolgrad_judge *judge, struct poolgrad_interval *result,
                   const struct poolgrad_interval *divided)
{
    if (stores_sums(judge))
        poolgrad_interval_copy(result, divided);
    else
        poolgrad_interval_join(result, divided);
}

/* ---- One sum ----------------------------------------------------------------------------------------------------- */

/* Of terms that are divided by all counts; or of terms whose sum is. */
static void average_at_once(struct poolgrad_judge *judge, struct grid *grid, double before,
                            struct poolgrad_interval *result)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *value = &judge->work.axes.value, *quotient = &judge->work.axes.divided;
    struct poolgrad_steps steps = poolgrad_steps_over(&grid->area);
    struct counts first = {.axes = -1};
    bool same = true;
    for (int i = 0; i < 2; i++) poolgrad_interval_sum_reset(&judge->sums[i]);
    while (poolgrad_steps_next(&steps)) {
        grid->at = steps.at;
        if (!has(g, grid, AXIS_Z) || !has(g, grid, AXIS_Y) || !has(g, grid, AXIS_X)) continue;
        const struct counts counts = counts_at(g, grid);
        if (first.axes < 0) first = counts;
        same = same && are_same(&first, &counts);
        read_value(judge, grid, value);
        divide_by_all(judge, quotient, value, &counts, !stores_quotients(judge));
        if (stores_quotients(judge)) keep(judge, quotient);
        poolgrad_interval_sum_add(&judge->sums[0], quotient, false);
        poolgrad_interval_sum_add(&judge->sums[1], value, false);
    }
    if (g->add_to_destination) poolgrad_judge_add_before(judge, &judge->sums[0], before);
    poolgrad_interval_sum_result(d, &judge->sums[0], result);
    if (!same || first.axes < 0 || stores_quotients(judge)) return;
    read_sum(judge, &judge->sums[1], value);
    divide_by_all(judge, quotient, value, &first, g->add_to_destination);
    poolgrad_judge_add_last(judge, quotient, before);
    choose(judge, result, quotient);
}

/* ---- Sums of sums ------------------------------------------------------------------------------------------------ */

/* Averages along the axes of an order, each over those along the axes before it. */
struct walk {
    struct grid *grid;
    const int *order;
    double before;
    bool stores;                   /* each axis is an operation, whose result is stored */
    int64_t common[POOLGRAD_AXES]; /* what terms along an axis are divided by; 0: it differs; below: there is none */
};

static int axis_at(const struct walk *walk, int level)
{
    return walk->grid->axes[walk->order[level]];
}

static void open_level(struct poolgrad_judge *judge, struct walk *walk, int level)
{
    const int axis = axis_at(walk, level);
    walk->common[level] = -1;
    *place_along(&walk->grid->at, axis) = range_along(&walk->grid->area, axis).begin - 1;
    poolgrad_interval_sum_reset(&judge->divided_sums[level]);
    poolgrad_interval_sum_reset(&judge->whole_sums[level]);
}

/* False behind the last one. */
static bool next_along(const struct poolgrad_judge *judge, struct walk *walk, int level)
{
    const int axis = axis_at(walk, level);
    int64_t *at = place_along(&walk->grid->at, axis);
    while (++*at < range_along(&walk->grid->area, axis).end) {
        if (has(&judge->geometry, walk->grid, axis)) return true;
    }
    return false;
}

/* What work.axes.inner has, into one sum divided, into the other one as it is. */
static void add_inner(struct poolgrad_judge *judge, struct walk *walk, int level)
{
    const int64_t count = count_along(&judge->geometry, walk->grid, axis_at(walk, level));
    struct poolgrad_interval *inner = &judge->work.axes.inner, *quotient = &judge->work.axes.divided;
    int64_t *common = &walk->common[level];
    *common = *common < 0 || *common == count ? count : 0;
    poolgrad_interval_sum_add(&judge->whole_sums[level], inner, false);
    poolgrad_interval_sum_operand(&judge->declared, inner);
    divide(judge, quotient, inner, count, !stores_quotients(judge));
    if (stores_quotients(judge)) keep(judge, quotient);
    poolgrad_interval_sum_add(&judge->divided_sums[level], quotient, false);
}

/* The average along an axis, into work.axes.inner. */
static void close_level(struct poolgrad_judge *judge, const struct walk *walk, int level)
{
    const bool last = level == walk->grid->count - 1, adds = judge->geometry.add_to_destination && last;
    struct poolgrad_interval *result = &judge->work.axes.inner, *quotient = &judge->work.axes.divided;
    struct poolgrad_interval *sum = &judge->work.axes.value;
    if (adds) poolgrad_judge_add_before(judge, &judge->divided_sums[level], walk->before);
    poolgrad_interval_sum_result(&judge->declared, &judge->divided_sums[level], result);
    if (walk->common[level] > 0 && !stores_quotients(judge)) {
        read_sum(judge, &judge->whole_sums[level], sum);
        divide(judge, quotient, sum, walk->common[level], adds);
        if (adds) poolgrad_judge_add_last(judge, quotient, walk->before);
        choose(judge, result, quotient);
    }
    if (!last && walk->stores) keep(judge, result);
}

static void average_in_turn(struct poolgrad_judge *judge, struct walk *walk)
{
    const int last = walk->grid->count - 1;
    int level = last;
    open_level(judge, walk, level);
    while (level <= last) {
        if (!next_along(judge, walk, level)) {
            close_level(judge, walk, level++);
            if (level <= last) add_inner(judge, walk, level);
        } else if (level > 0) {
            open_level(judge, walk, --level);
        } else {
            read_value(judge, walk->grid, &judge->work.axes.inner);
            add_inner(judge, walk, level);
        }
    }
}

static void join_orders(struct poolgrad_judge *judge, struct grid *grid, bool stores, double before,
                        struct poolgrad_interval *result)
{
    for (int i = 0; i < count_orders(grid->count); i++) {
        struct walk walk = {.grid = grid, .order = orders[i], .before = before, .stores = stores};
        average_in_turn(judge, &walk);
        poolgrad_interval_join(result, &judge->work.axes.inner);
    }
}

/* Composed of a sum, each axis is an operation; of a mean, each axis or the whole. */
static void average(struct poolgrad_judge *judge, struct grid *grid, double before, struct poolgrad_interval *result)
{
    const bool by_axis = judge->averages == POOLGRAD_AVERAGES_BY_AXIS;
    average_at_once(judge, grid, before, result);
    if (!by_axis) return;
    if (judge->composed == POOLGRAD_COMPOSED_SUM) {
        poolgrad_interval_set_nan(result);
        result->nan = false;
    } else {
        join_orders(judge, grid, false, before, result);
    }
    if (judge->composed != POOLGRAD_COMPOSED_NOT) join_orders(judge, grid, true, before, result);
}

/* ---- From outside ------------------------------------------------------------------------------------------------ */

bool poolgrad_judge_goes_by_axis(const struct poolgrad_judge *judge)
{
    return judge->averages != POOLGRAD_AVERAGES_WHOLE && judge->geometry.divisor == 0;
}

void poolgrad_judge_gradient_by_axis(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, double before,
                                     struct poolgrad_interval *result)
{
    struct grid grid = make_grid(&judge->geometry);
    grid.pixel = pixel;
    grid.area = poolgrad_windows_of(&judge->geometry, pixel).steps.area;
    average(judge, &grid, before, result);
}

void poolgrad_judge_forward_by_axis(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                    struct poolgrad_interval *result)
{
    struct grid grid = make_grid(&judge->geometry);
    grid.window = at;
    grid.area = poolgrad_taps_inside(&judge->geometry, at).number.area;
    average(judge, &grid, 0, result);
}
