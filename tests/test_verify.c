/* SPDX-License-Identifier: Apache-2.0 */
/* What verification says of results that were worked out by hand: what is legal, what is not, and what is undecided. */
#include "support/verdict.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define F16 POOLGRAD_FLOAT16
#define BF16 POOLGRAD_BFLOAT16
#define F32 POOLGRAD_FLOAT32
#define F64 POOLGRAD_FLOAT64

#define EQUAL POOLGRAD_VERDICT_EQUAL
#define LEGAL POOLGRAD_VERDICT_LEGAL_ROUNDING
#define TIE POOLGRAD_VERDICT_LEGAL_TIE
#define UNBOUNDED POOLGRAD_VERDICT_UNBOUNDED
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
    expect(verdict_of(&e, 0, 0), UNBOUNDED, "nothing");
    expect(verdict_of(&e, 0, (double)INFINITY), UNBOUNDED, "divided by 0");
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
    expect(verdict_of(&e, 1, 0x1.672504p+95), UNBOUNDED, "the pixel times each quotient, of which one may be infinite");
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
    expect(VERDICT_OF_ROW(&e, 2, 2, 2), UNBOUNDED, "three shares");
    expect(VERDICT_OF_ROW(&e, 0, 3, 3), EQUAL, "two shares");
    expect(VERDICT_OF_ROW(&e, 0, 6, 0), WRONG, "one share");
    e.problem.ties = POOLGRAD_TIES_ALL;
    expect(VERDICT_OF_ROW(&e, 6, 6, 6), UNBOUNDED, "all three");
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

/* ---- What is sharp ------------------------------------------------------------------------------------------- */

/* Low and high are accepted, their neighbours are not. Leaves what is known of the last one. */
static void expect_ends(verdict_example *e, int64_t x, const char *what)
{
    const double far = view_number(&e->problem.destination, 0, 0, 0, x) + 1e6;
    expect(verdict_of(e, x, far), WRONG, what);
    const double low = e->finding.low, high = e->finding.high;
    cr_assert(low <= high, "%s", what);
    cr_expect_leq(verdict_of(e, x, low), LEGAL, "%s: %a", what, low);
    cr_expect_leq(verdict_of(e, x, high), LEGAL, "%s: %a", what, high);
    expect(verdict_of(e, x, verdict_next(e, low, false)), WRONG, what);
    expect(verdict_of(e, x, verdict_next(e, high, true)), WRONG, what);
    cr_expect_eq(e->finding.low, low);
    cr_expect_eq(e->finding.high, high);
}

/* Two roundings, or two ways to divide, have a few results, which are known. */
Test(verify, one_and_two_terms_have_one_result)
{
    static const poolgrad_format formats[] = {F16, BF16, F32, F64};
    for (int i = 0; i < 4; i++) {
        verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 3, ROW(F16, 0, 0, 0, 0), ROW(F16, 1, 5), formats[i]);
        e.declaration.division = POOLGRAD_DIVISION_TRUE;
        for (int64_t x = 0; x < 4; x++) {
            expect_ends(&e, x, poolgrad_format_name(formats[i]));
            cr_expect(x == 1 || x == 2 || e.finding.low == e.finding.high);
        }
        e.problem.kind = POOLGRAD_MAX;
        for (int64_t x = 0; x < 4; x++) {
            e.declaration.keeps_tie_rule = 1;
            expect_ends(&e, x, poolgrad_format_name(formats[i]));
            cr_expect_eq(e.finding.low, e.finding.high);
        }
        verdict_free(&e);
    }
}

/* 16/3 has a quotient and a product with 1/3 that differ in float32, and both are numbers of it. */
Test(verify, divisions_are_told_apart)
{
    const double quotient = (double)(5.0F / 3.0F), product = (double)(5.0F * (1.0F / 3.0F));
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 3, ROW(F32, 0, 0, 0), ROW(F32, 5), F32);
    cr_assert_neq(quotient, product);
    e.declaration.division = POOLGRAD_DIVISION_TRUE;
    expect(verdict_of(&e, 0, product), WRONG, "a product, where divisions were declared");
    e.declaration.division = POOLGRAD_DIVISION_RECIPROCAL;
    expect(verdict_of(&e, 0, product), LEGAL, "a product");
    e.declaration.division = POOLGRAD_DIVISION_ANY;
    expect(verdict_of(&e, 0, product), LEGAL, "a product, where anything goes");
    verdict_free(&e);
}

/* 2^11 + 1 is no float16, and rounds to even twice. */
Test(verify, a_narrower_accumulator_is_found)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, 0, 1, 0), ROW(F32, 2048, 1), F32);
    expect(verdict_of(&e, 1, 2049), EQUAL, "in float32");
    expect(verdict_of(&e, 1, 2048), WRONG, "in float16, where float32 was declared");
    e.declaration.computed_in = F16;
    expect(verdict_of(&e, 1, 2048), LEGAL, "in float16");
    e.declaration.computed_in = POOLGRAD_FORMAT_NONE;
    expect(verdict_of(&e, 1, 2048), WRONG, "in float16, where nothing was declared");
    e.declaration.computed_in = BF16;
    expect(verdict_of(&e, 1, 2064), WRONG, "a number of bfloat16 that is not the nearest");
    verdict_free(&e);
}

/* 2^24 + 1 + 1: from the left it stays 2^24, from the right it is exact. */
Test(verify, any_order_of_three_terms_is_legal)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 3, ROW(F32, 0, 0, 1, 0, 0), ROW(F32, 0x1p24, 1, 1), F32);
    e.declaration.computed_in = F32;
    cr_expect_leq(verdict_of(&e, 2, 0x1p24), LEGAL);
    cr_expect_leq(verdict_of(&e, 2, 0x1p24 + 2), LEGAL);
    expect(verdict_of(&e, 2, 0x1p24 + 8), WRONG, "more than orders can make");
    expect(verdict_of(&e, 2, 0x1p24 - 4), WRONG, "less than orders can make");
    verdict_free(&e);
}

