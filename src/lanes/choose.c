/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan in lanes decides: where images lie in lanes, what is direct, and how a problem is cut to units. */
#include <string.h>

#include "base/aligned.h"
#include "base/integer.h"
#include "lanes/columns.h"

enum {
    LEAST_LANES = 8,          /* neighbouring channels that are worth a walk of their own */
    MOST_LANES = 512,         /* of a group in place */
    RING_BYTES = 192 << 10,   /* rows of windows that are kept: within a core's second-level cache */
    ROWS_BYTES = 512 << 10,   /* transposed source rows */
    WAITING_BYTES = 32 << 10, /* results that are transposed together: within its first-level cache */
    UNIT_ELEMENTS = 64 << 10,
    SUMS_BYTES = 64 << 20, /* what is scattered in working memory */
    WHOLE_RING = 48 << 10, /* of a slice: all rows of windows of a layer */
    SHORT_ROW = 2048,      /* elements of rows of pixels that are given together */
    OVERLAP = 4,           /* a band has at least so many times the rows that it shares with the next */
};

/* Beyond this, per thread, others compute. */
static const int64_t memory_limit = INT64_C(1) << 28;

/* Large numbers are alike. */
static int64_t times(int64_t a, int64_t b)
{
    enum { LARGE_BITS = 56 };
    int64_t product;
    const int64_t large = INT64_C(1) << LARGE_BITS;
    return poolgrad_multiply(a, b, &product) ? poolgrad_min(product, large) : large;
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

bool poolgrad_lanes_has_image(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                              enum poolgrad_lanes_image which)
{
    switch (which) {
    case POOLGRAD_LANES_SOURCE: return lanes->reads_source;
    case POOLGRAD_LANES_GRADIENT: return g->direction == POOLGRAD_GRADIENT;
    case POOLGRAD_LANES_INDICES: return g->with_indices;
    case POOLGRAD_LANES_PICKS: return g->with_picks;
    default: return true;
    }
}

int64_t poolgrad_lanes_channel_shift(const struct poolgrad_geometry *g, enum poolgrad_lanes_image which)
{
    if (which == POOLGRAD_LANES_SOURCE) return g->source_channel;
    return which == POOLGRAD_LANES_GRADIENT || which == POOLGRAD_LANES_INDICES ? g->gradient_channel : 0;
}

/* Channels that are neighbours: all, or those of a slice. */
static int64_t neighbours(const poolgrad_const_image *image)
{
    if (poolgrad_layout_is_blocked(image->layout)) return poolgrad_layout_lanes(image->layout);
    return image->channel_stride == 1 ? INT64_MAX : 1;
}

/* Images whose channels are neighbours are read and written in place, in groups that lie in a slice of each. */
static void find_places(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const int64_t channels = poolgrad_range_length(g->channels);
    int64_t slice = INT64_MAX;
    for (enum poolgrad_lanes_image i = 0; i < POOLGRAD_LANES_IMAGES; i++) {
        const int64_t count = neighbours(poolgrad_lanes_image_of(g, i));
        lanes->in_place[i] = poolgrad_lanes_has_image(g, lanes, i) && poolgrad_min(count, channels) >= LEAST_LANES;
        if (lanes->in_place[i]) slice = poolgrad_min(slice, count);
    }
    for (enum poolgrad_lanes_image i = 0; i < POOLGRAD_LANES_IMAGES; i++) {
        const bool sliced = poolgrad_layout_is_blocked(poolgrad_lanes_image_of(g, i)->layout);
        if (sliced && poolgrad_lanes_channel_shift(g, i) % slice != 0) lanes->in_place[i] = false;
        lanes->any_in_place = lanes->any_in_place || lanes->in_place[i];
    }
    lanes->slice = slice;
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

static enum poolgrad_lanes_outcome make_axis(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis,
                                             struct poolgrad_range written, int64_t shift, bool by_code,
                                             struct poolgrad_axis_lists *lists)
{
    const struct poolgrad_range none = {0, 0}, outputs = {axis->begin, axis->end};
    if (g->direction == POOLGRAD_FORWARD) return poolgrad_axis_lists_make(g, axis, written, none, 0, by_code, lists);
    return poolgrad_axis_lists_make(g, axis, outputs, written, shift, by_code, lists);
}

static enum poolgrad_lanes_outcome make_lists(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const bool max = g->kind == POOLGRAD_MAX;
    enum poolgrad_lanes_outcome outcome = make_axis(g, &g->z, g->layers, g->source_layer, max, &lanes->z);
    if (outcome != POOLGRAD_LANES_MADE) return outcome;
    outcome = make_axis(g, &g->y, g->rows, g->source_row, max, &lanes->y);
    if (outcome != POOLGRAD_LANES_MADE) return outcome;
    return make_axis(g, &g->x, g->columns, g->source_column, max, &lanes->x);
}

/* Whether codes are numbers of taps, as images hold them. */
static bool has_same_numbers(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const struct poolgrad_axis_lists *const lists[] = {&lanes->x, &lanes->y, &lanes->z};
    const struct poolgrad_axis *const axes[] = {&g->x, &g->y, &g->z};
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (axes[i]->table || lists[i]->numbers.base != 0 || lists[i]->numbers.count != axes[i]->kernel) return false;
    }
    /* Forward, a tap outside is none. */
    return g->direction == POOLGRAD_GRADIENT || g->edge_mode == POOLGRAD_EDGE_CLAMP;
}

/* ---- Ways -------------------------------------------------------------------------------------------------------- */

/* The format of the rows that windows are found in. */
static poolgrad_format rows_format(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    return lanes->columns.used ? poolgrad_lanes_columns_numbers(g) : g->source.format;
}

static bool gives_stored(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const struct poolgrad_routines *routines = lanes->routines;
    const poolgrad_format format = g->destination.format;
    if (g->add_to_destination) return false;
    switch (g->kind) {
    case POOLGRAD_AVERAGE: return routines->give_sum[lanes->sum][format];
    case POOLGRAD_L2NORM: return rows_format(g, lanes) == format;
    default: return routines->give_pick8[lanes->sum][format];
    }
}

static bool is_direct(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const poolgrad_const_image *held = &g->held;
    if (g->direction == POOLGRAD_GRADIENT) return gives_stored(g, lanes);
    if (rows_format(g, lanes) != g->destination.format) return false;
    if (lanes->columns.used) return true;
    /* Codes are as far apart as results. */
    const int64_t step = lanes->in_place[POOLGRAD_LANES_DESTINATION] ? held->column_stride : lanes->lanes;
    return !g->with_picks || (step >= lanes->lanes && step <= OVERLAP * lanes->lanes);
}

/* Elements from window to window of a gradient's ring: where the source gradient is what windows give, as it has them.
 */
static void choose_window_pitch(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const poolgrad_const_image *gradient = &g->source_gradient, *indices = &g->indices;
    const int64_t step = gradient->column_stride;
    const bool tap8 = lanes->same_numbers && lanes->code_bytes == 1;
    lanes->window_pitch = lanes->lanes;
    if (lanes->columns.used) return;
    if (g->direction == POOLGRAD_FORWARD) {
        lanes->codes_in_place = g->with_picks && tap8 && g->picks.format == POOLGRAD_TAP8;
        if (lanes->direct && lanes->in_place[POOLGRAD_LANES_DESTINATION]) lanes->window_pitch = g->held.column_stride;
        return;
    }
    lanes->codes_in_place = g->with_indices && tap8 && indices->format == POOLGRAD_TAP8;
    /* What is put is what the destination stores. */
    const bool as_it_is = !lanes->puts || poolgrad_lanes_holds_numbers(lanes, g->destination.format);
    const bool in_place = g->kind == POOLGRAD_MAX && !lanes->ties && lanes->in_place[POOLGRAD_LANES_GRADIENT] &&
                          as_it_is && poolgrad_lanes_holds_numbers(lanes, gradient->format) &&
                          (uintptr_t)gradient->data % (uintptr_t)poolgrad_format_size(gradient->format) == 0;
    const bool same = lanes->codes_in_place && lanes->in_place[POOLGRAD_LANES_INDICES] &&
                      indices->column_stride == step;
    lanes->shares_in_place = in_place && (same || (step >= lanes->lanes && step <= OVERLAP * lanes->lanes));
    lanes->both_in_place = lanes->shares_in_place && same;
    if (lanes->shares_in_place) lanes->window_pitch = step;
}

/* Whether results of neighbouring rows, and their picks, lie alike, and nothing moves rows one by one. */
static bool finds_rows_together(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const bool in_place = lanes->in_place[POOLGRAD_LANES_SOURCE] && lanes->in_place[POOLGRAD_LANES_DESTINATION];
    if (g->direction != POOLGRAD_FORWARD || lanes->columns.used || lanes->gathers) return false;
    if (!in_place || !lanes->direct || lanes->chunked) return false;
    return !g->with_picks || lanes->in_place[POOLGRAD_LANES_PICKS];
}

/* Whether rows have few pixels that are not like the one before, and lie apart from those of other planes. */
static bool fills_runs(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { PIXELS = 5 };
    if (g->direction != POOLGRAD_GRADIENT || g->kind != POOLGRAD_AVERAGE || !lanes->direct) return false;
    if (lanes->columns.used || lanes->in_place[POOLGRAD_LANES_DESTINATION] || g->held.column_stride != 1) return false;
    return lanes->x.in_order && times(lanes->x.pixel_runs, PIXELS) <= poolgrad_range_length(g->columns);
}

/* ---- Working memory ---------------------------------------------------------------------------------------------- */

struct layout {
    struct poolgrad_lanes *lanes;
    bool fits;
};

/* Adds an area of a * b * c elements, with room for routines that round counts up. */
static void place(struct layout *layout, enum poolgrad_lanes_area area, int64_t size, int64_t a, int64_t b, int64_t c)
{
    const int64_t factors[] = {b, c, size};
    int64_t bytes = a;
    for (int i = 0; i < 3; i++) layout->fits = layout->fits && poolgrad_multiply(bytes, factors[i], &bytes);
    layout->fits = layout->fits && bytes >= 0 && bytes <= memory_limit;
    if (!layout->fits) return;
    bytes = poolgrad_ceiling_divide(bytes + POOLGRAD_BLOCK * size, POOLGRAD_CACHE_LINE) * POOLGRAD_CACHE_LINE;
    /* Areas of a size that is a power of two would meet in the same places of a cache: a line apart, they do not. */
    layout->lanes->area[area] = layout->lanes->bytes;
    layout->lanes->bytes += bytes + POOLGRAD_CACHE_LINE;
    layout->fits = layout->lanes->bytes <= memory_limit;
}

static int64_t size_of(const poolgrad_const_image *image)
{
    return (int64_t)poolgrad_format_size(image->format);
}

/* Columns as lanes. */
static void place_columns(const struct poolgrad_geometry *g, struct layout *layout, int64_t slots, int64_t source_slots)
{
    const struct poolgrad_lanes *lanes = layout->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t widest = poolgrad_max(poolgrad_range_length(columns->source), poolgrad_range_length(g->columns));
    const int64_t sums = poolgrad_lanes_number_bytes(lanes->sum), windows = lanes->window_elements;
    const int64_t number = (int64_t)poolgrad_format_size(poolgrad_lanes_columns_numbers(g));
    const int64_t source = poolgrad_lanes_source_elements(columns), sets = columns->sets * columns->grain;
    place(layout, POOLGRAD_LANES_ROWS_TAGS, sizeof(int64_t), source_slots, 1, 1);
    place(layout, POOLGRAD_LANES_RING_TAGS, sizeof(int64_t), slots, 1, 1);
    place(layout, POOLGRAD_LANES_RAW, sizeof(double), widest, sets, 1);
    if (lanes->reads_source) {
        place(layout, POOLGRAD_LANES_ROWS, number, source_slots, source, 1);
        place(layout, POOLGRAD_LANES_LOADED, number, widest, sets, 1);
    }
    place(layout, POOLGRAD_LANES_STAGE, size_of(&g->held), columns->staged, poolgrad_range_length(g->columns), sets);
    if (columns->separable) {
        place(layout, POOLGRAD_LANES_BEST, number, source_slots, columns->phase_step, 1);
        place(layout, POOLGRAD_LANES_BEST_CODES, lanes->code_bytes, source_slots, columns->phase_step, 1);
        place(layout, POOLGRAD_LANES_BEST_TAGS, sizeof(int64_t), source_slots, 1, 1);
    }
    if (g->kind == POOLGRAD_MAX && (g->direction == POOLGRAD_GRADIENT || g->with_picks))
        place(layout, POOLGRAD_LANES_CODES, lanes->code_bytes, slots, windows, 1);
    if (g->direction == POOLGRAD_FORWARD) return;
    place(layout, POOLGRAD_LANES_SHARES, sums, slots, windows, 1);
    if (lanes->scatters) return;
    place(layout, POOLGRAD_LANES_PHASED, sums, source, 1, 1);
    place(layout, POOLGRAD_LANES_PHASES, sizeof(struct poolgrad_lanes_phase), g->x.kernel, 1, 1);
}

static void place_rings(const struct poolgrad_geometry *g, struct layout *layout)
{
    const struct poolgrad_lanes *lanes = layout->lanes;
    const int64_t windows = poolgrad_range_length(lanes->x.outputs);
    const int64_t slots = lanes->stack * lanes->window_slots_z * lanes->window_slots_y;
    const int64_t source_slots = lanes->source_slots_z * lanes->source_slots_y;
    if (lanes->columns.used) {
        place_columns(g, layout, slots, source_slots);
        return;
    }
    place(layout, POOLGRAD_LANES_ROWS_TAGS, sizeof(int64_t), source_slots, 1, 1);
    place(layout, POOLGRAD_LANES_RING_TAGS, sizeof(int64_t), slots, 1, 1);
    if (lanes->reads_source && !lanes->in_place[POOLGRAD_LANES_SOURCE]) {
        place(layout, POOLGRAD_LANES_ROWS, size_of(&g->source), source_slots, g->source.width, lanes->lanes);
    }
    if (g->direction == POOLGRAD_GRADIENT && !lanes->shares_in_place) {
        place(layout, POOLGRAD_LANES_SHARES, poolgrad_lanes_number_bytes(lanes->sum), slots, windows,
              lanes->window_pitch);
    }
    const bool searches = g->kind == POOLGRAD_MAX && (g->direction == POOLGRAD_GRADIENT || lanes->chunked);
    if ((g->with_picks || searches) && !lanes->both_in_place) {
        const bool kept = g->direction == POOLGRAD_FORWARD && lanes->rows_together && !lanes->codes_follow;
        if (kept)
            place(layout, POOLGRAD_LANES_CODES, lanes->code_bytes, lanes->codes_span, 1, 1);
        else
            place(layout, POOLGRAD_LANES_CODES, lanes->code_bytes, slots, windows, lanes->window_pitch);
    }
}

static void place_sums(const struct poolgrad_geometry *g, struct layout *layout)
{
    const struct poolgrad_lanes *lanes = layout->lanes;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum) * lanes->lanes;
    const int64_t rows = lanes->by_layers ? poolgrad_range_length(g->rows) : 1;
    if (lanes->scatters || lanes->gathers) place(layout, POOLGRAD_LANES_LANES, sizeof(void *), lanes->lanes, 3, 1);
    if (!lanes->scatters) return;
    place(layout, POOLGRAD_LANES_PLACES, POOLGRAD_LANES_PLACE_BYTES, POOLGRAD_LANES_MOST_PLACES, 1, 1);
    if (lanes->sums) place(layout, POOLGRAD_LANES_SUMS, bytes, lanes->band, rows, g->x.size);
}

