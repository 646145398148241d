/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient states: what they hold, what they refuse, and that picked taps give the bits that a search gives. */
#include "support/generic.h"
#include "support/images.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <poolgrad/mps.h>
#include <stdio.h>
#include <string.h>

static const poolgrad_image source_size = {.images = 2, .channels = 3, .height = 7, .width = 8};
static const poolgrad_image result_size = {.images = 2, .channels = 3, .height = 4, .width = 4};

static void expect_refused(poolgrad_status status, const poolgrad_error *error, const char *sentence)
{
    cr_expect_eq(status, POOLGRAD_INVALID);
    cr_expect(refusal_is_sentence(error));
    cr_expect_str_eq(error->message, sentence);
}

static poolgrad_pooling max_kernel(int saves_argmax)
{
    poolgrad_pooling kernel;
    poolgrad_pooling_max_init(&kernel, sizeof kernel, 2, 2, 2, 2);
    kernel.saves_argmax = saves_argmax;
    return kernel;
}

static poolgrad_state *state_of(const poolgrad_pooling *kernel, const poolgrad_image *source,
                                const poolgrad_image *result)
{
    poolgrad_state *state;
    poolgrad_error error = refusal_none();
    poolgrad_status status = poolgrad_pooling_result_state(kernel, VIEW(source), result, &state, &error);
    cr_assert_eq(status, POOLGRAD_OK, "%s", error.message);
    return state;
}

/* ---- Content ----------------------------------------------------------------------------------------------------- */

/* Every property of the kernel that a state keeps, and every size, changed alone. */
Test(states, equality_and_hash)
{
    const poolgrad_pooling kernel = max_kernel(0);
    poolgrad_pooling k;
    poolgrad_image x, y;
    int64_t *const numbers[] = {&k.offset.x,        &k.offset.y,         &k.offset.z,        &k.zero_pad_size_x,
                                &k.zero_pad_size_y, &k.clip_rect.x,      &k.clip_rect.y,     &k.clip_rect.z,
                                &k.clip_rect.width, &k.clip_rect.height, &k.clip_rect.depth, &x.width,
                                &x.height,          &x.channels,         &x.images,          &y.width,
                                &y.height,          &y.channels,         &y.images};
    poolgrad_state *state = state_of(&kernel, &source_size, &result_size), *other;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        k = kernel;
        x = source_size;
        y = result_size;
        other = state_of(&k, &x, &y);
        cr_expect(generic_equal(state, other) && generic_hash(state) == generic_hash(other));
        poolgrad_state_destroy(other);
        *numbers[i] -= 1;
        other = state_of(&k, &x, &y);
        cr_expect(!generic_equal(state, other), "number %d is not compared", (int)i);
        cr_expect_neq(generic_hash(state), generic_hash(other), "number %d is not hashed", (int)i);
        poolgrad_state_destroy(other);
    }
    k = kernel;
    k.edge_mode = POOLGRAD_EDGE_CLAMP;
    other = state_of(&k, &source_size, &result_size);
    cr_expect(!generic_equal(state, other) && generic_hash(state) != generic_hash(other));
    poolgrad_state_destroy(other);
    cr_expect(!generic_equal(state, NULL));
    poolgrad_state_destroy(state);
}

/* A state's taps are its own, and only poolgrad writes them; but for a test. */
static unsigned char *taps_of(const poolgrad_state *state)
{
    unsigned char *taps;
    memcpy(&taps, &poolgrad_state_argmax(state)->data, sizeof taps);
    return taps;
}

