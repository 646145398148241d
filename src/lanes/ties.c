/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ties all and split (docs/numerics.md N30, N31): a pixel gets a share of every window whose greatest value is its own,
 * and of those that picked it as a NaN. Values are compared as keys (routines/routines.h). A window that picked a NaN
 * has no greatest key, but the code of its tap; any other window has no code.
 */
#include <string.h>

#include "lanes/columns.h"

/* Of a NaN: below all numbers, above the key of nothing. */
static int64_t nan_key(bool wide)
{
    return (wide ? POOLGRAD_KEY_NONE(64) : POOLGRAD_KEY_NONE(32)) + 1;
}

static bool is_wide(const struct poolgrad_lanes_unit *unit)
{
    return unit->g->source.format == POOLGRAD_FLOAT64;
}

/* A run of windows and a tap, or of pixels and a window: elements of both sides. */
struct strided {
    const void *keys, *greatest, *shares;
    const uint32_t *codes;
    uint32_t code;
    void *to; /* ties of windows, or sums of pixels */
    int64_t repeats, count, window_step, pixel_step;
};

#define TIES_COUNT count_strided_32
#define TIES_COUNT_TAPS count_taps_32
#define TIES_ADD add_strided_32_f32
#define TIES_SPREAD spread_32_f32
#define TIES_KEY int32_t
#define TIES_NUMBER float
#include "lanes/ties_strided.h"

#define TIES_ADD add_strided_32_f64
#define TIES_SPREAD spread_32_f64
#define TIES_KEY int32_t
#define TIES_NUMBER double
#include "lanes/ties_strided.h"

#define TIES_COUNT count_strided_64
#define TIES_COUNT_TAPS count_taps_64
#define TIES_ADD add_strided_64_f32
#define TIES_SPREAD spread_64_f32
#define TIES_KEY int64_t
#define TIES_NUMBER float
#include "lanes/ties_strided.h"

#define TIES_ADD add_strided_64_f64
#define TIES_SPREAD spread_64_f64
#define TIES_KEY int64_t
#define TIES_NUMBER double
#include "lanes/ties_strided.h"

/* Fewer elements are not worth a call of their own. */
enum { LEAST_CALL = 8 };

/* Members of a run that are neighbours on both sides are one member; in planes some lanes may have no plane. */
static void join(struct strided *at, const struct poolgrad_lanes *lanes)
{
    const int64_t member = lanes->columns.used ? at->count : lanes->lanes;
    if (at->window_step != member || at->pixel_step != member) return;
    at->count = at->repeats * member;
    at->repeats = 1;
}

static void count_ties(const struct poolgrad_lanes_unit *unit, struct strided at)
{
    const bool wide = is_wide(unit);
    const int64_t size = wide ? sizeof(int64_t) : sizeof(int32_t);
    join(&at, unit->lanes);
    if (at.count < LEAST_CALL) {
        (wide ? count_strided_64 : count_strided_32)(&at);
        return;
    }
    for (int64_t i = 0; i < at.repeats; i++) {
        unit->lanes->routines->count_ties[wide ? POOLGRAD_KEY64 : POOLGRAD_KEY32](
            (const unsigned char *)at.keys + i * at.pixel_step * size,
            (const unsigned char *)at.greatest + i * at.window_step * size, at.count,
            (int32_t *)at.to + i * at.window_step);
    }
}

static void add_ties(const struct poolgrad_lanes_unit *unit, struct strided at)
{
    const bool wide = is_wide(unit), wide_sum = unit->lanes->sum == POOLGRAD_SUM64;
    const int64_t size = wide ? sizeof(int64_t) : sizeof(int32_t);
    const int64_t bytes = poolgrad_lanes_number_bytes(unit->lanes->sum);
    join(&at, unit->lanes);
    if (at.count < LEAST_CALL) {
        if (wide)
            (wide_sum ? add_strided_64_f64 : add_strided_64_f32)(&at);
        else
            (wide_sum ? add_strided_32_f64 : add_strided_32_f32)(&at);
        return;
    }
    for (int64_t i = 0; i < at.repeats; i++) {
        const int64_t window = i * at.window_step, pixel = i * at.pixel_step;
        unit->lanes->routines->add_ties[wide ? POOLGRAD_KEY64 : POOLGRAD_KEY32][unit->lanes->sum](
            (const unsigned char *)at.keys + pixel * size, (const unsigned char *)at.greatest + window * size,
            at.codes + window, at.code, (const unsigned char *)at.shares + window * bytes, at.count,
            (unsigned char *)at.to + pixel * bytes);
    }
}

