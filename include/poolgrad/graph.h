/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad's neural network graph: the nodes and the graph of Metal Performance Shaders' MPSNN classes, as far as
 * pooling goes. docs/nodes.md shows MPS code beside this, docs/mapping.md has a row for each name.
 *
 * Synopsis
 * --------
 *     #include <poolgrad/graph.h>
 *
 *     poolgrad_network *network = poolgrad_network_create();
 *     poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
 *     poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size_and_stride(network, x, 3, 2);
 *     poolgrad_image_node *dy = poolgrad_image_node_create(network, "dy");
 *     poolgrad_filter_node *back = poolgrad_filter_node_gradient_filter_with_source(pool, dy);
 *
 *     poolgrad_graph *graph;
 *     if (poolgrad_graph_create(network, poolgrad_filter_node_result_image(back), 1, &graph, &error) != POOLGRAD_OK)
 *         puts(error.message);                         // also what went wrong while nodes were made
 *     poolgrad_network_destroy(network);               // a graph holds all it needs
 *     poolgrad_const_image sources[] = {image, gradient};  // in the order of the handles: "x", "dy"
 *     poolgrad_buffer *dx;
 *     poolgrad_graph_encode_source_images(graph, NULL, sources, 2, &dx, &error);
 *
 * Nodes describe; nothing is computed, and no image allocated, until a graph is encoded. Ownership is as stated in
 * mps.h. The source gradient is the gradient of a loss with respect to a filter's result, one element for each element
 * of the result: what a gradient filter reads to make the gradient with respect to the filter's source.
 *
 * Functions that make nodes, or set something that may be refused or needs memory, return no status. The first error of
 * a network stays with it; every later call that would make a node of this network returns null, and
 * poolgrad_graph_create refuses with that error. So a network is built without looking, and asked once. A null node or
 * graph is accepted by every function and has no properties. Numbers such as kernel sizes are checked when a graph is
 * made.
 *
 * Functions that return a count or an index: 0 says that there is none, -1 that there is an error or no such thing to
 * be counted.
 *
 * Refusals name the node by its label: `node "pool1": stride_in_pixels_x is 0; expected 1 to 2^61`; one without a label
 * by its class and its place among the network's filters, `pooling_max_node 3`, an image by its handle or its filter.
 *
 * Threads: functions that make or change nodes write to the network. A graph is read by encoding only, so that any
 * number of calls may encode it at once.
 */
#ifndef POOLGRAD_GRAPH_H
#define POOLGRAD_GRAPH_H

#include <poolgrad/mps.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct poolgrad_network poolgrad_network;
typedef struct poolgrad_image_node poolgrad_image_node;
typedef struct poolgrad_state_node poolgrad_state_node;
typedef struct poolgrad_filter_node poolgrad_filter_node;
typedef struct poolgrad_graph poolgrad_graph;

/* ---- Networks: the owners of nodes ----------------------------------------------------------------------------- */

/* Null where memory is lacking; the functions below then return null in turn, and poolgrad_graph_create says why. */
POOLGRAD_API poolgrad_network *poolgrad_network_create(void);
POOLGRAD_API void poolgrad_network_destroy(poolgrad_network *network);

/* All nodes, with equal properties and connected alike. Refuses for a network that has an error. */
POOLGRAD_API poolgrad_status poolgrad_network_copy(const poolgrad_network *network, poolgrad_network **copy,
                                                   poolgrad_error *error);

/* The first error since the network was made or cleared. */
POOLGRAD_API poolgrad_status poolgrad_network_status(const poolgrad_network *network, poolgrad_error *error);
POOLGRAD_API void poolgrad_network_clear_error(poolgrad_network *network);

/* Filters in the order they were made. */
POOLGRAD_API int64_t poolgrad_network_filter_count(const poolgrad_network *network);
POOLGRAD_API poolgrad_filter_node *poolgrad_network_filter(const poolgrad_network *network, int64_t index);

/* Networks are equal that have the same nodes in the same order, whose sources are in the same places. */
POOLGRAD_API int poolgrad_network_equal(const poolgrad_network *a, const poolgrad_network *b);
POOLGRAD_API uint64_t poolgrad_network_hash(const poolgrad_network *network);
POOLGRAD_API size_t poolgrad_network_description(const poolgrad_network *network, char *text, size_t size);
POOLGRAD_API size_t poolgrad_network_debug_description(const poolgrad_network *network, char *text, size_t size);

/* ---- MPSNNImageNode --------------------------------------------------------------------------------------------- */

