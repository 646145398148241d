/* SPDX-License-Identifier: Apache-2.0 */
/* Windows placed by pads: sizes under each rounding, the problem's placement, and what is refused. */
#include "support/sentence.h"
#include "support/small.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

/* One axis, and its number of windows rounded down, up, and up with a drop. */
typedef struct pads_case {
    int64_t source, kernel, stride, dilation, before, behind;
    int64_t sizes[3];
} pads_case;

static const pads_case pads_cases[] = {
    {5, 2, 2, 1, 1, 1, {3, 4, 3}}, /* the fourth window starts at 5, behind the last pixel */
    {4, 3, 2, 1, 1, 1, {2, 3, 3}}, /* the third one starts at 3, the last pixel */
    {6, 3, 2, 1, 0, 0, {2, 3, 3}},  {7, 3, 2, 1, 0, 0, {3, 3, 3}}, /* the last stride fits */
    {4, 1, 3, 1, 0, 0, {2, 2, 2}},  {5, 1, 3, 1, 0, 0, {2, 3, 2}},   {7, 3, 1, 2, 0, 0, {3, 3, 3}}, /* an extent of 5 */
    {8, 3, 3, 2, 1, 0, {2, 3, 3}},  {4, 1, 4, 1, 0, 4, {2, 3, 2}}, /* one window is dropped, though the one before it
                                                                      starts behind the source, too */
    {6, 2, 2, 1, 0, -1, {2, 3, 3}}, {1, 3, 1, 1, 1, 1, {1, 1, 1}},   {1, 2, 5, 1, 1, 1, {1, 2, 1}},
    {0, 2, 2, 1, 1, 1, {1, 1, 1}}, /* a window of pads alone */
    {6, 2, 2, 1, -1, 0, {2, 3, 3}}, {6, 2, 2, 1, -1, -1, {2, 2, 2}}, {6, 3, 1, 1, -2, 1, {3, 3, 3}}, /* cut */
    {6, 1, 3, 1, -3, 2, {2, 3, 2}},                                                                  /* at 3, 6 and 9 */
};

enum { PADS_CASES = sizeof pads_cases / sizeof *pads_cases, ROUNDINGS = 3 };

static void expect_axis(const pads_case *t, poolgrad_rounding rounding)
{
    const poolgrad_window along_x = {t->kernel, 1, 1, t->stride, 1, 1, t->dilation, 1, 1};
    const poolgrad_window along_y = {1, t->kernel, 1, 1, t->stride, 1, 1, t->dilation, 1};
    const poolgrad_window along_z = {1, 1, t->kernel, 1, 1, t->stride, 1, 1, t->dilation};
    const int64_t centre = ((t->kernel - 1) * t->dilation + 1) / 2 - t->before;
    const poolgrad_pads x = {.left = t->before, .right = t->behind}, y = {.top = t->before, .bottom = t->behind};
    const poolgrad_pads z = {.front = t->before, .back = t->behind};
    poolgrad_padding a;
    poolgrad_error error = {"", ""};
    memset(&a, 0x5a, sizeof a);
    cr_expect(poolgrad_padding_explicit(&x, rounding, &along_x, 6, t->source, &a, &error) == POOLGRAD_OK, "%s",
              error.message);
    cr_expect(a.width == t->sizes[rounding] && a.left == t->before && a.offset_x == centre,
              "case %d, rounding %d: width %lld", (int)(t - pads_cases), (int)rounding, (long long)a.width);
    cr_expect(a.height == 6 && a.top == 0 && a.offset_y == 0);
    cr_expect(a.depth == 1 && a.offset_z == 0 && a.front == 0 && a.zero_pad_z == 0);
    cr_expect(a.exclude_edges == 0 && a.zero_pad_x == 0 && a.zero_pad_y == 0);
    cr_expect(poolgrad_padding_explicit(&y, rounding, &along_y, t->source, 6, &a, &error) == POOLGRAD_OK, "%s",
              error.message);
    cr_expect(a.height == t->sizes[rounding] && a.top == t->before && a.offset_y == centre,
              "case %d, rounding %d: height %lld", (int)(t - pads_cases), (int)rounding, (long long)a.height);
    cr_expect(a.width == 6 && a.left == 0 && a.offset_x == 0);
    cr_expect(poolgrad_padding_explicit_3d(&z, rounding, &along_z, t->source, 6, 5, &a, &error) == POOLGRAD_OK, "%s",
              error.message);
    cr_expect(a.depth == t->sizes[rounding] && a.front == t->before && a.offset_z == centre,
              "case %d, rounding %d: depth %lld", (int)(t - pads_cases), (int)rounding, (long long)a.depth);
    cr_expect(a.height == 6 && a.width == 5 && a.offset_x == 0 && a.offset_y == 0);
}

