/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks and graphs as no sound program makes and calls them: nonsense numbers, null and foreign nodes, policies and
 * allocators that refuse or lie, images that do not fit, allocations that fail. Whatever comes, calls succeed or refuse
 * in one sentence, leave the caller's images alone, and leak nothing.
 */
#include "support/allocation.h"
#include "support/generic.h"
#include "support/hostile.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <poolgrad/graph.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILTERS = 12, MOST_SOURCES = 8, MOST_OUTPUTS = 24 };

typedef struct fuzz {
    hostile hostile;
    unsigned char before[HOSTILE_MEMORY];
    poolgrad_network *network, *other;
    poolgrad_image_node *foreign;
    poolgrad_const_image sources[MOST_SOURCES];
    int64_t calls, accepted;
} fuzz;

static random_state *random_of(fuzz *f)
{
    return &f->hostile.random;
}

/* ---- Networks ---------------------------------------------------------------------------------------------------- */

static poolgrad_filter_node *any_filter(fuzz *f)
{
    int64_t count = poolgrad_network_filter_count(f->network);
    return poolgrad_network_filter(
        f->network, random_between(random_of(f), hostile_strikes(&f->hostile) ? -1 : 0, count > 0 ? count - 1 : 0));
}

static poolgrad_image_node *any_image(fuzz *f, poolgrad_image_node *const given[2])
{
    if (hostile_strikes(&f->hostile)) return random_chance(random_of(f), 50) ? NULL : f->foreign;
    poolgrad_image_node *result = poolgrad_filter_node_result_image(any_filter(f));
    return result && random_chance(random_of(f), 60) ? result : given[random_between(random_of(f), 0, 1)];
}

static int64_t any_size(fuzz *f)
{
    return hostile_number(&f->hostile, 1, 3);
}

static void add_filter(fuzz *f, poolgrad_image_node *const given[2], poolgrad_state_node *state)
{
    poolgrad_image_node *x = any_image(f, given), *dy = any_image(f, given), *terms[] = {x, dy};
    poolgrad_filter_node *filter = any_filter(f), *made[2];
    const poolgrad_padding_policy policy = hostile_policy(&f->hostile);
    const int64_t kw = any_size(f), kh = any_size(f), sx = any_size(f), sy = any_size(f);
    if (random_chance(random_of(f), 70)) state = poolgrad_filter_node_result_state(filter);
    switch (random_between(random_of(f), 0, 8)) {
    case 0: poolgrad_pooling_average_node_create(f->network, x, kw, kh, sx, sy); break;
    case 1: poolgrad_pooling_max_node_create(f->network, x, kw, kh, sx, sy); break;
    case 2: poolgrad_pooling_l2norm_node_create(f->network, x, kw, kh, sx, sy); break;
    case 3: poolgrad_dilated_pooling_max_node_create(f->network, x, kw, kh, sx, sy, any_size(f), any_size(f)); break;
    case 4: poolgrad_pooling_max_gradient_node_create(f->network, dy, x, state, kw, kh, sx, sy, &policy); break;
    case 5: poolgrad_filter_node_gradient_filters_with_source(filter, dy, made, 2); break;
    case 6: poolgrad_filter_node_training_graph_with_source_gradient(filter, dy, NULL, NULL, made, 2); break;
    case 7: poolgrad_filter_node_copy(filter); break;
    default:
        poolgrad_addition_node_create(f->network, terms, hostile_strikes(&f->hostile) ? any_size(f) % 3 : 2);
        break;
    }
}

