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

enum { X, Y, Z };

/* One axis of a window and of an image, with the names refusals use. */
struct padded_axis {
    const char *size_name, *kernel_name, *stride_name, *dilation_name;
    int64_t size, kernel, stride, dilation;
    bool remainder_first; /* the odd pixel goes to the left, the top or the front */
};

/* What becomes of an axis. */
struct placed_axis {
    int64_t size, offset, before;
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

/* In poolgrad_window 0 says 1 along the third axis. */
static void list_axes(const poolgrad_window *w, const struct poolgrad_sizes *sizes,
                      struct padded_axis axes[POOLGRAD_AXES])
{
    axes[X] = (struct padded_axis){.size_name = sizes->width_name,
                                   .kernel_name = "window.kernel_width",
                                   .stride_name = "window.stride_x",
                                   .dilation_name = "window.dilation_x",
                                   .size = sizes->width,
                                   .kernel = w->kernel_width,
                                   .stride = w->stride_x,
                                   .dilation = w->dilation_x};
    axes[Y] = (struct padded_axis){.size_name = sizes->height_name,
                                   .kernel_name = "window.kernel_height",
                                   .stride_name = "window.stride_y",
                                   .dilation_name = "window.dilation_y",
                                   .size = sizes->height,
                                   .kernel = w->kernel_height,
                                   .stride = w->stride_y,
                                   .dilation = w->dilation_y};
    axes[Z] = (struct padded_axis){.size_name = sizes->depth_name,
                                   .kernel_name = "window.kernel_depth",
                                   .stride_name = "window.stride_z",
                                   .dilation_name = "window.dilation_z",
                                   .size = sizes->depth,
                                   .kernel = poolgrad_or_one(w->kernel_depth),
                                   .stride = poolgrad_or_one(w->stride_z),
                                   .dilation = poolgrad_or_one(w->dilation_z)};
}

static poolgrad_padding padding_of(const struct placed_axis placed[POOLGRAD_AXES])
{
    return (poolgrad_padding){.width = placed[X].size,
                              .height = placed[Y].size,
                              .depth = placed[Z].size,
                              .offset_x = placed[X].offset,
                              .offset_y = placed[Y].offset,
                              .offset_z = placed[Z].offset,
                              .left = placed[X].before,
                              .top = placed[Y].before,
                              .front = placed[Z].before};
}

/* The sum of at most three coordinates: cannot overflow. The last window may begin up to one stride behind the image.
 */
static poolgrad_status forward_axis(poolgrad_padding_method method, const struct padded_axis *axis,
                                    struct placed_axis *placed, poolgrad_error *error)
{
    int64_t extent = 0;
    poolgrad_status status = resolve_extent(axis, &extent, error);
    if (status != POOLGRAD_OK) return status;
    const int64_t reached = axis->size + style(method) * (extent - 1);
    const int64_t size = poolgrad_ceiling_divide(reached, axis->stride);
    if (size <= 0) {
        return poolgrad_refuse(error, axis->size_name,
                               "is %" PRId64 ", where a window spans %" PRId64
                               " pixels; expected a larger image, the result would be %" PRId64 " pixels",
                               axis->size, extent, size);
    }
    const int64_t extra = (size - 1) * axis->stride + extent - axis->size;
    int64_t before = 0;
    switch (method & ALIGN_MASK) {
    case POOLGRAD_PADDING_ALIGN_TOP_LEFT: before = extra; break;
    case POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT: break;
    default: before = (extra + axis->remainder_first) / 2; break;
    }
    *placed = (struct placed_axis){size, extent / 2 - before, before};
    return POOLGRAD_OK;
}

static poolgrad_status check_kind(poolgrad_kind kind, poolgrad_error *error)
{
    if (poolgrad_kind_name(kind)) return POOLGRAD_OK;
    return poolgrad_refuse(error, "kind", "is %d; expected average (0), max (1) or L2-norm (2)", (int)kind);
}

poolgrad_status poolgrad_padding_forward_3d(poolgrad_padding_method method, poolgrad_kind kind,
                                            const poolgrad_window *window, int64_t source_depth, int64_t source_height,
                                            int64_t source_width, poolgrad_padding *padding, poolgrad_error *error)
{
    const struct poolgrad_sizes sizes = {"source_depth", source_depth,   "source_height",
                                         source_height,  "source_width", source_width};
    const poolgrad_padding_method remainder = method & REMAINDER_MASK;
    const bool to_left = remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT ||
                         remainder == POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT;
    const bool to_top = remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT ||
                        remainder == POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT;
    struct padded_axis axes[POOLGRAD_AXES];
    struct placed_axis placed[POOLGRAD_AXES] = {0};
    poolgrad_status status = check_method(method, error);
    if (status == POOLGRAD_OK) status = check_kind(kind, error);
    list_axes(window, &sizes, axes);
    axes[X].remainder_first = to_left;
    axes[Y].remainder_first = to_top;
    axes[Z].remainder_first = to_left && to_top;
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) {
        status = forward_axis(method, &axes[i], &placed[i], error);
    }
    if (status != POOLGRAD_OK) return status;
    *padding = padding_of(placed);
    if (kind == POOLGRAD_AVERAGE && (method & POOLGRAD_PADDING_EXCLUDE_EDGES)) {
        padding->exclude_edges = 1;
        padding->zero_pad_x = poolgrad_max(padding->left, 0);
        padding->zero_pad_y = poolgrad_max(padding->top, 0);
        padding->zero_pad_z = poolgrad_max(padding->front, 0);
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_padding_forward(poolgrad_padding_method method, poolgrad_kind kind,
                                         const poolgrad_window *window, int64_t source_height, int64_t source_width,
                                         poolgrad_padding *padding, poolgrad_error *error)
{
    return poolgrad_padding_forward_3d(method, kind, window, 1, source_height, source_width, padding, error);
}

/* ---- Pads -------------------------------------------------------------------------------------------------------- */

/* Of one axis. */
struct axis_pads {
    const char *before_name, *behind_name;
    int64_t before, behind;
};

static void list_pads(const poolgrad_pads *pads, struct axis_pads list[POOLGRAD_AXES])
{
    list[X] = (struct axis_pads){"pads.left", "pads.right", pads->left, pads->right};
    list[Y] = (struct axis_pads){"pads.top", "pads.bottom", pads->top, pads->bottom};
    list[Z] = (struct axis_pads){"pads.front", "pads.back", pads->front, pads->back};
}

static poolgrad_status check_pad(const char *name, int64_t value, poolgrad_error *error)
{
    if (value >= -POOLGRAD_COORDINATE_LIMIT && value <= POOLGRAD_COORDINATE_LIMIT) return POOLGRAD_OK;
    return poolgrad_refuse(error, name, "is %" PRId64 "; expected -2^61 to 2^61", value);
}

static poolgrad_status check_pads(const struct axis_pads list[POOLGRAD_AXES], int counted, poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) {
        status = check_pad(list[i].before_name, list[i].before, error);
        if (status == POOLGRAD_OK) status = check_pad(list[i].behind_name, list[i].behind, error);
    }
    if (status != POOLGRAD_OK || counted == 0 || counted == 1) return status;
    return poolgrad_refuse(error, "pads.counted", "is %d; expected 0 or 1", counted);
}

/* docs/numerics.md N57. Sums of at most four coordinates: cannot overflow. */
static poolgrad_status pads_axis(const struct padded_axis *axis, const struct axis_pads *pads,
                                 poolgrad_rounding rounding, struct placed_axis *placed, poolgrad_error *error)
{
    int64_t extent = 0;
    poolgrad_status status = resolve_extent(axis, &extent, error);
    if (status != POOLGRAD_OK) return status;
    const int64_t padded = axis->size + pads->before + pads->behind, room = padded - extent;
    const bool down = rounding == POOLGRAD_ROUND_DOWN;
    int64_t size = (down ? poolgrad_floor_divide(room, axis->stride) : poolgrad_ceiling_divide(room, axis->stride)) + 1;
    const bool last_is_behind = size > 0 && (size - 1) * axis->stride - pads->before >= axis->size;
    if (rounding == POOLGRAD_ROUND_UP_DROP && last_is_behind) size--;
    if (axis->size == 0) size = poolgrad_max(size, 0);
    *placed = (struct placed_axis){size, extent / 2 - pads->before, pads->before};
    if (size > 0 || axis->size == 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, axis->size_name,
                           "is %" PRId64 " and %" PRId64 " with its pads, where a window spans %" PRId64
                           " pixels; expected room for a window",
                           axis->size, padded, extent);
}

/* docs/numerics.md N57: what both sides of an axis count, and what either counts more. */
static void count_pads(const struct axis_pads *pads, int64_t *both, int64_t *before, int64_t *behind)
{
    const int64_t first = poolgrad_max(pads->before, 0), last = poolgrad_max(pads->behind, 0);
    *both = poolgrad_min(first, last);
    *before = first - *both;
    *behind = last - *both;
}

static poolgrad_status check_request(const struct poolgrad_pads_request *request, poolgrad_error *error)
{
    const poolgrad_rounding rounding = request->rounding;
    struct axis_pads list[POOLGRAD_AXES];
    if (!request->pads) return poolgrad_refuse(error, "pads", "is null; expected pads");
    list_pads(request->pads, list);
    const poolgrad_status status = check_pads(list, request->pads->counted, error);
    if (status != POOLGRAD_OK || poolgrad_rounding_name(rounding)) return status;
    return poolgrad_refuse(error, "rounding", "is %d; expected down (0), up (1) or up and drop (2)", (int)rounding);
}

poolgrad_status poolgrad_place_by_pads(const struct poolgrad_pads_request *request, poolgrad_padding *padding,
                                       poolgrad_error *error)
{
    struct padded_axis axes[POOLGRAD_AXES];
    struct axis_pads list[POOLGRAD_AXES];
    struct placed_axis placed[POOLGRAD_AXES] = {0};
    poolgrad_status status = check_request(request, error);
    if (status != POOLGRAD_OK) return status;
    list_axes(request->window, &request->sizes, axes);
    list_pads(request->pads, list);
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) {
        status = pads_axis(&axes[i], &list[i], request->rounding, &placed[i], error);
    }
    if (status != POOLGRAD_OK) return status;
    *padding = padding_of(placed);
    if (!request->pads->counted) return POOLGRAD_OK;
    count_pads(&list[X], &padding->zero_pad_x, &padding->zero_pad_left, &padding->zero_pad_right);
    count_pads(&list[Y], &padding->zero_pad_y, &padding->zero_pad_top, &padding->zero_pad_bottom);
    count_pads(&list[Z], &padding->zero_pad_z, &padding->zero_pad_front, &padding->zero_pad_back);
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_padding_explicit_3d(const poolgrad_pads *pads, poolgrad_rounding rounding,
                                             const poolgrad_window *window, int64_t source_depth, int64_t source_height,
                                             int64_t source_width, poolgrad_padding *padding, poolgrad_error *error)
{
    const struct poolgrad_pads_request request = {
        pads,
        rounding,
        window,
        {"source_depth", source_depth, "source_height", source_height, "source_width", source_width}};
    return poolgrad_place_by_pads(&request, padding, error);
}

poolgrad_status poolgrad_padding_explicit(const poolgrad_pads *pads, poolgrad_rounding rounding,
                                          const poolgrad_window *window, int64_t source_height, int64_t source_width,
                                          poolgrad_padding *padding, poolgrad_error *error)
{
    return poolgrad_padding_explicit_3d(pads, rounding, window, 1, source_height, source_width, padding, error);
}

/* ---- Backwards --------------------------------------------------------------------------------------------------- */

static poolgrad_status reverse_axis(poolgrad_padding_method method, const struct padded_axis *axis,
                                    struct placed_axis *placed, poolgrad_error *error)
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
    placed->size = reach + 1 + style(method) * (extent - 1);
    if (placed->size > POOLGRAD_COORDINATE_LIMIT) {
        return poolgrad_refuse(error, axis->size_name,
                               "is %" PRId64 " where a window spans %" PRId64
                               "; expected an image of at most 2^61 pixels",
                               axis->size, extent);
    }
    if (placed->size > 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, axis->size_name,
                           "is %" PRId64 ", where a window spans %" PRId64
                           " pixels; expected a larger gradient, the result would be %" PRId64 " pixels",
                           axis->size, extent, placed->size);
}

