/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equality and hashes. Nodes by themselves are compared with the nodes they read; nodes of two networks by the places
 * of what they read.
 */
#include "graph/node.h"
#include "graph/schedule.h"
#include "mps/kernel.h"

/* ---- Properties ------------------------------------------------------------------------------------------------- */

static bool same_image_properties(const poolgrad_image_node *a, const poolgrad_image_node *b)
{
    return poolgrad_same_string(a->handle, b->handle) && a->format == b->format &&
           poolgrad_same_allocator(&a->allocator, &b->allocator) && a->export_from_graph == b->export_from_graph &&
           a->synchronize_resource == b->synchronize_resource && a->stop_gradient == b->stop_gradient;
}

static uint64_t hash_image_properties(uint64_t hash, const poolgrad_image_node *image)
{
    hash = poolgrad_hash_number(poolgrad_hash_string(hash, image->handle), (int64_t)image->format);
    hash = poolgrad_hash_number(poolgrad_hash_allocator(hash, &image->allocator), image->export_from_graph);
    return poolgrad_hash_number(poolgrad_hash_number(hash, image->synchronize_resource), image->stop_gradient);
}

static bool same_state_properties(const poolgrad_state_node *a, const poolgrad_state_node *b)
{
    return poolgrad_same_string(a->handle, b->handle) && a->export_from_graph == b->export_from_graph &&
           a->synchronize_resource == b->synchronize_resource;
}

static uint64_t hash_state_properties(uint64_t hash, const poolgrad_state_node *state)
{
    hash = poolgrad_hash_number(poolgrad_hash_string(hash, state->handle), state->export_from_graph);
    return poolgrad_hash_number(hash, state->synchronize_resource);
}

static bool same_window(const poolgrad_window *a, const poolgrad_window *b)
{
    return a->kernel_width == b->kernel_width && a->kernel_height == b->kernel_height && a->stride_x == b->stride_x &&
           a->stride_y == b->stride_y && a->dilation_x == b->dilation_x && a->dilation_y == b->dilation_y;
}

static bool same_filter_properties(const poolgrad_filter_node *a, const poolgrad_filter_node *b)
{
    return a->type == b->type && poolgrad_same_string(a->label, b->label) && same_window(&a->window, &b->window) &&
           poolgrad_same_policy(&a->policy, &b->policy) && a->rules.ties == b->rules.ties &&
           a->rules.nan == b->rules.nan && a->rules.accumulator == b->rules.accumulator &&
           a->saves_argmax == b->saves_argmax && same_image_properties(&a->result, &b->result) &&
           same_state_properties(&a->state, &b->state) && a->source_count == b->source_count &&
           !a->source_state == !b->source_state;
}

static uint64_t hash_filter_properties(uint64_t hash, const poolgrad_filter_node *filter)
{
    const poolgrad_window *w = &filter->window;
    const int64_t numbers[] = {(int64_t)filter->type,
                               w->kernel_width,
                               w->kernel_height,
                               w->stride_x,
                               w->stride_y,
                               w->dilation_x,
                               w->dilation_y,
                               (int64_t)filter->rules.ties,
                               (int64_t)filter->rules.nan,
                               (int64_t)filter->rules.accumulator,
                               filter->saves_argmax,
                               filter->source_count};
    hash = poolgrad_hash_string(hash, filter->label);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) hash = poolgrad_hash_number(hash, numbers[i]);
    hash = poolgrad_hash_number(hash, (int64_t)poolgrad_hash(&filter->policy));
    hash = hash_image_properties(hash, &filter->result);
    return hash_state_properties(hash, &filter->state);
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------ */

static bool equal_filters(const void *a, const void *b)
{
    const poolgrad_filter_node *x = a, *y = b;
    if (!same_filter_properties(x, y) || x->source_state != y->source_state) return false;
    for (int64_t k = 0; k < x->source_count; k++) {
        if (x->sources[k] != y->sources[k]) return false;
    }
    return true;
}

static uint64_t hash_filter(const void *object)
{
    const poolgrad_filter_node *filter = object;
    uint64_t hash = hash_filter_properties(poolgrad_hash_begin(filter->isa->name), filter);
    for (int64_t k = 0; k < filter->source_count; k++) hash = poolgrad_hash_address(hash, filter->sources[k]);
    return poolgrad_hash_address(hash, filter->source_state);
}

static bool equal_images(const void *a, const void *b)
{
    const poolgrad_image_node *x = a, *y = b;
    if (!same_image_properties(x, y) || !x->producer != !y->producer) return false;
    return !x->producer || equal_filters(x->producer, y->producer);
}

static uint64_t hash_image(const void *object)
{
    const poolgrad_image_node *image = object;
    uint64_t hash = hash_image_properties(poolgrad_hash_begin(image->isa->name), image);
    return image->producer ? poolgrad_hash_number(hash, (int64_t)hash_filter(image->producer)) : hash;
}

static bool equal_states(const void *a, const void *b)
{
    const poolgrad_state_node *x = a, *y = b;
    if (!same_state_properties(x, y) || !x->producer != !y->producer) return false;
    return !x->producer || equal_filters(x->producer, y->producer);
}

