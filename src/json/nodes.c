/* SPDX-License-Identifier: Apache-2.0 */
/* Objects to nodes, in two steps: first all members of all objects, by which every id is known, then the filters, each
 * after those it reads. */
#include "json/nodes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/node.h"

/* ---- Members ----------------------------------------------------------------------------------------------------- */

enum mark { UNSEEN, OPEN, DONE };

/* What an object says of a filter, and what became of it. */
struct filter_text {
    const char *id;
    json_t *source_images, *source_states;
    poolgrad_filter_node properties; /* label, type and those of the table; its texts are the JSON values' */

    poolgrad_filter_node *made;
    enum mark mark;             /* while filters are made: open are those whose sources are being made */
    size_t next;                /* of its sources */
    struct filter_text *reader; /* the open filter that waits for this one */
};

/* Members that are no properties. */
#define MEMBER(type_, field, flags_, kinds_)                                                                           \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_##type_, .flags = (flags_),                                          \
        .place = offsetof(struct filter_text, field), .kinds = (kinds_)                                                \
    }
#define PROPERTY(type_, field, flags_)                                                                                 \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_##type_, .flags = (flags_),                                          \
        .place = offsetof(struct filter_text, properties.field)                                                        \
    }
static const struct poolgrad_property filter_head[] = {
    MEMBER(NAME, id, 0, 0),
    PROPERTY(TYPE, type, POOLGRAD_PROPERTY_REQUIRED),
    PROPERTY(TEXT, label, 0),
    MEMBER(ARRAY, source_images, POOLGRAD_PROPERTY_REQUIRED, 0),
    MEMBER(ARRAY, source_states, POOLGRAD_PROPERTY_REQUIRED, POOLGRAD_GRADIENT_FILTERS),
    MEMBER(ARRAY, source_states, 0, POOLGRAD_ALL_FILTERS & ~POOLGRAD_GRADIENT_FILTERS),
    POOLGRAD_LAST_ROW};
static const struct poolgrad_property filter_tail[] = {
    {.name = "result_state", .type = POOLGRAD_PROPERTY_NULL, .kinds = POOLGRAD_ALL_FILTERS & ~POOLGRAD_FORWARD_FILTERS},
    POOLGRAD_LAST_ROW};
static const struct poolgrad_property id_member[] = {{.name = "id", .type = POOLGRAD_PROPERTY_NAME}, POOLGRAD_LAST_ROW};

static bool is_kind(poolgrad_filter_type type, unsigned kinds)
{
    return (1U << type & kinds) != 0;
}

/* ---- Nodes by their ids ------------------------------------------------------------------------------------------ */

enum node_kind { NODE_IMAGE, NODE_STATE, NODE_FILTER };
enum { NODE_KINDS = 3 }; /* an id stands for NODE_KINDS * place in its array + kind */

struct building {
    struct poolgrad_reader *reader;
    struct nodes *nodes;
    int64_t made; /* filters */
};

/* Calls the object by its label or its id in what is said of it, or else by its place. */
static void set_where(struct poolgrad_reader *reader, const char *what, const json_t *object, size_t place)
{
    char quoted[POOLGRAD_READER_QUOTED];
    const char *name = json_string_value(json_object_get(object, "label"));
    if (!name) name = json_string_value(json_object_get(object, "id"));
    poolgrad_reader_leave(reader);
    snprintf(reader->element, sizeof reader->element, "%ss[%zu].", what, place);
    snprintf(reader->where, sizeof reader->where, "%ss[%zu]: ", what, place);
    if (!name) return;
    poolgrad_reader_quote(name, quoted);
    snprintf(reader->where, sizeof reader->where, "%s %s: ", what, quoted);
}

static void quote_filter(const struct filter_text *filter, char text[POOLGRAD_READER_QUOTED])
{
    poolgrad_reader_quote(filter->properties.label ? filter->properties.label : filter->id, text);
}

