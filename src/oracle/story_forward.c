/* SPDX-License-Identifier: Apache-2.0 */
/* A forward result, told step by step; the steps are those of the reference. */
#include <inttypes.h>
#include <math.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "oracle/story.h"

enum { MOST_STEPS = 49, ROOT_BITS = 192 };

/* Calls the step for each tap inside, in row-major order (docs/numerics.md N61); after MOST_STEPS of them silently. */
static double add_taps(struct poolgrad_story *story, struct poolgrad_window_at at,
                       double (*step)(struct poolgrad_story *story, double sum, double tap, struct poolgrad_pixel at))
{
    struct poolgrad_taps taps = poolgrad_taps_inside(&story->geometry, at);
    int64_t steps = 0;
    double sum = 0;
    while (poolgrad_taps_next(&taps)) {
        story->is_silent = steps++ >= MOST_STEPS;
        sum = step(story, sum, poolgrad_tap_value(&taps), taps.at);
    }
    story->is_silent = false;
    if (steps > MOST_STEPS) {
        poolgrad_story_say(story, 4, "... and so on; %" PRId64 " additions are left out here.", steps - MOST_STEPS);
    }
    return sum;
}

static double add_tap(struct poolgrad_story *story, double sum, double tap, struct poolgrad_pixel at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    sum = poolgrad_sum(g, sum, tap);
    poolgrad_story_say(story, 4, "%s: + %s = %s", poolgrad_pixel_of(story, at).text,
                       poolgrad_digits_of(tap, g->source.format).text,
                       poolgrad_word_of(sum, poolgrad_story_accumulator(story)).text);
    return sum;
}

static double add_square(struct poolgrad_story *story, double sum, double tap, struct poolgrad_pixel at)
{
    sum += tap * tap;
    poolgrad_story_say(story, 4, "%s: + (%s)^2 = %s", poolgrad_pixel_of(story, at).text,
                       poolgrad_digits_of(tap, story->geometry.source.format).text,
                       poolgrad_word_of(sum, POOLGRAD_FLOAT64).text);
    return sum;
}

static double tell_average(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const poolgrad_format format = poolgrad_story_accumulator(story);
    const int64_t count = poolgrad_window_count(g, at);
    poolgrad_story_tell_count(story, at);
    if (poolgrad_window_is_empty(g, at)) {
        poolgrad_story_say(story, 2, "No tap is left: the value is +0 (N21).");
        return 0;
    }
    poolgrad_story_say(story, 2,
                       "Sum, from +0, each addition rounded to %s (N60, N61, N62, N65):", poolgrad_format_name(format));
    const double sum = add_taps(story, at, add_tap), value = poolgrad_quotient(g, sum, count);
    poolgrad_story_say(story, 2, "Sum / N = %s / %" PRId64 " = %s (N65).", poolgrad_digits_of(sum, format).text, count,
                       poolgrad_word_of(value, format).text);
    return value;
}

/* The root of S, or of S / N, to 30 digits; nothing where it is no number. */
static void tell_exact_root(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    struct poolgrad_square square;
    const int64_t count = story->geometry.root_mean ? poolgrad_window_count(&story->geometry, at) : 1;
    mpz_init(square.sum);
    poolgrad_window_square(&story->geometry, at, &square, &story->scratch);
    if (!square.is_nan && !square.is_infinite && count > 0) {
        mpfr_t root;
        mpfr_init2(root, (mpfr_prec_t)mpz_sizeinbase(square.sum, 2) + ROOT_BITS);
        mpfr_set_z_2exp(root, square.sum, square.exponent, MPFR_RNDN);
        poolgrad_set_integer(story->scratch.a, count);
        mpfr_div_z(root, root, story->scratch.a, MPFR_RNDN);
        mpfr_sqrt(root, root, MPFR_RNDN);
        poolgrad_story_say(story, 2, "To 30 digits: %s (N76).", poolgrad_decimal_of(root).text);
        mpfr_clear(root);
    }
    mpz_clear(square.sum);
}

