/* SPDX-License-Identifier: Apache-2.0 */
#include "lanes/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/move.h"

/* ---- Images ------------------------------------------------------------------------------------------------------ */

static int64_t size_of(const poolgrad_const_image *image)
{
    return (int64_t)poolgrad_format_size(image->format);
}

/* A row that is written: its first set, and bytes from set to set. */
struct image_row {
    unsigned char *at;
    int64_t step;
    bool past_caches;
};

void poolgrad_lanes_columns_begin(struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    for (enum poolgrad_lanes_image i = 0; i < POOLGRAD_LANES_IMAGES; i++) {
        if (!poolgrad_lanes_has_image(g, unit->lanes, i)) continue;
        const struct poolgrad_lanes_origin at = poolgrad_lanes_origin_of(unit, i);
        if (i == POOLGRAD_LANES_DESTINATION || i == POOLGRAD_LANES_PICKS)
            unit->base[i] = poolgrad_image_at(i == POOLGRAD_LANES_PICKS ? &g->picks : &g->destination, at.n, at.c, 0, 0,
                                              0);
        else
            unit->from[i] = poolgrad_const_image_at(poolgrad_lanes_image_of(g, i), at.n, at.c, 0, 0, 0);
    }
}

/* Bytes from a plane's first element. */
static int64_t bytes_to(const poolgrad_const_image *image, int64_t z, int64_t y, int64_t x)
{
    return (z * image->depth_stride + y * image->row_stride + x * image->column_stride) * size_of(image);
}

static struct image_row target_row(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_image which, int64_t z,
                                   int64_t y, int64_t x)
{
    const poolgrad_const_image *image = poolgrad_lanes_image_of(unit->g, which);
    return (struct image_row){unit->base[which] + bytes_to(image, z, y, x),
                              poolgrad_lanes_set_stride(&unit->lanes->columns, image) * size_of(image),
                              unit->lanes->past_caches};
}

/* Channels of a set: those of a last slice may be fewer, and what lies behind them is not read. */
static int64_t lanes_of(const struct poolgrad_lanes_unit *unit, int64_t set)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const int64_t channels = poolgrad_range_length(unit->g->channels);
    const int64_t first = unit->plane % channels / shape->grain;
    const int64_t before = (first + set) % shape->sets_of_all * shape->grain;
    return poolgrad_min(channels - before, shape->grain);
}

const unsigned char *poolgrad_lanes_columns_read(const struct poolgrad_lanes_unit *unit,
                                                 enum poolgrad_lanes_image which, int64_t z, int64_t y, int64_t x,
                                                 int64_t columns, void *memory, int64_t *step)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const poolgrad_const_image *image = poolgrad_lanes_image_of(unit->g, which);
    const bool written = which == POOLGRAD_LANES_DESTINATION;
    const unsigned char *from = (written ? unit->base[which] : unit->from[which]) + bytes_to(image, z, y, x);
    const int64_t size = size_of(image), stride = poolgrad_lanes_set_stride(shape, image);
    const bool whole = poolgrad_range_length(unit->g->channels) % shape->grain == 0;
    if (whole && poolgrad_lanes_is_dense(shape, image)) {
        *step = stride;
        return from;
    }
    *step = columns * shape->grain;
    for (int64_t set = 0; set < unit->sets; set++) {
        unsigned char *to = (unsigned char *)memory + set * *step * size;
        const int64_t lanes = lanes_of(unit, set);
        const struct poolgrad_runs runs = {columns, lanes * size, image->column_stride * size, shape->grain * size};
        if (lanes < shape->grain) memset(to, 0, (size_t)(*step * size));
        poolgrad_move_runs(to, from + set * stride * size, runs);
    }
    return memory;
}

static void write_row(const struct poolgrad_lanes_unit *unit, const poolgrad_const_image *image, struct image_row to,
                      int64_t columns, const void *from, int64_t step)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const int64_t size = size_of(image);
    const struct poolgrad_phases whole = {1, shape->grain, columns, 0, unit->sets, step, to.step / size};
    const struct poolgrad_runs runs = {columns, shape->grain * size, shape->grain * size, image->column_stride * size};
    if (poolgrad_lanes_is_dense(shape, image)) {
        unit->lanes->routines->merge_phases[poolgrad_size_code(size)](from, whole, to.past_caches, to.at);
        return;
    }
    for (int64_t set = 0; set < unit->sets; set++) {
        poolgrad_move_runs(to.at + set * to.step, (const unsigned char *)from + set * step * size, runs);
    }
}

