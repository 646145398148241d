/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering: forward, the source's elements at indices (docs/numerics.md N96). Nothing is transposed: windows of a row
 * are gone through plane by plane or, where indices and destination have the channels of a group side by side, window
 * by window. Elements are collected as they are stored, some at a time, and become the destination's together.
 */
#include <string.h>

#include "image/format.h"
#include "image/image.h"
#include "image/move.h"
#include "lanes/locate.h"

enum { BLOCK = 256, MOST_BYTES = 8, MOST_TAPS = 256 };

/* No distance of elements. */
static const int64_t nowhere = INT64_MIN;

/* Windows of a run, how indices name their taps, and where these lie. */
struct run {
    const struct poolgrad_lanes_row *row;
    struct poolgrad_window_run windows;
    bool is_near, is_listed;
    struct poolgrad_lanes_near near;
    int64_t distance[MOST_TAPS], taps; /* listed: of taps, bytes from the pixel at `origin` */
    int64_t step[POOLGRAD_AXES];       /* bytes of the source along z, y and x */
    int64_t origin;                    /* bytes from the plane's first element to the first window's first tap inside */
};

/* A block: `windows` windows from the first-th of the run on, `lanes` planes each. */
struct block {
    int64_t first, windows, lanes;
    const unsigned char *indices;
    int64_t indices_step;                /* bytes from window to window */
    const unsigned char *const *sources; /* planes */
    unsigned char *to;                   /* collected elements */
};

/* ---- Collecting -------------------------------------------------------------------------------------------------- */

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* An element, or zero bits where there is none: `size` is a constant. */
ALWAYS_INLINE void collect(unsigned char *to, const unsigned char *from, bool any, int64_t size)
{
    static const unsigned char nothing[MOST_BYTES];
    memcpy(to, any ? from : nothing, (size_t)size);
}

/* Format, size and whether there is but one lane are constants. */
ALWAYS_INLINE void collect_near(const struct run *run, const struct block *block, poolgrad_format format, int64_t size,
                                bool single)
{
    const int64_t index_size = format == POOLGRAD_INT32 ? 4 : 8, lanes = single ? 1 : block->lanes;
    const struct poolgrad_lanes_near near = run->near;
    const int64_t row_step = run->row->y.taps > 1 ? run->row->g->y.dilation * run->step[1] : 0, step = run->step[2];
    unsigned char *to = block->to;
    for (int64_t i = 0; i < block->windows; i++) {
        const int64_t moved = (block->first + i) * run->windows.step, first = near.first + moved;
        const int64_t origin = run->origin + moved * step;
        const unsigned char *indices = block->indices + i * block->indices_step;
        for (int64_t lane = 0; lane < lanes; lane++, to += size) {
            uint64_t y, x;
            const int64_t place = poolgrad_index_at(format, indices + lane * index_size);
            const bool any = poolgrad_lanes_find_near(&near, place, first, &y, &x);
            collect(to, block->sources[lane] + origin + (int64_t)y * row_step + (int64_t)x * step, any, size);
        }
    }
}

ALWAYS_INLINE void collect_listed(const struct run *run, const struct block *block, poolgrad_format format,
                                  int64_t size)
{
    const int64_t index_size = format == POOLGRAD_TAP8 ? 1 : format == POOLGRAD_TAP16 ? 2 : 4;
    unsigned char *to = block->to;
    for (int64_t i = 0; i < block->windows; i++) {
        const int64_t origin = run->origin + (block->first + i) * run->windows.step * run->step[2];
        const unsigned char *indices = block->indices + i * block->indices_step;
        for (int64_t lane = 0; lane < block->lanes; lane++, to += size) {
            const int64_t tap = poolgrad_index_at(format, indices + lane * index_size);
            const int64_t distance = (uint64_t)tap < (uint64_t)run->taps ? run->distance[tap] : nowhere;
            collect(to, block->sources[lane] + (distance == nowhere ? 0 : origin + distance), distance != nowhere,
                    size);
        }
    }
}

/* Bytes from the first tap inside to the one that an index names, or nowhere. */
static int64_t distance_of(const struct run *run, const struct poolgrad_window_run *window, int64_t index)
{
    const struct poolgrad_lanes_row *row = run->row;
    const struct poolgrad_geometry *g = row->g;
    int64_t tap[POOLGRAD_AXES];
    if (!poolgrad_lanes_locate(row, window, g->indices.format, index, tap)) return nowhere;
    return (tap[0] - row->z.tap) * g->z.dilation * run->step[0] + (tap[1] - row->y.tap) * g->y.dilation * run->step[1] +
           (tap[2] - window->tap) * g->x.dilation * run->step[2];
}

