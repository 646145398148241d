/* SPDX-License-Identifier: Apache-2.0 */
/* Every number of a kernel that is wrong is refused by the kernel's own name for it, and nothing is written or made. */
#include "support/generic.h"
#include "support/images.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <poolgrad/mps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number of a kernel, a value it cannot have, and what the refusal expects. */
typedef struct wrong_number {
    const char *name;
    int64_t *number, value;
    const char *expected;
} wrong_number;

static const int64_t beyond = (INT64_C(1) << 61) + 1;
static const char extent[] = "expected 1 to 2^61", coordinate[] = "expected -2^61 to 2^61",
                  place[] = "expected 0 to 2^61";
static const char count[] = "expected at least 0", quad[] = "expected a multiple of 4";

static void expect_named(poolgrad_status status, const poolgrad_error *error, const wrong_number *wrong)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%s is %" PRId64 "; %s", wrong->name, wrong->value, wrong->expected);
    cr_expect_eq(status, POOLGRAD_INVALID);
    cr_expect_str_eq(error->field, wrong->name);
    cr_expect_str_eq(error->message, sentence);
}

static void expect_sentence(poolgrad_status status, const poolgrad_error *error, const char *sentence)
{
    cr_expect_eq(status, POOLGRAD_INVALID);
    cr_expect(refusal_is_sentence(error));
    cr_expect_str_eq(error->message, sentence);
}

static poolgrad_image plain_image(int64_t channels, int64_t height, int64_t width)
{
    random_state r = {1};
    const poolgrad_image size = images_size(1, channels, height, width);
    return images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NCHW, &size);
}

Test(kernel_refusals, numbers_of_pooling)
{
    poolgrad_pooling k;
    const wrong_number wrong[] = {
        {"kernel_width", &k.kernel_width, 0, extent},
        {"kernel_height", &k.kernel_height, beyond, extent},
        {"stride_in_pixels_x", &k.stride_in_pixels_x, -1, extent},
        {"stride_in_pixels_y", &k.stride_in_pixels_y, INT64_MIN, extent},
        {"dilation_rate_x", &k.dilation_rate_x, 0, extent},
        {"dilation_rate_y", &k.dilation_rate_y, INT64_MAX, extent},
        {"offset.x", &k.offset.x, beyond, coordinate},
        {"offset.y", &k.offset.y, -beyond, coordinate},
        {"offset.z", &k.offset.z, -1, place},
        {"clip_rect.x", &k.clip_rect.x, -1, place},
        {"clip_rect.y", &k.clip_rect.y, beyond, place},
        {"clip_rect.z", &k.clip_rect.z, -1, place},
        {"clip_rect.width", &k.clip_rect.width, -1, count},
        {"clip_rect.height", &k.clip_rect.height, INT64_MIN, count},
        {"clip_rect.depth", &k.clip_rect.depth, -1, count},
        {"destination_feature_channel_offset", &k.destination_feature_channel_offset, -4, place},
        {"destination_feature_channel_offset", &k.destination_feature_channel_offset, 3, quad},
        {"source_feature_channel_offset", &k.source_feature_channel_offset, -4, place},
        {"source_feature_channel_offset", &k.source_feature_channel_offset, INT64_MAX, quad},
        {"source_feature_channel_max_count", &k.source_feature_channel_max_count, -1, count},
        {"zero_pad_size_x", &k.zero_pad_size_x, -1, place},
        {"zero_pad_size_y", &k.zero_pad_size_y, beyond, place},
    };
    poolgrad_image x = plain_image(8, 6, 6), y = plain_image(8, 3, 3), before = view_copy(&y, POOLGRAD_NCHW);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        poolgrad_error error = refusal_none();
        poolgrad_buffer *made = (poolgrad_buffer *)1;
        poolgrad_state *state = (poolgrad_state *)1;
        poolgrad_pooling_average_init(&k, sizeof k, 2, 2, 2, 2);
        *wrong[i].number = wrong[i].value;
        expect_named(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error, &wrong[i]);
        cr_expect(images_same(wrong[i].name, &before, &y));
        cr_expect_eq(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, NULL), POOLGRAD_INVALID);
        bool replaced = wrong[i].number == &k.offset.x || wrong[i].number == &k.offset.y;
        poolgrad_status status = poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &made, &state, &error);
        cr_expect_eq(status, replaced ? POOLGRAD_OK : POOLGRAD_INVALID, "%s: the policy has its own", wrong[i].name);
        cr_expect((made != NULL) == replaced && (state != NULL) == replaced, "%s", wrong[i].name);
        poolgrad_buffer_destroy(made);
        poolgrad_state_destroy(state);
        if (!strstr(wrong[i].name, "channel")) continue;
        poolgrad_image descriptor;
        expect_named(poolgrad_pooling_destination_descriptor(&k, VIEW(&x), &descriptor, &error), &error, &wrong[i]);
    }
    view_free(&x);
    view_free(&y);
    view_free(&before);
}

