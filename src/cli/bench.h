/* SPDX-License-Identifier: Apache-2.0 */
/* What `poolgrad bench` chooses from its options, and how it tells what was found. */
#ifndef POOLGRAD_CLI_BENCH_H
#define POOLGRAD_CLI_BENCH_H

#include <stdio.h>

#include "cli/options.h"
#include "measure/rows.h"

/* Cases and rows, as the options choose them, without memory behind them. 0, or 2 after one sentence. */
int poolgrad_bench_choose(const struct options *options, struct bench *bench);

/* Of anything that began as zeros. */
void poolgrad_bench_free(struct bench *bench);

/* Memory and trials. 0, or 2 after one sentence. */
int poolgrad_bench_make(const struct options *options, struct bench *bench);

/* The same, and the check of each. 0, or 2 after one sentence, or 1 where a result is not the reference's. */
int poolgrad_bench_prepare(const struct options *options, struct bench *bench);

/* Times the rows, their streams and `others` more contenders in one contest, and notes a busy machine. 0, or 2 after
 * one sentence. */
int poolgrad_bench_time(const struct options *options, struct bench *bench, struct contender *other, int others);

/* ---- A file of an earlier run ------------------------------------------------------------------------------------ */

/* A row of both: what was found then over what was found now, above 1 where it is faster now. */
struct compared {
    const struct bench_row *row;
    struct spread ratio; /* least: of the least times; median: of the medians; lower and upper: of opposite quartiles */
    double ceiling;      /* of the ceilings; 0 where the file has none */
};

struct missing_row {
    const char *name; /* in the document's memory */
    int64_t threads;  /* that were asked for, 0: not told */
};

struct comparison {
    const char *file; /* null: none was asked for */
    void *document;   /* of the file, with its rows */
    struct compared *row;
    int rows;
    struct missing_row *missing; /* rows that only the file has */
    int missing_rows;
    int *new_row; /* those that only this run has: places in bench.rows */
    int new_rows;
};

/* Reads the file of --compare. 0, or 2 after one sentence, also where poolgrad was built without jansson. */
int poolgrad_compare_read(const struct options *options, struct comparison *comparison);

/* Matches the rows that were measured with those of the file, by what they compute, and notes what sets the file's
 * machine and version apart. 0, or 2 after one sentence. */
int poolgrad_compare_rows(const struct options *options, const struct bench *bench, struct comparison *comparison);

/* Of anything that began as zeros. */
void poolgrad_compare_release(struct comparison *comparison);

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

void poolgrad_bench_print_list(const struct bench *bench, FILE *file);
void poolgrad_bench_print_kernels(const struct bench *bench, FILE *file);
void poolgrad_bench_print_table(const struct bench *bench, FILE *file);
void poolgrad_bench_print_comparison(const struct bench *bench, const struct comparison *comparison, FILE *file);
void poolgrad_bench_print_json(const struct bench *bench, const struct comparison *comparison, FILE *file);
void poolgrad_bench_print_csv(const struct bench *bench, const struct comparison *comparison, FILE *file);
void poolgrad_bench_print_plot(const struct bench *bench, const struct comparison *comparison, FILE *file);

#endif
