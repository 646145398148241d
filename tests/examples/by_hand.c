/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradient nodes built by hand, from the eight arguments of MPSCNNPoolingGradientNode's initializer: they equal those
 * that poolgrad_filter_node_gradient_filter_with_source makes, and so do their results. All kinds, on layers caught in
 * training (tests/data/README.md), whose gradients PyTorch computed as well, and against one gradient problem that is
 * filled in without any node.
 */
#include "example.h"

#include <poolgrad/graph.h>
#include <stdio.h>

/*
 * Max and average have PyTorch's bits. It computes the L2-norm in float32, rounding after every step, and multiplies by
 * a reciprocal, where poolgrad works in float64 and rounds once: 6 ulp from the steps (x^2 1, their sum 3, both halved
 * by the root, root 1, reciprocal, times g, times x 1 each), half of one for poolgrad, and one where a power of two
 * lies between.
 */
enum { L2NORM_ULP = 7 };

typedef struct layer {
    const char *folder; /* of tests/data */
    poolgrad_filter_type type;
    int64_t size, stride, dilation;
    int64_t pad; /* PyTorch's, before the image */
    bool custom; /* no flags give PyTorch's size */
    int64_t ulp;
} layer;

static const layer layers[] = {
    {"digits-average-3x3s2p1", POOLGRAD_FILTER_POOLING_AVERAGE, 3, 2, 1, 1, false, 0},
    {"photo-max-3x3s2p1", POOLGRAD_FILTER_POOLING_MAX, 3, 2, 1, 1, false, 0},
    {"photo-l2norm-2x2", POOLGRAD_FILTER_POOLING_L2NORM, 2, 2, 1, 0, false, L2NORM_ULP},
    {"photo-dilated-max-3x3d2", POOLGRAD_FILTER_DILATED_POOLING_MAX, 3, 1, 2, 1, true, 0},
};

/* ---- Forward nodes ------------------------------------------------------------------------------------------- */

/* PyTorch's padding of 1, for windows that flags do not place so. */
static poolgrad_status pad_by_one(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                                  poolgrad_error *error)
{
    (void)context;
    poolgrad_pooling *kernel = request->pooling;
    if (!kernel) return POOLGRAD_OK;
    static const poolgrad_pads one = {.left = 1, .top = 1, .right = 1, .bottom = 1};
    poolgrad_window window = {.kernel_width = kernel->kernel_width,
                              .kernel_height = kernel->kernel_height,
                              .stride_x = kernel->stride_in_pixels_x,
                              .stride_y = kernel->stride_in_pixels_y,
                              .dilation_x = kernel->dilation_rate_x,
                              .dilation_y = kernel->dilation_rate_y};
    poolgrad_padding placed;
    poolgrad_status status = poolgrad_padding_explicit(&one, POOLGRAD_ROUND_DOWN, &window,
                                                       request->source_image->height, request->source_image->width,
                                                       &placed, error);
    if (status != POOLGRAD_OK) return status;
    descriptor->width = placed.width;
    descriptor->height = placed.height;
    kernel->offset = (poolgrad_offset){placed.offset_x, placed.offset_y, 0};
    return POOLGRAD_OK;
}

static poolgrad_filter_node *add_pooling(poolgrad_network *network, poolgrad_image_node *x, const layer *l)
{
    switch (l->type) {
    case POOLGRAD_FILTER_POOLING_AVERAGE:
        return poolgrad_pooling_average_node_create(network, x, l->size, l->size, l->stride, l->stride);
    case POOLGRAD_FILTER_POOLING_MAX:
        return poolgrad_pooling_max_node_create(network, x, l->size, l->size, l->stride, l->stride);
    case POOLGRAD_FILTER_POOLING_L2NORM:
        return poolgrad_pooling_l2norm_node_create(network, x, l->size, l->size, l->stride, l->stride);
    default:
        return poolgrad_dilated_pooling_max_node_create(network, x, l->size, l->size, l->stride, l->stride, l->dilation,
                                                        l->dilation);
    }
}

/* ---- Gradient nodes by hand ---------------------------------------------------------------------------------- */

/* Those of the initializer, in its order; dilated max takes dilation rates in place of the policy. */
typedef struct arguments {
    poolgrad_image_node *source_gradient, *source_image;
    poolgrad_state_node *gradient_state;
    int64_t kernel_width, kernel_height;
    int64_t stride_in_pixels_x, stride_in_pixels_y;
    poolgrad_padding_policy padding_policy;
    int64_t dilation_rate_x, dilation_rate_y;
} arguments;

