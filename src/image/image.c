/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "geometry/axis.h"
#include "geometry/error.h"
#include "image/format.h"

/* A dimension in memory: `count` steps of `*stride` elements. */
struct dimension {
    const char *size_name, *stride_name;
    int64_t count;
    int64_t *stride;
};

enum { DIMENSIONS = 4 };

static int64_t lanes(const poolgrad_image *image)
{
    return image->layout == POOLGRAD_NC4HW4 ? POOLGRAD_LANES : 1;
}

static int64_t slices(const poolgrad_image *image)
{
    return poolgrad_ceiling_divide(image->channels, lanes(image));
}

/* From the innermost outwards, as dense memory is ordered: which dimension comes first is all that a layout says. */
static void list_dimensions(poolgrad_image *image, struct dimension dimension[DIMENSIONS])
{
    const struct dimension channels = {"channels", "channel_stride", slices(image), &image->channel_stride};
    int i = 0;
    if (image->layout == POOLGRAD_NHWC) dimension[i++] = channels;
    dimension[i++] = (struct dimension){"width", "column_stride", image->width, &image->column_stride};
    dimension[i++] = (struct dimension){"height", "row_stride", image->height, &image->row_stride};
    if (image->layout != POOLGRAD_NHWC) dimension[i++] = channels;
    dimension[i] = (struct dimension){"images", "image_stride", image->images, &image->image_stride};
}

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

/* Elements from (0, 0, 0, 0) to the lowest one, at most 0, and to the one behind the highest. Of a resolved view. */
static void element_range(const poolgrad_image *image, int64_t *low, int64_t *high)
{
    poolgrad_image copy = *image;
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

/* Replaces strides of 0 by dense ones, and sees that nothing the view reaches is further away than `limit` elements. */
static poolgrad_status spell_out_strides(poolgrad_image *image, int64_t limit, const char *name, poolgrad_error *error)
{
    struct dimension dimension[DIMENSIONS];
    list_dimensions(image, dimension);
    int64_t inside = lanes(image);
    int64_t span = lanes(image);
    for (int i = 0; i < DIMENSIONS; i++) {
        bool given = *dimension[i].stride != 0;
        if (!given) *dimension[i].stride = inside;
        int64_t stride = *dimension[i].stride, reach;
        if (stride < -limit || stride > limit || !poolgrad_multiply(magnitude(stride), dimension[i].count, &inside) ||
            !poolgrad_multiply(magnitude(stride), dimension[i].count - 1, &reach) ||
            !poolgrad_add(span, reach, &span) || span > limit) {
            const struct dimension *culprit = given ? &dimension[i] : greatest(dimension, i);
            return refuse(error, name, given ? culprit->stride_name : culprit->size_name,
                          given ? stride : culprit->count, "memory that can be addressed");
        }
    }
    return POOLGRAD_OK;
}

/* A dimension of one is never stepped over, so that its stride may be any number: a dense one spares those who multiply
 * by it the care. */
static void tame_idle_strides(poolgrad_image *image)
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
static void spell_out_nothing(poolgrad_image *image)
{
    image->image_stride = image->channel_stride = image->row_stride = image->column_stride = 1;
}

poolgrad_status poolgrad_image_check_sizes(const poolgrad_image *image, const char *name, poolgrad_error *error)
{
    const struct {
        const char *field;
        int64_t value;
    } size[] = {
        {"images", image->images}, {"channels", image->channels}, {"height", image->height}, {"width", image->width}};
    if (image->layout != POOLGRAD_NCHW && image->layout != POOLGRAD_NHWC && image->layout != POOLGRAD_NC4HW4) {
        return refuse(error, name, "layout", image->layout, "NCHW (0), NHWC (1) or NC4HW4 (2)");
    }
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        if (size[i].value < 0) return refuse(error, name, size[i].field, size[i].value, "at least 0");
        if (size[i].value > POOLGRAD_COORDINATE_LIMIT) {
            return refuse(error, name, size[i].field, size[i].value, "at most 2^61");
        }
    }
    return POOLGRAD_OK;
}

static poolgrad_status check_values(const poolgrad_image *image, const char *name, poolgrad_error *error)
{
    if (poolgrad_format_size(image->format) == 0) {
        return refuse(error, name, "format", image->format, "a value of poolgrad_format");
    }
    return poolgrad_image_check_sizes(image, name, error);
}

