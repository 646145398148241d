/* SPDX-License-Identifier: Apache-2.0 */
/* Cases for the corners that rules are about: the examples of docs/numerics.md, and what pairs of parameters reach by
 * chance at best. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "suite/suite_named.h"

#define NOT_A_NUMBER ((double)NAN)
#define CLAMP POOLGRAD_EDGE_CLAMP

/* ---- Adjustments ------------------------------------------------------------------------------------------------- */

static void clip_inside(struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    p->clip.x = p->clip.y = 1;
    p->clip.width = p->destination.width;
    p->clip.height = p->destination.height - 1;
    p->destination.width += 2;
    recipe->before = true;
}

/* It is cut to the destination; its first pixel stays what it is. */
static void clip_beyond(struct suite_recipe *recipe)
{
    recipe->problem.clip.x = 2;
    recipe->problem.clip.y = 1;
    recipe->problem.clip.width = 1000;
    recipe->before = true;
}

static void map_clip(struct suite_recipe *recipe)
{
    recipe->problem.mapping = POOLGRAD_MAPPING_CLIP;
}

static void clip_row(struct suite_recipe *recipe)
{
    recipe->problem.clip.x = 1;
    recipe->problem.clip.width = 4;
    recipe->before = true;
}

static void map_clip_row(struct suite_recipe *recipe)
{
    map_clip(recipe);
    clip_row(recipe);
}

static void map_clip_inside(struct suite_recipe *recipe)
{
    map_clip(recipe);
    clip_inside(recipe);
}

static void count_part(struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    p->gradient_region.x = p->gradient_region.y = 1;
    p->gradient_region.width = p->source_gradient.width - 2;
    p->gradient_region.height = p->source_gradient.height - 1;
}

/* The pixel is cut away, and moves no window. */
static void count_from_before(struct suite_recipe *recipe)
{
    recipe->problem.gradient_region.x = -1;
    recipe->problem.gradient_region.y = -2;
}

static void offset_kernel(struct suite_recipe *recipe)
{
    recipe->problem.kernel_offset_x = 2;
    recipe->problem.kernel_offset_y = -1;
}

/* Each tensor begins elsewhere; one image is left over in the clip. */
static void choose_images(struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    p->source.images = 3;
    p->offset_image = 1;
    p->destination.images = 5;
    p->clip.image = 1;
    p->clip.images = 3;
    if (p->direction == POOLGRAD_GRADIENT) {
        p->source_gradient.images = 4;
        p->gradient_region.image = 2;
        p->gradient_region.images = 2;
    }
    recipe->before = true;
}

static void choose_channels(struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    p->source.channels = 9;
    p->source_channel_offset = 4;
    p->source_channel_count = 4;
    p->destination.channels = 14;
    p->destination_channel_offset = 8;
    if (p->direction == POOLGRAD_GRADIENT) {
        p->source_gradient.channels = 6;
        p->gradient_channel_count = 4;
    }
    recipe->before = true;
}

/* Within slices of four, where only a problem may begin. */
static void choose_odd_channels(struct suite_recipe *recipe)
{
    choose_channels(recipe);
    recipe->problem.source_channel_offset = 3;
    recipe->problem.destination_channel_offset = 5;
    if (recipe->problem.direction == POOLGRAD_GRADIENT) recipe->problem.gradient_channel_offset = 1;
}

static void add_to(struct suite_recipe *recipe)
{
    recipe->problem.add_to_destination = 1;
    recipe->before = true;
    recipe->before_data = DATA_FRACTIONS;
}

/* A -0 and a NaN in the destination do not outlive an addition of +0. */
static void add_to_special(struct suite_recipe *recipe)
{
    add_to(recipe);
    recipe->before_data = DATA_NAN;
}

static void add_to_zeros(struct suite_recipe *recipe)
{
    add_to(recipe);
    recipe->before_data = DATA_SIGNED_ZEROS;
}

static void leave_out_source(struct suite_recipe *recipe)
{
    recipe->size_only = true;
}

void poolgrad_suite_save_indices(struct suite_recipe *recipe, poolgrad_format format)
{
    recipe->size_only = recipe->problem.direction == POOLGRAD_GRADIENT;
    if (recipe->size_only)
        poolgrad_suite_read_indices(&recipe->problem, format);
    else
        poolgrad_suite_write_picks(&recipe->problem, format);
}

static void save_int64(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_INT64);
}

static void save_int32(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_INT32);
}

static void save_tap8(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_TAP8);
}

static void save_tap16(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_TAP16);
}

static void save_tap32(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_TAP32);
}

static void accumulate_wide(struct suite_recipe *recipe)
{
    recipe->problem.accumulator = POOLGRAD_ACCUMULATE_FLOAT64;
}

static void no_images(struct suite_recipe *recipe)
{
    poolgrad_suite_set_channels(&recipe->problem, 0, 3);
}

static void no_channels(struct suite_recipe *recipe)
{
    poolgrad_suite_set_channels(&recipe->problem, 2, 0);
}

/* Sums of ones stop growing at 2048 in float16, and at 256 in bfloat16; in float32 only after 2^24 of them. */
static void store_half(struct suite_recipe *recipe)
{
    if (recipe->problem.source.format == POOLGRAD_FLOAT32) {
        poolgrad_suite_set_format(&recipe->problem, POOLGRAD_FLOAT16);
    }
}

static void source_unorm8(struct suite_recipe *recipe)
{
    recipe->problem.source.format = POOLGRAD_UNORM8;
}

static void source_unorm16(struct suite_recipe *recipe)
{
    recipe->problem.source.format = POOLGRAD_UNORM16;
}

static void pack_lanes(struct suite_recipe *recipe)
{
    poolgrad_suite_set_layout(&recipe->problem, POOLGRAD_NC4HW4);
    recipe->before = true;
}

/* The same along the third axis, where the first pixel and the last one of the image are not written. */
static void clip_depth(struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    clip_inside(recipe);
    p->clip.z = 1;
    p->clip.depth = p->destination.depth;
    p->destination.depth += 2;
}

static void map_clip_depth(struct suite_recipe *recipe)
{
    map_clip(recipe);
    clip_depth(recipe);
}

static void count_part_of_depth(struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    count_part(recipe);
    p->gradient_region.z = 1;
    p->gradient_region.depth = p->source_gradient.depth - 2;
}

static void offset_kernel_in_depth(struct suite_recipe *recipe)
{
    offset_kernel(recipe);
    recipe->problem.kernel_offset_z = 1;
}

/* A border that does not count about a gradient whose windows stand in tables. */
static void surround_gradient(struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    p->gradient_region.x = p->gradient_region.y = 1;
    p->gradient_region.width = p->source_gradient.width;
    p->gradient_region.height = p->source_gradient.height;
    p->source_gradient.width += 2;
    p->source_gradient.height += 2;
}

static void gather_int32(struct suite_recipe *recipe)
{
    poolgrad_suite_read_indices(&recipe->problem, POOLGRAD_INT32);
}

