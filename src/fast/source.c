/* SPDX-License-Identifier: Apache-2.0 */
/* Phases of an image, and what windows find among those of the source. */
#include <string.h>

#include "fast/divisors.h"
#include "fast/fast.h"
#include "image/image.h"
#include "image/move.h"

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
    unit->routines->split[poolgrad_size_code(size)](first + 2 * begin * size, pairs,
                                                    phase[0].to + row * pitch + begin * size,
                                                    phase[1].to + row * pitch + begin * size);
}

/* Asks for what the next step or unit will load, `distance` elements on, so that it comes while this one is computed.
 * What lies there, or beyond the image, is not read: addresses are numbers, which may wrap around. */
static inline void prefetch(const struct poolgrad_fast *fast, const poolgrad_const_image *image,
                            const struct poolgrad_pixels *pixels, const struct poolgrad_fast_block *block,
                            uintptr_t distance)
{
    enum { LINE = 64 };
    /* Without rows the first one may lie anywhere. */
    if (pixels->rows <= 0) return;
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const int64_t columns = poolgrad_min(block->x.entries * fast->x.stride, image->width);
    const int64_t bytes = columns * size * (image->column_stride < 0 ? -image->column_stride : image->column_stride);
    const uintptr_t down = (uintptr_t)fast->y.stride * (uintptr_t)image->row_stride * (uintptr_t)size;
    uintptr_t row = (uintptr_t)poolgrad_const_image_at(image, pixels->n, pixels->c + pixels->low, pixels->z, pixels->y,
                                                       0);
    row += distance * (uintptr_t)size;
    for (int64_t y = 0; y < pixels->rows; y++, row += down) {
        for (int64_t at = 0; at < bytes; at += LINE) __builtin_prefetch((const void *)(row + (uintptr_t)at), 0, 2);
    }
}

/* Elements from what a step loads to what the next one will, or the next unit. */
static uintptr_t distance_ahead(const struct poolgrad_fast_unit *unit, const poolgrad_const_image *image)
{
    const struct poolgrad_fast *fast = unit->fast;
    const bool down = fast->step < fast->rows.entries;
    return down ? (uintptr_t)fast->step * (uintptr_t)fast->y.stride * (uintptr_t)image->row_stride
                : (uintptr_t)fast->group * (uintptr_t)image->channel_stride;
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
                                     .z = plane->z + from->z,
                                     .low = plane->low,
                                     .high = plane->high,
                                     .y = poolgrad_fast_pixel(&fast->y, phase_y, block->y.entry + target.rows.begin) +
                                          from->y,
                                     .y_step = fast->y.stride,
                                     .x_step = fast->x.stride,
                                     .rows = target.rows.end - target.rows.begin};
    prefetch(fast, from->image, &pixels, block, distance_ahead(unit, from->image));
    struct target pair[2];
    const bool pairs = fast->lanes == 1 && fast->x.stride == 2 && fast->x.phases == 2 && pixels.rows > 0 &&
                       poolgrad_is_dense(from->image, &pixels, 1);
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
    const unsigned char *origin = poolgrad_const_image_at(from->image, pixels.n, pixels.c, pixels.z, pixels.y, x);
    load_pairs(unit, origin, fast->y.stride * from->image->row_stride * size, size, pair);
}

/* Lanes of a plane, all of them, are neighbours: one of NCHW, those of a slice. */
static bool has_whole_lanes(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *image)
{
    const struct poolgrad_fast *fast = unit->fast;
    if (image->image->layout != unit->g->destination.layout || image->image->layout == POOLGRAD_NHWC) return false;
    return fast->lanes == 1 ||
           (image->c % fast->lanes == 0 && poolgrad_fast_plane_at(unit->g, fast, unit->plane).low == 0 &&
            poolgrad_fast_plane_at(unit->g, fast, unit->plane + unit->planes - 1).high == fast->lanes &&
            unit->g->channels.begin % fast->lanes == 0 && unit->g->channels.end % fast->lanes == 0);
}

