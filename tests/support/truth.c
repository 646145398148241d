/* SPDX-License-Identifier: Apache-2.0 */
#include "truth.h"

#include "encoding.h"
#include "literal.h"
#include "taps.h"
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

/* All of its bits, in halves that every long holds. */
static void set_integer(mpq_t number, int64_t value)
{
    mpq_set_si(number, (long)(value >> 32), 1);
    mpz_mul_2exp(mpq_numref(number), mpq_numref(number), 32);
    mpz_add_ui(mpq_numref(number), mpq_numref(number), (unsigned long)(value & UINT32_MAX));
}

/* A quotient of an infinity has its sign, and the divisor's. */
static void add_quotient(sum *s, double value, int64_t divisor)
{
    mpq_t term, by;
    if (add_special(s, divisor < 0 ? -value : value)) return;
    mpq_inits(term, by, NULL);
    mpq_set_d(term, value);
    set_integer(by, divisor);
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
static void sum_squares(const taps_volume *source, mpfr_t squares)
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

/* What a root mean square divides by; 1 for a plain norm, 0 where the window contributes nothing. */
static int64_t mean_divisor(const taps_volume *source)
{
    return source->p->root_mean ? taps_counted(source) : 1;
}

/* Divides by an integer, rounded once. */
static void divide(mpfr_t number, int64_t by)
{
    mpq_t divisor;
    mpq_init(divisor);
    set_integer(divisor, by);
    mpfr_div_q(number, number, divisor, MPFR_RNDN);
    mpq_clear(divisor);
}

/* gradient over what gradients of the window are divided by, which is neither zero nor without a number. */
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

/* gradient / sqrt(squares); over the root mean square, gradient / (N sqrt(squares / N)). */
static void set_ratio(mpfr_t ratio, double gradient, const mpfr_t squares, int64_t count)
{
    mpfr_t root;
    mpfr_init2(root, PRECISION);
    mpfr_set(root, squares, MPFR_RNDN);
    divide(root, count);
    mpfr_sqrt(root, root, MPFR_RNDN);
    mpfr_set_d(ratio, gradient, MPFR_RNDN);
    mpfr_div(ratio, ratio, root, MPFR_RNDN);
    divide(ratio, count);
    mpfr_clear(root);
}

static void scatter_norm(const taps_volume *source, sum *sums, double gradient)
{
    mpfr_t squares, ratio;
    const int64_t count = mean_divisor(source);
    mpfr_inits2(PRECISION, squares, ratio, (mpfr_ptr)0);
    sum_squares(source, squares);
    const bool is_zero = mpfr_zero_p(squares) != 0 || count == 0;
    if (!is_zero) set_ratio(ratio, gradient, squares, count);
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (!t->inside) continue;
        sums[t->place].touched = true;
        if (!is_zero) add_ratio(&sums[t->place], gradient, ratio);
    }
    mpfr_clears(squares, ratio, (mpfr_ptr)0);
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

static double forward_average(const taps_volume *source)
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

static double forward_norm(const taps_volume *source)
{
    const int64_t count = mean_divisor(source);
    mpfr_t squares;
    if (count == 0) return 0;
    mpfr_init2(squares, PRECISION);
    sum_squares(source, squares);
    divide(squares, count);
    const bool is_root = mpfr_number_p(squares) != 0 && mpfr_sgn(squares) >= 0;
    double value = is_root ? truth_round_root(source->p->destination.format, squares) : NAN;
    if (mpfr_inf_p(squares) && mpfr_sgn(squares) > 0) value = INFINITY;
    mpfr_clear(squares);
    return value;
}

static double forward_value(taps_volume *source, view_place at, int64_t *index)
{
    const poolgrad_problem *p = source->p;
    if (p->indices.data) {
        const int64_t place = taps_saved_pick(source, at);
        return place < 0 || source->values[place] == 0 ? 0 : source->values[place];
    }
    taps_look(source, at);
    if (p->kind == POOLGRAD_AVERAGE) return forward_average(source);
    if (p->kind == POOLGRAD_L2NORM) return forward_norm(source);
    taps_pick(source);
    const taps_tap *winner = taps_first_picked(source);
    if (!winner || !winner->inside) return 0;
    *index = view_holds_taps(&p->picks) ? winner - source->taps : winner->place;
    return winner->value == 0 ? 0 : winner->value;
}

/* Image number i of the clip, pooled or not, and channel number c of the window. */
static void forward_channel(taps_volume *source, int64_t i, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const literal_axis *a = source->axes;
    const bool pooled = i < literal_images(p);
    view_place at = {.n = p->clip.image + i, .c = p->destination_channel_offset + c};
    if (pooled) taps_load(source, p->offset_image + i, p->source_channel_offset + c);
    LITERAL_EACH(at, a[ALONG_DEPTH].written, a[ALONG_HEIGHT].written, a[ALONG_WIDTH].written)
    {
        int64_t index = -1;
        const double value = pooled ? forward_value(source, at, &index) : 0;
        view_set_number_at(&p->destination, at, value);
        if (p->picks.data) view_set_bits_at(&p->picks, at, (uint64_t)index);
    }
}

/* ---- Gradient ------------------------------------------------------------------------------------------------ */

static void scatter(taps_volume *source, sum *sums, double gradient)
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
        if (t->inside && (average || t->picked)) add_quotient(&sums[t->place], gradient, divisor);
    }
}

