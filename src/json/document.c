/* SPDX-License-Identifier: Apache-2.0 */
#include "json/document.h"

#include <stdlib.h>
#include <string.h>

#include "graph/schedule.h"

/* ---- Members ----------------------------------------------------------------------------------------------------- */

static const char *class_word(int value)
{
    return poolgrad_json_class_name((poolgrad_json_class)value);
}

/* Known already, when the other members are read. */
static const struct poolgrad_property class_member[] = {
    {.name = "class", .type = POOLGRAD_PROPERTY_WORD, .word = class_word}, POOLGRAD_LAST_ROW};

struct arrays {
    json_t *images, *states, *filters, *results;
};

#define ARRAY(field, flags_)                                                                                           \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_ARRAY, .flags = (flags_), .place = offsetof(struct arrays, field)    \
    }
static const struct poolgrad_property network_members[] = {
    ARRAY(images, 0), ARRAY(states, 0), ARRAY(filters, POOLGRAD_PROPERTY_REQUIRED), POOLGRAD_LAST_ROW};
static const struct poolgrad_property results_member[] = {ARRAY(results, POOLGRAD_PROPERTY_REQUIRED),
                                                          POOLGRAD_LAST_ROW};

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static bool read_graph(struct poolgrad_json *json, poolgrad_graph *properties, struct poolgrad_reader *reader)
{
    poolgrad_error error;
    if (!poolgrad_results_make_graph(json, reader)) return false;
    poolgrad_graph_set_output_state_is_temporary(json->graph, properties->output_state_is_temporary);
    poolgrad_status status = poolgrad_graph_set_format(json->graph, properties->format, &error);
    return status == POOLGRAD_OK || poolgrad_reader_refused(reader, status, &error);
}

static bool read_network(struct poolgrad_json *json, struct poolgrad_reader *reader)
{
    const bool is_graph = json->class == POOLGRAD_JSON_GRAPH;
    struct arrays arrays = {NULL, NULL, NULL, NULL};
    poolgrad_graph properties = {.network = NULL};
    poolgrad_properties_reset(poolgrad_graph_properties, &properties);
    const struct poolgrad_reader_part of_network[] = {
        {class_member, &json->class}, {network_members, &arrays}, {NULL, NULL}};
    const struct poolgrad_reader_part of_graph[] = {{class_member, &json->class},
                                                    {poolgrad_graph_properties, &properties},
                                                    {network_members, &arrays},
                                                    {results_member, &arrays},
                                                    {NULL, NULL}};
    return poolgrad_reader_object(reader, json->document, is_graph ? of_graph : of_network, 0) &&
           poolgrad_nodes_read(reader, arrays.images, arrays.states, arrays.filters, &json->nodes) &&
           (!is_graph ||
            (poolgrad_results_read(json, arrays.results, reader) && read_graph(json, &properties, reader)));
}

static bool read_kernel(struct poolgrad_json *json, struct poolgrad_reader *reader)
{
    const bool forward = json->class == POOLGRAD_JSON_POOLING;
    const struct poolgrad_reader_part parts[] = {
        {class_member, &json->class},
        {forward ? poolgrad_pooling_properties : poolgrad_pooling_gradient_properties,
         forward ? (void *)&json->pooling : &json->pooling_gradient},
        {NULL, NULL}};
    json->pooling.struct_size = sizeof json->pooling;
    json->pooling_gradient.struct_size = sizeof json->pooling_gradient;
    poolgrad_properties_reset(parts[1].table, parts[1].into);
    return poolgrad_reader_object(reader, json->document, parts, 0);
}

static bool read_document(struct poolgrad_json *json, struct poolgrad_reader *reader)
{
    static const char list[] = "\"pooling\", \"pooling_gradient\", \"network\" or \"graph\"";
    if (!json_is_object(json->document)) {
        return poolgrad_reader_fail(reader, "", "is an array; expected an object with a member class");
    }
    json_t *class = json_object_get(json->document, "class");
    if (!class) return poolgrad_reader_fail(reader, "class", "is missing; expected %s", list);
    int which = 0;
    while (class_word(which) && !(json_is_string(class) && strcmp(json_string_value(class), class_word(which)) == 0)) {
        which++;
    }
    if (!class_word(which)) return poolgrad_reader_refuse(reader, "class", class, "%s", list);
    json->class = (poolgrad_json_class)which;
    return which <= POOLGRAD_JSON_POOLING_GRADIENT ? read_kernel(json, reader) : read_network(json, reader);
}

