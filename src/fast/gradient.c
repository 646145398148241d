/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients. A step brings the windows of its rows into working memory, each with its gradient and, for max, the tap it
 * picked; then every destination pixel gathers from the windows that cover it, in ascending order (docs/numerics.md
 * N61).
 */
#include <string.h>

#include "fast/fast.h"
#include "fast/move.h"
#include "fast/places.h"
#include "image/format.h"
#include "image/image.h"

static const int64_t key_bytes[] = {2, 4, 8}, sum_bytes[] = {4, 8};

/* The rows of a step, and the windows in working memory: row 0, column 0 is window (y, x), which may not exist. */
struct step {
    const struct poolgrad_fast_unit *unit;
    struct poolgrad_fast_cut rows;
    int64_t y, x;
    struct poolgrad_range columns; /* columns whose windows exist */
};

static int64_t window_at(const struct poolgrad_fast *fast, int64_t plane, int64_t row, int64_t column)
{
    return ((plane * fast->window_rows + row) * fast->window_pitch + column) * fast->lanes;
}

static unsigned char *element(const struct step *step, enum poolgrad_fast_area area, int64_t index, int64_t bytes)
{
    return (unsigned char *)poolgrad_fast_area(step->unit, area) + index * bytes;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

static int64_t taps_within(const struct poolgrad_axis *axis, int64_t output, int64_t margin)
{
    struct poolgrad_range taps = poolgrad_axis_taps(axis, poolgrad_axis_start(axis, output), margin);
    return taps.end - taps.begin;
}

/* docs/numerics.md N17, N18: what the windows of a row divide by; `rows` taps of each window's column count. */
static void divide_average(const struct step *step, int64_t rows, void *values, int64_t *divisors_for)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = step->columns.end - step->columns.begin, bytes = sum_bytes[fast->sum];
    const int64_t *counts = poolgrad_fast_area(step->unit, POOLGRAD_AREA_COUNTS);
    unsigned char *divisors = poolgrad_fast_area(step->unit, POOLGRAD_AREA_DIVISORS);
    if (*divisors_for != rows) {
        for (int64_t i = 0; i < count; i++) {
            unsigned char number[sizeof(double)];
            poolgrad_fast_number(fast, poolgrad_max(rows * counts[i], 1), number);
            poolgrad_fill(divisors + i * fast->lanes * bytes, fast->lanes, number, bytes);
        }
        *divisors_for = rows;
    }
    step->unit->kernels->divide[fast->sum](values, divisors, count * fast->lanes);
}

static void count_columns(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    int64_t *counts = poolgrad_fast_area(step->unit, POOLGRAD_AREA_COUNTS);
    for (int64_t i = step->columns.begin; i < step->columns.end; i++) {
        int64_t output = step->unit->fast->x.output + step->x + i;
        *counts++ = g->edge_mode == POOLGRAD_EDGE_ZERO ? g->x.kernel : taps_within(&g->x, output, g->x.pad);
    }
}

/* docs/numerics.md N31: taps equal to the greatest, those outside the image too, by which split divides. A tap that is
 * never visited lies outside, and reads 0. */
static void divide_ties(const struct step *step, const int64_t at, void *values)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = (step->columns.end - step->columns.begin) * fast->lanes, bytes = sum_bytes[fast->sum];
    const int64_t outside = g->edge_mode == POOLGRAD_EDGE_ZERO ? g->full_count - fast->y.taps * fast->x.taps : 0;
    const unsigned char *keys = element(step, POOLGRAD_AREA_BEST, at, key_bytes[fast->key]);
    const int32_t *ties = (const int32_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_TIES) + at;
    unsigned char *divisors = poolgrad_fast_area(step->unit, POOLGRAD_AREA_DIVISORS);
    for (int64_t i = 0; i < count; i++) {
        int64_t key = poolgrad_fast_key(fast, keys, i);
        int64_t equal = key == fast->rule.nan ? 1 : ties[i] + (key == 0 ? outside : 0);
        poolgrad_fast_number(fast, poolgrad_max(equal, 1), divisors + i * bytes);
    }
    step->unit->kernels->divide[fast->sum](values, divisors, count);
}

