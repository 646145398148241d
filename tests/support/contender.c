/* SPDX-License-Identifier: Apache-2.0 */
#include "contender.h"

#include "report.h"
#include "trial.h"
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bound that the environment sets; best where it sets none. */
static poolgrad_isa environment_bound(void)
{
    const char *variable = getenv("POOLGRAD_MAX_ISA");
    for (int i = 0; variable && i <= POOLGRAD_ISA_NEON; ++i)
        if (strcmp(variable, poolgrad_isa_name((poolgrad_isa)i)) == 0) return (poolgrad_isa)i;
    return POOLGRAD_ISA_BEST;
}

int contender_isas(poolgrad_isa isas[CONTENDER_ISAS])
{
    int count = 0;
    poolgrad_isa bound = environment_bound(), best = poolgrad_best_isa();
    if (bound != POOLGRAD_ISA_BEST && bound < best) best = bound;
    for (int i = POOLGRAD_ISA_SCALAR; i <= (int)best; ++i)
        if (poolgrad_isa_compiled((poolgrad_isa)i)) isas[count++] = (poolgrad_isa)i;
    return count;
}

static bool run_plan(const poolgrad_problem *p)
{
    poolgrad_error error = {"", ""};
    poolgrad_plan *plan;
    if (!report_status(poolgrad_plan_create(p, &plan, &error), &error)) return false;
    poolgrad_plan_run(plan);
    poolgrad_plan_destroy(plan);
    return true;
}

bool contender_expect(test_case *made, bool checked, contender_result *expected)
{
    poolgrad_problem p = made->problem;
    p.mode = POOLGRAD_MODE_REFERENCE;
    bool held = checked ? trial_run(&p) : run_plan(&p);
    *expected = (contender_result){trial_take(&made->destination), trial_take(&made->picks)};
    return held;
}

void contender_forget(contender_result *expected)
{
    free(expected->destination);
    free(expected->picks);
    *expected = (contender_result){0};
}

static bool run(const poolgrad_problem *p, uint64_t seed, contender_way way)
{
    bool several;
    switch (way) {
    case CONTENDER_PLAN: return run_plan(p);
    case CONTENDER_PIECES: return trial_run_in_pieces(p, seed, &several);
    default: return trial_run(p);
    }
}

static bool same_bytes(const test_case *made, const char *by, const contender_result *expected)
{
    const poolgrad_problem *p = &made->problem;
    char destination[64], picks[64];
    snprintf(destination, sizeof destination, "destination by %s", by);
    snprintf(picks, sizeof picks, "picks by %s", by);
    return report_same_bytes(destination, &p->destination, &made->destination, expected->destination) &&
           report_same_bytes(picks, &p->picks, &made->picks, expected->picks) && report_intact();
}

/* Rounds upwards in every other case: the bits must not show it. */
static bool run_in_environment(const poolgrad_problem *p, uint64_t seed, contender_way way)
{
    feclearexcept(FE_ALL_EXCEPT);
    fesetround(seed % 2 ? FE_UPWARD : FE_TONEAREST);
    int rounding = fegetround(); /* WebAssembly has but one */
    bool held = run(p, seed, way);
    bool kept = fegetround() == rounding && fetestexcept(FE_ALL_EXCEPT) == 0;
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    return held && (kept || report_failure("the caller's rounding mode or exception flags were changed"));
}

bool contender_agrees(test_case *made, poolgrad_isa isa, int threads, contender_way way,
                      const contender_result *expected)
{
    poolgrad_problem p = made->problem;
    p.mode = POOLGRAD_MODE_FAST;
    p.max_isa = isa;
    p.threads = threads;
    char by[32];
    snprintf(by, sizeof by, "%s, %d threads", poolgrad_isa_name(isa), threads);
    bool held = run_in_environment(&p, made->seed, way) && same_bytes(made, by, expected);
    guard_restore(&made->destination);
    if (made->picks.mapping) guard_restore(&made->picks);
    return held;
}

bool contender_telling(test_case *made, const contender_result *expected)
{
    poolgrad_problem without = made->problem;
    without.mode = POOLGRAD_MODE_REFERENCE;
    without.gradient_region.images = 0;
    if (without.direction == POOLGRAD_GRADIENT && !run_plan(&without)) return false;
    bool same = memcmp(made->destination.bytes, expected->destination, made->destination.size) == 0;
    guard_restore(&made->destination);
    return !same;
}
