/* SPDX-License-Identifier: Apache-2.0 */
/* What a gradient kernel is made of a policy, a source image and a state, and what of it wins. */
#include "support/generic.h"
#include "support/images.h"
#include "support/sentence.h"
#include <criterion/criterion.h>
#include <poolgrad/mps.h>
#include <stdio.h>
#include <string.h>

static const poolgrad_image forward_source = {
    .format = POOLGRAD_UNORM8, .layout = POOLGRAD_NHWC, .images = 3, .channels = 9, .height = 8, .width = 11};

static void expect_same_place(uint32_t method, const poolgrad_pooling *k, const poolgrad_pooling_gradient *g)
{
    cr_expect(k->offset.x == g->secondary_offset.x && k->offset.y == g->secondary_offset.y, "method 0x%x", method);
    cr_expect_eq(k->edge_mode, g->secondary_edge_mode, "method 0x%x", method);
    cr_expect(k->zero_pad_size_x == g->zero_pad_size_x && k->zero_pad_size_y == g->zero_pad_size_y, "0x%x", method);
}

/* A gradient kernel that has the inverse of a forward kernel's policy is where that kernel is, state or none. */
static void configure_both(uint32_t method, int clamps_edges)
{
    poolgrad_pooling k;
    poolgrad_pooling_gradient fresh, g;
    poolgrad_image y, dx;
    poolgrad_error error = refusal_none();
    poolgrad_state *state;
    poolgrad_pooling_average_init(&k, sizeof k, 4, 3, 3, 2);
    poolgrad_pooling_average_gradient_init(&fresh, sizeof fresh, 4, 3, 3, 2);
    k.padding = poolgrad_padding_policy_with_method(method);
    k.padding.clamps_edges = clamps_edges;
    fresh.padding = poolgrad_padding_policy_inverse(&k.padding);
    cr_assert_eq(poolgrad_pooling_destination_descriptor(&k, VIEW(&forward_source), &y, &error), POOLGRAD_OK, "%s",
                 error.message);
    cr_assert_eq(poolgrad_pooling_result_state(&k, VIEW(&forward_source), &y, &state, &error), POOLGRAD_OK);
    for (int way = 0; way < 3; way++) {
        g = fresh;
        cr_assert_eq(poolgrad_pooling_gradient_destination_descriptor(
                         &g, VIEW(&y), way == 1 ? NULL : VIEW(&forward_source), way == 0 ? NULL : state, &dx, &error),
                     POOLGRAD_OK, "%s", error.message);
        expect_same_place(method, &k, &g);
        cr_expect(images_same_size(&forward_source, &dx), "method 0x%x, way %d", method, way);
        cr_expect(dx.format == POOLGRAD_FLOAT32 && dx.layout == POOLGRAD_NHWC);
    }
    poolgrad_state_destroy(state);
}

Test(kernel_configuration, gradients_are_where_their_forward_kernels_are)
{
    for (uint32_t bits = 0; bits < 3 * 3 * 4 * 2 * 2; bits++) {
        uint32_t method = bits % 3 | bits / 3 % 4 << 2 | bits / 12 % 3 << 4;
        if (bits / 36 % 2) method |= POOLGRAD_PADDING_EXCLUDE_EDGES;
        configure_both(method, bits >= 72);
    }
}

/* Images and channels: of the source image, else of the state, else of the source gradient. */
Test(kernel_configuration, planes_of_gradients)
{
    poolgrad_pooling k;
    poolgrad_pooling_gradient fresh, g;
    poolgrad_image dx, source = forward_source;
    const poolgrad_image dy = {.format = POOLGRAD_FLOAT16, .images = 2, .channels = 7, .height = 8, .width = 11};
    poolgrad_error error = refusal_none();
    poolgrad_state *state;
    source.images = 5;
    source.channels = 13;
    poolgrad_pooling_max_init_with_size(&k, sizeof k, 3, 3);
    poolgrad_pooling_max_gradient_init_with_size(&fresh, sizeof fresh, 3, 3);
    fresh.destination_feature_channel_offset = 8;
    fresh.primary_source_feature_channel_offset = 4;
    cr_assert_eq(poolgrad_pooling_result_state(&k, VIEW(&forward_source), NULL, &state, &error), POOLGRAD_OK);
    const struct {
        const poolgrad_image *source;
        const poolgrad_state *state;
        int64_t images, channels;
    } cases[] = {{&source, state, 5, 13}, {&source, NULL, 5, 13}, {NULL, state, 3, 9}, {NULL, NULL, 2, 8 + 3}};
    for (int i = 0; i < 4; i++) {
        g = fresh;
        cr_assert_eq(poolgrad_pooling_gradient_destination_descriptor(
                         &g, VIEW(&dy), cases[i].source ? VIEW(cases[i].source) : NULL, cases[i].state, &dx, &error),
                     POOLGRAD_OK, "%s", error.message);
        cr_expect(dx.images == cases[i].images && dx.channels == cases[i].channels, "case %d", i);
        cr_expect(dx.height == 8 && dx.width == 11 && dx.format == POOLGRAD_FLOAT16, "case %d", i);
    }
    poolgrad_state_destroy(state);
}

