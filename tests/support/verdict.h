/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of rows small enough to be worked out by hand: what the reference gives, one pixel of it changed, and
 * what is said of that pixel.
 */
#ifndef POOLGRAD_TESTS_VERDICT_H
#define POOLGRAD_TESTS_VERDICT_H

#include <poolgrad/oracle.h>
#include <stdbool.h>

/* A problem with rows for images; windows have one row of taps, and the first one begins at the row's first pixel. */
typedef struct verdict_example {
    poolgrad_problem problem;
    poolgrad_declaration declaration;
    poolgrad_image before;       /* what the destination holds before; data is null: zeros */
    poolgrad_const_image former; /* the same, to be read */
    poolgrad_finding finding;    /* the worst of the last verification; of verdict none, if there is none */
} verdict_example;

#define VERDICT_VALUES(...)                                                                                            \
    (int64_t)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[])                                            \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

/* A row of values, rounded to the format; freed with the example. */
poolgrad_image verdict_row(poolgrad_format format, int64_t count, const double *values);
#define ROW(format, ...) verdict_row(format, VERDICT_VALUES(__VA_ARGS__))

/* Declared to sum in the destination's format. The destination has that format and the size of the source. */
verdict_example verdict_gradient(poolgrad_kind kind, int64_t kernel, poolgrad_image source, poolgrad_image gradient,
                                 poolgrad_format destination);
/* The destination has as many pixels as windows fit into the source. */
verdict_example verdict_forward(poolgrad_kind kind, int64_t kernel, poolgrad_image source, poolgrad_format destination);
void verdict_free(verdict_example *example);

/* What is there if the destination holds what the reference gives, but `value` at pixel x. Fails the test where
 * verification refuses. */
poolgrad_verdict verdict_of(verdict_example *example, int64_t x, double value);

/* The same of all pixels at once, the worst verdict. */
poolgrad_verdict verdict_of_row(verdict_example *example, int64_t count, const double *values);
#define VERDICT_OF_ROW(example, ...) verdict_of_row(example, VERDICT_VALUES(__VA_ARGS__))

/* The number of the destination's format that comes after the value. */
double verdict_next(const verdict_example *example, double value, bool upwards);

#endif
