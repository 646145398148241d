/* SPDX-License-Identifier: Apache-2.0 */
/* Finding: a row of windows, run by run, by walks over the source's rows. */
#include <string.h>

#include "image/move.h"
#include "lanes/unit.h"

/* The windows of a row along z and y, and the source rows that are their taps. */
struct row {
    struct poolgrad_window_run z, y;
    struct poolgrad_operand_row *rows;
    int64_t count;
};

double poolgrad_lanes_divisor(const struct poolgrad_lanes_unit *unit, int64_t counted)
{
    const int64_t divisor = unit->g->divisor != 0 ? unit->g->divisor : counted;
    return unit->lanes->sum == POOLGRAD_SUM64 ? (double)divisor : (double)(float)divisor;
}

/* Taps [begin, end) of the row's, which are numbered in row-major order. */
static void list_rows(const struct poolgrad_lanes_unit *unit, const struct row *row, int64_t begin, int64_t end)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    for (int64_t i = begin; i < end; i++) {
        const int64_t tz = i / row->y.taps, ty = i % row->y.taps;
        const int64_t number_z = poolgrad_tap_number(&lanes->z.numbers, row->z.tap + tz);
        const int64_t number_y = poolgrad_tap_number(&lanes->y.numbers, row->y.tap + ty);
        row->rows[i - begin] = (struct poolgrad_operand_row){
            .at = poolgrad_lanes_source_row(unit, row->z.place + tz * g->z.dilation, row->y.place + ty * g->y.dilation),
            .code = (number_z * lanes->y.numbers.count + number_y) * lanes->x.numbers.count};
    }
}

/* The code of the first or the last tap outside the image, in row-major order, or -1. */
static int64_t outside_of(const struct poolgrad_lanes *lanes, const struct row *row,
                          const struct poolgrad_window_run *run, bool last)
{
    const struct poolgrad_window_run *const axes[] = {&row->z, &row->y, run};
    const struct poolgrad_tap_numbers *const numbers[] = {&lanes->z.numbers, &lanes->y.numbers, &lanes->x.numbers};
    /* The extreme tap is outside where one of its numbers is; else the last axis that has one outside moves there. */
    int64_t tap[POOLGRAD_AXES], moved = -1, code = 0;
    bool outside = false;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        const int64_t end = last ? axes[i]->size - 1 : 0;
        const int64_t nearest = last ? axes[i]->last_outside : axes[i]->first_outside;
        tap[i] = end;
        outside = outside || nearest == end;
        if (nearest >= 0) moved = i;
    }
    if (!outside && moved < 0) return -1;
    if (!outside) tap[moved] = last ? axes[moved]->last_outside : axes[moved]->first_outside;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        code = code * numbers[i]->count + poolgrad_tap_number(numbers[i], tap[i]);
    }
    return code;
}

static struct poolgrad_ending ending_of(const struct poolgrad_lanes_unit *unit, const struct row *row,
                                        const struct poolgrad_window_run *run, const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_geometry *g = unit->g;
    struct poolgrad_ending ending = {
        .stored = found->stored, .past_caches = found->stored && unit->lanes->past_caches, .outside = -1};
    if (g->kind == POOLGRAD_AVERAGE || (g->kind == POOLGRAD_L2NORM && g->root_mean)) {
        ending.divisor = poolgrad_lanes_divisor(unit, row->z.counted * row->y.counted * run->counted);
    }
    if (g->kind == POOLGRAD_MAX && g->edge_mode == POOLGRAD_EDGE_ZERO) {
        ending.outside = outside_of(unit->lanes, row, run, g->ties == POOLGRAD_TIES_LAST);
    }
    return ending;
}

/* A search that is not careful may be void. */
static bool search(const struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                   const struct poolgrad_ending *ending, bool careful, void *to, void *codes)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_routines *routines = unit->lanes->routines;
    const struct poolgrad_search how = {g->ties == POOLGRAD_TIES_LAST, g->nan, careful};
    if (!codes) return routines->find_greatest[g->source.format](walk, ending, &how, to);
    if (unit->lanes->code_bytes == 1) return routines->find_pick8[g->source.format](walk, ending, &how, to, codes);
    return routines->find_pick32[g->source.format](walk, ending, &how, to, codes);
}

void poolgrad_lanes_walk_run(struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                             const struct poolgrad_ending *ending, void *to, void *codes)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    switch (g->kind) {
    case POOLGRAD_AVERAGE: lanes->routines->find_sum[lanes->sum][g->source.format](walk, ending, to); break;
    case POOLGRAD_L2NORM: lanes->routines->find_norm[g->source.format](walk, ending, to); break;
    case POOLGRAD_MAX:
        if (search(unit, walk, ending, unit->careful || ending->resume, to, codes)) {
            unit->careful = true;
            search(unit, walk, ending, true, to, codes);
        }
        break;
    }
}

