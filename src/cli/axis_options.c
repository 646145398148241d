/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/axis_options.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const size_names[AXES] = {"width", "height", "depth"};

/* ---- Options ----------------------------------------------------------------------------------------------------- */

static const struct {
    enum option all, own[AXES];
    int64_t neutral;
} roles[ROLES] = {
    [ROLE_KERNEL] = {OPTION_KERNEL, {OPTION_KERNEL_WIDTH, OPTION_KERNEL_HEIGHT, OPTION_KERNEL_DEPTH}, 1},
    [ROLE_STRIDE] = {OPTION_STRIDE, {OPTION_STRIDE_X, OPTION_STRIDE_Y, OPTION_STRIDE_Z}, 1},
    [ROLE_DILATION] = {OPTION_DILATION, {OPTION_DILATION_X, OPTION_DILATION_Y, OPTION_DILATION_Z}, 1},
    [ROLE_ADAPTIVE] = {OPTION_ADAPTIVE, {OPTION_ADAPTIVE_WIDTH, OPTION_ADAPTIVE_HEIGHT, OPTION_ADAPTIVE_DEPTH}, 1},
    [ROLE_WINDOWS] = {OPTION_COUNT, {OPTION_WINDOWS_X, OPTION_WINDOWS_Y, OPTION_WINDOWS_Z}, 0},
    [ROLE_OFFSET] = {OPTION_COUNT, {OPTION_OFFSET_X, OPTION_OFFSET_Y, OPTION_OFFSET_Z}, 0},
    [ROLE_SECONDARY_OFFSET] = {OPTION_COUNT,
                               {OPTION_SECONDARY_OFFSET_X, OPTION_SECONDARY_OFFSET_Y, OPTION_SECONDARY_OFFSET_Z},
                               0},
    [ROLE_BEFORE] = {OPTION_PAD, {OPTION_PAD_LEFT, OPTION_PAD_TOP, OPTION_PAD_FRONT}, 0},
    [ROLE_BEHIND] = {OPTION_PAD, {OPTION_PAD_RIGHT, OPTION_PAD_BOTTOM, OPTION_PAD_BACK}, 0},
    [ROLE_OUTPUT] = {OPTION_COUNT, {OPTION_OUTPUT_WIDTH, OPTION_OUTPUT_HEIGHT, OPTION_OUTPUT_DEPTH}, 1},
    [ROLE_SOURCE] = {OPTION_COUNT, {OPTION_SOURCE_WIDTH, OPTION_SOURCE_HEIGHT, OPTION_SOURCE_DEPTH}, 1},
    [ROLE_ZERO_PAD] = {OPTION_ZERO_PAD, {OPTION_ZERO_PAD_X, OPTION_ZERO_PAD_Y, OPTION_ZERO_PAD_Z}, 0},
    [ROLE_ZERO_BEFORE] = {OPTION_COUNT, {OPTION_ZERO_PAD_LEFT, OPTION_ZERO_PAD_TOP, OPTION_ZERO_PAD_FRONT}, 0},
    [ROLE_ZERO_BEHIND] = {OPTION_COUNT, {OPTION_ZERO_PAD_RIGHT, OPTION_ZERO_PAD_BOTTOM, OPTION_ZERO_PAD_BACK}, 0},
    [ROLE_PRIMARY_OFFSET] = {OPTION_COUNT,
                             {OPTION_PRIMARY_OFFSET_X, OPTION_PRIMARY_OFFSET_Y, OPTION_PRIMARY_OFFSET_Z},
                             0},
    [ROLE_REGION_SIZE] = {OPTION_COUNT,
                          {OPTION_SOURCE_SIZE_WIDTH, OPTION_SOURCE_SIZE_HEIGHT, OPTION_SOURCE_SIZE_DEPTH},
                          1},
    [ROLE_KERNEL_OFFSET] = {OPTION_COUNT, {OPTION_KERNEL_OFFSET_X, OPTION_KERNEL_OFFSET_Y, OPTION_KERNEL_OFFSET_Z}, 0},
    [ROLE_CLIP] = {OPTION_COUNT, {OPTION_CLIP_X, OPTION_CLIP_Y, OPTION_CLIP_Z}, 0},
    [ROLE_CLIP_SIZE] = {OPTION_COUNT, {OPTION_CLIP_WIDTH, OPTION_CLIP_HEIGHT, OPTION_CLIP_DEPTH}, 1},
};

