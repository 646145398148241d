/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The third axis: its rules by problems worked out by hand, whose expected volumes are literals, and what must hold for
 * every volume, shown on random ones.
 */
#include "support/case.h"
#include "support/literal.h"
#include "support/report.h"
#include "support/small.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOLUME(depth, plane) poolgrad_small_volume(depth, plane)

static poolgrad_problem problem(poolgrad_kind kind, poolgrad_edge_mode edge_mode, poolgrad_window window,
                                int64_t offset_z)
{
    poolgrad_problem p = poolgrad_small_problem(kind, edge_mode, window, 0, 0);
    p.offset_z = offset_z;
    return p;
}

static void forward_is(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small expected)
{
    cr_expect(poolgrad_small_forward(name, &p, source, expected, NO_PLANE), "%s", name);
}

static void picks_are(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small expected,
                      poolgrad_small picks)
{
    cr_expect(poolgrad_small_forward(name, &p, source, expected, picks), "%s", name);
}

static void gradient_is(const char *name, poolgrad_problem p, poolgrad_small source, poolgrad_small gradient,
                        poolgrad_small expected)
{
    cr_expect(poolgrad_small_gradient(name, &p, source, gradient, NO_PLANE, NO_PLANE, expected), "%s", name);
}

/* ---- Windows through the volume ---------------------------------------------------------------------------------- */

/* Three planes of 2x2; windows of 2x2x2, the first at the corner: planes {0, 1} and {1, 2}. */
Test(volume, windows_of_two_by_two_by_two)
{
    const poolgrad_small rising = VOLUME(3, F32(6, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    const poolgrad_small falling = VOLUME(3, F32(6, 2, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12));
    const poolgrad_small size = VOLUME(3, SIZE_ONLY(6, 2));
    for (int m = 0; m < 2; ++m) {
        poolgrad_problem p = problem(POOLGRAD_AVERAGE, (poolgrad_edge_mode)m, CUBE(2, 1, 1), 1);
        p.offset_x = p.offset_y = 1;
        forward_is("average", p, rising, VOLUME(2, F32(2, 1, 4.5f, 8.5f)));
        gradient_is("average", p, size, VOLUME(2, F32(2, 1, 8, 16)),
                    VOLUME(3, F32(6, 2, 1, 1, 1, 1, 3, 3, 3, 3, 2, 2, 2, 2)));
        p.kind = POOLGRAD_MAX;
        picks_are("max", p, rising, VOLUME(2, F32(2, 1, 8, 12)), VOLUME(2, I32(2, 1, 7, 11)));
        picks_are("max, taps", p, rising, VOLUME(2, F32(2, 1, 8, 12)), VOLUME(2, T8(2, 1, 7, 7)));
        picks_are("max, falling", p, falling, VOLUME(2, F32(2, 1, -1, -5)), VOLUME(2, I64(2, 1, 0, 4)));
        picks_are("max, falling, taps", p, falling, VOLUME(2, F32(2, 1, -1, -5)), VOLUME(2, T16(2, 1, 0, 0)));
        gradient_is("max, falling", p, falling, VOLUME(2, F32(2, 1, 10, 20)),
                    VOLUME(3, F32(6, 2, 10, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0)));
        p.kind = POOLGRAD_L2NORM; /* ones: the root of 8 taps, 2 sqrt(2); a gradient of 8 over it is 2 sqrt(2) */
        gradient_is("norm", p, VOLUME(2, F32(4, 2, 2, 2, 2, 2, 2, 2, 2, 2)), VOLUME(1, F32(1, 1, 8)),
                    VOLUME(2, F32(4, 2, 2.8284271f, 2.8284271f, 2.8284271f, 2.8284271f, 2.8284271f, 2.8284271f,
                                  2.8284271f, 2.8284271f)));
    }
}

/* Kernel, stride and dilation of each axis are its own: columns {0, 2}; rows {0, 1}; planes {0}, {2}. */
Test(volume, axes_are_independent)
{
    const poolgrad_window window = {2, 2, 1, 1, 1, 2, 2, 1, 1};
    const poolgrad_small ramp = VOLUME(3, F32(6, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18));
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, window, 0);
    p.offset_x = p.offset_y = 1;
    picks_are("max", p, ramp, VOLUME(2, F32(2, 1, 6, 18)), VOLUME(2, I32(2, 1, 5, 17)));
    picks_are("max, taps", p, ramp, VOLUME(2, F32(2, 1, 6, 18)), VOLUME(2, T32(2, 1, 3, 3)));
    p.kind = POOLGRAD_AVERAGE; /* (1 + 3 + 4 + 6) / 4 */
    forward_is("average", p, ramp, VOLUME(2, F32(2, 1, 3.5f, 15.5f)));
    gradient_is("average", p, VOLUME(3, SIZE_ONLY(6, 3)), VOLUME(2, F32(2, 1, 4, 8)),
                VOLUME(3, F32(6, 3, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 2, 2, 0, 2)));
}

/* A pixel of plane z is 2^z, so a sum of taps is the set of planes read. */
Test(volume, taps_along_the_depth)
{
    static const int64_t cases[][4] = {{1, 1, 5, 0x20},  {2, 1, 5, 0x30},  {3, 1, 5, 0x70}, {4, 1, 5, 0x78},
                                       {2, 3, 5, 0x48},  {3, 2, 5, 0xa8},  {2, 3, 1, 0x04}, {2, 1, 0, 0x01},
                                       {3, 2, 7, 0xa0},  {4, 1, 10, 0x00}, {3, 3, 5, 0x24}, {2, 5, 5, 0x84},
                                       {3, 2, -2, 0x01}, {3, 2, -3, 0x00}};
    const poolgrad_small powers = VOLUME(8, F32(8, 1, 1, 2, 4, 8, 16, 32, 64, 128));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const int64_t k = cases[i][0], d = cases[i][1], offset = cases[i][2], taps = cases[i][3];
        char name[64];
        snprintf(name, sizeof name, "kernel %d dilation %d offset %d", (int)k, (int)d, (int)offset);
        forward_is(name, problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_Z(k, 1, d), offset), powers,
                   F32(1, 1, (float)taps / (float)k));
    }
}