Test(states, picked_taps_are_compared)
{
    const poolgrad_pooling kernel = max_kernel(1), plain = max_kernel(0);
    poolgrad_pooling wide = kernel;
    poolgrad_error error = refusal_none();
    wide.kernel_width = 1;
    wide.kernel_height = 4;
    poolgrad_state *a = state_of(&kernel, &source_size, &result_size), *b;
    poolgrad_state *none = state_of(&plain, &source_size, &result_size), *column;
    column = state_of(&wide, &source_size, &result_size);
    memset(taps_of(a), 1, 2 * 3 * 4 * 4);
    cr_assert_eq(poolgrad_state_copy(a, &b, &error), POOLGRAD_OK);
    cr_expect(generic_equal(a, b) && generic_hash(a) == generic_hash(b));
    cr_expect(poolgrad_state_argmax(a)->data != poolgrad_state_argmax(b)->data);
    taps_of(b)[95] = 2;
    cr_expect(!generic_equal(a, b), "the last tap");
    cr_expect(!generic_equal(a, none) && !generic_equal(none, a), "there are none");
    memset(taps_of(column), 1, 2 * 3 * 4 * 4);
    cr_expect(!generic_equal(a, column), "taps of another window");
    poolgrad_state_destroy(a);
    cr_expect_eq(taps_of(b)[94], 1, "a copy stands alone");
    poolgrad_state_destroy(b);
    poolgrad_state_destroy(none);
    poolgrad_state_destroy(column);
}

static void expect_texts(const poolgrad_state *state, const char *line, const char *json)
{
    char text[1024], *quote;
    cr_expect_eq(generic_description(state, text, sizeof text), strlen(line));
    cr_expect_str_eq(text, line);
    cr_expect_eq(generic_debug_description(state, text, sizeof text), strlen(json));
    while ((quote = strchr(text, '"'))) *quote = '\'';
    cr_expect_str_eq(text, json);
}

Test(states, texts)
{
    poolgrad_pooling kernel = max_kernel(1);
    kernel.offset = (poolgrad_offset){1, -1, 2};
    kernel.edge_mode = POOLGRAD_EDGE_CLAMP;
    kernel.zero_pad_size_x = 3;
    kernel.zero_pad_size_y = 4;
    kernel.clip_rect = (poolgrad_clip_rect){5, 6, 7, 8, POOLGRAD_ALL, 9};
    poolgrad_image result = result_size;
    result.layout = POOLGRAD_NC4HW4;
    poolgrad_state *state = state_of(&kernel, &source_size, &result);
    expect_texts(state, "state: source 8x7, offset 1, -1, argmax as tap8",
                 "{'class': 'state', 'offset': {'x': 1, 'y': -1, 'z': 2}, 'edge_mode': 'clamp', "
                 "'zero_pad_size_x': 3, 'zero_pad_size_y': 4, 'clip_rect': {'x': 5, 'y': 6, 'z': 7, 'width': 8, "
                 "'height': 'all', 'depth': 9}, 'source_width': 8, 'source_height': 7, 'source_channels': 3, "
                 "'source_images': 2, 'result_width': 4, 'result_height': 4, 'result_channels': 3, "
                 "'result_images': 2, 'argmax': {'format': 'tap8', 'layout': 'nc4hw4', 'images': 2, 'channels': 3, "
                 "'height': 4, 'width': 4}}");
    poolgrad_state_destroy(state);
    kernel = max_kernel(0);
    state = state_of(&kernel, &source_size, NULL);
    expect_texts(state, "state: source 8x7, offset 0, 0",
                 "{'class': 'state', 'offset': {'x': 0, 'y': 0, 'z': 0}, 'edge_mode': 'zero', "
                 "'zero_pad_size_x': 0, 'zero_pad_size_y': 0, 'clip_rect': {'x': 0, 'y': 0, 'z': 0, 'width': 'all', "
                 "'height': 'all', 'depth': 'all'}, 'source_width': 8, 'source_height': 7, 'source_channels': 3, "
                 "'source_images': 2, 'result_width': 0, 'result_height': 0, 'result_channels': 0, "
                 "'result_images': 0, 'argmax': null}");
    poolgrad_state_destroy(state);
}

