/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls at once: parts of one plan, and problems of their own, from threads of the caller's, from inside an OpenMP
 * region, and while other plans come and go. Under ThreadSanitizer the same tests look for races.
 */
#include "support/random.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <poolgrad/graph.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Images large enough for three threads of the library's own. */
enum { THREADS = 8, ROUNDS = 4, IMAGES = 2, CHANNELS = 6, HEIGHT = 125, WIDTH = 67 };

/* ---- Problems -------------------------------------------------------------------------------------------------- */

static void fill(const poolgrad_image *image, random_state *r)
{
    for (int64_t n = 0; n < image->images; ++n)
        for (int64_t c = 0; c < image->channels; ++c)
            for (int64_t y = 0; y < image->height; ++y)
                for (int64_t x = 0; x < image->width; ++x)
                    view_set_number(image, n, c, y, x, (double)random_between(r, -64, 64) / 8);
}

static poolgrad_image new_image(poolgrad_layout layout, poolgrad_format format, int64_t height, int64_t width,
                                random_state *r)
{
    const poolgrad_image size = {.images = IMAGES, .channels = CHANNELS, .height = height, .width = width};
    poolgrad_image image = view_new(format, layout, &size, 0);
    fill(&image, r);
    return image;
}

/* Every number makes another one: directions, kinds, layouts and formats in turn. */
static poolgrad_problem new_problem(int number)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT32, POOLGRAD_FLOAT16, POOLGRAD_FLOAT64};
    random_state r = {(uint64_t)number};
    poolgrad_layout layout = (poolgrad_layout)(number / 3 % 3);
    poolgrad_format format = formats[number / 2 % 3];
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = (poolgrad_direction)(number % 2);
    p.kind = (poolgrad_kind)(number % 3);
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.window = (poolgrad_window){3, 3, 1, 2, 2, 1, 1, 1, 1};
    p.source = view_read(new_image(layout, format, HEIGHT, WIDTH, &r));
    poolgrad_image windows = new_image(layout, format, (HEIGHT + 1) / 2, (WIDTH + 1) / 2, &r);
    if (p.direction == POOLGRAD_FORWARD) {
        p.destination = windows;
    } else {
        p.source_gradient = view_read(windows);
        p.destination = new_image(layout, format, HEIGHT, WIDTH, &r);
    }
    return p;
}

static void free_problem(poolgrad_problem *p)
{
    view_free_read(&p->source);
    view_free_read(&p->source_gradient);
    view_free(&p->destination);
}

static size_t size_of(const poolgrad_image *image)
{
    return (size_t)view_range_of(image).end * poolgrad_format_size(image->format);
}

/* A destination like the problem's, with what the plain loops leave in it. */
static poolgrad_image expect(const poolgrad_problem *p)
{
    poolgrad_problem reference = *p;
    reference.mode = POOLGRAD_MODE_REFERENCE;
    reference.threads = 1;
    reference.destination = view_new(p->destination.format, p->destination.layout, &p->destination, 0);
    cr_assert_eq(poolgrad_run(&reference, NULL), POOLGRAD_OK);
    return reference.destination;
}

static bool is_expected(const poolgrad_problem *p, const poolgrad_image *expected)
{
    return memcmp(p->destination.data, expected->data, size_of(expected)) == 0;
}

static void forget(const poolgrad_problem *p)
{
    enum { NOT_A_RESULT = 0xa7 };
    memset(p->destination.data, NOT_A_RESULT, size_of(&p->destination));
}

/* ---- Threads of the caller's ----------------------------------------------------------------------------------- */

/* What all threads of a test share, and what is each one's own. */
typedef struct crew {
    const poolgrad_plan *plan;
    atomic_llong next;       /* unit that nobody has taken */
    atomic_int wrong;        /* results that were not the expected ones */
    pthread_barrier_t start; /* so that the calls do overlap */
} crew;

typedef struct member {
    crew *shared;
    int number;
} member;

static void run_crew(crew *shared, void *(*work)(void *))
{
    pthread_t threads[THREADS];
    member members[THREADS];
    if (pthread_barrier_init(&shared->start, NULL, THREADS) != 0) abort();
    for (int i = 0; i < THREADS; ++i) {
        members[i] = (member){shared, i};
        if (pthread_create(&threads[i], NULL, work, &members[i]) != 0) abort();
    }
    for (int i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&shared->start);
}

/* Pieces of 1 to 7 units, whoever comes first. */
static void *take_units(void *argument)
{
    const member *m = argument;
    random_state r = {(uint64_t)m->number};
    int64_t units = poolgrad_plan_units(m->shared->plan);
    pthread_barrier_wait(&m->shared->start);
    for (;;) {
        int64_t count = random_between(&r, 1, 7), first = atomic_fetch_add(&m->shared->next, count);
        if (first >= units) return NULL;
        poolgrad_plan_run_units(m->shared->plan, first, count);
    }
}

