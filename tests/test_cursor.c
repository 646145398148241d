/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over taps and windows, against loops over everything there is. */
#include <criterion/criterion.h>

#include "geometry/cursor.h"
#include "support/random.h"

enum { MOST_STEPS = 4096 };

/* What a walk visited, in its order. */
typedef struct walk {
    struct poolgrad_pixel at[MOST_STEPS];
    int count;
} walk;

static void visit(walk *w, struct poolgrad_pixel at)
{
    cr_assert(w->count < MOST_STEPS);
    w->at[w->count++] = at;
}

static void expect_same(const walk *actual, const walk *expected, const char *what, uint64_t seed)
{
    bool same = actual->count == expected->count;
    for (int i = 0; same && i < expected->count; i++) {
        const struct poolgrad_pixel a = actual->at[i], b = expected->at[i];
        same = a.z == b.z && a.y == b.y && a.x == b.x;
    }
    cr_expect(same, "%s, seed 0x%016llx: %d steps, expected %d", what, (unsigned long long)seed, actual->count,
              expected->count);
}

enum { MOST_WINDOWS = 5 };

/* Windows of any size and in any order. */
static void tabulate(random_state *r, struct poolgrad_axis *axis, poolgrad_span spans[MOST_WINDOWS])
{
    axis->kernel = axis->stride = axis->dilation = 1;
    axis->ordered = random_chance(r, 50);
    for (int i = 0; i < axis->end - axis->begin; i++) {
        spans[i] = (poolgrad_span){random_between(r, -4, 8), random_between(r, 1, 4)};
        axis->kernel = poolgrad_max(axis->kernel, spans[i].size);
    }
    for (int i = 1; i < axis->end - axis->begin && axis->ordered; i++) {
        spans[i].first = poolgrad_max(spans[i].first, spans[i - 1].first);
        spans[i].size = poolgrad_max(spans[i].size, spans[i - 1].first + spans[i - 1].size - spans[i].first);
        axis->kernel = poolgrad_max(axis->kernel, spans[i].size);
    }
    axis->extent = axis->kernel;
    axis->table = spans;
}

static struct poolgrad_axis make_axis(random_state *r, poolgrad_span spans[MOST_WINDOWS])
{
    struct poolgrad_axis axis = {.kernel = random_between(r, 1, 4),
                                 .stride = random_between(r, 1, 4),
                                 .dilation = random_between(r, 1, 3),
                                 .size = random_between(r, 0, 8),
                                 .first = random_between(r, -12, 12),
                                 .begin = random_between(r, 0, 2)};
    axis.extent = (axis.kernel - 1) * axis.dilation + 1;
    axis.end = axis.begin + random_between(r, 0, MOST_WINDOWS);
    if (random_chance(r, 30)) tabulate(r, &axis, spans);
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
    for (int64_t k = 0; k < window.z.size * window.y.size * window.x.size; k++) {
        const int64_t kx = k % window.x.size, ky = k / window.x.size % window.y.size;
        const int64_t kz = k / window.x.size / window.y.size;
        const struct poolgrad_pixel at = {window.z.first + kz * g->z.dilation, window.y.first + ky * g->y.dilation,
                                          window.x.first + kx * g->x.dilation};
        if (!is_inside(&g->z, at.z) || !is_inside(&g->y, at.y) || !is_inside(&g->x, at.x)) continue;
        const bool on = !pixels ||
                        (is_in(pixels->layers, at.z) && is_in(pixels->rows, at.y) && is_in(pixels->columns, at.x));
        if (on) visit(&w, at);
    }
    return w;
}

static struct poolgrad_range some_range(random_state *r)
{
    const int64_t begin = random_between(r, -2, 8);
    return (struct poolgrad_range){begin, begin + random_between(r, 0, 5)};
}

