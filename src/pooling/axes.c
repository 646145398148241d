/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/axes.h"

#include "pooling/bounds.h"
#include "pooling/problem.h"

/* The names that refusals use for what belongs to one axis. */
struct axis_names {
    const char *kernel, *stride, *dilation, *offset, *kernel_offset, *zero_pad, *zero_pad_before, *zero_pad_behind;
    const char *region, *region_extent, *clip, *clip_extent, *table, *spans, *count;
};

/* What a problem says about one axis. Of the third one 0 has become 1 where it says so. */
struct axis_fields {
    const struct axis_names *names;
    int64_t kernel, stride, dilation;
    int64_t least; /* kernel, stride and dilation that are no mistake: 1, or along the third axis 0 */
    int64_t size, offset, kernel_offset, zero_pad, zero_pad_before, zero_pad_behind;
    int64_t region, region_extent, clip, clip_extent;
    int64_t gradient_size, destination_size;
    poolgrad_table table;
};

static const struct axis_names names_x = {"window.kernel_width",
                                          "window.stride_x",
                                          "window.dilation_x",
                                          "offset_x",
                                          "kernel_offset_x",
                                          "zero_pad_x",
                                          "zero_pad_left",
                                          "zero_pad_right",
                                          "gradient_region.x",
                                          "gradient_region.width",
                                          "clip.x",
                                          "clip.width",
                                          "windows_x",
                                          "windows_x.spans",
                                          "windows_x.count"};
static const struct axis_names names_y = {"window.kernel_height",
                                          "window.stride_y",
                                          "window.dilation_y",
                                          "offset_y",
                                          "kernel_offset_y",
                                          "zero_pad_y",
                                          "zero_pad_top",
                                          "zero_pad_bottom",
                                          "gradient_region.y",
                                          "gradient_region.height",
                                          "clip.y",
                                          "clip.height",
                                          "windows_y",
                                          "windows_y.spans",
                                          "windows_y.count"};
static const struct axis_names names_z = {"window.kernel_depth",
                                          "window.stride_z",
                                          "window.dilation_z",
                                          "offset_z",
                                          "kernel_offset_z",
                                          "zero_pad_z",
                                          "zero_pad_front",
                                          "zero_pad_back",
                                          "gradient_region.z",
                                          "gradient_region.depth",
                                          "clip.z",
                                          "clip.depth",
                                          "windows_z",
                                          "windows_z.spans",
                                          "windows_z.count"};

static struct axis_fields fields_x(const poolgrad_problem *p)
{
    return (struct axis_fields){.names = &names_x,
                                .kernel = p->window.kernel_width,
                                .stride = p->window.stride_x,
                                .dilation = p->window.dilation_x,
                                .least = 1,
                                .size = p->source.width,
                                .offset = p->offset_x,
                                .kernel_offset = p->kernel_offset_x,
                                .zero_pad = p->zero_pad_x,
                                .zero_pad_before = p->zero_pad_left,
                                .zero_pad_behind = p->zero_pad_right,
                                .region = p->gradient_region.x,
                                .region_extent = p->gradient_region.width,
                                .clip = p->clip.x,
                                .clip_extent = p->clip.width,
                                .gradient_size = p->source_gradient.width,
                                .destination_size = p->destination.width,
                                .table = p->windows_x};
}

static struct axis_fields fields_y(const poolgrad_problem *p)
{
    return (struct axis_fields){.names = &names_y,
                                .kernel = p->window.kernel_height,
                                .stride = p->window.stride_y,
                                .dilation = p->window.dilation_y,
                                .least = 1,
                                .size = p->source.height,
                                .offset = p->offset_y,
                                .kernel_offset = p->kernel_offset_y,
                                .zero_pad = p->zero_pad_y,
                                .zero_pad_before = p->zero_pad_top,
                                .zero_pad_behind = p->zero_pad_bottom,
                                .region = p->gradient_region.y,
                                .region_extent = p->gradient_region.height,
                                .clip = p->clip.y,
                                .clip_extent = p->clip.height,
                                .gradient_size = p->source_gradient.height,
                                .destination_size = p->destination.height,
                                .table = p->windows_y};
}

