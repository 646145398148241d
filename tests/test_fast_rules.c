/* SPDX-License-Identifier: Apache-2.0 */
/* Mode fast, by every instruction set. By hand-worked numbers: slices of any width, divisors, counted padding of one
 * side, and means of squares. Against the plain loops: volumes of layers that are pooled each by itself. */
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

static uint32_t bits_of(float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* ---- One row --------------------------------------------------------------------------------------------------- */

enum { MOST = 8 };

/* A row of pixels of one plane, and its windows. */
typedef struct row {
    poolgrad_problem p;
    int64_t pixels, windows;
    float source[MOST], gradient[MOST];
} row;

static row make_row(poolgrad_kind kind, int64_t pixels, int64_t windows, int64_t kernel)
{
    row r = {.pixels = pixels, .windows = windows};
    poolgrad_problem_init(&r.p, sizeof r.p);
    r.p.kind = kind;
    r.p.window.kernel_width = kernel;
    r.p.offset_x = kernel / 2; /* the first window starts at the first pixel */
    return r;
}

static poolgrad_image image_of(float *data, int64_t width)
{
    return poolgrad_image_dense(data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, width);
}

/* The numbers to the bit, by every instruction set. */
static void expect_row(row r, poolgrad_direction direction, const float *expected)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    const int64_t count = direction == POOLGRAD_FORWARD ? r.windows : r.pixels;
    const poolgrad_image source = image_of(r.source, r.pixels), gradient = image_of(r.gradient, r.windows);
    r.p.direction = direction;
    r.p.source = poolgrad_image_as_const(&source);
    if (direction == POOLGRAD_GRADIENT) r.p.source_gradient = poolgrad_image_as_const(&gradient);
    for (int i = 0; i < contender_isas(isas); ++i) {
        float found[MOST];
        for (int k = 0; k < MOST; ++k) found[k] = NAN;
        r.p.destination = image_of(found, count);
        run_fast(r.p, isas[i]);
        for (int64_t k = 0; k < count; ++k)
            cr_expect(bits_of(found[k]) == bits_of(expected[k]), "%s, pixel %d: %.9g, not %.9g",
                      poolgrad_isa_name(isas[i]), (int)k, (double)found[k], (double)expected[k]);
    }
}

/* Sums 3, 5 and 4 by -2; shares 1, -2 and 4 by -2. */
Test(fast_rules, divisor)
{
    row r = make_row(POOLGRAD_AVERAGE, 3, 3, 2);
    memcpy(r.source, (const float[]){1, 2, 3}, 3 * sizeof(float));
    memcpy(r.gradient, (const float[]){1, -2, 4}, 3 * sizeof(float));
    r.p.divisor = -2;
    expect_row(r, POOLGRAD_FORWARD, (const float[]){-1.5F, -2.5F, -1.5F});
    expect_row(r, POOLGRAD_GRADIENT, (const float[]){-0.5F, 0.5F, -1});
}

/* A window of taps at pixels -1 and 2 has none of the two pixels there are: +0, not 0 / -3. The next one, of taps at 0
 * and 3, has one of them, a zero: -0. */
Test(fast_rules, divisor_of_nothing)
{
    row r = make_row(POOLGRAD_AVERAGE, 2, 3, 2);
    r.source[1] = 6;
    r.p.window.dilation_x = 3;
    r.p.offset_x = 1; /* of an extent of 4 */
    r.p.divisor = -3;
    expect_row(r, POOLGRAD_FORWARD, (const float[]){0, -0.0F, -2});
}

/* One number is more than float32 holds: 2^24 + 1, which is rounded to 2^24 first. */
Test(fast_rules, divisor_rounded)
{
    row r = make_row(POOLGRAD_AVERAGE, 1, 1, 1);
    r.source[0] = 0x1p24F;
    r.p.divisor = (1 << 24) + 1;
    expect_row(r, POOLGRAD_FORWARD, (const float[]){1});
}

/* One counted pixel on the left and none on the right: 10/3, 24/3, 22/2. */
Test(fast_rules, one_side)
{
    row r = make_row(POOLGRAD_AVERAGE, 5, 3, 3);
    memcpy(r.source, (const float[]){4, 6, 8, 10, 12}, 5 * sizeof(float));
    memcpy(r.gradient, (const float[]){6, 3, 2}, 3 * sizeof(float));
    r.p.window.stride_x = 2;
    r.p.offset_x = 0;
    r.p.zero_pad_left = 1;
    expect_row(r, POOLGRAD_FORWARD, (const float[]){10.0F / 3, 8, 11});
    expect_row(r, POOLGRAD_GRADIENT, (const float[]){2, 3, 1, 2, 1});
}

