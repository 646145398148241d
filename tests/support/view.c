/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include "encoding.h"
#include <stdlib.h>
#include <string.h>

static int64_t slices_of(int64_t channels)
{
    return (channels + LANES - 1) / LANES;
}

/* Written out here, so that poolgrad_image_dense has something to agree with. */
void view_make_dense(poolgrad_image *image)
{
    const int64_t height = image->height, width = image->width;
    const int64_t slices = image->layout == POOLGRAD_NC4HW4 ? slices_of(image->channels) : image->channels;
    const int64_t pixel = image->layout == POOLGRAD_NC4HW4 ? LANES : 1;
    image->column_stride = pixel;
    image->row_stride = pixel * width;
    image->depth_stride = image->channel_stride = pixel * width * height;
    image->image_stride = pixel * width * height * slices;
    if (image->layout != POOLGRAD_NHWC) return;
    image->channel_stride = 1;
    image->column_stride = image->channels;
    image->row_stride = image->channels * width;
    image->depth_stride = image->image_stride;
}

bool view_read_is_empty(const poolgrad_const_image *image)
{
    return image->images == 0 || image->channels == 0 || image->height == 0 || image->width == 0;
}

int64_t view_read_stored_channels(poolgrad_layout layout, int64_t channels)
{
    return layout == POOLGRAD_NC4HW4 ? LANES * slices_of(channels) : channels;
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
    bool packed = image->layout == POOLGRAD_NC4HW4;
    view_range range = {0, packed ? LANES : 1};
    stretch(&range, image->images, image->image_stride);
    stretch(&range, packed ? slices_of(image->channels) : image->channels, image->channel_stride);
    stretch(&range, image->height, image->row_stride);
    stretch(&range, image->width, image->column_stride);
    return range;
}

const unsigned char *view_read_at(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    int64_t element = n * image->image_stride + y * image->row_stride + x * image->column_stride;
    if (image->layout == POOLGRAD_NC4HW4)
        element += c / LANES * image->channel_stride + c % LANES;
    else
        element += c * image->channel_stride;
    return (const unsigned char *)image->data + element * (int64_t)number_size(image->format);
}

static unsigned char *writable_at(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return (unsigned char *)image->data + (view_at(image, n, c, y, x) - (const unsigned char *)image->data);
}

/* Elements lie in the machine's byte order and need not be aligned. */
uint64_t view_read_bits(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const unsigned char *at = view_read_at(image, n, c, y, x);
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (number_size(image->format)) {
    case sizeof one: return memcpy(&one, at, sizeof one), one;
    case sizeof two: return memcpy(&two, at, sizeof two), two;
    case sizeof four: return memcpy(&four, at, sizeof four), four;
    default: return memcpy(&eight, at, sizeof eight), eight;
    }
}

void view_set_bits(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x, uint64_t bits)
{
    unsigned char *at = writable_at(image, n, c, y, x);
    uint8_t one = (uint8_t)bits;
    uint16_t two = (uint16_t)bits;
    uint32_t four = (uint32_t)bits;
    switch (number_size(image->format)) {
    case sizeof one: memcpy(at, &one, sizeof one); break;
    case sizeof two: memcpy(at, &two, sizeof two); break;
    case sizeof four: memcpy(at, &four, sizeof four); break;
    default: memcpy(at, &bits, sizeof bits); break;
    }
}

double view_read_number(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return number_decode(image->format, view_read_bits(image, n, c, y, x));
}

void view_set_number(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x, double value)
{
    view_set_bits(image, n, c, y, x, number_encode(image->format, value));
}

int64_t view_read_index(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    uint64_t bits = view_read_bits(image, n, c, y, x);
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

static void copy_image(const poolgrad_image *to, const poolgrad_const_image *from, int64_t n)
{
    for (int64_t c = 0; c < from->channels; ++c)
        for (int64_t y = 0; y < from->height; ++y)
            for (int64_t x = 0; x < from->width; ++x) view_set_bits(to, n, c, y, x, view_read_bits(from, n, c, y, x));
}

poolgrad_image view_copy_of(const poolgrad_const_image *original, poolgrad_layout layout)
{
    enum { NOT_A_RESULT = 0xa7 };
    if (!original->data) return dense_like(original->format, layout, original);
    poolgrad_image copy = view_new_like(original->format, layout, original, NOT_A_RESULT);
    for (int64_t n = 0; n < original->images; ++n) copy_image(&copy, original, n);
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
