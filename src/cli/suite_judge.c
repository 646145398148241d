/* SPDX-License-Identifier: Apache-2.0 */
/* Cases in parallel: read, judged. */
#include "cli/suite_judge.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "cli/posix.h"
#include "cli/progress.h"
#include "cli/verify.h"

const char *const poolgrad_outcome_words[OUTCOMES] = {"right", "unbounded",  "undocumented", "missing",
                                                      "wrong", "unreadable", "failed"};

enum { SUITE_PLACE = 128 };
enum { CASES_AT_ONCE = 8 }; /* for each thread: they are all in memory */

/* A case in work. */
struct job {
    struct suite_judge *judge;
    int64_t index;
    char *output, *indices; /* paths */
    bool is_loaded;
    struct suite_case made;
    poolgrad_image picks; /* actual ones */
    struct verify found;  /* its problem's tables are the manifest's */
    bool is_followed;     /* its cause is looked for, its page written */
};

static struct suite_result *result_of(const struct job *job)
{
    return &job->judge->result[job->index];
}

static void end_with(const struct job *job, enum suite_outcome outcome, const char *sentence)
{
    struct suite_result *result = result_of(job);
    result->outcome = outcome;
    if (sentence != result->sentence) snprintf(result->sentence, sizeof result->sentence, "%s", sentence);
    poolgrad_plain_line(result->sentence);
}

/* ---- The judgement ----------------------------------------------------------------------------------------------- */

/* "(0, 1, 5, 3)", with the third axis in the middle where the case has one. */
static void print_place(const struct job *job, const poolgrad_finding *f, char text[SUITE_PLACE])
{
    char depth[SUITE_PLACE / 4] = "";
    if (job->found.actual.image.depth > 0) snprintf(depth, sizeof depth, "%" PRId64 ", ", f->z);
    snprintf(text, SUITE_PLACE, "(%" PRId64 ", %" PRId64 ", %s%" PRId64 ", %" PRId64 ")", f->n, f->c, depth, f->y,
             f->x);
}

static enum suite_outcome outcome_of(const struct suite_result *result)
{
    if (result->count[POOLGRAD_VERDICT_WRONG] > 0) return OUTCOME_WRONG;
    if (result->count[POOLGRAD_VERDICT_UNDOCUMENTED] > 0) return OUTCOME_UNDOCUMENTED;
    return result->count[POOLGRAD_VERDICT_UNBOUNDED] > 0 ? OUTCOME_UNBOUNDED : OUTCOME_RIGHT;
}

/* What the best of the known mistakes explains. A search that is refused finds none. */
static void add_cause(void *context, int64_t i)
{
    const struct job *job = (const struct job *)context + i;
    if (!job->is_followed) return;
    struct suite_result *result = result_of(job);
    poolgrad_verification *v = job->found.verification;
    const size_t length = strlen(result->sentence);
    if (poolgrad_verification_find_causes(v, NULL) != POOLGRAD_OK) return;
    const poolgrad_cause *cause = poolgrad_verification_cause(v, 0);
    if (!cause) {
        snprintf(result->sentence + length, sizeof result->sentence - length, "; no known mistake explains it");
        return;
    }
    snprintf(result->cause, sizeof result->cause, "%s", cause->name);
    snprintf(result->sentence + length, sizeof result->sentence - length, "; likely cause: %s: %s (%.1f %%)",
             cause->name, cause->sentence, 100 * (double)cause->explained / (double)cause->wrong);
}

/* "is 1; expected 1.5", or a range. */
static void print_values(const struct job *job, const poolgrad_finding *f, char text[SUITE_PLACE])
{
    const poolgrad_format format = job->found.actual.image.format;
    const int digits = poolgrad_format_digits(format);
    int length = snprintf(text, SUITE_PLACE, "is %.*g; expected %.*g", digits, isnan(f->actual) ? NAN : f->actual,
                          digits, isnan(f->low) ? NAN : f->low);
    if (f->low < f->high) snprintf(text + length, SUITE_PLACE - (size_t)length, " to %.*g", digits, f->high);
}

/* The finding is the worst one; null where none are kept. */
static void describe_wrong(const struct job *job, const poolgrad_finding *f, char sentence[SUITE_SENTENCE])
{
    const int64_t wrong = result_of(job)->count[POOLGRAD_VERDICT_WRONG];
    char place[SUITE_PLACE], values[SUITE_PLACE];
    const int length = snprintf(sentence, SUITE_SENTENCE, "%" PRId64 " element%s wrong", wrong,
                                wrong == 1 ? " is" : "s are");
    if (!f) return;
    print_place(job, f, place);
    print_values(job, f, values);
    snprintf(sentence + length, SUITE_SENTENCE - (size_t)length, "; the worst, %s, %s", place, values);
}

