/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: lists of nodes. */
#include <stdlib.h>
#include <string.h>

#include "graph/node.h"

/* ---- Lists ------------------------------------------------------------------------------------------------------ */

enum { FIRST_CAPACITY = 8 };

/* Room for one more; the list is unchanged where there is none. */
static bool reserve(struct poolgrad_node_list *list)
{
    if (list->count < list->capacity) return true;
    int64_t capacity = list->capacity ? 2 * list->capacity : FIRST_CAPACITY;
    if ((uint64_t)capacity > SIZE_MAX / sizeof *list->node) return false;
    void **node = realloc(list->node, (size_t)capacity * sizeof *node);
    if (!node) return false;
    list->node = node;
    list->capacity = capacity;
    return true;
}

/* Zeroed memory of a node, in the list; null after an error. */
static void *append(poolgrad_network *network, struct poolgrad_node_list *list, size_t size)
{
    if (!network || network->status != POOLGRAD_OK) return NULL;
    void *node = reserve(list) ? calloc(1, size) : NULL;
    if (node)
        list->node[list->count++] = node;
    else
        poolgrad_network_refuse_memory(network, "network");
    return node;
}

static void drop_last(struct poolgrad_node_list *list)
{
    free(list->node[--list->count]);
}

static void destroy_filter(poolgrad_filter_node *filter)
{
    free(filter->label);
    free(filter->result.handle);
    free(filter->state.handle);
    free(filter->sources);
    free(filter);
}

struct poolgrad_mark poolgrad_network_mark(const poolgrad_network *network)
{
    return (struct poolgrad_mark){network->images.count, network->states.count, network->filters.count};
}

static void destroy_image(poolgrad_image_node *image)
{
    free(image->handle);
    free(image);
}

static void destroy_state(poolgrad_state_node *state)
{
    free(state->handle);
    free(state);
}

static void cut(poolgrad_network *network, struct poolgrad_mark mark)
{
    network->images.count = mark.images;
    network->states.count = mark.states;
    network->filters.count = mark.filters;
}

void poolgrad_network_go_back(poolgrad_network *network, struct poolgrad_mark mark)
{
    for (int64_t i = mark.images; i < network->images.count; i++) destroy_image(network->images.node[i]);
    for (int64_t i = mark.states; i < network->states.count; i++) destroy_state(network->states.node[i]);
    for (int64_t i = mark.filters; i < network->filters.count; i++) destroy_filter(network->filters.node[i]);
    cut(network, mark);
}

/* Chains, since this is called where memory is lacking. */
void poolgrad_network_withdraw(poolgrad_network *network, struct poolgrad_mark mark)
{
    for (int64_t i = mark.images; i < network->images.count; i++) {
        poolgrad_image_node *image = network->images.node[i];
        image->withdrawn = true;
        image->next_withdrawn = network->withdrawn_images;
        network->withdrawn_images = image;
    }
    for (int64_t i = mark.states; i < network->states.count; i++) {
        poolgrad_state_node *state = network->states.node[i];
        state->withdrawn = true;
        state->next_withdrawn = network->withdrawn_states;
        network->withdrawn_states = state;
    }
    for (int64_t i = mark.filters; i < network->filters.count; i++) {
        poolgrad_filter_node *filter = network->filters.node[i];
        filter->withdrawn = true;
        filter->next_withdrawn = network->withdrawn_filters;
        network->withdrawn_filters = filter;
    }
    cut(network, mark);
}

static void destroy_withdrawn(poolgrad_network *network)
{
    for (poolgrad_image_node *image = network->withdrawn_images, *next; image; image = next) {
        next = image->next_withdrawn;
        destroy_image(image);
    }
    for (poolgrad_state_node *state = network->withdrawn_states, *next; state; state = next) {
        next = state->next_withdrawn;
        destroy_state(state);
    }
    for (poolgrad_filter_node *filter = network->withdrawn_filters, *next; filter; filter = next) {
        next = filter->next_withdrawn;
        destroy_filter(filter);
    }
}

/* ---- Membership -------------------------------------------------------------------------------------------------- */

bool poolgrad_has_filter(const poolgrad_network *network, const poolgrad_filter_node *filter)
{
    return filter && filter->network == network && !filter->withdrawn;
}

bool poolgrad_has_image(const poolgrad_network *network, const poolgrad_image_node *image)
{
    if (image && image->producer) return poolgrad_has_filter(network, image->producer);
    return image && image->network == network && !image->withdrawn;
}

static bool has_state(const poolgrad_network *network, const poolgrad_state_node *state)
{
    if (state && state->producer) return poolgrad_has_filter(network, state->producer);
    return state && state->network == network && !state->withdrawn;
}

const char *poolgrad_why_not_in(const poolgrad_network *network, const poolgrad_network *owner)
{
    if (!owner) return "is null";
    return owner == network ? "was withdrawn when a training graph failed" : "belongs to another network";
}

/* ---- Making nodes ----------------------------------------------------------------------------------------------- */

bool poolgrad_copy_string(poolgrad_network *network, const char *string, char **copy)
{
    *copy = NULL;
    if (!string) return true;
    size_t size = strlen(string) + 1;
    *copy = malloc(size);
    if (*copy)
        memcpy(*copy, string, size);
    else
        poolgrad_network_refuse_memory(network, "network");
    return *copy != NULL;
}

