/* SPDX-License-Identifier: Apache-2.0 */
/* Windows over a whole plane, or nearly, and every element wrong or doubtful: were a window searched for each element
 * that asks for it, these would take hours. */
#include "support/small.h"

#include <criterion/criterion.h>
#include <poolgrad/oracle.h>
#include <stdbool.h>

enum { SIDE = 512, PIXELS = SIDE * SIDE, EDGE = 192, WINDOWS = 2 };

static float source[PIXELS], gradient[WINDOWS * WINDOWS], actual[PIXELS];

static poolgrad_problem large_problem(poolgrad_kind kind, poolgrad_tie_rule ties, int64_t side, int64_t windows)
{
    const int64_t kernel = side - windows + 1;
    poolgrad_problem p = poolgrad_small_problem(kind, POOLGRAD_EDGE_CLAMP, SQUARE(kernel, 1, 1), kernel / 2,
                                                kernel / 2);
    p.direction = POOLGRAD_GRADIENT;
    p.ties = ties;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, side, side);
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, windows, windows);
    p.destination = poolgrad_image_dense(actual, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, side, side);
    return p;
}

static int64_t count_verdicts(const poolgrad_problem *p, poolgrad_verdict verdict)
{
    poolgrad_declaration declaration;
    poolgrad_verification *v;
    poolgrad_error error = {"", ""};
    poolgrad_declaration_init(&declaration, sizeof declaration);
    cr_assert(poolgrad_verify(p, &declaration, &v, &error) == POOLGRAD_OK, "%s", error.message);
    const int64_t count = poolgrad_verification_count(v, verdict);
    poolgrad_verification_destroy(v);
    return count;
}

Test(verify_large, every_element_is_wrong)
{
    for (int i = 0; i < PIXELS; ++i) source[i] = i == PIXELS / 3 ? 2 : (float)(i % 3) - 1;
    for (int i = 0; i < PIXELS; ++i) actual[i] = 5;
    gradient[0] = 3;
    for (int ties = 0; ties < 4; ++ties) {
        const poolgrad_problem p = large_problem(POOLGRAD_MAX, (poolgrad_tie_rule)ties, SIDE, 1);
        const int64_t wrong = count_verdicts(&p, POOLGRAD_VERDICT_WRONG);
        cr_expect(wrong == PIXELS, "ties %d: %lld", ties, (long long)wrong);
    }
    const poolgrad_problem p = large_problem(POOLGRAD_L2NORM, POOLGRAD_TIES_FIRST, EDGE, 1);
    const int64_t wrong = count_verdicts(&p, POOLGRAD_VERDICT_WRONG);
    cr_expect(wrong == EDGE * EDGE, "L2-norm: %lld", (long long)wrong);
}

/* All taps are equal, so that any of them may get the gradient, but only one. */
Test(verify_large, every_element_is_a_candidate)
{
    for (int i = 0; i < PIXELS; ++i) source[i] = actual[i] = 0;
    gradient[0] = actual[PIXELS - 7] = 3;
    const poolgrad_problem p = large_problem(POOLGRAD_MAX, POOLGRAD_TIES_FIRST, SIDE, 1);
    const int64_t tied = count_verdicts(&p, POOLGRAD_VERDICT_LEGAL_TIE);
    cr_expect(tied == 2, "%lld", (long long)tied);
    actual[5] = 3;
    const int64_t wrong = count_verdicts(&p, POOLGRAD_VERDICT_WRONG);
    cr_expect(wrong > 0);
}

/* Four windows whose terms cancel: that each pixel's sum is 0 is known by the windows' squares, not by more bits. */
Test(verify_large, every_sum_is_rational)
{
    poolgrad_error error = {"", ""};
    for (int i = 0; i < PIXELS; ++i) source[i] = 1;
    gradient[0] = 3;
    gradient[1] = -3;
    gradient[2] = 1;
    gradient[3] = -1;
    const poolgrad_problem p = large_problem(POOLGRAD_L2NORM, POOLGRAD_TIES_FIRST, EDGE, WINDOWS);
    cr_assert(poolgrad_exact_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(actual[0] == 3.0F / (EDGE - 1) && actual[EDGE * EDGE - 1] == -1.0F / (EDGE - 1));
    bool cancelled = true;
    for (int y = 1; y < EDGE - 1; ++y) {
        for (int x = 1; x < EDGE - 1; ++x) cancelled = cancelled && actual[y * EDGE + x] == 0;
    }
    cr_expect(cancelled);
}
