/* SPDX-License-Identifier: Apache-2.0 */
#include "text/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void poolgrad_text_begin(struct poolgrad_text *text, char *buffer, size_t size)
{
    *text = (struct poolgrad_text){.buffer = buffer, .size = buffer ? size : 0};
    if (buffer && size > 0) buffer[0] = '\0';
}

void poolgrad_text_print(struct poolgrad_text *text, const char *format, ...)
{
    bool room = text->length < text->size;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(room ? text->buffer + text->length : NULL, room ? text->size - text->length : 0, format,
                           arguments);
    va_end(arguments);
    if (length > 0) text->length += (size_t)length;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void write_string(struct poolgrad_text *text, const char *string)
{
    poolgrad_text_print(text, "\"");
    for (; *string; string++) {
        const unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\')
            poolgrad_text_print(text, "\\%c", c);
        else if (c < ' ')
            poolgrad_text_print(text, "\\u%04x", c);
        else
            poolgrad_text_print(text, "%c", c);
    }
    poolgrad_text_print(text, "\"");
}

static void begin_value(struct poolgrad_text *text, const char *name)
{
    if (text->comma) poolgrad_text_print(text, ", ");
    text->comma = true;
    if (!name) return;
    write_string(text, name);
    poolgrad_text_print(text, ": ");
}

void poolgrad_json_open(struct poolgrad_text *text, const char *name, char bracket)
{
    begin_value(text, name);
    poolgrad_text_print(text, "%c", bracket);
    text->comma = false;
}

void poolgrad_json_close(struct poolgrad_text *text, char bracket)
{
    poolgrad_text_print(text, "%c", bracket);
    text->comma = true;
}

void poolgrad_json_number(struct poolgrad_text *text, const char *name, int64_t number)
{
    begin_value(text, name);
    poolgrad_text_print(text, "%" PRId64, number);
}

void poolgrad_json_extent(struct poolgrad_text *text, const char *name, int64_t number)
{
    if (number == POOLGRAD_ALL)
        poolgrad_json_string(text, name, "all");
    else
        poolgrad_json_number(text, name, number);
}

void poolgrad_json_bool(struct poolgrad_text *text, const char *name, int value)
{
    begin_value(text, name);
    poolgrad_text_print(text, "%s", value ? "true" : "false");
}

void poolgrad_json_string(struct poolgrad_text *text, const char *name, const char *string)
{
    begin_value(text, name);
    if (string)
        write_string(text, string);
    else
        poolgrad_text_print(text, "null");
}
