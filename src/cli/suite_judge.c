/* SPDX-License-Identifier: Apache-2.0 */
/* Cases in parallel: run by the backend, read, judged. */
#include "cli/suite_judge.h"

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
    char *output; /* path */
    bool is_loaded;
    struct suite_case made;
    poolgrad_image actual;
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
}

/* ---- The backend ------------------------------------------------------------------------------------------------- */

static void run_backend(void *context, int64_t i)
{
    const struct job *job = (const struct job *)context + i;
    if (!job->is_loaded) return;
    if (poolgrad_suite_run_backend(job->judge, job->index, job->output, result_of(job)->sentence)) return;
    end_with(job, OUTCOME_FAILED, result_of(job)->sentence);
}

/* ---- The judgement ----------------------------------------------------------------------------------------------- */

/* "(0, 1, 5, 3)", with the third axis in the middle where the case has one. */
static void print_place(const struct job *job, const poolgrad_finding *f, char text[SUITE_PLACE])
{
    char depth[SUITE_PLACE / 4] = "";
    if (job->actual.depth > 0) snprintf(depth, sizeof depth, "%" PRId64 ", ", f->z);
    snprintf(text, SUITE_PLACE, "(%" PRId64 ", %" PRId64 ", %s%" PRId64 ", %" PRId64 ")", f->n, f->c, depth, f->y,
             f->x);
}

static enum suite_outcome outcome_of(const struct suite_result *result, const poolgrad_verification *v)
{
    if (!poolgrad_verification_passes(v)) return OUTCOME_WRONG;
    if (result->count[POOLGRAD_VERDICT_UNDOCUMENTED] > 0) return OUTCOME_UNDOCUMENTED;
    return result->count[POOLGRAD_VERDICT_UNBOUNDED] > 0 ? OUTCOME_UNBOUNDED : OUTCOME_RIGHT;
}

static void describe(const struct job *job, const poolgrad_verification *v)
{
    struct suite_result *result = result_of(job);
    for (int i = 0; i < POOLGRAD_VERDICTS; i++) {
        result->count[i] = poolgrad_verification_count(v, (poolgrad_verdict)i);
    }
    const poolgrad_finding *f = poolgrad_verification_finding(v, 0);
    if (!poolgrad_verification_passes(v) && f) {
        char place[SUITE_PLACE];
        print_place(job, f, place);
        snprintf(result->sentence, sizeof result->sentence,
                 "%" PRId64 " elements are wrong; the worst, %s, is %.9g; expected %.9g to %.9g",
                 result->count[POOLGRAD_VERDICT_WRONG], place, isnan(f->actual) ? NAN : f->actual, f->low, f->high);
    } else if (result->count[POOLGRAD_VERDICT_UNDOCUMENTED] > 0) {
        snprintf(result->sentence, sizeof result->sentence, "%" PRId64 " elements are undocumented%s%s",
                 result->count[POOLGRAD_VERDICT_UNDOCUMENTED], f ? ": " : "",
                 f ? poolgrad_decision_text(f->decision) : "");
    } else if (result->count[POOLGRAD_VERDICT_UNBOUNDED] > 0) {
        snprintf(result->sentence, sizeof result->sentence, "%" PRId64 " elements are unbounded: %s",
                 result->count[POOLGRAD_VERDICT_UNBOUNDED], poolgrad_unbounded_text);
    }
    result->outcome = outcome_of(result, v);
}

static void judge_case(const struct job *job)
{
    poolgrad_declaration declaration = job->judge->declaration;
    poolgrad_problem problem = job->made.problem;
    poolgrad_image before;
    poolgrad_verification *verification;
    poolgrad_error error;
    problem.picks = (poolgrad_image){0};
    problem.destination = job->actual;
    problem.threads = 1;
    if (!poolgrad_suite_destination(&job->made, &before)) {
        end_with(job, OUTCOME_UNREADABLE, "the case does not fit into memory");
        return;
    }
    const poolgrad_const_image before_image = poolgrad_image_as_const(&before);
    declaration.before = &before_image;
    if (poolgrad_verify(&problem, &declaration, &verification, &error) == POOLGRAD_OK) {
        describe(job, verification);
        poolgrad_verification_destroy(verification);
    } else {
        end_with(job, OUTCOME_UNREADABLE, error.message);
    }
    free(before.data);
}

