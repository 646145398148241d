/* SPDX-License-Identifier: Apache-2.0 */
/* Padding policies: sizes and offsets worked out by hand, and what is refused. */
#include "support/small.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum { VALID = POOLGRAD_PADDING_SIZE_VALID_ONLY, SAME = POOLGRAD_PADDING_SIZE_SAME, FULL = POOLGRAD_PADDING_SIZE_FULL };

static const uint32_t aligns[] = {POOLGRAD_PADDING_ALIGN_CENTERED, POOLGRAD_PADDING_ALIGN_TOP_LEFT,
                                  POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT};
static const uint32_t remainders[] = {POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT, POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT,
                                      POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT,
                                      POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT};

enum { ALIGNS = 3, REMAINDERS = 4 };

/* One axis under one size policy. Centred, `plain` is left where the remainder goes to the right or bottom and
 * `favoured` where it goes to the left or top; aligned to the top left, left is `extra`; to the bottom right, 0. */
typedef struct axis_case {
    int64_t source, kernel, stride, dilation;
    uint32_t size_policy;
    int64_t size, half, extra, plain, favoured;
} axis_case;

static const axis_case axis_cases[] = {
    {5, 3, 2, 1, VALID, 2, 1, 0, 0, 0},
    {5, 3, 2, 1, SAME, 3, 1, 2, 1, 1},
    {5, 3, 2, 1, FULL, 4, 1, 4, 2, 2},
    {8, 2, 3, 1, VALID, 3, 1, 0, 0, 0},
    {8, 2, 3, 1, SAME, 3, 1, 0, 0, 0},
    {8, 2, 3, 1, FULL, 3, 1, 0, 0, 0},
    {6, 2, 1, 1, VALID, 5, 1, 0, 0, 0},
    {6, 2, 1, 1, SAME, 6, 1, 1, 0, 1},
    {6, 2, 1, 1, FULL, 7, 1, 2, 1, 1},
    /* dilation: an extent of 5 */
    {7, 3, 1, 2, VALID, 3, 2, 0, 0, 0},
    {7, 3, 1, 2, SAME, 7, 2, 4, 2, 2},
    {7, 3, 1, 2, FULL, 11, 2, 8, 4, 4},
    /* strides beyond the kernel, where extra may be negative and the first window starts inside the image */
    {10, 1, 4, 1, VALID, 3, 0, -1, 0, 0},
    {10, 1, 4, 1, SAME, 3, 0, -1, 0, 0},
    {10, 1, 4, 1, FULL, 3, 0, -1, 0, 0},
    {9, 1, 6, 1, SAME, 2, 0, -2, -1, 0},
    {10, 2, 5, 1, VALID, 2, 1, -3, -1, -1},
    {10, 2, 5, 1, SAME, 2, 1, -3, -1, -1},
    {10, 2, 5, 1, FULL, 3, 1, 2, 1, 1},
    {10, 3, 4, 1, VALID, 2, 1, -3, -1, -1},
    {10, 3, 4, 1, SAME, 3, 1, 1, 0, 1},
    {10, 3, 4, 1, FULL, 3, 1, 1, 0, 1},
    {7, 4, 2, 1, VALID, 2, 2, -1, 0, 0},
    {7, 4, 2, 1, SAME, 4, 2, 3, 1, 2},
    {7, 4, 2, 1, FULL, 5, 2, 5, 2, 3},
    /* even kernel with dilation: an extent of 4 */
    {6, 2, 1, 3, VALID, 3, 2, 0, 0, 0},
    {6, 2, 1, 3, SAME, 6, 2, 3, 1, 2},
    {6, 2, 1, 3, FULL, 9, 2, 6, 3, 3},
    /* one pixel; a kernel larger than the image */
    {1, 1, 1, 1, VALID, 1, 0, 0, 0, 0},
    {1, 1, 1, 1, FULL, 1, 0, 0, 0, 0},
    {1, 3, 2, 1, SAME, 1, 1, 2, 1, 1},
    {2, 5, 1, 1, SAME, 2, 2, 4, 2, 2},
    {2, 5, 3, 1, FULL, 2, 2, 6, 3, 3},
    {1, 4, 1, 1, SAME, 1, 2, 3, 1, 2},
};

