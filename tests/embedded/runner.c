/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the tests of one executable, each in a process of its own (in WebAssembly and on Windows, which have no fork,
 * one after the other), and speaks like Criterion.
 *
 *     test_NAME [--filter PATTERN] [--list]     other options of Criterion are accepted and mean nothing here
 *
 * PATTERN, in which * and ? stand for others, is matched against suite/name. The exit status is 0 if there was a test
 * and none failed.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__EMSCRIPTEN__) || defined(_WIN32)
#define FORKS 0
#else
#define FORKS 1
#include <sys/wait.h>
#endif

/* Statuses a test process leaves with that no test chooses by itself. */
enum { STATUS_FAILED = 121, STATUS_SKIPPED = 122 };

typedef enum outcome { PASSED, FAILED, CRASHED, SKIPPED, OUTCOMES } outcome;

static embedded_test *tests;
static bool failed;

void embedded_register(embedded_test *test)
{
    embedded_test **last = &tests;
    while (*last) last = &(*last)->next;
    *last = test;
}

static void print_message(const char *prefix, const char *format, va_list arguments)
{
    fputs(prefix, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void embedded_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message("[INFO] ", format, arguments);
    va_end(arguments);
}

#if !FORKS

static jmp_buf end_of_test;

__attribute__((noreturn)) static void leave(int status)
{
    longjmp(end_of_test, status);
}

#else

/* A test that forked must not run its parent's exit handlers: hence _exit. */
__attribute__((noreturn)) static void leave(int status)
{
    fflush(NULL);
    _exit(status);
}

#endif

void embedded_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message("[SKIP]", format, arguments);
    va_end(arguments);
    leave(STATUS_SKIPPED);
}

void embedded_fail(embedded_action action, const char *file, int line, const char *what, const char *format, ...)
{
    fprintf(stderr, "[----] %s:%d: Assertion Failed: %s\n", file, line, what);
    va_list arguments;
    va_start(arguments, format);
    print_message("[----]  ", format, arguments);
    va_end(arguments);
    failed = true;
    if (action == EMBEDDED_ABORT) leave(STATUS_FAILED);
}

#if !FORKS

/* Deaths cannot be survived, nor time be limited. */
static outcome run(const embedded_test *test)
{
    if (test->disabled || test->signal || test->exit_code) return SKIPPED;
    failed = false;
    int status = setjmp(end_of_test);
    if (status == STATUS_SKIPPED) return SKIPPED;
    if (status == STATUS_FAILED) return FAILED;
    if (test->init) test->init();
    test->run();
    if (test->fini) test->fini();
    return failed ? FAILED : PASSED;
}

#else

static void run_here(const embedded_test *test)
{
    alarm((unsigned)test->timeout);
    if (test->init) test->init();
    test->run();
    if (test->fini) test->fini();
    /* exit, not _exit: leak checkers report there. */
    exit(failed ? STATUS_FAILED : EXIT_SUCCESS);
}

static outcome judge(const embedded_test *test, int status)
{
    if (WIFSIGNALED(status)) {
        if (WTERMSIG(status) == test->signal) return PASSED;
        fprintf(stderr, "[----] died of signal %d\n", WTERMSIG(status));
        return CRASHED;
    }
    int code = WEXITSTATUS(status);
    if (code == STATUS_SKIPPED) return SKIPPED;
    if (code == STATUS_FAILED || test->signal) return FAILED;
    if (code == test->exit_code) return PASSED;
    fprintf(stderr, "[----] left with status %d instead of %d\n", code, test->exit_code);
    return CRASHED;
}

static outcome run(const embedded_test *test)
{
    if (test->disabled) return SKIPPED;
    fflush(NULL);
    pid_t process = fork();
    if (process < 0) {
        perror("fork");
        return CRASHED;
    }
    if (process == 0) run_here(test);
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno == EINTR) continue;
        perror("waitpid");
        return CRASHED;
    }
    return judge(test, status);
}

#endif

static bool matches(const char *pattern, const char *text)
{
    if (*pattern == '*') return matches(pattern + 1, text) || (*text && matches(pattern, text + 1));
    if (*pattern == '\0' || *text == '\0') return *pattern == *text;
    return (*pattern == '?' || *pattern == *text) && matches(pattern + 1, text + 1);
}

static bool selected(const embedded_test *test, const char *pattern)
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
    return !pattern || matches(pattern, name);
}

static const char *filter_of(int count, char **arguments)
{
    for (int i = 1; i < count; ++i) {
        if (strncmp(arguments[i], "--filter=", strlen("--filter=")) == 0) return strchr(arguments[i], '=') + 1;
        if (strcmp(arguments[i], "--filter") == 0 && i + 1 < count) return arguments[i + 1];
    }
    return getenv("CRITERION_TEST_PATTERN");
}

int main(int count, char **arguments)
{
    const char *pattern = filter_of(count, arguments);
    bool list = count > 1 && strcmp(arguments[1], "--list") == 0;
    int tally[OUTCOMES] = {0};
    for (const embedded_test *test = tests; test; test = test->next) {
        if (!selected(test, pattern)) continue;
        if (list) {
            printf("%s/%s\n", test->suite, test->name);
            continue;
        }
        static const char *const words[OUTCOMES] = {"PASS", "FAIL", "CRASH", "SKIP"};
        outcome result = run(test);
        fprintf(stderr, "[%s] %s::%s\n", words[result], test->suite, test->name);
        ++tally[result];
    }
    if (list) return EXIT_SUCCESS;
    fprintf(stderr, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: %d\n",
            tally[PASSED] + tally[FAILED] + tally[CRASHED], tally[PASSED], tally[FAILED], tally[CRASHED]);
    bool any = tally[PASSED] + tally[FAILED] + tally[CRASHED] + tally[SKIPPED] > 0;
    return !any || tally[FAILED] + tally[CRASHED] ? EXIT_FAILURE : EXIT_SUCCESS;
}