void poolgrad_lanes_columns_write_picks(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *from,
                                        int64_t step)
{
    const struct poolgrad_range columns = unit->g->columns;
    write_row(unit, &unit->g->held_picks, target_row(unit, POOLGRAD_LANES_PICKS, z, y, columns.begin),
              poolgrad_range_length(columns), from, step);
}

void poolgrad_lanes_columns_flush(struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const struct poolgrad_range columns = unit->g->columns;
    const int64_t width = poolgrad_range_length(columns), rows = unit->waiting;
    unit->waiting = 0;
    if (rows == 0) return;
    write_row(unit, &unit->g->held,
              target_row(unit, POOLGRAD_LANES_DESTINATION, unit->waiting_z, unit->waiting_y, columns.begin),
              rows * width, poolgrad_lanes_area(unit, POOLGRAD_LANES_STAGE), shape->staged * width * shape->grain);
}

/* Where the next row of the destination goes: there, or among those that wait to be written together. */
static struct image_row next_row(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const struct poolgrad_range columns = unit->g->columns;
    const int64_t bytes = poolgrad_range_length(columns) * shape->grain * size_of(&unit->g->held);
    if (shape->staged == 0) return target_row(unit, POOLGRAD_LANES_DESTINATION, z, y, columns.begin);
    if (unit->waiting == shape->staged || z != unit->waiting_z) poolgrad_lanes_columns_flush(unit);
    if (unit->waiting == 0) {
        unit->waiting_z = z;
        unit->waiting_y = y;
    }
    unsigned char *stage = poolgrad_lanes_area(unit, POOLGRAD_LANES_STAGE);
    return (struct image_row){stage + unit->waiting++ * bytes, shape->staged * bytes, false};
}

/* A row of results in working memory to the destination. */
static void write_results(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *from, int64_t step)
{
    write_row(unit, &unit->g->held, next_row(unit, z, y), poolgrad_range_length(unit->g->columns), from, step);
}

/* ---- Pixels one by one ------------------------------------------------------------------------------------------- */

/* Pixels of `bytes` bytes of every set: steps, in bytes, from pixel to pixel and from set to set of either side. */
struct taking {
    int64_t sets, pixels, bytes;
    int64_t from_step, to_step, from_set, to_set;
};

/* `bytes` is a constant. */
static inline void take_exactly(unsigned char *to, const unsigned char *from, const struct taking *taking, size_t bytes)
{
    const int64_t sets = taking->sets, pixels = taking->pixels;
    const int64_t from_step = taking->from_step, to_step = taking->to_step;
    for (int64_t set = 0; set < sets; set++, to += taking->to_set, from += taking->from_set) {
        for (int64_t i = 0; i < pixels; i++) memcpy(to + i * to_step, from + i * from_step, bytes);
    }
}

static void take(unsigned char *to, const unsigned char *from, const struct taking *taking)
{
    const struct poolgrad_runs runs = {taking->pixels, taking->bytes, taking->from_step, taking->to_step};
    switch (taking->bytes) {
    case 2: take_exactly(to, from, taking, 2); break;
    case 4: take_exactly(to, from, taking, 4); break;
    case 6: take_exactly(to, from, taking, 6); break;
    case 8: take_exactly(to, from, taking, 8); break;
    case 12: take_exactly(to, from, taking, 12); break;
    case 16: take_exactly(to, from, taking, 16); break;
    default:
        for (int64_t set = 0; set < taking->sets; set++)
            poolgrad_move_runs(to + set * taking->to_set, from + set * taking->from_set, runs);
    }
}

/* ---- The source -------------------------------------------------------------------------------------------------- */

/* What padding is: of maxima below or equal to all, of sums nothing. A maximum of padding alone voids a search: windows
 * that lie between two sets, which are computed but not looked at, have an entry that is not padding. */
