/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ties, and windows of which nothing documents what they pick: a result is right if one choice for each window explains
 * all of it. Gradients are whole numbers, so that sums are exact, and what verification says can be held to a count of
 * all choices.
 */
#include "support/random.h"
#include "support/verdict.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PIXELS = 400, MOST_WINDOWS = 400, MOST_TAPS = 64 };

/* A plane, and the taps that its windows may pick: their places, -1 outside of the image. Taps of one option are picked
 * together. */
typedef struct scene {
    random_state random;
    poolgrad_problem p;
    poolgrad_declaration d;
    float source[MOST_PIXELS], gradient[MOST_WINDOWS], result[MOST_PIXELS];
    int64_t pixels, windows;
    int taps[MOST_WINDOWS][MOST_TAPS], tap_count[MOST_WINDOWS];
    int option[MOST_WINDOWS][MOST_TAPS], option_count[MOST_WINDOWS];
} scene;

static int64_t between(scene *s, int64_t first, int64_t last)
{
    return random_between(&s->random, first, last);
}

static poolgrad_image plane(void *data, int64_t height, int64_t width)
{
    return poolgrad_image_dense(data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, height, width);
}

/* ---- Scenes -------------------------------------------------------------------------------------------------- */

/* The place of tap k of window w; -1 outside. */
static int64_t place_of(const scene *s, int64_t w, int64_t k)
{
    const poolgrad_problem *p = &s->p;
    const poolgrad_window *shape = &p->window;
    const int64_t wy = w / p->source_gradient.width, wx = w % p->source_gradient.width;
    const int64_t top = p->offset_y - ((shape->kernel_height - 1) * shape->dilation_y + 1) / 2 + shape->stride_y * wy;
    const int64_t left = p->offset_x - ((shape->kernel_width - 1) * shape->dilation_x + 1) / 2 + shape->stride_x * wx;
    const int64_t y = top + k / shape->kernel_width * shape->dilation_y;
    const int64_t x = left + k % shape->kernel_width * shape->dilation_x;
    if (y < 0 || y >= p->source.height || x < 0 || x >= p->source.width) return -1;
    return y * p->source.width + x;
}

static bool picks_one(const scene *s)
{
    return s->p.ties == POOLGRAD_TIES_FIRST || s->p.ties == POOLGRAD_TIES_LAST;
}

/* Among numbers. */
static void find_taps(scene *s, int64_t w)
{
    float greatest = 0;
    bool any = false;
    s->tap_count[w] = 0;
    for (int64_t k = 0; k < s->p.window.kernel_height * s->p.window.kernel_width; k++) {
        const int64_t place = place_of(s, w, k);
        if (place < 0 && s->p.edge_mode == POOLGRAD_EDGE_CLAMP) continue;
        const float tap = place < 0 ? 0 : s->source[place];
        if (isnan(tap) || (any && tap < greatest)) continue;
        if (!any || tap > greatest) s->tap_count[w] = 0;
        greatest = tap;
        any = true;
        s->taps[w][s->tap_count[w]++] = (int)place;
    }
    for (int k = 0; k < s->tap_count[w]; k++) s->option[w][k] = picks_one(s) ? k : 0;
    s->option_count[w] = picks_one(s) || !any ? s->tap_count[w] : 1;
}

static void add_option(scene *s, int64_t w, int place)
{
    s->taps[w][s->tap_count[w]] = place;
    s->option[w][s->tap_count[w]++] = s->option_count[w]++;
}

/* NaNs among the taps, first to last, and whether the rest is -infinity. */
static int find_nans(const scene *s, int64_t w, int nans[MOST_TAPS], bool *all_lost)
{
    int count = 0;
    *all_lost = true;
    for (int64_t k = 0; k < s->p.window.kernel_height * s->p.window.kernel_width; k++) {
        const int64_t place = place_of(s, w, k);
        if (place < 0) continue;
        if (isnan(s->source[place])) nans[count++] = (int)place;
        *all_lost = *all_lost && !(s->source[place] > -INFINITY);
    }
    return count;
}