static void place_ties(const struct poolgrad_geometry *g, struct layout *layout)
{
    const struct poolgrad_lanes *lanes = layout->lanes;
    const int64_t key = g->source.format == POOLGRAD_FLOAT64 ? 8 : 4;
    const int64_t slots = lanes->window_slots_z * lanes->window_slots_y;
    const int64_t rows = lanes->z.most_windows * lanes->y.most_windows;
    if (!lanes->ties) return;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t pixels = columns->used ? poolgrad_lanes_source_elements(columns) : g->x.size * lanes->lanes;
    place(layout, POOLGRAD_LANES_GREATEST, key, slots, lanes->window_elements, 1);
    place(layout, POOLGRAD_LANES_KEYS, key, pixels, 1, 1);
    place(layout, POOLGRAD_LANES_VALUES, sizeof(double), poolgrad_max(lanes->window_elements, pixels), 1, 1);
    place(layout, POOLGRAD_LANES_TIES, sizeof(int32_t), lanes->window_elements, 1, 1);
    place(layout, POOLGRAD_LANES_TIE_ROWS, sizeof(struct poolgrad_lanes_tie_row), rows, 1, 1);
}

static void place_lists(struct layout *layout, int64_t kernel)
{
    const struct poolgrad_lanes *lanes = layout->lanes;
    const int64_t windows = lanes->z.most_windows * lanes->y.most_windows, rows = lanes->most_rows + windows;
    place(layout, POOLGRAD_LANES_ROW_LIST, sizeof(struct poolgrad_operand_row), rows, 1, 1);
    place(layout, POOLGRAD_LANES_SHIFTED, sizeof(struct poolgrad_operand_row), rows, 1, 1);
    const int64_t taps = lanes->columns.used ? kernel : lanes->x.most_taps;
    const int64_t columns = lanes->columns.used ? kernel : lanes->x.most_windows;
    place(layout, POOLGRAD_LANES_TAPS, sizeof(struct poolgrad_operand_column), taps, 1, 1);
    place(layout, POOLGRAD_LANES_WINDOWS, sizeof(struct poolgrad_operand_column), columns, 1, 1);
}

