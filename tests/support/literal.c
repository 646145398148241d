/* SPDX-License-Identifier: Apache-2.0 */
#include "literal.h"

#include "taps.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* What a pixel of the source has received. */
typedef struct sums {
    bool wide;
    float *narrow_sum;
    double *wide_sum;
    bool *touched; /* by a window of an L2-norm */
} sums;

void *literal_array(int64_t count, size_t size)
{
    void *array = calloc(count > 0 ? (size_t)count : 1, size);
    if (!array) abort();
    return array;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

literal_span literal_cut(int64_t origin, int64_t extent, int64_t size)
{
    int64_t end = extent > size - origin ? size : origin + extent;
    int64_t first = origin < 0 ? 0 : origin;
    return (literal_span){first, end < first ? first : end};
}

int64_t literal_length(literal_span span)
{
    return span.end - span.first;
}

int64_t literal_images(const poolgrad_problem *p)
{
    int64_t images = least(literal_length(literal_cut(p->clip.image, p->clip.images, p->destination.images)),
                           literal_length(literal_cut(p->offset_image, POOLGRAD_ALL, p->source.images)));
    if (p->direction == POOLGRAD_FORWARD) return images;
    const poolgrad_region *region = &p->gradient_region;
    return least(images, literal_length(literal_cut(region->image, region->images, p->source_gradient.images)));
}

int64_t literal_channels(const poolgrad_problem *p)
{
    return literal_length(literal_cut(p->source_channel_offset, p->source_channel_count, p->source.channels));
}

/* ---- Axes ---------------------------------------------------------------------------------------------------- */

static int64_t along(literal_direction which, int64_t z, int64_t y, int64_t x)
{
    return which == ALONG_DEPTH ? z : which == ALONG_HEIGHT ? y : x;
}

/* Of the third axis 0 says 1. */
static int64_t at_least_one(int64_t count)
{
    return count == 0 ? 1 : count;
}

/* Sizes of images, regions and tables. */
static literal_axis sizes_of(const poolgrad_problem *p, literal_direction which)
{
    const poolgrad_image *to = &p->destination;
    const poolgrad_const_image *from = &p->source, *g = &p->source_gradient;
    const poolgrad_region *clip = &p->clip, *region = &p->gradient_region;
    const int64_t clip_extent = along(which, clip->depth, clip->height, clip->width);
    literal_axis a = {.source = along(which, view_depth(from), from->height, from->width),
                      .clip = along(which, clip->z, clip->y, clip->x),
                      .mapping = p->mapping};
    a.written = literal_cut(a.clip, clip_extent, along(which, view_depth(to), to->height, to->width));
    a.origin = a.clip;
    a.counted = a.written;
    const poolgrad_table *tables[LITERAL_AXES] = {&p->windows_z, &p->windows_y, &p->windows_x};
    if (tables[which]->count > 0) a.table = tables[which]->spans;
    if (p->direction == POOLGRAD_FORWARD) return a;
    a.origin = along(which, region->z, region->y, region->x);
    a.counted = literal_cut(a.origin, along(which, region->depth, region->height, region->width),
                            along(which, view_depth(g), g->height, g->width));
    return a;
}

/* Kernel offsets stay 0 in forward problems. */
literal_axis literal_axis_of(const poolgrad_problem *p, literal_direction which)
{
    const poolgrad_window *w = &p->window;
    literal_axis a = sizes_of(p, which);
    const int64_t pad = along(which, p->zero_pad_z, p->zero_pad_y, p->zero_pad_x);
    a.before = pad + along(which, p->zero_pad_front, p->zero_pad_top, p->zero_pad_left);
    a.behind = pad + along(which, p->zero_pad_back, p->zero_pad_bottom, p->zero_pad_right);
    a.kernel = at_least_one(along(which, w->kernel_depth, w->kernel_height, w->kernel_width));
    a.stride = at_least_one(along(which, w->stride_z, w->stride_y, w->stride_x));
    a.dilation = at_least_one(along(which, w->dilation_z, w->dilation_y, w->dilation_x));
    a.first_tap = along(which, p->offset_z - p->kernel_offset_z, p->offset_y - p->kernel_offset_y,
                        p->offset_x - p->kernel_offset_x) -
                  ((a.kernel - 1) * a.dilation + 1) / 2;
    if (a.table) a.first_tap = a.table[0].first;
    return a;
}

int64_t literal_taps(const literal_axis *axis, int64_t i)
{
    return axis->table ? axis->table[i - axis->origin].size : axis->kernel;
}

int64_t literal_tap(const literal_axis *axis, int64_t i, int64_t k)
{
    if (axis->table) return axis->table[i - axis->origin].first + k;
    return axis->first_tap + axis->stride * (i - axis->origin) + axis->dilation * k;
}

int64_t literal_most_taps(const literal_axis *axis)
{
    int64_t most = axis->table ? 0 : axis->kernel;
    for (int64_t i = axis->counted.first; i < axis->counted.end; ++i) {
        int64_t taps = literal_taps(axis, i);
        if (taps > most) most = taps;
    }
    return most;
}

/* Position in the source of a destination pixel. */
int64_t literal_mapped(const literal_axis *axis, int64_t position)
{
    if (axis->mapping == POOLGRAD_MAPPING_SOURCE) return position;
    return (axis->first_tap > 0 ? axis->first_tap : 0) + (position - axis->clip);
}

/* ---- Norms --------------------------------------------------------------------------------------------------- */

/* `count` is what the mean divides by. */
static double norm(const taps_volume *source, double count)
{
    double sum = 0;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        double square = t->value * t->value;
        sum = sum + square;
    }
    if (!source->p->root_mean) return sqrt(sum);
    if (count == 0) return 0;
    double mean = sum / count;
    return sqrt(mean);
}

