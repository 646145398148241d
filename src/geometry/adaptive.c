/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive pooling's windows (docs/numerics.md N93). */
#include <inttypes.h>

#include "base/refusal.h"
#include "geometry/axis.h"

static poolgrad_status check_number(const char *name, int64_t value, poolgrad_error *error)
{
    if (value >= 1 && value <= POOLGRAD_COORDINATE_LIMIT) return POOLGRAD_OK;
    return poolgrad_refuse(error, name, "is %" PRId64 "; expected 1 to 2^61", value);
}

/* i size / count as a whole number and a rest, step by step: the product may not fit. */
poolgrad_status poolgrad_adaptive_windows(int64_t size, int64_t count, poolgrad_span *spans, poolgrad_error *error)
{
    int64_t whole = 0, rest = 0;
    poolgrad_status status = check_number("size", size, error);
    if (status == POOLGRAD_OK) status = check_number("count", count, error);
    if (status != POOLGRAD_OK) return status;
    if (!spans) return poolgrad_refuse(error, "spans", "is null; expected room for %" PRId64 " windows", count);
    for (int64_t i = 0; i < count; i++) {
        const int64_t first = whole;
        whole += size / count;
        rest += size % count;
        if (rest >= count) {
            rest -= count;
            whole++;
        }
        spans[i] = (poolgrad_span){first, whole + (rest > 0) - first};
    }
    return POOLGRAD_OK;
}
