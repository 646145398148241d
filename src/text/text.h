/* SPDX-License-Identifier: Apache-2.0 */
/* Text into a buffer that may be too small, as snprintf: plain, and as JSON. */
#ifndef POOLGRAD_TEXT_TEXT_H
#define POOLGRAD_TEXT_TEXT_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

#include "base/refusal.h"

/* `length` is that of the whole text; the first size - 1 characters of it are in `buffer`, and a zero. */
struct poolgrad_text {
    char *buffer;
    size_t size, length;
    bool comma; /* the next JSON member or element of the open object or array is not its first */
};

void poolgrad_text_begin(struct poolgrad_text *text, char *buffer, size_t size);
void poolgrad_text_print(struct poolgrad_text *text, const char *format, ...) POOLGRAD_PRINTF(2, 3);

/* JSON. `name` is null for an element of an array and for the outermost value. */
void poolgrad_json_open(struct poolgrad_text *text, const char *name, char bracket); /* '{' or '[' */
void poolgrad_json_close(struct poolgrad_text *text, char bracket);                  /* '}' or ']' */
void poolgrad_json_number(struct poolgrad_text *text, const char *name, int64_t number);
void poolgrad_json_extent(struct poolgrad_text *text, const char *name, int64_t number); /* POOLGRAD_ALL is "all" */
void poolgrad_json_bool(struct poolgrad_text *text, const char *name, int value);
void poolgrad_json_string(struct poolgrad_text *text, const char *name, const char *string); /* null is null; escapes */

#endif
