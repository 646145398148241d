/* SPDX-License-Identifier: Apache-2.0 */
/* suite run: the backend's processes, one for each case or for each list of cases, and how they end. */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "cli/posix.h"
#include "cli/progress.h"
#include "cli/suite_judge.h"

/* ---- The line ---------------------------------------------------------------------------------------------------- */

/* A text that grows; `good` is false where memory was lacking. */
struct line {
    char *text;
    size_t length, capacity;
    bool good;
};

static void put(struct line *line, char letter)
{
    if (line->length + 1 >= line->capacity) {
        const size_t capacity = 2 * line->capacity + 256;
        char *text = line->good ? realloc(line->text, capacity) : NULL;
        line->good = text != NULL;
        if (!text) return;
        line->text = text;
        line->capacity = capacity;
    }
    line->text[line->length++] = letter;
    line->text[line->length] = '\0';
}

/* As one word of a shell, whatever is in it. */
static void put_word(struct line *line, const char *word)
{
    put(line, '\'');
    for (; *word; word++) {
        if (*word == '\'') {
            for (const char *quoted = "'\\''"; *quoted; quoted++) put(line, *quoted);
        } else {
            put(line, *word);
        }
    }
    put(line, '\'');
}

/* What stands in braces in the command, and what it stands for; null: nothing here. */
enum { BRACE_CASE, BRACE_NAME, BRACE_OUT, BRACE_INDICES, BRACE_KIT, BRACE_LIST, BRACES };
static const char *const braces[BRACES] = {"{case}", "{name}", "{out}", "{indices}", "{kit}", "{list}"};

/* Which of them the text begins with; BRACES: none. */
static int brace_at(const char *text)
{
    int i = 0;
    while (i < BRACES && strncmp(text, braces[i], strlen(braces[i])) != 0) i++;
    return i;
}

/* The length of what looks like one of them, a word in braces, at the beginning of the text; 0: the shell's own. */
static size_t placeholder_length(const char *text)
{
    const size_t letters = *text == '{' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;
    return letters > 0 && text[letters + 1] == '}' ? letters + 2 : 0;
}

/* The command with the values in their places; null without memory. */
static char *fill_in(const char *command, const char *const value[BRACES])
{
    struct line line = {.good = true};
    for (const char *from = command; *from;) {
        const int i = brace_at(from);
        if (i == BRACES || !value[i]) {
            put(&line, *from++);
        } else {
            put_word(&line, value[i]);
            from += strlen(braces[i]);
        }
    }
    if (line.good) return line.text;
    free(line.text);
    return NULL;
}

static bool takes_lists(const struct suite_judge *judge)
{
    return strstr(judge->command, braces[BRACE_LIST]) != NULL;
}

/* Words in braces that stand for nothing. */
static int check_words(const struct suite_judge *judge)
{
    for (const char *at = judge->command; *at; at++) {
        const size_t length = placeholder_length(at);
        if (length == 0 || brace_at(at) < BRACES || (at > judge->command && at[-1] == '$')) continue;
        return poolgrad_fail(judge->options,
                             "--command has %.*s; expected {case}, {name}, {kit}, {out}, {indices} or {list}, or "
                             "blanks within the braces where the shell is to have them",
                             (int)length, at);
    }
    return 0;
}

int poolgrad_suite_check_command(const struct suite_judge *judge)
{
    static const char ends[] = "\t\n";
    if (check_words(judge) != 0) return 2;
    if (!takes_lists(judge)) return 0;
    for (int i = 0; i < BRACE_KIT; i++) {
        if (!strstr(judge->command, braces[i])) continue;
        return poolgrad_fail(judge->options,
                             "--command has {list} and %s; expected {list}, which has all cases, or the "
                             "words of one case",
                             braces[i]);
    }
    const char *given = judge->options->value[OPTION_OUTPUT_FOLDER].text, *outputs = given ? given : "";
    if (!strpbrk(judge->manifest.folder, ends) && !strpbrk(outputs, ends)) return 0;
    return poolgrad_fail(judge->options,
                         "--command has {list}, but \"%s\" has a tab or an end of line in its name; "
                         "expected folders without them",
                         strpbrk(outputs, ends) ? outputs : judge->manifest.folder);
}

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

