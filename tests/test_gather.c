/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forward calls from indices, which gather what an earlier call picked, and the gradient from indices, which scatters
 * it back: the second derivative of max pooling, unpooling and its gradient.
 */
#include "support/case.h"
#include "support/literal.h"
#include "support/report.h"
#include "support/sentence.h"
#include "support/small.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static poolgrad_problem windows_of_two(void)
{
    return poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 1, 1);
}

static void gather_is(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small indices,
                      poolgrad_small expected)
{
    cr_expect(poolgrad_small_gather(name, &p, source, indices, expected), "%s", name);
}

#define SIXTEEN F32(4, 4, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)

Test(gather, values_at_the_indices)
{
    poolgrad_problem p = windows_of_two();
    const poolgrad_small expected = F32(2, 2, 14, 13, 0, 24);
    gather_is("int32", p, SIXTEEN, I32(2, 2, 4, 3, -1, 14), expected);
    gather_is("int64", p, SIXTEEN, I64(2, 2, 4, 3, -1, 14), expected);
    gather_is("tap8", p, SIXTEEN, T8(2, 2, 2, 1, 255, 2), expected);
    gather_is("tap16", p, SIXTEEN, T16(2, 2, 2, 1, 65535, 2), expected);
    gather_is("tap32", p, SIXTEEN, T32(2, 2, 2, 1, UINT32_MAX, 2), expected);
    p.ties = POOLGRAD_TIES_LAST;
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    gather_is("other rules", p, SIXTEEN, I32(2, 2, 4, 3, -1, 14), expected);
}

/* Not the greatest, nor a number: what is there is taken, and rounded once. */
Test(gather, any_value)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 2, 1), 1, 0);
    gather_is("specials", p, F32(1, 8, -0.0f, 5, (float)NAN, 5, -INFINITY, 5, 5, 0x1p-149f), I32(1, 4, 0, 2, 4, 7),
              B32(1, 4, 0x80000000, 0x7fc00000, 0xff800000, 1));
    gather_is("rounded", p, F32(1, 2, 2049, 1), I32(1, 1, 0), F16(1, 1, 0x6800)); /* 2048 */
    gather_is("codes", p, U8(1, 2, 51, 255), T8(1, 1, 0), F32(1, 1, 0.2f));
    gather_is("float64", p, F64(1, 2, 0.1, 1), T8(1, 1, 0), F64(1, 1, 0.1));
}

Test(gather, through_a_volume)
{
    const poolgrad_small image = poolgrad_small_volume(3, F32(6, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, CUBE(2, 1, 1), 1, 1);
    p.offset_z = 1;
    gather_is("places", p, image, poolgrad_small_volume(2, I32(2, 1, 5, 9)),
              poolgrad_small_volume(2, F32(2, 1, 6, 10)));
    gather_is("taps", p, image, poolgrad_small_volume(2, T8(2, 1, 5, 5)), poolgrad_small_volume(2, F32(2, 1, 6, 10)));
    p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    p.windows_x = (poolgrad_table){(const poolgrad_span[]){{1, 2}, {-1, 3}}, 2};
    gather_is("tables", p, F32(1, 3, 7, 8, 9), T8(1, 2, 1, 2), F32(1, 2, 9, 8));
}

/* Where every window is the whole axis, an index may be any place: inverse of a permutation, repeats and none. */
Test(gather, any_place)
{
    static const poolgrad_span all[] = {{0, 3}, {0, 3}, {0, 3}, {0, 3}};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    p.windows_x = (poolgrad_table){all, 4};
    p.windows_y = (poolgrad_table){(const poolgrad_span[]){{0, 2}}, 1};
    gather_is("any place", p, F32(2, 3, 1, 2, 3, 4, 5, 6), I32(1, 4, 5, 0, -1, 5), F32(1, 4, 6, 1, 0, 6));
    cr_expect(poolgrad_small_gradient("back", &p, SIZE_ONLY(2, 3), F32(1, 4, 1, 10, 100, 1000), I32(1, 4, 5, 0, -1, 5),
                                      NO_PLANE, F32(2, 3, 10, 0, 0, 0, 0, 1001)));
}

/* Unpooling: values go to their places; the same place adds, in the order of the windows. */
Test(gather, unpooling_adds_where_places_repeat)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 1), 1, 0);
    cr_expect(poolgrad_small_gradient("unpooled", &p, SIZE_ONLY(1, 5), F32(1, 3, 16777216, 1, -16777216),
                                      I32(1, 3, 2, 2, 2), NO_PLANE, F32(1, 5, 0, 0, 0, 0, 0)));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    cr_expect(poolgrad_small_gradient("unpooled", &p, SIZE_ONLY(1, 5), F32(1, 3, 16777216, 1, -16777216),
                                      I32(1, 3, 2, 2, 2), NO_PLANE, F32(1, 5, 0, 0, 1, 0, 0)));
}