enum { AXIS_CASES = sizeof axis_cases / sizeof *axis_cases };

static int64_t expected_left(const axis_case *t, uint32_t align, bool favoured)
{
    if (align == POOLGRAD_PADDING_ALIGN_TOP_LEFT) return t->extra;
    if (align == POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT) return 0;
    return favoured ? t->favoured : t->plain;
}

static void expect_axes(const axis_case *x, const axis_case *y, uint32_t align, uint32_t remainder)
{
    bool left = remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT ||
                remainder == POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT;
    bool top = remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT ||
               remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT;
    poolgrad_window window = {x->kernel, y->kernel,   y->kernel,   x->stride,  y->stride,
                              y->stride, x->dilation, y->dilation, y->dilation};
    poolgrad_padding a;
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_padding_forward_3d(align | remainder | x->size_policy, POOLGRAD_MAX, &window,
                                                         y->source, y->source, x->source, &a, &error);
    cr_assert(status == POOLGRAD_OK, "%s", error.message);
    int64_t expected_x = expected_left(x, align, left), expected_y = expected_left(y, align, top);
    int64_t expected_z = expected_left(y, align, left && top);
    cr_expect(a.depth == y->size && a.front == expected_z && a.offset_z == y->half - expected_z,
              "z: case %d, method %u: depth %lld, front %lld, offset %lld", (int)(y - axis_cases),
              align | remainder | y->size_policy, (long long)a.depth, (long long)a.front, (long long)a.offset_z);
    cr_expect(a.width == x->size && a.left == expected_x && a.offset_x == x->half - expected_x,
              "x: case %d, method %u: width %lld, left %lld, offset %lld", (int)(x - axis_cases),
              align | remainder | x->size_policy, (long long)a.width, (long long)a.left, (long long)a.offset_x);
    cr_expect(a.height == y->size && a.top == expected_y && a.offset_y == y->half - expected_y,
              "y: case %d, method %u: height %lld, top %lld, offset %lld", (int)(y - axis_cases),
              align | remainder | y->size_policy, (long long)a.height, (long long)a.top, (long long)a.offset_y);
    cr_expect(a.exclude_edges == 0);
}

/* Every pair of cases of one size policy, so that the axes differ, under every align and remainder. */
Test(padding, sizes_and_offsets)
{
    for (int i = 0; i < AXIS_CASES * AXIS_CASES; ++i) {
        const axis_case *x = &axis_cases[i / AXIS_CASES], *y = &axis_cases[i % AXIS_CASES];
        if (x->size_policy != y->size_policy) continue;
        for (int j = 0; j < ALIGNS * REMAINDERS; ++j)
            expect_axes(x, y, aligns[j / REMAINDERS], remainders[j % REMAINDERS]);
    }
}

static poolgrad_padding forward(uint32_t method, poolgrad_kind kind, poolgrad_window window, int64_t width,
                                int64_t height)
{
    poolgrad_padding padding;
    poolgrad_error error = {"", ""};
    memset(&padding, 0x5a, sizeof padding);
    poolgrad_status status = poolgrad_padding_forward(method, kind, &window, height, width, &padding, &error);
    cr_assert(status == POOLGRAD_OK, "%s", error.message);
    return padding;
}

/* The nodes' default: all bits of align and remainder 0. 5x6 image, 2x2 windows: 1 pixel extra, on the left and top. */
Test(padding, default_policy)
{
    poolgrad_padding a = forward(SAME, POOLGRAD_MAX, SQUARE(2, 1, 1), 5, 6);
    cr_expect(a.width == 5 && a.height == 6 && a.left == 1 && a.top == 1 && a.offset_x == 0 && a.offset_y == 0);
}

