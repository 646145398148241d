/* SPDX-License-Identifier: Apache-2.0 */
/* Which mistakes give the wrong elements that a verification has found. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/refusal.h"
#include "oracle/mistakes.h"
#include "pooling/parallel.h"

/* A mistake that may have been made, and what speaks for it. */
struct suspect {
    const struct poolgrad_mistake *mistake;
    struct poolgrad_knobs knobs;
    atomic_llong explained; /* wrong elements that it gives */
    atomic_llong predicted; /* elements that would be wrong by it, */
    atomic_llong shown;     /* and those that are as it says */
};

struct inquiry {
    struct poolgrad_verification *v;
    struct poolgrad_knobs right;
    struct suspect *suspects;
    int64_t suspect_count;
    int64_t *volumes; /* that are looked at */
    int64_t volume_count;
    int64_t wrong;  /* elements in them */
    double *errors; /* of every element of the destination, of a right implementation by the declared arithmetic */
    double unit;    /* rounding error of the declared arithmetic */
    atomic_bool failed;
};

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

static double unit_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_BFLOAT16: return ldexp(1, -8);
    case POOLGRAD_FLOAT16: return ldexp(1, -11);
    case POOLGRAD_FLOAT32: return ldexp(1, -24);
    default: return ldexp(1, -53);
    }
}

/* The distance of numbers of the format at `value`. */
static double ulp_of(poolgrad_format format, double value)
{
    int exponent;
    const int least = format == POOLGRAD_FLOAT16    ? -24
                      : format == POOLGRAD_FLOAT64  ? -1074
                      : format == POOLGRAD_BFLOAT16 ? -133
                                                    : -149;
    if (!isfinite(value)) return 0;
    frexp(value, &exponent);
    return fmax(ldexp(unit_of(format), exponent), ldexp(1, least));
}

static double error_of(double unit, const struct poolgrad_estimate *estimate)
{
    enum { OTHER_ROUNDINGS = 4 }; /* of a divisor, a quotient, a factor and the value added to */
    return (estimate->terms + (double)OTHER_ROUNDINGS) * unit * estimate->magnitude;
}

/* What an output that was printed with few digits is off by. */
static double printed_error(const struct poolgrad_verification *v)
{
    return v->declaration.digits > 0 ? pow(10, -v->declaration.digits) / 2 : 0;
}

/* Of a volume of the destination. */
static int64_t size_of(const struct inquiry *q)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    return d->depth * d->height * d->width;
}

/* What an element holds by a mistake: numbers from low to high, for other roundings than those of `value`. */
struct statement {
    double value, low, high;
    bool known;
};

static struct statement state(poolgrad_format format, double value, double error)
{
    return (struct statement){poolgrad_round_to(format, value), poolgrad_round_to(format, value - error),
                              poolgrad_round_to(format, value + error), true};
}

static bool allows(const struct statement *by, double value)
{
    return isnan(by->value) ? isnan(value) : value == by->value || (value >= by->low && value <= by->high);
}

static bool is_in_box(const struct poolgrad_box *box, struct poolgrad_element at)
{
    return poolgrad_range_holds(box->images, at.n) && poolgrad_range_holds(box->channels, at.c) &&
           poolgrad_area_holds(&box->area, at.pixel);
}

/* Of results that are right, but elsewhere, or not written. */
static struct statement find_misplaced(const struct inquiry *q, const struct poolgrad_knobs *k,
                                       struct poolgrad_element at)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    struct poolgrad_element from = at;
    if (k->filling != POOLGRAD_FILLING_NONE && is_in_box(&k->box, at)) {
        const bool constant = k->filling == POOLGRAD_FILLING_CONSTANT;
        return state(d->format, constant ? k->constant : poolgrad_load_element(&q->v->before, at), 0);
    }
    if (!poolgrad_reading_move(&k->result, d, &from)) return (struct statement){.known = false};
    /* The right value is rounded already. */
    const double value = poolgrad_load_element(&q->v->expected.read, from);
    const double error = q->errors[poolgrad_element_place(d, from)] + ulp_of(d->format, value);
    return state(d->format, value, error + printed_error(q->v));
}

static struct statement state_by(const struct inquiry *q, const struct poolgrad_knobs *k,
                                 const struct poolgrad_estimate *estimate, struct poolgrad_element at)
{
    if (k->misplaced) return find_misplaced(q, k, at);
    if (!estimate->known) return (struct statement){.known = false};
    const double unit = k->loosely == POOLGRAD_FORMAT_NONE ? q->unit : unit_of(k->loosely);
    return state(q->v->geometry.destination.format, estimate->value, error_of(unit, estimate) + printed_error(q->v));
}