static void set_properties(fuzz *f)
{
    poolgrad_filter_node *filter = any_filter(f);
    poolgrad_image_node *y = poolgrad_filter_node_result_image(filter);
    const poolgrad_padding_policy policy = hostile_policy(&f->hostile);
    const poolgrad_node_rules rules = {(poolgrad_tie_rule)hostile_int(&f->hostile, 0, 3),
                                       (poolgrad_nan_rule)hostile_int(&f->hostile, 0, 2),
                                       (poolgrad_accumulator)hostile_int(&f->hostile, 0, 1)};
    const poolgrad_filter_type type = poolgrad_filter_node_type(filter);
    const bool sound = type != POOLGRAD_FILTER_ADDITION && type != POOLGRAD_FILTER_ADDITION_GRADIENT;
    switch (random_between(random_of(f), 0, 7)) {
    case 0: poolgrad_image_node_set_format(y, hostile_format(&f->hostile)); break;
    case 1: poolgrad_image_node_set_export_from_graph(y, 1); break;
    case 2: poolgrad_image_node_set_image_allocator(y, hostile_allocator(&f->hostile)); break;
    case 3:
        if (sound || hostile_strikes(&f->hostile)) poolgrad_filter_node_set_padding_policy(filter, &policy);
        break;
    case 4:
        if (sound || hostile_strikes(&f->hostile)) poolgrad_filter_node_set_rules(filter, rules);
        break;
    case 5: poolgrad_state_node_set_export_from_graph(poolgrad_filter_node_result_state(filter), 1); break;
    case 6: poolgrad_filter_node_set_label(filter, "label"); break;
    default:
        if (type == POOLGRAD_FILTER_POOLING_MAX) poolgrad_filter_node_set_saves_argmax(filter, 1);
        break;
    }
}

/* An error stays until it is cleared, and is a sentence. */
static void look_at_network(fuzz *f)
{
    poolgrad_error error = refusal_none();
    if (poolgrad_network_status(f->network, &error) == POOLGRAD_OK) {
        hostile_assert(refusal_is_none(&error), "the error of a network without one is filled");
        return;
    }
    hostile_assert(refusal_is_sentence(&error), "\"%.48s\" \"%.256s\"", error.field, error.message);
    poolgrad_network_clear_error(f->network);
}

static void build(fuzz *f)
{
    poolgrad_image_node *given[] = {poolgrad_image_node_create(f->network, "x"),
                                    poolgrad_image_node_create(f->network, NULL)};
    poolgrad_state_node *state = poolgrad_gradient_state_node_create(f->network, "s");
    int64_t steps = random_between(random_of(f), 1, MOST_FILTERS);
    for (int64_t i = 0; i < steps; ++i) {
        bool fails = random_chance(random_of(f), 5);
        allocation_begin(fails ? random_between(random_of(f), 1, 6) : 0, false);
        add_filter(f, given, state);
        if (random_chance(random_of(f), 50)) set_properties(f);
        allocation_end();
        look_at_network(f);
    }
}

/* ---- Graphs ------------------------------------------------------------------------------------------------------ */

static bool judge(fuzz *f, poolgrad_status status, const poolgrad_error *error)
{
    ++f->calls;
    f->accepted += status == POOLGRAD_OK;
    if (status == POOLGRAD_OK)
        hostile_assert(refusal_is_none(error), "the error is filled by a call that succeeds");
    else
        hostile_assert(refusal_is_sentence(error), "\"%.48s\" \"%.256s\"", error->field, error->message);
    hostile_assert(memcmp(f->hostile.memory, f->before, HOSTILE_MEMORY) == 0, "an image has been written to");
    return status == POOLGRAD_OK;
}

static poolgrad_graph *make_graph(fuzz *f)
{
    poolgrad_image_node *results[] = {poolgrad_filter_node_result_image(any_filter(f)),
                                      poolgrad_filter_node_result_image(any_filter(f))};
    const int needed[] = {!hostile_strikes(&f->hostile), 1};
    poolgrad_graph *graph;
    poolgrad_error error = refusal_none();
    if (hostile_strikes(&f->hostile)) results[0] = f->foreign;
    poolgrad_status status = poolgrad_graph_create_with_result_images(
        f->network, results, needed, random_chance(random_of(f), 70) ? 1 : 2, &graph, &error);
    hostile_assert(judge(f, status, &error) == (graph != NULL), "a graph, and a refusal");
    error = refusal_none();
    if (graph && random_chance(random_of(f), 50)) {
        judge(f, poolgrad_graph_set_format(graph, hostile_format(&f->hostile), &error), &error);
    }
    return graph;
}

