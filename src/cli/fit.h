/* SPDX-License-Identifier: Apache-2.0 */
/* Whether sizes fit the options, and which options would fit. */
#ifndef POOLGRAD_CLI_FIT_H
#define POOLGRAD_CLI_FIT_H

#include <stdbool.h>

#include "cli/axis_options.h"
#include "cli/options.h"

enum { FIT_OPTIONS = 200, FIT_TEXT = 512 };

/* Options, "--pad 1 or --ceil-drop", with which a forward call over the problem's source gives a result of that size:
 * those that differ least from what is given. An empty text where none of the usual ones does, and where tables have
 * the windows. */
void poolgrad_fit_options(const struct options *options, const poolgrad_problem *problem, const int64_t size[AXES],
                          char text[FIT_OPTIONS]);

/* The same for the size of the source gradient. */
void poolgrad_fit_to_gradient(const struct options *options, const poolgrad_problem *problem, char text[FIT_OPTIONS]);

/* Whether the source gradient is larger than the source: pooling shrinks, unless pads outweigh windows. */
bool poolgrad_fit_may_be_swapped(const poolgrad_problem *problem);

/* A sentence where the source gradient has another size than a forward call with these options gives: which size that
 * is, and what is likely. An empty text where it fits, and where offsets, a policy or regions leave nothing to say. */
void poolgrad_fit_gradient(const struct options *options, const poolgrad_problem *problem, char text[FIT_TEXT]);

/* Windows of the source gradient, in each plane or volume, that lie wholly outside the source. The problem was checked.
 */
int64_t poolgrad_windows_outside(const struct options *options, const poolgrad_problem *problem);

/* How the options round. */
poolgrad_rounding poolgrad_given_rounding(const struct options *options);

#endif
