/* SPDX-License-Identifier: Apache-2.0 */
/* suite verify and suite run: a kit's cases, a backend's outputs, and what is made of them. */
#ifndef POOLGRAD_CLI_SUITE_JUDGE_H
#define POOLGRAD_CLI_SUITE_JUDGE_H

#include <poolgrad/oracle.h>

#include "cli/suite_manifest.h"
#include "cli/tensor.h"
#include "cli/verify.h"

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

enum { SUITE_SENTENCE = 640, SUITE_CAUSE = 64 };
enum { SUITE_MOST_FOLLOWED = 1000 }; /* wrong cases whose cause is looked for and whose page is written */

/* What was found of the indices that a forward call writes. */
enum picks_state { PICKS_NONE, PICKS_NOT_WRITTEN, PICKS_JUDGED };

struct suite_result {
    enum suite_outcome outcome;
    int64_t count[POOLGRAD_VERDICTS];
    enum picks_state picks;
    int64_t wrong_picks;
    char cause[SUITE_CAUSE];       /* name of the likeliest mistake; empty: none is known */
    char sentence[SUITE_SENTENCE]; /* why it is not right */
    bool has_page;
};

struct suite_judge {
    const struct options *options;
    struct manifest manifest;
    int64_t count;               /* cases that are judged, the manifest's first ones */
    int64_t wrong;               /* cases with wrong elements, so far */
    int64_t part, parts;         /* that these cases are of the chosen ones, from 1 on */
    json_t *given;               /* what the options say of the backend, by their names */
    const json_t *declared;      /* the same, or that of shards */
    int64_t kept;                /* cases whose outputs are an earlier run's */
    bool has_judged;             /* in the end: not all cases are missing */
    const char *folder;          /* with the backend's outputs, as the words name it; null: a temporary one */
    char *outputs;               /* the same */
    char *temporary;             /* the same where it is removed afterwards; else null */
    const char *command;         /* of a backend to run first; null: none */
    int64_t seconds;             /* that it may take for a case */
    int jobs;                    /* its processes at once */
    bool resumes;                /* an earlier run */
    struct suite_result *result; /* of each case */
    poolgrad_declaration declaration;
    int threads;
    struct output junit, json;
    const char *reports; /* the folder for pages; null: none */
};

/* Judges all cases. 0, or 2 after one sentence. */
int poolgrad_suite_judge_cases(struct suite_judge *judge);

/* Tables by direction, kind, format, layout and feature, and the worst cases, on standard output; for programs. */
void poolgrad_suite_print(const struct suite_judge *judge);
void poolgrad_suite_print_json(const struct suite_judge *judge, FILE *file);
void poolgrad_suite_print_junit(const struct suite_judge *judge, FILE *file);

/* Whether no case fails. */
bool poolgrad_suite_passes(const struct suite_judge *judge);

/* What is made of a case's indices. */
struct picks_verdict {
    int64_t wrong, undocumented;
    poolgrad_decision decision;        /* that the last undocumented one rests on */
    char sentence[SUITE_SENTENCE / 2]; /* about the first that is wrong */
};

/* Judges the indices that a forward call wrote, in the image of the expected ones, by what the declaration says of ties
 * and NaNs. False where memory is lacking. */
bool poolgrad_suite_judge_picks(const struct suite_case *made, const poolgrad_image *actual,
                                const poolgrad_declaration *declaration, struct picks_verdict *verdict);

/* Writes the page of a case into the folder for pages; the page that leads to all of them. False on failure, errno set.
 */
bool poolgrad_suite_write_page(const struct suite_judge *judge, int64_t index, const struct verify *verify);
bool poolgrad_suite_write_index(const struct suite_judge *judge);

/* What the tables have a row for: the feature, or the word of a group, that a case has. */
struct suite_row {
    const char *group; /* "direction", "kind", "format", "layout", "feature"; a new one begins a table */
    const char *name;
    int64_t outcomes[OUTCOMES], cases;
};

/* Calls `print` for each row that has cases, group by group. */
void poolgrad_suite_each_row(const struct suite_judge *judge, void (*print)(const struct suite_row *row, void *context),
                             void *context);

/* The cases of each outcome. */
void poolgrad_suite_count_outcomes(const struct suite_judge *judge, int64_t outcomes[OUTCOMES]);

/* Whether the outcome makes the command's exit status 1, by the options. */
bool poolgrad_suite_fails(const struct suite_judge *judge, enum suite_outcome outcome);

/* Paths of what the backend makes of a case, to be freed; null without memory. */
char *poolgrad_suite_output_path(const struct suite_judge *judge, int64_t index);
char *poolgrad_suite_indices_path(const struct suite_judge *judge, int64_t index);

/* Whether the backend's line makes sense: 0, or 2 after one sentence. */
int poolgrad_suite_check_command(const struct suite_judge *judge);

/* Has the backend compute all cases, but for those that an earlier run has. Outcomes are those of cases that it did not
 * do. 0, or 2 after one sentence. */
int poolgrad_suite_run_backends(struct suite_judge *judge);

/* How many threads the options ask for. 0, or 2 after one sentence. */
int poolgrad_suite_threads(const struct options *options, int *threads);

/* Opens the files for results, before the work: 0, or 2 after one sentence. */
int poolgrad_suite_open_results(struct suite_judge *judge);

/* Writes all results. The exit status: 1 where a case fails, 2 after one sentence. */
int poolgrad_suite_finish(struct suite_judge *judge);
void poolgrad_suite_judge_free(struct suite_judge *judge);

/* suite verify, suite run; suite merge. */
int poolgrad_suite_verify(const struct options *options);
int poolgrad_suite_merge(const struct options *options);

#endif
