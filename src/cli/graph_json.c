/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/graph_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kernel_json.h"
#include "graph/schedule.h"

/* ---- Members ----------------------------------------------------------------------------------------------------- */

struct result_fields {
    const char *image;
    int is_needed;
};

struct network_fields {
    json_t *images, *states, *filters, *results;
    poolgrad_format format;
    int output_state_is_temporary;
};

static const struct member result_members[] = {REQUIRED(name, struct result_fields, image, NULL),
                                               MEMBER(flag, struct result_fields, is_needed), END};

#define NETWORK struct network_fields
static const struct member network_members[] = {CLASS("network"), MEMBER(array, NETWORK, images),
                                                MEMBER(array, NETWORK, states), REQUIRED(array, NETWORK, filters, NULL),
                                                END};
static const struct member graph_members[] = {CLASS("graph"),
                                              MEMBER_OF(word, NETWORK, format, &poolgrad_format_words),
                                              MEMBER(flag, NETWORK, output_state_is_temporary),
                                              {"destination_image_allocator", poolgrad_read_default, 0, NULL, 0, false},
                                              MEMBER(array, NETWORK, images),
                                              MEMBER(array, NETWORK, states),
                                              REQUIRED(array, NETWORK, filters, NULL),
                                              REQUIRED(array, NETWORK, results, NULL),
                                              END};

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* calloc of nothing may be null. */
static void *allocate(int64_t count, size_t size)
{
    return calloc((size_t)count + 1, size);
}

static bool allocate_results(struct described *described, int64_t count, struct reading *reading)
{
    described->results = allocate(count, sizeof(poolgrad_image_node *));
    described->needed = allocate(count, sizeof *described->needed);
    return (described->results && described->needed) || poolgrad_reading_no_memory(reading);
}

static void add_result(struct described *described, poolgrad_filter_node *filter, int needed)
{
    described->needed[described->result_count] = needed;
    described->results[described->result_count++] = poolgrad_filter_node_result_image(filter);
}

static bool read_results(struct described *described, json_t *results, struct reading *reading)
{
    if (!allocate_results(described, (int64_t)json_array_size(results), reading)) return false;
    for (size_t i = 0; i < json_array_size(results); i++) {
        struct result_fields fields = {.is_needed = 1};
        char name[READING_NAME / 2];
        json_t *object = json_array_get(results, i);
        snprintf(name, sizeof name, "results[%zu]", i);
        if (!json_is_object(object)) return poolgrad_reading_refuse(reading, name, object, "an object");
        snprintf(reading->where, sizeof reading->where, "%s: ", name);
        if (!poolgrad_read_members(reading, object, result_members, 0, &fields)) return false;
        json_t *id = json_object_get(object, "image");
        poolgrad_filter_node *filter = poolgrad_nodes_filter(&described->nodes, id);
        if (!filter) return poolgrad_reading_refuse(reading, "image", id, "the id of a filter");
        add_result(described, filter, fields.is_needed);
        reading->where[0] = '\0';
    }
    return true;
}

/* Of a network: what no filter reads. What is exported is given out anyway, and comes last. */
static void add_unread(struct described *described, bool *read)
{
    const poolgrad_network *network = described->nodes.network;
    int64_t count = poolgrad_network_filter_count(network);
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_filter_node *filter = poolgrad_network_filter(network, i);
        for (int64_t k = 0; k < filter->source_count; k++) {
            const poolgrad_filter_node *producer = filter->sources[k]->producer;
            if (producer) read[producer->place] = true;
        }
    }
    for (int exported = 0; exported <= 1; exported++) {
        for (int64_t i = 0; i < count; i++) {
            poolgrad_filter_node *filter = poolgrad_network_filter(network, i);
            if (!read[i] && filter->result.export_from_graph == exported) add_result(described, filter, 1);
        }
    }
}

