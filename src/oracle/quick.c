/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds in double precision. Names are those of docs/verification.md, "Quick bounds". */
#include "oracle/quick.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "image/ieee.h"
#include "oracle/careless.h"
#include "oracle/verification.h"

/* Beyond so many roundings in a row nothing is said: the bounds would be wide. */
static const double most_growth = 1.0 / 8;
/* What magnitudes are raised by, for they are sums of rounded numbers themselves. */
static const double raised = 1 + 0x1p-20;

/* At most, of what a subnormal result loses, for each product of magnitudes; what magnitudes leave to the greatest
 * number.
 */
static const double losses = 64, room = 8;

enum {
    MOST_TERMS = 1 << 20,
    ROUNDINGS_OF_SUM = 10,  /* of an operand, a divisor, its reciprocal, a quotient, a value added last, the result */
    ROUNDINGS_OF_NORM = 16, /* beside one for each tap */
    ROUNDINGS_OF_TERM = 20  /* of x, g, N, reciprocals, products, a value added last, the result */
};

/* ---- Life -------------------------------------------------------------------------------------------------------- */

/* Whether fields behind those that are known here are neutral. */
static bool says_no_more(const poolgrad_declaration *declaration)
{
    const size_t known = offsetof(poolgrad_declaration, keeps_nan_rule) + sizeof declaration->keeps_nan_rule;
    const unsigned char *bytes = (const unsigned char *)declaration;
    for (size_t i = known; i < sizeof *declaration; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

static bool holds_all_of(struct poolgrad_precision format, struct poolgrad_precision other)
{
    return other.bits <= format.bits && other.least >= format.least && other.greatest <= format.greatest;
}

void poolgrad_quick_init(struct poolgrad_quick *quick, struct poolgrad_judge *judge,
                         const poolgrad_declaration *declaration)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_precision c = judge->declared.computed;
    *quick = (struct poolgrad_quick){.judge = judge, .stored = g->destination.format};
    quick->unit = ldexp(1, -c.bits);
    quick->lost = fmax(ldexp(1, c.least - c.bits), ldexp(1, DBL_MIN_EXP - DBL_MANT_DIG)); /* of float64 twice as much */
    quick->least = ldexp(1, c.least);
    quick->most = c.greatest / room;
    quick->compares_exactly = holds_all_of(c, poolgrad_precision_of(g->source.format));
    quick->reads_exactly = holds_all_of(c, poolgrad_precision_of(g->source_gradient.format));
    quick->applies = says_no_more(declaration) && declaration->subnormals == POOLGRAD_SUBNORMALS_KEPT &&
                     declaration->digits == 0 && poolgrad_is_floating(quick->stored);
}

void poolgrad_quick_clear(struct poolgrad_quick *quick)
{
    free(quick->norms);
}

bool poolgrad_quick_begin(struct poolgrad_quick *quick)
{
    const struct poolgrad_geometry *g = &quick->judge->geometry;
    const struct poolgrad_area outputs = poolgrad_output_area(g);
    int64_t windows;
    free(quick->norms);
    quick->norms = NULL;
    if (!quick->applies || g->kind != POOLGRAD_L2NORM || g->direction != POOLGRAD_GRADIENT) return true;
    if (!poolgrad_area_count(&outputs, &windows)) return false;
    quick->norms = calloc((size_t)windows + 1, sizeof *quick->norms);
    return quick->norms != NULL;
}

/* ---- Bounds ------------------------------------------------------------------------------------------------------ */

/* Sums as they are made. */
struct sum {
    double value, magnitude;  /* of the terms, and of their magnitudes: M */
    double range;             /* what no intermediate result is greater than: T */
    int64_t terms, roundings; /* roundings that a term goes through, but those of the sum */
    bool usable;
};

static const struct poolgrad_quick_value unknown = {0, 0, 0, false};

static struct poolgrad_quick_value bounds_of(const struct poolgrad_quick *quick, const struct sum *sum)
{
    const double roundings = (double)(sum->terms + sum->roundings), growth = roundings * quick->unit;
    if (!sum->usable || sum->terms > MOST_TERMS || !(growth <= most_growth) || !(sum->range <= quick->most))
        return unknown;
    struct poolgrad_quick_value bounds = {.value = sum->value, .known = true};
    const double range = sum->range + 1;
    bounds.error = (roundings * 0x1p-53 * sum->magnitude + range * losses * DBL_MIN) * raised;
    bounds.reach = (growth / (1 - growth) * sum->magnitude + range * losses * quick->lost) * raised + bounds.error;
    return bounds;
}

/* Ends as they are stored. The difference and the sum are rounded themselves: one number further, they enclose. */
static double lowest(const struct poolgrad_quick *quick, double value, double by)
{
    return poolgrad_round_to(quick->stored, nextafter(value - by, -(double)INFINITY));
}

static double highest(const struct poolgrad_quick *quick, double value, double by)
{
    return poolgrad_round_to(quick->stored, nextafter(value + by, (double)INFINITY));
}

static void add_before(const struct poolgrad_quick *quick, struct sum *sum, double before)
{
    if (!quick->judge->geometry.add_to_destination) return;
    sum->value += before;
    sum->magnitude += fabs(before);
    sum->range += fabs(before);
    sum->terms++;
}

/* N and its reciprocal are normal numbers of C. */
static bool divides_normally(const struct poolgrad_quick *quick, double count)
{
    return count != 0 && fabs(count) <= quick->most && fabs(count) * quick->least <= 1;
}

/* Of an average and of a max. */
static void add_share(const struct poolgrad_quick *quick, struct sum *sum, double value, int64_t count)
{
    const double term = value / (double)count;
    sum->usable = sum->usable && divides_normally(quick, (double)count);
    sum->value += term;
    sum->magnitude += fabs(term);
    sum->range += 1 + fabs(value);
    sum->terms++;
}

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

/* N or, of the root of the sum, 1. */
static double count_of(const struct poolgrad_quick *quick, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &quick->judge->geometry;
    return g->root_mean ? (double)poolgrad_window_count(g, at) : 1;
}

/* The root of the sum of squares, or of N times it; 0: all taps are; less: not to be used. */
static double find_norm(const struct poolgrad_quick *quick, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(&quick->judge->geometry, at);
    const double terms = (double)poolgrad_taps_count(&taps), count = count_of(quick, at);
    double sum = 0;
    bool all_zero = true;
    while (poolgrad_taps_next(&taps)) {
        const double tap = poolgrad_tap_value(&taps);
        all_zero = all_zero && tap == 0;
        sum += tap * tap;
    }
    if (all_zero) return 0;
    /* What squares lose below the least normal number is less than a rounding of their sum, or of their mean. */
    const bool loses = !(sum / count * quick->unit >= room * terms * quick->lost);
    if (loses || count < 1 || !divides_normally(quick, count) || !(count * sum <= quick->most)) return -1;
    const double norm = sqrt(count * sum);
    return divides_normally(quick, norm) && norm * quick->most >= count ? norm : -1;
}

/* Kept for the other pixels of the window; a norm of 0 is as quickly found again. */
static double norm_of(struct poolgrad_quick *quick, struct poolgrad_pixel output)
{
    const struct poolgrad_area outputs = poolgrad_output_area(&quick->judge->geometry);
    double *kept = &quick->norms[poolgrad_area_place(&outputs, output)];
    if (*kept == 0) *kept = find_norm(quick, poolgrad_judge_window(quick->judge, output));
    return *kept;
}

static void add_quotient(struct poolgrad_quick *quick, struct sum *sum, struct poolgrad_pixel output, double factor,
                         double gradient)
{
    const struct poolgrad_window_at at = poolgrad_judge_window(quick->judge, output);
    const double norm = norm_of(quick, output), count = count_of(quick, at);
    const int64_t taps = poolgrad_window_taps(at);
    sum->usable = sum->usable && norm >= 0;
    if (norm == 0) return;
    const double term = factor * (gradient / norm);
    sum->value += term;
    sum->magnitude += fabs(term);
    sum->range += (1 + fabs(factor)) * (1 + fabs(gradient)) * (1 + count / norm);
    sum->roundings = poolgrad_max(sum->roundings, taps + ROUNDINGS_OF_NORM + ROUNDINGS_OF_TERM);
    sum->terms++;
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

/* By the rules. */
static void add_picked(struct poolgrad_quick *quick, struct sum *sum, struct poolgrad_pixel output,
                       struct poolgrad_pixel pixel, double gradient)
{
    struct poolgrad_judge *judge = quick->judge;
    const struct poolgrad_geometry *g = &judge->geometry;
    struct poolgrad_pick pick;
    if (g->with_indices) {
        pick = poolgrad_window_indexed(g, poolgrad_judge_window(judge, output), judge->gradient_n, judge->gradient_c,
                                       output);
    } else {
        pick = poolgrad_judge_pick(judge, output);
    }
    if (g->with_indices || poolgrad_judge_picks_one(judge) || isnan(pick.value)) {
        if (poolgrad_same_pixel(pick.at, pixel)) add_share(quick, sum, gradient, 1);
        return;
    }
    sum->usable = sum->usable && quick->compares_exactly;
    if (poolgrad_source_at(g, judge->n, judge->c, pixel) != pick.value) return;
    const bool splits = g->ties == POOLGRAD_TIES_SPLIT;
    add_share(quick, sum, gradient, splits ? poolgrad_judge_count_ties(judge, output) : 1);
}

struct poolgrad_quick_value poolgrad_quick_gradient(struct poolgrad_quick *quick, struct poolgrad_pixel pixel,
                                                    double before)
{
    const struct poolgrad_judge *judge = quick->judge;
    const struct poolgrad_geometry *g = &judge->geometry;
    struct sum sum = {.usable = true, .roundings = ROUNDINGS_OF_SUM};
    struct poolgrad_windows windows = poolgrad_windows_of(g, pixel);
    if (!quick->applies) return unknown;
    const double factor = g->kind == POOLGRAD_L2NORM ? poolgrad_source_at(g, judge->n, judge->c, pixel) : 1;
    while (sum.usable && poolgrad_windows_next(&windows)) {
        const struct poolgrad_pixel at = windows.at;
        const double gradient = poolgrad_gradient_at(g, judge->gradient_n, judge->gradient_c, at);
        if (g->kind == POOLGRAD_MAX)
            add_picked(quick, &sum, at, pixel, gradient);
        else if (g->kind == POOLGRAD_L2NORM)
            add_quotient(quick, &sum, at, factor, gradient);
        else
            add_share(quick, &sum, gradient, poolgrad_window_count(g, poolgrad_judge_window(judge, at)));
    }
    /* What nothing is given to is 0, or as it was; norms of 0 times infinity are not. */
    if (sum.terms == 0 && (g->add_to_destination || g->kind == POOLGRAD_L2NORM)) return unknown;
    add_before(quick, &sum, before);
    return bounds_of(quick, &sum);
}

/* ---- Shares ------------------------------------------------------------------------------------------------------ */

/* The whole gradient of a window, or perhaps, or nothing; false: it may be a part of it. */
static bool find_share(struct poolgrad_quick *quick, struct poolgrad_pixel output, struct poolgrad_pixel pixel,
                       enum poolgrad_share *share)
{
    const struct poolgrad_judge *judge = quick->judge;
    *share = judge->share ? judge->share(judge->share_context, output, pixel) : POOLGRAD_SHARE_BY_RULES;
    if (*share == POOLGRAD_SHARE_NONE) return true;
    if (!poolgrad_judge_picks_one(judge)) return false;
    if (*share != POOLGRAD_SHARE_BY_RULES) return true;
    const struct poolgrad_pick pick = poolgrad_judge_pick(judge, output);
    *share = poolgrad_same_pixel(pick.at, pixel) ? POOLGRAD_SHARE_WHOLE : POOLGRAD_SHARE_NONE;
    return true;
}

/* The sum without what is perhaps there and lowers it, or raises it. */
struct ends {
    double low, high;
};

static bool add_shares(struct poolgrad_quick *quick, struct poolgrad_pixel pixel, struct sum *sum, struct ends *ends)
{
    const struct poolgrad_judge *judge = quick->judge;
    struct poolgrad_windows windows = poolgrad_windows_of(&judge->geometry, pixel);
    enum poolgrad_share share;
    while (poolgrad_windows_next(&windows)) {
        if (!find_share(quick, windows.at, pixel, &share)) return false;
        if (share == POOLGRAD_SHARE_NONE) continue;
        const double gradient = poolgrad_gradient_at(&judge->geometry, judge->gradient_n, judge->gradient_c,
                                                     windows.at);
        const bool maybe = share == POOLGRAD_SHARE_MAYBE;
        add_share(quick, sum, gradient, 1);
        if (!maybe || gradient < 0) ends->low += gradient;
        if (!maybe || gradient > 0) ends->high += gradient;
    }
    return true;
}

/* The bounds reach at least to the sums that are rounded once: to C, and to D. */
static bool lies_between(const struct poolgrad_quick *quick, struct ends ends, double error, double actual)
{
    const poolgrad_format c = quick->judge->computed_in, d = quick->stored;
    const double low = nextafter(ends.low + error, (double)INFINITY);
    const double high = nextafter(ends.high - error, -(double)INFINITY);
    return actual >= poolgrad_round_to(d, poolgrad_round_to(c, low)) &&
           actual <= poolgrad_round_to(d, poolgrad_round_to(c, high));
}

static struct poolgrad_quick_value bound_shares(struct poolgrad_quick *quick, struct poolgrad_pixel pixel,
                                                struct sum *sum, struct ends *ends)
{
    const bool applies = quick->applies && quick->compares_exactly && !quick->judge->geometry.add_to_destination;
    *sum = (struct sum){.usable = true, .roundings = ROUNDINGS_OF_SUM};
    *ends = (struct ends){0, 0};
    return applies && add_shares(quick, pixel, sum, ends) ? bounds_of(quick, sum) : unknown;
}

enum poolgrad_quick_answer poolgrad_quick_shared(struct poolgrad_quick *quick, struct poolgrad_pixel pixel,
                                                 double actual)
{
    struct sum sum;
    struct ends ends;
    const struct poolgrad_quick_value bounds = bound_shares(quick, pixel, &sum, &ends);
    if (!bounds.known) return POOLGRAD_QUICK_UNKNOWN;
    if (sum.magnitude == 0) return actual == 0 ? POOLGRAD_QUICK_HOLDS : POOLGRAD_QUICK_EXCLUDES;
    if (!(actual >= lowest(quick, ends.low, bounds.reach) && actual <= highest(quick, ends.high, bounds.reach)))
        return POOLGRAD_QUICK_EXCLUDES;
    const bool holds = quick->reads_exactly && lies_between(quick, ends, bounds.error, actual);
    return holds ? POOLGRAD_QUICK_HOLDS : POOLGRAD_QUICK_UNKNOWN;
}

bool poolgrad_quick_tells(struct poolgrad_quick *quick, struct poolgrad_pixel pixel)
{
    struct sum sum;
    struct ends ends;
    const struct poolgrad_quick_value bounds = bound_shares(quick, pixel, &sum, &ends);
    if (!bounds.known) return false;
    const double low = lowest(quick, ends.low, bounds.reach), high = highest(quick, ends.high, bounds.reach);
    return sum.magnitude == 0 || (ends.low == ends.high && high - low < fabs(ends.low));
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static struct sum sum_of_one(double value)
{
    return (struct sum){value, fabs(value), fabs(value), 1, ROUNDINGS_OF_SUM, true};
}

static struct sum average(const struct poolgrad_quick *quick, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &quick->judge->geometry;
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    struct sum sum = {.usable = !poolgrad_window_is_empty(g, at), .roundings = ROUNDINGS_OF_SUM};
    const int64_t count = sum.usable ? poolgrad_window_count(g, at) : 1;
    while (poolgrad_taps_next(&taps)) add_share(quick, &sum, poolgrad_tap_value(&taps), count);
    return sum;
}

static struct sum norm(const struct poolgrad_quick *quick, struct poolgrad_window_at at)
{
    const double norm = find_norm(quick, at);
    struct sum sum = sum_of_one(norm / count_of(quick, at));
    sum.usable = norm > 0;
    sum.roundings = poolgrad_window_taps(at) + ROUNDINGS_OF_NORM;
    return sum;
}

static struct sum maximum(const struct poolgrad_quick *quick, struct poolgrad_pixel output)
{
    const struct poolgrad_judge *judge = quick->judge;
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_window_at at = poolgrad_judge_window(judge, output);
    if (!g->with_indices) return sum_of_one(poolgrad_window_pick(g, at).value);
    const struct poolgrad_pick pick = poolgrad_window_indexed(g, at, judge->gradient_n, judge->gradient_c, output);
    return sum_of_one(poolgrad_picks_none(pick) ? 0 : poolgrad_source_at(g, judge->n, judge->c, pick.at));
}

struct poolgrad_quick_value poolgrad_quick_forward(struct poolgrad_quick *quick, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = &quick->judge->geometry;
    const struct poolgrad_window_at at = poolgrad_judge_window(quick->judge, output);
    if (!quick->applies) return unknown;
    const struct sum sum = g->with_indices || g->kind == POOLGRAD_MAX ? maximum(quick, output)
                           : g->kind == POOLGRAD_AVERAGE              ? average(quick, at)
                                                                      : norm(quick, at);
    return bounds_of(quick, &sum);
}

/* ---- What they say ----------------------------------------------------------------------------------------------- */

bool poolgrad_quick_excludes(const struct poolgrad_quick *quick, struct poolgrad_quick_value bounds, double actual)
{
    if (!bounds.known) return false;
    return !(actual >= lowest(quick, bounds.value, bounds.reach) &&
             actual <= highest(quick, bounds.value, bounds.reach));
}

bool poolgrad_quick_rounds(const struct poolgrad_quick *quick, struct poolgrad_quick_value bounds, double *rounded)
{
    if (!bounds.known) return false;
    *rounded = lowest(quick, bounds.value, bounds.error);
    return *rounded != 0 && *rounded == highest(quick, bounds.value, bounds.error);
}
