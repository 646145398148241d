/* SPDX-License-Identifier: Apache-2.0 */
/* A value of JSON as refusals show it. For what links jansson. */
#ifndef POOLGRAD_BASE_SHOWN_JSON_H
#define POOLGRAD_BASE_SHOWN_JSON_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOLGRAD_SHOWN_JSON = 68 }; /* bytes of the text; dots and a zero take the last four */

/* How many bytes of a text to show: all, or up to the end of a character. */
static inline int poolgrad_shown_length(const char *text)
{
    const size_t most = POOLGRAD_SHOWN_JSON - 4;
    const char *zero = memchr(text, '\0', most);
    size_t end = zero ? (size_t)(zero - text) : most;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) end--;
    return (int)end;
}

/* An object or an array by its type, another value as JSON; the end of a long one is left off. */
static inline void poolgrad_show_json(const json_t *value, char text[POOLGRAD_SHOWN_JSON])
{
    if (json_is_object(value) || json_is_array(value)) {
        snprintf(text, POOLGRAD_SHOWN_JSON, "%s", json_is_object(value) ? "an object" : "an array");
        return;
    }
    char *json = json_dumps(value, JSON_ENCODE_ANY);
    const char *shown = json ? json : "";
    const int end = poolgrad_shown_length(shown);
    snprintf(text, POOLGRAD_SHOWN_JSON, "%.*s%s", end, shown, shown[end] ? "..." : "");
    free(json);
}

#endif