Test(states, null)
{
    poolgrad_state *copy = (poolgrad_state *)1;
    poolgrad_error error = refusal_none();
    cr_expect(!poolgrad_state_settings(NULL) && !poolgrad_state_argmax(NULL));
    cr_expect(poolgrad_state_source_width(NULL) == -1 && poolgrad_state_source_height(NULL) == -1);
    expect_refused(poolgrad_state_copy(NULL, &copy, &error), &error, "state is null; expected a state");
    cr_expect_null(copy);
    poolgrad_state_destroy(NULL);
}

/* ---- Made and filled --------------------------------------------------------------------------------------------- */

Test(states, sizes_are_checked)
{
    poolgrad_pooling kernel = max_kernel(0);
    poolgrad_state *state = (poolgrad_state *)1;
    poolgrad_error error = refusal_none();
    poolgrad_image wrong = source_size;
    expect_refused(poolgrad_pooling_result_state(&kernel, NULL, &result_size, &state, &error), &error,
                   "source is null; expected an image");
    cr_expect_null(state);
    wrong.width = -1;
    expect_refused(poolgrad_pooling_result_state(&kernel, VIEW(&wrong), &result_size, &state, &error), &error,
                   "source.width is -1; expected at least 0");
    for (int saves = 0; saves < 2; saves++) {
        kernel.saves_argmax = saves;
        expect_refused(poolgrad_pooling_result_state(&kernel, VIEW(&source_size), &wrong, &state, &error), &error,
                       "destination.width is -1; expected at least 0");
    }
    expect_refused(poolgrad_pooling_result_state(&kernel, VIEW(&source_size), NULL, &state, &error), &error,
                   "destination is null; expected an image, saves_argmax is 1");
    kernel.kernel_width = kernel.kernel_height = 1 << 16;
    expect_refused(poolgrad_pooling_result_state(&kernel, VIEW(&source_size), &result_size, &state, &error), &error,
                   "kernel_width is 65536 with kernel_height 65536; expected at most 2^32 - 1 taps with saves_argmax");
    cr_expect_null(state);
}

/* What encoding fills, a refused one leaves. */
Test(states, encoding_fills_them_again)
{
    random_state r = {1};
    poolgrad_image x = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NCHW, &source_size);
    poolgrad_image y = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NHWC, &result_size);
    poolgrad_pooling kernel = max_kernel(1);
    poolgrad_error error = refusal_none();
    poolgrad_state *state = state_of(&kernel, &source_size, &result_size);
    kernel.offset.x = 1;
    kernel.clip_rect.width = 3;
    cr_expect_eq(poolgrad_state_settings(state)->offset.x, 0);
    cr_assert_eq(poolgrad_pooling_encode(&kernel, NULL, VIEW(&x), state, &y, &error), POOLGRAD_OK, "%s", error.message);
    cr_expect_eq(poolgrad_state_settings(state)->offset.x, 1);
    cr_expect_eq(poolgrad_state_settings(state)->clip_rect.width, 3);
    kernel.offset.x = 2;
    kernel.nan = (poolgrad_nan_rule)9;
    cr_expect_eq(poolgrad_pooling_encode(&kernel, NULL, VIEW(&x), state, &y, &error), POOLGRAD_INVALID);
    cr_expect_eq(poolgrad_state_settings(state)->offset.x, 1);
    kernel.nan = POOLGRAD_NAN_FIRST;
    poolgrad_image overlapping = y;
    overlapping.data = x.data;
    cr_expect_eq(poolgrad_pooling_encode(&kernel, NULL, VIEW(&x), state, &overlapping, &error), POOLGRAD_INVALID);
    cr_expect_eq(poolgrad_state_settings(state)->offset.x, 1);
    poolgrad_state_destroy(state);
    view_free(&x);
    view_free(&y);
}

/* ---- Use --------------------------------------------------------------------------------------------------------- */

