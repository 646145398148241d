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

/* How many variants there are: sets of axes, blocks of pixels, amounts that a number is wrong by, ways to lie. */
enum {
    POOLGRAD_AXIS_SETS = 4,
    POOLGRAD_BLOCKS = 12,
    POOLGRAD_AMOUNTS = 14,
    POOLGRAD_MANNERS = 6,
    POOLGRAD_SHIFTS = 49 + 3 * 17,
    POOLGRAD_TILINGS = 3, /* in pixels, in windows, in pixels from the first tap on */
    POOLGRAD_WRONG_STEPS = 24,
    POOLGRAD_EPSILONS = 16,
    POOLGRAD_STARTS = 24
};

/* A pixel block's size by its number. */
int64_t poolgrad_block(int i);

struct poolgrad_axis *poolgrad_axis_of(struct poolgrad_geometry *g, int axis);

/* Adds to the sentence. */
void poolgrad_say(struct poolgrad_knobs *k, const char *format, ...);

bool poolgrad_shift_all(struct poolgrad_knobs *k, int64_t x, int64_t y, int64_t z);
bool poolgrad_fits_limit(const struct poolgrad_geometry *g);
bool poolgrad_counts_taps(struct poolgrad_geometry *g);

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
TURN(start_search_at_zero);
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
TURN(turn_start_pad);
TURN(shift_by);
TURN(turn_kernel_by);
TURN(turn_kernel);
TURN(turn_stride);
TURN(turn_dilation);
TURN(turn_kind);
TURN(set_divisor);
TURN(turn_counted_pads);
TURN(drop_windows_behind_blocks);
TURN(drop_first_windows);
TURN(thin_windows);
TURN(take_some_taps);
TURN(take_outside_for);
TURN(cut_into_tiles);
TURN(start_search);
TURN(compare_in);
TURN(compare_bits);
TURN(pick_by_place);
TURN(halve_ties);
TURN(turn_nan_rule);
TURN(round_reciprocal);
TURN(err_by_bits);
TURN(read_in);
TURN(add_under_root);
TURN(add_to_norm);
TURN(floor_norm);
TURN(take_magnitudes);
TURN(store_by);
TURN(clamp);
TURN(flush);
TURN(run_on);
TURN(leave_unreached);
TURN(lose_updates);
TURN(hold_no_number);
TURN(narrow_picks);
TURN(pad_picks);
TURN(move_picks);
TURN(pool_picks);
TURN(misread_steps);
TURN(order_channels);
TURN(flip);
TURN(move_image);
TURN(leave_tail);
TURN(spoil_tile_edges);
TURN(spoil_box);
TURN(spoil_line);

#endif
