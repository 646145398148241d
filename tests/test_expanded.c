/* SPDX-License-Identifier: Apache-2.0 */
/* Strides are taken as they are: what a stride of 0 means, where it is refused, and what repeated elements give. */
#include "support/case.h"
#include "support/contender.h"
#include "support/report.h"
#include "support/small.h"
#include "support/trial.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Worked out by hand ------------------------------------------------------------------------------------------ */

static const float stored[4] = {1, 77, 77, 77};
static float destination_data[64];

/* The gradient of a sum of averages: a 2x2 gradient that is one number, as broadcast arrays are. */
static poolgrad_problem of_a_sum(int expanded)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 1, 1);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.source_gradient = (poolgrad_const_image){.data = stored,
                                               .format = POOLGRAD_FLOAT32,
                                               .images = 1,
                                               .channels = 1,
                                               .height = 2,
                                               .width = 2,
                                               .expanded = expanded};
    p.destination = poolgrad_image_dense(destination_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    return p;
}

Test(expanded, strides_of_0_are_refused_unless_they_are_meant)
{
    poolgrad_problem p = of_a_sum(0);
    poolgrad_error error = {"", ""};
    memset(destination_data, 0x5a, sizeof destination_data);
    float before[64];
    memcpy(before, destination_data, sizeof before);
    cr_expect(poolgrad_small_refusal(poolgrad_run(&p, &error), &error) &&
                  strncmp(error.field, "source_gradient.", strlen("source_gradient.")) == 0,
              "\"%s\"", error.message);
    cr_expect(strstr(error.message, "image_dense") && strstr(error.message, "expanded"), "\"%s\"", error.message);
    cr_expect(memcmp(before, destination_data, sizeof before) == 0);
}

Test(expanded, one_number_for_all_windows)
{
    const float quarter[16] = {0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f,
                               0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f};
    poolgrad_problem p = of_a_sum(1);
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("sum", POOLGRAD_FLOAT32, destination_data, quarter, 4, 4));
}

/* One row for all, and one column for all. */
Test(expanded, one_dimension)
{
    const float rows[16] = {0.25f, 0.25f, 19.25f, 19.25f, 0.25f, 0.25f, 19.25f, 19.25f,
                            0.25f, 0.25f, 19.25f, 19.25f, 0.25f, 0.25f, 19.25f, 19.25f};
    const float columns[16] = {0.25f,  0.25f,  0.25f,  0.25f,  0.25f,  0.25f,  0.25f,  0.25f,
                               19.25f, 19.25f, 19.25f, 19.25f, 19.25f, 19.25f, 19.25f, 19.25f};
    poolgrad_problem p = of_a_sum(1);
    p.source_gradient.column_stride = 1;
    cr_assert(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    cr_expect(poolgrad_small_same("rows", POOLGRAD_FLOAT32, destination_data, rows, 4, 4));
    p.source_gradient.column_stride = 0;
    p.source_gradient.row_stride = 1;
    cr_assert(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    cr_expect(poolgrad_small_same("columns", POOLGRAD_FLOAT32, destination_data, columns, 4, 4));
}

/* Backwards: 1 2 3 4 is read as 4 3 2 1. */
Test(expanded, negative_strides_reflect)
{
    const float numbers[4] = {1, 2, 3, 4};
    const float expected[16] = {1,    1,    0.75f, 0.75f, 1,    1,    0.75f, 0.75f,
                                0.5f, 0.5f, 0.25f, 0.25f, 0.5f, 0.5f, 0.25f, 0.25f};
    poolgrad_problem p = of_a_sum(0);
    p.source_gradient.data = numbers + 3;
    p.source_gradient.row_stride = -2;
    p.source_gradient.column_stride = -1;
    cr_assert(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    cr_expect(poolgrad_small_same("reflected", POOLGRAD_FLOAT32, destination_data, expected, 4, 4));
}

/* Every window picked its last tap, which one number says for all. */
Test(expanded, one_index_for_all_windows)
{
    static const uint8_t tap = 3;
    const float dy[4] = {1, 2, 3, 4};
    const float expected[16] = {0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4};
    poolgrad_problem p = of_a_sum(0);
    poolgrad_error error = {"", ""};
    p.kind = POOLGRAD_MAX;
    p.source_gradient = poolgrad_const_image_dense(dy, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.indices = p.source_gradient;
    p.indices.data = &tap;
    p.indices.format = POOLGRAD_TAP8;
    p.indices.row_stride = p.indices.column_stride = 0;
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_INVALID && strncmp(error.field, "indices.", 8) == 0, "\"%s\"",
              error.message);
    p.indices.expanded = 1;
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("indices", POOLGRAD_FLOAT32, destination_data, expected, 4, 4));
}

/* ---- Which strides count ----------------------------------------------------------------------------------------- */

typedef struct dimension {
    const char *stride;
    size_t stride_at, size_at;
} dimension;

#define DIMENSION(stride, size)                                                                                        \
    {                                                                                                                  \
#stride, offsetof(poolgrad_image, stride), offsetof(poolgrad_image, size)                                      \
    }

static const dimension dimensions[] = {DIMENSION(image_stride, images), DIMENSION(channel_stride, channels),
                                       DIMENSION(row_stride, height), DIMENSION(column_stride, width)};

static int64_t *member(poolgrad_image *image, size_t at)
{
    return (int64_t *)(void *)((unsigned char *)image + at);
}

static bool refuses(const poolgrad_image *image, const char *stride)
{
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_image_check(image, &error);
    return poolgrad_small_refusal(status, &error) && strstr(error.field, stride) &&
           strstr(error.message, "image_dense") && strstr(error.message, "expanded");
}

/* Along a dimension of 1 it is of no effect, as it is in an empty view. */
Test(expanded, strides_count_along_dimensions_above_1)
{
    static float memory[2 * 6 * 3 * 5 * 4];
    for (int i = 0; i < 3 * 4; ++i) {
        const dimension *d = &dimensions[i % 4];
        poolgrad_image image = poolgrad_image_dense(memory, POOLGRAD_FLOAT32, (poolgrad_layout)(i / 4), 2, 6, 3, 5);
        *member(&image, d->stride_at) = 0;
        cr_expect(refuses(&image, d->stride), "%s", d->stride);
        image.expanded = 1;
        cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK, "%s, meant", d->stride);
        image.expanded = 0;
        *member(&image, d->size_at) = 1;
        cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK, "%s along 1", d->stride);
        *member(&image, d->size_at) = 2;
        *member(&image, dimensions[(i + 1) % 4].size_at) = 0;
        cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK, "%s, empty", d->stride);
    }
}

