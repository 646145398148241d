/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of every function that allocates, failing: nothing is made, written or lost, the refusal says so,
 * and the same call succeeds afterwards.
 */
#include "pooling/plan.h"
#include "support/allocation.h"
#include "support/generic.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <poolgrad/graph.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 2, CHANNELS = 5, HEIGHT = 7, WIDTH = 6, BATCH = 3, SLOTS = 16 };

/* Intermediate images and states of the graph that has everything. */
enum { GRAPH_IMAGES = 3, GRAPH_STATES = 2 };

/* Of a 3x3 window with stride 2 under the default policy. */
enum { POOLED_HEIGHT = 4, POOLED_WIDTH = 3 };

enum { FULL = IMAGES * CHANNELS * HEIGHT * WIDTH, POOLED = IMAGES * CHANNELS * POOLED_HEIGHT * POOLED_WIDTH };

/* What a call makes. */
typedef struct made {
    poolgrad_plan *plan;
    poolgrad_buffer *buffers[SLOTS];
    poolgrad_state *states[SLOTS];
    poolgrad_network *network;
    poolgrad_graph *graph;
    void *nodes[SLOTS]; /* of the given network */
} made;

/* What an allocator of images has lent. */
typedef struct ledger {
    int calls, failing, live;
    poolgrad_status refusal;
} ledger;

/* What a call is given. */
typedef struct world {
    float *memory, *before; /* of all images below, and what it held */
    size_t bytes;
    poolgrad_const_image sources[BATCH], source_gradients[BATCH];
    poolgrad_image pooled[BATCH], gradients[BATCH]; /* to be written */
    poolgrad_context context;
    poolgrad_pooling pooling;
    poolgrad_pooling_gradient back;
    poolgrad_buffer *buffer;
    poolgrad_state *states[BATCH];
    poolgrad_network *network;
    poolgrad_image_node *x, *dy;
    poolgrad_state_node *s;
    poolgrad_filter_node *pool, *sum, *back_node;
    poolgrad_graph *graph;
    bool lends; /* images of graphs come from an allocator, too */
    ledger ledger;
    made made;
} world;

typedef struct scenario {
    const char *name;
    void (*begin)(world *w); /* null: nothing but images and kernels is given */
    poolgrad_status (*call)(world *w, poolgrad_error *error);
    void *(*make)(world *w); /* in place of a call: makes a node of the given network */
} scenario;

/* ---- Worlds ------------------------------------------------------------------------------------------------------ */

static poolgrad_image image_at(float **memory, int64_t height, int64_t width)
{
    poolgrad_image image = poolgrad_image_dense(*memory, POOLGRAD_FLOAT32, POOLGRAD_NCHW, IMAGES, CHANNELS, height,
                                                width);
    *memory += image.images * image.channels * height * width;
    return image;
}

static void lay_images(world *w)
{
    w->bytes = (size_t)BATCH * 2 * (FULL + POOLED) * sizeof(float);
    w->memory = malloc(w->bytes);
    w->before = malloc(w->bytes);
    cr_assert(w->memory && w->before);
    for (int i = 0; i < (int)(w->bytes / sizeof(float)); ++i) w->memory[i] = (float)(i * 37 % 101 - 50);
    memcpy(w->before, w->memory, w->bytes);
    float *at = w->memory;
    for (int b = 0; b < BATCH; ++b) {
        const poolgrad_image source = image_at(&at, HEIGHT, WIDTH);
        w->gradients[b] = image_at(&at, HEIGHT, WIDTH);
        const poolgrad_image gradient = image_at(&at, POOLED_HEIGHT, POOLED_WIDTH);
        w->pooled[b] = image_at(&at, POOLED_HEIGHT, POOLED_WIDTH);
        w->sources[b] = poolgrad_image_as_const(&source);
        w->source_gradients[b] = poolgrad_image_as_const(&gradient);
    }
}

static void world_begin(world *w, const scenario *s)
{
    *w = (world){0};
    lay_images(w);
    poolgrad_context_init(&w->context, sizeof w->context);
    w->context.threads = 1;
    poolgrad_pooling_max_init(&w->pooling, sizeof w->pooling, 3, 3, 2, 2);
    poolgrad_pooling_max_gradient_init(&w->back, sizeof w->back, 3, 3, 2, 2);
    if (s->begin) s->begin(w);
}

static void made_release(made *m)
{
    poolgrad_plan_destroy(m->plan);
    for (int i = 0; i < SLOTS; ++i) poolgrad_buffer_destroy(m->buffers[i]);
    for (int i = 0; i < SLOTS; ++i) poolgrad_state_destroy(m->states[i]);
    poolgrad_network_destroy(m->network);
    poolgrad_graph_destroy(m->graph);
    *m = (made){0};
}

/* All but graphs. */
static void made_release_but_graph(world *w)
{
    poolgrad_graph *graph = w->made.graph;
    w->made.graph = NULL;
    made_release(&w->made);
    w->made.graph = graph;
}

static void world_end(world *w)
{
    made_release(&w->made);
    poolgrad_buffer_destroy(w->buffer);
    for (int b = 0; b < BATCH; ++b) poolgrad_state_destroy(w->states[b]);
    poolgrad_network_destroy(w->network);
    poolgrad_graph_destroy(w->graph);
    free(w->memory);
    free(w->before);
    cr_expect_eq(w->ledger.live, 0);
}

static bool made_nothing(const made *m)
{
    bool nothing = !m->plan && !m->network && !m->graph;
    for (int i = 0; i < SLOTS; ++i) nothing = nothing && !m->buffers[i] && !m->states[i] && !m->nodes[i];
    return nothing;
}

static bool made_alike(const made *a, const made *b)
{
    bool alike = !a->plan == !b->plan && generic_equal(a->network, b->network) && generic_equal(a->graph, b->graph);
    for (int i = 0; i < SLOTS; ++i) {
        alike = alike && generic_equal(a->buffers[i], b->buffers[i]) && generic_equal(a->states[i], b->states[i]) &&
                !a->nodes[i] == !b->nodes[i];
    }
    return alike;
}

/* What a function leaves where it should have put null. */
static void *untouched(void)
{
    static char there;
    return &there;
}

static void spoil(made *m, int buffers, int states)
{
    for (int i = 0; i < buffers; ++i) m->buffers[i] = untouched();
    for (int i = 0; i < states; ++i) m->states[i] = untouched();
}

/* ---- Failing ----------------------------------------------------------------------------------------------------- */

/* Objects that a call must not have changed when it fails. */
typedef struct kept {
    poolgrad_network *network;
    poolgrad_state *states[BATCH];
} kept;

static kept keep(const world *w)
{
    kept k = {0};
    if (w->network) cr_assert_eq(poolgrad_network_copy(w->network, &k.network, NULL), POOLGRAD_OK);
    for (int b = 0; b < BATCH; ++b) {
        if (w->states[b]) cr_assert_eq(poolgrad_state_copy(w->states[b], &k.states[b], NULL), POOLGRAD_OK);
    }
    return k;
}

