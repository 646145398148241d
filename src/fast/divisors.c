/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an average or a mean of squares divides by (docs/numerics.md N17, N18): the product of two counts, of a window's
 * rows and columns. Or a divisor (N93), where both counts say only whether the window has a tap inside: a window
 * without one divides its zero by 1, so that a negative divisor gives no -0.
 */
#include "fast/divisors.h"

#include "image/move.h"

static int64_t count_taps(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis, int64_t output)
{
    const poolgrad_span window = poolgrad_axis_window(axis, output);
    if (g->divisor != 0) return poolgrad_range_length(poolgrad_axis_taps(axis, window)) > 0;
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return axis->kernel;
    return poolgrad_range_length(poolgrad_axis_counted_taps(axis, window));
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
        const int64_t taps = rows * counts[i];
        poolgrad_fast_number(fast, taps == 0 ? 1 : unit->g->divisor != 0 ? unit->g->divisor : taps, number);
        poolgrad_fill(divisors + i * fast->lanes * bytes, fast->lanes, number, bytes);
    }
    known[slot] = rows;
    return divisors;
}

void poolgrad_fast_divide(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t columns = block->x.entries - fast->x.reach, count = block->y.entries - fast->y.reach;
    const int64_t bytes = poolgrad_fast_sum_bytes(fast->sum), pitch = fast->source_pitch * fast->lanes;
    const int64_t *row_counts = poolgrad_fast_count_rows(unit, fast->y.output + block->y.entry, count);
    for (int64_t row = 0, rows; row < count; row += rows) {
        for (rows = 1; row + rows < count && row_counts[row + rows] == row_counts[row];) rows++;
        const void *divisors = poolgrad_fast_divisors(unit, row_counts[row], columns);
        for (int64_t p = 0; p < unit->planes; p++) {
            const struct poolgrad_rows shape = {rows, columns * fast->lanes, pitch, pitch};
            unsigned char *sums = poolgrad_fast_area(unit, POOLGRAD_AREA_BEST);
            sums += poolgrad_fast_window_at(fast, p, row) * bytes;
            unit->routines->divide[fast->sum](sums, divisors, shape, sums);
        }
    }
}

void poolgrad_fast_multiply(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t columns = block->x.entries - fast->x.reach, count = block->y.entries - fast->y.reach;
    const int64_t *row_counts = poolgrad_fast_count_rows(unit, fast->y.output + block->y.entry, count);
    for (int64_t row = 0; row < count; row++) {
        const double *factors = poolgrad_fast_divisors(unit, row_counts[row], columns);
        for (int64_t p = 0; p < unit->planes; p++) {
            double *roots = poolgrad_fast_area(unit, POOLGRAD_AREA_BEST);
            unit->routines->multiply(roots + poolgrad_fast_window_at(fast, p, row), factors, columns * fast->lanes);
        }
    }
}
