/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels, states and buffers under hostile calls: each succeeds, or refuses in a sentence and has touched nothing.
 * Whatever succeeds gives the reference's bits.
 */
#include "support/allocation.h"
#include "support/generic.h"
#include "support/hostile.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 3 };

/* One case: a forward kernel, its gradient, images that mostly fit them, and what they make. */
typedef struct fuzz {
    hostile hostile;
    unsigned char before[HOSTILE_MEMORY];
    poolgrad_context context;
    poolgrad_pooling pooling;
    poolgrad_pooling_gradient back;
    poolgrad_const_image sources[MOST], source_gradients[MOST];
    poolgrad_image written, pooled[MOST], gradients[MOST];
    poolgrad_state *states[MOST];
    int64_t calls, accepted;
} fuzz;

/* ---- What holds after every call --------------------------------------------------------------------------------- */

static void begin_call(fuzz *f)
{
    bool fails = random_chance(&f->hostile.random, 5);
    memcpy(f->before, f->hostile.memory, HOSTILE_MEMORY);
    allocation_begin(fails ? random_between(&f->hostile.random, 1, 6) : 0, false);
}

/* Whether the call succeeded. */
static bool end_call(fuzz *f, poolgrad_status status, const poolgrad_error *error)
{
    allocation_end();
    ++f->calls;
    f->accepted += status == POOLGRAD_OK;
    if (status == POOLGRAD_OK) {
        hostile_assert(refusal_is_none(error), "the error is filled by a call that succeeds");
        return true;
    }
    hostile_assert(refusal_is_sentence(error), "\"%.48s\" \"%.256s\"", error->field, error->message);
    return false;
}

static void expect_untouched(const fuzz *f)
{
    hostile_assert(memcmp(f->hostile.memory, f->before, HOSTILE_MEMORY) == 0, "an image has been written to");
}

/* Every element can be read; the bits are those of another call. */
static void expect_image(const poolgrad_buffer *buffer, const poolgrad_buffer *reference)
{
    poolgrad_error error = refusal_none();
    const poolgrad_image *image = poolgrad_buffer_image(buffer);
    hostile_assert(poolgrad_image_check(image, &error) == POOLGRAD_OK, "%.255s", error.message);
    hostile_assert(!reference || generic_equal(buffer, reference), "another result by the reference");
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

static void make_window(fuzz *f, int64_t window[6])
{
    for (int i = 0; i < 2; ++i) window[i] = hostile_number(&f->hostile, 1, 4);
    for (int i = 2; i < 4; ++i) window[i] = hostile_number(&f->hostile, 1, 3);
    for (int i = 4; i < 6; ++i) window[i] = hostile_number(&f->hostile, 1, 2);
}

static void initialize(fuzz *f)
{
    int64_t w[6];
    poolgrad_pooling *p = &f->pooling;
    poolgrad_pooling_gradient *g = &f->back;
    make_window(f, w);
    switch (random_between(&f->hostile.random, 0, 3)) {
    case 0:
        poolgrad_pooling_max_init(p, sizeof *p, w[0], w[1], w[2], w[3]);
        poolgrad_pooling_max_gradient_init(g, sizeof *g, w[0], w[1], w[2], w[3]);
        break;
    case 1:
        poolgrad_pooling_average_init(p, sizeof *p, w[0], w[1], w[2], w[3]);
        poolgrad_pooling_average_gradient_init(g, sizeof *g, w[0], w[1], w[2], w[3]);
        break;
    case 2:
        poolgrad_pooling_l2norm_init(p, sizeof *p, w[0], w[1], w[2], w[3]);
        poolgrad_pooling_l2norm_gradient_init(g, sizeof *g, w[0], w[1], w[2], w[3]);
        break;
    default:
        poolgrad_dilated_pooling_max_init(p, sizeof *p, w[0], w[1], w[2], w[3], w[4], w[5]);
        poolgrad_dilated_pooling_max_gradient_init(g, sizeof *g, w[0], w[1], w[2], w[3], w[4], w[5]);
        break;
    }
}

static void spoil_region(hostile *h, poolgrad_clip_rect *region)
{
    int64_t *const numbers[] = {&region->x, &region->y, &region->z, &region->width, &region->height, &region->depth};
    for (int i = 0; i < 6; ++i) {
        if (hostile_strikes(h)) *numbers[i] = hostile_number(h, 0, 3);
    }
}

static void spoil_pooling(fuzz *f)
{
    hostile *h = &f->hostile;
    poolgrad_pooling *p = &f->pooling;
    int64_t *const numbers[] = {&p->offset.x,
                                &p->offset.y,
                                &p->offset.z,
                                &p->zero_pad_size_x,
                                &p->zero_pad_size_y,
                                &p->source_feature_channel_max_count,
                                &p->source_feature_channel_offset,
                                &p->destination_feature_channel_offset};
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); ++i) {
        if (hostile_strikes(h)) *numbers[i] = hostile_number(h, -1, 4);
    }
    spoil_region(h, &p->clip_rect);
    p->edge_mode = (poolgrad_edge_mode)hostile_int(h, 0, 1);
    p->ties = hostile_strikes(h) ? (poolgrad_tie_rule)hostile_int(h, 0, 4) : POOLGRAD_TIES_FIRST;
    p->nan = (poolgrad_nan_rule)hostile_int(h, 0, 2);
    p->accumulator = (poolgrad_accumulator)hostile_int(h, 0, 1);
    p->saves_argmax = p->kind == POOLGRAD_MAX && random_chance(&h->random, 40);
    if (hostile_strikes(h)) p->saves_argmax = hostile_int(h, 0, 1);
    if (hostile_strikes(h)) p->kind = (poolgrad_kind)hostile_int(h, 0, 3);
    if (hostile_strikes(h)) p->struct_size = 8 * (size_t)random_between(&h->random, 1, (int64_t)sizeof *p / 8);
    p->padding = hostile_policy(h);
    p->destination_image_allocator = hostile_allocator(h);
    /* No version ends in the middle of an allocator, where the context would be missing. */
    const size_t allocator = offsetof(poolgrad_pooling, destination_image_allocator);
    if (p->struct_size > allocator && p->struct_size < allocator + sizeof p->destination_image_allocator)
        p->struct_size = allocator;
}

