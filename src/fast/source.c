/* SPDX-License-Identifier: Apache-2.0 */
/* Phases of an image, and what windows find among those of the source. */
#include <string.h>

#include "fast/fast.h"
#include "fast/move.h"
#include "image/image.h"

static const int64_t key_bytes[] = {2, 4, 8}, sum_bytes[] = {4, 8};

int64_t poolgrad_fast_phase_size(const struct poolgrad_fast *fast, const struct poolgrad_fast_block *block)
{
    return fast->group * block->rows * block->pitch * fast->lanes;
}

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

/* The entries of a phase whose pixels are to be loaded. */
static struct poolgrad_range loaded(const struct poolgrad_fast *fast, const struct poolgrad_fast_block *block,
                                    int64_t phase)
{
    return poolgrad_fast_entries(&fast->x, phase, block->x.entry, block->x.entries, block->x.begin, block->x.end);
}

/* Where entries are loaded to: rows of `pitch` bytes. */
struct target {
    unsigned char *to;
    int64_t pitch;
    struct poolgrad_range rows, columns; /* of the block: those that are loaded */
};

/* What is not loaded, of `rows` rows of `columns` entries of `bytes` bytes, is zero. */
static void clear_rest(const struct target *target, int64_t rows, int64_t columns, int64_t bytes)
{
    const size_t head = (size_t)(target->columns.begin * bytes);
    const size_t tail = (size_t)((columns - target->columns.end) * bytes);
    memset(target->to, 0, (size_t)(target->rows.begin * target->pitch));
    memset(target->to + target->rows.end * target->pitch, 0, (size_t)((rows - target->rows.end) * target->pitch));
    for (int64_t row = target->rows.begin; row < target->rows.end && head + tail > 0; row++) {
        unsigned char *at = target->to + row * target->pitch;
        memset(at, 0, head);
        memset(at + target->columns.end * bytes, 0, tail);
    }
}

static int size_code(int64_t size)
{
    return size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
}

/* Both phases of stride 2 at once, where pixels are neighbours: the pairs that are inside as a whole, and what is left
 * of either phase in front of and behind them. `first` is the pixel of entry 0 of the even phase. */
static void load_pairs(const struct poolgrad_fast_unit *unit, const unsigned char *first, int64_t row_step,
                       int64_t size, const struct target phase[2])
{
    const int64_t begin = poolgrad_max(phase[0].columns.begin, phase[1].columns.begin);
    const int64_t end = poolgrad_max(begin, poolgrad_min(phase[0].columns.end, phase[1].columns.end));
    const int64_t pitch = phase[0].pitch, row = phase[0].rows.begin, rows = phase[0].rows.end - row;
    const struct poolgrad_rows pairs = {rows, end - begin, row_step / size, pitch / size};
    for (int p = 0; p < 2; p++) {
        const struct poolgrad_range *columns = &phase[p].columns;
        for (int64_t i = columns->begin; i < columns->end; i++) {
            if (i == begin) i = poolgrad_max(i, end);
            if (i >= columns->end) break;
            poolgrad_move_runs(phase[p].to + row * pitch + i * size, first + (2 * i + p) * size,
                               (struct poolgrad_runs){rows, size, row_step, pitch});
        }
    }
    unit->kernels->split[size_code(size)](first + 2 * begin * size, pairs, phase[0].to + row * pitch + begin * size,
                                          phase[1].to + row * pitch + begin * size);
}

/* Asks for what the next step or unit will load, `distance` elements on, so that it comes while this one is computed.
 */
