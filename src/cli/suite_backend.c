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

/* The command with the case's names in place of {case}, {name}, {kit} and {out}; null without memory. */
static char *fill_in(const struct suite_judge *judge, int64_t index, const char *folder, const char *output)
{
    const struct {
        const char *word, *value;
    } names[] = {{"{case}", folder},
                 {"{name}", judge->manifest.entry[index].name},
                 {"{kit}", judge->manifest.folder},
                 {"{out}", output}};
    struct line line = {.good = true};
    for (const char *from = judge->command; *from;) {
        size_t i = 0;
        while (i < 4 && strncmp(from, names[i].word, strlen(names[i].word)) != 0) i++;
        if (i == 4) {
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

bool poolgrad_suite_run_backend(const struct suite_judge *judge, int64_t index, const char *output,
                                char sentence[SUITE_SENTENCE])
{
    char name[2 * SUITE_NAME];
    snprintf(name, sizeof name, "cases/%s", judge->manifest.entry[index].name);
    char *folder = poolgrad_manifest_path(judge->manifest.folder, name);
    char *line = folder ? fill_in(judge, index, folder, output) : NULL;
    struct ending ending = {.how = ENDED_NOT_STARTED};
    if (line) ending = poolgrad_shell_run(line, judge->seconds);
    free(line);
    free(folder);
    switch (ending.how) {
    case ENDED_NOT_STARTED: snprintf(sentence, SUITE_SENTENCE, "the backend could not be started"); break;
    case ENDED_BY_SIGNAL:
        snprintf(sentence, SUITE_SENTENCE, "the backend was ended by signal %d", ending.number);
        break;
    case ENDED_BY_TIME:
        snprintf(sentence, SUITE_SENTENCE, "the backend took more than %" PRId64 " seconds", judge->seconds);
        break;
    case ENDED:
        if (ending.number == 0) return true;
        snprintf(sentence, SUITE_SENTENCE, "the backend ended with status %d", ending.number);
        break;
    }
    return false;
}
