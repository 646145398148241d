/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that are run in parts, by their own threads, and looked at again when their images have changed. */
#include "support/case.h"
#include "support/contender.h"
#include "support/report.h"
#include "support/sentence.h"
#include "support/small.h"
#include "support/trial.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* Random cuts of the units, back to front; the outer parts reach beyond them. */
static bool run_in_parts(const poolgrad_problem *p, random_state *r)
{
    poolgrad_plan *plan;
    poolgrad_error error = {"", ""};
    if (!report_status(poolgrad_plan_create(p, &plan, &error), &error)) return false;
    int64_t units = poolgrad_plan_units(plan), end = units + random_between(r, 0, 5);
    while (end > 0) {
        const int64_t first = random_between(r, -2, end - 1);
        poolgrad_plan_run_part(plan, first, end - first);
        end = first;
    }
    poolgrad_plan_destroy(plan);
    return true;
}

static bool check_parts(test_case *made, bool *telling)
{
    random_state r = {made->seed ^ UINT64_C(0x9a87)};
    contender_result expected;
    bool held = contender_expect(made, true, &expected);
    *telling = held && contender_telling(made, &expected);
    for (int i = 0; held && i < 3; ++i) {
        held = run_in_parts(&made->problem, &r) && trial_same_buffers(made, expected.destination, expected.picks);
        guard_restore(&made->destination);
        if (made->picks.mapping) guard_restore(&made->picks);
    }
    contender_forget(&expected);
    return held;
}

Test(plans, parts)
{
    trial_sweep("plans", "parts", 1500, 45, &(case_limits){.wide = true}, check_parts);
    trial_sweep("plans", "parts", 800, 45, &(case_limits){.beyond = CASE_BEYOND}, check_parts);
}

/* Planes that several threads share. */
Test(plans, large_parts)
{
    trial_sweep("plans", "large_parts", 30, 45, &(case_limits){.wide = true, .large = true, .greatest_kernel = 4},
                check_parts);
}

static float x_data[64 * 64], dx_data[64 * 64];

/* One row of 1x1 windows over each row of 64: the result is a copy. Rows are the units of plain loops forward. */
static poolgrad_problem copying(void)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    for (int i = 0; i < 64 * 64; ++i) x_data[i] = (float)(i + 1);
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.direction = POOLGRAD_FORWARD;
    p.source = poolgrad_const_image_dense(x_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 64, 64);
    p.destination = poolgrad_image_dense(dx_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 64, 64);
    return p;
}

/* What lies outside the units is left out, and what lies outside the part is not written. */
Test(plans, a_part_is_what_is_asked_for)
{
    static const int64_t parts[][2] = {
        {0, 64},
        {0, 1},
        {63, 1},
        {3, 5},
        {-4, 7},
        {60, 9},
        {64, 3},
        {-3, 3},
        {5, 0},
        {5, -1},
        {INT64_MIN, 1},
        {INT64_MAX, 1},
        {0, INT64_MAX},
        {-1, INT64_MAX},
        {INT64_MIN, INT64_MAX},
        {5, INT64_MIN},
        {INT64_MAX, INT64_MAX},
        {63, INT64_MAX},
    };
    const poolgrad_problem p = copying();
    poolgrad_plan *plan = NULL;
    cr_assert(poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK);
    cr_assert(poolgrad_plan_units(plan) == 64, "%lld units", (long long)poolgrad_plan_units(plan));
    for (size_t i = 0; i < 2 * (sizeof parts / sizeof *parts); ++i) {
        const int64_t first = parts[i / 2][0], count = parts[i / 2][1];
        memset(dx_data, 0, sizeof dx_data);
        (i % 2 ? poolgrad_plan_run_units : poolgrad_plan_run_part)(plan, first, count);
        for (int64_t j = 0; j < 64 * 64; ++j) {
            const int64_t row = j / 64;
            const bool inside = count > 0 && row >= first && (first < 0 ? row < first + count : row - first < count);
            cr_assert(dx_data[j] == (inside ? x_data[j] : 0), "part %zu, pixel %lld", i / 2, (long long)j);
        }
    }
    poolgrad_plan_destroy(plan);
}

/* ---- Calls at once ----------------------------------------------------------------------------------------------- */

Test(plans, concurrent_runs)
{
    static const int asked[] = {0, 1, 2, 7, 64}, expected[] = {1, 1, 2, 7, 64};
    for (int i = 0; i < 5 * 2; ++i) {
        poolgrad_problem p = copying();
        poolgrad_plan *plan = NULL;
        poolgrad_error error = {"", ""};
        p.mode = (poolgrad_mode)(i % 2);
        p.threads = 1;
        p.concurrent_runs = asked[i / 2];
        cr_assert(poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(poolgrad_plan_concurrent_runs(plan) == expected[i / 2], "%d", poolgrad_plan_concurrent_runs(plan));
        memset(dx_data, 0, sizeof dx_data);
        poolgrad_plan_run(plan);
        cr_expect(memcmp(dx_data, x_data, sizeof x_data) == 0);
        poolgrad_plan_destroy(plan);
    }
}

/* ---- Indices that change ----------------------------------------------------------------------------------------- */

/* A plan looks at what its indices are now. */
Test(plans, check_indices)
{
    int32_t indices[4] = {0, 2, 8, 10};
    float dy[4] = {1, 2, 3, 4};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 1, 1);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.source_gradient = poolgrad_const_image_dense(dy, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.indices = poolgrad_const_image_dense(indices, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.destination = poolgrad_image_dense(dx_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    for (int mode = 0; mode < 2; ++mode) {
        poolgrad_plan *plan = NULL;
        poolgrad_error error = refusal_none(), of_problem = {"", ""};
        p.mode = (poolgrad_mode)mode;
        cr_assert(poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK);
        cr_expect(poolgrad_plan_check_indices(plan, &error) == POOLGRAD_OK && refusal_is_none(&error));
        indices[1] = 1;
        cr_expect(poolgrad_plan_check_indices(plan, NULL) == POOLGRAD_INVALID);
        cr_expect(poolgrad_small_refusal(poolgrad_plan_check_indices(plan, &error), &error));
        cr_expect(poolgrad_check_indices(&p, &of_problem) == POOLGRAD_INVALID);
        cr_expect(strcmp(error.message, of_problem.message) == 0, "\"%s\", not \"%s\"", error.message,
                  of_problem.message);
        indices[1] = 7;
        cr_expect(poolgrad_plan_check_indices(plan, NULL) == POOLGRAD_OK);
        indices[1] = 2;
        poolgrad_plan_destroy(plan);
    }
}

Test(plans, there_may_be_no_indices)
{
    const poolgrad_problem p = copying();
    poolgrad_plan *plan = NULL;
    cr_assert(poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK);
    cr_expect(poolgrad_plan_check_indices(plan, NULL) == POOLGRAD_OK);
    poolgrad_plan_destroy(plan);
}
