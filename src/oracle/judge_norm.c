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
        poolgrad_interval_operand(d, operand, fabs(poolgrad_tap_value(&taps)), judge->geometry.source.format);
        poolgrad_interval_product(d, square, operand, operand, !divided);
        if (divided) poolgrad_interval_quotient(d, part, square, &judge->work.count.divisor, NULL, true);
        poolgrad_interval_sum_add(sum, divided ? part : square, false);
    }
    poolgrad_interval_sum_result(d, sum, result);
    poolgrad_interval_sum_operand(d, result);
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

void poolgrad_judge_take_root(struct poolgrad_judge *judge, struct poolgrad_interval *mean)
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

static struct poolgrad_bounds bounds_of(const struct poolgrad_interval *interval)
{
    return (struct poolgrad_bounds){mpfr_get_d(interval->low, MPFR_RNDN), mpfr_get_d(interval->high, MPFR_RNDN),
                                    interval->nan};
}

void poolgrad_judge_set_bounds(struct poolgrad_interval *interval, struct poolgrad_bounds bounds)
{
    mpfr_set_d(interval->low, bounds.low, MPFR_RNDN);
    mpfr_set_d(interval->high, bounds.high, MPFR_RNDN);
    interval->nan = bounds.nan;
}

/* Rounds the divisor; the reciprocal is that of either, as one operation or two. */
static void invert(struct poolgrad_judge *judge, struct poolgrad_interval *divisor)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *one = &judge->work.inverse.one, *reciprocal = &judge->work.inverse.reciprocal;
    struct poolgrad_interval *quotient = &judge->work.inverse.quotient;
    poolgrad_interval_set(one, 1);
    poolgrad_interval_divide(d, reciprocal, one, divisor);
    poolgrad_interval_round(d, reciprocal);
    poolgrad_interval_round(d, divisor);
    poolgrad_interval_divide(d, quotient, one, divisor);
    poolgrad_interval_round(d, quotient);
    poolgrad_interval_join(reciprocal, quotient);
}

static void keep_divisor(struct poolgrad_judge *judge, const struct poolgrad_interval *divisor,
                         struct poolgrad_divisor_bounds *bounds)
{
    bounds->value = bounds_of(divisor);
    bounds->reciprocal = bounds_of(&judge->work.inverse.reciprocal);
}

/* Of a mean: N times the root, or the root of N S, before it is rounded (docs/verification.md). */
static void multiply_root(struct poolgrad_judge *judge, struct poolgrad_interval *result)
{
    enum { ROUNDINGS = 4 }; /* by N and by the root, with reciprocals of both */
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *part = &judge->work.mean.part;
    poolgrad_interval_product(d, result, &judge->work.mean.mean, &judge->work.count.divisor, false);
    if (judge->geometry.divisor < 0 || judge->stores_norms) return;
    poolgrad_interval_product(d, part, &judge->work.mean.squares, &judge->work.count.divisor, false);
    poolgrad_interval_root(part);
    poolgrad_interval_join(result, part);
    poolgrad_interval_widen(d, result, ROUNDINGS);
}

/* (1 / N) / root and (1 / root) / N for the reciprocal of N times the root. */
static void join_scales(struct poolgrad_judge *judge, const struct poolgrad_divisor_bounds *bounds)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *root = &judge->work.steps.root, *reciprocal = &judge->work.steps.reciprocal;
    struct poolgrad_interval *part = &judge->work.steps.part, *scale = &judge->work.steps.product;
    const struct poolgrad_interval *count = &judge->work.count.divisor;
    poolgrad_judge_set_bounds(root, bounds->value);
    poolgrad_judge_set_bounds(reciprocal, bounds->reciprocal);
    poolgrad_interval_quotient(d, scale, reciprocal, count, NULL, false);
    poolgrad_interval_join(&judge->work.inverse.reciprocal, scale);
    poolgrad_interval_quotient(d, part, &judge->work.inverse.one, count, NULL, false);
    poolgrad_interval_quotient(d, scale, part, root, reciprocal, false);
    poolgrad_interval_join(&judge->work.inverse.reciprocal, scale);
}

static void find_divisors(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                          struct poolgrad_norm_bounds *bounds)
{
    const bool root_mean = judge->geometry.root_mean;
    struct poolgrad_interval *norm = &judge->work.inverse.divisor, *mean = &judge->work.mean.mean;
    struct poolgrad_interval *rooted = root_mean ? mean : norm;
    add_squares(judge, at, rooted);
    poolgrad_judge_take_root(judge, rooted);
    if (judge->stores_norms) {
        poolgrad_interval_round(&judge->declared, rooted);
        poolgrad_interval_keep(&judge->declared, rooted, judge->geometry.source_gradient.format);
    }
    if (root_mean) {
        bounds->count = poolgrad_window_count(&judge->geometry, at);
        invert(judge, mean);
        keep_divisor(judge, mean, &bounds->root);
        multiply_root(judge, norm);
    }
    invert(judge, norm);
    if (root_mean) join_scales(judge, &bounds->root);
    keep_divisor(judge, norm, &bounds->norm);
}

static void compose_divisors(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                             struct poolgrad_norm_bounds *bounds)
{
    struct poolgrad_interval *norm = &judge->work.inverse.divisor, *reciprocal = &judge->work.inverse.reciprocal;
    bounds->count = poolgrad_judge_composed_count(judge, at);
    poolgrad_judge_compose_norm(judge, at, norm, reciprocal);
    keep_divisor(judge, norm, &bounds->norm);
}