Test(kernel_refusals, numbers_of_pooling_gradient)
{
    poolgrad_pooling_gradient k;
    const wrong_number wrong[] = {
        {"kernel_width", &k.kernel_width, 0, extent},
        {"kernel_height", &k.kernel_height, -1, extent},
        {"stride_in_pixels_x", &k.stride_in_pixels_x, beyond, extent},
        {"stride_in_pixels_y", &k.stride_in_pixels_y, 0, extent},
        {"dilation_rate_x", &k.dilation_rate_x, -1, extent},
        {"dilation_rate_y", &k.dilation_rate_y, 0, extent},
        {"primary_offset.x", &k.primary_offset.x, beyond, coordinate},
        {"primary_offset.y", &k.primary_offset.y, -beyond, coordinate},
        {"primary_offset.z", &k.primary_offset.z, -1, place},
        {"source_size.width", &k.source_size.width, -1, count},
        {"source_size.height", &k.source_size.height, -1, count},
        {"source_size.depth", &k.source_size.depth, -1, count},
        {"secondary_offset.x", &k.secondary_offset.x, beyond, coordinate},
        {"secondary_offset.y", &k.secondary_offset.y, beyond, coordinate},
        {"secondary_offset.z", &k.secondary_offset.z, -1, place},
        {"kernel_offset_x", &k.kernel_offset_x, beyond, coordinate},
        {"kernel_offset_y", &k.kernel_offset_y, -beyond, coordinate},
        {"clip_rect.x", &k.clip_rect.x, -1, place},
        {"clip_rect.y", &k.clip_rect.y, -1, place},
        {"clip_rect.z", &k.clip_rect.z, beyond, place},
        {"clip_rect.width", &k.clip_rect.width, -1, count},
        {"clip_rect.height", &k.clip_rect.height, -1, count},
        {"clip_rect.depth", &k.clip_rect.depth, -1, count},
        {"destination_feature_channel_offset", &k.destination_feature_channel_offset, 1, quad},
        {"primary_source_feature_channel_offset", &k.primary_source_feature_channel_offset, 2, quad},
        {"primary_source_feature_channel_offset", &k.primary_source_feature_channel_offset, -4, place},
        {"secondary_source_feature_channel_offset", &k.secondary_source_feature_channel_offset, 3, quad},
        {"secondary_source_feature_channel_offset", &k.secondary_source_feature_channel_offset, -4, place},
        {"primary_source_feature_channel_max_count", &k.primary_source_feature_channel_max_count, -1, count},
        {"secondary_source_feature_channel_max_count", &k.secondary_source_feature_channel_max_count, -1, count},
        {"zero_pad_size_x", &k.zero_pad_size_x, beyond, place},
        {"zero_pad_size_y", &k.zero_pad_size_y, -1, place},
    };
    poolgrad_image x = plain_image(8, 6, 6), y = plain_image(8, 3, 3), dx = plain_image(8, 6, 6);
    poolgrad_image before = view_copy(&dx, POOLGRAD_NCHW);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        poolgrad_error error = refusal_none();
        poolgrad_pooling_l2norm_gradient_init(&k, sizeof k, 2, 2, 2, 2);
        *wrong[i].number = wrong[i].value;
        expect_named(poolgrad_pooling_gradient_encode(&k, NULL, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                     &wrong[i]);
        cr_expect(images_same(wrong[i].name, &before, &dx));
        cr_expect_eq(poolgrad_pooling_gradient_encode(&k, NULL, VIEW(&y), VIEW(&x), NULL, &dx, NULL), POOLGRAD_INVALID);
    }
    view_free(&x);
    view_free(&y);
    view_free(&dx);
    view_free(&before);
}

/* ---- Rules, images, kernels -------------------------------------------------------------------------------------- */

