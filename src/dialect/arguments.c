/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/arguments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/growth.h"
#include "base/refusal.h"
#include "geometry/pads.h"
#include "pooling/problem.h"

/* ---- Arguments --------------------------------------------------------------------------------------------------- */

/* Writes no more than the caller's struct, which may be older or newer than this one. */
void poolgrad_unset_arguments(void *pool, size_t struct_size, size_t first, size_t end)
{
    const int64_t unset = POOLGRAD_UNSET;
    memset(pool, 0, struct_size);
    memcpy(pool, &struct_size, sizeof struct_size);
    for (size_t place = first; place + sizeof unset <= end && place + sizeof unset <= struct_size;
         place += sizeof unset)
        memcpy((unsigned char *)pool + place, &unset, sizeof unset);
}

poolgrad_status poolgrad_dialect_read(struct poolgrad_dialect *d, const void *pool, void *known, size_t known_size,
                                      const poolgrad_problem *problem, poolgrad_error *error)
{
    char initializer[64];
    snprintf(initializer, sizeof initializer, "poolgrad_%s_pool_init", d->name);
    if (!pool) return poolgrad_refuse(error, "pool", "is null; expected the arguments of a pooling");
    poolgrad_status status = poolgrad_read_struct(pool, known, known_size, "pool", initializer, error);
    if (status == POOLGRAD_OK) status = poolgrad_read_problem(problem, &d->problem, error);
    if (status != POOLGRAD_OK) return status;
    if (poolgrad_direction_name(d->problem.direction)) return POOLGRAD_OK;
    return poolgrad_refuse(error, "direction", "is %d; expected forward (0) or gradient (1)",
                           (int)d->problem.direction);
}

poolgrad_status poolgrad_dialect_check_kind(const struct poolgrad_dialect *d, bool norm, poolgrad_error *error)
{
    const poolgrad_kind kind = d->problem.kind;
    if (kind == POOLGRAD_L2NORM && norm && d->problem.root_mean)
        return poolgrad_refuse(error, "root_mean", "is %d; expected 0: %s has no root of the mean",
                               d->problem.root_mean, d->name);
    if (kind == POOLGRAD_AVERAGE || kind == POOLGRAD_MAX || (kind == POOLGRAD_L2NORM && norm)) return POOLGRAD_OK;
    return poolgrad_refuse(error, "kind", "is %d; expected average (0)%s max (1)%s: %s has no other pooling", (int)kind,
                           norm ? "," : " or", norm ? " or L2-norm (2)" : "", d->name);
}

poolgrad_status poolgrad_dialect_set_dimensions(struct poolgrad_dialect *d, int64_t dimensions, int least, int most,
                                                poolgrad_error *error)
{
    static const char *const names[POOLGRAD_AXES] = {"source.width", "source.height", "source.depth"};
    const poolgrad_const_image *source = &d->problem.source;
    const int64_t sizes[POOLGRAD_AXES] = {source->width, source->height, source->depth == 0 ? 1 : source->depth};
    if (dimensions == POOLGRAD_UNSET) dimensions = most > 2 && sizes[2] > 1 ? 3 : 2;
    if (dimensions < least || dimensions > most)
        return poolgrad_refuse(error, "dimensions", "is %" PRId64 "; expected %d to %d", dimensions, least, most);
    d->dimensions = (int)dimensions;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        const bool pooled = i < d->dimensions;
        if (sizes[i] < 1 || sizes[i] > (pooled ? POOLGRAD_COORDINATE_LIMIT : 1)) {
            return poolgrad_refuse(error, names[i], "is %" PRId64 "; expected %s, of %d dimensions", sizes[i],
                                   pooled ? "1 to 2^61" : "1", d->dimensions);
        }
        d->axis[i] = (struct poolgrad_dialect_axis){.size = sizes[i], .kernel = 1, .stride = 1, .dilation = 1};
    }
    return POOLGRAD_OK;
}

int poolgrad_dialect_place(const struct poolgrad_dialect *d, int first, int axis)
{
    return first + d->dimensions - 1 - axis;
}

const char *poolgrad_dialect_value_name(const char *name, int i, char text[POOLGRAD_ARGUMENT_NAME])
{
    snprintf(text, POOLGRAD_ARGUMENT_NAME, "%s[%d]", name, i);
    return text;
}

