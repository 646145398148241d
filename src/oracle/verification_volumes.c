/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes of a verification: from what is quick to tell to what is not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/format.h"
#include "oracle/environment.h"
#include "oracle/exact_mode.h"
#include "oracle/quick.h"
#include "oracle/tie_group.h"
#include "oracle/verification.h"
#include "oracle/volume.h"

/* A volume while it is judged. */
struct volume {
    const struct poolgrad_verification *v;
    struct poolgrad_judge *judge;
    struct poolgrad_quick *quick;
    struct poolgrad_interval *bounds; /* of the element at hand */
    struct poolgrad_unit_verdicts *found;
    unsigned char *verdicts;          /* of its elements, by rows */
    struct poolgrad_area area, strip; /* of the volume; what is judged of it */
    int64_t n, c;
    bool pooled;
    bool looked, has_open_windows;        /* whether that was asked */
    bool has_groups[2];                   /* whether they were needed: of ties; open ones */
    struct poolgrad_tie_groups groups[2]; /* by poolgrad_tie_groups.open */
};

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

static double load(const poolgrad_const_image *image, const struct volume *p, struct poolgrad_pixel at)
{
    return poolgrad_load_pixel(image, p->n, p->c, at);
}

static bool same_bits(const poolgrad_const_image *a, const poolgrad_const_image *b, const struct volume *p,
                      struct poolgrad_pixel at)
{
    return memcmp(poolgrad_pixel_address(a, p->n, p->c, at), poolgrad_pixel_address(b, p->n, p->c, at),
                  poolgrad_format_size(a->format)) == 0;
}

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

/* Ordered as the numbers are. */
static int64_t order_of(poolgrad_format format, double value)
{
    uint64_t bits = 0;
    unsigned char bytes[sizeof bits] = {0};
    const size_t size = poolgrad_format_size(format);
    const uint64_t sign = UINT64_C(1) << (8 * size - 1);
    poolgrad_store(format, bytes, value);
    if (size == 2) {
        uint16_t half;
        memcpy(&half, bytes, sizeof half);
        bits = half;
    } else if (size == 4) {
        uint32_t single;
        memcpy(&single, bytes, sizeof single);
        bits = single;
    } else {
        memcpy(&bits, bytes, sizeof bits);
    }
    return bits & sign ? -(int64_t)(bits & ~sign) : (int64_t)bits;
}

int64_t poolgrad_ulps_between(poolgrad_format format, double a, double b)
{
    if (!poolgrad_is_floating(format)) return -1;
    if (same_number(a, b)) return 0;
    if (!isfinite(a) || !isfinite(b)) return INT64_MAX;
    const int64_t from = order_of(format, a), to = order_of(format, b);
    if ((from < 0) == (to < 0)) return to > from ? to - from : from - to;
    const uint64_t distance = (uint64_t)(from < 0 ? -from : from) + (uint64_t)(to < 0 ? -to : to);
    return distance >= INT64_MAX ? INT64_MAX - 1 : (int64_t)distance;
}

static const poolgrad_const_image *expected_of(const struct volume *p)
{
    return &p->v->expected.read;
}

static double before_of(const struct volume *p, struct poolgrad_pixel at)
{
    return p->v->geometry.add_to_destination ? load(&p->v->before, p, at) : 0;
}

/* The source pixel that the element stands for; false where there is none. */
static bool source_of(const struct volume *p, struct poolgrad_pixel at, struct poolgrad_pixel *source)
{
    const struct poolgrad_geometry *g = &p->v->geometry;
    *source = poolgrad_source_pixel(g, at);
    return p->pooled && poolgrad_source_has(g, *source);
}

/* ---- Exact values ------------------------------------------------------------------------------------------------ */

/* The unit of exact mode that an element is computed in. */
static int64_t exact_unit(const struct volume *p, struct poolgrad_pixel at)
{
    const struct poolgrad_geometry *g = &p->v->geometry;
    const struct poolgrad_exact *exact = p->v->exactly;
    const int64_t volume = (p->n - g->images.begin) * poolgrad_range_length(g->channels) + p->c - g->channels.begin;
    const int64_t strip = volume * exact->layer_bands + (at.z - g->layers.begin) / exact->band_layers;
    return strip * exact->row_bands + (at.y - g->rows.begin) / exact->band_rows;
}

