/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing: images whose channels are neighbours lie in lanes already, others are transposed. */
#include <string.h>

#include "image/format.h"
#include "image/move.h"
#include "lanes/columns.h"

/* ---- Images ------------------------------------------------------------------------------------------------------ */

const poolgrad_const_image *poolgrad_lanes_image_of(const struct poolgrad_geometry *g, enum poolgrad_lanes_image which)
{
    switch (which) {
    case POOLGRAD_LANES_SOURCE: return &g->source;
    case POOLGRAD_LANES_GRADIENT: return &g->source_gradient;
    case POOLGRAD_LANES_INDICES: return &g->indices;
    case POOLGRAD_LANES_PICKS: return &g->held_picks;
    default: return &g->held;
    }
}

/* The image and channel that plane number `plane` is of. */
static struct poolgrad_lanes_origin origin_at(const struct poolgrad_geometry *g, enum poolgrad_lanes_image which,
                                              int64_t plane)
{
    const int64_t channels = poolgrad_range_length(g->channels);
    struct poolgrad_lanes_origin at = {g->images.begin + plane / channels, g->channels.begin + plane % channels};
    if (which == POOLGRAD_LANES_SOURCE) {
        at.n += g->source_image;
        at.c += g->source_channel;
    } else if (which == POOLGRAD_LANES_GRADIENT || which == POOLGRAD_LANES_INDICES) {
        at.n += g->gradient_image;
        at.c += g->gradient_channel;
    }
    return at;
}

struct poolgrad_lanes_origin poolgrad_lanes_origin_of(const struct poolgrad_lanes_unit *unit,
                                                      enum poolgrad_lanes_image which)
{
    return origin_at(unit->g, which, unit->plane);
}

/* Planes of the unit from one on that lie at one step from each other. */
struct segment {
    struct poolgrad_lanes_origin at;
    int64_t planes, step;
};

static struct segment segment_at(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_image which, int64_t lane)
{
    const poolgrad_const_image *image = poolgrad_lanes_image_of(unit->g, which);
    const int64_t channels = poolgrad_range_length(unit->g->channels), plane = unit->plane + lane;
    struct segment segment = {origin_at(unit->g, which, plane), poolgrad_lanes_planes(unit) - lane,
                              image->channel_stride};
    if (poolgrad_layout_is_blocked(image->layout)) {
        const int64_t behind = poolgrad_layout_lanes(image->layout) - poolgrad_layout_lane(image->layout, segment.at.c);
        segment.planes = poolgrad_min(segment.planes, behind);
        segment.step = 1;
    } else if (image->image_stride == channels * image->channel_stride) {
        return segment;
    }
    segment.planes = poolgrad_min(segment.planes, channels - plane % channels);
    return segment;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

const unsigned char *poolgrad_lanes_read(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_image which,
                                         int64_t z, int64_t y, int64_t x, int64_t columns, void *memory)
{
    const poolgrad_const_image *image = poolgrad_lanes_image_of(unit->g, which);
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    if (unit->lanes->in_place[which]) {
        const struct poolgrad_lanes_origin at = poolgrad_lanes_origin_of(unit, which);
        return poolgrad_const_image_at(image, at.n, at.c, z, y, x);
    }
    for (int64_t lane = 0; lane < unit->count;) {
        const struct segment segment = segment_at(unit, which, lane);
        unit->lanes->routines->to_lanes[poolgrad_size_code(size)](
            poolgrad_const_image_at(image, segment.at.n, segment.at.c, z, y, x), segment.step, image->column_stride,
            segment.planes, columns, (unsigned char *)memory + lane * size, unit->lanes->lanes);
        lane += segment.planes;
    }
    return memory;
}

/* Rows of a plane that follow each other like pixels of a row. */
static bool is_flat(const poolgrad_const_image *image)
{
    return image->row_stride == image->width * image->column_stride;
}

const unsigned char *poolgrad_lanes_source_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const poolgrad_const_image *source = &unit->g->source;
    if (lanes->columns.used) return poolgrad_lanes_columns_source_row(unit, z, y);
    if (lanes->in_place[POOLGRAD_LANES_SOURCE]) {
        return poolgrad_lanes_read(unit, POOLGRAD_LANES_SOURCE, z, y, 0, source->width, NULL);
    }
    const int64_t bytes = source->width * lanes->lanes * (int64_t)poolgrad_format_size(source->format);
    const int64_t slots = lanes->source_slots_y, layer = z % lanes->source_slots_z * slots, slot = layer + y % slots;
    unsigned char *ring = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROWS);
    int64_t *tags = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROWS_TAGS);
    const int64_t row = z * unit->g->y.size + y;
    if (tags[slot] == row) return ring + slot * bytes;
    const struct poolgrad_range taken = lanes->y.taken;
    if (slots >= unit->g->y.size && is_flat(source) && poolgrad_range_holds(taken, y)) {
        poolgrad_lanes_read(unit, POOLGRAD_LANES_SOURCE, z, taken.begin, 0,
                            source->width * poolgrad_range_length(taken), ring + (layer + taken.begin) * bytes);
        for (int64_t i = taken.begin; i < taken.end; i++) tags[layer + i] = row - y + i;
    } else {
        poolgrad_lanes_read(unit, POOLGRAD_LANES_SOURCE, z, y, 0, source->width, ring + slot * bytes);
        tags[slot] = row;
    }
    return ring + slot * bytes;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void *address(const struct poolgrad_geometry *g, enum poolgrad_lanes_image which,
                     struct poolgrad_lanes_origin at, int64_t z, int64_t y, int64_t x)
{
    const poolgrad_image *image = which == POOLGRAD_LANES_PICKS ? &g->picks : &g->destination;
    return poolgrad_image_at(image, at.n, at.c, z, y, x);
}

