/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many planes side by side give the bits of mode reference: whatever axes the problem has, through tables and volumes,
 * for every instruction set that is usable here.
 */
#include "lanes/strategies.h"
#include "support/case.h"
#include "support/contender.h"
#include "support/report.h"
#include "support/trial.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#include <sanitizer/asan_interface.h>
#else
#define ADDRESS_SANITIZER 0
#endif

static bool check_bits(test_case *made, bool *telling)
{
    contender_result expected;
    poolgrad_isa isas[CONTENDER_ISAS];
    const int count = contender_isas(isas);
    bool held = contender_expect(made, true, &expected);
    for (int i = 0; held && i < count; ++i)
        held = contender_agrees(made, isas[i], made->problem.threads, CONTENDER_RUN, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

static void sweep(const char *name, int64_t cases, int percent, const case_limits *limits)
{
    trial_sweep("lanes", name, cases, percent, limits, check_bits);
}

/* One kind and one direction at a time: each is a strategy of its own. */
static void sweep_kind(const char *name, poolgrad_direction direction, poolgrad_kind kind)
{
    case_limits limits = {.wide = true,
                          .directions = CASE_SET(direction),
                          .kinds = CASE_SET(kind),
                          .beyond = CASE_BEYOND & ~CASE_VOLUMES};
    sweep(name, 1500, 30, &limits);
    limits.guard = CASE_GUARD_BEHIND;
    sweep(name, 1000, 30, &limits);
    limits.guard = CASE_GUARD_BEFORE;
    sweep(name, 1000, 30, &limits);
    limits = (case_limits){
        .directions = CASE_SET(direction), .kinds = CASE_SET(kind), .beyond = CASE_BEYOND, .no_slices = true};
    sweep(name, 1500, 30, &limits);
}

Test(lanes, forward_average)
{
    sweep_kind("forward_average", POOLGRAD_FORWARD, POOLGRAD_AVERAGE);
}

Test(lanes, forward_max)
{
    sweep_kind("forward_max", POOLGRAD_FORWARD, POOLGRAD_MAX);
}

Test(lanes, forward_l2norm)
{
    sweep_kind("forward_l2norm", POOLGRAD_FORWARD, POOLGRAD_L2NORM);
}

Test(lanes, gradient_average)
{
    sweep_kind("gradient_average", POOLGRAD_GRADIENT, POOLGRAD_AVERAGE);
}

Test(lanes, gradient_max)
{
    sweep_kind("gradient_max", POOLGRAD_GRADIENT, POOLGRAD_MAX);
}

Test(lanes, gradient_l2norm)
{
    sweep_kind("gradient_l2norm", POOLGRAD_GRADIENT, POOLGRAD_L2NORM);
}

/* ---- Ways of their own ------------------------------------------------------------------------------------------- */

/* Every equal tap counts. */
Test(lanes, gradient_ties)
{
    case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT),
                          .kinds = CASE_SET(POOLGRAD_MAX),
                          .ties = CASE_SET(POOLGRAD_TIES_ALL) | CASE_SET(POOLGRAD_TIES_SPLIT),
                          .beyond = CASE_BEYOND & ~CASE_VOLUMES,
                          .no_indices = true,
                          .wide = true};
    sweep("gradient_ties", 1500, 30, &limits);
    limits.guard = CASE_GUARD_BEHIND;
    sweep("gradient_ties", 700, 30, &limits);
    limits.guard = CASE_GUARD_BEFORE;
    sweep("gradient_ties", 700, 30, &limits);
    limits.guard = CASE_LOOSE;
    limits.wide = false;
    limits.beyond = CASE_BEYOND;
    sweep("gradient_ties", 1500, 30, &limits);
    limits.data = DATA_SPECIAL;
    sweep("gradient_ties", 1500, 30, &limits);
}

/* Large windows: from each to the pixel that it picked. */
Test(lanes, gradient_scatter)
{
    case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT),
                          .kinds = CASE_SET(POOLGRAD_MAX),
                          .ties = CASE_SET(POOLGRAD_TIES_FIRST) | CASE_SET(POOLGRAD_TIES_LAST),
                          .beyond = CASE_BEYOND & ~CASE_VOLUMES,
                          .greatest_kernel = 40,
                          .wide = true};
    sweep("gradient_scatter", 1500, 20, &limits);
    limits.guard = CASE_GUARD_BEHIND;
    sweep("gradient_scatter", 700, 20, &limits);
    limits.guard = CASE_GUARD_BEFORE;
    sweep("gradient_scatter", 700, 20, &limits);
    limits.guard = CASE_LOOSE;
    limits.wide = false;
    limits.beyond = CASE_BEYOND;
    sweep("gradient_scatter", 1500, 20, &limits);
}

