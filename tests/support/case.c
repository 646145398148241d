/* SPDX-License-Identifier: Apache-2.0 */
#include "case.h"

#include "encoding.h"
#include "literal.h"
#include <math.h>

enum {
    FLOAT_FORMATS = CASE_SET(POOLGRAD_FLOAT16) | CASE_SET(POOLGRAD_FLOAT32) | CASE_SET(POOLGRAD_BFLOAT16) |
                    CASE_SET(POOLGRAD_FLOAT64),
    SOURCE_FORMATS = FLOAT_FORMATS | CASE_SET(POOLGRAD_UNORM8) | CASE_SET(POOLGRAD_UNORM16)
};

static const int64_t far_away = INT64_C(1) << 40;

typedef struct maker {
    random_state random;
    const case_limits *limits;
    poolgrad_problem *p;
    bool deep;   /* many channels rather than long rows */
    bool volume; /* a third axis */
    bool same_layout;
    poolgrad_layout layout; /* of all images, if it is the same */
} maker;

static int64_t between(maker *m, int64_t first, int64_t last)
{
    return random_between(&m->random, first, last);
}

static bool chance(maker *m, int percent)
{
    return random_chance(&m->random, percent);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool allows(const maker *m, case_beyond beyond)
{
    return m->limits->beyond & (unsigned)beyond;
}

/* A member of both sets; `allowed` 0 stands for every value. */
static unsigned choose(maker *m, unsigned allowed, unsigned possible)
{
    unsigned set = allowed ? allowed & possible : possible;
    unsigned value;
    do value = (unsigned)between(m, 0, 31);
    while (!(set & CASE_SET(value)));
    return value;
}

/* ---- Geometry ------------------------------------------------------------------------------------------------ */

static int64_t choose_size(maker *m)
{
    int64_t kind = between(m, 0, 99);
    if (kind < 2) return 0;
    if (m->volume) return kind < 90 ? between(m, 1, 5) : between(m, 6, 9);
    if (kind < 88) return between(m, 1, 12);
    if (kind < 96) return between(m, 13, 37);
    return between(m, 38, 75);
}

static int64_t choose_width(maker *m)
{
    int64_t kind = between(m, 0, 99);
    if (kind < 1) return 0;
    if (m->deep) return between(m, 1, kind < 90 ? 8 : 40);
    if (kind < 90) return between(m, 1, 70);
    return kind < 97 ? between(m, 71, 200) : between(m, 300, 700);
}

/* Keeps the work of a case small: one long side at most, and only where there are few planes. */
static void choose_plane(maker *m, int64_t *height, int64_t *width)
{
    enum { LONG = 12 };
    if (m->limits->wide && !m->limits->large) {
        *height = between(m, 1, chance(m, 90) ? 7 : 40);
        *width = choose_width(m);
        return;
    }
    *height = m->limits->large ? between(m, 130, 190) : choose_size(m);
    *width = m->limits->large ? between(m, 130, 190) : choose_size(m);
    if (m->limits->large) return;
    if (*height > LONG && *width > LONG) *height = between(m, 1, LONG);
}

static int64_t choose_depth(maker *m)
{
    return view_depth_of(choose_size(m));
}

static int64_t choose_kernel(maker *m)
{
    int64_t greatest = m->limits->greatest_kernel;
    int64_t size = chance(m, 94) ? between(m, 1, chance(m, 50) ? 3 : 6) : between(m, 7, 17);
    if (m->volume) size = between(m, 1, chance(m, 95) ? 3 : 7);
    return greatest && size > greatest ? between(m, 1, greatest) : size;
}

static int64_t choose_step(maker *m, int64_t greatest)
{
    if (chance(m, 1)) return far_away + between(m, -2, 2);
    return between(m, 1, chance(m, 50) ? 2 : greatest);
}

/* ---- Windows of any shape -------------------------------------------------------------------------------------- */

/* Windows much larger than others: a column, a row, the whole plane. */
static void choose_vast_kernel(maker *m)
{
    enum { VAST = 64 };
    poolgrad_window *w = &m->p->window;
    int64_t kind = between(m, 0, 2);
    w->kernel_height = kind == 0 ? VAST : kind == 1 ? 1 : m->p->source.height;
    w->kernel_width = kind == 0 ? 1 : kind == 1 ? VAST : m->p->source.width;
    if (w->kernel_width == 0) w->kernel_width = 1;
}

static int64_t choose_wide_kernel(maker *m)
{
    int64_t greatest = m->limits->greatest_kernel ? m->limits->greatest_kernel : 9;
    return between(m, 1, chance(m, 65) ? least(3, greatest) : greatest);
}

static int64_t choose_wide_stride(maker *m, int64_t kernel)
{
    int64_t kind = between(m, 0, 99);
    if (kind < 30) return kernel;
    if (kind < 70) return between(m, 1, 2);
    return between(m, 1, kind < 96 ? 5 : 64);
}

static int64_t choose_wide_dilation(maker *m, int64_t size)
{
    int64_t kind = between(m, 0, 99);
    if (kind < 60) return 1;
    return kind < 96 ? between(m, 1, 3) : between(m, 1, size + 3);
}

/* Needs the source's size. */
static void choose_wide_window(maker *m)
{
    poolgrad_window *w = &m->p->window;
    bool square = chance(m, 50);
    w->kernel_width = choose_wide_kernel(m);
    w->kernel_height = square ? w->kernel_width : choose_wide_kernel(m);
    if (!m->limits->greatest_kernel && chance(m, 5)) choose_vast_kernel(m);
    w->stride_x = choose_wide_stride(m, w->kernel_width);
    w->stride_y = square ? w->stride_x : choose_wide_stride(m, w->kernel_height);
    w->dilation_x = choose_wide_dilation(m, m->p->source.width);
    w->dilation_y = square ? w->dilation_x : choose_wide_dilation(m, m->p->source.height);
}

/* ---- Placement ------------------------------------------------------------------------------------------------- */

static int64_t extent_of(int64_t kernel, int64_t dilation)
{
    return (kernel - 1) * dilation + 1;
}

/* Mostly such that windows meet the image; else wholly before, wholly behind, or far away. */
static int64_t choose_offset(maker *m, int64_t size, int64_t extent)
{
    int64_t kind = between(m, 0, 99);
    int64_t half = extent / 2;
    if (m->limits->wide && chance(m, 70)) kind = between(m, 0, 91);
    if (kind < 60) return half - between(m, 0, least(extent - 1, 8));
    if (kind < 92) return half + between(m, 1 - extent, size / 2);
    if (kind < 95) return half - extent - between(m, 0, 9);
    if (kind < 98) return half + size + between(m, 0, 9);
    return between(m, -far_away, far_away);
}

/* Windows that cover the image with a few to spare or to miss. */
static int64_t choose_windows(maker *m, int64_t size, int64_t stride)
{
    if (chance(m, 3)) return 0;
    int64_t covering = (size + stride - 1) / stride + between(m, -1, 2);
    return covering < 1 ? 1 : covering;
}

static int64_t choose_pad(maker *m)
{
    return chance(m, 50) ? 0 : chance(m, 2) ? far_away : between(m, 0, 4);
}

static void choose_sides(maker *m)
{
    poolgrad_problem *p = m->p;
    int64_t *const sides[] = {&p->zero_pad_left,  &p->zero_pad_top,    &p->zero_pad_front,
                              &p->zero_pad_right, &p->zero_pad_bottom, &p->zero_pad_back};
    for (int i = 0; i < 6; ++i)
        if (m->volume || i % 3 < 2) *sides[i] = choose_pad(m);
}

static int64_t choose_divisor(maker *m)
{
    int64_t divisor = between(m, 1, chance(m, 70) ? 9 : INT64_MAX);
    if (chance(m, 4)) return INT64_MIN;
    if (chance(m, 4)) return INT64_MAX;
    return chance(m, 50) ? divisor : -divisor;
}

/* Rules of averages and of what is like them. */
static void choose_average_rules(maker *m)
{
    poolgrad_problem *p = m->p;
    if (allows(m, CASE_SIDES) && chance(m, 40)) choose_sides(m);
    if (allows(m, CASE_ROOT_MEANS) && p->kind == POOLGRAD_L2NORM) p->root_mean = chance(m, 60);
    if (allows(m, CASE_DIVISORS) && (p->kind == POOLGRAD_AVERAGE || p->root_mean) && chance(m, 35))
        p->divisor = choose_divisor(m);
}

static void choose_rules(maker *m)
{
    poolgrad_problem *p = m->p;
    const case_limits *limits = m->limits;
    p->direction = (poolgrad_direction)choose(m, limits->directions, 3);
    p->kind = (poolgrad_kind)choose(m, limits->kinds, 7);
    p->edge_mode = (poolgrad_edge_mode)choose(m, limits->edge_modes, 3);
    p->ties = (poolgrad_tie_rule)choose(m, limits->ties, 15);
    p->nan = (poolgrad_nan_rule)choose(m, limits->nans, 7);
    p->accumulator = chance(m, 25) ? POOLGRAD_ACCUMULATE_FLOAT64 : POOLGRAD_ACCUMULATE_FLOAT32;
    p->zero_pad_x = choose_pad(m);
    p->zero_pad_y = choose_pad(m);
    if (m->volume) p->zero_pad_z = choose_pad(m);
    p->threads = (int)between(m, 0, 4);
    p->max_isa = chance(m, 30) ? POOLGRAD_ISA_SCALAR : POOLGRAD_ISA_BEST;
    p->concurrent_runs = (int)between(m, 0, 3);
    p->add_to_destination = p->direction == POOLGRAD_GRADIENT && !limits->no_adding && chance(m, 25);
    choose_average_rules(m);
}

static poolgrad_layout choose_layout(maker *m)
{
    if (m->limits->no_slices) return (poolgrad_layout)between(m, POOLGRAD_NCHW, POOLGRAD_NHWC);
    return (poolgrad_layout)between(m, 0, allows(m, CASE_BLOCKED) ? POOLGRAD_NC32HW32 : POOLGRAD_NC4HW4);
}

static void choose_style(maker *m)
{
    m->deep = chance(m, 40);
    m->same_layout = chance(m, 60);
    m->layout = choose_layout(m);
}

/* Each neutral value of what belongs to the third axis. */
static void choose_no_third_axis(maker *m)
{
    poolgrad_problem *p = m->p;
    p->window.kernel_depth = between(m, 0, 1);
    p->window.stride_z = between(m, 0, 1);
    p->window.dilation_z = between(m, 0, 1);
    if (m->volume) return;
    p->gradient_region.depth = chance(m, 50) ? 1 : POOLGRAD_ALL;
    p->clip.depth = chance(m, 50) ? 1 : POOLGRAD_ALL;
}

static void choose_window(maker *m)
{
    poolgrad_window *w = &m->p->window;
    choose_no_third_axis(m);
    if (m->limits->wide) {
        choose_plane(m, &m->p->source.height, &m->p->source.width);
        choose_wide_window(m);
        return;
    }
    bool square = chance(m, 40), dense = chance(m, 60);
    w->kernel_width = choose_kernel(m);
    w->kernel_height = square ? w->kernel_width : choose_kernel(m);
    w->stride_x = choose_step(m, 4);
    w->stride_y = square ? w->stride_x : choose_step(m, 4);
    w->dilation_x = dense ? 1 : choose_step(m, 3);
    w->dilation_y = dense ? 1 : square ? w->dilation_x : choose_step(m, 3);
    if (!m->volume) return;
    w->kernel_depth = square ? w->kernel_width : choose_kernel(m);
    w->stride_z = square ? w->stride_x : choose_step(m, 4);
    if (!dense) w->dilation_z = square ? w->dilation_x : choose_step(m, 3);
}

static void choose_placement(maker *m)
{
    poolgrad_problem *p = m->p;
    const poolgrad_window *w = &p->window;
    if (!m->limits->wide) choose_plane(m, &p->source.height, &p->source.width);
    if (m->volume) p->source.depth = choose_depth(m);
    p->offset_x = choose_offset(m, p->source.width, extent_of(w->kernel_width, w->dilation_x));
    p->offset_y = choose_offset(m, p->source.height, extent_of(w->kernel_height, w->dilation_y));
    if (m->volume)
        p->offset_z = choose_offset(m, p->source.depth, extent_of(w->kernel_depth, view_depth_of(w->dilation_z)));
    if (p->direction == POOLGRAD_FORWARD || chance(m, 75)) return;
    p->kernel_offset_x = between(m, -3, 3);
    p->kernel_offset_y = between(m, -3, 3);
    if (m->volume) p->kernel_offset_z = between(m, -3, 3);
}

/* One axis of a region, mostly all of it; `lowest` is the least origin that is legal. */
static void choose_part(maker *m, int64_t size, int64_t lowest, int64_t *origin, int64_t *extent)
{
    *origin = 0;
    *extent = POOLGRAD_ALL;
    if (m->limits->wide && chance(m, 50)) return;
    *origin = chance(m, 70) ? 0 : between(m, lowest, chance(m, 70) ? size / 2 : size + 1);
    *extent = chance(m, 65) ? POOLGRAD_ALL : chance(m, 4) ? 0 : between(m, 1, size + 3);
}

/* Of the third axis, which is never empty. */
static void choose_layers(maker *m, int64_t size, int64_t lowest, int64_t *origin, int64_t *extent)
{
    choose_part(m, size, lowest, origin, extent);
    if (*extent == 0) *extent = 1;
}

static void choose_clip(maker *m)
{
    poolgrad_problem *p = m->p;
    if (m->limits->whole && p->direction == POOLGRAD_GRADIENT) return;
    choose_part(m, p->destination.width, 0, &p->clip.x, &p->clip.width);
    choose_part(m, p->destination.height, 0, &p->clip.y, &p->clip.height);
    if (m->volume) choose_layers(m, p->destination.depth, 0, &p->clip.z, &p->clip.depth);
}

static void choose_destination(maker *m)
{
    poolgrad_problem *p = m->p;
    const poolgrad_window *w = &p->window;
    int64_t rows = choose_windows(m, p->source.height, w->stride_y);
    int64_t columns = choose_windows(m, p->source.width, w->stride_x);
    int64_t layers = m->volume ? view_depth_of(choose_windows(m, p->source.depth, w->stride_z)) : 0;
    if (p->direction == POOLGRAD_FORWARD) {
        p->destination.depth = layers;
        p->destination.height = rows;
        p->destination.width = columns;
        return;
    }
    p->source_gradient.depth = layers;
    p->source_gradient.height = rows;
    p->source_gradient.width = columns;
    choose_part(m, columns, -3, &p->gradient_region.x, &p->gradient_region.width);
    choose_part(m, rows, -3, &p->gradient_region.y, &p->gradient_region.height);
    if (m->volume) choose_layers(m, layers, -3, &p->gradient_region.z, &p->gradient_region.depth);
    p->destination.depth = p->source.depth;
    p->destination.height = p->source.height;
    p->destination.width = p->source.width;
    if (m->limits->whole) return;
    if (chance(m, 30)) choose_plane(m, &p->destination.height, &p->destination.width);
    if (m->volume && chance(m, 30)) p->destination.depth = choose_depth(m);
    p->mapping = chance(m, 50) ? POOLGRAD_MAPPING_CLIP : POOLGRAD_MAPPING_SOURCE;
}

/* ---- Windows by table ------------------------------------------------------------------------------------------ */

/* floor(i size / count) to ceil((i + 1) size / count). */
static poolgrad_span adaptive_window(int64_t size, int64_t count, int64_t i)
{
    int64_t first = i * size / count, end = ((i + 1) * size + count - 1) / count;
    return (poolgrad_span){first, end > first ? end - first : 1};
}

/* Inside, across the borders, outside. */
static poolgrad_span random_window(maker *m, int64_t size)
{
    int64_t greatest = m->limits->greatest_kernel, taps = between(m, 1, chance(m, 90) ? 4 : 8);
    if (greatest && taps > greatest) taps = greatest;
    int64_t kind = between(m, 0, 99);
    if (kind < 60 && size >= taps) return (poolgrad_span){between(m, 0, size - taps), taps};
    if (kind < 95) return (poolgrad_span){between(m, -taps - 1, size + 1), taps};
    return (poolgrad_span){between(m, -far_away, far_away), taps};
}

/* From the first window to that of the last pixel that counts, in memory that ends there. */
static void choose_table(maker *m, literal_direction which, poolgrad_table *table, guard_buffer *buffer)
{
    const literal_axis axis = literal_axis_of(m->p, which);
    const int64_t count = axis.counted.end - axis.origin;
    bool adaptive = chance(m, 40);
    if (literal_length(axis.counted) == 0) return;
    if (m->limits->greatest_kernel) adaptive = adaptive && axis.source / count + 2 <= m->limits->greatest_kernel;
    guard_make(buffer, (size_t)count * sizeof(poolgrad_span), GUARD_BEHIND);
    poolgrad_span *spans = (poolgrad_span *)(void *)buffer->bytes;
    for (int64_t i = 0; i < count; ++i)
        spans[i] = adaptive                 ? adaptive_window(axis.source, count, i)
                   : i > 0 && chance(m, 15) ? spans[between(m, 0, i - 1)]
                                            : random_window(m, axis.source);
    guard_keep(buffer);
    *table = (poolgrad_table){spans, count};
}

/* Needs the pixels that count. What else places the windows of an axis is neutral. */
static void choose_tables(maker *m, test_case *made)
{
    poolgrad_problem *p = m->p;
    poolgrad_window *w = &p->window;
    if (!allows(m, CASE_TABLES) || chance(m, 60)) return;
    if (m->volume && chance(m, 60)) {
        choose_table(m, ALONG_DEPTH, &p->windows_z, &made->tables[ALONG_DEPTH]);
        w->kernel_depth = w->stride_z = w->dilation_z = between(m, 0, 1);
        p->offset_z = p->kernel_offset_z = 0;
    }
    if (chance(m, 60)) {
        choose_table(m, ALONG_HEIGHT, &p->windows_y, &made->tables[ALONG_HEIGHT]);
        w->kernel_height = w->stride_y = w->dilation_y = 1;
        p->offset_y = p->kernel_offset_y = 0;
    }
    if (chance(m, 60)) {
        choose_table(m, ALONG_WIDTH, &p->windows_x, &made->tables[ALONG_WIDTH]);
        w->kernel_width = w->stride_x = w->dilation_x = 1;
        p->offset_x = p->kernel_offset_x = 0;
    }
}

/* ---- Images and channels ------------------------------------------------------------------------------------- */

/* A window of `count` channels somewhere in a tensor. */
static int64_t choose_channels(maker *m, int64_t count, int64_t *offset, int64_t *window)
{
    int64_t before = chance(m, 70) ? 0 : between(m, 1, 6);
    int64_t behind = chance(m, 70) && (count || !before) ? 0 : between(m, 1, 6);
    *offset = before;
    if (window) *window = behind ? count : chance(m, 70) ? POOLGRAD_ALL : count + between(m, 0, 3);
    return before + count + behind;
}

/* As many channels as fill vectors and leave tails, as long as the reference has little to do: it looks at all taps of
 * a window for each of its rows. */
static int64_t choose_wide_channels(maker *m)
{
    static const int64_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65};
    enum { COUNTS = sizeof counts / sizeof *counts, LITTLE = 25000, MUCH = 120000, LOTS = 2000000 };
    const poolgrad_problem *p = m->p;
    const poolgrad_window *w = &p->window;
    bool forward = p->direction == POOLGRAD_FORWARD;
    const poolgrad_const_image *windows = forward ? VIEW(&p->destination) : &p->source_gradient;
    int64_t taps = least(w->kernel_width, p->source.width) * least(w->kernel_height, p->source.height);
    int64_t looks = windows->height * windows->width * taps * (forward ? 1 : least(w->kernel_height, p->source.height));
    int64_t work = looks + p->source.height * p->source.width + p->destination.height * p->destination.width;
    int64_t most = (m->limits->large ? LOTS : chance(m, 90) ? LITTLE : MUCH) / (work + 1);
    int64_t count = m->deep ? counts[between(m, 0, COUNTS - 1)] : between(m, 1, 5);
    return least(count, most < 1 ? 1 : most);
}

