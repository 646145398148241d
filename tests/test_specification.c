/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule of the numerics, each by a problem worked out by hand: the expected planes are literals. */
#include "support/literal.h"
#include "support/small.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#define HAS_MXCSR 1
#endif

static const poolgrad_kind every_kind[] = {POOLGRAD_AVERAGE, POOLGRAD_MAX, POOLGRAD_L2NORM};
static const poolgrad_edge_mode both_modes[] = {POOLGRAD_EDGE_ZERO, POOLGRAD_EDGE_CLAMP};
static const poolgrad_tie_rule every_tie[] = {POOLGRAD_TIES_FIRST, POOLGRAD_TIES_LAST, POOLGRAD_TIES_ALL,
                                              POOLGRAD_TIES_SPLIT};
static const char *const tie_names[] = {"first", "last", "all", "split"};

enum { KINDS = 3, MODES = 2, TIES = 4 };

static void forward_is(const char *name, poolgrad_problem problem, poolgrad_small source, poolgrad_small expected)
{
    cr_expect(poolgrad_small_forward(name, &problem, source, expected, NO_PLANE), "%s", name);
}

/* The window at (y, x) of the output numbers the pixel at `place` of the plane so. */
static int64_t tap_of(const poolgrad_problem *p, int64_t source_width, int64_t y, int64_t x, int64_t place)
{
    const poolgrad_window *w = &p->window;
    if (place < 0) return -1;
    int64_t ky = (place / source_width - literal_first_tap(p, ALONG_HEIGHT) - w->stride_y * y) / w->dilation_y;
    int64_t kx = (place % source_width - literal_first_tap(p, ALONG_WIDTH) - w->stride_x * x) / w->dilation_x;
    return ky * w->kernel_width + kx;
}

static poolgrad_small as_taps(const poolgrad_problem *p, int64_t source_width, poolgrad_small places,
                              poolgrad_format format, void *data)
{
    poolgrad_const_image from = poolgrad_const_image_dense(places.data, places.format, POOLGRAD_NCHW, 1, 1,
                                                           places.height, places.width);
    poolgrad_image to = poolgrad_image_dense(data, format, POOLGRAD_NCHW, 1, 1, places.height, places.width);
    for (int64_t y = 0; y < places.height; ++y) {
        for (int64_t x = 0; x < places.width; ++x) {
            int64_t tap = tap_of(p, source_width, y, x, view_index(&from, 0, 0, y, x));
            view_set_bits(&to, 0, 0, y, x, (uint64_t)tap);
        }
    }
    return (poolgrad_small){format, places.height, places.width, data, places.count, 0};
}

/* The expected indices are places in the plane; the compact formats must hold the same taps. */
static void indices_are(const char *name, poolgrad_problem problem, poolgrad_small source, poolgrad_small expected,
                        poolgrad_small indices)
{
    static const poolgrad_format formats[] = {POOLGRAD_TAP8, POOLGRAD_TAP16, POOLGRAD_TAP32};
    static const int64_t most_taps[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX};
    cr_expect(poolgrad_small_forward(name, &problem, source, expected, indices), "%s", name);
    for (int i = 0; i < 3 && indices.data; ++i) {
        if (problem.window.kernel_width > most_taps[i] / problem.window.kernel_height) continue;
        uint32_t *data = calloc(indices.count, sizeof *data);
        cr_assert(data);
        poolgrad_small taps = as_taps(&problem, source.width, indices, formats[i], data);
        cr_expect(poolgrad_small_forward(name, &problem, source, expected, taps), "%s, %s", name,
                  poolgrad_format_name(formats[i]));
        free(data);
    }
}

static void gradient_is(const char *name, poolgrad_problem problem, poolgrad_small source, poolgrad_small gradient,
                        poolgrad_small expected)
{
    cr_expect(poolgrad_small_gradient(name, &problem, source, gradient, NO_PLANE, NO_PLANE, expected), "%s", name);
}

/* The destination holds `before` beforehand: what lies outside the clip rectangle must still hold it. */
static void gradient_over(const char *name, poolgrad_problem problem, poolgrad_small source, poolgrad_small gradient,
                          poolgrad_small before, poolgrad_small expected)
{
    cr_expect(poolgrad_small_gradient(name, &problem, source, gradient, NO_PLANE, before, expected), "%s", name);
}

static void refused(const char *name, const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_check(problem, &error);
    cr_expect(poolgrad_small_refusal(status, &error), "%s: status %d, field \"%s\", message \"%s\"", name, (int)status,
              error.field, error.message);
}

static void accepted(const char *name, const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_check(problem, &error) == POOLGRAD_OK, "%s: %s", name, error.message);
}

/* ---- Placement of the windows -------------------------------------------------------------------------------- */

#define RAMP_8X5                                                                                                       \
    F32(5, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,   \
        29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)
#define FALLING_RAMP_8X5                                                                                               \
    F32(5, 8, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12, -13, -14, -15, -16, -17, -18, -19, -20, -21, -22,     \
        -23, -24, -25, -26, -27, -28, -29, -30, -31, -32, -33, -34, -35, -36, -37, -38, -39, -40)

/* Columns {-1, 0}, {2, 3}, {5, 6}; rows {-1, 0}, {2, 3}. */
Test(specification, windows_of_two_by_two_at_offset_0)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(2, 3, 1), 0, 0);
    forward_is("average, zero", p, RAMP_8X5, F32(2, 3, 0.25f, 1.75f, 3.25f, 10.5f, 23.5f, 26.5f));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    forward_is("average, clamp", p, RAMP_8X5, F32(2, 3, 1, 3.5f, 6.5f, 21, 23.5f, 26.5f));

    p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(2, 3, 1), 0, 0);
    indices_are("max, zero", p, RAMP_8X5, F32(2, 3, 1, 4, 7, 25, 28, 31), I32(2, 3, 0, 3, 6, 24, 27, 30));
    indices_are("max of the falling ramp, zero", p, FALLING_RAMP_8X5, F32(2, 3, 0, 0, 0, 0, -19, -22),
                I32(2, 3, -1, -1, -1, -1, 18, 21));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    indices_are("max, clamp", p, RAMP_8X5, F32(2, 3, 1, 4, 7, 25, 28, 31), I64(2, 3, 0, 3, 6, 24, 27, 30));
    indices_are("max of the falling ramp, clamp", p, FALLING_RAMP_8X5, F32(2, 3, -1, -3, -6, -17, -19, -22),
                I64(2, 3, 0, 2, 5, 16, 18, 21));
}

/* Columns {0, 1}, {3, 4}, {6, 7}; rows {0, 1}, {3, 4}. */
Test(specification, windows_of_two_by_two_at_offset_1)
{
    for (int m = 0; m < MODES; ++m) {
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, both_modes[m], SQUARE(2, 3, 1), 1, 1);
        forward_is("average", p, RAMP_8X5, F32(2, 3, 5.5f, 8.5f, 11.5f, 29.5f, 32.5f, 35.5f));
        p.kind = POOLGRAD_MAX;
        indices_are("max", p, RAMP_8X5, F32(2, 3, 10, 13, 16, 34, 37, 40), I32(2, 3, 9, 12, 15, 33, 36, 39));
        indices_are("max of the falling ramp", p, FALLING_RAMP_8X5, F32(2, 3, -1, -4, -7, -25, -28, -31),
                    I32(2, 3, 0, 3, 6, 24, 27, 30));
    }
}

/* Columns {0, 1, 2}, {3, 4, 5}, {6, 7, 8}, of which 8 is outside; rows {0, 1, 2}, {3, 4, 5}, of which 5 is outside. */
Test(specification, windows_of_three_by_three_at_offset_1)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(3, 3, 1), 1, 1);
    forward_is("average, zero", p, RAMP_8X5, F32(2, 3, 10, 13, 93.0f / 9, 20, 22, 142.0f / 9));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    forward_is("average, clamp", p, RAMP_8X5, F32(2, 3, 10, 13, 15.5f, 30, 33, 35.5f));
    p.kind = POOLGRAD_MAX;
    indices_are("max, clamp", p, RAMP_8X5, F32(2, 3, 19, 22, 24, 35, 38, 40), I32(2, 3, 18, 21, 23, 34, 37, 39));
    indices_are("max of the falling ramp, clamp", p, FALLING_RAMP_8X5, F32(2, 3, -1, -4, -7, -25, -28, -31),
                I32(2, 3, 0, 3, 6, 24, 27, 30));
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    indices_are("max of the falling ramp, zero", p, FALLING_RAMP_8X5, F32(2, 3, -1, -4, 0, 0, 0, 0),
                I32(2, 3, 0, 3, -1, -1, -1, -1));
}

Test(specification, gradient_of_the_worked_example)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, SQUARE(2, 3, 1), 0, 0);
    gradient_is("average, clamp", p, SIZE_ONLY(5, 8), F32(2, 3, 1, 2, 3, 4, 5, 6),
                F32(5, 8, 1, 0, 1, 1, 0, 1.5f, 1.5f, 0,   /**/
                    0, 0, 0, 0, 0, 0, 0, 0,               /**/
                    2, 0, 1.25f, 1.25f, 0, 1.5f, 1.5f, 0, /**/
                    2, 0, 1.25f, 1.25f, 0, 1.5f, 1.5f, 0, /**/
                    0, 0, 0, 0, 0, 0, 0, 0));
    p.kind = POOLGRAD_MAX;
    gradient_is("max, clamp", p, FALLING_RAMP_8X5, F32(2, 3, 1, 2, 3, 4, 5, 6),
                F32(5, 8, 1, 0, 2, 0, 0, 3, 0, 0, /**/
                    0, 0, 0, 0, 0, 0, 0, 0,       /**/
                    4, 0, 5, 0, 0, 6, 0, 0,       /**/
                    0, 0, 0, 0, 0, 0, 0, 0,       /**/
                    0, 0, 0, 0, 0, 0, 0, 0));
}

/* Pixel x of the image is 2^x, so a sum of taps is the set of columns read: bit x for column x. */
typedef struct tap_case {
    int64_t k, d, offset;
    unsigned taps;
} tap_case;

static const tap_case tap_cases[] = {
    {1, 1, 5, 0x020},  /* {c} */
    {1, 7, 5, 0x020},  /* {c} */
    {2, 1, 5, 0x030},  /* {c-1, c} */
    {3, 1, 5, 0x070},  /* {c-1, c, c+1} */
    {4, 1, 5, 0x078},  /* {c-2 .. c+1} */
    {5, 1, 5, 0x0f8},  /* {c-2 .. c+2} */
    {6, 1, 5, 0x0fc},  /* {c-3 .. c+2} */
    {2, 2, 5, 0x050},  /* {c-1, c+1} */
    {2, 3, 5, 0x048},  /* {c-2, c+1} */
    {2, 4, 5, 0x088},  /* {c-2, c+2} */
    {2, 5, 5, 0x084},  /* {c-3, c+2} */
    {3, 2, 5, 0x0a8},  /* {c-2, c, c+2} */
    {3, 3, 5, 0x124},  /* {c-3, c, c+3} */
    {4, 2, 5, 0x154},  /* {c-3, c-1, c+1, c+3} */
    {2, 1, 0, 0x001},  /* {-1, 0} */
    {2, 3, 0, 0x002},  /* {-2, 1} */
    {2, 3, 1, 0x004},  /* {-1, 2} */
    {2, 3, 2, 0x009},  /* {0, 3} */
    {3, 2, 9, 0x280},  /* {7, 9, 11}: the image ends at 9 */
    {4, 1, 11, 0x200}, /* {9, 10, 11, 12} */
    {4, 1, 12, 0x000}, /* {10 .. 13} */
    {3, 2, -2, 0x001}, /* {-4, -2, 0} */
    {3, 2, -3, 0x000}, /* {-5, -3, -1} */
};

enum { TAP_CASES = sizeof tap_cases / sizeof *tap_cases, TAP_WIDTH = 10 };

static const float powers[TAP_WIDTH] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

static poolgrad_small row_or_column(const float *data, bool column)
{
    return (poolgrad_small){POOLGRAD_FLOAT32, column ? TAP_WIDTH : 1, column ? 1 : TAP_WIDTH, data, TAP_WIDTH, 0};
}

Test(specification, taps_of_every_kernel_and_dilation)
{
    for (int i = 0; i < TAP_CASES; ++i) {
        const tap_case *t = &tap_cases[i];
        for (int column = 0; column < 2; ++column) {
            poolgrad_window window = column ? ALONG_Y(t->k, 1, t->d) : ALONG_X(t->k, 1, t->d);
            poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, window,
                                                        column ? 0 : t->offset, column ? t->offset : 0);
            char name[80];
            snprintf(name, sizeof name, "kernel %d dilation %d offset %d along %s", (int)t->k, (int)t->d,
                     (int)t->offset, column ? "y" : "x");
            forward_is(name, p, row_or_column(powers, column), F32(1, 1, (float)t->taps / (float)t->k));
        }
    }
}

/* Every image pixel is 1, so every kind sends something to each tap and to nothing else. */
static void gradient_reaches_the_taps(const tap_case *t, poolgrad_kind kind, bool column)
{
    float ones[TAP_WIDTH], shares[TAP_WIDTH];
    int taps = 0;
    for (unsigned x = 0; x < TAP_WIDTH; ++x) taps += (int)(t->taps >> x & 1);
    float share = 1;
    if (kind == POOLGRAD_AVERAGE) share = 1.0f / (float)taps;
    if (kind == POOLGRAD_L2NORM) share = (float)(1 / sqrt((double)taps));
    for (unsigned x = 0; x < TAP_WIDTH; ++x) {
        ones[x] = 1;
        shares[x] = t->taps >> x & 1 ? share : 0;
    }
    poolgrad_window window = column ? ALONG_Y(t->k, 1, t->d) : ALONG_X(t->k, 1, t->d);
    poolgrad_problem p = poolgrad_small_problem(kind, POOLGRAD_EDGE_CLAMP, window, column ? 0 : t->offset,
                                                column ? t->offset : 0);
    p.ties = POOLGRAD_TIES_ALL;
    char name[80];
    snprintf(name, sizeof name, "kind %d kernel %d dilation %d offset %d along %s", (int)kind, (int)t->k, (int)t->d,
             (int)t->offset, column ? "y" : "x");
    gradient_is(name, p, row_or_column(ones, column), F32(1, 1, 1), row_or_column(shares, column));
}

