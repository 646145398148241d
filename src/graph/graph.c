/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs: which filters of a network results depend on, and what goes in and out. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "geometry/axis.h"
#include "graph/schedule.h"
#include "mps/refusals.h"

/* calloc of nothing may be null. */
static void *allocate(int64_t count, size_t size)
{
    return calloc((size_t)count + 1, size);
}

/* ---- What follows from the nodes --------------------------------------------------------------------------------- */

static void number_results(poolgrad_graph *graph)
{
    for (int64_t i = 0; i < graph->network->filters.count; i++) graph->result_index[i] = -1;
    for (int64_t i = 0; i < graph->result_count; i++) {
        if (graph->results[i].needed) graph->result_index[graph->results[i].place] = i;
    }
}

/* Filters that give something out, and those before them. */
static void keep(poolgrad_graph *graph)
{
    for (int64_t i = graph->network->filters.count - 1; i >= 0; i--) {
        const poolgrad_filter_node *filter = graph->network->filters.node[i];
        graph->kept[i] = graph->kept[i] || graph->result_index[i] >= 0 || filter->result.export_from_graph ||
                         filter->state.export_from_graph;
        if (!graph->kept[i]) continue;
        graph->step_count++;
        for (int64_t k = 0; k < filter->source_count; k++) {
            if (filter->sources[k]->producer) graph->kept[filter->sources[k]->producer->place] = true;
        }
        const poolgrad_state_node *state = filter->source_state;
        if (state && state->producer) graph->kept[state->producer->place] = true;
    }
}

static void mark_sources(poolgrad_graph *graph)
{
    for (int64_t i = 0; i < graph->network->images.count; i++) graph->image_index[i] = -1;
    for (int64_t i = 0; i < graph->network->states.count; i++) graph->state_index[i] = -1;
    for (int64_t i = 0; i < graph->network->filters.count; i++) {
        const poolgrad_filter_node *filter = graph->network->filters.node[i];
        if (!graph->kept[i]) continue;
        for (int64_t k = 0; k < filter->source_count; k++) {
            if (!filter->sources[k]->producer) graph->image_index[filter->sources[k]->place] = 0;
        }
        if (filter->source_state && !filter->source_state->producer)
            graph->state_index[filter->source_state->place] = 0;
    }
}

static void append(struct poolgrad_node_list *list, void *node)
{
    list->node[list->count++] = node;
}

static void list_sources(poolgrad_graph *graph)
{
    const poolgrad_network *network = graph->network;
    for (int64_t i = 0; i < network->images.count; i++) {
        if (graph->image_index[i] < 0) continue;
        graph->image_index[i] = graph->source_images.count;
        append(&graph->source_images, network->images.node[i]);
        if (poolgrad_network_image(network, i)->export_from_graph) {
            append(&graph->intermediate_images, network->images.node[i]);
        }
    }
    for (int64_t i = 0; i < network->states.count; i++) {
        if (graph->state_index[i] < 0) continue;
        graph->state_index[i] = graph->source_states.count;
        append(&graph->source_states, network->states.node[i]);
        if (poolgrad_network_state(network, i)->export_from_graph) {
            append(&graph->result_states, network->states.node[i]);
        }
    }
}

static void list_results(poolgrad_graph *graph)
{
    for (int64_t i = 0; i < graph->network->filters.count; i++) {
        poolgrad_filter_node *filter = graph->network->filters.node[i];
        if (!graph->kept[i]) continue;
        int64_t result = graph->result_index[i];
        if (result > 0 || (result < 0 && filter->result.export_from_graph))
            append(&graph->intermediate_images, &filter->result);
        if (poolgrad_is_forward(filter->type) && filter->state.export_from_graph)
            append(&graph->result_states, &filter->state);
    }
}

