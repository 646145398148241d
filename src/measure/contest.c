/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/contest.h"

#include <stdlib.h>

#include "measure/clock.h"
#include "measure/noise.h"

/* A sample is long enough for the clock to be exact to a permille. What runs longer than `long_call` fills the caches
 * anew by itself, so that no call before it is needed to put them into the state that calls in a row find. */
static const int64_t sample_ns = 200000, long_call_ns = 20000000;

struct course {
    const struct contest *contest;
    double *samples; /* of each contender, one for each round */
    int *order;
    int64_t begun, visited, visits;
    uint64_t noise;
};

static void report(struct course *course)
{
    const struct contest *contest = course->contest;
    course->visited++;
    if (!contest->report) return;
    double share = (double)course->visited / (double)course->visits;
    double elapsed = 1e-9 * (double)(poolgrad_nanoseconds() - course->begun);
    double of_limit = contest->limit > 0 ? elapsed / contest->limit : 0;
    if (of_limit > 1) of_limit = 1;
    contest->report(contest->report_context, of_limit > share ? of_limit : share);
}

static int64_t time_calls(const struct contender *contender, int64_t calls)
{
    int64_t begin = poolgrad_nanoseconds();
    for (int64_t i = 0; i < calls; i++) contender->run(contender->context);
    return poolgrad_nanoseconds() - begin;
}

static double sample(const struct contender *contender, double seconds)
{
    if (seconds * 1e9 < (double)long_call_ns) contender->run(contender->context);
    return 1e-9 * (double)time_calls(contender, contender->calls) / (double)contender->calls;
}

/* The first call pays for pages and threads, so the second one is measured. */
static void calibrate(struct contender *contender)
{
    int64_t ns = time_calls(contender, 1);
    if (ns < long_call_ns) ns = time_calls(contender, 1);
    contender->calls = ns < sample_ns ? sample_ns / (ns > 0 ? ns : 1) : 1;
    contender->seconds.median = 1e-9 * (double)ns;
}

static void shuffle(struct course *course)
{
    for (int i = course->contest->count - 1; i > 0; i--) {
        int other = (int)poolgrad_noise_below(&course->noise, i + 1);
        int kept = course->order[i];
        course->order[i] = course->order[other];
        course->order[other] = kept;
    }
}

static void run_round(struct course *course, int round)
{
    const struct contest *contest = course->contest;
    shuffle(course);
    for (int i = 0; i < contest->count; i++) {
        int which = course->order[i];
        const struct contender *contender = &contest->contender[which];
        course->samples[(int64_t)which * contest->rounds + round] = sample(contender, contender->seconds.median);
        report(course);
    }
}

static int run_rounds(struct course *course)
{
    const struct contest *contest = course->contest;
    int round = 0;
    while (round < contest->rounds) {
        double elapsed = 1e-9 * (double)(poolgrad_nanoseconds() - course->begun);
        if (contest->limit > 0 && elapsed >= contest->limit && round >= CONTEST_FEWEST_ROUNDS) break;
        run_round(course, round++);
    }
    return round;
}

static int run_course(struct course *course)
{
    const struct contest *contest = course->contest;
    for (int i = 0; i < contest->count; i++) {
        course->order[i] = i;
        calibrate(&contest->contender[i]);
        report(course);
    }
    int rounds = run_rounds(course);
    for (int i = 0; i < contest->count; i++) {
        contest->contender[i].seconds = poolgrad_spread_of(course->samples + (int64_t)i * contest->rounds, rounds);
    }
    return rounds;
}

int poolgrad_contest_run(const struct contest *contest)
{
    struct course course = {.contest = contest,
                            .samples = calloc((size_t)contest->count, (size_t)contest->rounds * sizeof(double)),
                            .order = calloc((size_t)contest->count, sizeof(int)),
                            .begun = poolgrad_nanoseconds(),
                            .visits = (int64_t)contest->count * (contest->rounds + 1),
                            .noise = contest->seed};
    int rounds = course.samples && course.order ? run_course(&course) : 0;
    free(course.samples);
    free(course.order);
    return rounds;
}