static void gather_tap8(struct suite_recipe *recipe)
{
    poolgrad_suite_read_indices(&recipe->problem, POOLGRAD_TAP8);
}

static void clip_gathered(struct suite_recipe *recipe)
{
    clip_inside(recipe);
    poolgrad_suite_read_indices(&recipe->problem, POOLGRAD_INT64);
}

static void block(struct suite_recipe *recipe, poolgrad_layout layout)
{
    poolgrad_suite_set_layout(&recipe->problem, layout);
    recipe->before = true;
}

static void block_8(struct suite_recipe *recipe)
{
    block(recipe, POOLGRAD_NC8HW8);
}

static void block_16(struct suite_recipe *recipe)
{
    block(recipe, POOLGRAD_NC16HW16);
}

static void block_32(struct suite_recipe *recipe)
{
    block(recipe, POOLGRAD_NC32HW32);
}

static void choose_channels_of_8(struct suite_recipe *recipe)
{
    choose_channels(recipe);
    block_8(recipe);
}

static void choose_channels_of_16(struct suite_recipe *recipe)
{
    choose_odd_channels(recipe);
    block_16(recipe);
}

/* The destination's begin in one slice and end in the next. */
static void choose_channels_of_32(struct suite_recipe *recipe)
{
    enum { NEARLY_A_SLICE = 30 };
    choose_odd_channels(recipe);
    recipe->problem.destination_channel_offset = NEARLY_A_SLICE;
    recipe->problem.destination.channels = NEARLY_A_SLICE + recipe->problem.source_channel_count + 1;
    block_32(recipe);
}

static void save_int32_of_8(struct suite_recipe *recipe)
{
    save_int32(recipe);
    block_8(recipe);
}

static void exclude_edges(struct suite_recipe *recipe)
{
    recipe->problem.edge_mode = POOLGRAD_EDGE_CLAMP;
}

/* ---- The cases --------------------------------------------------------------------------------------------------- */

#define EXAMPLE SUITE_FEATURE(EXAMPLE)
#define POLICY(name, k, s, source, bits)                                                                               \
    {                                                                                                                  \
        name, EXAMPLE | SUITE_FEATURE(POLICY), BOTH, AVERAGE | MAX,                                                    \
            .kernel = {k, k}, .stride = {s, s}, .size = {source, source}, .placement = BY_POLICY, .method = (bits),    \
            .edge_mode = CLAMP                                                                                         \
    }

static const struct named examples[] = {
    {"n11-kernel-2x2-outside", EXAMPLE, BOTH, ANY, .kernel = {2, 2}, .stride = {3, 3}, .first = {-1, -1},
     .windows = {3, 2}, .size = {8, 5}, .every_edge_mode = true},
    {"n11-kernel-2x2", EXAMPLE, BOTH, ANY, .kernel = {2, 2}, .stride = {3, 3}, .windows = {3, 2}, .size = {8, 5}},
    {"n11-kernel-3x3", EXAMPLE, BOTH, ANY, .kernel = {3, 3}, .stride = {3, 3}, .windows = {3, 2}, .size = {8, 5},
     .every_edge_mode = true},
    {"n11-kernel-4x1", EXAMPLE, BOTH, ANY, .kernel = {4, 1}, .first = {-2}, .windows = {6, 1}, .size = {6, 1}},
    {"n11-kernel-2-dilation-3", EXAMPLE, BOTH, ANY, .kernel = {2, 2}, .dilation = {3, 3}, .first = {-2, -2},
     .windows = {6, 5}, .size = {6, 5}, .every_edge_mode = true},
    {"n14-average-kernel-3", EXAMPLE, BOTH, AVERAGE, .kernel = {3}, .first = {-1}, .windows = {4}, .size = {4, 1},
     .every_edge_mode = true, .source_values = {4, {1, 2, 3, 4}}},
    {"n14-average-zero-pad", EXAMPLE, BOTH, AVERAGE, .kernel = {3}, .first = {-1}, .windows = {4}, .size = {4, 1},
     .edge_mode = CLAMP, .zero_pad = {1}, .source_values = {4, {1, 2, 3, 4}}},
    {"n14-average-kernel-5-zero-pad", EXAMPLE, BOTH, AVERAGE, .kernel = {5}, .first = {-2}, .windows = {4},
     .size = {4, 1}, .edge_mode = CLAMP, .zero_pad = {1}, .source_values = {4, {1, 2, 3, 4}}},
    {"n15-max-negative-at-border", EXAMPLE, BOTH, MAX, .kernel = {3}, .first = {-1}, .windows = {4}, .size = {4, 1},
     .every_edge_mode = true, .source_values = {4, {-4, -3, -2, -1}}},
    {"n31-ties", EXAMPLE | SUITE_FEATURE(TIES), BOTH, MAX, .kernel = {3}, .first = {-1}, .windows = {3}, .size = {3, 1},
     .every_edge_mode = true, .every_tie_rule = true, .source_values = {3, {0, 0, -1}},
     .gradient_values = {3, {1, 10, 100}}},
    {"n33-nan", EXAMPLE | SUITE_FEATURE(NAN), BOTH, MAX, .kernel = {4}, .size = {4, 1}, .every_nan_rule = true,
     .source_values = {4, {NOT_A_NUMBER, 5, NOT_A_NUMBER, 7}}},
    {"n43-mapping-source", EXAMPLE, GRADIENT, AVERAGE, .kernel = {3}, .stride = {2}, .first = {2}, .windows = {3},
     .size = {8, 1}, .gradient_values = {3, {3, 30, 300}}},
    {"n43-mapping-source-clip", EXAMPLE, GRADIENT, AVERAGE, .kernel = {3}, .stride = {2}, .first = {2}, .windows = {3},
     .size = {8, 1}, .gradient_values = {3, {3, 30, 300}}, .adjust = clip_row},
    {"n43-mapping-clip", EXAMPLE, GRADIENT, AVERAGE, .kernel = {3}, .stride = {2}, .first = {2}, .windows = {3},
     .size = {8, 1}, .gradient_values = {3, {3, 30, 300}}, .adjust = map_clip},
    {"n43-mapping-clip-clip", EXAMPLE, GRADIENT, AVERAGE, .kernel = {3}, .stride = {2}, .first = {2}, .windows = {3},
     .size = {8, 1}, .gradient_values = {3, {3, 30, 300}}, .adjust = map_clip_row},
    POLICY("n49-same-remainder-top-left", 2, 2, 5, POOLGRAD_PADDING_SIZE_SAME),
    POLICY("n49-same-remainder-bottom-right", 2, 2, 5,
           POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT),
    POLICY("n49-valid-only", 3, 2, 8, POOLGRAD_PADDING_SIZE_VALID_ONLY),
    POLICY("n49-full", 3, 2, 8, POOLGRAD_PADDING_SIZE_FULL),
    POLICY("n50-same-align-top-left", 3, 2, 8, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_ALIGN_TOP_LEFT),
    POLICY("n50-same-align-bottom-right", 3, 2, 8, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT),
    POLICY("n51-begins-inside", 1, 4, 7, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT),
    {"n55-exclude-edges", EXAMPLE | SUITE_FEATURE(POLICY) | SUITE_FEATURE(EXCLUDE_EDGES), BOTH, AVERAGE,
     .kernel = {3, 3}, .stride = {2, 2}, .size = {8, 7}, .placement = BY_POLICY,
     .method = POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_EXCLUDE_EDGES, .adjust = exclude_edges}};

