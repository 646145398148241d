/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients of windows that do not overlap along x: every pixel of a row has one window at most, and a table says
 * which. Pixels are computed in the order they are stored in, without phases, of which such windows have many.
 */
#include <string.h>

#include "fast/fast.h"
#include "fast/move.h"
#include "image/image.h"

static const int64_t sum_bytes[] = {4, 8};

/* Where the pixels of a step are computed: dense rows in working memory, or in the image itself. */
struct pixels {
    unsigned char *to;
    int64_t row, plane; /* elements from one to the next */
};

static int64_t width_of(const struct poolgrad_fast_unit *unit)
{
    return (unit->columns.inside.end - unit->columns.inside.begin) * unit->fast->lanes;
}

/* The phase of a pixel's place relative to the windows, or -1 where no tap can be. */
static int64_t phase_of(const struct poolgrad_fast_axis *axis, int64_t pixel)
{
    const int64_t place = pixel - axis->first - axis->stride * poolgrad_fast_entry(axis, pixel);
    for (int64_t phase = 0; phase < axis->phases; phase++) {
        if (axis->dilation * phase % axis->stride == place) return phase;
    }
    return -1;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* For each element of a row: its window's element in a row of windows, and the number of the tap it is along x. Behind
 * the last window of a row is one that has no tap and no gradient, for pixels without a window. */
static void list_columns(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_axis *x = &fast->x;
    const int64_t none = (fast->window_pitch - 1) * fast->lanes, begin = unit->columns.inside.begin;
    int32_t *window = poolgrad_fast_area(unit, POOLGRAD_AREA_MAP);
    uint32_t *tap = poolgrad_fast_area(unit, POOLGRAD_AREA_MAP_TAPS);
    bool *uncovered = poolgrad_fast_area(unit, POOLGRAD_AREA_COVERED);
    *uncovered = false;
    for (int64_t i = begin; i < unit->columns.inside.end; i++) {
        const int64_t pixel = i + unit->g->source_column, phase = phase_of(x, pixel);
        const int64_t entry = poolgrad_fast_entry(x, pixel);
        const bool covered = phase >= 0 && entry >= 0 && entry < x->windows;
        *uncovered = *uncovered || !covered;
        for (int64_t lane = 0; lane < fast->lanes; lane++) {
            *window++ = (int32_t)(covered ? (entry - unit->columns.entry) * fast->lanes + lane : none);
            *tap++ = (uint32_t)poolgrad_max(phase, 0);
        }
    }
}

/* The same for all elements of a plane, where windows do not overlap along y either: rows in the place of taps. */
static void list_plane(const struct poolgrad_fast_unit *unit, int64_t window_row)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_axis *y = &fast->y;
    const int64_t width = width_of(unit), none = (fast->window_pitch - 1) * fast->lanes;
    const int32_t *columns = poolgrad_fast_area(unit, POOLGRAD_AREA_MAP);
    const uint32_t *column_taps = poolgrad_fast_area(unit, POOLGRAD_AREA_MAP_TAPS);
    int32_t *window = poolgrad_fast_area(unit, POOLGRAD_AREA_PLANE_MAP);
    uint32_t *tap = poolgrad_fast_area(unit, POOLGRAD_AREA_PLANE_TAPS);
    for (int64_t i = unit->band.inside.begin; i < unit->band.inside.end; i++) {
        const int64_t pixel = i + unit->g->source_row, phase = phase_of(y, pixel),
                      entry = poolgrad_fast_entry(y, pixel);
        const bool covered = phase >= 0 && entry >= 0 && entry < y->windows;
        const int64_t row = (entry - window_row) * fast->window_pitch * fast->lanes;
        for (int64_t c = 0; c < width; c++) {
            *window++ = (int32_t)(covered && columns[c] != none ? row + columns[c] : none);
            *tap++ = (uint32_t)(poolgrad_max(phase, 0) * fast->x.taps) + column_taps[c];
        }
    }
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

static const void *window_at(const struct poolgrad_fast_unit *unit, enum poolgrad_fast_area area, int64_t index,
                             int64_t bytes)
{
    return (const unsigned char *)poolgrad_fast_area(unit, area) + index * bytes;
}

/* Taps only where a max picked them. */
static const uint32_t *codes_at(const struct poolgrad_fast_unit *unit, int64_t index)
{
    if (unit->g->kind != POOLGRAD_MAX) return NULL;
    return (const uint32_t *)poolgrad_fast_area(unit, POOLGRAD_AREA_CODE) + index;
}

/* All planes at once, by the table of a plane. */
static void spread_planes(const struct poolgrad_fast_unit *unit, const struct pixels *pixels)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t rows = unit->band.inside.end - unit->band.inside.begin;
    const struct poolgrad_rows planes = {unit->planes, rows * width_of(unit),
                                         fast->window_rows * fast->window_pitch * fast->lanes, pixels->plane};
    unit->kernels->spread[fast->sum](codes_at(unit, 0), poolgrad_fast_area(unit, POOLGRAD_AREA_GRADIENT),
                                     poolgrad_fast_area(unit, POOLGRAD_AREA_PLANE_MAP),
                                     poolgrad_fast_area(unit, POOLGRAD_AREA_PLANE_TAPS), 0, planes, true, pixels->to);
}

