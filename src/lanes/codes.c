/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes of picked taps, and the indices that images hold (docs/numerics.md N39).
 *
 * Both count the taps of a row of a window in steps: of a code by 1, of an index by the dilation or 1. So few numbers
 * say all about a window, and elements need neither a division nor a branch: small windows have tables of all codes or
 * taps, and a place is compared with the rows of its window, several lanes at once. These inner loops are functions for
 * any size of elements, called with constants.
 */
#include <string.h>

#include "base/integer.h"
#include "image/format.h"
#include "image/move.h"
#include "lanes/columns.h"
#include "lanes/locate.h"

/* Codes of one byte; the last one is none. */
enum { SMALL = UINT8_MAX + 1 };

/* A row of a window's taps inside: code and index of the first one. The next ones are 1 and `index_step` further. */
struct tap_row {
    int64_t code, index;
};

/* Where the images hold tap numbers, or places; of the taps in layer `layer` and row `line` of those inside. */
static struct tap_row tap_row_at(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x,
                                 bool numbers, int64_t layer, int64_t line)
{
    const struct poolgrad_geometry *g = row->g;
    const struct poolgrad_lanes *lanes = row->lanes;
    const int64_t tz = row->z.tap + layer, ty = row->y.tap + line;
    const int64_t code = ((tz - lanes->z.numbers.base) * lanes->y.numbers.count + ty - lanes->y.numbers.base) *
                             lanes->x.numbers.count +
                         x->tap - lanes->x.numbers.base;
    if (numbers) return (struct tap_row){code, (tz * row->y.size + ty) * x->size + x->tap};
    const int64_t z = row->z.place + layer * g->z.dilation, y = row->y.place + line * g->y.dilation;
    return (struct tap_row){code, (z * g->y.size + y) * g->x.size + x->place};
}

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

/* A code; none is all bits set. */
static inline uint32_t get_code(int bytes, const void *codes, int64_t i)
{
    if (bytes == 4) return ((const uint32_t *)codes)[i];
    const uint8_t code = ((const uint8_t *)codes)[i];
    return code == UINT8_MAX ? UINT32_MAX : code;
}

static inline void put_code(int bytes, void *codes, int64_t i, uint32_t code)
{
    if (bytes == 1) {
        ((uint8_t *)codes)[i] = (uint8_t)code;
    } else {
        ((uint32_t *)codes)[i] = code;
    }
}

/* An index as an image stores it, which need not be aligned; none is all bits set. */
static inline void put_index(int64_t size, unsigned char *to, int64_t i, int64_t index)
{
    const uint16_t two = (uint16_t)index;
    const uint32_t four = (uint32_t)index;
    switch (size) {
    case 1: to[i] = (unsigned char)index; break;
    case 2: memcpy(to + i * size, &two, sizeof two); break;
    case 4: memcpy(to + i * size, &four, sizeof four); break;
    default: memcpy(to + i * size, &index, sizeof index); break;
    }
}

/* An index of at most four bytes. */
static inline uint32_t get_narrow(int64_t size, const unsigned char *from, int64_t i)
{
    uint16_t two;
    uint32_t four;
    switch (size) {
    case 1: return from[i];
    case 2: memcpy(&two, from + i * size, sizeof two); return two;
    default: memcpy(&four, from + i * size, sizeof four); return four;
    }
}

/* ---- Codes to indices -------------------------------------------------------------------------------------------- */

static int64_t index_of(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x, int64_t place_x,
                        uint32_t code)
{
    const struct poolgrad_geometry *g = row->g;
    const uint32_t count_x = (uint32_t)row->lanes->x.numbers.count, count_y = (uint32_t)row->lanes->y.numbers.count;
    if (code == UINT32_MAX) return -1;
    const int64_t tx = code % count_x + row->lanes->x.numbers.base;
    const int64_t ty = code / count_x % count_y + row->lanes->y.numbers.base;
    const int64_t tz = code / count_x / count_y + row->lanes->z.numbers.base;
    if (!poolgrad_lanes_is_inside(&row->z, tz) || !poolgrad_lanes_is_inside(&row->y, ty) ||
        !poolgrad_lanes_is_inside(x, tx))
        return -1;
    if (poolgrad_format_holds_taps(g->picks.format)) return (tz * row->y.size + ty) * x->size + tx;
    return ((row->place_z + tz * g->z.dilation) * g->y.size + row->place_y + ty * g->y.dilation) * g->x.size + place_x +
           tx * g->x.dilation;
}

