/* SPDX-License-Identifier: Apache-2.0 */
/* Columns as lanes: which problems are computed so, and how their rows lie in working memory. */
#include "base/aligned.h"
#include "base/integer.h"
#include "image/image.h"
#include "lanes/columns.h"

/* ---- Sets -------------------------------------------------------------------------------------------------------- */

/* Images that sets are of. */
struct images {
    const poolgrad_const_image *image[POOLGRAD_LANES_IMAGES];
    int64_t shift[POOLGRAD_LANES_IMAGES]; /* from the destination's channel to the image's */
    int count;
};

static struct images images_of(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    struct images images = {.count = 0};
    for (enum poolgrad_lanes_image i = 0; i < POOLGRAD_LANES_IMAGES; i++) {
        if (!poolgrad_lanes_has_image(g, lanes, i)) continue;
        images.image[images.count] = poolgrad_lanes_image_of(g, i);
        images.shift[images.count++] = poolgrad_lanes_channel_shift(g, i);
    }
    return images;
}

/* Slices of the destination are written whole: lanes without a channel are cleared afterwards. */
static bool has_whole_slices(const struct poolgrad_geometry *g, const struct images *images, int64_t slice)
{
    if (g->channels.begin % slice != 0) return false;
    if (g->channels.end % slice != 0 && g->channels.end != g->held.channels) return false;
    if (g->with_picks && g->channels.end % slice != 0 && g->channels.end != g->held_picks.channels) return false;
    for (int i = 0; i < images->count; i++) {
        if (poolgrad_layout_lanes(images->image[i]->layout) != slice || images->shift[i] % slice != 0) return false;
    }
    return true;
}

/* Whether the channels of a blocked image, of those that are written, lie in one slice: then they are as in NHWC. */
static bool is_one_slice(const struct poolgrad_geometry *g, const poolgrad_const_image *image, int64_t shift)
{
    const int64_t slice = poolgrad_layout_lanes(image->layout);
    return (g->channels.begin + shift) / slice == (g->channels.end - 1 + shift) / slice;
}

/* Neighbouring channels that are computed side by side, or 0 where images have none in common. Slices that are nearly
 * empty are not worth it. */
static int64_t grain_of(const struct poolgrad_geometry *g, const struct images *images)
{
    enum { MOST = 16, EMPTY = 2 };
    const int64_t channels = poolgrad_range_length(g->channels);
    bool slices = false, neighbours = true;
    for (int i = 0; i < images->count; i++) {
        const poolgrad_const_image *image = images->image[i];
        const bool blocked = poolgrad_layout_is_blocked(image->layout);
        const bool one = blocked && is_one_slice(g, image, images->shift[i]);
        slices = slices || (blocked && !one);
        neighbours = neighbours && (one || (!blocked && image->channel_stride == 1));
    }
    const int64_t slice = poolgrad_layout_lanes(g->held.layout);
    if (slice > 1 && channels > slice / EMPTY && has_whole_slices(g, images, slice)) return slice;
    if (slices) return 0;
    return neighbours && channels > 1 && channels <= MOST ? channels : 1;
}