/* 2^127 twice less 2^126 twice is 2^127, or infinite on the way. */
Test(verify, sums_may_overflow_on_the_way)
{
    const double most = (double)FLT_MAX;
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 4, ROW(F32, 0, 0, 0, 1, 0, 0, 0),
                                         ROW(F32, 0x1p127, -0x1p126, -0x1p126, 0x1p127), F32);
    expect(verdict_of(&e, 3, 0x1p127), EQUAL, "in order");
    expect(verdict_of(&e, 3, (double)INFINITY), UNBOUNDED, "what is positive at first");
    expect(verdict_of(&e, 3, 0x1p126), WRONG, "another number");
    verdict_free(&e);
    e = verdict_gradient(POOLGRAD_MAX, 3, ROW(F32, 0, 0, 1, 0, 0), ROW(F32, most, -most / 2, most), F32);
    expect(verdict_of(&e, 2, (double)INFINITY), EQUAL, "infinite in any order");
    expect(verdict_of(&e, 2, -(double)INFINITY), WRONG, "the other infinity");
    expect(verdict_of(&e, 2, (double)NAN), WRONG, "no second infinity to make a NaN of it");
    verdict_free(&e);
}

/* ---- What bounds say ----------------------------------------------------------------------------------------- */

enum { MOST_ONES = 28 * 28 };

/* The mean of so many ones, in the destination's format. */
static verdict_example mean_of_ones(poolgrad_format format, int64_t count)
{
    double ones[MOST_ONES];
    for (int64_t i = 0; i < count; i++) ones[i] = 1;
    return verdict_forward(POOLGRAD_AVERAGE, count, verdict_row(format, count, ones), format);
}

/* Terms of one sign are not nearer to 0 than the greatest one; (1 + u)^194 is 2.13 with u = 2^-8, so that the mean lies
 * between 1 / 2.13 and 2.13. */
Test(verify, sums_of_many_terms_in_16_bits_keep_their_sign_and_are_called_unbounded)
{
    verdict_example e = mean_of_ones(BF16, 14 * 14);
    expect(verdict_of(&e, 0, 1), EQUAL, "the mean");
    expect(verdict_of(&e, 0, 0), WRONG, "0");
    expect(verdict_of(&e, 0, -1), WRONG, "the opposite sign");
    expect(verdict_of(&e, 0, 0.25), WRONG, "a quarter of the taps");
    expect(verdict_of(&e, 0, 2.25), WRONG, "more than the taps");
    expect(verdict_of(&e, 0, 0.5), UNBOUNDED, "half of the taps");
    cr_expect(e.finding.verdict == UNBOUNDED && e.finding.low > 0.46 && e.finding.high < 2.14, "%g to %g",
              e.finding.low, e.finding.high);
    verdict_free(&e);
    e = mean_of_ones(BF16, 28 * 28);
    expect(verdict_of(&e, 0, 0), WRONG, "0 of 28 x 28");
    expect(verdict_of(&e, 0, -1), WRONG, "the opposite sign of 28 x 28");
    expect(verdict_of(&e, 0, 0.5), UNBOUNDED, "half of 28 x 28");
    verdict_free(&e);
    e = mean_of_ones(F16, 28 * 28);
    expect(verdict_of(&e, 0, 0), WRONG, "0, in float16");
    expect(verdict_of(&e, 0, -1), WRONG, "the opposite sign, in float16");
    expect(verdict_of(&e, 0, 0.5), WRONG, "half of the taps, in float16");
    expect(verdict_of(&e, 0, 1.25), LEGAL, "a quarter more, which is bounded");
    verdict_free(&e);
}

/* The norm of 196 ones is 14, that of half of them 9.9; a gradient of 14 is 1, or 1.41 by half of them. */
Test(verify, norms_of_many_taps_are_unbounded_by_their_squares)
{
    double ones[14 * 14];
    for (int i = 0; i < 14 * 14; i++) ones[i] = 1;
    verdict_example e = verdict_forward(POOLGRAD_L2NORM, 14 * 14, verdict_row(BF16, 14 * 14, ones), BF16);
    expect(verdict_of(&e, 0, 14), EQUAL, "the norm");
    expect(verdict_of(&e, 0, 9.875), UNBOUNDED, "half of the taps");
    expect(verdict_of(&e, 0, 7), WRONG, "a quarter of the taps");
    e.declaration.chain = 8;
    expect(verdict_of(&e, 0, 9.875), WRONG, "half of the taps, in a tree");
    verdict_free(&e);
    e = verdict_gradient(POOLGRAD_L2NORM, 14 * 14, verdict_row(BF16, 14 * 14, ones), ROW(BF16, 14), BF16);
    expect(verdict_of(&e, 0, 1.40625), UNBOUNDED, "a gradient by half of the taps");
    expect(verdict_of(&e, 0, 2), WRONG, "a gradient by a quarter of the taps");
    expect(verdict_of(&e, 0, 0), WRONG, "no gradient");
    verdict_free(&e);
}

/* 1024 and 783 ones: any order keeps the 1024. The lemma alone allows a 21st part of the sum. */
Test(verify, a_sum_of_one_sign_is_at_least_its_greatest_term)
{
    double terms[MOST_ONES] = {1024};
    for (int i = 1; i < MOST_ONES; i++) terms[i] = 1;
    verdict_example e = verdict_forward(POOLGRAD_AVERAGE, MOST_ONES, verdict_row(BF16, MOST_ONES, terms), BF16);
    e.declaration.division = POOLGRAD_DIVISION_TRUE;
    const double greatest = 1.3125; /* 1024 / 784, rounded up, as the mean may well be: a loop adds no 1 to 1024 */
    expect(verdict_of(&e, 0, greatest), UNBOUNDED, "the greatest term");
    expect(verdict_of(&e, 0, 1.25), WRONG, "less than the greatest term");
    e.declaration.subnormals = POOLGRAD_SUBNORMALS_FLUSHED;
    expect(verdict_of(&e, 0, 1.25), WRONG, "less than the greatest term, where subnormal numbers are lost");
    verdict_free(&e);
}