/* ---- The destination ----------------------------------------------------------------------------------------- */

static void write_unused_lanes(const poolgrad_image *image, int64_t channel_end, view_place at)
{
    const int64_t lanes = view_lanes(image->layout);
    if ((channel_end - 1) / lanes != (image->channels - 1) / lanes) return;
    for (at.c = image->channels; at.c < view_stored_channels(image); ++at.c) view_set_bits_at(image, at, 0);
}

void literal_clear_unused_lanes(const poolgrad_problem *p, const poolgrad_image *image)
{
    int64_t channels = literal_channels(p);
    if (channels == 0 || image->channels == 0) return;
    literal_span images = literal_cut(p->clip.image, p->clip.images, p->destination.images);
    literal_span zs = literal_axis_of(p, ALONG_DEPTH).written, ys = literal_axis_of(p, ALONG_HEIGHT).written,
                 xs = literal_axis_of(p, ALONG_WIDTH).written;
    for (int64_t n = images.first; n < images.end; ++n) {
        view_place at = {.n = n};
        LITERAL_EACH(at, zs, ys, xs) write_unused_lanes(image, p->destination_channel_offset + channels, at);
    }
}

/* ---- Forward ------------------------------------------------------------------------------------------------- */

static double forward_average(const taps_volume *source, bool wide)
{
    float narrow_sum = 0;
    double wide_sum = 0;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        narrow_sum = narrow_sum + (float)t->value;
        wide_sum = wide_sum + t->value;
    }
    int64_t count = taps_counted(source);
    if (count == 0) return 0;
    if (wide) return wide_sum / (double)count;
    float mean = narrow_sum / (float)count;
    return (double)mean;
}

static bool is_wide(const poolgrad_problem *p)
{
    poolgrad_format other = p->direction == POOLGRAD_FORWARD ? p->source.format : p->source_gradient.format;
    return p->accumulator == POOLGRAD_ACCUMULATE_FLOAT64 || other == POOLGRAD_FLOAT64 ||
           p->destination.format == POOLGRAD_FLOAT64;
}

static double forward_max(taps_volume *source, int64_t *index)
{
    taps_pick(source);
    const taps_tap *winner = taps_first_picked(source);
    if (winner && winner->inside) *index = view_holds_taps(&source->p->picks) ? winner - source->taps : winner->place;
    return winner ? winner->value : 0;
}

static double forward_value(taps_volume *source, view_place at, int64_t *index)
{
    const poolgrad_problem *p = source->p;
    if (p->indices.data) {
        int64_t place = taps_saved_pick(source, at);
        return place < 0 ? 0 : source->values[place];
    }
    taps_look(source, at);
    if (p->kind == POOLGRAD_AVERAGE) return forward_average(source, is_wide(p));
    if (p->kind == POOLGRAD_L2NORM) return norm(source, (double)taps_counted(source));
    return forward_max(source, index);
}

/* Image number i of the clip, pooled or not, and channel number c of the window. */
static void forward_channel(taps_volume *source, int64_t i, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const literal_axis *a = source->axes;
    bool pooled = i < literal_images(p);
    if (pooled) taps_load(source, p->offset_image + i, p->source_channel_offset + c);
    view_place at = {.n = p->clip.image + i, .c = p->destination_channel_offset + c};
    LITERAL_EACH(at, a[ALONG_DEPTH].written, a[ALONG_HEIGHT].written, a[ALONG_WIDTH].written)
    {
        int64_t index = -1;
        double value = pooled ? forward_value(source, at, &index) : 0;
        view_set_number_at(&p->destination, at, value);
        if (p->picks.data) view_set_bits_at(&p->picks, at, (uint64_t)index);
    }
}

