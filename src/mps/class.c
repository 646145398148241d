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

/* ---- Hashes ------------------------------------------------------------------------------------------------------ */

static const uint64_t fnv_offset = UINT64_C(0xcbf29ce484222325), fnv_prime = UINT64_C(0x100000001b3);

static uint64_t hash_byte(uint64_t hash, unsigned byte)
{
    return (hash ^ byte) * fnv_prime;
}

uint64_t poolgrad_hash_number(uint64_t hash, int64_t number)
{
    const uint64_t bits = (uint64_t)number;
    for (int i = 0; i < 64; i += 8) hash = hash_byte(hash, (unsigned)(bits >> i) & 0xff);
    return hash;
}

uint64_t poolgrad_hash_string(uint64_t hash, const char *string)
{
    if (!string) return poolgrad_hash_number(hash, -1);
    for (; *string; string++) hash = hash_byte(hash, (unsigned char)*string);
    return hash_byte(hash, 0);
}

uint64_t poolgrad_hash_address(uint64_t hash, const void *address)
{
    return poolgrad_hash_number(hash, (int64_t)(uintptr_t)address);
}

uint64_t poolgrad_hash_begin(const struct poolgrad_class *isa)
{
    return poolgrad_hash_string(fnv_offset, isa->name);
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