/* A window that reaches outside along one axis only lies outside there, whatever the other axes say. */
Test(volume, a_plane_has_an_outside_along_the_third_axis)
{
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_Z(1, 1, 1), 1);
    picks_are("behind the only plane", p, F32(1, 2, 5, 6), F32(1, 2, 0, 0), I32(1, 2, -1, -1));
    p.offset_z = -1;
    gradient_is("before it", p, F32(1, 2, 5, 6), F32(1, 2, 5, 6), F32(1, 2, 0, 0));
    p.window = ALONG_Z(3, 1, 1);
    p.offset_z = 0;
    picks_are("around it", p, F32(1, 2, 5, 6), F32(1, 2, 5, 6), I32(1, 2, 0, 1));
}

/* ---- Edges ------------------------------------------------------------------------------------------------------- */

Test(volume, average_counts_along_the_depth)
{
    const poolgrad_small image = VOLUME(4, F32(4, 1, 3, 6, 9, 12));
    poolgrad_problem p = problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_Z(3, 1, 1), 0);
    forward_is("zero", p, image, VOLUME(4, F32(4, 1, 3, 6, 9, 7)));
    gradient_is("zero", p, image, image, VOLUME(4, F32(4, 1, 3, 6, 9, 7)));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    forward_is("clamp", p, image, VOLUME(4, F32(4, 1, 4.5f, 6, 9, 10.5f)));
    gradient_is("clamp", p, image, image, VOLUME(4, F32(4, 1, 3.5f, 6.5f, 11, 9)));
    p.zero_pad_x = p.zero_pad_y = 3;
    forward_is("clamp, padding of other axes", p, image, VOLUME(4, F32(4, 1, 4.5f, 6, 9, 10.5f)));
    p.zero_pad_z = 1;
    forward_is("clamp, padding 1", p, image, VOLUME(4, F32(4, 1, 3, 6, 9, 7)));
    gradient_is("clamp, padding 1", p, image, image, VOLUME(4, F32(4, 1, 3, 6, 9, 7)));
    p.zero_pad_z = 0;
    p.zero_pad_front = 1;
    forward_is("clamp, in front", p, image, VOLUME(4, F32(4, 1, 3, 6, 9, 10.5f)));
    p.zero_pad_front = 0;
    p.zero_pad_back = 1;
    forward_is("clamp, at the back", p, image, VOLUME(4, F32(4, 1, 4.5f, 6, 9, 7)));
}

