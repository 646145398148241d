/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equality and hashes. Nodes by themselves are compared with the nodes they read; nodes of two networks by the places
 * of what they read. What a node can do goes by the tables of its properties.
 */
#include "graph/node.h"
#include "graph/schedule.h"
#include "text/typed.h"

/* ---- Properties ------------------------------------------------------------------------------------------------- */

/* Fields of an image or a state at `at`, which is nothing or a field and a dot; `called` is the same in JSON. */
#define TEXT_OF(token) #token
#define FIELD(called, at, type_, field, kinds_)                                                                        \
    {                                                                                                                  \
        .name = called TEXT_OF(field), .type = POOLGRAD_PROPERTY_##type_, .place = offsetof(PROPERTIES_OF, at field),  \
        .kinds = (kinds_)                                                                                              \
    }
#define RESOURCE_ROWS(called, at, kinds_)                                                                              \
    FIELD(called, at, FLAG, export_from_graph, kinds_), FIELD(called, at, FLAG, synchronize_resource, kinds_)
#define IMAGE_ROWS(called, at, kinds_)                                                                                 \
    FIELD(called, at, TEXT, handle, kinds_),                                                                           \
        {.name = called "format",                                                                                      \
         .type = POOLGRAD_PROPERTY_WORD,                                                                               \
         .place = offsetof(PROPERTIES_OF, at format),                                                                  \
         .word = poolgrad_format_word,                                                                                 \
         .kinds = (kinds_)},                                                                                           \
        FIELD(called, at, ALLOCATOR, image_allocator, kinds_), RESOURCE_ROWS(called, at, kinds_),                      \
        FIELD(called, at, FLAG, stop_gradient, kinds_)
#define STATE_ROWS(called, at, kinds_) FIELD(called, at, TEXT, handle, kinds_), RESOURCE_ROWS(called, at, kinds_)

#define PROPERTIES_OF poolgrad_image_node
const struct poolgrad_property poolgrad_image_node_properties[] = {IMAGE_ROWS("", , 0), POOLGRAD_LAST_ROW};
#undef PROPERTIES_OF
#define PROPERTIES_OF poolgrad_state_node
const struct poolgrad_property poolgrad_state_node_properties[] = {STATE_ROWS("", , 0), POOLGRAD_LAST_ROW};
#undef PROPERTIES_OF

/* Of the window, and of the rules. */
#define WINDOW(name_, field, flags_)                                                                                   \
    {                                                                                                                  \
        .name = #name_, .type = POOLGRAD_PROPERTY_INTEGER, .flags = (flags_),                                          \
        .place = offsetof(PROPERTIES_OF, window.field), .usual = 1, .kinds = POOLGRAD_POOLING_FILTERS                  \
    }
#define RULE(field)                                                                                                    \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_WORD, .place = offsetof(PROPERTIES_OF, rules.field),                 \
        .word = poolgrad_##field##_word, .kinds = POOLGRAD_POOLING_FILTERS                                             \
    }

#define PROPERTIES_OF poolgrad_filter_node
const struct poolgrad_property poolgrad_filter_node_properties[] = {
    WINDOW(kernel_width, kernel_width, POOLGRAD_PROPERTY_REQUIRED),
    WINDOW(kernel_height, kernel_height, POOLGRAD_PROPERTY_REQUIRED),
    WINDOW(stride_in_pixels_x, stride_x, 0),
    WINDOW(stride_in_pixels_y, stride_y, 0),
    WINDOW(dilation_rate_x, dilation_x, 0),
    WINDOW(dilation_rate_y, dilation_y, 0),
    POOLGRAD_POLICY_ROWS("padding_policy.", padding_policy., POOLGRAD_POLICY_FILTERS),
    RULE(ties),
    RULE(nan),
    RULE(accumulator),
    FIELD("", , FLAG, saves_argmax, POOLGRAD_MAX_FILTERS),
    IMAGE_ROWS("result_image.", result., POOLGRAD_ALL_FILTERS),
    STATE_ROWS("result_state.", state., POOLGRAD_FORWARD_FILTERS),
    POOLGRAD_LAST_ROW};

