/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact mode beside the truth: sums by brute force on random problems, and problems whose answer is known by hand
 * (docs/numerics.md N76, N91). POOLGRAD_TEST_SEED and POOLGRAD_TEST_CASES repeat a case or lengthen the run.
 */
#include "support/case.h"
#include "support/encoding.h"
#include "support/report.h"
#include "support/trial.h"
#include "support/truth.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdlib.h>
#include <string.h>

static poolgrad_image row_of(void *data, poolgrad_format format, int64_t width)
{
    return poolgrad_image_dense(data, format, POOLGRAD_NCHW, 1, 1, 1, width);
}

static bool run_exact(const poolgrad_problem *p)
{
    poolgrad_error error = {"", ""};
    return report_status(poolgrad_exact_run(p, &error), &error);
}

/* ---- Random problems --------------------------------------------------------------------------------------------- */

/* What a way to compute leaves; the buffers are then what they were. */
typedef struct result {
    unsigned char *destination, *picks;
} result;

static result take(test_case *made)
{
    return (result){trial_take(&made->destination), trial_take(&made->picks)};
}

static void forget(result *r)
{
    free(r->destination);
    free(r->picks);
}

/* A case tells something where the reference, which rounds more than once, is not exact. */
static bool reference_differs(test_case *made, const result *truth)
{
    if (!trial_run(&made->problem)) return false;
    result reference = take(made);
    const bool differs = memcmp(reference.destination, truth->destination, made->destination.size) != 0;
    forget(&reference);
    return differs;
}

static bool check_truth(test_case *made, bool *telling)
{
    truth_run(&made->problem);
    result truth = take(made);
    const bool held = run_exact(&made->problem) && trial_same_buffers(made, truth.destination, truth.picks);
    guard_restore(&made->destination);
    if (made->picks.mapping) guard_restore(&made->picks);
    *telling = held && reference_differs(made, &truth);
    forget(&truth);
    return held;
}

static void sweep(const char *name, int64_t cases, int percent, const case_limits *limits)
{
    trial_sweep("exact", name, cases, percent, limits, check_truth);
}

Test(exact, forward)
{
    sweep("forward", 3000, 5, &(case_limits){.directions = CASE_SET(POOLGRAD_FORWARD)});
}

Test(exact, gradient)
{
    sweep("gradient", 4000, 5, &(case_limits){.directions = CASE_SET(POOLGRAD_GRADIENT)});
}

/* Sums that round in float64 as well. */
Test(exact, averages)
{
    sweep("averages", 2000, 7, &(case_limits){.kinds = CASE_SET(POOLGRAD_AVERAGE), .data = DATA_BITS});
}

Test(exact, norms)
{
    sweep("norms", 1500, 5, &(case_limits){.kinds = CASE_SET(POOLGRAD_L2NORM), .data = DATA_PLAIN});
}

/* Whole numbers: roots that are rational, or cancel. */
Test(exact, norms_of_ties)
{
    sweep("norms_of_ties", 1500, 10, &(case_limits){.kinds = CASE_SET(POOLGRAD_L2NORM), .data = DATA_TIES});
}

/* ---- Splits and threads ------------------------------------------------------------------------------------------ */

/* Units in random pieces, the last first, reaching beyond both ends. */
static bool run_in_pieces(const poolgrad_problem *p, random_state *r, bool *several)
{
    poolgrad_error error = {"", ""};
    poolgrad_exact *exact;
    if (!report_status(poolgrad_exact_create(p, &exact, &error), &error)) return false;
    int64_t end = poolgrad_exact_units(exact) + random_between(r, 0, 2);
    poolgrad_status status = POOLGRAD_OK;
    *several = poolgrad_exact_units(exact) > 1;
    while (status == POOLGRAD_OK && end > 0) {
        const int64_t first = random_between(r, -1, end - 1);
        status = random_chance(r, 50) ? poolgrad_exact_run_units(exact, first, end - first, &error)
                                      : poolgrad_exact_run_parallel(exact, first, end - first, &error);
        end = first;
    }
    poolgrad_exact_destroy(exact);
    return report_status(status, &error);
}

