/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification beyond planes. No false alarm: volumes, tables, divisors, counted padding of one side and roots of means
 * as machines of many sorts compute them. Then rows and cubes whose verdicts are known by hand.
 */
#include "support/encoding.h"
#include "support/machine.h"
#include "support/random.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdlib.h>
#include <string.h>

enum { X, Y, Z, AXES, MOST_TERMS = 1024, MOST_WINDOWS = 6, CHANNELS = 2 };

/* Windows along one axis, as the problem says. */
typedef struct windows {
    int64_t size, outputs; /* of the source; how many windows */
    int64_t first[MOST_WINDOWS], taps[MOST_WINDOWS], dilation;
    int64_t before, behind;
    poolgrad_span spans[MOST_WINDOWS];
} windows;

typedef struct trial {
    machine m;
    poolgrad_problem p;
    poolgrad_declaration d;
    windows axes[AXES];
    int64_t c;
    machine_term terms[MOST_TERMS], squares[MOST_TERMS];
    int64_t count;
} trial;

static bool chance(trial *t, int percent)
{
    return random_chance(&t->m.random, percent);
}

static int64_t between(trial *t, int64_t first, int64_t last)
{
    return random_between(&t->m.random, first, last);
}

/* ---- Problems ---------------------------------------------------------------------------------------------------- */

static poolgrad_format choose_format(trial *t)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};
    return formats[between(t, 0, 3)];
}

static poolgrad_image make_image(trial *t, int64_t depth, int64_t height, int64_t width)
{
    const poolgrad_format format = choose_format(t);
    const int64_t elements = CHANNELS * depth * height * width;
    void *data = calloc((size_t)elements, sizeof(double));
    cr_assert(data);
    const poolgrad_layout layout = chance(t, 50) ? POOLGRAD_NCHW : POOLGRAD_NHWC;
    const poolgrad_image made = poolgrad_image_dense_3d(data, format, layout, 1, CHANNELS, depth, height, width);
    const int64_t range = chance(t, 30) ? 3 : 4096;
    const double scale = ldexp(1, chance(t, 70) ? 0 : (int)between(t, -14, 14)); /* up to float16's ends */
    unsigned char *element = data;
    for (int64_t i = 0; i < elements; ++i, element += poolgrad_format_size(format)) {
        const poolgrad_image one = poolgrad_image_dense(element, format, POOLGRAD_NCHW, 1, 1, 1, 1);
        (void)poolgrad_image_set(&one, 0, 0, 0, 0, 0, scale * (double)between(t, -range, range) / (double)range);
    }
    return made;
}

static void choose_axis(trial *t, windows *w, int64_t *kernel, int64_t *stride, int64_t *offset, poolgrad_table *table)
{
    w->size = between(t, 1, 5);
    w->outputs = between(t, 1, 4);
    w->dilation = 1;
    if (chance(t, 35)) {
        for (int64_t i = 0; i < w->outputs; ++i) {
            w->spans[i] = (poolgrad_span){between(t, -1, w->size - 1), between(t, 1, 3)};
            w->first[i] = w->spans[i].first;
            w->taps[i] = w->spans[i].size;
        }
        *table = (poolgrad_table){w->spans, w->outputs};
        return;
    }
    *kernel = between(t, 1, 3);
    *stride = between(t, 1, 2);
    w->dilation = chance(t, 80) ? 1 : 2;
    *offset = between(t, -1, 3);
    for (int64_t i = 0; i < w->outputs; ++i) {
        w->first[i] = *offset - ((*kernel - 1) * w->dilation + 1) / 2 + *stride * i;
        w->taps[i] = *kernel;
    }
}

static void choose_axes(trial *t)
{
    poolgrad_problem *p = &t->p;
    poolgrad_window *w = &p->window;
    windows *a = t->axes;
    choose_axis(t, &a[X], &w->kernel_width, &w->stride_x, &p->offset_x, &p->windows_x);
    choose_axis(t, &a[Y], &w->kernel_height, &w->stride_y, &p->offset_y, &p->windows_y);
    choose_axis(t, &a[Z], &w->kernel_depth, &w->stride_z, &p->offset_z, &p->windows_z);
    w->dilation_x = a[X].dilation;
    w->dilation_y = a[Y].dilation;
    w->dilation_z = a[Z].dilation;
    p->zero_pad_y = a[Y].before = a[Y].behind = between(t, 0, 1);
    p->zero_pad_left = a[X].before = between(t, 0, 2);
    p->zero_pad_back = a[Z].behind = between(t, 0, 2);
}

static int64_t choose_divisor(trial *t)
{
    if (chance(t, 60)) return 0;
    const int64_t divisor = chance(t, 70) ? between(t, 1, 9) : between(t, 1, INT64_C(1) << 55);
    return t->p.kind == POOLGRAD_AVERAGE && chance(t, 50) ? -divisor : divisor;
}