Test(pads, sizes)
{
    for (int i = 0; i < PADS_CASES * ROUNDINGS; ++i) {
        expect_axis(&pads_cases[i / ROUNDINGS], (poolgrad_rounding)(i % ROUNDINGS));
    }
}

/* There is no room for a window, and none is asked for. */
Test(pads, empty_sources_give_empty_results)
{
    const poolgrad_pads pads = {0};
    const poolgrad_window window = SQUARE(3, 2, 1);
    for (int rounding = 0; rounding < ROUNDINGS; ++rounding) {
        poolgrad_padding a;
        cr_expect(poolgrad_padding_explicit(&pads, (poolgrad_rounding)rounding, &window, 0, 4, &a, NULL) ==
                  POOLGRAD_OK);
        cr_expect(a.height == 0 && a.width == (rounding == POOLGRAD_ROUND_DOWN ? 1 : 2));
    }
}

/* ---- The placement of a problem ---------------------------------------------------------------------------------- */

static float x_data[64], dy_data[64], dx_data[64];

/* Square images; a gradient of `windows` x `windows`, or a forward call with that result. */
static poolgrad_problem square(poolgrad_direction direction, poolgrad_window window, int64_t source, int64_t windows)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = direction;
    p.kind = POOLGRAD_MAX;
    p.window = window;
    const bool forward = direction == POOLGRAD_FORWARD;
    const int64_t side = forward ? windows : source;
    p.source = poolgrad_const_image_dense(x_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, source, source);
    p.destination = poolgrad_image_dense(dx_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, side, side);
    if (forward) return p;
    p.source_gradient = poolgrad_const_image_dense(dy_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, windows, windows);
    return p;
}

/* x = -1 .. -16, 3x3 windows of stride 2 and one pad: the greatest of each window is its first tap inside. */
Test(pads, the_shortest_code_gives_what_frameworks_give)
{
    const poolgrad_pads pads = {1, 1, 1, 1, 0, 0, 0};
    const float expected[16] = {1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, SQUARE(3, 2, 1), 4, 2);
    poolgrad_error error = {"", ""};
    for (int i = 0; i < 16; ++i) x_data[i] = (float)(-1 - i);
    for (int i = 0; i < 4; ++i) dy_data[i] = (float)(1 + i);
    cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(p.offset_x == 0 && p.offset_y == 0 && p.zero_pad_x == 0 && p.zero_pad_y == 0);
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("gradient", POOLGRAD_FLOAT32, dx_data, expected, 4, 4));
    /* in edge mode zero the taps outside are 0, which is greater: only the last window lies inside */
    const float zero[16] = {0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("zero", POOLGRAD_FLOAT32, dx_data, zero, 4, 4));
}

