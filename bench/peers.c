/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad beside oneDNN and a plain C loop: the same tensors, threads and moments.
 *
 *     peers [--class WORD[,WORD...]] [OPTION...]
 *
 * Takes the options of poolgrad bench but --json, --plot, --compare and --list, and one number of threads. --class
 * keeps some classes of rows (those of `classes`, below), and asks for both directions unless --direction is given.
 * With both directions there are rows of training steps as well: a forward call, which saves its picks, and the
 * gradient. Every contender of every row is timed once in each round, in a new random order. Exit status: 0, 1 where a
 * result of poolgrad's is not the reference's, 2 where it cannot run. docs/performance.md says what is aimed at.
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

/* Two calls as one. */
struct pair {
    void (*run)(const void *context);
    const void *first, *second;
};

/* A line of the table: one of the bench's rows, or the training step of two of them. The contenders' addresses are
 * kept by others, so lines stay where they are. */
struct line {
    const struct bench_row *row;     /* of a training step: the gradient */
    const struct bench_row *forward; /* of a training step, else null */
    struct trial saving;             /* of a training step: the forward call, into the picks that the gradient reads */
    struct pair own_step, naive_step;
    struct naive naive, naive_forward;
#ifdef POOLGRAD_ONEDNN
    struct onednn *onednn;
#endif
    struct contender own; /* `run` is null where the bench times the row itself */
    struct contender contender[PEERS];
    double agreeing[PEERS]; /* elements with poolgrad's very bits, 0 to 1 */
};

struct lines {
    struct line *line;
    int count;
};

static void run_pair(const void *context)
{
    const struct pair *pair = context;
    pair->run(pair->first);
    pair->run(pair->second);
}

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

/* What is aimed at. The best peer's time over poolgrad's: at least `row` in every row, or `near_ceiling` of the
 * ceiling; in the geometric mean at least `mean`, on many threads `mean_of_many`, or in the mean `mean_near_ceiling`.
 */
struct class_of_rows {
    const char *word, *name;
    double row, mean, mean_of_many;
};
static const double near_ceiling = 0.85, mean_near_ceiling = 0.7;
enum { MANY_THREADS = 8 };

enum class_number { DILATED, SAVED, SOURCE, AVERAGE, L2NORM, HALF, FORWARD, FORWARD_HALF, VOLUME, TRAINING, CLASSES };
static const struct class_of_rows classes[CLASSES] = {{"dilated", "dilated max, gradient", 1.3, 3, 4},
                                                      {"saved", "max from saved picks, gradient", 1.3, 2.6, 4},
                                                      {"source", "max from the source, gradient", 0.9, 1.6, 2.5},
                                                      {"average", "average, gradient", 1.2, 2.8, 3.5},
                                                      {"l2norm", "L2-norm, gradient", 1.2, 4, 4},
                                                      {"half", "float16 and bfloat16, gradient", 1, 2, 2},
                                                      {"forward", "forward, every kind", 1.1, 2.5, 3},
                                                      {"forward-half", "float16 and bfloat16, forward", 1, 2, 2},
                                                      {"volume", "volumes, both directions", 1, 2, 2},
                                                      {"training", "training step", 1.3, 2.5, 3}};

static bool is_half(poolgrad_format format)
{
    return format == POOLGRAD_FLOAT16 || format == POOLGRAD_BFLOAT16;
}

/* Of a row by itself. */
static enum class_number class_of(const struct bench *bench, const struct bench_row *row)
{
    static const enum class_number of_kind[MEASURED_KINDS] = {AVERAGE, SOURCE, SAVED, L2NORM};
    const struct bench_case *each = &bench->cases[row->which];
    const poolgrad_window *w = &each->shape.window;
    const bool max = row->choice.kind == MEASURED_MAX || row->choice.kind == MEASURED_ARGMAX;
    if (each->shape.source.depth > 0) return VOLUME;
    if (row->choice.direction == POOLGRAD_FORWARD) return is_half(each->format) ? FORWARD_HALF : FORWARD;
    if (is_half(each->format)) return HALF;
    if (max && (w->dilation_x > 1 || w->dilation_y > 1)) return DILATED;
    return of_kind[row->choice.kind];
}

static enum class_number class_of_line(const struct bench *bench, const struct line *line)
{
    return line->forward ? TRAINING : class_of(bench, line->row);
}

