/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX: the operators' pages, and convPoolShapeInference of onnx/defs/nn/defs.cc where these leave something open. */
#include <inttypes.h>
#include <stddef.h>

#include "base/refusal.h"
#include "dialect/arguments.h"

void poolgrad_onnx_pool_init(poolgrad_onnx_pool *pool, size_t struct_size)
{
    poolgrad_unset_arguments(pool, struct_size, offsetof(poolgrad_onnx_pool, dimensions), sizeof *pool);
}

static poolgrad_status check_operator(const struct poolgrad_dialect *d, const poolgrad_onnx_pool *pool,
                                      poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    if (d->problem.kind != POOLGRAD_AVERAGE)
        status = poolgrad_dialect_refuse_set("count_include_pad", pool->count_include_pad, "only AveragePool has it",
                                             error);
    if (status == POOLGRAD_OK && d->problem.kind != POOLGRAD_MAX)
        status = poolgrad_dialect_refuse_set("storage_order", pool->storage_order, "only MaxPool has it", error);
    if (status == POOLGRAD_OK && d->problem.kind != POOLGRAD_L2NORM)
        status = poolgrad_dialect_refuse_set("p", pool->p, "only LpPool has it", error);
    if (status != POOLGRAD_OK || pool->p == POOLGRAD_UNSET || pool->p == 2) return status;
    return poolgrad_refuse(error, "p", "is %" PRId64 "; expected 2, the only norm here", pool->p);
}

static bool holds_places(poolgrad_format format)
{
    return format == POOLGRAD_INT32 || format == POOLGRAD_INT64;
}

/* Places count by rows. */
static poolgrad_status check_order(const struct poolgrad_dialect *d, const poolgrad_onnx_pool *pool,
                                   poolgrad_error *error)
{
    bool by_columns = false;
    poolgrad_status status = poolgrad_dialect_flag("storage_order", pool->storage_order, false, &by_columns, error);
    if (status != POOLGRAD_OK || !by_columns) return status;
    if (!holds_places(d->problem.indices.format) && !holds_places(d->problem.picks.format)) return POOLGRAD_OK;
    return poolgrad_refuse(error, "storage_order",
                           "is 1; expected 0 where places are read or written, which count by rows");
}

static poolgrad_status set_windows(struct poolgrad_dialect *d, const poolgrad_onnx_pool *pool, poolgrad_error *error)
{
    const struct poolgrad_argument arguments[] = {{"kernel_shape", pool->kernel_shape, 0, POOLGRAD_UNSET, 1, 1},
                                                  {"strides", pool->strides, 0, 1, 1, 1},
                                                  {"dilations", pool->dilations, 0, 1, 1, 1}};
    int64_t values[3][POOLGRAD_AXES];
    for (int i = 0; i < 3; i++) {
        poolgrad_status status = poolgrad_dialect_spread(d, &arguments[i], values[i], error);
        if (status != POOLGRAD_OK) return status;
    }
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        d->axis[i].kernel = values[0][i];
        d->axis[i].stride = values[1][i];
        d->axis[i].dilation = values[2][i];
    }
    return POOLGRAD_OK;
}

static poolgrad_status set_explicit_pads(struct poolgrad_dialect *d, const poolgrad_onnx_pool *pool,
                                         poolgrad_error *error)
{
    const struct poolgrad_argument begins = {"pads", pool->pads, 0, 0, 0, 0},
                                   ends = {"pads", pool->pads, d->dimensions, 0, 0, 0};
    int64_t before[POOLGRAD_AXES], behind[POOLGRAD_AXES];
    poolgrad_status status = poolgrad_dialect_spread(d, &begins, before, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &ends, behind, error);
    for (int i = 0; status == POOLGRAD_OK && i < POOLGRAD_AXES; i++) {
        d->axis[i].before = before[i];
        d->axis[i].behind = behind[i];
    }
    return status;
}

static poolgrad_status set_pads(struct poolgrad_dialect *d, const poolgrad_onnx_pool *pool, poolgrad_error *error)
{
    static const char *const names[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    char name[POOLGRAD_ARGUMENT_NAME];
    int auto_pad = POOLGRAD_ONNX_NOTSET;
    poolgrad_status status = poolgrad_dialect_choose(
        "auto_pad", pool->auto_pad, POOLGRAD_ONNX_NOTSET, POOLGRAD_ONNX_NOTSET, POOLGRAD_ONNX_VALID,
        "NOTSET (0), SAME_UPPER (1), SAME_LOWER (2) or VALID (3)", &auto_pad, error);
    if (status != POOLGRAD_OK) return status;
    if (auto_pad == POOLGRAD_ONNX_NOTSET) return set_explicit_pads(d, pool, error);
    for (int i = 0; i < 2 * d->dimensions; i++) {
        if (pool->pads[i] == POOLGRAD_UNSET) continue;
        return poolgrad_refuse(error, poolgrad_dialect_value_name("pads", i, name),
                               "is %" PRId64 "; expected nothing beside auto_pad %s", pool->pads[i], names[auto_pad]);
    }
    if (auto_pad == POOLGRAD_ONNX_VALID) return POOLGRAD_OK;
    return poolgrad_dialect_pad_same(d, auto_pad == POOLGRAD_ONNX_SAME_LOWER, error);
}

poolgrad_status poolgrad_problem_from_onnx(const poolgrad_onnx_pool *pool, poolgrad_problem *problem,
                                           poolgrad_output_size *size, poolgrad_error *error)
{
    struct poolgrad_dialect d = {.name = "onnx", .kernel_name = "kernel_shape"};
    poolgrad_onnx_pool known;
    bool ceil = false;
    poolgrad_onnx_pool_init(&known, sizeof known);
    poolgrad_status status = poolgrad_dialect_read(&d, pool, &known, sizeof known, problem, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_check_kind(&d, true, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_dimensions(&d, known.dimensions, 1, POOLGRAD_AXES, error);
    if (status == POOLGRAD_OK) status = check_operator(&d, &known, error);
    if (status == POOLGRAD_OK) status = check_order(&d, &known, error);
    if (status == POOLGRAD_OK) status = set_windows(&d, &known, error);
    if (status == POOLGRAD_OK) status = set_pads(&d, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_flag("ceil_mode", known.ceil_mode, false, &ceil, error);
    if (status == POOLGRAD_OK)
        status = poolgrad_dialect_flag("count_include_pad", known.count_include_pad, false, &d.counted, error);
    if (status != POOLGRAD_OK) return status;
    d.rounding = ceil ? POOLGRAD_ROUND_UP_DROP : POOLGRAD_ROUND_DOWN;
    d.problem.divisor = 0;
    status = poolgrad_dialect_set_geometry(&d, error);
    return status == POOLGRAD_OK ? poolgrad_dialect_finish(&d, problem, size, error) : status;
}
