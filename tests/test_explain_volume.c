/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations beyond planes: that the steps lead to the result, and that they say what is so. */
#include "support/case.h"
#include "support/encoding.h"
#include "support/report.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100, ELEMENTS = 6 };

/* The whole text, on the heap; null after a refusal. */
static char *explain(const poolgrad_problem *p, const poolgrad_declaration *d, const int64_t at[5])
{
    poolgrad_error error = {"", ""};
    size_t length = 0, again = 0;
    if (!report_status(poolgrad_explain(p, d, at[0], at[1], at[2], at[3], at[4], NULL, 0, &length, &error), &error))
        return NULL;
    char *text = malloc(length + 1);
    cr_assert(text);
    cr_assert_eq(poolgrad_explain(p, d, at[0], at[1], at[2], at[3], at[4], text, length + 1, &again, &error),
                 POOLGRAD_OK);
    return text;
}

/* ---- The steps lead to the result -------------------------------------------------------------------------------- */

/* The number of the format whose bits stand in the first parentheses behind the words. */
static double number_behind(const char *text, const char *words, poolgrad_format format)
{
    const char *found = strstr(text, words), *open = found ? strstr(found, "(0x") : NULL;
    return open ? number_decode(format, strtoull(open + 1, NULL, 16)) : NAN;
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && !signbit(a) == !signbit(b));
}

static double value_at(const poolgrad_image *image, const int64_t at[5])
{
    return poolgrad_image_get(image, at[0], at[1], at[2], at[3], at[4]);
}

static bool lines_fit(const char *text)
{
    for (; *text; text += strcspn(text, "\n") + 1) {
        if (strcspn(text, "\n") > COLUMNS) return report_failure("a line is too long: %.200s", text);
    }
    return true;
}

/* None has all bits set, which formats of taps read as their greatest number. */
static bool same_index(const poolgrad_problem *p, int64_t told, double stored)
{
    const int bits = 8 * (int)poolgrad_format_size(p->picks.format);
    return (double)told == stored || (told == -1 && stored == ldexp(1, bits) - 1);
}

/* What is told of an element, and what the reference and exact mode made of it. */
static bool tells(const poolgrad_problem *p, const char *text, const poolgrad_image *before,
                  const poolgrad_image *exact, const int64_t at[5])
{
    const poolgrad_format format = p->destination.format;
    const double value = value_at(&p->destination, at);
    if (strstr(text, "It is not written")) return same(value, value_at(before, at));
    if (!same(number_behind(text, "Result: ", format), value))
        return report_failure("the result is %.17g:\n%s", value, text);
    if (!same(number_behind(text, "The formula's value, rounded once: ", format), value_at(exact, at)))
        return report_failure("the exact result is %.17g:\n%s", value_at(exact, at), text);
    const char *index = strstr(text, "Index: ");
    if (index && !same_index(p, strtoll(index + strlen("Index: "), NULL, 10), value_at(&p->picks, at)))
        return report_failure("the index is %.17g:\n%s", value_at(&p->picks, at), text);
    return lines_fit(text);
}

static bool run_exactly(const poolgrad_problem *p, poolgrad_image *result)
{
    poolgrad_problem problem = *p;
    poolgrad_error error = {"", ""};
    *result = view_copy(&p->destination, p->destination.layout);
    problem.destination = *result;
    problem.picks = (poolgrad_image){0};
    return report_status(poolgrad_exact_run(&problem, &error), &error);
}

static void choose(random_state *r, const poolgrad_image *image, int64_t at[5])
{
    const int64_t depth = image->depth > 1 ? image->depth : 1;
    const int64_t sizes[] = {image->images, image->channels, depth, image->height, image->width};
    for (int i = 0; i < 5; ++i) at[i] = random_between(r, 0, sizes[i] - 1);
}

static bool check_results(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    random_state r = {made->seed};
    int64_t at[ELEMENTS][5];
    char *text[ELEMENTS];
    poolgrad_image exact;
    if (view_is_empty(&p->destination)) return true;
    bool held = run_exactly(p, &exact);
    poolgrad_image before = view_copy(&p->destination, p->destination.layout);
    for (int i = 0; i < ELEMENTS; ++i) {
        choose(&r, &p->destination, at[i]);
        text[i] = explain(p, NULL, at[i]);
        held = held && text[i];
        *telling = *telling || (held && (strstr(text[i], "Sum") || strstr(text[i], "(N96)")));
    }
    held = held && trial_run(p);
    for (int i = 0; i < ELEMENTS; ++i) {
        held = held && tells(p, text[i], &before, &exact, at[i]);
        free(text[i]);
    }
    view_free(&before);
    view_free(&exact);
    return held;
}

Test(explain_volume, results)
{
    trial_sweep("explain_volume", "results", 250, 25, &(case_limits){.beyond = CASE_BEYOND}, check_results);
}

/* ---- What is said ------------------------------------------------------------------------------------------------ */

static poolgrad_image volume_of(double *data, int64_t depth, int64_t height, int64_t width)
{
    return poolgrad_image_dense_3d(data, POOLGRAD_FLOAT64, POOLGRAD_NCHW, 1, 1, depth, height, width);
}

static void expect_lines(const poolgrad_problem *p, const poolgrad_declaration *d, int64_t z, int64_t y, int64_t x,
                         const char *const *lines)
{
    char *text = explain(p, d, (const int64_t[]){0, 0, z, y, x});
    cr_assert(text);
    for (int i = 0; lines[i]; ++i) cr_expect(strstr(text, lines[i]), "the text lacks \"%s\":\n%s", lines[i], text);
    free(text);
}

