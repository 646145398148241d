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

/* What a window's gradient is divided by, if that was asked for. */
struct known_square {
    struct poolgrad_square square;
    bool known;
};

/* Pixels of the source image that the band stands for; a sum of one sort for each. */
struct work {
    const struct poolgrad_exact *exact;
    int64_t n, c, gradient_n, gradient_c;
    struct poolgrad_area pixels;
    struct poolgrad_sum *sums;
    struct norm_pixel *norms;
    struct poolgrad_area windows; /* that have a tap on one of the pixels, and others among them; */
    struct known_square *squares; /* of those; null: no pixel has asked yet */
    struct poolgrad_scratch scratch;
    struct poolgrad_square square;
    mpfr_t quotient;
};

static double load_source(const struct work *work, struct poolgrad_pixel at)
{
    return poolgrad_source_at(&work->exact->geometry, work->n, work->c, at);
}

static double load_gradient(const struct work *work, struct poolgrad_pixel output)
{
    return poolgrad_gradient_at(&work->exact->geometry, work->gradient_n, work->gradient_c, output);
}

static struct norm_pixel *norm_at(const struct work *work, struct poolgrad_pixel at)
{
    return &work->norms[poolgrad_area_place(&work->pixels, at)];
}

/* ---- Average and max --------------------------------------------------------------------------------------------- */

static void add(struct work *work, struct poolgrad_pixel at, double gradient, int64_t divisor)
{
    if (!poolgrad_area_holds(&work->pixels, at)) return;
    poolgrad_sum_add(&work->sums[poolgrad_area_place(&work->pixels, at)], gradient, divisor, &work->scratch);
}

/* To every tap, or only to those whose value is `maximum`. */
static void add_to_taps(struct work *work, struct poolgrad_window_at at, double gradient, int64_t divisor,
                        const double *maximum)
{
    struct poolgrad_taps taps = poolgrad_taps_on(&work->exact->geometry, at, &work->pixels);
    while (poolgrad_taps_next(&taps)) {
        if (!maximum || poolgrad_tap_value(&taps) == *maximum) add(work, taps.at, gradient, divisor);
    }
}

static void add_max(struct work *work, struct poolgrad_window_at at, double gradient)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const struct poolgrad_pick pick = poolgrad_window_pick(g, at);
    if (g->ties == POOLGRAD_TIES_FIRST || g->ties == POOLGRAD_TIES_LAST || isnan(pick.value)) {
        add(work, pick.at, gradient, 1);
        return;
    }
    const int64_t shares = g->ties == POOLGRAD_TIES_SPLIT ? poolgrad_window_ties(g, at, pick.value) : 1;
    add_to_taps(work, at, gradient, shares, &pick.value);
}

static void add_index(struct work *work, struct poolgrad_window_at at, struct poolgrad_pixel output, double gradient)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const struct poolgrad_pick pick = poolgrad_window_indexed(g, at, work->gradient_n, work->gradient_c, output);
    add(work, pick.at, gradient, 1);
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
    poolgrad_divisor_square(g, at, square, &work->scratch);
    const bool special = square->is_nan || square->is_infinite || !isfinite(gradient);
    const bool is_zero = !square->is_nan && !square->is_infinite && mpz_sgn(square->sum) == 0;
    if (!special && !is_zero && gradient != 0) poolgrad_norm_quotient(work->quotient, gradient, square);
    struct poolgrad_taps taps = poolgrad_taps_on(g, at, &work->pixels);
    while (poolgrad_taps_next(&taps)) {
        struct norm_pixel *pixel = norm_at(work, taps.at);
        pixel->is_tap = true;
        if (is_zero) continue;
        if (special)
            add_special(pixel, square, gradient);
        else if (gradient != 0)
            add_quotient(pixel, work->quotient);
    }
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

static void add_window(struct work *work, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const struct poolgrad_window_at at = poolgrad_window_place(g, work->n, work->c, output);
    const double gradient = load_gradient(work, output);
    if (g->with_indices) {
        add_index(work, at, output, gradient);
        return;
    }
    switch (g->kind) {
    case POOLGRAD_AVERAGE: add_to_taps(work, at, gradient, poolgrad_window_count(g, at), NULL); break;
    case POOLGRAD_MAX: add_max(work, at, gradient); break;
    case POOLGRAD_L2NORM: add_norm(work, at, gradient); break;
    }
}

static void add_windows(struct work *work)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    struct poolgrad_steps windows = poolgrad_windows_over(g, &work->pixels);
    work->windows = windows.area;
    while (poolgrad_steps_next(&windows)) add_window(work, windows.at);
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* Many pixels may ask for a window. Null where memory is lacking. */
static const struct poolgrad_square *square_of(struct work *work, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    if (!work->squares) {
        work->squares = calloc((size_t)poolgrad_area_size(&work->windows), sizeof *work->squares);
        if (!work->squares) return NULL;
    }
    struct known_square *kept = &work->squares[poolgrad_area_place(&work->windows, output)];
    if (!kept->known) {
        mpz_init(kept->square.sum);
        kept->known = true;
        const struct poolgrad_window_at at = poolgrad_window_place(g, work->n, work->c, output);
        poolgrad_divisor_square(g, at, &kept->square, &work->scratch);
    }
    return &kept->square;
}

