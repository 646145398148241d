/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of poolings as in LeNet, trained one step. A forward graph pools an image; the rest of a network (here:
 * PyTorch's) answers with the gradient of its loss; a training graph takes that back to the image; the image moves
 * against it; pooled again, it has a smaller loss.
 *
 * One chain is LeNet's own, 2x2 windows side by side. The other has windows of 3x3 in steps of 2, which overlap, so
 * that gradients add up and the order of additions shows. All results have PyTorch's bits.
 */
#include "example.h"

#include <poolgrad/graph.h>
#include <stdio.h>

enum { MAX_LAYERS = 4 };
static const double rate = 0.5; /* of the step; a power of two, so that multiplying by it does not round */

typedef struct layer {
    poolgrad_kind kind;
    int64_t size, stride;
} layer;

typedef struct chain {
    const char *name, *source; /* folders of tests/data */
    int64_t images, channels;  /* of the source that are taken */
    int64_t count;
    layer layers[MAX_LAYERS];
} chain;

static const chain chains[] = {
    {"examples/lenet-digits", "digits-max-2x2", 8, 16, 2, {{POOLGRAD_AVERAGE, 2, 2}, {POOLGRAD_MAX, 2, 2}}},
    {"examples/lenet-photo",
     "photo-max-3x3s2p1",
     1,
     2,
     4,
     {{POOLGRAD_MAX, 3, 2}, {POOLGRAD_AVERAGE, 3, 2}, {POOLGRAD_AVERAGE, 2, 2}, {POOLGRAD_MAX, 2, 2}}},
};

typedef struct graphs {
    poolgrad_graph *forward, *training;
} graphs;

/* ---- The graphs ---------------------------------------------------------------------------------------------- */

static poolgrad_filter_node *add_pooling(poolgrad_network *network, poolgrad_image_node *source, const layer *l)
{
    poolgrad_filter_node *node =
        l->kind == POOLGRAD_MAX
            ? poolgrad_pooling_max_node_create_with_filter_size_and_stride(network, source, l->size, l->stride)
            : poolgrad_pooling_average_node_create_with_filter_size_and_stride(network, source, l->size, l->stride);
    /* PyTorch without padding: the first window in the image's corner, as many as fit in whole. */
    poolgrad_padding_policy inside = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_VALID_ONLY |
                                                                         POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT);
    poolgrad_filter_node_set_padding_policy(node, &inside);
    return node;
}

static poolgrad_image_node *add_source(poolgrad_network *network, const char *handle)
{
    poolgrad_image_node *node = poolgrad_image_node_create(network, handle);
    poolgrad_image_node_set_format(node, POOLGRAD_FLOAT32); /* results follow; without it they would be float16 */
    return node;
}

static poolgrad_graph *make_graph(poolgrad_network *network, poolgrad_image_node *result)
{
    poolgrad_graph *graph;
    poolgrad_error error;
    example_check(poolgrad_graph_create(network, result, 1, &graph, &error), &error);
    return graph;
}

/* Both are parts of one network. */
static graphs make_graphs(const chain *made)
{
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = add_source(network, "x"), *y = x;
    poolgrad_filter_node *last = NULL, *first_gradient = NULL;
    for (int64_t i = 0; i < made->count; i++) {
        last = add_pooling(network, y, &made->layers[i]);
        y = poolgrad_filter_node_result_image(last);
    }
    poolgrad_image_node *dy = add_source(network, "dy");
    poolgrad_filter_node_training_graph_with_source_gradient(last, dy, NULL, NULL, &first_gradient, 1);
    graphs both = {make_graph(network, y), make_graph(network, poolgrad_filter_node_result_image(first_gradient))};
    poolgrad_network_destroy(network);
    return both;
}

/* ---- The step ------------------------------------------------------------------------------------------------ */

static poolgrad_buffer *encode(const poolgrad_graph *graph, const poolgrad_const_image *sources, int64_t count)
{
    poolgrad_buffer *result;
    poolgrad_error error;
    example_check(poolgrad_graph_encode_source_images(graph, NULL, sources, count, &result, &error), &error);
    return result;
}