static double exact_by_integers(struct volume *p, struct poolgrad_pixel at)
{
    const int64_t unit = exact_unit(p, at);
    unsigned char *done = &p->v->exact_units[unit];
    if (!*done && poolgrad_exact_run_units(p->v->exactly, unit, 1, NULL) != POOLGRAD_OK) p->found->failed = true;
    *done = 1;
    return load(&p->v->exact.read, p, at);
}

static struct poolgrad_quick_value quick_bounds(const struct volume *p, struct poolgrad_pixel at)
{
    struct poolgrad_pixel source;
    if (p->v->geometry.direction == POOLGRAD_FORWARD) {
        if (p->pooled) return poolgrad_quick_forward(p->quick, at);
    } else if (source_of(p, at, &source)) {
        return poolgrad_quick_gradient(p->quick, source, before_of(p, at));
    }
    return (struct poolgrad_quick_value){.known = false};
}

static double exact_of(struct volume *p, struct poolgrad_pixel at, struct poolgrad_quick_value bounds)
{
    double rounded;
    return poolgrad_quick_rounds(p->quick, bounds, &rounded) ? rounded : exact_by_integers(p, at);
}

/* ---- Findings ---------------------------------------------------------------------------------------------------- */

static bool is_worse(const poolgrad_finding *a, const poolgrad_finding *b)
{
    if (a->verdict != b->verdict) return a->verdict > b->verdict;
    return a->ulps > b->ulps;
}

/* In its place among the worst, if it is one of them. */
static void keep_finding(struct volume *p, const poolgrad_finding *finding)
{
    struct poolgrad_unit_verdicts *found = p->found;
    const int64_t most = poolgrad_min(p->v->declaration.findings, poolgrad_area_size(&p->area));
    if (most == 0 || found->failed) return;
    if (!found->findings) found->findings = calloc((size_t)most, sizeof *found->findings);
    if (!found->findings) {
        found->failed = true;
        return;
    }
    int64_t i = found->finding_count;
    if (i == most && !is_worse(finding, &found->findings[most - 1])) return;
    if (i == most) i--;
    for (; i > 0 && is_worse(finding, &found->findings[i - 1]); i--) found->findings[i] = found->findings[i - 1];
    found->findings[i] = *finding;
    if (found->finding_count < most) found->finding_count++;
}

/* ---- One element ------------------------------------------------------------------------------------------------- */

/* What the declared arithmetic can give, as the judge is set. `alone`: nothing contributes. */
static const struct poolgrad_interval *bounds_of(struct volume *p, struct poolgrad_pixel at, bool *alone)
{
    struct poolgrad_interval *result = p->bounds;
    struct poolgrad_pixel source;
    *alone = true;
    if (p->v->geometry.direction == POOLGRAD_GRADIENT) {
        const double before = before_of(p, at);
        if (source_of(p, at, &source)) {
            poolgrad_judge_gradient(p->judge, source, before, result, alone);
            return result;
        }
        poolgrad_judge_untouched(p->judge, before, result);
        return result;
    }
    if (p->pooled) {
        *alone = false;
        poolgrad_judge_forward(p->judge, at, result);
        return result;
    }
    poolgrad_interval_set(result, 0);
    return result;
}

static bool may_choose(const struct volume *p)
{
    const struct poolgrad_geometry *g = &p->v->geometry;
    return g->direction == POOLGRAD_GRADIENT && g->kind == POOLGRAD_MAX && !g->with_indices &&
           (g->ties == POOLGRAD_TIES_FIRST || g->ties == POOLGRAD_TIES_LAST);
}

/* Whether windows with ties may hand the pixel something, whose sign a zero then has. */
static bool may_be_given(struct volume *p, struct poolgrad_pixel at)
{
    bool alone;
    if (!may_choose(p)) return false;
    p->judge->share = poolgrad_share_of_candidates;
    p->judge->share_context = p->judge;
    bounds_of(p, at, &alone);
    p->judge->share = NULL;
    return !alone;
}

/* Whether the bounds hold the element; or, of one that was printed with few digits, it may be the exact value's or the
 * reference's. */
