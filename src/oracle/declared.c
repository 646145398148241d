/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/declared.h"

#include <float.h>
#include <math.h>

#include "base/integer.h"

/* Sums are exact: float32 has 2^-149 to 2^128, and products of two of them twice that. Quotients and roots of numbers
 * of p bits that do not lie on a boundary of rounding are further than 2^-(2 p + 2) from it. */
enum { NARROW_SUM_BITS = 640, WIDE_SUM_BITS = 4608, BITS = 160 };

/* ---- Life -------------------------------------------------------------------------------------------------------- */

void poolgrad_interval_init(struct poolgrad_interval *interval)
{
    mpfr_inits2(BITS, interval->low, interval->high, (mpfr_ptr)0);
    interval->nan = false;
}

void poolgrad_interval_clear(struct poolgrad_interval *interval)
{
    mpfr_clears(interval->low, interval->high, (mpfr_ptr)0);
}

void poolgrad_declared_init(struct poolgrad_declared *d, const poolgrad_declaration *declaration,
                            poolgrad_format computed_in, poolgrad_format destination, bool wide)
{
    d->computed = poolgrad_precision_of(computed_in);
    d->stored = poolgrad_precision_of(destination);
    d->summed = declaration->stored_in == POOLGRAD_FORMAT_NONE ? d->computed
                                                               : poolgrad_precision_of(declaration->stored_in);
    d->sums_narrowly = d->summed.bits < d->computed.bits;
    d->sums_widely = d->summed.bits > d->computed.bits;
    d->divides = declaration->division != POOLGRAD_DIVISION_RECIPROCAL;
    d->multiplies = declaration->division != POOLGRAD_DIVISION_TRUE;
    d->fused = declaration->fusion != POOLGRAD_FUSION_NONE;
    d->flushes = declaration->subnormals != POOLGRAD_SUBNORMALS_KEPT;
    d->chain = declaration->chain;
    d->digits = declaration->digits;
    d->sum_bits = wide ? WIDE_SUM_BITS : NARROW_SUM_BITS;
    poolgrad_scratch_init(&d->scratch);
    mpz_init(d->mantissa);
    mpz_init_set_ui(d->one, 1);
    mpfr_inits2(BITS, d->a, d->b, d->growth, d->loss, d->shrinking, d->error, (mpfr_ptr)0);
    poolgrad_interval_init(&d->exact_product);
    poolgrad_interval_init(&d->reciprocal);
    poolgrad_interval_init(&d->scaled);
    poolgrad_interval_init(&d->leaf);
}

void poolgrad_declared_clear(struct poolgrad_declared *d)
{
    poolgrad_scratch_clear(&d->scratch);
    mpz_clears(d->mantissa, d->one, NULL);
    mpfr_clears(d->a, d->b, d->growth, d->loss, d->shrinking, d->error, (mpfr_ptr)0);
    poolgrad_interval_clear(&d->exact_product);
    poolgrad_interval_clear(&d->reciprocal);
    poolgrad_interval_clear(&d->scaled);
    poolgrad_interval_clear(&d->leaf);
}

/* ---- Intervals --------------------------------------------------------------------------------------------------- */

static void set_empty(struct poolgrad_interval *interval)
{
    mpfr_set_inf(interval->low, 1);
    mpfr_set_inf(interval->high, -1);
}

static bool is_empty(const struct poolgrad_interval *interval)
{
    return mpfr_greater_p(interval->low, interval->high) != 0;
}

void poolgrad_interval_set(struct poolgrad_interval *interval, double value)
{
    interval->nan = isnan(value);
    if (interval->nan) {
        set_empty(interval);
        return;
    }
    mpfr_set_d(interval->low, value, MPFR_RNDN);
    mpfr_set_d(interval->high, value, MPFR_RNDN);
}

