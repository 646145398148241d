/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of indices: every legal choice is right, and one index to a lesser tap, or to none of the window's, is
 * found. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/suite_judge.h"

static poolgrad_image picks_by(const struct suite_case *made, poolgrad_tie_rule ties, poolgrad_nan_rule nan)
{
    poolgrad_problem p = made->problem;
    poolgrad_error error = {"", ""};
    p.ties = ties;
    p.nan = nan;
    cr_assert(poolgrad_suite_destination(made, &p.destination) && poolgrad_suite_allocate(&p.picks));
    cr_assert(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s: %s", made->name, error.message);
    free(p.destination.data);
    return p.picks;
}

/* Which of the case's rules the indices are held to. */
enum { KEEPS_NONE = 0, KEEPS_TIES = 1, KEEPS_NANS = 2 };

static struct picks_verdict judge(const struct suite_case *made, const poolgrad_image *picks, int kept)
{
    poolgrad_declaration declaration;
    struct picks_verdict verdict;
    poolgrad_declaration_init(&declaration, sizeof declaration);
    declaration.keeps_tie_rule = (kept & KEEPS_TIES) != 0;
    declaration.keeps_nan_rule = (kept & KEEPS_NANS) != 0;
    cr_assert(poolgrad_suite_judge_picks(made, picks, &declaration, &verdict));
    return verdict;
}

static bool differ(const poolgrad_image *a, const poolgrad_image *b)
{
    return memcmp(a->data, b->data, (size_t)poolgrad_suite_bytes(a)) != 0;
}

/* How many of the cases showed what. */
struct seen {
    int cases, ties, numbers, nans, lost, wrong, foreign;
};

static void try_rules(const struct suite_case *made, struct seen *seen)
{
    const poolgrad_image *expected = &made->image[SUITE_EXPECTED_INDICES];
    for (int rule = 0; rule < 4; rule++) {
        const poolgrad_tie_rule ties = rule & 1 ? POOLGRAD_TIES_LAST : POOLGRAD_TIES_FIRST;
        poolgrad_image picks = picks_by(made, ties, rule & 2 ? POOLGRAD_NAN_IGNORE : POOLGRAD_NAN_LAST);
        const struct picks_verdict any = judge(made, &picks, KEEPS_NONE), kept = judge(made, &picks, KEEPS_TIES);
        const struct picks_verdict nans = judge(made, &picks, KEEPS_NANS);
        cr_expect(any.wrong == 0, "%s: %s", made->name, any.sentence);
        cr_expect(kept.wrong == 0 || differ(&picks, expected), "%s: %s", made->name, kept.sentence);
        seen->ties += kept.wrong > 0;
        seen->numbers += any.undocumented > 0;
        cr_expect(nans.wrong + nans.undocumented == any.undocumented, "%s: %s", made->name, nans.sentence);
        if (made->problem.nan != POOLGRAD_NAN_IGNORE) cr_expect(nans.undocumented == 0, "%s", made->name);
        seen->nans += nans.wrong > 0;
        seen->lost += nans.undocumented > 0; /* windows of NaNs alone, of which "ignore" says nothing */
        if (any.undocumented > 0) cr_expect(any.decision == POOLGRAD_DECISION_NAN_RULE, "%s", made->name);
        free(picks.data);
    }
}

static bool set_index(const poolgrad_image *picks, int64_t number, int64_t index)
{
    int32_t four = (int32_t)index;
    uint8_t one = (uint8_t)index;
    if (picks->format == POOLGRAD_INT64) memcpy((int64_t *)picks->data + number, &index, sizeof index);
    if (picks->format == POOLGRAD_INT32) memcpy((int32_t *)picks->data + number, &four, sizeof four);
    if (picks->format == POOLGRAD_TAP8) memcpy((uint8_t *)picks->data + number, &one, sizeof one);
    return picks->format == POOLGRAD_INT64 || picks->format == POOLGRAD_INT32 || picks->format == POOLGRAD_TAP8;
}

/* Every index of the first pixel: right only where the reference's judgement says that nothing is lost. */
static void try_indices(const struct suite_case *made, struct seen *seen)
{
    const poolgrad_image *expected = &made->image[SUITE_EXPECTED_INDICES], *source = &made->image[SUITE_SOURCE];
    enum { TRIED = 8, FAR = 100000 };
    poolgrad_image picks = *expected;
    const size_t bytes = (size_t)poolgrad_suite_bytes(expected);
    picks.data = malloc(bytes);
    for (int64_t index = 0; index <= TRIED; index++) {
        memcpy(picks.data, expected->data, bytes);
        const int64_t pixel = index == TRIED ? FAR : index;
        if (!set_index(&picks, 0, pixel) || picks.format == POOLGRAD_TAP8) continue;
        const struct picks_verdict verdict = judge(made, &picks, KEEPS_NONE);
        const double greatest = poolgrad_image_get(&made->image[SUITE_EXPECTED], 0, 0, 0, 0, 0);
        const bool inside = pixel < source->width * source->height;
        const double value = inside ? poolgrad_image_get(source, 0, 0, 0, pixel / source->width, pixel % source->width)
                                    : NAN;
        if (!inside || value < greatest) cr_expect(verdict.wrong == 1, "%s: %d", made->name, (int)pixel);
        if (verdict.wrong == 0) cr_expect(value == greatest || isnan(value), "%s: %d", made->name, (int)pixel);
        seen->wrong += inside && verdict.wrong == 1;
        seen->foreign += !inside;
    }
    free(picks.data);
}

/* Whose first pixel is written, and whose formats are one. */
static bool is_plain(const struct suite_case *made)
{
    const uint64_t features = SUITE_FEATURE(CLIP) | SUITE_FEATURE(CHANNEL_WINDOW) | SUITE_FEATURE(BATCH_WINDOW) |
                              SUITE_FEATURE(VOLUME) | SUITE_FEATURE(EMPTY) | SUITE_FEATURE(NAN) | SUITE_FEATURE(UNORM);
    return !(made->features & features) && made->problem.source.format == made->problem.destination.format;
}

Test(suite_picks, indices_are_judged_by_what_lies_there)
{
    struct seen seen = {.cases = 0};
    poolgrad_suite *suite = poolgrad_suite_create(SUITE_STANDARD, 1);
    cr_assert(suite != NULL);
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        const poolgrad_problem *p = poolgrad_suite_problem(suite, i);
        struct suite_case made;
        if (p->picks.format == POOLGRAD_FORMAT_NONE || p->source.width * p->source.height > 4096) continue;
        cr_assert(poolgrad_suite_make(suite, i, &made, NULL) == POOLGRAD_OK);
        const struct picks_verdict own = judge(&made, &made.image[SUITE_EXPECTED_INDICES], KEEPS_TIES | KEEPS_NANS);
        cr_expect(own.wrong == 0 && own.undocumented == 0, "%s: %s", made.name, own.sentence);
        try_rules(&made, &seen);
        if (is_plain(&made)) try_indices(&made, &seen);
        poolgrad_suite_case_free(&made);
        seen.cases++;
    }
    poolgrad_suite_destroy(suite);
    cr_expect(seen.cases > 200 && seen.ties > 50 && seen.numbers > 10, "%d, %d, %d", seen.cases, seen.ties,
              seen.numbers);
    cr_expect(seen.nans > 10 && seen.lost > 0, "%d, %d", seen.nans, seen.lost);
    cr_expect(seen.wrong > 100 && seen.foreign > 20, "%d, %d", seen.wrong, seen.foreign);
}