/* initWithHandle:, nodeWithHandle:. An image that is given to the graph. The handle is a name, and may be null. */
POOLGRAD_API poolgrad_image_node *poolgrad_image_node_create(poolgrad_network *network, const char *handle);

/* exportedNodeWithHandle: the same with export_from_graph set: encoding hands out a copy. */
POOLGRAD_API poolgrad_image_node *poolgrad_image_node_create_exported(poolgrad_network *network, const char *handle);

/* A node of the same network with equal properties. Copying a result copies its filter. */
POOLGRAD_API poolgrad_image_node *poolgrad_image_node_copy(const poolgrad_image_node *node);

/* The filter whose result it is; null for an image that is given to the graph. */
POOLGRAD_API poolgrad_filter_node *poolgrad_image_node_producer(const poolgrad_image_node *node);

/* handle; null. */
POOLGRAD_API const char *poolgrad_image_node_handle(const poolgrad_image_node *node);
POOLGRAD_API void poolgrad_image_node_set_handle(poolgrad_image_node *node, const char *handle);

/* format. A source image: the graph takes only images of this format, or of any format with POOLGRAD_FORMAT_NONE. A
 * result with POOLGRAD_FORMAT_NONE has the format of the first image that its filter reads: the way leads back from
 * filter to filter, to a format that is set or to a source image. float32 stands in place of a unorm format, and the
 * graph's format in place of none. The getter follows the same way, and returns none where the way ends in none. */
POOLGRAD_API poolgrad_format poolgrad_image_node_format(const poolgrad_image_node *node);
POOLGRAD_API void poolgrad_image_node_set_format(poolgrad_image_node *node, poolgrad_format format);

/* imageAllocator: makes this image. All null: intermediate images share the graph's memory, exported ones and results
 * get memory of the C library. */
POOLGRAD_API poolgrad_image_allocator poolgrad_image_node_image_allocator(const poolgrad_image_node *node);
POOLGRAD_API void poolgrad_image_node_set_image_allocator(poolgrad_image_node *node,
                                                          poolgrad_image_allocator allocator);

/* exportFromGraph; 0. 1: encoding hands the image out, among the intermediate images. */
POOLGRAD_API int poolgrad_image_node_export_from_graph(const poolgrad_image_node *node);
POOLGRAD_API void poolgrad_image_node_set_export_from_graph(poolgrad_image_node *node, int export_from_graph);

/* synchronizeResource; 0. Kept, of no effect: there is one memory. */
POOLGRAD_API int poolgrad_image_node_synchronize_resource(const poolgrad_image_node *node);
POOLGRAD_API void poolgrad_image_node_set_synchronize_resource(poolgrad_image_node *node, int synchronize_resource);

/* stopGradient; 0. 1: training graphs end here: the gradient for this image is made, none for what it is made from. */
POOLGRAD_API int poolgrad_image_node_stop_gradient(const poolgrad_image_node *node);
POOLGRAD_API void poolgrad_image_node_set_stop_gradient(poolgrad_image_node *node, int stop_gradient);

/* Equality of nodes, here and of state and filter nodes: all properties are equal, and the sources are the very same
 * nodes. Results are equal that have the same place in equal filters. */
POOLGRAD_API int poolgrad_image_node_equal(const poolgrad_image_node *a, const poolgrad_image_node *b);
POOLGRAD_API uint64_t poolgrad_image_node_hash(const poolgrad_image_node *node);
POOLGRAD_API size_t poolgrad_image_node_description(const poolgrad_image_node *node, char *text, size_t size);
POOLGRAD_API size_t poolgrad_image_node_debug_description(const poolgrad_image_node *node, char *text, size_t size);

/* ---- MPSNNStateNode, MPSNNGradientStateNode -------------------------------------------------------------------- */

/* Beyond MPS, whose state nodes all come from filters: a state that is given to the graph, as one that another graph
 * exported or a kernel made. Lets forward and gradient be graphs of their own. */
POOLGRAD_API poolgrad_state_node *poolgrad_gradient_state_node_create(poolgrad_network *network, const char *handle);

/* init: unavailable, an error that says so. Returns null. */
POOLGRAD_API poolgrad_state_node *poolgrad_state_node_create(poolgrad_network *network);

POOLGRAD_API poolgrad_state_node *poolgrad_state_node_copy(const poolgrad_state_node *node);
POOLGRAD_API poolgrad_filter_node *poolgrad_state_node_producer(const poolgrad_state_node *node);

