/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction sets: each that is usable can be had, both bounds lower the choice, the processor is asked correctly. */
#include "pooling/isa.h"
#include "routines/routines.h"
#include "support/small.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__aarch64__) || defined(__arm__)
#define ARM 1
#else
#define ARM 0
#endif
#if defined(__x86_64__) || defined(__i386__) || defined(POOLGRAD_EMULATE)
#define X86 1
#else
#define X86 0
#endif

enum { ISAS = POOLGRAD_ISA_NEON + 1 };

static float source_data[16], gradient_data[4], destination_data[16];

static poolgrad_problem problem_within(int isa)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 1, 1);
    p.source = poolgrad_const_image_dense(source_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.source_gradient = poolgrad_const_image_dense(gradient_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.destination = poolgrad_image_dense(destination_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.direction = POOLGRAD_GRADIENT;
    p.max_isa = (poolgrad_isa)isa;
    return p;
}

static bool named_here(int isa)
{
    return isa <= POOLGRAD_ISA_SCALAR || (isa == POOLGRAD_ISA_NEON ? ARM : X86);
}

static bool usable(int isa)
{
    return isa >= POOLGRAD_ISA_SCALAR && isa <= (int)poolgrad_best_isa() && poolgrad_isa_compiled((poolgrad_isa)isa);
}

static int best_within(int bound)
{
    int best = POOLGRAD_ISA_SCALAR;
    for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
        if (usable(isa) && (bound == POOLGRAD_ISA_BEST || isa <= bound)) best = isa;
    }
    return best;
}

static void set_variable(const char *value)
{
    if (setenv("POOLGRAD_MAX_ISA", value, 1) != 0) abort();
}

/* The plan for this bound has the routines of this instruction set. */
static void expect_plan(int bound, int isa)
{
    poolgrad_plan *plan;
    poolgrad_error error = {"", ""};
    poolgrad_problem p = problem_within(bound);
    cr_assert_eq((int)poolgrad_plan_create(&p, &plan, &error), (int)POOLGRAD_OK, "%s", error.message);
    const char *name = poolgrad_isa_name((poolgrad_isa)isa), *part = strrchr(poolgrad_plan_kernel(plan), '/');
    cr_expect(part && strcmp(part + 1, name) == 0, "within %s: %s; expected %s", poolgrad_isa_name((poolgrad_isa)bound),
              poolgrad_plan_kernel(plan), name);
    poolgrad_plan_destroy(plan);
}

static void expect_refusal(int isa, const char *field)
{
    poolgrad_error error = {"", ""};
    poolgrad_problem p = problem_within(isa);
    poolgrad_status status = poolgrad_check(&p, &error);
    cr_expect(poolgrad_small_refusal(status, &error) && strcmp(error.field, field) == 0 &&
                  strstr(error.message, poolgrad_isa_names()) != NULL,
              "max_isa %d, expected a refusal of %s: status %d, \"%s\"", isa, field, (int)status, error.message);
}

/* Whether the build was asked for its kernels, if it is of this architecture. */
static bool is_wanted(int isa)
{
    return strcmp(POOLGRAD_ISAS, "all") == 0 || strstr(POOLGRAD_ISAS, poolgrad_isa_name((poolgrad_isa)isa));
}

/* ---- What is there --------------------------------------------------------------------------------------------- */

Test(dispatch, tables_of_this_architecture_are_compiled_in)
{
    unsetenv("POOLGRAD_MAX_ISA");
#if defined(__x86_64__) || defined(POOLGRAD_EMULATE)
    const bool x86 = true;
#else
    const bool x86 = false;
#endif
#if defined(__aarch64__)
    const bool neon = true;
#else
    const bool neon = false;
#endif
    for (int isa = POOLGRAD_ISA_SSE41; isa <= POOLGRAD_ISA_AVX512; isa++) {
        cr_expect_eq((bool)poolgrad_isa_compiled((poolgrad_isa)isa), x86 && is_wanted(isa), "%s",
                     poolgrad_isa_name((poolgrad_isa)isa));
    }
    cr_expect_eq((bool)poolgrad_isa_compiled(POOLGRAD_ISA_NEON), neon && is_wanted(POOLGRAD_ISA_NEON));
    cr_expect(poolgrad_isa_compiled(POOLGRAD_ISA_BEST) && poolgrad_isa_compiled(POOLGRAD_ISA_SCALAR));
    cr_expect(!poolgrad_isa_compiled((poolgrad_isa)ISAS) && !poolgrad_isa_compiled((poolgrad_isa)-1));
}

#if defined(POOLGRAD_EMULATE)

Test(dispatch, emulation_runs_every_width_anywhere)
{
    cr_expect_eq((int)poolgrad_best_isa(), (int)(ARM ? POOLGRAD_ISA_NEON : POOLGRAD_ISA_AVX512));
}

#elif defined(__x86_64__)

/* The compiler's runtime asks the processor in a way of its own. */
Test(dispatch, the_processor_is_asked_as_the_compiler_asks_it)
{
    __builtin_cpu_init();
    bool sse41 = __builtin_cpu_supports("sse3") && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1");
    bool avx2 = sse41 && __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt") &&
                __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2");
    bool avx512 = avx2 && __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    poolgrad_isa expected = avx512 ? POOLGRAD_ISA_AVX512
                            : avx2 ? POOLGRAD_ISA_AVX2
                            : sse41 ? POOLGRAD_ISA_SSE41
                                    : POOLGRAD_ISA_SCALAR;
    while (!is_wanted((int)expected) && expected > POOLGRAD_ISA_SCALAR) expected--;
    cr_expect_eq((int)poolgrad_best_isa(), (int)expected, "%s", poolgrad_isa_name(poolgrad_best_isa()));
}

#else

Test(dispatch, the_architecture_decides)
{
#if defined(__aarch64__)
    cr_expect_eq((int)poolgrad_best_isa(), (int)POOLGRAD_ISA_NEON);
#else
    cr_expect_eq((int)poolgrad_best_isa(), (int)POOLGRAD_ISA_SCALAR);
#endif
}

#endif

/* ---- What is chosen -------------------------------------------------------------------------------------------- */

Test(dispatch, each_usable_instruction_set_can_be_had)
{
    unsetenv("POOLGRAD_MAX_ISA");
    int plans = 0;
    for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
        if (!usable(isa)) continue;
        expect_plan(isa, isa);
        plans++;
    }
    cr_expect(plans >= 1);
    expect_plan(POOLGRAD_ISA_BEST, (int)poolgrad_best_isa());
}