static void choose_problem(trial *t)
{
    poolgrad_problem *p = &t->p;
    poolgrad_problem_init(p, sizeof *p);
    p->threads = 1;
    p->direction = chance(t, 60) ? POOLGRAD_GRADIENT : POOLGRAD_FORWARD;
    p->kind = chance(t, 50) ? POOLGRAD_AVERAGE : POOLGRAD_L2NORM;
    p->root_mean = p->kind == POOLGRAD_L2NORM && chance(t, 80);
    p->edge_mode = (poolgrad_edge_mode)between(t, 0, 1);
    if (p->kind == POOLGRAD_AVERAGE || p->root_mean) p->divisor = choose_divisor(t);
    choose_axes(t);
    const windows *a = t->axes;
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    p->source = view_read(make_image(t, a[Z].size, a[Y].size, a[X].size));
    const poolgrad_image outputs = make_image(t, a[Z].outputs, a[Y].outputs, a[X].outputs);
    if (gradient) p->source_gradient = view_read(outputs);
    p->destination = gradient ? make_image(t, a[Z].size, a[Y].size, a[X].size) : outputs;
}

static void choose_machine(trial *t)
{
    machine *m = &t->m;
    poolgrad_declaration *d = &t->d;
    poolgrad_declaration_init(d, sizeof *d);
    d->computed_in = m->format = choose_format(t);
    d->division = (poolgrad_division)between(t, 0, 2);
    d->fusion = (poolgrad_fusion)between(t, 0, 2);
    d->subnormals = chance(t, 70) ? POOLGRAD_SUBNORMALS_KEPT : POOLGRAD_SUBNORMALS_FLUSHED;
    m->flushed = d->subnormals == POOLGRAD_SUBNORMALS_KEPT ? 0 : chance(t, 50) ? 100 : 50;
    m->reciprocal = d->division == POOLGRAD_DIVISION_ANY ? 50 : d->division == POOLGRAD_DIVISION_TRUE ? 0 : 100;
    m->fused = d->fusion == POOLGRAD_FUSION_ANY ? 50 : d->fusion == POOLGRAD_FUSION_NONE ? 0 : 100;
    if (t->p.kind == POOLGRAD_AVERAGE && chance(t, 50)) d->averages = (poolgrad_averages)between(t, 1, 2);
    if (t->p.kind == POOLGRAD_L2NORM && chance(t, 50)) {
        d->composed = (poolgrad_composition)between(t, 1, 2);
        d->norms = (poolgrad_norms)between(t, 0, 1);
    }
    if (d->averages == POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT) d->division = POOLGRAD_DIVISION_ANY;
}

