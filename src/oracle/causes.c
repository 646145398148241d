/* SPDX-License-Identifier: Apache-2.0 */
/* Which mistakes give the wrong elements that a verification has found. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/refusal.h"
#include "oracle/mistakes.h"
#include "oracle/where.h"
#include "pooling/parallel.h"

/* A mistake that may have been made, and what speaks for it. */
struct suspect {
    const struct poolgrad_mistake *mistake;
    struct poolgrad_knobs knobs;
    atomic_llong explained; /* wrong elements that it gives */
    atomic_llong predicted; /* elements that would be wrong by it, */
    atomic_llong shown;     /* those that are as it says, */
    atomic_llong refuted;   /* and those that are right */
    atomic_llong exact;     /* wrong elements that have its very bits */
    uint64_t hash;          /* of the knobs */
    bool believed;          /* as far as was looked */
};

/* Some rows or layers of a volume, or all of it. */
struct part {
    int64_t volume;
    struct poolgrad_area area;
    int64_t wrong; /* elements in it */
};

/* How a volume is cut into parts: so many layers or, of one layer, rows. */
struct cut {
    int64_t layers, rows;  /* of a part, but for the last */
    int64_t across, along; /* parts: of the rows; of the layers */
};

enum { SAMPLES = 7 }; /* at most, in which all mistakes are tried, before few of them are tried everywhere */