static bool choose_results(struct described *described, struct reading *reading)
{
    int64_t count = poolgrad_network_filter_count(described->nodes.network);
    bool *read = allocate(count, sizeof *read);
    bool good = allocate_results(described, count, reading) && read;
    if (good) add_unread(described, read);
    free(read);
    return good || poolgrad_reading_no_memory(reading);
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* Filters that the results depend on, these among them, and the images given to them: a graph has no others. */
static void mark_kept(const struct described *described, bool *filters, bool *images)
{
    const poolgrad_network *network = described->nodes.network;
    for (int64_t i = 0; i < described->result_count; i++) filters[described->results[i]->producer->place] = true;
    for (int64_t i = poolgrad_network_filter_count(network) - 1; i >= 0; i--) {
        const poolgrad_filter_node *filter = poolgrad_network_filter(network, i);
        for (int64_t k = 0; filters[i] && k < filter->source_count; k++) {
            const poolgrad_image_node *image = filter->sources[k];
            *(image->producer ? &filters[image->producer->place] : &images[image->place]) = true;
        }
        const poolgrad_state_node *state = filter->source_state;
        if (filters[i] && state && state->producer) filters[state->producer->place] = true;
    }
}

static void keep_marked(const char **ids, const bool *marked, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        if (marked[i]) ids[kept++] = ids[i];
    }
}

/* Ids move to the places that filters and images have in the graph. */
static bool keep_ids(struct described *described, struct reading *reading)
{
    const poolgrad_network *network = described->nodes.network;
    bool *filters = allocate(network->filters.count, sizeof *filters);
    bool *images = allocate(network->images.count, sizeof *images);
    bool good = filters && images;
    if (good) {
        mark_kept(described, filters, images);
        keep_marked(described->nodes.filter_ids, filters, network->filters.count);
        keep_marked(described->nodes.image_ids, images, network->images.count);
    }
    free(filters);
    free(images);
    return good || poolgrad_reading_no_memory(reading);
}

static const char *id_of(const struct described *described, const poolgrad_image_node *image)
{
    return image->producer ? described->nodes.filter_ids[image->producer->place]
                           : described->nodes.image_ids[image->place];
}

static bool count(json_t *counts, const char *name)
{
    json_int_t before = json_integer_value(json_object_get(counts, name)); /* 0 where there is none */
    return json_object_set_new(counts, name, json_integer(before + 1)) == 0;
}

/* How many handles and ids of the list's images a name is. Null without memory. */
static json_t *count_names(const struct described *described, const struct poolgrad_node_list *list)
{
    json_t *counts = json_object();
    bool good = counts != NULL;
    for (int64_t i = 0; good && i < list->count; i++) {
        const poolgrad_image_node *image = list->node[i];
        const char *id = id_of(described, image);
        good = count(counts, id);
        /* An image may have its id for a handle. */
        if (good && image->handle && strcmp(image->handle, id) != 0) good = count(counts, image->handle);
    }
    if (good) return counts;
    json_decref(counts);
    return NULL;
}

bool poolgrad_described_is_name(const char *text)
{
    return *text && !strchr(text, '=');
}

/* Handles, but for those that are another's handle or id as well: so no two names are the same. */
static bool name_images(const struct described *described, const struct poolgrad_node_list *list, const char ***name,
                        struct reading *reading)
{
    json_t *counts = count_names(described, list);
    const char **all = allocate(list->count, sizeof(const char *));
    *name = all;
    for (int64_t i = 0; counts && all && i < list->count; i++) {
        const poolgrad_image_node *image = list->node[i];
        const char *handle = image->handle;
        bool own = handle && poolgrad_described_is_name(handle) &&
                   json_integer_value(json_object_get(counts, handle)) == 1;
        all[i] = own ? handle : id_of(described, image);
    }
    bool good = counts && all;
    json_decref(counts);
    return good || poolgrad_reading_no_memory(reading);
}

/* ---- Whole texts ------------------------------------------------------------------------------------------------- */

bool poolgrad_described_make_graph(struct described *described, struct reading *reading)
{
    poolgrad_error error;
    reading->where[0] = reading->path[0] = '\0';
    if (!described->results && !choose_results(described, reading)) return false;
    if (poolgrad_graph_create_with_result_images(described->nodes.network, described->results, described->needed,
                                                 described->result_count, &described->graph, &error) != POOLGRAD_OK) {
        return poolgrad_reading_refused(reading, &error);
    }
    const poolgrad_graph *graph = described->graph;
    if (!keep_ids(described, reading)) return false;
    const poolgrad_filter_node *first = poolgrad_network_filter(graph->network, graph->results[0].place);
    described->result = first->result.handle ? first->result.handle : id_of(described, &first->result);
    return name_images(described, &graph->source_images, &described->sources, reading) &&
           name_images(described, &graph->intermediate_images, &described->intermediates, reading);
}

