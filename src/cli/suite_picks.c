/* SPDX-License-Identifier: Apache-2.0 */
/* The indices that a forward call writes, judged by what lies there: an index is right if it is a tap of its window and
 * the source has the window's maximum there, whichever of equal taps it is. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "cli/suite_judge.h"

/* What no call writes: every NaN that is stored has another payload. */
static const uint64_t untouched = UINT64_C(0xfff0dead0dead000);

/* The source's elements at the indices, in a format in which all are exact; indices that are no taps of their windows
 * give +0. Null where memory is lacking. */
static double *values_at(const struct suite_case *made, const poolgrad_image *indices, poolgrad_image *values)
{
    poolgrad_problem p = made->problem;
    poolgrad_plan *plan;
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.threads = 1;
    p.ties = POOLGRAD_TIES_FIRST;
    p.picks = (poolgrad_image){.data = NULL};
    p.indices = poolgrad_image_as_const(indices);
    p.destination.format = POOLGRAD_FLOAT64;
    if (!poolgrad_suite_allocate(&p.destination)) return NULL;
    const int64_t count = poolgrad_suite_bytes(&p.destination) / (int64_t)sizeof untouched;
    for (int64_t i = 0; i < count; i++) memcpy((double *)p.destination.data + i, &untouched, sizeof untouched);
    *values = p.destination;
    if (poolgrad_plan_create(&p, &plan, NULL) != POOLGRAD_OK) {
        free(p.destination.data);
        return NULL;
    }
    poolgrad_plan_run(plan);
    poolgrad_plan_destroy(plan);
    return p.destination.data;
}

/* The indices of a call that passes NaNs over. False where memory is lacking. */
static bool pick_numbers(const struct suite_case *made, poolgrad_image *picks)
{
    poolgrad_problem p = made->problem;
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.threads = 1;
    p.nan = POOLGRAD_NAN_IGNORE;
    if (!poolgrad_suite_destination(made, &p.destination)) return false;
    const bool good = poolgrad_suite_allocate(&p.picks) && poolgrad_run(&p, NULL) == POOLGRAD_OK;
    free(p.destination.data);
    *picks = p.picks;
    if (!good) free(p.picks.data);
    return good;
}

/* Values at the indices that are expected, at those expected where NaNs are passed over, and at the actual ones. */
struct gathered {
    poolgrad_image expected, numbers, actual;
};

static void release(struct gathered *g)
{
    free(g->expected.data);
    free(g->numbers.data);
    free(g->actual.data);
}

static bool gather(const struct suite_case *made, const poolgrad_image *actual, struct gathered *g)
{
    poolgrad_image numbers;
    if (!values_at(made, &made->image[SUITE_EXPECTED_INDICES], &g->expected)) return false;
    if (!values_at(made, actual, &g->actual)) return false;
    if (!pick_numbers(made, &numbers)) return false;
    const bool good = values_at(made, &numbers, &g->numbers) != NULL;
    free(numbers.data);
    return good;
}

struct place {
    int64_t n, c, z, y, x;
};

/* Of the number in the order n, c, z, y, x. */
static struct place place_of(const poolgrad_image *image, int64_t number)
{
    const int64_t depth = poolgrad_max(image->depth, 1), row = number / image->width, plane = row / image->height;
    const int64_t channel = plane / depth;
    return (struct place){channel / image->channels, channel % image->channels, plane % depth, row % image->height,
                          number % image->width};
}

static double value_at(const poolgrad_image *image, const struct place *at)
{
    return poolgrad_image_get(image, at->n, at->c, at->z, at->y, at->x);
}

static bool is_untouched(const poolgrad_image *values, const struct place *at)
{
    const int64_t lanes = values->column_stride, slice = at->c / lanes, lane = at->c % lanes;
    const int64_t place = at->n * values->image_stride + slice * values->channel_stride + lane +
                          at->z * values->depth_stride + at->y * values->row_stride + at->x * values->column_stride;
    uint64_t bits;
    memcpy(&bits, (const double *)values->data + place, sizeof bits);
    return bits == untouched;
}

/* The index that stands for none. */
static double none_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_TAP8: return UINT8_MAX;
    case POOLGRAD_TAP16: return UINT16_MAX;
    case POOLGRAD_TAP32: return UINT32_MAX;
    default: return -1;
    }
}