/* A corner of 3x3x3 windows around a 2x2x2 volume: 8 taps inside, 27 in all; padding adds factors of 3 for 2. */
Test(volume, average_counts_in_three_dimensions)
{
    const poolgrad_small size = VOLUME(2, SIZE_ONLY(4, 2)), g = F32(1, 1, 216);
    static const float shares[] = {27, 18, 12, 8, 8};
    poolgrad_problem p = problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, CUBE(3, 1, 1), 0);
    for (int i = 0; i < 5; ++i) {
        const float s = shares[i];
        if (i == 1) p.zero_pad_x = 1;
        if (i == 2) p.zero_pad_y = 1;
        if (i == 3) p.zero_pad_z = 1;
        if (i == 4) p.edge_mode = POOLGRAD_EDGE_ZERO;
        gradient_is("gradient", p, size, g, VOLUME(2, F32(4, 2, s, s, s, s, s, s, s, s)));
    }
}

/* Planes -5, -2, -3 in windows of 3: the first and the last one have a tap outside. */
Test(volume, max_and_the_edge)
{
    const poolgrad_small image = VOLUME(3, F32(3, 1, -5, -2, -3)), g = VOLUME(3, F32(3, 1, 1, 10, 100));
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, ALONG_Z(3, 1, 1), 0);
    picks_are("zero", p, image, VOLUME(3, F32(3, 1, 0, -2, 0)), VOLUME(3, I32(3, 1, -1, 1, -1)));
    gradient_is("zero", p, image, g, VOLUME(3, F32(3, 1, 0, 10, 0)));
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    picks_are("clamp", p, image, VOLUME(3, F32(3, 1, -2, -2, -2)), VOLUME(3, T8(3, 1, 2, 1, 0)));
    gradient_is("clamp", p, image, g, VOLUME(3, F32(3, 1, 0, 111, 0)));
}

/* ---- Ties, NaNs and order ---------------------------------------------------------------------------------------- */

/* Two planes of one row: 5 7 | 7 5. The 7 of the first plane comes first, though its column is the last. */
Test(volume, ties_through_the_volume)
{
    const poolgrad_small image = VOLUME(2, F32(2, 2, 5, 7, 7, 5)), g = F32(1, 1, 4);
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, (poolgrad_window){2, 1, 2, 1, 1, 1, 1, 1, 1}, 1);
    p.offset_x = 1;
    picks_are("first", p, image, F32(1, 1, 7), I32(1, 1, 1));
    gradient_is("first", p, image, g, VOLUME(2, F32(2, 2, 0, 4, 0, 0)));
    p.ties = POOLGRAD_TIES_LAST;
    picks_are("last", p, image, F32(1, 1, 7), T8(1, 1, 2));
    gradient_is("last", p, image, g, VOLUME(2, F32(2, 2, 0, 0, 4, 0)));
    p.ties = POOLGRAD_TIES_ALL;
    gradient_is("all", p, image, g, VOLUME(2, F32(2, 2, 0, 4, 4, 0)));
    p.ties = POOLGRAD_TIES_SPLIT;
    gradient_is("split", p, image, g, VOLUME(2, F32(2, 2, 0, 2, 2, 0)));
}

