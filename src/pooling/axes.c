/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/axes.h"

#include "base/problem_axes.h"
#include "pooling/bounds.h"
#include "pooling/problem.h"

/* An axis of a problem. */
struct axis_request {
    const struct axis_names *names;
    struct axis_fields at;
};

static struct axis_request request_of(poolgrad_problem *p, enum axis axis)
{
    return (struct axis_request){poolgrad_axis_names(axis), poolgrad_axis_fields(p, axis)};
}

static poolgrad_status check_axis_numbers(const struct axis_request *axis, poolgrad_error *error)
{
    static const char *const size = "1 to 2^61", *const any = "-2^61 to 2^61";
    static const char *const side = "0 to 2^61, the pad of both sides included";
    const struct axis_names *names = axis->names;
    const struct axis_fields *f = &axis->at;
    const int64_t limit = POOLGRAD_COORDINATE_LIMIT, left = limit - poolgrad_clamp(*f->zero_pad, 0, limit);
    const struct poolgrad_bound bounds[] = {
        {names->kernel, *f->kernel, 1, limit, size},
        {names->stride, *f->stride, 1, limit, size},
        {names->dilation, *f->dilation, 1, limit, size},
        {names->offset, *f->offset, -limit, limit, any},
        {names->kernel_offset, *f->kernel_offset, -limit, limit, any},
        {names->zero_pad, *f->zero_pad, 0, limit, "0 to 2^61"},
        {names->zero_before, *f->zero_before, 0, left, side},
        {names->zero_behind, *f->zero_behind, 0, left, side},
        {names->region, *f->region, -limit, limit, any},
        {names->region_size, *f->region_size, 0, INT64_MAX, "at least 0"},
        {names->clip, *f->clip, 0, limit, "0 to 2^61"},
        {names->clip_size, *f->clip_size, 0, INT64_MAX, "at least 0"},
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
static poolgrad_status place_progression(const struct axis_request *request, const struct outputs *outputs,
                                         struct poolgrad_axis *axis, int64_t *first_tap, poolgrad_error *error)
{
    const struct axis_names *names = request->names;
    const struct axis_fields *f = &request->at;
    const struct poolgrad_range there = outputs->there;
    int64_t skipped = 0, rest = 0;
    if (!poolgrad_axis_extent(*f->kernel, *f->dilation, &axis->extent)) {
        return poolgrad_refuse(error, names->kernel,
                               "is %" PRId64 " with dilation %" PRId64
                               "; expected a window that spans at most 2^61 pixels",
                               *f->kernel, *f->dilation);
    }
    *first_tap = *f->offset - *f->kernel_offset - axis->extent / 2;
    if (!within_limit(*first_tap)) {
        return poolgrad_refuse_value(error, names->offset, *f->offset,
                                     "a first window within 2^61 pixels of the image");
    }
    if (there.begin < there.end &&
        (!poolgrad_multiply(*f->stride, there.begin - outputs->first, &skipped) || !within_limit(skipped) ||
         !poolgrad_multiply(*f->stride, there.end - 1 - there.begin, &rest) || !within_limit(rest) ||
         !within_limit(*first_tap + skipped) || !within_limit(*first_tap + skipped + rest))) {
        return poolgrad_refuse_value(error, names->stride, *f->stride, "every window within 2^61 pixels of the image");
    }
    axis->first = *first_tap + skipped;
    return POOLGRAD_OK;
}

/* What places the windows of a progression says nothing beside a table. */
static poolgrad_status check_table_alone(const struct axis_request *request, poolgrad_error *error)
{
    const struct axis_names *names = request->names;
    const struct axis_fields *f = &request->at;
    const struct poolgrad_bound bounds[] = {{names->kernel, *f->kernel, 1, 1, NULL},
                                            {names->stride, *f->stride, 1, 1, NULL},
                                            {names->dilation, *f->dilation, 1, 1, NULL},
                                            {names->offset, *f->offset, 0, 0, NULL},
                                            {names->kernel_offset, *f->kernel_offset, 0, 0, NULL}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (bounds[i].value == bounds[i].low) continue;
        return poolgrad_refuse(error, bounds[i].field, "is %" PRId64 "; expected %" PRId64 ": %s has the windows",
                               bounds[i].value, bounds[i].low, names->table);
    }
    return POOLGRAD_OK;
}

static poolgrad_status check_span(const struct axis_request *request, int64_t i, poolgrad_error *error)
{
    const poolgrad_span span = request->at.table->spans[i];
    if (span.size < 1 || span.size > POOLGRAD_COORDINATE_LIMIT) {
        return poolgrad_refuse(error, request->names->spans,
                               "has a window %" PRId64 " of size %" PRId64 "; expected a size of 1 to 2^61", i,
                               span.size);
    }
    if (within_limit(span.first) && within_limit(span.first + span.size)) return POOLGRAD_OK;
    return poolgrad_refuse(error, request->names->spans,
                           "has a window %" PRId64 " of first pixel %" PRId64 " and size %" PRId64
                           "; expected every window within 2^61 pixels of the image",
                           i, span.first, span.size);
}

/* Windows that follow each other are found by halving; others are all looked at. */
static bool is_ordered(const poolgrad_table *table)
{
    for (int64_t i = 1; i < table->count; i++) {
        const poolgrad_span a = table->spans[i - 1], b = table->spans[i];
        if (b.first < a.first || b.first + b.size < a.first + a.size) return false;
    }
    return true;
}

/* docs/numerics.md N92. */
static poolgrad_status place_table(const struct axis_request *request, const struct outputs *outputs,
                                   struct poolgrad_axis *axis, int64_t *first_tap, poolgrad_error *error)
{
    const struct axis_names *names = request->names;
    const poolgrad_table *table = request->at.table;
    const struct poolgrad_range there = outputs->there;
    const int64_t count = there.begin < there.end ? there.end - outputs->first : 0;
    poolgrad_status status = check_table_alone(request, error);
    if (status != POOLGRAD_OK) return status;
    if (table->count != count) {
        return poolgrad_refuse(error, names->count, "is %" PRId64 "; expected %" PRId64 ", a window each output pixel",
                               table->count, count);
    }
    if (!table->spans) {
        if (count == 0) return POOLGRAD_OK;
        return poolgrad_refuse(error, names->spans, "is null; expected %" PRId64 " windows", count);
    }
    axis->kernel = axis->extent = 1;
    for (int64_t i = 0; i < count && status == POOLGRAD_OK; i++) {
        status = check_span(request, i, error);
        axis->kernel = axis->extent = poolgrad_max(axis->kernel, table->spans[i].size);
    }
    if (count == 0 || status != POOLGRAD_OK) return status;
    axis->ordered = is_ordered(table);
    *first_tap = table->spans[0].first;
    axis->table = table->spans + (there.begin - outputs->first);
    axis->first = axis->table->first;
    return status;
}

/* Output pixels: those of a forward destination inside the clip rectangle, or of a source gradient inside its region.
 */
static struct outputs outputs_of(const struct axis_fields *f, poolgrad_direction direction)
{
    if (direction == POOLGRAD_FORWARD) {
        return (struct outputs){poolgrad_range_cut(*f->clip, *f->clip_size, *f->destination), *f->clip};
    }
    return (struct outputs){poolgrad_range_cut(*f->region, *f->region_size, *f->gradient), *f->region};
}

static poolgrad_status resolve_axis(const struct axis_request *request, poolgrad_direction direction,
                                    struct poolgrad_axis *axis, int64_t *first_tap, poolgrad_error *error)
{
    const struct axis_fields *f = &request->at;
    const struct outputs outputs = outputs_of(f, direction);
    if (direction == POOLGRAD_FORWARD) *f->kernel_offset = 0;
    *axis = (struct poolgrad_axis){.kernel = *f->kernel,
                                   .stride = *f->stride,
                                   .dilation = *f->dilation,
                                   .size = *f->source,
                                   .before = *f->zero_pad + *f->zero_before,
                                   .behind = *f->zero_pad + *f->zero_behind,
                                   .begin = outputs.there.begin,
                                   .end = outputs.there.end};
    return poolgrad_table_is_given(f->table) ? place_table(request, &outputs, axis, first_tap, error)
                                             : place_progression(request, &outputs, axis, first_tap, error);
}

/* Names the first table among the axes: windows of tables have no kernel to be named. */
static poolgrad_status refuse_taps(const struct poolgrad_geometry *g, poolgrad_error *error)
{
    const struct poolgrad_axis *const axes[AXES] = {&g->x, &g->y, &g->z};
    for (int i = 0; i < AXES; i++) {
        if (!axes[i]->table) continue;
        return poolgrad_refuse(error, poolgrad_axis_names((enum axis)i)->spans,
                               "has a window of %" PRId64 " pixels beside %" PRId64 " and %" PRId64
                               " along the other axes; expected a product below 2^63",
                               axes[i]->kernel, axes[(i + 1) % AXES]->kernel, axes[(i + 2) % AXES]->kernel);
    }
    const char *const name = poolgrad_axis_names(AXIS_X)->kernel;
    if (g->z.kernel == 1) {
        return poolgrad_refuse(error, name,
                               "is %" PRId64 " with kernel_height %" PRId64 "; expected a product below 2^63",
                               g->x.kernel, g->y.kernel);
    }
    return poolgrad_refuse(error, name,
                           "is %" PRId64 " with kernel_height %" PRId64 " and kernel_depth %" PRId64
                           "; expected a product below 2^63",
                           g->x.kernel, g->y.kernel, g->z.kernel);
}

static poolgrad_status count_taps(struct poolgrad_geometry *g, poolgrad_error *error)
{
    int64_t plane;
    const bool counted = poolgrad_multiply(g->x.kernel, g->y.kernel, &plane) &&
                         poolgrad_multiply(plane, g->z.kernel, &g->full_count);
    return counted ? POOLGRAD_OK : refuse_taps(g, error);
}

poolgrad_status poolgrad_check_axes(poolgrad_problem *p, poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    for (int i = 0; i < AXES && status == POOLGRAD_OK; i++) {
        const struct axis_request request = request_of(p, (enum axis)i);
        status = check_axis_numbers(&request, error);
    }
    return status;
}

/* docs/numerics.md N41 to N44. */
static void resolve_pixels(const poolgrad_problem *p, const struct axis_fields *f, int64_t first_tap,
                           struct poolgrad_range *written, int64_t *source)
{
    const bool clipped = p->direction == POOLGRAD_GRADIENT && p->mapping == POOLGRAD_MAPPING_CLIP;
    *written = poolgrad_range_cut(*f->clip, *f->clip_size, *f->destination);
    *source = clipped ? poolgrad_max(first_tap, 0) - *f->clip : 0;
}

poolgrad_status poolgrad_resolve_axes(poolgrad_problem *p, struct poolgrad_geometry *g, poolgrad_error *error)
{
    const struct {
        struct poolgrad_axis *axis;
        struct poolgrad_range *written;
        int64_t *source;
    } to[AXES] = {{&g->x, &g->columns, &g->source_column},
                  {&g->y, &g->rows, &g->source_row},
                  {&g->z, &g->layers, &g->source_layer}};
    for (int i = 0; i < AXES; i++) {
        const struct axis_request request = request_of(p, (enum axis)i);
        int64_t first_tap = 0;
        const poolgrad_status status = resolve_axis(&request, p->direction, to[i].axis, &first_tap, error);
        if (status != POOLGRAD_OK) return status;
        resolve_pixels(p, &request.at, first_tap, to[i].written, to[i].source);
    }
    /* A plane without pixels has none on either axis, so that nobody counts along the other one. */
    if (g->x.size == 0 || g->y.size == 0) g->x.size = g->y.size = 0;
    return count_taps(g, error);
}