static struct axis_fields fields_z(const poolgrad_problem *p)
{
    return (struct axis_fields){.names = &names_z,
                                .kernel = poolgrad_or_one(p->window.kernel_depth),
                                .stride = poolgrad_or_one(p->window.stride_z),
                                .dilation = poolgrad_or_one(p->window.dilation_z),
                                .least = 0,
                                .size = poolgrad_or_one(p->source.depth),
                                .offset = p->offset_z,
                                .kernel_offset = p->kernel_offset_z,
                                .zero_pad = p->zero_pad_z,
                                .zero_pad_before = p->zero_pad_front,
                                .zero_pad_behind = p->zero_pad_back,
                                .region = p->gradient_region.z,
                                .region_extent = p->gradient_region.depth,
                                .clip = p->clip.z,
                                .clip_extent = p->clip.depth,
                                .gradient_size = poolgrad_or_one(p->source_gradient.depth),
                                .destination_size = poolgrad_or_one(p->destination.depth),
                                .table = p->windows_z};
}

static void list_axes(const poolgrad_problem *p, struct axis_fields axes[POOLGRAD_AXES])
{
    axes[0] = fields_x(p);
    axes[1] = fields_y(p);
    axes[2] = fields_z(p);
}

static poolgrad_status check_axis_numbers(const struct axis_fields *f, poolgrad_error *error)
{
    static const char *const sizes[] = {"0 (as 1) to 2^61", "1 to 2^61"}, *const any = "-2^61 to 2^61";
    static const char *const extents[] = {"at least 1", "at least 0"};
    const int64_t limit = POOLGRAD_COORDINATE_LIMIT, least_extent = 1 - f->least;
    const int64_t left = limit - poolgrad_clamp(f->zero_pad, 0, limit);
    const struct axis_names *names = f->names;
    const struct poolgrad_bound bounds[] = {
        {names->kernel, f->kernel, f->least, limit, sizes[f->least]},
        {names->stride, f->stride, f->least, limit, sizes[f->least]},
        {names->dilation, f->dilation, f->least, limit, sizes[f->least]},
        {names->offset, f->offset, -limit, limit, any},
        {names->kernel_offset, f->kernel_offset, -limit, limit, any},
        {names->zero_pad, f->zero_pad, 0, limit, "0 to 2^61"},
        {names->zero_pad_before, f->zero_pad_before, 0, left, "0 to 2^61, the pad of both sides included"},
        {names->zero_pad_behind, f->zero_pad_behind, 0, left, "0 to 2^61, the pad of both sides included"},
        {names->region, f->region, -limit, limit, any},
        {names->region_extent, f->region_extent, least_extent, INT64_MAX, extents[f->least]},
        {names->clip, f->clip, 0, limit, "0 to 2^61"},
        {names->clip_extent, f->clip_extent, least_extent, INT64_MAX, extents[f->least]},
    };
    return POOLGRAD_CHECK_BOUNDS(bounds);
}

static bool within_limit(int64_t value)
{
    return value >= -POOLGRAD_COORDINATE_LIMIT && value <= POOLGRAD_COORDINATE_LIMIT;
}

/* The output pixels that count, and the one the first window belongs to, there or not. */
struct outputs {
    struct poolgrad_range there;
    int64_t first;
};