poolgrad_status poolgrad_dialect_spread(const struct poolgrad_dialect *d, const struct poolgrad_argument *argument,
                                        int64_t values[POOLGRAD_AXES], poolgrad_error *error)
{
    char name[POOLGRAD_ARGUMENT_NAME];
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        values[i] = argument->neutral;
        if (i >= d->dimensions) continue;
        const int place = poolgrad_dialect_place(d, argument->first, i);
        const bool set = argument->values[place] != POOLGRAD_UNSET;
        values[i] = set ? argument->values[place] : argument->otherwise;
        if (values[i] >= argument->least && values[i] <= POOLGRAD_COORDINATE_LIMIT) continue;
        poolgrad_dialect_value_name(argument->name, place, name);
        if (values[i] == POOLGRAD_UNSET)
            return poolgrad_refuse(error, name, "is not set; expected a value, %s has no default for it", d->name);
        return poolgrad_refuse(error, name, "is %" PRId64 "; expected %" PRId64 " to 2^61", values[i], argument->least);
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_dialect_choose(const char *name, int64_t value, int64_t otherwise, int64_t least, int64_t most,
                                        const char *expected, int *choice, poolgrad_error *error)
{
    if (value == POOLGRAD_UNSET) value = otherwise;
    if (value == POOLGRAD_UNSET) return poolgrad_refuse(error, name, "is not set; expected %s", expected);
    if (value < least || value > most)
        return poolgrad_refuse(error, name, "is %" PRId64 "; expected %s", value, expected);
    *choice = (int)value;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_dialect_flag(const char *name, int64_t value, bool otherwise, bool *flag,
                                      poolgrad_error *error)
{
    int choice = 0;
    poolgrad_status status = poolgrad_dialect_choose(name, value, otherwise, 0, 1, "0 or 1", &choice, error);
    if (status == POOLGRAD_OK) *flag = choice == 1;
    return status;
}

poolgrad_status poolgrad_dialect_refuse_set(const char *name, int64_t value, const char *why, poolgrad_error *error)
{
    if (value == POOLGRAD_UNSET) return POOLGRAD_OK;
    return poolgrad_refuse(error, name, "is %" PRId64 "; expected nothing: %s", value, why);
}

/* ---- Geometry ---------------------------------------------------------------------------------------------------- */

static poolgrad_status check_extent(const struct poolgrad_dialect *d, const struct poolgrad_dialect_axis *axis,
                                    int64_t *extent, poolgrad_error *error)
{
    if (poolgrad_axis_extent(axis->kernel, axis->dilation, extent)) return POOLGRAD_OK;
    return poolgrad_refuse(error, d->kernel_name,
                           "is %" PRId64 " with taps %" PRId64
                           " pixels apart; expected a window that spans at most 2^61 pixels",
                           axis->kernel, axis->dilation);
}

poolgrad_status poolgrad_dialect_pad_same(struct poolgrad_dialect *d, bool odd_before, poolgrad_error *error)
{
    for (int i = 0; i < d->dimensions; i++) {
        struct poolgrad_dialect_axis *const axis = &d->axis[i];
        int64_t extent = 0;
        const poolgrad_status status = check_extent(d, axis, &extent, error);
        if (status != POOLGRAD_OK) return status;
        /* The last window starts inside the source: no product overflows. */
        const int64_t last = (poolgrad_ceiling_divide(axis->size, axis->stride) - 1) * axis->stride;
        const int64_t all = poolgrad_max(last + extent - axis->size, 0);
        axis->before = (all + odd_before) / 2;
        axis->behind = all - axis->before;
    }
    return POOLGRAD_OK;
}

static void set_tables(struct poolgrad_dialect *d)
{
    d->problem.windows_x = d->axis[0].table;
    d->problem.windows_y = d->axis[1].table;
    d->problem.windows_z = d->axis[2].table;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (d->axis[i].table.spans) d->axis[i].output = d->axis[i].table.count;
    }
}

static poolgrad_status check_extents(const struct poolgrad_dialect *d, poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) {
        int64_t extent;
        status = check_extent(d, &d->axis[i], &extent, error);
    }
    return status;
}

