/* SPDX-License-Identifier: Apache-2.0 */
/* What plans allocate while they run: nothing, for as many calls at once as they were made for. */
#include "support/allocation.h"
#include "support/random.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#else
#define THREAD_SANITIZER 0
#endif

enum { CALLERS = 4, STEPS = 50, LARGE = 8, HEIGHT = 61, WIDTH = 91, CHANNELS = 13, FAST_NUMBERS = 12, NUMBERS = 18 };

static void fill(const poolgrad_image *image, random_state *r)
{
    for (int64_t n = 0; n < image->images; ++n)
        for (int64_t c = 0; c < image->channels; ++c)
            for (int64_t y = 0; y < image->height; ++y)
                for (int64_t x = 0; x < image->width; ++x)
                    view_set_number(image, n, c, y, x, (double)random_between(r, -99, 99) / 8);
}

static poolgrad_image new_image(poolgrad_layout layout, int64_t height, int64_t width, random_state *r)
{
    const poolgrad_image size = {.images = 2, .channels = CHANNELS, .height = height, .width = width};
    poolgrad_image image = view_new(POOLGRAD_FLOAT32, layout, &size, 0);
    fill(&image, r);
    return image;
}

/* Directions, kinds and layouts in turn; some of them once more in plain loops. */
static poolgrad_problem new_problem(int number)
{
    random_state r = {(uint64_t)number};
    const poolgrad_layout layout = (poolgrad_layout)(number / 3 % 3);
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = (poolgrad_direction)(number % 2);
    p.kind = (poolgrad_kind)(number % 3);
    p.window = (poolgrad_window){3, 3, 1, 2, 2, 1, 1, 1, 1};
    p.threads = 1;
    p.mode = number < FAST_NUMBERS ? POOLGRAD_MODE_FAST : POOLGRAD_MODE_REFERENCE;
    p.source = view_read(new_image(layout, HEIGHT, WIDTH, &r));
    poolgrad_image windows = new_image(layout, (HEIGHT + 1) / 2, (WIDTH + 1) / 2, &r);
    if (p.direction == POOLGRAD_FORWARD) {
        p.destination = windows;
        return p;
    }
    p.source_gradient = view_read(windows);
    p.destination = new_image(layout, HEIGHT, WIDTH, &r);
    return p;
}

static void free_problem(poolgrad_problem *p)
{
    view_free_read(&p->source);
    view_free_read(&p->source_gradient);
    view_free(&p->destination);
}

static size_t bytes_of(const poolgrad_image *image)
{
    return (size_t)view_range_of(image).end * poolgrad_format_size(image->format);
}

/* ---- Calls at once ----------------------------------------------------------------------------------------------- */

/* What the threads of a test share. */
typedef struct crew {
    const poolgrad_plan *plan;
    int callers, steps;
    void (*run)(const poolgrad_plan *plan, int64_t first, int64_t count);
    pthread_barrier_t start;
} crew;

typedef struct member {
    crew *shared;
    int number;
} member;

/* A share of the units, over and over; what is written is each thread's own. */
static void *work(void *argument)
{
    const member *m = argument;
    const crew *shared = m->shared;
    const int64_t units = poolgrad_plan_units(shared->plan);
    const int64_t first = units * m->number / shared->callers, end = units * (m->number + 1) / shared->callers;
    for (int step = 0; step < shared->steps; ++step) {
        pthread_barrier_wait(&m->shared->start); /* so that the calls do overlap */
        shared->run(shared->plan, first, end - first);
    }
    return NULL;
}

static void run_crew(crew *shared)
{
    pthread_t threads[CALLERS];
    member members[CALLERS];
    if (pthread_barrier_init(&shared->start, NULL, (unsigned)shared->callers) != 0) abort();
    for (int i = 0; i < shared->callers; ++i) {
        members[i] = (member){shared, i};
        if (pthread_create(&threads[i], NULL, work, &members[i]) != 0) abort();
    }
    for (int i = 0; i < shared->callers; ++i) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&shared->start);
}

#if !THREAD_SANITIZER
/* All of it by all of them. They write the same bytes to the same places, which ThreadSanitizer forbids. */
static void run_all(const poolgrad_plan *plan, int64_t first, int64_t count)
{
    (void)first;
    (void)count;
    poolgrad_plan_run(plan);
}
#endif

typedef struct way {
    const char *name;
    void (*run)(const poolgrad_plan *plan, int64_t first, int64_t count);
} way;

