/* SPDX-License-Identifier: Apache-2.0 */
/* Giving: sums of a row window by window. Each goes to all its pixels of the row in turn, in the order of windows, so
 * that every pixel sees the additions that it would see by itself (docs/numerics.md N61). */
#include <string.h>

#include "lanes/unit.h"

bool poolgrad_lanes_adds_windows(const struct poolgrad_lanes_unit *unit, int64_t count, bool kept)
{
    /* Tenths of nanoseconds, about: an addition in memory; one that waits for the one before; a run; a window. */
    const double addition = 4, waiting = 14, beside = 4, run = 350, window = 60, keeping = 4;
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_axis_lists *x = &lanes->x;
    if (g->kind == POOLGRAD_MAX) return false;
    const int64_t vector = lanes->routines->vector_bytes / poolgrad_lanes_number_bytes(lanes->sum);
    const int64_t vectors = (unit->count + vector - 1) / vector, width = poolgrad_range_length(g->columns);
    const double rows = (double)count, each = (double)vectors;
    /* Pixels of few planes that follow each other are added to together. */
    const bool joined = unit->count < vector && vector % unit->count == 0 && unit->count == lanes->lanes &&
                        g->x.dilation == 1;
    const double additions = joined ? x->all_windows * (double)unit->count / (double)vector : x->all_windows * each;
    const double windows = (double)poolgrad_range_length(x->outputs);
    double by_window = rows * (additions * addition + windows * window) + (double)width * each * keeping;
    if (!kept) by_window += (double)width * each * waiting / 2 + run;
    const double by_pixel = (double)x->pixel_runs * run +
                            rows * x->run_windows * (each * beside > waiting ? each * beside : waiting) +
                            (double)width * each * keeping;
    return by_window < by_pixel;
}

/* The pixels of a window of a run that are written. */
static struct poolgrad_spread_window pixels_of(const struct poolgrad_lanes_unit *unit,
                                               const struct poolgrad_window_run *run, int64_t i)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t step = g->x.dilation, place = run->place + i * run->step;
    const int64_t first = g->columns.begin + g->source_column, last = g->columns.end + g->source_column;
    const int64_t begin = poolgrad_clamp(poolgrad_ceiling_divide(first - place, step), 0, run->taps);
    const int64_t end = poolgrad_clamp(poolgrad_ceiling_divide(last - place, step), begin, run->taps);
    return (struct poolgrad_spread_window){.from = (run->output + i - lanes->x.outputs.begin) * lanes->window_pitch,
                                           .to = end > begin ? (place + begin * step - first) * lanes->lanes : 0,
                                           .pixels = end - begin};
}

void poolgrad_lanes_list_spread(const struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_axis_lists *x = &unit->lanes->x;
    struct poolgrad_spread_window *windows = poolgrad_lanes_area(unit, POOLGRAD_LANES_SPREAD);
    for (int64_t k = 0; k < x->window_runs; k++) {
        const struct poolgrad_window_run *run = &x->windows[k];
        for (int64_t i = 0; i < run->count; i++) {
            windows[run->output - x->outputs.begin + i] = pixels_of(unit, run, i);
        }
    }
}

void poolgrad_lanes_add_windows(const struct poolgrad_lanes_unit *unit, const struct poolgrad_operand_row *rows,
                                int64_t count, void *sums)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum);
    const struct poolgrad_spread spread = {.window = poolgrad_lanes_area(unit, POOLGRAD_LANES_SPREAD),
                                           .windows = poolgrad_range_length(lanes->x.outputs),
                                           .count = unit->count,
                                           .step = lanes->x.tap_distance * lanes->lanes};
    memset(sums, 0, (size_t)(poolgrad_range_length(unit->g->columns) * lanes->lanes * bytes));
    for (int64_t r = 0; r < count; r++) lanes->routines->spread[lanes->sum](rows[r].at, &spread, sums);
}
