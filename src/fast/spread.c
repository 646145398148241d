/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients computed in the order pixels are stored in, without phases, of which windows far apart have many. Averages
 * and L2-norms are spread: tables say which windows a pixel has, of which there are few. A maximum is scattered: each
 * window knows its one pixel. Either way a pixel adds its windows in ascending order.
 */
#include <string.h>

#include "fast/fast.h"
#include "image/image.h"
#include "image/move.h"

/* Where the pixels of a step are computed: dense rows in working memory, or in the image itself. */
struct pixels {
    unsigned char *to;
    int64_t row, plane; /* elements from one to the next */
};

static int64_t width_of(const struct poolgrad_fast_unit *unit)
{
    return (unit->columns.inside.end - unit->columns.inside.begin) * unit->fast->lanes;
}

/* Of the windows that may cover a pixel, reach + 1 of them in ascending order, the one of a layer: -1 if it does not,
 * or does not exist. */
static int64_t window_of(const struct poolgrad_fast_axis *axis, int64_t pixel, int64_t layer)
{
    const int64_t phase = poolgrad_fast_phase_of(axis, pixel), shift = axis->reach - layer;
    const int64_t window = poolgrad_fast_entry(axis, pixel) - shift;
    if (phase < 0 || window < 0 || window >= axis->windows) return -1;
    for (int64_t tap = phase; tap < axis->taps; tap += axis->period) {
        if (poolgrad_fast_shift(axis, tap) == shift) return window;
    }
    return -1;
}

static bool is_covered(const struct poolgrad_fast_axis *axis, int64_t pixel)
{
    for (int64_t layer = 0; layer <= axis->reach; layer++) {
        if (window_of(axis, pixel, layer) >= 0) return true;
    }
    return false;
}

/* ---- Spreading --------------------------------------------------------------------------------------------------- */

/* Behind the last window of a row is one without a gradient, for pixels without a window. */
static int64_t no_window(const struct poolgrad_fast *fast)
{
    return (fast->window_pitch - 1) * fast->lanes;
}

/* By layer, for each element of a row of pixels: its window's element in a row of windows. */
static void list_columns(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_range *columns = &unit->columns.inside;
    int32_t *place = poolgrad_fast_area(unit, POOLGRAD_AREA_MAP);
    for (int64_t layer = 0; layer <= fast->x.reach; layer++) {
        for (int64_t x = columns->begin; x < columns->end; x++) {
            const int64_t window = window_of(&fast->x, x + unit->g->source_column, layer);
            const int64_t column = window - unit->columns.entry + fast->x.reach;
            for (int64_t lane = 0; lane < fast->lanes; lane++) {
                *place++ = (int32_t)(window < 0 ? no_window(fast) : column * fast->lanes + lane);
            }
        }
    }
}

/* The same for all elements of a plane, by layers of rows and columns. */
static void list_plane(const struct poolgrad_fast_unit *unit, int64_t window_row)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_range *rows = &unit->band.inside;
    const int64_t width = width_of(unit), pitch = fast->window_pitch * fast->lanes;
    int32_t *place = poolgrad_fast_area(unit, POOLGRAD_AREA_PLANE_MAP);
    for (int64_t layer = 0; layer < (fast->y.reach + 1) * (fast->x.reach + 1); layer++) {
        const int32_t *columns = (const int32_t *)poolgrad_fast_area(unit, POOLGRAD_AREA_MAP) +
                                 layer % (fast->x.reach + 1) * width;
        for (int64_t y = rows->begin; y < rows->end; y++) {
            const int64_t window = window_of(&fast->y, y + unit->g->source_row, layer / (fast->x.reach + 1));
            for (int64_t i = 0; i < width; i++) {
                const bool none = window < 0 || columns[i] == no_window(fast);
                *place++ = (int32_t)(none ? no_window(fast) : (window - window_row) * pitch + columns[i]);
            }
        }
    }
}

