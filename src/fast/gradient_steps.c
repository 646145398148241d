/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients. A step brings the windows of its rows into working memory, each with its gradient and, for max, the tap it
 * picked; then every destination pixel gathers from the windows that cover it, in ascending order (docs/numerics.md
 * N61).
 */
#include <string.h>

#include "fast/divisors.h"
#include "fast/fast.h"
#include "fast/places.h"
#include "image/format.h"
#include "image/image.h"
#include "image/move.h"

/* The rows of a step, and the windows in working memory: row 0, column 0 is window (y, x), which may not exist. */
struct step {
    const struct poolgrad_fast_unit *unit;
    struct poolgrad_fast_cut rows;
    int64_t y, x;
    struct poolgrad_range columns; /* columns whose windows exist */
    enum poolgrad_fast_way way;    /* in which results are delivered at once */
    bool whole_lines;              /* what is delivered at once fills cache lines, and may go past the caches */
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

/* docs/numerics.md N31: taps equal to the greatest, those outside the image too, by which split divides. A tap that is
 * never visited lies outside, and reads 0. `from`: a row of windows spaced like their source. */
static void divide_ties(const struct step *step, int64_t from, void *values)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = (step->columns.end - step->columns.begin) * fast->lanes,
                  bytes = poolgrad_fast_sum_bytes(fast->sum);
    const int64_t outside = g->edge_mode == POOLGRAD_EDGE_ZERO ? g->full_count - fast->y.taps * fast->x.taps : 0;
    const unsigned char *keys = element(step, POOLGRAD_AREA_BEST, from, poolgrad_fast_key_bytes(fast->key));
    const int32_t *ties = (const int32_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_TIES) + from;
    unsigned char *divisors = poolgrad_fast_area(step->unit, POOLGRAD_AREA_DIVISORS);
    for (int64_t i = 0; i < count; i++) {
        int64_t key = poolgrad_fast_key(fast, keys, i);
        int64_t equal = key == fast->rule.nan ? 1 : ties[i] + (key == 0 ? outside : 0);
        poolgrad_fast_number(fast, poolgrad_max(equal, 1), divisors + i * bytes);
    }
    step->unit->routines->divide[fast->sum](values, divisors, (struct poolgrad_rows){1, count, 0, 0}, values);
}

/* How many of the taps visited have the greatest key of their window. */
static void count_ties(const struct step *step, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_operands taps = poolgrad_fast_taps(step->unit);
    const int64_t count = poolgrad_fast_windows_size(step->unit, block);
    const unsigned char *best = poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEST);
    int32_t *ties = poolgrad_fast_area(step->unit, POOLGRAD_AREA_TIES);
    memset(ties, 0, (size_t)count * sizeof *ties);
    for (int64_t t = 0; t < taps.count; t++) {
        const unsigned char *keys = element(step, POOLGRAD_AREA_SOURCE, taps.operand[t].offset,
                                            poolgrad_fast_key_bytes(fast->key));
        step->unit->routines->count_ties[fast->key](keys, best, count, ties);
    }
}

/* Every tap with the greatest key gets a share; of a NaN's window, the one tap picked. */
static void share_row(const struct step *step, int64_t from, int64_t to)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = (step->columns.end - step->columns.begin) * fast->lanes,
                  bytes = poolgrad_fast_key_bytes(fast->key);
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

/* Rows of windows of one plane: `rows` of them from output row `output` on; `from` is the place of the first among
 * windows spaced like their source, `to` its place among those spaced for the gradient. */
struct band {
    const struct poolgrad_fast_plane *plane;
    int64_t output, rows, from, to;
};

static struct poolgrad_pixels gradient_pixels(const struct step *step, const struct band *band)
{
    const struct poolgrad_geometry *g = step->unit->g;
    return (struct poolgrad_pixels){.n = band->plane->n + g->gradient_image,
                                    .c = band->plane->c + g->gradient_channel,
                                    .z = band->plane->z + step->unit->fast->gradient_layer,
                                    .low = band->plane->low,
                                    .high = band->plane->high,
                                    .y = band->output,
                                    .x = step->unit->fast->x.output + step->x + step->columns.begin,
                                    .y_step = 1,
                                    .x_step = 1,
                                    .rows = band->rows,
                                    .columns = step->columns.end - step->columns.begin};
}

/* What each window gives to the taps it picks. */
static void load_gradient(const struct step *step, const struct band *band)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const poolgrad_const_image *image = &step->unit->g->source_gradient;
    const int64_t bytes = poolgrad_fast_sum_bytes(fast->sum), pitch = fast->window_pitch * fast->lanes;
    const struct poolgrad_pixels pixels = gradient_pixels(step, band);
    unsigned char *to = element(step, POOLGRAD_AREA_GRADIENT, band->to, bytes);
    if (image->format == poolgrad_fast_sum_format(fast)) {
        poolgrad_move_in(image, &pixels, fast->lanes, to, pitch * bytes);
        return;
    }
    /* All rows in one go, and what is between them: zero bits, which are zeros. */
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const struct poolgrad_rows all = {1, (band->rows - 1) * pitch + pixels.columns * fast->lanes, 0, 0};
    void *stored = poolgrad_fast_area(step->unit, POOLGRAD_AREA_LINE);
    poolgrad_move_in(image, &pixels, fast->lanes, stored, pitch * size);
    step->unit->routines->load[fast->sum][image->format](stored, all, to);
}

