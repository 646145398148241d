/* SPDX-License-Identifier: Apache-2.0 */
/* What bench finds, for programs. All names in it are of letters, digits and signs that JSON takes as they are. */
#include <inttypes.h>

#include "cli/bench.h"
#include "cli/posix.h"

static const char *const directions[] = {"forward", "gradient"}, *const layouts[] = {"nchw", "nhwc", "nc4hw4"};

static void print_geometry(const poolgrad_problem *shape, FILE *file)
{
    const poolgrad_window *w = &shape->window;
    fprintf(file,
            "      \"images\": %" PRId64 ", \"channels\": %" PRId64 ", \"height\": %" PRId64 ", \"width\": %" PRId64
            ",\n      \"output_height\": %" PRId64 ", \"output_width\": %" PRId64 ",\n",
            shape->source.images, shape->source.channels, shape->source.height, shape->source.width,
            shape->destination.height, shape->destination.width);
    fprintf(file,
            "      \"kernel_width\": %" PRId64 ", \"kernel_height\": %" PRId64 ", \"stride_x\": %" PRId64
            ", \"stride_y\": %" PRId64 ",\n      \"dilation_x\": %" PRId64 ", \"dilation_y\": %" PRId64
            ", \"offset_x\": %" PRId64 ", \"offset_y\": %" PRId64 ",\n",
            w->kernel_width, w->kernel_height, w->stride_x, w->stride_y, w->dilation_x, w->dilation_y, shape->offset_x,
            shape->offset_y);
}

static void print_row(const struct bench *bench, const struct bench_row *row, FILE *file)
{
    char name[CASE_NAME];
    const struct bench_case *of = &bench->cases[row->which];
    poolgrad_bench_row_name(bench, row, name);
    fprintf(file, "    {\n      \"case\": \"%s\",\n      \"workload\": \"%s\",\n      \"direction\": \"%s\",\n", name,
            of->workload, directions[row->choice.direction]);
    fprintf(file, "      \"kind\": \"%s\",\n      \"layout\": \"%s\",\n      \"format\": \"%s\",\n",
            poolgrad_measured_kind_name(row->choice.kind), layouts[row->choice.layout],
            poolgrad_format_name(of->format));
    print_geometry(&of->shape, file);
    fprintf(file, "      \"threads_asked\": %d, \"threads\": %d,\n      \"kernel\": \"%s\",\n", row->choice.threads,
            poolgrad_plan_threads(row->trial.plan), poolgrad_plan_kernel(row->trial.plan));
    fprintf(file, "      \"bytes\": %" PRId64 ",\n", poolgrad_trial_bytes(&row->trial));
    fprintf(
        file,
        "      \"seconds\": {\"least\": %.9g, \"lower_quartile\": %.9g, \"median\": %.9g, \"upper_quartile\": %.9g},\n",
        row->seconds.least, row->seconds.lower, row->seconds.median, row->seconds.upper);
    fprintf(file, "      \"gigabytes_per_second\": %.6g,\n", poolgrad_bench_rate(row));
    fprintf(file,
            "      \"ceiling\": {\"seconds\": %.9g, \"least_seconds\": %.9g, \"share\": %.6g, \"threads\": %d,\n"
            "                  \"stream\": \"%s\"}\n    }",
            row->ceiling, row->least_ceiling, poolgrad_bench_share(row), row->ceiling_threads, row->ceiling_way);
}

void poolgrad_bench_print_json(const struct bench *bench, FILE *file)
{
    fprintf(file, "{\n  \"poolgrad\": \"%s\",\n  \"processors\": %d,\n  \"rounds\": %d,\n  \"rows\": [\n",
            poolgrad_version(), poolgrad_processors(), bench->rounds);
    for (int i = 0; i < bench->row_count; i++) {
        print_row(bench, &bench->rows[i], file);
        fprintf(file, "%s\n", i + 1 < bench->row_count ? "," : "");
    }
    fprintf(file, "  ]\n}\n");
}
