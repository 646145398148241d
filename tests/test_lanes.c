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

static bool check_strategies(test_case *made, bool *telling)
{
    poolgrad_error error = {"", ""};
    poolgrad_plan *plan;
    if (!report_status(poolgrad_plan_create(&made->problem, &plan, &error), &error)) return false;
    const char *name = poolgrad_plan_kernel(plan);
    *telling = strstr(name, "/lanes/") != NULL;
    const bool known = !*telling || mark_strategies(name);
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

/* Random problems and these two enter every row of every shelf. */
Test(lanes, strategies)
{
    const case_limits wide = {.wide = true, .beyond = CASE_BEYOND & ~CASE_VOLUMES}, extreme = {.beyond = CASE_BEYOND};
    trial_sweep("lanes", "strategies", 6000, 10, &wide, check_strategies);
    trial_sweep("lanes", "strategies", 6000, 10, &extreme, check_strategies);
    mark_huge_windows();
    mark_saved_picks();
    for (int shelf = 0; shelf < POOLGRAD_SHELVES; ++shelf) {
        const struct poolgrad_strategy *strategy = poolgrad_shelf_of((enum poolgrad_shelf)shelf);
        for (int row = 0; strategy[row].name; ++row)
            cr_expect(entered[shelf][row], "no problem enters \"%s\" of shelf %d", strategy[row].name, shelf);
    }
}
