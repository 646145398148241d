/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations: that the steps lead to the result, that they say what is so, and what is refused. */
#include "support/case.h"
#include "support/encoding.h"
#include "support/report.h"
#include "support/sentence.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100, ELEMENTS = 6 };

/* The whole text, on the heap; null after a refusal. */
static char *explain(const poolgrad_problem *p, const poolgrad_declaration *d, const int64_t at[4])
{
    poolgrad_error error = {"", ""};
    size_t length = 0, again = 0;
    if (!report_status(poolgrad_explain(p, d, at[0], at[1], 0, at[2], at[3], NULL, 0, &length, &error), &error))
        return NULL;
    char *text = malloc(length + 1);
    if (!text) abort();
    poolgrad_status status = poolgrad_explain(p, d, at[0], at[1], 0, at[2], at[3], text, length + 1, &again, &error);
    cr_assert(status == POOLGRAD_OK && again == length && strlen(text) == length);
    return text;
}

static bool has(const char *text, const char *part)
{
    if (strstr(text, part)) return true;
    printf("the text lacks \"%s\":\n%s", part, text);
    return false;
}

/* The bits in the first parentheses behind the words. */
static bool bits_behind(const char *text, const char *words, uint64_t *bits)
{
    const char *found = strstr(text, words);
    const char *open = found ? strstr(found, "(0x") : NULL;
    if (!open) return false;
    *bits = strtoull(open + strlen("("), NULL, 16);
    return true;
}

static bool lines_fit(const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (length > COLUMNS || text[length] != '\n' || (length > 0 && text[length - 1] == ' ')) {
            printf("a line of %zu letters: %.*s\n", length, (int)length, text);
            return false;
        }
        text += length + 1;
    }
    return true;
}

/* ---- The steps lead to the result -------------------------------------------------------------------------------- */

static void choose(random_state *r, const poolgrad_image *image, int64_t at[4])
{
    at[0] = random_between(r, 0, image->images - 1);
    at[1] = random_between(r, 0, image->channels - 1);
    at[2] = random_between(r, 0, image->height - 1);
    at[3] = random_between(r, 0, image->width - 1);
}

static bool same_bits(const char *text, const char *words, const poolgrad_image *image, const int64_t at[4])
{
    uint64_t told = 0, bits = view_bits(image, at[0], at[1], at[2], at[3]);
    if (bits_behind(text, words, &told) && told == bits) return true;
    printf("(%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ") is %" PRIx64 ", the text says %" PRIx64 ":\n%s", at[0],
           at[1], at[2], at[3], bits, told, text);
    return false;
}

static bool same_index(const char *text, const poolgrad_image *picks, const int64_t at[4])
{
    const char *found = strstr(text, "Index: ");
    int64_t index = view_index(picks, at[0], at[1], at[2], at[3]);
    if (found && strtoll(found + strlen("Index: "), NULL, 10) == index) return true;
    return report_failure("the index is %" PRId64 ":\n%s", index, text);
}

/* An element that is not written is as it was. */
static bool explains(const poolgrad_problem *p, const char *text, const poolgrad_image *before,
                     const poolgrad_image *exact, const int64_t at[4])
{
    const uint64_t was = view_bits(before, at[0], at[1], at[2], at[3]);
    if (strstr(text, "It is not written")) {
        return was == view_bits(&p->destination, at[0], at[1], at[2], at[3]) ||
               report_failure("an element that the text calls unwritten was:\n%s", text);
    }
    bool same = same_bits(text, "Result: ", &p->destination, at);
    same = same && same_bits(text, "The formula's value, rounded once: ", exact, at);
    if (p->picks.data) same = same && same_index(text, &p->picks, at);
    return same && lines_fit(text);
}

/* What the problem's destination gets in exact mode. */
static bool run_exactly(const poolgrad_problem *p, poolgrad_image *result)
{
    poolgrad_problem problem = *p;
    poolgrad_error error = {"", ""};
    *result = view_copy(&p->destination, p->destination.layout);
    problem.destination = *result;
    problem.picks = (poolgrad_image){0};
    return report_status(poolgrad_exact_run(&problem, &error), &error);
}