Test(verify, a_declared_chain_bounds_what_a_loop_does_not)
{
    verdict_example e = mean_of_ones(BF16, 14 * 14);
    e.declaration.chain = 8; /* 2^8 is more than 196 */
    expect(verdict_of(&e, 0, 0.5), WRONG, "half of the taps");
    expect(verdict_of(&e, 0, 1.25), WRONG, "a quarter more");
    expect(verdict_of(&e, 0, 1.015625), LEGAL, "two roundings up");
    const double high = verdict_next(&e, 1.015625, true);
    e.declaration.chain = 1; /* as short as can be: 8 additions */
    expect(verdict_of(&e, 0, high), LEGAL, "a chain shorter than a tree can have");
    verdict_free(&e);
}

/* Of one sign, below 0; then of both signs: what cancels is not bounded, and a sum of two terms is one number. */
Test(verify, terms_that_cancel_are_unbounded_in_few_bits)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 4, ROW(BF16, 0, 0, 0, 1, 0, 0, 0), ROW(BF16, -3, -1, -2, -2),
                                         BF16);
    expect(verdict_of(&e, 3, -3), WRONG, "the greatest term alone");
    expect(verdict_of(&e, 3, -8.0625), LEGAL, "a rounding more");
    verdict_free(&e);
    e = verdict_gradient(POOLGRAD_MAX, 4, ROW(BF16, 0, 0, 0, 1, 0, 0, 0), ROW(BF16, 256, -256, 1, 0.25), BF16);
    expect(verdict_of(&e, 3, 1.25), EQUAL, "the sum");
    expect(verdict_of(&e, 3, 0), UNBOUNDED, "0");
    expect(verdict_of(&e, 3, 9), WRONG, "more than two roundings of 256 lose");
    cr_expect(verdict_of(&e, 3, 0) == UNBOUNDED && e.finding.verdict == UNBOUNDED, "it is a finding");
    verdict_free(&e);
    e = verdict_gradient(POOLGRAD_MAX, 2, ROW(BF16, 0, 1, 0), ROW(BF16, 256, -255), BF16);
    expect(verdict_of(&e, 1, 0), WRONG, "of two terms, which have one sum");
    verdict_free(&e);
}

/* The third and the fourth tap tie in three windows. If the fourth gets all it has 2, of terms that nearly cancel. */
Test(verify, a_legal_tie_may_be_unbounded)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 4, ROW(BF16, 0, 0, 1, 1, 0, 0, 0), ROW(BF16, 256, -250, 9, -13),
                                         BF16);
    expect(VERDICT_OF_ROW(&e, 0, 0, 0, 2, 0, 0, 0), UNBOUNDED, "the sum");
    expect(VERDICT_OF_ROW(&e, 0, 0, 0, 0, 0, 0, 0), UNBOUNDED, "what 256 may leave of it");
    expect(VERDICT_OF_ROW(&e, 0, 0, 0, 30, 0, 0, 0), WRONG, "more than that");
    e.declaration.computed_in = F32;
    expect(VERDICT_OF_ROW(&e, 0, 0, 0, 2, 0, 0, 0), TIE, "the sum, in float32");
    expect(VERDICT_OF_ROW(&e, 0, 0, 0, 0, 0, 0, 0), WRONG, "nothing, in float32");
    verdict_free(&e);
}

Test(verify, strictly_nothing_is_left_open)
{
    verdict_example e = mean_of_ones(BF16, 14 * 14);
    poolgrad_verification *v;
    poolgrad_error error;
    const double values[] = {1, 0.5, 0};
    for (int i = 0; i < 3; i++) {
        view_set_number(&e.problem.destination, 0, 0, 0, 0, values[i]);
        cr_assert_eq(poolgrad_verify(&e.problem, &e.declaration, &v, &error), POOLGRAD_OK);
        cr_expect_eq(poolgrad_verification_passes(v), i < 2);
        cr_expect_eq(poolgrad_verification_passes_strictly(v), i < 1);
        cr_expect_eq(poolgrad_verification_count(v, UNBOUNDED), i == 1);
        poolgrad_verification_destroy(v);
    }
    verdict_free(&e);
}

/* ---- What was printed ---------------------------------------------------------------------------------------- */

/* Documentation prints some digits of what was computed. */
Test(verify, digits_that_were_printed_stand_for_all_numbers_printed_so)
{
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 0, 0), ROW(F32, 0.15091111, 1234567), F32);
    expect(verdict_of(&e, 0, (float)0.1509), WRONG, "as stored");
    e.declaration.digits = 4;
    expect(verdict_of(&e, 0, (float)0.1509), LEGAL, "four digits");
    expect(verdict_of(&e, 0, (float)0.1510), WRONG, "four digits of another number");
    expect(verdict_of(&e, 0, (float)0.15089), WRONG, "five digits, where four are declared");
    expect(verdict_of(&e, 0, (float)0.150911), WRONG, "six digits, where four are declared");
    e.declaration.digits = 6;
    expect(verdict_of(&e, 0, (float)0.150911), LEGAL, "six digits");
    expect(verdict_of(&e, 0, (float)0.150912), WRONG, "six digits of another number");
    expect(verdict_of(&e, 1, 1234567.125), WRONG, "another number that is stored exactly");
    verdict_free(&e);
    e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, 5, 5), ROW(F32, 0.15091111), F32);
    e.declaration.digits = 2;
    expect(VERDICT_OF_ROW(&e, 0, (float)0.15), TIE, "a tie");
    expect(VERDICT_OF_ROW(&e, (float)0.15, (float)0.15), WRONG, "twice");
    expect(VERDICT_OF_ROW(&e, 0, 0), WRONG, "lost");
    e.declaration.digits = 1;
    expect(VERDICT_OF_ROW(&e, (float)0.2, 0), LEGAL, "rounded up");
    verdict_free(&e);
}

/* ---- NaN and infinity ---------------------------------------------------------------------------------------- */

