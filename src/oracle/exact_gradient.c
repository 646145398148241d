/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients, exactly (docs/numerics.md N76, N91). Windows are visited once for a band, and add to its pixels. */
#include <math.h>
#include <stdlib.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "oracle/exact_mode.h"

/* A pixel's sum of gradients over norms, with POOLGRAD_NORM_BITS. */
struct norm_pixel {
    mpfr_t sum;
    mpfr_exp_t greatest; /* exponent of the greatest term */
    int64_t count;       /* of the terms */
    bool is_tap, is_nan, plus, minus;
};

/* Pixels of the source image that the band stands for; rows x columns sums of one sort. */
struct work {
    const struct poolgrad_exact *exact;
    int64_t n, c, gradient_n, gradient_c;
    struct poolgrad_area pixels;
    struct poolgrad_sum *sums;
    struct norm_pixel *norms;
    struct poolgrad_scratch scratch;
    struct poolgrad_square square;
    mpfr_t quotient;
};

static int64_t place(const struct work *work, int64_t y, int64_t x)
{
    const struct poolgrad_area *pixels = &work->pixels;
    return (y - pixels->rows.begin) * poolgrad_range_length(pixels->columns) + x - pixels->columns.begin;
}

static double load_source(const struct work *work, int64_t y, int64_t x)
{
    return poolgrad_source_at(&work->exact->geometry, work->n, work->c, y, x);
}

static double load_gradient(const struct work *work, int64_t y, int64_t x)
{
    return poolgrad_gradient_at(&work->exact->geometry, work->gradient_n, work->gradient_c, y, x);
}

/* ---- Average and max --------------------------------------------------------------------------------------------- */

static void add(struct work *work, int64_t y, int64_t x, double gradient, int64_t divisor)
{
    if (!poolgrad_area_holds(&work->pixels, y, x)) return;
    poolgrad_sum_add(&work->sums[place(work, y, x)], gradient, divisor, &work->scratch);
}

/* To every tap, or only to those whose value is `maximum`. */
static void add_to_taps(struct work *work, struct poolgrad_window_at at, double gradient, int64_t divisor,
                        const double *maximum)
{
    struct poolgrad_taps taps = poolgrad_taps_on(&work->exact->geometry, at, &work->pixels);
    while (poolgrad_taps_next(&taps)) {
        if (!maximum || poolgrad_tap_value(&taps) == *maximum) add(work, taps.y, taps.x, gradient, divisor);
    }
}

static void add_max(struct work *work, struct poolgrad_window_at at, double gradient)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const struct poolgrad_pick pick = poolgrad_window_pick(g, at);
    if (g->ties == POOLGRAD_TIES_FIRST || g->ties == POOLGRAD_TIES_LAST || isnan(pick.value)) {
        add(work, pick.y, pick.x, gradient, 1);
        return;
    }
    const int64_t shares = g->ties == POOLGRAD_TIES_SPLIT ? poolgrad_window_ties(g, at, pick.value) : 1;
    add_to_taps(work, at, gradient, shares, &pick.value);
}

static void add_index(struct work *work, struct poolgrad_window_at at, int64_t y, int64_t x, double gradient)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const void *element = poolgrad_const_image_at(&g->indices, work->gradient_n, work->gradient_c, y, x);
    const int64_t index = poolgrad_load_index(g->indices.format, element);
    const struct poolgrad_pick pick = poolgrad_indexed_pick(g, at, index);
    add(work, pick.y, pick.x, gradient, 1);
}

/* ---- L2-norm ----------------------------------------------------------------------------------------------------- */

/* What a window adds that has a gradient or a norm that is not finite. */
static void add_special(struct norm_pixel *pixel, const struct poolgrad_square *square, double gradient)
{
    const bool is_nan = square->is_nan || isnan(gradient) || (square->is_infinite && isinf(gradient));
    pixel->is_nan = pixel->is_nan || is_nan;
    if (is_nan || square->is_infinite) return; /* a finite number over infinity */
    pixel->plus = pixel->plus || gradient > 0;
    pixel->minus = pixel->minus || gradient < 0;
}