/* All planes at once. */
static void spread_planes(const struct poolgrad_fast_unit *unit, const struct pixels *pixels)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t plane = (unit->band.inside.end - unit->band.inside.begin) * width_of(unit);
    const struct poolgrad_rows planes = {unit->planes, plane, fast->window_rows * fast->window_pitch * fast->lanes,
                                         pixels->plane};
    const int32_t *place = poolgrad_fast_area(unit, POOLGRAD_AREA_PLANE_MAP);
    for (int64_t layer = 0; layer < (fast->y.reach + 1) * (fast->x.reach + 1); layer++, place += plane) {
        unit->routines->spread[fast->sum](poolgrad_fast_area(unit, POOLGRAD_AREA_GRADIENT), place, planes, layer == 0,
                                          pixels->to);
    }
}

/* A row of all planes: source row `pixel`. */
static void spread_row(const struct poolgrad_fast_unit *unit, int64_t window_row, int64_t pixel,
                       const struct pixels *pixels, unsigned char *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t width = width_of(unit), bytes = poolgrad_fast_sum_bytes(fast->sum),
                  pitch = fast->window_pitch * fast->lanes;
    const struct poolgrad_rows planes = {unit->planes, width, fast->window_rows * pitch, pixels->plane};
    bool first = true;
    for (int64_t layer = 0; layer <= fast->y.reach; layer++) {
        const int64_t window = window_of(&fast->y, pixel, layer);
        const unsigned char *gradients = poolgrad_fast_area(unit, POOLGRAD_AREA_GRADIENT);
        const int32_t *place = poolgrad_fast_area(unit, POOLGRAD_AREA_MAP);
        for (int64_t i = 0; i <= fast->x.reach && window >= 0; i++, place += width) {
            unit->routines->spread[fast->sum](gradients + (window - window_row) * pitch * bytes, place, planes, first,
                                              to);
            first = false;
        }
    }
    for (int64_t p = 0; first && p < unit->planes; p++) {
        memset(to + p * pixels->plane * bytes, 0, (size_t)(width * bytes));
    }
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* The pixels of a step, dense in working memory. */
static struct poolgrad_pixels rectangle(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows,
                                        const struct poolgrad_fast_plane *plane)
{
    const struct poolgrad_range *x = &unit->columns.inside;
    return (struct poolgrad_pixels){.n = plane->n,
                                    .c = plane->c,
                                    .z = plane->z,
                                    .low = plane->low,
                                    .high = plane->high,
                                    .y = rows->begin,
                                    .x = x->begin,
                                    .y_step = 1,
                                    .x_step = 1,
                                    .rows = rows->end - rows->begin,
                                    .columns = x->end - x->begin};
}

/* The same pixels of another image: the source, or what the destination holds; then as numbers in AREA_OPERAND. */
static void load_operand(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows,
                         const struct poolgrad_fast_image *from)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t width = width_of(unit), height = rows->end - rows->begin;
    const int64_t size = (int64_t)poolgrad_format_size(from->image->format);
    unsigned char *raw = poolgrad_fast_area(unit, POOLGRAD_AREA_BEFORE);
    for (int64_t p = 0; p < unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(unit->g, fast, unit->plane + p);
        struct poolgrad_pixels pixels = rectangle(unit, rows, &plane);
        pixels.n += from->n;
        pixels.c += from->c;
        pixels.z += from->z;
        pixels.y += from->y;
        pixels.x += from->x;
        if (!plane.pooled) continue;
        poolgrad_move_in(from->image, &pixels, fast->lanes, raw + p * height * width * size, width * size);
    }
    unit->routines->load[fast->sum][from->image->format](raw,
                                                         (struct poolgrad_rows){1, unit->planes * height * width, 0, 0},
                                                         poolgrad_fast_area(unit, POOLGRAD_AREA_OPERAND));
}

/* Whether some window covers every column, or row. */
static bool is_all_covered(const struct poolgrad_fast_axis *axis, struct poolgrad_range pixels)
{
    const bool closed = axis->phases == axis->stride && axis->dilation == 1;
    return closed && is_covered(axis, pixels.begin) && is_covered(axis, pixels.end - 1);
}