/* All is asked of the forward node. The policy of the way back is the inverse of its own. */
static arguments arguments_for(const poolgrad_filter_node *pool, poolgrad_image_node *source_gradient)
{
    poolgrad_padding_policy forward = poolgrad_filter_node_padding_policy(pool);
    return (arguments){
        .source_gradient = source_gradient,
        .source_image = poolgrad_filter_node_source_image(pool, 0),
        .gradient_state = poolgrad_filter_node_result_state(pool),
        .kernel_width = poolgrad_filter_node_kernel_width(pool),
        .kernel_height = poolgrad_filter_node_kernel_height(pool),
        .stride_in_pixels_x = poolgrad_filter_node_stride_in_pixels_x(pool),
        .stride_in_pixels_y = poolgrad_filter_node_stride_in_pixels_y(pool),
        .padding_policy = poolgrad_padding_policy_inverse(&forward),
        .dilation_rate_x = poolgrad_filter_node_dilation_rate_x(pool),
        .dilation_rate_y = poolgrad_filter_node_dilation_rate_y(pool),
    };
}

/* The gradient of a forward type. */
static poolgrad_filter_node *add_gradient(poolgrad_network *network, poolgrad_filter_type type, const arguments *a)
{
    switch (type) {
    case POOLGRAD_FILTER_POOLING_AVERAGE:
        return poolgrad_pooling_average_gradient_node_create(
            network, a->source_gradient, a->source_image, a->gradient_state, a->kernel_width, a->kernel_height,
            a->stride_in_pixels_x, a->stride_in_pixels_y, &a->padding_policy);
    case POOLGRAD_FILTER_POOLING_MAX:
        return poolgrad_pooling_max_gradient_node_create(
            network, a->source_gradient, a->source_image, a->gradient_state, a->kernel_width, a->kernel_height,
            a->stride_in_pixels_x, a->stride_in_pixels_y, &a->padding_policy);
    case POOLGRAD_FILTER_POOLING_L2NORM:
        return poolgrad_pooling_l2norm_gradient_node_create(
            network, a->source_gradient, a->source_image, a->gradient_state, a->kernel_width, a->kernel_height,
            a->stride_in_pixels_x, a->stride_in_pixels_y, &a->padding_policy);
    default:
        return poolgrad_dilated_pooling_max_gradient_node_create(
            network, a->source_gradient, a->source_image, a->gradient_state, a->kernel_width, a->kernel_height,
            a->stride_in_pixels_x, a->stride_in_pixels_y, a->dilation_rate_x, a->dilation_rate_y);
    }
}

/* One argument is another; false where the type has no argument of this number. */
static bool change(poolgrad_network *network, poolgrad_filter_type type, int number, arguments *a)
{
    bool dilated = type == POOLGRAD_FILTER_DILATED_POOLING_MAX;
    switch (number) {
    case 0: a->source_gradient = poolgrad_image_node_create(network, "dy"); return true;
    case 1: a->source_image = poolgrad_image_node_create(network, "x"); return true;
    case 2: a->gradient_state = poolgrad_gradient_state_node_create(network, NULL); return true;
    case 3: a->kernel_width++; return true;
    case 4: a->kernel_height++; return true;
    case 5: a->stride_in_pixels_x++; return true;
    case 6: a->stride_in_pixels_y++; return true;
    case 7:
        if (dilated) a->dilation_rate_x++;
        a->padding_policy = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_FULL);
        return true;
    case 8: a->dilation_rate_y++; return dilated;
    default: return false;
    }
}

static bool others_differ(poolgrad_network *network, poolgrad_filter_node *made, poolgrad_filter_type type,
                          const arguments *right)
{
    bool good = true;
    int count = 0;
    for (arguments a = *right; change(network, type, count, &a); a = *right, count++) {
        good = !poolgrad_filter_node_equal(made, add_gradient(network, type, &a)) && good;
    }
    poolgrad_error error;
    example_check(poolgrad_network_status(network, &error), &error);
    printf("  %d more nodes have one other argument each\n", count);
    return example_expect(good, "none of them is equal");
}

/* ---- Running them -------------------------------------------------------------------------------------------- */

