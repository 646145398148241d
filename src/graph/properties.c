/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of image, state and filter nodes. A null node has none: getters return 0, setters do nothing. */
#include <stdlib.h>

#include "graph/node.h"
#include "image/format.h"
#include "mps/kernel.h"

static void set_string(poolgrad_network *network, char **string, const char *value)
{
    char *copy;
    if (!poolgrad_copy_string(network, value, &copy)) return;
    free(*string);
    *string = copy;
}

/* ---- Images ----------------------------------------------------------------------------------------------------- */

poolgrad_filter_node *poolgrad_image_node_producer(const poolgrad_image_node *node)
{
    return node ? node->producer : NULL;
}

const char *poolgrad_image_node_handle(const poolgrad_image_node *node)
{
    return node ? node->handle : NULL;
}

void poolgrad_image_node_set_handle(poolgrad_image_node *node, const char *handle)
{
    if (node) set_string(node->network, &node->handle, handle);
}

poolgrad_format poolgrad_image_node_format(const poolgrad_image_node *node)
{
    bool is_result = node && node->producer;
    while (node && node->format == POOLGRAD_FORMAT_NONE) node = node->producer ? node->producer->sources[0] : NULL;
    if (!node) return POOLGRAD_FORMAT_NONE;
    return is_result ? poolgrad_result_format(node->format) : node->format;
}

void poolgrad_image_node_set_format(poolgrad_image_node *node, poolgrad_format format)
{
    if (!node) return;
    const char *format_name = poolgrad_format_name(format);
    bool unorm = format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
    bool known = format == POOLGRAD_FORMAT_NONE || (format_name && !poolgrad_format_is_index(format));
    if (known && !(unorm && node->producer)) {
        node->format = format;
        return;
    }
    char name[POOLGRAD_NODE_NAME];
    poolgrad_image_name(node, name);
    poolgrad_network_refuse(node->network, "format", "of %s is %d (%s); expected %s", name, (int)format,
                            format_name ? format_name : "no format",
                            node->producer ? "none, float16, bfloat16, float32 or float64 of a filter's result"
                                           : "none, unorm8, unorm16, float16, bfloat16, float32 or float64");
}

poolgrad_image_allocator poolgrad_image_node_image_allocator(const poolgrad_image_node *node)
{
    return node ? node->image_allocator : (poolgrad_image_allocator){0};
}

void poolgrad_image_node_set_image_allocator(poolgrad_image_node *node, poolgrad_image_allocator allocator)
{
    if (node) node->image_allocator = allocator;
}

int poolgrad_image_node_export_from_graph(const poolgrad_image_node *node)
{
    return node ? node->export_from_graph : 0;
}

void poolgrad_image_node_set_export_from_graph(poolgrad_image_node *node, int export_from_graph)
{
    if (node) node->export_from_graph = export_from_graph != 0;
}

int poolgrad_image_node_synchronize_resource(const poolgrad_image_node *node)
{
    return node ? node->synchronize_resource : 0;
}

void poolgrad_image_node_set_synchronize_resource(poolgrad_image_node *node, int synchronize_resource)
{
    if (node) node->synchronize_resource = synchronize_resource != 0;
}

int poolgrad_image_node_stop_gradient(const poolgrad_image_node *node)
{
    return node ? node->stop_gradient : 0;
}

void poolgrad_image_node_set_stop_gradient(poolgrad_image_node *node, int stop_gradient)
{
    if (node) node->stop_gradient = stop_gradient != 0;
}

/* ---- States ----------------------------------------------------------------------------------------------------- */

poolgrad_filter_node *poolgrad_state_node_producer(const poolgrad_state_node *node)
{
    return node ? node->producer : NULL;
}

int poolgrad_state_node_is_gradient_state(const poolgrad_state_node *node)
{
    return node != NULL;
}

const char *poolgrad_state_node_handle(const poolgrad_state_node *node)
{
    return node ? node->handle : NULL;
}

void poolgrad_state_node_set_handle(poolgrad_state_node *node, const char *handle)
{
    if (node) set_string(node->network, &node->handle, handle);
}

int poolgrad_state_node_export_from_graph(const poolgrad_state_node *node)
{
    return node ? node->export_from_graph : 0;
}

void poolgrad_state_node_set_export_from_graph(poolgrad_state_node *node, int export_from_graph)
{
    if (node) node->export_from_graph = export_from_graph != 0;
}

int poolgrad_state_node_synchronize_resource(const poolgrad_state_node *node)
{
    return node ? node->synchronize_resource : 0;
}

void poolgrad_state_node_set_synchronize_resource(poolgrad_state_node *node, int synchronize_resource)
{
    if (node) node->synchronize_resource = synchronize_resource != 0;
}

/* ---- Filters ---------------------------------------------------------------------------------------------------- */

poolgrad_filter_type poolgrad_filter_node_type(const poolgrad_filter_node *node)
{
    return node ? node->type : POOLGRAD_FILTER_NONE;
}

int poolgrad_filter_node_is_gradient(const poolgrad_filter_node *node)
{
    return node && (poolgrad_is_pooling_gradient(node->type) || node->type == POOLGRAD_FILTER_ADDITION_GRADIENT);
}

