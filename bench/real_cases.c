/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Computes the gradients of tests/data and compares them with PyTorch's, bit by bit.
 *
 *     real_cases [--output FOLDER] FOLDER...
 *
 * Each FOLDER is a case, with files as tests/data/README.md describes them, or a folder of cases. --output takes the
 * gradients, CASE.npy, and pictures of them, CASE.png. Exit status: 0, 1 where a case does not agree with PyTorch, 2
 * where something cannot be read or written.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/posix.h"
#include "support/real_case.h"
#ifdef POOLGRAD_PNG
#include "case_picture.h"
#endif

enum { RUNS = 21, PATH_SIZE = 4096, TEXT_SIZE = 96 };

/* What the whole run found. */
struct summary {
    int computed, disagreeing, failed;
    bool l2norm;
};

/* ---- One case ------------------------------------------------------------------------------------------------ */

static int compare_times(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* Median of the processor's time for a run in seconds, after one to warm up, or -1 on refusal. On one thread, and not
 * by the clock on the wall: for cases this small that shows the waking of threads, and whatever else the machine does.
 */
static double measure(const real_case *made)
{
    poolgrad_error error;
    poolgrad_plan *plan;
    poolgrad_problem problem = made->problem;
    double seconds[RUNS];
    problem.threads = 1;
    if (poolgrad_plan_create(&problem, &plan, &error) != POOLGRAD_OK) {
        fprintf(stderr, "%s\n", error.message);
        return -1;
    }
    poolgrad_plan_run(plan);
    for (int i = 0; i < RUNS; i++) {
        clock_t begin = clock();
        poolgrad_plan_run(plan);
        seconds[i] = (double)(clock() - begin) / CLOCKS_PER_SEC;
    }
    poolgrad_plan_destroy(plan);
    qsort(seconds, RUNS, sizeof *seconds, compare_times);
    return seconds[RUNS / 2];
}

/* Adds ", word 3" or, where the axes differ, ", word 3x2" (x first). */
static void add_pair(char text[TEXT_SIZE], const char *word, int64_t x, int64_t y)
{
    size_t used = strlen(text);
    if (x == y)
        snprintf(text + used, TEXT_SIZE - used, ", %s %" PRId64, word, x);
    else
        snprintf(text + used, TEXT_SIZE - used, ", %s %" PRId64 "x%" PRId64, word, x, y);
}

static void describe(const poolgrad_problem *p, char text[TEXT_SIZE])
{
    static const char *const kinds[] = {"average", "max", "L2-norm"};
    const poolgrad_window *w = &p->window;
    bool dilated = w->dilation_x > 1 || w->dilation_y > 1;
    int64_t reach_x = (w->kernel_width - 1) * w->dilation_x + 1, reach_y = (w->kernel_height - 1) * w->dilation_y + 1;
    snprintf(text, TEXT_SIZE, "%s%s %" PRId64 "x%" PRId64, dilated ? "dilated " : "", kinds[p->kind], w->kernel_width,
             w->kernel_height);
    add_pair(text, "stride", w->stride_x, w->stride_y);
    int64_t pad_x = reach_x / 2 - p->offset_x, pad_y = reach_y / 2 - p->offset_y;
    if (pad_x != 0 || pad_y != 0) add_pair(text, "pad", pad_x, pad_y);
    if (dilated) add_pair(text, "dilation", w->dilation_x, w->dilation_y);
}

static void describe_agreement(const real_agreement *found, char text[TEXT_SIZE])
{
    double percent = 100 * (double)found->different / (double)found->elements;
    if (found->different == 0)
        snprintf(text, TEXT_SIZE, "bit-equal");
    else if (found->greatest_ulp == INT64_MAX)
        snprintf(text, TEXT_SIZE, "%.1f %% differ, NaNs among them", percent);
    else
        snprintf(text, TEXT_SIZE, "<= %" PRId64 " ulp in %.1f %%", found->greatest_ulp, percent);
}

static void print_heading(void)
{
    printf("%-24s %-44s %-12s %8s  %-19s %10s\n", "case", "gradient of", "NxCxHxW", "elements", "agreement", "time");
}

static void print_row(const char *name, const real_case *made, const real_agreement *found, double seconds)
{
    char geometry[TEXT_SIZE] = "", size[TEXT_SIZE], agreement[TEXT_SIZE];
    const poolgrad_const_image *source = &made->problem.source;
    describe(&made->problem, geometry);
    describe_agreement(found, agreement);
    snprintf(size, sizeof size, "%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64, source->images, source->channels,
             source->height, source->width);
    printf("%-24s %-44s %-12s %8" PRId64 "  %-19s %7.2f ms%s\n", name, geometry, size, found->elements, agreement,
           seconds * 1e3, real_case_agrees(&made->problem, found) ? "" : "  DISAGREES");
    fflush(stdout);
}

/* ---- Results ------------------------------------------------------------------------------------------------- */

static bool write_tensor(const char *path, const struct tensor *tensor)
{
    struct options options = {.command = COMMAND_GRADIENT};
    struct output output = {0};
    options.value[OPTION_OUTPUT].given = true;
    options.value[OPTION_OUTPUT].text = path;
    bool written = poolgrad_output_open(&options, poolgrad_file(&options, OPTION_OUTPUT), &output) == 0 &&
                   poolgrad_output_write(&options, &output, tensor) == 0 &&
                   poolgrad_output_commit(&options, &output) == 0;
    poolgrad_output_discard(&output);
    return written;
}

static bool write_results(const char *folder, const char *name, const real_case *made)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s.npy", folder, name) >= PATH_SIZE) return false;
    if (!write_tensor(path, &made->destination)) return false;
#ifdef POOLGRAD_PNG
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    return picture_write(path, &made->source.image, &made->destination.image);
#else
    return true;
#endif
}

