/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps of random cases: each is made, run in some ways, compared, and freed. */
#ifndef POOLGRAD_TESTS_TRIAL_H
#define POOLGRAD_TESTS_TRIAL_H

#include "case.h"
#include <poolgrad/poolgrad.h>
#include <stdbool.h>

/* Looks at one case; false after a report. Sets *telling if the case could have shown a fault. */
typedef bool trial_check(test_case *made, bool *telling);

/* Runs the check over a sweep of cases, of which at least `percent` in a hundred have to be telling; asserts both. */
void trial_sweep(const char *suite, const char *name, int64_t cases, int percent, const case_limits *limits,
                 trial_check *check);

/* Whether the problem was accepted and run; reports a refusal. */
bool trial_run(const poolgrad_problem *p);

/* The same by a plan whose units are cut at random into pieces, spread over two threads of the caller's, the last
 * piece first. *several: there was more than one piece, and more than one unit. */
bool trial_run_in_pieces(const poolgrad_problem *p, uint64_t seed, bool *several);

/* What the buffer holds now, on the heap; the buffer itself goes back to what it held at first. */
unsigned char *trial_take(guard_buffer *buffer);

/* Whether the case's results are these bytes, and nothing else was written. */
bool trial_same_buffers(const test_case *made, const unsigned char *destination, const unsigned char *picks);

#endif