/* How many of the taps visited have the greatest key of their window. */
static void count_ties(const struct step *step, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_taps taps = poolgrad_fast_taps_of_memory(fast, step->unit->memory);
    const int64_t count = poolgrad_fast_windows_size(step->unit, block);
    const unsigned char *best = poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEST);
    int32_t *ties = poolgrad_fast_area(step->unit, POOLGRAD_AREA_TIES);
    memset(ties, 0, (size_t)count * sizeof *ties);
    for (int64_t r = 0; r < fast->y.taps; r++) {
        for (int64_t c = 0; c < fast->x.taps; c++) {
            const unsigned char *keys = element(step, POOLGRAD_AREA_SOURCE,
                                                taps.rows[r].offset + taps.columns[c].offset, key_bytes[fast->key]);
            step->unit->kernels->count_ties[fast->key](keys, best, count, ties);
        }
    }
}

/* Every tap with the greatest key gets a share; of a NaN's window, the one tap picked. */
static void share_row(const struct step *step, int64_t from, int64_t to)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = (step->columns.end - step->columns.begin) * fast->lanes, bytes = key_bytes[fast->key];
    unsigned char *greatest = element(step, POOLGRAD_AREA_GREATEST, to, bytes);
    uint32_t *code = (uint32_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE) + to;
    memcpy(greatest, element(step, POOLGRAD_AREA_BEST, from, bytes), (size_t)(count * bytes));
    for (int64_t i = 0; i < count; i++) {
        if (poolgrad_fast_key(fast, greatest, i) == fast->rule.nan) {
            poolgrad_fast_fill_keys(fast, greatest + i * bytes, 1);
        } else {
            code[i] = (uint32_t)POOLGRAD_TAP_NONE;
        }
    }
}

/* One row of windows: what each gives to the taps it picks. */
static void load_gradient(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t output,
                          unsigned char *to)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_pixels row = {.n = plane->n + g->gradient_image,
                                        .c = plane->c + g->gradient_channel,
                                        .low = plane->low,
                                        .high = plane->high,
                                        .y = output,
                                        .x = fast->x.output + step->x + step->columns.begin,
                                        .step = 1,
                                        .count = step->columns.end - step->columns.begin};
    if (g->source_gradient.format == poolgrad_fast_sum_format(fast)) {
        poolgrad_move_in(&g->source_gradient, &row, fast->lanes, to);
        return;
    }
    void *line = poolgrad_fast_area(step->unit, POOLGRAD_AREA_LINE);
    poolgrad_move_in(&g->source_gradient, &row, fast->lanes, line);
    step->unit->kernels->load[fast->sum][g->source_gradient.format](line, row.count * fast->lanes, to);
}

/* A row of windows that do not exist. */
static void clear_row(const struct step *step, int64_t at, int64_t count)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    memset(element(step, POOLGRAD_AREA_CODE, at, fast->code_bytes), 0xff, (size_t)(count * fast->code_bytes));
    memset(element(step, POOLGRAD_AREA_GRADIENT, at, sum_bytes[fast->sum]), 0, (size_t)(count * sum_bytes[fast->sum]));
    if (fast->shares)
        poolgrad_fast_fill_keys(fast, element(step, POOLGRAD_AREA_GREATEST, at, key_bytes[fast->key]), count);
}

/* A row of windows: `from` is its place among windows spaced like their source, `to` that among those spaced for the
 * gradient. */
static void load_windows(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t output, int64_t from,
                         int64_t to, int64_t *divisors_for)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = (step->columns.end - step->columns.begin) * fast->lanes;
    unsigned char *values = element(step, POOLGRAD_AREA_GRADIENT, to, sum_bytes[fast->sum]);
    unsigned char *codes = element(step, POOLGRAD_AREA_CODE, to, fast->code_bytes);
    load_gradient(step, plane, output, values);
    if (g->kind == POOLGRAD_AVERAGE) {
        bool all = g->edge_mode == POOLGRAD_EDGE_ZERO;
        divide_average(step, all ? g->y.kernel : taps_within(&g->y, output, g->y.pad), values, divisors_for);
    } else if (g->kind == POOLGRAD_L2NORM) {
        double *norms = (double *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEST) + from;
        step->unit->kernels->ratio(norms, (const double *)(const void *)values, count);
        memcpy(values, norms, (size_t)count * sizeof *norms);
    } else if (g->with_indices) {
        poolgrad_fast_load_codes(step->unit, plane, output, fast->x.output + step->x + step->columns.begin,
                                 step->columns.end - step->columns.begin, codes);
    } else {
        const unsigned char *taps = element(step, POOLGRAD_AREA_TAP, from, key_bytes[fast->key]);
        if (fast->code_bytes == 1) {
            step->unit->kernels->narrow8[fast->key](taps, count, codes);
        } else {
            step->unit->kernels->narrow32[fast->key](taps, count, (uint32_t *)(void *)codes);
        }
        if (g->ties == POOLGRAD_TIES_SPLIT) divide_ties(step, from, values);
        if (fast->shares) share_row(step, from, to);
    }
}