static bool check_splits(test_case *made, bool *telling)
{
    enum { SPLITS = 3 };
    random_state r = {made->seed ^ UINT64_C(0x5eed)};
    poolgrad_problem p = made->problem;
    p.threads = 1;
    bool held = run_exact(&p);
    result alone = take(made);
    for (int threads = 1; held && threads <= SPLITS; ++threads) {
        bool several = false;
        p.threads = threads;
        held = run_in_pieces(&p, &r, &several) && trial_same_buffers(made, alone.destination, alone.picks);
        *telling = several;
        guard_restore(&made->destination);
        if (made->picks.mapping) guard_restore(&made->picks);
    }
    forget(&alone);
    return held;
}

Test(exact, splits)
{
    trial_sweep("exact", "splits", 1000, 50, &(case_limits){0}, check_splits);
}

/* A range that begins before the first unit is not moved there. */
Test(exact, ranges_outside)
{
    static const int64_t ranges[][2] = {{-1, 1}, {INT64_MIN, INT64_MAX}, {1, INT64_MAX}, {0, 0},
                                        {0, -1}, {INT64_MAX, 1}};
    double x = 1, mean = 7;
    poolgrad_problem p;
    poolgrad_exact *exact;
    poolgrad_error error = {"", ""};
    poolgrad_problem_init(&p, sizeof p);
    p.source = view_read(row_of(&x, POOLGRAD_FLOAT64, 1));
    p.destination = row_of(&mean, POOLGRAD_FLOAT64, 1);
    cr_assert_eq(poolgrad_exact_create(&p, &exact, &error), POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_exact_units(exact), 1);
    for (int i = 0; i < (int)(sizeof ranges / sizeof *ranges); ++i) {
        cr_expect_eq(poolgrad_exact_run_units(exact, ranges[i][0], ranges[i][1], &error), POOLGRAD_OK);
        cr_expect_eq(poolgrad_exact_run_parallel(exact, ranges[i][0], ranges[i][1], &error), POOLGRAD_OK);
        cr_expect_eq(mean, 7, "range %d", i);
    }
    cr_expect_eq(poolgrad_exact_run_units(exact, -1, 2, &error), POOLGRAD_OK);
    cr_expect_eq(mean, 1);
    poolgrad_exact_destroy(exact);
}

/* ---- The caller's environment ------------------------------------------------------------------------------------ */

static bool check_environment(test_case *made, bool *telling)
{
    truth_run(&made->problem);
    result truth = take(made);
    fesetround(FE_UPWARD);
    feclearexcept(FE_ALL_EXCEPT);
    bool held = run_exact(&made->problem);
    const int rounding = fegetround(), raised = fetestexcept(FE_ALL_EXCEPT);
    fesetround(FE_TONEAREST);
    held = held && trial_same_buffers(made, truth.destination, truth.picks);
    if (held && rounding != FE_UPWARD) held = report_failure("the rounding mode is another one");
    if (held && raised != 0) held = report_failure("flags were raised: %d", raised);
    *telling = held;
    forget(&truth);
    return held;
}

Test(exact, environment)
{
    trial_sweep("exact", "environment", 300, 100, &(case_limits){0}, check_environment);
}

/* ---- Known by hand ----------------------------------------------------------------------------------------------- */

enum { PIXELS = 5, WINDOWS = 4 };

/* Rows: the first window begins at pixel `start`, the others one pixel further each. What is expected is pixel `at` of
 * the destination. Without formats: float64. */
typedef struct known {
    poolgrad_direction direction;
    poolgrad_kind kind;
    poolgrad_edge_mode edge_mode;
    int64_t kernel, start, pixels, windows;
    double x[PIXELS], g[WINDOWS];
    bool adds;
    double before;
    poolgrad_format format; /* of the destination */
    int64_t at;
    double expected;
} known;

static poolgrad_problem known_problem(const known *k, double *x, double *g, unsigned char *destination)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = k->direction;
    p.kind = k->kind;
    p.edge_mode = k->edge_mode;
    p.window.kernel_width = k->kernel;
    p.offset_x = k->start + k->kernel / 2;
    p.add_to_destination = k->adds;
    memcpy(x, k->x, sizeof k->x);
    memcpy(g, k->g, sizeof k->g);
    p.source = view_read(row_of(x, POOLGRAD_FLOAT64, k->pixels));
    if (k->direction == POOLGRAD_GRADIENT) p.source_gradient = view_read(row_of(g, POOLGRAD_FLOAT64, k->windows));
    p.destination = row_of(destination, k->format, k->direction == POOLGRAD_GRADIENT ? k->pixels : k->windows);
    return p;
}

