/* SPDX-License-Identifier: Apache-2.0 */
/* suite: its words; and generate, cases from memory to files. */
#include "suite/kit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "cli/commands.h"
#include "cli/posix.h"
#include "cli/progress.h"
#include "cli/suite_choose.h"
#include "cli/suite_judge.h"
#include "cli/tensor.h"

enum { DIRECTORY_NAME = 2 * SUITE_NAME, CHECKSUM = 17 };
enum { CASES_AT_ONCE = 8 }; /* for each thread: they are all in memory */

/* All that generating holds. */
struct kit {
    const char *given; /* the folder as the words name it */
    char *target, *temporary;
    poolgrad_suite *suite;
    int64_t *chosen; /* cases, in order */
    int64_t count;
    int threads;
    FILE *manifest;
};

static int cannot_write(const struct options *options, const struct kit *kit)
{
    return poolgrad_fail(options, "%s: cannot be written: %s", kit->given, strerror(errno));
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static bool write_array(const char *path, const poolgrad_image *image)
{
    const struct tensor tensor = poolgrad_tensor_of_full_rank(image);
    FILE *file = fopen(path, "wb");
    if (!file) return false;
    const bool good = poolgrad_tensor_put(file, &tensor);
    return fclose(file) == 0 && good;
}

/* Texts that the manifest's entry of an array points to. */
struct names {
    char file[DIRECTORY_NAME], checksum[CHECKSUM];
};

static bool write_file(const struct kit *kit, const char *name, const char *role, const poolgrad_image *image,
                       struct manifest_file *file, struct names *names)
{
    *file = (struct manifest_file){.format = image->format,
                                   .layout = image->layout,
                                   .images = image->images,
                                   .channels = image->channels,
                                   .depth = image->depth,
                                   .height = image->height,
                                   .width = image->width};
    if (!image->data) return true;
    snprintf(names->file, sizeof names->file, "cases/%s/%s.npy", name, role);
    char *path = poolgrad_manifest_path(kit->temporary, names->file);
    const bool good = path && write_array(path, image) && poolgrad_manifest_checksum(path, names->checksum);
    free(path);
    file->file = names->file;
    file->fnv1a64 = names->checksum;
    return good;
}

static bool make_folder(const struct kit *kit, const char *name)
{
    char *path = poolgrad_manifest_path(kit->temporary, name);
    const bool good = path && poolgrad_folder_make(path);
    free(path);
    return good;
}

static bool write_case(const struct kit *kit, const struct suite_case *made, bool first)
{
    struct names names[SUITE_ROLES];
    struct manifest_case entry = {.name = made->name, .features = made->features, .problem = made->problem};
    char folder[DIRECTORY_NAME];
    snprintf(folder, sizeof folder, "cases/%s", made->name);
    if (!make_folder(kit, folder)) return false;
    for (int role = 0; role < SUITE_ROLES; role++) {
        if (made->image[role].format == POOLGRAD_FORMAT_NONE) continue;
        if (!write_file(kit, made->name, poolgrad_suite_role_words[role], &made->image[role], &entry.file[role],
                        &names[role])) {
            return false;
        }
    }
    return poolgrad_manifest_put(kit->manifest, &entry, first);
}

/* ---- The kit ----------------------------------------------------------------------------------------------------- */

/* A case in work. */
struct job {
    const struct kit *kit;
    int64_t index;
    struct suite_case made;
    poolgrad_status status;
    poolgrad_error error;
};

static void make_case(void *context, int64_t i)
{
    struct job *job = (struct job *)context + i;
    job->status = poolgrad_suite_make(job->kit->suite, job->index, &job->made, &job->error);
}

static int write_job(const struct options *options, const struct kit *kit, const struct job *job, bool first)
{
    if (job->status != POOLGRAD_OK)
        return poolgrad_fail(options, "case \"%s\": %s", poolgrad_suite_name(kit->suite, job->index),
                             job->error.message);
    return write_case(kit, &job->made, first) ? 0 : cannot_write(options, kit);
}

/* Cases are made side by side, and written in their order. */
static int make_some(const struct options *options, const struct kit *kit, struct job *jobs, int64_t first,
                     int64_t count)
{
    int status = 0;
    for (int64_t i = 0; i < count; i++) jobs[i] = (struct job){.kit = kit, .index = kit->chosen[first + i]};
    poolgrad_threads_run(kit->threads, count, make_case, jobs);
    for (int64_t i = 0; i < count; i++) {
        if (status == 0) status = write_job(options, kit, &jobs[i], first + i == 0);
        if (jobs[i].status == POOLGRAD_OK) poolgrad_suite_case_free(&jobs[i].made);
    }
    return status;
}

static int make_cases(const struct options *options, const struct kit *kit)
{
    const int64_t step = CASES_AT_ONCE * (int64_t)kit->threads;
    struct job *jobs = calloc((size_t)step, sizeof *jobs);
    if (!jobs) return poolgrad_fail(options, "the cases do not fit into memory");
    struct progress progress = poolgrad_progress_begin("cases", kit->count);
    int status = 0;
    for (int64_t i = 0; status == 0 && i < kit->count && !poolgrad_folder_interrupted(); i += step) {
        status = make_some(options, kit, jobs, i, poolgrad_min(step, kit->count - i));
        poolgrad_progress_update(&progress, poolgrad_min(i + step, kit->count));
    }
    poolgrad_progress_end(&progress);
    free(jobs);
    return poolgrad_folder_interrupted() ? 2 : status;
}

static int write_kit(const struct options *options, struct kit *kit, const char *size, int64_t seed)
{
    char *path = poolgrad_manifest_path(kit->temporary, MANIFEST_NAME);
    kit->manifest = path ? fopen(path, "wb") : NULL;
    free(path);
    if (!kit->manifest || !poolgrad_manifest_begin(kit->manifest, size, seed) || !make_folder(kit, "cases"))
        return cannot_write(options, kit);
    const int status = make_cases(options, kit);
    if (status != 0) return status;
    bool good = poolgrad_manifest_end(kit->manifest) && poolgrad_file_flush(kit->manifest);
    good = fclose(kit->manifest) == 0 && good;
    kit->manifest = NULL;
    if (!good || !poolgrad_folder_rename(kit->temporary, kit->target)) return cannot_write(options, kit);
    free(kit->temporary);
    kit->temporary = NULL;
    return 0;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

/* The folder's path without slashes at its end, where no other folder's name would find room beside it. */
static char *folder_path(const char *given)
{
    size_t length = strlen(given);
    while (length > 1 && given[length - 1] == '/') length--;
    char *path = malloc(length + 1);
    if (!path) return NULL;
    memcpy(path, given, length);
    path[length] = '\0';
    char *target = poolgrad_file_target(path);
    free(path);
    return target;
}

static int check_folder(const struct options *options, const char *folder)
{
    const enum file_kind kind = poolgrad_file_status(folder).kind;
    if (kind == FILE_MISSING) return 0;
    if (kind != FILE_DIRECTORY)
        return poolgrad_fail(options, "%s: is a file; expected a folder that is new or empty", folder);
    if (poolgrad_folder_is_empty(folder)) return 0;
    return poolgrad_fail(options, "%s: is not empty; expected a folder that is new or empty", folder);
}

enum { GENERATE = 1, VERIFY = 2, RUN = 4, MERGE = 8, OF_KITS = GENERATE | VERIFY | RUN };

/* Which words take an option. */
static const struct {
    enum option option;
    int words;
} takers[] = {{OPTION_SIZE, GENERATE},
              {OPTION_SEED, GENERATE},
              {OPTION_ACTUAL_FOLDER, VERIFY},
              {OPTION_BACKEND, RUN},
              {OPTION_TIMEOUT, RUN},
              {OPTION_JOBS, RUN},
              {OPTION_OUTPUT_FOLDER, RUN},
              {OPTION_RESUME, RUN},
              {OPTION_COMPUTED_IN, VERIFY | RUN},
              {OPTION_DIVISION, VERIFY | RUN},
              {OPTION_FUSION, VERIFY | RUN},
              {OPTION_SUBNORMALS, VERIFY | RUN},
              {OPTION_FINDINGS, VERIFY | RUN | MERGE},
              {OPTION_CHAIN, VERIFY | RUN},
              {OPTION_STORED_IN, VERIFY | RUN},
              {OPTION_AVERAGES, VERIFY | RUN},
              {OPTION_COMPOSED, VERIFY | RUN},
              {OPTION_NORMS, VERIFY | RUN},
              {OPTION_DIGITS, VERIFY | RUN},
              {OPTION_STRICT, VERIFY | RUN | MERGE},
              {OPTION_KEEP_TIE_RULE, VERIFY | RUN},
              {OPTION_KEEP_NAN_RULE, VERIFY | RUN},
              {OPTION_SKIP_MISSING, VERIFY | RUN | MERGE},
              {OPTION_JUNIT, VERIFY | RUN | MERGE},
              {OPTION_SUITE_JSON, VERIFY | RUN | MERGE},
              {OPTION_REPORTS, VERIFY | RUN},
              {OPTION_PROFILE, OF_KITS},
              {OPTION_CASE_DIRECTIONS, OF_KITS},
              {OPTION_CASE_KINDS, OF_KITS},
              {OPTION_CASE_FORMATS, OF_KITS},
              {OPTION_CASE_LAYOUTS, OF_KITS},
              {OPTION_FEATURES, OF_KITS},
              {OPTION_WITHOUT, OF_KITS},
              {OPTION_SHARD, OF_KITS},
              {OPTION_THREADS, OF_KITS}};

/* Options that the word does not take. */
static int check_options(const struct options *options, int word)
{
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++) {
        if (!poolgrad_given(options, takers[i].option) || (takers[i].words & word)) continue;
        return poolgrad_fail(options, "--%s is given to suite %s, which has no use for it",
                             poolgrad_options[takers[i].option].name, options->word[0]);
    }
    return 0;
}

static int check_words(const struct options *options)
{
    static const char *const words[] = {"generate", "verify", "run", "merge"};
    enum { WORDS = sizeof words / sizeof *words };
    if (!options->word[0]) {
        return poolgrad_fail(options, "nothing stands behind suite; expected generate, verify, run or merge, and a "
                                      "folder");
    }
    size_t i = 0;
    while (i < WORDS && strcmp(options->word[0], words[i]) != 0) i++;
    if (i == WORDS)
        return poolgrad_fail(options, "'%s' is nothing that suite does; expected generate, verify, run or merge",
                             options->word[0]);
    if (!options->word[1] || !*options->word[1])
        return poolgrad_fail(options, "no folder stands behind %s; expected %s DIR", words[i], words[i]);
    if (check_options(options, 1 << i) != 0) return 2;
    if (i != 0) return 0;
    const int64_t seed = poolgrad_number(options, OPTION_SEED, 1);
    if (seed < 0) return poolgrad_fail(options, "--seed is %" PRId64 "; expected 0 or more", seed);
    return check_folder(options, options->word[1]);
}

static int choose_cases(const struct options *options, struct suite_choice *choice, struct kit *kit)
{
    const int64_t count = poolgrad_suite_count(kit->suite);
    kit->chosen = calloc((size_t)count + 1, sizeof *kit->chosen);
    if (!kit->chosen) return poolgrad_fail(options, "the cases do not fit into memory");
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_problem *p = poolgrad_suite_problem(kit->suite, i);
        if (poolgrad_suite_choose_next(choice, p, poolgrad_suite_features(kit->suite, i)))
            kit->chosen[kit->count++] = i;
    }
    return kit->count > 0 ? 0 : poolgrad_suite_none_chosen(options);
}

