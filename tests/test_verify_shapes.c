/* SPDX-License-Identifier: Apache-2.0 */
/* In which steps an implementation computes: what is stored on the way, worked out by hand. */
#include "support/verdict.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <math.h>

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

static bool is_legal(poolgrad_verdict verdict)
{
    return verdict > POOLGRAD_VERDICT_NONE && verdict <= LEGAL;
}

/* Whether the value is legal, and the numbers on both sides of it are wrong. */
static void expect_point(verdict_example *e, int64_t x, double value, const char *what)
{
    cr_expect(is_legal(verdict_of(e, x, value)), "%s: %a", what, value);
    for (int up = 0; up < 2; up++) {
        const double next = verdict_next(e, value, up == 1);
        const poolgrad_verdict verdict = verdict_of(e, x, next);
        cr_expect(verdict == WRONG || verdict <= POOLGRAD_VERDICT_CORRECTLY_ROUNDED, "%s: %a is %s", what, next,
                  poolgrad_verdict_name(verdict));
    }
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

/* ---- What is declared ---------------------------------------------------------------------------------------- */

static void expect_refusal(const verdict_example *e, const poolgrad_declaration *declaration, const char *sentence)
{
    poolgrad_verification *v;
    poolgrad_error error;
    cr_expect_eq(poolgrad_verify(&e->problem, declaration, &v, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, sentence);
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
    verdict_free(&e);
}