/* Windows by their progression. *first_tap is that of the first window, whether its output pixel exists or not. */
static poolgrad_status place_progression(const struct axis_fields *f, const struct outputs *outputs,
                                         struct poolgrad_axis *axis, int64_t *first_tap, poolgrad_error *error)
{
    const struct axis_names *names = f->names;
    const struct poolgrad_range there = outputs->there;
    int64_t skipped = 0, rest = 0;
    if (!poolgrad_axis_extent(f->kernel, f->dilation, &axis->extent)) {
        return poolgrad_refuse(error, names->kernel,
                               "is %" PRId64 " with dilation %" PRId64
                               "; expected a window that spans at most 2^61 pixels",
                               f->kernel, f->dilation);
    }
    *first_tap = f->offset - f->kernel_offset - axis->extent / 2;
    if (!within_limit(*first_tap)) {
        return poolgrad_refuse_value(error, names->offset, f->offset, "a first window within 2^61 pixels of the image");
    }
    if (there.begin < there.end &&
        (!poolgrad_multiply(f->stride, there.begin - outputs->first, &skipped) || !within_limit(skipped) ||
         !poolgrad_multiply(f->stride, there.end - 1 - there.begin, &rest) || !within_limit(rest) ||
         !within_limit(*first_tap + skipped) || !within_limit(*first_tap + skipped + rest))) {
        return poolgrad_refuse_value(error, names->stride, f->stride, "every window within 2^61 pixels of the image");
    }
    axis->first = *first_tap + skipped;
    return POOLGRAD_OK;
}

/* What places the windows of a progression says nothing beside a table. */
static poolgrad_status check_table_alone(const struct axis_fields *f, poolgrad_error *error)
{
    const struct poolgrad_bound bounds[] = {{f->names->kernel, f->kernel, 1, 1, NULL},
                                            {f->names->stride, f->stride, 1, 1, NULL},
                                            {f->names->dilation, f->dilation, 1, 1, NULL},
                                            {f->names->offset, f->offset, 0, 0, NULL},
                                            {f->names->kernel_offset, f->kernel_offset, 0, 0, NULL}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (bounds[i].value == bounds[i].low) continue;
        return poolgrad_refuse(error, bounds[i].field, "is %" PRId64 "; expected %" PRId64 ": %s has the windows",
                               bounds[i].value, bounds[i].low, f->names->table);
    }
    return POOLGRAD_OK;
}

static poolgrad_status check_span(const struct axis_fields *f, int64_t i, poolgrad_error *error)
{
    const poolgrad_span span = f->table.spans[i];
    if (span.size < 1 || span.size > POOLGRAD_COORDINATE_LIMIT) {
        return poolgrad_refuse(error, f->names->spans,
                               "has a window %" PRId64 " of size %" PRId64 "; expected a size of 1 to 2^61", i,
                               span.size);
    }
    if (within_limit(span.first) && within_limit(span.first + span.size)) return POOLGRAD_OK;
    return poolgrad_refuse(error, f->names->spans,
                           "has a window %" PRId64 " of first pixel %" PRId64 " and size %" PRId64
                           "; expected every window within 2^61 pixels of the image",
                           i, span.first, span.size);
}

/* docs/numerics.md N92. */
static poolgrad_status place_table(const struct axis_fields *f, const struct outputs *outputs,
                                   struct poolgrad_axis *axis, int64_t *first_tap, poolgrad_error *error)
{
    const struct poolgrad_range there = outputs->there;
    const int64_t count = there.begin < there.end ? there.end - outputs->first : 0;
    poolgrad_status status = check_table_alone(f, error);
    if (status != POOLGRAD_OK) return status;
    if (f->table.count != count) {
        return poolgrad_refuse(error, f->names->count,
                               "is %" PRId64 "; expected %" PRId64 ", a window each output pixel", f->table.count,
                               count);
    }
    if (!f->table.spans) {
        if (count == 0) return POOLGRAD_OK;
        return poolgrad_refuse(error, f->names->spans, "is null; expected %" PRId64 " windows", count);
    }
    axis->kernel = axis->extent = 1;
    for (int64_t i = 0; i < count && status == POOLGRAD_OK; i++) {
        status = check_span(f, i, error);
        axis->kernel = axis->extent = poolgrad_max(axis->kernel, f->table.spans[i].size);
    }
    if (count == 0) return status;
    *first_tap = f->table.spans[0].first;
    axis->table = f->table.spans + (there.begin - outputs->first);
    axis->first = axis->table->first;
    return status;
}

/* Output pixels: those of a forward destination inside the clip rectangle, or of a source gradient inside its region.
 */