/* Threads that share a plan, each with units of its own, leave what one run leaves. */
Test(concurrency, units_of_one_plan)
{
    for (int number = 0; number < 12; ++number) {
        poolgrad_problem p = new_problem(number);
        poolgrad_image expected = expect(&p);
        poolgrad_plan *plan;
        cr_assert_eq(poolgrad_plan_create(&p, &plan, NULL), POOLGRAD_OK);
        for (int round = 0; round < ROUNDS; ++round) {
            crew shared = {.plan = plan};
            forget(&p);
            run_crew(&shared, take_units);
            cr_expect(is_expected(&p, &expected), "problem %d, round %d", number, round);
        }
        poolgrad_plan_destroy(plan);
        view_free(&expected);
        free_problem(&p);
    }
}

/* Runs, plans and checks of one problem; the number of results that were wrong, and of plans that would not share. */
static int run_rounds(int number)
{
    int wrong = 0;
    poolgrad_problem p = new_problem(number);
    p.threads = number % 4;
    poolgrad_image expected = expect(&p);
    for (int round = 0; round < ROUNDS; ++round) {
        poolgrad_plan *plan;
        forget(&p);
        bool ran = poolgrad_run(&p, NULL) == POOLGRAD_OK;
        wrong += !ran || !is_expected(&p, &expected);
        forget(&p);
        bool made = poolgrad_check(&p, NULL) == POOLGRAD_OK && poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK;
        if (made) {
            wrong += p.threads > 1 && poolgrad_has_openmp() && poolgrad_plan_threads(plan) == 1;
            poolgrad_plan_run(plan);
            poolgrad_plan_destroy(plan);
        }
        wrong += !made || !is_expected(&p, &expected);
    }
    view_free(&expected);
    free_problem(&p);
    return wrong;
}

static void *run_own(void *argument)
{
    const member *m = argument;
    pthread_barrier_wait(&m->shared->start);
    atomic_fetch_add(&m->shared->wrong, run_rounds(m->number));
    return NULL;
}

/* The same in parts, each of which may use the plan's threads. */
static void *take_parts(void *argument)
{
    const member *m = argument;
    random_state r = {(uint64_t)m->number};
    int64_t units = poolgrad_plan_units(m->shared->plan);
    pthread_barrier_wait(&m->shared->start);
    for (;;) {
        int64_t count = random_between(&r, 1, 7), first = atomic_fetch_add(&m->shared->next, count);
        if (first >= units) return NULL;
        poolgrad_plan_run_part(m->shared->plan, first, count);
    }
}

/* Callers that each run parts by the plan's own threads leave what one run leaves. */
Test(concurrency, parts_of_one_plan)
{
    for (int number = 0; number < 12; ++number) {
        poolgrad_problem p = new_problem(number);
        poolgrad_image expected = expect(&p);
        poolgrad_plan *plan;
        p.threads = 1 + number % 3;
        p.concurrent_runs = number % 5;
        p.mode = (poolgrad_mode)(number % 2);
        cr_assert_eq(poolgrad_plan_create(&p, &plan, NULL), POOLGRAD_OK);
        crew shared = {.plan = plan};
        forget(&p);
        run_crew(&shared, take_parts);
        cr_expect(is_expected(&p, &expected), "problem %d", number);
        poolgrad_plan_destroy(plan);
        view_free(&expected);
        free_problem(&p);
    }
}

/* Threads with problems of their own, each of which may start more. The first calls of the process are among them. */
Test(concurrency, own_problems)
{
    crew shared = {.plan = NULL};
    run_crew(&shared, run_own);
    cr_expect_eq(shared.wrong, 0, "%d results are wrong", (int)shared.wrong);
}

/* Sources and a refused problem are shared: neither is written. */
static poolgrad_problem common;

static void *run_common(void *argument)
{
    const member *m = argument;
    poolgrad_problem p = common, refused = common;
    poolgrad_error error = {"", ""};
    refused.window.stride_x = 0;
    p.destination = view_new(common.destination.format, common.destination.layout, &common.destination, 0);
    pthread_barrier_wait(&m->shared->start);
    for (int round = 0; round < ROUNDS; ++round) {
        bool ran = poolgrad_run(&p, &error) == POOLGRAD_OK && is_expected(&p, &common.destination);
        bool named = poolgrad_run(&refused, &error) == POOLGRAD_INVALID && !strcmp(error.field, "window.stride_x");
        atomic_fetch_add(&m->shared->wrong, !ran + !named);
        forget(&p);
    }
    view_free(&p.destination);
    return NULL;
}

