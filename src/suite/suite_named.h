/* SPDX-License-Identifier: Apache-2.0 */
/* Named cases: what the lists of corners (suite/suite_named) and of large geometries (suite/suite_large) are made of.
 * One entry stands for a case of each direction and kind it names. */
#ifndef POOLGRAD_SUITE_SUITE_NAMED_H
#define POOLGRAD_SUITE_SUITE_NAMED_H

#include "suite/suite_recipe.h"

enum {
    FORWARD = 1 << POOLGRAD_FORWARD,
    GRADIENT = 1 << POOLGRAD_GRADIENT,
    BOTH = FORWARD | GRADIENT,
    GATHER = 1 << (POOLGRAD_GRADIENT + 1), /* forward, from indices */
    AVERAGE = 1 << POOLGRAD_AVERAGE,
    MAX = 1 << POOLGRAD_MAX,
    L2NORM = 1 << POOLGRAD_L2NORM,
    ANY = AVERAGE | MAX | L2NORM,
    ROOT_MEAN = 1 << (POOLGRAD_L2NORM + 1),
    EVERY = ANY | ROOT_MEAN
};

/* Where a case's windows come from, in place of `first` and `windows`. */
enum placement { PLACED, BY_POLICY, BY_PADS, BY_PADS_CEIL, BY_PADS_CEIL_DROP };

/* Lists are x, y and z; kernels, strides and dilations of 0 stand for 1, as do windows, images and channels. Volumes
 * are those of a size along z. */
struct named {
    const char *name;
    uint64_t features;
    int directions, kinds;
    int64_t kernel[AXES], stride[AXES], dilation[AXES];
    int64_t first[AXES], windows[AXES], size[AXES];
    int64_t adaptive[AXES];         /* how many adaptive windows; 0: none */
    struct suite_table table[AXES]; /* others by table */
    int64_t images, channels;
    enum placement placement;
    poolgrad_padding_method method;
    poolgrad_pads pads;
    int64_t zero_pad[AXES], zero_before[AXES], zero_behind[AXES];
    int64_t divisor;
    struct suite_values source_values, gradient_values;
    void (*adjust)(struct suite_recipe *recipe); /* the rest */
    poolgrad_edge_mode edge_mode;
    enum suite_data source_data, gradient_data;
    bool every_edge_mode, every_tie_rule, every_nan_rule; /* a case for each */
    bool heavy; /* so many bytes that it is in one format, and in no smoke kit */
};

/* Which cases of a list there are: of one format and layout, and of each entry all or one in each direction. */
struct selection {
    poolgrad_format format;
    poolgrad_layout layout;
    bool all, heavy; /* heavy: these too */
};

/* Adds the cases of a list; false where memory is lacking. */
bool poolgrad_suite_add_entries(poolgrad_suite *suite, const struct named *named, size_t count,
                                const struct selection *selection);

/* A forward problem writes its picks, and a gradient reads them in place of its source. */
void poolgrad_suite_save_indices(struct suite_recipe *recipe, poolgrad_format format);

#endif
