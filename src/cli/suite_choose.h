/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases of a kit are made or judged: --profile, --direction, --kind, --format, --layout, --feature, --without,
 * --shard. */
#ifndef POOLGRAD_CLI_SUITE_CHOOSE_H
#define POOLGRAD_CLI_SUITE_CHOOSE_H

#include "cli/options.h"
#include "suite/kit.h"

struct suite_choice {
    struct suite_scope scope;
    int64_t part, parts; /* from 1 on */
    int64_t seen;        /* cases that the scope leaves */
};

/* 0, or 2 after one sentence. */
int poolgrad_suite_choice_read(const struct options *options, struct suite_choice *choice);

/* Whether the next case, in the kit's order, is among them. */
bool poolgrad_suite_choose_next(struct suite_choice *choice, const poolgrad_problem *problem, uint64_t features);

/* Refuses where no case is left, and names the filters that left none: 2 after one sentence. */
int poolgrad_suite_none_chosen(const struct options *options);

#endif
