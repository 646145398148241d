/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the filters of a network compute, found one after the other without a graph: poolings and gradients by
 * poolgrad_run, each into an image of its own, sums by plain loops.
 */
#ifndef POOLGRAD_TESTS_EVALUATE_H
#define POOLGRAD_TESTS_EVALUATE_H

#include "images.h"
#include <poolgrad/graph.h>

enum { EVALUATION_GIVEN = 8 };

typedef struct evaluation {
    poolgrad_network *network;
    poolgrad_format format; /* of the graph */
    const poolgrad_image_node *given[EVALUATION_GIVEN];
    poolgrad_image images[EVALUATION_GIVEN]; /* for the given nodes; freed with the evaluation */
    int given_count;
    poolgrad_image *results; /* of filters, by place */
    int64_t count;           /* filters done */
} evaluation;

evaluation evaluation_begin(poolgrad_network *network, poolgrad_format format);
void evaluation_end(evaluation *e);

void evaluation_give(evaluation *e, const poolgrad_image_node *node, poolgrad_image image);

/* Computes the filters made since the last time. False after a printed refusal. */
bool evaluation_go(evaluation *e);

/* Of a node of the network; null where it is not known. */
const poolgrad_image *evaluation_image(const evaluation *e, const poolgrad_image_node *node);

/* Place of a filter in its network. */
int64_t evaluation_place(const evaluation *e, const poolgrad_filter_node *filter);

poolgrad_window evaluation_window(const poolgrad_filter_node *filter);
poolgrad_kind evaluation_kind(poolgrad_filter_type type);

#endif