Test(volume, nans_through_the_volume)
{
    const poolgrad_small image = VOLUME(2, F32(2, 2, 3, (float)NAN, (float)NAN, 9)), g = F32(1, 1, 4);
    const poolgrad_small nan = B32(1, 1, 0x7fc00000);
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, (poolgrad_window){2, 1, 2, 1, 1, 1, 1, 1, 1}, 1);
    p.offset_x = 1;
    picks_are("first", p, image, nan, I64(1, 1, 1));
    gradient_is("first", p, image, g, VOLUME(2, F32(2, 2, 0, 4, 0, 0)));
    p.nan = POOLGRAD_NAN_LAST;
    picks_are("last", p, image, nan, T16(1, 1, 2));
    gradient_is("last", p, image, g, VOLUME(2, F32(2, 2, 0, 0, 4, 0)));
    p.nan = POOLGRAD_NAN_IGNORE;
    picks_are("ignore", p, image, F32(1, 1, 9), I32(1, 1, 3));
    gradient_is("ignore", p, image, g, VOLUME(2, F32(2, 2, 0, 0, 0, 4)));
}

/* 1 is lost beside 2^24. In the order depth, row, column three of the ones come behind -2^24; row, depth, column would
 * leave four and more. */
#define ORDER 16777216, 1, 1, 1, -16777216, 1, 1, 1

Test(volume, taps_add_in_row_major_order)
{
    poolgrad_problem p = problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, CUBE(2, 1, 1), 1);
    p.offset_x = p.offset_y = 1;
    forward_is("float32", p, VOLUME(2, F32(4, 2, ORDER)), F32(1, 1, 0.375f));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    forward_is("float64", p, VOLUME(2, F32(4, 2, ORDER)), F32(1, 1, 0.75f));
}

/* One pixel, which all eight windows meet. */
Test(volume, windows_add_in_row_major_order)
{
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, CUBE(2, 1, 1), 0);
    gradient_is("float32", p, F32(1, 1, 7), VOLUME(2, F32(4, 2, ORDER)), F32(1, 1, 3));
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    gradient_is("float64", p, F32(1, 1, 7), VOLUME(2, F32(4, 2, ORDER)), F32(1, 1, 6));
}

/* ---- Where the result lands -------------------------------------------------------------------------------------- */

/* Eight planes; windows {2, 3, 4}, {4, 5, 6}, {6, 7, 8}, gradients 3, 30, 300. */
static poolgrad_problem along_depth(void)
{
    return problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, ALONG_Z(3, 2, 1), 3);
}

static void lands(const char *name, poolgrad_problem p, poolgrad_small expected)
{
    const poolgrad_small before = VOLUME(8, F32(8, 1, 9, 9, 9, 9, 9, 9, 9, 9));
    cr_expect(poolgrad_small_gradient(name, &p, VOLUME(8, SIZE_ONLY(8, 1)), VOLUME(3, F32(3, 1, 3, 30, 300)), NO_PLANE,
                                      before, VOLUME(8, expected)),
              "%s", name);
}

Test(volume, clip_and_mapping)
{
    poolgrad_problem p = along_depth();
    lands("source", p, F32(8, 1, 0, 0, 1, 1, 11, 10, 110, 100));
    p.clip.z = 1;
    p.clip.depth = 4;
    lands("source, clip", p, F32(8, 1, 9, 0, 1, 1, 11, 9, 9, 9));
    p.mapping = POOLGRAD_MAPPING_CLIP;
    lands("clip, clip", p, F32(8, 1, 9, 1, 1, 11, 10, 9, 9, 9));
    p.clip.z = 0;
    p.clip.depth = POOLGRAD_ALL;
    lands("clip", p, F32(8, 1, 1, 1, 11, 10, 110, 100, 0, 0));
    p.clip.z = 6;
    p.clip.depth = 5;
    lands("a clip that reaches over the end", p, F32(8, 1, 9, 9, 9, 9, 9, 9, 1, 1));
}

Test(volume, regions_and_kernel_offsets)
{
    poolgrad_problem p = along_depth();
    p.kernel_offset_z = 1; /* {1, 2, 3}, {3, 4, 5}, {5, 6, 7} */
    lands("kernel offset", p, F32(8, 1, 0, 1, 1, 11, 10, 110, 100, 100));
    p = along_depth();
    p.gradient_region.z = -1; /* {4, 5, 6}, {6, 7, 8}, outside */
    lands("a region from -1 on", p, F32(8, 1, 0, 0, 0, 0, 1, 1, 11, 10));
    p.gradient_region.z = 1; /* 30 in {2, 3, 4}, 300 in {4, 5, 6} */
    lands("a region from 1 on", p, F32(8, 1, 0, 0, 10, 10, 110, 100, 100, 0));
    p.gradient_region.depth = 1;
    lands("a region of one plane", p, F32(8, 1, 0, 0, 10, 10, 10, 0, 0, 0));
    p.gradient_region.z = 3;
    lands("a region behind the last plane", p, F32(8, 1, 0, 0, 0, 0, 0, 0, 0, 0));
}

