/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/fast.h"

#include <string.h>

#include "base/aligned.h"
#include "image/image.h"

enum {
    CHANNELS = 64,          /* of NHWC at once at least, if there are: four cache lines of float32 */
    STEP_BYTES = 128 << 10, /* working memory of a step: within a core's second-level cache */
    BAND_STEPS = 16,        /* a band's first step computes windows that its neighbour computes, too */
};

/* Beyond this, per thread, the reference computes. */
static const int64_t memory_limit = INT64_C(1) << 28;

/* ---- The routines ------------------------------------------------------------------------------------------------ */

/* 16 bits hold the keys of narrow formats, and taps as long as they are few enough. */
static int key_for(poolgrad_format format, int64_t taps)
{
    bool narrow = format == POOLGRAD_UNORM8 || format == POOLGRAD_FLOAT16 || format == POOLGRAD_BFLOAT16;
    if (format == POOLGRAD_FLOAT64) return POOLGRAD_KEY64;
    return narrow && taps <= INT16_MAX ? POOLGRAD_KEY16 : POOLGRAD_KEY32;
}

/* docs/numerics.md N30, N32, N33. Ties last: from the last tap to the first, the first one found; of NaNs, whose keys
 * are equal, the rule may want the other end. Ignored NaNs are below everything but nothing. */
static void choose_rule(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    static const int64_t highest[] = {INT16_MAX, INT32_MAX, INT64_MAX};
    static const int64_t lowest[] = {POOLGRAD_KEY_NONE(16) + 1, POOLGRAD_KEY_NONE(32) + 1, POOLGRAD_KEY_NONE(64) + 1};
    fast->reversed = fast->picks && g->ties == POOLGRAD_TIES_LAST;
    fast->rule.nan = g->nan == POOLGRAD_NAN_IGNORE ? lowest[fast->key] : highest[fast->key];
    fast->rule.last_nan = (g->nan == POOLGRAD_NAN_LAST) != fast->reversed;
}

/* Rows first costs each source row's search once and one across rows; by windows, each tap once. */
static bool is_separable(const struct poolgrad_fast *fast)
{
    const int64_t taps_x = fast->x.taps, taps_y = fast->y.taps;
    return 2 * taps_x * fast->y.phases + 3 * taps_y < 2 * taps_x * taps_y;
}

static void choose_routines(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    const int64_t taps = fast->x.taps * fast->y.taps;
    bool max = g->kind == POOLGRAD_MAX, gradient = g->direction == POOLGRAD_GRADIENT;
    fast->sum = g->wide || g->kind == POOLGRAD_L2NORM ? POOLGRAD_SUM64 : POOLGRAD_SUM32;
    fast->picks = max && !(gradient && g->with_indices);
    fast->key = key_for(g->source.format, taps);
    fast->shares = gradient && fast->picks && (g->ties == POOLGRAD_TIES_ALL || g->ties == POOLGRAD_TIES_SPLIT);
    fast->aligned = gradient && fast->picks && !fast->shares;
    fast->code_bytes = taps <= UINT8_MAX && !fast->shares ? 1 : 4;
    fast->same_taps = fast->x.first_tap == 0 && fast->y.first_tap == 0 && fast->x.taps == g->x.kernel;
    fast->separable = fast->picks && !fast->shares && is_separable(fast);
    choose_rule(g, fast);
}

/* Windows so far apart, or rows so short, that phases are not worth their while, unless pixels are runs of channels
 * themselves; of max also windows so large that most taps looked at are not the one. */
