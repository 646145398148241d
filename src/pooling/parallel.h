/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, and the floating-point environment that every computation runs in. */
#ifndef POOLGRAD_POOLING_PARALLEL_H
#define POOLGRAD_POOLING_PARALLEL_H

#include <fenv.h>
#include <stdint.h>

/* MinGW's fesetenv leaves the vector unit as it is, which computes everything here: there it is the unit's register. */
#if defined(_WIN32)
typedef unsigned poolgrad_floating_point;
#else
typedef fenv_t poolgrad_floating_point;
#endif

/* docs/numerics.md N69. Whatever rounding mode, flush-to-zero or traps the caller has set: results are those of the
 * default environment, and the caller gets his own back. */
poolgrad_floating_point poolgrad_enter_default_environment(void);
void poolgrad_leave_default_environment(const poolgrad_floating_point *callers);

/* The threads asked for or, for 0, the machine's; at least 1, and 1 without OpenMP. */
int64_t poolgrad_available_threads(int asked);

/* Calls body(context, begin, end) for pieces that make up [first, end), on at most this many threads. */
void poolgrad_parallel(int threads, int64_t first, int64_t end,
                       void (*body)(const void *context, int64_t begin, int64_t end), const void *context);

#endif
