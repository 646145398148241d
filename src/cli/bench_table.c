/* SPDX-License-Identifier: Apache-2.0 */
/* What bench finds, for people. */
#include "cli/bench.h"

void poolgrad_bench_print_list(const struct bench *bench, FILE *file)
{
    char geometry[CASE_NAME];
    fprintf(file, "%-12s %-9s %-8s %-7s %-9s %7s  %s\n", "workload", "direction", "kind", "layout", "format", "threads",
            "images x channels x height x width, kernel, stride, pad, dilation");
    for (int i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        const struct bench_case *of = &bench->cases[row->which];
        poolgrad_shape_name(&of->shape, geometry);
        fprintf(file, "%-12s %-9s %-8s %-7s %-9s %7d  %s\n", of->workload,
                poolgrad_direction_name(row->choice.direction), poolgrad_measured_kind_name(row->choice.kind),
                poolgrad_layout_name(row->choice.layout), poolgrad_format_name(of->format), row->choice.threads,
                geometry);
    }
}

void poolgrad_bench_print_kernels(const struct bench *bench, FILE *file)
{
    char name[CASE_NAME];
    for (int i = 0; i < bench->row_count; i++) {
        poolgrad_bench_row_name(bench, &bench->rows[i], name);
        fprintf(file, "%-56s %s\n", name, poolgrad_plan_kernel(bench->rows[i].trial.plan));
    }
}

static void print_row(const struct bench *bench, const struct bench_row *row, FILE *file)
{
    const struct bench_case *of = &bench->cases[row->which];
    fprintf(file, "%-12s %-9s %-8s %-7s %-9s %7d %10.4g %5.0f %% %7.1f %6.1f %%  %s\n", of->workload,
            poolgrad_direction_name(row->choice.direction), poolgrad_measured_kind_name(row->choice.kind),
            poolgrad_layout_name(row->choice.layout), poolgrad_format_name(of->format),
            poolgrad_plan_threads(row->trial.plan), row->seconds.median * 1e3, 100 * poolgrad_bench_spread(row),
            poolgrad_bench_rate(row), 100 * poolgrad_bench_share(row), poolgrad_plan_kernel(row->trial.plan));
}

void poolgrad_bench_print_table(const struct bench *bench, FILE *file)
{
    fprintf(file, "%-12s %-9s %-8s %-7s %-9s %7s %10s %7s %7s %8s  %s\n", "workload", "direction", "kind", "layout",
            "format", "threads", "ms", "spread", "GB/s", "ceiling", "kernel");
    for (int i = 0; i < bench->row_count; i++) print_row(bench, &bench->rows[i], file);
    fprintf(file,
            "\npoolgrad %s, processors: %d, rounds: %d, each in a new random order\n"
            "ms       median of a call; spread: from the lower to the upper quartile, in parts of it\n"
            "GB/s     of the bytes that have to be read and written\n"
            "ceiling  the share of what the memory allows: the time of the best stream that moves the same bytes\n"
            "         between the same buffers, with as many threads and nothing to compute, over the call's time\n",
            poolgrad_version(), bench->processors, bench->rounds);
}
