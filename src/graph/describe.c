/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions: a line for people, and JSON with everything. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "graph/node.h"
#include "graph/schedule.h"
#include "mps/kernel.h"

/* ---- For people -------------------------------------------------------------------------------------------------- */

static void describe_sources(const poolgrad_filter_node *filter, struct poolgrad_text *text)
{
    char name[POOLGRAD_NODE_NAME];
    for (int64_t k = 0; k < filter->source_count; k++) {
        poolgrad_image_name(filter->sources[k], name);
        poolgrad_text_print(text, "%s%s", k == 0 ? " of " : ", ", name);
    }
    if (!filter->source_state) return;
    poolgrad_state_name(filter->source_state, name);
    poolgrad_text_print(text, ", %s", name);
}

static void describe_window(const poolgrad_filter_node *filter, struct poolgrad_text *text)
{
    const poolgrad_window *w = &filter->window;
    if (w->kernel_width == 0 && w->stride_x == 0) return;
    poolgrad_text_print(text, ": ");
    poolgrad_describe_window(w, poolgrad_is_dilated(filter->type), text);
    if (!poolgrad_takes_policy(filter->type)) return;
    poolgrad_text_print(text, ", ");
    poolgrad_describe_policy(&filter->padding_policy, text);
}

static void describe_flags(const poolgrad_image_node *image, struct poolgrad_text *text)
{
    if (image->format != POOLGRAD_FORMAT_NONE) {
        poolgrad_text_print(text, ", %s", poolgrad_format_name(image->format));
    }
    if (image->export_from_graph) poolgrad_text_print(text, ", exported");
    if (image->stop_gradient) poolgrad_text_print(text, ", stops gradients");
}

void poolgrad_describe_filter_node(const void *object, struct poolgrad_text *text)
{
    const poolgrad_filter_node *filter = object;
    poolgrad_text_print(text, "%s", poolgrad_filter_type_name(filter->type));
    if (filter->label)
        poolgrad_text_print(text, " \"%s\"", filter->label);
    else
        poolgrad_text_print(text, " %" PRId64, filter->place);
    describe_sources(filter, text);
    describe_window(filter, text);
    if (filter->saves_argmax) poolgrad_text_print(text, ", saves argmax");
    if (filter->result.handle) poolgrad_text_print(text, ", result \"%s\"", filter->result.handle);
    describe_flags(&filter->result, text);
}

void poolgrad_describe_image_node(const void *object, struct poolgrad_text *text)
{
    const poolgrad_image_node *image = object;
    char name[POOLGRAD_NODE_NAME];
    poolgrad_image_name(image, name);
    poolgrad_text_print(text, "%s", name);
    if (image->handle && image->producer) {
        poolgrad_filter_name(image->producer, name);
        poolgrad_text_print(text, ", result of %s", name);
    }
    describe_flags(image, text);
}

void poolgrad_describe_state_node(const void *object, struct poolgrad_text *text)
{
    const poolgrad_state_node *state = object;
    char name[POOLGRAD_NODE_NAME];
    poolgrad_state_name(state, name);
    poolgrad_text_print(text, "%s", name);
    if (state->handle && state->producer) {
        poolgrad_filter_name(state->producer, name);
        poolgrad_text_print(text, ", of %s", name);
    }
    if (state->export_from_graph) poolgrad_text_print(text, ", exported");
}

void poolgrad_describe_network(const void *object, struct poolgrad_text *text)
{
    const poolgrad_network *network = object;
    poolgrad_text_print(text, "network: %" PRId64 " images and %" PRId64 " states given, %" PRId64 " filters",
                        network->images.count, network->states.count, network->filters.count);
}

