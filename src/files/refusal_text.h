/* SPDX-License-Identifier: Apache-2.0 */
/* How a file is refused: one sentence that begins with the name of what is wrong in it. */
#ifndef POOLGRAD_FILES_REFUSAL_TEXT_H
#define POOLGRAD_FILES_REFUSAL_TEXT_H

#include <poolgrad/poolgrad.h>

/* Writes "<field> <text>" into *error, which may be null. Returns POOLGRAD_INVALID. */
poolgrad_status poolgrad_refuse_file(poolgrad_error *error, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