int64_t poolgrad_fast_plane_step(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *image)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t first = unit->plane % fast->blocks, last = unit->plane + unit->planes - 1;
    const int64_t step = image->image->channel_stride;
    const bool one_layer = first + unit->planes <= fast->blocks;
    const bool images = fast->layers == 1 && image->image->image_stride == fast->blocks * step;
    if (!has_whole_lanes(unit, image) || (!one_layer && !images)) return 0;
    return poolgrad_fast_plane_at(unit->g, fast, last).pooled ? step : 0;
}

/* A block of one entry: plane by plane in one go. */
static void load_entry(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *from,
                       const struct poolgrad_fast_block *block, int64_t phase_y, int64_t plane_step, unsigned char *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(unit->g, fast, unit->plane);
    const int64_t size = (int64_t)poolgrad_format_size(from->image->format);
    const int64_t phase_bytes = poolgrad_fast_phase_size(fast, block) * size;
    const int64_t step = block->rows * block->pitch * fast->lanes * size;
    const int64_t y = poolgrad_fast_pixel(&fast->y, phase_y, block->y.entry);
    static const int64_t zeros[POOLGRAD_MOST_LANES];
    for (int64_t phase = 0; phase < fast->x.phases; phase++, to += phase_bytes) {
        const int64_t x = poolgrad_fast_pixel(&fast->x, phase, block->x.entry);
        struct poolgrad_runs runs = {unit->planes, fast->lanes * size, 0, step};
        const void *first = zeros;
        if (y >= block->y.begin && y < block->y.end && x >= block->x.begin && x < block->x.end) {
            runs.from_step = plane_step * size;
            first = poolgrad_const_image_at(from->image, plane.n + from->n, plane.c + from->c, plane.z + from->z,
                                            y + from->y, x + from->x);
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
    const int64_t plane_step = one ? poolgrad_fast_plane_step(unit, from) : 0;
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

/* What is outside the image: in edge mode clamp no tap, else 0. */
static void clear_outside(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block,
                          int64_t phase_y, int64_t phase_x, bool no_tap, unsigned char *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_range x = loaded(fast, block, phase_x);
    const struct poolgrad_range y = poolgrad_fast_entries(&fast->y, phase_y, block->y.entry, block->y.entries,
                                                          block->y.begin, block->y.end);
    const int64_t columns = block->x.entries;
    const int64_t bytes = fast->lanes *
                          (fast->picks ? poolgrad_fast_key_bytes(fast->key) : poolgrad_fast_sum_bytes(fast->sum));
    const int64_t pitch = block->pitch * bytes;
    if (y.begin == 0 && y.end == block->y.entries && x.begin == 0 && x.end == columns) return;
    for (int64_t p = 0; p < unit->planes; p++) {
        unsigned char *at = to + p * block->rows * pitch;
        for (int64_t row = 0; row < block->y.entries; row++, at += pitch) {
            const bool inside = row >= y.begin && row < y.end;
            const int64_t begin = inside ? x.begin : columns, end = inside ? x.end : columns;
            if (no_tap) {
                poolgrad_fast_fill_keys(fast, at, begin * fast->lanes);
                poolgrad_fast_fill_keys(fast, at + end * bytes, (columns - end) * fast->lanes);
            } else {
                if (begin > 0) memset(at, 0, (size_t)(begin * bytes));
                if (end < columns) memset(at + end * bytes, 0, (size_t)((columns - end) * bytes));
            }
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

/* Stored elements as keys or values; whether a -0 may be among them. */
static bool convert(const struct poolgrad_fast_unit *unit, const void *from, struct poolgrad_rows rows, void *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const poolgrad_format format = unit->g->source.format;
    if (fast->picks) return unit->routines->key[fast->key][format](from, rows, fast->rule.nan, to);
    if (unit->g->kind == POOLGRAD_L2NORM) {
        unit->routines->square[format](from, rows, to);
    } else {
        unit->routines->load[fast->sum][format](from, rows, to);
    }
    return false;
}

static bool convert_pairs(const struct poolgrad_fast_unit *unit, const void *from, struct poolgrad_rows rows,
                          void *even, void *odd)
{
    const struct poolgrad_fast *fast = unit->fast;
    const poolgrad_format format = unit->g->source.format;
    if (fast->picks) return unit->routines->key_pairs[fast->key][format](from, rows, fast->rule.nan, even, odd);
    if (unit->g->kind == POOLGRAD_L2NORM) {
        unit->routines->square_pairs[format](from, rows, even, odd);
    } else {
        unit->routines->load_pairs[fast->sum][format](from, rows, even, odd);
    }
    return false;
}

/* A plane on its way into working memory: its rows there, one phase of y, and where they are in the image. */
struct passage {
    int64_t n, c, z, lanes; /* lanes in use */
    struct poolgrad_range rows;
    int64_t y;
    int64_t row_step, pitch; /* elements from row to row of the image, and of working memory */
    unsigned char *to;       /* entry 0 of row 0 of phase 0 */
    int64_t bytes, phase_bytes;
};

static const unsigned char *pixel_at(const struct poolgrad_fast_unit *unit, const struct passage *passage, int64_t x)
{
    return poolgrad_const_image_at(&unit->g->source, passage->n, passage->c, passage->z, passage->y, x);
}

static unsigned char *entry_at(const struct poolgrad_fast *fast, const struct passage *passage, int64_t phase,
                               int64_t entry)
{
    return passage->to + phase * passage->phase_bytes +
           (passage->rows.begin * passage->pitch + entry * fast->lanes) * passage->bytes;
}

static bool pass_pairs(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block,
                       const struct passage *passage)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_range columns[] = {loaded(fast, block, 0), loaded(fast, block, 1)};
    const int64_t begin = poolgrad_max(columns[0].begin, columns[1].begin);
    const int64_t end = poolgrad_max(begin, poolgrad_min(columns[0].end, columns[1].end));
    const int64_t first = poolgrad_fast_pixel(&fast->x, 0, block->x.entry);
    struct poolgrad_rows rows = {passage->rows.end - passage->rows.begin, end - begin, passage->row_step,
                                 passage->pitch};
    bool minus_zero = convert_pairs(unit, pixel_at(unit, passage, first + 2 * begin), rows,
                                    entry_at(fast, passage, 0, begin), entry_at(fast, passage, 1, begin));
    rows.count = 1;
    for (int p = 0; p < 2; p++) {
        for (int64_t i = columns[p].begin; i < columns[p].end; i++) {
            if (i == begin) i = poolgrad_max(i, end);
            if (i >= columns[p].end) break;
            minus_zero |= convert(unit, pixel_at(unit, passage, first + 2 * i + p), rows,
                                  entry_at(fast, passage, p, i));
        }
    }
    return minus_zero;
}

static bool pass_phase(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block,
                       const struct passage *passage, enum poolgrad_fast_way way, int64_t phase)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_range columns = loaded(fast, block, phase);
    const int64_t rows = passage->rows.end - passage->rows.begin, count = columns.end - columns.begin;
    const int64_t x = poolgrad_fast_pixel(&fast->x, phase, block->x.entry + columns.begin);
    const int64_t size = (int64_t)poolgrad_format_size(unit->g->source.format);
    if (count <= 0) return false;
    const unsigned char *from = pixel_at(unit, passage, x);
    unsigned char *to = entry_at(fast, passage, phase, columns.begin);
    if (way == POOLGRAD_WAY_ROWS) {
        const struct poolgrad_rows all = {rows, count * fast->lanes, passage->row_step, passage->pitch};
        return convert(unit, from, all, to);
    }
    const struct poolgrad_rows row = {count, passage->lanes, fast->x.stride * unit->g->source.column_stride,
                                      fast->lanes};
    bool minus_zero = false;
    for (int64_t i = 0; i < rows; i++) {
        minus_zero |= convert(unit, from + i * passage->row_step * size, row, to + i * passage->pitch * passage->bytes);
    }
    return minus_zero;
}

/* One phase of y of all planes, converted on their way. */
static bool pass(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block,
                 enum poolgrad_fast_way way, int64_t phase_y, unsigned char *to)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    struct passage passage = {.rows = poolgrad_fast_entries(&fast->y, phase_y, block->y.entry, block->y.entries,
                                                            block->y.begin, block->y.end),
                              .row_step = fast->y.stride * g->source.row_stride,
                              .pitch = block->pitch * fast->lanes,
                              .bytes = fast->picks ? poolgrad_fast_key_bytes(fast->key)
                                                   : poolgrad_fast_sum_bytes(fast->sum)};
    bool minus_zero = false;
    passage.y = poolgrad_fast_pixel(&fast->y, phase_y, block->y.entry + passage.rows.begin);
    passage.phase_bytes = poolgrad_fast_phase_size(fast, block) * passage.bytes;
    if (passage.rows.begin == passage.rows.end) return false;
    for (int64_t p = 0; p < unit->planes; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, unit->plane + p);
        const struct poolgrad_pixels pixels = {.n = plane.n + g->source_image,
                                               .c = plane.c + g->source_channel,
                                               .z = plane.z + fast->source_layer,
                                               .low = plane.low,
                                               .y = passage.y,
                                               .rows = passage.rows.end - passage.rows.begin};
        if (!plane.pooled) continue;
        prefetch(fast, &g->source, &pixels, block, distance_ahead(unit, &g->source));
        passage.n = pixels.n;
        passage.c = pixels.c + plane.low;
        passage.z = pixels.z;
        passage.lanes = plane.high - plane.low;
        passage.to = to + (p * block->rows * passage.pitch + plane.low) * passage.bytes;
        if (way == POOLGRAD_WAY_PAIRS) {
            minus_zero |= pass_pairs(unit, block, &passage);
            continue;
        }
        for (int64_t phase = 0; phase < fast->x.phases; phase++) {
            minus_zero |= pass_phase(unit, block, &passage, way, phase);
        }
    }
    return minus_zero;
}

/* Where small planes' elements are loaded from, relative to their plane's first one; -1 outside the image. By phases.
 */
static void list_places(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    const struct poolgrad_fast *fast = unit->fast;
    const poolgrad_const_image *image = &unit->g->source;
    int32_t *place = poolgrad_fast_area(unit, POOLGRAD_AREA_PLACES);
    for (int64_t phase = 0; phase < fast->y.phases * fast->x.phases; phase++) {
        for (int64_t i = 0; i < block->rows * block->pitch; i++) {
            const int64_t row = i / block->pitch, column = i % block->pitch;
            const int64_t y = poolgrad_fast_pixel(&fast->y, phase / fast->x.phases, block->y.entry + row);
            const int64_t x = poolgrad_fast_pixel(&fast->x, phase % fast->x.phases, block->x.entry + column);
            const bool inside = row < block->y.entries && column < block->x.entries && y >= block->y.begin &&
                                y < block->y.end && x >= block->x.begin && x < block->x.end;
            for (int64_t lane = 0; lane < fast->lanes; lane++) {
                const int64_t at = y * image->row_stride + x * image->column_stride + lane;
                *place++ = inside ? (int32_t)at : -1;
            }
        }
    }
}

/* One phase of y of all planes, by the list. */
static void collect(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *source,
                    const struct poolgrad_fast_block *block, int64_t phase_y, int64_t plane_step)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(unit->g, fast, unit->plane);
    const int64_t size = (int64_t)poolgrad_format_size(source->image->format);
    const int64_t plane_size = block->rows * block->pitch * fast->lanes;
    const struct poolgrad_rows planes = {unit->planes, plane_size, plane_step, plane_size};
    const void *from = poolgrad_const_image_at(source->image, plane.n + source->n, plane.c + source->c,
                                               plane.z + source->z, 0, 0);
    const int32_t *place = (const int32_t *)poolgrad_fast_area(unit, POOLGRAD_AREA_PLACES) +
                           phase_y * fast->x.phases * plane_size;
    unsigned char *to = poolgrad_fast_area(unit, POOLGRAD_AREA_RAW);
    for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++, place += plane_size) {
        unit->routines->collect[poolgrad_size_code(size)](from, place, planes, to);
        to += poolgrad_fast_phase_size(fast, block) * size;
    }
}

