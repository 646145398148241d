/* SPDX-License-Identifier: Apache-2.0 */
/* Windows by table: adaptive ones, and any others, by problems worked out by hand and by random progressions. */
#include "support/case.h"
#include "support/literal.h"
#include "support/report.h"
#include "support/sentence.h"
#include "support/small.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPANS(...) ((const poolgrad_span[]){__VA_ARGS__})
#define TABLE(...) ((poolgrad_table){SPANS(__VA_ARGS__), (int64_t)(sizeof SPANS(__VA_ARGS__) / sizeof(poolgrad_span))})

static poolgrad_problem along_x(poolgrad_kind kind, poolgrad_edge_mode edge_mode, poolgrad_table windows)
{
    poolgrad_problem p = poolgrad_small_problem(kind, edge_mode, SQUARE(1, 1, 1), 0, 0);
    p.windows_x = windows;
    return p;
}

static void forward_is(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small expected)
{
    cr_expect(poolgrad_small_forward(name, &p, source, expected, NO_PLANE), "%s", name);
}

static void picks_are(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small expected,
                      poolgrad_small picks)
{
    cr_expect(poolgrad_small_forward(name, &p, source, expected, picks), "%s", name);
}

static void gradient_is(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small gradient,
                        poolgrad_small expected)
{
    cr_expect(poolgrad_small_gradient(name, &p, source, gradient, NO_PLANE, NO_PLANE, expected), "%s", name);
}

/* ---- Adaptive windows -------------------------------------------------------------------------------------------- */

enum { MOST = 5 };

typedef struct adaptive_case {
    int64_t size, count;
    poolgrad_span spans[MOST];
} adaptive_case;

static const adaptive_case adaptive_cases[] = {
    {7, 3, {{0, 3}, {2, 3}, {4, 3}}},
    {5, 3, {{0, 2}, {1, 3}, {3, 2}}},
    {6, 3, {{0, 2}, {2, 2}, {4, 2}}},
    {2, 5, {{0, 1}, {0, 1}, {0, 2}, {1, 1}, {1, 1}}},
    {10, 4, {{0, 3}, {2, 3}, {5, 3}, {7, 3}}},
    {1, 1, {{0, 1}}},
    {9, 1, {{0, 9}}},
    {3, 3, {{0, 1}, {1, 1}, {2, 1}}},
    /* 2^61 is 3 x 768614336404564650 + 2 */
    {INT64_C(1) << 61,
     3,
     {{0, INT64_C(768614336404564651)},
      {INT64_C(768614336404564650), INT64_C(768614336404564652)},
      {INT64_C(1537228672809129301), INT64_C(768614336404564651)}}},
    {INT64_C(1) << 61, 2, {{0, INT64_C(1) << 60}, {INT64_C(1) << 60, INT64_C(1) << 60}}},
};

Test(tables, adaptive_windows)
{
    for (size_t i = 0; i < sizeof adaptive_cases / sizeof *adaptive_cases; ++i) {
        const adaptive_case *t = &adaptive_cases[i];
        poolgrad_error error = {"", ""};
        poolgrad_span spans[MOST + 1];
        memset(spans, 0x5a, sizeof spans);
        cr_expect(poolgrad_adaptive_windows(t->size, t->count, spans, &error) == POOLGRAD_OK, "%s", error.message);
        for (int64_t k = 0; k < t->count; ++k)
            cr_expect(spans[k].first == t->spans[k].first && spans[k].size == t->spans[k].size,
                      "size %lld, window %lld: %lld + %lld", (long long)t->size, (long long)k,
                      (long long)spans[k].first, (long long)spans[k].size);
        cr_expect(spans[t->count].first == INT64_C(0x5a5a5a5a5a5a5a5a), "written beyond the last one");
    }
}

/* floor(i size / count) and ceil((i + 1) size / count) where the products fit. */
Test(tables, adaptive_windows_of_many_sizes)
{
    for (int64_t size = 1; size <= 40; ++size)
        for (int64_t count = 1; count <= 40; ++count) {
            poolgrad_span spans[40];
            cr_assert(poolgrad_adaptive_windows(size, count, spans, NULL) == POOLGRAD_OK);
            for (int64_t i = 0; i < count; ++i) {
                const int64_t first = i * size / count, end = ((i + 1) * size + count - 1) / count;
                cr_expect(spans[i].first == first && spans[i].first + spans[i].size == end, "%lld of %lld, window %lld",
                          (long long)count, (long long)size, (long long)i);
            }
        }
}