/* 1: it is an MPSNNGradientStateNode, as all states of pooling are. */
POOLGRAD_API int poolgrad_state_node_is_gradient_state(const poolgrad_state_node *node);

/* handle, null; exportFromGraph, 0: 1 hands the state out among the result states; synchronizeResource, of no effect.
 */
POOLGRAD_API const char *poolgrad_state_node_handle(const poolgrad_state_node *node);
POOLGRAD_API void poolgrad_state_node_set_handle(poolgrad_state_node *node, const char *handle);
POOLGRAD_API int poolgrad_state_node_export_from_graph(const poolgrad_state_node *node);
POOLGRAD_API void poolgrad_state_node_set_export_from_graph(poolgrad_state_node *node, int export_from_graph);
POOLGRAD_API int poolgrad_state_node_synchronize_resource(const poolgrad_state_node *node);
POOLGRAD_API void poolgrad_state_node_set_synchronize_resource(poolgrad_state_node *node, int synchronize_resource);

POOLGRAD_API int poolgrad_state_node_equal(const poolgrad_state_node *a, const poolgrad_state_node *b);
POOLGRAD_API uint64_t poolgrad_state_node_hash(const poolgrad_state_node *node);
POOLGRAD_API size_t poolgrad_state_node_description(const poolgrad_state_node *node, char *text, size_t size);
POOLGRAD_API size_t poolgrad_state_node_debug_description(const poolgrad_state_node *node, char *text, size_t size);

/* ---- MPSNNFilterNode: what all filters have --------------------------------------------------------------------- */

typedef enum poolgrad_filter_type {
    POOLGRAD_FILTER_NONE = 0, /* of a null node */
    POOLGRAD_FILTER_POOLING_AVERAGE = 1,
    POOLGRAD_FILTER_POOLING_MAX = 2,
    POOLGRAD_FILTER_POOLING_L2NORM = 3,
    POOLGRAD_FILTER_DILATED_POOLING_MAX = 4,
    POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT = 5,
    POOLGRAD_FILTER_POOLING_MAX_GRADIENT = 6,
    POOLGRAD_FILTER_POOLING_L2NORM_GRADIENT = 7,
    POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT = 8,
    POOLGRAD_FILTER_ADDITION = 9,
    POOLGRAD_FILTER_ADDITION_GRADIENT = 10 /* hands its source gradient on */
} poolgrad_filter_type;

POOLGRAD_API poolgrad_filter_type poolgrad_filter_node_type(const poolgrad_filter_node *node);

/* "pooling_max_node" and so on; null for a value that is none. */
POOLGRAD_API const char *poolgrad_filter_type_name(poolgrad_filter_type type);

/* 1 for MPSNNGradientFilterNode and what is below it, 1 for MPSCNNPoolingNode and what is below it. */
POOLGRAD_API int poolgrad_filter_node_is_gradient(const poolgrad_filter_node *node);
POOLGRAD_API int poolgrad_filter_node_is_pooling(const poolgrad_filter_node *node);

/* init: unavailable, an error that says so. Returns null. */
POOLGRAD_API poolgrad_filter_node *poolgrad_filter_node_create(poolgrad_network *network);

/* A filter of the same type and properties that reads the same nodes. */
POOLGRAD_API poolgrad_filter_node *poolgrad_filter_node_copy(const poolgrad_filter_node *node);

POOLGRAD_API int poolgrad_filter_node_equal(const poolgrad_filter_node *a, const poolgrad_filter_node *b);
POOLGRAD_API uint64_t poolgrad_filter_node_hash(const poolgrad_filter_node *node);
POOLGRAD_API size_t poolgrad_filter_node_description(const poolgrad_filter_node *node, char *text, size_t size);
POOLGRAD_API size_t poolgrad_filter_node_debug_description(const poolgrad_filter_node *node, char *text, size_t size);

/* What it reads, in order: of a gradient node the source gradient, then the source image. */
POOLGRAD_API int64_t poolgrad_filter_node_source_image_count(const poolgrad_filter_node *node);
POOLGRAD_API poolgrad_image_node *poolgrad_filter_node_source_image(const poolgrad_filter_node *node, int64_t index);
POOLGRAD_API int64_t poolgrad_filter_node_source_state_count(const poolgrad_filter_node *node);
POOLGRAD_API poolgrad_state_node *poolgrad_filter_node_source_state(const poolgrad_filter_node *node, int64_t index);

