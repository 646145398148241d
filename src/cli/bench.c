/* SPDX-License-Identifier: Apache-2.0 */
/* bench: choose, take memory, check, time, tell. */
#include "cli/bench.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/posix.h"
#include "cli/progress.h"
#include "cli/setup.h"
#include "cli/tensor.h"

static const double gibibyte = 1 << 30;

void poolgrad_bench_release(struct bench *bench)
{
    for (int i = 0; i < bench->row_count; i++) poolgrad_trial_destroy(&bench->rows[i].trial);
    for (int i = 0; i < bench->case_count; i++) poolgrad_buffers_free(&bench->cases[i].buffers);
    free(bench->cases);
    free(bench->rows);
    free(bench->streams);
}

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

/* Layouts in which the case's picks are kept, 0 where nothing saves any. */
static int saving_layouts(const struct bench *bench, int which)
{
    bool saves[LAYOUTS] = {false};
    int count = 0;
    for (int i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        if (row->which == which && row->choice.kind == MEASURED_ARGMAX) saves[row->choice.layout] = true;
    }
    for (int layout = 0; layout < LAYOUTS; layout++) count += saves[layout];
    return count;
}

/* Systems promise more memory than they have and end who takes it, so the promise is not relied on. */
static int check_memory(const struct options *options, const struct bench *bench)
{
    int64_t memory = poolgrad_memory(), sum = 0;
    for (int i = 0; i < bench->case_count; i++) {
        const struct bench_case *each = &bench->cases[i];
        int layouts = saving_layouts(bench, i);
        int64_t bytes = poolgrad_buffers_size(&each->shape, each->format, layouts, layouts > 0);
        if (bytes < 0 || bytes > INT64_MAX - sum) {
            return poolgrad_fail(options, "--input-size: the tensors have more than 2^63 bytes; expected fewer");
        }
        sum += bytes;
    }
    if (sum <= memory) return 0;
    return poolgrad_fail(options, "the tensors need %.1f GiB; expected at most %.1f GiB, the memory of this machine",
                         (double)sum / gibibyte, (double)memory / gibibyte);
}

static int no_memory(const struct options *options)
{
    return poolgrad_fail(options, "not enough memory for the tensors; expected fewer workloads or formats, or smaller "
                                  "ones");
}

/* ---- Checking --------------------------------------------------------------------------------------------------- */

static int refused(const struct options *options, const poolgrad_error *error)
{
    static const char *const images[] = {"source.", "source_gradient.", "destination.", "indices."};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        if (strncmp(error->field, images[i], strlen(images[i])) != 0) continue;
        return poolgrad_fail(options, "--input-size: %s", error->message);
    }
    return poolgrad_setup_refused(options, error);
}

static int make_trial(const struct options *options, struct bench *bench, struct bench_row *row)
{
    poolgrad_error error;
    struct buffers *buffers = &bench->cases[row->which].buffers;
    poolgrad_status status = poolgrad_trial_make(&row->trial, buffers, &row->choice, &error);
    if (status == POOLGRAD_NO_MEMORY) return no_memory(options);
    return status == POOLGRAD_OK ? 0 : refused(options, &error);
}

static int check_trial(const struct options *options, const struct bench *bench, const struct bench_row *row)
{
    struct mismatch m;
    char name[CASE_NAME];
    poolgrad_trial_contend(&row->trial);
    enum trial_verdict verdict = poolgrad_trial_check(&row->trial, &m);
    if (verdict == TRIAL_RIGHT) return 0;
    if (verdict == TRIAL_NO_MEMORY) return no_memory(options);
    poolgrad_bench_row_name(bench, row, name);
    poolgrad_fail(options,
                  "%s: the %s at (n %" PRId64 ", c %" PRId64 ", y %" PRId64 ", x %" PRId64
                  ") is %.9g; the reference has %.9g",
                  name, m.of_picks ? "picked tap" : "result", m.n, m.c, m.y, m.x, m.actual, m.expected);
    return 1;
}