void poolgrad_describe_graph(const void *object, struct poolgrad_text *text)
{
    const poolgrad_graph *graph = object;
    poolgrad_text_print(
        text, "graph: %" PRId64 " source images, %" PRId64 " source states, %" PRId64 " filters, format %s",
        graph->source_images.count, graph->source_states.count, graph->step_count, poolgrad_format_name(graph->format));
    for (int64_t i = 0; i < graph->network->filters.count; i++) {
        if (!graph->kept[i]) continue;
        poolgrad_text_print(text, "\n");
        poolgrad_describe_filter_node(graph->network->filters.node[i], text);
    }
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void image_id(const poolgrad_image_node *image, char id[POOLGRAD_NODE_NAME])
{
    snprintf(id, POOLGRAD_NODE_NAME, "%c%" PRId64, image->producer ? 'f' : 'i',
             image->producer ? image->producer->place : image->place);
}

static void state_id(const poolgrad_state_node *state, char id[POOLGRAD_NODE_NAME])
{
    snprintf(id, POOLGRAD_NODE_NAME, "%c%" PRId64, state->producer ? 'f' : 's',
             state->producer ? state->producer->place : state->place);
}

static void write_sources(const poolgrad_filter_node *filter, struct poolgrad_text *text)
{
    char id[POOLGRAD_NODE_NAME];
    poolgrad_json_open(text, "source_images", '[');
    for (int64_t k = 0; k < filter->source_count; k++) {
        image_id(filter->sources[k], id);
        poolgrad_json_string(text, NULL, id);
    }
    poolgrad_json_close(text, ']');
    poolgrad_json_open(text, "source_states", '[');
    if (filter->source_state) {
        state_id(filter->source_state, id);
        poolgrad_json_string(text, NULL, id);
    }
    poolgrad_json_close(text, ']');
}

static void write_filter_members(const poolgrad_filter_node *filter, struct poolgrad_text *text)
{
    char id[POOLGRAD_NODE_NAME];
    image_id(&filter->result, id);
    poolgrad_json_string(text, "id", id);
    poolgrad_json_string(text, "type", poolgrad_filter_type_name(filter->type));
    poolgrad_json_string(text, "label", filter->label);
    write_sources(filter, text);
    poolgrad_properties_write(poolgrad_filter_node_properties, 1U << filter->type, filter, text);
    if (!poolgrad_is_forward(filter->type)) poolgrad_json_string(text, "result_state", NULL);
}

static void write_nodes(const poolgrad_network *network, struct poolgrad_text *text)
{
    char id[POOLGRAD_NODE_NAME];
    poolgrad_json_open(text, "images", '[');
    for (int64_t i = 0; i < network->images.count; i++) {
        image_id(network->images.node[i], id);
        poolgrad_json_open(text, NULL, '{');
        poolgrad_json_string(text, "id", id);
        poolgrad_properties_write(poolgrad_image_node_properties, 0, network->images.node[i], text);
        poolgrad_json_close(text, '}');
    }
    poolgrad_json_close(text, ']');
    poolgrad_json_open(text, "states", '[');
    for (int64_t i = 0; i < network->states.count; i++) {
        state_id(network->states.node[i], id);
        poolgrad_json_open(text, NULL, '{');
        poolgrad_json_string(text, "id", id);
        poolgrad_properties_write(poolgrad_state_node_properties, 0, network->states.node[i], text);
        poolgrad_json_close(text, '}');
    }
    poolgrad_json_close(text, ']');
    poolgrad_json_open(text, "filters", '[');
    for (int64_t i = 0; i < network->filters.count; i++) {
        poolgrad_json_open(text, NULL, '{');
        write_filter_members(network->filters.node[i], text);
        poolgrad_json_close(text, '}');
    }
    poolgrad_json_close(text, ']');
}

static void open_class(struct poolgrad_text *text, const char *name)
{
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", name);
}

void poolgrad_write_image_node(const void *object, struct poolgrad_text *text)
{
    const poolgrad_image_node *image = object;
    char id[POOLGRAD_NODE_NAME];
    image_id(image, id);
    open_class(text, "image_node");
    poolgrad_json_string(text, "id", id);
    poolgrad_properties_write(poolgrad_image_node_properties, 0, image, text);
    poolgrad_json_close(text, '}');
}

void poolgrad_write_state_node(const void *object, struct poolgrad_text *text)
{
    const poolgrad_state_node *state = object;
    char id[POOLGRAD_NODE_NAME];
    state_id(state, id);
    open_class(text, "state_node");
    poolgrad_json_string(text, "id", id);
    poolgrad_properties_write(poolgrad_state_node_properties, 0, state, text);
    poolgrad_json_close(text, '}');
}

void poolgrad_write_filter_node(const void *object, struct poolgrad_text *text)
{
    const poolgrad_filter_node *filter = object;
    open_class(text, "filter_node");
    write_filter_members(filter, text);
    poolgrad_json_close(text, '}');
}

void poolgrad_write_network(const void *object, struct poolgrad_text *text)
{
    const poolgrad_network *network = object;
    open_class(text, "network");
    write_nodes(network, text);
    poolgrad_json_close(text, '}');
}

void poolgrad_write_graph(const void *object, struct poolgrad_text *text)
{
    const poolgrad_graph *graph = object;
    open_class(text, "graph");
    poolgrad_properties_write(poolgrad_graph_properties, 0, graph, text);
    write_nodes(graph->network, text);
    poolgrad_json_open(text, "results", '[');
    for (int64_t i = 0; i < graph->result_count; i++) {
        char id[POOLGRAD_NODE_NAME];
        snprintf(id, sizeof id, "f%" PRId64, graph->results[i].place);
        poolgrad_json_open(text, NULL, '{');
        poolgrad_json_string(text, "image", id);
        poolgrad_json_bool(text, "is_needed", graph->results[i].needed);
        poolgrad_json_close(text, '}');
    }
    poolgrad_json_close(text, ']');
    poolgrad_json_close(text, '}');
}
