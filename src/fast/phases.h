/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Window placement along one axis, as working memory sees it.
 *
 * Let u be a source pixel's distance from the first tap of window 0, and s the stride: the pixel is entry floor(u / s)
 * of the phase u mod s. Tap t of window w is then entry w + floor(d t / s) of the phase d t mod s: within a phase, the
 * same distance from every window, so that neighbouring windows find a tap of theirs in neighbouring entries. For a
 * gradient the same is read backwards: a pixel that is entry e of its phase is tap t of window e - floor(d t / s).
 *
 * Phases recur: tap t has that of tap t mod period, period = s / gcd(d, s), by which phases are numbered.
 */
#ifndef POOLGRAD_FAST_PHASES_H
#define POOLGRAD_FAST_PHASES_H

#include "geometry/axis.h"

struct poolgrad_fast_axis {
    int64_t stride, dilation;
    int64_t size;            /* of the source image */
    int64_t first;           /* first visited tap of window 0 */
    int64_t windows;         /* that have a tap inside, maybe; window 0 is output pixel `output` */
    int64_t output;          /* output pixel of window 0 */
    int64_t first_tap, taps; /* taps visited, of the kernel's; numbered from 0 */
    int64_t period, phases;  /* phases that hold visited taps: min(period, taps) */
    int64_t reach;           /* entries from a window to the one of its last tap */
    bool gaps;               /* maybe, among the entries of a phase that windows cover */
};

/* Taps that no window has inside the image are left out, but for `outside` ones on either side: all are alike. */
struct poolgrad_fast_axis poolgrad_fast_axis_make(const struct poolgrad_axis *axis, int64_t outside);

/* Entries from a window to that of its tap. */
static inline int64_t poolgrad_fast_shift(const struct poolgrad_fast_axis *axis, int64_t tap)
{
    return axis->dilation * tap / axis->stride;
}

/* The source pixel of an entry. */
static inline int64_t poolgrad_fast_pixel(const struct poolgrad_fast_axis *axis, int64_t phase, int64_t entry)
{
    return axis->first + axis->stride * entry + axis->dilation * phase % axis->stride;
}

/* Number of visited taps of a phase: phase, phase + period, ... */
static inline int64_t poolgrad_fast_taps_of(const struct poolgrad_fast_axis *axis, int64_t phase)
{
    return (axis->taps - phase + axis->period - 1) / axis->period;
}

/* The entry a source pixel belongs to, whatever its phase. */
static inline int64_t poolgrad_fast_entry(const struct poolgrad_fast_axis *axis, int64_t pixel)
{
    return poolgrad_floor_divide(pixel - axis->first, axis->stride);
}

/* The entries of a phase from `entry` on, `count` of them, whose pixels are in [begin, end): counted from `entry`. */
static inline struct poolgrad_range poolgrad_fast_entries(const struct poolgrad_fast_axis *axis, int64_t phase,
                                                          int64_t entry, int64_t count, int64_t begin, int64_t end)
{
    int64_t pixel = poolgrad_fast_pixel(axis, phase, entry);
    int64_t low = poolgrad_clamp(poolgrad_ceiling_divide(begin - pixel, axis->stride), 0, count);
    return (struct poolgrad_range){low, poolgrad_clamp(poolgrad_ceiling_divide(end - pixel, axis->stride), low, count)};
}

/* The phase of a source pixel, or -1 where no window, were there windows everywhere, has a tap. */
int64_t poolgrad_fast_phase_of(const struct poolgrad_fast_axis *axis, int64_t pixel);

#endif
