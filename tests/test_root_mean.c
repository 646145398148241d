/* SPDX-License-Identifier: Apache-2.0 */
/* The root of the mean of squares, by hand. */
#include "support/sentence.h"
#include "support/small.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static poolgrad_problem root_mean(poolgrad_edge_mode edge_mode, poolgrad_window window, int64_t offset_x)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, edge_mode, window, offset_x, 0);
    p.root_mean = 1;
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

/* (1 + 49) / 2 = 25: Out is 5, and 20 over 2 x 5 is 2. */
Test(root_mean, a_window_inside)
{
    for (int m = 0; m < 2; ++m) {
        poolgrad_problem p = root_mean((poolgrad_edge_mode)m, ALONG_X(2, 2, 1), 1);
        forward_is("forward", p, F32(1, 4, 1, 7, -3, 3), F32(1, 2, 5, 3));
        gradient_is("gradient", p, F32(1, 4, 1, 7, -3, 3), F32(1, 2, 20, 12), F32(1, 4, 2, 14, -6, 6));
        p.root_mean = 0;
        forward_is("the plain norm", p, F32(1, 2, 3, 4), F32(1, 1, 5));
    }
}

/* One pixel, 8, in windows of four: what counts decides. */
Test(root_mean, counts_as_an_average_does)
{
    const poolgrad_small pixel = F32(1, 1, 8), g = F32(1, 1, 32);
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_ZERO, ALONG_X(4, 1, 1), 0); /* {-2 .. 1} */
    forward_is("zero", p, pixel, F32(1, 1, 4));
    gradient_is("zero", p, pixel, g, F32(1, 1, 16)); /* 32 / (4 x 4) x 8 */
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    forward_is("clamp", p, pixel, F32(1, 1, 8));
    gradient_is("clamp", p, pixel, g, F32(1, 1, 32));
    p.zero_pad_x = 2;
    forward_is("padding", p, pixel, F32(1, 1, 4));
    gradient_is("padding", p, pixel, g, F32(1, 1, 16));
    p.zero_pad_x = 1;
    p.zero_pad_left = 1;
    forward_is("padding of one side more", p, pixel, F32(1, 1, 4));
    p.zero_pad_left = 0;
    p.zero_pad_x = 0;
    p.divisor = 16;
    forward_is("a divisor", p, pixel, F32(1, 1, 2));
    gradient_is("a divisor", p, pixel, g, F32(1, 1, 8)); /* 32 / (16 x 2) x 8 */
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    gradient_is("a divisor in mode zero", p, pixel, g, F32(1, 1, 8));
}

/* 2 x 2 x 2 taps, of squares 1 to 8 ^ 2: 1 + 1 + 1 + 1 + 4 + 4 + 4 + 16 = 32, over 8: 4. */
Test(root_mean, through_a_volume)
{
    const poolgrad_small image = poolgrad_small_volume(2, F32(4, 2, 1, -1, 1, 1, 2, 2, -2, 4));
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, CUBE(2, 1, 1), 1);
    p.offset_y = p.offset_z = 1;
    forward_is("forward", p, image, F32(1, 1, 2));
    gradient_is("gradient", p, image, F32(1, 1, 16), poolgrad_small_volume(2, F32(4, 2, 1, -1, 1, 1, 2, 2, -2, 4)));
    p = root_mean(POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0);
    p.windows_x = (poolgrad_table){(const poolgrad_span[]){{0, 2}, {1, 1}}, 2};
    forward_is("tables", p, F32(1, 2, 1, 7), F32(1, 2, 5, 7));
    gradient_is("tables", p, F32(1, 2, 1, 7), F32(1, 2, 20, 21), F32(1, 2, 2, 35)); /* 7 x (2 + 3) */
}

/* A window of zeros contributes nothing, but its pixels are touched: 0 x 0. No tap at all: +0. */
Test(root_mean, windows_of_zeros_and_of_nothing)
{
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, ALONG_X(2, 2, 1), -1); /* {-2, -1}, {0, 1} */
    forward_is("forward", p, F32(1, 2, 0, -0.0f), F32(1, 2, 0, 0));
    gradient_is("gradient", p, F32(1, 2, 0, -0.0f), F32(1, 2, 5, 6), B32(1, 2, 0, 0x80000000));
    p.zero_pad_x = 3;
    forward_is("padding alone", p, F32(1, 2, 1, 1), F32(1, 2, 0, 1));
    p.divisor = -4;
    forward_is("a divisor, no tap", p, F32(1, 2, 1, 1), B32(1, 2, 0, 0x7fc00000));
}

