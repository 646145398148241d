/* SPDX-License-Identifier: Apache-2.0 */
#include "case.h"

#include "encoding.h"
#include "literal.h"
#include "view.h"
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
    bool deep; /* many channels rather than long rows */
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

static int64_t choose_kernel(maker *m)
{
    int64_t greatest = m->limits->greatest_kernel;
    int64_t size = chance(m, 94) ? between(m, 1, chance(m, 50) ? 3 : 6) : between(m, 7, 17);
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
    p->zero_pad_x = chance(m, 50) ? 0 : chance(m, 2) ? far_away : between(m, 0, 4);
    p->zero_pad_y = chance(m, 50) ? 0 : chance(m, 2) ? far_away : between(m, 0, 4);
    p->threads = (int)between(m, 0, 4);
    p->max_isa = chance(m, 30) ? POOLGRAD_ISA_SCALAR : POOLGRAD_ISA_BEST;
    p->concurrent_runs = (int)between(m, 0, 3);
    p->add_to_destination = p->direction == POOLGRAD_GRADIENT && !limits->no_adding && chance(m, 25);
}

static void choose_style(maker *m)
{
    m->deep = chance(m, 40);
    m->same_layout = chance(m, 60);
    m->layout = (poolgrad_layout)between(m, 0, 2);
}

/* Each neutral value of what belongs to the third axis. */
static void choose_third_axis(maker *m)
{
    poolgrad_problem *p = m->p;
    p->window.kernel_depth = between(m, 0, 1);
    p->window.stride_z = between(m, 0, 1);
    p->window.dilation_z = between(m, 0, 1);
    p->gradient_region.depth = chance(m, 50) ? 1 : POOLGRAD_ALL;
    p->clip.depth = chance(m, 50) ? 1 : POOLGRAD_ALL;
}

static void choose_window(maker *m)
{
    poolgrad_window *w = &m->p->window;
    choose_third_axis(m);
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
}

