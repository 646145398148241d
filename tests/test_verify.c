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
#define F32 POOLGRAD_FLOAT32
#define F64 POOLGRAD_FLOAT64

#define EQUAL POOLGRAD_VERDICT_EQUAL
#define LEGAL POOLGRAD_VERDICT_LEGAL_ROUNDING
#define WRONG POOLGRAD_VERDICT_WRONG

static void expect(poolgrad_verdict verdict, poolgrad_verdict expected, const char *what)
{
    cr_expect(verdict == expected, "%s: is %s, expected %s", what, poolgrad_verdict_name(verdict),
              poolgrad_verdict_name(expected));
}

/* ---- Arithmetic that was once refused ------------------------------------------------------------------------ */

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