static void describe(const struct job *job)
{
    struct suite_result *result = result_of(job);
    const poolgrad_verification *v = job->found.verification;
    const poolgrad_finding *f = poolgrad_verification_finding(v, 0);
    for (int i = 0; i < POOLGRAD_VERDICTS; i++) {
        result->count[i] = poolgrad_verification_count(v, (poolgrad_verdict)i);
    }
    result->outcome = outcome_of(result);
    if (result->outcome == OUTCOME_WRONG) {
        describe_wrong(job, f, result->sentence);
    } else if (result->outcome == OUTCOME_UNDOCUMENTED) {
        snprintf(result->sentence, sizeof result->sentence, "%" PRId64 " elements are undocumented%s%s",
                 result->count[POOLGRAD_VERDICT_UNDOCUMENTED], f ? ": " : "",
                 f ? poolgrad_decision_text(f->decision) : "");
    } else if (result->outcome == OUTCOME_UNBOUNDED) {
        snprintf(result->sentence, sizeof result->sentence, "%" PRId64 " elements are unbounded: %s",
                 result->count[POOLGRAD_VERDICT_UNBOUNDED], poolgrad_unbounded_text);
    }
}

static void judge_values(struct job *job)
{
    struct verify *found = &job->found;
    poolgrad_problem *problem = &found->inputs.problem;
    poolgrad_error error;
    found->name = job->made.name;
    found->kind = poolgrad_kind_name(job->made.problem.kind);
    found->declaration = job->judge->declaration;
    found->strict = poolgrad_given(job->judge->options, OPTION_STRICT);
    *problem = job->made.problem;
    problem->picks = (poolgrad_image){0};
    problem->destination = found->actual.image;
    problem->threads = 1;
    if (!poolgrad_suite_destination(&job->made, &found->before.image)) {
        end_with(job, OUTCOME_UNREADABLE, "the case does not fit into memory");
        return;
    }
    found->before_image = poolgrad_image_as_const(&found->before.image);
    found->declaration.before = &found->before_image;
    if (poolgrad_verify(problem, &found->declaration, &found->verification, &error) == POOLGRAD_OK)
        describe(job);
    else
        end_with(job, OUTCOME_UNREADABLE, error.message);
}

static void judge_picks(const struct job *job)
{
    struct suite_result *result = result_of(job);
    struct picks_verdict verdict;
    if (!poolgrad_suite_judge_picks(&job->made, &job->picks, &job->judge->declaration, &verdict)) {
        end_with(job, OUTCOME_UNREADABLE, "the case does not fit into memory");
        return;
    }
    result->picks = PICKS_JUDGED;
    result->wrong_picks = verdict.wrong;
    const bool is_wrong = result->outcome == OUTCOME_WRONG;
    if (verdict.wrong > 0 && !is_wrong) {
        result->outcome = OUTCOME_WRONG;
        snprintf(result->sentence, sizeof result->sentence, "%" PRId64 " %s wrong; %s", verdict.wrong,
                 verdict.wrong == 1 ? "index is" : "indices are", verdict.sentence);
    } else if (verdict.undocumented > 0 && result->outcome < OUTCOME_UNDOCUMENTED) {
        result->outcome = OUTCOME_UNDOCUMENTED;
        snprintf(result->sentence, sizeof result->sentence, "%" PRId64 " indices are undocumented: %s",
                 verdict.undocumented, poolgrad_decision_text(verdict.decision));
    }
}

