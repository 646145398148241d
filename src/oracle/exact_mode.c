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
    MOST_PIXELS = 1 << 16, /* of a band, if it has several rows: their sums are kept, some hundred bytes each; */
    MOST_SEARCHED_PIXELS = 1 << 20, /* of a band of windows so large, each of which is searched for each band */
    UNITS_PER_THREAD = 4
};

static int64_t most_pixels(const struct poolgrad_geometry *g, int64_t layers, int64_t rows, int64_t columns)
{
    const bool searches = g->direction == POOLGRAD_GRADIENT && g->kind != POOLGRAD_AVERAGE && !g->with_indices;
    const int64_t reach = poolgrad_min(g->z.extent, layers) * poolgrad_min(g->y.extent, rows) * columns;
    return searches ? poolgrad_clamp(reach, MOST_PIXELS, MOST_SEARCHED_PIXELS) : MOST_PIXELS;
}

/* At most so many steps of an axis that has `size` of them, in at least `wanted` bands. Windows of a band reach an
 * extent beyond it: bands that are not much smaller than that repeat little. */
static int64_t choose_band(const struct poolgrad_axis *axis, int64_t size, int64_t most, int64_t wanted)
{
    const int64_t band = poolgrad_min(poolgrad_max(LEAST_ROWS, axis->extent), poolgrad_ceiling_divide(size, wanted));
    return poolgrad_max(1, poolgrad_min(band, most));
}

/* A plane is cut into bands of its rows, a volume into bands of its layers, which are cut if they are large. */
static void choose_bands(const struct poolgrad_geometry *g, poolgrad_exact *exact)
{
    const struct poolgrad_area written = poolgrad_written_area(g);
    const int64_t layers = poolgrad_range_length(g->layers), rows = poolgrad_range_length(g->rows);
    const int64_t columns = poolgrad_range_length(g->columns);
    const int64_t volumes = poolgrad_range_length(g->images) * poolgrad_range_length(g->channels);
    exact->band_layers = exact->band_rows = 1;
    if (poolgrad_area_is_empty(&written) || volumes == 0) return;
    const int64_t wanted = poolgrad_ceiling_divide((int64_t)exact->threads * UNITS_PER_THREAD, volumes);
    const int64_t most_rows = most_pixels(g, layers, rows, columns) / columns;
    exact->band_rows = layers == 1 ? choose_band(&g->y, rows, most_rows, wanted)
                                   : poolgrad_max(1, poolgrad_min(rows, most_rows));
    if (layers > 1 && exact->band_rows == rows) {
        exact->band_layers = choose_band(&g->z, layers, most_rows / rows, wanted);
    }
    exact->layer_bands = poolgrad_ceiling_divide(layers, exact->band_layers);
    exact->row_bands = poolgrad_ceiling_divide(rows, exact->band_rows);
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
    choose_bands(g, made);
    made->units = made->layer_bands * made->row_bands * poolgrad_range_length(g->images) *
                  poolgrad_range_length(g->channels);
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

static struct poolgrad_range piece_of(struct poolgrad_range whole, int64_t number, int64_t length)
{
    const int64_t begin = whole.begin + number * length;
    return (struct poolgrad_range){begin, poolgrad_min(begin + length, whole.end)};
}

static bool run_unit(const poolgrad_exact *exact, int64_t unit)
{
    const struct poolgrad_geometry *g = &exact->geometry;
    const int64_t channels = poolgrad_range_length(g->channels), strip = unit / exact->row_bands;
    const int64_t volume = strip / exact->layer_bands;
    const struct poolgrad_band band = {.n = g->images.begin + volume / channels,
                                       .c = g->channels.begin + volume % channels,
                                       .layers = piece_of(g->layers, strip % exact->layer_bands, exact->band_layers),
                                       .rows = piece_of(g->rows, unit % exact->row_bands, exact->band_rows)};
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