static void choose_channel_windows(maker *m)
{
    poolgrad_problem *p = m->p;
    enum { WORK = 600, LARGE_KERNEL = 36 };
    int64_t kind = between(m, 0, 99);
    int64_t count = kind < 2 ? 0 : kind < 88 ? between(m, 1, 6) : kind < 96 ? between(m, 7, 13) : between(m, 14, 35);
    bool heavy = m->volume || p->source.height * p->source.width > WORK / 4 ||
                 p->window.kernel_height * p->window.kernel_width > LARGE_KERNEL;
    if (heavy) count = least(count, 3);
    if (m->limits->wide) count = choose_wide_channels(m);
    p->source.channels = choose_channels(m, count, &p->source_channel_offset, &p->source_channel_count);
    p->destination.channels = choose_channels(m, count, &p->destination_channel_offset, NULL);
    if (p->direction == POOLGRAD_FORWARD) return;
    p->source_gradient.channels = choose_channels(m, count, &p->gradient_channel_offset, &p->gradient_channel_count);
    if (!m->limits->whole) return;
    p->destination.channels = count;
    p->destination_channel_offset = 0;
}

static int64_t choose_images(maker *m, int64_t count, int64_t *first)
{
    *first = chance(m, 80) ? 0 : between(m, 1, 2);
    int64_t images = *first + count + (chance(m, 85) ? 0 : between(m, -1, 1));
    return images < 0 ? 0 : images;
}