/* 5x5, 2x2 windows of stride 2 and one pad: 3, 4 and 3 windows. */
Test(pads, each_rounding_asks_for_its_own_size)
{
    static const int64_t sizes[ROUNDINGS] = {3, 4, 3};
    const poolgrad_pads pads = {1, 1, 1, 1, 0, 0, 0};
    for (int i = 0; i < 2 * ROUNDINGS * 6; ++i) {
        const poolgrad_direction direction = (poolgrad_direction)(i % 2);
        const int rounding = i / 2 % ROUNDINGS;
        const int64_t windows = i / 2 / ROUNDINGS;
        poolgrad_problem p = square(direction, SQUARE(2, 2, 1), 5, windows);
        poolgrad_error error = {"", ""};
        poolgrad_status status = poolgrad_problem_set_pads(&p, &pads, (poolgrad_rounding)rounding, &error);
        if (windows == sizes[rounding]) {
            cr_expect(status == POOLGRAD_OK && p.offset_x == 0 && p.offset_y == 0, "%s", error.message);
            cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
            continue;
        }
        char expected[24];
        snprintf(expected, sizeof expected, "expected %d", (int)sizes[rounding]);
        const char *field = direction == POOLGRAD_FORWARD ? "destination." : "source_gradient.";
        cr_expect(poolgrad_small_refusal(status, &error) && strncmp(error.field, field, strlen(field)) == 0 &&
                      strstr(error.message, expected),
                  "%lld windows, rounding %d: \"%s\"", (long long)windows, rounding, error.message);
    }
}

/* The sides are told apart: 6x7 under 3x2 windows of stride 2x3, pads 2 1 0 3: floor((7 + 2 - 3) / 2) + 1 = 4 columns,
 * floor((6 + 1 + 3 - 2) / 3) + 1 = 3 rows. */
Test(pads, each_side_has_its_own)
{
    const poolgrad_pads pads = {.left = 2, .top = 1, .right = 0, .bottom = 3};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, (poolgrad_window){3, 2, 1, 2, 3, 1, 1, 1, 1}, 6, 3);
    poolgrad_error error = {"", ""};
    p.source.width = 7;
    p.source_gradient.width = 4;
    p.zero_pad_x = p.zero_pad_y = 9;
    cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(p.offset_x == 3 / 2 - 2 && p.offset_y == 2 / 2 - 1 && p.zero_pad_x == 0 && p.zero_pad_y == 0);
}

/* An average of 2x2 windows, stride 2, one pad, on 1 2 3 4: each window has one pixel inside, and four that count. */
Test(pads, counted_pads_of_an_average)
{
    for (int counted = 0; counted < 2; ++counted) {
        const poolgrad_pads pads = {1, 1, 1, 1, 0, 0, counted};
        const float x[4] = {1, 2, 3, 4}, dy[4] = {4, 8, 12, 16};
        const float y[2][4] = {{1, 2, 3, 4}, {0.25f, 0.5f, 0.75f, 1}}, dx[2][4] = {{4, 8, 12, 16}, {1, 2, 3, 4}};
        poolgrad_problem p = square(POOLGRAD_FORWARD, SQUARE(2, 2, 1), 2, 2);
        poolgrad_error error = {"", ""};
        p.kind = POOLGRAD_AVERAGE;
        memcpy(x_data, x, sizeof x);
        memcpy(dy_data, dy, sizeof dy);
        cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s",
                  error.message);
        cr_expect(p.zero_pad_x == counted && p.zero_pad_y == counted);
        cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(poolgrad_small_same("forward", POOLGRAD_FLOAT32, dx_data, y[counted], 2, 2));
        p = square(POOLGRAD_GRADIENT, SQUARE(2, 2, 1), 2, 2);
        p.kind = POOLGRAD_AVERAGE;
        cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s",
                  error.message);
        cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(poolgrad_small_same("gradient", POOLGRAD_FLOAT32, dx_data, dx[counted], 2, 2));
    }
}

/* Pads that differ between the axes count on each by themselves. */
Test(pads, counted_pads_of_each_axis)
{
    const poolgrad_pads pads = {.left = 2, .top = 1, .right = 2, .bottom = 1, .counted = 1};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, SQUARE(3, 1, 1), 4, 4);
    poolgrad_error error = {"", ""};
    p.source_gradient.width = 6;
    cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(p.offset_x == -1 && p.offset_y == 0 && p.zero_pad_x == 2 && p.zero_pad_y == 1);
}