static uint64_t known_bits(const known *k, bool exact)
{
    unsigned char destination[PIXELS * sizeof(double)];
    double x[PIXELS], g[WINDOWS];
    const poolgrad_problem p = known_problem(k, x, g, destination);
    for (int64_t i = 0; i < p.destination.width; ++i) view_set_number(&p.destination, 0, 0, 0, i, k->before);
    poolgrad_error error = {"", ""};
    if (exact)
        cr_assert_eq(poolgrad_exact_run(&p, &error), POOLGRAD_OK, "%s", error.message);
    else
        truth_run(&p);
    return view_bits(&p.destination, 0, 0, 0, k->at);
}

/* The answer by hand is that of the brute force as well, or one of the two is wrong. */
static void expect(const known *k, const char *name, int number)
{
    known made = *k;
    if (made.format == POOLGRAD_FORMAT_NONE) made.format = POOLGRAD_FLOAT64;
    const uint64_t expected = number_encode(made.format, made.expected);
    cr_assert(isnan(made.expected) || number_decode(made.format, expected) == made.expected, "%s %d", name, number);
    const uint64_t found = known_bits(&made, true), truth = known_bits(&made, false);
    cr_expect(found == expected, "%s %d: expected %a, found %a", name, number, made.expected,
              number_decode(made.format, found));
    cr_expect(truth == expected, "%s %d: expected %a, by brute force %a", name, number, made.expected,
              number_decode(made.format, truth));
}

/* One pixel that all windows pick: the sum of g. */
static known sum_of(double a, double b, double c, double d, poolgrad_format format, double expected)
{
    return (known){.direction = POOLGRAD_GRADIENT,
                   .kind = POOLGRAD_MAX,
                   .edge_mode = POOLGRAD_EDGE_CLAMP,
                   .kernel = WINDOWS,
                   .start = 1 - WINDOWS,
                   .pixels = 1,
                   .windows = WINDOWS,
                   .x = {1},
                   .g = {a, b, c, d},
                   .format = format,
                   .expected = expected};
}

static void expect_sum(const char *name, int number, const known *k)
{
    expect(k, name, number);
    known negative = *k;
    for (int i = 0; i < WINDOWS; ++i) negative.g[i] = -k->g[i];
    negative.before = -k->before;
    negative.expected = k->expected == 0 ? 0 : -k->expected;
    expect(&negative, name, -number);
}

static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};

enum { FORMATS = sizeof formats / sizeof *formats };

static const double tiny = 0x1p-1074;

Test(exact, halfway)
{
    for (int i = 0; i < FORMATS; ++i) {
        const poolgrad_format f = formats[i];
        const double u = ldexp(1, truth_bits(f)); /* from here on numbers are 2 apart */
        const known sums[] = {
            sum_of(u, 1, 0, 0, f, u),          sum_of(u, 2, 1, 0, f, u + 4),
            sum_of(u, 1, tiny, 0, f, u + 2),   sum_of(tiny, 1, 0, u, f, u + 2),
            sum_of(u, 2, 1, -tiny, f, u + 2),  sum_of(u, 1, -tiny, tiny, f, u),
            sum_of(u, -1 / 2., 0, 0, f, u),    sum_of(u, -1 / 2., -tiny, 0, f, u - 1),
            sum_of(2 * u, -1, 0, 0, f, 2 * u), sum_of(2 * u, -1, -tiny, 0, f, 2 * u - 2),
        };
        for (int j = 0; j < (int)(sizeof sums / sizeof *sums); ++j) expect_sum("halfway", 100 * (i + 1) + j, &sums[j]);
    }
}

Test(exact, overflow)
{
    for (int i = 0; i < FORMATS; ++i) {
        const poolgrad_format f = formats[i];
        const int bits = truth_bits(f), top = 1 - truth_least(f);
        const double half = ldexp(1, top - bits), greatest = ldexp(2 - ldexp(1, 1 - bits), top);
        const known sums[] = {
            sum_of(greatest, half, 0, 0, f, INFINITY),
            sum_of(greatest, half, -tiny, 0, f, greatest),
            sum_of(greatest, half / 2, half / 2, 0, f, INFINITY),
            sum_of(greatest, greatest, -greatest, 0, f, greatest),
            sum_of(greatest, greatest, greatest, -greatest, f, INFINITY),
        };
        for (int j = 0; j < (int)(sizeof sums / sizeof *sums); ++j) expect_sum("overflow", 100 * (i + 1) + j, &sums[j]);
    }
}