static int make_buffers(const struct options *options, struct bench *bench)
{
    for (int i = 0; i < bench->case_count; i++) {
        struct bench_case *each = &bench->cases[i];
        if (!poolgrad_buffers_make(&each->buffers, &each->shape, each->format, saving_layouts(bench, i) > 0)) {
            return no_memory(options);
        }
    }
    return 0;
}

int poolgrad_bench_plan(const struct options *options, struct bench *bench)
{
    int status = check_memory(options, bench);
    if (status == 0) status = make_buffers(options, bench);
    for (int i = 0; status == 0 && i < bench->row_count; i++) status = make_trial(options, bench, &bench->rows[i]);
    return status;
}

int poolgrad_bench_prepare(const struct options *options, struct bench *bench)
{
    int status = poolgrad_bench_plan(options, bench);
    struct progress progress = poolgrad_progress_begin("checking", bench->row_count);
    for (int i = 0; status == 0 && i < bench->row_count; i++) {
        status = check_trial(options, bench, &bench->rows[i]);
        poolgrad_progress_update(&progress, i + 1);
    }
    poolgrad_progress_end(&progress);
    return status;
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

static void show_share(void *context, double share)
{
    enum { PARTS = 1000 };
    struct progress *progress = context;
    progress->total = PARTS;
    poolgrad_progress_update(progress, (int64_t)(share * (double)PARTS));
}

static int run_contest(const struct options *options, struct bench *bench, struct contender *contender, int count)
{
    const uint64_t seed = 20140915;
    struct progress progress = poolgrad_progress_begin("measuring", 1);
    const struct contest contest = {.contender = contender,
                                    .count = count,
                                    .rounds = (int)poolgrad_number(options, OPTION_REPEAT, 15),
                                    .limit = options->value[OPTION_SECONDS].seconds,
                                    .seed = seed,
                                    .report = show_share,
                                    .report_context = &progress};
    for (int i = 0; i < bench->row_count; i++) {
        contender[i] = (struct contender){.run = poolgrad_trial_contend, .context = &bench->rows[i].trial};
    }
    for (int i = 0; i < bench->stream_count; i++) {
        contender[bench->row_count + i] = (struct contender){.run = poolgrad_stream_contend,
                                                             .context = &bench->streams[i]};
    }
    bench->rounds = poolgrad_contest_run(&contest);
    poolgrad_progress_end(&progress);
    if (bench->rounds == 0) return no_memory(options);
    read_results(bench, contender);
    return 0;
}

int poolgrad_bench_measure(const struct options *options, struct bench *bench, struct contender *other, int others)
{
    size_t most = (size_t)bench->row_count * (size_t)poolgrad_stream_ways() * 2;
    bench->streams = calloc(most, sizeof *bench->streams);
    if (!bench->streams) return no_memory(options);
    for (int i = 0; i < bench->row_count; i++) find_streams(bench, i);
    int own = bench->row_count + bench->stream_count;
    struct contender *contender = calloc((size_t)own + (size_t)others, sizeof *contender);
    if (!contender) return no_memory(options);
    for (int i = 0; i < others; i++) contender[own + i] = other[i];
    int status = run_contest(options, bench, contender, own + others);
    for (int i = 0; i < others; i++) other[i] = contender[own + i];
    free(contender);
    return status;
}

/* ---- Results ---------------------------------------------------------------------------------------------------- */

void poolgrad_bench_row_name(const struct bench *bench, const struct bench_row *row, char name[CASE_NAME])
{
    static const char *const directions[] = {"forward", "gradient"}, *const layouts[] = {"nchw", "nhwc", "nc4hw4"};
    char geometry[CASE_NAME];
    const struct bench_case *of = &bench->cases[row->which];
    poolgrad_shape_name(&of->shape, geometry);
    snprintf(name, CASE_NAME, "%s/%s/%s/%s/%.140s", directions[row->choice.direction],
             poolgrad_measured_kind_name(row->choice.kind), layouts[row->choice.layout],
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

struct results {
    struct output json, plot;
    bool json_to_stdout;
};

static int open_results(const struct options *options, struct results *results)
{
    bool json = poolgrad_given(options, OPTION_JSON);
    results->json_to_stdout = json && strcmp(options->value[OPTION_JSON].text, "-") == 0;
    int status = 0;
    if (json && !results->json_to_stdout)
        status = poolgrad_output_open(options, poolgrad_file(options, OPTION_JSON), &results->json);
    if (status == 0 && poolgrad_given(options, OPTION_PLOT)) {
        status = poolgrad_output_open(options, poolgrad_file(options, OPTION_PLOT), &results->plot);
    }
    return status;
}

static int write_results(const struct options *options, const struct bench *bench, struct results *results)
{
    int status = 0;
    if (results->json_to_stdout) {
        poolgrad_bench_print_json(bench, stdout);
    } else {
        poolgrad_bench_print_table(bench, stdout);
    }
    struct output *const outputs[] = {&results->json, &results->plot};
    for (int i = 0; i < 2; i++) {
        if (!outputs[i]->file || status != 0) continue;
        (i == 0 ? poolgrad_bench_print_json : poolgrad_bench_print_plot)(bench, outputs[i]->file);
        status = poolgrad_output_close(options, outputs[i]);
        if (status == 0) status = poolgrad_output_commit(options, outputs[i]);
    }
    return status;
}

/* Each note is of one kind, so of several kinds none is told. Saved picks do not make a rule idle: it made them. */
static void print_notes(const struct options *options, const struct bench *bench)
{
    poolgrad_problem problem = bench->rows[0].trial.problem;
    problem.indices.data = NULL;
    for (int i = 1; i < bench->row_count; i++) {
        if (bench->rows[i].trial.problem.kind != problem.kind) return;
    }
    poolgrad_setup_notes(options, &problem);
}

static int measure_and_tell(const struct options *options, struct bench *bench)
{
    struct results results = {0};
    int status = open_results(options, &results);
    if (status == 0) status = poolgrad_bench_prepare(options, bench);
    if (status == 0) {
        print_notes(options, bench);
        status = poolgrad_bench_measure(options, bench, NULL, 0);
    }
    if (status == 0) status = write_results(options, bench, &results);
    poolgrad_output_discard(&results.json);
    poolgrad_output_discard(&results.plot);
    return status;
}

static int check_options(const struct options *options)
{
    static const enum option idle[] = {OPTION_JSON, OPTION_PLOT, OPTION_REPEAT, OPTION_SECONDS};
    enum { MOST_ROUNDS = 1000000 };
    int64_t rounds = poolgrad_number(options, OPTION_REPEAT, 1);
    for (size_t i = 0; i < sizeof idle / sizeof *idle && poolgrad_given(options, OPTION_LIST); i++) {
        if (!poolgrad_given(options, idle[i])) continue;
        return poolgrad_fail(options, "--%s is given beside --list, which measures nothing; expected one of them",
                             poolgrad_options[idle[i]].name);
    }
    if (rounds >= 1 && rounds <= MOST_ROUNDS) return 0;
    return poolgrad_fail(options, "--repeat is %" PRId64 "; expected 1 to %d", rounds, MOST_ROUNDS);
}

int poolgrad_command_bench(const struct options *options)
{
    struct bench bench = {0};
    int status = check_options(options);
    if (status == 0) status = poolgrad_bench_choose(options, &bench);
    if (status == 0 && poolgrad_given(options, OPTION_LIST)) {
        poolgrad_bench_print_list(&bench, stdout);
    } else if (status == 0) {
        status = measure_and_tell(options, &bench);
    }
    poolgrad_bench_release(&bench);
    return status;
}