static void judge_if_read(void *context, int64_t i)
{
    const struct job *job = (const struct job *)context + i;
    if (job->actual.format != POOLGRAD_FORMAT_NONE) judge_case(job);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* The output has the expected one's shape and format. What is wrong with the file goes to stderr, too. */
static void read_output(struct job *job)
{
    if (!job->is_loaded || result_of(job)->outcome == OUTCOME_FAILED) return;
    if (poolgrad_file_status(job->output).kind == FILE_MISSING) {
        end_with(job, OUTCOME_MISSING, "there is no output");
        return;
    }
    job->actual = job->made.image[SUITE_EXPECTED];
    job->actual.data = NULL;
    if (poolgrad_tensor_read_as(job->judge->options, job->output, &job->actual) == 0) return;
    job->actual = (poolgrad_image){0};
    end_with(job, OUTCOME_UNREADABLE, "the output is no .npy file of the expected shape and format");
}

static int load(struct suite_judge *judge, int64_t index, struct job *job)
{
    char name[2 * SUITE_NAME];
    *job = (struct job){.judge = judge, .index = index};
    snprintf(name, sizeof name, "%s.npy", judge->manifest.entry[index].name);
    job->output = poolgrad_manifest_path(judge->outputs, name);
    if (!job->output) return poolgrad_fail(judge->options, "the cases do not fit into memory");
    if (poolgrad_manifest_load(judge->options, &judge->manifest, index, &job->made) != 0) return 2;
    job->is_loaded = true;
    return 0;
}

static void release(struct job *job)
{
    free(job->output);
    free(job->actual.data);
    if (job->is_loaded) poolgrad_suite_case_free(&job->made);
}

static int judge_some(struct suite_judge *judge, struct job *jobs, int64_t first, int64_t count)
{
    int status = 0;
    for (int64_t i = 0; i < count; i++) jobs[i] = (struct job){0};
    for (int64_t i = 0; status == 0 && i < count; i++) status = load(judge, first + i, &jobs[i]);
    const int threads = (int)poolgrad_min(judge->threads, count);
    if (status == 0 && judge->command) poolgrad_threads_run(threads, count, run_backend, jobs);
    for (int64_t i = 0; status == 0 && i < count; i++) read_output(&jobs[i]);
    if (status == 0) poolgrad_threads_run(threads, count, judge_if_read, jobs);
    for (int64_t i = 0; i < count; i++) release(&jobs[i]);
    return status;
}

int poolgrad_suite_judge_cases(struct suite_judge *judge)
{
    const int64_t count = judge->manifest.count, step = (int64_t)judge->threads * CASES_AT_ONCE;
    struct job *jobs = calloc((size_t)step, sizeof *jobs);
    judge->result = calloc((size_t)count + 1, sizeof *judge->result);
    if (!jobs || !judge->result) {
        free(jobs);
        return poolgrad_fail(judge->options, "the cases do not fit into memory");
    }
    struct progress progress = poolgrad_progress_begin("suite", count);
    int status = 0;
    for (int64_t first = 0; status == 0 && first < count && !poolgrad_folder_interrupted(); first += step) {
        status = judge_some(judge, jobs, first, poolgrad_min(step, count - first));
        poolgrad_progress_update(&progress, poolgrad_min(first + step, count));
    }
    poolgrad_progress_end(&progress);
    free(jobs);
    /* The signal ends the process once its folder is gone; of cases that were not judged nothing is said. */
    return poolgrad_folder_interrupted() ? 2 : status;
}
