/* SPDX-License-Identifier: Apache-2.0 */
/* Giving: rows of windows, each found once, and rows of pixels, which gather from the windows they are taps of in
 * ascending order (docs/numerics.md N61). */
#include <string.h>

#include "image/format.h"
#include "image/move.h"
#include "lanes/columns.h"

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* The source gradient of a row of windows, and elements from window to window, or from set to set. */
static const unsigned char *read_gradient(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t *step)
{
    const struct poolgrad_range outputs = unit->lanes->x.outputs;
    const int64_t count = poolgrad_range_length(outputs);
    void *memory = poolgrad_lanes_area(unit, POOLGRAD_LANES_GIVEN);
    if (unit->lanes->columns.used) {
        return poolgrad_lanes_columns_read(unit, POOLGRAD_LANES_GRADIENT, z, y, outputs.begin, count, memory, step);
    }
    *step = poolgrad_lanes_pitch(unit, POOLGRAD_LANES_GRADIENT);
    return poolgrad_lanes_read(unit, POOLGRAD_LANES_GRADIENT, z, y, outputs.begin, count, memory);
}

/* A row of windows as routines go through it. */
static struct poolgrad_rows window_rows(const struct poolgrad_lanes_unit *unit, int64_t from_step)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t outputs = poolgrad_range_length(lanes->x.outputs);
    if (!lanes->columns.used) return (struct poolgrad_rows){outputs, unit->count, from_step, lanes->window_pitch};
    return (struct poolgrad_rows){unit->sets, outputs * lanes->columns.grain, from_step, lanes->columns.set_step};
}

/* As numbers of the accumulator. */
static void load_gradient(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *shares)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    int64_t step;
    const unsigned char *from = read_gradient(unit, z, y, &step);
    lanes->routines->load[lanes->sum][unit->g->source_gradient.format](from, window_rows(unit, step), shares);
}

static void fill_numbers(const struct poolgrad_lanes_unit *unit, double value, int64_t count, void *to)
{
    const float narrow = (float)value;
    const bool wide = unit->lanes->sum == POOLGRAD_SUM64;
    poolgrad_fill(to, count, wide ? (const void *)&value : &narrow, poolgrad_lanes_number_bytes(unit->lanes->sum));
}

/* Window by window, or all windows of the row at once, from `from` on. */
static void divide_by_counts(struct poolgrad_lanes_unit *unit, int64_t counted, const unsigned char *from, int64_t step,
                             unsigned char *shares)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum), grain = lanes->columns.grain;
    unsigned char *divisors = poolgrad_lanes_area(unit, POOLGRAD_LANES_DIVISORS);
    struct poolgrad_rows rows = window_rows(unit, step);
    const bool filled = lanes->columns.used && unit->counted == counted;
    int64_t known = -1;
    for (int64_t i = 0; i < lanes->x.window_runs && !filled; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t first = run->output - lanes->x.outputs.begin;
        const double divisor = run->taps == 0 ? 1 : poolgrad_lanes_divisor(unit, counted * run->counted);
        if (lanes->columns.used) {
            fill_numbers(unit, divisor, run->count * grain, divisors + first * grain * bytes);
            continue;
        }
        if (run->taps == 0) continue;
        if (run->counted != known) fill_numbers(unit, divisor, unit->count, divisors);
        known = run->counted;
        rows.rows = run->count;
        lanes->routines->divide[lanes->sum](from + first * step * bytes, divisors, rows,
                                            shares + first * rows.to_step * bytes);
    }
    unit->counted = counted;
    if (lanes->columns.used) lanes->routines->divide[lanes->sum](from, divisors, rows, shares);
}

/* docs/numerics.md N26, N63: gradients over counts. */
static void share_averages(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, unsigned char *shares)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t counted = poolgrad_window_of(g, &g->z, z).counted * poolgrad_window_of(g, &g->y, y).counted;
    const poolgrad_format numbers = lanes->sum == POOLGRAD_SUM64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
    int64_t step = window_rows(unit, 0).to_step;
    const unsigned char *from = shares;
    if (g->source_gradient.format == numbers)
        from = read_gradient(unit, z, y, &step);
    else
        load_gradient(unit, z, y, shares);
    divide_by_counts(unit, counted, from, step, shares);
}

