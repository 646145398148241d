/* SPDX-License-Identifier: Apache-2.0 */
/* bench --compare: this run's rows beside those of a file that an earlier run wrote. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/posix.h"

#define WRITER "expected what poolgrad bench --json writes"

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* The number at object.group.name, 0 where there is none above it. */
static double number_at(const json_t *object, const char *group, const char *name)
{
    const json_t *value = json_object_get(json_object_get(object, group), name);
    const double number = json_is_number(value) ? json_number_value(value) : 0;
    return number > 0 ? number : 0;
}

static const json_t *rows_of(const struct comparison *comparison)
{
    return json_object_get((const json_t *)comparison->document, "rows");
}

static int check_row(const struct options *options, const char *file, const json_t *row, size_t index)
{
    static const char *const times[] = {"least", "lower_quartile", "median", "upper_quartile"};
    if (!json_is_string(json_object_get(row, "case"))) {
        return poolgrad_fail(options, "--compare %s: row %zu has no text \"case\"; " WRITER, file, index);
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (number_at(row, "seconds", times[i]) > 0) continue;
        return poolgrad_fail(options, "--compare %s: row %zu has no number above 0 as \"seconds\".\"%s\"; " WRITER,
                             file, index, times[i]);
    }
    return 0;
}

static int check_document(const struct options *options, const struct comparison *comparison)
{
    const json_t *document = comparison->document, *rows = rows_of(comparison);
    int status = 0;
    if (!json_is_string(json_object_get(document, "poolgrad")) || !json_is_array(rows)) {
        return poolgrad_fail(options, "--compare %s: has no text \"poolgrad\" and array \"rows\"; " WRITER,
                             comparison->file);
    }
    for (size_t i = 0; i < json_array_size(rows) && status == 0; i++)
        status = check_row(options, comparison->file, json_array_get(rows, i), i);
    return status;
}

static int load(const struct options *options, struct comparison *comparison)
{
    json_error_t error;
    const struct file_argument argument = poolgrad_file(options, OPTION_COMPARE);
    const bool standard = poolgrad_is_stream(&argument);
    if (!standard && poolgrad_file_status(comparison->file).kind == FILE_DIRECTORY) {
        return poolgrad_fail(options, "--compare %s: is a directory; " WRITER, comparison->file);
    }
    FILE *file = standard ? stdin : fopen(comparison->file, "rb");
    if (!file) return poolgrad_fail(options, "--compare %s: %s; " WRITER, comparison->file, strerror(errno));
    comparison->document = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!standard) (void)fclose(file);
    if (comparison->document) return 0;
    return poolgrad_fail(options, "--compare %s: line %d, column %d: %s; " WRITER, comparison->file, error.line,
                         error.column, error.text);
}

int poolgrad_compare_read(const struct options *options, struct comparison *comparison)
{
    comparison->file = options->value[OPTION_COMPARE].text;
    const int status = load(options, comparison);
    return status == 0 ? check_document(options, comparison) : status;
}

/* ---- What is not the same ---------------------------------------------------------------------------------------- */

enum { DIFFERENCES = 1024 };

/* Adds "; WHAT was THEN, is NOW". */
static void add_difference(char text[DIFFERENCES], const char *what, const char *then, const char *now)
{
    const size_t used = strlen(text);
    if (strcmp(then, now) == 0) return;
    snprintf(text + used, DIFFERENCES - used, "%s%s was %.200s, is %.200s", used > 0 ? "; " : "", what,
             *then ? then : "not told", *now ? now : "not told");
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void add_cache(char text[MACHINE_TEXT], int64_t level, const char *type, int64_t bytes)
{
    const size_t used = strlen(text);
    snprintf(text + used, MACHINE_TEXT - used, "%sL%" PRId64 " %.12s %" PRId64 " KiB", used > 0 ? ", " : "", level,
             type, bytes / 1024);
}

static void compare_caches(const json_t *then, const struct machine *now, char text[DIFFERENCES])
{
    char old[MACHINE_TEXT] = "", here[MACHINE_TEXT] = "";
    const json_t *caches = json_object_get(then, "caches");
    for (size_t i = 0; i < json_array_size(caches); i++) {
        const json_t *cache = json_array_get(caches, i);
        add_cache(old, json_integer_value(json_object_get(cache, "level")), text_at(cache, "type"),
                  json_integer_value(json_object_get(cache, "bytes")));
    }
    for (int i = 0; i < now->caches; i++) add_cache(here, now->cache[i].level, now->cache[i].type, now->cache[i].bytes);
    add_difference(text, "caches", old, here);
}

static void note_differences(const struct options *options, const struct bench *bench,
                             const struct comparison *comparison)
{
    const json_t *document = comparison->document, *then = json_object_get(document, "machine");
    const struct machine *now = &bench->machine;
    char machine[DIFFERENCES] = "", build[DIFFERENCES] = "", old[MACHINE_TEXT], here[MACHINE_TEXT];
    snprintf(old, sizeof old, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(document, "processors")));
    snprintf(here, sizeof here, "%d", bench->processors);
    add_difference(machine, "processor", text_at(then, "processor"), now->processor);
    add_difference(machine, "number of processors", old, here);
    compare_caches(then, now, machine);
    add_difference(build, "version", text_at(document, "poolgrad"), poolgrad_version());
    add_difference(build, "compiler", text_at(then, "compiler"), now->compiler);
    if (*machine) poolgrad_note(options, "%s is of another machine: %s", comparison->file, machine);
    if (*build) poolgrad_note(options, "%s is of another build: %s", comparison->file, build);
    if (json_is_true(json_object_get(json_object_get(document, "load"), "busy")))
        poolgrad_note(options, "%s was measured on a busy machine", comparison->file);
}