/* Stored elements of one phase of y, which are then converted. */
static bool load_and_convert(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *source,
                             const struct poolgrad_fast_block *block, int64_t phase_y, unsigned char *to)
{
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t size = (int64_t)poolgrad_format_size(source->image->format);
    const int64_t phase_size = poolgrad_fast_phase_size(fast, block);
    const int64_t bytes = fast->picks ? poolgrad_fast_key_bytes(fast->key) : poolgrad_fast_sum_bytes(fast->sum);
    const struct poolgrad_rows all = {1, extent(unit, block, block->y.entries, block->x.entries), 0, 0};
    const unsigned char *raw = poolgrad_fast_area(unit, POOLGRAD_AREA_RAW);
    const int64_t plane_step = fast->collects ? poolgrad_fast_plane_step(unit, source) : 0;
    bool minus_zero = false;
    if (fast->collects && phase_y == 0 && !unit->same_columns) list_places(unit, block);
    if (plane_step == 0) {
        poolgrad_fast_load(unit, source, block, phase_y, poolgrad_fast_area(unit, POOLGRAD_AREA_RAW));
    } else {
        collect(unit, source, block, phase_y, plane_step);
    }
    for (int64_t phase_x = 0; phase_x < fast->x.phases; phase_x++) {
        minus_zero |= convert(unit, raw + phase_x * phase_size * size, all, to + phase_x * phase_size * bytes);
    }
    return minus_zero;
}