/* Clip, channel and image windows are those of any forward call. */
Test(gather, clips_and_channels)
{
    const float x[6] = {1, 2, 3, 4, 5, 6}; /* channels of one pixel */
    const int32_t indices[4] = {0, 0, -1, 0};
    float found[4] = {9, 9, 9, 9};
    poolgrad_error error = {"", ""};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    p.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 6, 1, 1);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 4, 1, 1);
    p.indices = poolgrad_const_image_dense(indices, POOLGRAD_INT32, POOLGRAD_NHWC, 1, 4, 1, 1);
    p.source_channel_offset = 3;
    p.source_channel_count = 2;
    p.destination_channel_offset = 1;
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(found[0] == 9 && found[1] == 4 && found[2] == 0 && found[3] == 9);
    p.clip.x = 1;
    found[1] = 9;
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(found[1] == 9);
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

static float source[16], result[4];
static int32_t places[4];

static poolgrad_problem valid(void)
{
    static const int32_t corners[4] = {0, 2, 8, 10};
    poolgrad_problem p = windows_of_two();
    memcpy(places, corners, sizeof places);
    for (int i = 0; i < 16; ++i) source[i] = (float)(i + 1);
    for (int i = 0; i < 4; ++i) result[i] = 9;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.destination = poolgrad_image_dense(result, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.indices = poolgrad_const_image_dense(places, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    return p;
}

static void refused(const poolgrad_problem *p, const char *field)
{
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_run(p, &error) == POOLGRAD_INVALID && refusal_is_sentence(&error), "%s", field);
    cr_expect(strncmp(error.field, field, strlen(field)) == 0, "expected %s: \"%s\"", field, error.message);
    cr_expect(result[0] == 9);
}

Test(gather, is_refused_by_name)
{
    poolgrad_problem p = valid();
    cr_expect(poolgrad_run(&p, NULL) == POOLGRAD_OK && result[0] == 1 && result[3] == 11);
    p = valid();
    p.ties = POOLGRAD_TIES_ALL;
    refused(&p, "ties");
    p.ties = POOLGRAD_TIES_SPLIT;
    refused(&p, "ties");
    p = valid();
    p.kind = POOLGRAD_AVERAGE;
    refused(&p, "indices");
    p.kind = POOLGRAD_L2NORM;
    refused(&p, "indices");
    p = valid();
    p.source.data = NULL;
    refused(&p, "source.data");
    p = valid();
    p.indices.data = NULL;
    refused(&p, "indices.data");
    p = valid();
    p.indices.format = POOLGRAD_FLOAT32;
    refused(&p, "indices.format");
    p = valid();
    p.indices.width = 1;
    refused(&p, "indices");
    p = valid();
    int32_t picks[4];
    p.picks = poolgrad_image_dense(picks, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    refused(&p, "picks");
    p = valid();
    p.indices.data = result;
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_INVALID && refusal_is_sentence(&error), "\"%s\"", error.message);
}

/* Each must be none or a tap of its own window; a plan that does not look takes wrong ones as none. */
Test(gather, wrong_indices)
{
    static const int32_t wrong[] = {1, 4, 15, 16, -2, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        poolgrad_problem p = valid();
        poolgrad_plan *plan;
        poolgrad_error error = {"", ""};
        places[1] = wrong[i];
        if (wrong[i] == 1) places[1] = 1; /* of the first window, not of the second */
        cr_expect(poolgrad_check_indices(&p, &error) == POOLGRAD_INVALID && refusal_is_sentence(&error) &&
                      strstr(error.message, "y 0, x 1"),
                  "%d: \"%s\"", (int)wrong[i], error.message);
        refused(&p, "indices");
        cr_assert(poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(poolgrad_plan_check_indices(plan, NULL) == POOLGRAD_INVALID);
        poolgrad_plan_run(plan);
        cr_expect(result[0] == 1 && result[1] == 0 && result[2] == 9 && result[3] == 11);
        cr_expect(strncmp(poolgrad_plan_kernel(plan), "forward/max/lanes/", strlen("forward/max/lanes/")) == 0);
        poolgrad_plan_destroy(plan);
    }
}

/* ---- Derivatives ------------------------------------------------------------------------------------------------- */

/* What forward picks, gathered from the same source, is what forward gives. */
static bool check_gathered(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    const poolgrad_format format = made->seed % 2 ? POOLGRAD_INT64 : POOLGRAD_TAP32;
    poolgrad_problem pool = *p, gather = *p;
    pool.picks = view_new(format, POOLGRAD_NCHW, &p->destination, 0xff);
    gather.indices = view_read(pool.picks);
    bool held = trial_run(&pool);
    unsigned char *destination = trial_take(&made->destination);
    held = held && trial_run(&gather) && trial_same_buffers(made, destination, NULL);
    *telling = held && memcmp(made->destination.kept, destination, made->destination.size) != 0;
    free(destination);
    view_free(&pool.picks);
    return held;
}

Test(gather, of_picks_is_the_forward_result)
{
    const case_limits limits = {.directions = CASE_SET(POOLGRAD_FORWARD),
                                .kinds = CASE_SET(POOLGRAD_MAX),
                                .ties = CASE_SET(POOLGRAD_TIES_FIRST) | CASE_SET(POOLGRAD_TIES_LAST),
                                .no_indices = true,
                                .beyond = CASE_BEYOND};
    trial_sweep("gather", "of_picks_is_the_forward_result", 2000, 60, &limits, check_gathered);
}

/* Numbers that are whole; the sums of their products fit. */
static int64_t whole(const poolgrad_const_image *image, view_place at)
{
    return (int64_t)view_number_at(image, at);
}

static bool check_second_derivative(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_problem gather = case_forward_of(p);
    if (!p->indices.data) return true;
    gather.indices = p->indices;
    gather.destination = view_new(POOLGRAD_FLOAT64, POOLGRAD_NCHW, &p->source_gradient, 0);
    bool held = trial_run(p) && trial_run(&gather);
    int64_t left = 0, right = 0;
    VIEW_EACH(at, &p->source_gradient)
    left += whole(&p->source_gradient, at) * whole(VIEW(&gather.destination), at);
    VIEW_EACH(at, &p->destination)
    {
        if (at.n >= literal_images(p) || at.c >= literal_channels(p)) continue;
        const view_place from = {at.n + p->offset_image, at.c + p->source_channel_offset, at.z, at.y, at.x};
        right += whole(&p->source, from) * whole(VIEW(&p->destination), at);
    }
    *telling = left != 0;
    view_free(&gather.destination);
    return held && (left == right || report_failure("<gather(v), g> is %lld, <v, scatter(g)> is %lld", (long long)left,
                                                    (long long)right));
}

/* The gradient from indices is linear in g, and the gather from the same indices is its adjoint: what a double backward
 * pass asks of max pooling, and a backward pass of unpooling. */
Test(gather, is_the_adjoint_of_the_gradient)
{
    const unsigned wide = CASE_SET(POOLGRAD_FLOAT64);
    const case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT),
                                .kinds = CASE_SET(POOLGRAD_MAX),
                                .source_formats = wide,
                                .gradient_formats = wide,
                                .destination_formats = wide,
                                .no_adding = true,
                                .from_data = true,
                                .whole = true,
                                .data = DATA_WHOLE,
                                .unit = 1,
                                .beyond = CASE_BEYOND};
    trial_sweep("gather", "is_the_adjoint_of_the_gradient", 2000, 15, &limits, check_second_derivative);
}