/* ---- Matching ---------------------------------------------------------------------------------------------------- */

/* What an earlier version did not tell is taken to be the same. */
static bool is_same(const json_t *then, const struct bench_value *now)
{
    if (!then) return true;
    if (now->type == VALUE_TEXT) return json_is_string(then) && strcmp(json_string_value(then), now->text) == 0;
    return json_is_integer(then) && json_integer_value(then) == now->integer;
}

static bool computes_the_same(const json_t *then, const struct bench_value *value, int count)
{
    for (int i = 0; i < count; i++) {
        if (value[i].computed && !is_same(json_object_get(then, value[i].name), &value[i])) return false;
    }
    return true;
}

static struct compared compare(const json_t *then, const struct bench_row *row)
{
    const struct spread *now = &row->seconds;
    return (struct compared){.row = row,
                             .ratio = {.least = number_at(then, "seconds", "least") / now->least,
                                       .lower = number_at(then, "seconds", "lower_quartile") / now->upper,
                                       .median = number_at(then, "seconds", "median") / now->median,
                                       .upper = number_at(then, "seconds", "upper_quartile") / now->lower},
                             .ceiling = number_at(then, "ceiling", "seconds") / row->ceiling};
}

/* The first row of the file that is not taken and computes the same, which is taken then; null where there is none. */
static const json_t *take(const json_t *rows, bool *taken, const struct bench_value *value, int count)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (taken[i] || !computes_the_same(row, value, count)) continue;
        taken[i] = true;
        return row;
    }
    return NULL;
}

static void match(const struct bench *bench, struct comparison *comparison, bool *taken)
{
    char name[CASE_NAME];
    struct bench_value value[BENCH_VALUES];
    const json_t *rows = rows_of(comparison);
    for (int i = 0; i < bench->row_count; i++) {
        const struct bench_row *row = &bench->rows[i];
        const int count = poolgrad_bench_values(bench, row, name, value);
        const json_t *then = take(rows, taken, value, count);
        if (then)
            comparison->row[comparison->rows++] = compare(then, row);
        else
            comparison->new_row[comparison->new_rows++] = i;
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (taken[i]) continue;
        comparison->missing[comparison->missing_rows++] =
            (struct missing_row){text_at(row, "case"), json_integer_value(json_object_get(row, "threads_asked"))};
    }
}

int poolgrad_compare_rows(const struct options *options, const struct bench *bench, struct comparison *comparison)
{
    const size_t before = json_array_size(rows_of(comparison)) + 1, now = (size_t)bench->row_count;
    bool *taken = calloc(before, sizeof *taken);
    comparison->row = calloc(now, sizeof *comparison->row);
    comparison->new_row = calloc(now, sizeof *comparison->new_row);
    comparison->missing = calloc(before, sizeof *comparison->missing);
    note_differences(options, bench, comparison);
    const bool made = taken && comparison->row && comparison->new_row && comparison->missing;
    if (made) match(bench, comparison, taken);
    free(taken);
    return made ? 0 : poolgrad_fail(options, "not enough memory to compare with %s", comparison->file);
}

void poolgrad_compare_release(struct comparison *comparison)
{
    json_decref(comparison->document);
    free(comparison->row);
    free(comparison->new_row);
    free(comparison->missing);
    *comparison = (struct comparison){0};
}