void poolgrad_interval_copy(struct poolgrad_interval *to, const struct poolgrad_interval *from)
{
    mpfr_set(to->low, from->low, MPFR_RNDN);
    mpfr_set(to->high, from->high, MPFR_RNDN);
    to->nan = from->nan;
}

void poolgrad_interval_join(struct poolgrad_interval *interval, const struct poolgrad_interval *other)
{
    if (mpfr_less_p(other->low, interval->low)) mpfr_set(interval->low, other->low, MPFR_RNDN);
    if (mpfr_greater_p(other->high, interval->high)) mpfr_set(interval->high, other->high, MPFR_RNDN);
    interval->nan = interval->nan || other->nan;
}

/* Widens the interval to what one pair of ends gives; 0 times infinity gives a NaN, and 0 for its neighbours. */
static void join_end(struct poolgrad_interval *result, mpfr_t down, mpfr_t up)
{
    if (mpfr_nan_p(down) || mpfr_nan_p(up)) {
        result->nan = true;
        mpfr_set_zero(down, 1);
        mpfr_set_zero(up, 1);
    }
    if (mpfr_less_p(down, result->low)) mpfr_set(result->low, down, MPFR_RNDN);
    if (mpfr_greater_p(up, result->high)) mpfr_set(result->high, up, MPFR_RNDN);
}

static bool may_be_zero(const struct poolgrad_interval *interval)
{
    return !is_empty(interval) && mpfr_sgn(interval->low) <= 0 && mpfr_sgn(interval->high) >= 0;
}

static bool may_be_infinite(const struct poolgrad_interval *interval)
{
    return !is_empty(interval) && (mpfr_inf_p(interval->low) || mpfr_inf_p(interval->high));
}

typedef int operation(mpfr_t, const mpfr_t, const mpfr_t, mpfr_rnd_t);

static void combine(struct poolgrad_declared *d, struct poolgrad_interval *result, const struct poolgrad_interval *x,
                    const struct poolgrad_interval *y, operation *apply)
{
    const mpfr_t *const of_x[2] = {&x->low, &x->high}, *const of_y[2] = {&y->low, &y->high};
    result->nan = x->nan || y->nan;
    set_empty(result);
    if (is_empty(x) || is_empty(y)) return;
    for (int i = 0; i < 4; i++) {
        apply(d->a, *of_x[i / 2], *of_y[i % 2], MPFR_RNDD);
        apply(d->b, *of_x[i / 2], *of_y[i % 2], MPFR_RNDU);
        join_end(result, d->a, d->b);
    }
}

/* Where the ends of x meet those of y that is not negative: two of the four pairs are the outer ones. */
static bool combine_quickly(struct poolgrad_interval *result, const struct poolgrad_interval *x,
                            const struct poolgrad_interval *y, operation *apply, bool divides)
{
    const bool number = mpfr_number_p(x->low) && mpfr_number_p(x->high) && mpfr_number_p(y->low) &&
                        mpfr_number_p(y->high);
    if (!number || mpfr_sgn(y->low) < 0 || (divides && mpfr_zero_p(y->low))) return false;
    apply(result->low, x->low, (mpfr_sgn(x->low) < 0) == divides ? y->low : y->high, MPFR_RNDD);
    apply(result->high, x->high, (mpfr_sgn(x->high) < 0) == divides ? y->high : y->low, MPFR_RNDU);
    result->nan = x->nan || y->nan;
    return true;
}

/* Unrounded. A product of 0 and infinity may be a NaN. */
static void interval_multiply(struct poolgrad_declared *d, struct poolgrad_interval *result,
                              const struct poolgrad_interval *x, const struct poolgrad_interval *y)
{
    if (combine_quickly(result, x, y, mpfr_mul, false) || combine_quickly(result, y, x, mpfr_mul, false)) return;
    combine(d, result, x, y, mpfr_mul);
    result->nan = result->nan || (may_be_zero(x) && may_be_infinite(y)) || (may_be_infinite(x) && may_be_zero(y));
}

