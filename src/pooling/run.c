/* SPDX-License-Identifier: Apache-2.0 */
/* Execution: units of work over threads. */

#include <stdlib.h>

#include "base/aligned.h"
#include "geometry/geometry.h"
#include "image/image.h"
#include "pooling/parallel.h"
#include "pooling/plan.h"
#include "reference/reference.h"

/* A thread costs microseconds to wake, milliseconds where processors are busy: below this many elements it does not
 * pay. */
enum { ELEMENTS_PER_THREAD = 32768 };

/* Null memory is less than is wanted. */
static void run_area(const struct poolgrad_geometry *g, int64_t n, int64_t c, const struct poolgrad_area *area,
                     void *memory)
{
    if (g->direction == POOLGRAD_GRADIENT)
        poolgrad_reference_gradient(g, n, c, area, memory);
    else
        poolgrad_reference_forward(g, n, c, area);
    if (c != g->channels.end - 1) return;
    for (int64_t y = area->rows.begin; y < area->rows.end; y++) {
        const struct poolgrad_range x = area->columns;
        poolgrad_image_clear_unused_lanes(&g->destination, n, c, y, x.begin, x.end);
        if (g->with_picks) poolgrad_image_clear_unused_lanes(&g->picks, n, c, y, x.begin, x.end);
    }
}

static void run_tile(const struct poolgrad_plan *plan, int64_t unit, void *memory)
{
    const struct poolgrad_geometry *g = &plan->geometry;
    const int64_t tiles = poolgrad_tiles_count(&plan->tiles), volume = unit / tiles;
    const int64_t channels = poolgrad_range_length(g->channels);
    const struct poolgrad_area area = poolgrad_tile_at(g, &plan->tiles, unit % tiles);
    run_area(g, g->images.begin + volume / channels, g->channels.begin + volume % channels, &area, memory);
}

/* For an area whose unit has no memory of the plan; null where there is none either. */
static void *reference_memory(const struct poolgrad_geometry *g, const struct poolgrad_area *area)
{
    if (g->direction != POOLGRAD_GRADIENT) return NULL;
    return malloc((size_t)poolgrad_reference_bytes(poolgrad_area_size(area)));
}

/* Units of lanes in plain loops: the same pixels. */
static void run_lanes_part(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t unit)
{
    const struct poolgrad_lanes_part part = poolgrad_lanes_part_of(g, lanes, unit);
    const struct poolgrad_area area = {part.layers, part.rows, g->columns};
    const int64_t channels = poolgrad_range_length(g->channels);
    void *memory = reference_memory(g, &area);
    for (int64_t p = part.plane; p < part.plane + part.planes; p++) {
        run_area(g, g->images.begin + p / channels, g->channels.begin + p % channels, &area, memory);
    }
    free(memory);
}

/* Of the plan's working memory, what no other call has; null where others have it all. */
static unsigned char *take_memory(const struct poolgrad_plan *plan, int *block)
{
    for (*block = 0; plan->memory && *block < plan->blocks; ++*block) {
        if (!atomic_flag_test_and_set_explicit(&plan->taken[*block], memory_order_acquire)) {
            return plan->memory + *block * plan->bytes;
        }
    }
    return NULL;
}

static void run_with(const struct poolgrad_plan *plan, int64_t first, int64_t end, unsigned char *memory)
{
    if (memory && plan->engine == POOLGRAD_ENGINE_LANES) {
        poolgrad_lanes_run(&plan->geometry, &plan->lanes, first, end, memory);
        return;
    }
    for (int64_t unit = first; unit < end; unit++) {
        if (plan->engine == POOLGRAD_ENGINE_LANES)
            run_lanes_part(&plan->geometry, &plan->lanes, unit);
        else
            run_tile(plan, unit, memory);
    }
}

/* More calls at once than the plan was made for bring memory of their own, and go the plain way where there is none. */
static void run_range(const void *context, int64_t first, int64_t end)
{
    const struct poolgrad_plan *plan = context;
    int block = 0;
    if (first >= end) return;
    poolgrad_floating_point environment = poolgrad_enter_default_environment();
    unsigned char *own = NULL, *memory = take_memory(plan, &block);
    if (!memory && plan->bytes > 0) {
        memory = own = poolgrad_aligned_allocate(POOLGRAD_CACHE_LINE, (size_t)plan->bytes);
    }
    run_with(plan, first, end, memory);
    if (!own && memory) atomic_flag_clear_explicit(&plan->taken[block], memory_order_release);
    poolgrad_aligned_free(own);
    poolgrad_leave_default_environment(&environment);
}

void poolgrad_plan_run_units(const poolgrad_plan *plan, int64_t first, int64_t count)
{
    const struct poolgrad_range units = poolgrad_range_cut(first, count, plan->units);
    run_range(plan, units.begin, units.end);
}

int poolgrad_choose_threads(const struct poolgrad_plan *plan, int asked)
{
    const struct poolgrad_geometry *g = &plan->geometry;
    if (plan->units == 0) return 1;
    int64_t planes = (g->images.end - g->images.begin) * (g->channels.end - g->channels.begin);
    int64_t written = planes * poolgrad_range_length(g->layers) * poolgrad_range_length(g->rows) *
                      poolgrad_range_length(g->columns);
    int64_t read = g->pooled_images * (g->channels.end - g->channels.begin);
    if (!poolgrad_multiply(read, g->z.size, &read) || !poolgrad_multiply(read, g->y.size, &read) ||
        !poolgrad_multiply(read, g->x.size, &read)) {
        read = INT64_MAX;
    }
    int64_t worthwhile = poolgrad_min(poolgrad_max(written, read) / ELEMENTS_PER_THREAD, plan->units);
    if (worthwhile <= 1) return 1;
    return (int)poolgrad_min(worthwhile, poolgrad_available_threads(asked));
}

void poolgrad_plan_run_part(const poolgrad_plan *plan, int64_t first, int64_t count)
{
    const struct poolgrad_range units = poolgrad_range_cut(first, count, plan->units);
    poolgrad_parallel(plan->threads, units.begin, units.end, run_range, plan);
}