const struct poolgrad_norm_bounds *poolgrad_judge_norm(struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_area outputs = poolgrad_output_area(g);
    struct poolgrad_norm_bounds *bounds = &judge->norms[poolgrad_area_place(&outputs, output)];
    if (bounds->known) return bounds;
    bounds->known = true;
    const struct poolgrad_window_at at = poolgrad_judge_window(judge, output);
    bounds->is_zero = is_zero_window(judge, at);
    if (bounds->is_zero) return bounds;
    if (judge->composed == POOLGRAD_COMPOSED_NOT)
        find_divisors(judge, at, bounds);
    else
        compose_divisors(judge, at, bounds);
    return bounds;
}

/* ---- Terms ------------------------------------------------------------------------------------------------------- */

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

/* N or the root. Without a reciprocal, that of the value is computed. */
struct divisor {
    const struct poolgrad_interval *value, *reciprocal;
};

static void divide(struct poolgrad_judge *judge, struct poolgrad_interval *result, const struct poolgrad_interval *x,
                   struct divisor by, bool added)
{
    poolgrad_interval_quotient(&judge->declared, result, x, by.value, by.reciprocal, added);
}

/* What can come of factor and g, one of them or both, after the first division, into work.steps. */
static void take_first_step(struct poolgrad_judge *judge, struct divisor first)
{
    struct poolgrad_declared *d = &judge->declared;
    const struct poolgrad_interval *gradient = &judge->work.term.gradient, *factor = &judge->work.pixel.factor;
    struct poolgrad_interval *both = &judge->work.steps.both;
    struct poolgrad_interval *part = &judge->work.steps.part, *product = &judge->work.steps.product;
    divide(judge, &judge->work.steps.gradient, gradient, first, false);
    divide(judge, &judge->work.steps.factor, factor, first, false);
    poolgrad_interval_product(d, part, factor, gradient, false);
    divide(judge, both, part, first, false);
    poolgrad_interval_product(d, product, factor, &judge->work.steps.gradient, false);
    poolgrad_interval_join(both, product);
    poolgrad_interval_product(d, product, &judge->work.steps.factor, gradient, false);
    poolgrad_interval_join(both, product);
}

/* All orders that divide by the first before the second: intermediate results may overflow, or be lost. */
static void join_steps(struct poolgrad_judge *judge, struct divisor first, struct divisor second)
{
    struct poolgrad_declared *d = &judge->declared;
    const struct poolgrad_interval *gradient = &judge->work.term.gradient, *factor = &judge->work.pixel.factor;
    struct poolgrad_interval *whole = &judge->work.term.whole;
    struct poolgrad_interval *part = &judge->work.steps.part, *product = &judge->work.steps.product;
    take_first_step(judge, first);
    divide(judge, product, &judge->work.steps.both, second, true);
    poolgrad_interval_join(whole, product);
    divide(judge, part, &judge->work.steps.factor, second, false);
    poolgrad_interval_product(d, product, part, gradient, true);
    poolgrad_interval_join(whole, product);
    divide(judge, part, gradient, second, false);
    poolgrad_interval_product(d, product, &judge->work.steps.factor, part, true);
    poolgrad_interval_join(whole, product);
    divide(judge, part, &judge->work.steps.gradient, second, true);
    poolgrad_interval_join(&judge->work.term.quotient, part);
    poolgrad_interval_product(d, product, factor, part, true);
    poolgrad_interval_join(whole, product);
}

static void join_orders(struct poolgrad_judge *judge, const struct poolgrad_norm_bounds *bounds)
{
    struct poolgrad_interval *root = &judge->work.steps.root, *reciprocal = &judge->work.steps.reciprocal;
    const struct divisor by_root = {root, reciprocal}, by_count = {&judge->work.count.divisor, NULL};
    poolgrad_judge_set_bounds(root, bounds->root.value);
    poolgrad_judge_set_bounds(reciprocal, bounds->root.reciprocal);
    poolgrad_judge_set_divisor(judge, bounds->count);
    join_steps(judge, by_root, by_count);
    join_steps(judge, by_count, by_root);
}

/* g / norm into the first sum, the whole of a term into the second. A norm that comes out as 0 contributes nothing
 * (N35) or is divided by. */
void poolgrad_judge_add_quotient(struct poolgrad_judge *judge, const struct poolgrad_norm_bounds *bounds,
                                 double gradient)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *operand = &judge->work.term.gradient, *quotient = &judge->work.term.quotient;
    struct poolgrad_interval *norm = &judge->work.term.norm, *reciprocal = &judge->work.term.reciprocal;
    const bool optional = bounds->norm.value.low == 0;
    poolgrad_judge_set_bounds(norm, bounds->norm.value);
    poolgrad_judge_set_bounds(reciprocal, bounds->norm.reciprocal);
    poolgrad_interval_operand(d, operand, gradient, judge->geometry.source_gradient.format);
    poolgrad_interval_quotient(d, quotient, operand, norm, reciprocal, true);
    join_products(judge);
    if (judge->geometry.root_mean) join_orders(judge, bounds);
    poolgrad_interval_sum_add(&judge->sums[0], quotient, optional);
    poolgrad_interval_sum_add(&judge->sums[1], &judge->work.term.whole, optional);
}

void poolgrad_judge_finish_norm(struct poolgrad_judge *judge, double before, struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *sum = &judge->work.pixel.sum;
    const bool adds = judge->geometry.add_to_destination;
    poolgrad_interval_sum_result(d, &judge->sums[0], sum);
    poolgrad_interval_sum_operand(d, sum);
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
    if (judge->composed == POOLGRAD_COMPOSED_NOT) {
        add_squares(judge, at, result);
        poolgrad_judge_take_root(judge, result);
    } else {
        poolgrad_judge_compose_root(judge, at, result);
    }
    judge->greatest = sqrt(poolgrad_interval_sum_greatest(&judge->sums[2]));
    poolgrad_interval_round(&judge->declared, result);
}
