/* SPDX-License-Identifier: Apache-2.0 */
/* Training graphs: which nodes are made, of what, in which order, and where the walk ends. */
#include <criterion/criterion.h>
#include <poolgrad/graph.h>
#include <stdio.h>
#include <string.h>

static poolgrad_filter_node *filter(const poolgrad_network *network, int64_t index)
{
    return poolgrad_network_filter(network, index);
}

static poolgrad_image_node *result(const poolgrad_filter_node *node)
{
    return poolgrad_filter_node_result_image(node);
}

/* Whether the filter has this type and reads these images; a null ends them. */
static bool reads(const poolgrad_filter_node *node, poolgrad_filter_type type, const poolgrad_image_node *first,
                  const poolgrad_image_node *second)
{
    return poolgrad_filter_node_type(node) == type && poolgrad_filter_node_source_image(node, 0) == first &&
           poolgrad_filter_node_source_image(node, 1) == second;
}

static void expect_fine(poolgrad_network *network)
{
    poolgrad_error error = {"", ""};
    cr_assert_eq(poolgrad_network_status(network, &error), POOLGRAD_OK, "%s", error.message);
}

static void expect_error(poolgrad_network *network, const char *expected)
{
    poolgrad_error error = {"", ""};
    cr_expect_eq(poolgrad_network_status(network, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, expected);
    poolgrad_network_clear_error(network);
}

/* ---- One gradient ------------------------------------------------------------------------------------------------ */

/* Every type of pooling has the gradient of its type, with its window, the inverse of its policy and its rules. */
Test(training, gradient_of_each_type)
{
    poolgrad_network *n = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(n, "x"), *dy = poolgrad_image_node_create(n, "dy");
    poolgrad_filter_node *forward[] = {poolgrad_pooling_average_node_create(n, x, 2, 3, 4, 5),
                                       poolgrad_pooling_max_node_create(n, x, 2, 3, 4, 5),
                                       poolgrad_pooling_l2norm_node_create(n, x, 2, 3, 4, 5),
                                       poolgrad_dilated_pooling_max_node_create(n, x, 2, 3, 4, 5, 6, 7)};
    const poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_FULL | 1);
    for (int i = 0; i < 4; ++i) {
        const poolgrad_node_rules rules = {POOLGRAD_TIES_SPLIT, POOLGRAD_NAN_LAST, POOLGRAD_ACCUMULATE_FLOAT64};
        poolgrad_filter_node_set_padding_policy(forward[i], &policy);
        poolgrad_filter_node_set_rules(forward[i], rules);
        poolgrad_filter_node *back = poolgrad_filter_node_gradient_filter_with_source(forward[i], dy);
        poolgrad_filter_type type = poolgrad_filter_node_type(forward[i]);
        expect_fine(n);
        cr_expect(reads(back, (poolgrad_filter_type)((int)type + 4), dy, x));
        cr_expect_eq(poolgrad_filter_node_source_state(back, 0), poolgrad_filter_node_result_state(forward[i]));
        cr_expect_eq(poolgrad_filter_node_kernel_width(back), 2);
        cr_expect_eq(poolgrad_filter_node_kernel_height(back), 3);
        cr_expect_eq(poolgrad_filter_node_stride_in_pixels_x(back), 4);
        cr_expect_eq(poolgrad_filter_node_stride_in_pixels_y(back), 5);
        cr_expect_eq(poolgrad_filter_node_dilation_rate_x(back), i == 3 ? 6 : 1);
        cr_expect_eq(poolgrad_filter_node_dilation_rate_y(back), i == 3 ? 7 : 1);
        cr_expect_eq(poolgrad_filter_node_rules(back).ties, POOLGRAD_TIES_SPLIT);
        cr_expect_eq(poolgrad_filter_node_rules(back).nan, POOLGRAD_NAN_LAST);
        cr_expect_eq(poolgrad_filter_node_rules(back).accumulator, POOLGRAD_ACCUMULATE_FLOAT64);
        poolgrad_padding_method method = poolgrad_filter_node_padding_policy(back).method;
        if (i < 3) cr_expect_eq(method, POOLGRAD_PADDING_SIZE_VALID_ONLY | 1, "%x", method);
    }
    poolgrad_network_destroy(n);
}

