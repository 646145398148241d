/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors over the taps of a window, and over the windows of a pixel. Both go in row-major order (docs/numerics.md
 * N61), and only they know how many axes a volume has:
 *
 *     struct poolgrad_taps taps = poolgrad_taps_inside(g, window);
 *     while (poolgrad_taps_next(&taps)) use(taps.at);
 */
#ifndef POOLGRAD_GEOMETRY_CURSOR_H
#define POOLGRAD_GEOMETRY_CURSOR_H

#include "geometry/geometry.h"

/* A window over volume (n, c) of the source: along each axis its first tap and how many there are. */
struct poolgrad_window_at {
    int64_t n, c;
    poolgrad_span z, y, x;
};

/* The window of an output pixel, over volume (n, c) of the source. */
static inline struct poolgrad_window_at poolgrad_window_place(const struct poolgrad_geometry *g, int64_t n, int64_t c,
                                                              struct poolgrad_pixel output)
{
    return (struct poolgrad_window_at){n, c, poolgrad_axis_window(&g->z, output.z),
                                       poolgrad_axis_window(&g->y, output.y), poolgrad_axis_window(&g->x, output.x)};
}

/* Whether the source's pixel is a tap of the window. */
static inline bool poolgrad_window_has(const struct poolgrad_geometry *g, const struct poolgrad_window_at *at,
                                       struct poolgrad_pixel pixel)
{
    return poolgrad_axis_is_tap(&g->z, at->z, pixel.z) && poolgrad_axis_is_tap(&g->y, at->y, pixel.y) &&
           poolgrad_axis_is_tap(&g->x, at->x, pixel.x);
}

/* Whether the source has the pixel. */
static inline bool poolgrad_source_has(const struct poolgrad_geometry *g, struct poolgrad_pixel pixel)
{
    return pixel.z >= 0 && pixel.z < g->z.size && pixel.y >= 0 && pixel.y < g->y.size && pixel.x >= 0 &&
           pixel.x < g->x.size;
}

/* ---- Steps ------------------------------------------------------------------------------------------------------- */

/* A range along each axis. */
struct poolgrad_area {
    struct poolgrad_range layers, rows, columns;
};

static inline bool poolgrad_area_holds(const struct poolgrad_area *area, struct poolgrad_pixel pixel)
{
    return poolgrad_range_holds(area->layers, pixel.z) && poolgrad_range_holds(area->rows, pixel.y) &&
           poolgrad_range_holds(area->columns, pixel.x);
}

static inline bool poolgrad_area_is_empty(const struct poolgrad_area *area)
{
    return area->layers.begin >= area->layers.end || area->rows.begin >= area->rows.end ||
           area->columns.begin >= area->columns.end;
}

/* How many pixels an area has. */
static inline int64_t poolgrad_area_size(const struct poolgrad_area *area)
{
    return poolgrad_range_length(area->layers) * poolgrad_range_length(area->rows) *
           poolgrad_range_length(area->columns);
}

/* The place of a pixel in an area; rows lie behind each other. */
static inline int64_t poolgrad_area_place(const struct poolgrad_area *area, struct poolgrad_pixel at)
{
    const int64_t row = (at.z - area->layers.begin) * poolgrad_range_length(area->rows) + at.y - area->rows.begin;
    return row * poolgrad_range_length(area->columns) + at.x - area->columns.begin;
}

/* Goes through an area. */
struct poolgrad_steps {
    struct poolgrad_area area;
    struct poolgrad_pixel at;
};

static inline struct poolgrad_steps poolgrad_steps_over(const struct poolgrad_area *area)
{
    struct poolgrad_steps steps = {*area, {area->layers.begin, area->rows.begin, area->columns.begin - 1}};
    if (poolgrad_area_is_empty(area)) steps.at.z = area->layers.end;
    return steps;
}

/* False behind the last one. */
static inline bool poolgrad_steps_next(struct poolgrad_steps *steps)
{
    if (++steps->at.x >= steps->area.columns.end) {
        steps->at.x = steps->area.columns.begin;
        steps->at.y++;
    }
    if (steps->at.y >= steps->area.rows.end) {
        steps->at.y = steps->area.rows.begin;
        steps->at.z++;
    }
    return steps->at.z < steps->area.layers.end;
}

/* Leaves out what is left of the row. */
static inline void poolgrad_steps_leave_row(struct poolgrad_steps *steps)
{
    steps->at.x = steps->area.columns.end - 1;
}

/* And of the layer. */
static inline void poolgrad_steps_leave_layer(struct poolgrad_steps *steps)
{
    steps->at.y = steps->area.rows.end - 1;
    poolgrad_steps_leave_row(steps);
}

/* ---- Taps -------------------------------------------------------------------------------------------------------- */

struct poolgrad_taps {
    const struct poolgrad_geometry *g;
    struct poolgrad_window_at window;
    struct poolgrad_steps number; /* the tap's, along each axis */
    /* The tap at hand: its place in the source, and whether the source has it. */
    struct poolgrad_pixel at;
    bool inside;
};

