/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow: core/framework/kernel_shape_util.cc has the sizes, core/kernels/pooling_ops_common.cc the limits. */
#include <inttypes.h>
#include <stddef.h>

#include "base/refusal.h"
#include "dialect/arguments.h"

void poolgrad_tensorflow_pool_init(poolgrad_tensorflow_pool *pool, size_t struct_size)
{
    poolgrad_unset_arguments(pool, struct_size, offsetof(poolgrad_tensorflow_pool, dimensions), sizeof *pool);
}

/* Batch and channel keep this value. */
static poolgrad_status check_others(const struct poolgrad_dialect *d, const struct poolgrad_argument *argument,
                                    int width, poolgrad_error *error)
{
    char name[POOLGRAD_ARGUMENT_NAME];
    for (int i = 0; i < width * (d->dimensions + 2); i++) {
        const int entry = i / width;
        const bool spatial = entry >= argument->first && entry < argument->first + d->dimensions;
        if (spatial || argument->values[i] == POOLGRAD_UNSET || argument->values[i] == argument->neutral) continue;
        return poolgrad_refuse(error, poolgrad_dialect_value_name(argument->name, i, name),
                               "is %" PRId64 "; expected %" PRId64 ": images and channels are not pooled",
                               argument->values[i], argument->neutral);
    }
    return POOLGRAD_OK;
}

static poolgrad_status set_windows(struct poolgrad_dialect *d, const poolgrad_tensorflow_pool *pool, int first,
                                   poolgrad_error *error)
{
    const struct poolgrad_argument ksize = {"ksize", pool->ksize, first, POOLGRAD_UNSET, 1, 1},
                                   stride = {"strides", pool->strides, first, POOLGRAD_UNSET, 1, 1};
    int64_t kernels[POOLGRAD_AXES], strides[POOLGRAD_AXES];
    poolgrad_status status = check_others(d, &ksize, 1, error);
    if (status == POOLGRAD_OK) status = check_others(d, &stride, 1, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &ksize, kernels, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &stride, strides, error);
    for (int i = 0; status == POOLGRAD_OK && i < POOLGRAD_AXES; i++) {
        d->axis[i].kernel = kernels[i];
        d->axis[i].stride = strides[i];
    }
    return status;
}

/* One side of one axis: from 0 to less than the kernel. */
static poolgrad_status read_side(const struct poolgrad_dialect *d, const poolgrad_tensorflow_pool *pool, int place,
                                 int axis, int64_t *pad, poolgrad_error *error)
{
    char name[POOLGRAD_ARGUMENT_NAME];
    const int64_t value = pool->explicit_paddings[place];
    *pad = value == POOLGRAD_UNSET ? 0 : value;
    if (*pad >= 0 && *pad < d->axis[axis].kernel) return POOLGRAD_OK;
    return poolgrad_refuse(error, poolgrad_dialect_value_name("explicit_paddings", place, name),
                           "is %" PRId64 "; expected 0 to %" PRId64 ", less than ksize", *pad,
                           d->axis[axis].kernel - 1);
}

static poolgrad_status set_explicit(struct poolgrad_dialect *d, const poolgrad_tensorflow_pool *pool, int first,
                                    poolgrad_error *error)
{
    const struct poolgrad_argument paddings = {
        .name = "explicit_paddings", .values = pool->explicit_paddings, .first = first};
    if (d->problem.kind != POOLGRAD_MAX || d->dimensions > 2) {
        return poolgrad_refuse(error, "padding",
                               "is EXPLICIT (3); expected VALID (1) or SAME (2): only max pooling of up to two "
                               "dimensions takes explicit paddings");
    }
    poolgrad_status status = check_others(d, &paddings, 2, error);
    for (int i = 0; status == POOLGRAD_OK && i < d->dimensions; i++) {
        const int place = 2 * poolgrad_dialect_place(d, first, i);
        status = read_side(d, pool, place, i, &d->axis[i].before, error);
        if (status == POOLGRAD_OK) status = read_side(d, pool, place + 1, i, &d->axis[i].behind, error);
    }
    return status;
}

static poolgrad_status set_padding(struct poolgrad_dialect *d, const poolgrad_tensorflow_pool *pool, int first,
                                   poolgrad_error *error)
{
    char name[POOLGRAD_ARGUMENT_NAME];
    int padding = 0;
    poolgrad_status status = poolgrad_dialect_choose("padding", pool->padding, POOLGRAD_UNSET,
                                                     POOLGRAD_TENSORFLOW_VALID, POOLGRAD_TENSORFLOW_EXPLICIT,
                                                     "VALID (1), SAME (2) or EXPLICIT (3)", &padding, error);
    if (status != POOLGRAD_OK) return status;
    if (padding == POOLGRAD_TENSORFLOW_EXPLICIT) return set_explicit(d, pool, first, error);
    for (int i = 0; i < 2 * (d->dimensions + 2); i++) {
        status = poolgrad_dialect_refuse_set(poolgrad_dialect_value_name("explicit_paddings", i, name),
                                             pool->explicit_paddings[i], "padding is not EXPLICIT", error);
        if (status != POOLGRAD_OK) return status;
    }
    return padding == POOLGRAD_TENSORFLOW_SAME ? poolgrad_dialect_pad_same(d, false, error) : POOLGRAD_OK;
}

/* The first of equal taps; NaNs are left out, as TF_ENABLE_MAXPOOL_NANPROP is off where nothing is said. */
static void set_rules(struct poolgrad_dialect *d)
{
    d->problem.divisor = 0;
    if (d->problem.kind != POOLGRAD_MAX) return;
    d->problem.ties = POOLGRAD_TIES_FIRST;
    d->problem.nan = POOLGRAD_NAN_IGNORE;
}

poolgrad_status poolgrad_problem_from_tensorflow(const poolgrad_tensorflow_pool *pool, poolgrad_problem *problem,
                                                 poolgrad_output_size *size, poolgrad_error *error)
{
    struct poolgrad_dialect d = {.name = "tensorflow", .kernel_name = "ksize", .rounding = POOLGRAD_ROUND_DOWN};
    poolgrad_tensorflow_pool known;
    int format = 0;
    poolgrad_tensorflow_pool_init(&known, sizeof known);
    poolgrad_status status = poolgrad_dialect_read(&d, pool, &known, sizeof known, problem, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_check_kind(&d, false, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_dimensions(&d, known.dimensions, 1, POOLGRAD_AXES, error);
    if (status == POOLGRAD_OK)
        status = poolgrad_dialect_choose("data_format", known.data_format, POOLGRAD_TENSORFLOW_NHWC,
                                         POOLGRAD_TENSORFLOW_NHWC, POOLGRAD_TENSORFLOW_NCHW, "NHWC (0) or NCHW (1)",
                                         &format, error);
    const int first = format == POOLGRAD_TENSORFLOW_NHWC ? 1 : 2;
    if (status == POOLGRAD_OK) status = set_windows(&d, &known, first, error);
    if (status == POOLGRAD_OK) status = set_padding(&d, &known, first, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_geometry(&d, error);
    if (status != POOLGRAD_OK) return status;
    set_rules(&d);
    return poolgrad_dialect_finish(&d, problem, size, error);
}
