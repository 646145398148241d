/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a row, by every way of telling it. */
#include "measure/rows.h"

#include <assert.h>
#include <stdio.h>

void poolgrad_bench_row_name(const struct bench *bench, const struct bench_row *row, char name[CASE_NAME])
{
    char geometry[CASE_NAME];
    const struct bench_case *of = &bench->cases[row->which];
    poolgrad_shape_name(&of->shape, geometry);
    snprintf(name, CASE_NAME, "%s/%s/%s/%s/%.140s", poolgrad_direction_name(row->choice.direction),
             poolgrad_measured_kind_name(row->choice.kind), poolgrad_layout_name(row->choice.layout),
             poolgrad_format_name(of->format), geometry);
}

double poolgrad_bench_share(const struct bench_row *row)
{
    return row->ceiling / row->seconds.median;
}

double poolgrad_bench_rate(const struct bench_row *row)
{
    return 1e-9 * (double)poolgrad_trial_bytes(&row->trial) / row->seconds.median;
}

double poolgrad_bench_spread(const struct bench_row *row)
{
    return (row->seconds.upper - row->seconds.lower) / row->seconds.median;
}

struct values {
    struct bench_value *value;
    int count;
    const char *group; /* of what is added next */
    bool computed;
};

static struct bench_value *add(struct values *values, const char *name)
{
    assert(values->count < BENCH_VALUES);
    struct bench_value *value = &values->value[values->count++];
    *value = (struct bench_value){.group = values->group, .name = name, .computed = values->computed};
    return value;
}

static void add_text(struct values *values, const char *name, const char *text)
{
    struct bench_value *value = add(values, name);
    value->type = VALUE_TEXT;
    value->text = text;
}

static void add_integer(struct values *values, const char *name, int64_t integer)
{
    struct bench_value *value = add(values, name);
    value->type = VALUE_INTEGER;
    value->integer = integer;
}

static void add_real(struct values *values, const char *name, double real)
{
    struct bench_value *value = add(values, name);
    value->type = VALUE_REAL;
    value->real = real;
}

/* 0 stands for a third axis that is not there, which is one of 1. */
static void add_size(struct values *values, const char *name, int64_t size)
{
    add_integer(values, name, size == 0 ? 1 : size);
}

static void add_geometry(struct values *values, const poolgrad_problem *shape)
{
    const poolgrad_window *w = &shape->window;
    add_integer(values, "images", shape->source.images);
    add_integer(values, "channels", shape->source.channels);
    add_size(values, "depth", shape->source.depth);
    add_integer(values, "height", shape->source.height);
    add_integer(values, "width", shape->source.width);
    add_size(values, "output_depth", shape->destination.depth);
    add_integer(values, "output_height", shape->destination.height);
    add_integer(values, "output_width", shape->destination.width);
    add_integer(values, "kernel_width", w->kernel_width);
    add_integer(values, "kernel_height", w->kernel_height);
    add_size(values, "kernel_depth", w->kernel_depth);
    add_integer(values, "stride_x", w->stride_x);
    add_integer(values, "stride_y", w->stride_y);
    add_size(values, "stride_z", w->stride_z);
    add_integer(values, "dilation_x", w->dilation_x);
    add_integer(values, "dilation_y", w->dilation_y);
    add_size(values, "dilation_z", w->dilation_z);
    add_integer(values, "offset_x", shape->offset_x);
    add_integer(values, "offset_y", shape->offset_y);
    add_integer(values, "offset_z", shape->offset_z);
    add_integer(values, "windows_x", shape->windows_x.count);
    add_integer(values, "windows_y", shape->windows_y.count);
    add_integer(values, "windows_z", shape->windows_z.count);
}

static void add_rules(struct values *values, const poolgrad_problem *shape)
{
    add_text(values, "edge_mode", poolgrad_edge_mode_name(shape->edge_mode));
    add_integer(values, "zero_pad_x", shape->zero_pad_x);
    add_integer(values, "zero_pad_y", shape->zero_pad_y);
    add_integer(values, "zero_pad_z", shape->zero_pad_z);
    add_integer(values, "zero_pad_left", shape->zero_pad_left);
    add_integer(values, "zero_pad_top", shape->zero_pad_top);
    add_integer(values, "zero_pad_front", shape->zero_pad_front);
    add_integer(values, "zero_pad_right", shape->zero_pad_right);
    add_integer(values, "zero_pad_bottom", shape->zero_pad_bottom);
    add_integer(values, "zero_pad_back", shape->zero_pad_back);
    add_integer(values, "divisor", shape->divisor);
    add_integer(values, "root_mean", shape->root_mean);
    add_text(values, "ties", poolgrad_tie_rule_name(shape->ties));
    add_text(values, "nan", poolgrad_nan_rule_name(shape->nan));
    add_text(values, "accumulator", poolgrad_accumulator_name(shape->accumulator));
}

static void add_results(struct values *values, const struct bench_row *row)
{
    add_integer(values, "threads", poolgrad_plan_threads(row->trial.plan));
    add_text(values, "kernel", poolgrad_plan_kernel(row->trial.plan));
    add_integer(values, "bytes", poolgrad_trial_bytes(&row->trial));
    values->group = "seconds";
    add_real(values, "least", row->seconds.least);
    add_real(values, "lower_quartile", row->seconds.lower);
    add_real(values, "median", row->seconds.median);
    add_real(values, "upper_quartile", row->seconds.upper);
    values->group = NULL;
    add_real(values, "gigabytes_per_second", poolgrad_bench_rate(row));
    values->group = "ceiling";
    add_real(values, "seconds", row->ceiling);
    add_real(values, "least_seconds", row->least_ceiling);
    add_real(values, "share", poolgrad_bench_share(row));
    add_integer(values, "threads", row->ceiling_threads);
    add_text(values, "stream", row->ceiling_way);
}

int poolgrad_bench_values(const struct bench *bench, const struct bench_row *row, char name[CASE_NAME],
                          struct bench_value value[BENCH_VALUES])
{
    const struct bench_case *of = &bench->cases[row->which];
    struct values values = {.value = value};
    poolgrad_bench_row_name(bench, row, name);
    add_text(&values, "case", name);
    add_text(&values, "workload", of->workload);
    values.computed = true;
    add_text(&values, "direction", poolgrad_direction_name(row->choice.direction));
    add_text(&values, "kind", poolgrad_measured_kind_name(row->choice.kind));
    add_text(&values, "layout", poolgrad_layout_name(row->choice.layout));
    add_text(&values, "format", poolgrad_format_name(of->format));
    add_geometry(&values, &of->shape);
    add_rules(&values, &of->shape);
    add_integer(&values, "threads_asked", row->choice.threads);
    values.computed = false;
    add_results(&values, row);
    return values.count;
}