Test(volume, forward_clip)
{
    const poolgrad_small image = VOLUME(4, F32(4, 1, 1, 2, 3, 4));
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_Z(1, 1, 1), 1);
    p.clip.z = 2; /* the first window, at plane 1, belongs to pixel 2 */
    float found[4] = {9, 9, 9, 9};
    poolgrad_error error = {"", ""};
    p.source = poolgrad_const_image_dense_3d(image.data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 1, 1);
    p.destination = poolgrad_image_dense_3d(found, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 1, 4, 1, 1);
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(found[0] == 9 && found[1] == 9 && found[2] == 2 && found[3] == 3, "%g %g %g %g", (double)found[0],
              (double)found[1], (double)found[2], (double)found[3]);
}

/* A destination deeper than the source stands for nothing behind the source. */
Test(volume, destinations_of_another_depth)
{
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_Z(1, 1, 1), 0);
    gradient_is("deeper", p, VOLUME(2, F32(2, 1, 1, 2)), VOLUME(2, F32(2, 1, 3, 4)), VOLUME(3, F32(3, 1, 3, 4, 0)));
    gradient_is("a plane", p, VOLUME(2, F32(2, 1, 1, 2)), VOLUME(2, F32(2, 1, 3, 4)), F32(1, 1, 3));
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

static void expect_strides(const poolgrad_image *i, int64_t n, int64_t c, int64_t z, int64_t y, int64_t x)
{
    cr_expect(i->images == 2 && i->channels == 3 && i->depth == 4 && i->height == 5 && i->width == 6);
    cr_expect(i->image_stride == n && i->channel_stride == c && i->depth_stride == z && i->row_stride == y &&
                  i->column_stride == x,
              "%lld %lld %lld %lld %lld", (long long)i->image_stride, (long long)i->channel_stride,
              (long long)i->depth_stride, (long long)i->row_stride, (long long)i->column_stride);
}

Test(volume, dense_views)
{
    static float data[2 * 3 * 4 * 5 * 6];
    poolgrad_image image = poolgrad_image_dense_3d(data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 3, 4, 5, 6);
    poolgrad_const_image read = poolgrad_const_image_dense_3d(data, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 2, 3, 4, 5, 6);
    const poolgrad_image last = view_writable(&read);
    expect_strides(&image, 360, 120, 30, 6, 1);
    expect_strides(&last, 360, 1, 90, 18, 3);
    cr_expect(poolgrad_image_set(&image, 1, 2, 3, 4, 5, 7) == POOLGRAD_OK && data[719] == 7);
    cr_expect(poolgrad_image_set(&image, 0, 1, 2, 3, 4, 8) == POOLGRAD_OK && data[120 + 60 + 18 + 4] == 8);
    cr_expect(poolgrad_image_set(&last, 1, 0, 2, 1, 3, 9) == POOLGRAD_OK && data[360 + 180 + 18 + 9] == 9);
    cr_expect(poolgrad_const_image_get(&read, 1, 0, 2, 1, 3) == 9);
    cr_expect(isnan(poolgrad_image_get(&image, 0, 0, 4, 0, 0)) && isnan(poolgrad_image_get(&image, 0, 0, -1, 0, 0)));
    cr_expect(poolgrad_image_set(&image, 0, 0, 4, 0, 0, 1) == POOLGRAD_INVALID);
    cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK);
}