static void set_place(const poolgrad_padding *placed, struct poolgrad_dialect *d)
{
    poolgrad_problem *const p = &d->problem;
    p->offset_x = placed->offset_x;
    p->offset_y = placed->offset_y;
    p->offset_z = placed->offset_z;
    p->kernel_offset_x = p->kernel_offset_y = p->kernel_offset_z = 0;
    p->edge_mode = POOLGRAD_EDGE_CLAMP;
    p->zero_pad_x = placed->zero_pad_x;
    p->zero_pad_y = placed->zero_pad_y;
    p->zero_pad_z = placed->zero_pad_z;
    p->zero_pad_left = placed->zero_pad_left;
    p->zero_pad_right = placed->zero_pad_right;
    p->zero_pad_top = placed->zero_pad_top;
    p->zero_pad_bottom = placed->zero_pad_bottom;
    p->zero_pad_front = placed->zero_pad_front;
    p->zero_pad_back = placed->zero_pad_back;
    d->axis[0].output = placed->width;
    d->axis[1].output = placed->height;
    d->axis[2].output = placed->depth;
}

poolgrad_status poolgrad_dialect_set_geometry(struct poolgrad_dialect *d, poolgrad_error *error)
{
    poolgrad_problem *const p = &d->problem;
    const struct poolgrad_dialect_axis *x = &d->axis[0], *y = &d->axis[1], *z = &d->axis[2];
    const poolgrad_pads pads = {.left = x->before,
                                .right = x->behind,
                                .top = y->before,
                                .bottom = y->behind,
                                .front = z->before,
                                .back = z->behind,
                                .counted = d->counted};
    poolgrad_padding placed;
    p->window = (poolgrad_window){x->kernel, y->kernel,   z->kernel,   x->stride,  y->stride,
                                  z->stride, x->dilation, y->dilation, z->dilation};
    const struct poolgrad_pads_request request = {
        &pads, d->rounding, &p->window, {"source.depth", z->size, "source.height", y->size, "source.width", x->size}};
    poolgrad_status status = check_extents(d, error);
    if (status == POOLGRAD_OK) status = poolgrad_place_by_pads(&request, &placed, error);
    if (status != POOLGRAD_OK) return status;
    set_place(&placed, d);
    set_tables(d);
    return POOLGRAD_OK;
}

/* ---- The result -------------------------------------------------------------------------------------------------- */

/* The sizes that a forward result has already, x first; all 0: none. */
static void sizes_there(const poolgrad_problem *p, int64_t sizes[POOLGRAD_AXES])
{
    const bool forward = p->direction == POOLGRAD_FORWARD;
    sizes[0] = forward ? p->destination.width : p->source_gradient.width;
    sizes[1] = forward ? p->destination.height : p->source_gradient.height;
    sizes[2] = forward ? p->destination.depth : p->source_gradient.depth;
    const bool some = sizes[0] != 0 || sizes[1] != 0 || sizes[2] != 0;
    if (some && sizes[2] == 0) sizes[2] = 1;
}

static poolgrad_status check_sizes(const struct poolgrad_dialect *d, poolgrad_error *error)
{
    static const char *const names[2][POOLGRAD_AXES] = {
        {"destination.width", "destination.height", "destination.depth"},
        {"source_gradient.width", "source_gradient.height", "source_gradient.depth"}};
    int64_t sizes[POOLGRAD_AXES];
    sizes_there(&d->problem, sizes);
    if (sizes[2] == 0) return POOLGRAD_OK;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (sizes[i] == d->axis[i].output) continue;
        return poolgrad_refuse(error, names[d->problem.direction][i],
                               "is %" PRId64 "; expected %" PRId64 ", what %s makes of a source of %" PRId64, sizes[i],
                               d->axis[i].output, d->name, d->axis[i].size);
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_dialect_finish(const struct poolgrad_dialect *d, poolgrad_problem *problem,
                                        poolgrad_output_size *size, poolgrad_error *error)
{
    poolgrad_problem read;
    poolgrad_status status = check_sizes(d, error);
    if (status == POOLGRAD_OK) status = poolgrad_read_problem(problem, &read, error);
    if (status == POOLGRAD_OK) status = poolgrad_write_struct(problem, &read, &d->problem, sizeof read, error);
    if (status != POOLGRAD_OK) return status;
    if (size) *size = (poolgrad_output_size){d->axis[2].output, d->axis[1].output, d->axis[0].output};
    return POOLGRAD_OK;
}
