/* SPDX-License-Identifier: Apache-2.0 */
/* How verify understood its problem, and what was declared: one idea a line, said before any verdict. */
#ifndef POOLGRAD_CLI_VERIFY_FACTS_H
#define POOLGRAD_CLI_VERIFY_FACTS_H

#include "base/problem_axes.h"
#include "cli/verify.h"

/* An axis, with the windows that count. */
struct verify_axis {
    const char *name;                       /* "width" */
    int64_t pixels, windows;                /* of the source; of the output or the source gradient */
    int64_t kernel, stride, dilation;       /* of a table: the most taps, 1 and 1 */
    int64_t first, end;                     /* the least first tap, and one behind the greatest last one */
    int64_t counted_before, counted_behind; /* pads that a divisor counts */
    int64_t least;                          /* taps of a window of the table */
    const poolgrad_span *table;             /* null: a progression */
};

/* Of a problem that was checked. */
struct verify_axis poolgrad_verify_axis(const poolgrad_problem *problem, enum axis axis);

/* Whether there is something to say of the axis. */
bool poolgrad_verify_shows_axis(const poolgrad_problem *problem, enum axis axis);

enum { FACTS = 20, FACT_TEXT = 320 };

struct verify_fact {
    const char *name; /* a word */
    char text[FACT_TEXT];
};

struct verify_facts {
    struct verify_fact fact[FACTS];
    int count;
};

void poolgrad_verify_facts(const struct verify *verify, struct verify_facts *facts);

#endif
