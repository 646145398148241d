/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spatial pyramid pooling (He et al., 2014): three poolings read one image, each into a fixed number of bins. Going
 * back, every one of them has a gradient for the image, and an addition node, which the training graph inserts, sums
 * them.
 *
 * The sum of three float32 numbers depends on the order. An addition node adds in the order in which the filters were
 * made; PyTorch's autograd adds from the operation made last to the one made first. So the filters are made from the
 * last to the first here, and the bits are PyTorch's; the other way round they need not be, and for averages are not.
 */
#include "example.h"

#include <poolgrad/graph.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 3, MAX_NAME = 32, CHANNELS = 2 };

typedef struct pyramid {
    const char *name; /* folder of tests/data */
    poolgrad_kind kind;
    int bins[LEVELS]; /* per side, in the order in which PyTorch's operations were made */
    bool order_shows; /* enough pixels have three gradients that other orders have other bits */
} pyramid;

static const pyramid pyramids[] = {
    {"examples/pyramid-max", POOLGRAD_MAX, {1, 2, 4}, false},
    {"examples/pyramid-average", POOLGRAD_AVERAGE, {1, 2, 3}, true},
};

/* The network of one pyramid; its filters in the order they were made. */
typedef struct levels {
    int bins[LEVELS];
    poolgrad_network *network;
    poolgrad_filter_node *filter[LEVELS];
    poolgrad_graph *forward, *training;
} levels;

/* ---- The graphs ---------------------------------------------------------------------------------------------- */

static poolgrad_filter_node *add_level(poolgrad_network *network, poolgrad_image_node *x, poolgrad_kind kind,
                                       const poolgrad_const_image *image, int bins)
{
    int64_t kernel_width = (image->width + bins - 1) / bins, stride_x = image->width / bins;
    int64_t kernel_height = (image->height + bins - 1) / bins, stride_y = image->height / bins;
    poolgrad_filter_node *node =
        kind == POOLGRAD_MAX
            ? poolgrad_pooling_max_node_create(network, x, kernel_width, kernel_height, stride_x, stride_y)
            : poolgrad_pooling_average_node_create(network, x, kernel_width, kernel_height, stride_x, stride_y);
    poolgrad_padding_policy inside = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_VALID_ONLY |
                                                                         POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT);
    poolgrad_filter_node_set_padding_policy(node, &inside);
    char label[MAX_NAME];
    snprintf(label, sizeof label, "%dx%d", bins, bins);
    poolgrad_filter_node_set_label(node, label);
    return node;
}

/* The image's gradient by each level is handed out as well, under the level's name. */
static int export_gradient(void *context, poolgrad_filter_node *gradient_node, poolgrad_filter_node *inference_node,
                           poolgrad_image_node *inference_source, poolgrad_image_node *gradient_source)
{
    (void)context, (void)inference_source, (void)gradient_source;
    if (!inference_node) return 0; /* the addition, whose result is the graph's */
    poolgrad_image_node *gradient = poolgrad_filter_node_result_image(gradient_node);
    poolgrad_image_node_set_handle(gradient, poolgrad_filter_node_label(inference_node));
    poolgrad_image_node_set_export_from_graph(gradient, 1);
    return 0;
}

static void use_float32(poolgrad_graph *graph)
{
    poolgrad_error error;
    example_check(poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, &error), &error);
}

static levels make_levels(const pyramid *made, const poolgrad_const_image *image, bool last_first)
{
    levels all = {.network = poolgrad_network_create()};
    poolgrad_image_node *x = poolgrad_image_node_create(all.network, "x"), *y[LEVELS], *dy[LEVELS];
    for (int i = 0; i < LEVELS; i++) {
        all.bins[i] = made->bins[last_first ? LEVELS - 1 - i : i];
        all.filter[i] = add_level(all.network, x, made->kind, image, all.bins[i]);
        y[i] = poolgrad_filter_node_result_image(all.filter[i]);
    }
    for (int i = 0; i < LEVELS; i++) {
        dy[i] = poolgrad_image_node_create(all.network, poolgrad_filter_node_label(all.filter[i]));
    }
    poolgrad_filter_node *sum = NULL;
    poolgrad_training_graph(all.network, all.filter, dy, LEVELS, export_gradient, NULL, &sum, 1);

    poolgrad_error error;
    example_check(poolgrad_graph_create_with_result_images(all.network, y, NULL, LEVELS, &all.forward, &error), &error);
    example_check(poolgrad_graph_create(all.network, poolgrad_filter_node_result_image(sum), 1, &all.training, &error),
                  &error);
    use_float32(all.forward);
    use_float32(all.training);
    return all;
}

static void free_levels(levels *all)
{
    poolgrad_graph_destroy(all->training);
    poolgrad_graph_destroy(all->forward);
    poolgrad_network_destroy(all->network);
}

