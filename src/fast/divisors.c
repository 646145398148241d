/* SPDX-License-Identifier: Apache-2.0 */
/* What an average divides by (docs/numerics.md N17, N18): the product of two counts, of a window's rows and columns. */
#include "fast/divisors.h"

#include "fast/move.h"

static int64_t count_taps(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis, int64_t output)
{
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return axis->kernel;
    return poolgrad_range_length(poolgrad_axis_counted_taps(axis, poolgrad_axis_window(axis, output)));
}

void poolgrad_fast_count_columns(const struct poolgrad_fast_unit *unit, int64_t output, int64_t count)
{
    int64_t *counts = poolgrad_fast_area(unit, POOLGRAD_AREA_COUNTS);
    int64_t *known = poolgrad_fast_area(unit, POOLGRAD_AREA_DIVISORS_FOR);
    for (int i = 0; i < POOLGRAD_FAST_DIVISORS; i++) known[i] = -1;
    for (int64_t i = 0; i < count; i++) counts[i] = count_taps(unit->g, &unit->g->x, output + i);
}

const int64_t *poolgrad_fast_count_rows(const struct poolgrad_fast_unit *unit, int64_t output, int64_t count)
{
    int64_t *counts = poolgrad_fast_area(unit, POOLGRAD_AREA_ROW_COUNTS);
    for (int64_t i = 0; i < count; i++) counts[i] = count_taps(unit->g, &unit->g->y, output + i);
    return counts;
}

const void *poolgrad_fast_divisors(const struct poolgrad_fast_unit *unit, int64_t rows, int64_t count)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t bytes = poolgrad_fast_sum_bytes(fast->sum), slot = rows % POOLGRAD_FAST_DIVISORS;
    const int64_t *counts = poolgrad_fast_area(unit, POOLGRAD_AREA_COUNTS);
    const int64_t pitch = poolgrad_max(fast->window_pitch, fast->source_pitch) * fast->lanes;
    int64_t *known = poolgrad_fast_area(unit, POOLGRAD_AREA_DIVISORS_FOR);
    unsigned char *divisors = poolgrad_fast_area(unit, POOLGRAD_AREA_DIVISORS);
    divisors += slot * pitch * bytes;
    if (known[slot] == rows) return divisors;
    for (int64_t i = 0; i < count; i++) {
        unsigned char number[sizeof(double)];
        poolgrad_fast_number(fast, poolgrad_max(rows * counts[i], 1), number);
        poolgrad_fill(divisors + i * fast->lanes * bytes, fast->lanes, number, bytes);
    }
    known[slot] = rows;
    return divisors;
}
