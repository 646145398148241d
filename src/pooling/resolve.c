/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/resolve.h"

#include <stdio.h>

#include "image/format.h"
#include "image/image.h"
#include "pooling/axes.h"
#include "pooling/bounds.h"
#include "pooling/isa.h"
#include "pooling/problem.h"

enum { THREADS_LIMIT = 1024, RUNS_LIMIT = 1024 };

static poolgrad_status check_edge_mode(poolgrad_edge_mode mode, poolgrad_error *error)
{
    static const char *const undefined[] = {"mirror", "mirror with edge", "constant"};
    int64_t other = (int64_t)(int)mode - 2;
    if (mode == POOLGRAD_EDGE_ZERO || mode == POOLGRAD_EDGE_CLAMP) return POOLGRAD_OK;
    if (other < 0 || other >= 3) return poolgrad_refuse_value(error, "edge_mode", (int)mode, "zero (0) or clamp (1)");
    return poolgrad_refuse(error, "edge_mode",
                           "is %d (%s); expected zero (0) or clamp (1), no other is defined for pooling", (int)mode,
                           undefined[other]);
}

static poolgrad_status check_rules(const poolgrad_problem *p, poolgrad_error *error)
{
    const struct poolgrad_bound bounds[] = {
        {"direction", (int)p->direction, 0, 1, "forward (0) or gradient (1)"},
        {"kind", (int)p->kind, 0, 2, "average (0), max (1) or L2-norm (2)"},
        {"ties", (int)p->ties, 0, 3, "first (0), last (1), all (2) or split (3)"},
        {"nan", (int)p->nan, 0, 2, "first (0), last (1) or ignore (2)"},
        {"accumulator", (int)p->accumulator, 0, 1, "float32 (0) or float64 (1)"},
        {"mapping", (int)p->mapping, 0, 1, "source (0) or clip (1)"},
        {"root_mean", p->root_mean, 0, p->kind == POOLGRAD_L2NORM, "0, or 1 for L2-norm only"},
        {"add_to_destination", p->add_to_destination, 0, p->direction == POOLGRAD_GRADIENT,
         "0, or 1 for a gradient only"},
        {"threads", p->threads, 0, THREADS_LIMIT, "0 (automatic) to 1024"},
        {"mode", (int)p->mode, 0, 1, "fast (0) or reference (1)"},
        {"concurrent_runs", p->concurrent_runs, 0, RUNS_LIMIT, "0 (one) to 1024"},
    };
    poolgrad_status status = POOLGRAD_CHECK_BOUNDS(bounds);
    if (status == POOLGRAD_OK) status = check_edge_mode(p->edge_mode, error);
    if (status == POOLGRAD_OK && p->divisor != 0 && p->kind != POOLGRAD_AVERAGE && !p->root_mean) {
        status = poolgrad_refuse_value(error, "divisor", p->divisor, "0: only average and root_mean divide");
    }
    return status == POOLGRAD_OK ? poolgrad_check_isa(p->max_isa, error) : status;
}

/* Bounded by the coordinate limit, so that all that follows can be computed before it is judged. */
static poolgrad_status check_numbers(const poolgrad_problem *p, poolgrad_error *error)
{
    const int64_t limit = POOLGRAD_COORDINATE_LIMIT;
    const struct poolgrad_bound bounds[] = {
        {"offset_image", p->offset_image, 0, limit, "0 to 2^61"},
        {"gradient_region.image", p->gradient_region.image, 0, limit, "0 to 2^61"},
        {"gradient_region.images", p->gradient_region.images, 0, INT64_MAX, "at least 0"},
        {"clip.image", p->clip.image, 0, limit, "0 to 2^61"},
        {"clip.images", p->clip.images, 0, INT64_MAX, "at least 0"},
        {"source_channel_offset", p->source_channel_offset, 0, limit, "0 to 2^61"},
        {"source_channel_count", p->source_channel_count, 0, INT64_MAX, "at least 0"},
        {"gradient_channel_offset", p->gradient_channel_offset, 0, limit, "0 to 2^61"},
        {"gradient_channel_count", p->gradient_channel_count, 0, INT64_MAX, "at least 0"},
        {"destination_channel_offset", p->destination_channel_offset, 0, limit, "0 to 2^61"},
    };
    return POOLGRAD_CHECK_BOUNDS(bounds);
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
        *resolved = (poolgrad_const_image){.images = image->images,
                                           .channels = image->channels,
                                           .depth = image->depth,
                                           .height = image->height,
                                           .width = image->width};
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
    g->held = poolgrad_image_as_const(&g->destination);
    g->held_picks = poolgrad_image_as_const(&g->picks);
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
                           "has strides %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                           " (image, channel, depth, row, column); expected each to step over everything inside it",
                           written->image_stride, written->channel_stride, written->depth_stride, written->row_stride,
                           written->column_stride);
}

/* What a call does not have is empty, and overlaps nothing. */
static poolgrad_status check_memory(const struct poolgrad_geometry *g, poolgrad_error *error)
{
    const char *data = "destination.data", *picks_data = "picks.data";
    const poolgrad_const_image picks = g->held_picks;
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
    const char *const *size_fields; /* images, channels, depth, height, width */
    poolgrad_const_image image;
    const poolgrad_const_image *outputs;
    const char *outputs_name;
};