static void collect_any(const struct run *run, const struct block *block, int64_t size)
{
    const poolgrad_format format = run->row->g->indices.format;
    const int64_t index_size = (int64_t)poolgrad_format_size(format);
    unsigned char *to = block->to;
    for (int64_t i = 0; i < block->windows; i++) {
        struct poolgrad_window_run window = run->windows;
        const int64_t moved = (block->first + i) * window.step;
        window.place += moved;
        for (int64_t lane = 0; lane < block->lanes; lane++, to += size) {
            const unsigned char *at = block->indices + i * block->indices_step + lane * index_size;
            const int64_t distance = distance_of(run, &window, poolgrad_index_at(format, at));
            const bool any = distance != nowhere;
            collect(to, block->sources[lane] + (any ? run->origin + moved * run->step[2] + distance : 0), any, size);
        }
    }
}

ALWAYS_INLINE void collect_sized(const struct run *run, const struct block *block, int64_t size)
{
    const poolgrad_format format = run->row->g->indices.format;
    const bool narrow = format == POOLGRAD_INT32, single = block->lanes == 1;
    if (run->is_near && narrow && single) {
        collect_near(run, block, POOLGRAD_INT32, size, true);
    } else if (run->is_near && narrow) {
        collect_near(run, block, POOLGRAD_INT32, size, false);
    } else if (run->is_near && single) {
        collect_near(run, block, POOLGRAD_INT64, size, true);
    } else if (run->is_near) {
        collect_near(run, block, POOLGRAD_INT64, size, false);
    } else if (run->is_listed && format == POOLGRAD_TAP8) {
        collect_listed(run, block, POOLGRAD_TAP8, size);
    } else if (run->is_listed && format == POOLGRAD_TAP16) {
        collect_listed(run, block, POOLGRAD_TAP16, size);
    } else if (run->is_listed) {
        collect_listed(run, block, POOLGRAD_TAP32, size);
    } else {
        collect_any(run, block, size);
    }
}

static void collect_block(const struct run *run, const struct block *block)
{
    switch (poolgrad_format_size(run->row->g->source.format)) {
    case sizeof(uint8_t): collect_sized(run, block, sizeof(uint8_t)); break;
    case sizeof(uint16_t): collect_sized(run, block, sizeof(uint16_t)); break;
    case sizeof(uint32_t): collect_sized(run, block, sizeof(uint32_t)); break;
    default: collect_sized(run, block, sizeof(uint64_t)); break;
    }
}

/* ---- Storing ----------------------------------------------------------------------------------------------------- */

/* Collected elements as the destination has them (docs/numerics.md N58, N68): runs of `lanes`, `step` bytes apart. */
static void store_block(const struct poolgrad_lanes_unit *unit, const struct block *block, unsigned char *to,
                        int64_t step)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_routines *routines = unit->lanes->routines;
    const bool wide = g->source.format == POOLGRAD_FLOAT64 || g->destination.format == POOLGRAD_FLOAT64;
    const int sum = wide ? POOLGRAD_SUM64 : POOLGRAD_SUM32;
    const int64_t count = block->windows * block->lanes, size = (int64_t)poolgrad_format_size(g->destination.format);
    const bool loaded = g->source.format == (wide ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32);
    double numbers[BLOCK], stored[BLOCK];
    if (!loaded) routines->load[sum][g->source.format](block->to, (struct poolgrad_rows){1, count, 0, 0}, numbers);
    const void *from = loaded ? (const void *)block->to : numbers;
    if (step == block->lanes * size && (uintptr_t)to % (uintptr_t)size == 0) {
        routines->store[sum][g->destination.format](from, count, to);
        return;
    }
    routines->store[sum][g->destination.format](from, count, stored);
    poolgrad_move_runs(to, stored,
                       (struct poolgrad_runs){block->windows, block->lanes * size, block->lanes * size, step});
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static void set_run(const struct poolgrad_lanes_row *row, const struct poolgrad_window_run *windows, int64_t planes,
                    struct run *run)
{
    const struct poolgrad_geometry *g = row->g;
    const poolgrad_const_image *source = &g->source;
    const int64_t size = (int64_t)poolgrad_format_size(source->format);
    run->row = row;
    run->windows = *windows;
    run->step[0] = source->depth_stride * size;
    run->step[1] = source->row_stride * size;
    run->step[2] = source->column_stride * size;
    run->origin = row->z.place * run->step[0] + row->y.place * run->step[1] + windows->place * run->step[2];
    run->is_listed = run->is_near = false;
    if (!poolgrad_format_holds_taps(g->indices.format)) {
        run->is_near = poolgrad_lanes_is_near(row, windows, &run->near);
        return;
    }
    run->taps = 0;
    const bool few = poolgrad_multiply(row->z.size, row->y.size, &run->taps) &&
                     poolgrad_multiply(run->taps, windows->size, &run->taps) && run->taps <= MOST_TAPS;
    run->is_listed = few && run->taps <= windows->count * planes;
    if (!run->is_listed) return;
    for (int64_t i = 0; i < run->taps; i++) run->distance[i] = distance_of(run, windows, i);
}