static bool check_results(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    random_state r = {made->seed};
    int64_t at[ELEMENTS][4];
    char *text[ELEMENTS];
    poolgrad_image exact;
    if (view_is_empty(&p->destination)) return true;
    bool held = run_exactly(p, &exact);
    poolgrad_image before = view_copy(&p->destination, p->destination.layout);
    for (int i = 0; i < ELEMENTS; ++i) {
        choose(&r, &p->destination, at[i]);
        text[i] = explain(p, NULL, at[i]);
        held = held && text[i];
        *telling = *telling || (held && strstr(text[i], "Sum"));
    }
    held = held && report_same_elements("destination, explained", &before, &p->destination) && trial_run(p);
    for (int i = 0; i < ELEMENTS; ++i) {
        held = held && explains(p, text[i], &before, &exact, at[i]);
        free(text[i]);
    }
    view_free(&before);
    view_free(&exact);
    return held ? report_intact() : report_failure("an explanation does not tell what happens");
}

Test(explain, results)
{
    const case_limits limits = {0};
    trial_sweep("explain", "results", 1500, 30, &limits, check_results);
}

Test(explain, special_values)
{
    const case_limits limits = {.data = DATA_SPECIAL, .from_data = true};
    trial_sweep("explain", "special_values", 600, 30, &limits, check_results);
}

/* ---- Verdicts ---------------------------------------------------------------------------------------------------- */

/* Changes some elements a little or wholly. */
static void spoil(random_state *r, const poolgrad_image *image)
{
    for (int i = 0; i < ELEMENTS; ++i) {
        int64_t at[4];
        choose(r, image, at);
        uint64_t bits = view_bits(image, at[0], at[1], at[2], at[3]);
        bits = random_chance(r, 60) ? bits + 1 : number_encode(image->format, (double)random_between(r, -3, 3));
        view_set_bits(image, at[0], at[1], at[2], at[3], bits);
    }
}

static bool same_verdict(const poolgrad_problem *p, const poolgrad_declaration *d,
                         const poolgrad_verification *verification, const int64_t at[4])
{
    char words[64];
    char *text = explain(p, d, at);
    if (!text) return false;
    poolgrad_verdict verdict = poolgrad_verification_at(verification, at[0], at[1], 0, at[2], at[3]);
    snprintf(words, sizeof words, "Verdict: %s.\n", poolgrad_verdict_name(verdict));
    bool same = has(text, words) && same_bits(text, "Actual: ", &p->destination, at) && lines_fit(text);
    free(text);
    return same;
}

/* The story with the verdicts of a verification is the one that verifies by itself. */
static bool same_story(const poolgrad_problem *p, const poolgrad_declaration *d,
                       const poolgrad_verification *verification, const int64_t at[4])
{
    poolgrad_error error = {"", ""};
    size_t length = 0;
    char *expected = explain(p, d, at);
    if (!expected) return false;
    char *text = calloc(1, strlen(expected) + 2);
    if (!text) abort();
    const poolgrad_status status = poolgrad_verification_explain(verification, at[0], at[1], 0, at[2], at[3], text,
                                                                 strlen(expected) + 2, &length, &error);
    const bool same = report_status(status, &error) && strcmp(text, expected) == 0 && length == strlen(expected);
    if (!same) printf("of a verification:\n%s\nby itself:\n%s", text, expected);
    free(expected);
    free(text);
    return same;
}

