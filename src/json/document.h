/* SPDX-License-Identifier: Apache-2.0 */
/* A text that was read: one kernel, network or graph, and what people call its images. */
#ifndef POOLGRAD_JSON_DOCUMENT_H
#define POOLGRAD_JSON_DOCUMENT_H

#include "json/nodes.h"

struct poolgrad_json {
    poolgrad_json_class class;
    poolgrad_pooling pooling;
    poolgrad_pooling_gradient pooling_gradient;
    struct nodes nodes;    /* of a network, and those that a graph was made of */
    poolgrad_graph *graph; /* of a network null, until it is made */

    /* Results of a graph: nodes of the network. */
    poolgrad_image_node **results;
    int *needed;
    int64_t result_count;

    json_t *document; /* owns the ids */

    const char **sources, **intermediates; /* names */
    const char *result;
};

/* Reads the array of results. Here as below: false after a sentence. */
bool poolgrad_results_read(struct poolgrad_json *json, json_t *results, struct poolgrad_reader *reader);

/* Makes the graph, and names its images. Without results those are the images that no filter reads. */
bool poolgrad_results_make_graph(struct poolgrad_json *json, struct poolgrad_reader *reader);

#endif
