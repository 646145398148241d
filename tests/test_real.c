/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling layers caught in training, against what PyTorch computed for them: tests/data/README.md. */
#include "support/literal.h"
#include "support/real_case.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {"digits-average-3x3s2p1", "digits-max-2x2", "photo-dilated-max-3x3d2",
                                    "photo-l2norm-2x2", "photo-max-3x3s2p1"};
enum { CASES = sizeof names / sizeof *names };

static real_case read_case(int i)
{
    char folder[4096];
    real_case made;
    snprintf(folder, sizeof folder, "%s/%s", POOLGRAD_TEST_DATA, names[i]);
    cr_assert(real_case_read(&made, folder), "%s", names[i]);
    return made;
}

static void run(const char *name, const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_run(problem, &error) == POOLGRAD_OK, "%s: %s", name, error.message);
}

static bool same_bits(const char *name, const poolgrad_image *actual, const poolgrad_image *expected)
{
    const poolgrad_image *e = expected;
    for (int64_t i = 0; i < e->images * e->channels * e->height * e->width; i++) {
        int64_t x = i % e->width, y = i / e->width % e->height;
        int64_t c = i / (e->width * e->height) % e->channels, n = i / (e->width * e->height * e->channels);
        uint64_t got = view_bits(actual, n, c, y, x), wanted = view_bits(e, n, c, y, x);
        if (got == wanted) continue;
        fprintf(stderr, "%s: (%lld, %lld, %lld, %lld) is 0x%llx, expected 0x%llx\n", name, (long long)n, (long long)c,
                (long long)y, (long long)x, (unsigned long long)got, (unsigned long long)wanted);
        return false;
    }
    return true;
}

/* Max and average bit for bit. For L2-norm real_case.h derives the bound. */
Test(real, agrees_with_pytorch)
{
    for (int i = 0; i < CASES; i++) {
        real_case made = read_case(i);
        run(names[i], &made.problem);
        real_agreement found = real_case_compare(&made.destination.image, &made.expected.image);
        cr_expect(real_case_agrees(&made.problem, &found), "%s: %lld of %lld elements differ, by at most %lld ulp",
                  names[i], (long long)found.different, (long long)found.elements, (long long)found.greatest_ulp);
        real_case_free(&made);
    }
}

/* A comparison that accepts anything would pass the test above: one bit, in one element, must be seen. */
Test(real, comparison_sees_one_bit)
{
    for (int i = 0; i < CASES; i++) {
        real_case made = read_case(i);
        const poolgrad_image *expected = &made.expected.image;
        poolgrad_image changed = view_copy(expected, expected->layout);
        int64_t n = changed.images - 1, y = changed.height / 2, x = changed.width - 1;
        view_set_bits(&changed, n, 0, y, x, view_bits(expected, n, 0, y, x) ^ 1);
        real_agreement found = real_case_compare(&changed, expected);
        cr_expect(found.different == 1 && found.greatest_ulp == 1, "%s: %lld differ, by %lld ulp", names[i],
                  (long long)found.different, (long long)found.greatest_ulp);
        view_set_bits(&changed, n, 0, y, x, view_bits(expected, n, 0, y, x) + REAL_CASE_L2NORM_ULP + 1);
        found = real_case_compare(&changed, expected);
        cr_expect(!real_case_agrees(&made.problem, &found), "%s: %d ulp are accepted", names[i],
                  REAL_CASE_L2NORM_ULP + 1);
        view_free(&changed);
        real_case_free(&made);
    }
}

/* ---- Other layouts, other formats ---------------------------------------------------------------------------- */

static poolgrad_image converted(const poolgrad_image *original, poolgrad_format format)
{
    poolgrad_image copy = view_new(format, original->layout, original, 0);
    for (int64_t n = 0; n < copy.images; n++)
        for (int64_t c = 0; c < copy.channels; c++)
            for (int64_t y = 0; y < copy.height; y++)
                for (int64_t x = 0; x < copy.width; x++)
                    view_set_number(&copy, n, c, y, x, view_number(original, n, c, y, x));
    return copy;
}

static void free_images(poolgrad_problem *p)
{
    view_free_read(&p->source);
    view_free_read(&p->source_gradient);
    view_free(&p->destination);
}

