/* SPDX-License-Identifier: Apache-2.0 */
/* Giving: rows of windows, each found once, and rows of pixels, which gather from the windows they are taps of in
 * ascending order (docs/numerics.md N61). */
#include <string.h>

#include "image/format.h"
#include "image/move.h"
#include "lanes/columns.h"

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Rows of windows that are found together, of each slice. */
struct block {
    int64_t z, y, rows;
};

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

/* Windows of some rows of some slices: in elements, from one to the next of either side. */
struct level {
    int64_t count, from, to;
};

struct levels {
    struct level windows, rows, slices;
    int64_t count; /* of each window, or set, elements */
};

static void join_levels(struct level *inner, struct level *outer)
{
    const bool follow = outer->from == inner->count * inner->from && outer->to == inner->count * inner->to;
    if (outer->count == 1 || (inner->count > 1 && !follow)) return;
    const int64_t count = inner->count * outer->count;
    if (inner->count == 1) *inner = *outer;
    inner->count = count;
    outer->count = 1;
}

/* Routines go through windows: the more there are of these, the fewer calls. */
static void swap_levels(struct level *inner, struct level *outer)
{
    const struct level level = *inner;
    if (outer->count <= inner->count) return;
    *inner = *outer;
    *outer = level;
}

/* Windows as the source gradient has them, or as the ring does, and as the ring does. */
static struct levels levels_of(const struct poolgrad_lanes_unit *unit, const struct block *block, int64_t step,
                               bool from_ring)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_rows windows = window_rows(unit, step);
    struct levels levels = {{windows.rows, step, windows.to_step},
                            {block->rows, unit->g->source_gradient.row_stride, lanes->window_elements},
                            {unit->slices, lanes->slice_step[POOLGRAD_LANES_GRADIENT], lanes->window_slice},
                            windows.count};
    if (from_ring) {
        levels.rows.from = levels.rows.to;
        levels.slices.from = levels.slices.to;
    }
    return levels;
}

static void order_levels(struct levels *levels)
{
    if (levels->rows.count == 1 && levels->slices.count == 1) return;
    join_levels(&levels->rows, &levels->slices);
    join_levels(&levels->windows, &levels->rows);
    swap_levels(&levels->windows, &levels->rows);
    swap_levels(&levels->windows, &levels->slices);
}

static struct poolgrad_rows rows_of(const struct levels *levels)
{
    return (struct poolgrad_rows){levels->windows.count, levels->count, levels->windows.from, levels->windows.to};
}

/* As numbers of the accumulator. */
static void load_gradient(const struct poolgrad_lanes_unit *unit, const struct block *block, unsigned char *shares)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const poolgrad_format format = unit->g->source_gradient.format;
    const int64_t size = (int64_t)poolgrad_format_size(format), bytes = poolgrad_lanes_number_bytes(lanes->sum);
    int64_t step;
    const unsigned char *from = read_gradient(unit, block->z, block->y, &step);
    struct levels levels = levels_of(unit, block, step, false);
    order_levels(&levels);
    for (int64_t s = 0; s < levels.slices.count; s++) {
        for (int64_t r = 0; r < levels.rows.count; r++) {
            const int64_t at = s * levels.slices.from + r * levels.rows.from;
            const int64_t to = s * levels.slices.to + r * levels.rows.to;
            lanes->routines->load[lanes->sum][format](from + at * size, rows_of(&levels), shares + to * bytes);
        }
    }
}

/* What a row of windows is divided by: a number for each run and, of columns, for each lane. */
struct row_divisors {
    struct poolgrad_divisor *runs;
    unsigned char *values, *high, *low;
};

static struct row_divisors row_divisors(const struct poolgrad_lanes_unit *unit)
{
    const int64_t size = unit->lanes->columns.phase_step * poolgrad_lanes_number_bytes(unit->lanes->sum);
    struct row_divisors divisors = {.runs = poolgrad_lanes_area(unit, POOLGRAD_LANES_RUN_COUNTS)};
    if (!unit->lanes->columns.used) return divisors;
    divisors.values = poolgrad_lanes_area(unit, POOLGRAD_LANES_DIVISORS);
    divisors.high = divisors.values + size;
    divisors.low = divisors.high + size;
    return divisors;
}