/* docs/numerics.md N64, N97: gradients over norms, or over N times the root of the mean. */
static void share_norms(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *shares)
{
    int64_t step;
    const unsigned char *gradient = read_gradient(unit, z, y, &step);
    const struct poolgrad_lanes_found found = {
        .to = shares, .step = window_rows(unit, 0).to_step, .gradient = gradient, .gradient_step = step};
    poolgrad_lanes_find(unit, z, y, &found);
}

/* Of max: the gradient as it is, and the tap that it goes to. */
static void share_picks(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *shares, void *codes,
                        void *greatest_keys)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t step = window_rows(unit, 0).to_step;
    if (lanes->ties) {
        load_gradient(unit, z, y, shares);
        poolgrad_lanes_share_ties(unit, z, y, shares, codes, greatest_keys);
        return;
    }
    if (lanes->searches) {
        /* Rows that are resumed need the greatest so far. */
        void *greatest = lanes->chunked ? poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS) : NULL;
        const struct poolgrad_lanes_found found = {.to = greatest, .step = step, .codes = codes};
        poolgrad_lanes_find(unit, z, y, &found);
    } else {
        poolgrad_lanes_load_codes(unit, z, y, codes, step);
    }
    if (!lanes->shares_in_place) load_gradient(unit, z, y, shares);
}

struct poolgrad_lanes_windows poolgrad_lanes_windows_at(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t elements = lanes->window_elements, bytes = poolgrad_lanes_number_bytes(lanes->sum);
    const int64_t slot = z % lanes->window_slots_z * lanes->window_slots_y + y % lanes->window_slots_y;
    const int64_t row = (z - lanes->z.outputs.begin) * poolgrad_range_length(lanes->y.outputs) + y;
    unsigned char *shares = poolgrad_lanes_area(unit, POOLGRAD_LANES_SHARES);
    unsigned char *codes = poolgrad_lanes_area(unit, POOLGRAD_LANES_CODES);
    int64_t *tags = poolgrad_lanes_area(unit, POOLGRAD_LANES_RING_TAGS);
    shares += slot * elements * bytes;
    codes += slot * elements * lanes->code_bytes;
    unsigned char *greatest = poolgrad_lanes_area(unit, POOLGRAD_LANES_GREATEST);
    const int64_t key = g->source.format == POOLGRAD_FLOAT64 ? 8 : 4;
    greatest += slot * elements * key;
    if (lanes->columns.used) {
        const int64_t lead = lanes->columns.lead * lanes->columns.grain;
        if (tags[slot] == POOLGRAD_LANES_UNUSED) {
            memset(shares, 0, (size_t)(elements * bytes));
            if (g->kind == POOLGRAD_MAX) memset(codes, 0xff, (size_t)(elements * lanes->code_bytes));
            if (lanes->ties) memset(greatest, 0, (size_t)(elements * key));
        }
        shares += lead * bytes;
        codes += lead * lanes->code_bytes;
        greatest += lead * key;
    }
    struct poolgrad_lanes_windows windows = {shares, codes, greatest};
    int64_t step;
    if (lanes->shares_in_place) windows.shares = read_gradient(unit, z, y, &step);
    if (lanes->both_in_place) {
        windows.codes = poolgrad_lanes_read(unit, POOLGRAD_LANES_INDICES, z, y, lanes->x.outputs.begin, 0, NULL);
        return windows;
    }
    if (tags[slot] == row) return windows;
    tags[slot] = row;
    switch (g->kind) {
    case POOLGRAD_AVERAGE: share_averages(unit, z, y, shares); break;
    case POOLGRAD_L2NORM: share_norms(unit, z, y, shares); break;
    case POOLGRAD_MAX: share_picks(unit, z, y, shares, codes, greatest); break;
    }
    return windows;
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* A row of pixels of the source: the windows over it, as operands whose columns are output 0's. */
struct row {
    int64_t z, y;
    const struct poolgrad_operand_row *windows;
    int64_t count;
};

int64_t poolgrad_lanes_list_windows(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y,
                                    struct poolgrad_operand_row *rows)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_pixel_run along_z = poolgrad_pixel_windows(&g->z, &lanes->z, z, z + g->source_layer);
    const struct poolgrad_pixel_run along_y = poolgrad_pixel_windows(&g->y, &lanes->y, y, y + g->source_row);
    int64_t count = 0;
    for (int64_t i = 0; i < along_z.windows; i++) {
        const struct poolgrad_listed_window layer = poolgrad_pixel_window(&lanes->z, &along_z, i);
        for (int64_t k = 0; k < along_y.windows; k++) {
            const struct poolgrad_listed_window row = poolgrad_pixel_window(&lanes->y, &along_y, k);
            const struct poolgrad_lanes_windows windows = poolgrad_lanes_windows_at(unit, layer.output, row.output);
            const int64_t number = poolgrad_tap_number(&lanes->z.numbers, layer.tap) * lanes->y.numbers.count +
                                   poolgrad_tap_number(&lanes->y.numbers, row.tap);
            rows[count++] = (struct poolgrad_operand_row){windows.shares, windows.codes,
                                                          number * lanes->x.numbers.count};
        }
    }
    return count;
}

