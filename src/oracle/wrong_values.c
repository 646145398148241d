/* SPDX-License-Identifier: Apache-2.0 */
/* What wrong elements have in common: a factor, a value, what was there before. */
#include <math.h>
#include <stdlib.h>

#include "oracle/mistakes.h"

enum { SAMPLES = 1 << 16 }; /* of which a median or the commonest value is taken */

static void reach(struct poolgrad_range *range, int64_t i, bool first)
{
    range->begin = first ? i : poolgrad_min(range->begin, i);
    range->end = first ? i + 1 : poolgrad_max(range->end, i + 1);
}

/* The box that holds all elements seen so far. */
static void grow(struct poolgrad_box *box, struct poolgrad_element at, bool first)
{
    box->shown = true;
    reach(&box->images, at.n, first);
    reach(&box->channels, at.c, first);
    reach(&box->area.layers, at.pixel.z, first);
    reach(&box->area.rows, at.pixel.y, first);
    reach(&box->area.columns, at.pixel.x, first);
}

/* Looks at every step-th wrong element. */
struct survey {
    const struct poolgrad_verification *v;
    int64_t step, seen;
    double *values; /* that are collected */
    int64_t count;
    double wanted;
    bool with_before; /* results are taken with what they were added to */
    struct poolgrad_box box;
    int64_t found; /* in the box */
};

static void for_each_wrong(struct survey *s, void (*look)(struct survey *, struct poolgrad_element at))
{
    const poolgrad_const_image *d = &s->v->geometry.held;
    const int64_t elements = d->images * d->channels * d->depth * d->height * d->width;
    for (int64_t i = 0; i < elements; i++) {
        if (s->v->verdicts[i] != POOLGRAD_VERDICT_WRONG || s->seen++ % s->step != 0) continue;
        look(s, poolgrad_element_at(d, i));
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The values that `look` collects, sorted; null where memory is lacking. */
static double *collect(struct survey *s, void (*look)(struct survey *, struct poolgrad_element at))
{
    s->step = s->v->all.count[POOLGRAD_VERDICT_WRONG] / SAMPLES + 1;
    s->values = malloc(SAMPLES * sizeof *s->values);
    if (!s->values) return NULL;
    for_each_wrong(s, look);
    qsort(s->values, (size_t)s->count, sizeof *s->values, by_value);
    return s->values;
}

/* ---- Factors ----------------------------------------------------------------------------------------------------- */

static void collect_factor(struct survey *s, struct poolgrad_element at)
{
    const struct poolgrad_geometry *g = &s->v->geometry;
    const double before = g->add_to_destination && !s->with_before ? poolgrad_load_element(&s->v->before, at) : 0;
    const double expected = poolgrad_load_element(&s->v->expected.read, at) - before;
    const double factor = (poolgrad_load_element(&g->held, at) - before) / expected;
    if (expected != 0 && isfinite(factor)) s->values[s->count++] = factor;
}

/* A number that the factor is likely to be, or itself. */
static double round_factor(const struct poolgrad_geometry *g, double factor)
{
    const double width = (double)g->x.kernel, height = (double)g->y.kernel, depth = (double)g->z.kernel, near = 1e-3;
    const double strides = (double)g->x.stride * (double)g->y.stride * (double)g->z.stride;
    const double likely[] = {(double)g->pooled_images, 2,      3, 4, width, height, width * height, depth,
                             width * height * depth,   strides};
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++) {
        if (fabs(factor / likely[i] - 1) < near) return likely[i];
        if (fabs(factor * likely[i] - 1) < near) return 1 / likely[i];
    }
    return factor;
}

bool poolgrad_find_factor(const struct poolgrad_verification *v, bool with_before, double *factor, bool *failed)
{
    enum { FEW = 3 };
    const double near = 1e-5;
    struct survey survey = {.v = v, .with_before = with_before};
    double *values = collect(&survey, collect_factor);
    *failed = !values;
    if (!values) return false;
    const int64_t count = survey.count;
    *factor = count > 0 ? round_factor(&v->geometry, values[count / 2]) : 1;
    const bool common = count >= FEW || (count > 0 && *factor != values[count / 2]);
    free(values);
    return common && *factor != 0 && fabs(fabs(*factor) - 1) > near;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static void collect_value(struct survey *s, struct poolgrad_element at)
{
    const double value = poolgrad_load_element(&s->v->geometry.held, at);
    if (!isnan(value)) s->values[s->count++] = value;
}

static void find_wanted(struct survey *s, struct poolgrad_element at)
{
    if (poolgrad_load_element(&s->v->geometry.held, at) == s->wanted) grow(&s->box, at, s->found++ == 0);
}

static void find_before(struct survey *s, struct poolgrad_element at)
{
    if (poolgrad_load_element(&s->v->geometry.held, at) == poolgrad_load_element(&s->v->before, at))
        grow(&s->box, at, s->found++ == 0);
}

static void find_any(struct survey *s, struct poolgrad_element at)
{
    grow(&s->box, at, s->found++ == 0);
}

static void find_nan(struct survey *s, struct poolgrad_element at)
{
    if (isnan(poolgrad_load_element(&s->v->geometry.held, at))) grow(&s->box, at, s->found++ == 0);
}

static double commonest(const double *values, int64_t count)
{
    int64_t longest = 0, first = 0;
    double value = 0;
    for (int64_t i = 0; i < count; i++) {
        if (values[i] != values[first]) first = i;
        if (i - first + 1 <= longest) continue;
        longest = i - first + 1;
        value = values[i];
    }
    return value;
}

bool poolgrad_find_constant(const struct poolgrad_verification *v, struct poolgrad_box *box, double *constant,
                            int64_t *elements, bool *failed)
{
    struct survey survey = {.v = v};
    double *values = collect(&survey, collect_value);
    *failed = !values;
    if (!values) return false;
    survey.wanted = commonest(values, survey.count);
    free(values);
    survey.step = 1;
    for_each_wrong(&survey, find_wanted);
    *constant = survey.wanted;
    *elements = survey.found;
    *box = survey.box;
    return survey.found > 0;
}

bool poolgrad_find_box(const struct poolgrad_verification *v, struct poolgrad_box *box)
{
    struct survey survey = {.v = v, .step = 1};
    for_each_wrong(&survey, find_any);
    *box = survey.box;
    return survey.found > 0;
}

bool poolgrad_find_not_a_number(const struct poolgrad_verification *v, struct poolgrad_box *box)
{
    struct survey survey = {.v = v, .step = 1};
    for_each_wrong(&survey, find_nan);
    *box = survey.box;
    return survey.found > 0;
}

bool poolgrad_find_unwritten(const struct poolgrad_verification *v, struct poolgrad_box *box)
{
    struct survey survey = {.v = v, .step = 1};
    if (!v->before.data) return false;
    for_each_wrong(&survey, find_before);
    *box = survey.box;
    return survey.found > 0;
}

bool poolgrad_find_between(const struct poolgrad_verification *v, double low, double high)
{
    const poolgrad_const_image *d = &v->geometry.held;
    const int64_t elements = d->images * d->channels * d->depth * d->height * d->width, step = elements / SAMPLES + 1;
    for (int64_t i = 0; i < elements; i += step) {
        if (v->verdicts[i] == POOLGRAD_VERDICT_NONE) continue;
        const double value = poolgrad_load_element(&v->geometry.held, poolgrad_element_at(d, i));
        if (value > low && value < high) return true;
    }
    return false;
}
