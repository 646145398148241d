/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with a page on both sides that cannot be touched. A buffer ends at the page behind it or starts at the one
 * before it, so that an access outside faults; the bytes between the buffer and the other page are canaries.
 */
#ifndef POOLGRAD_TESTS_GUARD_H
#define POOLGRAD_TESTS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum guard_side { GUARD_BEHIND, GUARD_BEFORE } guard_side;

typedef struct guard_buffer {
    unsigned char *bytes; /* the buffer */
    size_t size;
    unsigned char *mapping; /* with both guard pages */
    size_t mapping_size;
    unsigned char *kept; /* what the buffer held at guard_keep */
} guard_buffer;

void guard_make(guard_buffer *buffer, size_t size, guard_side side);
void guard_free(guard_buffer *buffer);

/* Remembers the bytes; puts the remembered ones back; says whether they are still the same. */
void guard_keep(guard_buffer *buffer);
void guard_restore(guard_buffer *buffer);
bool guard_unchanged(const guard_buffer *buffer);

/* Whether the canaries are as guard_make left them. */
bool guard_intact(const guard_buffer *buffer);

#endif
