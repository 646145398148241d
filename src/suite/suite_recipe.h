/* SPDX-License-Identifier: Apache-2.0 */
/* What a case of a kit will be, before there is memory for it. */
#ifndef POOLGRAD_SUITE_SUITE_RECIPE_H
#define POOLGRAD_SUITE_SUITE_RECIPE_H

#include "base/integer.h"
#include "base/problem_axes.h"
#include "suite/kit.h"
#include "suite/suite_data.h"

enum { RECIPE_VALUES = 8, RECIPE_WINDOWS = 24 };

struct suite_values {
    int count; /* 0: none */
    double value[RECIPE_VALUES];
};

/* The windows of an axis by themselves. */
struct suite_table {
    int64_t count; /* 0: none */
    poolgrad_span span[RECIPE_WINDOWS];
};

struct suite_recipe {
    char name[SUITE_NAME];
    uint64_t features;        /* those that the problem does not show */
    poolgrad_problem problem; /* images without data; the tables below stand in it once the kit is complete */
    struct suite_table table[AXES];
    enum suite_data source_data, gradient_data;
    struct suite_values source_values, gradient_values; /* in place of these */
    bool size_only;                                     /* the source has no data */
    bool before;                                        /* the destination holds something */
    enum suite_data before_data;
    uint64_t seed;
};

/* Takes one more recipe, if it is in the kit's scope; false where memory is lacking. */
bool poolgrad_suite_add(poolgrad_suite *suite, const struct suite_recipe *recipe);

/* What the kit is about; null: all. */
const struct suite_scope *poolgrad_suite_scope(const poolgrad_suite *suite);

/* Whether the recipe is one of those that the scope asks for. */
bool poolgrad_suite_is_in(const struct suite_scope *scope, const struct suite_recipe *recipe);

/* Channels that are neighbours. */
static inline int64_t poolgrad_suite_lanes(poolgrad_layout layout)
{
    return poolgrad_image_dense(NULL, POOLGRAD_FLOAT32, layout, 1, 1, 1, 1).column_stride;
}

/* One axis: the window's first tap, how many windows there are, and the source's size. Planes have a z of size 0. */
struct suite_axis {
    int64_t first, windows, size;
};

/* Places the windows of a problem that has its direction and window: offsets and the sizes of all images, of one image
 * and one channel, the format float32 and the layout NCHW. An axis that has a table is placed by the table. */
void poolgrad_suite_place(struct suite_recipe *recipe, const struct suite_axis axis[AXES]);

/* Places windows, and counts pads where they are counted, by the library's own formulas, docs/numerics.md N48 to N57.
 */
void poolgrad_suite_place_by_pads(struct suite_recipe *recipe, const poolgrad_pads *pads, poolgrad_rounding rounding,
                                  const int64_t size[AXES]);

/* Images of picked taps, sized and laid out like those of outputs, to be read or to be written. */
void poolgrad_suite_read_indices(poolgrad_problem *problem, poolgrad_format format);
void poolgrad_suite_write_picks(poolgrad_problem *problem, poolgrad_format format);

/* The format and the layout of every image; indices and picks have their own format. */
void poolgrad_suite_set_format(poolgrad_problem *problem, poolgrad_format format);
void poolgrad_suite_set_layout(poolgrad_problem *problem, poolgrad_layout layout);
void poolgrad_suite_set_channels(poolgrad_problem *problem, int64_t images, int64_t channels);

/* Of planes by a window of one kernel size, stride and dilation on each axis; or of all that axes can be. */
enum suite_extent { SUITE_PLANES, SUITE_EVERY_AXIS };

/* Adds cases: the named ones in one format and layout, all or one of each direction for each corner; so many arrays
 * of parameters, which leave out the pairs of SUITE_PLANES if there is more; every window with a random rest. */
bool poolgrad_suite_add_named(poolgrad_suite *suite, enum suite_extent extent, poolgrad_format format,
                              poolgrad_layout layout, bool all);
bool poolgrad_suite_add_coverings(poolgrad_suite *suite, enum suite_extent extent, int count, uint64_t *seed);
bool poolgrad_suite_add_windows(poolgrad_suite *suite, uint64_t seed);

/* Adds the cases at sizes where blocks, tiles and the widths of indices show, in one format and layout; all or one of
 * each direction for each geometry; with those of many bytes or without. */
bool poolgrad_suite_add_large(poolgrad_suite *suite, poolgrad_format format, poolgrad_layout layout, bool all,
                              bool heavy);

#endif