/* ---- All cases ----------------------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* False where the case could not be computed or its results not be written. */
static bool compute(const char *name, const real_case *made, const char *output, struct summary *summary)
{
    double seconds = measure(made);
    if (seconds < 0) return false;
    real_agreement found = real_case_compare(&made->destination.image, &made->expected.image);
    if (summary->computed++ == 0) print_heading();
    print_row(name, made, &found, seconds);
    if (!real_case_agrees(&made->problem, &found)) summary->disagreeing++;
    if (made->problem.kind == POOLGRAD_L2NORM) summary->l2norm = true;
    return !output || write_results(output, name, made);
}

static void do_case(const char *folder, const char *output, struct summary *summary)
{
    real_case made;
    if (!real_case_read(&made, folder)) {
        summary->failed++;
        return;
    }
    if (!compute(last_part(folder), &made, output, summary)) summary->failed++;
    real_case_free(&made);
}

static bool is_case(const char *folder)
{
    char path[PATH_SIZE];
    return snprintf(path, sizeof path, "%s/options", folder) < PATH_SIZE &&
           poolgrad_file_status(path).kind == FILE_REGULAR;
}

static void do_folder(const char *folder, const char *output, struct summary *summary)
{
    struct dirent **entry;
    bool found = false;
    int count = scandir(folder, &entry, NULL, alphasort);
    if (count < 0) {
        fprintf(stderr, "%s: %s\n", folder, strerror(errno));
        summary->failed++;
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        bool fits = snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name) < PATH_SIZE;
        if (fits && entry[i]->d_name[0] != '.' && is_case(path)) {
            do_case(path, output, summary);
            found = true;
        }
        free(entry[i]);
    }
    free(entry);
    if (found) return;
    fprintf(stderr, "%s: holds no case: no file 'options', nor a folder with one\n", folder);
    summary->failed++;
}

static void print_notes(const struct summary *summary)
{
    printf("\nagreement  with PyTorch's gradient; where bits differ, by how many units in the last place (ulp)\n"
           "           at most, and in which part of the elements\n"
           "time       the processor's, median of %d runs in memory on one thread\n",
           RUNS);
    if (summary->l2norm) {
        printf(
            "L2-norm    PyTorch composes it of squares, average pooling, relu and a square root and rounds to float32\n"
            "           after each; poolgrad computes in float64 and rounds once. Up to %d ulp are accepted.\n",
            REAL_CASE_L2NORM_ULP);
    }
    if (summary->disagreeing > 0) printf("%d of %d cases DISAGREE\n", summary->disagreeing, summary->computed);
}

static int usage(void)
{
    fprintf(stderr, "usage: real_cases [--output FOLDER] FOLDER...\n");
    return 2;
}

int main(int count, char **word)
{
    struct summary summary = {0};
    const char *output = NULL;
    int first = 1;
    if (count > 2 && strcmp(word[1], "--output") == 0) {
        output = word[2];
        first = 3;
    }
    if (first == count || word[first][0] == '-') return usage();
    if (output && mkdir(output, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", output, strerror(errno));
        return 2;
    }
    for (int i = first; i < count; i++) {
        size_t length = strlen(word[i]);
        while (length > 1 && word[i][length - 1] == '/') word[i][--length] = '\0';
        if (is_case(word[i]))
            do_case(word[i], output, &summary);
        else
            do_folder(word[i], output, &summary);
    }
    if (summary.computed > 0) print_notes(&summary);
#ifndef POOLGRAD_PNG
    if (output) printf("no pictures: built without libpng\n");
#endif
    if (summary.failed > 0) return 2;
    return summary.disagreeing > 0 ? 1 : 0;
}