static bool lay_out(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    struct layout layout = {lanes, true};
    const int64_t windows = poolgrad_range_length(lanes->x.outputs), columns = poolgrad_range_length(g->columns);
    const int64_t pitch = poolgrad_max(lanes->window_pitch, lanes->lanes);
    int64_t stored = columns * lanes->lanes, numbers = poolgrad_max(windows, columns) * pitch;
    if (lanes->columns.used) stored = numbers = poolgrad_max(lanes->columns.phase_step, columns * lanes->lanes);
    /* Windows alone. */
    if (lanes->puts) stored = numbers = lanes->columns.used ? lanes->columns.phase_step : windows * pitch;
    lanes->bytes = 0;
    memset(lanes->area, 0, sizeof lanes->area);
    place_rings(g, &layout);
    place_lists(&layout, g->x.kernel);
    place_sums(g, &layout);
    place_ties(g, &layout);
    if (lanes->lanes == 1 && lanes->searches) {
        place(&layout, POOLGRAD_LANES_LONG_VALUES, sizeof(double), lanes->x.most_taps, 1, 1);
        place(&layout, POOLGRAD_LANES_LONG_CODES, sizeof(uint32_t), lanes->x.most_taps, 1, 1);
    }
    if (g->direction == POOLGRAD_GRADIENT && g->kind != POOLGRAD_MAX)
        place(&layout, POOLGRAD_LANES_SPREAD, sizeof(struct poolgrad_spread_window), windows, 1, 1);
    place(&layout, POOLGRAD_LANES_GIVEN, 8, windows, lanes->lanes, 1);
    place(&layout, POOLGRAD_LANES_INDICES_ROW, 8, windows, lanes->lanes, 1);
    place(&layout, POOLGRAD_LANES_STORED, size_of(&g->held), lanes->waiting_rows, stored, 1);
    if (lanes->columns.used || !lanes->direct || lanes->chunked || lanes->scatters || g->kind != POOLGRAD_MAX)
        place(&layout, POOLGRAD_LANES_NUMBERS, 8, numbers, 1, 1);
    if (!lanes->direct && g->kind == POOLGRAD_L2NORM) place(&layout, POOLGRAD_LANES_PRODUCTS, 8, numbers, 1, 1);
    const bool widened = g->destination.format == POOLGRAD_FLOAT64 && lanes->searches;
    if (g->add_to_destination || widened) place(&layout, POOLGRAD_LANES_BEFORE, 8, stored, 1, 1);
    const int64_t lists = g->direction == POOLGRAD_FORWARD ? 1 : 3;
    if (lanes->columns.used) place(&layout, POOLGRAD_LANES_DIVISORS, 8, lists, lanes->columns.phase_step, 1);
    place(&layout, POOLGRAD_LANES_RUN_COUNTS, sizeof(struct poolgrad_divisor), lanes->x.window_runs, 1, 1);
    return layout.fits;
}

/* Rows of the rings: of windows, as many as a pixel has along z and y; of the source, as many as a window; or some at a
 * time. */