Test(specification, gradients_of_every_kernel_and_dilation)
{
    for (int i = 0; i < TAP_CASES; ++i) {
        for (int k = 0; k < KINDS; ++k) {
            gradient_reaches_the_taps(&tap_cases[i], every_kind[k], false);
            gradient_reaches_the_taps(&tap_cases[i], every_kind[k], true);
        }
    }
}

/* Different kernel, stride, dilation and offset on the two axes: columns {0, 2}, {3, 5}; rows {0, 1, 2}, {1, 2, 3}. */
Test(specification, axes_are_independent)
{
    poolgrad_window window = {2, 3, 1, 3, 1, 1, 2, 1, 1};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, window, 1, 1);
    poolgrad_small ramp = F32(4, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
                              24);
    indices_are("max", p, ramp, F32(2, 2, 15, 18, 21, 24), I32(2, 2, 14, 17, 20, 23));
    p.kind = POOLGRAD_AVERAGE;
    forward_is("average", p, ramp, F32(2, 2, 8, 11, 14, 17));
    gradient_is("gradient of average", p, SIZE_ONLY(4, 6), F32(2, 2, 6, 12, 18, 24),
                F32(4, 6, 1, 0, 1, 2, 0, 2, 4, 0, 4, 6, 0, 6, 4, 0, 4, 6, 0, 6, 3, 0, 3, 4, 0, 4));
}

/* ---- Edge modes ---------------------------------------------------------------------------------------------- */

/* k=3, stride 1, windows centred on each of four pixels. */
Test(specification, average_counts_by_edge_mode)
{
    poolgrad_small image = F32(1, 4, 3, 6, 9, 12), g = F32(1, 4, 3, 6, 9, 12);
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    forward_is("zero", p, image, F32(1, 4, 3, 6, 9, 7));
    gradient_is("zero", p, image, g, F32(1, 4, 3, 6, 9, 7));
    p.zero_pad_x = p.zero_pad_y = 1;
    forward_is("zero ignores the padding", p, image, F32(1, 4, 3, 6, 9, 7));
    gradient_is("zero ignores the padding", p, image, g, F32(1, 4, 3, 6, 9, 7));

    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.zero_pad_x = p.zero_pad_y = 0;
    forward_is("clamp", p, image, F32(1, 4, 4.5f, 6, 9, 10.5f));
    gradient_is("clamp", p, image, g, F32(1, 4, 3.5f, 6.5f, 11, 9));
    p.zero_pad_y = 5;
    forward_is("clamp, padding of the other axis", p, image, F32(1, 4, 4.5f, 6, 9, 10.5f));
    p.zero_pad_x = 1;
    p.zero_pad_y = 0;
    forward_is("clamp, padding 1", p, image, F32(1, 4, 3, 6, 9, 7));
    gradient_is("clamp, padding 1", p, image, g, F32(1, 4, 3, 6, 9, 7));
}

/* A window of 6, {-3 .. 2}, over two pixels: the padding decides how many of its taps count, on both sides. */
Test(specification, average_counts_taps_of_the_padding)
{
    static const float counts[] = {2, 4, 5, 6, 6};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, ALONG_X(6, 1, 1), 0, 0);
    for (int64_t pad = 0; pad < 5; ++pad) {
        p.zero_pad_x = pad;
        float n = counts[pad];
        forward_is("forward", p, F32(1, 2, 60, 120), F32(1, 1, 180 / n));
        gradient_is("gradient", p, SIZE_ONLY(1, 2), F32(1, 1, 60), F32(1, 2, 60 / n, 60 / n));
    }
    p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, ALONG_Y(6, 1, 1), 0, 0);
    for (int64_t pad = 0; pad < 5; ++pad) {
        p.zero_pad_y = pad;
        float n = counts[pad];
        forward_is("forward along y", p, F32(2, 1, 60, 120), F32(1, 1, 180 / n));
        gradient_is("gradient along y", p, SIZE_ONLY(2, 1), F32(1, 1, 60), F32(2, 1, 60 / n, 60 / n));
    }
}

/* 2x2 image, 3x3 windows on its four pixels: each sees all four; N is 4, 6 with padding along x alone, 9 with both. */
Test(specification, average_counts_in_two_dimensions)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, SQUARE(3, 1, 1), 0, 0);
    gradient_is("no padding", p, SIZE_ONLY(2, 2), F32(2, 2, 4, 8, 12, 16), F32(2, 2, 10, 10, 10, 10));
    p.zero_pad_x = 1;
    gradient_is("padding along x", p, SIZE_ONLY(2, 2), F32(2, 2, 6, 12, 18, 24), F32(2, 2, 10, 10, 10, 10));
    p.zero_pad_y = 1;
    gradient_is("padding", p, SIZE_ONLY(2, 2), F32(2, 2, 9, 18, 27, 36), F32(2, 2, 10, 10, 10, 10));
    p.zero_pad_x = 0;
    gradient_is("padding along y", p, SIZE_ONLY(2, 2), F32(2, 2, 6, 12, 18, 24), F32(2, 2, 10, 10, 10, 10));
}

/* Dilated taps {-4, -1, 2} of an image of 2 pixels, which none of them hits; padding 1 counts two, padding 4 all. */
Test(specification, average_of_padding_alone_is_zero)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 3), -1, 0);
    for (int64_t pad = 0; pad < 5; ++pad) {
        p.zero_pad_x = pad;
        forward_is("forward", p, F32(1, 2, 8, 16), F32(1, 1, 0));
        gradient_is("gradient", p, SIZE_ONLY(1, 2), F32(1, 1, NAN), F32(1, 2, 0, 0));
    }
}

Test(specification, max_and_the_edge)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    poolgrad_small positive = F32(1, 4, 1, 5, 2, 4), negative = F32(1, 4, -1, -5, -2, -4), g = F32(1, 4, 1, 2, 4, 8);
    indices_are("zero, positive", p, positive, F32(1, 4, 5, 5, 5, 4), I32(1, 4, 1, 1, 1, 3));
    indices_are("zero, negative", p, negative, F32(1, 4, 0, -1, -2, 0), I32(1, 4, -1, 0, 2, -1));
    gradient_is("zero, positive", p, positive, g, F32(1, 4, 0, 7, 0, 8));
    gradient_is("zero, negative", p, negative, g, F32(1, 4, 2, 0, 4, 0));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.zero_pad_x = p.zero_pad_y = 3; /* of no effect on max */
    indices_are("clamp, positive", p, positive, F32(1, 4, 5, 5, 5, 4), I32(1, 4, 1, 1, 1, 3));
    indices_are("clamp, negative", p, negative, F32(1, 4, -1, -1, -2, -2), I32(1, 4, 0, 0, 2, 2));
    gradient_is("clamp, negative", p, negative, g, F32(1, 4, 3, 0, 12, 0));
}

Test(specification, l2norm_is_the_same_in_both_modes)
{
    for (int m = 0; m < MODES; ++m) {
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, both_modes[m], ALONG_X(3, 1, 1), 0, 0);
        p.zero_pad_x = p.zero_pad_y = 2; /* of no effect on L2-norm */
        forward_is("forward", p, F32(1, 3, 3, 4, 0), F32(1, 3, 5, 5, 4));
        gradient_is("gradient", p, F32(1, 3, 3, 4, 0), F32(1, 3, 5, 10, 8), F32(1, 3, 9, 20, 0));
        gradient_is("of negatives", p, F32(1, 3, -3, 4, -0.0f), F32(1, 3, 5, 10, 8), F32(1, 3, -9, 20, -0.0f));
    }
}

/* Windows {-3, -2} and {2, 3} of an image of two pixels: nothing of it is read, whatever the kind, mode and rules. */
Test(specification, windows_outside_the_image)
{
    for (int i = 0; i < KINDS * MODES * TIES; ++i) {
        poolgrad_problem p = poolgrad_small_problem(every_kind[i % KINDS], both_modes[i / KINDS % MODES],
                                                    ALONG_X(2, 5, 1), -2, 0);
        p.ties = every_tie[i / (KINDS * MODES)];
        poolgrad_small none = p.kind == POOLGRAD_MAX ? I32(1, 2, -1, -1) : NO_PLANE;
        indices_are("outside along x", p, F32(1, 2, NAN, NAN), F32(1, 2, 0, 0), none);
        gradient_is("outside along x", p, F32(1, 2, NAN, -1), F32(1, 2, NAN, INFINITY), F32(1, 2, 0, 0));
        p.window = ALONG_Y(2, 5, 1);
        p.offset_x = 0;
        p.offset_y = -2;
        none = p.kind == POOLGRAD_MAX ? I64(2, 1, -1, -1) : NO_PLANE;
        indices_are("outside along y", p, F32(2, 1, NAN, NAN), F32(2, 1, 0, 0), none);
        gradient_is("outside along y", p, F32(2, 1, NAN, -1), F32(2, 1, NAN, INFINITY), F32(2, 1, 0, 0));
    }
}

/* ---- Ties ---------------------------------------------------------------------------------------------------- */

static void ties_are(poolgrad_problem p, poolgrad_small source, poolgrad_small gradient,
                     const poolgrad_small by_rule[TIES])
{
    for (int t = 0; t < TIES; ++t) {
        p.ties = every_tie[t];
        gradient_is(tie_names[t], p, source, gradient, by_rule[t]);
    }
}

Test(specification, ties_inside_the_image)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 1), 1, 0);
    ties_are(p, F32(1, 3, 7, 7, 7), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 3, 6, 0, 0), F32(1, 3, 0, 0, 6), F32(1, 3, 6, 6, 6), F32(1, 3, 2, 2, 2)});
    ties_are(p, F32(1, 3, 7, 1, 7), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 3, 6, 0, 0), F32(1, 3, 0, 0, 6), F32(1, 3, 6, 0, 6), F32(1, 3, 3, 0, 3)});
    ties_are(p, F32(1, 3, 7, 7, 8), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 3, 0, 0, 6), F32(1, 3, 0, 0, 6), F32(1, 3, 0, 0, 6), F32(1, 3, 0, 0, 6)});
    p.window = SQUARE(2, 1, 1);
    p.offset_y = 1;
    ties_are(
        p, F32(2, 2, 1, 3, 3, 2), F32(1, 1, 6),
        (poolgrad_small[]){F32(2, 2, 0, 6, 0, 0), F32(2, 2, 0, 0, 6, 0), F32(2, 2, 0, 6, 6, 0), F32(2, 2, 0, 3, 3, 0)});
}

/* One zero, a 2x2 window at each of the four places that contain it: the inside tap is the last, third, second, first.
 */
Test(specification, outside_zeros_take_part_in_their_order)
{
    static const float first[4] = {0, 0, 0, 8}, last[4] = {8, 0, 0, 0};
    for (int i = 0; i < 4; ++i) {
        int64_t x = i & 1, y = i >> 1;
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(2, 1, 1), x, y);
        ties_are(p, F32(1, 1, 0), F32(1, 1, 8),
                 (poolgrad_small[]){F32(1, 1, first[i]), F32(1, 1, last[i]), F32(1, 1, 8), F32(1, 1, 2)});
        ties_are(p, F32(1, 1, -0.0f), F32(1, 1, 8),
                 (poolgrad_small[]){F32(1, 1, first[i]), F32(1, 1, last[i]), F32(1, 1, 8), F32(1, 1, 2)});
        ties_are(p, F32(1, 1, 1), F32(1, 1, 8),
                 (poolgrad_small[]){F32(1, 1, 8), F32(1, 1, 8), F32(1, 1, 8), F32(1, 1, 8)});
        ties_are(p, F32(1, 1, -1), F32(1, 1, 8),
                 (poolgrad_small[]){F32(1, 1, 0), F32(1, 1, 0), F32(1, 1, 0), F32(1, 1, 0)});
        ties_are(p, F32(1, 1, -INFINITY), F32(1, 1, 8),
                 (poolgrad_small[]){F32(1, 1, 0), F32(1, 1, 0), F32(1, 1, 0), F32(1, 1, 0)});
    }
}

Test(specification, index_and_sign_where_outside_zeros_tie)
{
    static const int32_t first[4] = {-1, -1, -1, 0}, last[4] = {0, -1, -1, -1};
    for (int i = 0; i < 4; ++i) {
        int64_t x = i & 1, y = i >> 1;
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(2, 1, 1), x, y);
        for (int t = 0; t < TIES; ++t) {
            p.ties = every_tie[t];
            int32_t index = every_tie[t] == POOLGRAD_TIES_LAST ? last[i] : first[i];
            indices_are(tie_names[t], p, F32(1, 1, -0.0f), F32(1, 1, index == 0 ? -0.0f : 0.0f), I32(1, 1, index));
            indices_are(tie_names[t], p, F32(1, 1, -3), F32(1, 1, 0), I32(1, 1, -1));
        }
    }
}

/* Two zeros under windows that also see one tap outside, before them at offset 0 and after them at offset 1. */
Test(specification, outside_zeros_before_and_after)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    ties_are(p, F32(1, 2, 0, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 2, 0, 0), F32(1, 2, 0, 6), F32(1, 2, 6, 6), F32(1, 2, 2, 2)});
    p.offset_x = 1;
    ties_are(p, F32(1, 2, 0, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 2, 6, 0), F32(1, 2, 0, 0), F32(1, 2, 6, 6), F32(1, 2, 2, 2)});
    ties_are(p, F32(1, 2, -1, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 2, 0, 6), F32(1, 2, 0, 0), F32(1, 2, 0, 6), F32(1, 2, 0, 3)});
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    ties_are(p, F32(1, 2, 0, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 2, 6, 0), F32(1, 2, 0, 6), F32(1, 2, 6, 6), F32(1, 2, 3, 3)});
}

/* Rows of zeros: the outside rows above come first, those below last. Windows {-1, 0, 1} and {0, 1, 2} along y. */
Test(specification, outside_rows_before_and_after)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_Y(3, 1, 1), 0, 0);
    ties_are(p, F32(2, 1, 0, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(2, 1, 0, 0), F32(2, 1, 0, 6), F32(2, 1, 6, 6), F32(2, 1, 2, 2)});
    p.offset_y = 1;
    ties_are(p, F32(2, 1, 0, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(2, 1, 6, 0), F32(2, 1, 0, 0), F32(2, 1, 6, 6), F32(2, 1, 2, 2)});
}