/* Forward from indices: of the cases that have any, a half. */
Test(lanes, gather)
{
    case_limits limits = {.directions = CASE_SET(POOLGRAD_FORWARD),
                          .kinds = CASE_SET(POOLGRAD_MAX),
                          .beyond = CASE_BEYOND & ~CASE_VOLUMES,
                          .wide = true};
    sweep("gather", 1500, 20, &limits);
    limits.guard = CASE_GUARD_BEHIND;
    sweep("gather", 700, 20, &limits);
    limits.guard = CASE_GUARD_BEFORE;
    sweep("gather", 700, 20, &limits);
    limits.guard = CASE_LOOSE;
    limits.wide = false;
    limits.beyond = CASE_BEYOND;
    limits.data = DATA_SPECIAL;
    sweep("gather", 1500, 20, &limits);
}

/* ---- What random cases seldom have ---------------------------------------------------------------------------------
 */

enum { ROOM = 8 * 300000 };

static float room[4][ROOM];

/* Mode fast against mode reference, both into room[3], which holds `count` numbers then. */
static void expect_same(const char *name, poolgrad_problem p, size_t count)
{
    poolgrad_error error = {"", ""};
    float *expected = malloc(count * sizeof *expected);
    cr_assert(expected);
    memset(room[3], 0x55, count * sizeof *expected);
    p.mode = POOLGRAD_MODE_REFERENCE;
    cr_assert_eq(poolgrad_run(&p, &error), POOLGRAD_OK, "%s: %s", name, error.message);
    memcpy(expected, room[3], count * sizeof *expected);
    memset(room[3], 0x55, count * sizeof *expected);
    p.mode = POOLGRAD_MODE_FAST;
    cr_assert_eq(poolgrad_run(&p, &error), POOLGRAD_OK, "%s: %s", name, error.message);
    cr_expect(memcmp(expected, room[3], count * sizeof *expected) == 0, "%s", name);
    free(expected);
}

static poolgrad_problem row_problem(poolgrad_direction direction, poolgrad_kind kind, int64_t width, int64_t kernel,
                                    int64_t dilation)
{
    enum { CHANNELS = 8 };
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    for (int i = 0; i < ROOM; ++i) room[0][i] = room[1][i] = (float)(i % 61 - 30);
    p.direction = direction;
    p.kind = kind;
    p.threads = 1;
    p.window = (poolgrad_window){.kernel_width = kernel,
                                 .kernel_height = 1,
                                 .stride_x = 1,
                                 .stride_y = 1,
                                 .dilation_x = dilation,
                                 .dilation_y = 1};
    p.source = poolgrad_const_image_dense(room[0], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 1, width);
    p.source_gradient = poolgrad_const_image_dense(room[1], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 1, width);
    p.destination = poolgrad_image_dense(room[3], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 1, width);
    return p;
}

/* Gradient and saved taps from the last pixel to the first, in one step. */
Test(lanes, reversed_in_step)
{
    enum { WIDTH = 2000, STEP = 8 };
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_MAX, WIDTH, 3, 1);
    unsigned char *taps = (unsigned char *)room[2];
    p.source_gradient.data = room[1] + (WIDTH - 1) * STEP;
    p.source_gradient.column_stride = -STEP;
    p.indices = poolgrad_const_image_dense(taps, POOLGRAD_TAP8, POOLGRAD_NHWC, 1, STEP, 1, WIDTH);
    p.indices.data = taps + (WIDTH - 1) * STEP;
    p.indices.column_stride = -STEP;
    for (int i = 0; i < WIDTH * STEP; ++i) taps[i] = 1;
    expect_same("reversed", p, WIDTH * STEP);
}

/* Windows too many rows for working memory, results far apart or backwards. */
Test(lanes, chunks_to_any_step)
{
    enum { SIDE = 1100, PLANES = 8, STEP = 65536 };
    float *source = malloc(sizeof(float) * PLANES * SIDE * SIDE);
    cr_assert(source);
    for (int i = 0; i < PLANES * SIDE * SIDE; ++i) source[i] = (float)(i % 1009);
    for (int backwards = 0; backwards < 2; ++backwards) {
        poolgrad_problem p = row_problem(POOLGRAD_FORWARD, POOLGRAD_MAX, 2, SIDE, 1);
        p.window.kernel_height = SIDE;
        p.offset_x = p.offset_y = SIDE / 2;
        p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, PLANES, SIDE, SIDE);
        p.destination.data = room[3] + (backwards ? STEP : 0);
        p.destination.column_stride = backwards ? -STEP : STEP;
        expect_same("chunks", p, 2 * STEP);
    }
    free(source);
}

