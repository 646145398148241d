/* SPDX-License-Identifier: Apache-2.0 */
/* Problems of callers that were compiled with an older or a newer header. */
#include "support/small.h"
#include "support/view.h"

#include <poolgrad/mps.h>
#include <poolgrad/oracle.h>

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where each field begins: what an older struct may have ended with. */
#define AT(member) offsetof(poolgrad_problem, member)
static const size_t ends[] = {AT(direction),
                              AT(kind),
                              AT(window),
                              AT(offset_x),
                              AT(offset_y),
                              AT(offset_z),
                              AT(offset_image),
                              AT(kernel_offset_x),
                              AT(kernel_offset_y),
                              AT(kernel_offset_z),
                              AT(edge_mode),
                              AT(zero_pad_x),
                              AT(zero_pad_y),
                              AT(zero_pad_z),
                              AT(ties),
                              AT(nan),
                              AT(accumulator),
                              AT(gradient_region),
                              AT(clip),
                              AT(mapping),
                              AT(source_channel_offset),
                              AT(source_channel_count),
                              AT(gradient_channel_offset),
                              AT(gradient_channel_count),
                              AT(destination_channel_offset),
                              AT(add_to_destination),
                              AT(source),
                              AT(source_gradient),
                              AT(destination),
                              AT(indices),
                              AT(picks),
                              AT(threads),
                              AT(max_isa),
                              AT(mode),
                              AT(concurrent_runs),
                              AT(root_mean),
                              AT(divisor),
                              AT(zero_pad_left),
                              AT(zero_pad_top),
                              AT(zero_pad_front),
                              AT(zero_pad_right),
                              AT(zero_pad_bottom),
                              AT(zero_pad_back),
                              AT(windows_x),
                              AT(windows_y),
                              AT(windows_z),
                              sizeof(poolgrad_problem)};

enum { ENDS = sizeof ends / sizeof *ends, TAIL = 40 };

static float x_data[16], dy_data[4], dx_data[16];

