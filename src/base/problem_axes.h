/* SPDX-License-Identifier: Apache-2.0 */
/* What a problem says of each axis, in the same words. */
#ifndef POOLGRAD_BASE_PROBLEM_AXES_H
#define POOLGRAD_BASE_PROBLEM_AXES_H

#include <poolgrad/poolgrad.h>

enum axis { AXIS_X, AXIS_Y, AXIS_Z, AXES };

/* Places in a problem. */
struct axis_fields {
    int64_t *kernel, *stride, *dilation, *offset, *kernel_offset;
    int64_t *source, *gradient, *destination; /* sizes of images */
    int64_t *zero_pad, *zero_before, *zero_behind;
    int64_t *region, *region_size, *clip, *clip_size;
    poolgrad_table *table;
};

/* The fields by the axis's letter, its size and its sides. */
#define POOLGRAD_AXIS_FIELDS(p, letter, size, before, behind)                                                          \
    {                                                                                                                  \
        .kernel = &(p)->window.kernel_##size, .stride = &(p)->window.stride_##letter,                                  \
        .dilation = &(p)->window.dilation_##letter, .offset = &(p)->offset_##letter,                                   \
        .kernel_offset = &(p)->kernel_offset_##letter, .source = &(p)->source.size,                                    \
        .gradient = &(p)->source_gradient.size, .destination = &(p)->destination.size,                                 \
        .zero_pad = &(p)->zero_pad_##letter, .zero_before = &(p)->zero_pad_##before,                                   \
        .zero_behind = &(p)->zero_pad_##behind, .region = &(p)->gradient_region.letter,                                \
        .region_size = &(p)->gradient_region.size, .clip = &(p)->clip.letter, .clip_size = &(p)->clip.size,            \
        .table = &(p)->windows_##letter                                                                                \
    }

/* What refusals call them. */
struct axis_names {
    const char *kernel, *stride, *dilation, *offset, *kernel_offset;
    const char *zero_pad, *zero_before, *zero_behind;
    const char *region, *region_size, *clip, *clip_size;
    const char *table, *spans, *count;
};

#define POOLGRAD_AXIS_NAMES(letter, size, before, behind)                                                              \
    {                                                                                                                  \
        "window.kernel_" #size, "window.stride_" #letter, "window.dilation_" #letter, "offset_" #letter,               \
            "kernel_offset_" #letter, "zero_pad_" #letter, "zero_pad_" #before, "zero_pad_" #behind,                   \
            "gradient_region." #letter, "gradient_region." #size, "clip." #letter, "clip." #size, "windows_" #letter,  \
            "windows_" #letter ".spans", "windows_" #letter ".count"                                                   \
    }

static inline const struct axis_names *poolgrad_axis_names(enum axis axis)
{
    static const struct axis_names of[AXES] = {POOLGRAD_AXIS_NAMES(x, width, left, right),
                                               POOLGRAD_AXIS_NAMES(y, height, top, bottom),
                                               POOLGRAD_AXIS_NAMES(z, depth, front, back)};
    return &of[axis];
}

static inline struct axis_fields poolgrad_axis_fields(poolgrad_problem *p, enum axis axis)
{
    const struct axis_fields of[AXES] = {POOLGRAD_AXIS_FIELDS(p, x, width, left, right),
                                         POOLGRAD_AXIS_FIELDS(p, y, height, top, bottom),
                                         POOLGRAD_AXIS_FIELDS(p, z, depth, front, back)};
    return of[axis];
}

#endif