/* TensorFlow's SAME pads the smaller half before the image: pad_before = max((out - 1) s + k - in, 0) / 2. */
Test(padding, tensorflow_same)
{
    static const int64_t cases[][5] = {
        /* input, kernel, stride, output, pad before */
        {224, 3, 2, 112, 0}, {225, 3, 2, 113, 1}, {5, 2, 2, 3, 0}, {7, 3, 1, 7, 1},  {112, 7, 2, 56, 2},
        {28, 5, 1, 28, 2},   {10, 4, 3, 4, 1},    {1, 2, 2, 1, 0}, {13, 3, 3, 5, 1},
    };
    const uint32_t method = SAME | POOLGRAD_PADDING_ALIGN_CENTERED | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const int64_t *t = cases[i];
        poolgrad_padding a = forward(method, POOLGRAD_AVERAGE, SQUARE(t[1], t[2], 1), t[0], t[0]);
        cr_expect(a.width == t[3] && a.height == t[3] && a.left == t[4] && a.top == t[4], "case %zu: %lld, left %lld",
                  i, (long long)a.width, (long long)a.left);
        cr_expect(a.offset_x == t[1] / 2 - t[4] && a.offset_y == t[1] / 2 - t[4], "case %zu", i);
    }
}

/* VALID: out = ceil((in - k + 1) / s); where the windows do not reach the end the flags centre them. */
Test(padding, tensorflow_valid)
{
    static const int64_t cases[][5] = {
        /* input, kernel, stride, output, left */
        {224, 2, 2, 112, 0}, {224, 3, 2, 111, 0}, {5, 2, 2, 2, 0},   {7, 7, 1, 1, 0},
        {28, 3, 3, 9, 0},    {6, 3, 4, 1, -1},    {13, 2, 9, 2, -1},
    };
    const uint32_t method = VALID | POOLGRAD_PADDING_ALIGN_CENTERED | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        const int64_t *t = cases[i];
        poolgrad_padding a = forward(method, POOLGRAD_AVERAGE, SQUARE(t[1], t[2], 1), t[0], t[0]);
        cr_expect(a.width == t[3] && a.left == t[4] && a.offset_x == t[1] / 2 - t[4], "case %zu: %lld, left %lld", i,
                  (long long)a.width, (long long)a.left);
    }
}

/* Edge mode clamp, with as much zero padding as the policy puts before the image: 5x8 image, 3x2 windows, stride 2x3.
 */
Test(padding, exclude_edges_of_an_average)
{
    const poolgrad_window window = {3, 2, 1, 2, 3, 1, 1, 1, 1};
    poolgrad_padding a = forward(FULL | POOLGRAD_PADDING_EXCLUDE_EDGES, POOLGRAD_AVERAGE, window, 5, 8);
    cr_expect(a.width == 4 && a.height == 3 && a.left == 2 && a.top == 0 && a.offset_x == -1 && a.offset_y == 1);
    cr_expect(a.exclude_edges == 1 && a.zero_pad_x == 2 && a.zero_pad_y == 0);
    a = forward(SAME | POOLGRAD_PADDING_EXCLUDE_EDGES | POOLGRAD_PADDING_ALIGN_TOP_LEFT, POOLGRAD_AVERAGE, window, 5,
                8);
    cr_expect(a.left == 2 && a.exclude_edges == 1 && a.zero_pad_x == 2 && a.zero_pad_y == 0);
    a = forward(SAME | POOLGRAD_PADDING_EXCLUDE_EDGES | POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT, POOLGRAD_AVERAGE, window,
                5, 8);
    cr_expect(a.left == 0 && a.exclude_edges == 1 && a.zero_pad_x == 0 && a.zero_pad_y == 0);
}

Test(padding, exclude_edges_never_pads_less_than_nothing)
{
    poolgrad_padding a = forward(VALID | POOLGRAD_PADDING_EXCLUDE_EDGES, POOLGRAD_AVERAGE, SQUARE(2, 5, 1), 10, 10);
    cr_expect(a.left == -1 && a.top == -1 && a.offset_x == 2 && a.offset_y == 2);
    cr_expect(a.exclude_edges == 1 && a.zero_pad_x == 0 && a.zero_pad_y == 0);
}

