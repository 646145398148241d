/* SPDX-License-Identifier: Apache-2.0 */
/* Images that are made: their memory, copies, equality, and allocators of the caller's. */
#include "support/generic.h"
#include "support/images.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <poolgrad/mps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_refused(poolgrad_status status, const poolgrad_error *error, poolgrad_buffer *const *made,
                           const char *sentence)
{
    cr_expect_eq(status, POOLGRAD_INVALID);
    cr_expect(refusal_is_sentence(error));
    cr_expect_str_eq(error->message, sentence);
    cr_expect_null(*made);
}

static poolgrad_image descriptor(poolgrad_format format, poolgrad_layout layout)
{
    return (poolgrad_image){.format = format, .layout = layout, .images = 2, .channels = 5, .height = 3, .width = 4};
}

/* ---- Allocators -------------------------------------------------------------------------------------------------- */

enum { MARGIN = 3 }; /* elements behind each row, which nobody may touch */

/* Hands out blocks whose rows are further apart than dense ones, and remembers what it was asked. */
typedef struct lender {
    int asked, released;
    poolgrad_status answer;
    void *block; /* of the caller's, handed out in place of a new one */
    poolgrad_image last;
} lender;

static poolgrad_status lend(void *context, poolgrad_image *image)
{
    lender *l = context;
    l->asked++;
    l->last = *image;
    if (l->answer != POOLGRAD_OK) return l->answer;
    const int64_t row = image->width * image->column_stride + MARGIN;
    image->row_stride = row;
    image->channel_stride = image->layout == POOLGRAD_NHWC ? 1 : image->height * row;
    image->image_stride = image->height * row * (image->layout == POOLGRAD_NHWC ? 1 : view_stored_channels(image));
    if (image->layout == POOLGRAD_NC4HW4) image->image_stride = image->height * row * (view_stored_channels(image) / 4);
    const size_t bytes = (size_t)(image->images * image->image_stride) * poolgrad_format_size(image->format);
    image->data = l->block ? l->block : malloc(bytes);
    if (!image->data) return POOLGRAD_NO_MEMORY;
    if (!l->block) memset(image->data, 0x5a, bytes);
    return POOLGRAD_OK;
}

static void take_back(void *context, const poolgrad_image *image)
{
    lender *l = context;
    l->released++;
    if (image->data != l->block) free(image->data);
}

static poolgrad_image_allocator allocator_of(lender *l)
{
    return (poolgrad_image_allocator){lend, take_back, l};
}

static bool margins_are_left(const poolgrad_image *image)
{
    const size_t bytes = poolgrad_format_size(image->format);
    const unsigned char *data = image->data;
    for (int64_t i = image->row_stride - MARGIN; i < image->images * image->image_stride; i++) {
        if (i % image->row_stride < image->row_stride - MARGIN) continue;
        for (size_t b = 0; b < bytes; b++) {
            if (data[(size_t)i * bytes + b] != 0x5a) return false;
        }
    }
    return true;
}

/* ---- Made -------------------------------------------------------------------------------------------------------- */

Test(buffers, all_elements_are_zero)
{
    static const poolgrad_format formats[] = {POOLGRAD_UNORM8,  POOLGRAD_UNORM16,  POOLGRAD_FLOAT16, POOLGRAD_FLOAT32,
                                              POOLGRAD_FLOAT64, POOLGRAD_BFLOAT16, POOLGRAD_INT64,   POOLGRAD_TAP16};
    for (int i = 0; i < 3 * (int)(sizeof formats / sizeof *formats); i++) {
        poolgrad_image like = descriptor(formats[i / 3], (poolgrad_layout)(i % 3));
        poolgrad_image zero = view_new(like.format, like.layout, &like, 0);
        poolgrad_error error = refusal_none();
        poolgrad_buffer *made;
        like.data = &like; /* nor strides play a part */
        like.row_stride = INT64_MIN;
        for (int again = 0; again < 2; again++) {
            cr_assert_eq(poolgrad_buffer_create(&like, NULL, &made, &error), POOLGRAD_OK, "%s", error.message);
            const poolgrad_image *image = poolgrad_buffer_image(made);
            cr_expect(images_same("made", &zero, image) && image->row_stride == zero.row_stride &&
                      (uintptr_t)image->data % 64 == 0);
            memset(image->data, 0xff, 2 * 3 * 4 * 5 * poolgrad_format_size(like.format));
            poolgrad_buffer_destroy(made);
        }
        view_free(&zero);
    }
}

