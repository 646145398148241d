/* SPDX-License-Identifier: Apache-2.0 */
#include "literal.h"

#include "taps.h"
#include "view.h"
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

static int64_t length(literal_span span)
{
    return span.end - span.first;
}

int64_t literal_images(const poolgrad_problem *p)
{
    int64_t images = least(length(literal_cut(p->clip.image, p->clip.images, p->destination.images)),
                           length(literal_cut(p->offset_image, POOLGRAD_ALL, p->source.images)));
    if (p->direction == POOLGRAD_FORWARD) return images;
    const poolgrad_region *region = &p->gradient_region;
    return least(images, length(literal_cut(region->image, region->images, p->source_gradient.images)));
}

int64_t literal_channels(const poolgrad_problem *p)
{
    return length(literal_cut(p->source_channel_offset, p->source_channel_count, p->source.channels));
}

static int64_t half_extent(int64_t kernel, int64_t dilation)
{
    return ((kernel - 1) * dilation + 1) / 2;
}

/* kernel_offset stays 0 in forward problems. */
int64_t literal_first_tap_y(const poolgrad_problem *p)
{
    return p->offset_y - p->kernel_offset_y - half_extent(p->window.kernel_height, p->window.dilation_y);
}

int64_t literal_first_tap_x(const poolgrad_problem *p)
{
    return p->offset_x - p->kernel_offset_x - half_extent(p->window.kernel_width, p->window.dilation_x);
}

static double norm(const taps_plane *source)
{
    double sum = 0;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        double square = t->value * t->value;
        sum = sum + square;
    }
    return sqrt(sum);
}

/* ---- The destination ----------------------------------------------------------------------------------------- */

static void write_unused_lanes(const poolgrad_image *image, int64_t n, int64_t channel_end, int64_t y, int64_t x)
{
    if ((channel_end - 1) / LANES != (image->channels - 1) / LANES) return;
    for (int64_t c = image->channels; c < view_stored_channels(image); ++c) view_set_bits(image, n, c, y, x, 0);
}

void literal_clear_unused_lanes(const poolgrad_problem *p, const poolgrad_image *image)
{
    int64_t channels = literal_channels(p);
    if (channels == 0 || image->channels == 0) return;
    literal_span zs = literal_cut(p->clip.image, p->clip.images, p->destination.images);
    literal_span ys = literal_cut(p->clip.y, p->clip.height, p->destination.height);
    literal_span xs = literal_cut(p->clip.x, p->clip.width, p->destination.width);
    for (int64_t n = zs.first; n < zs.end; ++n)
        for (int64_t y = ys.first; y < ys.end; ++y)
            for (int64_t x = xs.first; x < xs.end; ++x)
                write_unused_lanes(image, n, p->destination_channel_offset + channels, y, x);
}

/* ---- Forward ------------------------------------------------------------------------------------------------- */

static double forward_average(const taps_plane *source, bool wide)
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

static double forward_value(taps_plane *source, int64_t *index)
{
    if (source->p->kind == POOLGRAD_AVERAGE) return forward_average(source, is_wide(source->p));
    if (source->p->kind == POOLGRAD_L2NORM) return norm(source);
    taps_pick(source);
    const taps_tap *winner = taps_first_picked(source);
    if (winner && winner->inside) {
        bool taps = view_holds_taps(&source->p->picks);
        *index = taps ? winner - source->taps : winner->y * source->width + winner->x;
    }
    return winner ? winner->value : 0;
}

/* Image number z of the clip, pooled or not, and channel number c of the window. */
static void forward_plane(taps_plane *source, int64_t z, int64_t c)
{
    const poolgrad_problem *p = source->p;
    bool pooled = z < literal_images(p);
    if (pooled) taps_load(source, p->offset_image + z, p->source_channel_offset + c);
    literal_span ys = literal_cut(p->clip.y, p->clip.height, p->destination.height);
    literal_span xs = literal_cut(p->clip.x, p->clip.width, p->destination.width);
    int64_t n = p->clip.image + z, to_c = p->destination_channel_offset + c;
    for (int64_t y = ys.first; y < ys.end; ++y) {
        for (int64_t x = xs.first; x < xs.end; ++x) {
            double value = 0;
            int64_t index = -1;
            if (pooled) {
                taps_look(source, y - p->clip.y, x - p->clip.x);
                value = forward_value(source, &index);
            }
            view_set_number(&p->destination, n, to_c, y, x, value);
            if (p->picks.data) view_set_bits(&p->picks, n, to_c, y, x, (uint64_t)index);
        }
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

static void scatter_l2norm(const taps_plane *source, sums *s, double gradient)
{
    double out = norm(source);
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        int64_t at = t->y * source->width + t->x;
        s->touched[at] = true;
        if (out == 0) continue;
        double ratio = gradient / out;
        s->wide_sum[at] = s->wide_sum[at] + ratio;
    }
}

static void scatter(taps_plane *source, sums *s, double gradient)
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
        if (average || t->picked) add(s, t->y * source->width + t->x, gradient, divisor);
    }
}

