/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers that are the same everywhere (SplitMix64), and the sweeps of seeds that tests run over:
 * POOLGRAD_TEST_SEED is the seed of a sweep's first case, POOLGRAD_TEST_CASES their number; seeds count upwards.
 */
#ifndef POOLGRAD_TESTS_RANDOM_H
#define POOLGRAD_TESTS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct random_state {
    uint64_t state;
} random_state;

uint64_t random_bits(random_state *r);

/* Uniform in [first, last]. */
int64_t random_between(random_state *r, int64_t first, int64_t last);

bool random_chance(random_state *r, int percent);

typedef struct random_sweep {
    const char *name;
    uint64_t seed;          /* of the case at hand */
    int64_t cases, started; /* in all, and up to the one at hand */
    int64_t telling;        /* counted by the test: cases that could have shown a fault */
} random_sweep;

random_sweep random_sweep_start(const char *name, int64_t default_cases);

/* The same for cases that take the time of `worth` usual ones each: POOLGRAD_TEST_CASES stands for so many fewer, but
 * for one at least. */
random_sweep random_sweep_start_costly(const char *name, int64_t default_cases, int64_t worth);
bool random_sweep_next(random_sweep *sweep);

/* Whether at least `percent` of the cases were telling; true after a few cases, which prove nothing either way. */
bool random_sweep_told(const random_sweep *sweep, int percent);

#endif