Test(buffers, refusals)
{
    poolgrad_error error = refusal_none();
    poolgrad_buffer *made = (poolgrad_buffer *)1;
    poolgrad_image like = descriptor(POOLGRAD_FLOAT32, POOLGRAD_NCHW);
    expect_refused(poolgrad_buffer_create(NULL, NULL, &made, &error), &error, &made,
                   "descriptor is null; expected an image");
    like.format = POOLGRAD_FORMAT_NONE;
    expect_refused(poolgrad_buffer_create(&like, NULL, &made, &error), &error, &made,
                   "descriptor.format is 0; expected a value of poolgrad_format");
    like = descriptor(POOLGRAD_FLOAT32, POOLGRAD_NCHW);
    like.height = -3;
    expect_refused(poolgrad_buffer_create(&like, NULL, &made, &error), &error, &made,
                   "descriptor.height is -3; expected at least 0");
    like.height = INT64_C(1) << 60;
    expect_refused(poolgrad_buffer_create(&like, NULL, &made, &error), &error, &made,
                   "descriptor.height is 1152921504606846976; expected memory that can be addressed");
    expect_refused(poolgrad_buffer_copy(NULL, &made, &error), &error, &made, "buffer is null; expected a buffer");
    cr_expect_null(poolgrad_buffer_image(NULL));
    poolgrad_buffer_destroy(NULL);
}

Test(buffers, empty_ones_need_no_memory)
{
    lender l = {0};
    const poolgrad_image_allocator allocator = allocator_of(&l);
    poolgrad_image like = descriptor(POOLGRAD_FLOAT32, POOLGRAD_NCHW);
    poolgrad_error error = refusal_none();
    poolgrad_buffer *made, *copy;
    like.channels = 0;
    cr_assert_eq(poolgrad_buffer_create(&like, &allocator, &made, &error), POOLGRAD_OK);
    cr_assert_eq(poolgrad_buffer_copy(made, &copy, &error), POOLGRAD_OK);
    cr_expect(generic_equal(made, copy) && poolgrad_buffer_image(made)->data == NULL);
    poolgrad_buffer_destroy(made);
    poolgrad_buffer_destroy(copy);
    cr_expect(l.asked == 0 && l.released == 0);
}

/* ---- Memory of the caller's -------------------------------------------------------------------------------------- */

Test(buffers, allocators_are_asked_once)
{
    for (int layout = 0; layout < 3; layout++) {
        lender l = {0};
        const poolgrad_image_allocator allocator = allocator_of(&l);
        const poolgrad_image like = descriptor(POOLGRAD_FLOAT16, (poolgrad_layout)layout);
        poolgrad_error error = refusal_none();
        poolgrad_buffer *made, *dense, *copy;
        cr_assert_eq(poolgrad_buffer_create(&like, &allocator, &made, &error), POOLGRAD_OK, "%s", error.message);
        cr_assert_eq(poolgrad_buffer_create(&like, NULL, &dense, &error), POOLGRAD_OK);
        cr_expect(l.asked == 1 && l.released == 0);
        cr_expect(images_alike("asked for", &like, &l.last) && !l.last.data &&
                  l.last.row_stride == 4 * l.last.column_stride);
        cr_expect(margins_are_left(poolgrad_buffer_image(made)), "layout %d", layout);
        cr_expect(generic_equal(made, dense) && generic_hash(made) == generic_hash(dense));
        view_set_bits(poolgrad_buffer_image(made), 1, 4, 2, 3, 0x3c00);
        cr_expect(!generic_equal(made, dense));
        cr_assert_eq(poolgrad_buffer_copy(made, &copy, &error), POOLGRAD_OK);
        cr_expect(generic_equal(made, copy) && poolgrad_buffer_image(copy)->row_stride == l.last.row_stride &&
                  l.asked == 1);
        cr_expect(images_same("copy", poolgrad_buffer_image(made), poolgrad_buffer_image(copy)));
        poolgrad_buffer_destroy(made);
        cr_expect_eq(l.released, 1);
        cr_expect_eq(view_bits(poolgrad_buffer_image(copy), 1, 4, 2, 3), 0x3c00);
        poolgrad_buffer_destroy(dense);
        poolgrad_buffer_destroy(copy);
        cr_expect(l.asked == 1 && l.released == 1);
    }
}