/* Pixel number z of the gradient region's images and channel number c of the window: all its windows. */
static void scatter_plane(taps_plane *source, sums *s, int64_t z, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const poolgrad_region *region = &p->gradient_region;
    int64_t n = region->image + z, from_c = p->gradient_channel_offset + c;
    literal_span ys = literal_cut(region->y, region->height, p->source_gradient.height);
    literal_span xs = literal_cut(region->x, region->width, p->source_gradient.width);
    for (int64_t y = ys.first; y < ys.end; ++y) {
        for (int64_t x = xs.first; x < xs.end; ++x) {
            double gradient = view_number(&p->source_gradient, n, from_c, y, x);
            if (p->indices.data) {
                int64_t at = taps_saved_pick(source, n, from_c, y, x);
                if (at >= 0) add(s, at, gradient, 1);
                continue;
            }
            taps_look(source, y - region->y, x - region->x);
            scatter(source, s, gradient);
        }
    }
}

static double finished(const taps_plane *source, const sums *s, int64_t at)
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

/* Position in the source of a destination pixel. */
int64_t literal_mapped(const poolgrad_problem *p, int64_t position, int64_t clip_origin, int64_t first_tap)
{
    if (p->mapping == POOLGRAD_MAPPING_SOURCE) return position;
    return (first_tap > 0 ? first_tap : 0) + (position - clip_origin);
}

/* s is null for an image inside the clip that nothing is computed for. */
static void write_gradient(const taps_plane *source, const sums *s, bool wide, int64_t n, int64_t c)
{
    const poolgrad_problem *p = source->p;
    literal_span ys = literal_cut(p->clip.y, p->clip.height, p->destination.height);
    literal_span xs = literal_cut(p->clip.x, p->clip.width, p->destination.width);
    for (int64_t y = ys.first; y < ys.end; ++y) {
        for (int64_t x = xs.first; x < xs.end; ++x) {
            int64_t from_y = literal_mapped(p, y, p->clip.y, literal_first_tap_y(p));
            int64_t from_x = literal_mapped(p, x, p->clip.x, literal_first_tap_x(p));
            double value = 0;
            if (s && taps_within(from_y, source->height, 0) && taps_within(from_x, source->width, 0))
                value = finished(source, s, from_y * source->width + from_x);
            if (p->add_to_destination) value = plus(wide, view_number(&p->destination, n, c, y, x), value);
            view_set_number(&p->destination, n, c, y, x, value);
        }
    }
}

static void gradient_plane(taps_plane *source, int64_t z, int64_t c)
{
    const poolgrad_problem *p = source->p;
    bool wide = p->kind == POOLGRAD_L2NORM || is_wide(p);
    int64_t n = p->clip.image + z, to_c = p->destination_channel_offset + c;
    if (z >= literal_images(p)) {
        write_gradient(source, NULL, wide, n, to_c);
        return;
    }
    int64_t pixels = source->height * source->width;
    sums s = {.wide = wide,
              .narrow_sum = literal_array(pixels, sizeof(float)),
              .wide_sum = literal_array(pixels, sizeof(double)),
              .touched = literal_array(pixels, sizeof(bool))};
    taps_load(source, p->offset_image + z, p->source_channel_offset + c);
    scatter_plane(source, &s, z, c);
    write_gradient(source, &s, wide, n, to_c);
    free(s.narrow_sum);
    free(s.wide_sum);
    free(s.touched);
}

void literal_run(const poolgrad_problem *p)
{
    bool forward = p->direction == POOLGRAD_FORWARD;
    literal_span zs = literal_cut(p->clip.image, p->clip.images, p->destination.images);
    taps_plane source = taps_new(p);
    for (int64_t z = 0; z < length(zs); ++z)
        for (int64_t c = 0; c < literal_channels(p); ++c) (forward ? forward_plane : gradient_plane)(&source, z, c);
    taps_free(&source);
    literal_clear_unused_lanes(p, &p->destination);
    if (forward && p->picks.data) literal_clear_unused_lanes(p, &p->picks);
}
