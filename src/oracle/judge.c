/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "oracle/judge_parts.h"
#include "oracle/verification.h"
#include "pooling/problem.h"

/* ---- Life -------------------------------------------------------------------------------------------------------- */

static poolgrad_format choose_format(poolgrad_format input, poolgrad_format destination,
                                     const poolgrad_declaration *declaration)
{
    if (declaration->computed_in != POOLGRAD_FORMAT_NONE) return declaration->computed_in;
    return input == POOLGRAD_FLOAT64 || destination == POOLGRAD_FLOAT64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
}

poolgrad_format poolgrad_judge_format(const struct poolgrad_geometry *g, const poolgrad_declaration *declaration)
{
    const bool gradient = g->direction == POOLGRAD_GRADIENT;
    return choose_format(gradient ? g->source_gradient.format : g->source.format, g->destination.format, declaration);
}

poolgrad_format poolgrad_computed_in(const poolgrad_problem *problem, const poolgrad_declaration *declaration)
{
    poolgrad_problem p;
    poolgrad_declaration d;
    if (poolgrad_read_problem(problem, &p, NULL) != POOLGRAD_OK ||
        poolgrad_read_declaration(declaration, &d, NULL) != POOLGRAD_OK) {
        return POOLGRAD_FORMAT_NONE;
    }
    const bool gradient = p.direction == POOLGRAD_GRADIENT;
    return choose_format(gradient ? p.source_gradient.format : p.source.format, p.destination.format, &d);
}

poolgrad_format poolgrad_stored_in(const poolgrad_problem *problem, const poolgrad_declaration *declaration)
{
    const poolgrad_format computed_in = poolgrad_computed_in(problem, declaration);
    poolgrad_declaration d;
    if (computed_in == POOLGRAD_FORMAT_NONE || poolgrad_read_declaration(declaration, &d, NULL) != POOLGRAD_OK) {
        return POOLGRAD_FORMAT_NONE;
    }
    return d.stored_in == POOLGRAD_FORMAT_NONE ? computed_in : d.stored_in;
}

void poolgrad_judge_init(struct poolgrad_judge *judge, const struct poolgrad_geometry *geometry,
                         const poolgrad_declaration *declaration)
{
    *judge = (struct poolgrad_judge){.geometry = *geometry,
                                     .computed_in = poolgrad_judge_format(geometry, declaration),
                                     .keeps_tie_rule = declaration->keeps_tie_rule != 0,
                                     .keeps_nan_rule = declaration->keeps_nan_rule != 0,
                                     .stores_norms = declaration->norms == POOLGRAD_NORMS_STORED,
                                     .averages = declaration->averages,
                                     .composed = declaration->composed};
    const bool wide = judge->computed_in == POOLGRAD_FLOAT64 || declaration->stored_in == POOLGRAD_FLOAT64 ||
                      geometry->source.format == POOLGRAD_FLOAT64 ||
                      geometry->source_gradient.format == POOLGRAD_FLOAT64 ||
                      geometry->destination.format == POOLGRAD_FLOAT64;
    poolgrad_declared_init(&judge->declared, declaration, judge->computed_in, geometry->destination.format, wide);
    for (int i = 0; i < POOLGRAD_JUDGE_INTERVALS; i++) poolgrad_interval_init(&judge->intervals[i]);
    for (int i = 0; i < 3; i++) poolgrad_interval_sum_init(&judge->sums[i], &judge->declared);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        poolgrad_interval_sum_init(&judge->divided_sums[i], &judge->declared);
        poolgrad_interval_sum_init(&judge->whole_sums[i], &judge->declared);
    }
}

void poolgrad_judge_clear(struct poolgrad_judge *judge)
{
    for (int i = 0; i < POOLGRAD_JUDGE_INTERVALS; i++) poolgrad_interval_clear(&judge->intervals[i]);
    for (int i = 0; i < 3; i++) poolgrad_interval_sum_clear(&judge->sums[i]);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        poolgrad_interval_sum_clear(&judge->divided_sums[i]);
        poolgrad_interval_sum_clear(&judge->whole_sums[i]);
    }
    poolgrad_declared_clear(&judge->declared);
    free(judge->norms);
    free(judge->windows);
}

