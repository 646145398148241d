/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No false alarm: whatever an implementation computes that does as it declares is accepted. Implementations are made up
 * at random, from formats, orders of summation and of operations, lengths of chains, choices among equal taps, what is
 * lost of subnormal numbers, and digits that are printed.
 */
#include "support/case.h"
#include "support/encoding.h"
#include "support/machine.h"
#include "support/random.h"
#include "support/report.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TERMS = 512 };

typedef struct place {
    int64_t y, x;
} place;

/* A problem, and who computes it. */
typedef struct trial {
    machine m;
    poolgrad_problem p;
    poolgrad_declaration d;
    poolgrad_const_image before;
    bool is_coarse;                 /* taps are compared as the machine reads them */
    int64_t n, c;                   /* the plane at hand */
    int64_t *pick_y, *pick_x;       /* of its windows; -1: outside */
    machine_term terms[MOST_TERMS]; /* of a pixel */
    machine_term squares[MOST_TERMS];
    int64_t count;
} trial;

/* ---- Problems ------------------------------------------------------------------------------------------------ */

static bool chance(trial *t, int percent)
{
    return random_chance(&t->m.random, percent);
}

static int64_t between(trial *t, int64_t first, int64_t last)
{
    return random_between(&t->m.random, first, last);
}

static poolgrad_format choose_format(trial *t)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};
    return formats[between(t, 0, 3)];
}

/* What the images hold. */
typedef enum contents { FRACTIONS, WHOLE, LEAST, GREATEST, ANY_SIZE, SPECIAL, CONTENTS } contents;

static double choose_value(trial *t, poolgrad_format format, contents what)
{
    const int top = 1 << (number_exponent_bits(format) - 1), bits = number_mantissa_bits(format);
    const double fraction = (double)between(t, -4096, 4096) / 4096;
    switch (what) {
    case WHOLE: return (double)between(t, -4, 4);
    case LEAST: return ldexp((double)between(t, -8, 8), 2 - top - bits + (int)between(t, 0, chance(t, 50) ? 2 : bits));
    case GREATEST: return ldexp(fraction, top - (int)between(t, 0, 2));
    case ANY_SIZE: return ldexp(fraction, (int)between(t, -top / 2, top / 2));
    case SPECIAL: return chance(t, 4) ? (double)INFINITY : chance(t, 4) ? -(double)INFINITY : fraction;
    default: return fraction;
    }
}

static void fill(trial *t, const poolgrad_image *image, contents what)
{
    const bool is_float = number_exponent_bits(image->format) > 0;
    for (int64_t n = 0; n < image->images; n++) {
        for (int64_t c = 0; c < image->channels; c++) {
            for (int64_t y = 0; y < image->height; y++) {
                for (int64_t x = 0; x < image->width; x++) {
                    if (is_float)
                        view_set_number(image, n, c, y, x, choose_value(t, image->format, what));
                    else
                        view_set_bits(image, n, c, y, x, (uint64_t)between(t, 0, 255));
                }
            }
        }
    }
}

static poolgrad_image make_image(trial *t, poolgrad_format format, int64_t height, int64_t width)
{
    const poolgrad_image size = {
        .images = t->p.source.images, .channels = t->p.source.channels, .height = height, .width = width};
    poolgrad_image made = view_new(format, (poolgrad_layout)between(t, 0, 2), &size, 0);
    fill(t, &made, (contents)between(t, 0, CONTENTS - 1));
    return made;
}

static void choose_window(trial *t)
{
    poolgrad_problem *p = &t->p;
    poolgrad_window *w = &p->window;
    const int64_t greatest = chance(t, 10) ? 9 : 4;
    w->kernel_width = between(t, 1, greatest);
    w->kernel_height = between(t, 1, greatest);
    if (chance(t, 1)) {
        w->kernel_width = between(t, 15, 22); /* counts that bfloat16 and float16 have not */
        w->kernel_height = between(t, 15, 22);
    }
    w->stride_x = chance(t, 60) ? 1 : between(t, 1, 4);
    w->stride_y = chance(t, 60) ? 1 : between(t, 1, 4);
    w->dilation_x = chance(t, 70) ? 1 : between(t, 1, 3);
    w->dilation_y = chance(t, 70) ? 1 : between(t, 1, 3);
    p->offset_x = between(t, -2, 4);
    p->offset_y = between(t, -2, 4);
    p->edge_mode = (poolgrad_edge_mode)between(t, 0, 1);
    p->zero_pad_x = between(t, 0, 2);
    p->zero_pad_y = between(t, 0, 2);
}

static void choose_problem(trial *t)
{
    poolgrad_problem *p = &t->p;
    poolgrad_problem_init(p, sizeof *p);
    p->direction = chance(t, 75) ? POOLGRAD_GRADIENT : POOLGRAD_FORWARD;
    p->kind = (poolgrad_kind)between(t, 0, 2);
    p->ties = (poolgrad_tie_rule)between(t, 0, 3);
    p->threads = 1;
    choose_window(t);
    p->source.images = between(t, 1, 2);
    p->source.channels = between(t, 1, 5);
    const int64_t height = between(t, 1, 7), width = between(t, 1, 7);
    const int64_t rows = between(t, 1, 6), columns = between(t, 1, 6);
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    p->source = view_read(make_image(t, chance(t, 10) ? POOLGRAD_UNORM8 : choose_format(t), height, width));
    if (gradient) p->source_gradient = view_read(make_image(t, choose_format(t), rows, columns));
    p->destination = make_image(t, choose_format(t), gradient ? height : rows, gradient ? width : columns);
    p->add_to_destination = gradient && chance(t, 30);
    t->before = view_read(view_copy(&p->destination, POOLGRAD_NCHW));
}

/* Neither has the other's numbers: refused. */
static bool are_apart(poolgrad_format a, poolgrad_format b)
{
    return (a == POOLGRAD_FLOAT16 && b == POOLGRAD_BFLOAT16) || (a == POOLGRAD_BFLOAT16 && b == POOLGRAD_FLOAT16);
}

/* Results that are stored on the way. */
static void choose_shapes(trial *t)
{
    machine *m = &t->m;
    poolgrad_declaration *d = &t->d;
    if (chance(t, 40)) d->stored_in = m->summed = choose_format(t);
    if (are_apart(d->stored_in, d->computed_in)) d->stored_in = m->summed = POOLGRAD_FLOAT64;
    if (chance(t, 30)) d->norms = POOLGRAD_NORMS_STORED;
    if (chance(t, 50)) d->averages = (poolgrad_averages)between(t, 1, 2);
    if (chance(t, 40)) d->composed = (poolgrad_composition)between(t, 1, 2);
    if (d->averages == POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT && d->division == POOLGRAD_DIVISION_TRUE) {
        d->division = POOLGRAD_DIVISION_ANY;
    }
}

