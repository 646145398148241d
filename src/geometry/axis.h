/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Window placement along one axis; x and y are independent (docs/numerics.md N11 to N13).
 *
 * Output pixel i, begin <= i < end, has the window whose taps are start(i) + dilation t, t = 0 .. kernel-1, with
 * start(i) = first + stride (i - begin). Every quantity here, a window's start included, is within
 * +-POOLGRAD_COORDINATE_LIMIT (resolve.c sees to it, N10), so that sums and differences of a few of them cannot
 * overflow.
 */
#ifndef POOLGRAD_GEOMETRY_AXIS_H
#define POOLGRAD_GEOMETRY_AXIS_H

#include "base/integer.h"

#define POOLGRAD_COORDINATE_LIMIT (INT64_C(1) << 61)

struct poolgrad_axis {
    int64_t kernel, stride, dilation;
    int64_t extent;     /* (kernel - 1) dilation + 1 */
    int64_t size;       /* of the source image */
    int64_t pad;        /* zero padding that counts on either side */
    int64_t first;      /* first tap of the window of output pixel `begin` */
    int64_t begin, end; /* output pixels whose windows count */
};

/* A half-open range of integers. */
struct poolgrad_range {
    int64_t begin, end;
};

/* [first, first + count) cut to [0, size). */
static inline struct poolgrad_range poolgrad_range_cut(int64_t first, int64_t count, int64_t size)
{
    const int64_t begin = poolgrad_clamp(first, 0, size);
    int64_t end = begin;
    if (count > 0 && (!poolgrad_add(first, count, &end) || end > size)) end = size;
    return (struct poolgrad_range){begin, poolgrad_max(begin, end)};
}

static inline int64_t poolgrad_range_length(struct poolgrad_range range)
{
    return range.end - range.begin;
}

static inline bool poolgrad_range_holds(struct poolgrad_range range, int64_t i)
{
    return i >= range.begin && i < range.end;
}

/* The extent of a window; false where it would pass the limit. Both numbers are at least 1. */
static inline bool poolgrad_axis_extent(int64_t kernel, int64_t dilation, int64_t *extent)
{
    int64_t reach;
    if (!poolgrad_multiply(kernel - 1, dilation, &reach) || reach >= POOLGRAD_COORDINATE_LIMIT) return false;
    *extent = reach + 1;
    return true;
}

static inline int64_t poolgrad_axis_start(const struct poolgrad_axis *axis, int64_t i)
{
    return axis->first + axis->stride * (i - axis->begin);
}

/* The taps t of the window at `start` that lie in [-margin, size + margin). */
static inline struct poolgrad_range poolgrad_axis_taps(const struct poolgrad_axis *axis, int64_t start, int64_t margin)
{
    int64_t begin = poolgrad_ceiling_divide(-margin - start, axis->dilation);
    int64_t end = poolgrad_ceiling_divide(axis->size + margin - start, axis->dilation);
    begin = poolgrad_clamp(begin, 0, axis->kernel);
    return (struct poolgrad_range){begin, poolgrad_clamp(end, begin, axis->kernel)};
}

/* The taps t of the window at `start` that lie inside, and one outside on either side: all taps outside are alike, and
 * there may be 2^60 of them. */
static inline struct poolgrad_range poolgrad_axis_distinct_taps(const struct poolgrad_axis *axis, int64_t start)
{
    const struct poolgrad_range inside = poolgrad_axis_taps(axis, start, 0);
    return (struct poolgrad_range){poolgrad_max(inside.begin - 1, 0), poolgrad_min(inside.end + 1, axis->kernel)};
}

/* The taps t of the window at `start` that lie inside and on one of the pixels. */
static inline struct poolgrad_range poolgrad_axis_taps_on(const struct poolgrad_axis *axis, int64_t start,
                                                          struct poolgrad_range pixels)
{
    const struct poolgrad_range inside = poolgrad_axis_taps(axis, start, 0);
    const int64_t begin = poolgrad_ceiling_divide(pixels.begin - start, axis->dilation);
    const int64_t end = poolgrad_ceiling_divide(pixels.end - start, axis->dilation);
    return (struct poolgrad_range){poolgrad_max(inside.begin, begin), poolgrad_min(inside.end, end)};
}

/* The output pixels whose extent, taps and the gaps between them, covers source pixel `position`. */
static inline struct poolgrad_range poolgrad_axis_windows(const struct poolgrad_axis *axis, int64_t position)
{
    int64_t last = poolgrad_floor_divide(position - axis->first, axis->stride);
    int64_t begin = poolgrad_floor_divide(position - axis->extent - axis->first, axis->stride) + 1;
    int64_t count = axis->end - axis->begin;
    begin = poolgrad_clamp(begin, 0, count);
    return (struct poolgrad_range){axis->begin + begin, axis->begin + poolgrad_clamp(last + 1, begin, count)};
}

/* Whether `position` is a tap of the window at `start`. */
static inline bool poolgrad_axis_is_tap(const struct poolgrad_axis *axis, int64_t start, int64_t position)
{
    int64_t distance = position - start;
    return distance >= 0 && distance < axis->extent && distance % axis->dilation == 0;
}

#endif
