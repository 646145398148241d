/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over taps and windows, against loops over everything there is. */
#include <criterion/criterion.h>

#include "geometry/cursor.h"
#include "support/random.h"

enum { MOST_STEPS = 4096 };

/* What a walk visited, in its order. */
typedef struct walk {
    int64_t y[MOST_STEPS], x[MOST_STEPS];
    int count;
} walk;

static void visit(walk *w, int64_t y, int64_t x)
{
    cr_assert(w->count < MOST_STEPS);
    w->y[w->count] = y;
    w->x[w->count++] = x;
}

static void expect_same(const walk *actual, const walk *expected, const char *what, uint64_t seed)
{
    bool same = actual->count == expected->count;
    for (int i = 0; same && i < expected->count; i++) {
        same = actual->y[i] == expected->y[i] && actual->x[i] == expected->x[i];
    }
    cr_expect(same, "%s, seed 0x%016llx: %d steps, expected %d", what, (unsigned long long)seed, actual->count,
              expected->count);
}

static struct poolgrad_axis make_axis(random_state *r)
{
    struct poolgrad_axis axis = {.kernel = random_between(r, 1, 4),
                                 .stride = random_between(r, 1, 4),
                                 .dilation = random_between(r, 1, 3),
                                 .size = random_between(r, 0, 8),
                                 .first = random_between(r, -12, 12),
                                 .begin = random_between(r, 0, 2)};
    axis.extent = (axis.kernel - 1) * axis.dilation + 1;
    axis.end = axis.begin + random_between(r, 0, 5);
    return axis;
}

static bool is_inside(const struct poolgrad_axis *axis, int64_t position)
{
    return position >= 0 && position < axis->size;
}

static bool is_in(struct poolgrad_range range, int64_t i)
{
    return i >= range.begin && i < range.end;
}

/* Every tap of the window, inside and on the pixels; null: on any. */
static walk taps_of(const struct poolgrad_geometry *g, struct poolgrad_window_at window,
                    const struct poolgrad_area *pixels)
{
    walk w = {.count = 0};
    for (int64_t ky = 0; ky < g->y.kernel; ky++) {
        for (int64_t kx = 0; kx < g->x.kernel; kx++) {
            const int64_t y = window.top + ky * g->y.dilation, x = window.left + kx * g->x.dilation;
            if (!is_inside(&g->y, y) || !is_inside(&g->x, x)) continue;
            if (!pixels || (is_in(pixels->rows, y) && is_in(pixels->columns, x))) visit(&w, y, x);
        }
    }
    return w;
}

static void check_taps(const struct poolgrad_geometry *g, struct poolgrad_window_at window, random_state *r,
                       uint64_t seed)
{
    const int64_t row = random_between(r, -2, 8), column = random_between(r, -2, 8);
    const struct poolgrad_area pixels = {{row, row + random_between(r, 0, 5)}, {column, column + 3}};
    const walk inside = taps_of(g, window, NULL), on = taps_of(g, window, &pixels);
    walk w = {.count = 0}, distinct = w, some = w;
    bool outside = false;
    struct poolgrad_taps taps = poolgrad_taps_inside(g, window);
    cr_expect_eq(poolgrad_taps_count(&taps), inside.count);
    while (poolgrad_taps_next(&taps)) visit(&w, taps.y, taps.x);
    cr_expect(!poolgrad_taps_next(&taps), "the end is the end");
    expect_same(&w, &inside, "inside", seed);
    for (taps = poolgrad_taps_distinct(g, window); poolgrad_taps_next(&taps);) {
        cr_expect_eq(taps.inside, is_inside(&g->y, taps.y) && is_inside(&g->x, taps.x));
        outside = outside || !taps.inside;
        if (taps.inside) visit(&distinct, taps.y, taps.x);
    }
    expect_same(&distinct, &inside, "distinct", seed);
    cr_expect_eq(outside, inside.count < g->y.kernel * g->x.kernel, "one outside stands for all, seed 0x%016llx",
                 (unsigned long long)seed);
    for (taps = poolgrad_taps_on(g, window, &pixels); poolgrad_taps_next(&taps);) visit(&some, taps.y, taps.x);
    expect_same(&some, &on, "on pixels", seed);
}

static bool has_tap(const struct poolgrad_axis *axis, int64_t start, int64_t position)
{
    for (int64_t t = 0; t < axis->kernel; t++) {
        if (start + t * axis->dilation == position) return true;
    }
    return false;
}

static void check_windows(const struct poolgrad_geometry *g, int64_t y, int64_t x, uint64_t seed)
{
    walk expected = {.count = 0}, actual = expected;
    for (int64_t wy = g->y.begin; wy < g->y.end; wy++) {
        for (int64_t wx = g->x.begin; wx < g->x.end; wx++) {
            const struct poolgrad_window_at at = poolgrad_window_place(g, 0, 0, wy, wx);
            if (has_tap(&g->y, at.top, y) && has_tap(&g->x, at.left, x)) visit(&expected, wy, wx);
        }
    }
    struct poolgrad_windows windows = poolgrad_windows_of(g, y, x);
    while (poolgrad_windows_next(&windows)) visit(&actual, windows.y, windows.x);
    expect_same(&actual, &expected, "windows", seed);
}

Test(cursor, visits_what_is_there_in_row_major_order)
{
    random_sweep sweep = random_sweep_start("visits_what_is_there_in_row_major_order", 2000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        const struct poolgrad_geometry g = {.y = make_axis(&r), .x = make_axis(&r)};
        for (int64_t y = g.y.begin; y < g.y.end; y++) {
            for (int64_t x = g.x.begin; x < g.x.end; x++) {
                check_taps(&g, poolgrad_window_place(&g, 0, 0, y, x), &r, sweep.seed);
            }
        }
        for (int64_t y = 0; y < g.y.size; y++) {
            for (int64_t x = 0; x < g.x.size; x++) check_windows(&g, y, x, sweep.seed);
        }
    }
}

/* Windows that cover some of the pixels, and no fewer than those that have one as a tap. */
Test(cursor, windows_over_pixels_are_all_that_count)
{
    const struct poolgrad_axis axis = {
        .kernel = 3, .stride = 2, .dilation = 2, .extent = 5, .size = 12, .first = -3, .begin = 1, .end = 9};
    const struct poolgrad_geometry g = {.y = axis, .x = axis};
    const struct poolgrad_area pixels = {{4, 6}, {0, 1}};
    struct poolgrad_steps steps = poolgrad_windows_over(&g, &pixels);
    int count = 0;
    while (poolgrad_steps_next(&steps)) {
        cr_expect(steps.y >= 3 && steps.y <= 5 && steps.x >= 1 && steps.x <= 2);
        count++;
    }
    cr_expect_eq(count, 6);
}
