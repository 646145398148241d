/* SPDX-License-Identifier: Apache-2.0 */
/* Equality, hashes and texts of nodes, networks and graphs: each property counts, copies are equal. */
#include "support/generic.h"
#include "support/json_text.h"
#include <criterion/criterion.h>
#include <poolgrad/graph.h>
#include <stdio.h>
#include <string.h>

static poolgrad_status refuse(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                              poolgrad_error *error)
{
    (void)context, (void)request, (void)descriptor, (void)error;
    return POOLGRAD_INVALID;
}

static poolgrad_status lend(void *context, poolgrad_image *image)
{
    (void)context, (void)image;
    return POOLGRAD_NO_MEMORY;
}

enum { NOTHING_CHANGED = -1, CHANGES = 29 };

/* A given image and state, a pooling, an addition and the gradient of a pooling. */
typedef struct parts {
    poolgrad_network *network;
    poolgrad_image_node *x, *dy, *y;
    poolgrad_state_node *given, *state;
    poolgrad_filter_node *pool, *sum, *back;
} parts;

static void change(parts *p, int what)
{
    const poolgrad_padding_policy full = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_FULL);
    const poolgrad_padding_policy custom = poolgrad_padding_policy_custom(POOLGRAD_PADDING_SIZE_SAME, refuse, p);
    const poolgrad_image_allocator allocator = {lend, NULL, NULL};
    switch (what) {
    case 0: poolgrad_image_node_set_handle(p->x, "other"); break;
    case 1: poolgrad_image_node_set_handle(p->x, NULL); break;
    case 2: poolgrad_image_node_set_format(p->x, POOLGRAD_UNORM8); break;
    case 3: poolgrad_image_node_set_export_from_graph(p->x, 1); break;
    case 4: poolgrad_image_node_set_synchronize_resource(p->x, 1); break;
    case 5: poolgrad_image_node_set_stop_gradient(p->x, 1); break;
    case 6: poolgrad_image_node_set_image_allocator(p->x, allocator); break;
    case 7: poolgrad_image_node_set_handle(p->y, "y"); break;
    case 8: poolgrad_image_node_set_format(p->y, POOLGRAD_FLOAT64); break;
    case 9: poolgrad_image_node_set_export_from_graph(p->y, 1); break;
    case 10: poolgrad_image_node_set_stop_gradient(p->y, 1); break;
    case 11: poolgrad_state_node_set_handle(p->given, "s"); break;
    case 12: poolgrad_state_node_set_export_from_graph(p->given, 1); break;
    case 13: poolgrad_state_node_set_synchronize_resource(p->given, 1); break;
    case 14: poolgrad_state_node_set_handle(p->state, "s"); break;
    case 15: poolgrad_state_node_set_export_from_graph(p->state, 1); break;
    case 16: poolgrad_filter_node_set_label(p->pool, "pool"); break;
    case 17: poolgrad_filter_node_set_label(p->pool, ""); break;
    case 18: poolgrad_filter_node_set_padding_policy(p->pool, &full); break;
    case 19: poolgrad_filter_node_set_padding_policy(p->pool, &custom); break;
    case 20: poolgrad_filter_node_set_rules(p->pool, (poolgrad_node_rules){.ties = POOLGRAD_TIES_LAST}); break;
    case 21: poolgrad_filter_node_set_rules(p->pool, (poolgrad_node_rules){.nan = POOLGRAD_NAN_LAST}); break;
    case 22:
        poolgrad_filter_node_set_rules(p->pool, (poolgrad_node_rules){.accumulator = POOLGRAD_ACCUMULATE_FLOAT64});
        break;
    case 23: poolgrad_filter_node_set_saves_argmax(p->pool, 1); break;
    case 24: poolgrad_filter_node_set_padding_policy(p->back, &full); break;
    default: break; /* those of make_parts */
    }
}

/* From CHANGES on: nothing. */
static parts make_parts(int what)
{
    parts p = {.network = poolgrad_network_create()};
    p.x = poolgrad_image_node_create(p.network, "x");
    p.dy = poolgrad_image_node_create(p.network, "dy");
    p.given = poolgrad_gradient_state_node_create(p.network, NULL);
    p.pool = what == 25 ? poolgrad_dilated_pooling_max_node_create(p.network, p.x, 3, 3, 1, 1, 1, 1)
                        : poolgrad_pooling_max_node_create(p.network, what == 26 ? p.dy : p.x, 3, 3, 1, 1);
    p.y = poolgrad_filter_node_result_image(p.pool);
    p.state = poolgrad_filter_node_result_state(p.pool);
    poolgrad_image_node *terms[] = {p.x, what == 27 ? p.dy : p.y};
    p.sum = poolgrad_addition_node_create(p.network, terms, 2);
    p.back = poolgrad_pooling_max_gradient_node_create(p.network, p.dy, p.x, what == 28 ? p.state : p.given, 3, 3, 1, 1,
                                                       NULL);
    change(&p, what);
    return p;
}