static void scatter_channel(taps_volume *source, sum *sums, int64_t i, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const literal_axis *a = source->axes;
    view_place at = {.n = p->gradient_region.image + i, .c = p->gradient_channel_offset + c};
    LITERAL_EACH(at, a[ALONG_DEPTH].counted, a[ALONG_HEIGHT].counted, a[ALONG_WIDTH].counted)
    {
        const double gradient = view_number_at(&p->source_gradient, at);
        const int64_t place = p->indices.data ? taps_saved_pick(source, at) : -1;
        if (place >= 0) add_quotient(&sums[place], gradient, 1);
        if (p->indices.data) continue;
        taps_look(source, at);
        scatter(source, sums, gradient);
    }
}

/* The value of a pixel of the destination that stands for pixel `at` of the source, -1: for none. */
static double finished(const taps_volume *source, sum *sums, int64_t at, double before)
{
    const poolgrad_format format = source->p->destination.format;
    if (at >= 0 && source->p->kind == POOLGRAD_L2NORM && sums[at].touched)
        return rounded_norm(format, &sums[at], source->values[at], before);
    if (at < 0 || source->p->kind == POOLGRAD_L2NORM) return before == 0 ? 0 : before;
    add_quotient(&sums[at], before, 1);
    return rounded_fraction(format, &sums[at]);
}

/* sums is null for an image inside the clip that nothing is computed for. */
static void write_gradient(const taps_volume *source, sum *sums, view_place at)
{
    const poolgrad_problem *p = source->p;
    const literal_axis *a = source->axes;
    LITERAL_EACH(at, a[ALONG_DEPTH].written, a[ALONG_HEIGHT].written, a[ALONG_WIDTH].written)
    {
        const double before = p->add_to_destination ? view_number_at(&p->destination, at) : 0;
        const double value = finished(source, sums, sums ? taps_mapped(source, at) : -1, before);
        view_set_number_at(&p->destination, at, value);
    }
}

static void gradient_channel(taps_volume *source, int64_t i, int64_t c)
{
    const poolgrad_problem *p = source->p;
    const view_place to = {.n = p->clip.image + i, .c = p->destination_channel_offset + c};
    if (i >= literal_images(p)) {
        write_gradient(source, NULL, to);
        return;
    }
    sum *sums = literal_array(source->pixels, sizeof *sums);
    for (int64_t k = 0; k < source->pixels; ++k) sum_begin(&sums[k], p->kind == POOLGRAD_L2NORM);
    taps_load(source, p->offset_image + i, p->source_channel_offset + c);
    scatter_channel(source, sums, i, c);
    write_gradient(source, sums, to);
    for (int64_t k = 0; k < source->pixels; ++k) sum_end(&sums[k]);
    free(sums);
}

void truth_run(const poolgrad_problem *p)
{
    const bool forward = p->direction == POOLGRAD_FORWARD;
    const literal_span images = literal_cut(p->clip.image, p->clip.images, p->destination.images);
    taps_volume source = taps_new(p);
    for (int64_t i = 0; i < literal_length(images); ++i)
        for (int64_t c = 0; c < literal_channels(p); ++c) (forward ? forward_channel : gradient_channel)(&source, i, c);
    taps_free(&source);
    literal_clear_unused_lanes(p, &p->destination);
    if (forward && p->picks.data) literal_clear_unused_lanes(p, &p->picks);
}