static void choose_batch(maker *m)
{
    poolgrad_problem *p = m->p;
    int64_t count = chance(m, 3) ? 0 : between(m, 1, 3);
    p->source.images = choose_images(m, count, &p->offset_image);
    p->destination.images = choose_images(m, count, &p->clip.image);
    p->clip.images = chance(m, 80) ? POOLGRAD_ALL : between(m, chance(m, 10) ? 0 : 1, 3);
    if (p->direction == POOLGRAD_GRADIENT) {
        p->source_gradient.images = choose_images(m, count, &p->gradient_region.image);
        p->gradient_region.images = chance(m, 80) ? POOLGRAD_ALL : between(m, chance(m, 10) ? 0 : 1, 3);
    }
    if (!m->limits->whole || p->direction == POOLGRAD_FORWARD) return;
    p->clip.image = 0;
    p->clip.images = POOLGRAD_ALL;
    p->destination.images = count;
}

static void choose_formats(maker *m)
{
    poolgrad_problem *p = m->p;
    const case_limits *limits = m->limits;
    p->source.format = (poolgrad_format)choose(m, limits->source_formats, SOURCE_FORMATS);
    p->destination.format = (poolgrad_format)choose(m, limits->destination_formats, FLOAT_FORMATS);
    if (p->direction == POOLGRAD_FORWARD) return;
    p->source_gradient.format = (poolgrad_format)choose(m, limits->gradient_formats, FLOAT_FORMATS);
    if (chance(m, 50)) return;
    if (limits->destination_formats == limits->gradient_formats) p->destination.format = p->source_gradient.format;
    bool same = CASE_SET(p->source_gradient.format) & (limits->source_formats ? limits->source_formats : FLOAT_FORMATS);
    if (same) p->source.format = p->source_gradient.format;
}

