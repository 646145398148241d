/* SPDX-License-Identifier: Apache-2.0 */
/* Images that poolgrad makes. */
#include <stdlib.h>
#include <string.h>

#include "image/format.h"
#include "mps/kernel.h"

enum { ALIGNMENT = 64 }; /* a cache line */

poolgrad_status poolgrad_image_bytes(const poolgrad_image *descriptor, const char *name, size_t *bytes,
                                     poolgrad_error *error)
{
    poolgrad_image dense = *descriptor, resolved;
    dense.data = NULL;
    dense.image_stride = dense.channel_stride = dense.row_stride = dense.column_stride = 0;
    poolgrad_status status = poolgrad_image_resolve(&dense, name, &resolved, error);
    if (status != POOLGRAD_OK) return status;
    *bytes = 0;
    if (poolgrad_image_is_empty(descriptor)) return POOLGRAD_OK;
    *bytes = (size_t)resolved.images * (size_t)resolved.image_stride * poolgrad_format_size(descriptor->format);
    return POOLGRAD_OK;
}

static bool is_dense(const poolgrad_image *image)
{
    poolgrad_image dense = *image, resolved;
    dense.image_stride = dense.channel_stride = dense.row_stride = dense.column_stride = 0;
    return poolgrad_image_resolve(&dense, NULL, &dense, NULL) == POOLGRAD_OK &&
           poolgrad_image_resolve(image, NULL, &resolved, NULL) == POOLGRAD_OK &&
           dense.image_stride == resolved.image_stride && dense.channel_stride == resolved.channel_stride &&
           dense.row_stride == resolved.row_stride && dense.column_stride == resolved.column_stride;
}

void poolgrad_image_clear(const poolgrad_image *image)
{
    poolgrad_image view;
    if (!image->data || poolgrad_image_is_empty(image)) return;
    if (poolgrad_image_resolve(image, NULL, &view, NULL) != POOLGRAD_OK) return;
    if (is_dense(image)) {
        memset(image->data, 0, (size_t)view.images * (size_t)view.image_stride * poolgrad_format_size(view.format));
        return;
    }
    const int64_t lanes = view.layout == POOLGRAD_NC4HW4 ? POOLGRAD_LANES : 1;
    const size_t bytes = (size_t)lanes * poolgrad_format_size(view.format);
    for (int64_t n = 0; n < view.images; n++) {
        for (int64_t c = 0; c < view.channels; c += lanes) {
            for (int64_t y = 0; y < view.height; y++) {
                for (int64_t x = 0; x < view.width; x++) memset(poolgrad_image_at(&view, n, c, y, x), 0, bytes);
            }
        }
    }
}

/* Allocates by the C library whole cache lines. */
static poolgrad_status allocate(poolgrad_image *image, size_t bytes, poolgrad_error *error)
{
    const size_t lines = bytes / ALIGNMENT + (bytes % ALIGNMENT != 0);
    image->data = lines <= SIZE_MAX / ALIGNMENT ? aligned_alloc(ALIGNMENT, lines * ALIGNMENT) : NULL;
    return image->data ? POOLGRAD_OK : poolgrad_refuse_memory(error, "image");
}

/* What the allocator made has to be an image of the size that was asked for. */
static poolgrad_status ask_allocator(poolgrad_buffer *buffer, const poolgrad_image_allocator *allocator,
                                     poolgrad_error *error)
{
    const poolgrad_image asked = buffer->image;
    poolgrad_image *image = &buffer->image, resolved;
    poolgrad_status status = allocator->allocate(allocator->context, image);
    if (status == POOLGRAD_NO_MEMORY) return poolgrad_refuse_memory(error, "image");
    if (status != POOLGRAD_OK)
        return poolgrad_refuse(error, "image_allocator", "has refused an image; expected memory");
    buffer->allocator = *allocator;
    status = POOLGRAD_INVALID;
    if (image->format != asked.format || image->layout != asked.layout || image->images != asked.images ||
        image->channels != asked.channels || image->height != asked.height || image->width != asked.width) {
        poolgrad_refuse(error, "image_allocator",
                        "made an image of another format, layout or size; expected data and strides");
    } else if (!image->data) {
        poolgrad_refuse(error, "image_allocator", "made an image without data; expected memory or a refusal");
    } else {
        status = poolgrad_image_resolve(image, "image", &resolved, error);
    }
    if (status != POOLGRAD_OK && allocator->release) allocator->release(allocator->context, image);
    return status;
}

