/* SPDX-License-Identifier: Apache-2.0 */
/* Images, states and filters as JSON has them, made the nodes of a network. */
#ifndef POOLGRAD_JSON_NODES_H
#define POOLGRAD_JSON_NODES_H

#include <poolgrad/graph.h>

#include "json/reader.h"

struct filter_text;

struct nodes {
    poolgrad_network *network;
    const char **image_ids, **filter_ids; /* by place in the network; strings of the JSON values */
    json_t *ids;                          /* what each stands for */
    struct filter_text *filters;          /* by place in the array */
};

/* Reads arrays of images, states and filters; the first two may be null. Objects without an id get one. False after a
 * sentence; either way *nodes is to be freed. */
bool poolgrad_nodes_read(struct poolgrad_reader *reader, json_t *images, json_t *states, json_t *filters,
                         struct nodes *nodes);

/* The filter that an id names; null where it is none. */
poolgrad_filter_node *poolgrad_nodes_filter(const struct nodes *nodes, const json_t *id);

/* A refusal of a graph of the `count` nodes: returns false, and the path is that of the filter that is to blame, or
 * else `otherwise`. */
bool poolgrad_nodes_refused(struct poolgrad_reader *reader, const struct nodes *nodes, size_t count,
                            const char *otherwise, poolgrad_status status, poolgrad_error *error);

void poolgrad_nodes_free(struct nodes *nodes);

#endif
