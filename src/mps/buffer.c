/* SPDX-License-Identifier: Apache-2.0 */
/* Images that poolgrad makes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/refusal.h"
#include "image/content.h"
#include "mps/kernel.h"
#include "text/typed.h"

enum { ALIGNMENT = 64 }; /* a cache line */

poolgrad_image poolgrad_image_like(const poolgrad_const_image *image, poolgrad_format format)
{
    return poolgrad_image_dense(NULL, format, image->layout, image->images, image->channels, image->height,
                                image->width);
}

bool poolgrad_same_size(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    return a->images == b->images && a->channels == b->channels && a->height == b->height && a->width == b->width;
}

poolgrad_status poolgrad_refuse_size(poolgrad_error *error, const char *field, const char *has,
                                     const poolgrad_const_image *image, const poolgrad_const_image *expected,
                                     const char *like)
{
    return poolgrad_refuse(error, field,
                           "%s %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64
                           " pixels; expected %" PRId64 " of %" PRId64 ", %" PRId64 "x%" PRId64 " as %s",
                           has, image->images, image->channels, image->width, image->height, expected->images,
                           expected->channels, expected->width, expected->height, like);
}

poolgrad_format poolgrad_result_format(poolgrad_format source)
{
    return source == POOLGRAD_UNORM8 || source == POOLGRAD_UNORM16 ? POOLGRAD_FLOAT32 : source;
}

poolgrad_status poolgrad_check_plane(const poolgrad_const_image *image, const char *name, poolgrad_error *error)
{
    char field[sizeof error->field];
    const poolgrad_status status = poolgrad_image_check_sizes(image, name, error);
    if (status != POOLGRAD_OK || image->depth <= 1) return status;
    snprintf(field, sizeof field, "%s%sdepth", name ? name : "", name ? "." : "");
    return poolgrad_refuse(error, field, "is %" PRId64 "; expected 0 or 1: images of MPS have no depth", image->depth);
}

poolgrad_status poolgrad_image_bytes(const poolgrad_image *descriptor, const char *name, size_t *bytes,
                                     poolgrad_error *error)
{
    const poolgrad_const_image view = poolgrad_image_as_const(descriptor);
    poolgrad_image dense = poolgrad_image_like(&view, view.format), resolved;
    poolgrad_status status = poolgrad_check_plane(&view, name, error);
    if (status == POOLGRAD_OK) status = poolgrad_image_resolve(&dense, name, &resolved, error);
    if (status != POOLGRAD_OK) return status;
    *bytes = 0;
    if (poolgrad_image_is_empty(&view)) return POOLGRAD_OK;
    *bytes = (size_t)resolved.images * (size_t)resolved.image_stride * poolgrad_format_size(view.format);
    return POOLGRAD_OK;
}

/* Both views are resolved: strides that are of no effect are equal. */
static bool is_dense(const poolgrad_const_image *view)
{
    const poolgrad_image like = poolgrad_image_like(view, view->format);
    poolgrad_image dense;
    return poolgrad_image_resolve(&like, NULL, &dense, NULL) == POOLGRAD_OK &&
           dense.image_stride == view->image_stride && dense.channel_stride == view->channel_stride &&
           dense.row_stride == view->row_stride && dense.column_stride == view->column_stride;
}

void poolgrad_image_clear(const poolgrad_image *image)
{
    union poolgrad_view view;
    if (!image->data || poolgrad_image_resolve(image, NULL, &view.written, NULL) != POOLGRAD_OK) return;
    if (poolgrad_image_is_empty(&view.read)) return;
    if (is_dense(&view.read)) {
        const size_t elements = (size_t)view.read.images * (size_t)view.read.image_stride;
        memset(image->data, 0, elements * poolgrad_format_size(view.read.format));
        return;
    }
    const int64_t lanes = poolgrad_layout_lanes(view.read.layout);
    const size_t bytes = (size_t)lanes * poolgrad_format_size(view.read.format);
    for (int64_t n = 0; n < view.read.images; n++) {
        for (int64_t c = 0; c < view.read.channels; c += lanes) {
            for (int64_t y = 0; y < view.read.height; y++) {
                for (int64_t x = 0; x < view.read.width; x++) {
                    memset(poolgrad_image_at(&view.written, n, c, 0, y, x), 0, bytes);
                }
            }
        }
    }
}

/* Allocates by the C library whole cache lines. */
static poolgrad_status allocate(poolgrad_image *image, size_t bytes, poolgrad_error *error)
{
    const size_t lines = bytes / ALIGNMENT + (bytes % ALIGNMENT != 0);
    image->data = lines <= SIZE_MAX / ALIGNMENT ? poolgrad_aligned_allocate(ALIGNMENT, lines * ALIGNMENT) : NULL;
    return image->data ? POOLGRAD_OK : poolgrad_refuse_memory(error, "image");
}