static void make_sources(fuzz *f, int64_t count)
{
    int64_t height = random_between(random_of(f), 1, 7), width = random_between(random_of(f), 1, 7);
    f->hostile.used = 0;
    for (int64_t i = 0; i < count; ++i) {
        const poolgrad_image image = hostile_image(&f->hostile, 1, 2, height, width);
        f->sources[i] = poolgrad_image_as_const(&image);
    }
    memcpy(f->before, f->hostile.memory, HOSTILE_MEMORY);
}

static void encode(fuzz *f, const poolgrad_graph *graph)
{
    const int64_t images = poolgrad_graph_source_image_count(graph), states = poolgrad_graph_source_state_count(graph);
    const int64_t exported = poolgrad_graph_intermediate_image_count(graph);
    const int64_t kept = poolgrad_graph_result_state_count(graph);
    const poolgrad_context context = hostile_context(&f->hostile);
    poolgrad_buffer *result, *intermediates[MOST_OUTPUTS];
    poolgrad_state *results[MOST_OUTPUTS], *given[MOST_SOURCES] = {NULL};
    poolgrad_image sizes[MOST_OUTPUTS], size;
    poolgrad_graph_memory memory;
    poolgrad_error error = refusal_none();
    if (images > MOST_SOURCES || states > MOST_SOURCES || exported > MOST_OUTPUTS || kept > MOST_OUTPUTS) return;
    make_sources(f, images);
    poolgrad_pooling kernel;
    poolgrad_pooling_max_init(&kernel, sizeof kernel, 2, 2, 2, 2);
    for (int64_t i = 0; i < states && !hostile_strikes(&f->hostile); ++i) {
        poolgrad_pooling_result_state(&kernel, &f->sources[0], NULL, &given[i], NULL);
    }
    judge(f, poolgrad_graph_result_sizes(graph, f->sources, images, given, states, &size, sizes, &memory, &error),
          &error);
    error = refusal_none();
    bool fails = random_chance(random_of(f), 10);
    allocation_begin(fails ? random_between(random_of(f), 1, 12) : 0, false);
    poolgrad_status status = poolgrad_graph_encode(graph, &context, f->sources, images, given, states, &result,
                                                   intermediates, results, &error);
    allocation_end();
    bool done = judge(f, status, &error);
    hostile_assert(done || !result, "a refusal, and a result");
    poolgrad_buffer_destroy(result);
    for (int64_t i = 0; i < exported; ++i) {
        hostile_assert(done == (intermediates[i] != NULL), "intermediate image %d", (int)i);
        poolgrad_buffer_destroy(intermediates[i]);
    }
    for (int64_t i = 0; i < kept; ++i) poolgrad_state_destroy(results[i]);
    for (int64_t i = 0; i < states; ++i) poolgrad_state_destroy(given[i]);
}

static void run_case(fuzz *f)
{
    char text[256];
    f->network = poolgrad_network_create();
    f->other = poolgrad_network_create();
    f->foreign = poolgrad_image_node_create(f->other, "foreign");
    memcpy(f->before, f->hostile.memory, HOSTILE_MEMORY);
    build(f);
    for (int i = 0; i < 3; ++i) {
        poolgrad_graph *graph = make_graph(f);
        if (!graph) continue;
        generic_debug_description(graph, text, sizeof text);
        encode(f, graph);
        encode(f, graph);
        poolgrad_graph_destroy(graph);
    }
    poolgrad_network_destroy(f->network);
    poolgrad_network_destroy(f->other);
}

Test(graph_fuzz, hostile_calls)
{
    random_sweep sweep = random_sweep_start("graph_fuzz", 3000);
    fuzz *f = malloc(sizeof *f);
    cr_assert_not_null(f);
    allocation_limit(HOSTILE_ALLOCATION);
    while (random_sweep_next(&sweep)) {
        int64_t live = allocation_live();
        hostile_begin(&f->hostile, "graph_fuzz", "hostile_calls", sweep.seed);
        f->calls = f->accepted = 0;
        run_case(f);
        hostile_assert(allocation_live() == live, "something leaks");
        hostile_assert(f->hostile.lent == 0, "an allocator did not get its image back");
        sweep.telling += f->accepted > 1;
    }
    free(f);
    cr_expect(random_sweep_told(&sweep, 30), "%d of %d cases had calls that succeeded", (int)sweep.telling,
              (int)sweep.cases);
}
