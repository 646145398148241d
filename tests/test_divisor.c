/* SPDX-License-Identifier: Apache-2.0 */
/* What an average divides by: a divisor of the caller's, and counted padding of one side, by hand. */
#include "support/sentence.h"
#include "support/small.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static poolgrad_problem average(poolgrad_window window, int64_t offset_x, int64_t offset_y, int64_t divisor)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, window, offset_x, offset_y);
    p.divisor = divisor;
    return p;
}

static void forward_is(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small expected)
{
    cr_expect(poolgrad_small_forward(name, &p, source, expected, NO_PLANE), "%s", name);
}

static void gradient_is(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small gradient,
                        poolgrad_small expected)
{
    cr_expect(poolgrad_small_gradient(name, &p, source, gradient, NO_PLANE, NO_PLANE, expected), "%s", name);
}

/* ---- Divisors ---------------------------------------------------------------------------------------------------- */

/* {outside, 1}, {2, 3}, {4, outside}: whatever the edges say, sums are over 4. */
Test(divisor, overrules_every_count)
{
    for (int i = 0; i < 4; ++i) {
        poolgrad_problem p = average(ALONG_X(2, 2, 1), 0, 0, 4);
        p.edge_mode = i == 0 ? POOLGRAD_EDGE_ZERO : POOLGRAD_EDGE_CLAMP;
        if (i == 2) p.zero_pad_x = 1;
        if (i == 3) p.zero_pad_right = 1;
        forward_is("4", p, F32(1, 4, 1, 2, 3, 4), F32(1, 3, 0.25f, 1.25f, 1));
        gradient_is("4", p, SIZE_ONLY(1, 4), F32(1, 3, 4, 8, 12), F32(1, 4, 1, 2, 2, 3));
        p.divisor = -2;
        forward_is("-2", p, F32(1, 4, 1, 2, 3, 4), F32(1, 3, -0.5f, -2.5f, -2));
        gradient_is("-2", p, SIZE_ONLY(1, 4), F32(1, 3, 4, 8, 12), F32(1, 4, -2, -4, -4, -6));
        p.divisor = 1;
        forward_is("1", p, F32(1, 4, 1, 2, 3, 4), F32(1, 3, 1, 5, 4));
    }
}

Test(divisor, of_planes_and_volumes)
{
    const poolgrad_small image = F32(2, 2, 1, 2, 3, 4), g = F32(1, 1, 6);
    gradient_is("a plane", average(SQUARE(2, 1, 1), 1, 1, 3), SIZE_ONLY(2, 2), g, F32(2, 2, 2, 2, 2, 2));
    forward_is("a plane", average(SQUARE(2, 1, 1), 1, 1, 5), image, F32(1, 1, 2));
    poolgrad_problem p = average(CUBE(2, 1, 1), 1, 1, 18);
    p.offset_z = 1;
    forward_is("a volume", p, poolgrad_small_volume(2, F32(4, 2, 1, 2, 3, 4, 5, 6, 7, 8)), F32(1, 1, 2));
    p = average(SQUARE(1, 1, 1), 0, 0, 4);
    p.windows_x = (poolgrad_table){(const poolgrad_span[]){{0, 2}, {0, 1}}, 2};
    forward_is("tables", p, F32(1, 2, 4, 8), F32(1, 2, 3, 1));
}

/* No tap inside: +0, whatever the sign of the divisor. Taps that sum to +0 are over a negative number -0. */
Test(divisor, windows_of_nothing_and_of_zeros)
{
    for (int m = 0; m < 2; ++m) {
        poolgrad_problem p = average(ALONG_X(2, 2, 1), -1, 0, -3);
        p.edge_mode = (poolgrad_edge_mode)m;
        p.zero_pad_x = 5;
        forward_is("forward", p, F32(1, 2, 0, 0), B32(1, 2, 0, 0x80000000));
        gradient_is("gradient", p, SIZE_ONLY(1, 2), F32(1, 2, (float)NAN, 3), F32(1, 2, -1, -1));
        p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
        forward_is("float64", p, F32(1, 2, 0, 0), B32(1, 2, 0, 0x80000000));
    }
    gradient_is("no window", average(ALONG_X(1, 1, 1), 7, 0, -3), SIZE_ONLY(1, 2), F32(1, 1, 3), B32(1, 2, 0, 0));
}