/* Notes the object's id, which is a letter and its place unless it has one. */
static bool add_id(struct building *building, json_t *object, size_t place, enum node_kind kind)
{
    static const char letters[] = "isf";
    json_t *id = json_object_get(object, "id"), *ids = building->nodes->ids;
    if (!id) {
        id = json_sprintf("%c%zu", letters[kind], place);
        if (json_object_set_new(object, "id", id) != 0) return poolgrad_reader_no_memory(building->reader);
    }
    const char *text = json_string_value(id);
    if (json_object_get(ids, text)) {
        return poolgrad_reader_refuse(building->reader, "id", id, "one that no other image, state or filter has");
    }
    json_t *number = json_integer((json_int_t)place * NODE_KINDS + (json_int_t)kind);
    return json_object_set_new(ids, text, number) == 0 || poolgrad_reader_no_memory(building->reader);
}

/* Finds the node that a string names; false where there is none. */
static bool find(const struct nodes *nodes, const json_t *id, enum node_kind *kind, int64_t *place)
{
    const json_t *number = json_is_string(id) ? json_object_get(nodes->ids, json_string_value(id)) : NULL;
    *kind = (enum node_kind)(json_integer_value(number) % NODE_KINDS);
    *place = json_integer_value(number) / NODE_KINDS;
    return number != NULL;
}

/* ---- First step: members ----------------------------------------------------------------------------------------- */

/* Reads an element of an array; the reader's sentences are about it from here on. */
static bool read_element(struct building *building, json_t *array, size_t place, enum node_kind kind,
                         const struct poolgrad_reader_part *parts, unsigned kinds)
{
    json_t *object = json_array_get(array, place);
    return poolgrad_reader_object(building->reader, object, parts, kinds) && add_id(building, object, place, kind);
}

/* Whether the element is an object. */
static bool begin_element(struct building *building, json_t *array, size_t place, enum node_kind kind)
{
    static const char *const what[] = {"image", "state", "filter"};
    const json_t *object = json_array_get(array, place);
    char name[POOLGRAD_READER_NAME];
    set_where(building->reader, what[kind], object, place);
    if (json_is_object(object)) return true;
    poolgrad_reader_leave(building->reader);
    snprintf(name, sizeof name, "%ss[%zu]", what[kind], place);
    return poolgrad_reader_refuse(building->reader, name, object, "an object");
}

/* The setter refuses formats that the node cannot have, and names the node: that is copied first. */
static void set_image(poolgrad_image_node *node, const poolgrad_image_node *properties)
{
    if (!node) return;
    poolgrad_image_node shown = *properties;
    shown.format = POOLGRAD_FORMAT_NONE;
    if (poolgrad_copy_properties(node->network, poolgrad_image_node_properties, node, &shown)) {
        poolgrad_image_node_set_format(node, properties->format);
    }
}

static bool check_network(struct building *building)
{
    poolgrad_error error;
    poolgrad_status status = poolgrad_network_status(building->nodes->network, &error);
    return status == POOLGRAD_OK || poolgrad_reader_refused(building->reader, status, &error);
}

/* Given images and states are made as they are read: nothing comes before them. */
static bool read_images(struct building *building, json_t *images)
{
    for (size_t i = 0; i < json_array_size(images); i++) {
        poolgrad_image_node fields = {.format = POOLGRAD_FORMAT_NONE};
        const struct poolgrad_reader_part parts[] = {
            {id_member, &building->nodes->image_ids[i]}, {poolgrad_image_node_properties, &fields}, {NULL, NULL}};
        if (!begin_element(building, images, i, NODE_IMAGE)) return false;
        if (!read_element(building, images, i, NODE_IMAGE, parts, 0)) return false;
        building->nodes->image_ids[i] = json_string_value(json_object_get(json_array_get(images, i), "id"));
        set_image(poolgrad_image_node_create(building->nodes->network, NULL), &fields);
        if (!check_network(building)) return false;
    }
    return true;
}

static bool read_states(struct building *building, json_t *states)
{
    for (size_t i = 0; i < json_array_size(states); i++) {
        const char *id = NULL;
        poolgrad_state_node fields = {.handle = NULL};
        const struct poolgrad_reader_part parts[] = {
            {id_member, &id}, {poolgrad_state_node_properties, &fields}, {NULL, NULL}};
        if (!begin_element(building, states, i, NODE_STATE)) return false;
        if (!read_element(building, states, i, NODE_STATE, parts, 0)) return false;
        poolgrad_state_node *node = poolgrad_gradient_state_node_create(building->nodes->network, NULL);
        if (node) poolgrad_copy_properties(node->network, poolgrad_state_node_properties, node, &fields);
        if (!check_network(building)) return false;
    }
    return true;
}