/* resultImage, resultState, resultStates. Forward pooling nodes have one state, a gradient state; others have none. */
POOLGRAD_API poolgrad_image_node *poolgrad_filter_node_result_image(const poolgrad_filter_node *node);
POOLGRAD_API poolgrad_state_node *poolgrad_filter_node_result_state(const poolgrad_filter_node *node);
POOLGRAD_API int64_t poolgrad_filter_node_result_state_count(const poolgrad_filter_node *node);
POOLGRAD_API poolgrad_state_node *poolgrad_filter_node_result_state_at(const poolgrad_filter_node *node, int64_t index);

/* paddingPolicy. Null resets the default. Addition nodes and dilated max gradient nodes take none: an error. */
POOLGRAD_API poolgrad_padding_policy poolgrad_filter_node_padding_policy(const poolgrad_filter_node *node);
POOLGRAD_API void poolgrad_filter_node_set_padding_policy(poolgrad_filter_node *node,
                                                          const poolgrad_padding_policy *policy);

/* label; null. */
POOLGRAD_API const char *poolgrad_filter_node_label(const poolgrad_filter_node *node);
POOLGRAD_API void poolgrad_filter_node_set_label(poolgrad_filter_node *node, const char *label);

/* kernelWidth, kernelHeight, strideInPixelsX, strideInPixelsY, dilationRateX, dilationRateY: read only. 0 for addition
 * nodes. Dilation is 1 but for dilated max. */
POOLGRAD_API int64_t poolgrad_filter_node_kernel_width(const poolgrad_filter_node *node);
POOLGRAD_API int64_t poolgrad_filter_node_kernel_height(const poolgrad_filter_node *node);
POOLGRAD_API int64_t poolgrad_filter_node_stride_in_pixels_x(const poolgrad_filter_node *node);
POOLGRAD_API int64_t poolgrad_filter_node_stride_in_pixels_y(const poolgrad_filter_node *node);
POOLGRAD_API int64_t poolgrad_filter_node_dilation_rate_x(const poolgrad_filter_node *node);
POOLGRAD_API int64_t poolgrad_filter_node_dilation_rate_y(const poolgrad_filter_node *node);

/* Beyond MPS, as in poolgrad_problem; gradient filters made from a node inherit them. Defaults first, first, float32.
 * Of pooling nodes and their gradients; others refuse. Frozen, as rules are passed by value: a further rule becomes a
 * property of nodes with functions of its own. */
typedef struct poolgrad_node_rules {
    poolgrad_tie_rule ties;
    poolgrad_nan_rule nan;
    poolgrad_accumulator accumulator;
} poolgrad_node_rules;

POOLGRAD_API poolgrad_node_rules poolgrad_filter_node_rules(const poolgrad_filter_node *node);
POOLGRAD_API void poolgrad_filter_node_set_rules(poolgrad_filter_node *node, poolgrad_node_rules rules);

/* Beyond MPS, of max and dilated max: 1: the result state holds the picked taps, so that the gradient does not look for
 * them again; the bits are the same. Default 0. Others refuse. */
POOLGRAD_API int poolgrad_filter_node_saves_argmax(const poolgrad_filter_node *node);
POOLGRAD_API void poolgrad_filter_node_set_saves_argmax(poolgrad_filter_node *node, int saves_argmax);

/* gradientFilterWithSource:, gradientFilterWithSources: the filter that makes the gradient of the source from the
 * gradient of the result; the array holds this one gradient. The new filter's padding policy is the inverse of the
 * node's. An error on gradient nodes, and on addition nodes, which have several gradient filters. */
POOLGRAD_API poolgrad_filter_node *
poolgrad_filter_node_gradient_filter_with_source(poolgrad_filter_node *node, poolgrad_image_node *source_gradient);
POOLGRAD_API poolgrad_filter_node *
poolgrad_filter_node_gradient_filter_with_sources(poolgrad_filter_node *node,
                                                  poolgrad_image_node *const *source_gradients, int64_t count);

/* gradientFiltersWithSource:, gradientFiltersWithSources: one for each image the node reads. Writes at most `capacity`
 * of them to `filters`, and returns how many were made; -1: none, for the network has an error. Unavailable on gradient
 * nodes: an error. */
POOLGRAD_API int64_t poolgrad_filter_node_gradient_filters_with_source(poolgrad_filter_node *node,
                                                                       poolgrad_image_node *source_gradient,
                                                                       poolgrad_filter_node **filters,
                                                                       int64_t capacity);