/* A byte numbers the taps of all but the largest windows. */
static poolgrad_format choose_index_format(maker *m)
{
    static const poolgrad_format formats[] = {POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP8, POOLGRAD_TAP16,
                                              POOLGRAD_TAP32};
    poolgrad_format format = formats[between(m, 0, sizeof formats / sizeof *formats - 1)];
    int64_t taps = 1;
    for (int i = 0; i < LITERAL_AXES; ++i) {
        const literal_axis axis = literal_axis_of(m->p, (literal_direction)i);
        taps *= literal_most_taps(&axis);
    }
    bool large = taps > UINT8_MAX;
    return large && format == POOLGRAD_TAP8 ? POOLGRAD_TAP16 : format;
}

static poolgrad_image size_of(const poolgrad_const_image *windows, poolgrad_format format)
{
    return (poolgrad_image){.format = format,
                            .images = windows->images,
                            .channels = windows->channels,
                            .depth = windows->depth,
                            .height = windows->height,
                            .width = windows->width};
}

static void choose_indices(maker *m, bool *wanted)
{
    poolgrad_problem *p = m->p;
    *wanted = !m->limits->no_indices && p->kind == POOLGRAD_MAX && chance(m, 40);
    if (!*wanted) return;
    const poolgrad_format format = choose_index_format(m);
    bool forward = p->direction == POOLGRAD_FORWARD;
    bool gather = forward && allows(m, CASE_GATHERS) && chance(m, 60);
    if (forward && !gather) {
        p->picks = size_of(VIEW(&p->destination), format);
        return;
    }
    const poolgrad_image indices = size_of(forward ? VIEW(&p->destination) : &p->source_gradient, format);
    p->indices = *VIEW(&indices);
    p->ties = chance(m, 50) ? POOLGRAD_TIES_LAST : POOLGRAD_TIES_FIRST;
}