/* The first row of a band in the image, where rows of it can be divided on their way; else null. */
static const unsigned char *dense_gradient(const struct step *step, const struct band *band)
{
    const poolgrad_const_image *image = &step->unit->g->source_gradient;
    const struct poolgrad_pixels pixels = gradient_pixels(step, band);
    if (image->format != poolgrad_fast_sum_format(step->unit->fast)) return NULL;
    if (!poolgrad_is_dense(image, &pixels, step->unit->fast->lanes)) return NULL;
    return poolgrad_const_image_at(image, pixels.n, pixels.c, pixels.z, pixels.y, pixels.x);
}

/* Rows of the same number of taps at once; row_counts are those of the band's rows. */
static void load_average(const struct step *step, const struct band *band, const int64_t *row_counts)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = (step->columns.end - step->columns.begin) * fast->lanes;
    const int64_t pitch = fast->window_pitch * fast->lanes, bytes = poolgrad_fast_sum_bytes(fast->sum);
    const unsigned char *dense = dense_gradient(step, band);
    const int64_t from_step = dense ? step->unit->g->source_gradient.row_stride : pitch;
    if (!dense) load_gradient(step, band);
    for (int64_t row = 0, rows; row < band->rows; row += rows) {
        for (rows = 1; row + rows < band->rows && row_counts[row + rows] == row_counts[row];) rows++;
        unsigned char *to = element(step, POOLGRAD_AREA_GRADIENT, band->to + row * pitch, bytes);
        const unsigned char *from = dense ? dense + row * from_step * bytes : to;
        step->unit->routines->divide[fast->sum](
            from, poolgrad_fast_divisors(step->unit, row_counts[row], step->columns.end - step->columns.begin),
            (struct poolgrad_rows){rows, count, from_step, pitch}, to);
    }
}

/* No tap in columns [begin, end) of rows of codes. */
static void clear_columns(const struct poolgrad_fast *fast, unsigned char *codes, int64_t rows, int64_t begin,
                          int64_t end)
{
    const int64_t bytes = fast->lanes * fast->code_bytes, pitch = fast->window_pitch * bytes;
    if (begin == end) return;
    for (int64_t row = 0; row < rows; row++) {
        memset(codes + row * pitch + begin * bytes, 0xff, (size_t)((end - begin) * bytes));
    }
}

/* The tap that each window picked. */
static void take_taps(const struct step *step, const struct band *band)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t pitch = fast->window_pitch * fast->lanes, columns = step->unit->columns.entries + fast->x.reach;
    const struct poolgrad_rows all = {1, (band->rows - 1) * pitch + columns * fast->lanes, 0, 0};
    const unsigned char *taps = element(step, POOLGRAD_AREA_TAP, band->from, poolgrad_fast_key_bytes(fast->key));
    unsigned char *codes = element(step, POOLGRAD_AREA_CODE, band->to - step->columns.begin * fast->lanes,
                                   fast->code_bytes);
    if (fast->code_bytes == 1) {
        step->unit->routines->narrow8[fast->key](taps, all, codes);
    } else {
        step->unit->routines->narrow32[fast->key](taps, all, (uint32_t *)(void *)codes);
    }
    clear_columns(fast, codes, band->rows, 0, step->columns.begin);
    clear_columns(fast, codes, band->rows, step->columns.end, columns);
}

/* The same where every equal tap counts. */
static void take_shares(const struct step *step, const struct band *band)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_rows rows = {band->rows, (step->columns.end - step->columns.begin) * fast->lanes,
                                       fast->source_pitch * fast->lanes, fast->window_pitch * fast->lanes};
    const unsigned char *taps = element(step, POOLGRAD_AREA_TAP, band->from, poolgrad_fast_key_bytes(fast->key));
    uint32_t *codes = (uint32_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE) + band->to;
    step->unit->routines->narrow32[fast->key](taps, rows, codes);
    for (int64_t row = 0; row < band->rows; row++) {
        const int64_t from = band->from + row * rows.from_step, to = band->to + row * rows.to_step;
        void *values = element(step, POOLGRAD_AREA_GRADIENT, to, poolgrad_fast_sum_bytes(fast->sum));
        if (step->unit->g->ties == POOLGRAD_TIES_SPLIT) divide_ties(step, from, values);
        share_row(step, from, to);
    }
}

static void load_windows(const struct step *step, const struct band *band, const int64_t *row_counts)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t columns = step->columns.end - step->columns.begin;
    if (g->kind == POOLGRAD_AVERAGE) {
        load_average(step, band, row_counts);
        return;
    }
    load_gradient(step, band);
    if (g->kind == POOLGRAD_L2NORM) {
        const struct poolgrad_rows rows = {band->rows, columns * fast->lanes, fast->source_pitch * fast->lanes,
                                           fast->window_pitch * fast->lanes};
        const double *norms = (const double *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEST) + band->from;
        step->unit->routines->ratio(norms, rows,
                                    (double *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_GRADIENT) + band->to);
    } else if (g->with_indices) {
        const struct poolgrad_pixels pixels = gradient_pixels(step, band);
        poolgrad_fast_load_codes(step->unit, &pixels, fast->window_pitch * fast->lanes,
                                 element(step, POOLGRAD_AREA_CODE, band->to, fast->code_bytes));
    } else if (fast->shares) {
        take_shares(step, band);
    } else {
        take_taps(step, band);
    }
}

