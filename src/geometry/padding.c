/* SPDX-License-Identifier: Apache-2.0 */
/* Padding policies: the size of a result and the place of its first window (docs/numerics.md N47 to N57). */
#include <inttypes.h>

#include "base/refusal.h"
#include "geometry/axis.h"
#include "geometry/pads.h"

enum { ALIGN_MASK = 3, REMAINDER_MASK = 12, SIZE_MASK = 48 };

static const poolgrad_padding_method defined_bits = ALIGN_MASK | REMAINDER_MASK | SIZE_MASK |
                                                    POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION |
                                                    POOLGRAD_PADDING_CUSTOM | POOLGRAD_PADDING_EXCLUDE_EDGES;

static poolgrad_status check_method(poolgrad_padding_method method, poolgrad_error *error)
{
    const char *expected = NULL;
    if (method & ~defined_bits) {
        expected = "no bit beyond those of poolgrad_padding_method";
    } else if ((method & ALIGN_MASK) == ALIGN_MASK) {
        expected = "align centered (0), top left (1) or bottom right (2), 3 is reserved";
    } else if ((method & SIZE_MASK) == SIZE_MASK) {
        expected = "size valid only (0), same (16) or full (32), 48 is reserved";
    } else if (method & POOLGRAD_PADDING_CUSTOM) {
        expected = "no custom bit (16384), flags alone cannot say what a callback would do";
    }
    if (!expected) return POOLGRAD_OK;
    return poolgrad_refuse(error, "method", "is 0x%" PRIx32 "; expected %s", method, expected);
}

/* -1 valid only, 0 same, +1 full. */
static int64_t style(poolgrad_padding_method method)
{
    switch (method & SIZE_MASK) {
    case POOLGRAD_PADDING_SIZE_SAME: return 0;
    case POOLGRAD_PADDING_SIZE_FULL: return 1;
    default: return -1;
    }
}

/* One axis of a window and of an image, with the names refusals use. */
struct padded_axis {
    const char *size_name, *kernel_name, *stride_name, *dilation_name;
    int64_t size, kernel, stride, dilation;
    bool remainder_first; /* the odd pixel goes to the left or the top */
};

static poolgrad_status check_number(const char *name, int64_t value, int64_t least, poolgrad_error *error)
{
    if (value >= least && value <= POOLGRAD_COORDINATE_LIMIT) return POOLGRAD_OK;
    return poolgrad_refuse(error, name, "is %" PRId64 "; expected %" PRId64 " to 2^61", value, least);
}

static poolgrad_status resolve_extent(const struct padded_axis *axis, int64_t *extent, poolgrad_error *error)
{
    poolgrad_status status = check_number(axis->kernel_name, axis->kernel, 1, error);
    if (status == POOLGRAD_OK) status = check_number(axis->stride_name, axis->stride, 1, error);
    if (status == POOLGRAD_OK) status = check_number(axis->dilation_name, axis->dilation, 1, error);
    if (status == POOLGRAD_OK) status = check_number(axis->size_name, axis->size, 0, error);
    if (status != POOLGRAD_OK) return status;
    if (poolgrad_axis_extent(axis->kernel, axis->dilation, extent)) return POOLGRAD_OK;
    return poolgrad_refuse(error, axis->kernel_name,
                           "is %" PRId64 " with dilation %" PRId64 "; expected a window that spans at most 2^61 pixels",
                           axis->kernel, axis->dilation);
}

/* The sum of at most three coordinates: cannot overflow. The last window may begin up to one stride behind the image.
 */
