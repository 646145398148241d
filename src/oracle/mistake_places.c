/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes in where elements are: steps in memory, channels, tails of blocks, edges of tiles. */
#include <inttypes.h>

#include "oracle/mistake_turns.h"

static struct poolgrad_reading *reading_of(struct poolgrad_knobs *k, int64_t which, const poolgrad_const_image **image)
{
    struct poolgrad_geometry *g = &k->geometry;
    *image = which == POOLGRAD_OF_SOURCE ? &g->source : which == POOLGRAD_OF_RESULT ? &g->held : &g->source_gradient;
    k->misplaced = k->misplaced || which == POOLGRAD_OF_RESULT;
    return which == POOLGRAD_OF_SOURCE ? &k->source : which == POOLGRAD_OF_RESULT ? &k->result : &k->gradient;
}

static const char *const image_names[] = {"the source", "the source gradient", "the result"};

/* ---- Steps in memory --------------------------------------------------------------------------------------------- */

static struct poolgrad_steps_of steps_of(const poolgrad_const_image *image)
{
    const int64_t c = image->channels, d = image->depth, h = image->height, w = image->width;
    if (image->layout == POOLGRAD_NHWC) return (struct poolgrad_steps_of){c * d * h * w, 1, c * h * w, c * w, c};
    return (struct poolgrad_steps_of){c * d * h * w, d * h * w, h * w, w, 1};
}

static int64_t up_to(int64_t number, int64_t multiple)
{
    return (number + multiple - 1) / multiple * multiple;
}

/* From one row to the next, and from there on all of it: a picture of another width or height. */
static int64_t wrong_width(const struct poolgrad_geometry *g, const poolgrad_const_image *image, int which)
{
    const poolgrad_const_image *other = image == &g->source_gradient ? &g->held : &g->source_gradient;
    const int64_t w = image->width, pad = poolgrad_max(-g->x.first, 0);
    const int64_t others = g->direction == POOLGRAD_GRADIENT ? other->width
                           : image == &g->held               ? g->source.width
                                                             : g->held.width;
    const int64_t widths[] = {others, image->height, w + 1, w - 1, w + 2 * pad, up_to(w, 4), up_to(w, 8), up_to(w, 16)};
    return widths[which];
}

/* From one plane to the next. */
static int64_t wrong_plane(const struct poolgrad_geometry *g, const poolgrad_const_image *image, int which)
{
    const poolgrad_const_image *other = image == &g->source_gradient ? &g->held : &g->source_gradient;
    if (g->direction == POOLGRAD_FORWARD) other = image == &g->held ? &g->source : &g->held;
    const int64_t plane = image->depth * image->height * image->width, pad = poolgrad_max(-g->x.first, 0);
    const int64_t planes[] = {other->depth * other->height * other->width,
                              image->width * image->width,
                              image->height * image->height,
                              plane - image->width,
                              plane + image->width,
                              (image->height + 2 * pad) * (image->width + 2 * pad),
                              up_to(plane, 4),
                              up_to(plane, 16),
                              plane - 1,
                              plane + 1,
                              image->width};
    return planes[which];
}

/* Variants: rows, planes, images. Dense images in NCHW, or, of images alone, NHWC. */
TURN(misread_steps)
{
    enum { WIDTHS = 8, PLANES = 11 };
    const poolgrad_const_image *image;
    struct poolgrad_reading *r = reading_of(k, a, &image);
    if (!image->data || poolgrad_layout_is_blocked(image->layout) || image->layout == POOLGRAD_NHWC) return false;
    const struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_steps_of right = steps_of(image);
    struct poolgrad_steps_of *steps = &r->steps;
    const int i = k->variant;
    (void)v, (void)b;
    r->strided = true;
    r->writes = a == POOLGRAD_OF_RESULT;
    *steps = right;
    if (i < WIDTHS) {
        steps->row = wrong_width(g, image, i);
        poolgrad_say(k, "steps by %" PRId64 " and not %" PRId64 " from row to row of %s", steps->row, right.row,
                     image_names[a]);
        return steps->row > 0 && steps->row != right.row && image->height > 1;
    }
    if (i < WIDTHS + PLANES) {
        steps->channel = wrong_plane(g, image, i - WIDTHS);
        poolgrad_say(k, "steps by %" PRId64 " and not %" PRId64 " from channel to channel of %s", steps->channel,
                     right.channel, image_names[a]);
        return steps->channel > 0 && steps->channel != right.channel && image->channels > 1;
    }
    const int64_t channels = image->channels, other = wrong_plane(g, image, 0);
    const int64_t images[] = {right.channel, channels * other, right.image - right.channel, right.image + right.channel,
                              up_to(channels, 4) * right.channel};
    steps->image = images[i - WIDTHS - PLANES];
    poolgrad_say(k, "steps by %" PRId64 " and not %" PRId64 " from image to image of %s", steps->image, right.image,
                 image_names[a]);
    return steps->image > 0 && steps->image != right.image && image->images > 1;
}