/* Row `pixel` (of the source) of all planes: from every row of windows that covers it, in ascending order. */
static void spread_row(const struct poolgrad_fast_unit *unit, int64_t window_row, int64_t pixel,
                       const struct pixels *pixels, unsigned char *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_axis *y = &fast->y;
    const int64_t phase = phase_of(y, pixel), entry = poolgrad_fast_entry(y, pixel), width = width_of(unit);
    const int64_t bytes = sum_bytes[fast->sum], pitch = fast->window_pitch * fast->lanes;
    bool first = true;
    for (int64_t i = phase < 0 ? -1 : poolgrad_fast_taps_of(y, phase) - 1; i >= 0; i--) {
        const int64_t tap = phase + i * y->period, window = entry - poolgrad_fast_shift(y, tap);
        if (window < 0 || window >= y->windows) continue;
        const int64_t at = (window - window_row) * pitch;
        unit->kernels->spread[fast->sum](
            codes_at(unit, at), window_at(unit, POOLGRAD_AREA_GRADIENT, at, bytes),
            poolgrad_fast_area(unit, POOLGRAD_AREA_MAP), poolgrad_fast_area(unit, POOLGRAD_AREA_MAP_TAPS),
            (uint32_t)(tap * fast->x.taps),
            (struct poolgrad_rows){unit->planes, width, fast->window_rows * pitch, pixels->plane}, first, to);
        first = false;
    }
    for (int64_t p = 0; first && p < unit->planes; p++) {
        memset(to + p * pixels->plane * bytes, 0, (size_t)(width * bytes));
    }
}

