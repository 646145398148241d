/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scattering: the gradient of max where a pixel has many windows. Windows are visited in ascending row-major order,
 * which is the order that pixels add in (docs/numerics.md N61), and each adds to the one pixel that it picked.
 *
 * Sums stand in the destination where that holds numbers of the accumulator, or else in working memory: whole rows of
 * source pixels, in layers of all rows or in rows of one layer.
 */
#include <math.h>
#include <string.h>

#include "image/image.h"
#include "lanes/unit.h"

/* No multiple of a number's bytes. */
enum { NOWHERE = -1 };

/* Where sums are: of source pixels in these ranges, of lane 0 the first at sums, others bytes apart. */
struct target {
    struct poolgrad_range layers, rows;
    int64_t step[POOLGRAD_AXES]; /* along z, y and x */
};

/* An axis of a run's first window: how many tap numbers there are; numbers [begin, end) have sums, `begin` at `place`
 * bytes and each next one `step` further. */
struct taps {
    uint32_t count;
    int64_t begin, end, place, step;
};

/* A run of windows. */
struct adding {
    const unsigned char *shares, *codes;
    int64_t pitch;               /* elements from window to window, of both */
    int64_t windows, count;      /* of each, lanes */
    int64_t step;                /* bytes from window to window, of sums */
    unsigned char *const *lanes; /* sums of the first source pixel */
    const int64_t *places;       /* of all codes, or null */
    const struct taps *taps;     /* of the three axes */
    uint32_t all;                /* how many codes there are */
};

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static int64_t place_along(const struct taps *taps, int64_t number)
{
    return number < taps->begin || number >= taps->end ? NOWHERE : taps->place + (number - taps->begin) * taps->step;
}

static int64_t place_of(const struct taps *taps, uint32_t code)
{
    const uint32_t rows = code / taps[2].count;
    const int64_t z = place_along(&taps[0], rows / taps[1].count), y = place_along(&taps[1], rows % taps[1].count);
    const int64_t x = place_along(&taps[2], code % taps[2].count);
    return z == NOWHERE || y == NOWHERE || x == NOWHERE ? NOWHERE : z + y + x;
}

/* The taps of a window along an axis that lie in the range. */
static struct taps taps_of(const struct poolgrad_axis *axis, const struct poolgrad_axis_lists *lists,
                           const struct poolgrad_window_run *window, struct poolgrad_range range, int64_t step)
{
    struct taps taps = {.count = (uint32_t)lists->numbers.count, .step = axis->dilation * step};
    if (window->taps == 0) return taps;
    const int64_t low = poolgrad_ceiling_divide(range.begin - window->place, axis->dilation);
    const int64_t high = poolgrad_ceiling_divide(range.end - window->place, axis->dilation);
    const int64_t begin = poolgrad_clamp(low, 0, window->taps), end = poolgrad_clamp(high, begin, window->taps);
    taps.begin = window->tap + begin - lists->numbers.base;
    taps.end = window->tap + end - lists->numbers.base;
    taps.place = (window->place + begin * axis->dilation - range.begin) * step;
    return taps;
}

