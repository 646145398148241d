/* SPDX-License-Identifier: Apache-2.0 */
/* A gradient's pixel, told window by window; the steps are those of the reference. */
#include <inttypes.h>
#include <math.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "oracle/story.h"

enum { MOST_WINDOWS = 64, TERM_BITS = 192 };

/* The source pixel, and what it has got so far. */
struct pixel {
    struct poolgrad_story *story;
    struct poolgrad_pixel at;
    double sum;
    struct poolgrad_sum exact;      /* of average and max */
    int64_t windows, contributions; /* of which it is a tap; which gave it something */
};

/* One window: its place, its pixel in the source gradient, and what that holds. */
struct term {
    struct poolgrad_window_at at;
    struct poolgrad_pixel output;
    double gradient;
    int64_t divisor; /* of the gradient, where that is rational */
};

static void say_contribution(struct pixel *pixel, const char *formula, double share, const char *exact)
{
    struct poolgrad_story *story = pixel->story;
    const poolgrad_format format = poolgrad_story_accumulator(story);
    if (story->is_silent) return;
    poolgrad_story_say(story, 2, "Contribution: %s = %s%s%s.", formula, poolgrad_word_of(share, format).text,
                       *exact ? "; to 30 digits " : "", exact);
}

/* g / divisor, where that is rational and finite. */
static struct poolgrad_word exact_share(struct poolgrad_story *story, double gradient, int64_t divisor)
{
    struct poolgrad_sum sum;
    struct poolgrad_word word = {""};
    if (story->is_silent || !isfinite(gradient)) return word;
    poolgrad_sum_init(&sum);
    poolgrad_sum_add(&sum, gradient, divisor, &story->scratch);
    word = poolgrad_decimal_of_quotient(sum.numerator, sum.exponent, sum.denominator);
    poolgrad_sum_clear(&sum);
    return word;
}

/* ---- What a window gives: false where nothing -------------------------------------------------------------------- */

/* docs/numerics.md N26, N63. */
static bool share_of_average(struct pixel *pixel, struct term *term, double *share)
{
    struct poolgrad_story *story = pixel->story;
    term->divisor = poolgrad_window_count(&story->geometry, term->at);
    poolgrad_story_tell_count(story, term->at);
    *share = poolgrad_quotient(&story->geometry, term->gradient, term->divisor);
    say_contribution(pixel, "g / N (N26, N63)", *share, exact_share(story, term->gradient, term->divisor).text);
    return true;
}

static bool say_not_picked(struct pixel *pixel, const char *rule)
{
    poolgrad_story_say(pixel->story, 2, "That is not this pixel: it gets nothing from this window (%s).", rule);
    return false;
}

/* docs/numerics.md N28, N30, N63. */
static bool share_of_max(struct pixel *pixel, struct term *term, double *share)
{
    struct poolgrad_story *story = pixel->story;
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_pick pick = poolgrad_window_pick(g, term->at);
    poolgrad_story_tell_taps(story, term->at, pixel->at, &pick);
    poolgrad_story_tell_pick(story, term->at, &pick);
    *share = term->gradient;
    if (g->ties == POOLGRAD_TIES_FIRST || g->ties == POOLGRAD_TIES_LAST || isnan(pick.value)) {
        if (!poolgrad_same_pixel(pick.at, pixel->at)) {
            return say_not_picked(pixel, poolgrad_picks_none(pick) ? "N28, N31" : "N28");
        }
    } else if (poolgrad_story_source(story, term->at, pixel->at) != pick.value) {
        return say_not_picked(pixel, "N28");
    } else if (g->ties == POOLGRAD_TIES_SPLIT) {
        term->divisor = poolgrad_window_ties(g, term->at, pick.value);
        *share = poolgrad_quotient(g, term->gradient, term->divisor);
        say_contribution(pixel, "g / number of maximal taps (N30, N63)", *share,
                         exact_share(story, term->gradient, term->divisor).text);
        return true;
    }
    say_contribution(pixel, "g (N28, N63)", *share, "");
    return true;
}

/* docs/numerics.md N39. */
static bool share_of_index(struct pixel *pixel, const struct term *term, double *share)
{
    struct poolgrad_story *story = pixel->story;
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_pick pick = poolgrad_story_tell_index(story, term->at, story->n + g->gradient_image,
                                                                story->c + g->gradient_channel, term->output);
    if (!poolgrad_same_pixel(pick.at, pixel->at)) return say_not_picked(pixel, "N28, N39");
    *share = term->gradient;
    say_contribution(pixel, "g (N28, N63)", *share, "");
    return true;
}