bool poolgrad_fast_load_source(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    enum { LEAST_RUN = 8 }; /* of conversions; keys are made by whole vectors */
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_fast_image source = {&g->source, g->source_image, g->source_channel, fast->source_layer, 0,
                                               0};
    const int64_t bytes = fast->picks ? poolgrad_fast_key_bytes(fast->key) : poolgrad_fast_sum_bytes(fast->sum);
    const int64_t phase_bytes = poolgrad_fast_phase_size(fast, block) * bytes;
    const bool no_tap = fast->picks && g->edge_mode == POOLGRAD_EDGE_CLAMP;
    const enum poolgrad_fast_way way = poolgrad_fast_way_of(unit, &source, block->x.entries * fast->x.stride,
                                                            fast->picks ? unit->routines->vector_bytes / bytes
                                                                        : LEAST_RUN);
    unsigned char *to = poolgrad_fast_area(unit, POOLGRAD_AREA_SOURCE);
    bool minus_zero = false;
    for (int64_t phase_y = 0; phase_y < fast->y.phases; phase_y++, to += fast->x.phases * phase_bytes) {
        minus_zero |= way == POOLGRAD_WAY_NONE ? load_and_convert(unit, &source, block, phase_y, to)
                                               : pass(unit, block, way, phase_y, to);
        for (int64_t phase_x = 0; phase_x < fast->x.phases && (no_tap || way != POOLGRAD_WAY_NONE); phase_x++) {
            clear_outside(unit, block, phase_y, phase_x, no_tap, to + phase_x * phase_bytes);
        }
    }
    return minus_zero;
}

