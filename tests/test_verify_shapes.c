/* SPDX-License-Identifier: Apache-2.0 */
/* In which steps an implementation computes: what is stored on the way, worked out by hand. */
#include "support/verdict.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define F16 POOLGRAD_FLOAT16
#define BF16 POOLGRAD_BFLOAT16
#define F32 POOLGRAD_FLOAT32

#define LEGAL POOLGRAD_VERDICT_LEGAL_ROUNDING
#define WRONG POOLGRAD_VERDICT_WRONG

static void expect(poolgrad_verdict verdict, poolgrad_verdict expected, const char *what)
{
    cr_expect(verdict == expected, "%s: is %s, expected %s", what, poolgrad_verdict_name(verdict),
              poolgrad_verdict_name(expected));
}

static void expect_neighbour(verdict_example *e, int64_t x, double value, const char *what)
{
    const poolgrad_verdict verdict = verdict_of(e, x, value);
    cr_expect(verdict == WRONG || verdict <= POOLGRAD_VERDICT_CORRECTLY_ROUNDED, "%s: %a is %s", what, value,
              poolgrad_verdict_name(verdict));
}

/* Whether the value is legal, and the numbers on both sides of it are wrong. */
static void expect_point(verdict_example *e, int64_t x, double value, const char *what)
{
    const poolgrad_verdict verdict = verdict_of(e, x, value);
    cr_expect(verdict > POOLGRAD_VERDICT_NONE && verdict <= LEGAL, "%s: %a is %s", what, value,
              poolgrad_verdict_name(verdict));
    expect_neighbour(e, x, verdict_next(e, value, false), what);
    expect_neighbour(e, x, verdict_next(e, value, true), what);
}

/* ---- Sums that are stored ------------------------------------------------------------------------------------ */

/* dx[2] of float16 is half(float(half(1 / 3)) + float(-0.808) / 3), where half(1 / 3 - 0.808 / 3) is 0x2c18. */
Test(verify_shapes, partial_sums_may_be_stored_in_a_narrower_format)
{
    const double stored = ldexp(0x417, -14); /* 0x2c17 */
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 3, ROW(F16, 0, 0, 0, 0, 0), ROW(F16, 1, -0.808), F16);
    e.problem.window.stride_x = 2;
    expect(verdict_of(&e, 2, stored), WRONG, "all in float16");
    e.declaration.computed_in = F32;
    expect(verdict_of(&e, 2, stored), WRONG, "all in float32");
    e.declaration.stored_in = F32;
    expect(verdict_of(&e, 2, stored), WRONG, "stored in what is computed in");
    e.declaration.stored_in = F16;
    expect(verdict_of(&e, 2, stored), LEGAL, "stored in float16");
    expect(verdict_of(&e, 2, verdict_next(&e, stored, false)), WRONG, "the number below");
    expect_point(&e, 0, (double)0x555p-12F, "one term");
    verdict_free(&e);
}

/* 2048 ones in float16, and one more: the sum stays. */
Test(verify_shapes, sums_stop_growing_in_what_they_are_stored_in)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, 0, 1, 0), ROW(F32, 2048, 1), F32);
    expect(verdict_of(&e, 1, 2048), WRONG, "in float32");
    e.declaration.stored_in = F16;
    expect(verdict_of(&e, 1, 2048), LEGAL, "in float16");
    expect(verdict_of(&e, 1, verdict_next(&e, 2048, true)), WRONG, "no number of float16");
    verdict_free(&e);
}

/* One term is added to 0, and stored: 2^-25 and 65520 are lost in float16. */
Test(verify_shapes, a_sum_of_one_term_is_stored)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1), ROW(F32, 65520), F32);
    e.declaration.stored_in = F16;
    expect(verdict_of(&e, 0, (double)INFINITY), LEGAL, "beyond the greatest number");
    verdict_free(&e);
    e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1), ROW(F32, ldexp(1, -25)), F32);
    expect(verdict_of(&e, 0, 0), WRONG, "in float32");
    e.declaration.stored_in = F16;
    expect(verdict_of(&e, 0, 0), LEGAL, "below the least number");
    verdict_free(&e);
}