/* Each to be freed; null without memory. */
static char *path_of(const char *folder, const char *before, const char *name, const char *behind)
{
    char file[4 * SUITE_NAME];
    snprintf(file, sizeof file, "%s%s%s", before, name, behind);
    return poolgrad_manifest_path(folder, file);
}

char *poolgrad_suite_output_path(const struct suite_judge *judge, int64_t index)
{
    return path_of(judge->outputs, "", judge->manifest.entry[index].name, ".npy");
}

char *poolgrad_suite_indices_path(const struct suite_judge *judge, int64_t index)
{
    return path_of(judge->outputs, "", judge->manifest.entry[index].name, ".indices.npy");
}

static char *case_path(const struct suite_judge *judge, int64_t index)
{
    return path_of(judge->manifest.folder, "cases/", judge->manifest.entry[index].name, "");
}

static bool is_there(const struct suite_judge *judge, int64_t index)
{
    char *output = poolgrad_suite_output_path(judge, index);
    const bool there = output && poolgrad_file_status(output).kind != FILE_MISSING;
    free(output);
    return there;
}

/* ---- What is at work --------------------------------------------------------------------------------------------- */

/* All batches together. */
struct run {
    struct suite_judge *judge;
    int64_t *todo; /* cases to be computed, in the kit's order */
    int64_t count, batches;
    struct progress progress;
    atomic_int_fast64_t done, failed;
    atomic_flag drawing;
};

/* Every `batches`-th case from its own number on: what takes long stands together in a kit. */
struct batch {
    struct run *run;
    int64_t number, seen; /* seen: outputs that progress tells of */
    double looked;
};

static int64_t batch_size(const struct batch *batch)
{
    return poolgrad_ceiling_divide(batch->run->count - batch->number, batch->run->batches);
}

static int64_t case_of(const struct batch *batch, int64_t i)
{
    return batch->run->todo[batch->number + i * batch->run->batches];
}

/* Whoever finds another one drawing leaves it to the next time. */
static void draw(struct run *run)
{
    char more[64];
    if (!run->progress.wanted || atomic_flag_test_and_set(&run->drawing)) return;
    const int64_t done = atomic_load(&run->done), failed = atomic_load(&run->failed);
    snprintf(more, sizeof more, "%" PRId64 " of %" PRId64 " cases, %" PRId64 " failed", done, run->count, failed);
    poolgrad_progress_tell(&run->progress, done, more);
    atomic_flag_clear(&run->drawing);
}

static void count_seen(struct batch *batch, int64_t seen)
{
    atomic_fetch_add(&batch->run->done, seen - batch->seen);
    batch->seen = seen;
    draw(batch->run);
}

/* How far a list is, by its outputs. */
static void look(void *context)
{
    static const double interval = 0.5;
    struct batch *batch = context;
    const int64_t size = batch_size(batch);
    const double now = poolgrad_seconds();
    if (!batch->run->progress.wanted || size == 1 || now - batch->looked < interval) return;
    int64_t seen = 0;
    for (int64_t i = 0; i < size; i++) seen += is_there(batch->run->judge, case_of(batch, i));
    batch->looked = now;
    count_seen(batch, seen);
}

/* ---- The list ---------------------------------------------------------------------------------------------------- */

static bool put_case(const struct suite_judge *judge, int64_t index, FILE *file)
{
    char *folder = case_path(judge, index), *output = poolgrad_suite_output_path(judge, index);
    const bool good = folder && output && fprintf(file, "%s\t%s\n", folder, output) > 0;
    free(folder);
    free(output);
    return good;
}