/* ---- Memory -------------------------------------------------------------------------------------------------- */

/* Dimensions from the innermost to the outermost. */
enum { DIMENSIONS = 5 };

typedef struct nesting {
    int64_t *stride[DIMENSIONS];
    int64_t extent[DIMENSIONS];
} nesting;

static nesting nest(poolgrad_image *image)
{
    int64_t slices = view_stored_channels(image) / view_lanes(image->layout), depth = view_depth(image);
    int64_t *n = &image->image_stride, *c = &image->channel_stride, *z = &image->depth_stride, *y = &image->row_stride,
            *x = &image->column_stride;
    if (image->layout == POOLGRAD_NHWC)
        return (nesting){{c, x, y, z, n}, {image->channels, image->width, image->height, depth, image->images}};
    return (nesting){{x, y, z, c, n}, {image->width, image->height, depth, slices, image->images}};
}

static void shuffle(maker *m, nesting *order)
{
    for (int i = DIMENSIONS - 1; i > 0; --i) {
        int j = (int)between(m, 0, i);
        int64_t *stride = order->stride[i], extent = order->extent[i];
        order->stride[i] = order->stride[j];
        order->extent[i] = order->extent[j];
        order->stride[j] = stride;
        order->extent[j] = extent;
    }
}

/* Every stride steps over what lies inside it, with some gap; a few run backwards. */
static void choose_strides(maker *m, poolgrad_image *image)
{
    nesting order = nest(image);
    if (chance(m, 20)) shuffle(m, &order);
    bool gaps = chance(m, 70), backwards = chance(m, 30);
    int64_t covered = view_lanes(image->layout);
    for (int i = 0; i < DIMENSIONS; ++i) {
        int64_t stride = covered + (gaps && chance(m, 50) ? between(m, 1, 3) : 0);
        if (order.extent[i] > 1) covered += stride * (order.extent[i] - 1);
        *order.stride[i] = backwards && chance(m, 50) ? -stride : stride;
    }
}