/* The same of one window and its taps in a row, `repeats` of them, the first of code `code`. */
static void count_taps(const struct poolgrad_lanes_unit *unit, const struct strided *at)
{
    (is_wide(unit) ? count_taps_64 : count_taps_32)(at);
}

static void spread_taps(const struct poolgrad_lanes_unit *unit, const struct strided *at)
{
    const bool wide_sum = unit->lanes->sum == POOLGRAD_SUM64;
    if (is_wide(unit))
        (wide_sum ? spread_64_f64 : spread_64_f32)(at);
    else
        (wide_sum ? spread_32_f64 : spread_32_f32)(at);
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Keys of a source row, or of its values: `lanes` elements a pixel, or in phases. */
static const void *keys_of_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const bool columns = lanes->columns.used;
    const poolgrad_format format = columns ? poolgrad_lanes_columns_numbers(unit->g) : unit->g->source.format;
    const unsigned char *row = poolgrad_lanes_source_row(unit, z, y);
    void *keys = poolgrad_lanes_area(unit, POOLGRAD_LANES_KEYS);
    struct poolgrad_rows rows = {unit->g->x.size, unit->count, poolgrad_lanes_pitch(unit, POOLGRAD_LANES_SOURCE),
                                 lanes->lanes};
    if (columns) rows = (struct poolgrad_rows){1, poolgrad_lanes_source_elements(&lanes->columns), 0, 0};
    if (format == POOLGRAD_FLOAT64) {
        lanes->routines->key[POOLGRAD_KEY64][format](row, rows, nan_key(true), keys);
        return keys;
    }
    if (format != POOLGRAD_FLOAT32) {
        void *values = poolgrad_lanes_area(unit, POOLGRAD_LANES_VALUES);
        lanes->routines->load[POOLGRAD_SUM32][format](row, rows, values);
        rows.from_step = lanes->lanes;
        row = values;
    }
    lanes->routines->key[POOLGRAD_KEY32][POOLGRAD_FLOAT32](row, rows, nan_key(false), keys);
    return keys;
}

/* Either a key or a code remains. */
static void sort_out(bool wide, void *greatest, uint32_t *codes, int64_t count)
{
    if (wide) {
        int64_t *restrict keys = greatest;
        const int64_t nan = nan_key(true), none = POOLGRAD_KEY_NONE(64);
        for (int64_t i = 0; i < count; i++) {
            codes[i] = keys[i] == nan ? codes[i] : UINT32_MAX;
            keys[i] = keys[i] == nan ? none : keys[i];
        }
    } else {
        int32_t *restrict keys = greatest;
        const int32_t nan = (int32_t)nan_key(false), none = (int32_t)POOLGRAD_KEY_NONE(32);
        for (int64_t i = 0; i < count; i++) {
            codes[i] = keys[i] == nan ? codes[i] : UINT32_MAX;
            keys[i] = keys[i] == nan ? none : keys[i];
        }
    }
}

/* Ties of a run's windows in a row of the source, window by window. */
static void count_windows(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run,
                          const unsigned char *keys, const void *greatest, void *ties)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t size = is_wide(unit) ? sizeof(int64_t) : sizeof(int32_t), pitch = lanes->lanes;
    for (int64_t i = 0; i < run->count; i++) {
        const int64_t at = (run->output + i - lanes->x.outputs.begin) * pitch;
        const struct strided strided = {.keys = keys + (run->place + i * run->step) * pitch * size,
                                        .greatest = (const unsigned char *)greatest + at * size,
                                        .to = (int32_t *)ties + at,
                                        .repeats = run->taps,
                                        .count = unit->count,
                                        .pixel_step = lanes->x.tap_distance * pitch};
        count_taps(unit, &strided);
    }
}