/* Bytes of an element of what is found. */
static int64_t found_bytes(const struct poolgrad_lanes_unit *unit, const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_geometry *g = unit->g;
    if (found->stored) return (int64_t)poolgrad_format_size(g->source.format);
    if (g->kind == POOLGRAD_MAX) return g->source.format == POOLGRAD_FLOAT64 ? 8 : 4;
    return poolgrad_lanes_number_bytes(unit->lanes->sum);
}

/* Windows without a tap: +0, and no tap. */
static void find_nothing(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run,
                         const struct poolgrad_lanes_found *found)
{
    const int64_t first = (run->output - unit->lanes->x.outputs.begin) * found->step;
    const int64_t bytes = found_bytes(unit, found), codes = unit->lanes->code_bytes;
    for (int64_t i = 0; i < run->count; i++) {
        const int64_t at = first + i * found->step;
        if (found->to) memset((unsigned char *)found->to + at * bytes, 0, (size_t)(unit->count * bytes));
        if (found->codes) memset((unsigned char *)found->codes + at * codes, 0xff, (size_t)(unit->count * codes));
    }
}

/* One run, of the row's operands [begin, begin + count). */
static void find_run(struct poolgrad_lanes_unit *unit, const struct row *row, const struct poolgrad_window_run *run,
                     int64_t begin, int64_t count, const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t pitch = poolgrad_lanes_pitch(unit, POOLGRAD_LANES_SOURCE);
    const int64_t shift = run->place * pitch * (int64_t)poolgrad_format_size(unit->g->source.format);
    const int64_t first = (run->output - lanes->x.outputs.begin) * found->step;
    struct poolgrad_operand_row *shifted = poolgrad_lanes_area(unit, POOLGRAD_LANES_SHIFTED);
    for (int64_t i = 0; i < count; i++) {
        shifted[i].at = (const unsigned char *)row->rows[i].at + shift;
        shifted[i].code = row->rows[i].code + poolgrad_tap_number(&lanes->x.numbers, run->tap);
    }
    struct poolgrad_ending ending = ending_of(unit, row, run, found);
    const poolgrad_format gradient = unit->g->source_gradient.format;
    if (found->gradient) {
        const int64_t at = (run->output - lanes->x.outputs.begin) * found->gradient_step;
        ending.gradient = (const unsigned char *)found->gradient + at * (int64_t)poolgrad_format_size(gradient);
        ending.gradient_format = gradient;
        ending.gradient_step = found->gradient_step;
    }
    const int64_t all = row->z.taps * row->y.taps;
    ending.resume = begin > 0;
    ending.partial = begin + count < all;
    if (ending.partial) ending.outside = -1;
    const struct poolgrad_walk walk = {.rows = shifted,
                                       .columns = poolgrad_lanes_area(unit, POOLGRAD_LANES_TAPS),
                                       .row_count = count,
                                       .column_count = run->taps,
                                       .repeats = run->count,
                                       .count = unit->count,
                                       .step = run->step * pitch,
                                       .to_step = found->step};
    unsigned char *to = found->to, *codes = found->codes;
    (poolgrad_lanes_is_long(unit, run) ? poolgrad_lanes_find_long : poolgrad_lanes_walk_run)(
        unit, &walk, &ending, to ? to + first * found_bytes(unit, found) : NULL,
        codes ? codes + first * lanes->code_bytes : NULL);
}

void poolgrad_lanes_find(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y,
                         const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    struct row row = {poolgrad_window_of(unit->g, &unit->g->z, z), poolgrad_window_of(unit->g, &unit->g->y, y),
                      poolgrad_lanes_area(unit, POOLGRAD_LANES_ROW_LIST), 0};
    const int64_t all = row.z.taps * row.y.taps, most = lanes->chunk;
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        if (all == 0 || lanes->x.windows[i].taps == 0) find_nothing(unit, &lanes->x.windows[i], found);
    }
    for (int64_t begin = 0; begin < all; begin += most) {
        const int64_t count = poolgrad_min(most, all - begin);
        list_rows(unit, &row, begin, begin + count);
        for (int64_t i = 0; i < lanes->x.window_runs; i++) {
            if (lanes->x.windows[i].taps > 0) find_run(unit, &row, &lanes->x.windows[i], begin, count, found);
        }
    }
}
