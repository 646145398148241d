/* SPDX-License-Identifier: Apache-2.0 */
/* Units: which part of the destination each is, and what of it has nothing to do with windows. */
#include <string.h>

#include "fast/fast.h"
#include "image/format.h"
#include "image/image.h"
#include "image/move.h"

/* ---- Operands ---------------------------------------------------------------------------------------------------- */

static struct poolgrad_operand *operand_at(const struct poolgrad_fast *fast, unsigned char *memory,
                                           enum poolgrad_fast_area area, int64_t index)
{
    return (struct poolgrad_operand *)(void *)(memory + fast->area[area]) + index;
}

struct poolgrad_operands poolgrad_fast_taps(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    return (struct poolgrad_operands){operand_at(fast, unit->memory, POOLGRAD_AREA_TAPS, 0),
                                      fast->y.taps * fast->x.taps};
}

struct poolgrad_operands poolgrad_fast_taps_x(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    return (struct poolgrad_operands){operand_at(fast, unit->memory, POOLGRAD_AREA_TAPS, 0), fast->x.taps};
}

struct poolgrad_operands poolgrad_fast_taps_y(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    return (struct poolgrad_operands){operand_at(fast, unit->memory, POOLGRAD_AREA_TAPS, fast->x.taps), fast->y.taps};
}

/* Taps of the phases before this one. */
static int64_t taps_before(const struct poolgrad_fast_axis *axis, int64_t phase)
{
    int64_t taps = 0;
    for (int64_t i = 0; i < phase; i++) taps += poolgrad_fast_taps_of(axis, i);
    return taps;
}

struct poolgrad_operands poolgrad_fast_windows(const struct poolgrad_fast_unit *unit, int64_t phase_y, int64_t phase_x)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t rows = poolgrad_fast_taps_of(&fast->y, phase_y), columns = poolgrad_fast_taps_of(&fast->x, phase_x);
    const int64_t first = taps_before(&fast->y, phase_y) * fast->x.taps + rows * taps_before(&fast->x, phase_x);
    return (struct poolgrad_operands){operand_at(fast, unit->memory, POOLGRAD_AREA_WINDOWS, first), rows * columns};
}

/* Where a tap lies, from its window. */
static int64_t offset_of(const struct poolgrad_fast_axis *axis, int64_t tap, int64_t phase_step, int64_t shift_step)
{
    return tap % axis->period * phase_step + poolgrad_fast_shift(axis, tap) * shift_step;
}

static int64_t visited(const struct poolgrad_fast *fast, int64_t taps, int64_t i)
{
    return fast->reversed ? taps - 1 - i : i;
}

static void list_taps(const struct poolgrad_fast *fast, unsigned char *memory)
{
    const int64_t phase = fast->group * fast->source_rows * fast->source_pitch * fast->lanes;
    const int64_t row = fast->source_pitch * fast->lanes, lanes = fast->lanes;
    struct poolgrad_operand *operand = operand_at(fast, memory, POOLGRAD_AREA_TAPS, 0);
    for (int64_t i = 0; i < fast->x.taps && fast->separable; i++, operand++) {
        const int64_t tap = visited(fast, fast->x.taps, i);
        *operand = (struct poolgrad_operand){offset_of(&fast->x, tap, phase, lanes), tap};
    }
    for (int64_t i = 0; i < fast->y.taps; i++) {
        const int64_t tap = visited(fast, fast->y.taps, i);
        if (fast->separable) {
            *operand++ = (struct poolgrad_operand){offset_of(&fast->y, tap, phase, row), tap * fast->x.taps};
            continue;
        }
        for (int64_t j = 0; j < fast->x.taps; j++, operand++) {
            const int64_t tap_x = visited(fast, fast->x.taps, j);
            operand->offset = offset_of(&fast->y, tap, fast->x.phases * phase, row) +
                              offset_of(&fast->x, tap_x, phase, lanes);
            operand->code = tap * fast->x.taps + tap_x;
        }
    }
}

/* Windows of a phase in ascending order have it as taps in descending order. */
static void list_windows_of_phase(const struct poolgrad_fast *fast, int64_t phase_y, int64_t phase_x,
                                  struct poolgrad_operand *operand)
{
    const struct poolgrad_fast_axis *x = &fast->x, *y = &fast->y;
    for (int64_t i = poolgrad_fast_taps_of(y, phase_y) - 1; i >= 0; i--) {
        for (int64_t j = poolgrad_fast_taps_of(x, phase_x) - 1; j >= 0; j--, operand++) {
            const int64_t tap_y = phase_y + i * y->period, tap_x = phase_x + j * x->period;
            const int64_t row = y->reach - poolgrad_fast_shift(y, tap_y),
                          column = x->reach - poolgrad_fast_shift(x, tap_x);
            operand->offset = (row * fast->window_pitch + column) * fast->lanes;
            operand->code = tap_y * x->taps + tap_x;
        }
    }
}