/* Rows of windows that do not exist. */
static void clear_row(const struct step *step, int64_t at, int64_t count)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    if (count == 0) return;
    memset(element(step, POOLGRAD_AREA_CODE, at, fast->code_bytes), 0xff, (size_t)(count * fast->code_bytes));
    memset(element(step, POOLGRAD_AREA_GRADIENT, at, poolgrad_fast_sum_bytes(fast->sum)), 0,
           (size_t)(count * poolgrad_fast_sum_bytes(fast->sum)));
    if (fast->shares)
        poolgrad_fast_fill_keys(fast, element(step, POOLGRAD_AREA_GREATEST, at, poolgrad_fast_key_bytes(fast->key)),
                                count);
}

/* What rows [begin, end) of the step's windows need of the source. */
static void search_source(const struct step *step, int64_t begin, int64_t end)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t columns = step->unit->columns.entries + fast->x.reach;
    const struct poolgrad_range x = {step->x + (fast->aligned ? 0 : step->columns.begin),
                                     step->x + (fast->aligned ? columns : step->columns.end)};
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
    if (g->root_mean) poolgrad_fast_multiply(step->unit, &block);
}

/* Averages of one window a plane, of all planes at once; false where they are not at one distance. */
static bool load_single_averages(const struct step *step, int64_t row, const int64_t *row_counts)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_image image = {
        &g->source_gradient, g->gradient_image, g->gradient_channel, fast->gradient_layer, 0, 0};
    const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, step->unit->plane);
    const struct band band = {&plane, fast->y.output + step->y + row, 1, 0,
                              window_at(fast, 0, row, step->columns.begin)};
    const int64_t plane_step = poolgrad_fast_plane_step(step->unit, &image);
    if (!row_counts || plane_step == 0 || g->source_gradient.format != poolgrad_fast_sum_format(fast)) {
        return false;
    }
    const struct poolgrad_pixels pixels = gradient_pixels(step, &band);
    const struct poolgrad_rows rows = {step->unit->planes, fast->lanes, plane_step, window_at(fast, 1, 0, 0)};
    step->unit->routines->divide[fast->sum](
        poolgrad_const_image_at(&g->source_gradient, pixels.n, pixels.c, pixels.z, pixels.y, pixels.x),
        poolgrad_fast_divisors(step->unit, row_counts[0], 1), rows,
        element(step, POOLGRAD_AREA_GRADIENT, band.to, poolgrad_fast_sum_bytes(fast->sum)));
    return true;
}

/* Rows [begin, end) of the step's windows. */
static void make_windows(const struct step *step, int64_t begin, int64_t end)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t pitch = fast->window_pitch * fast->lanes;
    int64_t first = poolgrad_clamp(-step->y, begin, end);
    int64_t last = poolgrad_clamp(fast->y.windows - step->y, first, end);
    if (step->columns.begin == step->columns.end) last = first;
    if (first < last) search_source(step, first, last);
    const int64_t output = fast->y.output + step->y + first;
    const int64_t *row_counts = NULL;
    if (step->unit->g->kind == POOLGRAD_AVERAGE) {
        row_counts = poolgrad_fast_count_rows(step->unit, output, last - first);
    }
    if (begin == first && end == last && last - first == 1 && step->columns.end - step->columns.begin == 1 &&
        load_single_averages(step, first, row_counts)) {
        return;
    }
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(step->unit->g, fast, step->unit->plane + p);
        const struct band band = {&plane, output, plane.pooled ? last - first : 0, poolgrad_fast_window_at(fast, p, 0),
                                  window_at(fast, p, first, step->columns.begin)};
        clear_row(step, window_at(fast, p, begin, 0), (first - begin) * pitch);
        clear_row(step, window_at(fast, p, first + band.rows, 0), (end - first - band.rows) * pitch);
        if (band.rows > 0) load_windows(step, &band, row_counts);
    }
}

/* The windows that this step shares with the one before it. */
static void keep_windows(const struct step *step, int64_t moved)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t count = fast->y.reach * fast->window_pitch * fast->lanes;
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const int64_t to = window_at(fast, p, 0, 0), from = window_at(fast, p, moved, 0);
        if (step->unit->g->kind == POOLGRAD_MAX) {
            memmove(element(step, POOLGRAD_AREA_CODE, to, fast->code_bytes),
                    element(step, POOLGRAD_AREA_CODE, from, fast->code_bytes), (size_t)(count * fast->code_bytes));
        }
        memmove(element(step, POOLGRAD_AREA_GRADIENT, to, poolgrad_fast_sum_bytes(fast->sum)),
                element(step, POOLGRAD_AREA_GRADIENT, from, poolgrad_fast_sum_bytes(fast->sum)),
                (size_t)(count * poolgrad_fast_sum_bytes(fast->sum)));
        if (!fast->shares) continue;
        memmove(element(step, POOLGRAD_AREA_GREATEST, to, poolgrad_fast_key_bytes(fast->key)),
                element(step, POOLGRAD_AREA_GREATEST, from, poolgrad_fast_key_bytes(fast->key)),
                (size_t)(count * poolgrad_fast_key_bytes(fast->key)));
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
    const int64_t count = pixels_count(step), bytes = poolgrad_fast_sum_bytes(fast->sum);
    const void *keys = element(step, POOLGRAD_AREA_OPERAND, phase_x * poolgrad_fast_phase_size(fast, &block),
                               poolgrad_fast_key_bytes(fast->key));
    memset(sums, 0, (size_t)(count * bytes));
    for (int64_t t = 0; t < operands.count; t++) {
        const int64_t offset = operands.operand[t].offset;
        step->unit->routines->add_ties[fast->key][fast->sum](
            keys, element(step, POOLGRAD_AREA_GREATEST, offset, poolgrad_fast_key_bytes(fast->key)),
            (const uint32_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE) + offset,
            (uint32_t)operands.operand[t].code, element(step, POOLGRAD_AREA_GRADIENT, offset, bytes), count, sums);
    }
}