static void spoil_back(fuzz *f)
{
    hostile *h = &f->hostile;
    poolgrad_pooling_gradient *g = &f->back;
    int64_t *const numbers[] = {&g->primary_offset.x,
                                &g->primary_offset.y,
                                &g->primary_offset.z,
                                &g->source_size.width,
                                &g->source_size.height,
                                &g->source_size.depth,
                                &g->secondary_offset.x,
                                &g->secondary_offset.z,
                                &g->kernel_offset_x,
                                &g->kernel_offset_y,
                                &g->destination_feature_channel_offset,
                                &g->primary_source_feature_channel_offset,
                                &g->secondary_source_feature_channel_max_count,
                                &g->zero_pad_size_x,
                                &g->zero_pad_size_y};
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); ++i) {
        if (hostile_strikes(h)) *numbers[i] = hostile_number(h, -1, 4);
    }
    spoil_region(h, &g->clip_rect);
    g->primary_edge_mode = (poolgrad_edge_mode)hostile_int(h, 0, 1);
    g->secondary_edge_mode = (poolgrad_edge_mode)hostile_int(h, 0, 1);
    g->ties = f->pooling.ties;
    g->nan = f->pooling.nan;
    g->accumulator = f->pooling.accumulator;
    if (hostile_strikes(h)) g->kind = (poolgrad_kind)hostile_int(h, 0, 3);
    if (hostile_strikes(h)) memset(g, 0, sizeof *g);
    g->padding = random_chance(&h->random, 70) ? poolgrad_padding_policy_inverse(&f->pooling.padding)
                                               : hostile_policy(h);
    g->destination_image_allocator = hostile_allocator(h);
}

/* Text of any size is cut, not overrun; a copy is equal. */
static void check_text(const char *text, size_t size, size_t room, size_t length)
{
    hostile_assert(size == 0 || strlen(text) == (length < size ? length : size - 1), "cut at %zu of %zu", size, length);
    hostile_assert(size == room || text[size] == 'x', "text behind its end");
}

