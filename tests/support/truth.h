/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truth by brute force: what the formulas of docs/numerics.md give in rational numbers (GMP) and, for L2-norm, in
 * numbers of more bits than all operands have together (MPFR), rounded once by MPFR. Shares nothing with the library
 * but the public header. Only in builds that have GMP and MPFR.
 */
#ifndef POOLGRAD_TESTS_TRUTH_H
#define POOLGRAD_TESTS_TRUTH_H

#include <gmp.h>
#include <mpfr.h>
#include <poolgrad/poolgrad.h>

/* As poolgrad_exact_run should: runs a valid problem, forward or gradient. */
void truth_run(const poolgrad_problem *p);

/* Bits of a significand and exponent of the least normal number, from the widths of the format's fields. */
int truth_bits(poolgrad_format format);
int truth_least(poolgrad_format format);

/* Rounds to a number of the format: a fraction, the value of `number`, its square root. Zero is +0. */
double truth_round_fraction(poolgrad_format format, const mpq_t fraction);
double truth_round(poolgrad_format format, const mpfr_t number);
double truth_round_root(poolgrad_format format, const mpfr_t number);

#endif
