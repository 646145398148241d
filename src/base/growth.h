/* SPDX-License-Identifier: Apache-2.0 */
/* Structs that begin with `size_t struct_size`, of callers that were compiled with an older or a newer header. */
#ifndef POOLGRAD_BASE_GROWTH_H
#define POOLGRAD_BASE_GROWTH_H

#include <poolgrad/poolgrad.h>

/*
 * Reads the caller's struct into *known, which has `size` bytes and holds neutral values. What the caller's lacks stays
 * neutral; what it has beyond `size` must be zero. Refuses by the field "<name>.struct_size", or "struct_size" where
 * name is null, and names the initializer. known's own struct_size becomes `size`.
 */
poolgrad_status poolgrad_read_struct(const void *given, void *known, size_t size, const char *name,
                                     const char *initializer, poolgrad_error *error);

/* Writes what a function made of *known, which was *read, back to the struct it was read from, but for struct_size.
 * Refuses where that struct, of an older header, lacks what has changed: nothing is written then. */
poolgrad_status poolgrad_write_struct(void *given, const void *read, const void *known, size_t size,
                                      poolgrad_error *error);

#endif