bool poolgrad_judge_begin(struct poolgrad_judge *judge, int64_t n, int64_t c)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    int64_t windows;
    judge->n = n + g->source_image;
    judge->c = c + g->source_channel;
    judge->gradient_n = n + g->gradient_image;
    judge->gradient_c = c + g->gradient_channel;
    if (!poolgrad_judge_begin_windows(judge)) return false;
    if (g->kind != POOLGRAD_L2NORM || g->direction != POOLGRAD_GRADIENT) return true;
    free(judge->norms);
    judge->norms = NULL;
    const struct poolgrad_area outputs = poolgrad_output_area(g);
    if (!poolgrad_area_count(&outputs, &windows)) return false;
    judge->norms = calloc((size_t)windows + 1, sizeof *judge->norms);
    return judge->norms != NULL;
}

struct poolgrad_window_at poolgrad_judge_window(const struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    return poolgrad_window_place(&judge->geometry, judge->n, judge->c, output);
}

static double load_source(const struct poolgrad_judge *judge, struct poolgrad_pixel pixel)
{
    return poolgrad_source_at(&judge->geometry, judge->n, judge->c, pixel);
}

static double load_gradient(const struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    return poolgrad_gradient_at(&judge->geometry, judge->gradient_n, judge->gradient_c, output);
}

/* Whether a tap may count as 0 when it is compared. */
static bool may_be_lost(const struct poolgrad_judge *judge, double tap)
{
    const struct poolgrad_declared *d = &judge->declared;
    const int source = poolgrad_precision_of(judge->geometry.source.format).least;
    return d->flushes && fabs(tap) < ldexp(1, source > d->computed.least ? source : d->computed.least);
}

bool poolgrad_judge_ties(struct poolgrad_judge *judge, double tap, double maximum)
{
    struct poolgrad_declared *d = &judge->declared;
    if (tap == maximum || (may_be_lost(judge, tap) && may_be_lost(judge, maximum))) return true;
    return poolgrad_round_double(tap, &d->computed, &d->scratch) ==
           poolgrad_round_double(maximum, &d->computed, &d->scratch);
}

bool poolgrad_judge_may_pick(struct poolgrad_judge *judge, struct poolgrad_pick pick, double tap,
                             struct poolgrad_pixel at)
{
    if (isnan(tap) || !poolgrad_judge_ties(judge, tap, pick.value)) return false;
    return !judge->keeps_tie_rule || tap != pick.value || may_be_lost(judge, tap) || poolgrad_same_pixel(pick.at, at);
}

/* ---- Average ----------------------------------------------------------------------------------------------------- */

/* A count or a divisor, or the number nearest to it that the accumulator has: who divides may know either. */
void poolgrad_judge_set_divisor(struct poolgrad_judge *judge, int64_t count)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *divisor = &judge->work.count.divisor, *rounded = &judge->work.count.other;
    const uint64_t magnitude = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    poolgrad_interval_set(divisor, (double)count);
    if (magnitude >> d->computed.bits == 0) return;
    poolgrad_set_integer(d->mantissa, count);
    mpfr_set_z(divisor->low, d->mantissa, MPFR_RNDD);
    mpfr_set_z(divisor->high, d->mantissa, MPFR_RNDU);
    poolgrad_interval_copy(rounded, divisor);
    poolgrad_interval_round(d, rounded);
    poolgrad_interval_join(divisor, rounded);
}

/* Any count from the least to the most. */
static void set_divisors(struct poolgrad_judge *judge, int64_t least, int64_t most)
{
    struct poolgrad_interval *divisor = &judge->work.count.divisor, *other = &judge->work.count.other;
    poolgrad_judge_set_divisor(judge, most);
    if (least == most) return;
    poolgrad_interval_set(other, (double)least);
    poolgrad_interval_join(divisor, other);
}