/* ---- Running them -------------------------------------------------------------------------------------------- */

static poolgrad_const_image read_level(const pyramid *made, const char *what, int bins)
{
    char name[MAX_NAME];
    snprintf(name, sizeof name, "%s_%dx%d", what, bins, bins);
    return example_read(made->name, name);
}

/* The first result is returned by itself, the others are intermediate images. */
static bool forward_agrees(const pyramid *made, const levels *all, const poolgrad_const_image *x)
{
    poolgrad_buffer *y[LEVELS];
    poolgrad_error error;
    example_check(poolgrad_graph_encode(all->forward, NULL, x, 1, NULL, 0, &y[0], &y[1], NULL, &error), &error);
    bool good = true;
    for (int i = 0; i < LEVELS; i++) {
        poolgrad_const_image expected = read_level(made, "destination", all->bins[i]);
        good = example_agree(poolgrad_filter_node_label(all->filter[i]), poolgrad_buffer_const_image(y[i]), &expected,
                             0) &&
               good;
        example_free(&expected);
        poolgrad_buffer_destroy(y[i]);
    }
    return good;
}

/* The gradient of the image, and its parts in the order of the filters. */
static poolgrad_buffer *encode_training(const pyramid *made, const levels *all, const poolgrad_const_image *x,
                                        poolgrad_buffer *parts[LEVELS])
{
    example_require(poolgrad_graph_intermediate_image_count(all->training) == LEVELS, "each level is exported");
    poolgrad_const_image sources[1 + LEVELS] = {*x};
    for (int i = 0; i < LEVELS; i++) sources[1 + i] = read_level(made, "source_gradient", all->bins[i]);
    poolgrad_buffer *dx, *exported[LEVELS];
    poolgrad_error error;
    example_check(poolgrad_graph_encode(all->training, NULL, sources, 1 + LEVELS, NULL, 0, &dx, exported, NULL, &error),
                  &error);
    for (int i = 0; i < LEVELS; i++) {
        for (int64_t k = 0; k < LEVELS; k++) {
            const char *handle = poolgrad_graph_intermediate_image_handle(all->training, k);
            if (strcmp(handle, poolgrad_filter_node_label(all->filter[i])) == 0) parts[i] = exported[k];
        }
        example_free(&sources[1 + i]);
    }
    return dx;
}

/* What an addition node means: from +0 on, an addition in float32 after the other. */
static bool is_sum(const poolgrad_const_image *dx, poolgrad_buffer *const parts[LEVELS])
{
    const float *total = dx->data;
    int64_t count = dx->images * dx->channels * dx->height * dx->width;
    for (int64_t i = 0; i < count; i++) {
        float sum = 0;
        for (int k = 0; k < LEVELS; k++) sum += ((const float *)poolgrad_buffer_const_image(parts[k])->data)[i];
        if (memcmp(&sum, &total[i], sizeof sum) != 0) return false;
    }
    return true;
}

static bool training_agrees(const pyramid *made, const poolgrad_const_image *x)
{
    poolgrad_const_image expected = example_read(made->name, "destination_gradient");
    bool good = true;
    for (int last_first = 1; last_first >= 0; last_first--) {
        levels all = make_levels(made, x, last_first);
        if (last_first) example_describe_graph(all.training);
        if (last_first) good = forward_agrees(made, &all, x);
        poolgrad_buffer *parts[LEVELS] = {NULL}, *dx = encode_training(made, &all, x, parts);
        const poolgrad_const_image *gradient = poolgrad_buffer_const_image(dx);
        good = example_expect(is_sum(gradient, parts), "the gradient is the sum over the filters as they were made") &&
               good;
        if (last_first) {
            good = example_agree("gradient, filters made from last to first", gradient, &expected, 0) && good;
        } else {
            int64_t different = example_different(gradient, &expected);
            printf("  filters made from first to last: %lld elements have other bits\n", (long long)different);
            good = example_expect((different > 0) == made->order_shows, "as many as was to be expected") && good;
        }
        for (int i = 0; i < LEVELS; i++) poolgrad_buffer_destroy(parts[i]);
        poolgrad_buffer_destroy(dx);
        free_levels(&all);
    }
    example_free(&expected);
    return good;
}

int main(void)
{
    poolgrad_const_image photo = example_read("photo-max-3x3s2p1", "source"), x = example_front(&photo, 1, CHANNELS);
    bool good = true;
    for (size_t i = 0; i < sizeof pyramids / sizeof *pyramids; i++) {
        printf("%s\n", pyramids[i].name);
        good = training_agrees(&pyramids[i], &x) && good;
    }
    example_free(&photo);
    return good ? 0 : 1;
}