static const struct named corners[] = {
    {"pads", 0, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {7, 6}, .placement = BY_PADS,
     .pads = {.left = 1, .top = 1, .right = 1, .bottom = 1}, .every_edge_mode = true, .source_data = DATA_FRACTIONS,
     .gradient_data = DATA_FRACTIONS},
    {"ceil-mode", SUITE_FEATURE(CEIL_MODE), BOTH, ANY, .kernel = {2, 2}, .stride = {3, 3}, .size = {5, 6},
     .placement = BY_PADS_CEIL, .pads = {.left = 1, .top = 1, .right = 1, .bottom = 1}, .every_edge_mode = true},
    {"windows-outside", 0, BOTH, ANY, .kernel = {2, 2}, .stride = {3, 3}, .first = {-5, -4}, .windows = {4, 5},
     .size = {4, 6}, .every_edge_mode = true},
    {"windows-all-outside", 0, BOTH, ANY, .kernel = {2, 2}, .first = {20, -9}, .windows = {3, 2}, .size = {4, 6},
     .every_edge_mode = true},
    {"dilation-over-image", 0, BOTH, ANY, .kernel = {3, 3}, .dilation = {7, 6}, .first = {-7, -6}, .windows = {5, 4},
     .size = {5, 4}, .every_edge_mode = true},
    {"gaps", 0, BOTH, ANY, .kernel = {2, 2}, .stride = {5, 4}, .windows = {3, 3}, .size = {13, 11}},
    {"one-pixel", 0, BOTH, ANY, .kernel = {1, 1}, .size = {1, 1}},
    {"long-row", 0, BOTH, ANY, .kernel = {3, 1}, .stride = {2, 1}, .windows = {128, 1}, .size = {257, 1},
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"global", SUITE_FEATURE(GLOBAL), BOTH, ANY, .kernel = {7, 6}, .size = {7, 6}, .images = 2, .channels = 5,
     .source_data = DATA_FRACTIONS},
    {"kernel-larger-than-image", 0, BOTH, ANY, .kernel = {9, 8}, .first = {-2, -2}, .windows = {2, 1}, .size = {4, 5},
     .every_edge_mode = true},
    {"clip-inside", 0, BOTH, ANY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {4, 3}, .size = {8, 6},
     .adjust = clip_inside},
    {"clip-beyond", 0, BOTH, ANY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {4, 3}, .size = {8, 6},
     .adjust = clip_beyond},
    {"mapping-clip", 0, GRADIENT, ANY, .kernel = {3, 3}, .stride = {2, 2}, .first = {2, 1}, .windows = {3, 2},
     .size = {9, 6}, .adjust = map_clip_inside},
    {"gradient-region", 0, GRADIENT, ANY, .kernel = {3, 2}, .stride = {2, 2}, .windows = {5, 4}, .size = {9, 8},
     .adjust = count_part},
    {"gradient-region-before", 0, GRADIENT, ANY, .kernel = {3, 2}, .stride = {2, 2}, .windows = {4, 3}, .size = {9, 8},
     .adjust = count_from_before},
    {"kernel-offset", 0, GRADIENT, ANY, .kernel = {3, 3}, .stride = {2, 2}, .windows = {4, 3}, .size = {9, 7},
     .adjust = offset_kernel},
    {"batch-window", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4}, .adjust = choose_images},
    {"channel-window", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4}, .adjust = choose_channels},
    {"channel-window-odd", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4},
     .adjust = choose_odd_channels},
    {"unused-lanes", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4}, .channels = 5,
     .adjust = pack_lanes},
    {"add-to-destination", 0, GRADIENT, ANY, .kernel = {3, 3}, .stride = {2, 2}, .windows = {2, 2}, .size = {7, 6},
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS, .adjust = add_to},
    {"add-to-nan", SUITE_FEATURE(NAN), GRADIENT, ANY, .kernel = {2, 2}, .stride = {3, 3}, .windows = {2, 2},
     .size = {7, 6}, .adjust = add_to_special},
    {"add-to-signed-zeros", SUITE_FEATURE(SIGNED_ZEROS), GRADIENT, ANY, .kernel = {2, 2}, .stride = {3, 3},
     .windows = {2, 2}, .size = {7, 6}, .adjust = add_to_zeros},
    {"empty-images", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4}, .adjust = no_images},
    {"empty-channels", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4}, .adjust = no_channels},
    {"empty-source", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {2, 2}, .size = {0, 3}},
    {"empty-windows", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {-1, 2}, .size = {4, 3}},
    {"size-only", 0, GRADIENT, AVERAGE, .kernel = {3, 3}, .stride = {2, 2}, .first = {-1, -1}, .windows = {4, 4},
     .size = {7, 7}, .every_edge_mode = true, .gradient_data = DATA_FRACTIONS, .adjust = leave_out_source}};