/* Lanes [begin, end). */
static void fill_divisors(const struct row_divisors *divisors, int sum, struct poolgrad_divisor divisor, int64_t begin,
                          int64_t end)
{
    if (sum == POOLGRAD_SUM64) {
        double *values = (void *)divisors->values, *high = (void *)divisors->high, *low = (void *)divisors->low;
        for (int64_t i = begin; i < end; i++) values[i] = divisor.value;
        for (int64_t i = begin; i < end; i++) high[i] = divisor.high;
        for (int64_t i = begin; i < end; i++) low[i] = divisor.low;
    } else {
        float *values = (void *)divisors->values, *high = (void *)divisors->high, *low = (void *)divisors->low;
        for (int64_t i = begin; i < end; i++) values[i] = (float)divisor.value;
        for (int64_t i = begin; i < end; i++) high[i] = (float)divisor.high;
        for (int64_t i = begin; i < end; i++) low[i] = (float)divisor.low;
    }
}

/* Divisors stay as they are while windows count as many taps along z and y. */
static void list_divisors(struct poolgrad_lanes_unit *unit, int64_t counted, const struct row_divisors *divisors)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_axis_lists *x = &lanes->x;
    if (unit->counted == counted) return;
    unit->counted = counted;
    for (int64_t i = 0; i < x->window_runs; i++) {
        const struct poolgrad_window_run *run = &x->windows[i];
        const int64_t grain = lanes->columns.grain, first = (run->output - x->outputs.begin) * grain;
        const double value = run->taps == 0 ? 1 : poolgrad_lanes_divisor(unit, counted * run->counted);
        divisors->runs[i] = poolgrad_divisor_of(value);
        if (!lanes->columns.used) continue;
        fill_divisors(divisors, lanes->sum, divisors->runs[i], first, first + run->count * grain);
    }
}

/* Of columns whose windows do not all count as many taps. */
static struct poolgrad_divisors lane_divisors(const struct poolgrad_lanes_unit *unit,
                                              const struct row_divisors *divisors)
{
    bool reciprocals = true;
    for (int64_t i = 0; i < unit->lanes->x.window_runs; i++) reciprocals = reciprocals && divisors->runs[i].high != 0;
    return (struct poolgrad_divisors){divisors->values, reciprocals ? divisors->high : NULL, divisors->low};
}

/* Numbers of a run of windows, or of all sets. */
static void divide_run(const struct poolgrad_lanes_unit *unit, struct levels levels,
                       const struct poolgrad_divisor *divisor, const unsigned char *from, unsigned char *shares)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum);
    order_levels(&levels);
    for (int64_t s = 0; s < levels.slices.count; s++) {
        for (int64_t r = 0; r < levels.rows.count; r++) {
            const int64_t at = s * levels.slices.from + r * levels.rows.from;
            const int64_t to = s * levels.slices.to + r * levels.rows.to;
            lanes->routines->divide_all[lanes->sum](from + at * bytes, divisor, rows_of(&levels), shares + to * bytes);
        }
    }
}

/* From `from` on, which may be where they go. */
static void divide_by_counts(struct poolgrad_lanes_unit *unit, const struct block *block, int64_t counted,
                             const unsigned char *from, int64_t step, unsigned char *shares)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_axis_lists *x = &lanes->x;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum);
    const struct row_divisors divisors = row_divisors(unit);
    struct levels levels = levels_of(unit, block, step, from == shares);
    list_divisors(unit, counted, &divisors);
    if (lanes->columns.used && x->window_runs > 1) {
        const struct poolgrad_divisors by = lane_divisors(unit, &divisors);
        lanes->routines->divide[lanes->sum](from, &by, rows_of(&levels), shares);
        return;
    }
    for (int64_t i = 0; i < x->window_runs; i++) {
        const int64_t first = (x->windows[i].output - x->outputs.begin) * bytes;
        if (!lanes->columns.used) levels.windows.count = x->windows[i].count;
        divide_run(unit, levels, &divisors.runs[i], from + first * levels.windows.from,
                   shares + first * levels.windows.to);
    }
}

