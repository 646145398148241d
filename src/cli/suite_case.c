/* SPDX-License-Identifier: Apache-2.0 */
/* --case KIT/NAME of verify and explain: a problem, its inputs and what its output was before, from a kit. */
#include <stdlib.h>
#include <string.h>

#include "base/problem_axes.h"
#include "cli/setup.h"
#include "cli/suite_manifest.h"
#include "cli/verify.h"

/* Whether the case says it: all that commands take which make an output, but for how to run. */
static bool says_the_same(enum option option)
{
    static const enum option of_judges[] = {OPTION_BEFORE, OPTION_ACTUAL_LAYOUT, OPTION_ACTUAL_FORMAT,
                                            OPTION_JUDGED_TIES, OPTION_JUDGED_NAN};
    if (option == OPTION_THREADS || option == OPTION_MAX_ISA) return false;
    for (size_t i = 0; i < sizeof of_judges / sizeof *of_judges; i++) {
        if (of_judges[i] == option) return true;
    }
    return (poolgrad_options[option].commands & (COMMAND_FORWARD | COMMAND_GRADIENT)) != 0;
}

static int check_options(const struct options *options)
{
    if (poolgrad_given(options, OPTION_PRINT_PROBLEM)) {
        return poolgrad_fail(options,
                             "--print-problem is given beside --case; expected one of them: not every case can "
                             "be said by options, the kit's manifest.json and verify's --json have its problem");
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!poolgrad_given(options, (enum option)i) || !says_the_same((enum option)i)) continue;
        return poolgrad_fail(options, "--%s is given beside --case; expected one of them, the case has its own",
                             poolgrad_options[i].name);
    }
    return 0;
}

/* KIT/NAME, or the case's own folder KIT/cases/NAME, cut in two: the kit's folder, to be freed, and the name within it.
 * Null without one of them. */
static char *split(const char *text, const char **name)
{
    static const char cases[] = "/cases";
    const size_t behind = strlen(cases);
    size_t length = strlen(text);
    char *folder = malloc(length + 1);
    if (!folder) return NULL;
    memcpy(folder, text, length + 1);
    while (length > 0 && folder[length - 1] == '/') folder[--length] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder || !slash[1]) {
        free(folder);
        return NULL;
    }
    *slash = '\0';
    *name = slash + 1;
    length = (size_t)(slash - folder);
    if (length > behind && strcmp(folder + length - behind, cases) == 0) folder[length - behind] = '\0';
    return folder;
}

static int find_case(const struct options *options, const struct manifest *manifest, const char *name, int64_t *index)
{
    for (int64_t i = 0; i < manifest->count; i++) {
        *index = i;
        if (strcmp(manifest->entry[i].name, name) == 0) return 0;
    }
    for (int64_t i = 0; i < manifest->count; i++) {
        if (!strstr(manifest->entry[i].name, name)) continue;
        return poolgrad_fail(options, "--case: the kit %s has no case \"%s\"; expected the name of one, such as \"%s\"",
                             manifest->folder, name, manifest->entry[i].name);
    }
    return poolgrad_fail(options,
                         "--case: the kit %s has no case \"%s\"; expected the name of one, as its manifest "
                         "has it",
                         manifest->folder, name);
}

/* The manifest keeps its own. False where memory is lacking. */
static bool copy_tables(poolgrad_problem *p)
{
    bool good = true;
    for (int i = 0; i < AXES; i++) {
        poolgrad_table *table = poolgrad_axis_fields(p, (enum axis)i).table;
        if (!table->spans) continue;
        const size_t size = (size_t)table->count * sizeof *table->spans;
        poolgrad_span *spans = malloc(size);
        if (spans) memcpy(spans, table->spans, size);
        good = good && spans;
        table->spans = spans;
    }
    return good;
}

/* Gives the image's memory away. */
static struct tensor take(struct suite_case *made, enum poolgrad_suite_role role)
{
    const struct tensor tensor = poolgrad_tensor_of_full_rank(&made->image[role]);
    made->image[role].data = NULL;
    return tensor;
}

static int take_case(const struct options *options, struct suite_case *made, struct verify *verify)
{
    struct inputs *inputs = &verify->inputs;
    poolgrad_problem *p = &inputs->problem;
    *p = made->problem;
    p->picks = (poolgrad_image){.data = NULL};
    snprintf(verify->case_name, sizeof verify->case_name, "%s", made->name);
    verify->name = verify->case_name;
    const bool good = copy_tables(p) && poolgrad_suite_destination(made, &verify->before.image);
    inputs->source = take(made, SUITE_SOURCE);
    inputs->source_gradient = take(made, SUITE_SOURCE_GRADIENT);
    inputs->indices = take(made, SUITE_INDICES);
    verify->before_image = poolgrad_image_as_const(&verify->before.image);
    verify->declaration.before = &verify->before_image;
    verify->kind = poolgrad_kind_name(p->kind);
    return good ? 0 : poolgrad_fail(options, "--case does not fit into memory");
}

static int read_actual(const struct options *options, struct verify *verify)
{
    const struct file_argument file = poolgrad_file(options, OPTION_ACTUAL);
    poolgrad_image *actual = &verify->actual.image;
    if (poolgrad_is_stream(&file)) return poolgrad_fail(options, "--actual is -; expected a .npy file with --case");
    *actual = verify->inputs.problem.destination;
    actual->data = NULL;
    const int status = poolgrad_tensor_read_as(options, file.path, actual);
    if (status != 0) *actual = (poolgrad_image){.data = NULL};
    if (status == 0) verify->inputs.problem.destination = *actual;
    return status;
}

int poolgrad_verify_read_case(const struct options *options, struct verify *verify)
{
    const char *text = options->value[OPTION_CASE].text, *name = NULL;
    poolgrad_problem *p = &verify->inputs.problem;
    struct manifest manifest;
    struct suite_case made;
    int64_t index = 0;
    if (check_options(options) != 0) return 2;
    char *folder = split(text, &name);
    if (!folder) return poolgrad_fail(options, "--case is '%s'; expected KIT/NAME, a kit's folder and a case", text);
    int status = poolgrad_manifest_read(options, folder, &manifest);
    if (status == 0) {
        status = find_case(options, &manifest, name, &index);
        if (status == 0) status = poolgrad_manifest_load(options, &manifest, index, &made);
        if (status == 0) {
            status = take_case(options, &made, verify);
            poolgrad_suite_case_free(&made);
        }
        poolgrad_manifest_free(&manifest);
    }
    free(folder);
    if (status == 0) status = poolgrad_setup_execution(options, &p->threads, &p->max_isa);
    if (status == 0 && poolgrad_given(options, OPTION_ACTUAL)) status = read_actual(options, verify);
    return status;
}
