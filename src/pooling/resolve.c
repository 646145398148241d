/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/resolve.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/refusal.h"
#include "geometry/pads.h"
#include "image/format.h"
#include "image/image.h"
#include "pooling/isa.h"
#include "pooling/problem.h"

enum { THREADS_LIMIT = 1024, RUNS_LIMIT = 1024 };

static poolgrad_status refuse_value(poolgrad_error *error, const char *field, int64_t value, const char *expected)
{
    return poolgrad_refuse(error, field, "is %" PRId64 "; expected %s", value, expected);
}

/* ---- Fields by themselves -------------------------------------------------------------------------------------- */

/* A field that must lie in [low, high]; `expected` says so in words. */
struct bound {
    const char *field;
    int64_t value, low, high;
    const char *expected;
};

static poolgrad_status check_bounds(const struct bound *bound, size_t count, poolgrad_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (bound[i].value < bound[i].low || bound[i].value > bound[i].high) {
            return refuse_value(error, bound[i].field, bound[i].value, bound[i].expected);
        }
    }
    return POOLGRAD_OK;
}

#define CHECK_BOUNDS(bounds) check_bounds(bounds, sizeof(bounds) / sizeof *(bounds), error)

static poolgrad_status check_edge_mode(poolgrad_edge_mode mode, poolgrad_error *error)
{
    static const char *const undefined[] = {"mirror", "mirror with edge", "constant"};
    int64_t other = (int64_t)mode - 2;
    if (mode == POOLGRAD_EDGE_ZERO || mode == POOLGRAD_EDGE_CLAMP) return POOLGRAD_OK;
    if (other < 0 || other >= 3) return refuse_value(error, "edge_mode", (int64_t)mode, "zero (0) or clamp (1)");
    return poolgrad_refuse(error, "edge_mode",
                           "is %d (%s); expected zero (0) or clamp (1), no other is defined for pooling", (int)mode,
                           undefined[other]);
}

static poolgrad_status check_rules(const poolgrad_problem *p, poolgrad_error *error)
{
    const struct bound bounds[] = {
        {"direction", (int64_t)p->direction, 0, 1, "forward (0) or gradient (1)"},
        {"kind", (int64_t)p->kind, 0, 2, "average (0), max (1) or L2-norm (2)"},
        {"ties", (int64_t)p->ties, 0, 3, "first (0), last (1), all (2) or split (3)"},
        {"nan", (int64_t)p->nan, 0, 2, "first (0), last (1) or ignore (2)"},
        {"accumulator", (int64_t)p->accumulator, 0, 1, "float32 (0) or float64 (1)"},
        {"mapping", (int64_t)p->mapping, 0, 1, "source (0) or clip (1)"},
        {"add_to_destination", p->add_to_destination, 0, p->direction == POOLGRAD_GRADIENT,
         "0, or 1 for a gradient only"},
        {"threads", p->threads, 0, THREADS_LIMIT, "0 (automatic) to 1024"},
        {"mode", (int64_t)p->mode, 0, 1, "fast (0) or reference (1)"},
        {"concurrent_runs", p->concurrent_runs, 0, RUNS_LIMIT, "0 (one) to 1024"},
    };
    poolgrad_status status = CHECK_BOUNDS(bounds);
    if (status == POOLGRAD_OK) status = check_edge_mode(p->edge_mode, error);
    return status == POOLGRAD_OK ? poolgrad_check_isa(p->max_isa, error) : status;
}

