/* SPDX-License-Identifier: Apache-2.0 */
/* What L2-norms and their gradients can come out as that are composed of operations on whole tensors, each of which
 * stores its result (docs/verification.md). */
#include <math.h>

#include "image/ieee.h"
#include "oracle/judge_parts.h"
#include "oracle/verification.h"

/* ---- What is stored ---------------------------------------------------------------------------------------------- */

/* Pixels that are fractions of integers become float32 before anything is computed with them. */
static poolgrad_format tensor_format(poolgrad_format format)
{
    return poolgrad_is_floating(format) ? format : POOLGRAD_FLOAT32;
}

void poolgrad_judge_keep_source(struct poolgrad_judge *judge, struct poolgrad_interval *interval)
{
    poolgrad_interval_keep(&judge->declared, interval, tensor_format(judge->geometry.source.format));
}

void poolgrad_judge_keep_gradient(struct poolgrad_judge *judge, struct poolgrad_interval *interval)
{
    poolgrad_interval_keep(&judge->declared, interval, judge->geometry.source_gradient.format);
}

static void keep_result(struct poolgrad_judge *judge, struct poolgrad_interval *interval)
{
    poolgrad_interval_keep(&judge->declared, interval, judge->geometry.destination.format);
}

int64_t poolgrad_judge_composed_count(const struct poolgrad_judge *judge, struct poolgrad_window_at at)
{
    if (judge->geometry.root_mean) return poolgrad_window_count(&judge->geometry, at);
    return at.z.size * at.y.size * at.x.size;
}

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

/* The sum of stored squares into the third sum, that of their quotients by N into the second. */
static void add_squares(struct poolgrad_judge *judge, struct poolgrad_window_at at, int64_t count)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *tap = &judge->work.composed.factor, *square = &judge->work.composed.term;
    struct poolgrad_interval *quotient = &judge->work.composed.part;
    struct poolgrad_taps taps = poolgrad_taps_inside(&judge->geometry, at);
    for (int i = 1; i < 3; i++) poolgrad_interval_sum_reset(&judge->sums[i]);
    poolgrad_judge_set_divisor(judge, count);
    while (poolgrad_taps_next(&taps)) {
        poolgrad_interval_operand(d, tap, fabs(poolgrad_tap_value(&taps)), judge->geometry.source.format);
        poolgrad_interval_product(d, square, tap, tap, false);
        poolgrad_judge_keep_source(judge, square);
        poolgrad_interval_quotient(d, quotient, square, &judge->work.count.divisor, NULL, true);
        poolgrad_interval_sum_add(&judge->sums[1], quotient, false);
        poolgrad_interval_sum_add(&judge->sums[2], square, false);
    }
}

/* What the root is taken of, as it is stored: the sum of squares, or of a mean its quotient by N; or the average of
 * squares, or of a sum N times it. */
static void find_square(struct poolgrad_judge *judge, struct poolgrad_window_at at, struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *part = &judge->work.composed.part;
    const struct poolgrad_interval *divisor = &judge->work.count.divisor;
    add_squares(judge, at, poolgrad_judge_composed_count(judge, at));
    poolgrad_interval_sum_result(d, &judge->sums[2], result);
    if (judge->composed == POOLGRAD_COMPOSED_SUM) {
        poolgrad_judge_keep_source(judge, result);
        if (!judge->geometry.root_mean) return;
        poolgrad_interval_copy(part, result);
        poolgrad_interval_quotient(d, result, part, divisor, NULL, false);
    } else {
        poolgrad_interval_copy(part, result);
        poolgrad_interval_sum_operand(d, part);
        poolgrad_interval_quotient(d, result, part, divisor, NULL, false);
        poolgrad_interval_sum_result(d, &judge->sums[1], part);
        poolgrad_interval_join(result, part);
        poolgrad_judge_keep_source(judge, result);
        if (judge->geometry.root_mean) return;
        poolgrad_interval_copy(part, result);
        poolgrad_interval_product(d, result, part, divisor, false);
    }
    poolgrad_judge_keep_source(judge, result);
}