static void choose_slots(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const int64_t row = times(times(g->source.width, lanes->lanes), size_of(&g->source));
    const int64_t whole = poolgrad_min(lanes->z.reach, g->z.size), rows = poolgrad_min(lanes->y.reach, g->y.size);
    int64_t bytes;
    lanes->window_slots_z = poolgrad_max(lanes->z.span, 1);
    lanes->window_slots_y = poolgrad_max(lanes->y.span, 1);
    if (lanes->scatters) lanes->window_slots_z = lanes->window_slots_y = 1;
    /* Pixels of the next layer meet the same rows of windows again. */
    if (!lanes->scatters && lanes->z.most_windows > 0 && poolgrad_range_length(g->layers) > 1) {
        lanes->window_slots_y = poolgrad_max(poolgrad_range_length(lanes->y.outputs), 1);
    }
    lanes->source_slots_z = lanes->source_slots_y = 1;
    lanes->most_rows = lanes->chunk = poolgrad_max(lanes->z.most_taps * lanes->y.most_taps, 1);
    if (!lanes->reads_source || lanes->in_place[POOLGRAD_LANES_SOURCE]) return;
    lanes->source_slots_z = poolgrad_max(whole, 1);
    lanes->source_slots_y = poolgrad_max(rows, 1);
    if (lanes->columns.used) {
        /* Windows of the next layer meet the same rows again. */
        if (whole > 1 && poolgrad_multiply(row, g->y.size * whole, &bytes) && bytes <= ROWS_BYTES)
            lanes->source_slots_y = g->y.size;
        return;
    }
    if (poolgrad_multiply(row, g->y.size * whole, &bytes) && bytes <= ROWS_BYTES) lanes->source_slots_y = g->y.size;
    bytes = lanes->source_slots_z * lanes->source_slots_y;
    if (poolgrad_multiply(row, bytes, &bytes) && bytes <= memory_limit / 8) return;
    /* One layer's rows, so that no two of a chunk share a slot. */
    lanes->source_slots_z = 1;
    lanes->source_slots_y = poolgrad_clamp(ROWS_BYTES / poolgrad_max(row, 1), 1, g->y.size);
    lanes->chunk = 1;
    lanes->chunked = true;
    if (g->direction == POOLGRAD_FORWARD) lanes->window_pitch = lanes->lanes;
    lanes->direct = false;
}

/* ---- Scattering -------------------------------------------------------------------------------------------------- */

/* Whether windows have pixels in common. */
static bool overlaps(const struct poolgrad_lanes *lanes)
{
    return lanes->x.most_windows > 1 || lanes->y.most_windows > 1 || lanes->z.most_windows > 1;
}

/* Whether each source pixel has a place in the destination, which is not to be added to and holds sums, if there are
 * any. */
static bool is_put(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const bool all = g->columns.begin + g->source_column <= 0 && g->columns.end + g->source_column >= g->x.size;
    const bool holds = !overlaps(lanes) || poolgrad_lanes_holds_numbers(lanes, g->destination.format);
    return all && holds && !g->add_to_destination;
}

/* How many planes' sums fit into working memory. */
static int64_t scattered_planes(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum);
    if (!lanes->sums) return INT64_MAX;
    const int64_t factors[] = {poolgrad_range_length(g->layers), poolgrad_range_length(g->rows), g->x.size};
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (!poolgrad_multiply(bytes, factors[i], &bytes)) return 1;
    }
    return poolgrad_max(SUMS_BYTES / bytes, 1);
}

/* ---- Cutting ----------------------------------------------------------------------------------------------------- */

/* Bytes of a plane's ring of windows. */
static int64_t ring_bytes(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum) + lanes->code_bytes;
    if (g->direction == POOLGRAD_FORWARD) return 0;
    bytes *= lanes->z.span * lanes->y.span;
    return poolgrad_multiply(bytes, poolgrad_range_length(lanes->x.outputs), &bytes) ? bytes : INT64_MAX;
}

static int64_t even(int64_t whole, int64_t most)
{
    const int64_t pieces = poolgrad_max(poolgrad_ceiling_divide(whole, poolgrad_max(most, 1)), 1);
    return poolgrad_max(poolgrad_ceiling_divide(whole, pieces), 1);
}

static void choose_groups(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const int64_t channels = poolgrad_range_length(g->channels), images = poolgrad_range_length(g->images);
    const int64_t vector = lanes->routines->vector_bytes / (int64_t)sizeof(float);
    if (lanes->any_in_place) {
        int64_t fit = RING_BYTES / poolgrad_max(ring_bytes(g, lanes), 1), least = 4 * vector;
        if (lanes->scatters) {
            fit = !lanes->sums ? lanes->most_lanes : poolgrad_min(scattered_planes(g, lanes), 2 * least);
            least = 1;
        }
        lanes->piece = lanes->slice;
        lanes->first_piece = g->channels.begin;
        if (lanes->slice != INT64_MAX) {
            lanes->first_piece -= g->channels.begin % lanes->slice;
        } else {
            lanes->piece = even(channels,
                                poolgrad_clamp(fit, poolgrad_min(least, lanes->most_lanes), lanes->most_lanes));
        }
        lanes->pieces = poolgrad_ceiling_divide(g->channels.end - lanes->first_piece, lanes->piece);
        lanes->groups = images * lanes->pieces;
        lanes->lanes = poolgrad_min(lanes->piece, channels);
        return;
    }
    const int64_t pooled = g->pooled_images * channels;
    lanes->piece = lanes->lanes = poolgrad_clamp(pooled, 1, lanes->most_lanes);
    if (lanes->scatters) lanes->piece = lanes->lanes = poolgrad_min(lanes->piece, scattered_planes(g, lanes));
    lanes->pieces = poolgrad_ceiling_divide(pooled, lanes->piece);
    lanes->groups = lanes->pieces + poolgrad_ceiling_divide(images * channels - pooled, lanes->piece);
}

/* Rows, or layers, that a band should have at least: what neighbours share is found twice, a window that reaches into
 * both all of it. */
static int64_t least_band(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t whole)
{
    const struct poolgrad_axis *axis = lanes->by_layers ? &g->z : &g->y;
    const int64_t reach = poolgrad_min(lanes->by_layers ? lanes->z.reach : lanes->y.reach, whole);
    const int64_t shared = axis->table ? reach : poolgrad_max(reach - axis->stride, 0);
    if (g->direction == POOLGRAD_FORWARD || lanes->codes_in_place) return 1;
    const int64_t least = poolgrad_max(OVERLAP * shared, reach);
    /* Threads that wait for nothing are worth more. */
    const bool enough = times(lanes->groups, whole / poolgrad_max(least, 1)) >= lanes->wanted;
    return enough ? least : reach;
}

static void choose_bands(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const int64_t layers = poolgrad_range_length(g->layers), rows = poolgrad_range_length(g->rows);
    lanes->by_layers = layers > 1;
    const int64_t inner = poolgrad_range_length(g->columns) * (lanes->by_layers ? rows : 1) * lanes->lanes;
    const int64_t whole = lanes->by_layers ? layers : rows;
    const int64_t fair = times(lanes->groups, whole) / poolgrad_max(lanes->wanted, 1);
    int64_t band = poolgrad_min(poolgrad_ceiling_divide(UNIT_ELEMENTS, poolgrad_max(inner, 1)), fair);
    band = poolgrad_max(band, least_band(g, lanes, whole));
    if (lanes->sums) {
        const int64_t pixel = poolgrad_lanes_number_bytes(lanes->sum) * lanes->lanes * (lanes->by_layers ? rows : 1);
        band = poolgrad_min(band, SUMS_BYTES / poolgrad_max(pixel * g->x.size, 1));
    }
    lanes->band = even(whole, poolgrad_clamp(band, 1, poolgrad_max(whole, 1)));
    lanes->bands = poolgrad_max(poolgrad_ceiling_divide(whole, lanes->band), 1);
    const int64_t bytes = poolgrad_range_length(g->columns) * lanes->lanes * size_of(&g->held);
    lanes->waiting_rows = lanes->in_place[POOLGRAD_LANES_DESTINATION]
                              ? 1
                              : poolgrad_clamp(WAITING_BYTES / poolgrad_max(bytes, 1), 1, poolgrad_max(rows, 1));
}