/* Bounded by the coordinate limit, so that all that follows can be computed before it is judged. */
static poolgrad_status check_numbers(const poolgrad_problem *p, poolgrad_error *error)
{
    const int64_t limit = POOLGRAD_COORDINATE_LIMIT;
    const struct bound bounds[] = {
        {"window.kernel_width", p->window.kernel_width, 1, limit, "1 to 2^61"},
        {"window.kernel_height", p->window.kernel_height, 1, limit, "1 to 2^61"},
        {"window.stride_x", p->window.stride_x, 1, limit, "1 to 2^61"},
        {"window.stride_y", p->window.stride_y, 1, limit, "1 to 2^61"},
        {"window.dilation_x", p->window.dilation_x, 1, limit, "1 to 2^61"},
        {"window.dilation_y", p->window.dilation_y, 1, limit, "1 to 2^61"},
        {"offset_x", p->offset_x, -limit, limit, "-2^61 to 2^61"},
        {"offset_y", p->offset_y, -limit, limit, "-2^61 to 2^61"},
        {"offset_image", p->offset_image, 0, limit, "0 to 2^61"},
        {"kernel_offset_x", p->kernel_offset_x, -limit, limit, "-2^61 to 2^61"},
        {"kernel_offset_y", p->kernel_offset_y, -limit, limit, "-2^61 to 2^61"},
        {"zero_pad_x", p->zero_pad_x, 0, limit, "0 to 2^61"},
        {"zero_pad_y", p->zero_pad_y, 0, limit, "0 to 2^61"},
        {"gradient_region.x", p->gradient_region.x, -limit, limit, "-2^61 to 2^61"},
        {"gradient_region.y", p->gradient_region.y, -limit, limit, "-2^61 to 2^61"},
        {"gradient_region.width", p->gradient_region.width, 0, INT64_MAX, "at least 0"},
        {"gradient_region.height", p->gradient_region.height, 0, INT64_MAX, "at least 0"},
        {"gradient_region.image", p->gradient_region.image, 0, limit, "0 to 2^61"},
        {"gradient_region.images", p->gradient_region.images, 0, INT64_MAX, "at least 0"},
        {"clip.x", p->clip.x, 0, limit, "0 to 2^61"},
        {"clip.y", p->clip.y, 0, limit, "0 to 2^61"},
        {"clip.width", p->clip.width, 0, INT64_MAX, "at least 0"},
        {"clip.height", p->clip.height, 0, INT64_MAX, "at least 0"},
        {"clip.image", p->clip.image, 0, limit, "0 to 2^61"},
        {"clip.images", p->clip.images, 0, INT64_MAX, "at least 0"},
        {"source_channel_offset", p->source_channel_offset, 0, limit, "0 to 2^61"},
        {"source_channel_count", p->source_channel_count, 0, INT64_MAX, "at least 0"},
        {"gradient_channel_offset", p->gradient_channel_offset, 0, limit, "0 to 2^61"},
        {"gradient_channel_count", p->gradient_channel_count, 0, INT64_MAX, "at least 0"},
        {"destination_channel_offset", p->destination_channel_offset, 0, limit, "0 to 2^61"},
    };
    return CHECK_BOUNDS(bounds);
}

/* No layout has a third axis: its fields have the values that say so. */
static poolgrad_status check_third_axis(const poolgrad_problem *p, poolgrad_error *error)
{
    static const char *const none = "0: no layout has a third axis";
    const struct bound bounds[] = {
        {"offset_z", p->offset_z, 0, 0, none},     {"kernel_offset_z", p->kernel_offset_z, 0, 0, none},
        {"zero_pad_z", p->zero_pad_z, 0, 0, none}, {"gradient_region.z", p->gradient_region.z, 0, 0, none},
        {"clip.z", p->clip.z, 0, 0, none},
    };
    const struct bound depths[] = {{"gradient_region.depth", p->gradient_region.depth, 0, 0, NULL},
                                   {"clip.depth", p->clip.depth, 0, 0, NULL}};
    poolgrad_status status = poolgrad_check_flat(&p->window, error);
    if (status == POOLGRAD_OK) status = CHECK_BOUNDS(bounds);
    for (int i = 0; i < 2 && status == POOLGRAD_OK; i++) {
        if (depths[i].value == 1 || depths[i].value == POOLGRAD_ALL) continue;
        status = refuse_value(error, depths[i].field, depths[i].value, "1 or POOLGRAD_ALL: no layout has a third axis");
    }
    return status;
}

/* ---- Windows ---------------------------------------------------------------------------------------------------- */

/* What a problem says about one axis, with the names its refusals use. */
struct axis_fields {
    const char *kernel_name, *stride_name, *offset_name;
    int64_t kernel, stride, dilation;
    int64_t size, pad;
    int64_t offset, kernel_offset;
    int64_t region, region_extent; /* output pixels that count, before they are cut to ... */
    int64_t available;             /* ... those that exist */
};

static bool within_limit(int64_t value)
{
    return value >= -POOLGRAD_COORDINATE_LIMIT && value <= POOLGRAD_COORDINATE_LIMIT;
}