static void list_windows(const struct poolgrad_fast *fast, unsigned char *memory)
{
    struct poolgrad_operand *operand = operand_at(fast, memory, POOLGRAD_AREA_WINDOWS, 0);
    for (int64_t phase_y = 0; phase_y < fast->y.phases; phase_y++) {
        for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
            list_windows_of_phase(fast, phase_y, phase_x, operand);
            operand += poolgrad_fast_taps_of(&fast->y, phase_y) * poolgrad_fast_taps_of(&fast->x, phase_x);
        }
    }
}

/* ---- Pixels outside of everything -------------------------------------------------------------------------------- */

/* docs/numerics.md N40, N41: adding +0 turns -0 into +0 and a NaN into the one of N68. */
static void add_nothing(const poolgrad_image *image, const struct poolgrad_pixels *pixels, unsigned char *stage,
                        int64_t lanes)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    for (int64_t i = 0; i < pixels->columns; i++) {
        for (int64_t lane = pixels->low; lane < pixels->high; lane++) {
            unsigned char *from = poolgrad_image_at(image, pixels->n, pixels->c + lane, pixels->z, pixels->y,
                                                    pixels->x + i);
            unsigned char *to = stage ? stage + (i * lanes + lane) * size : from;
            poolgrad_store(image->format, to, poolgrad_load(image->format, from) + 0.0);
        }
    }
}

static void clear_picks(const struct poolgrad_geometry *g, const struct poolgrad_pixels *pixels)
{
    for (int64_t i = 0; i < pixels->columns; i++) {
        for (int64_t lane = pixels->low; lane < pixels->high; lane++) {
            void *element = poolgrad_image_at(&g->picks, pixels->n, pixels->c + lane, pixels->z, pixels->y,
                                              pixels->x + i);
            poolgrad_store_index(g->picks.format, element, -1);
        }
    }
}

void poolgrad_fast_blank(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_plane *plane,
                         struct poolgrad_range rows, struct poolgrad_range columns)
{
    const struct poolgrad_geometry *g = unit->g;
    struct poolgrad_pixels pixels = {.n = plane->n,
                                     .c = plane->c,
                                     .z = plane->z,
                                     .low = plane->low,
                                     .high = plane->high,
                                     .y = rows.begin,
                                     .x = columns.begin,
                                     .y_step = 1,
                                     .x_step = 1,
                                     .rows = rows.end - rows.begin,
                                     .columns = columns.end - columns.begin};
    if (!g->add_to_destination) poolgrad_clear(&g->destination, &pixels);
    for (; pixels.y < rows.end && pixels.columns > 0; pixels.y++) {
        if (g->add_to_destination) add_nothing(&g->destination, &pixels, NULL, unit->fast->lanes);
        if (g->with_picks) clear_picks(g, &pixels);
    }
}

void poolgrad_fast_blank_gaps(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_plane *plane,
                              struct poolgrad_range rows, unsigned char *stage)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_range *columns = &unit->columns.inside;
    const bool *covered = poolgrad_fast_area(unit, POOLGRAD_AREA_COVERED);
    const int64_t bytes = fast->lanes * (int64_t)poolgrad_format_size(g->destination.format);
    const int64_t width = columns->end - columns->begin;
    struct poolgrad_pixels pixels = {.n = plane->n,
                                     .c = plane->c,
                                     .z = plane->z,
                                     .low = plane->low,
                                     .high = plane->high,
                                     .y_step = 1,
                                     .x_step = 1,
                                     .rows = 1,
                                     .columns = 1};
    if (!g->add_to_destination && stage) {
        memset(stage, 0, (size_t)((rows.end - rows.begin) * width * bytes));
        return;
    }
    if (!g->add_to_destination) {
        poolgrad_fast_blank(unit, plane, rows, *columns);
        return;
    }
    for (pixels.y = rows.begin; pixels.y < rows.end; pixels.y++) {
        const bool row = poolgrad_fast_phase_of(&fast->y, pixels.y + g->source_row) >= 0;
        for (int64_t i = 0; i < width; i++) {
            pixels.x = columns->begin + i;
            if (row && covered[i]) continue;
            add_nothing(&g->destination, &pixels, stage ? stage + ((pixels.y - rows.begin) * width + i) * bytes : NULL,
                        fast->lanes);
        }
    }
}

