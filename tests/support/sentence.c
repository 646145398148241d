/* SPDX-License-Identifier: Apache-2.0 */
#include "sentence.h"

#include <string.h>

enum { UNFILLED = 0x55 };

poolgrad_error refusal_none(void)
{
    poolgrad_error error;
    memset(&error, UNFILLED, sizeof error);
    return error;
}

bool refusal_is_none(const poolgrad_error *error)
{
    poolgrad_error none = refusal_none();
    return memcmp(error, &none, sizeof none) == 0;
}

static bool starts_with(const char *text, const char *field)
{
    size_t length = strlen(field);
    return strncmp(text, field, length) == 0 && text[length] == ' ' && text[length + 1] != 0;
}

bool refusal_is_sentence(const poolgrad_error *error)
{
    if (!memchr(error->field, 0, sizeof error->field) || !memchr(error->message, 0, sizeof error->message))
        return false;
    if (!*error->field || strlen(error->message) + 1 == sizeof error->message) return false;
    if (strchr(error->message, '\n') || error->message[strlen(error->message) - 1] == '.') return false;
    if (starts_with(error->message, error->field)) return true;
    for (const char *colon = strstr(error->message, ": "); colon; colon = strstr(colon + 1, ": ")) {
        if (starts_with(colon + 2, error->field)) return true;
    }
    return false;
}