static bool check_verdicts(test_case *made, bool *telling)
{
    poolgrad_problem p = made->problem;
    random_state r = {made->seed ^ UINT64_C(0x7e11)};
    poolgrad_declaration d;
    poolgrad_error error = {"", ""};
    poolgrad_verification *verification;
    if (view_is_empty(&p.destination)) return true;
    poolgrad_declaration_init(&d, sizeof d);
    poolgrad_image before = view_copy(&p.destination, p.destination.layout);
    const poolgrad_const_image held_before = view_read(before);
    d.before = p.add_to_destination || random_chance(&r, 50) ? &held_before : NULL;
    p.picks = (poolgrad_image){0};
    bool held = trial_run(&p);
    spoil(&r, &p.destination);
    held = held && report_status(poolgrad_verify(&p, &d, &verification, &error), &error);
    for (int64_t n = 0; held && n < p.destination.images; ++n)
        for (int64_t c = 0; held && c < p.destination.channels; ++c) {
            int64_t at[4];
            choose(&r, &p.destination, at);
            at[0] = n;
            at[1] = c;
            held = same_verdict(&p, &d, verification, at) && same_story(&p, &d, verification, at);
            for (int64_t i = 0; held && i < poolgrad_verification_finding_count(verification); ++i) {
                const poolgrad_finding *f = poolgrad_verification_finding(verification, i);
                const int64_t found[4] = {f->n, f->c, f->y, f->x};
                *telling = true;
                if (f->n == n && f->c == c)
                    held = same_verdict(&p, &d, verification, found) && same_story(&p, &d, verification, found);
            }
        }
    if (held) poolgrad_verification_destroy(verification);
    view_free(&before);
    return held || report_failure("an explanation has another verdict than the verification");
}

Test(explain, verdicts)
{
    const case_limits limits = {.greatest_kernel = 5};
    trial_sweep("explain", "verdicts", 250, 30, &limits, check_verdicts);
}

/* ---- By hand ----------------------------------------------------------------------------------------------------- */

static poolgrad_const_image image_of(const float *data, int64_t height, int64_t width)
{
    return poolgrad_const_image_dense(data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, height, width);
}

/* Kernel 3 x 1, offset 0, over a row of four. */
static poolgrad_problem row_problem(poolgrad_direction direction, poolgrad_kind kind, const float *source,
                                    const float *gradient, float *destination)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = direction;
    p.kind = kind;
    p.window.kernel_width = 3;
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.source = image_of(source, 1, 4);
    if (direction == POOLGRAD_GRADIENT) p.source_gradient = image_of(gradient, 1, 4);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 4);
    return p;
}

/* One blank for each run of blanks and ends of lines. */
static void join_lines(char *text)
{
    char *to = text;
    for (const char *from = text; *from; ++from) {
        bool blank = *from == ' ' || *from == '\n';
        if (!blank || to == text || to[-1] != ' ') *to++ = blank ? ' ' : *from;
    }
    *to = '\0';
}

/* Each of the words, which end with a null, in this order, however they are broken into lines. */
static void expect_words(const poolgrad_problem *p, const poolgrad_declaration *d, int64_t x, const char *const *words)
{
    const int64_t at[4] = {0, 0, 0, x};
    char *text = explain(p, d, at);
    cr_assert(text);
    join_lines(text);
    const char *rest = text;
    for (; *words; ++words) {
        const char *found = strstr(rest, *words);
        cr_assert(found, "\"%s\" is not, or not in its place, in\n%s", *words, text);
        rest = found + strlen(*words);
    }
    free(text);
}

#define EXPECT(p, x, ...) expect_words(p, NULL, x, (const char *const[]){__VA_ARGS__, NULL})
#define EXPECT_JUDGED(p, d, x, ...) expect_words(p, d, x, (const char *const[]){__VA_ARGS__, NULL})

static float out[8];