POOLGRAD_API int64_t poolgrad_filter_node_gradient_filters_with_sources(poolgrad_filter_node *node,
                                                                        poolgrad_image_node *const *source_gradients,
                                                                        int64_t count, poolgrad_filter_node **filters,
                                                                        int64_t capacity);

/*
 * Called for each node that a training graph makes. The handler may set properties of the new node.
 *   gradient_node     the new node: a gradient filter, or an addition node that was inserted
 *   inference_node    the filter whose gradient it is; null for an addition node
 *   inference_source  the image whose gradient the new node makes
 *   gradient_source   the gradient that the new node reads, of an addition node the first one
 * To return 0 goes on. Any other value ends the walk at this node: nothing is made for what lies before it.
 */
typedef int (*poolgrad_gradient_node_handler)(void *context, poolgrad_filter_node *gradient_node,
                                              poolgrad_filter_node *inference_node,
                                              poolgrad_image_node *inference_source,
                                              poolgrad_image_node *gradient_source);

/*
 * trainingGraphWithSourceGradient:nodeHandler: makes the gradient filters of the node and of all filters before it,
 * back to the images given to the graph and to those with stop_gradient. Where several of these filters read one image,
 * an addition node sums their gradients, in the order the filters were made. Null for `source_gradient` stands for the
 * node's own result image. Null for `handler` gives each gradient the handle of its image. Gradient filters on the way
 * are not walked through. Returns how many last nodes there are (those whose results no new node reads) and writes at
 * most `capacity` of them to `last`, in the order they were made, and nulls behind them. 0: none was made, because no
 * image on the way has a gradient. -1: an error of the network. Nothing is made then: nodes that a handler was shown,
 * or has made, can still be read until the network is destroyed, but no function takes them as sources or results.
 */
POOLGRAD_API int64_t poolgrad_filter_node_training_graph_with_source_gradient(
    poolgrad_filter_node *node, poolgrad_image_node *source_gradient, poolgrad_gradient_node_handler handler,
    void *context, poolgrad_filter_node **last, int64_t capacity);

/* The same for several ends at once, as of parallel poolings of one image: one gradient for each node; a null one
 * stands for that node's result image. */
POOLGRAD_API int64_t poolgrad_training_graph(poolgrad_network *network, poolgrad_filter_node *const *nodes,
                                             poolgrad_image_node *const *source_gradients, int64_t count,
                                             poolgrad_gradient_node_handler handler, void *context,
                                             poolgrad_filter_node **last, int64_t capacity);

/* ---- Forward pooling nodes: MPSCNNPoolingNode, MPSCNNDilatedPoolingMaxNode --------------------------------------- */

/* Edge mode is clamp; the padding policy poolgrad_padding_policy_default. nodeWith… and initWith… are one function. */

/* initWithSource:kernelWidth:kernelHeight:strideInPixelsX:strideInPixelsY: */
POOLGRAD_API poolgrad_filter_node *
poolgrad_pooling_average_node_create(poolgrad_network *network, poolgrad_image_node *source, int64_t kernel_width,
                                     int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y);
POOLGRAD_API poolgrad_filter_node *poolgrad_pooling_max_node_create(poolgrad_network *network,
                                                                    poolgrad_image_node *source, int64_t kernel_width,
                                                                    int64_t kernel_height, int64_t stride_in_pixels_x,
                                                                    int64_t stride_in_pixels_y);
POOLGRAD_API poolgrad_filter_node *
poolgrad_pooling_l2norm_node_create(poolgrad_network *network, poolgrad_image_node *source, int64_t kernel_width,
                                    int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y);

/* …WithSource:filterSize:, kernel and stride are the size. */
POOLGRAD_API poolgrad_filter_node *poolgrad_pooling_average_node_create_with_filter_size(poolgrad_network *network,
                                                                                         poolgrad_image_node *source,
                                                                                         int64_t filter_size);
POOLGRAD_API poolgrad_filter_node *poolgrad_pooling_max_node_create_with_filter_size(poolgrad_network *network,
                                                                                     poolgrad_image_node *source,
                                                                                     int64_t filter_size);
POOLGRAD_API poolgrad_filter_node *poolgrad_pooling_l2norm_node_create_with_filter_size(poolgrad_network *network,
                                                                                        poolgrad_image_node *source,
                                                                                        int64_t filter_size);

/* …WithSource:filterSize:stride: */
POOLGRAD_API poolgrad_filter_node *
poolgrad_pooling_average_node_create_with_filter_size_and_stride(poolgrad_network *network, poolgrad_image_node *source,
                                                                 int64_t filter_size, int64_t stride);