/* ---- Channels and images ----------------------------------------------------------------------------------------- */

/* Backwards, in groups, so many channels off, or all from the first one. */
TURN(order_channels)
{
    static const int64_t groups[] = {2, 3, 4, 8, 16}, off[] = {2, -2, 3, -3, 4, -4};
    enum { GROUPS = 5, OFF = 6 };
    const poolgrad_const_image *image;
    struct poolgrad_reading *r = reading_of(k, a, &image);
    const int i = k->variant - 1;
    (void)v, (void)b;
    if (!image->data || image->channels < 2) return false;
    if (i < 0) {
        r->channels = POOLGRAD_CHANNELS_BACKWARDS;
        poolgrad_say(k, "takes the channels of %s in backward order", image_names[a]);
    } else if (i < 2 * GROUPS) {
        const int64_t group = groups[i % GROUPS];
        r->channels = POOLGRAD_CHANNELS_GROUPED;
        r->groups = i < GROUPS ? group : image->channels / group;
        poolgrad_say(k, "takes the channels of %s as %" PRId64 " groups of %" PRId64 ", one of each group at a time",
                     image_names[a], r->groups, r->groups > 0 ? image->channels / r->groups : 0);
        return image->channels % group == 0 && image->channels > group;
    } else if (i < 2 * GROUPS + OFF) {
        r->channel = off[i - 2 * GROUPS];
        if (image->channels < 1 + (r->channel < 0 ? -r->channel : r->channel)) return false;
        poolgrad_say(k, "takes %s %" PRId64 " channels %s", image_names[a], r->channel < 0 ? -r->channel : r->channel,
                     r->channel < 0 ? "before" : "behind");
    } else {
        r->from_channel = true;
        poolgrad_say(k, "takes the first channel of %s for all of them", image_names[a]);
    }
    return true;
}

TURN(flip)
{
    const poolgrad_const_image *image;
    struct poolgrad_reading *r = reading_of(k, a, &image);
    (void)v, (void)b;
    if (!image->data) return false;
    r->flipped_columns = k->variant == 0 || k->variant == 2;
    r->flipped_rows = k->variant == 1 || k->variant == 2;
    r->flipped_layers = k->variant == 3;
    poolgrad_say(k, "turns %s round along %s", image_names[a],
                 k->variant == 0   ? "x"
                 : k->variant == 1 ? "y"
                 : k->variant == 2 ? "x and y"
                                   : "z");
    return k->variant != 3 || image->depth > 1;
}

TURN(move_image)
{
    const poolgrad_const_image *image;
    struct poolgrad_reading *r = reading_of(k, a, &image);
    (void)v, (void)b;
    r->images = k->variant == 0 ? -1 : 1;
    poolgrad_say(k, "takes %s one image %s", image_names[a], r->images < 0 ? "before" : "behind");
    return image->data && image->images > 1;
}

/* ---- Tails and edges --------------------------------------------------------------------------------------------- */