static void judge_if_read(void *context, int64_t i)
{
    struct job *job = (struct job *)context + i;
    if (job->found.actual.image.format == POOLGRAD_FORMAT_NONE) return;
    judge_values(job);
    if (job->picks.data) judge_picks(job);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* Reads a file of the image's shape and format. What is wrong with it is what the case ends with. */
static bool read_file(const struct job *job, const char *path, poolgrad_image *image)
{
    static struct options options;
    static char kept[SUITE_SENTENCE];
    char sentence[SUITE_SENTENCE];
    const size_t length = strlen(path);
    options = *job->judge->options;
    options.kept = kept;
    options.kept_size = sizeof kept;
    if (poolgrad_tensor_read_as(&options, path, image) == 0) return true;
    const bool is_named = strncmp(kept, path, length) == 0;
    snprintf(sentence, sizeof sentence, "%s%s", path == job->output ? "the output" : "the file of indices",
             is_named ? kept + length : ": cannot be read");
    end_with(job, OUTCOME_UNREADABLE, sentence);
    return false;
}

/* The indices have the expected ones' shape and format, if there are any. */
static bool read_picks(struct job *job)
{
    const poolgrad_image *expected = &job->made.image[SUITE_EXPECTED_INDICES];
    if (expected->format == POOLGRAD_FORMAT_NONE) return true;
    result_of(job)->picks = PICKS_NOT_WRITTEN;
    if (poolgrad_file_status(job->indices).kind == FILE_MISSING) return true;
    job->picks = *expected;
    job->picks.data = NULL;
    if (read_file(job, job->indices, &job->picks)) return true;
    job->picks = (poolgrad_image){0};
    return false;
}

/* The output has the expected one's shape and format. */
static void read_output(struct job *job)
{
    poolgrad_image *actual = &job->found.actual.image;
    const enum suite_outcome outcome = result_of(job)->outcome;
    if (!job->is_loaded || outcome == OUTCOME_FAILED || outcome == OUTCOME_MISSING) return;
    if (poolgrad_file_status(job->output).kind == FILE_MISSING) {
        end_with(job, OUTCOME_MISSING, "there is no output");
        return;
    }
    *actual = job->made.image[SUITE_EXPECTED];
    actual->data = NULL;
    const bool good = read_file(job, job->output, actual);
    if (good && read_picks(job)) return;
    if (good) free(actual->data);
    *actual = (poolgrad_image){0};
}

static int load(struct suite_judge *judge, int64_t index, struct job *job)
{
    *job = (struct job){.judge = judge, .index = index};
    job->output = poolgrad_suite_output_path(judge, index);
    job->indices = poolgrad_suite_indices_path(judge, index);
    if (!job->output || !job->indices) return poolgrad_fail(judge->options, "the cases do not fit into memory");
    if (poolgrad_manifest_load(judge->options, &judge->manifest, index, &job->made) != 0) return 2;
    job->is_loaded = true;
    return 0;
}

static void release(struct job *job)
{
    free(job->output);
    free(job->indices);
    free(job->picks.data);
    free(job->found.actual.image.data);
    free(job->found.before.image.data);
    poolgrad_verification_destroy(job->found.verification);
    if (job->is_loaded) poolgrad_suite_case_free(&job->made);
}

/* Elements are wrong, and not so many cases were before it that it tells nothing new. In the kit's order, whatever the
 * number of threads. */
static void follow(struct job *job)
{
    if (result_of(job)->count[POOLGRAD_VERDICT_WRONG] == 0) return;
    job->is_followed = job->judge->wrong < SUITE_MOST_FOLLOWED;
    job->judge->wrong++;
}

static int write_page(const struct job *job)
{
    const struct suite_judge *judge = job->judge;
    struct suite_result *result = result_of(job);
    if (!judge->reports || !job->is_followed) return 0;
    result->has_page = true;
    if (poolgrad_suite_write_page(judge, job->index, &job->found)) return 0;
    return poolgrad_fail(judge->options, "--reports %s: %s.html cannot be written: %s", judge->reports, job->made.name,
                         strerror(errno));
}

static int judge_some(struct suite_judge *judge, struct job *jobs, int64_t first, int64_t count)
{
    int status = 0;
    for (int64_t i = 0; i < count; i++) jobs[i] = (struct job){0};
    for (int64_t i = 0; status == 0 && i < count; i++) status = load(judge, first + i, &jobs[i]);
    const int threads = (int)poolgrad_min(judge->threads, count);
    for (int64_t i = 0; status == 0 && i < count; i++) read_output(&jobs[i]);
    if (status == 0) poolgrad_threads_run(threads, count, judge_if_read, jobs);
    for (int64_t i = 0; status == 0 && i < count; i++) follow(&jobs[i]);
    if (status == 0) poolgrad_threads_run(threads, count, add_cause, jobs);
    for (int64_t i = 0; status == 0 && i < count; i++) status = write_page(&jobs[i]);
    for (int64_t i = 0; i < count; i++) release(&jobs[i]);
    return status;
}

int poolgrad_suite_judge_cases(struct suite_judge *judge)
{
    const int64_t count = judge->count, step = (int64_t)judge->threads * CASES_AT_ONCE;
    struct job *jobs = calloc((size_t)step, sizeof *jobs);
    judge->result = calloc((size_t)count + 1, sizeof *judge->result);
    if (!jobs || !judge->result) {
        free(jobs);
        return poolgrad_fail(judge->options, "the cases do not fit into memory");
    }
    int status = judge->command ? poolgrad_suite_run_backends(judge) : 0;
    struct progress progress = poolgrad_progress_begin("judge", count);
    for (int64_t first = 0; status == 0 && first < count && !poolgrad_folder_interrupted(); first += step) {
        status = judge_some(judge, jobs, first, poolgrad_min(step, count - first));
        poolgrad_progress_update(&progress, poolgrad_min(first + step, count));
    }
    poolgrad_progress_end(&progress);
    free(jobs);
    for (int64_t i = 0; i < count; i++) judge->has_judged |= judge->result[i].outcome != OUTCOME_MISSING;
    /* The signal ends the process once its folder is gone; of cases that were not judged nothing is said. */
    return poolgrad_folder_interrupted() ? 2 : status;
}