/* value / count as a term of the first sum, and value of the second. */
static void add_share(struct poolgrad_judge *judge, double value, poolgrad_format format, int64_t count)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *operand = &judge->work.share.gradient, *term = &judge->work.share.quotient;
    poolgrad_interval_operand(d, operand, value, format);
    const bool stores = judge->composed == POOLGRAD_COMPOSED_SUM && judge->geometry.direction == POOLGRAD_GRADIENT;
    poolgrad_judge_set_divisor(judge, count);
    poolgrad_interval_quotient(d, term, operand, &judge->work.count.divisor, NULL, !stores);
    if (stores) poolgrad_judge_keep_gradient(judge, term);
    poolgrad_interval_sum_add(&judge->sums[0], term, false);
    poolgrad_interval_sum_add(&judge->sums[1], operand, false);
}

void poolgrad_judge_add_before(struct poolgrad_judge *judge, struct poolgrad_interval_sum *sum, double before)
{
    struct poolgrad_interval *operand = &judge->work.destination.before;
    poolgrad_interval_operand(&judge->declared, operand, before, judge->geometry.destination.format);
    poolgrad_interval_sum_add(sum, operand, false);
}

/* `value` plus what the destination held, if that is added to. */
void poolgrad_judge_add_last(struct poolgrad_judge *judge, struct poolgrad_interval *value, double before)
{
    struct poolgrad_interval_sum *sum = &judge->sums[2];
    if (!judge->geometry.add_to_destination) return;
    poolgrad_interval_sum_reset(sum);
    poolgrad_interval_sum_add(sum, value, false);
    poolgrad_judge_add_before(judge, sum, before);
    poolgrad_interval_sum_result(&judge->declared, sum, value);
}

/* Terms that were divided one by one; or, where all have one divisor, their sum divided. */
static void finish_average(struct poolgrad_judge *judge, int64_t common, double before,
                           struct poolgrad_interval *result)
{
    const bool composed = judge->composed == POOLGRAD_COMPOSED_SUM && judge->geometry.kind == POOLGRAD_AVERAGE;
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *sum = &judge->work.average.sum, *quotient = &judge->work.average.quotient;
    const bool adds = judge->geometry.add_to_destination;
    if (adds) poolgrad_judge_add_before(judge, &judge->sums[0], before);
    poolgrad_interval_sum_result(d, &judge->sums[0], result);
    if (common == 0 || (composed && judge->geometry.direction == POOLGRAD_GRADIENT)) return;
    poolgrad_judge_set_divisor(judge, common);
    poolgrad_interval_sum_result(d, &judge->sums[1], sum);
    if (composed)
        poolgrad_judge_keep_source(judge, sum);
    else
        poolgrad_interval_sum_operand(d, sum);
    poolgrad_interval_quotient(d, quotient, sum, &judge->work.count.divisor, NULL, adds);
    poolgrad_judge_add_last(judge, quotient, before);
    if (composed)
        poolgrad_interval_copy(result, quotient);
    else
        poolgrad_interval_join(result, quotient);
}

/* ---- Max --------------------------------------------------------------------------------------------------------- */

/* What the rules alone give of a window's gradient: the whole, or one of so many shares. */
struct given {
    enum poolgrad_share share;
    int64_t least, most;
};

static struct given give_to_pick(struct poolgrad_pick pick, struct poolgrad_pixel pixel)
{
    return (struct given){poolgrad_same_pixel(pick.at, pixel) ? POOLGRAD_SHARE_WHOLE : POOLGRAD_SHARE_NONE, 1, 1};
}

