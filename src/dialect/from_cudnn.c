/* SPDX-License-Identifier: Apache-2.0 */
/* cuDNN: the API reference of cudnnSetPoolingNdDescriptor, cudnnGetPoolingNdForwardOutputDim and cudnnPoolingMode_t. */
#include <inttypes.h>
#include <stddef.h>

#include "base/refusal.h"
#include "dialect/arguments.h"

void poolgrad_cudnn_pool_init(poolgrad_cudnn_pool *pool, size_t struct_size)
{
    poolgrad_unset_arguments(pool, struct_size, offsetof(poolgrad_cudnn_pool, dimensions), sizeof *pool);
}

static poolgrad_status set_axes(struct poolgrad_dialect *d, const poolgrad_cudnn_pool *pool, poolgrad_error *error)
{
    const struct poolgrad_argument window = {"windowDim", pool->windowDim, 0, POOLGRAD_UNSET, 1, 1},
                                   padding = {"padding", pool->padding, 0, 0, 0, 0},
                                   stride = {"stride", pool->stride, 0, POOLGRAD_UNSET, 1, 1};
    int64_t kernels[POOLGRAD_AXES], pads[POOLGRAD_AXES], strides[POOLGRAD_AXES];
    poolgrad_status status = poolgrad_dialect_spread(d, &window, kernels, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &padding, pads, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &stride, strides, error);
    for (int i = 0; status == POOLGRAD_OK && i < POOLGRAD_AXES; i++) {
        d->axis[i].kernel = kernels[i];
        d->axis[i].stride = strides[i];
        d->axis[i].before = d->axis[i].behind = pads[i];
    }
    return status;
}

static poolgrad_status set_mode(struct poolgrad_dialect *d, const poolgrad_cudnn_pool *pool, poolgrad_error *error)
{
    static const char of_max[] = "CUDNN_POOLING_MAX (0) or CUDNN_POOLING_MAX_DETERMINISTIC (3) of max pooling",
                      of_average[] = "CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING (1) or "
                                     "CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING (2) of average pooling";
    const bool max = d->problem.kind == POOLGRAD_MAX;
    int mode = 0;
    poolgrad_status status = poolgrad_dialect_choose("mode", pool->mode, max ? POOLGRAD_CUDNN_MAX : POOLGRAD_UNSET,
                                                     POOLGRAD_CUDNN_MAX, POOLGRAD_CUDNN_MAX_DETERMINISTIC,
                                                     max ? of_max : of_average, &mode, error);
    if (status != POOLGRAD_OK) return status;
    if (max != (mode == POOLGRAD_CUDNN_MAX || mode == POOLGRAD_CUDNN_MAX_DETERMINISTIC))
        return poolgrad_refuse(error, "mode", "is %d; expected %s", mode, max ? of_max : of_average);
    d->counted = mode == POOLGRAD_CUDNN_AVERAGE_COUNT_INCLUDE_PADDING;
    return POOLGRAD_OK;
}

/* Which NaN is handed on is not said, nor which of equal taps. */
static poolgrad_status set_nan(struct poolgrad_dialect *d, const poolgrad_cudnn_pool *pool, poolgrad_error *error)
{
    int propagates = POOLGRAD_CUDNN_NOT_PROPAGATE_NAN;
    poolgrad_status status = poolgrad_dialect_choose(
        "maxpoolingNanOpt", pool->maxpoolingNanOpt, POOLGRAD_CUDNN_NOT_PROPAGATE_NAN, POOLGRAD_CUDNN_NOT_PROPAGATE_NAN,
        POOLGRAD_CUDNN_PROPAGATE_NAN, "CUDNN_NOT_PROPAGATE_NAN (0) or CUDNN_PROPAGATE_NAN (1)", &propagates, error);
    if (status != POOLGRAD_OK || d->problem.kind != POOLGRAD_MAX) return status;
    if (!propagates)
        d->problem.nan = POOLGRAD_NAN_IGNORE;
    else if (d->problem.nan == POOLGRAD_NAN_IGNORE)
        d->problem.nan = POOLGRAD_NAN_FIRST;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_problem_from_cudnn(const poolgrad_cudnn_pool *pool, poolgrad_problem *problem,
                                            poolgrad_output_size *size, poolgrad_error *error)
{
    struct poolgrad_dialect d = {.name = "cudnn", .kernel_name = "windowDim", .rounding = POOLGRAD_ROUND_DOWN};
    poolgrad_cudnn_pool known;
    poolgrad_cudnn_pool_init(&known, sizeof known);
    poolgrad_status status = poolgrad_dialect_read(&d, pool, &known, sizeof known, problem, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_check_kind(&d, false, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_dimensions(&d, known.dimensions, 2, POOLGRAD_AXES, error);
    if (status == POOLGRAD_OK) status = set_mode(&d, &known, error);
    if (status == POOLGRAD_OK) status = set_nan(&d, &known, error);
    if (status == POOLGRAD_OK) status = set_axes(&d, &known, error);
    d.problem.divisor = 0;
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_geometry(&d, error);
    return status == POOLGRAD_OK ? poolgrad_dialect_finish(&d, problem, size, error) : status;
}