Test(tables, adaptive_windows_that_are_refused)
{
    static const int64_t wrong[] = {0, -1, INT64_MIN, (INT64_C(1) << 61) + 1, INT64_MAX};
    poolgrad_span spans[1] = {{7, 7}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        poolgrad_error error = {"", ""};
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)wrong[i]);
        cr_expect(poolgrad_adaptive_windows(wrong[i], 1, spans, &error) == POOLGRAD_INVALID);
        cr_expect(refusal_is_sentence(&error) && strcmp(error.field, "size") == 0 && strstr(error.message, number),
                  "\"%s\"", error.message);
        cr_expect(poolgrad_adaptive_windows(1, wrong[i], spans, &error) == POOLGRAD_INVALID);
        cr_expect(refusal_is_sentence(&error) && strcmp(error.field, "count") == 0 && strstr(error.message, number),
                  "\"%s\"", error.message);
        cr_expect(poolgrad_adaptive_windows(1, wrong[i], spans, NULL) == POOLGRAD_INVALID);
        cr_expect(spans[0].first == 7 && spans[0].size == 7);
    }
}

/* 1 .. 7 in three windows of three: {1, 2, 3}, {3, 4, 5}, {5, 6, 7}. */
#define RAMP F32(1, 7, 1, 2, 3, 4, 5, 6, 7)
#define THREE_OF_SEVEN TABLE({0, 3}, {2, 3}, {4, 3})

Test(tables, adaptive_pooling)
{
    for (int m = 0; m < 2; ++m) {
        poolgrad_problem p = along_x(POOLGRAD_AVERAGE, (poolgrad_edge_mode)m, THREE_OF_SEVEN);
        forward_is("average", p, RAMP, F32(1, 3, 2, 4, 6));
        gradient_is("average", p, SIZE_ONLY(1, 7), F32(1, 3, 3, 6, 9), F32(1, 7, 1, 1, 3, 2, 5, 3, 3));
        p.kind = POOLGRAD_MAX;
        picks_are("max", p, RAMP, F32(1, 3, 3, 5, 7), I32(1, 3, 2, 4, 6));
        gradient_is("max", p, RAMP, F32(1, 3, 3, 6, 9), F32(1, 7, 0, 0, 3, 0, 6, 0, 9));
        p.kind = POOLGRAD_L2NORM; /* 2 3 6: 7 */
        p.windows_x = TABLE({0, 3}, {1, 1});
        forward_is("norm", p, F32(1, 3, 2, 3, 6), F32(1, 2, 7, 3));
        gradient_is("norm", p, F32(1, 3, 2, 3, 6), F32(1, 2, 14, 6), F32(1, 3, 4, 12, 12));
    }
}

/* ---- Any windows ------------------------------------------------------------------------------------------------- */

/* {5, 6}, {1, 2, 3}, {5, 6} again, {2}. */
Test(tables, windows_in_any_order)
{
    const poolgrad_small g = F32(1, 4, 1, 10, 100, 1000);
    poolgrad_problem p = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, TABLE({4, 2}, {0, 3}, {4, 2}, {1, 1}));
    picks_are("places", p, RAMP, F32(1, 4, 6, 3, 6, 2), I64(1, 4, 5, 2, 5, 1));
    picks_are("taps", p, RAMP, F32(1, 4, 6, 3, 6, 2), T8(1, 4, 1, 2, 1, 0));
    gradient_is("max", p, RAMP, g, F32(1, 7, 0, 1000, 10, 0, 0, 101, 0));
    cr_expect(poolgrad_small_gradient("from taps", &p, SIZE_ONLY(1, 7), g, T8(1, 4, 1, 2, 1, 0), NO_PLANE,
                                      F32(1, 7, 0, 1000, 10, 0, 0, 101, 0)));
    cr_expect(poolgrad_small_gradient("from places", &p, SIZE_ONLY(1, 7), g, I32(1, 4, 5, 2, 5, 1), NO_PLANE,
                                      F32(1, 7, 0, 1000, 10, 0, 0, 101, 0)));
    p.kind = POOLGRAD_AVERAGE;
    forward_is("average", p, RAMP, F32(1, 4, 5.5f, 2, 5.5f, 2));
    gradient_is("average", p, SIZE_ONLY(1, 7), F32(1, 4, 2, 3, 4, 5), F32(1, 7, 1, 6, 1, 0, 3, 3, 0));
}