/* With ties all and split. What only a coarse comparison takes for equal may get something, too. */
static struct given give_to_all(struct poolgrad_judge *judge, struct poolgrad_pixel output, struct poolgrad_pick pick,
                                double tap)
{
    struct given given = {POOLGRAD_SHARE_NONE, 1, 1};
    const bool lost = may_be_lost(judge, pick.value);
    if (isnan(tap) || !poolgrad_judge_ties(judge, tap, pick.value)) return given;
    given.share = tap == pick.value && !lost ? POOLGRAD_SHARE_WHOLE : POOLGRAD_SHARE_MAYBE;
    if (judge->geometry.ties == POOLGRAD_TIES_ALL) return given;
    given.least = lost ? 1 : poolgrad_judge_count_ties(judge, output);
    given.most = poolgrad_judge_count_equal(judge, output);
    return given;
}

static struct given give_by_rules(struct poolgrad_judge *judge, struct poolgrad_pixel output,
                                  struct poolgrad_pixel pixel)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    if (g->with_indices) {
        const struct poolgrad_window_at at = poolgrad_judge_window(judge, output);
        return give_to_pick(poolgrad_window_indexed(g, at, judge->gradient_n, judge->gradient_c, output), pixel);
    }
    const struct poolgrad_pick pick = poolgrad_judge_pick(judge, output);
    const bool picks_one = poolgrad_judge_picks_one(judge) || isnan(pick.value);
    return picks_one ? give_to_pick(pick, pixel) : give_to_all(judge, output, pick, load_source(judge, pixel));
}

/* Ties all and split give a number what they give to those equal to it, NaNs ignored. */
static struct given give_to_numbers(struct poolgrad_judge *judge, struct poolgrad_pixel output, double tap)
{
    const poolgrad_nan_rule own = judge->geometry.nan;
    judge->geometry.nan = POOLGRAD_NAN_IGNORE;
    const struct given given = give_to_all(judge, output, poolgrad_judge_pick(judge, output), tap);
    judge->geometry.nan = own;
    return given;
}

static struct given give(struct poolgrad_judge *judge, struct poolgrad_pixel output, struct poolgrad_pixel pixel)
{
    struct given given = {judge->share ? judge->share(judge->share_context, output, pixel) : POOLGRAD_SHARE_BY_RULES, 1,
                          1};
    if (given.share == POOLGRAD_SHARE_BY_RULES) return give_by_rules(judge, output, pixel);
    if (given.share == POOLGRAD_SHARE_NONE || poolgrad_judge_picks_one(judge)) return given;
    const double tap = load_source(judge, pixel);
    if (isnan(tap)) return given;
    const bool maybe = given.share == POOLGRAD_SHARE_MAYBE;
    given = give_to_numbers(judge, output, tap);
    if (maybe && given.share == POOLGRAD_SHARE_WHOLE) given.share = POOLGRAD_SHARE_MAYBE;
    return given;
}

/* What the window hands to the pixel. */
static enum poolgrad_share add_max(struct poolgrad_judge *judge, struct poolgrad_pixel output,
                                   struct poolgrad_pixel pixel)
{
    struct poolgrad_declared *d = &judge->declared;
    struct poolgrad_interval *operand = &judge->work.share.gradient, *term = &judge->work.share.quotient;
    const struct given given = give(judge, output, pixel);
    if (given.share == POOLGRAD_SHARE_NONE) return given.share;
    poolgrad_interval_operand(d, operand, load_gradient(judge, output), judge->geometry.source_gradient.format);
    poolgrad_interval_copy(term, operand);
    if (given.most > 1) {
        set_divisors(judge, given.least, given.most);
        poolgrad_interval_quotient(d, term, operand, &judge->work.count.divisor, NULL, true);
    }
    poolgrad_interval_sum_add(&judge->sums[0], term, given.share == POOLGRAD_SHARE_MAYBE);
    return given.share;
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* What the windows of a pixel have in common. */
struct windows {
    int64_t count;          /* that count the pixel */
    int64_t given, certain; /* of max: that may hand it their gradient; that do */
    int64_t common;         /* what all of them divide by; 0: it differs */
    bool doubtful;          /* a norm of 0 */
};

static void add_window(struct poolgrad_judge *judge, struct poolgrad_pixel output, struct poolgrad_pixel pixel,
                       struct windows *windows)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    windows->count++;
    if (g->kind == POOLGRAD_MAX) {
        const enum poolgrad_share share = add_max(judge, output, pixel);
        windows->given += share != POOLGRAD_SHARE_NONE;
        windows->certain += share == POOLGRAD_SHARE_WHOLE;
    } else if (g->kind == POOLGRAD_AVERAGE) {
        const int64_t count = poolgrad_window_count(g, poolgrad_judge_window(judge, output));
        if (windows->count == 1) windows->common = count;
        if (count != windows->common) windows->common = 0;
        add_share(judge, load_gradient(judge, output), g->source_gradient.format, count);
    } else {
        const struct poolgrad_norm_bounds *bounds = poolgrad_judge_norm(judge, output);
        windows->doubtful = windows->doubtful || bounds->is_zero;
        const bool adds = !bounds->is_zero && judge->composed == POOLGRAD_COMPOSED_NOT;
        if (adds) poolgrad_judge_add_quotient(judge, bounds, load_gradient(judge, output));
    }
}