static bool is_covered(const struct poolgrad_fast_axis *y, int64_t pixel)
{
    const int64_t phase = phase_of(y, pixel), entry = poolgrad_fast_entry(y, pixel);
    for (int64_t tap = phase; phase >= 0 && tap < y->taps; tap += y->period) {
        const int64_t window = entry - poolgrad_fast_shift(y, tap);
        if (window >= 0 && window < y->windows) return true;
    }
    return false;
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* The pixels of a step, dense in working memory. */
static struct poolgrad_pixels rectangle(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows,
                                        const struct poolgrad_fast_plane *plane)
{
    const struct poolgrad_range *x = &unit->columns.inside;
    return (struct poolgrad_pixels){.n = plane->n,
                                    .c = plane->c,
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
        pixels.y += from->y;
        pixels.x += from->x;
        if (!plane.pooled) continue;
        poolgrad_move_in(from->image, &pixels, fast->lanes, raw + p * height * width * size, width * size);
    }
    unit->kernels->load[fast->sum][from->image->format](raw,
                                                        (struct poolgrad_rows){1, unit->planes * height * width, 0, 0},
                                                        poolgrad_fast_area(unit, POOLGRAD_AREA_OPERAND));
}

/* docs/numerics.md N36. */
static void multiply_source(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, double *sums)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_image source = {&g->source, g->source_image, g->source_channel, g->source_row,
                                               g->source_column};
    const int64_t width = width_of(unit), height = rows->end - rows->begin;
    const int32_t *window = poolgrad_fast_area(unit, POOLGRAD_AREA_MAP);
    const int64_t none = (fast->window_pitch - 1) * fast->lanes;
    const bool *uncovered = poolgrad_fast_area(unit, POOLGRAD_AREA_COVERED);
    load_operand(unit, rows, &source);
    unit->kernels->multiply(sums, poolgrad_fast_area(unit, POOLGRAD_AREA_OPERAND), unit->planes * height * width);
    const bool all = !*uncovered && is_covered(&fast->y, rows->begin + g->source_row) &&
                     is_covered(&fast->y, rows->end - 1 + g->source_row) && fast->y.phases == fast->y.stride &&
                     fast->y.dilation == 1;
    for (int64_t row = 0; row < unit->planes * height && !all; row++, sums += width) {
        const bool covered = is_covered(&fast->y, rows->begin + row % height + g->source_row);
        for (int64_t i = 0; i < width && (*uncovered || !covered); i++) {
            if (!covered || window[i] == none) sums[i] = 0;
        }
    }
}

static void store_rows(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, void *sums)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_image destination = {&g->destination, 0, 0, 0, 0};
    const int64_t width = width_of(unit), height = rows->end - rows->begin, count = unit->planes * height * width;
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format);
    unsigned char *results = poolgrad_fast_area(unit, POOLGRAD_AREA_RESULTS);
    if (g->kind == POOLGRAD_L2NORM) multiply_source(unit, rows, sums);
    if (g->add_to_destination) {
        load_operand(unit, rows, &destination);
        unit->kernels->add[fast->sum](sums, poolgrad_fast_area(unit, POOLGRAD_AREA_OPERAND), count);
    }
    unit->kernels->store[fast->sum][g->destination.format](sums, count, results);
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
    const struct poolgrad_fast_image destination = {image, 0, 0, 0, 0};
    const int64_t step = poolgrad_fast_plane_step(unit, &destination);
    if (g->kind == POOLGRAD_L2NORM || g->add_to_destination || image->format != poolgrad_fast_sum_format(fast))
        return false;
    if ((uintptr_t)image->data % (uintptr_t)sum_bytes[fast->sum] != 0 || !plane.pooled) return false;
    pixels->to = poolgrad_dense(image, &first, fast->lanes);
    pixels->row = image->row_stride;
    pixels->plane = step;
    return pixels->to && (unit->planes == 1 || step != 0);
}

void poolgrad_fast_spread(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, int64_t window_row)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t width = width_of(unit), bytes = sum_bytes[fast->sum];
    struct pixels pixels;
    const bool direct = is_direct(unit, rows, &pixels);
    if (!direct) {
        pixels = (struct pixels){poolgrad_fast_area(unit, POOLGRAD_AREA_SUMS), width,
                                 (rows->end - rows->begin) * width};
    }
    const bool whole = fast->by_plane && pixels.row == width;
    if (!unit->same_columns) list_columns(unit);
    if (whole && !unit->same_columns) list_plane(unit, window_row);
    if (whole) spread_planes(unit, &pixels);
    for (int64_t y = rows->begin; y < rows->end && !whole; y++) {
        spread_row(unit, window_row, y + unit->g->source_row, &pixels,
                   pixels.to + (y - rows->begin) * pixels.row * bytes);
    }
    if (!direct) store_rows(unit, rows, pixels.to);
}
