/* SPDX-License-Identifier: Apache-2.0 */
/* Reading kernels, networks and graphs from JSON: what was written comes back the same, what people may leave out, what
 * is refused and how, and any bytes at all. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <poolgrad/json.h>

#include "support/generic.h"
#include "support/json_text.h"
#include "support/random.h"

#define PICK(r, table) ((table)[random_between(r, 0, (int64_t)(sizeof(table) / sizeof *(table)) - 1)])

/* Whether what is written of an object is read as an equal one, of which the same is written. `back` finds it. */
#define COMES_BACK(type)                                                                                               \
    static bool type##_comes_back(const poolgrad_##type *object)                                                       \
    {                                                                                                                  \
        size_t length = poolgrad_##type##_debug_description(object, NULL, 0), again_length = 0;                        \
        char *text = calloc(length + 1, 1), *again = calloc(length + 1, 1);                                            \
        poolgrad_json *json = NULL;                                                                                    \
        poolgrad_json_error error = {"", ""};                                                                          \
        cr_assert(text &&again &&poolgrad_##type##_debug_description(object, text, length + 1) == length);             \
        bool good = poolgrad_json_read(text, length, &json, &error) == POOLGRAD_OK;                                    \
        poolgrad_##type *back = good ? type##_of(json) : NULL;                                                         \
        good = good && poolgrad_##type##_equal(object, back) == 1 &&                                                   \
               poolgrad_##type##_hash(object) == poolgrad_##type##_hash(back) &&                                       \
               poolgrad_json_write_##type(back, again, length + 1, &again_length, &error) == POOLGRAD_OK &&            \
               again_length == length && strcmp(text, again) == 0;                                                     \
        if (!good) fprintf(stderr, "%s\n%s\n%s\n", text, again, error.message);                                        \
        poolgrad_json_destroy(json);                                                                                   \
        free(text);                                                                                                    \
        free(again);                                                                                                   \
        return good;                                                                                                   \
    }

static poolgrad_pooling *pooling_of(const poolgrad_json *json)
{
    static poolgrad_pooling kernel;
    return poolgrad_json_pooling(json, &kernel, sizeof kernel) ? &kernel : NULL;
}

static poolgrad_pooling_gradient *pooling_gradient_of(const poolgrad_json *json)
{
    static poolgrad_pooling_gradient kernel;
    return poolgrad_json_pooling_gradient(json, &kernel, sizeof kernel) ? &kernel : NULL;
}

static poolgrad_network *network_of(const poolgrad_json *json)
{
    return poolgrad_json_network(json);
}

static poolgrad_graph *graph_of(const poolgrad_json *json)
{
    return poolgrad_json_graph(json);
}

COMES_BACK(pooling)
COMES_BACK(pooling_gradient)
COMES_BACK(network)
COMES_BACK(graph)

static bool comes_back(const poolgrad_json *json)
{
    switch (poolgrad_json_class_of(json)) {
    case POOLGRAD_JSON_POOLING: {
        const poolgrad_pooling kernel = *pooling_of(json);
        return pooling_comes_back(&kernel);
    }
    case POOLGRAD_JSON_POOLING_GRADIENT: {
        const poolgrad_pooling_gradient kernel = *pooling_gradient_of(json);
        return pooling_gradient_comes_back(&kernel);
    }
    case POOLGRAD_JSON_NETWORK: return network_comes_back(network_of(json));
    case POOLGRAD_JSON_GRAPH: break;
    }
    return graph_comes_back(graph_of(json));
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

static const char *const labels[] = {"",
                                     "pool1",
                                     "a \"quoted\" \\ one",
                                     "tab\tand\nline",
                                     "Gr\303\266\303\237e",
                                     "123456789012345678901234567890123456789012345678901234567890123"};

static int64_t random_number(random_state *r)
{
    static const int64_t numbers[] = {0, 1, 2, 3, 4, 7, -1, -4, 64, POOLGRAD_ALL, INT64_MIN, POOLGRAD_ALL - 1};
    return PICK(r, numbers);
}

static poolgrad_offset random_offset(random_state *r)
{
    return (poolgrad_offset){random_number(r), random_number(r), random_number(r)};
}

static poolgrad_clip_rect random_region(random_state *r)
{
    return (poolgrad_clip_rect){random_number(r), random_number(r), random_number(r),
                                random_number(r), random_number(r), random_number(r)};
}

/* One that can be used, or any bits. */
static poolgrad_padding_policy random_policy(random_state *r, bool usable)
{
    static const poolgrad_padding_method sizes[] = {0, 16, 32}, aligns[] = {0, 1, 2}, remainders[] = {0, 4, 8, 12},
                                         more[] = {0, 0, POOLGRAD_PADDING_EXCLUDE_EDGES,
                                                   POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION};
    poolgrad_padding_method method = PICK(r, sizes) | PICK(r, aligns) | PICK(r, remainders) | PICK(r, more);
    if (!usable && random_chance(r, 30)) method = (poolgrad_padding_method)random_bits(r);
    if (!usable && random_chance(r, 20)) method |= POOLGRAD_PADDING_CUSTOM;
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(method);
    policy.clamps_edges = random_chance(r, 50);
    snprintf(policy.label, sizeof policy.label, "%s", PICK(r, labels));
    return policy;
}

/* Now and then a number that no word stands for. */
static int random_rule(random_state *r, int words)
{
    return (int)random_between(r, random_chance(r, 10) ? -2 : 0, random_chance(r, 10) ? words + 2 : words - 1);
}

static poolgrad_pooling random_pooling(random_state *r)
{
    poolgrad_pooling k;
    poolgrad_pooling_max_init(&k, sizeof k, random_number(r), random_number(r), random_number(r), random_number(r));
    k.kind = (poolgrad_kind)random_between(r, 0, 2);
    k.dilation_rate_x = random_number(r);
    k.dilation_rate_y = random_number(r);
    k.offset = random_offset(r);
    k.clip_rect = random_region(r);
    k.destination_feature_channel_offset = random_number(r);
    k.source_feature_channel_offset = random_number(r);
    k.source_feature_channel_max_count = random_number(r);
    k.edge_mode = (poolgrad_edge_mode)random_rule(r, 2);
    k.padding = random_policy(r, false);
    k.zero_pad_size_x = random_number(r);
    k.zero_pad_size_y = random_number(r);
    k.saves_argmax = random_chance(r, 50);
    k.ties = (poolgrad_tie_rule)random_rule(r, 4);
    k.nan = (poolgrad_nan_rule)random_rule(r, 3);
    k.accumulator = (poolgrad_accumulator)random_rule(r, 2);
    snprintf(k.label, sizeof k.label, "%s", PICK(r, labels));
    return k;
}

static poolgrad_pooling_gradient random_gradient(random_state *r)
{
    poolgrad_pooling_gradient k;
    poolgrad_pooling_max_gradient_init(&k, sizeof k, random_number(r), random_number(r), random_number(r),
                                       random_number(r));
    k.kind = (poolgrad_kind)random_between(r, 0, 2);
    k.dilation_rate_x = random_number(r);
    k.dilation_rate_y = random_number(r);
    k.primary_offset = random_offset(r);
    k.source_size = (poolgrad_size){random_number(r), random_number(r), random_number(r)};
    k.secondary_offset = random_offset(r);
    k.kernel_offset_x = random_number(r);
    k.kernel_offset_y = random_number(r);
    k.clip_rect = random_region(r);
    k.destination_feature_channel_offset = random_number(r);
    k.primary_source_feature_channel_offset = random_number(r);
    k.secondary_source_feature_channel_offset = random_number(r);
    k.primary_source_feature_channel_max_count = random_number(r);
    k.secondary_source_feature_channel_max_count = random_number(r);
    k.primary_edge_mode = (poolgrad_edge_mode)random_rule(r, 2);
    k.secondary_edge_mode = (poolgrad_edge_mode)random_rule(r, 2);
    k.padding = random_policy(r, false);
    k.zero_pad_size_x = random_number(r);
    k.zero_pad_size_y = random_number(r);
    k.ties = (poolgrad_tie_rule)random_rule(r, 4);
    k.nan = (poolgrad_nan_rule)random_rule(r, 3);
    k.accumulator = (poolgrad_accumulator)random_rule(r, 2);
    snprintf(k.label, sizeof k.label, "%s", PICK(r, labels));
    return k;
}

Test(graph_json, kernels)
{
    random_sweep sweep = random_sweep_start("kernels", 500);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        poolgrad_pooling pooling = random_pooling(&r);
        poolgrad_pooling_gradient gradient = random_gradient(&r);
        cr_expect(pooling_comes_back(&pooling), "seed %" PRIu64, sweep.seed);
        cr_expect(pooling_gradient_comes_back(&gradient), "seed %" PRIu64, sweep.seed);
    }
}

/* Texts of tests have single quotes. Null after a refusal. */
static poolgrad_json *read_quoted(const char *text)
{
    poolgrad_json *json;
    poolgrad_json_error error;
    char *quoted = json_quoted(text);
    bool read = poolgrad_json_read(quoted, strlen(quoted), &json, &error) == POOLGRAD_OK;
    if (!read) fprintf(stderr, "%s\n%s\n", text, error.message);
    free(quoted);
    return json;
}

static bool read_pooling(const char *text, poolgrad_pooling *kernel)
{
    poolgrad_json *json = read_quoted(text);
    bool good = json && poolgrad_json_class_of(json) == POOLGRAD_JSON_POOLING &&
                poolgrad_json_pooling(json, kernel, sizeof *kernel) == 1;
    poolgrad_json_destroy(json);
    return good;
}

/* What is left out is what the initializers say, and words come in any order. */
Test(graph_json, defaults_of_kernels)
{
    poolgrad_pooling kernel, expected;
    cr_assert(read_pooling("{'class': 'pooling', 'kernel_height': 3, 'kernel_width': 2, 'kind': 'l2norm'}", &kernel));
    poolgrad_pooling_l2norm_init_with_size(&expected, sizeof expected, 2, 3);
    cr_expect(generic_equal(&kernel, &expected) == 1);
    cr_assert(read_pooling("{'kernel_width': 2, 'kernel_height': 2, 'kind': 'average', 'class': 'pooling', "
                           "'stride_in_pixels_y': 4, 'edge_mode': 1, 'clip_rect': {'height': 5}, "
                           "'padding': {'method': 'exclude edges | remainder to bottom left | full'}}",
                           &kernel));
    poolgrad_pooling_average_init(&expected, sizeof expected, 2, 2, 1, 4);
    expected.edge_mode = POOLGRAD_EDGE_CLAMP;
    expected.clip_rect.height = 5;
    expected.padding.method = POOLGRAD_PADDING_EXCLUDE_EDGES | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT |
                              POOLGRAD_PADDING_SIZE_FULL;
    cr_expect(generic_equal(&kernel, &expected) == 1);
}

/* ---- Networks and graphs ----------------------------------------------------------------------------------------- */

enum { MOST = 64 };

/* A network that grows, and what new filters of it may read. */
struct growth {
    random_state *r;
    poolgrad_network *network;
    poolgrad_image_node *images[MOST];
    poolgrad_state_node *states[MOST];
    int image_count, state_count;
};

static const char *random_handle(random_state *r)
{
    static const char *const handles[] = {NULL, NULL, "x", "dy", "", "a=b", "\xce\xb1 \"beta\"\n", "i0", "f1"};
    return PICK(r, handles);
}

static void set_image(struct growth *g, poolgrad_image_node *image)
{
    static const poolgrad_format formats[] = {POOLGRAD_FORMAT_NONE, POOLGRAD_FORMAT_NONE, POOLGRAD_FLOAT16,
                                              POOLGRAD_BFLOAT16,    POOLGRAD_FLOAT32,     POOLGRAD_FLOAT64};
    poolgrad_image_node_set_handle(image, random_handle(g->r));
    poolgrad_image_node_set_format(image, PICK(g->r, formats));
    poolgrad_image_node_set_synchronize_resource(image, random_chance(g->r, 20));
    poolgrad_image_node_set_stop_gradient(image, random_chance(g->r, 10));
    if (poolgrad_image_node_producer(image)) {
        poolgrad_image_node_set_export_from_graph(image, random_chance(g->r, 20));
    }
    if (g->image_count < MOST) g->images[g->image_count++] = image;
}

static void set_state(struct growth *g, poolgrad_state_node *state)
{
    poolgrad_state_node_set_handle(state, random_handle(g->r));
    poolgrad_state_node_set_export_from_graph(state, random_chance(g->r, 20));
    poolgrad_state_node_set_synchronize_resource(state, random_chance(g->r, 20));
    if (g->state_count < MOST) g->states[g->state_count++] = state;
}

static void set_filter(struct growth *g, poolgrad_filter_node *filter)
{
    poolgrad_filter_type type = poolgrad_filter_node_type(filter);
    bool addition = type == POOLGRAD_FILTER_ADDITION || type == POOLGRAD_FILTER_ADDITION_GRADIENT;
    bool max = type == POOLGRAD_FILTER_POOLING_MAX || type == POOLGRAD_FILTER_DILATED_POOLING_MAX;
    poolgrad_padding_policy policy = random_policy(g->r, true);
    poolgrad_node_rules rules = {(poolgrad_tie_rule)random_between(g->r, 0, 1),
                                 (poolgrad_nan_rule)random_between(g->r, 0, 2),
                                 (poolgrad_accumulator)random_between(g->r, 0, 1)};
    if (random_chance(g->r, 50)) poolgrad_filter_node_set_label(filter, PICK(g->r, labels));
    if (!addition) poolgrad_filter_node_set_rules(filter, rules);
    if (!addition && type != POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT) {
        poolgrad_filter_node_set_padding_policy(filter, &policy);
    }
    if (max) poolgrad_filter_node_set_saves_argmax(filter, random_chance(g->r, 50));
    set_image(g, poolgrad_filter_node_result_image(filter));
    poolgrad_state_node *state = poolgrad_filter_node_result_state(filter);
    if (state) set_state(g, state);
}

static poolgrad_filter_node *make_forward(struct growth *g)
{
    int64_t w = random_between(g->r, 1, 4), h = random_between(g->r, 1, 4), s = random_between(g->r, 1, 3);
    poolgrad_image_node *source = g->images[random_between(g->r, 0, g->image_count - 1)];
    switch (random_between(g->r, 0, 3)) {
    case 0: return poolgrad_pooling_average_node_create(g->network, source, w, h, s, 1);
    case 1: return poolgrad_pooling_max_node_create(g->network, source, w, h, 1, s);
    case 2: return poolgrad_pooling_l2norm_node_create(g->network, source, w, h, s, s);
    default: return poolgrad_dilated_pooling_max_node_create(g->network, source, w, h, s, 1, 2, h);
    }
}

static poolgrad_filter_node *make_gradient(struct growth *g)
{
    poolgrad_image_node *gradient = g->images[random_between(g->r, 0, g->image_count - 1)];
    poolgrad_image_node *source = g->images[random_between(g->r, 0, g->image_count - 1)];
    poolgrad_state_node *state = g->states[random_between(g->r, 0, g->state_count - 1)];
    switch (random_between(g->r, 0, 3)) {
    case 0: return poolgrad_pooling_average_gradient_node_create(g->network, gradient, source, state, 2, 3, 1, 2, NULL);
    case 1: return poolgrad_pooling_max_gradient_node_create(g->network, gradient, source, state, 3, 2, 2, 1, NULL);
    case 2: return poolgrad_pooling_l2norm_gradient_node_create(g->network, gradient, source, state, 2, 2, 2, 2, NULL);
    default:
        return poolgrad_dilated_pooling_max_gradient_node_create(g->network, gradient, source, state, 2, 2, 1, 1, 2, 3);
    }
}

static void make_filter(struct growth *g)
{
    poolgrad_image_node *sources[3];
    poolgrad_filter_node *made[3];
    for (int i = 0; i < 3; i++) sources[i] = g->images[random_between(g->r, 0, g->image_count - 1)];
    int64_t count = random_between(g->r, 2, 3);
    switch (random_between(g->r, 0, 4)) {
    case 0:
        made[0] = poolgrad_addition_node_create(g->network, sources, count);
        set_filter(g, made[0]);
        if (random_chance(g->r, 50)) return;
        count = poolgrad_filter_node_gradient_filters_with_source(made[0], sources[0], made, 3);
        for (int64_t i = 0; i < count; i++) set_filter(g, made[i]);
        return;
    case 1:
        if (g->state_count > 0) set_filter(g, make_gradient(g));
        return;
    default: set_filter(g, make_forward(g));
    }
}

static void grow(struct growth *g)
{
    g->network = poolgrad_network_create();
    for (int64_t images = random_between(g->r, 1, 3); images > 0; images--) {
        set_image(g, poolgrad_image_node_create(g->network, NULL));
    }
    if (random_chance(g->r, 30)) set_state(g, poolgrad_gradient_state_node_create(g->network, NULL));
    for (int64_t filters = random_between(g->r, 1, 8); filters > 0; filters--) make_filter(g);
    int64_t count = poolgrad_network_filter_count(g->network);
    poolgrad_filter_node *last = poolgrad_network_filter(g->network, count - 1);
    if (!last || poolgrad_filter_node_is_gradient(last) || random_chance(g->r, 50)) return;
    poolgrad_filter_node_training_graph_with_source_gradient(last, g->images[0], NULL, NULL, NULL, 0);
}

/* Of some of the results; null where it is none, or where the library has reasons to refuse it. */
static poolgrad_graph *random_graph(struct growth *g)
{
    poolgrad_image_node *results[MOST];
    int needed[MOST], count = 0;
    poolgrad_graph *graph = NULL;
    poolgrad_error error;
    for (int64_t i = poolgrad_network_filter_count(g->network) - 1; i >= 0 && count < MOST; i--) {
        if (!random_chance(g->r, 30)) continue;
        results[count] = poolgrad_filter_node_result_image(poolgrad_network_filter(g->network, i));
        needed[count++] = random_chance(g->r, 70);
    }
    if (count == 0) return NULL;
    if (poolgrad_graph_create_with_result_images(g->network, results, needed, count, &graph, &error) != POOLGRAD_OK) {
        return NULL;
    }
    poolgrad_graph_set_output_state_is_temporary(graph, random_chance(g->r, 30));
    if (random_chance(g->r, 50)) poolgrad_graph_set_format(graph, POOLGRAD_BFLOAT16, NULL);
    return graph;
}

Test(graph_json, networks_and_graphs)
{
    random_sweep sweep = random_sweep_start("networks_and_graphs", 1000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        struct growth g = {.r = &r};
        grow(&g);
        poolgrad_error error = {"", ""};
        cr_expect(poolgrad_network_status(g.network, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(network_comes_back(g.network), "seed %" PRIu64, sweep.seed);
        poolgrad_graph *graph = random_graph(&g);
        if (graph) {
            sweep.telling++;
            cr_expect(graph_comes_back(graph), "seed %" PRIu64, sweep.seed);
        }
        poolgrad_graph_destroy(graph);
        poolgrad_network_destroy(g.network);
    }
    cr_expect(random_sweep_told(&sweep, 40), "%" PRId64 " of %" PRId64 " graphs", sweep.telling, sweep.cases);
}

/* ---- Files that people write ------------------------------------------------------------------------------------- */

static char *read_example(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/graphs/%s", POOLGRAD_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    char *text = calloc(1 << 16, 1);
    size_t size = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    cr_assert(size > 0);
    return text;
}

/* The nodes of a file whose filters stand in any order are those of a program that makes them one after the other. */
Test(graph_json, order_of_filters)
{
    static const int64_t kernels[] = {16, 8, 4};
    poolgrad_json *json;
    poolgrad_json_error error;
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(network, NULL), *gradients[3], *backs[3];
    poolgrad_filter_node *levels[3];
    poolgrad_image_node_set_format(x, POOLGRAD_FLOAT32);
    for (int i = 0; i < 3; i++) {
        gradients[i] = poolgrad_image_node_create(network, NULL);
        poolgrad_image_node_set_format(gradients[i], POOLGRAD_FLOAT32);
    }
    /* What the sum reads comes before it, and what that reads before that. */
    for (int i = 0; i < 3; i++) {
        poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_VALID_ONLY);
        levels[i] = poolgrad_pooling_max_node_create_with_filter_size(network, x, kernels[i]);
        poolgrad_filter_node_set_padding_policy(levels[i], &policy);
        poolgrad_image_node_set_export_from_graph(poolgrad_filter_node_result_image(levels[i]), 1);
        backs[i] = poolgrad_filter_node_result_image(
            poolgrad_filter_node_gradient_filter_with_source(levels[i], gradients[i]));
    }
    poolgrad_addition_node_create(network, backs, 3);
    char *text = read_example("pyramid.json");
    cr_assert(poolgrad_json_read(text, strlen(text), &json, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(generic_equal(network, poolgrad_json_network(json)) == 1);
    cr_expect(!poolgrad_json_graph(json) && !poolgrad_json_source_name(json, 0) && !poolgrad_json_result_name(json));
    cr_assert(poolgrad_json_make_graph(json, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect_str_eq(poolgrad_json_result_name(json), "dx");
    cr_expect_str_eq(poolgrad_json_source_name(json, 0), "x");
    cr_expect_str_eq(poolgrad_json_source_name(json, 3), "d4");
    cr_expect(!poolgrad_json_source_name(json, 4) && !poolgrad_json_source_name(json, -1));
    cr_expect_str_eq(poolgrad_json_intermediate_name(json, 0), "level1");
    cr_expect_str_eq(poolgrad_json_intermediate_name(json, 2), "level4");
    poolgrad_json_destroy(json);
    poolgrad_network_destroy(network);
    free(text);
}

#define POOL(id, source)                                                                                               \
    "{'id': '" id "', 'type': 'pooling_max_node', 'source_images': ['" source "'], "                                   \
    "'kernel_width': 2, 'kernel_height': 2}"
#define NETWORK(images, filters) "{'class': 'network', 'images': [" images "], 'filters': [" filters "]}"

/* Only what the results depend on is in a graph; names are handles, else ids. */
Test(graph_json, names)
{
    static const char text[] =
        "{'class': 'graph', 'images': [{'id': 'unused'}, {'id': 'a', 'handle': 'x'}, {'id': 'b', 'handle': 'x'}, "
        "{'handle': ''}, {'id': 'e', 'handle': 'c=d'}, {'id': 'g', 'handle': 'h'}, {'id': 'k', 'handle': 'g'}, "
        "{'id': 'm', 'handle': 'm'}], "
        "'filters': [" POOL("idle", "unused") ", " POOL(
            "p", "a") ", "
                      "{'type': 'addition_node', 'source_images': ['p', 'b', 'i3', 'e', 'g', 'k', 'm'], "
                      "'result_image': {'handle': 'sum'}}], "
                      "'results': [{'image': 'f2'}, {'image': 'p'}]}";
    static const char *const names[] = {"a", "b", "i3", "e", "h", "k", "m"};
    poolgrad_json *json = read_quoted(text);
    cr_assert(json && poolgrad_graph_source_image_count(poolgrad_json_graph(json)) == 7);
    for (int i = 0; i < 7; i++) cr_expect_str_eq(poolgrad_json_source_name(json, i), names[i]);
    cr_assert(poolgrad_graph_intermediate_image_count(poolgrad_json_graph(json)) == 1);
    cr_expect_str_eq(poolgrad_json_intermediate_name(json, 0), "p");
    cr_expect_str_eq(poolgrad_json_result_name(json), "sum");
    poolgrad_json_destroy(json);
}

/* Each text holds one thing, and says which. */
Test(graph_json, classes)
{
    poolgrad_json *json = read_quoted("{'class': 'pooling_gradient', 'kind': 'max', 'kernel_width': 2, "
                                      "'kernel_height': 3}");
    poolgrad_json_error error = {"", ""};
    poolgrad_pooling pooling = {.struct_size = 1};
    poolgrad_pooling_gradient gradient[2], expected;
    cr_assert(json && poolgrad_json_class_of(json) == POOLGRAD_JSON_POOLING_GRADIENT);
    cr_expect_str_eq(poolgrad_json_class_name(POOLGRAD_JSON_POOLING_GRADIENT), "pooling_gradient");
    cr_expect_null(poolgrad_json_class_name((poolgrad_json_class)4));
    cr_expect(poolgrad_json_pooling(json, &pooling, sizeof pooling) == 0 && pooling.struct_size == 1);
    cr_expect(!poolgrad_json_network(json) && !poolgrad_json_graph(json));
    cr_expect_eq(poolgrad_json_make_graph(json, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "class is \"pooling_gradient\"; expected \"network\" or \"graph\"");
    cr_expect_str_eq(error.path, "class");
    poolgrad_pooling_max_gradient_init_with_size(&expected, sizeof expected, 2, 3);
    /* As an initializer: no byte behind the caller's struct is written, and a longer one ends in zeros. */
    memset(gradient, 0x5a, sizeof gradient);
    cr_expect_eq(poolgrad_json_pooling_gradient(json, gradient, offsetof(poolgrad_pooling_gradient, label)), 1);
    cr_expect(gradient[0].struct_size == offsetof(poolgrad_pooling_gradient, label) && gradient[0].label[0] == 0x5a);
    cr_expect(generic_equal(&gradient[0], &expected));
    cr_expect_eq(poolgrad_json_pooling_gradient(json, gradient, sizeof gradient), 1);
    cr_expect(gradient[0].struct_size == sizeof gradient && gradient[1].struct_size == 0);
    cr_expect(generic_equal(&gradient[0], &expected));
    poolgrad_json_destroy(json);
    poolgrad_json_destroy(NULL);
}

/* From no byte on: what lies behind the caller's struct keeps its bytes. */
Test(graph_json, kernels_fit_structs_of_any_size)
{
    enum { LONGEST = 2 * sizeof(poolgrad_pooling), GUARD = 16 };
    static unsigned char bytes[LONGEST + GUARD];
    poolgrad_json *json = read_quoted("{'class': 'pooling', 'kind': 'max', 'kernel_width': 2, 'kernel_height': 3}");
    poolgrad_pooling expected;
    cr_assert(json);
    poolgrad_pooling_max_init_with_size(&expected, sizeof expected, 2, 3);
    for (size_t size = 0; size <= LONGEST; size++) {
        memset(bytes, 0x5a, sizeof bytes);
        cr_assert_eq(poolgrad_json_pooling(json, (poolgrad_pooling *)(void *)bytes, size), 1);
        for (size_t i = size; i < size + GUARD; i++) cr_assert(bytes[i] == 0x5a, "%zu bytes: byte %zu", size, i);
        for (size_t i = sizeof expected; i < size; i++) cr_assert(bytes[i] == 0, "%zu bytes: byte %zu", size, i);
        memcpy(&expected, &size, sizeof size);
        cr_assert(memcmp(bytes, &expected, size < sizeof expected ? size : sizeof expected) == 0, "%zu bytes", size);
    }
    poolgrad_json_destroy(json);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static poolgrad_status refuse(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                              poolgrad_error *error)
{
    (void)context, (void)request, (void)descriptor, (void)error;
    return POOLGRAD_INVALID;
}

static void expect_unwritable(const poolgrad_pooling *kernel, const char *path, const char *sentence)
{
    poolgrad_json_error error = {"", ""};
    char text[16] = "before";
    size_t length = 7;
    cr_expect_eq(poolgrad_json_write_pooling(kernel, text, sizeof text, &length, &error), POOLGRAD_INVALID);
    cr_expect(strstr(error.message, sentence), "%s", error.message);
    cr_expect_str_eq(error.path, path);
    cr_expect(length == 7 && strcmp(text, "before") == 0, "something is written");
}

Test(graph_json, writing)
{
    poolgrad_pooling kernel, good;
    char text[16];
    size_t length = 0;
    poolgrad_pooling_max_init_with_size(&good, sizeof good, 2, 3);
    const size_t whole = poolgrad_pooling_debug_description(&good, NULL, 0);
    cr_expect_eq(poolgrad_json_write_pooling(&good, text, sizeof text, &length, NULL), POOLGRAD_OK);
    cr_expect_eq(length, whole);
    cr_expect_str_eq(text, "{\"class\": \"pool", "cut as snprintf cuts");
    cr_expect_eq(poolgrad_json_write_pooling(&good, NULL, 0, NULL, NULL), POOLGRAD_OK);
    kernel = good;
    kernel.padding = poolgrad_padding_policy_custom(POOLGRAD_PADDING_SIZE_SAME, refuse, NULL);
    expect_unwritable(&kernel, "padding.callback", "padding.callback is \"custom\"; expected \"default\", a file");
    kernel = good;
    kernel.padding.context = &kernel;
    expect_unwritable(&kernel, "", "holds contexts of functions; expected none");
    kernel = good;
    kernel.label[0] = '\xff';
    expect_unwritable(&kernel, "", "unable to decode byte 0xff");
    kernel = good;
    kernel.struct_size = 1;
    expect_unwritable(&kernel, "", "struct_size is wrong; expected a kernel that an initializer made");
    expect_unwritable(NULL, "", "is null; expected a kernel, a network or a graph");
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

#define X "{'id': 'x'}"
#define KERNEL(more) "{'class': 'pooling', 'kind': 'max', 'kernel_width': 2, 'kernel_height': 2" more "}"
#define FILTER(more)                                                                                                   \
    NETWORK(X, "{'id': 'p', 'type': 'pooling_average_node', 'source_images': ['x'], "                                  \
               "'kernel_width': 2, 'kernel_height': 2" more "}")
#define LINKED(id, source) "{'id': '" id "', 'type': 'addition_node', 'source_images': ['" source "', 'x']}"
#define RESULTS(results)                                                                                               \
    "{'class': 'graph', 'images': [" X "], 'filters': [" POOL("p", "x") "], 'results': "                               \
                                                                        "[" results "]}"

/* The second filter's property. */
#define GRAPH_OF(property)                                                                                             \
    "{'class': 'graph', 'images': [" X                                                                                 \
    "], 'filters': [" POOL("q", "x") ", {'id': 'p', 'type': 'pooling_max_node', "                                      \
                                     "'source_images': ['x'], 'kernel_width': 2, 'kernel_height': 2, " property        \
                                     "}], 'results': [{'image': 'p'}]}"

static const char *const refusals[][2] = {
    {"", "line 1, column 0: '[' or '{' expected near end of file; expected JSON"},
    {"{\n  'class': }", "line 2, column 12: unexpected token near '}'; expected JSON"},
    {"{'class': 'pooling'} x", "line 1, column 22: end of file expected near 'x'; expected JSON"},
    {"{'class': 'pool\x80ing'}", "line 1, column 15: unable to decode byte 0x80 near"},
    {"{'class': 'graph', 'class': 'graph'}", "duplicate object key near '\"class\"'; expected JSON"},
    {"{'class': 'a\\u0000'}", "\\u0000 is not allowed"},
    {"{'a': 99999999999999999999}", "too big integer"},
    {"[]", "is an array; expected an object with a member class"},
    {"{}", "class is missing; expected \"pooling\", \"pooling_gradient\", \"network\" or \"graph\""},
    {"{'class': 'state'}", "class is \"state\"; expected \"pooling\", \"pooling_gradient\", \"network\" or \"graph\""},
    {"{'class': 3}", "class is 3; expected \"pooling\""},
    {"{'class': 'pooling'}", "kind is missing; expected it, it has no default"},
    {KERNEL(", 'stride': 2"), "\"stride\" is no member here; expected class, kind, kernel_width,"},
    {KERNEL(", 'stride_in_pixels_x': 1.5"), "stride_in_pixels_x is 1.5; expected an integer"},
    {KERNEL(", 'stride_in_pixels_x': '2'"), "stride_in_pixels_x is \"2\"; expected an integer"},
    {KERNEL(", 'stride_in_pixels_x': [2]"), "stride_in_pixels_x is an array; expected an integer"},
    {KERNEL(", 'edge_mode': 'mirror'"), "edge_mode is \"mirror\"; expected \"zero\" or \"clamp\""},
    {KERNEL(", 'edge_mode': 4294967296"), "edge_mode is 4294967296; expected \"zero\" or \"clamp\""},
    {KERNEL(", 'ties': null"), "ties is null; expected \"first\", \"last\", \"all\" or \"split\""},
    {KERNEL(", 'saves_argmax': 1"), "saves_argmax is 1; expected true or false"},
    {KERNEL(", 'clip_rect': 3"), "clip_rect is 3; expected an object"},
    {KERNEL(", 'clip_rect': {'width': 'many'}"), "clip_rect.width is \"many\"; expected an integer or \"all\""},
    {KERNEL(", 'clip_rect': {'w': 1}"), "clip_rect.\"w\" is no member here; expected x, y, z, width, height or depth"},
    {KERNEL(", 'offset.x': 1"), "\"offset.x\" is no member here; expected class, kind,"},
    {FILTER(", 'result_image.handle': 'y'"), "\"result_image.handle\" is no member here; expected id, type,"},
    {GRAPH_OF("'stride_in_pixels_x': 0"), "pooling_max_node 1: stride_in_pixels_x is 0; expected 1 to 2^61"},
    {KERNEL(", 'offset': {'x': 'all'}"), "offset.x is \"all\"; expected an integer"},
    {KERNEL(", 'label': '1234567890123456789012345678901234567890123456789012345678901234'"),
     "expected a string of at most 63 bytes"},
    {KERNEL(", 'label': null"), "label is null; expected a string of at most 63 bytes"},
    {KERNEL(", 'destination_image_allocator': 'custom'"),
     "destination_image_allocator is \"custom\"; expected \"default\", a file cannot hold a function"},
    {KERNEL(", 'padding': {'callback': 'custom'}"), "padding.callback is \"custom\"; expected \"default\""},
    {KERNEL(", 'padding': {'class': 'pooling'}"), "padding.class is \"pooling\"; expected \"padding_policy\""},
    {KERNEL(", 'padding': {'method': 'sam'}"), "padding.method is \"sam\"; expected \"valid only\", \"same\" or"},
    {KERNEL(", 'padding': {'method': 'same | full'}"), "padding.method is \"same | full\"; expected"},
    {KERNEL(", 'padding': {'method': 'centered'}"), "padding.method is \"centered\"; expected"},
    {KERNEL(", 'padding': {'method': 'same | '}"), "padding.method is \"same | \"; expected"},
    {KERNEL(", 'padding': {'method': 4294967296}"), "padding.method is 4294967296; expected"},
    {KERNEL(", 'padding': {'method': -1}"), "padding.method is -1; expected"},
    {"{'class': 'network'}", "filters is missing; expected it, it has no default"},
    {"{'class': 'network', 'filters': {}}", "filters is an object; expected an array"},
    {"{'class': 'network', 'filters': [], 'results': []}", "\"results\" is no member here; expected class,"},
    {NETWORK("3", ""), "images[0] is 3; expected an object"},
    {NETWORK("{'id': 3}", ""), "images[0]: id is 3; expected a string"},
    {NETWORK("{'handle': false}", ""), "images[0]: handle is false; expected a string or null"},
    {NETWORK("{'id': 'x', 'format': 'half'}", ""), "image \"x\": format is \"half\"; expected \"none\", \"unorm8\""},
    {NETWORK("{'id': 'x', 'format': 'tap8'}", ""), "is 9 (tap8); expected none, unorm8"},
    {NETWORK("{'id': 'x', 'class': 'image_node'}", ""), "image \"x\": \"class\" is no member here; expected id,"},
    {NETWORK(X ", " X, ""), "image \"x\": id is \"x\"; expected one that no other image, state or filter has"},
    {NETWORK(X, POOL("x", "x")), "filter \"x\": id is \"x\"; expected one that no other image, state or filter has"},
    {NETWORK(X ", {'id': 'f0'}", "{'type': 'addition_node', 'source_images': ['x', 'x']}"),
     "id is \"f0\"; expected one that no other"},
    {NETWORK(X, "{}"), "filters[0]: type is missing; expected it, it has no default"},
    {NETWORK(X, "{'type': 'pooling_node'}"),
     "filters[0]: type is \"pooling_node\"; expected \"pooling_average_node\","},
    {NETWORK(X, "{'id': 'p', 'type': 'pooling_max_node', 'source_images': ['x']}"),
     "filter \"p\": kernel_width is missing; expected it"},
    {FILTER(", 'saves_argmax': true"), "filter \"p\": \"saves_argmax\" is no member here; expected id, type, label,"},
    {FILTER(", 'dilation_rate_y': 2"), "filter \"p\": dilation_rate_y is 2; expected 1, only dilated max has another"},
    {FILTER(", 'label': 'pool1', 'nan': 'none'"), "filter \"pool1\": nan is \"none\"; expected \"first\", \"last\""},
    {FILTER(", 'result_state': null"), "filter \"p\": result_state is null; expected an object"},
    {FILTER(", 'result_image': {'id': 'y'}"), "filter \"p\": result_image.\"id\" is no member here; expected handle,"},
    {FILTER(", 'result_image': {'format': 'unorm8'}"), "is 1 (unorm8); expected none, float16"},
    {FILTER(", 'padding_policy': {'label': 1}"), "filter \"p\": padding_policy.label is 1; expected a string of"},
    {FILTER(", 'source_states': ['p']"), "filter \"p\": source_states has 1 elements; expected none"},
    {NETWORK(X, "{'id': 's', 'type': 'addition_node', 'source_images': ['x']}"),
     "filter \"s\": source_images has 1 elements; expected at least 2"},
    {NETWORK(X, "{'id': 's', 'type': 'addition_node', 'source_images': ['x', 'x'], 'kernel_width': 1}"),
     "filter \"s\": \"kernel_width\" is no member here; expected id, type,"},
    {NETWORK(X, "{'id': 's', 'type': 'addition_gradient_node', 'source_images': ['x'], 'result_state': {}}"),
     "filter \"s\": result_state is an object; expected null"},
    {NETWORK(X, "{'id': 'b', 'type': 'pooling_max_gradient_node', 'source_images': ['x', 'x'], "
                "'kernel_width': 2, 'kernel_height': 2}"),
     "filter \"b\": source_states is missing; expected it, it has no default"},
    {NETWORK(X, "{'id': 'b', 'type': 'pooling_max_gradient_node', 'source_images': ['x'], "
                "'source_states': ['b'], 'kernel_width': 2, 'kernel_height': 2}"),
     "filter \"b\": source_images has 1 elements; expected 2, the source gradient and the source image"},
    {NETWORK(X, "{'id': 'b', 'type': 'dilated_pooling_max_gradient_node', 'source_images': ['x', 'x'], "
                "'source_states': ['x'], 'kernel_width': 2, 'kernel_height': 2}"),
     "filter \"b\": source_states[0] is \"x\"; expected the id of a state or of a forward pooling filter"},
    {NETWORK(X, POOL("p", "z")), "filter \"p\": source_images[0] is \"z\"; expected the id of an image or of a filter"},
    {NETWORK(X, "{'id': 's', 'type': 'addition_node', 'source_images': ['x', 7]}"),
     "filter \"s\": source_images[1] is 7; expected the id of an image or of a filter"},
    {"{'class': 'network', 'states': [{'id': 's'}], 'filters': [" POOL("p", "s") "]}",
     "filter \"p\": source_images[0] is \"s\"; expected the id of an image"},
    {"{'class': 'network', 'states': [{'id': 's', 'format': 'none'}], 'filters': []}",
     "state \"s\": \"format\" is no member here; expected id, handle,"},
    {NETWORK(X, LINKED("a", "a")), "filter \"a\" reads itself; expected another"},
    {NETWORK(X, LINKED("a", "b") ", " LINKED("b", "c") ", " LINKED("c", "b")),
     "filters \"c\" and \"b\" read each other in a cycle; expected none"},
    {NETWORK(X, LINKED("d", "x") ", " LINKED("a", "b") ", " LINKED("b", "c") ", " LINKED("c", "a")),
     "filters \"c\", \"b\" and \"a\" read each other in a cycle; expected none"},
    {RESULTS(""), "result_images are 0; expected at least 1"},
    {RESULTS("'p'"), "results[0] is \"p\"; expected an object"},
    {RESULTS("{'is_needed': true}"), "results[0]: image is missing; expected it"},
    {RESULTS("{'image': 'p', 'needed': true}"), "results[0]: \"needed\" is no member here; expected image or"},
    {RESULTS("{'image': 'p'}, {'image': 'x'}"), "results[1]: image is \"x\"; expected the id of a filter"},
    {RESULTS("{'image': 'q'}"), "results[0]: image is \"q\"; expected the id of a filter"},
    {"{'class': 'graph', 'format': 'unorm8', 'images': [" X
     "], 'filters': [" POOL("p", "x") "], "
                                      "'results': [{'image': 'p'}]}",
     "format"},
    {"{'class': 'graph', 'images': [" X "], 'filters': [{'id': 'p', 'label': 'pool1', 'type': "
     "'pooling_max_node', 'source_images': ['x'], 'kernel_width': 2, 'kernel_height': 2, "
     "'stride_in_pixels_x': 0}], 'results': [{'image': 'p'}]}",
     "node \"pool1\": stride_in_pixels_x is 0; expected 1 to 2^61"},
};

static void check_refusal(const char *text, size_t size, const char *sentence)
{
    poolgrad_json *json = (poolgrad_json *)&size; /* something that has to go */
    poolgrad_json_error error = {"", ""};
    bool read = poolgrad_json_read(text, size, &json, &error) == POOLGRAD_OK;
    bool good = !read && strstr(error.message, sentence);
    if (!good) fprintf(stderr, "%.400s\n%s\n", text, read ? "was read" : error.message);
    cr_expect(good, "expected: %s", sentence);
    cr_expect(read || !json);
    poolgrad_json_destroy(json);
}

/* Where the fault is, from the text's outermost object on. */
Test(graph_json, paths)
{
    static const char *const faults[][2] = {
        {"[]", ""},
        {"{'class': 3}", "class"},
        {KERNEL(", 'stride': 1"), "stride"},
        {KERNEL(", 'clip_rect': {'width': 'many'}"), "clip_rect.width"},
        {KERNEL(", 'padding': {'label': 1}"), "padding.label"},
        {KERNEL(", 'destination_feature_channel_offset': 0.5"), "destination_feature_channel_offset"},
        {"{'class': 'pooling_gradient', 'kind': 'max', 'kernel_width': 2, 'kernel_height': 2, "
         "'secondary_source_feature_channel_max_count': []}",
         "secondary_source_feature_channel_max_count"},
        {NETWORK("{'id': 'x'}, {'handle': 3}", ""), "images[1].handle"},
        {NETWORK(X, "{'id': 'p', 'type': 'pooling_max_node', 'source_images': ['x']}"), "filters[0].kernel_width"},
        {FILTER(", 'result_image': {'id': 'y'}"), "filters[0].result_image.id"},
        {NETWORK(X, POOL("p", "x") ", " POOL("q", "z")), "filters[1].source_images[0]"},
        {RESULTS("{'image': 'p'}, {'image': 'x'}"), "results[1].image"},
        /* Refused by the library, whose words name nodes in another way. */
        {NETWORK(X ", {'id': 'y', 'format': 'tap8'}", ""), "images[1].format"},
        {NETWORK(X, POOL("q", "x") ", {'id': 'p', 'type': 'addition_node', 'source_images': ['x', 'q'], "
                                   "'result_image': {'format': 'unorm8'}}"),
         "filters[1].result_image.format"},
        {RESULTS(""), "results"},
        {RESULTS("{'image': 'p'}, {'image': 'p'}"), "results"},
        {GRAPH_OF("'stride_in_pixels_x': 0"), "filters[1].stride_in_pixels_x"},
        {GRAPH_OF("'padding_policy': {'method': 48}"), "filters[1].padding_policy.method"},
        {GRAPH_OF("'padding_policy': {'method': 'same | custom'}"), "filters[1].padding_policy.callback"},
        {NETWORK(X, POOL("p", "x") ", " LINKED("a", "b") ", " LINKED("b", "a")), "filters[2].source_images[0]"},
        {NETWORK(X, POOL("p", "x") ", {'id': 'a', 'type': 'addition_node', 'source_images': ['x', 'a']}"),
         "filters[1].source_images[1]"},
        {KERNEL(", 'offset.x': 1"), "offset.x"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        poolgrad_json *json;
        poolgrad_json_error error = {"?", ""};
        char *text = json_quoted(faults[i][0]);
        cr_expect_eq(poolgrad_json_read(text, strlen(text), &json, &error), POOLGRAD_INVALID);
        cr_expect_str_eq(error.path, faults[i][1], "%s", error.message);
        free(text);
    }
}

/* On one line and in whole characters, whatever the text is. */
Test(graph_json, refusals_are_clean)
{
    static const char *const texts[] = {"{'class': \x1b[31m}", KERNEL(", 'a\\n\\u007f': 1"),
                                        NETWORK("{'id': 'a\\u0001b', 'format': 3.5}", "")};
    char text[512], letters[141] = "";
    poolgrad_json *json;
    poolgrad_json_error error;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *quoted = json_quoted(texts[i]);
        cr_expect_eq(poolgrad_json_read(quoted, strlen(quoted), &json, &error), POOLGRAD_INVALID);
        for (const char *c = error.message; *c; c++)
            cr_expect(*c < 0 || (*c >= ' ' && *c != 0x7f), "%s", error.message);
        free(quoted);
    }
    for (int i = 0; i < 70; i++) strcat(letters, "\xc3\xa4");
    snprintf(text, sizeof text, "{\"class\": \"pooling\", \"kind\": 0, \"a%s\": 1}", letters);
    cr_expect_eq(poolgrad_json_read(text, strlen(text), &json, &error), POOLGRAD_INVALID);
    cr_expect(strlen(error.path) == 63 && error.path[62] == '\xa4', "%s", error.path);
}

Test(graph_json, refusals)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char *text = json_quoted(refusals[i][0]);
        check_refusal(text, strlen(text), refusals[i][1]);
        free(text);
    }
}

/* ---- No memory --------------------------------------------------------------------------------------------------- */

static int allocations_left;

static void *allocate_some(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* Wherever jansson lacks memory, the text is refused; jansson may blame the text. */
Test(graph_json, no_memory)
{
    static const char *const examples[] = {"training.json", "pyramid.json", "kernel.json"};
    poolgrad_json *json;
    poolgrad_json_error error;
    json_set_alloc_funcs(allocate_some, free);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char *text = read_example(examples[i]);
        int most = 0;
        for (bool read = false; !read; most++) {
            allocations_left = most;
            read = poolgrad_json_read(text, strlen(text), &json, &error) == POOLGRAD_OK &&
                   (poolgrad_json_class_of(json) != POOLGRAD_JSON_NETWORK ||
                    poolgrad_json_make_graph(json, &error) == POOLGRAD_OK);
            cr_expect(read || strstr(error.message, "; expected "), "%s, %d: %s", examples[i], most, error.message);
            poolgrad_json_destroy(json);
        }
        cr_expect(most > 20, "%s is read in %d allocations", examples[i], most);
        free(text);
    }
    json_set_alloc_funcs(malloc, free);
}

/* ---- Any bytes --------------------------------------------------------------------------------------------------- */

/* A text of many parts, refused. */
static void check_long(const char *begin, const char *part, int count, const char *end, const char *sentence)
{
    char *text = malloc(strlen(begin) + strlen(part) * (size_t)count + strlen(end) + 1), *at = text;
    at += sprintf(at, "%s", begin);
    for (int i = 0; i < count; i++) at += sprintf(at, "%s", part);
    sprintf(at, "%s", end);
    char *json = json_quoted(text);
    check_refusal(json, strlen(json), sentence);
    free(json);
    free(text);
}

Test(graph_json, large_and_deep_texts)
{
    static const char letter[] = "\xc3\xa4";
    check_long("{'class': ", "[", 100000, "", "maximum parsing depth reached");
    check_long("", "        ", POOLGRAD_JSON_SIZE / 8, " ", "is longer than 16777216 bytes; expected at most as many");
    check_long("{'class': 'pooling', '", letter, 2000, "': 1}", "... is no member here; expected class, kind,");
    check_long("{'class': 'network', 'images': [{'id': '", letter, 2000, "', 'x': 1}], 'filters': []}",
               "...\": \"x\" is no member here; expected id,");
}

/* A chain of filters, each written before the one that it reads, needs no stack. */
Test(graph_json, long_chain)
{
    enum { LENGTH = 20000, SPACE = 128 };
    char *text = malloc(SPACE * LENGTH), *at = text;
    at += sprintf(at, "{'class': 'network', 'images': [{'id': 'x'}], 'filters': [");
    for (int i = 0; i < LENGTH; i++) {
        at += sprintf(at, "{'type': 'addition_gradient_node', 'source_images': ['f%d']}, ", i + 1);
    }
    sprintf(at, "{'type': 'addition_gradient_node', 'source_images': ['x']}]}");
    poolgrad_json *json = read_quoted(text);
    cr_assert_not_null(json);
    const poolgrad_network *network = poolgrad_json_network(json);
    cr_expect(poolgrad_network_filter_count(network) == LENGTH + 1);
    const poolgrad_image_node *first = poolgrad_filter_node_source_image(poolgrad_network_filter(network, 0), 0);
    cr_expect_null(poolgrad_image_node_producer(first), "the last filter of the text is made first");
    poolgrad_json_destroy(json);
    free(text);
}

/* A digit for a digit, so that the text may still mean something. */
static void change_digit(random_state *r, char *text, size_t size)
{
    size_t at = (size_t)random_between(r, 0, (int64_t)size - 1);
    while (!isdigit((unsigned char)text[at])) at = (at + 1) % size;
    text[at] = (char)('0' + random_between(r, 0, 9));
}

/* Bytes take other values, or places; some mean something. */
static void mutate(random_state *r, char *text, size_t size)
{
    static const char meaningful[] = "0123456789{}[]\",:- eEtfn\\xyfis.";
    bool digits = random_chance(r, 50);
    for (int64_t changes = random_between(r, 1, 3); changes > 0; changes--) {
        size_t at = (size_t)random_between(r, 0, (int64_t)size - 41);
        size_t from = (size_t)random_between(r, 0, (int64_t)size - 41);
        if (digits) {
            change_digit(r, text, size);
        } else if (random_chance(r, 50)) {
            memmove(text + at, text + from, (size_t)random_between(r, 1, 40));
        } else if (random_chance(r, 15)) {
            text[at] = (char)random_bits(r);
        } else {
            text[at] = meaningful[random_between(r, 0, (int64_t)sizeof meaningful - 2)];
        }
    }
}

/* Whether the text is refused in one sentence, or read as something that comes back. */
static bool is_decided(const char *text, size_t size, bool *read)
{
    poolgrad_json *json;
    poolgrad_json_error error = {"", ""};
    *read = poolgrad_json_read(text, size, &json, &error) == POOLGRAD_OK;
    bool good = *read ? comes_back(json) : strstr(error.message, "; expected ") != NULL;
    if (*read && poolgrad_json_class_of(json) == POOLGRAD_JSON_NETWORK) (void)poolgrad_json_make_graph(json, &error);
    if (!good) fprintf(stderr, "%s\n", error.message);
    poolgrad_json_destroy(json);
    return good;
}

Test(graph_json, random_texts)
{
    static const char *const examples[] = {"training.json", "pyramid.json", "kernel.json"};
    random_sweep sweep = random_sweep_start("random_texts", 6000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        char *text = read_example(PICK(&r, examples));
        size_t size = strlen(text);
        bool read;
        mutate(&r, text, size);
        if (random_chance(&r, 5)) size = (size_t)random_between(&r, 0, (int64_t)size);
        cr_expect(is_decided(text, size, &read), "seed %" PRIu64 ":\n%s", sweep.seed, text);
        if (read) sweep.telling++;
        free(text);
    }
    cr_expect(random_sweep_told(&sweep, 10), "%" PRId64 " of %" PRId64 " were read", sweep.telling, sweep.cases);
}