POOLGRAD_API poolgrad_filter_node *
poolgrad_pooling_max_node_create_with_filter_size_and_stride(poolgrad_network *network, poolgrad_image_node *source,
                                                             int64_t filter_size, int64_t stride);
POOLGRAD_API poolgrad_filter_node *
poolgrad_pooling_l2norm_node_create_with_filter_size_and_stride(poolgrad_network *network, poolgrad_image_node *source,
                                                                int64_t filter_size, int64_t stride);

/* initWithSource:kernelWidth:kernelHeight:strideInPixelsX:strideInPixelsY:dilationRateX:dilationRateY: */
POOLGRAD_API poolgrad_filter_node *
poolgrad_dilated_pooling_max_node_create(poolgrad_network *network, poolgrad_image_node *source, int64_t kernel_width,
                                         int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y,
                                         int64_t dilation_rate_x, int64_t dilation_rate_y);

/* …WithSource:filterSize:, kernel, stride and dilation are the size; …WithSource:filterSize:stride:dilationRate: */
POOLGRAD_API poolgrad_filter_node *
poolgrad_dilated_pooling_max_node_create_with_filter_size(poolgrad_network *network, poolgrad_image_node *source,
                                                          int64_t filter_size);
POOLGRAD_API poolgrad_filter_node *poolgrad_dilated_pooling_max_node_create_with_filter_size_stride_and_dilation_rate(
    poolgrad_network *network, poolgrad_image_node *source, int64_t filter_size, int64_t stride, int64_t dilation_rate);

/* ---- Gradient nodes: MPSCNNPoolingGradientNode, MPSCNNDilatedPoolingMaxGradientNode ------------------------------ */

/* initWithSourceGradient:sourceImage:gradientState:kernelWidth:kernelHeight:strideInPixelsX:strideInPixelsY:
 * paddingPolicy: the policy may be null, which is the default one. The result has the source image's size, +0 where
 * nothing contributes. */
POOLGRAD_API poolgrad_filter_node *poolgrad_pooling_average_gradient_node_create(
    poolgrad_network *network, poolgrad_image_node *source_gradient, poolgrad_image_node *source_image,
    poolgrad_state_node *gradient_state, int64_t kernel_width, int64_t kernel_height, int64_t stride_in_pixels_x,
    int64_t stride_in_pixels_y, const poolgrad_padding_policy *padding_policy);
POOLGRAD_API poolgrad_filter_node *
poolgrad_pooling_max_gradient_node_create(poolgrad_network *network, poolgrad_image_node *source_gradient,
                                          poolgrad_image_node *source_image, poolgrad_state_node *gradient_state,
                                          int64_t kernel_width, int64_t kernel_height, int64_t stride_in_pixels_x,
                                          int64_t stride_in_pixels_y, const poolgrad_padding_policy *padding_policy);
POOLGRAD_API poolgrad_filter_node *
poolgrad_pooling_l2norm_gradient_node_create(poolgrad_network *network, poolgrad_image_node *source_gradient,
                                             poolgrad_image_node *source_image, poolgrad_state_node *gradient_state,
                                             int64_t kernel_width, int64_t kernel_height, int64_t stride_in_pixels_x,
                                             int64_t stride_in_pixels_y, const poolgrad_padding_policy *padding_policy);

/* The same with dilationRateX:dilationRateY:, and without a policy. */
POOLGRAD_API poolgrad_filter_node *poolgrad_dilated_pooling_max_gradient_node_create(
    poolgrad_network *network, poolgrad_image_node *source_gradient, poolgrad_image_node *source_image,
    poolgrad_state_node *gradient_state, int64_t kernel_width, int64_t kernel_height, int64_t stride_in_pixels_x,
    int64_t stride_in_pixels_y, int64_t dilation_rate_x, int64_t dilation_rate_y);

/* ---- MPSNNAdditionNode ------------------------------------------------------------------------------------------ */

/* The sum of at least two images of equal sizes, from +0 on in the given order. After each addition the sum is rounded
 * to the result's format; an addition is in float64 where an image or the result is, else in float32. */
POOLGRAD_API poolgrad_filter_node *poolgrad_addition_node_create(poolgrad_network *network,
                                                                 poolgrad_image_node *const *sources, int64_t count);

/* ---- MPSNNGraph ------------------------------------------------------------------------------------------------- */