static void gather(const struct step *step, int64_t phase_y, int64_t phase_x, void *sums)
{
    const struct poolgrad_operands operands = poolgrad_fast_windows(step->unit, phase_y, phase_x);
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_routines *routines = step->unit->routines;
    const void *gradients = poolgrad_fast_area(step->unit, POOLGRAD_AREA_GRADIENT);
    const void *codes = poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE);
    if (step->unit->g->kind != POOLGRAD_MAX) {
        routines->sum[fast->sum](gradients, operands, pixels_count(step), sums);
    } else if (fast->shares) {
        gather_shares(step, operands, phase_x, sums);
    } else if (fast->code_bytes == 1) {
        routines->select8[fast->sum](codes, gradients, operands, pixels_count(step), sums);
    } else {
        routines->select32[fast->sum](codes, gradients, operands, pixels_count(step), sums);
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

/* The entries, of `count` from `entry` on, of a phase that are covered, where they are one range; taps and windows both
 * without gaps, they are. */
static struct poolgrad_range covered_range(const struct poolgrad_fast_axis *axis, int64_t phase, int64_t entry,
                                           int64_t count)
{
    struct poolgrad_range range = {0, count};
    while (range.begin < range.end && !is_covered(axis, phase, entry + range.begin)) range.begin++;
    while (range.begin < range.end && !is_covered(axis, phase, entry + range.end - 1)) range.end--;
    return range;
}

/* docs/numerics.md N36: In times the sum of r; +0 where there is no window, whatever In is. */
static void multiply_source(const struct step *step, int64_t phase_y, int64_t phase_x, double *sums)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_cut *columns = &step->unit->columns;
    const struct poolgrad_fast_block block = pixels_block(step);
    const double *source = (const double *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_OPERAND) +
                           phase_x * poolgrad_fast_phase_size(fast, &block);
    const struct poolgrad_range x = covered_range(&fast->x, phase_x, columns->entry, columns->entries);
    const struct poolgrad_range y = covered_range(&fast->y, phase_y, step->rows.entry, step->rows.entries);
    const size_t bytes = (size_t)fast->lanes * sizeof *sums;
    step->unit->routines->multiply(sums, source, pixels_count(step));
    for (int64_t p = 0; p < step->unit->planes; p++) {
        for (int64_t row = 0; row < step->rows.entries; row++) {
            const bool inside = row >= y.begin && row < y.end && is_covered(&fast->y, phase_y, step->rows.entry + row);
            double *at = sums + window_at(fast, p, row, 0);
            const int64_t begin = inside ? x.begin : columns->entries, end = inside ? x.end : columns->entries;
            memset(at, 0, (size_t)begin * bytes);
            memset(at + end * fast->lanes, 0, (size_t)(columns->entries - end) * bytes);
            for (int64_t i = begin; i < end && fast->x.gaps; i++) {
                if (!is_covered(&fast->x, phase_x, columns->entry + i)) memset(at + i * fast->lanes, 0, bytes);
            }
        }
    }
}

/* What the destination's pixels themselves bring along: the source's keys or values there. */
static void load_operand(const struct step *step, int64_t phase_y)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_image source = {&g->source, g->source_image, g->source_channel, fast->source_layer, 0,
                                               0};
    const struct poolgrad_fast_block block = pixels_block(step);
    const int64_t size = (int64_t)poolgrad_format_size(g->source.format), count = pixels_count(step);
    const int64_t phase_size = poolgrad_fast_phase_size(fast, &block);
    const int64_t bytes = fast->shares ? poolgrad_fast_key_bytes(fast->key) : (int64_t)sizeof(double);
    if (!fast->shares && g->kind != POOLGRAD_L2NORM) return;
    poolgrad_fast_load(step->unit, &source, &block, phase_y, poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEFORE));
    for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
        const void *from = element(step, POOLGRAD_AREA_BEFORE, phase_x * phase_size, size);
        void *to = element(step, POOLGRAD_AREA_OPERAND, phase_x * phase_size, bytes);
        if (fast->shares) {
            step->unit->routines->key[fast->key][g->source.format](from, (struct poolgrad_rows){1, count, 0, 0},
                                                                   fast->rule.nan, to);
        } else {
            step->unit->routines->load[POOLGRAD_SUM64][g->source.format](from, (struct poolgrad_rows){1, count, 0, 0},
                                                                         to);
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
    step->unit->routines->load[fast->sum][g->destination.format](
        before, (struct poolgrad_rows){1, pixels_count(step), 0, 0}, values);
    step->unit->routines->add[fast->sum](sums, values, pixels_count(step));
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* Where the rows of a plane are put together, dense, on their way past the caches; null: in the image at once. */
static unsigned char *staged_rows(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t p)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_range *x = &step->unit->columns.inside, *y = &step->rows.inside;
    const struct poolgrad_pixels pixels = {.n = plane->n, .c = plane->c, .low = plane->low, .high = plane->high};
    if (!fast->stream || step->whole_lines || !poolgrad_is_dense(&g->held, &pixels, fast->lanes)) return NULL;
    return element(step, POOLGRAD_AREA_STAGE, p * (y->end - y->begin) * (x->end - x->begin) * fast->lanes,
                   (int64_t)poolgrad_format_size(g->destination.format));
}