static void choose_rows(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    enum { LEAST_RUN = 16, FAR = 3, MANY = 6, LAYERS = 4 };
    const bool gradient = g->direction == POOLGRAD_GRADIENT && !fast->shares;
    const bool runs = fast->lanes >= (g->destination.layout == POOLGRAD_NHWC ? LEAST_RUN : POOLGRAD_FAST_RUN);
    const int64_t width = fast->columns.inside.end - fast->columns.inside.begin;
    const bool narrow = fast->x.stride == 2 && width * (int64_t)sizeof(float) / 2 < fast->routines->vector_bytes;
    const bool far = !runs && (fast->x.stride >= FAR || narrow);
    const int64_t looked_at = fast->x.taps * fast->y.taps / poolgrad_max(fast->x.phases * fast->y.phases, 1);
    if (g->kind == POOLGRAD_MAX) {
        fast->scatter = gradient && (far || looked_at > fast->routines->vector_bytes ||
                                     (!runs && fast->x.phases * fast->y.phases > MANY));
    } else {
        fast->spread = gradient && far && fast->x.reach < LAYERS && fast->y.reach < LAYERS;
    }
}

/* ---- The pieces -------------------------------------------------------------------------------------------------- */

static int64_t ceiling(int64_t a, int64_t b)
{
    return poolgrad_ceiling_divide(a, b);
}

/* Pieces of at most `most`, all about as large. */
static int64_t even(int64_t whole, int64_t most)
{
    const int64_t pieces = poolgrad_max(ceiling(whole, most), 1);
    return poolgrad_max(ceiling(whole, pieces), 1);
}

static struct poolgrad_fast_line make_line(const struct poolgrad_geometry *g, const struct poolgrad_fast_axis *axis,
                                           struct poolgrad_range written, int64_t to_source)
{
    struct poolgrad_fast_line line = {.written = written, .pixels = 1};
    if (g->direction == POOLGRAD_FORWARD) {
        line.inside = (struct poolgrad_range){axis->output, axis->output + axis->windows};
        line.origin = axis->output;
        line.entries = axis->windows;
        return line;
    }
    int64_t begin = poolgrad_clamp(-to_source, written.begin, written.end);
    line.inside = (struct poolgrad_range){begin, poolgrad_clamp(axis->size - to_source, begin, written.end)};
    if (axis->windows == 0) line.inside.end = begin;
    line.origin = axis->first - to_source;
    line.pixels = axis->stride;
    if (line.inside.begin == line.inside.end) return line;
    line.entry = poolgrad_fast_entry(axis, line.inside.begin + to_source);
    line.entries = poolgrad_fast_entry(axis, line.inside.end - 1 + to_source) + 1 - line.entry;
    return line;
}

struct poolgrad_fast_cut poolgrad_fast_cut_make(const struct poolgrad_fast_line *line, int64_t entry, int64_t end)
{
    struct poolgrad_fast_cut cut = {.written = line->written, .entry = entry, .entries = end - entry};
    if (entry > line->entry) cut.written.begin = line->origin + line->pixels * entry;
    if (end < line->entry + line->entries) cut.written.end = line->origin + line->pixels * end;
    cut.inside.begin = poolgrad_clamp(line->inside.begin, cut.written.begin, cut.written.end);
    cut.inside.end = poolgrad_clamp(line->inside.end, cut.inside.begin, cut.written.end);
    return cut;
}

/* Bytes of working memory per lane of an entry. */
static int64_t bytes_per_entry(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast)
{
    const int64_t phases = fast->x.phases * fast->y.phases;
    const int64_t source = fast->picks ? poolgrad_fast_key_bytes(fast->key) : poolgrad_fast_sum_bytes(fast->sum);
    const int64_t stored = (int64_t)poolgrad_format_size(g->destination.format);
    int64_t bytes = 0;
    if (fast->picks || g->kind == POOLGRAD_L2NORM || g->direction == POOLGRAD_FORWARD) bytes += (phases + 2) * source;
    if (g->direction == POOLGRAD_GRADIENT) {
        bytes += poolgrad_fast_sum_bytes(fast->sum) * (1 + fast->x.phases) +
                 stored * fast->x.phases * (1 + fast->y.phases);
    }
    return bytes + 8;
}

/* Channels of NHWC: all if the rows that a row of results needs fit, else as many as do, for a pixel of all its
 * channels is one run of memory. */