/* docs/numerics.md N26, N63: gradients over counts. */
static void share_averages(struct poolgrad_lanes_unit *unit, const struct block *block, unsigned char *shares)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t counted = poolgrad_listed_window_of(g, &g->z, &lanes->z, block->z).counted *
                            poolgrad_listed_window_of(g, &g->y, &lanes->y, block->y).counted;
    const poolgrad_format numbers = lanes->sum == POOLGRAD_SUM64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
    int64_t step = window_rows(unit, 0).to_step;
    const unsigned char *from = shares;
    if (g->source_gradient.format == numbers)
        from = read_gradient(unit, block->z, block->y, &step);
    else
        load_gradient(unit, block, shares);
    divide_by_counts(unit, block, counted, from, step, shares);
}

/* Rows of the ring. */
static struct poolgrad_lanes_found found_at(const struct poolgrad_lanes_unit *unit, const struct block *block)
{
    return (struct poolgrad_lanes_found){.step = window_rows(unit, 0).to_step,
                                         .rows = block->rows,
                                         .row_step = unit->lanes->window_elements,
                                         .slice_step = unit->lanes->window_slice};
}

/* docs/numerics.md N64, N97: gradients over norms, or over N times the root of the mean. */
static void share_norms(struct poolgrad_lanes_unit *unit, const struct block *block, void *shares)
{
    struct poolgrad_lanes_found found = found_at(unit, block);
    found.to = shares;
    found.gradient = read_gradient(unit, block->z, block->y, &found.gradient_step);
    found.gradient_row_step = unit->g->source_gradient.row_stride;
    found.gradient_slice_step = unit->lanes->slice_step[POOLGRAD_LANES_GRADIENT];
    poolgrad_lanes_find(unit, block->z, block->y, &found);
}

/* A row of the ring. */
struct ring_row {
    unsigned char *shares, *codes, *greatest;
};

/* Of max: the gradient as it is, and the tap that it goes to. */
static void share_picks(struct poolgrad_lanes_unit *unit, const struct block *block, const struct ring_row *row)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    struct poolgrad_lanes_found found = found_at(unit, block);
    if (lanes->ties) {
        load_gradient(unit, block, row->shares);
        poolgrad_lanes_share_ties(unit, block->z, block->y, row->shares, row->codes, row->greatest);
        return;
    }
    if (lanes->searches) {
        /* Rows that are resumed need the greatest so far. */
        if (lanes->chunked) found.to = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS);
        found.codes = row->codes;
        poolgrad_lanes_find(unit, block->z, block->y, &found);
    } else {
        for (int64_t i = 0; i < block->rows; i++) {
            poolgrad_lanes_load_codes(unit, block->z, block->y + i,
                                      row->codes + i * lanes->window_elements * lanes->code_bytes, found.step);
        }
    }
    if (!lanes->shares_in_place) load_gradient(unit, block, row->shares);
}

static int64_t slot_of(const struct poolgrad_lanes *lanes, int64_t z, int64_t y)
{
    return z % lanes->window_slots_z * lanes->window_slots_y + (y - lanes->y.outputs.begin) % lanes->window_slots_y;
}

static int64_t row_number(const struct poolgrad_lanes *lanes, int64_t z, int64_t y)
{
    return (z - lanes->z.outputs.begin) * poolgrad_range_length(lanes->y.outputs) + y;
}

/* A slot of the ring, which has nothing but padding where it was never in use. */
static struct ring_row ring_row_at(const struct poolgrad_lanes_unit *unit, int64_t slot)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t elements = lanes->window_elements, bytes = poolgrad_lanes_number_bytes(lanes->sum);
    const int64_t key = unit->g->source.format == POOLGRAD_FLOAT64 ? 8 : 4;
    const int64_t *tags = poolgrad_lanes_area(unit, POOLGRAD_LANES_RING_TAGS);
    struct ring_row row = {poolgrad_lanes_area(unit, POOLGRAD_LANES_SHARES),
                           poolgrad_lanes_area(unit, POOLGRAD_LANES_CODES),
                           poolgrad_lanes_area(unit, POOLGRAD_LANES_GREATEST)};
    row.shares += slot * elements * bytes;
    row.codes += slot * elements * lanes->code_bytes;
    row.greatest += slot * elements * key;
    if (!lanes->columns.used) return row;
    const int64_t lead = lanes->columns.lead * lanes->columns.grain;
    if (tags[slot] == POOLGRAD_LANES_UNUSED) {
        memset(row.shares, 0, (size_t)(elements * bytes));
        if (unit->g->kind == POOLGRAD_MAX) memset(row.codes, 0xff, (size_t)(elements * lanes->code_bytes));
        if (lanes->ties) memset(row.greatest, 0, (size_t)(elements * key));
    }
    row.shares += lead * bytes;
    row.codes += lead * lanes->code_bytes;
    row.greatest += lead * key;
    return row;
}