/* An image of zeros under a window that sticks out on every side: 3x3 over one pixel, which is the fifth of nine. */
Test(specification, split_loses_the_shares_of_outside_taps)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(3, 1, 1), 0, 0);
    ties_are(p, F32(1, 1, 0), F32(1, 1, 9), (poolgrad_small[]){F32(1, 1, 0), F32(1, 1, 0), F32(1, 1, 9), F32(1, 1, 1)});
    /* the four windows on the pixels of a 2x2 image have 5 outside taps each; the first tap of the last window and the
     * last zero of the first are inside, and of all others outside */
    ties_are(p, F32(2, 2, 0, 0, 0, -1), F32(2, 2, 8, 16, 24, 32),
             (poolgrad_small[]){F32(2, 2, 32, 0, 0, 0), F32(2, 2, 0, 0, 8, 0), F32(2, 2, 80, 80, 80, 0),
                                F32(2, 2, 10, 10, 10, 0)});
}

Test(specification, zeros_of_both_signs_tie)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
    static const int32_t index[TIES] = {0, 1, 0, 0};
    for (int t = 0; t < TIES; ++t) {
        p.ties = every_tie[t];
        float sign = index[t] ? 1 : -1;
        indices_are(tie_names[t], p, F32(1, 2, -0.0f, 0.0f), F32(1, 1, 0.0f * sign), I32(1, 1, index[t]));
        indices_are(tie_names[t], p, F32(1, 2, 0.0f, -0.0f), F32(1, 1, 0.0f * -sign), I32(1, 1, index[t]));
    }
    for (int i = 0; i < 2; ++i) {
        poolgrad_small zeros = i ? F32(1, 2, 0.0f, -0.0f) : F32(1, 2, -0.0f, 0.0f);
        ties_are(p, zeros, F32(1, 1, 6),
                 (poolgrad_small[]){F32(1, 2, 6, 0), F32(1, 2, 0, 6), F32(1, 2, 6, 6), F32(1, 2, 3, 3)});
    }
}

/* Signed zeros tie in every source format. */
Test(specification, zeros_of_both_signs_tie_in_every_format)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
    const poolgrad_small zeros[] = {F16(1, 2, 0x8000, 0x0000), BF16(1, 2, 0x8000, 0x0000), F64(1, 2, -0.0, 0.0)};
    const poolgrad_small negative[] = {F16(1, 1, 0x8000), BF16(1, 1, 0x8000), F64(1, 1, -0.0)};
    for (int i = 0; i < 3; ++i) {
        indices_are("first", p, zeros[i], negative[i], I32(1, 1, 0));
        ties_are(p, zeros[i], F32(1, 1, 6),
                 (poolgrad_small[]){F32(1, 2, 6, 0), F32(1, 2, 0, 6), F32(1, 2, 6, 6), F32(1, 2, 3, 3)});
    }
}

Test(specification, windows_of_negative_infinity_pick_like_any_other)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(4, 1, 1), 1, 0);
    for (int rule = POOLGRAD_NAN_FIRST; rule <= POOLGRAD_NAN_IGNORE; ++rule) {
        p.nan = (poolgrad_nan_rule)rule;
        ties_are(p, F32(1, 2, -INFINITY, -INFINITY), F32(1, 1, 6),
                 (poolgrad_small[]){F32(1, 2, 6, 0), F32(1, 2, 0, 6), F32(1, 2, 6, 6), F32(1, 2, 3, 3)});
        indices_are("all -infinity", p, F32(1, 2, -INFINITY, -INFINITY), F32(1, 1, -INFINITY), I32(1, 1, 0));
    }
    p.nan = POOLGRAD_NAN_IGNORE;
    gradient_is("NaN and -infinity", p, F32(1, 2, NAN, -INFINITY), F32(1, 1, 6), F32(1, 2, 0, 6));
    indices_are("NaN and -infinity", p, F32(1, 2, NAN, -INFINITY), F32(1, 1, -INFINITY), I32(1, 1, 1));
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    gradient_is("outside zeros win", p, F32(1, 2, -INFINITY, -INFINITY), F32(1, 1, 6), F32(1, 2, 0, 0));
    indices_are("outside zeros win", p, F32(1, 2, -INFINITY, -INFINITY), F32(1, 1, 0), I32(1, 1, -1));
}

Test(specification, positive_infinity_is_the_greatest)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(4, 1, 1), 2, 0);
    ties_are(
        p, F32(1, 4, 1, INFINITY, INFINITY, 3e38f), F32(1, 1, 6),
        (poolgrad_small[]){F32(1, 4, 0, 6, 0, 0), F32(1, 4, 0, 0, 6, 0), F32(1, 4, 0, 6, 6, 0), F32(1, 4, 0, 3, 3, 0)});
}

/* ---- NaN in the source image --------------------------------------------------------------------------------- */

Test(specification, first_and_last_nan_whatever_the_tie_rule)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(5, 1, 1), 2, 0);
    poolgrad_small image = F32(1, 5, INFINITY, NAN, INFINITY, -NAN, INFINITY);
    for (int i = 0; i < TIES * MODES; ++i) {
        p.edge_mode = both_modes[i / TIES];
        p.ties = every_tie[i % TIES];
        p.nan = POOLGRAD_NAN_FIRST;
        gradient_is("first NaN", p, image, F32(1, 1, 8), F32(1, 5, 0, 8, 0, 0, 0));
        indices_are("first NaN", p, image, B32(1, 1, 0x7fc00000), I32(1, 1, 1));
        p.nan = POOLGRAD_NAN_LAST;
        gradient_is("last NaN", p, image, F32(1, 1, 8), F32(1, 5, 0, 0, 0, 8, 0));
        indices_are("last NaN", p, image, B32(1, 1, 0x7fc00000), I32(1, 1, 3));
    }
}

Test(specification, ignored_nan_leaves_the_tie_rule)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(5, 1, 1), 2, 0);
    p.nan = POOLGRAD_NAN_IGNORE;
    poolgrad_small image = F32(1, 5, NAN, 5, NAN, 5, -NAN);
    ties_are(p, image, F32(1, 1, 8),
             (poolgrad_small[]){F32(1, 5, 0, 8, 0, 0, 0), F32(1, 5, 0, 0, 0, 8, 0), F32(1, 5, 0, 8, 0, 8, 0),
                                F32(1, 5, 0, 4, 0, 4, 0)});
    static const int32_t index[TIES] = {1, 3, 1, 1};
    for (int t = 0; t < TIES; ++t) {
        p.ties = every_tie[t];
        indices_are(tie_names[t], p, image, F32(1, 1, 5), I32(1, 1, index[t]));
    }
}

/* Taps {-1, 0, 1, 2} of an image of two: in mode zero two outside zeros stay when the NaNs are ignored. */
Test(specification, ignored_nan_beside_outside_zeros)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(4, 1, 1), 1, 0);
    p.nan = POOLGRAD_NAN_IGNORE;
    poolgrad_small lost[] = {F32(1, 2, 0, 0), F32(1, 2, 0, 0), F32(1, 2, 0, 0), F32(1, 2, 0, 0)};
    ties_are(p, F32(1, 2, NAN, NAN), F32(1, 1, 6), lost);
    ties_are(p, F32(1, 2, NAN, -5), F32(1, 1, 6), lost);
    ties_are(p, F32(1, 2, NAN, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 2, 0, 0), F32(1, 2, 0, 0), F32(1, 2, 0, 6), F32(1, 2, 0, 2)});
    ties_are(p, F32(1, 2, NAN, 5), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 2, 0, 6), F32(1, 2, 0, 6), F32(1, 2, 0, 6), F32(1, 2, 0, 6)});
    for (int t = 0; t < TIES; ++t) {
        p.ties = every_tie[t];
        indices_are("only NaN and outside", p, F32(1, 2, NAN, NAN), F32(1, 1, 0), I32(1, 1, -1));
    }
}

Test(specification, windows_of_only_nan)
{
    for (int i = 0; i < MODES * TIES; ++i) {
        /* {0, 1}, wholly inside */
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, both_modes[i % MODES], ALONG_X(2, 1, 1), 1, 0);
        p.ties = every_tie[i / MODES];
        p.nan = POOLGRAD_NAN_IGNORE;
        gradient_is("ignore", p, F32(1, 2, NAN, NAN), F32(1, 1, 6), F32(1, 2, 6, 0));
        indices_are("ignore", p, F32(1, 2, -NAN, NAN), B32(1, 1, 0x7fc00000), I32(1, 1, 0));
        p.nan = POOLGRAD_NAN_FIRST;
        gradient_is("first", p, F32(1, 2, NAN, NAN), F32(1, 1, 6), F32(1, 2, 6, 0));
        p.nan = POOLGRAD_NAN_LAST;
        gradient_is("last", p, F32(1, 2, NAN, NAN), F32(1, 1, 6), F32(1, 2, 0, 6));
    }
}

/* 3x3 window around the corner of a 2x2 image of NaNs: its first tap inside is (0, 0); with a dilation of 2 it has one
 * tap inside. */
Test(specification, windows_of_only_nan_that_shrank)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(3, 1, 1), 0, 0);
    p.nan = POOLGRAD_NAN_IGNORE;
    poolgrad_small image = F32(2, 2, NAN, NAN, NAN, NAN);
    for (int t = 0; t < TIES; ++t) {
        p.ties = every_tie[t];
        p.window = SQUARE(3, 1, 1);
        p.offset_x = p.offset_y = 0;
        gradient_is("corner", p, image, F32(1, 1, 6), F32(2, 2, 6, 0, 0, 0));
        p.offset_x = 2; /* columns {1, 2, 3} */
        gradient_is("side", p, image, F32(1, 1, 6), F32(2, 2, 0, 6, 0, 0));
        p.window = SQUARE(3, 1, 2);
        p.offset_x = p.offset_y = -1; /* {-3, -1, 1} */
        gradient_is("dilated", p, image, F32(1, 1, 6), F32(2, 2, 0, 0, 0, 6));
        indices_are("dilated", p, image, B32(1, 1, 0x7fc00000), I32(1, 1, 3));
    }
}

/* Both a quiet and a signalling NaN, of either sign, in every floating format, are NaNs to max. */
Test(specification, every_nan_is_one)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(4, 1, 1), 2, 0);
    const poolgrad_small images[] = {
        F16(1, 4, 0x7c00, 0xfc01, 0x7c00, 0x7dff), BF16(1, 4, 0x7f80, 0xff81, 0x7f80, 0x7fbf),
        B32(1, 4, 0x7f800000, 0xff800001, 0x7f800000, 0x7fbfffff),
        B64(1, 4, 0x7ff0000000000000, 0xfff0000000000001, 0x7ff0000000000000, 0x7ff7ffffffffffff)};
    for (int i = 0; i < 4; ++i) {
        p.nan = POOLGRAD_NAN_FIRST;
        gradient_is("first", p, images[i], F32(1, 1, 6), F32(1, 4, 0, 6, 0, 0));
        p.nan = POOLGRAD_NAN_LAST;
        gradient_is("last", p, images[i], F32(1, 1, 6), F32(1, 4, 0, 0, 0, 6));
        p.nan = POOLGRAD_NAN_IGNORE;
        gradient_is("ignore", p, images[i], F32(1, 1, 6), F32(1, 4, 6, 0, 0, 0));
    }
}

/* ---- L2-norm: zero norms, NaN, infinity ---------------------------------------------------------------------- */

/* One window {0, 1} of zeros beside a pixel that no window reads. */
Test(specification, zero_norm_contributes_nothing)
{
    static const float gradients[] = {5, -5, 0, NAN, INFINITY, -INFINITY};
    for (int m = 0; m < MODES; ++m) {
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, both_modes[m], ALONG_X(2, 1, 1), 1, 0);
        for (int i = 0; i < 6; ++i) {
            poolgrad_small g = F32(1, 1, gradients[i]);
            gradient_is("zeros", p, F32(1, 3, -0.0f, 0.0f, -3), g, F32(1, 3, -0.0f, 0.0f, 0.0f));
        }
        forward_is("zeros", p, F32(1, 3, -0.0f, -0.0f, -3), F32(1, 1, 0));
    }
}

/* In(y) times a sum that is +0: minus zero where In(y) is negative and y is a tap of a counted window. */
Test(specification, l2norm_and_its_negative_zeros)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 2), 1, 0);
    poolgrad_small image = F32(1, 3, -3, -7, 4); /* taps {0, 2}; pixel 1 lies in the hole */
    gradient_is("g 5", p, image, F32(1, 1, 5), F32(1, 3, -3, 0.0f, 4));
    gradient_is("g +0", p, image, F32(1, 1, 0.0f), F32(1, 3, -0.0f, 0.0f, 0.0f));
    gradient_is("g -0: the sum starts at +0", p, image, F32(1, 1, -0.0f), F32(1, 3, -0.0f, 0.0f, 0.0f));
    p.gradient_region.width = 0;
    gradient_is("no window counts", p, image, F32(1, 1, 5), F32(1, 3, 0.0f, 0.0f, 0.0f));

    /* -0 under windows with norms: a negative zero, or a positive one under a negative sum */
    p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 1), 1, 0);
    gradient_is("-0 times 1", p, F32(1, 2, -0.0f, 5), F32(1, 1, 5), F32(1, 2, -0.0f, 5));
    gradient_is("-0 times -1", p, F32(1, 2, -0.0f, 5), F32(1, 1, -5), F32(1, 2, 0.0f, -5));
    gradient_is("+0 times -1", p, F32(1, 2, 0.0f, 5), F32(1, 1, -5), F32(1, 2, -0.0f, -5));
}

/* Windows {0}, {0, 1}: r of the two cancel to +0, and the pixel is minus zero. */
Test(specification, l2norm_sums_that_cancel)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 1), 0, 0);
    gradient_is("cancelling", p, F32(1, 2, -3, 0), F32(1, 2, 6, -6), F32(1, 2, -0.0f, -0.0f));
}

Test(specification, l2norm_of_nan_and_infinity)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 1, 0);
    gradient_is("NaN", p, F32(1, 4, NAN, 3, 4, 5), F32(1, 1, 1), B32(1, 4, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0));
    gradient_is("infinity", p, F32(1, 4, -INFINITY, 3, -3, 5), F32(1, 1, 2), B32(1, 4, 0x7fc00000, 0, 0x80000000, 0));
    gradient_is("infinity, g 0", p, F32(1, 3, INFINITY, 3, -3), F32(1, 1, 0), B32(1, 3, 0x7fc00000, 0, 0x80000000));
    forward_is("NaN", p, F32(1, 3, -NAN, INFINITY, 0), B32(1, 1, 0x7fc00000));
    forward_is("infinity", p, F32(1, 3, -INFINITY, 3, 4), F32(1, 1, INFINITY));
}

