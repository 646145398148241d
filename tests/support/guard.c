/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

enum { CANARY = 0xc5 };

#if defined(_WIN32)

static size_t page_size(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwPageSize;
}

/* Pages of which only the inner ones can be touched. */
static unsigned char *map(size_t total, size_t page)
{
    DWORD before;
    unsigned char *mapping = VirtualAlloc(NULL, total, MEM_COMMIT | MEM_RESERVE, PAGE_NOACCESS);
    if (!mapping || !VirtualProtect(mapping + page, total - 2 * page, PAGE_READWRITE, &before)) abort();
    return mapping;
}

static void unmap(unsigned char *mapping, size_t total)
{
    (void)total;
    VirtualFree(mapping, 0, MEM_RELEASE);
}

#else

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Pages of which only the inner ones can be touched. */
static unsigned char *map(size_t total, size_t page)
{
    unsigned char *mapping = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED || mprotect(mapping + page, total - 2 * page, PROT_READ | PROT_WRITE) != 0) abort();
    return mapping;
}

static void unmap(unsigned char *mapping, size_t total)
{
    munmap(mapping, total);
}

#endif

void guard_make(guard_buffer *buffer, size_t size, guard_side side)
{
    size_t page = page_size();
    size_t inner = (size + page - 1) / page * page;
    if (inner == 0) inner = page;
    size_t total = inner + 2 * page;
    unsigned char *mapping = map(total, page);
    memset(mapping + page, CANARY, inner);
    *buffer = (guard_buffer){.bytes = mapping + page + (side == GUARD_BEHIND ? inner - size : 0),
                             .size = size,
                             .mapping = mapping,
                             .mapping_size = total,
                             .kept = malloc(size ? size : 1)};
    if (!buffer->kept) abort();
    guard_keep(buffer);
}

void guard_free(guard_buffer *buffer)
{
    if (buffer->mapping) unmap(buffer->mapping, buffer->mapping_size);
    free(buffer->kept);
    *buffer = (guard_buffer){0};
}

void guard_keep(guard_buffer *buffer)
{
    memcpy(buffer->kept, buffer->bytes, buffer->size);
}

void guard_restore(guard_buffer *buffer)
{
    memcpy(buffer->bytes, buffer->kept, buffer->size);
}

bool guard_unchanged(const guard_buffer *buffer)
{
    return memcmp(buffer->bytes, buffer->kept, buffer->size) == 0;
}

bool guard_intact(const guard_buffer *buffer)
{
    if (!buffer->mapping) return true;
    size_t page = page_size();
    const unsigned char *end = buffer->mapping + buffer->mapping_size - page;
    for (const unsigned char *at = buffer->mapping + page; at < end; ++at) {
        if (at == buffer->bytes) at += buffer->size;
        if (at == end) break;
        if (*at != CANARY) return false;
    }
    return true;
}