struct inquiry {
    struct poolgrad_verification *v;
    struct poolgrad_knobs right;
    struct suspect *suspects;
    int64_t suspect_count;
    int64_t *believed; /* numbers of suspects that all parts are compared with */
    int64_t believed_count;
    struct part samples[SAMPLES];
    int sample_count;
    struct cut cut;
    struct part *parts; /* that are looked at */
    int64_t part_count;
    int64_t wrong;  /* elements in them */
    double *errors; /* of every element of the destination, of a right implementation by the declared arithmetic */
    double unit;    /* rounding error of the declared arithmetic */
    bool all_zero;  /* the output is nothing but zeros */
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

/* How many terms a loop has that rounds as often as the declared chain lets sums of so many. A gradient of norms is one
 * sum of squares and one of windows; no tree is less deep than the logarithm of its leaves. */
static double terms_in_chain(const struct poolgrad_verification *v, double terms)
{
    const bool norms = v->geometry.kind == POOLGRAD_L2NORM && v->geometry.direction == POOLGRAD_GRADIENT;
    if (v->declaration.chain == 0 || terms < 2) return terms;
    const double depth = fmax((double)v->declaration.chain, ceil(log2(terms)));
    return fmin(terms, (norms ? 2 : 1) * (depth + 1));
}

static double error_of(const struct poolgrad_verification *v, double unit, const struct poolgrad_estimate *estimate)
{
    enum { OTHER_ROUNDINGS = 4 }; /* of a divisor, a quotient, a factor and the value added to */
    return (terms_in_chain(v, estimate->terms) + (double)OTHER_ROUNDINGS) * unit * estimate->magnitude;
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

/* What an element holds by a mistake: numbers from low to high, for other roundings than those of `value`; or, as far
 * as the mistake says, any. */
struct statement {
    double value, low, high;
    bool known, any;
};

static double whole_ulps(poolgrad_format format, double value)
{
    const double ulp = ulp_of(format, value);
    return ulp > 0 ? trunc(value / ulp) * ulp : value;
}

static double stored(const struct poolgrad_knobs *k, poolgrad_format format, double value)
{
    switch (k->store) {
    case POOLGRAD_STORED_TRUNCATED: return whole_ulps(format, value);
    case POOLGRAD_STORED_CLAMPED: return fmin(fmax(poolgrad_round_to(format, value), k->least), k->most);
    case POOLGRAD_STORED_FLUSHED: return fabs(value) < k->least ? 0 : poolgrad_round_to(format, value);
    case POOLGRAD_STORED_AS_INTEGER: return poolgrad_round_to(format, rint(value));
    case POOLGRAD_STORED_AS_TRUNCATED_INTEGER: return poolgrad_round_to(format, trunc(value));
    default: return poolgrad_round_to(format, value);
    }
}

static struct statement state(const struct poolgrad_knobs *k, poolgrad_format format, double value, double error)
{
    if (k->store == POOLGRAD_STORED_MAGNITUDE) value = fabs(value);
    return (struct statement){.value = stored(k, format, value),
                              .low = stored(k, format, value - error),
                              .high = stored(k, format, value + error),
                              .known = true};
}

static bool allows(const struct statement *by, double value)
{
    if (by->any) return true;
    return isnan(by->value) ? isnan(value) : value == by->value || (value >= by->low && value <= by->high);
}

static bool is_in_box(const struct poolgrad_box *box, struct poolgrad_element at)
{
    return poolgrad_range_holds(box->images, at.n) && poolgrad_range_holds(box->channels, at.c) &&
           poolgrad_area_holds(&box->area, at.pixel);
}

/* Of results to which those of the channels, or images, before them were added. */
static struct statement find_summed(const struct inquiry *q, const struct poolgrad_knobs *k, struct poolgrad_element at)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    double sum = 0, error = 0;
    for (int64_t n = k->summed_images ? q->v->geometry.images.begin : at.n; n <= at.n; n++) {
        const int64_t first = k->summed_channels ? q->v->geometry.channels.begin : at.c;
        const int64_t last = k->summed_channels && n < at.n ? q->v->geometry.channels.end - 1 : at.c;
        for (int64_t c = first; c <= last; c++) {
            const struct poolgrad_element from = {n, c, at.pixel};
            const double value = poolgrad_load_element(&q->v->expected.read, from);
            sum += value;
            error += q->errors[poolgrad_element_place(d, from)] + ulp_of(d->format, value);
        }
    }
    return state(k, d->format, sum, error);
}

/* Of results times a factor; what the destination held before is added to them. */
static struct statement find_scaled(const struct inquiry *q, const struct poolgrad_knobs *k, struct poolgrad_element at)
{
    const struct poolgrad_geometry *g = &q->v->geometry;
    const struct poolgrad_box written = {
        .images = g->images, .channels = g->channels, .area = poolgrad_written_area(g)};
    const bool inside = is_in_box(&written, at);
    if (!inside && !k->scaled_everywhere) return (struct statement){.known = false};
    const double value = poolgrad_load_element(&q->v->expected.read, at);
    const bool adds = inside && g->add_to_destination && !k->scaled_everywhere;
    const double before = adds ? poolgrad_load_element(&q->v->before, at) : 0;
    const double error = q->errors[poolgrad_element_place(&g->held, at)] + ulp_of(g->held.format, value);
    return state(k, g->held.format, (value - before) * k->factor + before,
                 error * fmax(fabs(k->factor), 1) + printed_error(q->v));
}

static int64_t place_along(struct poolgrad_pixel at, int axis)
{
    return axis == 0 ? at.x : axis == 1 ? at.y : at.z;
}

/* Of results that are right, but elsewhere, or not written. */
static struct statement find_misplaced(const struct inquiry *q, const struct poolgrad_knobs *k,
                                       struct poolgrad_element at)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    struct poolgrad_element from = at;
    if (k->filling == POOLGRAD_FILLING_ANYTHING && is_in_box(&k->box, at)) {
        return (struct statement){.known = true, .any = true};
    }
    if (k->filling != POOLGRAD_FILLING_NONE && is_in_box(&k->box, at)) {
        const bool constant = k->filling == POOLGRAD_FILLING_CONSTANT;
        return state(k, d->format, constant ? k->constant : poolgrad_load_element(&q->v->before, at), 0);
    }
    if (k->scaled) return find_scaled(q, k, at);
    if (k->summed_channels || k->summed_images) return find_summed(q, k, at);
    if (!poolgrad_reading_move(&k->result, d, &from)) return (struct statement){.known = false};
    /* The right value is rounded already. */
    const double value = poolgrad_load_element(&q->v->expected.read, from);
    const double error = q->errors[poolgrad_element_place(d, from)] + ulp_of(d->format, value);
    const bool counts = k->period > 0 && place_along(at.pixel, k->axis) % k->period == k->phase;
    const double factor = counts ? k->period_factor : 1;
    return state(k, d->format, value * factor, error * fabs(factor) + printed_error(q->v));
}