poolgrad_status poolgrad_padding_reverse_3d(poolgrad_padding_method method, const poolgrad_window *window,
                                            int64_t gradient_depth, int64_t gradient_height, int64_t gradient_width,
                                            poolgrad_padding *padding, poolgrad_error *error)
{
    const struct poolgrad_sizes sizes = {"gradient_depth", gradient_depth,   "gradient_height",
                                         gradient_height,  "gradient_width", gradient_width};
    struct padded_axis axes[POOLGRAD_AXES];
    struct placed_axis placed[POOLGRAD_AXES] = {0};
    poolgrad_status status = check_method(method, error);
    list_axes(window, &sizes, axes);
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) {
        status = reverse_axis(method, &axes[i], &placed[i], error);
    }
    if (status == POOLGRAD_OK) *padding = padding_of(placed);
    return status;
}

poolgrad_status poolgrad_padding_reverse(poolgrad_padding_method method, const poolgrad_window *window,
                                         int64_t gradient_height, int64_t gradient_width, poolgrad_padding *padding,
                                         poolgrad_error *error)
{
    return poolgrad_padding_reverse_3d(method, window, 1, gradient_height, gradient_width, padding, error);
}

poolgrad_padding_method poolgrad_padding_method_inverse(poolgrad_padding_method method)
{
    switch (method & SIZE_MASK) {
    case POOLGRAD_PADDING_SIZE_VALID_ONLY: return method | POOLGRAD_PADDING_SIZE_FULL;
    case POOLGRAD_PADDING_SIZE_FULL: return method & ~POOLGRAD_PADDING_SIZE_FULL;
    default: return method;
    }
}