static void describe_kernels(fuzz *f)
{
    char text[4096];
    const poolgrad_pooling pooling = f->pooling;
    const poolgrad_pooling_gradient back = f->back;
    size_t size = (size_t)random_between(&f->hostile.random, 0, (int64_t)sizeof text);
    memset(text, 'x', sizeof text);
    check_text(text, size, sizeof text, generic_debug_description(&f->pooling, size ? text : NULL, size));
    hostile_assert(generic_description(&f->pooling, text, sizeof text) < sizeof text, "a long line");
    memset(text, 'x', sizeof text);
    check_text(text, size, sizeof text, generic_debug_description(&f->back, size ? text : NULL, size));
    hostile_assert(generic_description(&f->back, text, sizeof text) < sizeof text, "a long line");
    /* A kernel that nobody made has no properties to be equal in. */
    hostile_assert(generic_equal(&f->pooling, &pooling) && generic_hash(&f->pooling) == generic_hash(&pooling),
                   "a copy is another kernel");
    hostile_assert(generic_equal(&f->back, &back) == (back.struct_size != 0) &&
                       generic_hash(&f->back) == generic_hash(&back),
                   "a copy is another gradient kernel");
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static void make_sources(fuzz *f)
{
    hostile *h = &f->hostile;
    int64_t images = random_between(&h->random, 1, 2), channels = random_between(&h->random, 1, 9);
    int64_t height = random_between(&h->random, 1, 6), width = random_between(&h->random, 1, 6);
    for (int b = 0; b < MOST; ++b) {
        f->written = hostile_image(h, images, channels, height, width);
        f->sources[b] = poolgrad_image_as_const(&f->written);
    }
    f->context = hostile_context(h);
}

/* Destinations as the kernel asks for them, or nearly. */
static void make_pooled(fuzz *f)
{
    poolgrad_image d = {.images = 1, .channels = 1, .height = 2, .width = 2};
    poolgrad_error error = refusal_none();
    begin_call(f);
    end_call(f, poolgrad_pooling_destination_descriptor(&f->pooling, &f->sources[0], &d, &error), &error);
    expect_untouched(f);
    for (int b = 0; b < MOST; ++b) {
        f->pooled[b] = hostile_image(&f->hostile, d.images, d.channels, d.height, d.width);
        const poolgrad_image gradient = hostile_image(&f->hostile, d.images, d.channels, d.height, d.width);
        f->source_gradients[b] = poolgrad_image_as_const(&gradient);
    }
}

static void make_states(fuzz *f)
{
    for (int b = 0; b < MOST; ++b) {
        poolgrad_error error = refusal_none();
        f->states[b] = NULL;
        if (hostile_strikes(&f->hostile)) continue;
        begin_call(f);
        poolgrad_status status = poolgrad_pooling_result_state(&f->pooling, &f->sources[b], &f->pooled[b],
                                                               &f->states[b], &error);
        hostile_assert((end_call(f, status, &error)) == (f->states[b] != NULL),
                       "(end_call(f, status, &error)) == (f->states[b] != NULL)");
        expect_untouched(f);
    }
}

static void copy_images(fuzz *f)
{
    poolgrad_error error = refusal_none();
    poolgrad_buffer *buffer, *copy;
    begin_call(f);
    poolgrad_status status = poolgrad_image_copy(&f->sources[0], &f->written, &f->context, &error);
    if (!end_call(f, status, &error)) expect_untouched(f);

    const poolgrad_image_allocator allocator = hostile_allocator(&f->hostile);
    error = refusal_none();
    begin_call(f);
    status = poolgrad_buffer_create(&f->written, &allocator, &buffer, &error);
    hostile_assert((end_call(f, status, &error)) == (buffer != NULL),
                   "(end_call(f, status, &error)) == (buffer != NULL)");
    if (!buffer) return;
    expect_image(buffer, NULL);
    begin_call(f);
    status = poolgrad_buffer_copy(buffer, &copy, &error);
    if (end_call(f, status, &error)) hostile_assert(generic_equal(buffer, copy), "generic_equal(buffer, copy)");
    hostile_assert((status == POOLGRAD_OK) == (copy != NULL), "(status == POOLGRAD_OK) == (copy != NULL)");
    poolgrad_buffer_destroy(buffer);
    poolgrad_buffer_destroy(copy);
}

static void encode(fuzz *f)
{
    poolgrad_error error = refusal_none();
    const poolgrad_context *context = random_chance(&f->hostile.random, 80) ? &f->context : NULL;
    poolgrad_state *before = NULL;
    if (f->states[0])
        hostile_assert(poolgrad_state_copy(f->states[0], &before, NULL) == POOLGRAD_OK,
                       "poolgrad_state_copy(f->states[0], &before, NULL) == POOLGRAD_OK");
    begin_call(f);
    poolgrad_status status = poolgrad_pooling_encode(&f->pooling, context, &f->sources[0], f->states[0], &f->pooled[0],
                                                     &error);
    if (!end_call(f, status, &error)) {
        expect_untouched(f);
        hostile_assert(generic_equal(f->states[0], before), "refused, and the state has changed");
    }
    poolgrad_state_destroy(before);
    error = refusal_none();
    begin_call(f);
    int64_t count = hostile_strikes(&f->hostile) ? -random_between(&f->hostile.random, 0, 9) : MOST;
    status = poolgrad_pooling_encode_batch(&f->pooling, context, count, f->sources, f->states, f->pooled, &error);
    end_call(f, status, &error);
}

/* The same in plain loops; a policy that acts at random may well act otherwise. */
static bool is_repeatable(const fuzz *f, const poolgrad_padding_policy *policy,
                          const poolgrad_image_allocator *allocator)
{
    return !policy->callback && !allocator->allocate && f->context.mode == POOLGRAD_MODE_FAST;
}

static void encode_to_new(fuzz *f)
{
    poolgrad_error error = refusal_none();
    poolgrad_buffer *buffer, *other = NULL;
    poolgrad_state *state = NULL;
    bool with_state = random_chance(&f->hostile.random, 50);
    begin_call(f);
    poolgrad_status status = poolgrad_pooling_encode_to_new(&f->pooling, &f->context, &f->sources[0], &buffer,
                                                            with_state ? &state : NULL, &error);
    bool done = end_call(f, status, &error);
    hostile_assert(done == (buffer != NULL) && (done && with_state) == (state != NULL),
                   "done == (buffer != NULL) && (done && with_state) == (state != NULL)");
    expect_untouched(f);
    if (done && is_repeatable(f, &f->pooling.padding, &f->pooling.destination_image_allocator)) {
        poolgrad_context plain = f->context;
        plain.mode = POOLGRAD_MODE_REFERENCE;
        status = poolgrad_pooling_encode_to_new(&f->pooling, &plain, &f->sources[0], &other, NULL, NULL);
        hostile_assert(status == POOLGRAD_OK, "status == POOLGRAD_OK");
    }
    if (done) expect_image(buffer, other);
    poolgrad_buffer_destroy(buffer);
    poolgrad_buffer_destroy(other);
    poolgrad_state_destroy(state);
}

static void destroy_all(poolgrad_buffer *buffers[MOST], poolgrad_state *states[MOST], bool made)
{
    for (int b = 0; b < MOST; ++b) {
        hostile_assert((buffers[b] != NULL) == made, "buffers[b] != NULL == made");
        poolgrad_buffer_destroy(buffers[b]);
        if (states) hostile_assert((states[b] != NULL) == made, "states[b] != NULL == made");
        if (states) poolgrad_state_destroy(states[b]);
    }
}

static void encode_batch_to_new(fuzz *f)
{
    poolgrad_error error = refusal_none();
    poolgrad_buffer *buffers[MOST];
    poolgrad_state *states[MOST];
    bool with_states = random_chance(&f->hostile.random, 50);
    begin_call(f);
    poolgrad_status status = poolgrad_pooling_encode_batch_to_new(&f->pooling, &f->context, MOST, f->sources, buffers,
                                                                  with_states ? states : NULL, &error);
    destroy_all(buffers, with_states ? states : NULL, end_call(f, status, &error));
    expect_untouched(f);
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

static const poolgrad_const_image *source_or_none(fuzz *f)
{
    return random_chance(&f->hostile.random, 85) ? &f->sources[0] : NULL;
}

static void make_gradients(fuzz *f)
{
    poolgrad_image d = f->written;
    poolgrad_error error = refusal_none();
    begin_call(f);
    poolgrad_status status = poolgrad_pooling_gradient_destination_descriptor(
        &f->back, &f->source_gradients[0], source_or_none(f), f->states[0], &d, &error);
    end_call(f, status, &error);
    expect_untouched(f);
    for (int b = 0; b < MOST; ++b) {
        f->gradients[b] = hostile_image(&f->hostile, d.images, d.channels, d.height, d.width);
    }
}

static void gradient_encode(fuzz *f)
{
    poolgrad_error error = refusal_none();
    const poolgrad_const_image *source = source_or_none(f);
    begin_call(f);
    poolgrad_status status = poolgrad_pooling_gradient_encode(&f->back, &f->context, &f->source_gradients[0], source,
                                                              f->states[0], &f->gradients[0], &error);
    if (!end_call(f, status, &error)) expect_untouched(f);
    error = refusal_none();
    begin_call(f);
    int64_t count = hostile_strikes(&f->hostile) ? -random_between(&f->hostile.random, 0, 9) : MOST;
    status = poolgrad_pooling_gradient_encode_batch(&f->back, &f->context, count, f->source_gradients,
                                                    source ? f->sources : NULL, source ? f->states : NULL, f->gradients,
                                                    &error);
    end_call(f, status, &error);
}

static void gradient_encode_to_new(fuzz *f)
{
    poolgrad_error error = refusal_none();
    poolgrad_buffer *buffer, *other = NULL, *buffers[MOST];
    const poolgrad_const_image *source = source_or_none(f);
    begin_call(f);
    poolgrad_status status = poolgrad_pooling_gradient_encode_to_new(&f->back, &f->context, &f->source_gradients[0],
                                                                     source, f->states[0], &buffer, &error);
    bool done = end_call(f, status, &error);
    hostile_assert((done) == (buffer != NULL), "(done) == (buffer != NULL)");
    expect_untouched(f);
    if (done && is_repeatable(f, &f->back.padding, &f->back.destination_image_allocator)) {
        poolgrad_context plain = f->context;
        plain.mode = POOLGRAD_MODE_REFERENCE;
        status = poolgrad_pooling_gradient_encode_to_new(&f->back, &plain, &f->source_gradients[0], source,
                                                         f->states[0], &other, NULL);
        hostile_assert(status == POOLGRAD_OK, "status == POOLGRAD_OK");
    }
    if (done) expect_image(buffer, other);
    poolgrad_buffer_destroy(buffer);
    poolgrad_buffer_destroy(other);
    error = refusal_none();
    begin_call(f);
    status = poolgrad_pooling_gradient_encode_batch_to_new(&f->back, &f->context, MOST, f->source_gradients, f->sources,
                                                           f->states, buffers, &error);
    destroy_all(buffers, NULL, end_call(f, status, &error));
    expect_untouched(f);
}

/* ---- Sweep ------------------------------------------------------------------------------------------------------- */

static void run_case(fuzz *f)
{
    initialize(f);
    spoil_pooling(f);
    spoil_back(f);
    describe_kernels(f);
    make_sources(f);
    encode_to_new(f);
    encode_batch_to_new(f);
    make_pooled(f);
    make_states(f);
    encode(f);
    make_gradients(f);
    gradient_encode(f);
    gradient_encode_to_new(f);
    copy_images(f);
    for (int b = 0; b < MOST; ++b) poolgrad_state_destroy(f->states[b]);
}

Test(kernel_fuzz, hostile_calls)
{
    random_sweep sweep = random_sweep_start("kernel_fuzz", 4000);
    fuzz *f = malloc(sizeof *f);
    cr_assert_not_null(f);
    allocation_limit(HOSTILE_ALLOCATION);
    while (random_sweep_next(&sweep)) {
        int64_t live = allocation_live();
        hostile_begin(&f->hostile, "kernel_fuzz", "hostile_calls", sweep.seed);
        f->calls = f->accepted = 0;
        run_case(f);
        hostile_assert(allocation_live() == live, "something leaks");
        hostile_assert(f->hostile.lent == 0, "an allocator did not get its image back");
        sweep.telling += f->accepted > 0 && f->accepted < f->calls;
    }
    free(f);
    cr_expect(random_sweep_told(&sweep, 30), "%d of %d cases had calls of both kinds", (int)sweep.telling,
              (int)sweep.cases);
}
