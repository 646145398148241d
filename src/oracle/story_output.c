/* SPDX-License-Identifier: Apache-2.0 */
/* What an implementation gave beside what is expected: the element, and of a gradient the pixels around it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image/format.h"
#include "image/image.h"
#include "oracle/story.h"

enum {
    REACH = 7,      /* pixels to each side, of which is looked at */
    MOST_ROWS = 25, /* of the table of pixels */
    CELL = 48       /* letters of a number of ulps, or of two */
};

/* ---- Distances --------------------------------------------------------------------------------------------------- */

/* The distance from one number to the next of the format, at a finite one. */
static double ulp_at(double value, poolgrad_format format)
{
    const struct poolgrad_precision precision = poolgrad_precision_of(format);
    const int exponent = value == 0 ? precision.least : ilogb(value);
    return ldexp(1, (exponent < precision.least ? precision.least : exponent) - (precision.bits - 1));
}

/* "+12", "-3", "0": ulps from one number of the format to another; a word where one is not finite. */
static void write_ulps(poolgrad_format format, double from, double to, char cell[CELL])
{
    const int64_t ulps = poolgrad_ulps_between(format, from, to);
    if (ulps < 0 || ulps == INT64_MAX)
        snprintf(cell, CELL, "%.40s", poolgrad_digits_of(to, format).text);
    else
        snprintf(cell, CELL, "%s%" PRId64, ulps == 0 ? "" : to > from ? "+" : "-", ulps);
}

/* Ends of what is accepted, likewise. */
static void write_reach(poolgrad_format format, double from, struct poolgrad_reach reach, char cell[CELL])
{
    char low[CELL], high[CELL];
    write_ulps(format, from, reach.low, low);
    write_ulps(format, from, reach.high, high);
    if (strcmp(low, high) == 0)
        snprintf(cell, CELL, "%s", low);
    else
        snprintf(cell, CELL, "%.20s to %.20s", low, high);
}

/* ---- The element ------------------------------------------------------------------------------------------------- */

static void tell_distance(struct poolgrad_story *story, double expected, double actual)
{
    const poolgrad_format format = story->geometry.destination.format;
    const int64_t ulps = poolgrad_ulps_between(format, expected, actual);
    if (ulps < 0 || ulps == INT64_MAX) return;
    if (ulps == 0) {
        poolgrad_story_say(story, 2, "From the result to it: 0 ulps.");
        return;
    }
    poolgrad_story_say(story, 2, "From the result to it: %" PRId64 " ulp%s %s. An ulp of the result is %.3g.", ulps,
                       ulps == 1 ? "" : "s", actual > expected ? "up" : "down", ulp_at(expected, format));
}

/* Where what is accepted ends, and on which side of that the element is. */
static void tell_reach(struct poolgrad_story *story, struct poolgrad_reach reach, double expected, double actual,
                       bool printed)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const poolgrad_format format = g->destination.format;
    const bool picks = g->kind == POOLGRAD_MAX && g->direction == POOLGRAD_GRADIENT && !g->with_indices;
    const char *given = picks ? "With the picks above, the" : "The";
    char ends[CELL];
    if (isnan(reach.low)) {
        poolgrad_story_say(story, 2, "%s declared arithmetic can give nothing but a NaN.", given);
        return;
    }
    write_reach(format, expected, reach, ends);
    if (reach.low == reach.high)
        poolgrad_story_say(story, 2, "%s declared arithmetic can give %s alone: %s ulps from the result.", given,
                           poolgrad_word_of(reach.low, format).text, ends);
    else
        poolgrad_story_say(story, 2, "%s declared arithmetic can give %s to %s: %s ulps from the result.", given,
                           poolgrad_word_of(reach.low, format).text, poolgrad_word_of(reach.high, format).text, ends);
    const double end = actual > reach.high ? reach.high : reach.low;
    const int64_t ulps = poolgrad_ulps_between(format, end, actual);
    if (printed || (actual >= reach.low && actual <= reach.high) || ulps <= 0 || ulps == INT64_MAX) return;
    poolgrad_story_say(story, 2, "That ends %" PRId64 " ulp%s %s the actual.", ulps, ulps == 1 ? "" : "s",
                       actual > reach.high ? "below" : "above");
}

/* ---- Forward: what the window has of it -------------------------------------------------------------------------- */