static void fill_padding(const struct poolgrad_lanes_unit *unit, unsigned char *row)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const int64_t count = poolgrad_lanes_source_elements(shape), free = shape->free * shape->grain;
    const bool wide = poolgrad_lanes_columns_numbers(unit->g) == POOLGRAD_FLOAT64;
    const int64_t size = wide ? sizeof(double) : sizeof(float);
    const double value = -INFINITY;
    const float narrow = -INFINITY;
    if (unit->g->kind != POOLGRAD_MAX) {
        memset(row, 0, (size_t)(count * size));
        return;
    }
    poolgrad_fill(row, count, wide ? (const void *)&value : &narrow, size);
    for (int64_t i = 0; i < shape->phases * shape->sets; i++) {
        const int64_t set = i / shape->sets * shape->phase_step + i % shape->sets * shape->set_step;
        memset(row + (set + shape->set_step - free) * size, 0, (size_t)(free * size));
    }
}

/* Rows as their image stores them, to numbers: elements from set to set. */
static const unsigned char *load_numbers(const struct poolgrad_lanes_unit *unit, const unsigned char *from,
                                         int64_t columns, int64_t *step)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const poolgrad_format format = unit->g->source.format;
    const int64_t count = columns * lanes->columns.grain;
    void *loaded = poolgrad_lanes_area(unit, POOLGRAD_LANES_LOADED);
    if (format == poolgrad_lanes_columns_numbers(unit->g)) return from;
    lanes->routines->load[POOLGRAD_SUM32][format](from, (struct poolgrad_rows){unit->sets, count, *step, count},
                                                  loaded);
    *step = count;
    return loaded;
}

/* A row's pixels to phases: rows of sets `step` elements apart. */
static void split_row(const struct poolgrad_lanes_unit *unit, const unsigned char *from, int64_t step, int64_t size,
                      unsigned char *to)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const struct poolgrad_phases phases = {.phases = shape->phases,
                                           .grain = shape->grain,
                                           .count = poolgrad_range_length(shape->source),
                                           .phase_step = shape->phase_step,
                                           .sets = unit->sets,
                                           .set_step = shape->set_step,
                                           .row_step = step};
    unit->lanes->routines->split_phases[poolgrad_size_code(size)](from, phases,
                                                                  to + shape->source_lead * shape->grain * size);
}

/* ---- The source, taps alone -------------------------------------------------------------------------------------- */

/* Of sets that may lack channels: those are +0. */
static void take_sets(const struct poolgrad_lanes_unit *unit, unsigned char *to, const unsigned char *from,
                      const struct taking *taking)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const int64_t pixel = taking->bytes;
    if (poolgrad_range_length(unit->g->channels) % shape->grain == 0) {
        take(to, from, taking);
        return;
    }
    for (int64_t set = 0; set < taking->sets; set++, to += taking->to_set, from += taking->from_set) {
        const int64_t lanes = lanes_of(unit, set), bytes = pixel / shape->grain * lanes;
        if (lanes < shape->grain) memset(to, 0, (size_t)(taking->pixels * pixel));
        poolgrad_move_runs(to, from, (struct poolgrad_runs){taking->pixels, bytes, taking->from_step, pixel});
    }
}

/* Windows whose tap at x of the first window is in the source: the others have padding there. */
static struct poolgrad_range windows_inside(const struct poolgrad_lanes *lanes, int64_t x)
{
    const struct poolgrad_lanes_columns *shape = &lanes->columns;
    struct poolgrad_range windows = {0, poolgrad_range_length(lanes->x.outputs)};
    const int64_t before = shape->source.begin - x, behind = shape->source.end - x;
    if (before > 0) windows.begin = poolgrad_min(poolgrad_ceiling_divide(before, shape->phases), windows.end);
    if ((windows.end - 1) * shape->phases >= behind)
        windows.end = poolgrad_max(poolgrad_ceiling_divide(behind, shape->phases), windows.begin);
    return windows;
}