/* What rows [begin, end) of the step's windows need of the source. */
static void search_source(const struct step *step, int64_t begin, int64_t end)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_range x = {step->x + step->columns.begin, step->x + step->columns.end};
    const struct poolgrad_fast_block block =
        poolgrad_fast_source_block(fast, x, (struct poolgrad_range){step->y + begin, step->y + end});
    if (!fast->picks && g->kind != POOLGRAD_L2NORM) return;
    poolgrad_fast_load_source(step->unit, &block);
    if (fast->picks) {
        poolgrad_fast_pick(step->unit, &block);
        if (g->ties == POOLGRAD_TIES_SPLIT) count_ties(step, &block);
        return;
    }
    poolgrad_fast_norm(step->unit, &block);
}

/* Rows [begin, end) of the step's windows. */
static void make_windows(const struct step *step, int64_t begin, int64_t end)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t pitch = fast->window_pitch * fast->lanes;
    const int64_t first = poolgrad_clamp(-step->y, begin, end);
    const int64_t last = poolgrad_clamp(fast->y.windows - step->y, first, end);
    bool any = first < last && step->columns.begin < step->columns.end;
    int64_t divisors_for = -1;
    if (any) search_source(step, first, last);
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(step->unit->g, fast, step->unit->plane + p);
        for (int64_t row = begin; row < end; row++) {
            if (!any || row < first || row >= last || !plane.pooled) {
                clear_row(step, window_at(fast, p, row, 0), pitch);
                continue;
            }
            load_windows(step, &plane, fast->y.output + step->y + row, poolgrad_fast_window_at(fast, p, row - first),
                         window_at(fast, p, row, step->columns.begin), &divisors_for);
        }
    }
}

/* The windows that this step shares with the one before it. */
static void keep_windows(const struct step *step, int64_t moved)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = fast->y.reach * fast->window_pitch * fast->lanes;
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const int64_t to = window_at(fast, p, 0, 0), from = window_at(fast, p, moved, 0);
        memmove(element(step, POOLGRAD_AREA_CODE, to, fast->code_bytes),
                element(step, POOLGRAD_AREA_CODE, from, fast->code_bytes), (size_t)(count * fast->code_bytes));
        memmove(element(step, POOLGRAD_AREA_GRADIENT, to, sum_bytes[fast->sum]),
                element(step, POOLGRAD_AREA_GRADIENT, from, sum_bytes[fast->sum]),
                (size_t)(count * sum_bytes[fast->sum]));
        if (!fast->shares) continue;
        memmove(element(step, POOLGRAD_AREA_GREATEST, to, key_bytes[fast->key]),
                element(step, POOLGRAD_AREA_GREATEST, from, key_bytes[fast->key]),
                (size_t)(count * key_bytes[fast->key]));
    }
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* The destination's entries of a step as a block of phases, spaced like the windows. */
static struct poolgrad_fast_block pixels_block(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_cut *columns = &step->unit->columns, *rows = &step->rows;
    struct poolgrad_fast_block block = {
        .x = {columns->entry, columns->entries, columns->inside.begin + g->source_column,
              columns->inside.end + g->source_column},
        .y = {rows->entry, rows->entries, rows->inside.begin + g->source_row, rows->inside.end + g->source_row},
        .pitch = fast->window_pitch,
        .rows = fast->window_rows};
    return block;
}

/* Elements from the first to the last one a step computes of a phase. */
static int64_t pixels_count(const struct step *step)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    return window_at(fast, step->unit->planes - 1, step->rows.entries - 1, step->unit->columns.entries);
}

/* docs/numerics.md N28: share by share, for pixels' keys in AREA_OPERAND. */
static void gather_shares(const struct step *step, struct poolgrad_operands operands, int64_t phase_x, void *sums)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_block block = pixels_block(step);
    const int64_t count = pixels_count(step), bytes = sum_bytes[fast->sum];
    const void *keys = element(step, POOLGRAD_AREA_OPERAND, phase_x * poolgrad_fast_phase_size(fast, &block),
                               key_bytes[fast->key]);
    memset(sums, 0, (size_t)(count * bytes));
    for (int64_t r = 0; r < operands.rows; r++) {
        for (int64_t c = 0; c < operands.columns; c++) {
            const int64_t offset = operands.row[r].offset + operands.column[c].offset;
            const uint32_t code = (uint32_t)(operands.row[r].code + operands.column[c].code);
            step->unit->kernels->add_ties[fast->key][fast->sum](
                keys, element(step, POOLGRAD_AREA_GREATEST, offset, key_bytes[fast->key]),
                (const uint32_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE) + offset, code,
                element(step, POOLGRAD_AREA_GRADIENT, offset, bytes), count, sums);
        }
    }
}