static void release(trial *t)
{
    free(view_writable(&t->p.source).data);
    free(view_writable(&t->p.source_gradient).data);
    free(t->p.destination.data);
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

typedef struct pixel {
    int64_t at[AXES];
} pixel;

static bool is_within(const windows *w, int64_t position, bool counted)
{
    return position >= (counted ? -w->before : 0) && position < w->size + (counted ? w->behind : 0);
}

static double load(trial *t, const poolgrad_const_image *image, pixel p)
{
    return machine_load(&t->m, image->format, poolgrad_const_image_get(image, 0, t->c, p.at[Z], p.at[Y], p.at[X]));
}

/* Pixel number i of sizes along x, y and z. */
static pixel pixel_number(int64_t i, int64_t width, int64_t height)
{
    return (pixel){{i % width, i / width % height, i / width / height}};
}

/* The taps of the window inside, as terms, and N. */
static int64_t visit(trial *t, pixel output, machine_term *terms, int64_t *n)
{
    const windows *a = t->axes;
    const int64_t o[] = {output.at[X], output.at[Y], output.at[Z]};
    const int64_t width = a[X].taps[o[X]], height = a[Y].taps[o[Y]], all = width * height * a[Z].taps[o[Z]];
    int64_t count = 0;
    *n = 0;
    for (int64_t k = 0; k < all; ++k) {
        pixel tap = pixel_number(k, width, height);
        bool inside = true, counted = true;
        for (int i = 0; i < AXES; ++i) {
            tap.at[i] = a[i].first[o[i]] + a[i].dilation * tap.at[i];
            inside = inside && is_within(&a[i], tap.at[i], false);
            counted = counted && is_within(&a[i], tap.at[i], true);
        }
        *n += counted || t->p.edge_mode == POOLGRAD_EDGE_ZERO;
        if (inside) terms[count++] = machine_number(load(t, &t->p.source, tap));
    }
    if (t->p.divisor != 0) *n = t->p.divisor;
    return count;
}

static bool has_tap(const trial *t, pixel output, pixel source)
{
    for (int i = 0; i < AXES; ++i) {
        const windows *w = &t->axes[i];
        const int64_t o = output.at[i], distance = source.at[i] - w->first[o];
        if (distance < 0 || distance % w->dilation != 0 || distance / w->dilation >= w->taps[o]) return false;
    }
    return true;
}

/* What is divided by may be the count itself, where the machine has no such number. */
static double read_count(trial *t, int64_t count)
{
    return chance(t, 50) ? (double)count : machine_load(&t->m, POOLGRAD_FLOAT64, (double)count);
}

static double divide(trial *t, double a, double b)
{
    return machine_value(&t->m, machine_quotient(&t->m, a, b, 0));
}

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

typedef struct norm {
    double sum, root, n;
} norm;

static norm norm_of(trial *t, pixel output)
{
    machine *m = &t->m;
    int64_t n;
    norm found;
    const int64_t count = visit(t, output, t->squares, &n);
    const bool early = t->p.root_mean && chance(t, 30);
    found.n = t->p.root_mean ? read_count(t, n) : 1;
    for (int64_t i = 0; i < count; ++i) t->squares[i] = machine_product(t->squares[i].a, t->squares[i].a);
    machine_term shares[MOST_TERMS];
    for (int64_t i = 0; early && i < count; ++i) {
        shares[i] = machine_quotient(m, machine_value(m, t->squares[i]), found.n, 0);
    }
    found.sum = machine_sum(m, t->squares, count);
    if (count == 0) return (norm){0, 0, found.n};
    double square = found.sum;
    if (t->p.root_mean) square = early ? machine_sum(m, shares, count) : divide(t, found.sum, found.n);
    found.root = machine_root(m, square);
    return found;
}

/* gradient / (n root), one way or another. */
static machine_term share_of(trial *t, double gradient, norm w)
{
    machine *m = &t->m;
    if (!t->p.root_mean) return machine_quotient(m, gradient, w.root, 0);
    switch (between(t, 0, m->reciprocal > 0 ? 4 : 3)) {
    case 4: return machine_product(gradient, divide(t, divide(t, 1, w.n), w.root));
    case 0:
        return machine_quotient(m, gradient, machine_multiply(m, machine_load(m, POOLGRAD_FLOAT64, w.n), w.root), 0);
    case 1: return machine_quotient(m, divide(t, gradient, w.n), w.root, 0);
    case 2: return machine_quotient(m, divide(t, gradient, w.root), w.n, 0);
    default:
        return machine_quotient(m, gradient,
                                machine_root(m, machine_multiply(m, machine_load(m, POOLGRAD_FLOAT64, w.n), w.sum)), 0);
    }
}

/* a b / (n root), step by step. */
static machine_term share_in_steps(trial *t, double a, double b, norm w)
{
    enum { STEPS = 3, PRODUCT = 0 };
    double by[STEPS] = {b, w.n, w.root};
    int order[STEPS] = {0, 1, 2};
    if (chance(t, 20)) return machine_product(divide(t, a, w.n), divide(t, b, w.root));
    for (int i = STEPS - 1; i > 0; --i) {
        const int64_t k = between(t, 0, i);
        const int last = order[i];
        order[i] = order[k];
        order[k] = last;
    }
    for (int i = 0; i < STEPS - 1; ++i) {
        a = order[i] == PRODUCT ? machine_multiply(&t->m, a, b) : divide(t, a, by[order[i]]);
    }
    const int last = order[STEPS - 1];
    return last == PRODUCT ? machine_product(a, b) : machine_quotient(&t->m, a, by[last], 0);
}

/* ---- By axis, and of whole tensors ---------------------------------------------------------------------------------
 */

/* The count of a window along an axis. */
static int64_t count_along(const trial *t, int axis, int64_t output)
{
    const windows *w = &t->axes[axis];
    int64_t count = 0;
    for (int64_t k = 0; k < w->taps[output]; ++k) {
        count += t->p.edge_mode == POOLGRAD_EDGE_ZERO || is_within(w, w->first[output] + w->dilation * k, true);
    }
    return count;
}

static void shuffle_axes(trial *t, int order[AXES])
{
    for (int i = 0; i < AXES; ++i) order[i] = i;
    for (int i = AXES - 1; i > 0; --i) {
        const int64_t k = between(t, 0, i);
        const int last = order[i];
        order[i] = order[k];
        order[k] = last;
    }
}

/* By the count of each axis, or times the product of their reciprocals; by what stands for them as a whole. */
static machine_term divide_by_window(trial *t, double value, pixel output, int64_t n)
{
    machine *m = &t->m;
    int order[AXES];
    double scale = 1;
    if (t->d.averages == POOLGRAD_AVERAGES_WHOLE || t->p.divisor != 0) {
        return machine_quotient(m, value, read_count(t, n), 0);
    }
    shuffle_axes(t, order);
    for (int i = 0; i < AXES; ++i) {
        const double count = read_count(t, count_along(t, order[i], output.at[order[i]]));
        if (t->d.averages == POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT)
            scale = machine_multiply(m, scale, machine_divide(m, 1, count));
        else if (i == AXES - 1)
            return machine_quotient(m, value, count, 0);
        else
            value = divide(t, value, count);
    }
    return machine_product(value, scale);
}

/* The mean of a forward window along the first axes of an order, the places along the others being known. */
static double mean_along(trial *t, pixel output, pixel tap, const int *order, int depth)
{
    const int axis = order[depth - 1];
    const windows *w = &t->axes[axis];
    const double n = read_count(t, count_along(t, axis, output.at[axis]));
    const bool late = chance(t, 50);
    machine_term terms[MOST_WINDOWS];
    int64_t count = 0;
    for (int64_t k = 0; k < w->taps[output.at[axis]]; ++k) {
        tap.at[axis] = w->first[output.at[axis]] + w->dilation * k;
        if (!is_within(w, tap.at[axis], false)) continue;
        const double inner = depth == 1 ? load(t, &t->p.source, tap) : mean_along(t, output, tap, order, depth - 1);
        terms[count++] = late ? machine_number(inner) : machine_quotient(&t->m, inner, n, 0);
    }
    const double sum = machine_sum(&t->m, terms, count);
    return late ? divide(t, sum, n) : sum;
}

/* What one operation on tensors leaves for the next one. */
static double keep_source(trial *t, double value)
{
    return machine_keep(&t->m, t->p.source.format, value);
}

static double keep_gradient(trial *t, double value)
{
    return machine_keep(&t->m, t->p.source_gradient.format, value);
}

static int64_t composed_count(trial *t, pixel output, int64_t n)
{
    if (t->p.root_mean) return n;
    const windows *a = t->axes;
    return a[X].taps[output.at[X]] * a[Y].taps[output.at[Y]] * a[Z].taps[output.at[Z]];
}

/* The square of a composed norm, the norm, and N. */
static norm composed_norm_of(trial *t, pixel output)
{
    machine *m = &t->m;
    int64_t n;
    const int64_t count = visit(t, output, t->squares, &n);
    const bool mean = t->d.composed == POOLGRAD_COMPOSED_MEAN;
    norm found = {.n = read_count(t, composed_count(t, output, n))};
    if (count == 0) return found;
    for (int64_t i = 0; i < count; ++i) {
        t->squares[i] = machine_number(keep_source(t, machine_multiply(m, t->squares[i].a, t->squares[i].a)));
    }
    found.sum = machine_sum(m, t->squares, count);
    if (!mean) found.sum = keep_source(t, found.sum);
    if (mean || t->p.root_mean) found.sum = keep_source(t, divide(t, found.sum, found.n));
    if (mean && !t->p.root_mean) {
        found.sum = keep_source(t, machine_multiply(m, found.sum, machine_load(m, POOLGRAD_FLOAT64, found.n)));
    }
    found.root = machine_root(m, found.sum);
    return found;
}

/* What a window hands to its pixels. */
static machine_term composed_term(trial *t, double gradient, norm w)
{
    machine *m = &t->m;
    const bool anew = t->d.norms == POOLGRAD_NORMS_COMPUTED;
    const double root = keep_source(t, w.root);
    double term;
    if (root == 0) return machine_number(0);
    if (anew || random_chance(&m->random, m->reciprocal)) {
        const double reciprocal = keep_source(t, anew ? machine_inverse_root(m, w.sum) : machine_divide(m, 1, root));
        term = machine_multiply(m, gradient, keep_source(t, machine_multiply(m, 0.5, reciprocal)));
    } else
        term = machine_divide(m, gradient, keep_source(t, machine_multiply(m, 2, root)));
    term = keep_gradient(t, term);
    if (t->d.composed == POOLGRAD_COMPOSED_SUM) {
        return machine_number(t->p.root_mean ? keep_gradient(t, divide(t, term, w.n)) : term);
    }
    if (!t->p.root_mean) {
        term = keep_gradient(t, machine_multiply(m, term, machine_load(m, POOLGRAD_FLOAT64, w.n)));
    }
    return machine_quotient(m, term, w.n, 0);
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

static void add_term(trial *t, machine_term term)
{
    cr_assert_lt(t->count, MOST_TERMS);
    t->terms[t->count++] = term;
}

static double forward_at(trial *t, pixel output)
{
    int64_t n;
    if (t->p.kind == POOLGRAD_L2NORM) {
        return t->d.composed == POOLGRAD_COMPOSED_NOT ? norm_of(t, output).root : composed_norm_of(t, output).root;
    }
    const int64_t count = visit(t, output, t->terms, &n);
    if (count == 0) return 0;
    if (t->d.averages == POOLGRAD_AVERAGES_BY_AXIS && t->p.divisor == 0 && chance(t, 50)) {
        int order[AXES];
        shuffle_axes(t, order);
        return mean_along(t, output, output, order, AXES);
    }
    if (chance(t, 50)) {
        const double sum = machine_sum(&t->m, t->terms, count);
        return machine_value(&t->m, divide_by_window(t, sum, output, n));
    }
    for (int64_t i = 0; i < count; ++i) t->terms[i] = divide_by_window(t, t->terms[i].a, output, n);
    return machine_sum(&t->m, t->terms, count);
}

/* What the window gives to the pixel; products with the pixel before or behind the sum. */
static machine_term term_of(trial *t, pixel output, double in, bool product)
{
    machine *m = &t->m;
    const double gradient = load(t, &t->p.source_gradient, output);
    int64_t n;
    if (t->p.kind == POOLGRAD_AVERAGE) {
        visit(t, output, t->squares, &n);
        return divide_by_window(t, gradient, output, n);
    }
    if (t->d.composed != POOLGRAD_COMPOSED_NOT) return composed_term(t, gradient, composed_norm_of(t, output));
    const norm w = norm_of(t, output);
    if (w.root == 0) return machine_number(0);
    if (!product) return share_of(t, gradient, w);
    if (t->p.root_mean && chance(t, 50)) {
        return chance(t, 50) ? share_in_steps(t, gradient, in, w) : share_in_steps(t, in, gradient, w);
    }
    if (chance(t, 50)) return share_of(t, machine_multiply(m, gradient, in), w);
    return machine_product(in, machine_value(m, share_of(t, gradient, w)));
}

static double gradient_at(trial *t, pixel source)
{
    const windows *a = t->axes;
    const double in = load(t, &t->p.source, source);
    const bool product = chance(t, 50), is_norm = t->p.kind == POOLGRAD_L2NORM;
    t->count = 0;
    for (int64_t i = 0; i < a[X].outputs * a[Y].outputs * a[Z].outputs; ++i) {
        const pixel output = pixel_number(i, a[X].outputs, a[Y].outputs);
        if (has_tap(t, output, source)) add_term(t, term_of(t, output, in, product));
    }
    double sum = machine_sum(&t->m, t->terms, t->count);
    if (is_norm && t->d.composed != POOLGRAD_COMPOSED_NOT) {
        sum = machine_keep(&t->m, t->p.destination.format, sum);
        return machine_multiply(&t->m, sum, keep_source(t, machine_multiply(&t->m, 2, in)));
    }
    return is_norm && !product ? machine_value(&t->m, machine_product(in, sum)) : sum;
}

static void compute(trial *t)
{
    const poolgrad_image *d = &t->p.destination;
    const bool forward = t->p.direction == POOLGRAD_FORWARD;
    for (t->c = 0; t->c < CHANNELS; ++t->c) {
        for (int64_t i = 0; i < d->depth * d->height * d->width; ++i) {
            const pixel at = pixel_number(i, d->width, d->height);
            const double value = forward ? forward_at(t, at) : gradient_at(t, at);
            (void)poolgrad_image_set(d, 0, t->c, at.at[Z], at.at[Y], at.at[X], machine_store(&t->m, d->format, value));
        }
    }
}

static bool is_accepted(const trial *t, bool *told)
{
    poolgrad_error error;
    poolgrad_verification *v;
    cr_assert_eq(poolgrad_verify(&t->p, &t->d, &v, &error), POOLGRAD_OK, "%s", error.message);
    const poolgrad_finding *f = poolgrad_verification_finding(v, 0);
    *told = poolgrad_verification_count(v, POOLGRAD_VERDICT_LEGAL_ROUNDING) > 0;
    const bool wrong = f && f->verdict == POOLGRAD_VERDICT_WRONG;
    if (wrong) {
        cr_log_error("direction %d kind %d mean %d divisor %" PRId64
                     " edges %d: averages %d, composed %d, computed in %s, division %d, fusion %d, subnormals %d: "
                     "(%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ") is %a, expected %a, exact %a, %a to %a",
                     t->p.direction, t->p.kind, t->p.root_mean, t->p.divisor, t->p.edge_mode, t->d.averages,
                     t->d.composed, poolgrad_format_name(t->d.computed_in), t->d.division, t->d.fusion, t->d.subnormals,
                     f->c, f->z, f->y, f->x, f->actual, f->expected, f->exact, f->low, f->high);
    }
    poolgrad_verification_destroy(v);
    return !wrong;
}

Test(verify_volume, legal_computations_are_accepted)
{
    random_sweep sweep = random_sweep_start("legal_computations_are_accepted_beyond_planes", 1000);
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

/* ---- Known by hand ----------------------------------------------------------------------------------------------- */

static poolgrad_image volume_of(float *data, int64_t depth, int64_t height, int64_t width)
{
    return poolgrad_image_dense_3d(data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, depth, height, width);
}

/* The verdict on element (z, y, x) of what the destination holds. */
static poolgrad_verdict verdict_declared(const poolgrad_problem *p, const poolgrad_declaration *d, int64_t z, int64_t y,
                                         int64_t x)
{
    poolgrad_verification *v;
    poolgrad_error error;
    cr_assert_eq(poolgrad_verify(p, d, &v, &error), POOLGRAD_OK, "%s", error.message);
    const poolgrad_verdict verdict = poolgrad_verification_at(v, 0, 0, z, y, x);
    poolgrad_verification_destroy(v);
    return verdict;
}

static poolgrad_verdict verdict_at(const poolgrad_problem *p, int64_t z, int64_t y, int64_t x)
{
    poolgrad_declaration d;
    poolgrad_declaration_init(&d, sizeof d);
    return verdict_declared(p, &d, z, y, x);
}

/* Eight equal pixels under one window: any one of them may get its gradient, and no two. */
Test(verify_volume, a_tie_may_fall_in_any_layer)
{
    float x[8] = {1, 1, 1, 1, 1, 1, 1, 1}, g[1] = {5}, dx[8] = {0};
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.kind = POOLGRAD_MAX;
    p.window.kernel_width = p.window.kernel_height = p.window.kernel_depth = 2;
    p.offset_x = p.offset_y = p.offset_z = 1;
    p.source = view_read(volume_of(x, 2, 2, 2));
    p.source_gradient = view_read(volume_of(g, 1, 1, 1));
    p.destination = volume_of(dx, 2, 2, 2);
    for (int64_t i = 0; i < 8; ++i) {
        memset(dx, 0, sizeof dx);
        dx[i] = 5;
        cr_expect_eq(verdict_at(&p, i / 4, i / 2 % 2, i % 2),
                     i == 0 ? POOLGRAD_VERDICT_EQUAL : POOLGRAD_VERDICT_LEGAL_TIE, "tap %d", (int)i);
        dx[(i + 4) % 8] = 5;
        cr_expect_eq(verdict_at(&p, 1, i / 2 % 2, i % 2), POOLGRAD_VERDICT_WRONG, "tap %d", (int)i);
    }
}

/* 48 orders of visiting taps, over windows too many to search: the last of the layers, the first of the rows. */
Test(verify_volume, orders_of_three_axes_are_recognised)
{
    enum { SIZE = 8, PIXELS = SIZE * SIZE * SIZE, KERNEL = 3, OUTPUTS = SIZE - KERNEL + 1 };
    static float x[PIXELS], dx[PIXELS], g[OUTPUTS * OUTPUTS * OUTPUTS];
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.kind = POOLGRAD_MAX;
    p.window.kernel_width = p.window.kernel_height = p.window.kernel_depth = KERNEL;
    p.offset_x = p.offset_y = p.offset_z = 1;
    p.source = view_read(volume_of(x, SIZE, SIZE, SIZE));
    p.source_gradient = view_read(volume_of(g, OUTPUTS, OUTPUTS, OUTPUTS));
    p.destination = volume_of(dx, SIZE, SIZE, SIZE);
    for (int i = 0; i < OUTPUTS * OUTPUTS * OUTPUTS; ++i) g[i] = (float)(1 + i);
    for (int back = 0; back < 2; ++back) {
        memset(dx, 0, sizeof dx);
        for (int i = 0; i < OUTPUTS * OUTPUTS * OUTPUTS; ++i) {
            const int z = i / OUTPUTS / OUTPUTS + (back ? KERNEL - 1 : 0), y = i / OUTPUTS % OUTPUTS;
            dx[(z * SIZE + y) * SIZE + i % OUTPUTS + KERNEL - 1] += g[i];
        }
        cr_expect_eq(verdict_at(&p, back ? KERNEL - 1 : 0, 0, KERNEL - 1), POOLGRAD_VERDICT_LEGAL_TIE);
    }
}

static void expect_verdict(const poolgrad_problem *p, float *result, float value, poolgrad_verdict expected)
{
    *result = value;
    const poolgrad_verdict verdict = verdict_at(p, 0, 0, 0);
    cr_expect_eq(verdict, expected, "%.9g is %s; expected %s", (double)value, poolgrad_verdict_name(verdict),
                 poolgrad_verdict_name(expected));
}

static poolgrad_problem pair_of(poolgrad_kind kind, float x[2], float *result)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = kind;
    p.window.kernel_width = 2;
    p.offset_x = 1;
    p.source = view_read(volume_of(x, 1, 1, 2));
    p.destination = volume_of(result, 1, 1, 1);
    return p;
}

/* 2^24 + 1 is no number of float32: 3 over it, or over what it rounds to; the sign is the divisor's. */
Test(verify_volume, divisors)
{
    float x[2] = {1, 2}, y;
    poolgrad_problem p = pair_of(POOLGRAD_AVERAGE, x, &y);
    p.divisor = -4;
    expect_verdict(&p, &y, -0.75F, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, &y, 0.75F, POOLGRAD_VERDICT_WRONG);
    expect_verdict(&p, &y, 1.5F, POOLGRAD_VERDICT_WRONG);
    p.divisor = (1 << 24) + 1;
    expect_verdict(&p, &y, 0x3p-24F, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, &y, nextafterf(0x3p-24F, 0), POOLGRAD_VERDICT_CORRECTLY_ROUNDED);
    expect_verdict(&p, &y, nextafterf(0x3p-24F, 1), POOLGRAD_VERDICT_WRONG);
    p.offset_x = 9; /* no tap inside */
    expect_verdict(&p, &y, 0, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, &y, 1, POOLGRAD_VERDICT_WRONG);
}

/* [8, 4], one pixel counted behind: the second mean is 4 / 2, and not 4. */
Test(verify_volume, sides)
{
    float x[2] = {8, 4}, y[2] = {6, 2};
    poolgrad_problem p = pair_of(POOLGRAD_AVERAGE, x, y);
    p.destination.width = 2;
    view_make_dense(&p.destination);
    p.zero_pad_right = 1;
    cr_expect_eq(verdict_at(&p, 0, 0, 1), POOLGRAD_VERDICT_EQUAL);
    y[1] = 4;
    cr_expect_eq(verdict_at(&p, 0, 0, 1), POOLGRAD_VERDICT_WRONG);
}

Test(verify_volume, roots_of_means)
{
    float x[2] = {1, 7}, y, g[1] = {5}, dx[2] = {0.5F, 3.5F};
    poolgrad_problem p = pair_of(POOLGRAD_L2NORM, x, &y);
    p.root_mean = 1;
    expect_verdict(&p, &y, 5, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, &y, nextafterf(5, 6), POOLGRAD_VERDICT_WRONG); /* every step is exact */
    expect_verdict(&p, &y, 7.0710678F, POOLGRAD_VERDICT_WRONG);
    p.divisor = -2;
    expect_verdict(&p, &y, NAN, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, &y, 5, POOLGRAD_VERDICT_WRONG);
    p.divisor = 0;
    p.direction = POOLGRAD_GRADIENT;
    p.source_gradient = view_read(volume_of(g, 1, 1, 1));
    p.destination = volume_of(dx, 1, 1, 2);
    expect_verdict(&p, dx, 0.5F, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, dx, nextafterf(0.5F, 1), POOLGRAD_VERDICT_LEGAL_ROUNDING);
    expect_verdict(&p, dx, 0.5001F, POOLGRAD_VERDICT_WRONG);
    expect_verdict(&p, dx, 1, POOLGRAD_VERDICT_WRONG); /* without N */
    x[0] = x[1] = 0;
    dx[1] = 0;
    expect_verdict(&p, dx, NAN, POOLGRAD_VERDICT_UNDOCUMENTED);
}

/* One window over a row of four, the root of a mean. */
typedef struct row_of_four {
    float x[4], g, dx[4];
    poolgrad_problem p;
    poolgrad_declaration d;
} row_of_four;

static void prepare_row(row_of_four *r, poolgrad_format computed_in)
{
    poolgrad_problem_init(&r->p, sizeof r->p);
    poolgrad_declaration_init(&r->d, sizeof r->d);
    r->d.computed_in = computed_in;
    r->p.kind = POOLGRAD_L2NORM;
    r->p.direction = POOLGRAD_GRADIENT;
    r->p.root_mean = 1;
    r->p.window.kernel_width = 4;
    r->p.offset_x = 2;
    r->p.source = view_read(volume_of(r->x, 1, 1, 4));
    r->p.source_gradient = view_read(volume_of(&r->g, 1, 1, 1));
    r->p.destination = volume_of(r->dx, 1, 1, 4);
}

static void expect_wrong(row_of_four *r, int at, float value, bool wrong)
{
    r->dx[at] = value;
    const poolgrad_verdict verdict = verdict_declared(&r->p, &r->d, 0, 0, at);
    cr_expect_eq(verdict == POOLGRAD_VERDICT_WRONG, wrong, "%.9g at %d is %s", (double)value, at,
                 poolgrad_verdict_name(verdict));
}

/* Root 1/4, N 4: the result is 1e38, and g / root overflows. */
Test(verify_volume, quotients_by_the_root_may_overflow)
{
    row_of_four r = {.x = {0.5F}, .g = 2e38F};
    prepare_row(&r, POOLGRAD_FLOAT32);
    expect_wrong(&r, 0, 1e38F, false);
    expect_wrong(&r, 0, INFINITY, false);
    expect_wrong(&r, 0, -INFINITY, true);
    expect_wrong(&r, 0, NAN, true);
    expect_wrong(&r, 0, 4e37F, true);
    expect_wrong(&r, 1, 0, false);
    expect_wrong(&r, 1, NAN, false); /* 0 times infinity */
    expect_wrong(&r, 1, INFINITY, true);
    r.g = -r.g;
    expect_wrong(&r, 0, -INFINITY, false);
    expect_wrong(&r, 0, INFINITY, true);
    r.g = 5e37F; /* g / root is 2e38 */
    expect_wrong(&r, 0, INFINITY, true);
    expect_wrong(&r, 1, NAN, true);
}

/* 1000 / 0.01 is beyond float16, and 250 the result. */
Test(verify_volume, quotients_of_float16_overflow)
{
    row_of_four r = {.x = {0.01F, 0.01F, 0.01F, 0.01F}, .g = 1000};
    prepare_row(&r, POOLGRAD_FLOAT16);
    for (int i = 0; i < 4; ++i) expect_wrong(&r, i, INFINITY, false);
    r.d.computed_in = POOLGRAD_FLOAT32;
    for (int i = 0; i < 4; ++i) expect_wrong(&r, i, INFINITY, true);
}

/* The root of 2 / 48 is 0.204. 0.0011 / 48 is subnormal in float16, and 72 units over 48 are one and a half: two of
 * them over the root are ten, where all at once gives seven. */
Test(verify_volume, quotients_by_the_count_may_be_subnormal)
{
    row_of_four r = {.x = {1, 1}, .g = 0.0011F};
    prepare_row(&r, POOLGRAD_FLOAT16);
    r.p.divisor = 48;
    expect_wrong(&r, 0, 0, true);
    r.d.subnormals = POOLGRAD_SUBNORMALS_FLUSHED;
    expect_wrong(&r, 0, 0, false);
    r.d.subnormals = POOLGRAD_SUBNORMALS_KEPT;
    r.g = 72 * 0x1p-24F;
    expect_wrong(&r, 0, 7 * 0x1p-24F, false);
    expect_wrong(&r, 0, 10 * 0x1p-24F, false);
    expect_wrong(&r, 0, 14 * 0x1p-24F, true);
}

/* The element itself, and nothing near it; what no index names is 0. */
Test(verify_volume, gathers)
{
    float x[2] = {1, 7}, y;
    int32_t place = 1;
    poolgrad_problem p = pair_of(POOLGRAD_MAX, x, &y);
    p.indices = poolgrad_const_image_dense(&place, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    expect_verdict(&p, &y, 7, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, &y, nextafterf(7, 8), POOLGRAD_VERDICT_WRONG);
    expect_verdict(&p, &y, 1, POOLGRAD_VERDICT_WRONG);
    place = 0;
    expect_verdict(&p, &y, 1, POOLGRAD_VERDICT_EQUAL);
    place = -1;
    expect_verdict(&p, &y, 0, POOLGRAD_VERDICT_EQUAL);
    expect_verdict(&p, &y, 7, POOLGRAD_VERDICT_WRONG);
}

/* What was there before is no plane of as many rows; findings tell the layer. */
Test(verify_volume, elements_have_layers)
{
    float x[8] = {0}, y[8] = {0}, held[8] = {0};
    poolgrad_declaration d;
    poolgrad_verification *v;
    poolgrad_error error;
    const poolgrad_const_image before = view_read(volume_of(held, 1, 4, 2)),
                               right = view_read(volume_of(held, 2, 2, 2));
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.source = view_read(volume_of(x, 2, 2, 2));
    p.destination = volume_of(y, 2, 2, 2);
    poolgrad_declaration_init(&d, sizeof d);
    d.before = &before;
    cr_expect_eq(poolgrad_verify(&p, &d, &v, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.field, "declaration.before");
    d.before = &right;
    cr_assert_eq(poolgrad_verify(&p, &d, &v, &error), POOLGRAD_OK);
    cr_expect_eq(poolgrad_verification_at(v, 0, 0, 1, 1, 1), POOLGRAD_VERDICT_EQUAL);
    cr_expect_eq(poolgrad_verification_at(v, 0, 0, 2, 0, 0), POOLGRAD_VERDICT_NO_ELEMENT);
    cr_expect_eq(poolgrad_verification_count(v, POOLGRAD_VERDICT_EQUAL), 8);
    poolgrad_verification_destroy(v);
    y[7] = 5;
    cr_assert_eq(poolgrad_verify(&p, &d, &v, &error), POOLGRAD_OK);
    const poolgrad_finding *f = poolgrad_verification_finding(v, 0);
    cr_assert(f && poolgrad_verification_finding_count(v) == 1);
    cr_expect(f->z == 1 && f->y == 1 && f->x == 1 && f->actual == 5 && f->expected == 0);
    poolgrad_verification_destroy(v);
}