/* A temporary file of lines, the case's folder and its output; its name is to be freed. Null on failure. */
static char *write_list(const struct batch *batch)
{
    const struct suite_judge *judge = batch->run->judge;
    char *beside = poolgrad_manifest_path(judge->outputs, "list"), *name = NULL;
    FILE *file = beside ? poolgrad_temporary_open(beside, &name) : NULL;
    free(beside);
    if (!file) return NULL;
    bool good = true;
    const int64_t size = batch_size(batch);
    for (int64_t i = 0; good && i < size; i++) good = put_case(judge, case_of(batch, i), file);
    good = fclose(file) == 0 && good;
    if (good) return name;
    poolgrad_temporary_remove(name);
    free(name);
    return NULL;
}

/* ---- A process --------------------------------------------------------------------------------------------------- */

/* A status by which a program says that it does not do what it was asked for, as test harnesses take it; and what a
 * shell adds to the number of the signal that ended its program. */
enum { PASSED_OVER = 77, OF_SIGNALS = 128 };

/* Whether the shell ended as its program did: by a signal that has a name. */
static bool is_of_signal(int status)
{
    return status > OF_SIGNALS && poolgrad_signal_name(status - OF_SIGNALS);
}

/* What the backend did; the signal that ended it. */
static int tell_signal(const char *ended, int number, char sentence[SUITE_SENTENCE])
{
    const char *name = poolgrad_signal_name(number);
    return snprintf(sentence, SUITE_SENTENCE, "the backend %s killed by signal %d%s%s%s", ended, number,
                    name ? " (" : "", name ? name : "", name ? ")" : "");
}

/* Why there is no output. */
static void explain(const struct batch *batch, const struct ending *ending, struct tail *said,
                    char sentence[SUITE_SENTENCE])
{
    const int64_t seconds = batch->run->judge->seconds, size = batch_size(batch);
    int length = 0;
    switch (ending->how) {
    case ENDED_NOT_STARTED: length = snprintf(sentence, SUITE_SENTENCE, "the backend could not be started"); break;
    case ENDED_BY_SIGNAL: length = tell_signal("was", ending->number, sentence); break;
    case ENDED_BY_TIME:
        length = snprintf(sentence, SUITE_SENTENCE, "the backend took more than %" PRId64 " seconds", seconds);
        if (size > 1)
            length += snprintf(sentence + length, SUITE_SENTENCE - (size_t)length, " for each of %" PRId64 " cases",
                               size);
        break;
    case ENDED:
        if (is_of_signal(ending->number)) {
            char ended[32];
            snprintf(ended, sizeof ended, "ended with status %d:", ending->number);
            length = tell_signal(ended, ending->number - OF_SIGNALS, sentence);
        } else {
            length = snprintf(sentence, SUITE_SENTENCE, "the backend ended with status %d", ending->number);
        }
    }
    if (ending->how == ENDED && ending->number == PASSED_OVER) {
        snprintf(sentence + length, SUITE_SENTENCE - (size_t)length, ": it does not do this");
        return;
    }
    if (size > 1 || (ending->how == ENDED && ending->number == 0))
        length += snprintf(sentence + length, SUITE_SENTENCE - (size_t)length, ", but there is no output");
    poolgrad_plain_line(said->text);
    if (*said->text)
        snprintf(sentence + length, SUITE_SENTENCE - (size_t)length, ": %s%s", said->is_cut ? "..." : "", said->text);
}

/* A case alone has failed with its process; one of a list only if it has no output. */
static void judge_ending(struct batch *batch, const struct ending *ending, struct tail *said)
{
    struct suite_judge *judge = batch->run->judge;
    char sentence[SUITE_SENTENCE];
    const int64_t size = batch_size(batch);
    const bool passed_over = ending->how == ENDED && ending->number == PASSED_OVER;
    const bool ran = takes_lists(judge) || (ending->how == ENDED && ending->number == 0);
    explain(batch, ending, said, sentence);
    for (int64_t i = 0; i < size; i++) {
        struct suite_result *result = &judge->result[case_of(batch, i)];
        if (ran && is_there(judge, case_of(batch, i))) continue;
        result->outcome = passed_over ? OUTCOME_MISSING : OUTCOME_FAILED;
        memcpy(result->sentence, sentence, sizeof sentence);
        if (!passed_over) atomic_fetch_add(&batch->run->failed, 1);
    }
    count_seen(batch, size);
}