static int64_t choose_channels(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast, int64_t channels)
{
    const int64_t rows = 1 + fast->y.reach, columns = fast->columns.entries + fast->x.reach;
    const int64_t entries = poolgrad_max(poolgrad_min(rows, STEP_BYTES) * poolgrad_min(columns, STEP_BYTES), 1);
    return even(channels, poolgrad_max(STEP_BYTES / bytes_per_entry(g, fast) / entries, CHANNELS));
}

static void choose_lanes(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    const int64_t channels = g->channels.end - g->channels.begin;
    fast->lanes = 1;
    fast->blocks = 0;
    if (channels > 0 && g->destination.layout == POOLGRAD_NHWC) {
        fast->lanes = choose_channels(g, fast, channels);
        fast->blocks = ceiling(channels, fast->lanes);
    } else if (channels > 0) {
        fast->lanes = poolgrad_layout_lanes(g->destination.layout);
        fast->blocks = ceiling(g->channels.end, fast->lanes) - g->channels.begin / fast->lanes;
    }
    /* Too many to count are planes of no pixels. */
    if (!poolgrad_multiply(g->images.end - g->images.begin, fast->blocks, &fast->planes) ||
        !poolgrad_multiply(fast->planes, fast->layers, &fast->planes)) {
        fast->planes = 0;
    }
}

/* How many entries of a row, rows of a step and planes fit, without too much of what neighbours share. */
static void choose_pieces(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    const int64_t budget = STEP_BYTES / poolgrad_min(bytes_per_entry(g, fast), STEP_BYTES) / fast->lanes;
    const int64_t reach_x = fast->x.reach, reach_y = fast->y.reach;
    const int64_t rows_at_least = 1 + poolgrad_min(reach_y, budget);
    int64_t columns = budget / rows_at_least - reach_x;
    columns = poolgrad_max(columns, poolgrad_min(4 * reach_x, budget) + 16);
    fast->tile = even(fast->columns.entries, columns);
    fast->tiles = poolgrad_max(ceiling(fast->columns.entries, fast->tile), 1);
    int64_t pitch = fast->tile + reach_x;
    int64_t rows = poolgrad_max(budget / pitch - reach_y, reach_y / 2 + 1);
    fast->step = even(fast->rows.entries, rows);
    fast->group = 1;
    if (fast->step >= fast->rows.entries && fast->tiles == 1) {
        int64_t plane = pitch * (fast->step + reach_y);
        fast->group = poolgrad_clamp(budget / poolgrad_max(plane, 1), 1, poolgrad_max(fast->planes, 1));
    }
    fast->band = even(ceiling(fast->rows.entries, fast->step), BAND_STEPS) * fast->step;
    fast->bands = poolgrad_max(ceiling(fast->rows.entries, fast->band), 1);
    fast->units = ceiling(fast->planes, fast->group) * fast->tiles * fast->bands;
}

/* ---- Working memory ---------------------------------------------------------------------------------------------- */

/* Adds an area of count elements (a product of up to four numbers) with room for what is computed behind it. */
struct layout {
    struct poolgrad_fast *fast;
    bool fits;
};

static void place(struct layout *layout, enum poolgrad_fast_area area, int64_t size, int64_t a, int64_t b, int64_t c,
                  int64_t d)
{
    const int64_t factors[] = {b, c, d, size};
    int64_t bytes = a;
    for (int i = 0; i < 4; i++) layout->fits = layout->fits && poolgrad_multiply(bytes, factors[i], &bytes);
    layout->fits = layout->fits && bytes <= memory_limit;
    if (!layout->fits) return;
    bytes = poolgrad_ceiling_divide(bytes + INT64_C(2) * POOLGRAD_BLOCK * size, POOLGRAD_CACHE_LINE) *
            POOLGRAD_CACHE_LINE;
    /* Areas of a size that is a power of two would meet in the same places of a cache: a line apart, they do not. */
    layout->fast->area[area] = layout->fast->bytes;
    layout->fast->bytes += bytes + POOLGRAD_CACHE_LINE;
    layout->fits = layout->fast->bytes <= memory_limit;
}