/* The norm, or N times the root of a mean, and g over it, exactly; words are empty where something is not finite. */
static void measure_exactly(struct poolgrad_story *story, const struct term *term, struct poolgrad_word *norm,
                            struct poolgrad_word *share)
{
    struct poolgrad_square square;
    mpfr_t root;
    *norm = *share = (struct poolgrad_word){""};
    if (story->is_silent) return;
    mpz_init(square.sum);
    poolgrad_divisor_square(&story->geometry, term->at, &square, &story->scratch);
    mpfr_init2(root, (mpfr_prec_t)mpz_sizeinbase(square.sum, 2) + TERM_BITS);
    if (!square.is_nan && !square.is_infinite) {
        mpfr_set_z_2exp(root, square.sum, square.exponent, MPFR_RNDN);
        mpfr_sqrt(root, root, MPFR_RNDN);
        *norm = poolgrad_decimal_of(root);
        if (isfinite(term->gradient) && mpz_sgn(square.sum) > 0) {
            poolgrad_norm_quotient(root, term->gradient, &square);
            *share = poolgrad_decimal_of(root);
        }
    }
    mpfr_clear(root);
    mpz_clear(square.sum);
}

/* N times the root, by which a gradient is divided (N97). */
static double tell_mean_divisor(struct pixel *pixel, const struct term *term, double norm, const char *exact)
{
    struct poolgrad_story *story = pixel->story;
    const int64_t count = poolgrad_window_count(&story->geometry, term->at);
    const double divisor = (double)count * norm;
    poolgrad_story_say(story, 2, "N times it: %" PRId64 " x %s = %s (N97)%s%s.", count,
                       poolgrad_digits_of(norm, POOLGRAD_FLOAT64).text,
                       poolgrad_word_of(divisor, POOLGRAD_FLOAT64).text, *exact ? "; to 30 digits " : "", exact);
    return divisor;
}

