/* SPDX-License-Identifier: Apache-2.0 */
/* What frameworks can say of a pooling. */
#ifndef POOLGRAD_SUITE_SUITE_PROFILE_H
#define POOLGRAD_SUITE_SUITE_PROFILE_H

#include "suite/suite_recipe.h"

/* How windows are placed: by offsets that may be any, by pads on both sides and a rounding of the size, or so that
 * there is one for each stride. */
enum suite_rounding { AT_OFFSETS, ROUND_DOWN, ROUND_UP, ROUND_UP_DROP, SAME_UPPER, SAME_LOWER, SUITE_ROUNDINGS };

/* Pixels of pads on one side, at most. */
enum suite_pad_limit { BELOW_KERNEL, HALF_KERNEL };

/* Lists of words are bits, 1 << word. */
struct suite_profile_rules {
    const char *name;
    int directions, kinds;       /* of enum suite_direction, enum suite_kind */
    int source_formats, formats; /* of sources, and of all that is written; the same one format unless mixed_formats */
    int layouts;
    int ranks;         /* 1, 2, 3: axes of a pooling */
    int roundings;     /* of enum suite_rounding */
    int rounded_kinds; /* that sizes may be rounded up for */
    int padded_kinds, padded_ranks;
    enum suite_pad_limit pad_limit;
    int inner_kinds, inner_ranks;     /* whose kernels are no larger than the source */
    int dilated_kinds[2];             /* forward, and gradient */
    int divided_kinds, divided_ranks; /* with a divisor of the caller's */
    int adaptive_kinds;
    int index_formats; /* saved indices, and those of a gather */
    int ties, nans;    /* rules that a maximum's tap may be picked by */
    bool mixed_formats;
    bool one_sided_pads;
    bool counts_pads, leaves_out_pads; /* averages; both: as one wishes */
    bool adds;                         /* a gradient to its destination */
    bool regions; /* clip rectangles, gradient regions, kernel offsets, windows of channels and of images */
};

/* Null for the profile of all that poolgrad can say. */
const struct suite_profile_rules *poolgrad_suite_profile_rules(enum suite_profile profile);

/* The most pixels of pads on one side of a kernel. */
static inline int64_t poolgrad_suite_most_pad(const struct suite_profile_rules *rules, int64_t kernel)
{
    return rules->pad_limit == HALF_KERNEL ? kernel / 2 : kernel - 1;
}

/* Pads on both sides of an axis by which a framework places as many windows as SAME asks for. */
void poolgrad_suite_same_pads(enum suite_rounding rounding, int64_t extent, int64_t stride, int64_t size,
                              int64_t *before, int64_t *behind);

/* Whether the framework can say the problem, whose tables stand in it. */
bool poolgrad_suite_can_say(const struct suite_profile_rules *rules, const poolgrad_problem *problem,
                            uint64_t features);

#endif