Test(training, unavailable)
{
    poolgrad_network *n = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(n, "x"), *both[] = {x, x};
    poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(n, x, 2), *made[2];
    poolgrad_filter_node *back = poolgrad_filter_node_gradient_filter_with_source(pool, result(pool));
    poolgrad_filter_node *sum = poolgrad_addition_node_create(n, both, 2);
    poolgrad_filter_node_set_label(back, "back");
    poolgrad_filter_node_set_label(sum, "sum");
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(back, x));
    expect_error(n, "gradient_filter_with_source is unavailable on node \"back\", as it is on MPSNNGradientFilterNode; "
                    "expected a forward filter");
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_sources(back, &x, 1));
    poolgrad_network_clear_error(n);
    cr_expect_eq(poolgrad_filter_node_gradient_filters_with_source(back, x, made, 2), -1);
    expect_error(n, "gradient_filters_with_source is unavailable on node \"back\", as it is on "
                    "MPSNNGradientFilterNode; expected a forward filter");
    cr_expect_eq(poolgrad_filter_node_gradient_filters_with_sources(back, &x, 1, made, 2), -1);
    poolgrad_network_clear_error(n);
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(sum, x));
    expect_error(n,
                 "gradient_filter_with_source is unavailable on node \"sum\", which has 2 gradient filters; expected "
                 "gradient_filters");
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_sources(pool, both, 2));
    expect_error(n, "gradient_filter_with_source of pooling_max_node 0 got 2 source gradients; expected 1, the filter "
                    "has one result");
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(back, x, NULL, NULL, made, 2), -1);
    expect_error(n,
                 "training_graph_with_source_gradient is unavailable on node \"back\", a gradient filter; expected a "
                 "forward filter");
    cr_expect_eq(poolgrad_network_filter_count(n), 3, "nothing was made");
    cr_expect_eq(poolgrad_filter_node_gradient_filters_with_source(sum, x, made, 2), 2);
    for (int i = 0; i < 2; ++i) cr_expect(reads(made[i], POOLGRAD_FILTER_ADDITION_GRADIENT, x, NULL));
    poolgrad_network_destroy(n);
}

/* ---- Walks ------------------------------------------------------------------------------------------------------- */

/* x, three poolings one after another; stops at the images that are asked to. */
typedef struct chain {
    poolgrad_network *network;
    poolgrad_image_node *x, *dy;
    poolgrad_filter_node *pool[3];
} chain;

static chain make_chain(void)
{
    chain c = {.network = poolgrad_network_create()};
    c.x = poolgrad_image_node_create(c.network, "x");
    c.dy = poolgrad_image_node_create(c.network, "dy");
    poolgrad_image_node *image = c.x;
    for (int i = 0; i < 3; ++i) {
        c.pool[i] = poolgrad_pooling_max_node_create_with_filter_size(c.network, image, 2);
        image = result(c.pool[i]);
    }
    poolgrad_image_node_set_handle(result(c.pool[0]), "y0");
    return c;
}

Test(training, chain)
{
    chain c = make_chain();
    poolgrad_filter_node *last[2];
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(c.pool[2], c.dy, NULL, NULL, last, 2), 1);
    expect_fine(c.network);
    cr_assert_eq(poolgrad_network_filter_count(c.network), 6);
    cr_expect(reads(filter(c.network, 3), POOLGRAD_FILTER_POOLING_MAX_GRADIENT, c.dy, result(c.pool[1])));
    cr_expect(reads(filter(c.network, 4), POOLGRAD_FILTER_POOLING_MAX_GRADIENT, result(filter(c.network, 3)),
                    result(c.pool[0])));
    cr_expect(reads(filter(c.network, 5), POOLGRAD_FILTER_POOLING_MAX_GRADIENT, result(filter(c.network, 4)), c.x));
    cr_expect_eq(last[0], filter(c.network, 5));
    cr_expect_null(poolgrad_image_node_handle(result(filter(c.network, 3))));
    cr_expect_str_eq(poolgrad_image_node_handle(result(filter(c.network, 4))), "y0");
    cr_expect_str_eq(poolgrad_image_node_handle(result(filter(c.network, 5))), "x");
    poolgrad_network_destroy(c.network);
}