/* Of the stored norm, if that is declared to be read; else of the root, as one operation or two. */
static void find_reciprocal(struct poolgrad_judge *judge, const struct poolgrad_interval *norm,
                            const struct poolgrad_interval *root, struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *one = &judge->work.composed.one, *part = &judge->work.composed.part;
    poolgrad_interval_set(one, 1);
    poolgrad_interval_divide(d, result, one, judge->stores_norms ? norm : root);
    poolgrad_interval_round(d, result);
    if (!judge->stores_norms) {
        poolgrad_interval_copy(&judge->work.composed.term, root);
        poolgrad_interval_round(d, &judge->work.composed.term);
        poolgrad_interval_divide(d, part, one, &judge->work.composed.term);
        poolgrad_interval_round(d, part);
        poolgrad_interval_join(result, part);
    }
    poolgrad_judge_keep_source(judge, result);
}

void poolgrad_judge_compose_root(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                 struct poolgrad_interval *root)
{
    find_square(judge, at, root);
    poolgrad_judge_take_root(judge, root);
}

void poolgrad_judge_compose_norm(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                 struct poolgrad_interval *norm, struct poolgrad_interval *reciprocal)
{
    struct poolgrad_interval *root = &judge->work.composed.sum;
    poolgrad_judge_compose_root(judge, at, root);
    poolgrad_interval_copy(norm, root);
    poolgrad_interval_round(&judge->declared, norm);
    poolgrad_judge_keep_source(judge, norm);
    find_reciprocal(judge, norm, root, reciprocal);
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

/* `factor` x, stored as an element of the source gradient, the source or the destination. */
static void scale(struct poolgrad_judge *judge, struct poolgrad_interval *result, double factor,
                  const struct poolgrad_interval *x, void (*keep)(struct poolgrad_judge *, struct poolgrad_interval *))
{
    struct poolgrad_interval *by = &judge->work.composed.one;
    poolgrad_interval_set(by, factor);
    poolgrad_interval_product(&judge->declared, result, x, by, false);
    keep(judge, result);
}

/* The gradient of the root into work.composed.term: as of a power of the square, g (reciprocal / 2); by the stored norm
 * as divisions are declared, g / (2 norm) and (g / 2) / norm, or that. */
static void differentiate_root(struct poolgrad_judge *judge, const struct poolgrad_interval *gradient,
                               const struct poolgrad_norm_bounds *bounds)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *norm = &judge->work.composed.norm, *part = &judge->work.composed.part;
    struct poolgrad_interval *other = &judge->work.composed.other, *result = &judge->work.composed.term;
    poolgrad_interval_set_nan(result);
    result->nan = false;
    if (judge->stores_norms && d->divides) {
        poolgrad_judge_set_bounds(norm, bounds->norm.value);
        scale(judge, part, 2, norm, poolgrad_judge_keep_source);
        poolgrad_interval_divide(d, result, gradient, part);
        poolgrad_interval_round(d, result);
        scale(judge, part, 0.5, gradient, poolgrad_judge_keep_gradient);
        poolgrad_interval_divide(d, other, part, norm);
        poolgrad_interval_round(d, other);
        poolgrad_interval_join(result, other);
    }
    if (!judge->stores_norms || d->multiplies) {
        poolgrad_judge_set_bounds(norm, bounds->norm.reciprocal);
        scale(judge, part, 0.5, norm, poolgrad_judge_keep_source);
        poolgrad_interval_product(d, other, gradient, part, false);
        poolgrad_interval_join(result, other);
    }
    poolgrad_judge_keep_gradient(judge, result);
}

/* What the window hands to its pixels: into the first sum as it is added, into the second one as it is where the sum is
 * divided. */
