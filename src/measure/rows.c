/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/rows.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void poolgrad_bench_release(struct bench *bench)
{
    for (int i = 0; i < bench->row_count; i++) poolgrad_trial_destroy(&bench->rows[i].trial);
    for (int i = 0; i < bench->case_count; i++) poolgrad_buffers_free(&bench->cases[i].buffers);
    free(bench->cases);
    free(bench->rows);
    free(bench->streams);
}

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

/* Bits 1 << layout of the case's rows; of those alone that save picks. */
static unsigned layouts_of(const struct bench *bench, int which, bool saving)
{
    unsigned layouts = 0;
    for (int i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        if (row->which != which || (saving && row->choice.kind != MEASURED_ARGMAX)) continue;
        layouts |= 1U << row->choice.layout;
    }
    return layouts;
}

int64_t poolgrad_bench_bytes(const struct bench *bench)
{
    int64_t sum = 0;
    for (int i = 0; i < bench->case_count; i++) {
        const struct bench_case *each = &bench->cases[i];
        const unsigned layouts = layouts_of(bench, i, false), saving = layouts_of(bench, i, true);
        int64_t bytes = poolgrad_buffers_size(&each->shape, each->format, layouts, saving);
        if (bytes < 0 || bytes > INT64_MAX - sum) return -1;
        sum += bytes;
    }
    return sum;
}

/* ---- Checking --------------------------------------------------------------------------------------------------- */

enum bench_status poolgrad_bench_plan(struct bench *bench, poolgrad_error *error)
{
    for (int i = 0; i < bench->case_count; i++) {
        struct bench_case *each = &bench->cases[i];
        const unsigned layouts = layouts_of(bench, i, false);
        const bool saving = layouts_of(bench, i, true) != 0;
        if (!poolgrad_buffers_make(&each->buffers, &each->shape, each->format, layouts, saving)) return BENCH_NO_MEMORY;
    }
    for (int i = 0; i < bench->row_count; i++) {
        struct bench_row *row = &bench->rows[i];
        struct buffers *buffers = &bench->cases[row->which].buffers;
        poolgrad_status status = poolgrad_trial_make(&row->trial, buffers, &row->choice, error);
        if (status == POOLGRAD_NO_MEMORY) return BENCH_NO_MEMORY;
        if (status != POOLGRAD_OK) return BENCH_REFUSED;
    }
    return BENCH_OK;
}

static enum bench_status check_row(const struct bench *bench, const struct bench_row *row, poolgrad_error *error)
{
    struct mismatch m;
    char name[CASE_NAME], z[32] = "";
    poolgrad_trial_contend(&row->trial);
    enum trial_verdict verdict = poolgrad_trial_check(&row->trial, &m);
    if (verdict == TRIAL_RIGHT) return BENCH_OK;
    if (verdict == TRIAL_NO_MEMORY) return BENCH_NO_MEMORY;
    poolgrad_bench_row_name(bench, row, name);
    if (row->trial.problem.source.depth > 1) snprintf(z, sizeof z, "z %" PRId64 ", ", m.z);
    snprintf(error->message, sizeof error->message,
             "%.120s: the %s at (n %" PRId64 ", c %" PRId64 ", %sy %" PRId64 ", x %" PRId64
             ") is %.9g; the reference has %.9g",
             name, m.of_picks ? "picked tap" : "result", m.n, m.c, z, m.y, m.x, m.actual, m.expected);
    return BENCH_WRONG;
}

static void say(const struct bench_report *report, double share)
{
    if (report->report) report->report(report->context, share);
}

enum bench_status poolgrad_bench_check(const struct bench *bench, struct bench_report report, poolgrad_error *error)
{
    for (int i = 0; i < bench->row_count; i++) {
        enum bench_status status = check_row(bench, &bench->rows[i], error);
        if (status != BENCH_OK) return status;
        say(&report, (double)(i + 1) / bench->row_count);
    }
    return BENCH_OK;
}

/* ---- Timing ----------------------------------------------------------------------------------------------------- */

static bool same_traffic(const struct stream *a, const struct stream *b)
{
    if (a->parts != b->parts || a->threads != b->threads) return false;
    for (int p = 0; p < a->parts; p++) {
        const struct stream_part *x = &a->part[p], *y = &b->part[p];
        if (x->bytes != y->bytes || x->written != y->written) return false;
    }
    return true;
}