/* 1 is lost beside 2^24: windows add in the order of their pixels, not of their places. */
Test(tables, windows_add_in_the_order_of_their_pixels)
{
    poolgrad_problem p = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, TABLE({0, 3}, {0, 1}, {-2, 3}, {-1, 2}));
    gradient_is("in order", p, F32(1, 3, 9, 1, 2), F32(1, 4, 16777216, 1, -16777216, 1), F32(1, 3, 1, 0, 0));
    gradient_is("another", p, F32(1, 3, 9, 1, 2), F32(1, 4, 16777216, -16777216, 1, 1), F32(1, 3, 2, 0, 0));
}

/* Wholly before, across the first pixel, across the last one. */
Test(tables, windows_outside)
{
    const poolgrad_table windows = TABLE({-2, 2}, {-1, 3}, {6, 4});
    poolgrad_problem p = along_x(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, windows);
    forward_is("average, zero", p, RAMP, F32(1, 3, 0, 1, 1.75f));
    gradient_is("average, zero", p, SIZE_ONLY(1, 7), F32(1, 3, 5, 3, 8), F32(1, 7, 1, 1, 0, 0, 0, 0, 2));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    forward_is("average, clamp", p, RAMP, F32(1, 3, 0, 1.5f, 7));
    p.zero_pad_x = 1;
    forward_is("average, padding", p, RAMP, F32(1, 3, 0, 1, 3.5f));
    p.zero_pad_x = 0;
    p.zero_pad_right = 2;
    forward_is("average, padding on the right", p, RAMP, F32(1, 3, 0, 1.5f, 7.0f / 3));
    p = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, windows);
    picks_are("max, zero", p, F32(1, 7, -1, -2, 3, 4, 5, 6, -7), F32(1, 3, 0, 0, 0), I32(1, 3, -1, -1, -1));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    picks_are("max, clamp", p, F32(1, 7, -1, -2, 3, 4, 5, 6, -7), F32(1, 3, 0, -1, -7), I32(1, 3, -1, 0, 6));
    picks_are("max, clamp, taps", p, RAMP, F32(1, 3, 0, 2, 7), T16(1, 3, 0xffff, 2, 0));
}

/* A table along one axis, a progression along another; N in mode zero is the product of both. */
Test(tables, beside_a_progression)
{
    const poolgrad_small image = F32(3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(2, 2, 1), 0, 0);
    p.windows_y = TABLE({1, 2}, {-1, 3}); /* columns {-1, 0}, {1, 2} */
    forward_is("average", p, image, F32(2, 2, 2.75f, 7, 5.0f / 6, 16.0f / 6));
    gradient_is("average", p, SIZE_ONLY(3, 3), F32(2, 2, 4, 8, 6, 12), F32(3, 3, 1, 2, 2, 2, 4, 4, 1, 2, 2));
    p.kind = POOLGRAD_MAX;
    picks_are("taps", p, image, F32(2, 2, 7, 9, 4, 6), T8(2, 2, 3, 3, 5, 5));
    p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    p.windows_x = TABLE({0, 1}, {1, 2});
    p.windows_y = TABLE({2, 1}, {0, 2});
    picks_are("two tables", p, image, F32(2, 2, 7, 9, 4, 6), I32(2, 2, 6, 8, 3, 5));
    picks_are("two tables, taps", p, image, F32(2, 2, 7, 9, 4, 6), T32(2, 2, 0, 1, 1, 3));
}

