/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with the properties of Metal Performance Shaders: their defaults, that each property reaches the problem they
 * stand for, in which order they are configured, and states.
 */
#include "support/generic.h"
#include "support/images.h"
#include <criterion/criterion.h>
#include <poolgrad/mps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Defaults ---------------------------------------------------------------------------------------------------- */

typedef void pooling_init(poolgrad_pooling *, size_t, int64_t, int64_t, int64_t, int64_t);
typedef void pooling_init_with_size(poolgrad_pooling *, size_t, int64_t, int64_t);
typedef void gradient_init(poolgrad_pooling_gradient *, size_t, int64_t, int64_t, int64_t, int64_t);
typedef void gradient_init_with_size(poolgrad_pooling_gradient *, size_t, int64_t, int64_t);

static const struct initializers {
    poolgrad_kind kind;
    pooling_init *pooling;
    pooling_init_with_size *pooling_with_size;
    gradient_init *gradient;
    gradient_init_with_size *gradient_with_size;
} initializers[] = {{POOLGRAD_AVERAGE, poolgrad_pooling_average_init, poolgrad_pooling_average_init_with_size,
                     poolgrad_pooling_average_gradient_init, poolgrad_pooling_average_gradient_init_with_size},
                    {POOLGRAD_MAX, poolgrad_pooling_max_init, poolgrad_pooling_max_init_with_size,
                     poolgrad_pooling_max_gradient_init, poolgrad_pooling_max_gradient_init_with_size},
                    {POOLGRAD_L2NORM, poolgrad_pooling_l2norm_init, poolgrad_pooling_l2norm_init_with_size,
                     poolgrad_pooling_l2norm_gradient_init, poolgrad_pooling_l2norm_gradient_init_with_size}};

static bool is_everything(const poolgrad_clip_rect *r)
{
    return r->x == 0 && r->y == 0 && r->z == 0 && r->width == POOLGRAD_ALL && r->height == POOLGRAD_ALL &&
           r->depth == POOLGRAD_ALL;
}

static void expect_pooling(const poolgrad_pooling *k, poolgrad_kind kind, int64_t sx, int64_t sy, int64_t dx,
                           int64_t dy)
{
    const poolgrad_padding_policy policy = poolgrad_padding_policy_default();
    cr_expect(k->kind == kind && k->kernel_width == 2 && k->kernel_height == 3);
    cr_expect(k->stride_in_pixels_x == sx && k->stride_in_pixels_y == sy);
    cr_expect(k->dilation_rate_x == dx && k->dilation_rate_y == dy);
    cr_expect(k->offset.x == 0 && k->offset.y == 0 && k->offset.z == 0 && is_everything(&k->clip_rect));
    cr_expect(k->destination_feature_channel_offset == 0 && k->source_feature_channel_offset == 0);
    cr_expect_eq(k->source_feature_channel_max_count, POOLGRAD_ALL);
    cr_expect_eq(k->edge_mode, POOLGRAD_EDGE_ZERO);
    cr_expect(generic_equal(&k->padding, &policy));
    cr_expect(k->zero_pad_size_x == 0 && k->zero_pad_size_y == 0 && !k->destination_image_allocator.allocate);
    cr_expect(!k->saves_argmax && !k->ties && !k->nan && !k->accumulator && !k->label[0]);
    cr_expect_eq(poolgrad_pooling_is_state_modified(k), 0);
}

static void expect_gradient(const poolgrad_pooling_gradient *k, poolgrad_kind kind, int64_t sx, int64_t sy, int64_t dx,
                            int64_t dy)
{
    const poolgrad_padding_policy policy = poolgrad_padding_policy_default();
    cr_expect(k->kind == kind && k->kernel_width == 2 && k->kernel_height == 3);
    cr_expect(k->stride_in_pixels_x == sx && k->stride_in_pixels_y == sy);
    cr_expect(k->dilation_rate_x == dx && k->dilation_rate_y == dy);
    cr_expect(k->primary_offset.x == 0 && k->primary_offset.y == 0 && k->primary_offset.z == 0);
    cr_expect(k->source_size.width == POOLGRAD_ALL && k->source_size.height == POOLGRAD_ALL &&
              k->source_size.depth == POOLGRAD_ALL);
    cr_expect(k->secondary_offset.x == 0 && k->secondary_offset.y == 0 && k->secondary_offset.z == 0);
    cr_expect(k->kernel_offset_x == 0 && k->kernel_offset_y == 0 && is_everything(&k->clip_rect));
    cr_expect(!k->destination_feature_channel_offset && !k->primary_source_feature_channel_offset &&
              !k->secondary_source_feature_channel_offset);
    cr_expect(k->primary_source_feature_channel_max_count == POOLGRAD_ALL &&
              k->secondary_source_feature_channel_max_count == POOLGRAD_ALL);
    cr_expect(k->primary_edge_mode == POOLGRAD_EDGE_ZERO && k->secondary_edge_mode == POOLGRAD_EDGE_ZERO);
    cr_expect(generic_equal(&k->padding, &policy));
    cr_expect(k->zero_pad_size_x == 0 && k->zero_pad_size_y == 0 && !k->destination_image_allocator.allocate);
    cr_expect(!k->ties && !k->nan && !k->accumulator && !k->label[0]);
}