Test(kernel_refusals, rules)
{
    poolgrad_image x = plain_image(1, 4, 4), y = plain_image(1, 2, 2), dx = plain_image(1, 4, 4);
    poolgrad_pooling good, k;
    poolgrad_pooling_gradient fine, g;
    poolgrad_context context;
    poolgrad_error error = refusal_none();
    poolgrad_pooling_max_init(&good, sizeof good, 2, 2, 2, 2);
    poolgrad_pooling_max_gradient_init(&fine, sizeof fine, 2, 2, 2, 2);
    k = good;
    k.kind = (poolgrad_kind)3;
    expect_sentence(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                    "kind is 3; expected average (0), max (1) or L2-norm (2)");
    k = good;
    k.ties = (poolgrad_tie_rule)4;
    expect_sentence(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                    "ties is 4; expected first (0), last (1), all (2) or split (3)");
    k = good;
    k.accumulator = (poolgrad_accumulator)2;
    expect_sentence(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, &y, &error), &error,
                    "accumulator is 2; expected float32 (0) or float64 (1)");
    g = fine;
    g.nan = (poolgrad_nan_rule)3;
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                    "nan is 3; expected first (0), last (1) or ignore (2)");
    g = fine;
    g.secondary_edge_mode = (poolgrad_edge_mode)5;
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                    "secondary_edge_mode is 5; expected zero (0) or clamp (1)");
    g = fine;
    g.primary_edge_mode = (poolgrad_edge_mode)2;
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                    "primary_edge_mode is 2; expected zero (0) or clamp (1)");
    poolgrad_context_init(&context, sizeof context);
    context.threads = 1025;
    expect_sentence(poolgrad_pooling_encode(&good, &context, VIEW(&x), NULL, &y, &error), &error,
                    "threads is 1025; expected 0 (automatic) to 1024");
    poolgrad_context_init(&context, sizeof context);
    context.mode = (poolgrad_mode)2;
    expect_sentence(poolgrad_pooling_gradient_encode(&fine, &context, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                    "mode is 2; expected fast (0) or reference (1)");
    view_free(&x);
    view_free(&y);
    view_free(&dx);
}

/* The images of a gradient kernel have names of their own. */
Test(kernel_refusals, images)
{
    poolgrad_image x = plain_image(1, 4, 4), y = plain_image(1, 2, 2), dx = plain_image(1, 4, 4), wrong;
    poolgrad_pooling k;
    poolgrad_pooling_gradient g;
    poolgrad_error error = refusal_none();
    poolgrad_buffer *made;
    poolgrad_pooling_max_init(&k, sizeof k, 2, 2, 2, 2);
    poolgrad_pooling_max_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    wrong = x;
    wrong.data = NULL;
    expect_sentence(poolgrad_pooling_encode(&k, NULL, VIEW(&wrong), NULL, &y, &error), &error,
                    "source.data is null; expected the address of the first element");
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&wrong), NULL, &dx, &error), &error,
                    "source_image.data is null; expected the address of the first element");
    cr_expect_str_eq(error.field, "source_image.data");
    wrong = x;
    wrong.format = POOLGRAD_INT32;
    expect_sentence(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&wrong), &made, NULL, &error), &error,
                    "source.format is 7 (int32); expected unorm8, unorm16, float16, bfloat16, float32 or float64");
    expect_sentence(poolgrad_pooling_gradient_encode_to_new(&g, NULL, VIEW(&y), VIEW(&wrong), NULL, &made, &error),
                    &error,
                    "source_image.format is 7 (int32); expected unorm8, unorm16, float16, bfloat16, float32 or "
                    "float64");
    wrong = y;
    wrong.format = POOLGRAD_FORMAT_NONE;
    expect_sentence(poolgrad_pooling_gradient_encode_to_new(&g, NULL, VIEW(&wrong), VIEW(&x), NULL, &made, &error),
                    &error, "source_gradient.format is 0 (no format); expected float16, bfloat16, float32 or float64");
    cr_expect_null(made);
    wrong = y;
    wrong.format = POOLGRAD_UNORM8;
    expect_sentence(poolgrad_pooling_gradient_destination_descriptor(&g, VIEW(&wrong), VIEW(&x), NULL, &dx, &error),
                    &error, "source_gradient.format is 1 (unorm8); expected float16, bfloat16, float32 or float64");
    wrong = x;
    wrong.width = -2;
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&wrong), NULL, &dx, &error), &error,
                    "source_image.width is -2; expected at least 0");
    wrong = x;
    wrong.row_stride = INT64_MAX;
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&wrong), NULL, &dx, &error), &error,
                    "source_image.row_stride is 9223372036854775807; expected memory that can be addressed");
    view_free(&x);
    view_free(&y);
    view_free(&dx);
}