/* The planes of a volume may not fold onto each other where they are written. */
Test(volume, planes_that_fold)
{
    float source[12] = {0}, found[12] = {0};
    poolgrad_error error = {"", ""};
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_Z(1, 1, 1), 0);
    p.source = poolgrad_const_image_dense_3d(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 3, 2, 2);
    p.destination = poolgrad_image_dense_3d(found, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 3, 2, 2);
    p.source.depth_stride = 1;
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_OK, "what is read may fold: %s", error.message);
    p.destination.depth_stride = 3;
    cr_expect(poolgrad_small_refusal(poolgrad_check(&p, &error), &error), "\"%s\"", error.message);
    p.destination.depth_stride = 0;
    cr_expect(poolgrad_small_refusal(poolgrad_check(&p, &error), &error), "\"%s\"", error.message);
    p.destination.depth_stride = 4;
    p.source.depth_stride = 0;
    cr_expect(poolgrad_small_refusal(poolgrad_check(&p, &error), &error), "\"%s\"", error.message);
    p.source.expanded = 1;
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_OK, "%s", error.message);
}

/* Places count through the volume: an int32 numbers 2^31 pixels. */
Test(volume, indices_of_32_bits_number_31_bits_of_pixels)
{
    float element = 0, result = 0;
    int32_t pick = 0;
    poolgrad_error error = {"", ""};
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_Z(1, 1, 1), 0);
    p.source = poolgrad_const_image_dense_3d(&element, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1 << 11, 1 << 10,
                                             1 << 10);
    p.source.depth_stride = p.source.row_stride = p.source.column_stride = 0;
    p.source.expanded = 1;
    p.destination = poolgrad_image_dense(&result, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.picks = poolgrad_image_dense(&pick, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.offset_z = (1 << 11) - 1;
    p.offset_y = p.offset_x = (1 << 10) - 1;
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK && pick == INT32_MAX, "%s", error.message);
    p.source.depth = (1 << 11) + 1;
    cr_expect(poolgrad_small_refusal(poolgrad_check(&p, &error), &error) && strncmp(error.field, "picks", 5) == 0,
              "\"%s\"", error.message);
}

/* 2^8 taps are one more than a byte numbers. */
Test(volume, taps_of_a_byte)
{
    static float source[256];
    float result = 0;
    uint8_t pick = 0;
    poolgrad_error error = {"", ""};
    poolgrad_problem p = problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, (poolgrad_window){3, 5, 17, 1, 1, 1, 1, 1, 1}, 8);
    for (int i = 0; i < 255; ++i) source[i] = (float)i;
    p.offset_y = 2;
    p.offset_x = 1;
    p.source = poolgrad_const_image_dense_3d(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 17, 5, 3);
    p.destination = poolgrad_image_dense(&result, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.picks = poolgrad_image_dense(&pick, POOLGRAD_TAP8, POOLGRAD_NCHW, 1, 1, 1, 1);
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK && pick == 254 && result == 254, "%s", error.message);
    p.window = (poolgrad_window){4, 4, 16, 1, 1, 1, 1, 1, 1};
    cr_expect(poolgrad_small_refusal(poolgrad_check(&p, &error), &error) && strncmp(error.field, "picks", 5) == 0,
              "\"%s\"", error.message);
}

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

enum { SIDE = 56, LAYERS = 20, CHANNELS = 2, PIXELS = CHANNELS * LAYERS * SIDE * SIDE };

static float large_x[PIXELS], large_g[PIXELS];

/* Windows of 3 that overlap, in every pixel of a volume of a hundred thousand taps and more. */
static poolgrad_problem large_volume(poolgrad_kind kind, poolgrad_direction direction, float *result)
{
    random_state r = {(uint64_t)kind + 1};
    for (int i = 0; i < PIXELS; ++i) large_x[i] = (float)random_between(&r, -99, 99) / 7;
    for (int i = 0; i < PIXELS; ++i) large_g[i] = (float)random_between(&r, -99, 99) / 9;
    for (int i = 0; i < PIXELS; ++i) result[i] = 1;
    poolgrad_problem p = problem(kind, POOLGRAD_EDGE_CLAMP, CUBE(3, 1, 1), 0);
    p.direction = direction;
    p.source = poolgrad_const_image_dense_3d(large_x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, CHANNELS, LAYERS, SIDE, SIDE);
    p.destination = poolgrad_image_dense_3d(result, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, LAYERS, SIDE, SIDE);
    if (direction == POOLGRAD_GRADIENT)
        p.source_gradient = poolgrad_const_image_dense_3d(large_g, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, CHANNELS, LAYERS,
                                                          SIDE, SIDE);
    return p;
}