static bool same_as_kept(const world *w, const kept *k)
{
    bool same = generic_equal(w->network, k->network);
    for (int b = 0; b < BATCH; ++b) same = same && generic_equal(w->states[b], k->states[b]);
    return same;
}

static void kept_release(kept *k)
{
    poolgrad_network_destroy(k->network);
    for (int b = 0; b < BATCH; ++b) poolgrad_state_destroy(k->states[b]);
}

static bool world_alike(const world *a, const world *b)
{
    bool alike = made_alike(&a->made, &b->made) && generic_equal(a->network, b->network) &&
                 memcmp(a->memory, b->memory, a->bytes) == 0;
    for (int i = 0; i < BATCH; ++i) alike = alike && generic_equal(a->states[i], b->states[i]);
    return alike;
}

static poolgrad_status call(const scenario *s, world *w, poolgrad_error *error)
{
    if (s->call) return s->call(w, error);
    w->made.nodes[0] = s->make(w);
    return poolgrad_network_status(w->network, error);
}

/* The same call in the same world, after it has failed. */
static void succeed_after_all(const scenario *s, world *w, const world *clean, int64_t failing)
{
    poolgrad_error error = refusal_none();
    poolgrad_network_clear_error(w->network);
    poolgrad_status status = call(s, w, &error);
    cr_assert_eq(status, POOLGRAD_OK, "%s, after allocation %d failed: %.255s", s->name, (int)failing, error.message);
    cr_expect(world_alike(w, clean), "%s makes something else after allocation %d failed", s->name, (int)failing);
}

static void fail_one(const scenario *s, const world *clean, int64_t failing, bool and_all)
{
    int64_t live = allocation_live();
    world w;
    world_begin(&w, s);
    kept before = keep(&w);
    poolgrad_error error = refusal_none();
    allocation_begin(failing, and_all);
    poolgrad_status status = call(s, &w, &error);
    allocation_end();
    cr_assert_eq(status, POOLGRAD_NO_MEMORY, "%s, allocation %d: status %d", s->name, (int)failing, (int)status);
    cr_expect(refusal_is_sentence(&error), "%s, allocation %d: \"%.255s\"", s->name, (int)failing, error.message);
    cr_expect(made_nothing(&w.made), "%s, allocation %d: something is made", s->name, (int)failing);
    cr_expect(same_as_kept(&w, &before), "%s, allocation %d: network or state changed", s->name, (int)failing);
    cr_expect_arr_eq(w.memory, w.before, w.bytes, "%s, allocation %d: an image changed", s->name, (int)failing);
    kept_release(&before);
    w.made = (made){0};
    succeed_after_all(s, &w, clean, failing);
    world_end(&w);
    cr_expect_eq(allocation_live(), live, "%s, allocation %d: leaks", s->name, (int)failing);
}

static void fail_each(const scenario *s)
{
    world clean;
    poolgrad_error error = refusal_none();
    world_begin(&clean, s);
    allocation_begin(0, false);
    poolgrad_status status = call(s, &clean, &error);
    int64_t count = allocation_end();
    cr_assert_eq(status, POOLGRAD_OK, "%s: %.255s", s->name, error.message);
    cr_expect(refusal_is_none(&error), "%s succeeds, and fills the error", s->name);
    cr_expect_gt(count, 0, "%s allocates nothing", s->name);
    for (int64_t failing = 1; failing <= count; ++failing) {
        fail_one(s, &clean, failing, false);
        fail_one(s, &clean, failing, true);
    }
    world_end(&clean);
}

static void fail_all(const scenario *scenarios, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof *scenarios; ++i) fail_each(&scenarios[i]);
}

/* ---- Plans ------------------------------------------------------------------------------------------------------- */

static poolgrad_problem problem_of(const world *w)
{
    poolgrad_problem problem;
    poolgrad_problem_init(&problem, sizeof problem);
    problem.direction = POOLGRAD_GRADIENT;
    problem.kind = POOLGRAD_MAX;
    problem.window = (poolgrad_window){3, 3, 1, 2, 2, 1, 1, 1, 1};
    problem.source = w->sources[0];
    problem.source_gradient = w->source_gradients[0];
    problem.destination = w->gradients[0];
    problem.threads = 1;
    return problem;
}

static poolgrad_status plan_create(world *w, poolgrad_error *error)
{
    poolgrad_problem problem = problem_of(w);
    w->made.plan = untouched();
    return poolgrad_plan_create(&problem, &w->made.plan, error);
}

static poolgrad_status plan_create_reference(world *w, poolgrad_error *error)
{
    poolgrad_problem problem = problem_of(w);
    problem.mode = POOLGRAD_MODE_REFERENCE;
    w->made.plan = untouched();
    return poolgrad_plan_create(&problem, &w->made.plan, error);
}

static poolgrad_status run(world *w, poolgrad_error *error)
{
    poolgrad_problem problem = problem_of(w);
    return poolgrad_run(&problem, error);
}

Test(allocation, plans)
{
    static const scenario scenarios[] = {
        {"plan_create", NULL, plan_create, NULL},
        {"plan_create, reference", NULL, plan_create_reference, NULL},
        {"run", NULL, run, NULL},
    };
    fail_all(scenarios, sizeof scenarios);
}

/* ---- Buffers ----------------------------------------------------------------------------------------------------- */

static poolgrad_status buffer_create(world *w, poolgrad_error *error)
{
    spoil(&w->made, 1, 0);
    return poolgrad_buffer_create(&w->gradients[0], NULL, &w->made.buffers[0], error);
}

static poolgrad_status buffer_create_empty(world *w, poolgrad_error *error)
{
    poolgrad_image empty = w->gradients[0];
    empty.width = 0;
    spoil(&w->made, 1, 0);
    return poolgrad_buffer_create(&empty, NULL, &w->made.buffers[0], error);
}

static void give_buffer(world *w)
{
    cr_assert_eq(buffer_create(w, NULL), POOLGRAD_OK);
    w->buffer = w->made.buffers[0];
    w->made.buffers[0] = NULL;
}

static poolgrad_status buffer_copy(world *w, poolgrad_error *error)
{
    spoil(&w->made, 1, 0);
    return poolgrad_buffer_copy(w->buffer, &w->made.buffers[0], error);
}

static poolgrad_status image_copy(world *w, poolgrad_error *error)
{
    return poolgrad_image_copy(&w->sources[0], &w->gradients[0], &w->context, error);
}

Test(allocation, buffers)
{
    static const scenario scenarios[] = {
        {"buffer_create", NULL, buffer_create, NULL},
        {"buffer_create, empty", NULL, buffer_create_empty, NULL},
        {"buffer_copy", give_buffer, buffer_copy, NULL},
        {"image_copy", NULL, image_copy, NULL},
    };
    fail_all(scenarios, sizeof scenarios);
}

/* ---- States ------------------------------------------------------------------------------------------------------ */

/* Windows of 9, 289 and 66049 taps. */
static void save_tap8(world *w)
{
    w->pooling.saves_argmax = 1;
}

