/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/refusal.h"
#include "geometry/axis.h"
#include "image/format.h"
#include "image/move.h"

/* A dimension in memory: `count` steps of `*stride` elements. */
struct dimension {
    const char *size_name, *stride_name;
    int64_t count;
    int64_t *stride;
};

enum { DIMENSIONS = 5 };

static int64_t lanes(const poolgrad_const_image *image)
{
    return poolgrad_layout_lanes(image->layout);
}

static int64_t slices(const poolgrad_const_image *image)
{
    return poolgrad_ceiling_divide(image->channels, lanes(image));
}

/* From the innermost outwards, as dense memory is ordered: which dimension comes first is all that a layout says. */
static void list_dimensions(poolgrad_const_image *image, struct dimension dimension[DIMENSIONS])
{
    const struct dimension channels = {"channels", "channel_stride", slices(image), &image->channel_stride};
    int i = 0;
    if (image->layout == POOLGRAD_NHWC) dimension[i++] = channels;
    dimension[i++] = (struct dimension){"width", "column_stride", image->width, &image->column_stride};
    dimension[i++] = (struct dimension){"height", "row_stride", image->height, &image->row_stride};
    dimension[i++] = (struct dimension){"depth", "depth_stride", poolgrad_max(image->depth, 1), &image->depth_stride};
    if (image->layout != POOLGRAD_NHWC) dimension[i++] = channels;
    dimension[i] = (struct dimension){"images", "image_stride", image->images, &image->image_stride};
}

/* ---- Views ------------------------------------------------------------------------------------------------------- */

/* Sizes and strides are those of the view that is read. */
static poolgrad_image with_data(const poolgrad_const_image *view, void *data)
{
    return (poolgrad_image){.data = data,
                            .format = view->format,
                            .layout = view->layout,
                            .images = view->images,
                            .channels = view->channels,
                            .depth = view->depth,
                            .height = view->height,
                            .width = view->width,
                            .image_stride = view->image_stride,
                            .channel_stride = view->channel_stride,
                            .depth_stride = view->depth_stride,
                            .row_stride = view->row_stride,
                            .column_stride = view->column_stride,
                            .expanded = view->expanded};
}

