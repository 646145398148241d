/* SPDX-License-Identifier: Apache-2.0 */
/* What norms, roots of means and their gradients can come out as. */
#include <math.h>

#include "image/ieee.h"
#include "oracle/judge_parts.h"

/* Whether all taps are 0. */
static bool is_zero_window(const struct poolgrad_judge *judge, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(&judge->geometry, at);
    while (poolgrad_taps_next(&taps)) {
        if (poolgrad_tap_value(&taps) != 0) return false;
    }
    return true;
}

/* The sum of squares, or of squares that are divided one by one. */
static void sum_squares(struct poolgrad_judge *judge, struct poolgrad_window_at at, bool divided,
                        struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *operand = &judge->work.squares.tap, *square = &judge->work.squares.square;
    struct poolgrad_interval_sum *sum = &judge->sums[2];
    struct poolgrad_interval *part = &judge->work.squares.part;
    struct poolgrad_taps taps = poolgrad_taps_inside(&judge->geometry, at);
    poolgrad_interval_sum_reset(sum);
    while (poolgrad_taps_next(&taps)) {
        const double tap = poolgrad_tap_value(&taps);
        if (tap == 0) continue;
        poolgrad_interval_operand(d, operand, fabs(tap), judge->geometry.source.format);
        poolgrad_interval_product(d, square, operand, operand, !divided);
        if (divided) poolgrad_interval_quotient(d, part, square, &judge->work.count.divisor, NULL, true);
        poolgrad_interval_sum_add(sum, divided ? part : square, false);
    }
    poolgrad_interval_sum_result(d, sum, result);
    /* Squares are not negative, nor are their sums. */
    if (mpfr_sgn(result->low) < 0 && mpfr_sgn(result->high) >= 0) mpfr_set_zero(result->low, 1);
}

/* What the root is taken of, into `result`: the sum of squares, or their mean. */
static void add_squares(struct poolgrad_judge *judge, struct poolgrad_window_at at, struct poolgrad_interval *result)
{
    struct poolgrad_interval *squares = &judge->work.mean.squares;
    sum_squares(judge, at, false, judge->geometry.root_mean ? squares : result);
    if (!judge->geometry.root_mean) return;
    poolgrad_judge_set_divisor(judge, poolgrad_window_count(&judge->geometry, at));
    poolgrad_interval_quotient(&judge->declared, result, squares, &judge->work.count.divisor, NULL, false);
    sum_squares(judge, at, true, &judge->work.mean.part);
    poolgrad_interval_join(result, &judge->work.mean.part);
}

/* Of what is negative by a negative divisor there is none; but a mean can be lost on the way to 0. */
static void take_root(struct poolgrad_judge *judge, struct poolgrad_interval *mean)
{
    if (judge->geometry.root_mean && judge->geometry.divisor < 0) {
        const bool lost = mpfr_zero_p(mean->high) != 0;
        if (lost)
            poolgrad_interval_set(mean, 0);
        else
            poolgrad_interval_set_nan(mean);
        mean->nan = true;
        return;
    }
    poolgrad_interval_root(mean);
}

/* What a window's gradient is divided by, before it is rounded: the root; of a mean N times the root, or the root of
 * N S, in any order of the steps (docs/verification.md). */
static void find_divisor(struct poolgrad_judge *judge, struct poolgrad_window_at at, struct poolgrad_interval *result)
{
    enum { ROUNDINGS = 4 }; /* by N and by the root one after the other, with reciprocals of both */
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *mean = &judge->work.mean.mean, *part = &judge->work.mean.part;
    add_squares(judge, at, judge->geometry.root_mean ? mean : result);
    if (!judge->geometry.root_mean) {
        take_root(judge, result);
        return;
    }
    take_root(judge, mean);
    poolgrad_interval_round(d, mean);
    poolgrad_interval_product(d, result, mean, &judge->work.count.divisor, false);
    if (judge->geometry.divisor < 0) return;
    poolgrad_interval_product(d, part, &judge->work.mean.squares, &judge->work.count.divisor, false);
    poolgrad_interval_root(part);
    poolgrad_interval_join(result, part);
    poolgrad_interval_widen(d, result, ROUNDINGS);
}

/* The root rounded; and 1 / root, as one operation or with the rounded root. */
static void invert_root(struct poolgrad_judge *judge)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *norm = &judge->work.inverse.norm, *one = &judge->work.inverse.one;
    struct poolgrad_interval *reciprocal = &judge->work.inverse.reciprocal;
    struct poolgrad_interval *quotient = &judge->work.inverse.quotient;
    poolgrad_interval_set(one, 1);
    poolgrad_interval_divide(d, reciprocal, one, &judge->work.inverse.root);
    poolgrad_interval_round(d, reciprocal);
    poolgrad_interval_copy(norm, &judge->work.inverse.root);
    poolgrad_interval_round(d, norm);
    poolgrad_interval_divide(d, quotient, one, norm);
    poolgrad_interval_round(d, quotient);
    poolgrad_interval_join(reciprocal, quotient);
}