Test(identity, networks)
{
    parts plain = make_parts(NOTHING_CHANGED), same = make_parts(NOTHING_CHANGED);
    cr_expect(generic_equal(plain.network, same.network));
    cr_expect_eq(generic_hash(plain.network), generic_hash(same.network));
    for (int what = 0; what < CHANGES; ++what) {
        parts changed = make_parts(what);
        poolgrad_network *copy;
        poolgrad_error error = {"", ""};
        cr_assert_eq(poolgrad_network_status(changed.network, &error), POOLGRAD_OK, "%s", error.message);
        cr_expect_not(generic_equal(plain.network, changed.network), "change %d", what);
        cr_expect_neq(generic_hash(plain.network), generic_hash(changed.network), "change %d", what);
        cr_assert_eq(poolgrad_network_copy(changed.network, &copy, &error), POOLGRAD_OK);
        cr_expect(generic_equal(copy, changed.network), "change %d", what);
        cr_expect_eq(generic_hash(copy), generic_hash(changed.network), "change %d", what);
        poolgrad_network_destroy(copy);
        poolgrad_network_destroy(changed.network);
    }
    poolgrad_network_destroy(plain.network);
    poolgrad_network_destroy(same.network);
}

/* Nodes of one network: the same properties, of the very same nodes. */
Test(identity, nodes)
{
    parts p = make_parts(NOTHING_CHANGED);
    poolgrad_filter_node *pool = poolgrad_filter_node_copy(p.pool);
    poolgrad_image_node *x = poolgrad_image_node_copy(p.x), *y = poolgrad_filter_node_result_image(pool);
    poolgrad_state_node *given = poolgrad_state_node_copy(p.given), *state = poolgrad_filter_node_result_state(pool);
    cr_expect(generic_equal(p.pool, pool) && generic_hash(p.pool) == generic_hash(pool));
    cr_expect(generic_equal(p.x, x) && generic_hash(p.x) == generic_hash(x));
    cr_expect(generic_equal(p.y, y) && generic_hash(p.y) == generic_hash(y));
    cr_expect(generic_equal(p.given, given) && generic_hash(p.given) == generic_hash(given));
    cr_expect(generic_equal(p.state, state) && generic_hash(p.state) == generic_hash(state));
    cr_expect_not(generic_equal(p.x, p.y), "given and made");
    cr_expect_not(generic_equal(p.given, p.state), "given and made");
    cr_expect_not(generic_equal(p.pool, p.sum));
    poolgrad_filter_node *of_copy = poolgrad_pooling_max_node_create(p.network, x, 3, 3, 1, 1);
    cr_expect_not(generic_equal(of_copy, p.pool), "an equal image is not the same image");
    poolgrad_filter_node_set_label(pool, "copy");
    cr_expect_not(generic_equal(p.pool, pool));
    cr_expect_not(generic_equal(p.y, y), "results of filters that differ");
    poolgrad_network_destroy(p.network);
}

static poolgrad_graph *make_graph(const parts *p, int needed, poolgrad_format format)
{
    poolgrad_graph *graph;
    poolgrad_error error = {"", ""};
    poolgrad_image_node *results[] = {poolgrad_filter_node_result_image(p->back),
                                      poolgrad_filter_node_result_image(p->sum)};
    const int are_needed[] = {1, needed};
    cr_assert_eq(poolgrad_graph_create_with_result_images(p->network, results, are_needed, 2, &graph, &error),
                 POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_graph_set_format(graph, format, &error), POOLGRAD_OK);
    return graph;
}