static const struct named contents[] = {
    {"all-equal", 0, BOTH, MAX, .kernel = {3, 3}, .stride = {2, 2}, .first = {-1, -1}, .windows = {4, 4},
     .size = {7, 7}, .every_edge_mode = true, .every_tie_rule = true, .source_data = DATA_EQUAL},
    {"ties", 0, BOTH, MAX, .kernel = {3, 3}, .first = {-1, -1}, .windows = {8, 6}, .size = {8, 6},
     .every_tie_rule = true, .source_data = DATA_TIES},
    {"signed-zeros", 0, BOTH, ANY, .kernel = {3, 2}, .first = {-1, -1}, .windows = {7, 6}, .size = {7, 5},
     .every_edge_mode = true, .source_data = DATA_SIGNED_ZEROS, .gradient_data = DATA_SIGNED_ZEROS},
    {"several-nan", 0, BOTH, MAX, .kernel = {3, 3}, .stride = {2, 2}, .first = {-1, -1}, .windows = {5, 4},
     .size = {9, 8}, .every_edge_mode = true, .every_nan_rule = true, .source_data = DATA_NAN},
    {"nan", 0, BOTH, AVERAGE | L2NORM, .kernel = {2, 2}, .stride = {2, 2}, .windows = {4, 4}, .size = {8, 8},
     .source_data = DATA_NAN},
    {"nan-in-gradient", 0, GRADIENT, ANY, .kernel = {3, 2}, .stride = {2, 2}, .windows = {4, 4}, .size = {9, 8},
     .gradient_data = DATA_NAN},
    {"infinities", 0, BOTH, ANY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {4, 4}, .size = {8, 8},
     .source_data = DATA_INFINITIES},
    {"infinities-in-gradient", 0, GRADIENT, ANY, .kernel = {3, 2}, .stride = {2, 1}, .windows = {4, 4}, .size = {9, 5},
     .gradient_data = DATA_INFINITIES},
    {"least-windows", 0, BOTH, MAX, .kernel = {2, 2}, .stride = {2, 1}, .windows = {4, 4}, .size = {8, 5},
     .every_edge_mode = true, .every_tie_rule = true, .source_data = DATA_LEAST},
    {"subnormals", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {7, 4}, .size = {8, 5}, .source_data = DATA_SUBNORMALS,
     .gradient_data = DATA_SUBNORMALS},
    {"cancellation", 0, BOTH, ANY, .kernel = {5, 3}, .windows = {4, 4}, .size = {8, 6},
     .source_data = DATA_CANCELLATION, .gradient_data = DATA_CANCELLATION},
    {"overflow", 0, BOTH, ANY, .kernel = {3, 3}, .windows = {4, 3}, .size = {6, 5}, .source_data = DATA_GREATEST,
     .gradient_data = DATA_GREATEST},
    {"overlap", 0, BOTH, ANY, .kernel = {5, 4}, .first = {-2, -2}, .windows = {12, 9}, .size = {12, 9},
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"wide-accumulator", 0, BOTH, AVERAGE | MAX, .kernel = {5, 3}, .windows = {4, 4}, .size = {8, 6},
     .source_data = DATA_CANCELLATION, .gradient_data = DATA_CANCELLATION, .adjust = accumulate_wide},
    {"border-maxima", 0, BOTH, MAX, .kernel = {3, 3}, .first = {-1, -1}, .windows = {9, 7}, .size = {9, 7},
     .every_edge_mode = true, .source_data = DATA_BORDER},
    {"zero-norm", SUITE_FEATURE(ZERO_NORM), BOTH, L2NORM, .kernel = {3, 3}, .windows = {10, 7}, .size = {12, 9},
     .every_edge_mode = true, .source_data = DATA_BLOCKS_OF_ZEROS},
    {"stall", SUITE_FEATURE(STALL), FORWARD, AVERAGE | L2NORM, .kernel = {64, 64}, .size = {64, 64},
     .source_data = DATA_ONES, .adjust = store_half},
    {"stall", SUITE_FEATURE(STALL), GRADIENT, AVERAGE | MAX, .kernel = {64, 64}, .first = {-63, -63},
     .windows = {64, 64}, .size = {1, 1}, .edge_mode = CLAMP, .source_data = DATA_ONES, .gradient_data = DATA_ONES,
     .adjust = store_half},
    {"unorm8", 0, BOTH, ANY, .kernel = {3, 2}, .stride = {2, 1}, .windows = {4, 4}, .size = {9, 5}, .channels = 3,
     .adjust = source_unorm8},
    {"unorm16", 0, BOTH, ANY, .kernel = {3, 2}, .stride = {2, 1}, .windows = {4, 4}, .size = {9, 5}, .channels = 3,
     .adjust = source_unorm16},
    {"indices-int64", 0, BOTH, MAX, .kernel = {3, 3}, .stride = {2, 2}, .first = {-1, -1}, .windows = {5, 4},
     .size = {9, 7}, .every_edge_mode = true, .source_data = DATA_TIES, .adjust = save_int64},
    {"indices-int32", 0, BOTH, MAX, .kernel = {3, 3}, .stride = {2, 2}, .first = {-1, -1}, .windows = {5, 4},
     .size = {9, 7}, .source_data = DATA_TIES, .adjust = save_int32},
    {"indices-tap8", 0, BOTH, MAX, .kernel = {3, 3}, .stride = {2, 2}, .first = {-1, -1}, .windows = {5, 4},
     .size = {9, 7}, .every_edge_mode = true, .source_data = DATA_TIES, .adjust = save_tap8},
    {"indices-tap16", 0, BOTH, MAX, .kernel = {17, 16}, .stride = {2, 2}, .first = {-5, -4}, .windows = {5, 4},
     .size = {9, 7}, .edge_mode = CLAMP, .source_data = DATA_TIES, .adjust = save_tap16},
    {"indices-tap32", 0, BOTH, MAX, .kernel = {3, 3}, .dilation = {2, 2}, .windows = {5, 4}, .size = {9, 8},
     .source_data = DATA_TIES, .adjust = save_tap32}};