/* Rows to their places in the ring. */
static void share(struct poolgrad_lanes_unit *unit, const struct block *block, const struct ring_row *row)
{
    switch (unit->g->kind) {
    case POOLGRAD_AVERAGE: share_averages(unit, block, row->shares); break;
    case POOLGRAD_L2NORM: share_norms(unit, block, row->shares); break;
    case POOLGRAD_MAX: share_picks(unit, block, row); break;
    }
}

struct poolgrad_lanes_windows poolgrad_lanes_windows_at(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t slot = slot_of(lanes, z, y), number = row_number(lanes, z, y);
    const struct block block = {z, y, 1};
    int64_t *tag = (int64_t *)poolgrad_lanes_area(unit, POOLGRAD_LANES_RING_TAGS) + slot;
    const struct ring_row row = ring_row_at(unit, slot);
    struct poolgrad_lanes_windows windows = {row.shares, row.codes, row.greatest};
    int64_t step;
    if (lanes->shares_in_place) windows.shares = read_gradient(unit, z, y, &step);
    if (lanes->both_in_place) {
        windows.codes = poolgrad_lanes_read(unit, POOLGRAD_LANES_INDICES, z, y, lanes->x.outputs.begin, 0, NULL);
        return windows;
    }
    if (*tag == number) return windows;
    *tag = number;
    share(unit, &block, &row);
    return windows;
}

void poolgrad_lanes_find_layer(struct poolgrad_lanes_unit *unit, int64_t z)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    int64_t *tags = poolgrad_lanes_area(unit, POOLGRAD_LANES_RING_TAGS);
    if (lanes->both_in_place) return;
    for (int64_t y = lanes->y.outputs.begin, rows; y < lanes->y.outputs.end; y += rows) {
        rows = poolgrad_listed_windows_from(&lanes->y, y).count;
        const struct block block = {z, y, rows};
        const int64_t slot = slot_of(lanes, z, y);
        const struct ring_row row = ring_row_at(unit, slot);
        if (tags[slot] == row_number(lanes, z, y)) continue;
        for (int64_t i = 0; i < rows; i++) tags[slot + i] = row_number(lanes, z, y + i);
        share(unit, &block, &row);
    }
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* The windows over a row of pixels, as operands whose columns are output 0's. */
struct row {
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

const struct poolgrad_operand_column *poolgrad_lanes_list_columns(const struct poolgrad_lanes_unit *unit,
                                                                  const struct poolgrad_pixel_run *run)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    struct poolgrad_operand_column *columns = poolgrad_lanes_area(unit, POOLGRAD_LANES_WINDOWS);
    for (int64_t i = 0; i < run->windows; i++) {
        const struct poolgrad_listed_window window = poolgrad_pixel_window(&lanes->x, run, i);
        columns[i].offset = (window.output - lanes->x.outputs.begin) * lanes->window_pitch;
        columns[i].code = poolgrad_tap_number(&lanes->x.numbers, window.tap);
    }
    return columns;
}

/* Where results of a row go, and how: as they are stored, or in numbers. */
struct results {
    unsigned char *to;
    int64_t step, bytes; /* elements from pixel to pixel, and bytes of an element */
    bool stored;
};

static struct results results_at(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (!lanes->direct) {
        return (struct results){poolgrad_lanes_area(unit, POOLGRAD_LANES_PRODUCTS), lanes->lanes,
                                poolgrad_lanes_number_bytes(lanes->sum), false};
    }
    const struct poolgrad_lanes_target target = poolgrad_lanes_target_of(unit, z, y);
    return (struct results){target.to, target.step, (int64_t)poolgrad_format_size(unit->g->destination.format), true};
}

