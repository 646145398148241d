/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for cliffs: geometries for which poolgrad is slower than a plain C loop.
 *
 *     cliffs [--cases N] [--seed N] [--threads N] [--quick]
 *
 * Draws N cases (400): sizes, channels, windows, layouts, formats, kinds, directions. Each result is compared with the
 * reference and with the plain loop's, then poolgrad, the loop and the reference are timed. --quick is few rounds and
 * no verdict. Exit status: 0, 1 where a case is slower than the plain loop, 2 where a result is wrong or nothing can
 * run.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "measure/contest.h"
#include "measure/noise.h"
#include "naive.h"

enum { WORST = 12, MOST_CASES = 1000000 };

struct arguments {
    int cases, threads;
    uint64_t seed;
    bool quick;
};

/* What is drawn for one case, and what is found. */
struct found {
    char name[CASE_NAME];
    uint64_t seed;
    double milliseconds, over_naive, over_reference; /* their time over poolgrad's */
};

/* ---- Drawing ----------------------------------------------------------------------------------------------------- */

#define PICK(noise, table) ((table)[poolgrad_noise_below(noise, (int64_t)(sizeof(table) / sizeof *(table)))])

static int64_t between(uint64_t *noise, int64_t low, int64_t high)
{
    return low + poolgrad_noise_below(noise, high - low + 1);
}

struct axis {
    int64_t kernel, stride, dilation, pad, size, output;
};

/* Every window has a tap inside: the image is at least as large as a window, and half of one at most lies before it. */
static struct axis draw_axis(uint64_t *noise)
{
    static const int64_t kernels[] = {1, 2, 2, 2, 3, 3, 3, 3, 4, 5, 7}, sizes[] = {8, 20, 60, 200};
    struct axis a = {.kernel = PICK(noise, kernels)};
    a.stride = between(noise, 1, a.kernel + (a.kernel < 3));
    a.dilation = between(noise, 0, 4) > 0 ? 1 : between(noise, 2, 3);
    int64_t extent = (a.kernel - 1) * a.dilation + 1;
    a.pad = between(noise, 0, (extent - 1) / 2);
    a.size = extent + between(noise, 0, PICK(noise, sizes));
    a.output = (a.size + 2 * a.pad - extent) / a.stride + 1;
    return a;
}

/* Half of the windows are square, as most layers' are. */
static void draw_shape(uint64_t *noise, poolgrad_problem *shape)
{
    static const int64_t channels[] = {1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 31, 32, 33, 64, 65, 100, 128};
    struct axis x = draw_axis(noise), y = draw_axis(noise);
    if (between(noise, 0, 1) == 0) y = x;
    poolgrad_problem_init(shape, sizeof *shape);
    shape->window = (poolgrad_window){.kernel_width = x.kernel,
                                      .kernel_height = y.kernel,
                                      .stride_x = x.stride,
                                      .stride_y = y.stride,
                                      .dilation_x = x.dilation,
                                      .dilation_y = y.dilation};
    shape->offset_x = ((x.kernel - 1) * x.dilation + 1) / 2 - x.pad;
    shape->offset_y = ((y.kernel - 1) * y.dilation + 1) / 2 - y.pad;
    shape->source = (poolgrad_const_image){
        .images = between(noise, 1, 3), .channels = PICK(noise, channels), .height = y.size, .width = x.size};
    shape->destination = (poolgrad_image){
        .images = shape->source.images, .channels = shape->source.channels, .height = y.output, .width = x.output};
}

/* Small enough for the reference, which looks at each tap, and large enough to be worth a measurement. */
static bool fits(const poolgrad_problem *shape)
{
    const double fewest = 2e3, most_elements = 1e6, most_taps = 1.5e6;
    double outer = (double)(shape->source.images * shape->source.channels);
    double source = outer * (double)(shape->source.height * shape->source.width);
    double taps = outer * (double)(shape->destination.height * shape->destination.width) *
                  (double)(shape->window.kernel_height * shape->window.kernel_width);
    return source >= fewest && source <= most_elements && taps <= most_taps;
}

static struct trial_choice draw_choice(uint64_t *noise, int threads)
{
    return (struct trial_choice){.direction = (poolgrad_direction)(between(noise, 0, 3) > 0),
                                 .kind = (enum measured_kind)between(noise, 0, MEASURED_KINDS - 1),
                                 .layout = (poolgrad_layout)between(noise, 0, LAYOUTS - 1),
                                 .threads = threads};
}