/* Taps, and windows of neighbouring pixels, far apart: no pixel looks for them window by window. */
Test(lanes, far_taps)
{
    enum { WIDTH = 300000 };
    for (int kind = 0; kind < 3; ++kind) {
        poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, (poolgrad_kind)kind, WIDTH, 3, WIDTH / 3);
        expect_same("along x", p, WIDTH * 8);
        p.window = (poolgrad_window){.kernel_width = 1,
                                     .kernel_height = 3,
                                     .stride_x = 1,
                                     .stride_y = 1,
                                     .dilation_x = 1,
                                     .dilation_y = WIDTH / 3};
        p.source = poolgrad_const_image_dense(room[0], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 8, WIDTH, 1);
        p.source_gradient = poolgrad_const_image_dense(room[1], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 8, WIDTH, 1);
        p.destination = poolgrad_image_dense(room[3], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 8, WIDTH, 1);
        expect_same("along y", p, WIDTH * 8);
    }
}

#if ADDRESS_SANITIZER
/* docs/numerics.md N3. Short rows of slices go side by side, long ones by themselves. */
Test(lanes, lanes_without_a_channel_are_not_read)
{
    enum { CHANNELS = 10, SLICE = 16, HEIGHT = 8, WIDEST = 300 };
    const size_t unused = (SLICE - CHANNELS) * sizeof(float);
    for (int i = 0; i < 12; ++i) {
        const int64_t width = i % 2 ? 16 : WIDEST, pixels = HEIGHT * width;
        poolgrad_problem p = row_problem((poolgrad_direction)(i / 2 % 2), (poolgrad_kind)(i / 4), width, 1, 1);
        p.window = (poolgrad_window){
            .kernel_width = 2, .kernel_height = 1, .stride_x = 1, .stride_y = 1, .dilation_x = 1, .dilation_y = 1};
        p.source = poolgrad_const_image_dense(room[0], POOLGRAD_FLOAT32, POOLGRAD_NC16HW16, 1, CHANNELS, HEIGHT, width);
        p.source_gradient = p.source;
        p.source_gradient.data = room[1];
        p.destination = poolgrad_image_dense(room[3], POOLGRAD_FLOAT32, POOLGRAD_NC16HW16, 1, CHANNELS, HEIGHT, width);
        for (int64_t pixel = 0; pixel < pixels; ++pixel) {
            __asan_poison_memory_region(room[0] + pixel * SLICE + CHANNELS, unused);
            __asan_poison_memory_region(room[1] + pixel * SLICE + CHANNELS, unused);
        }
        poolgrad_error error = {"", ""};
        cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
        __asan_unpoison_memory_region(room[0], sizeof room[0]);
        __asan_unpoison_memory_region(room[1], sizeof room[1]);
    }
}
#endif

/* As many phases as taps, and many: neither is looked for among all of the other. */
Test(lanes, many_phases)
{
    enum { STRIDE = 20000, WINDOWS = 9, WIDTH = STRIDE * WINDOWS };
    for (int kind = 0; kind < 3; ++kind) {
        poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, (poolgrad_kind)kind, WIDTH, STRIDE, 1);
        p.window.stride_x = STRIDE;
        p.offset_x = STRIDE / 2;
        p.ties = kind == POOLGRAD_MAX ? POOLGRAD_TIES_ALL : p.ties;
        p.source = poolgrad_const_image_dense(room[0], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, WIDTH);
        p.source_gradient = poolgrad_const_image_dense(room[1], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, WINDOWS);
        p.destination = poolgrad_image_dense(room[3], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, WIDTH);
        expect_same("many phases", p, WIDTH);
    }
}

/* A plan of rows so long that no product of their sizes is a number: made or refused. */
Test(lanes, longest_rows)
{
    enum { WINDOWS = 100 };
    for (int kind = 0; kind < 3; ++kind) {
        poolgrad_error error = {"", ""};
        poolgrad_plan *plan;
        poolgrad_problem p = row_problem(POOLGRAD_FORWARD, (poolgrad_kind)kind, WINDOWS, 1, 1);
        p.source.width = INT64_C(1) << (sizeof(void *) > 4 ? 61 : 30);
        p.source.column_stride = 0;
        p.source.expanded = true;
        if (poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK)
            poolgrad_plan_run(plan);
        else
            cr_expect(error.message[0] != 0);
        poolgrad_plan_destroy(plan);
    }
}