/* A table of all codes' places, where that takes fewer steps than the windows do. */
static const int64_t *list_places(const struct poolgrad_lanes_unit *unit, const struct taps *taps, int64_t windows)
{
    const int64_t codes = (int64_t)taps[0].count * taps[1].count * taps[2].count;
    if (codes > POOLGRAD_LANES_MOST_PLACES || codes > windows) return NULL;
    int64_t *places = poolgrad_lanes_area(unit, POOLGRAD_LANES_PLACES), *to = places;
    for (int64_t z = 0; z < taps[0].count; z++) {
        const int64_t layer = place_along(&taps[0], z);
        for (int64_t y = 0; y < taps[1].count; y++) {
            const int64_t row = place_along(&taps[1], y);
            for (int64_t x = 0; x < taps[2].count; x++) {
                const int64_t column = place_along(&taps[2], x);
                const bool none = layer == NOWHERE || row == NOWHERE || column == NOWHERE;
                *to++ = none ? NOWHERE : layer + row + column;
            }
        }
    }
    return places;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

typedef float loose_float __attribute__((aligned(1)));
typedef double loose_double __attribute__((aligned(1)));

#define SCATTER_ADD add8_f32
#define SCATTER_NUMBER loose_float
#define SCATTER_CODE uint8_t
#include "lanes/scatter_add.h"

#define SCATTER_ADD add32_f32
#define SCATTER_NUMBER loose_float
#define SCATTER_CODE uint32_t
#include "lanes/scatter_add.h"

#define SCATTER_ADD add8_f64
#define SCATTER_NUMBER loose_double
#define SCATTER_CODE uint8_t
#include "lanes/scatter_add.h"

#define SCATTER_ADD add32_f64
#define SCATTER_NUMBER loose_double
#define SCATTER_CODE uint32_t
#include "lanes/scatter_add.h"

static void add_run(const struct poolgrad_lanes *lanes, const struct adding *adding)
{
    if (lanes->sum == POOLGRAD_SUM64)
        (lanes->code_bytes == 1 ? add8_f64 : add32_f64)(adding);
    else
        (lanes->code_bytes == 1 ? add8_f32 : add32_f32)(adding);
}

static void add_row(struct poolgrad_lanes_unit *unit, const struct target *target,
                    const struct poolgrad_window_run *window_z, const struct poolgrad_window_run *window_y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range columns = {0, g->x.size};
    struct taps taps[POOLGRAD_AXES] = {taps_of(&g->z, &lanes->z, window_z, target->layers, target->step[0]),
                                       taps_of(&g->y, &lanes->y, window_y, target->rows, target->step[1])};
    if (taps[0].begin == taps[0].end || taps[1].begin == taps[1].end) return;
    const struct poolgrad_lanes_windows windows = poolgrad_lanes_windows_at(unit, window_z->output, window_y->output);
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t at = (run->output - lanes->x.outputs.begin) * lanes->window_pitch;
        if (run->taps == 0) continue;
        taps[2] = taps_of(&g->x, &lanes->x, run, columns, target->step[2]);
        const struct adding adding = {.shares = windows.shares + at * poolgrad_lanes_number_bytes(lanes->sum),
                                      .codes = windows.codes + at * lanes->code_bytes,
                                      .pitch = lanes->window_pitch,
                                      .windows = run->count,
                                      .count = unit->count,
                                      .step = run->step * target->step[2],
                                      .lanes = poolgrad_lanes_area(unit, POOLGRAD_LANES_LANES),
                                      .places = list_places(unit, taps, run->count * unit->count),
                                      .taps = taps,
                                      .all = taps[0].count * taps[1].count * taps[2].count};
        add_run(lanes, &adding);
    }
}

/* Output pixels whose windows may have sums. */
static struct poolgrad_range windows_over(const struct poolgrad_axis *axis, struct poolgrad_range pixels)
{
    if (pixels.begin >= pixels.end) return (struct poolgrad_range){axis->begin, axis->begin};
    return poolgrad_axis_windows(axis, pixels.begin, pixels.end);
}

static void add_windows(struct poolgrad_lanes_unit *unit, const struct target *target)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_range layers = windows_over(&g->z, target->layers), rows = windows_over(&g->y, target->rows);
    for (int64_t z = layers.begin; z < layers.end; z++) {
        const struct poolgrad_window_run window_z = poolgrad_window_of(g, &g->z, z);
        if (window_z.taps == 0) continue;
        for (int64_t y = rows.begin; y < rows.end; y++) {
            const struct poolgrad_window_run window_y = poolgrad_window_of(g, &g->y, y);
            if (window_y.taps > 0) add_row(unit, target, &window_z, &window_y);
        }
    }
}

/* ---- Sums in the destination ------------------------------------------------------------------------------------- */

static void clear_row(const struct poolgrad_image *image, unsigned char *to, int64_t width, int64_t count)
{
    const int64_t size = (int64_t)poolgrad_format_size(image->format), step = image->column_stride;
    if (step == count) {
        memset(to, 0, (size_t)(width * count * size));
        return;
    }
    for (int64_t x = 0; x < width; x++) memset(to + x * step * size, 0, (size_t)(count * size));
}

/* The unit's pixels become +0. */
static void clear(const struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    const bool in_place = unit->lanes->in_place[POOLGRAD_LANES_DESTINATION];
    const int64_t width = poolgrad_range_length(g->columns), channels = poolgrad_range_length(g->channels);
    for (int64_t lane = 0; lane < unit->count; lane += in_place ? unit->count : 1) {
        const int64_t plane = unit->plane + lane;
        for (int64_t z = unit->layers.begin; z < unit->layers.end; z++) {
            for (int64_t y = unit->rows.begin; y < unit->rows.end; y++) {
                unsigned char *row = poolgrad_image_at(&g->destination, g->images.begin + plane / channels,
                                                       g->channels.begin + plane % channels, z, y, g->columns.begin);
                clear_row(&g->destination, row, width, in_place ? unit->count : 1);
            }
        }
    }
}

