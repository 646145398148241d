/* SPDX-License-Identifier: Apache-2.0 */
/* Exact mode: bands of layers and rows, each computed by itself. */
#ifndef POOLGRAD_ORACLE_EXACT_MODE_H
#define POOLGRAD_ORACLE_EXACT_MODE_H

#include <poolgrad/oracle.h>

#include <mpfr.h>

#include "oracle/fraction.h"
#include "oracle/volume.h"
#include "reference/window.h"

struct poolgrad_exact {
    struct poolgrad_geometry geometry;
    struct poolgrad_precision precision; /* of the destination */
    int64_t band_layers, band_rows;      /* in one, but for the last */
    int64_t layer_bands, row_bands;      /* in a volume, along either axis */
    int64_t units;
    int threads;
};

/* Rows of some layers of channel c of image n of the destination, within what is written. */
struct poolgrad_band {
    int64_t n, c;
    struct poolgrad_range layers, rows;
};

/* Of a geometry whose indices are checked. On refusal *exact is null. */
poolgrad_status poolgrad_exact_create_resolved(const struct poolgrad_geometry *g, poolgrad_exact **exact,
                                               poolgrad_error *error);

/* False where memory is lacking. */
bool poolgrad_exact_forward(const struct poolgrad_exact *exact, const struct poolgrad_band *band);
bool poolgrad_exact_gradient(const struct poolgrad_exact *exact, const struct poolgrad_band *band);

/* ---- L2-norm ----------------------------------------------------------------------------------------------------- */

enum { POOLGRAD_NORM_BITS = 128 }; /* of a sum, where it is tried first */

/* The sum of the squares of a window's taps, sum 2^exponent; or that one of them is not finite. */
struct poolgrad_square {
    mpz_t sum;
    int64_t exponent;
    bool is_nan, is_infinite;
};

/* Of a window. square->sum is initialised. */
void poolgrad_window_square(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                            struct poolgrad_square *square, struct poolgrad_scratch *scratch);

/* The square of what a window's gradient is divided by: of its norm or, of the root of a mean, N S (N97). */
void poolgrad_divisor_square(const struct poolgrad_geometry *g, struct poolgrad_window_at at,
                             struct poolgrad_square *square, struct poolgrad_scratch *scratch);

/* gradient / sqrt(square), a finite number over a positive one; relative error at most 2^(2 - bits). */
void poolgrad_norm_quotient(mpfr_t quotient, double gradient, const struct poolgrad_square *square);

/* A sum of so many of them, each below 2^greatest, added one after the other, is wrong by at most 2 to this. */
mpfr_exp_t poolgrad_norm_error(mpfr_exp_t greatest, int64_t count, mpfr_prec_t bits);

/* Whether before + factor * sum, where `sum` is wrong by at most 2^error, has one rounding only. */
bool poolgrad_norm_decides(const mpfr_t sum, mpfr_exp_t error, double factor, double before,
                           const struct poolgrad_precision *precision, struct poolgrad_scratch *scratch,
                           double *rounded);

/* One term of a pixel's sum: gradient / sqrt(square). */
struct poolgrad_norm_term {
    double gradient;
    struct poolgrad_square square;
};

/* before + factor * the sum of the terms, rounded once; all of it is finite, squares are positive. False where memory
 * is lacking. */
bool poolgrad_norm_sum(const struct poolgrad_norm_term *terms, int64_t count, double factor, double before,
                       const struct poolgrad_precision *precision, double *rounded);

#endif