static const way ways[] = {
    {"run_units", poolgrad_plan_run_units},
    {"run_part", poolgrad_plan_run_part},
#if !THREAD_SANITIZER
    {"run", run_all},
#endif
};

enum { WAYS = sizeof ways / sizeof *ways };

static bool leaves_the_expected(const poolgrad_problem *p, const poolgrad_image *expected)
{
    return memcmp(p->destination.data, expected->data, bytes_of(expected)) == 0;
}

static poolgrad_image expect(const poolgrad_problem *p)
{
    poolgrad_problem reference = *p;
    reference.mode = POOLGRAD_MODE_REFERENCE;
    reference.destination = view_new(p->destination.format, p->destination.layout, &p->destination, 0);
    cr_assert(poolgrad_run(&reference, NULL) == POOLGRAD_OK);
    return reference.destination;
}

/* Four callers at once of a plan that was made for `runs`, the allocations with `failing` and after it failing; returns
 * how many were asked for. */
static int64_t run_at_once(poolgrad_problem *p, const way *by, int runs, int64_t failing)
{
    poolgrad_plan *plan = NULL;
    p->concurrent_runs = runs;
    cr_assert(poolgrad_plan_create(p, &plan, NULL) == POOLGRAD_OK);
    cr_assert(poolgrad_plan_concurrent_runs(plan) == (runs ? runs : 1));
    const int64_t live = allocation_live();
    /* Plain loops, which compute without memory, too, take their time, and so do large windows. */
    const bool plain = failing > 0 || p->mode == POOLGRAD_MODE_REFERENCE;
    const bool slow = plain || p->window.kernel_height > LARGE;
    crew shared = {.plan = plan, .callers = CALLERS, .steps = slow ? STEPS / 8 : STEPS, .run = by->run};
    allocation_begin(failing, failing > 0);
    run_crew(&shared);
    const int64_t asked = allocation_end();
    cr_expect(allocation_live() == live, "%s: %lld blocks are left", by->name, (long long)(allocation_live() - live));
    poolgrad_plan_destroy(plan);
    return asked;
}

Test(plan_allocation, as_many_calls_as_were_asked_for_allocate_nothing)
{
    for (int number = 0; number < NUMBERS; ++number) {
        poolgrad_problem p = new_problem(number);
        poolgrad_image expected = expect(&p);
        for (int i = 0; i < WAYS; ++i) {
            const int64_t asked = run_at_once(&p, &ways[i], CALLERS, 0);
            cr_expect(asked == 0, "problem %d, %s: %lld allocations", number, ways[i].name, (long long)asked);
            cr_expect(leaves_the_expected(&p, &expected), "problem %d, %s", number, ways[i].name);
        }
        view_free(&expected);
        free_problem(&p);
    }
}

/* Windows that overlap so much that each adds to the pixel it picked, to sums of each call's own, which are stored in
 * the end or as they grow; and windows apart, whose shares are put into a destination that was cleared. */
Test(plan_allocation, calls_at_once_do_not_add_to_each_other)
{
    enum { GRADIENTS_OF_MAX = 4, NUMBER = 1, WINDOWS = 3 };
    static const struct {
        poolgrad_window window;
        poolgrad_accumulator accumulator;
        int rows, columns;
        const char *strategies;
    } scatters[WINDOWS] = {
        {{31, 31, 1, 4, 4, 1, 1, 1, 1},
         POOLGRAD_ACCUMULATE_FLOAT64,
         (HEIGHT + 3) / 4,
         (WIDTH + 3) / 4,
         "/scatter/numbers/"},
        {{31, 31, 1, 4, 4, 1, 1, 1, 1},
         POOLGRAD_ACCUMULATE_FLOAT32,
         (HEIGHT + 3) / 4,
         (WIDTH + 3) / 4,
         "/scatter/elements/"},
        {{9, 7, 1, 9, 8, 1, 1, 1, 1}, POOLGRAD_ACCUMULATE_FLOAT32, HEIGHT / 8, WIDTH / 9, "/scatter/elements/"}};
    for (int i = 0; i < GRADIENTS_OF_MAX * WINDOWS; ++i) {
        const int windows = i % WINDOWS;
        poolgrad_problem p = new_problem(NUMBER + 6 * (i / WINDOWS));
        p.mode = POOLGRAD_MODE_FAST;
        p.window = scatters[windows].window;
        p.accumulator = scatters[windows].accumulator;
        const poolgrad_const_image gradient = p.source_gradient;
        p.source_gradient.height = scatters[windows].rows;
        p.source_gradient.width = scatters[windows].columns;
        poolgrad_plan *plan = NULL;
        cr_assert(poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK);
        cr_expect(strstr(poolgrad_plan_kernel(plan), scatters[windows].strategies), "%s", poolgrad_plan_kernel(plan));
        poolgrad_plan_destroy(plan);
        poolgrad_image expected = expect(&p);
        for (int k = 0; k < WAYS; ++k) {
            run_at_once(&p, &ways[k], CALLERS, 0);
            cr_expect(leaves_the_expected(&p, &expected), "problem %d, %s", i, ways[k].name);
        }
        view_free(&expected);
        p.source_gradient = gradient;
        free_problem(&p);
    }
}