static void save_tap16(world *w)
{
    poolgrad_pooling_max_init(&w->pooling, sizeof w->pooling, 17, 17, 2, 2);
    save_tap8(w);
}

static void save_tap32(world *w)
{
    poolgrad_pooling_max_init(&w->pooling, sizeof w->pooling, 257, 257, 2, 2);
    save_tap8(w);
}

static poolgrad_status result_state(world *w, poolgrad_error *error)
{
    spoil(&w->made, 0, 1);
    return poolgrad_pooling_result_state(&w->pooling, &w->sources[0], &w->pooled[0], &w->made.states[0], error);
}

static void give_states(world *w)
{
    for (int b = 0; b < BATCH; ++b) {
        poolgrad_status status = poolgrad_pooling_result_state(&w->pooling, &w->sources[b], &w->pooled[b],
                                                               &w->states[b], NULL);
        cr_assert_eq(status, POOLGRAD_OK);
    }
}

/* States that have been encoded with, as gradients need them; the kernels of both passes agree. */
static void give_encoded_states(world *w)
{
    poolgrad_image descriptor;
    poolgrad_status status = poolgrad_pooling_destination_descriptor(&w->pooling, &w->sources[0], &descriptor, NULL);
    cr_assert_eq(status, POOLGRAD_OK);
    give_states(w);
    for (int b = 0; b < BATCH; ++b) {
        status = poolgrad_pooling_encode(&w->pooling, &w->context, &w->sources[b], w->states[b], &w->pooled[b], NULL);
        cr_assert_eq(status, POOLGRAD_OK);
    }
    memcpy(w->before, w->memory, w->bytes);
}

static void give_tap8(world *w)
{
    save_tap8(w);
    give_encoded_states(w);
}

static void give_tap16(world *w)
{
    save_tap16(w);
    give_encoded_states(w);
}

static void give_tap32(world *w)
{
    save_tap32(w);
    give_encoded_states(w);
}

static poolgrad_status state_copy(world *w, poolgrad_error *error)
{
    spoil(&w->made, 0, 1);
    return poolgrad_state_copy(w->states[0], &w->made.states[0], error);
}