/* Four windows of an average in mode zero: sums of g / 4. */
static known quarter_of(double a, double b, double c, double d, poolgrad_format format, double expected)
{
    known k = sum_of(a, b, c, d, format, expected);
    k.kind = POOLGRAD_AVERAGE;
    k.edge_mode = POOLGRAD_EDGE_ZERO;
    return k;
}

Test(exact, subnormals)
{
    for (int i = 0; i < FORMATS; ++i) {
        const poolgrad_format f = formats[i];
        const double least = ldexp(1, truth_least(f) - truth_bits(f) + 1), normal = ldexp(1, truth_least(f));
        const known sums[] = {
            quarter_of(3 * least, 0, 0, 0, f, least),
            quarter_of(2 * least, 4 * least, 0, 0, f, 2 * least),
            quarter_of(least, least, least, 2 * least, f, least),
            quarter_of(6 * least, 4 * least, 0, 0, f, 2 * least),
            quarter_of(8 * least, 4 * least, least, 2 * least, f, 4 * least),
            quarter_of(4 * normal, -2 * least, 0, 0, f, normal),
            quarter_of(4 * normal, -3 * least, 0, 0, f, normal - least),
            quarter_of(4 * normal, -4 * least, -least, least, f, normal - least),
        };
        for (int j = 0; j < (int)(sizeof sums / sizeof *sums); ++j)
            expect_sum("subnormals", 100 * (i + 1) + j, &sums[j]);
        /* Numbers that round to zero keep their signs. */
        const known up = quarter_of(2 * least, 0, 0, 0, f, 0), down = quarter_of(-2 * least, 0, 0, 0, f, -0.0);
        expect(&up, "subnormals", i);
        expect(&down, "subnormals", -i);
    }
}

Test(exact, cancellation)
{
    const poolgrad_format f = POOLGRAD_FLOAT64;
    const known sums[] = {
        sum_of(0x1p1023, tiny, -0x1p1023, 0, f, tiny),
        sum_of(0x1p1023, tiny, -0x1p1023, -tiny, f, 0),
        sum_of(0x1p1023, 0x1p1023, tiny, -0x1p1023, f, 0x1p1023),
        sum_of(1e16, 1, -1e16, 0, f, 1),
        sum_of(-0.0, -0.0, -0.0, -0.0, f, 0),
        sum_of(1, -1, -0.0, -0.0, POOLGRAD_FLOAT16, 0),
        quarter_of(1, 1, 1, 1, POOLGRAD_FLOAT32, 1),
    };
    for (int j = 0; j < (int)(sizeof sums / sizeof *sums); ++j) expect_sum("cancellation", j + 1, &sums[j]);
    /* Thirds, and forward. */
    known k = {.kind = POOLGRAD_AVERAGE, .kernel = 3, .pixels = 3, .windows = 1, .x = {1, 1, 1}, .expected = 1};
    expect(&k, "forward", 1);
    k = (known){.kind = POOLGRAD_AVERAGE, .kernel = 3, .pixels = 3, .windows = 1, .x = {-0.0, -0.0, -0.0}};
    expect(&k, "forward", 2);
    k = (known){.kind = POOLGRAD_MAX, .kernel = 3, .pixels = 3, .windows = 1, .x = {-0.0, -1, -0.0}};
    expect(&k, "forward", 3);
    k = (known){.kind = POOLGRAD_AVERAGE, .kernel = 3, .pixels = 3, .windows = 1, .x = {0x1p1023, 0x1p1023, 0x1p1023}};
    k.expected = 0x1p1023;
    expect(&k, "forward", 4);
}

