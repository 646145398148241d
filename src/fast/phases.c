/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/phases.h"

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Windows that overlap the image, gaps between taps included. */
static struct poolgrad_range overlapping(const struct poolgrad_axis *axis)
{
    int64_t count = axis->end - axis->begin;
    int64_t begin = poolgrad_floor_divide(-axis->extent - axis->first, axis->stride) + 1;
    int64_t end = poolgrad_ceiling_divide(axis->size - axis->first, axis->stride);
    begin = poolgrad_clamp(begin, 0, count);
    return (struct poolgrad_range){begin, poolgrad_clamp(end, begin, count)};
}

struct poolgrad_fast_axis poolgrad_fast_axis_make(const struct poolgrad_axis *axis, int64_t outside)
{
    struct poolgrad_range windows = overlapping(axis);
    struct poolgrad_fast_axis fast = {.stride = axis->stride,
                                      .dilation = axis->dilation,
                                      .size = axis->size,
                                      .first = axis->first,
                                      .output = axis->begin,
                                      .period = 1};
    if (windows.begin == windows.end || axis->size == 0) return fast;
    int64_t low = axis->first + axis->stride * windows.begin, high = axis->first + axis->stride * (windows.end - 1);
    int64_t tap = poolgrad_max(poolgrad_ceiling_divide(-high, axis->dilation) - outside, 0);
    int64_t end = poolgrad_floor_divide(axis->size - 1 - low, axis->dilation) + 1 + outside;
    end = poolgrad_min(end, axis->kernel);
    if (tap >= end) return fast;
    fast.first = low + axis->dilation * tap;
    fast.windows = windows.end - windows.begin;
    fast.output = axis->begin + windows.begin;
    fast.first_tap = tap;
    fast.taps = end - tap;
    /* A single window has no neighbour to share with: by a stride as wide as itself, each of its taps is a phase. */
    if (fast.windows == 1) fast.stride = axis->dilation * (fast.taps - 1) + 1;
    fast.period = fast.stride / greatest_common_divisor(axis->dilation, fast.stride);
    fast.phases = poolgrad_min(fast.period, fast.taps);
    fast.reach = poolgrad_fast_shift(&fast, fast.taps - 1);
    fast.gaps = fast.dilation > 1;
    return fast;
}

int64_t poolgrad_fast_phase_of(const struct poolgrad_fast_axis *axis, int64_t pixel)
{
    const int64_t place = pixel - axis->first - axis->stride * poolgrad_fast_entry(axis, pixel);
    for (int64_t phase = 0; phase < axis->phases; phase++) {
        if (axis->dilation * phase % axis->stride == place) return phase;
    }
    return -1;
}