static void prefetch(const struct poolgrad_fast *fast, const poolgrad_image *image,
                     const struct poolgrad_pixels *pixels, const struct poolgrad_fast_block *block, int64_t distance)
{
    enum { LINE = 64 };
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const int64_t step = fast->x.stride * image->column_stride * size;
    const int64_t bytes = block->x.entries * (step < 0 ? -step : step);
    const char *row = poolgrad_image_at(image, pixels->n, pixels->c + pixels->low, pixels->y, 0);
    row += distance * size;
    for (int64_t y = 0; y < pixels->rows; y++, row += fast->y.stride * image->row_stride * size) {
        for (int64_t at = 0; at < bytes; at += LINE) __builtin_prefetch(row + at, 0, 2);
    }
}

/* One plane: all phases of x. */
static void load_plane(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *from,
                       const struct poolgrad_fast_plane *plane, const struct poolgrad_fast_block *block,
                       int64_t phase_y, int64_t phase_bytes, unsigned char *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t size = (int64_t)poolgrad_format_size(from->image->format), bytes = fast->lanes * size;
    struct target target = {.pitch = block->pitch * bytes,
                            .rows = poolgrad_fast_entries(&fast->y, phase_y, block->y.entry, block->y.entries,
                                                          block->y.begin, block->y.end)};
    struct poolgrad_pixels pixels = {.n = plane->n + from->n,
                                     .c = plane->c + from->c,
                                     .low = plane->low,
                                     .high = plane->high,
                                     .y = poolgrad_fast_pixel(&fast->y, phase_y, block->y.entry + target.rows.begin) +
                                          from->y,
                                     .y_step = fast->y.stride,
                                     .x_step = fast->x.stride,
                                     .rows = target.rows.end - target.rows.begin};
    const int64_t distance = unit->fast->step < unit->fast->rows.entries
                                 ? unit->fast->step * fast->y.stride * from->image->row_stride
                                 : unit->fast->group * from->image->channel_stride;
    prefetch(fast, from->image, &pixels, block, distance);
    struct target pair[2];
    const bool pairs = fast->lanes == 1 && fast->x.stride == 2 && fast->x.phases == 2 && pixels.rows > 0 &&
                       poolgrad_dense(from->image, &pixels, 1);
    for (int64_t phase = 0; phase < fast->x.phases; phase++) {
        target.to = to + phase * phase_bytes;
        target.columns = loaded(fast, block, phase);
        clear_rest(&target, block->y.entries, block->x.entries, bytes);
        if (pairs) {
            pair[phase] = target;
            continue;
        }
        pixels.x = poolgrad_fast_pixel(&fast->x, phase, block->x.entry + target.columns.begin) + from->x;
        pixels.columns = target.columns.end - target.columns.begin;
        poolgrad_move_in(from->image, &pixels, fast->lanes,
                         target.to + target.rows.begin * target.pitch + target.columns.begin * bytes, target.pitch);
    }
    if (!pairs) return;
    const int64_t x = poolgrad_fast_pixel(&fast->x, 0, block->x.entry) + from->x;
    const unsigned char *origin = poolgrad_dense(from->image, &pixels, 1);
    load_pairs(unit, origin + (x - pixels.x) * size, fast->y.stride * from->image->row_stride * size, size, pair);
}

int64_t poolgrad_fast_plane_step(const struct poolgrad_fast_unit *unit, const poolgrad_image *image)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t first = unit->plane % fast->blocks, last = unit->plane + unit->planes - 1;
    const bool one_image = first + unit->planes <= fast->blocks;
    const bool regular = image->layout == POOLGRAD_NCHW && unit->g->destination.layout == POOLGRAD_NCHW &&
                         (one_image || image->image_stride == fast->blocks * image->channel_stride);
    return regular && poolgrad_fast_plane_at(unit->g, fast, last).pooled ? image->channel_stride : 0;
}