Test(explain, average)
{
    static const float gradient[4] = {1, 3, 5, 7};
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, NULL, gradient, out);
    EXPECT(&p, 0, "row 0, column 0 of image 0, channel 0 of the source (N42", "row 0, column 0 of the source gradient",
           "g = 1 (0x3f800000)", "columns -1 to 1", "(N11)", "1 of 3 taps are outside the source of 4 x 1 pixels",
           "N = 2 columns x 1 rows = 2", "(N18)", "(N26, N63) = 0.5 (0x3f000000); to 30 digits 0.5.",
           "Sum: 0 + 0.5 = 0.5 (0x3f000000)", "row 0, column 1 of the source gradient", "g = 3 (0x40400000)",
           "= 1 (0x3f800000); to 30 digits 1.", "Sum: 0.5 + 1 = 1.5 (0x3fc00000) (N61, N62).",
           "Windows: 2, of which 2 contribute. Sum: 1.5 (0x3fc00000).", "Exact sum, to 30 digits: 1.5 (N76).",
           "Result: 1.5 (0x3fc00000), stored as float32", "rounded once: 1.5 (0x3fc00000) (N76)",
           "From it to the result: 0 ulps.");
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    EXPECT(&p, 0, "N = 3 x 1 = 3: edge mode zero counts every tap (N17)", "= 0.333333343 (0x3eaaaaab)",
           "0.333333333333333333333333333333", "Exact sum, to 30 digits: 1.33333333333333333333333333333 (N76).");
}

Test(explain, max_ties)
{
    static const float source[4] = {2, 2, 1, 2}, gradient[4] = {1, 3, 5, 7};
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_MAX, source, gradient, out);
    EXPECT(&p, 1, "Values ([this pixel], * greatest, . outside):", "row 0: . 2* [2*]",
           "Maximum: 2 (0x40000000), 2 times; the first in row-major order is picked (N30).", "Picked: (0, 0).",
           "it gets nothing from this window (N28)", "row 0, column 1 of the source gradient", "Picked: (0, 0)",
           "row 0, column 2 of the source gradient", "row 0: [2*] 1 2*", "Contribution: g (N28, N63) = 5 (0x40a00000)",
           "Windows: 3, of which 1 contribute. Sum: 5 (0x40a00000).", "Result: 5 (0x40a00000)");
    p.ties = POOLGRAD_TIES_LAST;
    EXPECT(&p, 1, "the last in row-major order is picked (N30)", "Picked: (0, 1).", "Result: 4 (0x40800000)");
    p.ties = POOLGRAD_TIES_ALL;
    EXPECT(&p, 1, "each gets the whole gradient (N30)", "Result: 9 (0x41100000)");
    p.ties = POOLGRAD_TIES_SPLIT;
    EXPECT(&p, 1, "each gets an equal share (N30)", "g / number of maximal taps (N30, N63) = 0.5 (0x3f000000)",
           "Result: 4.5 (0x40900000)");
}

Test(explain, max_outside)
{
    static const float source[4] = {-1, -2, NAN, -0.0F}, gradient[4] = {1, 3, 5, 7};
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_MAX, source, gradient, out);
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    EXPECT(&p, 0, "they read +0 and take part (N15)", "Picked: a tap outside the source, which reads +0 (N15).",
           "(N28, N31)", "the first NaN, at (0, 2), under every tie rule (N33)", "Result: 0 (0x00000000)");
    EXPECT(&p, 3, "[-0]", "Windows: 2, of which 0");
    p.nan = POOLGRAD_NAN_IGNORE;
    EXPECT(&p, 3, "NaNs aside (N33)", "+0 and -0 are equal (N32), taps outside are among them (N31).");
    p.nan = POOLGRAD_NAN_LAST;
    EXPECT(&p, 2, "the last NaN", "[nan*]", "Result: 15 (0x41700000)");
}

Test(explain, norm)
{
    static const float source[4] = {3, 4, 0, 0}, gradient[4] = {0, 10, 6, 1};
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_L2NORM, source, gradient, out);
    EXPECT(&p, 1, "in float64", "Norm, in float64: 5 (0x4014000000000000) (N19, N64); to 30 digits 5.",
           "r = g / norm (N64) = 2 (0x4000000000000000); to 30 digits 2.", "Norm, in float64: 4",
           "Sum: 2 + 1.5 = 3.5 (0x400c000000000000)", "In times the sum: 4 x 3.5 = 14 (0x402c000000000000) (N36, N64).",
           "Result: 14 (0x41600000)");
    EXPECT(&p, 3, "Norm, in float64: 4", "A norm of 0 contributes nothing (N35).",
           "Windows: 2, of which 1 contribute.");
    p.direction = POOLGRAD_FORWARD;
    EXPECT(&p, 1, "(0, 0): + (3)^2 = 9 (0x4022000000000000)", "(0, 1): + (4)^2 = 25", "(0, 2): + (0)^2 = 25",
           "Square root: 5 (0x4014000000000000) (N66).", "To 30 digits: 5 (N76).", "Result: 5 (0x40a00000)");
}