Test(specification, l2norm_of_nan_and_infinite_gradients)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 1, 0);
    poolgrad_small image = F32(1, 4, 3, -4, 0, 7);
    gradient_is("infinite g", p, image, F32(1, 1, INFINITY), B32(1, 4, 0x7f800000, 0xff800000, 0x7fc00000, 0));
    gradient_is("NaN g", p, image, F32(1, 1, NAN), B32(1, 4, 0x7fc00000, 0x7fc00000, 0x7fc00000, 0));
    gradient_is("infinity over infinity", p, F32(1, 3, INFINITY, 3, 4), F32(1, 1, INFINITY),
                B32(1, 3, 0x7fc00000, 0x7fc00000, 0x7fc00000));
}

/* Squares of 1e-200 vanish in float64, so the norm is zero; squares of 1e200 overflow, so r is zero. */
Test(specification, l2norm_squares_leave_float64)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 1), 1, 0);
    gradient_is("underflow", p, F64(1, 2, 1e-200, -1e-200), F64(1, 1, 1e300), F64(1, 2, 0.0, -0.0));
    forward_is("underflow", p, F64(1, 2, 1e-200, -1e-200), F64(1, 1, 0.0));
    gradient_is("overflow", p, F64(1, 2, 1e200, -1e200), F64(1, 1, 1e300), F64(1, 2, 0.0, -0.0));
    forward_is("overflow", p, F64(1, 2, 1e200, -1e200), F64(1, 1, INFINITY));
}

/* ---- NaN and infinity in the source gradient ------------------------------------------------------------------ */

Test(specification, gradient_specials_reach_only_their_pixels)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(2, 2, 1), 1, 0);
    poolgrad_small image = F32(1, 5, 1, 5, 2, 4, 9); /* windows {0, 1}, {2, 3}, {4, 5} */
    poolgrad_small g = F32(1, 3, -NAN, -INFINITY, INFINITY);
    gradient_is("max", p, image, g, B32(1, 5, 0, 0x7fc00000, 0, 0xff800000, 0x7f800000));
    p.kind = POOLGRAD_AVERAGE;
    gradient_is("average", p, image, g, B32(1, 5, 0x7fc00000, 0x7fc00000, 0xff800000, 0xff800000, 0x7f800000));
    p.kind = POOLGRAD_MAX;
    p.ties = POOLGRAD_TIES_SPLIT;
    gradient_is("split", p, F32(1, 5, 5, 5, 4, 4, 0), g,
                B32(1, 5, 0x7fc00000, 0x7fc00000, 0xff800000, 0xff800000, 0x7f800000));
    p.ties = POOLGRAD_TIES_FIRST;
    gradient_is("lost", p, F32(1, 5, 1, 5, 2, 4, -9), g, B32(1, 5, 0, 0x7fc00000, 0, 0xff800000, 0));
}

Test(specification, opposite_infinities_make_the_canonical_nan)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    gradient_is("infinity - infinity", p, F32(1, 3, 0, 9, 0), F32(1, 3, INFINITY, -INFINITY, 1),
                B32(1, 3, 0, 0x7fc00000, 0));
}

/* A NaN window beside an ordinary one, with dilation: the pixels in its holes stay clean. */
Test(specification, dilated_windows_leave_their_holes_clean)
{
    for (int k = 0; k < KINDS; ++k) {
        poolgrad_problem p = poolgrad_small_problem(every_kind[k], POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 2), 1, 0);
        p.ties = POOLGRAD_TIES_ALL;
        gradient_is("holes", p, F32(1, 3, 2, 2, 2), F32(1, 1, NAN), B32(1, 3, 0x7fc00000, 0, 0x7fc00000));
    }
}

/* Pixels past the stride of a 1x1 window: untouched ones are +0 for every kind and negative source values. */
Test(specification, untouched_pixels_are_positive_zero)
{
    for (int i = 0; i < KINDS * MODES; ++i) {
        poolgrad_problem p = poolgrad_small_problem(every_kind[i % KINDS], both_modes[i / KINDS], SQUARE(1, 2, 1), 0,
                                                    0);
        gradient_is("stride 2", p, F32(3, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1), F32(2, 2, -1, -2, -4, -8),
                    every_kind[i % KINDS] == POOLGRAD_L2NORM ? F32(3, 3, 1, 0, 2, 0, 0, 0, 4, 0, 8)
                                                             : F32(3, 3, -1, 0, -2, 0, 0, 0, -4, 0, -8));
    }
}

Test(specification, sums_start_at_positive_zero)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    gradient_is("-0 added to +0", p, F32(1, 1, 1), F32(1, 1, -0.0f), F32(1, 1, 0.0f));
    p.kind = POOLGRAD_AVERAGE;
    gradient_is("-0 / 1 added to +0", p, F32(1, 1, 1), F32(1, 1, -0.0f), F32(1, 1, 0.0f));
    forward_is("-0 summed from +0", p, F32(1, 1, -0.0f), F32(1, 1, 0.0f));
}

/* ---- Where it lands ------------------------------------------------------------------------------------------ */

Test(specification, average_needs_sizes_only)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 2, 1), 1, 0);
    gradient_is("no data", p, SIZE_ONLY(1, 5), F32(1, 3, 2, 4, 6), F32(1, 5, 1, 1, 2, 2, 6));
    gradient_is("NaN data", p, F32(1, 5, NAN, NAN, NAN, NAN, NAN), F32(1, 3, 2, 4, 6), F32(1, 5, 1, 1, 2, 2, 6));
}

Test(specification, gradient_from_indices)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 1), 0, 0);
    poolgrad_small g = F32(1, 4, 1, 2, 4, 8), expected = F32(1, 4, 0, 3, 0, 8);
    cr_expect(poolgrad_small_gradient("int32", &p, SIZE_ONLY(1, 4), g, I32(1, 4, 1, 1, -1, 3), NO_PLANE, expected));
    cr_expect(poolgrad_small_gradient("int64", &p, SIZE_ONLY(1, 4), g, I64(1, 4, 1, 1, -1, 3), NO_PLANE, expected));
    cr_expect(poolgrad_small_gradient("tap8", &p, SIZE_ONLY(1, 4), g, T8(1, 4, 2, 1, 255, 1), NO_PLANE, expected));
    cr_expect(poolgrad_small_gradient("tap16", &p, SIZE_ONLY(1, 4), g, T16(1, 4, 2, 1, 65535, 1), NO_PLANE, expected));
    cr_expect(
        poolgrad_small_gradient("tap32", &p, SIZE_ONLY(1, 4), g, T32(1, 4, 2, 1, 4294967295, 1), NO_PLANE, expected));
    /* the image would choose otherwise, and is not asked */
    cr_expect(poolgrad_small_gradient("image and indices", &p, F32(1, 4, 9, 0, 9, 0), g, I32(1, 4, 1, 1, -1, 3),
                                      NO_PLANE, expected));
}

/* 3x2 windows of stride 2 and 1; the right column hangs over by one pixel, the lower row by one. */
Test(specification, compact_indices)
{
    const poolgrad_window window = {3, 2, 1, 2, 1, 1, 1, 1, 1};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, window, 1, 1);
    poolgrad_small image = F32(3, 4, 1, 2, 3, 4, 5, 9, 7, 8, 6, 0, -1, 2);
    poolgrad_small values = F32(3, 2, 9, 8, 9, 8, 6, 2), g = F32(3, 2, 1, 2, 4, 8, 16, 32);
    poolgrad_small expected = F32(3, 4, 0, 0, 0, 0, 0, 5, 0, 10, 16, 0, 0, 32);
    const poolgrad_small taps[] = {T8(3, 2, 4, 4, 1, 1, 0, 1), T16(3, 2, 4, 4, 1, 1, 0, 1),
                                   T32(3, 2, 4, 4, 1, 1, 0, 1)};
    gradient_is("from the image", p, image, g, expected);
    for (int i = 0; i < 3; ++i) {
        const char *name = poolgrad_format_name(taps[i].format);
        cr_expect(poolgrad_small_forward(name, &p, image, values, taps[i]), "%s", name);
        cr_expect(poolgrad_small_gradient(name, &p, SIZE_ONLY(3, 4), g, taps[i], NO_PLANE, expected), "%s", name);
    }
}

/* In edge mode zero a tap outside may win: nothing is picked. */
Test(specification, compact_indices_outside)
{
    const poolgrad_window window = {3, 2, 1, 2, 1, 1, 1, 1, 1};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, window, 1, 1);
    poolgrad_small image = F32(3, 4, -1, -2, -3, -4, -5, -9, -7, -8, -6, 0, 1, -2);
    poolgrad_small values = F32(3, 2, -1, 0, 1, 1, 1, 1), g = F32(3, 2, 1, 2, 4, 8, 16, 32);
    poolgrad_small expected = F32(3, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 0);
    const poolgrad_small taps[] = {T8(3, 2, 0, 255, 5, 3, 2, 0), T16(3, 2, 0, 65535, 5, 3, 2, 0),
                                   T32(3, 2, 0, 4294967295, 5, 3, 2, 0)};
    gradient_is("from the image", p, image, g, expected);
    for (int i = 0; i < 3; ++i) {
        const char *name = poolgrad_format_name(taps[i].format);
        cr_expect(poolgrad_small_forward(name, &p, image, values, taps[i]), "%s", name);
        cr_expect(poolgrad_small_gradient(name, &p, SIZE_ONLY(3, 4), g, taps[i], NO_PLANE, expected), "%s", name);
    }
}

/* Taps are counted, not the pixels between them, and from the first tap, which may lie outside. */
Test(specification, compact_indices_of_dilated_windows)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 2), 0, 0);
    poolgrad_small image = F32(1, 5, 3, 8, 2, 7, 9), values = F32(1, 5, 3, 8, 9, 8, 9);
    poolgrad_small g = F32(1, 5, 1, 2, 4, 8, 16), expected = F32(1, 5, 1, 10, 0, 0, 20);
    poolgrad_small taps = T8(1, 5, 1, 1, 2, 0, 1);
    cr_expect(poolgrad_small_forward("forward", &p, image, values, taps));
    cr_expect(poolgrad_small_gradient("gradient", &p, SIZE_ONLY(1, 5), g, taps, NO_PLANE, expected));
}

/* The greatest number of each format: the last pixel of the last window that it can number. */
static void last_tap_is(poolgrad_window window, poolgrad_small source, poolgrad_small tap)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, window, 0, 0);
    p.offset_x = source.width - window.kernel_width + window.kernel_width / 2;
    p.offset_y = source.height - window.kernel_height + window.kernel_height / 2;
    poolgrad_small last = {source.format, 1, 1, (const float *)source.data + source.count - 1, 1, 0};
    float *expected = calloc(source.count, sizeof *expected);
    cr_assert(expected);
    expected[source.count - 1] = 5;
    poolgrad_small gradient = {POOLGRAD_FLOAT32, source.height, source.width, expected, source.count, 0};
    const char *name = poolgrad_format_name(tap.format);
    cr_expect(poolgrad_small_forward(name, &p, source, last, tap), "%s", name);
    source.data = NULL;
    cr_expect(poolgrad_small_gradient(name, &p, source, F32(1, 1, 5), tap, NO_PLANE, gradient), "%s", name);
    free(expected);
}

Test(specification, windows_of_as_many_taps_as_a_format_numbers)
{
    static float rising[257 * 255];
    for (int i = 0; i < 257 * 255; ++i) rising[i] = (float)i;
    const poolgrad_small row = {POOLGRAD_FLOAT32, 1, 255, rising, 255, 0}, one = F32(1, 1, 3);
    const poolgrad_small plane = {POOLGRAD_FLOAT32, 257, 255, rising, 257 * 255, 0};
    last_tap_is(ALONG_X(255, 1, 1), row, T8(1, 1, 254));
    last_tap_is((poolgrad_window){51, 5, 1, 1, 1, 1, 1, 1, 1}, one, T8(1, 1, 254));
    last_tap_is(ALONG_X(256, 1, 1), row, T16(1, 1, 255));
    last_tap_is((poolgrad_window){255, 257, 1, 1, 1, 1, 1, 1, 1}, plane, T16(1, 1, 65534));
    last_tap_is((poolgrad_window){256, 256, 1, 1, 1, 1, 1, 1, 1}, one, T32(1, 1, 65535));
    last_tap_is((poolgrad_window){65537, 65535, 1, 1, 1, 1, 1, 1, 1}, one, T32(1, 1, 4294967294));
}

#define KEPT_8 F32(1, 8, 9, 9, 9, 9, 9, 9, 9, 9)

/* Destination pixel y is source pixel y; what is outside the clip rectangle keeps its value. */
Test(specification, clip_rectangle_in_the_source_mapping)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 2, 1), 4, 0);
    p.clip.x = 4; /* windows {3, 4, 5}, {5, 6, 7}; the whole gradient is 0 0 0 1 1 3 2 2 */
    gradient_over("from 4", p, SIZE_ONLY(1, 8), F32(1, 2, 3, 6), KEPT_8, F32(1, 8, 9, 9, 9, 9, 1, 3, 2, 2));
    p.clip.x = 2;
    p.clip.width = 3;
    gradient_over("2 to 4", p, SIZE_ONLY(1, 8), F32(1, 2, 3, 6), KEPT_8, F32(1, 8, 9, 9, 0, 1, 1, 9, 9, 9));
    p.clip.x = 8;
    p.clip.width = POOLGRAD_ALL;
    gradient_over("past the end", p, SIZE_ONLY(1, 8), F32(1, 2, 3, 6), KEPT_8, KEPT_8);
    p.clip.x = 6;
    p.clip.width = 100;
    gradient_over("cut", p, SIZE_ONLY(1, 8), F32(1, 2, 3, 6), KEPT_8, F32(1, 8, 9, 9, 9, 9, 9, 9, 2, 2));
    p.clip.x = 0;
    p.clip.width = 0;
    gradient_over("nothing", p, SIZE_ONLY(1, 8), F32(1, 2, 3, 6), KEPT_8, KEPT_8);
}