/* Two indices that differ, by the values there. Which NaN of a window wins, or none, is nobody's to say (N33), nor
 * whether a window of nothing but -infinity picks a tap (N34). */
static poolgrad_decision decide(const struct gathered *g, const struct place *at, double index, poolgrad_format format)
{
    const double expected = value_at(&g->expected, at), actual = value_at(&g->actual, at);
    const bool least = isinf(expected) && expected < 0;
    if (isnan(actual) || (isnan(expected) && actual == value_at(&g->numbers, at))) return POOLGRAD_DECISION_NAN_RULE;
    if (least && index == none_of(format)) return POOLGRAD_DECISION_LEAST_WINDOW;
    return POOLGRAD_DECISION_NONE;
}

static void tell(const struct suite_case *made, const poolgrad_image *actual, const struct place *at,
                 struct picks_verdict *verdict)
{
    char depth[32] = "";
    if (actual->depth > 0) snprintf(depth, sizeof depth, "%" PRId64 ", ", at->z);
    snprintf(verdict->sentence, sizeof verdict->sentence,
             "the first, (%" PRId64 ", %" PRId64 ", %s%" PRId64 ", %" PRId64 "), is %.0f; expected %.0f", at->n, at->c,
             depth, at->y, at->x, value_at(actual, at), value_at(&made->image[SUITE_EXPECTED_INDICES], at));
}

/* Whether the case's NaN rule says what the window picks: "ignore" does not, of NaNs and -infinity alone. */
static bool is_said(const struct suite_case *made, double expected)
{
    const bool all_lost = isnan(expected) || (isinf(expected) && expected < 0);
    return made->problem.nan != POOLGRAD_NAN_IGNORE || !all_lost;
}

static void judge_pick(const struct suite_case *made, const poolgrad_image *actual, const struct gathered *g,
                       const struct place *at, const poolgrad_declaration *declaration, struct picks_verdict *verdict)
{
    const double index = value_at(actual, at);
    if (index == value_at(&made->image[SUITE_EXPECTED_INDICES], at)) return;
    const double expected = value_at(&g->expected, at);
    if (!declaration->keeps_tie_rule && value_at(&g->actual, at) == expected) return;
    const poolgrad_decision decision = decide(g, at, index, actual->format);
    const bool is_kept = decision == POOLGRAD_DECISION_NAN_RULE && declaration->keeps_nan_rule;
    if (decision != POOLGRAD_DECISION_NONE && !(is_kept && is_said(made, expected))) {
        verdict->decision = decision;
        verdict->undocumented++;
        return;
    }
    if (verdict->wrong == 0) tell(made, actual, at, verdict);
    verdict->wrong++;
}

/* An index may be no tap of its window though nothing is wrong there: the maximum is 0. */
static void check_taps(const struct suite_case *made, const poolgrad_image *actual, struct picks_verdict *verdict)
{
    poolgrad_problem p = made->problem;
    poolgrad_error error;
    p.indices = poolgrad_image_as_const(actual);
    p.picks = (poolgrad_image){.data = NULL};
    p.ties = POOLGRAD_TIES_FIRST;
    p.destination = made->image[SUITE_EXPECTED];
    if (verdict->wrong > 0 || poolgrad_check_indices(&p, &error) == POOLGRAD_OK) return;
    verdict->wrong = 1;
    snprintf(verdict->sentence, sizeof verdict->sentence, "%s", error.message);
}

bool poolgrad_suite_judge_picks(const struct suite_case *made, const poolgrad_image *actual,
                                const poolgrad_declaration *declaration, struct picks_verdict *verdict)
{
    const int64_t depth = poolgrad_max(actual->depth, 1);
    const int64_t count = actual->images * actual->channels * depth * actual->height * actual->width;
    struct gathered g = {.actual = {.data = NULL}};
    *verdict = (struct picks_verdict){.wrong = 0};
    const bool good = gather(made, actual, &g);
    for (int64_t i = 0; good && i < count; i++) {
        const struct place at = place_of(actual, i);
        if (!is_untouched(&g.expected, &at)) judge_pick(made, actual, &g, &at, declaration, verdict);
    }
    release(&g);
    if (good) check_taps(made, actual, verdict);
    return good;
}
