/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes in what is picked, how sums are made, what is read, and what is not written. */
#include "image/format.h"
#include "image/image.h"
#include "oracle/mistake_turns.h"

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

TURN(set_ties)
{
    (void)v, (void)b;
    if ((int64_t)k->geometry.ties == a || k->geometry.with_indices) return false;
    k->geometry.ties = (poolgrad_tie_rule)a;
    return true;
}

TURN(shun_ties)
{
    (void)v, (void)a, (void)b;
    k->shuns_ties = true;
    return !k->geometry.with_indices;
}

TURN(set_search)
{
    (void)v, (void)b;
    k->search = (enum poolgrad_search)a;
    return !k->geometry.with_indices;
}

TURN(start_search_at_zero)
{
    (void)v, (void)a, (void)b;
    k->search_starts = true;
    return !k->geometry.with_indices;
}

TURN(ignore_indices)
{
    (void)v, (void)a, (void)b;
    if (!k->geometry.with_indices || !k->geometry.source.data) return false;
    k->geometry.with_indices = false;
    return true;
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

static int precision_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_BFLOAT16: return 8;
    case POOLGRAD_FLOAT16: return 11;
    case POOLGRAD_FLOAT32: return 24;
    default: return 53;
    }
}

static bool is_narrower(const struct poolgrad_verification *v, poolgrad_format format)
{
    return precision_of(format) < precision_of(v->computed_in);
}

TURN(accumulate_in)
{
    (void)b;
    k->sums = k->terms = (poolgrad_format)a;
    return is_narrower(v, k->sums);
}

TURN(accumulate_loosely)
{
    (void)b;
    k->loosely = (poolgrad_format)a;
    return is_narrower(v, k->loosely);
}

TURN(store_each)
{
    (void)a, (void)b;
    k->sums = k->geometry.destination.format;
    return is_narrower(v, k->sums);
}

TURN(set_overlap)
{
    (void)v, (void)b;
    k->overlap = (enum poolgrad_overlap)a;
    return true;
}

TURN(set_root)
{
    (void)v, (void)b;
    k->root = (enum poolgrad_root)a;
    return true;
}

/* The mean counts all taps, or those inside. */
TURN(take_mean)
{
    (void)v, (void)b;
    if (k->geometry.root_mean) return false;
    k->root = POOLGRAD_ROOT_OF_MEAN;
    k->geometry.edge_mode = (poolgrad_edge_mode)a;
    poolgrad_forget_pads(&k->geometry, POOLGRAD_ALL_AXES);
    return true;
}

/* The sum of squares for their mean. */
TURN(forget_mean)
{
    (void)v, (void)a, (void)b;
    k->geometry.root_mean = false;
    return true;
}

TURN(set_addition)
{
    (void)b;
    if (k->geometry.add_to_destination == (a != 0) || !v->before.data) return false;
    k->geometry.add_to_destination = a != 0;
    return true;
}

/* The right results times a factor, before they are added to what was there; or all that the output holds, what was
 * added to and what is not written, where that is known. */
static bool scale(const struct poolgrad_verification *v, struct poolgrad_knobs *k)
{
    const struct poolgrad_geometry *g = &v->geometry;
    const struct poolgrad_area written = poolgrad_written_area(g), volume = poolgrad_volume_of(&g->held);
    const bool all = poolgrad_area_size(&written) == poolgrad_area_size(&volume) &&
                     poolgrad_range_length(g->images) == g->held.images &&
                     poolgrad_range_length(g->channels) == g->held.channels;
    k->misplaced = k->scaled = true;
    k->scaled_everywhere = k->variant != 0;
    return !k->scaled_everywhere || g->add_to_destination || (!all && v->before.data);
}

static const char *scaled_what(const struct poolgrad_knobs *k)
{
    if (!k->scaled_everywhere) return "";
    return k->geometry.add_to_destination ? ", also of what was there before" : ", also outside of what is written";
}

TURN(negate)
{
    (void)a, (void)b;
    if (!scale(v, k)) return false;
    k->factor = -1;
    poolgrad_say(k, "gives the opposite sign%s", scaled_what(k));
    return true;
}