Test(verify, infinities_and_nans_arrive_by_kind)
{
    const double infinity = (double)INFINITY, nan = (double)NAN;
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 2, ROW(F32, 0, 0, 0, 0), ROW(F32, infinity, -infinity, 1),
                                         F32);
    expect(verdict_of(&e, 0, -infinity), WRONG, "the other infinity");
    expect(verdict_of(&e, 0, (double)FLT_MAX), WRONG, "a number for infinity");
    expect(verdict_of(&e, 0, nan), WRONG, "a NaN for infinity");
    expect(verdict_of(&e, 1, infinity), WRONG, "infinity less infinity");
    expect(verdict_of(&e, 2, nan), WRONG, "a NaN for -infinity");
    expect(verdict_of(&e, 3, infinity), WRONG, "infinity for a number");
    expect(verdict_of(&e, 3, nan), WRONG, "a NaN for a number");
    cr_expect_eq(e.finding.ulps, INT64_MAX);
    verdict_free(&e);
}

Test(verify, a_nan_is_as_good_as_any_other)
{
    static const uint32_t nans[] = {0xffc00000, 0x7f800001, 0x7fffffff, 0x7fc00000};
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 0), ROW(F32, (double)NAN), F32);
    for (int i = 0; i < 4; i++) {
        poolgrad_verification *v;
        poolgrad_error error;
        view_set_bits(&e.problem.destination, 0, 0, 0, 0, nans[i]);
        cr_assert_eq(poolgrad_verify(&e.problem, &e.declaration, &v, &error), POOLGRAD_OK);
        cr_expect_eq(poolgrad_verification_at(v, 0, 0, 0, 0, 0), nans[i] == 0x7fc00000 ? EQUAL : LEGAL);
        poolgrad_verification_destroy(v);
    }
    expect(verdict_of(&e, 0, 0), WRONG, "a number for a NaN");
    verdict_free(&e);
}

/* ---- What nothing documents ---------------------------------------------------------------------------------- */

static void expect_decision(const verdict_example *e, poolgrad_decision decision)
{
    cr_expect(e->finding.decision == decision, "is %s", poolgrad_decision_text(e->finding.decision));
}

Test(verify, another_nan_rule_is_undocumented)
{
    const double nan = (double)NAN;
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 3, ROW(F32, nan, 5, nan), ROW(F32, 4), F32);
    expect(VERDICT_OF_ROW(&e, 4, 0, 0), EQUAL, "the first NaN");
    expect(VERDICT_OF_ROW(&e, 0, 0, 4), UNDOCUMENTED, "the last NaN");
    expect_decision(&e, POOLGRAD_DECISION_NAN_RULE);
    expect(VERDICT_OF_ROW(&e, 0, 4, 0), UNDOCUMENTED, "the greatest number");
    expect_decision(&e, POOLGRAD_DECISION_NAN_RULE);
    expect(VERDICT_OF_ROW(&e, 0, 3, 0), WRONG, "a part of the gradient");
    expect(VERDICT_OF_ROW(&e, 0, 0, 0), WRONG, "none");
    expect(VERDICT_OF_ROW(&e, 4, 0, 4), WRONG, "both NaNs");
    expect(VERDICT_OF_ROW(&e, 4, 4, 0), WRONG, "a NaN and the greatest number");
    for (int rule = POOLGRAD_NAN_FIRST; rule <= POOLGRAD_NAN_IGNORE; rule++) {
        e.problem.nan = (poolgrad_nan_rule)rule;
        e.declaration.keeps_nan_rule = 1;
        expect(VERDICT_OF_ROW(&e, 4, 0, 0), rule == POOLGRAD_NAN_FIRST ? EQUAL : WRONG, "the first NaN, a rule kept");
        expect(VERDICT_OF_ROW(&e, 0, 0, 4), rule == POOLGRAD_NAN_LAST ? EQUAL : WRONG, "the last NaN, a rule kept");
        expect(VERDICT_OF_ROW(&e, 0, 4, 0), rule == POOLGRAD_NAN_IGNORE ? EQUAL : WRONG, "the number, a rule kept");
        e.declaration.keeps_nan_rule = 0;
        expect(VERDICT_OF_ROW(&e, 0, 0, 0), WRONG, "none, by any rule");
        expect(VERDICT_OF_ROW(&e, 4, 0, 4), WRONG, "both NaNs, by any rule");
    }
    verdict_free(&e);
    e = verdict_forward(POOLGRAD_MAX, 3, ROW(F32, nan, 5, 3), F32);
    expect(VERDICT_OF_ROW(&e, 5), UNDOCUMENTED, "the greatest number");
    expect_decision(&e, POOLGRAD_DECISION_NAN_RULE);
    expect(VERDICT_OF_ROW(&e, 3), WRONG, "a lesser one");
    expect(VERDICT_OF_ROW(&e, -(double)INFINITY), WRONG, "what a search starts from, though there are numbers");
    e.declaration.keeps_nan_rule = 1;
    expect(VERDICT_OF_ROW(&e, 5), WRONG, "the greatest number, where the first NaN is promised");
    verdict_free(&e);
}