poolgrad_status poolgrad_buffer_make(const poolgrad_image *descriptor, const poolgrad_image_allocator *allocator,
                                     const char *name, poolgrad_buffer **buffer, poolgrad_error *error)
{
    size_t bytes;
    *buffer = NULL;
    poolgrad_status status = poolgrad_image_bytes(descriptor, name, &bytes, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_buffer *made = calloc(1, sizeof *made);
    if (!made) return poolgrad_refuse_memory(error, "image");
    made->isa = &poolgrad_buffer_class;
    made->image = (poolgrad_image){.format = descriptor->format,
                                   .layout = descriptor->layout,
                                   .images = descriptor->images,
                                   .channels = descriptor->channels,
                                   .height = descriptor->height,
                                   .width = descriptor->width};
    if (bytes > 0 && allocator && allocator->allocate)
        status = ask_allocator(made, allocator, error);
    else if (bytes > 0)
        status = allocate(&made->image, bytes, error);
    if (status == POOLGRAD_OK)
        *buffer = made;
    else
        free(made);
    return status;
}

poolgrad_status poolgrad_buffer_create(const poolgrad_image *descriptor, const poolgrad_image_allocator *allocator,
                                       poolgrad_buffer **buffer, poolgrad_error *error)
{
    *buffer = NULL;
    if (!descriptor) return poolgrad_refuse(error, "descriptor", "is null; expected an image");
    poolgrad_status status = poolgrad_buffer_make(descriptor, allocator, "descriptor", buffer, error);
    if (status == POOLGRAD_OK) poolgrad_image_clear(&(*buffer)->image);
    return status;
}

void poolgrad_copy_elements(const poolgrad_image *from, const poolgrad_image *to)
{
    poolgrad_image source, destination;
    poolgrad_image_resolve(from, NULL, &source, NULL);
    poolgrad_image_resolve(to, NULL, &destination, NULL);
    const size_t bytes = poolgrad_format_size(from->format);
    for (int64_t n = 0; n < from->images; n++) {
        for (int64_t c = 0; c < from->channels; c++) {
            for (int64_t y = 0; y < from->height; y++) {
                for (int64_t x = 0; x < from->width; x++) {
                    memcpy(poolgrad_image_at(&destination, n, c, y, x), poolgrad_image_at(&source, n, c, y, x), bytes);
                }
            }
        }
    }
}

poolgrad_status poolgrad_buffer_copy(const poolgrad_buffer *buffer, poolgrad_buffer **copy, poolgrad_error *error)
{
    *copy = NULL;
    if (!buffer) return poolgrad_refuse(error, "buffer", "is null; expected a buffer");
    size_t bytes = 0;
    poolgrad_status status = poolgrad_buffer_make(&buffer->image, NULL, "buffer", copy, error);
    if (status == POOLGRAD_OK) status = poolgrad_image_bytes(&buffer->image, "buffer", &bytes, error);
    if (status != POOLGRAD_OK || bytes == 0 || !(*copy)->image.data) return status;
    if (is_dense(&buffer->image)) {
        memcpy((*copy)->image.data, buffer->image.data, bytes);
        return POOLGRAD_OK;
    }
    poolgrad_image_clear(&(*copy)->image);
    poolgrad_copy_elements(&buffer->image, &(*copy)->image);
    return POOLGRAD_OK;
}

const poolgrad_image *poolgrad_buffer_image(const poolgrad_buffer *buffer)
{
    return buffer ? &buffer->image : NULL;
}

void poolgrad_buffer_destroy(poolgrad_buffer *buffer)
{
    if (!buffer) return;
    const poolgrad_image_allocator *allocator = &buffer->allocator;
    if (!allocator->allocate)
        free(buffer->image.data);
    else if (allocator->release)
        allocator->release(allocator->context, &buffer->image);
    free(buffer);
}

/* ---- Elements by their bits ---------------------------------------------------------------------------------------
 */

static bool same_sizes(const poolgrad_image *a, const poolgrad_image *b)
{
    return a->format == b->format && a->layout == b->layout && a->images == b->images && a->channels == b->channels &&
           a->height == b->height && a->width == b->width;
}

bool poolgrad_same_elements(const poolgrad_image *a, const poolgrad_image *b)
{
    poolgrad_image x, y;
    if (!same_sizes(a, b)) return false;
    if (poolgrad_image_is_empty(a)) return true;
    if (!a->data || !b->data || poolgrad_image_resolve(a, NULL, &x, NULL) != POOLGRAD_OK ||
        poolgrad_image_resolve(b, NULL, &y, NULL) != POOLGRAD_OK) {
        return false;
    }
    const size_t bytes = poolgrad_format_size(a->format);
    for (int64_t n = 0; n < a->images; n++) {
        for (int64_t c = 0; c < a->channels; c++) {
            for (int64_t i = 0; i < a->height; i++) {
                for (int64_t k = 0; k < a->width; k++) {
                    if (memcmp(poolgrad_image_at(&x, n, c, i, k), poolgrad_image_at(&y, n, c, i, k), bytes) != 0) {
                        return false;
                    }
                }
            }
        }
    }
    return true;
}

/* Sizes alone: two images of one size and different elements are rare enough where hashes are of use. */
uint64_t poolgrad_hash_sizes(uint64_t hash, const poolgrad_image *image)
{
    const int64_t numbers[] = {(int64_t)image->format, (int64_t)image->layout, image->images,
                               image->channels,        image->height,          image->width};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) hash = poolgrad_hash_number(hash, numbers[i]);
    return hash;
}