Test(specification, destination_of_another_size_in_the_source_mapping)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
    poolgrad_small g = F32(2, 2, 1, 2, 3, 4);
    gradient_is("larger", p, SIZE_ONLY(2, 2), g, F32(3, 4, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0));
    gradient_is("smaller", p, SIZE_ONLY(2, 2), g, F32(2, 1, 1, 3));
    gradient_is("more gradient pixels than windows inside", p, SIZE_ONLY(1, 1), g, F32(2, 2, 1, 0, 0, 0));
}

/* The clip rectangle's first pixel is source pixel max(t0, 0): here t0 = 4 - 1 = 3. */
Test(specification, clip_mapping_of_a_first_window_inside)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 2, 1), 4, 0);
    p.mapping = POOLGRAD_MAPPING_CLIP;
    poolgrad_small g = F32(1, 2, 3, 6);
    gradient_is("clip at 0", p, SIZE_ONLY(1, 8), g, F32(1, 8, 1, 1, 3, 2, 2, 0, 0, 0));
    p.clip.x = 1;
    gradient_over("clip at 1", p, SIZE_ONLY(1, 8), g, KEPT_8, F32(1, 8, 9, 1, 1, 3, 2, 2, 0, 0));
    p.clip.x = 5;
    p.clip.width = 2;
    gradient_over("clip at 5", p, SIZE_ONLY(1, 8), g, KEPT_8, F32(1, 8, 9, 9, 9, 9, 9, 1, 1, 9));
    p.clip.x = 6;
    p.clip.width = 7;
    gradient_over("cut after the mapping is fixed", p, SIZE_ONLY(1, 8), g, KEPT_8, F32(1, 8, 9, 9, 9, 9, 9, 9, 1, 1));
}

/* t0 = 0 - 1 is outside, so the clip rectangle starts at source pixel 0. The whole gradient is 1 3 2 5 3. */
Test(specification, clip_mapping_of_a_first_window_outside)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 2, 1), 0, 0);
    p.mapping = POOLGRAD_MAPPING_CLIP;
    poolgrad_small g = F32(1, 3, 3, 6, 9);
    gradient_is("clip at 0", p, SIZE_ONLY(1, 5), g, F32(1, 6, 1, 3, 2, 5, 3, 0));
    p.clip.x = 2;
    gradient_over("clip at 2", p, SIZE_ONLY(1, 5), g, KEPT_8, F32(1, 8, 9, 9, 1, 3, 2, 5, 3, 0));
    p.offset_x = -1; /* t0 = -2: windows {-2, -1, 0}, {0, 1, 2}, {2, 3, 4} */
    gradient_over("further outside", p, SIZE_ONLY(1, 5), g, KEPT_8, F32(1, 8, 9, 9, 3, 2, 5, 3, 3, 0));
}

/* The first window's extent starts past the image: nothing of the clip rectangle is a source pixel. */
Test(specification, clip_mapping_past_the_image)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 9, 0);
    p.mapping = POOLGRAD_MAPPING_CLIP;
    gradient_over("past", p, SIZE_ONLY(1, 5), F32(1, 1, 3), KEPT_8, F32(1, 8, 0, 0, 0, 0, 0, 0, 0, 0));
}

/* kernelOffset moves windows and t0 by minus itself. */
Test(specification, kernel_offset_moves_windows_backwards)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 2, 1), 4, 0);
    poolgrad_small g = F32(1, 2, 3, 6);
    p.kernel_offset_x = 1; /* {2, 3, 4}, {4, 5, 6} */
    gradient_is("1", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 1, 1, 3, 2, 2, 0));
    p.kernel_offset_x = -2; /* {5, 6, 7}, {7, 8, 9} */
    gradient_is("-2", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 0, 0, 0, 1, 1, 3));
    p.mapping = POOLGRAD_MAPPING_CLIP;
    gradient_is("-2, clip", p, SIZE_ONLY(1, 8), g, F32(1, 8, 1, 1, 3, 0, 0, 0, 0, 0));
    p.kernel_offset_x = 1;
    gradient_is("1, clip", p, SIZE_ONLY(1, 8), g, F32(1, 8, 1, 1, 3, 2, 2, 0, 0, 0));
    p.kernel_offset_x = 5; /* t0 = -2: {-2, -1, 0}, {0, 1, 2} */
    gradient_is("5, clip", p, SIZE_ONLY(1, 8), g, F32(1, 8, 3, 2, 2, 0, 0, 0, 0, 0));
    p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_Y(1, 1, 1), 0, 1);
    p.kernel_offset_y = -1;
    gradient_is("-1 along y", p, SIZE_ONLY(4, 1), F32(2, 1, 1, 2), F32(4, 1, 0, 0, 1, 2));
}

/* t0 is the extent's first pixel: 4 - floor(4 / 2) = 2 for k=2, d=3, whose taps are {2, 5}. */
Test(specification, clip_mapping_of_even_and_dilated_windows)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 3), 4, 0);
    p.mapping = POOLGRAD_MAPPING_CLIP;
    gradient_is("dilated", p, SIZE_ONLY(1, 8), F32(1, 1, 2), F32(1, 8, 1, 0, 0, 1, 0, 0, 0, 0));
    p.offset_x = 1; /* extent -1 .. 2, taps {-1, 2}: starts at source pixel 0, which is no tap */
    gradient_is("dilated, outside", p, SIZE_ONLY(1, 8), F32(1, 1, 2), F32(1, 8, 0, 0, 1, 0, 0, 0, 0, 0));
    p.window = ALONG_X(4, 1, 1);
    p.offset_x = 5; /* 3 .. 6 */
    gradient_is("even", p, SIZE_ONLY(1, 8), F32(1, 1, 4), F32(1, 8, 1, 1, 1, 1, 0, 0, 0, 0));
}

Test(specification, clip_mapping_in_two_dimensions)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 2, 1);
    p.mapping = POOLGRAD_MAPPING_CLIP;
    p.clip.x = 1;
    p.clip.y = 1;
    gradient_over("corner", p, SIZE_ONLY(4, 4), F32(2, 2, 1, 2, 3, 4), F32(3, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9),
                  F32(3, 3, 9, 9, 9, 9, 1, 2, 9, 3, 4));
    p.clip.y = 0;
    p.clip.height = 1;
    gradient_over("row", p, SIZE_ONLY(4, 4), F32(2, 2, 1, 2, 3, 4), F32(3, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9),
                  F32(3, 3, 9, 1, 2, 9, 9, 9, 9, 9, 9));
}

/* Gradient pixel primaryOffset belongs to the first window, even where it lies outside the gradient. */
Test(specification, primary_offset_and_source_size)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(1, 2, 1), 1, 0);
    poolgrad_small g = F32(1, 4, 1, 2, 4, 8); /* windows {1}, {3}, {5}, {7} */
    gradient_is("all", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 1, 0, 2, 0, 4, 0, 8));
    p.gradient_region.x = 1;
    gradient_is("1", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 2, 0, 4, 0, 8, 0, 0));
    p.gradient_region.width = 2;
    gradient_is("1, size 2", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 2, 0, 4, 0, 0, 0, 0));
    p.mapping = POOLGRAD_MAPPING_CLIP;
    gradient_is("1, size 2, clip", p, SIZE_ONLY(1, 8), g, F32(1, 8, 2, 0, 4, 0, 0, 0, 0, 0));
    p.mapping = POOLGRAD_MAPPING_SOURCE;
    p.gradient_region.x = 3;
    p.gradient_region.width = 100;
    gradient_is("3, size cut", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 8, 0, 0, 0, 0, 0, 0));
    p.gradient_region.x = 4;
    gradient_is("past the gradient", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 0, 0, 0, 0, 0, 0));
}

Test(specification, negative_primary_offset)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(1, 2, 1), 1, 0);
    poolgrad_small g = F32(1, 4, 1, 2, 4, 8);
    p.gradient_region.x = -1; /* gradient pixel 0 is the second of the region: window {3} */
    gradient_is("-1", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 0, 1, 0, 2, 0, 4));
    p.gradient_region.width = 2;
    gradient_is("-1, size 2", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 0, 1, 0, 0, 0, 0));
    p.mapping = POOLGRAD_MAPPING_CLIP; /* t0 stays 1 */
    gradient_is("-1, size 2, clip", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 1, 0, 0, 0, 0, 0));
    p.mapping = POOLGRAD_MAPPING_SOURCE;
    p.gradient_region.width = 1;
    gradient_is("-1, size 1: before the gradient", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 0, 0, 0, 0, 0, 0));
    p.gradient_region.width = POOLGRAD_ALL;
    p.gradient_region.x = -100;
    gradient_is("far outside", p, SIZE_ONLY(1, 8), g, F32(1, 8, 0, 0, 0, 0, 0, 0, 0, 0));
}

Test(specification, primary_offset_along_y)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
    poolgrad_small g = F32(2, 2, 1, 2, 3, 4);
    p.gradient_region.y = 1;
    gradient_is("1", p, SIZE_ONLY(2, 2), g, F32(2, 2, 3, 4, 0, 0));
    p.gradient_region.y = -1;
    gradient_is("-1", p, SIZE_ONLY(2, 2), g, F32(2, 2, 0, 0, 1, 2));
    p.gradient_region.y = 0;
    p.gradient_region.height = 1;
    gradient_is("size 1", p, SIZE_ONLY(2, 2), g, F32(2, 2, 1, 2, 0, 0));
}

/* Forward: the clip rectangle's first pixel is the first window. */
Test(specification, forward_clip_rectangle)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(1, 2, 1), 1, 0);
    p.clip.x = 1;
    p.clip.width = 2;
    float source[6] = {1, 2, 3, 4, 5, 6}, destination[5] = {9, 9, 9, 9, 9};
    int32_t picks[5] = {77, 77, 77, 77, 77};
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 6);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 5);
    p.picks = poolgrad_image_dense(picks, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 1, 5);
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    const float expected[5] = {9, 2, 4, 9, 9};
    const int32_t picked[5] = {77, 1, 3, 77, 77};
    cr_expect(poolgrad_small_same("values", POOLGRAD_FLOAT32, destination, expected, 1, 5));
    cr_expect(poolgrad_small_same("picks", POOLGRAD_INT32, picks, picked, 1, 5));
}

/* ---- Batches and channels ------------------------------------------------------------------------------------ */

typedef struct batch_case {
    int64_t offset_image, region_image, region_images, clip_image, clip_images;
    float expected[10]; /* five images of two pixels */
} batch_case;

/* Images pick their right pixel where odd, their left where even; gradients are 1, 2, 3; the destination held 9. */
static const batch_case batch_cases[] = {
    {0, 0, POOLGRAD_ALL, 0, POOLGRAD_ALL, {1, 0, 0, 2, 3, 0, 0, 0, 0, 0}},
    {1, 1, POOLGRAD_ALL, 1, 3, {9, 9, 0, 2, 3, 0, 0, 0, 9, 9}},
    {1, 0, POOLGRAD_ALL, 1, 3, {9, 9, 0, 1, 2, 0, 0, 3, 9, 9}},
    {1, 1, 1, 1, 3, {9, 9, 0, 2, 0, 0, 0, 0, 9, 9}},
    {1, 1, POOLGRAD_ALL, 1, 1, {9, 9, 0, 2, 9, 9, 9, 9, 9, 9}},
    {3, 0, POOLGRAD_ALL, 0, 2, {0, 1, 0, 0, 9, 9, 9, 9, 9, 9}},
    {0, 2, 5, 3, 7, {9, 9, 9, 9, 9, 9, 3, 0, 0, 0}},
    {0, 0, 0, 0, 2, {0, 0, 0, 0, 9, 9, 9, 9, 9, 9}},
};

Test(specification, batches)
{
    const float source[8] = {9, 1, 1, 9, 9, 1, 1, 9}, gradient[3] = {1, 2, 3};
    for (size_t i = 0; i < sizeof batch_cases / sizeof *batch_cases; ++i) {
        const batch_case *b = &batch_cases[i];
        float destination[10] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
        p.direction = POOLGRAD_GRADIENT;
        p.offset_image = b->offset_image;
        p.gradient_region.image = b->region_image;
        p.gradient_region.images = b->region_images;
        p.clip.image = b->clip_image;
        p.clip.images = b->clip_images;
        p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 4, 1, 1, 2);
        p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 3, 1, 1, 1);
        p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 5, 1, 1, 2);
        poolgrad_error error = {"", ""};
        cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "case %zu: %s", i, error.message);
        cr_expect(poolgrad_small_same("images as rows", POOLGRAD_FLOAT32, destination, b->expected, 5, 2), "case %zu",
                  i);
    }
}

Test(specification, forward_batches)
{
    const float source[3] = {1, 2, 3};
    float destination[4] = {9, 9, 9, 9};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    p.offset_image = 1;
    p.clip.image = 1;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 3, 1, 1, 1);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 4, 1, 1, 1);
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("images", POOLGRAD_FLOAT32, destination, (const float[]){9, 2, 3, 0}, 1, 4));
}

typedef struct channel_case {
    int64_t source_channels, source_offset, source_count;
    int64_t gradient_channels, gradient_offset, gradient_count;
    int64_t destination_channels, destination_offset;
    float expected[8]; /* channel by channel: the sum over the pixel pair, its sign telling which pixel */
} channel_case;

/* One 1x2 image. Source channel c picks pixel c mod 2; gradient channel c is c + 1; the destination held 9. */
static const channel_case channel_cases[] = {
    {6, 0, POOLGRAD_ALL, 6, 0, POOLGRAD_ALL, 6, 0, {1, -2, 3, -4, 5, -6}},
    {6, 4, POOLGRAD_ALL, 6, 4, POOLGRAD_ALL, 7, 4, {9, 9, 9, 9, 5, -6, 9}},
    {6, 4, 100, 2, 0, 100, 2, 0, {1, -2}},
    {6, 4, 1, 6, 0, 1, 8, 4, {9, 9, 9, 9, 1, 9, 9, 9}},
    {8, 4, 4, 8, 0, 4, 4, 0, {1, -2, 3, -4}},
    {8, 0, 3, 3, 0, POOLGRAD_ALL, 8, 0, {1, -2, 3, 9, 9, 9, 9, 9}},
    {5, 1, 4, 6, 2, POOLGRAD_ALL, 7, 3, {9, 9, 9, -3, 4, -5, 6}},
    {5, 3, 2, 6, 1, 2, 8, 2, {9, 9, -2, 3, 9, 9, 9, 9}},
};