Test(padding, exclude_edges_is_for_average_alone)
{
    static const poolgrad_kind kinds[] = {POOLGRAD_MAX, POOLGRAD_L2NORM};
    for (int i = 0; i < 2; ++i) {
        poolgrad_padding a = forward(SAME | POOLGRAD_PADDING_EXCLUDE_EDGES, kinds[i], SQUARE(3, 2, 1), 5, 5);
        cr_expect(a.width == 3 && a.left == 1 && a.exclude_edges == 0, "kind %d", (int)kinds[i]);
    }
    cr_expect(forward(SAME, POOLGRAD_AVERAGE, SQUARE(3, 2, 1), 5, 5).exclude_edges == 0);
}

/* The bit of node fusion changes nothing. */
Test(padding, whitelist_for_node_fusion_is_accepted)
{
    const uint32_t bit = POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION;
    poolgrad_padding a = forward(SAME, POOLGRAD_MAX, SQUARE(4, 2, 1), 7, 7);
    poolgrad_padding b = forward(SAME | bit, POOLGRAD_MAX, SQUARE(4, 2, 1), 7, 7);
    cr_expect(a.width == b.width && a.height == b.height && a.left == b.left && a.top == b.top &&
              a.offset_x == b.offset_x && a.offset_y == b.offset_y && a.exclude_edges == b.exclude_edges);
}

/* ---- Reverse and inverse ------------------------------------------------------------------------------------- */

Test(padding, reverse_sizes)
{
    static const struct {
        int64_t gradient, kernel, stride, dilation;
        uint32_t size_policy;
        int64_t size;
    } cases[] = {
        {3, 3, 2, 1, VALID, 3},    {3, 3, 2, 1, SAME, 5},  {3, 3, 2, 1, FULL, 7},   {1, 1, 1, 1, VALID, 1},
        {4, 2, 2, 1, VALID, 6},    {4, 2, 2, 1, SAME, 7},  {4, 2, 2, 1, FULL, 8},   {5, 3, 1, 2, FULL, 9},
        {5, 3, 1, 2, SAME, 5},     {5, 3, 1, 2, VALID, 1}, {7, 1, 4, 3, VALID, 25}, {1, 5, 3, 1, FULL, 5},
        {112, 3, 2, 1, FULL, 225},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        poolgrad_window window = {cases[i].kernel, 1, 1, cases[i].stride, 1, 1, cases[i].dilation, 1, 1};
        poolgrad_padding a;
        poolgrad_error error = {"", ""};
        memset(&a, 0x5a, sizeof a);
        cr_expect(poolgrad_padding_reverse(cases[i].size_policy, &window, 6, cases[i].gradient, &a, &error) ==
                      POOLGRAD_OK,
                  "%s", error.message);
        cr_expect(a.width == cases[i].size && a.height == 6, "case %zu: %lld", i, (long long)a.width);
        cr_expect(a.offset_x == 0 && a.offset_y == 0, "case %zu", i);
        window = (poolgrad_window){1, cases[i].kernel, 1, 1, cases[i].stride, 1, 1, cases[i].dilation, 1};
        cr_expect(poolgrad_padding_reverse(cases[i].size_policy, &window, cases[i].gradient, 6, &a, &error) ==
                  POOLGRAD_OK);
        cr_expect(a.height == cases[i].size && a.width == 6, "case %zu: %lld", i, (long long)a.height);
        window = (poolgrad_window){1, 1, cases[i].kernel, 1, 1, cases[i].stride, 1, 1, cases[i].dilation};
        cr_expect(poolgrad_padding_reverse_3d(cases[i].size_policy, &window, cases[i].gradient, 6, 5, &a, &error) ==
                  POOLGRAD_OK);
        cr_expect(a.depth == cases[i].size && a.height == 6 && a.width == 5, "case %zu: %lld", i, (long long)a.depth);
    }
}