static struct poolgrad_ending ending_of(const struct poolgrad_lanes *lanes, const struct results *results)
{
    return (struct poolgrad_ending){
        .stored = results->stored, .past_caches = results->stored && lanes->past_caches, .outside = -1};
}

void poolgrad_lanes_give_walk(const struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                              const struct poolgrad_ending *ending, void *to)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_routines *routines = lanes->routines;
    const poolgrad_format numbers = lanes->sum == POOLGRAD_SUM64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
    const poolgrad_format format = ending->stored ? g->destination.format : numbers;
    if (g->kind == POOLGRAD_MAX) {
        (lanes->code_bytes == 1 ? routines->give_pick8 : routines->give_pick32)[lanes->sum][format](walk, ending, to);
    } else if (ending->factor) {
        routines->give_norm[g->source.format](walk, ending, to);
    } else {
        routines->give_sum[lanes->sum][format](walk, ending, to);
    }
}

/* The source's row that a row's sums are multiplied by. */
static const unsigned char *factors_of(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    return poolgrad_lanes_source_row(unit, z + g->source_layer, y + g->source_row);
}

/* Every step-th pixel of the row from `pixel` on, which must be in the source. */
static void set_factors(const struct poolgrad_lanes_unit *unit, const unsigned char *row, int64_t pixel, int64_t step,
                        struct poolgrad_ending *ending)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t pitch = poolgrad_lanes_pitch(unit, POOLGRAD_LANES_SOURCE), column = pixel + g->source_column;
    ending->factor = row + column * pitch * (int64_t)poolgrad_format_size(g->source.format);
    ending->factor_step = step * pitch;
}

/* Where `factors` is null, sums. */
static void give_run(const struct poolgrad_lanes_unit *unit, const struct row *row,
                     const struct poolgrad_pixel_run *run, const unsigned char *factors, const struct results *results)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t first = run->pixel - g->columns.begin, step = results->step * results->bytes;
    struct poolgrad_ending ending = ending_of(lanes, results);
    if (factors) set_factors(unit, factors, run->pixel, run->pixel_step, &ending);
    const bool same = run->step == 0 && g->kind != POOLGRAD_MAX && !factors;
    const struct poolgrad_walk walk = {.rows = row->windows,
                                       .columns = poolgrad_lanes_list_columns(unit, run),
                                       .row_count = row->count,
                                       .column_count = run->windows,
                                       .repeats = same ? 1 : run->count,
                                       .count = unit->count,
                                       .step = run->step * lanes->window_pitch,
                                       .to_step = run->pixel_step * results->step};
    unsigned char *to = results->to + first * step;
    poolgrad_lanes_give_walk(unit, &walk, &ending, to);
    if (!same) return;
    const struct poolgrad_runs copies = {run->count - 1, unit->count * results->bytes, 0, run->pixel_step * step};
    poolgrad_move_runs(to + run->pixel_step * step, to, copies);
}

static void give_nothing(const struct poolgrad_lanes_unit *unit, const struct poolgrad_pixel_run *run,
                         const struct results *results)
{
    const int64_t step = results->step * results->bytes, pixel = unit->count * results->bytes;
    unsigned char *to = results->to + (run->pixel - unit->g->columns.begin) * step;
    if (run->pixel_step * step == pixel) {
        memset(to, 0, (size_t)(run->count * pixel));
        return;
    }
    memset(to, 0, (size_t)pixel);
    const struct poolgrad_runs copies = {run->count - 1, pixel, 0, run->pixel_step * step};
    poolgrad_move_runs(to + run->pixel_step * step, to, copies);
}

static void give_row(const struct poolgrad_lanes_unit *unit, const struct row *row, const unsigned char *factors,
                     const struct results *results)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    for (int64_t i = 0; i < lanes->x.pixel_runs; i++) {
        const struct poolgrad_pixel_run *run = &lanes->x.pixels[i];
        if (run->windows == 0 || row->count == 0)
            give_nothing(unit, run, results);
        else
            give_run(unit, row, run, factors, results);
    }
}

