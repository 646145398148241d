/* SPDX-License-Identifier: Apache-2.0 */
#include "allocation.h"

#include <stdatomic.h>

/* The names are the linker's: what it leads here, and where to go on. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *block);

/* Threads of the library allocate, too. */
static atomic_bool counting, all_after;
static atomic_llong live, asked, first_failing;
static atomic_size_t limit = SIZE_MAX;

int64_t allocation_live(void)
{
    return live;
}

void allocation_begin(int64_t failing, bool and_all)
{
    asked = 0;
    first_failing = failing;
    all_after = and_all;
    counting = true;
}

int64_t allocation_end(void)
{
    counting = false;
    return asked;
}

void allocation_limit(size_t bytes)
{
    limit = bytes;
}

static bool is_refused(size_t size)
{
    if (size > limit) return true;
    if (!counting) return false;
    int64_t number = ++asked, failing = first_failing;
    return number == failing || (all_after && failing > 0 && number > failing);
}

static void *count(void *block)
{
    if (block) ++live;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return is_refused(size) ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t elements, size_t size)
{
    bool overflows = size > 0 && elements > SIZE_MAX / size;
    return is_refused(overflows ? SIZE_MAX : elements * size) ? NULL : count(__real_calloc(elements, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (is_refused(size)) return NULL;
    return block ? __real_realloc(block, size) : count(__real_realloc(NULL, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return is_refused(size) ? NULL : count(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *block)
{
    if (block) --live;
    __real_free(block);
}