/* A third axis. */
static const struct named volumes[] = {
    {"volume-2x2x2", 0, BOTH, EVERY, .kernel = {2, 2, 2}, .size = {2, 2, 2},
     .source_values = {8, {1, 2, 3, 4, 5, 6, 7, 8}}, .gradient_values = {1, {8}}},
    {"volume-depth-alone", 0, BOTH, EVERY, .kernel = {1, 1, 3}, .first = {0, 0, -1}, .windows = {1, 1, 4},
     .size = {1, 1, 4}, .every_edge_mode = true, .source_values = {4, {1, 2, 3, 4}},
     .gradient_values = {4, {6, 60, 600, 6000}}},
    {"volume-one-deep", 0, BOTH, ANY, .kernel = {2, 2}, .windows = {4, 3, 1}, .size = {5, 4, 1}, .channels = 3},
    {"volume-pads", 0, BOTH, EVERY, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .size = {5, 4, 5}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 1, 1, 0}, .every_edge_mode = true, .source_data = DATA_FRACTIONS,
     .gradient_data = DATA_FRACTIONS},
    {"volume-counted-pads", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .size = {5, 4, 5},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 1, 1, 1}, .edge_mode = CLAMP},
    {"volume-ceil-mode", SUITE_FEATURE(CEIL_MODE), BOTH, ANY, .kernel = {2, 2, 2}, .stride = {3, 3, 3},
     .size = {4, 3, 6}, .placement = BY_PADS_CEIL, .pads = {1, 1, 1, 1, 1, 1, 0}, .every_edge_mode = true},
    {"volume-policy", SUITE_FEATURE(POLICY), BOTH, ANY, .kernel = {2, 2, 3}, .stride = {2, 2, 2}, .size = {5, 5, 6},
     .placement = BY_POLICY, .method = POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT,
     .edge_mode = CLAMP},
    {"volume-outside", 0, BOTH, EVERY, .kernel = {2, 2, 2}, .stride = {1, 1, 3}, .first = {-1, 0, -5},
     .windows = {3, 2, 5}, .size = {3, 3, 4}, .every_edge_mode = true},
    {"volume-dilation", 0, BOTH, ANY, .kernel = {2, 2, 2}, .dilation = {2, 1, 3}, .windows = {4, 3, 4},
     .size = {6, 4, 7}},
    {"volume-gaps", 0, BOTH, ANY, .kernel = {1, 2, 2}, .stride = {2, 3, 4}, .windows = {2, 2, 3}, .size = {4, 5, 11}},
    {"volume-overlap", 0, BOTH, EVERY, .kernel = {3, 3, 4}, .first = {-1, -1, -2}, .windows = {5, 4, 5},
     .size = {5, 4, 5}, .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"volume-global", SUITE_FEATURE(GLOBAL), BOTH, EVERY, .kernel = {4, 3, 5}, .size = {4, 3, 5}, .images = 2,
     .channels = 5, .source_data = DATA_FRACTIONS},
    {"volume-ties", 0, BOTH, MAX, .kernel = {2, 2, 3}, .first = {-1, -1, -1}, .windows = {5, 4, 5}, .size = {5, 4, 5},
     .every_tie_rule = true, .source_data = DATA_TIES},
    {"volume-nan", 0, BOTH, MAX, .kernel = {2, 2, 2}, .stride = {1, 2, 2}, .windows = {4, 2, 3}, .size = {5, 4, 6},
     .every_nan_rule = true, .source_data = DATA_NAN},
    {"volume-border-maxima", 0, BOTH, MAX, .kernel = {3, 3, 3}, .first = {-1, -1, -1}, .windows = {5, 4, 5},
     .size = {5, 4, 5}, .every_edge_mode = true, .source_data = DATA_BORDER},
    {"volume-zero-norm", SUITE_FEATURE(ZERO_NORM), BOTH, L2NORM | ROOT_MEAN, .kernel = {3, 3, 3}, .windows = {4, 4, 4},
     .size = {6, 6, 6}, .source_data = DATA_BLOCKS_OF_ZEROS},
    {"volume-indices-int64", 0, BOTH, MAX, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .first = {-1, -1, -1},
     .windows = {3, 3, 3}, .size = {5, 4, 5}, .every_edge_mode = true, .source_data = DATA_TIES, .adjust = save_int64},
    {"volume-indices-tap8", 0, BOTH, MAX, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .first = {-1, -1, -1},
     .windows = {3, 3, 3}, .size = {5, 4, 5}, .source_data = DATA_TIES, .adjust = save_tap8},
    {"volume-clip", 0, BOTH, ANY, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .windows = {2, 2, 3}, .size = {4, 4, 6},
     .adjust = clip_depth},
    {"volume-mapping-clip", 0, GRADIENT, ANY, .kernel = {2, 2, 3}, .stride = {2, 2, 2}, .first = {1, 0, 2},
     .windows = {2, 2, 2}, .size = {5, 4, 7}, .adjust = map_clip_depth},
    {"volume-gradient-region", 0, GRADIENT, ANY, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .windows = {3, 3, 4},
     .size = {6, 6, 8}, .adjust = count_part_of_depth},
    {"volume-kernel-offset", 0, GRADIENT, ANY, .kernel = {2, 2, 3}, .stride = {2, 2, 2}, .windows = {3, 2, 3},
     .size = {6, 5, 7}, .adjust = offset_kernel_in_depth},
    {"volume-batch-window", 0, BOTH, ANY, .kernel = {2, 2, 2}, .windows = {2, 2, 2}, .size = {3, 3, 3},
     .adjust = choose_images},
    {"volume-channel-window", 0, BOTH, ANY, .kernel = {2, 2, 2}, .windows = {2, 2, 2}, .size = {3, 3, 3},
     .adjust = choose_channels},
    {"volume-add", 0, GRADIENT, ANY, .kernel = {2, 2, 3}, .stride = {2, 2, 2}, .windows = {2, 2, 2}, .size = {4, 5, 6},
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS, .adjust = add_to},
    {"volume-unorm8", 0, BOTH, ANY, .kernel = {2, 2, 2}, .stride = {2, 1, 2}, .windows = {2, 3, 2}, .size = {5, 4, 4},
     .channels = 3, .adjust = source_unorm8},
    {"volume-empty", 0, BOTH, ANY, .kernel = {2, 2, 2}, .windows = {2, 2, 2}, .size = {0, 3, 3}},
    {"volume-size-only", 0, GRADIENT, AVERAGE, .kernel = {2, 2, 3}, .stride = {2, 2, 2}, .first = {-1, -1, -1},
     .windows = {3, 3, 3}, .size = {5, 5, 5}, .every_edge_mode = true, .adjust = leave_out_source}};

