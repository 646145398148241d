/* SPDX-License-Identifier: Apache-2.0 */
/* Filters by their initializers, and the gradient filters of a filter. */
#include "graph/node.h"
#include "mps/kernel.h"

/* Gradient types follow the forward ones in the same order. */
enum { GRADIENT = POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT - POOLGRAD_FILTER_POOLING_AVERAGE };

/* ---- Forward ---------------------------------------------------------------------------------------------------- */

static poolgrad_filter_node *make_pooling(poolgrad_network *network, poolgrad_filter_type type,
                                          poolgrad_image_node *source, poolgrad_window window)
{
    return poolgrad_filter_make(network, type, &source, 1, NULL, &window);
}

#define FORWARD_NODES(name, type)                                                                                      \
    struct poolgrad_filter_node *poolgrad_pooling_##name##_node_create(                                                \
        poolgrad_network *network, poolgrad_image_node *source, int64_t kernel_width, int64_t kernel_height,           \
        int64_t stride_in_pixels_x, int64_t stride_in_pixels_y)                                                        \
    {                                                                                                                  \
        return make_pooling(                                                                                           \
            network, type, source,                                                                                     \
            poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1));         \
    }                                                                                                                  \
    poolgrad_filter_node *poolgrad_pooling_##name##_node_create_with_filter_size_and_stride(                           \
        poolgrad_network *network, poolgrad_image_node *source, int64_t filter_size, int64_t stride)                   \
    {                                                                                                                  \
        return poolgrad_pooling_##name##_node_create(network, source, filter_size, filter_size, stride, stride);       \
    }                                                                                                                  \
    poolgrad_filter_node *poolgrad_pooling_##name##_node_create_with_filter_size(                                      \
        poolgrad_network *network, poolgrad_image_node *source, int64_t filter_size)                                   \
    {                                                                                                                  \
        return poolgrad_pooling_##name##_node_create_with_filter_size_and_stride(network, source, filter_size,         \
                                                                                 filter_size);                         \
    }

FORWARD_NODES(average, POOLGRAD_FILTER_POOLING_AVERAGE)
FORWARD_NODES(max, POOLGRAD_FILTER_POOLING_MAX)
FORWARD_NODES(l2norm, POOLGRAD_FILTER_POOLING_L2NORM)

poolgrad_filter_node *poolgrad_dilated_pooling_max_node_create(poolgrad_network *network, poolgrad_image_node *source,
                                                               int64_t kernel_width, int64_t kernel_height,
                                                               int64_t stride_in_pixels_x, int64_t stride_in_pixels_y,
                                                               int64_t dilation_rate_x, int64_t dilation_rate_y)
{
    return make_pooling(network, POOLGRAD_FILTER_DILATED_POOLING_MAX, source,
                        poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y,
                                              dilation_rate_x, dilation_rate_y));
}

poolgrad_filter_node *poolgrad_dilated_pooling_max_node_create_with_filter_size_stride_and_dilation_rate(
    poolgrad_network *network, poolgrad_image_node *source, int64_t filter_size, int64_t stride, int64_t dilation_rate)
{
    return poolgrad_dilated_pooling_max_node_create(network, source, filter_size, filter_size, stride, stride,
                                                    dilation_rate, dilation_rate);
}

poolgrad_filter_node *poolgrad_dilated_pooling_max_node_create_with_filter_size(poolgrad_network *network,
                                                                                poolgrad_image_node *source,
                                                                                int64_t filter_size)
{
    return poolgrad_dilated_pooling_max_node_create_with_filter_size_stride_and_dilation_rate(
        network, source, filter_size, filter_size, filter_size);
}

/* ---- Gradients -------------------------------------------------------------------------------------------------- */

static poolgrad_filter_node *make_gradient(poolgrad_network *network, poolgrad_filter_type type,
                                           poolgrad_image_node *source_gradient, poolgrad_image_node *source_image,
                                           poolgrad_state_node *gradient_state, poolgrad_window window,
                                           const poolgrad_padding_policy *policy)
{
    poolgrad_image_node *const sources[] = {source_gradient, source_image};
    poolgrad_filter_node *node = poolgrad_filter_make(network, type, sources, 2, gradient_state, &window);
    if (node && policy) node->padding_policy = *policy;
    return node;
}

#define GRADIENT_NODE(name, type)                                                                                      \
    struct poolgrad_filter_node *poolgrad_pooling_##name##_gradient_node_create(                                       \
        poolgrad_network *network, poolgrad_image_node *source_gradient, poolgrad_image_node *source_image,            \
        poolgrad_state_node *gradient_state, int64_t kernel_width, int64_t kernel_height, int64_t stride_in_pixels_x,  \
        int64_t stride_in_pixels_y, const poolgrad_padding_policy *padding_policy)                                     \
    {                                                                                                                  \
        return make_gradient(                                                                                          \
            network, type, source_gradient, source_image, gradient_state,                                              \
            poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1),          \
            padding_policy);                                                                                           \
    }

GRADIENT_NODE(average, POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT)
GRADIENT_NODE(max, POOLGRAD_FILTER_POOLING_MAX_GRADIENT)
GRADIENT_NODE(l2norm, POOLGRAD_FILTER_POOLING_L2NORM_GRADIENT)

