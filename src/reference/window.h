/* SPDX-License-Identifier: Apache-2.0 */
/* One window of one volume of the source image: what it sums, counts, picks or measures. */
#ifndef POOLGRAD_REFERENCE_WINDOW_H
#define POOLGRAD_REFERENCE_WINDOW_H

#include "geometry/cursor.h"

/* One element of the source; of the source gradient. */
double poolgrad_source_at(const struct poolgrad_geometry *g, int64_t n, int64_t c, struct poolgrad_pixel at);
double poolgrad_gradient_at(const struct poolgrad_geometry *g, int64_t n, int64_t c, struct poolgrad_pixel at);

/* The tap at hand, which is inside the source. */
double poolgrad_tap_value(const struct poolgrad_taps *taps);

/* What a max window picked (docs/numerics.md N15, N16, N28 to N34). A NaN value was picked as a NaN: that one tap,
 * under every tie rule. */
struct poolgrad_pick {
    double value;
    struct poolgrad_pixel at; /* -1: outside, or nothing to pick */
};

static inline bool poolgrad_picks_none(struct poolgrad_pick pick)
{
    return pick.at.x < 0;
}

struct poolgrad_pick poolgrad_window_pick(const struct poolgrad_geometry *g, struct poolgrad_window_at at);

/* The index of a pick, in the picks' format, and the pick of an index, in the indices' (N39). An index that is not a
 * tap of its window picks nothing; values are not looked at. */
int64_t poolgrad_pick_index(const struct poolgrad_geometry *g, struct poolgrad_window_at at, struct poolgrad_pick pick);
struct poolgrad_pick poolgrad_indexed_pick(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                                           int64_t index);

/* The index of the window of an output pixel (n and c of the indices), and the pick it stands for. */
struct poolgrad_pick poolgrad_window_indexed(const struct poolgrad_geometry *g, struct poolgrad_window_at at, int64_t n,
                                             int64_t c, struct poolgrad_pixel output);

/* Number of taps equal to `maximum`, those outside too (N30, N31). */
int64_t poolgrad_window_ties(const struct poolgrad_geometry *g, struct poolgrad_window_at at, double maximum);

/* Whether no tap is inside the source. */
bool poolgrad_window_is_empty(const struct poolgrad_geometry *g, struct poolgrad_window_at at);

/* What an average divides by: a count of taps (N17, N18), or the divisor (N94). */
int64_t poolgrad_window_count(const struct poolgrad_geometry *g, struct poolgrad_window_at at);

/* Sum of the taps, in the accumulator (N65). */
double poolgrad_window_sum(const struct poolgrad_geometry *g, struct poolgrad_window_at at);

/* The average: +0 where no tap is inside (N21). */
double poolgrad_window_average(const struct poolgrad_geometry *g, struct poolgrad_window_at at);

/* Square root of the sum of squares, or of their mean, in double (N19, N66, N97). */
double poolgrad_window_norm(const struct poolgrad_geometry *g, struct poolgrad_window_at at);

/* The accumulator's arithmetic (N60, N62): in float or in double, every value held in a double. */
double poolgrad_sum(const struct poolgrad_geometry *g, double a, double b);
double poolgrad_quotient(const struct poolgrad_geometry *g, double a, int64_t count);

#endif
