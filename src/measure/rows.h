/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a table: calls that are checked, timed beside each other and beside the memory's ceiling, and told of. */
#ifndef POOLGRAD_MEASURE_ROWS_H
#define POOLGRAD_MEASURE_ROWS_H

#include "measure/bench_trial.h"
#include "measure/contest.h"
#include "measure/load.h"
#include "measure/machine_facts.h"

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
    int processors;
    struct machine machine;
    struct load load; /* while the rows were timed */
};

/* How much of a step is done, 0 to 1; null `report`: nobody asks. */
struct bench_report {
    void (*report)(void *context, double share);
    void *context;
};

struct bench_timing {
    int rounds;   /* at most, at least 1 */
    double limit; /* seconds after which no round begins, but for the fewest; 0: none */
    struct bench_report report;
};

enum bench_status {
    BENCH_OK,
    BENCH_NO_MEMORY,
    BENCH_REFUSED, /* *error says why */
    BENCH_WRONG    /* a result is not the reference's: error->message says which, whatever its field */
};

/* Bytes that the rows' tensors need, -1 where the number itself does not fit. */
int64_t poolgrad_bench_bytes(const struct bench *bench);

/* Memory and trials of the chosen cases and rows. */
enum bench_status poolgrad_bench_plan(struct bench *bench, poolgrad_error *error);

/* Runs every row once and compares it with the reference. */
enum bench_status poolgrad_bench_check(const struct bench *bench, struct bench_report report, poolgrad_error *error);

/* Times the rows, their streams and `others` more contenders in one contest, and says what the machine is and did
 * besides. BENCH_OK or BENCH_NO_MEMORY. */
enum bench_status poolgrad_bench_measure(struct bench *bench, const struct bench_timing *timing,
                                         struct contender *other, int others);

/* Of anything that began as zeros. */
void poolgrad_bench_release(struct bench *bench);

/* ---- What is told of a row --------------------------------------------------------------------------------------- */

/* "gradient/max/nhwc/float16/8x64x112x112_k3s2p1" */
void poolgrad_bench_row_name(const struct bench *bench, const struct bench_row *row, char name[CASE_NAME]);

/* The share of what the memory allows: the best stream's time over the call's. */
double poolgrad_bench_share(const struct bench_row *row);

/* Bytes of the row's tensors that have to be read or written, by the second, in units of 10^9. */
double poolgrad_bench_rate(const struct bench_row *row);

/* From the lower to the upper quartile, as a part of the median. */
double poolgrad_bench_spread(const struct bench_row *row);

struct bench_value {
    const char *group, *name; /* group: null, or of values that stand together */
    enum { VALUE_TEXT, VALUE_INTEGER, VALUE_REAL } type;
    bool computed; /* says what is computed; all others, how, and what was found */
    const char *text;
    int64_t integer;
    double real;
};

enum { BENCH_VALUES = 64 };

/* All that is known of a measured row, the same names in the same order for every row. `name` is room for a text of
 * them. How many there are. */
int poolgrad_bench_values(const struct bench *bench, const struct bench_row *row, char name[CASE_NAME],
                          struct bench_value value[BENCH_VALUES]);

#endif