/* [begin, begin + extent) cut to [0, available). */
static struct poolgrad_range cut(int64_t begin, int64_t extent, int64_t available)
{
    int64_t end;
    if (!poolgrad_add(begin, extent, &end)) end = INT64_MAX;
    int64_t low = poolgrad_clamp(begin, 0, available);
    return (struct poolgrad_range){low, poolgrad_clamp(end, low, available)};
}

/* *first_tap is that of the first window, whether its output pixel exists or not. */
static poolgrad_status resolve_axis(const struct axis_fields *f, struct poolgrad_axis *axis, int64_t *first_tap,
                                    poolgrad_error *error)
{
    int64_t extent = 0, skipped = 0, rest = 0;
    struct poolgrad_range outputs = cut(f->region, f->region_extent, f->available);
    bool any = outputs.begin < outputs.end;
    if (!poolgrad_axis_extent(f->kernel, f->dilation, &extent)) {
        return poolgrad_refuse(error, f->kernel_name,
                               "is %" PRId64 " with dilation %" PRId64
                               "; expected a window that spans at most 2^61 pixels",
                               f->kernel, f->dilation);
    }
    *first_tap = f->offset - f->kernel_offset - extent / 2;
    if (!within_limit(*first_tap)) {
        return refuse_value(error, f->offset_name, f->offset, "a first window within 2^61 pixels of the image");
    }
    if (any && (!poolgrad_multiply(f->stride, outputs.begin - f->region, &skipped) || !within_limit(skipped) ||
                !poolgrad_multiply(f->stride, outputs.end - 1 - outputs.begin, &rest) || !within_limit(rest) ||
                !within_limit(*first_tap + skipped) || !within_limit(*first_tap + skipped + rest))) {
        return refuse_value(error, f->stride_name, f->stride, "every window within 2^61 pixels of the image");
    }
    *axis = (struct poolgrad_axis){
        f->kernel, f->stride, f->dilation, extent, f->size, f->pad, *first_tap + skipped, outputs.begin, outputs.end};
    return POOLGRAD_OK;
}

/* Output pixels: those of a forward destination inside the clip rectangle, or of a source gradient inside its region.
 */
static struct axis_fields fields_x(const poolgrad_problem *p)
{
    bool forward = p->direction == POOLGRAD_FORWARD;
    const poolgrad_region *region = forward ? &p->clip : &p->gradient_region;
    return (struct axis_fields){.kernel_name = "window.kernel_width",
                                .stride_name = "window.stride_x",
                                .offset_name = "offset_x",
                                .kernel = p->window.kernel_width,
                                .stride = p->window.stride_x,
                                .dilation = p->window.dilation_x,
                                .size = p->source.width,
                                .pad = p->zero_pad_x,
                                .offset = p->offset_x,
                                .kernel_offset = forward ? 0 : p->kernel_offset_x,
                                .region = region->x,
                                .region_extent = region->width,
                                .available = forward ? p->destination.width : p->source_gradient.width};
}

static struct axis_fields fields_y(const poolgrad_problem *p)
{
    bool forward = p->direction == POOLGRAD_FORWARD;
    const poolgrad_region *region = forward ? &p->clip : &p->gradient_region;
    return (struct axis_fields){.kernel_name = "window.kernel_height",
                                .stride_name = "window.stride_y",
                                .offset_name = "offset_y",
                                .kernel = p->window.kernel_height,
                                .stride = p->window.stride_y,
                                .dilation = p->window.dilation_y,
                                .size = p->source.height,
                                .pad = p->zero_pad_y,
                                .offset = p->offset_y,
                                .kernel_offset = forward ? 0 : p->kernel_offset_y,
                                .region = region->y,
                                .region_extent = region->height,
                                .available = forward ? p->destination.height : p->source_gradient.height};
}

static poolgrad_status resolve_axes(const poolgrad_problem *p, struct poolgrad_geometry *g, int64_t *first_column,
                                    int64_t *first_row, poolgrad_error *error)
{
    const struct axis_fields x = fields_x(p), y = fields_y(p);
    poolgrad_status status = resolve_axis(&x, &g->x, first_column, error);
    if (status == POOLGRAD_OK) status = resolve_axis(&y, &g->y, first_row, error);
    if (status != POOLGRAD_OK) return status;
    /* A plane without pixels has none on either axis, so that nobody counts along the other one. */
    if (x.size == 0 || y.size == 0) g->x.size = g->y.size = 0;
    if (poolgrad_multiply(x.kernel, y.kernel, &g->full_count)) return POOLGRAD_OK;
    return poolgrad_refuse(error, x.kernel_name,
                           "is %" PRId64 " with kernel_height %" PRId64 "; expected a product below 2^63", x.kernel,
                           y.kernel);
}

