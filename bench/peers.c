/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad beside oneDNN and a plain C loop: the same tensors, threads and moments.
 *
 *     peers [OPTION...]
 *
 * Takes the options of poolgrad bench but --json, --csv, --plot, --compare and --list, and one number of threads. Every
 * contender of every row is timed once in each round, in a new random order. Exit status: 0, 1 where a result of
 * poolgrad's is not the reference's, 2 where it cannot run. docs/performance.md says what is aimed at.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "naive.h"
#ifdef POOLGRAD_ONEDNN
#include "onednn.h"
#endif

enum { PEERS = 2 };
static const char *const peer_names[PEERS] = {"oneDNN", "naive C"};

/* The others in one row; a contender without `run` is none. */
struct peers {
    struct naive naive;
#ifdef POOLGRAD_ONEDNN
    struct onednn *onednn;
#endif
    struct contender contender[PEERS];
    double agreeing[PEERS]; /* elements with poolgrad's very bits, 0 to 1 */
};

/* ---- What is aimed at -------------------------------------------------------------------------------------------- */

/* The best peer's time over poolgrad's: at least `row` in every row, or `near_ceiling` of the ceiling; `mean` in the
 * geometric mean, 0 where only the rows count. */
struct target {
    const char *name;
    double row, mean;
};
static const double near_ceiling = 0.9;

enum { DILATED, SAVED, SOURCE, AVERAGE, L2NORM, FORWARD, HALF, TARGETS };
static const struct target targets[TARGETS] = {{"dilated max, gradient", 2, 0},
                                               {"max from saved picks, gradient", 1.3, 2.5},
                                               {"max from the source, gradient", 0.9, 1.8},
                                               {"average, gradient", 1.3, 3},
                                               {"L2-norm, gradient", 4, 0},
                                               {"forward, every kind", 1, 1.5},
                                               {"float16 and bfloat16", 1.5, 0}};

static int target_of(const struct bench *bench, const struct bench_row *row)
{
    static const int of_kind[MEASURED_KINDS] = {AVERAGE, SOURCE, SAVED, L2NORM};
    const poolgrad_window *w = &row->trial.problem.window;
    poolgrad_format format = bench->cases[row->which].format;
    bool max = row->choice.kind == MEASURED_MAX || row->choice.kind == MEASURED_ARGMAX;
    if (row->choice.direction == POOLGRAD_FORWARD) return FORWARD;
    if (format == POOLGRAD_FLOAT16 || format == POOLGRAD_BFLOAT16) return HALF;
    if (max && (w->dilation_x > 1 || w->dilation_y > 1)) return DILATED;
    return of_kind[row->choice.kind];
}

/* ---- Peers ------------------------------------------------------------------------------------------------------- */

/* Runs the peer over what poolgrad left, a copy of which is `expected`. */
static double agreement(const struct bench_row *row, const struct contender *contender, const void *expected)
{
    const poolgrad_image *image = &row->trial.problem.destination;
    size_t size = poolgrad_format_size(image->format);
    size_t elements = (size_t)poolgrad_trial_result_bytes(&row->trial) / size, same = 0;
    contender->run(contender->context);
    for (size_t i = 0; i < elements; i++) {
        same += memcmp((const char *)image->data + i * size, (const char *)expected + i * size, size) == 0;
    }
    return (double)same / (double)elements;
}

static void meet(const struct bench_row *row, struct peers *peers)
{
#ifdef POOLGRAD_ONEDNN
    peers->onednn = poolgrad_onednn_make(&row->trial);
    if (peers->onednn) {
        peers->contender[0] = (struct contender){.run = poolgrad_onednn_contend, .context = peers->onednn};
    }
#endif
    if (poolgrad_naive_make(&peers->naive, &row->trial.problem, poolgrad_plan_threads(row->trial.plan))) {
        peers->contender[1] = (struct contender){.run = poolgrad_naive_contend, .context = &peers->naive};
    }
}

static bool compare(const struct bench_row *row, struct peers *peers)
{
    const poolgrad_image *image = &row->trial.problem.destination;
    size_t bytes = (size_t)poolgrad_trial_result_bytes(&row->trial);
    void *expected = malloc(bytes);
    if (!expected) return false;
    poolgrad_trial_contend(&row->trial);
    memcpy(expected, image->data, bytes);
    for (int i = 0; i < PEERS; i++) {
        if (peers->contender[i].run) peers->agreeing[i] = agreement(row, &peers->contender[i], expected);
    }
    free(expected);
    return true;
}

