/* SPDX-License-Identifier: Apache-2.0 */
/* Like ../c/main.c in C++17: the gradient of a 2x2 max, stride 2, ties included, by a plan. */
#include <algorithm>
#include <array>
#include <iostream>
#include <poolgrad/poolgrad.h>
#include <string>

int main()
{
    const std::array<float, 16> x = {1, 5, 2, 0, 3, 4, 7, 6, 9, 8, -1, -2, 9, 0, -3, -1};
    const std::array<float, 4> dy = {10, 20, 30, 40};
    std::array<float, 16> dx;
    const std::array<float, 16> expected = {0, 10, 0, 0, 0, 0, 20, 0, 30, 0, 40, 0, 0, 0, 0, 0};

    poolgrad_problem problem;
    poolgrad_problem_init(&problem, sizeof problem);
    problem.direction = POOLGRAD_GRADIENT;
    problem.kind = POOLGRAD_MAX;
    problem.window.kernel_width = problem.window.kernel_height = 2;
    problem.window.stride_x = problem.window.stride_y = 2;
    problem.offset_x = problem.offset_y = 1;
    problem.source = poolgrad_const_image_dense(x.data(), POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    problem.source_gradient = poolgrad_const_image_dense(dy.data(), POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    problem.destination = poolgrad_image_dense(dx.data(), POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);

    poolgrad_plan *plan = nullptr;
    poolgrad_error error;
    if (poolgrad_plan_create(&problem, &plan, &error) != POOLGRAD_OK) {
        std::cerr << "refused: " << error.message << '\n';
        return 1;
    }
    poolgrad_plan_run(plan);
    poolgrad_plan_destroy(plan);
    if (!std::equal(dx.begin(), dx.end(), expected.begin())) {
        for (float value : dx) std::cerr << value << ' ';
        std::cerr << "is not the gradient\n";
        return 1;
    }
    if (std::string(poolgrad_version()) != PACKAGE_VERSION) {
        std::cerr << "the library is " << poolgrad_version() << ", the package " << PACKAGE_VERSION << '\n';
        return 1;
    }
    return 0;
}