Test(explain, forward)
{
    static const float source[4] = {1, 2, 3, 5};
    int64_t picks[4];
    poolgrad_problem p = row_problem(POOLGRAD_FORWARD, POOLGRAD_AVERAGE, source, NULL, out);
    EXPECT(&p, 2, "columns 1 to 3", "from +0, each addition rounded to float32", "(0, 1): + 2 = 2 (0x40000000)",
           "(0, 2): + 3 = 5", "(0, 3): + 5 = 10 (0x41200000)", "Sum / N = 10 / 3 = 3.33333325 (0x40555555) (N65).",
           "Result: 3.33333325 (0x40555555)");
    p.offset_x = 9;
    EXPECT(&p, 0, "No tap is left: the value is +0 (N21).", "Result: 0 (0x00000000)");
    p.offset_x = 0;
    p.kind = POOLGRAD_MAX;
    p.picks = poolgrad_image_dense(picks, POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 1, 4);
    EXPECT(&p, 1, "row 0: 1 2 3*", "Maximum: 3 (0x40400000), once.", "(N22, N67)",
           "Index: 2, y * width + x in the plane (N39).", "Result: 3 (0x40400000)");
    p.picks.format = POOLGRAD_TAP8;
    EXPECT(&p, 3, "Index: 1, ky * kernel width + kx in the window (N39).");
    p.offset_x = -9;
    EXPECT(&p, 0, "No tap is left", "Index: -1, no tap inside the source was picked (N39).");
}

Test(explain, places)
{
    static const float gradient[4] = {1, 3, 5, 7};
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, NULL, gradient, out);
    p.mapping = POOLGRAD_MAPPING_CLIP;
    p.offset_x = 3;
    EXPECT(&p, 1, "It stands for row 0, column 3 of image 0, channel 0 of the source (N43, N45, N46).");
    EXPECT(&p, 3, "It stands for no source pixel: row 0, column 5 is outside the source of 4 x 1 pixels (N43).",
           "Result: 0 (0x00000000)");
    p.clip.width = 2;
    EXPECT(&p, 2, "It is not written and keeps its bytes: it lies outside the clip rectangle (N41).");
    p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, NULL, gradient, out);
    p.offset_image = 1;
    EXPECT(&p, 0, "no image is pooled into this one (N45)", "Result: 0 (0x00000000)");
    p.offset_image = 0;
    p.offset_x = 3;
    EXPECT(&p, 0, "Nothing contributes: +0 (N38).");
    p.add_to_destination = 1;
    out[0] = 2.5F;
    EXPECT(&p, 0, "Added to what the destination holds: 2.5 + 0 = 2.5 (0x40200000) (N40).", "Result: 2.5 (0x40200000)");
    p.add_to_destination = 0;
    p.destination = poolgrad_image_dense(out, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 2, 1, 4);
    p.destination_channel_offset = 1;
    EXPECT(&p, 0, "It is not written and keeps its bytes: no channel of the sources goes there (N46).");
}

