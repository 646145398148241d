/* SPDX-License-Identifier: Apache-2.0 */
#include "image/content.h"

#include <inttypes.h>
#include <string.h>

#include "base/integer.h"
#include "image/image.h"
#include "text/typed.h"

static bool same_sizes(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    return a->format == b->format && a->layout == b->layout && a->images == b->images && a->channels == b->channels &&
           poolgrad_max(a->depth, 1) == poolgrad_max(b->depth, 1) && a->height == b->height && a->width == b->width;
}

static bool same_row(const poolgrad_const_image *a, const poolgrad_const_image *b, int64_t n, int64_t c, int64_t z,
                     int64_t y)
{
    const size_t bytes = poolgrad_format_size(a->format);
    for (int64_t x = 0; x < a->width; x++) {
        const void *one = poolgrad_const_image_at(a, n, c, z, y, x), *other = poolgrad_const_image_at(b, n, c, z, y, x);
        if (memcmp(one, other, bytes) != 0) return false;
    }
    return true;
}

static bool same_volume(const poolgrad_const_image *a, const poolgrad_const_image *b, int64_t n, int64_t c)
{
    for (int64_t z = 0; z < a->depth; z++) {
        for (int64_t y = 0; y < a->height; y++) {
            if (!same_row(a, b, n, c, z, y)) return false;
        }
    }
    return true;
}

/* Of resolved views. */
static bool same_elements(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    for (int64_t n = 0; n < a->images; n++) {
        for (int64_t c = 0; c < a->channels; c++) {
            if (!same_volume(a, b, n, c)) return false;
        }
    }
    return true;
}

static bool equal(const void *object, const void *other)
{
    const poolgrad_const_image *a = object, *b = other;
    poolgrad_const_image x, y;
    if (!same_sizes(a, b)) return false;
    if (poolgrad_image_is_empty(a)) return true;
    if (!a->data || !b->data) return a->data == b->data;
    return poolgrad_const_image_resolve(a, NULL, &x, NULL) == POOLGRAD_OK &&
           poolgrad_const_image_resolve(b, NULL, &y, NULL) == POOLGRAD_OK && same_elements(&x, &y);
}

uint64_t poolgrad_hash_sizes(uint64_t hash, const poolgrad_const_image *image)
{
    const int64_t numbers[] = {(int64_t)image->format, (int64_t)image->layout, image->images,
                               image->channels,        image->height,          image->width};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) hash = poolgrad_hash_number(hash, numbers[i]);
    return image->depth > 1 ? poolgrad_hash_number(hash, image->depth) : hash;
}

static uint64_t hash(const void *object)
{
    return poolgrad_hash_sizes(poolgrad_hash_begin("image"), object);
}

void poolgrad_describe_sizes(const poolgrad_const_image *image, struct poolgrad_text *text)
{
    const char *format = poolgrad_format_name(image->format), *layout = poolgrad_layout_name(image->layout);
    poolgrad_text_print(text, "%s %s, %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64,
                        format ? format : "no format", layout ? layout : "no layout", image->images, image->channels,
                        image->width, image->height);
    if (image->depth > 1) poolgrad_text_print(text, "x%" PRId64, image->depth);
    poolgrad_text_print(text, " pixels");
}

static void describe(const void *object, struct poolgrad_text *text)
{
    poolgrad_text_print(text, "image: ");
    poolgrad_describe_sizes(object, text);
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
    poolgrad_json_number(text, "depth", image->depth);
    poolgrad_json_number(text, "image_stride", image->image_stride);
    poolgrad_json_number(text, "channel_stride", image->channel_stride);
    poolgrad_json_number(text, "depth_stride", image->depth_stride);
    poolgrad_json_number(text, "row_stride", image->row_stride);
    poolgrad_json_number(text, "column_stride", image->column_stride);
    poolgrad_json_bool(text, "expanded", image->expanded);
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", "image");
    poolgrad_write_image(object, text);
    poolgrad_json_close(text, '}');
}

static const struct poolgrad_type type = {equal, hash, describe, write_json};

POOLGRAD_TYPED(poolgrad_const_image, type);

/* ---- The same of images that are written ------------------------------------------------------------------------- */

static bool equal_written(const void *a, const void *b)
{
    const poolgrad_const_image x = poolgrad_image_as_const(a), y = poolgrad_image_as_const(b);
    return equal(&x, &y);
}

static uint64_t hash_written(const void *object)
{
    const poolgrad_const_image view = poolgrad_image_as_const(object);
    return hash(&view);
}

static void describe_written(const void *object, struct poolgrad_text *text)
{
    const poolgrad_const_image view = poolgrad_image_as_const(object);
    describe(&view, text);
}

static void write_json_written(const void *object, struct poolgrad_text *text)
{
    const poolgrad_const_image view = poolgrad_image_as_const(object);
    write_json(&view, text);
}

static const struct poolgrad_type written_type = {equal_written, hash_written, describe_written, write_json_written};

POOLGRAD_TYPED(poolgrad_image, written_type);
