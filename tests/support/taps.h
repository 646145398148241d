/* SPDX-License-Identifier: Apache-2.0 */
/* Windows in the most literal way: every tap looked at, whether it takes part, counts, and is picked. */
#ifndef POOLGRAD_TESTS_TAPS_H
#define POOLGRAD_TESTS_TAPS_H

#include "literal.h"
#include <poolgrad/poolgrad.h>
#include <stdbool.h>

typedef struct taps_tap {
    int64_t place; /* in the source; -1 outside */
    double value;  /* 0 outside */
    bool inside;   /* the image */
    bool counted;  /* in N of an average */
    bool picked;   /* by a maximum */
} taps_tap;

/* One channel of the source and the window that is being looked at. */
typedef struct taps_volume {
    const poolgrad_problem *p;
    literal_axis axes[LITERAL_AXES];
    int64_t pixels; /* of the source */
    double *values; /* null where the source has no data */
    taps_tap *taps; /* of the window, in row-major order */
    int64_t tap_count;
} taps_volume;

taps_volume taps_new(const poolgrad_problem *p);
void taps_load(taps_volume *source, int64_t n, int64_t c);
void taps_free(taps_volume *source);

/* Looks at the window of an output pixel. */
void taps_look(taps_volume *source, view_place at);

/* Of the window: what an average divides by, 0 where the window contributes nothing; the picked taps, marked, and how
 * many they are; the first of these. */
int64_t taps_counted(const taps_volume *source);
int64_t taps_pick(taps_volume *source);
const taps_tap *taps_first_picked(const taps_volume *source);

/* The place of the tap that the window of an output pixel picked by its index, or -1. */
int64_t taps_saved_pick(taps_volume *source, view_place at);

/* Whether a position lies in [0, size), with so many more before and behind. */
bool taps_within(int64_t position, int64_t size, int64_t before, int64_t behind);

/* The place in the source of a pixel of a gradient's destination, or -1. */
int64_t taps_mapped(const taps_volume *source, view_place at);

#endif
