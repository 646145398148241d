/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes and the network that owns them. A filter's sources are there before it and never change, so that the order in
 * which filters were made is an order in which they can run, and no cycle can be built.
 */
#ifndef POOLGRAD_GRAPH_NODE_H
#define POOLGRAD_GRAPH_NODE_H

#include <poolgrad/graph.h>

#include "base/refusal.h"
#include "mps/property.h"

struct poolgrad_image_node {
    poolgrad_network *network;
    poolgrad_filter_node *producer; /* null: given to the graph, */
    int64_t place;                  /* and its place among those */
    char *handle;
    poolgrad_format format;
    poolgrad_image_allocator image_allocator;
    int export_from_graph, synchronize_resource, stop_gradient;
    bool withdrawn; /* if given; then chained */
    poolgrad_image_node *next_withdrawn;
};

struct poolgrad_state_node {
    poolgrad_network *network;
    poolgrad_filter_node *producer; /* as of an image */
    int64_t place;
    char *handle;
    int export_from_graph, synchronize_resource;
    bool withdrawn;
    poolgrad_state_node *next_withdrawn;
};

struct poolgrad_filter_node {
    poolgrad_network *network;
    int64_t place; /* among the network's filters */
    poolgrad_filter_type type;
    char *label;
    poolgrad_window window; /* all 0: addition */
    poolgrad_padding_policy padding_policy;
    poolgrad_node_rules rules;
    int saves_argmax;
    poolgrad_image_node **sources;
    int64_t source_count;
    poolgrad_state_node *source_state; /* of pooling gradients */
    poolgrad_image_node result;
    poolgrad_state_node state; /* of forward pooling, else unused */
    bool withdrawn;
    poolgrad_filter_node *next_withdrawn;
};

/* Pointers, in the order their nodes were made. */
struct poolgrad_node_list {
    void **node;
    int64_t count, capacity;
};

struct poolgrad_network {
    poolgrad_status status;
    poolgrad_error error;
    struct poolgrad_node_list images, states, filters; /* images and states: those that are given */
    poolgrad_image_node *withdrawn_images;
    poolgrad_state_node *withdrawn_states;
    poolgrad_filter_node *withdrawn_filters;
};

/* Properties; a filter's own label stands beside them. Kinds of filters are bits, 1 << type. */
extern const struct poolgrad_property poolgrad_image_node_properties[], poolgrad_state_node_properties[],
    poolgrad_filter_node_properties[], poolgrad_graph_properties[];

enum {
    POOLGRAD_FORWARD_FILTERS = 0x1e,
    POOLGRAD_GRADIENT_FILTERS = 0x1e0,
    POOLGRAD_POOLING_FILTERS = POOLGRAD_FORWARD_FILTERS | POOLGRAD_GRADIENT_FILTERS,
    POOLGRAD_MAX_FILTERS = 1 << POOLGRAD_FILTER_POOLING_MAX | 1 << POOLGRAD_FILTER_DILATED_POOLING_MAX,
    POOLGRAD_POLICY_FILTERS = POOLGRAD_POOLING_FILTERS & ~(1 << POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT),
    POOLGRAD_ALL_FILTERS = 0x7fe
};

static inline poolgrad_image_node *poolgrad_network_image(const poolgrad_network *network, int64_t place)
{
    return network->images.node[place];
}

static inline poolgrad_state_node *poolgrad_network_state(const poolgrad_network *network, int64_t place)
{
    return network->states.node[place];
}

/* ---- Types of filters ------------------------------------------------------------------------------------------- */

bool poolgrad_is_forward(poolgrad_filter_type type);          /* pooling */
bool poolgrad_is_pooling_gradient(poolgrad_filter_type type); /* not of an addition */
bool poolgrad_is_dilated(poolgrad_filter_type type);
poolgrad_kind poolgrad_filter_kind(poolgrad_filter_type type);
bool poolgrad_takes_policy(poolgrad_filter_type type);

/* ---- The first error of a network ------------------------------------------------------------------------------- */