/* The columns of a run's operands. */
static const struct poolgrad_operand_column *columns_of(const struct poolgrad_lanes_unit *unit,
                                                        const struct poolgrad_pixel_run *run)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (run->listed < 0) return poolgrad_lanes_area(unit, POOLGRAD_LANES_WINDOWS);
    struct poolgrad_operand_column *columns = poolgrad_lanes_area(unit, POOLGRAD_LANES_LISTED);
    const struct poolgrad_listed_window *listed = &lanes->x.listed[run->listed];
    for (int64_t i = 0; i < run->windows; i++) {
        columns[i].offset = (listed[i].output - listed[0].output) * lanes->window_pitch;
        columns[i].code = listed[i].tap - listed[0].tap;
    }
    return columns;
}

/* Where results of a row go, and how. */
struct results {
    unsigned char *to;
    int64_t step, bytes; /* elements from pixel to pixel, and bytes of an element */
    bool stored;
};

static void give_walk(const struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                      const struct poolgrad_ending *ending, void *to)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_routines *routines = lanes->routines;
    const poolgrad_format numbers = lanes->sum == POOLGRAD_SUM64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
    const poolgrad_format format = ending->stored ? g->destination.format : numbers;
    switch (g->kind) {
    case POOLGRAD_AVERAGE: routines->give_sum[lanes->sum][format](walk, ending, to); break;
    case POOLGRAD_L2NORM: routines->give_norm[g->source.format](walk, ending, to); break;
    case POOLGRAD_MAX:
        (lanes->code_bytes == 1 ? routines->give_pick8 : routines->give_pick32)[lanes->sum][format](walk, ending, to);
        break;
    }
}

static void give_run(const struct poolgrad_lanes_unit *unit, const struct row *row,
                     const struct poolgrad_pixel_run *run, const struct results *results)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_listed_window first = poolgrad_pixel_window(&lanes->x, run, 0);
    const int64_t shift = (first.output - lanes->x.outputs.begin) * lanes->window_pitch;
    const int64_t pitch = poolgrad_lanes_pitch(unit, POOLGRAD_LANES_SOURCE), column = run->pixel + g->source_column;
    struct poolgrad_operand_row *shifted = poolgrad_lanes_area(unit, POOLGRAD_LANES_SHIFTED);
    for (int64_t i = 0; i < row->count; i++) {
        shifted[i].at = (const unsigned char *)row->windows[i].at + shift * poolgrad_lanes_number_bytes(lanes->sum);
        shifted[i].taps = (const unsigned char *)row->windows[i].taps + shift * lanes->code_bytes;
        shifted[i].code = row->windows[i].code + poolgrad_tap_number(&lanes->x.numbers, first.tap);
    }
    struct poolgrad_ending ending = {
        .stored = results->stored, .past_caches = results->stored && lanes->past_caches, .outside = -1};
    if (g->kind == POOLGRAD_L2NORM) {
        ending.factor = poolgrad_lanes_source_row(unit, row->z, row->y) +
                        column * pitch * (int64_t)poolgrad_format_size(g->source.format);
        ending.factor_step = run->pixel_step * pitch;
    }
    const bool same = run->step == 0 && g->kind == POOLGRAD_AVERAGE;
    const struct poolgrad_walk walk = {.rows = shifted,
                                       .columns = columns_of(unit, run),
                                       .row_count = row->count,
                                       .column_count = run->windows,
                                       .repeats = same ? 1 : run->count,
                                       .count = unit->count,
                                       .step = run->step * lanes->window_pitch,
                                       .to_step = run->pixel_step * results->step};
    const int64_t step = results->step * results->bytes;
    unsigned char *to = results->to + (run->pixel - g->columns.begin) * step;
    if (poolgrad_lanes_is_same_norm(unit, run))
        poolgrad_lanes_give_same_norm(unit, &walk, &ending, to);
    else
        give_walk(unit, &walk, &ending, to);
    if (!same) return;
    const struct poolgrad_runs copies = {run->count - 1, unit->count * results->bytes, 0, run->pixel_step * step};
    poolgrad_move_runs(to + run->pixel_step * step, to, copies);
}

