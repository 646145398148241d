/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways to compute that compete with the plain loops: one for each instruction set that is compiled in, that this
 * processor has and that POOLGRAD_MAX_ISA allows. They have to leave the same bytes.
 */
#ifndef POOLGRAD_TESTS_CONTENDER_H
#define POOLGRAD_TESTS_CONTENDER_H

#include "case.h"
#include <poolgrad/poolgrad.h>
#include <stdbool.h>

enum { CONTENDER_ISAS = POOLGRAD_ISA_NEON };

/* The instruction sets, scalar first; returns how many. */
int contender_isas(poolgrad_isa isas[CONTENDER_ISAS]);

/* What the plain loops leave of a case: all bytes of its destination and its picks. */
typedef struct contender_result {
    unsigned char *destination, *picks; /* null where there are none */
} contender_result;

/* Runs the case by the plain loops; its buffers are then what they were. `checked`: by poolgrad_run; else by a plan,
 * which takes any indices. False after a report. */
bool contender_expect(test_case *made, bool checked, contender_result *expected);
void contender_forget(contender_result *expected);

/* How a contender runs. */
typedef enum contender_way { CONTENDER_RUN, CONTENDER_PLAN, CONTENDER_PIECES } contender_way;

/* Whether the case, run in mode fast with this bound and so many threads, leaves the expected bytes, the caller's
 * rounding mode and no exception flag. Its buffers are then what they were. False after a report. */
bool contender_agrees(test_case *made, poolgrad_isa isa, int threads, contender_way way,
                      const contender_result *expected);

/* Whether any window or element matters to the expected bytes: they are not those of an empty gradient region, or not
 * those that the destination held before a forward call. */
bool contender_telling(test_case *made, const contender_result *expected);

#endif