static void choose_machine(trial *t)
{
    machine *m = &t->m;
    poolgrad_declaration *d = &t->d;
    poolgrad_declaration_init(d, sizeof *d);
    d->computed_in = m->format = choose_format(t);
    d->keeps_tie_rule = chance(t, 20);
    t->is_coarse = chance(t, 50);
    d->division = (poolgrad_division)between(t, 0, 2);
    d->fusion = (poolgrad_fusion)between(t, 0, 2);
    d->subnormals = chance(t, 30) ? POOLGRAD_SUBNORMALS_FLUSHED : POOLGRAD_SUBNORMALS_KEPT;
    m->reciprocal = d->division == POOLGRAD_DIVISION_ANY ? 50 : d->division == POOLGRAD_DIVISION_TRUE ? 0 : 100;
    m->fused = d->fusion == POOLGRAD_FUSION_ANY ? 50 : d->fusion == POOLGRAD_FUSION_NONE ? 0 : 100;
    m->flushed = d->subnormals == POOLGRAD_SUBNORMALS_KEPT ? 0 : chance(t, 50) ? 100 : 50;
    if (chance(t, 40)) d->chain = m->chain = between(t, 1, chance(t, 50) ? 4 : 12);
    if (chance(t, 20)) d->digits = (int)between(t, 1, chance(t, 50) ? 3 : 20);
    if (chance(t, 50)) d->division = POOLGRAD_DIVISION_ANY;
    if (chance(t, 50)) d->fusion = POOLGRAD_FUSION_ANY;
    if (t->p.add_to_destination || chance(t, 50)) d->before = &t->before;
    choose_shapes(t);
}

static void release(trial *t)
{
    view_free_read(&t->p.source);
    view_free_read(&t->p.source_gradient);
    view_free(&t->p.destination);
    view_free_read(&t->before);
    free(t->pick_y);
    free(t->pick_x);
}

/* ---- Windows ------------------------------------------------------------------------------------------------- */

static int64_t first_tap(int64_t offset, int64_t kernel, int64_t dilation, int64_t stride, int64_t i)
{
    return offset - ((kernel - 1) * dilation + 1) / 2 + stride * i;
}

static int64_t top_of(const trial *t, int64_t wy)
{
    const poolgrad_window *w = &t->p.window;
    return first_tap(t->p.offset_y, w->kernel_height, w->dilation_y, w->stride_y, wy);
}

static int64_t left_of(const trial *t, int64_t wx)
{
    const poolgrad_window *w = &t->p.window;
    return first_tap(t->p.offset_x, w->kernel_width, w->dilation_x, w->stride_x, wx);
}

static bool is_inside(const trial *t, int64_t y, int64_t x, int64_t pad_y, int64_t pad_x)
{
    const poolgrad_const_image *s = &t->p.source;
    return y >= -pad_y && y < s->height + pad_y && x >= -pad_x && x < s->width + pad_x;
}

static bool has_tap(int64_t first, int64_t kernel, int64_t dilation, int64_t position)
{
    const int64_t distance = position - first;
    return distance >= 0 && distance % dilation == 0 && distance / dilation < kernel;
}

static bool counts_pixel(const trial *t, int64_t wy, int64_t wx, int64_t y, int64_t x)
{
    const poolgrad_window *w = &t->p.window;
    return has_tap(top_of(t, wy), w->kernel_height, w->dilation_y, y) &&
           has_tap(left_of(t, wx), w->kernel_width, w->dilation_x, x);
}

static double load_source(trial *t, int64_t y, int64_t x)
{
    return machine_load(&t->m, t->p.source.format, view_number(&t->p.source, t->n, t->c, y, x));
}

static double load_gradient(trial *t, int64_t wy, int64_t wx)
{
    return machine_load(&t->m, t->p.source_gradient.format, view_number(&t->p.source_gradient, t->n, t->c, wy, wx));
}

static double load_before(trial *t, int64_t y, int64_t x)
{
    return machine_load(&t->m, t->before.format, view_number(&t->before, t->n, t->c, y, x));
}

/* Visits the taps of a window: a term for each one inside, and the number that an average divides by. */
static int64_t visit_taps(trial *t, int64_t wy, int64_t wx, machine_term *terms, int64_t *divisor)
{
    const poolgrad_window *w = &t->p.window;
    const bool clamp = t->p.edge_mode == POOLGRAD_EDGE_CLAMP;
    int64_t count = 0;
    *divisor = 0;
    for (int64_t ky = 0; ky < w->kernel_height; ky++) {
        for (int64_t kx = 0; kx < w->kernel_width; kx++) {
            const int64_t y = top_of(t, wy) + ky * w->dilation_y, x = left_of(t, wx) + kx * w->dilation_x;
            *divisor += !clamp || is_inside(t, y, x, t->p.zero_pad_y, t->p.zero_pad_x);
            if (is_inside(t, y, x, 0, 0)) terms[count++] = machine_number(load_source(t, y, x));
        }
    }
    return count;
}

/* What is divided by may be the count itself, where the machine has no such number. */
static double read_count(trial *t, int64_t count)
{
    return chance(t, 50) ? (double)count : machine_load(&t->m, POOLGRAD_FLOAT64, (double)count);
}

/* ---- Tensors ------------------------------------------------------------------------------------------------- */

/* What one operation on tensors leaves for the next one. */
static double keep_source(trial *t, double value)
{
    const bool is_float = number_exponent_bits(t->p.source.format) > 0;
    return machine_keep(&t->m, is_float ? t->p.source.format : POOLGRAD_FLOAT32, value);
}

static double keep_gradient(trial *t, double value)
{
    return machine_keep(&t->m, t->p.source_gradient.format, value);
}

static double keep_result(trial *t, double value)
{
    return machine_keep(&t->m, t->p.destination.format, value);
}

static double keep_passed(trial *t, double value)
{
    return t->p.direction == POOLGRAD_GRADIENT ? keep_gradient(t, value) : keep_source(t, value);
}

/* ---- Norms --------------------------------------------------------------------------------------------------- */

typedef struct norm {
    double root, inverse;
    bool is_zero;
} norm;