static enum poolgrad_fast_way way_of_plane(const struct poolgrad_fast_unit *unit,
                                           const struct poolgrad_fast_image *image,
                                           const struct poolgrad_fast_plane *plane, int64_t width, int64_t least)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct poolgrad_pixels pixels = {
        .n = plane->n + image->n, .c = plane->c + image->c, .low = plane->low, .high = plane->high};
    const bool dense = poolgrad_is_dense(image->image, &pixels, fast->lanes);
    if (dense && fast->x.stride == 1) return width * fast->lanes >= least ? POOLGRAD_WAY_ROWS : POOLGRAD_WAY_NONE;
    if (dense && fast->lanes == 1 && fast->x.stride == 2 && fast->x.phases == 2) {
        return width / 2 >= least ? POOLGRAD_WAY_PAIRS : POOLGRAD_WAY_NONE;
    }
    /* Of a slice's single pixels, all planes in one go are faster. */
    const bool slices = fast->lanes >= POOLGRAD_FAST_RUN && width > fast->x.stride;
    const bool runs = image->image->layout == POOLGRAD_NHWC || slices;
    const bool run = runs && poolgrad_is_run(image->image, &pixels);
    return run && plane->high - plane->low >= least ? POOLGRAD_WAY_PIXELS : POOLGRAD_WAY_NONE;
}