/* A gradient kernel of the same window and rules, whose channels are those that the forward kernel wrote and read. */
static poolgrad_pooling_gradient gradient_of(const poolgrad_pooling *k)
{
    poolgrad_pooling_gradient back;
    poolgrad_dilated_pooling_max_gradient_init(&back, sizeof back, k->kernel_width, k->kernel_height,
                                               k->stride_in_pixels_x, k->stride_in_pixels_y, k->dilation_rate_x,
                                               k->dilation_rate_y);
    back.ties = k->ties;
    back.nan = k->nan;
    back.accumulator = k->accumulator;
    back.primary_source_feature_channel_offset = k->destination_feature_channel_offset;
    back.primary_source_feature_channel_max_count = k->source_feature_channel_max_count;
    back.secondary_source_feature_channel_offset = k->source_feature_channel_offset;
    back.secondary_source_feature_channel_max_count = k->source_feature_channel_max_count;
    return back;
}

static poolgrad_pooling random_kernel(random_state *r)
{
    poolgrad_pooling k;
    poolgrad_dilated_pooling_max_init(&k, sizeof k, random_between(r, 1, 4), random_between(r, 1, 4),
                                      random_between(r, 1, 3), random_between(r, 1, 3), random_between(r, 1, 3),
                                      random_between(r, 1, 3));
    k.offset = (poolgrad_offset){random_between(r, -2, 3), random_between(r, -2, 3), random_between(r, 0, 1)};
    if (random_chance(r, 60)) {
        k.clip_rect = (poolgrad_clip_rect){random_between(r, 0, 2), random_between(r, 0, 2), random_between(r, 0, 1),
                                           random_between(r, 1, 5), random_between(r, 1, 5), random_between(r, 1, 2)};
    }
    k.destination_feature_channel_offset = 4 * random_between(r, 0, 1);
    k.source_feature_channel_offset = 4 * random_between(r, 0, 1);
    k.source_feature_channel_max_count = random_between(r, 1, 5);
    k.edge_mode = (poolgrad_edge_mode)random_between(r, 0, 1);
    k.ties = (poolgrad_tie_rule)random_between(r, 0, 1);
    k.nan = (poolgrad_nan_rule)random_between(r, 0, 2);
    k.accumulator = (poolgrad_accumulator)random_between(r, 0, 1);
    return k;
}

static poolgrad_image random_image(random_state *r, int64_t channels, int64_t height, int64_t width)
{
    const poolgrad_image size = images_size(2, channels, height, width);
    poolgrad_format format = random_chance(r, 50) ? POOLGRAD_FLOAT32 : POOLGRAD_BFLOAT16;
    return images_random(r, format, (poolgrad_layout)random_between(r, 0, 2), &size);
}

static bool is_zero(const poolgrad_image *image)
{
    const unsigned char *bytes = image->data;
    int64_t size = image->images * view_stored_channels(image) * image->height * image->width;
    for (size_t i = 0; i < (size_t)size * poolgrad_format_size(image->format); i++) {
        if (bytes[i]) return false;
    }
    return true;
}

