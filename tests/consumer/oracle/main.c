/* SPDX-License-Identifier: Apache-2.0 */
/* A program that knows the installed package only: sums that float32 loses, exactly, and a verdict on the usual ones.
 */
#include <poolgrad/oracle.h>
#include <stdio.h>
#include <string.h>

static int refused(const poolgrad_error *error)
{
    fprintf(stderr, "refused: %s\n", error->message);
    return 1;
}

int main(void)
{
    const float x[3] = {0x1p24f, 1, 1};
    float y[1] = {0};
    poolgrad_problem problem;
    poolgrad_declaration declaration;
    poolgrad_verification *verification;
    poolgrad_error error;
    poolgrad_problem_init(&problem, sizeof problem);
    problem.window.kernel_width = 3;
    problem.offset_x = 1;
    problem.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 3);
    problem.destination = poolgrad_image_dense(y, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);

    if (poolgrad_exact_run(&problem, &error) != POOLGRAD_OK) return refused(&error);
    if (y[0] != 5592406.0f) { /* 16777218 / 3; in float32 the ones get lost, and 5592405.5 is left */
        fprintf(stderr, "the average is %.9g; expected 5592406\n", y[0]);
        return 1;
    }
    if (poolgrad_run(&problem, &error) != POOLGRAD_OK) return refused(&error);
    poolgrad_declaration_init(&declaration, sizeof declaration);
    if (poolgrad_verify(&problem, &declaration, &verification, &error) != POOLGRAD_OK) return refused(&error);
    const int passes = poolgrad_verification_passes(verification);
    poolgrad_verification_destroy(verification);
    if (y[0] != 5592405.5f || !passes) {
        fprintf(stderr, "the usual average is %.9g, and %s\n", y[0], passes ? "right" : "wrong");
        return 1;
    }
    if (strcmp(poolgrad_version(), PACKAGE_VERSION) != 0) {
        fprintf(stderr, "the library is %s, the package %s\n", poolgrad_version(), PACKAGE_VERSION);
        return 1;
    }
    return 0;
}