Test(exact, not_finite)
{
    const double inf = INFINITY, nan = NAN;
    const poolgrad_format f = POOLGRAD_FLOAT32;
    const known sums[] = {
        sum_of(inf, 1, -DBL_MAX, 0, f, inf), sum_of(inf, -inf, 1, 0, f, nan), sum_of(nan, 1, 0, 0, f, nan),
        sum_of(nan, inf, 0, 0, f, nan),      sum_of(inf, inf, 0, 0, f, inf),  quarter_of(inf, 1, 0, 0, f, inf),
    };
    for (int j = 0; j < (int)(sizeof sums / sizeof *sums); ++j) expect_sum("not_finite", j + 1, &sums[j]);
    const struct {
        double before, g, expected;
    } added[] = {
        {inf, 1, inf}, {inf, -inf, nan}, {nan, 1, nan},   {-0.0, 0, 0},        {-0.0, -0.0, 0},
        {-1, 1, 0},    {1, inf, inf},    {-inf, 5, -inf}, {0x1p24, 1, 0x1p24}, {0x1p24, 1 + DBL_EPSILON, 0x1p24 + 2}};
    for (int j = 0; j < (int)(sizeof added / sizeof *added); ++j) {
        known k = sum_of(added[j].g, 0, 0, 0, f, added[j].expected);
        k.adds = true;
        k.before = added[j].before;
        expect_sum("added", j + 1, &k);
    }
    /* No window reaches it. */
    known k = {.direction = POOLGRAD_GRADIENT, .kernel = 1, .pixels = 2, .windows = 1, .x = {1, 1}, .g = {5}, .at = 1};
    k.adds = true;
    k.before = -0.0;
    for (int kind = POOLGRAD_AVERAGE; kind <= POOLGRAD_L2NORM; ++kind) {
        k.kind = (poolgrad_kind)kind;
        expect(&k, "not reached", kind);
    }
}

/* ---- Norms by hand ----------------------------------------------------------------------------------------------- */

/* One window over two pixels. */
static known norm_of(double x0, double x1, double g, int64_t at, double expected)
{
    return (known){.direction = POOLGRAD_GRADIENT,
                   .kind = POOLGRAD_L2NORM,
                   .kernel = 2,
                   .pixels = 2,
                   .windows = 1,
                   .x = {x0, x1},
                   .g = {g},
                   .format = POOLGRAD_FLOAT32,
                   .at = at,
                   .expected = expected};
}

static void expect_added(known k, double before, double expected, int number)
{
    k.adds = true;
    k.before = before;
    k.expected = expected;
    expect(&k, "norm, added", number);
}

/* 3 g / 5 halfway between two numbers of float32, which are 4 apart there. */
Test(exact, perfect_squares)
{
    const double down = 33554442, up = 33554454;
    const known even = norm_of(3, 4, down / 3 * 5, 0, 33554440), odd = norm_of(3, 4, up / 3 * 5, 0, 33554456);
    expect(&even, "perfect square", 1);
    expect(&odd, "perfect square", 2);
    expect_added(even, 0x1p-149, 33554444, 1);
    expect_added(even, -0x1p-149, 33554440, 2);
    expect_added(odd, -0x1p-149, 33554452, 3);
    const known exact = norm_of(3, 4, 5, 1, 4), forward = {.kind = POOLGRAD_L2NORM,
                                                           .kernel = 2,
                                                           .pixels = 2,
                                                           .windows = 1,
                                                           .x = {3 * 0x1p-1074, 4 * 0x1p-1074},
                                                           .expected = 5 * 0x1p-1074};
    expect(&exact, "perfect square", 3);
    expect(&forward, "perfect square", 4);
    /* 3 (2^24 + 1) and 4 (2^24 + 1): the root is 5 (2^24 + 1), of which 5 is behind the last place but one. */
    known root = {.kind = POOLGRAD_L2NORM, .kernel = 2, .pixels = 2, .windows = 1, .format = POOLGRAD_FLOAT32};
    root.x[0] = 3 * 6710887 * 2.;
    root.x[1] = 4 * 6710887 * 2.;
    root.expected = 67108872; /* 67108870 is halfway; numbers are 8 apart, the other one is 67108864 */
    cr_assert_eq(5 * 6710887 * 2., 67108870);
    expect(&root, "perfect square", 5);
}

/* Windows {a b}, {a b c}, {b c d}, {c d} over a = 1, b = 7, c = 8.75, d = 3.25, whose first three norms are 5 sqrt(2),
 * 11.25 and 8.25 sqrt(2). */
static known roots_of(double g0, double g1, double g2, double expected)
{
    return (known){.direction = POOLGRAD_GRADIENT,
                   .kind = POOLGRAD_L2NORM,
                   .kernel = 3,
                   .start = -1,
                   .pixels = 4,
                   .windows = 4,
                   .x = {1, 7, 8.75, 3.25},
                   .g = {g0, g1, g2, 0},
                   .format = POOLGRAD_FLOAT32,
                   .at = 1,
                   .expected = expected};
}