/* A tap of every window, to its phase: from where the row lies, at column 0. */
static void take_tap(const struct poolgrad_lanes_unit *unit, const unsigned char *row, int64_t x, int64_t offset,
                     unsigned char *to)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const poolgrad_const_image *image = &unit->g->source;
    const poolgrad_format numbers = poolgrad_lanes_columns_numbers(unit->g);
    const struct poolgrad_range windows = windows_inside(unit->lanes, x);
    const int64_t size = size_of(image), step = image->column_stride * size;
    const int64_t elements = poolgrad_range_length(windows) * shape->grain;
    const bool as_it_is = image->format == numbers;
    const struct taking taking = {.sets = unit->sets,
                                  .pixels = poolgrad_range_length(windows),
                                  .bytes = shape->grain * size,
                                  .from_step = shape->phases * step,
                                  .to_step = shape->grain * size,
                                  .from_set = poolgrad_lanes_set_stride(shape, image) * size,
                                  .to_set = (as_it_is ? shape->set_step : elements) * size};
    if (elements == 0) return;
    row += (x + windows.begin * shape->phases) * step;
    to += (offset + windows.begin * shape->grain) * (int64_t)poolgrad_format_size(numbers);
    unsigned char *raw = poolgrad_lanes_area(unit, POOLGRAD_LANES_RAW);
    take_sets(unit, as_it_is ? to : raw, row, &taking);
    if (as_it_is) return;
    unit->lanes->routines->load[POOLGRAD_SUM32][image->format](
        raw, (struct poolgrad_rows){unit->sets, elements, elements, shape->set_step}, to);
}

static void take_taps(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, unsigned char *to)
{
    const struct poolgrad_axis *axis = &unit->g->x;
    const struct poolgrad_operand_column *taps = poolgrad_lanes_area(unit, POOLGRAD_LANES_TAPS);
    const unsigned char *row = unit->from[POOLGRAD_LANES_SOURCE] + bytes_to(&unit->g->source, z, y, 0);
    const int64_t first = poolgrad_axis_window(axis, unit->lanes->x.outputs.begin).first;
    for (int64_t tap = 0; tap < axis->kernel; tap++)
        take_tap(unit, row, first + tap * axis->dilation, taps[tap].offset, to);
}

/* Whether pixels are moved one by one anyway, and most, or many, are no window's. */
static bool takes_taps(const struct poolgrad_lanes_unit *unit)
{
    enum { WIDE = 2, NARROW = 4 };
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const int64_t kernel = unit->g->x.kernel, phases = shape->phases;
    const bool wide = poolgrad_lanes_columns_numbers(unit->g) == POOLGRAD_FLOAT64;
    const bool quick = shape->grain == 1 && phases <= (wide ? WIDE : NARROW) &&
                       poolgrad_lanes_is_dense(shape, &unit->g->source);
    return quick ? 2 * kernel < phases : kernel < phases;
}

const unsigned char *poolgrad_lanes_columns_row_in_place(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    return unit->from[POOLGRAD_LANES_SOURCE] + bytes_to(&unit->g->source, z, y, 0);
}

const unsigned char *poolgrad_lanes_columns_source_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *shape = &lanes->columns;
    const int64_t slot = z % lanes->source_slots_z * lanes->source_slots_y + y % lanes->source_slots_y;
    const int64_t row = z * unit->g->y.size + y, columns = poolgrad_range_length(shape->source);
    const int64_t size = (int64_t)poolgrad_format_size(poolgrad_lanes_columns_numbers(unit->g));
    int64_t *tag = (int64_t *)poolgrad_lanes_area(unit, POOLGRAD_LANES_ROWS_TAGS) + slot, step;
    unsigned char *to = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROWS);
    to += slot * poolgrad_lanes_source_elements(shape) * size;
    if (*tag == row) return to;
    if (*tag == POOLGRAD_LANES_UNUSED) fill_padding(unit, to);
    *tag = row;
    if (takes_taps(unit)) {
        take_taps(unit, z, y, to);
        return to;
    }
    const unsigned char *from = poolgrad_lanes_columns_read(unit, POOLGRAD_LANES_SOURCE, z, y, shape->source.begin,
                                                            columns, poolgrad_lanes_area(unit, POOLGRAD_LANES_RAW),
                                                            &step);
    from = load_numbers(unit, from, columns, &step);
    split_row(unit, from, step, size, to);
    return to;
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