/* Both ways into new images, from a forward call into a given one. */
static bool same_both_ways(random_state *r, bool *telling)
{
    poolgrad_pooling k = random_kernel(r);
    poolgrad_pooling_gradient back = gradient_of(&k);
    poolgrad_error error = refusal_none();
    poolgrad_image x = random_image(r, 9, random_between(r, 1, 9), random_between(r, 1, 9));
    poolgrad_image y = random_image(r, 9, random_between(r, 1, 6), random_between(r, 1, 6));
    poolgrad_image dy = random_image(r, 9, y.height, y.width);
    poolgrad_buffer *searched, *picked;
    poolgrad_state *states[2];
    for (int saves = 0; saves < 2; saves++) {
        k.saves_argmax = saves;
        states[saves] = state_of(&k, &x, &y);
        cr_assert_eq(poolgrad_pooling_encode(&k, NULL, VIEW(&x), states[saves], &y, &error), POOLGRAD_OK, "%s",
                     error.message);
    }
    cr_assert_eq(
        poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(&dy), VIEW(&x), states[0], &searched, &error),
        POOLGRAD_OK, "%s", error.message);
    back.nan = (poolgrad_nan_rule)random_between(r, 0, 2); /* the choice is made */
    back.ties = (poolgrad_tie_rule)random_between(r, 0, 1);
    const poolgrad_image *source = random_chance(r, 50) ? &x : NULL;
    cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(&dy), source ? VIEW(source) : NULL,
                                                         states[1], &picked, &error),
                 POOLGRAD_OK, "%s", error.message);
    bool same = images_same("gradient", poolgrad_buffer_image(searched), poolgrad_buffer_image(picked));
    *telling = !is_zero(poolgrad_buffer_image(searched));
    poolgrad_buffer_destroy(searched);
    poolgrad_buffer_destroy(picked);
    for (int saves = 0; saves < 2; saves++) poolgrad_state_destroy(states[saves]);
    view_free(&x);
    view_free(&y);
    view_free(&dy);
    return same;
}

Test(states, picked_taps_give_the_bits_of_a_search)
{
    random_sweep sweep = random_sweep_start("states", 2000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        bool telling = false;
        cr_assert(same_both_ways(&r, &telling), "repeat with POOLGRAD_TEST_SEED=0x%016llx POOLGRAD_TEST_CASES=1",
                  (unsigned long long)sweep.seed);
        sweep.telling += telling;
    }
    cr_assert(random_sweep_told(&sweep, 50), "most gradients are zero");
}

/* What one tap of a window cannot say, and what a state without taps does not. */
Test(states, gradients_that_do_not_fit_picked_taps)
{
    random_state r = {2};
    poolgrad_image x = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NCHW, &source_size);
    poolgrad_pooling kernel = max_kernel(1);
    poolgrad_error error = refusal_none();
    poolgrad_buffer *y, *dx;
    poolgrad_state *state;
    cr_assert_eq(poolgrad_pooling_encode_to_new(&kernel, NULL, VIEW(&x), &y, &state, &error), POOLGRAD_OK);
    const poolgrad_image *dy = poolgrad_buffer_image(y);
    poolgrad_pooling_gradient back;
    poolgrad_pooling_max_gradient_init(&back, sizeof back, 2, 2, 2, 2);
    back.ties = POOLGRAD_TIES_ALL;
    expect_refused(
        poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), VIEW(&x), state, &dx, &error), &error,
        "ties is 2; expected first (0) or last (1) with a gradient state that holds picked taps, one of each window");
    cr_expect_null(dx);
    poolgrad_pooling_max_gradient_init(&back, sizeof back, 2, 3, 2, 2);
    expect_refused(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), VIEW(&x), state, &dx, &error), &error,
                   "gradient_state holds taps of 2x2 windows; expected 2x3, those of the gradient kernel");
    poolgrad_pooling_max_gradient_init(&back, sizeof back, 3, 2, 2, 2);
    expect_refused(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), VIEW(&x), state, &dx, &error), &error,
                   "gradient_state holds taps of 2x2 windows; expected 3x2, those of the gradient kernel");
    /* Pixels that have to be read and are not there. */
    poolgrad_state *plain;
    kernel.saves_argmax = 0;
    cr_assert_eq(poolgrad_pooling_result_state(&kernel, VIEW(&x), dy, &plain, &error), POOLGRAD_OK);
    poolgrad_pooling_max_gradient_init(&back, sizeof back, 2, 2, 2, 2);
    expect_refused(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), NULL, plain, &dx, &error), &error,
                   "source_image is null; expected an image, whose pixels this kernel reads, or a gradient state that "
                   "holds picked taps");
    poolgrad_pooling_l2norm_gradient_init(&back, sizeof back, 2, 2, 2, 2);
    expect_refused(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), NULL, state, &dx, &error), &error,
                   "source_image is null; expected an image, whose pixels this kernel reads");
    poolgrad_state_destroy(plain);
    /* A kernel that looks at no taps takes what else the state says. */
    poolgrad_pooling_average_gradient_init(&back, sizeof back, 3, 2, 2, 2);
    cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), NULL, state, &dx, &error), POOLGRAD_OK);
    poolgrad_buffer_destroy(dx);
    poolgrad_buffer_destroy(y);
    poolgrad_state_destroy(state);
    view_free(&x);
}