/* valid only and full swap, same stays, and so does every other bit; twice is nothing. */
Test(padding, inverse)
{
    static const uint32_t sizes[] = {VALID, SAME, FULL}, swapped[] = {FULL, SAME, VALID};
    static const uint32_t highs[] = {0, POOLGRAD_PADDING_EXCLUDE_EDGES, POOLGRAD_PADDING_CUSTOM,
                                     POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION, UINT32_C(7) << 13};
    for (uint32_t i = 0; i < 3 * 5 * ALIGNS * REMAINDERS; ++i) {
        uint32_t rest = highs[i / 3 % 5] | aligns[i / 15 % ALIGNS] | remainders[i / 45];
        uint32_t inverse = poolgrad_padding_method_inverse(rest | sizes[i % 3]);
        cr_expect(inverse == (rest | swapped[i % 3]), "%x becomes %x", rest | sizes[i % 3], inverse);
        cr_expect(poolgrad_padding_method_inverse(inverse) == (rest | sizes[i % 3]), "%x", inverse);
    }
}

/* ---- Refusals ------------------------------------------------------------------------------------------------ */

static void expect_forward_refused(const char *name, uint32_t method, poolgrad_kind kind, poolgrad_window window,
                                   int64_t width, int64_t height, const char *value)
{
    poolgrad_padding padding;
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_padding_forward(method, kind, &window, height, width, &padding, &error);
    cr_expect(poolgrad_small_refusal(status, &error), "%s: status %d, field \"%s\", message \"%s\"", name, (int)status,
              error.field, error.message);
    cr_expect(!value || strstr(error.message, value), "%s: no %s in \"%s\"", name, value, error.message);
}

static void expect_reverse_refused(const char *name, uint32_t method, poolgrad_window window, int64_t width,
                                   int64_t height)
{
    poolgrad_padding padding;
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_padding_reverse(method, &window, height, width, &padding, &error);
    cr_expect(poolgrad_small_refusal(status, &error), "%s: status %d, field \"%s\", message \"%s\"", name, (int)status,
              error.field, error.message);
}

Test(padding, reserved_and_undefined_bits_are_refused)
{
    const uint32_t known = UINT32_C(0xa03f); /* align, remainder, size, whitelist, exclude edges */
    for (int bit = 0; bit < 32; ++bit) {
        uint32_t method = UINT32_C(1) << bit;
        if (method & known) continue;
        char name[40];
        snprintf(name, sizeof name, "bit %d", bit);
        expect_forward_refused(name, method | SAME, POOLGRAD_MAX, SQUARE(2, 1, 1), 4, 4, NULL);
        expect_reverse_refused(name, method | SAME, SQUARE(2, 1, 1), 4, 4);
    }
    for (uint32_t rest = 0; rest < 16; ++rest) {
        expect_forward_refused("size 48", 48 | (rest & ~3u), POOLGRAD_MAX, SQUARE(2, 1, 1), 4, 4, NULL);
        expect_forward_refused("align 3", 3 | (rest << 2 & 12) | SAME, POOLGRAD_MAX, SQUARE(2, 1, 1), 4, 4, NULL);
    }
    expect_reverse_refused("size 48", 48, SQUARE(2, 1, 1), 4, 4);
    expect_reverse_refused("align 3", 3, SQUARE(2, 1, 1), 4, 4);
    expect_forward_refused("everything", UINT32_MAX, POOLGRAD_MAX, SQUARE(2, 1, 1), 4, 4, NULL);
}

Test(padding, custom_is_refused_here)
{
    expect_forward_refused("custom", POOLGRAD_PADDING_CUSTOM | SAME, POOLGRAD_MAX, SQUARE(2, 1, 1), 4, 4, NULL);
}