static void part(struct peers *peers, int count)
{
    for (int i = 0; i < count; i++) {
        poolgrad_naive_free(&peers[i].naive);
#ifdef POOLGRAD_ONEDNN
        poolgrad_onednn_free(peers[i].onednn);
#endif
    }
    free(peers);
}

/* ---- Timing ------------------------------------------------------------------------------------------------------ */

static int time_all(const struct options *options, struct bench *bench, struct peers *peers)
{
    int count = 0;
    struct contender *all = calloc((size_t)bench->row_count * PEERS, sizeof *all);
    if (!all) return poolgrad_fail(options, "not enough memory for the list of contenders");
    for (int i = 0; i < bench->row_count * PEERS; i++) {
        const struct contender *each = &peers[i / PEERS].contender[i % PEERS];
        if (each->run) all[count++] = *each;
    }
    int status = poolgrad_bench_time(options, bench, all, count);
    count = 0;
    for (int i = 0; status == 0 && i < bench->row_count * PEERS; i++) {
        struct contender *each = &peers[i / PEERS].contender[i % PEERS];
        if (each->run) *each = all[count++];
    }
    free(all);
    return status;
}

/* 0 where the row has no peer. */
static double ratio_of(const struct bench_row *row, const struct peers *peers)
{
    double best = INFINITY;
    for (int i = 0; i < PEERS; i++) {
        if (peers->contender[i].run) best = fmin(best, peers->contender[i].seconds.median);
    }
    return isinf(best) ? 0 : best / row->seconds.median;
}

/* The same of the least times instead of the medians. */
static double least_ratio_of(const struct bench_row *row, const struct peers *peers)
{
    double best = INFINITY;
    for (int i = 0; i < PEERS; i++) {
        if (peers->contender[i].run) best = fmin(best, peers->contender[i].seconds.least);
    }
    return isinf(best) ? 0 : best / row->seconds.least;
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

static void print_peer(const struct contender *contender, double agreeing)
{
    if (contender->run)
        printf(" %9.4g %6.2f %%", contender->seconds.median * 1e3, 100 * agreeing);
    else
        printf(" %9s %8s", "-", "");
}

static void print_rows(const struct bench *bench, const struct peers *peers)
{
    printf("%-54s %9s %9s %8s", "case", "ceiling", "poolgrad", "share");
    for (int i = 0; i < PEERS; i++) printf(" %9s %8s", peer_names[i], "agrees");
    printf(" %7s %8s\n", "ratio", "of least");
    for (int i = 0; i < bench->row_count; i++) {
        char name[CASE_NAME];
        const struct bench_row *row = &bench->rows[i];
        double ratio = ratio_of(row, &peers[i]);
        poolgrad_bench_row_name(bench, row, name);
        printf("%-54s %9.4g %9.4g %6.1f %%", name, row->ceiling * 1e3, row->seconds.median * 1e3,
               100 * poolgrad_bench_share(row));
        for (int p = 0; p < PEERS; p++) print_peer(&peers[i].contender[p], peers[i].agreeing[p]);
        if (ratio > 0)
            printf(" %7.2f %8.2f\n", ratio, least_ratio_of(row, &peers[i]));
        else
            printf(" %7s %8s\n", "-", "-");
    }
}

static void print_target(const struct bench *bench, const struct peers *peers, int which)
{
    double logs = 0, least_logs = 0, worst = INFINITY;
    int rows = 0, short_of = 0;
    for (int i = 0; i < bench->row_count; i++) {
        double ratio = ratio_of(&bench->rows[i], &peers[i]);
        if (ratio == 0 || target_of(bench, &bench->rows[i]) != which) continue;
        rows++;
        logs += log(ratio);
        least_logs += log(least_ratio_of(&bench->rows[i], &peers[i]));
        worst = fmin(worst, ratio);
        short_of += ratio < targets[which].row && poolgrad_bench_share(&bench->rows[i]) < near_ceiling;
    }
    if (rows == 0) return;
    const struct target *t = &targets[which];
    double mean = exp(logs / rows);
    printf("%-34s %5d %8.2f %8.2f %8.2f %8.1f %8d", t->name, rows, exp(least_logs / rows), mean, worst, t->row,
           short_of);
    if (t->mean > 0)
        printf(" %8.1f  %s\n", t->mean, mean >= t->mean && short_of == 0 ? "reached" : "not reached");
    else
        printf(" %8s  %s\n", "-", short_of == 0 ? "reached" : "not reached");
}

/* float16 moves half of float32's bytes: how much of that it gains, where the caches do not help. */
static void print_half_gain(const struct bench *bench)
{
    const int64_t large = INT64_C(1) << 25;
    double logs = 0;
    int rows = 0;
    for (int i = 0; i < bench->row_count * bench->row_count; i++) {
        const struct bench_row *wide = &bench->rows[i / bench->row_count], *half = &bench->rows[i % bench->row_count];
        const struct bench_case *of_wide = &bench->cases[wide->which], *of_half = &bench->cases[half->which];
        if (of_wide->format != POOLGRAD_FLOAT32 || of_half->format != POOLGRAD_FLOAT16) continue;
        if (strcmp(of_wide->workload, of_half->workload) != 0 || wide->choice.kind != half->choice.kind ||
            wide->choice.layout != half->choice.layout || wide->choice.direction != half->choice.direction ||
            wide->choice.direction != POOLGRAD_GRADIENT || poolgrad_trial_bytes(&wide->trial) < large) {
            continue;
        }
        logs += log(wide->seconds.median / half->seconds.median);
        rows++;
    }
    if (rows > 0)
        printf("float16 over float32, in rows beyond 32 MiB: %.2f in the mean of %d (aim: 1.6)\n", exp(logs / rows),
               rows);
}

static void tell(const struct bench *bench, const struct peers *peers)
{
#ifdef POOLGRAD_ONEDNN
    printf("poolgrad %s, oneDNN %s, threads: %d, rounds: %d\n\n", poolgrad_version(), poolgrad_onednn_version(),
           bench->rows[0].choice.threads, bench->rounds);
#else
    printf("poolgrad %s, threads: %d, rounds: %d; built without oneDNN\n\n", poolgrad_version(),
           bench->rows[0].choice.threads, bench->rounds);
#endif
    print_rows(bench, peers);
    printf("\n%-34s %5s %8s %8s %8s %8s %8s %8s\n", "best peer's time over poolgrad's", "rows", "of least", "mean",
           "worst", "aim", "short", "aim mean");
    for (int i = 0; i < TARGETS; i++) print_target(bench, peers, i);
    print_half_gain(bench);
    printf("\nceiling, poolgrad and peers in ms, medians; share of the ceiling; agrees: elements of the same bits\n"
           "ratio  the best peer's time over poolgrad's; short: rows below the aim and below %.0f %% of the ceiling\n"
           "of least: the mean with each one's least time in place of the median, for machines that are never quiet\n"
           "oneDNN's gradient of max always reads picks that were saved, one byte each; in float16 rows it works on\n"
           "bfloat16, which it has in place of float16, and agrees by chance\n",
           100 * near_ceiling);
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static int check_options(const struct options *options)
{
    static const enum option others[] = {OPTION_JSON, OPTION_CSV, OPTION_PLOT, OPTION_COMPARE, OPTION_LIST};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!poolgrad_given(options, others[i])) continue;
        return poolgrad_fail(options, "--%s is given; expected it with poolgrad bench only",
                             poolgrad_options[others[i]].name);
    }
    if (poolgrad_number(options, OPTION_THREAD_COUNTS, 1) == 1) return 0;
    return poolgrad_fail(options, "--threads is '%s'; expected one number", options->value[OPTION_THREAD_COUNTS].text);
}