Test(states, other_destinations_have_no_room)
{
    random_state r = {4};
    const poolgrad_pooling kernel = max_kernel(1);
    poolgrad_image x = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NCHW, &source_size);
    poolgrad_image y = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NCHW, &result_size), like;
    int64_t *const sizes[] = {&like.images, &like.channels, &like.height, &like.width};
    for (int i = 0; i < 4; i++) {
        poolgrad_error error = refusal_none();
        like = result_size;
        ++*sizes[i];
        poolgrad_state *state = state_of(&kernel, &source_size, &like);
        expect_refused(poolgrad_pooling_encode(&kernel, NULL, VIEW(&x), state, &y, &error), &error,
                       "state has no room for the picked taps of this destination; expected one that "
                       "poolgrad_pooling_result_state made for it");
        poolgrad_state_destroy(state);
    }
    view_free(&x);
    view_free(&y);
}

/* Windows that no forward call has looked at pick nothing. */
Test(states, taps_that_nobody_picked)
{
    random_state r = {5};
    const poolgrad_image wide = images_size(2, 7, 4, 4);
    poolgrad_image x = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NHWC, &source_size);
    poolgrad_image y = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NCHW, &wide);
    poolgrad_pooling kernel = max_kernel(1);
    poolgrad_error error = refusal_none();
    kernel.destination_feature_channel_offset = 4;
    kernel.offset = (poolgrad_offset){1, 1, 0};
    kernel.clip_rect.width = 3;
    poolgrad_state *state = state_of(&kernel, &source_size, &y);
    const poolgrad_const_image *argmax = poolgrad_state_argmax(state);
    for (int written = 0; written < 2; written++) {
        for (int64_t c = 0; c < 7; c++) {
            for (int64_t column = 0; column < 4; column++) {
                bool none = view_index(argmax, 1, c, 2, column) == -1;
                cr_expect_eq(none, !written || c < 4 || column == 3, "channel %d, column %d", (int)c, (int)column);
            }
        }
        if (!written) cr_assert_eq(poolgrad_pooling_encode(&kernel, NULL, VIEW(&x), state, &y, &error), POOLGRAD_OK);
    }
    poolgrad_state_destroy(state);
    view_free(&x);
    view_free(&y);
}

/* With picked taps nothing is read of the source: the gradient may take its place. */
Test(states, gradients_over_the_source)
{
    random_state r = {6};
    poolgrad_image x = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NCHW, &source_size);
    poolgrad_pooling kernel = max_kernel(1);
    poolgrad_pooling_gradient back = gradient_of(&kernel);
    poolgrad_error error = refusal_none();
    poolgrad_buffer *y, *dx;
    poolgrad_state *state;
    cr_assert_eq(poolgrad_pooling_encode_to_new(&kernel, NULL, VIEW(&x), &y, &state, &error), POOLGRAD_OK);
    const poolgrad_image *dy = poolgrad_buffer_image(y);
    cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(dy), VIEW(&x), state, &dx, &error),
                 POOLGRAD_OK);
    cr_assert_eq(poolgrad_pooling_gradient_encode(&back, NULL, VIEW(dy), VIEW(&x), state, &x, &error), POOLGRAD_OK,
                 "%s", error.message);
    cr_expect(images_same("gradient", poolgrad_buffer_image(dx), &x));
    poolgrad_buffer_destroy(y);
    poolgrad_buffer_destroy(dx);
    poolgrad_state_destroy(state);
    view_free(&x);
}
