/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exactness costs: gradients of 3x3 windows over float32 planes on one thread, in exact mode and by the reference,
 * and in how many elements the two have the same bits.
 *
 *     exact [--quick]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poolgrad/oracle.h>

#include "measure/contest.h"

enum { KERNEL = 3, SIZE = 256, QUICK_SIZE = 24, ROUNDS = 11, QUICK_ROUNDS = 3 };

struct call {
    poolgrad_problem problem;
    poolgrad_exact *exact;
    poolgrad_plan *reference;
    float *source, *gradient, *destination;
    int64_t pixels; /* of the destination */
};

static void stop(const char *message)
{
    fprintf(stderr, "exact: %s\n", message);
    exit(2);
}

/* Fractions with full significands, so that sums round; negative ones too, so that they cancel. */
static float *make_plane(int64_t pixels, uint64_t state)
{
    float *plane = calloc((size_t)pixels, sizeof *plane);
    if (!plane) stop("memory is lacking");
    for (int64_t i = 0; i < pixels; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        plane[i] = (float)(state >> 40) / 0x1p23f - 1;
    }
    return plane;
}

static poolgrad_const_image view_of(const float *plane, int64_t size)
{
    return poolgrad_const_image_dense(plane, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, size, size);
}

static void begin(struct call *c, poolgrad_kind kind, int64_t stride, int64_t size)
{
    poolgrad_problem *p = &c->problem;
    poolgrad_error error;
    const int64_t windows = (size - 1) / stride + 1;
    c->pixels = size * size;
    c->source = make_plane(c->pixels, 1);
    c->gradient = make_plane(windows * windows, 2);
    c->destination = make_plane(c->pixels, 3);
    poolgrad_problem_init(p, sizeof *p);
    p->direction = POOLGRAD_GRADIENT;
    p->kind = kind;
    p->window.kernel_width = p->window.kernel_height = KERNEL;
    p->window.stride_x = p->window.stride_y = stride;
    p->source = view_of(c->source, size);
    p->source_gradient = view_of(c->gradient, windows);
    p->destination = poolgrad_image_dense(c->destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, size, size);
    p->threads = 1;
    p->mode = POOLGRAD_MODE_REFERENCE;
    if (poolgrad_exact_create(p, &c->exact, &error) != POOLGRAD_OK ||
        poolgrad_plan_create(p, &c->reference, &error) != POOLGRAD_OK) {
        stop(error.message);
    }
}

static void end(struct call *c)
{
    poolgrad_exact_destroy(c->exact);
    poolgrad_plan_destroy(c->reference);
    free(c->source);
    free(c->gradient);
    free(c->destination);
}

static void run_exact(const void *context)
{
    const struct call *c = context;
    poolgrad_error error;
    if (poolgrad_exact_run_units(c->exact, 0, INT64_MAX, &error) != POOLGRAD_OK) stop(error.message);
}

static void run_reference(const void *context)
{
    const struct call *c = context;
    poolgrad_plan_run(c->reference);
}

/* Percent of the destination's elements that have the same bits in both. */
static double compare(const struct call *c)
{
    float *exact = make_plane(c->pixels, 0);
    int64_t same = 0;
    run_exact(c);
    memcpy(exact, c->destination, (size_t)c->pixels * sizeof *exact);
    run_reference(c);
    for (int64_t i = 0; i < c->pixels; i++) same += memcmp(&exact[i], &c->destination[i], sizeof *exact) == 0;
    free(exact);
    return 100 * (double)same / (double)c->pixels;
}

static void measure(poolgrad_kind kind, int64_t stride, bool quick)
{
    struct call c;
    begin(&c, kind, stride, quick ? QUICK_SIZE : SIZE);
    const double same = compare(&c);
    struct contender contenders[] = {{.run = run_exact, .context = &c}, {.run = run_reference, .context = &c}};
    const struct contest contest = {
        .contender = contenders, .count = 2, .rounds = quick ? QUICK_ROUNDS : ROUNDS, .seed = 1};
    if (poolgrad_contest_run(&contest) == 0) stop("memory is lacking");
    const double exact = contenders[0].seconds.median, reference = contenders[1].seconds.median;
    printf("%-8s  %6" PRId64 "  %14.0f  %11.1f  %9.1f %%\n", poolgrad_kind_name(kind), stride, (double)c.pixels / exact,
           exact / reference, same);
    end(&c);
}

int main(int argc, char **argv)
{
    const bool quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    if (argc > 1 && !quick) {
        fprintf(stderr, "exact: %s is no option; expected --quick or nothing\n", argv[1]);
        return 2;
    }
    printf("kind      stride  exact pixels/s  reference x  same bits\n");
    for (int kind = POOLGRAD_AVERAGE; kind <= POOLGRAD_L2NORM; kind++) {
        for (int64_t stride = 1; stride <= 2; stride++) measure((poolgrad_kind)kind, stride, quick);
    }
    printf("\nreference x  exact mode's time over that of mode reference, in the same run\n"
           "same bits    elements in which both agree\n");
    return 0;
}