/* The columns of a unit that blank_gaps need not touch. */
static void mark_covered(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_range *columns = &unit->columns.inside;
    bool *covered = poolgrad_fast_area(unit, POOLGRAD_AREA_COVERED);
    if (!unit->g->add_to_destination || unit->fast->spread || unit->fast->scatter) return;
    for (int64_t x = columns->begin; x < columns->end; x++) {
        covered[x - columns->begin] = poolgrad_fast_phase_of(&unit->fast->x, x + unit->g->source_column) >= 0;
    }
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

static struct poolgrad_range before(struct poolgrad_range whole, struct poolgrad_range inside)
{
    return (struct poolgrad_range){whole.begin, inside.begin};
}

static struct poolgrad_range behind(struct poolgrad_range whole, struct poolgrad_range inside)
{
    return (struct poolgrad_range){inside.end, whole.end};
}

/* All that is written but not inside; of an image that is not pooled, all. */
static void blank_around(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_plane *plane)
{
    const struct poolgrad_fast_cut *x = &unit->columns, *y = &unit->band;
    if (!plane->pooled || x->entries == 0 || y->entries == 0) {
        poolgrad_fast_blank(unit, plane, y->written, x->written);
        return;
    }
    poolgrad_fast_blank(unit, plane, before(y->written, y->inside), x->written);
    poolgrad_fast_blank(unit, plane, y->inside, before(x->written, x->inside));
    poolgrad_fast_blank(unit, plane, y->inside, behind(x->written, x->inside));
    poolgrad_fast_blank(unit, plane, behind(y->written, y->inside), x->written);
}

/* A slice's lanes without a channel. */
static void clear_unused_lanes(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_plane *plane)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_range *x = &unit->columns.written, *rows = &unit->band.written;
    const int64_t c = plane->c + plane->high - 1;
    if (c != g->channels.end - 1) return;
    for (int64_t y = rows->begin; y < rows->end; y++) {
        poolgrad_image_clear_unused_lanes(&g->destination, plane->n, c, y, x->begin, x->end);
        if (!g->with_picks) continue;
        poolgrad_image_clear_unused_lanes(&g->picks, plane->n, c, y, x->begin, x->end);
    }
}

/* Whether all that a unit writes is inside and pooled. */
static bool is_all_inside(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast_cut *x = &unit->columns, *y = &unit->band;
    return x->entries > 0 && y->entries > 0 && x->written.begin == x->inside.begin && x->written.end == x->inside.end &&
           y->written.begin == y->inside.begin && y->written.end == y->inside.end &&
           poolgrad_fast_plane_at(unit->g, unit->fast, unit->plane + unit->planes - 1).pooled;
}

static struct poolgrad_fast_cut cut(const struct poolgrad_fast_line *line, int64_t piece, int64_t size)
{
    const int64_t begin = line->entry + piece * size, end = line->entry + line->entries;
    return poolgrad_fast_cut_make(line, begin, poolgrad_min(begin + size, end));
}

static struct poolgrad_fast_unit unit_at(const struct poolgrad_fast *fast, int64_t number)
{
    const int64_t tile = number % fast->tiles, band = number / fast->tiles % fast->bands;
    const int64_t plane = number / fast->tiles / fast->bands * fast->group;
    return (struct poolgrad_fast_unit){.fast = fast,
                                       .routines = fast->routines,
                                       .plane = plane,
                                       .planes = poolgrad_min(fast->group, fast->planes - plane),
                                       .columns = cut(&fast->columns, tile, fast->tile),
                                       .band = cut(&fast->rows, band, fast->band)};
}

struct poolgrad_fast_part poolgrad_fast_part_of(const struct poolgrad_fast *fast, int64_t unit)
{
    const struct poolgrad_fast_unit at = unit_at(fast, unit);
    return (struct poolgrad_fast_part){{at.plane, at.plane + at.planes}, at.band.written, at.columns.written};
}

/* Whether any of it was pooled. */
static bool run_unit(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast, int64_t number,
                     bool same_columns, unsigned char *memory)
{
    struct poolgrad_fast_unit unit = unit_at(fast, number);
    unit.g = g;
    unit.memory = memory;
    unit.same_columns = same_columns;
    const bool all_inside = is_all_inside(&unit);
    bool pooled = all_inside;
    for (int64_t p = 0; p < unit.planes && !all_inside; p++) {
        const struct poolgrad_fast_plane at = poolgrad_fast_plane_at(g, fast, unit.plane + p);
        blank_around(&unit, &at);
        pooled = pooled || at.pooled;
    }
    if (pooled && g->direction == POOLGRAD_GRADIENT) {
        mark_covered(&unit);
        poolgrad_fast_gradient(&unit);
    } else if (pooled) {
        poolgrad_fast_forward(&unit);
    }
    const bool lanes = poolgrad_layout_is_blocked(g->destination.layout) ||
                       (g->with_picks && poolgrad_layout_is_blocked(g->picks.layout));
    for (int64_t p = 0; p < unit.planes && lanes; p++) {
        const struct poolgrad_fast_plane at = poolgrad_fast_plane_at(g, fast, unit.plane + p);
        clear_unused_lanes(&unit, &at);
    }
    return pooled;
}

void poolgrad_fast_run(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast, int64_t first, int64_t end,
                       void *memory)
{
    if (first >= end) return;
    if (fast->area[POOLGRAD_AREA_SOURCE] != 0) list_taps(fast, memory);
    if (g->direction == POOLGRAD_GRADIENT) list_windows(fast, memory);
    bool same_columns = false;
    for (int64_t unit = first; unit < end; unit++) {
        const bool pooled = run_unit(g, fast, unit, same_columns, memory);
        same_columns = fast->tiles == 1 && (same_columns || pooled);
    }
    if (fast->stream) fast->routines->fence();
}