/* ---- One case ---------------------------------------------------------------------------------------------------- */

static void name_case(const struct trial *trial, char name[CASE_NAME])
{
    char geometry[CASE_NAME];
    poolgrad_shape_name(&trial->buffers->shape, geometry);
    snprintf(name, CASE_NAME, "%s/%s/%s/%s/%.140s", poolgrad_direction_name(trial->choice.direction),
             poolgrad_measured_kind_name(trial->choice.kind), poolgrad_layout_name(trial->choice.layout),
             poolgrad_format_name(trial->buffers->format), geometry);
}

static int complain(const struct found *found, const char *what)
{
    fprintf(stderr, "cliffs: %s (seed %" PRIu64 "): %s\n", found->name, found->seed, what);
    return 2;
}

/* The plain loop adds in the reference's order; only its L2-norm works in less than double and differs. */
static int check(const struct trial *trial, const struct naive *naive, const struct found *found)
{
    struct mismatch mismatch;
    const poolgrad_image *image = &trial->problem.destination;
    const size_t bytes = (size_t)poolgrad_trial_result_bytes(trial);
    poolgrad_trial_contend(trial);
    enum trial_verdict verdict = poolgrad_trial_check(trial, &mismatch);
    if (verdict == TRIAL_NO_MEMORY) return complain(found, "not enough memory");
    if (verdict == TRIAL_WRONG) return complain(found, "the result is not the reference's");
    void *expected = malloc(bytes);
    if (!expected) return complain(found, "not enough memory");
    memcpy(expected, image->data, bytes);
    poolgrad_naive_contend(naive);
    bool same = memcmp(expected, image->data, bytes) == 0;
    free(expected);
    if (same || trial->choice.kind == MEASURED_L2NORM) return 0;
    return complain(found, "the plain loop's result differs");
}

/* A case that looks slow is looked at again, longer: a busy moment is no cliff. */
static bool time_rivals(const struct trial *trial, const struct naive *naive, bool quick, struct found *found)
{
    enum { QUICK = 1, ROUNDS = 5, AGAIN = 25 };
    struct contender rivals[] = {{.run = poolgrad_trial_contend, .context = trial},
                                 {.run = poolgrad_naive_contend, .context = naive}};
    struct contest contest = {.contender = rivals, .count = 2, .rounds = quick ? QUICK : ROUNDS, .seed = found->seed};
    for (int i = 0; i < 2; i++) {
        if (poolgrad_contest_run(&contest) == 0) return false;
        found->milliseconds = rivals[0].seconds.median * 1e3;
        found->over_naive = rivals[1].seconds.median / rivals[0].seconds.median;
        if (quick || found->over_naive >= 1) break;
        contest.rounds = AGAIN;
    }
    return true;
}

static bool time_reference(const struct trial *reference, struct found *found)
{
    struct contender contender = {.run = poolgrad_trial_contend, .context = reference};
    struct contest contest = {.contender = &contender, .count = 1, .rounds = 1};
    if (poolgrad_contest_run(&contest) == 0) return false;
    found->over_reference = contender.seconds.median * 1e3 / found->milliseconds;
    return true;
}

static int measure(struct buffers *buffers, struct trial_choice choice, bool quick, struct found *found)
{
    struct trial trial, reference = {.plan = NULL};
    struct naive naive = {.scratch = NULL};
    poolgrad_error error;
    if (poolgrad_trial_make(&trial, buffers, &choice, &error) != POOLGRAD_OK) return complain(found, error.message);
    name_case(&trial, found->name);
    choice.mode = POOLGRAD_MODE_REFERENCE;
    bool made = poolgrad_trial_make(&reference, buffers, &choice, &error) == POOLGRAD_OK &&
                poolgrad_naive_make(&naive, &trial);
    int status = made ? check(&trial, &naive, found) : complain(found, "not enough memory");
    if (status == 0 && !(time_rivals(&trial, &naive, quick, found) && time_reference(&reference, found))) {
        status = complain(found, "not enough memory");
    }
    poolgrad_naive_free(&naive);
    poolgrad_trial_destroy(&reference);
    poolgrad_trial_destroy(&trial);
    return status;
}

