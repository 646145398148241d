/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/members.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/shown_json.h"

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

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
    char shown[POOLGRAD_SHOWN_JSON], expected[READING_MESSAGE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    poolgrad_show_json(value, shown);
    return poolgrad_reading_fail(reading, "%s is %s; expected %s", name, shown, expected);
}

bool poolgrad_reading_no_memory(struct reading *reading)
{
    snprintf(reading->message, sizeof reading->message, "does not fit into memory; expected less");
    return false;
}

/* ---- Objects ----------------------------------------------------------------------------------------------------- */

static const struct member *find_member(const struct member *table, const char *name)
{
    for (; table->name; table++) {
        if (strcmp(table->name, name) == 0) return table;
    }
    return NULL;
}

static bool refuse_unknown(struct reading *reading, const struct member *table, const char *name)
{
    char list[READING_MESSAGE / 2], shown[POOLGRAD_SHOWN_JSON];
    size_t used = 0;
    json_t *value = json_string(name);
    poolgrad_show_json(value, shown);
    json_decref(value);
    for (const struct member *m = table; m->name && used < sizeof list; m++) {
        const char *separator = m == table ? "" : m[1].name ? ", " : " or ";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", separator, m->name);
    }
    return poolgrad_reading_fail(reading, "%s is no member here; expected %s", shown, list);
}

bool poolgrad_read_members(struct reading *reading, json_t *object, const struct member *table, void *into)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        const struct member *member = find_member(table, name);
        if (!member) return refuse_unknown(reading, table, name);
        if (!member->read(reading, member, json_object_iter_value(at), (char *)into + member->place)) return false;
    }
    for (; table->name; table++) {
        if (!table->required || json_object_get(object, table->name)) continue;
        return poolgrad_reading_fail(reading, "%s is missing; expected it, it has no default", table->name);
    }
    return true;
}

bool poolgrad_read_object(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    size_t length = strlen(reading->path);
    if (!json_is_object(value)) return poolgrad_reading_refuse(reading, member->name, value, "an object");
    snprintf(reading->path + length, sizeof reading->path - length, "%s.", member->name);
    if (!poolgrad_read_members(reading, value, member->of, place)) return false;
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