/* A group's sets have one step in every image: where images do not follow each other like sets, they are of one. */
static bool is_of_one_image(const struct poolgrad_lanes_columns *columns, const struct images *images)
{
    bool one = false;
    for (int i = 0; i < images->count && columns->sets_of_all > 1; i++) {
        int64_t step;
        const bool alike = poolgrad_multiply(columns->sets_of_all, poolgrad_lanes_set_stride(columns, images->image[i]),
                                             &step) &&
                           images->image[i]->image_stride == step;
        one = one || !alike;
    }
    return one;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static bool has_all_taps(const struct poolgrad_axis_lists *lists, const struct poolgrad_axis *axis)
{
    if (lists->numbers.base != 0 || lists->numbers.count != axis->kernel) return false;
    for (int64_t i = 0; i < lists->window_runs; i++) {
        if (lists->windows[i].taps == 0) return false;
    }
    return true;
}

static bool is_uniform(const struct poolgrad_axis_lists *lists)
{
    for (int64_t i = 1; i < lists->window_runs; i++) {
        if (lists->windows[i].counted != lists->windows[0].counted) return false;
    }
    return true;
}

/* Where a row's windows have their taps: source columns from the first window's first tap on. */
static void lay_rows(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    const struct poolgrad_axis *axis = &g->x;
    struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t windows = poolgrad_range_length(lanes->x.outputs), far = (axis->kernel - 1) * axis->dilation;
    const int64_t first = poolgrad_axis_window(axis, lanes->x.outputs.begin).first;
    const int64_t end = first + (windows - 1) * columns->phases + far + 1;
    columns->source.begin = poolgrad_max(first, 0);
    columns->source.end = poolgrad_min(end, axis->size);
    columns->source_lead = poolgrad_ceiling_divide(columns->source.begin - first, columns->phases);
    columns->lead = far / columns->phases;
    columns->padded = first < 0 || end > axis->size;
    columns->uniform = is_uniform(&lanes->x);
    const int64_t begin = columns->source.begin - g->source_column, behind = columns->source.end - g->source_column;
    columns->pixels.begin = poolgrad_clamp(begin, g->columns.begin, g->columns.end);
    columns->pixels.end = poolgrad_clamp(behind, columns->pixels.begin, g->columns.end);
    const int64_t read = poolgrad_ceiling_divide(poolgrad_range_length(columns->source), columns->phases);
    const int64_t pixels = poolgrad_ceiling_divide(poolgrad_range_length(columns->pixels), columns->phases);
    /* The last window's last tap is the last entry that windows have. What lies behind is free: windows between two
     * sets must meet one of it among their taps. */
    const int64_t last_tap = poolgrad_floor_divide(first + far - columns->source.begin, columns->phases);
    const int64_t used = windows + columns->source_lead + last_tap;
    int64_t entries = used + poolgrad_ceiling_divide(axis->dilation, columns->phases);
    entries = poolgrad_max(entries, poolgrad_max(columns->source_lead + read, pixels));
    columns->free = entries - used;
    columns->set_step = entries * columns->grain;
}

/* Whether the pixels of every phase that have windows are neighbours: the windows of two of a phase's taps that follow
 * each other, dilation / gcd(stride, dilation) windows apart, must meet. */
static bool has_no_gaps(const struct poolgrad_axis *axis, int64_t phases, int64_t windows)
{
    const int64_t period = poolgrad_lanes_tap_period(phases, axis->dilation);
    return axis->dilation / (phases / period) <= windows || axis->kernel <= period;
}

/* Whether a search that goes along x first, row by row of the source, compares less: rows are searched once. */
static bool is_separable(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const int64_t rows = lanes->z.most_taps * lanes->y.most_taps, taps = g->x.kernel;
    const int64_t fresh = lanes->z.most_taps * poolgrad_min(g->y.table ? rows : g->y.stride, lanes->y.most_taps);
    return lanes->searches && g->edge_mode == POOLGRAD_EDGE_CLAMP && fresh * (taps + 1) + rows < rows * taps;
}

bool poolgrad_lanes_columns_fit(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    enum { PROPORTION = 2, MOST = 1 << 28 };
    struct poolgrad_lanes_columns *columns = &lanes->columns;
    const struct images images = images_of(g, lanes);
    const int64_t channels = poolgrad_range_length(g->channels);
    if (g->x.table || lanes->gathers || !has_all_taps(&lanes->x, &g->x)) return false;
    /* Longer rows have no room in working memory. */
    if (g->x.extent > MOST || poolgrad_range_length(lanes->x.outputs) - 1 > MOST / g->x.stride) return false;
    /* Padding is computed like pixels. */
    if (g->x.extent / PROPORTION > g->x.size || g->x.stride / PROPORTION > g->x.size) return false;
    columns->grain = grain_of(g, &images);
    if (columns->grain == 0) return false;
    columns->sets_of_all = poolgrad_ceiling_divide(channels, columns->grain);
    columns->one_image = is_of_one_image(columns, &images);
    /* One window alone has no neighbour to be beside of. */
    columns->phases = poolgrad_range_length(lanes->x.outputs) == 1 ? 1 : g->x.stride;
    lay_rows(g, lanes);
    columns->separable = is_separable(g, lanes);
    return g->direction == POOLGRAD_FORWARD || lanes->scatters ||
           has_no_gaps(&g->x, columns->phases, poolgrad_range_length(lanes->x.outputs));
}

/* Parts of vectors, as rows have at their ends, are cheap where vectors are widest, and lane by lane where they are
 * least. */
static bool has_quick_ends(const struct poolgrad_lanes *lanes)
{
    enum { WIDEST = 64, WIDE = 32, LEAST = 16 };
    const int64_t vector = lanes->routines->vector_bytes, windows = poolgrad_range_length(lanes->x.outputs);
    if (vector == WIDEST) return true;
    if (vector < LEAST || windows * (int64_t)sizeof(float) < vector) return false;
    return !lanes->columns.padded || (vector == WIDE && lanes->columns.phases > 1);
}

/* Whether windows are found in rows where they lie: forward, of float32, with the taps of most networks along x. */
static bool reads_rows(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const bool three = g->x.kernel == 3 && columns->phases <= 2, two = g->x.kernel == 2 && columns->phases == 2;
    if (g->direction != POOLGRAD_FORWARD || !(two || three) || g->x.dilation > 1) return false;
    if (columns->grain != 1 || g->source.format != POOLGRAD_FLOAT32) return false;
    if (!poolgrad_lanes_is_dense(columns, &g->source) || !has_quick_ends(lanes)) return false;
    if (g->kind == POOLGRAD_MAX) return g->edge_mode == POOLGRAD_EDGE_CLAMP && g->ties == POOLGRAD_TIES_FIRST;
    return g->kind == POOLGRAD_AVERAGE && lanes->sum == POOLGRAD_SUM32;
}

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

/* Bytes that a set takes in the rings. */
static int64_t set_bytes(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t number = (int64_t)poolgrad_format_size(poolgrad_lanes_columns_numbers(g)), row = columns->set_step;
    const int64_t source = lanes->source_slots_z * lanes->source_slots_y,
                  windows = lanes->window_slots_z * lanes->window_slots_y;
    int64_t bytes = 0, more = 0;
    const bool fits = poolgrad_multiply(row * columns->phases * number, lanes->reads_source ? source : 0, &bytes) &&
                      poolgrad_multiply(row * (poolgrad_lanes_number_bytes(lanes->sum) + lanes->code_bytes),
                                        g->direction == POOLGRAD_GRADIENT ? windows : 0, &more);
    return fits && poolgrad_add(bytes, more, &bytes) ? bytes : INT64_MAX;
}

void poolgrad_lanes_columns_group(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes, int64_t most)
{
    enum { RING_BYTES = 128 << 10, ROW_ELEMENTS = 2048, PLANES_ELEMENTS = 64 << 10 };
    struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t images = poolgrad_range_length(g->images);
    const int64_t pooled = (columns->one_image ? 1 : g->pooled_images) * columns->sets_of_all;
    const int64_t rest = columns->one_image ? 0 : (images - g->pooled_images) * columns->sets_of_all;
    const int64_t width = poolgrad_range_length(lanes->x.outputs) * columns->grain;
    const int64_t fit = RING_BYTES / poolgrad_max(set_bytes(g, lanes), 1);
    columns->reads_rows = reads_rows(g, lanes);
    /* Memory that is read but once is read fastest from end to end: then a unit has whole planes. */
    const int64_t plane = poolgrad_range_length(g->rows) * poolgrad_range_length(g->columns);
    const int64_t wide = columns->reads_rows && g->direction == POOLGRAD_FORWARD
                             ? PLANES_ELEMENTS / poolgrad_max(plane, 1)
                             : poolgrad_ceiling_divide(ROW_ELEMENTS, width);
    const int64_t sets = poolgrad_min(poolgrad_min(fit, most), wide);
    columns->sets = poolgrad_clamp(sets, 1, poolgrad_max(pooled, 1));
    columns->phase_step = poolgrad_lanes_whole_vectors(columns->sets * columns->set_step);
    lanes->lanes = columns->sets * columns->grain;
    lanes->piece = columns->sets;
    lanes->pieces = poolgrad_ceiling_divide(pooled, columns->sets);
    lanes->groups = columns->one_image ? images * lanes->pieces
                                       : lanes->pieces + poolgrad_ceiling_divide(rest, columns->sets);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* Results of a few narrow sets are computed as one row, and moved, unless each set is found by itself anyway. Rows that
 * go past the caches are moved line by line. */
static bool is_in_place(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { NARROW = 64 };
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const bool moved = !columns->reads_rows || lanes->past_caches;
    const bool narrow = poolgrad_range_length(g->columns) * columns->grain < NARROW && columns->sets > 1 && moved;
    if (!lanes->direct || narrow || !poolgrad_lanes_is_dense(columns, &g->held)) return false;
    if (g->direction == POOLGRAD_GRADIENT) return columns->phases == 1;
    if (!g->with_picks) return true;
    return lanes->same_numbers && lanes->code_bytes == 1 && g->picks.format == POOLGRAD_TAP8 &&
           poolgrad_lanes_is_dense(columns, &g->held_picks) &&
           poolgrad_lanes_set_stride(columns, &g->held_picks) == poolgrad_lanes_set_stride(columns, &g->held);
}

/* Stores past the caches write whole lines: where rows are short and end within lines, several are written at once. */
static int64_t staged_rows(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)
{
    enum { LONG = 4096 };
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const poolgrad_const_image *image = &g->held;
    const int64_t width = poolgrad_range_length(g->columns) * columns->grain;
    const int64_t size = (int64_t)poolgrad_format_size(image->format), rows = poolgrad_range_length(g->rows);
    const uint64_t odd = (uint64_t)(uintptr_t)image->data |
                         (uint64_t)(poolgrad_lanes_set_stride(columns, image) * size);
    const bool aligned = odd % POOLGRAD_CACHE_LINE == 0 && width * size % (POOLGRAD_CACHE_LINE / 2) == 0;
    if (!lanes->past_caches || columns->in_place || !poolgrad_lanes_is_dense(columns, image)) return 0;
    if (image->row_stride != width || rows < 2 || width * size >= LONG || aligned) return 0;
    return poolgrad_min(poolgrad_ceiling_divide(LONG, width * size), rows);
}

void poolgrad_lanes_columns_choose_writing(const struct poolgrad_geometry *g, struct poolgrad_lanes *lanes)
{
    lanes->columns.in_place = is_in_place(g, lanes);
    lanes->columns.staged = staged_rows(g, lanes);
}
