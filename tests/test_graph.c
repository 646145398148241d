/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What graphs take and give. Random networks are computed filter by filter, each into an image of its own
 * (support/evaluate.h), and by a graph whose images share memory: every result and every exported image has to be the
 * same, bit for bit. The rest is said by hand.
 */
#include "support/generic.h"
#include "support/images.h"
#include "support/random_network.h"
#include <criterion/criterion.h>
#include <poolgrad/graph.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Random networks --------------------------------------------------------------------------------------------- */

enum { MOST_IMAGES = 64, MOST_RESULTS = 3 };

/* A graph and what one encoding of it takes and gives. */
typedef struct run {
    poolgrad_graph *graph;
    poolgrad_const_image sources[MOST_IMAGES];
    poolgrad_image sizes[MOST_IMAGES], result_size;
    poolgrad_buffer *result, *intermediates[MOST_IMAGES];
    poolgrad_graph_memory memory;
} run;

static bool refused(uint64_t seed, const char *what, const poolgrad_error *error)
{
    fprintf(stderr, "%s: %s; repeat with POOLGRAD_TEST_SEED=0x%016llx POOLGRAD_TEST_CASES=1\n", what, error->message,
            (unsigned long long)seed);
    return false;
}

/* Some results, one after another, that are needed or not. */
static poolgrad_status make_graph(random_network *made, random_state *r, poolgrad_graph **graph, poolgrad_error *error)
{
    poolgrad_image_node *results[MOST_RESULTS];
    int needed[MOST_RESULTS];
    int64_t filters = made->values.count, count = random_between(r, 1, filters < MOST_RESULTS ? filters : MOST_RESULTS);
    int64_t first = random_chance(r, 30) ? random_between(r, 0, filters - count) : filters - count;
    for (int64_t i = 0; i < count; ++i) {
        results[i] = poolgrad_filter_node_result_image(poolgrad_network_filter(made->network, first + i));
        needed[i] = i == 0 || random_chance(r, 70);
    }
    if (random_chance(r, 20)) needed[0] = 0;
    return poolgrad_graph_create_with_result_images(made->network, results, random_chance(r, 50) ? needed : NULL, count,
                                                    graph, error);
}

static poolgrad_context make_context(random_state *r)
{
    static const poolgrad_isa isas[] = {POOLGRAD_ISA_BEST, POOLGRAD_ISA_SCALAR};
    poolgrad_context context;
    poolgrad_context_init(&context, sizeof context);
    context.threads = (int)random_between(r, 0, 3);
    context.max_isa = isas[random_between(r, 0, 1)];
    context.mode = random_chance(r, 20) ? POOLGRAD_MODE_REFERENCE : POOLGRAD_MODE_FAST;
    return context;
}

static bool same_as_evaluated(const random_network *made, const char *handle, const poolgrad_image *size,
                              const poolgrad_buffer *buffer)
{
    const poolgrad_image *expected = random_network_image(made, handle);
    return images_alike(handle, expected, size) && images_same(handle, expected, poolgrad_buffer_image(buffer));
}

static bool encode_once(random_network *made, run *g, const poolgrad_context *context, uint64_t seed)
{
    poolgrad_error error = {"", ""};
    const int64_t count = poolgrad_graph_source_image_count(g->graph);
    const int64_t exported = poolgrad_graph_intermediate_image_count(g->graph);
    if (poolgrad_graph_result_sizes(g->graph, g->sources, count, NULL, 0, &g->result_size, g->sizes, &g->memory,
                                    &error) != POOLGRAD_OK) {
        return refused(seed, "sizes", &error);
    }
    if (poolgrad_graph_encode(g->graph, context, g->sources, count, NULL, 0, &g->result, g->intermediates, NULL,
                              &error) != POOLGRAD_OK) {
        return refused(seed, "encode", &error);
    }
    bool same = g->memory.peak <= g->memory.intermediate;
    if (poolgrad_graph_result_image_is_needed(g->graph)) {
        same = same && same_as_evaluated(made, poolgrad_graph_result_handle(g->graph), &g->result_size, g->result);
    } else {
        same = same && !g->result;
    }
    for (int64_t i = 0; i < exported; ++i) {
        const char *handle = poolgrad_graph_intermediate_image_handle(g->graph, i);
        same = same && same_as_evaluated(made, handle, &g->sizes[i], g->intermediates[i]);
    }
    poolgrad_buffer_destroy(g->result);
    for (int64_t i = 0; i < exported; ++i) poolgrad_buffer_destroy(g->intermediates[i]);
    return same;
}