static bool is_within(struct volume *p, struct poolgrad_pixel at, const struct poolgrad_interval *bounds)
{
    struct poolgrad_declared *d = &p->judge->declared;
    const double actual = load(&p->v->geometry.held, p, at);
    if (poolgrad_interval_holds(d, bounds, actual)) return true;
    if (d->digits == 0) return false;
    struct poolgrad_interval *right = &p->judge->work.destination.untouched;
    poolgrad_interval_set(right, exact_by_integers(p, at));
    if (poolgrad_interval_holds(d, right, actual)) return true;
    poolgrad_interval_set(right, load(expected_of(p), p, at));
    return poolgrad_interval_holds(d, right, actual);
}

/* Of an element that differs: what can be said without choosing among ties. */
static poolgrad_verdict judge_by_rules(struct volume *p, struct poolgrad_pixel at)
{
    const double actual = load(&p->v->geometry.held, p, at);
    const double expected = load(expected_of(p), p, at);
    const struct poolgrad_quick_value quick = quick_bounds(p, at);
    bool alone;
    if (isnan(actual) && isnan(expected)) return POOLGRAD_VERDICT_LEGAL_ROUNDING;
    if (!(actual == 0 && expected == 0) && poolgrad_quick_excludes(p->quick, quick, actual))
        return POOLGRAD_VERDICT_WRONG;
    const double exact = exact_of(p, at, quick);
    if (same_number(actual, exact)) return POOLGRAD_VERDICT_CORRECTLY_ROUNDED;
    const struct poolgrad_interval *bounds = bounds_of(p, at, &alone);
    if (alone && actual == 0 && expected == 0) {
        return may_be_given(p, at) ? POOLGRAD_VERDICT_LEGAL_TIE : POOLGRAD_VERDICT_UNDOCUMENTED;
    }
    if (!is_within(p, at, bounds)) return POOLGRAD_VERDICT_WRONG;
    const bool unbounded = poolgrad_judge_is_unbounded(p->judge, bounds, exact);
    return unbounded ? POOLGRAD_VERDICT_UNBOUNDED : POOLGRAD_VERDICT_LEGAL_ROUNDING;
}

/* ---- Groups of windows ------------------------------------------------------------------------------------------- */

static bool actual_at(void *context, struct poolgrad_pixel source, double *value, double *before)
{
    const struct volume *p = context;
    const struct poolgrad_geometry *g = &p->v->geometry;
    const struct poolgrad_area written = poolgrad_written_area(g);
    const struct poolgrad_pixel at = poolgrad_written_pixel(g, source);
    if (!poolgrad_area_holds(&written, at)) return false;
    *value = load(&g->held, p, at);
    *before = before_of(p, at);
    return true;
}

static bool begin_groups(struct volume *p, bool open)
{
    struct poolgrad_tie_groups *groups = &p->groups[open];
    if (p->has_groups[open]) return true;
    p->has_groups[open] = true;
    if (!poolgrad_tie_groups_init(groups, p->quick, open)) return false;
    groups->actual = actual_at;
    groups->context = p;
    return true;
}

/* The verdict of an element that the rules do not explain. Where a group is looked at twice it is counted once. */
static poolgrad_verdict judge_by_groups(struct volume *p, struct poolgrad_pixel at, bool open)
{
    enum poolgrad_group_result result = POOLGRAD_GROUP_WRONG;
    struct poolgrad_tie_groups *groups = &p->groups[open];
    struct poolgrad_pixel source;
    bool none;
    if (!source_of(p, at, &source)) return POOLGRAD_VERDICT_WRONG;
    if (!begin_groups(p, open)) p->found->failed = true;
    if (p->found->failed) return POOLGRAD_VERDICT_WRONG;
    if (!(poolgrad_tie_groups_mark(groups, source) & POOLGRAD_PIXEL_SEEN)) {
        if (!poolgrad_tie_groups_judge(groups, source, &none, &result)) p->found->failed = true;
        const bool bounded = !none && result == POOLGRAD_GROUP_BOUNDED;
        p->found->groups += open ? bounded : !none;
        p->found->bounded_groups += bounded;
    }
    const unsigned char mark = poolgrad_tie_groups_mark(groups, source);
    if (!(mark & POOLGRAD_PIXEL_EXPLAINED)) return POOLGRAD_VERDICT_WRONG;
    return mark & POOLGRAD_PIXEL_UNBOUNDED ? POOLGRAD_VERDICT_UNBOUNDED : POOLGRAD_VERDICT_LEGAL_TIE;
}