/* Keep the error if it is the first. */
void poolgrad_network_refuse(poolgrad_network *network, const char *field, const char *format, ...)
    POOLGRAD_PRINTF(3, 4);
void poolgrad_network_refuse_memory(poolgrad_network *network, const char *what);

enum { POOLGRAD_NODE_NAME = 96 };

/* How refusals call a node: node "pool1", pooling_max_node 3, image "x", image 2, the result of .... */
void poolgrad_filter_name(const poolgrad_filter_node *filter, char name[POOLGRAD_NODE_NAME]);
void poolgrad_image_name(const poolgrad_image_node *image, char name[POOLGRAD_NODE_NAME]);
void poolgrad_state_name(const poolgrad_state_node *state, char name[POOLGRAD_NODE_NAME]);

/* ---- Making nodes ----------------------------------------------------------------------------------------------- */

/* A filter whose properties are the defaults of its type, at the end of the network's list; null after an error. */
poolgrad_filter_node *poolgrad_filter_make(poolgrad_network *network, poolgrad_filter_type type,
                                           poolgrad_image_node *const *sources, int64_t source_count,
                                           poolgrad_state_node *source_state, const poolgrad_window *window);

/* Numbers and policy: what is refused when a graph is made. */
poolgrad_status poolgrad_filter_check(const poolgrad_filter_node *filter, poolgrad_error *error);

/* How many nodes there are; to go back to where a function that fails began: it makes nothing. */
struct poolgrad_mark {
    int64_t images, states, filters;
};

struct poolgrad_mark poolgrad_network_mark(const poolgrad_network *network);
void poolgrad_network_go_back(poolgrad_network *network, struct poolgrad_mark mark);

/*
 * The same where a caller was shown the nodes: they leave the lists, and nothing new may read them, but he may still
 * hold them, and so they live as long as the network.
 */
void poolgrad_network_withdraw(poolgrad_network *network, struct poolgrad_mark mark);

/* Of the network, and not withdrawn. Null is not. */
bool poolgrad_has_image(const poolgrad_network *network, const poolgrad_image_node *image);
bool poolgrad_has_filter(const poolgrad_network *network, const poolgrad_filter_node *filter);

/* Why it is refused: is null, belongs to another network, .... */
const char *poolgrad_why_not_in(const poolgrad_network *network, const poolgrad_network *owner);

/* A copy of a string; null copies null. False, and the network refuses, where memory is lacking. */
bool poolgrad_copy_string(poolgrad_network *network, const char *string, char **copy);

/* Properties of one node of the network to another by their table; of a filter its label, too. */
bool poolgrad_copy_properties(poolgrad_network *network, const struct poolgrad_property *table, void *to,
                              const void *from);
bool poolgrad_copy_filter_properties(poolgrad_filter_node *to, const poolgrad_filter_node *from);

/*
 * The nodes that `filters` marks (null: all), and the given images and states that they read (null: all), in a network
 * of their own. places[i] becomes the place of filter i in the copy, -1 of those left out; may be null.
 */
poolgrad_status poolgrad_network_copy_part(const poolgrad_network *network, const bool *filters, int64_t *places,
                                           poolgrad_network **copy, poolgrad_error *error);

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* What the types of nodes and graphs do. */
void poolgrad_describe_image_node(const void *object, struct poolgrad_text *text);
void poolgrad_describe_state_node(const void *object, struct poolgrad_text *text);
void poolgrad_describe_filter_node(const void *object, struct poolgrad_text *text);
void poolgrad_describe_network(const void *object, struct poolgrad_text *text);
void poolgrad_describe_graph(const void *object, struct poolgrad_text *text);
void poolgrad_write_image_node(const void *object, struct poolgrad_text *text);
void poolgrad_write_state_node(const void *object, struct poolgrad_text *text);
void poolgrad_write_filter_node(const void *object, struct poolgrad_text *text);
void poolgrad_write_network(const void *object, struct poolgrad_text *text);
void poolgrad_write_graph(const void *object, struct poolgrad_text *text);

#endif