/* A 4 x 4 image 0, 1, 2 and so on with a NaN first, in windows of 2 x 2 side by side. */
Test(verify, a_window_with_a_nan_gives_its_gradient_once)
{
    static const struct {
        float first, greatest;
        poolgrad_verdict verdict;
    } cases[] = {{1, 0, EQUAL}, {0, 1, UNDOCUMENTED}, {0, 0, WRONG}, {1, 1, WRONG}};
    float x[16], dx[16];
    const float dy[4] = {1, 2, 3, 4};
    for (int i = 0; i < 16; i++) x[i] = i == 0 ? NAN : (float)i;
    for (int i = 0; i < 12; i++) {
        poolgrad_problem p;
        poolgrad_declaration d;
        poolgrad_verification *v;
        poolgrad_error error;
        poolgrad_problem_init(&p, sizeof p);
        poolgrad_declaration_init(&d, sizeof d);
        p.direction = POOLGRAD_GRADIENT;
        p.kind = POOLGRAD_MAX;
        p.nan = (poolgrad_nan_rule)(i / 4);
        p.window.kernel_width = p.window.kernel_height = p.window.stride_x = p.window.stride_y = 2;
        p.offset_x = p.offset_y = 1;
        p.source = poolgrad_const_image_dense(x, F32, POOLGRAD_NCHW, 1, 1, 4, 4);
        p.source_gradient = poolgrad_const_image_dense(dy, F32, POOLGRAD_NCHW, 1, 1, 2, 2);
        p.destination = poolgrad_image_dense(dx, F32, POOLGRAD_NCHW, 1, 1, 4, 4);
        memset(dx, 0, sizeof dx);
        dx[0] = cases[i % 4].first;
        dx[5] = cases[i % 4].greatest;
        dx[7] = 2;
        dx[13] = 3;
        dx[15] = 4;
        cr_assert_eq(poolgrad_verify(&p, &d, &v, &error), POOLGRAD_OK, "%s", error.message);
        cr_expect_eq(poolgrad_verification_passes(v), cases[i % 4].verdict != WRONG, "case %d, rule %d", i % 4, i / 4);
        if (cases[i % 4].verdict == UNDOCUMENTED && p.nan != POOLGRAD_NAN_IGNORE)
            cr_expect_eq(poolgrad_verification_decision_count(v, POOLGRAD_DECISION_NAN_RULE), 2);
        poolgrad_verification_destroy(v);
    }
}

/* Those who ignore NaNs may find nothing, and give to nobody. */
Test(verify, a_window_of_nans_alone_may_pick_nothing)
{
    const double nan = (double)NAN, least = -(double)INFINITY;
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, nan, nan, nan), ROW(F32, 5, 7), F32);
    for (int keeps = 0; keeps < 2; keeps++) {
        e.problem.nan = keeps ? POOLGRAD_NAN_IGNORE : POOLGRAD_NAN_FIRST;
        e.declaration.keeps_nan_rule = keeps;
        expect(VERDICT_OF_ROW(&e, 0, 0, 0), UNDOCUMENTED, "nobody");
        expect_decision(&e, POOLGRAD_DECISION_NAN_RULE);
        expect(VERDICT_OF_ROW(&e, 0, 7, 0), UNDOCUMENTED, "nobody of the first window");
        expect(VERDICT_OF_ROW(&e, 0, 12, 0), UNDOCUMENTED, "the middle");
        expect(VERDICT_OF_ROW(&e, 5, 5, 0), WRONG, "twice");
    }
    e.problem.nan = POOLGRAD_NAN_FIRST;
    expect(VERDICT_OF_ROW(&e, 0, 0, 0), WRONG, "nobody, where the first is promised");
    verdict_free(&e);
    e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, nan, least), ROW(F32, 5), F32);
    expect(VERDICT_OF_ROW(&e, 0, 0), UNDOCUMENTED, "nobody, of a NaN and -infinity");
    verdict_free(&e);
    e = verdict_forward(POOLGRAD_MAX, 2, ROW(F32, nan, nan), F32);
    for (int keeps = 0; keeps < 2; keeps++) {
        e.problem.nan = keeps ? POOLGRAD_NAN_IGNORE : POOLGRAD_NAN_LAST;
        e.declaration.keeps_nan_rule = keeps;
        expect(VERDICT_OF_ROW(&e, least), UNDOCUMENTED, "-infinity");
        expect_decision(&e, POOLGRAD_DECISION_NAN_RULE);
        expect(VERDICT_OF_ROW(&e, -(double)FLT_MAX), UNDOCUMENTED, "the lowest number");
        expect(VERDICT_OF_ROW(&e, 0), WRONG, "0");
        expect(VERDICT_OF_ROW(&e, -(double)least), WRONG, "infinity");
    }
    e.problem.nan = POOLGRAD_NAN_LAST;
    expect(VERDICT_OF_ROW(&e, least), WRONG, "-infinity, where the last NaN is promised");
    verdict_free(&e);
}

/* A NaN elsewhere excuses nothing. */
Test(verify, a_decision_is_rested_on_only_where_it_matters)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, 1, 1, (double)NAN, 1, 1), ROW(F32, 4, 5, 6, 7), F32);
    expect(VERDICT_OF_ROW(&e, 0, 0, 11, 7, 0), WRONG, "a gradient is lost where no NaN is");
    expect_decision(&e, POOLGRAD_DECISION_NONE);
    expect(VERDICT_OF_ROW(&e, 4, 0, 11, 0, 7), TIE, "a tie where no NaN is");
    verdict_free(&e);
}

Test(verify, a_window_of_norm_0_may_give_nan)
{
    verdict_example e = verdict_gradient(POOLGRAD_L2NORM, 2, ROW(F32, 0, 0, 3), ROW(F32, 1, 2), F32);
    expect(verdict_of(&e, 0, (double)NAN), UNDOCUMENTED, "0 / 0");
    expect_decision(&e, POOLGRAD_DECISION_ZERO_NORM);
    expect(verdict_of(&e, 2, (double)NAN), WRONG, "no window of norm 0");
    expect(verdict_of(&e, 0, 1), WRONG, "a number");
    verdict_free(&e);
}

Test(verify, a_window_without_taps_may_give_anything)
{
    verdict_example e = verdict_forward(POOLGRAD_MAX, 1, ROW(F32, 1, 2), F32);
    e.problem.offset_x = 1;
    expect(VERDICT_OF_ROW(&e, 2, 0), EQUAL, "0");
    expect(VERDICT_OF_ROW(&e, 2, -(double)INFINITY), UNDOCUMENTED, "-infinity");
    expect_decision(&e, POOLGRAD_DECISION_EMPTY_WINDOW);
    e.problem.kind = POOLGRAD_AVERAGE;
    expect(VERDICT_OF_ROW(&e, 2, -(double)INFINITY), WRONG, "an average, which is documented");
    verdict_free(&e);
}

