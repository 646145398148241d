/* SPDX-License-Identifier: Apache-2.0 */
/* What poolgrad_debug_description writes of kernels, networks and graphs, read back; also what people write. */
#ifndef POOLGRAD_CLI_GRAPH_JSON_H
#define POOLGRAD_CLI_GRAPH_JSON_H

#include <poolgrad/graph.h>

#include "cli/node_json.h"

enum { DESCRIBED_SIZE = 1 << 24 }; /* bytes of a text, at most */

enum described_class { DESCRIBED_POOLING, DESCRIBED_POOLING_GRADIENT, DESCRIBED_NETWORK, DESCRIBED_GRAPH };

struct described {
    enum described_class class;
    poolgrad_pooling pooling;
    poolgrad_pooling_gradient pooling_gradient;
    struct nodes nodes;    /* of a network, and those that a graph was made of */
    poolgrad_graph *graph; /* of a network null, until it is made */

    /* Results of a graph: nodes of the network. */
    poolgrad_image_node **results;
    int *needed;
    int64_t result_count;

    json_t *document; /* owns the ids */

    /* What people call images, in the order of the graph's handles: handle, or id where there is none, or where it is
     * another's, too, or could not be told from a file's name. All names of a list are different. */
    const char **sources, **intermediates;
    const char *result;
};

/* Reads one text. False, and *described is empty, after a sentence in reading->message that names the node, the member,
 * its value and what was expected. Refusals of the library are in its own words. */
bool poolgrad_described_read(const char *text, size_t size, struct described *described, struct reading *reading);

/* Makes the graph of a network, whose results are the images that no filter reads: first those that are not exported.
 * That of a graph is made already. */
bool poolgrad_described_make_graph(struct described *described, struct reading *reading);

/* Whether an option can hold it before a '='. */
bool poolgrad_described_is_name(const char *text);

/* The format that a source of the graph must have, by its number; none: any. */
poolgrad_format poolgrad_described_source_format(const struct described *described, int64_t source);

/* For poolgrad_equal, poolgrad_description and the like. */
const void *poolgrad_described_object(const struct described *described);

/* Harmless where it is empty. */
void poolgrad_described_free(struct described *described);

#endif