/* Without a gradient the result is its own. */
Test(training, own_result_as_gradient)
{
    chain c = make_chain();
    poolgrad_filter_node *last[1];
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(c.pool[0], NULL, NULL, NULL, last, 1), 1);
    cr_expect(reads(last[0], POOLGRAD_FILTER_POOLING_MAX_GRADIENT, result(c.pool[0]), c.x));
    poolgrad_network_destroy(c.network);
}

/* The gradient for an image that stops is made, none beyond it. */
Test(training, stop_gradient)
{
    chain c = make_chain();
    poolgrad_filter_node *last[1];
    poolgrad_image_node_set_stop_gradient(result(c.pool[0]), 1);
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(c.pool[2], c.dy, NULL, NULL, last, 1), 1);
    cr_expect_eq(poolgrad_network_filter_count(c.network), 5);
    cr_expect(reads(last[0], POOLGRAD_FILTER_POOLING_MAX_GRADIENT, result(filter(c.network, 3)), result(c.pool[0])));
    poolgrad_network_destroy(c.network);
}

typedef struct calls {
    int count, prune_at;
    struct {
        poolgrad_filter_node *gradient, *inference;
        poolgrad_image_node *source, *source_gradient;
    } call[8];
} calls;

static int record(void *context, poolgrad_filter_node *gradient_node, poolgrad_filter_node *inference_node,
                  poolgrad_image_node *inference_source, poolgrad_image_node *gradient_source)
{
    calls *c = context;
    c->call[c->count].gradient = gradient_node;
    c->call[c->count].inference = inference_node;
    c->call[c->count].source = inference_source;
    c->call[c->count].source_gradient = gradient_source;
    poolgrad_filter_node_set_label(gradient_node, "made");
    return c->count++ == c->prune_at;
}

Test(training, handler_sees_and_prunes)
{
    chain c = make_chain();
    calls seen = {.prune_at = 1};
    poolgrad_filter_node *last[1];
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(c.pool[2], c.dy, record, &seen, last, 1), 1);
    cr_expect_eq(seen.count, 2);
    cr_expect_eq(poolgrad_network_filter_count(c.network), 5);
    cr_expect(seen.call[0].gradient == filter(c.network, 3) && seen.call[0].inference == c.pool[2] &&
              seen.call[0].source == result(c.pool[1]) && seen.call[0].source_gradient == c.dy);
    cr_expect(seen.call[1].gradient == last[0] && seen.call[1].inference == c.pool[1] &&
              seen.call[1].source == result(c.pool[0]) && seen.call[1].source_gradient == result(filter(c.network, 3)));
    cr_expect_str_eq(poolgrad_filter_node_label(last[0]), "made");
    cr_expect_null(poolgrad_image_node_handle(result(last[0])), "a handler of one's own names nothing");
    poolgrad_network_destroy(c.network);
}

/* ---- Junctions --------------------------------------------------------------------------------------------------- */

/* Two poolings of x, added: two gradients of the addition, one of each pooling, and their sum in the order in which the
 * poolings were made, whatever the order in which the addition reads them. */
Test(training, diamond)
{
    poolgrad_network *n = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(n, "x"), *dy = poolgrad_image_node_create(n, "dy");
    poolgrad_filter_node *a = poolgrad_pooling_max_node_create(n, x, 3, 3, 1, 1);
    poolgrad_filter_node *b = poolgrad_pooling_average_node_create(n, x, 3, 3, 1, 1);
    poolgrad_image_node *terms[] = {result(b), result(a)};
    poolgrad_filter_node *sum = poolgrad_addition_node_create(n, terms, 2), *last[2];
    calls seen = {.prune_at = -1};
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(sum, dy, record, &seen, last, 2), 1);
    expect_fine(n);
    cr_assert_eq(poolgrad_network_filter_count(n), 8);
    cr_expect(reads(filter(n, 3), POOLGRAD_FILTER_ADDITION_GRADIENT, dy, NULL));
    cr_expect(reads(filter(n, 4), POOLGRAD_FILTER_ADDITION_GRADIENT, dy, NULL));
    cr_expect(reads(filter(n, 5), POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT, result(filter(n, 3)), x));
    cr_expect(reads(filter(n, 6), POOLGRAD_FILTER_POOLING_MAX_GRADIENT, result(filter(n, 4)), x));
    cr_expect(reads(last[0], POOLGRAD_FILTER_ADDITION, result(filter(n, 6)), result(filter(n, 5))));
    cr_assert_eq(seen.count, 5);
    cr_expect(seen.call[4].gradient == last[0] && !seen.call[4].inference && seen.call[4].source == x &&
              seen.call[4].source_gradient == result(filter(n, 6)));
    poolgrad_network_destroy(n);
}