/* Volumes whose pixels have no 64-bit numbers, or whose rows, times planes, are no number of bytes: rows of layers
 * would be taken for each other, and working memory would be too small. */
Test(lanes, views_beyond_memory)
{
    enum { LAYERS = 9, CHANNELS = 16 };
    if (sizeof(void *) < 8) return;
    for (int kind = 0; kind < 3; ++kind) {
        poolgrad_problem p = row_problem(POOLGRAD_FORWARD, (poolgrad_kind)kind, 4, 1, 1);
        p.source = poolgrad_const_image_dense_3d(room[0], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, LAYERS, 1, 4);
        p.source.height = INT64_C(1) << 61;
        p.source.row_stride = 0;
        p.source.expanded = true;
        p.window.stride_z = LAYERS - 1;
        p.destination = poolgrad_image_dense_3d(room[3], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 1, 4);
        expect_same("layers of many rows", p, 8);
        p.window.kernel_depth = LAYERS - 1;
        p.window.stride_z = 1;
        p.offset_z = (LAYERS - 1) / 2;
        p.destination = poolgrad_image_dense_3d(room[3], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 60, 4);
        expect_same("windows of many layers", p, 240);
    }
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_MAX, 1, 1, 1);
    p.ties = POOLGRAD_TIES_ALL;
    p.source = poolgrad_const_image_dense(room[0], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 1, 1);
    p.source.width = INT64_C(1) << 60;
    p.source.column_stride = 0;
    p.source.row_stride = CHANNELS;
    p.source.expanded = true;
    p.source_gradient = poolgrad_const_image_dense(room[1], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 1, 1);
    p.destination = poolgrad_image_dense(room[3], POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 1, 1);
    expect_same("ties of a long row", p, CHANNELS);
}

/* Windows that reach half a million times beyond the image: nothing is done for their taps out there. */
Test(lanes, far_outside)
{
    enum { SIDE = 8 };
    for (int i = 0; i < 6; ++i) {
        poolgrad_problem p = row_problem((poolgrad_direction)(i % 2), (poolgrad_kind)(i / 2), SIDE, 1, 1);
        p.window.kernel_height = 4194305;
        p.window.stride_y = 262143;
        p.source = poolgrad_const_image_dense(room[0], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 8, SIDE, SIDE);
        p.source_gradient = poolgrad_const_image_dense(room[1], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 8, SIDE, SIDE);
        p.destination = poolgrad_image_dense(room[3], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 8, SIDE, SIDE);
        expect_same("far outside", p, (size_t)8 * SIDE * SIDE);
    }
}

/* ---- Strategies ----------------------------------------------------------------------------------------------------
 */

enum { MOST_ROWS = 16 };

/* Rows of the shelves that plans have been made of. */
static bool entered[POOLGRAD_SHELVES][MOST_ROWS];

/* Marks the words of "direction/kind/lanes/reading/finding/giving/writing/instruction set". */
static bool mark_strategies(const char *name)
{
    char words[96], *next = words;
    snprintf(words, sizeof words, "%s", name);
    for (int skipped = 0; skipped < 3; ++skipped) next = strchr(next, '/') + 1;
    for (int shelf = 0; shelf < POOLGRAD_SHELVES; ++shelf) {
        const struct poolgrad_strategy *strategy = poolgrad_shelf_of((enum poolgrad_shelf)shelf);
        char *end = strchr(next, '/');
        int row = 0;
        *end = 0;
        while (strategy[row].name && strcmp(strategy[row].name, next) != 0) ++row;
        if (!strategy[row].name) return report_failure("\"%s\" of \"%s\" is on no shelf", next, name);
        entered[shelf][row] = true;
        next = end + 1;
    }
    return true;
}

static bool mark_case(test_case *made)
{
    poolgrad_error error = {"", ""};
    poolgrad_plan *plan;
    if (!report_status(poolgrad_plan_create(&made->problem, &plan, &error), &error)) return false;
    const char *name = poolgrad_plan_kernel(plan);
    const bool known = !strstr(name, "/lanes/") || mark_strategies(name);
    poolgrad_plan_destroy(plan);
    return known;
}