/* What numbers leave out: NaNs, and nobody, who gets what a window of nothing but NaNs and -infinity has. */
static void add_doubtful_taps(scene *s, int64_t w)
{
    int nans[MOST_TAPS];
    bool all_lost;
    const int count = find_nans(s, w, nans, &all_lost);
    const bool ignores = s->p.nan == POOLGRAD_NAN_IGNORE;
    if (s->d.keeps_nan_rule && count > 0 && !(ignores && all_lost)) {
        if (ignores) return;
        s->tap_count[w] = s->option_count[w] = 0;
        add_option(s, w, s->p.nan == POOLGRAD_NAN_FIRST ? nans[0] : nans[count - 1]);
        return;
    }
    if (s->tap_count[w] == 0 && count == 0) return; /* no tap inside */
    for (int k = 0; k < count; k++) add_option(s, w, nans[k]);
    if (all_lost) add_option(s, w, -1);
}

/* Values of the source are 0 to `greatest`, less one half of it. */
static void fill(scene *s, int64_t height, int64_t width, int64_t rows, int64_t columns, int64_t greatest)
{
    s->p.source = view_read(plane(s->source, height, width));
    s->p.source_gradient = view_read(plane(s->gradient, rows, columns));
    s->p.destination = plane(s->result, height, width);
    s->pixels = height * width;
    s->windows = rows * columns;
    cr_assert(s->pixels <= MOST_PIXELS && s->windows <= MOST_WINDOWS);
    for (int64_t i = 0; i < s->pixels; i++) s->source[i] = (float)(between(s, 0, greatest) - greatest / 2);
    for (int64_t w = 0; w < s->windows; w++) s->gradient[w] = (float)between(s, -3, 6);
    for (int64_t w = 0; w < s->windows; w++) find_taps(s, w);
}

static void begin(scene *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->random.state = seed;
    poolgrad_declaration_init(&s->d, sizeof s->d);
    poolgrad_problem_init(&s->p, sizeof s->p);
    s->p.direction = POOLGRAD_GRADIENT;
    s->p.kind = POOLGRAD_MAX;
}

static void make_small(scene *s, uint64_t seed)
{
    begin(s, seed);
    poolgrad_window *shape = &s->p.window;
    shape->kernel_width = between(s, 1, 3);
    shape->kernel_height = between(s, 1, 3);
    shape->stride_x = between(s, 1, 2);
    shape->stride_y = between(s, 1, 2);
    shape->dilation_x = between(s, 1, 2);
    shape->dilation_y = between(s, 1, 2);
    s->p.offset_x = between(s, -1, 2);
    s->p.offset_y = between(s, -1, 2);
    s->p.edge_mode = (poolgrad_edge_mode)between(s, 0, 1);
    s->p.ties = (poolgrad_tie_rule)between(s, 0, 1);
    const int64_t height = between(s, 1, 4), width = between(s, 1, 5);
    fill(s, height, width, between(s, 1, 3), between(s, 1, 4), between(s, 0, 3));
}

enum { DIVISIBLE = 2520 }; /* by as many equal taps as a small window has */

/* NaNs and -infinity are among the taps; of ties all and split, too. */
static void make_doubtful(scene *s, uint64_t seed)
{
    make_small(s, seed);
    s->p.ties = (poolgrad_tie_rule)between(s, 0, 3);
    s->p.nan = (poolgrad_nan_rule)between(s, 0, 2);
    s->d.keeps_nan_rule = random_chance(&s->random, 30);
    const int64_t nans = between(s, 0, 60), least = between(s, 0, 60);
    for (int64_t i = 0; i < s->pixels; i++) {
        if (random_chance(&s->random, (int)least)) s->source[i] = -INFINITY;
        if (random_chance(&s->random, (int)nans)) s->source[i] = NAN;
    }
    for (int64_t w = 0; w < s->windows; w++) {
        s->gradient[w] *= (float)DIVISIBLE;
        find_taps(s, w);
        add_doubtful_taps(s, w);
    }
}