static struct statement state_by(const struct inquiry *q, const struct poolgrad_knobs *k,
                                 const struct poolgrad_estimate *estimate, struct poolgrad_element at)
{
    if (k->misplaced) return find_misplaced(q, k, at);
    if (!estimate->known) return (struct statement){.known = false};
    if (k->unreached) return (struct statement){.known = estimate->terms == 0, .any = true};
    const double unit = k->loosely == POOLGRAD_FORMAT_NONE ? q->unit : unit_of(k->loosely);
    const double error = error_of(q->v, unit, estimate) + k->loose_unit * estimate->magnitude + printed_error(q->v);
    return state(k, q->v->geometry.destination.format, estimate->value, error);
}

/* ---- Sums that lack terms ---------------------------------------------------------------------------------------- */

/* Whether the element holds the sum of some of its terms, but not of all. *known: not so many that any sum would do. */
static bool lacks_terms(const struct inquiry *q, struct poolgrad_element at, double actual, bool *known)
{
    double terms[POOLGRAD_MOST_TERMS];
    const int count = poolgrad_careless_terms(&q->right, at.n, at.c, at.pixel, terms);
    const poolgrad_format format = q->v->geometry.destination.format;
    const double error = q->errors[poolgrad_element_place(&q->v->geometry.held, at)];
    *known = count <= POOLGRAD_MOST_TERMS;
    if (count < 2 || !*known) return false;
    for (unsigned part = 1; part + 1 < 1U << (unsigned)count; part++) {
        double sum = 0;
        for (int i = 0; i < count; i++) sum += part >> (unsigned)i & 1 ? terms[i] : 0;
        const struct statement by = state(&q->right, format, sum, error + printed_error(q->v));
        if (allows(&by, actual)) return true;
    }
    return false;
}

/* ---- Volumes ----------------------------------------------------------------------------------------------------- */

/* Of a format, unless none. */
static bool holds_number(poolgrad_format format, double value)
{
    return isnan(value) || poolgrad_round_to(format, value) == value;
}

/* Errors in any order say of no element that it is wrong, only how far off it is if so. */
static bool is_loose(const struct poolgrad_knobs *k)
{
    return k->loosely != POOLGRAD_FORMAT_NONE || k->loose_unit > 0 || k->partial;
}

/* Says where, but of no element what it holds. */
static bool says_any(const struct poolgrad_knobs *k)
{
    return k->unreached || k->filling == POOLGRAD_FILLING_ANYTHING;
}

/* Says less than a value of each element. */
static bool is_vague(const struct poolgrad_knobs *k)
{
    return is_loose(k) || says_any(k);
}

struct tally {
    int64_t explained, predicted, shown, refuted, exact;
};