/* What the strides along dimensions of 1, and of empty images, say is of no effect. */
static void forget_idle_strides(maker *m, poolgrad_image *image)
{
    nesting order = nest(image);
    for (int i = 0; i < DIMENSIONS; ++i)
        if (order.extent[i] == 1 || view_is_empty(image)) *order.stride[i] = chance(m, 50) ? 0 : between(m, -9, 9);
}

/* Broadcast: the elements of one or more dimensions, of one image or of all, are the same ones. The strides stay where
 * there is nothing to repeat. */
static void expand(maker *m, poolgrad_image *image)
{
    nesting order = nest(image);
    bool all = chance(m, 20);
    for (int i = 0; i < DIMENSIONS; ++i)
        if (all || chance(m, 40)) *order.stride[i] = 0;
    image->expanded = 1;
}

/* Dense, dense but where a stride does not count, or with gaps, reflected or transposed. What is only read may lie on
 * itself. */
static void choose_view(maker *m, poolgrad_image *image, bool read_only)
{
    bool thick = view_depth(image) > 1;
    image->layout = m->same_layout ? m->layout : choose_layout(m);
    if (thick) image->layout = (poolgrad_layout)between(m, POOLGRAD_NCHW, POOLGRAD_NHWC);
    view_make_dense(image);
    if (chance(m, 60)) choose_strides(m, image);
    if (read_only && chance(m, 3)) image->row_stride = image->column_stride;
    if (read_only && chance(m, 10)) expand(m, image);
    if (chance(m, 10)) forget_idle_strides(m, image);
    if (thick) return;
    image->depth = between(m, 0, 1);
    if (chance(m, 20)) image->depth_stride = between(m, -far_away, far_away);
}

static void allocate(maker *m, poolgrad_image *image, guard_buffer *buffer)
{
    size_t element = number_size(image->format);
    view_range range = view_range_of(image);
    case_guard guard = m->limits->guard;
    size_t before = (size_t)between(m, 0, 15), behind = (size_t)between(m, 0, 15);
    guard_side side = chance(m, 50) ? GUARD_BEFORE : GUARD_BEHIND;
    bool tight = chance(m, 50), null = chance(m, 50);
    if (guard != CASE_LOOSE) side = guard == CASE_GUARD_BEFORE ? GUARD_BEFORE : GUARD_BEHIND;
    if (guard != CASE_LOOSE || tight) *(side == GUARD_BEFORE ? &before : &behind) = 0;
    size_t size = (size_t)(range.end - range.first) * element;
    guard_make(buffer, before + size + behind, side);
    image->data = buffer->bytes + before - range.first * (int64_t)element;
    if (size == 0 && null) image->data = NULL;
}

/* ---- Contents ------------------------------------------------------------------------------------------------ */

static uint64_t special_bits(maker *m, poolgrad_format format)
{
    int mantissa_bits = number_mantissa_bits(format);
    int exponent_bits = number_exponent_bits(format);
    uint64_t sign = chance(m, 50) ? UINT64_C(1) << (exponent_bits + mantissa_bits) : 0;
    uint64_t one = UINT64_C(1), infinity = ((one << exponent_bits) - 1) << mantissa_bits;
    uint64_t mantissa = random_bits(&m->random) & ((one << mantissa_bits) - 1);
    switch (between(m, 0, 11)) {
    case 0: return sign | infinity | (mantissa ? mantissa : 1);
    case 1: return sign | infinity | one << (mantissa_bits - 1);
    case 2:
    case 3: return sign | infinity;
    case 4:
    case 5: return sign;
    case 6: return sign | 1;
    case 7: return sign | mantissa;
    case 8: return sign | (infinity - 1);
    case 9: return sign | one << mantissa_bits;
    default: return number_encode(format, (double)between(m, -1, 1));
    }
}

static double fraction(maker *m)
{
    double value = (double)between(m, -(INT64_C(1) << 26), INT64_C(1) << 26);
    return ldexp(value, (int)between(m, -34, -22));
}

static uint64_t unorm_bits(maker *m, case_data data, poolgrad_format format)
{
    int64_t one = format == POOLGRAD_UNORM8 ? UINT8_MAX : UINT16_MAX;
    bool few = data == DATA_TIES || data == DATA_SPECIAL;
    if (few) return (uint64_t)(chance(m, 50) ? between(m, 0, 2) : one - between(m, 0, 2));
    if (data == DATA_RELU && chance(m, 50)) return 0;
    return (uint64_t)between(m, 0, one);
}