static void choose_placement(maker *m)
{
    poolgrad_problem *p = m->p;
    const poolgrad_window *w = &p->window;
    if (!m->limits->wide) choose_plane(m, &p->source.height, &p->source.width);
    p->offset_x = choose_offset(m, p->source.width, extent_of(w->kernel_width, w->dilation_x));
    p->offset_y = choose_offset(m, p->source.height, extent_of(w->kernel_height, w->dilation_y));
    if (p->direction == POOLGRAD_FORWARD || chance(m, 75)) return;
    p->kernel_offset_x = between(m, -3, 3);
    p->kernel_offset_y = between(m, -3, 3);
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

static void choose_clip(maker *m)
{
    poolgrad_problem *p = m->p;
    if (m->limits->whole && p->direction == POOLGRAD_GRADIENT) return;
    choose_part(m, p->destination.width, 0, &p->clip.x, &p->clip.width);
    choose_part(m, p->destination.height, 0, &p->clip.y, &p->clip.height);
}

static void choose_destination(maker *m)
{
    poolgrad_problem *p = m->p;
    const poolgrad_window *w = &p->window;
    int64_t rows = choose_windows(m, p->source.height, w->stride_y);
    int64_t columns = choose_windows(m, p->source.width, w->stride_x);
    if (p->direction == POOLGRAD_FORWARD) {
        p->destination.height = rows;
        p->destination.width = columns;
        return;
    }
    p->source_gradient.height = rows;
    p->source_gradient.width = columns;
    choose_part(m, columns, -3, &p->gradient_region.x, &p->gradient_region.width);
    choose_part(m, rows, -3, &p->gradient_region.y, &p->gradient_region.height);
    p->destination.height = p->source.height;
    p->destination.width = p->source.width;
    if (m->limits->whole) return;
    if (chance(m, 30)) choose_plane(m, &p->destination.height, &p->destination.width);
    p->mapping = chance(m, 50) ? POOLGRAD_MAPPING_CLIP : POOLGRAD_MAPPING_SOURCE;
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
    bool heavy = p->source.height * p->source.width > WORK / 4 ||
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
    bool large = m->p->window.kernel_height * m->p->window.kernel_width > UINT8_MAX;
    return large && format == POOLGRAD_TAP8 ? POOLGRAD_TAP16 : format;
}

static poolgrad_image size_of(const poolgrad_const_image *windows, poolgrad_format format)
{
    return (poolgrad_image){.format = format,
                            .images = windows->images,
                            .channels = windows->channels,
                            .height = windows->height,
                            .width = windows->width};
}

static void choose_indices(maker *m, bool *wanted)
{
    poolgrad_problem *p = m->p;
    *wanted = !m->limits->no_indices && p->kind == POOLGRAD_MAX && chance(m, 40);
    if (!*wanted) return;
    const poolgrad_format format = choose_index_format(m);
    if (p->direction == POOLGRAD_FORWARD) {
        p->picks = size_of(VIEW(&p->destination), format);
        return;
    }
    const poolgrad_image indices = size_of(&p->source_gradient, format);
    p->indices = *VIEW(&indices);
    p->ties = chance(m, 50) ? POOLGRAD_TIES_LAST : POOLGRAD_TIES_FIRST;
}

/* ---- Memory -------------------------------------------------------------------------------------------------- */

/* Dimensions from the innermost to the outermost. */
typedef struct nesting {
    int64_t *stride[4];
    int64_t extent[4];
} nesting;

static nesting nest(poolgrad_image *image)
{
    int64_t stored = view_stored_channels(image);
    int64_t *n = &image->image_stride, *c = &image->channel_stride, *y = &image->row_stride, *x = &image->column_stride;
    if (image->layout == POOLGRAD_NHWC)
        return (nesting){{c, x, y, n}, {image->channels, image->width, image->height, image->images}};
    if (image->layout == POOLGRAD_NC4HW4) stored /= LANES;
    return (nesting){{x, y, c, n}, {image->width, image->height, stored, image->images}};
}

static void shuffle(maker *m, nesting *order)
{
    for (int i = 3; i > 0; --i) {
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
    int64_t covered = image->layout == POOLGRAD_NC4HW4 ? LANES : 1;
    for (int i = 0; i < 4; ++i) {
        int64_t stride = covered + (gaps && chance(m, 50) ? between(m, 1, 3) : 0);
        if (order.extent[i] > 1) covered += stride * (order.extent[i] - 1);
        *order.stride[i] = backwards && chance(m, 50) ? -stride : stride;
    }
}

/* What the strides along dimensions of 1, and of empty images, say is of no effect. */
static void forget_idle_strides(maker *m, poolgrad_image *image)
{
    nesting order = nest(image);
    for (int i = 0; i < 4; ++i)
        if (order.extent[i] == 1 || view_is_empty(image)) *order.stride[i] = chance(m, 50) ? 0 : between(m, -9, 9);
}

/* Broadcast: the elements of one or more dimensions, of one image or of all, are the same ones. The strides stay where
 * there is nothing to repeat. */
static void expand(maker *m, poolgrad_image *image)
{
    nesting order = nest(image);
    bool all = chance(m, 20);
    for (int i = 0; i < 4; ++i)
        if (all || chance(m, 40)) *order.stride[i] = 0;
    image->expanded = 1;
}

/* Dense, dense but where a stride does not count, or with gaps, reflected or transposed. What is only read may lie on
 * itself. */
static void choose_view(maker *m, poolgrad_image *image, bool read_only)
{
    image->layout = m->same_layout ? m->layout : (poolgrad_layout)between(m, 0, 2);
    view_make_dense(image);
    if (chance(m, 60)) choose_strides(m, image);
    if (read_only && chance(m, 3)) image->row_stride = image->column_stride;
    if (read_only && chance(m, 10)) expand(m, image);
    if (chance(m, 10)) forget_idle_strides(m, image);
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
    for (int64_t n = 0; n < image->images; ++n)
        for (int64_t c = 0; c < image->channels; ++c)
            for (int64_t y = 0; y < image->height; ++y)
                for (int64_t x = 0; x < image->width; ++x)
                    view_set_bits(image, n, c, y, x, palette[random_bits(&m->random) % PALETTE]);
}

/* Everything that is not an element, the unused lanes included, is random bytes. */
static void fill(maker *m, const poolgrad_image *image, guard_buffer *buffer)
{
    for (size_t i = 0; i < buffer->size; ++i) buffer->bytes[i] = (unsigned char)random_bits(&m->random);
    case_data data = choose_data(m);
    bool many = m->limits->wide && image->images * image->channels * image->height * image->width > PALETTE;
    if (many) fill_from_palette(m, image, data);
    for (int64_t n = 0; !many && image->data && n < image->images; ++n)
        for (int64_t c = 0; c < image->channels; ++c)
            for (int64_t y = 0; y < image->height; ++y)
                for (int64_t x = 0; x < image->width; ++x)
                    view_set_bits(image, n, c, y, x, element_bits(m, data, image->format));
    guard_keep(buffer);
}

/* The index of a tap of the window that lies inside the source, or -1. */
static int64_t choose_tap(maker *m, int64_t y, int64_t x)
{
    const poolgrad_problem *p = m->p;
    const poolgrad_window *w = &p->window;
    int64_t top = literal_first_tap_y(p) + w->stride_y * (y - p->gradient_region.y);
    int64_t left = literal_first_tap_x(p) + w->stride_x * (x - p->gradient_region.x);
    for (int tries = 0; tries < 4; ++tries) {
        int64_t ky = between(m, 0, w->kernel_height - 1), kx = between(m, 0, w->kernel_width - 1);
        int64_t tap_y = top + w->dilation_y * ky, tap_x = left + w->dilation_x * kx;
        bool inside = tap_y >= 0 && tap_y < p->source.height && tap_x >= 0 && tap_x < p->source.width;
        if (!inside || chance(m, 10)) continue;
        return view_holds_taps(&p->indices) ? ky * w->kernel_width + kx : tap_y * p->source.width + tap_x;
    }
    return -1;
}

/* What the region does not count may hold anything. */
static void fill_indices(maker *m, const poolgrad_image *indices, guard_buffer *buffer)
{
    const poolgrad_problem *p = m->p;
    const poolgrad_region *region = &p->gradient_region;
    literal_span ys = literal_cut(region->y, region->height, indices->height);
    literal_span xs = literal_cut(region->x, region->width, indices->width);
    fill(m, indices, buffer);
    for (int64_t n = 0; n < indices->images; ++n)
        for (int64_t c = 0; c < indices->channels; ++c)
            for (int64_t y = ys.first; y < ys.end; ++y)
                for (int64_t x = xs.first; x < xs.end; ++x)
                    view_set_bits(indices, n, c, y, x, (uint64_t)choose_tap(m, y, x));
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
    if (m->p->direction == POOLGRAD_FORWARD) {
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
    choose_rules(&m);
    if (limits->wide) choose_style(&m);
    choose_window(&m);
    choose_placement(&m);
    choose_destination(&m);
    choose_clip(&m);
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
}

bool case_intact(const test_case *made)
{
    bool indices_unchanged = !made->indices.mapping || guard_unchanged(&made->indices);
    bool sources_unchanged = (!made->source.mapping || guard_unchanged(&made->source)) &&
                             (!made->source_gradient.mapping || guard_unchanged(&made->source_gradient));
    return indices_unchanged && sources_unchanged && guard_intact(&made->source) &&
           guard_intact(&made->source_gradient) && guard_intact(&made->destination) && guard_intact(&made->indices) &&
           guard_intact(&made->picks);
}

poolgrad_problem case_forward_of(const poolgrad_problem *gradient)
{
    poolgrad_problem forward = *gradient;
    const poolgrad_region *region = &gradient->gradient_region;
    literal_span ys = literal_cut(region->y, region->height, gradient->source_gradient.height);
    literal_span xs = literal_cut(region->x, region->width, gradient->source_gradient.width);
    poolgrad_problem neutral;
    poolgrad_problem_init(&neutral, sizeof neutral);
    forward.direction = POOLGRAD_FORWARD;
    forward.offset_x += gradient->window.stride_x * (xs.first - region->x) - gradient->kernel_offset_x;
    forward.offset_y += gradient->window.stride_y * (ys.first - region->y) - gradient->kernel_offset_y;
    forward.clip = (poolgrad_region){.x = xs.first,
                                     .y = ys.first,
                                     .width = xs.end - xs.first,
                                     .height = ys.end - ys.first,
                                     .depth = POOLGRAD_ALL,
                                     .image = region->image,
                                     .images = literal_images(gradient)};
    forward.destination_channel_offset = gradient->gradient_channel_offset;
    forward.kernel_offset_x = forward.kernel_offset_y = 0;
    forward.gradient_region = neutral.gradient_region;
    forward.mapping = neutral.mapping;
    forward.gradient_channel_offset = 0;
    forward.gradient_channel_count = neutral.gradient_channel_count;
    forward.add_to_destination = 0;
    forward.source_gradient = forward.indices = neutral.indices;
    forward.destination = view_writable(&gradient->source_gradient);
    return forward;
}
