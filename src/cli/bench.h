/* SPDX-License-Identifier: Apache-2.0 */
/* What `poolgrad bench` chooses from its options, and how it tells what was found. */
#ifndef POOLGRAD_CLI_BENCH_H
#define POOLGRAD_CLI_BENCH_H

#include <stdio.h>

#include "cli/options.h"
#include "measure/rows.h"

/* Cases and rows, as the options choose them, without memory behind them. 0, or 2 after one sentence. */
int poolgrad_bench_choose(const struct options *options, struct bench *bench);

/* Memory and trials. 0, or 2 after one sentence. */
int poolgrad_bench_make(const struct options *options, struct bench *bench);

/* The same, and the check of each. 0, or 2 after one sentence, or 1 where a result is not the reference's. */
int poolgrad_bench_prepare(const struct options *options, struct bench *bench);

/* Times the rows, their streams and `others` more contenders in one contest, and notes a busy machine. 0, or 2 after
 * one sentence. */
int poolgrad_bench_time(const struct options *options, struct bench *bench, struct contender *other, int others);

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

void poolgrad_bench_print_list(const struct bench *bench, FILE *file);
void poolgrad_bench_print_kernels(const struct bench *bench, FILE *file);
void poolgrad_bench_print_table(const struct bench *bench, FILE *file);
void poolgrad_bench_print_json(const struct bench *bench, FILE *file);
void poolgrad_bench_print_csv(const struct bench *bench, FILE *file);
void poolgrad_bench_print_plot(const struct bench *bench, FILE *file);

#endif
