/* SPDX-License-Identifier: Apache-2.0 */
/* Execution: units of work over threads. */

#include "base/aligned.h"
#include "geometry/geometry.h"
#include "image/image.h"
#include "pooling/parallel.h"
#include "pooling/plan.h"
#include "reference/reference.h"

/* A thread costs microseconds to wake, milliseconds where processors are busy: below this many elements it does not
 * pay. */
enum { ELEMENTS_PER_THREAD = 32768 };

static void run_row(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t z, int64_t y)
{
    if (g->direction == POOLGRAD_GRADIENT) {
        poolgrad_reference_gradient(g, n, c, z, y);
    } else {
        poolgrad_reference_forward(g, n, c, z, y);
        if (g->with_picks && c == g->channels.end - 1) {
            poolgrad_image_clear_unused_lanes(&g->picks, n, c, y, g->columns.begin, g->columns.end);
        }
    }
    if (c != g->channels.end - 1) return;
    poolgrad_image_clear_unused_lanes(&g->destination, n, c, y, g->columns.begin, g->columns.end);
}

static void run_unit(const struct poolgrad_geometry *g, int64_t unit)
{
    const int64_t rows = poolgrad_range_length(g->rows), layers = poolgrad_range_length(g->layers);
    const int64_t channels = poolgrad_range_length(g->channels);
    const int64_t y = g->rows.begin + unit % rows, z = g->layers.begin + unit / rows % layers;
    const int64_t c = g->channels.begin + unit / rows / layers % channels;
    run_row(g, g->images.begin + unit / rows / layers / channels, c, z, y);
}

/* A unit of the fast path in plain loops: the same pixels. */
static void run_part(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast, int64_t unit)
{
    const struct poolgrad_fast_part part = poolgrad_fast_part_of(fast, unit);
    struct poolgrad_geometry columns = *g;
    columns.columns = part.columns;
    for (int64_t p = part.planes.begin; p < part.planes.end; p++) {
        const struct poolgrad_fast_plane plane = poolgrad_fast_plane_at(g, fast, p);
        for (int64_t lane = plane.low; lane < plane.high; lane++) {
            for (int64_t y = part.rows.begin; y < part.rows.end; y++)
                run_row(&columns, plane.n, plane.c + lane, plane.z, y);
        }
    }
}

static void run_lanes_part(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t unit)
{
    const struct poolgrad_lanes_part part = poolgrad_lanes_part_of(g, lanes, unit);
    const int64_t channels = poolgrad_range_length(g->channels);
    for (int64_t p = part.plane; p < part.plane + part.planes; p++) {
        for (int64_t z = part.layers.begin; z < part.layers.end; z++) {
            for (int64_t y = part.rows.begin; y < part.rows.end; y++) {
                run_row(g, g->images.begin + p / channels, g->channels.begin + p % channels, z, y);
            }
        }
    }
}

/* Of the plan's working memory, what no other call has; null where others have it all. */
static unsigned char *take_memory(const struct poolgrad_plan *plan, int *block)
{
    for (*block = 0; *block < plan->blocks; ++*block) {
        if (!atomic_flag_test_and_set_explicit(&plan->taken[*block], memory_order_acquire)) {
            return plan->memory + *block * plan->bytes;
        }
    }
    return NULL;
}

/* More calls at once than the plan was made for bring memory of their own, and go the plain way where there is none. */
static void run_fast(const struct poolgrad_plan *plan, int64_t first, int64_t end)
{
    int block = 0;
    if (first >= end) return;
    unsigned char *own = NULL, *memory = take_memory(plan, &block);
    if (!memory) memory = own = poolgrad_aligned_allocate(POOLGRAD_FAST_ALIGNMENT, (size_t)plan->bytes);
    const bool lanes = plan->engine == POOLGRAD_ENGINE_LANES;
    if (memory && lanes) {
        poolgrad_lanes_run(&plan->geometry, &plan->lanes, first, end, memory);
    } else if (memory) {
        poolgrad_fast_run(&plan->geometry, &plan->fast, first, end, memory);
    }
    for (int64_t unit = first; unit < end && !memory; unit++) {
        if (lanes) run_lanes_part(&plan->geometry, &plan->lanes, unit);
        if (!lanes) run_part(&plan->geometry, &plan->fast, unit);
    }
    if (!own && memory) atomic_flag_clear_explicit(&plan->taken[block], memory_order_release);
    poolgrad_aligned_free(own);
}

static void run_range(const void *context, int64_t first, int64_t end)
{
    const struct poolgrad_plan *plan = context;
    poolgrad_floating_point environment = poolgrad_enter_default_environment();
    if (plan->engine != POOLGRAD_ENGINE_REFERENCE) {
        run_fast(plan, first, end);
    } else {
        for (int64_t unit = first; unit < end; unit++) run_unit(&plan->geometry, unit);
    }
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
