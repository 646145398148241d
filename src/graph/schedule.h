/* SPDX-License-Identifier: Apache-2.0 */
/* A graph, and one encoding of it. Filters run in the order of their places. */
#ifndef POOLGRAD_GRAPH_SCHEDULE_H
#define POOLGRAD_GRAPH_SCHEDULE_H

#include <stdatomic.h>

#include "graph/node.h"
#include "mps/kernel.h"

struct poolgrad_graph_result {
    int64_t place; /* of the filter */
    int needed;
};

/* Memory of intermediate images, kept from one encoding to the next: asking the system for it again, page by page,
 * costs about as much as the pooling. Who encodes takes it, and puts it or another one back. */
struct poolgrad_arena {
    int64_t size; /* of what follows, a cache line further on */
};

struct poolgrad_graph {
    poolgrad_network *network; /* the graph's own: all filters that the results depend on, and what is given to them */
    struct poolgrad_graph_result *results;
    int64_t result_count;
    poolgrad_format format;
    int output_state_is_temporary;
    poolgrad_image_allocator destination_image_allocator;

    /* What follows from these. */
    bool *kept;            /* filters that something needed depends on */
    int64_t *result_index; /* which needed result a filter makes; -1: none */
    int64_t step_count;
    struct poolgrad_node_list source_images, source_states, intermediate_images, result_states;
    /* Of given images and states, by place: their number among the sources; -1: nobody reads it. */
    int64_t *image_index, *state_index;

    _Atomic(struct poolgrad_arena *) *spare;
};

/* Blocks are whole cache lines, so that no two images share one. */
enum { POOLGRAD_ARENA_ALIGNMENT = 64 };

/* Memory that holds one image or one argmax from filter `begin` to filter `end`, both included. */
struct poolgrad_block {
    int64_t begin, end;
    int64_t size, offset;
};

/* A filter in one encoding. */
struct poolgrad_step {
    const poolgrad_filter_node *filter;
    poolgrad_pooling forward;
    poolgrad_pooling_gradient gradient;
    union poolgrad_view image; /* descriptor, then with data */
    size_t bytes;              /* of the image */
    struct poolgrad_state state;
    const struct poolgrad_state *source_state;

    bool runs;                                         /* somebody needs what it computes */
    bool returned;                                     /* the image leaves the graph */
    bool saves_argmax;                                 /* somebody reads the picked taps, or gets them */
    int64_t image_reader, argmax_reader;               /* place of the last filter that reads it; its own: none */
    struct poolgrad_block *image_block, *argmax_block; /* null: memory of its own */
    poolgrad_buffer *buffer;
    poolgrad_state *exported_state;
    const struct poolgrad_geometry *problems; /* what it runs, checked; of an addition one for each source */
};

struct poolgrad_encoding {
    const poolgrad_graph *graph;
    poolgrad_context context;
    const poolgrad_const_image *images;
    int64_t image_count;
    poolgrad_state *const *states;
    int64_t state_count;
    struct poolgrad_step *steps; /* by place, of filters that are not kept unused */
    poolgrad_image *copies;      /* descriptors of given images that are exported, by number among the sources */
    poolgrad_buffer **copy_buffers;
    struct poolgrad_block *blocks;
    int64_t block_count;
    int64_t arena_size, own_size; /* bytes of the arena, and of images that have allocators */
    struct poolgrad_arena *arena;
    struct poolgrad_geometry *problems; /* of all steps, one after the other */
};

/* The image or state that a step reads; of the encoding, so far. */
const poolgrad_const_image *poolgrad_encoding_image(const struct poolgrad_encoding *encoding,
                                                    const poolgrad_image_node *node);

/* Whether a gradient step looks at the source's pixels. */
bool poolgrad_step_reads_source(const struct poolgrad_step *step);

/* Sizes of everything: checks the sources and configures the kernels. */
poolgrad_status poolgrad_encoding_configure(struct poolgrad_encoding *encoding, poolgrad_error *error);

/* What runs, what is read until when, and where in the arena it lies. */
poolgrad_status poolgrad_encoding_plan_memory(struct poolgrad_encoding *encoding, poolgrad_error *error);

#endif