/* Later versions may give these fields a meaning. */
Test(kernel_refusals, reserved_fields)
{
    poolgrad_image x = plain_image(1, 4, 4), y = plain_image(1, 2, 2), dx = plain_image(1, 4, 4);
    poolgrad_error error = refusal_none();
    poolgrad_pooling_gradient g;
    poolgrad_context context;
    poolgrad_context_init(&context, sizeof context);
    poolgrad_pooling_average_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    cr_assert_eq(poolgrad_pooling_gradient_encode(&g, &context, VIEW(&y), VIEW(&x), NULL, &dx, NULL), POOLGRAD_OK);
    g.reserved = -1;
    expect_sentence(poolgrad_pooling_gradient_encode(&g, &context, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                    "reserved is -1; expected 0");
    g.reserved = 0;
    context.reserved = 1;
    expect_sentence(poolgrad_pooling_gradient_encode(&g, &context, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                    "context.reserved is 1; expected 0");
    expect_sentence(poolgrad_image_copy(VIEW(&x), &dx, &context, &error), &error, "context.reserved is 1; expected 0");
    view_free(&x);
    view_free(&y);
    view_free(&dx);
}

/* Average derives the source's size from the gradient's; the other kinds read pixels that nobody gave. */
Test(kernel_refusals, gradients_made_without_a_source_image)
{
    static const char expected[] = "source_image is null; expected an image, or a gradient state with its size";
    poolgrad_image y = plain_image(1, 2, 2);
    poolgrad_buffer *made;
    poolgrad_pooling_gradient g;
    poolgrad_error error = refusal_none();
    poolgrad_pooling_average_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    cr_expect_eq(poolgrad_pooling_gradient_encode_to_new(&g, NULL, VIEW(&y), NULL, NULL, &made, NULL), POOLGRAD_OK);
    poolgrad_buffer_destroy(made);
    poolgrad_pooling_max_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    expect_sentence(poolgrad_pooling_gradient_encode_to_new(&g, NULL, VIEW(&y), NULL, NULL, &made, &error), &error,
                    expected);
    cr_expect_null(made);
    poolgrad_pooling_l2norm_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    expect_sentence(poolgrad_pooling_gradient_encode_to_new(&g, NULL, VIEW(&y), NULL, NULL, &made, &error), &error,
                    expected);
    cr_expect_null(made);
    view_free(&y);
}

Test(kernel_refusals, kernels_that_nobody_made)
{
    poolgrad_image x = plain_image(1, 4, 4), y = plain_image(1, 2, 2), dx = plain_image(1, 4, 4), size;
    poolgrad_pooling k = {0};
    poolgrad_pooling_gradient g = {0};
    poolgrad_error error = refusal_none();
    poolgrad_problem problem;
    poolgrad_buffer *made = (poolgrad_buffer *)1;
    char of_k[128], of_g[128];
    snprintf(of_k, sizeof of_k, "struct_size is 0; expected %zu, set by the initializer of a pooling kernel", sizeof k);
    snprintf(of_g, sizeof of_g, "struct_size is 0; expected %zu, set by the initializer of a gradient kernel",
             sizeof g);
    expect_sentence(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &made, NULL, &error), &error, of_k);
    cr_expect_null(made);
    expect_sentence(poolgrad_pooling_destination_descriptor(&k, VIEW(&x), &size, &error), &error, of_k);
    expect_sentence(poolgrad_pooling_problem(&k, NULL, VIEW(&x), NULL, &y, &problem, &error), &error, of_k);
    expect_sentence(poolgrad_pooling_gradient_encode_to_new(&g, NULL, VIEW(&y), VIEW(&x), NULL, &made, &error), &error,
                    of_g);
    expect_sentence(poolgrad_pooling_gradient_problem(&g, NULL, VIEW(&y), VIEW(&x), NULL, &dx, &problem, &error),
                    &error, of_g);
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error, of_g);
    k.struct_size = (size_t)-1;
    cr_expect_eq(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &made, NULL, &error), POOLGRAD_INVALID);
    cr_expect(poolgrad_pooling_hash(&k) == 0 && poolgrad_pooling_is_state_modified(&k) == 0);
    expect_sentence(poolgrad_pooling_encode(NULL, NULL, VIEW(&x), NULL, &y, &error), &error,
                    "kernel is null; expected a pooling kernel");
    expect_sentence(poolgrad_pooling_gradient_encode(NULL, NULL, VIEW(&y), VIEW(&x), NULL, &dx, &error), &error,
                    "kernel is null; expected a pooling gradient kernel");
    view_free(&x);
    view_free(&y);
    view_free(&dx);
}

