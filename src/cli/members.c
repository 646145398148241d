/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/members.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

enum { SHOWN = 64 }; /* bytes of a value */

/* How many bytes to show of a text: all, or up to the end of a character. */
static size_t beginning(const char *text)
{
    const char *zero = memchr(text, '\0', SHOWN);
    size_t end = zero ? (size_t)(zero - text) : SHOWN;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) end--;
    return end;
}

/* The value as JSON, its end left off where it is long; what has parts by its type. */
static void show(const json_t *value, char text[SHOWN + 4])
{
    static const char *const types[] = {[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array"};
    if (json_is_object(value) || json_is_array(value)) {
        snprintf(text, SHOWN, "%s", types[json_typeof(value)]);
        return;
    }
    char *json = json_dumps(value, JSON_ENCODE_ANY);
    const char *shown = json ? json : "";
    size_t end = beginning(shown);
    snprintf(text, SHOWN + 4, "%.*s%s", (int)end, shown, shown[end] ? "..." : "");
    free(json);
}

bool poolgrad_reading_fail(struct reading *reading, const char *format, ...)
{
    va_list arguments;
    int used = snprintf(reading->message, sizeof reading->message, "%s%s", reading->where, reading->path);
    va_start(arguments, format);
    vsnprintf(reading->message + used, sizeof reading->message - (size_t)used, format, arguments);
    va_end(arguments);
    return false;
}

bool poolgrad_reading_refuse(struct reading *reading, const char *name, const json_t *value, const char *format, ...)
{
    char shown[SHOWN + 4], expected[READING_MESSAGE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    show(value, shown);
    return poolgrad_reading_fail(reading, "%s is %s; expected %s", name, shown, expected);
}

void poolgrad_reading_quote(const char *name, char text[READING_QUOTED])
{
    size_t end = beginning(name);
    snprintf(text, READING_QUOTED, "\"%.*s%s\"", (int)end, name, name[end] ? "..." : "");
}

bool poolgrad_reading_no_memory(struct reading *reading)
{
    snprintf(reading->message, sizeof reading->message, "does not fit into memory; expected less");
    return false;
}

/* ---- Objects ----------------------------------------------------------------------------------------------------- */

static bool applies(const struct member *member, unsigned kind)
{
    return member->kinds == 0 || (member->kinds & kind) != 0;
}

/* "a, b or c" of what a table has for one kind. */
static void list_members(const struct member *table, unsigned kind, char *text, size_t size)
{
    const struct member *last = NULL;
    size_t used = 0;
    text[0] = '\0';
    for (const struct member *m = table; m->name; m++) last = applies(m, kind) ? m : last;
    for (const struct member *m = table; m->name && used < size; m++) {
        if (!applies(m, kind)) continue;
        const char *separator = used == 0 ? "" : m == last ? " or " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", separator, m->name);
    }
}

static const struct member *find_member(const struct member *table, unsigned kind, const char *name)
{
    for (; table->name; table++) {
        if (applies(table, kind) && strcmp(table->name, name) == 0) return table;
    }
    return NULL;
}

static bool refuse_unknown(struct reading *reading, const struct member *table, unsigned kind, const char *name)
{
    char list[READING_MESSAGE / 2], shown[SHOWN + 4];
    json_t *value = json_string(name);
    show(value, shown);
    json_decref(value);
    list_members(table, kind, list, sizeof list);
    return poolgrad_reading_fail(reading, "%s is no member here; expected %s", shown, list);
}

bool poolgrad_read_members(struct reading *reading, json_t *object, const struct member *table, unsigned kind,
                           void *into)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        const struct member *member = find_member(table, kind, name);
        if (!member) return refuse_unknown(reading, table, kind, name);
        if (!member->read(reading, member, json_object_iter_value(at), (char *)into + member->place)) return false;
    }
    for (; table->name; table++) {
        if (!table->required || !applies(table, kind) || json_object_get(object, table->name)) continue;
        return poolgrad_reading_fail(reading, "%s is missing; expected it, it has no default", table->name);
    }
    return true;
}

bool poolgrad_read_object(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    const struct object *object = member->of;
    size_t length = strlen(reading->path);
    if (!json_is_object(value)) return poolgrad_reading_refuse(reading, member->name, value, "an object");
    snprintf(reading->path + length, sizeof reading->path - length, "%s.", member->name);
    if (!poolgrad_read_members(reading, value, object->table, object->kind, place)) return false;
    reading->path[length] = '\0';
    return true;
}

bool poolgrad_read_array(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    if (!json_is_array(value)) return poolgrad_reading_refuse(reading, member->name, value, "an array");
    *(json_t **)place = value;
    return true;
}

/* ---- Single values ----------------------------------------------------------------------------------------------- */

bool poolgrad_read_integer(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    if (!json_is_integer(value)) return poolgrad_reading_refuse(reading, member->name, value, "an integer");
    *(int64_t *)place = json_integer_value(value);
    return true;
}

bool poolgrad_read_extent(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    bool all = json_is_string(value) && strcmp(json_string_value(value), "all") == 0;
    if (!all && !json_is_integer(value)) {
        return poolgrad_reading_refuse(reading, member->name, value, "an integer or \"all\"");
    }
    *(int64_t *)place = all ? POOLGRAD_ALL : json_integer_value(value);
    return true;
}

bool poolgrad_read_flag(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    if (!json_is_boolean(value)) return poolgrad_reading_refuse(reading, member->name, value, "true or false");
    *(int *)place = json_is_true(value);
    return true;
}

bool poolgrad_read_text(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    bool null = json_is_null(value);
    if (!null && !json_is_string(value))
        return poolgrad_reading_refuse(reading, member->name, value, "a string or null");
    *(const char **)place = null ? NULL : json_string_value(value);
    return true;
}

bool poolgrad_read_name(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    if (!json_is_string(value)) return poolgrad_reading_refuse(reading, member->name, value, "a string");
    *(const char **)place = json_string_value(value);
    return true;
}

static bool refuse_word(struct reading *reading, const struct member *member, json_t *value)
{
    const struct words *words = member->of;
    char list[READING_MESSAGE / 2];
    size_t used = 0;
    for (int i = 0; words->word(i); i++) {
        const char *separator = i == 0 ? "" : words->word(i + 1) ? ", " : " or ";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s\"%s\"", separator, words->word(i));
    }
    return poolgrad_reading_refuse(reading, member->name, value, "%s", list);
}

bool poolgrad_read_word(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    const struct words *words = member->of;
    int number = 0;
    if (json_is_integer(value)) {
        json_int_t given = json_integer_value(value);
        if (given < INT_MIN || given > INT_MAX) return refuse_word(reading, member, value);
        number = (int)given;
    } else {
        const char *word = json_string_value(value); /* null of what is no string */
        while (words->word(number) && !(word && strcmp(word, words->word(number)) == 0)) number++;
        if (!words->word(number)) return refuse_word(reading, member, value);
    }
    memcpy(place, &number, sizeof number); /* all enumerations are as wide as int */
    return true;
}

bool poolgrad_read_constant(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    (void)place;
    if (json_is_string(value) && strcmp(json_string_value(value), member->of) == 0) return true;
    return poolgrad_reading_refuse(reading, member->name, value, "\"%s\"", (const char *)member->of);
}
