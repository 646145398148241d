/* SPDX-License-Identifier: Apache-2.0 */
/* suite merge: the results of shards, as --json wrote them, as those of one run. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/declaration.h"
#include "cli/posix.h"
#include "cli/suite_choose.h"
#include "cli/suite_judge.h"

/* One file of results. */
struct part {
    char *name; /* the file's, in the folder */
    json_t *document, *cases;
    const char *size;
    int64_t seed, part, parts;
    const json_t *declared;
};

/* A case of any file, and its place in the kit. */
struct found {
    int64_t place;
    struct manifest_case entry;
    struct suite_result result;
};

struct merge {
    const struct options *options;
    const char *folder;
    struct part *part;
    int64_t parts, capacity;
    struct found *found;
    int64_t count;
};

static int refuse_memory(const struct merge *merge)
{
    return poolgrad_fail(merge->options, "%s: the results do not fit into memory", merge->folder);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* Names of results, as they come. */
static bool note_name(void *context, const char *name)
{
    static const char suffix[] = ".json";
    struct merge *merge = context;
    const size_t length = strlen(name), behind = sizeof suffix - 1;
    if (length <= behind || strcmp(name + length - behind, suffix) != 0) return true;
    if (merge->parts == merge->capacity) {
        const int64_t capacity = 2 * merge->capacity + 8;
        struct part *grown = realloc(merge->part, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        merge->part = grown;
        merge->capacity = capacity;
    }
    char *copied = malloc(length + 1);
    if (!copied) return false;
    memcpy(copied, name, length + 1);
    merge->part[merge->parts++] = (struct part){.name = copied};
    return true;
}

static int compare_names(const void *a, const void *b)
{
    const struct part *of_a = a, *of_b = b;
    return strcmp(of_a->name, of_b->name);
}

static int list_files(struct merge *merge)
{
    errno = 0;
    if (poolgrad_file_status(merge->folder).kind != FILE_DIRECTORY)
        return poolgrad_fail(merge->options, "%s: is no folder; expected one with results, as --json writes them",
                             merge->folder);
    if (!poolgrad_folder_each(merge->folder, note_name, merge))
        return poolgrad_fail(merge->options, "%s: cannot be read: %s", merge->folder, strerror(errno));
    if (merge->parts == 0)
        return poolgrad_fail(merge->options, "%s: has no .json file; expected results, as --json writes them",
                             merge->folder);
    qsort(merge->part, (size_t)merge->parts, sizeof *merge->part, compare_names);
    return 0;
}

/* "folder/name: sentence" */
static int refuse_file(const struct merge *merge, const struct part *part, const char *sentence)
{
    return poolgrad_fail(merge->options, "%s/%s: %s", merge->folder, part->name, sentence);
}

static int load_part(const struct merge *merge, struct part *part)
{
    json_error_t error;
    char *path = poolgrad_manifest_path(merge->folder, part->name);
    if (!path) return refuse_memory(merge);
    part->document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    free(path);
    if (!part->document) {
        return poolgrad_fail(merge->options, "%s/%s: line %d, column %d: %s; expected JSON", merge->folder, part->name,
                             error.line, error.column, error.text);
    }
    json_int_t seed = 0, number = 0, parts = 0;
    json_t *declared = NULL;
    const int status = json_unpack_ex(part->document, &error, 0, "{s: {s: s, s: I}, s: {s: I, s: I}, s: o, s: o}",
                                      "kit", "size", &part->size, "seed", &seed, "shard", "part", &number, "parts",
                                      &parts, "declared", &declared, "cases", &part->cases);
    part->seed = seed;
    part->part = number;
    part->parts = parts;
    part->declared = declared;
    if (status == 0 && json_is_array(part->cases) && number >= 1 && number <= parts) return 0;
    return refuse_file(merge, part, "has no kit, shard and cases; expected results, as suite run --json writes them");
}

/* All are of one kit, of one declaration, and the shards of one division. */
static int check_parts(const struct merge *merge)
{
    const struct part *first = merge->part;
    assert(first != NULL);
    for (int64_t i = 1; i < merge->parts; i++) {
        const struct part *part = &merge->part[i];
        const char *differs = part->seed != first->seed || strcmp(part->size, first->size) != 0 ? "kit"
                              : part->parts != first->parts                                     ? "number of shards"
                              : !json_equal(part->declared, first->declared)                    ? "declaration"
                                                                                                : NULL;
        if (!differs) continue;
        return poolgrad_fail(merge->options,
                             "%s: %s and %s are not of one %s; expected the results of one run's shards", merge->folder,
                             first->name, part->name, differs);
    }
    for (int64_t number = 1; first->parts > 1 && number <= first->parts; number++) {
        int64_t seen = 0;
        for (int64_t i = 0; i < merge->parts; i++) seen += merge->part[i].part == number;
        if (seen == 1) continue;
        return poolgrad_fail(merge->options,
                             "%s: the results of shard %" PRId64 "/%" PRId64 " are there %" PRId64
                             " times; expected each shard once",
                             merge->folder, number, first->parts, seen);
    }
    return 0;
}

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

/* The number of the word among `count`; -1 where it is none. */
static int number_of(const json_t *value, const char *(*word)(int number), int count)
{
    const char *text = json_string_value(value);
    for (int i = 0; text && i < count; i++) {
        const char *other = word(i);
        if (other && strcmp(other, text) == 0) return i;
    }
    return -1;
}

static const char *outcome_word(int number)
{
    return poolgrad_outcome_words[number];
}

static const char *format_word(int number)
{
    return poolgrad_format_name((poolgrad_format)number);
}

static const char *layout_word(int number)
{
    return poolgrad_layout_name((poolgrad_layout)number);
}

static const char *feature_word(int number)
{
    return poolgrad_suite_feature_words[number];
}

static const char *direction_word(int number)
{
    return poolgrad_options[OPTION_CASE_DIRECTIONS].choices[number].name;
}

static const char *kind_word(int number)
{
    return poolgrad_options[OPTION_CASE_KINDS].choices[number].name;
}

/* What the tables go by. False where it is not all there. */
static bool read_groups(const json_t *value, struct manifest_case *entry)
{
    enum { DIRECTIONS = 3, KINDS = 4, FORMATS = 16, LAYOUTS = 8 };
    const int direction = number_of(json_object_get(value, "direction"), direction_word, DIRECTIONS);
    const int kind = number_of(json_object_get(value, "kind"), kind_word, KINDS);
    const int format = number_of(json_object_get(value, "format"), format_word, FORMATS);
    const int layout = number_of(json_object_get(value, "layout"), layout_word, LAYOUTS);
    const json_t *features = json_object_get(value, "features");
    poolgrad_problem *p = &entry->problem;
    if (direction < 0 || kind < 0 || format < 0 || layout < 0 || !json_is_array(features)) return false;
    for (size_t i = 0; i < json_array_size(features); i++) {
        const int feature = number_of(json_array_get(features, i), feature_word, SUITE_FEATURES);
        if (feature < 0) return false;
        entry->features |= UINT64_C(1) << feature;
    }
    p->direction = direction == SUITE_GRADIENT ? POOLGRAD_GRADIENT : POOLGRAD_FORWARD;
    if (direction == SUITE_GATHER) p->indices.format = POOLGRAD_INT64;
    p->kind = kind == SUITE_AVERAGE ? POOLGRAD_AVERAGE : kind == SUITE_MAX ? POOLGRAD_MAX : POOLGRAD_L2NORM;
    p->root_mean = kind == SUITE_ROOT_MEAN;
    entry->file[SUITE_EXPECTED].format = (poolgrad_format)format;
    entry->file[SUITE_EXPECTED].layout = (poolgrad_layout)layout;
    return true;
}

static void copy_text(const json_t *value, char *text, size_t size)
{
    const char *given = json_string_value(value);
    snprintf(text, size, "%s", given ? given : "");
}

static bool read_result(const json_t *value, struct suite_result *result)
{
    const int outcome = number_of(json_object_get(value, "outcome"), outcome_word, OUTCOMES);
    const char *indices = json_string_value(json_object_get(value, "indices"));
    if (outcome < 0) return false;
    result->outcome = (enum suite_outcome)outcome;
    for (int k = 1; k < POOLGRAD_VERDICTS; k++) {
        const json_t *count = json_object_get(value, poolgrad_verdict_name((poolgrad_verdict)k));
        if (!json_is_integer(count)) return false;
        result->count[k] = json_integer_value(count);
    }
    if (indices) result->picks = strcmp(indices, "not written") == 0 ? PICKS_NOT_WRITTEN : PICKS_JUDGED;
    result->wrong_picks = indices && strcmp(indices, "wrong") == 0;
    copy_text(json_object_get(value, "cause"), result->cause, sizeof result->cause);
    copy_text(json_object_get(value, "sentence"), result->sentence, sizeof result->sentence);
    return true;
}

/* A shard has every `parts`-th case, so that its own order tells the kit's. */
static int read_case(struct merge *merge, const struct part *part, size_t i, json_t *names)
{
    const json_t *value = json_array_get(part->cases, i);
    assert(merge->found != NULL);
    struct found *found = &merge->found[merge->count];
    const char *name = json_string_value(json_object_get(value, "name"));
    *found = (struct found){.place = part->parts > 1 ? (int64_t)i * part->parts + part->part - 1 : merge->count};
    found->entry.name = name;
    if (!name || !read_groups(value, &found->entry) || !read_result(value, &found->result)) {
        return poolgrad_fail(merge->options,
                             "%s/%s: case %zu is not whole; expected results, as suite run --json "
                             "writes them",
                             merge->folder, part->name, i);
    }
    const char *before = json_string_value(json_object_get(names, name));
    if (before) {
        return poolgrad_fail(merge->options, "%s: case \"%s\" is in %s and in %s; expected it in one of them",
                             merge->folder, name, before, part->name);
    }
    merge->count++;
    return json_object_set_new(names, name, json_string(part->name)) == 0 ? 0 : refuse_memory(merge);
}

static int compare_places(const void *a, const void *b)
{
    const struct found *of_a = a, *of_b = b;
    return (of_a->place > of_b->place) - (of_a->place < of_b->place);
}

static int read_cases(struct merge *merge)
{
    size_t count = 0;
    int status = 0;
    json_t *names = json_object();
    for (int64_t i = 0; i < merge->parts; i++) count += json_array_size(merge->part[i].cases);
    merge->found = calloc(count + 1, sizeof *merge->found);
    if (!merge->found || !names) status = refuse_memory(merge);
    for (int64_t i = 0; status == 0 && i < merge->parts; i++) {
        for (size_t k = 0; status == 0 && k < json_array_size(merge->part[i].cases); k++)
            status = read_case(merge, &merge->part[i], k, names);
    }
    json_decref(names);
    if (status == 0) qsort(merge->found, (size_t)merge->count, sizeof *merge->found, compare_places);
    return status;
}

/* ---- One run ----------------------------------------------------------------------------------------------------- */

/* The judge that would have had all these results. */
static int fill_judge(const struct merge *merge, struct suite_judge *judge)
{
    struct manifest *manifest = &judge->manifest;
    manifest->entry = calloc((size_t)merge->count + 1, sizeof *manifest->entry);
    judge->result = calloc((size_t)merge->count + 1, sizeof *judge->result);
    if (!manifest->entry || !judge->result) return refuse_memory(merge);
    judge->count = manifest->count = merge->count;
    judge->part = judge->parts = 1;
    judge->declared = merge->part[0].declared;
    manifest->size = merge->part[0].size;
    manifest->seed = merge->part[0].seed;
    for (int64_t i = 0; i < merge->count; i++) {
        manifest->entry[i] = merge->found[i].entry;
        judge->result[i] = merge->found[i].result;
        judge->has_judged |= judge->result[i].outcome != OUTCOME_MISSING;
    }
    return 0;
}

static void release(struct merge *merge)
{
    for (int64_t i = 0; i < merge->parts; i++) {
        json_decref(merge->part[i].document);
        free(merge->part[i].name);
    }
    free(merge->part);
    free(merge->found);
}

int poolgrad_suite_merge(const struct options *options)
{
    struct merge merge = {.options = options, .folder = options->word[1]};
    struct suite_judge judge = {.options = options};
    int status = list_files(&merge);
    for (int64_t i = 0; status == 0 && i < merge.parts; i++) status = load_part(&merge, &merge.part[i]);
    if (status == 0) status = check_parts(&merge);
    if (status == 0) status = read_cases(&merge);
    if (status == 0) status = fill_judge(&merge, &judge);
    if (status == 0) status = poolgrad_declaration_read(options, &judge.declaration);
    if (status == 0) status = poolgrad_suite_open_results(&judge);
    if (status == 0) status = poolgrad_suite_finish(&judge);
    poolgrad_suite_judge_free(&judge);
    release(&merge);
    return status;
}