/* y is not negative. Above a divisor that may be 0 there is no bound. */
void poolgrad_interval_divide(struct poolgrad_declared *d, struct poolgrad_interval *result,
                              const struct poolgrad_interval *x, const struct poolgrad_interval *y)
{
    if (combine_quickly(result, x, y, mpfr_div, true)) return;
    combine(d, result, x, y, mpfr_div);
    if (is_empty(x) || is_empty(y) || !mpfr_zero_p(y->low)) return;
    if (mpfr_sgn(x->high) > 0) mpfr_set_inf(result->high, 1);
    if (mpfr_sgn(x->low) < 0) mpfr_set_inf(result->low, -1);
    if (mpfr_sgn(x->low) <= 0 && mpfr_sgn(x->high) >= 0) result->nan = true;
}

void poolgrad_interval_root(struct poolgrad_interval *interval)
{
    if (is_empty(interval)) return;
    mpfr_sqrt(interval->low, interval->low, MPFR_RNDD);
    mpfr_sqrt(interval->high, interval->high, MPFR_RNDU);
}

void poolgrad_interval_widen(struct poolgrad_declared *d, struct poolgrad_interval *interval, unsigned roundings)
{
    if (is_empty(interval)) return;
    mpfr_set_ui_2exp(d->a, roundings, -d->computed.bits, MPFR_RNDU);
    mpfr_ui_sub(d->b, 1, d->a, MPFR_RNDD);
    mpfr_add_ui(d->a, d->a, 1, MPFR_RNDU);
    mpfr_mul(interval->low, interval->low, d->b, MPFR_RNDD);
    mpfr_mul(interval->high, interval->high, d->a, MPFR_RNDU);
}

void poolgrad_interval_set_nan(struct poolgrad_interval *interval)
{
    set_empty(interval);
    interval->nan = true;
}

/* ---- Rounding ---------------------------------------------------------------------------------------------------- */

static double round_real(struct poolgrad_declared *d, const mpfr_t x, const struct poolgrad_precision *precision)
{
    if (mpfr_inf_p(x)) return mpfr_get_d(x, MPFR_RNDN);
    if (mpfr_zero_p(x)) return 0;
    if (precision->bits == DBL_MANT_DIG) return mpfr_get_d(x, MPFR_RNDN);
    if (precision->bits == FLT_MANT_DIG) return mpfr_get_flt(x, MPFR_RNDN);
    const mpfr_exp_t exponent = mpfr_get_z_2exp(d->mantissa, x);
    return poolgrad_round_quotient(precision, d->mantissa, exponent, d->one, &d->scratch);
}

static bool has_subnormals(const struct poolgrad_interval *interval, int least)
{
    return mpfr_cmp_si_2exp(interval->low, 1, least) < 0 && mpfr_cmp_si_2exp(interval->high, -1, least) > 0;
}

/* Subnormal ones may have become 0. */
static void flush(struct poolgrad_interval *interval)
{
    if (mpfr_sgn(interval->low) > 0) mpfr_set_zero(interval->low, 1);
    if (mpfr_sgn(interval->high) < 0) mpfr_set_zero(interval->high, 1);
}

static void round_to(struct poolgrad_declared *d, struct poolgrad_interval *interval,
                     const struct poolgrad_precision *precision)
{
    if (is_empty(interval)) return;
    /* Told before rounding: some processors lose what would round to the least normal number, others do not. */
    const bool loses = d->flushes && has_subnormals(interval, precision->least);
    mpfr_set_d(interval->low, round_real(d, interval->low, precision), MPFR_RNDN);
    mpfr_set_d(interval->high, round_real(d, interval->high, precision), MPFR_RNDN);
    if (loses) flush(interval);
}

void poolgrad_interval_round(struct poolgrad_declared *d, struct poolgrad_interval *interval)
{
    round_to(d, interval, &d->computed);
}