/* Any number of threads, and units in pieces on threads of the caller's. */
Test(volume, threads_share_a_volume)
{
    static float expected[PIXELS], found[PIXELS];
    for (int i = 0; i < 6; ++i) {
        poolgrad_error error = {"", ""};
        poolgrad_plan *plan;
        bool several = false;
        poolgrad_problem p = large_volume((poolgrad_kind)(i / 2), (poolgrad_direction)(i % 2), expected);
        literal_run(&p);
        for (int threads = 0; threads < 4; ++threads) {
            p = large_volume((poolgrad_kind)(i / 2), (poolgrad_direction)(i % 2), found);
            p.threads = threads;
            cr_assert(poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK, "%s", error.message);
            cr_expect(poolgrad_plan_units(plan) > 1);
            poolgrad_plan_run(plan);
            poolgrad_plan_destroy(plan);
            cr_expect(memcmp(found, expected, sizeof found) == 0, "case %d, %d threads", i, threads);
        }
        p = large_volume((poolgrad_kind)(i / 2), (poolgrad_direction)(i % 2), found);
        cr_assert(trial_run_in_pieces(&p, 77, &several));
        cr_expect(several && memcmp(found, expected, sizeof found) == 0, "case %d in pieces", i);
    }
}

/* ---- Other axes -------------------------------------------------------------------------------------------------- */

enum { Z, Y, X, AXES, IMAGES = 5, FIELDS = 12 + 2 * IMAGES };

/* What a problem has along each axis, its images' sizes and strides at the end. */
typedef struct fields {
    int64_t *of[AXES][FIELDS];
    poolgrad_table *table[AXES];
} fields;

#define ALONG(name, z, y, x)                                                                                           \
    f.of[Z][i] = &(name)->z;                                                                                           \
    f.of[Y][i] = &(name)->y;                                                                                           \
    f.of[X][i++] = &(name)->x

static fields fields_of(poolgrad_problem *p, poolgrad_image images[IMAGES])
{
    fields f = {.table = {&p->windows_z, &p->windows_y, &p->windows_x}};
    int i = 0;
    ALONG(&p->window, kernel_depth, kernel_height, kernel_width);
    ALONG(&p->window, stride_z, stride_y, stride_x);
    ALONG(&p->window, dilation_z, dilation_y, dilation_x);
    ALONG(p, offset_z, offset_y, offset_x);
    ALONG(p, kernel_offset_z, kernel_offset_y, kernel_offset_x);
    ALONG(p, zero_pad_z, zero_pad_y, zero_pad_x);
    ALONG(p, zero_pad_front, zero_pad_top, zero_pad_left);
    ALONG(p, zero_pad_back, zero_pad_bottom, zero_pad_right);
    ALONG(&p->gradient_region, z, y, x);
    ALONG(&p->gradient_region, depth, height, width);
    ALONG(&p->clip, z, y, x);
    ALONG(&p->clip, depth, height, width);
    for (int k = 0; k < IMAGES; ++k) {
        ALONG(&images[k], depth, height, width);
        ALONG(&images[k], depth_stride, row_stride, column_stride);
    }
    return f;
}

