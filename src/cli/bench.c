/* SPDX-License-Identifier: Apache-2.0 */
/* bench: choose, take memory, check, time, tell. */
#include "cli/bench.h"

#include <inttypes.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/posix.h"
#include "cli/progress.h"
#include "cli/setup.h"
#include "cli/tensor.h"

static const double gibibyte = 1 << 30;

/* ---- Memory and checks ------------------------------------------------------------------------------------------- */

/* Systems promise more memory than they have and end who takes it, so the promise is not relied on. */
static int check_memory(const struct options *options, const struct bench *bench)
{
    int64_t memory = poolgrad_memory(), bytes = poolgrad_bench_bytes(bench);
    if (bytes < 0) return poolgrad_fail(options, "--input-size: the tensors have more than 2^63 bytes; expected fewer");
    if (bytes <= memory) return 0;
    return poolgrad_fail(options, "the tensors need %.1f GiB; expected at most %.1f GiB, the memory of this machine",
                         (double)bytes / gibibyte, (double)memory / gibibyte);
}

static int no_memory(const struct options *options)
{
    return poolgrad_fail(options, "not enough memory for the tensors; expected fewer workloads or formats, or smaller "
                                  "ones");
}

static int refused(const struct options *options, const poolgrad_error *error)
{
    static const char *const images[] = {"source.", "source_gradient.", "destination.", "indices.", "picks."};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        if (strncmp(error->field, images[i], strlen(images[i])) != 0) continue;
        return poolgrad_fail(options, "--input-size: %s", error->message);
    }
    return poolgrad_setup_refused(options, error);
}

/* The exit status, after a sentence where it is not 0. */
static int answer(const struct options *options, enum bench_status status, const poolgrad_error *error)
{
    switch (status) {
    case BENCH_OK: break;
    case BENCH_NO_MEMORY: return no_memory(options);
    case BENCH_REFUSED: return refused(options, error);
    case BENCH_WRONG: poolgrad_fail(options, "%s", error->message); return 1;
    }
    return 0;
}

int poolgrad_bench_make(const struct options *options, struct bench *bench)
{
    poolgrad_error error;
    int status = check_memory(options, bench);
    return status == 0 ? answer(options, poolgrad_bench_plan(bench, &error), &error) : status;
}

static void show_share(void *context, double share)
{
    enum { PARTS = 1000 };
    struct progress *progress = context;
    progress->total = PARTS;
    poolgrad_progress_update(progress, (int64_t)(share * (double)PARTS));
}

int poolgrad_bench_prepare(const struct options *options, struct bench *bench)
{
    poolgrad_error error;
    int status = poolgrad_bench_make(options, bench);
    if (status != 0) return status;
    struct progress progress = poolgrad_progress_begin("checking", 1);
    enum bench_status checked = poolgrad_bench_check(bench, (struct bench_report){show_share, &progress}, &error);
    poolgrad_progress_end(&progress);
    return answer(options, checked, &error);
}

int poolgrad_bench_time(const struct options *options, struct bench *bench, struct contender *other, int others)
{
    char sentence[LOAD_SENTENCE];
    struct progress progress = poolgrad_progress_begin("measuring", 1);
    const struct bench_timing timing = {.rounds = (int)poolgrad_number(options, OPTION_REPEAT, 15),
                                        .limit = options->value[OPTION_SECONDS].seconds,
                                        .report = {show_share, &progress}};
    enum bench_status status = poolgrad_bench_measure(bench, &timing, other, others);
    poolgrad_progress_end(&progress);
    if (status != BENCH_OK) return no_memory(options);
    if (!bench->load.busy) return 0;
    poolgrad_load_sentence(&bench->load, bench->processors, sentence);
    poolgrad_note(options, "%s", sentence);
    return 0;
}

/* ---- Results ---------------------------------------------------------------------------------------------------- */

typedef void print_function(const struct bench *bench, const struct comparison *comparison, FILE *file);

static const struct {
    enum option option;
    print_function *print;
} files[] = {{OPTION_JSON, poolgrad_bench_print_json},
             {OPTION_CSV, poolgrad_bench_print_csv},
             {OPTION_PLOT, poolgrad_bench_print_plot}};
enum { FILES = sizeof files / sizeof *files };

static bool is_stdout(const struct options *options, enum option option)
{
    const struct file_argument file = poolgrad_file(options, option);
    return poolgrad_given(options, option) && poolgrad_is_stream(&file);
}

static int open_results(const struct options *options, struct output output[FILES])
{
    int status = 0;
    for (int i = 0; i < FILES && status == 0; i++) {
        if (!poolgrad_given(options, files[i].option) || is_stdout(options, files[i].option)) continue;
        status = poolgrad_output_open(options, poolgrad_file(options, files[i].option), &output[i]);
    }
    return status;
}

static void print_text(const struct bench *bench, const struct comparison *comparison)
{
    poolgrad_bench_print_table(bench, stdout);
    if (comparison->file) poolgrad_bench_print_comparison(bench, comparison, stdout);
}