static struct picked_image picked_image(const poolgrad_problem *p, const struct poolgrad_geometry *g)
{
    static const char *const indices[] = {"indices.images", "indices.channels", "indices.depth", "indices.height",
                                          "indices.width"};
    static const char *const picks[] = {"picks.images", "picks.channels", "picks.depth", "picks.height", "picks.width"};
    const bool forward = p->direction == POOLGRAD_FORWARD;
    if (g->with_picks) {
        return (struct picked_image){"picks.format", picks, poolgrad_image_as_const(&p->picks), &g->held,
                                     "destination"};
    }
    return (struct picked_image){"indices.format", indices, p->indices, forward ? &g->held : &g->source_gradient,
                                 forward ? "destination" : "source_gradient"};
}

/* docs/numerics.md N39. Folded rows and columns make volumes of any size; indices need not name all their pixels. */
static poolgrad_status check_places(const struct poolgrad_geometry *g, const struct picked_image *picked,
                                    poolgrad_error *error)
{
    int64_t pixels;
    bool countable = poolgrad_multiply(g->source.height, g->source.width, &pixels) &&
                     poolgrad_multiply(pixels, g->source.depth, &pixels);
    if (picked->image.format == POOLGRAD_INT32 && !(countable && pixels <= (int64_t)INT32_MAX + 1)) {
        return poolgrad_refuse(error, picked->format_field,
                               "is %d (int32); expected int64 for a source above 2^31 pixels",
                               (int)picked->image.format);
    }
    if (picked->image.format == POOLGRAD_INT64 && g->with_picks && !countable) {
        return poolgrad_refuse(error, picked->format_field,
                               "is %d (int64); expected tap8, tap16 or tap32 for a source of 2^63 pixels or more",
                               (int)picked->image.format);
    }
    return POOLGRAD_OK;
}

static poolgrad_status check_picked_shape(const struct poolgrad_geometry *g, const struct picked_image *picked,
                                          poolgrad_error *error)
{
    const poolgrad_const_image *image = &picked->image, *outputs = picked->outputs;
    const int64_t size[] = {image->images, image->channels, image->depth, image->height, image->width};
    const int64_t expected[] = {outputs->images, outputs->channels, outputs->depth, outputs->height, outputs->width};
    for (int i = 0; i < 5; i++) {
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

/* Which of the two the call has: `indices` are read, `picks` written by a forward call that picks. */
static poolgrad_status resolve_picked(const poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    const poolgrad_const_image picks = poolgrad_image_as_const(&p->picks);
    const bool forward = p->direction == POOLGRAD_FORWARD, max = p->kind == POOLGRAD_MAX;
    if (!forward && is_given(&picks)) return poolgrad_refuse_given(&picks, "picks", "a gradient reads indices", error);
    g->with_indices = is_given(&p->indices);
    g->with_picks = is_given(&picks);
    if (g->with_picks && g->with_indices) {
        return poolgrad_refuse_given(&picks, "picks", "the indices have picked already", error);
    }
    if (g->with_picks && !max) return poolgrad_refuse_given(&picks, "picks", "only max pooling has picks", error);
    if (g->with_indices && !max) {
        return poolgrad_refuse_given(&p->indices, "indices", "only max pooling has indices", error);
    }
    if (g->with_indices && p->ties != POOLGRAD_TIES_FIRST && p->ties != POOLGRAD_TIES_LAST) {
        return poolgrad_refuse_value(error, "ties", (int)p->ties,
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
    g->gradient_channel = p->direction == POOLGRAD_GRADIENT ? p->gradient_channel_offset - first : 0;
    return POOLGRAD_OK;
}

/* docs/numerics.md N45. */
static void resolve_batch(const poolgrad_problem *p, struct poolgrad_geometry *g)
{
    g->images = poolgrad_range_cut(p->clip.image, p->clip.images, p->destination.images);
    int64_t pooled = poolgrad_min(g->images.end - g->images.begin, p->source.images - p->offset_image);
    if (p->direction == POOLGRAD_GRADIENT) {
        pooled = poolgrad_min(pooled, p->gradient_region.images);
        pooled = poolgrad_min(pooled, p->source_gradient.images - p->gradient_region.image);
        g->gradient_image = p->gradient_region.image - g->images.begin;
    }
    g->pooled_images = poolgrad_max(pooled, 0);
    g->source_image = p->offset_image - g->images.begin;
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
    g->root_mean = p->root_mean != 0;
    g->divisor = p->divisor;
    g->threads = p->threads;
    g->concurrent_runs = (int)poolgrad_max(p->concurrent_runs, 1);
    g->max_isa = p->max_isa;
    g->mode = p->mode;
}

static poolgrad_status resolve_known(poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    *g = (struct poolgrad_geometry){0};
    poolgrad_status status = check_rules(p, error);
    if (status == POOLGRAD_OK) status = check_numbers(p, error);
    if (status == POOLGRAD_OK) status = poolgrad_check_axes(p, error);
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
    if (status == POOLGRAD_OK) status = poolgrad_resolve_axes(p, g, error);
    if (status == POOLGRAD_OK && picks) status = check_taps(g, &picked, error);
    if (status != POOLGRAD_OK) return status;
    resolve_batch(p, g);
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_resolve(const poolgrad_problem *problem, struct poolgrad_geometry *geometry,
                                 poolgrad_error *error)
{
    poolgrad_problem known;
    poolgrad_status status = poolgrad_read_problem(problem, &known, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_say_depth(&known);
    return resolve_known(&known, geometry, error);
}