static void add_streams(struct bench *bench, struct stream stream)
{
    for (stream.way = 0; stream.way < poolgrad_stream_ways(); stream.way++) {
        bench->streams[bench->stream_count++] = stream;
    }
}

/* What fits into one processor's cache is often done sooner by one thread. */
static void find_streams(struct bench *bench, int index)
{
    const int64_t small = 1 << 22;
    struct bench_row *row = &bench->rows[index];
    struct stream stream = poolgrad_trial_stream(&row->trial);
    for (int i = 0; i < index; i++) {
        const struct bench_row *other = &bench->rows[i];
        struct stream theirs = poolgrad_trial_stream(&other->trial);
        if (other->which != row->which || !same_traffic(&stream, &theirs)) continue;
        row->first_stream = other->first_stream;
        row->streams = other->streams;
        return;
    }
    row->first_stream = bench->stream_count;
    add_streams(bench, stream);
    if (stream.threads > 1 && poolgrad_trial_bytes(&row->trial) < small) {
        stream.threads = 1;
        add_streams(bench, stream);
    }
    row->streams = bench->stream_count - row->first_stream;
}

static void read_results(struct bench *bench, const struct contender *contender)
{
    for (int i = 0; i < bench->row_count; i++) {
        struct bench_row *row = &bench->rows[i];
        row->seconds = contender[i].seconds;
        for (int s = row->first_stream; s < row->first_stream + row->streams; s++) {
            const struct spread *seconds = &contender[bench->row_count + s].seconds;
            bool first = s == row->first_stream;
            if (first || seconds->least < row->least_ceiling) row->least_ceiling = seconds->least;
            if (!first && seconds->median >= row->ceiling) continue;
            row->ceiling = seconds->median;
            row->ceiling_way = poolgrad_stream_way_name(bench->streams[s].way);
            row->ceiling_threads = bench->streams[s].threads;
        }
    }
}

static int most_threads(const struct bench *bench)
{
    int threads = 1;
    for (int i = 0; i < bench->row_count; i++) {
        if (bench->rows[i].choice.threads > threads) threads = bench->rows[i].choice.threads;
    }
    return threads;
}

static enum bench_status run_contest(struct bench *bench, const struct bench_timing *timing,
                                     struct contender *contender, int count)
{
    const uint64_t seed = 20140915;
    const struct contest contest = {.contender = contender,
                                    .count = count,
                                    .rounds = timing->rounds,
                                    .limit = timing->limit,
                                    .seed = seed,
                                    .report = timing->report.report,
                                    .report_context = timing->report.context};
    for (int i = 0; i < bench->row_count; i++) {
        contender[i] = (struct contender){.run = poolgrad_trial_contend, .context = &bench->rows[i].trial};
    }
    for (int i = 0; i < bench->stream_count; i++) {
        contender[bench->row_count + i] = (struct contender){.run = poolgrad_stream_contend,
                                                             .context = &bench->streams[i]};
    }
    const struct load_mark began = poolgrad_load_mark();
    bench->rounds = poolgrad_contest_run(&contest);
    bench->load = poolgrad_load_since(&began, bench->processors, most_threads(bench));
    if (bench->rounds == 0) return BENCH_NO_MEMORY;
    read_results(bench, contender);
    return BENCH_OK;
}

enum bench_status poolgrad_bench_measure(struct bench *bench, const struct bench_timing *timing,
                                         struct contender *other, int others)
{
    size_t most = (size_t)bench->row_count * (size_t)poolgrad_stream_ways() * 2;
    poolgrad_machine_look(&bench->machine);
    bench->streams = calloc(most, sizeof *bench->streams);
    if (!bench->streams) return BENCH_NO_MEMORY;
    for (int i = 0; i < bench->row_count; i++) find_streams(bench, i);
    int own = bench->row_count + bench->stream_count;
    struct contender *contender = calloc((size_t)own + (size_t)others, sizeof *contender);
    if (!contender) return BENCH_NO_MEMORY;
    for (int i = 0; i < others; i++) contender[own + i] = other[i];
    enum bench_status status = run_contest(bench, timing, contender, own + others);
    for (int i = 0; i < others; i++) other[i] = contender[own + i];
    free(contender);
    return status;
}