static void gather(const struct step *step, struct poolgrad_operands operands, int64_t phase_x, void *sums)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_kernels *kernels = step->unit->kernels;
    const void *gradients = poolgrad_fast_area(step->unit, POOLGRAD_AREA_GRADIENT);
    const void *codes = poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE);
    if (step->unit->g->kind != POOLGRAD_MAX) {
        kernels->sum[fast->sum](gradients, operands, pixels_count(step), sums);
    } else if (fast->shares) {
        gather_shares(step, operands, phase_x, sums);
    } else if (fast->code_bytes == 1) {
        kernels->select8[fast->sum](codes, gradients, operands, pixels_count(step), sums);
    } else {
        kernels->select32[fast->sum](codes, gradients, operands, pixels_count(step), sums);
    }
}

/* Whether a counted window has a tap at a pixel, along one axis. */
static bool is_covered(const struct poolgrad_fast_axis *axis, int64_t phase, int64_t entry)
{
    for (int64_t tap = phase; tap < axis->taps; tap += axis->period) {
        int64_t window = entry - poolgrad_fast_shift(axis, tap);
        if (window >= 0 && window < axis->windows) return true;
    }
    return false;
}

/* docs/numerics.md N36: In times the sum of r; +0 where there is no window, whatever In is. */
static void multiply_source(const struct step *step, int64_t phase_y, int64_t phase_x, double *sums)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_cut *columns = &step->unit->columns;
    const struct poolgrad_fast_block block = pixels_block(step);
    const double *source = (const double *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_OPERAND) +
                           phase_x * poolgrad_fast_phase_size(fast, &block);
    step->unit->kernels->multiply(sums, source, pixels_count(step));
    for (int64_t row = 0; row < step->rows.entries; row++) {
        bool covered = is_covered(&fast->y, phase_y, step->rows.entry + row);
        for (int64_t i = 0; i < columns->entries; i++) {
            if (covered && is_covered(&fast->x, phase_x, columns->entry + i)) continue;
            for (int64_t p = 0; p < step->unit->planes; p++) {
                memset(sums + window_at(fast, p, row, i), 0, (size_t)fast->lanes * sizeof *sums);
            }
        }
    }
}

/* What the destination's pixels themselves bring along: the source's keys or values there. */
static void load_operand(const struct step *step, int64_t phase_y)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_image source = {&g->source, g->source_image, g->source_channel, 0, 0};
    const struct poolgrad_fast_block block = pixels_block(step);
    const int64_t size = (int64_t)poolgrad_format_size(g->source.format), count = pixels_count(step);
    const int64_t phase_size = poolgrad_fast_phase_size(fast, &block);
    const int64_t bytes = fast->shares ? key_bytes[fast->key] : (int64_t)sizeof(double);
    if (!fast->shares && g->kind != POOLGRAD_L2NORM) return;
    poolgrad_fast_load(step->unit, &source, &block, phase_y, poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEFORE));
    for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
        const void *from = element(step, POOLGRAD_AREA_BEFORE, phase_x * phase_size, size);
        void *to = element(step, POOLGRAD_AREA_OPERAND, phase_x * phase_size, bytes);
        if (fast->shares) {
            step->unit->kernels->key[fast->key][g->source.format](from, count, fast->rule.nan, to);
        } else {
            step->unit->kernels->load[POOLGRAD_SUM64][g->source.format](from, count, to);
        }
    }
}