void poolgrad_lanes_write(const struct poolgrad_lanes_unit *unit, enum poolgrad_lanes_image which, int64_t z, int64_t y,
                          int64_t x, int64_t columns, const void *from)
{
    const poolgrad_const_image *image = poolgrad_lanes_image_of(unit->g, which);
    const int64_t size = (int64_t)poolgrad_format_size(image->format), lanes = unit->lanes->lanes;
    if (unit->lanes->in_place[which]) {
        const struct poolgrad_runs runs = {columns, unit->count * size, lanes * size, image->column_stride * size};
        poolgrad_move_runs(address(unit->g, which, poolgrad_lanes_origin_of(unit, which), z, y, x), from, runs);
        return;
    }
    for (int64_t lane = 0; lane < unit->count;) {
        const struct segment segment = segment_at(unit, which, lane);
        unit->lanes->routines->from_lanes[poolgrad_size_code(size)](
            (const unsigned char *)from + lane * size, lanes, segment.planes, columns,
            address(unit->g, which, segment.at, z, y, x), segment.step, image->column_stride);
        lane += segment.planes;
    }
}

struct poolgrad_lanes_target poolgrad_lanes_target_of(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const poolgrad_const_image *image = &unit->g->held;
    if (lanes->in_place[POOLGRAD_LANES_DESTINATION]) {
        const struct poolgrad_lanes_origin at = poolgrad_lanes_origin_of(unit, POOLGRAD_LANES_DESTINATION);
        return (struct poolgrad_lanes_target){
            address(unit->g, POOLGRAD_LANES_DESTINATION, at, z, y, unit->g->columns.begin), image->column_stride};
    }
    if (unit->waiting == lanes->waiting_rows || z != unit->waiting_z) poolgrad_lanes_flush(unit);
    if (unit->waiting == 0) {
        unit->waiting_z = z;
        unit->waiting_y = y;
    }
    const int64_t bytes = poolgrad_range_length(unit->g->columns) * lanes->lanes *
                          (int64_t)poolgrad_format_size(image->format);
    unsigned char *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    return (struct poolgrad_lanes_target){rows + unit->waiting++ * bytes, lanes->lanes};
}

/* A plane's rows; a run that is all of them at once. */
static void fill_plane(const struct poolgrad_lanes_unit *unit, unsigned char *to, int64_t rows,
                       const unsigned char *from)
{
    const struct poolgrad_axis_lists *x = &unit->lanes->x;
    const poolgrad_const_image *image = &unit->g->held;
    const int64_t size = (int64_t)poolgrad_format_size(image->format), pitch = unit->lanes->lanes * size;
    const int64_t width = poolgrad_range_length(unit->g->columns);
    if (x->pixel_runs == 1 && image->row_stride == width) {
        poolgrad_fill(to, rows * width, from, size);
        return;
    }
    for (int64_t i = 0; i < x->pixel_runs; i++) {
        const struct poolgrad_pixel_run *run = &x->pixels[i];
        poolgrad_fill(to + (run->pixel - unit->g->columns.begin) * size, run->count, from + i * pitch, size);
    }
    const int64_t step = image->row_stride * size;
    poolgrad_move_runs(to + step, to, (struct poolgrad_runs){rows - 1, width * size, 0, step});
}

void poolgrad_lanes_fill_rows(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t rows,
                              const void *from)
{
    const int64_t size = (int64_t)poolgrad_format_size(unit->g->held.format);
    for (int64_t lane = 0; lane < unit->count;) {
        const struct segment segment = segment_at(unit, POOLGRAD_LANES_DESTINATION, lane);
        unsigned char *to = address(unit->g, POOLGRAD_LANES_DESTINATION, segment.at, z, y, unit->g->columns.begin);
        for (int64_t p = 0; p < segment.planes; p++, lane++, to += segment.step * size)
            fill_plane(unit, to, rows, (const unsigned char *)from + lane * size);
    }
}

