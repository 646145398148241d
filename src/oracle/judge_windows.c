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

bool poolgrad_judge_visit_candidates(struct poolgrad_judge *judge, struct poolgrad_pixel output,
                                     bool (*take)(void *context, struct poolgrad_pixel tap, bool inside), void *context)
{
    const struct poolgrad_pick pick = poolgrad_judge_pick(judge, output);
    struct poolgrad_taps taps = poolgrad_taps_distinct(&judge->geometry, poolgrad_judge_window(judge, output));
    while (poolgrad_taps_next(&taps)) {
        const struct poolgrad_pixel at_tap = taps.inside ? taps.at : (struct poolgrad_pixel){-1, -1, -1};
        if (!taps.inside && judge->geometry.edge_mode == POOLGRAD_EDGE_CLAMP) continue;
        const double tap = taps.inside ? poolgrad_tap_value(&taps) : 0;
        if (!poolgrad_judge_may_pick(judge, pick, tap, at_tap)) continue;
        if (!take(context, taps.at, taps.inside)) return false;
    }
    return true;
}

static bool count_to_two(void *context, struct poolgrad_pixel tap, bool inside)
{
    unsigned char *count = context;
    (void)tap;
    (void)inside;
    return ++*count < 2;
}

bool poolgrad_judge_has_choice(struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    unsigned char *candidates = &known(judge, output)->candidates;
    if (*candidates == 0) poolgrad_judge_visit_candidates(judge, output, count_to_two, candidates);
    return *candidates > 1;
}

/* ---- Doubts ------------------------------------------------------------------------------------------------------ */

struct poolgrad_window_doubts poolgrad_find_doubts(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    struct poolgrad_window_doubts doubts = {.known = true, .all_least = true, .all_zero = true};
    while (poolgrad_taps_next(&taps)) {
        const double tap = poolgrad_tap_value(&taps);
        doubts.any_nan = doubts.any_nan || isnan(tap);
        doubts.all_least = doubts.all_least && isinf(tap) && tap < 0;
        doubts.all_zero = doubts.all_zero && tap == 0;
    }
    return doubts;
}

struct poolgrad_window_doubts poolgrad_judge_doubts(const struct poolgrad_judge *judge, struct poolgrad_pixel output)
{
    struct poolgrad_window_doubts *doubts = &known(judge, output)->doubts;
    if (!doubts->known) *doubts = poolgrad_find_doubts(&judge->geometry, poolgrad_judge_window(judge, output));
    return *doubts;
}
