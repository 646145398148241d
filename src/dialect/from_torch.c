/* SPDX-License-Identifier: Apache-2.0 */
/* PyTorch: aten/src/ATen/native/Pool.h has the sizes and the limits of pads, AdaptivePooling.h the windows. */
#include <inttypes.h>
#include <stddef.h>

#include "base/refusal.h"
#include "dialect/arguments.h"

void poolgrad_torch_pool_init(poolgrad_torch_pool *pool, size_t struct_size)
{
    poolgrad_unset_arguments(pool, struct_size, offsetof(poolgrad_torch_pool, dimensions),
                             offsetof(poolgrad_torch_pool, spans));
}

/* ---- Windows in steps -------------------------------------------------------------------------------------------- */

/* At most half of the kernel, whatever its dilation. */
static poolgrad_status check_padding(const struct poolgrad_dialect *d, int i, poolgrad_error *error)
{
    const struct poolgrad_dialect_axis *axis = &d->axis[i];
    char name[POOLGRAD_ARGUMENT_NAME];
    if (axis->before <= axis->kernel / 2) return POOLGRAD_OK;
    return poolgrad_refuse(error, poolgrad_dialect_value_name("padding", poolgrad_dialect_place(d, 0, i), name),
                           "is %" PRId64 " where the kernel's size is %" PRId64 "; expected at most half of that",
                           axis->before, axis->kernel);
}

/* avg_pool3d alone asks for a source as large as the window. */
static poolgrad_status check_room(const struct poolgrad_dialect *d, int i, poolgrad_error *error)
{
    const struct poolgrad_dialect_axis *axis = &d->axis[i];
    char name[POOLGRAD_ARGUMENT_NAME];
    if (d->dimensions < 3 || d->problem.kind != POOLGRAD_AVERAGE || axis->size >= axis->kernel) return POOLGRAD_OK;
    return poolgrad_refuse(error, poolgrad_dialect_value_name("kernel_size", poolgrad_dialect_place(d, 0, i), name),
                           "is %" PRId64 "; expected at most the source's size, %" PRId64 ", as avg_pool3d does",
                           axis->kernel, axis->size);
}