/* The pixels of one phase of a plane: where they lie among a step's entries, and in the destination. */
struct phase {
    struct poolgrad_range rows, columns;
    int64_t y, x;
};

static struct phase phase_of(const struct step *step, int64_t phase_y, int64_t phase_x)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_block block = pixels_block(step);
    struct phase phase = {
        .rows = poolgrad_fast_entries(&fast->y, phase_y, block.y.entry, block.y.entries, block.y.begin, block.y.end),
        .columns = poolgrad_fast_entries(&fast->x, phase_x, block.x.entry, block.x.entries, block.x.begin,
                                         block.x.end)};
    phase.y = poolgrad_fast_pixel(&fast->y, phase_y, block.y.entry + phase.rows.begin) - g->source_row;
    phase.x = poolgrad_fast_pixel(&fast->x, phase_x, block.x.entry + phase.columns.begin) - g->source_column;
    return phase;
}

/* One phase of a plane. */
static void store_phase(const struct step *step, const struct poolgrad_fast_plane *plane, const struct phase *phase,
                        const unsigned char *results, unsigned char *stage)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t bytes = fast->lanes * (int64_t)poolgrad_format_size(g->destination.format);
    const int64_t pitch = fast->window_pitch * bytes, rows = phase->rows.end - phase->rows.begin;
    const int64_t columns = phase->columns.end - phase->columns.begin;
    const unsigned char *from = results + phase->rows.begin * pitch + phase->columns.begin * bytes;
    if (!stage) {
        const struct poolgrad_pixels pixels = {plane->n,       plane->c, plane->z, plane->low,
                                               plane->high,    phase->y, phase->x, fast->y.stride,
                                               fast->x.stride, rows,     columns};
        poolgrad_move_out(&g->destination, &pixels, fast->lanes, from, pitch);
        return;
    }
    const struct poolgrad_range *x = &step->unit->columns.inside;
    const int64_t row_bytes = (x->end - x->begin) * bytes;
    unsigned char *to = stage + (phase->y - step->rows.inside.begin) * row_bytes + (phase->x - x->begin) * bytes;
    for (int64_t row = 0; row < rows; row++) {
        poolgrad_move_runs(to + row * fast->y.stride * row_bytes, from + row * pitch,
                           (struct poolgrad_runs){columns, bytes, bytes, fast->x.stride * bytes});
    }
}

/* Both phases of stride 2 at once, where pixels are neighbours. */
static bool store_pairs(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t phase_y,
                        const unsigned char *even, const unsigned char *odd, unsigned char *stage)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_range *columns = &step->unit->columns.inside;
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format), pitch = fast->window_pitch * size;
    const struct phase phase = phase_of(step, phase_y, 0);
    const struct poolgrad_pixels pixels = {
        plane->n, plane->c, plane->z, plane->low, plane->high, phase.y, columns->begin, 1, 1, 1, 1};
    const int64_t row_bytes = stage ? (columns->end - columns->begin) * size : g->destination.row_stride * size;
    const int64_t rows = phase.rows.end - phase.rows.begin;
    if (fast->lanes != 1 || fast->x.stride != 2 || fast->x.phases != 2) return false;
    unsigned char *to = stage ? stage + (phase.y - step->rows.inside.begin) * row_bytes : NULL;
    if (!to && rows > 0 && poolgrad_is_dense(&g->held, &pixels, 1)) {
        to = poolgrad_image_at(&g->destination, pixels.n, pixels.c, pixels.z, pixels.y, pixels.x);
    }
    if (rows <= 0) return true;
    if (!to) return false;
    const int64_t to_step = fast->y.stride * row_bytes;
    int64_t x = columns->begin + g->source_column, end = columns->end + g->source_column;
    int64_t i = poolgrad_fast_entry(&fast->x, x) - step->unit->columns.entry;
    even += phase.rows.begin * pitch;
    odd += phase.rows.begin * pitch;
    if (x < end && (x - fast->x.first) % 2 != 0) {
        poolgrad_move_runs(to, odd + i * size, (struct poolgrad_runs){rows, size, pitch, to_step});
        to += size;
        x++;
        i++;
    }
    const int64_t pairs = (end - x) / 2;
    step->unit->routines->merge[poolgrad_size_code(size)](
        even + i * size, odd + i * size, (struct poolgrad_rows){rows, pairs, pitch / size, to_step / size}, to);
    if ((end - x) % 2 != 0) {
        poolgrad_move_runs(to + 2 * pairs * size, even + (i + pairs) * size,
                           (struct poolgrad_runs){rows, size, pitch, to_step});
    }
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
        const unsigned char *results = element(step, POOLGRAD_AREA_RESULTS, window_at(fast, p, 0, 0), size);
        if (!plane.pooled) continue;
        unsigned char *stage = staged_rows(step, &plane, p);
        if (store_pairs(step, &plane, phase_y, results, results + phase_bytes, stage)) continue;
        for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
            const struct phase phase = phase_of(step, phase_y, phase_x);
            store_phase(step, &plane, &phase, results + phase_x * phase_bytes, stage);
        }
    }
}