/* Of stored squares, their stored sum or average. */
static norm composed_norm_of(trial *t, int64_t wy, int64_t wx)
{
    machine *m = &t->m;
    int64_t divisor;
    const int64_t count = visit_taps(t, wy, wx, t->squares, &divisor);
    const bool mean = t->d.composed == POOLGRAD_COMPOSED_MEAN, late = !mean || chance(t, 50);
    divisor = t->p.window.kernel_width * t->p.window.kernel_height;
    for (int64_t i = 0; i < count; i++) {
        const double square = keep_source(t, machine_multiply(m, t->squares[i].a, t->squares[i].a));
        t->squares[i] = late ? machine_number(square) : machine_quotient(m, square, read_count(t, divisor), 0);
    }
    double sum = machine_sum(m, t->squares, count);
    if (mean && late && count > 0) {
        sum = machine_value(m, machine_quotient(m, machine_read_sum(m, sum), read_count(t, divisor), 0));
    }
    sum = keep_source(t, sum);
    if (mean) sum = keep_source(t, machine_multiply(m, sum, read_count(t, divisor)));
    const double exact = machine_root(m, sum);
    if (t->p.direction == POOLGRAD_FORWARD) return (norm){exact, 0, exact == 0};
    const double root = keep_source(t, exact);
    const bool anew = t->d.norms == POOLGRAD_NORMS_COMPUTED;
    const double inverse = anew ? machine_inverse_root(m, sum) : machine_divide(m, 1, root);
    return (norm){root, keep_source(t, inverse), root == 0};
}

static norm norm_of(trial *t, int64_t wy, int64_t wx)
{
    if (t->d.composed != POOLGRAD_COMPOSED_NOT) return composed_norm_of(t, wy, wx);
    int64_t divisor;
    const int64_t count = visit_taps(t, wy, wx, t->squares, &divisor);
    for (int64_t i = 0; i < count; i++) t->squares[i] = machine_product(t->squares[i].a, t->squares[i].a);
    const double sum = machine_read_sum(&t->m, machine_sum(&t->m, t->squares, count));
    norm found = {machine_root(&t->m, sum), machine_inverse_root(&t->m, sum), false};
    if (t->d.norms == POOLGRAD_NORMS_STORED && t->p.direction == POOLGRAD_GRADIENT) {
        found.root = machine_keep(&t->m, t->p.source_gradient.format, found.root);
        found.inverse = 0;
    }
    return (norm){found.root, found.inverse, found.root == 0};
}

/* The order in which gradient, pixel and norm meet. */
typedef enum order { SUM_FIRST, QUOTIENT_FIRST, PRODUCT_FIRST, DERIVATIVE_FIRST, ORDERS } order;

static machine_term norm_term(trial *t, order o, double gradient, double pixel, norm window)
{
    machine *m = &t->m;
    switch (o) {
    case SUM_FIRST: return machine_quotient(m, gradient, window.root, window.inverse);
    case QUOTIENT_FIRST:
        return machine_product(pixel, machine_value(m, machine_quotient(m, gradient, window.root, window.inverse)));
    case PRODUCT_FIRST: return machine_quotient(m, machine_multiply(m, gradient, pixel), window.root, window.inverse);
    default:
        return machine_product(gradient, machine_value(m, machine_quotient(m, pixel, window.root, window.inverse)));
    }
}

/* ---- Gradients ----------------------------------------------------------------------------------------------- */

static void add_term(trial *t, machine_term term)
{
    cr_assert_lt(t->count, MOST_TERMS);
    t->terms[t->count++] = term;
}

/* `value`, and what was there before. */
static double add_before(trial *t, machine_term value, int64_t y, int64_t x)
{
    if (!t->p.add_to_destination) return machine_value(&t->m, value);
    return machine_add(&t->m, value, machine_number(load_before(t, y, x)));
}

static double sum_terms(trial *t, int64_t y, int64_t x)
{
    if (t->p.add_to_destination && chance(t, 50)) {
        add_term(t, machine_number(load_before(t, y, x)));
        return machine_sum(&t->m, t->terms, t->count);
    }
    return add_before(t, machine_number(machine_sum(&t->m, t->terms, t->count)), y, x);
}

/* ---- Averages by axis ---------------------------------------------------------------------------------------- */

/* Values along an axis, or of a whole window or pixel, and what each is divided by, along one axis or both. */
typedef struct averaged {
    double values[MOST_TERMS];
    int64_t counts[MOST_TERMS][2];
    int64_t count;
} averaged;

static void add_averaged(averaged *a, double value, int64_t first, int64_t second)
{
    cr_assert_lt(a->count, MOST_TERMS);
    a->values[a->count] = value;
    a->counts[a->count][0] = first;
    a->counts[a->count++][1] = second;
}

static bool has_one_count(const averaged *a)
{
    for (int64_t i = 1; i < a->count; i++) {
        if (a->counts[i][0] != a->counts[0][0] || a->counts[i][1] != a->counts[0][1]) return false;
    }
    return true;
}

static machine_term divide_by_counts(trial *t, double value, const int64_t counts[2])
{
    machine *m = &t->m;
    const int first = chance(t, 50) ? 1 : 0;
    const double a = read_count(t, counts[first]), b = read_count(t, counts[1 - first]);
    if (t->d.averages == POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT) {
        return machine_product(value, machine_multiply(m, machine_divide(m, 1, a), machine_divide(m, 1, b)));
    }
    return machine_quotient(m, machine_value(m, machine_quotient(m, value, a, 0)), b, 0);
}

/* The sum of what is divided, or the divided sum; `last`: with what was there before. */
static double average_of(trial *t, const averaged *a, bool last, place at)
{
    machine *m = &t->m;
    const bool stores = t->d.composed == POOLGRAD_COMPOSED_SUM, forward = t->p.direction == POOLGRAD_FORWARD;
    const bool late = stores ? forward : has_one_count(a) && chance(t, 50);
    t->count = 0;
    for (int64_t i = 0; i < a->count; i++) {
        machine_term term = machine_number(a->values[i]);
        if (!late) term = divide_by_counts(t, machine_read_sum(m, a->values[i]), a->counts[i]);
        if (!late && stores) term = machine_number(keep_passed(t, machine_value(m, term)));
        add_term(t, term);
    }
    if (!late) return last ? sum_terms(t, at.y, at.x) : machine_sum(m, t->terms, t->count);
    double sum = machine_sum(m, t->terms, t->count);
    sum = stores ? keep_passed(t, sum) : machine_read_sum(m, sum);
    const machine_term quotient = divide_by_counts(t, sum, a->counts[0]);
    return last ? add_before(t, quotient, at.y, at.x) : machine_value(m, quotient);
}