static void add_windows(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, struct windows *windows)
{
    struct poolgrad_windows each = poolgrad_windows_of(&judge->geometry, pixel);
    while (poolgrad_windows_next(&each)) add_window(judge, each.at, pixel, windows);
}

/* What nothing was handed to may have been left as it is. */
static void join_untouched(struct poolgrad_judge *judge, double before, struct poolgrad_interval *result)
{
    if (!judge->geometry.add_to_destination) return;
    poolgrad_interval_set(&judge->work.destination.untouched, before);
    poolgrad_interval_join(result, &judge->work.destination.untouched);
}

void poolgrad_judge_untouched(struct poolgrad_judge *judge, double before, struct poolgrad_interval *result)
{
    struct poolgrad_declared *d = &judge->declared;
    poolgrad_interval_set(result, 0);
    if (judge->geometry.add_to_destination) {
        /* Read and written, or stored as a sum with nothing. */
        poolgrad_interval_operand(d, result, before, judge->geometry.destination.format);
        poolgrad_interval_sum_reset(&judge->sums[2]);
        poolgrad_interval_sum_add(&judge->sums[2], result, false);
        poolgrad_interval_sum_result(d, &judge->sums[2], &judge->work.destination.before);
        poolgrad_interval_join(result, &judge->work.destination.before);
    }
    join_untouched(judge, before, result);
    poolgrad_interval_store(d, result);
}

void poolgrad_judge_gradient(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, double before,
                             struct poolgrad_interval *result, bool *alone)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    struct poolgrad_declared *d = &judge->declared;
    struct windows windows = {0};
    for (int i = 0; i < 3; i++) poolgrad_interval_sum_reset(&judge->sums[i]);
    if (g->kind == POOLGRAD_L2NORM) {
        poolgrad_interval_operand(d, &judge->work.pixel.factor, load_source(judge, pixel), g->source.format);
    }
    add_windows(judge, pixel, &windows);
    judge->greatest = poolgrad_interval_sum_greatest(&judge->sums[g->kind == POOLGRAD_L2NORM ? 1 : 0]);
    *alone = windows.count == 0 || (g->kind == POOLGRAD_MAX && windows.given == 0);
    if (windows.count == 0) {
        poolgrad_judge_untouched(judge, before, result);
        return;
    }
    if (g->kind == POOLGRAD_L2NORM && judge->composed != POOLGRAD_COMPOSED_NOT) {
        poolgrad_judge_gradient_composed(judge, pixel, before, result);
    } else if (g->kind == POOLGRAD_L2NORM) {
        poolgrad_judge_finish_norm(judge, before, result);
    } else if (g->kind == POOLGRAD_AVERAGE && poolgrad_judge_goes_by_axis(judge)) {
        poolgrad_judge_gradient_by_axis(judge, pixel, before, result);
    } else if (g->kind == POOLGRAD_AVERAGE) {
        finish_average(judge, windows.common, before, result);
    } else {
        finish_average(judge, 0, before, result);
    }
    if (g->kind == POOLGRAD_MAX && windows.certain == 0) join_untouched(judge, before, result);
    if (windows.doubtful && judge->doubts_zero_norms) result->nan = true;
    poolgrad_interval_store(d, result);
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static void forward_average(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                            struct poolgrad_interval *result)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    const int64_t count = poolgrad_window_count(g, at);
    poolgrad_interval_set(result, 0);
    if (poolgrad_window_is_empty(g, at)) return;
    if (poolgrad_judge_goes_by_axis(judge)) {
        poolgrad_judge_forward_by_axis(judge, at, result);
    } else {
        for (int i = 0; i < 3; i++) poolgrad_interval_sum_reset(&judge->sums[i]);
        while (poolgrad_taps_next(&taps)) add_share(judge, poolgrad_tap_value(&taps), g->source.format, count);
        finish_average(judge, count, 0, result);
    }
    judge->greatest = poolgrad_interval_sum_greatest(&judge->sums[0]);
}