/* (1 + 49) / 2 and 49 / 1 have the roots 5 and 7; r is 10 / (2 x 5) and 14 / (1 x 7). */
Test(fast_rules, root_mean)
{
    row r = make_row(POOLGRAD_L2NORM, 2, 2, 2);
    memcpy(r.source, (const float[]){1, 7}, 2 * sizeof(float));
    memcpy(r.gradient, (const float[]){10, 14}, 2 * sizeof(float));
    r.p.root_mean = 1;
    expect_row(r, POOLGRAD_FORWARD, (const float[]){5, 7});
    expect_row(r, POOLGRAD_GRADIENT, (const float[]){1, 21});
}

/* Both windows' squares add up to 49: by a divisor of 49, and by two pixels, one of which is counted padding. */
Test(fast_rules, root_mean_counts)
{
    row r = make_row(POOLGRAD_L2NORM, 2, 2, 2);
    memcpy(r.source, (const float[]){0, 7}, 2 * sizeof(float));
    memcpy(r.gradient, (const float[]){49, 49}, 2 * sizeof(float));
    r.p.root_mean = 1;
    r.p.divisor = 49;
    expect_row(r, POOLGRAD_FORWARD, (const float[]){1, 1});
    expect_row(r, POOLGRAD_GRADIENT, (const float[]){0, 14});
    r.p.divisor = 0;
    r.p.zero_pad_right = 1;
    const float root = (float)sqrt(24.5);
    expect_row(r, POOLGRAD_FORWARD, (const float[]){root, root});
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
        cr_expect(bits_of(found[c]) == bits_of(expected), "%d to %d lanes from %d, %s, channel %d: %g",
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

/* ---- Layers ---------------------------------------------------------------------------------------------------- */

/* Volumes whose windows have one layer each, the first of them not the first one; sizes that leave tails. */
enum { IMAGES = 2, DEPTH = 3, WINDOW_LAYERS = 4, HEIGHT = 6, WIDTH = 21, MOST_CHANNELS = 17 };
enum { LAYER_ELEMENTS = IMAGES * MOST_CHANNELS * WINDOW_LAYERS * HEIGHT * WIDTH };

typedef struct layer_case {
    poolgrad_direction direction;
    poolgrad_kind kind;
    poolgrad_layout layout, other; /* of the destination, of all else */
    poolgrad_format picks;
    int adds;
    int64_t channels;
} layer_case;

static void fill(float *data, uint32_t noise)
{
    for (int i = 0; i < LAYER_ELEMENTS; ++i) {
        noise = noise * 1664525U + 1013904223U;
        data[i] = (float)(noise >> 26) - 30;
    }
}

/* Images of so many layers, of the source's size or of windows. */
static poolgrad_image layers_of(const layer_case *c, void *data, poolgrad_format format, poolgrad_layout layout,
                                int64_t depth, bool windows)
{
    return poolgrad_image_dense_3d(data, format, layout, IMAGES, c->channels, depth, windows ? HEIGHT / 2 : HEIGHT,
                                   windows ? WIDTH / 2 : WIDTH);
}

static float source[LAYER_ELEMENTS], gradient[LAYER_ELEMENTS];

/* Forward to windows over `windows` layers from layer `first` of the source on. */
static poolgrad_problem forward_of(const layer_case *c, int64_t first, int64_t windows, float *result, void *picks)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = c->kind;
    p.window = (poolgrad_window){3, 3, 1, 2, 2, 1, 1, 1, 1};
    p.offset_z = first;
    const poolgrad_image from = layers_of(c, source, POOLGRAD_FLOAT32, c->other, DEPTH, false);
    p.source = poolgrad_image_as_const(&from);
    p.destination = layers_of(c, result, POOLGRAD_FLOAT32, c->layout, windows, true);
    if (c->picks != POOLGRAD_FORMAT_NONE) p.picks = layers_of(c, picks, c->picks, c->other, windows, true);
    return p;
}

/* Back from windows over layers -1 to 2, to the picks that a forward call saves. */
static poolgrad_problem gradient_of(const layer_case *c, float *result, void *picks)
{
    poolgrad_problem p = forward_of(c, -1, WINDOW_LAYERS, result, picks);
    p.mode = POOLGRAD_MODE_REFERENCE;
    if (p.picks.data) cr_assert_eq(poolgrad_run(&p, NULL), POOLGRAD_OK);
    p.indices = poolgrad_image_as_const(&p.picks);
    p.picks = (poolgrad_image){0};
    p.direction = POOLGRAD_GRADIENT;
    p.add_to_destination = c->adds;
    const poolgrad_image from = layers_of(c, gradient, POOLGRAD_FLOAT32, c->other, WINDOW_LAYERS, true);
    p.source_gradient = poolgrad_image_as_const(&from);
    p.destination = layers_of(c, result, POOLGRAD_FLOAT32, c->layout, DEPTH, false);
    return p;
}

/* Mode fast writes what the plain loops write. */
static void expect_layers(const layer_case *c, poolgrad_isa isa)
{
    static float found[LAYER_ELEMENTS], expected[LAYER_ELEMENTS];
    static int64_t picks[LAYER_ELEMENTS], expected_picks[LAYER_ELEMENTS];
    memset(picks, 0, sizeof picks);
    memset(expected_picks, 0, sizeof picks);
    poolgrad_problem p = c->direction == POOLGRAD_FORWARD ? forward_of(c, 1, 2, expected, expected_picks)
                                                          : gradient_of(c, expected, expected_picks);
    fill(found, 3);
    fill(expected, 3);
    p.mode = POOLGRAD_MODE_REFERENCE;
    cr_assert_eq(poolgrad_run(&p, NULL), POOLGRAD_OK);
    p.mode = POOLGRAD_MODE_FAST;
    p.destination.data = found;
    if (p.picks.data) p.picks.data = picks;
    run_fast(p, isa);
    cr_expect_arr_eq(found, expected, sizeof found, "%s, direction %d, kind %d, layouts %d and %d, picks %d, adds %d",
                     poolgrad_isa_name(isa), (int)c->direction, (int)c->kind, (int)c->layout, (int)c->other,
                     (int)c->picks, c->adds);
    if (p.picks.data) cr_expect_arr_eq(picks, expected_picks, sizeof picks, "picks %d", (int)c->picks);
}

static void expect_all_layers(layer_case c, poolgrad_isa isa)
{
    static const poolgrad_format picks[] = {POOLGRAD_FORMAT_NONE, POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP8};
    for (int i = 0; i < 2 * 2 * 2 * 4; ++i) {
        c.layout = (poolgrad_layout)(i % 2);
        c.other = (poolgrad_layout)(i / 2 % 2);
        c.adds = c.direction == POOLGRAD_GRADIENT && i / 4 % 2;
        c.picks = picks[i / 8];
        if (c.kind == POOLGRAD_MAX || c.picks == POOLGRAD_FORMAT_NONE) expect_layers(&c, isa);
    }
}

Test(fast_rules, layers)
{
    static const int64_t channels[] = {1, 3, MOST_CHANNELS};
    poolgrad_isa isas[CONTENDER_ISAS];
    fill(source, 1);
    fill(gradient, 2);
    for (int i = 0; i < contender_isas(isas); ++i)
        for (int k = 0; k < 2 * 3 * 3; ++k)
            expect_all_layers((layer_case){.direction = (poolgrad_direction)(k % 2),
                                           .kind = (poolgrad_kind)(k / 2 % 3),
                                           .channels = channels[k / 6]},
                              isas[i]);
}

/* Layers with a window each, a layer without one, and windows of two layers. */
Test(fast_rules, layers_of_windows)
{
    static float result[LAYER_ELEMENTS];
    const layer_case c = {.kind = POOLGRAD_MAX, .channels = 1};
    for (int i = 0; i < 3; ++i) {
        poolgrad_problem p = forward_of(&c, i == 1 ? 2 : 0, 2, result, NULL);
        poolgrad_plan *plan;
        if (i == 2) p.window.kernel_depth = 2;
        cr_assert_eq(poolgrad_plan_create(&p, &plan, NULL), POOLGRAD_OK);
        cr_expect_not_null(strstr(poolgrad_plan_kernel(plan), "/lanes/"), "%d: %s", i, poolgrad_plan_kernel(plan));
        poolgrad_plan_destroy(plan);
    }
}