Test(kernels, initializers_and_defaults)
{
    poolgrad_pooling pooling;
    poolgrad_pooling_gradient gradient;
    for (int i = 0; i < 3; ++i) {
        const struct initializers *of = &initializers[i];
        of->pooling(&pooling, sizeof pooling, 2, 3, 4, 5);
        expect_pooling(&pooling, of->kind, 4, 5, 1, 1);
        of->pooling_with_size(&pooling, sizeof pooling, 2, 3);
        expect_pooling(&pooling, of->kind, 1, 1, 1, 1);
        of->gradient(&gradient, sizeof gradient, 2, 3, 4, 5);
        expect_gradient(&gradient, of->kind, 4, 5, 1, 1);
        of->gradient_with_size(&gradient, sizeof gradient, 2, 3);
        expect_gradient(&gradient, of->kind, 1, 1, 1, 1);
    }
    poolgrad_dilated_pooling_max_init(&pooling, sizeof pooling, 2, 3, 4, 5, 6, 7);
    expect_pooling(&pooling, POOLGRAD_MAX, 4, 5, 6, 7);
    poolgrad_dilated_pooling_max_gradient_init(&gradient, sizeof gradient, 2, 3, 4, 5, 6, 7);
    expect_gradient(&gradient, POOLGRAD_MAX, 4, 5, 6, 7);
}

/* ---- Every property reaches the problem -------------------------------------------------------------------------- */

static poolgrad_clip_rect random_region(random_state *r)
{
    poolgrad_clip_rect region = {0, 0, 0, POOLGRAD_ALL, POOLGRAD_ALL, POOLGRAD_ALL};
    if (random_chance(r, 50)) return region;
    return (poolgrad_clip_rect){random_between(r, 0, 2), random_between(r, 0, 2), random_between(r, 0, 1),
                                random_between(r, 0, 9), random_between(r, 0, 9), random_between(r, 0, 2)};
}

static int64_t random_quad(random_state *r)
{
    return random_chance(r, 30) ? 4 : 0;
}

static int64_t random_count(random_state *r)
{
    return random_chance(r, 30) ? random_between(r, 1, 5) : POOLGRAD_ALL;
}

static poolgrad_image filled(random_state *r, poolgrad_format format, int64_t images, int64_t channels, int64_t height,
                             int64_t width)
{
    const poolgrad_image size = images_size(images, channels, height, width);
    return images_random(r, format, (poolgrad_layout)random_between(r, 0, 2), &size);
}

static void random_pooling(random_state *r, poolgrad_pooling *k)
{
    initializers[random_between(r, 0, 2)].pooling(k, sizeof *k, random_between(r, 1, 4), random_between(r, 1, 4),
                                                  random_between(r, 1, 3), random_between(r, 1, 3));
    if (k->kind == POOLGRAD_MAX && random_chance(r, 50)) {
        poolgrad_dilated_pooling_max_init(k, sizeof *k, 3, 2, 2, 1, random_between(r, 1, 3), random_between(r, 1, 3));
    }
    k->offset = (poolgrad_offset){random_between(r, -2, 3), random_between(r, -2, 3), random_between(r, 0, 1)};
    k->clip_rect = random_region(r);
    k->destination_feature_channel_offset = random_quad(r);
    k->source_feature_channel_offset = random_quad(r);
    k->source_feature_channel_max_count = random_count(r);
    k->edge_mode = (poolgrad_edge_mode)random_between(r, 0, 1);
    k->zero_pad_size_x = random_between(r, 0, 2);
    k->zero_pad_size_y = random_between(r, 0, 2);
    k->ties = (poolgrad_tie_rule)random_between(r, 0, 1);
    k->nan = (poolgrad_nan_rule)random_between(r, 0, 2);
    k->accumulator = (poolgrad_accumulator)random_between(r, 0, 1);
    k->saves_argmax = k->kind == POOLGRAD_MAX && random_chance(r, 50);
}

/* z and depth of kernels count images. */
static poolgrad_region region_of(const poolgrad_clip_rect *rect)
{
    return (poolgrad_region){.x = rect->x,
                             .y = rect->y,
                             .width = rect->width,
                             .height = rect->height,
                             .depth = POOLGRAD_ALL,
                             .image = rect->z,
                             .images = rect->depth};
}

/* What the kernel means, in the words of the problem. */
static poolgrad_problem forward_problem(const poolgrad_pooling *k, const poolgrad_image *source,
                                        const poolgrad_image *destination)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.kind = k->kind;
    p.window = (poolgrad_window){k->kernel_width,       k->kernel_height,      1,
                                 k->stride_in_pixels_x, k->stride_in_pixels_y, 1,
                                 k->dilation_rate_x,    k->dilation_rate_y,    1};
    p.offset_x = k->offset.x;
    p.offset_y = k->offset.y;
    p.offset_image = k->offset.z;
    p.clip = region_of(&k->clip_rect);
    p.destination_channel_offset = k->destination_feature_channel_offset;
    p.source_channel_offset = k->source_feature_channel_offset;
    p.source_channel_count = k->source_feature_channel_max_count;
    p.edge_mode = k->edge_mode;
    p.zero_pad_x = k->zero_pad_size_x;
    p.zero_pad_y = k->zero_pad_size_y;
    p.ties = k->ties;
    p.nan = k->nan;
    p.accumulator = k->accumulator;
    p.source = *VIEW(source);
    p.destination = *destination;
    return p;
}

static poolgrad_problem gradient_problem(const poolgrad_pooling_gradient *k, const poolgrad_image *dy,
                                         const poolgrad_image *x, const poolgrad_image *dx)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.direction = POOLGRAD_GRADIENT;
    p.mapping = POOLGRAD_MAPPING_CLIP;
    p.kind = k->kind;
    p.window = (poolgrad_window){k->kernel_width,       k->kernel_height,      1,
                                 k->stride_in_pixels_x, k->stride_in_pixels_y, 1,
                                 k->dilation_rate_x,    k->dilation_rate_y,    1};
    const poolgrad_clip_rect counted = {k->primary_offset.x,  k->primary_offset.y,   k->primary_offset.z,
                                        k->source_size.width, k->source_size.height, k->source_size.depth};
    p.gradient_region = region_of(&counted);
    p.offset_x = k->secondary_offset.x;
    p.offset_y = k->secondary_offset.y;
    p.offset_image = k->secondary_offset.z;
    p.kernel_offset_x = k->kernel_offset_x;
    p.kernel_offset_y = k->kernel_offset_y;
    p.clip = region_of(&k->clip_rect);
    p.destination_channel_offset = k->destination_feature_channel_offset;
    p.source_channel_offset = k->secondary_source_feature_channel_offset;
    p.source_channel_count = k->secondary_source_feature_channel_max_count;
    p.gradient_channel_offset = k->primary_source_feature_channel_offset;
    p.gradient_channel_count = k->primary_source_feature_channel_max_count;
    p.edge_mode = k->secondary_edge_mode;
    p.zero_pad_x = k->zero_pad_size_x;
    p.zero_pad_y = k->zero_pad_size_y;
    p.ties = k->ties;
    p.nan = k->nan;
    p.accumulator = k->accumulator;
    p.source = *VIEW(x);
    p.source_gradient = *VIEW(dy);
    p.destination = *dx;
    return p;
}

