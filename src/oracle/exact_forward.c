/* SPDX-License-Identifier: Apache-2.0 */
/* Forward pooling, exactly (docs/numerics.md N76, N91). */
#include <math.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "oracle/exact_mode.h"

/* What pixels share, so that it is allocated once. */
struct work {
    const struct poolgrad_exact *exact;
    struct poolgrad_scratch scratch;
    struct poolgrad_sum sum;
    struct poolgrad_square square;
};

static double average(struct work *work, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    const int64_t count = poolgrad_window_count(g, at);
    if (poolgrad_window_is_empty(g, at)) return 0;
    poolgrad_sum_reset(&work->sum);
    while (poolgrad_taps_next(&taps)) poolgrad_sum_add(&work->sum, poolgrad_tap_value(&taps), count, &work->scratch);
    return poolgrad_sum_round(&work->sum, &work->exact->precision, &work->scratch);
}

static double norm(struct work *work, struct poolgrad_window_at at)
{
    struct poolgrad_square *square = &work->square;
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const int64_t count = g->root_mean ? poolgrad_window_count(g, at) : 1;
    poolgrad_window_square(g, at, square, &work->scratch);
    if (square->is_nan) return NAN;
    if (count < 0 && (square->is_infinite || mpz_sgn(square->sum) != 0)) return NAN;
    if (square->is_infinite) return INFINITY;
    return poolgrad_round_root(&work->exact->precision, square->sum, square->exponent, count, &work->scratch);
}

static double value_of(struct work *work, struct poolgrad_window_at at, const struct poolgrad_pick *pick)
{
    switch (work->exact->geometry.kind) {
    case POOLGRAD_AVERAGE: return average(work, at);
    case POOLGRAD_L2NORM: return norm(work, at);
    default: return pick->value;
    }
}

/* The tap that a max picks, or that its index names (N96). */
static struct poolgrad_pick pick_of(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                                    struct poolgrad_element output)
{
    if (!g->with_indices) return poolgrad_window_pick(g, at);
    struct poolgrad_pick pick = poolgrad_window_indexed(g, at, output.n, output.c, output.pixel);
    if (!poolgrad_picks_none(pick)) pick.value = poolgrad_source_at(g, at.n, at.c, pick.at);
    return pick;
}

static void compute_pixel(struct work *work, struct poolgrad_element output)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const int64_t n = output.n, c = output.c;
    const struct poolgrad_pixel to = output.pixel;
    const struct poolgrad_window_at at = poolgrad_window_place(g, n + g->source_image, c + g->source_channel, to);
    struct poolgrad_pick pick = {0, {-1, -1, -1}};
    double value = 0;
    if (n - g->images.begin < g->pooled_images) {
        if (g->kind == POOLGRAD_MAX) pick = pick_of(g, at, output);
        value = value_of(work, at, &pick);
    }
    /* An exact zero has no sign; a number that rounds to zero has. */
    if (g->kind == POOLGRAD_MAX && value == 0) value = 0;
    poolgrad_store(g->destination.format, poolgrad_image_at(&g->destination, n, c, to.z, to.y, to.x), value);
    if (!g->with_picks) return;
    poolgrad_store_index(g->picks.format, poolgrad_image_at(&g->picks, n, c, to.z, to.y, to.x),
                         poolgrad_pick_index(g, at, pick));
}

static void compute_band(struct work *work, const struct poolgrad_band *band)
{
    const struct poolgrad_area area = {band->layers, band->rows, work->exact->geometry.columns};
    struct poolgrad_steps steps = poolgrad_steps_over(&area);
    while (poolgrad_steps_next(&steps)) compute_pixel(work, (struct poolgrad_element){band->n, band->c, steps.at});
}

bool poolgrad_exact_forward(const struct poolgrad_exact *exact, const struct poolgrad_band *band)
{
    struct work work = {.exact = exact};
    poolgrad_scratch_init(&work.scratch);
    poolgrad_sum_init(&work.sum);
    mpz_init(work.square.sum);
    compute_band(&work, band);
    mpz_clear(work.square.sum);
    poolgrad_sum_clear(&work.sum);
    poolgrad_scratch_clear(&work.scratch);
    return true;
}