/* Four channels are one slice of NC4HW4, which needs no stride; five are two. */
Test(expanded, slices_count_as_channels)
{
    static float memory[16];
    poolgrad_image image = poolgrad_image_dense(memory, POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, 1, 4, 1, 1);
    image.channel_stride = 0;
    cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK);
    image.channels = 5;
    cr_expect(refuses(&image, "channel_stride"));
}

/* The third axis has no stride yet that anything steps over. */
Test(expanded, depth_stride_is_of_no_effect)
{
    static float memory[16];
    static const int64_t strides[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    for (int i = 0; i < 5 * 2; ++i) {
        poolgrad_image image = poolgrad_image_dense(memory, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
        image.depth_stride = strides[i / 2];
        image.depth = i % 2;
        memory[5] = 7;
        cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK, "%d", i);
        cr_expect(poolgrad_image_get(&image, 0, 0, 0, 1, 1) == 7, "%d", i);
    }
}

/* What is written has one place for each element. */
Test(expanded, destinations_and_picks_are_not)
{
    static int32_t picks[4];
    static const char *const fields[] = {"destination", "picks"};
    for (int i = 0; i < 2 * 2; ++i) {
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 1, 1);
        p.source = poolgrad_const_image_dense(destination_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
        p.destination = poolgrad_image_dense(destination_data + 16, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
        p.picks = poolgrad_image_dense(picks, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
        cr_assert(poolgrad_check(&p, NULL) == POOLGRAD_OK);
        poolgrad_image *written = i % 2 ? &p.picks : &p.destination;
        poolgrad_error error = {"", ""};
        written->expanded = 1;
        *(i / 2 ? &written->row_stride : &written->column_stride) = 0;
        cr_expect(poolgrad_small_refusal(poolgrad_check(&p, &error), &error) &&
                      strncmp(error.field, fields[i % 2], strlen(fields[i % 2])) == 0,
                  "%s: \"%s\"", fields[i % 2], error.message);
    }
}

/* ---- Random views ------------------------------------------------------------------------------------------------ */

/* Repeats elements along some of the dimensions, which the view may have done already. */
static void expand(poolgrad_const_image *image, random_state *r)
{
    int64_t *strides[] = {&image->image_stride, &image->channel_stride, &image->depth_stride, &image->row_stride,
                          &image->column_stride};
    for (int i = 0; i < 5; ++i)
        if (random_chance(r, 60)) *strides[i] = 0;
    image->expanded = 1;
}

/* A copy whose elements have each a place of their own. */
static poolgrad_const_image unfold(const poolgrad_const_image *image)
{
    return view_read(view_copy(image, image->layout));
}

static bool all_agree(test_case *made, const contender_result *expected)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = contender_isas(isas);
    bool held = true;
    for (int i = 0; held && i < count; ++i)
        held = contender_agrees(made, isas[i], made->problem.threads, CONTENDER_RUN, expected);
    return held;
}

/* The plain loops on the copies say what every instruction set has to make of the views. */
static bool check_expanded(test_case *made, bool *telling)
{
    random_state r = {made->seed ^ UINT64_C(0xe8)};
    poolgrad_problem *p = &made->problem, expanded;
    bool gradient = p->direction == POOLGRAD_GRADIENT;
    expand(&p->source, &r);
    if (gradient) expand(&p->source_gradient, &r);
    expanded = *p;
    p->source = unfold(&expanded.source);
    if (gradient) p->source_gradient = unfold(&expanded.source_gradient);
    poolgrad_const_image copies[] = {p->source, p->source_gradient};
    contender_result expected;
    bool held = contender_expect(made, true, &expected);
    *telling = held && contender_telling(made, &expected);
    p->source = expanded.source;
    p->source_gradient = expanded.source_gradient;
    held = held && all_agree(made, &expected);
    contender_forget(&expected);
    for (int i = 0; i < (gradient ? 2 : 1); ++i) view_free_read(&copies[i]);
    return held;
}

Test(expanded, views_give_what_copies_give)
{
    trial_sweep("expanded", "views_give_what_copies_give", 3000, 50, &(case_limits){.wide = true}, check_expanded);
    trial_sweep("expanded", "views_give_what_copies_give", 1000, 45, &(case_limits){.beyond = CASE_BEYOND},
                check_expanded);
}

/* The page behind the last element that is there cannot be read. */
Test(expanded, guard)
{
    trial_sweep("expanded", "guard", 1000, 50, &(case_limits){.wide = true, .guard = CASE_GUARD_BEHIND},
                check_expanded);
    trial_sweep("expanded", "guard", 1000, 50, &(case_limits){.wide = true, .guard = CASE_GUARD_BEFORE},
                check_expanded);
}