/* Destination pixels of a step along an axis. */
static int64_t pixels_of(const struct poolgrad_fast_line *line, int64_t entries)
{
    int64_t pixels = line->inside.end - line->inside.begin, most;
    return poolgrad_multiply(entries, line->pixels, &most) ? poolgrad_min(pixels, most) : pixels;
}

/* An element per destination pixel of a step: of all phases of a row, or in rows. */
static void place_pixels(struct layout *layout, enum poolgrad_fast_area area, int64_t size)
{
    const struct poolgrad_fast *fast = layout->fast;
    const int64_t group = fast->group;
    if (fast->spread || fast->scatter) {
        place(layout, area, size, group, fast->lanes, pixels_of(&fast->columns, fast->tile),
              pixels_of(&fast->rows, fast->step));
        return;
    }
    place(layout, area, size, fast->x.phases, group, fast->window_rows * fast->lanes, fast->window_pitch);
}

/* Whether planes of the source are small, several to a step, and a list can say where each element is. */
static bool is_collected(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast)
{
    enum { SMALL = 256 }; /* elements of a phase; above, moving rows is faster */
    const poolgrad_const_image *source = &g->source;
    int64_t last_row, last_column;
    if (fast->group == 1 || fast->source_rows * fast->source_pitch * fast->lanes > SMALL) return false;
    return source->row_stride > 0 && source->column_stride > 0 &&
           poolgrad_multiply(source->row_stride, source->height, &last_row) && last_row < INT32_MAX / 2 &&
           poolgrad_multiply(source->column_stride, source->width, &last_column) && last_column < INT32_MAX / 2;
}

/* The source, and what windows find in it. */
static void place_source(struct layout *layout)
{
    const struct poolgrad_fast *fast = layout->fast;
    const int64_t group = fast->group, plane = fast->source_rows * fast->lanes, pitch = fast->source_pitch;
    const int64_t phases_x = fast->x.phases, phases_y = fast->y.phases;
    const int64_t key = poolgrad_fast_key_bytes(fast->key),
                  element = fast->picks ? key : poolgrad_fast_sum_bytes(fast->sum);
    place(layout, POOLGRAD_AREA_RAW, 8, phases_x, group, plane, pitch);
    place(layout, POOLGRAD_AREA_SOURCE, element, phases_x * phases_y, group, plane, pitch);
    if (fast->separable) {
        place(layout, POOLGRAD_AREA_ROW_BEST, key, phases_y, group, plane, pitch);
        place(layout, POOLGRAD_AREA_ROW_TAP, key, phases_y, group, plane, pitch);
    }
    if (fast->collects) place(layout, POOLGRAD_AREA_PLACES, sizeof(int32_t), phases_x * phases_y, 1, plane, pitch);
    place(layout, POOLGRAD_AREA_BEST, 8, 1, group, plane, pitch);
    place(layout, POOLGRAD_AREA_TAP, key, 1, group, plane, pitch);
    if (fast->shares) place(layout, POOLGRAD_AREA_TIES, 4, 1, group, plane, pitch);
    place(layout, POOLGRAD_AREA_TAPS, sizeof(struct poolgrad_operand), fast->y.taps + 1, fast->x.taps + 1, 1, 1);
}

