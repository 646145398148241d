/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for cliffs: poolings for which poolgrad is slower than a plain C loop.
 *
 *     cliffs [--cases N] [--seed N] [--threads N] [--quick] [--all]
 *
 * Draws N cases (2000; drawn.c says what). Each result is compared with the reference and with the plain loop's, then
 * poolgrad and the loop are timed. A case below 0.8 of the loop's speed is timed three times again, with the memory's
 * ceiling beside them: it counts where the middle one is below as well, and poolgrad below 85 % of the ceiling. --quick
 * is one round and no verdict; --all lists all cases. Exit status: 0, 1 where a case counts, 2 where a result is wrong
 * or nothing can run.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "cli/progress.h"
#include "drawn.h"
#include "measure/bench_trial.h"
#include "measure/clock.h"
#include "measure/contest.h"
#include "measure/noise.h"
#include "naive.h"

enum { WORST = 12, MOST_CASES = 1000000, REPEATS = 3, PAGE = 4096, SEED_SHIFT = 32 };

static const double cliff = 0.8, near_ceiling = 0.85;

struct arguments {
    int cases, threads;
    uint64_t seed;
    bool quick, all;
};

/* What is found for one case. */
struct found {
    char name[CASE_NAME], kernel[64];
    uint64_t seed;
    double milliseconds, over_naive, over_reference; /* their time over poolgrad's; NAN where it was not timed */
    double share;                                    /* of the ceiling; NAN where it was not timed */
};

/* One case while it is measured. */
struct entry {
    struct drawn drawn;
    struct trial trial; /* without buffers: the problem and its plan */
    struct naive naive;
    bool quick;
    struct found *found;
};

static int complain(const struct found *found, const char *what)
{
    fprintf(stderr, "cliffs: %s (seed %" PRIu64 "): %s\n", found->name, found->seed, what);
    return 2;
}

/* ---- The check --------------------------------------------------------------------------------------------------- */

struct results {
    void *copy[2]; /* of the destination's memory and that of the picks that are written */
};

static const struct drawn_memory *result_of(const struct drawn *drawn, int which)
{
    const bool saves = which == 1 && drawn->problem.picks.data;
    return which == 0 ? &drawn->memory[DRAWN_DESTINATION] : saves ? &drawn->memory[DRAWN_PICKS] : NULL;
}

/* Every byte that a call should write, or leave, can be told. */
static void soil_results(const struct drawn *drawn)
{
    enum { SOIL = 0xa5 };
    for (int i = 0; i < 2; i++) {
        const struct drawn_memory *memory = result_of(drawn, i);
        if (memory) memset(memory->data, SOIL, (size_t)memory->bytes);
    }
}

static bool copy_results(const struct drawn *drawn, struct results *results)
{
    *results = (struct results){{NULL, NULL}};
    for (int i = 0; i < 2; i++) {
        const struct drawn_memory *memory = result_of(drawn, i);
        if (!memory) continue;
        results->copy[i] = malloc((size_t)memory->bytes);
        if (!results->copy[i]) return false;
        memcpy(results->copy[i], memory->data, (size_t)memory->bytes);
    }
    return true;
}

static void free_results(struct results *results)
{
    for (int i = 0; i < 2; i++) free(results->copy[i]);
}

/* The plain loop's L2-norm works in less than double: some of its elements, within a hundredth. */
static bool near_by(const struct drawn_memory *memory, const void *copy)
{
    enum { SAMPLES = 4096 };
    const double most = 0.01;
    const int64_t elements = memory->bytes / (int64_t)poolgrad_format_size(memory->format);
    const poolgrad_const_image a = poolgrad_const_image_dense(memory->data, memory->format, POOLGRAD_NCHW, 1, 1, 1,
                                                              elements),
                               b = poolgrad_const_image_dense(copy, memory->format, POOLGRAD_NCHW, 1, 1, 1, elements);
    for (int64_t i = 0; i < elements; i += elements / SAMPLES + 1) {
        const double x = poolgrad_const_image_get(&a, 0, 0, 0, 0, i), y = poolgrad_const_image_get(&b, 0, 0, 0, 0, i);
        if (fabs(x - y) > most * (1 + fabs(x))) return false;
    }
    return true;
}