/* Rows of windows from row y on that are alike, and whose results and picks lie alike. */
static int64_t rows_together(const struct poolgrad_lanes_unit *unit, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    if (!unit->lanes->columns.in_place) return 1;
    if (g->with_picks && g->held_picks.row_stride != g->held.row_stride) return 1;
    const struct poolgrad_window_run run = poolgrad_listed_windows_from(&unit->lanes->y, y);
    return poolgrad_clamp(run.count, 1, unit->rows.end - y);
}

int64_t poolgrad_lanes_columns_forward(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *shape = &lanes->columns;
    const struct image_row row = target_row(unit, POOLGRAD_LANES_DESTINATION, z, y, g->columns.begin);
    struct poolgrad_lanes_found found = {
        .to = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS), .step = shape->set_step, .stored = lanes->direct};
    if (shape->in_place) {
        found.to = row.at;
        found.step = row.step / size_of(&g->held);
        if (g->with_picks) found.codes = target_row(unit, POOLGRAD_LANES_PICKS, z, y, g->columns.begin).at;
    } else if (g->with_picks) {
        found.codes = poolgrad_lanes_area(unit, POOLGRAD_LANES_CODES);
    }
    if (shape->reads_rows) {
        found.rows = rows_together(unit, y);
        found.row_step = g->held.row_stride;
    }
    const int64_t rows = poolgrad_lanes_find(unit, z, y, &found);
    if (shape->in_place) return rows;
    if (g->with_picks) poolgrad_lanes_store_picks(unit, z, y, found.codes, shape->set_step);
    const void *results = found.to;
    if (!lanes->direct) {
        void *stored = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
        poolgrad_lanes_store_found(unit, found.to, unit->sets * shape->set_step, stored);
        results = stored;
    }
    write_results(unit, z, y, results, shape->set_step);
    return rows;
}

/* A row of what no window gives: +0, and no picks. */
void poolgrad_lanes_columns_forward_nothing(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t columns = poolgrad_range_length(g->columns), count = columns * unit->lanes->columns.grain;
    void *nothing = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    memset(nothing, 0, (size_t)(unit->sets * count * size_of(&g->held)));
    write_results(unit, z, y, nothing, count);
    if (!g->with_picks) return;
    void *picks = poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW);
    memset(picks, 0xff, (size_t)(unit->sets * count * size_of(&g->held_picks)));
    poolgrad_lanes_columns_write_picks(unit, z, y, picks, count);
}

/* ---- Gradient ---------------------------------------------------------------------------------------------------- */

/* Pixels of a phase that have windows: those of all taps' windows, which meet. */
static void cut_phase(const struct poolgrad_operand_column *operands, int64_t grain, int64_t windows,
                      struct poolgrad_lanes_phase *phase)
{
    const int64_t pixels = phase->pixels;
    /* The last operand is the first tap, and has the foremost pixels. */
    const int64_t first = -operands[phase->count - 1].offset / grain, last = -operands[0].offset / grain + windows;
    const int64_t begin = poolgrad_clamp(first - phase->window, 0, pixels);
    phase->pixels = poolgrad_clamp(last - phase->window, begin, pixels) - begin;
    phase->whole = phase->pixels == pixels;
    phase->entry = begin;
    phase->source += begin * phase->step;
    phase->window += begin;
}

/* The operands of a phase whose first pixel lies `at` behind tap 0 of the first window, and whose first tap this is: in
 * ascending order of windows the last tap's comes first. */
static int64_t list_taps(const struct poolgrad_axis *axis, const struct poolgrad_lanes_columns *shape, int64_t at,
                         int64_t tap, int64_t period, struct poolgrad_operand_column *operands)
{
    const int64_t step = shape->phases, rest = at % step, count = (axis->kernel - 1 - tap) / period + 1;
    for (int64_t i = 0; i < count; i++) {
        const int64_t number = tap + (count - 1 - i) * period, distance = number * axis->dilation - rest;
        operands[i] = (struct poolgrad_operand_column){-distance / step * shape->grain, number};
    }
    return count;
}