/* ---- Stacks ------------------------------------------------------------------------------------------------------ */

/* Whether every image has its channels side by side, and many. */
static bool lies_in_lanes(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    for (enum poolgrad_lanes_image i = 0; i < POOLGRAD_LANES_IMAGES; i++) {
        if (poolgrad_lanes_has_image(g, lanes, i) && !lanes->in_place[i]) return false;
    }
    return true;
}

/* Elements from a slice of an image to the next one, of slices of all images; 0 where they have no one step. */
static int64_t slice_step(const struct poolgrad_lanes *lanes, const poolgrad_const_image *image)
{
    if (lanes->pieces == 1) return image->image_stride;
    if (!poolgrad_layout_is_blocked(image->layout)) return lanes->slice;
    return poolgrad_layout_lanes(image->layout) == lanes->slice ? image->channel_stride : 0;
}

/* Steps of slices; whether those of an image follow the last image's. */
static bool find_steps(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes, bool *follow)
{
    *follow = true;
    for (enum poolgrad_lanes_image i = 0; i < POOLGRAD_LANES_IMAGES; i++) {
        const poolgrad_const_image *image = poolgrad_lanes_image_of(g, i);
        if (!poolgrad_lanes_has_image(g, lanes, i)) continue;
        lanes->slice_step[i] = slice_step(lanes, image);
        if (lanes->slice_step[i] == 0) return false;
        *follow = *follow && (g->images.end - g->images.begin == 1 ||
                              image->image_stride == times(lanes->pieces, lanes->slice_step[i]));
    }
    return true;
}

/* Slices whose groups may have several: of all images, where they follow each other, or of each. */
static bool find_runs(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const int64_t channels = poolgrad_range_length(g->channels), images = poolgrad_range_length(g->images);
    bool follow;
    if (!lies_in_lanes(g, lanes) || lanes->ties || lanes->gathers || lanes->chunked) return false;
    if (g->pooled_images != images || lanes->bands != 1) return false;
    if (lanes->pieces > 1 && (lanes->slice == INT64_MAX || lanes->first_piece != g->channels.begin)) return false;
    if (!find_steps(g, lanes, &follow)) return false;
    lanes->tails = lanes->pieces > 1 && channels % lanes->lanes != 0 ? 1 : 0;
    const bool whole = lanes->pieces == 1 || (follow && lanes->tails == 0);
    lanes->runs = whole ? 1 : images;
    lanes->slices = whole ? images * lanes->pieces : lanes->pieces - lanes->tails;
    return lanes->slices > 0;
}

/* Whether windows lie in one ring of all rows and slices, or where they are in the same steps. */
static bool is_one_ring(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const int64_t row = g->source_gradient.row_stride, slice = lanes->slice_step[POOLGRAD_LANES_GRADIENT];
    const int64_t elements = poolgrad_range_length(lanes->x.outputs) * lanes->window_pitch;
    if (!lanes->shares_in_place) return true;
    if (lanes->both_in_place) return g->indices.row_stride == row && lanes->slice_step[POOLGRAD_LANES_INDICES] == slice;
    return row == elements && (lanes->stack == 1 || slice == elements * lanes->window_slots_z * lanes->window_slots_y);
}

/* Bytes of a slice's ring that has all rows of a layer. */
static int64_t whole_ring(const struct poolgrad_lanes *lanes)
{
    const int64_t window = poolgrad_lanes_number_bytes(lanes->sum) + lanes->code_bytes;
    const int64_t rows = times(lanes->window_slots_z, poolgrad_range_length(lanes->y.outputs));
    return times(times(rows, poolgrad_range_length(lanes->x.outputs)), lanes->window_pitch * window);
}

/* Whether pixels may be given one by one, in few runs: sums of many windows are better found once for all pixels that
 * have these, or window by window. */
static bool has_few_windows(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { FEW = 4, FEWER = 2 };
    const int64_t windows = times(times(lanes->z.most_windows, lanes->y.most_windows), lanes->x.most_windows);
    const bool many_runs = g->x.table && 2 * lanes->x.pixel_runs > poolgrad_range_length(g->columns);
    const bool copies = 2 * lanes->x.pixel_runs < poolgrad_range_length(g->columns) && lanes->x.in_order;
    const bool repeats = 2 * lanes->y.pixel_runs < poolgrad_range_length(g->rows) && lanes->y.in_order;
    return g->kind == POOLGRAD_MAX || (windows <= (copies || repeats ? FEWER : FEW) && !many_runs);
}

/* Whether rows of pixels may be given together, that is, whether they are short, and windows are few. */
static bool gives_rows_together(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    if (g->direction != POOLGRAD_GRADIENT || lanes->columns.used || lanes->ties || lanes->chunked) return false;
    if (!lanes->direct || !lies_in_lanes(g, lanes) || (lanes->bands > 1 && !lanes->by_layers)) return false;
    if (whole_ring(lanes) > WHOLE_RING || times(poolgrad_range_length(g->columns), lanes->lanes) > SHORT_ROW)
        return false;
    return has_few_windows(g, lanes);
}

/* Elements of a slice of the larger image. */
static int64_t slice_elements(const struct poolgrad_geometry *g, int64_t channels)
{
    const int64_t written = times(times(poolgrad_range_length(g->layers), poolgrad_range_length(g->rows)),
                                  poolgrad_range_length(g->columns));
    const int64_t read = times(times(g->z.size, g->y.size), g->x.size);
    return times(poolgrad_max(written, read), channels);
}

/* As many slices as are worth a unit. */
static int64_t most_slices(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const int64_t elements = slice_elements(g, lanes->lanes);
    const int64_t ring = g->direction == POOLGRAD_FORWARD ? 1 : whole_ring(lanes);
    const int64_t all = times(lanes->runs, lanes->slices);
    int64_t most = poolgrad_min(UNIT_ELEMENTS / poolgrad_max(elements, 1), RING_BYTES / poolgrad_max(ring, 1));
    most = poolgrad_min(most, all / poolgrad_max(lanes->wanted, 1));
    return poolgrad_clamp(most, 1, lanes->slices);
}

/* Whether picks that are written are codes, in the steps of results. */
static bool codes_follow(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    return lanes->codes_in_place && g->held_picks.column_stride == g->held.column_stride &&
           g->held_picks.row_stride == g->held.row_stride &&
           (lanes->stack == 1 ||
            lanes->slice_step[POOLGRAD_LANES_PICKS] == lanes->slice_step[POOLGRAD_LANES_DESTINATION]);
}