/* ---- Volumes ----------------------------------------------------------------------------------------------------- */

static bool holds_number(poolgrad_format format, double value)
{
    return isnan(value) || poolgrad_round_to(format, value) == value;
}

static void question(const struct inquiry *q, struct suspect *suspect, const struct poolgrad_estimate *volume,
                     int64_t number)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    const struct poolgrad_area area = poolgrad_volume_of(d);
    const unsigned char *verdict = q->v->verdicts + number * size_of(q);
    struct poolgrad_element at = {.n = number / d->channels, .c = number % d->channels};
    struct poolgrad_steps steps = poolgrad_steps_over(&area);
    int64_t explained = 0, predicted = 0, shown = 0;
    for (int64_t i = 0; poolgrad_steps_next(&steps); i++) {
        at.pixel = steps.at;
        const struct statement by = state_by(q, &suspect->knobs, &volume[i], at);
        const double actual = poolgrad_load_element(d, at);
        if (!by.known) continue;
        const bool wrong = verdict[i] == POOLGRAD_VERDICT_WRONG;
        const bool shows = allows(&by, actual) && holds_number(suspect->knobs.loosely, actual);
        /* Errors in any order say of no element that it is wrong, only how far off it is if so. */
        const bool loose = suspect->knobs.loosely != POOLGRAD_FORMAT_NONE;
        const bool differs = loose ? wrong : !allows(&by, poolgrad_load_element(&q->v->expected.read, at));
        predicted += differs;
        shown += differs && shows;
        /* A value that no right implementation gives is the mistake's if it is the same bit by bit. */
        explained += wrong && ((differs && shows) || (!loose && actual == by.value));
    }
    atomic_fetch_add(&suspect->explained, explained);
    atomic_fetch_add(&suspect->predicted, predicted);
    atomic_fetch_add(&suspect->shown, shown);
}

static struct poolgrad_estimate *make_volume(struct inquiry *q)
{
    struct poolgrad_estimate *volume = calloc((size_t)size_of(q) + 1, sizeof *volume);
    if (!volume) atomic_store(&q->failed, true);
    return volume;
}

static void question_volumes(const void *context, int64_t begin, int64_t end)
{
    struct inquiry *q = *(struct inquiry *const *)context;
    const poolgrad_const_image *d = &q->v->geometry.held;
    const poolgrad_floating_point environment = poolgrad_enter_default_environment();
    struct poolgrad_estimate *volume = make_volume(q);
    for (int64_t i = begin; volume && i < end; i++) {
        for (int64_t k = 0; k < q->suspect_count; k++) {
            struct suspect *suspect = &q->suspects[k];
            const int64_t n = q->volumes[i] / d->channels, c = q->volumes[i] % d->channels;
            if (!suspect->knobs.misplaced) poolgrad_careless_volume(&suspect->knobs, &q->v->before, n, c, volume);
            question(q, suspect, volume, q->volumes[i]);
        }
    }
    free(volume);
    poolgrad_leave_default_environment(&environment);
}

static void bound_volumes(const void *context, int64_t begin, int64_t end)
{
    struct inquiry *q = *(struct inquiry *const *)context;
    const poolgrad_const_image *d = &q->v->geometry.held;
    const poolgrad_floating_point environment = poolgrad_enter_default_environment();
    struct poolgrad_estimate *volume = make_volume(q);
    const int64_t size = size_of(q);
    for (int64_t i = begin; volume && i < end; i++) {
        poolgrad_careless_volume(&q->right, &q->v->before, i / d->channels, i % d->channels, volume);
        for (int64_t k = 0; k < size; k++) q->errors[i * size + k] = error_of(q->unit, &volume[k]);
    }
    free(volume);
    poolgrad_leave_default_environment(&environment);
}

static void run_parallel(struct inquiry *q, int64_t count, void (*body)(const void *, int64_t, int64_t))
{
    const int64_t threads = poolgrad_min(poolgrad_available_threads(q->v->geometry.threads), count);
    if (count > 0) poolgrad_parallel((int)threads, 0, count, body, &q);
}

/* ---- What is looked at ------------------------------------------------------------------------------------------- */

enum { RIGHT_VOLUMES = 16 }; /* that a mistake must leave right to be believed, beside those with wrong elements */

static void choose_volumes(struct inquiry *q)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    const int64_t volumes = d->images * d->channels,
                  step = q->v->all.count[POOLGRAD_VERDICT_WRONG] / POOLGRAD_CAUSE_ELEMENTS + 1;
    int64_t with_wrong = 0, right = 0, all_right = 0;
    for (int64_t i = 0; i < volumes; i++) all_right += q->v->volumes[i].count[POOLGRAD_VERDICT_WRONG] == 0;
    const int64_t right_step = all_right / RIGHT_VOLUMES + 1;
    for (int64_t i = 0; i < volumes; i++) {
        const int64_t wrong = q->v->volumes[i].count[POOLGRAD_VERDICT_WRONG];
        if (wrong ? with_wrong++ % step != 0 : right++ % right_step != 0) continue;
        q->volumes[q->volume_count++] = i;
        q->wrong += wrong;
    }
}

