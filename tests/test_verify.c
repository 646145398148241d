/* SPDX-License-Identifier: Apache-2.0 */
/* What verification says of results that were worked out by hand: what is legal, what is not, and what is undecided. */
#include "support/verdict.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define F16 POOLGRAD_FLOAT16
#define BF16 POOLGRAD_BFLOAT16
#define F32 POOLGRAD_FLOAT32
#define F64 POOLGRAD_FLOAT64

#define EQUAL POOLGRAD_VERDICT_EQUAL
#define LEGAL POOLGRAD_VERDICT_LEGAL_ROUNDING
#define TIE POOLGRAD_VERDICT_LEGAL_TIE
#define UNDOCUMENTED POOLGRAD_VERDICT_UNDOCUMENTED
#define WRONG POOLGRAD_VERDICT_WRONG

static void expect(poolgrad_verdict verdict, poolgrad_verdict expected, const char *what)
{
    cr_expect(verdict == expected, "%s: is %s, expected %s", what, poolgrad_verdict_name(verdict),
              poolgrad_verdict_name(expected));
}

/* ---- Arithmetic that was once refused ------------------------------------------------------------------------ */

/* Units of the least number: 1 + 1/2 is 2, + 1 is 3, + 1/2 is 4, each product fused; the exact sum is 3. */
Test(verify, fused_products_below_the_least_number_are_rounded_where_they_are_added)
{
    const double unit = ldexp(1, -24);
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 4, ROW(F16, 0, 0, 0, 0, 0, 0, 0),
                                         ROW(F16, 4 * unit, 2 * unit, 4 * unit, 2 * unit), F16);
    e.declaration.division = POOLGRAD_DIVISION_RECIPROCAL;
    expect(verdict_of(&e, 3, 3 * unit), EQUAL, "exactly");
    expect(verdict_of(&e, 3, 4 * unit), LEGAL, "fused");
    e.declaration.fusion = POOLGRAD_FUSION_NONE;
    expect(verdict_of(&e, 3, 4 * unit), WRONG, "not fused");
    verdict_free(&e);
}

/* Which numbers are subnormal is told before rounding by some processors, afterwards by others. */
Test(verify, a_number_that_rounds_to_the_least_normal_one_may_be_flushed)
{
    const double least = ldexp(1, -14), below = least * (1 - ldexp(1, -13));
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1), ROW(F32, below), F16);
    e.declaration.computed_in = F32;
    expect(verdict_of(&e, 0, least), EQUAL, "rounded");
    expect(verdict_of(&e, 0, 0), WRONG, "lost, where none is");
    e.declaration.subnormals = POOLGRAD_SUBNORMALS_FLUSHED;
    expect(verdict_of(&e, 0, 0), LEGAL, "lost");
    expect(verdict_of(&e, 0, 2 * least), WRONG, "neither");
    verdict_free(&e);
}

/* 2^-13 squared is 0 in float16: then the norm is 0, and the window contributes nothing or is divided by 0. */
Test(verify, norms_that_underflow_contribute_nothing)
{
    verdict_example e = verdict_gradient(POOLGRAD_L2NORM, 1, ROW(F16, ldexp(1, -13)), ROW(F16, 3), F16);
    expect(verdict_of(&e, 0, 3), EQUAL, "in float64");
    expect(verdict_of(&e, 0, 0), LEGAL, "nothing");
    expect(verdict_of(&e, 0, (double)INFINITY), LEGAL, "divided by 0");
    expect(verdict_of(&e, 0, -3), WRONG, "the other sign");
    e.declaration.computed_in = F32;
    expect(verdict_of(&e, 0, 0), WRONG, "nothing, in float32");
    verdict_free(&e);
}

/* In float32, 1 / sqrt(2) rounded, times 9, is neither (9 / sqrt(2)) x 1 nor (9 x 1) / sqrt(2). */
Test(verify, gradients_may_be_multiplied_by_a_derivative)
{
    verdict_example e = verdict_gradient(POOLGRAD_L2NORM, 2, ROW(F32, 1, 1), ROW(F32, 9), F32);
    e.declaration.division = POOLGRAD_DIVISION_TRUE;
    e.declaration.fusion = POOLGRAD_FUSION_NONE;
    expect(verdict_of(&e, 0, 0x1.974b24p+2), EQUAL, "correctly");
    expect(verdict_of(&e, 0, 0x1.974b22p+2), LEGAL, "the derivative first");
    expect(verdict_of(&e, 0, 0x1.974b20p+2), WRONG, "below that");
    expect(verdict_of(&e, 0, 0x1.974b26p+2), WRONG, "above");
    verdict_free(&e);
}

/* Pixel times gradient overflows, so that nothing bounds the sum above; it is rounded below all the same. */
Test(verify, a_sum_that_may_be_infinite_is_rounded_at_its_other_end)
{
    verdict_example e = verdict_gradient(POOLGRAD_L2NORM, 2, ROW(F32, 0, 0x1.9de00ap+63, 0),
                                         ROW(F32, 0x1.f38278p+94, 0x1.b58f28p+93), F64);
    e.declaration.computed_in = F32;
    e.declaration.division = POOLGRAD_DIVISION_TRUE;
    expect(verdict_of(&e, 1, 0x1.672506p+95), EQUAL, "correctly");
    expect(verdict_of(&e, 1, 0x1.672504p+95), LEGAL, "the pixel times each quotient");
    expect(verdict_of(&e, 1, 0x1.672500p+95), WRONG, "below that");
    verdict_free(&e);
}

