/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of picked taps, and the indices that images hold (docs/numerics.md N39). */
#include <string.h>

#include "image/format.h"
#include "image/move.h"
#include "lanes/unit.h"

/* A row of windows, what its codes count in and, along z and y, the windows. */
struct row {
    const struct poolgrad_geometry *g;
    const struct poolgrad_lanes *lanes;
    struct poolgrad_window_run z, y;
    int64_t place_z, place_y; /* of tap 0 */
};

static struct row row_of(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    return (struct row){g,
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

static int64_t index_of(const struct row *row, const struct poolgrad_window_run *x, int64_t place_x, uint32_t code)
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

static struct table table_of(const struct row *row, const struct poolgrad_window_run *x, int64_t place_x)
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

static void store_run(const struct poolgrad_lanes_unit *unit, const struct row *row,
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
    const struct row row = row_of(unit, z, y);
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

/* The code of an index of a window whose taps inside begin at x->place; -1 of what is no tap of the window inside. */
static int64_t code_of(const struct row *row, const struct poolgrad_window_run *x, int64_t index)
{
    const struct poolgrad_geometry *g = row->g;
    const struct poolgrad_lanes *lanes = row->lanes;
    int64_t tz, ty, tx, rest;
    if (index < 0) return -1;
    if (poolgrad_format_holds_taps(g->indices.format)) {
        divide(index, x->size, &rest, &tx);
        divide(rest, row->y.size, &tz, &ty);
        if (!is_inside(&row->z, tz) || !is_inside(&row->y, ty) || !is_inside(x, tx)) return -1;
    } else {
        divide(index, g->x.size, &rest, &tx);
        divide(rest, g->y.size, &tz, &ty);
        tz = tap_at(&g->z, &row->z, tz);
        ty = tap_at(&g->y, &row->y, ty);
        tx = tap_at(&g->x, x, tx);
        if (tz < 0 || ty < 0 || tx < 0) return -1;
    }
    return (poolgrad_tap_number(&lanes->z.numbers, tz) * lanes->y.numbers.count +
            poolgrad_tap_number(&lanes->y.numbers, ty)) *
               lanes->x.numbers.count +
           poolgrad_tap_number(&lanes->x.numbers, tx);
}

static void load_run(const struct poolgrad_lanes_unit *unit, const struct row *row,
                     const struct poolgrad_window_run *run, const unsigned char *from, int64_t from_step, void *codes,
                     int64_t step)
{
    const poolgrad_format format = unit->g->indices.format;
    const int64_t size = (int64_t)poolgrad_format_size(format);
    struct poolgrad_window_run window = *run;
    for (int64_t i = 0; i < run->count; i++, window.place += run->step) {
        for (int64_t lane = 0; lane < unit->count; lane++) {
            const int64_t index = poolgrad_load_index(format, from + (i * from_step + lane) * size);
            const int64_t code = code_of(row, &window, index), at = i * step + lane;
            if (unit->lanes->code_bytes == 1) {
                ((uint8_t *)codes)[at] = (uint8_t)code;
            } else {
                ((uint32_t *)codes)[at] = (uint32_t)code;
            }
        }
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
    const struct row row = row_of(unit, z, y);
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t first = run->output - outputs.begin;
        load_run(unit, &row, run, from + first * pitch * size, pitch,
                 (unsigned char *)codes + first * step * lanes->code_bytes, step);
    }
}