/* Callers that were compiled with other versions: what their structs lack is neutral, what they have more is zero. */
Test(kernel_refusals, kernels_of_older_and_newer_callers)
{
    enum { MORE = 24, OLD = offsetof(poolgrad_pooling, padding) };
    struct {
        poolgrad_pooling kernel;
        unsigned char more[MORE];
    } newer;
    poolgrad_image x = plain_image(1, 8, 8), size;
    poolgrad_error error = refusal_none();
    poolgrad_pooling known;
    poolgrad_buffer *expected, *made;
    volatile size_t size_of_older = OLD; /* the compiler sees no end of it */
    poolgrad_pooling *older = malloc(size_of_older);
    cr_assert_not_null(older);
    poolgrad_pooling_max_init(&known, sizeof known, 4, 4, 2, 2);
    poolgrad_pooling_max_init(older, OLD, 4, 4, 2, 2);
    poolgrad_pooling_max_init(&newer.kernel, sizeof newer, 4, 4, 2, 2);
    known.clip_rect.width = older->clip_rect.width = newer.kernel.clip_rect.width = 2;
    cr_expect(older->struct_size == OLD && newer.kernel.struct_size == sizeof newer && newer.more[0] == 0);
    cr_assert_eq(poolgrad_pooling_encode_to_new(&known, NULL, VIEW(&x), &expected, NULL, &error), POOLGRAD_OK);
    const poolgrad_pooling *const others[] = {older, &newer.kernel};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(poolgrad_pooling_encode_to_new(others[i], NULL, VIEW(&x), &made, NULL, &error), POOLGRAD_OK, "%s",
                     error.message);
        cr_expect(generic_equal(made, expected) && generic_equal(others[i], &known));
        cr_expect_eq(generic_hash(others[i]), generic_hash(&known));
        poolgrad_buffer_destroy(made);
    }
    /* What configuration finds is written as far as there is room. */
    cr_expect_eq(poolgrad_pooling_destination_descriptor(&known, VIEW(&x), &size, &error), POOLGRAD_OK);
    cr_expect_eq(poolgrad_pooling_destination_descriptor(older, VIEW(&x), &size, &error), POOLGRAD_OK);
    cr_expect(older->offset.x == known.offset.x && older->struct_size == OLD && known.offset.x != 0);
    newer.more[1] = 1;
    char sentence[160];
    snprintf(sentence, sizeof sentence,
             "struct_size is %zu and byte %zu is not zero; expected zeros behind the %zu "
             "bytes that version %s knows",
             sizeof newer, sizeof known + 1, sizeof known, poolgrad_version());
    expect_sentence(poolgrad_pooling_encode_to_new(&newer.kernel, NULL, VIEW(&x), &made, NULL, &error), &error,
                    sentence);
    cr_expect(generic_hash(&newer.kernel) == 0 && !generic_equal(&newer.kernel, &known), "it is no kernel");
    poolgrad_buffer_destroy(expected);
    free(older);
    view_free(&x);
}

Test(kernel_refusals, gradient_kernels_and_contexts_of_older_and_newer_callers)
{
    enum { OLD = offsetof(poolgrad_pooling_gradient, primary_edge_mode) };
    struct {
        poolgrad_context context;
        int more;
    } newer;
    poolgrad_image y = plain_image(1, 4, 4), x = plain_image(1, 8, 8), size;
    poolgrad_error error = refusal_none();
    volatile size_t size_of_older = OLD;
    poolgrad_pooling_gradient known, *older = malloc(size_of_older);
    poolgrad_buffer *expected, *made;
    cr_assert_not_null(older);
    poolgrad_pooling_average_gradient_init(&known, sizeof known, 4, 4, 2, 2);
    poolgrad_pooling_average_gradient_init(older, OLD, 4, 4, 2, 2);
    known.kernel_offset_x = older->kernel_offset_x = 1;
    poolgrad_context_init(&newer.context, sizeof newer);
    newer.context.mode = POOLGRAD_MODE_REFERENCE;
    const poolgrad_context first = {.struct_size = offsetof(poolgrad_context, mode), .threads = 1};
    cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&known, NULL, VIEW(&y), VIEW(&x), NULL, &expected, &error),
                 POOLGRAD_OK);
    const poolgrad_context *const contexts[] = {&first, &newer.context};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(
            poolgrad_pooling_gradient_encode_to_new(older, contexts[i], VIEW(&y), VIEW(&x), NULL, &made, &error),
            POOLGRAD_OK, "%s", error.message);
        cr_expect(generic_equal(made, expected) && generic_equal(older, &known));
        poolgrad_buffer_destroy(made);
    }
    cr_expect_eq(poolgrad_pooling_gradient_destination_descriptor(older, VIEW(&y), VIEW(&x), NULL, &size, &error),
                 POOLGRAD_OK);
    cr_expect(older->secondary_offset.x == 1 && size.width == 8, "4x4, stride 2, same | centered");
    newer.more = 1;
    poolgrad_status status = poolgrad_pooling_gradient_encode_to_new(older, &newer.context, VIEW(&y), VIEW(&x), NULL,
                                                                     &made, &error);
    cr_expect_eq(status, POOLGRAD_INVALID);
    cr_expect(strstr(error.message, "context.struct_size is ") && strstr(error.message, " is not zero; expected "),
              "%s", error.message);
    poolgrad_buffer_destroy(expected);
    free(older);
    view_free(&x);
    view_free(&y);
}