static double tell_norm(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (g->root_mean) poolgrad_story_tell_count(story, at);
    if (poolgrad_window_is_empty(g, at)) {
        poolgrad_story_say(story, 2, "No tap is left: the value is +0 (N21).");
        return 0;
    }
    poolgrad_story_say(story, 2,
                       "Sum of squares, from +0, each square and each addition rounded to float64 (N19, N61, "
                       "N66):");
    double sum = add_taps(story, at, add_square);
    if (g->root_mean) {
        const int64_t count = poolgrad_window_count(g, at);
        const double mean = sum / (double)count;
        poolgrad_story_say(story, 2, "Sum / N = %s / %" PRId64 " = %s (N97).",
                           poolgrad_digits_of(sum, POOLGRAD_FLOAT64).text, count,
                           poolgrad_word_of(mean, POOLGRAD_FLOAT64).text);
        sum = mean;
    }
    const double value = sqrt(sum);
    poolgrad_story_say(story, 2, "Square root: %s (%s).", poolgrad_word_of(value, POOLGRAD_FLOAT64).text,
                       g->root_mean ? "N97" : "N66");
    tell_exact_root(story, at);
    return value;
}

static void tell_index(struct poolgrad_story *story, struct poolgrad_window_at at, struct poolgrad_pick pick)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (!g->with_picks) return;
    const bool taps = poolgrad_format_holds_taps(g->picks.format);
    const char *what = taps ? "ky * kernel width + kx in the window" : "y * width + x in the plane";
    if (story->has_depth) {
        what = taps ? "(kz * kernel height + ky) * kernel width + kx in the window"
                    : "(z * height + y) * width + x in the volume";
    }
    if (poolgrad_picks_none(pick)) what = "no tap inside the source was picked";
    poolgrad_story_say(story, 2, "Index: %" PRId64 ", %s (N39).", poolgrad_pick_index(g, at, pick), what);
}

static double tell_max(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_pick pick = poolgrad_window_pick(g, at);
    const struct poolgrad_area inside = poolgrad_taps_inside(g, at).number.area;
    if (poolgrad_area_is_empty(&inside) && g->edge_mode == POOLGRAD_EDGE_CLAMP) {
        poolgrad_story_say(story, 2, "No tap is left: the value is +0 (N21).");
    } else {
        const struct poolgrad_pixel first = {poolgrad_axis_place(&g->z, at.z, inside.layers.begin),
                                             poolgrad_axis_place(&g->y, at.y, inside.rows.begin),
                                             poolgrad_axis_place(&g->x, at.x, inside.columns.begin)};
        poolgrad_story_tell_taps(story, at, poolgrad_picks_none(pick) ? first : pick.at, &pick);
        poolgrad_story_tell_pick(story, at, &pick);
        poolgrad_story_say(story, 2, "The value is that of the picked tap: %s (N22, N67).",
                           poolgrad_word_of(pick.value, g->source.format).text);
    }
    tell_index(story, at, pick);
    return pick.value;
}

/* docs/numerics.md N96. */
static double tell_gather(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    struct poolgrad_pick pick = poolgrad_story_tell_index(story, at, story->n, story->c, story->at);
    if (poolgrad_picks_none(pick)) {
        poolgrad_story_say(story, 2, "There is no element to take: the value is +0 (N96).");
        return 0;
    }
    pick.value = poolgrad_story_source(story, at, pick.at);
    poolgrad_story_say(story, 2, "The value is that of the element: %s (N96).",
                       poolgrad_word_of(pick.value, g->source.format).text);
    return pick.value;
}

double poolgrad_story_forward(struct poolgrad_story *story)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_window_at at = poolgrad_window_place(g, story->n + g->source_image,
                                                               story->c + g->source_channel, story->at);
    if (!story->is_pooled) {
        poolgrad_story_say(story, 0, "No image of the source is pooled into this one: +0 (N45).");
        tell_index(story, at, (struct poolgrad_pick){0, {-1, -1, -1}});
        return 0;
    }
    poolgrad_story_say(story, 0, "Its window is in image %" PRId64 ", channel %" PRId64 " of the source (N45, N46).",
                       at.n, at.c);
    poolgrad_story_tell_place(story, at);
    if (g->with_indices) return tell_gather(story, at);
    switch (g->kind) {
    case POOLGRAD_AVERAGE: return tell_average(story, at);
    case POOLGRAD_L2NORM: return tell_norm(story, at);
    default: return tell_max(story, at);
    }
}