static poolgrad_verdict judge_by_ties(struct volume *p, struct poolgrad_pixel at)
{
    return may_choose(p) ? judge_by_groups(p, at, false) : POOLGRAD_VERDICT_WRONG;
}

/* ---- What nothing documents -------------------------------------------------------------------------------------- */

static bool are_doubtful(struct poolgrad_window_doubts doubts, poolgrad_decision decision)
{
    if (decision == POOLGRAD_DECISION_NAN_RULE) return doubts.any_nan;
    return decision == POOLGRAD_DECISION_ZERO_NORM ? doubts.all_zero : doubts.all_least;
}

/* Whether the pixel of a gradient has a window that this decision is about. */
static bool has_doubtful_window(const struct volume *p, struct poolgrad_pixel at, poolgrad_decision decision)
{
    struct poolgrad_pixel source;
    if (!source_of(p, at, &source)) return false;
    struct poolgrad_windows windows = poolgrad_windows_of(&p->v->geometry, source);
    while (poolgrad_windows_next(&windows)) {
        if (!are_doubtful(poolgrad_judge_doubts(p->judge, windows.at), decision)) continue;
        if (decision == POOLGRAD_DECISION_ZERO_NORM || poolgrad_judge_is_open(p->judge, windows.at)) return true;
    }
    return false;
}

static bool holds_with_zero_norms(struct volume *p, struct poolgrad_pixel at)
{
    bool alone;
    const double actual = load(&p->v->geometry.held, p, at);
    p->judge->doubts_zero_norms = true;
    const struct poolgrad_interval *bounds = bounds_of(p, at, &alone);
    p->judge->doubts_zero_norms = false;
    return poolgrad_interval_holds(&p->judge->declared, bounds, actual);
}

/* Of a gradient of max: whether a choice for each window that nothing documents explains the whole group. */
static poolgrad_verdict judge_open_windows(struct volume *p, struct poolgrad_pixel at, poolgrad_decision *decision)
{
    const struct poolgrad_area outputs = poolgrad_output_area(&p->v->geometry);
    struct poolgrad_steps steps = poolgrad_steps_over(&outputs);
    if (!p->pooled) return POOLGRAD_VERDICT_WRONG;
    while (!p->looked && !p->has_open_windows && poolgrad_steps_next(&steps))
        p->has_open_windows = poolgrad_judge_is_open(p->judge, steps.at);
    p->looked = true;
    const poolgrad_verdict verdict = p->has_open_windows ? judge_by_groups(p, at, true) : POOLGRAD_VERDICT_WRONG;
    if (verdict == POOLGRAD_VERDICT_WRONG) return verdict;
    if (has_doubtful_window(p, at, POOLGRAD_DECISION_NAN_RULE))
        *decision = POOLGRAD_DECISION_NAN_RULE;
    else if (has_doubtful_window(p, at, POOLGRAD_DECISION_LEAST_WINDOW))
        *decision = POOLGRAD_DECISION_LEAST_WINDOW;
    return *decision == POOLGRAD_DECISION_NONE ? verdict : POOLGRAD_VERDICT_UNDOCUMENTED;
}

/* ---- Forward, where nothing is documented ------------------------------------------------------------------------ */

static bool holds_number(struct volume *p, double number, poolgrad_format format, double actual)
{
    struct poolgrad_declared *d = &p->judge->declared;
    poolgrad_interval_operand(d, p->bounds, number, format);
    poolgrad_interval_store(d, p->bounds);
    return poolgrad_interval_holds(d, p->bounds, actual);
}

/* What a search starts from that finds nothing but NaNs and -infinity, and keeps. */
static bool is_start_of_search(struct volume *p, double actual)
{
    const poolgrad_format source = p->v->geometry.source.format;
    const poolgrad_format formats[] = {source, p->judge->computed_in, p->v->geometry.destination.format};
    if (holds_number(p, -(double)INFINITY, source, actual)) return true;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (holds_number(p, -poolgrad_precision_of(formats[i]).greatest, formats[i], actual)) return true;
    }
    return false;
}