static void add_term(struct poolgrad_judge *judge, const struct poolgrad_norm_bounds *bounds, double gradient)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *operand = &judge->work.composed.factor, *term = &judge->work.composed.term;
    struct poolgrad_interval *part = &judge->work.composed.part;
    const struct poolgrad_interval *divisor = &judge->work.count.divisor;
    const bool optional = bounds->norm.value.low == 0, mean = judge->composed == POOLGRAD_COMPOSED_MEAN;
    poolgrad_interval_operand(d, operand, gradient, judge->geometry.source_gradient.format);
    differentiate_root(judge, operand, bounds);
    poolgrad_judge_set_divisor(judge, bounds->count);
    if (mean && !judge->geometry.root_mean) {
        poolgrad_interval_copy(part, term);
        poolgrad_interval_product(d, term, part, divisor, false);
        poolgrad_judge_keep_gradient(judge, term);
    }
    poolgrad_interval_sum_add(&judge->sums[1], term, optional);
    if (mean || judge->geometry.root_mean) {
        poolgrad_interval_copy(part, term);
        poolgrad_interval_quotient(d, term, part, divisor, NULL, mean);
        if (!mean) poolgrad_judge_keep_gradient(judge, term);
    }
    poolgrad_interval_sum_add(&judge->sums[0], term, optional);
}

/* The gradient of the squares, as it is stored, times 2 x. */
static void multiply_by_tap(struct poolgrad_judge *judge, double tap, const struct poolgrad_interval *sum,
                            struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *factor = &judge->work.composed.factor, *part = &judge->work.composed.part;
    struct poolgrad_interval *other = &judge->work.composed.other;
    poolgrad_interval_operand(d, factor, tap, judge->geometry.source.format);
    scale(judge, part, 2, factor, poolgrad_judge_keep_source);
    poolgrad_interval_product(d, result, sum, part, false);
    scale(judge, part, 2, sum, keep_result);
    poolgrad_interval_product(d, other, part, factor, false);
    poolgrad_interval_join(result, other);
    poolgrad_interval_product(d, part, sum, factor, false);
    keep_result(judge, part);
    scale(judge, other, 2, part, keep_result);
    poolgrad_interval_join(result, other);
    keep_result(judge, result);
}

/* The sum of what the windows hand over; or of an average, where all have one N, their sum divided. */
static void add_terms(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    const struct poolgrad_geometry *g = &judge->geometry;
    struct poolgrad_windows windows = poolgrad_windows_of(g, pixel);
    struct poolgrad_interval *part = &judge->work.composed.part, *sum = &judge->work.composed.other;
    int64_t common = -1;
    for (int i = 0; i < 2; i++) poolgrad_interval_sum_reset(&judge->sums[i]);
    while (poolgrad_windows_next(&windows)) {
        const struct poolgrad_norm_bounds *bounds = poolgrad_judge_norm(judge, windows.at);
        if (bounds->is_zero) continue;
        common = common < 0 || common == bounds->count ? bounds->count : 0;
        add_term(judge, bounds, poolgrad_gradient_at(g, judge->gradient_n, judge->gradient_c, windows.at));
    }
    poolgrad_interval_sum_result(d, &judge->sums[0], result);
    if (judge->composed == POOLGRAD_COMPOSED_MEAN && common > 0) {
        poolgrad_interval_sum_result(d, &judge->sums[1], sum);
        poolgrad_interval_sum_operand(d, sum);
        poolgrad_judge_set_divisor(judge, common);
        poolgrad_interval_quotient(d, part, sum, &judge->work.count.divisor, NULL, false);
        poolgrad_interval_join(result, part);
    }
    keep_result(judge, result);
}

void poolgrad_judge_gradient_composed(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, double before,
                                      struct poolgrad_interval *result)
{
    const double tap = poolgrad_source_at(&judge->geometry, judge->n, judge->c, pixel);
    struct poolgrad_interval *sum = &judge->work.composed.sum;
    add_terms(judge, pixel, sum);
    judge->greatest = poolgrad_interval_sum_greatest(&judge->sums[0]) * 2 * fabs(tap);
    multiply_by_tap(judge, tap, sum, result);
    poolgrad_judge_add_last(judge, result, before);
}