/* What both sides count is in one field, what one has more in another; pads below 0 count nothing. */
Test(pads, counted_pads_of_each_side)
{
    const poolgrad_pads pads = {.left = 3, .top = -1, .right = 1, .bottom = 2, .front = 1, .back = 4, .counted = 1};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, SQUARE(2, 1, 1), 4, 4);
    poolgrad_padding a;
    poolgrad_error error = {"", ""};
    p.source_gradient.width = 7;
    p.source_gradient.depth = 6;
    p.zero_pad_x = p.zero_pad_y = p.zero_pad_z = p.zero_pad_left = p.zero_pad_top = p.zero_pad_front = 9;
    p.zero_pad_right = p.zero_pad_bottom = p.zero_pad_back = 9;
    cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(p.offset_x == 1 - 3 && p.offset_y == 1 + 1 && p.offset_z == -1);
    cr_expect(p.zero_pad_x == 1 && p.zero_pad_left == 2 && p.zero_pad_right == 0);
    cr_expect(p.zero_pad_y == 0 && p.zero_pad_top == 0 && p.zero_pad_bottom == 2);
    cr_expect(p.zero_pad_z == 1 && p.zero_pad_front == 0 && p.zero_pad_back == 3);
    cr_expect(poolgrad_padding_explicit_3d(&pads, POOLGRAD_ROUND_DOWN, &p.window, 1, 4, 4, &a, &error) == POOLGRAD_OK,
              "%s", error.message);
    cr_expect(a.width == 7 && a.height == 4 && a.depth == 6 && a.left == 3 && a.top == -1 && a.front == 1);
    cr_expect(a.zero_pad_x == 1 && a.zero_pad_left == 2 && a.zero_pad_right == 0 && a.zero_pad_y == 0 &&
              a.zero_pad_top == 0 && a.zero_pad_bottom == 2 && a.zero_pad_z == 1 && a.zero_pad_front == 0 &&
              a.zero_pad_back == 3 && a.exclude_edges == 0);
}

/* 4, 6, 8, 10, 12 in threes, stride 2, one counted pad on the left: {pad, 4, 6}, {6, 8, 10}, {10, 12} rounded up. */
Test(pads, one_counted_pad_on_the_left)
{
    const float x[5] = {4, 6, 8, 10, 12}, y[3] = {10.0f / 3, 8, 11};
    const poolgrad_pads pads = {.left = 1, .counted = 1};
    poolgrad_error error = {"", ""};
    poolgrad_problem p = square(POOLGRAD_FORWARD, ALONG_X(3, 2, 1), 5, 3);
    p.kind = POOLGRAD_AVERAGE;
    p.source.height = p.destination.height = 1;
    memcpy(x_data, x, sizeof x);
    cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_UP_DROP, &error) == POOLGRAD_OK, "%s", error.message);
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_small_same("forward", POOLGRAD_FLOAT32, dx_data, y, 1, 3));
}

/* 1 .. 6 without the first and the last one, in pairs: {2, 3}, {4, 5}. */
Test(pads, negative_ones_cut_into_the_image)
{
    const float x[6] = {1, 2, 3, 4, 5, 6}, y[2] = {3, 5}, dy[2] = {10, 20}, dx[6] = {0, 0, 10, 0, 20, 0};
    for (int counted = 0; counted < 2; ++counted) {
        const poolgrad_pads pads = {.left = -1, .right = -1, .counted = counted};
        poolgrad_error error = {"", ""};
        poolgrad_problem p = square(POOLGRAD_FORWARD, ALONG_X(2, 2, 1), 6, 2);
        p.source.height = p.destination.height = 1;
        memcpy(x_data, x, sizeof x);
        memcpy(dy_data, dy, sizeof dy);
        cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s",
                  error.message);
        cr_expect(p.offset_x == 2 && p.zero_pad_x == 0 && p.zero_pad_left == 0 && p.zero_pad_right == 0);
        cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(poolgrad_small_same("forward", POOLGRAD_FLOAT32, dx_data, y, 1, 2));
        p = square(POOLGRAD_GRADIENT, ALONG_X(2, 2, 1), 6, 2);
        p.source.height = p.source_gradient.height = p.destination.height = 1;
        cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s",
                  error.message);
        cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(poolgrad_small_same("gradient", POOLGRAD_FLOAT32, dx_data, dx, 1, 6));
    }
}

