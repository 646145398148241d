/* SPDX-License-Identifier: Apache-2.0 */
/* A program that knows the installed package only: the gradient of a 3x3 max, stride 2, pad 1, over a 4x4 image, by the
 * shortest code. What is read is const, and no cast is needed. */
#include <poolgrad/poolgrad.h>
#include <stdio.h>
#include <string.h>

#if POOLGRAD_VERSION < 200
#error the header is older than the interface this program is written for
#endif

static const float x[16] = {
    -1,  -2,  -3,  -4,  //
    -5,  -6,  -7,  -8,  //
    -9,  -10, -11, -12, //
    -13, -14, -15, -16,
};
static const float dy[4] = {1, 2, 3, 4};
static const float expected[16] = {
    1, 2, 0, 0, //
    3, 4, 0, 0, //
    0, 0, 0, 0, //
    0, 0, 0, 0,
};

int main(void)
{
    float dx[16];
    const poolgrad_pads pads = {1, 1, 1, 1};
    poolgrad_problem problem;
    poolgrad_problem_init(&problem, sizeof problem);
    problem.direction = POOLGRAD_GRADIENT;
    problem.kind = POOLGRAD_MAX;
    problem.window.kernel_width = problem.window.kernel_height = 3;
    problem.window.stride_x = problem.window.stride_y = 2;
    problem.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    problem.source_gradient = poolgrad_const_image_dense(dy, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    problem.destination = poolgrad_image_dense(dx, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);

    poolgrad_error error;
    if (poolgrad_problem_set_pads(&problem, &pads, POOLGRAD_ROUND_DOWN, &error) != POOLGRAD_OK ||
        poolgrad_run(&problem, &error) != POOLGRAD_OK) {
        fprintf(stderr, "refused: %s\n", error.message);
        return 1;
    }
    if (memcmp(dx, expected, sizeof dx) != 0) {
        for (int i = 0; i < 16; i++) fprintf(stderr, "dx[%d] is %g; expected %g\n", i, dx[i], expected[i]);
        return 1;
    }
    if (strcmp(poolgrad_version(), PACKAGE_VERSION) != 0) {
        fprintf(stderr, "the library is %s, the package %s\n", poolgrad_version(), PACKAGE_VERSION);
        return 1;
    }
    return 0;
}