/* Codes that are tap numbers. */
static inline void widen(int code_bytes, int64_t size, const void *restrict codes, struct poolgrad_rows rows,
                         unsigned char *restrict to)
{
    for (int64_t i = 0; i < rows.rows; i++) {
        const unsigned char *from = (const unsigned char *)codes + i * rows.from_step * code_bytes;
        unsigned char *result = to + i * rows.to_step * size;
        for (int64_t lane = 0; lane < rows.count; lane++)
            put_index(size, result, lane, get_code(code_bytes, from, lane));
    }
}

static void store_numbers(int code_bytes, int64_t size, const void *codes, struct poolgrad_rows rows, unsigned char *to)
{
    if (code_bytes == size) {
        const struct poolgrad_runs runs = {rows.rows, rows.count * size, rows.from_step * size, rows.to_step * size};
        poolgrad_move_runs(to, codes, runs);
    } else if (code_bytes == 1) {
        (size == 2) ? widen(1, 2, codes, rows, to) : widen(1, 4, codes, rows, to);
    } else {
        (size == 1) ? widen(4, 1, codes, rows, to) : widen(4, 2, codes, rows, to);
    }
}

/* A table has the indices of all codes in the first window; `shift` from window to window is of those not negative. */
static inline void look_up(int64_t size, const int64_t *restrict table, int64_t shift, const uint8_t *restrict codes,
                           struct poolgrad_rows rows, unsigned char *restrict to)
{
    for (int64_t i = 0; i < rows.rows; i++) {
        const uint8_t *from = codes + i * rows.from_step;
        unsigned char *result = to + i * rows.to_step * size;
        const int64_t further = i * shift;
        for (int64_t lane = 0; lane < rows.count; lane++) {
            const int64_t index = table[from[lane]];
            put_index(size, result, lane, index < 0 ? index : index + further);
        }
    }
}

static void fill_indices(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x, int64_t codes,
                         int64_t *table)
{
    const bool numbers = poolgrad_format_holds_taps(row->g->picks.format);
    const int64_t step = numbers ? 1 : row->g->x.dilation;
    memset(table, 0xff, (size_t)codes * sizeof *table);
    table[SMALL - 1] = -1;
    for (int64_t layer = 0; layer < row->z.taps; layer++) {
        for (int64_t line = 0; line < row->y.taps; line++) {
            const struct tap_row taps = tap_row_at(row, x, numbers, layer, line);
            for (int64_t i = 0; i < x->taps; i++) table[taps.code + i] = taps.index + i * step;
        }
    }
}

/* Rows of sets, or of slices: elements from one to the next. */
struct sets {
    int64_t count, from_step, to_step;
};

static void store_by_table(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run, int64_t all,
                           const uint8_t *codes, struct poolgrad_rows rows, struct sets sets, unsigned char *to)
{
    const poolgrad_format format = row->g->picks.format;
    const int64_t shift = poolgrad_format_holds_taps(format) ? 0 : run->step;
    const int64_t size = (int64_t)poolgrad_format_size(format);
    int64_t table[SMALL];
    fill_indices(row, run, all, table);
    for (int64_t set = 0; set < sets.count; set++, codes += sets.from_step, to += sets.to_step * size) {
        switch (size) {
        case 1: look_up(1, table, shift, codes, rows, to); break;
        case 2: look_up(2, table, shift, codes, rows, to); break;
        case 4: look_up(4, table, shift, codes, rows, to); break;
        default: look_up(8, table, shift, codes, rows, to); break;
        }
    }
}

static void store_one_by_one(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                             const unsigned char *codes, struct poolgrad_rows rows, unsigned char *to)
{
    const int64_t size = (int64_t)poolgrad_format_size(row->g->picks.format);
    const int64_t place = poolgrad_axis_window(&row->g->x, run->output).first;
    for (int64_t i = 0; i < rows.rows; i++) {
        for (int64_t lane = 0; lane < rows.count; lane++) {
            const uint32_t code = get_code(row->lanes->code_bytes, codes, i * rows.from_step + lane);
            put_index(size, to, i * rows.to_step + lane, index_of(row, run, place + i * run->step, code));
        }
    }
}

