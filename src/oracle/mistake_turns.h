/* SPDX-License-Identifier: Apache-2.0 */
/* How mistakes turn the knobs of a careless computation. */
#ifndef POOLGRAD_ORACLE_MISTAKE_TURNS_H
#define POOLGRAD_ORACLE_MISTAKE_TURNS_H

#include "oracle/mistakes.h"

/* A mistake's turn, with its arguments a and b. */
#define TURN(name)                                                                                                     \
    bool poolgrad_turn_##name(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)

/* Sets of axes. */
enum { POOLGRAD_X = 1, POOLGRAD_Y = 2, POOLGRAD_Z = 4, POOLGRAD_ALL_AXES = POOLGRAD_X | POOLGRAD_Y | POOLGRAD_Z };

/* What is swapped: of x and y, unless of others. */
enum {
    POOLGRAD_SWAP_KERNELS = 1,
    POOLGRAD_SWAP_STRIDES = 2,
    POOLGRAD_SWAP_DILATIONS = 4,
    POOLGRAD_SWAP_PLACES = 8,
    POOLGRAD_SWAP_WINDOWS = 15,
    POOLGRAD_SWAP_YZ = 16,
    POOLGRAD_SWAP_XZ = 32,
    POOLGRAD_SWAPS_Z = POOLGRAD_SWAP_YZ | POOLGRAD_SWAP_XZ
};

/* What is read wrong. */
enum { POOLGRAD_OF_SOURCE, POOLGRAD_OF_GRADIENT, POOLGRAD_OF_RESULT };

void poolgrad_forget_pads(struct poolgrad_geometry *g, int64_t axes);

TURN(divide_by_all);
TURN(divide_by_inside);
TURN(divide_by_padded);
TURN(turn_pads);
TURN(divide_by_nothing);
TURN(ignore_divisor);
TURN(set_edge_mode);
TURN(drop_last_windows);
TURN(keep_windows);
TURN(ignore_clip);
TURN(shift_windows);
TURN(shift_layers);
TURN(lean_windows);
TURN(turn_kernel_offset);
TURN(swap_axes);
TURN(ignore_dilation);
TURN(ignore_kernel_depth);
TURN(use_uniform_windows);
TURN(part_windows);
TURN(start_at_first_pixel);
TURN(set_ties);
TURN(shun_ties);
TURN(set_search);
TURN(ignore_indices);
TURN(accumulate_in);
TURN(accumulate_loosely);
TURN(store_each);
TURN(set_overlap);
TURN(set_root);
TURN(take_mean);
TURN(forget_mean);
TURN(set_addition);
TURN(negate);
TURN(multiply);
TURN(misread_columns);
TURN(misread_rows);
TURN(misread_layers);
TURN(misread_channels);
TURN(transpose);
TURN(read_first_image);
TURN(misread_layout);
TURN(misread_indices);
TURN(shift_indices);
TURN(skip_last_channels);
TURN(fill_box);
TURN(skip_box);

#endif