Test(verify, a_window_of_minus_infinity_may_pick_nothing)
{
    const double least = -(double)INFINITY;
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 2, ROW(F32, least, least, 1), ROW(F32, 4, 5), F32);
    expect(VERDICT_OF_ROW(&e, 4, 0, 5), EQUAL, "the first tap");
    expect(VERDICT_OF_ROW(&e, 0, 4, 5), TIE, "the second tap");
    expect(VERDICT_OF_ROW(&e, 0, 0, 5), UNDOCUMENTED, "none");
    expect_decision(&e, POOLGRAD_DECISION_LEAST_WINDOW);
    expect(VERDICT_OF_ROW(&e, 3, 0, 5), WRONG, "a part of the gradient");
    expect(VERDICT_OF_ROW(&e, 4, 0, 0), WRONG, "none of a window with a number");
    verdict_free(&e);
}

/* ---- Where nothing is written -------------------------------------------------------------------------------- */

Test(verify, what_lies_outside_of_the_clip_is_judged_if_it_is_known)
{
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 0, 0, 0), ROW(F32, 1, 2, 3), F32);
    e.problem.clip.x = 1;
    e.problem.clip.width = 1;
    expect(VERDICT_OF_ROW(&e, 7, 2, 9), EQUAL, "not known");
    e.before = ROW(F32, 7, 8, -0.0);
    expect(VERDICT_OF_ROW(&e, 7, 2, -0.0), EQUAL, "as it was");
    expect(VERDICT_OF_ROW(&e, 7, 2, 0), WRONG, "another zero");
    cr_expect_eq(e.finding.x, 2);
    verdict_free(&e);
}

Test(verify, what_the_destination_held_is_added)
{
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 0, 0), ROW(F32, 1), F32);
    e.problem.add_to_destination = 1;
    e.before = ROW(F32, 5, -0.0);
    expect(VERDICT_OF_ROW(&e, 6, 0), EQUAL, "added");
    expect(VERDICT_OF_ROW(&e, 1, 0), WRONG, "overwritten");
    expect(VERDICT_OF_ROW(&e, 6, -0.0), UNDOCUMENTED, "a zero left alone");
    expect_decision(&e, POOLGRAD_DECISION_SIGN_OF_ZERO);
    verdict_free(&e);
}

/* ---- Whole images -------------------------------------------------------------------------------------------- */

/* Images of several planes with one wrong element in each: the same is found by any number of threads. */
Test(verify, threads_find_the_same)
{
    const poolgrad_image size = {.images = 2, .channels = 5, .height = 1, .width = 3};
    poolgrad_declaration declaration;
    poolgrad_problem p;
    poolgrad_error error;
    poolgrad_problem_init(&p, sizeof p);
    poolgrad_declaration_init(&declaration, sizeof declaration);
    p.direction = POOLGRAD_GRADIENT;
    p.source = view_read(view_new(F32, POOLGRAD_NHWC, &size, 0));
    p.source_gradient = view_read(view_new(F32, POOLGRAD_NC4HW4, &size, 0));
    p.destination = view_new(F16, POOLGRAD_NC4HW4, &size, 0);
    for (int64_t i = 0; i < 10; i++) view_set_number(&p.destination, i / 5, i % 5, 0, i % 3, (double)(i + 1));
    for (p.threads = 1; p.threads <= 3; p.threads++) {
        poolgrad_verification *v;
        cr_assert_eq(poolgrad_verify(&p, &declaration, &v, &error), POOLGRAD_OK, "%s", error.message);
        cr_expect_eq(poolgrad_verification_count(v, WRONG), 10);
        cr_expect_eq(poolgrad_verification_count(v, EQUAL), 20);
        cr_expect_eq(poolgrad_verification_finding_count(v), 10);
        for (int64_t i = 0; i < 10; i++) {
            cr_expect_eq(poolgrad_verification_at(v, i / 5, i % 5, 0, 0, i % 3), WRONG);
            cr_expect_eq(poolgrad_verification_finding(v, i)->actual, (double)(10 - i), "the worst come first");
        }
        cr_expect_null(poolgrad_verification_finding(v, 10));
        poolgrad_verification_destroy(v);
    }
    view_free_read(&p.source);
    view_free_read(&p.source_gradient);
    view_free(&p.destination);
}

Test(verify, empty_images_pass)
{
    poolgrad_declaration declaration;
    poolgrad_problem p;
    poolgrad_error error;
    poolgrad_verification *v;
    poolgrad_problem_init(&p, sizeof p);
    poolgrad_declaration_init(&declaration, sizeof declaration);
    p.source = poolgrad_const_image_dense(NULL, F32, POOLGRAD_NCHW, 1, 1, 0, 3);
    p.destination = poolgrad_image_dense(NULL, F32, POOLGRAD_NCHW, 1, 1, 0, 3);
    cr_assert_eq(poolgrad_verify(&p, &declaration, &v, &error), POOLGRAD_OK, "%s", error.message);
    cr_expect_eq(poolgrad_verification_passes(v), 1);
    cr_expect_eq(poolgrad_verification_count(v, EQUAL), 0);
    poolgrad_verification_destroy(v);
}

/* ---- Answers about what is not there ------------------------------------------------------------------------- */

Test(verify, no_element_is_not_an_element_that_is_not_judged)
{
    static const int64_t outside[][5] = {{1, 0, 0, 0, 0},  {0, 1, 0, 0, 0},  {0, 0, 1, 0, 0},  {0, 0, 0, 1, 0},
                                         {0, 0, 0, 0, 2},  {-1, 0, 0, 0, 0}, {0, -1, 0, 0, 0}, {0, 0, -1, 0, 0},
                                         {0, 0, 0, -1, 0}, {0, 0, 0, 0, -1}};
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 1, 2), ROW(F32, 1, 2), F32);
    poolgrad_verification *v;
    e.problem.clip.width = 1;
    cr_assert_eq(poolgrad_verify(&e.problem, &e.declaration, &v, NULL), POOLGRAD_OK);
    cr_expect_eq(poolgrad_verification_at(v, 0, 0, 0, 0, 1), POOLGRAD_VERDICT_NONE);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        const int64_t *at = outside[i];
        cr_expect_eq(poolgrad_verification_at(v, at[0], at[1], at[2], at[3], at[4]), POOLGRAD_VERDICT_NO_ELEMENT);
    }
    poolgrad_verification_destroy(v);
    verdict_free(&e);
}