/* Of types without dilation, and without states, what a file may still say of them. */
static bool check_filter(struct poolgrad_reader *reader, const struct filter_text *fields)
{
    static const char *const names[] = {"dilation_rate_x", "dilation_rate_y"};
    const poolgrad_filter_type type = fields->properties.type;
    const int64_t rates[] = {fields->properties.window.dilation_x, fields->properties.window.dilation_y};
    size_t images = json_array_size(fields->source_images), states = json_array_size(fields->source_states);
    for (int i = 0; i < 2 && !poolgrad_is_dilated(type); i++) {
        if (rates[i] == 1) continue;
        return poolgrad_reader_fail(reader, names[i], "is %" PRId64 "; expected 1, only dilated max has another",
                                    rates[i]);
    }
    bool addition = type == POOLGRAD_FILTER_ADDITION, gradient = poolgrad_is_pooling_gradient(type);
    const char *expected = gradient ? "2, the source gradient and the source image" : addition ? "at least 2" : "1";
    if (addition ? images < 2 : images != (gradient ? 2 : 1)) {
        return poolgrad_reader_fail(reader, "source_images", "has %zu elements; expected %s", images, expected);
    }
    if (states == (gradient ? 1 : 0)) return true;
    return poolgrad_reader_fail(reader, "source_states", "has %zu elements; expected %s", states,
                                gradient ? "1" : "none");
}

/* The type says which members there are. */
static bool read_filter(struct building *building, json_t *filters, size_t place)
{
    struct filter_text *fields = &building->nodes->filters[place];
    const struct poolgrad_reader_part parts[] = {{filter_head, fields},
                                                 {poolgrad_filter_node_properties, &fields->properties},
                                                 {filter_tail, fields},
                                                 {NULL, NULL}};
    json_t *object = json_array_get(filters, place);
    poolgrad_filter_type *type = &fields->properties.type;
    *fields = (struct filter_text){.id = NULL};
    poolgrad_properties_reset(poolgrad_filter_node_properties, &fields->properties);
    if (!begin_element(building, filters, place, NODE_FILTER)) return false;
    json_t *word = json_object_get(object, "type");
    if (!word) return poolgrad_reader_missing(building->reader, "type");
    if (!poolgrad_reader_type(building->reader, "type", word, type)) return false;
    if (!read_element(building, filters, place, NODE_FILTER, parts, 1U << *type)) return false;
    fields->id = json_string_value(json_object_get(object, "id"));
    return check_filter(building->reader, fields);
}

/* ---- Second step: filters ---------------------------------------------------------------------------------------- */

/* What a filter reads: its images, then its states. */
static size_t source_count(const struct filter_text *filter)
{
    return json_array_size(filter->source_images) + json_array_size(filter->source_states);
}

static json_t *source_of(const struct filter_text *filter, size_t k)
{
    size_t images = json_array_size(filter->source_images);
    return k < images ? json_array_get(filter->source_images, k) : json_array_get(filter->source_states, k - images);
}

/* The path leads to this filter from here on; sentences name it themselves. */
static void enter(struct poolgrad_reader *reader, const struct nodes *nodes, const struct filter_text *filter)
{
    poolgrad_reader_leave(reader);
    snprintf(reader->element, sizeof reader->element, "filters[%td].", filter - nodes->filters);
}

/* What the text calls source k of a filter. */
static void name_source(const struct filter_text *filter, size_t k, char name[POOLGRAD_READER_NAME])
{
    const size_t images = json_array_size(filter->source_images);
    const bool image = k < images;
    snprintf(name, POOLGRAD_READER_NAME, "source_%s[%zu]", image ? "images" : "states", image ? k : k - images);
}