/* 81 windows of 81 taps: what is left out is counted, and computed all the same. */
Test(explain, much)
{
    enum { SIDE = 24 };
    static float source[SIDE * SIDE], gradient[SIDE * SIDE], destination[SIDE * SIDE];
    poolgrad_problem p;
    const int64_t at[4] = {0, 0, 12, 12};
    poolgrad_problem_init(&p, sizeof p);
    p.kind = POOLGRAD_AVERAGE;
    p.window.kernel_width = p.window.kernel_height = 9;
    for (int i = 0; i < SIDE * SIDE; ++i) {
        source[i] = (float)(i % 7) / 3;
        gradient[i] = (float)(i % 11) / 7;
    }
    p.source = image_of(source, SIDE, SIDE);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    char *text = explain(&p, NULL, at);
    cr_assert(trial_run(&p) && text && has(text, "... and so on; 32 additions are left out here.") && lines_fit(text) &&
              same_bits(text, "Result: ", &p.destination, at));
    free(text);
    p.direction = POOLGRAD_GRADIENT;
    p.kind = POOLGRAD_MAX;
    p.source_gradient = image_of(gradient, SIDE, SIDE);
    text = explain(&p, NULL, at);
    cr_assert(trial_run(&p) && text && has(text, "17 further windows are added likewise and left out here.") &&
              has(text, "32 taps of 81 are left out here.") && has(text, "Windows: 81, of which ") && lines_fit(text) &&
              same_bits(text, "Result: ", &p.destination, at));
    free(text);
}

Test(explain, judged)
{
    static const float gradient[4] = {1, 3, 5, 7}, before[4] = {1, 1, 1, 1};
    const poolgrad_const_image held = image_of(before, 1, 4);
    const int64_t at[4] = {0, 0, 0, 0};
    poolgrad_declaration d;
    poolgrad_declaration_init(&d, sizeof d);
    d.before = &held;
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, NULL, gradient, out);
    p.add_to_destination = 1;
    out[0] = 2.5F;
    char *text = explain(&p, &d, at);
    cr_assert(text && has(text, "holds: 1 + 1.5 = 2.5") && has(text, "Actual: 2.5 (0x40200000).") &&
              has(text, "Verdict: equal."));
    free(text);
    out[0] = 0x1.400002p1F;
    text = explain(&p, &d, at);
    cr_assert(text && has(text, "From the result to it: 1 ulp up. An ulp of the result is 2.38e-07.") &&
              has(text, "Verdict: "));
    free(text);
    out[0] = 77;
    text = explain(&p, &d, at);
    cr_assert(text && has(text, "Verdict: wrong.") && has(text, "  The declared arithmetic can give 2."));
    free(text);
    d.before = NULL;
    poolgrad_error error = refusal_none();
    size_t length;
    cr_assert(poolgrad_explain(&p, &d, 0, 0, 0, 0, 0, NULL, 0, &length, &error) == POOLGRAD_INVALID);
    cr_assert(refusal_is_sentence(&error) && strcmp(error.field, "declaration.before") == 0);
}

/* Where a gradient went, tap by tap; and where what is accepted ends. */
Test(explain, gradient_beside_the_reference)
{
    static const float source[4] = {2, 2, 1, 2}, gradient[4] = {1, 3, 5, 7};
    poolgrad_declaration d;
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_MAX, source, gradient, out);
    poolgrad_declaration_init(&d, sizeof d);
    memcpy(out, (const float[4]){4, 5, 2, 7}, 4 * sizeof *out); /* 4, 5, 0 and 7 is right */
    EXPECT_JUDGED(
        &p, &d, 2, "Actual: 2 (0x40000000).",
        "From the result to it: 1073741824 ulps up. An ulp of the result is 1.4e-45.", "Verdict: wrong.",
        "With the picks above, the declared arithmetic can give 0 (0x00000000) alone: 0 ulps from the result.",
        "That ends 1073741824 ulps below the actual.",
        "Of 4 pixels of the output that share a window with it, itself among them, 1 has other bits than the "
        "reference:",
        "pixel actual expected ulps accepted verdict", "(0, 2) 2 0 +1073741824 0 wrong");
    EXPECT_JUDGED(&p, &d, 3, "From the result to it: 0 ulps.", "Verdict: equal.",
                  "With the picks above, the declared arithmetic can give 7 (0x40e00000) alone: 0 ulps");
    memcpy(out, (const float[4]){1, 8, 0, 6}, 4 * sizeof *out);
    EXPECT_JUDGED(
        &p, &d, 3, "From the result to it: 2097152 ulps down. An ulp of the result is 4.77e-07.", "Verdict: wrong.",
        "That ends 2097152 ulps above the actual.",
        "Of 3 pixels of the output that share a window with it, itself among them, 2 have other bits than the "
        "reference:",
        "(0, 1) 8 5 +6291456 0 legal-tie", "(0, 3) 6 7 -2097152 0 wrong");
    p.kind = POOLGRAD_AVERAGE;
    memcpy(out, (const float[4]){(float)INFINITY, 0, 0, NAN}, 4 * sizeof *out);
    EXPECT_JUDGED(&p, &d, 3, "Actual: nan (0x7fc00000). Verdict: wrong. The declared arithmetic can give ",
                  " ulps from the result.", "(0, 3) nan ", " nan ", " wrong");
    EXPECT_JUDGED(&p, &d, 1, "(0, 0) inf 1.5 inf ", " wrong", "(0, 1) 0 ");
}

