/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include "encoding.h"
#include <stdlib.h>
#include <string.h>

int64_t view_lanes(poolgrad_layout layout)
{
    switch (layout) {
    case POOLGRAD_NC4HW4: return 4;
    case POOLGRAD_NC8HW8: return 8;
    case POOLGRAD_NC16HW16: return 16;
    case POOLGRAD_NC32HW32: return 32;
    default: return 1;
    }
}

int64_t view_depth_of(int64_t depth)
{
    return depth == 0 ? 1 : depth;
}

/* Slices, or channels where there are none. */
static int64_t slices_of(poolgrad_layout layout, int64_t channels)
{
    const int64_t lanes = view_lanes(layout);
    return (channels + lanes - 1) / lanes;
}

/* Written out here, so that poolgrad_image_dense has something to agree with. */
void view_make_dense(poolgrad_image *image)
{
    const int64_t depth = view_depth(image), height = image->height, width = image->width;
    const bool last = image->layout == POOLGRAD_NHWC;
    image->column_stride = last ? image->channels : view_lanes(image->layout);
    image->row_stride = image->column_stride * width;
    image->depth_stride = image->row_stride * height;
    image->channel_stride = last ? 1 : image->depth_stride * depth;
    image->image_stride = image->depth_stride * depth * (last ? 1 : slices_of(image->layout, image->channels));
}

bool view_read_is_empty(const poolgrad_const_image *image)
{
    return image->images == 0 || image->channels == 0 || image->height == 0 || image->width == 0;
}

int64_t view_read_stored_channels(poolgrad_layout layout, int64_t channels)
{
    return view_lanes(layout) * slices_of(layout, channels);
}

bool view_read_has(const poolgrad_const_image *image, view_place at)
{
    return !view_read_is_empty(image) && at.n < image->images;
}

view_place view_read_next(const poolgrad_const_image *image, view_place at)
{
    if (++at.x < image->width) return at;
    at.x = 0;
    if (++at.y < image->height) return at;
    at.y = 0;
    if (++at.z < view_depth(image)) return at;
    at.z = 0;
    if (++at.c < image->channels) return at;
    at.c = 0;
    ++at.n;
    return at;
}

static void stretch(view_range *range, int64_t extent, int64_t stride)
{
    int64_t reach = (extent - 1) * stride;
    if (reach < 0)
        range->first += reach;
    else
        range->end += reach;
}

view_range view_read_range(const poolgrad_const_image *image)
{
    if (view_read_is_empty(image)) return (view_range){0, 0};
    view_range range = {0, view_lanes(image->layout)};
    stretch(&range, image->images, image->image_stride);
    stretch(&range, slices_of(image->layout, image->channels), image->channel_stride);
    stretch(&range, view_depth(image), image->depth_stride);
    stretch(&range, image->height, image->row_stride);
    stretch(&range, image->width, image->column_stride);
    return range;
}

const unsigned char *view_read_at(const poolgrad_const_image *image, view_place at)
{
    const int64_t lanes = view_lanes(image->layout);
    int64_t element = at.n * image->image_stride + at.c / lanes * image->channel_stride + at.c % lanes;
    element += at.z * image->depth_stride + at.y * image->row_stride + at.x * image->column_stride;
    return (const unsigned char *)image->data + element * (int64_t)number_size(image->format);
}

static unsigned char *writable_at(const poolgrad_image *image, view_place at)
{
    return (unsigned char *)image->data + (view_at_place(image, at) - (const unsigned char *)image->data);
}

/* Elements lie in the machine's byte order and need not be aligned. */
uint64_t view_read_bits(const poolgrad_const_image *image, view_place at)
{
    const unsigned char *from = view_read_at(image, at);
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (number_size(image->format)) {
    case sizeof one: return memcpy(&one, from, sizeof one), one;
    case sizeof two: return memcpy(&two, from, sizeof two), two;
    case sizeof four: return memcpy(&four, from, sizeof four), four;
    default: return memcpy(&eight, from, sizeof eight), eight;
    }
}

void view_set_bits_at(const poolgrad_image *image, view_place at, uint64_t bits)
{
    unsigned char *to = writable_at(image, at);
    uint8_t one = (uint8_t)bits;
    uint16_t two = (uint16_t)bits;
    uint32_t four = (uint32_t)bits;
    switch (number_size(image->format)) {
    case sizeof one: memcpy(to, &one, sizeof one); break;
    case sizeof two: memcpy(to, &two, sizeof two); break;
    case sizeof four: memcpy(to, &four, sizeof four); break;
    default: memcpy(to, &bits, sizeof bits); break;
    }
}

double view_read_number(const poolgrad_const_image *image, view_place at)
{
    return number_decode(image->format, view_read_bits(image, at));
}

void view_set_number_at(const poolgrad_image *image, view_place at, double value)
{
    view_set_bits_at(image, at, number_encode(image->format, value));
}

int64_t view_read_index(const poolgrad_const_image *image, view_place at)
{
    uint64_t bits = view_read_bits(image, at);
    if (view_holds_taps(image)) return bits == UINT64_MAX >> (64 - 8 * number_size(image->format)) ? -1 : (int64_t)bits;
    return image->format == POOLGRAD_INT32 ? (int32_t)(uint32_t)bits : (int64_t)bits;
}

bool view_are_taps(poolgrad_format format)
{
    return format >= POOLGRAD_TAP8 && format <= POOLGRAD_TAP32;
}

poolgrad_const_image view_read(poolgrad_image image)
{
    return *VIEW(&image);
}

poolgrad_image view_writable(const poolgrad_const_image *image)
{
    return (poolgrad_image){.data = (void *)(uintptr_t)image->data,
                            .format = image->format,
                            .layout = image->layout,
                            .images = image->images,
                            .channels = image->channels,
                            .depth = image->depth,
                            .height = image->height,
                            .width = image->width,
                            .image_stride = image->image_stride,
                            .channel_stride = image->channel_stride,
                            .depth_stride = image->depth_stride,
                            .row_stride = image->row_stride,
                            .column_stride = image->column_stride,
                            .expanded = image->expanded};
}

static poolgrad_image dense_like(poolgrad_format format, poolgrad_layout layout, const poolgrad_const_image *size)
{
    poolgrad_image image = {.format = format,
                            .layout = layout,
                            .images = size->images,
                            .channels = size->channels,
                            .depth = size->depth,
                            .height = size->height,
                            .width = size->width};
    view_make_dense(&image);
    return image;
}

poolgrad_image view_new_like(poolgrad_format format, poolgrad_layout layout, const poolgrad_const_image *size, int fill)
{
    poolgrad_image image = dense_like(format, layout, size);
    size_t bytes = (size_t)view_range_of(&image).end * number_size(format);
    image.data = malloc(bytes ? bytes : 1);
    if (!image.data) abort();
    memset(image.data, fill, bytes);
    return image;
}

poolgrad_image view_copy_of(const poolgrad_const_image *original, poolgrad_layout layout)
{
    enum { NOT_A_RESULT = 0xa7 };
    if (!original->data) return dense_like(original->format, layout, original);
    poolgrad_image copy = view_new_like(original->format, layout, original, NOT_A_RESULT);
    VIEW_EACH(at, original) view_set_bits_at(&copy, at, view_read_bits(original, at));
    return copy;
}

void view_free(poolgrad_image *image)
{
    free(image->data);
    image->data = NULL;
}

void view_free_read(poolgrad_const_image *image)
{
    free(view_writable(image).data);
    image->data = NULL;
}