/* Terms of three additions below the least normal number of float16: each loses half of the least number. */
Test(verify_shapes, additions_lose_bits_below_the_least_normal_number_of_what_is_stored)
{
    const double unit = ldexp(1, -24), part = 1.5 * unit;
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 4, ROW(F32, 0, 0, 0, 1, 0, 0, 0),
                                         ROW(F32, part, part, part, part), F32);
    e.declaration.stored_in = F16;
    expect(verdict_of(&e, 3, 8 * unit), LEGAL, "2, 3.5 or 4, 5.5 or 6, and 8");
    expect(verdict_of(&e, 3, 16 * unit), WRONG, "more than they can lose");
    verdict_free(&e);
}

/* 1 / 3 and 1 / 24 in float16: a wider sum has all their bits. */
Test(verify_shapes, partial_sums_may_be_stored_in_a_wider_format)
{
    const double sum = 9 * (double)0x555p-15F;
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 3, ROW(F32, 0, 0, 0, 0, 0), ROW(F32, 1, 0.125), F32);
    e.problem.window.stride_x = 2;
    e.declaration.division = POOLGRAD_DIVISION_TRUE;
    expect(verdict_of(&e, 2, sum), WRONG, "in float32");
    e.declaration.computed_in = F16;
    expect(verdict_of(&e, 2, sum), WRONG, "in float16, which has fewer bits");
    e.declaration.stored_in = F32;
    expect(verdict_of(&e, 2, sum), LEGAL, "in float16 and float32");
    expect(verdict_of(&e, 2, verdict_next(&e, sum, false)), WRONG, "the number below");
    verdict_free(&e);
}

Test(verify_shapes, squares_are_added_in_what_is_stored)
{
    verdict_example e = verdict_forward(POOLGRAD_L2NORM, 2, ROW(F32, 64, 1), F32);
    expect(verdict_of(&e, 0, 64), WRONG, "in float32");
    e.declaration.stored_in = F16;
    expect(verdict_of(&e, 0, 64), LEGAL, "4097 is 4096");
    verdict_free(&e);
}

/* ---- Norms that are stored ----------------------------------------------------------------------------------- */

/* sqrt(2) is 1.4142, in bfloat16 1.4140625. */
Test(verify_shapes, a_gradient_may_divide_by_the_norm_that_was_stored)
{
    verdict_example e = verdict_gradient(POOLGRAD_L2NORM, 2, ROW(F32, 1, 1), ROW(BF16, 1), F32);
    const double by_stored = (double)(float)(1 / 1.4140625);
    expect(verdict_of(&e, 0, by_stored), WRONG, "by the norm");
    e.declaration.norms = POOLGRAD_NORMS_STORED;
    expect_point(&e, 0, by_stored, "by the stored norm");
    expect(verdict_of(&e, 0, (double)(float)sqrt(0.5) - ldexp(1, -20)), WRONG, "between both");
    verdict_free(&e);
}

/* The root of 1 / 2 is 0.7071, in bfloat16 0.70703125. */
Test(verify_shapes, a_root_of_a_mean_may_have_been_stored)
{
    verdict_example e = verdict_gradient(POOLGRAD_L2NORM, 2, ROW(F32, 1, 0), ROW(BF16, 1), F32);
    e.problem.root_mean = 1;
    const double by_stored = (double)(float)(1 / 1.4140625);
    expect(verdict_of(&e, 0, by_stored), WRONG, "by the root");
    e.declaration.norms = POOLGRAD_NORMS_STORED;
    expect(verdict_of(&e, 0, by_stored), LEGAL, "by the stored root");
    verdict_free(&e);
}

/* ---- Averages by axis ---------------------------------------------------------------------------------------- */