static bool run_case(uint64_t seed, run *g, bool *shares)
{
    random_network made;
    poolgrad_error error = {"", ""};
    bool done = random_network_make(&made, seed);
    if (done) {
        random_state r = {seed ^ 1};
        const poolgrad_context context = make_context(&r);
        done = make_graph(&made, &r, &g->graph, &error) == POOLGRAD_OK || refused(seed, "graph", &error);
        if (done) {
            poolgrad_graph *copy = NULL;
            done = poolgrad_graph_set_format(g->graph, made.values.format, &error) == POOLGRAD_OK;
            for (int64_t i = 0; i < poolgrad_graph_source_image_count(g->graph); ++i) {
                const char *handle = poolgrad_graph_source_image_handle(g->graph, i);
                g->sources[i] = poolgrad_image_as_const(random_network_image(&made, handle));
            }
            /* Twice: the second encoding finds the memory of the first. Then a copy. */
            for (int i = 0; done && i < 2; ++i) done = encode_once(&made, g, &context, seed);
            *shares = g->memory.peak < g->memory.intermediate;
            done = done && poolgrad_graph_copy(g->graph, &copy, &error) == POOLGRAD_OK && generic_equal(g->graph, copy);
            poolgrad_graph_destroy(g->graph);
            g->graph = copy;
            done = done && encode_once(&made, g, NULL, seed);
            poolgrad_graph_destroy(copy);
        }
    }
    random_network_free(&made);
    return done;
}

Test(graph, random_networks)
{
    random_sweep sweep = random_sweep_start_costly("graph", 3000, 10);
    run *g = calloc(1, sizeof *g);
    cr_assert_not_null(g);
    while (random_sweep_next(&sweep)) {
        bool shares = false;
        memset(g, 0, sizeof *g);
        cr_assert(run_case(sweep.seed, g, &shares), "repeat with POOLGRAD_TEST_SEED=0x%016llx POOLGRAD_TEST_CASES=1",
                  (unsigned long long)sweep.seed);
        sweep.telling += shares;
    }
    free(g);
    cr_expect(random_sweep_told(&sweep, 10), "%d of %d graphs shared memory", (int)sweep.telling, (int)sweep.cases);
}

/* ---- By hand ----------------------------------------------------------------------------------------------------- */

/* x -> pool1 (max 3, stride 2) -> pool2 (average 2), and back from dy. */
typedef struct chain {
    poolgrad_network *network;
    poolgrad_image_node *x, *dy;
    poolgrad_filter_node *pool1, *pool2, *back1, *back2;
} chain;

static chain make_chain(void)
{
    chain c = {.network = poolgrad_network_create()};
    poolgrad_filter_node *last;
    c.x = poolgrad_image_node_create(c.network, "x");
    c.dy = poolgrad_image_node_create(c.network, "dy");
    c.pool1 = poolgrad_pooling_max_node_create_with_filter_size_and_stride(c.network, c.x, 3, 2);
    c.pool2 = poolgrad_pooling_average_node_create_with_filter_size(c.network,
                                                                    poolgrad_filter_node_result_image(c.pool1), 2);
    poolgrad_filter_node_set_label(c.pool1, "pool1");
    poolgrad_filter_node_set_label(c.pool2, "pool2");
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(c.pool2, c.dy, NULL, NULL, &last, 1), 1);
    c.back2 = poolgrad_network_filter(c.network, 2);
    c.back1 = poolgrad_network_filter(c.network, 3);
    cr_assert_eq(last, c.back1);
    return c;
}

static poolgrad_graph *graph_of(const chain *c, poolgrad_filter_node *filter)
{
    poolgrad_graph *graph;
    poolgrad_error error = {"", ""};
    cr_assert_eq(poolgrad_graph_create(c->network, poolgrad_filter_node_result_image(filter), 1, &graph, &error),
                 POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, NULL), POOLGRAD_OK);
    return graph;
}

/* x of 8x8 and dy of 2x2 pixels, float32. */
typedef struct images {
    float x[64], dy[4];
    poolgrad_const_image sources[2];
} images;

