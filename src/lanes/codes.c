/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of picked taps, and the indices that images hold (docs/numerics.md N39). */
#include <string.h>

#include "image/move.h"
#include "image/format.h"
#include "lanes/codes.h"

struct poolgrad_lanes_row poolgrad_lanes_row_of(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    return (struct poolgrad_lanes_row){g,
                                       unit->lanes,
                                       poolgrad_window_of(g, &g->z, z),
                                       poolgrad_window_of(g, &g->y, y),
                                       poolgrad_axis_window(&g->z, z).first,
                                       poolgrad_axis_window(&g->y, y).first};
}

/* Whether number `tap` of an axis is one of the window's taps inside. */
static bool is_inside(const struct poolgrad_window_run *window, int64_t tap)
{
    return tap >= window->tap && tap < window->tap + window->taps;
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
    if (!is_inside(&row->z, tz) || !is_inside(&row->y, ty) || !is_inside(x, tx)) return -1;
    if (poolgrad_format_holds_taps(g->picks.format)) return (tz * row->y.size + ty) * x->size + tx;
    return ((row->place_z + tz * g->z.dilation) * g->y.size + row->place_y + ty * g->y.dilation) * g->x.size + place_x +
           tx * g->x.dilation;
}

/* Indices of all small codes of a run's windows, from the place of each window's tap 0 on. */
enum { SMALL = 64 };

struct table {
    int64_t index[SMALL];
    int64_t step; /* from window to window of the run, of those that are not -1 */
};

static struct table table_of(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x, int64_t place_x)
{
    struct table table = {.step = poolgrad_format_holds_taps(row->g->picks.format) ? 0 : x->step};
    const struct poolgrad_lanes *lanes = row->lanes;
    const int64_t codes = lanes->x.numbers.count * lanes->y.numbers.count * lanes->z.numbers.count;
    for (int64_t code = 0; code < poolgrad_min(codes, SMALL); code++) {
        table.index[code] = index_of(row, x, place_x, (uint32_t)code);
    }
    return table;
}

static int64_t code_at(const struct poolgrad_lanes *lanes, const void *codes, int64_t i)
{
    if (lanes->code_bytes == 1) {
        const uint8_t code = ((const uint8_t *)codes)[i];
        return code == UINT8_MAX ? -1 : code;
    }
    const uint32_t code = ((const uint32_t *)codes)[i];
    return code == UINT32_MAX ? -1 : (int64_t)code;
}

static void store_run(const struct poolgrad_lanes_unit *unit, const struct poolgrad_lanes_row *row,
                      const struct poolgrad_window_run *run, const void *codes, int64_t step, unsigned char *to)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t size = (int64_t)poolgrad_format_size(g->picks.format);
    const int64_t place = poolgrad_axis_window(&g->x, run->output).first;
    const struct table table = table_of(row, run, place);
    for (int64_t i = 0; i < run->count; i++) {
        for (int64_t lane = 0; lane < unit->count; lane++) {
            const int64_t code = code_at(unit->lanes, codes, i * step + lane);
            int64_t index = -1;
            if (code >= SMALL) {
                index = index_of(row, run, place + i * run->step, (uint32_t)code);
            } else if (code >= 0 && table.index[code] >= 0) {
                index = table.index[code] + i * table.step;
            }
            poolgrad_store_index(g->picks.format, to + (i * unit->lanes->lanes + lane) * size, index);
        }
    }
}

void poolgrad_lanes_store_picks(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *codes,
                                int64_t step)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range outputs = lanes->x.outputs;
    const int64_t size = (int64_t)poolgrad_format_size(g->picks.format);
    if (lanes->codes_in_place && step == lanes->lanes) {
        poolgrad_lanes_write(unit, POOLGRAD_LANES_PICKS, z, y, outputs.begin, poolgrad_range_length(outputs), codes);
        return;
    }
    const struct poolgrad_lanes_row row = poolgrad_lanes_row_of(unit, z, y);
    unsigned char *stored = poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW);
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t first = run->output - outputs.begin;
        store_run(unit, &row, run, (const unsigned char *)codes + first * step * lanes->code_bytes, step,
                  stored + first * lanes->lanes * size);
    }
    poolgrad_lanes_write(unit, POOLGRAD_LANES_PICKS, z, y, outputs.begin, poolgrad_range_length(outputs), stored);
}

/* ---- Indices to codes -------------------------------------------------------------------------------------------- */