static int generate(const struct options *options, struct kit *kit)
{
    const int64_t seed = poolgrad_number(options, OPTION_SEED, 1);
    const int64_t size = poolgrad_number(options, OPTION_SIZE, SUITE_STANDARD);
    const char *word = poolgrad_options[OPTION_SIZE].choices[size].name;
    kit->given = options->word[1];
    kit->target = folder_path(kit->given);
    if (kit->target) kit->temporary = poolgrad_folder_temporary(kit->target);
    if (!kit->temporary) return cannot_write(options, kit);
    struct suite_choice choice;
    if (poolgrad_suite_choice_read(options, &choice) != 0) return 2;
    kit->suite = poolgrad_suite_create_for((enum poolgrad_suite_size)size, (uint64_t)seed, &choice.scope);
    if (!kit->suite) return poolgrad_fail(options, "the cases do not fit into memory");
    int status = poolgrad_suite_threads(options, &kit->threads);
    if (status == 0) status = choose_cases(options, &choice, kit);
    if (status == 0) status = write_kit(options, kit, word, seed);
    if (status == 0) printf("%s: %" PRId64 " cases\n", kit->given, kit->count);
    return status;
}

int poolgrad_command_suite(const struct options *options)
{
    struct kit kit = {.given = NULL};
    int status = check_words(options);
    if (status == 0 && strcmp(options->word[0], "merge") == 0) return poolgrad_suite_merge(options);
    if (status == 0 && strcmp(options->word[0], "generate") != 0) return poolgrad_suite_verify(options);
    if (status == 0) status = generate(options, &kit);
    if (kit.manifest) (void)fclose(kit.manifest);
    if (kit.temporary) poolgrad_folder_remove(kit.temporary);
    poolgrad_suite_destroy(kit.suite);
    free(kit.chosen);
    free(kit.temporary);
    free(kit.target);
    return status;
}