Test(real, layouts_give_the_same_bits)
{
    static const poolgrad_layout layouts[] = {POOLGRAD_NHWC, POOLGRAD_NC4HW4};
    enum { UNTOUCHED = 0xa7 };
    for (int i = 0; i < CASES; i++) {
        real_case made = read_case(i);
        run(names[i], &made.problem);
        for (int j = 0; j < 2; j++) {
            poolgrad_problem p = made.problem;
            p.source = view_read(view_copy(&made.source.image, layouts[j]));
            p.source_gradient = view_read(view_copy(&made.source_gradient.image, layouts[j]));
            p.destination = view_new(POOLGRAD_FLOAT32, layouts[j], &made.destination.image, UNTOUCHED);
            run(names[i], &p);
            cr_expect(same_bits(names[i], &p.destination, &made.destination.image), "%s, layout %d", names[i],
                      (int)layouts[j]);
            free_images(&p);
        }
        real_case_free(&made);
    }
}

Test(real, short_formats_equal_the_literal_computation)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16};
    for (int i = 0; i < CASES; i++) {
        real_case made = read_case(i);
        for (int j = 0; j < 2; j++) {
            poolgrad_problem p = made.problem;
            p.source = view_read(converted(&made.source.image, formats[j]));
            p.source_gradient = view_read(converted(&made.source_gradient.image, formats[j]));
            p.destination = converted(&made.destination.image, formats[j]);
            run(names[i], &p);
            poolgrad_problem literal = p;
            literal.destination = converted(&made.destination.image, formats[j]);
            literal_run(&literal);
            cr_expect(same_bits(names[i], &p.destination, &literal.destination), "%s, %s", names[i],
                      poolgrad_format_name(formats[j]));
            view_free(&literal.destination);
            free_images(&p);
        }
        real_case_free(&made);
    }
}

/* ---- Indices ------------------------------------------------------------------------------------------------- */

/* The forward problem of the gradient problem, with memory of its own for the result and the picks. */
static poolgrad_problem forward_of(const poolgrad_problem *gradient, poolgrad_format picks)
{
    poolgrad_problem p = *gradient;
    p.direction = POOLGRAD_FORWARD;
    p.destination = view_new(POOLGRAD_FLOAT32, POOLGRAD_NCHW, &gradient->source_gradient, 0);
    p.picks = view_new(picks, POOLGRAD_NCHW, &gradient->source_gradient, 0);
    p.source_gradient = (poolgrad_const_image){.data = NULL};
    return p;
}

/* The forward value is the source's element at the index, and the gradient by the index is the gradient by the data. */
Test(real, indices_give_the_same_gradient)
{
    static const poolgrad_format formats[] = {POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP8, POOLGRAD_TAP16,
                                              POOLGRAD_TAP32};
    int pooled_by_max = 0;
    for (int i = 0; i < CASES; i++) {
        real_case made = read_case(i);
        for (int j = 0; j < 5 && made.problem.kind == POOLGRAD_MAX; j++) {
            poolgrad_problem forward = forward_of(&made.problem, formats[j]), p = made.problem;
            run(names[i], &forward);
            p.indices = poolgrad_image_as_const(&forward.picks);
            p.source.data = NULL;
            memset(p.destination.data, 0xa7,
                   (size_t)(p.source.images * p.source.channels * p.source.height) * (size_t)p.source.width *
                       sizeof(float));
            run(names[i], &p);
            cr_expect(same_bits(names[i], &p.destination, &made.expected.image), "%s, %s", names[i],
                      poolgrad_format_name(formats[j]));
            view_free(&forward.destination);
            view_free(&forward.picks);
            pooled_by_max++;
        }
        real_case_free(&made);
    }
    cr_expect(pooled_by_max == 15, "%d runs with indices; expected 15", pooled_by_max);
}

Test(real, values_are_where_the_picks_say)
{
    for (int i = 0; i < CASES; i++) {
        real_case made = read_case(i);
        if (made.problem.kind != POOLGRAD_MAX) {
            real_case_free(&made);
            continue;
        }
        poolgrad_problem p = forward_of(&made.problem, POOLGRAD_INT32);
        run(names[i], &p);
        const float *source = p.source.data, *value = p.destination.data;
        const int32_t *index = p.picks.data;
        int64_t plane = p.source.height * p.source.width, windows = p.destination.height * p.destination.width;
        for (int64_t k = 0; k < windows * p.source.images * p.source.channels; k++) {
            bool inside = index[k] >= 0 && index[k] < plane;
            cr_assert(inside && value[k] == source[k / windows * plane + index[k]], "%s: window %lld, index %d",
                      names[i], (long long)k, (int)index[k]);
        }
        view_free(&p.destination);
        view_free(&p.picks);
        real_case_free(&made);
    }
}