/* Of a forward window of max with a NaN. */
static bool holds_by_other_nan_rule(struct volume *p, struct poolgrad_pixel at)
{
    struct poolgrad_geometry *g = &p->judge->geometry;
    const double actual = load(&p->v->geometry.held, p, at);
    const poolgrad_nan_rule rule = g->nan;
    const bool all_lost = poolgrad_find_doubts(g, poolgrad_judge_window(p->judge, at)).all_lost;
    bool holds = false, alone;
    if (p->judge->keeps_nan_rule && !(rule == POOLGRAD_NAN_IGNORE && all_lost)) return false;
    for (int other = POOLGRAD_NAN_FIRST; !holds && other <= POOLGRAD_NAN_IGNORE; other++) {
        g->nan = (poolgrad_nan_rule)other;
        holds = poolgrad_interval_holds(&p->judge->declared, bounds_of(p, at, &alone), actual);
    }
    g->nan = rule;
    return holds || (all_lost && is_start_of_search(p, actual));
}

static bool is_empty_window(struct volume *p, struct poolgrad_pixel at)
{
    const struct poolgrad_geometry *g = &p->v->geometry;
    if (g->direction != POOLGRAD_FORWARD || g->edge_mode != POOLGRAD_EDGE_CLAMP || !p->pooled) return false;
    if (g->with_indices) return false;
    const struct poolgrad_taps taps = poolgrad_taps_inside(g, poolgrad_judge_window(p->judge, at));
    return poolgrad_taps_count(&taps) == 0;
}

static poolgrad_decision find_forward_decision(struct volume *p, struct poolgrad_pixel at)
{
    if (p->v->geometry.kind != POOLGRAD_MAX || !p->pooled) return POOLGRAD_DECISION_NONE;
    const bool any_nan = poolgrad_find_doubts(&p->v->geometry, poolgrad_judge_window(p->judge, at)).any_nan;
    return any_nan && holds_by_other_nan_rule(p, at) ? POOLGRAD_DECISION_NAN_RULE : POOLGRAD_DECISION_NONE;
}

/* The decision that an element rests on which is wrong by the rules. *verdict: what it is without one. */
static poolgrad_decision find_decision(struct volume *p, struct poolgrad_pixel at, poolgrad_verdict *verdict)
{
    const struct poolgrad_geometry *g = &p->v->geometry;
    const double actual = load(&g->held, p, at);
    poolgrad_decision decision = POOLGRAD_DECISION_NONE;
    if (actual == 0 && load(expected_of(p), p, at) == 0) return POOLGRAD_DECISION_SIGN_OF_ZERO;
    if (is_empty_window(p, at) && g->kind != POOLGRAD_AVERAGE) return POOLGRAD_DECISION_EMPTY_WINDOW;
    if (g->kind == POOLGRAD_AVERAGE || g->with_indices) return POOLGRAD_DECISION_NONE;
    if (g->direction == POOLGRAD_FORWARD) return find_forward_decision(p, at);
    if (g->kind == POOLGRAD_L2NORM) {
        const bool zero = has_doubtful_window(p, at, POOLGRAD_DECISION_ZERO_NORM) && holds_with_zero_norms(p, at);
        return zero ? POOLGRAD_DECISION_ZERO_NORM : POOLGRAD_DECISION_NONE;
    }
    *verdict = judge_open_windows(p, at, &decision);
    return decision;
}

/* ---- The volume -------------------------------------------------------------------------------------------------- */

static struct poolgrad_reach reach_of(struct volume *p, struct poolgrad_pixel at)
{
    bool alone;
    const struct poolgrad_interval *bounds = bounds_of(p, at, &alone);
    const struct poolgrad_reach reach = {mpfr_get_d(bounds->low, MPFR_RNDN), mpfr_get_d(bounds->high, MPFR_RNDN)};
    return reach.low > reach.high ? (struct poolgrad_reach){(double)NAN, (double)NAN} : reach;
}

static void report(struct volume *p, struct poolgrad_pixel at, poolgrad_verdict verdict, poolgrad_decision decision)
{
    const poolgrad_const_image *actual = &p->v->geometry.held;
    poolgrad_finding finding = {
        .n = p->n, .c = p->c, .z = at.z, .y = at.y, .x = at.x, .verdict = verdict, .decision = decision};
    finding.actual = load(actual, p, at);
    finding.expected = load(expected_of(p), p, at);
    finding.ulps = poolgrad_ulps_between(actual->format, finding.expected, finding.actual);
    keep_finding(p, &finding);
}