/*
 * initWithDevice:resultImage:resultImageIsNeeded:. A graph of the filters that the result depends on; the node may be
 * interior to a larger network, and filters that do not feed it are left out. A result that is not needed is not
 * returned, and filters are left out that neither export something nor feed one that does.
 */
POOLGRAD_API poolgrad_status poolgrad_graph_create(poolgrad_network *network, poolgrad_image_node *result_image,
                                                   int result_image_is_needed, poolgrad_graph **graph,
                                                   poolgrad_error *error);

/* initWithDevice:resultImages:resultsAreNeeded: the first result is returned by encode, the others are among the
 * intermediate images. `results_are_needed` may be null: all are. */
POOLGRAD_API poolgrad_status poolgrad_graph_create_with_result_images(poolgrad_network *network,
                                                                      poolgrad_image_node *const *result_images,
                                                                      const int *results_are_needed, int64_t count,
                                                                      poolgrad_graph **graph, poolgrad_error *error);

POOLGRAD_API poolgrad_status poolgrad_graph_copy(const poolgrad_graph *graph, poolgrad_graph **copy,
                                                 poolgrad_error *error);
POOLGRAD_API void poolgrad_graph_destroy(poolgrad_graph *graph);

/* Graphs are equal in their properties and results, with equal networks. The description of a graph has a line for each
 * of its filters below the first one. */
POOLGRAD_API int poolgrad_graph_equal(const poolgrad_graph *a, const poolgrad_graph *b);
POOLGRAD_API uint64_t poolgrad_graph_hash(const poolgrad_graph *graph);
POOLGRAD_API size_t poolgrad_graph_description(const poolgrad_graph *graph, char *text, size_t size);
POOLGRAD_API size_t poolgrad_graph_debug_description(const poolgrad_graph *graph, char *text, size_t size);

/* sourceImageHandles, sourceStateHandles, intermediateImageHandles, resultStateHandles: what encode takes and gives, in
 * this order: given nodes before results of filters, each in the order they were made. A handle may be null; null also
 * for an index that is none. Intermediate images are those that are exported, and the needed results but the first. The
 * format of a source image is that of its node: none where any will do, and for an index that is none. */
POOLGRAD_API int64_t poolgrad_graph_source_image_count(const poolgrad_graph *graph);
POOLGRAD_API const char *poolgrad_graph_source_image_handle(const poolgrad_graph *graph, int64_t index);
POOLGRAD_API poolgrad_format poolgrad_graph_source_image_format(const poolgrad_graph *graph, int64_t index);
POOLGRAD_API int64_t poolgrad_graph_source_state_count(const poolgrad_graph *graph);
POOLGRAD_API const char *poolgrad_graph_source_state_handle(const poolgrad_graph *graph, int64_t index);
POOLGRAD_API int64_t poolgrad_graph_intermediate_image_count(const poolgrad_graph *graph);
POOLGRAD_API const char *poolgrad_graph_intermediate_image_handle(const poolgrad_graph *graph, int64_t index);
POOLGRAD_API int64_t poolgrad_graph_result_state_count(const poolgrad_graph *graph);
POOLGRAD_API const char *poolgrad_graph_result_state_handle(const poolgrad_graph *graph, int64_t index);

/* resultHandle, resultImageIsNeeded. */
POOLGRAD_API const char *poolgrad_graph_result_handle(const poolgrad_graph *graph);
POOLGRAD_API int poolgrad_graph_result_image_is_needed(const poolgrad_graph *graph);

/* outputStateIsTemporary; 0. Kept, of no effect: states that encode returns are always the caller's. */
POOLGRAD_API int poolgrad_graph_output_state_is_temporary(const poolgrad_graph *graph);
POOLGRAD_API void poolgrad_graph_set_output_state_is_temporary(poolgrad_graph *graph, int output_state_is_temporary);

/* destinationImageAllocator: makes the result image, in place of the allocator of its node, unless all null. */
POOLGRAD_API poolgrad_image_allocator poolgrad_graph_destination_image_allocator(const poolgrad_graph *graph);
POOLGRAD_API void poolgrad_graph_set_destination_image_allocator(poolgrad_graph *graph,
                                                                 poolgrad_image_allocator allocator);

/* format: of results whose nodes lead to none; float16, as in MPS. A format that results cannot have is refused. */
POOLGRAD_API poolgrad_format poolgrad_graph_format(const poolgrad_graph *graph);
POOLGRAD_API poolgrad_status poolgrad_graph_set_format(poolgrad_graph *graph, poolgrad_format format,
                                                       poolgrad_error *error);

