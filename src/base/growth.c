/* SPDX-License-Identifier: Apache-2.0 */
#include "base/growth.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/refusal.h"

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

const char *poolgrad_version(void)
{
    return TEXT(POOLGRAD_VERSION_MAJOR) "." TEXT(POOLGRAD_VERSION_MINOR) "." TEXT(POOLGRAD_VERSION_PATCH);
}

/* No struct gets near this: a greater size was never set, and what lies there is not the caller's. */
enum { STRUCT_LIMIT = 4096 };

static size_t size_of(const void *given)
{
    size_t struct_size;
    memcpy(&struct_size, given, sizeof struct_size);
    return struct_size;
}

static size_t shorter(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The first byte behind the known ones that is not zero; given_size where there is none. */
static size_t find_unknown(const void *given, size_t given_size, size_t size)
{
    for (size_t i = size; i < given_size; i++) {
        if (((const unsigned char *)given)[i] != 0) return i;
    }
    return given_size;
}

poolgrad_status poolgrad_read_struct(const void *given, void *known, size_t size, const char *name,
                                     const char *initializer, poolgrad_error *error)
{
    char field[sizeof error->field];
    const size_t given_size = size_of(given);
    const bool set = given_size >= sizeof size && given_size <= STRUCT_LIMIT;
    const size_t unknown = set ? find_unknown(given, given_size, size) : 0;
    if (set && unknown >= given_size) {
        memcpy(known, given, shorter(given_size, size));
        memcpy(known, &size, sizeof size);
        return POOLGRAD_OK;
    }
    snprintf(field, sizeof field, "%s%sstruct_size", name ? name : "", name ? "." : "");
    if (!set) return poolgrad_refuse(error, field, "is %zu; expected %zu, set by %s", given_size, size, initializer);
    return poolgrad_refuse(error, field,
                           "is %zu and byte %zu is not zero; expected zeros behind the %zu bytes that version %s knows",
                           given_size, unknown, size, poolgrad_version());
}

poolgrad_status poolgrad_write_struct(void *given, const void *read, const void *known, size_t size,
                                      poolgrad_error *error)
{
    const size_t given_size = size_of(given), end = shorter(given_size, size), begin = sizeof size;
    if (memcmp((const unsigned char *)read + end, (const unsigned char *)known + end, size - end) != 0) {
        return poolgrad_refuse(error, "struct_size",
                               "is %zu; expected %zu: what is to be set lies behind the fields of that older struct",
                               given_size, size);
    }
    memcpy((unsigned char *)given + begin, (const unsigned char *)known + begin, end - begin);
    return POOLGRAD_OK;
}