/* Kernels into such memory give the bits they give elsewhere, and return it where they fail. */
Test(buffers, allocators_of_kernels)
{
    random_state r = {1};
    const poolgrad_image size = images_size(2, 5, 6, 7);
    poolgrad_image x = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NHWC, &size);
    poolgrad_pooling k;
    poolgrad_pooling_gradient back;
    poolgrad_error error = refusal_none();
    poolgrad_buffer *y[2], *dx[2];
    poolgrad_state *state;
    lender l = {0};
    poolgrad_pooling_l2norm_init(&k, sizeof k, 3, 3, 2, 2);
    poolgrad_pooling_l2norm_gradient_init(&back, sizeof back, 3, 3, 2, 2);
    for (int lent = 0; lent < 2; lent++) {
        if (lent) k.destination_image_allocator = back.destination_image_allocator = allocator_of(&l);
        cr_assert_eq(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &y[lent], &state, &error), POOLGRAD_OK);
        cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&back, NULL, VIEW(poolgrad_buffer_image(y[0])), VIEW(&x),
                                                             state, &dx[lent], &error),
                     POOLGRAD_OK);
        poolgrad_state_destroy(state);
    }
    cr_expect(l.asked == 2 && l.released == 0);
    cr_expect(generic_equal(y[0], y[1]) && generic_equal(dx[0], dx[1]));
    cr_expect(margins_are_left(poolgrad_buffer_image(y[1])) && margins_are_left(poolgrad_buffer_image(dx[1])));
    for (int lent = 0; lent < 2; lent++) {
        poolgrad_buffer_destroy(y[lent]);
        poolgrad_buffer_destroy(dx[lent]);
    }
    cr_expect(l.asked == 2 && l.released == 2);
    k.nan = (poolgrad_nan_rule)7; /* seen when the image is there already */
    cr_expect_eq(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &y[0], NULL, &error), POOLGRAD_INVALID);
    cr_expect(l.asked == 3 && l.released == 3);
    view_free(&x);
}

static poolgrad_status lend_nothing(void *context, poolgrad_image *image)
{
    image->data = NULL;
    return *(const int *)context ? POOLGRAD_OK : POOLGRAD_INVALID;
}

static poolgrad_status lend_less(void *context, poolgrad_image *image)
{
    image->data = context;
    image->width--;
    return POOLGRAD_OK;
}

Test(buffers, allocators_that_fail)
{
    int answer = 0;
    lender l = {.answer = POOLGRAD_NO_MEMORY};
    poolgrad_image_allocator allocator = allocator_of(&l);
    poolgrad_image like = descriptor(POOLGRAD_FLOAT32, POOLGRAD_NCHW);
    poolgrad_error error = refusal_none();
    poolgrad_buffer *made = (poolgrad_buffer *)1;
    cr_expect_eq(poolgrad_buffer_create(&like, &allocator, &made, &error), POOLGRAD_NO_MEMORY);
    cr_expect_str_eq(error.message, "image does not fit into memory");
    cr_expect(!made && l.asked == 1 && l.released == 0);
    allocator = (poolgrad_image_allocator){lend_nothing, NULL, &answer};
    expect_refused(poolgrad_buffer_create(&like, &allocator, &made, &error), &error, &made,
                   "image_allocator has refused an image; expected memory");
    answer = 1;
    expect_refused(poolgrad_buffer_create(&like, &allocator, &made, &error), &error, &made,
                   "image_allocator made an image without data; expected memory or a refusal");
    allocator = (poolgrad_image_allocator){lend_less, NULL, &like};
    expect_refused(poolgrad_buffer_create(&like, &allocator, &made, &error), &error, &made,
                   "image_allocator made an image of another format, layout or size; expected data and strides");
}

/* ---- Equality, texts --------------------------------------------------------------------------------------------- */

static poolgrad_buffer *buffer_of(const poolgrad_image *like, const poolgrad_image_allocator *allocator)
{
    poolgrad_buffer *made;
    poolgrad_error error = refusal_none();
    cr_assert_eq(poolgrad_buffer_create(like, allocator, &made, &error), POOLGRAD_OK, "%s", error.message);
    return made;
}

Test(buffers, equality_is_of_bits)
{
    const poolgrad_image like = descriptor(POOLGRAD_FLOAT32, POOLGRAD_NCHW);
    poolgrad_image other;
    int64_t *const sizes[] = {&other.images, &other.channels, &other.height, &other.width};
    poolgrad_buffer *a = buffer_of(&like, NULL), *b;
    for (int i = 0; i < 6; i++) {
        other = like;
        if (i < 4) --*sizes[i];
        if (i == 4) other.format = POOLGRAD_INT32;
        if (i == 5) other.layout = POOLGRAD_NHWC;
        b = buffer_of(&other, NULL);
        cr_expect(!generic_equal(a, b) && generic_hash(a) != generic_hash(b), "difference %d", i);
        poolgrad_buffer_destroy(b);
    }
    b = buffer_of(&like, NULL);
    view_set_bits(poolgrad_buffer_image(b), 1, 4, 2, 3, 0x80000000); /* -0 */
    cr_expect(!generic_equal(a, b));
    view_set_bits(poolgrad_buffer_image(a), 1, 4, 2, 3, 0x7fc00001); /* a NaN */
    view_set_bits(poolgrad_buffer_image(b), 1, 4, 2, 3, 0x7fc00001);
    cr_expect(generic_equal(a, b));
    cr_expect(!generic_equal(a, NULL) && generic_equal(a, a));
    poolgrad_buffer_destroy(a);
    poolgrad_buffer_destroy(b);
}