Test(allocation, states)
{
    static const scenario scenarios[] = {
        {"result_state", NULL, result_state, NULL},
        {"result_state, tap8", save_tap8, result_state, NULL},
        {"result_state, tap16", save_tap16, result_state, NULL},
        {"result_state, tap32", save_tap32, result_state, NULL},
        {"state_copy", give_encoded_states, state_copy, NULL},
        {"state_copy, tap8", give_tap8, state_copy, NULL},
        {"state_copy, tap16", give_tap16, state_copy, NULL},
        {"state_copy, tap32", give_tap32, state_copy, NULL},
    };
    fail_all(scenarios, sizeof scenarios);
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

static poolgrad_status encode(world *w, poolgrad_error *error)
{
    return poolgrad_pooling_encode(&w->pooling, &w->context, &w->sources[0], w->states[0], &w->pooled[0], error);
}

static poolgrad_status encode_to_new(world *w, poolgrad_error *error)
{
    spoil(&w->made, 1, 0);
    return poolgrad_pooling_encode_to_new(&w->pooling, &w->context, &w->sources[0], &w->made.buffers[0], NULL, error);
}

static poolgrad_status encode_to_new_with_state(world *w, poolgrad_error *error)
{
    spoil(&w->made, 1, 1);
    return poolgrad_pooling_encode_to_new(&w->pooling, &w->context, &w->sources[0], &w->made.buffers[0],
                                          &w->made.states[0], error);
}

static poolgrad_status encode_batch_to_new(world *w, poolgrad_error *error)
{
    spoil(&w->made, BATCH, BATCH);
    return poolgrad_pooling_encode_batch_to_new(&w->pooling, &w->context, BATCH, w->sources, w->made.buffers,
                                                w->made.states, error);
}

/* A state that still has the settings of an earlier kernel: those that a failed call must leave there. */
static void give_other_states(world *w)
{
    give_states(w);
    w->pooling.offset.x = 1;
}

static void give_other_tap8(world *w)
{
    give_tap8(w);
    w->pooling.offset.x += 1;
}

static poolgrad_status gradient_encode(world *w, poolgrad_error *error)
{
    return poolgrad_pooling_gradient_encode(&w->back, &w->context, &w->source_gradients[0], &w->sources[0],
                                            w->states[0], &w->gradients[0], error);
}

static poolgrad_status gradient_encode_to_new(world *w, poolgrad_error *error)
{
    spoil(&w->made, 1, 0);
    return poolgrad_pooling_gradient_encode_to_new(&w->back, &w->context, &w->source_gradients[0], &w->sources[0],
                                                   w->states[0], &w->made.buffers[0], error);
}

static poolgrad_status gradient_encode_batch_to_new(world *w, poolgrad_error *error)
{
    spoil(&w->made, BATCH, 0);
    return poolgrad_pooling_gradient_encode_batch_to_new(&w->back, &w->context, BATCH, w->source_gradients, w->sources,
                                                         w->states, w->made.buffers, error);
}

Test(allocation, kernels)
{
    static const scenario scenarios[] = {
        {"encode", NULL, encode, NULL},
        {"encode, state", give_other_states, encode, NULL},
        {"encode, tap8", give_other_tap8, encode, NULL},
        {"encode, tap16", give_tap16, encode, NULL},
        {"encode, tap32", give_tap32, encode, NULL},
        {"encode_to_new", NULL, encode_to_new, NULL},
        {"encode_to_new, tap8 not asked for", save_tap8, encode_to_new, NULL},
        {"encode_to_new, state", NULL, encode_to_new_with_state, NULL},
        {"encode_to_new, tap8", save_tap8, encode_to_new_with_state, NULL},
        {"encode_batch_to_new", save_tap8, encode_batch_to_new, NULL},
        {"gradient_encode", NULL, gradient_encode, NULL},
        {"gradient_encode, state", give_encoded_states, gradient_encode, NULL},
        {"gradient_encode, tap8", give_tap8, gradient_encode, NULL},
        {"gradient_encode_to_new", NULL, gradient_encode_to_new, NULL},
        {"gradient_encode_to_new, state", give_encoded_states, gradient_encode_to_new, NULL},
        {"gradient_encode_to_new, tap8", give_tap8, gradient_encode_to_new, NULL},
        {"gradient_encode_batch_to_new", give_tap8, gradient_encode_batch_to_new, NULL},
    };
    fail_all(scenarios, sizeof scenarios);
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

/* Two poolings of one image, and what else nodes are made from. */
static void give_network(world *w)
{
    w->network = poolgrad_network_create();
    w->x = poolgrad_image_node_create(w->network, "x");
    w->dy = poolgrad_image_node_create(w->network, "dy");
    w->s = poolgrad_gradient_state_node_create(w->network, "s");
    w->pool = poolgrad_pooling_max_node_create(w->network, w->x, 3, 3, 2, 2);
    poolgrad_filter_node *other = poolgrad_pooling_average_node_create(w->network, w->x, 3, 3, 2, 2);
    poolgrad_image_node *both[] = {poolgrad_filter_node_result_image(w->pool),
                                   poolgrad_filter_node_result_image(other)};
    w->sum = poolgrad_addition_node_create(w->network, both, 2);
    w->back_node = poolgrad_filter_node_gradient_filter_with_source(w->pool, w->dy);
    poolgrad_filter_node_set_label(w->pool, "pool");
    poolgrad_image_node_set_handle(poolgrad_filter_node_result_image(w->pool), "y");
    poolgrad_state_node_set_handle(poolgrad_filter_node_result_state(w->pool), "picks");
    cr_assert_eq(poolgrad_network_status(w->network, NULL), POOLGRAD_OK);
}

/* As many filters as the list of them has room for before it grows. */
static void give_full_network(world *w)
{
    give_network(w);
    while (poolgrad_network_filter_count(w->network) < 8) poolgrad_filter_node_copy(w->pool);
    cr_assert_eq(poolgrad_network_status(w->network, NULL), POOLGRAD_OK);
}

static void *make_image(world *w)
{
    return poolgrad_image_node_create(w->network, "another");
}

static void *make_exported_image(world *w)
{
    return poolgrad_image_node_create_exported(w->network, "another");
}

static void *make_state(world *w)
{
    return poolgrad_gradient_state_node_create(w->network, "another");
}

static void *make_average(world *w)
{
    return poolgrad_pooling_average_node_create(w->network, w->x, 3, 3, 2, 2);
}

static void *make_max(world *w)
{
    return poolgrad_pooling_max_node_create_with_filter_size(w->network, w->x, 3);
}

static void *make_l2norm(world *w)
{
    return poolgrad_pooling_l2norm_node_create_with_filter_size_and_stride(w->network, w->x, 3, 2);
}

static void *make_dilated(world *w)
{
    return poolgrad_dilated_pooling_max_node_create_with_filter_size(w->network, w->x, 2);
}

static void *make_average_gradient(world *w)
{
    return poolgrad_pooling_average_gradient_node_create(w->network, w->dy, w->x, w->s, 3, 3, 2, 2, NULL);
}

static void *make_max_gradient(world *w)
{
    return poolgrad_pooling_max_gradient_node_create(w->network, w->dy, w->x, w->s, 3, 3, 2, 2, NULL);
}

static void *make_l2norm_gradient(world *w)
{
    return poolgrad_pooling_l2norm_gradient_node_create(w->network, w->dy, w->x, w->s, 3, 3, 2, 2, NULL);
}

static void *make_dilated_gradient(world *w)
{
    return poolgrad_dilated_pooling_max_gradient_node_create(w->network, w->dy, w->x, w->s, 3, 3, 2, 2, 2, 2);
}

static void *make_addition(world *w)
{
    poolgrad_image_node *const sources[] = {w->x, w->dy};
    return poolgrad_addition_node_create(w->network, sources, 2);
}

static void *make_gradient_filter(world *w)
{
    return poolgrad_filter_node_gradient_filter_with_source(w->pool, w->dy);
}

static void *make_image_copy(world *w)
{
    return poolgrad_image_node_copy(w->x);
}

static void *make_state_copy(world *w)
{
    return poolgrad_state_node_copy(w->s);
}

static void *make_filter_copy(world *w)
{
    return poolgrad_filter_node_copy(w->pool);
}

static void *make_result_image_copy(world *w)
{
    return poolgrad_image_node_copy(poolgrad_filter_node_result_image(w->pool));
}

static void *make_result_state_copy(world *w)
{
    return poolgrad_state_node_copy(poolgrad_filter_node_result_state(w->pool));
}

static void *make_gradient_copy(world *w)
{
    return poolgrad_filter_node_copy(w->back_node);
}

Test(allocation, nodes)
{
    static const scenario scenarios[] = {
        {"image_node_create", give_network, NULL, make_image},
        {"image_node_create_exported", give_network, NULL, make_exported_image},
        {"gradient_state_node_create", give_network, NULL, make_state},
        {"pooling_average_node_create", give_network, NULL, make_average},
        {"pooling_max_node_create", give_network, NULL, make_max},
        {"pooling_l2norm_node_create", give_network, NULL, make_l2norm},
        {"dilated_pooling_max_node_create", give_network, NULL, make_dilated},
        {"pooling_average_gradient_node_create", give_network, NULL, make_average_gradient},
        {"pooling_max_gradient_node_create", give_network, NULL, make_max_gradient},
        {"pooling_l2norm_gradient_node_create", give_network, NULL, make_l2norm_gradient},
        {"dilated_pooling_max_gradient_node_create", give_network, NULL, make_dilated_gradient},
        {"addition_node_create", give_network, NULL, make_addition},
        {"gradient_filter_with_source", give_network, NULL, make_gradient_filter},
        {"image_node_copy", give_network, NULL, make_image_copy},
        {"state_node_copy", give_network, NULL, make_state_copy},
        {"filter_node_copy", give_network, NULL, make_filter_copy},
        {"filter_node_copy, gradient", give_network, NULL, make_gradient_copy},
        {"image_node_copy, result", give_network, NULL, make_result_image_copy},
        {"state_node_copy, result", give_network, NULL, make_result_state_copy},
        {"pooling_max_node_create, list grows", give_full_network, NULL, make_max},
        {"filter_node_copy, list grows", give_full_network, NULL, make_filter_copy},
    };
    fail_all(scenarios, sizeof scenarios);
}

static poolgrad_status set_image_handle(world *w, poolgrad_error *error)
{
    poolgrad_image_node_set_handle(w->x, "changed");
    return poolgrad_network_status(w->network, error);
}

static poolgrad_status set_result_handle(world *w, poolgrad_error *error)
{
    poolgrad_image_node_set_handle(poolgrad_filter_node_result_image(w->pool), "changed");
    return poolgrad_network_status(w->network, error);
}

static poolgrad_status set_state_handle(world *w, poolgrad_error *error)
{
    poolgrad_state_node_set_handle(poolgrad_filter_node_result_state(w->pool), "changed");
    return poolgrad_network_status(w->network, error);
}

static poolgrad_status set_label(world *w, poolgrad_error *error)
{
    poolgrad_filter_node_set_label(w->pool, "changed");
    return poolgrad_network_status(w->network, error);
}

/* A property keeps its value where the new one finds no room. */
Test(allocation, setters)
{
    static const scenario scenarios[] = {
        {"image_node_set_handle", give_network, set_image_handle, NULL},
        {"image_node_set_handle, result", give_network, set_result_handle, NULL},
        {"state_node_set_handle", give_network, set_state_handle, NULL},
        {"filter_node_set_label", give_network, set_label, NULL},
    };
    fail_all(scenarios, sizeof scenarios);
}

static poolgrad_status gradient_filters(world *w, poolgrad_error *error)
{
    poolgrad_filter_node *filters[2] = {untouched(), untouched()};
    int64_t count = poolgrad_filter_node_gradient_filters_with_source(w->sum, w->dy, filters, 2);
    for (int i = 0; i < 2; ++i) w->made.nodes[i] = filters[i];
    poolgrad_status status = poolgrad_network_status(w->network, error);
    cr_expect_eq(count, status == POOLGRAD_OK ? 2 : -1);
    return status;
}

static poolgrad_status training_graph(world *w, poolgrad_error *error)
{
    poolgrad_filter_node *last[SLOTS] = {NULL};
    int64_t count = poolgrad_filter_node_training_graph_with_source_gradient(w->sum, w->dy, NULL, NULL, last, SLOTS);
    for (int i = 0; i < SLOTS; ++i) w->made.nodes[i] = last[i];
    poolgrad_status status = poolgrad_network_status(w->network, error);
    cr_expect_eq(count, status == POOLGRAD_OK ? 1 : -1);
    return status;
}

static poolgrad_status training_graph_of_two(world *w, poolgrad_error *error)
{
    poolgrad_filter_node *last[SLOTS] = {NULL}, *const ends[] = {w->sum, w->pool};
    poolgrad_image_node *const gradients[] = {w->dy, NULL};
    int64_t count = poolgrad_training_graph(w->network, ends, gradients, 2, NULL, NULL, last, SLOTS);
    for (int i = 0; i < SLOTS; ++i) w->made.nodes[i] = last[i];
    poolgrad_status status = poolgrad_network_status(w->network, error);
    cr_expect_eq(count, status == POOLGRAD_OK ? 1 : -1);
    return status;
}

static poolgrad_status network_copy(world *w, poolgrad_error *error)
{
    w->made.network = untouched();
    return poolgrad_network_copy(w->network, &w->made.network, error);
}

Test(allocation, networks)
{
    static const scenario scenarios[] = {
        {"gradient_filters_with_source", give_network, gradient_filters, NULL},
        {"training_graph_with_source_gradient", give_network, training_graph, NULL},
        {"training_graph", give_full_network, training_graph_of_two, NULL},
        {"network_copy", give_network, network_copy, NULL},
    };
    fail_all(scenarios, sizeof scenarios);
}

/* ---- Graphs ------------------------------------------------------------------------------------------------------ */

/* Every kind of node, exports and states: four poolings of one image, their sum, its training graph, and a gradient of
 * a state that is given. */
static poolgrad_filter_node *build(world *w, poolgrad_network *network)
{
    poolgrad_image_node *x = poolgrad_image_node_create_exported(network, "x");
    poolgrad_image_node *dy = poolgrad_image_node_create(network, "dy");
    poolgrad_state_node *s = poolgrad_gradient_state_node_create(network, "s");
    poolgrad_filter_node *pools[] = {
        poolgrad_pooling_max_node_create(network, x, 3, 3, 2, 2),
        poolgrad_pooling_average_node_create(network, x, 3, 3, 2, 2),
        poolgrad_pooling_l2norm_node_create(network, x, 3, 3, 2, 2),
        poolgrad_dilated_pooling_max_node_create(network, x, 2, 2, 2, 2, 2, 2),
    };
    poolgrad_image_node *results[4];
    for (int i = 0; i < 4; ++i) results[i] = poolgrad_filter_node_result_image(pools[i]);
    poolgrad_filter_node_set_saves_argmax(pools[0], 1);
    poolgrad_filter_node_set_saves_argmax(pools[3], 1);
    poolgrad_state_node_set_export_from_graph(poolgrad_filter_node_result_state(pools[0]), 1);
    poolgrad_state_node_set_export_from_graph(s, 1);
    poolgrad_image_node_set_export_from_graph(results[1], 1);
    poolgrad_filter_node_set_label(pools[2], "norm");
    poolgrad_filter_node *sum = poolgrad_addition_node_create(network, results, 4), *last[SLOTS] = {NULL};
    poolgrad_filter_node_training_graph_with_source_gradient(sum, dy, NULL, NULL, last, SLOTS);
    w->back_node = poolgrad_pooling_max_gradient_node_create(network, dy, x, s, 3, 3, 2, 2, NULL);
    return last[0];
}

static poolgrad_status lend(void *context, poolgrad_image *image)
{
    ledger *l = context;
    if (++l->calls == l->failing) return l->refusal;
    size_t elements = (size_t)(image->images * image->channels * image->height * image->width);
    image->data = malloc(elements * poolgrad_format_size(image->format));
    if (!image->data) return POOLGRAD_NO_MEMORY;
    ++l->live;
    return POOLGRAD_OK;
}

static void give_back(void *context, const poolgrad_image *image)
{
    ledger *l = context;
    --l->live;
    free(image->data);
}

static poolgrad_image_allocator lender(world *w)
{
    return (poolgrad_image_allocator){lend, give_back, &w->ledger};
}

static void lend_to_nodes(world *w, poolgrad_network *network)
{
    for (int64_t i = 0; i < poolgrad_network_filter_count(network); ++i) {
        poolgrad_filter_node *filter = poolgrad_network_filter(network, i);
        poolgrad_image_node_set_image_allocator(poolgrad_filter_node_result_image(filter), lender(w));
    }
    poolgrad_image_node_set_image_allocator(poolgrad_filter_node_source_image(poolgrad_network_filter(network, 0), 0),
                                            lender(w));
}

static poolgrad_status make_graph(world *w, poolgrad_network *network, poolgrad_graph **graph, poolgrad_error *error)
{
    poolgrad_filter_node *last = build(w, network);
    if (w->lends) lend_to_nodes(w, network);
    poolgrad_image_node *const results[] = {poolgrad_filter_node_result_image(last),
                                            poolgrad_filter_node_result_image(w->back_node)};
    return poolgrad_graph_create_with_result_images(network, results, NULL, 2, graph, error);
}

/* Without a look at anything but the last status, as a network may be built. */
static poolgrad_status build_all(world *w, poolgrad_error *error)
{
    poolgrad_network *network = poolgrad_network_create();
    w->made.graph = untouched();
    poolgrad_status status = make_graph(w, network, &w->made.graph, error);
    poolgrad_network_destroy(network);
    return status;
}

static void give_graph(world *w)
{
    give_tap8(w);
    poolgrad_network *network = poolgrad_network_create();
    cr_assert_eq(make_graph(w, network, &w->graph, NULL), POOLGRAD_OK);
    poolgrad_network_destroy(network);
    cr_assert_eq(poolgrad_graph_source_image_count(w->graph), 2);
    cr_assert_eq(poolgrad_graph_source_state_count(w->graph), 1);
    cr_assert_eq(poolgrad_graph_intermediate_image_count(w->graph), GRAPH_IMAGES);
    cr_assert_eq(poolgrad_graph_result_state_count(w->graph), GRAPH_STATES);
}

static poolgrad_status graph_create(world *w, poolgrad_error *error)
{
    w->made.graph = untouched();
    return poolgrad_graph_create(w->network, poolgrad_filter_node_result_image(w->sum), 1, &w->made.graph, error);
}

static poolgrad_status graph_copy(world *w, poolgrad_error *error)
{
    w->made.graph = untouched();
    return poolgrad_graph_copy(w->graph, &w->made.graph, error);
}

static poolgrad_status graph_encode(world *w, poolgrad_error *error)
{
    const poolgrad_const_image sources[] = {w->sources[0], w->source_gradients[0]};
    spoil(&w->made, 1 + GRAPH_IMAGES, GRAPH_STATES);
    return poolgrad_graph_encode(w->graph, &w->context, sources, 2, w->states, 1, &w->made.buffers[0],
                                 &w->made.buffers[1], w->made.states, error);
}

static poolgrad_status graph_encode_result_only(world *w, poolgrad_error *error)
{
    const poolgrad_const_image sources[] = {w->sources[0], w->source_gradients[0]};
    spoil(&w->made, 1, 0);
    return poolgrad_graph_encode(w->graph, &w->context, sources, 2, w->states, 1, &w->made.buffers[0], NULL, NULL,
                                 error);
}

static poolgrad_status graph_encode_batch(world *w, poolgrad_error *error)
{
    const poolgrad_const_image *const images[] = {w->sources, w->source_gradients};
    poolgrad_state *const *const states[] = {w->states};
    poolgrad_buffer **intermediates[GRAPH_IMAGES];
    poolgrad_state **destination_states[GRAPH_STATES];
    for (int i = 0; i < GRAPH_IMAGES; ++i) intermediates[i] = &w->made.buffers[(1 + i) * BATCH];
    for (int i = 0; i < GRAPH_STATES; ++i) destination_states[i] = &w->made.states[i * BATCH];
    spoil(&w->made, (1 + GRAPH_IMAGES) * BATCH, GRAPH_STATES * BATCH);
    return poolgrad_graph_encode_batch(w->graph, &w->context, BATCH, images, 2, states, 1, w->made.buffers,
                                       intermediates, destination_states, error);
}

static poolgrad_status graph_result_sizes(world *w, poolgrad_error *error)
{
    const poolgrad_const_image sources[] = {w->sources[0], w->source_gradients[0]};
    poolgrad_image result, images[GRAPH_IMAGES];
    poolgrad_graph_memory memory;
    return poolgrad_graph_result_sizes(w->graph, sources, 2, w->states, 1, &result, images, &memory, error);
}

static void give_graph_of_network(world *w)
{
    cr_assert_eq(graph_create(w, NULL), POOLGRAD_OK);
    w->graph = w->made.graph;
    w->made.graph = NULL;
}

/* A graph without states, for the calls that take none. */
static void give_plain_graph(world *w)
{
    give_network(w);
    give_graph_of_network(w);
}

static poolgrad_status graph_encode_source_images(world *w, poolgrad_error *error)
{
    spoil(&w->made, 1, 0);
    return poolgrad_graph_encode_source_images(w->graph, &w->context, w->sources, 1, &w->made.buffers[0], error);
}

static poolgrad_status graph_encode_batch_source_images(world *w, poolgrad_error *error)
{
    const poolgrad_const_image *const images[] = {w->sources};
    spoil(&w->made, BATCH, 0);
    return poolgrad_graph_encode_batch_source_images(w->graph, &w->context, BATCH, images, 1, w->made.buffers, error);
}

typedef struct completion {
    int calls;
    poolgrad_buffer *result;
    bool failed;
    poolgrad_error error;
} completion;

static void complete(void *context, poolgrad_buffer *result, const poolgrad_error *error)
{
    completion *c = context;
    ++c->calls;
    c->result = result;
    c->failed = error != NULL;
    if (error) c->error = *error;
}

static poolgrad_status graph_execute_async(world *w, poolgrad_error *error)
{
    completion c = {0};
    poolgrad_graph_execute_async(w->graph, &w->context, w->sources, 1, complete, &c);
    cr_expect_eq(c.calls, 1);
    w->made.buffers[0] = c.result;
    if (!c.failed) return POOLGRAD_OK;
    if (error) *error = c.error;
    return POOLGRAD_NO_MEMORY;
}

Test(allocation, graphs)
{
    static const scenario scenarios[] = {
        {"a network and its graph", NULL, build_all, NULL},
        {"graph_create", give_network, graph_create, NULL},
        {"graph_copy", give_graph, graph_copy, NULL},
        {"graph_encode", give_graph, graph_encode, NULL},
        {"graph_encode, result only", give_graph, graph_encode_result_only, NULL},
        {"graph_encode_batch", give_graph, graph_encode_batch, NULL},
        {"graph_result_sizes", give_graph, graph_result_sizes, NULL},
        {"graph_encode_source_images", give_plain_graph, graph_encode_source_images, NULL},
        {"graph_encode_batch_source_images", give_plain_graph, graph_encode_batch_source_images, NULL},
        {"graph_execute_async", give_plain_graph, graph_execute_async, NULL},
    };
    fail_all(scenarios, sizeof scenarios);
}

/* ---- Batches into given images ----------------------------------------------------------------------------------- */

static poolgrad_status encode_batch(world *w, poolgrad_error *error)
{
    return poolgrad_pooling_encode_batch(&w->pooling, &w->context, BATCH, w->sources, w->states, w->pooled, error);
}

static poolgrad_status gradient_encode_batch(world *w, poolgrad_error *error)
{
    return poolgrad_pooling_gradient_encode_batch(&w->back, &w->context, BATCH, w->source_gradients, w->sources,
                                                  w->states, w->gradients, error);
}

static bool same_pixels(const world *a, const world *b, const poolgrad_image *image)
{
    size_t at = (size_t)((float *)image->data - b->memory);
    size_t bytes = (size_t)(image->images * image->channels * image->height * image->width) * sizeof(float);
    return memcmp(a->memory + at, b->memory + at, bytes) == 0;
}

static int done_of(const world *w, const world *clean, const poolgrad_image *destinations)
{
    int done = 0;
    while (done < BATCH && same_pixels(clean, w, &destinations[done])) ++done;
    return done;
}

static bool rest_is_untouched(const world *w, const poolgrad_image *destinations, int done)
{
    world before = *w;
    before.memory = w->before;
    for (int b = done; b < BATCH; ++b) {
        if (!same_pixels(&before, w, &destinations[b])) return false;
    }
    return true;
}

/* Images before the one that fails are whole, the others untouched, and the sentence says which it is. */
static void fail_batch(const scenario *s, bool gradient)
{
    world clean;
    world_begin(&clean, s);
    allocation_begin(0, false);
    cr_assert_eq(s->call(&clean, NULL), POOLGRAD_OK, "%s", s->name);
    int64_t count = allocation_end(), live = allocation_live();
    cr_assert_geq(count, BATCH, "%s", s->name);
    for (int64_t failing = 1; failing <= count; ++failing) {
        world w;
        char element[32];
        poolgrad_error error = refusal_none();
        world_begin(&w, s);
        allocation_begin(failing, false);
        poolgrad_status status = s->call(&w, &error);
        allocation_end();
        const poolgrad_image *destinations = gradient ? w.gradients : w.pooled;
        int done = done_of(&w, &clean, destinations);
        snprintf(element, sizeof element, "batch element %d: ", done);
        cr_expect_eq(status, POOLGRAD_NO_MEMORY, "%s, allocation %d: status %d", s->name, (int)failing, (int)status);
        cr_expect(done < BATCH && rest_is_untouched(&w, destinations, done), "%s, allocation %d", s->name,
                  (int)failing);
        cr_expect(refusal_is_sentence(&error) && strncmp(error.message, element, strlen(element)) == 0,
                  "%s, allocation %d: \"%.255s\" instead of \"%s...\"", s->name, (int)failing, error.message, element);
        cr_expect_eq(s->call(&w, &error), POOLGRAD_OK);
        cr_expect(world_alike(&w, &clean), "%s makes something else after allocation %d failed", s->name, (int)failing);
        world_end(&w);
        cr_expect_eq(allocation_live(), live, "%s, allocation %d: leaks", s->name, (int)failing);
    }
    world_end(&clean);
}

Test(allocation, batches)
{
    const scenario forward = {"encode_batch", NULL, encode_batch, NULL};
    const scenario forward_tap8 = {"encode_batch, tap8", give_other_tap8, encode_batch, NULL};
    const scenario back = {"gradient_encode_batch", NULL, gradient_encode_batch, NULL};
    const scenario back_tap8 = {"gradient_encode_batch, tap8", give_tap8, gradient_encode_batch, NULL};
    fail_batch(&forward, false);
    fail_batch(&forward_tap8, false);
    fail_batch(&back, true);
    fail_batch(&back_tap8, true);
}

/* ---- Without allocations ----------------------------------------------------------------------------------------- */

#define DESCRIBE(object)                                                                                               \
    do {                                                                                                               \
        char text[64];                                                                                                 \
        generic_description(object, text, sizeof text);                                                                \
        generic_debug_description(object, NULL, 0);                                                                    \
        cr_expect(generic_equal(object, object));                                                                      \
        generic_hash(object);                                                                                          \
    } while (0)

static void use_kernels(world *w)
{
    poolgrad_image descriptor;
    poolgrad_problem problem;
    poolgrad_padding_policy policy = poolgrad_padding_policy_for_tensorflow_average_pooling();
    poolgrad_padding_policy inverse = poolgrad_padding_policy_inverse(&policy);
    DESCRIBE(&inverse);
    DESCRIBE(&w->pooling);
    DESCRIBE(&w->back);
    DESCRIBE(w->states[0]);
    poolgrad_pooling_destination_descriptor(&w->pooling, &w->sources[0], &descriptor, NULL);
    poolgrad_pooling_gradient_destination_descriptor(&w->back, &w->source_gradients[0], &w->sources[0], w->states[0],
                                                     &descriptor, NULL);
    poolgrad_pooling_problem(&w->pooling, &w->context, &w->sources[0], w->states[0], &w->pooled[0], &problem, NULL);
    poolgrad_pooling_gradient_problem(&w->back, &w->context, &w->source_gradients[0], &w->sources[0], w->states[0],
                                      &w->gradients[0], &problem, NULL);
    poolgrad_check(&problem, NULL);
    poolgrad_check_indices(&problem, NULL);
}

static void use_nodes(world *w)
{
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_VALID_ONLY);
    poolgrad_filter_node_set_padding_policy(w->pool, &policy);
    poolgrad_filter_node_set_saves_argmax(w->pool, 1);
    poolgrad_filter_node_set_label(w->pool, NULL);
    poolgrad_image_node_set_format(w->x, POOLGRAD_FLOAT32);
    poolgrad_image_node_set_export_from_graph(w->x, 1);
    DESCRIBE(w->x);
    DESCRIBE(poolgrad_filter_node_result_state(w->pool));
    DESCRIBE(w->pool);
    DESCRIBE(w->sum);
    DESCRIBE(w->network);
}

/* Refusals neither. */
static void refuse_everything(world *w)
{
    poolgrad_graph *graph;
    poolgrad_buffer *buffer;
    poolgrad_error error;
    poolgrad_filter_node_create(w->network);
    cr_expect_eq(poolgrad_network_status(w->network, &error), POOLGRAD_INVALID);
    cr_expect_eq(poolgrad_graph_create(w->network, w->x, 1, &graph, &error), POOLGRAD_INVALID);
    cr_expect_null(poolgrad_pooling_max_node_create(w->network, w->x, 3, 3, 2, 2));
    poolgrad_image huge = w->gradients[0];
    huge.images = huge.channels = INT64_C(1) << 40;
    cr_expect_neq(poolgrad_buffer_create(&huge, NULL, &buffer, &error), POOLGRAD_OK);
}

Test(allocation, none)
{
    const scenario s = {"none", give_tap8, NULL, NULL};
    world w;
    world_begin(&w, &s);
    give_network(&w);
    give_graph_of_network(&w);
    allocation_begin(1, true);
    use_kernels(&w);
    use_nodes(&w);
    DESCRIBE(w.graph);
    refuse_everything(&w);
    cr_expect_eq(allocation_end(), 0);
    cr_expect_eq(poolgrad_network_status(w.network, NULL), POOLGRAD_INVALID);
    world_end(&w);
}

/* Runs of a plan allocate only where others have all its memory, and then can do without. */
Test(allocation, plan_run)
{
    const scenario s = {"plan_run", NULL, plan_create, NULL};
    world w;
    world_begin(&w, &s);
    cr_assert_eq(plan_create(&w, NULL), POOLGRAD_OK);
    allocation_begin(1, true);
    poolgrad_plan_run(w.made.plan);
    cr_expect_eq(allocation_end(), 0);
    size_t floats = (size_t)FULL;
    float *expected = malloc(floats * sizeof(float));
    cr_assert_not_null(expected);
    memcpy(expected, w.gradients[0].data, floats * sizeof(float));
    memset(w.gradients[0].data, 0x5a, floats * sizeof(float));
    for (int i = 0; i < w.made.plan->threads; ++i) atomic_flag_test_and_set(&w.made.plan->taken[i]);
    allocation_begin(1, true);
    poolgrad_plan_run(w.made.plan);
    cr_expect_gt(allocation_end(), 0);
    cr_expect_arr_eq(w.gradients[0].data, expected, floats * sizeof(float));
    free(expected);
    world_end(&w);
}

/* ---- Allocators of images ---------------------------------------------------------------------------------------- */

static poolgrad_status buffer_create_lent(world *w, poolgrad_error *error)
{
    const poolgrad_image_allocator allocator = lender(w);
    spoil(&w->made, 1, 0);
    return poolgrad_buffer_create(&w->gradients[0], &allocator, &w->made.buffers[0], error);
}

static void lend_to_kernels(world *w)
{
    give_tap8(w);
    w->pooling.destination_image_allocator = w->back.destination_image_allocator = lender(w);
}

static void lend_to_graph(world *w)
{
    w->lends = true;
    give_graph(w);
    poolgrad_graph_set_destination_image_allocator(w->graph, lender(w));
}

/* Calls whose images come from an allocator. */
static const scenario lending[] = {
    {"buffer_create", NULL, buffer_create_lent, NULL},
    {"encode_to_new", lend_to_kernels, encode_to_new_with_state, NULL},
    {"encode_batch_to_new", lend_to_kernels, encode_batch_to_new, NULL},
    {"gradient_encode_to_new", lend_to_kernels, gradient_encode_to_new, NULL},
    {"gradient_encode_batch_to_new", lend_to_kernels, gradient_encode_batch_to_new, NULL},
    {"graph_encode", lend_to_graph, graph_encode, NULL},
    {"graph_encode, result only", lend_to_graph, graph_encode_result_only, NULL},
    {"graph_encode_batch", lend_to_graph, graph_encode_batch, NULL},
};

Test(allocation, memory_beside_allocators)
{
    fail_all(lending, sizeof lending);
}

static void refuse_one(const scenario *s, const world *clean, int failing, poolgrad_status refusal)
{
    poolgrad_error error = refusal_none();
    world w;
    world_begin(&w, s);
    int lent = w.ledger.live;
    w.ledger = (ledger){.failing = failing, .refusal = refusal, .live = lent};
    poolgrad_status status = s->call(&w, &error);
    cr_assert_eq(status, refusal, "%s, image %d: status %d", s->name, failing, (int)status);
    cr_expect(refusal_is_sentence(&error), "%s, image %d: \"%.255s\"", s->name, failing, error.message);
    cr_expect(made_nothing(&w.made), "%s, image %d: something is made", s->name, failing);
    cr_expect_eq(w.ledger.live, lent, "%s, image %d: others are not given back", s->name, failing);
    cr_expect_arr_eq(w.memory, w.before, w.bytes, "%s, image %d: an image changed", s->name, failing);
    w.made = (made){0};
    w.ledger.failing = 0;
    succeed_after_all(s, &w, clean, failing);
    world_end(&w);
}

static void refuse_each(const scenario *s)
{
    world clean;
    world_begin(&clean, s);
    clean.ledger.calls = 0;
    cr_assert_eq(s->call(&clean, NULL), POOLGRAD_OK, "%s", s->name);
    cr_expect_gt(clean.ledger.calls, 0, "%s asks for nothing", s->name);
    for (int failing = 1; failing <= clean.ledger.calls; ++failing) {
        refuse_one(s, &clean, failing, POOLGRAD_INVALID);
        refuse_one(s, &clean, failing, POOLGRAD_NO_MEMORY);
    }
    world_end(&clean);
}

Test(allocation, allocators)
{
    for (size_t i = 0; i < sizeof lending / sizeof *lending; ++i) refuse_each(&lending[i]);
}

/* ---- Orders of release ------------------------------------------------------------------------------------------- */

typedef enum owned { NETWORK, NETWORK_COPY, GRAPH, GRAPH_COPY, RESULT, INTERMEDIATE, STATE, OWNED } owned;

/* 0 of what is gone. */
static uint64_t hash_of(const world *w, owned which)
{
    switch (which) {
    case NETWORK: return generic_hash(w->network);
    case NETWORK_COPY: return generic_hash(w->made.network);
    case GRAPH: return generic_hash(w->graph);
    case GRAPH_COPY: return generic_hash(w->made.graph);
    case RESULT: return generic_hash(w->made.buffers[0]);
    case INTERMEDIATE: return generic_hash(w->made.buffers[2]);
    default: return generic_hash(w->made.states[0]);
    }
}

static void destroy(world *w, owned which)
{
    switch (which) {
    case NETWORK: poolgrad_network_destroy(w->network), w->network = NULL; break;
    case NETWORK_COPY: poolgrad_network_destroy(w->made.network), w->made.network = NULL; break;
    case GRAPH: poolgrad_graph_destroy(w->graph), w->graph = NULL; break;
    case GRAPH_COPY: poolgrad_graph_destroy(w->made.graph), w->made.graph = NULL; break;
    case RESULT: poolgrad_buffer_destroy(w->made.buffers[0]), w->made.buffers[0] = NULL; break;
    case INTERMEDIATE: poolgrad_buffer_destroy(w->made.buffers[2]), w->made.buffers[2] = NULL; break;
    default: poolgrad_state_destroy(w->made.states[0]), w->made.states[0] = NULL; break;
    }
}

static void make_all_owned(world *w)
{
    const scenario s = {"release", give_tap8, NULL, NULL};
    world_begin(w, &s);
    w->network = poolgrad_network_create();
    cr_assert_eq(make_graph(w, w->network, &w->graph, NULL), POOLGRAD_OK);
    cr_assert_eq(network_copy(w, NULL), POOLGRAD_OK);
    cr_assert_eq(graph_copy(w, NULL), POOLGRAD_OK);
    cr_assert_eq(graph_encode(w, NULL), POOLGRAD_OK);
}

static bool all_have(const world *w, const uint64_t hashes[OWNED])
{
    for (owned i = 0; i < OWNED; ++i) {
        const uint64_t hash = hash_of(w, i);
        if (hash != 0 && hash != hashes[i]) return false;
    }
    return true;
}

/* The order of this number among all: which of those left goes next, by the digits of a factorial base. */
static void release_in_order(world *w, int number, const uint64_t hashes[OWNED])
{
    owned left[OWNED];
    for (owned i = 0; i < OWNED; ++i) left[i] = i;
    for (int count = OWNED, rest = number; count > 0; rest /= count, --count) {
        int next = rest % count;
        destroy(w, left[next]);
        memmove(&left[next], &left[next + 1], (size_t)(count - next - 1) * sizeof *left);
        cr_assert(all_have(w, hashes), "order %d: something else has changed", number);
    }
}

/* In each order, what is left is what it was. */
Test(allocation, orders_of_release)
{
    enum { ORDERS = 5040 };
    for (int number = 0; number < ORDERS; ++number) {
        int64_t live = allocation_live();
        uint64_t hashes[OWNED];
        world w;
        make_all_owned(&w);
        for (owned i = 0; i < OWNED; ++i) hashes[i] = hash_of(&w, i);
        release_in_order(&w, number, hashes);
        world_end(&w);
        cr_assert_eq(allocation_live(), live, "order %d leaks", number);
    }
}

/* A graph, or its copy, runs when all that it was made from is gone. */
Test(allocation, graphs_stand_alone)
{
    for (int i = 0; i < 2; ++i) {
        world w, clean;
        make_all_owned(&clean);
        make_all_owned(&w);
        made_release_but_graph(&w);
        poolgrad_network_destroy(w.network);
        w.network = NULL;
        poolgrad_graph_destroy(i ? w.graph : w.made.graph);
        if (i) w.graph = w.made.graph;
        w.made.graph = NULL;
        cr_assert_eq(graph_encode(&w, NULL), POOLGRAD_OK);
        cr_expect(generic_equal(w.made.buffers[0], clean.made.buffers[0]));
        world_end(&w);
        world_end(&clean);
    }
}
