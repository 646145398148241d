/* SPDX-License-Identifier: Apache-2.0 */
/* How a description is refused: one sentence that begins with the field's name. */
#ifndef POOLGRAD_BASE_REFUSAL_H
#define POOLGRAD_BASE_REFUSAL_H

#include <poolgrad/poolgrad.h>

#if defined(__GNUC__)
#define POOLGRAD_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define POOLGRAD_PRINTF(text, first)
#endif

/* Writes "<field> <text>" into *error, which may be null. Returns POOLGRAD_INVALID. */
poolgrad_status poolgrad_refuse(poolgrad_error *error, const char *field, const char *format, ...)
    POOLGRAD_PRINTF(3, 4);

/* The same for an allocation that failed. */
static inline poolgrad_status poolgrad_refuse_memory(poolgrad_error *error, const char *what)
{
    poolgrad_refuse(error, what, "does not fit into memory");
    return POOLGRAD_NO_MEMORY;
}

#endif