/* Two images with the same elements, so that what is left alone can be seen. */
static void make_twins(random_state *r, poolgrad_format format, const poolgrad_image *size, poolgrad_image twins[2])
{
    const poolgrad_layout layout = (poolgrad_layout)random_between(r, 0, 2);
    random_state same = *r;
    twins[0] = images_random(r, format, layout, size);
    twins[1] = images_random(&same, format, layout, size);
}

static bool forward_case(random_state *r)
{
    poolgrad_pooling k;
    poolgrad_image y[2];
    poolgrad_error error = {"", ""};
    poolgrad_state *state = NULL;
    random_pooling(r, &k);
    poolgrad_image x = filled(r, POOLGRAD_FLOAT32, 2, 9, random_between(r, 1, 9), random_between(r, 1, 9));
    const poolgrad_image size = images_size(2, 16, random_between(r, 1, 6), random_between(r, 1, 6));
    make_twins(r, random_chance(r, 50) ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT16, &size, y);
    cr_assert_eq(poolgrad_pooling_result_state(&k, VIEW(&x), &y[0], &state, &error), POOLGRAD_OK, "%s", error.message);
    poolgrad_problem p = forward_problem(&k, &x, &y[1]);
    poolgrad_status expected = poolgrad_run(&p, &error);
    poolgrad_status status = poolgrad_pooling_encode(&k, NULL, VIEW(&x), state, &y[0], &error);
    bool same = status == expected && images_same("forward", &y[1], &y[0]);
    const poolgrad_gradient_settings *s = poolgrad_state_settings(state);
    same = same && (status != POOLGRAD_OK ||
                    (s->offset.x == k.offset.x && s->offset.y == k.offset.y && s->offset.z == k.offset.z &&
                     s->edge_mode == k.edge_mode && s->zero_pad_size_x == k.zero_pad_size_x &&
                     s->zero_pad_size_y == k.zero_pad_size_y && s->clip_rect.x == k.clip_rect.x &&
                     s->clip_rect.height == k.clip_rect.height && s->source_width == x.width &&
                     s->source_height == x.height && s->source_channels == 9 && s->source_images == 2));
    same = same && poolgrad_state_source_width(state) == x.width && poolgrad_state_source_height(state) == x.height;
    poolgrad_state_destroy(state);
    view_free(&x);
    view_free(&y[0]);
    view_free(&y[1]);
    return same;
}

static bool gradient_case(random_state *r)
{
    poolgrad_pooling_gradient k;
    poolgrad_image dx[2];
    poolgrad_error error = {"", ""};
    initializers[random_between(r, 0, 2)].gradient(&k, sizeof k, random_between(r, 1, 4), random_between(r, 1, 4),
                                                   random_between(r, 1, 3), random_between(r, 1, 3));
    k.primary_offset = (poolgrad_offset){random_between(r, -1, 2), random_between(r, -1, 2), random_between(r, 0, 1)};
    if (random_chance(r, 50)) {
        k.source_size = (poolgrad_size){random_between(r, 0, 5), random_between(r, 0, 5), random_between(r, 0, 2)};
    }
    k.secondary_offset = (poolgrad_offset){random_between(r, -2, 3), random_between(r, -2, 3), random_between(r, 0, 1)};
    k.kernel_offset_x = random_between(r, -2, 2);
    k.kernel_offset_y = random_between(r, -2, 2);
    k.clip_rect = random_region(r);
    k.destination_feature_channel_offset = random_quad(r);
    k.primary_source_feature_channel_offset = random_quad(r);
    k.secondary_source_feature_channel_offset = random_quad(r);
    k.primary_source_feature_channel_max_count = k.secondary_source_feature_channel_max_count = random_between(r, 1, 5);
    k.primary_edge_mode = (poolgrad_edge_mode)random_between(r, 0, 1);
    k.secondary_edge_mode = (poolgrad_edge_mode)random_between(r, 0, 1);
    k.zero_pad_size_x = random_between(r, 0, 2);
    k.zero_pad_size_y = random_between(r, 0, 2);
    k.ties = (poolgrad_tie_rule)random_between(r, 0, 3);
    k.nan = (poolgrad_nan_rule)random_between(r, 0, 2);
    k.accumulator = (poolgrad_accumulator)random_between(r, 0, 1);
    poolgrad_image x = filled(r, POOLGRAD_FLOAT32, 2, 9, random_between(r, 1, 9), random_between(r, 1, 9));
    poolgrad_image dy = filled(r, POOLGRAD_FLOAT32, 2, 9, random_between(r, 1, 6), random_between(r, 1, 6));
    const poolgrad_image size = images_size(2, 16, random_between(r, 1, 9), random_between(r, 1, 9));
    make_twins(r, POOLGRAD_FLOAT32, &size, dx);
    poolgrad_problem p = gradient_problem(&k, &dy, &x, &dx[1]);
    poolgrad_status expected = poolgrad_run(&p, &error);
    poolgrad_status status = poolgrad_pooling_gradient_encode(&k, NULL, VIEW(&dy), VIEW(&x), NULL, &dx[0], &error);
    bool same = status == expected && images_same("gradient", &dx[1], &dx[0]);
    view_free(&x);
    view_free(&dy);
    view_free(&dx[0]);
    view_free(&dx[1]);
    return same;
}