static void channels_are(const channel_case *t, poolgrad_layout layout)
{
    float source[16] = {0}, gradient[8] = {0}, destination[16];
    for (int i = 0; i < 16; ++i) destination[i] = 9;
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.source_channel_offset = t->source_offset;
    p.source_channel_count = t->source_count;
    p.gradient_channel_offset = t->gradient_offset;
    p.gradient_channel_count = t->gradient_count;
    p.destination_channel_offset = t->destination_offset;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, layout, 1, t->source_channels, 1, 2);
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, layout, 1, t->gradient_channels, 1, 1);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, layout, 1, t->destination_channels, 1, 2);
    const poolgrad_image x = view_writable(&p.source), dy = view_writable(&p.source_gradient);
    for (int64_t c = 0; c < t->source_channels; ++c) {
        cr_assert(poolgrad_image_set(&x, 0, c, 0, 0, c % 2, 1) == POOLGRAD_OK);
    }
    for (int64_t c = 0; c < t->gradient_channels; ++c) {
        cr_assert(poolgrad_image_set(&dy, 0, c, 0, 0, 0, (double)(c + 1)) == POOLGRAD_OK);
    }
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "layout %d: %s", (int)layout, error.message);
    for (int64_t c = 0; c < t->destination_channels; ++c) {
        double left = poolgrad_image_get(&p.destination, 0, c, 0, 0, 0),
               right = poolgrad_image_get(&p.destination, 0, c, 0, 0, 1);
        double expected = t->expected[c];
        bool kept = expected == 9,
             good = kept ? left == 9 && right == 9
                         : left == (expected > 0 ? expected : 0) && right == (expected < 0 ? -expected : 0);
        cr_expect(good, "case %d layout %d channel %d: %g, %g", (int)(t - channel_cases), (int)layout, (int)c, left,
                  right);
    }
}

Test(specification, channel_windows)
{
    for (size_t i = 0; i < sizeof channel_cases / sizeof *channel_cases; ++i) {
        channels_are(&channel_cases[i], POOLGRAD_NCHW);
        channels_are(&channel_cases[i], POOLGRAD_NHWC);
        channels_are(&channel_cases[i], POOLGRAD_NC4HW4);
    }
}

static poolgrad_problem channel_problem(const float *source, const float *gradient, float *destination)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 6, 1, 1);
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 6, 1, 1);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 6, 1, 1);
    return p;
}

Test(specification, channel_windows_that_do_not_fit)
{
    const float source[6] = {0}, gradient[6] = {0};
    float destination[6] = {0};
    poolgrad_problem p = channel_problem(source, gradient, destination);
    accepted("fits", &p);
    p.source_channel_count = 3;
    refused("three source channels, six of the gradient", &p);
    p.gradient_channel_count = 3;
    accepted("three of each", &p);
    p.gradient_channel_offset = 4;
    refused("three against two that are left", &p);
    p.source_channel_offset = 4;
    accepted("two of each", &p);
    p.destination_channel_offset = 4;
    accepted("two where two are left", &p);
    p.destination_channel_offset = 5;
    refused("two where one is left", &p);
    p = channel_problem(source, gradient, destination);
    p.destination.channels = 5;
    refused("destination of five channels for six", &p);
    p.direction = POOLGRAD_FORWARD;
    refused("forward, destination of five channels for six", &p);
}

/* The lane after the third channel: +0 where the pixel is inside the clip rectangle, kept elsewhere. */
Test(specification, unused_lanes_become_positive_zero_in_the_written_region)
{
    const float source[8] = {1, 2, 3, NAN, 4, 5, 6, NAN};
    float destination[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, 1, 3, 1, 2);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, 1, 3, 1, 2);
    p.clip.width = 1;
    cr_assert(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    const float forward[8] = {1, 2, 3, 0, 9, 9, 9, 9};
    cr_expect(poolgrad_small_same("forward", POOLGRAD_FLOAT32, destination, forward, 2, 4));

    const float gradient[8] = {10, 20, 30, NAN, 40, 50, 60, NAN};
    for (int i = 0; i < 8; ++i) destination[i] = 9;
    p.direction = POOLGRAD_GRADIENT;
    p.clip.x = 1;
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, 1, 3, 1, 2);
    cr_assert(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    const float backward[8] = {9, 9, 9, 9, 40, 50, 60, 0};
    cr_expect(poolgrad_small_same("gradient", POOLGRAD_FLOAT32, destination, backward, 2, 4));
}

/* Four channels of six: the last slice is not written, and its unused lanes keep their value. */
Test(specification, unused_lanes_of_an_unwritten_slice_stay)
{
    const float source[4] = {1, 2, 3, 4};
    float destination[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, 1, 4, 1, 1);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, 1, 6, 1, 1);
    cr_assert(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    const float expected[8] = {1, 2, 3, 4, 9, 9, 9, 9};
    cr_expect(poolgrad_small_same("slices", POOLGRAD_FLOAT32, destination, expected, 2, 4));
}

Test(specification, destination_may_not_alias)
{
    float memory[12] = {0};
    poolgrad_problem p = channel_problem(memory, memory, memory + 6);
    accepted("sources may share", &p);
    p.destination.data = memory + 5;
    refused("one element shared", &p);
    p.destination.data = memory;
    refused("in place", &p);
    p.direction = POOLGRAD_FORWARD;
    refused("forward in place", &p);
}

/* Empty in, empty or all +0 out. */
Test(specification, empty_images)
{
    float destination[3] = {9, 9, 9};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(2, 1, 1), 0, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 0);
    p.source_gradient = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 0, 3);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 3);
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("all +0", POOLGRAD_FLOAT32, destination, (const float[]){0, 0, 0}, 1, 3));

    p.direction = POOLGRAD_FORWARD;
    for (int i = 0; i < 3; ++i) destination[i] = 9;
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("forward of nothing", POOLGRAD_FLOAT32, destination, (const float[]){0, 0, 0}, 1, 3));
    p.destination.height = 0;
    p.destination.data = NULL;
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
}

/* ---- Accumulator and order ----------------------------------------------------------------------------------- */

/* Half of the last place of 1 in float32: 1 + E is a tie that rounds to 1; E + E + 1 is the next float. */
#define E 0x1p-24

/* Three windows that all pick pixel 1: the pixel is the sum of the three gradients, from left to right. */
static poolgrad_problem three_on_one(void)
{
    return poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 1), 0, 0);
}

#define PEAK F32(1, 3, 0, 9, 0)

Test(specification, float32_accumulator_adds_from_left_to_right)
{
    poolgrad_problem p = three_on_one();
    gradient_is("1 + e + e", p, PEAK, F32(1, 3, 1, (float)E, (float)E), B32(1, 3, 0, 0x3f800000, 0));
    gradient_is("e + 1 + e", p, PEAK, F32(1, 3, (float)E, 1, (float)E), B32(1, 3, 0, 0x3f800000, 0));
    gradient_is("e + e + 1", p, PEAK, F32(1, 3, (float)E, (float)E, 1), B32(1, 3, 0, 0x3f800001, 0));
    gradient_is("large - large + small", p, PEAK, F32(1, 3, 1e30f, -1e30f, 1), F32(1, 3, 0, 1, 0));
    gradient_is("small + large - large", p, PEAK, F32(1, 3, 1, 1e30f, -1e30f), F32(1, 3, 0, 0, 0));
    gradient_is("overflow and back", p, PEAK, F32(1, 3, 3e38f, 3e38f, -3e38f), F32(1, 3, 0, INFINITY, 0));
}

Test(specification, float64_accumulator_on_request)
{
    poolgrad_problem p = three_on_one();
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    gradient_is("1 + e + e", p, PEAK, F32(1, 3, 1, (float)E, (float)E), B32(1, 3, 0, 0x3f800001, 0));
    gradient_is("large", p, PEAK, F32(1, 3, 3e38f, 3e38f, -3e38f), F32(1, 3, 0, 3e38f, 0));
    gradient_is("order", p, PEAK, F32(1, 3, 1e30f, -1e30f, 1), F32(1, 3, 0, 1, 0));
    gradient_is("order", p, PEAK, F32(1, 3, 1, 1e30f, -1e30f), F32(1, 3, 0, 0, 0));
}

Test(specification, float64_accumulator_where_formats_force_it)
{
    poolgrad_problem p = three_on_one();
    gradient_is("float64 gradient", p, PEAK, F64(1, 3, 1, E, E), B32(1, 3, 0, 0x3f800001, 0));
    gradient_is("float64 destination", p, PEAK, F32(1, 3, 1, (float)E, (float)E), F64(1, 3, 0, 1 + 2 * E, 0));
    gradient_is("float64 both", p, PEAK, F64(1, 3, 1, E, E), F64(1, 3, 0, 1 + 2 * E, 0));
    gradient_is("float64 source image changes nothing", p, F64(1, 3, 0, 9, 0), F32(1, 3, 1, (float)E, (float)E),
                B32(1, 3, 0, 0x3f800000, 0));
    gradient_is("float64 adds in order too", p, PEAK, F64(1, 3, 1, 0x1p-53, 0x1p-53), F64(1, 3, 0, 1, 0));
    gradient_is("float64 adds in order too", p, PEAK, F64(1, 3, 0x1p-53, 0x1p-53, 1), F64(1, 3, 0, 1 + 0x1p-52, 0));
}

/* Storage of 16 bits: the sum is float32 and is rounded once. Adding in float16 or bfloat16 would give 1. */
Test(specification, narrow_formats_add_in_float32)
{
    poolgrad_problem p = three_on_one();
    gradient_is("float16", p, PEAK, F16(1, 3, 0x3c00, 0x1000, 0x1000), F16(1, 3, 0, 0x3c01, 0));
    gradient_is("bfloat16", p, PEAK, BF16(1, 3, 0x3f80, 0x3b80, 0x3b80), BF16(1, 3, 0, 0x3f81, 0));
    gradient_is("float16 to float32", p, PEAK, F16(1, 3, 0x3c00, 0x1000, 0x1000), F32(1, 3, 0, 0x1.004p+0f, 0));
    gradient_is("float32 to bfloat16", p, PEAK, F32(1, 3, 1, (float)E, (float)E), BF16(1, 3, 0, 0x3f80, 0));
    gradient_is("float16 overflows only when stored", p, PEAK, F16(1, 3, 0x7bff, 0x7bff, 0xfbff),
                F16(1, 3, 0, 0x7bff, 0));
}

/* The centre of a 3x3 image is picked by the four windows of a 2x2 gradient, in row-major order of the gradient. */
Test(specification, windows_add_in_row_major_order)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(3, 1, 1), 0, 0);
    poolgrad_small peak = F32(3, 3, 0, 0, 0, 0, 9, 0, 0, 0, 0);
    float e = (float)E;
    gradient_is("e e / 1 0", p, peak, F32(2, 2, e, e, 1, 0), B32(3, 3, 0, 0, 0, 0, 0x3f800001, 0, 0, 0, 0));
    gradient_is("e 1 / e 0", p, peak, F32(2, 2, e, 1, e, 0), B32(3, 3, 0, 0, 0, 0, 0x3f800000, 0, 0, 0, 0));
    p.kind = POOLGRAD_AVERAGE;
    p.window = SQUARE(2, 1, 1);
    p.offset_x = p.offset_y = 1; /* the centre is in all four windows, with N = 4 */
    gradient_is(
        "average e e / 1 0", p, F32(3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0), F32(2, 2, 4 * e, 4 * e, 4, 0),
        B32(3, 3, 0x33800000, 0x34000000, 0x33800000, 0x3f800000, 0x3f800001, 0x33800000, 0x3f800000, 0x3f800000, 0));
}

Test(specification, taps_of_a_forward_average_add_in_row_major_order)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(2, 1, 1), 1, 1);
    float e = (float)E;
    forward_is("e e / 1 0", p, F32(2, 2, e, e, 1, 0), B32(1, 1, 0x3e800001));
    forward_is("e 1 / e 0", p, F32(2, 2, e, 1, e, 0), B32(1, 1, 0x3e800000));
    forward_is("float64 destination", p, F32(2, 2, e, 1, e, 0), F64(1, 1, (1 + 2 * E) / 4));
    forward_is("float64 source", p, F64(2, 2, E, 1, E, 0), B32(1, 1, 0x3e800001));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    forward_is("float64 on request", p, F32(2, 2, e, 1, e, 0), B32(1, 1, 0x3e800001));
}

/* Values found by search: three other orders of the four squares give the next float64. */
Test(specification, squares_of_an_l2norm_add_in_row_major_order)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, SQUARE(2, 1, 1), 1, 1);
    forward_is("2x2", p,
               F64(2, 2, 0x1.2326111ec6d55p+0, 0x1.162aa5f7eb82cp+0, 0x1.8e53608978eaap+0, 0x1.b22c47e3c6174p+0),
               F64(1, 1, 0x1.64d4c3329ee54p+1));
}

/* ---- Divisions, products, roundings -------------------------------------------------------------------------- */

/* Quotients that multiplication by the rounded reciprocal misses by one place. */
Test(specification, average_divides)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    gradient_is("5 / 3", p, SIZE_ONLY(1, 1), F32(1, 1, 5), B32(1, 1, 0x3fd55555));
    forward_is("5 / 3", p, F32(1, 1, 5), B32(1, 1, 0x3fd55555));
    gradient_is("5 / 3", p, SIZE_ONLY(1, 1), F64(1, 1, 5), F64(1, 1, 0x1.aaaaaaaaaaaabp+0));
    forward_is("5 / 3", p, F64(1, 1, 5), F64(1, 1, 0x1.aaaaaaaaaaaabp+0));
    p.window = ALONG_Y(5, 1, 1);
    gradient_is("9 / 5", p, SIZE_ONLY(1, 1), F32(1, 1, 9), B32(1, 1, 0x3fe66666));
    gradient_is("3 / 5", p, SIZE_ONLY(1, 1), F64(1, 1, 3), F64(1, 1, 0x1.3333333333333p-1));
    p.window = ALONG_X(7, 1, 1);
    gradient_is("3 / 7", p, SIZE_ONLY(1, 1), F32(1, 1, 3), B32(1, 1, 0x3edb6db7));
    forward_is("3 / 7", p, F32(1, 1, 3), B32(1, 1, 0x3edb6db7));
    p.window = SQUARE(3, 1, 1);
    gradient_is("17 / 9", p, SIZE_ONLY(1, 1), F32(1, 1, 17), B32(1, 1, 0x3ff1c71c));
    forward_is("17 / 9", p, F32(1, 1, 17), B32(1, 1, 0x3ff1c71c));
    gradient_is("7 / 9", p, SIZE_ONLY(1, 1), F64(1, 1, 7), F64(1, 1, 0x1.8e38e38e38e39p-1));
}

