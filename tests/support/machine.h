/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A processor that computes as implementations of pooling do: in a format of its choice, with operations fused or not,
 * divisions done one way or the other, subnormal numbers lost or kept, and sums in any order. Every choice that is left
 * open is made at random. Values are numbers of the format, held in doubles.
 */
#ifndef POOLGRAD_TESTS_MACHINE_H
#define POOLGRAD_TESTS_MACHINE_H

#include "random.h"
#include <poolgrad/poolgrad.h>

/* How often, in a hundred. */
typedef struct machine {
    random_state random;
    poolgrad_format format;
    poolgrad_format summed; /* that partial sums are stored in; none: the format */
    int fused;              /* a product that can be fused is */
    int reciprocal;         /* a quotient is a product with the reciprocal */
    int flushed;            /* a subnormal number is lost */
    int64_t chain;          /* of additions of a term, at most, or as few as the number of terms needs; 0: any number */
} machine;

/* What is added: a number, or a product of two that has not been computed yet. */
typedef struct machine_term {
    bool is_product;
    double a, b;
} machine_term;

/* A number of another format as the machine reads it, and as it stores one. */
double machine_load(machine *m, poolgrad_format format, double value);
double machine_store(machine *m, poolgrad_format format, double value);

double machine_multiply(machine *m, double a, double b);
double machine_divide(machine *m, double a, double b);
double machine_root(machine *m, double a);
/* 1 / sqrt(a), in one rounding or in two. */
double machine_inverse_root(machine *m, double a);

machine_term machine_number(double a);
machine_term machine_product(double a, double b);
/* a / b, one way or the other; `inverse` is 1 / b as the machine has it, 0: it is computed. */
machine_term machine_quotient(machine *m, double a, double b, double inverse);
double machine_value(machine *m, machine_term term);

/* a + b, fused where that is possible and its turn. */
double machine_add(machine *m, machine_term a, machine_term b);

/* A sum as the machine reads it to compute with it. */
double machine_read_sum(machine *m, double sum);

/* A result that is stored in a format and read again. */
double machine_keep(machine *m, poolgrad_format format, double value);

/* The sum, from the left, from the right, or along a random tree; +0 of no terms. Changes the array. */
double machine_sum(machine *m, machine_term *terms, int64_t count);

#endif
