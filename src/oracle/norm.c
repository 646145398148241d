/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L2-norm, exactly: sums of gradients over square roots (docs/numerics.md N91).
 *
 * Square roots of positive rationals that differ by more than a rational factor are linearly independent over the
 * rationals (Besicovitch 1940). So terms are put together whose squares' product is a square: a class has one root and
 * a rational factor. If every class but that of rational roots has the factor 0, the sum is rational and is rounded as
 * such. Else it is irrational, lies on no boundary of rounding, and some precision decides on which side it is.
 */
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

#include "oracle/exact_mode.h"

static void add_square(double tap, struct poolgrad_square *square, struct poolgrad_scratch *scratch)
{
    int64_t exponent;
    poolgrad_split(tap, scratch->a, &exponent);
    mpz_mul(scratch->a, scratch->a, scratch->a);
    exponent *= 2;
    if (mpz_sgn(square->sum) == 0) {
        square->exponent = exponent;
    } else if (exponent < square->exponent) {
        mpz_mul_2exp(square->sum, square->sum, (mp_bitcnt_t)(square->exponent - exponent));
        square->exponent = exponent;
    } else {
        mpz_mul_2exp(scratch->a, scratch->a, (mp_bitcnt_t)(exponent - square->exponent));
    }
    mpz_add(square->sum, square->sum, scratch->a);
}

void poolgrad_window_square(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                            struct poolgrad_square *square, struct poolgrad_scratch *scratch)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    mpz_set_ui(square->sum, 0);
    square->exponent = 0;
    square->is_nan = square->is_infinite = false;
    while (poolgrad_taps_next(&taps)) {
        const double tap = poolgrad_tap_value(&taps);
        square->is_nan = square->is_nan || isnan(tap);
        square->is_infinite = square->is_infinite || isinf(tap);
        if (isfinite(tap) && tap != 0) add_square(tap, square, scratch);
    }
}

/* N sqrt(S / N) is sqrt(N S), or no number where N is negative and S is not 0. */
void poolgrad_divisor_square(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                             struct poolgrad_square *square, struct poolgrad_scratch *scratch)
{
    poolgrad_window_square(g, at, square, scratch);
    if (!g->root_mean) return;
    const int64_t count = poolgrad_window_count(g, at);
    square->is_nan = square->is_nan || (count < 0 && (square->is_infinite || mpz_sgn(square->sum) != 0));
    poolgrad_set_integer(scratch->a, count);
    mpz_mul(square->sum, square->sum, scratch->a);
}

/* ---- Rational sums ----------------------------------------------------------------------------------------------- */

/* Exponents are even, being those of squares: the root of sum 2^exponent is that of sum, and 2^(exponent / 2). With a
 * representative r, gradient / sqrt(s) = gradient sqrt(s r) / s / sqrt(r). */
static void add_to_class(const struct poolgrad_norm_term *term, const struct poolgrad_square *representative,
                         const mpz_t root, struct poolgrad_sum *sum, struct poolgrad_scratch *scratch)
{
    mpz_t numerator;
    int64_t exponent;
    mpz_init(numerator);
    poolgrad_split(term->gradient, numerator, &exponent);
    mpz_mul(numerator, numerator, root);
    exponent += (representative->exponent - term->square.exponent) / 2;
    poolgrad_sum_add_fraction(sum, numerator, exponent, term->square.sum, scratch);
    mpz_clear(numerator);
}

/* The sum over the class of terms[first], whose members are marked. */
static void sum_class(const struct poolgrad_norm_term *terms, int64_t count, int64_t first, bool *done,
                      struct poolgrad_sum *sum, struct poolgrad_scratch *scratch)
{
    const struct poolgrad_square *representative = &terms[first].square;
    mpz_t product;
    mpz_init(product);
    poolgrad_sum_reset(sum);
    for (int64_t i = first; i < count; i++) {
        if (done[i]) continue;
        mpz_mul(product, terms[i].square.sum, representative->sum);
        if (!mpz_perfect_square_p(product)) continue;
        mpz_sqrt(product, product);
        add_to_class(&terms[i], representative, product, sum, scratch);
        done[i] = true;
    }
    mpz_clear(product);
}

/* before + factor * sum of a class of rational roots, where `sum` is over sqrt(representative). */
static double round_rational(struct poolgrad_sum *sum, const struct poolgrad_square *representative, double factor,
                             double before, const struct poolgrad_precision *precision,
                             struct poolgrad_scratch *scratch)
{
    struct poolgrad_sum total;
    mpz_t root, numerator;
    int64_t exponent;
    poolgrad_sum_init(&total);
    mpz_inits(root, numerator, NULL);
    mpz_sqrt(root, representative->sum);
    mpz_mul(root, root, sum->denominator);
    poolgrad_split(factor, numerator, &exponent);
    mpz_mul(numerator, numerator, sum->numerator);
    exponent += sum->exponent - representative->exponent / 2;
    poolgrad_sum_add_fraction(&total, numerator, exponent, root, scratch);
    poolgrad_sum_add(&total, before, 1, scratch);
    const double rounded = poolgrad_sum_round(&total, precision, scratch);
    mpz_clears(root, numerator, NULL);
    poolgrad_sum_clear(&total);
    return rounded;
}

