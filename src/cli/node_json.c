/* SPDX-License-Identifier: Apache-2.0 */
/* Objects to nodes, in two steps: first all members of all objects, by which every id is known, then the filters, each
 * after those it reads. */
#include "cli/node_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kernel_json.h"
#include "graph/node.h"

/* ---- Members ----------------------------------------------------------------------------------------------------- */

struct image_fields {
    const char *id, *handle;
    poolgrad_format format;
    int export_from_graph, synchronize_resource, stop_gradient;
};

struct state_fields {
    const char *id, *handle;
    int export_from_graph, synchronize_resource;
};

enum mark { UNSEEN, OPEN, DONE };

/* What an object says of a filter, and what became of it. */
struct filter_text {
    const char *id, *label;
    poolgrad_filter_type type;
    json_t *source_images, *source_states;
    int64_t kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, dilation_rate_x, dilation_rate_y;
    poolgrad_padding_policy padding_policy;
    poolgrad_tie_rule ties;
    poolgrad_nan_rule nan;
    poolgrad_accumulator accumulator;
    int saves_argmax;
    struct image_fields result_image;
    struct state_fields result_state;

    poolgrad_filter_node *made;
    enum mark mark;             /* while filters are made: open are those whose sources are being made */
    size_t next;                /* of its sources */
    struct filter_text *reader; /* the open filter that waits for this one */
};

enum { GIVEN = 1, RESULT = 2 }; /* kinds of images and states; only given ones have ids of their own */

#define IMAGE struct image_fields
static const struct member image_members[] = {{"id", poolgrad_read_name, offsetof(IMAGE, id), NULL, GIVEN, false},
                                              MEMBER(text, IMAGE, handle),
                                              MEMBER_OF(word, IMAGE, format, &poolgrad_format_words),
                                              {"image_allocator", poolgrad_read_default, 0, NULL, 0, false},
                                              MEMBER(flag, IMAGE, export_from_graph),
                                              MEMBER(flag, IMAGE, synchronize_resource),
                                              MEMBER(flag, IMAGE, stop_gradient),
                                              END};

#define STATE struct state_fields
static const struct member state_members[] = {{"id", poolgrad_read_name, offsetof(STATE, id), NULL, GIVEN, false},
                                              MEMBER(text, STATE, handle),
                                              MEMBER(flag, STATE, export_from_graph),
                                              MEMBER(flag, STATE, synchronize_resource),
                                              END};

static const struct object result_image_object = {image_members, RESULT}, result_state_object = {state_members, RESULT},
                           policy_object = {poolgrad_policy_members, 0};

static bool read_type(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    const char *word = json_string_value(value), *name;
    char list[READING_MESSAGE / 2];
    size_t used = 0;
    for (int type = 1; (name = poolgrad_filter_type_name((poolgrad_filter_type)type)); type++) {
        bool last = !poolgrad_filter_type_name((poolgrad_filter_type)(type + 1));
        used += (size_t)snprintf(list + used, sizeof list - used, "%s\"%s\"",
                                 used == 0 ? ""
                                 : last    ? " or "
                                           : ", ",
                                 name);
        if (!word || strcmp(word, name) != 0) continue;
        *(poolgrad_filter_type *)place = (poolgrad_filter_type)type;
        return true;
    }
    return poolgrad_reading_refuse(reading, member->name, value, "%s", list);
}

/* Kinds of filters are bits, 1 << type. */
enum {
    FORWARD = 0x1e,
    GRADIENT = 0x1e0,
    POOLING = FORWARD | GRADIENT,
    MAX = 1 << POOLGRAD_FILTER_POOLING_MAX | 1 << POOLGRAD_FILTER_DILATED_POOLING_MAX,
    WITH_POLICY = POOLING & ~(1 << POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT),
    NO_GRADIENT = 0x7fe & ~GRADIENT,
    NO_FORWARD = 0x7fe & ~FORWARD
};

#define FILTER struct filter_text
#define FIELD(reader, name, of, kinds, required)                                                                       \
    {                                                                                                                  \
#name, poolgrad_read_##reader, offsetof(FILTER, name), of, kinds, required                                     \
    }