static void store_run(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                      const unsigned char *codes, struct poolgrad_rows rows, struct sets sets, unsigned char *to)
{
    const struct poolgrad_geometry *g = row->g;
    const struct poolgrad_lanes *lanes = row->lanes;
    const int64_t size = (int64_t)poolgrad_format_size(g->picks.format), bytes = lanes->code_bytes;
    const int64_t all = lanes->x.numbers.count * lanes->y.numbers.count * lanes->z.numbers.count;
    if (bytes == 1 && all <= rows.rows * rows.count * sets.count) {
        store_by_table(row, run, all, codes, rows, sets, to);
        return;
    }
    for (int64_t set = 0; set < sets.count; set++)
        store_one_by_one(row, run, codes + set * sets.from_step * bytes, rows, to + set * sets.to_step * size);
}

/* Runs of windows; `rows` is a row's, or a set's. */
static void store_runs(const struct poolgrad_lanes_row *row, const unsigned char *codes, struct poolgrad_rows rows,
                       struct sets sets, unsigned char *to)
{
    const struct poolgrad_lanes *lanes = row->lanes;
    const int64_t size = (int64_t)poolgrad_format_size(row->g->picks.format);
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t first = run->output - lanes->x.outputs.begin;
        rows.rows = run->count;
        store_run(row, run, codes + first * rows.from_step * lanes->code_bytes, rows, sets,
                  to + first * rows.to_step * size);
    }
}

/* Columns as lanes: sets are `step` codes apart. */
static void store_sets(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const unsigned char *codes,
                       int64_t step)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range outputs = lanes->x.outputs;
    const int64_t grain = lanes->columns.grain, columns = poolgrad_range_length(outputs), count = columns * grain;
    const int64_t size = (int64_t)poolgrad_format_size(g->picks.format);
    unsigned char *stored = poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW);
    if (lanes->same_numbers && poolgrad_format_holds_taps(g->picks.format)) {
        store_numbers(lanes->code_bytes, size, codes, (struct poolgrad_rows){unit->sets, count, step, count}, stored);
    } else {
        const struct poolgrad_lanes_row row = poolgrad_lanes_row_of(unit, z, y);
        store_runs(&row, codes, (struct poolgrad_rows){0, grain, grain, grain}, (struct sets){unit->sets, step, count},
                   stored);
    }
    poolgrad_lanes_columns_write_picks(unit, z, y, stored, count);
}

void poolgrad_lanes_store_picks(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *codes,
                                int64_t step)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range outputs = lanes->x.outputs;
    const int64_t size = (int64_t)poolgrad_format_size(g->picks.format), count = poolgrad_range_length(outputs);
    const bool in_place = lanes->in_place[POOLGRAD_LANES_PICKS];
    if (lanes->columns.used) {
        store_sets(unit, z, y, codes, step);
        return;
    }
    if (lanes->codes_in_place && step == lanes->lanes && unit->slices == 1) {
        poolgrad_lanes_write(unit, POOLGRAD_LANES_PICKS, z, y, outputs.begin, count, codes);
        return;
    }
    unsigned char *stored = poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW);
    if (in_place) {
        const struct poolgrad_lanes_origin at = poolgrad_lanes_origin_of(unit, POOLGRAD_LANES_PICKS);
        stored = poolgrad_image_at(&g->picks, at.n, at.c, z, y, outputs.begin);
    }
    const struct poolgrad_rows rows = {count, unit->count, step, poolgrad_lanes_pitch(unit, POOLGRAD_LANES_PICKS)};
    const struct sets slices = {unit->slices, lanes->slice_step[POOLGRAD_LANES_DESTINATION],
                                lanes->slice_step[POOLGRAD_LANES_PICKS]};
    if (lanes->same_numbers && poolgrad_format_holds_taps(g->picks.format)) {
        for (int64_t i = 0; i < slices.count; i++) {
            store_numbers(lanes->code_bytes, size,
                          (const unsigned char *)codes + i * slices.from_step * lanes->code_bytes, rows,
                          stored + i * slices.to_step * size);
        }
    } else {
        const struct poolgrad_lanes_row row = poolgrad_lanes_row_of(unit, z, y);
        store_runs(&row, codes, rows, slices, stored);
    }
    if (!in_place) poolgrad_lanes_write(unit, POOLGRAD_LANES_PICKS, z, y, outputs.begin, count, stored);
}

