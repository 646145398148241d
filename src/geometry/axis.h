/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows along one axis; x, y and z are independent (docs/numerics.md N11 to N13).
 *
 * Output pixel i, begin <= i < end, has the window poolgrad_axis_window(axis, i): `size` taps, dilation apart, the
 * first of them at `first`. Windows are an arithmetic progression, or stand in a table. Every quantity here, a window's
 * first tap included, is within +-POOLGRAD_COORDINATE_LIMIT (resolve.c sees to it, N10), so that sums and differences
 * of a few of them cannot overflow.
 */
#ifndef POOLGRAD_GEOMETRY_AXIS_H
#define POOLGRAD_GEOMETRY_AXIS_H

#include <poolgrad/poolgrad.h>

#include "base/integer.h"

#define POOLGRAD_COORDINATE_LIMIT (INT64_C(1) << 61)

enum { POOLGRAD_AXES = 3 };

struct poolgrad_axis {
    int64_t kernel, stride, dilation; /* of a table: the longest window, 1 and 1 */
    int64_t extent;                   /* (kernel - 1) dilation + 1 */
    int64_t size;                     /* of the source image */
    int64_t before, behind;           /* zero padding that counts on either side */
    int64_t first;                    /* first tap of the window of output pixel `begin` */
    int64_t begin, end;               /* output pixels whose windows count */
    const poolgrad_span *table;       /* the windows of output pixels begin, begin + 1, ...; null: a progression */
    bool ordered;                     /* no window of the table begins or ends before the one in front of it */
};

/* A pixel of a volume. */
struct poolgrad_pixel {
    int64_t z, y, x;
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

/* An axis along which nothing is pooled, as the third one of planes: one pixel that is one window. */
static inline bool poolgrad_axis_is_flat(const struct poolgrad_axis *axis)
{
    return !axis->table && axis->size == 1 && axis->kernel == 1 && axis->first == 0 && axis->begin == 0 &&
           axis->end == 1;
}

static inline poolgrad_span poolgrad_axis_window(const struct poolgrad_axis *axis, int64_t i)
{
    if (axis->table) return axis->table[i - axis->begin];
    return (poolgrad_span){axis->first + axis->stride * (i - axis->begin), axis->kernel};
}

/* The taps of the window that lie in [low, high). */
static inline struct poolgrad_range poolgrad_axis_taps_within(const struct poolgrad_axis *axis, poolgrad_span window,
                                                              int64_t low, int64_t high)
{
    int64_t begin = poolgrad_ceiling_divide(low - window.first, axis->dilation);
    int64_t end = poolgrad_ceiling_divide(high - window.first, axis->dilation);
    begin = poolgrad_clamp(begin, 0, window.size);
    return (struct poolgrad_range){begin, poolgrad_clamp(end, begin, window.size)};
}

/* Those inside the source. */
static inline struct poolgrad_range poolgrad_axis_taps(const struct poolgrad_axis *axis, poolgrad_span window)
{
    return poolgrad_axis_taps_within(axis, window, 0, axis->size);
}

/* Those inside the source or its counted padding. */
static inline struct poolgrad_range poolgrad_axis_counted_taps(const struct poolgrad_axis *axis, poolgrad_span window)
{
    return poolgrad_axis_taps_within(axis, window, -axis->before, axis->size + axis->behind);
}

/* The taps of the window that lie inside, and one outside on either side: all taps outside are alike, and there may be
 * 2^60 of them. */
static inline struct poolgrad_range poolgrad_axis_distinct_taps(const struct poolgrad_axis *axis, poolgrad_span window)
{
    const struct poolgrad_range inside = poolgrad_axis_taps(axis, window);
    return (struct poolgrad_range){poolgrad_max(inside.begin - 1, 0), poolgrad_min(inside.end + 1, window.size)};
}

/* The taps of the window that lie inside and on one of the pixels. */
static inline struct poolgrad_range poolgrad_axis_taps_on(const struct poolgrad_axis *axis, poolgrad_span window,
                                                          struct poolgrad_range pixels)
{
    const struct poolgrad_range inside = poolgrad_axis_taps(axis, window);
    const int64_t begin = poolgrad_ceiling_divide(pixels.begin - window.first, axis->dilation);
    const int64_t end = poolgrad_ceiling_divide(pixels.end - window.first, axis->dilation);
    return (struct poolgrad_range){poolgrad_max(inside.begin, begin), poolgrad_min(inside.end, end)};
}

/* The place of tap number t. */
static inline int64_t poolgrad_axis_place(const struct poolgrad_axis *axis, poolgrad_span window, int64_t t)
{
    return window.first + t * axis->dilation;
}

/* Of an ordered table, the first output pixel whose window ends behind `position`, or begins there or later. */
static inline int64_t poolgrad_axis_first_window(const struct poolgrad_axis *axis, int64_t position, bool ends)
{
    int64_t low = axis->begin, high = axis->end;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const poolgrad_span window = axis->table[middle - axis->begin];
        const bool found = ends ? window.first + window.size > position : window.first >= position;
        if (found)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* From the first to the last output pixel of a table whose windows meet the pixels [low, high). */
static inline struct poolgrad_range poolgrad_axis_table_windows(const struct poolgrad_axis *axis, int64_t low,
                                                                int64_t high)
{
    struct poolgrad_range windows = {axis->begin, axis->begin};
    if (axis->ordered) {
        windows.begin = poolgrad_axis_first_window(axis, low, true);
        windows.end = poolgrad_max(windows.begin, poolgrad_axis_first_window(axis, high, false));
        return windows;
    }
    for (int64_t i = axis->end; i > axis->begin; i--) {
        const poolgrad_span window = axis->table[i - 1 - axis->begin];
        if (window.first >= high || window.first + window.size <= low) continue;
        if (windows.end == axis->begin) windows.end = i;
        windows.begin = i - 1;
    }
    return windows;
}

/* The output pixels whose extents, taps and the gaps between them, meet the source pixels [low, high), which are some;
 * of tables others among them. */
static inline struct poolgrad_range poolgrad_axis_windows(const struct poolgrad_axis *axis, int64_t low, int64_t high)
{
    if (axis->table) return poolgrad_axis_table_windows(axis, low, high);
    int64_t last = poolgrad_floor_divide(high - 1 - axis->first, axis->stride);
    int64_t begin = poolgrad_floor_divide(low - axis->extent - axis->first, axis->stride) + 1;
    int64_t count = axis->end - axis->begin;
    begin = poolgrad_clamp(begin, 0, count);
    return (struct poolgrad_range){axis->begin + begin, axis->begin + poolgrad_clamp(last + 1, begin, count)};
}

/* Whether `position` is a tap of the window. */
static inline bool poolgrad_axis_is_tap(const struct poolgrad_axis *axis, poolgrad_span window, int64_t position)
{
    const int64_t distance = position - window.first;
    return distance >= 0 && distance <= (window.size - 1) * axis->dilation && distance % axis->dilation == 0;
}

#endif