Test(exact, roots_that_cancel)
{
    const double halfway = 33554486, g1 = halfway / 7 * 11.25; /* 33554484 and 33554488, which is the even one */
    cr_assert_eq(g1, 53926852.5);
    const known sums[] = {
        roots_of(5, 0, -8.25, 0),
        roots_of(-5, 0, 8.25, 0),
        roots_of(0, g1, 0, 33554488),
        roots_of(5, g1, -8.25, 33554488),
        roots_of(5 * 0x1p1000, g1, -8.25 * 0x1p1000, 33554488),
        roots_of(5 * 0x1p1000, 0, -8.25 * 0x1p1000, 0),
        roots_of(5, g1, nextafter(-8.25, -9), 33554484),
        roots_of(5, g1, nextafter(-8.25, 0), 33554488),
        roots_of(5 * 0x1p-900, g1, nextafter(-8.25 * 0x1p-900, -1), 33554484),
    };
    for (int j = 0; j < (int)(sizeof sums / sizeof *sums); ++j) expect(&sums[j], "roots", j + 1);
    expect_added(roots_of(5, 0, -8.25, 0), 1, 1, 10);
    expect_added(roots_of(5, 0, -8.25, 0), -0.0, 0, 11);
    expect_added(roots_of(5, 11.25, -8.25, 0), -7, 0, 12);
    expect_added(roots_of(5, g1, -8.25, 0), 0x1p-149, 33554488, 13);
    expect_added(roots_of(5, g1, -8.25, 0), -0x1p-149, 33554484, 14);
    /* 5 / sqrt(2) - 5 / sqrt(2), and 5 / sqrt(50) - 1 / sqrt(2). */
    known k = {.direction = POOLGRAD_GRADIENT, .kind = POOLGRAD_L2NORM, .kernel = 3, .start = -1, .pixels = 2};
    k.windows = 2;
    k.x[0] = k.x[1] = 1;
    k.g[0] = 5;
    k.g[1] = -5;
    expect(&k, "roots", 20);
    k = (known){.direction = POOLGRAD_GRADIENT, .kind = POOLGRAD_L2NORM, .kernel = 2, .pixels = 3, .windows = 2};
    k.x[0] = 7;
    k.x[1] = k.x[2] = 1;
    k.g[0] = 5;
    k.g[1] = -1;
    k.at = 1;
    expect(&k, "roots", 21);
}

Test(exact, norms_of_no_numbers)
{
    const double inf = INFINITY, nan = NAN;
    const known rows[] = {
        norm_of(0, 0, inf, 0, 0),       norm_of(-0.0, 0, nan, 0, 0),  norm_of(0, 4, 5, 0, 0),
        norm_of(-0.0, 4, 5, 0, 0),      norm_of(3, 4, -0.0, 0, 0),    norm_of(inf, 1, 1, 0, nan),
        norm_of(inf, 1, 1, 1, 0),       norm_of(inf, 1, inf, 1, nan), norm_of(3, 4, inf, 0, inf),
        norm_of(-3, 4, inf, 0, -inf),   norm_of(0, 4, inf, 0, nan),   norm_of(nan, 4, 1, 1, nan),
        norm_of(3, 4, nan, 0, nan),     norm_of(inf, nan, 1, 0, nan), norm_of(-tiny, 0, 1, 0, -1),
        norm_of(DBL_MAX, 0, -2, 0, -2),
    };
    for (int j = 0; j < (int)(sizeof rows / sizeof *rows); ++j) expect(&rows[j], "norms", j + 1);
    expect_added(norm_of(0, 0, nan, 0, 0), 7, 7, 1);
    expect_added(norm_of(0, 0, 1, 0, 0), -0.0, 0, 2);
    expect_added(norm_of(3, 4, inf, 0, 0), -inf, nan, 3);
    expect_added(norm_of(3, 4, 5, 0, 0), -inf, -inf, 4);
    expect_added(norm_of(3, 4, 5, 0, 0), -3, 0, 5);
    expect_added(norm_of(3, 4, 5, 0, 0), nan, nan, 6);
}

