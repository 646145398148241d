/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of nodes, within a network and from one network to another. */
#include <stdlib.h>
#include <string.h>

#include "graph/node.h"

/* The new string first: what is there stays where memory is lacking. */
static bool replace(poolgrad_network *network, char **string, const char *by)
{
    char *copy;
    if (!poolgrad_copy_string(network, by, &copy)) return false;
    free(*string);
    *string = copy;
    return true;
}

bool poolgrad_copy_properties(poolgrad_network *network, const struct poolgrad_property *table, void *to,
                              const void *from)
{
    for (; table->name; table++) {
        char *there = (char *)to + table->place;
        const char *here = (const char *)from + table->place;
        if (table->type != POOLGRAD_PROPERTY_TEXT)
            memcpy(there, here, poolgrad_property_size(table->type));
        else if (!replace(network, (char **)(void *)there, *(char *const *)(const void *)here))
            return false;
    }
    return true;
}

bool poolgrad_copy_filter_properties(poolgrad_filter_node *to, const poolgrad_filter_node *from)
{
    return replace(to->network, &to->label, from->label) &&
           poolgrad_copy_properties(to->network, poolgrad_filter_node_properties, to, from);
}

static bool copy_image(poolgrad_image_node *to, const poolgrad_image_node *from)
{
    return to && poolgrad_copy_properties(to->network, poolgrad_image_node_properties, to, from);
}

static bool copy_state(poolgrad_state_node *to, const poolgrad_state_node *from)
{
    return to && poolgrad_copy_properties(to->network, poolgrad_state_node_properties, to, from);
}

/* ---- Within a network ------------------------------------------------------------------------------------------- */

poolgrad_filter_node *poolgrad_filter_node_copy(const poolgrad_filter_node *node)
{
    if (!node) return NULL;
    const struct poolgrad_mark mark = poolgrad_network_mark(node->network);
    poolgrad_filter_node *copy = poolgrad_filter_make(node->network, node->type, node->sources, node->source_count,
                                                      node->source_state, &node->window);
    if (copy && poolgrad_copy_filter_properties(copy, node)) return copy;
    poolgrad_network_go_back(node->network, mark);
    return NULL;
}

poolgrad_image_node *poolgrad_image_node_copy(const poolgrad_image_node *node)
{
    if (!node) return NULL;
    if (node->producer) return poolgrad_filter_node_result_image(poolgrad_filter_node_copy(node->producer));
    const struct poolgrad_mark mark = poolgrad_network_mark(node->network);
    poolgrad_image_node *copy = poolgrad_image_node_create(node->network, NULL);
    if (copy_image(copy, node)) return copy;
    poolgrad_network_go_back(node->network, mark);
    return NULL;
}

poolgrad_state_node *poolgrad_state_node_copy(const poolgrad_state_node *node)
{
    if (!node) return NULL;
    if (node->producer) return poolgrad_filter_node_result_state(poolgrad_filter_node_copy(node->producer));
    const struct poolgrad_mark mark = poolgrad_network_mark(node->network);
    poolgrad_state_node *copy = poolgrad_gradient_state_node_create(node->network, NULL);
    if (copy_state(copy, node)) return copy;
    poolgrad_network_go_back(node->network, mark);
    return NULL;
}

/* ---- From network to network ------------------------------------------------------------------------------------ */

/* Where the nodes of a network are in its copy; null: left out, so far. */
struct counterparts {
    poolgrad_image_node **images;
    poolgrad_state_node **states;
    poolgrad_filter_node **filters;
};

static poolgrad_image_node *image_counterpart(const struct counterparts *c, const poolgrad_image_node *image)
{
    return image->producer ? &c->filters[image->producer->place]->result : c->images[image->place];
}

static poolgrad_state_node *state_counterpart(const struct counterparts *c, const poolgrad_state_node *state)
{
    if (!state) return NULL;
    return state->producer ? &c->filters[state->producer->place]->state : c->states[state->place];
}