/* What a window counts along an axis. */
static int64_t count_along(const trial *t, bool rows, int64_t i)
{
    const poolgrad_window *w = &t->p.window;
    const int64_t kernel = rows ? w->kernel_height : w->kernel_width;
    int64_t count = 0;
    for (int64_t k = 0; k < kernel; k++) {
        const int64_t at = rows ? top_of(t, i) + k * w->dilation_y : left_of(t, i) + k * w->dilation_x;
        const int64_t size = rows ? t->p.source.height : t->p.source.width;
        const int64_t pad = rows ? t->p.zero_pad_y : t->p.zero_pad_x;
        count += t->p.edge_mode == POOLGRAD_EDGE_ZERO || (at >= -pad && at < size + pad);
    }
    return count;
}

/* What is averaged at two numbers, of windows that have a pixel as a tap, or of taps; false where there is none. */
static bool find_averaged(trial *t, place at, place number, double *value, int64_t counts[2])
{
    const poolgrad_window *w = &t->p.window;
    const bool gradient = t->p.direction == POOLGRAD_GRADIENT;
    const place window = gradient ? number : at;
    counts[0] = count_along(t, true, window.y);
    counts[1] = count_along(t, false, window.x);
    if (gradient) {
        if (!counts_pixel(t, number.y, number.x, at.y, at.x)) return false;
        *value = load_gradient(t, number.y, number.x);
        return true;
    }
    const int64_t y = top_of(t, at.y) + number.y * w->dilation_y, x = left_of(t, at.x) + number.x * w->dilation_x;
    if (!is_inside(t, y, x, 0, 0)) return false;
    *value = load_source(t, y, x);
    return true;
}

/* Along one axis, and then along the other. */
static double average_in_turn(trial *t, place at, place size)
{
    const bool rows_last = chance(t, 50), sum = t->d.composed == POOLGRAD_COMPOSED_SUM;
    const bool stores = sum || (t->d.composed == POOLGRAD_COMPOSED_MEAN && chance(t, 50));
    averaged outer = {.count = 0};
    for (int64_t i = 0; i < (rows_last ? size.y : size.x); i++) {
        averaged inner = {.count = 0};
        int64_t counts[2], last = 1;
        double value;
        for (int64_t k = 0; k < (rows_last ? size.x : size.y); k++) {
            const place number = rows_last ? (place){i, k} : (place){k, i};
            if (!find_averaged(t, at, number, &value, counts)) continue;
            add_averaged(&inner, value, counts[rows_last ? 1 : 0], 1);
            last = counts[rows_last ? 0 : 1];
        }
        if (inner.count == 0) continue;
        value = average_of(t, &inner, false, at);
        if (stores) value = keep_passed(t, value);
        add_averaged(&outer, value, last, 1);
    }
    return average_of(t, &outer, true, at);
}

static double average_by_axis(trial *t, place at, place size)
{
    const bool by_axis = t->d.averages == POOLGRAD_AVERAGES_BY_AXIS;
    averaged all = {.count = 0};
    for (int64_t i = 0; i < size.y * size.x; i++) {
        double value;
        int64_t counts[2];
        const place number = {i / size.x, i % size.x};
        if (find_averaged(t, at, number, &value, counts)) add_averaged(&all, value, counts[0], counts[1]);
    }
    if (all.count == 0) return t->p.add_to_destination ? load_before(t, at.y, at.x) : 0;
    const bool in_turn = by_axis && (t->d.composed == POOLGRAD_COMPOSED_SUM || chance(t, 50));
    return in_turn ? average_in_turn(t, at, size) : average_of(t, &all, true, at);
}

/* A gradient of an average that is composed of a division and a sum. */
static double composed_average_at(trial *t, int64_t y, int64_t x)
{
    int64_t divisor;
    t->count = 0;
    for (int64_t wy = 0; wy < t->p.source_gradient.height; wy++) {
        for (int64_t wx = 0; wx < t->p.source_gradient.width; wx++) {
            if (!counts_pixel(t, wy, wx, y, x)) continue;
            visit_taps(t, wy, wx, t->squares, &divisor);
            const machine_term term = machine_quotient(&t->m, load_gradient(t, wy, wx), read_count(t, divisor), 0);
            add_term(t, machine_number(keep_gradient(t, machine_value(&t->m, term))));
        }
    }
    return sum_terms(t, y, x);
}

static double average_at(trial *t, int64_t y, int64_t x)
{
    const place size = {t->p.source_gradient.height, t->p.source_gradient.width};
    if (t->d.averages != POOLGRAD_AVERAGES_WHOLE) return average_by_axis(t, (place){y, x}, size);
    if (t->d.composed == POOLGRAD_COMPOSED_SUM) return composed_average_at(t, y, x);
    int64_t divisor, common = 0;
    bool same = true;
    const bool late = chance(t, 30);
    for (int pass = 0; pass < 2; pass++) {
        t->count = 0;
        for (int64_t wy = 0; wy < t->p.source_gradient.height; wy++) {
            for (int64_t wx = 0; wx < t->p.source_gradient.width; wx++) {
                if (!counts_pixel(t, wy, wx, y, x)) continue;
                visit_taps(t, wy, wx, t->squares, &divisor);
                same = same && (common == 0 || divisor == common);
                common = divisor;
                const double gradient = load_gradient(t, wy, wx), n = read_count(t, divisor);
                add_term(t, late && same ? machine_number(gradient) : machine_quotient(&t->m, gradient, n, 0));
            }
        }
        if (same) break;
    }
    if (!late || !same || t->count == 0) return sum_terms(t, y, x);
    const double sum = machine_read_sum(&t->m, machine_sum(&t->m, t->terms, t->count));
    return add_before(t, machine_quotient(&t->m, sum, read_count(t, common), 0), y, x);
}

/* The gradient of a stored root. */
static double root_gradient(trial *t, double gradient, norm window)
{
    machine *m = &t->m;
    if (t->d.norms == POOLGRAD_NORMS_COMPUTED || random_chance(&m->random, m->reciprocal)) {
        return machine_multiply(m, gradient, keep_source(t, machine_multiply(m, 0.5, window.inverse)));
    }
    if (chance(t, 50)) return machine_divide(m, gradient, keep_source(t, machine_multiply(m, 2, window.root)));
    return machine_divide(m, keep_gradient(t, machine_multiply(m, 0.5, gradient)), window.root);
}