/* Bits 1 << class of the words; 0, after one sentence, where one is unknown. */
static unsigned read_classes(const char *text)
{
    unsigned chosen = 0;
    for (const char *word = text; word; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
        const size_t length = strcspn(word, ",");
        unsigned found = 0;
        for (int i = 0; i < CLASSES; i++) {
            if (strlen(classes[i].word) == length && memcmp(classes[i].word, word, length) == 0) found = 1U << i;
        }
        if (found == 0) {
            fprintf(stderr, "peers: --class has '%.*s' among its words; expected", (int)length, word);
            for (int i = 0; i < CLASSES; i++) fprintf(stderr, "%s %s", i == 0 ? "" : ",", classes[i].word);
            fprintf(stderr, "\n");
            return 0;
        }
        chosen |= found;
    }
    return chosen;
}

/* Rows of other classes go, unless training steps, which are made of them, are chosen. */
static void keep_classes(struct bench *bench, unsigned chosen)
{
    int kept = 0;
    if (chosen >> TRAINING & 1) return;
    for (int i = 0; i < bench->row_count; i++) {
        if (chosen >> class_of(bench, &bench->rows[i]) & 1) bench->rows[kept++] = bench->rows[i];
    }
    bench->row_count = kept;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static const struct bench_row *forward_of(const struct bench *bench, const struct bench_row *gradient)
{
    for (int i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        if (row->which == gradient->which && row->choice.direction == POOLGRAD_FORWARD &&
            row->choice.layout == gradient->choice.layout && row->choice.kind == gradient->choice.kind) {
            return row;
        }
    }
    return NULL;
}

/* A training step of max saves its picks: that is argmax's. */
static void list_lines(const struct bench *bench, unsigned chosen, struct lines *lines)
{
    for (int i = 0; i < bench->row_count; i++) {
        if (chosen >> class_of(bench, &bench->rows[i]) & 1) {
            lines->line[lines->count++] = (struct line){.row = &bench->rows[i]};
        }
    }
    for (int i = 0; i < bench->row_count && chosen >> TRAINING & 1; i++) {
        const struct bench_row *row = &bench->rows[i];
        if (row->choice.direction == POOLGRAD_FORWARD || row->choice.kind == MEASURED_MAX) continue;
        const struct bench_row *forward = forward_of(bench, row);
        if (forward) lines->line[lines->count++] = (struct line){.row = row, .forward = forward};
    }
}

/* False where memory is lacking. */
static bool make_step(struct line *line)
{
    poolgrad_error error;
    line->saving = (struct trial){.choice = line->forward->choice,
                                  .buffers = line->forward->trial.buffers,
                                  .problem = line->forward->trial.problem};
    if (line->row->choice.kind == MEASURED_ARGMAX)
        line->saving.problem.picks.data = poolgrad_trial_picks(&line->row->trial);
    if (poolgrad_plan_create(&line->saving.problem, &line->saving.plan, &error) != POOLGRAD_OK) return false;
    line->own_step = (struct pair){poolgrad_trial_contend, &line->saving, &line->row->trial};
    line->own = (struct contender){.run = run_pair, .context = &line->own_step};
    return true;
}

static void meet_naive(struct line *line)
{
    const int threads = poolgrad_plan_threads(line->row->trial.plan);
    if (!poolgrad_naive_make(&line->naive, &line->row->trial.problem, threads)) return;
    line->contender[1] = (struct contender){.run = poolgrad_naive_contend, .context = &line->naive};
    if (!line->forward) return;
    line->contender[1].run = NULL;
    if (!poolgrad_naive_make(&line->naive_forward, &line->saving.problem, threads)) return;
    line->naive_step = (struct pair){poolgrad_naive_contend, &line->naive_forward, &line->naive};
    line->contender[1] = (struct contender){.run = run_pair, .context = &line->naive_step};
}

static bool meet(struct line *line)
{
    if (line->forward && !make_step(line)) return false;
#ifdef POOLGRAD_ONEDNN
    line->onednn = poolgrad_onednn_make(&line->row->trial, line->forward != NULL);
    if (line->onednn) {
        line->contender[0] = (struct contender){.run = poolgrad_onednn_contend, .context = line->onednn};
    }
#endif
    meet_naive(line);
    return true;
}

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

static bool compare(struct line *line)
{
    const poolgrad_image *image = &line->row->trial.problem.destination;
    size_t bytes = (size_t)poolgrad_trial_result_bytes(&line->row->trial);
    void *expected = malloc(bytes);
    if (!expected) return false;
    poolgrad_trial_contend(&line->row->trial);
    memcpy(expected, image->data, bytes);
    for (int i = 0; i < PEERS; i++) {
        if (line->contender[i].run) line->agreeing[i] = agreement(line->row, &line->contender[i], expected);
    }
    free(expected);
    return true;
}

static void part(struct lines *lines)
{
    for (int i = 0; i < lines->count; i++) {
        struct line *line = &lines->line[i];
        poolgrad_naive_free(&line->naive);
        poolgrad_naive_free(&line->naive_forward);
        poolgrad_trial_destroy(&line->saving);
#ifdef POOLGRAD_ONEDNN
        poolgrad_onednn_free(line->onednn);
#endif
    }
    free(lines->line);
}

/* ---- Timing ------------------------------------------------------------------------------------------------------ */

/* Contenders of the lines, one after the other; null where the line lacks it. */
static struct contender *contender_of(const struct lines *lines, int number)
{
    struct line *line = &lines->line[number / (PEERS + 1)];
    const int which = number % (PEERS + 1);
    struct contender *contender = which < PEERS ? &line->contender[which] : &line->own;
    return contender->run ? contender : NULL;
}

static int time_all(const struct options *options, struct bench *bench, struct lines *lines)
{
    const int most = lines->count * (PEERS + 1);
    int count = 0;
    struct contender *all = calloc((size_t)most + 1, sizeof *all);
    if (!all) return poolgrad_fail(options, "not enough memory for the list of contenders");
    for (int i = 0; i < most; i++) {
        const struct contender *each = contender_of(lines, i);
        if (each) all[count++] = *each;
    }
    int status = poolgrad_bench_time(options, bench, all, count);
    count = 0;
    for (int i = 0; status == 0 && i < most; i++) {
        struct contender *each = contender_of(lines, i);
        if (each) *each = all[count++];
    }
    free(all);
    return status;
}

static struct spread own_time(const struct line *line)
{
    return line->forward ? line->own.seconds : line->row->seconds;
}

static double ceiling_of(const struct line *line)
{
    return line->row->ceiling + (line->forward ? line->forward->ceiling : 0);
}

static double share_of(const struct line *line)
{
    return ceiling_of(line) / own_time(line).median;
}

/* 0 where the line has no peer. */
static double ratio_of(const struct line *line)
{
    double best = INFINITY;
    for (int i = 0; i < PEERS; i++) {
        if (line->contender[i].run) best = fmin(best, line->contender[i].seconds.median);
    }
    return isinf(best) ? 0 : best / own_time(line).median;
}

/* The same of the least times instead of the medians. */
static double least_ratio_of(const struct line *line)
{
    double best = INFINITY;
    for (int i = 0; i < PEERS; i++) {
        if (line->contender[i].run) best = fmin(best, line->contender[i].seconds.least);
    }
    return isinf(best) ? 0 : best / own_time(line).least;
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

static void name_line(const struct bench *bench, const struct line *line, char name[CASE_NAME])
{
    char row[CASE_NAME];
    poolgrad_bench_row_name(bench, line->row, row);
    snprintf(name, CASE_NAME, "%s%.180s", line->forward ? "training" : "",
             row + (line->forward ? strcspn(row, "/") : 0));
}

static void print_peer(const struct contender *contender, double agreeing)
{
    if (contender->run)
        printf(" %9.4g %6.2f %%", contender->seconds.median * 1e3, 100 * agreeing);
    else
        printf(" %9s %8s", "-", "");
}

static void print_lines(const struct bench *bench, const struct lines *lines)
{
    printf("%-54s %9s %9s %8s", "case", "ceiling", "poolgrad", "share");
    for (int i = 0; i < PEERS; i++) printf(" %9s %8s", peer_names[i], "agrees");
    printf(" %7s %8s  %s\n", "ratio", "of least", "kernel");
    for (int i = 0; i < lines->count; i++) {
        char name[CASE_NAME];
        const struct line *line = &lines->line[i];
        double ratio = ratio_of(line);
        name_line(bench, line, name);
        printf("%-54s %9.4g %9.4g %6.1f %%", name, ceiling_of(line) * 1e3, own_time(line).median * 1e3,
               100 * share_of(line));
        for (int p = 0; p < PEERS; p++) print_peer(&line->contender[p], line->agreeing[p]);
        if (ratio > 0)
            printf(" %7.2f %8.2f", ratio, least_ratio_of(line));
        else
            printf(" %7s %8s", "-", "-");
        printf("  %s\n", poolgrad_plan_kernel(line->row->trial.plan));
    }
}

/* What the lines of a class have in common; logs are sums of logarithms. */
struct summary {
    int lines, short_of;
    double logs, least_logs, share_logs, worst;
    const struct line *worst_line;
};

static struct summary sum_up(const struct bench *bench, const struct lines *lines, int which)
{
    struct summary sum = {.worst = INFINITY};
    for (int i = 0; i < lines->count; i++) {
        const struct line *line = &lines->line[i];
        const double ratio = ratio_of(line);
        if (ratio == 0 || (int)class_of_line(bench, line) != which) continue;
        sum.lines++;
        sum.logs += log(ratio);
        sum.least_logs += log(least_ratio_of(line));
        sum.share_logs += log(share_of(line));
        sum.short_of += ratio < classes[which].row && share_of(line) < near_ceiling;
        if (ratio < sum.worst) sum.worst_line = line;
        sum.worst = fmin(sum.worst, ratio);
    }
    return sum;
}

static void print_class(const struct bench *bench, const struct lines *lines, int which)
{
    const struct class_of_rows *c = &classes[which];
    const struct summary sum = sum_up(bench, lines, which);
    char name[CASE_NAME];
    if (sum.lines == 0) return;
    const double mean = exp(sum.logs / sum.lines), share = exp(sum.share_logs / sum.lines);
    const double aim = bench->rows[0].choice.threads >= MANY_THREADS ? c->mean_of_many : c->mean;
    const bool reached = sum.short_of == 0 && (mean >= aim || share >= mean_near_ceiling);
    name_line(bench, sum.worst_line, name);
    printf("%-34s %5d %8.2f %8.2f %8.1f %8.2f %8.1f %6d %6.1f %%  %-11s  %s\n", c->name, sum.lines,
           exp(sum.least_logs / sum.lines), mean, aim, sum.worst, c->row, sum.short_of, 100 * share,
           reached ? "reached" : "not reached", name);
}

static void print_classes(const struct bench *bench, const struct lines *lines)
{
    printf("\n%-34s %5s %8s %8s %8s %8s %8s %6s %8s  %-11s  %s\n", "best peer's time over poolgrad's", "rows",
           "of least", "mean", "aim mean", "worst", "aim", "short", "share", "", "worst row");
    for (int i = 0; i < CLASSES; i++) print_class(bench, lines, i);
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

static void tell(const struct bench *bench, const struct lines *lines)
{
#ifdef POOLGRAD_ONEDNN
    printf("poolgrad %s, oneDNN %s, threads: %d, rounds: %d\n\n", poolgrad_version(), poolgrad_onednn_version(),
           bench->rows[0].choice.threads, bench->rounds);
#else
    printf("poolgrad %s, threads: %d, rounds: %d; built without oneDNN\n\n", poolgrad_version(),
           bench->rows[0].choice.threads, bench->rounds);
#endif
    print_lines(bench, lines);
    print_classes(bench, lines);
    print_half_gain(bench);
    printf("\nceiling, poolgrad and peers in ms, medians; share of the ceiling; agrees: elements of the same bits\n"
           "ratio  the best peer's time over poolgrad's; short: rows below the aim and below %.0f %% of the ceiling\n"
           "of least: the mean with each one's least time in place of the median, for machines that are never quiet;\n"
           "means and shares of a class are geometric; a training step's ceiling is that of both its calls\n"
           "oneDNN's gradient of max always reads picks that were saved, one byte each; in float16 rows it works on\n"
           "bfloat16, which it has in place of float16, and agrees by chance\n",
           100 * near_ceiling);
}

static void write_time(FILE *file, const struct contender *contender)
{
    if (contender->run)
        fprintf(file, ",%.6g", contender->seconds.median * 1e3);
    else
        fprintf(file, ",");
}

/* The table for programs: milliseconds, and ratios as above. */
static int write_csv(const struct options *options, const struct bench *bench, const struct lines *lines)
{
    const char *name = options->value[OPTION_CSV].text;
    FILE *file = strcmp(name, "-") == 0 ? stdout : fopen(name, "w");
    if (!file) return poolgrad_fail(options, "--csv %s: cannot be written", name);
    fprintf(file, "class,case,kernel,threads,ceiling,poolgrad,share,onednn,naive,ratio,ratio_of_least\n");
    for (int i = 0; i < lines->count; i++) {
        const struct line *line = &lines->line[i];
        char row[CASE_NAME];
        name_line(bench, line, row);
        fprintf(file, "%s,%s,%s,%d,%.6g,%.6g,%.4g", classes[class_of_line(bench, line)].word, row,
                poolgrad_plan_kernel(line->row->trial.plan), line->row->choice.threads, ceiling_of(line) * 1e3,
                own_time(line).median * 1e3, share_of(line));
        for (int p = 0; p < PEERS; p++) write_time(file, &line->contender[p]);
        fprintf(file, ",%.4g,%.4g\n", ratio_of(line), least_ratio_of(line));
    }
    const bool good = !ferror(file);
    if ((file != stdout && fclose(file) != 0) || !good) {
        return poolgrad_fail(options, "--csv %s: cannot be written", name);
    }
    return 0;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static int check_options(const struct options *options)
{
    static const enum option others[] = {OPTION_JSON, OPTION_PLOT, OPTION_COMPARE, OPTION_LIST};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!poolgrad_given(options, others[i])) continue;
        return poolgrad_fail(options, "--%s is given; expected it with poolgrad bench only",
                             poolgrad_options[others[i]].name);
    }
    if (poolgrad_number(options, OPTION_THREAD_COUNTS, 1) == 1) return 0;
    return poolgrad_fail(options, "--threads is '%s'; expected one number", options->value[OPTION_THREAD_COUNTS].text);
}

static int compete(const struct options *options, struct bench *bench, unsigned chosen)
{
    int status = 0;
    struct lines lines = {.line = calloc(2 * (size_t)bench->row_count, sizeof *lines.line)};
    if (!lines.line) return poolgrad_fail(options, "not enough memory for the list of rows");
#ifdef POOLGRAD_ONEDNN
    poolgrad_onednn_set_threads(bench->rows[0].choice.threads);
#endif
    list_lines(bench, chosen, &lines);
    for (int i = 0; status == 0 && i < lines.count; i++) {
        if (!meet(&lines.line[i]) || !compare(&lines.line[i])) {
            status = poolgrad_fail(options, "not enough memory to compare");
        }
    }
    if (status == 0) status = time_all(options, bench, &lines);
    if (status == 0) tell(bench, &lines);
    if (status == 0 && poolgrad_given(options, OPTION_CSV)) status = write_csv(options, bench, &lines);
    part(&lines);
    return status;
}

/* The words without --class, whose value goes to *classes_text, and with both directions where it is there and no
 * --direction is. `kept` has room for two more. */
static int take_class(int count, char **word, char **kept, const char **classes_text)
{
    static char option[] = "--direction", both[] = "forward,gradient";
    int left = 0;
    bool directed = false;
    for (int i = 0; i < count; i++) {
        directed = directed || strncmp(word[i], option, strlen(option)) == 0;
        if (strcmp(word[i], "--class") == 0)
            *classes_text = ++i < count ? word[i] : "";
        else
            kept[left++] = word[i];
    }
    if (*classes_text && !directed) {
        kept[left++] = option;
        kept[left++] = both;
    }
    return left;
}

static int run(const struct options *options, unsigned chosen)
{
    struct bench bench = {0};
    int status = check_options(options);
    if (status == 0) status = poolgrad_bench_choose(options, &bench);
    if (status == 0) keep_classes(&bench, chosen);
    if (status == 0 && bench.row_count == 0) status = poolgrad_fail(options, "no row is of the classes of --class");
    if (status == 0) status = poolgrad_bench_prepare(options, &bench);
    if (status == 0) status = compete(options, &bench, chosen);
    poolgrad_bench_release(&bench);
    return status;
}

int main(int count, char **word)
{
    struct options options;
    const char *text = NULL;
    char **kept = calloc((size_t)count + 2, sizeof *kept);
    if (!kept) return 2;
    const int left = take_class(count - 1, word + 1, kept, &text);
    const unsigned chosen = text ? read_classes(text) : (1U << CLASSES) - 1;
    int status = chosen == 0 ? 2 : poolgrad_options_parse(&options, COMMAND_BENCH, left, kept);
    if (status == 0 && poolgrad_given(&options, OPTION_HELP)) {
        printf("peers [--class WORD[,WORD...]] [OPTION...]\nTimes poolgrad beside oneDNN and a plain C loop, with the "
               "options of poolgrad bench (poolgrad bench --help)\nbut --json, --plot, --compare and --list, and one "
               "number of threads. Classes:");
        for (int i = 0; i < CLASSES; i++) printf("\n  %-12s  %s", classes[i].word, classes[i].name);
        printf("\n");
    } else if (status == 0) {
        status = run(&options, chosen);
    }
    free(kept);
    return status;
}