/* All of a case follows from its seed. */
static int run_case(const struct arguments *arguments, struct found *found)
{
    struct buffers buffers;
    poolgrad_problem shape;
    uint64_t noise = found->seed;
    do draw_shape(&noise, &shape);
    while (!fits(&shape));
    poolgrad_format format = (poolgrad_format)between(&noise, POOLGRAD_FLOAT16, POOLGRAD_FLOAT64);
    struct trial_choice choice = draw_choice(&noise, arguments->threads);
    bool made = poolgrad_buffers_make(&buffers, &shape, format, 1U << choice.layout, true);
    int status = made ? measure(&buffers, choice, arguments->quick, found) : complain(found, "not enough memory");
    poolgrad_buffers_free(&buffers);
    return status;
}

/* ---- Telling ----------------------------------------------------------------------------------------------------- */

static int by_speed(const void *a, const void *b)
{
    const struct found *left = a, *right = b;
    return (left->over_naive > right->over_naive) - (left->over_naive < right->over_naive);
}

static double median_of(const struct found *found, int count, const char *word, bool of_reference, int *cases)
{
    double *ratio = calloc((size_t)count, sizeof *ratio), median = NAN;
    *cases = 0;
    for (int i = 0; ratio && i < count; i++) {
        if (!strstr(found[i].name, word)) continue;
        ratio[(*cases)++] = of_reference ? found[i].over_reference : found[i].over_naive;
    }
    if (ratio && *cases > 0) median = poolgrad_spread_of(ratio, *cases).median;
    free(ratio);
    return median;
}

/* Sorts what was found. Returns how many are slower than the plain loop. */
static int tell(struct found *found, int count)
{
    static const char *const words[] = {"/",         "forward/",   "gradient/", "/average/", "/max/",
                                        "/argmax/",  "/l2norm/",   "/nchw/",    "/nhwc/",    "/nc4hw4/",
                                        "/float16/", "/bfloat16/", "/float32/", "/float64/"};
    int slower = 0, cases;
    qsort(found, (size_t)count, sizeof *found, by_speed);
    printf("%-12s %6s %18s %18s\n", "cases", "", "plain C / poolgrad", "reference / poolg.");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        double naive = median_of(found, count, words[i], false, &cases);
        double reference = median_of(found, count, words[i], true, &cases);
        if (cases > 0) printf("%-12s %6d %18.2f %18.2f\n", i == 0 ? "all" : words[i], cases, naive, reference);
    }
    printf("\nmedians of time ratios; the cases nearest to the plain loop:\n%8s %10s %8s  %s\n", "ratio", "ms", "ref.",
           "case (seed)");
    for (int i = 0; i < count; i++) {
        if (i < WORST) {
            printf("%8.2f %10.4g %8.1f  %s (%" PRIu64 ")\n", found[i].over_naive, found[i].milliseconds,
                   found[i].over_reference, found[i].name, found[i].seed);
        }
        slower += found[i].over_naive < 1;
    }
    printf("\n%d of %d cases are slower than the plain loop (aim: 0); the reference takes %.1f times as long in the "
           "median (aim: 5)\n",
           slower, count, median_of(found, count, "/", true, &cases));
    return slower;
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
    *arguments = (struct arguments){.cases = 400, .threads = 1, .seed = 1};
    for (int i = 1; i < count; i++) {
        const char *value = i + 1 < count ? word[i + 1] : "";
        if (strcmp(word[i], "--quick") == 0) {
            arguments->quick = true;
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
        fprintf(stderr, "usage: cliffs [--cases N] [--seed N] [--threads N] [--quick]\n");
        return 2;
    }
    struct found *found = calloc((size_t)arguments.cases, sizeof *found);
    if (!found) {
        fprintf(stderr, "cliffs: not enough memory for the list of cases\n");
        return 2;
    }
    int status = 0;
    struct progress progress = poolgrad_progress_begin("measuring", arguments.cases);
    for (int i = 0; status == 0 && i < arguments.cases; i++) {
        found[i].seed = arguments.seed + (uint64_t)i;
        status = run_case(&arguments, &found[i]);
        poolgrad_progress_update(&progress, i + 1);
    }
    poolgrad_progress_end(&progress);
    if (status == 0 && tell(found, arguments.cases) > 0 && !arguments.quick) status = 1;
    free(found);
    return status;
}