/* 1 / -2 has no root; of a sum of zeros it is -0, which contributes nothing. */
Test(root_mean, negative_divisors)
{
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, ALONG_X(1, 1, 1), 0);
    p.divisor = -2;
    forward_is("forward", p, F32(1, 2, 1, 0), B32(1, 2, 0x7fc00000, 0x80000000));
    gradient_is("gradient", p, F32(1, 2, 1, 0), F32(1, 2, 3, 3), B32(1, 2, 0x7fc00000, 0));
    gradient_is("a gradient of zero", p, F32(1, 1, 1), F32(1, 1, 0), B32(1, 1, 0x7fc00000));
}

Test(root_mean, specials)
{
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, ALONG_X(2, 2, 1), 1);
    forward_is("forward", p, F32(1, 4, INFINITY, 1, (float)NAN, 1), B32(1, 2, 0x7f800000, 0x7fc00000));
    gradient_is("gradient", p, F32(1, 4, -INFINITY, 1, (float)NAN, 1), F32(1, 2, 3, 3),
                B32(1, 4, 0x7fc00000, 0, 0x7fc00000, 0x7fc00000));
}

/* Sum, quotient, root; then product, quotient, and one product for all windows: each rounded once in float64. */
Test(root_mean, each_operation_rounds_once)
{
    volatile double n = 3, sum = 0.1 * 0.1;
    sum = sum + 0.2 * 0.2;
    sum = sum + 0.7 * 0.7;
    volatile double mean = sum / n, out = sqrt(mean);
    volatile double product = n * out, ratio = 0.3 / product;
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 1), 1);
    forward_is("forward", p, F64(1, 3, 0.1, 0.2, 0.7), F64(1, 1, out));
    gradient_is("gradient", p, F64(1, 3, 0.1, 0.2, 0.7), F64(1, 1, 0.3),
                F64(1, 3, 0.1 * ratio, 0.2 * ratio, 0.7 * ratio));
    p.divisor = INT64_MAX; /* 2^63 as a double */
    mean = sum / 0x1p63;
    out = sqrt(mean);
    product = 0x1p63 * out;
    ratio = 0.3 / product;
    forward_is("a divisor", p, F64(1, 3, 0.1, 0.2, 0.7), F64(1, 1, out));
    gradient_is("a divisor", p, F64(1, 3, 0.1, 0.2, 0.7), F64(1, 1, 0.3),
                F64(1, 3, 0.1 * ratio, 0.2 * ratio, 0.7 * ratio));
}

/* 2^600 squared leaves float64, and so does its mean. */
Test(root_mean, squares_that_leave_float64)
{
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, ALONG_X(1, 1, 1), 0);
    forward_is("overflow", p, F64(1, 1, 0x1p600), F64(1, 1, (double)INFINITY));
    gradient_is("overflow", p, F64(1, 1, 0x1p600), F64(1, 1, 1), F64(1, 1, 0));
    gradient_is("underflow", p, F64(1, 1, 0x1p-600), F64(1, 1, 1), F64(1, 1, 0));
    p.divisor = INT64_C(1) << 62; /* 2^-1060 / 2^62 is below all numbers, and the mean 0 */
    gradient_is("a mean that underflows", p, F64(1, 1, 0x1p-530), F64(1, 1, 1), F64(1, 1, 0));
}

/* Added to what the destination holds, in float64. */
Test(root_mean, added_to_the_destination)
{
    poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, ALONG_X(2, 2, 1), 1);
    p.add_to_destination = 1;
    cr_expect(poolgrad_small_gradient("added", &p, F32(1, 2, 1, 7), F32(1, 1, 20), NO_PLANE, F32(1, 2, 10, 20),
                                      F32(1, 2, 12, 34)));
}

static void refused(poolgrad_problem p)
{
    float x[2] = {0}, g[2] = {0}, found[2] = {9, 9};
    poolgrad_error error = {"", ""};
    p.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    if (p.direction == POOLGRAD_GRADIENT)
        p.source_gradient = poolgrad_const_image_dense(g, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_INVALID && refusal_is_sentence(&error), "kind %d", (int)p.kind);
    cr_expect(strcmp(error.field, "root_mean") == 0, "\"%s\"", error.message);
    cr_expect(found[0] == 9);
}

Test(root_mean, is_for_norms)
{
    static const int wrong[] = {2, -1, INT32_MAX};
    for (int i = 0; i < 2; ++i) {
        poolgrad_problem p = root_mean(POOLGRAD_EDGE_CLAMP, ALONG_X(1, 1, 1), 0);
        p.direction = (poolgrad_direction)i;
        p.kind = POOLGRAD_AVERAGE;
        refused(p);
        p.kind = POOLGRAD_MAX;
        refused(p);
        p.kind = POOLGRAD_L2NORM;
        for (int k = 0; k < 3; ++k) {
            p.root_mean = wrong[k];
            refused(p);
        }
    }
}
