/* SPDX-License-Identifier: Apache-2.0 */
/* suite verify and suite run: the command around the judgement. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "cli/declaration.h"
#include "cli/packages.h"
#include "cli/picture.h"
#include "cli/posix.h"
#include "cli/setup.h"
#include "cli/suite_choose.h"
#include "cli/suite_judge.h"

enum { SECONDS = 60, MOST_SECONDS = 86400, MOST_THREADS = 1024, MOST_JOBS = 256 };

/* ---- The command ------------------------------------------------------------------------------------------------- */

void poolgrad_suite_judge_free(struct suite_judge *judge)
{
    poolgrad_manifest_free(&judge->manifest);
    poolgrad_output_discard(&judge->junit);
    poolgrad_output_discard(&judge->json);
    if (judge->temporary) poolgrad_folder_remove(judge->temporary);
    if (judge->temporary != judge->outputs) free(judge->temporary);
    free(judge->outputs);
    json_decref(judge->given);
    free(judge->result);
}

static int check_folder(const struct options *options, enum option option)
{
    const char *folder = options->value[option].text;
    if (poolgrad_file_status(folder).kind == FILE_DIRECTORY) return 0;
    return poolgrad_fail(options, "--%s %s: is no folder; expected the one with the outputs, NAME.npy for each case",
                         poolgrad_options[option].name, folder);
}

/* The folder of an option that fills one, or continues with what is there. */
static int make_folder(const struct options *options, enum option option, bool resumes)
{
    const char *folder = options->value[option].text, *name = poolgrad_options[option].name;
    if (poolgrad_file_status(folder).kind == FILE_MISSING && !poolgrad_folder_make(folder))
        return poolgrad_fail(options, "--%s %s: cannot be made: %s", name, folder, strerror(errno));
    if (poolgrad_file_status(folder).kind != FILE_DIRECTORY)
        return poolgrad_fail(options, "--%s %s: is no folder; expected one that is new or empty", name, folder);
    if (resumes || poolgrad_folder_is_empty(folder)) return 0;
    return poolgrad_fail(options, "--%s %s: is not empty; expected a folder that is new or empty", name, folder);
}

/* To be freed; null without memory. */
static char *copy(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copied = malloc(size);
    if (copied) memcpy(copied, text, size);
    return copied;
}

/* Where the outputs are, or are going to be. */
static int choose_outputs(struct suite_judge *judge)
{
    const struct options *options = judge->options;
    if (!judge->command) {
        static const enum option required[] = {OPTION_ACTUAL_FOLDER};
        if (poolgrad_setup_required(options, required, 1) != 0) return 2;
        if (check_folder(options, OPTION_ACTUAL_FOLDER) != 0) return 2;
        judge->folder = options->value[OPTION_ACTUAL_FOLDER].text;
        judge->outputs = copy(judge->folder);
    } else if (poolgrad_given(options, OPTION_OUTPUT_FOLDER)) {
        if (make_folder(options, OPTION_OUTPUT_FOLDER, judge->resumes) != 0) return 2;
        judge->folder = options->value[OPTION_OUTPUT_FOLDER].text;
        judge->outputs = copy(judge->folder);
    } else {
        judge->temporary = poolgrad_folder_temporary("poolgrad-outputs");
        judge->outputs = judge->temporary;
        if (!judge->outputs) return poolgrad_fail(options, "a folder for outputs cannot be made: %s", strerror(errno));
    }
    return judge->outputs ? 0 : poolgrad_fail(options, "the folder's name does not fit into memory");
}

int poolgrad_suite_open_results(struct suite_judge *judge)
{
    const struct options *options = judge->options;
    int status = 0;
    if (poolgrad_given(options, OPTION_JUNIT))
        status = poolgrad_output_open(options, poolgrad_file(options, OPTION_JUNIT), &judge->junit);
    if (status == 0 && poolgrad_given(options, OPTION_SUITE_JSON))
        status = poolgrad_output_open(options, poolgrad_file(options, OPTION_SUITE_JSON), &judge->json);
    if (status != 0 || !poolgrad_given(options, OPTION_REPORTS)) return status;
    if (!poolgrad_has_pictures()) {
        return poolgrad_fail(options, "--reports is given; expected a poolgrad built with libpng, which draws its "
                                      "pictures; install " POOLGRAD_PICTURE_PACKAGES);
    }
    judge->reports = options->value[OPTION_REPORTS].text;
    return make_folder(options, OPTION_REPORTS, false);
}

static int write_results(struct suite_judge *judge)
{
    struct output *const outputs[] = {&judge->junit, &judge->json};
    int status = 0;
    if (judge->reports && !poolgrad_suite_write_index(judge)) {
        return poolgrad_fail(judge->options, "--reports %s: index.html cannot be written: %s", judge->reports,
                             strerror(errno));
    }
    if (!poolgrad_writes_stdout(judge->options)) poolgrad_suite_print(judge);
    if (judge->junit.file) poolgrad_suite_print_junit(judge, judge->junit.file);
    if (judge->json.file) poolgrad_suite_print_json(judge, judge->json.file);
    for (int i = 0; i < 2; i++) {
        if (status == 0 && outputs[i]->file) status = poolgrad_output_close(judge->options, outputs[i]);
    }
    for (int i = 0; i < 2; i++) {
        if (status == 0 && outputs[i]->path) status = poolgrad_output_commit(judge->options, outputs[i]);
    }
    return status;
}

