/* SPDX-License-Identifier: Apache-2.0 */
/* Finding: the pick of a long window of one plane. Its columns are searched side by side; of their picks the one is
 * taken that the rules for taps would take (docs/numerics.md N30 to N34). */
#include <math.h>
#include <string.h>

#include "lanes/unit.h"

/* A window's pick so far; code -1: none. */
struct pick {
    double value;
    int64_t code;
};

/* Codes grow in the order of taps. Of NaNs the one that the rule prefers; ignored, the first one where all are. */
static bool wins_as_nan(const struct poolgrad_geometry *g, struct pick next, struct pick best)
{
    if (!isnan(next.value)) return g->nan == POOLGRAD_NAN_IGNORE;
    if (!isnan(best.value)) return g->nan != POOLGRAD_NAN_IGNORE;
    return g->nan == POOLGRAD_NAN_LAST ? next.code > best.code : next.code < best.code;
}

static bool wins(const struct poolgrad_geometry *g, struct pick next, struct pick best)
{
    if (best.code < 0) return true;
    if (isnan(next.value) || isnan(best.value)) return wins_as_nan(g, next, best);
    if (next.value != best.value) return next.value > best.value;
    return g->ties == POOLGRAD_TIES_LAST ? next.code > best.code : next.code < best.code;
}

bool poolgrad_lanes_is_long(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run)
{
    enum { LEAST_TAPS = 16 };
    const struct poolgrad_lanes *lanes = unit->lanes;
    return unit->g->kind == POOLGRAD_MAX && lanes->lanes == 1 && !lanes->chunked && !lanes->columns.used &&
           unit->g->x.dilation == 1 && !lanes->in_place[POOLGRAD_LANES_SOURCE] && run->taps >= LEAST_TAPS &&
           run->count <= run->taps;
}

/* The pick among the columns' picks: to the code of a column's row is added the column. */
static struct pick pick_of(const struct poolgrad_lanes_unit *unit, const void *values, const void *codes, int64_t taps)
{
    const struct poolgrad_geometry *g = unit->g;
    const bool wide = g->source.format == POOLGRAD_FLOAT64, narrow = unit->lanes->code_bytes == 1;
    struct pick best = {0, -1};
    for (int64_t i = 0; i < taps; i++) {
        const double value = wide ? ((const double *)values)[i] : (double)((const float *)values)[i];
        /* Most columns lose. */
        if (best.code >= 0 && value < best.value) continue;
        const int64_t code = narrow ? ((const uint8_t *)codes)[i] : ((const uint32_t *)codes)[i];
        const struct pick next = {value, code + i};
        if (wins(g, next, best)) best = next;
    }
    return best;
}

static void put_value(const struct poolgrad_lanes_unit *unit, double value, bool stored, void *to)
{
    const poolgrad_format format = unit->g->source.format;
    const float narrow = (float)value;
    if (format == POOLGRAD_FLOAT64)
        unit->lanes->routines->store[POOLGRAD_SUM64][format](&value, 1, to);
    else if (stored)
        unit->lanes->routines->store[POOLGRAD_SUM32][format](&narrow, 1, to);
    else
        memcpy(to, &narrow, sizeof narrow);
}

void poolgrad_lanes_find_long(struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *run,
                              const struct poolgrad_ending *ending, void *to, void *codes)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t size = (int64_t)poolgrad_format_size(unit->g->source.format);
    const int64_t result = ending->stored || size > 4 ? size : 4;
    void *values = poolgrad_lanes_area(unit, POOLGRAD_LANES_LONG_VALUES);
    void *found = poolgrad_lanes_area(unit, POOLGRAD_LANES_LONG_CODES);
    struct poolgrad_operand_row *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_SHIFTED);
    const struct poolgrad_ending columns = {.outside = -1};
    struct poolgrad_walk walk = *run;
    walk.count = run->column_count;
    walk.column_count = walk.repeats = 1;
    for (int64_t i = 0; i < run->repeats; i++) {
        poolgrad_lanes_walk_run(unit, &walk, &columns, values, found);
        struct pick best = pick_of(unit, values, found, run->column_count);
        const struct pick outside = {0, ending->outside};
        if (outside.code >= 0 && wins(unit->g, outside, best)) best = outside;
        if (to) put_value(unit, best.value, ending->stored, (unsigned char *)to + i * run->to_step * result);
        if (codes && lanes->code_bytes == 1) ((uint8_t *)codes)[i * run->to_step] = (uint8_t)best.code;
        if (codes && lanes->code_bytes != 1) ((uint32_t *)codes)[i * run->to_step] = (uint32_t)best.code;
        for (int64_t r = 0; r < run->row_count; r++) rows[r].at = (const char *)rows[r].at + run->step * size;
    }
}
