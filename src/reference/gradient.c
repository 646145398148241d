/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "reference/reference.h"
#include "reference/window.h"

/* Some pixels of one volume of the source, and what the windows have added to them so far. */
struct sums {
    int64_t n, c; /* of the source */
    int64_t gradient_n, gradient_c;
    struct poolgrad_area pixels;
    double *sum;
    bool *tap; /* L2-norm: a tap of some counted window */
};

static double *sum_at(const struct sums *sums, struct poolgrad_pixel at)
{
    return &sums->sum[poolgrad_area_place(&sums->pixels, at)];
}

static void add(const struct poolgrad_geometry *g, const struct sums *sums, struct poolgrad_pixel at, double value)
{
    double *sum = sum_at(sums, at);
    *sum = poolgrad_sum(g, *sum, value);
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* The window's taps that have sums. */
static struct poolgrad_taps taps_of(const struct poolgrad_geometry *g, const struct sums *sums,
                                    struct poolgrad_window_at at)
{
    return poolgrad_taps_on(g, at, &sums->pixels);
}

/* docs/numerics.md N26, N63. */
static void add_average(const struct poolgrad_geometry *g, const struct sums *sums, struct poolgrad_window_at at,
                        double gradient)
{
    struct poolgrad_taps taps = taps_of(g, sums, at);
    const double share = poolgrad_quotient(g, gradient, poolgrad_window_count(g, at));
    while (poolgrad_taps_next(&taps)) add(g, sums, taps.at, share);
}

/* docs/numerics.md N29, N35, N64, N97: r = g / Out, of a mean g / (N Out). */
static void add_norm(const struct poolgrad_geometry *g, const struct sums *sums, struct poolgrad_window_at at,
                     double gradient)
{
    struct poolgrad_taps taps = taps_of(g, sums, at);
    if (poolgrad_area_is_empty(&taps.number.area)) return;
    const double norm = poolgrad_window_norm(g, at);
    const double divisor = g->root_mean ? (double)poolgrad_window_count(g, at) * norm : norm;
    while (poolgrad_taps_next(&taps)) {
        if (norm != 0) *sum_at(sums, taps.at) += gradient / divisor;
        sums->tap[poolgrad_area_place(&sums->pixels, taps.at)] = true;
    }
}

/* docs/numerics.md N63: to the one tap that was picked, if it has a sum. */
static void add_pick(const struct poolgrad_geometry *g, const struct sums *sums, struct poolgrad_pick pick,
                     double gradient)
{
    if (poolgrad_area_holds(&sums->pixels, pick.at)) add(g, sums, pick.at, gradient);
}

/* docs/numerics.md N28, N30, N63. */
static void add_max(const struct poolgrad_geometry *g, const struct sums *sums, struct poolgrad_window_at at,
                    double gradient)
{
    struct poolgrad_taps taps = taps_of(g, sums, at);
    if (poolgrad_area_is_empty(&taps.number.area)) return;
    const struct poolgrad_pick pick = poolgrad_window_pick(g, at);
    const bool one = g->ties == POOLGRAD_TIES_FIRST || g->ties == POOLGRAD_TIES_LAST || isnan(pick.value);
    if (one) {
        add_pick(g, sums, pick, gradient);
        return;
    }
    double share = gradient;
    if (g->ties == POOLGRAD_TIES_SPLIT) share = poolgrad_quotient(g, gradient, poolgrad_window_ties(g, at, pick.value));
    while (poolgrad_taps_next(&taps)) {
        if (poolgrad_tap_value(&taps) == pick.value) add(g, sums, taps.at, share);
    }
}

static void add_window(const struct poolgrad_geometry *g, const struct sums *sums, struct poolgrad_pixel output)
{
    const struct poolgrad_window_at at = poolgrad_window_place(g, sums->n, sums->c, output);
    const double gradient = poolgrad_gradient_at(g, sums->gradient_n, sums->gradient_c, output);
    if (g->with_indices) {
        /* docs/numerics.md N39. */
        add_pick(g, sums, poolgrad_window_indexed(g, at, sums->gradient_n, sums->gradient_c, output), gradient);
        return;
    }
    switch (g->kind) {
    case POOLGRAD_AVERAGE: add_average(g, sums, at, gradient); break;
    case POOLGRAD_MAX: add_max(g, sums, at, gradient); break;
    case POOLGRAD_L2NORM: add_norm(g, sums, at, gradient); break;
    }
}

/* docs/numerics.md N23, N61: every window that covers one of the pixels, in ascending row-major order, the order in
 * which a pixel adds. */
static void add_windows(const struct poolgrad_geometry *g, const struct sums *sums)
{
    struct poolgrad_steps outputs = poolgrad_windows_over(g, &sums->pixels);
    while (poolgrad_steps_next(&outputs)) add_window(g, sums, outputs.at);
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* docs/numerics.md N36: In times the sum of r, in double. */
static double result(const struct poolgrad_geometry *g, const struct sums *sums, struct poolgrad_pixel at)
{
    const double sum = *sum_at(sums, at);
    if (g->kind != POOLGRAD_L2NORM) return sum;
    const bool tap = sums->tap[poolgrad_area_place(&sums->pixels, at)];
    return tap ? poolgrad_source_at(g, sums->n, sums->c, at) * sum : 0;
}

/* docs/numerics.md N40: the accumulator's last addition, before the one rounding of the store. L2-norm's is a double.
 */
static void deliver(const struct poolgrad_geometry *g, void *element, double value)
{
    if (g->add_to_destination) {
        double before = poolgrad_load(g->destination.format, element);
        value = g->kind == POOLGRAD_L2NORM ? before + value : poolgrad_sum(g, before, value);
    }
    poolgrad_store(g->destination.format, element, value);
}

/* ---- Areas ------------------------------------------------------------------------------------------------------- */

/* The source pixels that destination pixels stand for, along an axis. */
static struct poolgrad_range source_of(struct poolgrad_range written, int64_t shift, int64_t size)
{
    return (struct poolgrad_range){poolgrad_clamp(written.begin + shift, 0, size),
                                   poolgrad_clamp(written.end + shift, 0, size)};
}

/* Destination pixels that stand for no source pixel become +0 (N41 to N45). */
static void compute(const struct poolgrad_geometry *g, int64_t n, int64_t c, const struct poolgrad_area *area,
                    double *sum, bool *tap)
{
    const struct sums sums = {.n = n + g->source_image,
                              .c = c + g->source_channel,
                              .gradient_n = n + g->gradient_image,
                              .gradient_c = c + g->gradient_channel,
                              .pixels = {source_of(area->layers, g->source_layer, g->z.size),
                                         source_of(area->rows, g->source_row, g->y.size),
                                         source_of(area->columns, g->source_column, g->x.size)},
                              .sum = sum,
                              .tap = tap};
    const bool any = n - g->images.begin < g->pooled_images && !poolgrad_area_is_empty(&sums.pixels);
    const size_t count = any ? (size_t)poolgrad_area_size(&sums.pixels) : 0;
    memset(sum, 0, count * sizeof *sum);
    memset(tap, 0, count * sizeof *tap);
    if (any) add_windows(g, &sums);
    struct poolgrad_steps steps = poolgrad_steps_over(area);
    while (poolgrad_steps_next(&steps)) {
        const struct poolgrad_pixel to = steps.at;
        const struct poolgrad_pixel at = {to.z + g->source_layer, to.y + g->source_row, to.x + g->source_column};
        const bool inside = any && poolgrad_area_holds(&sums.pixels, at);
        deliver(g, poolgrad_image_at(&g->destination, n, c, to.z, to.y, to.x), inside ? result(g, &sums, at) : 0);
    }
}

int64_t poolgrad_reference_bytes(int64_t pixels)
{
    return pixels * (int64_t)(sizeof(double) + sizeof(bool));
}

/* Pieces of rows whose sums fit on the stack. */
static void compute_pieces(const struct poolgrad_geometry *g, int64_t n, int64_t c, const struct poolgrad_area *area)
{
    enum { PIECE = 256 };
    double sum[PIECE];
    bool tap[PIECE];
    const int64_t pieces = poolgrad_ceiling_divide(poolgrad_range_length(area->columns), PIECE);
    const struct poolgrad_area numbers = {area->layers, area->rows, {0, pieces}};
    struct poolgrad_steps steps = poolgrad_steps_over(&numbers);
    while (poolgrad_steps_next(&steps)) {
        const int64_t x = area->columns.begin + steps.at.x * PIECE;
        const struct poolgrad_area piece = {{steps.at.z, steps.at.z + 1},
                                            {steps.at.y, steps.at.y + 1},
                                            {x, poolgrad_min(x + PIECE, area->columns.end)}};
        compute(g, n, c, &piece, sum, tap);
    }
}

void poolgrad_reference_gradient(const struct poolgrad_geometry *g, int64_t n, int64_t c,
                                 const struct poolgrad_area *area, void *memory)
{
    if (memory) {
        double *sum = memory;
        compute(g, n, c, area, sum, (bool *)(sum + poolgrad_area_size(area)));
    } else {
        compute_pieces(g, n, c, area);
    }
}