const struct poolgrad_norm_bounds *poolgrad_judge_norm(struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_area outputs = poolgrad_output_area(g);
    struct poolgrad_norm_bounds *bounds = &judge->norms[poolgrad_area_place(&outputs, output)];
    struct poolgrad_interval *root = &judge->work.inverse.root, *norm = &judge->work.inverse.norm;
    const struct poolgrad_interval *reciprocal = &judge->work.inverse.reciprocal;
    if (bounds->known) return bounds;
    bounds->known = true;
    const struct poolgrad_window_at at = poolgrad_judge_window(judge, output);
    bounds->is_zero = is_zero_window(judge, at);
    if (bounds->is_zero) return bounds;
    find_divisor(judge, at, root);
    invert_root(judge);
    bounds->low = mpfr_get_d(norm->low, MPFR_RNDN);
    bounds->high = mpfr_get_d(norm->high, MPFR_RNDN);
    bounds->reciprocal_low = mpfr_get_d(reciprocal->low, MPFR_RNDN);
    bounds->reciprocal_high = mpfr_get_d(reciprocal->high, MPFR_RNDN);
    bounds->may_be_nan = norm->nan;
    bounds->must_be_nan = bounds->low > bounds->high;
    bounds->reciprocal_nan = reciprocal->nan;
    return bounds;
}

static void set_bounds(struct poolgrad_interval *interval, double low, double high, bool nan)
{
    mpfr_set_d(interval->low, low, MPFR_RNDN);
    mpfr_set_d(interval->high, high, MPFR_RNDN);
    interval->nan = nan;
}

/* factor (g / norm), (factor g) / norm and (factor / norm) g, which are the whole of a term. */
static void join_products(struct poolgrad_judge *judge)
{
    const struct poolgrad_interval *gradient = &judge->work.term.gradient;
    const struct poolgrad_interval *quotient = &judge->work.term.quotient;
    struct poolgrad_interval *whole = &judge->work.term.whole;
    struct poolgrad_declared *d = &judge->declared;
    const struct poolgrad_interval *factor = &judge->work.pixel.factor, *norm = &judge->work.term.norm;
    const struct poolgrad_interval *reciprocal = &judge->work.term.reciprocal;
    struct poolgrad_interval *part = &judge->work.term.part, *product = &judge->work.term.product;
    poolgrad_interval_product(d, whole, factor, quotient, true);
    poolgrad_interval_product(d, part, factor, gradient, false);
    poolgrad_interval_quotient(d, product, part, norm, reciprocal, true);
    poolgrad_interval_join(whole, product);
    poolgrad_interval_quotient(d, part, factor, norm, reciprocal, false);
    poolgrad_interval_product(d, product, part, gradient, true);
    poolgrad_interval_join(whole, product);
}

/* g / norm into the first sum, the whole of a term into the second. A norm that comes out as 0 contributes nothing
 * (N35) or is divided by. */
void poolgrad_judge_add_quotient(struct poolgrad_judge *judge, const struct poolgrad_norm_bounds *bounds,
                                 double gradient)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *operand = &judge->work.term.gradient, *quotient = &judge->work.term.quotient;
    struct poolgrad_interval *norm = &judge->work.term.norm, *reciprocal = &judge->work.term.reciprocal;
    const bool optional = bounds->low == 0;
    set_bounds(norm, bounds->low, bounds->high, bounds->may_be_nan);
    set_bounds(reciprocal, bounds->reciprocal_low, bounds->reciprocal_high, bounds->reciprocal_nan);
    poolgrad_interval_operand(d, operand, gradient, judge->geometry.source_gradient.format);
    poolgrad_interval_quotient(d, quotient, operand, norm, reciprocal, true);
    poolgrad_interval_sum_add(&judge->sums[0], quotient, optional);
    join_products(judge);
    poolgrad_interval_sum_add(&judge->sums[1], &judge->work.term.whole, optional);
}

void poolgrad_judge_finish_norm(struct poolgrad_judge *judge, double before, struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *sum = &judge->work.pixel.sum;
    const bool adds = judge->geometry.add_to_destination;
    poolgrad_interval_sum_result(d, &judge->sums[0], sum);
    poolgrad_interval_product(d, result, &judge->work.pixel.factor, sum, adds);
    poolgrad_judge_add_last(judge, result, before);
    if (adds) poolgrad_judge_add_before(judge, &judge->sums[1], before);
    poolgrad_interval_sum_result(d, &judge->sums[1], sum);
    poolgrad_interval_join(result, sum);
}

void poolgrad_judge_forward_norm(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                 struct poolgrad_interval *result)
{
    poolgrad_interval_set(result, 0);
    if (is_zero_window(judge, at)) return;
    add_squares(judge, at, result);
    take_root(judge, result);
    poolgrad_interval_round(&judge->declared, result);
}
