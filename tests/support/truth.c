/* SPDX-License-Identifier: Apache-2.0 */
#include "truth.h"

#include "encoding.h"
#include "literal.h"
#include "taps.h"
#include "view.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * Gradients over norms lie between 2^-2200 and 2^2200, so that the least of them keeps thousands of bits in a sum with
 * the greatest. A pixel's product with its sum is taken to be the multiple of 2^(NOISE - PRECISION) times its greatest
 * term that is next to it: where it is a binary fraction, which norms that are rational or cancel leave, the error of a
 * few units goes away. What the destination held is added to it without any.
 */
enum { PRECISION = 9216, NOISE = 128, WIDE_PRECISION = PRECISION + 6144 };

/* ---- Rounding ------------------------------------------------------------------------------------------------ */

int truth_bits(poolgrad_format format)
{
    return number_mantissa_bits(format) + 1;
}

int truth_least(poolgrad_format format)
{
    return 2 - (1 << (number_exponent_bits(format) - 1));
}

/* `rounded` has the format's bits and any exponent; `ternary` says to which side it was rounded. */
static double fit(poolgrad_format format, mpfr_t rounded, int ternary)
{
    const mpfr_exp_t least = mpfr_get_emin(), greatest = mpfr_get_emax();
    if (mpfr_zero_p(rounded)) return 0;
    mpfr_set_emin(truth_least(format) - truth_bits(format) + 2);
    mpfr_set_emax(2 - truth_least(format));
    ternary = mpfr_check_range(rounded, ternary, MPFR_RNDN);
    mpfr_subnormalize(rounded, ternary, MPFR_RNDN);
    const double value = mpfr_get_d(rounded, MPFR_RNDN);
    mpfr_set_emin(least);
    mpfr_set_emax(greatest);
    return value;
}

double truth_round_fraction(poolgrad_format format, const mpq_t fraction)
{
    mpfr_t rounded;
    mpfr_init2(rounded, truth_bits(format));
    const int ternary = mpfr_set_q(rounded, fraction, MPFR_RNDN);
    const double value = fit(format, rounded, ternary);
    mpfr_clear(rounded);
    return value;
}

double truth_round(poolgrad_format format, const mpfr_t number)
{
    mpfr_t rounded;
    mpfr_init2(rounded, truth_bits(format));
    const int ternary = mpfr_set(rounded, number, MPFR_RNDN);
    const double value = fit(format, rounded, ternary);
    mpfr_clear(rounded);
    return value;
}

double truth_round_root(poolgrad_format format, const mpfr_t number)
{
    mpfr_t rounded;
    mpfr_init2(rounded, truth_bits(format));
    const int ternary = mpfr_sqrt(rounded, number, MPFR_RNDN);
    const double value = fit(format, rounded, ternary);
    mpfr_clear(rounded);
    return value;
}

/* ---- Sums ---------------------------------------------------------------------------------------------------- */

/* What a pixel has received: rational terms, or gradients over norms. */
typedef struct sum {
    mpq_t fraction;
    mpfr_t ratios;
    mpfr_exp_t greatest; /* exponent of the greatest ratio */
    bool is_nan, plus, minus;
    bool touched; /* by a window of an L2-norm */
} sum;

static void sum_begin(sum *s, bool norms)
{
    *s = (sum){.greatest = mpfr_get_emin()};
    mpq_init(s->fraction);
    mpfr_init2(s->ratios, norms ? PRECISION : MPFR_PREC_MIN);
    mpfr_set_zero(s->ratios, 1);
}

static void sum_end(sum *s)
{
    mpq_clear(s->fraction);
    mpfr_clear(s->ratios);
}

/* Whether the value is one that real numbers lack. */
static bool add_special(sum *s, double value)
{
    if (isnan(value)) s->is_nan = true;
    if (isinf(value) && value > 0) s->plus = true;
    if (isinf(value) && value < 0) s->minus = true;
    return !isfinite(value);
}

static void add_quotient(sum *s, double value, int64_t divisor)
{
    mpq_t term, by;
    if (add_special(s, value)) return;
    mpq_inits(term, by, NULL);
    mpq_set_d(term, value);
    mpq_set_d(by, (double)divisor); /* counts of taps that were looked at, far below 2^53 */
    mpq_div(term, term, by);
    mpq_add(s->fraction, s->fraction, term);
    mpq_clears(term, by, NULL);
}

/* NaN or infinite where the terms make it so, else 0. */
static double special_of(const sum *s)
{
    if (s->is_nan || (s->plus && s->minus)) return NAN;
    if (s->plus) return INFINITY;
    return s->minus ? -INFINITY : 0;
}

static double rounded_fraction(poolgrad_format format, const sum *s)
{
    const double special = special_of(s);
    return special == 0 ? truth_round_fraction(format, s->fraction) : special;
}

/* ---- Norms --------------------------------------------------------------------------------------------------- */

