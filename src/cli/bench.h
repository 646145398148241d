/* SPDX-License-Identifier: Apache-2.0 */
/* What `poolgrad bench` measures and finds: rows of a table. */
#ifndef POOLGRAD_CLI_BENCH_H
#define POOLGRAD_CLI_BENCH_H

#include <stdio.h>

#include "cli/options.h"
#include "measure/contest.h"
#include "measure/trial.h"

/* One geometry in one format. */
struct bench_case {
    const char *workload; /* its name, or "custom" */
    unsigned kinds;       /* bits 1 << enum measured_kind */
    poolgrad_problem shape;
    poolgrad_format format;
    struct buffers buffers;
};

/* A row's ceiling is the best of some contenders, which rows with the same traffic share. */
struct bench_row {
    int which; /* case */
    struct trial_choice choice;
    struct trial trial;
    int first_stream, streams;
    struct spread seconds;
    double ceiling, least_ceiling; /* seconds: the best median, and the least of all samples */
    const char *ceiling_way;
    int ceiling_threads;
};

struct bench {
    struct bench_case *cases;
    int case_count;
    struct bench_row *rows;
    int row_count;
    struct stream *streams; /* contenders behind the rows */
    int stream_count;
    int rounds; /* that were run */
};

/* Cases and rows, as the options choose them, without memory behind them. 0, or 2 after one sentence. */
int poolgrad_bench_choose(const struct options *options, struct bench *bench);

/* Memory, trials, and the check of each. 0, or 2 after one sentence, or 1 where a result is not the reference's. */
int poolgrad_bench_prepare(const struct options *options, struct bench *bench);

/* The same without the check. */
int poolgrad_bench_plan(const struct options *options, struct bench *bench);

/* Times the rows, their streams and `others` more contenders in one contest. 0, or 2 after one sentence. */
int poolgrad_bench_measure(const struct options *options, struct bench *bench, struct contender *other, int others);

/* Of anything that began as zeros. */
void poolgrad_bench_release(struct bench *bench);

/* "gradient/max/nhwc/float16/8x64x112x112_k3s2p1" */
void poolgrad_bench_row_name(const struct bench *bench, const struct bench_row *row, char name[CASE_NAME]);

double poolgrad_bench_share(const struct bench_row *row);

/* Bytes of the row's tensors that have to be read or written, by the second, in units of 10^9. */
double poolgrad_bench_rate(const struct bench_row *row);

void poolgrad_bench_print_list(const struct bench *bench, FILE *file);
void poolgrad_bench_print_kernels(const struct bench *bench, FILE *file);
void poolgrad_bench_print_table(const struct bench *bench, FILE *file);
void poolgrad_bench_print_json(const struct bench *bench, FILE *file);
void poolgrad_bench_print_plot(const struct bench *bench, FILE *file);

#endif