static bool find_suspects(struct inquiry *q)
{
    q->suspects = calloc((size_t)poolgrad_mistake_count, sizeof *q->suspects);
    for (int64_t i = 0; q->suspects && i < poolgrad_mistake_count; i++) {
        struct suspect *suspect = &q->suspects[q->suspect_count];
        suspect->mistake = &poolgrad_mistakes[i];
        q->suspect_count += poolgrad_mistake_turn(suspect->mistake, q->v, &suspect->knobs);
        if (suspect->knobs.failed) return false;
    }
    return q->suspects != NULL;
}

/* ---- What is believed -------------------------------------------------------------------------------------------- */

/* Of what a mistake says, how much is so. */
static double precision_of(const struct suspect *suspect)
{
    const double predicted = (double)atomic_load(&suspect->predicted);
    return predicted > 0 ? (double)atomic_load(&suspect->shown) / predicted : 0;
}

static double weight_of(const struct suspect *suspect)
{
    const double least = suspect->knobs.loosely == POOLGRAD_FORMAT_NONE ? 0.5 : 0.9, precision = precision_of(suspect);
    return precision < least ? 0 : precision * (double)atomic_load(&suspect->explained);
}

struct rank {
    double weight;
    int64_t suspect;
};

static int by_weight(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return (x->suspect > y->suspect) - (x->suspect < y->suspect);
}

static bool keep_causes(struct inquiry *q)
{
    struct poolgrad_verification *v = q->v;
    struct rank *ranks = calloc((size_t)q->suspect_count + 1, sizeof *ranks);
    v->causes = calloc((size_t)q->suspect_count + 1, sizeof *v->causes);
    const bool fits = ranks && v->causes;
    for (int64_t i = 0; fits && i < q->suspect_count; i++) ranks[i] = (struct rank){weight_of(&q->suspects[i]), i};
    if (fits) qsort(ranks, (size_t)q->suspect_count, sizeof *ranks, by_weight);
    for (int64_t i = 0; fits && i < q->suspect_count && ranks[i].weight > 0; i++) {
        const struct suspect *suspect = &q->suspects[ranks[i].suspect];
        struct poolgrad_found_cause *found = &v->causes[v->cause_count++];
        poolgrad_mistake_describe(suspect->mistake, &suspect->knobs, found->sentence);
        found->cause = (poolgrad_cause){suspect->mistake->name, found->sentence,
                                        (int64_t)atomic_load(&suspect->explained), q->wrong};
    }
    free(ranks);
    return fits;
}

static bool inquire(struct inquiry *q)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    const int64_t volumes = d->images * d->channels;
    q->volumes = calloc((size_t)volumes, sizeof *q->volumes);
    q->errors = calloc((size_t)(volumes * size_of(q)), sizeof *q->errors);
    if (!q->volumes || !q->errors || !find_suspects(q)) return false;
    choose_volumes(q);
    run_parallel(q, volumes, bound_volumes);
    if (!atomic_load(&q->failed)) run_parallel(q, q->volume_count, question_volumes);
    return !atomic_load(&q->failed) && keep_causes(q);
}

/* ---- The interface ----------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_verification_find_causes(poolgrad_verification *v, poolgrad_error *error)
{
    struct inquiry inquiry = {.v = v, .unit = unit_of(v->computed_in)};
    if (v->causes) return POOLGRAD_OK;
    v->cause_count = 0;
    if (poolgrad_verification_passes(v)) return POOLGRAD_OK;
    const poolgrad_floating_point environment = poolgrad_enter_default_environment();
    poolgrad_knobs_init(v, &inquiry.right);
    const bool done = inquire(&inquiry);
    free(inquiry.volumes);
    free(inquiry.errors);
    free(inquiry.suspects);
    poolgrad_leave_default_environment(&environment);
    if (done) return POOLGRAD_OK;
    free(v->causes);
    v->causes = NULL;
    v->cause_count = -1;
    return poolgrad_refuse_memory(error, "verification");
}

int64_t poolgrad_verification_cause_count(const poolgrad_verification *v)
{
    return v->cause_count;
}

const poolgrad_cause *poolgrad_verification_cause(const poolgrad_verification *v, int64_t index)
{
    return index >= 0 && index < v->cause_count ? &v->causes[index].cause : NULL;
}
