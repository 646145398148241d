/* SPDX-License-Identifier: Apache-2.0 */
/* What the windows of a gradient's volume are like. Pixels ask for it again and again, and a window may have millions
 * of taps: each answer is found once and kept. */
#include <math.h>
#include <stdlib.h>

#include "oracle/judge_parts.h"

bool poolgrad_judge_begin_windows(struct poolgrad_judge *judge)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_area outputs = poolgrad_output_area(g);
    int64_t windows;
    free(judge->windows);
    judge->windows = NULL;
    if (g->direction != POOLGRAD_GRADIENT || g->kind == POOLGRAD_AVERAGE || g->with_indices) return true;
    if (!poolgrad_area_count(&outputs, &windows)) return false;
    judge->windows = calloc((size_t)windows + 1, sizeof *judge->windows);
    return judge->windows != NULL;
}

static struct poolgrad_known_window *known(const struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    const struct poolgrad_area outputs = poolgrad_output_area(&judge->geometry);
    return &judge->windows[poolgrad_area_place(&outputs, output)];
}

/* ---- Picks ------------------------------------------------------------------------------------------------------- */

/* A pick as one number. */
enum { NOT_KNOWN, NO_PIXEL, FIRST_PIXEL };

struct poolgrad_pick poolgrad_judge_pick(const struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    const struct poolgrad_area source = poolgrad_source_volume(g);
    int64_t *kept = &known(judge, output)->pick[g->nan];
    if (*kept == NOT_KNOWN) {
        const struct poolgrad_pick pick = poolgrad_window_pick(g, poolgrad_judge_window(judge, output));
        *kept = poolgrad_picks_none(pick) ? NO_PIXEL : FIRST_PIXEL + poolgrad_area_place(&source, pick.at);
        return pick;
    }
    if (*kept == NO_PIXEL) return (struct poolgrad_pick){0, {-1, -1, -1}};
    const struct poolgrad_pixel at = poolgrad_area_pixel(&source, *kept - FIRST_PIXEL);
    return (struct poolgrad_pick){poolgrad_source_at(g, judge->n, judge->c, at), at};
}

struct poolgrad_pick poolgrad_judge_pick_by(struct poolgrad_judge *judge, poolgrad_nan_rule rule,
                                            struct poolgrad_pixel output)
{
    const poolgrad_nan_rule own = judge->geometry.nan;
    judge->geometry.nan = rule;
    const struct poolgrad_pick pick = poolgrad_judge_pick(judge, output);
    judge->geometry.nan = own;
    return pick;
}

/* ---- Ties -------------------------------------------------------------------------------------------------------- */

/* Taps that a comparison can take for equal to the maximum, those outside too. */
static int64_t count_equal(struct poolgrad_judge *judge, struct poolgrad_window_at at, double maximum)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    const bool outside = g->edge_mode == POOLGRAD_EDGE_ZERO && poolgrad_judge_ties(judge, 0, maximum);
    int64_t count = outside ? poolgrad_window_taps(at) - poolgrad_taps_count(&taps) : 0;
    while (poolgrad_taps_next(&taps)) {
        const double tap = poolgrad_tap_value(&taps);
        count += !isnan(tap) && poolgrad_judge_ties(judge, tap, maximum);
    }
    return count;
}

int64_t poolgrad_judge_count_ties(struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    struct poolgrad_known_window *window = known(judge, output);
    if (window->ties == 0) {
        const double maximum = poolgrad_judge_pick(judge, output).value;
        window->ties = poolgrad_window_ties(&judge->geometry, poolgrad_judge_window(judge, output), maximum);
    }
    return window->ties;
}

