/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many planes side by side give the bits of mode reference: whatever axes the problem has, through tables and volumes,
 * for every instruction set that is usable here.
 */
#include "support/case.h"
#include "support/contender.h"
#include "support/trial.h"
#include <criterion/criterion.h>

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
