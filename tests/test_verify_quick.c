/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts by quick bounds, and by strips of large planes, against those of whole planes by exact intervals alone: of
 * random problems whose results were spoilt. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "oracle/verification.h"
#include "pooling/resolve.h"
#include "support/case.h"
#include "support/view.h"

/* ---- Spoilt results ---------------------------------------------------------------------------------------------- */

/* Most often near the right number: a rounding off, or some of them. */
static double spoil(random_state *r, double value)
{
    static const double others[] = {0, -0.0, (double)INFINITY, -(double)INFINITY, (double)NAN, 1, 0x1p-149};
    enum { OTHERS = sizeof others / sizeof *others };
    const double off = ldexp(1, -(int)random_between(r, 1, 54));
    switch (random_between(r, 0, 5)) {
    case 0: return value * (1 + off);
    case 1: return value * (1 - off);
    case 2: return value + off;
    case 3: return -value;
    case 4: return nextafterf((float)value, random_chance(r, 50) ? INFINITY : -INFINITY);
    default: return others[random_between(r, 0, OTHERS - 1)];
    }
}

static void spoil_some(random_state *r, const poolgrad_image *d)
{
    const int64_t depth = d->depth > 0 ? d->depth : 1;
    const int percent = (int)random_between(r, 1, 100);
    for (int64_t i = 0; i < d->images * d->channels * depth * d->height * d->width; i++) {
        const int64_t row = i / d->width, layer = row / d->height, volume = layer / depth;
        const int64_t n = volume / d->channels, c = volume % d->channels;
        if (!random_chance(r, percent)) continue;
        const double value = poolgrad_image_get(d, n, c, layer % depth, row % d->height, i % d->width);
        cr_assert_eq(poolgrad_image_set(d, n, c, layer % depth, row % d->height, i % d->width, spoil(r, value)),
                     POOLGRAD_OK);
    }
}

static poolgrad_declaration declare(random_state *r)
{
    static const poolgrad_format formats[] = {POOLGRAD_FORMAT_NONE, POOLGRAD_FORMAT_NONE, POOLGRAD_FLOAT16,
                                              POOLGRAD_BFLOAT16,    POOLGRAD_FLOAT32,     POOLGRAD_FLOAT64};
    poolgrad_declaration d;
    poolgrad_declaration_init(&d, sizeof d);
    d.computed_in = formats[random_between(r, 0, 5)];
    d.division = (poolgrad_division)random_between(r, 0, 2);
    d.fusion = (poolgrad_fusion)random_between(r, 0, 2);
    d.subnormals = (poolgrad_subnormals)random_chance(r, 10);
    d.keeps_tie_rule = random_chance(r, 50);
    d.keeps_nan_rule = random_chance(r, 50);
    d.chain = random_chance(r, 30) ? random_between(r, 1, 9) : 0;
    d.digits = random_chance(r, 5) ? 4 : 0;
    d.findings = random_between(r, 0, 40);
    return d;
}

/* ---- Both ways --------------------------------------------------------------------------------------------------- */

static void judge(const poolgrad_problem *p, const poolgrad_declaration *d, bool plainly,
                  struct poolgrad_verification *v)
{
    struct poolgrad_geometry g;
    poolgrad_error error = {"", ""};
    cr_assert_eq(poolgrad_resolve(p, &g, &error), POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_resolve_indices(&g, &error), POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_verification_begin(p, &g, d, v, &error), POOLGRAD_OK, "%s: %s", error.field, error.message);
    v->plainly = plainly;
    cr_assert_eq(poolgrad_verification_judge(v, &error), POOLGRAD_OK, "%s", error.message);
}

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && !signbit(a) == !signbit(b));
}

static bool same_finding(const poolgrad_finding *a, const poolgrad_finding *b)
{
    return a->n == b->n && a->c == b->c && a->z == b->z && a->y == b->y && a->x == b->x && a->verdict == b->verdict &&
           a->decision == b->decision && a->ulps == b->ulps && same_number(a->actual, b->actual) &&
           same_number(a->expected, b->expected) && same_number(a->exact, b->exact) && same_number(a->low, b->low) &&
           same_number(a->high, b->high);
}