Test(kernels, properties_reach_the_problem)
{
    random_sweep sweep = random_sweep_start("kernels", 3000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        cr_assert(forward_case(&r) && gradient_case(&r),
                  "repeat with POOLGRAD_TEST_SEED=0x%016llx POOLGRAD_TEST_CASES=1", (unsigned long long)sweep.seed);
    }
}

/* ---- Forward, then back ------------------------------------------------------------------------------------------ */

/* A window of each size that a format of taps has to hold. */
Test(kernels, argmax_and_source_give_the_same_gradient)
{
    static const struct {
        int64_t width, height;
        poolgrad_format format;
    } windows[] = {{3, 3, POOLGRAD_TAP8},
                   {15, 17, POOLGRAD_TAP8},
                   {16, 16, POOLGRAD_TAP16},
                   {257, 255, POOLGRAD_TAP16},
                   {256, 256, POOLGRAD_TAP32}};
    random_state r = {5};
    for (int i = 0; i < (int)(sizeof windows / sizeof *windows); ++i) {
        poolgrad_pooling k;
        poolgrad_pooling_gradient back;
        poolgrad_error error = {"", ""};
        poolgrad_image x = filled(&r, POOLGRAD_FLOAT32, 2, 3, 19, 23);
        poolgrad_buffer *y[2], *dx[3];
        poolgrad_state *state[2];
        poolgrad_pooling_max_init(&k, sizeof k, windows[i].width, windows[i].height, 2, 2);
        poolgrad_pooling_max_gradient_init(&back, sizeof back, windows[i].width, windows[i].height, 2, 2);
        for (int saves = 0; saves < 2; ++saves) {
            k.saves_argmax = saves;
            cr_assert_eq(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &y[saves], &state[saves], &error),
                         POOLGRAD_OK, "%s", error.message);
            cr_expect_eq(poolgrad_pooling_is_state_modified(&k), saves);
        }
        cr_expect(generic_equal(y[0], y[1]));
        cr_expect_null(poolgrad_state_argmax(state[0]));
        cr_assert_not_null(poolgrad_state_argmax(state[1]));
        cr_expect_eq(poolgrad_state_argmax(state[1])->format, windows[i].format);
        const poolgrad_image *dy = poolgrad_buffer_image(y[0]); /* any gradient will do */
        cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), VIEW(&x), state[0], &dx[0], &error),
                     POOLGRAD_OK);
        cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), VIEW(&x), state[1], &dx[1], &error),
                     POOLGRAD_OK);
        cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), NULL, state[1], &dx[2], &error),
                     POOLGRAD_OK, "%s", error.message);
        cr_expect(generic_equal(dx[0], dx[1]) && generic_equal(dx[1], dx[2]), "window %d", i);
        cr_expect_eq(poolgrad_buffer_image(dx[2])->width, 23);
        for (int b = 0; b < 3; ++b) poolgrad_buffer_destroy(dx[b]);
        for (int b = 0; b < 2; ++b) poolgrad_buffer_destroy(y[b]);
        for (int b = 0; b < 2; ++b) poolgrad_state_destroy(state[b]);
        view_free(&x);
    }
}

/* A forward call with a clip rectangle: the gradient region is its, and the sizes the source's. */
Test(kernels, states_carry_forward_settings)
{
    random_state r = {6};
    poolgrad_pooling k;
    poolgrad_pooling_gradient back, by_hand;
    poolgrad_error error = {"", ""};
    poolgrad_image x = filled(&r, POOLGRAD_FLOAT32, 2, 2, 9, 11), y = filled(&r, POOLGRAD_FLOAT32, 2, 2, 6, 7);
    poolgrad_state *state;
    poolgrad_pooling_average_init(&k, sizeof k, 3, 2, 2, 1);
    k.offset = (poolgrad_offset){1, -1, 1};
    k.edge_mode = POOLGRAD_EDGE_CLAMP;
    k.zero_pad_size_x = 1;
    k.clip_rect = (poolgrad_clip_rect){1, 2, 0, 4, 3, 1};
    cr_assert_eq(poolgrad_pooling_result_state(&k, VIEW(&x), &y, &state, &error), POOLGRAD_OK);
    cr_assert_eq(poolgrad_pooling_encode(&k, NULL, VIEW(&x), state, &y, &error), POOLGRAD_OK);
    poolgrad_pooling_average_gradient_init(&back, sizeof back, 3, 2, 2, 1);
    by_hand = back;
    by_hand.secondary_offset = k.offset;
    by_hand.secondary_edge_mode = POOLGRAD_EDGE_CLAMP;
    by_hand.zero_pad_size_x = 1;
    by_hand.primary_offset = (poolgrad_offset){1, 2, 0};
    by_hand.source_size = (poolgrad_size){4, 3, 1};
    poolgrad_image a = filled(&r, POOLGRAD_FLOAT32, 2, 2, 9, 11), b = filled(&r, POOLGRAD_FLOAT32, 2, 2, 9, 11);
    a.layout = b.layout = POOLGRAD_NCHW;
    /* Settings of its own are replaced by the state's. */
    back.secondary_offset.x = 7;
    back.zero_pad_size_y = 3;
    cr_assert_eq(poolgrad_pooling_gradient_encode(&back, NULL, VIEW(&y), VIEW(&x), state, &a, &error), POOLGRAD_OK);
    cr_assert_eq(poolgrad_pooling_gradient_encode(&by_hand, NULL, VIEW(&y), VIEW(&x), NULL, &b, &error), POOLGRAD_OK);
    cr_expect(images_same("gradient", &b, &a));
    poolgrad_image other = x;
    other.width = 10;
    cr_expect_eq(poolgrad_pooling_gradient_encode(&back, NULL, VIEW(&y), VIEW(&other), state, &a, &error),
                 POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "source_image has 10x9 pixels; expected 11x9, the source of the gradient state");
    poolgrad_state *copy;
    cr_assert_eq(poolgrad_state_copy(state, &copy, &error), POOLGRAD_OK);
    cr_expect(generic_equal(state, copy) && generic_hash(state) == generic_hash(copy));
    poolgrad_state_destroy(copy);
    poolgrad_state_destroy(state);
    view_free(&x);
    view_free(&y);
    view_free(&a);
    view_free(&b);
}