/* 257 is no bfloat16: 1 / 257 is below 2^-8 there, 1 / 256 is not. */
Test(verify, a_divisor_may_be_rounded_or_not)
{
    double zeros[257] = {0};
    const double rounded = ldexp(1, -8), below = rounded - ldexp(1, -16), above = rounded + ldexp(1, -15);
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 257, verdict_row(F32, 257, zeros), ROW(F32, 1), F32);
    e.declaration.computed_in = BF16;
    expect(verdict_of(&e, 0, below), LEGAL, "1 / 257");
    expect(verdict_of(&e, 0, rounded), LEGAL, "1 / 256");
    expect(verdict_of(&e, 0, below - ldexp(1, -16)), WRONG, "less");
    expect(verdict_of(&e, 0, above), WRONG, "more");
    e.declaration.computed_in = F32;
    expect(verdict_of(&e, 0, below), WRONG, "1 / 257 in bfloat16, where float32 was declared");
    verdict_free(&e);
}

/* A comparison that takes subnormal numbers for 0 keeps the first of them, whatever their order. */
Test(verify, a_maximum_of_subnormal_taps_may_be_any_of_them)
{
    const double unit = ldexp(1, -149);
    verdict_example e = verdict_forward(POOLGRAD_MAX, 3, ROW(F32, -2 * unit, 5 * unit, -1), F32);
    expect(verdict_of(&e, 0, -2 * unit), WRONG, "the lesser one");
    e.declaration.subnormals = POOLGRAD_SUBNORMALS_FLUSHED;
    expect(verdict_of(&e, 0, -2 * unit), LEGAL, "the lesser one, where they are lost");
    expect(verdict_of(&e, 0, 0), LEGAL, "lost");
    expect(verdict_of(&e, 0, -3 * unit), WRONG, "less than that");
    verdict_free(&e);
}

/* 70000 is infinite in float16. */
Test(verify, infinity_and_what_overflows_to_it_are_equal)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, (double)INFINITY, 70000), ROW(F32, 1), F32);
    expect(VERDICT_OF_ROW(&e, 0, 1), WRONG, "in float32");
    e.declaration.computed_in = F16;
    expect(VERDICT_OF_ROW(&e, 0, 1), TIE, "in float16");
    verdict_free(&e);
}

/* In float16, 1 + 2^-12 is 1: a rule that is kept sees two ties. What is equal in every format stays as it was. */
Test(verify, a_tie_rule_is_kept_among_what_comparisons_see)
{
    const double more = 1 + ldexp(1, -12);
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 3, ROW(F32, 1, more, more), ROW(F32, 6), F32);
    e.declaration.keeps_tie_rule = 1;
    expect(VERDICT_OF_ROW(&e, 6, 0, 0), WRONG, "the first of all, in float32");
    e.declaration.computed_in = F16;
    expect(VERDICT_OF_ROW(&e, 6, 0, 0), TIE, "the first of all, in float16");
    expect(VERDICT_OF_ROW(&e, 0, 0, 6), WRONG, "the last of two that are equal");
    e.declaration.keeps_tie_rule = 0;
    expect(VERDICT_OF_ROW(&e, 0, 0, 6), TIE, "the last of two that are equal, with no rule kept");
    e.problem.ties = POOLGRAD_TIES_SPLIT;
    expect(VERDICT_OF_ROW(&e, 2, 2, 2), LEGAL, "three shares");
    expect(VERDICT_OF_ROW(&e, 0, 3, 3), EQUAL, "two shares");
    expect(VERDICT_OF_ROW(&e, 0, 6, 0), WRONG, "one share");
    e.problem.ties = POOLGRAD_TIES_ALL;
    expect(VERDICT_OF_ROW(&e, 6, 6, 6), LEGAL, "all three");
    expect(VERDICT_OF_ROW(&e, 6, 6, 0), WRONG, "two of three");
    e.declaration.computed_in = F32;
    expect(VERDICT_OF_ROW(&e, 6, 6, 6), WRONG, "all three, in float32");
    verdict_free(&e);
}

/* Who adds in float16 reads what is there in float16, or leaves it alone. */
Test(verify, what_was_there_is_read_in_the_accumulator)
{
    const double more = 1 + ldexp(1, -20);
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 1, 1), ROW(F32, 1), F32);
    e.problem.add_to_destination = 1;
    e.before = ROW(F32, 0, more);
    e.declaration.computed_in = F16;
    expect(verdict_of(&e, 1, more), EQUAL, "left alone");
    expect(verdict_of(&e, 1, 1), LEGAL, "rounded");
    expect(verdict_of(&e, 1, 1 + ldexp(1, -10)), WRONG, "something else");
    e.declaration.computed_in = F32;
    expect(verdict_of(&e, 1, 1), WRONG, "rounded, without a need");
    verdict_free(&e);
}

Test(verify, a_gradient_of_minus_zero_arrives)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, 1, 1, 0), ROW(F32, -0.0), F32);
    expect(verdict_of(&e, 0, -0.0), LEGAL, "where it is due");
    expect(verdict_of(&e, 1, -0.0), TIE, "at the other tap");
    expect(verdict_of(&e, 2, -0.0), UNDOCUMENTED, "where nothing contributes");
    cr_expect_eq(e.finding.decision, POOLGRAD_DECISION_SIGN_OF_ZERO);
    verdict_free(&e);
}

Test(verify, any_number_of_findings_may_be_asked_for)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1, 1), ROW(F32, 1, 1), F32);
    e.declaration.findings = INT64_MAX;
    expect(verdict_of(&e, 1, 2), WRONG, "another number");
    cr_expect_eq(e.finding.x, 1);
    e.declaration.findings = 0;
    expect(verdict_of(&e, 1, 2), WRONG, "another number");
    cr_expect_eq(e.finding.verdict, POOLGRAD_VERDICT_NONE);
    verdict_free(&e);
}