#undef PROPERTIES_OF
#define PROPERTIES_OF poolgrad_graph
const struct poolgrad_property poolgrad_graph_properties[] = {
    POOLGRAD_WORD_ROW(format, format, POOLGRAD_FLOAT16, 0), POOLGRAD_ROW(FLAG, output_state_is_temporary, 0, 0),
    POOLGRAD_ROW(ALLOCATOR, destination_image_allocator, 0, 0), POOLGRAD_LAST_ROW};

static bool same_image_properties(const poolgrad_image_node *a, const poolgrad_image_node *b)
{
    return poolgrad_properties_equal(poolgrad_image_node_properties, a, b);
}

static uint64_t hash_image_properties(uint64_t hash, const poolgrad_image_node *image)
{
    return poolgrad_properties_hash(poolgrad_image_node_properties, image, hash);
}

static bool same_state_properties(const poolgrad_state_node *a, const poolgrad_state_node *b)
{
    return poolgrad_properties_equal(poolgrad_state_node_properties, a, b);
}

static uint64_t hash_state_properties(uint64_t hash, const poolgrad_state_node *state)
{
    return poolgrad_properties_hash(poolgrad_state_node_properties, state, hash);
}

static bool same_filter_properties(const poolgrad_filter_node *a, const poolgrad_filter_node *b)
{
    return a->type == b->type && poolgrad_same_string(a->label, b->label) &&
           poolgrad_properties_equal(poolgrad_filter_node_properties, a, b) && a->source_count == b->source_count &&
           !a->source_state == !b->source_state;
}