Test(kernel_refusals, nulls_and_counts)
{
    poolgrad_image x = plain_image(1, 4, 4), y = plain_image(1, 2, 2);
    poolgrad_pooling k;
    poolgrad_pooling_gradient g;
    poolgrad_error error = refusal_none();
    poolgrad_buffer *made;
    poolgrad_pooling_max_init(&k, sizeof k, 2, 2, 2, 2);
    poolgrad_pooling_max_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    expect_sentence(poolgrad_pooling_encode(&k, NULL, VIEW(&x), NULL, NULL, &error), &error,
                    "destination is null; expected an image");
    expect_sentence(poolgrad_pooling_encode_to_new(&k, NULL, NULL, &made, NULL, &error), &error,
                    "source is null; expected an image");
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, NULL, VIEW(&x), NULL, &x, &error), &error,
                    "source_gradient is null; expected an image");
    expect_sentence(poolgrad_pooling_gradient_encode(&g, NULL, VIEW(&y), VIEW(&x), NULL, NULL, &error), &error,
                    "destination is null; expected an image");
    expect_sentence(poolgrad_pooling_encode_batch(&k, NULL, -1, VIEW(&x), NULL, &y, &error), &error,
                    "count is -1; expected at least 0");
    expect_sentence(poolgrad_pooling_encode_batch(&k, NULL, 1, NULL, NULL, &y, &error), &error,
                    "sources are null; expected an array");
    expect_sentence(poolgrad_pooling_encode_batch_to_new(&k, NULL, 1, VIEW(&x), NULL, NULL, &error), &error,
                    "destinations are null; expected an array");
    poolgrad_state *state = (poolgrad_state *)1;
    expect_sentence(poolgrad_pooling_encode_batch_to_new(&k, NULL, 1, VIEW(&x), NULL, &state, &error), &error,
                    "destinations are null; expected an array");
    cr_expect_null(state);
    expect_sentence(poolgrad_pooling_gradient_encode_batch(&g, NULL, 1, NULL, VIEW(&x), NULL, &x, &error), &error,
                    "source_gradients are null; expected an array");
    cr_expect_eq(poolgrad_pooling_encode_batch(&k, NULL, 0, NULL, NULL, NULL, &error), POOLGRAD_OK);
    cr_expect_eq(poolgrad_pooling_gradient_encode_batch_to_new(&g, NULL, 0, NULL, NULL, NULL, NULL, &error),
                 POOLGRAD_OK);
    view_free(&x);
    view_free(&y);
}

/* ---- Custom policies --------------------------------------------------------------------------------------------- */

static const char *const reason = "window is not what this policy likes";

/* What the callback does, by the context it is given. */
static poolgrad_status meddle(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                              poolgrad_error *error)
{
    (void)request;
    switch (*(const int *)context) {
    case 0: return POOLGRAD_NO_MEMORY;
    case 1:
        snprintf(error->field, sizeof error->field, "window");
        snprintf(error->message, sizeof error->message, "%s", reason);
        return POOLGRAD_INVALID;
    case 2: descriptor->format = POOLGRAD_UNORM8; break;
    case 3: descriptor->layout = (poolgrad_layout)7; break;
    case 4: descriptor->height = -1; break;
    default: request->pooling->saves_argmax = 1; break;
    }
    return POOLGRAD_OK;
}

Test(kernel_refusals, custom_policies)
{
    static const char *const sentences[] = {
        "padding is a custom policy that refuses without a reason",
        reason,
        "descriptor.format is 1 (unorm8); expected float16, bfloat16, float32 or float64",
        "descriptor.layout is 7; expected NCHW (0), NHWC (1), NC4HW4 (2), NC8HW8 (3), NC16HW16 (4) or NC32HW32 (5)",
        "descriptor.height is -1; expected at least 0",
        "saves_argmax is 1 of a kernel that is not max; expected 0"};
    poolgrad_image x = plain_image(1, 4, 4);
    for (int way = 0; way < (int)(sizeof sentences / sizeof *sentences); way++) {
        poolgrad_pooling k;
        poolgrad_error error = refusal_none();
        poolgrad_buffer *made = (poolgrad_buffer *)1;
        poolgrad_state *state = (poolgrad_state *)1;
        poolgrad_pooling_average_init(&k, sizeof k, 2, 2, 2, 2);
        k.padding = poolgrad_padding_policy_custom(POOLGRAD_PADDING_SIZE_VALID_ONLY, meddle, &way);
        poolgrad_status status = poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &made, &state, &error);
        cr_expect_eq(status, way == 0 ? POOLGRAD_NO_MEMORY : POOLGRAD_INVALID);
        cr_expect_str_eq(error.message, sentences[way]);
        cr_expect(refusal_is_sentence(&error) && !made && !state);
        cr_expect_eq(poolgrad_pooling_encode_to_new(&k, NULL, VIEW(&x), &made, &state, NULL), status);
        cr_expect_eq(k.saves_argmax, 0, "the kernel itself is not configured");
    }
    view_free(&x);
}