static void give_nothing(const struct poolgrad_lanes_unit *unit, const struct poolgrad_pixel_run *run,
                         const struct results *results)
{
    const int64_t step = results->step * results->bytes;
    unsigned char *to = results->to + (run->pixel - unit->g->columns.begin) * step;
    for (int64_t i = 0; i < run->count; i++)
        memset(to + i * run->pixel_step * step, 0, (size_t)(unit->count * results->bytes));
}

/* docs/numerics.md N40: to numbers is added what the destination holds. */
static void add_before(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *numbers, void *memory)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t width = poolgrad_range_length(g->columns);
    void *before = poolgrad_lanes_area(unit, POOLGRAD_LANES_BEFORE);
    const unsigned char *stored = poolgrad_lanes_read(unit, POOLGRAD_LANES_DESTINATION, z, y, g->columns.begin, width,
                                                      memory);
    const struct poolgrad_rows rows = {width, unit->count, poolgrad_lanes_pitch(unit, POOLGRAD_LANES_DESTINATION),
                                       lanes->lanes};
    lanes->routines->load[lanes->sum][g->destination.format](stored, rows, before);
    lanes->routines->add[lanes->sum](numbers, before, width * lanes->lanes);
}

void poolgrad_lanes_store_numbers(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *numbers)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t width = poolgrad_range_length(g->columns);
    const bool in_place = lanes->in_place[POOLGRAD_LANES_DESTINATION];
    void *to = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    if (!in_place) to = poolgrad_lanes_target_of(unit, z, y).to;
    if (g->add_to_destination) add_before(unit, z, y, numbers, to);
    lanes->routines->store[lanes->sum][g->destination.format](numbers, width * lanes->lanes, to);
    if (in_place) poolgrad_lanes_write(unit, POOLGRAD_LANES_DESTINATION, z, y, g->columns.begin, width, to);
}

void poolgrad_lanes_give(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (lanes->columns.used) {
        poolgrad_lanes_columns_give(unit, z, y);
        return;
    }
    struct poolgrad_operand_row *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROW_LIST);
    struct row row = {z + g->source_layer, y + g->source_row, rows, 0};
    /* The list of windows needs the one of taps: the latter lies in front. */
    if (unit->pooled) {
        row.windows = rows + lanes->most_rows;
        row.count = poolgrad_lanes_list_windows(unit, z, y, rows + lanes->most_rows);
    }
    struct results results = {poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS), lanes->lanes,
                              poolgrad_lanes_number_bytes(lanes->sum), false};
    if (lanes->direct) {
        const struct poolgrad_lanes_target target = poolgrad_lanes_target_of(unit, z, y);
        results = (struct results){target.to, target.step, (int64_t)poolgrad_format_size(g->destination.format), true};
    }
    for (int64_t i = 0; i < lanes->x.pixel_runs; i++) {
        const struct poolgrad_pixel_run *run = &lanes->x.pixels[i];
        if (run->windows == 0 || row.count == 0)
            give_nothing(unit, run, &results);
        else
            give_run(unit, &row, run, &results);
    }
    if (!lanes->direct) poolgrad_lanes_store_numbers(unit, z, y, results.to);
}