int poolgrad_filter_node_is_pooling(const poolgrad_filter_node *node)
{
    return node && poolgrad_is_forward(node->type) && !poolgrad_is_dilated(node->type);
}

int64_t poolgrad_filter_node_source_image_count(const poolgrad_filter_node *node)
{
    return node ? node->source_count : 0;
}

poolgrad_image_node *poolgrad_filter_node_source_image(const poolgrad_filter_node *node, int64_t index)
{
    return node && index >= 0 && index < node->source_count ? node->sources[index] : NULL;
}

int64_t poolgrad_filter_node_source_state_count(const poolgrad_filter_node *node)
{
    return node && node->source_state;
}

poolgrad_state_node *poolgrad_filter_node_source_state(const poolgrad_filter_node *node, int64_t index)
{
    return node && index == 0 ? node->source_state : NULL;
}

/* Results are part of their filter, and as changeable as those who ask for them say. */
poolgrad_image_node *poolgrad_filter_node_result_image(const poolgrad_filter_node *node)
{
    return node ? (poolgrad_image_node *)&node->result : NULL;
}

poolgrad_state_node *poolgrad_filter_node_result_state(const poolgrad_filter_node *node)
{
    return node && poolgrad_is_forward(node->type) ? (poolgrad_state_node *)&node->state : NULL;
}

int64_t poolgrad_filter_node_result_state_count(const poolgrad_filter_node *node)
{
    return poolgrad_filter_node_result_state(node) != NULL;
}

poolgrad_state_node *poolgrad_filter_node_result_state_at(const poolgrad_filter_node *node, int64_t index)
{
    return index == 0 ? poolgrad_filter_node_result_state(node) : NULL;
}

static void refuse_property(poolgrad_filter_node *node, const char *property, const char *who)
{
    char name[POOLGRAD_NODE_NAME];
    poolgrad_filter_name(node, name);
    poolgrad_network_refuse(node->network, property, "of %s is set; expected it of %s only", name, who);
}

poolgrad_padding_policy poolgrad_filter_node_padding_policy(const poolgrad_filter_node *node)
{
    return node ? node->padding_policy : poolgrad_padding_policy_default();
}

void poolgrad_filter_node_set_padding_policy(poolgrad_filter_node *node, const poolgrad_padding_policy *policy)
{
    if (!node) return;
    if (poolgrad_takes_policy(node->type))
        node->padding_policy = policy ? *policy : poolgrad_padding_policy_default();
    else
        refuse_property(node, "padding_policy", "pooling nodes, dilated ones, and gradients of pooling nodes");
}

const char *poolgrad_filter_node_label(const poolgrad_filter_node *node)
{
    return node ? node->label : NULL;
}

void poolgrad_filter_node_set_label(poolgrad_filter_node *node, const char *label)
{
    if (node) set_string(node->network, &node->label, label);
}

int64_t poolgrad_filter_node_kernel_width(const poolgrad_filter_node *node)
{
    return node ? node->window.kernel_width : 0;
}

int64_t poolgrad_filter_node_kernel_height(const poolgrad_filter_node *node)
{
    return node ? node->window.kernel_height : 0;
}

int64_t poolgrad_filter_node_stride_in_pixels_x(const poolgrad_filter_node *node)
{
    return node ? node->window.stride_x : 0;
}

int64_t poolgrad_filter_node_stride_in_pixels_y(const poolgrad_filter_node *node)
{
    return node ? node->window.stride_y : 0;
}

int64_t poolgrad_filter_node_dilation_rate_x(const poolgrad_filter_node *node)
{
    return node ? node->window.dilation_x : 0;
}

int64_t poolgrad_filter_node_dilation_rate_y(const poolgrad_filter_node *node)
{
    return node ? node->window.dilation_y : 0;
}

poolgrad_node_rules poolgrad_filter_node_rules(const poolgrad_filter_node *node)
{
    return node ? node->rules
                : (poolgrad_node_rules){POOLGRAD_TIES_FIRST, POOLGRAD_NAN_FIRST, POOLGRAD_ACCUMULATE_FLOAT32};
}

void poolgrad_filter_node_set_rules(poolgrad_filter_node *node, poolgrad_node_rules rules)
{
    if (!node) return;
    if (poolgrad_is_forward(node->type) || poolgrad_is_pooling_gradient(node->type))
        node->rules = rules;
    else
        refuse_property(node, "rules", "pooling nodes and their gradients");
}

int poolgrad_filter_node_saves_argmax(const poolgrad_filter_node *node)
{
    return node ? node->saves_argmax : 0;
}

void poolgrad_filter_node_set_saves_argmax(poolgrad_filter_node *node, int saves_argmax)
{
    if (!node) return;
    bool forward_max = poolgrad_is_forward(node->type) && poolgrad_filter_kind(node->type) == POOLGRAD_MAX;
    if (forward_max)
        node->saves_argmax = saves_argmax != 0;
    else
        refuse_property(node, "saves_argmax", "max and dilated max nodes");
}