/* Threads that read the same images and write their own. */
Test(concurrency, common_sources)
{
    for (int number = 0; number < 6; ++number) {
        common = new_problem(number);
        view_free(&common.destination);
        common.destination.data = NULL;
        const poolgrad_problem p = common;
        common.destination = expect(&p);
        crew shared = {.plan = NULL};
        run_crew(&shared, run_common);
        cr_expect_eq(shared.wrong, 0, "problem %d: %d results are wrong", number, (int)shared.wrong);
        free_problem(&common);
    }
}

/* ---- Graphs ------------------------------------------------------------------------------------------------------ */

/* A max pooling, an average of it, and their gradients; every second image is larger, so that memory that one encoding
 * leaves behind is too small for another. */
static poolgrad_graph *new_graph(void)
{
    poolgrad_graph *graph = NULL;
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x"), *dy = poolgrad_image_node_create(network, "dy");
    poolgrad_filter_node *max = poolgrad_pooling_max_node_create(network, x, 3, 3, 2, 2), *last;
    poolgrad_filter_node_set_saves_argmax(max, 1);
    poolgrad_filter_node *average =
        poolgrad_pooling_average_node_create(network, poolgrad_filter_node_result_image(max), 2, 2, 2, 2);
    poolgrad_filter_node_training_graph_with_source_gradient(average, dy, NULL, NULL, &last, 1);
    poolgrad_graph_create(network, poolgrad_filter_node_result_image(last), 1, &graph, NULL);
    poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, NULL);
    poolgrad_network_destroy(network);
    return graph;
}

static poolgrad_graph *common_graph;

static void make_sources(int number, poolgrad_const_image sources[2])
{
    random_state r = {(uint64_t)number};
    const int64_t height = HEIGHT + 8 * (number % 2), width = WIDTH;
    sources[0] = view_read(new_image(POOLGRAD_NHWC, POOLGRAD_FLOAT32, height, width, &r));
    sources[1] = view_read(new_image(POOLGRAD_NHWC, POOLGRAD_FLOAT32, (height + 3) / 4, (width + 3) / 4, &r));
}

static void *encode_graph(void *argument)
{
    const member *m = argument;
    poolgrad_const_image sources[2];
    poolgrad_buffer *expected, *result;
    poolgrad_context reference;
    poolgrad_context_init(&reference, sizeof reference);
    reference.mode = POOLGRAD_MODE_REFERENCE;
    make_sources(m->number, sources);
    pthread_barrier_wait(&m->shared->start);
    bool made = poolgrad_graph_encode_source_images(common_graph, &reference, sources, 2, &expected, NULL) ==
                POOLGRAD_OK;
    for (int round = 0; made && round < ROUNDS; ++round) {
        bool ran = poolgrad_graph_encode_source_images(common_graph, NULL, sources, 2, &result, NULL) == POOLGRAD_OK;
        atomic_fetch_add(&m->shared->wrong, !ran || !poolgrad_buffer_equal(result, expected));
        poolgrad_buffer_destroy(result);
    }
    atomic_fetch_add(&m->shared->wrong, !made);
    poolgrad_buffer_destroy(expected);
    view_free_read(&sources[0]);
    view_free_read(&sources[1]);
    return NULL;
}

/* Threads that encode one graph with images of their own. */
Test(concurrency, encodings_of_one_graph)
{
    crew shared = {.plan = NULL};
    common_graph = new_graph();
    cr_assert_not_null(common_graph);
    run_crew(&shared, encode_graph);
    cr_expect_eq(shared.wrong, 0, "%d results are wrong", (int)shared.wrong);
    poolgrad_graph_destroy(common_graph);
}

/* ---- Inside OpenMP --------------------------------------------------------------------------------------------- */

#if defined(_OPENMP)

/* Each thread of a team runs whole problems, which ask for threads of their own. */
Test(concurrency, inside_a_parallel_region)
{
    enum { TEAM = 4 };
    atomic_int wrong = 0;
#pragma omp parallel for num_threads(TEAM) schedule(static, 1)
    for (int number = 0; number < THREADS; ++number) atomic_fetch_add(&wrong, run_rounds(number));
    cr_expect_eq(wrong, 0, "%d results are wrong", (int)wrong);
}

/* A team shares a plan by its units. */
Test(concurrency, units_over_a_team)
{
    enum { TEAM = 3 };
    for (int number = 0; number < 6; ++number) {
        poolgrad_problem p = new_problem(number);
        poolgrad_image expected = expect(&p);
        poolgrad_plan *plan;
        cr_assert_eq(poolgrad_plan_create(&p, &plan, NULL), POOLGRAD_OK);
        int64_t units = poolgrad_plan_units(plan);
        forget(&p);
#pragma omp parallel for num_threads(TEAM) schedule(dynamic, 5)
        for (int64_t unit = 0; unit < units; ++unit) poolgrad_plan_run_units(plan, unit, 1);
        cr_expect(is_expected(&p, &expected), "problem %d", number);
        poolgrad_plan_destroy(plan);
        view_free(&expected);
        free_problem(&p);
    }
}

#endif