Test(tables, along_the_depth)
{
    const poolgrad_small image = poolgrad_small_volume(4, F32(4, 2, 1, 2, 3, 4, 5, 6, 7, 8));
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
    p.window.kernel_depth = p.window.stride_z = p.window.dilation_z = 0;
    p.windows_z = TABLE({2, 2}, {0, 1}, {-1, 3});
    picks_are("places", p, image, poolgrad_small_volume(3, F32(3, 1, 8, 2, 4)),
              poolgrad_small_volume(3, I32(3, 1, 7, 1, 3)));
    picks_are("taps", p, image, poolgrad_small_volume(3, F32(3, 1, 8, 2, 4)),
              poolgrad_small_volume(3, T8(3, 1, 3, 1, 5)));
    p.kind = POOLGRAD_AVERAGE;
    gradient_is("average", p, image, poolgrad_small_volume(3, F32(3, 1, 4, 2, 8)),
                poolgrad_small_volume(4, F32(4, 2, 3, 3, 2, 2, 1, 1, 1, 1)));
}

/* ---- Which pixels they belong to --------------------------------------------------------------------------------- */

/* The first window is that of the clip's or the region's first pixel. */
Test(tables, clips_and_regions)
{
    const poolgrad_small g = F32(1, 4, 1, 10, 100, 1000);
    float found[4] = {9, 9, 9, 9};
    poolgrad_problem p = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, TABLE({4, 3}, {1, 1}));
    poolgrad_error error = {"", ""};
    p.clip.x = 1;
    p.clip.width = 2;
    p.source = poolgrad_const_image_dense(RAMP.data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 7);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 4);
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(found[0] == 9 && found[1] == 7 && found[2] == 2 && found[3] == 9);
    p = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, TABLE({4, 3}, {1, 1}));
    p.gradient_region.x = 1;
    p.gradient_region.width = 2;
    gradient_is("a region of two", p, RAMP, g, F32(1, 7, 0, 100, 0, 0, 0, 0, 10));
    p.windows_x = TABLE({4, 3}, {1, 1}, {3, 1});
    p.gradient_region.x = -1; /* the first window's pixel is cut away */
    p.gradient_region.width = 3;
    gradient_is("a region from -1 on", p, RAMP, g, F32(1, 7, 0, 1, 0, 10, 0, 0, 0));
}

/* The clip rectangle's first pixel stands for the first tap of the first window in the table, or for pixel 0. */
Test(tables, clip_mapping)
{
    poolgrad_problem p = along_x(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, TABLE({3, 2}, {0, 2}, {4, 2}));
    p.mapping = POOLGRAD_MAPPING_CLIP;
    gradient_is("from 3 on", p, SIZE_ONLY(1, 7), F32(1, 3, 2, 20, 200), F32(1, 7, 1, 101, 100, 0, 0, 0, 0));
    p.windows_x = TABLE({-1, 2}, {0, 2}, {4, 2});
    gradient_is("before the image", p, SIZE_ONLY(1, 7), F32(1, 3, 2, 20, 200), F32(1, 7, 11, 10, 0, 0, 100, 100, 0));
}

/* A plan keeps windows of its own. */
Test(tables, plans_copy_their_tables)
{
    poolgrad_span *spans = malloc(2 * sizeof *spans);
    cr_assert(spans);
    spans[0] = (poolgrad_span){4, 3};
    spans[1] = (poolgrad_span){1, 1};
    float found[2] = {0};
    poolgrad_plan *plan;
    poolgrad_error error = {"", ""};
    poolgrad_problem p = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, (poolgrad_table){spans, 2});
    p.source = poolgrad_const_image_dense(RAMP.data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 7);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    cr_assert(poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK, "%s", error.message);
    memset(spans, 0x5a, 2 * sizeof *spans);
    free(spans);
    poolgrad_plan_run(plan);
    cr_expect(found[0] == 7 && found[1] == 2);
    cr_expect_not_null(strstr(poolgrad_plan_kernel(plan), "forward/max/lanes/"), "%s", poolgrad_plan_kernel(plan));
    poolgrad_plan_destroy(plan);
}

/* Tables are what they hold, wherever they lie. */
Test(tables, equality)
{
    poolgrad_span other[3] = {{0, 3}, {2, 3}, {4, 3}};
    const poolgrad_problem a = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, THREE_OF_SEVEN);
    poolgrad_problem b = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, (poolgrad_table){other, 3});
    cr_expect(poolgrad_problem_equal(&a, &b) && poolgrad_problem_hash(&a) == poolgrad_problem_hash(&b));
    other[1].size = 2;
    cr_expect(!poolgrad_problem_equal(&a, &b));
    other[1].size = 3;
    b.windows_x.count = 2;
    cr_expect(!poolgrad_problem_equal(&a, &b));
    b.windows_x = (poolgrad_table){NULL, 0};
    b.windows_y = (poolgrad_table){other, 3};
    cr_expect(!poolgrad_problem_equal(&a, &b));
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