/* No field has its neutral value that may have another one. */
static poolgrad_problem full_problem(void)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_ZERO, SQUARE(2, 2, 1), 1, 1);
    for (int i = 0; i < 16; ++i) x_data[i] = (float)(i * 7 % 16);
    for (int i = 0; i < 4; ++i) dy_data[i] = (float)(i + 1);
    p.direction = POOLGRAD_GRADIENT;
    p.kernel_offset_x = p.kernel_offset_y = 1;
    p.zero_pad_x = p.zero_pad_y = 1;
    p.ties = POOLGRAD_TIES_LAST;
    p.nan = POOLGRAD_NAN_IGNORE;
    p.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    p.gradient_region.width = 1;
    p.clip.height = 3;
    p.mapping = POOLGRAD_MAPPING_CLIP;
    p.source_channel_count = p.gradient_channel_count = 1;
    p.add_to_destination = 1;
    p.source = poolgrad_const_image_dense(x_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.source_gradient = poolgrad_const_image_dense(dy_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.destination = poolgrad_image_dense(dx_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.threads = 1;
    p.max_isa = POOLGRAD_ISA_SCALAR;
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.concurrent_runs = 2;
    return p;
}

/* The fields of averages that the problem above cannot have. */
static poolgrad_problem full_average(void)
{
    static const poolgrad_span rows[] = {{1, 3}, {-1, 2}}, layers[] = {{0, 1}};
    poolgrad_problem p = full_problem();
    p.kind = POOLGRAD_AVERAGE;
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.window.kernel_height = p.window.stride_y = 1;
    p.offset_y = p.kernel_offset_y = 0;
    p.zero_pad_left = p.zero_pad_top = p.zero_pad_front = 1;
    p.zero_pad_right = p.zero_pad_bottom = p.zero_pad_back = 2;
    p.divisor = -3;
    p.windows_y = (poolgrad_table){rows, 2};
    p.windows_z = (poolgrad_table){layers, 1};
    return p;
}

/* The problem in `size` bytes, `known` of which are its own, the rest zeros: memory that ends where the struct does. */
static poolgrad_problem *sized(const poolgrad_problem *p, size_t size, size_t known)
{
    unsigned char *bytes = calloc(1, size);
    cr_assert(bytes);
    memcpy(bytes, p, known);
    memcpy(bytes, &size, sizeof size);
    return (poolgrad_problem *)(void *)bytes;
}

/* The same run, or the same refusal. */
static void expect_alike(const poolgrad_problem *given, const poolgrad_problem *same, const char *name)
{
    poolgrad_error a = {"", ""}, b = {"", ""};
    float expected[16];
    memset(dx_data, 0, sizeof dx_data);
    poolgrad_status status = poolgrad_run(same, &b);
    memcpy(expected, dx_data, sizeof expected);
    memset(dx_data, 0, sizeof dx_data);
    cr_expect(poolgrad_check(given, &a) == status && strcmp(a.message, b.message) == 0, "%s: \"%s\", not \"%s\"", name,
              a.message, b.message);
    cr_expect(poolgrad_run(given, &a) == status, "%s", name);
    cr_expect(memcmp(dx_data, expected, sizeof expected) == 0, "%s", name);
    cr_expect(poolgrad_check_indices(given, NULL) == poolgrad_check_indices(same, NULL), "%s", name);
    cr_expect(poolgrad_problem_equal(given, same) == 1, "%s", name);
    cr_expect(poolgrad_problem_hash(given) == poolgrad_problem_hash(same), "%s", name);
    char texts[2][512];
    poolgrad_problem_description(given, texts[0], sizeof texts[0]);
    poolgrad_problem_description(same, texts[1], sizeof texts[1]);
    cr_expect(strcmp(texts[0], texts[1]) == 0, "%s: \"%s\", not \"%s\"", name, texts[0], texts[1]);
}

Test(growth, what_an_older_struct_lacks_is_neutral)
{
    const poolgrad_problem fulls[] = {full_problem(), full_average()};
    for (int i = 0; i < 2 * ENDS; ++i) {
        const poolgrad_problem *full = &fulls[i / ENDS];
        const size_t end = ends[i % ENDS];
        poolgrad_problem same, *older = sized(full, end, end);
        char name[32];
        cr_assert(poolgrad_check(full, NULL) == POOLGRAD_OK);
        snprintf(name, sizeof name, "%zu bytes", end);
        poolgrad_problem_init(&same, sizeof same);
        memcpy((unsigned char *)&same + sizeof same.struct_size, (const unsigned char *)full + sizeof full->struct_size,
               end - sizeof full->struct_size);
        expect_alike(older, &same, name);
        free(older);
    }
}

/* An older initializer's caller: nothing is written beyond its struct. */
Test(growth, older_structs_are_initialized)
{
    for (int i = 0; i < ENDS; ++i) {
        poolgrad_problem neutral, *older = malloc(ends[i]);
        cr_assert(older);
        poolgrad_problem_init(&neutral, sizeof neutral);
        poolgrad_problem_init(older, ends[i]);
        const unsigned char *expected = (const unsigned char *)&neutral, *actual = (const unsigned char *)older;
        cr_expect(memcmp(actual, &ends[i], sizeof ends[i]) == 0, "%zu bytes", ends[i]);
        cr_expect(memcmp(actual + sizeof(size_t), expected + sizeof(size_t), ends[i] - sizeof(size_t)) == 0,
                  "%zu bytes", ends[i]);
        free(older);
    }
}

Test(growth, older_structs_are_placed_by_pads)
{
    const poolgrad_pads pads = {0};
    const poolgrad_problem full = full_problem();
    const size_t size = AT(indices);
    poolgrad_problem *older = sized(&full, size, size), expected = full;
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_problem_set_pads(older, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK, "%s", error.message);
    expected.struct_size = size;
    expected.offset_x = expected.offset_y = 1;
    expected.zero_pad_x = expected.zero_pad_y = 0;
    cr_expect(memcmp(older, &expected, size) == 0);
    free(older);
}

/* Padding of one side has its fields behind the older ones: to leave them out would be another pooling. */
Test(growth, older_structs_are_not_given_half_of_their_pads)
{
    const poolgrad_pads pads = {.right = 1, .bottom = 1, .counted = 1};
    poolgrad_problem full;
    poolgrad_problem_init(&full, sizeof full);
    full.window.kernel_width = full.window.kernel_height = 2;
    full.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    full.destination = poolgrad_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    const size_t size = AT(divisor);
    poolgrad_problem *older = sized(&full, size, size), *before = sized(&full, size, size);
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_problem_set_pads(older, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_INVALID);
    cr_expect(strcmp(error.field, "struct_size") == 0 && strstr(error.message, "expected "), "\"%s\"", error.message);
    cr_expect(memcmp(older, before, size) == 0, "nothing is written");
    cr_expect(poolgrad_problem_set_pads(&full, &pads, POOLGRAD_ROUND_DOWN, &error) == POOLGRAD_OK);
    cr_expect(full.zero_pad_right == 1 && full.zero_pad_left == 0);
    free(older);
    free(before);
}

Test(growth, newer_structs_with_zeros_are_taken)
{
    const poolgrad_problem full = full_problem();
    for (size_t tail = 1; tail <= TAIL; ++tail) {
        char name[32];
        snprintf(name, sizeof name, "%zu bytes more", tail);
        poolgrad_problem *newer = sized(&full, sizeof full + tail, sizeof full);
        expect_alike(newer, &full, name);
        free(newer);
    }
}

/* Whatever a newer header asks for is not known here. */
Test(growth, newer_structs_with_more_to_say_are_refused)
{
    const poolgrad_problem full = full_problem();
    for (size_t at = 0; at < TAIL; ++at) {
        poolgrad_problem *newer = sized(&full, sizeof full + TAIL, sizeof full);
        ((unsigned char *)newer)[sizeof full + at] = 1;
        poolgrad_error error = {"", ""};
        poolgrad_plan *plan = NULL;
        memset(dx_data, 0, sizeof dx_data);
        cr_expect(poolgrad_small_refusal(poolgrad_run(newer, &error), &error) &&
                      strcmp(error.field, "struct_size") == 0,
                  "\"%s\"", error.message);
        cr_expect(poolgrad_plan_create(newer, &plan, NULL) == POOLGRAD_INVALID && !plan);
        cr_expect(poolgrad_problem_set_pads(newer, &(poolgrad_pads){0}, POOLGRAD_ROUND_DOWN, NULL) == POOLGRAD_INVALID);
        for (int i = 0; i < 16; ++i) cr_expect(dx_data[i] == 0);
        free(newer);
    }
}

Test(growth, newer_structs_are_initialized_to_the_end)
{
    unsigned char *bytes = malloc(sizeof(poolgrad_problem) + TAIL);
    cr_assert(bytes);
    memset(bytes, 0x5a, sizeof(poolgrad_problem) + TAIL);
    poolgrad_problem *newer = (poolgrad_problem *)(void *)bytes;
    poolgrad_problem_init(newer, sizeof *newer + TAIL);
    for (int i = 0; i < TAIL; ++i) cr_expect(bytes[sizeof *newer + (size_t)i] == 0, "byte %d", i);
    cr_expect(newer->window.kernel_width == 1 && newer->clip.images == POOLGRAD_ALL);
    free(bytes);
}

/* What was never initialized. */
Test(growth, sizes_of_no_struct_are_refused)
{
    static const size_t sizes[] = {0, 1, sizeof(size_t) - 1, 1 << 16, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        poolgrad_problem p = full_problem();
        poolgrad_error error = {"", ""};
        p.struct_size = sizes[i];
        cr_expect(poolgrad_small_refusal(poolgrad_check(&p, &error), &error) && strcmp(error.field, "struct_size") == 0,
                  "%zu: \"%s\"", sizes[i], error.message);
        cr_expect(strstr(error.message, "poolgrad_problem_init"), "\"%s\"", error.message);
    }
}

/* Else a field that a later version puts there leaves the size as it is, and this version does not see the field. */
#define EXPECT_FULL(type, last)                                                                                        \
    cr_expect(offsetof(type, last) + sizeof((type *)0)->last == sizeof(type), "%s ends in padding", #type)

Test(growth, no_struct_ends_in_padding)
{
    if (sizeof(void *) != 8) return;
    EXPECT_FULL(poolgrad_problem, windows_z);
    EXPECT_FULL(poolgrad_context, reserved);
    EXPECT_FULL(poolgrad_declaration, composed);
    EXPECT_FULL(poolgrad_pooling, label);
    EXPECT_FULL(poolgrad_pooling_gradient, reserved);
}