/* The state comes after the policy, and leaves alone what it does not hold. */
Test(kernel_configuration, states_override_policies)
{
    poolgrad_pooling k;
    poolgrad_pooling_gradient g;
    poolgrad_image dx;
    const poolgrad_image dy = {.format = POOLGRAD_FLOAT32, .images = 3, .channels = 9, .height = 4, .width = 6};
    poolgrad_error error = refusal_none();
    poolgrad_state *state;
    poolgrad_pooling_average_init(&k, sizeof k, 2, 2, 2, 2);
    k.offset = (poolgrad_offset){5, -6, 1};
    k.zero_pad_size_x = 7;
    k.clip_rect = (poolgrad_clip_rect){1, 2, 3, 4, 5, 6};
    cr_assert_eq(poolgrad_pooling_result_state(&k, VIEW(&forward_source), NULL, &state, &error), POOLGRAD_OK);
    poolgrad_pooling_average_gradient_init(&g, sizeof g, 2, 2, 2, 2);
    g.padding = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_EXCLUDE_EDGES | POOLGRAD_PADDING_SIZE_VALID_ONLY);
    g.padding.clamps_edges = 1;
    g.zero_pad_size_y = 9;
    g.kernel_offset_x = 3;
    g.clip_rect.x = 2;
    cr_assert_eq(poolgrad_pooling_gradient_destination_descriptor(&g, VIEW(&dy), NULL, state, &dx, &error),
                 POOLGRAD_OK);
    cr_expect(g.secondary_offset.x == 5 && g.secondary_offset.y == -6 && g.secondary_offset.z == 1);
    cr_expect(g.secondary_edge_mode == POOLGRAD_EDGE_ZERO && g.zero_pad_size_x == 7 && g.zero_pad_size_y == 0);
    cr_expect(g.primary_offset.x == 1 && g.primary_offset.y == 2 && g.primary_offset.z == 3);
    cr_expect(g.source_size.width == 4 && g.source_size.height == 5 && g.source_size.depth == 6);
    cr_expect(g.kernel_offset_x == 3 && g.clip_rect.x == 2 && g.clip_rect.width == POOLGRAD_ALL);
    cr_expect(dx.width == 11 && dx.height == 8);
    poolgrad_state_destroy(state);
}

/* ---- Descriptions ------------------------------------------------------------------------------------------------ */

#define expect_line(kernel, line) expect_described(generic_description(kernel, text, sizeof text), text, line)

static void expect_described(size_t length, const char *text, const char *line)
{
    cr_expect_eq(length, strlen(line));
    cr_expect_str_eq(text, line);
}

Test(kernel_configuration, descriptions_tell_what_is_unusual)
{
    char text[2048];
    poolgrad_pooling k;
    poolgrad_pooling_gradient g;
    poolgrad_pooling_max_init(&k, sizeof k, 3, 2, 2, 1);
    k.offset = (poolgrad_offset){1, -2, 3};
    k.clip_rect = (poolgrad_clip_rect){4, 5, 6, 7, 8, 9};
    k.destination_feature_channel_offset = 12;
    k.source_feature_channel_offset = 16;
    k.source_feature_channel_max_count = 17;
    k.edge_mode = POOLGRAD_EDGE_CLAMP;
    k.zero_pad_size_x = 18;
    k.zero_pad_size_y = 19;
    k.ties = POOLGRAD_TIES_LAST;
    k.nan = (poolgrad_nan_rule)20;
    k.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
    k.saves_argmax = 1;
    expect_line(&k, "pooling_max: kernel 3x2, stride 2x1, offset 1, -2, edge mode clamp, padding same | centered | "
                    "remainder to top left, offset.z 3, clip_rect.x 4, clip_rect.y 5, clip_rect.z 6, clip_rect.width "
                    "7, clip_rect.height 8, clip_rect.depth 9, destination_feature_channel_offset 12, "
                    "source_feature_channel_offset 16, source_feature_channel_max_count 17, zero_pad_size_x 18, "
                    "zero_pad_size_y 19, ties last, nan 20, accumulator float64, saves argmax");
    poolgrad_dilated_pooling_max_gradient_init(&g, sizeof g, 3, 2, 2, 1, 4, 5);
    snprintf(g.label, sizeof g.label, "back");
    g.primary_offset = (poolgrad_offset){1, 2, 3};
    g.source_size = (poolgrad_size){4, 5, 6};
    g.secondary_offset.z = 7;
    g.kernel_offset_x = -8;
    g.kernel_offset_y = 9;
    g.clip_rect = (poolgrad_clip_rect){10, 11, 12, 13, 14, 15};
    g.destination_feature_channel_offset = 16;
    g.primary_source_feature_channel_offset = 20;
    g.secondary_source_feature_channel_offset = 24;
    g.primary_source_feature_channel_max_count = 25;
    g.secondary_source_feature_channel_max_count = 26;
    g.primary_edge_mode = POOLGRAD_EDGE_CLAMP;
    g.zero_pad_size_x = 27;
    g.zero_pad_size_y = 28;
    g.ties = POOLGRAD_TIES_SPLIT;
    g.nan = POOLGRAD_NAN_IGNORE;
    expect_line(&g, "dilated_pooling_max_gradient \"back\": kernel 3x2, stride 2x1, dilation 4x5, secondary offset 0, "
                    "0, secondary edge mode zero, padding same | centered | remainder to top left, primary_offset.x "
                    "1, primary_offset.y 2, primary_offset.z 3, source_size.width 4, source_size.height 5, "
                    "source_size.depth 6, secondary_offset.z 7, kernel_offset_x -8, kernel_offset_y 9, clip_rect.x "
                    "10, clip_rect.y 11, clip_rect.z 12, clip_rect.width 13, clip_rect.height 14, clip_rect.depth 15, "
                    "destination_feature_channel_offset 16, primary_source_feature_channel_offset 20, "
                    "secondary_source_feature_channel_offset 24, primary_source_feature_channel_max_count 25, "
                    "secondary_source_feature_channel_max_count 26, primary_edge_mode 1, zero_pad_size_x 27, "
                    "zero_pad_size_y 28, ties split, nan ignore");
}