typedef struct wrong_table {
    poolgrad_table windows;
    const char *field, *shows;
} wrong_table;

static void expect_refused(poolgrad_problem p, const char *field, const char *shows)
{
    static float data[7], found[3];
    poolgrad_error error = {"", ""};
    p.source = poolgrad_const_image_dense(data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 7);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 3);
    found[0] = 9;
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_INVALID && refusal_is_sentence(&error), "%s", shows);
    cr_expect(strcmp(error.field, field) == 0 && strstr(error.message, shows), "expected %s and %s: \"%s\"", field,
              shows, error.message);
    cr_expect(found[0] == 9);
}

Test(tables, wrong_tables_are_refused)
{
    const int64_t limit = INT64_C(1) << 61;
    const wrong_table wrong[] = {
        {TABLE({0, 1}, {0, 1}), "windows_x.count", "is 2; expected 3"},
        {TABLE({0, 1}, {0, 1}, {0, 1}, {0, 1}), "windows_x.count", "is 4; expected 3"},
        {{NULL, 3}, "windows_x.spans", "null"},
        {{SPANS({0, 1}), 0}, "windows_x.count", "is 0; expected 3"},
        {{SPANS({0, 1}), -1}, "windows_x.count", "is -1; expected 3"},
        {{NULL, -1}, "windows_x.count", "is -1; expected 3"},
        {{SPANS({0, 1}), INT64_MAX}, "windows_x.count", "expected 3"},
        {TABLE({0, 1}, {0, 0}, {0, 1}), "windows_x.spans", "window 1 of size 0"},
        {TABLE({0, 1}, {0, 1}, {0, -4}), "windows_x.spans", "window 2 of size -4"},
        {TABLE({0, INT64_MIN}, {0, 1}, {0, 1}), "windows_x.spans", "window 0"},
        {TABLE({0, limit + 1}, {0, 1}, {0, 1}), "windows_x.spans", "window 0"},
        {TABLE({0, INT64_MAX}, {0, 1}, {0, 1}), "windows_x.spans", "window 0"},
        {TABLE({0, 1}, {limit + 1, 1}, {0, 1}), "windows_x.spans", "window 1"},
        {TABLE({0, 1}, {INT64_MAX, 1}, {0, 1}), "windows_x.spans", "window 1"},
        {TABLE({0, 1}, {INT64_MIN, 1}, {0, 1}), "windows_x.spans", "window 1"},
        {TABLE({0, 1}, {0, 1}, {-limit - 1, 1}), "windows_x.spans", "window 2"},
        {TABLE({0, 1}, {0, 1}, {limit, limit}), "windows_x.spans", "window 2"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i)
        expect_refused(along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, wrong[i].windows), wrong[i].field, wrong[i].shows);
}

/* What places the windows of a progression is neutral beside a table. */
Test(tables, nothing_else_places_windows)
{
    const poolgrad_problem valid = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, THREE_OF_SEVEN);
    poolgrad_problem p = valid;
    p.window.kernel_width = 3;
    expect_refused(p, "window.kernel_width", "is 3; expected 1");
    p = valid;
    p.window.stride_x = 2;
    expect_refused(p, "window.stride_x", "is 2; expected 1");
    p = valid;
    p.window.dilation_x = 2;
    expect_refused(p, "window.dilation_x", "is 2; expected 1");
    p = valid;
    p.offset_x = -1;
    expect_refused(p, "offset_x", "is -1; expected 0");
    p = along_x(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, TABLE({0, 1}, {0, 1}, {0, 1}));
    p.windows_y = TABLE({0, 1}, {0, 1});
    expect_refused(p, "windows_y.count", "is 2; expected 1");
    p.windows_y = (poolgrad_table){NULL, 0};
    p.windows_z = TABLE({0, 1}, {0, 1});
    expect_refused(p, "windows_z.count", "is 2; expected 1");
    p.windows_z = TABLE({0, 0});
    expect_refused(p, "windows_z.spans", "window 0 of size 0");
    p.windows_z = TABLE({0, 1});
    p.window.kernel_depth = 2;
    expect_refused(p, "window.kernel_depth", "is 2; expected 1");
    p.window.kernel_depth = 1;
    p.offset_z = 1;
    expect_refused(p, "offset_z", "is 1; expected 0");
}

