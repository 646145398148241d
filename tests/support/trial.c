/* SPDX-License-Identifier: Apache-2.0 */
#include "trial.h"

#include "report.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

void trial_sweep(const char *suite, const char *name, int64_t cases, int percent, const case_limits *limits,
                 trial_check *check)
{
    enum { WORTH = 10 };
    random_sweep s = random_sweep_start_costly(name, cases, limits->wide && limits->large ? WORTH : 1);
    while (random_sweep_next(&s)) {
        test_case made;
        case_make_within(&made, s.seed, limits);
        report_begin(suite, name, &made);
        bool telling = false;
        bool held = check(&made, &telling);
        s.telling += telling;
        case_free(&made);
        cr_assert(held, "seed 0x%016llx", (unsigned long long)s.seed);
    }
    cr_log_info("%s: %lld of %lld cases telling", name, (long long)s.telling, (long long)s.cases);
    cr_assert(random_sweep_told(&s, percent), "only %lld of %lld cases were telling, expected %d %%",
              (long long)s.telling, (long long)s.cases, percent);
}

bool trial_run(const poolgrad_problem *p)
{
    poolgrad_error error = {"", ""};
    return report_status(poolgrad_run(p, &error), &error);
}

/* ---- Splits of the work -------------------------------------------------------------------------------------- */

enum { MOST_PIECES = 6, WORKERS = 2 };

/* Units [cuts[i], cuts[i + 1]) are piece i; a worker runs every other piece, the last ones first. */
typedef struct pieces {
    const poolgrad_plan *plan;
    int64_t cuts[MOST_PIECES + 1];
    int count;
} pieces;

typedef struct worker {
    const pieces *shared;
    int number;
} worker;

static void *work(void *argument)
{
    const worker *w = argument;
    const pieces *shared = w->shared;
    for (int i = shared->count - 1; i >= 0; --i)
        if (i % WORKERS == w->number)
            poolgrad_plan_run_units(shared->plan, shared->cuts[i], shared->cuts[i + 1] - shared->cuts[i]);
    return NULL;
}

/* Random cuts in ascending order; the first and the last piece reach beyond the units. */
static pieces cut(const poolgrad_plan *plan, random_state *r)
{
    pieces made = {.plan = plan, .count = (int)random_between(r, 1, MOST_PIECES)};
    int64_t units = poolgrad_plan_units(plan), at = 0;
    for (int i = 1; i < made.count; ++i) made.cuts[i] = at = random_between(r, at, random_between(r, at, units));
    made.cuts[0] = -random_between(r, 0, 3);
    made.cuts[made.count] = units + random_between(r, 0, 3);
    return made;
}

static void work_together(worker workers[WORKERS])
{
#if defined(__EMSCRIPTEN__)
    for (int i = 0; i < WORKERS; ++i) work(&workers[i]); /* WebAssembly has threads only where they are asked for */
#else
    pthread_t other;
    if (pthread_create(&other, NULL, work, &workers[1]) != 0) abort();
    work(&workers[0]);
    pthread_join(other, NULL);
#endif
}

bool trial_run_in_pieces(const poolgrad_problem *p, uint64_t seed, bool *several)
{
    poolgrad_error error = {"", ""};
    poolgrad_plan *plan;
    if (!report_status(poolgrad_plan_create(p, &plan, &error), &error)) return false;
    random_state r = {seed ^ UINT64_C(0x5eed)};
    pieces shared = cut(plan, &r);
    *several = shared.count > 1 && poolgrad_plan_units(plan) > 1;
    worker workers[WORKERS] = {{&shared, 0}, {&shared, 1}};
    work_together(workers);
    poolgrad_plan_destroy(plan);
    return true;
}

/* ---- Results in memory --------------------------------------------------------------------------------------- */

unsigned char *trial_take(guard_buffer *buffer)
{
    if (!buffer->mapping) return NULL;
    unsigned char *taken = malloc(buffer->size ? buffer->size : 1);
    if (!taken) abort();
    memcpy(taken, buffer->bytes, buffer->size);
    guard_restore(buffer);
    return taken;
}

bool trial_same_buffers(const test_case *made, const unsigned char *destination, const unsigned char *picks)
{
    const poolgrad_problem *p = &made->problem;
    return report_same_bytes("destination", &p->destination, &made->destination, destination) &&
           report_same_bytes("picks", &p->picks, &made->picks, picks) && report_intact();
}
