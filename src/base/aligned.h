/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that begins at a multiple of its alignment. Windows has no aligned_alloc: there such memory is of another kind
 * than malloc's and has a function of its own that frees it. */
#ifndef POOLGRAD_BASE_ALIGNED_H
#define POOLGRAD_BASE_ALIGNED_H

#include <stddef.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <malloc.h>
#endif

/* What memory that threads work on begins at, and sizes in it are multiples of: no two threads share a line. */
enum { POOLGRAD_CACHE_LINE = 64 };

/* The size is a multiple of the alignment, a power of two. Null without memory. */
static inline void *poolgrad_aligned_allocate(size_t alignment, size_t size)
{
#if defined(_WIN32)
    return _aligned_malloc(size, alignment);
#else
    return aligned_alloc(alignment, size);
#endif
}

/* Of null: nothing. */
static inline void poolgrad_aligned_free(void *memory)
{
#if defined(_WIN32)
    _aligned_free(memory);
#else
    free(memory);
#endif
}

#endif