const char *poolgrad_axis_size_name(enum axis axis)
{
    return size_names[axis];
}

enum option poolgrad_axis_option(enum axis axis, enum axis_role role)
{
    return roles[role].own[axis];
}

enum option poolgrad_axes_option(enum axis_role role)
{
    return roles[role].all;
}

int64_t poolgrad_axis_neutral(enum axis_role role)
{
    return roles[role].neutral;
}

enum option poolgrad_axis_speaker(const struct options *options, enum axis axis, enum axis_role role)
{
    const enum option own = roles[role].own[axis], all = roles[role].all;
    const bool by_all = all != OPTION_COUNT && poolgrad_given(options, all) && !poolgrad_given(options, own);
    return by_all ? all : own;
}

bool poolgrad_axis_given(const struct options *options, enum axis axis, enum axis_role role)
{
    return poolgrad_given(options, poolgrad_axis_speaker(options, axis, role));
}

int64_t poolgrad_axis_number(const struct options *options, enum axis axis, enum axis_role role)
{
    return poolgrad_number(options, poolgrad_axis_speaker(options, axis, role), roles[role].neutral);
}

enum option poolgrad_axis_table(const struct options *options, enum axis axis)
{
    const enum option windows = roles[ROLE_WINDOWS].own[axis];
    if (poolgrad_given(options, windows)) return windows;
    return poolgrad_axis_given(options, axis, ROLE_ADAPTIVE) ? poolgrad_axis_speaker(options, axis, ROLE_ADAPTIVE)
                                                             : OPTION_COUNT;
}

int poolgrad_said_axes(const struct options *options)
{
    static const enum option layouts[] = {OPTION_LAYOUT,         OPTION_SOURCE_LAYOUT, OPTION_SOURCE_GRADIENT_LAYOUT,
                                          OPTION_INDICES_LAYOUT, OPTION_PICKS_LAYOUT,  OPTION_ACTUAL_LAYOUT,
                                          OPTION_OUTPUT_LAYOUT};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (poolgrad_number(options, layouts[i], 0) & LAYOUT_OF_VOLUMES) return AXES;
    }
    return (int)poolgrad_number(options, OPTION_DIMENSIONS, 0);
}

int poolgrad_count_axes(const struct options *options, const poolgrad_problem *p)
{
    if (poolgrad_said_axes(options) == 1) return 1;
    return p->source.depth > 0 || p->source_gradient.depth > 0 ? AXES : AXES - 1;
}

/* ---- Fields ------------------------------------------------------------------------------------------------------ */

static int64_t *along(enum axis axis, int64_t *x, int64_t *y, int64_t *z)
{
    int64_t *const of[AXES] = {x, y, z};
    return of[axis];
}

struct axis_pads poolgrad_axis_pads(poolgrad_pads *pads, enum axis axis)
{
    return (struct axis_pads){along(axis, &pads->left, &pads->top, &pads->front),
                              along(axis, &pads->right, &pads->bottom, &pads->back)};
}

struct axis_padding poolgrad_axis_padding(const poolgrad_padding *padding, enum axis axis)
{
    poolgrad_padding is = *padding;
    return (struct axis_padding){*along(axis, &is.width, &is.height, &is.depth),
                                 *along(axis, &is.offset_x, &is.offset_y, &is.offset_z),
                                 *along(axis, &is.zero_pad_x, &is.zero_pad_y, &is.zero_pad_z)};
}

void poolgrad_axis_sizes(int axes, const int64_t size[AXES], bool named, char text[AXIS_SIZES])
{
    size_t used = 0;
    for (int axis = axes - 1; axis >= 0; axis--)
        used += (size_t)snprintf(text + used, AXIS_SIZES - used, "%" PRId64 "%s", size[axis], axis > 0 ? " x " : "");
    for (int axis = axes - 1; named && axis >= 0; axis--) {
        used += (size_t)snprintf(text + used, AXIS_SIZES - used, "%s%s%s", axis == axes - 1 ? " (" : " x ",
                                 size_names[axis], axis > 0 ? "" : ")");
    }
}