/* Pixel (0, 0, 0) of each of the unit's planes. */
struct planes {
    const unsigned char **sources, **indices;
    unsigned char **destinations;
};

static struct planes find_planes(const struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t channels = poolgrad_range_length(g->channels);
    struct planes planes = {.sources = poolgrad_lanes_area(unit, POOLGRAD_LANES_LANES)};
    planes.indices = planes.sources + unit->lanes->lanes;
    planes.destinations = (unsigned char **)(planes.indices + unit->lanes->lanes);
    for (int64_t i = 0; i < unit->count; i++) {
        const int64_t n = g->images.begin + (unit->plane + i) / channels;
        const int64_t c = g->channels.begin + (unit->plane + i) % channels;
        planes.sources[i] = poolgrad_const_image_at(&g->source, n + g->source_image, c + g->source_channel, 0, 0, 0);
        planes.indices[i] = poolgrad_const_image_at(&g->indices, n + g->gradient_image, c + g->gradient_channel, 0, 0,
                                                    0);
        planes.destinations[i] = poolgrad_image_at(&g->destination, n, c, 0, 0, 0);
    }
    return planes;
}

/* A run of a block's planes, whose first indices and results are at the addresses. */
static void gather_run(const struct poolgrad_lanes_unit *unit, const struct run *run, struct block *block,
                       const unsigned char *from, unsigned char *to)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t step = g->destination.column_stride * (int64_t)poolgrad_format_size(g->destination.format);
    const int64_t most = poolgrad_max(BLOCK / block->lanes, 1);
    block->indices_step = g->indices.column_stride * (int64_t)poolgrad_format_size(g->indices.format);
    for (block->first = 0; block->first < run->windows.count; block->first += block->windows) {
        block->windows = poolgrad_min(most, run->windows.count - block->first);
        block->indices = from + block->first * block->indices_step;
        collect_block(run, block);
        store_block(unit, block, to + block->first * step, step);
    }
}

/* Elements from pixel (0, 0, 0) to another one. */
static int64_t elements_to(const poolgrad_const_image *image, int64_t z, int64_t y, int64_t x)
{
    return z * image->depth_stride + y * image->row_stride + x * image->column_stride;
}

static void gather_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const struct planes *planes)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_row row = poolgrad_lanes_row_of(unit, z, y);
    const bool together = lanes->in_place[POOLGRAD_LANES_INDICES] && lanes->in_place[POOLGRAD_LANES_DESTINATION];
    double collected[BLOCK];
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        struct run run;
        set_run(&row, &lanes->x.windows[i], unit->count, &run);
        const int64_t from = elements_to(&g->indices, z, y, run.windows.output) *
                             (int64_t)poolgrad_format_size(g->indices.format);
        const int64_t to = elements_to(&g->held, z, y, run.windows.output) *
                           (int64_t)poolgrad_format_size(g->destination.format);
        for (int64_t plane = 0; plane < unit->count;) {
            struct block block = {.sources = planes->sources + plane, .to = (unsigned char *)collected};
            block.lanes = together ? poolgrad_min(unit->count - plane, BLOCK) : 1;
            gather_run(unit, &run, &block, planes->indices[plane] + from, planes->destinations[plane] + to);
            plane += block.lanes;
        }
    }
}

void poolgrad_lanes_gather(const struct poolgrad_lanes_unit *unit)
{
    const struct planes planes = find_planes(unit);
    for (int64_t z = unit->layers.begin; z < unit->layers.end; z++) {
        for (int64_t y = unit->rows.begin; y < unit->rows.end; y++) gather_row(unit, z, y, &planes);
    }
}