/* Rows that were put together leave, as many at once as are neighbours in the image. */
static void stream_rows(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_range *x = &step->unit->columns.inside, *y = &step->rows.inside;
    const int64_t bytes = (x->end - x->begin) * fast->lanes * (int64_t)poolgrad_format_size(g->destination.format);
    const bool whole = g->destination.row_stride == (x->end - x->begin) * fast->lanes;
    const int64_t together = whole ? y->end - y->begin : 1;
    for (int64_t p = 0; p < step->unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, step->unit->plane + p);
        const unsigned char *stage = plane.pooled ? staged_rows(step, &plane, p) : NULL;
        for (int64_t row = 0; stage && row < y->end - y->begin; row += together) {
            step->unit->routines->stream(
                poolgrad_image_at(&g->destination, plane.n, plane.c, plane.z, y->begin + row, x->begin),
                stage + row * bytes, together * bytes);
        }
    }
}

/* ---- Results at once --------------------------------------------------------------------------------------------- */

/* L2-norm: whether a window covers every pixel of a unit, so that none has to be cleared after its multiplication. */
static bool is_all_covered(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_cut *x = &unit->columns, *y = &unit->band;
    bool all = !fast->x.gaps && !fast->y.gaps && fast->x.phases == fast->x.stride && fast->y.phases == fast->y.stride;
    for (int64_t phase = 0; phase < fast->x.phases && all; phase++) {
        const struct poolgrad_range inside = poolgrad_fast_entries(&fast->x, phase, x->entry, x->entries,
                                                                   x->inside.begin + unit->g->source_column,
                                                                   x->inside.end + unit->g->source_column);
        const struct poolgrad_range covered = covered_range(&fast->x, phase, x->entry, x->entries);
        all = covered.begin <= inside.begin && covered.end >= inside.end;
    }
    for (int64_t phase = 0; phase < fast->y.phases && all; phase++) {
        const struct poolgrad_range inside = poolgrad_fast_entries(&fast->y, phase, y->entry, y->entries,
                                                                   y->inside.begin + unit->g->source_row,
                                                                   y->inside.end + unit->g->source_row);
        const struct poolgrad_range covered = covered_range(&fast->y, phase, y->entry, y->entries);
        all = covered.begin <= inside.begin && covered.end >= inside.end;
    }
    return all;
}

/* Whether results are rounded from float32 to 16 bits as they are delivered. */
static bool is_half(const struct poolgrad_fast_unit *unit)
{
    const poolgrad_format format = unit->g->destination.format;
    return unit->routines->deliver_half && unit->fast->sum == POOLGRAD_SUM32 &&
           (format == POOLGRAD_FLOAT16 || format == POOLGRAD_BFLOAT16);
}

/* How the pixels of a unit can be delivered as they are summed up, without a stop in working memory. */
static enum poolgrad_fast_way way_out(const struct poolgrad_fast_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_image destination = {&g->held, 0, 0, 0, 0, 0};
    const struct poolgrad_fast_image source = {&g->source, g->source_image, g->source_channel, fast->source_layer, 0,
                                               0};
    const int64_t width = unit->columns.inside.end - unit->columns.inside.begin;
    const int64_t least = unit->routines->vector_bytes / poolgrad_fast_sum_bytes(fast->sum);
    if (g->add_to_destination || fast->shares || (g->kind == POOLGRAD_MAX && fast->code_bytes != 1)) {
        return POOLGRAD_WAY_NONE;
    }
    const enum poolgrad_fast_way way = poolgrad_fast_way_of(unit, &destination, width, least);
    if (g->kind != POOLGRAD_L2NORM) {
        const bool as_summed = g->destination.format == poolgrad_fast_sum_format(fast);
        return as_summed || is_half(unit) ? way : POOLGRAD_WAY_NONE;
    }
    const bool floats = g->source.format == POOLGRAD_FLOAT32 && g->destination.format == POOLGRAD_FLOAT32;
    if (!floats || poolgrad_fast_way_of(unit, &source, width, least) != way) return POOLGRAD_WAY_NONE;
    return is_all_covered(unit) ? way : POOLGRAD_WAY_NONE;
}

/* Whether every row of a unit, or pixel where those are delivered one by one, begins and ends with a cache line. */
static bool is_whole_lines(const struct poolgrad_fast_unit *unit, enum poolgrad_fast_way way)
{
    enum { LINE = 64 };
    const poolgrad_image *image = &unit->g->destination;
    const struct poolgrad_range *x = &unit->columns.inside;
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(unit->g, unit->fast, unit->plane);
    const uintptr_t first = (uintptr_t)poolgrad_image_at(image, plane.n, plane.c, plane.z, 0, x->begin);
    const bool pixels = way == POOLGRAD_WAY_PIXELS || image->layout == POOLGRAD_NHWC;
    const int64_t pixel = pixels ? unit->fast->lanes * size : LINE;
    return first % LINE == 0 && pixel % LINE == 0 && (x->end - x->begin) * image->column_stride * size % LINE == 0 &&
           image->row_stride * size % LINE == 0 && image->channel_stride * unit->fast->lanes * size % LINE == 0 &&
           image->image_stride * size % LINE == 0;
}

