/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include "number.h"
#include <stdlib.h>
#include <string.h>

static int64_t slices_of(int64_t channels)
{
    return (channels + LANES - 1) / LANES;
}

view_strides view_dense_strides(poolgrad_layout layout, int64_t channels, int64_t height, int64_t width)
{
    switch (layout) {
    case POOLGRAD_NHWC:
        return (view_strides){.c = 1, .x = channels, .y = channels * width, .n = channels * width * height};
    case POOLGRAD_NC4HW4:
        return (view_strides){.x = LANES,
                              .y = LANES * width,
                              .c = LANES * width * height,
                              .n = LANES * width * height * slices_of(channels)};
    default: return (view_strides){.x = 1, .y = width, .c = width * height, .n = width * height * channels};
    }
}

view_strides view_strides_of(const poolgrad_image *image)
{
    view_strides strides = view_dense_strides(image->layout, image->channels, image->height, image->width);
    if (image->image_stride) strides.n = image->image_stride;
    if (image->channel_stride) strides.c = image->channel_stride;
    if (image->row_stride) strides.y = image->row_stride;
    if (image->column_stride) strides.x = image->column_stride;
    return strides;
}

bool view_is_empty(const poolgrad_image *image)
{
    return image->images == 0 || image->channels == 0 || image->height == 0 || image->width == 0;
}

int64_t view_stored_channels(const poolgrad_image *image)
{
    return image->layout == POOLGRAD_NC4HW4 ? LANES * slices_of(image->channels) : image->channels;
}

static void stretch(view_range *range, int64_t extent, int64_t stride)
{
    int64_t reach = (extent - 1) * stride;
    if (reach < 0)
        range->first += reach;
    else
        range->end += reach;
}

view_range view_range_of(const poolgrad_image *image)
{
    if (view_is_empty(image)) return (view_range){0, 0};
    bool packed = image->layout == POOLGRAD_NC4HW4;
    view_strides strides = view_strides_of(image);
    view_range range = {0, packed ? LANES : 1};
    stretch(&range, image->images, strides.n);
    stretch(&range, packed ? slices_of(image->channels) : image->channels, strides.c);
    stretch(&range, image->height, strides.y);
    stretch(&range, image->width, strides.x);
    return range;
}

unsigned char *view_at(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    view_strides strides = view_strides_of(image);
    int64_t element = n * strides.n + y * strides.y + x * strides.x;
    if (image->layout == POOLGRAD_NC4HW4)
        element += c / LANES * strides.c + c % LANES;
    else
        element += c * strides.c;
    return (unsigned char *)image->data + element * (int64_t)number_size(image->format);
}

/* Elements lie in the machine's byte order and need not be aligned. */
uint64_t view_bits(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const unsigned char *at = view_at(image, n, c, y, x);
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
    unsigned char *at = view_at(image, n, c, y, x);
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

double view_number(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    return number_decode(image->format, view_bits(image, n, c, y, x));
}

void view_set_number(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x, double value)
{
    view_set_bits(image, n, c, y, x, number_encode(image->format, value));
}

int64_t view_index(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    uint64_t bits = view_bits(image, n, c, y, x);
    if (view_holds_taps(image)) return bits == UINT64_MAX >> (64 - 8 * number_size(image->format)) ? -1 : (int64_t)bits;
    return image->format == POOLGRAD_INT32 ? (int32_t)(uint32_t)bits : (int64_t)bits;
}

bool view_holds_taps(const poolgrad_image *image)
{
    return image->format >= POOLGRAD_TAP8 && image->format <= POOLGRAD_TAP32;
}

poolgrad_image view_new(poolgrad_format format, poolgrad_layout layout, const poolgrad_image *size, int fill)
{
    poolgrad_image image = {.format = format,
                            .layout = layout,
                            .images = size->images,
                            .channels = size->channels,
                            .height = size->height,
                            .width = size->width};
    view_range range = view_range_of(&image);
    size_t bytes = (size_t)range.end * number_size(format);
    image.data = malloc(bytes ? bytes : 1);
    if (!image.data) abort();
    memset(image.data, fill, bytes);
    return image;
}

static void copy_image(const poolgrad_image *to, const poolgrad_image *from, int64_t n)
{
    for (int64_t c = 0; c < from->channels; ++c)
        for (int64_t y = 0; y < from->height; ++y)
            for (int64_t x = 0; x < from->width; ++x) view_set_bits(to, n, c, y, x, view_bits(from, n, c, y, x));
}

poolgrad_image view_copy(const poolgrad_image *original, poolgrad_layout layout)
{
    poolgrad_image copy = *original;
    copy.layout = layout;
    copy.image_stride = copy.channel_stride = copy.row_stride = copy.column_stride = 0;
    if (!original->data) return copy;
    enum { NOT_A_RESULT = 0xa7 };
    copy = view_new(original->format, layout, original, NOT_A_RESULT);
    for (int64_t n = 0; n < original->images; ++n) copy_image(&copy, original, n);
    return copy;
}

void view_free(poolgrad_image *image)
{
    free(image->data);
    image->data = NULL;
}