/* A table has its windows: pads place those of the other axes. */
Test(pads, beside_tables)
{
    static const poolgrad_span columns[] = {{0, 2}, {1, 3}};
    const poolgrad_pads pads = {.top = 1, .bottom = 1};
    poolgrad_error error = {"", ""};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, ALONG_Y(3, 2, 1), 4, 2);
    p.windows_x = (poolgrad_table){columns, 2};
    cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(p.offset_x == 0 && p.offset_y == 0 && p.windows_x.spans == columns && p.windows_x.count == 2);
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_OK, "%s", error.message);
    const poolgrad_pads beside = {.left = 1};
    cr_expect(poolgrad_small_refusal(poolgrad_problem_set_pads(&p, &beside, POOLGRAD_ROUND_DOWN, &error), &error) &&
                  strcmp(error.field, "pads.left") == 0,
              "\"%s\"", error.message);
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

/* Refused for this field, and the problem is what it was. */
static void refused(const char *name, const poolgrad_problem *problem, const poolgrad_pads *pads, int rounding,
                    const char *field)
{
    poolgrad_problem p = *problem, before;
    poolgrad_error error = {"", ""};
    memcpy(&before, &p, sizeof before);
    poolgrad_status status = poolgrad_problem_set_pads(&p, pads, (poolgrad_rounding)rounding, &error);
    cr_expect(poolgrad_small_refusal(status, &error) && strncmp(error.field, field, strlen(field)) == 0,
              "%s: status %d, field \"%s\", message \"%s\"", name, (int)status, error.field, error.message);
    cr_expect(poolgrad_problem_set_pads(&p, pads, (poolgrad_rounding)rounding, NULL) == POOLGRAD_INVALID);
    cr_expect(memcmp(&p, &before, sizeof before) == 0, "%s: changed", name);
}

typedef struct wrong_pads {
    const char *field;
    poolgrad_pads pads;
} wrong_pads;

#define BEYOND ((INT64_C(1) << 61) + 1)

static const wrong_pads wrongs[] = {
    {"pads.left", {INT64_MIN, 1, 1, 1, 0, 0, 0}},   {"pads.left", {INT64_MAX, 1, 1, 1, 0, 0, 0}},
    {"pads.left", {BEYOND, 1, 1, 1, 0, 0, 0}},      {"pads.left", {-BEYOND, 1, 1, 1, 0, 0, 0}},
    {"pads.top", {1, INT64_MIN, 1, 1, 0, 0, 0}},    {"pads.top", {1, INT64_MAX, 1, 1, 0, 0, 0}},
    {"pads.right", {1, 1, INT64_MIN, 1, 0, 0, 0}},  {"pads.right", {1, 1, INT64_MAX, 1, 0, 0, 0}},
    {"pads.bottom", {1, 1, 1, INT64_MIN, 0, 0, 0}}, {"pads.bottom", {1, 1, 1, INT64_MAX, 0, 0, 0}},
    {"pads.front", {1, 1, 1, 1, INT64_MIN, 0, 0}},  {"pads.front", {1, 1, 1, 1, INT64_MAX, 0, 0}},
    {"pads.back", {1, 1, 1, 1, 0, INT64_MIN, 0}},   {"pads.back", {1, 1, 1, 1, 0, INT64_MAX, 0}},
    {"pads.back", {1, 1, 1, 1, 0, BEYOND, 0}},      {"pads.back", {1, 1, 1, 1, 0, -BEYOND, 0}},
    {"pads.counted", {1, 1, 1, 1, 0, 0, 2}},        {"pads.counted", {1, 1, 1, 1, 0, 0, -1}},
};