static void count_element(const struct inquiry *q, const struct poolgrad_knobs *k, const struct statement *by,
                          struct poolgrad_element at, bool wrong, struct tally *tally)
{
    const double actual = poolgrad_load_element(&q->v->geometry.held, at);
    const bool loose = is_loose(k);
    const bool differs = loose ? wrong : by->any || !allows(by, poolgrad_load_element(&q->v->expected.read, at));
    bool shows = by->any ? wrong : allows(by, actual) && holds_number(k->loosely, actual);
    bool known = true;
    if (k->partial) shows = wrong && lacks_terms(q, at, actual, &known);
    if (!known) return;
    /* A zero, which is a number of every format, says nothing for one. */
    const bool counts = differs && !(loose && !k->partial && shows && actual == 0);
    const bool exact = wrong && !by->any && actual == by->value;
    tally->exact += exact;
    tally->predicted += counts;
    tally->shown += counts && shows;
    tally->refuted += differs && !shows && !wrong;
    /* A value that no right implementation gives is the mistake's if it is the same bit by bit. */
    tally->explained += (wrong && differs && shows) || (exact && !loose);
}

static void question(const struct inquiry *q, struct suspect *suspect, const struct poolgrad_estimate *volume,
                     int64_t number, const struct poolgrad_area *view)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    const struct poolgrad_area area = poolgrad_volume_of(d);
    const unsigned char *verdict = q->v->verdicts + number * size_of(q);
    struct poolgrad_element at = {.n = number / d->channels, .c = number % d->channels};
    struct poolgrad_steps steps = poolgrad_steps_over(view);
    struct tally tally = {0};
    while (poolgrad_steps_next(&steps)) {
        const int64_t i = poolgrad_area_place(&area, steps.at);
        at.pixel = steps.at;
        const struct statement by = state_by(q, &suspect->knobs, &volume[i], at);
        if (by.known) count_element(q, &suspect->knobs, &by, at, verdict[i] == POOLGRAD_VERDICT_WRONG, &tally);
    }
    atomic_fetch_add(&suspect->explained, tally.explained);
    atomic_fetch_add(&suspect->predicted, tally.predicted);
    atomic_fetch_add(&suspect->shown, tally.shown);
    atomic_fetch_add(&suspect->refuted, tally.refuted);
    atomic_fetch_add(&suspect->exact, tally.exact);
}

static struct poolgrad_estimate *make_volume(struct inquiry *q)
{
    struct poolgrad_estimate *volume = calloc((size_t)size_of(q) + 1, sizeof *volume);
    if (!volume) atomic_store(&q->failed, true);
    return volume;
}

static void volume_is_known(const struct inquiry *q, struct poolgrad_estimate *volume, const struct poolgrad_area *view)
{
    const struct poolgrad_area area = poolgrad_volume_of(&q->v->geometry.held);
    struct poolgrad_steps steps = poolgrad_steps_over(view);
    while (poolgrad_steps_next(&steps)) volume[poolgrad_area_place(&area, steps.at)].known = true;
}

static void question_part(const struct inquiry *q, struct suspect *suspect, struct poolgrad_estimate *volume,
                          const struct part *part)
{
    const int64_t channels = q->v->geometry.held.channels;
    const struct poolgrad_knobs *k = &suspect->knobs;
    const int64_t n = part->volume / channels, c = part->volume % channels;
    if (!k->misplaced && !k->partial) {
        poolgrad_careless_volume(k, &part->area, &q->v->before, n, c, volume);
    } else if (k->partial) {
        volume_is_known(q, volume, &part->area);
    }
    question(q, suspect, volume, part->volume, &part->area);
}

static void question_parts(const void *context, int64_t begin, int64_t end)
{
    struct inquiry *q = *(struct inquiry *const *)context;
    const poolgrad_floating_point environment = poolgrad_enter_default_environment();
    struct poolgrad_estimate *volume = make_volume(q);
    for (int64_t i = begin; volume && i < end; i++) {
        for (int64_t k = 0; k < q->believed_count; k++) {
            question_part(q, &q->suspects[q->believed[k]], volume, &q->parts[i]);
        }
    }
    free(volume);
    poolgrad_leave_default_environment(&environment);
}

/* Few samples are enough to give most mistakes up. */
static bool is_hopeless(const struct suspect *suspect)
{
    enum { ENOUGH = 24, LEAST_PART = 5 };
    const int64_t predicted = atomic_load(&suspect->predicted), shown = atomic_load(&suspect->shown);
    return predicted >= ENOUGH && shown * LEAST_PART < predicted;
}

