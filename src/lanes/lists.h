/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One axis of a plan in lists: which windows have their taps alike, and which pixels their windows.
 *
 * A run of windows (or pixels) is one whose members a walk does in one go: member i's operands lie i steps behind those
 * of the first. Progressions and tables become the same lists; borders are runs of their own.
 */
#ifndef POOLGRAD_LANES_LISTS_H
#define POOLGRAD_LANES_LISTS_H

#include <stddef.h>

#include "geometry/geometry.h"

/* What comes of a plan in lanes, and of its lists. */
enum poolgrad_lanes_outcome {
    POOLGRAD_LANES_MADE,
    POOLGRAD_LANES_LEFT, /* to others, who compute this problem better */
    POOLGRAD_LANES_NO_MEMORY
};

/* Taps of a window are numbered from `base` on; `count` numbers occur. All taps outside on one side are alike: of
 * windows out of all proportion, only the nearest ones have numbers. */
struct poolgrad_tap_numbers {
    int64_t base, count;
};

/* Windows [output, output + count), with `taps` taps inside each: the first of them is number `tap`, at `place` in the
 * source for the first window and `step` further for each next one. */
struct poolgrad_window_run {
    int64_t output, count;
    int64_t place, step;
    int64_t tap, taps;
    int64_t size;                        /* taps in all */
    int64_t counted;                     /* those an average counts; with a divisor 1 */
    int64_t first_outside, last_outside; /* numbers of taps outside the image, or -1 */
};

/* Pixels pixel + i * pixel_step of the destination, i < count (of one, the step is 0). The first has `windows` windows:
 * the first of these is output pixel `output`, whose tap it is by number `tap`; the next windows are every
 * window_step-th, and the pixel's tap falls by tap_step; of tables they stand in a list instead. Windows of the next
 * pixel lie `step` further. */
struct poolgrad_pixel_run {
    int64_t pixel, pixel_step, count;
    int64_t output, windows, step;
    int64_t tap;
    int64_t listed; /* where in the list its windows begin, or -1 */
};

/* A window of a pixel of a table: output pixel, and number of the pixel among its taps. */
struct poolgrad_listed_window {
    int64_t output, tap;
};

struct poolgrad_axis_lists {
    struct poolgrad_tap_numbers numbers;
    struct poolgrad_range outputs; /* windows that runs are of */
    struct poolgrad_window_run *windows;
    struct poolgrad_pixel_run *pixels;
    struct poolgrad_listed_window *listed;
    struct poolgrad_pixel_run *each; /* each pixel's windows, or null; pixels from `first_each` on */
    int64_t first_each;
    int64_t window_runs, pixel_runs, listed_windows;
    bool in_order;                 /* runs of pixels are of neighbours, and ascend */
    int64_t window_step, tap_step; /* of a pixel's windows, where they are not listed */
    int64_t inverse;               /* of tap_step modulo window_step, or 0 where the latter is too large for it */
    int64_t most_taps;             /* inside, of a window */
    int64_t most_windows;          /* of a pixel, */
    int64_t least_windows;         /* and of the one that has fewest */
    double all_windows;            /* of all pixels together, */
    double run_windows;            /* and of one pixel of each run */
    int64_t span;                  /* most output pixels from the first to the last window that meets a pixel */
    struct poolgrad_range taken;   /* source pixels from the first to the last that any window has as a tap */
    int64_t reach;                 /* most source pixels from the first to the last tap of a window that lie inside */
    int64_t tap_distance;          /* source pixels from tap to tap; 0 where no window has two taps inside */
};

/* Windows `outputs` of the axis and, if `pixels` is not empty, destination pixels [begin, end), pixel p being source
 * pixel p + shift. `by_code`: pixels of a run must be the same tap of their windows. The source has pixels, and there
 * are windows. Left to others where the lists would be out of proportion. */
enum poolgrad_lanes_outcome poolgrad_axis_lists_make(const struct poolgrad_geometry *g,
                                                     const struct poolgrad_axis *axis, struct poolgrad_range outputs,
                                                     struct poolgrad_range pixels, int64_t shift, bool by_code,
                                                     struct poolgrad_axis_lists *lists);
/* Looks up the windows of each pixel beforehand, for poolgrad_pixel_windows. */
enum poolgrad_lanes_outcome poolgrad_axis_lists_look_up(const struct poolgrad_axis *axis, struct poolgrad_range pixels,
                                                        int64_t shift, struct poolgrad_axis_lists *lists);

/* One window: a run of its own. */
struct poolgrad_window_run poolgrad_window_of(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis,
                                              int64_t output);

/* The same, of the lists'. */
static inline struct poolgrad_window_run poolgrad_listed_window_of(const struct poolgrad_geometry *g,
                                                                   const struct poolgrad_axis *axis,
                                                                   const struct poolgrad_axis_lists *lists,
                                                                   int64_t output)
{
    /* Where none is like another, as in tables and of one window. */
    if (lists->window_runs == poolgrad_range_length(lists->outputs))
        return lists->windows[output - lists->outputs.begin];
    return poolgrad_window_of(g, axis, output);
}

/* The window and those behind it that are of one run, of the lists'. */
struct poolgrad_window_run poolgrad_listed_windows_from(const struct poolgrad_axis_lists *lists, int64_t output);

/* One pixel's windows, by its destination pixel and its source pixel; and, where pixels of a run need not be the same
 * tap, those of its neighbours that have the same windows: the run's. */
struct poolgrad_pixel_run poolgrad_pixel_windows(const struct poolgrad_axis *axis,
                                                 const struct poolgrad_axis_lists *lists, int64_t pixel,
                                                 int64_t source);

/* The i-th window of a pixel, and the tap that the pixel is of it. */
static inline struct poolgrad_listed_window poolgrad_pixel_window(const struct poolgrad_axis_lists *lists,
                                                                  const struct poolgrad_pixel_run *run, int64_t i)
{
    if (run->listed >= 0) return lists->listed[run->listed + i];
    return (struct poolgrad_listed_window){run->output + i * lists->window_step, run->tap - i * lists->tap_step};
}

/* The number that a tap goes by. */
static inline int64_t poolgrad_tap_number(const struct poolgrad_tap_numbers *numbers, int64_t tap)
{
    return poolgrad_clamp(tap - numbers->base, 0, numbers->count - 1);
}

void poolgrad_axis_lists_free(struct poolgrad_axis_lists *lists);

#endif