#define EXPECT_LINES(p, d, z, y, x, ...) expect_lines(p, d, z, y, x, (const char *const[]){__VA_ARGS__, NULL})

/* A cube of 1 to 8, and windows of two layers. */
Test(explain_volume, layers)
{
    double values[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[4] = {0}, g[4] = {1, 2, 3, 4}, dx[8] = {0};
    poolgrad_declaration d;
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_MAX;
    p.window.kernel_depth = 2;
    p.offset_z = 1;
    p.source = view_read(volume_of(values, 2, 2, 2));
    p.destination = volume_of(y, 1, 2, 2);
    EXPECT_LINES(&p, NULL, 0, 1, 0, "Forward max, kernel 1 x 1 x 2, stride 1 x 1 x 1, dilation 1 x 1 x 1, ",
                 "channel 0, layer 0, row 1, column 0\n",
                 "Taps: layers 0 to 1, row 1, column 0 of the source, centre (1, 1, 0) (N11).\n",
                 "   layer 0\n    row 1:  3\n   layer 1\n    row 1: 7*\n", "Picked: (1, 1, 0).\n");
    p.direction = POOLGRAD_GRADIENT;
    p.source_gradient = view_read(volume_of(g, 1, 2, 2));
    p.destination = volume_of(dx, 2, 2, 2);
    poolgrad_declaration_init(&d, sizeof d);
    dx[6] = 5;
    EXPECT_LINES(&p, &d, 1, 1, 0, "It stands for layer 1, row 1, column 0 of image 0",
                 "Window of layer 0, row 1, column 0 of the source gradient\n", "    row 1: [7*]\n", "Result: 3 (0x",
                 "Verdict: wrong.\n");
    poolgrad_error error;
    size_t length;
    cr_expect_eq(poolgrad_explain(&p, NULL, 0, 0, 2, 0, 0, NULL, 0, &length, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, "z is 2; expected 0 to 1, a layer of the destination");
}

Test(explain_volume, windows_and_divisors)
{
    double x[5] = {1, 2, 4, 8, 16}, y[3] = {0};
    poolgrad_span spans[3];
    poolgrad_problem p;
    cr_assert_eq(poolgrad_adaptive_windows(5, 3, spans, NULL), POOLGRAD_OK);
    poolgrad_problem_init(&p, sizeof p);
    p.windows_x = (poolgrad_table){spans, 3};
    p.source = view_read(volume_of(x, 1, 1, 5));
    p.destination = volume_of(y, 1, 1, 3);
    EXPECT_LINES(&p, NULL, 0, 0, 1, "kernel table x 1, stride table x 1, dilation 1 x 1,",
                 "Taps: row 0, columns 1 to 3 of the source, by table (N92).\n", "N = 3 columns x 1 rows = 3: ");
    p.divisor = -7;
    EXPECT_LINES(&p, NULL, 0, 0, 1, "N = -7: the divisor, whatever taps there are (N94).\n",
                 "Sum / N = 14 / -7 = -2 (0x");
    p.divisor = 0;
    p.zero_pad_left = 2;
    EXPECT_LINES(&p, NULL, 0, 0, 1, "zero padding of (2 before, 0 behind)\n      x 0 pixels (N18).\n");
}

Test(explain_volume, means_and_gathers)
{
    double x[2] = {1, 7}, y[1] = {0}, g[1] = {5}, dx[2] = {0};
    int64_t place[1] = {1};
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_L2NORM;
    p.root_mean = 1;
    p.window.kernel_width = 2;
    p.offset_x = 1;
    p.source = view_read(volume_of(x, 1, 1, 2));
    p.destination = volume_of(y, 1, 1, 1);
    EXPECT_LINES(&p, NULL, 0, 0, 0, "Forward root of the mean square, ",
                 "Sum / N = 50 / 2 = 25 (0x4039000000000000) (N97).\n", "Square root: 5 (0x4014000000000000) (N97).\n",
                 "To 30 digits: 5 (N76).\n");
    p.direction = POOLGRAD_GRADIENT;
    p.source_gradient = view_read(volume_of(g, 1, 1, 1));
    p.destination = volume_of(dx, 1, 1, 2);
    EXPECT_LINES(&p, NULL, 0, 0, 1, "Root of the mean, in float64: 5 (0x4014000000000000) (N19, N97).\n",
                 "N times it: 2 x 5 = 10 (0x4024000000000000) (N97); to 30 digits 10.\n",
                 "Contribution: r = g / (N x root) (N97) = 0.5 (0x", "In times the sum: 7 x 0.5 = 3.5 (0x");
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_MAX;
    p.window.kernel_width = 2;
    p.offset_x = 1;
    p.source = view_read(volume_of(x, 1, 1, 2));
    p.destination = volume_of(y, 1, 1, 1);
    p.indices = poolgrad_const_image_dense(place, POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 1, 1);
    EXPECT_LINES(&p, NULL, 0, 0, 0, "Gather at given picks, ", "Picked, by index 1: (0, 1) (N39).\n",
                 "The value is that of the element: 7 (0x401c000000000000) (N96).\n");
    place[0] = -1;
    EXPECT_LINES(&p, NULL, 0, 0, 0, "Picked, by index -1: no tap (N39).\n",
                 "There is no element to take: the value is +0 (N96).\n", "Result: 0 (0x");
}