/* Of max: which tap has the value; none of an output that picks no tap. */
static void tell_origin(struct poolgrad_story *story, double actual)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_window_at at = poolgrad_window_place(g, story->n + g->source_image,
                                                               story->c + g->source_channel, story->at);
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    unsigned char element[sizeof(double)];
    while (poolgrad_taps_next(&taps)) {
        poolgrad_store(g->destination.format, element, poolgrad_tap_value(&taps));
        if (poolgrad_load(g->destination.format, element) != actual) continue;
        poolgrad_story_say(story, 2, "The tap at %s has this value.", poolgrad_pixel_of(story, taps.at).text);
        return;
    }
    poolgrad_story_say(story, 2, "No tap of the window has this value.");
}

/* Of average: the sum that it stands for, and that of the taps. */
static void tell_sum(struct poolgrad_story *story, double actual)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_window_at at = poolgrad_window_place(g, story->n + g->source_image,
                                                               story->c + g->source_channel, story->at);
    const int64_t count = poolgrad_window_count(g, at);
    struct poolgrad_taps taps = poolgrad_taps_inside(g, at);
    double sum = 0;
    while (poolgrad_taps_next(&taps)) sum += poolgrad_tap_value(&taps);
    if (!isfinite(sum) || !isfinite(actual) || poolgrad_window_is_empty(g, at)) return;
    const double given = actual * (double)count;
    poolgrad_story_say(story, 2, "Times N it is a sum of %.9g; that of the taps is %.9g, %.3g %s.", given, sum,
                       fabs(sum - given), sum > given ? "more" : "less");
}

static void tell_forward(struct poolgrad_story *story, double actual)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (!story->is_pooled || g->with_indices || g->add_to_destination) return;
    if (g->kind == POOLGRAD_MAX && !isnan(actual)) tell_origin(story, actual);
    if (g->kind == POOLGRAD_AVERAGE) tell_sum(story, actual);
}

/* ---- Gradients: the taps of the element's windows ---------------------------------------------------------------- */

/* Whether a window has both as taps along the axis. */
static bool share_window(const struct poolgrad_axis *axis, int64_t a, int64_t b)
{
    const struct poolgrad_range windows = poolgrad_axis_windows(axis, a, a + 1);
    for (int64_t i = windows.begin; i < windows.end; i++) {
        const poolgrad_span window = poolgrad_axis_window(axis, i);
        if (poolgrad_axis_is_tap(axis, window, a) && poolgrad_axis_is_tap(axis, window, b)) return true;
    }
    return false;
}

static struct poolgrad_range around(int64_t at, int64_t size)
{
    return (struct poolgrad_range){poolgrad_max(at - REACH, 0), poolgrad_min(at + REACH + 1, size)};
}

/* Pixels that differ from the reference, in row-major order, as the destination numbers them; and how many were looked
 * at. */
struct beside {
    struct poolgrad_pixel at[MOST_ROWS];
    struct poolgrad_reach reach[MOST_ROWS];
    int shown;
    int64_t different, all;
};

static void look_at(const struct poolgrad_story_judged *judged, struct poolgrad_pixel at, struct beside *beside)
{
    const poolgrad_verdict verdict = poolgrad_verification_at(judged->v, judged->n, judged->c, at.z, at.y, at.x);
    beside->all++;
    if (verdict == POOLGRAD_VERDICT_EQUAL) return;
    if (beside->different++ < MOST_ROWS) beside->at[beside->shown++] = at;
}

static struct beside find_beside(const struct poolgrad_story *story, const struct poolgrad_story_judged *judged)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_area written = poolgrad_written_area(g);
    const struct poolgrad_pixel pixel = poolgrad_source_pixel(g, story->at);
    struct beside beside = {.shown = 0};
    if (!poolgrad_source_has(g, pixel)) return beside;
    const struct poolgrad_area area = {around(pixel.z, g->z.size), around(pixel.y, g->y.size),
                                       around(pixel.x, g->x.size)};
    struct poolgrad_steps steps = poolgrad_steps_over(&area);
    while (poolgrad_steps_next(&steps)) {
        const struct poolgrad_pixel at = poolgrad_written_pixel(g, steps.at);
        if (poolgrad_area_holds(&written, at) && share_window(&g->z, pixel.z, steps.at.z) &&
            share_window(&g->y, pixel.y, steps.at.y) && share_window(&g->x, pixel.x, steps.at.x))
            look_at(judged, at, &beside);
    }
    return beside;
}