/* The sum of the squares of the taps inside; all of its bits are kept. */
static void sum_squares(const taps_plane *source, mpfr_t squares)
{
    mpfr_t square;
    mpfr_init2(square, 2 * 53);
    mpfr_set_zero(squares, 1);
    for (int64_t i = 0; i < source->tap_count; ++i) {
        if (!source->taps[i].inside) continue;
        mpfr_set_d(square, source->taps[i].value, MPFR_RNDN);
        mpfr_sqr(square, square, MPFR_RNDN);
        mpfr_add(squares, squares, square, MPFR_RNDN);
    }
    mpfr_clear(square);
}

/* gradient / sqrt(squares), which is neither zero nor without a number. */
static void add_ratio(sum *s, double gradient, const mpfr_t ratio)
{
    if (mpfr_nan_p(ratio) || mpfr_inf_p(ratio)) {
        add_special(s, mpfr_get_d(ratio, MPFR_RNDN));
        return;
    }
    if (gradient == 0 || mpfr_zero_p(ratio)) return;
    mpfr_add(s->ratios, s->ratios, ratio, MPFR_RNDN);
    if (mpfr_get_exp(ratio) > s->greatest) s->greatest = mpfr_get_exp(ratio);
}

static void scatter_norm(const taps_plane *source, sum *sums, double gradient)
{
    mpfr_t norm, ratio;
    mpfr_inits2(PRECISION, norm, ratio, (mpfr_ptr)0);
    sum_squares(source, norm);
    const bool is_zero = mpfr_zero_p(norm) != 0;
    mpfr_sqrt(norm, norm, MPFR_RNDN);
    mpfr_set_d(ratio, gradient, MPFR_RNDN);
    mpfr_div(ratio, ratio, norm, MPFR_RNDN);
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        sum *s = &sums[t->y * source->width + t->x];
        s->touched = true;
        if (!is_zero) add_ratio(s, gradient, ratio);
    }
    mpfr_clears(norm, ratio, (mpfr_ptr)0);
}

/* Takes away what rounding has left of a product whose greatest term is below 2^greatest. */
static void remove_noise(mpfr_t product, mpfr_exp_t greatest)
{
    mpfr_div_2si(product, product, greatest + NOISE - PRECISION, MPFR_RNDN);
    mpfr_rint(product, product, MPFR_RNDN);
    mpfr_mul_2si(product, product, greatest + NOISE - PRECISION, MPFR_RNDN);
}

/* before + value * the sum. */
static double rounded_norm(poolgrad_format format, sum *s, double value, double before)
{
    const double special = special_of(s);
    if (special != 0) return before + value * special;
    if (!isfinite(value)) return before + value * 0;
    if (!isfinite(before)) return before;
    mpfr_t total;
    mpfr_init2(total, WIDE_PRECISION);
    mpfr_mul_d(total, s->ratios, value, MPFR_RNDN);
    if (!mpfr_zero_p(total)) remove_noise(total, s->greatest + ilogb(value) + 1);
    mpfr_add_d(total, total, before, MPFR_RNDN);
    const double rounded = truth_round(format, total);
    mpfr_clear(total);
    return rounded;
}

/* ---- Forward ------------------------------------------------------------------------------------------------- */

static double forward_average(const taps_plane *source)
{
    const int64_t count = taps_counted(source);
    sum s;
    if (count == 0) return 0;
    sum_begin(&s, false);
    for (int64_t i = 0; i < source->tap_count; ++i)
        if (source->taps[i].inside) add_quotient(&s, source->taps[i].value, count);
    const double value = rounded_fraction(source->p->destination.format, &s);
    sum_end(&s);
    return value;
}

static double forward_norm(const taps_plane *source)
{
    mpfr_t squares;
    mpfr_init2(squares, PRECISION);
    sum_squares(source, squares);
    const bool is_number = mpfr_number_p(squares) != 0;
    const double value = is_number ? truth_round_root(source->p->destination.format, squares)
                                   : mpfr_get_d(squares, MPFR_RNDN);
    mpfr_clear(squares);
    return value;
}

static double forward_value(taps_plane *source, int64_t *index)
{
    if (source->p->kind == POOLGRAD_AVERAGE) return forward_average(source);
    if (source->p->kind == POOLGRAD_L2NORM) return forward_norm(source);
    taps_pick(source);
    const taps_tap *winner = taps_first_picked(source);
    if (!winner || !winner->inside) return 0;
    const bool taps = view_holds_taps(&source->p->picks);
    *index = taps ? winner - source->taps : winner->y * source->width + winner->x;
    return winner->value == 0 ? 0 : winner->value;
}

/* Image number z of the clip, pooled or not, and channel number c of the window. */
static void forward_plane(taps_plane *source, int64_t z, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const bool pooled = z < literal_images(p);
    const literal_span ys = literal_cut(p->clip.y, p->clip.height, p->destination.height);
    const literal_span xs = literal_cut(p->clip.x, p->clip.width, p->destination.width);
    const int64_t n = p->clip.image + z, to_c = p->destination_channel_offset + c;
    if (pooled) taps_load(source, p->offset_image + z, p->source_channel_offset + c);
    for (int64_t y = ys.first; y < ys.end; ++y) {
        for (int64_t x = xs.first; x < xs.end; ++x) {
            int64_t index = -1;
            taps_look(source, y - p->clip.y, x - p->clip.x);
            const double value = pooled ? forward_value(source, &index) : 0;
            view_set_number(&p->destination, n, to_c, y, x, value);
            if (p->picks.data) view_set_bits(&p->picks, n, to_c, y, x, (uint64_t)index);
        }
    }
}