/* Finds source k of a filter: a filter, or null where it is given. Refuses what cannot be read so. */
static bool resolve(struct building *building, const struct filter_text *filter, size_t k, struct filter_text **source)
{
    enum node_kind kind;
    int64_t place;
    size_t images = json_array_size(filter->source_images);
    bool image = k < images, found = find(building->nodes, source_of(filter, k), &kind, &place);
    *source = found && kind == NODE_FILTER ? &building->nodes->filters[place] : NULL;
    bool with_state = kind == NODE_STATE || (*source && poolgrad_is_forward((*source)->properties.type));
    if (found && (image ? kind != NODE_STATE : with_state)) return true;
    char name[POOLGRAD_READER_NAME], quoted[POOLGRAD_READER_QUOTED];
    quote_filter(filter, quoted);
    name_source(filter, k, name);
    enter(building->reader, building->nodes, filter);
    snprintf(building->reader->where, sizeof building->reader->where, "filter %s: ", quoted);
    return poolgrad_reader_refuse(building->reader, name, source_of(filter, k), "the id of %s",
                                  image ? "an image or of a filter" : "a state or of a forward pooling filter");
}

static poolgrad_image_node *image_of(const struct nodes *nodes, const json_t *id)
{
    enum node_kind kind;
    int64_t place;
    find(nodes, id, &kind, &place);
    return kind == NODE_IMAGE ? poolgrad_network_image(nodes->network, place)
                              : poolgrad_filter_node_result_image(nodes->filters[place].made);
}

static poolgrad_state_node *state_of(const struct nodes *nodes, const json_t *id)
{
    enum node_kind kind;
    int64_t place;
    if (!find(nodes, id, &kind, &place)) return NULL;
    return kind == NODE_STATE ? poolgrad_network_state(nodes->network, place)
                              : poolgrad_filter_node_result_state(nodes->filters[place].made);
}

/* Additions have no window, and results whose format the setter refuses name the filter. */
static void set_filter(poolgrad_filter_node *node, const struct filter_text *fields)
{
    if (!node) return;
    poolgrad_filter_node properties = fields->properties;
    if (!is_kind(node->type, POOLGRAD_POOLING_FILTERS)) properties.window = node->window;
    properties.result.format = POOLGRAD_FORMAT_NONE;
    if (poolgrad_copy_filter_properties(node, &properties)) {
        poolgrad_image_node_set_format(&node->result, fields->properties.result.format);
    }
}

static bool make_filter(struct building *building, struct filter_text *filter)
{
    struct nodes *nodes = building->nodes;
    size_t count = json_array_size(filter->source_images);
    poolgrad_image_node **sources = calloc(count, sizeof(poolgrad_image_node *));
    if (!sources) return poolgrad_reader_no_memory(building->reader);
    for (size_t k = 0; k < count; k++) sources[k] = image_of(nodes, json_array_get(filter->source_images, k));
    filter->made = poolgrad_filter_make(nodes->network, filter->properties.type, sources, (int64_t)count,
                                        state_of(nodes, json_array_get(filter->source_states, 0)), NULL);
    free(sources);
    set_filter(filter->made, filter);
    filter->mark = DONE;
    nodes->filter_ids[building->made++] = filter->id;
    if (poolgrad_network_status(nodes->network, NULL) == POOLGRAD_OK) return true;
    enter(building->reader, nodes, filter);
    snprintf(building->reader->path, sizeof building->reader->path, "result_image.");
    return check_network(building);
}