static bool same_results(const struct drawn *drawn, const struct results *results, bool roughly)
{
    for (int i = 0; i < 2; i++) {
        const struct drawn_memory *memory = result_of(drawn, i);
        if (!memory || !results->copy[i] || memcmp(memory->data, results->copy[i], (size_t)memory->bytes) == 0)
            continue;
        if (!roughly || !near_by(memory, results->copy[i])) return false;
    }
    return true;
}

/* Taps that the reference looks at: its gradients search a window once for each of its rows. */
static double reference_taps(const struct drawn *drawn)
{
    const poolgrad_window *w = &drawn->problem.window;
    const bool searches = drawn->problem.direction == POOLGRAD_GRADIENT && drawn->problem.kind != POOLGRAD_AVERAGE;
    const double table = 4;
    double rows = drawn->problem.windows_y.count > 0 ? table : (double)w->kernel_height;
    if (drawn->problem.source.depth > 1) {
        rows *= drawn->problem.windows_z.count > 0 ? table : (double)w->kernel_depth;
    }
    return searches ? drawn->taps * rows : drawn->taps;
}

/* All of it where that takes some ten milliseconds, which are its time as well; else a part. */
static int check_reference(struct entry *e, const struct results *own)
{
    const double most_taps = 1e6;
    struct mismatch mismatch;
    poolgrad_error error;
    poolgrad_problem again = e->drawn.problem;
    if (reference_taps(&e->drawn) > most_taps) {
        const enum trial_verdict verdict = poolgrad_trial_check(&e->trial, &mismatch);
        if (verdict == TRIAL_NO_MEMORY) return complain(e->found, "not enough memory");
        return verdict == TRIAL_RIGHT ? 0 : complain(e->found, "the result is not the reference's");
    }
    poolgrad_plan *plan;
    again.mode = POOLGRAD_MODE_REFERENCE;
    if (poolgrad_plan_create(&again, &plan, &error) != POOLGRAD_OK) return complain(e->found, error.message);
    soil_results(&e->drawn);
    const int64_t began = poolgrad_nanoseconds();
    poolgrad_plan_run(plan);
    e->found->over_reference = 1e-6 * (double)(poolgrad_nanoseconds() - began);
    poolgrad_plan_destroy(plan);
    return same_results(&e->drawn, own, false) ? 0 : complain(e->found, "the result is not the reference's");
}

/* The plain loop leaves lanes behind the last channel alone, as they were before it. */
static int check(struct entry *e)
{
    const poolgrad_image *to = &e->drawn.problem.destination;
    const bool full = to->channels % poolgrad_slice_of(to->layout) == 0;
    struct results own;
    soil_results(&e->drawn);
    poolgrad_trial_contend(&e->trial);
    int status = copy_results(&e->drawn, &own) ? check_reference(e, &own) : complain(e->found, "not enough memory");
    if (status == 0) {
        if (full) soil_results(&e->drawn);
        poolgrad_naive_contend(&e->naive);
        if (!same_results(&e->drawn, &own, e->drawn.kind == MEASURED_L2NORM)) {
            status = complain(e->found, "the plain loop's result differs");
        }
    }
    free_results(&own);
    return status;
}

/* ---- Timing ------------------------------------------------------------------------------------------------------ */

enum { STREAMS = 32, RIVALS = 2 };

/* Streams over buffers of the same sizes, and by one thread as well, which is sooner done where there is little. */
struct ceiling {
    struct stream stream[STREAMS];
    int streams;
    void *memory[STREAM_PARTS];
};