int64_t poolgrad_lanes_columns_list_phases(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                                           struct poolgrad_lanes_phase *phases,
                                           struct poolgrad_operand_column *operands)
{
    const struct poolgrad_lanes_columns *shape = &lanes->columns;
    const int64_t length = poolgrad_range_length(shape->pixels), step = shape->phases;
    const int64_t first = shape->pixels.begin + g->source_column;
    const int64_t at = first - poolgrad_axis_window(&g->x, lanes->x.outputs.begin).first;
    const int64_t period = poolgrad_lanes_tap_period(step, g->x.dilation);
    int64_t count = 0;
    for (int64_t tap = 0; tap < poolgrad_min(period, g->x.kernel); tap++) {
        const int64_t number = poolgrad_modulo(tap * g->x.dilation - at, step);
        if (number >= length) continue;
        struct poolgrad_lanes_phase phase = {.number = number,
                                             .step = step,
                                             .pixels = poolgrad_ceiling_divide(length - number, step),
                                             .source = first + number,
                                             .window = (at + number) / step,
                                             .operands = operands};
        phase.count = list_taps(&g->x, shape, at + number, tap, period, operands);
        cut_phase(operands, shape->grain, poolgrad_range_length(lanes->x.outputs), &phase);
        operands += phase.count;
        if (phase.pixels > 0) phases[count++] = phase;
    }
    return count;
}

static void give_walk(const struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                      const struct poolgrad_ending *ending, void *to)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_routines *routines = lanes->routines;
    const poolgrad_format numbers = lanes->sum == POOLGRAD_SUM64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
    const poolgrad_format format = ending->stored ? unit->g->destination.format : numbers;
    switch (unit->g->kind) {
    case POOLGRAD_AVERAGE: routines->give_sum[lanes->sum][format](walk, ending, to); break;
    case POOLGRAD_L2NORM: routines->give_norm[poolgrad_lanes_columns_numbers(unit->g)](walk, ending, to); break;
    case POOLGRAD_MAX:
        (lanes->code_bytes == 1 ? routines->give_pick8 : routines->give_pick32)[lanes->sum][format](walk, ending, to);
        break;
    }
}

/* A row of pixels, as it is given: the windows over it, and where results go. */
struct given {
    int64_t z, y; /* of the source */
    const struct poolgrad_operand_row *windows;
    int64_t count;
    unsigned char *to;
    int64_t step, bytes; /* elements from set to set, and bytes of one */
    bool in_place;
};

static void give_phase(const struct poolgrad_lanes_unit *unit, const struct given *row,
                       const struct poolgrad_lanes_phase *phase)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *shape = &lanes->columns;
    struct poolgrad_operand_row *shifted = poolgrad_lanes_area(unit, POOLGRAD_LANES_SHIFTED);
    const int64_t shift = phase->window * shape->grain, elements = phase->pixels * shape->grain;
    for (int64_t i = 0; i < row->count; i++) {
        shifted[i].at = (const unsigned char *)row->windows[i].at + shift * poolgrad_lanes_number_bytes(lanes->sum);
        shifted[i].taps = (const unsigned char *)row->windows[i].taps + shift * lanes->code_bytes;
        shifted[i].code = row->windows[i].code;
    }
    struct poolgrad_ending ending = {
        .stored = lanes->direct, .past_caches = row->in_place && lanes->past_caches, .outside = -1};
    if (unit->g->kind == POOLGRAD_L2NORM) {
        ending.factor = poolgrad_lanes_columns_source_row(unit, row->z, row->y) +
                        poolgrad_lanes_entry_of(shape, phase->source) *
                            (int64_t)poolgrad_format_size(poolgrad_lanes_columns_numbers(unit->g));
        ending.factor_step = shape->set_step;
    }
    const bool flat = !row->in_place && phase->whole;
    const struct poolgrad_walk walk = {
        .rows = shifted,
        .columns = phase->operands,
        .row_count = row->count,
        .column_count = phase->count,
        .repeats = flat ? 1 : unit->sets,
        .count = flat ? (unit->sets - 1) * shape->set_step + elements : elements,
        .step = shape->set_step,
        .to_step = row->step,
    };
    const int64_t at = phase->number * shape->phase_step + phase->entry * shape->grain;
    give_walk(unit, &walk, &ending, row->to + at * row->bytes);
}