/* A run's windows and one of their taps, in a row of the source. */
static void count_tap(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run, int64_t tap,
                      const unsigned char *keys, const void *greatest, int32_t *ties)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t size = is_wide(unit) ? sizeof(int64_t) : sizeof(int32_t), pitch = lanes->lanes;
    const int64_t first = run->output - lanes->x.outputs.begin, place = run->place + tap * unit->g->x.dilation;
    struct strided strided = {
        .repeats = run->count, .count = unit->count, .window_step = pitch, .pixel_step = run->step * pitch};
    int64_t window = first * pitch, pixel = place * pitch;
    if (columns->used) {
        window = first * columns->grain;
        pixel = poolgrad_lanes_entry_of(columns, place);
        strided.repeats = unit->sets;
        strided.count = run->count * columns->grain;
        strided.window_step = strided.pixel_step = columns->set_step;
    }
    strided.keys = keys + pixel * size;
    strided.greatest = (const unsigned char *)greatest + window * size;
    strided.to = ties + window;
    count_ties(unit, strided);
}

/* Ties of all windows of the row, those inside. */
static int32_t *count_row(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *z,
                          const struct poolgrad_window_run *y, const void *greatest)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    int32_t *ties = poolgrad_lanes_area(unit, POOLGRAD_LANES_TIES);
    memset(ties, 0, (size_t)lanes->window_elements * sizeof *ties);
    for (int64_t i = 0; i < z->taps * y->taps; i++) {
        const unsigned char *keys = keys_of_row(unit, z->place + i / y->taps * g->z.dilation,
                                                y->place + i % y->taps * g->y.dilation);
        for (int64_t r = 0; r < lanes->x.window_runs; r++) {
            const struct poolgrad_window_run *run = &lanes->x.windows[r];
            if (!lanes->columns.used && unit->count < LEAST_CALL && run->count < run->taps) {
                count_windows(unit, run, keys, greatest, ties);
                continue;
            }
            for (int64_t tap = 0; tap < run->taps; tap++) count_tap(unit, run, tap, keys, greatest, ties);
        }
    }
    return ties;
}

/* Ties of a window as what its gradient is divided by; a window that picked a NaN has none. */
static double divisor_of(int32_t ties, bool is_zero, int64_t outside, bool wide_sum)
{
    const int64_t all = ties + (is_zero ? outside : 0);
    if (all == 0) return 1;
    return wide_sum ? (double)all : (double)(float)all;
}

/* Taps outside the image are ties of a greatest value of 0. */
static void divide_run(const struct poolgrad_lanes_unit *unit, const int32_t *ties, const void *greatest,
                       int64_t outside, int64_t count, void *shares)
{
    const bool wide = is_wide(unit), wide_sum = unit->lanes->sum == POOLGRAD_SUM64;
    void *divisors = poolgrad_lanes_area(unit, POOLGRAD_LANES_VALUES);
    for (int64_t i = 0; i < count; i++) {
        const bool is_zero = wide ? ((const int64_t *)greatest)[i] == 0 : ((const int32_t *)greatest)[i] == 0;
        const double divisor = divisor_of(ties[i], is_zero, outside, wide_sum);
        if (wide_sum)
            ((double *)divisors)[i] = divisor;
        else
            ((float *)divisors)[i] = (float)divisor;
    }
    const struct poolgrad_divisors by = {divisors, NULL, NULL};
    unit->lanes->routines->divide[unit->lanes->sum](shares, &by, (struct poolgrad_rows){1, count, 0, 0}, shares);
}

static void split_shares(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *greatest,
                         unsigned char *shares)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_window_run along_z = poolgrad_window_of(g, &g->z, z),
                                     along_y = poolgrad_window_of(g, &g->y, y);
    const int32_t *ties = count_row(unit, &along_z, &along_y, greatest);
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t size = is_wide(unit) ? sizeof(int64_t) : sizeof(int32_t);
    const int64_t pitch = columns->used ? columns->grain : lanes->lanes, sets = columns->used ? unit->sets : 1;
    for (int64_t r = 0; r < lanes->x.window_runs * sets; r++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[r % lanes->x.window_runs];
        const int64_t set = r / lanes->x.window_runs * columns->set_step;
        const int64_t at = set + (run->output - lanes->x.outputs.begin) * pitch;
        int64_t outside = 0;
        if (g->edge_mode == POOLGRAD_EDGE_ZERO) {
            outside = along_z.size * along_y.size * run->size - along_z.taps * along_y.taps * run->taps;
        }
        divide_run(unit, ties + at, (const unsigned char *)greatest + at * size, outside, run->count * pitch,
                   shares + at * poolgrad_lanes_number_bytes(lanes->sum));
    }
}

