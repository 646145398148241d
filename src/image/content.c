/* SPDX-License-Identifier: Apache-2.0 */
#include "image/content.h"

#include <inttypes.h>
#include <string.h>

#include "image/image.h"

static bool same_sizes(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    return a->format == b->format && a->layout == b->layout && a->images == b->images && a->channels == b->channels &&
           a->height == b->height && a->width == b->width;
}

static bool same_row(const poolgrad_const_image *a, const poolgrad_const_image *b, int64_t n, int64_t c, int64_t y)
{
    const size_t bytes = poolgrad_format_size(a->format);
    for (int64_t x = 0; x < a->width; x++) {
        const void *one = poolgrad_const_image_at(a, n, c, y, x), *other = poolgrad_const_image_at(b, n, c, y, x);
        if (memcmp(one, other, bytes) != 0) return false;
    }
    return true;
}

static bool same_elements(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    for (int64_t n = 0; n < a->images; n++) {
        for (int64_t c = 0; c < a->channels; c++) {
            for (int64_t y = 0; y < a->height; y++) {
                if (!same_row(a, b, n, c, y)) return false;
            }
        }
    }
    return true;
}

int poolgrad_const_image_equal(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    poolgrad_const_image one, other;
    if (!a || !b) return a == b;
    if (!same_sizes(a, b)) return 0;
    if (poolgrad_image_is_empty(a)) return 1;
    if (!a->data || !b->data) return a->data == b->data;
    return poolgrad_const_image_resolve(a, NULL, &one, NULL) == POOLGRAD_OK &&
           poolgrad_const_image_resolve(b, NULL, &other, NULL) == POOLGRAD_OK && same_elements(&one, &other);
}

uint64_t poolgrad_hash_sizes(uint64_t hash, const poolgrad_const_image *image)
{
    const int64_t numbers[] = {(int64_t)image->format, (int64_t)image->layout, image->images,
                               image->channels,        image->height,          image->width};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) hash = poolgrad_hash_number(hash, numbers[i]);
    return hash;
}

uint64_t poolgrad_const_image_hash(const poolgrad_const_image *image)
{
    return image ? poolgrad_hash_sizes(poolgrad_hash_begin("image"), image) : 0;
}

void poolgrad_describe_sizes(const poolgrad_const_image *image, struct poolgrad_text *text)
{
    const char *format = poolgrad_format_name(image->format), *layout = poolgrad_layout_name(image->layout);
    poolgrad_text_print(text, "%s %s, %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64 " pixels",
                        format ? format : "no format", layout ? layout : "no layout", image->images, image->channels,
                        image->width, image->height);
}

size_t poolgrad_const_image_description(const poolgrad_const_image *image, char *text, size_t size)
{
    struct poolgrad_text writer;
    poolgrad_text_begin(&writer, text, size);
    poolgrad_text_print(&writer, image ? "image: " : "null");
    if (image) poolgrad_describe_sizes(image, &writer);
    return writer.length;
}

void poolgrad_write_sizes(const poolgrad_const_image *image, struct poolgrad_text *text)
{
    const char *layout = poolgrad_layout_name(image->layout);
    poolgrad_json_string(text, "format", poolgrad_format_name(image->format));
    if (layout)
        poolgrad_json_string(text, "layout", layout);
    else
        poolgrad_json_number(text, "layout", (int64_t)image->layout);
    poolgrad_json_number(text, "images", image->images);
    poolgrad_json_number(text, "channels", image->channels);
    poolgrad_json_number(text, "height", image->height);
    poolgrad_json_number(text, "width", image->width);
}

void poolgrad_write_image(const poolgrad_const_image *image, struct poolgrad_text *text)
{
    poolgrad_write_sizes(image, text);
    poolgrad_json_number(text, "image_stride", image->image_stride);
    poolgrad_json_number(text, "channel_stride", image->channel_stride);
    poolgrad_json_number(text, "row_stride", image->row_stride);
    poolgrad_json_number(text, "column_stride", image->column_stride);
    poolgrad_json_bool(text, "expanded", image->expanded);
}

size_t poolgrad_const_image_debug_description(const poolgrad_const_image *image, char *text, size_t size)
{
    struct poolgrad_text writer;
    poolgrad_text_begin(&writer, text, size);
    if (!image) {
        poolgrad_text_print(&writer, "null");
        return writer.length;
    }
    poolgrad_json_open(&writer, NULL, '{');
    poolgrad_json_string(&writer, "class", "image");
    poolgrad_write_image(image, &writer);
    poolgrad_json_close(&writer, '}');
    return writer.length;
}

/* ---- The same of images that are written ------------------------------------------------------------------------- */

int poolgrad_image_equal(const poolgrad_image *a, const poolgrad_image *b)
{
    if (!a || !b) return a == b;
    const poolgrad_const_image one = poolgrad_image_as_const(a), other = poolgrad_image_as_const(b);
    return poolgrad_const_image_equal(&one, &other);
}

uint64_t poolgrad_image_hash(const poolgrad_image *image)
{
    if (!image) return 0;
    const poolgrad_const_image view = poolgrad_image_as_const(image);
    return poolgrad_const_image_hash(&view);
}

size_t poolgrad_image_description(const poolgrad_image *image, char *text, size_t size)
{
    if (!image) return poolgrad_const_image_description(NULL, text, size);
    const poolgrad_const_image view = poolgrad_image_as_const(image);
    return poolgrad_const_image_description(&view, text, size);
}

size_t poolgrad_image_debug_description(const poolgrad_image *image, char *text, size_t size)
{
    if (!image) return poolgrad_const_image_debug_description(NULL, text, size);
    const poolgrad_const_image view = poolgrad_image_as_const(image);
    return poolgrad_const_image_debug_description(&view, text, size);
}
