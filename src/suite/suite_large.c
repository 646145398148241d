/* SPDX-License-Identifier: Apache-2.0 */
/* Cases at sizes where the seams of fast code show: sides about multiples of 16 and 32, channels beyond a vector,
 * images beyond the second, windows of more than 32 and of more than 256 taps, planes of more than 65536 pixels, tables
 * of more than 16 windows; and the layers of networks, with few channels. What is seldom wrong at small sizes is: the
 * halo of a tile, the tail of a vector, a tap or a place in an index of too few bits. */
#include "suite/suite_named.h"

#define LARGE SUITE_FEATURE(LARGE)
#define NETWORK (SUITE_FEATURE(LARGE) | SUITE_FEATURE(NETWORK))
#define CLAMP POOLGRAD_EDGE_CLAMP

/* ---- Adjustments ------------------------------------------------------------------------------------------------- */

static void lay_out_nhwc(struct suite_recipe *recipe)
{
    poolgrad_suite_set_layout(&recipe->problem, POOLGRAD_NHWC);
}

static void block_16(struct suite_recipe *recipe)
{
    poolgrad_suite_set_layout(&recipe->problem, POOLGRAD_NC16HW16);
    recipe->before = true;
}

static void save_int64(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_INT64);
}

static void save_int32(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_INT32);
}

static void save_tap16(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_TAP16);
}

static void save_tap32(struct suite_recipe *recipe)
{
    poolgrad_suite_save_indices(recipe, POOLGRAD_TAP32);
}

/* What is written begins and ends within a block of 16 rows and columns. */
static void clip_beyond_blocks(struct suite_recipe *recipe)
{
    enum { COLUMN = 5, ROW = 18 };
    poolgrad_problem *p = &recipe->problem;
    p->clip.x = COLUMN;
    p->clip.y = ROW;
    p->clip.width = p->destination.width;
    p->clip.height = p->destination.height;
    p->destination.width += COLUMN + 1;
    p->destination.height += ROW + 1;
    recipe->before = true;
}

/* So does what counts of the source gradient. */
static void count_beyond_blocks(struct suite_recipe *recipe)
{
    enum { FIRST = 3, LEFT_OUT = 5 };
    poolgrad_problem *p = &recipe->problem;
    p->gradient_region.x = p->gradient_region.y = FIRST;
    p->gradient_region.width = p->source_gradient.width - LEFT_OUT;
    p->gradient_region.height = p->source_gradient.height - LEFT_OUT;
}

static void add_to(struct suite_recipe *recipe)
{
    recipe->problem.add_to_destination = 1;
    recipe->before = true;
    recipe->before_data = DATA_FRACTIONS;
}

/* ---- The cases; names have rows before columns ------------------------------------------------------------------- */

