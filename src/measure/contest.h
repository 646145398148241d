/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing many things so that they can be compared: all of them once in each round, each round in a new random order.
 * What the machine does besides, and what one contender leaves in the caches for the next, then falls on all alike.
 */
#ifndef POOLGRAD_MEASURE_CONTEST_H
#define POOLGRAD_MEASURE_CONTEST_H

#include <stdint.h>

#include "measure/quartiles.h"

enum { CONTEST_FEWEST_ROUNDS = 3 };

struct contender {
    void (*run)(const void *context);
    const void *context;
    int64_t calls;         /* in one sample, as many as the clock needs; set by the contest */
    struct spread seconds; /* of one call; set by the contest */
};

struct contest {
    struct contender *contender;
    int count;
    int rounds;   /* at most, at least 1 */
    double limit; /* seconds after which no round begins, but for the fewest; 0: none */
    uint64_t seed;
    void (*report)(void *context, double share); /* told how much is done, 0 to 1; null: nobody asks */
    void *report_context;
};

/* Rounds that were run; 0 where memory for the samples is lacking. */
int poolgrad_contest_run(const struct contest *contest);

#endif