/* ---- Images ----------------------------------------------------------------------------------------------------- */

enum { SOURCE_FORMATS, RESULT_FORMATS, INDEX_FORMATS };

static poolgrad_status check_format(poolgrad_format format, int role, const char *field, poolgrad_error *error)
{
    static const char *const expected[] = {"unorm8, unorm16, float16, bfloat16, float32 or float64",
                                           "float16, bfloat16, float32 or float64 (unorm is for the source image only)",
                                           "int32, int64, tap8, tap16 or tap32"};
    bool index = poolgrad_format_is_index(format);
    bool unorm = format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
    const char *name = poolgrad_format_name(format);
    if (name && index == (role == INDEX_FORMATS) && !(unorm && role == RESULT_FORMATS)) return POOLGRAD_OK;
    return poolgrad_refuse(error, field, "is %d (%s); expected %s", (int)format, name ? name : "no format",
                           expected[role]);
}

/* What an image is for: the names its refusals use, what it may hold, and whether its elements are read or written. */
struct image_role {
    const char *name, *format_field, *data_field;
    int formats;
    bool data_needed;
};

static poolgrad_status resolve_image(const poolgrad_const_image *image, const struct image_role *role,
                                     poolgrad_const_image *resolved, poolgrad_error *error)
{
    if (!image->data && !role->data_needed) {
        *resolved = (poolgrad_const_image){
            .images = image->images, .channels = image->channels, .height = image->height, .width = image->width};
        return poolgrad_image_check_sizes(image, role->name, error);
    }
    poolgrad_status status = check_format(image->format, role->formats, role->format_field, error);
    if (status == POOLGRAD_OK) status = poolgrad_const_image_resolve(image, role->name, resolved, error);
    if (status != POOLGRAD_OK) return status;
    if (!image->data && !poolgrad_image_is_empty(image)) {
        return poolgrad_refuse(error, role->data_field, "is null; expected the address of the first element");
    }
    return POOLGRAD_OK;
}

static poolgrad_status resolve_written(const poolgrad_image *image, const struct image_role *role,
                                       poolgrad_image *resolved, poolgrad_error *error)
{
    const poolgrad_const_image view = poolgrad_image_as_const(image);
    poolgrad_const_image ignored;
    poolgrad_status status = resolve_image(&view, role, &ignored, error);
    return status == POOLGRAD_OK ? poolgrad_image_resolve(image, role->name, resolved, error) : status;
}

static poolgrad_status resolve_images(const poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    bool gradient = p->direction == POOLGRAD_GRADIENT;
    bool reads_source = !gradient || (p->kind != POOLGRAD_AVERAGE && !g->with_indices);
    const struct image_role source = {"source", "source.format", "source.data", SOURCE_FORMATS, reads_source};
    const struct image_role source_gradient = {"source_gradient", "source_gradient.format", "source_gradient.data",
                                               RESULT_FORMATS, true};
    const struct image_role destination = {"destination", "destination.format", "destination.data", RESULT_FORMATS,
                                           true};
    const struct image_role indices = {"indices", "indices.format", "indices.data", INDEX_FORMATS, true};
    const struct image_role picks = {"picks", "picks.format", "picks.data", INDEX_FORMATS, true};
    poolgrad_status status = resolve_image(&p->source, &source, &g->source, error);
    if (status == POOLGRAD_OK && gradient) {
        status = resolve_image(&p->source_gradient, &source_gradient, &g->source_gradient, error);
    }
    if (status == POOLGRAD_OK) status = resolve_written(&p->destination, &destination, &g->destination, error);
    if (status == POOLGRAD_OK && g->with_indices) status = resolve_image(&p->indices, &indices, &g->indices, error);
    if (status == POOLGRAD_OK && g->with_picks) status = resolve_written(&p->picks, &picks, &g->picks, error);
    if (status == POOLGRAD_OK) g->held = poolgrad_image_as_const(&g->destination);
    return status;
}

static poolgrad_status check_written(const poolgrad_const_image *written, const char *name,
                                     const poolgrad_const_image *other, const char *other_name, poolgrad_error *error)
{
    if (!poolgrad_images_overlap(written, other)) return POOLGRAD_OK;
    return poolgrad_refuse(error, name, "is %p and shares bytes with %s; expected memory of its own", written->data,
                           other_name);
}