static poolgrad_status change_and_refuse(void *context, const poolgrad_padding_request *request,
                                         poolgrad_image *descriptor, poolgrad_error *error)
{
    (void)context, (void)descriptor, (void)error;
    if (request->pooling) request->pooling->kernel_width = 77;
    if (request->pooling_gradient) request->pooling_gradient->kernel_width = 77;
    return POOLGRAD_INVALID;
}

/* A kernel that was not configured is as it was. */
Test(kernel_refusals, refused_configurations_change_nothing)
{
    const poolgrad_image x = {.format = POOLGRAD_FLOAT32, .images = 1, .channels = 1, .height = 5, .width = 5};
    poolgrad_image descriptor = {.width = 1234};
    poolgrad_error error = refusal_none();
    poolgrad_pooling k, before;
    poolgrad_pooling_gradient g, gradient_before;
    poolgrad_pooling_max_init(&k, sizeof k, 3, 3, 2, 2);
    k.padding = poolgrad_padding_policy_custom(POOLGRAD_PADDING_SIZE_SAME, change_and_refuse, NULL);
    before = k;
    expect_sentence(poolgrad_pooling_destination_descriptor(&k, VIEW(&x), &descriptor, &error), &error,
                    "padding is a custom policy that refuses without a reason");
    cr_expect(generic_equal(&k, &before));
    poolgrad_pooling_average_gradient_init(&g, sizeof g, 3, 3, 2, 2);
    g.padding = k.padding;
    gradient_before = g;
    expect_sentence(poolgrad_pooling_gradient_destination_descriptor(&g, VIEW(&x), NULL, NULL, &descriptor, &error),
                    &error, "padding is a custom policy that refuses without a reason");
    cr_expect(generic_equal(&g, &gradient_before));
    cr_expect_eq(descriptor.width, 1234);
}

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

/* Destinations and states are not promised for what no encoding takes. */
Test(kernel_refusals, channels_and_windows_that_are_none)
{
    const poolgrad_image x = {.format = POOLGRAD_FLOAT32, .images = 1, .channels = 8, .height = 4, .width = 4};
    poolgrad_image descriptor;
    poolgrad_error error = refusal_none();
    poolgrad_state *state = (poolgrad_state *)1;
    poolgrad_pooling k;
    poolgrad_pooling_gradient g;
    poolgrad_pooling_max_init(&k, sizeof k, 2, 2, 2, 2);
    k.source_feature_channel_offset = 8;
    expect_sentence(poolgrad_pooling_destination_descriptor(&k, VIEW(&x), &descriptor, &error), &error,
                    "source_feature_channel_offset is 8; expected less than the image's 8 channels");
    k.source_feature_channel_max_count = 0;
    k.destination_feature_channel_offset = 4;
    cr_expect_eq(poolgrad_pooling_destination_descriptor(&k, VIEW(&x), &descriptor, &error), POOLGRAD_OK);
    cr_expect_eq(descriptor.channels, 4);
    poolgrad_pooling_average_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    g.primary_source_feature_channel_offset = -4;
    expect_sentence(poolgrad_pooling_gradient_destination_descriptor(&g, VIEW(&x), NULL, NULL, &descriptor, &error),
                    &error, "primary_source_feature_channel_offset is -4; expected 0 to 2^61");
    g.primary_source_feature_channel_offset = 0;
    g.primary_source_feature_channel_max_count = -1;
    expect_sentence(poolgrad_pooling_gradient_destination_descriptor(&g, VIEW(&x), NULL, NULL, &descriptor, &error),
                    &error, "primary_source_feature_channel_max_count is -1; expected at least 0");
    poolgrad_pooling_max_init(&k, sizeof k, -5, 2, 2, 2);
    k.saves_argmax = 1;
    expect_sentence(poolgrad_pooling_result_state(&k, VIEW(&x), &x, &state, &error), &error,
                    "kernel_width is -5; expected 1 to 2^61");
    cr_expect_null(state);
    poolgrad_pooling_max_init(&k, sizeof k, 2, 0, 2, 2);
    k.saves_argmax = 1;
    expect_sentence(poolgrad_pooling_result_state(&k, VIEW(&x), &x, &state, &error), &error,
                    "kernel_height is 0; expected 1 to 2^61");
    /* The source of a gradient whose source is unknown: of 2^60 + 2^61 pixels. */
    const poolgrad_image narrow = {
        .format = POOLGRAD_FLOAT32, .images = 1, .channels = 1, .height = 1, .width = (INT64_C(1) << 60) + 1};
    poolgrad_pooling_average_gradient_init(&g, sizeof g, (INT64_C(1) << 60) + 1, 1, 1, 1);
    g.padding = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_FULL);
    expect_sentence(
        poolgrad_pooling_gradient_destination_descriptor(&g, VIEW(&narrow), NULL, NULL, &descriptor, &error), &error,
        "source_gradient.width is 1152921504606846977 where a window spans 1152921504606846977; expected an "
        "image of at most 2^61 pixels");
}

