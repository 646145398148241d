/* SPDX-License-Identifier: Apache-2.0 */
/* One measurement of poolgrad: a problem over shared buffers, its plan, and a look at whether the result is right. */
#ifndef POOLGRAD_MEASURE_BENCH_TRIAL_H
#define POOLGRAD_MEASURE_BENCH_TRIAL_H

#include "measure/buffers.h"
#include "measure/stream.h"
#include "measure/workload.h"

struct trial_choice {
    poolgrad_direction direction;
    enum measured_kind kind;
    poolgrad_layout layout;
    int threads; /* 1 or more */
    poolgrad_isa max_isa;
    poolgrad_mode mode;
};

struct trial {
    struct trial_choice choice;
    struct buffers *buffers;
    poolgrad_problem problem;
    poolgrad_plan *plan;
};

/* On refusal nothing needs to be destroyed. A gradient from saved picks computes them where no trial has yet. */
poolgrad_status poolgrad_trial_make(struct trial *trial, struct buffers *buffers, const struct trial_choice *choice,
                                    poolgrad_error *error);
void poolgrad_trial_destroy(struct trial *trial);

/* The whole plan, as contenders are run. */
void poolgrad_trial_contend(const void *trial);

/* Where a result is not that of the reference. */
struct mismatch {
    bool of_picks; /* else of the destination */
    int64_t n, c, z, y, x;
    double actual, expected;
};

enum trial_verdict { TRIAL_RIGHT, TRIAL_WRONG, TRIAL_NO_MEMORY };

/* Compares what the last run left with the reference, byte by byte: the last channels of the last image and, of large
 * ones, their last layers or rows, so that it takes no longer than a fraction of a second. */
enum trial_verdict poolgrad_trial_check(const struct trial *trial, struct mismatch *mismatch);

/* The picks that it reads or writes; null where it has none. */
void *poolgrad_trial_picks(const struct trial *trial);

/* Windows at equal distances, and averages over the taps inside: what any library computes. */
bool poolgrad_trial_is_usual(const struct trial *trial);

/* Of the destination. */
int64_t poolgrad_trial_result_bytes(const struct trial *trial);

/* Bytes that cannot be avoided, and the stream that moves them and does nothing else. What is written is lost. */
int64_t poolgrad_trial_bytes(const struct trial *trial);
struct stream poolgrad_trial_stream(const struct trial *trial);

/* The same for any problem that can run. The parts' data are the images' own, which a stream needs aligned and whole:
 * those of other views are the caller's to replace. */
struct stream poolgrad_problem_stream(const poolgrad_problem *problem);

#endif