/* How many elements differ from the reference: all that is told of them is the same. */
static int64_t compare(const struct poolgrad_verification *a, const struct poolgrad_verification *b, uint64_t seed)
{
    const poolgrad_const_image *d = &a->geometry.held;
    const int64_t elements = d->images * d->channels * d->depth * d->height * d->width;
    for (int64_t i = 0; i < elements; i++) {
        cr_assert_eq(a->verdicts[i], b->verdicts[i], "seed 0x%016" PRIx64 ": element %" PRId64 " is %s, exactly %s",
                     seed, i, poolgrad_verdict_name((poolgrad_verdict)a->verdicts[i]),
                     poolgrad_verdict_name((poolgrad_verdict)b->verdicts[i]));
    }
    cr_assert_eq(memcmp(a->all.count, b->all.count, sizeof a->all.count), 0);
    cr_assert_eq(memcmp(a->all.decisions, b->all.decisions, sizeof a->all.decisions), 0);
    cr_assert_eq(a->all.groups, b->all.groups);
    cr_assert_eq(a->all.bounded_groups, b->all.bounded_groups);
    cr_assert_eq(a->all.finding_count, b->all.finding_count);
    for (int64_t i = 0; i < a->all.finding_count; i++) {
        const poolgrad_finding *f = &a->all.findings[i], *g = &b->all.findings[i];
        cr_assert(same_finding(f, g),
                  "seed 0x%016" PRIx64 ": finding %" PRId64 ": %a in %a to %a, exactly %a in %a to %a", seed, i,
                  f->exact, f->low, f->high, g->exact, g->low, g->high);
    }
    return elements - a->all.count[POOLGRAD_VERDICT_EQUAL];
}

static void sweep_cases(const char *name, int64_t cases, case_limits limits)
{
    static const case_data data[] = {DATA_ANY, DATA_PLAIN, DATA_POSITIVE, DATA_RELU};
    random_sweep sweep = random_sweep_start(name, cases);
    while (random_sweep_next(&sweep)) {
        test_case made;
        random_state r = {sweep.seed ^ UINT64_C(0x901c4)};
        struct poolgrad_verification quick, exact;
        limits.data = data[sweep.seed % 4];
        case_make_within(&made, sweep.seed, &limits);
        poolgrad_problem p = made.problem;
        if (limits.large) p.threads = 3;
        poolgrad_declaration d = declare(&r);
        poolgrad_image former = p.destination;
        if (former.data) former.data = made.destination.kept + ((unsigned char *)former.data - made.destination.bytes);
        const poolgrad_const_image before = view_read(former);
        if (former.data && (p.add_to_destination || random_chance(&r, 30))) d.before = &before;
        cr_assert_eq(poolgrad_run(&p, NULL), POOLGRAD_OK);
        p.picks = (poolgrad_image){0};
        spoil_some(&r, &p.destination);
        judge(&p, &d, false, &quick);
        judge(&p, &d, true, &exact);
        sweep.telling += compare(&quick, &exact, sweep.seed) > 0;
        poolgrad_verification_end(&quick);
        poolgrad_verification_end(&exact);
        guard_restore(&made.destination);
        case_free(&made);
    }
    cr_assert(random_sweep_told(&sweep, 4), "only %" PRId64 " of %" PRId64 " cases told", sweep.telling, sweep.cases);
}

Test(verify_quick, verdicts_are_those_of_exact_intervals)
{
    sweep_cases("verdicts_are_those_of_exact_intervals", 1500, (case_limits){.greatest_kernel = 6});
}

Test(verify_quick, verdicts_are_those_of_exact_intervals_beyond_planes)
{
    sweep_cases("verdicts_are_those_of_exact_intervals_beyond_planes", 500,
                (case_limits){.greatest_kernel = 4, .beyond = CASE_BEYOND});
}

/* By several threads. */
Test(verify_quick, verdicts_of_strips_are_those_of_planes)
{
    sweep_cases("verdicts_of_strips_are_those_of_planes", 30,
                (case_limits){.greatest_kernel = 4,
                              .large = true,
                              .kinds = CASE_SET(POOLGRAD_AVERAGE) | CASE_SET(POOLGRAD_L2NORM)});
}