static struct outputs outputs_of(const struct axis_fields *f, poolgrad_direction direction)
{
    if (direction == POOLGRAD_FORWARD) {
        return (struct outputs){poolgrad_range_cut(f->clip, f->clip_extent, f->destination_size), f->clip};
    }
    return (struct outputs){poolgrad_range_cut(f->region, f->region_extent, f->gradient_size), f->region};
}

static poolgrad_status resolve_axis(struct axis_fields *f, poolgrad_direction direction, struct poolgrad_axis *axis,
                                    int64_t *first_tap, poolgrad_error *error)
{
    const struct outputs outputs = outputs_of(f, direction);
    if (direction == POOLGRAD_FORWARD) f->kernel_offset = 0;
    *axis = (struct poolgrad_axis){.kernel = f->kernel,
                                   .stride = f->stride,
                                   .dilation = f->dilation,
                                   .size = f->size,
                                   .before = f->zero_pad + f->zero_pad_before,
                                   .behind = f->zero_pad + f->zero_pad_behind,
                                   .begin = outputs.there.begin,
                                   .end = outputs.there.end};
    return poolgrad_table_is_given(&f->table) ? place_table(f, &outputs, axis, first_tap, error)
                                              : place_progression(f, &outputs, axis, first_tap, error);
}

static poolgrad_status count_taps(struct poolgrad_geometry *g, poolgrad_error *error)
{
    int64_t plane;
    if (poolgrad_multiply(g->x.kernel, g->y.kernel, &plane) && poolgrad_multiply(plane, g->z.kernel, &g->full_count)) {
        return POOLGRAD_OK;
    }
    if (g->z.kernel == 1) {
        return poolgrad_refuse(error, names_x.kernel,
                               "is %" PRId64 " with kernel_height %" PRId64 "; expected a product below 2^63",
                               g->x.kernel, g->y.kernel);
    }
    return poolgrad_refuse(error, names_x.kernel,
                           "is %" PRId64 " with kernel_height %" PRId64 " and kernel_depth %" PRId64
                           "; expected a product below 2^63",
                           g->x.kernel, g->y.kernel, g->z.kernel);
}

poolgrad_status poolgrad_check_axes(const poolgrad_problem *p, poolgrad_error *error)
{
    struct axis_fields fields[POOLGRAD_AXES];
    poolgrad_status status = POOLGRAD_OK;
    list_axes(p, fields);
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) status = check_axis_numbers(&fields[i], error);
    return status;
}

/* docs/numerics.md N41 to N44. */
static void resolve_pixels(const poolgrad_problem *p, const struct axis_fields fields[POOLGRAD_AXES],
                           const int64_t first_tap[POOLGRAD_AXES], struct poolgrad_geometry *g)
{
    struct poolgrad_range *const written[] = {&g->columns, &g->rows, &g->layers};
    int64_t *const source[] = {&g->source_column, &g->source_row, &g->source_layer};
    const bool clipped = p->direction == POOLGRAD_GRADIENT && p->mapping == POOLGRAD_MAPPING_CLIP;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        const struct axis_fields *f = &fields[i];
        *written[i] = poolgrad_range_cut(f->clip, f->clip_extent, f->destination_size);
        *source[i] = clipped ? poolgrad_max(first_tap[i], 0) - f->clip : 0;
    }
}

poolgrad_status poolgrad_resolve_axes(const poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    int64_t first_tap[POOLGRAD_AXES] = {0};
    struct axis_fields fields[POOLGRAD_AXES];
    struct poolgrad_axis *const axes[] = {&g->x, &g->y, &g->z};
    poolgrad_status status = POOLGRAD_OK;
    list_axes(p, fields);
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) {
        status = resolve_axis(&fields[i], p->direction, axes[i], &first_tap[i], error);
    }
    if (status != POOLGRAD_OK) return status;
    resolve_pixels(p, fields, first_tap, g);
    /* A plane without pixels has none on either axis, so that nobody counts along the other one. */
    if (g->x.size == 0 || g->y.size == 0) g->x.size = g->y.size = 0;
    return count_taps(g, error);
}