static poolgrad_status check_address(const poolgrad_image *image, const char *name, poolgrad_error *error)
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

poolgrad_status poolgrad_image_resolve(const poolgrad_image *image, const char *name, poolgrad_image *resolved,
                                       poolgrad_error *error)
{
    poolgrad_status status = check_values(image, name, error);
    if (status != POOLGRAD_OK) return status;
    *resolved = *image;
    if (poolgrad_image_is_empty(image)) {
        spell_out_nothing(resolved);
        return POOLGRAD_OK;
    }
    int64_t limit = (int64_t)(PTRDIFF_MAX / poolgrad_format_size(image->format));
    status = spell_out_strides(resolved, limit, name, error);
    if (status != POOLGRAD_OK) return status;
    tame_idle_strides(resolved);
    if (!image->data) return POOLGRAD_OK;
    return check_address(resolved, name, error);
}

poolgrad_status poolgrad_image_check(const poolgrad_image *image, poolgrad_error *error)
{
    poolgrad_image resolved;
    if (!image) return poolgrad_refuse(error, "image", "is null; expected a view");
    poolgrad_status status = poolgrad_image_resolve(image, NULL, &resolved, error);
    if (status != POOLGRAD_OK || image->data || poolgrad_image_is_empty(image)) return status;
    return poolgrad_refuse(error, "data", "is null; expected the address of the first element");
}

bool poolgrad_image_is_empty(const poolgrad_image *image)
{
    return image->images == 0 || image->channels == 0 || image->height == 0 || image->width == 0;
}

bool poolgrad_images_overlap(const poolgrad_image *a, const poolgrad_image *b)
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

bool poolgrad_image_folds(const poolgrad_image *image)
{
    if (poolgrad_image_is_empty(image)) return false;
    poolgrad_image copy = *image;
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

void *poolgrad_image_at(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    int64_t lane = image->layout == POOLGRAD_NC4HW4 ? c % POOLGRAD_LANES : 0;
    int64_t slice = image->layout == POOLGRAD_NC4HW4 ? c / POOLGRAD_LANES : c;
    int64_t element = n * image->image_stride + slice * image->channel_stride + y * image->row_stride +
                      x * image->column_stride + lane;
    return (unsigned char *)image->data + element * (int64_t)poolgrad_format_size(image->format);
}

void poolgrad_image_clear_unused_lanes(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t begin,
                                       int64_t end)
{
    int64_t used = image->channels % POOLGRAD_LANES;
    if (image->layout != POOLGRAD_NC4HW4 || used == 0 || c / POOLGRAD_LANES != image->channels / POOLGRAD_LANES) return;
    size_t bytes = (size_t)(POOLGRAD_LANES - used) * poolgrad_format_size(image->format);
    for (int64_t x = begin; x < end; x++) memset(poolgrad_image_at(image, n, image->channels, y, x), 0, bytes);
}

/* Whether the view is valid and has the element; then writes the view with its strides spelled out. */
static bool locate(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x, poolgrad_image *view)
{
    return image && image->data && n >= 0 && n < image->images && c >= 0 && c < image->channels && y >= 0 &&
           y < image->height && x >= 0 && x < image->width &&
           poolgrad_image_resolve(image, NULL, view, NULL) == POOLGRAD_OK;
}

double poolgrad_image_get(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x)
{
    poolgrad_image view;
    if (!locate(image, n, c, y, x, &view)) return 0;
    return poolgrad_load(view.format, poolgrad_image_at(&view, n, c, y, x));
}

poolgrad_status poolgrad_image_set(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x,
                                   double value)
{
    poolgrad_image view;
    if (!locate(image, n, c, y, x, &view)) return POOLGRAD_INVALID;
    if (view.format != POOLGRAD_FLOAT16 && view.format != POOLGRAD_BFLOAT16 && view.format != POOLGRAD_FLOAT32 &&
        view.format != POOLGRAD_FLOAT64) {
        return POOLGRAD_INVALID;
    }
    poolgrad_store(view.format, poolgrad_image_at(&view, n, c, y, x), value);
    return POOLGRAD_OK;
}