/* The last of the open filters reads `first`, which is open, too. */
static bool refuse_cycle(struct building *building, const struct filter_text *last, const struct filter_text *first)
{
    enum { NAMED = 8 };
    char list[POOLGRAD_READER_LIST], quoted[POOLGRAD_READER_QUOTED], source[POOLGRAD_READER_NAME];
    size_t used = 0;
    int count = 0;
    for (const struct filter_text *f = last;; f = f->reader) {
        const char *separator = count == 0 ? "" : f == first ? " and " : ", ";
        quote_filter(f, quoted);
        if (count++ == NAMED) {
            snprintf(list + used, sizeof list - used, " and others");
            break;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", separator, quoted);
        if (f == first) break;
    }
    enter(building->reader, building->nodes, last);
    name_source(last, last->next - 1, source);
    if (last == first)
        return poolgrad_reader_tell(building->reader, source, "filter %s reads itself; expected another", list);
    return poolgrad_reader_tell(building->reader, source, "filters %s read each other in a cycle; expected none", list);
}

/* Makes a filter, and what it reads first, without recursion: chains may be long. */
static bool make_with_sources(struct building *building, struct filter_text *filter)
{
    struct filter_text *last = filter, *source;
    filter->mark = OPEN;
    while (last) {
        if (last->next == source_count(last)) {
            if (!make_filter(building, last)) return false;
            last = last->reader;
            continue;
        }
        if (!resolve(building, last, last->next++, &source)) return false;
        if (!source || source->mark == DONE) continue;
        if (source->mark == OPEN) return refuse_cycle(building, last, source);
        source->mark = OPEN;
        source->reader = last;
        last = source;
    }
    return true;
}

/* In the order of the array, wherever that will do. */
static bool make_filters(struct building *building, size_t count)
{
    poolgrad_reader_leave(building->reader);
    for (size_t i = 0; i < count; i++) {
        struct filter_text *filter = &building->nodes->filters[i];
        if (filter->mark == UNSEEN && !make_with_sources(building, filter)) return false;
    }
    return true;
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* calloc of nothing may be null. */
static void *allocate(size_t count, size_t size)
{
    return calloc(count + 1, size);
}

bool poolgrad_nodes_read(struct poolgrad_reader *reader, json_t *images, json_t *states, json_t *filters,
                         struct nodes *nodes)
{
    struct building building = {.reader = reader, .nodes = nodes};
    *nodes = (struct nodes){.network = poolgrad_network_create(),
                            .image_ids = allocate(json_array_size(images), sizeof(const char *)),
                            .filter_ids = allocate(json_array_size(filters), sizeof(const char *)),
                            .ids = json_object(),
                            .filters = allocate(json_array_size(filters), sizeof(struct filter_text))};
    if (!nodes->network || !nodes->image_ids || !nodes->filter_ids || !nodes->ids || !nodes->filters) {
        return poolgrad_reader_no_memory(reader);
    }
    if (!read_images(&building, images) || !read_states(&building, states)) return false;
    for (size_t i = 0; i < json_array_size(filters); i++) {
        if (!read_filter(&building, filters, i)) return false;
    }
    return make_filters(&building, json_array_size(filters));
}

poolgrad_filter_node *poolgrad_nodes_filter(const struct nodes *nodes, const json_t *id)
{
    enum node_kind kind;
    int64_t place;
    bool found = find(nodes, id, &kind, &place);
    return found && kind == NODE_FILTER ? nodes->filters[place].made : NULL;
}

/* A policy is called padding where kernels have one. */
static bool is_refused_for(const poolgrad_filter_node *filter, poolgrad_error *error)
{
    static const char policy[] = "padding.";
    poolgrad_error own;
    if (poolgrad_filter_check(filter, &own) == POOLGRAD_OK || strcmp(own.message, error->message) != 0) return false;
    if (strncmp(own.field, policy, sizeof policy - 1) != 0) return true;
    snprintf(error->field, sizeof error->field, "padding_policy.%.*s", (int)(sizeof own.field / 2),
             own.field + sizeof policy - 1);
    return true;
}

bool poolgrad_nodes_refused(struct poolgrad_reader *reader, const struct nodes *nodes, size_t count,
                            const char *otherwise, poolgrad_status status, poolgrad_error *error)
{
    poolgrad_reader_leave(reader);
    for (size_t i = 0; i < count; i++) {
        if (!is_refused_for(nodes->filters[i].made, error)) continue;
        enter(reader, nodes, &nodes->filters[i]);
        return poolgrad_reader_refused(reader, status, error);
    }
    snprintf(error->field, sizeof error->field, "%s", otherwise);
    return poolgrad_reader_refused(reader, status, error);
}

void poolgrad_nodes_free(struct nodes *nodes)
{
    poolgrad_network_destroy(nodes->network);
    free(nodes->image_ids);
    free(nodes->filter_ids);
    free(nodes->filters);
    json_decref(nodes->ids);
    *nodes = (struct nodes){0};
}
