/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poolgrad command as its users meet it: a process of its own, words in, exit status and text out.
 *
 * The command is POOLGRAD_COMMAND_PATH, of the environment or else of the build; without either ../poolgrad beside the
 * folder of the running test. Where the environment has POOLGRAD_EMULATOR, the command is run through that.
 */
#ifndef POOLGRAD_TESTS_PROCESS_H
#define POOLGRAD_TESTS_PROCESS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

enum {
    PROCESS_SECONDS = 60, /* after which it is killed by SIGALRM */
    PROCESS_WORDS = 128
};

/* What is given to a process besides its words; zero: nothing. */
typedef struct process_setting {
    const char *folder; /* where it works; null: here */
    FILE *out;          /* standard output, in place of what process_finish returns */
    bool no_out, no_err;
    const char *name, *value; /* a variable of the environment */
} process_setting;

typedef struct process {
    pid_t id;
    FILE *out, *err;
    bool foreign_out;
} process;

typedef struct process_result {
    int status;      /* -1 where a signal ended it */
    int signal;      /* 0 where none did */
    long peak;       /* most memory it had at once, KiB */
    char *out, *err; /* each with a zero byte behind it */
    size_t out_size;
} process_result;

/* Null behind the last word; the command's own name is not among them. */
process process_start(const process_setting *setting, const char *const *word);
process_result process_finish(process *running);
void process_release(process_result *result);

/* Both of the above, from a line whose words stand between blanks. */
process_result process_run(const process_setting *setting, const char *line);

/* Whether standard error is empty, or lines that all begin with the command's name. */
bool process_speaks_plainly(const process_result *result);

#endif
