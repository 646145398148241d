/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad's oracle: what a pooling call should have given, exactly.
 *
 * Synopsis
 * --------
 *     #include <poolgrad/oracle.h>   // cc main.c $(pkg-config --cflags --libs poolgrad_oracle)
 *
 *     poolgrad_exact_run(&p, &error) // as poolgrad_run: p.destination gets the infinitely precise values, rounded once
 *
 * A library of its own, poolgrad_oracle, on GMP and MPFR: the build has it where both are found, and libpoolgrad never
 * needs it. Where these two libraries cannot allocate they end the process; what poolgrad itself allocates is refused
 * as everywhere. All that poolgrad.h says of threads and of the floating-point environment holds here, too.
 */
#ifndef POOLGRAD_ORACLE_H
#define POOLGRAD_ORACLE_H

#include <poolgrad/poolgrad.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Exact mode -------------------------------------------------------------------------------------------------- */

/*
 * The value of the formula, of every kind, rounded once, to nearest even, to the destination's format:
 *     average    sum of g / N          max    sum of g where x was picked          L2-norm    x * sum of g / |taps|
 * with real numbers in between; forward likewise. Formats, layouts, regions, rules, indices and additions to the
 * destination are those of the problem; its accumulator, mode and instruction set play no part. An exact zero is +0,
 * and a norm is 0 only if all taps are. Where an operand is not finite the result is what IEEE 754 makes of the
 * formula. docs/numerics.md N76, N91.
 *
 * Refuses what poolgrad_run refuses. Memory: some hundred bytes for each pixel of a few rows, for each thread.
 */
POOLGRAD_API poolgrad_status poolgrad_exact_run(const poolgrad_problem *problem, poolgrad_error *error);

/* The same in parts, for progress or threads of one's own, as plans are: independent units, any split of which gives
 * the same bits. The images must outlive it. POOLGRAD_NO_MEMORY where memory is lacking: some pixels are not written.
 */
typedef struct poolgrad_exact poolgrad_exact;

POOLGRAD_API poolgrad_status poolgrad_exact_create(const poolgrad_problem *problem, poolgrad_exact **exact,
                                                   poolgrad_error *error);
POOLGRAD_API int64_t poolgrad_exact_units(const poolgrad_exact *exact);
POOLGRAD_API int poolgrad_exact_threads(const poolgrad_exact *exact); /* at most, of poolgrad_exact_run_parallel */
/* On the calling thread; on the problem's threads. What lies outside [0, units) is left out. */
POOLGRAD_API poolgrad_status poolgrad_exact_run_units(const poolgrad_exact *exact, int64_t first, int64_t count,
                                                      poolgrad_error *error);
POOLGRAD_API poolgrad_status poolgrad_exact_run_parallel(const poolgrad_exact *exact, int64_t first, int64_t count,
                                                         poolgrad_error *error);
/* Null is legal. */
POOLGRAD_API void poolgrad_exact_destroy(poolgrad_exact *exact);

#ifdef __cplusplus
}
#endif

#endif