/* The number of the tap at a place of an axis, or -1. */
static int64_t tap_at(const struct poolgrad_axis *axis, const struct poolgrad_window_run *window, int64_t place)
{
    if (window->taps == 0 || place < window->place) return -1;
    const int64_t distance = place - window->place;
    const int64_t tap = axis->dilation == 1 ? distance : distance / axis->dilation;
    if (tap >= window->taps || tap * axis->dilation != distance) return -1;
    return window->tap + tap;
}

/* Quotient and rest of numbers that are not negative: 32 bits are several times faster where they do. */
static inline void divide(int64_t a, int64_t b, int64_t *quotient, int64_t *rest)
{
    if (((uint64_t)a | (uint64_t)b) <= UINT32_MAX) {
        *quotient = (uint32_t)a / (uint32_t)b;
        *rest = (uint32_t)a % (uint32_t)b;
    } else {
        *quotient = a / b;
        *rest = a % b;
    }
}

bool poolgrad_lanes_locate(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x,
                           poolgrad_format format, int64_t index, int64_t tap[POOLGRAD_AXES])
{
    const struct poolgrad_geometry *g = row->g;
    int64_t rest;
    if (index < 0) return false;
    if (poolgrad_format_holds_taps(format)) {
        divide(index, x->size, &rest, &tap[2]);
        divide(rest, row->y.size, &tap[0], &tap[1]);
        return is_inside(&row->z, tap[0]) && is_inside(&row->y, tap[1]) && is_inside(x, tap[2]);
    }
    divide(index, g->x.size, &rest, &tap[2]);
    divide(rest, g->y.size, &tap[0], &tap[1]);
    tap[0] = tap_at(&g->z, &row->z, tap[0]);
    tap[1] = tap_at(&g->y, &row->y, tap[1]);
    tap[2] = tap_at(&g->x, x, tap[2]);
    return tap[0] >= 0 && tap[1] >= 0 && tap[2] >= 0;
}

bool poolgrad_lanes_is_near(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *run,
                            struct poolgrad_lanes_near *near)
{
    const struct poolgrad_geometry *g = row->g;
    int64_t width, limit;
    if (row->z.taps != 1 || row->y.taps == 0 || run->taps == 0 || (g->x.dilation != 1 && run->taps > 1)) return false;
    if (!poolgrad_multiply(g->x.size, g->y.dilation, &width) || !poolgrad_multiply(width, row->y.taps, &limit)) {
        return false;
    }
    if (limit > INT32_MAX) return false;
    enum { BITS = 31 };
    int shift = BITS;
    while ((INT64_C(1) << (shift - BITS)) < width) shift++;
    *near = (struct poolgrad_lanes_near){.limit = (uint64_t)limit,
                                         .factor = (uint64_t)poolgrad_ceiling_divide(INT64_C(1) << shift, width),
                                         .width = (uint64_t)width,
                                         .shift = shift,
                                         .columns = (uint64_t)run->taps,
                                         .first = (row->z.place * g->y.size + row->y.place) * g->x.size + run->place};
    return true;
}

/* What codes of taps count from, and in. */
static int64_t code_of(const struct poolgrad_lanes *lanes, const int64_t tap[POOLGRAD_AXES])
{
    return (poolgrad_tap_number(&lanes->z.numbers, tap[0]) * lanes->y.numbers.count +
            poolgrad_tap_number(&lanes->y.numbers, tap[1])) *
               lanes->x.numbers.count +
           poolgrad_tap_number(&lanes->x.numbers, tap[2]);
}

static int64_t code_of_index(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *x,
                             poolgrad_format format, int64_t index)
{
    int64_t tap[POOLGRAD_AXES];
    return poolgrad_lanes_locate(row, x, format, index, tap) ? code_of(row->lanes, tap) : -1;
}

/* A run's indices, and where its codes go. */
struct loading {
    const struct poolgrad_lanes_row *row;
    const struct poolgrad_window_run *run;
    poolgrad_format format;
    int64_t count;
    const unsigned char *from;
    int64_t from_step;
    void *codes;
    int64_t step;
};