/* The gradient of the squares. */
static double square_gradient(trial *t, double sum, double tap)
{
    machine *m = &t->m;
    const int64_t way = between(t, 0, 2);
    if (way == 0) return machine_multiply(m, sum, keep_source(t, machine_multiply(m, 2, tap)));
    if (way == 1) return machine_multiply(m, keep_result(t, machine_multiply(m, 2, sum)), tap);
    return machine_multiply(m, 2, keep_result(t, machine_multiply(m, sum, tap)));
}

/* What windows hand to a pixel; false where none has it as a tap. */
static bool find_root_gradients(trial *t, int64_t y, int64_t x, averaged *all)
{
    const int64_t divisor = t->p.window.kernel_width * t->p.window.kernel_height;
    bool any = false;
    for (int64_t wy = 0; wy < t->p.source_gradient.height; wy++) {
        for (int64_t wx = 0; wx < t->p.source_gradient.width; wx++) {
            if (!counts_pixel(t, wy, wx, y, x)) continue;
            any = true;
            const norm window = norm_of(t, wy, wx);
            if (window.is_zero) continue;
            double term = keep_gradient(t, root_gradient(t, load_gradient(t, wy, wx), window));
            if (t->d.composed == POOLGRAD_COMPOSED_MEAN) {
                term = keep_gradient(t, machine_multiply(&t->m, term, read_count(t, divisor)));
            }
            add_averaged(all, term, divisor, 1);
        }
    }
    return any;
}

static double composed_norm_at(trial *t, int64_t y, int64_t x)
{
    machine *m = &t->m;
    const bool mean = t->d.composed == POOLGRAD_COMPOSED_MEAN;
    averaged all = {.count = 0};
    if (!find_root_gradients(t, y, x, &all)) return t->p.add_to_destination ? load_before(t, y, x) : 0;
    const bool late = mean && all.count > 0 && has_one_count(&all) && chance(t, 50);
    t->count = 0;
    for (int64_t i = 0; i < all.count; i++) {
        const bool divides = mean && !late;
        add_term(t, divides ? machine_quotient(m, all.values[i], read_count(t, all.counts[i][0]), 0)
                            : machine_number(all.values[i]));
    }
    double sum = machine_sum(m, t->terms, t->count);
    if (late) sum = machine_value(m, machine_quotient(m, machine_read_sum(m, sum), read_count(t, all.counts[0][0]), 0));
    sum = keep_result(t, sum);
    return add_before(t, machine_number(keep_result(t, square_gradient(t, sum, load_source(t, y, x)))), y, x);
}

static double norm_at(trial *t, int64_t y, int64_t x)
{
    if (t->d.composed != POOLGRAD_COMPOSED_NOT) return composed_norm_at(t, y, x);
    const order o = (order)between(t, 0, ORDERS - 1);
    t->count = 0;
    bool any = false;
    for (int64_t wy = 0; wy < t->p.source_gradient.height; wy++) {
        for (int64_t wx = 0; wx < t->p.source_gradient.width; wx++) {
            if (!counts_pixel(t, wy, wx, y, x)) continue;
            const norm window = norm_of(t, wy, wx);
            any = true;
            if (window.is_zero) continue;
            add_term(t, norm_term(t, o, load_gradient(t, wy, wx), load_source(t, y, x), window));
        }
    }
    if (!any) return t->p.add_to_destination ? load_before(t, y, x) : 0;
    if (o != SUM_FIRST) return sum_terms(t, y, x);
    const double sum = machine_read_sum(&t->m, machine_sum(&t->m, t->terms, t->count));
    return add_before(t, machine_product(load_source(t, y, x), sum), y, x);
}

/* A tap of a max window as comparisons see it; y and x are -1 outside. */
typedef struct seen_tap {
    double value;
    int64_t y, x;
} seen_tap;

/* In the format of the source, or as the machine reads it. */
static int64_t list_taps(trial *t, int64_t wy, int64_t wx, seen_tap *taps)
{
    const poolgrad_window *w = &t->p.window;
    int64_t count = 0;
    for (int64_t ky = 0; ky < w->kernel_height; ky++) {
        for (int64_t kx = 0; kx < w->kernel_width; kx++) {
            const int64_t y = top_of(t, wy) + ky * w->dilation_y, x = left_of(t, wx) + kx * w->dilation_x;
            const bool inside = is_inside(t, y, x, 0, 0);
            if (!inside && t->p.edge_mode == POOLGRAD_EDGE_CLAMP) continue;
            taps[count] = (seen_tap){0, inside ? y : -1, inside ? x : -1};
            if (inside) {
                taps[count].value = t->is_coarse ? load_source(t, y, x) : view_number(&t->p.source, t->n, t->c, y, x);
            }
            count++;
        }
    }
    return count;
}

/* Any one of the greatest taps, or by the rule. */
static void pick_taps(trial *t)
{
    seen_tap taps[MOST_TERMS];
    const poolgrad_const_image *g = &t->p.source_gradient;
    for (int64_t i = 0; i < g->height * g->width; i++) {
        const int64_t count = list_taps(t, i / g->width, i % g->width, taps);
        seen_tap pick = {-(double)INFINITY, -1, -1};
        for (int64_t k = 0; k < count; k++) {
            const bool last = t->d.keeps_tie_rule ? t->p.ties == POOLGRAD_TIES_LAST : chance(t, 50);
            if (k == 0 || taps[k].value > pick.value || (last && taps[k].value == pick.value)) pick = taps[k];
        }
        t->pick_y[i] = pick.y;
        t->pick_x[i] = pick.x;
    }
}

/* Whether the pixel is one of the window's greatest taps, and how many there are. */
static bool is_greatest(trial *t, int64_t wy, int64_t wx, int64_t y, int64_t x, int64_t *equal)
{
    seen_tap taps[MOST_TERMS];
    const int64_t count = list_taps(t, wy, wx, taps);
    double greatest = -(double)INFINITY;
    bool is_one = false;
    *equal = 0;
    for (int64_t k = 0; k < count; k++) greatest = fmax(greatest, taps[k].value);
    for (int64_t k = 0; k < count; k++) {
        if (taps[k].value != greatest) continue;
        ++*equal;
        is_one = is_one || (taps[k].y == y && taps[k].x == x);
    }
    return is_one;
}