/* The same problem, and the same memory, with axis i of the new one being axis order[i] of the old one. */
static poolgrad_problem turned(const poolgrad_problem *p, const int order[AXES])
{
    poolgrad_problem t = *p, old = *p;
    const poolgrad_image all[IMAGES] = {view_writable(&p->source), view_writable(&p->source_gradient), p->destination,
                                        view_writable(&p->indices), p->picks};
    poolgrad_image from[IMAGES], to[IMAGES];
    memcpy(from, all, sizeof from);
    memcpy(to, all, sizeof to);
    const fields a = fields_of(&old, from), b = fields_of(&t, to);
    for (int k = 0; k < IMAGES; ++k) from[k].depth = view_depth(&from[k]);
    for (int i = 0; i < 3; ++i) *a.of[Z][i] = view_depth_of(*a.of[Z][i]); /* 0 says 1 along the third axis alone */
    for (int axis = 0; axis < AXES; ++axis) {
        for (int i = 0; i < FIELDS; ++i) *b.of[axis][i] = *a.of[order[axis]][i];
        *b.table[axis] = *a.table[order[axis]];
    }
    t.source = view_read(to[0]);
    if (p->source_gradient.format != POOLGRAD_FORMAT_NONE) t.source_gradient = view_read(to[1]);
    t.destination = to[2];
    if (p->indices.format != POOLGRAD_FORMAT_NONE) t.indices = view_read(to[3]);
    if (p->picks.format != POOLGRAD_FORMAT_NONE) t.picks = to[4];
    return t;
}

/* A depth of 0 is none, and so is that of a region. */
static bool has_turned(const poolgrad_problem *p)
{
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    const poolgrad_region *regions[] = {&p->clip, &p->gradient_region};
    for (int i = 0; i < 1 + gradient; ++i)
        if (regions[i]->width == 0 || regions[i]->height == 0) return false;
    return !view_is_empty(&p->source) && !view_is_empty(&p->destination) &&
           !(gradient && view_is_empty(&p->source_gradient));
}

static bool is_same_turned(test_case *made, const int order[AXES], bool *telling)
{
    if (!has_turned(&made->problem)) return true;
    const poolgrad_problem p = turned(&made->problem, order);
    bool held = trial_run(&made->problem);
    unsigned char *destination = trial_take(&made->destination), *picks = trial_take(&made->picks);
    *telling = held && memcmp(destination, made->destination.kept, made->destination.size) != 0;
    held = held && trial_run(&p) && trial_same_buffers(made, destination, picks);
    free(destination);
    free(picks);
    return held;
}

/* Rows that become planes, and columns rows or not: nothing changes the order of taps, windows and places. */
static bool check_on_its_side(test_case *made, bool *telling)
{
    static const int orders[2][AXES] = {{Y, X, Z}, {Y, Z, X}};
    return is_same_turned(made, orders[made->seed % 2], telling);
}

/* A plane gives its bits as a volume of width or height 1: every kind, rule and format, picks and indices. */
Test(volume, planes_on_their_side)
{
    const case_limits limits = {.no_slices = true, .beyond = CASE_BEYOND & ~CASE_VOLUMES};
    trial_sweep("volume", "planes_on_their_side", 3000, 70, &limits, check_on_its_side);
}

static bool check_turned(test_case *made, bool *telling)
{
    static const int orders[5][AXES] = {{X, Y, Z}, {Y, Z, X}, {Z, X, Y}, {X, Z, Y}, {Y, X, Z}};
    return is_same_turned(made, orders[made->seed % 5], telling);
}

/* Where all sums are exact, and all ties are picked, the order of the axes is of no effect. Numbers of taps that count
 * or tie are at most 8. */
Test(volume, axes_trade_places)
{
    const unsigned wide = CASE_SET(POOLGRAD_FLOAT64);
    case_limits limits = {.kinds = CASE_SET(POOLGRAD_AVERAGE) | CASE_SET(POOLGRAD_MAX),
                          .ties = CASE_SET(POOLGRAD_TIES_ALL) | CASE_SET(POOLGRAD_TIES_SPLIT),
                          .source_formats = wide,
                          .gradient_formats = wide,
                          .destination_formats = wide,
                          .greatest_kernel = 2,
                          .no_indices = true,
                          .from_data = true,
                          .no_slices = true,
                          .data = DATA_WHOLE,
                          .unit = 840,
                          .beyond = CASE_VOLUMES | CASE_TABLES | CASE_SIDES};
    trial_sweep("volume", "axes_trade_places", 2000, 60, &limits, check_turned);
    limits.directions = CASE_SET(POOLGRAD_FORWARD);
    limits.kinds = 0;
    limits.beyond = CASE_BEYOND;
    trial_sweep("volume", "axes_trade_places", 1000, 60, &limits, check_turned);
}