Test(tables, kernel_offsets_are_refused)
{
    float g[3] = {0}, found[7] = {0};
    poolgrad_error error = {"", ""};
    poolgrad_problem p = along_x(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, THREE_OF_SEVEN);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 7);
    p.source_gradient = poolgrad_const_image_dense(g, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 3);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 7);
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_OK, "%s", error.message);
    p.kernel_offset_x = 1;
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_INVALID && strcmp(error.field, "kernel_offset_x") == 0, "\"%s\"",
              error.message);
}

/* The farthest windows that there may be, and the largest: no plain loop over their taps, which are 2^61. */
Test(tables, far_and_large_windows)
{
    const int64_t limit = INT64_C(1) << 61;
    float found[3] = {9, 9, 9};
    poolgrad_error error = {"", ""};
    poolgrad_problem p = along_x(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP,
                                 TABLE({-limit, limit}, {limit - 1, 1}, {-limit + 3, limit}));
    p.source = poolgrad_const_image_dense(RAMP.data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 7);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 3);
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(found[0] == 0 && found[1] == 0 && found[2] == 2, "%g %g %g", (double)found[0], (double)found[1],
              (double)found[2]);
    p.edge_mode = POOLGRAD_EDGE_ZERO; /* 6 / 2^61 */
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(found[2] == 0x6p-61f, "%g", (double)found[2]);
}

/* ---- Progressions by table --------------------------------------------------------------------------------------- */

/* The same windows, written out; false where they have gaps, or where the table would have another first tap. */
static bool tabulate(const poolgrad_problem *p, literal_direction which, poolgrad_table *table)
{
    const literal_axis axis = literal_axis_of(p, which);
    if (axis.dilation > 1 && axis.kernel > 1) return false;
    if (literal_length(axis.counted) == 0) return false;
    const int64_t count = axis.counted.end - axis.origin;
    poolgrad_span *spans = literal_array(count, sizeof *spans);
    for (int64_t i = 0; i < count; ++i) spans[i] = (poolgrad_span){axis.first_tap + i * axis.stride, axis.kernel};
    *table = (poolgrad_table){spans, count};
    return true;
}

static poolgrad_problem tabulated(const poolgrad_problem *p, int *tables)
{
    poolgrad_problem t = *p;
    poolgrad_window *w = &t.window;
    if (tabulate(p, ALONG_WIDTH, &t.windows_x)) {
        w->kernel_width = w->stride_x = w->dilation_x = 1;
        t.offset_x = t.kernel_offset_x = 0;
        ++*tables;
    }
    if (tabulate(p, ALONG_HEIGHT, &t.windows_y)) {
        w->kernel_height = w->stride_y = w->dilation_y = 1;
        t.offset_y = t.kernel_offset_y = 0;
        ++*tables;
    }
    if (tabulate(p, ALONG_DEPTH, &t.windows_z)) {
        w->kernel_depth = w->stride_z = w->dilation_z = 1;
        t.offset_z = t.kernel_offset_z = 0;
        ++*tables;
    }
    return t;
}

static bool check_progression(test_case *made, bool *telling)
{
    int tables = 0;
    poolgrad_problem by_table = tabulated(&made->problem, &tables);
    bool held = trial_run(&made->problem);
    unsigned char *destination = trial_take(&made->destination), *picks = trial_take(&made->picks);
    held = held && trial_run(&by_table) && trial_same_buffers(made, destination, picks);
    *telling = tables > 0;
    free(destination);
    free(picks);
    free((void *)(uintptr_t)by_table.windows_x.spans);
    free((void *)(uintptr_t)by_table.windows_y.spans);
    free((void *)(uintptr_t)by_table.windows_z.spans);
    return held;
}

/* A table that says what a progression says gives the progression's bits, in every kind, direction and format. */
Test(tables, progressions_by_table)
{
    const case_limits limits = {.beyond = CASE_BEYOND & ~CASE_TABLES};
    trial_sweep("tables", "progressions_by_table", 3000, 60, &limits, check_progression);
}