/* readCountForSourceImageAtIndex:, readCountForSourceStateAtIndex: how many filters of the graph read the source; -1
 * for an index that is none. */
POOLGRAD_API int64_t poolgrad_graph_read_count_for_source_image(const poolgrad_graph *graph, int64_t index);
POOLGRAD_API int64_t poolgrad_graph_read_count_for_source_state(const poolgrad_graph *graph, int64_t index);

/* Bytes that one encoding takes for images and picked taps between the filters: those that no caller gets. Frozen: two
 * sums are all that is promised about memory. */
typedef struct poolgrad_graph_memory {
    int64_t peak;         /* allocated at once: images use the memory of others that are no longer read */
    int64_t intermediate; /* the sum of all: what they would take side by side */
} poolgrad_graph_memory;

/*
 * What encoding would give for sources of these sizes, formats and layouts (data may be null), without running:
 * descriptors of the result image and of the intermediate images, and memory. Each of the three may be null. Custom
 * padding policies are called.
 */
POOLGRAD_API poolgrad_status poolgrad_graph_result_sizes(
    const poolgrad_graph *graph, const poolgrad_const_image *source_images, int64_t source_image_count,
    poolgrad_state *const *source_states, int64_t source_state_count, poolgrad_image *result,
    poolgrad_image *intermediate_images, poolgrad_graph_memory *memory, poolgrad_error *error);

/*
 * encodeToCommandBuffer:sourceImages:sourceStates:intermediateImages:destinationStates:. Runs the graph, and returns
 * when it is done. Sources in the order of their handles. `result` gets the result image, null if it is not needed;
 * `intermediate_images` and `destination_states`, arrays as long as their handles, may be null: what they would get is
 * then not kept. All that is returned belongs to the caller. Everything that can be refused is refused before the first
 * filter runs. The memory of images between filters stays with the graph for its next encoding.
 */
POOLGRAD_API poolgrad_status poolgrad_graph_encode(const poolgrad_graph *graph, const poolgrad_context *context,
                                                   const poolgrad_const_image *source_images,
                                                   int64_t source_image_count, poolgrad_state *const *source_states,
                                                   int64_t source_state_count, poolgrad_buffer **result,
                                                   poolgrad_buffer **intermediate_images,
                                                   poolgrad_state **destination_states, poolgrad_error *error);

/* encodeToCommandBuffer:sourceImages: of a graph that takes no states. */
POOLGRAD_API poolgrad_status poolgrad_graph_encode_source_images(const poolgrad_graph *graph,
                                                                 const poolgrad_context *context,
                                                                 const poolgrad_const_image *source_images,
                                                                 int64_t source_image_count, poolgrad_buffer **result,
                                                                 poolgrad_error *error);

/* encodeBatchToCommandBuffer:…, both. `batch` encodings one after the other: source_images[i] is an array of `batch`
 * images for handle i, source_states, intermediate_images and destination_states likewise; `results` has room for
 * `batch` buffers. If one fails nothing is returned; refusals say which. */
POOLGRAD_API poolgrad_status poolgrad_graph_encode_batch(
    const poolgrad_graph *graph, const poolgrad_context *context, int64_t batch,
    const poolgrad_const_image *const *source_images, int64_t source_image_count,
    poolgrad_state *const *const *source_states, int64_t source_state_count, poolgrad_buffer **results,
    poolgrad_buffer **const *intermediate_images, poolgrad_state **const *destination_states, poolgrad_error *error);
POOLGRAD_API poolgrad_status poolgrad_graph_encode_batch_source_images(const poolgrad_graph *graph,
                                                                       const poolgrad_context *context, int64_t batch,
                                                                       const poolgrad_const_image *const *source_images,
                                                                       int64_t source_image_count,
                                                                       poolgrad_buffer **results,
                                                                       poolgrad_error *error);

/* executeAsyncWithSourceImages:completionHandler: runs as poolgrad_graph_encode_source_images does, on this thread,
 * then calls the handler once: with the result, which is the handler's to destroy, or with null and the error. The
 * handler may be null. */
typedef void (*poolgrad_graph_completion_handler)(void *context, poolgrad_buffer *result, const poolgrad_error *error);
POOLGRAD_API void poolgrad_graph_execute_async(const poolgrad_graph *graph, const poolgrad_context *context,
                                               const poolgrad_const_image *source_images, int64_t source_image_count,
                                               poolgrad_graph_completion_handler handler, void *handler_context);

#ifdef __cplusplus
}
#endif

#endif