static poolgrad_verdict judge_element(struct volume *p, struct poolgrad_pixel at)
{
    poolgrad_decision decision = POOLGRAD_DECISION_NONE;
    if (same_bits(&p->v->geometry.held, expected_of(p), p, at)) return POOLGRAD_VERDICT_EQUAL;
    poolgrad_verdict verdict = judge_by_rules(p, at);
    if (verdict == POOLGRAD_VERDICT_WRONG) verdict = judge_by_ties(p, at);
    if (verdict >= POOLGRAD_VERDICT_UNDOCUMENTED) decision = find_decision(p, at, &verdict);
    if (decision != POOLGRAD_DECISION_NONE) verdict = POOLGRAD_VERDICT_UNDOCUMENTED;
    if (verdict < POOLGRAD_VERDICT_UNBOUNDED) return verdict;
    p->found->decisions[decision]++;
    report(p, at, verdict, decision);
    return verdict;
}

/* Outside of what is written. */
static poolgrad_verdict judge_outside(struct volume *p, struct poolgrad_pixel at)
{
    if (!p->v->before.data || same_bits(&p->v->geometry.held, &p->v->before, p, at)) return POOLGRAD_VERDICT_NONE;
    const poolgrad_const_image *actual = &p->v->geometry.held;
    poolgrad_finding finding = {
        .n = p->n, .c = p->c, .z = at.z, .y = at.y, .x = at.x, .verdict = POOLGRAD_VERDICT_WRONG};
    finding.actual = load(actual, p, at);
    finding.expected = finding.exact = finding.low = finding.high = load(&p->v->before, p, at);
    finding.ulps = poolgrad_ulps_between(actual->format, finding.expected, finding.actual);
    keep_finding(p, &finding);
    p->found->decisions[POOLGRAD_DECISION_NONE]++;
    return POOLGRAD_VERDICT_WRONG;
}

static bool is_written(const struct poolgrad_geometry *g, int64_t n, int64_t c)
{
    return poolgrad_range_holds(g->images, n) && poolgrad_range_holds(g->channels, c);
}

static bool begin_judging(const struct volume *p)
{
    return poolgrad_judge_begin(p->judge, p->n, p->c) && poolgrad_quick_begin(p->quick);
}

static void judge_strip(struct volume *p, int64_t number)
{
    (void)number;
    const struct poolgrad_geometry *g = &p->v->geometry;
    const bool written = is_written(g, p->n, p->c);
    if (written) p->found->failed = !begin_judging(p);
    const struct poolgrad_area area = poolgrad_written_area(g);
    struct poolgrad_steps steps = poolgrad_steps_over(&p->strip);
    while (!p->found->failed && poolgrad_steps_next(&steps)) {
        const bool inside = written && poolgrad_area_holds(&area, steps.at);
        const poolgrad_verdict verdict = inside ? judge_element(p, steps.at) : judge_outside(p, steps.at);
        p->verdicts[poolgrad_area_place(&p->area, steps.at)] = (unsigned char)verdict;
        p->found->count[verdict]++;
    }
    for (int open = 0; open < 2; open++) {
        if (p->has_groups[open]) poolgrad_tie_groups_clear(&p->groups[open]);
    }
}

/* Volume number i of the destination. */
static struct volume volume_at(const struct poolgrad_verification *v, int64_t i)
{
    const struct poolgrad_geometry *g = &v->geometry;
    const struct poolgrad_area area = poolgrad_volume_of(&g->held);
    struct volume p = {.v = v, .area = area, .strip = area};
    p.n = i / g->destination.channels;
    p.c = i % g->destination.channels;
    p.pooled = poolgrad_range_holds(g->images, p.n) && p.n - g->images.begin < g->pooled_images;
    return p;
}

