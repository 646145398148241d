/* SPDX-License-Identifier: Apache-2.0 */
#include "json_text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_value(const char *text);

static const char *skip_space(const char *text)
{
    return text + strspn(text, " \t\r\n");
}

static const char *skip_string(const char *text)
{
    if (*text++ != '"') return NULL;
    for (; *text != '"'; text++) {
        if ((unsigned char)*text < ' ') return NULL;
        if (*text != '\\') continue;
        if (!*++text || !strchr("\"\\/bfnrtu", *text)) return NULL;
        for (int i = 0; *text == 'u' && i < 4; i++) {
            if (!isxdigit((unsigned char)text[i + 1])) return NULL;
        }
    }
    return text + 1;
}

static const char *skip_digits(const char *text)
{
    size_t count = strspn(text, "0123456789");
    return count > 0 ? text + count : NULL;
}

static const char *skip_number(const char *text)
{
    if (*text == '-') text++;
    const char *end = skip_digits(text);
    if (!end || (*text == '0' && end != text + 1)) return NULL;
    if (*end == '.') end = skip_digits(end + 1);
    if (!end || (*end != 'e' && *end != 'E')) return end;
    end++;
    return skip_digits(*end == '+' || *end == '-' ? end + 1 : end);
}

static const char *skip_name(const char *text)
{
    text = skip_string(text);
    if (text) text = skip_space(text);
    return text && *text == ':' ? skip_space(text + 1) : NULL;
}

/* An object or an array. */
static const char *skip_container(const char *text)
{
    char close = *text == '{' ? '}' : ']';
    text = skip_space(text + 1);
    if (*text == close) return text + 1;
    for (;;) {
        if (close == '}') text = skip_name(text);
        if (text) text = skip_value(text);
        if (text) text = skip_space(text);
        if (!text || (*text != ',' && *text != close)) return NULL;
        if (*text == close) return text + 1;
        text = skip_space(text + 1);
    }
}

/* Behind the value, null where it is none. */
static const char *skip_value(const char *text)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*text == '{' || *text == '[') return skip_container(text);
    if (*text == '"') return skip_string(text);
    for (int i = 0; i < 3; i++) {
        if (strncmp(text, words[i], strlen(words[i])) == 0) return text + strlen(words[i]);
    }
    return skip_number(text);
}

bool json_is_valid(const char *text)
{
    text = skip_value(skip_space(text));
    return text && *skip_space(text) == '\0';
}

/* The value at `index` of a container, or where `name` is given the one of that name. */
static const char *find(const char *container, int index, const char *name)
{
    bool object = *container == '{';
    const char *at = skip_space(container + 1);
    for (int i = 0; *at != '}' && *at != ']'; i++) {
        const char *key = at;
        if (object) at = skip_name(at);
        if (name ? object && json_is(key, name) : i == index) return at;
        at = skip_space(skip_value(at));
        if (*at == ',') at = skip_space(at + 1);
    }
    return NULL;
}

const char *json_member(const char *object, const char *name)
{
    object = skip_space(object);
    return *object == '{' ? find(object, 0, name) : NULL;
}

const char *json_element(const char *array, int index)
{
    array = skip_space(array);
    return *array == '[' ? find(array, index, NULL) : NULL;
}

int json_count(const char *array)
{
    int count = 0;
    while (json_element(array, count)) count++;
    return count;
}

double json_number(const char *value)
{
    return value && skip_number(value) ? strtod(value, NULL) : NAN;
}

bool json_is(const char *value, const char *string)
{
    size_t length = strlen(string);
    return value && *value == '"' && strncmp(value + 1, string, length) == 0 && value[length + 1] == '"';
}

char *json_quoted(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (!copy) abort();
    memcpy(copy, text, size);
    for (char *at = copy; (at = strchr(at, '\''));) *at = '"';
    return copy;
}
