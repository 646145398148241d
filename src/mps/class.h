/* SPDX-License-Identifier: Apache-2.0 */
/* What every value and object can do: the functions of its class, which it names in its first member. */
#ifndef POOLGRAD_MPS_CLASS_H
#define POOLGRAD_MPS_CLASS_H

#include <poolgrad/mps.h>

#include "text/hash.h"
#include "text/text.h"

struct poolgrad_class {
    const char *name;
    bool (*equal)(const void *a, const void *b); /* both of this class */
    uint64_t (*hash)(const void *object);
    void (*describe)(const void *object, struct poolgrad_text *text);
    void (*write_json)(const void *object, struct poolgrad_text *text);
};

extern const struct poolgrad_class poolgrad_padding_policy_class, poolgrad_pooling_class,
    poolgrad_pooling_gradient_class, poolgrad_state_class, poolgrad_buffer_class;

/* Null equals null only. */
bool poolgrad_same_string(const char *a, const char *b);

bool poolgrad_same_allocator(const poolgrad_image_allocator *a, const poolgrad_image_allocator *b);
uint64_t poolgrad_hash_allocator(uint64_t hash, const poolgrad_image_allocator *allocator);

#endif