Test(verify, counts_of_what_is_none)
{
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 1), ROW(F32, 1), F32);
    poolgrad_verification *v;
    cr_assert_eq(poolgrad_run(&e.problem, NULL), POOLGRAD_OK);
    cr_assert_eq(poolgrad_verify(&e.problem, &e.declaration, &v, NULL), POOLGRAD_OK);
    cr_expect_eq(poolgrad_verification_count(v, WRONG), 0);
    cr_expect_eq(poolgrad_verification_count(v, POOLGRAD_VERDICT_NO_ELEMENT), -1);
    cr_expect_eq(poolgrad_verification_count(v, (poolgrad_verdict)POOLGRAD_VERDICTS), -1);
    cr_expect_eq(poolgrad_verification_decision_count(v, POOLGRAD_DECISION_NONE), 0);
    cr_expect_eq(poolgrad_verification_decision_count(v, POOLGRAD_DECISION_LEAST_WINDOW), 0);
    cr_expect_eq(poolgrad_verification_decision_count(v, (poolgrad_decision)-1), -1);
    cr_expect_eq(poolgrad_verification_decision_count(v, (poolgrad_decision)POOLGRAD_DECISIONS), -1);
    cr_expect_eq(poolgrad_verification_cause_count(v), -1, "nobody has looked for causes");
    cr_assert_eq(poolgrad_verification_find_causes(v, NULL), POOLGRAD_OK);
    cr_expect_eq(poolgrad_verification_cause_count(v), 0, "there are none");
    cr_expect_null(poolgrad_verification_cause(v, 0));
    poolgrad_verification_destroy(v);
    verdict_free(&e);
}

Test(verify, values_have_names)
{
    cr_expect_str_eq(poolgrad_verdict_name(POOLGRAD_VERDICT_NONE), "none");
    cr_expect_str_eq(poolgrad_verdict_name(UNBOUNDED), "unbounded");
    cr_expect_str_eq(poolgrad_verdict_name(WRONG), "wrong");
    cr_expect_null(poolgrad_verdict_name(POOLGRAD_VERDICT_NO_ELEMENT));
    cr_expect_null(poolgrad_verdict_name((poolgrad_verdict)POOLGRAD_VERDICTS));
    cr_expect_str_eq(poolgrad_decision_name(POOLGRAD_DECISION_NONE), "none");
    cr_expect_str_eq(poolgrad_decision_name(POOLGRAD_DECISION_NAN_RULE), "nan-rule");
    cr_expect_str_eq(poolgrad_decision_name(POOLGRAD_DECISION_LEAST_WINDOW), "least-window");
    cr_expect_null(poolgrad_decision_name((poolgrad_decision)POOLGRAD_DECISIONS));
    cr_expect_null(poolgrad_decision_text((poolgrad_decision)-1));
    cr_expect_str_eq(poolgrad_division_name(POOLGRAD_DIVISION_ANY), "any");
    cr_expect_str_eq(poolgrad_division_name(POOLGRAD_DIVISION_RECIPROCAL), "reciprocal");
    cr_expect_null(poolgrad_division_name((poolgrad_division)3));
    cr_expect_str_eq(poolgrad_fusion_name(POOLGRAD_FUSION_NONE), "none");
    cr_expect_str_eq(poolgrad_fusion_name(POOLGRAD_FUSION_ALL), "all");
    cr_expect_null(poolgrad_fusion_name((poolgrad_fusion)-1));
    cr_expect_str_eq(poolgrad_subnormals_name(POOLGRAD_SUBNORMALS_KEPT), "kept");
    cr_expect_str_eq(poolgrad_subnormals_name(POOLGRAD_SUBNORMALS_FLUSHED), "flushed");
    cr_expect_null(poolgrad_subnormals_name((poolgrad_subnormals)2));
}

Test(verify, distances_are_counted_in_numbers_of_the_format)
{
    cr_expect_eq(poolgrad_ulps_between(F32, 1, 1), 0);
    cr_expect_eq(poolgrad_ulps_between(F32, (double)NAN, (double)NAN), 0);
    cr_expect_eq(poolgrad_ulps_between(F32, 1, 1 + 0x1p-23), 1);
    cr_expect_eq(poolgrad_ulps_between(F32, 1 + 0x1p-23, 1), 1);
    cr_expect_eq(poolgrad_ulps_between(F16, -0x1p-24, 0x1p-24), 2);
    cr_expect_eq(poolgrad_ulps_between(POOLGRAD_BFLOAT16, 1, 2), 128);
    cr_expect_eq(poolgrad_ulps_between(POOLGRAD_FLOAT64, 1, (double)INFINITY), INT64_MAX);
    cr_expect_eq(poolgrad_ulps_between(POOLGRAD_UNORM8, 0, 1), -1);
    cr_expect_eq(poolgrad_ulps_between(POOLGRAD_INT64, 0, 1), -1);
    cr_expect_eq(poolgrad_ulps_between(POOLGRAD_FORMAT_NONE, 0, 0), -1);
}

/* ---- Declarations of other versions -------------------------------------------------------------------------- */

/* A caller compiled before the last fields were there: they are neutral, whatever lies behind his struct. */
Test(verify, a_smaller_declaration_lacks_what_is_neutral)
{
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 1, 2), ROW(F32, 1, 2), F32);
    poolgrad_declaration d;
    poolgrad_verification *v;
    memset(&d, 0x55, sizeof d);
    d.struct_size = offsetof(poolgrad_declaration, fusion);
    d.computed_in = F16;
    d.division = POOLGRAD_DIVISION_ANY;
    cr_assert_eq(poolgrad_verify(&e.problem, &d, &v, NULL), POOLGRAD_OK);
    cr_expect_eq(poolgrad_verification_count(v, WRONG), 2);
    cr_expect_eq(poolgrad_verification_finding_count(v), 2, "twenty are kept");
    cr_expect_eq(poolgrad_computed_in(&e.problem, &d), F16);
    poolgrad_verification_destroy(v);
    verdict_free(&e);
}