/* docs/numerics.md N40. */
static void add_destination(const struct step *step, int64_t phase_x, void *sums)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_block block = pixels_block(step);
    const void *before = element(step, POOLGRAD_AREA_BEFORE, phase_x * poolgrad_fast_phase_size(fast, &block),
                                 (int64_t)poolgrad_format_size(g->destination.format));
    void *values = poolgrad_fast_area(step->unit, POOLGRAD_AREA_OPERAND);
    step->unit->kernels->load[fast->sum][g->destination.format](before, pixels_count(step), values);
    step->unit->kernels->add[fast->sum](sums, values, pixels_count(step));
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* Where a row of a plane is put together: among others on their way past the caches, or in the image at once (null). */
static unsigned char *staged_row(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t p, int64_t y)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_range *x = &step->unit->columns.inside, *rows = &step->rows.inside;
    const struct poolgrad_pixels pixels = {plane->n, plane->c, plane->low, plane->high, y, x->begin, 1, 2};
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format);
    if (!fast->stream || !poolgrad_dense(&g->destination, &pixels, fast->lanes)) return NULL;
    return element(step, POOLGRAD_AREA_STAGE,
                   (p * (rows->end - rows->begin) + y - rows->begin) * (x->end - x->begin) * fast->lanes, size);
}

static void store_phase(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t y, int64_t phase_x,
                        const unsigned char *results, unsigned char *stage)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_cut *columns = &step->unit->columns;
    const struct poolgrad_range range = poolgrad_fast_entries(&fast->x, phase_x, columns->entry, columns->entries,
                                                              columns->inside.begin + g->source_column,
                                                              columns->inside.end + g->source_column);
    const int64_t bytes = fast->lanes * (int64_t)poolgrad_format_size(g->destination.format);
    const int64_t x = poolgrad_fast_pixel(&fast->x, phase_x, columns->entry + range.begin) - g->source_column;
    const int64_t count = range.end - range.begin;
    const unsigned char *from = results + range.begin * bytes;
    if (stage) {
        poolgrad_move_runs(stage + (x - columns->inside.begin) * bytes, from,
                           (struct poolgrad_runs){count, bytes, bytes, fast->x.stride * bytes});
        return;
    }
    const struct poolgrad_pixels pixels = {plane->n, plane->c, plane->low, plane->high, y, x, fast->x.stride, count};
    poolgrad_move_out(&g->destination, &pixels, fast->lanes, from);
}

static int size_code(int64_t size)
{
    return size == 2 ? 1 : size == 4 ? 2 : 3;
}

/* Both phases of stride 2 at once, where pixels are neighbours. */
static bool store_pairs(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t y,
                        const unsigned char *even, const unsigned char *odd, unsigned char *stage)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_cut *columns = &step->unit->columns;
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format);
    const struct poolgrad_pixels pixels = {plane->n, plane->c, plane->low, plane->high, y, columns->inside.begin, 1, 2};
    if (fast->lanes != 1 || fast->x.stride != 2 || fast->x.phases != 2) return false;
    unsigned char *to = stage ? stage : poolgrad_dense(&g->destination, &pixels, 1);
    if (!to) return false;
    int64_t x = columns->inside.begin + g->source_column, end = columns->inside.end + g->source_column;
    int64_t i = poolgrad_fast_entry(&fast->x, x) - columns->entry;
    if (x < end && (x - fast->x.first) % 2 != 0) {
        memcpy(to, odd + i * size, (size_t)size);
        to += size;
        x++;
        i++;
    }
    const int64_t pairs = (end - x) / 2;
    step->unit->kernels->merge[size_code(size)](even + i * size, odd + i * size, pairs, to);
    if ((end - x) % 2 != 0) memcpy(to + 2 * pairs * size, even + (i + pairs) * size, (size_t)size);
    return true;
}

/* The rows of one phase of y, from AREA_RESULTS. */
static void store_rows(const struct step *step, int64_t phase_y)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_block block = pixels_block(step);
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format);
    const int64_t phase_bytes = poolgrad_fast_phase_size(fast, &block) * size;
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, step->unit->plane + p);
        if (!plane.pooled) continue;
        for (int64_t row = 0; row < step->rows.entries; row++) {
            const int64_t y = poolgrad_fast_pixel(&fast->y, phase_y, step->rows.entry + row) - g->source_row;
            if (y < step->rows.inside.begin || y >= step->rows.inside.end) continue;
            const unsigned char *results = element(step, POOLGRAD_AREA_RESULTS, window_at(fast, p, row, 0), size);
            unsigned char *stage = staged_row(step, &plane, p, y);
            if (store_pairs(step, &plane, y, results, results + phase_bytes, stage)) continue;
            for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
                store_phase(step, &plane, y, phase_x, results + phase_x * phase_bytes, stage);
            }
        }
    }
}