Test(padding, sizes_of_nothing_are_refused_with_the_reason)
{
    expect_forward_refused("k 5 on 4", VALID, POOLGRAD_MAX, ALONG_X(5, 1, 1), 4, 4, "4");
    expect_forward_refused("k 5 on 3", VALID, POOLGRAD_MAX, ALONG_X(5, 1, 1), 3, 4, "3");
    expect_forward_refused("k 5 on 4 along y", VALID, POOLGRAD_MAX, ALONG_Y(5, 1, 1), 4, 4, "4");
    expect_forward_refused("extent 7 on 6", VALID, POOLGRAD_MAX, ALONG_X(3, 2, 3), 6, 4, "6");
    expect_forward_refused("no width", SAME, POOLGRAD_MAX, SQUARE(2, 1, 1), 0, 4, "0");
    expect_forward_refused("no height", SAME, POOLGRAD_MAX, SQUARE(2, 1, 1), 4, 0, "0");
    expect_forward_refused("negative width", FULL, POOLGRAD_MAX, SQUARE(2, 1, 1), -5, 4, "-5");
    expect_reverse_refused("valid of 1", VALID, ALONG_X(3, 1, 1), 1, 1);
    expect_reverse_refused("valid of 1 along y", VALID, ALONG_Y(3, 1, 1), 1, 1);
    expect_reverse_refused("exactly 0", VALID, ALONG_X(3, 1, 1), 2, 1);
    expect_reverse_refused("negative", SAME, ALONG_X(3, 1, 1), -4, 1);
}

/* The last sizes that are something. */
Test(padding, sizes_of_one_are_accepted)
{
    cr_expect(forward(VALID, POOLGRAD_MAX, SQUARE(5, 1, 1), 5, 5).width == 1);
    cr_expect(forward(VALID, POOLGRAD_MAX, SQUARE(3, 9, 3), 7, 7).height == 1);
    cr_expect(forward(SAME, POOLGRAD_MAX, SQUARE(9, 9, 9), 1, 1).width == 1);
}

Test(padding, windows_below_one_are_refused_by_name)
{
    static const char *const names[] = {"kernel_width", "kernel_height", "stride_x",
                                        "stride_y",     "dilation_x",    "dilation_y"};
    static const int64_t values[] = {0, -1, INT64_MIN};
    for (int i = 0; i < 6 * 3; ++i) {
        int64_t members[6] = {1, 1, 1, 1, 1, 1};
        members[i % 6] = values[i / 6];
        poolgrad_window window = {members[0], members[1], 1, members[2], members[3], 1, members[4], members[5], 1};
        poolgrad_padding padding;
        poolgrad_error error = {"", ""};
        char value[32];
        snprintf(value, sizeof value, "%lld", (long long)values[i / 6]);
        poolgrad_status status = poolgrad_padding_forward(SAME, POOLGRAD_MAX, &window, 4, 4, &padding, &error);
        cr_expect(poolgrad_small_refusal(status, &error) && strstr(error.field, names[i % 6]) &&
                      strstr(error.message, value),
                  "forward %s: \"%s\"", names[i % 6], error.message);
        error = (poolgrad_error){"", ""};
        status = poolgrad_padding_reverse(SAME, &window, 4, 4, &padding, &error);
        cr_expect(poolgrad_small_refusal(status, &error) && strstr(error.field, names[i % 6]) &&
                      strstr(error.message, value),
                  "reverse %s: \"%s\"", names[i % 6], error.message);
    }
}

/* 0 and 1 say the same, nothing less; planes have results of one pixel along the third axis. */
Test(padding, the_third_axis_is_neutral)
{
    static const char *const names[] = {"kernel_depth", "stride_z", "dilation_z"};
    static const int64_t values[] = {0, 1, -1, INT64_MIN, INT64_MAX};
    for (int i = 0; i < 3 * 5; ++i) {
        const int64_t value = values[i / 3];
        const poolgrad_pads pads = {0};
        poolgrad_window window = SQUARE(2, 1, 1);
        poolgrad_padding made[3];
        poolgrad_error errors[3] = {{"", ""}, {"", ""}, {"", ""}};
        *(i % 3 == 0 ? &window.kernel_depth : i % 3 == 1 ? &window.stride_z : &window.dilation_z) = value;
        const poolgrad_status statuses[3] = {
            poolgrad_padding_forward(SAME, POOLGRAD_AVERAGE, &window, 4, 4, &made[0], &errors[0]),
            poolgrad_padding_reverse(SAME, &window, 4, 4, &made[1], &errors[1]),
            poolgrad_padding_explicit(&pads, POOLGRAD_ROUND_DOWN, &window, 4, 4, &made[2], &errors[2])};
        for (int j = 0; j < 3; ++j) {
            const poolgrad_padding *m = &made[j];
            const bool refused = poolgrad_small_refusal(statuses[j], &errors[j]) &&
                                 strstr(errors[j].field, names[i % 3]);
            if (value != 0 && value != 1)
                cr_expect(refused, "%s %lld: \"%s\"", names[i % 3], (long long)value, errors[j].message);
            else
                cr_expect(statuses[j] == POOLGRAD_OK && m->depth == 1 && m->offset_z == 0 && m->front == 0 &&
                          m->zero_pad_z == 0);
        }
    }
}