/* Elements of the destination from a unit's first to its last, of a layer; 0 where they do not ascend. */
static int64_t results_span(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const int64_t slice = lanes->stack > 1 ? lanes->slice_step[POOLGRAD_LANES_DESTINATION] : 0;
    const int64_t row = poolgrad_range_length(g->rows) > 1 ? g->held.row_stride : 0;
    if (slice < 0 || row < 0 || g->held.column_stride < 0) return 0;
    return times(lanes->stack - 1, slice) + times(poolgrad_range_length(g->rows) - 1, row) +
           times(poolgrad_range_length(g->columns), g->held.column_stride) + lanes->lanes;
}

/* Codes that are not picks as they are: all those of a unit are kept, in the steps of results. */
static bool keeps_codes(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    enum { MOST = 64 << 10 };
    lanes->codes_follow = !g->with_picks || codes_follow(g, lanes);
    lanes->codes_span = lanes->codes_follow ? 0 : results_span(g, lanes);
    return lanes->codes_follow || (lanes->codes_span > 0 && lanes->codes_span * lanes->code_bytes <= MOST);
}

/* What is found, or given, together: rows, and slices. */
static void choose_together(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const bool forward = g->direction == POOLGRAD_FORWARD;
    bool together = forward ? finds_rows_together(g, lanes) : gives_rows_together(g, lanes);
    lanes->stack = lanes->runs = 1;
    const bool stacks = together && find_runs(g, lanes);
    if (stacks) lanes->stack = most_slices(g, lanes);
    while (forward && lanes->stack > 1 && !keeps_codes(g, lanes)) lanes->stack /= 2;
    if (forward) together = together && keeps_codes(g, lanes);
    if (!stacks) memset(lanes->slice_step, 0, sizeof lanes->slice_step);
    /* Rows that are alone are better given one by one. */
    if (!forward && lanes->stack == 1) together = together && 2 * lanes->y.pixel_runs <= poolgrad_range_length(g->rows);
    lanes->rows_together = together;
    if (together && !forward) lanes->window_slots_y = poolgrad_max(poolgrad_range_length(lanes->y.outputs), 1);
    if (lanes->stack > 1) {
        lanes->stacks = poolgrad_ceiling_divide(lanes->slices, lanes->stack);
        lanes->groups = lanes->runs * (lanes->stacks + lanes->tails);
    }
    if (together && !is_one_ring(g, lanes)) {
        lanes->shares_in_place = lanes->both_in_place = false;
        lanes->window_pitch = lanes->lanes;
        lanes->window_elements = times(poolgrad_range_length(lanes->x.outputs), lanes->window_pitch);
    }
    lanes->window_slice = times(times(lanes->window_slots_z, lanes->window_slots_y), lanes->window_elements);
}

static bool is_streamed(const struct poolgrad_geometry *g)
{
    const int64_t factors[] = {poolgrad_range_length(g->images), poolgrad_range_length(g->channels),
                               poolgrad_range_length(g->layers), poolgrad_range_length(g->rows),
                               poolgrad_range_length(g->columns)};
    int64_t bytes = size_of(&g->held);
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        if (!poolgrad_multiply(bytes, factors[i], &bytes)) return true;
    }
    return bytes > g->cache / 2;
}

/* ---- Choosing ---------------------------------------------------------------------------------------------------- */

static bool is_empty(const struct poolgrad_geometry *g)
{
    const struct poolgrad_axis *const axes[] = {&g->x, &g->y, &g->z};
    bool empty = g->pooled_images <= 0 || poolgrad_range_length(g->channels) <= 0;
    for (int i = 0; i < POOLGRAD_AXES; i++) empty = empty || axes[i]->size <= 0 || axes[i]->end <= axes[i]->begin;
    return empty || poolgrad_range_length(g->columns) <= 0 || poolgrad_range_length(g->rows) <= 0 ||
           poolgrad_range_length(g->layers) <= 0;
}

/* Volumes that no memory holds, only a view that repeats its elements: products of sizes, planes and bytes need not be
 * looked at below. */
static bool is_beyond_memory(const struct poolgrad_geometry *g)
{
    const int64_t most = INT64_C(1) << 44;
    int64_t pixels;
    return !poolgrad_multiply(g->z.size, g->y.size, &pixels) || !poolgrad_multiply(pixels, g->x.size, &pixels) ||
           pixels > most;
}

/* The same of windows with saved picks that scatter. */
static bool scatters_planes(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { SHORT = 1024, LEAST_PLANES = 16, FEW = 4 };
    const int64_t outputs = g->x.end - g->x.begin, planes = times(g->pooled_images, poolgrad_range_length(g->channels));
    if (lies_in_lanes(g, lanes)) return lanes->slice == INT64_MAX || lanes->slice * outputs >= SHORT;
    const bool neighbours = g->held.channel_stride == 1 || poolgrad_layout_is_blocked(g->held.layout);
    /* Each set of a row is a call. */
    return !neighbours && outputs <= FEW && planes >= LEAST_PLANES;
}

/* Whether rows of several slices go together where they lie. */
static bool stacks_slices(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    /* Codes that are kept need rows that ascend. */
    if (g->direction == POOLGRAD_FORWARD)
        return !g->with_picks || (g->held.row_stride >= 0 && slice_elements(g, lanes->slice) <= UNIT_ELEMENTS / 2);
    const int64_t slice = poolgrad_min(lanes->slice, poolgrad_range_length(g->channels));
    const int64_t window = poolgrad_lanes_number_bytes(lanes->sum) + (int64_t)sizeof(uint8_t);
    const int64_t windows = times(g->y.end - g->y.begin, g->x.end - g->x.begin);
    if (lanes->scatters || g->add_to_destination || times(times(windows, slice), window) > WHOLE_RING) return false;
    if (slice_elements(g, slice) > UNIT_ELEMENTS / 2) return false;
    return times(poolgrad_range_length(g->columns), slice) <= SHORT_ROW && has_few_windows(g, lanes);
}

/* Measured: rows of a slice that are short are gone through with those of other slices: where they lie, or as columns.
 */
static bool takes_slices(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { SHORT = 1024, SMALL = 64 };
    const int64_t outputs = g->x.end - g->x.begin;
    const int64_t taps = outputs == 1 ? poolgrad_min(g->x.kernel, g->x.size) : 1;
    if (lanes->slice == INT64_MAX) return true;
    const int64_t slice_bytes = times(lanes->slice, g->source.format == POOLGRAD_FLOAT64 ? 8 : 4);
    if (slice_bytes >= lanes->routines->vector_bytes && stacks_slices(g, lanes)) return true;
    if (g->direction == POOLGRAD_FORWARD && slice_bytes >= lanes->routines->vector_bytes)
        return outputs == 1 || times(g->x.size, g->y.size) > SMALL;
    return times(times(lanes->slice, taps), times(outputs, taps)) >= SHORT;
}

/* Windows of a row up to which planes are transposed whatever they hold: the widest vectors turn squares in few steps,
 * and picks are few bytes where they lie. */
static int64_t most_transposed(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { ALONE = 1, SHORT = 8, SHORTEST = 5, WIDEST = 64 };
    if (lanes->routines->vector_bytes < WIDEST || g->with_indices) return ALONE;
    return g->x.stride > 1 ? SHORT : SHORTEST;
}

/* The same of planes that are transposed: of many, where rows are short, or many phases, or many in a window, or have
 * to become numbers first. Slices stay beside each other. */