Test(specification, split_divides)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    p.ties = POOLGRAD_TIES_SPLIT; /* one zero and two outside */
    gradient_is("5 / 3", p, F32(1, 1, 0), F32(1, 1, 5), B32(1, 1, 0x3fd55555));
    gradient_is("5 / 3", p, F32(1, 1, 0), F64(1, 1, 5), F64(1, 1, 0x1.aaaaaaaaaaaabp+0));
    p.window = SQUARE(3, 1, 1);
    gradient_is("17 / 9", p, F32(1, 1, 0), F32(1, 1, 17), B32(1, 1, 0x3ff1c71c));
}

/* 28/3 + 27/3 + 5/3: each quotient is rounded before it is added. */
Test(specification, quotients_are_rounded_before_they_are_added)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), -1, 0);
    gradient_is("float32", p, SIZE_ONLY(1, 1), F32(1, 3, 28, 27, 5), F32(1, 1, 0x1.3ffffep+4f));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    gradient_is("float64", p, SIZE_ONLY(1, 1), F32(1, 3, 28, 27, 5), F32(1, 1, 20));
}

/* Doubles just beside the middle of two neighbours of the format: by way of float32 they would fall on the middle. */
static void stored_as(double value, poolgrad_small stored)
{
    char name[64];
    for (int k = 0; k < KINDS; ++k) {
        poolgrad_problem p = poolgrad_small_problem(every_kind[k], POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
        snprintf(name, sizeof name, "kind %d, %a", k, value);
        gradient_is(name, p, F32(1, 1, 1), F64(1, 1, value), stored);
        forward_is(name, p, F64(1, 1, value), stored);
    }
}

Test(specification, results_are_rounded_once)
{
    stored_as(1 + 0x1p-11, F16(1, 1, 0x3c00));
    stored_as(1 + 0x1p-11 + 0x1p-30, F16(1, 1, 0x3c01));
    stored_as(1 + 0x1p-10 + 0x1p-11 - 0x1p-40, F16(1, 1, 0x3c01));
    stored_as(1 + 0x1p-10 + 0x1p-11, F16(1, 1, 0x3c02));
    stored_as(65520 - 0x1p-20, F16(1, 1, 0x7bff));
    stored_as(65520, F16(1, 1, 0x7c00));
    stored_as(0x1p-25 + 0x1p-60, F16(1, 1, 0x0001));
    stored_as(0x1p-25, F16(1, 1, 0x0000));
    stored_as(1 + 0x1p-8, BF16(1, 1, 0x3f80));
    stored_as(1 + 0x1p-8 + 0x1p-30, BF16(1, 1, 0x3f81));
    stored_as(1 + 0x1p-7 + 0x1p-8 - 0x1p-40, BF16(1, 1, 0x3f81));
    stored_as(1 + 0x1p-7 + 0x1p-8, BF16(1, 1, 0x3f82));
    stored_as(0x1.ffp+127 - 0x1p+80, BF16(1, 1, 0x7f7f));
    stored_as(0x1.ffp+127, BF16(1, 1, 0x7f80));
    stored_as(1 + 0x1p-24, B32(1, 1, 0x3f800000));
    stored_as(1 + 0x1p-24 + 0x1p-50, B32(1, 1, 0x3f800001));
    stored_as(0x1.ffffffp+127, B32(1, 1, 0x7f800000));
    stored_as(0x1.fffffefffffffp+127, B32(1, 1, 0x7f7fffff));
    stored_as(0x1p-150, B32(1, 1, 0x00000000));
    stored_as(0x1.0000000000001p-150, B32(1, 1, 0x00000001));
}

/* A float32 sum stored in 16 bits, and float32 overflow that is real. */
Test(specification, float32_results_are_rounded_once)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    gradient_is("float16", p, F32(1, 4, 1, 1, 1, 1), F32(1, 4, 65519.996f, 65520, -65520, 0x1.002002p+0f),
                F16(1, 4, 0x7bff, 0x7c00, 0xfc00, 0x3c01));
    gradient_is("bfloat16", p, F32(1, 4, 1, 1, 1, 1),
                F32(1, 4, 0x1.fefffep+127f, 0x1.ffp+127f, -0x1.ffp+127f, 0x1.010002p+0f),
                BF16(1, 4, 0x7f7f, 0x7f80, 0xff80, 0x3f81));
}

/* a*a + b*b where a fused multiply-add of either square gives another float64. */
Test(specification, squares_are_not_fused)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 1), 1, 0);
    forward_is("two squares", p, F64(1, 2, 0x1.1a61dbf29c77fp+0, 0x1.923a737471faap+0),
               F64(1, 1, 0x1.eb744f88560cdp+0));
}

/* In (g / Out), where In g / Out, (In / Out) g and In (g (1 / Out)) all differ. */
Test(specification, l2norm_divides_then_multiplies)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 1), 1, 0);
    gradient_is("float64", p, F64(1, 2, 3, 29), F64(1, 1, 0x1.33115516ae7eep+0),
                F64(1, 2, 0x1.f98d564c79e12p-4, 0x1.31700ece344d6p+0));
}

/* In (r + r'), where In r + In r' differs, fused or not. Both windows see the one pixel. */
Test(specification, l2norm_sums_then_multiplies)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 1), 0, 0);
    gradient_is("float64", p, F64(1, 1, 35), F64(1, 2, 0x1.81a9f2a64f3c6p+0, 0x1.9ea102a8e8e0dp+0),
                F64(1, 1, 0x1.90257aa79c0ebp+1));
}

/* The norm is not rounded to float32 between the forward value and the gradient. */
Test(specification, l2norm_keeps_its_float64_norm)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
    gradient_is("1 / sqrt 2 in float64", p, F32(1, 2, 1, 1), F32(1, 1, 1),
                F64(1, 2, 0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bccp-1));
    gradient_is("in float32", p, F32(1, 2, 12, 15), F32(1, 1, 6), B32(1, 2, 0x406fe206, 0x4095ed44));
    forward_is("sqrt 2", p, F32(1, 2, 1, 1), B32(1, 1, 0x3fb504f3));
    p.window = ALONG_X(5, 1, 1);
    p.offset_x = 2;
    forward_is("2^24 + 4 ones", p, F32(1, 5, 4096, 1, 1, 1, 1), F32(1, 1, 0x1.000002p+12f));
    forward_is("squares beyond float32", p, F32(1, 5, 0x3p+100f, 0, 0, 0, 0x4p+100f), F32(1, 1, 0x5p+100f));
    forward_is("squares below float32", p, F32(1, 5, 0x3p-100f, 0, 0, 0, 0x4p-100f), F32(1, 1, 0x5p-100f));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT32;
    gradient_is("squares beyond float32", p, F32(1, 5, 0x3p+100f, 0, 0, 0, 0x4p+100f), F32(1, 1, 5),
                F32(1, 5, 3, 0, 0, 0, 4));
}

/* 2^24 + 1 taps: as a float32 the count is 2^24, as a float64 it is itself. */
static void share_of_many(poolgrad_problem p, float *result)
{
    const float one[1] = {1}, zero[1] = {0};
    bool forward = p.direction == POOLGRAD_FORWARD;
    const float *source = p.kind == POOLGRAD_AVERAGE ? one : zero;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    if (!forward) p.source_gradient = poolgrad_const_image_dense(one, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.destination = poolgrad_image_dense(result, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    poolgrad_error error = {"", ""};
    *result = -1;
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
}

static void shares_of_many(const char *name, poolgrad_problem p)
{
    const float rounded = 0x1p-24f, exact = 0x1.fffffep-25f;
    static const poolgrad_isa paths[] = {POOLGRAD_ISA_SCALAR, POOLGRAD_ISA_BEST};
    for (int i = 0; i < 2; ++i) {
        float result;
        p.max_isa = paths[i];
        p.accumulator = POOLGRAD_ACCUMULATE_FLOAT32;
        share_of_many(p, &result);
        cr_expect(poolgrad_small_same(name, POOLGRAD_FLOAT32, &result, &rounded, 1, 1), "%s", name);
        p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
        share_of_many(p, &result);
        cr_expect(poolgrad_small_same(name, POOLGRAD_FLOAT32, &result, &exact, 1, 1), "%s", name);
    }
}

Test(specification, counts_are_rounded_once_to_the_accumulator)
{
    const int64_t many = ((int64_t)1 << 24) + 1;
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(many, 1, 1), 0, 0);
    shares_of_many("forward average", p);
    p.direction = POOLGRAD_GRADIENT;
    shares_of_many("average", p);
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.zero_pad_x = many;
    shares_of_many("average, clamp", p);
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    p.kind = POOLGRAD_MAX;
    p.ties = POOLGRAD_TIES_SPLIT;
    shares_of_many("split", p);
    p.window = ALONG_Y(many, 1, 1);
    shares_of_many("split along y", p);
    p.kind = POOLGRAD_AVERAGE;
    p.window = (poolgrad_window){257, 65281, 1, 1, 1,
                                 1,   1,     1, 1}; /* the product is 2^24 + 1 too; its factors are exact */
    shares_of_many("average in two dimensions", p);
}

/* ---- Formats ------------------------------------------------------------------------------------------------- */

Test(specification, max_compares_float64_as_float64)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
    poolgrad_small image = F64(1, 2, 1, 1 + 0x1p-40);
    gradient_is("gradient", p, image, F32(1, 1, 6), F32(1, 2, 0, 6));
    indices_are("forward", p, image, F32(1, 1, 1), I32(1, 1, 1));
    indices_are("forward", p, image, F64(1, 1, 1 + 0x1p-40), I64(1, 1, 1));
    gradient_is("beyond float32", p, F64(1, 2, 1e300, 1e301), F32(1, 1, 6), F32(1, 2, 0, 6));
    gradient_is("below float32", p, F64(1, 2, 0, 1e-300), F32(1, 1, 6), F32(1, 2, 0, 6));
}

Test(specification, unorm_sources)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 1, 0);
    indices_are("unorm8", p, U8(1, 3, 50, 51, 49), B32(1, 1, 0x3e4ccccd), I32(1, 1, 1));
    indices_are("unorm16", p, U16(1, 3, 13107, 13106, 13107), B32(1, 1, 0x3e4ccccd), I32(1, 1, 0));
    indices_are("float32 of v / 255 in float64", p, U8(1, 3, 50, 51, 49), F64(1, 1, 0x1.99999ap-3), I32(1, 1, 1));
    gradient_is("unorm8", p, U8(1, 3, 254, 254, 255), F32(1, 1, 6), F32(1, 3, 0, 0, 6));
    gradient_is("unorm16", p, U16(1, 3, 65535, 0, 65534), F16(1, 1, 0x4600), F16(1, 3, 0x4600, 0, 0));
    p.kind = POOLGRAD_AVERAGE;
    forward_is("unorm8", p, U8(1, 3, 255, 255, 255), F32(1, 1, 1));
    p.kind = POOLGRAD_L2NORM;
    p.window = ALONG_X(1, 1, 1);
    p.offset_x = 0;
    gradient_is("unorm8", p, U8(1, 2, 255, 0), F32(1, 2, 3, 5), F32(1, 2, 3, 0));
    forward_is("unorm8", p, U8(1, 2, 51, 255), F64(1, 2, 0x1.99999ap-3, 1));
}

Test(specification, unorm_zeros_tie_with_outside_zeros)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    ties_are(p, U8(1, 2, 0, 0), F32(1, 1, 6),
             (poolgrad_small[]){F32(1, 2, 0, 0), F32(1, 2, 0, 6), F32(1, 2, 6, 6), F32(1, 2, 2, 2)});
}

/* A NaN of any payload and sign is stored as the positive quiet one of the destination's format. */
Test(specification, nan_results_are_canonical)
{
    const poolgrad_small nans[] = {F16(1, 1, 0xfe01),
                                   F16(1, 1, 0x7d55),
                                   BF16(1, 1, 0xffc3),
                                   BF16(1, 1, 0x7f81),
                                   B32(1, 1, 0xffc12345),
                                   B32(1, 1, 0x7f800001),
                                   B64(1, 1, 0xfff8000000000123),
                                   B64(1, 1, 0x7ff0000000000001),
                                   B64(1, 1, 0x7ff00000ffffffff)};
    const poolgrad_small canonical[] = {F16(1, 1, 0x7e00), BF16(1, 1, 0x7fc0), B32(1, 1, 0x7fc00000),
                                        B64(1, 1, 0x7ff8000000000000)};
    for (size_t i = 0; i < sizeof nans / sizeof *nans; ++i) {
        for (int j = 0; j < 4 * KINDS; ++j) {
            char name[64];
            snprintf(name, sizeof name, "NaN %zu, kind %d, destination %d", i, j % KINDS, j / KINDS);
            poolgrad_problem p = poolgrad_small_problem(every_kind[j % KINDS], POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0,
                                                        0);
            gradient_is(name, p, F32(1, 1, 1), nans[i], canonical[j / KINDS]);
            forward_is(name, p, nans[i], canonical[j / KINDS]);
        }
    }
}

/* Least subnormals go through every kind unharmed, and quotients may be subnormal. */
Test(specification, subnormals_are_kept)
{
    const poolgrad_small least[] = {F16(1, 1, 0x0001), BF16(1, 1, 0x0001), B32(1, 1, 1), B64(1, 1, 1)};
    for (int i = 0; i < 4 * 2; ++i) {
        poolgrad_problem p = poolgrad_small_problem(every_kind[i / 4], POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
        gradient_is("gradient", p, F32(1, 1, 1), least[i % 4], least[i % 4]);
        forward_is("forward", p, least[i % 4], least[i % 4]);
    }
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(4, 1, 1), 0, 0);
    gradient_is("2^-126 / 4", p, SIZE_ONLY(1, 1), F32(1, 1, 0x1p-126f), B32(1, 1, 0x00200000));
    gradient_is("2^-149 * 2 / 4 is a tie", p, SIZE_ONLY(1, 1), F32(1, 1, 0x1p-148f), B32(1, 1, 0));
    gradient_is("2^-149 * 3 / 4", p, SIZE_ONLY(1, 1), F32(1, 1, 0x3p-149f), B32(1, 1, 1));
    gradient_is("2^-1022 / 4", p, SIZE_ONLY(1, 1), F64(1, 1, 0x1p-1022), F64(1, 1, 0x1p-1024));
    gradient_is("float16 2^-14 / 4", p, SIZE_ONLY(1, 1), F16(1, 1, 0x0400), F16(1, 1, 0x0100));
    p.kind = POOLGRAD_L2NORM;
    gradient_is("L2-norm", p, B32(1, 1, 1), F32(1, 1, 5), F32(1, 1, 5));
    forward_is("L2-norm", p, B32(1, 1, 1), B32(1, 1, 1));
    p.kind = POOLGRAD_MAX;
    p.ties = POOLGRAD_TIES_SPLIT;
    const poolgrad_small tiny[] = {F16(1, 2, 0, 1), BF16(1, 2, 0, 1), B32(1, 2, 0, 1), B64(1, 2, 0, 1)};
    for (int i = 0; i < 4; ++i) gradient_is("subnormals are not zeros", p, tiny[i], F32(1, 1, 6), F32(1, 2, 0, 6));
    p.offset_x = 2;
    for (int i = 0; i < 4; ++i) gradient_is("subnormals are not zeros", p, tiny[i], F32(1, 1, 6), F32(1, 2, 0, 6));
}