static uint64_t hash_filter_properties(uint64_t hash, const poolgrad_filter_node *filter)
{
    hash = poolgrad_hash_string(poolgrad_hash_number(hash, (int64_t)filter->type), filter->label);
    hash = poolgrad_properties_hash(poolgrad_filter_node_properties, filter, hash);
    return poolgrad_hash_number(hash, filter->source_count);
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------ */

static bool equal_filters(const void *a, const void *b)
{
    const poolgrad_filter_node *x = a, *y = b;
    if (!same_filter_properties(x, y) || x->source_state != y->source_state) return false;
    for (int64_t k = 0; k < x->source_count; k++) {
        if (x->sources[k] != y->sources[k]) return false;
    }
    return true;
}

static uint64_t hash_filter(const void *object)
{
    const poolgrad_filter_node *filter = object;
    uint64_t hash = hash_filter_properties(poolgrad_hash_begin("filter_node"), filter);
    for (int64_t k = 0; k < filter->source_count; k++) hash = poolgrad_hash_address(hash, filter->sources[k]);
    return poolgrad_hash_address(hash, filter->source_state);
}

static bool equal_images(const void *a, const void *b)
{
    const poolgrad_image_node *x = a, *y = b;
    if (!same_image_properties(x, y) || !x->producer != !y->producer) return false;
    return !x->producer || equal_filters(x->producer, y->producer);
}

static uint64_t hash_image(const void *object)
{
    const poolgrad_image_node *image = object;
    uint64_t hash = hash_image_properties(poolgrad_hash_begin("image_node"), image);
    return image->producer ? poolgrad_hash_number(hash, (int64_t)hash_filter(image->producer)) : hash;
}

static bool equal_states(const void *a, const void *b)
{
    const poolgrad_state_node *x = a, *y = b;
    if (!same_state_properties(x, y) || !x->producer != !y->producer) return false;
    return !x->producer || equal_filters(x->producer, y->producer);
}

static uint64_t hash_state(const void *object)
{
    const poolgrad_state_node *state = object;
    uint64_t hash = hash_state_properties(poolgrad_hash_begin("state_node"), state);
    return state->producer ? poolgrad_hash_number(hash, (int64_t)hash_filter(state->producer)) : hash;
}

/* ---- Networks and graphs ---------------------------------------------------------------------------------------- */

/* A number for each node that may be read: given ones are negative. */
static int64_t image_place(const poolgrad_image_node *image)
{
    return image->producer ? image->producer->place : -1 - image->place;
}

static int64_t state_place(const poolgrad_state_node *state)
{
    if (!state) return INT64_MAX;
    return state->producer ? state->producer->place : -1 - state->place;
}

static bool same_places(const poolgrad_filter_node *a, const poolgrad_filter_node *b)
{
    for (int64_t k = 0; k < a->source_count; k++) {
        if (image_place(a->sources[k]) != image_place(b->sources[k])) return false;
    }
    return state_place(a->source_state) == state_place(b->source_state);
}

static bool same_nodes(const poolgrad_network *a, const poolgrad_network *b)
{
    bool same = a->images.count == b->images.count && a->states.count == b->states.count &&
                a->filters.count == b->filters.count;
    for (int64_t i = 0; same && i < a->images.count; i++) {
        same = same_image_properties(a->images.node[i], b->images.node[i]);
    }
    for (int64_t i = 0; same && i < a->states.count; i++) {
        same = same_state_properties(a->states.node[i], b->states.node[i]);
    }
    for (int64_t i = 0; same && i < a->filters.count; i++) {
        const poolgrad_filter_node *x = a->filters.node[i], *y = b->filters.node[i];
        same = same_filter_properties(x, y) && same_places(x, y);
    }
    return same;
}

static uint64_t hash_nodes(uint64_t hash, const poolgrad_network *network)
{
    hash = poolgrad_hash_number(hash, network->images.count);
    for (int64_t i = 0; i < network->images.count; i++) hash = hash_image_properties(hash, network->images.node[i]);
    hash = poolgrad_hash_number(hash, network->states.count);
    for (int64_t i = 0; i < network->states.count; i++) hash = hash_state_properties(hash, network->states.node[i]);
    for (int64_t i = 0; i < network->filters.count; i++) {
        const poolgrad_filter_node *filter = network->filters.node[i];
        hash = hash_filter_properties(hash, filter);
        for (int64_t k = 0; k < filter->source_count; k++) {
            hash = poolgrad_hash_number(hash, image_place(filter->sources[k]));
        }
        hash = poolgrad_hash_number(hash, state_place(filter->source_state));
    }
    return hash;
}

static bool equal_networks(const void *a, const void *b)
{
    return same_nodes(a, b);
}

static uint64_t hash_network(const void *object)
{
    const poolgrad_network *network = object;
    return hash_nodes(poolgrad_hash_begin("network"), network);
}

static bool equal_graphs(const void *a, const void *b)
{
    const poolgrad_graph *x = a, *y = b;
    bool same = poolgrad_properties_equal(poolgrad_graph_properties, x, y) && x->result_count == y->result_count &&
                same_nodes(x->network, y->network);
    for (int64_t i = 0; same && i < x->result_count; i++) {
        same = x->results[i].place == y->results[i].place && x->results[i].needed == y->results[i].needed;
    }
    return same;
}

static uint64_t hash_graph(const void *object)
{
    const poolgrad_graph *graph = object;
    uint64_t hash = hash_nodes(poolgrad_hash_begin("graph"), graph->network);
    hash = poolgrad_properties_hash(poolgrad_graph_properties, graph, hash);
    for (int64_t i = 0; i < graph->result_count; i++) {
        hash = poolgrad_hash_number(poolgrad_hash_number(hash, graph->results[i].place), graph->results[i].needed);
    }
    return hash;
}

static const struct poolgrad_type image_type = {equal_images, hash_image, poolgrad_describe_image_node,
                                                poolgrad_write_image_node};
static const struct poolgrad_type state_type = {equal_states, hash_state, poolgrad_describe_state_node,
                                                poolgrad_write_state_node};
static const struct poolgrad_type filter_type = {equal_filters, hash_filter, poolgrad_describe_filter_node,
                                                 poolgrad_write_filter_node};
static const struct poolgrad_type network_type = {equal_networks, hash_network, poolgrad_describe_network,
                                                  poolgrad_write_network};
static const struct poolgrad_type graph_type = {equal_graphs, hash_graph, poolgrad_describe_graph,
                                                poolgrad_write_graph};
POOLGRAD_TYPED(poolgrad_image_node, image_type);
POOLGRAD_TYPED(poolgrad_state_node, state_type);
POOLGRAD_TYPED(poolgrad_filter_node, filter_type);
POOLGRAD_TYPED(poolgrad_network, network_type);
POOLGRAD_TYPED(poolgrad_graph, graph_type);
