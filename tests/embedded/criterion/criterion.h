/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of Criterion's interface that the tests use, for builds in which Criterion itself cannot run: its workers
 * do not start under qemu's user emulation, and they clash with ThreadSanitizer's memory map. runner.c is the other
 * half.
 */
#ifndef POOLGRAD_EMBEDDED_CRITERION_H
#define POOLGRAD_EMBEDDED_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct embedded_test {
    const char *suite, *name;
    void (*run)(void);
    void (*init)(void), (*fini)(void);
    double timeout; /* seconds; 0: none */
    int signal;     /* the signal the test has to die of */
    int exit_code;  /* the status the test has to leave with, by exit() */
    bool disabled;
    const char *description;
    struct embedded_test *next; /* set by embedded_register */
} embedded_test;

typedef enum embedded_action { EMBEDDED_ABORT, EMBEDDED_CONTINUE } embedded_action;

void embedded_register(embedded_test *test);

__attribute__((format(printf, 1, 2))) void embedded_log(const char *format, ...);
__attribute__((format(printf, 1, 2), noreturn)) void embedded_skip(const char *format, ...);
__attribute__((format(printf, 5, 6))) void embedded_fail(embedded_action action, const char *file, int line,
                                                         const char *what, const char *format, ...);

/* Suite and name first, then any of the fields above that a test file may set: .timeout = 60 */
#define Test(Suite, Name, ...)                                                                                         \
    static void embedded_run_##Suite##_##Name(void);                                                                   \
    __attribute__((constructor)) static void embedded_register_##Suite##_##Name(void)                                  \
    {                                                                                                                  \
        static embedded_test test = {                                                                                  \
            .suite = #Suite, .name = #Name, .run = embedded_run_##Suite##_##Name, __VA_ARGS__};                        \
        embedded_register(&test);                                                                                      \
    }                                                                                                                  \
    static void embedded_run_##Suite##_##Name(void)

/* The message is optional: the space in front makes it one literal either way. */
#define EMBEDDED_CHECK(Action, Condition, What, ...)                                                                   \
    ((Condition) ? (void)0 : embedded_fail(Action, __FILE__, __LINE__, What, " " __VA_ARGS__))

#define cr_log_info(...) embedded_log(__VA_ARGS__)
#define cr_log_warn(...) embedded_log(__VA_ARGS__)
#define cr_log_error(...) embedded_log(__VA_ARGS__)
#define cr_skip_test(...) embedded_skip(" " __VA_ARGS__)
#define cr_fatal(...) EMBEDDED_CHECK(EMBEDDED_ABORT, false, "fatal", __VA_ARGS__)
#define cr_assert_fail(...) cr_fatal(__VA_ARGS__)
#define cr_expect_fail(...) EMBEDDED_CHECK(EMBEDDED_CONTINUE, false, "fail", __VA_ARGS__)

#define EMBEDDED_COMPARE(Action, A, Operator, B, ...)                                                                  \
    EMBEDDED_CHECK(Action, (A)Operator(B), #A " " #Operator " " #B, __VA_ARGS__)
#define EMBEDDED_STRINGS(Action, A, Operator, B, ...)                                                                  \
    EMBEDDED_CHECK(Action, strcmp(A, B) Operator 0, "strcmp(" #A ", " #B ") " #Operator " 0", __VA_ARGS__)
#define EMBEDDED_BYTES(Action, A, Operator, B, Size, ...)                                                              \
    EMBEDDED_CHECK(Action, memcmp(A, B, Size) Operator 0, "memcmp(" #A ", " #B ", " #Size ") " #Operator " 0",         \
                   __VA_ARGS__)

#define cr_assert(Condition, ...) EMBEDDED_CHECK(EMBEDDED_ABORT, Condition, #Condition, __VA_ARGS__)
#define cr_assert_not(Condition, ...) EMBEDDED_CHECK(EMBEDDED_ABORT, !(Condition), "!(" #Condition ")", __VA_ARGS__)
#define cr_assert_null(Pointer, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, Pointer, ==, NULL, __VA_ARGS__)
#define cr_assert_not_null(Pointer, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, Pointer, !=, NULL, __VA_ARGS__)
#define cr_assert_eq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, A, ==, B, __VA_ARGS__)
#define cr_assert_neq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, A, !=, B, __VA_ARGS__)
#define cr_assert_lt(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, A, <, B, __VA_ARGS__)
#define cr_assert_leq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, A, <=, B, __VA_ARGS__)
#define cr_assert_gt(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, A, >, B, __VA_ARGS__)
#define cr_assert_geq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_ABORT, A, >=, B, __VA_ARGS__)
#define cr_assert_str_eq(A, B, ...) EMBEDDED_STRINGS(EMBEDDED_ABORT, A, ==, B, __VA_ARGS__)
#define cr_assert_str_neq(A, B, ...) EMBEDDED_STRINGS(EMBEDDED_ABORT, A, !=, B, __VA_ARGS__)
#define cr_assert_arr_eq(A, B, Size, ...) EMBEDDED_BYTES(EMBEDDED_ABORT, A, ==, B, Size, __VA_ARGS__)
#define cr_assert_arr_neq(A, B, Size, ...) EMBEDDED_BYTES(EMBEDDED_ABORT, A, !=, B, Size, __VA_ARGS__)

#define cr_expect(Condition, ...) EMBEDDED_CHECK(EMBEDDED_CONTINUE, Condition, #Condition, __VA_ARGS__)
#define cr_expect_not(Condition, ...) EMBEDDED_CHECK(EMBEDDED_CONTINUE, !(Condition), "!(" #Condition ")", __VA_ARGS__)
#define cr_expect_null(Pointer, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, Pointer, ==, NULL, __VA_ARGS__)
#define cr_expect_not_null(Pointer, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, Pointer, !=, NULL, __VA_ARGS__)
#define cr_expect_eq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, A, ==, B, __VA_ARGS__)
#define cr_expect_neq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, A, !=, B, __VA_ARGS__)
#define cr_expect_lt(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, A, <, B, __VA_ARGS__)
#define cr_expect_leq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, A, <=, B, __VA_ARGS__)
#define cr_expect_gt(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, A, >, B, __VA_ARGS__)
#define cr_expect_geq(A, B, ...) EMBEDDED_COMPARE(EMBEDDED_CONTINUE, A, >=, B, __VA_ARGS__)
#define cr_expect_str_eq(A, B, ...) EMBEDDED_STRINGS(EMBEDDED_CONTINUE, A, ==, B, __VA_ARGS__)
#define cr_expect_str_neq(A, B, ...) EMBEDDED_STRINGS(EMBEDDED_CONTINUE, A, !=, B, __VA_ARGS__)
#define cr_expect_arr_eq(A, B, Size, ...) EMBEDDED_BYTES(EMBEDDED_CONTINUE, A, ==, B, Size, __VA_ARGS__)
#define cr_expect_arr_neq(A, B, Size, ...) EMBEDDED_BYTES(EMBEDDED_CONTINUE, A, !=, B, Size, __VA_ARGS__)

#endif