static const struct member filter_members[] = {MEMBER(name, FILTER, id),
                                               {"type", read_type, offsetof(FILTER, type), NULL, 0, true},
                                               MEMBER(text, FILTER, label),
                                               REQUIRED(array, FILTER, source_images, NULL),
                                               FIELD(array, source_states, NULL, GRADIENT, true),
                                               FIELD(array, source_states, NULL, NO_GRADIENT, false),
                                               FIELD(integer, kernel_width, NULL, POOLING, true),
                                               FIELD(integer, kernel_height, NULL, POOLING, true),
                                               FIELD(integer, stride_in_pixels_x, NULL, POOLING, false),
                                               FIELD(integer, stride_in_pixels_y, NULL, POOLING, false),
                                               FIELD(integer, dilation_rate_x, NULL, POOLING, false),
                                               FIELD(integer, dilation_rate_y, NULL, POOLING, false),
                                               FIELD(object, padding_policy, &policy_object, WITH_POLICY, false),
                                               FIELD(word, ties, &poolgrad_tie_words, POOLING, false),
                                               FIELD(word, nan, &poolgrad_nan_words, POOLING, false),
                                               FIELD(word, accumulator, &poolgrad_accumulator_words, POOLING, false),
                                               FIELD(flag, saves_argmax, NULL, MAX, false),
                                               MEMBER_OF(object, FILTER, result_image, &result_image_object),
                                               FIELD(object, result_state, &result_state_object, FORWARD, false),
                                               FIELD(null, result_state, NULL, NO_FORWARD, false),
                                               END};

/* ---- Nodes by their ids ------------------------------------------------------------------------------------------ */

enum node_kind { NODE_IMAGE, NODE_STATE, NODE_FILTER };
enum { NODE_KINDS = 3 }; /* an id stands for NODE_KINDS * place in its array + kind */

struct building {
    struct reading *reading;
    struct nodes *nodes;
    int64_t made; /* filters */
};

/* Calls the object by its label or its id in what is said of it, or else by its place. */
static void set_where(struct reading *reading, const char *what, const json_t *object, size_t place)
{
    char quoted[READING_QUOTED];
    const char *name = json_string_value(json_object_get(object, "label"));
    if (!name) name = json_string_value(json_object_get(object, "id"));
    reading->path[0] = '\0';
    snprintf(reading->where, sizeof reading->where, "%ss[%zu]: ", what, place);
    if (!name) return;
    poolgrad_reading_quote(name, quoted);
    snprintf(reading->where, sizeof reading->where, "%s %s: ", what, quoted);
}

static void quote_filter(const struct filter_text *filter, char text[READING_QUOTED])
{
    poolgrad_reading_quote(filter->label ? filter->label : filter->id, text);
}