static double max_at(trial *t, int64_t y, int64_t x)
{
    const poolgrad_const_image *g = &t->p.source_gradient;
    t->count = 0;
    for (int64_t i = 0; i < g->height * g->width; i++) {
        const int64_t wy = i / g->width, wx = i % g->width;
        int64_t equal = 1;
        if (!counts_pixel(t, wy, wx, y, x)) continue;
        if (t->p.ties == POOLGRAD_TIES_FIRST || t->p.ties == POOLGRAD_TIES_LAST) {
            if (t->pick_y[i] != y || t->pick_x[i] != x) continue;
        } else if (!is_greatest(t, wy, wx, y, x, &equal)) {
            continue;
        }
        const double gradient = load_gradient(t, wy, wx);
        const bool splits = t->p.ties == POOLGRAD_TIES_SPLIT && equal > 1;
        add_term(t, splits ? machine_quotient(&t->m, gradient, read_count(t, equal), 0) : machine_number(gradient));
    }
    return sum_terms(t, y, x);
}

/* ---- Forward ------------------------------------------------------------------------------------------------- */

/* The first of those that are compared for the greatest, as it is read once more. */
static double greatest_at(trial *t, int64_t wy, int64_t wx)
{
    seen_tap taps[MOST_TERMS];
    const int64_t count = list_taps(t, wy, wx, taps);
    int64_t best = 0;
    if (count == 0) return 0;
    for (int64_t k = 1; k < count; k++) {
        if (taps[k].value > taps[best].value) best = k;
    }
    return taps[best].y < 0 ? 0 : load_source(t, taps[best].y, taps[best].x);
}

static double forward_at(trial *t, int64_t wy, int64_t wx)
{
    int64_t divisor;
    const int64_t count = visit_taps(t, wy, wx, t->terms, &divisor);
    if (t->p.kind == POOLGRAD_L2NORM) return norm_of(t, wy, wx).root;
    if (t->p.kind == POOLGRAD_MAX) return greatest_at(t, wy, wx);
    if (divisor == 0 || count == 0) return 0;
    const place size = {t->p.window.kernel_height, t->p.window.kernel_width};
    if (t->d.averages != POOLGRAD_AVERAGES_WHOLE) return average_by_axis(t, (place){wy, wx}, size);
    const double n = read_count(t, divisor);
    const bool stores = t->d.composed == POOLGRAD_COMPOSED_SUM;
    if (stores || chance(t, 50)) {
        double sum = machine_sum(&t->m, t->terms, count);
        sum = stores ? keep_source(t, sum) : machine_read_sum(&t->m, sum);
        return machine_value(&t->m, machine_quotient(&t->m, sum, n, 0));
    }
    for (int64_t i = 0; i < count; i++) t->terms[i] = machine_quotient(&t->m, t->terms[i].a, n, 0);
    return machine_sum(&t->m, t->terms, count);
}

/* ---- Trials -------------------------------------------------------------------------------------------------- */

static double value_at(trial *t, int64_t y, int64_t x)
{
    if (t->p.direction == POOLGRAD_FORWARD) return forward_at(t, y, x);
    if (t->p.kind == POOLGRAD_AVERAGE) return average_at(t, y, x);
    return t->p.kind == POOLGRAD_MAX ? max_at(t, y, x) : norm_at(t, y, x);
}

/* A number of the destination, printed with the digits that are declared, and read again. */
static double print_and_read(const trial *t, double value)
{
    char text[512];
    if (t->d.digits == 0 || !isfinite(value)) return value;
    snprintf(text, sizeof text, "%.*f", t->d.digits, value);
    return strtod(text, NULL);
}

static void compute_plane(trial *t)
{
    const poolgrad_image *d = &t->p.destination;
    if (t->pick_y) pick_taps(t);
    for (int64_t y = 0; y < d->height; y++) {
        for (int64_t x = 0; x < d->width; x++) {
            const double value = machine_store(&t->m, d->format, value_at(t, y, x));
            view_set_number(d, t->n, t->c, y, x, print_and_read(t, value));
        }
    }
}

static void compute(trial *t)
{
    const poolgrad_const_image *g = &t->p.source_gradient;
    if (t->p.direction == POOLGRAD_GRADIENT && t->p.kind == POOLGRAD_MAX) {
        t->pick_y = calloc((size_t)(g->height * g->width), sizeof *t->pick_y);
        t->pick_x = calloc((size_t)(g->height * g->width), sizeof *t->pick_x);
    }
    for (t->n = 0; t->n < t->p.destination.images; t->n++) {
        for (t->c = 0; t->c < t->p.destination.channels; t->c++) compute_plane(t);
    }
}

static void describe(const trial *t, const poolgrad_finding *f)
{
    const poolgrad_problem *p = &t->p;
    const poolgrad_window *w = &p->window;
    cr_log_error("direction %d kind %d ties %d edges %d add %d; kernel %" PRId64 "x%" PRId64 " strides %" PRId64
                 " %" PRId64 " dilations %" PRId64 " %" PRId64 "; source %s gradient %s destination %s",
                 p->direction, p->kind, p->ties, p->edge_mode, p->add_to_destination, w->kernel_width, w->kernel_height,
                 w->stride_x, w->stride_y, w->dilation_x, w->dilation_y, poolgrad_format_name(p->source.format),
                 p->direction == POOLGRAD_GRADIENT ? poolgrad_format_name(p->source_gradient.format) : "-",
                 poolgrad_format_name(p->destination.format));
    cr_log_error("computed in %s, stored in %s, averages %s, composed %s, norms %d, division %d, fusion %d, subnormals "
                 "%d, keeps %d, chain %" PRId64 ", digits %d: (%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
                 ") is %s (%d): %a, expected %a, exact %a, %a to %a",
                 poolgrad_format_name(t->d.computed_in),
                 t->d.stored_in == POOLGRAD_FORMAT_NONE ? "-" : poolgrad_format_name(t->d.stored_in),
                 poolgrad_averages_name(t->d.averages), poolgrad_composition_name(t->d.composed), t->d.norms,
                 t->d.division, t->d.fusion, t->d.subnormals, t->d.keeps_tie_rule, t->d.chain, t->d.digits, f->n, f->c,
                 f->y, f->x, poolgrad_verdict_name(f->verdict), f->decision, f->actual, f->expected, f->exact, f->low,
                 f->high);
}

