/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts with slices of 4, 8, 16 and 32 channels: where elements lie, and what unused lanes hold. */
#include "support/sentence.h"
#include "support/small.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    poolgrad_layout layout;
    int64_t lanes;
    const char *name;
} blocked[] = {{POOLGRAD_NC4HW4, 4, "nc4hw4"},
               {POOLGRAD_NC8HW8, 8, "nc8hw8"},
               {POOLGRAD_NC16HW16, 16, "nc16hw16"},
               {POOLGRAD_NC32HW32, 32, "nc32hw32"}};

enum { BLOCKED = sizeof blocked / sizeof *blocked, MOST_LANES = 32 };

Test(blocked, names_and_values)
{
    cr_expect(POOLGRAD_NC4HW4 == 2 && POOLGRAD_NC8HW8 == 3 && POOLGRAD_NC16HW16 == 4 && POOLGRAD_NC32HW32 == 5);
    for (int i = 0; i < BLOCKED; ++i) cr_expect_str_eq(poolgrad_layout_name(blocked[i].layout), blocked[i].name);
    cr_expect(poolgrad_layout_name((poolgrad_layout)6) == NULL);
}

/* [N][ceil(C / B)][H][W][B], 2 images of B + 3 channels, 3 x 5 pixels: two slices. */
Test(blocked, dense_strides)
{
    static float data[2 * 2 * 15 * MOST_LANES];
    for (int i = 0; i < BLOCKED; ++i) {
        const int64_t b = blocked[i].lanes;
        const poolgrad_image m = poolgrad_image_dense(data, POOLGRAD_FLOAT32, blocked[i].layout, 2, b + 3, 3, 5);
        cr_expect(m.column_stride == b && m.row_stride == 5 * b && m.channel_stride == 15 * b &&
                      m.image_stride == 30 * b,
                  "%s", blocked[i].name);
        memset(data, 0, sizeof data);
        cr_expect(poolgrad_image_set(&m, 1, b + 2, 0, 2, 4, 7) == POOLGRAD_OK && data[60 * b - b + 2] == 7, "%s",
                  blocked[i].name);
        cr_expect(poolgrad_image_set(&m, 0, b - 1, 0, 1, 2, 8) == POOLGRAD_OK && data[7 * b + b - 1] == 8, "%s",
                  blocked[i].name);
        cr_expect(isnan(poolgrad_image_get(&m, 0, b + 3, 0, 0, 0)), "an unused lane of %s", blocked[i].name);
        cr_expect(poolgrad_image_set(&m, 0, b + 3, 0, 0, 0, 1) == POOLGRAD_INVALID);
    }
}

/* 2 x 1 x 2 pixels: the bytes themselves. */
Test(blocked, slices_of_eight_in_memory)
{
    float x[32], found[32];
    poolgrad_error error = {"", ""};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, ALONG_X(2, 1, 1), 1, 0);
    for (int i = 0; i < 32; ++i) x[i] = (float)i; /* slice, pixel, lane: channels 0 .. 9 */
    for (int i = 0; i < 32; ++i) found[i] = -9;
    p.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, POOLGRAD_NC8HW8, 1, 10, 1, 2);
    p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, POOLGRAD_NC8HW8, 1, 10, 1, 1);
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    for (int lane = 0; lane < 8; ++lane) {
        cr_expect(found[lane] == (float)(8 + lane), "lane %d: %g", lane, (double)found[lane]);
        cr_expect(found[8 + lane] == (lane < 2 ? (float)(24 + lane) : 0) && !signbit(found[8 + lane]), "lane %d: %g",
                  lane, (double)found[8 + lane]);
    }
    for (int i = 16; i < 32; ++i) cr_expect(found[i] == -9);
}