void poolgrad_interval_store(struct poolgrad_declared *d, struct poolgrad_interval *interval)
{
    round_to(d, interval, &d->stored);
}

void poolgrad_interval_keep(struct poolgrad_declared *d, struct poolgrad_interval *interval, poolgrad_format format)
{
    const struct poolgrad_precision precision = poolgrad_precision_of(format);
    round_to(d, interval, &precision);
    poolgrad_interval_round(d, interval);
}

/* What an addition makes of its exact sum: computed, then stored; or, in a wider format, stored alone. */
static void round_sum(struct poolgrad_declared *d, struct poolgrad_interval *interval)
{
    if (!d->sums_widely) poolgrad_interval_round(d, interval);
    if (d->sums_narrowly || d->sums_widely) round_to(d, interval, &d->summed);
}

void poolgrad_interval_operand(struct poolgrad_declared *d, struct poolgrad_interval *interval, double value,
                               poolgrad_format format)
{
    poolgrad_interval_set(interval, value);
    if (is_empty(interval)) return;
    if (d->flushes && has_subnormals(interval, poolgrad_precision_of(format).least)) flush(interval);
    round_to(d, interval, &d->computed);
}

void poolgrad_interval_product(struct poolgrad_declared *d, struct poolgrad_interval *result,
                               const struct poolgrad_interval *x, const struct poolgrad_interval *y, bool added)
{
    struct poolgrad_interval *exact = &d->exact_product;
    interval_multiply(d, result, x, y);
    if (added && d->fused) poolgrad_interval_copy(exact, result);
    poolgrad_interval_round(d, result);
    if (added && d->fused) poolgrad_interval_join(result, exact);
}

