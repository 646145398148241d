/* SPDX-License-Identifier: Apache-2.0 */
/* Which element a careless implementation reads in place of another one. */
#include "oracle/careless.h"

/* The place of an element among its image's in an order, and the element at a place. */
static int64_t place_in(enum poolgrad_element_order order, const poolgrad_const_image *image,
                        const struct poolgrad_element *at)
{
    const struct poolgrad_area volume = poolgrad_volume_of(image);
    const int64_t size = poolgrad_area_size(&volume), layer = image->height * image->width;
    const int64_t pixel = poolgrad_area_place(&volume, at->pixel);
    switch (order) {
    case POOLGRAD_ORDER_DHWC: return pixel * image->channels + at->c;
    case POOLGRAD_ORDER_DCHW: return (at->pixel.z * image->channels + at->c) * layer + pixel % layer;
    default: return at->c * size + pixel;
    }
}

static void take_from(enum poolgrad_element_order order, const poolgrad_const_image *image, int64_t place,
                      struct poolgrad_element *at)
{
    const struct poolgrad_area volume = poolgrad_volume_of(image);
    const int64_t size = poolgrad_area_size(&volume), layer = image->height * image->width;
    int64_t pixel = place % size;
    at->c = place / size;
    if (order == POOLGRAD_ORDER_DHWC) {
        at->c = place % image->channels;
        pixel = place / image->channels;
    } else if (order == POOLGRAD_ORDER_DCHW) {
        at->c = place / layer % image->channels;
        pixel = place / layer / image->channels * layer + place % layer;
    }
    at->pixel = poolgrad_area_pixel(&volume, pixel);
}

static struct poolgrad_pixel transpose(enum poolgrad_transposition axes, struct poolgrad_pixel at)
{
    switch (axes) {
    case POOLGRAD_TRANSPOSED_XY: return (struct poolgrad_pixel){at.z, at.x, at.y};
    case POOLGRAD_TRANSPOSED_YZ: return (struct poolgrad_pixel){at.y, at.z, at.x};
    case POOLGRAD_TRANSPOSED_XZ: return (struct poolgrad_pixel){at.x, at.y, at.z};
    default: return at;
    }
}

/* ---- Channels and flips ------------------------------------------------------------------------------------------ */

static int64_t move_channel(const struct poolgrad_reading *r, int64_t channels, int64_t c)
{
    if (r->from_channel) c = 0;
    if (r->channels == POOLGRAD_CHANNELS_BACKWARDS) c = channels - 1 - c;
    if (r->channels == POOLGRAD_CHANNELS_GROUPED) c = c % r->groups * (channels / r->groups) + c / r->groups;
    return c + r->channel;
}

static struct poolgrad_pixel flip(const struct poolgrad_reading *r, const poolgrad_const_image *image,
                                  struct poolgrad_pixel at)
{
    if (r->flipped_layers) at.z = image->depth - 1 - at.z;
    if (r->flipped_rows) at.y = image->height - 1 - at.y;
    if (r->flipped_columns) at.x = image->width - 1 - at.x;
    return at;
}

/* ---- Steps in memory --------------------------------------------------------------------------------------------- */

static enum poolgrad_element_order memory_order(const poolgrad_const_image *image)
{
    return image->layout == POOLGRAD_NHWC ? POOLGRAD_ORDER_DHWC : POOLGRAD_ORDER_CDHW;
}

/* Reads where wrong steps lead to. */
static bool follow_steps(const struct poolgrad_steps_of *steps, const poolgrad_const_image *image,
                         struct poolgrad_element *at)
{
    const int64_t size = image->channels * image->depth * image->height * image->width;
    const int64_t place = at->n * steps->image + at->c * steps->channel + at->pixel.z * steps->layer +
                          at->pixel.y * steps->row + at->pixel.x * steps->column;
    if (place < 0 || place >= size * image->images) return false;
    at->n = place / size;
    take_from(memory_order(image), image, place % size, at);
    return true;
}

/* One index of the element that was written last to a place. */
static void take_index(int64_t *place, int64_t step, int64_t size, int64_t *index)
{
    *index = step > 0 ? poolgrad_min(*place / step, size - 1) : size - 1;
    *place -= *index * step;
}

/* Reads what wrong steps wrote to the element's place. */
static bool undo_steps(const struct poolgrad_steps_of *steps, const poolgrad_const_image *image,
                       struct poolgrad_element *at)
{
    const int64_t size = image->channels * image->depth * image->height * image->width;
    int64_t place = at->n * size + place_in(memory_order(image), image, at);
    take_index(&place, steps->image, image->images, &at->n);
    if (image->layout != POOLGRAD_NHWC) take_index(&place, steps->channel, image->channels, &at->c);
    take_index(&place, steps->layer, image->depth, &at->pixel.z);
    take_index(&place, steps->row, image->height, &at->pixel.y);
    take_index(&place, steps->column, image->width, &at->pixel.x);
    if (image->layout == POOLGRAD_NHWC) take_index(&place, steps->channel, image->channels, &at->c);
    return place == 0;
}

/* ---- Moves ------------------------------------------------------------------------------------------------------- */

bool poolgrad_reading_move(const struct poolgrad_reading *r, const poolgrad_const_image *image,
                           struct poolgrad_element *at)
{
    const struct poolgrad_area volume = poolgrad_volume_of(image);
    if (r->from_image) at->n = r->image;
    at->n += r->images;
    if (r->remapped) take_from(r->taken, image, place_in(r->placed, image, at), at);
    at->c = move_channel(r, image->channels, at->c);
    at->pixel = poolgrad_moved(flip(r, image, transpose(r->transposed, at->pixel)), r->layer, r->row, r->column);
    if (r->strided && !(r->writes ? undo_steps : follow_steps)(&r->steps, image, at)) return false;
    return at->n >= 0 && at->n < image->images && at->c >= 0 && at->c < image->channels &&
           poolgrad_area_holds(&volume, at->pixel);
}