/* ---- Order of configuration -------------------------------------------------------------------------------------- */

/* Gradient kernels: what the policy puts, the state replaces, and the callback has the last word. */
static poolgrad_status last_word(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                                 poolgrad_error *error)
{
    poolgrad_gradient_settings *seen = context;
    (void)error;
    if (request->pooling) {
        seen->offset = request->pooling->offset;
        seen->edge_mode = request->pooling->edge_mode;
        request->pooling->offset.x += 1;
        request->pooling->edge_mode = POOLGRAD_EDGE_ZERO;
    } else {
        seen->offset = request->pooling_gradient->secondary_offset;
        seen->edge_mode = request->pooling_gradient->secondary_edge_mode;
        request->pooling_gradient->secondary_offset.x += 1;
    }
    seen->result_width = descriptor->width;
    seen->result_height = descriptor->height;
    descriptor->width += 2;
    return POOLGRAD_OK;
}

Test(kernels, custom_policies_come_last)
{
    random_state r = {7};
    poolgrad_image x = filled(&r, POOLGRAD_FLOAT32, 1, 2, 5, 8), size;
    poolgrad_error error = {"", ""};
    poolgrad_gradient_settings seen = {.edge_mode = POOLGRAD_EDGE_ZERO};
    poolgrad_pooling k, configured;
    poolgrad_pooling_average_init(&k, sizeof k, 3, 3, 2, 2);
    k.padding = poolgrad_padding_policy_for_tensorflow_average_pooling();
    k.padding.method |= POOLGRAD_PADDING_CUSTOM;
    k.padding.callback = last_word;
    k.padding.context = &seen;
    configured = k;
    cr_assert_eq(poolgrad_pooling_destination_descriptor(&configured, VIEW(&x), &size, &error), POOLGRAD_OK);
    cr_expect(seen.offset.x == 1 && seen.offset.y == 0 && seen.edge_mode == POOLGRAD_EDGE_CLAMP);
    cr_expect(seen.result_width == 4 && seen.result_height == 3);
    cr_expect(size.width == 6 && size.height == 3 && configured.offset.x == 2);
    cr_expect_eq(configured.edge_mode, POOLGRAD_EDGE_ZERO);

    /* The same through encode, of which the state tells. */
    poolgrad_buffer *y, *dx, *expected;
    poolgrad_state *state;
    cr_assert_eq(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &y, &state, &error), POOLGRAD_OK, "%s",
                 error.message);
    cr_expect_eq(poolgrad_state_settings(state)->offset.x, 2);
    cr_expect_eq(poolgrad_state_settings(state)->edge_mode, POOLGRAD_EDGE_ZERO);
    cr_expect_eq(poolgrad_state_settings(state)->result_width, 6);
    cr_expect_eq(poolgrad_buffer_image(y)->width, 6);

    poolgrad_pooling_gradient back, by_hand;
    poolgrad_pooling_average_gradient_init(&back, sizeof back, 3, 3, 2, 2);
    by_hand = back;
    back.padding = poolgrad_padding_policy_inverse(&k.padding);
    cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(poolgrad_buffer_image(y)), VIEW(&x), state,
                                                         &dx, &error),
                 POOLGRAD_OK, "%s", error.message);
    cr_expect(seen.offset.x == 2 && seen.edge_mode == POOLGRAD_EDGE_ZERO, "the state came before");
    cr_expect(seen.result_width == 8 && seen.result_height == 5, "the forward source's size");
    cr_expect_eq(poolgrad_buffer_image(dx)->width, 10);
    by_hand.secondary_offset.x = 3;
    by_hand.secondary_offset.y = poolgrad_state_settings(state)->offset.y;
    size = *poolgrad_buffer_image(dx);
    cr_assert_eq(poolgrad_buffer_create(&size, NULL, &expected, &error), POOLGRAD_OK);
    cr_assert_eq(poolgrad_pooling_gradient_encode(&by_hand, NULL, VIEW(poolgrad_buffer_image(y)), VIEW(&x), NULL,
                                                  poolgrad_buffer_image(expected), &error),
                 POOLGRAD_OK);
    cr_expect(generic_equal(dx, expected));
    poolgrad_buffer_destroy(expected);
    poolgrad_buffer_destroy(dx);
    poolgrad_buffer_destroy(y);
    poolgrad_state_destroy(state);
    view_free(&x);
}

/* Without a state: the offset of the forward policy, and a source of the size that the window spans. */
Test(kernels, gradient_policy_without_a_state)
{
    poolgrad_pooling_gradient k;
    poolgrad_error error = {"", ""};
    const poolgrad_image dy = {.format = POOLGRAD_FLOAT16, .images = 2, .channels = 3, .height = 4, .width = 5};
    poolgrad_image size;
    poolgrad_pooling_max_gradient_init(&k, sizeof k, 3, 3, 2, 2);
    k.padding = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_FULL); /* forward was valid only */
    cr_assert_eq(poolgrad_pooling_gradient_destination_descriptor(&k, VIEW(&dy), NULL, NULL, &size, &error),
                 POOLGRAD_OK, "%s", error.message);
    cr_expect(size.width == 11 && size.height == 9 && size.channels == 3 && size.images == 2);
    cr_expect_eq(size.format, POOLGRAD_FLOAT16);
    cr_expect(k.secondary_offset.x == 1 && k.secondary_offset.y == 1);
    const poolgrad_image x = {.format = POOLGRAD_UNORM8, .images = 2, .channels = 3, .height = 10, .width = 12};
    cr_assert_eq(poolgrad_pooling_gradient_destination_descriptor(&k, VIEW(&dy), VIEW(&x), NULL, &size, &error),
                 POOLGRAD_OK);
    cr_expect(size.width == 12 && size.height == 10, "a source image tells its size");
}