static void question_suspects(const void *context, int64_t begin, int64_t end)
{
    struct inquiry *q = *(struct inquiry *const *)context;
    const poolgrad_floating_point environment = poolgrad_enter_default_environment();
    struct poolgrad_estimate *volume = make_volume(q);
    for (int64_t k = begin; volume && k < end; k++) {
        struct suspect *suspect = &q->suspects[k];
        for (int i = 0; i < q->sample_count && !is_hopeless(suspect); i++) {
            question_part(q, suspect, volume, &q->samples[i]);
        }
        suspect->believed = !is_hopeless(suspect);
    }
    free(volume);
    poolgrad_leave_default_environment(&environment);
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

static int64_t count_parts(const struct inquiry *q)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    return d->images * d->channels * q->cut.along * q->cut.across;
}

/* Parts are large enough to show more than one window, and so small that a large plane has several. */
static struct cut choose_cut(const poolgrad_const_image *d)
{
    enum { ELEMENTS = 1 << 14 };
    const int64_t rows = poolgrad_clamp(ELEMENTS / d->width, 1, d->height);
    const int64_t layers = rows < d->height ? 1 : poolgrad_clamp(ELEMENTS / (d->width * d->height), 1, d->depth);
    return (struct cut){layers, rows, poolgrad_ceiling_divide(d->height, rows),
                        poolgrad_ceiling_divide(d->depth, layers)};
}

static struct poolgrad_range piece_of(int64_t number, int64_t length, int64_t size)
{
    return (struct poolgrad_range){number * length, poolgrad_min((number + 1) * length, size)};
}

/* The part with a number among all; its elements follow each other. */
static struct part part_at(const struct inquiry *q, int64_t number)
{
    const poolgrad_const_image *d = &q->v->geometry.held;
    const struct poolgrad_area volume = poolgrad_volume_of(d);
    const int64_t strip = number / q->cut.across, i = strip / q->cut.along;
    struct part part = {.volume = i, .area = volume};
    part.area.rows = piece_of(number % q->cut.across, q->cut.rows, d->height);
    part.area.layers = piece_of(strip % q->cut.along, q->cut.layers, d->depth);
    const struct poolgrad_pixel first = {part.area.layers.begin, part.area.rows.begin, 0};
    const unsigned char *verdict = q->v->verdicts + i * size_of(q) + poolgrad_area_place(&volume, first);
    const int64_t size = poolgrad_area_size(&part.area);
    for (int64_t k = 0; k < size; k++) part.wrong += verdict[k] == POOLGRAD_VERDICT_WRONG;
    return part;
}