/* Windows {inf a b}, {a b c}, {b c d}, of which the last two cancel: the first one has no part in what is left. */
Test(exact, infinite_norm_beside_roots_that_cancel)
{
    known k = {.direction = POOLGRAD_GRADIENT, .kind = POOLGRAD_L2NORM, .kernel = 3, .format = POOLGRAD_FLOAT32};
    k.pixels = PIXELS;
    k.windows = 3;
    memcpy(k.x, (const double[]){INFINITY, 0x1p-126, 0x1p-126, 1, -0x1p-126}, sizeof k.x);
    memcpy(k.g, (const double[]){2, 2, -2, 0}, sizeof k.g);
    k.at = 2;
    expect(&k, "infinite norm", 1);
}

/* Windows with nothing inside give 0 and take nothing. */
Test(exact, nothing_inside)
{
    for (int kind = POOLGRAD_AVERAGE; kind <= POOLGRAD_L2NORM; ++kind) {
        known k = {.kind = (poolgrad_kind)kind, .edge_mode = POOLGRAD_EDGE_CLAMP, .kernel = 2, .start = 2};
        k.pixels = k.windows = 2;
        k.x[0] = k.x[1] = -3;
        expect(&k, "nothing inside", kind);
        k.direction = POOLGRAD_GRADIENT;
        k.g[0] = NAN;
        k.g[1] = INFINITY;
        expect(&k, "nothing inside", -kind);
    }
}

/* Codes stand for float32 numbers: 255 and 65535 for 1, 51 for the one next to 0.2. */
Test(exact, unorm)
{
    unsigned char eight[4] = {51, 102, 0, 255};
    uint16_t sixteen[4] = {65535, 65535, 65535, 65535};
    double means[1], g[1] = {1}, dx[4];
    poolgrad_problem p;
    poolgrad_error error = {"", ""};
    poolgrad_problem_init(&p, sizeof p);
    p.window.kernel_width = 2;
    p.offset_x = 1;
    p.source = view_read(row_of(eight, POOLGRAD_UNORM8, 4));
    p.destination = row_of(means, POOLGRAD_FLOAT64, 1);
    cr_assert_eq(poolgrad_exact_run(&p, &error), POOLGRAD_OK, "%s", error.message);
    cr_expect_eq(means[0], 1.5 * (double)0.2f);
    p.direction = POOLGRAD_GRADIENT;
    p.kind = POOLGRAD_L2NORM;
    p.window.kernel_width = 4;
    p.offset_x = 2;
    p.source = view_read(row_of(sixteen, POOLGRAD_UNORM16, 4));
    p.source_gradient = view_read(row_of(g, POOLGRAD_FLOAT64, 1));
    p.destination = row_of(dx, POOLGRAD_FLOAT64, 4);
    cr_assert_eq(poolgrad_exact_run(&p, &error), POOLGRAD_OK, "%s", error.message);
    for (int i = 0; i < 4; ++i) cr_expect_eq(dx[i], 0.5);
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

/* As poolgrad_run: in the same words, and nothing is written. */
Test(exact, refusals)
{
    double x[2] = {1, 2}, g[2] = {1, 1}, dx[2] = {7, 7};
    int32_t indices[2] = {0, 5};
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.kind = POOLGRAD_MAX;
    p.source = view_read(row_of(x, POOLGRAD_FLOAT64, 2));
    p.source_gradient = view_read(row_of(g, POOLGRAD_FLOAT64, 2));
    p.destination = row_of(dx, POOLGRAD_FLOAT64, 2);
    for (int i = 0; i < 3; ++i) {
        poolgrad_problem bad = p;
        poolgrad_error expected = {"", ""}, error = {"", ""};
        poolgrad_exact *exact = (poolgrad_exact *)&p;
        if (i == 0) bad.window.stride_x = 0;
        if (i == 1) bad.destination.data = x;
        if (i == 2) bad.indices = view_read(row_of(indices, POOLGRAD_INT32, 2));
        cr_expect_eq(poolgrad_run(&bad, &expected), POOLGRAD_INVALID, "%d", i);
        cr_expect_eq(poolgrad_exact_run(&bad, &error), POOLGRAD_INVALID, "%d", i);
        cr_expect_str_eq(error.message, expected.message);
        cr_expect_str_eq(error.field, expected.field);
        cr_expect_eq(poolgrad_exact_create(&bad, &exact, NULL), POOLGRAD_INVALID);
        cr_expect_null(exact);
        cr_expect(dx[0] == 7 && dx[1] == 7);
    }
    poolgrad_exact_destroy(NULL);
}
