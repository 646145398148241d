/* SPDX-License-Identifier: Apache-2.0 */
/* oneDNN: src/common/pooling.cpp has the sizes and the limits, src/cpu/ref_pooling.cpp the rules. */
#include <inttypes.h>
#include <stddef.h>

#include "base/refusal.h"
#include "dialect/arguments.h"

void poolgrad_onednn_pool_init(poolgrad_onednn_pool *pool, size_t struct_size)
{
    poolgrad_unset_arguments(pool, struct_size, offsetof(poolgrad_onednn_pool, dimensions), sizeof *pool);
}

static poolgrad_status set_windows(struct poolgrad_dialect *d, const poolgrad_onednn_pool *pool, poolgrad_error *error)
{
    const struct poolgrad_argument kernel = {"kernel", pool->kernel, 0, POOLGRAD_UNSET, 1, 1},
                                   stride = {"strides", pool->strides, 0, POOLGRAD_UNSET, 1, 1},
                                   dilation = {"dilation", pool->dilation, 0, 0, 0, 0};
    int64_t kernels[POOLGRAD_AXES], strides[POOLGRAD_AXES], gaps[POOLGRAD_AXES];
    poolgrad_status status = poolgrad_dialect_spread(d, &kernel, kernels, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &stride, strides, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &dilation, gaps, error);
    for (int i = 0; status == POOLGRAD_OK && i < POOLGRAD_AXES; i++) {
        d->axis[i].kernel = kernels[i];
        d->axis[i].stride = strides[i];
        d->axis[i].dilation = poolgrad_min(gaps[i], POOLGRAD_COORDINATE_LIMIT - 1) + 1;
    }
    return status;
}

/* As far back as a stride. */
static poolgrad_status set_padding_r(struct poolgrad_dialect *d, const poolgrad_onednn_pool *pool, int i,
                                     poolgrad_error *error)
{
    struct poolgrad_dialect_axis *const axis = &d->axis[i];
    char name[POOLGRAD_ARGUMENT_NAME];
    const int place = poolgrad_dialect_place(d, 0, i);
    axis->behind = pool->padding_r[place] == POOLGRAD_UNSET ? axis->before : pool->padding_r[place];
    if (axis->behind >= -axis->stride && axis->behind <= POOLGRAD_COORDINATE_LIMIT) return POOLGRAD_OK;
    return poolgrad_refuse(error, poolgrad_dialect_value_name("padding_r", place, name),
                           "is %" PRId64 "; expected %" PRId64 " to 2^61, no further back than a stride", axis->behind,
                           -axis->stride);
}

/* No window of an average that counts no padding may see padding alone. */
static poolgrad_status check_excluded(const struct poolgrad_dialect *d, int i, poolgrad_error *error)
{
    const struct poolgrad_dialect_axis *axis = &d->axis[i];
    char name[POOLGRAD_ARGUMENT_NAME];
    int64_t extent;
    if (d->counted || d->problem.kind != POOLGRAD_AVERAGE) return POOLGRAD_OK;
    if (!poolgrad_axis_extent(axis->kernel, axis->dilation, &extent)) return POOLGRAD_OK; /* refused with the window */
    const int place = poolgrad_dialect_place(d, 0, i);
    for (int side = 0; side < 2; side++) {
        const int64_t pad = side == 0 ? axis->before : axis->behind;
        if (pad < extent) continue;
        return poolgrad_refuse(error, poolgrad_dialect_value_name(side == 0 ? "padding_l" : "padding_r", place, name),
                               "is %" PRId64 " where a window spans %" PRId64
                               "; expected less, with pooling_avg_exclude_padding",
                               pad, extent);
    }
    if (axis->dilation - 1 < axis->size) return POOLGRAD_OK;
    return poolgrad_refuse(error, poolgrad_dialect_value_name("dilation", place, name),
                           "is %" PRId64 "; expected less than the source's size, %" PRId64
                           ", with pooling_avg_exclude_padding",
                           axis->dilation - 1, axis->size);
}

static poolgrad_status set_pads(struct poolgrad_dialect *d, const poolgrad_onednn_pool *pool, poolgrad_error *error)
{
    const struct poolgrad_argument padding_l = {"padding_l", pool->padding_l, 0, 0, 0, 0};
    int64_t before[POOLGRAD_AXES];
    poolgrad_status status = poolgrad_dialect_spread(d, &padding_l, before, error);
    for (int i = 0; status == POOLGRAD_OK && i < d->dimensions; i++) {
        d->axis[i].before = before[i];
        status = set_padding_r(d, pool, i, error);
        if (status == POOLGRAD_OK) status = check_excluded(d, i, error);
    }
    return status;
}

/* The first of equal taps wins, and no NaN does. */
static poolgrad_status set_algorithm(struct poolgrad_dialect *d, const poolgrad_onednn_pool *pool,
                                     poolgrad_error *error)
{
    static const char of_max[] = "pooling_max (0) of max pooling",
                      of_average[] = "pooling_avg_include_padding (1) or pooling_avg_exclude_padding (2) of average "
                                     "pooling";
    const bool max = d->problem.kind == POOLGRAD_MAX;
    int kind = 0;
    poolgrad_status status = poolgrad_dialect_choose(
        "alg_kind", pool->alg_kind, max ? POOLGRAD_ONEDNN_POOLING_MAX : POOLGRAD_UNSET, POOLGRAD_ONEDNN_POOLING_MAX,
        POOLGRAD_ONEDNN_POOLING_AVG_EXCLUDE_PADDING, max ? of_max : of_average, &kind, error);
    if (status != POOLGRAD_OK) return status;
    if (max != (kind == POOLGRAD_ONEDNN_POOLING_MAX))
        return poolgrad_refuse(error, "alg_kind", "is %d; expected %s", kind, max ? of_max : of_average);
    d->counted = kind == POOLGRAD_ONEDNN_POOLING_AVG_INCLUDE_PADDING;
    d->problem.divisor = 0;
    if (!max) return POOLGRAD_OK;
    d->problem.ties = POOLGRAD_TIES_FIRST;
    d->problem.nan = POOLGRAD_NAN_IGNORE;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_problem_from_onednn(const poolgrad_onednn_pool *pool, poolgrad_problem *problem,
                                             poolgrad_output_size *size, poolgrad_error *error)
{
    struct poolgrad_dialect d = {.name = "onednn", .kernel_name = "kernel", .rounding = POOLGRAD_ROUND_DOWN};
    poolgrad_onednn_pool known;
    poolgrad_onednn_pool_init(&known, sizeof known);
    poolgrad_status status = poolgrad_dialect_read(&d, pool, &known, sizeof known, problem, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_check_kind(&d, false, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_dimensions(&d, known.dimensions, 1, POOLGRAD_AXES, error);
    if (status == POOLGRAD_OK) status = set_algorithm(&d, &known, error);
    if (status == POOLGRAD_OK) status = set_windows(&d, &known, error);
    if (status == POOLGRAD_OK) status = set_pads(&d, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_geometry(&d, error);
    return status == POOLGRAD_OK ? poolgrad_dialect_finish(&d, problem, size, error) : status;
}