static bool takes_transposed(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { FEW = 7, MOST_PHASES = 4, SHORTEST = 4, WIDEST = 64 };
    const bool forward = g->direction == POOLGRAD_FORWARD, wide = lanes->routines->vector_bytes >= WIDEST;
    const bool narrow = size_of(forward ? &g->source : &g->held) <= 2;
    if (poolgrad_layout_is_blocked(g->held.layout)) return false;
    const bool many = times(g->pooled_images, poolgrad_range_length(g->channels)) >= FEW;
    const int64_t outputs = g->x.end - g->x.begin;
    if (g->x.stride > MOST_PHASES && !g->with_indices && (many || outputs <= SHORTEST)) return true;
    if (!many) return false;
    if (outputs <= most_transposed(g, lanes)) return true;
    if (narrow) return forward || wide || g->kind == POOLGRAD_L2NORM;
    return g->z.size > 1 && !g->with_indices && (forward || wide);
}

/* Whether a lane is a plane, or else a column of a row: rows are copied to working memory once, transposed planes too,
 * but at a higher cost; planes in lanes are not. */
static bool prefers_planes(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { SMALL = 16, FEW_WINDOWS = 8, LARGE = 8, OUTSIDE = 8, LONG = 5 };
    if (lanes->gathers) return true;
    if (lanes->scatters && !lanes->searches && !g->x.table) return scatters_planes(g, lanes);
    if (g->x.table) return true;
    const int64_t outputs = g->x.end - g->x.begin;
    if (lies_in_lanes(g, lanes)) return takes_slices(g, lanes);
    /* Rows list all taps of a window, however far outside they are. */
    if (g->x.extent / OUTSIDE > g->x.size || g->y.extent / OUTSIDE > g->y.size) return true;
    /* Rows of a few large windows are no rows. */
    if (outputs <= FEW_WINDOWS && poolgrad_min(g->x.kernel, g->x.size) > SMALL) return true;
    /* Pixels that have the same windows for a long way are one sum, and copies of one average. */
    if (g->direction == POOLGRAD_GRADIENT && g->kind != POOLGRAD_MAX && outputs < g->x.kernel / 4) return true;
    if (g->direction == POOLGRAD_GRADIENT && g->kind == POOLGRAD_AVERAGE &&
        g->x.stride >= poolgrad_max(g->x.extent, LONG))
        return true;
    /* Picks of large overlapping windows are scattered without a search. */
    if (g->direction == POOLGRAD_GRADIENT && g->with_indices && g->x.kernel / g->x.stride > LARGE &&
        g->y.kernel / g->y.stride > LARGE) {
        return true;
    }
    return takes_transposed(g, lanes);
}

static int64_t length_of(const struct poolgrad_axis_lists *lists)
{
    return poolgrad_range_length(lists->outputs);
}

/* Rows of lanes that a row of all planes is computed in; a vector is all that a lane more costs. */
struct gathering {
    int64_t groups, vectors;
};

static struct gathering gathering_of(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, bool planes)
{
    enum { TRANSPOSED = 32, ROW_ELEMENTS = 2048 };
    const int64_t channels = poolgrad_range_length(g->channels), all = times(g->pooled_images, channels);
    const int64_t vector = lanes->routines->vector_bytes / poolgrad_lanes_number_bytes(lanes->sum);
    if (!planes) {
        const int64_t groups = poolgrad_ceiling_divide(times(all, length_of(&lanes->x)), ROW_ELEMENTS);
        return (struct gathering){groups, poolgrad_ceiling_divide(all, vector)};
    }
    int64_t group = poolgrad_min(all, TRANSPOSED);
    if (lanes->any_in_place) group = poolgrad_min(channels, poolgrad_min(lanes->slice, MOST_LANES));
    const int64_t groups = poolgrad_ceiling_divide(all, group);
    return (struct gathering){groups, times(groups, poolgrad_ceiling_divide(group, vector))};
}

/* About how many groups of several slices there are. */
static int64_t stacked_groups(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t groups)
{
    const int64_t channels = poolgrad_range_length(g->channels), slice = poolgrad_min(lanes->slice, channels);
    const int64_t images = poolgrad_range_length(g->images);
    const int64_t stacks = poolgrad_ceiling_divide(times(slice_elements(g, slice), groups), UNIT_ELEMENTS);
    return channels % slice == 0 ? stacks : poolgrad_max(stacks, 2 * images);
}

/* Whether windows give to pixels. Measured, in hundredths of a nanosecond: a window's pick takes some time, and so does
 * clearing; a pixel that gathers looks at all its windows, and each run, or phase, of each row is a call. */
static bool is_scattered(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    enum { WINDOW = 300, CLEARED = 10, STORED = 12, ROW = 5000, UNIT = 12000, LINE = 6000, TOGETHER = 6000 };
    static const struct {
        int64_t operand, call, pixel;
    } columns = {45, 13000, 18}, planes = {33, 2200, 4};
    if (g->direction != POOLGRAD_GRADIENT || g->kind != POOLGRAD_MAX || lanes->ties) return false;
    const bool in_planes = prefers_planes(g, lanes) || !poolgrad_lanes_columns_fit(g, lanes);
    const struct gathering gathering = gathering_of(g, lanes, in_planes);
    const int64_t all = times(g->pooled_images, poolgrad_range_length(g->channels));
    const int64_t rows = times(poolgrad_range_length(g->layers), poolgrad_range_length(g->rows));
    const int64_t pixels = times(rows, poolgrad_range_length(g->columns));
    const int64_t windows = times(times(length_of(&lanes->z), length_of(&lanes->y)), length_of(&lanes->x));
    const int64_t operands = times(times(lanes->z.most_windows, lanes->y.most_windows), lanes->x.most_windows);
    const int64_t calls = in_planes ? lanes->x.pixel_runs : poolgrad_min(g->x.stride, g->x.kernel);
    const int64_t operand = in_planes ? planes.operand : columns.operand, call = in_planes ? planes.call : columns.call;
    int64_t calling = times(times(times(rows, calls), gathering.groups), call);
    const bool together = in_planes && lies_in_lanes(g, lanes) && stacks_slices(g, lanes);
    if (together) {
        const int64_t runs = times(times(poolgrad_range_length(g->layers), lanes->y.pixel_runs), calls);
        calling = times(times(runs, stacked_groups(g, lanes, gathering.groups)), TOGETHER);
    }
    const int64_t pixel = in_planes ? planes.pixel : columns.pixel;
    const int64_t gather = times(times(times(pixels, operands), gathering.vectors), operand) + calling +
                           times(times(pixels, all), together ? CLEARED : pixel);
    int64_t scatter = times(times(windows, all), WINDOW) + times(times(pixels, all), CLEARED);
    if (together)
        scatter += times(gathering.groups, UNIT + times(times(length_of(&lanes->z), length_of(&lanes->y)), LINE));
    if (!is_put(g, lanes)) scatter += times(times(pixels, all), STORED) + times(rows, ROW);
    if (overlaps(lanes)) scatter += times(times(pixels, all), CLEARED);
    return scatter < gather;
}