static void deliver(const struct step *step, int64_t p, struct poolgrad_operands operands, int64_t at,
                    struct poolgrad_delivery delivery, const void *source, void *to)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_routines *routines = step->unit->routines;
    const int64_t from = window_at(fast, p, 0, 0) + at;
    const void *gradients = element(step, POOLGRAD_AREA_GRADIENT, from, poolgrad_fast_sum_bytes(fast->sum));
    delivery.past_caches = fast->stream && step->whole_lines;
    const uint8_t *taps = step->unit->g->kind == POOLGRAD_MAX
                              ? (const uint8_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE) + from
                              : NULL;
    if (source) {
        routines->deliver_norm(gradients, source, operands, delivery, to);
    } else if (is_half(step->unit)) {
        routines->deliver_half(step->unit->g->destination.format, taps, gradients, &operands, false, delivery, to);
    } else if (step->unit->g->kind == POOLGRAD_AVERAGE) {
        routines->deliver_sum[fast->sum](gradients, operands, delivery, to);
    } else {
        routines->deliver_select8[fast->sum](element(step, POOLGRAD_AREA_CODE, from, 1), gradients, operands, delivery,
                                             to);
    }
}

/* A pixel, its lanes in use, where it is put together or in the image; and elements to the next row and pixel. */
struct target {
    unsigned char *to;
    int64_t row, pixel;
};

static struct target target_of(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t p, int64_t y,
                               int64_t x)
{
    const poolgrad_image *image = &step->unit->g->destination;
    const struct poolgrad_range *columns = &step->unit->columns.inside;
    const int64_t lanes = step->unit->fast->lanes, row = (columns->end - columns->begin) * lanes;
    unsigned char *stage = staged_rows(step, plane, p);
    if (!stage) {
        return (struct target){poolgrad_image_at(image, plane->n, plane->c + plane->low, plane->z, y, x),
                               image->row_stride, image->column_stride};
    }
    stage += ((y - step->rows.inside.begin) * row + (x - columns->begin) * lanes) *
             (int64_t)poolgrad_format_size(image->format);
    return (struct target){stage, row, lanes};
}

/* L2-norm: the source's pixel that a destination pixel stands for; else null. */
static const unsigned char *source_pixel(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t y,
                                         int64_t x)
{
    const struct poolgrad_geometry *g = step->unit->g;
    if (g->kind != POOLGRAD_L2NORM) return NULL;
    return poolgrad_const_image_at(&g->source, plane->n + g->source_image, plane->c + plane->low + g->source_channel,
                                   plane->z + step->unit->fast->source_layer, y + g->source_row, x + g->source_column);
}

/* One phase of a plane. */
static void deliver_phase(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t p,
                          enum poolgrad_fast_way way, struct poolgrad_operands operands, const struct phase *phase)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    const int64_t rows = phase->rows.end - phase->rows.begin, columns = phase->columns.end - phase->columns.begin;
    const int64_t pitch = fast->window_pitch * fast->lanes;
    const int64_t at = phase->rows.begin * pitch + phase->columns.begin * fast->lanes + plane->low;
    if (rows <= 0 || columns <= 0) return;
    const struct target target = target_of(step, plane, p, phase->y, phase->x);
    const poolgrad_const_image *from = &step->unit->g->source;
    const unsigned char *source = source_pixel(step, plane, phase->y, phase->x);
    const int64_t size = (int64_t)poolgrad_format_size(step->unit->g->destination.format);
    const int64_t row_step = fast->y.stride * target.row;
    if (way == POOLGRAD_WAY_ROWS) {
        const struct poolgrad_rows shape = {rows, columns * fast->lanes, pitch, row_step};
        const struct poolgrad_delivery delivery = {.rows = shape, .source_step = fast->y.stride * from->row_stride};
        deliver(step, p, operands, at, delivery, source, target.to);
        return;
    }
    const struct poolgrad_rows shape = {columns, plane->high - plane->low, fast->lanes, fast->x.stride * target.pixel};
    const struct poolgrad_delivery delivery = {.rows = shape, .source_step = fast->x.stride * from->column_stride};
    for (int64_t row = 0; row < rows; row++) {
        deliver(step, p, operands, at + row * pitch, delivery,
                source ? source + row * fast->y.stride * from->row_stride * size : NULL,
                target.to + row * row_step * size);
    }
}

/* Both phases of stride 2. */
static void deliver_pairs(const struct step *step, const struct poolgrad_fast_plane *plane, int64_t p,
                          const struct poolgrad_operands phases[2], struct phase phase)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_routines *routines = step->unit->routines;
    const struct poolgrad_range *columns = &step->unit->columns.inside;
    const int64_t x = columns->begin + g->source_column, width = columns->end - columns->begin;
    const bool odd_first = (x - fast->x.first) % 2 != 0;
    const struct poolgrad_operands both[] = {phases[odd_first], phases[!odd_first]};
    const struct target target = target_of(step, plane, p, phase.y, columns->begin);
    const struct poolgrad_delivery delivery = {
        .rows = {phase.rows.end - phase.rows.begin, width / 2, fast->window_pitch, fast->y.stride * target.row},
        .past_caches = fast->stream && step->whole_lines,
        .second = odd_first,
        .odd = width % 2 != 0,
        .source_step = fast->y.stride * g->source.row_stride};
    const int64_t from = window_at(fast, p, phase.rows.begin,
                                   poolgrad_fast_entry(&fast->x, x) - step->unit->columns.entry);
    const void *gradients = element(step, POOLGRAD_AREA_GRADIENT, from, poolgrad_fast_sum_bytes(fast->sum));
    if (delivery.rows.rows <= 0) return;
    if (g->kind == POOLGRAD_L2NORM) {
        routines->deliver_norm_pairs(gradients, source_pixel(step, plane, phase.y, columns->begin), both, delivery,
                                     target.to);
    } else if (is_half(step->unit)) {
        const uint8_t *taps = (const uint8_t *)poolgrad_fast_area(step->unit, POOLGRAD_AREA_CODE) + from;
        routines->deliver_half(g->destination.format, g->kind == POOLGRAD_MAX ? taps : NULL, gradients, both, true,
                               delivery, target.to);
    } else if (g->kind == POOLGRAD_AVERAGE) {
        routines->deliver_sum_pairs[fast->sum](gradients, both, delivery, target.to);
    } else {
        routines->deliver_select8_pairs[fast->sum](element(step, POOLGRAD_AREA_CODE, from, 1), gradients, both,
                                                   delivery, target.to);
    }
}

