/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/refusal.h"
#include "image/format.h"
#include "image/image.h"
#include "lanes/strategies.h"
#include "pooling/isa.h"
#include "pooling/processor.h"
#include "pooling/resolve.h"

static int64_t whole_lines(int64_t bytes)
{
    return poolgrad_ceiling_divide(bytes, POOLGRAD_CACHE_LINE) * POOLGRAD_CACHE_LINE;
}

/* Without columns there is nothing to do, however many rows there are; with them, the product counts elements. */
static int64_t count_units(const struct poolgrad_plan *plan)
{
    const struct poolgrad_geometry *g = &plan->geometry;
    bool any = g->columns.begin < g->columns.end && !poolgrad_image_is_empty(&g->held);
    int64_t planes = any ? (g->images.end - g->images.begin) * (g->channels.end - g->channels.begin) : 0;
    const int64_t rows = poolgrad_range_length(g->layers) * poolgrad_range_length(g->rows);
    if (rows == 0 || planes == 0) return 0;
    return plan->engine == POOLGRAD_ENGINE_LANES ? plan->lanes.units : planes * poolgrad_tiles_count(&plan->tiles);
}

/* The strategies by name. */
static void name_lanes(struct poolgrad_plan *plan)
{
    const struct poolgrad_geometry *g = &plan->geometry;
    const char *names[POOLGRAD_SHELVES];
    for (int i = 0; i < POOLGRAD_SHELVES; i++) {
        names[i] = poolgrad_strategy_of((enum poolgrad_shelf)i, g, &plan->lanes)->name;
    }
    snprintf(plan->kernel, sizeof plan->kernel, "%s/%s/lanes/%s/%s/%s/%s/%s", poolgrad_direction_name(g->direction),
             poolgrad_kind_name(g->kind), names[POOLGRAD_READING], names[POOLGRAD_FINDING], names[POOLGRAD_GIVING],
             names[POOLGRAD_WRITING], poolgrad_isa_name(plan->lanes.routines->isa));
}

static void name_kernel(struct poolgrad_plan *plan)
{
    const struct poolgrad_geometry *g = &plan->geometry;
    if (plan->engine == POOLGRAD_ENGINE_LANES) {
        name_lanes(plan);
        return;
    }
    snprintf(plan->kernel, sizeof plan->kernel, "%s/%s/reference", poolgrad_direction_name(g->direction),
             poolgrad_kind_name(g->kind));
}

/* Working memory of all threads of all runs at once, whole cache lines each, and behind it who has which. */
static poolgrad_status allocate_memory(struct poolgrad_plan *plan, poolgrad_error *error)
{
    plan->memory = NULL;
    plan->blocks = plan->threads * plan->geometry.concurrent_runs;
    if (plan->bytes == 0 || plan->units == 0) return POOLGRAD_OK;
    const size_t blocks = (size_t)plan->blocks, flags = POOLGRAD_CACHE_LINE * blocks;
    if ((size_t)plan->bytes > (SIZE_MAX - flags) / blocks) return poolgrad_refuse_memory(error, "plan");
    const size_t bytes = blocks * (size_t)plan->bytes;
    plan->memory = poolgrad_aligned_allocate(POOLGRAD_CACHE_LINE, bytes + flags);
    if (!plan->memory) return poolgrad_refuse_memory(error, "plan");
    plan->taken = (atomic_flag *)(void *)(plan->memory + bytes);
    for (size_t i = 0; i < blocks; i++) atomic_flag_clear(&plan->taken[i]);
    return POOLGRAD_OK;
}

void poolgrad_plan_free_memory(struct poolgrad_plan *plan)
{
    poolgrad_aligned_free(plan->memory);
    plan->memory = NULL;
    poolgrad_lanes_free(&plan->lanes);
}

/* Memory that is missing sends no problem to somebody slower. */
static poolgrad_status choose_engine(struct poolgrad_plan *plan, poolgrad_error *error)
{
    const struct poolgrad_geometry *g = &plan->geometry;
    const struct poolgrad_routines *routines = poolgrad_choose_routines(g->max_isa);
    memset(&plan->lanes, 0, sizeof plan->lanes);
    plan->engine = POOLGRAD_ENGINE_REFERENCE;
    plan->bytes = whole_lines(plan->tiles.bytes);
    if (g->mode != POOLGRAD_MODE_FAST) return POOLGRAD_OK;
    switch (poolgrad_lanes_make(g, routines, &plan->lanes)) {
    case POOLGRAD_LANES_NO_MEMORY: return poolgrad_refuse_memory(error, "plan");
    case POOLGRAD_LANES_MADE:
        plan->engine = POOLGRAD_ENGINE_LANES;
        plan->bytes = plan->lanes.bytes;
        return POOLGRAD_OK;
    case POOLGRAD_LANES_LEFT: break;
    }
    return POOLGRAD_OK;
}

