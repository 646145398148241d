/* SPDX-License-Identifier: Apache-2.0 */
#include "text/typed.h"

int poolgrad_typed_equal(const struct poolgrad_type *type, const void *a, const void *b)
{
    if (!a || !b) return a == b;
    return a == b || type->equal(a, b);
}

uint64_t poolgrad_typed_hash(const struct poolgrad_type *type, const void *object)
{
    return object ? type->hash(object) : 0;
}

size_t poolgrad_typed_text(void (*tell)(const void *object, struct poolgrad_text *text), const void *object,
                           char *buffer, size_t size)
{
    struct poolgrad_text text;
    poolgrad_text_begin(&text, buffer, size);
    if (object)
        tell(object, &text);
    else
        poolgrad_text_print(&text, "null");
    return text.length;
}