enum poolgrad_fast_way poolgrad_fast_way_of(const struct poolgrad_fast_unit *unit,
                                            const struct poolgrad_fast_image *image, int64_t width, int64_t least)
{
    const struct poolgrad_fast_plane first = poolgrad_fast_plane_at(unit->g, unit->fast, unit->plane);
    const enum poolgrad_fast_way way = way_of_plane(unit, image, &first, width, least);
    for (int64_t p = 1; p < unit->planes && way != POOLGRAD_WAY_NONE; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(unit->g, unit->fast, unit->plane + p);
        if (way_of_plane(unit, image, &plane, width, least) != way) return POOLGRAD_WAY_NONE;
    }
    return way;
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
    if (step < plane + INT64_C(2) * POOLGRAD_BLOCK) return (struct runs){1, 0, extent(unit, block, rows, columns)};
    return (struct runs){unit->planes, step, plane};
}

/* The search along y, of every row's outcome where the one along x has been. */
static void search(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block, const void *keys,
                   const void *taps, struct poolgrad_operands operands, bool with_taps)
{
    const struct poolgrad_fast *fast = unit->fast;
    const struct runs runs = window_runs(unit, block);
    const int64_t bytes = poolgrad_fast_key_bytes(fast->key);
    unsigned char *best = poolgrad_fast_area(unit, POOLGRAD_AREA_BEST);
    unsigned char *tap = poolgrad_fast_area(unit, POOLGRAD_AREA_TAP);
    for (int64_t run = 0; run < runs.runs; run++) {
        const int64_t at = run * runs.step * bytes;
        const unsigned char *key = (const unsigned char *)keys + at;
        const unsigned char *other = taps ? (const unsigned char *)taps + at : NULL;
        if (with_taps) {
            unit->routines->pick[fast->key](key, other, operands, fast->rule, runs.count, best + at, tap + at);
        } else {
            unit->routines->greatest[fast->key](key, operands, runs.count, best + at);
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
    const int64_t phase_bytes = poolgrad_fast_phase_size(fast, block) * poolgrad_fast_key_bytes(fast->key);
    unsigned char *row_best = poolgrad_fast_area(unit, POOLGRAD_AREA_ROW_BEST);
    unsigned char *row_tap = poolgrad_fast_area(unit, POOLGRAD_AREA_ROW_TAP);
    for (int64_t phase = 0; phase < fast->y.phases; phase++) {
        const int64_t at = phase * phase_bytes;
        const unsigned char *key = keys + at * fast->x.phases;
        if (with_taps) {
            unit->routines->pick[fast->key](key, NULL, along_x, fast->rule, count, row_best + at, row_tap + at);
        } else {
            unit->routines->greatest[fast->key](key, along_x, count, row_best + at);
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
        const int64_t at = run * runs.step * poolgrad_fast_sum_bytes(fast->sum);
        unit->routines->sum[fast->sum](values + at, both, runs.count, sums + at);
    }
}

int64_t poolgrad_fast_windows_size(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    return extent(unit, block, block->y.entries - unit->fast->y.reach, block->x.entries - unit->fast->x.reach);
}

void poolgrad_fast_norm(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block)
{
    poolgrad_fast_sum(unit, block);
    if (unit->g->root_mean) poolgrad_fast_divide(unit, block);
    unit->routines->root(poolgrad_fast_area(unit, POOLGRAD_AREA_BEST), poolgrad_fast_windows_size(unit, block));
}