/* x - rate dx */
static poolgrad_buffer *descend(const poolgrad_const_image *x, const poolgrad_const_image *dx)
{
    poolgrad_buffer *moved;
    poolgrad_error error;
    poolgrad_image descriptor = poolgrad_image_dense(NULL, dx->format, dx->layout, dx->images, dx->channels, dx->height,
                                                     dx->width);
    example_check(poolgrad_buffer_create(&descriptor, NULL, &moved, &error), &error);
    for (int64_t n = 0; n < dx->images; n++)
        for (int64_t c = 0; c < dx->channels; c++)
            for (int64_t h = 0; h < dx->height; h++)
                for (int64_t w = 0; w < dx->width; w++) {
                    double value = poolgrad_const_image_get(x, n, c, 0, h, w) -
                                   rate * poolgrad_const_image_get(dx, n, c, 0, h, w);
                    example_check(poolgrad_image_set(poolgrad_buffer_image(moved), n, c, 0, h, w, value), &error);
                }
    return moved;
}

/* What the loss loses to first order: the gradient times the step of the result. */
static double change_of_loss(const poolgrad_const_image *dy, const poolgrad_const_image *before,
                             const poolgrad_const_image *after)
{
    double change = 0;
    for (int64_t n = 0; n < dy->images; n++)
        for (int64_t c = 0; c < dy->channels; c++)
            for (int64_t h = 0; h < dy->height; h++)
                for (int64_t w = 0; w < dy->width; w++)
                    change += poolgrad_const_image_get(dy, n, c, 0, h, w) *
                              (poolgrad_const_image_get(after, n, c, 0, h, w) -
                               poolgrad_const_image_get(before, n, c, 0, h, w));
    return change;
}

/* Compares everything with PyTorch's. */
static bool agrees(const chain *made, const poolgrad_const_image *dy, poolgrad_buffer *const *results)
{
    static const char *const names[] = {"destination", "destination_gradient", "destination_after_step"};
    bool good = true;
    for (int i = 0; i < 3; i++) {
        poolgrad_const_image expected = example_read(made->name, names[i]);
        good = example_agree(names[i], poolgrad_buffer_const_image(results[i]), &expected, 0) && good;
        example_free(&expected);
    }
    double change = change_of_loss(dy, poolgrad_buffer_const_image(results[0]),
                                   poolgrad_buffer_const_image(results[2]));
    printf("  the step changes the loss by about %.3g\n", change);
    return example_expect(change < 0, "the loss falls") && good;
}

static void print_memory(const poolgrad_graph *graph, const poolgrad_const_image *sources, int64_t count)
{
    poolgrad_graph_memory memory;
    poolgrad_error error;
    example_check(poolgrad_graph_result_sizes(graph, sources, count, NULL, 0, NULL, NULL, &memory, &error), &error);
    printf("  between the filters: %lld bytes; side by side they would be %lld\n", (long long)memory.peak,
           (long long)memory.intermediate);
}

static bool train(const chain *made)
{
    printf("%s\n", made->name);
    graphs both = make_graphs(made);
    example_describe_graph(both.training);
    poolgrad_const_image whole = example_read(made->source, "source");
    poolgrad_const_image dy = example_read(made->name, "source_gradient");
    poolgrad_const_image sources[] = {example_front(&whole, made->images, made->channels), dy};
    print_memory(both.training, sources, 2);

    poolgrad_buffer *y = encode(both.forward, sources, 1);
    poolgrad_buffer *dx = encode(both.training, sources, 2);
    poolgrad_buffer *moved = descend(&sources[0], poolgrad_buffer_const_image(dx));
    poolgrad_buffer *after = encode(both.forward, poolgrad_buffer_const_image(moved), 1);
    bool good = agrees(made, &dy, (poolgrad_buffer *const[]){y, dx, after});

    poolgrad_buffer_destroy(after);
    poolgrad_buffer_destroy(moved);
    poolgrad_buffer_destroy(dx);
    poolgrad_buffer_destroy(y);
    example_free(&dy);
    example_free(&whole);
    poolgrad_graph_destroy(both.training);
    poolgrad_graph_destroy(both.forward);
    return good;
}

int main(void)
{
    bool good = true;
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) good = train(&chains[i]) && good;
    return good ? 0 : 1;
}