/* Whether nothing of it is wrong or undocumented; *told: something was not what the reference gives. */
static bool is_accepted(trial *t, bool *told)
{
    poolgrad_error error;
    poolgrad_verification *v;
    const poolgrad_status status = poolgrad_verify(&t->p, &t->d, &v, &error);
    cr_assert_eq(status, POOLGRAD_OK, "%s", error.message);
    const poolgrad_finding *worst = poolgrad_verification_finding(v, 0);
    *told = poolgrad_verification_count(v, POOLGRAD_VERDICT_LEGAL_ROUNDING) +
                poolgrad_verification_count(v, POOLGRAD_VERDICT_LEGAL_TIE) +
                poolgrad_verification_count(v, POOLGRAD_VERDICT_UNBOUNDED) >
            0;
    const bool accepted = !worst || worst->verdict == POOLGRAD_VERDICT_UNBOUNDED;
    if (!accepted) describe(t, worst);
    poolgrad_verification_destroy(v);
    return accepted;
}

Test(verify_orders, legal_computations_are_accepted)
{
    random_sweep sweep = random_sweep_start("legal_computations_are_accepted", 20000);
    while (random_sweep_next(&sweep)) {
        trial t = {.m = {.random = {sweep.seed}}};
        bool told;
        choose_problem(&t);
        choose_machine(&t);
        compute(&t);
        const bool accepted = is_accepted(&t, &told);
        sweep.telling += told;
        release(&t);
        cr_expect(accepted, "seed 0x%016llx", (unsigned long long)sweep.seed);
    }
    cr_assert(random_sweep_told(&sweep, 30), "only %" PRId64 " of %" PRId64 " cases told", sweep.telling, sweep.cases);
}

/* ---- No miss ------------------------------------------------------------------------------------------------- */

/* Sums in the destination's format, terms in a wider one; of gradients that the former has, so that it is the same
 * whether sums are divided or terms. */
static void store_sharply(trial *t)
{
    const poolgrad_problem *p = &t->p;
    t->m.summed = POOLGRAD_FORMAT_NONE;
    if (!p->add_to_destination && p->source_gradient.format == p->destination.format) {
        t->m.summed = t->m.format;
        t->m.format = chance(t, 50) ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
    }
    t->d.stored_in = t->m.summed;
    t->d.computed_in = t->m.format;
}

/* Divisions by axis whose order does not matter, or by the product of reciprocals. */
static void divide_sharply(trial *t)
{
    const poolgrad_window *w = &t->p.window;
    const bool square = w->kernel_width == w->kernel_height && t->p.edge_mode == POOLGRAD_EDGE_ZERO;
    if (chance(t, 30)) t->d.composed = POOLGRAD_COMPOSED_SUM;
    if (chance(t, 50)) return;
    t->d.division = POOLGRAD_DIVISION_RECIPROCAL;
    t->m.reciprocal = 100;
    if (chance(t, 50)) t->d.averages = POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT;
    if (chance(t, 50) && square && t->m.summed == POOLGRAD_FORMAT_NONE) t->d.averages = POOLGRAD_AVERAGES_BY_AXIS;
}

/* Windows that do not overlap, declared in all respects: an element has one value. */
static void make_sharp(trial *t)
{
    poolgrad_problem *p = &t->p;
    poolgrad_window *w = &p->window;
    choose_problem(t);
    choose_machine(t);
    p->direction = POOLGRAD_GRADIENT;
    p->kind = chance(t, 50) ? POOLGRAD_AVERAGE : POOLGRAD_MAX;
    w->stride_x = (w->kernel_width - 1) * w->dilation_x + 1;
    w->stride_y = (w->kernel_height - 1) * w->dilation_y + 1;
    t->d = (poolgrad_declaration){.struct_size = sizeof t->d, .findings = 1, .keeps_tie_rule = 1};
    t->d.computed_in = t->m.format = p->destination.format;
    t->d.division = POOLGRAD_DIVISION_TRUE;
    t->d.fusion = POOLGRAD_FUSION_NONE;
    t->d.before = p->add_to_destination ? &t->before : NULL;
    t->m.reciprocal = t->m.fused = t->m.flushed = 0;
    t->m.chain = 0;
    store_sharply(t);
    divide_sharply(t);
    t->is_coarse = false;
}

/* Comparisons tell apart what the source does, and the accumulator has all counts. */
static bool is_sharp(const trial *t)
{
    enum { REPRESENTED = 256 };
    const poolgrad_problem *p = &t->p;
    return p->source_gradient.data && p->window.kernel_width * p->window.kernel_height <= REPRESENTED &&
           (p->source.format == p->destination.format || p->destination.format == POOLGRAD_FLOAT64);
}

/* A number of the format next to that of an element; false where it has none. */
static bool change(trial *t, const poolgrad_image *d, int64_t at[4])
{
    const uint64_t bits = view_bits(d, at[0], at[1], at[2], at[3]);
    const double value = number_decode(d->format, bits);
    if (isnan(value)) return false;
    const bool up = value == 0 || (!isinf(value) && chance(t, 50));
    view_set_bits(d, at[0], at[1], at[2], at[3], up ? bits + 1 : bits - 1);
    return number_decode(d->format, up ? bits + 1 : bits - 1) != 0;
}

/* Whether the one element that is changed is found, and nothing else. *told: there was one. */
static bool is_found(trial *t, bool *told)
{
    const poolgrad_image *d = &t->p.destination;
    int64_t at[4] = {between(t, 0, d->images - 1), between(t, 0, d->channels - 1), between(t, 0, d->height - 1),
                     between(t, 0, d->width - 1)};
    poolgrad_error error;
    poolgrad_verification *v;
    *told = change(t, d, at);
    if (!*told) return true;
    const poolgrad_status status = poolgrad_verify(&t->p, &t->d, &v, &error);
    cr_assert_eq(status, POOLGRAD_OK, "%s", error.message);
    /* The reference rounds less often, and what it gives, or the exact value, may be that next number. */
    const poolgrad_verdict verdict = poolgrad_verification_at(v, at[0], at[1], 0, at[2], at[3]);
    *told = verdict == POOLGRAD_VERDICT_WRONG;
    const bool found = (*told && poolgrad_verification_count(v, POOLGRAD_VERDICT_WRONG) == 1) ||
                       (!*told && verdict <= POOLGRAD_VERDICT_CORRECTLY_ROUNDED);
    const poolgrad_finding *f = poolgrad_verification_finding(v, 0);
    if (!found && f) describe(t, f);
    poolgrad_verification_destroy(v);
    return found;
}

