/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases of tests/data: the tensors of a pooling layer, and the command's options for it in the file `options`. They
 * become a problem by the parts of the command that do so for its own command line.
 */
#ifndef POOLGRAD_TESTS_REAL_CASE_H
#define POOLGRAD_TESTS_REAL_CASE_H

#include "cli/tensor.h"
#include <poolgrad/poolgrad.h>
#include <stdbool.h>

/*
 * How far poolgrad and PyTorch may be apart for L2-norm with 2x2 windows that do not overlap, in units in the last
 * place. With u = 2^-24 and relative errors to first order, PyTorch, which rounds to float32 after each step, has
 *     forward     x^2: 1u, their sum: 3u more; the average's division by 4 and the multiplication by 4 are exact: 4u
 *     backward    square root of it: 2u from it and 1u of its own; its reciprocal, times g, times x: 1u each
 * in all 6u, which is at most 6 ulp. poolgrad is within half an ulp of the truth. Since both are float32, 6.5 ulp bound
 * a whole number; where a power of two lies between them, steps on one side are half as long, hence one more.
 */
enum { REAL_CASE_L2NORM_ULP = 7 };

typedef struct real_case {
    poolgrad_problem problem; /* the gradient; its images are the first three tensors */
    struct tensor source, source_gradient, destination;
    struct tensor expected; /* PyTorch's gradient, sized and stored like the destination */
} real_case;

/* False after one sentence on stderr. A case that could not be read holds nothing. */
bool real_case_read(real_case *made, const char *folder);
void real_case_free(real_case *made);

/* How two dense float32 images of the same size differ. Units in the last place are counted as float32 numbers between
 * the two; a NaN is further away than any number. */
typedef struct real_agreement {
    int64_t elements, different, greatest_ulp;
} real_agreement;

real_agreement real_case_compare(const poolgrad_image *actual, const poolgrad_image *expected);

/* Max and average: the same bits. L2-norm: within REAL_CASE_L2NORM_ULP. */
bool real_case_agrees(const poolgrad_problem *problem, const real_agreement *agreement);

#endif
