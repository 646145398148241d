/* SPDX-License-Identifier: Apache-2.0 */
/* The axes of a problem, side by side: the options of each, and where their numbers go. */
#ifndef POOLGRAD_CLI_AXIS_OPTIONS_H
#define POOLGRAD_CLI_AXIS_OPTIONS_H

#include <poolgrad/poolgrad.h>

#include "base/problem_axes.h"
#include "cli/options.h"

/* What an option says of its axis. */
enum axis_role {
    ROLE_KERNEL,
    ROLE_STRIDE,
    ROLE_DILATION,
    ROLE_ADAPTIVE,
    ROLE_WINDOWS,
    ROLE_OFFSET,
    ROLE_SECONDARY_OFFSET,
    ROLE_BEFORE,
    ROLE_BEHIND,
    ROLE_OUTPUT,
    ROLE_SOURCE,
    ROLE_ZERO_PAD,
    ROLE_ZERO_BEFORE,
    ROLE_ZERO_BEHIND,
    ROLE_PRIMARY_OFFSET,
    ROLE_REGION_SIZE,
    ROLE_KERNEL_OFFSET,
    ROLE_CLIP,
    ROLE_CLIP_SIZE,
    ROLES
};

/* "width", "height", "depth". */
const char *poolgrad_axis_size_name(enum axis axis);

/* The axis's own option, and the one for all axes, OPTION_COUNT where there is none. */
enum option poolgrad_axis_option(enum axis axis, enum axis_role role);
enum option poolgrad_axes_option(enum axis_role role);

/* What the option says where it is not given, and the only number it may say of an axis that the arrays lack. */
int64_t poolgrad_axis_neutral(enum axis_role role);

/* Which of the two options speaks of the axis: its own one, unless only the one for all axes is given. */
enum option poolgrad_axis_speaker(const struct options *options, enum axis axis, enum axis_role role);
bool poolgrad_axis_given(const struct options *options, enum axis axis, enum axis_role role);

/* The number of the option that speaks, or the neutral one. */
int64_t poolgrad_axis_number(const struct options *options, enum axis axis, enum axis_role role);

/* Which option says that the axis's windows stand in a table: --windows-x, --adaptive-width or --adaptive and so on;
 * OPTION_COUNT where none does. */
enum option poolgrad_axis_table(const struct options *options, enum axis axis);

/* How many axes the options speak of: 1 and 3 as --dimensions and layouts say; 0 where files have to tell. */
int poolgrad_said_axes(const struct options *options);

/* How many axes the problem's images have. A depth of 0 says that there is no third one. */
int poolgrad_count_axes(const struct options *options, const poolgrad_problem *problem);

/* Where pads have those of an axis. */
struct axis_pads {
    int64_t *before, *behind;
};

struct axis_pads poolgrad_axis_pads(poolgrad_pads *pads, enum axis axis);

/* What a placement says of an axis. */
struct axis_padding {
    int64_t size, offset, zero_pad;
};

struct axis_padding poolgrad_axis_padding(const poolgrad_padding *padding, enum axis axis);

enum { AXIS_SIZES = 96 };

/* "3 x 4 (height x width)" and so on, of so many axes. */
void poolgrad_axis_sizes(int axes, const int64_t size[AXES], bool named, char text[AXIS_SIZES]);

#endif