/* Adds what the option gives. */
static void give(const scene *s, int64_t w, int64_t option, float gradient, float *to)
{
    int count = 0;
    for (int k = 0; k < s->tap_count[w]; k++) count += s->option[w][k] == option;
    const float share = s->p.ties == POOLGRAD_TIES_SPLIT ? gradient / (float)count : gradient;
    for (int k = 0; k < s->tap_count[w]; k++) {
        const int place = s->taps[w][k];
        if (s->option[w][k] == option && place >= 0) to[place] += share;
    }
}

static void add(scene *s, int64_t w, int64_t option, float gradient)
{
    give(s, w, option, gradient, s->result);
}

static void choose_at_random(scene *s)
{
    memset(s->result, 0, sizeof s->result);
    for (int64_t w = 0; w < s->windows; w++) {
        if (s->option_count[w] > 0) add(s, w, between(s, 0, s->option_count[w] - 1), s->gradient[w]);
    }
}

/* ---- All choices --------------------------------------------------------------------------------------------- */

static bool is_small(const scene *s)
{
    enum { MOST_CHOICES = 4096 };
    int64_t choices = 1;
    for (int64_t w = 0; w < s->windows && choices <= MOST_CHOICES; w++) {
        if (s->option_count[w] > 1) choices *= s->option_count[w];
    }
    return choices <= MOST_CHOICES;
}

/* Whether windows from w on can give what is left. */
static bool can_give(scene *s, int64_t w, float *left)
{
    if (w == s->windows) {
        for (int64_t i = 0; i < s->pixels; i++) {
            if (left[i] != 0) return false;
        }
        return true;
    }
    if (s->option_count[w] == 0) return can_give(s, w + 1, left);
    for (int64_t k = 0; k < s->option_count[w]; k++) {
        give(s, w, k, -s->gradient[w], left);
        const bool given = can_give(s, w + 1, left);
        give(s, w, k, s->gradient[w], left);
        if (given) return true;
    }
    return false;
}

static bool is_explained(scene *s)
{
    float left[MOST_PIXELS];
    memcpy(left, s->result, sizeof left);
    return can_give(s, 0, left);
}

/* ---- Verification -------------------------------------------------------------------------------------------- */

typedef struct outcome {
    bool passes, is_documented;
    int64_t groups, bounded;
} outcome;

static outcome verify(scene *s)
{
    poolgrad_verification *v;
    poolgrad_error error;
    cr_assert_eq(poolgrad_verify(&s->p, &s->d, &v, &error), POOLGRAD_OK, "%s", error.message);
    const outcome found = {poolgrad_verification_passes(v) == 1,
                           poolgrad_verification_count(v, POOLGRAD_VERDICT_UNDOCUMENTED) == 0,
                           poolgrad_verification_tie_groups(v), poolgrad_verification_bounded_tie_groups(v)};
    poolgrad_verification_destroy(v);
    return found;
}

Test(verify_ties, a_result_passes_just_where_choices_explain_it)
{
    scene s;
    int64_t right = 0, wrong = 0;
    random_sweep sweep = random_sweep_start("a_result_passes_just_where_choices_explain_it", 2000);
    while (random_sweep_next(&sweep)) {
        make_small(&s, sweep.seed);
        if (!is_small(&s)) continue;
        choose_at_random(&s);
        outcome found = verify(&s);
        cr_assert(found.passes && found.is_documented && found.bounded == 0, "right: seed 0x%016llx",
                  (unsigned long long)sweep.seed);
        for (int i = 0; i < 3; i++) { /* one more pixel of what was right before, or a gradient moved */
            s.result[between(&s, 0, s.pixels - 1)] += (float)between(&s, -3, 6);
            if (i > 0) s.result[between(&s, 0, s.pixels - 1)] -= (float)between(&s, -3, 6);
            const bool explained = is_explained(&s);
            right += explained;
            wrong += !explained;
            found = verify(&s);
            cr_assert_eq(found.passes, explained, "changed: seed 0x%016llx", (unsigned long long)sweep.seed);
            cr_assert(found.is_documented, "changed: seed 0x%016llx", (unsigned long long)sweep.seed);
        }
        sweep.telling += found.groups > 0;
    }
    cr_assert(random_sweep_told(&sweep, 15), "only %" PRId64 " of %" PRId64 " told", sweep.telling, sweep.cases);
    cr_assert(sweep.cases < 200 || (right > sweep.cases / 50 && wrong > sweep.cases / 10),
              "%" PRId64 " right, %" PRId64 " wrong of %" PRId64, right, wrong, sweep.cases);
}