/* A gradient's windows and pixels. */
static void place_gradient(struct layout *layout, poolgrad_format format)
{
    const struct poolgrad_fast *fast = layout->fast;
    const int64_t lanes = fast->lanes, plane = fast->window_rows * lanes, pitch = fast->window_pitch;
    const int64_t width = pixels_of(&fast->columns, fast->tile), height = pixels_of(&fast->rows, fast->step);
    const int64_t layers_x = fast->x.reach + 1, layers_y = fast->y.reach + 1, key = poolgrad_fast_key_bytes(fast->key);
    place(layout, POOLGRAD_AREA_CODE, fast->code_bytes, 1, fast->group, plane, pitch);
    place(layout, POOLGRAD_AREA_GRADIENT, poolgrad_fast_sum_bytes(fast->sum), 1, fast->group, plane, pitch);
    if (fast->shares) place(layout, POOLGRAD_AREA_GREATEST, key, 1, fast->group, plane, pitch);
    place_pixels(layout, POOLGRAD_AREA_SUMS, poolgrad_fast_sum_bytes(fast->sum));
    place_pixels(layout, POOLGRAD_AREA_RESULTS, 8);
    place_pixels(layout, POOLGRAD_AREA_BEFORE, 8);
    place_pixels(layout, POOLGRAD_AREA_OPERAND, 8);
    place(layout, POOLGRAD_AREA_COVERED, 1, 1, 1, 1, width);
    place(layout, POOLGRAD_AREA_WINDOWS, sizeof(struct poolgrad_operand), fast->y.taps + 1, fast->x.taps + 1, 1, 1);
    if (fast->spread) place(layout, POOLGRAD_AREA_MAP, sizeof(int32_t), layers_x, 1, lanes, width);
    if (fast->by_plane) {
        place(layout, POOLGRAD_AREA_PLANE_MAP, sizeof(int32_t), layers_x * layers_y, lanes, width, height);
    }
    if (fast->stream && !fast->spread && !fast->scatter) {
        const int64_t size = (int64_t)poolgrad_format_size(format);
        place(layout, POOLGRAD_AREA_STAGE, size, fast->group, lanes, width, height);
    }
}

static bool lay_out(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    const bool gradient = g->direction == POOLGRAD_GRADIENT;
    const int64_t lanes = fast->lanes, rows = poolgrad_max(fast->source_rows, fast->window_rows);
    const int64_t widest = poolgrad_max(fast->source_pitch, fast->window_pitch);
    struct layout layout = {fast, true};
    fast->bytes = 0;
    if (fast->picks || g->kind == POOLGRAD_L2NORM || !gradient) place_source(&layout);
    if (gradient) {
        place_gradient(&layout, g->destination.format);
    } else {
        place(&layout, POOLGRAD_AREA_RESULTS, 8, 1, fast->group, fast->source_rows * lanes, fast->source_pitch);
        place(&layout, POOLGRAD_AREA_CODE, 4, 1, 1, lanes, fast->source_pitch);
    }
    place(&layout, POOLGRAD_AREA_LINE, 8, 1, gradient ? fast->window_rows : fast->source_rows, lanes, widest);
    place(&layout, POOLGRAD_AREA_DIVISORS, 8, POOLGRAD_FAST_DIVISORS, 1, lanes, widest);
    place(&layout, POOLGRAD_AREA_DIVISORS_FOR, 8, POOLGRAD_FAST_DIVISORS, 1, 1, 1);
    place(&layout, POOLGRAD_AREA_COUNTS, 8, 1, 1, 1, widest);
    place(&layout, POOLGRAD_AREA_ROW_COUNTS, 8, 1, 1, 1, rows);
    return layout.fits;
}

/* Whether what is written leaves the caches anyway, so that it need not go through them. */
static bool is_streamed(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast)
{
    int64_t bytes = (int64_t)poolgrad_format_size(g->destination.format);
    return !poolgrad_multiply(bytes, fast->planes, &bytes) || !poolgrad_multiply(bytes, fast->lanes, &bytes) ||
           !poolgrad_multiply(bytes, g->rows.end - g->rows.begin, &bytes) ||
           !poolgrad_multiply(bytes, g->columns.end - g->columns.begin, &bytes) || bytes > g->cache / 2;
}

/* Whether each layer is pooled by itself, if there is a third axis: windows of one layer, neighbours of which each
 * layer that is written has one. Then layers are more planes. */