/* One compiled later: his further fields are at rest, or it is refused. */
Test(verify, a_larger_declaration_asks_for_nothing_that_is_not_known)
{
    struct {
        poolgrad_declaration known;
        unsigned char later[16];
    } d;
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 1), ROW(F32, 1), F32);
    poolgrad_verification *v;
    poolgrad_error error = {"", ""};
    char sentence[256];
    poolgrad_declaration_init(&d.known, sizeof d);
    cr_expect_eq(d.known.struct_size, sizeof d);
    cr_assert_eq(poolgrad_verify(&e.problem, &d.known, &v, &error), POOLGRAD_OK, "%s", error.message);
    poolgrad_verification_destroy(v);
    d.later[3] = 1;
    cr_expect_eq(poolgrad_verify(&e.problem, &d.known, &v, &error), POOLGRAD_INVALID);
    cr_expect_null(v);
    cr_expect_str_eq(error.field, "declaration.struct_size");
    snprintf(
        sentence, sizeof sentence,
        "declaration.struct_size is %zu and byte %zu is not zero; expected zeros behind the %zu bytes that version "
        "%s knows",
        sizeof d, sizeof d.known + 3, sizeof d.known, poolgrad_version());
    cr_expect_str_eq(error.message, sentence);
    cr_expect_eq(poolgrad_computed_in(&e.problem, &d.known), POOLGRAD_FORMAT_NONE);
    verdict_free(&e);
}

/* The same of the problem. */
Test(verify, a_smaller_problem_lacks_what_is_neutral)
{
    verdict_example e = verdict_gradient(POOLGRAD_AVERAGE, 1, ROW(F32, 1), ROW(F32, 1), F32);
    poolgrad_verification *v;
    poolgrad_error error = {"", ""};
    memset((char *)&e.problem + offsetof(poolgrad_problem, threads), 0x55,
           sizeof e.problem - offsetof(poolgrad_problem, threads));
    e.problem.struct_size = offsetof(poolgrad_problem, threads);
    cr_assert_eq(poolgrad_verify(&e.problem, &e.declaration, &v, &error), POOLGRAD_OK, "%s", error.message);
    poolgrad_verification_destroy(v);
    verdict_free(&e);
}

/* ---- Refusals ------------------------------------------------------------------------------------------------ */

static void expect_refusal(const verdict_example *e, const poolgrad_declaration *declaration, const char *sentence)
{
    poolgrad_error error;
    poolgrad_verification *v = (poolgrad_verification *)&error; /* anything but null */
    cr_expect_eq(poolgrad_verify(&e->problem, declaration, &v, &error), POOLGRAD_INVALID);
    cr_expect_null(v);
    cr_expect_str_eq(error.message, sentence);
    cr_expect(strncmp(error.message, error.field, strlen(error.field)) == 0);
}

Test(verify, declarations_out_of_range_are_refused)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1), ROW(F32, 1), F32);
    poolgrad_declaration d = e.declaration;
    char sentence[256];
    expect_refusal(&e, NULL, "declaration is null; expected one of poolgrad_declaration_init");
    d.struct_size = 0;
    snprintf(sentence, sizeof sentence, "declaration.struct_size is 0; expected %zu, set by poolgrad_declaration_init",
             sizeof d);
    expect_refusal(&e, &d, sentence);
    d = e.declaration;
    d.computed_in = POOLGRAD_UNORM8;
    expect_refusal(&e, &d,
                   "declaration.computed_in is 1 (unorm8); expected float16, bfloat16, float32, float64, or none");
    d = e.declaration;
    d.findings = -1;
    expect_refusal(&e, &d, "declaration.findings is -1; expected at least 0");
    d = e.declaration;
    d.division = (poolgrad_division)3;
    expect_refusal(&e, &d, "declaration.division is 3; expected any (0), true (1) or reciprocal (2)");
    d = e.declaration;
    d.fusion = (poolgrad_fusion)3;
    expect_refusal(&e, &d, "declaration.fusion is 3; expected any (0), none (1) or all (2)");
    d = e.declaration;
    d.subnormals = (poolgrad_subnormals)2;
    expect_refusal(&e, &d, "declaration.subnormals is 2; expected kept (0) or flushed (1)");
    d = e.declaration;
    d.chain = -1;
    expect_refusal(&e, &d, "declaration.chain is -1; expected additions, or 0: any number");
    d = e.declaration;
    d.digits = 21;
    expect_refusal(&e, &d, "declaration.digits is 21; expected 1 to 20, or 0: as stored");
    verdict_free(&e);
}

/* Nobody judges what a forward call picks. */
Test(verify, picks_are_refused)
{
    int32_t picks[1];
    char sentence[256];
    verdict_example e = verdict_forward(POOLGRAD_MAX, 1, ROW(F32, 1), F32);
    e.problem.picks = poolgrad_image_dense(picks, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    snprintf(sentence, sizeof sentence, "picks.data is %p; expected null: a forward call's picks are not judged",
             (void *)picks);
    expect_refusal(&e, &e.declaration, sentence);
    verdict_free(&e);
}

Test(verify, a_former_content_that_does_not_fit_is_refused)
{
    verdict_example e = verdict_gradient(POOLGRAD_MAX, 1, ROW(F32, 1), ROW(F32, 1), F32);
    poolgrad_image larger = ROW(F32, 1, 2);
    poolgrad_declaration d = e.declaration;
    e.problem.add_to_destination = 1;
    expect_refusal(&e, &d,
                   "declaration.before is null; expected what the destination held, for the problem adds to it");
    const poolgrad_const_image view = view_read(larger);
    d.before = &view;
    expect_refusal(&e, &d, "declaration.before is of another format or size; expected those of the destination");
    e.problem.window.stride_x = 0;
    expect_refusal(&e, &d, "window.stride_x is 0; expected 1 to 2^61");
    view_free(&larger);
    verdict_free(&e);
}