/* docs/numerics.md N36: In times the sum of r; +0 where there is no window, whatever In is. */
static void multiply_source(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, double *sums)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_image source = {&g->source,         g->source_image, g->source_channel,
                                               fast->source_layer, g->source_row,   g->source_column};
    const struct poolgrad_range y = {rows->begin + g->source_row, rows->end + g->source_row};
    const struct poolgrad_range x = {unit->columns.inside.begin + g->source_column,
                                     unit->columns.inside.end + g->source_column};
    const int64_t columns = x.end - x.begin, height = y.end - y.begin;
    load_operand(unit, rows, &source);
    unit->routines->multiply(sums, poolgrad_fast_area(unit, POOLGRAD_AREA_OPERAND),
                             unit->planes * height * width_of(unit));
    if (is_all_covered(&fast->x, x) && is_all_covered(&fast->y, y)) return;
    bool *column = poolgrad_fast_area(unit, POOLGRAD_AREA_COVERED);
    for (int64_t i = 0; i < columns; i++) column[i] = is_covered(&fast->x, x.begin + i);
    for (int64_t row = 0; row < height; row++) {
        const bool covered = is_covered(&fast->y, y.begin + row);
        for (int64_t p = 0; p < unit->planes; p++) {
            double *at = sums + (p * height + row) * columns * fast->lanes;
            for (int64_t i = 0; i < columns * fast->lanes; i++) {
                const bool keeps = covered && column[i / fast->lanes];
                at[i] = keeps ? at[i] : 0;
            }
        }
    }
}

static void store_rows(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, void *sums)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_image destination = {&g->held, 0, 0, 0, 0, 0};
    const int64_t width = width_of(unit), height = rows->end - rows->begin, count = unit->planes * height * width;
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format);
    unsigned char *results = poolgrad_fast_area(unit, POOLGRAD_AREA_RESULTS);
    if (g->kind == POOLGRAD_L2NORM) multiply_source(unit, rows, sums);
    if (g->add_to_destination) {
        load_operand(unit, rows, &destination);
        unit->routines->add[fast->sum](sums, poolgrad_fast_area(unit, POOLGRAD_AREA_OPERAND), count);
    }
    unit->routines->store[fast->sum][g->destination.format](sums, count, results);
    for (int64_t p = 0; p < unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, unit->plane + p);
        const struct poolgrad_pixels pixels = rectangle(unit, rows, &plane);
        if (!plane.pooled) continue;
        poolgrad_move_out(&g->destination, &pixels, fast->lanes, results + p * height * width * size, width * size);
    }
}

/* Whether results can be computed in the image: numbers of the accumulator, rows dense, planes at one distance. */
static bool is_direct(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, struct pixels *pixels)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const poolgrad_image *image = &g->destination;
    const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, unit->plane);
    const struct poolgrad_pixels first = rectangle(unit, rows, &plane);
    const struct poolgrad_fast_image destination = {&g->held, 0, 0, 0, 0, 0};
    const int64_t step = poolgrad_fast_plane_step(unit, &destination);
    if (g->kind == POOLGRAD_L2NORM || g->add_to_destination || image->format != poolgrad_fast_sum_format(fast))
        return false;
    if ((uintptr_t)image->data % (uintptr_t)poolgrad_fast_sum_bytes(fast->sum) != 0 || !plane.pooled) return false;
    if (!poolgrad_is_dense(&g->held, &first, fast->lanes)) return false;
    pixels->to = poolgrad_image_at(image, first.n, first.c, first.z, first.y, first.x);
    pixels->row = image->row_stride;
    pixels->plane = step;
    return unit->planes == 1 || step != 0;
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

void poolgrad_fast_spread(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, int64_t window_row)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t width = width_of(unit), bytes = poolgrad_fast_sum_bytes(fast->sum);
    struct pixels pixels;
    const bool direct = is_direct(unit, rows, &pixels);
    if (!direct) {
        pixels = (struct pixels){poolgrad_fast_area(unit, POOLGRAD_AREA_SUMS), width,
                                 (rows->end - rows->begin) * width};
    }
    const bool whole = fast->by_plane && pixels.row == width;
    if (!unit->same_columns) list_columns(unit);
    if (fast->by_plane && !unit->same_columns) list_plane(unit, window_row);
    if (whole) spread_planes(unit, &pixels);
    for (int64_t y = rows->begin; y < rows->end && !whole; y++) {
        spread_row(unit, window_row, y + unit->g->source_row, &pixels,
                   pixels.to + (y - rows->begin) * pixels.row * bytes);
    }
    if (!direct) store_rows(unit, rows, pixels.to);
}

/* ---- Scattering -------------------------------------------------------------------------------------------------- */

/* Where a window's taps lie in a step's pixels: of tap (0, 0), and the sizes they have to be within. */
struct target {
    int64_t y, x, height, width;
};

