/* SPDX-License-Identifier: Apache-2.0 */
/* Forward pooling: a step loads what its windows need and stores a value for each, and for max its tap on request. */
#include <math.h>
#include <string.h>

#include "fast/divisors.h"
#include "fast/fast.h"
#include "fast/places.h"
#include "image/format.h"
#include "image/image.h"
#include "image/move.h"

/* The windows of a step: rows and columns of the destination. */
struct step {
    const struct poolgrad_fast_unit *unit;
    struct poolgrad_fast_block block;
    struct poolgrad_range rows, columns;
};

static unsigned char *element(const struct step *step, enum poolgrad_fast_area area, int64_t index, int64_t bytes)
{
    return (unsigned char *)poolgrad_fast_area(step->unit, area) + index * bytes;
}

/* Keys make no difference between zeros: where the greatest is one, the tap that was picked says which. */
static void restore_minus_zeros(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t y, int64_t at,
                                unsigned char *results)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format);
    const unsigned char *best = element(step, POOLGRAD_AREA_BEST, at, poolgrad_fast_key_bytes(fast->key));
    const unsigned char *taps = element(step, POOLGRAD_AREA_TAP, at, poolgrad_fast_key_bytes(fast->key));
    for (int64_t x = step->columns.begin; x < step->columns.end; x++) {
        for (int64_t lane = plane->low; lane < plane->high; lane++) {
            const int64_t i = (x - step->columns.begin) * fast->lanes + lane, tap = poolgrad_fast_key(fast, taps, i);
            if (poolgrad_fast_key(fast, best, i) != 0 || tap < 0) continue;
            const int64_t tap_y = tap / fast->x.taps, tap_x = tap % fast->x.taps;
            const int64_t row = fast->y.first + g->y.stride * (y - fast->y.output) + fast->y.dilation * tap_y;
            const int64_t column = fast->x.first + g->x.stride * (x - fast->x.output) + fast->x.dilation * tap_x;
            if (row < 0 || row >= g->y.size || column < 0 || column >= g->x.size) continue;
            const void *from = poolgrad_const_image_at(&g->source, plane->n + g->source_image,
                                                       plane->c + g->source_channel + lane,
                                                       plane->z + fast->source_layer, row, column);
            poolgrad_store(g->destination.format, results + i * size, poolgrad_load(g->source.format, from));
        }
    }
}

/* All windows' results as the destination stores them. */
static void round_results(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_routines *routines = step->unit->routines;
    const int64_t count = poolgrad_fast_windows_size(step->unit, &step->block);
    void *best = poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEST);
    void *values = poolgrad_fast_area(step->unit, POOLGRAD_AREA_RAW);
    void *results = poolgrad_fast_area(step->unit, POOLGRAD_AREA_RESULTS);
    const bool double_values = fast->sum == POOLGRAD_SUM64 || g->source.format == POOLGRAD_FLOAT64;
    const int sum = double_values ? POOLGRAD_SUM64 : POOLGRAD_SUM32;
    if (!fast->picks) {
        routines->store[fast->sum][g->destination.format](best, count, results);
    } else if (g->source.format == g->destination.format) {
        routines->unkey[fast->key][g->source.format](best, count, fast->rule.nan, results);
    } else {
        routines->unkey[fast->key][g->source.format](best, count, fast->rule.nan, results);
        routines->load[sum][g->source.format](results, (struct poolgrad_rows){1, count, 0, 0}, values);
        routines->store[sum][g->destination.format](values, count, results);
    }
}

/* Row by row what has to be; values in one go where nothing else does. */
static void store_plane(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t p, bool minus_zero)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format), pitch = fast->source_pitch * fast->lanes;
    const int64_t rows = step->rows.end - step->rows.begin, columns = step->columns.end - step->columns.begin;
    const int64_t at = poolgrad_fast_window_at(fast, p, 0);
    unsigned char *results = element(step, POOLGRAD_AREA_RESULTS, at, size);
    const struct poolgrad_pixels pixels = {
        plane->n, plane->c, plane->z, plane->low, plane->high, step->rows.begin, step->columns.begin,
        1,        1,        rows,     columns};
    for (int64_t row = 0; row < rows && minus_zero; row++) {
        restore_minus_zeros(step, plane, step->rows.begin + row, at + row * pitch, results + row * pitch * size);
    }
    if (g->with_picks) {
        poolgrad_fast_store_picks(step->unit, &pixels,
                                  element(step, POOLGRAD_AREA_TAP, at, poolgrad_fast_key_bytes(fast->key)));
    }
    if (!fast->stream || !poolgrad_is_dense(&g->held, &pixels, fast->lanes)) {
        poolgrad_move_out(&g->destination, &pixels, fast->lanes, results, pitch * size);
        return;
    }
    unsigned char *to = poolgrad_image_at(&g->destination, pixels.n, pixels.c, pixels.z, pixels.y, pixels.x);
    for (int64_t row = 0; row < rows; row++) {
        step->unit->routines->stream(to + row * g->destination.row_stride * size, results + row * pitch * size,
                                     columns * fast->lanes * size);
    }
}

static void store_results(const struct step *step, bool minus_zero)
{
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(step->unit->g, step->unit->fast,
                                                                        step->unit->plane + p);
        if (plane.pooled) store_plane(step, &plane, p, minus_zero);
    }
}

static void run_step(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    bool minus_zero = poolgrad_fast_load_source(step->unit, &step->block);
    switch (g->kind) {
    case POOLGRAD_AVERAGE:
        poolgrad_fast_sum(step->unit, &step->block);
        poolgrad_fast_divide(step->unit, &step->block);
        break;
    case POOLGRAD_L2NORM: poolgrad_fast_norm(step->unit, &step->block); break;
    case POOLGRAD_MAX:
        if (g->with_picks || minus_zero) {
            poolgrad_fast_pick(step->unit, &step->block);
        } else {
            poolgrad_fast_greatest(step->unit, &step->block);
        }
        break;
    }
    round_results(step);
    store_results(step, minus_zero);
}

void poolgrad_fast_forward(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t end = unit->band.entry + unit->band.entries;
    const struct poolgrad_range x = {unit->columns.entry, unit->columns.entry + unit->columns.entries};
    struct step step = {.unit = unit, .columns = unit->columns.inside};
    if (x.begin == x.end) return;
    if (poolgrad_fast_divides(unit->g) && !unit->same_columns) {
        poolgrad_fast_count_columns(unit, step.columns.begin, step.columns.end - step.columns.begin);
    }
    for (int64_t entry = unit->band.entry; entry < end; entry += fast->step) {
        const struct poolgrad_range y = {entry, poolgrad_min(entry + fast->step, end)};
        step.block = poolgrad_fast_source_block(fast, x, y);
        step.rows = (struct poolgrad_range){fast->y.output + y.begin, fast->y.output + y.end};
        run_step(&step);
    }
}