/* ---- Indices to codes: tap numbers ------------------------------------------------------------------------------- */

/* Numbers that are codes. Those of no tap are none, or another number that no window has. */
static inline void narrow(int64_t size, int code_bytes, const unsigned char *restrict from, struct poolgrad_rows rows,
                          void *restrict codes)
{
    for (int64_t i = 0; i < rows.rows; i++) {
        const unsigned char *line = from + i * rows.from_step * size;
        unsigned char *result = (unsigned char *)codes + i * rows.to_step * code_bytes;
        for (int64_t lane = 0; lane < rows.count; lane++) {
            const uint32_t number = get_narrow(size, line, lane);
            put_code(code_bytes, result, lane, code_bytes == 1 && number > UINT8_MAX ? UINT8_MAX : number);
        }
    }
}

static void load_numbers(int64_t size, int code_bytes, const unsigned char *from, struct poolgrad_rows rows,
                         void *codes)
{
    if (code_bytes == size) {
        const struct poolgrad_runs runs = {rows.rows, rows.count * size, rows.from_step * size, rows.to_step * size};
        poolgrad_move_runs(codes, from, runs);
    } else if (code_bytes == 1) {
        (size == 2) ? narrow(2, 1, from, rows, codes) : narrow(4, 1, from, rows, codes);
    } else {
        (size == 1) ? narrow(1, 4, from, rows, codes) : narrow(2, 4, from, rows, codes);
    }
}

/* ---- Indices to codes: by table ---------------------------------------------------------------------------------- */

/* The codes of a window's indices from one on, and none behind them; from window to window indices are `shift` more. */
enum { MOST_INDICES = 4096 };

struct table {
    int64_t first, count, shift;
    uint8_t code[MOST_INDICES + 1];
};

/* Modulo 2^32 or 2^64 an index before the first one is far behind the last: taps are within half of either. */
static inline void look_up_codes(int64_t size, const struct table *restrict table, const unsigned char *restrict from,
                                 struct poolgrad_rows rows, uint8_t *restrict codes)
{
    const uint64_t count = (uint64_t)table->count;
    for (int64_t i = 0; i < rows.rows; i++) {
        const unsigned char *line = from + i * rows.from_step * size;
        uint8_t *result = codes + i * rows.to_step;
        const uint64_t first = (uint64_t)(table->first + i * table->shift);
        for (int64_t lane = 0; lane < rows.count; lane++) {
            uint64_t behind;
            if (size == 8) {
                memcpy(&behind, line + lane * size, sizeof behind);
                behind -= first;
            } else {
                behind = get_narrow(size, line, lane) - (uint32_t)first;
            }
            result[lane] = table->code[behind < count ? behind : count];
        }
    }
}

/* False where that would be too large, or take longer than the elements. */
static bool make_table(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x, int64_t elements,
                       struct table *table)
{
    const struct poolgrad_geometry *g = row->g;
    const bool numbers = poolgrad_format_holds_taps(g->indices.format);
    const int64_t layers = row->z.taps, lines = row->y.taps, step = numbers ? 1 : g->x.dilation;
    table->first = table->count = 0;
    table->shift = numbers ? 0 : x->step;
    table->code[0] = UINT8_MAX;
    if (layers == 0 || lines == 0 || x->taps == 0) return true;
    table->first = tap_row_at(row, x, numbers, 0, 0).index;
    const int64_t last = tap_row_at(row, x, numbers, layers - 1, lines - 1).index + (x->taps - 1) * step;
    table->count = last - table->first + 1;
    if (table->count > poolgrad_min(MOST_INDICES, 16 * elements)) return false;
    if (layers * lines * x->taps > elements) return false;
    memset(table->code, UINT8_MAX, (size_t)table->count + 1);
    for (int64_t layer = 0; layer < layers; layer++) {
        for (int64_t line = 0; line < lines; line++) {
            const struct tap_row taps = tap_row_at(row, x, numbers, layer, line);
            uint8_t *code = &table->code[taps.index - table->first];
            for (int64_t i = 0; i < x->taps; i++) code[i * step] = (uint8_t)(taps.code + i);
        }
    }
    return true;
}

