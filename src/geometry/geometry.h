/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A problem resolved: everything checked, cut to what is there and written out, so that whoever computes trusts it.
 * Plain data, shared by the reference and the kernels; made by poolgrad_resolve.
 */
#ifndef POOLGRAD_GEOMETRY_GEOMETRY_H
#define POOLGRAD_GEOMETRY_GEOMETRY_H

#include <poolgrad/poolgrad.h>

#include "geometry/axis.h"

struct poolgrad_geometry {
    poolgrad_direction direction;
    poolgrad_kind kind;
    poolgrad_edge_mode edge_mode;
    poolgrad_tie_rule ties;
    poolgrad_nan_rule nan;
    bool wide; /* float64 accumulator */
    bool add_to_destination;
    bool with_indices; /* they are read, */
    bool with_picks;   /* forward writes them */
    bool root_mean;    /* L2-norm */
    int64_t divisor;   /* in place of a count; 0: none */

    struct poolgrad_axis x, y, z;
    int64_t full_count; /* taps of a window; of tables, of the greatest */

    /* What is written: images, channels, layers, rows and columns of the destination. */
    struct poolgrad_range images, channels, layers, rows, columns;
    /* Of those images, how many are pooled; the others become +0. */
    int64_t pooled_images;
    /* What to add to an index of the destination to get the one it stands for: in the source, */
    int64_t source_image, source_channel;
    int64_t source_layer, source_row, source_column; /* (of a gradient; forward has windows) */
    /* and in the source gradient and the indices; of forward 0: indices are like the destination. */
    int64_t gradient_image, gradient_channel;

    /* Resolved views. */
    poolgrad_const_image source, source_gradient, indices;
    poolgrad_image destination, picks;
    poolgrad_const_image held, held_picks; /* what is written again, to be read */

    /* How it is run. */
    int threads, concurrent_runs;
    poolgrad_isa max_isa;
    poolgrad_mode mode;
    int64_t cache; /* bytes of the greatest cache there is */
};

#endif
