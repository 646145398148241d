/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include "encoding.h"
#include "view.h"
#include <criterion/criterion.h>
#include <math.h>

poolgrad_image verdict_row(poolgrad_format format, int64_t count, const double *values)
{
    const poolgrad_image size = {.images = 1, .channels = 1, .height = 1, .width = count};
    const poolgrad_image row = view_new(format, POOLGRAD_NCHW, &size, 0);
    for (int64_t x = 0; x < count; x++) view_set_number(&row, 0, 0, 0, x, values[x]);
    return row;
}

static verdict_example make(poolgrad_direction direction, poolgrad_kind kind, int64_t kernel, poolgrad_image source,
                            poolgrad_image gradient, poolgrad_format destination)
{
    verdict_example made = {.problem = {.direction = POOLGRAD_FORWARD}};
    poolgrad_problem *p = &made.problem;
    poolgrad_problem_init(p, sizeof *p);
    poolgrad_declaration_init(&made.declaration, sizeof made.declaration);
    p->direction = direction;
    p->kind = kind;
    p->edge_mode = POOLGRAD_EDGE_CLAMP;
    p->window.kernel_width = kernel;
    p->offset_x = kernel / 2;
    p->source = view_read(source);
    p->source_gradient = view_read(gradient);
    poolgrad_image size = source;
    if (direction == POOLGRAD_FORWARD) size.width = source.width - kernel + 1;
    p->destination = view_new(destination, POOLGRAD_NCHW, &size, 0);
    made.declaration.computed_in = destination;
    return made;
}

verdict_example verdict_gradient(poolgrad_kind kind, int64_t kernel, poolgrad_image source, poolgrad_image gradient,
                                 poolgrad_format destination)
{
    return make(POOLGRAD_GRADIENT, kind, kernel, source, gradient, destination);
}

verdict_example verdict_forward(poolgrad_kind kind, int64_t kernel, poolgrad_image source, poolgrad_format destination)
{
    return make(POOLGRAD_FORWARD, kind, kernel, source, (poolgrad_image){0}, destination);
}

void verdict_free(verdict_example *example)
{
    view_free_read(&example->problem.source);
    view_free_read(&example->problem.source_gradient);
    view_free(&example->problem.destination);
    view_free(&example->before);
}

static void refill(verdict_example *example)
{
    poolgrad_error error;
    const poolgrad_image *d = &example->problem.destination;
    for (int64_t x = 0; x < d->width; x++) {
        view_set_bits(d, 0, 0, 0, x, example->before.data ? view_bits(&example->before, 0, 0, 0, x) : 0);
    }
    cr_assert_eq(poolgrad_run(&example->problem, &error), POOLGRAD_OK, "%s", error.message);
}

static poolgrad_verdict verify(verdict_example *example, int64_t x)
{
    poolgrad_verification *v;
    poolgrad_error error;
    example->former = view_read(example->before);
    if (example->before.data) example->declaration.before = &example->former;
    const poolgrad_status status = poolgrad_verify(&example->problem, &example->declaration, &v, &error);
    cr_assert_eq(status, POOLGRAD_OK, "%s", error.message);
    const poolgrad_finding *worst = poolgrad_verification_finding(v, 0);
    example->finding = worst ? *worst : (poolgrad_finding){.verdict = POOLGRAD_VERDICT_NONE};
    poolgrad_verdict verdict = poolgrad_verification_at(v, 0, 0, 0, 0, x >= 0 ? x : 0);
    for (int64_t i = 1; x < 0 && i < example->problem.destination.width; i++) {
        const poolgrad_verdict other = poolgrad_verification_at(v, 0, 0, 0, 0, i);
        if (other > verdict) verdict = other;
    }
    poolgrad_verification_destroy(v);
    return verdict;
}

poolgrad_verdict verdict_of(verdict_example *example, int64_t x, double value)
{
    refill(example);
    view_set_number(&example->problem.destination, 0, 0, 0, x, value);
    return verify(example, x);
}

poolgrad_verdict verdict_of_row(verdict_example *example, int64_t count, const double *values)
{
    cr_assert_eq(count, example->problem.destination.width);
    for (int64_t x = 0; x < count; x++) view_set_number(&example->problem.destination, 0, 0, 0, x, values[x]);
    return verify(example, -1);
}

/* Bits count magnitudes up. */
double verdict_next(const verdict_example *example, double value, bool upwards)
{
    const poolgrad_format format = example->problem.destination.format;
    if (value == 0) return number_decode(format, number_encode(format, upwards ? 0 : -0.0) + 1);
    const uint64_t bits = number_encode(format, value);
    return number_decode(format, (value > 0) == upwards ? bits + 1 : bits - 1);
}