/* Rows whose pixels are alike, run by run: one pixel of each run is found. */
static void fill_rows(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t rows, const struct row *row)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t size = (int64_t)poolgrad_format_size(unit->g->destination.format), pixel = lanes->lanes * size;
    const struct poolgrad_ending ending = {.stored = true, .outside = -1};
    unsigned char *const found = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    for (int64_t i = 0; i < lanes->x.pixel_runs; i++) {
        const struct poolgrad_pixel_run *run = &lanes->x.pixels[i];
        const struct poolgrad_walk walk = {.rows = row->windows,
                                           .columns = poolgrad_lanes_list_columns(unit, run),
                                           .row_count = row->count,
                                           .column_count = run->windows,
                                           .repeats = 1,
                                           .count = unit->count};
        if (run->windows == 0)
            memset(found + i * pixel, 0, (size_t)(unit->count * size));
        else
            poolgrad_lanes_give_walk(unit, &walk, &ending, found + i * pixel);
    }
    poolgrad_lanes_fill_rows(unit, z, y, rows, found);
}

/* docs/numerics.md N40: numbers and what the destination holds. The numbers stay as they are. */
static void *add_before(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *numbers, void *memory)
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
    lanes->routines->add[lanes->sum](before, numbers, width * lanes->lanes);
    return before;
}

void poolgrad_lanes_store_numbers(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *numbers)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t width = poolgrad_range_length(g->columns);
    const bool in_place = lanes->in_place[POOLGRAD_LANES_DESTINATION];
    void *to = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    if (!in_place) to = poolgrad_lanes_target_of(unit, z, y).to;
    if (g->add_to_destination) numbers = add_before(unit, z, y, numbers, to);
    lanes->routines->store[lanes->sum][g->destination.format](numbers, width * lanes->lanes, to);
    if (in_place) poolgrad_lanes_write(unit, POOLGRAD_LANES_DESTINATION, z, y, g->columns.begin, width, to);
}

/* ---- Rows of pixels ---------------------------------------------------------------------------------------------- */

/* Rows of the unit, from y on, that have the same windows, and the same sums: one at least. */
static int64_t rows_alike(const struct poolgrad_lanes_unit *unit, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    if (!unit->pooled) return unit->rows.end - y;
    const struct poolgrad_pixel_run run = poolgrad_pixel_windows(&g->y, &unit->lanes->y, y, y + g->source_row);
    return poolgrad_clamp(run.pixel + run.count - y, 1, unit->rows.end - y);
}

/* Whether sums are found first, and multiplied then: those of several rows, or of several pixels of a row, that have
 * the same windows, each with a factor of its own. */
static bool keeps_sums(const struct poolgrad_lanes_unit *unit, int64_t rows, int64_t count)
{
    enum { CACHED = 1 << 15, FEW = 4 };
    const struct poolgrad_axis_lists *x = &unit->lanes->x;
    const int64_t bytes = poolgrad_range_length(unit->g->columns) * unit->lanes->lanes * (int64_t)sizeof(double);
    /* Few additions take less time than long rows of sums, written and read. */
    if (bytes > CACHED && (double)count * x->run_windows <= (double)FEW * (double)x->pixel_runs) return false;
    return rows > 1 || (x->in_order && x->pixel_runs < poolgrad_range_length(unit->g->columns));
}

/* Columns of the destination that the source has. */
static struct poolgrad_range columns_inside(const struct poolgrad_geometry *g)
{
    return (struct poolgrad_range){poolgrad_max(g->columns.begin, -g->source_column),
                                   poolgrad_min(g->columns.end, g->x.size - g->source_column)};
}