static bool make_ceiling(const poolgrad_problem *problem, int threads, struct ceiling *ceiling)
{
    struct stream stream = poolgrad_problem_stream(problem);
    *ceiling = (struct ceiling){.streams = 0};
    for (int p = 0; p < stream.parts; p++) {
        const size_t bytes = stream.part[p].bytes + PAGE - stream.part[p].bytes % PAGE;
        ceiling->memory[p] = poolgrad_aligned_allocate(PAGE, bytes);
        if (!ceiling->memory[p]) return false;
        memset(ceiling->memory[p], 1, bytes);
        stream.part[p].data = ceiling->memory[p];
    }
    for (int way = 0; way < poolgrad_stream_ways(); way++) {
        stream.way = way;
        for (int single = 0; single <= (threads > 1); single++) {
            stream.threads = single ? 1 : threads;
            ceiling->stream[ceiling->streams++] = stream;
        }
    }
    return true;
}

static void free_ceiling(struct ceiling *ceiling)
{
    for (int p = 0; p < STREAM_PARTS; p++) poolgrad_aligned_free(ceiling->memory[p]);
}

/* poolgrad, the loop and, where there is one, the ceiling. */
static bool time_once(const struct entry *e, const struct ceiling *ceiling, const struct contest *model,
                      struct found *found)
{
    struct contender rivals[RIVALS + STREAMS] = {{.run = poolgrad_trial_contend, .context = &e->trial},
                                                 {.run = poolgrad_naive_contend, .context = &e->naive}};
    struct contest contest = *model;
    double best = INFINITY;
    contest.contender = rivals;
    contest.count = RIVALS;
    for (int i = 0; ceiling && i < ceiling->streams; i++) {
        rivals[contest.count++] = (struct contender){.run = poolgrad_stream_contend, .context = &ceiling->stream[i]};
    }
    if (poolgrad_contest_run(&contest) == 0) return false;
    for (int i = RIVALS; i < contest.count; i++) best = fmin(best, rivals[i].seconds.median);
    found->milliseconds = rivals[0].seconds.median * 1e3;
    found->over_naive = rivals[1].seconds.median / rivals[0].seconds.median;
    if (ceiling) found->share = best / rivals[0].seconds.median;
    return true;
}