Test(pads, wrong_ones_are_refused_by_name)
{
    const poolgrad_problem p = square(POOLGRAD_GRADIENT, SQUARE(3, 2, 1), 4, 2);
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; ++i) {
        const poolgrad_window window = SQUARE(3, 2, 1);
        poolgrad_padding padding, before;
        poolgrad_error error = {"", ""};
        memset(&padding, 0x5a, sizeof padding);
        before = padding;
        refused(wrongs[i].field, &p, &wrongs[i].pads, POOLGRAD_ROUND_DOWN, wrongs[i].field);
        poolgrad_status status = poolgrad_padding_explicit(&wrongs[i].pads, POOLGRAD_ROUND_DOWN, &window, 4, 4,
                                                           &padding, &error);
        cr_expect(poolgrad_small_refusal(status, &error) && strcmp(error.field, wrongs[i].field) == 0, "\"%s\"",
                  error.message);
        cr_expect(memcmp(&padding, &before, sizeof before) == 0, "%s: written", wrongs[i].field);
    }
    refused("no pads", &p, NULL, POOLGRAD_ROUND_DOWN, "pads");
}

Test(pads, wrong_problems_are_refused_by_name)
{
    const poolgrad_pads pads = {1, 1, 1, 1, 0, 0, 0};
    const poolgrad_problem good = square(POOLGRAD_GRADIENT, SQUARE(3, 2, 1), 4, 2);
    poolgrad_problem p = good;
    refused("rounding 3", &p, &pads, 3, "rounding");
    refused("rounding -1", &p, &pads, -1, "rounding");
    p.window.kernel_width = 0;
    refused("kernel", &p, &pads, POOLGRAD_ROUND_DOWN, "window.kernel_width");
    p = good;
    p.window.stride_y = -2;
    refused("stride", &p, &pads, POOLGRAD_ROUND_DOWN, "window.stride_y");
    p = good;
    p.window.dilation_x = 0;
    refused("dilation", &p, &pads, POOLGRAD_ROUND_DOWN, "window.dilation_x");
    p = good;
    p.window.kernel_depth = -1;
    refused("kernel_depth", &p, &pads, POOLGRAD_ROUND_DOWN, "window.kernel_depth");
    p.window.kernel_depth = 2; /* of a plane */
    refused("kernel_depth", &p, &pads, POOLGRAD_ROUND_DOWN, "source.depth");
    p = good;
    p.window.stride_z = -1;
    refused("stride_z", &p, &pads, POOLGRAD_ROUND_DOWN, "window.stride_z");
    p = good;
    p.source_gradient.depth = 2;
    refused("one layer too many", &p, &pads, POOLGRAD_ROUND_DOWN, "source_gradient.depth");
    p = good;
    p.source.width = -4;
    refused("source", &p, &pads, POOLGRAD_ROUND_DOWN, "source.width");
    p = good;
    p.direction = (poolgrad_direction)2;
    refused("direction", &p, &pads, POOLGRAD_ROUND_DOWN, "direction");
    p = good;
    p.source_gradient.height = 3;
    refused("one row too many", &p, &pads, POOLGRAD_ROUND_DOWN, "source_gradient.height");
    p = good;
    p.struct_size = 3;
    refused("struct_size", &p, &pads, POOLGRAD_ROUND_DOWN, "struct_size");
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_small_refusal(poolgrad_problem_set_pads(NULL, &pads, POOLGRAD_ROUND_DOWN, &error), &error));
}

Test(pads, windows_that_find_no_place_are_refused)
{
    const poolgrad_pads none = {0};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, SQUARE(5, 1, 1), 4, 0);
    refused("kernel 5 on 4", &p, &none, POOLGRAD_ROUND_DOWN, "source.width");
}