static poolgrad_status check_fold(const poolgrad_const_image *written, const char *name, poolgrad_error *error)
{
    if (!poolgrad_image_folds(written)) return POOLGRAD_OK;
    return poolgrad_refuse(error, name,
                           "has strides %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                           " (image, channel, row, column); expected each to step over everything inside it",
                           written->image_stride, written->channel_stride, written->row_stride, written->column_stride);
}

/* What a call does not have is empty, and overlaps nothing. */
static poolgrad_status check_memory(const struct poolgrad_geometry *g, poolgrad_error *error)
{
    const char *data = "destination.data", *picks_data = "picks.data";
    const poolgrad_const_image picks = poolgrad_image_as_const(&g->picks);
    poolgrad_status status = check_fold(&g->held, "destination", error);
    if (status == POOLGRAD_OK) status = check_written(&g->held, data, &g->source, "source", error);
    if (status == POOLGRAD_OK) status = check_written(&g->held, data, &g->source_gradient, "source_gradient", error);
    if (status == POOLGRAD_OK) status = check_written(&g->held, data, &g->indices, "indices", error);
    if (status == POOLGRAD_OK) status = check_written(&g->held, data, &picks, "picks", error);
    if (status == POOLGRAD_OK) status = check_fold(&picks, "picks", error);
    return status == POOLGRAD_OK ? check_written(&picks, picks_data, &g->source, "source", error) : status;
}

/* Where picks are read or written: which field, and what has the size they must have. */
struct picked_image {
    const char *format_field;
    const char *const *size_fields; /* images, channels, height, width */
    poolgrad_const_image image;
    const poolgrad_const_image *outputs;
    const char *outputs_name;
};

static struct picked_image picked_image(const poolgrad_problem *p, const struct poolgrad_geometry *g)
{
    static const char *const indices[] = {"indices.images", "indices.channels", "indices.height", "indices.width"};
    static const char *const picks[] = {"picks.images", "picks.channels", "picks.height", "picks.width"};
    if (g->with_picks) {
        return (struct picked_image){"picks.format", picks, poolgrad_image_as_const(&p->picks), &g->held,
                                     "destination"};
    }
    return (struct picked_image){"indices.format", indices, p->indices, &g->source_gradient, "source_gradient"};
}

/* docs/numerics.md N39. Folded rows and columns make planes of any size; indices need not name all their pixels. */
static poolgrad_status check_places(const struct poolgrad_geometry *g, const struct picked_image *picked,
                                    poolgrad_error *error)
{
    int64_t pixels;
    bool countable = poolgrad_multiply(g->source.height, g->source.width, &pixels);
    if (picked->image.format == POOLGRAD_INT32 && !(countable && pixels <= (int64_t)INT32_MAX + 1)) {
        return poolgrad_refuse(error, picked->format_field,
                               "is %d (int32); expected int64 for planes above 2^31 pixels", (int)picked->image.format);
    }
    if (picked->image.format == POOLGRAD_INT64 && g->with_picks && !countable) {
        return poolgrad_refuse(error, picked->format_field,
                               "is %d (int64); expected tap8, tap16 or tap32 for planes of 2^63 pixels or more",
                               (int)picked->image.format);
    }
    return POOLGRAD_OK;
}

static poolgrad_status check_picked_shape(const struct poolgrad_geometry *g, const struct picked_image *picked,
                                          poolgrad_error *error)
{
    const poolgrad_const_image *image = &picked->image, *outputs = picked->outputs;
    const int64_t size[] = {image->images, image->channels, image->height, image->width};
    const int64_t expected[] = {outputs->images, outputs->channels, outputs->height, outputs->width};
    for (int i = 0; i < 4; i++) {
        if (size[i] == expected[i]) continue;
        return poolgrad_refuse(error, picked->size_fields[i], "is %" PRId64 "; expected %" PRId64 ", as in %s", size[i],
                               expected[i], picked->outputs_name);
    }
    return check_places(g, picked, error);
}