/* Two slices, the second one with one channel; `written` of them from `first` on, one pixel of two. */
static void expect_lanes(int i, poolgrad_direction direction, int64_t first, int64_t written, bool cleared)
{
    const int64_t b = blocked[i].lanes, channels = b + 1;
    static float x[4 * MOST_LANES], found[4 * MOST_LANES];
    poolgrad_error error = {"", ""};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
    for (int k = 0; k < 4 * MOST_LANES; ++k) x[k] = NAN;
    for (int k = 0; k < 4 * MOST_LANES; ++k) found[k] = 5;
    const poolgrad_image to = poolgrad_image_dense(found, POOLGRAD_FLOAT32, blocked[i].layout, 1, channels, 1, 2);
    const poolgrad_const_image from = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, blocked[i].layout, 1, channels, 1,
                                                                 2);
    const poolgrad_image values = view_writable(&from);
    for (int64_t c = 0; c < channels; ++c) poolgrad_image_set(&values, 0, c, 0, 0, 0, (double)c);
    p.direction = direction;
    p.source = p.source_gradient = from;
    p.destination = to;
    p.clip.width = 1;
    p.source_channel_offset = p.gradient_channel_offset = p.destination_channel_offset = first;
    p.source_channel_count = p.gradient_channel_count = written;
    p.add_to_destination = direction == POOLGRAD_GRADIENT;
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    for (int64_t c = 0; c < 2 * b; ++c)
        for (int64_t column = 0; column < 2; ++column) {
            const bool inside = column == 0 && c >= first && c < first + written;
            float expected = inside ? (float)c : 5;
            if (inside && p.add_to_destination) expected += 5;
            if (column == 0 && cleared && c >= channels) expected = 0;
            const float is = found[c / b * 2 * b + column * b + c % b];
            cr_expect(is == expected && signbit(is) == signbit(expected), "%s, channel %d, column %d: %g",
                      blocked[i].name, (int)c, (int)column, (double)is);
        }
}

/* Unused lanes of a written pixel become +0 where the channels that are written reach into the last slice. */
Test(blocked, unused_lanes)
{
    for (int i = 0; i < 2 * BLOCKED; ++i) {
        const poolgrad_direction direction = (poolgrad_direction)(i % 2);
        const int64_t b = blocked[i / 2].lanes;
        expect_lanes(i / 2, direction, 0, b + 1, true);
        expect_lanes(i / 2, direction, b, 1, true);
        expect_lanes(i / 2, direction, 0, b, false);
        expect_lanes(i / 2, direction, 1, 1, false);
    }
}

/* A pick of none is -1, and an unused lane 0. */
Test(blocked, unused_lanes_of_picks)
{
    for (int i = 0; i < BLOCKED; ++i) {
        const int64_t b = blocked[i].lanes;
        float x[MOST_LANES] = {0}, found[MOST_LANES];
        int32_t picks[MOST_LANES];
        poolgrad_error error = {"", ""};
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 9, 0);
        memset(picks, 0x5a, sizeof picks);
        p.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, blocked[i].layout, 1, 3, 1, 1);
        p.destination = poolgrad_image_dense(found, POOLGRAD_FLOAT32, blocked[i].layout, 1, 3, 1, 1);
        p.picks = poolgrad_image_dense(picks, POOLGRAD_INT32, blocked[i].layout, 1, 3, 1, 1);
        cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
        for (int64_t c = 0; c < b; ++c) cr_expect(picks[c] == (c < 3 ? -1 : 0), "%s, lane %d", blocked[i].name, (int)c);
    }
}

/* Slices have no depth: whichever image says so is named. */
Test(blocked, depth_is_refused)
{
    static float data[64];
    static int32_t picks[64];
    for (int i = 0; i < 3 * BLOCKED; ++i) {
        poolgrad_error error = {"", ""};
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, 0);
        const poolgrad_layout layout = blocked[i / 3].layout, other = POOLGRAD_NHWC;
        p.source = poolgrad_const_image_dense_3d(data, POOLGRAD_FLOAT32, i % 3 == 0 ? layout : other, 1, 1, 2, 1, 1);
        p.destination = poolgrad_image_dense_3d(data + 32, POOLGRAD_FLOAT32, i % 3 == 1 ? layout : other, 1, 1, 2, 1,
                                                1);
        p.picks = poolgrad_image_dense_3d(picks, POOLGRAD_INT32, i % 3 == 2 ? layout : other, 1, 1, 2, 1, 1);
        static const char *const fields[] = {"source.depth", "destination.depth", "picks.depth"};
        cr_expect(poolgrad_check(&p, &error) == POOLGRAD_INVALID && refusal_is_sentence(&error));
        cr_expect(strcmp(error.field, fields[i % 3]) == 0 && strstr(error.message, "is 2"), "%s: \"%s\"", fields[i % 3],
                  error.message);
        cr_expect(poolgrad_image_check(&p.destination, &error) == (i % 3 == 1 ? POOLGRAD_INVALID : POOLGRAD_OK));
    }
    const poolgrad_image plane = poolgrad_image_dense_3d(data, POOLGRAD_FLOAT32, POOLGRAD_NC8HW8, 1, 1, 1, 1, 1);
    cr_expect(poolgrad_image_check(&plane, NULL) == POOLGRAD_OK, "a depth of 1 is none");
}