/* Pixels, or channels, behind the last multiple of a block hold 0, what was there, or anything. */
TURN(leave_tail)
{
    static const char *const names[] = {"columns", "rows", "layers", "channels"};
    static const char *const words[] = {"", "leaves 0 in", "does not write", "is wrong in"};
    const struct poolgrad_geometry *g = &v->geometry;
    const int axis = k->variant / POOLGRAD_BLOCKS;
    const int64_t block = poolgrad_block(k->variant % POOLGRAD_BLOCKS);
    struct poolgrad_box *box = &k->box;
    (void)b;
    *box = (struct poolgrad_box){g->images, g->channels, poolgrad_written_area(g), false};
    struct poolgrad_range *const ranges[] = {&box->area.columns, &box->area.rows, &box->area.layers, &box->channels};
    struct poolgrad_range *range = ranges[axis];
    const int64_t begin = range->end / block * block;
    k->misplaced = true;
    k->filling = (enum poolgrad_filling)a;
    if (begin <= range->begin || begin >= range->end || (k->filling == POOLGRAD_FILLING_BEFORE && !v->before.data))
        return false;
    range->begin = begin;
    poolgrad_say(k, "%s %s %" PRId64 " to %" PRId64 ", behind the last multiple of %" PRId64, words[a], names[axis],
                 begin, range->end - 1, block);
    return true;
}

/* Rows or columns at multiples of a block count twice, or not: factor `a`. */
TURN(spoil_tile_edges)
{
    static const char *const names[] = {"columns", "rows", "layers"};
    const int axis = k->variant % POOLGRAD_AXES, rest = k->variant / POOLGRAD_AXES;
    const poolgrad_const_image *d = &k->geometry.held;
    const int64_t sizes[] = {d->width, d->height, d->depth};
    (void)v, (void)b;
    k->misplaced = true;
    k->axis = axis;
    k->period = poolgrad_block(rest % POOLGRAD_BLOCKS);
    k->phase = rest / POOLGRAD_BLOCKS == 0 ? 0 : k->period - 1;
    k->period_factor = (double)a;
    poolgrad_say(k, "%s %s = %" PRId64 " mod %" PRId64, a == 2 ? "counts twice what lies in" : "leaves 0 in",
                 names[axis], k->phase, k->period);
    return sizes[axis] > k->period;
}

enum { FEW = 3 }; /* elements, of which nothing can be said */

static bool is_all(struct poolgrad_range range, int64_t size)
{
    return poolgrad_range_length(range) == size;
}

/* Where all that is wrong lies. */
static bool find_region(const struct poolgrad_verification *v, struct poolgrad_knobs *k)
{
    const struct poolgrad_box *box = &k->box;
    k->misplaced = true;
    k->filling = POOLGRAD_FILLING_ANYTHING;
    return poolgrad_find_box(v, &k->box) &&
           poolgrad_area_size(&box->area) * poolgrad_range_length(box->images) * poolgrad_range_length(box->channels) >
               FEW;
}

/* One row, column or layer of each volume there is. */
TURN(spoil_line)
{
    const poolgrad_const_image *d = &k->geometry.held;
    const struct poolgrad_box *box = &k->box;
    (void)a, (void)b;
    if (!find_region(v, k) || !is_all(box->images, d->images) || !is_all(box->channels, d->channels)) return false;
    const bool row = is_all(box->area.rows, 1) && d->height > 1, column = is_all(box->area.columns, 1) && d->width > 1;
    if (row)
        poolgrad_say(k, "is wrong in row %" PRId64 " everywhere", box->area.rows.begin);
    else if (column)
        poolgrad_say(k, "is wrong in column %" PRId64 " everywhere", box->area.columns.begin);
    else
        poolgrad_say(k, "is wrong in layer %" PRId64 " everywhere", box->area.layers.begin);
    return row || column || (is_all(box->area.layers, 1) && d->depth > 1);
}

/* Not all there is. */
TURN(spoil_box)
{
    const poolgrad_const_image *d = &k->geometry.held;
    const struct poolgrad_box *box = &k->box;
    (void)a, (void)b;
    return find_region(v, k) && !(is_all(box->area.rows, d->height) && is_all(box->area.columns, d->width) &&
                                  is_all(box->area.layers, d->depth) && is_all(box->channels, d->channels) &&
                                  is_all(box->images, d->images));
}