/* ---- Gradient ------------------------------------------------------------------------------------------------ */

static void scatter(taps_plane *source, sum *sums, double gradient)
{
    const poolgrad_problem *p = source->p;
    if (p->kind == POOLGRAD_L2NORM) {
        scatter_norm(source, sums, gradient);
        return;
    }
    const bool average = p->kind == POOLGRAD_AVERAGE;
    const int64_t picked = average ? 0 : taps_pick(source);
    const int64_t divisor = average ? taps_counted(source) : p->ties == POOLGRAD_TIES_SPLIT ? picked : 1;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (t->inside && (average || t->picked)) add_quotient(&sums[t->y * source->width + t->x], gradient, divisor);
    }
}

static void scatter_plane(taps_plane *source, sum *sums, int64_t z, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const poolgrad_region *region = &p->gradient_region;
    const int64_t n = region->image + z, from_c = p->gradient_channel_offset + c;
    const literal_span ys = literal_cut(region->y, region->height, p->source_gradient.height);
    const literal_span xs = literal_cut(region->x, region->width, p->source_gradient.width);
    for (int64_t y = ys.first; y < ys.end; ++y) {
        for (int64_t x = xs.first; x < xs.end; ++x) {
            const double gradient = view_number(&p->source_gradient, n, from_c, y, x);
            const int64_t at = p->indices.data ? taps_saved_pick(source, n, from_c, y, x) : -1;
            if (at >= 0) add_quotient(&sums[at], gradient, 1);
            if (p->indices.data) continue;
            taps_look(source, y - region->y, x - region->x);
            scatter(source, sums, gradient);
        }
    }
}

/* The value of a pixel of the destination that stands for pixel `at` of the source, -1: for none. */
static double finished(const taps_plane *source, sum *sums, int64_t at, double before)
{
    const poolgrad_format format = source->p->destination.format;
    if (at >= 0 && source->p->kind == POOLGRAD_L2NORM && sums[at].touched)
        return rounded_norm(format, &sums[at], source->values[at], before);
    if (at < 0 || source->p->kind == POOLGRAD_L2NORM) return before == 0 ? 0 : before;
    add_quotient(&sums[at], before, 1);
    return rounded_fraction(format, &sums[at]);
}

/* sums is null for an image inside the clip that nothing is computed for. */
static void write_gradient(const taps_plane *source, sum *sums, int64_t n, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const literal_span ys = literal_cut(p->clip.y, p->clip.height, p->destination.height);
    const literal_span xs = literal_cut(p->clip.x, p->clip.width, p->destination.width);
    for (int64_t y = ys.first; y < ys.end; ++y) {
        for (int64_t x = xs.first; x < xs.end; ++x) {
            const int64_t from_y = literal_mapped(p, y, p->clip.y, literal_first_tap_y(p));
            const int64_t from_x = literal_mapped(p, x, p->clip.x, literal_first_tap_x(p));
            const bool stands = sums && taps_within(from_y, source->height, 0) && taps_within(from_x, source->width, 0);
            const double before = p->add_to_destination ? view_number(&p->destination, n, c, y, x) : 0;
            const double value = finished(source, sums, stands ? from_y * source->width + from_x : -1, before);
            view_set_number(&p->destination, n, c, y, x, value);
        }
    }
}

static void gradient_plane(taps_plane *source, int64_t z, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const int64_t n = p->clip.image + z, to_c = p->destination_channel_offset + c;
    const int64_t pixels = source->height * source->width;
    if (z >= literal_images(p)) {
        write_gradient(source, NULL, n, to_c);
        return;
    }
    sum *sums = literal_array(pixels, sizeof *sums);
    for (int64_t i = 0; i < pixels; ++i) sum_begin(&sums[i], p->kind == POOLGRAD_L2NORM);
    taps_load(source, p->offset_image + z, p->source_channel_offset + c);
    scatter_plane(source, sums, z, c);
    write_gradient(source, sums, n, to_c);
    for (int64_t i = 0; i < pixels; ++i) sum_end(&sums[i]);
    free(sums);
}

void truth_run(const poolgrad_problem *p)
{
    const bool forward = p->direction == POOLGRAD_FORWARD;
    const literal_span zs = literal_cut(p->clip.image, p->clip.images, p->destination.images);
    taps_plane source = taps_new(p);
    for (int64_t z = 0; z < zs.end - zs.first; ++z)
        for (int64_t c = 0; c < literal_channels(p); ++c) (forward ? forward_plane : gradient_plane)(&source, z, c);
    taps_free(&source);
    literal_clear_unused_lanes(p, &p->destination);
    if (forward && p->picks.data) literal_clear_unused_lanes(p, &p->picks);
}
