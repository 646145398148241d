/* SPDX-License-Identifier: Apache-2.0 */
#include "mps/class.h"

#include <string.h>

/* Every value and object begins with its class. */
static const struct poolgrad_class *class_of(const void *object)
{
    const struct poolgrad_class *isa = NULL;
    if (object) memcpy(&isa, object, sizeof(const struct poolgrad_class *));
    return isa;
}

int poolgrad_equal(const void *a, const void *b)
{
    const struct poolgrad_class *isa = class_of(a);
    if (a == b) return 1;
    return isa && isa == class_of(b) && isa->equal(a, b);
}

uint64_t poolgrad_hash(const void *object)
{
    const struct poolgrad_class *isa = class_of(object);
    return isa ? isa->hash(object) : 0;
}

size_t poolgrad_description(const void *object, char *text, size_t size)
{
    const struct poolgrad_class *isa = class_of(object);
    struct poolgrad_text writer;
    poolgrad_text_begin(&writer, text, size);
    if (isa)
        isa->describe(object, &writer);
    else
        poolgrad_text_print(&writer, "%s", object ? "no class" : "null");
    return writer.length;
}

size_t poolgrad_debug_description(const void *object, char *text, size_t size)
{
    const struct poolgrad_class *isa = class_of(object);
    struct poolgrad_text writer;
    poolgrad_text_begin(&writer, text, size);
    if (isa)
        isa->write_json(object, &writer);
    else
        poolgrad_text_print(&writer, "null");
    return writer.length;
}

/* ---- Parts of several classes ------------------------------------------------------------------------------------ */

bool poolgrad_same_string(const char *a, const char *b)
{
    if (!a || !b) return a == b;
    return strcmp(a, b) == 0;
}

bool poolgrad_same_allocator(const poolgrad_image_allocator *a, const poolgrad_image_allocator *b)
{
    return a->allocate == b->allocate && a->release == b->release && a->context == b->context;
}

/* Addresses of functions have no portable number: whether they are there is hashed. */
uint64_t poolgrad_hash_allocator(uint64_t hash, const poolgrad_image_allocator *allocator)
{
    hash = poolgrad_hash_number(hash, (allocator->allocate != NULL) + 2 * (allocator->release != NULL));
    return poolgrad_hash_address(hash, allocator->context);
}