/* docs/numerics.md N29, N35, N64, N97. */
static bool share_of_norm(struct pixel *pixel, const struct term *term, double *share)
{
    struct poolgrad_story *story = pixel->story;
    const bool mean = story->geometry.root_mean;
    struct poolgrad_word norm, exact;
    const double value = poolgrad_window_norm(&story->geometry, term->at);
    double divisor = value;
    poolgrad_story_tell_taps(story, term->at, pixel->at, NULL);
    measure_exactly(story, term, &norm, &exact);
    if (mean) poolgrad_story_tell_count(story, term->at);
    poolgrad_story_say(story, 2, "%s, in float64: %s (N19, %s)%s%s.", mean ? "Root of the mean" : "Norm",
                       poolgrad_word_of(value, POOLGRAD_FLOAT64).text, mean ? "N97" : "N64",
                       *norm.text && !mean ? "; to 30 digits " : "", mean ? "" : norm.text);
    if (value == 0) {
        poolgrad_story_say(story, 2, "A norm of 0 contributes nothing (N35).");
        return false;
    }
    if (mean) divisor = tell_mean_divisor(pixel, term, value, norm.text);
    *share = term->gradient / divisor;
    say_contribution(pixel, mean ? "r = g / (N x root) (N97)" : "r = g / norm (N64)", *share, exact.text);
    return true;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* docs/numerics.md N61, N62. */
static void add_share(struct pixel *pixel, const struct term *term, double share)
{
    struct poolgrad_story *story = pixel->story;
    const struct poolgrad_geometry *g = &story->geometry;
    const poolgrad_format format = poolgrad_story_accumulator(story);
    const double before = pixel->sum;
    pixel->sum = g->kind == POOLGRAD_L2NORM ? before + share : poolgrad_sum(g, before, share);
    pixel->contributions++;
    if (g->kind != POOLGRAD_L2NORM) poolgrad_sum_add(&pixel->exact, term->gradient, term->divisor, &story->scratch);
    poolgrad_story_say(story, 2, "Sum: %s + %s = %s (N61, N62).", poolgrad_digits_of(before, format).text,
                       poolgrad_digits_of(share, format).text, poolgrad_word_of(pixel->sum, format).text);
}

static void add_window(struct pixel *pixel, struct poolgrad_pixel output)
{
    struct poolgrad_story *story = pixel->story;
    const struct poolgrad_geometry *g = &story->geometry;
    struct term term = {.output = output, .divisor = 1};
    double share = 0;
    bool contributes = false;
    term.at = poolgrad_window_place(g, story->n + g->source_image, story->c + g->source_channel, output);
    term.gradient = poolgrad_gradient_at(g, story->n + g->gradient_image, story->c + g->gradient_channel, output);
    story->is_silent = pixel->windows++ >= MOST_WINDOWS;
    poolgrad_story_pause(story);
    poolgrad_story_say(story, 0, "Window of %s of the source gradient", poolgrad_place_of(story, output).text);
    poolgrad_story_say(story, 2, "g = %s", poolgrad_word_of(term.gradient, g->source_gradient.format).text);
    poolgrad_story_tell_place(story, term.at);
    if (g->with_indices)
        contributes = share_of_index(pixel, &term, &share);
    else if (g->kind == POOLGRAD_AVERAGE)
        contributes = share_of_average(pixel, &term, &share);
    else if (g->kind == POOLGRAD_MAX)
        contributes = share_of_max(pixel, &term, &share);
    else
        contributes = share_of_norm(pixel, &term, &share);
    if (contributes) add_share(pixel, &term, share);
    story->is_silent = false;
}

/* docs/numerics.md N23, N61: in ascending row-major order. */
static void add_windows(struct pixel *pixel)
{
    struct poolgrad_story *story = pixel->story;
    const struct poolgrad_geometry *g = &story->geometry;
    const poolgrad_format format = poolgrad_story_accumulator(story);
    struct poolgrad_windows windows = poolgrad_windows_of(g, pixel->at);
    poolgrad_story_say(story, 0,
                       "Windows that have it as a tap are added in row-major order, from +0, in %s (N23, "
                       "N24, N25, N60, N61).",
                       poolgrad_format_name(format));
    while (poolgrad_windows_next(&windows)) add_window(pixel, windows.at);
    poolgrad_story_pause(story);
    if (pixel->windows > MOST_WINDOWS) {
        poolgrad_story_say(story, 0, "%" PRId64 " further windows are added likewise and left out here.",
                           pixel->windows - MOST_WINDOWS);
    }
    poolgrad_story_say(story, 0, "Windows: %" PRId64 ", of which %" PRId64 " contribute. Sum: %s.", pixel->windows,
                       pixel->contributions, poolgrad_word_of(pixel->sum, format).text);
    const struct poolgrad_sum *exact = &pixel->exact;
    if (g->kind == POOLGRAD_L2NORM || exact->is_nan || exact->plus || exact->minus) return;
    poolgrad_story_say(story, 0, "Exact sum, to 30 digits: %s (N76).",
                       poolgrad_decimal_of_quotient(exact->numerator, exact->exponent, exact->denominator).text);
}

/* docs/numerics.md N36, N38. */
static double finish(struct pixel *pixel)
{
    struct poolgrad_story *story = pixel->story;
    const struct poolgrad_geometry *g = &story->geometry;
    if (pixel->windows == 0) {
        poolgrad_story_say(story, 0, "Nothing contributes: +0 (N38).");
        return 0;
    }
    if (g->kind != POOLGRAD_L2NORM) return pixel->sum;
    const double in = poolgrad_source_at(g, story->n + g->source_image, story->c + g->source_channel, pixel->at);
    const double value = in * pixel->sum;
    poolgrad_story_say(
        story, 0, "In times the sum: %s x %s = %s (N36, N64).", poolgrad_digits_of(in, g->source.format).text,
        poolgrad_digits_of(pixel->sum, POOLGRAD_FLOAT64).text, poolgrad_word_of(value, POOLGRAD_FLOAT64).text);
    return value;
}

/* The source pixel that the element stands for; false where there is none. */
static bool find_pixel(struct pixel *pixel, bool clipped)
{
    struct poolgrad_story *story = pixel->story;
    const struct poolgrad_geometry *g = &story->geometry;
    const char *rule = clipped ? "N43" : "N42";
    if (!story->is_pooled) {
        poolgrad_story_say(story, 0, "It stands for no source pixel: no image is pooled into this one (N45).");
        return false;
    }
    if (!poolgrad_source_has(g, pixel->at)) {
        poolgrad_story_say(story, 0, "It stands for no source pixel: %s is outside the source of %s pixels (%s).",
                           poolgrad_place_of(story, pixel->at).text,
                           poolgrad_sizes_of(story, g->x.size, g->y.size, g->z.size).text, rule);
        return false;
    }
    poolgrad_story_say(
        story, 0, "It stands for %s of image %" PRId64 ", channel %" PRId64 " of the source (%s, N45, N46).",
        poolgrad_place_of(story, pixel->at).text, story->n + g->source_image, story->c + g->source_channel, rule);
    return true;
}

double poolgrad_story_gradient(struct poolgrad_story *story)
{
    const struct poolgrad_geometry *g = &story->geometry;
    struct pixel pixel = {.story = story, .at = poolgrad_source_pixel(g, story->at)};
    if (!find_pixel(&pixel, story->is_clipped)) {
        poolgrad_story_say(story, 0, "So it is +0.");
        return 0;
    }
    poolgrad_sum_init(&pixel.exact);
    add_windows(&pixel);
    poolgrad_sum_clear(&pixel.exact);
    return finish(&pixel);
}