static uint64_t element_bits(maker *m, case_data data, poolgrad_format format)
{
    if (format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16) return unorm_bits(m, data, format);
    if (number_mantissa_bits(format) == 0) return random_bits(&m->random); /* indices, still to be made */
    if (data == DATA_RARE) data = chance(m, 3) ? DATA_SPECIAL : DATA_TIES;
    switch (data) {
    case DATA_TIES: return number_encode(format, chance(m, 15) ? -0.0 : (double)between(m, -2, 2));
    case DATA_RELU: return number_encode(format, chance(m, 50) ? 0 : fabs(fraction(m)));
    case DATA_SPECIAL: return special_bits(m, format);
    case DATA_WHOLE: return number_encode(format, (double)(between(m, -8, 8) * m->limits->unit));
    case DATA_POSITIVE: return number_encode(format, 1 + (double)between(m, 0, 256) / 256);
    case DATA_BITS: return random_bits(&m->random);
    default: return number_encode(format, fraction(m));
    }
}

static case_data choose_data(maker *m)
{
    static const case_data kinds[] = {DATA_TIES, DATA_RELU, DATA_PLAIN, DATA_SPECIAL, DATA_BITS, DATA_RARE};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    if (m->limits->data != DATA_ANY) return m->limits->data;
    return kinds[between(m, 0, m->limits->wide ? KINDS - 1 : KINDS - 2)];
}

/* Of many elements, values are made once and drawn often. */
enum { PALETTE = 512 };

static void fill_from_palette(maker *m, const poolgrad_image *image, case_data data)
{
    uint64_t palette[PALETTE];
    for (int i = 0; i < PALETTE; ++i) palette[i] = element_bits(m, data, image->format);
    VIEW_EACH(at, image) view_set_bits_at(image, at, palette[random_bits(&m->random) % PALETTE]);
}

/* Everything that is not an element, the unused lanes included, is random bytes. */
static void fill(maker *m, const poolgrad_image *image, guard_buffer *buffer)
{
    for (size_t i = 0; i < buffer->size; ++i) buffer->bytes[i] = (unsigned char)random_bits(&m->random);
    case_data data = choose_data(m);
    bool many = m->limits->wide && image->images * image->channels * image->height * image->width > PALETTE;
    if (many) fill_from_palette(m, image, data);
    const bool each = !many && image->data;
    for (view_place at = {0}; each && view_read_has(VIEW(image), at); at = view_read_next(VIEW(image), at))
        view_set_bits_at(image, at, element_bits(m, data, image->format));
    guard_keep(buffer);
}

/* The index of a tap of the window that lies inside the source, or -1. */
static int64_t choose_tap(maker *m, const literal_axis axes[LITERAL_AXES], view_place at)
{
    const int64_t pixel[LITERAL_AXES] = {at.z, at.y, at.x};
    for (int tries = 0; tries < 4; ++tries) {
        int64_t number = 0, place = 0;
        bool inside = true;
        for (int i = 0; i < LITERAL_AXES; ++i) {
            int64_t taps = literal_taps(&axes[i], pixel[i]), k = between(m, 0, taps - 1);
            int64_t tap = literal_tap(&axes[i], pixel[i], k);
            inside = inside && tap >= 0 && tap < axes[i].source;
            number = number * taps + k;
            if (inside) place = place * axes[i].source + tap;
        }
        if (!inside || chance(m, 10)) continue;
        return view_holds_taps(&m->p->indices) ? number : place;
    }
    return -1;
}

/* What the region, or the clip, does not count may hold anything. */
static void fill_indices(maker *m, const poolgrad_image *indices, guard_buffer *buffer)
{
    literal_axis axes[LITERAL_AXES];
    for (int i = 0; i < LITERAL_AXES; ++i) axes[i] = literal_axis_of(m->p, (literal_direction)i);
    fill(m, indices, buffer);
    for (int64_t n = 0; n < indices->images; ++n)
        for (int64_t c = 0; c < indices->channels; ++c) {
            view_place at = {.n = n, .c = c};
            LITERAL_EACH(at, axes[ALONG_DEPTH].counted, axes[ALONG_HEIGHT].counted, axes[ALONG_WIDTH].counted)
            view_set_bits_at(indices, at, (uint64_t)choose_tap(m, axes, at));
        }
    guard_keep(buffer);
}

/* Null data means none: empty ones need a pointer too. */
static void allocate_indices(maker *m, poolgrad_image *indices, guard_buffer *buffer)
{
    choose_view(m, indices, false);
    allocate(m, indices, buffer);
    if (!indices->data) indices->data = buffer->bytes;
}

static void make_indices(maker *m, test_case *made)
{
    if (m->p->picks.format != POOLGRAD_FORMAT_NONE) {
        allocate_indices(m, &m->p->picks, &made->picks);
        fill(m, &m->p->picks, &made->picks);
        return;
    }
    poolgrad_image indices = view_writable(&m->p->indices);
    allocate_indices(m, &indices, &made->indices);
    m->p->indices = *VIEW(&indices);
    if (view_is_empty(&indices))
        fill(m, &indices, &made->indices);
    else
        fill_indices(m, &indices, &made->indices);
}