/* What the allocator made has to be an image of the size that was asked for. */
static poolgrad_status ask_allocator(poolgrad_buffer *buffer, const poolgrad_image_allocator *allocator,
                                     poolgrad_error *error)
{
    const poolgrad_image asked = buffer->image.written;
    poolgrad_image *image = &buffer->image.written, resolved;
    poolgrad_status status = allocator->allocate(allocator->context, image);
    if (status == POOLGRAD_NO_MEMORY) return poolgrad_refuse_memory(error, "image");
    if (status != POOLGRAD_OK)
        return poolgrad_refuse(error, "image_allocator", "has refused an image; expected memory");
    buffer->allocator = *allocator;
    status = POOLGRAD_INVALID;
    if (image->format != asked.format || image->layout != asked.layout || image->images != asked.images ||
        image->channels != asked.channels || image->depth > 1 || image->height != asked.height ||
        image->width != asked.width) {
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
    const poolgrad_const_image view = poolgrad_image_as_const(descriptor);
    made->image.written = poolgrad_image_like(&view, view.format);
    if (bytes > 0 && allocator && allocator->allocate)
        status = ask_allocator(made, allocator, error);
    else if (bytes > 0)
        status = allocate(&made->image.written, bytes, error);
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
    if (status == POOLGRAD_OK) poolgrad_image_clear(&(*buffer)->image.written);
    return status;
}

/* Element by element, bits as they are, between images of one format and size. */
static void copy_elements(const poolgrad_const_image *from, const poolgrad_image *to)
{
    poolgrad_const_image source;
    poolgrad_image destination;
    poolgrad_const_image_resolve(from, NULL, &source, NULL);
    poolgrad_image_resolve(to, NULL, &destination, NULL);
    const size_t bytes = poolgrad_format_size(from->format);
    for (int64_t n = 0; n < from->images; n++) {
        for (int64_t c = 0; c < from->channels; c++) {
            for (int64_t y = 0; y < from->height; y++) {
                for (int64_t x = 0; x < from->width; x++) {
                    memcpy(poolgrad_image_at(&destination, n, c, 0, y, x),
                           poolgrad_const_image_at(&source, n, c, 0, y, x), bytes);
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
    poolgrad_status status = poolgrad_buffer_make(&buffer->image.written, NULL, "buffer", copy, error);
    if (status == POOLGRAD_OK) status = poolgrad_image_bytes(&buffer->image.written, "buffer", &bytes, error);
    if (status != POOLGRAD_OK || bytes == 0) return status;
    poolgrad_const_image view;
    status = poolgrad_const_image_resolve(&buffer->image.read, "buffer", &view, error);
    if (status == POOLGRAD_OK && is_dense(&view)) {
        memcpy((*copy)->image.written.data, view.data, bytes);
        return POOLGRAD_OK;
    }
    poolgrad_image_clear(&(*copy)->image.written);
    copy_elements(&buffer->image.read, &(*copy)->image.written);
    return status;
}

const poolgrad_image *poolgrad_buffer_image(const poolgrad_buffer *buffer)
{
    return buffer ? &buffer->image.written : NULL;
}

const poolgrad_const_image *poolgrad_buffer_const_image(const poolgrad_buffer *buffer)
{
    return buffer ? &buffer->image.read : NULL;
}

void poolgrad_buffer_destroy(poolgrad_buffer *buffer)
{
    if (!buffer) return;
    const poolgrad_image_allocator *allocator = &buffer->allocator;
    if (!allocator->allocate)
        poolgrad_aligned_free(buffer->image.written.data);
    else if (allocator->release)
        allocator->release(allocator->context, &buffer->image.written);
    free(buffer);
}

/* ---- Equality, hash and texts ------------------------------------------------------------------------------------ */

static bool equal(const void *a, const void *b)
{
    const poolgrad_buffer *x = a, *y = b;
    return poolgrad_const_image_equal(&x->image.read, &y->image.read) == 1;
}

static uint64_t hash(const void *object)
{
    const poolgrad_buffer *buffer = object;
    return poolgrad_hash_sizes(poolgrad_hash_begin("buffer"), &buffer->image.read);
}

static void describe(const void *object, struct poolgrad_text *text)
{
    const poolgrad_const_image *image = &((const poolgrad_buffer *)object)->image.read;
    poolgrad_text_print(text, "buffer: %s, %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64 " pixels",
                        poolgrad_format_name(image->format), image->images, image->channels, image->width,
                        image->height);
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    const poolgrad_buffer *buffer = object;
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", "buffer");
    poolgrad_write_sizes(&buffer->image.read, text);
    poolgrad_json_close(text, '}');
}

static const struct poolgrad_type type = {equal, hash, describe, write_json};
POOLGRAD_TYPED(poolgrad_buffer, type);