/* Of one window of 3 x 3 pixels whose gradient is g: what is said of one pixel. */
static poolgrad_verdict verdict_of_window(const poolgrad_declaration *declaration, float g, float value)
{
    const float x[9] = {0};
    float dx[9];
    poolgrad_problem p;
    poolgrad_verification *v;
    poolgrad_error error;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.window.kernel_width = p.window.kernel_height = 3;
    p.offset_x = p.offset_y = 1;
    p.source = poolgrad_const_image_dense(x, F32, POOLGRAD_NCHW, 1, 1, 3, 3);
    p.source_gradient = poolgrad_const_image_dense(&g, F32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.destination = poolgrad_image_dense(dx, F32, POOLGRAD_NCHW, 1, 1, 3, 3);
    for (int i = 0; i < 9; i++) dx[i] = value;
    const poolgrad_status status = poolgrad_verify(&p, declaration, &v, &error);
    cr_assert_eq(status, POOLGRAD_OK, "%s", error.message);
    const poolgrad_verdict verdict = poolgrad_verification_at(v, 0, 0, 0, 1, 1);
    poolgrad_verification_destroy(v);
    return verdict;
}

/* (g / 3) / 3 and g (1/3 x 1/3) are the numbers below and above g / 9. */
Test(verify_shapes, averages_divide_as_is_declared)
{
    const float g = 1.0068359375F, third = 1.0F / 3, whole = g / 9, by_axis = g / 3 / 3, scale = third * third;
    poolgrad_declaration d;
    poolgrad_declaration_init(&d, sizeof d);
    d.division = POOLGRAD_DIVISION_TRUE;
    cr_assert(by_axis < whole && whole < g * scale);
    expect(verdict_of_window(&d, g, whole), POOLGRAD_VERDICT_EQUAL, "whole");
    expect(verdict_of_window(&d, g, by_axis), WRONG, "by axis, undeclared");
    d.averages = POOLGRAD_AVERAGES_BY_AXIS;
    expect(verdict_of_window(&d, g, by_axis), LEGAL, "by axis");
    expect(verdict_of_window(&d, g, nextafterf(by_axis, 0)), WRONG, "below");
    expect(verdict_of_window(&d, g, g * scale), WRONG, "by the product, undeclared");
    d.averages = POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT;
    d.division = POOLGRAD_DIVISION_RECIPROCAL;
    expect(verdict_of_window(&d, g, g * scale), LEGAL, "by the product");
    expect(verdict_of_window(&d, g, nextafterf(g * scale, 1)), WRONG, "above");
    expect(verdict_of_window(&d, g, by_axis), WRONG, "by axis, undeclared");
    d.averages = POOLGRAD_AVERAGES_BY_AXIS;
    expect(verdict_of_window(&d, 1.0045F, 0.11161112F), LEGAL, "1.0045 / 9");
}

/* ---- Of whole tensors ---------------------------------------------------------------------------------------- */

/* 1.28125 squared is 1.6416 in float16; a third of that, thrice, 1.6426. */
Test(verify_shapes, norms_may_be_composed_of_stored_results)
{
    verdict_example e = verdict_forward(POOLGRAD_L2NORM, 3, ROW(F16, 1.28125, 0, 0), F32);
    expect(verdict_of(&e, 0, (double)1.28163099F), WRONG, "of a mean, undeclared");
    e.declaration.composed = POOLGRAD_COMPOSED_SUM;
    expect(verdict_of(&e, 0, 1.28125), POOLGRAD_VERDICT_EQUAL, "of a sum");
    expect(verdict_of(&e, 0, (double)1.28163099F), WRONG, "of a mean, where a sum is declared");
    e.declaration.composed = POOLGRAD_COMPOSED_MEAN;
    expect_point(&e, 0, (double)1.28163099F, "of a mean");
    verdict_free(&e);
}

/* 1.25 in float16, where x is 1.75: the root of stored 3.0625, its reciprocal, half of it, the gradient of the square,
 * 2 x. */
Test(verify_shapes, gradients_of_norms_may_be_composed_of_stored_results)
{
    verdict_example e = verdict_gradient(POOLGRAD_L2NORM, 3, ROW(F16, 1.75, 0, 0), ROW(F16, 1.25), F16);
    e.declaration.computed_in = F32;
    expect(verdict_of(&e, 0, 1.2490234375), WRONG, "undeclared");
    e.declaration.composed = POOLGRAD_COMPOSED_SUM;
    expect(verdict_of(&e, 0, 1.2490234375), LEGAL, "of a sum");
    expect(verdict_of(&e, 0, 1.248046875), WRONG, "of a mean, where a sum is declared");
    e.declaration.division = POOLGRAD_DIVISION_TRUE;
    expect_point(&e, 0, 1.2490234375, "of a sum, times a power of it");
    e.declaration.norms = POOLGRAD_NORMS_STORED;
    expect(verdict_of(&e, 0, 1.2490234375), WRONG, "by a reciprocal, where a quotient is declared");
    expect_point(&e, 0, 1.25, "by a quotient");
    e.declaration.norms = POOLGRAD_NORMS_COMPUTED;
    e.declaration.composed = POOLGRAD_COMPOSED_MEAN;
    expect_point(&e, 0, 1.248046875, "of a mean");
    verdict_free(&e);
}

/* 1 / 3 in float16, and twice that in float32. */
Test(verify_shapes, averages_may_be_composed_of_stored_results)
{
    const double third = (double)0x555p-12F;
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 3, ROW(F32, 0, 0, 0, 0, 0), ROW(F16, 1, 1), F32);
    e.problem.window.stride_x = 2;
    expect(verdict_of(&e, 2, 2 * third), WRONG, "undeclared");
    e.declaration.composed = POOLGRAD_COMPOSED_MEAN;
    expect(verdict_of(&e, 2, 2 * third), WRONG, "of an average");
    e.declaration.composed = POOLGRAD_COMPOSED_SUM;
    expect_point(&e, 2, 2 * third, "of a quotient and a sum");
    verdict_free(&e);
    e = verdict_forward(POOLGRAD_AVERAGE, 3, ROW(F16, 2048, 1, 0), F32);
    expect(verdict_of(&e, 0, (double)(2048.0F / 3)), WRONG, "undeclared");
    e.declaration.composed = POOLGRAD_COMPOSED_SUM;
    expect_point(&e, 0, (double)(2048.0F / 3), "of a sum and a quotient");
    verdict_free(&e);
}

