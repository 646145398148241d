/* SPDX-License-Identifier: Apache-2.0 */
/* Caffe: src/caffe/layers/pooling_layer.cpp, and the defaults of src/caffe/proto/caffe.proto. */
#include <inttypes.h>
#include <stddef.h>

#include "base/refusal.h"
#include "dialect/arguments.h"

void poolgrad_caffe_pool_init(poolgrad_caffe_pool *pool, size_t struct_size)
{
    poolgrad_unset_arguments(pool, struct_size, offsetof(poolgrad_caffe_pool, kernel_size), sizeof *pool);
}

/* An argument of both axes, and those of one axis each. */
struct triple {
    const char *name, *name_h, *name_w;
    int64_t value, value_h, value_w;
    int64_t otherwise, least;
};

/* One for both axes or one for each: h first. */
static poolgrad_status read_triple(const struct triple *t, int64_t values[2], poolgrad_error *error)
{
    const bool both = t->value != POOLGRAD_UNSET, h = t->value_h != POOLGRAD_UNSET, w = t->value_w != POOLGRAD_UNSET;
    if (both && (h || w)) {
        return poolgrad_refuse(error, t->name, "is %" PRId64 " beside %s; expected %s, or %s and %s", t->value,
                               h ? t->name_h : t->name_w, t->name, t->name_h, t->name_w);
    }
    if (h != w)
        return poolgrad_refuse(error, h ? t->name_w : t->name_h, "is not set; expected both %s and %s, or %s",
                               t->name_h, t->name_w, t->name);
    values[0] = both ? t->value : h ? t->value_h : t->otherwise;
    values[1] = both ? t->value : h ? t->value_w : t->otherwise;
    for (int i = 0; i < 2; i++) {
        const char *name = !h ? t->name : i == 0 ? t->name_h : t->name_w;
        if (values[i] == POOLGRAD_UNSET) return poolgrad_refuse(error, name, "is not set; expected it");
        if (values[i] >= t->least && values[i] <= POOLGRAD_COORDINATE_LIMIT) continue;
        return poolgrad_refuse(error, name, "is %" PRId64 "; expected %" PRId64 " to 2^61", values[i], t->least);
    }
    return POOLGRAD_OK;
}