/* The same, of windows that may pick a NaN, or nothing. */
Test(verify_ties, windows_with_nans_are_judged_as_a_whole)
{
    scene s;
    int64_t right = 0, wrong = 0;
    random_sweep sweep = random_sweep_start("windows_with_nans_are_judged_as_a_whole", 6000);
    while (random_sweep_next(&sweep)) {
        make_doubtful(&s, sweep.seed);
        if (!is_small(&s)) continue;
        choose_at_random(&s);
        outcome found = verify(&s);
        cr_assert(found.passes, "right: seed 0x%016llx", (unsigned long long)sweep.seed);
        sweep.telling += !found.is_documented;
        for (int i = 0; i < 4; i++) { /* a gradient is lost, found twice, moved, or another one */
            const int64_t w = between(&s, 0, s.windows - 1), options = s.option_count[w];
            if (i < 3 && options > 0) add(&s, w, between(&s, 0, options - 1), i == 1 ? s.gradient[w] : -s.gradient[w]);
            if (i == 2 && options > 0) add(&s, w, between(&s, 0, options - 1), s.gradient[w]);
            if (i == 3) s.result[between(&s, 0, s.pixels - 1)] += (float)DIVISIBLE;
            const bool explained = is_explained(&s);
            right += explained;
            wrong += !explained;
            cr_assert_eq(verify(&s).passes, explained, "change %d: seed 0x%016llx", i, (unsigned long long)sweep.seed);
        }
    }
    cr_assert(random_sweep_told(&sweep, 15), "only %" PRId64 " of %" PRId64 " told", sweep.telling, sweep.cases);
    cr_assert(sweep.cases < 200 || (right > sweep.cases / 2 && wrong > sweep.cases / 2),
              "%" PRId64 " right, %" PRId64 " wrong of %" PRId64, right, wrong, sweep.cases);
}

/* ---- Large groups -------------------------------------------------------------------------------------------- */

/* A plane of few values, most of whose windows hang together. */
static void make_large(scene *s, uint64_t seed, int64_t kernel, int64_t greatest)
{
    enum { SIZE = 20 };
    begin(s, seed);
    s->p.window.kernel_width = s->p.window.kernel_height = kernel;
    s->p.offset_x = s->p.offset_y = kernel / 2;
    fill(s, SIZE, SIZE, SIZE - kernel + 1, SIZE - kernel + 1, greatest);
}

/* The first maximal tap, rows from above or below, columns from the left or the right, by rows or by columns. */
static int64_t first_in_order(const scene *s, int64_t w, int order)
{
    const int width = (int)s->p.source.width;
    int64_t best = 0;
    for (int64_t k = 1; k < s->tap_count[w]; k++) {
        const int down = s->taps[w][k] / width - s->taps[w][best] / width;
        const int right = s->taps[w][k] % width - s->taps[w][best] % width;
        const int y = order & 1 ? -down : down, x = order & 2 ? -right : right;
        const int major = order & 4 ? x : y, minor = order & 4 ? y : x;
        if (major < 0 || (major == 0 && minor < 0)) best = k;
    }
    return best;
}

Test(verify_ties, eight_orders_are_recognised_in_groups_of_any_size)
{
    scene s;
    make_large(&s, 1, 6, 1);
    for (int order = 0; order < 8; order++) {
        memset(s.result, 0, sizeof s.result);
        for (int64_t w = 0; w < s.windows; w++) add(&s, w, first_in_order(&s, w, order), s.gradient[w]);
        const outcome found = verify(&s);
        cr_expect(found.passes && found.bounded == 0, "order %d", order);
        cr_expect_eq(found.groups, order == 0 ? 0 : 1, "order %d", order);
    }
}