/* Rows that were put together leave, as many at once as are neighbours in the image. */
static void stream_rows(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_range *x = &step->unit->columns.inside, *rows = &step->rows.inside;
    const int64_t bytes = (x->end - x->begin) * fast->lanes * (int64_t)poolgrad_format_size(g->destination.format);
    const bool whole = g->destination.row_stride == (x->end - x->begin) * fast->lanes;
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, step->unit->plane + p);
        for (int64_t y = rows->begin; plane.pooled && y < rows->end; y++) {
            const unsigned char *stage = staged_row(step, &plane, p, y);
            int64_t together = whole ? rows->end - y : 1;
            if (!stage) break;
            step->unit->kernels->stream(poolgrad_image_at(&g->destination, plane.n, plane.c, y, x->begin), stage,
                                        together * bytes);
            y += together - 1;
        }
    }
}

/* Pixels that are no tap of any window, where windows have gaps between them. What phases hold follows. */
static void blank_gaps(const struct step *step)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    if (fast->x.phases == fast->x.stride && fast->y.phases == fast->y.stride) return;
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(step->unit->g, fast, step->unit->plane + p);
        if (!plane.pooled) continue;
        for (int64_t y = step->rows.inside.begin; y < step->rows.inside.end; y++) {
            poolgrad_fast_blank_gaps(step->unit, &plane, y, staged_row(step, &plane, p, y));
        }
    }
}

static void run_step(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_taps taps = poolgrad_fast_taps_of_memory(fast, step->unit->memory);
    const struct poolgrad_fast_image destination = {&g->destination, 0, 0, -g->source_row, -g->source_column};
    const struct poolgrad_fast_block block = pixels_block(step);
    const int64_t phase_size = poolgrad_fast_phase_size(fast, &block), count = pixels_count(step);
    struct poolgrad_operands operands = {taps.window_rows, taps.window_columns, 0, 0};
    blank_gaps(step);
    for (int64_t phase_y = 0; phase_y < fast->y.phases; phase_y++, operands.row += operands.rows) {
        operands.rows = poolgrad_fast_taps_of(&fast->y, phase_y);
        operands.column = taps.window_columns;
        load_operand(step, phase_y);
        for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++, operands.column += operands.columns) {
            unsigned char *sums = element(step, POOLGRAD_AREA_SUMS, phase_x * phase_size, sum_bytes[fast->sum]);
            operands.columns = poolgrad_fast_taps_of(&fast->x, phase_x);
            gather(step, operands, phase_x, sums);
            if (g->kind == POOLGRAD_L2NORM) multiply_source(step, phase_y, phase_x, (double *)(void *)sums);
        }
        if (g->add_to_destination) {
            poolgrad_fast_load(step->unit, &destination, &block, phase_y,
                               poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEFORE));
        }
        for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
            unsigned char *sums = element(step, POOLGRAD_AREA_SUMS, phase_x * phase_size, sum_bytes[fast->sum]);
            if (g->add_to_destination) add_destination(step, phase_x, sums);
            step->unit->kernels->store[fast->sum][g->destination.format](
                sums, count,
                element(step, POOLGRAD_AREA_RESULTS, phase_x * phase_size,
                        (int64_t)poolgrad_format_size(g->destination.format)));
        }
        store_rows(step, phase_y);
    }
    stream_rows(step);
}

/* Every window there may be is none, until it is made. */
static void clear_windows(const struct step *step)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    clear_row(step, 0, window_at(fast, step->unit->planes, 0, 0));
}

void poolgrad_fast_gradient(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t end = unit->band.entry + unit->band.entries;
    struct step step = {.unit = unit, .x = unit->columns.entry - fast->x.reach};
    step.columns.begin = poolgrad_clamp(-step.x, 0, unit->columns.entries + fast->x.reach);
    step.columns.end = poolgrad_clamp(fast->x.windows - step.x, step.columns.begin,
                                      unit->columns.entries + fast->x.reach);
    if (unit->columns.entries == 0) return;
    clear_windows(&step);
    if (unit->g->kind == POOLGRAD_AVERAGE) count_columns(&step);
    for (int64_t entry = unit->band.entry; entry < end; entry += fast->step) {
        int64_t next = poolgrad_min(entry + fast->step, end), kept = 0;
        step.rows = poolgrad_fast_cut_make(&fast->rows, entry, next);
        step.y = entry - fast->y.reach;
        if (entry > unit->band.entry) {
            kept = fast->y.reach;
            keep_windows(&step, fast->step);
        }
        make_windows(&step, kept, next - entry + fast->y.reach);
        run_step(&step);
    }
}