/* Adaptive windows, those of fractional max pooling, and others that no progression places. */
#define NO_ORDER                                                                                                       \
    {                                                                                                                  \
        5,                                                                                                             \
        {                                                                                                              \
            {4, 3}, {0, 1}, {-2, 4}, {9, 2},                                                                           \
            {                                                                                                          \
                1, 6                                                                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }
#define FRACTIONAL                                                                                                     \
    {                                                                                                                  \
        3,                                                                                                             \
        {                                                                                                              \
            {0, 2}, {2, 3},                                                                                            \
            {                                                                                                          \
                5, 2                                                                                                   \
            }                                                                                                          \
        }                                                                                                              \
    }

static const struct named tables[] = {
    {"adaptive-5-to-3", 0, BOTH, EVERY, .adaptive = {3}, .size = {5, 1}, .source_values = {5, {1, 2, 3, 4, 5}},
     .gradient_values = {3, {6, 60, 600}}},
    {"adaptive-3-to-5", 0, BOTH, EVERY, .adaptive = {5}, .size = {3, 1}},
    {"adaptive", 0, BOTH, EVERY, .adaptive = {3, 4}, .size = {7, 6}, .images = 2, .channels = 3,
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"adaptive-global", SUITE_FEATURE(GLOBAL), BOTH, ANY, .adaptive = {1, 1}, .size = {7, 6}, .channels = 3},
    {"adaptive-volume", 0, BOTH, EVERY, .adaptive = {3, 2, 3}, .size = {5, 5, 4}, .source_data = DATA_FRACTIONS},
    {"adaptive-rows", 0, BOTH, EVERY, .kernel = {3}, .stride = {2}, .first = {-1}, .windows = {4}, .adaptive = {0, 4},
     .size = {7, 6}, .every_edge_mode = true},
    {"adaptive-ties", 0, BOTH, MAX, .adaptive = {5, 4}, .size = {8, 6}, .every_tie_rule = true,
     .source_data = DATA_TIES},
    {"fractional", 0, BOTH, MAX, .table = {FRACTIONAL, {3, {{0, 3}, {2, 2}, {3, 3}}}}, .size = {7, 6}, .channels = 2,
     .source_data = DATA_FRACTIONS},
    {"fractional-indices", 0, BOTH, MAX, .table = {FRACTIONAL, FRACTIONAL}, .size = {7, 7}, .source_data = DATA_TIES,
     .adjust = save_int64},
    {"fractional-volume", 0, BOTH, MAX, .table = {FRACTIONAL, {2, {{0, 2}, {2, 2}}}, {2, {{0, 3}, {2, 3}}}},
     .size = {7, 4, 5}, .adjust = save_int64},
    {"table-no-order", 0, BOTH, EVERY, .table = {NO_ORDER, {3, {{3, 2}, {-3, 2}, {0, 4}}}}, .size = {8, 5},
     .every_edge_mode = true, .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"table-nan", 0, BOTH, MAX, .table = {NO_ORDER, FRACTIONAL}, .size = {8, 7}, .every_nan_rule = true,
     .source_data = DATA_NAN},
    {"table-indices-tap8", 0, BOTH, MAX, .table = {NO_ORDER, FRACTIONAL}, .size = {8, 7}, .every_edge_mode = true,
     .source_data = DATA_TIES, .adjust = save_tap8},
    {"table-zero-pad", 0, BOTH, AVERAGE | ROOT_MEAN, .table = {NO_ORDER}, .zero_pad = {1}, .zero_behind = {1},
     .size = {8, 1}, .edge_mode = CLAMP},
    {"table-mapping-clip", 0, GRADIENT, ANY, .table = {{3, {{2, 3}, {0, 2}, {4, 3}}}, {2, {{1, 2}, {2, 3}}}},
     .size = {9, 6}, .adjust = map_clip_inside},
    {"table-gradient-region", 0, GRADIENT, ANY, .table = {NO_ORDER, FRACTIONAL}, .size = {8, 7},
     .adjust = surround_gradient}};

/* What an average divides by; roots of means. */
static const struct named means[] = {
    {"divisor", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {2}, .windows = {3}, .size = {4, 1}, .divisor = 3,
     .source_values = {4, {1, 2, 3, 4}}, .gradient_values = {3, {3, 30, 300}}},
    {"divisor-negative", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {2}, .first = {-3}, .stride = {2}, .windows = {4},
     .size = {4, 1}, .divisor = -2, .every_edge_mode = true, .source_values = {4, {1, 2, 3, 4}}},
    {"divisor-over-pads", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {3, 3}, .stride = {2, 2}, .size = {7, 6},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 1}, .divisor = 7, .every_edge_mode = true,
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"divisor-2-to-24", 0, BOTH, AVERAGE, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4}, .divisor = 16777217},
    {"divisor-volume", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {2, 2, 2}, .windows = {2, 2, 2}, .size = {3, 3, 3},
     .divisor = 5},
    {"divisor-table", 0, BOTH, AVERAGE | ROOT_MEAN, .table = {NO_ORDER}, .size = {8, 1}, .divisor = 2},
    {"one-sided-pad", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {2, 2}, .windows = {2, 2}, .size = {2, 2},
     .zero_behind = {1, 1}, .edge_mode = CLAMP, .source_values = {4, {8, 4, 12, 16}},
     .gradient_values = {4, {4, 40, 400, 4000}}},
    {"one-sided-pad-ceil", SUITE_FEATURE(CEIL_MODE), BOTH, AVERAGE | ROOT_MEAN, .kernel = {3}, .stride = {2},
     .size = {5, 1}, .placement = BY_PADS_CEIL, .pads = {.left = 1, .counted = 1}, .edge_mode = CLAMP,
     .source_values = {5, {4, 6, 8, 10, 12}}},
    {"one-sided-pad-more", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {4, 3}, .first = {-2, -1}, .windows = {7, 6},
     .size = {6, 5}, .zero_pad = {1, 0}, .zero_before = {1, 0}, .zero_behind = {0, 2}, .edge_mode = CLAMP},
    {"one-sided-pad-volume", 0, BOTH, AVERAGE | ROOT_MEAN, .kernel = {2, 2, 3}, .first = {-1, -1, -1},
     .windows = {4, 3, 4}, .size = {3, 2, 4}, .zero_before = {1, 0, 0}, .zero_behind = {0, 1, 2}, .edge_mode = CLAMP},
    {"negative-pad", 0, BOTH, EVERY, .kernel = {2, 3}, .stride = {2, 1}, .size = {7, 6}, .placement = BY_PADS,
     .pads = {.left = -1, .top = 2, .right = 1, .bottom = -2, .counted = 1}, .edge_mode = CLAMP},
    {"root-mean", 0, BOTH, ROOT_MEAN, .kernel = {2}, .size = {2, 1}, .source_values = {2, {1, 7}},
     .gradient_values = {1, {10}}},
    {"root-mean-pads", 0, BOTH, ROOT_MEAN, .kernel = {3, 3}, .stride = {2, 2}, .size = {7, 6}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .every_edge_mode = true, .source_data = DATA_FRACTIONS,
     .gradient_data = DATA_FRACTIONS},
    {"root-mean-zeros", SUITE_FEATURE(ZERO_NORM), BOTH, ROOT_MEAN, .kernel = {3, 3}, .windows = {10, 7},
     .size = {12, 9}, .every_edge_mode = true, .source_data = DATA_BLOCKS_OF_ZEROS},
    {"root-mean-outside", 0, BOTH, ROOT_MEAN, .kernel = {2, 2}, .stride = {3, 3}, .first = {-5, -4}, .windows = {4, 5},
     .size = {4, 6}, .every_edge_mode = true},
    {"root-mean-overflow", 0, BOTH, ROOT_MEAN, .kernel = {3, 3}, .windows = {4, 3}, .size = {6, 5},
     .source_data = DATA_GREATEST, .gradient_data = DATA_GREATEST},
    {"root-mean-subnormals", 0, BOTH, ROOT_MEAN, .kernel = {2, 2}, .windows = {7, 4}, .size = {8, 5},
     .source_data = DATA_SUBNORMALS, .gradient_data = DATA_SUBNORMALS}};

/* Forward calls from indices, which `gradient_data` decides. */
static const struct named gathers[] = {
    {"gather", 0, GATHER, MAX, .kernel = {2}, .stride = {2}, .windows = {2}, .size = {4, 1},
     .source_values = {4, {5, -6, 7, -8}}},
    {"gather-ties", 0, GATHER, MAX, .kernel = {3, 3}, .stride = {2, 2}, .first = {-1, -1}, .windows = {5, 4},
     .size = {9, 7}, .channels = 3, .every_edge_mode = true, .source_data = DATA_FRACTIONS, .gradient_data = DATA_TIES},
    {"gather-nan", 0, GATHER, MAX, .kernel = {2, 2}, .windows = {5, 4}, .size = {6, 5}, .source_data = DATA_NAN,
     .gradient_data = DATA_TIES},
    {"gather-signed-zeros", 0, GATHER, MAX, .kernel = {2, 2}, .windows = {5, 4}, .size = {6, 5},
     .source_data = DATA_SIGNED_ZEROS},
    {"gather-outside", 0, GATHER, MAX, .kernel = {2, 2}, .stride = {3, 3}, .first = {-5, -4}, .windows = {4, 5},
     .size = {4, 6}},
    {"gather-int32", 0, GATHER, MAX, .kernel = {3, 3}, .windows = {4, 4}, .size = {6, 6}, .gradient_data = DATA_TIES,
     .adjust = gather_int32},
    {"gather-tap8", 0, GATHER, MAX, .kernel = {3, 3}, .windows = {4, 4}, .size = {6, 6}, .gradient_data = DATA_TIES,
     .adjust = gather_tap8},
    {"gather-volume", 0, GATHER, MAX, .kernel = {2, 2, 3}, .first = {0, -1, -1}, .windows = {4, 4, 5},
     .size = {5, 4, 5}, .channels = 2, .source_data = DATA_FRACTIONS, .gradient_data = DATA_TIES},
    {"gather-adaptive", 0, GATHER, MAX, .adaptive = {3, 4}, .size = {7, 6}, .gradient_data = DATA_TIES},
    {"gather-clip", 0, GATHER, MAX, .kernel = {2, 2}, .stride = {2, 2}, .windows = {4, 3}, .size = {8, 6},
     .gradient_data = DATA_TIES, .adjust = clip_gathered},
    {"gather-unorm8", 0, GATHER, MAX, .kernel = {3, 2}, .windows = {4, 4}, .size = {6, 5}, .gradient_data = DATA_TIES,
     .adjust = source_unorm8}};