static bool derive(poolgrad_graph *graph)
{
    const poolgrad_network *network = graph->network;
    const int64_t images = network->images.count, states = network->states.count, filters = network->filters.count;
    graph->kept = allocate(filters, sizeof *graph->kept);
    graph->result_index = allocate(filters, sizeof *graph->result_index);
    graph->image_index = allocate(images, sizeof *graph->image_index);
    graph->state_index = allocate(states, sizeof *graph->state_index);
    graph->source_images.node = allocate(images, sizeof(void *));
    graph->source_states.node = allocate(states, sizeof(void *));
    graph->intermediate_images.node = allocate(images + filters, sizeof(void *));
    graph->result_states.node = allocate(states + filters, sizeof(void *));
    if (!graph->kept || !graph->result_index || !graph->image_index || !graph->state_index ||
        !graph->source_images.node || !graph->source_states.node || !graph->intermediate_images.node ||
        !graph->result_states.node) {
        return false;
    }
    number_results(graph);
    keep(graph);
    mark_sources(graph);
    list_sources(graph);
    list_results(graph);
    return true;
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static poolgrad_status refuse_node(const poolgrad_filter_node *filter, poolgrad_error *error)
{
    char name[POOLGRAD_NODE_NAME];
    poolgrad_filter_name(filter, name);
    poolgrad_prefix_error(error, name);
    return POOLGRAD_INVALID;
}

static poolgrad_status check_numbers(const poolgrad_filter_node *filter, poolgrad_error *error)
{
    const poolgrad_window *w = &filter->window;
    const struct {
        const char *name;
        int64_t value, last;
        const char *expected;
    } numbers[] = {{"kernel_width", w->kernel_width, POOLGRAD_COORDINATE_LIMIT, "1 to 2^61"},
                   {"kernel_height", w->kernel_height, POOLGRAD_COORDINATE_LIMIT, "1 to 2^61"},
                   {"stride_in_pixels_x", w->stride_x, POOLGRAD_COORDINATE_LIMIT, "1 to 2^61"},
                   {"stride_in_pixels_y", w->stride_y, POOLGRAD_COORDINATE_LIMIT, "1 to 2^61"},
                   {"dilation_rate_x", w->dilation_x, POOLGRAD_COORDINATE_LIMIT, "1 to 2^61"},
                   {"dilation_rate_y", w->dilation_y, POOLGRAD_COORDINATE_LIMIT, "1 to 2^61"},
                   {"ties", (int64_t)filter->rules.ties + 1, 4, "first (0), last (1), all (2) or split (3)"},
                   {"nan", (int64_t)filter->rules.nan + 1, 3, "first (0), last (1) or ignore (2)"},
                   {"accumulator", (int64_t)filter->rules.accumulator + 1, 2, "float32 (0) or float64 (1)"}};
    enum { FIRST_RULE = 6 };
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++) {
        if (numbers[i].value >= 1 && numbers[i].value <= numbers[i].last) continue;
        poolgrad_refuse(error, numbers[i].name, "is %" PRId64 "; expected %s", numbers[i].value - (i >= FIRST_RULE),
                        numbers[i].expected);
        return refuse_node(filter, error);
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_filter_check(const poolgrad_filter_node *filter, poolgrad_error *error)
{
    if (!poolgrad_is_forward(filter->type) && !poolgrad_is_pooling_gradient(filter->type)) return POOLGRAD_OK;
    poolgrad_status status = check_numbers(filter, error);
    if (status != POOLGRAD_OK) return status;
    status = poolgrad_padding_policy_check(&filter->padding_policy, error);
    return status == POOLGRAD_OK ? status : refuse_node(filter, error);
}

/* Of the caller's network: refusals name filters by their places there. */
static poolgrad_status check_filters(const poolgrad_network *network, const bool *marked, poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    for (int64_t i = 0; status == POOLGRAD_OK && i < network->filters.count; i++) {
        if (marked[i]) status = poolgrad_filter_check(network->filters.node[i], error);
    }
    return status;
}

static poolgrad_status check_results(const poolgrad_network *network, poolgrad_image_node *const *results,
                                     int64_t count, poolgrad_error *error)
{
    if (count < 1) return poolgrad_refuse(error, "result_images", "are %" PRId64 "; expected at least 1", count);
    if (!results) return poolgrad_refuse(error, "result_images", "are null; expected an array");
    for (int64_t i = 0; i < count; i++) {
        char name[POOLGRAD_NODE_NAME];
        if (!results[i]) return poolgrad_refuse(error, "result_image", "is null; expected an image node");
        poolgrad_image_name(results[i], name);
        if (!poolgrad_has_image(network, results[i])) {
            return poolgrad_refuse(error, "result_image", "is %s, which %s; expected one of this network", name,
                                   poolgrad_why_not_in(network, results[i]->network));
        }
        if (!results[i]->producer) {
            return poolgrad_refuse(error, "result_image", "is %s, which is given; expected the result of a filter",
                                   name);
        }
    }
    return POOLGRAD_OK;
}

/* ---- Making graphs ----------------------------------------------------------------------------------------------- */

static poolgrad_status mark_results(poolgrad_image_node *const *results, int64_t count, bool *marked,
                                    poolgrad_error *error)
{
    for (int64_t i = 0; i < count; i++) {
        char name[POOLGRAD_NODE_NAME];
        bool *mark = &marked[results[i]->producer->place];
        poolgrad_image_name(results[i], name);
        if (*mark) return poolgrad_refuse(error, "result_images", "hold %s twice; expected each once", name);
        *mark = true;
    }
    return POOLGRAD_OK;
}

/* Filters before those that are marked. */
static void mark_before(const poolgrad_network *network, bool *marked)
{
    for (int64_t i = network->filters.count - 1; i >= 0; i--) {
        const poolgrad_filter_node *filter = network->filters.node[i];
        if (!marked[i]) continue;
        for (int64_t k = 0; k < filter->source_count; k++) {
            if (filter->sources[k]->producer) marked[filter->sources[k]->producer->place] = true;
        }
        const poolgrad_state_node *state = filter->source_state;
        if (state && state->producer) marked[state->producer->place] = true;
    }
}

/* A graph of what is in *network, which becomes the graph's. */
static poolgrad_status finish(poolgrad_network *network, const struct poolgrad_graph_result *results, int64_t count,
                              poolgrad_graph **graph, poolgrad_error *error)
{
    poolgrad_graph *made = calloc(1, sizeof *made);
    struct poolgrad_graph_result *own = allocate(count, sizeof *own);
    _Atomic(struct poolgrad_arena *) *spare = malloc(sizeof *spare);
    if (!made || !own || !spare) {
        free(made);
        free(own);
        free(spare);
        poolgrad_network_destroy(network);
        return poolgrad_refuse_memory(error, "graph");
    }
    memcpy(own, results, (size_t)count * sizeof *own);
    atomic_init(spare, NULL);
    *made = (poolgrad_graph){
        .network = network, .results = own, .result_count = count, .format = POOLGRAD_FLOAT16, .spare = spare};
    if (!derive(made)) {
        poolgrad_graph_destroy(made);
        return poolgrad_refuse_memory(error, "graph");
    }
    *graph = made;
    return POOLGRAD_OK;
}

static poolgrad_status copy_before(const poolgrad_network *network, poolgrad_image_node *const *results,
                                   const int *needed, int64_t count, struct poolgrad_graph_result *found,
                                   poolgrad_network **copy, poolgrad_error *error)
{
    bool *marked = allocate(network->filters.count, sizeof *marked);
    int64_t *places = allocate(network->filters.count, sizeof *places);
    poolgrad_status status = marked && places ? mark_results(results, count, marked, error)
                                              : poolgrad_refuse_memory(error, "graph");
    if (status == POOLGRAD_OK) {
        mark_before(network, marked);
        status = check_filters(network, marked, error);
    }
    if (status == POOLGRAD_OK) status = poolgrad_network_copy_part(network, marked, places, copy, error);
    for (int64_t i = 0; status == POOLGRAD_OK && i < count; i++) {
        found[i] = (struct poolgrad_graph_result){places[results[i]->producer->place], !needed || needed[i] != 0};
    }
    free(marked);
    free(places);
    return status;
}

poolgrad_status poolgrad_graph_create_with_result_images(poolgrad_network *network,
                                                         poolgrad_image_node *const *result_images,
                                                         const int *results_are_needed, int64_t count,
                                                         poolgrad_graph **graph, poolgrad_error *error)
{
    *graph = NULL;
    poolgrad_status status = poolgrad_network_status(network, error);
    if (status == POOLGRAD_OK) status = check_results(network, result_images, count, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_network *copy = NULL;
    struct poolgrad_graph_result *found = allocate(count, sizeof *found);
    if (!found) return poolgrad_refuse_memory(error, "graph");
    status = copy_before(network, result_images, results_are_needed, count, found, &copy, error);
    if (status == POOLGRAD_OK) status = finish(copy, found, count, graph, error);
    free(found);
    return status;
}

poolgrad_status poolgrad_graph_create(poolgrad_network *network, poolgrad_image_node *result_image,
                                      int result_image_is_needed, poolgrad_graph **graph, poolgrad_error *error)
{
    return poolgrad_graph_create_with_result_images(network, &result_image, &result_image_is_needed, 1, graph, error);
}

poolgrad_status poolgrad_graph_copy(const poolgrad_graph *graph, poolgrad_graph **copy, poolgrad_error *error)
{
    poolgrad_network *network;
    *copy = NULL;
    if (!graph) return poolgrad_refuse(error, "graph", "is null; expected a graph");
    poolgrad_status status = poolgrad_network_copy_part(graph->network, NULL, NULL, &network, error);
    if (status == POOLGRAD_OK) status = finish(network, graph->results, graph->result_count, copy, error);
    if (status != POOLGRAD_OK) return status;
    (*copy)->format = graph->format;
    (*copy)->output_state_is_temporary = graph->output_state_is_temporary;
    (*copy)->destination_image_allocator = graph->destination_image_allocator;
    return POOLGRAD_OK;
}

void poolgrad_graph_destroy(poolgrad_graph *graph)
{
    if (!graph) return;
    poolgrad_network_destroy(graph->network);
    poolgrad_aligned_free(atomic_load(graph->spare));
    free(graph->spare);
    free(graph->results);
    free(graph->kept);
    free(graph->result_index);
    free(graph->image_index);
    free(graph->state_index);
    free(graph->source_images.node);
    free(graph->source_states.node);
    free(graph->intermediate_images.node);
    free(graph->result_states.node);
    free(graph);
}

/* ---- Properties -------------------------------------------------------------------------------------------------- */

/* A null graph has no properties. */
static const poolgrad_graph *known(const poolgrad_graph *graph)
{
    static const poolgrad_graph nothing;
    return graph ? graph : &nothing;
}

static const char *image_handle(const struct poolgrad_node_list *list, int64_t index)
{
    return index >= 0 && index < list->count ? poolgrad_image_node_handle(list->node[index]) : NULL;
}

static const char *state_handle(const struct poolgrad_node_list *list, int64_t index)
{
    return index >= 0 && index < list->count ? poolgrad_state_node_handle(list->node[index]) : NULL;
}

int64_t poolgrad_graph_source_image_count(const poolgrad_graph *graph)
{
    return known(graph)->source_images.count;
}

const char *poolgrad_graph_source_image_handle(const poolgrad_graph *graph, int64_t index)
{
    return image_handle(&known(graph)->source_images, index);
}

poolgrad_format poolgrad_graph_source_image_format(const poolgrad_graph *graph, int64_t index)
{
    const struct poolgrad_node_list *list = &known(graph)->source_images;
    if (index < 0 || index >= list->count) return POOLGRAD_FORMAT_NONE;
    return ((const poolgrad_image_node *)list->node[index])->format;
}

int64_t poolgrad_graph_source_state_count(const poolgrad_graph *graph)
{
    return known(graph)->source_states.count;
}

const char *poolgrad_graph_source_state_handle(const poolgrad_graph *graph, int64_t index)
{
    return state_handle(&known(graph)->source_states, index);
}

int64_t poolgrad_graph_intermediate_image_count(const poolgrad_graph *graph)
{
    return known(graph)->intermediate_images.count;
}

const char *poolgrad_graph_intermediate_image_handle(const poolgrad_graph *graph, int64_t index)
{
    return image_handle(&known(graph)->intermediate_images, index);
}

int64_t poolgrad_graph_result_state_count(const poolgrad_graph *graph)
{
    return known(graph)->result_states.count;
}

const char *poolgrad_graph_result_state_handle(const poolgrad_graph *graph, int64_t index)
{
    return state_handle(&known(graph)->result_states, index);
}

const char *poolgrad_graph_result_handle(const poolgrad_graph *graph)
{
    if (!graph) return NULL;
    const poolgrad_filter_node *filter = graph->network->filters.node[graph->results[0].place];
    return filter->result.handle;
}

int poolgrad_graph_result_image_is_needed(const poolgrad_graph *graph)
{
    return graph ? graph->results[0].needed : 0;
}

int poolgrad_graph_output_state_is_temporary(const poolgrad_graph *graph)
{
    return known(graph)->output_state_is_temporary;
}

void poolgrad_graph_set_output_state_is_temporary(poolgrad_graph *graph, int output_state_is_temporary)
{
    if (graph) graph->output_state_is_temporary = output_state_is_temporary != 0;
}

poolgrad_image_allocator poolgrad_graph_destination_image_allocator(const poolgrad_graph *graph)
{
    return known(graph)->destination_image_allocator;
}

void poolgrad_graph_set_destination_image_allocator(poolgrad_graph *graph, poolgrad_image_allocator allocator)
{
    if (graph) graph->destination_image_allocator = allocator;
}

poolgrad_format poolgrad_graph_format(const poolgrad_graph *graph)
{
    return known(graph)->format;
}

poolgrad_status poolgrad_graph_set_format(poolgrad_graph *graph, poolgrad_format format, poolgrad_error *error)
{
    if (!graph) return poolgrad_refuse(error, "graph", "is null; expected a graph");
    poolgrad_status status = poolgrad_check_result_format(format, "format", error);
    if (status == POOLGRAD_OK) graph->format = format;
    return status;
}

/* A filter that reads an image twice counts once. */
int64_t poolgrad_graph_read_count_for_source_image(const poolgrad_graph *graph, int64_t index)
{
    int64_t count = 0;
    if (index < 0 || index >= known(graph)->source_images.count) return -1;
    for (int64_t i = 0; i < graph->network->filters.count; i++) {
        const poolgrad_filter_node *filter = graph->network->filters.node[i];
        bool reads = false;
        for (int64_t k = 0; graph->kept[i] && k < filter->source_count; k++) {
            reads = reads || filter->sources[k] == graph->source_images.node[index];
        }
        count += reads;
    }
    return count;
}

int64_t poolgrad_graph_read_count_for_source_state(const poolgrad_graph *graph, int64_t index)
{
    int64_t count = 0;
    if (index < 0 || index >= known(graph)->source_states.count) return -1;
    for (int64_t i = 0; i < graph->network->filters.count; i++) {
        const poolgrad_filter_node *filter = graph->network->filters.node[i];
        count += graph->kept[i] && filter->source_state == graph->source_states.node[index];
    }
    return count;
}