static void add_quotient(struct norm_pixel *pixel, const mpfr_t quotient)
{
    const mpfr_exp_t exponent = mpfr_get_exp(quotient);
    if (pixel->count == 0) {
        mpfr_set(pixel->sum, quotient, MPFR_RNDN);
        pixel->greatest = exponent;
    } else {
        mpfr_add(pixel->sum, pixel->sum, quotient, MPFR_RNDN);
        if (exponent > pixel->greatest) pixel->greatest = exponent;
    }
    pixel->count++;
}

static void add_norm(struct work *work, struct poolgrad_window_at at, double gradient)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    struct poolgrad_square *square = &work->square;
    poolgrad_window_square(g, at, square, &work->scratch);
    const bool special = square->is_nan || square->is_infinite || !isfinite(gradient);
    const bool is_zero = !square->is_nan && !square->is_infinite && mpz_sgn(square->sum) == 0;
    if (!special && !is_zero && gradient != 0) poolgrad_norm_quotient(work->quotient, gradient, square);
    struct poolgrad_taps taps = poolgrad_taps_on(g, at, &work->pixels);
    while (poolgrad_taps_next(&taps)) {
        struct norm_pixel *pixel = &work->norms[place(work, taps.y, taps.x)];
        pixel->is_tap = true;
        if (is_zero) continue;
        if (special)
            add_special(pixel, square, gradient);
        else if (gradient != 0)
            add_quotient(pixel, work->quotient);
    }
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

static void add_window(struct work *work, int64_t y, int64_t x)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const struct poolgrad_window_at at = poolgrad_window_place(g, work->n, work->c, y, x);
    const double gradient = load_gradient(work, y, x);
    if (g->with_indices) {
        add_index(work, at, y, x, gradient);
        return;
    }
    switch (g->kind) {
    case POOLGRAD_AVERAGE: {
        const int64_t count = poolgrad_window_count(g, at);
        if (count > 0) add_to_taps(work, at, gradient, count, NULL);
        break;
    }
    case POOLGRAD_MAX: add_max(work, at, gradient); break;
    case POOLGRAD_L2NORM: add_norm(work, at, gradient); break;
    }
}

static void add_windows(struct work *work)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    struct poolgrad_steps windows = poolgrad_windows_over(g, &work->pixels);
    while (poolgrad_steps_next(&windows)) add_window(work, windows.y, windows.x);
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

static void collect(struct work *work, int64_t y, int64_t x, struct poolgrad_norm_term *terms, int64_t *count)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    struct poolgrad_windows windows = poolgrad_windows_of(g, y, x);
    *count = 0;
    while (poolgrad_windows_next(&windows)) {
        struct poolgrad_norm_term *term = &terms[*count];
        term->gradient = load_gradient(work, windows.y, windows.x);
        if (term->gradient == 0) continue;
        mpz_init(term->square.sum);
        (*count)++;
        const struct poolgrad_window_at at = poolgrad_window_place(g, work->n, work->c, windows.y, windows.x);
        poolgrad_window_square(g, at, &term->square, &work->scratch);
        if (!term->square.is_infinite && mpz_sgn(term->square.sum) != 0) continue;
        mpz_clear(term->square.sum);
        (*count)--;
    }
}

/* Where the bits of the sum do not decide. */
static bool decide(struct work *work, int64_t y, int64_t x, double factor, double before, double *value)
{
    const int64_t most = work->norms[place(work, y, x)].count;
    int64_t count;
    struct poolgrad_norm_term *terms = calloc((size_t)most + 1, sizeof *terms);
    if (!terms) return false;
    collect(work, y, x, terms, &count);
    const bool done = poolgrad_norm_sum(terms, count, factor, before, &work->exact->precision, value);
    for (int64_t i = 0; i < count; i++) mpz_clear(terms[i].square.sum);
    free(terms);
    return done;
}

static bool norm_value(struct work *work, int64_t y, int64_t x, double before, double *value)
{
    const struct norm_pixel *pixel = &work->norms[place(work, y, x)];
    const double factor = pixel->is_tap ? load_source(work, y, x) : 0;
    *value = before == 0 ? 0 : before;
    if (!pixel->is_tap) return true;
    if (pixel->is_nan || !isfinite(factor) || (pixel->plus && pixel->minus)) {
        *value = NAN;
    } else if (pixel->plus || pixel->minus) {
        *value = before + factor * (pixel->plus ? INFINITY : -INFINITY);
    } else if (factor != 0 && pixel->count > 0 && isfinite(before)) {
        const mpfr_exp_t error = poolgrad_norm_error(pixel->greatest, pixel->count, POOLGRAD_NORM_BITS);
        if (poolgrad_norm_decides(pixel->sum, error, factor, before, &work->exact->precision, &work->scratch, value))
            return true;
        return decide(work, y, x, factor, before, value);
    }
    return true;
}