/* Runs of `bytes` bytes made +0. */
static void clear_runs(unsigned char *to, int64_t runs, int64_t bytes, int64_t step)
{
    if (runs == 0) return;
    memset(to, 0, (size_t)(step == bytes ? runs * bytes : bytes));
    if (step != bytes) poolgrad_move_runs(to + step, to, (struct poolgrad_runs){runs - 1, bytes, 0, step});
}

/* Rows of pixels of `bytes` bytes made +0. */
static void clear_rows(const struct poolgrad_lanes_unit *unit, unsigned char *to, int64_t rows, int64_t bytes)
{
    const poolgrad_const_image *image = &unit->g->held;
    const int64_t size = (int64_t)poolgrad_format_size(image->format), width = poolgrad_range_length(unit->g->columns);
    const int64_t row_step = image->row_stride * size, step = image->column_stride * size;
    if (step == bytes) {
        clear_runs(to, rows, width * bytes, row_step);
    } else if (row_step == bytes) {
        clear_runs(to, width, rows * bytes, step);
    } else {
        for (int64_t i = 0; i < rows; i++, to += row_step) clear_runs(to, width, bytes, step);
    }
}

/* Planes of a slice, `planes` of the unit's from this one on, and the lanes behind them that have no channel: they are
 * +0, too. */
static int64_t planes_of_slice(const poolgrad_const_image *image, int64_t channel, int64_t planes)
{
    const int64_t slice = poolgrad_layout_lanes(image->layout);
    return channel % slice == 0 && channel + planes == image->channels ? slice : planes;
}

bool poolgrad_lanes_clears_slice(const struct poolgrad_lanes_unit *unit, int64_t plane)
{
    const struct poolgrad_range channels = unit->g->channels;
    const int64_t slice = poolgrad_layout_lanes(unit->g->held.layout), before = (channels.end - 1) % slice;
    const bool whole = channels.end == unit->g->held.channels && channels.end - 1 - before >= channels.begin;
    return whole && plane - before >= unit->plane;
}

/* Planes that follow each other like rows of one are cleared at once. */
static void clear_planes(const struct poolgrad_lanes_unit *unit, unsigned char *to, const struct segment *segment,
                         int64_t rows, int64_t beside)
{
    const poolgrad_const_image *image = &unit->g->held;
    const int64_t size = (int64_t)poolgrad_format_size(image->format), step = segment->step * size;
    const bool flat = segment->step == rows * image->row_stride && beside < segment->planes;
    if (flat) clear_rows(unit, to, segment->planes * rows, beside * size);
    for (int64_t p = 0; p < segment->planes && !flat; p += beside, to += beside * step)
        clear_rows(unit, to, rows, beside * size);
}

void poolgrad_lanes_clear(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t rows)
{
    const struct poolgrad_geometry *g = unit->g;
    poolgrad_lanes_flush(unit);
    for (int64_t lane = 0; lane < poolgrad_lanes_planes(unit);) {
        struct segment segment = segment_at(unit, POOLGRAD_LANES_DESTINATION, lane);
        int64_t beside = segment.step == 1 ? segment.planes : 1;
        unsigned char *to = address(g, POOLGRAD_LANES_DESTINATION, segment.at, z, y, g->columns.begin);
        lane += segment.planes;
        if (poolgrad_layout_is_blocked(g->held.layout))
            segment.planes = beside = planes_of_slice(&g->held, segment.at.c, segment.planes);
        clear_planes(unit, to, &segment, rows, beside);
    }
}

void poolgrad_lanes_flush(struct poolgrad_lanes_unit *unit)
{
    if (unit->lanes->columns.used) {
        poolgrad_lanes_columns_flush(unit);
        return;
    }
    const struct poolgrad_range columns = unit->g->columns;
    const int64_t width = poolgrad_range_length(columns);
    const unsigned char *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    const bool flat = is_flat(&unit->g->held) && width == unit->g->held.width;
    const int64_t count = flat ? 1 : unit->waiting, length = flat ? unit->waiting * width : width;
    const int64_t bytes = width * unit->lanes->lanes * (int64_t)poolgrad_format_size(unit->g->held.format);
    for (int64_t i = 0; i < count && unit->waiting > 0; i++) {
        poolgrad_lanes_write(unit, POOLGRAD_LANES_DESTINATION, unit->waiting_z, unit->waiting_y + i, columns.begin,
                             length, rows + i * bytes);
    }
    unit->waiting = 0;
}