/* ---- What is declared ---------------------------------------------------------------------------------------- */

static void expect_refusal(const verdict_example *e, const poolgrad_declaration *declaration, const char *sentence)
{
    poolgrad_verification *v;
    poolgrad_error error;
    const poolgrad_status status = poolgrad_verify(&e->problem, declaration, &v, &error);
    cr_expect(status == POOLGRAD_INVALID && strcmp(error.message, sentence) == 0, "%s", error.message);
}

Test(verify_shapes, declarations_that_nothing_does_are_refused)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1), ROW(F32, 1), F32);
    poolgrad_declaration d = e.declaration;
    d.stored_in = POOLGRAD_UNORM8;
    expect_refusal(&e, &d,
                   "declaration.stored_in is 1 (unorm8); expected float16, bfloat16, float32, float64, or none");
    d.stored_in = F16;
    d.computed_in = BF16;
    expect_refusal(&e, &d,
                   "declaration.stored_in is float16 where computed_in is bfloat16; expected formats of which one "
                   "holds the other's numbers");
    d = e.declaration;
    d.norms = (poolgrad_norms)2;
    expect_refusal(&e, &d, "declaration.norms is 2; expected computed (0) or stored (1)");
    d = e.declaration;
    d.composed = (poolgrad_composition)3;
    expect_refusal(&e, &d, "declaration.composed is 3; expected not (0), sum (1) or mean (2)");
    d = e.declaration;
    d.averages = (poolgrad_averages)3;
    expect_refusal(&e, &d, "declaration.averages is 3; expected whole (0), by-axis (1) or reciprocal-product (2)");
    d.averages = POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT;
    d.division = POOLGRAD_DIVISION_TRUE;
    expect_refusal(&e, &d,
                   "declaration.averages is reciprocal-product where division is true; expected any or reciprocal "
                   "divisions with it");
    verdict_free(&e);
}

Test(verify_shapes, what_is_stored_in_is_told)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1), ROW(F32, 1), F32);
    poolgrad_declaration_init(&e.declaration, sizeof e.declaration);
    cr_expect_eq(poolgrad_stored_in(&e.problem, &e.declaration), F32);
    e.declaration.stored_in = F16;
    cr_expect_eq(poolgrad_stored_in(&e.problem, &e.declaration), F16);
    e.declaration.stored_in = POOLGRAD_UNORM8;
    cr_expect_eq(poolgrad_stored_in(&e.problem, &e.declaration), POOLGRAD_FORMAT_NONE);
    cr_expect_str_eq(poolgrad_norms_name(POOLGRAD_NORMS_STORED), "stored");
    cr_expect_null(poolgrad_norms_name((poolgrad_norms)2));
    cr_expect_str_eq(poolgrad_averages_name(POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT), "reciprocal-product");
    cr_expect_null(poolgrad_averages_name((poolgrad_averages)3));
    cr_expect_str_eq(poolgrad_composition_name(POOLGRAD_COMPOSED_MEAN), "mean");
    cr_expect_null(poolgrad_composition_name((poolgrad_composition)-1));
    verdict_free(&e);
}
