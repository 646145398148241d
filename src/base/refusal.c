/* SPDX-License-Identifier: Apache-2.0 */
#include "base/refusal.h"

#include <stdarg.h>
#include <stdio.h>

poolgrad_status poolgrad_refuse(poolgrad_error *error, const char *field, const char *format, ...)
{
    if (!error) return POOLGRAD_INVALID;
    snprintf(error->field, sizeof error->field, "%s", field);
    int used = snprintf(error->message, sizeof error->message, "%s ", field);
    if (used < 0 || (size_t)used >= sizeof error->message) return POOLGRAD_INVALID;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message + used, sizeof error->message - (size_t)used, format, arguments);
    va_end(arguments);
    return POOLGRAD_INVALID;
}