/* A dilation that lies between no taps may be any number, and products of it too great. */
static void drop_idle_dilation(struct poolgrad_axis *axis)
{
    if (axis->kernel == 1) axis->dilation = 1;
}

poolgrad_status poolgrad_plan_make(const struct poolgrad_geometry *geometry, struct poolgrad_plan *plan,
                                   poolgrad_error *error)
{
    plan->geometry = *geometry;
    drop_idle_dilation(&plan->geometry.x);
    drop_idle_dilation(&plan->geometry.y);
    drop_idle_dilation(&plan->geometry.z);
    plan->geometry.cache = poolgrad_processor_cache();
    plan->memory = NULL;
    plan->tiles = poolgrad_tiles_choose(&plan->geometry);
    poolgrad_status status = choose_engine(plan, error);
    if (status != POOLGRAD_OK) return status;
    plan->units = count_units(plan);
    plan->threads = poolgrad_choose_threads(plan, geometry->threads);
    status = allocate_memory(plan, error);
    if (status != POOLGRAD_OK) poolgrad_plan_free_memory(plan);
    return status;
}

/* Windows of the plan's own, in place of the caller's tables. */
static poolgrad_status copy_tables(struct poolgrad_plan *plan, poolgrad_error *error)
{
    struct poolgrad_axis *const axes[] = {&plan->geometry.x, &plan->geometry.y, &plan->geometry.z};
    size_t count = 0;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (axes[i]->table) count += (size_t)(axes[i]->end - axes[i]->begin);
    }
    if (count == 0) return POOLGRAD_OK;
    plan->spans = malloc(count * sizeof *plan->spans);
    if (!plan->spans) return poolgrad_refuse_memory(error, "plan");
    poolgrad_span *to = plan->spans;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        const size_t length = axes[i]->table ? (size_t)(axes[i]->end - axes[i]->begin) : 0;
        if (length == 0) continue;
        axes[i]->table = memcpy(to, axes[i]->table, length * sizeof *to);
        to += length;
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_check(const poolgrad_problem *problem, poolgrad_error *error)
{
    struct poolgrad_geometry geometry;
    return poolgrad_resolve(problem, &geometry, error);
}

poolgrad_status poolgrad_check_indices(const poolgrad_problem *problem, poolgrad_error *error)
{
    struct poolgrad_geometry geometry;
    poolgrad_status status = poolgrad_resolve(problem, &geometry, error);
    return status == POOLGRAD_OK ? poolgrad_resolve_indices(&geometry, error) : status;
}

poolgrad_status poolgrad_plan_check_indices(const poolgrad_plan *plan, poolgrad_error *error)
{
    return poolgrad_resolve_indices(&plan->geometry, error);
}

poolgrad_status poolgrad_plan_create(const poolgrad_problem *problem, poolgrad_plan **plan, poolgrad_error *error)
{
    struct poolgrad_geometry geometry;
    *plan = NULL;
    poolgrad_status status = poolgrad_resolve(problem, &geometry, error);
    if (status != POOLGRAD_OK) return status;
    struct poolgrad_plan *made = calloc(1, sizeof *made);
    if (!made) return poolgrad_refuse_memory(error, "plan");
    status = poolgrad_plan_make(&geometry, made, error);
    if (status == POOLGRAD_OK) status = copy_tables(made, error);
    if (status != POOLGRAD_OK) {
        poolgrad_plan_destroy(made);
        return status;
    }
    name_kernel(made);
    *plan = made;
    return POOLGRAD_OK;
}

void poolgrad_plan_destroy(poolgrad_plan *plan)
{
    if (!plan) return;
    poolgrad_plan_free_memory(plan);
    free(plan->spans);
    free(plan);
}

int64_t poolgrad_plan_units(const poolgrad_plan *plan)
{
    return plan->units;
}

int poolgrad_plan_threads(const poolgrad_plan *plan)
{
    return plan->threads;
}

int poolgrad_plan_concurrent_runs(const poolgrad_plan *plan)
{
    return plan->geometry.concurrent_runs;
}

const char *poolgrad_plan_kernel(const poolgrad_plan *plan)
{
    return plan->kernel;
}

void poolgrad_plan_run(const poolgrad_plan *plan)
{
    poolgrad_plan_run_part(plan, 0, plan->units);
}

/* One run at a time, whatever a plan of the problem would be made for. */
poolgrad_status poolgrad_run(const poolgrad_problem *problem, poolgrad_error *error)
{
    struct poolgrad_plan plan;
    struct poolgrad_geometry geometry;
    poolgrad_status status = poolgrad_resolve(problem, &geometry, error);
    if (status == POOLGRAD_OK) status = poolgrad_resolve_indices(&geometry, error);
    geometry.concurrent_runs = 1;
    if (status == POOLGRAD_OK) status = poolgrad_plan_make(&geometry, &plan, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_plan_run(&plan);
    poolgrad_plan_free_memory(&plan);
    return POOLGRAD_OK;
}