/* ---- Adding to the destination ------------------------------------------------------------------------------- */

Test(specification, gradients_added_to_the_destination)
{
    poolgrad_problem p = three_on_one();
    p.add_to_destination = 1;
    float e = (float)E;
    gradient_over("plain", p, PEAK, F32(1, 3, 1, 2, 4), F32(1, 3, 10, 20, 30), F32(1, 3, 10, 27, 30));
    gradient_over("the gradient is finished first", p, PEAK, F32(1, 3, e, e, 0), F32(1, 3, 0, 1, 0),
                  B32(1, 3, 0, 0x3f800001, 0));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    gradient_over("one rounding", p, PEAK, F32(1, 3, e, 0, 0x1p-50f), F32(1, 3, 0, 1, 0), B32(1, 3, 0, 0x3f800001, 0));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT32;
    gradient_over("float16 in float32", p, PEAK, F16(1, 3, 0x1000, 0x0c00, 0), F16(1, 3, 0, 0x3c00, 0),
                  F16(1, 3, 0, 0x3c01, 0));
    p.clip.x = 1;
    p.clip.width = 1;
    gradient_over("inside the clip rectangle", p, PEAK, F32(1, 3, 1, 2, 4), F32(1, 3, -0.0f, 20, NAN),
                  F32(1, 3, -0.0f, 27, NAN));
}

/* In r is rounded before the destination is added: fused, the last place differs. */
Test(specification, l2norm_products_are_not_fused_with_the_destination)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
    p.add_to_destination = 1;
    gradient_over("float64", p, F64(1, 1, 0x1.12a571b393d5ap+0), F64(1, 1, 0x1.dcf540d9dd665p+0),
                  F64(1, 1, 0x1.c00f923998c68p+0), F64(1, 1, 0x1.ce826989bb166p+1));
}

/* ---- The caller's floating-point environment ----------------------------------------------------------------- */

/* Results of every kind that depend on rounding and on subnormals, as bits. */
static void arithmetic_holds(const char *name)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_X(3, 1, 1), 0, 0);
    gradient_is(name, p, SIZE_ONLY(1, 1), B32(1, 1, 0x40a00000), B32(1, 1, 0x3fd55555));
    gradient_is(name, p, SIZE_ONLY(1, 1), B32(1, 1, 0xc0a00000), B32(1, 1, 0xbfd55555));
    gradient_is(name, p, SIZE_ONLY(1, 1), B32(1, 1, 0x00000005), B32(1, 1, 0x00000002));
    forward_is(name, p, B32(1, 1, 0x40a00000), B32(1, 1, 0x3fd55555));
    forward_is(name, p, B32(1, 1, 0x00800000), B32(1, 1, 0x002aaaab));
    p = poolgrad_small_problem(POOLGRAD_L2NORM, POOLGRAD_EDGE_ZERO, ALONG_X(2, 1, 1), 1, 0);
    gradient_is(name, p, B32(1, 2, 0x41400000, 0x41700000), B32(1, 1, 0x40c00000), B32(1, 2, 0x406fe206, 0x4095ed44));
    forward_is(name, p, B32(1, 2, 0x3f800000, 0x3f800000), B32(1, 1, 0x3fb504f3));
    gradient_is(name, p, B32(1, 2, 0, 0x80000001), B32(1, 1, 0x40a00000), B32(1, 2, 0, 0xc0a00000));
    p = three_on_one();
    gradient_is(name, p, PEAK, B32(1, 3, 0x3f800000, 0x33800000, 0x33800000), B32(1, 3, 0, 0x3f800000, 0));
    gradient_is(name, p, PEAK, B32(1, 3, 0x3f800000, 0x3f800000, 0xc0000000), B32(1, 3, 0, 0x00000000, 0));
    gradient_is(name, p, PEAK, B32(1, 3, 0x00000001, 0x00000001, 0x00000001), B32(1, 3, 0, 0x00000003, 0));
    gradient_is(name, p, B32(1, 3, 0, 1, 0), B32(1, 3, 0x3f800000, 0, 0), B32(1, 3, 0, 0x3f800000, 0));
    p.window = SQUARE(1, 1, 1);
    poolgrad_small values = B64(1, 3, 0x3ff0020000100000, 0xbff0020000000000, 0x36a0000000000000);
    gradient_is(name, p, PEAK, values, F16(1, 3, 0x3c01, 0xbc00, 0x0000));
    gradient_is(name, p, PEAK, values, B32(1, 3, 0x3f801000, 0xbf801000, 0x00000001));
    forward_is(name, p, values, F16(1, 3, 0x3c01, 0xbc00, 0x0000));
    forward_is(name, p, U8(1, 2, 51, 1), B32(1, 2, 0x3e4ccccd, 0x3b808081));
    gradient_is(name, p, PEAK, B32(1, 3, 0x3f807fff, 0x3f808000, 0x3f818000), BF16(1, 3, 0x3f80, 0x3f80, 0x3f82));
}

Test(specification, rounding_mode_of_the_caller)
{
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
    static const char *const names[] = {"upward", "downward", "toward zero", "to nearest"};
    for (int i = 0; i < 4; ++i) {
        cr_assert(fesetround(modes[i]) == 0);
        if (fegetround() != modes[i]) continue; /* WebAssembly has but one */
        arithmetic_holds(names[i]);
        cr_expect(fegetround() == modes[i], "%s was changed", names[i]);
    }
}

/* A problem whose arithmetic is inexact, underflows, overflows, divides by zero norms and meets NaN. */
static poolgrad_problem rough_problem(poolgrad_kind kind, const float source[6], const float gradient[6],
                                      uint16_t destination[6])
{
    poolgrad_problem p = poolgrad_small_problem(kind, POOLGRAD_EDGE_CLAMP, ALONG_X(3, 1, 1), 0, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.ties = POOLGRAD_TIES_SPLIT;
    p.nan = POOLGRAD_NAN_IGNORE;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 6);
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 6);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT16, POOLGRAD_NCHW, 1, 1, 1, 6);
    return p;
}

static const uint32_t rough_source[6] = {0x7fa00000, 0x00000001, 0x7f800000, 0, 0x3f800000, 0x7f7fffff};
static const uint32_t rough_gradient[6] = {0x3f800001, 0x00000001, 0x7f7fffff, 0xff800000, 0x7fa00000, 0x33000001};

static void no_flag(const char *entry)
{
    int raised = fetestexcept(FE_ALL_EXCEPT);
    feclearexcept(FE_ALL_EXCEPT);
    cr_expect(raised == 0, "%s raised %x", entry, (unsigned)raised);
}

static void plan_and_run(const poolgrad_problem *p, void (*after)(const char *entry))
{
    poolgrad_plan *plan = NULL;
    poolgrad_status status = poolgrad_check(p, NULL);
    after("check");
    cr_assert(status == POOLGRAD_OK);
    status = poolgrad_run(p, NULL);
    after("run");
    cr_assert(status == POOLGRAD_OK);
    status = poolgrad_plan_create(p, &plan, NULL);
    after("plan_create");
    cr_assert(status == POOLGRAD_OK);
    poolgrad_plan_run(plan);
    after("plan_run");
    poolgrad_plan_run_units(plan, 0, poolgrad_plan_units(plan));
    after("plan_run_units");
    poolgrad_plan_destroy(plan);
}

static void get_and_set(const poolgrad_const_image *source, const poolgrad_image *destination,
                        void (*after)(const char *entry))
{
    const uint8_t fifth = 51;
    poolgrad_const_image unorm = poolgrad_const_image_dense(&fifth, POOLGRAD_UNORM8, POOLGRAD_NCHW, 1, 1, 1, 1);
    double value = poolgrad_const_image_get(&unorm, 0, 0, 0, 0, 0);
    after("image_get of unorm8");
    poolgrad_status status = poolgrad_image_set(destination, 0, 0, 0, 0, 0, value);
    after("image_set of an inexact value");
    cr_assert(status == POOLGRAD_OK);
    for (int64_t x = 0; x < 6; ++x) {
        value = poolgrad_const_image_get(source, 0, 0, 0, 0, x);
        after("image_get");
        status = poolgrad_image_set(destination, 0, 0, 0, 0, x, value);
        after("image_set");
        cr_assert(status == POOLGRAD_OK);
    }
}

/* Every entry point that computes, forward and gradient, whole and in parts. */
static void run_everything(void (*after)(const char *entry))
{
    float source[6], gradient[6];
    uint16_t destination[6];
    memcpy(source, rough_source, sizeof source);
    memcpy(gradient, rough_gradient, sizeof gradient);
    for (int i = 0; i < KINDS * 4; ++i) {
        poolgrad_problem p = rough_problem(every_kind[i / 4], source, gradient, destination);
        if (i % 2) p.direction = POOLGRAD_FORWARD;
        if (i % 4 > 1) p.max_isa = POOLGRAD_ISA_SCALAR;
        plan_and_run(&p, after);
        get_and_set(&p.source, &p.destination, after);
    }
}

static void nothing(const char *entry)
{
    (void)entry;
}

/* A flag raised is an exception that a caller's trap would catch; flags the caller had stay. */
Test(specification, exception_flags_of_the_caller)
{
    cr_assert(feclearexcept(FE_ALL_EXCEPT) == 0);
    run_everything(no_flag);
    cr_assert(feraiseexcept(FE_ALL_EXCEPT) == 0);
    run_everything(nothing);
    int raised = fetestexcept(FE_ALL_EXCEPT);
    cr_assert(feclearexcept(FE_ALL_EXCEPT) == 0);
    cr_expect(raised == FE_ALL_EXCEPT, "a flag of the caller was cleared");
}

#ifdef HAS_MXCSR

enum { MXCSR_FLAGS = 0x3f, MXCSR_DEFAULT = 0x1f80, MXCSR_DAZ = 0x0040, MXCSR_FTZ = 0x8000, MXCSR_UP = 0x4000 };

Test(specification, flush_to_zero_of_the_caller)
{
    static const unsigned states[] = {MXCSR_DEFAULT | MXCSR_FTZ, MXCSR_DEFAULT | MXCSR_DAZ,
                                      MXCSR_DEFAULT | MXCSR_FTZ | MXCSR_DAZ,
                                      MXCSR_DEFAULT | MXCSR_FTZ | MXCSR_DAZ | MXCSR_UP};
    for (int i = 0; i < 4; ++i) {
        _mm_setcsr(states[i]);
        arithmetic_holds("flushing");
        _mm_setcsr(states[i]);
        run_everything(nothing);
        unsigned after = _mm_getcsr() & ~(unsigned)MXCSR_FLAGS; /* another test's */
        _mm_setcsr(MXCSR_DEFAULT);
        cr_expect(after == states[i], "MXCSR was %x and is %x", states[i], after);
    }
}

/* All exceptions unmasked: one that the library lets through kills this test with a signal. */
Test(specification, traps_of_the_caller)
{
    _mm_setcsr(0);
    run_everything(nothing);
    unsigned after = _mm_getcsr();
    _mm_setcsr(MXCSR_DEFAULT);
    cr_expect(after == 0, "MXCSR was 0 and is %x", after);
}

#endif

/* Large enough for threads of the library's own, which must not inherit the caller's environment either. */
enum { WIDE_CHANNELS = 32, WIDE = 96, WIDE_ELEMENTS = WIDE_CHANNELS * WIDE * WIDE };

static float wide_source[WIDE_ELEMENTS], wide_gradient[WIDE_ELEMENTS];
static float wide_expected[WIDE_ELEMENTS], wide_actual[WIDE_ELEMENTS];

static void wide_run(poolgrad_kind kind, float *destination, int threads)
{
    poolgrad_problem p = poolgrad_small_problem(kind, POOLGRAD_EDGE_CLAMP, SQUARE(3, 1, 1), 0, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.threads = threads;
    p.source = poolgrad_const_image_dense(wide_source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, WIDE_CHANNELS, WIDE, WIDE);
    p.source_gradient = p.source;
    p.source_gradient.data = wide_gradient;
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, WIDE_CHANNELS, WIDE, WIDE);
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
}

Test(specification, threads_do_not_inherit_the_environment)
{
    uint32_t state = 12345;
    for (int i = 0; i < WIDE_ELEMENTS; ++i) {
        state = state * 1664525u + 1013904223u;
        uint32_t image = state >> 8 & 0x00ffffff, gradient = (state >> 4 & 0x00ffffff) | (i % 3 ? 0x3f000000u : 0);
        memcpy(&wide_source[i], &image, sizeof image); /* many of both are subnormal */
        memcpy(&wide_gradient[i], &gradient, sizeof gradient);
    }
    for (int k = 0; k < KINDS; ++k) {
        cr_assert(fesetround(FE_TONEAREST) == 0);
        wide_run(every_kind[k], wide_expected, 1);
        cr_assert(fesetround(FE_UPWARD) == 0);
#ifdef HAS_MXCSR
        _mm_setcsr(_mm_getcsr() | MXCSR_FTZ | MXCSR_DAZ);
#endif
        wide_run(every_kind[k], wide_actual, 2);
#ifdef HAS_MXCSR
        _mm_setcsr(MXCSR_DEFAULT);
#endif
        cr_assert(fesetround(FE_TONEAREST) == 0);
        cr_expect(memcmp(wide_actual, wide_expected, sizeof wide_actual) == 0, "kind %d", (int)every_kind[k]);
    }
}