/* Those asked for or, for 0, OMP_NUM_THREADS or as many as there are processors; one where poolgrad was built without
 * OpenMP. */
static int threads_of(int asked)
{
    const char *variable = getenv("OMP_NUM_THREADS");
    const long most = variable ? strtol(variable, NULL, 10) : 0;
    if (!poolgrad_has_openmp()) return 1;
    if (asked > 0) return asked;
    return most > 0 && most <= MOST_THREADS ? (int)most : poolgrad_processors();
}

int poolgrad_suite_threads(const struct options *options, int *threads)
{
    poolgrad_isa isa;
    int most = 0;
    const int status = poolgrad_setup_execution(options, &most, &isa);
    *threads = threads_of(most);
    return status;
}

/* Leaves the manifest with the cases that are wanted, in their order. */
static int choose_cases(struct suite_judge *judge)
{
    struct manifest *manifest = &judge->manifest;
    struct suite_choice choice;
    int64_t count = 0;
    if (poolgrad_suite_choice_read(judge->options, &choice) != 0) return 2;
    for (int64_t i = 0; i < manifest->count; i++) {
        const struct manifest_case entry = manifest->entry[i];
        if (!poolgrad_suite_choose_next(&choice, &entry.problem, entry.features)) continue;
        manifest->entry[i] = manifest->entry[count]; /* behind those that are left, where they are freed */
        manifest->entry[count++] = entry;
    }
    judge->count = count;
    judge->part = choice.part;
    judge->parts = choice.parts;
    return count > 0 ? 0 : poolgrad_suite_none_chosen(judge->options);
}

/* How the backend is run. */
static int prepare_run(struct suite_judge *judge)
{
    static const enum option required[] = {OPTION_BACKEND};
    const struct options *options = judge->options;
    if (poolgrad_setup_required(options, required, 1) != 0) return 2;
    judge->seconds = poolgrad_number(options, OPTION_TIMEOUT, SECONDS);
    if (judge->seconds < 1 || judge->seconds > MOST_SECONDS) {
        return poolgrad_fail(options, "--timeout is %" PRId64 "; expected 1 to %d seconds", judge->seconds,
                             MOST_SECONDS);
    }
    const int64_t jobs = poolgrad_number(options, OPTION_JOBS, poolgrad_min(judge->threads, MOST_JOBS));
    if (jobs < 1 || jobs > MOST_JOBS)
        return poolgrad_fail(options, "--jobs is %" PRId64 "; expected 1 to %d processes at once", jobs, MOST_JOBS);
    judge->jobs = (int)jobs;
    judge->resumes = poolgrad_given(options, OPTION_RESUME);
    if (judge->resumes && !poolgrad_given(options, OPTION_OUTPUT_FOLDER)) {
        return poolgrad_fail(options, "--resume is given without --output; expected the folder that keeps the outputs "
                                      "of the run that was stopped");
    }
    judge->command = options->value[OPTION_BACKEND].text;
    poolgrad_shells_begin();
    return 0;
}

/* What results depend on beside the cases and their outputs. */
static int note_declared(struct suite_judge *judge)
{
    static const enum option of_backends[] = {OPTION_COMPUTED_IN, OPTION_DIVISION,      OPTION_FUSION,
                                              OPTION_SUBNORMALS,  OPTION_CHAIN,         OPTION_DIGITS,
                                              OPTION_STORED_IN,   OPTION_AVERAGES,      OPTION_COMPOSED,
                                              OPTION_NORMS,       OPTION_KEEP_TIE_RULE, OPTION_KEEP_NAN_RULE};
    judge->declared = judge->given = json_object();
    bool good = judge->given;
    for (size_t i = 0; good && i < sizeof of_backends / sizeof *of_backends; i++) {
        const char *text = judge->options->value[of_backends[i]].text;
        if (!poolgrad_given(judge->options, of_backends[i])) continue;
        json_t *value = text ? json_string(text) : json_true();
        good = json_object_set_new(judge->given, poolgrad_options[of_backends[i]].name, value) == 0;
    }
    return good ? 0 : poolgrad_fail(judge->options, "the declaration does not fit into memory");
}

static int prepare(struct suite_judge *judge, bool runs)
{
    const struct options *options = judge->options;
    int status = poolgrad_suite_threads(options, &judge->threads);
    if (status == 0 && runs) status = prepare_run(judge);
    if (status == 0) status = poolgrad_declaration_read(options, &judge->declaration);
    if (status == 0) status = note_declared(judge);
    if (status == 0) status = poolgrad_manifest_read(options, options->word[1], &judge->manifest);
    if (status == 0) status = choose_cases(judge);
    if (status == 0 && runs) status = poolgrad_suite_check_command(judge);
    if (status == 0) status = choose_outputs(judge);
    return status == 0 ? poolgrad_suite_open_results(judge) : status;
}

int poolgrad_suite_finish(struct suite_judge *judge)
{
    const int status = write_results(judge);
    return status == 0 && !poolgrad_suite_passes(judge) ? 1 : status;
}

int poolgrad_suite_verify(const struct options *options)
{
    struct suite_judge judge = {.options = options};
    int status = prepare(&judge, strcmp(options->word[0], "run") == 0);
    if (status == 0) status = poolgrad_suite_judge_cases(&judge);
    if (status == 0) status = poolgrad_suite_finish(&judge);
    poolgrad_suite_judge_free(&judge);
    return status;
}
