/* SPDX-License-Identifier: Apache-2.0 */
/* What a case of a kit will be, before there is memory for it. */
#ifndef POOLGRAD_SUITE_SUITE_RECIPE_H
#define POOLGRAD_SUITE_SUITE_RECIPE_H

#include "suite/kit.h"
#include "suite/suite_data.h"

enum { RECIPE_VALUES = 8, LANES = 4 }; /* LANES: channels that are neighbours in NC4HW4 */

struct suite_values {
    int count; /* 0: none */
    double value[RECIPE_VALUES];
};

struct suite_recipe {
    char name[SUITE_NAME];
    uint64_t features;        /* those that the problem does not show */
    poolgrad_problem problem; /* images without data */
    enum suite_data source_data, gradient_data;
    struct suite_values source_values, gradient_values; /* in place of these */
    bool size_only;                                     /* the source has no data */
    bool before;                                        /* the destination holds something */
    enum suite_data before_data;
    uint64_t seed;
};

/* Takes one more recipe; false where memory is lacking. */
bool poolgrad_suite_add(poolgrad_suite *suite, const struct suite_recipe *recipe);

static inline int64_t poolgrad_suite_greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Rounded up; a is at least 0, b at least 1. */
static inline int64_t poolgrad_suite_divide(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* One axis: the window's first tap, how many windows there are, and the source's size. */
struct suite_axis {
    int64_t first, windows, size;
};

/* Places the windows of a problem that has its direction and window: offsets and the sizes of all images, of one image
 * and one channel, the format float32 and the layout NCHW. */
void poolgrad_suite_place(poolgrad_problem *problem, struct suite_axis x, struct suite_axis y);

/* Images of picked taps, sized and laid out like those of values: a gradient's indices, or forward's picks. */
void poolgrad_suite_save_picks(poolgrad_problem *problem, poolgrad_format format);

/* The format and the layout of every image; indices and picks have their own format. */
void poolgrad_suite_set_format(poolgrad_problem *problem, poolgrad_format format);
void poolgrad_suite_set_layout(poolgrad_problem *problem, poolgrad_layout layout);
void poolgrad_suite_set_channels(poolgrad_problem *problem, int64_t images, int64_t channels);

/* Adds cases: the named ones in one format and layout, all or one of each direction for each corner; an array of
 * parameters; every window with a random rest. */
bool poolgrad_suite_add_named(poolgrad_suite *suite, poolgrad_format format, poolgrad_layout layout, bool all);
bool poolgrad_suite_add_covering(poolgrad_suite *suite, int number, uint64_t seed);
bool poolgrad_suite_add_windows(poolgrad_suite *suite, uint64_t seed);

#endif
