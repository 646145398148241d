/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact mode beyond planes, beside the truth: a third axis, windows by table, divisors, counted padding of one side,
 * roots of means and gathers (docs/numerics.md N91 to N97); then problems whose answer is known by hand.
 */
#include "support/case.h"
#include "support/report.h"
#include "support/trial.h"
#include "support/truth.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdlib.h>
#include <string.h>

static bool run_exact(const poolgrad_problem *p)
{
    poolgrad_error error = {"", ""};
    return report_status(poolgrad_exact_run(p, &error), &error);
}

/* ---- Random problems --------------------------------------------------------------------------------------------- */

/* A case tells something where the reference, which rounds more than once, is not exact. */
static bool check_truth(test_case *made, bool *telling)
{
    truth_run(&made->problem);
    unsigned char *destination = trial_take(&made->destination), *picks = trial_take(&made->picks);
    const bool held = run_exact(&made->problem) && trial_same_buffers(made, destination, picks);
    guard_restore(&made->destination);
    if (made->picks.mapping) guard_restore(&made->picks);
    if (held && trial_run(&made->problem)) {
        unsigned char *reference = trial_take(&made->destination);
        *telling = memcmp(reference, destination, made->destination.size) != 0;
        free(reference);
        if (made->picks.mapping) guard_restore(&made->picks);
    }
    free(destination);
    free(picks);
    return held;
}

static void sweep(const char *name, int64_t cases, int percent, case_limits limits)
{
    limits.beyond = CASE_BEYOND;
    trial_sweep("exact_volume", name, cases, percent, &limits, check_truth);
}

Test(exact_volume, forward)
{
    sweep("forward", 250, 4, (case_limits){.directions = CASE_SET(POOLGRAD_FORWARD)});
}

Test(exact_volume, gradient)
{
    sweep("gradient", 250, 4, (case_limits){.directions = CASE_SET(POOLGRAD_GRADIENT)});
}

Test(exact_volume, averages)
{
    sweep("averages", 150, 6, (case_limits){.kinds = CASE_SET(POOLGRAD_AVERAGE), .data = DATA_BITS});
}

Test(exact_volume, norms)
{
    sweep("norms", 100, 5, (case_limits){.kinds = CASE_SET(POOLGRAD_L2NORM), .data = DATA_PLAIN});
}

/* Whole numbers: roots that are rational, or cancel. */
Test(exact_volume, norms_of_ties)
{
    sweep("norms_of_ties", 100, 5, (case_limits){.kinds = CASE_SET(POOLGRAD_L2NORM), .data = DATA_TIES});
}

/* Bands of layers, and of the rows of one layer: the same bytes by any number of threads. */
static bool check_splits(test_case *made, bool *telling)
{
    poolgrad_problem p = made->problem;
    poolgrad_exact *exact;
    p.threads = 1;
    bool held = run_exact(&p);
    unsigned char *destination = trial_take(&made->destination), *picks = trial_take(&made->picks);
    p.threads = 3;
    held = held && report_status(poolgrad_exact_create(&p, &exact, NULL), NULL);
    if (!held) return false;
    for (int64_t unit = poolgrad_exact_units(exact) - 1; held && unit >= 0; --unit) {
        held = poolgrad_exact_run_units(exact, unit, 1, NULL) == POOLGRAD_OK;
    }
    *telling = poolgrad_exact_units(exact) > 1;
    poolgrad_exact_destroy(exact);
    held = held && trial_same_buffers(made, destination, picks);
    free(destination);
    free(picks);
    return held;
}

Test(exact_volume, splits)
{
    trial_sweep("exact_volume", "splits", 150, 50, &(case_limits){.beyond = CASE_BEYOND}, check_splits);
}

/* More rows than a band of sums holds, in each of two layers: layers are cut. */
Test(exact_volume, large_layers_are_cut)
{
    enum { DEPTH = 2, HEIGHT = 300, WIDTH = 512 };
    const size_t elements = (size_t)DEPTH * HEIGHT * WIDTH;
    float *dx = calloc(elements, sizeof *dx), *dy = calloc(elements, sizeof *dy);
    poolgrad_problem p;
    poolgrad_exact *exact;
    cr_assert(dx && dy);
    for (size_t i = 0; i < elements; ++i) dy[i] = (float)(i % 1000);
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.threads = 1;
    p.source = poolgrad_const_image_dense_3d(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, DEPTH, HEIGHT, WIDTH);
    p.source_gradient = poolgrad_const_image_dense_3d(dy, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, DEPTH, HEIGHT, WIDTH);
    p.destination = poolgrad_image_dense_3d(dx, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, DEPTH, HEIGHT, WIDTH);
    cr_assert_eq(poolgrad_exact_create(&p, &exact, NULL), POOLGRAD_OK);
    cr_expect_eq(poolgrad_exact_units(exact), DEPTH * ((HEIGHT + 127) / 128));
    cr_assert_eq(poolgrad_exact_run_units(exact, 0, poolgrad_exact_units(exact), NULL), POOLGRAD_OK);
    cr_expect(memcmp(dx, dy, elements * sizeof *dx) == 0);
    poolgrad_exact_destroy(exact);
    free(dx);
    free(dy);
}

