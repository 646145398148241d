/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic as an implementation declares it: what a sum, a quotient or a root can come out as, in any order, for
 * operands that are known, or known to lie between two numbers. docs/verification.md proves the bounds.
 */
#ifndef POOLGRAD_ORACLE_DECLARED_H
#define POOLGRAD_ORACLE_DECLARED_H

#include <poolgrad/oracle.h>

#include <mpfr.h>
#include <stdbool.h>

#include "oracle/fraction.h"

/* Numbers from low to high, infinite ones included, none if low is above high; and perhaps a NaN. */
struct poolgrad_interval {
    mpfr_t low, high;
    bool nan;
};

struct poolgrad_declared {
    struct poolgrad_precision computed, stored; /* accumulator; destination */
    struct poolgrad_precision summed;           /* that partial sums are stored in */
    bool sums_narrowly, sums_widely;            /* summed has fewer bits than computed; more */
    bool divides, multiplies;                   /* by the divisor itself; by its rounded reciprocal */
    bool fused;                                 /* products are not rounded before they are added */
    bool flushes;                               /* subnormal operands and results may count as 0 */
    int64_t chain;                              /* of additions that a term goes through at most; 0: of any length */
    int digits;                                 /* of outputs behind the decimal point; 0: outputs are as stored */
    mpfr_prec_t sum_bits;                       /* that hold sums of all operands exactly */
    struct poolgrad_scratch scratch;
    mpz_t mantissa, one;
    mpfr_t a, b, growth, loss, shrinking, error;
    struct poolgrad_interval exact_product, reciprocal, scaled; /* of a product; of a quotient */
    struct poolgrad_interval leaf;                              /* of a sum */
};

/* `declaration` is checked; `wide`: some operand or sum is float64. */
void poolgrad_declared_init(struct poolgrad_declared *d, const poolgrad_declaration *declaration,
                            poolgrad_format computed_in, poolgrad_format destination, bool wide);
void poolgrad_declared_clear(struct poolgrad_declared *d);

/* ---- Intervals --------------------------------------------------------------------------------------------------- */

void poolgrad_interval_init(struct poolgrad_interval *interval);
void poolgrad_interval_clear(struct poolgrad_interval *interval);

void poolgrad_interval_set(struct poolgrad_interval *interval, double value);
void poolgrad_interval_copy(struct poolgrad_interval *to, const struct poolgrad_interval *from);

/* The smallest one that holds both. */
void poolgrad_interval_join(struct poolgrad_interval *interval, const struct poolgrad_interval *other);

/* Of real numbers, unrounded. A quotient of 0s or of infinities may be a NaN. */
void poolgrad_interval_divide(struct poolgrad_declared *d, struct poolgrad_interval *result,
                              const struct poolgrad_interval *x, const struct poolgrad_interval *y);
/* Of what is not negative. */
void poolgrad_interval_root(struct poolgrad_interval *interval);

/* Numbers that are not negative, wider on both sides by so many roundings of the accumulator. */
void poolgrad_interval_widen(struct poolgrad_declared *d, struct poolgrad_interval *interval, unsigned roundings);

/* No number at all. */
void poolgrad_interval_set_nan(struct poolgrad_interval *interval);

/* To the accumulator's format; to the destination's. */
void poolgrad_interval_round(struct poolgrad_declared *d, struct poolgrad_interval *interval);
void poolgrad_interval_store(struct poolgrad_declared *d, struct poolgrad_interval *interval);

/* A result as it is read again after it was stored in a format. */
void poolgrad_interval_keep(struct poolgrad_declared *d, struct poolgrad_interval *interval, poolgrad_format format);

/* An operand of a format as the implementation reads it: in the accumulator's format, subnormals perhaps flushed. */
void poolgrad_interval_operand(struct poolgrad_declared *d, struct poolgrad_interval *interval, double value,
                               poolgrad_format format);

/* x / y as declared: rounded, or with the reciprocal of y, whose product is perhaps not rounded if it is going to be
 * added. `reciprocal` holds 1 / y as rounded; null: that of y is. */
void poolgrad_interval_quotient(struct poolgrad_declared *d, struct poolgrad_interval *result,
                                const struct poolgrad_interval *x, const struct poolgrad_interval *y,
                                const struct poolgrad_interval *reciprocal, bool added);

/* x y, rounded or, where it is going to be added, perhaps not. */
void poolgrad_interval_product(struct poolgrad_declared *d, struct poolgrad_interval *result,
                               const struct poolgrad_interval *x, const struct poolgrad_interval *y, bool added);

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

/* Of terms that are added in any order, rounding after each addition; an optional one may be left out. */
struct poolgrad_interval_sum {
    mpfr_t low, high;   /* sums of the terms' ends */
    mpfr_t plus, minus; /* of what is above 0, and of what is below, as magnitudes */
    mpfr_t most, least; /* of terms that are there for sure, the greatest above 0 and the least below 0; else 0 */
    int64_t terms;      /* in all */
    int64_t count;      /* of terms that are not 0 for sure */
    bool must_be_nan, may_be_nan;
    bool must_be_plus, may_be_plus, must_be_minus, may_be_minus; /* infinity */
    struct poolgrad_declared *apart; /* whose sums have a format of their own; null: that of terms */
};

void poolgrad_interval_sum_init(struct poolgrad_interval_sum *sum, struct poolgrad_declared *d);
void poolgrad_interval_sum_clear(struct poolgrad_interval_sum *sum);
void poolgrad_interval_sum_reset(struct poolgrad_interval_sum *sum);
void poolgrad_interval_sum_add(struct poolgrad_interval_sum *sum, const struct poolgrad_interval *term, bool optional);
void poolgrad_interval_sum_result(struct poolgrad_declared *d, const struct poolgrad_interval_sum *sum,
                                  struct poolgrad_interval *result);

/* A sum as an operand of what is computed with it. */
void poolgrad_interval_sum_operand(struct poolgrad_declared *d, struct poolgrad_interval *sum);

/* The greatest magnitude of terms that are there for sure. */
double poolgrad_interval_sum_greatest(const struct poolgrad_interval_sum *sum);

/* Whether a number of the destination's format lies in the interval; of one that was printed with few digits, whether
 * a number does that is printed so. */
bool poolgrad_interval_holds(struct poolgrad_declared *d, const struct poolgrad_interval *interval, double value);

#endif