void poolgrad_interval_quotient(struct poolgrad_declared *d, struct poolgrad_interval *result,
                                const struct poolgrad_interval *x, const struct poolgrad_interval *y,
                                const struct poolgrad_interval *reciprocal, bool added)
{
    struct poolgrad_interval *by = &d->reciprocal, *product = &d->scaled;
    result->nan = false;
    set_empty(result);
    if (d->divides) {
        poolgrad_interval_divide(d, result, x, y);
        poolgrad_interval_round(d, result);
    }
    if (!d->multiplies) return;
    if (!reciprocal) {
        poolgrad_interval_set(product, 1);
        poolgrad_interval_divide(d, by, product, y);
        poolgrad_interval_round(d, by);
    }
    poolgrad_interval_product(d, product, x, reciprocal ? reciprocal : by, added);
    poolgrad_interval_join(result, product);
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

void poolgrad_interval_sum_init(struct poolgrad_interval_sum *sum, struct poolgrad_declared *d)
{
    sum->apart = d->sums_narrowly || d->sums_widely ? d : NULL;
    mpfr_inits2(d->sum_bits, sum->low, sum->high, sum->plus, sum->minus, (mpfr_ptr)0);
    mpfr_inits2(BITS, sum->most, sum->least, (mpfr_ptr)0);
    poolgrad_interval_sum_reset(sum);
}

void poolgrad_interval_sum_clear(struct poolgrad_interval_sum *sum)
{
    mpfr_clears(sum->low, sum->high, sum->plus, sum->minus, sum->most, sum->least, (mpfr_ptr)0);
}

void poolgrad_interval_sum_reset(struct poolgrad_interval_sum *sum)
{
    mpfr_set_zero(sum->low, 1);
    mpfr_set_zero(sum->high, 1);
    mpfr_set_zero(sum->plus, 1);
    mpfr_set_zero(sum->minus, 1);
    mpfr_set_zero(sum->most, 1);
    mpfr_set_zero(sum->least, 1);
    sum->terms = sum->count = 0;
    sum->must_be_nan = sum->may_be_nan = false;
    sum->must_be_plus = sum->may_be_plus = sum->must_be_minus = sum->may_be_minus = false;
}

/* Those that are finite. */
static void add_ends(struct poolgrad_interval_sum *sum, const struct poolgrad_interval *term, bool optional)
{
    if (mpfr_number_p(term->low)) {
        if (!optional || mpfr_sgn(term->low) < 0) mpfr_add(sum->low, sum->low, term->low, MPFR_RNDD);
        if (mpfr_sgn(term->low) < 0) mpfr_sub(sum->minus, sum->minus, term->low, MPFR_RNDU);
    }
    if (mpfr_number_p(term->high)) {
        if (!optional || mpfr_sgn(term->high) > 0) mpfr_add(sum->high, sum->high, term->high, MPFR_RNDU);
        if (mpfr_sgn(term->high) > 0) mpfr_add(sum->plus, sum->plus, term->high, MPFR_RNDU);
    }
    if (optional) return;
    if (mpfr_number_p(term->low) && mpfr_greater_p(term->low, sum->most)) mpfr_set(sum->most, term->low, MPFR_RNDN);
    if (mpfr_number_p(term->high) && mpfr_less_p(term->high, sum->least)) mpfr_set(sum->least, term->high, MPFR_RNDN);
}

/* A term that a sum begins with, added to 0, is stored as a sum; one that is added later is not. */
static const struct poolgrad_interval *read_leaf(struct poolgrad_declared *d, const struct poolgrad_interval *term)
{
    poolgrad_interval_copy(&d->leaf, term);
    round_sum(d, &d->leaf);
    poolgrad_interval_join(&d->leaf, term);
    return &d->leaf;
}

void poolgrad_interval_sum_add(struct poolgrad_interval_sum *sum, const struct poolgrad_interval *term, bool optional)
{
    if (sum->apart) term = read_leaf(sum->apart, term);
    const bool empty = is_empty(term);
    sum->terms++;
    sum->may_be_nan = sum->may_be_nan || term->nan;
    sum->must_be_nan = sum->must_be_nan || (empty && !optional);
    if (empty) return;
    const bool plus = mpfr_inf_p(term->high) && mpfr_sgn(term->high) > 0;
    const bool minus = mpfr_inf_p(term->low) && mpfr_sgn(term->low) < 0;
    const bool only_plus = mpfr_inf_p(term->low) && !minus, only_minus = mpfr_inf_p(term->high) && !plus;
    sum->may_be_plus = sum->may_be_plus || plus;
    sum->may_be_minus = sum->may_be_minus || minus;
    sum->must_be_plus = sum->must_be_plus || (only_plus && !optional && !term->nan);
    sum->must_be_minus = sum->must_be_minus || (only_minus && !optional && !term->nan);
    if (mpfr_zero_p(term->low) && mpfr_zero_p(term->high)) return;
    sum->count++;
    add_ends(sum, term, optional);
}

/* ---- Their bounds ------------------------------------------------------------------------------------------------ */

/* How many additions before the last one a term goes through at most, of `inner` ones. A tree of n leaves is as deep as
 * the logarithm of n at least, whatever is declared. */
static int64_t depth_of(const struct poolgrad_declared *d, int64_t terms, int64_t inner)
{
    int64_t least = 0;
    if (d->chain == 0) return inner;
    while (INT64_C(1) << least < terms) least++;
    return poolgrad_min(inner, poolgrad_max(d->chain, least) - 1);
}

/* 1 + u of one addition: of two roundings where a narrower format is stored in. */
static void set_addition_growth(struct poolgrad_declared *d, mpfr_t growth)
{
    mpfr_set_ui_2exp(growth, 1, -d->summed.bits, MPFR_RNDU);
    mpfr_add_ui(growth, growth, 1, MPFR_RNDU);
    if (!d->sums_narrowly) return;
    mpfr_set_ui_2exp(d->b, 1, -d->computed.bits, MPFR_RNDU);
    mpfr_add_ui(d->b, d->b, 1, MPFR_RNDU);
    mpfr_mul(growth, growth, d->b, MPFR_RNDU);
}

/* What an addition loses at most where its result is below the least normal number: all of it, flushed; half of the
 * least number, of a term with more bits than sums are stored with, or of a product that was not rounded. */
static void set_addition_loss(struct poolgrad_declared *d, mpfr_t loss)
{
    mpfr_set_zero(loss, 1);
    if (d->flushes) {
        mpfr_set_ui_2exp(loss, 1, d->summed.least, MPFR_RNDU);
        return;
    }
    if (d->sums_narrowly || d->fused) mpfr_set_ui_2exp(loss, 1, d->summed.least - d->summed.bits, MPFR_RNDU);
    if (!d->sums_narrowly || !d->fused) return;
    mpfr_set_ui_2exp(d->b, 1, d->computed.least - d->computed.bits, MPFR_RNDU);
    mpfr_add(loss, loss, d->b, MPFR_RNDU);
}

/* growth = (1 + u)^depth - 1, which a term grows by at most; loss = what all inner additions lose beside. */
static void bound_growth(struct poolgrad_declared *d, const struct poolgrad_interval_sum *sum)
{
    const int64_t inner = sum->count > 2 ? sum->count - 2 : 0;
    set_addition_growth(d, d->a);
    mpfr_pow_ui(d->growth, d->a, (unsigned long)depth_of(d, sum->terms, inner), MPFR_RNDU);
    set_addition_loss(d, d->loss);
    mpfr_mul(d->loss, d->loss, d->growth, MPFR_RNDU);
    mpfr_mul_ui(d->loss, d->loss, (unsigned long)inner, MPFR_RNDU);
    mpfr_sub_ui(d->growth, d->growth, 1, MPFR_RNDU);
}

/* error = what a sum of terms is off by before the last rounding, at most: those that grow, and d->shrinking. */
static void bound_error(struct poolgrad_declared *d, const mpfr_t growing)
{
    mpfr_mul(d->a, growing, d->growth, MPFR_RNDU);
    mpfr_add_ui(d->b, d->growth, 1, MPFR_RNDD);
    mpfr_div(d->b, d->growth, d->b, MPFR_RNDU);
    mpfr_mul(d->b, d->shrinking, d->b, MPFR_RNDU);
    mpfr_add(d->error, d->a, d->b, MPFR_RNDU);
    mpfr_add(d->error, d->error, d->loss, MPFR_RNDU);
}

/* Whether some partial sum does. With two terms the one rounding overflows where the sum does. */
static bool overflows(struct poolgrad_declared *d, const struct poolgrad_interval_sum *sum, const mpfr_t terms)
{
    if (sum->count <= 2) return false;
    mpfr_mul(d->a, terms, d->growth, MPFR_RNDU);
    mpfr_add(d->a, d->a, terms, MPFR_RNDU);
    mpfr_add(d->a, d->a, d->loss, MPFR_RNDU);
    if (!d->sums_narrowly) return isinf(round_real(d, d->a, &d->summed));
    mpfr_set_d(d->a, round_real(d, d->a, &d->computed), MPFR_RNDN);
    return isinf(round_real(d, d->a, &d->summed));
}

/* Below, what is under 0 grows and what is above shrinks; above, the other way round. */
static void set_ends(struct poolgrad_declared *d, const struct poolgrad_interval_sum *sum,
                     struct poolgrad_interval *result)
{
    mpfr_add(d->shrinking, sum->low, sum->minus, MPFR_RNDU);
    bound_error(d, sum->minus);
    mpfr_sub(result->low, sum->low, d->error, MPFR_RNDD);
    mpfr_sub(d->shrinking, sum->plus, sum->high, MPFR_RNDU);
    bound_error(d, sum->plus);
    mpfr_add(result->high, sum->high, d->error, MPFR_RNDU);
}

/* Terms of one sign: since rounding is monotone, no partial sum is nearer to 0 than a term in it. What may be flushed
 * has 0 in its interval. */
static void keep_greatest(const struct poolgrad_interval_sum *sum, struct poolgrad_interval *result)
{
    if (mpfr_zero_p(sum->minus) && !sum->may_be_minus) {
        mpfr_max(result->low, result->low, sum->most, MPFR_RNDD);
    } else if (mpfr_zero_p(sum->plus) && !sum->may_be_plus) {
        mpfr_min(result->high, result->high, sum->least, MPFR_RNDU);
    }
}

void poolgrad_interval_sum_result(struct poolgrad_declared *d, const struct poolgrad_interval_sum *sum,
                                  struct poolgrad_interval *result)
{
    bound_growth(d, sum);
    const bool plus = sum->may_be_plus || overflows(d, sum, sum->plus);
    const bool minus = sum->may_be_minus || overflows(d, sum, sum->minus);
    result->nan = sum->may_be_nan || (plus && minus);
    set_empty(result);
    if (sum->must_be_nan || (sum->must_be_plus && sum->must_be_minus)) return;
    if (sum->must_be_plus || sum->must_be_minus) {
        mpfr_set_inf(result->low, sum->must_be_plus ? 1 : -1);
        mpfr_set_inf(result->high, sum->must_be_plus ? 1 : -1);
        return;
    }
    set_ends(d, sum, result);
    keep_greatest(sum, result);
    if (plus) mpfr_set_inf(result->high, 1);
    if (minus) mpfr_set_inf(result->low, -1);
    if (sum->count > 1 || d->fused || sum->apart) round_sum(d, result);
}

void poolgrad_interval_sum_operand(struct poolgrad_declared *d, struct poolgrad_interval *sum)
{
    if (d->sums_widely) poolgrad_interval_round(d, sum);
}

double poolgrad_interval_sum_greatest(const struct poolgrad_interval_sum *sum)
{
    return fmax(mpfr_get_d(sum->most, MPFR_RNDN), -mpfr_get_d(sum->least, MPFR_RNDN));
}

/* ---- What was printed -------------------------------------------------------------------------------------------- */

/* Between which numbers those lie that are printed as the value is, with the declared digits; false: the value is none
 * that was printed so, and stands for itself. */
static bool find_printed(struct poolgrad_declared *d, double value, struct poolgrad_interval *printed)
{
    mpz_ui_pow_ui(d->mantissa, 10, (unsigned long)d->digits);
    mpfr_set_z(d->growth, d->mantissa, MPFR_RNDN);
    mpfr_mul_d(d->loss, d->growth, value, MPFR_RNDN);
    mpfr_rint(d->loss, d->loss, MPFR_RNDN);
    mpfr_div(d->a, d->loss, d->growth, MPFR_RNDN);
    if (round_real(d, d->a, &d->stored) != value) return false;
    mpfr_mul_2ui(d->growth, d->growth, 1, MPFR_RNDN);
    mpfr_mul_2ui(d->loss, d->loss, 1, MPFR_RNDN);
    mpfr_sub_ui(d->a, d->loss, 1, MPFR_RNDD);
    mpfr_add_ui(d->b, d->loss, 1, MPFR_RNDU);
    mpfr_div(printed->low, d->a, d->growth, MPFR_RNDD);
    mpfr_div(printed->high, d->b, d->growth, MPFR_RNDU);
    return true;
}

bool poolgrad_interval_holds(struct poolgrad_declared *d, const struct poolgrad_interval *interval, double value)
{
    struct poolgrad_interval *printed = &d->scaled;
    if (isnan(value)) return interval->nan;
    if (d->digits > 0 && isfinite(value) && find_printed(d, value, printed)) {
        return mpfr_lessequal_p(interval->low, printed->high) && mpfr_greaterequal_p(interval->high, printed->low);
    }
    return mpfr_cmp_d(interval->low, value) <= 0 && mpfr_cmp_d(interval->high, value) >= 0;
}