/* One row: place, output, expected, distance, what is accepted, verdict. */
static void say_beside(struct poolgrad_story *story, const struct poolgrad_story_judged *judged,
                       const struct beside *beside, int row)
{
    const poolgrad_format format = story->geometry.destination.format;
    const struct poolgrad_pixel at = beside->at[row];
    const double expected = poolgrad_load_pixel(&judged->v->expected.read, judged->n, judged->c, at);
    const double actual = poolgrad_load_pixel(&judged->v->geometry.held, judged->n, judged->c, at);
    char ulps[CELL], reach[CELL];
    write_ulps(format, expected, actual, ulps);
    write_reach(format, expected, beside->reach[row], reach);
    poolgrad_story_say(
        story, 4, "%-10s %15s %15s %12s  %-14s %s", poolgrad_pixel_of(story, at).text,
        poolgrad_digits_of(actual, format).text, poolgrad_digits_of(expected, format).text, ulps, reach,
        poolgrad_verdict_name(poolgrad_verification_at(judged->v, judged->n, judged->c, at.z, at.y, at.x)));
}

/* Where a gradient went that did not go where it was expected. False where memory is lacking. */
static bool tell_beside(struct poolgrad_story *story, const struct poolgrad_story_judged *judged)
{
    struct beside beside = find_beside(story, judged);
    if (beside.different == 0) return true;
    if (!poolgrad_verification_reach(judged->v, judged->n, judged->c, beside.at, beside.shown, beside.reach))
        return false;
    poolgrad_story_pause(story);
    poolgrad_story_say(story, 0,
                       "Of %" PRId64 " pixels of the output that share a window with it, itself among them, %" PRId64
                       " %s other bits than the reference:",
                       beside.all, beside.different, beside.different == 1 ? "has" : "have");
    poolgrad_story_say(story, 4, "%-10s %15s %15s %12s  %-14s %s", "pixel", "actual", "expected", "ulps", "accepted",
                       "verdict");
    for (int row = 0; row < beside.shown; row++) say_beside(story, judged, &beside, row);
    if (beside.different > beside.shown)
        poolgrad_story_say(story, 4, "%" PRId64 " more are left out here.", beside.different - beside.shown);
    return true;
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

static bool tell_written(struct poolgrad_story *story, const struct poolgrad_story_judged *judged, double expected,
                         double actual)
{
    const bool differs = poolgrad_verification_at(judged->v, judged->n, judged->c, story->at.z, story->at.y,
                                                  story->at.x) != POOLGRAD_VERDICT_EQUAL;
    struct poolgrad_reach reach;
    if (!poolgrad_verification_reach(judged->v, judged->n, judged->c, &story->at, 1, &reach)) return false;
    tell_reach(story, reach, expected, actual, judged->v->declaration.digits > 0);
    if (!differs) return true;
    if (story->geometry.direction == POOLGRAD_GRADIENT) return tell_beside(story, judged);
    tell_forward(story, actual);
    return true;
}

bool poolgrad_story_tell_output(struct poolgrad_story *story, const struct poolgrad_story_judged *judged,
                                const double *expected)
{
    if (!judged->v) return true;
    const poolgrad_format format = story->geometry.destination.format;
    const void *element = poolgrad_pixel_address(&judged->v->geometry.held, judged->n, judged->c, story->at);
    const double actual = poolgrad_load(format, element);
    const poolgrad_finding *finding = judged->finding;
    const poolgrad_verdict verdict = poolgrad_verification_at(judged->v, judged->n, judged->c, story->at.z, story->at.y,
                                                              story->at.x);
    poolgrad_story_pause(story);
    poolgrad_story_say(story, 0, "Actual: %s.", poolgrad_word_of_element(element, format).text);
    if (expected) tell_distance(story, *expected, actual);
    poolgrad_story_say(story, 2, "Verdict: %s.", poolgrad_verdict_name(verdict));
    if (finding && finding->decision != POOLGRAD_DECISION_NONE)
        poolgrad_story_say(story, 2, "Why: %s.", poolgrad_decision_text(finding->decision));
    if (expected) return tell_written(story, judged, *expected, actual);
    if (finding) poolgrad_story_say(story, 2, "It was %s before.", poolgrad_word_of(finding->expected, format).text);
    return true;
}
