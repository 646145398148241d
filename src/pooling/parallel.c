/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that knows OpenMP. */
#include "pooling/parallel.h"

#include <poolgrad/poolgrad.h>

#if defined(_OPENMP)
#include <omp.h>
#include <stdatomic.h>
#endif
#if defined(_WIN32)
#include <xmmintrin.h>
#endif

#include "base/aligned.h"
#include "base/integer.h"

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

/* Pieces of which each thread has some that follow each other, the same ones in every call, so that what they touch may
 * still be in that thread's caches; whoever has no more takes of others'. */
struct share {
    _Alignas(POOLGRAD_CACHE_LINE) atomic_llong next;
    int64_t end;
};

struct work {
    int64_t first, units, pieces;
    void (*body)(const void *context, int64_t begin, int64_t end);
    const void *context;
    struct share *shares;
    int64_t share_count;
};

static void run_piece(const struct work *work, int64_t piece)
{
    const int64_t size = work->units / work->pieces, rest = work->units % work->pieces;
    const int64_t begin = work->first + piece * size + poolgrad_min(piece, rest);
    work->body(work->context, begin, begin + size + (piece < rest));
}

static void run_thread(const struct work *work, int64_t thread)
{
    for (int64_t i = 0; i < work->share_count; i++) {
        struct share *share = &work->shares[(thread + i) % work->share_count];
        for (;;) {
            const int64_t piece = atomic_fetch_add_explicit(&share->next, 1, memory_order_relaxed);
            if (piece >= share->end) break;
            run_piece(work, piece);
        }
    }
}

/* A function of its own: compilers may start OpenMP, which computes in floating point, where a function begins that has
 * a parallel region. */
static void run_threads(int threads, const struct work *work)
{
#pragma omp parallel num_threads(threads)
    run_thread(work, omp_get_thread_num());
}

/* Pieces are small enough to even out and large enough not to share cache lines. */
static void run_pieces(int threads, int64_t first, int64_t end,
                       void (*body)(const void *context, int64_t begin, int64_t end), const void *context)
{
    enum { PIECES_PER_THREAD = 16, MOST_SHARES = 64 };
    struct share shares[MOST_SHARES];
    const int64_t units = end - first, count = poolgrad_min(threads, MOST_SHARES);
    const int64_t pieces = poolgrad_min(units, (int64_t)threads * PIECES_PER_THREAD);
    const struct work work = {first, units, pieces, body, context, shares, count};
    for (int64_t i = 0; i < count; i++) {
        atomic_init(&shares[i].next, i * pieces / count);
        shares[i].end = (i + 1) * pieces / count;
    }
    run_threads(threads, &work);
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