void poolgrad_lanes_share_ties(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *shares, void *codes,
                               void *greatest)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const bool wide = is_wide(unit);
    void *values = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS);
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t windows = poolgrad_range_length(lanes->x.outputs),
                  step = columns->used ? columns->set_step : lanes->lanes;
    const int64_t count = columns->used ? (unit->sets - 1) * step + windows * columns->grain : windows * step;
    struct poolgrad_rows rows = {windows, unit->count, step, step};
    if (columns->used) rows = (struct poolgrad_rows){unit->sets, windows * columns->grain, step, step};
    const struct poolgrad_lanes_found found = {.to = values, .step = step, .codes = codes};
    poolgrad_lanes_find(unit, z, y, &found);
    if (wide)
        lanes->routines->key[POOLGRAD_KEY64][POOLGRAD_FLOAT64](values, rows, nan_key(true), greatest);
    else
        lanes->routines->key[POOLGRAD_KEY32][POOLGRAD_FLOAT32](values, rows, nan_key(false), greatest);
    sort_out(wide, greatest, codes, count);
    if (unit->g->ties == POOLGRAD_TIES_SPLIT) split_shares(unit, z, y, greatest, shares);
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* The sums of a run of pixels: row by row of windows, window by window, all pixels of the run at once. */
static void add_run(const struct poolgrad_lanes_unit *unit, const struct poolgrad_lanes_tie_row *rows, int64_t count,
                    const struct poolgrad_pixel_run *run, const unsigned char *keys, void *sums)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum), pitch = lanes->lanes;
    const int64_t size = is_wide(unit) ? sizeof(int64_t) : sizeof(int32_t);
    const int64_t pixel = (run->pixel - unit->g->columns.begin) * pitch;
    for (int64_t r = 0; r < count; r++) {
        for (int64_t i = 0; i < run->windows; i++) {
            const struct poolgrad_listed_window window = poolgrad_pixel_window(&lanes->x, run, i);
            const int64_t at = (window.output - lanes->x.outputs.begin) * pitch;
            const int64_t code = rows[r].code + poolgrad_tap_number(&lanes->x.numbers, window.tap);
            const struct strided strided = {.keys = keys + (run->pixel + unit->g->source_column) * pitch * size,
                                            .greatest = rows[r].windows.greatest + at * size,
                                            .shares = rows[r].windows.shares + at * bytes,
                                            .codes = (const uint32_t *)(const void *)rows[r].windows.codes + at,
                                            .code = (uint32_t)code,
                                            .to = (unsigned char *)sums + pixel * bytes,
                                            .repeats = run->count,
                                            .count = unit->count,
                                            .window_step = run->step * pitch,
                                            .pixel_step = run->pixel_step * pitch};
            add_ties(unit, strided);
        }
    }
}

/* The same window by window: a window to those of its taps that are written. */
static void add_window(const struct poolgrad_lanes_unit *unit, const struct poolgrad_lanes_tie_row *row,
                       const struct poolgrad_window_run *run, int64_t i, const unsigned char *keys, void *sums)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum), pitch = lanes->lanes;
    const int64_t size = is_wide(unit) ? sizeof(int64_t) : sizeof(int32_t);
    const int64_t at = (run->output + i - lanes->x.outputs.begin) * pitch, place = run->place + i * run->step;
    const int64_t first = g->columns.begin + g->source_column, last = g->columns.end + g->source_column;
    const int64_t begin = poolgrad_clamp(poolgrad_ceiling_divide(first - place, g->x.dilation), 0, run->taps);
    const int64_t end = poolgrad_clamp(poolgrad_ceiling_divide(last - place, g->x.dilation), begin, run->taps);
    const int64_t source = place + begin * g->x.dilation, number = run->tap + begin;
    if (begin == end) return;
    const struct strided strided = {.keys = keys + source * pitch * size,
                                    .greatest = row->windows.greatest + at * size,
                                    .shares = row->windows.shares + at * bytes,
                                    .codes = (const uint32_t *)(const void *)row->windows.codes + at,
                                    .code = (uint32_t)(row->code + poolgrad_tap_number(&lanes->x.numbers, number)),
                                    .to = (unsigned char *)sums + (source - first) * pitch * bytes,
                                    .repeats = end - begin,
                                    .count = unit->count,
                                    .pixel_step = lanes->x.tap_distance * pitch};
    spread_taps(unit, &strided);
}