/* A depth that has no window is named. */
Test(padding, depths_of_nothing_are_refused)
{
    const poolgrad_window window = ALONG_Z(3, 1, 1);
    const poolgrad_pads pads = {.front = 1};
    poolgrad_padding a;
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_padding_forward_3d(VALID, POOLGRAD_MAX, &window, 2, 9, 9, &a, &error);
    cr_expect(poolgrad_small_refusal(status, &error) && strcmp(error.field, "source_depth") == 0, "%s", error.message);
    status = poolgrad_padding_explicit_3d(&pads, POOLGRAD_ROUND_DOWN, &window, 1, 9, 9, &a, &error);
    cr_expect(poolgrad_small_refusal(status, &error) && strcmp(error.field, "source_depth") == 0, "%s", error.message);
    status = poolgrad_padding_reverse_3d(VALID, &window, 0, 9, 9, &a, &error);
    cr_expect(poolgrad_small_refusal(status, &error) && strcmp(error.field, "gradient_depth") == 0, "%s",
              error.message);
    status = poolgrad_padding_forward_3d(VALID, POOLGRAD_MAX, &window, -1, 9, 9, &a, &error);
    cr_expect(poolgrad_small_refusal(status, &error) && strcmp(error.field, "source_depth") == 0, "%s", error.message);
}

/* An average's policy counts what is in front as what is left and above. */
Test(padding, exclude_edges_along_the_depth)
{
    const poolgrad_window window = CUBE(2, 2, 1);
    poolgrad_padding a;
    cr_assert(poolgrad_padding_forward_3d(SAME | POOLGRAD_PADDING_EXCLUDE_EDGES, POOLGRAD_AVERAGE, &window, 5, 4, 5, &a,
                                          NULL) == POOLGRAD_OK);
    cr_expect(a.exclude_edges == 1 && a.zero_pad_x == 1 && a.zero_pad_y == 0 && a.zero_pad_z == 1 && a.front == 1 &&
              a.depth == 3 && a.offset_z == 0);
    cr_expect(a.zero_pad_left == 0 && a.zero_pad_right == 0 && a.zero_pad_front == 0 && a.zero_pad_back == 0);
}

Test(padding, unknown_kinds_are_refused)
{
    expect_forward_refused("kind 3", SAME, (poolgrad_kind)3, SQUARE(2, 1, 1), 4, 4, "3");
    expect_forward_refused("kind 99", SAME, (poolgrad_kind)99, SQUARE(2, 1, 1), 4, 4, "99");
}

Test(padding, errors_may_be_null_and_stay_untouched_on_success)
{
    poolgrad_window window = SQUARE(2, 1, 1);
    poolgrad_padding padding;
    poolgrad_error error, before;
    memset(&error, 0x5a, sizeof error);
    before = error;
    cr_expect(poolgrad_padding_forward(48, POOLGRAD_MAX, &window, 4, 4, &padding, NULL) == POOLGRAD_INVALID);
    cr_expect(poolgrad_padding_reverse(48, &window, 4, 4, &padding, NULL) == POOLGRAD_INVALID);
    cr_expect(poolgrad_padding_forward(SAME, POOLGRAD_MAX, &window, 4, 4, &padding, &error) == POOLGRAD_OK);
    cr_expect(poolgrad_padding_reverse(SAME, &window, 4, 4, &padding, &error) == POOLGRAD_OK);
    cr_expect(memcmp(&error, &before, sizeof error) == 0);
}

/* ---- Extremes ------------------------------------------------------------------------------------------------ */