static bool read_text(const char *text, size_t size, struct poolgrad_json *json, struct poolgrad_reader *reader)
{
    json_error_t error;
    if (size > POOLGRAD_JSON_SIZE) {
        return poolgrad_reader_fail(reader, "", "is longer than %d bytes; expected at most as many",
                                    POOLGRAD_JSON_SIZE);
    }
    json->document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (json->document) return read_document(json, reader);
    /* Without memory jansson often has nothing to say. */
    if (error.line < 0) return poolgrad_reader_no_memory(reader);
    return poolgrad_reader_fail(reader, "", "line %d, column %d: %s; expected JSON", error.line, error.column,
                                error.text);
}

static poolgrad_status give_error(const struct poolgrad_reader *reader, poolgrad_json_error *error)
{
    if (error) *error = reader->error;
    return reader->status;
}

poolgrad_status poolgrad_json_read(const char *text, size_t size, poolgrad_json **json, poolgrad_json_error *error)
{
    struct poolgrad_reader reader = {.status = POOLGRAD_OK};
    *json = NULL;
    struct poolgrad_json *made = calloc(1, sizeof *made);
    if (!made) poolgrad_reader_no_memory(&reader);
    if (made && read_text(text ? text : "", text ? size : 0, made, &reader)) {
        *json = made;
        return POOLGRAD_OK;
    }
    poolgrad_json_destroy(made);
    return give_error(&reader, error);
}

poolgrad_status poolgrad_json_make_graph(poolgrad_json *json, poolgrad_json_error *error)
{
    struct poolgrad_reader reader = {.status = POOLGRAD_OK};
    if (json->graph) return POOLGRAD_OK;
    if (json->class != POOLGRAD_JSON_NETWORK) {
        poolgrad_reader_fail(&reader, "class", "is \"%s\"; expected \"network\" or \"graph\"",
                             poolgrad_json_class_name(json->class));
    } else if (poolgrad_results_make_graph(json, &reader)) {
        return POOLGRAD_OK;
    }
    return give_error(&reader, error);
}

void poolgrad_json_destroy(poolgrad_json *json)
{
    if (!json) return;
    poolgrad_graph_destroy(json->graph);
    poolgrad_nodes_free(&json->nodes);
    free(json->results);
    free(json->needed);
    free(json->sources);
    free(json->intermediates);
    json_decref(json->document);
    free(json);
}

/* ---- What was read ----------------------------------------------------------------------------------------------- */

const char *poolgrad_json_class_name(poolgrad_json_class json_class)
{
    static const char *const words[] = {"pooling", "pooling_gradient", "network", "graph"};
    return (size_t)json_class < sizeof words / sizeof *words ? words[json_class] : NULL;
}

poolgrad_json_class poolgrad_json_class_of(const poolgrad_json *json)
{
    return json->class;
}

/* Copies a kernel to a struct of any version, and not a byte beyond that. Its own struct_size may change. */
static int copy_kernel(void *whole, size_t size, void *to, size_t struct_size)
{
    memcpy(whole, &struct_size, sizeof struct_size);
    memset(to, 0, struct_size);
    memcpy(to, whole, struct_size < size ? struct_size : size);
    return 1;
}

int poolgrad_json_pooling(const poolgrad_json *json, poolgrad_pooling *kernel, size_t struct_size)
{
    if (json->class != POOLGRAD_JSON_POOLING) return 0;
    poolgrad_pooling whole = json->pooling;
    return copy_kernel(&whole, sizeof whole, kernel, struct_size);
}

int poolgrad_json_pooling_gradient(const poolgrad_json *json, poolgrad_pooling_gradient *kernel, size_t struct_size)
{
    if (json->class != POOLGRAD_JSON_POOLING_GRADIENT) return 0;
    poolgrad_pooling_gradient whole = json->pooling_gradient;
    return copy_kernel(&whole, sizeof whole, kernel, struct_size);
}

poolgrad_network *poolgrad_json_network(const poolgrad_json *json)
{
    return json->nodes.network;
}

poolgrad_graph *poolgrad_json_graph(const poolgrad_json *json)
{
    return json->graph;
}

static const char *name_at(const char *const *names, int64_t count, int64_t index)
{
    return names && index >= 0 && index < count ? names[index] : NULL;
}

const char *poolgrad_json_source_name(const poolgrad_json *json, int64_t index)
{
    return name_at(json->sources, json->graph ? json->graph->source_images.count : 0, index);
}

const char *poolgrad_json_intermediate_name(const poolgrad_json *json, int64_t index)
{
    return name_at(json->intermediates, json->graph ? json->graph->intermediate_images.count : 0, index);
}

const char *poolgrad_json_result_name(const poolgrad_json *json)
{
    return json->result;
}