/* The command of a list, or of a case; null where it cannot be made. */
static char *line_of(const struct batch *batch, const char *list)
{
    const struct suite_judge *judge = batch->run->judge;
    const int64_t index = case_of(batch, 0);
    char *folder = case_path(judge, index), *output = poolgrad_suite_output_path(judge, index);
    char *indices = poolgrad_suite_indices_path(judge, index);
    const char *const value[BRACES] = {[BRACE_CASE] = folder,
                                       [BRACE_NAME] = judge->manifest.entry[index].name,
                                       [BRACE_OUT] = output,
                                       [BRACE_INDICES] = indices,
                                       [BRACE_KIT] = judge->manifest.folder,
                                       [BRACE_LIST] = list};
    char *line = folder && output && indices ? fill_in(judge->command, value) : NULL;
    free(folder);
    free(output);
    free(indices);
    return line;
}

static void run_batch(void *context, int64_t number)
{
    struct run *run = context;
    struct batch batch = {.run = run, .number = number};
    const struct suite_judge *judge = run->judge;
    const struct shell_watch watch = {look, &batch};
    struct ending ending = {.how = ENDED_NOT_STARTED};
    struct tail said = {.length = 0};
    if (poolgrad_folder_interrupted()) return;
    char *list = takes_lists(judge) ? write_list(&batch) : NULL;
    char *line = list || !takes_lists(judge) ? line_of(&batch, list) : NULL;
    if (line) ending = poolgrad_shell_run(line, judge->seconds * batch_size(&batch), &watch, &said);
    if (list) poolgrad_temporary_remove(list);
    free(list);
    free(line);
    judge_ending(&batch, &ending, &said);
}

/* ---- Where a run was stopped ------------------------------------------------------------------------------------- */

/* Whether the file is all of such an array. */
static bool is_complete(const struct suite_judge *judge, const char *path, const poolgrad_image *like)
{
    static struct options options;
    static char kept[SUITE_SENTENCE];
    poolgrad_image image = *like;
    options = *judge->options;
    options.kept = kept;
    options.kept_size = sizeof kept;
    image.data = NULL;
    if (!path || poolgrad_tensor_read_as(&options, path, &image) != 0) return false;
    free(image.data);
    return true;
}

/* A case that was computed whole is not computed again; what is left of another one goes. */
static bool is_computed(const struct suite_judge *judge, int64_t index)
{
    const poolgrad_problem *p = &judge->manifest.entry[index].problem;
    char *output = poolgrad_suite_output_path(judge, index), *indices = poolgrad_suite_indices_path(judge, index);
    const bool has_indices = p->picks.format != POOLGRAD_FORMAT_NONE && indices &&
                             (strstr(judge->command, braces[BRACE_INDICES]) ||
                              poolgrad_file_status(indices).kind != FILE_MISSING);
    const bool computed = is_complete(judge, output, &p->destination) &&
                          (!has_indices || is_complete(judge, indices, &p->picks));
    if (!computed && output) (void)remove(output);
    if (!computed && indices) (void)remove(indices);
    free(output);
    free(indices);
    return computed;
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

int poolgrad_suite_run_backends(struct suite_judge *judge)
{
    struct run run = {.judge = judge, .drawing = ATOMIC_FLAG_INIT};
    run.todo = calloc((size_t)judge->count + 1, sizeof *run.todo);
    if (!run.todo) return poolgrad_fail(judge->options, "the cases do not fit into memory");
    for (int64_t i = 0; i < judge->count; i++) {
        if (judge->resumes && is_computed(judge, i))
            judge->kept++;
        else
            run.todo[run.count++] = i;
    }
    run.batches = takes_lists(judge) ? poolgrad_min(judge->jobs, run.count) : run.count;
    run.progress = poolgrad_progress_begin("run", run.count);
    poolgrad_threads_run(judge->jobs, run.batches, run_batch, &run);
    poolgrad_progress_end(&run.progress);
    free(run.todo);
    return poolgrad_folder_interrupted() ? 2 : 0;
}