/* A bound may name what this processor lacks. */
Test(dispatch, bounds_lower_the_choice_and_never_raise_it)
{
    unsetenv("POOLGRAD_MAX_ISA");
    for (int isa = POOLGRAD_ISA_BEST; isa < ISAS; isa++) {
        if (named_here(isa)) expect_plan(isa, best_within(isa));
    }
}

Test(dispatch, the_lower_of_field_and_variable_holds)
{
    for (int variable = POOLGRAD_ISA_BEST; variable < ISAS; variable++) {
        if (!named_here(variable)) continue;
        set_variable(poolgrad_isa_name((poolgrad_isa)variable));
        for (int isa = POOLGRAD_ISA_BEST; isa < ISAS; isa++) {
            int lower = isa == POOLGRAD_ISA_BEST || (variable != POOLGRAD_ISA_BEST && variable < isa) ? variable : isa;
            if (named_here(isa)) expect_plan(isa, best_within(lower));
        }
    }
}

Test(dispatch, an_empty_variable_bounds_nothing)
{
    set_variable("");
    expect_plan(POOLGRAD_ISA_BEST, (int)poolgrad_best_isa());
}

Test(dispatch, foreign_and_unknown_names_are_refused)
{
    static const char *const unknown[] = {"avx", "AVX2", "avx512 ", "4", "sse41"};
    unsetenv("POOLGRAD_MAX_ISA");
    expect_refusal(-1, "max_isa");
    expect_refusal(ISAS, "max_isa");
    for (int isa = POOLGRAD_ISA_BEST; isa < ISAS; isa++) {
        if (!named_here(isa)) expect_refusal(isa, "max_isa");
    }
    for (int isa = POOLGRAD_ISA_BEST; isa < ISAS; isa++) {
        set_variable(poolgrad_isa_name((poolgrad_isa)isa));
        if (!named_here(isa)) expect_refusal(POOLGRAD_ISA_BEST, "POOLGRAD_MAX_ISA");
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        set_variable(unknown[i]);
        expect_refusal(POOLGRAD_ISA_BEST, "POOLGRAD_MAX_ISA");
    }
}

/* ---- The first question ---------------------------------------------------------------------------------------- */

#if !defined(__EMSCRIPTEN__)

enum { ASKING = 16 };

static atomic_int waiting;

static void *ask(void *chosen)
{
    atomic_fetch_sub(&waiting, 1);
    while (atomic_load(&waiting) > 0) continue;
    *(int *)chosen = (int)poolgrad_choose_routines(POOLGRAD_ISA_BEST)->isa;
    return NULL;
}

/* Each test is a process of its own: nobody has asked yet. */
Test(dispatch, many_threads_ask_first)
{
    pthread_t threads[ASKING];
    int chosen[ASKING];
    unsetenv("POOLGRAD_MAX_ISA");
    atomic_store(&waiting, ASKING);
    for (int i = 0; i < ASKING; i++) {
        if (pthread_create(&threads[i], NULL, ask, &chosen[i]) != 0) abort();
    }
    for (int i = 0; i < ASKING; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < ASKING; i++) {
        cr_expect_eq(chosen[i], (int)poolgrad_best_isa(), "thread %d: %d", i, chosen[i]);
    }
}

#endif