/* Slices of other numbers of channels than four. */
#define BLOCKED(name, lanes, set)                                                                                      \
    {                                                                                                                  \
        name, 0, BOTH, ANY, .kernel = {3, 2}, .stride = {2, 1}, .first = {-1, 0}, .windows = {4, 3}, .size = {7, 4},   \
                            .channels = (lanes) + 1, .images = 2, .source_data = DATA_FRACTIONS, .adjust = (set)       \
    }
#define BLOCKED_WINDOW(name, set)                                                                                      \
    {                                                                                                                  \
        name, 0, BOTH, ANY, .kernel = {2, 2}, .windows = {3, 3}, .size = {4, 4}, .adjust = (set)                       \
    }

static const struct named layouts[] = {BLOCKED("nc8hw8", 8, block_8),
                                       BLOCKED("nc16hw16", 16, block_16),
                                       BLOCKED("nc32hw32", 32, block_32),
                                       BLOCKED_WINDOW("nc8hw8-channel-window", choose_channels_of_8),
                                       BLOCKED_WINDOW("nc16hw16-channel-window", choose_channels_of_16),
                                       BLOCKED_WINDOW("nc32hw32-channel-window", choose_channels_of_32),
                                       {"nc8hw8-indices", 0, BOTH, MAX, .kernel = {3, 3}, .windows = {3, 3},
                                        .size = {5, 5}, .channels = 9, .source_data = DATA_TIES,
                                        .adjust = save_int32_of_8}};

/* ---- Recipes ----------------------------------------------------------------------------------------------------- */

/* -1 in a table stands for no window at all, which 0 cannot. */
static int64_t windows_of(int64_t value)
{
    return value < 0 ? 0 : poolgrad_or_one(value);
}

static void place_by_padding(const poolgrad_padding *padding, bool counted, const int64_t size[AXES],
                             struct suite_recipe *recipe)
{
    poolgrad_problem *p = &recipe->problem;
    const struct suite_axis axis[AXES] = {{-padding->left, padding->width, size[AXIS_X]},
                                          {-padding->top, padding->height, size[AXIS_Y]},
                                          {-padding->front, padding->depth, size[AXIS_Z]}};
    poolgrad_suite_place(recipe, axis);
    if (padding->exclude_edges) p->edge_mode = POOLGRAD_EDGE_CLAMP;
    if (!padding->exclude_edges && !counted) return;
    p->zero_pad_x = padding->zero_pad_x;
    p->zero_pad_y = padding->zero_pad_y;
    p->zero_pad_z = padding->zero_pad_z;
    p->zero_pad_left = padding->zero_pad_left;
    p->zero_pad_top = padding->zero_pad_top;
    p->zero_pad_front = padding->zero_pad_front;
    p->zero_pad_right = padding->zero_pad_right;
    p->zero_pad_bottom = padding->zero_pad_bottom;
    p->zero_pad_back = padding->zero_pad_back;
}

/* A table whose cases are refused, here as below, shows when they are made. */
void poolgrad_suite_place_by_pads(struct suite_recipe *recipe, const poolgrad_pads *pads, poolgrad_rounding rounding,
                                  const int64_t size[AXES])
{
    poolgrad_padding padding;
    if (poolgrad_padding_explicit_3d(pads, rounding, &recipe->problem.window, poolgrad_or_one(size[AXIS_Z]),
                                     size[AXIS_Y], size[AXIS_X], &padding, NULL) == POOLGRAD_OK) {
        place_by_padding(&padding, pads->counted, size, recipe);
    }
}

static void place_by_policy(const struct named *named, struct suite_recipe *recipe)
{
    const poolgrad_problem *p = &recipe->problem;
    const int64_t *size = named->size;
    poolgrad_padding padding;
    if (poolgrad_padding_forward_3d(named->method, p->kind, &p->window, poolgrad_or_one(size[AXIS_Z]), size[AXIS_Y],
                                    size[AXIS_X], &padding, NULL) == POOLGRAD_OK) {
        place_by_padding(&padding, named->pads.counted, size, recipe);
    }
}

static void place(const struct named *named, struct suite_recipe *recipe)
{
    static const poolgrad_rounding roundings[] = {[BY_PADS] = POOLGRAD_ROUND_DOWN,
                                                  [BY_PADS_CEIL] = POOLGRAD_ROUND_UP,
                                                  [BY_PADS_CEIL_DROP] = POOLGRAD_ROUND_UP_DROP};
    struct suite_axis axis[AXES];
    if (named->placement == BY_POLICY) {
        place_by_policy(named, recipe);
        return;
    }
    if (named->placement != PLACED) {
        poolgrad_suite_place_by_pads(recipe, &named->pads, roundings[named->placement], named->size);
        return;
    }
    for (int i = 0; i < AXES; i++)
        axis[i] = (struct suite_axis){named->first[i], windows_of(named->windows[i]), named->size[i]};
    poolgrad_suite_place(recipe, axis);
}

/* The window of each axis, its windows by table, its counted pads. */
static void set_axes(const struct named *named, struct suite_recipe *recipe)
{
    for (int i = 0; i < AXES; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&recipe->problem, (enum axis)i);
        *f.kernel = poolgrad_or_one(named->kernel[i]);
        *f.stride = poolgrad_or_one(named->stride[i]);
        *f.dilation = poolgrad_or_one(named->dilation[i]);
        *f.zero_pad = named->zero_pad[i];
        *f.zero_before = named->zero_before[i];
        *f.zero_behind = named->zero_behind[i];
        recipe->table[i] = named->table[i];
        if (named->adaptive[i] == 0) continue;
        recipe->table[i].count = named->adaptive[i];
        (void)poolgrad_adaptive_windows(named->size[i], named->adaptive[i], recipe->table[i].span, NULL);
    }
}

/* One of the cases of an entry. */
struct variant {
    int direction, kind; /* bits of a table's directions and kinds */
    poolgrad_edge_mode edge_mode;
    poolgrad_tie_rule ties;
    poolgrad_nan_rule nan;
    poolgrad_format format;
    poolgrad_layout layout;
};

