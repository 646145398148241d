/* SPDX-License-Identifier: Apache-2.0 */
#include "json/reader.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shown_json.h"

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

/* Sentences are one line, whatever bytes of the text they show. */
static void replace_controls(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = '?';
    }
}

/* Of the properties' names none is near an end; a member may have any name. */
static void set_path(struct poolgrad_reader *reader, const char *name)
{
    snprintf(reader->error.path, sizeof reader->error.path, "%.40s%.55s%.*s", reader->element, reader->path,
             poolgrad_shown_length(name), name);
}

static bool fail(struct poolgrad_reader *reader, const char *name, const char *shown_name, const char *sentence)
{
    poolgrad_json_error *error = &reader->error;
    reader->status = POOLGRAD_INVALID;
    set_path(reader, name);
    const char *const parts[] = {reader->where, reader->path, shown_name, *shown_name ? " " : "", sentence};
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t room = sizeof error->message - 1 - used, length = strlen(parts[i]);
        memcpy(error->message + used, parts[i], length < room ? length : room);
        used += length < room ? length : room;
    }
    error->message[used] = '\0';
    replace_controls(error->message);
    return false;
}

bool poolgrad_reader_fail(struct poolgrad_reader *reader, const char *name, const char *format, ...)
{
    char sentence[sizeof reader->error.message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return fail(reader, name, name, sentence);
}

bool poolgrad_reader_tell(struct poolgrad_reader *reader, const char *name, const char *format, ...)
{
    char sentence[sizeof reader->error.message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return fail(reader, name, "", sentence);
}

bool poolgrad_reader_refuse(struct poolgrad_reader *reader, const char *name, const json_t *value, const char *format,
                            ...)
{
    char shown[POOLGRAD_SHOWN_JSON], expected[POOLGRAD_READER_LIST];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    poolgrad_show_json(value, shown);
    return poolgrad_reader_fail(reader, name, "is %s; expected %s", shown, expected);
}

bool poolgrad_reader_missing(struct poolgrad_reader *reader, const char *name)
{
    return poolgrad_reader_fail(reader, name, "is missing; expected it, it has no default");
}

bool poolgrad_reader_refused(struct poolgrad_reader *reader, poolgrad_status status, const poolgrad_error *error)
{
    if (status == POOLGRAD_NO_MEMORY) return poolgrad_reader_no_memory(reader);
    reader->status = status;
    set_path(reader, error->field);
    snprintf(reader->error.message, sizeof reader->error.message, "%s", error->message);
    replace_controls(reader->error.message);
    return false;
}

bool poolgrad_reader_no_memory(struct poolgrad_reader *reader)
{
    reader->status = POOLGRAD_NO_MEMORY;
    reader->error.path[0] = '\0';
    snprintf(reader->error.message, sizeof reader->error.message, "does not fit into memory; expected less");
    return false;
}

void poolgrad_reader_leave(struct poolgrad_reader *reader)
{
    reader->where[0] = reader->element[0] = reader->path[0] = '\0';
}

void poolgrad_reader_quote(const char *name, char text[POOLGRAD_READER_QUOTED])
{
    const int end = poolgrad_shown_length(name);
    snprintf(text, POOLGRAD_READER_QUOTED, "\"%.*s%s\"", end, name, name[end] ? "..." : "");
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

/* "a, b or c": each word is held back until the next one is known. */
struct list {
    char text[POOLGRAD_READER_LIST];
    size_t used;
    const char *word;
    int length, count;
};

static void put(struct list *list, const char *separator)
{
    if (!list->word || list->used >= sizeof list->text) return;
    list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used, "%s%.*s",
                                   list->count++ == 0 ? "" : separator, list->length, list->word);
}

static void add(struct list *list, const char *word, int length)
{
    put(list, ", ");
    list->word = word;
    list->length = length;
}

static const char *finish(struct list *list)
{
    put(list, " or ");
    return list->text;
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static const char *type_word(int value)
{
    return poolgrad_filter_type_name((poolgrad_filter_type)(value + 1));
}

/* The number of a word; -1, after a sentence, where it is none. */
static int find_word(struct poolgrad_reader *reader, const char *name, json_t *value, const char *(*word)(int))
{
    const char *given = json_string_value(value); /* null of what is no string */
    int number = 0;
    for (; word(number); number++) {
        if (given && strcmp(given, word(number)) == 0) return number;
    }
    char quoted[POOLGRAD_READER_LIST];
    size_t used = 0;
    for (int i = 0; i < number && used < sizeof quoted; i++) {
        const char *separator = i == 0 ? "" : i == number - 1 ? " or " : ", ";
        used += (size_t)snprintf(quoted + used, sizeof quoted - used, "%s\"%s\"", separator, word(i));
    }
    poolgrad_reader_refuse(reader, name, value, "%s", quoted);
    return -1;
}

bool poolgrad_reader_type(struct poolgrad_reader *reader, const char *name, json_t *value, poolgrad_filter_type *type)
{
    const int number = find_word(reader, name, value, type_word);
    if (number >= 0) *type = (poolgrad_filter_type)(number + 1);
    return number >= 0;
}

/* Numbers are taken as they are: a kernel may be one that is refused when it is used. */
static bool read_word(struct poolgrad_reader *reader, const struct poolgrad_property *row, const char *name,
                      json_t *value, void *field)
{
    const json_int_t given = json_integer_value(value); /* 0 of what is none */
    int number = json_is_integer(value) && given >= INT_MIN && given <= INT_MAX
                     ? (int)given
                     : find_word(reader, name, value, row->word);
    const bool good = json_is_integer(value) ? given == number : number >= 0;
    if (good) memcpy(field, &number, sizeof number);
    return good;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static bool read_method(struct poolgrad_reader *reader, const char *name, json_t *value, void *field)
{
    const json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= 0 && number <= UINT32_MAX) {
        *(poolgrad_padding_method *)field = (poolgrad_padding_method)number;
        return true;
    }
    if (json_is_string(value) && poolgrad_parse_method(json_string_value(value), field)) return true;
    return poolgrad_reader_refuse(reader, name, value,
                                  "\"valid only\", \"same\" or \"full\" and what else holds, such as \"same | centered "
                                  "| remainder to top left\"");
}

static bool read_integer(struct poolgrad_reader *reader, const char *name, json_t *value, bool extent, void *field)
{
    const bool all = extent && json_is_string(value) && strcmp(json_string_value(value), "all") == 0;
    if (!all && !json_is_integer(value)) {
        return poolgrad_reader_refuse(reader, name, value, "%s", extent ? "an integer or \"all\"" : "an integer");
    }
    *(int64_t *)field = all ? POOLGRAD_ALL : json_integer_value(value);
    return true;
}

static bool read_flag(struct poolgrad_reader *reader, const char *name, json_t *value, void *field)
{
    if (!json_is_boolean(value)) return poolgrad_reader_refuse(reader, name, value, "true or false");
    *(int *)field = json_is_true(value);
    return true;
}

static bool read_label(struct poolgrad_reader *reader, const char *name, json_t *value, void *field)
{
    if (!json_is_string(value) || json_string_length(value) >= POOLGRAD_LABEL_SIZE) {
        return poolgrad_reader_refuse(reader, name, value, "a string of at most %d bytes", POOLGRAD_LABEL_SIZE - 1);
    }
    memcpy(field, json_string_value(value), json_string_length(value) + 1);
    return true;
}

/* The string stays the JSON value's. */
static bool read_string(struct poolgrad_reader *reader, const char *name, json_t *value, bool nullable, void *field)
{
    if (!json_is_string(value) && !(nullable && json_is_null(value))) {
        return poolgrad_reader_refuse(reader, name, value, "%s", nullable ? "a string or null" : "a string");
    }
    const char *string = json_string_value(value);
    memcpy(field, &string, sizeof string);
    return true;
}

static bool read_array(struct poolgrad_reader *reader, const char *name, json_t *value, void *field)
{
    if (!json_is_array(value)) return poolgrad_reader_refuse(reader, name, value, "an array");
    *(json_t **)field = value;
    return true;
}

static bool read_constant(struct poolgrad_reader *reader, const char *name, json_t *value, const char *word,
                          const char *why)
{
    if (json_is_string(value) && strcmp(json_string_value(value), word) == 0) return true;
    return poolgrad_reader_refuse(reader, name, value, "\"%s\"%s", word, why);
}

static bool read_field(struct poolgrad_reader *reader, const struct poolgrad_property *row, const char *name,
                       json_t *value, void *field)
{
    switch (row->type) {
    case POOLGRAD_PROPERTY_INTEGER: return read_integer(reader, name, value, false, field);
    case POOLGRAD_PROPERTY_EXTENT: return read_integer(reader, name, value, true, field);
    case POOLGRAD_PROPERTY_FLAG: return read_flag(reader, name, value, field);
    case POOLGRAD_PROPERTY_WORD: return read_word(reader, row, name, value, field);
    case POOLGRAD_PROPERTY_LABEL: return read_label(reader, name, value, field);
    case POOLGRAD_PROPERTY_TEXT: return read_string(reader, name, value, true, field);
    case POOLGRAD_PROPERTY_NAME: return read_string(reader, name, value, false, field);
    case POOLGRAD_PROPERTY_METHOD: return read_method(reader, name, value, field);
    case POOLGRAD_PROPERTY_TYPE: return poolgrad_reader_type(reader, name, value, field);
    case POOLGRAD_PROPERTY_ARRAY: return read_array(reader, name, value, field);
    case POOLGRAD_PROPERTY_CONSTANT: return read_constant(reader, name, value, row->word(0), "");
    case POOLGRAD_PROPERTY_NULL: return json_is_null(value) || poolgrad_reader_refuse(reader, name, value, "null");
    case POOLGRAD_PROPERTY_CALLBACK:
    case POOLGRAD_PROPERTY_ALLOCATOR:
        return read_constant(reader, name, value, "default", ", a file cannot hold a function");
    case POOLGRAD_PROPERTY_ADDRESS: break;
    }
    return false;
}

/* ---- Objects ----------------------------------------------------------------------------------------------------- */

/* A row of some part, or an object of rows; null at the end of all parts. */
struct place {
    const struct poolgrad_reader_part *part;
    const struct poolgrad_property *row;
};

static bool is_member(const struct poolgrad_property *row, const char *prefix, unsigned kind)
{
    return row->type != POOLGRAD_PROPERTY_ADDRESS && poolgrad_property_applies(row, kind) &&
           strncmp(row->name, prefix, strlen(prefix)) == 0;
}

/* The next row whose name begins with the prefix. */
static bool next_row(struct place *place, const char *prefix, unsigned kind)
{
    while (place->part->table) {
        place->row = place->row ? place->row + 1 : place->part->table;
        if (!place->row->name) {
            place->part++;
            place->row = NULL;
        } else if (is_member(place->row, prefix, kind)) {
            return true;
        }
    }
    return false;
}

/* Length of the member's name behind the prefix: up to a dot, behind which it is a member of that one. */
static size_t member_length(const char *name)
{
    return strcspn(name, ".");
}

static bool refuse_unknown(struct poolgrad_reader *reader, const struct poolgrad_reader_part *parts, unsigned kind,
                           const char *prefix, const char *name)
{
    struct list list = {.used = 0};
    struct place place = {parts, NULL};
    char shown[POOLGRAD_SHOWN_JSON], sentence[2 * POOLGRAD_READER_LIST];
    while (next_row(&place, prefix, kind)) {
        const char *member = place.row->name + strlen(prefix);
        const int length = (int)member_length(member);
        const bool again = list.word && list.length == length && strncmp(list.word, member, (size_t)length) == 0;
        if (!again) add(&list, member, length);
    }
    json_t *value = json_string(name);
    poolgrad_show_json(value, shown);
    json_decref(value);
    snprintf(sentence, sizeof sentence, "is no member here; expected %s", finish(&list));
    return fail(reader, name, shown, sentence);
}

static bool check_required(struct poolgrad_reader *reader, json_t *object, const struct poolgrad_reader_part *parts,
                           unsigned kind)
{
    struct place place = {parts, NULL};
    while (next_row(&place, "", kind)) {
        const bool required = (place.row->flags & POOLGRAD_PROPERTY_REQUIRED) != 0;
        if (required && !json_object_get(object, place.row->name)) {
            return poolgrad_reader_missing(reader, place.row->name);
        }
    }
    return true;
}

/* A member whose name is that of a row behind the prefix: what is behind a dot is a member of another object. */
static bool read_member(struct poolgrad_reader *reader, json_t *value, const struct poolgrad_reader_part *parts,
                        unsigned kind, const char *prefix, const char *name)
{
    struct place place = {parts, NULL};
    snprintf(reader->path, sizeof reader->path, "%s", prefix);
    while (!strchr(name, '.') && next_row(&place, prefix, kind)) {
        if (strcmp(place.row->name + strlen(prefix), name) != 0) continue;
        return read_field(reader, place.row, name, value, (char *)place.part->into + place.row->place);
    }
    return refuse_unknown(reader, parts, kind, prefix, name);
}

/* Whether the member is an object of rows; *prefix becomes what their names begin with. */
static bool is_object(const struct poolgrad_reader_part *parts, unsigned kind, const char *name,
                      char prefix[POOLGRAD_READER_NAME])
{
    struct place place = {parts, NULL};
    snprintf(prefix, POOLGRAD_READER_NAME, "%s.", name);
    return strlen(name) + 1 < POOLGRAD_READER_NAME && !strchr(name, '.') && next_row(&place, prefix, kind);
}

static bool read_inner(struct poolgrad_reader *reader, json_t *object, const struct poolgrad_reader_part *parts,
                       unsigned kind, const char *prefix, const char *name)
{
    if (!json_is_object(object)) return poolgrad_reader_refuse(reader, name, object, "an object");
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        if (!read_member(reader, json_object_iter_value(at), parts, kind, prefix, json_object_iter_key(at))) {
            return false;
        }
    }
    reader->path[0] = '\0';
    return true;
}

bool poolgrad_reader_object(struct poolgrad_reader *reader, json_t *object, const struct poolgrad_reader_part *parts,
                            unsigned kind)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        char prefix[POOLGRAD_READER_NAME];
        const char *name = json_object_iter_key(at);
        json_t *value = json_object_iter_value(at);
        const bool good = is_object(parts, kind, name, prefix) ? read_inner(reader, value, parts, kind, prefix, name)
                                                               : read_member(reader, value, parts, kind, "", name);
        if (!good) return false;
    }
    return check_required(reader, object, parts, kind);
}
