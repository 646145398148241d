/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode fast gives the bits of mode reference: for every instruction set that is usable here, any number of threads and
 * any split, on random problems whose sizes fill vectors and leave tails. POOLGRAD_TEST_SEED and POOLGRAD_TEST_CASES
 * repeat a case or lengthen the run; POOLGRAD_MAX_ISA narrows it.
 */
#include "support/case.h"
#include "support/contender.h"
#include "support/number.h"
#include "support/report.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void sweep(const char *name, int64_t cases, int percent, const case_limits *limits, trial_check *check)
{
    trial_sweep("fast", name, cases, percent, limits, check);
}

/* ---- The same bits --------------------------------------------------------------------------------------------- */

/* By every instruction set, on the threads the case asks for. */
static bool all_agree(test_case *made, contender_way way, const contender_result *expected)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = contender_isas(isas);
    bool held = true;
    for (int i = 0; held && i < count; ++i)
        held = contender_agrees(made, isas[i], made->problem.threads, way, expected);
    return held;
}

static bool check_bits(test_case *made, bool *telling)
{
    contender_result expected;
    bool held = contender_expect(made, true, &expected) && all_agree(made, CONTENDER_RUN, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

Test(fast, forward)
{
    sweep("forward", 6000, 75, &(case_limits){.wide = true, .directions = CASE_SET(POOLGRAD_FORWARD)}, check_bits);
}

Test(fast, gradient)
{
    sweep("gradient", 10000, 55, &(case_limits){.wide = true, .directions = CASE_SET(POOLGRAD_GRADIENT)}, check_bits);
}

/* Nothing is read or written beyond the first and the last byte of any image, not by a vector's last lanes either. */
Test(fast, guard)
{
    sweep("guard", 2500, 60, &(case_limits){.wide = true, .guard = CASE_GUARD_BEHIND}, check_bits);
    sweep("guard", 2500, 60, &(case_limits){.wide = true, .guard = CASE_GUARD_BEFORE}, check_bits);
}

/* The small windows that have code of their own, in the formats and rules that most networks use. */
Test(fast, usual)
{
    const unsigned formats = CASE_SET(POOLGRAD_FLOAT32) | CASE_SET(POOLGRAD_FLOAT16);
    sweep("usual", 3000, 60,
          &(case_limits){.wide = true,
                         .source_formats = formats,
                         .gradient_formats = formats,
                         .destination_formats = formats,
                         .ties = CASE_SET(POOLGRAD_TIES_FIRST),
                         .nans = CASE_SET(POOLGRAD_NAN_FIRST),
                         .greatest_kernel = 3},
          check_bits);
}

/* Sizes, windows and offsets beyond all reason, that only the description makes small. */
Test(fast, extreme)
{
    sweep("extreme", 4000, 50, &(case_limits){0}, check_bits);
}

/* ---- Splits ---------------------------------------------------------------------------------------------------- */

static bool check_splits(test_case *made, bool *telling)
{
    contender_result expected;
    bool held = contender_expect(made, true, &expected) && all_agree(made, CONTENDER_PIECES, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

/* Units in random pieces over two threads of the caller's. */
Test(fast, splits)
{
    sweep("splits", 1500, 55, &(case_limits){.wide = true}, check_splits);
}

static bool agree_on_threads(test_case *made, const int *counts, size_t how_many, const contender_result *expected)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = contender_isas(isas);
    bool held = true;
    for (int i = 0; i < count; ++i)
        for (size_t j = 0; held && j < how_many; ++j)
            held = contender_agrees(made, isas[i], counts[j], CONTENDER_RUN, expected);
    return held;
}

static bool check_threads(test_case *made, bool *telling)
{
    static const int counts[] = {1, 2, 3};
    contender_result expected;
    bool held = contender_expect(made, true, &expected) &&
                agree_on_threads(made, counts, sizeof counts / sizeof *counts, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

/* Planes large enough that threads share them. */
Test(fast, threads)
{
    sweep("threads", 60, 50, &(case_limits){.wide = true, .large = true, .greatest_kernel = 4}, check_threads);
}

/* ---- Beyond the caches ----------------------------------------------------------------------------------------- */

/* Images of 46 MiB and more, whose rows and ends are not whole cache lines. */
enum { LONG_SIDE = 871, BYTES_PER_PIXEL = 64 };

typedef struct big_case {
    poolgrad_direction direction;
    poolgrad_kind kind;
    poolgrad_layout layout;
    poolgrad_format format, indices;
    int add_to_destination;
    int64_t kernel, stride;
} big_case;

static const big_case big_cases[] = {
    {POOLGRAD_GRADIENT, POOLGRAD_MAX, POOLGRAD_NCHW, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 0, 2, 2},
    {POOLGRAD_FORWARD, POOLGRAD_AVERAGE, POOLGRAD_NC4HW4, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 0, 2, 1},
    {POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, POOLGRAD_NCHW, POOLGRAD_FLOAT16, POOLGRAD_FORMAT_NONE, 0, 3, 2},
    {POOLGRAD_GRADIENT, POOLGRAD_L2NORM, POOLGRAD_NHWC, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 0, 2, 2},
    {POOLGRAD_FORWARD, POOLGRAD_MAX, POOLGRAD_NHWC, POOLGRAD_FLOAT32, POOLGRAD_INT32, 0, 2, 1},
    {POOLGRAD_GRADIENT, POOLGRAD_MAX, POOLGRAD_NC4HW4, POOLGRAD_FLOAT64, POOLGRAD_FORMAT_NONE, 0, 2, 3},
    {POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, POOLGRAD_NHWC, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 1, 3, 3},
};

enum { BIG_CASES = sizeof big_cases / sizeof *big_cases };

/* The image's memory, on no boundary but an element's, and in it whole numbers from -8 to 8. */
static void big_make_image(poolgrad_image *image, guard_buffer *buffer, random_state *r)
{
    enum { GREATEST = 8, NUMBERS = 2 * GREATEST + 1 };
    size_t element = number_size(image->format), count = (size_t)view_range_of(image).end;
    poolgrad_image numbers = {.format = image->format, .images = 1, .channels = 1, .height = 1, .width = NUMBERS};
    numbers = view_new(image->format, POOLGRAD_NCHW, &numbers, 0);
    for (int64_t i = 0; i < NUMBERS; ++i) view_set_number(&numbers, 0, 0, 0, i, (double)(i - GREATEST));
    guard_make(buffer, (count + 1) * element, GUARD_BEHIND);
    image->data = buffer->bytes + element;
    for (size_t i = 0; i < count; ++i)
        memcpy((unsigned char *)image->data + i * element,
               (unsigned char *)numbers.data + random_bits(r) % NUMBERS * element, element);
    guard_keep(buffer);
    view_free(&numbers);
}

static void big_make(test_case *made, int number)
{
    const big_case *big = &big_cases[number];
    poolgrad_problem *p = &made->problem;
    random_state r = {(uint64_t)number};
    *made = (test_case){.seed = (uint64_t)number};
    poolgrad_problem_init(p, sizeof *p);
    p->direction = big->direction;
    p->kind = big->kind;
    p->add_to_destination = big->add_to_destination;
    p->window = (poolgrad_window){big->kernel, big->kernel, big->stride, big->stride, 1, 1};
    p->source = (poolgrad_image){.format = big->format,
                                 .layout = big->layout,
                                 .images = 1,
                                 .channels = BYTES_PER_PIXEL / (int64_t)number_size(big->format),
                                 .height = LONG_SIDE,
                                 .width = LONG_SIDE};
    poolgrad_image windows = p->source;
    windows.height = windows.width = (LONG_SIDE + big->stride - 1) / big->stride;
    p->destination = p->direction == POOLGRAD_FORWARD ? windows : p->source;
    big_make_image(&p->source, &made->source, &r);
    big_make_image(&p->destination, &made->destination, &r);
    if (p->direction == POOLGRAD_GRADIENT) {
        p->source_gradient = windows;
        big_make_image(&p->source_gradient, &made->source_gradient, &r);
    } else if (big->indices != POOLGRAD_FORMAT_NONE) {
        p->indices = windows;
        p->indices.format = big->indices;
        guard_make(&made->indices, (size_t)view_range_of(&p->indices).end * number_size(big->indices), GUARD_BEHIND);
        p->indices.data = made->indices.bytes;
    }
}

/* Destinations that no cache holds, which may be written past them. A case takes the time of hundreds of others. */
Test(fast, big)
{
    enum { WORTH = 100 };
    static const int counts[] = {1, 3};
    int64_t wanted = random_sweep_start_costly("big", BIG_CASES, WORTH).cases;
    for (int i = 0; i < BIG_CASES && i < wanted; ++i) {
        test_case made;
        big_make(&made, i);
        report_begin("fast", "big", &made);
        contender_result expected;
        cr_assert(contender_expect(&made, true, &expected) && agree_on_threads(&made, counts, 2, &expected), "case %d",
                  i);
        contender_forget(&expected);
        case_free(&made);
    }
}

/* ---- Indices that are none ------------------------------------------------------------------------------------- */

/* Any number in place of one index in four: near the plane's, a tap of another window, or random bits. */
static void spoil_indices(test_case *made)
{
    const poolgrad_problem *p = &made->problem;
    const poolgrad_image *indices = &p->indices;
    random_state r = {made->seed ^ UINT64_C(0xbad)};
    for (int64_t n = 0; n < indices->images; ++n)
        for (int64_t c = 0; c < indices->channels; ++c)
            for (int64_t y = 0; y < indices->height; ++y)
                for (int64_t x = 0; x < indices->width; ++x) {
                    if (!random_chance(&r, 25)) continue;
                    int64_t near = random_between(&r, -3, p->source.height * p->source.width + 3);
                    view_set_bits(indices, n, c, y, x, random_chance(&r, 70) ? (uint64_t)near : random_bits(&r));
                }
    guard_keep(&made->indices);
}

static bool check_hostile_indices(test_case *made, bool *telling)
{
    if (!made->indices.mapping || view_is_empty(&made->problem.indices)) return true;
    spoil_indices(made);
    contender_result expected;
    bool held = contender_expect(made, false, &expected) && all_agree(made, CONTENDER_PLAN, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

/* A plan's run takes whatever the indices hold; those that are no tap of their window contribute nothing. */
Test(fast, hostile_indices)
{
    sweep("hostile_indices", 2500, 18,
          &(case_limits){.wide = true, .directions = CASE_SET(POOLGRAD_GRADIENT), .kinds = CASE_SET(POOLGRAD_MAX)},
          check_hostile_indices);
}

/* ---- Which kernel ---------------------------------------------------------------------------------------------- */

static bool is_among(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (words[i] && strcmp(word, words[i]) == 0) return true;
    return false;
}

/* What is compared or added: elements as an image holds them, or sums. */
static bool names_a_format(const poolgrad_problem *p, const char *word)
{
    const char *const formats[] = {poolgrad_format_name(p->source.format), poolgrad_format_name(p->destination.format),
                                   poolgrad_format_name(POOLGRAD_FLOAT32), poolgrad_format_name(POOLGRAD_FLOAT64)};
    return is_among(word, formats, sizeof formats / sizeof *formats);
}

static bool is_fast_name(const char *name, const poolgrad_problem *p)
{
    static const char *const directions[] = {"forward", "gradient"}, *const kinds[] = {"average", "max", "l2norm"};
    static const char *const sides[] = {"pixels", "channels"};
    enum { LENGTH = 24 };
    char side[LENGTH], format[LENGTH], isa[LENGTH], prefix[2 * LENGTH], again[5 * LENGTH];
    snprintf(prefix, sizeof prefix, "%s/%s/", directions[p->direction], kinds[p->kind]);
    if (strncmp(name, prefix, strlen(prefix)) != 0) return false;
    if (sscanf(name + strlen(prefix), "%23[a-z]/%23[a-z0-9]/%23s", side, format, isa) != 3) return false;
    snprintf(again, sizeof again, "%s%s/%s/%s", prefix, side, format, isa);
    return strcmp(name, again) == 0 && is_among(side, sides, 2) && names_a_format(p, format) &&
           strcmp(isa, poolgrad_isa_name(p->max_isa)) == 0;
}

static bool check_is_fast(test_case *made, bool *telling)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = contender_isas(isas);
    for (int i = 0; i < count; ++i) {
        poolgrad_problem p = made->problem;
        poolgrad_error error = {"", ""};
        poolgrad_plan *plan;
        p.mode = POOLGRAD_MODE_FAST;
        p.max_isa = isas[i];
        if (!report_status(poolgrad_plan_create(&p, &plan, &error), &error)) return false;
        bool fast = is_fast_name(poolgrad_plan_kernel(plan), &p) ||
                    report_failure("bound to %s, the kernel is \"%s\"", poolgrad_isa_name(isas[i]),
                                   poolgrad_plan_kernel(plan));
        *telling = poolgrad_plan_units(plan) > 0;
        poolgrad_plan_destroy(plan);
        if (!fast) return false;
    }
    return true;
}

/* Nothing is left to the plain loops. */
static void expect_fast(const char *name, poolgrad_direction direction)
{
    sweep(name, 3000, 80, &(case_limits){.wide = true, .directions = CASE_SET(direction)}, check_is_fast);
}

Test(fast, is_fast_forward)
{
    expect_fast("is_fast_forward", POOLGRAD_FORWARD);
}

Test(fast, is_fast_gradient)
{
    expect_fast("is_fast_gradient", POOLGRAD_GRADIENT);
}

/* Mode reference never is. */
Test(fast, is_reference)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.source.format = p.destination.format = POOLGRAD_FLOAT32;
    poolgrad_plan *plan;
    cr_assert_eq(poolgrad_plan_create(&p, &plan, NULL), POOLGRAD_OK);
    cr_expect_str_eq(poolgrad_plan_kernel(plan), "forward/average/reference");
    poolgrad_plan_destroy(plan);
}
