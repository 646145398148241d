/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients in plain loops, tile by tile: the same bits across borders, and no window searched more than a few times.
 */
#include "geometry/cursor.h"
#include "pooling/resolve.h"
#include "pooling/tiles.h"
#include "support/literal.h"
#include "support/random.h"
#include "support/small.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- Across borders ---------------------------------------------------------------------------------------------- */

enum { DEPTH = 19, HEIGHT = 21, WIDTH = 1050, MOST_WINDOWS = 64 };

typedef struct sizes {
    int64_t depth, height, width;
} sizes;

static int64_t pixels_of(sizes s)
{
    return s.depth * s.height * s.width;
}

static float *new_floats(int64_t count, random_state *r)
{
    float *floats = malloc((size_t)count * sizeof *floats);
    if (!floats) abort();
    for (int64_t i = 0; i < count; ++i) floats[i] = (float)random_between(r, -9, 9) / 8;
    return floats;
}

/* In any order, some of them twice, so that an axis has windows far apart behind each other. */
static poolgrad_table new_table(poolgrad_span *spans, int64_t size, int64_t longest, random_state *r)
{
    const int64_t count = random_between(r, 1, MOST_WINDOWS);
    for (int64_t i = 0; i < count; ++i) {
        spans[i].size = random_between(r, 1, longest < size ? longest : size);
        spans[i].first = random_between(r, 0, size - spans[i].size);
    }
    return (poolgrad_table){spans, count};
}

static int64_t windows_along(int64_t size, int64_t kernel, int64_t stride, int64_t dilation)
{
    return (size - (kernel - 1) * dilation - 1) / stride + 1;
}

/* Kinds, rules, windows of small and large extents, tables. */
static poolgrad_problem random_problem(sizes s, bool tables, poolgrad_span *spans, random_state *r)
{
    poolgrad_problem p = poolgrad_small_problem((poolgrad_kind)random_between(r, 0, 2), POOLGRAD_EDGE_CLAMP,
                                                SQUARE(1, 1, 1), 0, 0);
    poolgrad_window *w = &p.window;
    sizes windows;
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.direction = POOLGRAD_GRADIENT;
    p.ties = (poolgrad_tie_rule)random_between(r, 0, 3);
    p.add_to_destination = random_between(r, 0, 3) == 0;
    w->kernel_width = random_between(r, 1, 4);
    w->kernel_height = random_between(r, 1, 4);
    w->kernel_depth = random_between(r, 1, s.depth < 3 ? s.depth : 3);
    w->dilation_x = random_between(r, 1, s.width / 4);
    w->dilation_y = random_between(r, 1, 5);
    w->stride_x = random_between(r, 1, 40);
    w->stride_y = random_between(r, 1, 3);
    w->stride_z = random_between(r, 1, 3);
    windows = (sizes){windows_along(s.depth, w->kernel_depth, w->stride_z, 1),
                      windows_along(s.height, w->kernel_height, w->stride_y, w->dilation_y),
                      windows_along(s.width, w->kernel_width, w->stride_x, w->dilation_x)};
    p.offset_x = w->kernel_width / 2 * w->dilation_x;
    p.offset_y = w->kernel_height / 2 * w->dilation_y;
    p.offset_z = w->kernel_depth / 2;
    if (tables) {
        p.windows_x = new_table(spans, s.width, 600, r);
        p.windows_y = new_table(spans + MOST_WINDOWS, s.height, 9, r);
        *w = (poolgrad_window){1, 1, w->kernel_depth, 1, 1, w->stride_z, 1, 1, 1};
        p.offset_x = p.offset_y = 0;
        windows.width = p.windows_x.count;
        windows.height = p.windows_y.count;
    }
    p.source = poolgrad_const_image_dense_3d(new_floats(pixels_of(s), r), POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1,
                                             s.depth, s.height, s.width);
    p.source_gradient = poolgrad_const_image_dense_3d(new_floats(pixels_of(windows), r), POOLGRAD_FLOAT32,
                                                      POOLGRAD_NCHW, 1, 1, windows.depth, windows.height,
                                                      windows.width);
    return p;
}

static bool is_literal(sizes s, bool tables, uint64_t seed)
{
    random_state r = {seed};
    poolgrad_span spans[2 * MOST_WINDOWS];
    poolgrad_problem p = random_problem(s, tables, spans, &r);
    const size_t bytes = (size_t)pixels_of(s) * sizeof(float);
    float *found = new_floats(pixels_of(s), &r), *expected = malloc(bytes);
    if (!expected) abort();
    memcpy(expected, found, bytes);
    p.destination = poolgrad_image_dense_3d(expected, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, s.depth, s.height,
                                            s.width);
    literal_run(&p);
    p.destination.data = found;
    const bool same = poolgrad_run(&p, NULL) == POOLGRAD_OK && memcmp(found, expected, bytes) == 0;
    free((void *)p.source.data);
    free((void *)p.source_gradient.data);
    free(expected);
    free(found);
    return same;
}

Test(tiles, borders_leave_bits_as_they_are)
{
    for (uint64_t seed = 0; seed < 60; ++seed) {
        const sizes plane = {1, HEIGHT, WIDTH}, volume = {DEPTH, HEIGHT, seed % 12 == 0 ? WIDTH / 2 + 40 : 40};
        cr_expect(is_literal(plane, seed % 3 == 2, seed), "plane %d", (int)seed);
        cr_expect(is_literal(volume, seed % 6 == 5, seed), "volume %d", (int)seed);
    }
}

/* ---- Work -------------------------------------------------------------------------------------------------------- */

