/* SPDX-License-Identifier: Apache-2.0 */
/* suite verify and suite run: a kit's cases, a backend's outputs, and what is made of them. */
#ifndef POOLGRAD_CLI_SUITE_JUDGE_H
#define POOLGRAD_CLI_SUITE_JUDGE_H

#include <poolgrad/oracle.h>

#include "cli/suite_manifest.h"
#include "cli/tensor.h"

/* Of a case, from good to bad. */
enum suite_outcome {
    OUTCOME_RIGHT,
    OUTCOME_UNBOUNDED,    /* right, but of some elements nearly any would be */
    OUTCOME_UNDOCUMENTED, /* right, but some elements rest on decisions */
    OUTCOME_MISSING,      /* no output */
    OUTCOME_WRONG,
    OUTCOME_UNREADABLE, /* an output of another shape or format, or no .npy file */
    OUTCOME_FAILED,     /* the backend: another exit status than 0, a signal, time */
    OUTCOMES
};

extern const char *const poolgrad_outcome_words[OUTCOMES];

enum { SUITE_SENTENCE = 320 };

struct suite_result {
    enum suite_outcome outcome;
    int64_t count[POOLGRAD_VERDICTS];
    char sentence[SUITE_SENTENCE]; /* why it is not right */
};

struct suite_judge {
    const struct options *options;
    struct manifest manifest;
    char *outputs;               /* the folder with the backend's outputs */
    char *temporary;             /* the same where it is removed afterwards; else null */
    const char *command;         /* of a backend to run first; null: none */
    int64_t seconds;             /* that it may take for a case */
    struct suite_result *result; /* of each case */
    poolgrad_declaration declaration;
    int threads;
    struct output junit, json;
};

/* Judges all cases. 0, or 2 after one sentence. */
int poolgrad_suite_judge_cases(struct suite_judge *judge);

/* A table by features and the worst cases, on standard output; for programs. */
void poolgrad_suite_print(const struct suite_judge *judge);
void poolgrad_suite_print_json(const struct suite_judge *judge, FILE *file);
void poolgrad_suite_print_junit(const struct suite_judge *judge, FILE *file);

/* Whether cases of the outcome are not right, by the options. */
bool poolgrad_suite_fails(const struct suite_judge *judge, enum suite_outcome outcome);

/* Whether a missing output counts as nothing worse. */
bool poolgrad_suite_passes(const struct suite_judge *judge);

/* Runs the backend for the case, whose output goes to `output`. True if it ended well; else the reason is in
 * `sentence`. */
bool poolgrad_suite_run_backend(const struct suite_judge *judge, int64_t index, const char *output,
                                char sentence[SUITE_SENTENCE]);

/* suite verify, suite run. */
int poolgrad_suite_verify(const struct options *options);

#endif
