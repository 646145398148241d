/* SPDX-License-Identifier: Apache-2.0 */
/* suite run: the backend's line, and how it ends. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/posix.h"
#include "cli/suite_judge.h"

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

/* The command with the case's names in place of {case}, {name}, {kit}, {out} and {indices}; null without memory. */
static char *fill_in(const struct suite_judge *judge, int64_t index, const char *folder, const char *output,
                     const char *indices)
{
    enum { NAMES = 5 };
    const struct {
        const char *word, *value;
    } names[NAMES] = {{"{case}", folder},
                      {"{name}", judge->manifest.entry[index].name},
                      {"{kit}", judge->manifest.folder},
                      {"{out}", output},
                      {"{indices}", indices}};
    struct line line = {.good = true};
    for (const char *from = judge->command; *from;) {
        size_t i = 0;
        while (i < NAMES && strncmp(from, names[i].word, strlen(names[i].word)) != 0) i++;
        if (i == NAMES) {
            put(&line, *from++);
        } else {
            put_word(&line, names[i].value);
            from += strlen(names[i].word);
        }
    }
    if (line.good) return line.text;
    free(line.text);
    return NULL;
}

/* A status by which a program says that it does not do what it was asked for, as test harnesses take it. */
enum { PASSED_OVER = 77 };

/* The end of what it wrote, behind the sentence. */
static void quote(struct tail *said, char sentence[SUITE_SENTENCE])
{
    poolgrad_plain_line(said->text);
    const size_t length = strlen(sentence);
    if (*said->text)
        snprintf(sentence + length, SUITE_SENTENCE - length, ": %s%s", said->is_cut ? "..." : "", said->text);
}

/* It has done well if there is an output, too. */
static enum backend_ending judge_status(int status, const char *output, char sentence[SUITE_SENTENCE])
{
    if (status == PASSED_OVER) {
        snprintf(sentence, SUITE_SENTENCE, "the backend ended with status %d: it does not do this", PASSED_OVER);
        return BACKEND_PASSED_OVER;
    }
    const bool is_there = poolgrad_file_status(output).kind != FILE_MISSING;
    if (status == 0 && is_there) return BACKEND_RAN;
    if (status == 0)
        snprintf(sentence, SUITE_SENTENCE, "the backend ended with status 0, but there is no output");
    else
        snprintf(sentence, SUITE_SENTENCE, "the backend ended with status %d", status);
    return BACKEND_FAILED;
}

static enum backend_ending judge_ending(const struct suite_judge *judge, struct ending ending, const char *output,
                                        char sentence[SUITE_SENTENCE])
{
    switch (ending.how) {
    case ENDED_NOT_STARTED: snprintf(sentence, SUITE_SENTENCE, "the backend could not be started"); break;
    case ENDED_BY_SIGNAL:
        snprintf(sentence, SUITE_SENTENCE, "the backend was ended by signal %d", ending.number);
        break;
    case ENDED_BY_TIME:
        snprintf(sentence, SUITE_SENTENCE, "the backend took more than %" PRId64 " seconds", judge->seconds);
        break;
    case ENDED: return judge_status(ending.number, output, sentence);
    }
    return BACKEND_FAILED;
}

enum backend_ending poolgrad_suite_run_backend(const struct suite_judge *judge, int64_t index, const char *output,
                                               const char *indices, char sentence[SUITE_SENTENCE])
{
    char name[2 * SUITE_NAME];
    snprintf(name, sizeof name, "cases/%s", judge->manifest.entry[index].name);
    char *folder = poolgrad_manifest_path(judge->manifest.folder, name);
    char *line = folder ? fill_in(judge, index, folder, output, indices) : NULL;
    struct ending ending = {.how = ENDED_NOT_STARTED};
    struct tail said = {.length = 0};
    if (line) ending = poolgrad_shell_run(line, judge->seconds, &said);
    free(line);
    free(folder);
    const enum backend_ending result = judge_ending(judge, ending, output, sentence);
    if (result == BACKEND_FAILED) quote(&said, sentence);
    return result;
}