/* Formats and channels of a made destination. */
Test(kernels, descriptors)
{
    poolgrad_pooling k;
    poolgrad_image size;
    poolgrad_error error = {"", ""};
    poolgrad_image x = {.format = POOLGRAD_UNORM16, .layout = POOLGRAD_NC4HW4, .images = 3, .channels = 10};
    x.height = 6;
    x.width = 7;
    poolgrad_pooling_max_init(&k, sizeof k, 2, 2, 2, 2);
    k.source_feature_channel_offset = 4;
    k.source_feature_channel_max_count = 5;
    k.destination_feature_channel_offset = 8;
    cr_assert_eq(poolgrad_pooling_destination_descriptor(&k, VIEW(&x), &size, &error), POOLGRAD_OK);
    cr_expect(size.format == POOLGRAD_FLOAT32 && size.layout == POOLGRAD_NC4HW4, "results are never unorm");
    cr_expect(size.images == 3 && size.channels == 13 && size.height == 3 && size.width == 4);
    cr_expect(size.data == NULL && size.column_stride == 4 && size.row_stride == 16 && size.channel_stride == 48);
}

/* What a made destination holds where nothing is written: +0. */
Test(kernels, unwritten_elements_are_zero)
{
    random_state r = {8};
    poolgrad_pooling k;
    poolgrad_error error = {"", ""};
    poolgrad_image x = filled(&r, POOLGRAD_FLOAT32, 2, 6, 4, 4);
    poolgrad_buffer *y;
    poolgrad_pooling_max_init(&k, sizeof k, 2, 2, 2, 2);
    k.destination_feature_channel_offset = 4;
    k.clip_rect = (poolgrad_clip_rect){1, 0, 0, 1, 1, POOLGRAD_ALL};
    for (int i = 0; i < 3; ++i) { /* memory that was used before */
        cr_assert_eq(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &y, NULL, &error), POOLGRAD_OK);
        const poolgrad_image *image = poolgrad_buffer_image(y);
        cr_expect_eq(image->channels, 10);
        for (int64_t c = 0; c < 10; ++c) {
            for (int64_t p = 0; p < 4; ++p) {
                if (c >= 4 && p == 1) continue;
                cr_expect_eq(view_bits(image, 1, c, p / 2, p % 2), 0, "channel %d, pixel %d", (int)c, (int)p);
            }
        }
        poolgrad_buffer_destroy(y);
    }
    view_free(&x);
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

static void expect_message(poolgrad_status status, const poolgrad_error *error, const char *expected)
{
    cr_expect_eq(status, POOLGRAD_INVALID);
    cr_expect_str_eq(error->message, expected);
}

Test(kernels, refusals_name_properties)
{
    random_state r = {9};
    poolgrad_image x = filled(&r, POOLGRAD_FLOAT32, 1, 8, 6, 6), y = filled(&r, POOLGRAD_FLOAT32, 1, 8, 3, 3);
    poolgrad_pooling good, k;
    poolgrad_error error = {"", ""};
    poolgrad_pooling_max_init(&good, sizeof good, 2, 2, 2, 2);
    k = good;
    k.stride_in_pixels_x = 0;
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                   "stride_in_pixels_x is 0; expected 1 to 2^61");
    cr_expect_str_eq(error.field, "stride_in_pixels_x");
    k = good;
    k.source_feature_channel_offset = 2;
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                   "source_feature_channel_offset is 2; expected a multiple of 4");
    k = good;
    k.clip_rect.x = -1;
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                   "clip_rect.x is -1; expected 0 to 2^61");
    k = good;
    k.edge_mode = (poolgrad_edge_mode)2;
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                   "edge_mode is 2 (mirror); expected zero (0) or clamp (1), no other is defined for pooling");
    k = good;
    k.saves_argmax = 1;
    k.ties = POOLGRAD_TIES_ALL;
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                   "ties is 2; expected first (0) or last (1) with saves_argmax, which names one tap");
    poolgrad_pooling_average_init(&k, sizeof k, 2, 2, 2, 2);
    k.saves_argmax = 1;
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                   "saves_argmax is 1 of a kernel that is not max; expected 0");
    char expected[128];
    memset(&k, 0, sizeof k);
    snprintf(expected, sizeof expected, "struct_size is 0; expected %zu, set by the initializer of a pooling kernel",
             sizeof k);
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error, expected);
    expect_message(poolgrad_pooling_encode(&good, NULL, NULL, NULL, &y, &error), &error,
                   "source is null; expected an image");
    poolgrad_context context = {.struct_size = 3};
    snprintf(expected, sizeof expected, "context.struct_size is 3; expected %zu, set by poolgrad_context_init",
             sizeof context);
    expect_message(poolgrad_pooling_encode(&good, &context, VIEW(&x), NULL, &y, &error), &error, expected);
    k = good;
    k.padding.callback = last_word;
    poolgrad_buffer *made;
    expect_message(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &made, NULL, &error), &error,
                   "padding.callback is given without the custom bit (16384) of the method; expected both");
    cr_expect_null(made);
    poolgrad_pooling_gradient back;
    poolgrad_pooling_max_gradient_init(&back, sizeof back, 2, 2, 2, 2);
    back.secondary_edge_mode = (poolgrad_edge_mode)4;
    expect_message(poolgrad_pooling_gradient_encode(&back, NULL, VIEW(&y), VIEW(&x), NULL, &x, &error), &error,
                   "secondary_edge_mode is 4 (constant); expected zero (0) or clamp (1), no other is defined for "
                   "pooling");
    back.secondary_edge_mode = POOLGRAD_EDGE_ZERO;
    back.primary_edge_mode = (poolgrad_edge_mode)2;
    expect_message(poolgrad_pooling_gradient_encode(&back, NULL, VIEW(&y), VIEW(&x), NULL, &x, &error), &error,
                   "primary_edge_mode is 2; expected zero (0) or clamp (1)");
    back.primary_edge_mode = POOLGRAD_EDGE_CLAMP;
    expect_message(poolgrad_pooling_gradient_encode(&back, NULL, VIEW(&y), NULL, NULL, &x, &error), &error,
                   "source_image is null; expected an image, or a gradient state with its size");
    view_free(&x);
    view_free(&y);
}