/* In a byte, none is 255. */
static inline void put_code(const struct loading *loading, int64_t at, int64_t code)
{
    if (loading->row->lanes->code_bytes == 1)
        ((uint8_t *)loading->codes)[at] = (uint8_t)code;
    else
        ((uint32_t *)loading->codes)[at] = (uint32_t)code;
}

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* Format and size are constants. */
ALWAYS_INLINE void load_near(const struct loading *loading, const struct poolgrad_lanes_near *near,
                             poolgrad_format format)
{
    const struct poolgrad_lanes_row *row = loading->row;
    const int64_t tap[POOLGRAD_AXES] = {row->z.tap, row->y.tap, loading->run->tap};
    const int64_t first_code = code_of(row->lanes, tap), rows = row->lanes->x.numbers.count;
    const int64_t size = format == POOLGRAD_INT32 ? 4 : 8;
    for (int64_t i = 0; i < loading->run->count; i++) {
        const int64_t first = near->first + i * loading->run->step;
        const unsigned char *from = loading->from + i * loading->from_step * size;
        for (int64_t lane = 0; lane < loading->count; lane++) {
            uint64_t y, x;
            const int64_t place = poolgrad_index_at(format, from + lane * size);
            const bool any = poolgrad_lanes_find_near(near, place, first, &y, &x);
            put_code(loading, i * loading->step + lane, any ? first_code + (int64_t)y * rows + (int64_t)x : -1);
        }
    }
}

/* Taps of few by a table. */
static void load_taps(const struct loading *loading, int64_t taps)
{
    int64_t table[UINT8_MAX + 1];
    const int64_t size = (int64_t)poolgrad_format_size(loading->format);
    for (int64_t i = 0; i < taps; i++) table[i] = code_of_index(loading->row, loading->run, loading->format, i);
    for (int64_t i = 0; i < loading->run->count; i++) {
        const unsigned char *from = loading->from + i * loading->from_step * size;
        for (int64_t lane = 0; lane < loading->count; lane++) {
            const int64_t tap = poolgrad_index_at(loading->format, from + lane * size);
            put_code(loading, i * loading->step + lane, tap >= 0 && tap < taps ? table[tap] : -1);
        }
    }
}

static void load_any(const struct loading *loading)
{
    const int64_t size = (int64_t)poolgrad_format_size(loading->format);
    struct poolgrad_window_run window = *loading->run;
    for (int64_t i = 0; i < loading->run->count; i++, window.place += loading->run->step) {
        const unsigned char *from = loading->from + i * loading->from_step * size;
        for (int64_t lane = 0; lane < loading->count; lane++) {
            const int64_t index = poolgrad_index_at(loading->format, from + lane * size);
            put_code(loading, i * loading->step + lane, code_of_index(loading->row, &window, loading->format, index));
        }
    }
}

static void load_run(const struct loading *loading)
{
    const struct poolgrad_lanes_row *row = loading->row;
    struct poolgrad_lanes_near near;
    int64_t taps;
    if (poolgrad_format_holds_taps(loading->format)) {
        const bool few = poolgrad_multiply(row->z.size, row->y.size, &taps) &&
                         poolgrad_multiply(taps, loading->run->size, &taps) && taps <= UINT8_MAX + 1;
        few ? load_taps(loading, taps) : load_any(loading);
    } else if (!poolgrad_lanes_is_near(row, loading->run, &near)) {
        load_any(loading);
    } else if (loading->format == POOLGRAD_INT32) {
        load_near(loading, &near, POOLGRAD_INT32);
    } else {
        load_near(loading, &near, POOLGRAD_INT64);
    }
}

void poolgrad_lanes_load_codes(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, void *codes, int64_t step)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range outputs = lanes->x.outputs;
    const int64_t count = poolgrad_range_length(outputs), pitch = poolgrad_lanes_pitch(unit, POOLGRAD_LANES_INDICES);
    const int64_t size = (int64_t)poolgrad_format_size(unit->g->indices.format);
    const unsigned char *from = poolgrad_lanes_read(unit, POOLGRAD_LANES_INDICES, z, y, outputs.begin, count,
                                                    poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW));
    if (lanes->codes_in_place) {
        poolgrad_move_runs(codes, from, (struct poolgrad_runs){count, unit->count, pitch, step});
        return;
    }
    const struct poolgrad_lanes_row row = poolgrad_lanes_row_of(unit, z, y);
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t first = run->output - outputs.begin;
        const struct loading loading = {.row = &row,
                                        .run = run,
                                        .format = unit->g->indices.format,
                                        .count = unit->count,
                                        .from = from + first * pitch * size,
                                        .from_step = pitch,
                                        .codes = (unsigned char *)codes + first * step * lanes->code_bytes,
                                        .step = step};
        load_run(&loading);
    }
}