Test(verify_orders, the_next_number_is_wrong_where_there_is_one_value)
{
    random_sweep sweep = random_sweep_start("the_next_number_is_wrong_where_there_is_one_value", 10000);
    while (random_sweep_next(&sweep)) {
        trial t = {.m = {.random = {sweep.seed}}};
        bool told = false, found = true;
        do {
            release(&t);
            t = (trial){.m = {.random = t.m.random}};
            make_sharp(&t);
        } while (!is_sharp(&t));
        t.p.ties = chance(&t, 50) ? POOLGRAD_TIES_FIRST : POOLGRAD_TIES_LAST;
        compute(&t);
        found = is_found(&t, &told);
        sweep.telling += told;
        release(&t);
        cr_expect(found, "seed 0x%016llx", (unsigned long long)sweep.seed);
    }
    cr_assert(random_sweep_told(&sweep, 80), "only %" PRId64 " of %" PRId64 " cases told", sweep.telling, sweep.cases);
}

/* ---- Any problem --------------------------------------------------------------------------------------------- */

/* The destination as it was before anything ran. */
static poolgrad_image former_of(const test_case *made)
{
    poolgrad_image former = made->problem.destination;
    if (former.data) former.data = made->destination.kept + ((unsigned char *)former.data - made->destination.bytes);
    return former;
}

/* The worst that is said of what the destination holds. */
static poolgrad_verdict worst_of(const test_case *made, poolgrad_format computed_in)
{
    poolgrad_problem p = made->problem;
    poolgrad_declaration d;
    poolgrad_verification *v;
    poolgrad_error error;
    const poolgrad_const_image former = view_read(former_of(made));
    p.picks = (poolgrad_image){0};
    poolgrad_declaration_init(&d, sizeof d);
    d.computed_in = computed_in;
    d.before = former.data ? &former : NULL;
    if (!report_status(poolgrad_verify(&p, &d, &v, &error), &error)) return POOLGRAD_VERDICT_WRONG;
    poolgrad_verdict worst = POOLGRAD_VERDICT_NONE;
    for (int verdict = 0; verdict < POOLGRAD_VERDICTS; verdict++) {
        if (poolgrad_verification_count(v, (poolgrad_verdict)verdict) > 0) worst = (poolgrad_verdict)verdict;
    }
    const poolgrad_finding *f = poolgrad_verification_finding(v, 0);
    if (f && f->verdict == POOLGRAD_VERDICT_WRONG) {
        cr_log_error("(%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ") is %s (%d): %a, expected %a, exact %a", f->n,
                     f->c, f->y, f->x, poolgrad_verdict_name(f->verdict), f->decision, f->actual, f->expected,
                     f->exact);
    }
    poolgrad_verification_destroy(v);
    return worst;
}

/* By the library itself: exactly; or in another accumulator, with the other tie rule and perhaps another NaN rule. */
static poolgrad_verdict judge_other(test_case *made, random_state *r, bool exactly, poolgrad_verdict *allowed)
{
    poolgrad_problem other = made->problem;
    poolgrad_error error;
    *allowed = POOLGRAD_VERDICT_LEGAL_TIE;
    if (exactly) {
        if (!report_status(poolgrad_exact_run(&other, &error), &error)) return POOLGRAD_VERDICT_WRONG;
        return worst_of(made, POOLGRAD_FORMAT_NONE);
    }
    if (other.ties == POOLGRAD_TIES_FIRST || other.ties == POOLGRAD_TIES_LAST) {
        other.ties = other.ties == POOLGRAD_TIES_FIRST ? POOLGRAD_TIES_LAST : POOLGRAD_TIES_FIRST;
    }
    if (random_chance(r, 30)) {
        other.nan = (poolgrad_nan_rule)random_between(r, 0, 2);
        if (other.nan != made->problem.nan) *allowed = POOLGRAD_VERDICT_UNDOCUMENTED;
    }
    other.accumulator = (poolgrad_accumulator)random_between(r, 0, 1);
    if (!report_status(poolgrad_run(&other, &error), &error)) return POOLGRAD_VERDICT_WRONG;
    const bool wide = other.accumulator == POOLGRAD_ACCUMULATE_FLOAT64 || other.kind == POOLGRAD_L2NORM;
    return worst_of(made, wide ? POOLGRAD_FLOAT64 : POOLGRAD_FORMAT_NONE);
}

static void accept_library(const char *name, int64_t cases, case_limits limits)
{
    random_sweep sweep = random_sweep_start(name, cases);
    while (random_sweep_next(&sweep)) {
        test_case made;
        random_state r = {sweep.seed ^ UINT64_C(0x5eed)};
        poolgrad_verdict allowed;
        limits.data = sweep.seed % 2 == 0 ? DATA_ANY : DATA_TIES;
        limits.ties = sweep.seed % 4 == 0 ? 0 : CASE_SET(POOLGRAD_TIES_FIRST) | CASE_SET(POOLGRAD_TIES_LAST);
        limits.directions = sweep.seed % 4 == 0 ? 0 : CASE_SET(POOLGRAD_GRADIENT);
        case_make_within(&made, sweep.seed, &limits);
        report_begin("verify_orders", name, &made);
        for (int exactly = 0; exactly < 2; exactly++) {
            const poolgrad_verdict worst = judge_other(&made, &r, exactly == 1, &allowed);
            sweep.telling += worst > POOLGRAD_VERDICT_EQUAL && exactly == 0;
            if (worst > allowed) report_failure("is %s", poolgrad_verdict_name(worst));
            cr_expect(worst <= allowed, "seed 0x%016llx", (unsigned long long)sweep.seed);
            guard_restore(&made.destination);
            if (made.picks.mapping) guard_restore(&made.picks);
        }
        case_free(&made);
    }
    cr_assert(random_sweep_told(&sweep, 4), "only %" PRId64 " of %" PRId64 " cases told", sweep.telling, sweep.cases);
}

Test(verify_orders, the_library_itself_is_accepted_however_it_is_set)
{
    accept_library("the_library_itself_is_accepted_however_it_is_set", 1000,
                   (case_limits){.greatest_kernel = 6, .from_data = true, .no_indices = true});
}

/* Volumes, tables, divisors, means; and from indices. */
Test(verify_orders, the_library_itself_is_accepted_beyond_planes)
{
    accept_library("the_library_itself_is_accepted_beyond_planes", 150,
                   (case_limits){.greatest_kernel = 5, .from_data = true, .beyond = CASE_BEYOND});
}