/* docs/numerics.md N96. */
static void forward_gather(struct poolgrad_judge *judge, struct poolgrad_pixel output, struct poolgrad_interval *result)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_pick pick = poolgrad_window_indexed(g, poolgrad_judge_window(judge, output),
                                                              judge->gradient_n, judge->gradient_c, output);
    const double value = poolgrad_picks_none(pick) ? 0 : load_source(judge, pick.at);
    poolgrad_interval_operand(&judge->declared, result, value, g->source.format);
}

/* Where subnormal taps count as 0 when they are compared, any of them may be picked. */
static void forward_max(struct poolgrad_judge *judge, struct poolgrad_window_at at, struct poolgrad_interval *result)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    struct poolgrad_declared *d = &judge->declared;
    const double maximum = poolgrad_window_pick(g, at).value;
    struct poolgrad_interval *operand = &judge->work.maximum.tap;
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    poolgrad_interval_operand(d, result, maximum, g->source.format);
    if (!d->flushes || isnan(maximum)) return;
    while (poolgrad_taps_next(&taps)) {
        const double tap = poolgrad_tap_value(&taps);
        if (isnan(tap) || !poolgrad_judge_ties(judge, tap, maximum)) continue;
        poolgrad_interval_operand(d, operand, tap, g->source.format);
        poolgrad_interval_join(result, operand);
    }
}

void poolgrad_judge_forward(struct poolgrad_judge *judge, struct poolgrad_pixel output,
                            struct poolgrad_interval *result)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_window_at at = poolgrad_judge_window(judge, output);
    judge->greatest = (double)INFINITY;
    if (g->with_indices)
        forward_gather(judge, output, result);
    else if (g->kind == POOLGRAD_AVERAGE)
        forward_average(judge, at, result);
    else if (g->kind == POOLGRAD_MAX)
        forward_max(judge, at, result);
    else
        poolgrad_judge_forward_norm(judge, at, result);
    poolgrad_interval_store(&judge->declared, result);
}

/* ---- What bounds say --------------------------------------------------------------------------------------------- */

bool poolgrad_judge_is_unbounded(const struct poolgrad_judge *judge, const struct poolgrad_interval *bounds,
                                 double exact)
{
    static const double share_of_sum = 2.0 / 3, share_of_norm = 1.0 / 3, share_of_term = 1.0 / 128;
    const double share_of_exact = judge->geometry.kind == POOLGRAD_L2NORM ? share_of_norm : share_of_sum;
    const double half = mpfr_get_d(bounds->high, MPFR_RNDN) / 2 - mpfr_get_d(bounds->low, MPFR_RNDN) / 2;
    return half > 0 && half >= share_of_exact * fabs(exact) && half >= share_of_term * judge->greatest;
}

double poolgrad_judge_sum_given(const struct poolgrad_judge *judge)
{
    return mpfr_get_d(judge->sums[0].low, MPFR_RNDN) / 2 + mpfr_get_d(judge->sums[0].high, MPFR_RNDN) / 2;
}