static bool cut(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    int64_t codes, planes;
    const int64_t numbers = lanes->x.numbers.count;
    if (!poolgrad_multiply(numbers, lanes->y.numbers.count, &codes) ||
        !poolgrad_multiply(codes, lanes->z.numbers.count, &codes) || codes > INT32_MAX) {
        return false;
    }
    if (!poolgrad_multiply(poolgrad_range_length(g->images), poolgrad_range_length(g->channels), &planes)) return false;
    lanes->code_bytes = codes <= UINT8_MAX && !lanes->ties ? 1 : 4;
    lanes->same_numbers = has_same_numbers(g, lanes);
    lanes->past_caches = is_streamed(g);
    lanes->chunked = false;
    if (lanes->columns.used) {
        lanes->lanes = lanes->columns.grain;
        choose_slots(g, lanes);
        poolgrad_lanes_columns_group(g, lanes, lanes->most_lanes);
    } else {
        choose_groups(g, lanes);
    }
    lanes->direct = !lanes->scatters && !lanes->ties && is_direct(g, lanes);
    lanes->result_bytes = lanes->direct ? size_of(&g->held) : poolgrad_lanes_number_bytes(lanes->sum);
    choose_window_pitch(g, lanes);
    if (lanes->columns.used) {
        poolgrad_lanes_columns_choose_writing(g, lanes);
        lanes->window_elements = poolgrad_lanes_window_elements(&lanes->columns);
    } else {
        choose_slots(g, lanes);
        lanes->window_elements = times(poolgrad_range_length(lanes->x.outputs), lanes->window_pitch);
    }
    choose_bands(g, lanes);
    choose_together(g, lanes);
    lanes->units = lanes->groups * lanes->bands;
    const bool fits = lay_out(g, lanes);
    lanes->fills = fills_runs(g, lanes);
    return fits;
}

/* Units that threads would have something to do with. */
static int64_t worthwhile_units(const struct poolgrad_geometry *g)
{
    enum { UNITS = 16, ELEMENTS = 32768 };
    const int64_t most = g->threads > 0 ? g->threads : UNITS;
    const int64_t planes = times(poolgrad_range_length(g->images), poolgrad_range_length(g->channels));
    const int64_t rows = times(poolgrad_range_length(g->layers), poolgrad_range_length(g->rows));
    const int64_t written = times(planes, times(rows, poolgrad_range_length(g->columns)));
    const int64_t read = times(planes, times(g->z.size, times(g->y.size, g->x.size)));
    return poolgrad_min(most, poolgrad_max(written, read) / ELEMENTS);
}

/* Groups of fewer sets are more units. */
static bool cut_columns(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    lanes->wanted = worthwhile_units(g);
    lanes->most_lanes = INT64_MAX;
    bool fits = cut(g, lanes);
    while (fits && lanes->units < lanes->wanted && lanes->columns.sets > 1) {
        lanes->most_lanes = lanes->columns.sets / 2;
        fits = cut(g, lanes);
    }
    return fits;
}

/* Planes of a group in place. Pixels are read from end to end where a group has all channels; rows of L2-norm's sums
 * would leave the caches, and maxima's codes come beside them. */
static int64_t most_in_place(const struct poolgrad_geometry *g)
{
    enum { WIDE = 2048 };
    return g->direction == POOLGRAD_FORWARD || g->kind == POOLGRAD_AVERAGE ? WIDE : MOST_LANES;
}

/* Groups of fewer planes need less memory, and are more units: some for each thread, before wide ones are worth it. */
static bool cut_to_fit(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    enum { FAIR = 4 };
    const int64_t vector = lanes->routines->vector_bytes / (int64_t)sizeof(float), wanted = worthwhile_units(g);
    lanes->wanted = wanted;
    lanes->most_lanes = lanes->any_in_place ? most_in_place(g) : 2 * vector;
    while (!cut(g, lanes)) {
        if (lanes->most_lanes <= 1 || lanes->slice != INT64_MAX) return false;
        lanes->most_lanes = lanes->piece / 4;
    }
    while (lanes->units < FAIR * wanted && lanes->piece > MOST_LANES && lanes->slice == INT64_MAX) {
        lanes->most_lanes = poolgrad_max(lanes->piece / 2, MOST_LANES);
        if (!cut(g, lanes)) return false;
    }
    while (lanes->units < wanted && lanes->piece > vector && lanes->slice == INT64_MAX) {
        lanes->most_lanes = poolgrad_max(lanes->piece / 2, vector);
        if (!cut(g, lanes)) return false;
    }
    return true;
}

static bool cut_either(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    if (!prefers_planes(g, lanes) && poolgrad_lanes_columns_fit(g, lanes)) {
        const struct poolgrad_lanes planes = *lanes;
        lanes->columns.used = true;
        lanes->slice = INT64_MAX;
        lanes->any_in_place = false;
        memset(lanes->in_place, 0, sizeof lanes->in_place);
        if (cut_columns(g, lanes)) return true;
        *lanes = planes;
    }
    return cut_to_fit(g, lanes);
}

enum poolgrad_lanes_outcome poolgrad_lanes_make(const struct poolgrad_geometry *g,
                                                const struct poolgrad_routines *routines, struct poolgrad_lanes *lanes)
{
    const bool gradient = g->direction == POOLGRAD_GRADIENT;
    memset(lanes, 0, sizeof *lanes);
    lanes->routines = routines;
    lanes->searches = g->kind == POOLGRAD_MAX && !g->with_indices;
    lanes->gathers = !gradient && g->with_indices;
    lanes->ties = gradient && lanes->searches && (g->ties == POOLGRAD_TIES_ALL || g->ties == POOLGRAD_TIES_SPLIT);
    lanes->sum = g->wide || g->kind == POOLGRAD_L2NORM ? POOLGRAD_SUM64 : POOLGRAD_SUM32;
    lanes->reads_source = (!gradient && !lanes->gathers) || lanes->searches || g->kind == POOLGRAD_L2NORM;
    if (is_empty(g) || is_beyond_memory(g)) return POOLGRAD_LANES_LEFT;
    find_places(g, lanes);
    enum poolgrad_lanes_outcome outcome = make_lists(g, lanes);
    lanes->scatters = outcome == POOLGRAD_LANES_MADE && is_scattered(g, lanes);
    lanes->puts = lanes->scatters && is_put(g, lanes);
    lanes->sums = lanes->scatters && (!lanes->puts || overlaps(lanes));
    const bool gathers = gradient && !lanes->scatters;
    if (outcome == POOLGRAD_LANES_MADE && gathers)
        outcome = poolgrad_axis_lists_look_up(&g->z, g->layers, g->source_layer, &lanes->z);
    if (outcome == POOLGRAD_LANES_MADE && gathers)
        outcome = poolgrad_axis_lists_look_up(&g->y, g->rows, g->source_row, &lanes->y);
    if (outcome == POOLGRAD_LANES_MADE && !cut_either(g, lanes)) outcome = POOLGRAD_LANES_LEFT;
    if (outcome != POOLGRAD_LANES_MADE) poolgrad_lanes_free(lanes);
    return outcome;
}

void poolgrad_lanes_free(struct poolgrad_lanes *lanes)
{
    poolgrad_axis_lists_free(&lanes->x);
    poolgrad_axis_lists_free(&lanes->y);
    poolgrad_axis_lists_free(&lanes->z);
}