static uint64_t hash_state(const void *object)
{
    const poolgrad_state_node *state = object;
    uint64_t hash = hash_state_properties(poolgrad_hash_begin(state->isa->name), state);
    return state->producer ? poolgrad_hash_number(hash, (int64_t)hash_filter(state->producer)) : hash;
}

/* ---- Networks and graphs ---------------------------------------------------------------------------------------- */

/* A number for each node that may be read: given ones are negative. */
static int64_t image_place(const poolgrad_image_node *image)
{
    return image->producer ? image->producer->place : -1 - image->place;
}

static int64_t state_place(const poolgrad_state_node *state)
{
    if (!state) return INT64_MAX;
    return state->producer ? state->producer->place : -1 - state->place;
}

static bool same_places(const poolgrad_filter_node *a, const poolgrad_filter_node *b)
{
    for (int64_t k = 0; k < a->source_count; k++) {
        if (image_place(a->sources[k]) != image_place(b->sources[k])) return false;
    }
    return state_place(a->source_state) == state_place(b->source_state);
}

static bool same_nodes(const poolgrad_network *a, const poolgrad_network *b)
{
    bool same = a->images.count == b->images.count && a->states.count == b->states.count &&
                a->filters.count == b->filters.count;
    for (int64_t i = 0; same && i < a->images.count; i++) {
        same = same_image_properties(a->images.node[i], b->images.node[i]);
    }
    for (int64_t i = 0; same && i < a->states.count; i++) {
        same = same_state_properties(a->states.node[i], b->states.node[i]);
    }
    for (int64_t i = 0; same && i < a->filters.count; i++) {
        const poolgrad_filter_node *x = a->filters.node[i], *y = b->filters.node[i];
        same = same_filter_properties(x, y) && same_places(x, y);
    }
    return same;
}

static uint64_t hash_nodes(uint64_t hash, const poolgrad_network *network)
{
    hash = poolgrad_hash_number(hash, network->images.count);
    for (int64_t i = 0; i < network->images.count; i++) hash = hash_image_properties(hash, network->images.node[i]);
    hash = poolgrad_hash_number(hash, network->states.count);
    for (int64_t i = 0; i < network->states.count; i++) hash = hash_state_properties(hash, network->states.node[i]);
    for (int64_t i = 0; i < network->filters.count; i++) {
        const poolgrad_filter_node *filter = network->filters.node[i];
        hash = hash_filter_properties(hash, filter);
        for (int64_t k = 0; k < filter->source_count; k++) {
            hash = poolgrad_hash_number(hash, image_place(filter->sources[k]));
        }
        hash = poolgrad_hash_number(hash, state_place(filter->source_state));
    }
    return hash;
}

static bool equal_networks(const void *a, const void *b)
{
    return same_nodes(a, b);
}

static uint64_t hash_network(const void *object)
{
    const poolgrad_network *network = object;
    return hash_nodes(poolgrad_hash_begin(network->isa->name), network);
}

static bool equal_graphs(const void *a, const void *b)
{
    const poolgrad_graph *x = a, *y = b;
    bool same = x->format == y->format && x->output_state_is_temporary == y->output_state_is_temporary &&
                poolgrad_same_allocator(&x->allocator, &y->allocator) && x->result_count == y->result_count &&
                same_nodes(x->network, y->network);
    for (int64_t i = 0; same && i < x->result_count; i++) {
        same = x->results[i].place == y->results[i].place && x->results[i].needed == y->results[i].needed;
    }
    return same;
}

static uint64_t hash_graph(const void *object)
{
    const poolgrad_graph *graph = object;
    uint64_t hash = hash_nodes(poolgrad_hash_begin(graph->isa->name), graph->network);
    hash = poolgrad_hash_number(poolgrad_hash_number(hash, (int64_t)graph->format), graph->output_state_is_temporary);
    hash = poolgrad_hash_allocator(hash, &graph->allocator);
    for (int64_t i = 0; i < graph->result_count; i++) {
        hash = poolgrad_hash_number(poolgrad_hash_number(hash, graph->results[i].place), graph->results[i].needed);
    }
    return hash;
}

const struct poolgrad_class poolgrad_image_node_class = {"image_node", equal_images, hash_image,
                                                         poolgrad_describe_image_node, poolgrad_write_image_node};
const struct poolgrad_class poolgrad_state_node_class = {"state_node", equal_states, hash_state,
                                                         poolgrad_describe_state_node, poolgrad_write_state_node};
const struct poolgrad_class poolgrad_filter_node_class = {"filter_node", equal_filters, hash_filter,
                                                          poolgrad_describe_filter_node, poolgrad_write_filter_node};
const struct poolgrad_class poolgrad_network_class = {"network", equal_networks, hash_network,
                                                      poolgrad_describe_network, poolgrad_write_network};
const struct poolgrad_class poolgrad_graph_class = {"graph", equal_graphs, hash_graph, poolgrad_describe_graph,
                                                    poolgrad_write_graph};