/* A block of one entry: plane by plane in one go. */
static void load_entry(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *from,
                       const struct poolgrad_fast_block *block, int64_t phase_y, int64_t plane_step, unsigned char *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(unit->g, fast, unit->plane);
    const int64_t size = (int64_t)poolgrad_format_size(from->image->format);
    const int64_t phase_bytes = poolgrad_fast_phase_size(fast, block) * size, step = block->rows * block->pitch * size;
    const int64_t y = poolgrad_fast_pixel(&fast->y, phase_y, block->y.entry);
    for (int64_t phase = 0; phase < fast->x.phases; phase++, to += phase_bytes) {
        const int64_t x = poolgrad_fast_pixel(&fast->x, phase, block->x.entry);
        const int64_t zero = 0;
        struct poolgrad_runs runs = {unit->planes, size, 0, step};
        const void *first = &zero;
        if (y >= block->y.begin && y < block->y.end && x >= block->x.begin && x < block->x.end) {
            runs.from_step = plane_step * size;
            first = poolgrad_image_at(from->image, plane.n + from->n, plane.c + from->c, y + from->y, x + from->x);
        }
        poolgrad_move_runs(to, first, runs);
    }
}

void poolgrad_fast_load(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *from,
                        const struct poolgrad_fast_block *block, int64_t phase_y, void *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t size = (int64_t)poolgrad_format_size(from->image->format);
    const int64_t plane_bytes = block->rows * block->pitch * fast->lanes * size;
    const int64_t phase_bytes = poolgrad_fast_phase_size(fast, block) * size;
    const bool one = block->x.entries == 1 && block->y.entries == 1;
    const int64_t plane_step = one ? poolgrad_fast_plane_step(unit, from->image) : 0;
    if (plane_step != 0) {
        load_entry(unit, from, block, phase_y, plane_step, to);
        return;
    }
    for (int64_t p = 0; p < unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(unit->g, fast, unit->plane + p);
        if (!plane.pooled) continue;
        load_plane(unit, from, &plane, block, phase_y, phase_bytes, (unsigned char *)to + p * plane_bytes);
    }
}

struct poolgrad_fast_block poolgrad_fast_source_block(const struct poolgrad_fast *fast, struct poolgrad_range x,
                                                      struct poolgrad_range y)
{
    struct poolgrad_fast_block block = {.x = {x.begin, x.end - x.begin + fast->x.reach, 0, fast->x.size},
                                        .y = {y.begin, y.end - y.begin + fast->y.reach, 0, fast->y.size},
                                        .pitch = fast->source_pitch,
                                        .rows = fast->source_rows};
    return block;
}

/* Elements from the first to the last one of a block's phase, all planes. */
static int64_t extent(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block, int64_t rows,
                      int64_t columns)
{
    return (((unit->planes - 1) * block->rows + rows - 1) * block->pitch + columns) * unit->fast->lanes;
}

void poolgrad_fast_fill_keys(const struct poolgrad_fast *fast, void *keys, int64_t count)
{
    int16_t *keys16 = keys;
    int32_t *keys32 = keys;
    int64_t *keys64 = keys;
    switch (fast->key) {
    case POOLGRAD_KEY16:
        for (int64_t i = 0; i < count; i++) keys16[i] = (int16_t)POOLGRAD_KEY_NONE(16);
        break;
    case POOLGRAD_KEY32:
        for (int64_t i = 0; i < count; i++) keys32[i] = (int32_t)POOLGRAD_KEY_NONE(32);
        break;
    default:
        for (int64_t i = 0; i < count; i++) keys64[i] = POOLGRAD_KEY_NONE(64);
        break;
    }
}