static void scatter_direct(struct poolgrad_lanes_unit *unit, struct target target)
{
    const struct poolgrad_geometry *g = unit->g;
    const poolgrad_image *image = &g->destination;
    const int64_t size = (int64_t)poolgrad_format_size(image->format), channels = poolgrad_range_length(g->channels);
    unsigned char **lanes = poolgrad_lanes_area(unit, POOLGRAD_LANES_LANES);
    target.step[0] = image->depth_stride * size;
    target.step[1] = image->row_stride * size;
    target.step[2] = image->column_stride * size;
    clear(unit);
    for (int64_t lane = 0; lane < unit->count; lane++) {
        const int64_t plane = unit->plane + lane;
        lanes[lane] = poolgrad_image_at(image, g->images.begin + plane / channels, g->channels.begin + plane % channels,
                                        target.layers.begin - g->source_layer, target.rows.begin - g->source_row,
                                        -g->source_column);
    }
    add_windows(unit, &target);
}

/* ---- Sums in working memory -------------------------------------------------------------------------------------- */

/* The numbers of a destination row: its sums, with +0 beside them. */
static void *numbers_of(const struct poolgrad_lanes_unit *unit, const struct target *target, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t width = poolgrad_range_length(g->columns), pixel = target->step[2];
    const int64_t source_z = z + g->source_layer, source_y = y + g->source_row;
    unsigned char *numbers = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS);
    const struct poolgrad_range inside = poolgrad_range_cut(g->columns.begin + g->source_column, width, g->x.size);
    const int64_t count = poolgrad_range_length(inside);
    const bool any = poolgrad_range_holds(target->layers, source_z) && poolgrad_range_holds(target->rows, source_y);
    if (!any || count == 0) return memset(numbers, 0, (size_t)(width * pixel));
    unsigned char *sums = poolgrad_lanes_area(unit, POOLGRAD_LANES_SUMS);
    sums += (source_z - target->layers.begin) * target->step[0] + (source_y - target->rows.begin) * target->step[1] +
            inside.begin * pixel;
    if (count == width) return sums;
    memset(numbers, 0, (size_t)(width * pixel));
    memcpy(numbers + (inside.begin - g->source_column - g->columns.begin) * pixel, sums, (size_t)(count * pixel));
    return numbers;
}

static void scatter_to_memory(struct poolgrad_lanes_unit *unit, struct target target)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t bytes = poolgrad_lanes_number_bytes(unit->lanes->sum);
    unsigned char **lanes = poolgrad_lanes_area(unit, POOLGRAD_LANES_LANES);
    unsigned char *sums = poolgrad_lanes_area(unit, POOLGRAD_LANES_SUMS);
    target.step[2] = unit->lanes->lanes * bytes;
    target.step[1] = g->x.size * target.step[2];
    target.step[0] = poolgrad_range_length(target.rows) * target.step[1];
    memset(sums, 0, (size_t)(poolgrad_range_length(target.layers) * target.step[0]));
    for (int64_t lane = 0; lane < unit->count; lane++) lanes[lane] = sums + lane * bytes;
    if (unit->pooled) add_windows(unit, &target);
    for (int64_t z = unit->layers.begin; z < unit->layers.end; z++) {
        for (int64_t y = unit->rows.begin; y < unit->rows.end; y++) {
            poolgrad_lanes_store_numbers(unit, z, y, numbers_of(unit, &target, z, y));
        }
    }
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

void poolgrad_lanes_scatter(struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct target target = {
        .layers = poolgrad_range_cut(unit->layers.begin + g->source_layer, poolgrad_range_length(unit->layers),
                                     g->z.size),
        .rows = poolgrad_range_cut(unit->rows.begin + g->source_row, poolgrad_range_length(unit->rows), g->y.size)};
    const bool none = poolgrad_range_length(target.layers) == 0 || poolgrad_range_length(target.rows) == 0;
    if (!unit->lanes->scatters_direct)
        scatter_to_memory(unit, target);
    else if (unit->pooled && !none)
        scatter_direct(unit, target);
    else
        clear(unit);
}