/* Terms share the windows' integers. False where memory is lacking. */
static bool collect(struct work *work, struct poolgrad_pixel pixel, struct poolgrad_norm_term *terms, int64_t *count)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    struct poolgrad_windows windows = poolgrad_windows_of(g, pixel);
    *count = 0;
    while (poolgrad_windows_next(&windows)) {
        const double gradient = load_gradient(work, windows.at);
        if (gradient == 0) continue;
        const struct poolgrad_square *square = square_of(work, windows.at);
        if (!square) return false;
        if (square->is_infinite || mpz_sgn(square->sum) == 0) continue;
        terms[(*count)++] = (struct poolgrad_norm_term){gradient, *square};
    }
    return true;
}

/* Where the bits of the sum do not decide. */
static bool decide(struct work *work, struct poolgrad_pixel at, double factor, double before, double *value)
{
    const int64_t most = norm_at(work, at)->count;
    int64_t count;
    struct poolgrad_norm_term *terms = calloc((size_t)most + 1, sizeof *terms);
    const bool done = terms && collect(work, at, terms, &count) &&
                      poolgrad_norm_sum(terms, count, factor, before, &work->exact->precision, value);
    free(terms);
    return done;
}

static bool norm_value(struct work *work, struct poolgrad_pixel at, double before, double *value)
{
    const struct norm_pixel *pixel = norm_at(work, at);
    const double factor = pixel->is_tap ? load_source(work, at) : 0;
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
        return decide(work, at, factor, before, value);
    }
    return true;
}

/* To a pixel of the destination. */
static bool deliver(struct work *work, struct poolgrad_pixel to)
{
    const struct poolgrad_geometry *g = &work->exact->geometry;
    const struct poolgrad_pixel at = poolgrad_source_pixel(g, to);
    const bool inside = poolgrad_area_holds(&work->pixels, at);
    void *element = poolgrad_image_at(&g->destination, work->n - g->source_image, work->c - g->source_channel, to.z,
                                      to.y, to.x);
    const double before = g->add_to_destination ? poolgrad_load(g->destination.format, element) : 0;
    double value = before == 0 ? 0 : before;
    bool done = true;
    if (inside && g->kind == POOLGRAD_L2NORM) {
        done = norm_value(work, at, before, &value);
    } else if (inside) {
        struct poolgrad_sum *sum = &work->sums[poolgrad_area_place(&work->pixels, at)];
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
    if (work->squares) {
        const int64_t windows = poolgrad_area_size(&work->windows);
        for (int64_t i = 0; i < windows; i++) {
            if (work->squares[i].known) mpz_clear(work->squares[i].square.sum);
        }
    }
    free(work->squares);
    free(work->norms);
    free(work->sums);
    mpz_clear(work->square.sum);
    mpfr_clear(work->quotient);
    poolgrad_scratch_clear(&work->scratch);
}

static struct poolgrad_range moved_into(struct poolgrad_range range, int64_t by, int64_t size)
{
    return (struct poolgrad_range){poolgrad_clamp(range.begin + by, 0, size), poolgrad_clamp(range.end + by, 0, size)};
}

/* Of the source, that the band stands for. */
static struct poolgrad_area pixels_of(const struct poolgrad_geometry *g, const struct poolgrad_band *band)
{
    struct poolgrad_area pixels = {moved_into(band->layers, g->source_layer, g->z.size),
                                   moved_into(band->rows, g->source_row, g->y.size),
                                   moved_into(g->columns, g->source_column, g->x.size)};
    if (band->n - g->images.begin >= g->pooled_images) pixels.rows.end = pixels.rows.begin;
    return pixels;
}

bool poolgrad_exact_gradient(const struct poolgrad_exact *exact, const struct poolgrad_band *band)
{
    const struct poolgrad_geometry *g = &exact->geometry;
    struct work work = {.exact = exact,
                        .n = band->n + g->source_image,
                        .c = band->c + g->source_channel,
                        .gradient_n = band->n + g->gradient_image,
                        .gradient_c = band->c + g->gradient_channel};
    work.pixels = pixels_of(g, band);
    const int64_t pixels = poolgrad_area_size(&work.pixels);
    bool done = allocate(&work, pixels);
    if (done && pixels > 0) add_windows(&work);
    const struct poolgrad_area written = {band->layers, band->rows, g->columns};
    struct poolgrad_steps steps = poolgrad_steps_over(&written);
    while (done && poolgrad_steps_next(&steps)) done = deliver(&work, steps.at);
    release(&work, pixels);
    return done;
}
