/* SPDX-License-Identifier: Apache-2.0 */
/* What every described type can do. A file gives four functions of its own for the type; the public ones, which know
 * null as well, follow from them. */
#ifndef POOLGRAD_TEXT_TYPED_H
#define POOLGRAD_TEXT_TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/text.h"

/* Objects are of the type and not null. */
struct poolgrad_type {
    bool (*equal)(const void *a, const void *b);
    uint64_t (*hash)(const void *object);
    void (*describe)(const void *object, struct poolgrad_text *text);
    void (*write_json)(const void *object, struct poolgrad_text *text);
};

/* The public functions: null equals null only, its hash is 0, its texts are "null". */
int poolgrad_typed_equal(const struct poolgrad_type *type, const void *a, const void *b);
uint64_t poolgrad_typed_hash(const struct poolgrad_type *type, const void *object);
size_t poolgrad_typed_text(void (*tell)(const void *object, struct poolgrad_text *text), const void *object,
                           char *buffer, size_t size);

/* Defines the public functions of `name`, a public type and the beginning of their names. */
#define POOLGRAD_TYPED(name, type)                                                                                     \
    int name##_equal(const name *a, const name *b)                                                                     \
    {                                                                                                                  \
        return poolgrad_typed_equal(&(type), a, b);                                                                    \
    }                                                                                                                  \
    uint64_t name##_hash(const name *object)                                                                           \
    {                                                                                                                  \
        return poolgrad_typed_hash(&(type), object);                                                                   \
    }                                                                                                                  \
    size_t name##_description(const name *object, char *text, size_t size)                                             \
    {                                                                                                                  \
        return poolgrad_typed_text((type).describe, object, text, size);                                               \
    }                                                                                                                  \
    size_t name##_debug_description(const name *object, char *text, size_t size)                                       \
    {                                                                                                                  \
        return poolgrad_typed_text((type).write_json, object, text, size);                                             \
    }                                                                                                                  \
    struct poolgrad_type /* and a semicolon */

#endif