/* (sx, sy) is the source pixel, if the destination's stands for one. */
static bool deliver(struct work *work, int64_t y, int64_t x, int64_t sy, int64_t sx)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const bool inside = poolgrad_area_holds(&work->pixels, sy, sx);
    void *element = poolgrad_image_at(&g->destination, work->n - g->source_image, work->c - g->source_channel, y, x);
    const double before = g->add_to_destination ? poolgrad_load(g->destination.format, element) : 0;
    double value = before == 0 ? 0 : before;
    bool done = true;
    if (inside && g->kind == POOLGRAD_L2NORM) {
        done = norm_value(work, sy, sx, before, &value);
    } else if (inside) {
        struct poolgrad_sum *sum = &work->sums[place(work, sy, sx)];
        poolgrad_sum_add(sum, before, 1, &work->scratch);
        value = poolgrad_sum_round(sum, &work->exact->precision, &work->scratch);
    }
    if (done) poolgrad_store(g->destination.format, element, value);
    return done;
}

/* ---- Bands ------------------------------------------------------------------------------------------------------- */

static bool allocate(struct work *work, int64_t pixels)
{
    const bool norms = work->exact->geometry.kind == POOLGRAD_L2NORM;
    poolgrad_scratch_init(&work->scratch);
    mpz_init(work->square.sum);
    mpfr_init2(work->quotient, POOLGRAD_NORM_BITS);
    if (norms)
        work->norms = calloc((size_t)pixels + 1, sizeof *work->norms);
    else
        work->sums = calloc((size_t)pixels + 1, sizeof *work->sums);
    for (int64_t i = 0; work->norms && i < pixels; i++) mpfr_init2(work->norms[i].sum, POOLGRAD_NORM_BITS);
    for (int64_t i = 0; work->sums && i < pixels; i++) poolgrad_sum_init(&work->sums[i]);
    return work->norms || work->sums;
}

static void release(struct work *work, int64_t pixels)
{
    for (int64_t i = 0; work->norms && i < pixels; i++) mpfr_clear(work->norms[i].sum);
    for (int64_t i = 0; work->sums && i < pixels; i++) poolgrad_sum_clear(&work->sums[i]);
    free(work->norms);
    free(work->sums);
    mpz_clear(work->square.sum);
    mpfr_clear(work->quotient);
    poolgrad_scratch_clear(&work->scratch);
}

bool poolgrad_exact_gradient(const struct poolgrad_exact *exact, const struct poolgrad_band *band)
{
    const struct poolgrad_geometry *g = &exact->geometry;
    struct work work = {.exact = exact,
                        .n = band->n + g->source_image,
                        .c = band->c + g->source_channel,
                        .gradient_n = band->n + g->gradient_image,
                        .gradient_c = band->c + g->gradient_channel};
    struct poolgrad_range *rows = &work.pixels.rows, *columns = &work.pixels.columns;
    rows->begin = poolgrad_clamp(band->rows.begin + g->source_row, 0, g->y.size);
    rows->end = poolgrad_clamp(band->rows.end + g->source_row, 0, g->y.size);
    columns->begin = poolgrad_clamp(g->columns.begin + g->source_column, 0, g->x.size);
    columns->end = poolgrad_clamp(g->columns.end + g->source_column, 0, g->x.size);
    if (band->n - g->images.begin >= g->pooled_images) rows->end = rows->begin;
    const int64_t pixels = poolgrad_range_length(*rows) * poolgrad_range_length(*columns);
    bool done = allocate(&work, pixels);
    if (done && pixels > 0) add_windows(&work);
    for (int64_t y = band->rows.begin; done && y < band->rows.end; y++) {
        for (int64_t x = g->columns.begin; done && x < g->columns.end; x++) {
            done = deliver(&work, y, x, y + g->source_row, x + g->source_column);
        }
    }
    release(&work, pixels);
    return done;
}