static bool set_graph(struct described *described, const struct network_fields *fields, struct reading *reading)
{
    poolgrad_error error;
    if (!poolgrad_described_make_graph(described, reading)) return false;
    poolgrad_graph_set_output_state_is_temporary(described->graph, fields->output_state_is_temporary);
    return poolgrad_graph_set_format(described->graph, fields->format, &error) == POOLGRAD_OK ||
           poolgrad_reading_refused(reading, &error);
}

static bool read_network(struct described *described, struct reading *reading)
{
    bool is_graph = described->class == DESCRIBED_GRAPH;
    struct network_fields fields = {.format = POOLGRAD_FLOAT16};
    if (!poolgrad_read_members(reading, described->document, is_graph ? graph_members : network_members, 0, &fields) ||
        !poolgrad_nodes_read(reading, fields.images, fields.states, fields.filters, &described->nodes)) {
        return false;
    }
    return !is_graph || (read_results(described, fields.results, reading) && set_graph(described, &fields, reading));
}

static bool read_kernel(struct described *described, struct reading *reading)
{
    const poolgrad_window neutral = {1, 1, 1, 1, 1, 1};
    poolgrad_pooling_init(&described->pooling, sizeof described->pooling, POOLGRAD_AVERAGE, &neutral);
    poolgrad_pooling_gradient_init(&described->pooling_gradient, sizeof described->pooling_gradient, POOLGRAD_AVERAGE,
                                   &neutral);
    if (described->class == DESCRIBED_POOLING) {
        return poolgrad_read_members(reading, described->document, poolgrad_pooling_members, 0, &described->pooling);
    }
    return poolgrad_read_members(reading, described->document, poolgrad_pooling_gradient_members, 0,
                                 &described->pooling_gradient);
}

static bool read_document(struct described *described, struct reading *reading)
{
    static const char *const classes[] = {"pooling", "pooling_gradient", "network", "graph"};
    const char *list = "\"pooling\", \"pooling_gradient\", \"network\" or \"graph\"";
    if (!json_is_object(described->document)) {
        return poolgrad_reading_fail(reading, "is an array; expected an object with a member class");
    }
    json_t *class = json_object_get(described->document, "class");
    if (!class) return poolgrad_reading_fail(reading, "class is missing; expected %s", list);
    int which = 0;
    while (which < 4 && !(json_is_string(class) && strcmp(json_string_value(class), classes[which]) == 0)) which++;
    if (which == 4) return poolgrad_reading_refuse(reading, "class", class, "%s", list);
    described->class = (enum described_class)which;
    bool kernel = described->class == DESCRIBED_POOLING || described->class == DESCRIBED_POOLING_GRADIENT;
    return kernel ? read_kernel(described, reading) : read_network(described, reading);
}

bool poolgrad_described_read(const char *text, size_t size, struct described *described, struct reading *reading)
{
    json_error_t error;
    *described = (struct described){0};
    *reading = (struct reading){0};
    if (size > DESCRIBED_SIZE) {
        return poolgrad_reading_fail(reading, "is longer than %d bytes; expected less", DESCRIBED_SIZE);
    }
    described->document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    /* Without memory jansson often has nothing to say. */
    if (!described->document && error.line < 0) return poolgrad_reading_no_memory(reading);
    if (!described->document) {
        return poolgrad_reading_fail(reading, "line %d, column %d: %s; expected JSON", error.line, error.column,
                                     error.text);
    }
    if (read_document(described, reading)) return true;
    poolgrad_described_free(described);
    return false;
}

poolgrad_format poolgrad_described_source_format(const struct described *described, int64_t source)
{
    return ((const poolgrad_image_node *)described->graph->source_images.node[source])->format;
}

const void *poolgrad_described_object(const struct described *described)
{
    switch (described->class) {
    case DESCRIBED_POOLING: return &described->pooling;
    case DESCRIBED_POOLING_GRADIENT: return &described->pooling_gradient;
    case DESCRIBED_NETWORK: return described->nodes.network;
    case DESCRIBED_GRAPH: break;
    }
    return described->graph;
}

void poolgrad_described_free(struct described *described)
{
    poolgrad_graph_destroy(described->graph);
    poolgrad_nodes_free(&described->nodes);
    free(described->results);
    free(described->needed);
    free(described->sources);
    free(described->intermediates);
    json_decref(described->document);
    *described = (struct described){0};
}