/* Notes the object's id, which is a letter and its place unless it has one. */
static bool add_id(struct building *building, json_t *object, size_t place, enum node_kind kind)
{
    static const char letters[] = "isf";
    json_t *id = json_object_get(object, "id"), *ids = building->nodes->ids;
    if (!id) {
        id = json_sprintf("%c%zu", letters[kind], place);
        if (json_object_set_new(object, "id", id) != 0) return poolgrad_reading_no_memory(building->reading);
    }
    const char *text = json_string_value(id);
    if (json_object_get(ids, text)) {
        return poolgrad_reading_refuse(building->reading, "id", id, "one that no other image, state or filter has");
    }
    json_t *number = json_integer((json_int_t)place * NODE_KINDS + (json_int_t)kind);
    return json_object_set_new(ids, text, number) == 0 || poolgrad_reading_no_memory(building->reading);
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

static bool read_element(struct building *building, json_t *array, size_t place, enum node_kind kind,
                         const struct member *table, void *fields)
{
    static const char *const what[] = {"image", "state", "filter"};
    json_t *object = json_array_get(array, place);
    unsigned kinds = GIVEN;
    set_where(building->reading, what[kind], object, place);
    if (!json_is_object(object)) {
        char name[READING_NAME];
        building->reading->where[0] = '\0';
        snprintf(name, sizeof name, "%ss[%zu]", what[kind], place);
        return poolgrad_reading_refuse(building->reading, name, object, "an object");
    }
    if (kind == NODE_FILTER) { /* the type says which members there are */
        json_t *type = json_object_get(object, "type");
        if (!type) return poolgrad_reading_fail(building->reading, "type is missing; expected it, it has no default");
        if (!read_type(building->reading, &table[1], type, &((struct filter_text *)fields)->type)) return false;
        kinds = 1U << ((struct filter_text *)fields)->type;
    }
    return poolgrad_read_members(building->reading, object, table, kinds, fields) &&
           add_id(building, object, place, kind);
}

static void set_image(poolgrad_image_node *node, const struct image_fields *fields)
{
    poolgrad_image_node_set_handle(node, fields->handle);
    poolgrad_image_node_set_format(node, fields->format);
    poolgrad_image_node_set_export_from_graph(node, fields->export_from_graph);
    poolgrad_image_node_set_synchronize_resource(node, fields->synchronize_resource);
    poolgrad_image_node_set_stop_gradient(node, fields->stop_gradient);
}

static void set_state(poolgrad_state_node *node, const struct state_fields *fields)
{
    poolgrad_state_node_set_handle(node, fields->handle);
    poolgrad_state_node_set_export_from_graph(node, fields->export_from_graph);
    poolgrad_state_node_set_synchronize_resource(node, fields->synchronize_resource);
}

static bool check_network(struct building *building)
{
    poolgrad_error error;
    poolgrad_status status = poolgrad_network_status(building->nodes->network, &error);
    return status == POOLGRAD_OK || poolgrad_reading_refused(building->reading, &error);
}

/* Given images and states are made as they are read: nothing comes before them. */
static bool read_given(struct building *building, json_t *images, json_t *states)
{
    poolgrad_network *network = building->nodes->network;
    for (size_t i = 0; i < json_array_size(images); i++) {
        struct image_fields fields = {0};
        if (!read_element(building, images, i, NODE_IMAGE, image_members, &fields)) return false;
        building->nodes->image_ids[i] = json_string_value(json_object_get(json_array_get(images, i), "id"));
        set_image(poolgrad_image_node_create(network, NULL), &fields);
    }
    for (size_t i = 0; i < json_array_size(states); i++) {
        struct state_fields fields = {0};
        if (!read_element(building, states, i, NODE_STATE, state_members, &fields)) return false;
        set_state(poolgrad_gradient_state_node_create(network, NULL), &fields);
    }
    return check_network(building);
}

/* Of types without dilation, and without states, what a file may still say of them. */
static bool check_filter(struct reading *reading, const struct filter_text *fields)
{
    static const char *const names[] = {"dilation_rate_x", "dilation_rate_y"};
    const int64_t rates[] = {fields->dilation_rate_x, fields->dilation_rate_y};
    size_t images = json_array_size(fields->source_images), states = json_array_size(fields->source_states);
    for (int i = 0; i < 2 && !poolgrad_is_dilated(fields->type); i++) {
        if (rates[i] == 1) continue;
        return poolgrad_reading_fail(reading, "%s is %" PRId64 "; expected 1, only dilated max has another", names[i],
                                     rates[i]);
    }
    bool addition = fields->type == POOLGRAD_FILTER_ADDITION, gradient = poolgrad_is_pooling_gradient(fields->type);
    const char *expected = gradient ? "2, the source gradient and the source image" : addition ? "at least 2" : "1";
    if (addition ? images < 2 : images != (gradient ? 2 : 1)) {
        return poolgrad_reading_fail(reading, "source_images has %zu elements; expected %s", images, expected);
    }
    if (states == (gradient ? 1 : 0)) return true;
    return poolgrad_reading_fail(reading, "source_states has %zu elements; expected %s", states,
                                 gradient ? "1" : "none");
}

static bool read_filters(struct building *building, json_t *filters)
{
    for (size_t i = 0; i < json_array_size(filters); i++) {
        struct filter_text *fields = &building->nodes->filters[i];
        *fields = (struct filter_text){.stride_in_pixels_x = 1,
                                       .stride_in_pixels_y = 1,
                                       .dilation_rate_x = 1,
                                       .dilation_rate_y = 1,
                                       .padding_policy = poolgrad_padding_default()};
        if (!read_element(building, filters, i, NODE_FILTER, filter_members, fields)) return false;
        if (!check_filter(building->reading, fields)) return false;
        fields->id = json_string_value(json_object_get(json_array_get(filters, i), "id"));
    }
    return true;
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

/* Finds source k of a filter: a filter, or null where it is given. Refuses what cannot be read so. */
static bool resolve(struct building *building, const struct filter_text *filter, size_t k, struct filter_text **source)
{
    enum node_kind kind;
    int64_t place;
    size_t images = json_array_size(filter->source_images);
    bool image = k < images, found = find(building->nodes, source_of(filter, k), &kind, &place);
    *source = found && kind == NODE_FILTER ? &building->nodes->filters[place] : NULL;
    bool with_state = kind == NODE_STATE || (*source && poolgrad_is_forward((*source)->type));
    if (found && (image ? kind != NODE_STATE : with_state)) return true;
    char name[READING_NAME], quoted[READING_QUOTED];
    quote_filter(filter, quoted);
    snprintf(name, sizeof name, "source_%s[%zu]", image ? "images" : "states", image ? k : k - images);
    snprintf(building->reading->where, sizeof building->reading->where, "filter %s: ", quoted);
    return poolgrad_reading_refuse(building->reading, name, source_of(filter, k), "the id of %s",
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

static void set_filter(poolgrad_filter_node *node, const struct filter_text *fields)
{
    unsigned kind = 1U << fields->type;
    poolgrad_filter_node_set_label(node, fields->label);
    if (kind & WITH_POLICY) poolgrad_filter_node_set_padding_policy(node, &fields->padding_policy);
    if (kind & POOLING) {
        poolgrad_filter_node_set_rules(node, (poolgrad_node_rules){fields->ties, fields->nan, fields->accumulator});
    }
    if (kind & MAX) poolgrad_filter_node_set_saves_argmax(node, fields->saves_argmax);
    set_image(poolgrad_filter_node_result_image(node), &fields->result_image);
    if (kind & FORWARD) set_state(poolgrad_filter_node_result_state(node), &fields->result_state);
}

static bool make_filter(struct building *building, struct filter_text *filter)
{
    struct nodes *nodes = building->nodes;
    const poolgrad_window window = {filter->kernel_width,       filter->kernel_height,   filter->stride_in_pixels_x,
                                    filter->stride_in_pixels_y, filter->dilation_rate_x, filter->dilation_rate_y};
    size_t count = json_array_size(filter->source_images);
    bool pools = ((1U << filter->type) & POOLING) != 0;
    poolgrad_image_node **sources = calloc(count, sizeof(poolgrad_image_node *));
    if (!sources) return poolgrad_reading_no_memory(building->reading);
    for (size_t k = 0; k < count; k++) sources[k] = image_of(nodes, json_array_get(filter->source_images, k));
    filter->made = poolgrad_filter_make(nodes->network, filter->type, sources, (int64_t)count,
                                        state_of(nodes, json_array_get(filter->source_states, 0)),
                                        pools ? &window : NULL);
    free(sources);
    set_filter(filter->made, filter);
    filter->mark = DONE;
    nodes->filter_ids[building->made++] = filter->id;
    return true;
}

/* The last of the open filters reads `first`, which is open, too. */
static bool refuse_cycle(struct building *building, const struct filter_text *last, const struct filter_text *first)
{
    enum { NAMED = 8 };
    char list[READING_MESSAGE / 2], quoted[READING_QUOTED];
    size_t used = 0;
    int count = 0;
    building->reading->where[0] = '\0';
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
    if (last == first)
        return poolgrad_reading_fail(building->reading, "filter %s reads itself; expected another", list);
    return poolgrad_reading_fail(building->reading, "filters %s read each other in a cycle; expected none", list);
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
    building->reading->where[0] = building->reading->path[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        struct filter_text *filter = &building->nodes->filters[i];
        if (filter->mark == UNSEEN && !make_with_sources(building, filter)) return false;
    }
    return check_network(building);
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

/* calloc of nothing may be null. */
static void *allocate(size_t count, size_t size)
{
    return calloc(count + 1, size);
}

bool poolgrad_nodes_read(struct reading *reading, json_t *images, json_t *states, json_t *filters, struct nodes *nodes)
{
    struct building building = {.reading = reading, .nodes = nodes};
    *nodes = (struct nodes){.network = poolgrad_network_create(),
                            .image_ids = allocate(json_array_size(images), sizeof(const char *)),
                            .filter_ids = allocate(json_array_size(filters), sizeof(const char *)),
                            .ids = json_object(),
                            .filters = allocate(json_array_size(filters), sizeof(struct filter_text))};
    if (!nodes->network || !nodes->image_ids || !nodes->filter_ids || !nodes->ids || !nodes->filters) {
        return poolgrad_reading_no_memory(reading);
    }
    return read_given(&building, images, states) && read_filters(&building, filters) &&
           make_filters(&building, json_array_size(filters));
}

poolgrad_filter_node *poolgrad_nodes_filter(const struct nodes *nodes, const json_t *id)
{
    enum node_kind kind;
    int64_t place;
    bool found = find(nodes, id, &kind, &place);
    return found && kind == NODE_FILTER ? nodes->filters[place].made : NULL;
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