poolgrad_const_image poolgrad_image_as_const(const poolgrad_image *image)
{
    return (poolgrad_const_image){.data = image->data,
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

/* A stride beyond what can be counted is the greatest number there is, and refused where the view is used. */
poolgrad_const_image poolgrad_const_image_dense_3d(const void *data, poolgrad_format format, poolgrad_layout layout,
                                                   int64_t images, int64_t channels, int64_t depth, int64_t height,
                                                   int64_t width)
{
    poolgrad_const_image image = {.data = data,
                                  .format = format,
                                  .layout = layout,
                                  .images = images,
                                  .channels = channels,
                                  .depth = depth,
                                  .height = height,
                                  .width = width};
    struct dimension dimension[DIMENSIONS];
    list_dimensions(&image, dimension);
    int64_t inside = lanes(&image);
    for (int i = 0; i < DIMENSIONS; i++) {
        *dimension[i].stride = inside;
        if (!poolgrad_multiply(inside, dimension[i].count, &inside)) inside = INT64_MAX;
    }
    return image;
}

poolgrad_const_image poolgrad_const_image_dense(const void *data, poolgrad_format format, poolgrad_layout layout,
                                                int64_t images, int64_t channels, int64_t height, int64_t width)
{
    return poolgrad_const_image_dense_3d(data, format, layout, images, channels, 1, height, width);
}

poolgrad_image poolgrad_image_dense_3d(void *data, poolgrad_format format, poolgrad_layout layout, int64_t images,
                                       int64_t channels, int64_t depth, int64_t height, int64_t width)
{
    const poolgrad_const_image view = poolgrad_const_image_dense_3d(data, format, layout, images, channels, depth,
                                                                    height, width);
    return with_data(&view, data);
}

poolgrad_image poolgrad_image_dense(void *data, poolgrad_format format, poolgrad_layout layout, int64_t images,
                                    int64_t channels, int64_t height, int64_t width)
{
    return poolgrad_image_dense_3d(data, format, layout, images, channels, 1, height, width);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static poolgrad_status refuse(poolgrad_error *error, const char *name, const char *field, int64_t value,
                              const char *expected)
{
    char path[sizeof error->field];
    snprintf(path, sizeof path, "%s%s%s", name ? name : "", name ? "." : "", field);
    return poolgrad_refuse(error, path, "is %" PRId64 "; expected %s", value, expected);
}

static int64_t magnitude(int64_t stride)
{
    return stride < 0 ? -stride : stride;
}

/* Elements from (0, 0, 0, 0, 0) to the lowest one, at most 0, and to the one behind the highest. Of a resolved view. */
static void element_range(const poolgrad_const_image *image, int64_t *low, int64_t *high)
{
    poolgrad_const_image copy = *image;
    struct dimension dimension[DIMENSIONS];
    list_dimensions(&copy, dimension);
    *low = 0;
    *high = lanes(image);
    for (int i = 0; i < DIMENSIONS; i++) {
        int64_t reach = (dimension[i].count - 1) * *dimension[i].stride;
        *(reach < 0 ? low : high) += reach;
    }
}

/* The greatest of dimensions 0 to `last`: most likely the one that was mistyped. */
static const struct dimension *greatest(const struct dimension dimension[DIMENSIONS], int last)
{
    const struct dimension *result = dimension;
    for (int i = 1; i <= last; i++) {
        if (dimension[i].count > result->count) result = &dimension[i];
    }
    return result;
}

static poolgrad_status check_repeated(const poolgrad_const_image *image, const struct dimension *dimension,
                                      const char *name, poolgrad_error *error)
{
    if (*dimension->stride != 0 || dimension->count <= 1 || image->expanded) return POOLGRAD_OK;
    return refuse(error, name, dimension->stride_name, 0,
                  "a distance, as poolgrad_image_dense gives one, or expanded 1 for elements that repeat");
}

/* Sees that nothing the view reaches is further away than `limit` elements. Where a dense stride is too long the
 * greatest size inside it is to blame. */
static poolgrad_status check_strides(poolgrad_const_image *image, int64_t limit, const char *name,
                                     poolgrad_error *error)
{
    struct dimension dimension[DIMENSIONS];
    list_dimensions(image, dimension);
    int64_t inside = lanes(image), span = inside;
    for (int i = 0; i < DIMENSIONS; i++) {
        const int64_t stride = *dimension[i].stride, count = dimension[i].count;
        const bool dense = stride == inside;
        int64_t reach;
        poolgrad_status status = check_repeated(image, &dimension[i], name, error);
        if (status != POOLGRAD_OK) return status;
        if (count == 1) continue;
        if (stride < -limit || stride > limit || !poolgrad_multiply(magnitude(stride), count, &inside) ||
            !poolgrad_multiply(magnitude(stride), count - 1, &reach) || !poolgrad_add(span, reach, &span) ||
            span > limit) {
            const struct dimension *culprit = dense ? greatest(dimension, i) : &dimension[i];
            return refuse(error, name, dense ? culprit->size_name : culprit->stride_name,
                          dense ? culprit->count : stride, "memory that can be addressed");
        }
    }
    return POOLGRAD_OK;
}

/* A dimension of one is never stepped over, so that its stride may be any number: a dense one spares those who multiply
 * by it the care. */
static void tame_idle_strides(poolgrad_const_image *image)
{
    struct dimension dimension[DIMENSIONS];
    list_dimensions(image, dimension);
    int64_t inside = lanes(image);
    for (int i = 0; i < DIMENSIONS; i++) {
        if (dimension[i].count == 1) *dimension[i].stride = inside;
        inside = magnitude(*dimension[i].stride) * dimension[i].count;
    }
}

/* An empty view is never read: its strides only have to be something. */
static void spell_out_nothing(poolgrad_const_image *image)
{
    image->image_stride = image->channel_stride = image->depth_stride = 1;
    image->row_stride = image->column_stride = 1;
}

poolgrad_status poolgrad_image_check_sizes(const poolgrad_const_image *image, const char *name, poolgrad_error *error)
{
    const struct {
        const char *field;
        int64_t value;
    } size[] = {{"images", image->images},
                {"channels", image->channels},
                {"depth", image->depth},
                {"height", image->height},
                {"width", image->width}};
    if (!poolgrad_layout_name(image->layout)) {
        return refuse(error, name, "layout", image->layout,
                      "NCHW (0), NHWC (1), NC4HW4 (2), NC8HW8 (3), NC16HW16 (4) or NC32HW32 (5)");
    }
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        if (size[i].value < 0) return refuse(error, name, size[i].field, size[i].value, "at least 0");
        if (size[i].value > POOLGRAD_COORDINATE_LIMIT) {
            return refuse(error, name, size[i].field, size[i].value, "at most 2^61");
        }
    }
    if (image->expanded != 0 && image->expanded != 1) return refuse(error, name, "expanded", image->expanded, "0 or 1");
    if (image->depth <= 1 || !poolgrad_layout_is_blocked(image->layout)) return POOLGRAD_OK;
    return refuse(error, name, "depth", image->depth, "0 or 1: blocked layouts have no third axis");
}

static poolgrad_status check_values(const poolgrad_const_image *image, const char *name, poolgrad_error *error)
{
    if (poolgrad_format_size(image->format) == 0) {
        return refuse(error, name, "format", image->format, "a value of poolgrad_format");
    }
    return poolgrad_image_check_sizes(image, name, error);
}

static poolgrad_status check_address(const poolgrad_const_image *image, const char *name, poolgrad_error *error)
{
    char path[sizeof error->field];
    uintptr_t address = (uintptr_t)image->data;
    uintptr_t size = poolgrad_format_size(image->format);
    int64_t low, high;
    element_range(image, &low, &high);
    if ((uintptr_t)-low * size <= address && (uintptr_t)high * size <= UINTPTR_MAX - address) return POOLGRAD_OK;
    snprintf(path, sizeof path, "%s%sdata", name ? name : "", name ? "." : "");
    return poolgrad_refuse(error, path, "is %p; expected an address from which the strides reach only valid ones",
                           image->data);
}

poolgrad_status poolgrad_const_image_resolve(const poolgrad_const_image *image, const char *name,
                                             poolgrad_const_image *resolved, poolgrad_error *error)
{
    poolgrad_status status = check_values(image, name, error);
    if (status != POOLGRAD_OK) return status;
    *resolved = *image;
    resolved->depth = poolgrad_max(image->depth, 1);
    if (poolgrad_image_is_empty(image)) {
        spell_out_nothing(resolved);
        return POOLGRAD_OK;
    }
    int64_t limit = (int64_t)(PTRDIFF_MAX / poolgrad_format_size(image->format));
    status = check_strides(resolved, limit, name, error);
    if (status != POOLGRAD_OK) return status;
    tame_idle_strides(resolved);
    if (!image->data) return POOLGRAD_OK;
    return check_address(resolved, name, error);
}

poolgrad_status poolgrad_image_resolve(const poolgrad_image *image, const char *name, poolgrad_image *resolved,
                                       poolgrad_error *error)
{
    const poolgrad_const_image view = poolgrad_image_as_const(image);
    poolgrad_const_image made;
    void *data = image->data;
    poolgrad_status status = poolgrad_const_image_resolve(&view, name, &made, error);
    if (status == POOLGRAD_OK) *resolved = with_data(&made, data);
    return status;
}

poolgrad_status poolgrad_const_image_check(const poolgrad_const_image *image, poolgrad_error *error)
{
    poolgrad_const_image resolved;
    if (!image) return poolgrad_refuse(error, "image", "is null; expected a view");
    poolgrad_status status = poolgrad_const_image_resolve(image, NULL, &resolved, error);
    if (status != POOLGRAD_OK || image->data || poolgrad_image_is_empty(image)) return status;
    return poolgrad_refuse(error, "data", "is null; expected the address of the first element");
}

poolgrad_status poolgrad_image_check(const poolgrad_image *image, poolgrad_error *error)
{
    if (!image) return poolgrad_const_image_check(NULL, error);
    const poolgrad_const_image view = poolgrad_image_as_const(image);
    return poolgrad_const_image_check(&view, error);
}

bool poolgrad_image_is_empty(const poolgrad_const_image *image)
{
    return image->images == 0 || image->channels == 0 || image->height == 0 || image->width == 0;
}

bool poolgrad_images_overlap(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    if (!a->data || !b->data || poolgrad_image_is_empty(a) || poolgrad_image_is_empty(b)) return false;
    int64_t a_low, a_high, b_low, b_high;
    element_range(a, &a_low, &a_high);
    element_range(b, &b_low, &b_high);
    int64_t a_size = (int64_t)poolgrad_format_size(a->format), b_size = (int64_t)poolgrad_format_size(b->format);
    uintptr_t a_begin = (uintptr_t)a->data - (uintptr_t)(-a_low * a_size);
    uintptr_t a_end = (uintptr_t)a->data + (uintptr_t)(a_high * a_size);
    uintptr_t b_begin = (uintptr_t)b->data - (uintptr_t)(-b_low * b_size);
    uintptr_t b_end = (uintptr_t)b->data + (uintptr_t)(b_high * b_size);
    return a_begin < b_end && b_begin < a_end;
}

/* Insertion sort by stride: of two dimensions, the one with the smaller stride lies inside the other. */
static void sort_by_stride(struct dimension dimension[DIMENSIONS])
{
    for (int i = 1; i < DIMENSIONS; i++) {
        for (int j = i; j > 0 && magnitude(*dimension[j].stride) < magnitude(*dimension[j - 1].stride); j--) {
            struct dimension swap = dimension[j];
            dimension[j] = dimension[j - 1];
            dimension[j - 1] = swap;
        }
    }
}

bool poolgrad_image_folds(const poolgrad_const_image *image)
{
    if (poolgrad_image_is_empty(image)) return false;
    poolgrad_const_image copy = *image;
    struct dimension dimension[DIMENSIONS];
    list_dimensions(&copy, dimension);
    sort_by_stride(dimension);
    int64_t span = lanes(image);
    for (int i = 0; i < DIMENSIONS; i++) {
        if (dimension[i].count == 1) continue;
        int64_t step = magnitude(*dimension[i].stride);
        if (step < span) return true;
        span += step * (dimension[i].count - 1);
    }
    return false;
}

/* Bytes from element (0, 0, 0, 0, 0). Of both sorts of views, which have the same fields. */
#define BYTES_TO(image, n, c, z, y, x)                                                                                 \
    bytes_to((image)->format, (image)->layout,                                                                         \
             (n) * (image)->image_stride + (z) * (image)->depth_stride + (y) * (image)->row_stride +                   \
                 (x) * (image)->column_stride,                                                                         \
             (image)->channel_stride, c)

static inline int64_t bytes_to(poolgrad_format format, poolgrad_layout layout, int64_t element, int64_t channel_stride,
                               int64_t c)
{
    const int64_t slice = c >> poolgrad_layout_shift(layout);
    return (element + slice * channel_stride + poolgrad_layout_lane(layout, c)) * (int64_t)poolgrad_format_size(format);
}

void *poolgrad_image_at(const poolgrad_image *image, int64_t n, int64_t c, int64_t z, int64_t y, int64_t x)
{
    return (unsigned char *)image->data + BYTES_TO(image, n, c, z, y, x);
}

const void *poolgrad_const_image_at(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t z, int64_t y,
                                    int64_t x)
{
    return (const unsigned char *)image->data + BYTES_TO(image, n, c, z, y, x);
}

void poolgrad_image_clear_unused_lanes(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t begin,
                                       int64_t end)
{
    const int64_t block = poolgrad_layout_lanes(image->layout), used = image->channels % block;
    if (used == 0 || c / block != image->channels / block) return;
    const int64_t size = (int64_t)poolgrad_format_size(image->format), step = image->column_stride * size;
    const struct poolgrad_runs behind = {end - begin - 1, (block - used) * size, 0, step};
    if (begin >= end) return;
    unsigned char *first = poolgrad_image_at(image, n, image->channels, 0, y, begin);
    memset(first, 0, (size_t)behind.bytes);
    poolgrad_move_runs(first + step, first, behind);
}

/* Whether the view is valid and has the element; then writes the resolved view. */
static bool locate(const poolgrad_const_image *image, const int64_t at[5], poolgrad_const_image *view)
{
    const int64_t size[] = {image->images, image->channels, poolgrad_max(image->depth, 1), image->height, image->width};
    for (int i = 0; i < 5; i++) {
        if (at[i] < 0 || at[i] >= size[i]) return false;
    }
    return image->data && poolgrad_const_image_resolve(image, NULL, view, NULL) == POOLGRAD_OK;
}

double poolgrad_const_image_get(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t z, int64_t y,
                                int64_t x)
{
    poolgrad_const_image view;
    if (!image || !locate(image, (const int64_t[]){n, c, z, y, x}, &view)) return NAN;
    return poolgrad_load(view.format, poolgrad_const_image_at(&view, n, c, z, y, x));
}

double poolgrad_image_get(const poolgrad_image *image, int64_t n, int64_t c, int64_t z, int64_t y, int64_t x)
{
    if (!image) return NAN;
    const poolgrad_const_image view = poolgrad_image_as_const(image);
    return poolgrad_const_image_get(&view, n, c, z, y, x);
}

poolgrad_status poolgrad_image_set(const poolgrad_image *image, int64_t n, int64_t c, int64_t z, int64_t y, int64_t x,
                                   double value)
{
    poolgrad_const_image view;
    if (!image) return POOLGRAD_INVALID;
    const poolgrad_const_image given = poolgrad_image_as_const(image);
    if (!locate(&given, (const int64_t[]){n, c, z, y, x}, &view)) return POOLGRAD_INVALID;
    if (view.format != POOLGRAD_FLOAT16 && view.format != POOLGRAD_BFLOAT16 && view.format != POOLGRAD_FLOAT32 &&
        view.format != POOLGRAD_FLOAT64) {
        return POOLGRAD_INVALID;
    }
    const poolgrad_image resolved = with_data(&view, image->data);
    poolgrad_store(view.format, poolgrad_image_at(&resolved, n, c, z, y, x), value);
    return POOLGRAD_OK;
}
