/* SPDX-License-Identifier: Apache-2.0 */
/* Exact sums of fractions, and the one rounding at their end (docs/numerics.md N76). */
#ifndef POOLGRAD_ORACLE_FRACTION_H
#define POOLGRAD_ORACLE_FRACTION_H

#include <poolgrad/poolgrad.h>

#include <gmp.h>
#include <stdbool.h>

/* A binary format. Its finite numbers are the multiples of 2^(top - bits + 1) with magnitude below 2^(top + 1), for
 * every top from `least` on. */
struct poolgrad_precision {
    int bits;        /* of a significand */
    int least;       /* exponent of the least normal number */
    double greatest; /* finite */
};

struct poolgrad_precision poolgrad_precision_of(poolgrad_format format);

/* Integers that operations on big numbers put aside, so that they allocate once. */
struct poolgrad_scratch {
    mpz_t a, b, c;
};

void poolgrad_scratch_init(struct poolgrad_scratch *scratch);
void poolgrad_scratch_clear(struct poolgrad_scratch *scratch);

/* value = mantissa 2^exponent; of a finite value. */
void poolgrad_split(double value, mpz_t mantissa, int64_t *exponent);
void poolgrad_set_integer(mpz_t z, int64_t value);

/* numerator 2^exponent / denominator, rounded to nearest even to a number of the format; overflow is infinite. Zero is
 * +0. The denominator is positive. */
double poolgrad_round_quotient(const struct poolgrad_precision *precision, const mpz_t numerator, int64_t exponent,
                               const mpz_t denominator, struct poolgrad_scratch *scratch);

/* A double as a number of the format. */
double poolgrad_round_double(double value, const struct poolgrad_precision *precision,
                             struct poolgrad_scratch *scratch);

/* The square root of square 2^exponent / divisor, rounded likewise; square is not negative, divisor is positive. */
double poolgrad_round_root(const struct poolgrad_precision *precision, const mpz_t square, int64_t exponent,
                           int64_t divisor, struct poolgrad_scratch *scratch);

/* numerator 2^exponent / denominator; or, where something was added that is not finite, what IEEE 754 makes of it. */
struct poolgrad_sum {
    mpz_t numerator, denominator;
    int64_t exponent;
    int64_t divisor; /* whose magnitude the denominator is; 0: it is of none */
    bool is_nan, plus, minus;
};

void poolgrad_sum_init(struct poolgrad_sum *sum);
void poolgrad_sum_clear(struct poolgrad_sum *sum);
void poolgrad_sum_reset(struct poolgrad_sum *sum);

/* Adds value / divisor; divisor is not 0. */
void poolgrad_sum_add(struct poolgrad_sum *sum, double value, int64_t divisor, struct poolgrad_scratch *scratch);

/* Adds numerator 2^exponent / denominator; denominator is positive. */
void poolgrad_sum_add_fraction(struct poolgrad_sum *sum, const mpz_t numerator, int64_t exponent,
                               const mpz_t denominator, struct poolgrad_scratch *scratch);

double poolgrad_sum_round(const struct poolgrad_sum *sum, const struct poolgrad_precision *precision,
                          struct poolgrad_scratch *scratch);

#endif