/* A state of another destination, or of a kernel that saves nothing. */
Test(kernels, states_that_do_not_fit)
{
    random_state r = {10};
    poolgrad_image x = filled(&r, POOLGRAD_FLOAT32, 1, 2, 6, 6), y = filled(&r, POOLGRAD_FLOAT32, 1, 2, 3, 3);
    const poolgrad_image wider = images_size(1, 2, 3, 4);
    poolgrad_pooling k;
    poolgrad_pooling_gradient back;
    poolgrad_error error = {"", ""};
    poolgrad_state *state;
    poolgrad_pooling_max_init(&k, sizeof k, 2, 2, 2, 2);
    poolgrad_pooling_max_gradient_init(&back, sizeof back, 2, 2, 2, 2);
    k.saves_argmax = 1;
    cr_assert_eq(poolgrad_pooling_result_state(&k, VIEW(&x), &wider, &state, &error), POOLGRAD_OK);
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), state, &y, &error), &error,
                   "state has no room for the picked taps of this destination; expected one that "
                   "poolgrad_pooling_result_state made for it");
    expect_message(poolgrad_pooling_gradient_encode(&back, NULL, VIEW(&y), VIEW(&x), state, &x, &error), &error,
                   "gradient_state holds taps of 1 images of 2 channels, 4x3 pixels; expected 1 of 2, 3x3 as "
                   "source_gradient");
    k.saves_argmax = 0;
    expect_message(poolgrad_pooling_encode(&k, NULL, VIEW(&x), state, &y, &error), &error,
                   "state has room for picked taps; expected none, saves_argmax is 0");
    poolgrad_state_destroy(state);
    view_free(&x);
    view_free(&y);
}

/* ---- Batches, images --------------------------------------------------------------------------------------------- */

Test(kernels, batches)
{
    enum { BATCH = 3 };
    random_state r = {11};
    poolgrad_image x[BATCH];
    poolgrad_const_image sources[BATCH], dy[BATCH];
    poolgrad_pooling k;
    poolgrad_pooling_gradient back;
    poolgrad_error error = {"", ""};
    poolgrad_buffer *y[BATCH], *dx[BATCH], *single;
    poolgrad_state *states[BATCH];
    for (int b = 0; b < BATCH; ++b) {
        x[b] = filled(&r, POOLGRAD_FLOAT32, 1, 3, 5 + b, 6);
        sources[b] = poolgrad_image_as_const(&x[b]);
    }
    poolgrad_pooling_max_init(&k, sizeof k, 3, 3, 2, 2);
    poolgrad_pooling_max_gradient_init(&back, sizeof back, 3, 3, 2, 2);
    k.saves_argmax = 1;
    cr_assert_eq(poolgrad_pooling_encode_batch_to_new(&k, NULL, BATCH, sources, y, states, &error), POOLGRAD_OK);
    for (int b = 0; b < BATCH; ++b) dy[b] = *poolgrad_buffer_const_image(y[b]);
    cr_assert_eq(poolgrad_pooling_gradient_encode_batch_to_new(&back, NULL, BATCH, dy, NULL, states, dx, &error),
                 POOLGRAD_OK, "%s", error.message);
    for (int b = 0; b < BATCH; ++b) {
        cr_assert_eq(
            poolgrad_pooling_gradient_encode_to_new(&back, NULL, &dy[b], VIEW(&x[b]), states[b], &single, &error),
            POOLGRAD_OK);
        cr_expect(generic_equal(dx[b], single), "element %d", b);
        poolgrad_buffer_destroy(single);
        poolgrad_image again = *poolgrad_buffer_image(y[b]);
        cr_expect_eq(poolgrad_pooling_encode_batch(&k, NULL, 1, &sources[b], &states[b], &again, &error), POOLGRAD_OK);
        again = *poolgrad_buffer_image(dx[b]);
        cr_expect_eq(
            poolgrad_pooling_gradient_encode_batch(&back, NULL, 1, &dy[b], &sources[b], &states[b], &again, &error),
            POOLGRAD_OK);
        poolgrad_buffer_destroy(y[b]);
        poolgrad_buffer_destroy(dx[b]);
        poolgrad_state_destroy(states[b]);
    }
    sources[1].width = -1;
    cr_expect_eq(poolgrad_pooling_encode_batch_to_new(&k, NULL, BATCH, sources, y, states, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "batch element 1: source.width is -1; expected at least 0");
    for (int b = 0; b < BATCH; ++b) cr_expect(!y[b] && !states[b], "element %d", b);
    for (int b = 0; b < BATCH; ++b) view_free(&x[b]);
}

/* From any layout and format to any other, zeros with their sign. */
Test(kernels, image_copies)
{
    random_state r = {12};
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};
    for (int i = 0; i < 27; ++i) {
        poolgrad_error error = {"", ""};
        const poolgrad_image size = images_size(2, 5, 3, 4);
        poolgrad_image a = images_random(&r, POOLGRAD_FLOAT16, (poolgrad_layout)(i % 3), &size);
        poolgrad_image b = images_random(&r, formats[i / 9], (poolgrad_layout)(i / 3 % 3), &size);
        poolgrad_image c = images_random(&r, POOLGRAD_FLOAT16, (poolgrad_layout)(i % 3), &size);
        cr_assert_eq(poolgrad_image_copy(VIEW(&a), &b, NULL, &error), POOLGRAD_OK, "%s", error.message);
        cr_assert_eq(poolgrad_image_copy(VIEW(&b), &c, NULL, &error), POOLGRAD_OK, "%s", error.message);
        for (int64_t n = 0; n < 2; ++n) {
            for (int64_t e = 0; e < 60; ++e) {
                uint64_t before = view_bits(&a, n, e / 12, e / 4 % 3, e % 4);
                uint64_t after = view_bits(&c, n, e / 12, e / 4 % 3, e % 4);
                bool nan = (before & 0x7fff) > 0x7c00;
                cr_expect_eq(after, nan ? 0x7e00 : before, "copy %d, element %d", i, (int)e);
            }
        }
        b.width = 3;
        cr_expect_eq(poolgrad_image_copy(VIEW(&a), &b, NULL, &error), POOLGRAD_INVALID);
        cr_expect_str_eq(error.message,
                         "destination has 2 images of 5 channels, 3x3 pixels; expected 2 of 5, 4x3 as the "
                         "source");
        view_free(&a);
        view_free(&b);
        view_free(&c);
    }
}