/* docs/numerics.md N39: all bits set is no tap's number. */
static poolgrad_status check_taps(const struct poolgrad_geometry *g, const struct picked_image *picked,
                                  poolgrad_error *error)
{
    poolgrad_format format = picked->image.format, wider = POOLGRAD_TAP8;
    if (!poolgrad_format_holds_taps(format) || g->full_count <= poolgrad_format_taps(format)) return POOLGRAD_OK;
    while (poolgrad_format_holds_taps(wider) && g->full_count > poolgrad_format_taps(wider)) wider++;
    const char *expected = poolgrad_format_holds_taps(wider) ? poolgrad_format_name(wider) : "int32 or int64";
    return poolgrad_refuse(error, picked->format_field, "is %d (%s); expected %s for windows of %" PRId64 " taps",
                           (int)format, poolgrad_format_name(format), expected, g->full_count);
}

static bool is_given(const poolgrad_const_image *image)
{
    return image->data || image->format != POOLGRAD_FORMAT_NONE;
}

poolgrad_status poolgrad_refuse_given(const poolgrad_const_image *image, const char *name, const char *why,
                                      poolgrad_error *error)
{
    char field[sizeof error->field];
    snprintf(field, sizeof field, "%s.%s", name, image->data ? "data" : "format");
    if (image->data) return poolgrad_refuse(error, field, "is %p; expected null: %s", image->data, why);
    const char *format = poolgrad_format_name(image->format);
    return poolgrad_refuse(error, field, "is %d (%s); expected none (0): %s", (int)image->format,
                           format ? format : "no format", why);
}

/* Which of the two the call has: `indices` are read by a gradient, `picks` written by forward. */
static poolgrad_status resolve_picked(const poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    const poolgrad_const_image picks = poolgrad_image_as_const(&p->picks);
    const bool forward = p->direction == POOLGRAD_FORWARD, max = p->kind == POOLGRAD_MAX;
    if (forward && is_given(&p->indices)) {
        return poolgrad_refuse_given(&p->indices, "indices", "a forward call writes its indices to picks", error);
    }
    if (!forward && is_given(&picks)) return poolgrad_refuse_given(&picks, "picks", "a gradient reads indices", error);
    g->with_indices = is_given(&p->indices);
    g->with_picks = is_given(&picks);
    if (g->with_picks && !max) return poolgrad_refuse_given(&picks, "picks", "only max pooling has picks", error);
    if (g->with_indices && !max) {
        return poolgrad_refuse_given(&p->indices, "indices", "only max pooling has indices", error);
    }
    if (g->with_indices && p->ties != POOLGRAD_TIES_FIRST && p->ties != POOLGRAD_TIES_LAST) {
        return refuse_value(error, "ties", (int64_t)p->ties,
                            "first (0) or last (1) with indices, which hold one tap of each window");
    }
    return POOLGRAD_OK;
}

/* ---- Regions ---------------------------------------------------------------------------------------------------- */

/* docs/numerics.md N46. Channels [offset, offset + count) of an image, cut to what is there; having none where some
 * were asked for is an error. */
static poolgrad_status cut_channels(const char *field, int64_t offset, int64_t count, int64_t channels, int64_t *left,
                                    poolgrad_error *error)
{
    if (offset > channels || (offset == channels && channels > 0 && count > 0)) {
        return poolgrad_refuse(error, field, "is %" PRId64 "; expected less than the image's %" PRId64 " channels",
                               offset, channels);
    }
    *left = poolgrad_min(count, channels - offset);
    return POOLGRAD_OK;
}

static poolgrad_status resolve_channels(const poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    int64_t count = 0, gradient_count = 0;
    int64_t first = p->destination_channel_offset;
    poolgrad_status status = cut_channels("source_channel_offset", p->source_channel_offset, p->source_channel_count,
                                          p->source.channels, &count, error);
    if (status == POOLGRAD_OK && p->direction == POOLGRAD_GRADIENT) {
        status = cut_channels("gradient_channel_offset", p->gradient_channel_offset, p->gradient_channel_count,
                              p->source_gradient.channels, &gradient_count, error);
        if (status == POOLGRAD_OK && gradient_count != count) {
            return poolgrad_refuse(error, "gradient_channel_count",
                                   "leaves %" PRId64 " channels; expected %" PRId64 ", as many as of the source",
                                   gradient_count, count);
        }
    }
    if (status != POOLGRAD_OK) return status;
    int64_t end = first + count;
    if (end > p->destination.channels && first > 0) {
        return poolgrad_refuse(error, "destination_channel_offset",
                               "is %" PRId64 " for %" PRId64
                               " channels; expected all of them inside the destination's %" PRId64,
                               first, count, p->destination.channels);
    }
    if (end > p->destination.channels) {
        return poolgrad_refuse(error, "destination.channels",
                               "is %" PRId64 "; expected at least the %" PRId64 " that are pooled",
                               p->destination.channels, count);
    }
    g->channels = (struct poolgrad_range){first, end};
    g->source_channel = p->source_channel_offset - first;
    g->gradient_channel = p->gradient_channel_offset - first;
    return POOLGRAD_OK;
}