/* Columns without windows, of `sets` rows. */
static void clear_sides(const struct poolgrad_lanes_unit *unit, struct image_row row, int64_t bytes)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const int64_t pixel = shape->grain * bytes, all = poolgrad_range_length(unit->g->columns);
    const int64_t before = shape->pixels.begin - unit->g->columns.begin;
    const int64_t behind = unit->g->columns.end - shape->pixels.end;
    for (int64_t set = 0; set < unit->sets && before + behind > 0; set++) {
        memset(row.at + set * row.step, 0, (size_t)(before * pixel));
        memset(row.at + set * row.step + (all - behind) * pixel, 0, (size_t)(behind * pixel));
    }
}

static void merge_row(const struct poolgrad_lanes_unit *unit, const struct given *row, struct image_row to)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const int64_t before = (shape->pixels.begin - unit->g->columns.begin) * shape->grain * row->bytes;
    const struct poolgrad_phases phases = {.phases = shape->phases,
                                           .grain = shape->grain,
                                           .count = poolgrad_range_length(shape->pixels),
                                           .phase_step = shape->phase_step,
                                           .sets = unit->sets,
                                           .set_step = row->step,
                                           .row_step = to.step / row->bytes};
    unit->lanes->routines->merge_phases[poolgrad_size_code(row->bytes)](row->to, phases, to.past_caches,
                                                                        to.at + before);
}

/* The same where most phases have no windows: +0, and pixels of the others among them. */
static void place_pixels(const struct poolgrad_lanes_unit *unit, const struct given *row, struct image_row to)
{
    const struct poolgrad_lanes_columns *shape = &unit->lanes->columns;
    const struct poolgrad_lanes_phase *phases = poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASES);
    const int64_t pixel = shape->grain * row->bytes, width = poolgrad_range_length(unit->g->columns) * pixel;
    const int64_t before = (shape->pixels.begin - unit->g->columns.begin) * pixel;
    for (int64_t set = 0; set < unit->sets; set++) memset(to.at + set * to.step, 0, (size_t)width);
    for (int64_t i = 0; i < unit->phases; i++) {
        const struct poolgrad_lanes_phase *phase = &phases[i];
        const int64_t at = phase->number * shape->phase_step + phase->entry * shape->grain;
        const struct taking taking = {.sets = unit->sets,
                                      .pixels = phase->pixels,
                                      .bytes = pixel,
                                      .from_step = pixel,
                                      .to_step = phase->step * pixel,
                                      .from_set = row->step * row->bytes,
                                      .to_set = to.step};
        take(to.at + before + (phase->number + phase->entry * phase->step) * pixel, row->to + at * row->bytes, &taking);
    }
}

/* docs/numerics.md N40: to numbers is added what the destination holds. */
static void add_before(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *numbers)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t columns = poolgrad_range_length(g->columns), count = columns * lanes->columns.grain;
    void *before = poolgrad_lanes_area(unit, POOLGRAD_LANES_BEFORE);
    int64_t step;
    const unsigned char *stored = poolgrad_lanes_columns_read(unit, POOLGRAD_LANES_DESTINATION, z, y, g->columns.begin,
                                                              columns, poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED),
                                                              &step);
    lanes->routines->load[lanes->sum][g->destination.format](
        stored, (struct poolgrad_rows){unit->sets, count, step, count}, before);
    lanes->routines->add[lanes->sum](numbers, before, unit->sets * count);
}

/* Rows of sets that follow each other, as results or as numbers, to the destination. */
static void finish_row(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *results)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t columns = poolgrad_range_length(g->columns), count = columns * lanes->columns.grain;
    if (!lanes->direct) {
        void *stored = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
        if (g->add_to_destination) add_before(unit, z, y, results);
        lanes->routines->store[lanes->sum][g->destination.format](results, unit->sets * count, stored);
        results = stored;
    }
    write_results(unit, z, y, results, count);
}