static void make_source(maker *m, poolgrad_const_image *source, guard_buffer *buffer, bool with_data)
{
    poolgrad_image image = view_writable(source);
    choose_view(m, &image, true);
    if (with_data) {
        allocate(m, &image, buffer);
        fill(m, &image, buffer);
    }
    *source = *VIEW(&image);
}

static void make_memory(maker *m, test_case *made, bool indices)
{
    poolgrad_problem *p = m->p;
    bool gradient = p->direction == POOLGRAD_GRADIENT;
    bool without_source = gradient && (p->kind == POOLGRAD_AVERAGE || indices) && chance(m, 50);
    make_source(m, &p->source, &made->source, !without_source || m->limits->from_data);
    if (gradient) make_source(m, &p->source_gradient, &made->source_gradient, true);
    choose_view(m, &p->destination, false);
    allocate(m, &p->destination, &made->destination);
    fill(m, &p->destination, &made->destination);
    if (indices) make_indices(m, made);
}

/* ---- Cases --------------------------------------------------------------------------------------------------- */

void case_make_within(test_case *made, uint64_t seed, const case_limits *limits)
{
    *made = (test_case){.seed = seed};
    poolgrad_problem_init(&made->problem, sizeof made->problem);
    maker m = {.random = {seed}, .limits = limits, .p = &made->problem};
    bool indices;
    m.volume = allows(&m, CASE_VOLUMES) && !limits->wide && chance(&m, 45);
    choose_rules(&m);
    if (limits->wide) choose_style(&m);
    choose_window(&m);
    choose_placement(&m);
    choose_destination(&m);
    choose_clip(&m);
    choose_tables(&m, made);
    choose_channel_windows(&m);
    choose_batch(&m);
    choose_formats(&m);
    choose_indices(&m, &indices);
    make_memory(&m, made, indices);
}

void case_make(test_case *made, uint64_t seed)
{
    case_make_within(made, seed, &(case_limits){0});
}

void case_free(test_case *made)
{
    guard_free(&made->source);
    guard_free(&made->source_gradient);
    guard_free(&made->destination);
    guard_free(&made->indices);
    guard_free(&made->picks);
    for (int i = 0; i < LITERAL_AXES; ++i) guard_free(&made->tables[i]);
}

bool case_intact(const test_case *made)
{
    bool indices_unchanged = !made->indices.mapping || guard_unchanged(&made->indices);
    for (int i = 0; i < LITERAL_AXES; ++i)
        if (made->tables[i].mapping && !guard_unchanged(&made->tables[i])) return false;
    bool sources_unchanged = (!made->source.mapping || guard_unchanged(&made->source)) &&
                             (!made->source_gradient.mapping || guard_unchanged(&made->source_gradient));
    return indices_unchanged && sources_unchanged && guard_intact(&made->source) &&
           guard_intact(&made->source_gradient) && guard_intact(&made->destination) && guard_intact(&made->indices) &&
           guard_intact(&made->picks);
}

/* The first window becomes that of the first pixel that counts. */
static void forward_axis(const literal_axis *axis, int64_t kernel_offset, int64_t *offset, poolgrad_table *table)
{
    const int64_t skipped = axis->counted.first - axis->origin;
    if (axis->table)
        *table = (poolgrad_table){table->spans + skipped, table->count - skipped};
    else
        *offset += axis->stride * skipped - kernel_offset;
}

poolgrad_problem case_forward_of(const poolgrad_problem *gradient)
{
    poolgrad_problem forward = *gradient;
    const literal_axis z = literal_axis_of(gradient, ALONG_DEPTH), y = literal_axis_of(gradient, ALONG_HEIGHT),
                       x = literal_axis_of(gradient, ALONG_WIDTH);
    poolgrad_problem neutral;
    poolgrad_problem_init(&neutral, sizeof neutral);
    forward.direction = POOLGRAD_FORWARD;
    forward_axis(&x, gradient->kernel_offset_x, &forward.offset_x, &forward.windows_x);
    forward_axis(&y, gradient->kernel_offset_y, &forward.offset_y, &forward.windows_y);
    forward_axis(&z, gradient->kernel_offset_z, &forward.offset_z, &forward.windows_z);
    forward.clip = (poolgrad_region){.x = x.counted.first,
                                     .y = y.counted.first,
                                     .z = z.counted.first,
                                     .width = literal_length(x.counted),
                                     .height = literal_length(y.counted),
                                     .depth = literal_length(z.counted),
                                     .image = gradient->gradient_region.image,
                                     .images = literal_images(gradient)};
    if (literal_length(z.counted) == 0) { /* a depth of 0 is none: behind the last plane there is nothing */
        forward.clip.z = view_depth(&gradient->source_gradient);
        forward.clip.depth = 1;
    }
    forward.destination_channel_offset = gradient->gradient_channel_offset;
    forward.kernel_offset_x = forward.kernel_offset_y = forward.kernel_offset_z = 0;
    forward.gradient_region = neutral.gradient_region;
    forward.mapping = neutral.mapping;
    forward.gradient_channel_offset = 0;
    forward.gradient_channel_count = neutral.gradient_channel_count;
    forward.add_to_destination = 0;
    forward.source_gradient = forward.indices = neutral.indices;
    forward.destination = view_writable(&gradient->source_gradient);
    return forward;
}