Test(kernel_refusals, unknown_edge_modes_are_told)
{
    char text[512];
    poolgrad_pooling k;
    poolgrad_pooling_gradient g;
    poolgrad_pooling_average_init(&k, sizeof k, 2, 2, 2, 2);
    k.edge_mode = (poolgrad_edge_mode)7;
    generic_description(&k, text, sizeof text);
    cr_expect(strstr(text, ", edge mode 7, "), "%s", text);
    poolgrad_pooling_average_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    g.secondary_edge_mode = (poolgrad_edge_mode)7;
    generic_description(&g, text, sizeof text);
    cr_expect(strstr(text, ", secondary edge mode 7, "), "%s", text);
}

/* ---- No source, no state ----------------------------------------------------------------------------------------- */

/* A gradient of average into channels and from images behind the first ones: the source is as large as it must be. */
Test(kernel_refusals, unknown_sources_are_large_enough)
{
    random_state r = {3};
    const poolgrad_image size = images_size(2, 7, 3, 4);
    poolgrad_image dy = images_random(&r, POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, &size);
    poolgrad_pooling_gradient k;
    poolgrad_error error = refusal_none();
    poolgrad_buffer *made, *expected;
    poolgrad_pooling_average_gradient_init(&k, sizeof k, 2, 2, 2, 2);
    k.padding = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_FULL);
    k.secondary_edge_mode = POOLGRAD_EDGE_CLAMP;
    k.primary_source_feature_channel_offset = k.secondary_source_feature_channel_offset = 4;
    k.destination_feature_channel_offset = 8;
    k.secondary_offset.z = 1;
    cr_assert_eq(poolgrad_pooling_gradient_encode_to_new(&k, NULL, VIEW(&dy), NULL, NULL, &made, &error), POOLGRAD_OK,
                 "%s", error.message);
    const poolgrad_image *dx = poolgrad_buffer_image(made);
    cr_expect(dx->images == 2 && dx->channels == 11 && dx->height == 6 && dx->width == 8);
    const poolgrad_image source = {.images = 3, .channels = 7, .height = 6, .width = 8};
    cr_assert_eq(poolgrad_buffer_create(dx, NULL, &expected, &error), POOLGRAD_OK);
    k.secondary_offset = (poolgrad_offset){1, 1, 1};
    cr_assert_eq(poolgrad_pooling_gradient_encode(&k, NULL, VIEW(&dy), VIEW(&source), NULL,
                                                  poolgrad_buffer_image(expected), &error),
                 POOLGRAD_OK, "%s", error.message);
    cr_expect(generic_equal(made, expected));
    cr_expect_eq(view_number(dx, 1, 8, 0, 0), view_number(&dy, 1, 4, 0, 0) / 4);
    poolgrad_buffer_destroy(made);
    poolgrad_buffer_destroy(expected);
    k.secondary_offset.z = INT64_MAX;
    expect_sentence(poolgrad_pooling_gradient_encode_to_new(&k, NULL, VIEW(&dy), NULL, NULL, &made, &error), &error,
                    "secondary_offset.z is 9223372036854775807; expected 0 to 2^61");
    k.secondary_offset.z = 0;
    k.secondary_source_feature_channel_offset = INT64_MAX - 3;
    expect_sentence(poolgrad_pooling_gradient_encode_to_new(&k, NULL, VIEW(&dy), NULL, NULL, &made, &error), &error,
                    "secondary_source_feature_channel_offset is 9223372036854775804; expected 0 to 2^61");
    view_free(&dy);
}