/* Each caller may also have the plan's threads. */
Test(plan_allocation, calls_with_threads_of_the_plan_allocate_nothing)
{
    for (int number = 0; number < NUMBERS; ++number) {
        poolgrad_problem p = new_problem(number);
        poolgrad_image expected = expect(&p);
        p.threads = 2;
        const int64_t asked = run_at_once(&p, &ways[1], CALLERS, 0);
        cr_expect(asked == 0, "problem %d: %lld allocations", number, (long long)asked);
        cr_expect(leaves_the_expected(&p, &expected), "problem %d", number);
        view_free(&expected);
        free_problem(&p);
    }
}

/* More calls than that bring memory of their own, and do without where there is none. */
Test(plan_allocation, more_calls_than_were_asked_for_do_without_memory)
{
    for (int number = 0; number < NUMBERS; ++number) {
        poolgrad_problem p = new_problem(number);
        poolgrad_image expected = expect(&p);
        for (int i = 0; i < WAYS * 2; ++i) {
            run_at_once(&p, &ways[i / 2], i % 2, 1);
            cr_expect(leaves_the_expected(&p, &expected), "problem %d, %s", number, ways[i / 2].name);
        }
        view_free(&expected);
        free_problem(&p);
    }
}

/* One caller after the other is one at a time. */
Test(plan_allocation, calls_in_turn_allocate_nothing)
{
    for (int number = 0; number < NUMBERS; ++number) {
        poolgrad_problem p = new_problem(number);
        poolgrad_plan *plan = NULL;
        cr_assert(poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK);
        allocation_begin(0, false);
        for (int i = 0; i < WAYS * 3; ++i) ways[i % WAYS].run(plan, 0, INT64_MAX);
        poolgrad_plan_check_indices(plan, NULL);
        const int64_t asked = allocation_end();
        cr_expect(asked == 0, "problem %d: %lld allocations", number, (long long)asked);
        poolgrad_plan_destroy(plan);
        free_problem(&p);
    }
}