/* ---- Known by hand ----------------------------------------------------------------------------------------------- */

static poolgrad_image volume_of(double *data, int64_t depth, int64_t height, int64_t width)
{
    return poolgrad_image_dense_3d(data, POOLGRAD_FLOAT64, POOLGRAD_NCHW, 1, 1, depth, height, width);
}

static void expect_results(const poolgrad_problem *p, const double *results, int64_t count, const double *expected)
{
    poolgrad_error error = {"", ""};
    cr_assert_eq(poolgrad_exact_run(p, &error), POOLGRAD_OK, "%s", error.message);
    for (int64_t i = 0; i < count; ++i) {
        const bool same = (isnan(results[i]) && isnan(expected[i])) ||
                          (results[i] == expected[i] && !signbit(results[i]) == !signbit(expected[i]));
        cr_expect(same, "element %lld is %.17g; expected %.17g", (long long)i, results[i], expected[i]);
    }
}

#define EXPECT_RESULTS(p, results, ...)                                                                                \
    expect_results(p, results, (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

/* 1 to 8 in a cube; 2 x 2 x 1 windows along z. */
Test(exact_volume, layers)
{
    double x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[4], g[4] = {1, 2, 3, 4}, dx[8];
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.window.kernel_depth = 2;
    p.offset_z = 1;
    p.source = view_read(volume_of(x, 2, 2, 2));
    p.destination = volume_of(y, 1, 2, 2);
    EXPECT_RESULTS(&p, y, 3, 4, 5, 6);
    p.direction = POOLGRAD_GRADIENT;
    p.source_gradient = view_read(volume_of(g, 1, 2, 2));
    p.destination = volume_of(dx, 2, 2, 2);
    EXPECT_RESULTS(&p, dx, 0.5, 1, 1.5, 2, 0.5, 1, 1.5, 2);
    p.kind = POOLGRAD_MAX;
    EXPECT_RESULTS(&p, dx, 0, 0, 0, 0, 1, 2, 3, 4);
}

/* Adaptive windows of 5 pixels in 3: {0, 1}, {1, 2, 3}, {3, 4}. */
Test(exact_volume, tables)
{
    double x[5] = {1, 2, 4, 8, 16}, y[3], g[3] = {6, 12, 18}, dx[5];
    poolgrad_span spans[3];
    poolgrad_problem p;
    cr_assert_eq(poolgrad_adaptive_windows(5, 3, spans, NULL), POOLGRAD_OK);
    poolgrad_problem_init(&p, sizeof p);
    p.windows_x = (poolgrad_table){spans, 3};
    p.source = view_read(volume_of(x, 1, 1, 5));
    p.destination = volume_of(y, 1, 1, 3);
    EXPECT_RESULTS(&p, y, 1.5, 14 / 3., 12);
    p.direction = POOLGRAD_GRADIENT;
    p.source_gradient = view_read(volume_of(g, 1, 1, 3));
    p.destination = volume_of(dx, 1, 1, 5);
    EXPECT_RESULTS(&p, dx, 3, 7, 4, 13, 9);
}

/* A window of x over x, and its gradient; one window of two pixels, at the first of them. */
static poolgrad_problem pair_of(double x[2], double *result)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.window.kernel_width = 2;
    p.offset_x = 1;
    p.source = view_read(volume_of(x, 1, 1, 2));
    p.destination = volume_of(result, 1, 1, 1);
    return p;
}

static void make_gradient(poolgrad_problem *p, double *g, double *dx)
{
    p->direction = POOLGRAD_GRADIENT;
    p->source_gradient = view_read(volume_of(g, 1, 1, 1));
    p->destination = volume_of(dx, 1, 1, 2);
}

Test(exact_volume, divisors)
{
    double x[2] = {1, 2}, y[1], g[1] = {6}, dx[2];
    poolgrad_problem p = pair_of(x, y);
    p.divisor = -4;
    EXPECT_RESULTS(&p, y, -0.75);
    p.divisor = INT64_MIN;
    EXPECT_RESULTS(&p, y, -3 * 0x1p-63);
    p.divisor = (INT64_C(1) << 53) + 1; /* float64 has no such number: 3 / (2^53 + 1) is below 3 / 2^53 */
    EXPECT_RESULTS(&p, y, 0x1.7ffffffffffffp-52);
    x[0] = INFINITY;
    p.divisor = -4;
    EXPECT_RESULTS(&p, y, -(double)INFINITY);
    make_gradient(&p, g, dx);
    EXPECT_RESULTS(&p, dx, -1.5, -1.5);
    p.add_to_destination = 1;
    dx[0] = dx[1] = 1.5;
    EXPECT_RESULTS(&p, dx, 0, 0);
    /* No tap inside: +0, and not -0. */
    p = pair_of(x, y);
    p.divisor = -4;
    p.offset_x = 9;
    EXPECT_RESULTS(&p, y, 0);
    p.zero_pad_x = 9;
    EXPECT_RESULTS(&p, y, 0);
}

/* [4, 6, 8, 10, 12], kernel 3, stride 2, one counted pad left, none right, up: [10/3, 8, 11]. */
Test(exact_volume, sides)
{
    double x[5] = {4, 6, 8, 10, 12}, y[3], g[3] = {1, 1, 1}, dx[5];
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.window.kernel_width = 3;
    p.window.stride_x = 2;
    p.zero_pad_left = 1;
    p.source = view_read(volume_of(x, 1, 1, 5));
    p.destination = volume_of(y, 1, 1, 3);
    EXPECT_RESULTS(&p, y, 10 / 3., 8, 11);
    p.direction = POOLGRAD_GRADIENT;
    p.source_gradient = view_read(volume_of(g, 1, 1, 3));
    p.destination = volume_of(dx, 1, 1, 5);
    EXPECT_RESULTS(&p, dx, 1 / 3., 2 / 3., 1 / 3., 5 / 6., 0.5);
}

Test(exact_volume, roots_of_means)
{
    double x[2] = {1, 7}, y[1], g[1] = {5}, dx[2];
    poolgrad_problem p = pair_of(x, y);
    p.kind = POOLGRAD_L2NORM;
    p.root_mean = 1;
    EXPECT_RESULTS(&p, y, 5); /* 50 / 2 */
    p.divisor = 200;
    EXPECT_RESULTS(&p, y, 0.5);
    p.divisor = 3;
    EXPECT_RESULTS(&p, y, 4.08248290463863016);
    p.divisor = -2;
    EXPECT_RESULTS(&p, y, NAN);
    make_gradient(&p, g, dx);
    EXPECT_RESULTS(&p, dx, NAN, NAN);
    p.divisor = 0;
    EXPECT_RESULTS(&p, dx, 0.5, 3.5); /* x g / (2 x 5) */
    p.divisor = 200;
    EXPECT_RESULTS(&p, dx, 0.05, 0.35); /* x g / (200 x 0.5) */
    p.divisor = 0;
    p.offset_x = 0; /* one tap outside: N = 1 in mode clamp, 2 in mode zero; taps {1} */
    EXPECT_RESULTS(&p, dx, 5, 0);
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    EXPECT_RESULTS(&p, dx, 3.53553390593273762, 0); /* 5 / sqrt(2) */
    x[0] = x[1] = 0;
    p.divisor = -2;
    EXPECT_RESULTS(&p, dx, 0, 0);
    p = pair_of(x, y);
    p.kind = POOLGRAD_L2NORM;
    p.root_mean = 1;
    p.divisor = -2;
    EXPECT_RESULTS(&p, y, 0);
}

/* Places count through the volume. */
Test(exact_volume, gather)
{
    double x[8] = {1, -2, 3, 4, 5, 6, -0.0, 8}, y[4];
    int64_t places[4] = {7, 1, -1, 6};
    const poolgrad_span whole = {0, 2};
    const poolgrad_span spans[2] = {whole, whole};
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_MAX;
    p.windows_z = (poolgrad_table){spans, 1};
    p.windows_y = p.windows_x = (poolgrad_table){spans, 2};
    p.source = view_read(volume_of(x, 2, 2, 2));
    p.destination = volume_of(y, 1, 2, 2);
    p.indices = poolgrad_const_image_dense_3d(places, POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 1, 2, 2);
    EXPECT_RESULTS(&p, y, 8, -2, 0, 0);
    poolgrad_error error;
    places[0] = 8;
    cr_expect_eq(poolgrad_exact_run(&p, &error), POOLGRAD_INVALID);
}