static void bound_parts(const void *context, int64_t begin, int64_t end)
{
    struct inquiry *q = *(struct inquiry *const *)context;
    const poolgrad_const_image *d = &q->v->geometry.held;
    const struct poolgrad_area all = poolgrad_volume_of(d);
    const poolgrad_floating_point environment = poolgrad_enter_default_environment();
    struct poolgrad_estimate *volume = make_volume(q);
    for (int64_t i = begin; volume && i < end; i++) {
        const struct part part = part_at(q, i);
        struct poolgrad_steps steps = poolgrad_steps_over(&part.area);
        poolgrad_careless_volume(&q->right, &part.area, &q->v->before, part.volume / d->channels,
                                 part.volume % d->channels, volume);
        while (poolgrad_steps_next(&steps)) {
            const int64_t place = poolgrad_area_place(&all, steps.at);
            q->errors[part.volume * size_of(q) + place] = error_of(q->v, q->unit, &volume[place]);
        }
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

enum { RIGHT_PARTS = 16 }; /* that a mistake must leave right to be believed, beside those with wrong elements */

/* An even choice of the parts with wrong elements, and one of the others. */
static bool choose_parts(struct inquiry *q)
{
    const int64_t count = count_parts(q);
    int64_t elements = 0, all_right = 0, with_wrong = 0, right = 0;
    for (int64_t i = 0; i < count; i++) {
        const struct part part = part_at(q, i);
        all_right += part.wrong == 0;
        if (part.wrong > 0) elements += poolgrad_area_size(&part.area);
    }
    const int64_t step = elements / POOLGRAD_CAUSE_ELEMENTS + 1, right_step = all_right / RIGHT_PARTS + 1;
    q->parts = calloc((size_t)((count - all_right) / step + all_right / right_step + 2), sizeof *q->parts);
    for (int64_t i = 0; q->parts && i < count; i++) {
        const struct part part = part_at(q, i);
        if (part.wrong ? with_wrong++ % step != 0 : right++ % right_step != 0) continue;
        q->parts[q->part_count++] = part;
        q->wrong += part.wrong;
    }
    return q->parts;
}

/* The `rank`-th wrong element of a part. */
static struct poolgrad_pixel find_wrong(const struct inquiry *q, const struct part *part, int64_t rank)
{
    const struct poolgrad_area area = poolgrad_volume_of(&q->v->geometry.held);
    const unsigned char *verdict = q->v->verdicts + part->volume * size_of(q);
    const struct poolgrad_pixel first = {part->area.layers.begin, part->area.rows.begin, 0};
    int64_t i = poolgrad_area_place(&area, first);
    while (verdict[i] != POOLGRAD_VERDICT_WRONG || rank-- > 0) i++;
    return poolgrad_area_pixel(&area, i);
}

static struct poolgrad_range range_about(int64_t i, int64_t length, int64_t size)
{
    const int64_t begin = poolgrad_clamp(i - length / 2, 0, poolgrad_max(size - length, 0));
    return (struct poolgrad_range){begin, poolgrad_min(begin + length, size)};
}

static void add_sample(struct inquiry *q, int64_t volume, struct poolgrad_pixel about)
{
    enum { LAYERS = 6, ROWS = 24, COLUMNS = 32 };
    const poolgrad_const_image *d = &q->v->geometry.held;
    const struct poolgrad_area area = {range_about(about.z, LAYERS, d->depth), range_about(about.y, ROWS, d->height),
                                       range_about(about.x, COLUMNS, d->width)};
    q->samples[q->sample_count++] = (struct part){.volume = volume, .area = area};
}

static struct poolgrad_pixel centre_of(const struct poolgrad_area *area)
{
    return (struct poolgrad_pixel){(area->layers.begin + area->layers.end) / 2, (area->rows.begin + area->rows.end) / 2,
                                   (area->columns.begin + area->columns.end) / 2};
}

/* About wrong elements: the first, the last, and others of parts all over; and in some of the right parts. */
static void choose_samples(struct inquiry *q)
{
    enum { OF_WRONG = 5, OF_RIGHT = 2 };
    static const int64_t quarters[OF_WRONG] = {0, 4, 2, 1, 3}; /* from the first wrong element to the last */
    int64_t with_wrong = 0, right = 0, seen = 0;
    for (int64_t i = 0; i < q->part_count; i++) with_wrong += q->parts[i].wrong > 0;
    for (int64_t i = 0; i < q->part_count; i++) {
        const struct part *part = &q->parts[i];
        if (part->wrong == 0 && right++ < OF_RIGHT) add_sample(q, part->volume, centre_of(&part->area));
        for (int64_t k = 0; part->wrong > 0 && k < OF_WRONG; k++) {
            if (k * with_wrong / OF_WRONG != seen) continue;
            add_sample(q, part->volume, find_wrong(q, part, (part->wrong - 1) * quarters[k] / (OF_WRONG - 1)));
        }
        seen += part->wrong > 0;
    }
}

/* Keeps the suspect behind the last one, unless there was one like it: variants of mistakes often come to the same. */
static void keep_suspect(struct inquiry *q)
{
    struct suspect *suspect = &q->suspects[q->suspect_count];
    suspect->hash = poolgrad_careless_hash(&suspect->knobs);
    for (int64_t i = 0; i < q->suspect_count; i++) {
        if (q->suspects[i].hash == suspect->hash) return;
    }
    q->suspect_count++;
}

static bool find_suspects(struct inquiry *q)
{
    int64_t most = 1; /* no allocation of nothing */
    for (int64_t i = 0; i < poolgrad_mistake_count; i++) most += poolgrad_mistake_variants(&poolgrad_mistakes[i]);
    q->suspects = calloc((size_t)most, sizeof *q->suspects);
    q->believed = calloc((size_t)most, sizeof *q->believed);
    for (int64_t i = 0; q->suspects && i < poolgrad_mistake_count; i++) {
        const int variants = poolgrad_mistake_variants(&poolgrad_mistakes[i]);
        for (int k = 0; k < variants; k++) {
            struct suspect *suspect = &q->suspects[q->suspect_count];
            suspect->mistake = &poolgrad_mistakes[i];
            if (poolgrad_mistake_turn(suspect->mistake, q->v, k, &suspect->knobs)) keep_suspect(q);
            if (suspect->knobs.failed) return false;
        }
    }
    return q->suspects && q->believed;
}

/* ---- What is believed -------------------------------------------------------------------------------------------- */

/* Of what a mistake says, how much is so. */
static double precision_of(const struct suspect *suspect)
{
    const double predicted = (double)atomic_load(&suspect->predicted);
    return predicted > 0 ? (double)atomic_load(&suspect->shown) / predicted : 0;
}

/* Half of what it says is so; or it is nowhere said of what is right, and what it does not give another mistake may. */
static bool is_believable(const struct suspect *suspect)
{
    const double least_part = 0.2, least = is_vague(&suspect->knobs) ? 0.9 : 0.5, precision = precision_of(suspect);
    const bool refuted = atomic_load(&suspect->refuted) > 0 || is_vague(&suspect->knobs);
    return precision >= least || (!refuted && precision >= least_part);
}

/* What says of elements that they are wrong, and not what they hold, is worth less than what says both. */
static double weight_of(const struct suspect *suspect)
{
    const double worth = says_any(&suspect->knobs) ? 0.5 : 1;
    return is_believable(suspect) ? worth * precision_of(suspect) * (double)atomic_load(&suspect->explained) : 0;
}

/* Of an output of zeros alone, that it holds 0 is said before all that leads to zeros. */
static bool is_first_of_equals(const struct inquiry *q, const struct suspect *suspect)
{
    const struct poolgrad_knobs *k = &suspect->knobs;
    return q->all_zero && k->filling == POOLGRAD_FILLING_CONSTANT && k->box.shown && k->constant == 0;
}

struct rank {
    double weight;
    bool first; /* of those with this weight */
    int64_t suspect;
};

static int by_weight(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    if (x->first != y->first) return x->first ? -1 : 1;
    return (x->suspect > y->suspect) - (x->suspect < y->suspect);
}

static struct rank *rank_suspects(const struct inquiry *q)
{
    struct rank *ranks = calloc((size_t)q->suspect_count + 1, sizeof *ranks);
    for (int64_t i = 0; ranks && i < q->suspect_count; i++) {
        const struct suspect *suspect = &q->suspects[i];
        ranks[i] = (struct rank){suspect->believed ? weight_of(suspect) : 0, is_first_of_equals(q, suspect), i};
    }
    if (ranks) qsort(ranks, (size_t)q->suspect_count, sizeof *ranks, by_weight);
    return ranks;
}

/* The best by the samples, and of those of which the samples say nothing the first ones: they start anew. */
static bool choose_believed(struct inquiry *q)
{
    enum { BEST = 16, UNDECIDED = 8 };
    struct rank *ranks = rank_suspects(q);
    int64_t undecided = 0;
    if (!ranks) return false;
    for (int64_t i = 0; i < q->suspect_count; i++) {
        struct suspect *suspect = &q->suspects[ranks[i].suspect];
        const bool told = atomic_load(&suspect->predicted) > 0;
        const bool chosen = suspect->believed &&
                            (told ? q->believed_count < BEST && ranks[i].weight > 0 : undecided++ < UNDECIDED);
        suspect->believed = chosen;
        if (chosen) q->believed[q->believed_count++] = ranks[i].suspect;
        atomic_store(&suspect->explained, 0);
        atomic_store(&suspect->predicted, 0);
        atomic_store(&suspect->shown, 0);
        atomic_store(&suspect->refuted, 0);
        atomic_store(&suspect->exact, 0);
    }
    free(ranks);
    return true;
}

/* A few elements among many may be as a mistake gives them by chance. */
static bool explains_enough(const struct inquiry *q, const struct suspect *suspect)
{
    enum { PARTS = 100, LEAST = 1, LEAST_OF_VAGUE = 90 };
    const int64_t least = says_any(&suspect->knobs) ? LEAST_OF_VAGUE : LEAST;
    return atomic_load(&suspect->explained) * PARTS >= q->wrong * least;
}

/* Says of results that they were cut or came out roughly, which many do. */
static bool is_loose_or_cut(const struct poolgrad_knobs *k)
{
    return is_loose(k) || k->store == POOLGRAD_STORED_CLAMPED;
}

/* Whether one mistake gives all that is wrong, bit by bit. */
static bool has_exact_cause(const struct inquiry *q)
{
    enum { PARTS = 100, LEAST = 99 };
    for (int64_t i = 0; i < q->suspect_count; i++) {
        const struct suspect *suspect = &q->suspects[i];
        if (!suspect->believed || is_vague(&suspect->knobs) || is_loose_or_cut(&suspect->knobs)) continue;
        if (weight_of(suspect) > 0 && atomic_load(&suspect->exact) * PARTS >= q->wrong * LEAST) return true;
    }
    return false;
}

static bool keep_causes(struct inquiry *q)
{
    struct poolgrad_verification *v = q->v;
    struct rank *ranks = rank_suspects(q);
    const bool exact = has_exact_cause(q);
    v->causes = calloc((size_t)q->suspect_count + 1, sizeof *v->causes);
    const bool fits = ranks && v->causes;
    for (int64_t i = 0; fits && i < q->suspect_count && ranks[i].weight > 0; i++) {
        const struct suspect *suspect = &q->suspects[ranks[i].suspect];
        if (!explains_enough(q, suspect) || (exact && is_loose_or_cut(&suspect->knobs))) continue;
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
    q->cut = choose_cut(d);
    q->errors = calloc((size_t)(volumes * size_of(q)), sizeof *q->errors);
    if (!q->errors || !find_suspects(q) || !choose_parts(q)) return false;
    q->all_zero = !poolgrad_find_between(q->v, -(double)INFINITY, 0) &&
                  !poolgrad_find_between(q->v, 0, (double)INFINITY);
    choose_samples(q);
    run_parallel(q, count_parts(q), bound_parts);
    if (!atomic_load(&q->failed)) run_parallel(q, q->suspect_count, question_suspects);
    if (atomic_load(&q->failed) || !choose_believed(q)) return false;
    run_parallel(q, q->part_count, question_parts);
    return !atomic_load(&q->failed) && keep_causes(q) && poolgrad_find_where(q->v, q->v->where);
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
    free(inquiry.parts);
    free(inquiry.errors);
    free(inquiry.suspects);
    free(inquiry.believed);
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

const char *poolgrad_verification_where(const poolgrad_verification *v)
{
    return v->where;
}