/* ---- Gradient ------------------------------------------------------------------------------------------------ */

static void add(sums *s, int64_t at, double gradient, int64_t divisor)
{
    if (s->wide) {
        double share = gradient / (double)divisor;
        s->wide_sum[at] = s->wide_sum[at] + share;
    } else {
        float share = (float)gradient / (float)divisor;
        s->narrow_sum[at] = s->narrow_sum[at] + share;
    }
}

static void scatter_l2norm(const taps_volume *source, sums *s, double gradient)
{
    double count = (double)taps_counted(source), out = norm(source, count);
    double divisor = source->p->root_mean ? count * out : out;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        s->touched[t->place] = true;
        if (out == 0) continue;
        double ratio = gradient / divisor;
        s->wide_sum[t->place] = s->wide_sum[t->place] + ratio;
    }
}

static void scatter(taps_volume *source, sums *s, double gradient)
{
    if (source->p->kind == POOLGRAD_L2NORM) {
        scatter_l2norm(source, s, gradient);
        return;
    }
    bool average = source->p->kind == POOLGRAD_AVERAGE;
    int64_t divisor = average ? taps_counted(source) : taps_pick(source);
    if (!average && source->p->ties != POOLGRAD_TIES_SPLIT) divisor = 1;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        if (average || t->picked) add(s, t->place, gradient, divisor);
    }
}

/* Image number i of the gradient region and channel number c of the window: all its windows. */
static void scatter_channel(taps_volume *source, sums *s, int64_t i, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const literal_axis *a = source->axes;
    view_place at = {.n = p->gradient_region.image + i, .c = p->gradient_channel_offset + c};
    LITERAL_EACH(at, a[ALONG_DEPTH].counted, a[ALONG_HEIGHT].counted, a[ALONG_WIDTH].counted)
    {
        double gradient = view_number_at(&p->source_gradient, at);
        int64_t place = p->indices.data ? taps_saved_pick(source, at) : -1;
        if (place >= 0) add(s, place, gradient, 1);
        if (p->indices.data) continue;
        taps_look(source, at);
        scatter(source, s, gradient);
    }
}

static double finished(const taps_volume *source, const sums *s, int64_t at)
{
    if (source->p->kind != POOLGRAD_L2NORM) return s->wide ? s->wide_sum[at] : (double)s->narrow_sum[at];
    return s->touched[at] ? source->values[at] * s->wide_sum[at] : 0;
}

static double plus(bool wide, double held, double value)
{
    if (wide) return held + value;
    float sum = (float)held + (float)value;
    return (double)sum;
}

/* s is null for an image inside the clip that nothing is computed for. */
static void write_gradient(const taps_volume *source, const sums *s, bool wide, view_place at)
{
    const poolgrad_problem *p = source->p;
    const literal_axis *a = source->axes;
    LITERAL_EACH(at, a[ALONG_DEPTH].written, a[ALONG_HEIGHT].written, a[ALONG_WIDTH].written)
    {
        int64_t from = taps_mapped(source, at);
        double value = s && from >= 0 ? finished(source, s, from) : 0;
        if (p->add_to_destination) value = plus(wide, view_number_at(&p->destination, at), value);
        view_set_number_at(&p->destination, at, value);
    }
}

static void gradient_channel(taps_volume *source, int64_t i, int64_t c)
{
    const poolgrad_problem *p = source->p;
    bool wide = p->kind == POOLGRAD_L2NORM || is_wide(p);
    const view_place to = {.n = p->clip.image + i, .c = p->destination_channel_offset + c};
    if (i >= literal_images(p)) {
        write_gradient(source, NULL, wide, to);
        return;
    }
    sums s = {.wide = wide,
              .narrow_sum = literal_array(source->pixels, sizeof(float)),
              .wide_sum = literal_array(source->pixels, sizeof(double)),
              .touched = literal_array(source->pixels, sizeof(bool))};
    taps_load(source, p->offset_image + i, p->source_channel_offset + c);
    scatter_channel(source, &s, i, c);
    write_gradient(source, &s, wide, to);
    free(s.narrow_sum);
    free(s.wide_sum);
    free(s.touched);
}

void literal_run(const poolgrad_problem *p)
{
    bool forward = p->direction == POOLGRAD_FORWARD;
    literal_span images = literal_cut(p->clip.image, p->clip.images, p->destination.images);
    taps_volume source = taps_new(p);
    for (int64_t i = 0; i < literal_length(images); ++i)
        for (int64_t c = 0; c < literal_channels(p); ++c) (forward ? forward_channel : gradient_channel)(&source, i, c);
    taps_free(&source);
    literal_clear_unused_lanes(p, &p->destination);
    if (forward && p->picks.data) literal_clear_unused_lanes(p, &p->picks);
}