static poolgrad_status read_kernel(const struct poolgrad_dialect *d, const poolgrad_caffe_pool *pool, bool global,
                                   int64_t kernel[2], poolgrad_error *error)
{
    const struct triple given = {"kernel_size",  "kernel_h",     "kernel_w",     pool->kernel_size,
                                 pool->kernel_h, pool->kernel_w, POOLGRAD_UNSET, 1};
    if (!global) return read_triple(&given, kernel, error);
    const char *why = "global_pooling says the window";
    poolgrad_status status = poolgrad_dialect_refuse_set("kernel_size", pool->kernel_size, why, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_refuse_set("kernel_h", pool->kernel_h, why, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_refuse_set("kernel_w", pool->kernel_w, why, error);
    kernel[0] = d->axis[1].size;
    kernel[1] = d->axis[0].size;
    return status;
}

/* What Caffe asks of them together; h first. */
static poolgrad_status check_together(const poolgrad_caffe_pool *pool, bool global, const int64_t kernel[2],
                                      const int64_t stride[2], const int64_t pad[2], poolgrad_error *error)
{
    const bool pad_both = pool->pad_h == POOLGRAD_UNSET, stride_both = pool->stride_h == POOLGRAD_UNSET;
    const char *const pads[] = {pad_both ? "pad" : "pad_h", pad_both ? "pad" : "pad_w"};
    const char *const strides[] = {stride_both ? "stride" : "stride_h", stride_both ? "stride" : "stride_w"};
    for (int i = 0; i < 2; i++) {
        if (global && pad[i] != 0)
            return poolgrad_refuse(error, pads[i], "is %" PRId64 "; expected 0 with global_pooling", pad[i]);
        if (global && stride[i] != 1)
            return poolgrad_refuse(error, strides[i], "is %" PRId64 "; expected 1 with global_pooling", stride[i]);
        if (pad[i] < kernel[i] || pad[i] == 0) continue;
        return poolgrad_refuse(error, pads[i], "is %" PRId64 "; expected less than the kernel, %" PRId64, pad[i],
                               kernel[i]);
    }
    return POOLGRAD_OK;
}

static poolgrad_status set_axes(struct poolgrad_dialect *d, const poolgrad_caffe_pool *pool, poolgrad_error *error)
{
    const struct triple strides = {"stride",       "stride_h",     "stride_w", pool->stride,
                                   pool->stride_h, pool->stride_w, 1,          1};
    const struct triple pads = {"pad", "pad_h", "pad_w", pool->pad, pool->pad_h, pool->pad_w, 0, 0};
    bool global = false;
    int64_t kernel[2] = {0}, stride[2] = {0}, pad[2] = {0};
    poolgrad_status status = poolgrad_dialect_flag("global_pooling", pool->global_pooling, false, &global, error);
    if (status == POOLGRAD_OK) status = read_kernel(d, pool, global, kernel, error);
    if (status == POOLGRAD_OK) status = read_triple(&strides, stride, error);
    if (status == POOLGRAD_OK) status = read_triple(&pads, pad, error);
    if (status == POOLGRAD_OK) status = check_together(pool, global, kernel, stride, pad, error);
    for (int i = 0; status == POOLGRAD_OK && i < 2; i++) {
        struct poolgrad_dialect_axis *const axis = &d->axis[1 - i];
        axis->kernel = kernel[i];
        axis->stride = stride[i];
        axis->before = axis->behind = pad[i];
    }
    return status;
}

/* A last window that starts behind the image is dropped where any axis is padded, and kept where none is. An average
 * counts pixels up to the pads. The first of equal taps wins, and no NaN does. */
static poolgrad_status set_rules(struct poolgrad_dialect *d, const poolgrad_caffe_pool *pool, poolgrad_error *error)
{
    int round_mode = POOLGRAD_CAFFE_CEIL;
    poolgrad_status status = poolgrad_dialect_choose("round_mode", pool->round_mode, POOLGRAD_CAFFE_CEIL,
                                                     POOLGRAD_CAFFE_CEIL, POOLGRAD_CAFFE_FLOOR, "CEIL (0) or FLOOR (1)",
                                                     &round_mode, error);
    if (status != POOLGRAD_OK) return status;
    const bool padded = d->axis[0].before > 0 || d->axis[1].before > 0;
    const poolgrad_rounding up = padded ? POOLGRAD_ROUND_UP_DROP : POOLGRAD_ROUND_UP;
    d->rounding = round_mode == POOLGRAD_CAFFE_FLOOR ? POOLGRAD_ROUND_DOWN : up;
    d->counted = true;
    d->problem.divisor = 0;
    if (d->problem.kind != POOLGRAD_MAX) return POOLGRAD_OK;
    d->problem.ties = POOLGRAD_TIES_FIRST;
    d->problem.nan = POOLGRAD_NAN_IGNORE;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_problem_from_caffe(const poolgrad_caffe_pool *pool, poolgrad_problem *problem,
                                            poolgrad_output_size *size, poolgrad_error *error)
{
    struct poolgrad_dialect d = {.name = "caffe", .kernel_name = "kernel_size"};
    poolgrad_caffe_pool known;
    poolgrad_caffe_pool_init(&known, sizeof known);
    poolgrad_status status = poolgrad_dialect_read(&d, pool, &known, sizeof known, problem, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_check_kind(&d, false, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_dimensions(&d, 2, 2, 2, error);
    if (status == POOLGRAD_OK) status = set_axes(&d, &known, error);
    if (status == POOLGRAD_OK) status = set_rules(&d, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_dialect_set_geometry(&d, error);
    return status == POOLGRAD_OK ? poolgrad_dialect_finish(&d, problem, size, error) : status;
}
