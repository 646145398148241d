/* SPDX-License-Identifier: Apache-2.0 */
/* Causes where memory is lacking: each allocation fails in its turn. */
#include "support/allocation.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <poolgrad/oracle.h>
#include <string.h>

enum { SIDE = 6 };

/* An average whose windows shrink, computed as if they did not. */
static poolgrad_problem make_problem(void)
{
    static float source[SIDE * SIDE], gradient[SIDE * SIDE], result[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
        source[i] = (float)(i % 7) - 2;
        gradient[i] = (float)(i % 5) + 1;
    }
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.window.kernel_width = p.window.kernel_height = 3;
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    p.destination = poolgrad_image_dense(result, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    cr_assert_eq(poolgrad_run(&p, NULL), POOLGRAD_OK);
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    return p;
}

static poolgrad_verification *judge(const poolgrad_problem *problem)
{
    poolgrad_declaration declaration;
    poolgrad_verification *verification;
    poolgrad_declaration_init(&declaration, sizeof declaration);
    cr_assert_eq(poolgrad_verify(problem, &declaration, &verification, NULL), POOLGRAD_OK);
    return verification;
}

static void expect_found(poolgrad_verification *verification)
{
    const poolgrad_cause *cause = poolgrad_verification_cause(verification, 0);
    cr_assert(cause);
    cr_expect_str_eq(cause->name, "divisor-full-kernel");
}

Test(causes_allocation, refused_whole_and_found_when_asked_again)
{
    const poolgrad_problem problem = make_problem();
    const int64_t begin = allocation_live();
    poolgrad_verification *verification = judge(&problem);
    allocation_begin(0, false);
    cr_assert_eq(poolgrad_verification_find_causes(verification, NULL), POOLGRAD_OK);
    const int64_t count = allocation_end();
    expect_found(verification);
    poolgrad_verification_destroy(verification);
    cr_expect_gt(count, 5);
    for (int64_t failing = 1; failing <= count; failing++) {
        poolgrad_error error = refusal_none();
        verification = judge(&problem);
        const int64_t live = allocation_live();
        allocation_begin(failing, false);
        const poolgrad_status status = poolgrad_verification_find_causes(verification, &error);
        allocation_end();
        cr_expect_eq(status, POOLGRAD_NO_MEMORY, "allocation %d", (int)failing);
        cr_expect(refusal_is_sentence(&error));
        cr_expect_str_eq(error.message, "verification does not fit into memory");
        cr_expect_eq(poolgrad_verification_cause_count(verification), -1);
        cr_expect_eq(allocation_live(), live, "allocation %d: leaks", (int)failing);
        cr_assert_eq(poolgrad_verification_find_causes(verification, NULL), POOLGRAD_OK);
        expect_found(verification);
        poolgrad_verification_destroy(verification);
    }
    cr_expect_eq(allocation_live(), begin);
}
