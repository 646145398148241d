/* SPDX-License-Identifier: Apache-2.0 */
/* Exact mode: problems, units, threads. */
#include "oracle/exact_mode.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/refusal.h"
#include "image/image.h"
#include "oracle/environment.h"
#include "pooling/resolve.h"

enum {
    LEAST_ROWS = 8,        /* of a band: those at its border look at windows that the next band looks at again */
    MOST_PIXELS = 1 << 16, /* of a band, if it has several rows: their sums are kept */
    UNITS_PER_THREAD = 4
};

/* Windows of a band reach an extent beyond it: bands that are not much smaller than that repeat little. */
static int64_t choose_band(const struct poolgrad_geometry *g, int threads)
{
    const int64_t rows = g->rows.end - g->rows.begin, columns = g->columns.end - g->columns.begin;
    const int64_t planes = (g->images.end - g->images.begin) * (g->channels.end - g->channels.begin);
    if (rows == 0 || columns == 0 || planes == 0) return 1;
    const int64_t wanted = poolgrad_ceiling_divide((int64_t)threads * UNITS_PER_THREAD, planes);
    int64_t band = poolgrad_max(LEAST_ROWS, g->y.extent);
    band = poolgrad_min(band, poolgrad_ceiling_divide(rows, wanted));
    return poolgrad_max(1, poolgrad_min(band, MOST_PIXELS / columns));
}

poolgrad_status poolgrad_exact_create_resolved(const struct poolgrad_geometry *g, poolgrad_exact **exact,
                                               poolgrad_error *error)
{
    *exact = calloc(1, sizeof **exact);
    if (!*exact) return poolgrad_refuse_memory(error, "exact");
    poolgrad_exact *made = *exact;
    made->geometry = *g;
    made->precision = poolgrad_precision_of(g->destination.format);
    made->threads = (int)poolgrad_available_threads(g->threads);
    made->band = choose_band(g, made->threads);
    const int64_t rows = g->columns.end > g->columns.begin ? poolgrad_range_length(g->rows) : 0;
    made->bands = poolgrad_ceiling_divide(rows, made->band);
    made->units = made->bands * poolgrad_range_length(g->images) * poolgrad_range_length(g->channels);
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_exact_create(const poolgrad_problem *problem, poolgrad_exact **exact, poolgrad_error *error)
{
    struct poolgrad_geometry geometry;
    *exact = NULL;
    poolgrad_status status = poolgrad_resolve(problem, &geometry, error);
    if (status == POOLGRAD_OK) status = poolgrad_resolve_indices(&geometry, error);
    if (status != POOLGRAD_OK) return status;
    return poolgrad_exact_create_resolved(&geometry, exact, error);
}

void poolgrad_exact_destroy(poolgrad_exact *exact)
{
    free(exact);
}

int64_t poolgrad_exact_units(const poolgrad_exact *exact)
{
    return exact->units;
}

int poolgrad_exact_threads(const poolgrad_exact *exact)
{
    return exact->threads;
}

static bool run_unit(const poolgrad_exact *exact, int64_t unit)
{
    const struct poolgrad_geometry *g = &exact->geometry;
    const int64_t channels = g->channels.end - g->channels.begin, plane = unit / exact->bands;
    struct poolgrad_band band = {.n = g->images.begin + plane / channels, .c = g->channels.begin + plane % channels};
    band.rows.begin = g->rows.begin + unit % exact->bands * exact->band;
    band.rows.end = poolgrad_min(band.rows.begin + exact->band, g->rows.end);
    bool done = g->direction == POOLGRAD_GRADIENT ? poolgrad_exact_gradient(exact, &band)
                                                  : poolgrad_exact_forward(exact, &band);
    if (!done || band.c != g->channels.end - 1) return done;
    for (int64_t y = band.rows.begin; y < band.rows.end; y++) {
        poolgrad_image_clear_unused_lanes(&g->destination, band.n, band.c, y, g->columns.begin, g->columns.end);
        if (g->with_picks)
            poolgrad_image_clear_unused_lanes(&g->picks, band.n, band.c, y, g->columns.begin, g->columns.end);
    }
    return true;
}

/* A range of units, and whether one of them lacked memory. */
struct call {
    const poolgrad_exact *exact;
    atomic_bool *failed;
};

static void run_range(const void *context, int64_t begin, int64_t end)
{
    const struct call *call = context;
    const struct poolgrad_environment environment = poolgrad_environment_enter();
    for (int64_t unit = begin; unit < end; unit++) {
        if (!run_unit(call->exact, unit)) atomic_store(call->failed, true);
    }
    poolgrad_environment_leave(&environment);
}

static poolgrad_status run(const poolgrad_exact *exact, int threads, int64_t first, int64_t end, poolgrad_error *error)
{
    atomic_bool failed = false;
    const struct call call = {exact, &failed};
    if (first < end) poolgrad_parallel(threads, first, end, run_range, &call);
    return atomic_load(&failed) ? poolgrad_refuse_memory(error, "exact") : POOLGRAD_OK;
}

poolgrad_status poolgrad_exact_run_units(const poolgrad_exact *exact, int64_t first, int64_t count,
                                         poolgrad_error *error)
{
    const struct poolgrad_range units = poolgrad_range_cut(first, count, exact->units);
    return run(exact, 1, units.begin, units.end, error);
}

poolgrad_status poolgrad_exact_run_parallel(const poolgrad_exact *exact, int64_t first, int64_t count,
                                            poolgrad_error *error)
{
    const struct poolgrad_range units = poolgrad_range_cut(first, count, exact->units);
    const int64_t threads = poolgrad_min(exact->threads, poolgrad_max(units.end - units.begin, 1));
    return run(exact, (int)threads, units.begin, units.end, error);
}

poolgrad_status poolgrad_exact_run(const poolgrad_problem *problem, poolgrad_error *error)
{
    poolgrad_exact *exact;
    poolgrad_status status = poolgrad_exact_create(problem, &exact, error);
    if (status == POOLGRAD_OK) status = poolgrad_exact_run_parallel(exact, 0, exact->units, error);
    poolgrad_exact_destroy(exact);
    return status;
}