/* An image that one filter reads twice. */
Test(training, doubled)
{
    poolgrad_network *n = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(n, "x"), *dy = poolgrad_image_node_create(n, "dy");
    poolgrad_image_node *terms[] = {x, x};
    poolgrad_filter_node *sum = poolgrad_addition_node_create(n, terms, 2), *last[1];
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(sum, dy, NULL, NULL, last, 1), 1);
    cr_expect(reads(last[0], POOLGRAD_FILTER_ADDITION, result(filter(n, 1)), result(filter(n, 2))));
    cr_expect_str_eq(poolgrad_image_node_handle(result(last[0])), "x");
    poolgrad_network_destroy(n);
}

/* Three poolings of one image, each with a gradient of its own; and a filter that feeds none of them. */
Test(training, several_ends)
{
    poolgrad_network *n = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(n, "x"), *dy[3];
    poolgrad_filter_node *pool[3], *last[4], *aside = NULL;
    for (int i = 0; i < 3; ++i) {
        pool[i] = poolgrad_pooling_max_node_create_with_filter_size(n, x, i + 1);
        dy[i] = poolgrad_image_node_create(n, NULL);
        if (i == 0) aside = poolgrad_pooling_l2norm_node_create_with_filter_size(n, x, 2);
    }
    cr_assert_eq(poolgrad_training_graph(n, pool, dy, 3, NULL, NULL, last, 4), 1);
    expect_fine(n);
    cr_assert_eq(poolgrad_network_filter_count(n), 8, "none for the filter aside");
    cr_expect_eq(poolgrad_filter_node_type(last[0]), POOLGRAD_FILTER_ADDITION);
    cr_expect_eq(poolgrad_filter_node_source_image_count(last[0]), 3);
    for (int i = 0; i < 3; ++i) {
        const poolgrad_filter_node *back = poolgrad_image_node_producer(poolgrad_filter_node_source_image(last[0], i));
        cr_expect(reads(back, POOLGRAD_FILTER_POOLING_MAX_GRADIENT, dy[i], x), "end %d", i);
    }
    cr_expect_not_null(aside);
    cr_expect_eq(poolgrad_training_graph(n, NULL, NULL, 1, NULL, NULL, last, 4), -1);
    expect_error(n, "node of a training graph is null; expected a filter of this network");
    cr_expect_eq(poolgrad_training_graph(n, NULL, NULL, 0, NULL, NULL, last, 4), 0, "no end, no node");
    expect_fine(n);
    poolgrad_network_destroy(n);
}

/* An end that another end depends on: its own gradient comes first, then that of the filter that reads it. */
Test(training, end_within_a_chain)
{
    chain c = make_chain();
    poolgrad_filter_node *ends[] = {c.pool[1], c.pool[0]}, *last[1];
    poolgrad_image_node *gradients[] = {c.dy, poolgrad_image_node_create(c.network, "dy0")};
    cr_assert_eq(poolgrad_training_graph(c.network, ends, gradients, 2, NULL, NULL, last, 1), 1);
    cr_assert_eq(poolgrad_network_filter_count(c.network), 6);
    cr_expect(reads(filter(c.network, 4), POOLGRAD_FILTER_ADDITION, gradients[1], result(filter(c.network, 3))));
    cr_expect(reads(last[0], POOLGRAD_FILTER_POOLING_MAX_GRADIENT, result(filter(c.network, 4)), c.x));
    poolgrad_network_destroy(c.network);
}

/* ---- Failures ---------------------------------------------------------------------------------------------------- */

enum { MOST_SHOWN = 8 };

/* What a handler was shown and has made. */
typedef struct shown {
    poolgrad_filter_node *node[MOST_SHOWN];
    poolgrad_image_node *image;
    poolgrad_state_node *state;
    poolgrad_network *network;
    int count, fails_at;
} shown;