Test(pads, success_leaves_the_error_and_all_other_fields)
{
    const poolgrad_pads pads = {1, 1, 1, 1, 0, 0, 1};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, SQUARE(3, 2, 1), 4, 2), expected;
    poolgrad_error error = refusal_none();
    p.kernel_offset_x = 7;
    p.gradient_region.x = -3;
    p.clip.width = 1;
    p.offset_x = p.offset_y = p.zero_pad_x = p.zero_pad_y = 5;
    memcpy(&expected, &p, sizeof expected);
    expected.offset_x = expected.offset_y = 0;
    expected.zero_pad_x = expected.zero_pad_y = 1;
    cr_expect(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK);
    cr_expect(memcmp(&p, &expected, sizeof expected) == 0);
    cr_expect(refusal_is_none(&error));
}

/* ---- Extremes ---------------------------------------------------------------------------------------------------- */

static const int64_t extremes[] = {INT64_MIN,        -1,       0, 1, 2, (int64_t)INT32_MAX + 1, INT64_C(1) << 61,
                                   INT64_C(1) << 62, INT64_MAX};

enum { EXTREMES = sizeof extremes / sizeof *extremes };

__extension__ typedef __int128 wide;

/* Windows along one axis, in integers that cannot overflow. */
static wide windows_of(wide source, wide kernel, wide stride, wide before, wide behind, int rounding)
{
    const wide room = source + before + behind - kernel;
    if (room < 0 && (rounding == POOLGRAD_ROUND_DOWN || -room >= stride)) return 0;
    wide count = (room < 0 ? 0 : room / stride) + 1;
    if (rounding != POOLGRAD_ROUND_DOWN && room > 0 && room % stride != 0) ++count;
    if (rounding == POOLGRAD_ROUND_UP_DROP && (count - 1) * stride - before >= source) --count;
    return count;
}

/* Right, or refused with a sentence; the undefined-behaviour sanitizer finds what overflows. */
Test(pads, extremes_are_right_or_refused)
{
    for (int i = 0; i < EXTREMES * EXTREMES * EXTREMES * EXTREMES * EXTREMES; ++i) {
        const int64_t source = extremes[i % EXTREMES], kernel = extremes[i / EXTREMES % EXTREMES];
        const int64_t stride = extremes[i / EXTREMES / EXTREMES % EXTREMES];
        const int64_t before = extremes[i / EXTREMES / EXTREMES / EXTREMES % EXTREMES];
        const int64_t behind = extremes[i / EXTREMES / EXTREMES / EXTREMES / EXTREMES];
        const poolgrad_pads pads = {.left = before, .right = behind};
        const poolgrad_window window = {kernel, 1, 1, stride, 1, 1, 1, 1, 1};
        const int rounding = i % ROUNDINGS;
        poolgrad_padding a;
        poolgrad_error error = {"", ""};
        poolgrad_status status = poolgrad_padding_explicit(&pads, (poolgrad_rounding)rounding, &window, 1, source, &a,
                                                           &error);
        if (status != POOLGRAD_OK) {
            cr_expect(poolgrad_small_refusal(status, &error), "field \"%s\", message \"%s\"", error.field,
                      error.message);
            continue;
        }
        cr_expect(a.width == windows_of(source, kernel, stride, before, behind, rounding) && a.left == before,
                  "source %lld kernel %lld stride %lld pads %lld %lld rounding %d: %lld", (long long)source,
                  (long long)kernel, (long long)stride, (long long)before, (long long)behind, rounding,
                  (long long)a.width);
    }
}

/* As far as windows may be: 2^60 pixels on both sides. */
Test(pads, large_ones_are_accepted)
{
    const int64_t large = INT64_C(1) << 60;
    const poolgrad_pads pads = {.left = large, .right = large};
    poolgrad_problem p = square(POOLGRAD_GRADIENT, ALONG_X(3, 1, 1), 4, 4);
    poolgrad_error error = {"", ""};
    p.window.stride_x = large;
    p.source_gradient.width = 3;
    cr_assert(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(p.offset_x == 1 - large);
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_OK, "%s", error.message);
}