static bool find_layers(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    const struct poolgrad_axis *z = &g->z;
    const bool gradient = g->direction == POOLGRAD_GRADIENT;
    if (z->table || z->kernel != 1 || (z->stride != 1 && z->end - z->begin > 1)) return false;
    fast->layers = poolgrad_range_length(g->layers);
    fast->source_layer = gradient ? g->source_layer : z->first - z->begin;
    fast->gradient_layer = gradient ? g->source_layer - z->first + z->begin : 0;
    const struct poolgrad_range *layers = &g->layers;
    return layers->begin + fast->source_layer >= 0 && layers->end + fast->source_layer <= z->size &&
           layers->begin + fast->gradient_layer >= z->begin && layers->end + fast->gradient_layer <= z->end;
}

/* All but what the plain loops compute: windows of several layers, tables, and what is gathered at indices. */
static bool is_planar(const struct poolgrad_geometry *g, struct poolgrad_fast *fast)
{
    const bool gathers = g->direction == POOLGRAD_FORWARD && g->with_indices;
    return !g->x.table && !g->y.table && !gathers && find_layers(g, fast);
}

bool poolgrad_fast_make(const struct poolgrad_geometry *g, const struct poolgrad_routines *routines,
                        struct poolgrad_fast *fast)
{
    const bool gradient = g->direction == POOLGRAD_GRADIENT;
    const int64_t outside = g->kind == POOLGRAD_MAX && g->edge_mode == POOLGRAD_EDGE_ZERO;
    memset(fast, 0, sizeof *fast);
    if (!is_planar(g, fast)) return false;
    fast->routines = routines;
    fast->x = poolgrad_fast_axis_make(&g->x, outside);
    fast->y = poolgrad_fast_axis_make(&g->y, outside);
    /* Without windows on one axis there are none, and nothing to do along the other. */
    if (fast->x.windows == 0 || fast->y.windows == 0) {
        fast->x.windows = fast->x.taps = fast->x.phases = fast->x.reach = 0;
        fast->y.windows = fast->y.taps = fast->y.phases = fast->y.reach = 0;
    }
    if (fast->x.taps > INT32_MAX || fast->y.taps > INT32_MAX / poolgrad_max(fast->x.taps, 1)) return false;
    fast->columns = make_line(g, &fast->x, g->columns, gradient ? g->source_column : 0);
    fast->rows = make_line(g, &fast->y, g->rows, gradient ? g->source_row : 0);
    choose_routines(g, fast);
    choose_lanes(g, fast);
    choose_rows(g, fast);
    fast->stream = is_streamed(g, fast);
    if (fast->x.reach > memory_limit || fast->y.reach > memory_limit) return false;
    choose_pieces(g, fast);
    /* The entry behind a row of windows stands for none: a spread reads it for pixels without a window. */
    fast->window_pitch = fast->tile + fast->x.reach * (fast->aligned ? 2 : 1) + fast->spread;
    fast->window_rows = fast->step + fast->y.reach;
    fast->source_pitch = (gradient ? poolgrad_min(fast->window_pitch, fast->x.windows) : fast->tile) + fast->x.reach;
    if (fast->aligned) fast->source_pitch = fast->window_pitch;
    fast->by_plane = fast->spread && fast->tiles == 1 && fast->step >= fast->rows.entries;
    fast->source_rows = (gradient ? poolgrad_min(fast->window_rows, fast->y.windows) : fast->step) + fast->y.reach;
    fast->collects = is_collected(g, fast);
    return lay_out(g, fast);
}

struct poolgrad_fast_plane poolgrad_fast_plane_at(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast,
                                                  int64_t plane)
{
    const int64_t whole = plane / fast->blocks, block = plane % fast->blocks;
    const int64_t image = fast->layers == 1 ? whole : whole / fast->layers;
    const int64_t c = g->channels.begin - poolgrad_layout_lane(g->destination.layout, g->channels.begin) +
                      block * fast->lanes;
    return (struct poolgrad_fast_plane){.n = g->images.begin + image,
                                        .c = c,
                                        .z = g->layers.begin + whole - image * fast->layers,
                                        .low = poolgrad_max(g->channels.begin - c, 0),
                                        .high = poolgrad_min(g->channels.end - c, fast->lanes),
                                        .pooled = image < g->pooled_images};
}