int64_t poolgrad_judge_count_equal(struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    struct poolgrad_known_window *window = known(judge, output);
    if (window->equal == 0) {
        const double maximum = poolgrad_judge_pick(judge, output).value;
        window->equal = count_equal(judge, poolgrad_judge_window(judge, output), maximum);
    }
    return window->equal;
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

/* What an open window may pick beside its NaNs is what it picks if it ignores them. */
static struct poolgrad_pick greatest_number(struct poolgrad_judge *judge, struct poolgrad_pixel output, bool open)
{
    return open ? poolgrad_judge_pick_by(judge, POOLGRAD_NAN_IGNORE, output) : poolgrad_judge_pick(judge, output);
}

static bool may_get(struct poolgrad_judge *judge, struct poolgrad_pick pick, double tap, struct poolgrad_pixel at)
{
    if (poolgrad_judge_picks_one(judge)) return poolgrad_judge_may_pick(judge, pick, tap, at);
    return !isnan(tap) && poolgrad_judge_ties(judge, tap, pick.value);
}

bool poolgrad_judge_is_candidate(struct poolgrad_judge *judge, struct poolgrad_pixel output,
                                 struct poolgrad_pixel pixel, bool open)
{
    const double tap = poolgrad_source_at(&judge->geometry, judge->n, judge->c, pixel);
    if (isnan(tap)) return open;
    return may_get(judge, greatest_number(judge, output, open), tap, pixel);
}

static enum poolgrad_candidate_kind kind_of(double tap, bool inside)
{
    if (!inside) return POOLGRAD_CANDIDATE_OUTSIDE;
    return isnan(tap) ? POOLGRAD_CANDIDATE_NAN : POOLGRAD_CANDIDATE_NUMBER;
}

bool poolgrad_judge_visit_candidates(struct poolgrad_judge *judge, struct poolgrad_pixel output, bool open,
                                     bool (*take)(void *context, struct poolgrad_pixel tap,
                                                  enum poolgrad_candidate_kind kind),
                                     void *context)
{
    static const struct poolgrad_pixel nowhere = {-1, -1, -1}, last = {INT64_MAX, INT64_MAX, INT64_MAX};
    const struct poolgrad_pick pick = greatest_number(judge, output, open);
    struct poolgrad_taps taps = poolgrad_taps_distinct(&judge->geometry, poolgrad_judge_window(judge, output));
    while (poolgrad_taps_next(&taps)) {
        if (!taps.inside && judge->geometry.edge_mode == POOLGRAD_EDGE_CLAMP) continue;
        const double tap = taps.inside ? poolgrad_tap_value(&taps) : 0;
        const bool wins = (open && isnan(tap)) || may_get(judge, pick, tap, taps.inside ? taps.at : nowhere);
        if (wins && !take(context, taps.at, kind_of(tap, taps.inside))) return false;
    }
    if (!open) return true;
    const struct poolgrad_window_doubts doubts = poolgrad_judge_doubts(judge, output);
    return !(doubts.all_least || doubts.all_lost) || take(context, last, POOLGRAD_CANDIDATE_NOBODY);
}

static bool count_to_two(void *context, struct poolgrad_pixel tap, enum poolgrad_candidate_kind kind)
{
    unsigned char *count = context;
    (void)tap;
    (void)kind;
    return ++*count < 2;
}

bool poolgrad_judge_has_choice(struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    unsigned char *candidates = &known(judge, output)->candidates;
    if (*candidates == 0) poolgrad_judge_visit_candidates(judge, output, false, count_to_two, candidates);
    return *candidates > 1;
}

/* ---- Doubts ------------------------------------------------------------------------------------------------------ */

struct poolgrad_window_doubts poolgrad_find_doubts(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    struct poolgrad_window_doubts doubts = {.known = true, .all_least = true, .all_lost = true, .all_zero = true};
    while (poolgrad_taps_next(&taps)) {
        const double tap = poolgrad_tap_value(&taps);
        doubts.any_nan = doubts.any_nan || isnan(tap);
        const bool is_least = isinf(tap) && tap < 0;
        doubts.all_least = doubts.all_least && is_least;
        doubts.all_lost = doubts.all_lost && (is_least || isnan(tap));
        doubts.all_zero = doubts.all_zero && tap == 0;
    }
    doubts.all_lost = doubts.all_lost && doubts.any_nan;
    return doubts;
}

struct poolgrad_window_doubts poolgrad_judge_doubts(const struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    struct poolgrad_window_doubts *doubts = &known(judge, output)->doubts;
    if (!doubts->known) *doubts = poolgrad_find_doubts(&judge->geometry, poolgrad_judge_window(judge, output));
    return *doubts;
}

bool poolgrad_judge_is_open(const struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    const struct poolgrad_window_doubts doubts = poolgrad_judge_doubts(judge, output);
    if (!doubts.any_nan) return doubts.all_least;
    return !judge->keeps_nan_rule || (judge->geometry.nan == POOLGRAD_NAN_IGNORE && doubts.all_lost);
}