poolgrad_image_node *poolgrad_image_node_create(poolgrad_network *network, const char *handle)
{
    poolgrad_image_node *node = network ? append(network, &network->images, sizeof *node) : NULL;
    if (!node) return NULL;
    node->network = network;
    node->place = network->images.count - 1;
    if (poolgrad_copy_string(network, handle, &node->handle)) return node;
    drop_last(&network->images);
    return NULL;
}

poolgrad_image_node *poolgrad_image_node_create_exported(poolgrad_network *network, const char *handle)
{
    poolgrad_image_node *node = poolgrad_image_node_create(network, handle);
    poolgrad_image_node_set_export_from_graph(node, 1);
    return node;
}

poolgrad_state_node *poolgrad_gradient_state_node_create(poolgrad_network *network, const char *handle)
{
    poolgrad_state_node *node = network ? append(network, &network->states, sizeof *node) : NULL;
    if (!node) return NULL;
    node->network = network;
    node->place = network->states.count - 1;
    if (poolgrad_copy_string(network, handle, &node->handle)) return node;
    drop_last(&network->states);
    return NULL;
}

poolgrad_state_node *poolgrad_state_node_create(poolgrad_network *network)
{
    poolgrad_network_refuse(network, "poolgrad_state_node_create",
                            "is unavailable, as init of MPSNNStateNode is; expected the result state of a filter, or "
                            "poolgrad_gradient_state_node_create");
    return NULL;
}

poolgrad_filter_node *poolgrad_filter_node_create(poolgrad_network *network)
{
    poolgrad_network_refuse(
        network, "poolgrad_filter_node_create",
        "is unavailable, as init of MPSNNFilterNode is; expected a function that makes a node of one "
        "type, such as poolgrad_pooling_max_node_create");
    return NULL;
}

static void refuse_source(poolgrad_network *network, poolgrad_filter_type type, const poolgrad_network *owner,
                          const char *what)
{
    const char *name = poolgrad_filter_type_name(type);
    poolgrad_network_refuse(network, what, "of %s %s %s; expected a node of this network", name[0] == 'a' ? "an" : "a",
                            name, poolgrad_why_not_in(network, owner));
}

static bool check_sources(poolgrad_network *network, poolgrad_filter_type type, poolgrad_image_node *const *sources,
                          int64_t count, const poolgrad_state_node *state)
{
    bool pooling_gradient = poolgrad_is_pooling_gradient(type);
    for (int64_t i = 0; i < count; i++) {
        const char *of_gradient = i == 0 ? "source_gradient" : "source_image";
        const char *what = pooling_gradient ? of_gradient : "source";
        if (poolgrad_has_image(network, sources[i])) continue;
        refuse_source(network, type, sources[i] ? sources[i]->network : NULL, what);
        return false;
    }
    if (!pooling_gradient || has_state(network, state)) return true;
    refuse_source(network, type, state ? state->network : NULL, "gradient_state");
    return false;
}

static void set_defaults(poolgrad_filter_node *filter)
{
    filter->padding_policy = poolgrad_padding_policy_default();
    filter->result.network = filter->state.network = filter->network;
    filter->result.producer = filter->state.producer = filter;
}

poolgrad_filter_node *poolgrad_filter_make(poolgrad_network *network, poolgrad_filter_type type,
                                           poolgrad_image_node *const *sources, int64_t source_count,
                                           poolgrad_state_node *source_state, const poolgrad_window *window)
{
    if (!network || network->status != POOLGRAD_OK) return NULL;
    if (!check_sources(network, type, sources, source_count, source_state)) return NULL;
    poolgrad_filter_node *filter = append(network, &network->filters, sizeof *filter);
    if (!filter) return NULL;
    filter->sources = calloc((size_t)source_count, sizeof(poolgrad_image_node *));
    if (!filter->sources) {
        drop_last(&network->filters);
        poolgrad_network_refuse_memory(network, "network");
        return NULL;
    }
    memcpy(filter->sources, sources, (size_t)source_count * sizeof(poolgrad_image_node *));
    filter->network = network;
    filter->place = network->filters.count - 1;
    filter->type = type;
    filter->source_count = source_count;
    filter->source_state = source_state;
    if (window) filter->window = *window;
    set_defaults(filter);
    return filter;
}

/* ---- Networks --------------------------------------------------------------------------------------------------- */

poolgrad_network *poolgrad_network_create(void)
{
    return calloc(1, sizeof(poolgrad_network));
}

void poolgrad_network_destroy(poolgrad_network *network)
{
    if (!network) return;
    poolgrad_network_go_back(network, (struct poolgrad_mark){0, 0, 0});
    destroy_withdrawn(network);
    free(network->images.node);
    free(network->states.node);
    free(network->filters.node);
    free(network);
}

int64_t poolgrad_network_filter_count(const poolgrad_network *network)
{
    return network ? network->filters.count : 0;
}

poolgrad_filter_node *poolgrad_network_filter(const poolgrad_network *network, int64_t index)
{
    return network && index >= 0 && index < network->filters.count ? network->filters.node[index] : NULL;
}