/* 2^24 + 1 is 2^24 as a float32. */
Test(divisor, is_rounded_once_to_the_accumulator)
{
    poolgrad_problem p = average(ALONG_X(1, 1, 1), 0, 0, 16777217);
    forward_is("float32", p, F32(1, 1, 16777216), F32(1, 1, 1));
    gradient_is("float32", p, SIZE_ONLY(1, 1), F32(1, 1, 16777216), F32(1, 1, 1));
    forward_is("float64", p, F64(1, 1, 16777216), F64(1, 1, 16777216.0 / 16777217.0));
    gradient_is("float64", p, SIZE_ONLY(1, 1), F64(1, 1, 16777216), F64(1, 1, 16777216.0 / 16777217.0));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    forward_is("float64 on request", p, F32(1, 1, 16777216), F32(1, 1, 0x1.fffffep-1f));
}

/* 2^63 - 1 is 2^63 in either accumulator. */
Test(divisor, the_greatest_and_the_least)
{
    for (int wide = 0; wide < 2; ++wide) {
        poolgrad_problem p = average(ALONG_X(2, 1, 1), 1, 0, INT64_MAX);
        p.accumulator = (poolgrad_accumulator)wide;
        forward_is("INT64_MAX", p, F32(1, 2, 0x1p63f, 0x1p63f), F32(1, 1, 2));
        gradient_is("INT64_MAX", p, SIZE_ONLY(1, 2), F32(1, 1, 0x3p63f), F32(1, 2, 3, 3));
        p.divisor = INT64_MIN;
        forward_is("INT64_MIN", p, F32(1, 2, 0x1p63f, 0x1p63f), F32(1, 1, -2));
        gradient_is("INT64_MIN", p, SIZE_ONLY(1, 2), F32(1, 1, 0x3p63f), F32(1, 2, -3, -3));
    }
}

Test(divisor, specials)
{
    poolgrad_problem p = average(ALONG_X(1, 1, 1), 0, 0, -2);
    forward_is("forward", p, F32(1, 4, INFINITY, -INFINITY, (float)NAN, -0.0f),
               B32(1, 4, 0xff800000, 0x7f800000, 0x7fc00000, 0x80000000));
    gradient_is("gradient", p, SIZE_ONLY(1, 4), F32(1, 4, INFINITY, -INFINITY, (float)NAN, -0.0f),
                B32(1, 4, 0xff800000, 0x7f800000, 0x7fc00000, 0));
}

static void refused(poolgrad_problem p, const char *value)
{
    float x[2] = {0}, g[2] = {0}, found[2] = {9, 9};
    poolgrad_error error = {"", ""};
    p.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    if (p.direction == POOLGRAD_GRADIENT)
        p.source_gradient = poolgrad_const_image_dense(g, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_INVALID && refusal_is_sentence(&error), "%s", value);
    cr_expect(strcmp(error.field, "divisor") == 0 && strstr(error.message, value), "\"%s\"", error.message);
    cr_expect(found[0] == 9);
}

Test(divisor, is_for_averages_and_root_means)
{
    static const poolgrad_kind kinds[] = {POOLGRAD_MAX, POOLGRAD_L2NORM};
    for (int i = 0; i < 4; ++i) {
        poolgrad_problem p = average(ALONG_X(1, 1, 1), 0, 0, 3);
        p.direction = (poolgrad_direction)(i % 2);
        p.kind = kinds[i / 2];
        refused(p, "is 3");
        p.divisor = INT64_MIN;
        refused(p, "is -9223372036854775808");
    }
}

/* ---- Counted padding of one side --------------------------------------------------------------------------------- */

