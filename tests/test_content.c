/* SPDX-License-Identifier: Apache-2.0 */
/* Equality, hashes and texts of images and problems. */
#include "support/json_text.h"
#include "support/small.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 8192 };

static bool same_image(const poolgrad_image *a, const poolgrad_image *b)
{
    const int equal = poolgrad_image_equal(a, b), again = poolgrad_image_equal(b, a);
    const int read = poolgrad_const_image_equal(VIEW(a), VIEW(b));
    cr_expect(equal == again && equal == read && (equal == 0 || equal == 1), "%d %d %d", equal, again, read);
    cr_expect(poolgrad_image_hash(a) == poolgrad_const_image_hash(VIEW(a)));
    cr_expect(!equal || poolgrad_image_hash(a) == poolgrad_image_hash(b), "equal, but the hashes are not");
    return equal;
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

static float numbers[2 * 5 * 3 * 4];

static poolgrad_image image_of_numbers(void)
{
    for (int i = 0; i < 120; ++i) numbers[i] = (float)i / 8;
    return poolgrad_image_dense(numbers, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 5, 3, 4);
}

/* Where elements lie is no part of an image: gaps, order, a reflection, the unused lanes. */
Test(content, images_are_equal_in_their_elements)
{
    static float spread[4096];
    for (int layout = POOLGRAD_NCHW; layout <= POOLGRAD_NC4HW4; ++layout) {
        const poolgrad_image numbered = image_of_numbers();
        poolgrad_image a = view_copy(&numbered, (poolgrad_layout)layout), b = a;
        b.data = spread + 2048;
        b.image_stride = -1600;
        b.channel_stride = 300;
        b.row_stride = 70;
        b.column_stride = -5;
        b.depth = 1;
        b.depth_stride = 99;
        memset(spread, 0x5a, sizeof spread);
        for (int i = 0; i < 120; ++i)
            view_set_bits(&b, i / 60, i / 12 % 5, i / 4 % 3, i % 4,
                          view_bits(&a, i / 60, i / 12 % 5, i / 4 % 3, i % 4));
        cr_expect(same_image(&a, &b) && same_image(&a, &a), "layout %d", layout);
        for (int i = 0; i < 120; ++i) {
            const uint64_t bits = view_bits(&b, i / 60, i / 12 % 5, i / 4 % 3, i % 4);
            view_set_bits(&b, i / 60, i / 12 % 5, i / 4 % 3, i % 4, bits ^ 1);
            cr_expect(!same_image(&a, &b), "layout %d, element %d", layout, i);
            view_set_bits(&b, i / 60, i / 12 % 5, i / 4 % 3, i % 4, bits);
        }
        view_free(&a);
    }
}

/* Bits, not values: zeros differ, and a NaN equals itself. */
Test(content, images_are_equal_in_bits)
{
    static uint32_t bits[2][3] = {{0x7fc00000, 0x7fc00001, 0}, {0x7fc00000, 0x7fc00001, 0x80000000}};
    poolgrad_image a = poolgrad_image_dense(bits[0], POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2), b = a;
    b.data = bits[1];
    cr_expect(same_image(&a, &b));
    a.width = b.width = 3;
    cr_expect(!same_image(&a, &b));
}

Test(content, expanded_images_equal_their_copies)
{
    float same[6] = {3, 3, 3, 3, 3, 3};
    poolgrad_image a = poolgrad_image_dense(same, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 3), b = a;
    b.expanded = 1;
    b.row_stride = b.column_stride = 0;
    cr_expect(same_image(&a, &b));
    same[5] = 4;
    cr_expect(!same_image(&a, &b));
}

Test(content, images_differ_in_format_layout_and_sizes)
{
    const poolgrad_image image = image_of_numbers();
    for (int i = 0; i < 6; ++i) {
        poolgrad_image other = image;
        if (i == 0) other.format = POOLGRAD_INT32;
        if (i == 1) other.layout = POOLGRAD_NHWC;
        if (i == 2) other.images = 1;
        if (i == 3) other.channels = 4;
        if (i == 4) other.height = 2;
        if (i == 5) other.width = 3;
        cr_expect(!same_image(&image, &other), "%d", i);
    }
}

/* Without data, an image is a format, a layout and sizes; empty ones hold nothing. */
Test(content, images_without_data)
{
    const poolgrad_image image = image_of_numbers();
    poolgrad_image a = image, b = image;
    a.data = NULL;
    cr_expect(!same_image(&a, &image));
    b.data = NULL;
    cr_expect(same_image(&a, &b));
    b.row_stride = 77;
    cr_expect(same_image(&a, &b));
    b.width = 5;
    cr_expect(!same_image(&a, &b));
    a = b = image;
    a.height = b.height = 0;
    b.data = NULL;
    cr_expect(same_image(&a, &b));
}

Test(content, null_equals_null)
{
    const poolgrad_image image = image_of_numbers();
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    cr_expect(poolgrad_image_equal(NULL, NULL) == 1 && poolgrad_const_image_equal(NULL, NULL) == 1);
    cr_expect(poolgrad_problem_equal(NULL, NULL) == 1);
    cr_expect(poolgrad_image_equal(&image, NULL) == 0 && poolgrad_image_equal(NULL, &image) == 0);
    cr_expect(poolgrad_const_image_equal(VIEW(&image), NULL) == 0);
    cr_expect(poolgrad_const_image_equal(NULL, VIEW(&image)) == 0);
    cr_expect(poolgrad_problem_equal(&p, NULL) == 0 && poolgrad_problem_equal(NULL, &p) == 0);
    cr_expect(poolgrad_image_hash(NULL) == poolgrad_image_hash(NULL));
    cr_expect(poolgrad_problem_hash(NULL) == poolgrad_problem_hash(NULL));
}

/* ---- Problems ---------------------------------------------------------------------------------------------------- */

static float x_data[16], dy_data[4], dx_data[16];
static int32_t index_data[4];

static poolgrad_problem gradient(void)
{
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 1, 1);
    for (int i = 0; i < 16; ++i) x_data[i] = (float)(i * 7 % 16);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(x_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.source_gradient = poolgrad_const_image_dense(dy_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.destination = poolgrad_image_dense(dx_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.indices = poolgrad_const_image_dense(index_data, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    return p;
}

typedef struct number_field {
    const char *name;
    size_t offset, size;
} number_field;

#define FIELD(member)                                                                                                  \
    {                                                                                                                  \
#member, offsetof(poolgrad_problem, member), sizeof((poolgrad_problem *)0)->member                             \
    }

static const number_field fields[] = {
    FIELD(direction),
    FIELD(kind),
    FIELD(window.kernel_width),
    FIELD(window.kernel_height),
    FIELD(window.kernel_depth),
    FIELD(window.stride_x),
    FIELD(window.stride_y),
    FIELD(window.stride_z),
    FIELD(window.dilation_x),
    FIELD(window.dilation_y),
    FIELD(window.dilation_z),
    FIELD(offset_x),
    FIELD(offset_y),
    FIELD(offset_z),
    FIELD(offset_image),
    FIELD(kernel_offset_x),
    FIELD(kernel_offset_y),
    FIELD(kernel_offset_z),
    FIELD(edge_mode),
    FIELD(zero_pad_x),
    FIELD(zero_pad_y),
    FIELD(zero_pad_z),
    FIELD(ties),
    FIELD(nan),
    FIELD(accumulator),
    FIELD(gradient_region.x),
    FIELD(gradient_region.y),
    FIELD(gradient_region.z),
    FIELD(gradient_region.width),
    FIELD(gradient_region.height),
    FIELD(gradient_region.depth),
    FIELD(gradient_region.image),
    FIELD(gradient_region.images),
    FIELD(clip.x),
    FIELD(clip.y),
    FIELD(clip.z),
    FIELD(clip.width),
    FIELD(clip.height),
    FIELD(clip.depth),
    FIELD(clip.image),
    FIELD(clip.images),
    FIELD(mapping),
    FIELD(source_channel_offset),
    FIELD(source_channel_count),
    FIELD(gradient_channel_offset),
    FIELD(gradient_channel_count),
    FIELD(destination_channel_offset),
    FIELD(add_to_destination),
    FIELD(source.format),
    FIELD(source.width),
    FIELD(source_gradient.layout),
    FIELD(source_gradient.height),
    FIELD(destination.channels),
    FIELD(destination.images),
    FIELD(indices.width),
    FIELD(picks.format),
    FIELD(threads),
    FIELD(max_isa),
    FIELD(mode),
    FIELD(concurrent_runs),
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* Another value, in the field's first byte and at both ends of its range. */
static void change(poolgrad_problem *p, const number_field *f, int how)
{
    unsigned char *at = (unsigned char *)p + f->offset;
    if (how == 0) at[0] ^= 2;                /* 0 and 1 say the same in some fields */
    if (how == 1) memset(at, 0xff, f->size); /* -1 */
    if (how == 2) memset(at, 0x5a, f->size);
}

static size_t texts_of(const poolgrad_problem *p, char text[TEXT], char json[TEXT])
{
    const size_t length = poolgrad_problem_description(p, text, TEXT);
    cr_assert(poolgrad_problem_debug_description(p, json, TEXT) < TEXT && length < TEXT);
    cr_expect(json_is_valid(json), "%s", json);
    cr_expect(strlen(text) == length && length > 0 && !strchr(text, '\n'), "\"%s\"", text);
    return length;
}

/* Whatever a field says, the problem differs from the one that says something else, in JSON, too; nothing crashes. */
Test(content, every_field_counts)
{
    static char text[TEXT], json[TEXT], other_text[TEXT], other_json[TEXT];
    const poolgrad_problem p = gradient(), same = gradient();
    cr_expect(poolgrad_problem_equal(&p, &same) == 1 && poolgrad_problem_hash(&p) == poolgrad_problem_hash(&same));
    texts_of(&p, text, json);
    for (int i = 0; i < FIELDS * 3; ++i) {
        poolgrad_problem other = p;
        change(&other, &fields[i / 3], i % 3);
        cr_expect(poolgrad_problem_equal(&p, &other) == 0 && poolgrad_problem_equal(&other, &p) == 0, "%s",
                  fields[i / 3].name);
        texts_of(&other, other_text, other_json);
        cr_expect(strcmp(json, other_json) != 0, "%s is not in %s", fields[i / 3].name, other_json);
    }
}

/* Neutral values of the third axis, and one run at a time, can be said in two ways. */
Test(content, fields_that_say_the_same_are_equal)
{
    const poolgrad_problem p = gradient();
    poolgrad_problem other = p;
    int64_t *const values[] = {&other.window.kernel_depth, &other.window.stride_z,       &other.window.dilation_z,
                               &other.source.depth,        &other.source_gradient.depth, &other.destination.depth,
                               &other.indices.depth,       &other.gradient_region.depth, &other.clip.depth};
    enum { NUMBERS = sizeof values / sizeof *values, REGIONS = 2 };
    for (int i = 0; i < NUMBERS; i++) {
        other = p;
        *values[i] = i < NUMBERS - REGIONS ? 0 : 1;
        cr_expect(poolgrad_check(&other, NULL) == POOLGRAD_OK && poolgrad_problem_equal(&p, &other) == 1, "%d", i);
        cr_expect(poolgrad_problem_hash(&p) == poolgrad_problem_hash(&other), "%d", i);
        *values[i] = 2;
        cr_expect(poolgrad_problem_equal(&p, &other) == 0, "%d", i);
    }
    other = p;
    other.concurrent_runs = 1;
    cr_expect(poolgrad_problem_equal(&p, &other) == 1 && poolgrad_problem_hash(&p) == poolgrad_problem_hash(&other));
    other.concurrent_runs = 2;
    cr_expect(poolgrad_problem_equal(&p, &other) == 0);
}

/* Images count by what they hold. */
Test(content, problems_are_equal_in_their_images_elements)
{
    float x_copy[16];
    poolgrad_problem p = gradient(), other = p;
    memcpy(x_copy, x_data, sizeof x_copy);
    other.source.data = x_copy;
    cr_expect(poolgrad_problem_equal(&p, &other) == 1 && poolgrad_problem_hash(&p) == poolgrad_problem_hash(&other));
    x_copy[15] += 1;
    cr_expect(poolgrad_problem_equal(&p, &other) == 0);
    other = p;
    other.indices = (poolgrad_const_image){0};
    cr_expect(poolgrad_problem_equal(&p, &other) == 0);
}

/* Words of the command where fields hold values of enumerations, and numbers where they hold no value. */
Test(content, json_says_what_the_fields_say)
{
    static char json[TEXT];
    poolgrad_problem p = gradient();
    p.ties = POOLGRAD_TIES_LAST;
    p.offset_y = -7;
    cr_assert(poolgrad_problem_debug_description(&p, json, TEXT) < TEXT);
    cr_assert(json_is_valid(json), "%s", json);
    cr_expect(json_is(json_member(json, "direction"), "gradient"), "%s", json);
    cr_expect(json_is(json_member(json, "kind"), "max"), "%s", json);
    cr_expect(json_is(json_member(json, "ties"), "last"), "%s", json);
    cr_expect(json_number(json_member(json, "offset_y")) == -7, "%s", json);
    cr_expect(strstr(json, "kernel_width") && strstr(json, "concurrent_runs") && strstr(json, "source_gradient"));
    p.kind = (poolgrad_kind)77;
    cr_assert(poolgrad_problem_debug_description(&p, json, TEXT) < TEXT);
    cr_expect(json_number(json_member(json, "kind")) == 77, "%s", json);
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

typedef size_t describe(const void *thing, char *text, size_t size);

static size_t image_text(const void *thing, char *text, size_t size)
{
    return poolgrad_image_description(thing, text, size);
}

static size_t image_json(const void *thing, char *text, size_t size)
{
    return poolgrad_image_debug_description(thing, text, size);
}

static size_t const_image_text(const void *thing, char *text, size_t size)
{
    return poolgrad_const_image_description(thing, text, size);
}

static size_t const_image_json(const void *thing, char *text, size_t size)
{
    return poolgrad_const_image_debug_description(thing, text, size);
}

static size_t problem_text(const void *thing, char *text, size_t size)
{
    return poolgrad_problem_description(thing, text, size);
}

static size_t problem_json(const void *thing, char *text, size_t size)
{
    return poolgrad_problem_debug_description(thing, text, size);
}

/* As snprintf: the whole length, as much of the text as there is room for, its end, and nothing behind it. */
static void expect_cut(describe *f, const void *thing)
{
    static char whole[TEXT], part[TEXT];
    const size_t length = f(thing, whole, TEXT);
    cr_assert(length > 0 && length < TEXT && strlen(whole) == length);
    cr_expect(f(thing, NULL, 0) == length);
    for (size_t size = 1; size < length + 2; ++size) {
        const size_t written = size <= length ? size - 1 : length;
        memset(part, 0x5a, sizeof part);
        cr_expect(f(thing, part, size) == length);
        cr_expect(memcmp(part, whole, written) == 0 && part[written] == 0 && part[size] == 0x5a, "%zu", size);
    }
}

Test(content, texts_are_cut_as_snprintf_cuts_them)
{
    const poolgrad_problem p = gradient();
    const poolgrad_image image = image_of_numbers();
    describe *const functions[] = {image_text,       image_json,   const_image_text,
                                   const_image_json, problem_text, problem_json};
    const void *const things[] = {&image, &image, VIEW(&image), VIEW(&image), &p, &p};
    for (int i = 0; i < 6; ++i) {
        expect_cut(functions[i], things[i]);
        expect_cut(functions[i], NULL);
    }
}

Test(content, images_are_described)
{
    static char text[TEXT], json[TEXT];
    poolgrad_image image = image_of_numbers();
    image.depth = 1;
    image.depth_stride = 7;
    poolgrad_image_description(&image, text, TEXT);
    cr_expect(strstr(text, "float32") && strstr(text, "nchw") && !strchr(text, '\n'), "\"%s\"", text);
    poolgrad_image_debug_description(&image, json, TEXT);
    cr_assert(json_is_valid(json), "%s", json);
    cr_expect(json_is(json_member(json, "format"), "float32") && json_is(json_member(json, "layout"), "nchw"), "%s",
              json);
    cr_expect(json_number(json_member(json, "images")) == 2 && json_number(json_member(json, "channels")) == 5);
    cr_expect(json_number(json_member(json, "height")) == 3 && json_number(json_member(json, "width")) == 4);
    cr_expect(json_number(json_member(json, "row_stride")) == 4, "%s", json);
    cr_expect(json_number(json_member(json, "depth")) == 1 && json_number(json_member(json, "depth_stride")) == 7, "%s",
              json);
}

/* Nothing is read by a description; a view that cannot be one is described all the same. */
Test(content, whatever_a_view_says_is_described)
{
    static char text[TEXT], json[TEXT];
    static const int64_t values[] = {INT64_MIN, -1, 0, INT64_MAX};
    for (int i = 0; i < 4; ++i) {
        const int64_t v = values[i];
        poolgrad_image image = {&image, (poolgrad_format)(int)v, (poolgrad_layout)(int)v, v, v, v, v, v, v, v, v, v, v,
                                (int)v};
        cr_expect(poolgrad_image_description(&image, text, TEXT) < TEXT && *text);
        cr_expect(poolgrad_image_debug_description(&image, json, TEXT) < TEXT && json_is_valid(json), "%s", json);
        cr_expect(poolgrad_image_hash(&image) == poolgrad_image_hash(&image));
    }
}
