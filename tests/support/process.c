/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
    perror(what);
    abort();
}

static const char *command_path(void)
{
    static char path[PATH_MAX];
    const char *given = getenv("POOLGRAD_COMMAND_PATH");
    if (given) return given;
#if defined(POOLGRAD_COMMAND_PATH)
    return POOLGRAD_COMMAND_PATH;
#endif
    static const char beside[] = "/../poolgrad";
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof beside);
    if (length < 0) give_up("/proc/self/exe");
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    memcpy(slash ? slash : path, beside, sizeof beside);
    return path;
}

/* Refusals of memory are part of what is tested: a sanitizer must not make crashes of them, and what it says about them
 * is not the command's. */
static void refuse_memory_quietly(const char *variable)
{
    char text[512];
    const char *before = getenv(variable);
    snprintf(text, sizeof text, "%s%sallocator_may_return_null=1", before ? before : "", before ? ":" : "");
    setenv(variable, text, 1);
}

static void set_up(const process_setting *setting, const process *running)
{
    if (setting->folder && chdir(setting->folder) != 0) give_up(setting->folder);
    if (setting->name) setenv(setting->name, setting->value, 1);
    refuse_memory_quietly("ASAN_OPTIONS");
    refuse_memory_quietly("TSAN_OPTIONS");
    signal(SIGPIPE, SIG_DFL);
    if (dup2(fileno(running->out), STDOUT_FILENO) < 0 || dup2(fileno(running->err), STDERR_FILENO) < 0) {
        give_up("dup2");
    }
    if (setting->no_out) close(STDOUT_FILENO);
    if (setting->no_err) close(STDERR_FILENO);
    alarm(PROCESS_SECONDS);
}

process process_start(const process_setting *setting, const char *const *word)
{
    const process_setting none = {0};
    const char *all[PROCESS_WORDS + 3];
    int count = 0;
    const char *emulator = getenv("POOLGRAD_EMULATOR");
    if (emulator && *emulator) all[count++] = emulator;
    all[count++] = command_path();
    while (*word && count < PROCESS_WORDS + 2) all[count++] = *word++;
    all[count] = NULL;
    if (!setting) setting = &none;
    process running = {.out = setting->out ? setting->out : tmpfile(), .err = tmpfile()};
    running.foreign_out = setting->out != NULL;
    if (!running.out || !running.err) give_up("tmpfile");
    fflush(NULL);
    running.id = fork();
    if (running.id < 0) give_up("fork");
    if (running.id > 0) return running;
    set_up(setting, &running);
    execv(all[0], (char *const *)all);
    give_up(all[0]);
    return running;
}

/* All that was written to the file, which is closed. */
static char *take_text(FILE *file, size_t *size)
{
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    char *text = calloc(length > 0 ? (size_t)length + 1 : 1, 1);
    if (!text) give_up("calloc");
    rewind(file);
    *size = fread(text, 1, (size_t)length, file);
    fclose(file);
    return text;
}

static void drop_remarks(char *text)
{
    static const char start[] = "==", remark[] = "failed to allocate";
    while (strncmp(text, start, sizeof start - 1) == 0) {
        char *end = strchr(text, '\n'), *found = strstr(text, remark);
        if (!end || !found || found > end) return;
        memmove(text, end + 1, strlen(end + 1) + 1);
    }
}

process_result process_finish(process *running)
{
    int status;
    struct rusage usage;
    process_result result = {.status = -1};
    while (wait4(running->id, &status, 0, &usage) < 0) {
        if (errno != EINTR) give_up("wait4");
    }
    if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    result.peak = usage.ru_maxrss;
    size_t size;
    if (!running->foreign_out) result.out = take_text(running->out, &result.out_size);
    result.err = take_text(running->err, &size);
    drop_remarks(result.err);
    return result;
}

void process_release(process_result *result)
{
    free(result->out);
    free(result->err);
    *result = (process_result){0};
}

process_result process_run(const process_setting *setting, const char *line)
{
    const char *word[PROCESS_WORDS + 1];
    int count = 0;
    char *copy = strdup(line), *rest = copy;
    if (!copy) give_up("strdup");
    for (char *next = strtok_r(copy, " ", &rest); next && count < PROCESS_WORDS; next = strtok_r(NULL, " ", &rest)) {
        word[count++] = next;
    }
    word[count] = NULL;
    process running = process_start(setting, word);
    process_result result = process_finish(&running);
    free(copy);
    return result;
}

bool process_speaks_plainly(const process_result *result)
{
    for (const char *line = result->err; *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, "poolgrad", strlen("poolgrad")) != 0 || !strchr(line, '\n')) return false;
    }
    return true;
}