/* A plan that does not get its memory is none. */
Test(plan_allocation, plans_for_many_calls_are_made_or_refused)
{
    static const int numbers[] = {1, FAST_NUMBERS + 1};
    for (int i = 0; i < 2; ++i) {
        poolgrad_problem p = new_problem(numbers[i]);
        const int64_t live = allocation_live();
        p.concurrent_runs = 1024;
        poolgrad_plan *plan = NULL;
        poolgrad_error error = {"", ""};
        cr_assert(poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(poolgrad_plan_concurrent_runs(plan) == 1024);
        poolgrad_plan_destroy(plan);
        for (int failing = 1; failing <= 2; ++failing) {
            allocation_begin(failing, false);
            poolgrad_status status = poolgrad_plan_create(&p, &plan, &error);
            allocation_end();
            cr_expect(status == POOLGRAD_NO_MEMORY && !plan, "allocation %d", failing);
        }
        cr_expect(allocation_live() == live);
        free_problem(&p);
    }
}

/* ---- Plans in lanes ---------------------------------------------------------------------------------------------- */

static const poolgrad_span spans[] = {{0, 5}, {3, 1}, {4, 7}};

/* Volumes, and the same with windows by table; forward, and gradients. */
static poolgrad_problem new_volume(int number)
{
    enum { DEPTH = 3, SIDE = 11 };
    random_state r = {(uint64_t)number};
    const poolgrad_layout layout = number / 2 % 2 ? POOLGRAD_NHWC : POOLGRAD_NCHW;
    const poolgrad_image large = {.images = 1, .channels = CHANNELS, .depth = DEPTH, .height = SIDE, .width = SIDE};
    poolgrad_image small = large;
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = (poolgrad_direction)(number % 2);
    p.kind = (poolgrad_kind)(number / 8);
    p.window.kernel_depth = p.window.kernel_height = p.window.kernel_width = 2;
    p.threads = 1;
    if (number / 4 % 2) {
        p.windows_x = (poolgrad_table){spans, 3};
        p.window.kernel_width = 1;
        small.width = 3;
    }
    p.source = view_read(view_new(POOLGRAD_FLOAT32, layout, &large, 0));
    p.source_gradient = view_read(view_new(POOLGRAD_FLOAT32, layout, &small, 0));
    p.destination = view_new(POOLGRAD_FLOAT32, layout, p.direction == POOLGRAD_FORWARD ? &small : &large, 0);
    const poolgrad_image source = view_writable(&p.source), gradient = view_writable(&p.source_gradient);
    VIEW_EACH(at, &source) view_set_number_at(&source, at, (double)random_between(&r, -99, 99) / 8);
    VIEW_EACH(at, &gradient) view_set_number_at(&gradient, at, (double)random_between(&r, -99, 99) / 8);
    if (p.direction == POOLGRAD_FORWARD) view_free_read(&p.source_gradient);
    return p;
}

/* Whichever allocation fails: a plan is made of which lanes compute, or it is refused; nothing slower stands in. */
static void expect_made_or_refused(const poolgrad_problem *p)
{
    const int64_t live = allocation_live();
    poolgrad_status status = POOLGRAD_NO_MEMORY;
    for (int failing = 1; status == POOLGRAD_NO_MEMORY; ++failing) {
        poolgrad_plan *plan = NULL;
        poolgrad_error error = {"", ""};
        allocation_begin(failing, false);
        status = poolgrad_plan_create(p, &plan, &error);
        const bool failed = allocation_end() >= failing;
        cr_expect_eq(status, failed ? POOLGRAD_NO_MEMORY : POOLGRAD_OK, "allocation %d", failing);
        cr_expect_eq(plan != NULL, status == POOLGRAD_OK);
        cr_expect(!failed || strcmp(error.field, "plan") == 0, "%s", error.field);
        cr_expect(!plan || strstr(poolgrad_plan_kernel(plan), "/lanes/"));
        poolgrad_plan_destroy(plan);
        cr_expect_eq(allocation_live(), live, "allocation %d", failing);
    }
    cr_expect_eq(status, POOLGRAD_OK);
}

Test(plan_allocation, plans_in_lanes_are_made_or_refused)
{
    for (int number = 0; number < 3 * 8; ++number) {
        poolgrad_problem p = new_volume(number);
        expect_made_or_refused(&p);
        free_problem(&p);
    }
}

/* poolgrad_run writes nothing then, and leaves no block. */
Test(plan_allocation, runs_in_lanes_are_refused)
{
    for (int number = 0; number < 3 * 8; ++number) {
        poolgrad_problem p = new_volume(number);
        poolgrad_image untouched = view_copy(&p.destination, p.destination.layout);
        const int64_t live = allocation_live();
        poolgrad_status status = POOLGRAD_NO_MEMORY;
        for (int failing = 1; status == POOLGRAD_NO_MEMORY; ++failing) {
            cr_expect(leaves_the_expected(&p, &untouched), "problem %d, allocation %d", number, failing);
            allocation_begin(failing, false);
            status = poolgrad_run(&p, NULL);
            allocation_end();
            cr_expect_eq(allocation_live(), live, "problem %d, allocation %d", number, failing);
        }
        poolgrad_image expected = expect(&p);
        cr_expect(status == POOLGRAD_OK && leaves_the_expected(&p, &expected), "problem %d", number);
        view_free(&expected);
        view_free(&untouched);
        free_problem(&p);
    }
}

/* More calls at once than a plan was made for. */
Test(plan_allocation, more_calls_in_lanes_do_without_memory)
{
    for (int number = 0; number < 3 * 8; ++number) {
        poolgrad_problem p = new_volume(number);
        poolgrad_image expected = expect(&p);
        for (int failing = 0; failing < 2; ++failing) {
            run_at_once(&p, &ways[failing], 1, failing);
            cr_expect(leaves_the_expected(&p, &expected), "problem %d", number);
        }
        view_free(&expected);
        free_problem(&p);
    }
}