TURN(multiply)
{
    (void)a, (void)b;
    if (!scale(v, k) || !poolgrad_find_factor(v, k->scaled_everywhere, &k->factor, &k->failed)) return false;
    poolgrad_say(k, "gives %.6g times what it should%s", k->factor, scaled_what(k));
    return true;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static struct poolgrad_reading *reading_of(struct poolgrad_knobs *k, int64_t which, const poolgrad_const_image **image)
{
    struct poolgrad_geometry *g = &k->geometry;
    if (which == POOLGRAD_OF_SOURCE) {
        *image = &g->source;
        return &k->source;
    }
    *image = which == POOLGRAD_OF_RESULT ? &g->held : &g->source_gradient;
    k->misplaced = k->misplaced || which == POOLGRAD_OF_RESULT;
    return which == POOLGRAD_OF_RESULT ? &k->result : &k->gradient;
}

TURN(misread_columns)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->column = a;
    return image->data != NULL;
}

TURN(misread_rows)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->row = a;
    return image->data != NULL;
}

TURN(misread_layers)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->layer = a;
    return image->data && image->depth > 1;
}

TURN(misread_channels)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->channel = a;
    return image->data && image->channels > 1;
}

/* `a`: which axes, of one size. */
TURN(transpose)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->transposed = (enum poolgrad_transposition)a;
    if (!image->data) return false;
    if (a == POOLGRAD_TRANSPOSED_XY) return image->width == image->height;
    return image->depth == (a == POOLGRAD_TRANSPOSED_YZ ? image->height : image->width);
}

TURN(read_first_image)
{
    const struct poolgrad_geometry *g = &k->geometry;
    const poolgrad_const_image *image;
    struct poolgrad_reading *reading = reading_of(k, b, &image);
    (void)v, (void)a;
    reading->from_image = true;
    reading->image = g->images.begin;
    if (b == POOLGRAD_OF_SOURCE) reading->image += g->source_image;
    if (b == POOLGRAD_OF_GRADIENT) reading->image += g->gradient_image;
    return image->data && g->pooled_images > 1;
}

static enum poolgrad_element_order order_of(poolgrad_layout layout)
{
    return layout == POOLGRAD_NHWC ? POOLGRAD_ORDER_DHWC : POOLGRAD_ORDER_CDHW;
}

/* `a`: the order that an image of another one is taken for. A result is written so, where it should be read. */
TURN(misread_layout)
{
    const poolgrad_const_image *image;
    struct poolgrad_reading *reading = reading_of(k, b, &image);
    const enum poolgrad_element_order right = order_of(image->layout), other = (enum poolgrad_element_order)a;
    (void)v;
    if (!image->data || right == other || poolgrad_layout_is_blocked(image->layout)) return false;
    if (other == POOLGRAD_ORDER_DCHW && (right == POOLGRAD_ORDER_DHWC || image->depth == 1)) return false;
    reading->remapped = true;
    reading->placed = b == POOLGRAD_OF_RESULT ? right : other;
    reading->taken = b == POOLGRAD_OF_RESULT ? other : right;
    return image->channels > 1 && image->depth * image->height * image->width > 1;
}

/* ---- Indices ----------------------------------------------------------------------------------------------------- */

/* Numbers of taps count a window, not layers of an image. */
TURN(misread_indices)
{
    (void)v, (void)b;
    k->index_rule = (enum poolgrad_index_rule)a;
    return a != POOLGRAD_INDEX_OF_LAYER || !poolgrad_format_holds_taps(k->geometry.indices.format);
}

TURN(shift_indices)
{
    (void)v, (void)b;
    k->index_shift = a;
    return true;
}

/* ---- What is not written ----------------------------------------------------------------------------------------- */

/* Processors like channels by fours, in slices or not. */
TURN(skip_last_channels)
{
    const struct poolgrad_geometry *g = &k->geometry;
    const int64_t width = poolgrad_max(poolgrad_layout_lanes(g->held.layout), 4);
    const struct poolgrad_range last = {g->channels.end / width * width, g->channels.end};
    (void)b;
    k->misplaced = true;
    k->filling = (enum poolgrad_filling)a;
    k->box = (struct poolgrad_box){g->images, last, poolgrad_written_area(g), false};
    if (k->filling == POOLGRAD_FILLING_BEFORE && !v->before.data) return false;
    return last.begin < last.end && last.begin > g->channels.begin;
}

enum { FEW = 16 }; /* elements that may share a value by chance, such as the maximum of some windows */

TURN(fill_box)
{
    int64_t elements;
    (void)a, (void)b;
    k->misplaced = true;
    k->filling = POOLGRAD_FILLING_CONSTANT;
    return poolgrad_find_constant(v, &k->box, &k->constant, &elements, &k->failed) &&
           (k->constant == 0 || elements >= FEW);
}

TURN(skip_box)
{
    (void)a, (void)b;
    k->misplaced = true;
    k->filling = POOLGRAD_FILLING_BEFORE;
    return poolgrad_find_unwritten(v, &k->box);
}
