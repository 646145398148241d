/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over the taps of a window, and over the windows of a pixel. Both go in row-major order (docs/numerics.md
 * N61), and only they know how many axes a plane has:
 *
 *     struct poolgrad_taps taps = poolgrad_taps_inside(g, window);
 *     while (poolgrad_taps_next(&taps)) use(taps.y, taps.x);
 */
#ifndef POOLGRAD_GEOMETRY_CURSOR_H
#define POOLGRAD_GEOMETRY_CURSOR_H

#include "geometry/geometry.h"

/* Plane (n, c) of the source image, and the place of the window's first tap in it. */
struct poolgrad_window_at {
    int64_t n, c, top, left;
};

/* The window of output pixel (y, x), over plane (n, c) of the source. */
static inline struct poolgrad_window_at poolgrad_window_place(const struct poolgrad_geometry *g, int64_t n, int64_t c,
                                                              int64_t y, int64_t x)
{
    return (struct poolgrad_window_at){n, c, poolgrad_axis_start(&g->y, y), poolgrad_axis_start(&g->x, x)};
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

/* A range along each axis. */
struct poolgrad_area {
    struct poolgrad_range rows, columns;
};

static inline bool poolgrad_area_holds(const struct poolgrad_area *area, int64_t y, int64_t x)
{
    return poolgrad_range_holds(area->rows, y) && poolgrad_range_holds(area->columns, x);
}

static inline bool poolgrad_area_is_empty(const struct poolgrad_area *area)
{
    return area->rows.begin >= area->rows.end || area->columns.begin >= area->columns.end;
}

/* Goes through an area. */
struct poolgrad_steps {
    struct poolgrad_area area;
    int64_t y, x;
};

static inline struct poolgrad_steps poolgrad_steps_over(struct poolgrad_range rows, struct poolgrad_range columns)
{
    struct poolgrad_steps steps = {{rows, columns}, rows.begin, columns.begin - 1};
    if (poolgrad_area_is_empty(&steps.area)) steps.y = steps.area.rows.end;
    return steps;
}

/* False behind the last one. */
static inline bool poolgrad_steps_next(struct poolgrad_steps *steps)
{
    if (++steps->x >= steps->area.columns.end) {
        steps->x = steps->area.columns.begin;
        steps->y++;
    }
    return steps->y < steps->area.rows.end;
}

/* Leaves out what is left of the row. */
static inline void poolgrad_steps_leave_row(struct poolgrad_steps *steps)
{
    steps->x = steps->area.columns.end - 1;
}

/* ---- Taps -------------------------------------------------------------------------------------------------------- */

struct poolgrad_taps {
    const struct poolgrad_geometry *g;
    struct poolgrad_window_at window;
    struct poolgrad_steps number; /* the tap's, along each axis */
    /* The tap at hand: its place in the source, and whether the source has it. */
    int64_t y, x;
    bool inside;
};

/* Taps with these numbers. */
static inline struct poolgrad_taps poolgrad_taps_numbered(const struct poolgrad_geometry *g,
                                                          struct poolgrad_window_at window, struct poolgrad_range rows,
                                                          struct poolgrad_range columns)
{
    return (struct poolgrad_taps){.g = g, .window = window, .number = poolgrad_steps_over(rows, columns)};
}

/* Taps inside the source. */
static inline struct poolgrad_taps poolgrad_taps_inside(const struct poolgrad_geometry *g,
                                                        struct poolgrad_window_at window)
{
    return poolgrad_taps_numbered(g, window, poolgrad_axis_taps(&g->y, window.top, 0),
                                  poolgrad_axis_taps(&g->x, window.left, 0));
}

/* Taps inside the source, and those outside that stand for all others there. */
static inline struct poolgrad_taps poolgrad_taps_distinct(const struct poolgrad_geometry *g,
                                                          struct poolgrad_window_at window)
{
    return poolgrad_taps_numbered(g, window, poolgrad_axis_distinct_taps(&g->y, window.top),
                                  poolgrad_axis_distinct_taps(&g->x, window.left));
}

/* Taps on these pixels, which are inside the source. */
static inline struct poolgrad_taps poolgrad_taps_on(const struct poolgrad_geometry *g, struct poolgrad_window_at window,
                                                    const struct poolgrad_area *pixels)
{
    return poolgrad_taps_numbered(g, window, poolgrad_axis_taps_on(&g->y, window.top, pixels->rows),
                                  poolgrad_axis_taps_on(&g->x, window.left, pixels->columns));
}

/* False behind the last one. */
static inline bool poolgrad_taps_next(struct poolgrad_taps *taps)
{
    const struct poolgrad_geometry *g = taps->g;
    if (!poolgrad_steps_next(&taps->number)) return false;
    taps->y = taps->window.top + taps->number.y * g->y.dilation;
    taps->x = taps->window.left + taps->number.x * g->x.dilation;
    taps->inside = taps->y >= 0 && taps->y < g->y.size && taps->x >= 0 && taps->x < g->x.size;
    return true;
}

/* Of the whole walk. */
static inline int64_t poolgrad_taps_count(const struct poolgrad_taps *taps)
{
    return poolgrad_range_length(taps->number.area.rows) * poolgrad_range_length(taps->number.area.columns);
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Output pixels whose windows have a tap on one of the pixels, and others among them; there are pixels. */
static inline struct poolgrad_steps poolgrad_windows_over(const struct poolgrad_geometry *g,
                                                          const struct poolgrad_area *pixels)
{
    const struct poolgrad_range rows = {poolgrad_axis_windows(&g->y, pixels->rows.begin).begin,
                                        poolgrad_axis_windows(&g->y, pixels->rows.end - 1).end};
    const struct poolgrad_range columns = {poolgrad_axis_windows(&g->x, pixels->columns.begin).begin,
                                           poolgrad_axis_windows(&g->x, pixels->columns.end - 1).end};
    return poolgrad_steps_over(rows, columns);
}

/* Windows that have a pixel of the source as a tap. */
struct poolgrad_windows {
    const struct poolgrad_geometry *g;
    int64_t pixel_y, pixel_x;
    struct poolgrad_steps steps;
    int64_t y, x; /* the output pixel of the window at hand */
};

static inline struct poolgrad_windows poolgrad_windows_of(const struct poolgrad_geometry *g, int64_t y, int64_t x)
{
    return (struct poolgrad_windows){
        .g = g,
        .pixel_y = y,
        .pixel_x = x,
        .steps = poolgrad_steps_over(poolgrad_axis_windows(&g->y, y), poolgrad_axis_windows(&g->x, x))};
}

/* False behind the last one. */
static inline bool poolgrad_windows_next(struct poolgrad_windows *w)
{
    const struct poolgrad_geometry *g = w->g;
    while (poolgrad_steps_next(&w->steps)) {
        w->y = w->steps.y;
        w->x = w->steps.x;
        if (!poolgrad_axis_is_tap(&g->y, poolgrad_axis_start(&g->y, w->y), w->pixel_y))
            poolgrad_steps_leave_row(&w->steps);
        else if (poolgrad_axis_is_tap(&g->x, poolgrad_axis_start(&g->x, w->x), w->pixel_x))
            return true;
    }
    return false;
}

#endif