Test(identity, graphs)
{
    parts p = make_parts(NOTHING_CHANGED), q = make_parts(NOTHING_CHANGED);
    /* What does not feed a result is no part of the graph. */
    poolgrad_pooling_average_node_create_with_filter_size(q.network, q.y, 2);
    poolgrad_graph *plain = make_graph(&p, 1, POOLGRAD_FLOAT16), *copy;
    poolgrad_graph *others[] = {make_graph(&q, 1, POOLGRAD_FLOAT16), make_graph(&p, 0, POOLGRAD_FLOAT16),
                                make_graph(&p, 1, POOLGRAD_FLOAT32), make_graph(&p, 1, POOLGRAD_FLOAT16),
                                make_graph(&p, 1, POOLGRAD_FLOAT16)};
    poolgrad_graph_set_output_state_is_temporary(others[3], 1);
    poolgrad_graph_set_destination_image_allocator(others[4], (poolgrad_image_allocator){lend, NULL, NULL});
    cr_expect(generic_equal(plain, others[0]) && generic_hash(plain) == generic_hash(others[0]));
    for (int i = 1; i < 5; ++i) {
        cr_expect_not(generic_equal(plain, others[i]), "graph %d", i);
        cr_expect_neq(generic_hash(plain), generic_hash(others[i]), "graph %d", i);
    }
    for (int i = 0; i < 5; ++i) {
        cr_assert_eq(poolgrad_graph_copy(others[i], &copy, NULL), POOLGRAD_OK);
        cr_expect(generic_equal(copy, others[i]) && generic_hash(copy) == generic_hash(others[i]), "graph %d", i);
        poolgrad_graph_destroy(others[i]);
        poolgrad_graph_destroy(copy);
    }
    poolgrad_graph_destroy(plain);
    poolgrad_network_destroy(p.network);
    poolgrad_network_destroy(q.network);
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

#define expect_description(object, expected)                                                                           \
    do {                                                                                                               \
        char text[1024];                                                                                               \
        size_t length = generic_description(object, text, sizeof text);                                                \
        cr_expect_str_eq(text, expected);                                                                              \
        cr_expect_eq(length, strlen(expected));                                                                        \
    } while (0)

Test(identity, descriptions)
{
    parts p = make_parts(16);
    poolgrad_image_node_set_export_from_graph(p.y, 1);
    expect_description(p.x, "image \"x\"");
    expect_description(p.y, "result of node \"pool\", exported");
    expect_description(p.given, "state 0");
    expect_description(p.state, "state of node \"pool\"");
    expect_description(p.pool,
                       "pooling_max_node \"pool\" of image \"x\": kernel 3x3, stride 1x1, padding same | centered | "
                       "remainder to top left, exported");
    expect_description(p.sum, "addition_node 1 of image \"x\", result of node \"pool\"");
    expect_description(p.network, "network: 2 images and 1 states given, 3 filters");
    poolgrad_graph *graph = make_graph(&p, 1, POOLGRAD_FLOAT32);
    expect_description(
        graph, "graph: 2 source images, 1 source states, 3 filters, format float32\n"
               "pooling_max_node \"pool\" of image \"x\": kernel 3x3, stride 1x1, padding same | centered | "
               "remainder to top left, exported\n"
               "addition_node 1 of image \"x\", result of node \"pool\"\n"
               "pooling_max_gradient_node 2 of image \"dy\", image \"x\", state 0: kernel 3x3, stride 1x1, padding "
               "same | centered | remainder to top left");
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(p.network);
}

/* `cut` is the same text with less room. */
static void expect_json_of(const char *text, size_t length, const char cut[40], size_t cut_length, const char *name)
{
    cr_assert(json_is_valid(text), "%s", text);
    cr_expect(json_is(json_member(text, "class"), name), "%s", text);
    cr_expect(cut_length == length && length == strlen(text));
    cr_expect(memcmp(cut, text, 39) == 0 && cut[39] == 0);
}

#define expect_json(object, name)                                                                                      \
    do {                                                                                                               \
        char text[16384], cut[40];                                                                                     \
        size_t length = generic_debug_description(object, text, sizeof text);                                          \
        expect_json_of(text, length, cut, generic_debug_description(object, cut, sizeof cut), name);                   \
        cr_expect_eq(generic_debug_description(object, NULL, 0), length);                                              \
    } while (0)

Test(identity, json)
{
    for (int what = NOTHING_CHANGED; what < CHANGES; ++what) {
        parts p = make_parts(what);
        poolgrad_filter_node_set_label(p.sum, "quote \" backslash \\ line \n end");
        poolgrad_graph *graph = make_graph(&p, 1, POOLGRAD_FLOAT32);
        expect_json(p.x, "image_node");
        expect_json(p.y, "image_node");
        expect_json(p.given, "state_node");
        expect_json(p.pool, "filter_node");
        expect_json(p.back, "filter_node");
        expect_json(p.sum, "filter_node");
        expect_json(p.network, "network");
        expect_json(graph, "graph");
        poolgrad_graph_destroy(graph);
        poolgrad_network_destroy(p.network);
    }
}