static void load_by_table(int64_t size, const struct table *table, const unsigned char *from, struct poolgrad_rows rows,
                          uint8_t *codes)
{
    switch (size) {
    case 1: look_up_codes(1, table, from, rows, codes); break;
    case 2: look_up_codes(2, table, from, rows, codes); break;
    case 4: look_up_codes(4, table, from, rows, codes); break;
    default: look_up_codes(8, table, from, rows, codes); break;
    }
}

/* ---- Indices to codes: by comparison ----------------------------------------------------------------------------- */

/* Places of taps, in rows of neighbours: a row of taps or, where taps are apart, one tap. */
struct band {
    uint32_t place, length, code; /* of the first */
};

enum {
    TOGETHER = 3,    /* bands, */
    BLOCK = 16,      /* and lanes, that are compared together */
    MOST_BANDS = 30, /* beyond, divisions are quicker */
};

/* How many there are, with empty ones so that none is left over; -1 where too many. */
static int64_t list_bands(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x, struct band *bands)
{
    const int64_t dilation = row->g->x.dilation, whole = dilation == 1 || x->taps == 0 ? 1 : x->taps;
    const int64_t length = whole == 1 ? x->taps : 1;
    int64_t count;
    if (!poolgrad_multiply(row->z.taps, row->y.taps, &count) || !poolgrad_multiply(count, whole, &count) ||
        count > MOST_BANDS) {
        return -1;
    }
    count = 0;
    for (int64_t layer = 0; layer < row->z.taps; layer++) {
        for (int64_t line = 0; line < row->y.taps; line++) {
            const struct tap_row taps = tap_row_at(row, x, false, layer, line);
            for (int64_t i = 0; i < whole; i++) {
                bands[count++] = (struct band){(uint32_t)(taps.index + i * dilation), (uint32_t)length,
                                               (uint32_t)(taps.code + i)};
            }
        }
    }
    while (count % TOGETHER != 0) bands[count++] = (struct band){0, 0, 0};
    return count;
}

/* Volumes of at most 2^31 pixels: neither a negative place nor one cut to the largest is near a tap. */
static inline void get_places(int64_t size, const unsigned char *from, int64_t count, uint32_t *places)
{
    if (size == 4) {
        memcpy(places, from, (size_t)count * sizeof *places);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t place;
        memcpy(&place, from + i * size, sizeof place);
        const uint32_t high = (uint32_t)(place >> 32), low = (uint32_t)place;
        places[i] = high == 0 ? low : UINT32_MAX;
    }
}

static inline void put_codes(int bytes, void *codes, int64_t count, const uint32_t *found)
{
    for (int64_t i = 0; i < count; i++) put_code(bytes, codes, i, found[i]);
}

/* The code of a place that is one of the band's, else `other`. */
static inline uint32_t code_in(const struct band *band, uint32_t place, uint32_t other)
{
    const uint32_t behind = place - band->place;
    return behind < band->length ? band->code + behind : other;
}

/* `shift`: what the window lies behind the one that bands are of. */
static inline void compare(const uint32_t *places, const struct band *bands, int64_t count, uint32_t shift,
                           uint32_t *codes)
{
    for (int i = 0; i < BLOCK; i++) codes[i] = UINT32_MAX;
    for (int64_t b = 0; b < count; b += TOGETHER) {
        const struct band first = bands[b], second = bands[b + 1], third = bands[b + 2];
        for (int i = 0; i < BLOCK; i++) {
            const uint32_t place = places[i] - shift;
            codes[i] = code_in(&first, place, code_in(&second, place, code_in(&third, place, codes[i])));
        }
    }
}

static inline void compare_rows(int64_t size, int code_bytes, const struct band *bands, int64_t count, int64_t step,
                                const unsigned char *restrict from, struct poolgrad_rows rows, void *restrict codes)
{
    uint32_t places[BLOCK] = {0}, found[BLOCK];
    for (int64_t i = 0; i < rows.rows; i++) {
        const unsigned char *line = from + i * rows.from_step * size;
        unsigned char *result = (unsigned char *)codes + i * rows.to_step * code_bytes;
        const uint32_t shift = (uint32_t)(i * step);
        int64_t lane = 0;
        for (; lane + BLOCK <= rows.count; lane += BLOCK) {
            get_places(size, line + lane * size, BLOCK, places);
            compare(places, bands, count, shift, found);
            put_codes(code_bytes, result + lane * code_bytes, BLOCK, found);
        }
        if (lane == rows.count) continue;
        get_places(size, line + lane * size, rows.count - lane, places);
        compare(places, bands, count, shift, found);
        put_codes(code_bytes, result + lane * code_bytes, rows.count - lane, found);
    }
}