static poolgrad_status set_axes(struct poolgrad_dialect *d, const poolgrad_torch_pool *pool, poolgrad_error *error)
{
    const struct poolgrad_argument kernel = {"kernel_size", pool->kernel_size, 0, POOLGRAD_UNSET, 1, 1},
                                   padding = {"padding", pool->padding, 0, 0, 0, 0},
                                   dilation = {"dilation", pool->dilation, 0, 1, 1, 1};
    int64_t kernels[POOLGRAD_AXES], strides[POOLGRAD_AXES], pads[POOLGRAD_AXES], dilations[POOLGRAD_AXES];
    int64_t given[POOLGRAD_AXES];
    poolgrad_status status = poolgrad_dialect_spread(d, &kernel, kernels, error);
    if (status != POOLGRAD_OK) return status;
    for (int i = 0; i < d->dimensions; i++) {
        const int place = poolgrad_dialect_place(d, 0, i);
        given[place] = pool->stride[place] == POOLGRAD_UNSET ? kernels[i] : pool->stride[place];
    }
    const struct poolgrad_argument stride = {"stride", given, 0, POOLGRAD_UNSET, 1, 1};
    status = poolgrad_dialect_spread(d, &stride, strides, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &padding, pads, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_spread(d, &dilation, dilations, error);
    for (int i = 0; status == POOLGRAD_OK && i < d->dimensions; i++) {
        struct poolgrad_dialect_axis *const axis = &d->axis[i];
        axis->kernel = kernels[i];
        axis->stride = strides[i];
        axis->dilation = dilations[i];
        axis->before = axis->behind = pads[i];
        status = check_padding(d, i, error);
        if (status == POOLGRAD_OK) status = check_room(d, i, error);
    }
    return status;
}

/* Of dilation and padding: 1 and 0 say nothing. */
static poolgrad_status refuse_above(const struct poolgrad_dialect *d, const char *name, const int64_t values[3],
                                    int64_t neutral, const char *why, poolgrad_error *error)
{
    char text[POOLGRAD_ARGUMENT_NAME];
    for (int i = 0; i < d->dimensions; i++) {
        if (values[i] == POOLGRAD_UNSET || values[i] == neutral) continue;
        return poolgrad_refuse(error, poolgrad_dialect_value_name(name, i, text),
                               "is %" PRId64 "; expected %" PRId64 ": %s", values[i], neutral, why);
    }
    return POOLGRAD_OK;
}

/* What each operator lacks. */
static poolgrad_status check_operator(const struct poolgrad_dialect *d, const poolgrad_torch_pool *pool,
                                      poolgrad_error *error)
{
    const bool average = d->problem.kind == POOLGRAD_AVERAGE, norm = d->problem.kind == POOLGRAD_L2NORM;
    poolgrad_status status = POOLGRAD_OK;
    if (!average) {
        const char *why = "only average pooling counts padding";
        status = poolgrad_dialect_refuse_set("count_include_pad", pool->count_include_pad, why, error);
        why = "only average pooling has a divisor";
        if (status == POOLGRAD_OK)
            status = poolgrad_dialect_refuse_set("divisor_override", pool->divisor_override, why, error);
    }
    if (status == POOLGRAD_OK && d->dimensions == 1)
        status = poolgrad_dialect_refuse_set("divisor_override", pool->divisor_override, "avg_pool1d has none", error);
    if (status == POOLGRAD_OK && pool->divisor_override == 0)
        status = poolgrad_refuse(error, "divisor_override", "is 0; expected another integer");
    if (status == POOLGRAD_OK && d->problem.kind != POOLGRAD_MAX)
        status = refuse_above(d, "dilation", pool->dilation, 1, "only max pooling has a dilation", error);
    if (status == POOLGRAD_OK && norm) status = refuse_above(d, "padding", pool->padding, 0, "lp_pool has none", error);
    if (status == POOLGRAD_OK && !norm)
        status = poolgrad_dialect_refuse_set("norm_type", pool->norm_type, "only lp_pool has a norm", error);
    if (status == POOLGRAD_OK && norm && pool->norm_type != POOLGRAD_UNSET && pool->norm_type != 2)
        status = poolgrad_refuse(error, "norm_type", "is %" PRId64 "; expected 2, the only norm here", pool->norm_type);
    return status;
}

/* lp_pool is avg_pool of the powers, times the kernel's size: a window that ends behind the source is scaled up. */
static poolgrad_status check_norm(const struct poolgrad_dialect *d, poolgrad_error *error)
{
    if (d->problem.kind != POOLGRAD_L2NORM) return POOLGRAD_OK;
    for (int i = 0; i < d->dimensions; i++) {
        const struct poolgrad_dialect_axis *axis = &d->axis[i];
        if ((axis->output - 1) * axis->stride + axis->kernel <= axis->size) continue;
        return poolgrad_refuse(error, "ceil_mode",
                               "is 1 where the last window ends behind the source; expected 0: lp_pool scales such "
                               "windows, which no norm does");
    }
    return POOLGRAD_OK;
}

static poolgrad_status set_steps(struct poolgrad_dialect *d, const poolgrad_torch_pool *pool, poolgrad_error *error)
{
    bool ceil = false;
    poolgrad_status status = check_operator(d, pool, error);
    if (status == POOLGRAD_OK) status = set_axes(d, pool, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_flag("ceil_mode", pool->ceil_mode, false, &ceil, error);
    if (status == POOLGRAD_OK)
        status = poolgrad_dialect_flag("count_include_pad", pool->count_include_pad,
                                       d->problem.kind == POOLGRAD_AVERAGE, &d->counted, error);
    if (status != POOLGRAD_OK) return status;
    d->rounding = ceil ? POOLGRAD_ROUND_UP_DROP : POOLGRAD_ROUND_DOWN;
    d->problem.divisor = pool->divisor_override == POOLGRAD_UNSET ? 0 : pool->divisor_override;
    status = poolgrad_dialect_set_geometry(d, error);
    return status == POOLGRAD_OK ? check_norm(d, error) : status;
}

/* ---- Adaptive windows -------------------------------------------------------------------------------------------- */

static bool is_adaptive(const struct poolgrad_dialect *d, const poolgrad_torch_pool *pool)
{
    for (int i = 0; i < d->dimensions; i++) {
        if (pool->output_size[i] != POOLGRAD_UNSET) return true;
    }
    return false;
}

/* Adaptive pooling has no other argument. */
static poolgrad_status check_alone(const struct poolgrad_dialect *d, const poolgrad_torch_pool *pool,
                                   poolgrad_error *error)
{
    const struct {
        const char *name;
        const int64_t *values;
        int count;
    } others[] = {{"kernel_size", pool->kernel_size, d->dimensions},
                  {"stride", pool->stride, d->dimensions},
                  {"padding", pool->padding, d->dimensions},
                  {"dilation", pool->dilation, d->dimensions},
                  {"ceil_mode", &pool->ceil_mode, 1},
                  {"count_include_pad", &pool->count_include_pad, 1},
                  {"divisor_override", &pool->divisor_override, 1},
                  {"norm_type", &pool->norm_type, 1}};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        for (int i = 0; i < others[k].count; i++) {
            poolgrad_status status = poolgrad_dialect_refuse_set(others[k].name, others[k].values[i],
                                                                 "output_size makes the pooling adaptive", error);
            if (status != POOLGRAD_OK) return status;
        }
    }
    if (d->problem.kind != POOLGRAD_L2NORM) return POOLGRAD_OK;
    return poolgrad_refuse(error, "output_size", "is set; expected nothing: lp_pool is not adaptive");
}

/* Windows of one size are steps; others stand in the caller's spans, `used` of which are taken. */
static poolgrad_status adapt_axis(struct poolgrad_dialect_axis *axis, int64_t count, const poolgrad_torch_pool *pool,
                                  int64_t *used, poolgrad_error *error)
{
    if (axis->size % count == 0) {
        axis->kernel = axis->stride = axis->size / count;
        return POOLGRAD_OK;
    }
    const int64_t left = pool->spans ? pool->span_count - *used : 0;
    if (left < count) {
        return poolgrad_refuse(error, pool->spans ? "span_count" : "spans",
                               "leaves room for %" PRId64 " windows of an axis; expected room for %" PRId64
                               ", for there are so many of different sizes",
                               poolgrad_max(left, 0), count);
    }
    poolgrad_span *const spans = pool->spans + *used;
    axis->table = (poolgrad_table){spans, count};
    *used += count;
    return poolgrad_adaptive_windows(axis->size, count, spans, error);
}

static poolgrad_status set_adaptive(struct poolgrad_dialect *d, const poolgrad_torch_pool *pool, poolgrad_error *error)
{
    char name[POOLGRAD_ARGUMENT_NAME];
    int64_t used = 0;
    poolgrad_status status = check_alone(d, pool, error);
    for (int i = 0; status == POOLGRAD_OK && i < d->dimensions; i++) {
        const int place = poolgrad_dialect_place(d, 0, i);
        const bool set = pool->output_size[place] != POOLGRAD_UNSET;
        const int64_t count = set ? pool->output_size[place] : d->axis[i].size;
        if (count < 1 || count > POOLGRAD_COORDINATE_LIMIT) {
            return poolgrad_refuse(error, poolgrad_dialect_value_name("output_size", place, name),
                                   "is %" PRId64 "; expected 1 to 2^61", count);
        }
        status = adapt_axis(&d->axis[i], count, pool, &used, error);
    }
    d->problem.divisor = 0;
    return status == POOLGRAD_OK ? poolgrad_dialect_set_geometry(d, error) : status;
}

/* The first of equal taps; the last NaN (native/cpu/MaxPoolKernel.cpp). */
static void set_rules(struct poolgrad_dialect *d)
{
    if (d->problem.kind != POOLGRAD_MAX) return;
    d->problem.ties = POOLGRAD_TIES_FIRST;
    d->problem.nan = POOLGRAD_NAN_LAST;
}

poolgrad_status poolgrad_problem_from_torch(const poolgrad_torch_pool *pool, poolgrad_problem *problem,
                                            poolgrad_output_size *size, poolgrad_error *error)
{
    struct poolgrad_dialect d = {.name = "torch", .kernel_name = "kernel_size"};
    poolgrad_torch_pool known;
    poolgrad_torch_pool_init(&known, sizeof known);
    poolgrad_status status = poolgrad_dialect_read(&d, pool, &known, sizeof known, problem, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_check_kind(&d, true, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_dimensions(&d, known.dimensions, 1, POOLGRAD_AXES, error);
    if (status != POOLGRAD_OK) return status;
    status = is_adaptive(&d, &known) ? set_adaptive(&d, &known, error) : set_steps(&d, &known, error);
    if (status != POOLGRAD_OK) return status;
    set_rules(&d);
    return poolgrad_dialect_finish(&d, problem, size, error);
}