static int compete(const struct options *options, struct bench *bench)
{
    int status = 0;
    struct peers *peers = calloc((size_t)bench->row_count, sizeof *peers);
    if (!peers) return poolgrad_fail(options, "not enough memory for the list of rows");
#ifdef POOLGRAD_ONEDNN
    poolgrad_onednn_set_threads(bench->rows[0].choice.threads);
#endif
    for (int i = 0; status == 0 && i < bench->row_count; i++) {
        meet(&bench->rows[i], &peers[i]);
        if (!compare(&bench->rows[i], &peers[i])) status = poolgrad_fail(options, "not enough memory to compare");
    }
    if (status == 0) status = time_all(options, bench, peers);
    if (status == 0) tell(bench, peers);
    part(peers, bench->row_count);
    return status;
}

int main(int count, char **word)
{
    struct options options;
    struct bench bench = {0};
    int status = poolgrad_options_parse(&options, COMMAND_BENCH, count - 1, word + 1);
    if (status == 0 && poolgrad_given(&options, OPTION_HELP)) {
        printf("peers [OPTION...]\nTimes poolgrad beside oneDNN and a plain C loop, with the options of poolgrad bench "
               "(poolgrad bench --help)\nbut --json, --plot and --list, and one number of threads.\n");
        return 0;
    }
    if (status == 0) status = check_options(&options);
    if (status == 0) status = poolgrad_bench_choose(&options, &bench);
    if (status == 0) status = poolgrad_bench_prepare(&options, &bench);
    if (status == 0) status = compete(&options, &bench);
    poolgrad_bench_release(&bench);
    return status;
}