/* ---- Equality, hash, text ---------------------------------------------------------------------------------------- */

/* Each number of a kernel, changed alone, makes it another one. */
Test(kernels, equality)
{
    poolgrad_pooling a, b;
    poolgrad_pooling_gradient c, d;
    poolgrad_pooling_max_init(&a, sizeof a, 2, 3, 1, 2);
    poolgrad_pooling_max_gradient_init(&c, sizeof c, 2, 3, 1, 2);
    int64_t *const of_b[] = {&b.kernel_width,
                             &b.kernel_height,
                             &b.stride_in_pixels_x,
                             &b.stride_in_pixels_y,
                             &b.dilation_rate_x,
                             &b.dilation_rate_y,
                             &b.offset.x,
                             &b.offset.y,
                             &b.offset.z,
                             &b.clip_rect.x,
                             &b.clip_rect.y,
                             &b.clip_rect.z,
                             &b.clip_rect.width,
                             &b.clip_rect.height,
                             &b.clip_rect.depth,
                             &b.destination_feature_channel_offset,
                             &b.source_feature_channel_offset,
                             &b.source_feature_channel_max_count,
                             &b.zero_pad_size_x,
                             &b.zero_pad_size_y};
    int64_t *const of_d[] = {&d.primary_offset.x,
                             &d.source_size.depth,
                             &d.secondary_offset.y,
                             &d.kernel_offset_x,
                             &d.kernel_offset_y,
                             &d.clip_rect.z,
                             &d.destination_feature_channel_offset,
                             &d.primary_source_feature_channel_offset,
                             &d.secondary_source_feature_channel_offset,
                             &d.primary_source_feature_channel_max_count,
                             &d.secondary_source_feature_channel_max_count,
                             &d.zero_pad_size_y,
                             &d.kernel_width,
                             &d.dilation_rate_y};
    for (size_t i = 0; i < sizeof of_b / sizeof *of_b; ++i) {
        b = a;
        cr_expect(generic_equal(&a, &b) && generic_hash(&a) == generic_hash(&b));
        --*of_b[i];
        cr_expect(!generic_equal(&a, &b) && generic_hash(&a) != generic_hash(&b), "number %d", (int)i);
    }
    for (size_t i = 0; i < sizeof of_d / sizeof *of_d; ++i) {
        d = c;
        cr_expect(generic_equal(&c, &d) && generic_hash(&c) == generic_hash(&d));
        --*of_d[i];
        cr_expect(!generic_equal(&c, &d) && generic_hash(&c) != generic_hash(&d), "number %d", (int)i);
    }
    b = a;
    b.ties = POOLGRAD_TIES_LAST;
    cr_expect_not(generic_equal(&a, &b));
    b = a;
    b.padding.clamps_edges = 1;
    cr_expect_not(generic_equal(&a, &b));
    b = a;
    strcpy(b.label, "pool");
    cr_expect_not(generic_equal(&a, &b));
    cr_expect_not(generic_equal(&a, NULL));
    cr_expect(poolgrad_pooling_equal(NULL, NULL));
}

Test(kernels, descriptions)
{
    char text[4096], small[16];
    poolgrad_pooling k;
    poolgrad_dilated_pooling_max_init(&k, sizeof k, 2, 3, 1, 1, 2, 2);
    strcpy(k.label, "pool");
    const char *line =
        "dilated_pooling_max \"pool\": kernel 2x3, stride 1x1, dilation 2x2, offset 0, 0, edge mode zero, "
        "padding same | centered | remainder to top left";
    cr_expect_eq(generic_description(&k, text, sizeof text), strlen(line));
    cr_expect_str_eq(text, line);
    cr_expect_eq(generic_description(&k, small, sizeof small), strlen(line));
    cr_expect_str_eq(small, "dilated_pooling");
    cr_expect_eq(generic_description(&k, NULL, 0), strlen(line));
    cr_expect_eq(poolgrad_pooling_description(NULL, text, sizeof text), 4);
    poolgrad_pooling_gradient back;
    poolgrad_pooling_average_gradient_init(&back, sizeof back, 2, 2, 2, 2);
    generic_description(&back, text, sizeof text);
    cr_expect_str_eq(text,
                     "pooling_average_gradient: kernel 2x2, stride 2x2, secondary offset 0, 0, secondary edge mode "
                     "zero, padding same | centered | remainder to top left");
}