poolgrad_filter_node *poolgrad_dilated_pooling_max_gradient_node_create(
    poolgrad_network *network, poolgrad_image_node *source_gradient, poolgrad_image_node *source_image,
    poolgrad_state_node *gradient_state, int64_t kernel_width, int64_t kernel_height, int64_t stride_in_pixels_x,
    int64_t stride_in_pixels_y, int64_t dilation_rate_x, int64_t dilation_rate_y)
{
    return make_gradient(network, POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT, source_gradient, source_image,
                         gradient_state,
                         poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y,
                                               dilation_rate_x, dilation_rate_y),
                         NULL);
}

/* ---- Additions -------------------------------------------------------------------------------------------------- */

poolgrad_filter_node *poolgrad_addition_node_create(poolgrad_network *network, poolgrad_image_node *const *sources,
                                                    int64_t count)
{
    if (count >= 2 && sources) {
        return poolgrad_filter_make(network, POOLGRAD_FILTER_ADDITION, sources, count, NULL, NULL);
    }
    poolgrad_network_refuse(network, "sources", "of an addition_node are %lld; expected at least 2",
                            sources ? (long long)count : 0);
    return NULL;
}

/* ---- Gradient filters of a filter ------------------------------------------------------------------------------- */

/* Whether there are any; refuses otherwise. */
static bool check_gradient_filters(poolgrad_filter_node *node, const char *function, int64_t gradient_count, bool one)
{
    char name[POOLGRAD_NODE_NAME];
    if (!node) return false;
    poolgrad_filter_name(node, name);
    if (poolgrad_filter_node_is_gradient(node)) {
        poolgrad_network_refuse(node->network, function,
                                "is unavailable on %s, as it is on MPSNNGradientFilterNode; expected a forward filter",
                                name);
    } else if (one && node->type == POOLGRAD_FILTER_ADDITION) {
        poolgrad_network_refuse(node->network, function,
                                "is unavailable on %s, which has %lld gradient filters; expected gradient_filters",
                                name, (long long)node->source_count);
    } else if (gradient_count != 1) {
        poolgrad_network_refuse(node->network, function,
                                "of %s got %lld source gradients; expected 1, the filter has one result", name,
                                (long long)gradient_count);
    } else {
        return true;
    }
    return false;
}

/* The gradient filter that belongs to one source. */
static poolgrad_filter_node *make_gradient_of(poolgrad_filter_node *node, poolgrad_image_node *source_gradient)
{
    if (node->type == POOLGRAD_FILTER_ADDITION) {
        return poolgrad_filter_make(node->network, POOLGRAD_FILTER_ADDITION_GRADIENT, &source_gradient, 1, NULL, NULL);
    }
    const poolgrad_filter_type type = (poolgrad_filter_type)((int)node->type + GRADIENT);
    const poolgrad_padding_policy inverse = poolgrad_padding_policy_inverse(&node->padding_policy);
    poolgrad_filter_node *gradient = make_gradient(node->network, type, source_gradient, node->sources[0], &node->state,
                                                   node->window, poolgrad_takes_policy(type) ? &inverse : NULL);
    if (gradient) gradient->rules = node->rules;
    return gradient;
}

poolgrad_filter_node *poolgrad_filter_node_gradient_filter_with_sources(poolgrad_filter_node *node,
                                                                        poolgrad_image_node *const *source_gradients,
                                                                        int64_t count)
{
    bool one = check_gradient_filters(node, "gradient_filter_with_source", source_gradients ? count : 0, true);
    return one ? make_gradient_of(node, source_gradients[0]) : NULL;
}

poolgrad_filter_node *poolgrad_filter_node_gradient_filter_with_source(poolgrad_filter_node *node,
                                                                       poolgrad_image_node *source_gradient)
{
    return poolgrad_filter_node_gradient_filter_with_sources(node, &source_gradient, 1);
}

int64_t poolgrad_filter_node_gradient_filters_with_sources(poolgrad_filter_node *node,
                                                           poolgrad_image_node *const *source_gradients, int64_t count,
                                                           poolgrad_filter_node **filters, int64_t capacity)
{
    for (int64_t k = 0; k < capacity; k++) filters[k] = NULL;
    if (!check_gradient_filters(node, "gradient_filters_with_source", source_gradients ? count : 0, false)) return -1;
    const struct poolgrad_mark mark = poolgrad_network_mark(node->network);
    for (int64_t k = 0; k < node->source_count; k++) {
        if (make_gradient_of(node, source_gradients[0])) continue;
        poolgrad_network_go_back(node->network, mark);
        return -1;
    }
    for (int64_t k = 0; k < node->source_count && k < capacity; k++) {
        filters[k] = node->network->filters.node[mark.filters + k];
    }
    return node->source_count;
}

int64_t poolgrad_filter_node_gradient_filters_with_source(poolgrad_filter_node *node,
                                                          poolgrad_image_node *source_gradient,
                                                          poolgrad_filter_node **filters, int64_t capacity)
{
    return poolgrad_filter_node_gradient_filters_with_sources(node, &source_gradient, 1, filters, capacity);
}