static double middle(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* A case that looks slow is looked at again, longer: a busy moment is no cliff. */
static bool time_again(const struct entry *e, struct found *found)
{
    struct contest contest = {.rounds = 9, .limit = 0.25, .seed = found->seed};
    struct found again[REPEATS];
    struct ceiling ceiling;
    bool good = make_ceiling(&e->drawn.problem, e->drawn.problem.threads, &ceiling);
    for (int i = 0; good && i < REPEATS; i++) {
        contest.seed++;
        good = time_once(e, &ceiling, &contest, &again[i]);
    }
    free_ceiling(&ceiling);
    if (!good) return false;
    found->milliseconds = middle(again[0].milliseconds, again[1].milliseconds, again[2].milliseconds);
    found->over_naive = middle(again[0].over_naive, again[1].over_naive, again[2].over_naive);
    found->share = middle(again[0].share, again[1].share, again[2].share);
    return true;
}

/* The reference's time stands in over_reference until poolgrad's is known. */
static bool time_rivals(const struct entry *e, struct found *found)
{
    const struct contest contest = {.rounds = e->quick ? 1 : 5, .limit = 0.2, .seed = found->seed};
    if (!time_once(e, NULL, &contest, found)) return false;
    if (!e->quick && found->over_naive < cliff && !time_again(e, found)) return false;
    found->over_reference /= found->milliseconds;
    return true;
}

/* ---- One case ---------------------------------------------------------------------------------------------------- */

/* The forward pass into the picks that a gradient reads. */
static int save_picks(struct entry *e)
{
    poolgrad_error error;
    struct mismatch mismatch;
    if (!e->drawn.problem.indices.data) return 0;
    const struct trial forward = {.problem = poolgrad_drawn_saving(&e->drawn)};
    if (poolgrad_run(&forward.problem, &error) != POOLGRAD_OK) return complain(e->found, error.message);
    const enum trial_verdict verdict = poolgrad_trial_check(&forward, &mismatch);
    poolgrad_drawn_refill(&e->drawn);
    e->drawn.problem.source.data = NULL;
    if (verdict == TRIAL_NO_MEMORY) return complain(e->found, "not enough memory");
    return verdict == TRIAL_RIGHT ? 0 : complain(e->found, "the saved picks are not the reference's");
}

static int measure(struct entry *e)
{
    poolgrad_error error;
    int status = save_picks(e);
    if (status != 0) return status;
    e->trial.problem = e->drawn.problem;
    if (poolgrad_plan_create(&e->trial.problem, &e->trial.plan, &error) != POOLGRAD_OK) {
        return complain(e->found, error.message);
    }
    snprintf(e->found->kernel, sizeof e->found->kernel, "%s", poolgrad_plan_kernel(e->trial.plan));
    if (!poolgrad_naive_make(&e->naive, &e->trial.problem, poolgrad_plan_threads(e->trial.plan))) {
        return complain(e->found, "not enough memory");
    }
    status = check(e);
    if (status == 0 && !time_rivals(e, e->found)) status = complain(e->found, "not enough memory");
    return status;
}

/* All of a case follows from its seed. */
static int run_case(const struct arguments *arguments, struct found *found)
{
    struct entry e = {.quick = arguments->quick, .found = found};
    found->over_naive = found->over_reference = found->share = NAN;
    bool made = poolgrad_drawn_make(&e.drawn, found->seed, arguments->threads);
    memcpy(found->name, e.drawn.name, sizeof found->name);
    int status = made ? measure(&e) : complain(found, "not enough memory");
    poolgrad_naive_free(&e.naive);
    poolgrad_trial_destroy(&e.trial);
    poolgrad_drawn_free(&e.drawn);
    return status;
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

static bool is_cliff(const struct found *found)
{
    return found->over_naive < cliff && !(found->share >= near_ceiling);
}

/* Those that failed come last. */
static int by_speed(const void *a, const void *b)
{
    const struct found *left = a, *right = b;
    if (isnan(left->over_naive) || isnan(right->over_naive)) return isnan(left->over_naive) - isnan(right->over_naive);
    return (left->over_naive > right->over_naive) - (left->over_naive < right->over_naive);
}

struct group {
    int cases, cliffs;
    double naive, reference; /* medians */
    double worst;
};

static double median_of(double *ratio, int count)
{
    return count > 0 ? poolgrad_spread_of(ratio, count).median : NAN;
}

/* The cases with this word in their names; `room` is for as many numbers as there are cases. */
static struct group group_of(const struct found *found, int count, const char *word, double *room)
{
    struct group group = {.worst = INFINITY};
    for (int i = 0; i < count; i++) {
        if (!strstr(found[i].name, word) || isnan(found[i].over_naive)) continue;
        group.cliffs += is_cliff(&found[i]);
        group.worst = fmin(group.worst, found[i].over_naive);
        room[group.cases++] = found[i].over_naive;
    }
    group.naive = median_of(room, group.cases);
    int timed = 0;
    for (int i = 0; i < count; i++) {
        if (strstr(found[i].name, word) && !isnan(found[i].over_reference)) room[timed++] = found[i].over_reference;
    }
    group.reference = median_of(room, timed);
    return group;
}

static void tell_groups(const struct found *found, int count, double *room)
{
    static const char *const words[] = {
        "/",         "forward/", "gradient/", "/average/",  "/max/",      "/argmax/",  "/l2norm/",    "/nchw/",
        "/nhwc/",    "/nc4hw4/", "/nc8hw8/",  "/nc16hw16/", "/nc32hw32/", "/float16/", "/bfloat16/",  "/float32/",
        "/float64/", "/plain",   "/table",    "/tiny",      "/global",    "/few",      "/large",      "/apart",
        "-3d/",      "/dense/",  "/views/",   "-gap",       "-slice",     "-reversed", "-transposed", "-swapped",
        "_zero",     "_ceil",    "_counted",  "_int"};
    printf("%-12s %6s %9s %18s %8s %18s\n", "cases", "", "below 0.8", "plain C / poolgrad", "least",
           "reference / poolg.");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct group group = group_of(found, count, words[i], room);
        if (group.cases == 0) continue;
        printf("%-12s %6d %9d %18.2f %8.2f %18.2f\n", i == 0 ? "all" : words[i], group.cases, group.cliffs, group.naive,
               group.worst, group.reference);
    }
}

static void tell_case(const struct found *found)
{
    printf("%8.2f %10.4g", found->over_naive, found->milliseconds);
    if (isnan(found->share))
        printf(" %8s", "-");
    else
        printf(" %6.0f %%", 100 * found->share);
    printf("  %s  %s  (%" PRIu64 ")\n", found->name, found->kernel, found->seed);
}

/* Sorts what was found. Returns how many are cliffs. */
static int tell(const struct arguments *arguments, struct found *found)
{
    const int count = arguments->cases;
    double *room = calloc((size_t)count, sizeof *room);
    if (!room) return 0;
    qsort(found, (size_t)count, sizeof *found, by_speed);
    tell_groups(found, count, room);
    const struct group all = group_of(found, count, "/", room);
    free(room);
    printf("\nmedians of time ratios; the reference where it is no long work. The cases nearest to the plain loop:\n"
           "%8s %10s %8s  %s\n",
           "ratio", "ms", "ceiling", "case  kernel  (seed: cliffs --cases 1 --seed SEED repeats it)");
    for (int i = 0; i < count && !isnan(found[i].over_naive); i++) {
        if (arguments->all || i < WORST || is_cliff(&found[i])) tell_case(&found[i]);
    }
    printf("\n%d of %d cases below 0.8\n", all.cliffs, all.cases);
    return all.cliffs;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *number >= least && *number <= most;
}

static bool read_arguments(struct arguments *arguments, int count, char **word)
{
    enum { MOST_THREADS = 1024 };
    uint64_t number;
    *arguments = (struct arguments){.cases = 2000, .threads = 1, .seed = 1};
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? word[i + 1] : "";
        if (strcmp(word[i], "--quick") == 0 || strcmp(word[i], "--all") == 0) {
            arguments->quick = arguments->quick || word[i][2] == 'q';
            arguments->all = arguments->all || word[i][2] == 'a';
            continue;
        }
        if (strcmp(word[i], "--cases") == 0 && read_number(value, 1, MOST_CASES, &number))
            arguments->cases = (int)number;
        else if (strcmp(word[i], "--threads") == 0 && read_number(value, 1, MOST_THREADS, &number))
            arguments->threads = (int)number;
        else if (strcmp(word[i], "--seed") == 0 && read_number(value, 0, UINT64_MAX, &number))
            arguments->seed = number;
        else
            return false;
        i++;
    }
    return true;
}

int main(int count, char **word)
{
    struct arguments arguments;
    if (!read_arguments(&arguments, count, word)) {
        fprintf(stderr, "usage: cliffs [--cases N] [--seed N] [--threads N] [--quick] [--all]\n");
        return 2;
    }
    struct found *found = calloc((size_t)arguments.cases, sizeof *found);
    if (!found) {
        fprintf(stderr, "cliffs: not enough memory for the list of cases\n");
        return 2;
    }
    int status = 0;
    uint64_t noise = arguments.seed;
    struct progress progress = poolgrad_progress_begin("measuring", arguments.cases);
    for (int i = 0; i < arguments.cases; i++) {
        found[i].seed = i == 0 ? arguments.seed : poolgrad_noise(&noise) >> SEED_SHIFT;
        if (run_case(&arguments, &found[i]) != 0) status = 2;
        poolgrad_progress_update(&progress, i + 1);
    }
    poolgrad_progress_end(&progress);
    const int cliffs = tell(&arguments, found);
    if (status == 0 && cliffs > 0 && !arguments.quick) status = 1;
    free(found);
    return status;
}