static poolgrad_buffer *encode(poolgrad_network *network, poolgrad_filter_node *gradient,
                               const poolgrad_const_image *sources)
{
    poolgrad_graph *graph;
    poolgrad_buffer *dx;
    poolgrad_error error;
    poolgrad_image_node *result = poolgrad_filter_node_result_image(gradient);
    example_check(poolgrad_graph_create(network, result, 1, &graph, &error), &error);
    example_check(poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, &error), &error);
    example_check(poolgrad_graph_encode_source_images(graph, NULL, sources, 2, &dx, &error), &error);
    poolgrad_graph_destroy(graph);
    return dx;
}

/* The same gradient without nodes. */
static poolgrad_buffer *run_problem(const layer *l, const poolgrad_const_image *sources)
{
    poolgrad_problem problem;
    poolgrad_buffer *dx;
    poolgrad_error error;
    const poolgrad_const_image *x = &sources[0];
    const poolgrad_image like = poolgrad_image_dense(NULL, x->format, x->layout, x->images, x->channels, x->height,
                                                     x->width);
    example_check(poolgrad_buffer_create(&like, NULL, &dx, &error), &error);
    poolgrad_problem_init(&problem, sizeof problem);
    problem.direction = POOLGRAD_GRADIENT;
    problem.kind = l->type == POOLGRAD_FILTER_POOLING_AVERAGE  ? POOLGRAD_AVERAGE
                   : l->type == POOLGRAD_FILTER_POOLING_L2NORM ? POOLGRAD_L2NORM
                                                               : POOLGRAD_MAX;
    problem.window = (poolgrad_window){l->size, l->size, 1, l->stride, l->stride, 1, l->dilation, l->dilation, 1};
    problem.source = sources[0];
    problem.source_gradient = sources[1];
    problem.destination = *poolgrad_buffer_image(dx);
    const poolgrad_pads pads = {.left = l->pad, .top = l->pad, .right = l->pad, .bottom = l->pad};
    example_check(poolgrad_problem_set_pads(&problem, &pads, POOLGRAD_ROUND_DOWN, &error), &error);
    example_check(poolgrad_run(&problem, &error), &error);
    return dx;
}

static bool results_agree(const layer *l, poolgrad_network *network, poolgrad_filter_node *made,
                          poolgrad_filter_node *by_hand)
{
    poolgrad_const_image sources[] = {example_read(l->folder, "source"), example_read(l->folder, "source_gradient")};
    poolgrad_const_image expected = example_read(l->folder, "destination_gradient");
    poolgrad_buffer *buffer[] = {encode(network, made, sources), encode(network, by_hand, sources),
                                 run_problem(l, sources)};
    const poolgrad_const_image *dx = poolgrad_buffer_const_image(buffer[1]);
    bool good = example_agree("by hand, and made from the forward node", dx, poolgrad_buffer_const_image(buffer[0]), 0);
    good = example_expect(poolgrad_buffer_equal(buffer[0], buffer[1]), "the buffers are equal") && good;
    good = example_agree("by hand, and a problem without nodes", dx, poolgrad_buffer_const_image(buffer[2]), 0) && good;
    good = example_agree("by hand, and PyTorch", dx, &expected, l->ulp) && good;
    for (int i = 0; i < 3; i++) poolgrad_buffer_destroy(buffer[i]);
    example_free(&expected);
    for (int i = 0; i < 2; i++) example_free(&sources[i]);
    return good;
}

static bool agrees(const layer *l)
{
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    poolgrad_filter_node *pool = add_pooling(network, x, l);
    poolgrad_padding_policy one = poolgrad_padding_policy_custom(POOLGRAD_PADDING_SIZE_SAME, pad_by_one, NULL);
    if (l->custom) poolgrad_filter_node_set_padding_policy(pool, &one);

    poolgrad_image_node *dy = poolgrad_image_node_create(network, "dy");
    poolgrad_filter_node *made = poolgrad_filter_node_gradient_filter_with_source(pool, dy);
    arguments right = arguments_for(pool, dy);
    poolgrad_filter_node *by_hand = add_gradient(network, l->type, &right);
    printf("%s\n", l->folder);
    example_describe_filter_node(by_hand);
    bool good = example_expect(poolgrad_filter_node_equal(made, by_hand), "both nodes are equal");
    good = example_expect(poolgrad_filter_node_hash(made) == poolgrad_filter_node_hash(by_hand), "and have one hash") &&
           good;
    good = others_differ(network, made, l->type, &right) && good;
    good = results_agree(l, network, made, by_hand) && good;
    poolgrad_network_destroy(network);
    return good;
}

int main(void)
{
    bool good = true;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) good = agrees(&layers[i]) && good;
    return good ? 0 : 1;
}