/* False where that takes too many comparisons, or places are too large. */
static bool load_by_bands(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                          const unsigned char *from, struct poolgrad_rows rows, void *codes)
{
    const struct poolgrad_geometry *g = row->g;
    const bool one = row->lanes->code_bytes == 1;
    int64_t pixels;
    if (!poolgrad_multiply(g->z.size, g->y.size, &pixels) || !poolgrad_multiply(pixels, g->x.size, &pixels)) {
        return false;
    }
    struct band bands[MOST_BANDS];
    const int64_t count = pixels - 1 > INT32_MAX ? -1 : list_bands(row, run, bands), step = run->step;
    if (count < 0) return false;
    if (poolgrad_format_size(g->indices.format) == 4) {
        one ? compare_rows(4, 1, bands, count, step, from, rows, codes)
            : compare_rows(4, 4, bands, count, step, from, rows, codes);
    } else {
        one ? compare_rows(8, 1, bands, count, step, from, rows, codes)
            : compare_rows(8, 4, bands, count, step, from, rows, codes);
    }
    return true;
}

/* ---- Indices to codes -------------------------------------------------------------------------------------------- */

/* The code of an index of a window whose taps inside begin at x->place; -1 of what is no tap of the window inside. */
static int64_t code_of(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x, int64_t index)
{
    const struct poolgrad_lanes *lanes = row->lanes;
    int64_t tap[POOLGRAD_AXES];
    if (!poolgrad_lanes_locate(row, x, row->g->indices.format, index, tap)) return -1;
    return (poolgrad_tap_number(&lanes->z.numbers, tap[0]) * lanes->y.numbers.count +
            poolgrad_tap_number(&lanes->y.numbers, tap[1])) *
               lanes->x.numbers.count +
           poolgrad_tap_number(&lanes->x.numbers, tap[2]);
}

/* Size and code_bytes are constants. */
static inline void load_near(int64_t size, int code_bytes, const struct poolgrad_lanes_near *near, int64_t step,
                             const unsigned char *restrict from, struct poolgrad_rows rows, int64_t code,
                             int64_t line_codes, void *restrict codes)
{
    for (int64_t lane = 0; lane < rows.count; lane++) {
        for (int64_t i = 0; i < rows.rows; i++) {
            uint64_t y, x;
            const int64_t place = poolgrad_index_at(size == 4 ? POOLGRAD_INT32 : POOLGRAD_INT64,
                                                    from + (i * rows.from_step + lane) * size);
            const bool any = poolgrad_lanes_find_near(near, place, near->first + i * step, &y, &x);
            const uint32_t found = any ? (uint32_t)(code + (int64_t)y * line_codes + (int64_t)x) : UINT32_MAX;
            put_code(code_bytes, codes, i * rows.to_step + lane, found);
        }
    }
}

/* Of few lanes, window after window: a multiplication each. False where windows are not such ones. */
static bool load_by_distance(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                             const unsigned char *from, struct poolgrad_rows rows, void *codes)
{
    const struct poolgrad_lanes *lanes = row->lanes;
    const struct poolgrad_lanes_row same = {row->g, lanes, row->z, row->y, row->place_z, row->place_y};
    const int64_t line = lanes->x.numbers.count;
    struct poolgrad_lanes_near near;
    if (rows.count >= BLOCK || !poolgrad_lanes_is_near(&same, run, &near)) return false;
    const int64_t code = (poolgrad_tap_number(&lanes->z.numbers, row->z.tap) * lanes->y.numbers.count +
                          poolgrad_tap_number(&lanes->y.numbers, row->y.tap)) *
                             line +
                         poolgrad_tap_number(&lanes->x.numbers, run->tap);
    const bool one = lanes->code_bytes == 1;
    if (poolgrad_format_size(row->g->indices.format) == 4) {
        one ? load_near(4, 1, &near, run->step, from, rows, code, line, codes)
            : load_near(4, 4, &near, run->step, from, rows, code, line, codes);
    } else {
        one ? load_near(8, 1, &near, run->step, from, rows, code, line, codes)
            : load_near(8, 4, &near, run->step, from, rows, code, line, codes);
    }
    return true;
}