static void name_variant(const struct named *named, const struct variant *v, char name[SUITE_NAME])
{
    static const char *const edges[] = {"-zero", "-clamp"}, *const ties[] = {"-first", "-last", "-all", "-split"};
    static const char *const nans[] = {"-nan-first", "-nan-last", "-nan-ignore"};
    static const char *const directions[] = {"forward", "gradient", "gather"};
    static const char *const kinds[] = {"average", "max", "l2norm", "root-mean"};
    const char *format = v->format == POOLGRAD_FLOAT32 ? "" : poolgrad_format_name(v->format);
    snprintf(name, SUITE_NAME, "%s-%s-%s%s%s%s%s%s", named->name, directions[v->direction], kinds[v->kind],
             named->every_edge_mode ? edges[v->edge_mode] : "", named->every_tie_rule ? ties[v->ties] : "",
             named->every_nan_rule ? nans[v->nan] : "", *format ? "-" : "", format);
}

/* Volumes are not blocked. */
static poolgrad_layout layout_of(const struct named *named, const struct variant *v)
{
    return named->size[AXIS_Z] > 0 && v->layout == POOLGRAD_NC4HW4 ? POOLGRAD_NHWC : v->layout;
}

static struct suite_recipe recipe_of(const struct named *named, const struct variant *v)
{
    struct suite_recipe recipe = {.features = named->features,
                                  .source_data = named->source_data,
                                  .gradient_data = named->gradient_data,
                                  .source_values = named->source_values,
                                  .gradient_values = named->gradient_values,
                                  .before_data = DATA_FRACTIONS};
    poolgrad_problem *p = &recipe.problem;
    poolgrad_problem_init(p, sizeof *p);
    const bool gather = 1 << v->direction == GATHER;
    p->direction = gather ? POOLGRAD_FORWARD : (poolgrad_direction)v->direction;
    p->root_mean = 1 << v->kind == ROOT_MEAN;
    p->kind = p->root_mean ? POOLGRAD_L2NORM : (poolgrad_kind)v->kind;
    p->divisor = named->divisor;
    p->edge_mode = v->edge_mode;
    p->ties = v->ties;
    p->nan = v->nan;
    set_axes(named, &recipe);
    place(named, &recipe);
    poolgrad_suite_set_format(p, v->format);
    poolgrad_suite_set_layout(p, layout_of(named, v));
    poolgrad_suite_set_channels(p, poolgrad_or_one(named->images), poolgrad_or_one(named->channels));
    if (gather) poolgrad_suite_read_indices(p, POOLGRAD_INT64);
    if (named->adjust) named->adjust(&recipe);
    name_variant(named, v, recipe.name);
    return recipe;
}

enum { DIRECTIONS = 3, KINDS = 4 };

/* The variant of that number; false where the entry does not have it. */
static bool variant_of(const struct named *named, int number, struct variant *v)
{
    enum { EDGE_MODES = 2, TIE_RULES = 4, NAN_RULES = 3 };
    v->direction = number % DIRECTIONS;
    number /= DIRECTIONS;
    v->kind = number % KINDS;
    number /= KINDS;
    v->edge_mode = (poolgrad_edge_mode)(number % EDGE_MODES);
    number /= EDGE_MODES;
    v->ties = (poolgrad_tie_rule)(number % TIE_RULES);
    number /= TIE_RULES;
    v->nan = (poolgrad_nan_rule)(number % NAN_RULES);
    const bool edges = named->every_edge_mode || v->edge_mode == named->edge_mode;
    const bool ties = named->every_tie_rule || v->ties == POOLGRAD_TIES_FIRST;
    const bool nans = named->every_nan_rule || v->nan == POOLGRAD_NAN_FIRST;
    return (named->directions >> v->direction & 1) && (named->kinds >> v->kind & 1) && edges && ties && nans;
}

enum { VARIANTS = DIRECTIONS * KINDS * 2 * 4 * 3 };

/* The same of variants that are in the kit's scope. */
static bool find_variant(const poolgrad_suite *suite, const struct named *named, int number, struct variant *v,
                         struct suite_recipe *recipe)
{
    const struct suite_scope *scope = poolgrad_suite_scope(suite);
    if (!variant_of(named, number, v)) return false;
    *recipe = recipe_of(named, v);
    return !scope || poolgrad_suite_is_in(scope, recipe);
}

static void count_variants(const poolgrad_suite *suite, const struct named *named, struct variant v,
                           int count[DIRECTIONS])
{
    struct suite_recipe recipe;
    for (int number = 0; number < VARIANTS; number++) {
        if (find_variant(suite, named, number, &v, &recipe)) count[v.direction]++;
    }
}

/* All variants, or one of each direction: `turn` says which. */
static bool add_entry(poolgrad_suite *suite, const struct named *named, const struct selection *selection, int turn)
{
    struct variant v = {.format = selection->format, .layout = selection->layout};
    struct suite_recipe recipe;
    int seen[DIRECTIONS] = {0}, count[DIRECTIONS] = {0};
    count_variants(suite, named, v, count);
    for (int number = 0; number < VARIANTS; number++) {
        if (!find_variant(suite, named, number, &v, &recipe)) continue;
        const bool wanted = selection->all || seen[v.direction] == turn % count[v.direction];
        seen[v.direction]++;
        if (wanted && !poolgrad_suite_add(suite, &recipe)) return false;
    }
    return true;
}

bool poolgrad_suite_add_entries(poolgrad_suite *suite, const struct named *named, size_t count,
                                const struct selection *selection)
{
    for (size_t i = 0; i < count; i++) {
        if (named[i].heavy && !selection->heavy) continue;
        if (!add_entry(suite, &named[i], selection, (int)i)) return false;
    }
    return true;
}

bool poolgrad_suite_add_named(poolgrad_suite *suite, enum suite_extent extent, poolgrad_format format,
                              poolgrad_layout layout, bool all)
{
    const struct selection selection = {.format = format, .layout = layout, .all = all};
    const struct {
        enum suite_extent extent;
        const struct named *named;
        size_t count;
    } lists[] = {{SUITE_PLANES, examples, sizeof examples / sizeof *examples},
                 {SUITE_PLANES, corners, sizeof corners / sizeof *corners},
                 {SUITE_PLANES, contents, sizeof contents / sizeof *contents},
                 {SUITE_EVERY_AXIS, volumes, sizeof volumes / sizeof *volumes},
                 {SUITE_EVERY_AXIS, tables, sizeof tables / sizeof *tables},
                 {SUITE_EVERY_AXIS, means, sizeof means / sizeof *means},
                 {SUITE_EVERY_AXIS, gathers, sizeof gathers / sizeof *gathers},
                 {SUITE_EVERY_AXIS, layouts, sizeof layouts / sizeof *layouts}};
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        if (lists[list].extent != extent) continue;
        if (!poolgrad_suite_add_entries(suite, lists[list].named, lists[list].count, &selection)) return false;
    }
    return true;
}
