/* SPDX-License-Identifier: Apache-2.0 */
/* Windows in the most literal way: every tap looked at, whether it takes part, counts, and is picked. */
#ifndef POOLGRAD_TESTS_TAPS_H
#define POOLGRAD_TESTS_TAPS_H

#include <poolgrad/poolgrad.h>
#include <stdbool.h>

typedef struct taps_tap {
    int64_t y, x;
    double value; /* 0 outside */
    bool inside;  /* the image */
    bool counted; /* in N of an average */
    bool picked;  /* by a maximum */
} taps_tap;

/* One plane of the source and the window that is being looked at. */
typedef struct taps_plane {
    const poolgrad_problem *p;
    int64_t height, width;
    double *values; /* null where the source has no data */
    taps_tap *taps; /* of the window, in row-major order */
    int64_t tap_count;
} taps_plane;

taps_plane taps_new(const poolgrad_problem *p);
void taps_load(taps_plane *source, int64_t n, int64_t c);
void taps_free(taps_plane *source);

/* Window i of an axis begins stride i after the first one. */
void taps_look(taps_plane *source, int64_t window_y, int64_t window_x);

/* Of the window: what an average divides by; the picked taps, marked, and how many they are; the first of these. */
int64_t taps_counted(const taps_plane *source);
int64_t taps_pick(taps_plane *source);
const taps_tap *taps_first_picked(const taps_plane *source);

/* The place of the tap that the window at (y, x) of the source gradient picked by its index, or -1. */
int64_t taps_saved_pick(taps_plane *source, int64_t n, int64_t c, int64_t y, int64_t x);

/* Whether a position lies in [0, size), with so many more on both sides. */
bool taps_within(int64_t position, int64_t size, int64_t grown_by);

#endif
