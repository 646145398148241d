/* SPDX-License-Identifier: Apache-2.0 */
/* Results of graphs, and what people call the images that go in and out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/schedule.h"
#include "json/document.h"

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* calloc of nothing may be null. */
static void *allocate(int64_t count, size_t size)
{
    return calloc((size_t)count + 1, size);
}

static bool allocate_results(struct poolgrad_json *json, int64_t count, struct poolgrad_reader *reader)
{
    json->results = allocate(count, sizeof(poolgrad_image_node *));
    json->needed = allocate(count, sizeof *json->needed);
    return (json->results && json->needed) || poolgrad_reader_no_memory(reader);
}

static void add_result(struct poolgrad_json *json, poolgrad_filter_node *filter, int needed)
{
    json->needed[json->result_count] = needed;
    json->results[json->result_count++] = poolgrad_filter_node_result_image(filter);
}

struct result_fields {
    const char *image;
    int is_needed;
};

static const struct poolgrad_property result_members[] = {
    {.name = "image",
     .type = POOLGRAD_PROPERTY_NAME,
     .flags = POOLGRAD_PROPERTY_REQUIRED,
     .place = offsetof(struct result_fields, image)},
    {.name = "is_needed", .type = POOLGRAD_PROPERTY_FLAG, .place = offsetof(struct result_fields, is_needed)},
    POOLGRAD_LAST_ROW};

bool poolgrad_results_read(struct poolgrad_json *json, json_t *results, struct poolgrad_reader *reader)
{
    if (!allocate_results(json, (int64_t)json_array_size(results), reader)) return false;
    for (size_t i = 0; i < json_array_size(results); i++) {
        struct result_fields fields = {.is_needed = 1};
        const struct poolgrad_reader_part parts[] = {{result_members, &fields}, {NULL, NULL}};
        char name[POOLGRAD_READER_NAME / 2];
        json_t *object = json_array_get(results, i);
        poolgrad_reader_leave(reader);
        snprintf(name, sizeof name, "results[%zu]", i);
        if (!json_is_object(object)) return poolgrad_reader_refuse(reader, name, object, "an object");
        snprintf(reader->where, sizeof reader->where, "%s: ", name);
        snprintf(reader->element, sizeof reader->element, "%s.", name);
        if (!poolgrad_reader_object(reader, object, parts, 0)) return false;
        json_t *id = json_object_get(object, "image");
        poolgrad_filter_node *filter = poolgrad_nodes_filter(&json->nodes, id);
        if (!filter) return poolgrad_reader_refuse(reader, "image", id, "the id of a filter");
        add_result(json, filter, fields.is_needed);
    }
    return true;
}

/* Of a network: what no filter reads. What is exported is given out anyway, and comes last. */
static void add_unread(struct poolgrad_json *json, bool *read)
{
    const poolgrad_network *network = json->nodes.network;
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
            if (!read[i] && filter->result.export_from_graph == exported) add_result(json, filter, 1);
        }
    }
}

static bool choose_results(struct poolgrad_json *json, struct poolgrad_reader *reader)
{
    int64_t count = poolgrad_network_filter_count(json->nodes.network);
    bool *read = allocate(count, sizeof *read);
    bool good = allocate_results(json, count, reader) && read;
    if (good) add_unread(json, read);
    free(read);
    return good || poolgrad_reader_no_memory(reader);
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* Filters that the results depend on, these among them, and the images given to them: a graph has no others. */
static void mark_kept(const struct poolgrad_json *json, bool *filters, bool *images)
{
    const poolgrad_network *network = json->nodes.network;
    for (int64_t i = 0; i < json->result_count; i++) filters[json->results[i]->producer->place] = true;
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
static bool keep_ids(struct poolgrad_json *json, struct poolgrad_reader *reader)
{
    const poolgrad_network *network = json->nodes.network;
    bool *filters = allocate(network->filters.count, sizeof *filters);
    bool *images = allocate(network->images.count, sizeof *images);
    bool good = filters && images;
    if (good) {
        mark_kept(json, filters, images);
        keep_marked(json->nodes.filter_ids, filters, network->filters.count);
        keep_marked(json->nodes.image_ids, images, network->images.count);
    }
    free(filters);
    free(images);
    return good || poolgrad_reader_no_memory(reader);
}

static const char *id_of(const struct poolgrad_json *json, const poolgrad_image_node *image)
{
    return image->producer ? json->nodes.filter_ids[image->producer->place] : json->nodes.image_ids[image->place];
}

static bool count(json_t *counts, const char *name)
{
    json_int_t before = json_integer_value(json_object_get(counts, name)); /* 0 where there is none */
    return json_object_set_new(counts, name, json_integer(before + 1)) == 0;
}

/* How many handles and ids of the list's images a name is. Null without memory. */
static json_t *count_names(const struct poolgrad_json *json, const struct poolgrad_node_list *list)
{
    json_t *counts = json_object();
    bool good = counts != NULL;
    for (int64_t i = 0; good && i < list->count; i++) {
        const poolgrad_image_node *image = list->node[i];
        const char *id = id_of(json, image);
        good = count(counts, id);
        /* An image may have its id for a handle. */
        if (good && image->handle && strcmp(image->handle, id) != 0) good = count(counts, image->handle);
    }
    if (good) return counts;
    json_decref(counts);
    return NULL;
}

/* A '=' stands between a name and a file where people write both in one word. */
static bool is_name(const char *text)
{
    return *text && !strchr(text, '=');
}

/* Handles, but for those that are another's handle or id as well: so no two names are the same. */
static bool name_images(const struct poolgrad_json *json, const struct poolgrad_node_list *list, const char ***name,
                        struct poolgrad_reader *reader)
{
    json_t *counts = count_names(json, list);
    const char **all = allocate(list->count, sizeof(const char *));
    *name = all;
    for (int64_t i = 0; counts && all && i < list->count; i++) {
        const poolgrad_image_node *image = list->node[i];
        const char *handle = image->handle;
        bool own = handle && is_name(handle) && json_integer_value(json_object_get(counts, handle)) == 1;
        all[i] = own ? handle : id_of(json, image);
    }
    bool good = counts && all;
    json_decref(counts);
    return good || poolgrad_reader_no_memory(reader);
}

/* ---- Graphs ------------------------------------------------------------------------------------------------------ */

bool poolgrad_results_make_graph(struct poolgrad_json *json, struct poolgrad_reader *reader)
{
    poolgrad_error error;
    poolgrad_reader_leave(reader);
    if (!json->results && !choose_results(json, reader)) return false;
    poolgrad_status status = poolgrad_graph_create_with_result_images(json->nodes.network, json->results, json->needed,
                                                                      json->result_count, &json->graph, &error);
    if (status != POOLGRAD_OK) {
        const size_t count = (size_t)poolgrad_network_filter_count(json->nodes.network);
        const char *otherwise = json->class == POOLGRAD_JSON_GRAPH ? "results" : "filters";
        return poolgrad_nodes_refused(reader, &json->nodes, count, otherwise, status, &error);
    }
    const poolgrad_graph *graph = json->graph;
    if (!keep_ids(json, reader)) return false;
    const poolgrad_filter_node *first = poolgrad_network_filter(graph->network, graph->results[0].place);
    json->result = first->result.handle ? first->result.handle : id_of(json, &first->result);
    return name_images(json, &graph->source_images, &json->sources, reader) &&
           name_images(json, &graph->intermediate_images, &json->intermediates, reader);
}