/* A table of pixels ends where it gets long. */
Test(explain, many_pixels_beside_the_reference)
{
    enum { SIDE = 12 };
    static float gradient[SIDE * SIDE], destination[SIDE * SIDE];
    poolgrad_problem p;
    poolgrad_declaration d;
    const int64_t at[4] = {0, 0, 6, 6};
    poolgrad_problem_init(&p, sizeof p);
    poolgrad_declaration_init(&d, sizeof d);
    p.direction = POOLGRAD_GRADIENT;
    p.window.kernel_width = p.window.kernel_height = 5;
    p.window.dilation_x = 2;
    for (int i = 0; i < SIDE * SIDE; ++i) gradient[i] = (float)(i % 11) / 7;
    p.source = p.source_gradient = image_of(gradient, SIDE, SIDE);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    char *text = explain(&p, &d, at);
    /* Nine rows, 2 to 10; of columns 0 to 11, the even ones, 8 to the left and right at most. */
    cr_assert(text && lines_fit(text) &&
              has(text, "Of 54 pixels of the output that share a window with it, itself among them, 54 have"));
    cr_assert(has(text, "\n    (2, 0) ") && !strstr(text, "(2, 1)") && has(text, "    29 more are left out here.\n"));
    free(text);
}

/* What the window has of the output. */
Test(explain, forward_beside_the_reference)
{
    static const float source[4] = {1, 2, 3, 5};
    poolgrad_declaration d;
    poolgrad_problem p = row_problem(POOLGRAD_FORWARD, POOLGRAD_MAX, source, NULL, out);
    poolgrad_declaration_init(&d, sizeof d);
    memcpy(out, (const float[4]){2, 2, 9, 5}, 4 * sizeof *out); /* 2, 3, 5 and 5 is right */
    EXPECT_JUDGED(&p, &d, 1, "Actual: 2 (0x40000000).", "Verdict: wrong.",
                  "The declared arithmetic can give 3 (0x40400000) alone: 0 ulps from the result.",
                  "The tap at (0, 1) has this value.");
    EXPECT_JUDGED(&p, &d, 2, "Actual: 9 (0x41100000).", "No tap of the window has this value.");
    p.kind = POOLGRAD_AVERAGE;
    memcpy(out, (const float[4]){1.5F, 2, 2.5F, 4}, 4 * sizeof *out);
    EXPECT_JUDGED(&p, &d, 2, "Verdict: wrong.", "That ends ", " ulps above the actual.",
                  "Times N it is a sum of 7.5; that of the taps is 10, 2.5 more.");
    char *text = explain(&p, &d, (const int64_t[4]){0, 0, 0, 1});
    cr_assert(text && has(text, "Verdict: equal.") && !strstr(text, "Times N"));
    free(text);
}

/* ---- The call ---------------------------------------------------------------------------------------------------- */