bool poolgrad_verification_reach(const struct poolgrad_verification *v, int64_t n, int64_t c,
                                 const struct poolgrad_pixel *at, int64_t count, struct poolgrad_reach *reach)
{
    struct poolgrad_judge judge;
    struct poolgrad_interval bounds;
    struct volume p = volume_at(v, n * v->geometry.destination.channels + c);
    p.judge = &judge;
    p.bounds = &bounds;
    const struct poolgrad_environment environment = poolgrad_environment_enter();
    poolgrad_judge_init(&judge, &v->geometry, &v->declaration);
    poolgrad_interval_init(&bounds);
    const bool good = poolgrad_judge_begin(&judge, p.n, p.c);
    for (int64_t i = 0; good && i < count; i++) reach[i] = reach_of(&p, at[i]);
    poolgrad_interval_clear(&bounds);
    poolgrad_judge_clear(&judge);
    poolgrad_environment_leave(&environment);
    return good;
}

/* ---- Findings that are shown ------------------------------------------------------------------------------------- */

static void complete_finding(struct volume *p, poolgrad_finding *finding)
{
    const struct poolgrad_area area = poolgrad_written_area(&p->v->geometry);
    const struct poolgrad_pixel at = {finding->z, finding->y, finding->x};
    if (!is_written(&p->v->geometry, p->n, p->c) || !poolgrad_area_holds(&area, at)) return;
    finding->exact = exact_of(p, at, quick_bounds(p, at));
    const struct poolgrad_reach reach = reach_of(p, at);
    finding->low = reach.low;
    finding->high = reach.high;
}

static int64_t volume_of_finding(const struct poolgrad_verification *v, int64_t i)
{
    return v->all.findings[i].n * v->geometry.held.channels + v->all.findings[i].c;
}

/* The first finding of a volume or one behind it: they are sorted. */
static int64_t first_finding(const struct poolgrad_verification *v, int64_t volume)
{
    int64_t low = 0, high = v->all.finding_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (volume_of_finding(v, middle) < volume)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void complete_volume(struct volume *p, int64_t number)
{
    const struct poolgrad_verification *v = p->v;
    const int64_t first = first_finding(v, number), end = first_finding(v, number + 1);
    if (first < end && is_written(&v->geometry, p->n, p->c)) p->found->failed = !begin_judging(p);
    for (int64_t i = first; i < end && !p->found->failed; i++) complete_finding(p, &v->all.findings[i]);
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

/* Of a volume that is cut: bands of exact mode begin with the rows that are written. */
static struct poolgrad_range rows_of(const struct poolgrad_verification *v, int64_t strip)
{
    const int64_t height = v->geometry.held.height, first = v->geometry.rows.begin,
                  begin = first + strip * v->strip_rows;
    return (struct poolgrad_range){strip == 0 ? 0 : poolgrad_min(begin, height),
                                   strip == v->strips - 1 ? height : poolgrad_min(begin + v->strip_rows, height)};
}

/* Units, or whole volumes. */
static void for_each(const struct poolgrad_verification *v, int64_t begin, int64_t end, bool cut,
                     void (*look)(struct volume *p, int64_t number))
{
    struct poolgrad_judge judge;
    struct poolgrad_quick quick;
    struct poolgrad_interval bounds;
    const struct poolgrad_environment environment = poolgrad_environment_enter();
    poolgrad_judge_init(&judge, &v->geometry, &v->declaration);
    poolgrad_quick_init(&quick, &judge, &v->declaration);
    quick.applies = quick.applies && !v->plainly;
    poolgrad_interval_init(&bounds);
    for (int64_t i = begin; i < end; i++) {
        const int64_t unit = cut ? i : i * v->strips, volume = unit / v->strips;
        struct volume p = volume_at(v, volume);
        p.judge = &judge;
        p.quick = &quick;
        p.bounds = &bounds;
        if (cut) p.strip.rows = rows_of(v, unit % v->strips);
        p.found = &v->units[unit];
        p.verdicts = v->verdicts + volume * poolgrad_area_size(&p.area);
        look(&p, i);
    }
    poolgrad_interval_clear(&bounds);
    poolgrad_quick_clear(&quick);
    poolgrad_judge_clear(&judge);
    poolgrad_environment_leave(&environment);
}

void poolgrad_verify_units(const void *verification, int64_t begin, int64_t end)
{
    for_each(verification, begin, end, true, judge_strip);
}

void poolgrad_complete_findings(const void *verification, int64_t begin, int64_t end)
{
    for_each(verification, begin, end, false, complete_volume);
}
