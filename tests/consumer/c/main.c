/* SPDX-License-Identifier: Apache-2.0 */
/* A program that knows the installed package only: the gradient of a 2x2 max over a 4x4 image, ties included. */
#include <poolgrad/poolgrad.h>
#include <stdio.h>
#include <string.h>

static const float x[16] = {
    1, 5, 2,  0,  //
    3, 4, 7,  6,  //
    9, 8, -1, -2, //
    9, 0, -3, -1,
};
static const float dy[4] = {10, 20, 30, 40};
static const float expected[16] = {
    0,  10, 0,  0, //
    0,  0,  20, 0, //
    30, 0,  40, 0, //
    0,  0,  0,  0,
};

static poolgrad_image image(const float *data, int64_t side)
{
    return (poolgrad_image){.data = (void *)(uintptr_t)data,
                            .format = POOLGRAD_FLOAT32,
                            .images = 1,
                            .channels = 1,
                            .height = side,
                            .width = side};
}

int main(void)
{
    float dx[16];
    poolgrad_problem problem;
    poolgrad_problem_init(&problem, sizeof problem);
    problem.direction = POOLGRAD_GRADIENT;
    problem.kind = POOLGRAD_MAX;
    problem.window = (poolgrad_window){2, 2, 2, 2, 1, 1};
    problem.offset_x = problem.offset_y = 1;
    problem.source = image(x, 4);
    problem.source_gradient = image(dy, 2);
    problem.destination = image(dx, 4);

    poolgrad_error error;
    if (poolgrad_run(&problem, &error) != POOLGRAD_OK) {
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