static poolgrad_status lend_backwards(void *context, poolgrad_image *image)
{
    image->data = (float *)context + image->images * image->channels * image->height * image->width - 1;
    image->column_stride = -1;
    image->row_stride = -image->width;
    image->channel_stride = image->row_stride * image->height;
    image->image_stride = image->channel_stride * image->channels;
    return POOLGRAD_OK;
}

static poolgrad_status lend_in_columns(void *context, poolgrad_image *image)
{
    image->data = (float *)context + image->images * image->channels * image->height * image->width - 1;
    image->row_stride = -1;
    image->column_stride = -image->height;
    image->channel_stride = image->column_stride * image->width;
    image->image_stride = image->channel_stride * image->channels;
    return POOLGRAD_OK;
}

/* The same memory seen in another order. */
Test(buffers, equality_of_shared_memory)
{
    float memory[4];
    const poolgrad_image like = {.format = POOLGRAD_FLOAT32, .images = 1, .channels = 1, .height = 2, .width = 2};
    const poolgrad_image_allocator backwards = {lend_backwards, NULL, memory},
                                   columns = {lend_in_columns, NULL, memory};
    poolgrad_buffer *a = buffer_of(&like, &backwards), *b = buffer_of(&like, &columns);
    cr_expect(generic_equal(a, b));
    view_set_number(poolgrad_buffer_image(a), 0, 0, 0, 1, 1);
    cr_expect(!generic_equal(a, b));
    view_set_number(poolgrad_buffer_image(a), 0, 0, 1, 0, 1);
    cr_expect(generic_equal(a, b));
    poolgrad_buffer_destroy(a);
    poolgrad_buffer_destroy(b);
}

Test(buffers, texts)
{
    char text[256];
    const poolgrad_image like = descriptor(POOLGRAD_BFLOAT16, POOLGRAD_NC4HW4);
    poolgrad_buffer *made = buffer_of(&like, NULL);
    const char *line = "buffer: bfloat16, 2 images of 5 channels, 4x3 pixels";
    cr_expect_eq(generic_description(made, text, sizeof text), strlen(line));
    cr_expect_str_eq(text, line);
    cr_expect_eq(generic_debug_description(made, text, sizeof text), strlen(text));
    cr_expect_str_eq(text, "{\"class\": \"buffer\", \"format\": \"bfloat16\", \"layout\": \"nc4hw4\", \"images\": 2, "
                           "\"channels\": 5, \"height\": 3, \"width\": 4}");
    poolgrad_buffer_destroy(made);
}

/* Equal on all machines, where no address takes part: FNV-1a of the type and of the properties in their order. */
Test(buffers, hashes_are_known)
{
    const poolgrad_image like = descriptor(POOLGRAD_BFLOAT16, POOLGRAD_NC4HW4);
    poolgrad_buffer *made = buffer_of(&like, NULL);
    poolgrad_padding_policy policy = poolgrad_padding_policy_default();
    poolgrad_pooling kernel;
    poolgrad_pooling_gradient gradient;
    snprintf(policy.label, sizeof policy.label, "\xc3\xa9");
    poolgrad_pooling_max_init(&kernel, sizeof kernel, 3, 3, 2, 2);
    poolgrad_pooling_max_gradient_init(&gradient, sizeof gradient, 3, 3, 2, 2);
    cr_expect_eq(generic_hash(made), UINT64_C(0x793ea7324b2b9c26), "0x%016llx", (unsigned long long)generic_hash(made));
    cr_expect_eq(generic_hash(&policy), UINT64_C(0x45d62900747dcced), "0x%016llx",
                 (unsigned long long)generic_hash(&policy));
    cr_expect_eq(generic_hash(&kernel), UINT64_C(0xf6f9846c926976ae), "0x%016llx",
                 (unsigned long long)generic_hash(&kernel));
    cr_expect_eq(generic_hash(&gradient), UINT64_C(0x779aee0e5e0c55f7), "0x%016llx",
                 (unsigned long long)generic_hash(&gradient));
    poolgrad_buffer_destroy(made);
}