/* The rows of one phase of y. */
static void deliver_rows(const struct step *step, int64_t phase_y)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    struct poolgrad_operands pair[2];
    for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
        const struct poolgrad_operands operands = poolgrad_fast_windows(step->unit, phase_y, phase_x);
        const struct phase phase = phase_of(step, phase_y, phase_x);
        if (step->way == POOLGRAD_WAY_PAIRS) pair[phase_x] = operands;
        for (int64_t p = 0; p < step->unit->planes; p++) {
            const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(step->unit->g, fast, step->unit->plane + p);
            if (!plane.pooled) continue;
            if (step->way != POOLGRAD_WAY_PAIRS) {
                deliver_phase(step, &plane, p, step->way, operands, &phase);
            } else if (phase_x == 1) {
                deliver_pairs(step, &plane, p, pair, phase);
            }
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
        poolgrad_fast_blank_gaps(step->unit, &plane, step->rows.inside, staged_rows(step, &plane, p));
    }
}

static void run_step(const struct step *step)
{
    const struct poolgrad_geometry *g = step->unit->g;
    const struct poolgrad_fast *fast = step->unit->fast;
    const struct poolgrad_fast_image destination = {&g->held, 0, 0, 0, -g->source_row, -g->source_column};
    const struct poolgrad_fast_block block = pixels_block(step);
    const int64_t phase_size = poolgrad_fast_phase_size(fast, &block), count = pixels_count(step);
    blank_gaps(step);
    for (int64_t phase_y = 0; phase_y < fast->y.phases; phase_y++) {
        if (step->way != POOLGRAD_WAY_NONE) {
            deliver_rows(step, phase_y);
            continue;
        }
        load_operand(step, phase_y);
        for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
            unsigned char *sums = element(step, POOLGRAD_AREA_SUMS, phase_x * phase_size,
                                          poolgrad_fast_sum_bytes(fast->sum));
            gather(step, phase_y, phase_x, sums);
            if (g->kind == POOLGRAD_L2NORM) multiply_source(step, phase_y, phase_x, (double *)(void *)sums);
        }
        if (g->add_to_destination) {
            poolgrad_fast_load(step->unit, &destination, &block, phase_y,
                               poolgrad_fast_area(step->unit, POOLGRAD_AREA_BEFORE));
        }
        for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
            unsigned char *sums = element(step, POOLGRAD_AREA_SUMS, phase_x * phase_size,
                                          poolgrad_fast_sum_bytes(fast->sum));
            if (g->add_to_destination) add_destination(step, phase_x, sums);
            step->unit->routines->store[fast->sum][g->destination.format](
                sums, count,
                element(step, POOLGRAD_AREA_RESULTS, phase_x * phase_size,
                        (int64_t)poolgrad_format_size(g->destination.format)));
        }
        store_rows(step, phase_y);
    }
    stream_rows(step);
}

/* Every window there may be is none, until it is made. What is made in other steps of the same columns takes the same
 * places. */
static void clear_windows(const struct step *step)
{
    const struct poolgrad_fast *fast = step->unit->fast;
    clear_row(step, 0, window_at(fast, fast->group, 0, 0));
    memset(poolgrad_fast_area(step->unit, POOLGRAD_AREA_LINE), 0,
           (size_t)(window_at(fast, 1, 0, 0) * (int64_t)poolgrad_format_size(step->unit->g->source_gradient.format)));
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
    if (!unit->same_columns) clear_windows(&step);
    step.way = way_out(unit);
    step.whole_lines = step.way != POOLGRAD_WAY_NONE && !is_half(unit) && is_whole_lines(unit, step.way);
    if (poolgrad_fast_divides(unit->g) && !unit->same_columns) {
        poolgrad_fast_count_columns(unit, fast->x.output + step.x + step.columns.begin,
                                    step.columns.end - step.columns.begin);
    }
    for (int64_t entry = unit->band.entry; entry < end; entry += fast->step) {
        int64_t next = poolgrad_min(entry + fast->step, end), kept = 0;
        step.rows = poolgrad_fast_cut_make(&fast->rows, entry, next);
        step.y = entry - fast->y.reach;
        if (entry > unit->band.entry) {
            kept = fast->y.reach;
            keep_windows(&step, fast->step);
        }
        make_windows(&step, kept, next - entry + fast->y.reach);
        if (fast->spread) {
            poolgrad_fast_spread(unit, &step.rows.inside, step.y);
        } else if (fast->scatter) {
            poolgrad_fast_scatter(unit, &step.rows.inside, step.y);
        } else {
            run_step(&step);
        }
    }
}
