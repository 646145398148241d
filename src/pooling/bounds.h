/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a problem that are numbers, checked by themselves. */
#ifndef POOLGRAD_POOLING_BOUNDS_H
#define POOLGRAD_POOLING_BOUNDS_H

#include <inttypes.h>

#include "base/refusal.h"

/* A field that must lie in [low, high]; `expected` says so in words. */
struct poolgrad_bound {
    const char *field;
    int64_t value, low, high;
    const char *expected;
};

static inline poolgrad_status poolgrad_refuse_value(poolgrad_error *error, const char *field, int64_t value,
                                                    const char *expected)
{
    return poolgrad_refuse(error, field, "is %" PRId64 "; expected %s", value, expected);
}

static inline poolgrad_status poolgrad_check_bounds(const struct poolgrad_bound *bound, size_t count,
                                                    poolgrad_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (bound[i].value < bound[i].low || bound[i].value > bound[i].high) {
            return poolgrad_refuse_value(error, bound[i].field, bound[i].value, bound[i].expected);
        }
    }
    return POOLGRAD_OK;
}

/* Of an array. */
#define POOLGRAD_CHECK_BOUNDS(bounds) poolgrad_check_bounds(bounds, sizeof(bounds) / sizeof *(bounds), error)

#endif