/* Images and states given to the network: those that a chosen filter reads. */
static void choose_given(const poolgrad_network *network, const bool *filters, bool *images, bool *states)
{
    for (int64_t i = 0; i < network->filters.count; i++) {
        const poolgrad_filter_node *filter = network->filters.node[i];
        if (!filters[i]) continue;
        for (int64_t k = 0; k < filter->source_count; k++) {
            if (!filter->sources[k]->producer) images[filter->sources[k]->place] = true;
        }
        if (filter->source_state && !filter->source_state->producer) states[filter->source_state->place] = true;
    }
}

static bool copy_given(const poolgrad_network *network, const bool *images, const bool *states, poolgrad_network *copy,
                       const struct counterparts *c)
{
    for (int64_t i = 0; i < network->images.count; i++) {
        if (images && !images[i]) continue;
        c->images[i] = poolgrad_image_node_create(copy, NULL);
        if (!copy_image(c->images[i], poolgrad_network_image(network, i))) return false;
    }
    for (int64_t i = 0; i < network->states.count; i++) {
        if (states && !states[i]) continue;
        c->states[i] = poolgrad_gradient_state_node_create(copy, NULL);
        if (!copy_state(c->states[i], poolgrad_network_state(network, i))) return false;
    }
    return true;
}

static bool copy_filter(const poolgrad_filter_node *filter, poolgrad_network *copy, const struct counterparts *c)
{
    poolgrad_image_node **sources = calloc((size_t)filter->source_count, sizeof(poolgrad_image_node *));
    if (!sources) {
        poolgrad_network_refuse_memory(copy, "network");
        return false;
    }
    for (int64_t k = 0; k < filter->source_count; k++) sources[k] = image_counterpart(c, filter->sources[k]);
    poolgrad_filter_node *made = poolgrad_filter_make(copy, filter->type, sources, filter->source_count,
                                                      state_counterpart(c, filter->source_state), &filter->window);
    free(sources);
    c->filters[filter->place] = made;
    return made && poolgrad_copy_filter_properties(made, filter);
}

static bool copy_filters(const poolgrad_network *network, const bool *filters, int64_t *places, poolgrad_network *copy,
                         const struct counterparts *c)
{
    for (int64_t i = 0; i < network->filters.count; i++) {
        bool chosen = !filters || filters[i];
        if (chosen && !copy_filter(network->filters.node[i], copy, c)) return false;
        if (places) places[i] = chosen ? c->filters[i]->place : -1;
    }
    return true;
}

/* calloc of nothing may be null. */
static void *allocate(int64_t count, size_t size)
{
    return calloc((size_t)count + 1, size);
}

poolgrad_status poolgrad_network_copy_part(const poolgrad_network *network, const bool *filters, int64_t *places,
                                           poolgrad_network **copy, poolgrad_error *error)
{
    struct counterparts c = {allocate(network->images.count, sizeof(void *)),
                             allocate(network->states.count, sizeof(void *)),
                             allocate(network->filters.count, sizeof(void *))};
    bool *images = filters ? allocate(network->images.count, sizeof *images) : NULL;
    bool *states = filters ? allocate(network->states.count, sizeof *states) : NULL;
    poolgrad_network *made = poolgrad_network_create();
    bool done = made && c.images && c.states && c.filters && (!filters || (images && states));
    if (done && filters) choose_given(network, filters, images, states);
    done = done && copy_given(network, images, states, made, &c) && copy_filters(network, filters, places, made, &c);
    free(c.images);
    free(c.states);
    free(c.filters);
    free(images);
    free(states);
    *copy = done ? made : NULL;
    if (done) return POOLGRAD_OK;
    poolgrad_network_destroy(made);
    return poolgrad_refuse_memory(error, "network");
}

poolgrad_status poolgrad_network_copy(const poolgrad_network *network, poolgrad_network **copy, poolgrad_error *error)
{
    *copy = NULL;
    poolgrad_status status = poolgrad_network_status(network, error);
    return status == POOLGRAD_OK ? poolgrad_network_copy_part(network, NULL, NULL, copy, error) : status;
}