/* Blocks and tiles of rows and columns. */
static const struct named sides[] = {
    {"side-15x17", LARGE, BOTH, ANY, .kernel = {3, 3}, .size = {17, 15}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"side-16x16", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {16, 16}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"side-17x15", LARGE, BOTH, EVERY, .kernel = {3, 3}, .size = {15, 17}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .source_data = DATA_FRACTIONS},
    {"side-17x16", LARGE, BOTH, ANY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {8, 8}, .size = {16, 17},
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"side-31x33", LARGE, BOTH, ANY, .kernel = {5, 5}, .size = {33, 31}, .placement = BY_PADS,
     .pads = {2, 2, 2, 2, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"side-32x32", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {32, 32}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"side-33x31", LARGE, BOTH, EVERY, .kernel = {3, 3}, .size = {31, 33}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"side-65x64", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {64, 65}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"side-3x257", LARGE, BOTH, ANY, .kernel = {3, 3}, .size = {257, 3}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"side-257x3", LARGE, BOTH, ANY, .kernel = {3, 3}, .size = {3, 257}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"tile-1x3x70x67", LARGE, BOTH, ANY, .kernel = {3, 3}, .size = {67, 70}, .channels = 3, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS, .heavy = true},
    {"tile-2x35x37x41", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {41, 37}, .images = 2,
     .channels = 35, .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS, .heavy = true},
    {"tile-2x35x37x41-nhwc", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {41, 37}, .images = 2,
     .channels = 35, .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS, .adjust = lay_out_nhwc, .heavy = true},
    {"side-35x38-ties", LARGE, BOTH, MAX, .kernel = {3, 3}, .stride = {2, 2}, .size = {38, 35}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_TIES, .every_tie_rule = true},
    {"side-35x38-nan", LARGE, BOTH, MAX, .kernel = {3, 3}, .stride = {2, 2}, .size = {38, 35}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_NAN, .every_nan_rule = true},
    {"side-35x38-zeros", LARGE, BOTH, ANY, .kernel = {3, 3}, .size = {38, 35}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_SIGNED_ZEROS},
    {"side-35x38-clip", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {38, 35}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS, .adjust = clip_beyond_blocks},
    {"side-35x38-region", LARGE, GRADIENT, ANY, .kernel = {3, 3}, .size = {38, 35}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS, .adjust = count_beyond_blocks},
    {"side-35x38-add", LARGE, GRADIENT, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {38, 35}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS,
     .adjust = add_to}};

/* Vectors over channels, and strides from image to image. */
static const struct named channels[] = {
    {"channels-33", LARGE, BOTH, ANY, .kernel = {3, 3}, .size = {11, 9}, .images = 2, .channels = 33,
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"channels-33-nhwc", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {11, 9}, .images = 2,
     .channels = 33, .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS, .adjust = lay_out_nhwc},
    {"channels-65-nhwc", LARGE, BOTH, EVERY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {3, 3}, .size = {7, 6},
     .channels = 65, .source_data = DATA_FRACTIONS, .adjust = lay_out_nhwc},
    {"channels-33-nc16hw16", LARGE, BOTH, ANY, .kernel = {3, 2}, .stride = {2, 1}, .windows = {3, 5}, .size = {7, 6},
     .images = 2, .channels = 33, .source_data = DATA_FRACTIONS, .adjust = block_16},
    {"images-3", LARGE, BOTH, EVERY, .kernel = {3, 3}, .stride = {2, 2}, .size = {19, 18}, .images = 3, .channels = 5,
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"images-3-nhwc", LARGE, BOTH, ANY, .kernel = {3, 3}, .size = {9, 8}, .images = 3, .channels = 18,
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS,
     .adjust = lay_out_nhwc},
    {"images-5", LARGE, BOTH, ANY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {9, 3}, .size = {18, 7}, .images = 5,
     .channels = 3, .source_data = DATA_FRACTIONS}};

/* Taps beyond a mask of 32 bits and beyond 8 bits, places beyond 16 bits. */
static const struct named windows[] = {
    {"taps-7x7", LARGE, BOTH, EVERY, .kernel = {7, 7}, .stride = {2, 2}, .size = {25, 23}, .channels = 2,
     .placement = BY_PADS, .pads = {3, 3, 3, 3, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"taps-8x9", LARGE, BOTH, ANY, .kernel = {9, 8}, .stride = {3, 3}, .windows = {5, 5}, .size = {21, 22},
     .channels = 2, .source_data = DATA_FRACTIONS},
    {"taps-5x5-dilation-3", LARGE, BOTH, ANY, .kernel = {5, 5}, .dilation = {3, 3}, .size = {31, 29},
     .placement = BY_PADS, .pads = {6, 6, 6, 6, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"taps-19x18", LARGE, BOTH, EVERY, .kernel = {18, 19}, .stride = {5, 4}, .windows = {6, 6}, .size = {43, 41},
     .channels = 2, .source_data = DATA_FRACTIONS},
    {"taps-19x18-pads", LARGE, BOTH, ANY, .kernel = {18, 19}, .stride = {2, 2}, .size = {23, 25}, .placement = BY_PADS,
     .pads = {9, 9, 9, 9, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"taps-19x18-int64", LARGE, BOTH, MAX, .kernel = {18, 19}, .stride = {5, 4}, .windows = {6, 6}, .size = {43, 41},
     .channels = 2, .source_data = DATA_FRACTIONS, .adjust = save_int64},
    {"taps-19x18-tap16", LARGE, BOTH, MAX, .kernel = {18, 19}, .stride = {5, 4}, .windows = {6, 6}, .size = {43, 41},
     .channels = 2, .source_data = DATA_FRACTIONS, .adjust = save_tap16},
    {"taps-19x18-tap32", LARGE, BOTH, MAX, .kernel = {18, 19}, .stride = {2, 2}, .size = {23, 25}, .placement = BY_PADS,
     .pads = {9, 9, 9, 9, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS, .adjust = save_tap32},
    {"pixels-66013", LARGE, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {251, 263}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS, .heavy = true},
    {"pixels-66013-int64", LARGE, BOTH, MAX, .kernel = {3, 3}, .stride = {3, 3}, .size = {251, 263},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS,
     .adjust = save_int64, .heavy = true},
    {"pixels-66013-int32", LARGE, BOTH, MAX, .kernel = {3, 3}, .stride = {3, 3}, .size = {251, 263},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS,
     .adjust = save_int32, .heavy = true}};

/* The same along a third axis. */
static const struct named volumes[] = {
    {"volume-17x18x19", LARGE, BOTH, EVERY, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .size = {19, 18, 17},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 1, 1, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"volume-33x5x6", LARGE, BOTH, ANY, .kernel = {3, 3, 3}, .size = {6, 5, 33}, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 1, 1, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"volume-16x16x16", LARGE, BOTH, ANY, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .windows = {8, 8, 8},
     .size = {16, 16, 16}, .source_data = DATA_FRACTIONS},
    {"volume-channels-33", LARGE, BOTH, ANY, .kernel = {2, 2, 3}, .windows = {5, 4, 3}, .size = {6, 5, 5},
     .channels = 33, .source_data = DATA_FRACTIONS, .adjust = lay_out_nhwc},
    {"volume-images-3", LARGE, BOTH, ANY, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .windows = {3, 3, 2},
     .size = {7, 6, 5}, .images = 3, .channels = 3, .source_data = DATA_FRACTIONS},
    {"volume-taps-7x7x7", LARGE, BOTH, EVERY, .kernel = {7, 7, 7}, .stride = {2, 2, 2}, .windows = {3, 3, 3},
     .size = {12, 11, 11}, .source_data = DATA_FRACTIONS},
    {"volume-taps-7x7x7-int64", LARGE, BOTH, MAX, .kernel = {7, 7, 7}, .stride = {2, 2, 2}, .windows = {3, 3, 3},
     .size = {12, 11, 11}, .source_data = DATA_FRACTIONS, .adjust = save_int64},
    {"volume-taps-7x7x7-tap16", LARGE, BOTH, MAX, .kernel = {7, 7, 7}, .stride = {2, 2, 2}, .windows = {3, 3, 3},
     .size = {12, 11, 11}, .source_data = DATA_FRACTIONS, .adjust = save_tap16},
    {"volume-pixels-67340-int32", LARGE, BOTH, MAX, .kernel = {3, 3, 3}, .stride = {3, 3, 3}, .windows = {12, 13, 12},
     .size = {37, 40, 37}, .source_data = DATA_FRACTIONS, .adjust = save_int32, .heavy = true}};

/* More windows by table than a vector has lanes. */
static const struct named tables[] = {
    {"adaptive-37x41-to-17x19", LARGE, BOTH, EVERY, .adaptive = {19, 17}, .size = {41, 37},
     .source_data = DATA_FRACTIONS, .gradient_data = DATA_FRACTIONS},
    {"adaptive-16x17-to-20x23", LARGE, BOTH, ANY, .adaptive = {23, 20}, .size = {17, 16}, .channels = 2,
     .source_data = DATA_FRACTIONS},
    {"adaptive-channels-33-nhwc", LARGE, BOTH, ANY, .adaptive = {4, 3}, .size = {9, 8}, .images = 2, .channels = 33,
     .source_data = DATA_FRACTIONS, .adjust = lay_out_nhwc},
    {"adaptive-volume-17x18x19-to-5x6x7", LARGE, BOTH, ANY, .adaptive = {7, 6, 5}, .size = {19, 18, 17},
     .source_data = DATA_FRACTIONS},
    {"adaptive-39x43-to-2x2-int64", LARGE, BOTH, MAX, .adaptive = {2, 2}, .size = {43, 39}, .channels = 3,
     .source_data = DATA_FRACTIONS, .adjust = save_int64}};

/* Roundings and pads as frameworks have them, where the last window is more than a vector away from the first. */
static const struct named dialects[] = {
    {"torch-ceil-36x38", LARGE | SUITE_FEATURE(CEIL_MODE), BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2},
     .size = {38, 36}, .placement = BY_PADS_CEIL_DROP, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS},
    {"torch-ceil-drop-34x33", LARGE | SUITE_FEATURE(CEIL_MODE), BOTH, ANY, .kernel = {1, 1}, .stride = {3, 3},
     .size = {33, 34}, .placement = BY_PADS_CEIL_DROP, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"torch-count-include-pad-35x38", LARGE, BOTH, AVERAGE | ROOT_MEAN, .kernel = {3, 3}, .size = {38, 35},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 1}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"torch-ceil-count-include-pad-36x38", LARGE | SUITE_FEATURE(CEIL_MODE), BOTH, AVERAGE | ROOT_MEAN,
     .kernel = {3, 3}, .stride = {2, 2}, .size = {38, 36}, .placement = BY_PADS_CEIL_DROP,
     .pads = {1, 1, 1, 1, 0, 0, 1}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"torch-divisor-35x38", LARGE, BOTH, AVERAGE, .kernel = {3, 3}, .stride = {2, 2}, .size = {38, 35},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .divisor = 7, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS},
    {"torch-volume-ceil-17x18x18", LARGE | SUITE_FEATURE(CEIL_MODE), BOTH, ANY, .kernel = {3, 3, 3},
     .stride = {2, 2, 2}, .size = {18, 18, 17}, .placement = BY_PADS_CEIL_DROP, .pads = {1, 1, 1, 1, 1, 1, 0},
     .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"onnx-auto-pad-36x35", LARGE, BOTH, ANY, .kernel = {4, 3}, .stride = {2, 2}, .size = {35, 36},
     .placement = BY_PADS, .pads = {.left = 1, .right = 2, .bottom = 1}, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS},
    {"tensorflow-same-36x39", LARGE | SUITE_FEATURE(POLICY), BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2},
     .size = {39, 36}, .placement = BY_POLICY,
     .method = POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS},
    {"caffe-ceil-36x38", LARGE | SUITE_FEATURE(CEIL_MODE), BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2},
     .size = {38, 36}, .placement = BY_PADS_CEIL, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS}};

/* Layers of networks, with few channels. */
static const struct named networks[] = {
    {"resnet-stem-112x112", NETWORK, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .size = {112, 112}, .channels = 2,
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS,
     .heavy = true},
    {"resnet-global-7x7", NETWORK | SUITE_FEATURE(GLOBAL), BOTH, EVERY, .kernel = {7, 7}, .size = {7, 7}, .images = 2,
     .channels = 33, .source_data = DATA_FRACTIONS},
    {"resnet-global-7x7-nhwc", NETWORK | SUITE_FEATURE(GLOBAL), BOTH, ANY, .kernel = {7, 7}, .size = {7, 7},
     .images = 2, .channels = 33, .source_data = DATA_FRACTIONS, .adjust = lay_out_nhwc},
    {"vgg-56x56", NETWORK, BOTH, ANY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {28, 28}, .size = {56, 56},
     .channels = 2, .source_data = DATA_FRACTIONS},
    {"vgg-14x14-nhwc", NETWORK, BOTH, ANY, .kernel = {2, 2}, .stride = {2, 2}, .windows = {7, 7}, .size = {14, 14},
     .channels = 24, .source_data = DATA_FRACTIONS, .adjust = lay_out_nhwc},
    {"inception-28x28", NETWORK, BOTH, ANY, .kernel = {3, 3}, .size = {28, 28}, .channels = 3, .placement = BY_PADS,
     .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"inception-14x14-nhwc", NETWORK, BOTH, ANY, .kernel = {3, 3}, .size = {14, 14}, .channels = 20,
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS,
     .adjust = lay_out_nhwc},
    {"alexnet-55x55", NETWORK, BOTH, ANY, .kernel = {3, 3}, .stride = {2, 2}, .windows = {27, 27}, .size = {55, 55},
     .source_data = DATA_FRACTIONS},
    {"deeplab-33x33-dilation-2", NETWORK, BOTH, ANY, .kernel = {3, 3}, .dilation = {2, 2}, .size = {33, 33},
     .channels = 2, .placement = BY_PADS, .pads = {2, 2, 2, 2, 0, 0, 0}, .edge_mode = CLAMP,
     .source_data = DATA_FRACTIONS},
    {"yolo-spp-19x19", NETWORK, BOTH, ANY, .kernel = {13, 13}, .size = {19, 19}, .channels = 2, .placement = BY_PADS,
     .pads = {6, 6, 6, 6, 0, 0, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS},
    {"c3d-8x28x28", NETWORK, BOTH, ANY, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .windows = {14, 14, 4},
     .size = {28, 28, 8}, .source_data = DATA_FRACTIONS},
    {"i3d-stem-8x28x28", NETWORK, BOTH, ANY, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .size = {28, 28, 8},
     .placement = BY_PADS, .pads = {1, 1, 1, 1, 1, 1, 0}, .edge_mode = CLAMP, .source_data = DATA_FRACTIONS}};

bool poolgrad_suite_add_large(poolgrad_suite *suite, poolgrad_format format, poolgrad_layout layout, bool all,
                              bool heavy)
{
    const struct selection selection = {.format = format, .layout = layout, .all = all, .heavy = heavy};
    const struct {
        const struct named *named;
        size_t count;
    } lists[] = {{sides, sizeof sides / sizeof *sides},         {channels, sizeof channels / sizeof *channels},
                 {windows, sizeof windows / sizeof *windows},   {volumes, sizeof volumes / sizeof *volumes},
                 {tables, sizeof tables / sizeof *tables},      {dialects, sizeof dialects / sizeof *dialects},
                 {networks, sizeof networks / sizeof *networks}};
    for (size_t list = 0; list < sizeof lists / sizeof *lists; list++) {
        if (!poolgrad_suite_add_entries(suite, lists[list].named, lists[list].count, &selection)) return false;
    }
    return true;
}