static void check_taps(const struct poolgrad_geometry *g, struct poolgrad_window_at window, random_state *r,
                       uint64_t seed)
{
    const struct poolgrad_area pixels = {some_range(r), some_range(r), some_range(r)};
    const walk inside = taps_of(g, window, NULL), on = taps_of(g, window, &pixels);
    walk w = {.count = 0}, distinct = w, some = w;
    bool outside = false;
    struct poolgrad_taps taps = poolgrad_taps_inside(g, window);
    cr_expect_eq(poolgrad_taps_count(&taps), inside.count);
    while (poolgrad_taps_next(&taps)) visit(&w, taps.at);
    cr_expect(!poolgrad_taps_next(&taps), "the end is the end");
    expect_same(&w, &inside, "inside", seed);
    for (taps = poolgrad_taps_distinct(g, window); poolgrad_taps_next(&taps);) {
        cr_expect_eq(taps.inside,
                     is_inside(&g->z, taps.at.z) && is_inside(&g->y, taps.at.y) && is_inside(&g->x, taps.at.x));
        outside = outside || !taps.inside;
        if (taps.inside) visit(&distinct, taps.at);
    }
    expect_same(&distinct, &inside, "distinct", seed);
    cr_expect_eq(outside, inside.count < window.z.size * window.y.size * window.x.size,
                 "one outside stands for all, seed 0x%016llx", (unsigned long long)seed);
    for (taps = poolgrad_taps_on(g, window, &pixels); poolgrad_taps_next(&taps);) visit(&some, taps.at);
    expect_same(&some, &on, "on pixels", seed);
}

static bool has_tap(const struct poolgrad_axis *axis, poolgrad_span window, int64_t position)
{
    for (int64_t t = 0; t < window.size; t++) {
        if (window.first + t * axis->dilation == position) return true;
    }
    return false;
}

static struct poolgrad_steps all_outputs(const struct poolgrad_geometry *g)
{
    const struct poolgrad_area outputs = {{g->z.begin, g->z.end}, {g->y.begin, g->y.end}, {g->x.begin, g->x.end}};
    return poolgrad_steps_over(&outputs);
}

static void check_windows(const struct poolgrad_geometry *g, struct poolgrad_pixel pixel, uint64_t seed)
{
    walk expected = {.count = 0}, actual = expected;
    struct poolgrad_steps outputs = all_outputs(g);
    while (poolgrad_steps_next(&outputs)) {
        const struct poolgrad_window_at at = poolgrad_window_place(g, 0, 0, outputs.at);
        if (has_tap(&g->z, at.z, pixel.z) && has_tap(&g->y, at.y, pixel.y) && has_tap(&g->x, at.x, pixel.x)) {
            visit(&expected, outputs.at);
        }
    }
    struct poolgrad_windows windows = poolgrad_windows_of(g, pixel);
    while (poolgrad_windows_next(&windows)) visit(&actual, windows.at);
    expect_same(&actual, &expected, "windows", seed);
}

Test(cursor, visits_what_is_there_in_row_major_order)
{
    random_sweep sweep = random_sweep_start("visits_what_is_there_in_row_major_order", 300);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        poolgrad_span spans[POOLGRAD_AXES][MOST_WINDOWS];
        const struct poolgrad_geometry g = {
            .z = make_axis(&r, spans[2]), .y = make_axis(&r, spans[1]), .x = make_axis(&r, spans[0])};
        const struct poolgrad_area source = {{0, g.z.size}, {0, g.y.size}, {0, g.x.size}};
        struct poolgrad_steps outputs = all_outputs(&g), pixels = poolgrad_steps_over(&source);
        while (poolgrad_steps_next(&outputs)) {
            check_taps(&g, poolgrad_window_place(&g, 0, 0, outputs.at), &r, sweep.seed);
        }
        while (poolgrad_steps_next(&pixels)) check_windows(&g, pixels.at, sweep.seed);
    }
}

/* Windows that cover some of the pixels, and no fewer than those that have one as a tap. */
Test(cursor, windows_over_pixels_are_all_that_count)
{
    const struct poolgrad_axis axis = {
        .kernel = 3, .stride = 2, .dilation = 2, .extent = 5, .size = 12, .first = -3, .begin = 1, .end = 9};
    const struct poolgrad_geometry g = {.z = axis, .y = axis, .x = axis};
    const struct poolgrad_area pixels = {{4, 5}, {4, 6}, {0, 1}};
    struct poolgrad_steps steps = poolgrad_windows_over(&g, &pixels);
    int count = 0;
    while (poolgrad_steps_next(&steps)) {
        cr_expect(steps.at.z >= 3 && steps.at.z <= 4);
        cr_expect(steps.at.y >= 3 && steps.at.y <= 5 && steps.at.x >= 1 && steps.at.x <= 2);
        count++;
    }
    cr_expect_eq(count, 12);
}