Test(verify_ties, groups_too_large_to_search_are_counted_and_bounded)
{
    scene s;
    int64_t bounded = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        make_large(&s, seed, 6, 0);
        for (int64_t w = 0; w < s.windows; w++) s.gradient[w] = (float)between(&s, 1, 1000);
        choose_at_random(&s);
        outcome found = verify(&s);
        cr_expect(found.passes && found.groups == 1, "seed %d", (int)seed);
        bounded += found.bounded;
        s.result[between(&s, 0, s.pixels - 1)] = 36 * 1000 + 1;
        found = verify(&s);
        cr_expect(!found.passes, "seed %d: more than all windows of a pixel have", (int)seed);
    }
    cr_expect_gt(bounded, 0);
}

/* ---- What is never right ------------------------------------------------------------------------------------- */

#define F32 POOLGRAD_FLOAT32

static void expect(poolgrad_verdict verdict, poolgrad_verdict expected, const char *what)
{
    cr_expect(verdict == expected, "%s: is %s, expected %s", what, poolgrad_verdict_name(verdict),
              poolgrad_verdict_name(expected));
}

Test(verify_ties, one_tap_gets_the_gradient)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 3, ROW(F32, 2, 1, 2), ROW(F32, 4), F32);
    expect(VERDICT_OF_ROW(&e, 4, 0, 0), POOLGRAD_VERDICT_EQUAL, "the first one");
    expect(VERDICT_OF_ROW(&e, 0, 0, 4), POOLGRAD_VERDICT_LEGAL_TIE, "the last one");
    expect(VERDICT_OF_ROW(&e, 0, 4, 0), POOLGRAD_VERDICT_WRONG, "a lesser one");
    expect(VERDICT_OF_ROW(&e, 4, 0, 4), POOLGRAD_VERDICT_WRONG, "both");
    expect(VERDICT_OF_ROW(&e, 2, 0, 2), POOLGRAD_VERDICT_WRONG, "a half each");
    expect(VERDICT_OF_ROW(&e, 0, 0, 0), POOLGRAD_VERDICT_WRONG, "none");
    e.declaration.keeps_tie_rule = 1;
    expect(VERDICT_OF_ROW(&e, 0, 0, 4), POOLGRAD_VERDICT_WRONG, "the last one, where the rule is kept");
    e.problem.ties = POOLGRAD_TIES_LAST;
    expect(VERDICT_OF_ROW(&e, 0, 0, 4), POOLGRAD_VERDICT_EQUAL, "the last one, by the rule");
    verdict_free(&e);
}

/* What a tap outside wins is lost. */
Test(verify_ties, a_tap_outside_takes_part_in_mode_zero)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, 0, -1), ROW(F32, 4, 5), F32);
    e.problem.offset_x = 0;
    e.problem.edge_mode = POOLGRAD_EDGE_ZERO;
    expect(VERDICT_OF_ROW(&e, 5, 0), POOLGRAD_VERDICT_EQUAL, "outside, by the rule");
    expect(VERDICT_OF_ROW(&e, 9, 0), POOLGRAD_VERDICT_LEGAL_TIE, "inside");
    expect(VERDICT_OF_ROW(&e, 4, 0), POOLGRAD_VERDICT_WRONG, "the second window has one maximum");
    e.problem.edge_mode = POOLGRAD_EDGE_CLAMP;
    expect(VERDICT_OF_ROW(&e, 9, 0), POOLGRAD_VERDICT_EQUAL, "no tap outside");
    expect(VERDICT_OF_ROW(&e, 5, 0), POOLGRAD_VERDICT_WRONG, "lost, where there is none outside");
    verdict_free(&e);
}

Test(verify_ties, indices_leave_no_choice)
{
    int32_t index[] = {2};
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 3, ROW(F32, 2, 2, 2), ROW(F32, 4), F32);
    e.problem.indices = poolgrad_const_image_dense(index, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    expect(VERDICT_OF_ROW(&e, 0, 0, 4), POOLGRAD_VERDICT_EQUAL, "the one that is named");
    expect(VERDICT_OF_ROW(&e, 4, 0, 0), POOLGRAD_VERDICT_WRONG, "another one");
    verdict_free(&e);
}
