/* SPDX-License-Identifier: Apache-2.0 */
/* Mode fast by hand-worked numbers, by every instruction set: slices of any width. */
#include "support/contender.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* Runs the problem on the fast path, and sees that the plan did not leave it to the plain loops. */
static void run_fast(poolgrad_problem p, poolgrad_isa isa)
{
    poolgrad_error error = {"", ""};
    poolgrad_plan *plan;
    p.max_isa = isa;
    poolgrad_status status = poolgrad_plan_create(&p, &plan, &error);
    cr_assert_eq(status, POOLGRAD_OK, "%s", error.message);
    cr_expect_null(strstr(poolgrad_plan_kernel(plan), "reference"), "%s", poolgrad_plan_kernel(plan));
    poolgrad_plan_run(plan);
    poolgrad_plan_destroy(plan);
}

/* ---- Slices ---------------------------------------------------------------------------------------------------- */

typedef struct slices {
    poolgrad_layout layout;
    int64_t lanes;
} slices;

static const slices all_slices[] = {
    {POOLGRAD_NC4HW4, 4}, {POOLGRAD_NC8HW8, 8}, {POOLGRAD_NC16HW16, 16}, {POOLGRAD_NC32HW32, 32}};
enum { ALL_SLICES = sizeof all_slices / sizeof *all_slices, MOST_ELEMENTS = 2 * 2 * 32 };

/* Channel c of pixel x of a row of `width` pixels, [slice][pixel][lane]. */
static int64_t place_of(int64_t lanes, int64_t width, int64_t c, int64_t x)
{
    return (c / lanes * width + x) * lanes + c % lanes;
}

/* Two more channels than a slice has, two pixels: c and c + 1, in a layout. */
static poolgrad_const_image pairs_of(const slices *s, float data[MOST_ELEMENTS], int64_t channels)
{
    for (int64_t i = 0; i < MOST_ELEMENTS; ++i) data[i] = NAN;
    for (int64_t c = 0; c < channels; ++c)
        for (int64_t x = 0; x < 2; ++x) data[place_of(s->lanes, 2, c, x)] = (float)(c + x);
    return poolgrad_const_image_dense(data, POOLGRAD_FLOAT32, s->layout, 1, channels, 1, 2);
}

/* The average of both pixels: c + 1/2 of source channel c, from a channel inside a slice of the destination on. What
 * stands before the first channel stays, and what a last slice has behind the last one becomes +0. */
static void expect_averages(const slices *from, const slices *to, int64_t first, poolgrad_isa isa)
{
    float source[MOST_ELEMENTS], found[MOST_ELEMENTS];
    const int64_t channels = 10;
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.window.kernel_width = 2;
    p.offset_x = 1;
    p.source = pairs_of(from, source, channels);
    p.destination_channel_offset = first;
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, to->layout, 1, first + channels, 1, 1);
    for (int64_t i = 0; i < MOST_ELEMENTS; ++i) found[i] = -1;
    run_fast(p, isa);
    const int64_t end = (first + channels + to->lanes - 1) / to->lanes * to->lanes;
    for (int64_t c = 0; c < MOST_ELEMENTS; ++c) {
        const float there = (float)(c - first) + 0.5F, outside = c >= first + channels && c < end ? 0 : -1;
        const float expected = c >= first && c < first + channels ? there : outside;
        cr_expect(memcmp(&found[c], &expected, sizeof expected) == 0, "%d to %d lanes from %d, %s, channel %d: %g",
                  (int)from->lanes, (int)to->lanes, (int)first, poolgrad_isa_name(isa), (int)c, (double)found[c]);
    }
}

Test(fast_rules, slices)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    for (int i = 0; i < contender_isas(isas); ++i)
        for (int from = 0; from < ALL_SLICES; ++from)
            for (int to = 0; to < ALL_SLICES; ++to)
                for (int64_t first = 0; first < 20; first += 3)
                    expect_averages(&all_slices[from], &all_slices[to], first, isas[i]);
}

/* The greater pixel is the second one: picked as place 1 in slices of their own, and the gradient 2 c goes there. */
static void expect_picks(const slices *of, const slices *picked, poolgrad_isa isa)
{
    enum { CHANNELS = 10 };
    float source[MOST_ELEMENTS], found[MOST_ELEMENTS], gradient[CHANNELS];
    int32_t picks[MOST_ELEMENTS];
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_MAX;
    p.window.kernel_width = 2;
    p.offset_x = 1;
    p.source = pairs_of(of, source, CHANNELS);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, of->layout, 1, CHANNELS, 1, 1);
    p.picks = poolgrad_image_dense(picks, POOLGRAD_INT32, picked->layout, 1, CHANNELS, 1, 1);
    run_fast(p, isa);
    const int64_t stored = (CHANNELS + picked->lanes - 1) / picked->lanes * picked->lanes;
    for (int64_t c = 0; c < stored; ++c)
        cr_expect_eq(picks[c], c < CHANNELS, "%d lanes, channel %d", (int)picked->lanes, (int)c);
    for (int64_t c = 0; c < CHANNELS; ++c) gradient[c] = (float)(2 * c);
    p.indices = poolgrad_image_as_const(&p.picks);
    p.picks = (poolgrad_image){0};
    p.direction = POOLGRAD_GRADIENT;
    p.ties = POOLGRAD_TIES_FIRST;
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, 1, 1);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, of->layout, 1, CHANNELS, 1, 2);
    run_fast(p, isa);
    for (int64_t c = 0; c < CHANNELS; ++c)
        for (int64_t x = 0; x < 2; ++x)
            cr_expect_eq(found[place_of(of->lanes, 2, c, x)], x == 1 ? gradient[c] : 0, "%d lanes, channel %d",
                         (int)of->lanes, (int)c);
}

Test(fast_rules, slices_of_picks)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    for (int i = 0; i < contender_isas(isas); ++i)
        for (int of = 0; of < ALL_SLICES; ++of)
            for (int picked = 0; picked < ALL_SLICES; ++picked)
                expect_picks(&all_slices[of], &all_slices[picked], isas[i]);
}