/* docs/numerics.md N45. */
static void resolve_batch(const poolgrad_problem *p, struct poolgrad_geometry *g)
{
    g->images = cut(p->clip.image, p->clip.images, p->destination.images);
    int64_t pooled = poolgrad_min(g->images.end - g->images.begin, p->source.images - p->offset_image);
    if (p->direction == POOLGRAD_GRADIENT) {
        pooled = poolgrad_min(pooled, p->gradient_region.images);
        pooled = poolgrad_min(pooled, p->source_gradient.images - p->gradient_region.image);
    }
    g->pooled_images = poolgrad_max(pooled, 0);
    g->source_image = p->offset_image - g->images.begin;
    g->gradient_image = p->gradient_region.image - g->images.begin;
}

/* docs/numerics.md N41 to N44. */
static void resolve_pixels(const poolgrad_problem *p, int64_t first_column, int64_t first_row,
                           struct poolgrad_geometry *g)
{
    g->columns = cut(p->clip.x, p->clip.width, p->destination.width);
    g->rows = cut(p->clip.y, p->clip.height, p->destination.height);
    bool clipped = p->direction == POOLGRAD_GRADIENT && p->mapping == POOLGRAD_MAPPING_CLIP;
    g->source_column = clipped ? poolgrad_max(first_column, 0) - p->clip.x : 0;
    g->source_row = clipped ? poolgrad_max(first_row, 0) - p->clip.y : 0;
}

/* ---- The whole -------------------------------------------------------------------------------------------------- */

static void copy_rules(const poolgrad_problem *p, struct poolgrad_geometry *g)
{
    poolgrad_format input = p->direction == POOLGRAD_GRADIENT ? p->source_gradient.format : p->source.format;
    g->direction = p->direction;
    g->kind = p->kind;
    g->edge_mode = p->edge_mode;
    g->ties = p->ties;
    g->nan = p->nan;
    g->wide = p->accumulator == POOLGRAD_ACCUMULATE_FLOAT64 || input == POOLGRAD_FLOAT64 ||
              p->destination.format == POOLGRAD_FLOAT64;
    g->add_to_destination = p->add_to_destination != 0;
    g->threads = p->threads;
    g->concurrent_runs = (int)poolgrad_max(p->concurrent_runs, 1);
    g->max_isa = p->max_isa;
    g->mode = p->mode;
}

static poolgrad_status resolve_known(const poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    int64_t first_column = 0, first_row = 0;
    *g = (struct poolgrad_geometry){0};
    poolgrad_status status = check_rules(p, error);
    if (status == POOLGRAD_OK) status = check_numbers(p, error);
    if (status == POOLGRAD_OK) status = check_third_axis(p, error);
    if (status != POOLGRAD_OK) return status;
    copy_rules(p, g);
    status = resolve_picked(p, g, error);
    if (status == POOLGRAD_OK) status = resolve_images(p, g, error);
    if (status != POOLGRAD_OK) return status;
    const struct picked_image picked = picked_image(p, g);
    const bool picks = g->with_indices || g->with_picks;
    if (picks) status = check_picked_shape(g, &picked, error);
    if (status == POOLGRAD_OK) status = check_memory(g, error);
    if (status == POOLGRAD_OK) status = resolve_channels(p, g, error);
    if (status == POOLGRAD_OK) status = resolve_axes(p, g, &first_column, &first_row, error);
    if (status == POOLGRAD_OK && picks) status = check_taps(g, &picked, error);
    if (status != POOLGRAD_OK) return status;
    resolve_batch(p, g);
    resolve_pixels(p, first_column, first_row, g);
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_resolve(const poolgrad_problem *problem, struct poolgrad_geometry *geometry,
                                 poolgrad_error *error)
{
    poolgrad_problem known;
    poolgrad_status status = poolgrad_read_problem(problem, &known, error);
    return status == POOLGRAD_OK ? resolve_known(&known, geometry, error) : status;
}