static poolgrad_status forward_axis(poolgrad_padding_method method, const struct padded_axis *axis, int64_t *size,
                                    int64_t *offset, int64_t *left, poolgrad_error *error)
{
    int64_t extent = 0;
    poolgrad_status status = resolve_extent(axis, &extent, error);
    if (status != POOLGRAD_OK) return status;
    int64_t reached = axis->size + style(method) * (extent - 1);
    *size = poolgrad_ceiling_divide(reached, axis->stride);
    if (*size <= 0) {
        return poolgrad_refuse(error, axis->size_name,
                               "is %" PRId64 ", where a window spans %" PRId64
                               " pixels; expected a larger image, the result would be %" PRId64 " pixels",
                               axis->size, extent, *size);
    }
    int64_t extra = (*size - 1) * axis->stride + extent - axis->size;
    switch (method & ALIGN_MASK) {
    case POOLGRAD_PADDING_ALIGN_TOP_LEFT: *left = extra; break;
    case POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT: *left = 0; break;
    default: *left = (extra + axis->remainder_first) / 2; break;
    }
    *offset = extent / 2 - *left;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_check_flat(const poolgrad_window *window, poolgrad_error *error)
{
    static const char *const fields[] = {"window.kernel_depth", "window.stride_z", "window.dilation_z"};
    const int64_t values[] = {window->kernel_depth, window->stride_z, window->dilation_z};
    for (int i = 0; i < 3; i++) {
        if (values[i] == 0 || values[i] == 1) continue;
        return poolgrad_refuse(error, fields[i], "is %" PRId64 "; expected 0 or 1: no layout has a third axis",
                               values[i]);
    }
    return POOLGRAD_OK;
}

static void list_axes(const poolgrad_window *w, struct padded_axis *x, struct padded_axis *y)
{
    x->kernel_name = "window.kernel_width";
    x->stride_name = "window.stride_x";
    x->dilation_name = "window.dilation_x";
    x->kernel = w->kernel_width;
    x->stride = w->stride_x;
    x->dilation = w->dilation_x;
    y->kernel_name = "window.kernel_height";
    y->stride_name = "window.stride_y";
    y->dilation_name = "window.dilation_y";
    y->kernel = w->kernel_height;
    y->stride = w->stride_y;
    y->dilation = w->dilation_y;
}

poolgrad_status poolgrad_padding_forward(poolgrad_padding_method method, poolgrad_kind kind,
                                         const poolgrad_window *window, int64_t source_height, int64_t source_width,
                                         poolgrad_padding *padding, poolgrad_error *error)
{
    poolgrad_padding result = {.depth = 1};
    struct padded_axis x = {.size_name = "source_width", .size = source_width};
    struct padded_axis y = {.size_name = "source_height", .size = source_height};
    poolgrad_padding_method remainder = method & REMAINDER_MASK;
    poolgrad_status status = check_method(method, error);
    if (status == POOLGRAD_OK) status = poolgrad_check_flat(window, error);
    if (status != POOLGRAD_OK) return status;
    if (kind != POOLGRAD_AVERAGE && kind != POOLGRAD_MAX && kind != POOLGRAD_L2NORM) {
        return poolgrad_refuse(error, "kind", "is %d; expected average (0), max (1) or L2-norm (2)", (int)kind);
    }
    list_axes(window, &x, &y);
    x.remainder_first = remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT ||
                        remainder == POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT;
    y.remainder_first = remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT ||
                        remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT;
    status = forward_axis(method, &x, &result.width, &result.offset_x, &result.left, error);
    if (status == POOLGRAD_OK) status = forward_axis(method, &y, &result.height, &result.offset_y, &result.top, error);
    if (status != POOLGRAD_OK) return status;
    if (kind == POOLGRAD_AVERAGE && (method & POOLGRAD_PADDING_EXCLUDE_EDGES)) {
        result.exclude_edges = 1;
        result.zero_pad_x = poolgrad_max(result.left, 0);
        result.zero_pad_y = poolgrad_max(result.top, 0);
    }
    *padding = result;
    return POOLGRAD_OK;
}

/* ---- Pads -------------------------------------------------------------------------------------------------------- */

static poolgrad_status check_pads(const poolgrad_pads *pads, poolgrad_error *error)
{
    const struct {
        const char *name;
        int64_t value, low, high;
        const char *expected;
    } bounds[] = {
        {"pads.left", pads->left, 0, POOLGRAD_COORDINATE_LIMIT, "0 to 2^61"},
        {"pads.top", pads->top, 0, POOLGRAD_COORDINATE_LIMIT, "0 to 2^61"},
        {"pads.right", pads->right, -POOLGRAD_COORDINATE_LIMIT, POOLGRAD_COORDINATE_LIMIT, "-2^61 to 2^61"},
        {"pads.bottom", pads->bottom, -POOLGRAD_COORDINATE_LIMIT, POOLGRAD_COORDINATE_LIMIT, "-2^61 to 2^61"},
        {"pads.front", pads->front, 0, 0, "0: no layout has a third axis"},
        {"pads.back", pads->back, 0, 0, "0: no layout has a third axis"},
        {"pads.counted", pads->counted, 0, 1, "0 or 1"},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (bounds[i].value >= bounds[i].low && bounds[i].value <= bounds[i].high) continue;
        return poolgrad_refuse(error, bounds[i].name, "is %" PRId64 "; expected %s", bounds[i].value,
                               bounds[i].expected);
    }
    if (pads->counted && pads->right != pads->left) {
        return poolgrad_refuse(error, "pads.right",
                               "is %" PRId64 "; expected pads.left, %" PRId64 ", where pads are counted", pads->right,
                               pads->left);
    }
    if (pads->counted && pads->bottom != pads->top) {
        return poolgrad_refuse(error, "pads.bottom",
                               "is %" PRId64 "; expected pads.top, %" PRId64 ", where pads are counted", pads->bottom,
                               pads->top);
    }
    return POOLGRAD_OK;
}

/* docs/numerics.md N56. Sums of at most four coordinates: cannot overflow. */
static poolgrad_status pads_axis(const struct padded_axis *axis, int64_t before, int64_t behind,
                                 poolgrad_rounding rounding, int64_t *size, int64_t *offset, poolgrad_error *error)
{
    int64_t extent = 0;
    poolgrad_status status = resolve_extent(axis, &extent, error);
    if (status != POOLGRAD_OK) return status;
    const int64_t room = axis->size + before + behind - extent;
    const bool down = rounding == POOLGRAD_ROUND_DOWN;
    *size = (down ? poolgrad_floor_divide(room, axis->stride) : poolgrad_ceiling_divide(room, axis->stride)) + 1;
    const bool last_is_behind = *size > 0 && (*size - 1) * axis->stride - before >= axis->size;
    if (rounding == POOLGRAD_ROUND_UP_DROP && last_is_behind) --*size;
    *offset = extent / 2 - before;
    if (axis->size == 0) *size = poolgrad_max(*size, 0);
    if (*size > 0 || axis->size == 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, axis->size_name,
                           "is %" PRId64 " and %" PRId64 " with its pads, where a window spans %" PRId64
                           " pixels; expected room for a window",
                           axis->size, axis->size + before + behind, extent);
}

poolgrad_status poolgrad_place_by_pads(const struct poolgrad_pads_request *request, poolgrad_padding *padding,
                                       poolgrad_error *error)
{
    const poolgrad_pads *pads = request->pads;
    const poolgrad_rounding rounding = request->rounding;
    struct padded_axis x = {.size_name = request->width_name, .size = request->width};
    struct padded_axis y = {.size_name = request->height_name, .size = request->height};
    if (!pads) return poolgrad_refuse(error, "pads", "is null; expected pads");
    poolgrad_status status = check_pads(pads, error);
    if (status == POOLGRAD_OK && !poolgrad_rounding_name(rounding)) {
        status = poolgrad_refuse(error, "rounding", "is %d; expected down (0), up (1) or up and drop (2)",
                                 (int)rounding);
    }
    if (status == POOLGRAD_OK) status = poolgrad_check_flat(request->window, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_padding result = {.left = pads->left, .top = pads->top, .depth = 1};
    list_axes(request->window, &x, &y);
    status = pads_axis(&x, pads->left, pads->right, rounding, &result.width, &result.offset_x, error);
    if (status != POOLGRAD_OK) return status;
    status = pads_axis(&y, pads->top, pads->bottom, rounding, &result.height, &result.offset_y, error);
    if (status != POOLGRAD_OK) return status;
    result.zero_pad_x = pads->counted ? pads->left : 0;
    result.zero_pad_y = pads->counted ? pads->top : 0;
    *padding = result;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_padding_explicit(const poolgrad_pads *pads, poolgrad_rounding rounding,
                                          const poolgrad_window *window, int64_t source_height, int64_t source_width,
                                          poolgrad_padding *padding, poolgrad_error *error)
{
    const struct poolgrad_pads_request request = {pads,          rounding,       window,      "source_height",
                                                  source_height, "source_width", source_width};
    return poolgrad_place_by_pads(&request, padding, error);
}

/* ---- Backwards --------------------------------------------------------------------------------------------------- */

static poolgrad_status reverse_axis(poolgrad_padding_method method, const struct padded_axis *axis, int64_t *size,
                                    poolgrad_error *error)
{
    int64_t extent = 0, reach = 0;
    poolgrad_status status = check_number(axis->size_name, axis->size, 1, error);
    if (status == POOLGRAD_OK) status = resolve_extent(axis, &extent, error);
    if (status != POOLGRAD_OK) return status;
    if (!poolgrad_multiply(axis->size - 1, axis->stride, &reach) || reach >= POOLGRAD_COORDINATE_LIMIT) {
        return poolgrad_refuse(error, axis->size_name,
                               "is %" PRId64 " with stride %" PRId64 "; expected an image of at most 2^61 pixels",
                               axis->size, axis->stride);
    }
    *size = reach + 1 + style(method) * (extent - 1);
    if (*size > POOLGRAD_COORDINATE_LIMIT) {
        return poolgrad_refuse(error, axis->size_name,
                               "is %" PRId64 " where a window spans %" PRId64
                               "; expected an image of at most 2^61 pixels",
                               axis->size, extent);
    }
    if (*size > 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, axis->size_name,
                           "is %" PRId64 ", where a window spans %" PRId64
                           " pixels; expected a larger gradient, the result would be %" PRId64 " pixels",
                           axis->size, extent, *size);
}

poolgrad_status poolgrad_padding_reverse(poolgrad_padding_method method, const poolgrad_window *window,
                                         int64_t gradient_height, int64_t gradient_width, poolgrad_padding *padding,
                                         poolgrad_error *error)
{
    poolgrad_padding result = {.depth = 1};
    struct padded_axis x = {.size_name = "gradient_width", .size = gradient_width};
    struct padded_axis y = {.size_name = "gradient_height", .size = gradient_height};
    poolgrad_status status = check_method(method, error);
    if (status == POOLGRAD_OK) status = poolgrad_check_flat(window, error);
    if (status != POOLGRAD_OK) return status;
    list_axes(window, &x, &y);
    status = reverse_axis(method, &x, &result.width, error);
    if (status == POOLGRAD_OK) status = reverse_axis(method, &y, &result.height, error);
    if (status == POOLGRAD_OK) *padding = result;
    return status;
}

poolgrad_padding_method poolgrad_padding_method_inverse(poolgrad_padding_method method)
{
    switch (method & SIZE_MASK) {
    case POOLGRAD_PADDING_SIZE_VALID_ONLY: return method | POOLGRAD_PADDING_SIZE_FULL;
    case POOLGRAD_PADDING_SIZE_FULL: return method & ~POOLGRAD_PADDING_SIZE_FULL;
    default: return method;
    }
}