/* A row of results from its sums. Without windows pixels are +0, whatever their factor is. */
static struct results end_row(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const struct results *sums,
                              bool factors)
{
    static const struct poolgrad_operand_column column = {0, 0};
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (!factors && !lanes->direct) {
        poolgrad_lanes_store_numbers(unit, z, y, sums->to);
        return *sums;
    }
    const struct results results = results_at(unit, z, y);
    const struct poolgrad_range columns = factors ? columns_inside(unit->g) : unit->g->columns;
    const int64_t first = columns.begin - unit->g->columns.begin;
    const struct poolgrad_operand_row row = {sums->to + first * sums->step * sums->bytes, NULL, 0};
    const struct poolgrad_walk walk = {.rows = &row,
                                       .columns = &column,
                                       .row_count = 1,
                                       .column_count = 1,
                                       .repeats = poolgrad_range_length(columns),
                                       .count = unit->count,
                                       .step = lanes->lanes,
                                       .to_step = results.step};
    struct poolgrad_ending ending = ending_of(lanes, &results);
    if (factors && walk.repeats > 0) set_factors(unit, factors_of(unit, z, y), columns.begin, 1, &ending);
    if (walk.repeats > 0)
        poolgrad_lanes_give_walk(unit, &walk, &ending, results.to + first * results.step * results.bytes);
    for (int64_t i = 0; i < lanes->x.pixel_runs && factors; i++)
        if (lanes->x.pixels[i].windows == 0) give_nothing(unit, &lanes->x.pixels[i], &results);
    if (!lanes->direct) poolgrad_lanes_store_numbers(unit, z, y, results.to);
    return results;
}

/* Row (z, y) of results, as they are stored, to the rows behind it. */
static void repeat_row(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t rows,
                       const struct results *results)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t width = poolgrad_range_length(unit->g->columns), pixel = unit->count * results->bytes;
    const int64_t step = results->step * results->bytes;
    const unsigned char *from = results->to;
    if (!lanes->in_place[POOLGRAD_LANES_DESTINATION]) {
        for (int64_t i = 1; i < rows; i++) {
            /* A row that was written may lie where the next one does. */
            void *to = poolgrad_lanes_target_of(unit, z, y + i).to;
            if (to != from) memcpy(to, from, (size_t)(width * step));
            from = to;
        }
        return;
    }
    const int64_t row_step = unit->g->held.row_stride * results->bytes;
    if (step == pixel) {
        poolgrad_move_runs(results->to + row_step, from, (struct poolgrad_runs){rows - 1, width * step, 0, row_step});
        return;
    }
    for (int64_t i = 1; i < rows; i++)
        poolgrad_move_runs(results->to + i * row_step, from, (struct poolgrad_runs){width, pixel, step, step});
}

int64_t poolgrad_lanes_give(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (lanes->columns.used) return poolgrad_lanes_columns_give(unit, z, y);
    struct poolgrad_operand_row *list = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROW_LIST);
    struct row row = {list, 0};
    int64_t rows = rows_alike(unit, y);
    /* The list of windows needs the one of taps: the latter lies in front. */
    if (unit->pooled) {
        row.windows = list + lanes->most_rows;
        row.count = poolgrad_lanes_list_windows(unit, z, y, list + lanes->most_rows);
    }
    if (row.count == 0 && !unit->g->add_to_destination) {
        poolgrad_lanes_clear(unit, z, y, rows);
        return rows;
    }
    if (lanes->fills && row.count > 0) {
        fill_rows(unit, z, y, rows, &row);
        return rows;
    }
    const bool factors = unit->g->kind == POOLGRAD_L2NORM && row.count > 0;
    const bool keeps = !lanes->direct || (factors && keeps_sums(unit, rows, row.count));
    /* Products are each row's own. */
    if (factors && !keeps) rows = 1;
    const bool by_window = row.count > 0 && poolgrad_lanes_adds_windows(unit, row.count, keeps);
    struct results results;
    if (keeps || by_window) {
        const struct results sums = {poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS), lanes->lanes,
                                     poolgrad_lanes_number_bytes(lanes->sum), false};
        if (by_window)
            poolgrad_lanes_add_windows(unit, row.windows, row.count, sums.to);
        else
            give_row(unit, &row, NULL, &sums);
        results = end_row(unit, z, y, &sums, factors);
        for (int64_t i = 1; i < rows && keeps; i++) end_row(unit, z, y + i, &sums, factors);
    } else {
        results = results_at(unit, z, y);
        give_row(unit, &row, factors ? factors_of(unit, z, y) : NULL, &results);
    }
    if (!keeps) repeat_row(unit, z, y, rows, &results);
    return rows;
}