Test(explain, room)
{
    static const float source[4] = {1, 2, 3, 5};
    const int64_t at[4] = {0, 0, 0, 1};
    poolgrad_problem p = row_problem(POOLGRAD_FORWARD, POOLGRAD_MAX, source, NULL, out);
    char part[24];
    size_t length;
    char *text = explain(&p, NULL, at);
    memset(part, 'x', sizeof part);
    cr_assert(poolgrad_explain(&p, NULL, 0, 0, 0, 0, 1, part, 10, &length, NULL) == POOLGRAD_OK);
    cr_assert(text && length == strlen(text) && strlen(part) == 9 && strncmp(part, text, 9) == 0 && part[10] == 'x');
    free(text);
}

Test(explain, environment)
{
#if defined(FE_UPWARD)
    static const float gradient[4] = {1, 3, 5, 7};
    const int64_t at[4] = {0, 0, 0, 0};
    poolgrad_problem p = row_problem(POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, NULL, gradient, out);
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    char *expected = explain(&p, NULL, at);
    fesetround(FE_UPWARD);
    char *text = explain(&p, NULL, at);
    cr_assert(fegetround() == FE_UPWARD);
    fesetround(FE_TONEAREST);
    cr_assert(expected && text && strcmp(expected, text) == 0);
    free(expected);
    free(text);
#endif
}

static void expect_refusal(const poolgrad_problem *p, const int64_t at[5], const char *message)
{
    poolgrad_error error = refusal_none();
    char text[8] = "as was";
    size_t length = 5;
    cr_assert(poolgrad_explain(p, NULL, at[0], at[1], at[2], at[3], at[4], text, sizeof text, &length, &error) ==
              POOLGRAD_INVALID);
    cr_assert(refusal_is_sentence(&error) && strcmp(error.message, message) == 0, "%s", error.message);
    cr_assert(length == 5 && strcmp(text, "as was") == 0);
}

Test(explain, refusals_of_a_verification)
{
    static const float source[4] = {1, 2, 3, 5};
    poolgrad_problem p = row_problem(POOLGRAD_FORWARD, POOLGRAD_MAX, source, NULL, out);
    poolgrad_declaration d;
    poolgrad_verification *v;
    poolgrad_error error = refusal_none();
    size_t length = 5;
    poolgrad_declaration_init(&d, sizeof d);
    cr_assert(poolgrad_verify(&p, &d, &v, &error) == POOLGRAD_OK);
    cr_assert(poolgrad_verification_explain(v, 0, 0, 0, 0, 4, NULL, 0, &length, &error) == POOLGRAD_INVALID);
    cr_assert(length == 5 && strcmp(error.message, "x is 4; expected 0 to 3, a column of the destination") == 0);
    poolgrad_verification_destroy(v);
}

Test(explain, refusals)
{
    static const float source[4] = {1, 2, 3, 5};
    poolgrad_problem p = row_problem(POOLGRAD_FORWARD, POOLGRAD_MAX, source, NULL, out);
    expect_refusal(&p, (int64_t[5]){1, 0, 0, 0, 0}, "n is 1; expected 0 to 0, an image of the destination");
    expect_refusal(&p, (int64_t[5]){0, -1, 0, 0, 0}, "c is -1; expected 0 to 0, a channel of the destination");
    expect_refusal(&p, (int64_t[5]){0, 0, 1, 0, 0}, "z is 1; expected 0 to 0, a layer of the destination");
    expect_refusal(&p, (int64_t[5]){0, 0, 0, INT64_MAX, 0},
                   "y is 9223372036854775807; expected 0 to 0, a row of the destination");
    expect_refusal(&p, (int64_t[5]){0, 0, 0, 0, 4}, "x is 4; expected 0 to 3, a column of the destination");
    p.destination.width = 0;
    expect_refusal(&p, (int64_t[5]){0, 0, 0, 0, 0}, "x is 0; expected a destination that has a column");
    p.window.stride_x = 0;
    expect_refusal(&p, (int64_t[5]){0, 0, 0, 0, 0}, "window.stride_x is 0; expected 1 to 2^61");
}