static void mark_plan_of(const poolgrad_problem *p)
{
    poolgrad_error error = {"", ""};
    poolgrad_plan *plan;
    cr_assert_eq(poolgrad_plan_create(p, &plan, &error), POOLGRAD_OK, "%s", error.message);
    cr_expect(mark_strategies(poolgrad_plan_kernel(plan)));
    poolgrad_plan_destroy(plan);
}

/* Windows whose rows are too many for working memory: larger than any random case. */
static void mark_huge_windows(void)
{
    enum { PLANES = 16, SIDE = 1500 };
    poolgrad_problem p;
    static float pixel[PLANES];
    float *source = malloc(sizeof(float) * PLANES * SIDE * SIDE);
    cr_assert(source);
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_AVERAGE;
    p.window = (poolgrad_window){SIDE, SIDE, 1, 1, 1, 1, 1, 1, 1};
    p.offset_x = p.offset_y = SIDE / 2;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, PLANES, SIDE, SIDE);
    p.destination = poolgrad_image_dense(pixel, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, PLANES, 1, 1);
    p.max_isa = POOLGRAD_ISA_SCALAR;
    p.threads = 1;
    mark_plan_of(&p);
    free(source);
}

/* Gradient and picks in step, as few random cases have them. */
static void mark_saved_picks(void)
{
    enum { CHANNELS = 16, SIDE = 4 };
    static float gradient[SIDE * SIDE * CHANNELS], destination[4 * SIDE * SIDE * CHANNELS];
    static unsigned char picks[SIDE * SIDE * CHANNELS];
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.kind = POOLGRAD_MAX;
    p.window = (poolgrad_window){2, 2, 1, 2, 2, 1, 1, 1, 1};
    p.offset_x = p.offset_y = 1;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 2 * SIDE, 2 * SIDE);
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, SIDE, SIDE);
    p.indices = poolgrad_const_image_dense(picks, POOLGRAD_TAP8, POOLGRAD_NHWC, 1, CHANNELS, SIDE, SIDE);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 2 * SIDE, 2 * SIDE);
    mark_plan_of(&p);
}

/* Rows without padding, which vectors of any width read where they lie. */
static void mark_rows_in_place(void)
{
    enum { HEIGHT = 9, WIDTH = 45 };
    static float source[HEIGHT * WIDTH], destination[(HEIGHT - 2) * (WIDTH - 2)];
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_MAX;
    p.window = (poolgrad_window){3, 3, 1, 1, 1, 1, 1, 1, 1};
    p.offset_x = p.offset_y = 1;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, HEIGHT, WIDTH);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, HEIGHT - 2, WIDTH - 2);
    mark_plan_of(&p);
}

/* Whether no plan can: without vectors, rows are copied. */
static bool is_out_of_reach(int shelf, const char *name)
{
    return poolgrad_best_isa() == POOLGRAD_ISA_SCALAR && shelf == (int)POOLGRAD_READING && strcmp(name, "rows") == 0;
}

/* The first row that no plan has been made of, or NULL. */
static const char *find_unentered(void)
{
    for (int shelf = 0; shelf < POOLGRAD_SHELVES; ++shelf) {
        const struct poolgrad_strategy *strategy = poolgrad_shelf_of((enum poolgrad_shelf)shelf);
        for (int row = 0; strategy[row].name; ++row)
            if (!entered[shelf][row] && !is_out_of_reach(shelf, strategy[row].name)) return strategy[row].name;
    }
    return NULL;
}

/* Random problems and these three enter every row of every shelf. Problems are drawn until every row has been entered,
 * however few cases the other sweeps are asked for: a plan without a run costs little. */
Test(lanes, strategies)
{
    enum { MOST_PROBLEMS = 20000 };
    const case_limits wide = {.wide = true, .beyond = CASE_BEYOND & ~CASE_VOLUMES}, extreme = {.beyond = CASE_BEYOND};
    mark_huge_windows();
    mark_saved_picks();
    mark_rows_in_place();
    for (uint64_t seed = 1; seed <= MOST_PROBLEMS && find_unentered(); ++seed) {
        test_case made;
        case_make_within(&made, seed, seed % 2 ? &wide : &extreme);
        report_begin("lanes", "strategies", &made);
        const bool known = mark_case(&made);
        case_free(&made);
        cr_assert(known, "seed 0x%016llx", (unsigned long long)seed);
    }
    const char *missing = find_unentered();
    cr_expect(!missing, "no problem enters \"%s\"", missing ? missing : "");
}
