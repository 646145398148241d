/* SPDX-License-Identifier: Apache-2.0 */
/* What bench finds, for people. */
#include <inttypes.h>
#include <math.h>

#include "cli/bench.h"

void poolgrad_bench_print_list(const struct bench *bench, FILE *file)
{
    char geometry[CASE_NAME];
    fprintf(file, "%-12s %-9s %-8s %-8s %-9s %7s  %s\n", "workload", "direction", "kind", "layout", "format", "threads",
            "images x channels [x depth] x height x width, kernel, stride, pad, dilation");
    for (int i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        const struct bench_case *of = &bench->cases[row->which];
        poolgrad_shape_name(&of->shape, geometry);
        fprintf(file, "%-12s %-9s %-8s %-8s %-9s %7d  %s\n", of->workload,
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
    fprintf(file, "%-12s %-9s %-8s %-8s %-9s %7d %10.4g %5.0f %% %7.1f %6.1f %%  %s\n", of->workload,
            poolgrad_direction_name(row->choice.direction), poolgrad_measured_kind_name(row->choice.kind),
            poolgrad_layout_name(row->choice.layout), poolgrad_format_name(of->format),
            poolgrad_plan_threads(row->trial.plan), row->seconds.median * 1e3, 100 * poolgrad_bench_spread(row),
            poolgrad_bench_rate(row), 100 * poolgrad_bench_share(row), poolgrad_plan_kernel(row->trial.plan));
}

void poolgrad_bench_print_table(const struct bench *bench, FILE *file)
{
    fprintf(file, "%-12s %-9s %-8s %-8s %-9s %7s %10s %7s %7s %8s  %s\n", "workload", "direction", "kind", "layout",
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

/* ---- Beside an earlier run --------------------------------------------------------------------------------------- */

/* What two runs of one build differ by, as memory lies elsewhere in each, is not called a change. */
static const char *verdict_on(const struct spread *ratio)
{
    const double least_change = 0.02;
    if (ratio->lower > 1 && ratio->median > 1 + least_change) return "  faster";
    return ratio->upper < 1 && ratio->median < 1 - least_change ? "  slower" : "";
}

static void print_compared(const struct bench *bench, const struct compared *c, FILE *file)
{
    char name[CASE_NAME];
    poolgrad_bench_row_name(bench, c->row, name);
    fprintf(file, "%-56s %7d %7.3f %7.3f %7.3f %8.3f", name, c->row->choice.threads, c->ratio.median, c->ratio.lower,
            c->ratio.upper, c->ratio.least);
    if (c->ceiling > 0)
        fprintf(file, " %8.3f%s\n", c->ceiling, verdict_on(&c->ratio));
    else
        fprintf(file, " %8s%s\n", "-", verdict_on(&c->ratio));
}

/* Texts of the file may hold anything. */
static void print_missing(const struct missing_row *row, FILE *file)
{
    enum { DELETE = 0x7f };
    fprintf(file, "only before: ");
    for (const char *letter = row->name; *letter; letter++)
        (void)fputc((unsigned char)*letter < ' ' || *letter == DELETE ? '?' : *letter, file);
    fprintf(file, ", threads: %" PRId64 "\n", row->threads);
}

static void print_strangers(const struct bench *bench, const struct comparison *comparison, FILE *file)
{
    char name[CASE_NAME];
    if (comparison->missing_rows + comparison->new_rows > 0) (void)fputc('\n', file);
    for (int i = 0; i < comparison->missing_rows; i++) print_missing(&comparison->missing[i], file);
    for (int i = 0; i < comparison->new_rows; i++) {
        const struct bench_row *row = &bench->rows[comparison->new_row[i]];
        poolgrad_bench_row_name(bench, row, name);
        fprintf(file, "only now:    %s, threads: %d\n", name, row->choice.threads);
    }
}

void poolgrad_bench_print_comparison(const struct bench *bench, const struct comparison *comparison, FILE *file)
{
    double logs = 0;
    fprintf(file, "\n%-56s %7s %7s %7s %7s %8s %8s\n", "before / now", "threads", "ratio", "from", "to", "of least",
            "ceiling");
    for (int i = 0; i < comparison->rows; i++) {
        print_compared(bench, &comparison->row[i], file);
        logs += log(comparison->row[i].ratio.median);
    }
    if (comparison->rows > 0) fprintf(file, "%-56s %7s %7.3f\n", "geometric mean", "", exp(logs / comparison->rows));
    fprintf(file, "\nratio    the earlier median over this one, above 1: faster now; from, to: of opposite quartiles\n"
                  "of least the same of the least times, for machines that are never quiet\n"
                  "ceiling  the same of the streams: what the machine itself does faster now\n"
                  "faster, slower: the quartiles of the two runs do not meet, and medians differ by more than 2 %%\n");
    print_strangers(bench, comparison, file);
}