/* Edge mode clamp: what is outside the image is no tap. */
static void clear_outside(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block,
                          int64_t phase_y, int64_t phase_x, unsigned char *keys)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_range x = loaded(fast, block, phase_x);
    const struct poolgrad_range y = poolgrad_fast_entries(&fast->y, phase_y, block->y.entry, block->y.entries,
                                                          block->y.begin, block->y.end);
    const int64_t columns = block->x.entries, bytes = fast->lanes * key_bytes[fast->key];
    const int64_t pitch = block->pitch * bytes;
    if (y.begin == 0 && y.end == block->y.entries && x.begin == 0 && x.end == columns) return;
    for (int64_t p = 0; p < unit->planes; p++) {
        unsigned char *at = keys + p * block->rows * pitch;
        for (int64_t row = 0; row < block->y.entries; row++, at += pitch) {
            const bool inside = row >= y.begin && row < y.end;
            const int64_t begin = inside ? x.begin : columns, end = inside ? x.end : columns;
            if (begin > 0) poolgrad_fast_fill_keys(fast, at, begin * fast->lanes);
            if (end < columns) poolgrad_fast_fill_keys(fast, at + end * bytes, (columns - end) * fast->lanes);
        }
    }
}

void poolgrad_fast_number(const struct poolgrad_fast *fast, int64_t count, void *to)
{
    const double wide = (double)count;
    const float narrow = (float)count;
    if (fast->sum == POOLGRAD_SUM64) {
        memcpy(to, &wide, sizeof wide);
    } else {
        memcpy(to, &narrow, sizeof narrow);
    }
}

int64_t poolgrad_fast_key(const struct poolgrad_fast *fast, const void *keys, int64_t i)
{
    switch (fast->key) {
    case POOLGRAD_KEY16: return ((const int16_t *)keys)[i];
    case POOLGRAD_KEY32: return ((const int32_t *)keys)[i];
    default: return ((const int64_t *)keys)[i];
    }
}

bool poolgrad_fast_load_source(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_image source = {&g->source, g->source_image, g->source_channel, 0, 0};
    const int64_t size = (int64_t)poolgrad_format_size(g->source.format),
                  phase_size = poolgrad_fast_phase_size(fast, block);
    const int64_t element = fast->picks ? key_bytes[fast->key] : sum_bytes[fast->sum];
    const int64_t count = extent(unit, block, block->y.entries, block->x.entries);
    const bool as_stored = !fast->picks && g->source.format == poolgrad_fast_sum_format(fast);
    unsigned char *to = poolgrad_fast_area(unit, POOLGRAD_AREA_SOURCE);
    unsigned char *raw = poolgrad_fast_area(unit, POOLGRAD_AREA_RAW);
    bool minus_zero = false;
    for (int64_t phase_y = 0; phase_y < fast->y.phases; phase_y++) {
        poolgrad_fast_load(unit, &source, block, phase_y, as_stored ? to : raw);
        for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++, to += phase_size * element) {
            const void *from = raw + phase_x * phase_size * size;
            if (fast->picks) {
                minus_zero |= unit->kernels->key[fast->key][g->source.format](from, count, fast->rule.nan, to);
                if (g->edge_mode == POOLGRAD_EDGE_CLAMP) clear_outside(unit, block, phase_y, phase_x, to);
            } else if (!as_stored) {
                unit->kernels->load[fast->sum][g->source.format](from, count, to);
            }
        }
    }
    return minus_zero;
}

/* ---- Searching --------------------------------------------------------------------------------------------------- */

int64_t poolgrad_fast_window_at(const struct poolgrad_fast *fast, int64_t plane, int64_t row)
{
    return (plane * fast->source_rows + row) * fast->source_pitch * fast->lanes;
}

/* Runs of windows to search: all planes in one, rows between them included, unless those are too many. */
struct runs {
    int64_t runs, step, count;
};

static struct runs window_runs(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t rows = block->y.entries - fast->y.reach, columns = block->x.entries - fast->x.reach;
    const int64_t plane = ((rows - 1) * block->pitch + columns) * fast->lanes;
    const int64_t step = poolgrad_fast_window_at(fast, 1, 0);
    if (step < plane + 2 * POOLGRAD_BLOCK) return (struct runs){1, 0, extent(unit, block, rows, columns)};
    return (struct runs){unit->planes, step, plane};
}