/* Whether the sum is rational; then it is rounded. `done` is all false. */
static bool is_rational(const struct poolgrad_norm_term *terms, int64_t count, bool *done, double factor, double before,
                        const struct poolgrad_precision *precision, double *rounded)
{
    struct poolgrad_scratch scratch;
    struct poolgrad_sum sum;
    bool rational = true;
    poolgrad_scratch_init(&scratch);
    poolgrad_sum_init(&sum);
    *rounded = poolgrad_round_double(before, precision, &scratch);
    for (int64_t i = 0; rational && i < count; i++) {
        if (done[i]) continue;
        sum_class(terms, count, i, done, &sum, &scratch);
        if (mpz_sgn(sum.numerator) == 0) continue;
        rational = mpz_perfect_square_p(terms[i].square.sum) != 0;
        if (rational) *rounded = round_rational(&sum, &terms[i].square, factor, before, precision, &scratch);
    }
    poolgrad_sum_clear(&sum);
    poolgrad_scratch_clear(&scratch);
    return rational;
}

/* ---- Irrational sums --------------------------------------------------------------------------------------------- */

/* The number rounded to the format. */
static double round_mpfr(const mpfr_t number, const struct poolgrad_precision *precision,
                         struct poolgrad_scratch *scratch)
{
    mpz_t mantissa, one;
    mpz_init(mantissa);
    mpz_init_set_ui(one, 1);
    const mpfr_exp_t exponent = mpfr_zero_p(number) ? 0 : mpfr_get_z_2exp(mantissa, number);
    const double rounded = poolgrad_round_quotient(precision, mantissa, exponent, one, scratch);
    mpz_clears(mantissa, one, NULL);
    return rounded;
}

bool poolgrad_norm_decides(const mpfr_t sum, mpfr_exp_t error, double factor, double before,
                           const struct poolgrad_precision *precision, struct poolgrad_scratch *scratch,
                           double *rounded)
{
    const mpfr_prec_t bits = mpfr_get_prec(sum) + POOLGRAD_NORM_BITS;
    int power;
    mpfr_t low, high, radius;
    mpfr_inits2(bits, low, high, radius, (mpfr_ptr)0);
    frexp(factor, &power);
    mpfr_set_ui_2exp(radius, 1, error + power, MPFR_RNDU);
    mpfr_mul_d(low, sum, factor, MPFR_RNDN); /* exact: as wide as both together */
    mpfr_add(high, low, radius, MPFR_RNDU);
    mpfr_sub(low, low, radius, MPFR_RNDD);
    mpfr_add_d(low, low, before, MPFR_RNDD);
    mpfr_add_d(high, high, before, MPFR_RNDU);
    *rounded = round_mpfr(low, precision, scratch);
    const double other = round_mpfr(high, precision, scratch);
    const bool decided = *rounded == other && signbit(*rounded) == signbit(other);
    mpfr_clears(low, high, radius, (mpfr_ptr)0);
    return decided;
}

void poolgrad_norm_quotient(mpfr_t quotient, double gradient, const struct poolgrad_square *square)
{
    mpfr_t exact;
    mpfr_init2(exact, (mpfr_prec_t)mpz_sizeinbase(square->sum, 2) + 1);
    mpfr_set_z_2exp(exact, square->sum, square->exponent, MPFR_RNDN);
    mpfr_rec_sqrt(quotient, exact, MPFR_RNDN);
    mpfr_mul_d(quotient, quotient, gradient, MPFR_RNDN);
    mpfr_clear(exact);
}

mpfr_exp_t poolgrad_norm_error(mpfr_exp_t greatest, int64_t count, mpfr_prec_t bits)
{
    int power = 0;
    frexp((double)count, &power); /* count < 2^power */
    return greatest + 2 * (mpfr_exp_t)power + 3 - (mpfr_exp_t)bits;
}

/* The sum with this many bits; true if that decides the rounding. */
static bool try_precision(const struct poolgrad_norm_term *terms, int64_t count, mpfr_prec_t bits, double factor,
                          double before, const struct poolgrad_precision *precision, double *rounded)
{
    struct poolgrad_scratch scratch;
    mpfr_t sum, term;
    mpfr_exp_t greatest = mpfr_get_emin();
    poolgrad_scratch_init(&scratch);
    mpfr_inits2(bits, sum, term, (mpfr_ptr)0);
    mpfr_set_zero(sum, 1);
    for (int64_t i = 0; i < count; i++) {
        if (terms[i].gradient == 0) continue;
        poolgrad_norm_quotient(term, terms[i].gradient, &terms[i].square);
        if (mpfr_get_exp(term) > greatest) greatest = mpfr_get_exp(term);
        mpfr_add(sum, sum, term, MPFR_RNDN);
    }
    const mpfr_exp_t error = poolgrad_norm_error(greatest, count, bits);
    const bool decided = poolgrad_norm_decides(sum, error, factor, before, precision, &scratch, rounded);
    mpfr_clears(sum, term, (mpfr_ptr)0);
    poolgrad_scratch_clear(&scratch);
    return decided;
}

bool poolgrad_norm_sum(const struct poolgrad_norm_term *terms, int64_t count, double factor, double before,
                       const struct poolgrad_precision *precision, double *rounded)
{
    bool *done = calloc((size_t)count + 1, sizeof *done);
    if (!done) return false;
    if (!is_rational(terms, count, done, factor, before, precision, rounded)) {
        for (mpfr_prec_t bits = 2 * (mpfr_prec_t)POOLGRAD_NORM_BITS;
             !try_precision(terms, count, bits, factor, before, precision, rounded); bits *= 2) {
        }
    }
    free(done);
    return true;
}