static int keep_and_fail(void *context, poolgrad_filter_node *made, poolgrad_filter_node *inference,
                         poolgrad_image_node *image, poolgrad_image_node *gradient)
{
    shown *s = context;
    (void)inference, (void)image, (void)gradient;
    if (s->count == 0) {
        s->image = poolgrad_image_node_create(s->network, "own");
        s->state = poolgrad_gradient_state_node_create(s->network, "own");
        poolgrad_filter_node_set_label(made, "first");
    }
    if (s->count == s->fails_at) poolgrad_pooling_max_node_create_with_filter_size(s->network, NULL, 2);
    s->node[s->count++] = made;
    return 0;
}

static void expect_withdrawn(poolgrad_network *network, const char *what)
{
    char sentence[160];
    snprintf(sentence, sizeof sentence, "%s was withdrawn when a training graph failed; expected a %s of this network",
             what, strncmp(what, "node of a training", 18) == 0 ? "filter" : "node");
    expect_error(network, sentence);
}

/* A handler may have kept nodes of a training graph that has failed: they are there, but of no use. */
Test(training, failures_withdraw_what_was_shown)
{
    chain c = make_chain();
    shown s;
    poolgrad_filter_node *last[1];
    const int64_t before = poolgrad_network_filter_count(c.network);
    for (int again = 0; again < 2; ++again) {
        s = (shown){.network = c.network, .fails_at = 1};
        cr_expect_eq(
            poolgrad_filter_node_training_graph_with_source_gradient(c.pool[1], c.dy, keep_and_fail, &s, last, 1), -1);
        cr_expect_eq(s.count, 2);
        expect_error(c.network, "source of a pooling_max_node is null; expected a node of this network");
        cr_expect_eq(poolgrad_network_filter_count(c.network), before);
    }
    cr_expect_str_eq(poolgrad_filter_node_label(s.node[0]), "first");
    cr_expect_eq(poolgrad_filter_node_source_image(s.node[0], 0), c.dy);
    cr_expect_str_eq(poolgrad_image_node_handle(s.image), "own");
    poolgrad_filter_node_set_label(s.node[0], "kept");
    cr_expect_str_eq(poolgrad_filter_node_label(s.node[0]), "kept");
    expect_fine(c.network);

    poolgrad_image_node *of_withdrawn = result(s.node[0]), *x[] = {c.x, s.image};
    cr_expect_null(poolgrad_pooling_max_node_create_with_filter_size(c.network, of_withdrawn, 2));
    expect_withdrawn(c.network, "source of a pooling_max_node");
    cr_expect_null(poolgrad_addition_node_create(c.network, x, 2));
    expect_withdrawn(c.network, "source of an addition_node");
    cr_expect_null(poolgrad_pooling_max_gradient_node_create(c.network, c.dy, c.x, s.state, 2, 2, 2, 2, NULL));
    expect_withdrawn(c.network, "gradient_state of a pooling_max_gradient_node");
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(c.pool[1], of_withdrawn, NULL, NULL, last, 1),
                 -1);
    expect_withdrawn(c.network, "source_gradient of a training graph");
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(s.node[0], c.dy, NULL, NULL, last, 1), -1);
    expect_withdrawn(c.network, "node of a training graph");
    poolgrad_error error = {"", ""};
    poolgrad_graph *graph;
    cr_expect_eq(poolgrad_graph_create(c.network, of_withdrawn, 1, &graph, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message,
                     "result_image is result of node \"kept\", which was withdrawn when a training graph "
                     "failed; expected one of this network");
    cr_assert_eq(poolgrad_filter_node_training_graph_with_source_gradient(c.pool[1], c.dy, NULL, NULL, last, 1), 1);
    cr_expect_eq(poolgrad_filter_node_label(last[0]), NULL);
    poolgrad_network_destroy(c.network);
}

/* Room for last nodes that are not made holds nulls, as every result of a call that fails does. */
Test(training, last_nodes_or_null)
{
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(network, x, 2);
    poolgrad_filter_node *last[] = {pool, pool};
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(pool, NULL, NULL, NULL, last, 2), 1);
    cr_expect(last[0] && last[0] != pool && !last[1]);
    last[0] = pool;
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(NULL, NULL, NULL, NULL, last, 1), -1);
    cr_expect_null(last[0]);
    last[0] = pool;
    cr_expect_eq(poolgrad_training_graph(network, NULL, NULL, 1, NULL, NULL, last, 1), -1);
    cr_expect_null(last[0]);
    poolgrad_network_destroy(network);
}