void poolgrad_lanes_columns_store_numbers(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *numbers)
{
    finish_row(unit, z, y, numbers);
}

void poolgrad_lanes_columns_finish(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *shape = &lanes->columns;
    const int64_t bytes = lanes->result_bytes;
    const struct given row = {
        .to = poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASED), .step = shape->set_step, .bytes = bytes};
    const bool sparse = 2 * unit->phases < shape->phases, through = shape->staged == 0 && lanes->past_caches;
    const bool straight = lanes->direct && poolgrad_lanes_is_dense(shape, &unit->g->held) && !(sparse && through);
    struct image_row to = {poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS),
                           poolgrad_range_length(unit->g->columns) * shape->grain * bytes, false};
    if (straight) to = next_row(unit, z, y);
    if (sparse) {
        place_pixels(unit, &row, to);
    } else {
        merge_row(unit, &row, to);
        clear_sides(unit, to, bytes);
    }
    if (!straight) finish_row(unit, z, y, to.at);
}

/* How many rows from y on have no windows. */
static int64_t rows_without(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const bool layer = poolgrad_pixel_windows(&g->z, &lanes->z, z, z + g->source_layer).windows > 0;
    const bool any = unit->pooled && layer && poolgrad_range_length(lanes->columns.pixels) > 0;
    int64_t end = y + 1;
    while (end < unit->rows.end &&
           (!any || poolgrad_pixel_windows(&g->y, &lanes->y, end, end + g->source_row).windows == 0)) {
        end++;
    }
    return end - y;
}

/* Rows that follow each other become +0 plane by plane; how many. */
static int64_t clear_rows(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t width)
{
    const poolgrad_const_image *image = &unit->g->held;
    const bool dense = unit->lanes->columns.staged == 0 && image->row_stride * size_of(image) == width;
    const int64_t rows = dense ? rows_without(unit, z, y) : 1;
    const struct image_row to = next_row(unit, z, y);
    for (int64_t set = 0; set < unit->sets; set++) memset(to.at + set * to.step, 0, (size_t)(rows * width));
    return rows;
}

/* How many rows are done. */
static int64_t give_nothing(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t count = unit->sets * poolgrad_range_length(unit->g->columns) * lanes->columns.grain;
    const int64_t bytes = lanes->result_bytes;
    const bool through = lanes->columns.staged == 0 && lanes->past_caches;
    if (lanes->direct && !through && poolgrad_lanes_is_dense(&lanes->columns, &unit->g->held))
        return clear_rows(unit, z, y, count / unit->sets * bytes);
    void *results = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS);
    memset(results, 0, (size_t)(count * bytes));
    finish_row(unit, z, y, results);
    return 1;
}

int64_t poolgrad_lanes_columns_give(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *shape = &lanes->columns;
    struct poolgrad_operand_row *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROW_LIST);
    struct given row = {.z = z + g->source_layer,
                        .y = y + g->source_row,
                        .windows = rows + lanes->most_rows,
                        .to = poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASED),
                        .step = shape->set_step,
                        .bytes = lanes->result_bytes,
                        .in_place = shape->in_place};
    /* The list of windows needs the one of taps: the latter lies in front. */
    if (unit->pooled) row.count = poolgrad_lanes_list_windows(unit, z, y, rows + lanes->most_rows);
    if (row.count == 0 || poolgrad_range_length(shape->pixels) == 0) return give_nothing(unit, z, y);
    const struct image_row target = target_row(unit, POOLGRAD_LANES_DESTINATION, z, y, g->columns.begin);
    if (row.in_place) {
        row.to = target.at + (shape->pixels.begin - g->columns.begin) * shape->grain * row.bytes;
        row.step = target.step / row.bytes;
    }
    const struct poolgrad_lanes_phase *phases = poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASES);
    for (int64_t i = 0; i < unit->phases; i++) give_phase(unit, &row, &phases[i]);
    if (row.in_place)
        clear_sides(unit, target, row.bytes);
    else
        poolgrad_lanes_columns_finish(unit, z, y);
    return 1;
}