/* Taps with these numbers. */
static inline struct poolgrad_taps poolgrad_taps_numbered(const struct poolgrad_geometry *g,
                                                          struct poolgrad_window_at window,
                                                          const struct poolgrad_area *numbers)
{
    return (struct poolgrad_taps){.g = g, .window = window, .number = poolgrad_steps_over(numbers)};
}

/* Taps inside the source. */
static inline struct poolgrad_taps poolgrad_taps_inside(const struct poolgrad_geometry *g,
                                                        struct poolgrad_window_at window)
{
    const struct poolgrad_area numbers = {poolgrad_axis_taps(&g->z, window.z), poolgrad_axis_taps(&g->y, window.y),
                                          poolgrad_axis_taps(&g->x, window.x)};
    return poolgrad_taps_numbered(g, window, &numbers);
}

/* Taps inside the source, and those outside that stand for all others there. */
static inline struct poolgrad_taps poolgrad_taps_distinct(const struct poolgrad_geometry *g,
                                                          struct poolgrad_window_at window)
{
    const struct poolgrad_area numbers = {poolgrad_axis_distinct_taps(&g->z, window.z),
                                          poolgrad_axis_distinct_taps(&g->y, window.y),
                                          poolgrad_axis_distinct_taps(&g->x, window.x)};
    return poolgrad_taps_numbered(g, window, &numbers);
}

/* Taps on these pixels, which are inside the source. */
static inline struct poolgrad_taps poolgrad_taps_on(const struct poolgrad_geometry *g, struct poolgrad_window_at window,
                                                    const struct poolgrad_area *pixels)
{
    const struct poolgrad_area numbers = {poolgrad_axis_taps_on(&g->z, window.z, pixels->layers),
                                          poolgrad_axis_taps_on(&g->y, window.y, pixels->rows),
                                          poolgrad_axis_taps_on(&g->x, window.x, pixels->columns)};
    return poolgrad_taps_numbered(g, window, &numbers);
}

/* False behind the last one. */
static inline bool poolgrad_taps_next(struct poolgrad_taps *taps)
{
    const struct poolgrad_geometry *g = taps->g;
    if (!poolgrad_steps_next(&taps->number)) return false;
    taps->at.z = poolgrad_axis_place(&g->z, taps->window.z, taps->number.at.z);
    taps->at.y = poolgrad_axis_place(&g->y, taps->window.y, taps->number.at.y);
    taps->at.x = poolgrad_axis_place(&g->x, taps->window.x, taps->number.at.x);
    taps->inside = poolgrad_source_has(g, taps->at);
    return true;
}

/* Of the whole walk. */
static inline int64_t poolgrad_taps_count(const struct poolgrad_taps *taps)
{
    return poolgrad_area_size(&taps->number.area);
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Output pixels whose windows have a tap on one of the pixels, and others among them; there are pixels. */
static inline struct poolgrad_steps poolgrad_windows_over(const struct poolgrad_geometry *g,
                                                          const struct poolgrad_area *pixels)
{
    const struct poolgrad_area outputs = {poolgrad_axis_windows(&g->z, pixels->layers.begin, pixels->layers.end),
                                          poolgrad_axis_windows(&g->y, pixels->rows.begin, pixels->rows.end),
                                          poolgrad_axis_windows(&g->x, pixels->columns.begin, pixels->columns.end)};
    return poolgrad_steps_over(&outputs);
}

/* Windows that have a pixel of the source as a tap. */
struct poolgrad_windows {
    const struct poolgrad_geometry *g;
    struct poolgrad_pixel pixel;
    struct poolgrad_steps steps;
    struct poolgrad_pixel at; /* the output pixel of the window at hand */
};

static inline struct poolgrad_windows poolgrad_windows_of(const struct poolgrad_geometry *g,
                                                          struct poolgrad_pixel pixel)
{
    const struct poolgrad_area pixels = {{pixel.z, pixel.z + 1}, {pixel.y, pixel.y + 1}, {pixel.x, pixel.x + 1}};
    return (struct poolgrad_windows){.g = g, .pixel = pixel, .steps = poolgrad_windows_over(g, &pixels)};
}

/* False behind the last one. */
static inline bool poolgrad_windows_next(struct poolgrad_windows *w)
{
    const struct poolgrad_geometry *g = w->g;
    while (poolgrad_steps_next(&w->steps)) {
        w->at = w->steps.at;
        if (!poolgrad_axis_is_tap(&g->z, poolgrad_axis_window(&g->z, w->at.z), w->pixel.z))
            poolgrad_steps_leave_layer(&w->steps);
        else if (!poolgrad_axis_is_tap(&g->y, poolgrad_axis_window(&g->y, w->at.y), w->pixel.y))
            poolgrad_steps_leave_row(&w->steps);
        else if (poolgrad_axis_is_tap(&g->x, poolgrad_axis_window(&g->x, w->at.x), w->pixel.x))
            return true;
    }
    return false;
}

#endif