static void make_images(images *i)
{
    for (int k = 0; k < 64; ++k) i->x[k] = (float)(k * 37 % 64);
    for (int k = 0; k < 4; ++k) i->dy[k] = (float)(k + 1);
    i->sources[0] = poolgrad_const_image_dense(i->x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 8, 8);
    i->sources[1] = poolgrad_const_image_dense(i->dy, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
}

static void expect_refusal(const poolgrad_graph *graph, const poolgrad_const_image *sources, int64_t count,
                           const char *expected)
{
    poolgrad_error error = {"", ""};
    poolgrad_buffer *result = (poolgrad_buffer *)&error; /* something that has to go */
    cr_expect_eq(poolgrad_graph_encode_source_images(graph, NULL, sources, count, &result, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, expected);
    cr_expect_null(result);
}

static void expect_no_batch(const poolgrad_graph *graph, const poolgrad_const_image *const *sources, int64_t count,
                            const char *expected)
{
    poolgrad_error error = {"", ""};
    poolgrad_buffer *results[1];
    cr_expect_eq(poolgrad_graph_encode_batch_source_images(graph, NULL, 1, sources, count, results, &error),
                 POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, expected);
}

Test(graph, refusals_name_nodes)
{
    chain c = make_chain();
    poolgrad_image_node_set_format(c.x, POOLGRAD_FLOAT32);
    poolgrad_graph *graph = graph_of(&c, c.back1);
    images i;
    make_images(&i);
    expect_refusal(graph, i.sources, 1,
                   "source_images are 1; expected 2, one for each handle: image \"dy\" is missing");
    expect_refusal(graph, i.sources, 3, "source_images are 3; expected 2, one for each handle");
    expect_refusal(graph, i.sources, -1, "source_images are -1; expected 2, one for each handle");
    expect_refusal(graph, NULL, 2, "source_images are null; expected an array");
    expect_no_batch(graph, NULL, 2, "source_images are null; expected an array for each handle");
    expect_no_batch(graph, NULL, -2, "source_images are -2 arrays; expected 2, one for each handle");
    i.sources[0].format = POOLGRAD_FLOAT16;
    expect_refusal(graph, i.sources, 2, "image \"x\": format is float16; expected float32, the format of its node");
    make_images(&i);
    i.sources[1].width = 1;
    expect_refusal(
        graph, i.sources, 2,
        "pooling_average_gradient_node 2: source_gradient has 1 images of 1 channels, 1x2 pixels; expected 1 "
        "of 1, 2x2 as the forward result");
    make_images(&i);
    i.sources[1].channels = 0;
    expect_refusal(
        graph, i.sources, 2,
        "pooling_average_gradient_node 2: source_gradient has 1 images of 0 channels, 2x2 pixels; expected 1 "
        "of 1, 2x2 as the forward result");
    make_images(&i);
    i.sources[0].data = NULL;
    expect_refusal(graph, i.sources, 2,
                   "pooling_max_gradient_node 3: source_image.data is null; expected the address of the first element");
    make_images(&i);
    i.sources[0].width = -1;
    expect_refusal(graph, i.sources, 2, "image \"x\": width is -1; expected at least 0");
    make_images(&i);
    i.sources[0].height = 0;
    expect_refusal(graph, i.sources, 2,
                   "node \"pool1\": source.height is 0, where a window spans 3 pixels; expected a larger image, the "
                   "result would be 0 pixels");
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(c.network);
}

/* As of a graph that was refused, by a caller who did not look. */
Test(graph, null_has_no_properties)
{
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_graph_source_image_count(NULL) == 0 && !poolgrad_graph_source_image_handle(NULL, 0));
    cr_expect(poolgrad_graph_source_state_count(NULL) == 0 && !poolgrad_graph_source_state_handle(NULL, 0));
    cr_expect(poolgrad_graph_intermediate_image_count(NULL) == 0 && !poolgrad_graph_intermediate_image_handle(NULL, 0));
    cr_expect(poolgrad_graph_result_state_count(NULL) == 0 && !poolgrad_graph_result_state_handle(NULL, 0));
    cr_expect(!poolgrad_graph_result_handle(NULL) && poolgrad_graph_result_image_is_needed(NULL) == 0);
    cr_expect_eq(poolgrad_graph_source_image_format(NULL, 0), POOLGRAD_FORMAT_NONE);
    cr_expect_eq(poolgrad_graph_format(NULL), POOLGRAD_FORMAT_NONE);
    cr_expect(poolgrad_graph_read_count_for_source_image(NULL, 0) == -1 &&
              poolgrad_graph_read_count_for_source_state(NULL, 0) == -1);
    poolgrad_graph_set_output_state_is_temporary(NULL, 1);
    cr_expect_eq(poolgrad_graph_output_state_is_temporary(NULL), 0);
    poolgrad_graph_set_destination_image_allocator(NULL, (poolgrad_image_allocator){0});
    cr_expect_null(poolgrad_graph_destination_image_allocator(NULL).allocate);
    cr_expect_eq(poolgrad_graph_set_format(NULL, POOLGRAD_FLOAT32, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "graph is null; expected a graph");
}

static void expect_no_graph(poolgrad_network *network, poolgrad_image_node *result, const char *expected)
{
    poolgrad_error error = {"", ""};
    poolgrad_graph *graph = (poolgrad_graph *)&error;
    cr_expect_eq(poolgrad_graph_create(network, result, 1, &graph, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, expected);
    cr_expect_null(graph);
}

/* Filters have their places in the caller's network, whatever else the graph leaves out; long labels end in whole
 * characters. */
Test(graph, refusals_name_places_of_the_network)
{
    char label[142] = "a";
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    poolgrad_pooling_max_node_create_with_filter_size(network, x, 2);
    poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(network, x, 0);
    expect_no_graph(network, poolgrad_filter_node_result_image(pool),
                    "pooling_max_node 1: kernel_width is 0; expected 1 to 2^61");
    for (int i = 0; i < 70; ++i) strcat(label, "\xc3\xa4");
    poolgrad_filter_node_set_label(pool, label);
    char expected[256];
    snprintf(expected, sizeof expected, "node \"%.63s\": kernel_width is 0; expected 1 to 2^61", label);
    expect_no_graph(network, poolgrad_filter_node_result_image(pool), expected);
    poolgrad_network_destroy(network);
}

Test(graph, graphs_that_cannot_be)
{
    chain c = make_chain(), other = make_chain();
    expect_no_graph(c.network, NULL, "result_image is null; expected an image node");
    expect_no_graph(c.network, c.x, "result_image is image \"x\", which is given; expected the result of a filter");
    expect_no_graph(
        c.network, poolgrad_filter_node_result_image(other.pool1),
        "result_image is result of node \"pool1\", which belongs to another network; expected one of this network");
    poolgrad_image_node *twice[] = {poolgrad_filter_node_result_image(c.pool1),
                                    poolgrad_filter_node_result_image(c.pool1)};
    poolgrad_graph *graph;
    poolgrad_error error = {"", ""};
    cr_expect_eq(poolgrad_graph_create_with_result_images(c.network, twice, NULL, 2, &graph, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "result_images hold result of node \"pool1\" twice; expected each once");

    cr_expect_eq(poolgrad_graph_create_with_result_images(c.network, NULL, NULL, 2, &graph, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "result_images are null; expected an array");
    cr_expect_eq(poolgrad_graph_create_with_result_images(c.network, twice, NULL, -2, &graph, &error),
                 POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "result_images are -2; expected at least 1");

    poolgrad_filter_node *bad = poolgrad_pooling_max_node_create(c.network, c.x, 2, 2, 0, 1);
    poolgrad_filter_node_set_label(bad, "bad");
    expect_no_graph(c.network, poolgrad_filter_node_result_image(bad),
                    "node \"bad\": stride_in_pixels_x is 0; expected 1 to 2^61");
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(3);
    poolgrad_filter_node_set_padding_policy(c.pool1, &policy);
    expect_no_graph(c.network, poolgrad_filter_node_result_image(c.pool1),
                    "node \"pool1\": padding.method is 0x3; expected align centered (0), top left (1) or bottom right "
                    "(2), 3 is reserved");
    poolgrad_network_destroy(c.network);
    poolgrad_network_destroy(other.network);
}

/* Both ends export; what is not needed is left out. */
Test(graph, pruning)
{
    chain c = make_chain();
    poolgrad_graph *graph;
    images i;
    make_images(&i);
    cr_assert_eq(poolgrad_graph_create(c.network, poolgrad_filter_node_result_image(c.back1), 0, &graph, NULL),
                 POOLGRAD_OK);
    cr_expect_eq(poolgrad_graph_source_image_count(graph), 0, "nothing is needed");
    poolgrad_buffer *result;
    cr_expect_eq(poolgrad_graph_encode_source_images(graph, NULL, NULL, 0, &result, NULL), POOLGRAD_OK);
    cr_expect_null(result);
    poolgrad_graph_destroy(graph);

    poolgrad_image_node_set_export_from_graph(poolgrad_filter_node_result_image(c.pool1), 1);
    poolgrad_image_node_set_handle(poolgrad_filter_node_result_image(c.pool1), "y1");
    cr_assert_eq(poolgrad_graph_create(c.network, poolgrad_filter_node_result_image(c.back1), 0, &graph, NULL),
                 POOLGRAD_OK);
    cr_expect_eq(poolgrad_graph_source_image_count(graph), 1);
    cr_expect_str_eq(poolgrad_graph_source_image_handle(graph, 0), "x");
    cr_expect_eq(poolgrad_graph_intermediate_image_count(graph), 1);
    cr_expect_str_eq(poolgrad_graph_intermediate_image_handle(graph, 0), "y1");
    cr_expect_null(poolgrad_graph_intermediate_image_handle(graph, 1));
    cr_expect_eq(poolgrad_graph_read_count_for_source_image(graph, 0), 1);
    poolgrad_buffer *y1 = NULL;
    cr_expect_eq(poolgrad_graph_encode(graph, NULL, i.sources, 1, NULL, 0, &result, &y1, NULL, NULL), POOLGRAD_OK);
    cr_expect_null(result);
    cr_assert_not_null(y1);
    cr_expect_eq(poolgrad_buffer_image(y1)->format, POOLGRAD_FLOAT16, "the format of the graph");
    cr_expect_eq(poolgrad_buffer_image(y1)->width, 4);
    poolgrad_buffer_destroy(y1);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(c.network);
}

/* Forward and gradient as two graphs, joined by exported states, give what one gives; with argmax and without. */
Test(graph, states_join_two_graphs)
{
    for (int saves = 0; saves <= 1; ++saves) {
        chain c = make_chain();
        images i;
        make_images(&i);
        poolgrad_filter_node_set_saves_argmax(c.pool1, saves);
        poolgrad_graph *whole = graph_of(&c, c.back1);
        poolgrad_buffer *expected, *dx, *y2;
        cr_assert_eq(poolgrad_graph_encode_source_images(whole, NULL, i.sources, 2, &expected, NULL), POOLGRAD_OK);

        poolgrad_state_node_set_export_from_graph(poolgrad_filter_node_result_state(c.pool1), 1);
        poolgrad_state_node_set_export_from_graph(poolgrad_filter_node_result_state(c.pool2), 1);
        poolgrad_state_node_set_handle(poolgrad_filter_node_result_state(c.pool2), "s2");
        poolgrad_graph *forward = graph_of(&c, c.pool2);
        cr_assert_eq(poolgrad_graph_result_state_count(forward), 2);
        cr_expect_str_eq(poolgrad_graph_result_state_handle(forward, 1), "s2");
        poolgrad_state *states[2];
        cr_assert_eq(poolgrad_graph_encode(forward, NULL, i.sources, 1, NULL, 0, &y2, NULL, states, NULL), POOLGRAD_OK);

        poolgrad_network *back = poolgrad_network_create();
        poolgrad_image_node *dy = poolgrad_image_node_create(back, "dy"), *x = poolgrad_image_node_create(back, "x");
        poolgrad_image_node *y1 = poolgrad_image_node_create(back, "y1");
        poolgrad_state_node *s1 = poolgrad_gradient_state_node_create(back, "s1");
        poolgrad_state_node *s2 = poolgrad_gradient_state_node_create(back, "s2");
        poolgrad_filter_node *b2 = poolgrad_pooling_average_gradient_node_create(back, dy, y1, s2, 2, 2, 2, 2, NULL);
        poolgrad_filter_node *b1 = poolgrad_pooling_max_gradient_node_create(
            back, poolgrad_filter_node_result_image(b2), x, s1, 3, 3, 2, 2, NULL);
        poolgrad_graph *gradient;
        cr_assert_eq(poolgrad_graph_create(back, poolgrad_filter_node_result_image(b1), 1, &gradient, NULL),
                     POOLGRAD_OK);
        poolgrad_graph_set_format(gradient, POOLGRAD_FLOAT32, NULL);
        /* The average asks for a size only; nor are the pixels of x looked at where the state has the taps. */
        const poolgrad_const_image nothing = {
            .format = POOLGRAD_FLOAT32, .images = 1, .channels = 1, .height = 4, .width = 4};
        poolgrad_const_image sources[] = {i.sources[1], i.sources[0], nothing};
        if (saves) sources[1].data = NULL;
        cr_expect_eq(poolgrad_graph_source_state_count(gradient), 2);
        cr_expect_eq(poolgrad_graph_read_count_for_source_state(gradient, 1), 1);
        poolgrad_error error = {"", ""};
        cr_assert_eq(poolgrad_graph_encode(gradient, NULL, sources, 3, states, 2, &dx, NULL, NULL, &error), POOLGRAD_OK,
                     "%s", error.message);
        cr_expect(generic_equal(dx, expected));
        poolgrad_state *missing[] = {states[0], NULL};
        poolgrad_buffer *none;
        cr_expect_eq(poolgrad_graph_encode(gradient, NULL, sources, 3, missing, 2, &none, NULL, NULL, &error),
                     POOLGRAD_INVALID);
        cr_expect_str_eq(error.message, "source_states have a null for state \"s2\"; expected a state");

        for (int k = 0; k < 2; ++k) poolgrad_state_destroy(states[k]);
        poolgrad_buffer_destroy(dx);
        poolgrad_buffer_destroy(y2);
        poolgrad_buffer_destroy(expected);
        poolgrad_graph_destroy(whole);
        poolgrad_graph_destroy(forward);
        poolgrad_graph_destroy(gradient);
        poolgrad_network_destroy(back);
        poolgrad_network_destroy(c.network);
    }
}

static poolgrad_status ask_for_taps(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                                    poolgrad_error *error)
{
    (void)descriptor, (void)error;
    if (request->pooling) request->pooling->saves_argmax = *(const int *)context;
    return POOLGRAD_OK;
}

/* Whether a state holds taps is for the configured kernel to say, which a custom policy may change. */
Test(graph, policies_decide_about_taps)
{
    for (int saves = 0; saves <= 1; ++saves) {
        chain c = make_chain();
        images i;
        make_images(&i);
        poolgrad_state_node_set_export_from_graph(poolgrad_filter_node_result_state(c.pool1), 1);
        const poolgrad_padding_policy policy =
            poolgrad_padding_policy_custom(poolgrad_filter_node_padding_policy(c.pool1).method, ask_for_taps, &saves);
        poolgrad_graph *plain = graph_of(&c, c.pool1);
        poolgrad_filter_node_set_saves_argmax(c.pool1, 1);
        poolgrad_graph *saving = graph_of(&c, c.pool1);
        poolgrad_filter_node_set_saves_argmax(c.pool1, !saves);
        poolgrad_filter_node_set_padding_policy(c.pool1, &policy);
        poolgrad_graph *asking = graph_of(&c, c.pool1);
        poolgrad_state *expected, *state;
        poolgrad_buffer *y;
        cr_assert_eq(
            poolgrad_graph_encode(saves ? saving : plain, NULL, i.sources, 1, NULL, 0, &y, NULL, &expected, NULL),
            POOLGRAD_OK);
        poolgrad_buffer_destroy(y);
        cr_assert_eq(poolgrad_graph_encode(asking, NULL, i.sources, 1, NULL, 0, &y, NULL, &state, NULL), POOLGRAD_OK);
        poolgrad_buffer_destroy(y);
        cr_expect_eq(poolgrad_state_argmax(state) != NULL, saves);
        cr_expect(generic_equal(state, expected), "the policy's word is %d", saves);
        poolgrad_state_destroy(state);
        poolgrad_state_destroy(expected);
        poolgrad_graph_destroy(plain);
        poolgrad_graph_destroy(saving);
        poolgrad_graph_destroy(asking);
        poolgrad_network_destroy(c.network);
    }
}

/* Exported sources are handed out as copies; a unorm image as what it stands for. */
Test(graph, given_images_are_exported)
{
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create_exported(network, "x");
    poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(network, x, 2);
    poolgrad_graph *graph;
    cr_assert_eq(poolgrad_graph_create(network, poolgrad_filter_node_result_image(pool), 1, &graph, NULL), POOLGRAD_OK);
    unsigned char bytes[4] = {0, 51, 102, 255};
    const poolgrad_const_image image = poolgrad_const_image_dense(bytes, POOLGRAD_UNORM8, POOLGRAD_NCHW, 1, 1, 2, 2);
    poolgrad_buffer *y, *copy;
    cr_assert_eq(poolgrad_graph_encode(graph, NULL, &image, 1, NULL, 0, &y, &copy, NULL, NULL), POOLGRAD_OK);
    cr_expect_str_eq(poolgrad_graph_intermediate_image_handle(graph, 0), "x");
    cr_expect_eq(poolgrad_buffer_image(copy)->format, POOLGRAD_FLOAT32);
    const float *values = poolgrad_buffer_image(copy)->data;
    for (int i = 0; i < 4; ++i) cr_expect_eq(values[i], (float)bytes[i] / 255);
    cr_expect_eq(poolgrad_buffer_image(y)->format, POOLGRAD_FLOAT16);
    poolgrad_buffer_destroy(y);
    poolgrad_buffer_destroy(copy);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(network);
}

/* ---- Batches, allocators, handlers ------------------------------------------------------------------------------- */

Test(graph, batches)
{
    chain c = make_chain();
    poolgrad_graph *graph = graph_of(&c, c.back1);
    enum { BATCH = 3 };
    images elements[BATCH];
    poolgrad_const_image x[BATCH], dy[BATCH];
    for (int b = 0; b < BATCH; ++b) {
        make_images(&elements[b]);
        elements[b].dy[b] += 10;
        x[b] = elements[b].sources[0];
        dy[b] = elements[b].sources[1];
    }
    const poolgrad_const_image *rows[] = {x, dy};
    poolgrad_buffer *results[BATCH], *single;
    cr_assert_eq(poolgrad_graph_encode_batch_source_images(graph, NULL, BATCH, rows, 2, results, NULL), POOLGRAD_OK);
    for (int b = 0; b < BATCH; ++b) {
        cr_assert_eq(poolgrad_graph_encode_source_images(graph, NULL, elements[b].sources, 2, &single, NULL),
                     POOLGRAD_OK);
        cr_expect(generic_equal(results[b], single), "element %d", b);
        poolgrad_buffer_destroy(single);
        poolgrad_buffer_destroy(results[b]);
    }
    poolgrad_error error = {"", ""};
    x[2].width = -4;
    cr_expect_eq(poolgrad_graph_encode_batch_source_images(graph, NULL, BATCH, rows, 2, results, &error),
                 POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "batch element 2: image \"x\": width is -4; expected at least 0");
    for (int b = 0; b < BATCH; ++b) cr_expect_null(results[b]);
    results[1] = (poolgrad_buffer *)&error; /* something that has to go */
    cr_expect_eq(poolgrad_graph_encode_batch_source_images(graph, NULL, BATCH, rows, 1, results, &error),
                 POOLGRAD_INVALID);
    cr_expect_null(results[1]);
    results[1] = (poolgrad_buffer *)&error;
    cr_expect_eq(poolgrad_graph_encode_batch_source_images(NULL, NULL, BATCH, rows, 2, results, &error),
                 POOLGRAD_INVALID);
    cr_expect_null(results[1]);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(c.network);
}

/* Arrays of arrays, each of which may lack one. What the others were to get is null. */
Test(graph, batches_need_every_array)
{
    enum { BATCH = 2 };
    static const char *const refusals[] = {"source_images have a null at 1; expected an array",
                                           "source_states have a null at 0; expected an array",
                                           "intermediate_images have a null at 0; expected an array",
                                           "destination_states have a null at 0; expected an array"};
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *dy = poolgrad_image_node_create(network, "dy"), *x = poolgrad_image_node_create(network, "x");
    poolgrad_state_node *state = poolgrad_gradient_state_node_create(network, "s");
    poolgrad_filter_node *back = poolgrad_pooling_max_gradient_node_create(network, dy, x, state, 2, 2, 2, 2, NULL);
    poolgrad_graph *graph;
    poolgrad_image_node_set_export_from_graph(x, 1);
    poolgrad_state_node_set_export_from_graph(state, 1);
    cr_assert_eq(poolgrad_graph_create(network, poolgrad_filter_node_result_image(back), 1, &graph, NULL), POOLGRAD_OK);
    for (int missing = 0; missing < 4; ++missing) {
        const poolgrad_const_image given[BATCH] = {{.data = NULL}};
        poolgrad_state *states[BATCH] = {NULL}, *got_states[BATCH];
        poolgrad_buffer *results[BATCH], *got_images[BATCH];
        const poolgrad_const_image *const sources[] = {given, missing == 0 ? NULL : given};
        poolgrad_state *const *const source_states[] = {missing == 1 ? NULL : states};
        poolgrad_buffer **const intermediates[] = {missing == 2 ? NULL : got_images};
        poolgrad_state **const destinations[] = {missing == 3 ? NULL : got_states};
        poolgrad_error error = {"", ""};
        results[1] = got_images[1] = (poolgrad_buffer *)&error; /* something that has to go */
        got_states[1] = (poolgrad_state *)&error;
        cr_expect_eq(poolgrad_graph_encode_batch(graph, NULL, BATCH, sources, 2, source_states, 1, results,
                                                 intermediates, destinations, &error),
                     POOLGRAD_INVALID);
        cr_expect_str_eq(error.message, refusals[missing]);
        cr_expect(!results[1] && (missing == 2 || !got_images[1]) && (missing == 3 || !got_states[1]));
    }
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(network);
}

typedef struct counter {
    float memory[64];
    int made, given_back;
} counter;

static poolgrad_status lend(void *context, poolgrad_image *image)
{
    counter *c = context;
    ++c->made;
    image->data = c->memory;
    return POOLGRAD_OK;
}

static void take_back(void *context, const poolgrad_image *image)
{
    counter *c = context;
    c->given_back += image->data == c->memory;
}

/* The graph's allocator makes the result in place of the node's; an intermediate image's own is used. */
Test(graph, allocators)
{
    chain c = make_chain();
    counter of_graph = {.made = 0}, of_result = {.made = 0}, of_pool = {.made = 0};
    images i;
    make_images(&i);
    poolgrad_image_node_set_image_allocator(poolgrad_filter_node_result_image(c.back1),
                                            (poolgrad_image_allocator){lend, take_back, &of_result});
    poolgrad_image_node_set_image_allocator(poolgrad_filter_node_result_image(c.back2),
                                            (poolgrad_image_allocator){lend, take_back, &of_pool});
    poolgrad_graph *graph = graph_of(&c, c.back1);
    poolgrad_buffer *result;
    cr_assert_eq(poolgrad_graph_encode_source_images(graph, NULL, i.sources, 2, &result, NULL), POOLGRAD_OK);
    cr_expect_eq(poolgrad_buffer_image(result)->data, (void *)of_result.memory);
    cr_expect(of_pool.made == 1 && of_pool.given_back == 1, "the intermediate image");
    poolgrad_buffer_destroy(result);
    cr_expect(of_result.made == 1 && of_result.given_back == 1);

    poolgrad_graph_set_destination_image_allocator(graph, (poolgrad_image_allocator){lend, NULL, &of_graph});
    cr_assert_eq(poolgrad_graph_encode_source_images(graph, NULL, i.sources, 2, &result, NULL), POOLGRAD_OK);
    cr_expect_eq(poolgrad_buffer_image(result)->data, (void *)of_graph.memory);
    cr_expect_arr_eq(of_graph.memory, of_result.memory, sizeof of_graph.memory);
    poolgrad_buffer_destroy(result);
    cr_expect(of_graph.made == 1 && of_result.made == 1);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(c.network);
}

static void keep_result(void *context, poolgrad_buffer *result, const poolgrad_error *error)
{
    poolgrad_buffer **kept = context;
    cr_expect_eq(result == NULL, error != NULL);
    if (error)
        cr_expect_str_eq(error->message,
                         "source_images are 0; expected 2, one for each handle: image \"x\" is missing");
    *kept = result;
}

Test(graph, handlers_get_result_or_error)
{
    chain c = make_chain();
    poolgrad_graph *graph = graph_of(&c, c.back1);
    poolgrad_buffer *expected, *result = NULL;
    images i;
    make_images(&i);
    cr_assert_eq(poolgrad_graph_encode_source_images(graph, NULL, i.sources, 2, &expected, NULL), POOLGRAD_OK);
    poolgrad_graph_execute_async(graph, NULL, i.sources, 2, keep_result, &result);
    cr_expect(generic_equal(result, expected));
    poolgrad_buffer_destroy(result);
    poolgrad_graph_execute_async(graph, NULL, NULL, 0, keep_result, &result);
    cr_expect_null(result);
    poolgrad_graph_execute_async(graph, NULL, i.sources, 2, NULL, NULL); /* nobody asks, and nothing leaks */
    poolgrad_buffer_destroy(expected);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(c.network);
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Of a chain of images of one size, two are in use at a time. */
Test(graph, chains_need_two_images)
{
    enum { LENGTH = 12, IMAGE = 16 * 16 * 4 };
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *image = poolgrad_image_node_create(network, "x");
    poolgrad_filter_node *filter = NULL;
    poolgrad_graph *graph;
    for (int i = 0; i < LENGTH; ++i) {
        filter = poolgrad_pooling_max_node_create_with_filter_size_and_stride(network, image, 3, 1);
        image = poolgrad_filter_node_result_image(filter);
    }
    cr_assert_eq(poolgrad_graph_create(network, image, 1, &graph, NULL), POOLGRAD_OK);
    poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, NULL);
    const poolgrad_const_image x = {.format = POOLGRAD_FLOAT32, .images = 1, .channels = 1, .height = 16, .width = 16};
    poolgrad_graph_memory memory;
    cr_assert_eq(poolgrad_graph_result_sizes(graph, &x, 1, NULL, 0, NULL, NULL, &memory, NULL), POOLGRAD_OK);
    cr_expect_eq(memory.peak, 2 * IMAGE);
    cr_expect_eq(memory.intermediate, (LENGTH - 1) * IMAGE);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(network);
}