static void add_windows(const struct poolgrad_lanes_unit *unit, const struct poolgrad_lanes_tie_row *rows,
                        int64_t count, const unsigned char *keys, void *sums)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    for (int64_t r = 0; r < count; r++) {
        for (int64_t k = 0; k < lanes->x.window_runs; k++) {
            const struct poolgrad_window_run *run = &lanes->x.windows[k];
            for (int64_t i = 0; i < run->count && run->taps > 0; i++) add_window(unit, &rows[r], run, i, keys, sums);
        }
    }
}

static int64_t list_windows(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, struct poolgrad_lanes_tie_row *rows)
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
            const int64_t number = poolgrad_tap_number(&lanes->z.numbers, layer.tap) * lanes->y.numbers.count +
                                   poolgrad_tap_number(&lanes->y.numbers, row.tap);
            rows[count].windows = poolgrad_lanes_windows_at(unit, layer.output, row.output);
            rows[count++].code = number * lanes->x.numbers.count;
        }
    }
    return count;
}

/* Columns as lanes: phase by phase. */
static void add_phases(const struct poolgrad_lanes_unit *unit, const struct poolgrad_lanes_tie_row *rows, int64_t count,
                       const unsigned char *keys, void *sums)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum);
    const int64_t size = is_wide(unit) ? sizeof(int64_t) : sizeof(int32_t);
    const struct poolgrad_lanes_phase *phases = poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASES);
    for (int64_t i = 0; i < unit->phases; i++) {
        const struct poolgrad_lanes_phase *phase = &phases[i];
        for (int64_t r = 0; r < count * phase->count; r++) {
            const struct poolgrad_lanes_tie_row *row = &rows[r / phase->count];
            const struct poolgrad_operand_column *operand = &phase->operands[r % phase->count];
            const int64_t at = phase->window * columns->grain + operand->offset;
            const int64_t to = phase->number * columns->phase_step + phase->entry * columns->grain;
            const struct strided strided = {.keys = keys + poolgrad_lanes_entry_of(columns, phase->source) * size,
                                            .greatest = row->windows.greatest + at * size,
                                            .shares = row->windows.shares + at * bytes,
                                            .codes = (const uint32_t *)(const void *)row->windows.codes + at,
                                            .code = (uint32_t)(row->code + operand->code),
                                            .to = (unsigned char *)sums + to * bytes,
                                            .repeats = unit->sets,
                                            .count = phase->pixels * columns->grain,
                                            .window_step = columns->set_step,
                                            .pixel_step = columns->set_step};
            add_ties(unit, strided);
        }
    }
}

static void give_columns(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    struct poolgrad_lanes_tie_row *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_TIE_ROWS);
    void *sums = poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASED);
    const int64_t count = unit->pooled && unit->phases > 0 ? list_windows(unit, z, y, rows) : 0;
    const int64_t elements = poolgrad_lanes_source_elements(&lanes->columns);
    memset(sums, 0, (size_t)(elements * poolgrad_lanes_number_bytes(lanes->sum)));
    if (count > 0) add_phases(unit, rows, count, keys_of_row(unit, z + g->source_layer, y + g->source_row), sums);
    poolgrad_lanes_columns_finish(unit, z, y);
}

void poolgrad_lanes_give_ties(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (lanes->columns.used) {
        give_columns(unit, z, y);
        return;
    }
    const int64_t numbers = poolgrad_range_length(g->columns) * lanes->lanes;
    struct poolgrad_lanes_tie_row *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_TIE_ROWS);
    void *sums = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS);
    /* What windows are found with lies where sums will. */
    const int64_t count = unit->pooled ? list_windows(unit, z, y, rows) : 0;
    memset(sums, 0, (size_t)(numbers * poolgrad_lanes_number_bytes(lanes->sum)));
    const void *keys = count > 0 ? keys_of_row(unit, z + g->source_layer, y + g->source_row) : NULL;
    const bool by_window = unit->count < LEAST_CALL && poolgrad_range_length(lanes->x.outputs) < lanes->x.most_taps;
    if (by_window && count > 0) add_windows(unit, rows, count, keys, sums);
    for (int64_t i = 0; i < lanes->x.pixel_runs && count > 0 && !by_window; i++) {
        const struct poolgrad_pixel_run *run = &lanes->x.pixels[i];
        if (run->windows > 0) add_run(unit, rows, count, run, keys, sums);
    }
    poolgrad_lanes_store_numbers(unit, z, y, sums);
}