/* The search along y, of every row's outcome where the one along x has been. */
static void search(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block, const void *keys,
                   const void *taps, struct poolgrad_operands operands, bool with_taps)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct runs runs = window_runs(unit, block);
    const int64_t bytes = key_bytes[fast->key];
    unsigned char *best = poolgrad_fast_area(unit, POOLGRAD_AREA_BEST);
    unsigned char *tap = poolgrad_fast_area(unit, POOLGRAD_AREA_TAP);
    for (int64_t run = 0; run < runs.runs; run++) {
        const int64_t at = run * runs.step * bytes;
        const unsigned char *key = (const unsigned char *)keys + at;
        const unsigned char *other = taps ? (const unsigned char *)taps + at : NULL;
        if (with_taps) {
            unit->kernels->pick[fast->key](key, other, operands, fast->rule, runs.count, best + at, tap + at);
        } else {
            unit->kernels->greatest[fast->key](key, operands, runs.count, best + at);
        }
    }
}

static void search_windows(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block,
                           bool with_taps)
{
    const struct poolgrad_fast *fast = unit->fast;
    const unsigned char *keys = poolgrad_fast_area(unit, POOLGRAD_AREA_SOURCE);
    if (!fast->separable) {
        search(unit, block, keys, NULL, poolgrad_fast_taps(unit), with_taps);
        return;
    }
    const struct poolgrad_operands along_x = poolgrad_fast_taps_x(unit);
    const int64_t columns = block->x.entries - fast->x.reach;
    const int64_t count = extent(unit, block, block->y.entries, columns);
    const int64_t phase_bytes = poolgrad_fast_phase_size(fast, block) * key_bytes[fast->key];
    unsigned char *row_best = poolgrad_fast_area(unit, POOLGRAD_AREA_ROW_BEST);
    unsigned char *row_tap = poolgrad_fast_area(unit, POOLGRAD_AREA_ROW_TAP);
    for (int64_t phase = 0; phase < fast->y.phases; phase++) {
        const int64_t at = phase * phase_bytes;
        const unsigned char *key = keys + at * fast->x.phases;
        if (with_taps) {
            unit->kernels->pick[fast->key](key, NULL, along_x, fast->rule, count, row_best + at, row_tap + at);
        } else {
            unit->kernels->greatest[fast->key](key, along_x, count, row_best + at);
        }
    }
    search(unit, block, row_best, row_tap, poolgrad_fast_taps_y(unit), with_taps);
}

void poolgrad_fast_pick(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    search_windows(unit, block, true);
}

void poolgrad_fast_greatest(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    search_windows(unit, block, false);
}

void poolgrad_fast_sum(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_operands both = poolgrad_fast_taps(unit);
    const struct runs runs = window_runs(unit, block);
    const unsigned char *values = poolgrad_fast_area(unit, POOLGRAD_AREA_SOURCE);
    unsigned char *sums = poolgrad_fast_area(unit, POOLGRAD_AREA_BEST);
    for (int64_t run = 0; run < runs.runs; run++) {
        const int64_t at = run * runs.step * sum_bytes[fast->sum];
        unit->kernels->sum[fast->sum](values + at, both, runs.count, sums + at);
    }
}

int64_t poolgrad_fast_windows_size(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    return extent(unit, block, block->y.entries - unit->fast->y.reach, block->x.entries - unit->fast->x.reach);
}

void poolgrad_fast_norm(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t phases = fast->x.phases * fast->y.phases, phase_size = poolgrad_fast_phase_size(fast, block);
    const int64_t count = extent(unit, block, block->y.entries, block->x.entries);
    double *values = poolgrad_fast_area(unit, POOLGRAD_AREA_SOURCE);
    for (int64_t phase = 0; phase < phases; phase++) unit->kernels->square(values + phase * phase_size, count);
    poolgrad_fast_sum(unit, block);
    unit->kernels->root(poolgrad_fast_area(unit, POOLGRAD_AREA_BEST), poolgrad_fast_windows_size(unit, block));
}
