/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases of a kit are made or judged: --direction, --kind, --format, --layout, --feature, --without, --shard. */
#ifndef POOLGRAD_CLI_SUITE_CHOOSE_H
#define POOLGRAD_CLI_SUITE_CHOOSE_H

#include "cli/options.h"
#include "suite/kit.h"

/* The options that choose, in the order in which they leave cases out. */
enum { SUITE_FILTERS = OPTION_SHARD - OPTION_CASE_DIRECTIONS + 1 };

/* Sets of words as bits; an empty one leaves all. */
struct suite_choice {
    uint64_t directions, kinds, formats, layouts, features, without;
    int64_t part, parts;         /* from 1 on */
    int64_t cases;               /* looked at so far */
    int64_t left[SUITE_FILTERS]; /* of them, by each option and all before it */
};

/* The directions and kinds of --direction and --kind, in the order of their words. */
enum suite_direction { SUITE_FORWARD, SUITE_GRADIENT, SUITE_GATHER };
enum suite_kind { SUITE_AVERAGE, SUITE_MAX, SUITE_L2NORM, SUITE_ROOT_MEAN };

enum suite_direction poolgrad_suite_direction(const poolgrad_problem *problem);
enum suite_kind poolgrad_suite_kind(const poolgrad_problem *problem);

/* 0, or 2 after one sentence. */
int poolgrad_suite_choice_read(const struct options *options, struct suite_choice *choice);

/* Whether the next case, in the kit's order, is among them. */
bool poolgrad_suite_choose_next(struct suite_choice *choice, const poolgrad_problem *problem, uint64_t features);

/* Refuses where no case is left, and names the option that left none: 2 after one sentence. */
int poolgrad_suite_none_chosen(const struct options *options, const struct suite_choice *choice);

#endif