void poolgrad_write_sizes(const poolgrad_image *image, struct poolgrad_text *text)
{
    static const char *const layouts[] = {"nchw", "nhwc", "nc4hw4"};
    poolgrad_json_string(text, "format", poolgrad_format_name(image->format));
    poolgrad_json_enum(text, "layout", layouts, 3, (int)image->layout);
    poolgrad_json_number(text, "images", image->images);
    poolgrad_json_number(text, "channels", image->channels);
    poolgrad_json_number(text, "height", image->height);
    poolgrad_json_number(text, "width", image->width);
}

static bool equal(const void *a, const void *b)
{
    return poolgrad_same_elements(&((const poolgrad_buffer *)a)->image, &((const poolgrad_buffer *)b)->image);
}

static uint64_t hash(const void *object)
{
    const poolgrad_buffer *buffer = object;
    return poolgrad_hash_sizes(poolgrad_hash_begin(buffer->isa->name), &buffer->image);
}

static void describe(const void *object, struct poolgrad_text *text)
{
    const poolgrad_image *image = &((const poolgrad_buffer *)object)->image;
    poolgrad_text_print(text, "buffer: %s, %lld images of %lld channels, %lldx%lld pixels",
                        poolgrad_format_name(image->format), (long long)image->images, (long long)image->channels,
                        (long long)image->width, (long long)image->height);
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    const poolgrad_buffer *buffer = object;
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", buffer->isa->name);
    poolgrad_write_sizes(&buffer->image, text);
    poolgrad_json_close(text, '}');
}

const struct poolgrad_class poolgrad_buffer_class = {"buffer", equal, hash, describe, write_json};