/* One window: the element it adds to, or -1. */
static inline int64_t element_of(const struct poolgrad_fast *fast, const struct target *target, uint32_t code)
{
    const int64_t y = target->y + code / (uint32_t)fast->x.taps * fast->y.dilation;
    const int64_t x = target->x + code % (uint32_t)fast->x.taps * fast->x.dilation;
    const bool inside = y >= 0 && y < target->height && x >= 0 && x < target->width;
    return inside ? (y * target->width + x) * fast->lanes : -1;
}

/* One row of windows, of 8- or 32-bit codes: no tap, and what saved picks may hold that is none, are beyond all taps.
 */
#define SCATTER_ROW(NAME, CODE, TYPE)                                                                                  \
    static void NAME(const struct poolgrad_fast *fast, struct target target, const CODE *code, const TYPE *gradient,   \
                     int64_t columns, void *sums)                                                                      \
    {                                                                                                                  \
        const uint32_t taps = (uint32_t)(fast->x.taps * fast->y.taps);                                                 \
        for (int64_t i = 0; i < columns; i++, target.x += fast->x.stride) {                                            \
            for (int64_t lane = 0; lane < fast->lanes; lane++, code++, gradient++) {                                   \
                if (*code >= taps) continue;                                                                           \
                const int64_t at = element_of(fast, &target, *code);                                                   \
                if (at >= 0) ((TYPE *)sums)[at + lane] += *gradient;                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }

SCATTER_ROW(scatter_8_f32, uint8_t, float)
SCATTER_ROW(scatter_32_f32, uint32_t, float)
SCATTER_ROW(scatter_8_f64, uint8_t, double)
SCATTER_ROW(scatter_32_f64, uint32_t, double)

static void scatter_row(const struct poolgrad_fast_unit *unit, struct target target, int64_t window, void *sums)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t columns = unit->columns.entries + fast->x.reach;
    const uint8_t *code8 = (const uint8_t *)poolgrad_fast_area(unit, POOLGRAD_AREA_CODE) + window;
    const uint32_t *code32 = (const uint32_t *)poolgrad_fast_area(unit, POOLGRAD_AREA_CODE) + window;
    const float *narrow = (const float *)poolgrad_fast_area(unit, POOLGRAD_AREA_GRADIENT) + window;
    const double *wide = (const double *)poolgrad_fast_area(unit, POOLGRAD_AREA_GRADIENT) + window;
    if (fast->sum == POOLGRAD_SUM32 && fast->code_bytes == 1) {
        scatter_8_f32(fast, target, code8, narrow, columns, sums);
    } else if (fast->sum == POOLGRAD_SUM32) {
        scatter_32_f32(fast, target, code32, narrow, columns, sums);
    } else if (fast->code_bytes == 1) {
        scatter_8_f64(fast, target, code8, wide, columns, sums);
    } else {
        scatter_32_f64(fast, target, code32, wide, columns, sums);
    }
}

void poolgrad_fast_scatter(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, int64_t window_row)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t width = width_of(unit), height = rows->end - rows->begin, bytes = poolgrad_fast_sum_bytes(fast->sum);
    const int64_t first = poolgrad_max(0, -window_row);
    const int64_t entries = poolgrad_fast_entry(&fast->y, rows->end - 1 + unit->g->source_row) - window_row + 1;
    const int64_t last = poolgrad_min(entries, fast->y.windows - window_row);
    unsigned char *sums = poolgrad_fast_area(unit, POOLGRAD_AREA_SUMS);
    memset(sums, 0, (size_t)(unit->planes * height * width * bytes));
    for (int64_t p = 0; p < unit->planes; p++) {
        struct target target = {.x = fast->x.first + fast->x.stride * (unit->columns.entry - fast->x.reach) -
                                     unit->g->source_column - unit->columns.inside.begin,
                                .height = height,
                                .width = width / fast->lanes};
        for (int64_t row = first; row < last; row++) {
            target.y = fast->y.first + fast->y.stride * (window_row + row) - unit->g->source_row - rows->begin;
            scatter_row(unit, target, (p * fast->window_rows + row) * fast->window_pitch * fast->lanes,
                        sums + p * height * width * bytes);
        }
    }
    store_rows(unit, rows, sums);
}