/* A problem over memory that folds: only geometry is looked at. */
static poolgrad_problem folded_problem(sizes s, float *element, float *destination, random_state *r)
{
    poolgrad_problem p = poolgrad_small_problem(random_between(r, 0, 1) ? POOLGRAD_MAX : POOLGRAD_L2NORM,
                                                POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.direction = POOLGRAD_GRADIENT;
    p.window =
        (poolgrad_window){random_between(r, 1, s.width), random_between(r, 1, s.height), random_between(r, 1, s.depth),
                          random_between(r, 1, 9),       random_between(r, 1, 9),        random_between(r, 1, 3),
                          random_between(r, 1, 3),       random_between(r, 1, 3),        random_between(r, 1, 2)};
    p.source = poolgrad_const_image_dense_3d(element, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, s.depth, s.height,
                                             s.width);
    p.source.depth_stride = p.source.row_stride = p.source.column_stride = 0;
    p.source.expanded = 1;
    p.source_gradient = p.source;
    p.destination = poolgrad_image_dense_3d(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, s.depth, s.height,
                                            s.width);
    return p;
}

/* How often the windows of a volume are searched, all tiles together, and how many pixels the tiles have. */
static int64_t count_searches(const struct poolgrad_geometry *g, int64_t *pixels)
{
    const struct poolgrad_tiles tiles = poolgrad_tiles_choose(g);
    int64_t searches = 0;
    *pixels = 0;
    for (int64_t i = 0; i < poolgrad_tiles_count(&tiles); ++i) {
        const struct poolgrad_area tile = poolgrad_tile_at(g, &tiles, i);
        const struct poolgrad_steps windows = poolgrad_windows_over(g, &tile);
        if (!poolgrad_area_is_empty(&windows.area)) searches += poolgrad_area_size(&windows.area);
        *pixels += poolgrad_area_size(&tile);
    }
    return searches;
}

Test(tiles, windows_are_searched_for_few_tiles)
{
    enum { AT_MOST = 8 }; /* for two tiles along each axis */
    static float element, destination[60 * 90 * 1200];
    random_state r = {1};
    for (int i = 0; i < 300; ++i) {
        const sizes s = {random_between(&r, 1, 60), random_between(&r, 1, 90), random_between(&r, 1, 1200)};
        const poolgrad_problem p = folded_problem(s, &element, destination, &r);
        struct poolgrad_geometry g;
        poolgrad_error error = {"", ""};
        int64_t pixels;
        cr_assert(poolgrad_resolve(&p, &g, &error) == POOLGRAD_OK, "%s", error.message);
        const struct poolgrad_area windows = {{g.z.begin, g.z.end}, {g.y.begin, g.y.end}, {g.x.begin, g.x.end}};
        const int64_t searches = count_searches(&g, &pixels);
        cr_expect(searches <= AT_MOST * poolgrad_area_size(&windows), "case %d: %lld searches of %lld windows", i,
                  (long long)searches, (long long)poolgrad_area_size(&windows));
        cr_expect(pixels == pixels_of(s), "case %d: tiles have %lld pixels", i, (long long)pixels);
    }
}

/* Memory has a limit that tiles keep, however large windows are. */
Test(tiles, memory_is_bounded)
{
    if (sizeof(size_t) < sizeof(int64_t)) return; /* no such image can be addressed */
    static float elements[3];
    const int64_t side = INT64_C(1) << 20;
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(side, 1, 1), side / 2,
                                                side / 2);
    struct poolgrad_geometry g;
    poolgrad_error error = {"", ""};
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(&elements[0], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, side, side);
    p.source.row_stride = p.source.column_stride = 0;
    p.source.expanded = 1;
    p.source_gradient = poolgrad_const_image_dense(&elements[1], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.destination = poolgrad_image_dense(&elements[2], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, side, side);
    cr_assert(poolgrad_resolve(&p, &g, &error) == POOLGRAD_OK, "%s", error.message);
    const struct poolgrad_tiles tiles = poolgrad_tiles_choose(&g);
    cr_expect(tiles.bytes <= INT64_C(1) << 28, "%lld bytes", (long long)tiles.bytes);
    cr_expect(tiles.size.x == side && tiles.size.y > 1 && poolgrad_tiles_count(&tiles) > 1);
}

/* One window over a plane of a million pixels: were a window searched for each row, this would take the day. */
static void expect_global(poolgrad_kind kind, poolgrad_tie_rule ties)
{
    enum { SIDE = 1024, GREATEST = 333 * SIDE + 777 };
    static float source[SIDE * SIDE], found[SIDE * SIDE];
    float gradient = 3;
    poolgrad_error error = {"", ""};
    for (int64_t i = 0; i < (int64_t)SIDE * SIDE; ++i) source[i] = i == GREATEST ? 2 : 0;
    poolgrad_problem p = poolgrad_small_problem(kind, POOLGRAD_EDGE_CLAMP, SQUARE(SIDE, 1, 1), SIDE / 2, SIDE / 2);
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.direction = POOLGRAD_GRADIENT;
    p.ties = ties;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    p.source_gradient = poolgrad_const_image_dense(&gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    for (int64_t i = 0; i < (int64_t)SIDE * SIDE; ++i) {
        const float share = kind == POOLGRAD_AVERAGE ? 3.0F / (float)(SIDE * SIDE) : 0;
        cr_assert(found[i] == (i == GREATEST && kind != POOLGRAD_AVERAGE ? 3 : share), "kind %d, ties %d, pixel %lld",
                  (int)kind, (int)ties, (long long)i);
    }
}

Test(tiles, a_window_over_a_large_plane)
{
    for (int ties = 0; ties < 4; ++ties) expect_global(POOLGRAD_MAX, (poolgrad_tie_rule)ties);
    expect_global(POOLGRAD_L2NORM, POOLGRAD_TIES_FIRST);
    expect_global(POOLGRAD_AVERAGE, POOLGRAD_TIES_FIRST);
}