static const int64_t extremes[] = {1,
                                   2,
                                   3,
                                   INT32_MAX,
                                   (int64_t)INT32_MAX + 1,
                                   INT64_C(1) << 32,
                                   (INT64_C(1) << 53) + 1,
                                   INT64_C(1) << 61,
                                   INT64_C(1) << 62,
                                   (INT64_C(1) << 62) + 1,
                                   INT64_MAX - 1,
                                   INT64_MAX};

enum { EXTREMES = sizeof extremes / sizeof *extremes };

/* The formula of one axis in integers that cannot overflow. */
static wide formula(wide source, wide kernel, wide stride, wide dilation, int style)
{
    wide extent = (kernel - 1) * dilation + 1, numerator = source + style * (extent - 1);
    return numerator <= 0 ? 0 : (numerator + stride - 1) / stride;
}

static void expect_extreme(const int64_t v[4], uint32_t method, int style)
{
    poolgrad_window window = {v[1], 1, 1, v[2], 1, 1, v[3], 1, 1};
    poolgrad_padding a;
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_padding_forward(method, POOLGRAD_AVERAGE, &window, 1, v[0], &a, &error);
    if (status != POOLGRAD_OK) {
        cr_expect(poolgrad_small_refusal(status, &error), "field \"%s\", message \"%s\"", error.field, error.message);
        return;
    }
    wide extent = ((wide)v[1] - 1) * v[3] + 1, size = formula(v[0], v[1], v[2], v[3], style);
    wide extra = (size - 1) * v[2] + extent - v[0], left = (extra + 1) / 2; /* the remainder goes to the left */
    cr_expect(size > 0 && a.width == size && a.left == left && a.offset_x == extent / 2 - left,
              "source %lld kernel %lld stride %lld dilation %lld: width %lld left %lld", (long long)v[0],
              (long long)v[1], (long long)v[2], (long long)v[3], (long long)a.width, (long long)a.left);
    poolgrad_padding back;
    status = poolgrad_padding_reverse(method, &window, 1, v[0], &back, &error);
    if (status != POOLGRAD_OK) {
        cr_expect(poolgrad_small_refusal(status, &error), "field \"%s\", message \"%s\"", error.field, error.message);
        return;
    }
    cr_expect(back.width == ((wide)v[0] - 1) * v[2] + 1 + style * (extent - 1), "reverse: %lld", (long long)back.width);
}

/* Either right or refused with a sentence; run with the undefined-behaviour sanitizer it is also free of overflow. */
Test(padding, extremes_are_right_or_refused)
{
    for (int i = 0; i < EXTREMES * EXTREMES * EXTREMES * EXTREMES; ++i) {
        const int64_t v[4] = {extremes[i % EXTREMES], extremes[i / EXTREMES % EXTREMES],
                              extremes[i / EXTREMES / EXTREMES % EXTREMES],
                              extremes[i / EXTREMES / EXTREMES / EXTREMES]};
        expect_extreme(v, VALID, -1);
        expect_extreme(v, SAME, 0);
        expect_extreme(v, FULL, 1);
    }
}

/* What fits is not refused: the formula's own values stay below 2^62. */
Test(padding, large_sizes_are_accepted)
{
    const int64_t large = INT64_C(1) << 60;
    poolgrad_padding a = forward(SAME, POOLGRAD_MAX, SQUARE(3, 2, 1), large, (INT64_C(1) << 31) + 1);
    cr_expect(a.width == large / 2 && a.height == (INT64_C(1) << 30) + 1);
    /* extra: (2^59 - 1) 2 + 3 - 2^60 = 1 and 2^30 2 + 3 - 2^31 - 1 = 2 */
    cr_expect(a.left == 1 && a.offset_x == 0 && a.top == 1 && a.offset_y == 0);
    a = forward(VALID, POOLGRAD_MAX, SQUARE(INT64_C(1) << 32, 1, 1), INT64_C(1) << 33, INT64_C(1) << 32);
    cr_expect(a.width == (INT64_C(1) << 32) + 1 && a.height == 1 && a.left == 0 && a.offset_x == INT64_C(1) << 31);
}
