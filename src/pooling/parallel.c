/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that knows OpenMP. */
#include "pooling/parallel.h"

#include <poolgrad/poolgrad.h>

#include "base/integer.h"

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(_WIN32)
#include <xmmintrin.h>
#endif

#if defined(_WIN32)

poolgrad_floating_point poolgrad_enter_default_environment(void)
{
    enum { TO_NEAREST_WITHOUT_TRAPS = 0x1f80 };
    const unsigned callers = _mm_getcsr();
    _mm_setcsr(TO_NEAREST_WITHOUT_TRAPS);
    return callers;
}

void poolgrad_leave_default_environment(const poolgrad_floating_point *callers)
{
    _mm_setcsr(*callers);
}

#else

poolgrad_floating_point poolgrad_enter_default_environment(void)
{
    fenv_t callers;
    fegetenv(&callers);
    fesetenv(FE_DFL_ENV);
    return callers;
}

void poolgrad_leave_default_environment(const poolgrad_floating_point *callers)
{
    fesetenv(callers);
}

#endif

#if defined(_OPENMP)

int poolgrad_has_openmp(void)
{
    return 1;
}

/* No more than twice the processors: where a thread cannot be created, OpenMP ends the process. The environment is set
 * aside because OpenMP computes in floating point, too, when it starts. */
int64_t poolgrad_available_threads(int asked)
{
    poolgrad_floating_point environment = poolgrad_enter_default_environment();
    int64_t most = poolgrad_min(2 * (int64_t)omp_get_num_procs(), omp_get_thread_limit());
    int64_t threads = poolgrad_min(asked > 0 ? asked : omp_get_max_threads(), most);
    poolgrad_leave_default_environment(&environment);
    return poolgrad_max(threads, 1);
}

/* Pieces are small enough to even out and large enough not to share cache lines. A function of its own: compilers may
 * start OpenMP, which computes in floating point, where a function begins that has a parallel region. */
static void run_pieces(int threads, int64_t first, int64_t end,
                       void (*body)(const void *context, int64_t begin, int64_t end), const void *context)
{
    enum { PIECES_PER_THREAD = 16 };
    const int64_t units = end - first, pieces = poolgrad_min(units, (int64_t)threads * PIECES_PER_THREAD);
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t piece = 0; piece < pieces; piece++) {
        int64_t size = units / pieces, rest = units % pieces;
        int64_t begin = first + piece * size + poolgrad_min(piece, rest);
        body(context, begin, begin + size + (piece < rest));
    }
}

/* Threads that start inherit the environment of the one that starts them. */
void poolgrad_parallel(int threads, int64_t first, int64_t end,
                       void (*body)(const void *context, int64_t begin, int64_t end), const void *context)
{
    if (threads == 1) {
        body(context, first, end);
        return;
    }
    poolgrad_floating_point environment = poolgrad_enter_default_environment();
    run_pieces(threads, first, end, body, context);
    poolgrad_leave_default_environment(&environment);
}

#else

int poolgrad_has_openmp(void)
{
    return 0;
}

int64_t poolgrad_available_threads(int asked)
{
    (void)asked;
    return 1;
}

void poolgrad_parallel(int threads, int64_t first, int64_t end,
                       void (*body)(const void *context, int64_t begin, int64_t end), const void *context)
{
    (void)threads;
    body(context, first, end);
}

#endif