static int write_results(const struct options *options, const struct bench *bench, const struct comparison *comparison,
                         struct output output[FILES])
{
    int status = 0;
    bool told = false;
    for (int i = 0; i < FILES; i++) {
        if (!is_stdout(options, files[i].option)) continue;
        files[i].print(bench, comparison, stdout);
        told = true;
    }
    if (!told) print_text(bench, comparison);
    for (int i = 0; i < FILES && status == 0; i++) {
        if (!output[i].file) continue;
        files[i].print(bench, comparison, output[i].file);
        status = poolgrad_output_close(options, &output[i]);
        if (status == 0) status = poolgrad_output_commit(options, &output[i]);
    }
    return status;
}

/* Each note is of one kind, so of several kinds none is told. Saved picks do not make a rule idle: it made them. */
static void print_notes(const struct options *options, const struct bench *bench)
{
    poolgrad_problem problem = bench->rows[0].trial.problem;
    problem.indices = (poolgrad_const_image){0};
    problem.picks = (poolgrad_image){0};
    for (int i = 1; i < bench->row_count; i++) {
        if (bench->rows[i].trial.problem.kind != problem.kind) return;
    }
    poolgrad_setup_notes(options, &problem);
}

static int measure_and_tell(const struct options *options, struct bench *bench, struct comparison *comparison,
                            struct output output[FILES])
{
    int status = poolgrad_given(options, OPTION_COMPARE) ? poolgrad_compare_read(options, comparison) : 0;
    if (status == 0) status = open_results(options, output);
    if (status == 0) status = poolgrad_bench_prepare(options, bench);
    if (status != 0) return status;
    print_notes(options, bench);
    status = poolgrad_bench_time(options, bench, NULL, 0);
    if (status == 0 && comparison->file) status = poolgrad_compare_rows(options, bench, comparison);
    return status == 0 ? write_results(options, bench, comparison, output) : status;
}

static int measure(const struct options *options, struct bench *bench)
{
    struct output output[FILES] = {0};
    struct comparison comparison = {0};
    int status = measure_and_tell(options, bench, &comparison, output);
    for (int i = 0; i < FILES; i++) poolgrad_output_discard(&output[i]);
    poolgrad_compare_release(&comparison);
    return status;
}

/* A picture alone shows no ratios. */
static int check_comparison(const struct options *options)
{
    const bool told = poolgrad_given(options, OPTION_JSON) || poolgrad_given(options, OPTION_CSV);
    if (!poolgrad_given(options, OPTION_COMPARE) || !is_stdout(options, OPTION_PLOT) || told) return 0;
    return poolgrad_fail(options, "--compare is given beside --plot -, which shows no ratios; expected --json or --csv "
                                  "as well, or another file for --plot");
}

static int check_options(const struct options *options)
{
    static const enum option idle[] = {OPTION_JSON,    OPTION_CSV,    OPTION_PLOT,
                                       OPTION_COMPARE, OPTION_REPEAT, OPTION_SECONDS};
    enum { MOST_ROUNDS = 1000000 };
    int64_t rounds = poolgrad_number(options, OPTION_REPEAT, 1);
    for (size_t i = 0; i < sizeof idle / sizeof *idle && poolgrad_given(options, OPTION_LIST); i++) {
        if (!poolgrad_given(options, idle[i])) continue;
        return poolgrad_fail(options, "--%s is given beside --list, which measures nothing; expected one of them",
                             poolgrad_options[idle[i]].name);
    }
    if (rounds >= 1 && rounds <= MOST_ROUNDS) return check_comparison(options);
    return poolgrad_fail(options, "--repeat is %" PRId64 "; expected 1 to %d", rounds, MOST_ROUNDS);
}

/* The row's problem over no images at all: what is listed takes no memory. */
static poolgrad_problem listed_problem(const struct bench *bench, const struct bench_row *row)
{
    static unsigned char somewhere;
    const struct bench_case *each = &bench->cases[row->which];
    const poolgrad_const_image *source = &each->shape.source;
    const poolgrad_image *output = &each->shape.destination;
    const poolgrad_image large = poolgrad_image_dense_3d(&somewhere, each->format, row->choice.layout, 0,
                                                         source->channels, source->depth, source->height,
                                                         source->width);
    const poolgrad_image small = poolgrad_image_dense_3d(&somewhere, each->format, row->choice.layout, 0,
                                                         output->channels, output->depth, output->height,
                                                         output->width);
    const bool gradient = row->choice.direction == POOLGRAD_GRADIENT;
    poolgrad_problem p = each->shape;
    p.direction = row->choice.direction;
    p.kind = poolgrad_measured_kind_of(row->choice.kind);
    p.source = poolgrad_image_as_const(&large);
    if (gradient) p.source_gradient = poolgrad_image_as_const(&small);
    p.destination = gradient ? large : small;
    return p;
}

/* What could not be measured is not listed. */
static int list(const struct options *options, const struct bench *bench)
{
    poolgrad_error error;
    for (int i = 0; i < bench->row_count; i++) {
        const poolgrad_problem p = listed_problem(bench, &bench->rows[i]);
        if (poolgrad_check(&p, &error) != POOLGRAD_OK) return refused(options, &error);
    }
    poolgrad_bench_print_list(bench, stdout);
    return 0;
}

int poolgrad_command_bench(const struct options *options)
{
    struct bench bench = {0};
    int status = check_options(options);
    if (status == 0) status = poolgrad_bench_choose(options, &bench);
    if (status == 0) status = poolgrad_given(options, OPTION_LIST) ? list(options, &bench) : measure(options, &bench);
    poolgrad_bench_free(&bench);
    return status;
}