static void load_run(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                     const unsigned char *from, struct poolgrad_rows rows, void *codes)
{
    const poolgrad_format format = row->g->indices.format;
    const int64_t size = (int64_t)poolgrad_format_size(format);
    struct poolgrad_window_run window = *run;
    if (!poolgrad_format_holds_taps(format) && load_by_distance(row, run, from, rows, codes)) return;
    if (!poolgrad_format_holds_taps(format) && load_by_bands(row, run, from, rows, codes)) return;
    for (int64_t i = 0; i < rows.rows; i++, window.place += run->step) {
        for (int64_t lane = 0; lane < rows.count; lane++) {
            const int64_t index = poolgrad_load_index(format, from + (i * rows.from_step + lane) * size);
            put_code(row->lanes->code_bytes, codes, i * rows.to_step + lane, (uint32_t)code_of(row, &window, index));
        }
    }
}

/* Runs of windows, each of all sets: these share what is known of a run. `rows` is of a set. */
static void load_runs(const struct poolgrad_lanes_row *row, const unsigned char *from, struct poolgrad_rows rows,
                      struct sets sets, unsigned char *codes)
{
    const struct poolgrad_lanes *lanes = row->lanes;
    const int64_t size = (int64_t)poolgrad_format_size(row->g->indices.format);
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t first = run->output - lanes->x.outputs.begin;
        const unsigned char *at = from + first * rows.from_step * size;
        unsigned char *to = codes + first * rows.to_step * lanes->code_bytes;
        struct table table;
        rows.rows = run->count;
        const bool listed = lanes->code_bytes == 1 && make_table(row, run, rows.rows * rows.count * sets.count, &table);
        for (int64_t set = 0; set < sets.count; set++, at += sets.from_step * size) {
            if (listed)
                load_by_table(size, &table, at, rows, to);
            else
                load_run(row, run, at, rows, to);
            to += sets.to_step * lanes->code_bytes;
        }
    }
}

/* Columns as lanes: sets are `step` codes apart. */
static void load_sets(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, unsigned char *codes, int64_t step)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range outputs = lanes->x.outputs;
    const poolgrad_format format = unit->g->indices.format;
    const int64_t grain = lanes->columns.grain, columns = poolgrad_range_length(outputs);
    const int64_t size = (int64_t)poolgrad_format_size(format);
    int64_t from_step;
    const unsigned char *from = poolgrad_lanes_columns_read(unit, POOLGRAD_LANES_INDICES, z, y, outputs.begin, columns,
                                                            poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW),
                                                            &from_step);
    if (lanes->same_numbers && poolgrad_format_holds_taps(format)) {
        load_numbers(size, lanes->code_bytes, from,
                     (struct poolgrad_rows){unit->sets, columns * grain, from_step, step}, codes);
        return;
    }
    const struct poolgrad_lanes_row row = poolgrad_lanes_row_of(unit, z, y);
    load_runs(&row, from, (struct poolgrad_rows){0, grain, grain, grain}, (struct sets){unit->sets, from_step, step},
              codes);
}

void poolgrad_lanes_load_codes(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *codes, int64_t step)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range outputs = lanes->x.outputs;
    const poolgrad_format format = unit->g->indices.format;
    const int64_t count = poolgrad_range_length(outputs), size = (int64_t)poolgrad_format_size(format);
    if (lanes->columns.used) {
        load_sets(unit, z, y, codes, step);
        return;
    }
    const unsigned char *from = poolgrad_lanes_read(unit, POOLGRAD_LANES_INDICES, z, y, outputs.begin, count,
                                                    poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW));
    const struct poolgrad_rows rows = {count, unit->count, poolgrad_lanes_pitch(unit, POOLGRAD_LANES_INDICES), step};
    const struct sets slices = {unit->slices, lanes->slice_step[POOLGRAD_LANES_INDICES], lanes->window_slice};
    if (lanes->same_numbers && poolgrad_format_holds_taps(format)) {
        for (int64_t i = 0; i < slices.count; i++) {
            load_numbers(size, lanes->code_bytes, from + i * slices.from_step * size, rows,
                         (unsigned char *)codes + i * slices.to_step * lanes->code_bytes);
        }
        return;
    }
    const struct poolgrad_lanes_row row = poolgrad_lanes_row_of(unit, z, y);
    load_runs(&row, from, rows, slices, codes);
}