/* [[8, 4], [12, 16]], 2x2 windows, one counted pixel on the right and below. */
Test(divisor, right_and_bottom)
{
    poolgrad_problem p = average(SQUARE(2, 1, 1), 1, 1, 0);
    p.zero_pad_right = p.zero_pad_bottom = 1;
    forward_is("forward", p, F32(2, 2, 8, 4, 12, 16), F32(2, 2, 10, 5, 7, 4));
    gradient_is("gradient", p, SIZE_ONLY(2, 2), F32(2, 2, 4, 8, 12, 16), F32(2, 2, 1, 3, 4, 10));
    p.zero_pad_right = 0;
    forward_is("below alone", p, F32(2, 2, 8, 4, 12, 16), F32(2, 2, 10, 10, 7, 8));
    p.zero_pad_right = 1;
    p.zero_pad_bottom = 0;
    forward_is("on the right alone", p, F32(2, 2, 8, 4, 12, 16), F32(2, 2, 10, 5, 14, 8));
}

/* [4, 6, 8, 10, 12], kernel 3, stride 2: {outside, 4, 6}, {6, 8, 10}, {10, 12, outside}. */
Test(divisor, left_alone)
{
    poolgrad_problem p = average(ALONG_X(3, 2, 1), 0, 0, 0);
    p.zero_pad_left = 1;
    forward_is("left", p, F32(1, 5, 4, 6, 8, 10, 12), F32(1, 3, 10.0f / 3, 8, 11));
    gradient_is("left", p, SIZE_ONLY(1, 5), F32(1, 3, 3, 6, 8), F32(1, 5, 1, 3, 2, 6, 4));
    p.zero_pad_left = 0;
    p.zero_pad_right = 1;
    forward_is("right", p, F32(1, 5, 4, 6, 8, 10, 12), F32(1, 3, 5, 8, 22.0f / 3));
    p.zero_pad_left = 7;
    forward_is("both", p, F32(1, 5, 4, 6, 8, 10, 12), F32(1, 3, 10.0f / 3, 8, 22.0f / 3));
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    p.zero_pad_left = p.zero_pad_right = 0;
    forward_is("mode zero counts all", p, F32(1, 5, 4, 6, 8, 10, 12), F32(1, 3, 10.0f / 3, 8, 22.0f / 3));
}

/* A window of 8, {-4 .. 3}, over two pixels: the padding of both sides and of one add up. */
Test(divisor, sides_add_to_what_both_have)
{
    static const int64_t pads[][4] = {/* both, left, right: N */
                                      {0, 0, 0, 2}, {0, 1, 0, 3}, {0, 0, 1, 3}, {1, 1, 0, 5}, {1, 0, 1, 5},
                                      {1, 2, 0, 6}, {2, 0, 0, 6}, {0, 9, 9, 8}, {3, 1, 1, 8}, {0, 4, 1, 7}};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; ++i) {
        const float n = (float)pads[i][3];
        poolgrad_problem p = average(ALONG_X(8, 1, 1), 0, 0, 0);
        p.zero_pad_x = pads[i][0];
        p.zero_pad_left = pads[i][1];
        p.zero_pad_right = pads[i][2];
        p.zero_pad_top = p.zero_pad_bottom = 3; /* of another axis */
        forward_is("along x", p, F32(1, 2, 60, 120), F32(1, 1, 180 / n));
        gradient_is("along x", p, SIZE_ONLY(1, 2), F32(1, 1, 60), F32(1, 2, 60 / n, 60 / n));
        p = average(ALONG_Y(8, 1, 1), 0, 0, 0);
        p.zero_pad_y = pads[i][0];
        p.zero_pad_top = pads[i][1];
        p.zero_pad_bottom = pads[i][2];
        gradient_is("along y", p, SIZE_ONLY(2, 1), F32(1, 1, 60), F32(2, 1, 60 / n, 60 / n));
        p = average(ALONG_Z(8, 1, 1), 0, 0, 0);
        p.zero_pad_z = pads[i][0];
        p.zero_pad_front = pads[i][1];
        p.zero_pad_back = pads[i][2];
        gradient_is("along z", p, poolgrad_small_volume(2, SIZE_ONLY(2, 1)), F32(1, 1, 60),
                    poolgrad_small_volume(2, F32(2, 1, 60 / n, 60 / n)));
    }
}
