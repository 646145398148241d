/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/mistakes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "oracle/mistake_turns.h"

enum {
    FORWARD = POOLGRAD_IN_FORWARD_AVERAGE | POOLGRAD_IN_FORWARD_MAX | POOLGRAD_IN_FORWARD_L2NORM,
    GRADIENT = POOLGRAD_IN_AVERAGE_GRADIENT | POOLGRAD_IN_MAX_GRADIENT | POOLGRAD_IN_L2NORM_GRADIENT,
    AVERAGE = POOLGRAD_IN_FORWARD_AVERAGE | POOLGRAD_IN_AVERAGE_GRADIENT,
    MEAN = POOLGRAD_IN_FORWARD_MEAN | POOLGRAD_IN_MEAN_GRADIENT,
    DIVIDING = AVERAGE | MEAN,
    MAX = POOLGRAD_IN_FORWARD_MAX | POOLGRAD_IN_MAX_GRADIENT,
    L2NORM = POOLGRAD_IN_FORWARD_L2NORM | POOLGRAD_IN_L2NORM_GRADIENT,
    ALL = FORWARD | GRADIENT,
    READS_SOURCE = ALL & ~POOLGRAD_IN_AVERAGE_GRADIENT,
    READS_BOTH = POOLGRAD_IN_MAX_GRADIENT | POOLGRAD_IN_L2NORM_GRADIENT,
    SUMS = AVERAGE | POOLGRAD_IN_MAX_GRADIENT,
    MAX_GRADIENT = POOLGRAD_IN_MAX_GRADIENT,
    L2NORM_GRADIENT = POOLGRAD_IN_L2NORM_GRADIENT,
    MEAN_GRADIENT = POOLGRAD_IN_MEAN_GRADIENT,
    DEPTH = POOLGRAD_NEEDS_DEPTH,
    TABLE = POOLGRAD_NEEDS_TABLE,
    SIDES = POOLGRAD_NEEDS_SIDES,
    DIVISOR = POOLGRAD_NEEDS_DIVISOR,
    INDICES = POOLGRAD_NEEDS_INDICES,
    KERNELS = POOLGRAD_SWAP_KERNELS,
    STRIDES = POOLGRAD_SWAP_STRIDES,
    DILATIONS = POOLGRAD_SWAP_DILATIONS,
    YZ = POOLGRAD_SWAP_YZ,
    XZ = POOLGRAD_SWAP_XZ,
    X = POOLGRAD_X,
    Y = POOLGRAD_Y,
    Z = POOLGRAD_Z,
    SOURCE = POOLGRAD_OF_SOURCE,
    SOURCE_GRADIENT = POOLGRAD_OF_GRADIENT,
    RESULT = POOLGRAD_OF_RESULT
};

/* ---- The bank ---------------------------------------------------------------------------------------------------- */

#define EIGHT_WAYS(row)                                                                                                \
    row("left", -1, 0), row("right", 1, 0), row("up", 0, -1), row("down", 0, 1), row("up-left", -1, -1),               \
        row("up-right", 1, -1), row("down-left", -1, 1), row("down-right", 1, 1)
#define SHIFTED(way, x, y)                                                                                             \
    {                                                                                                                  \
        "windows-one-" way, "places every window one pixel off: " way, ALL, 0, poolgrad_turn_shift_windows, x, y       \
    }

const struct poolgrad_mistake poolgrad_mistakes[] = {
    {"divisor-full-kernel", "divides by all taps of the window where the window shrinks", DIVIDING, 0,
     poolgrad_turn_divide_by_all, 0, 0},
    {"divisor-shrunk", "divides by the taps inside the image where all taps count", DIVIDING, 0,
     poolgrad_turn_divide_by_inside, POOLGRAD_EDGE_ZERO, X | Y | Z},
    {"padding-not-counted", "divides by the taps inside the image where those in the zero padding count as well",
     DIVIDING, 0, poolgrad_turn_divide_by_inside, POOLGRAD_EDGE_CLAMP, X | Y | Z},
    {"padding-counted", "counts padding of which the zero padding says nothing", DIVIDING, 0,
     poolgrad_turn_divide_by_padded, 0, 0},
    {"padding-of-depth-not-counted", "leaves the zero padding before and behind the layers out of the count", DIVIDING,
     DEPTH, poolgrad_turn_divide_by_inside, POOLGRAD_EDGE_CLAMP, Z},
    {"padding-of-other-side", "counts on either side the zero padding of the other one", DIVIDING, SIDES,
     poolgrad_turn_turn_pads, 0, 0},
    {"padding-of-one-side-for-both", "counts on both sides the zero padding before the image", DIVIDING, SIDES,
     poolgrad_turn_turn_pads, 1, 0},
    {"divisor-ignored", "divides by the taps that count, not by the divisor", DIVIDING, DIVISOR,
     poolgrad_turn_ignore_divisor, POOLGRAD_EDGE_CLAMP, 0},
    {"divisor-ignored-for-inside", "divides by the taps inside the image, not by the divisor", DIVIDING, DIVISOR,
     poolgrad_turn_ignore_divisor, POOLGRAD_EDGE_CLAMP, 1},
    {"divisor-ignored-for-kernel", "divides by all taps of the window, not by the divisor", DIVIDING, DIVISOR,
     poolgrad_turn_ignore_divisor, POOLGRAD_EDGE_ZERO, 0},
    {"divisor-missing", "does not divide", AVERAGE, 0, poolgrad_turn_divide_by_nothing, 0, 0},
    {"edge-zero", "lets taps outside the image take part as zeros where the window shrinks", MAX, 0,
     poolgrad_turn_set_edge_mode, POOLGRAD_EDGE_ZERO, 0},
    {"edge-clamp", "leaves out taps outside the image where they take part as zeros", MAX, 0,
     poolgrad_turn_set_edge_mode, POOLGRAD_EDGE_CLAMP, 0},
    {"last-column-of-windows-dropped", "leaves out the last column of windows", ALL, 0, poolgrad_turn_drop_last_windows,
     X, 0},
    {"last-row-of-windows-dropped", "leaves out the last row of windows", ALL, 0, poolgrad_turn_drop_last_windows, Y,
     0},
    {"last-layer-of-windows-dropped", "leaves out the last layer of windows", ALL, DEPTH,
     poolgrad_turn_drop_last_windows, Z, 0},
    {"last-windows-dropped", "leaves out the last windows along every axis", ALL, 0, poolgrad_turn_drop_last_windows,
     X | Y | Z, 0},
    {"windows-kept", "adds gradient pixels behind those that count", GRADIENT, 0, poolgrad_turn_keep_windows, 0, 0},
    {"even-windows-lean-right", "lets windows of even width lean to the right", ALL, 0, poolgrad_turn_lean_windows, X,
     1},
    {"even-windows-lean-down", "lets windows of even height lean down", ALL, 0, poolgrad_turn_lean_windows, Y, 1},
    {"even-windows-lean-down-right", "lets even windows lean down and to the right", ALL, 0, poolgrad_turn_lean_windows,
     X | Y, 2},
    {"even-windows-lean-back", "lets windows of even depth lean to the back", ALL, DEPTH, poolgrad_turn_lean_windows, Z,
     1},
    {"even-windows-lean-every-way", "lets windows lean back, down and to the right where they are even", ALL, DEPTH,
     poolgrad_turn_lean_windows, X | Y | Z, 2},
    {"clip-ignored", "writes outside of the clip rectangle", ALL, 0, poolgrad_turn_ignore_clip, 0, 0},
    {"kernel-offset-ignored", "ignores the kernel offset", GRADIENT, 0, poolgrad_turn_turn_kernel_offset, 1, 0},
    {"kernel-offset-negated", "moves windows by the kernel offset the wrong way", GRADIENT, 0,
     poolgrad_turn_turn_kernel_offset, 2, 0},
    {"dilation-ignored", "ignores the dilation, with the first tap where it was", ALL, 0, poolgrad_turn_ignore_dilation,
     0, 0},
    {"dilation-ignored-about-centre", "ignores the dilation, with the centre where it was", ALL, 0,
     poolgrad_turn_ignore_dilation, 0, 1},
    {"dilations-swapped", "swaps the dilations of x and y, with the first tap where it was", ALL, 0,
     poolgrad_turn_swap_axes, DILATIONS, 0},
    {"dilations-swapped-about-centre", "swaps the dilations of x and y, with the centre where it was", ALL, 0,
     poolgrad_turn_swap_axes, DILATIONS, 1},
    {"strides-swapped", "swaps the strides of x and y", ALL, 0, poolgrad_turn_swap_axes, STRIDES, 0},
    {"kernel-sizes-swapped", "swaps kernel width and height, with the first tap where it was", ALL, 0,
     poolgrad_turn_swap_axes, KERNELS, 0},
    {"kernel-sizes-swapped-about-centre", "swaps kernel width and height, with the centre where it was", ALL, 0,
     poolgrad_turn_swap_axes, KERNELS, 1},
    {"windows-transposed", "swaps x and y in all that describes a window", ALL, 0, poolgrad_turn_swap_axes,
     POOLGRAD_SWAP_WINDOWS, 0},
    {"dilations-swapped-yz", "swaps the dilations of y and z, with the first tap where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, DILATIONS | YZ, 0},
    {"dilations-swapped-yz-about-centre", "swaps the dilations of y and z, with the centre where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, DILATIONS | YZ, 1},
    {"strides-swapped-yz", "swaps the strides of y and z", ALL, DEPTH, poolgrad_turn_swap_axes, STRIDES | YZ, 0},
    {"kernel-sizes-swapped-yz", "swaps kernel height and depth, with the first tap where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, KERNELS | YZ, 0},
    {"kernel-sizes-swapped-yz-about-centre", "swaps kernel height and depth, with the centre where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, KERNELS | YZ, 1},
    {"windows-transposed-yz", "swaps y and z in all that describes a window", ALL, DEPTH, poolgrad_turn_swap_axes,
     POOLGRAD_SWAP_WINDOWS | YZ, 0},
    {"dilations-swapped-xz", "swaps the dilations of x and z, with the first tap where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, DILATIONS | XZ, 0},
    {"dilations-swapped-xz-about-centre", "swaps the dilations of x and z, with the centre where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, DILATIONS | XZ, 1},
    {"strides-swapped-xz", "swaps the strides of x and z", ALL, DEPTH, poolgrad_turn_swap_axes, STRIDES | XZ, 0},
    {"kernel-sizes-swapped-xz", "swaps kernel width and depth, with the first tap where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, KERNELS | XZ, 0},
    {"kernel-sizes-swapped-xz-about-centre", "swaps kernel width and depth, with the centre where it was", ALL, DEPTH,
     poolgrad_turn_swap_axes, KERNELS | XZ, 1},
    {"windows-transposed-xz", "swaps x and z in all that describes a window", ALL, DEPTH, poolgrad_turn_swap_axes,
     POOLGRAD_SWAP_WINDOWS | XZ, 0},
    {"kernel-depth-ignored", "pools layers one by one, those of the first taps", ALL, DEPTH,
     poolgrad_turn_ignore_kernel_depth, 0, 0},
    {"kernel-depth-ignored-about-centre", "pools layers one by one, those of the centres", ALL, DEPTH,
     poolgrad_turn_ignore_kernel_depth, 0, 1},
    {"adaptive-windows-uniform", "lets windows of one size and stride take the place of a table's", ALL, TABLE,
     poolgrad_turn_use_uniform_windows, 0, 0},
    {"adaptive-windows-parted", "lets each window of a table end where the next one begins", ALL, TABLE,
     poolgrad_turn_part_windows, 0, 0},
    EIGHT_WAYS(SHIFTED),
    {"windows-one-front", "places every window one layer off: to the front", ALL, DEPTH, poolgrad_turn_shift_layers, -1,
     0},
    {"windows-one-back", "places every window one layer off: to the back", ALL, DEPTH, poolgrad_turn_shift_layers, 1,
     0},
    {"destination-from-first-pixel", "puts the first source pixel at the first destination pixel", GRADIENT, 0,
     poolgrad_turn_start_at_first_pixel, 0, 0},
    {"ties-first", "gives to the first of several greatest taps", MAX_GRADIENT, 0, poolgrad_turn_set_ties,
     POOLGRAD_TIES_FIRST, 0},
    {"ties-last", "gives to the last of several greatest taps", MAX_GRADIENT, 0, poolgrad_turn_set_ties,
     POOLGRAD_TIES_LAST, 0},
    {"ties-all", "gives the whole gradient to each of several greatest taps", MAX_GRADIENT, 0, poolgrad_turn_set_ties,
     POOLGRAD_TIES_ALL, 0},
    {"ties-split", "splits the gradient among several greatest taps", MAX_GRADIENT, 0, poolgrad_turn_set_ties,
     POOLGRAD_TIES_SPLIT, 0},
    {"ties-none", "gives nothing where several taps are greatest", MAX_GRADIENT, 0, poolgrad_turn_shun_ties, 0, 0},
    {"minimum", "takes the least tap for the greatest", MAX, 0, poolgrad_turn_set_search, POOLGRAD_SEARCH_LEAST, 0},
    {"magnitude", "takes the tap of the greatest magnitude for the greatest", MAX, 0, poolgrad_turn_set_search,
     POOLGRAD_SEARCH_MAGNITUDE, 0},
    {"search-from-zero", "searches the greatest tap from 0 on, and finds none in a window without taps above it", MAX,
     0, poolgrad_turn_set_search, POOLGRAD_SEARCH_FROM_ZERO, 0},
    {"indices-ignored", "searches the source where picked taps are given", MAX_GRADIENT, 0,
     poolgrad_turn_ignore_indices, 0, 0},
    {"gather-by-maximum", "takes the greatest tap where picked taps are given", POOLGRAD_IN_FORWARD_MAX, INDICES,
     poolgrad_turn_ignore_indices, 0, 0},
    {"indices-one-less", "takes the element before the one that an index names", MAX, INDICES,
     poolgrad_turn_shift_indices, -1, 0},
    {"indices-one-more", "takes the element behind the one that an index names", MAX, INDICES,
     poolgrad_turn_shift_indices, 1, 0},
    {"indices-by-columns", "counts indices column by column, not row by row", MAX, INDICES,
     poolgrad_turn_misread_indices, POOLGRAD_INDEX_BY_COLUMNS, 0},
    {"indices-of-layer", "takes indices for places in the layer of the output pixel", MAX, INDICES | DEPTH,
     poolgrad_turn_misread_indices, POOLGRAD_INDEX_OF_LAYER, 0},
    {"stored-after-each-addition", "rounds to the destination's format after each addition",
     POOLGRAD_IN_AVERAGE_GRADIENT | MAX_GRADIENT, 0, poolgrad_turn_store_each, 0, 0},
    {"accumulated-in-float16", "computes sums in float16", SUMS | POOLGRAD_IN_FORWARD_L2NORM, 0,
     poolgrad_turn_accumulate_in, POOLGRAD_FLOAT16, 0},
    {"accumulated-in-bfloat16", "computes sums in bfloat16", SUMS | POOLGRAD_IN_FORWARD_L2NORM, 0,
     poolgrad_turn_accumulate_in, POOLGRAD_BFLOAT16, 0},
    {"accumulated-in-float32", "computes sums in float32", SUMS | POOLGRAD_IN_FORWARD_L2NORM, 0,
     poolgrad_turn_accumulate_in, POOLGRAD_FLOAT32, 0},
    {"last-window-wins", "overwrites where windows overlap: the last one wins", GRADIENT, 0, poolgrad_turn_set_overlap,
     POOLGRAD_OVERLAP_LAST_WINS, 0},
    {"first-window-wins", "leaves out all but the first window where windows overlap", GRADIENT, 0,
     poolgrad_turn_set_overlap, POOLGRAD_OVERLAP_FIRST_WINS, 0},
    {"root-of-mean", "takes the root of the mean over the kernel, not of the sum", L2NORM, 0, poolgrad_turn_take_mean,
     POOLGRAD_EDGE_ZERO, 0},
    {"root-of-mean-inside", "takes the root of the mean over the taps inside the image, not of the sum", L2NORM, 0,
     poolgrad_turn_take_mean, POOLGRAD_EDGE_CLAMP, 0},
    {"mean-forgotten", "takes the root of the sum, not of the mean", MEAN, 0, poolgrad_turn_forget_mean, 0, 0},
    {"mean-of-root", "divides the root of the sum by N, not the sum", MEAN, 0, poolgrad_turn_set_root,
     POOLGRAD_ROOT_OVER_COUNT, 0},
    {"mean-not-in-gradient", "divides gradients by the root of the mean alone, not by N times it", MEAN_GRADIENT, 0,
     poolgrad_turn_set_root, POOLGRAD_ROOT_UNCOUNTED, 0},
    {"root-missing", "takes the sum of squares for the norm", L2NORM, 0, poolgrad_turn_set_root, POOLGRAD_ROOT_MISSING,
     0},
    {"norm-multiplied", "multiplies by the norm and should divide by it", L2NORM_GRADIENT, 0, poolgrad_turn_set_root,
     POOLGRAD_ROOT_MULTIPLIES, 0},
    {"in-missing", "leaves out the factor In", L2NORM_GRADIENT, 0, poolgrad_turn_set_root, POOLGRAD_ROOT_ALONE, 0},
    {"prior-contents-added", "adds to what the destination held and should overwrite it", GRADIENT, 0,
     poolgrad_turn_set_addition, 1, 0},
    {"prior-contents-lost", "overwrites what the destination held and should add to it", GRADIENT, 0,
     poolgrad_turn_set_addition, 0, 0},
    {"sign-flipped", "gives the opposite sign", ALL, 0, poolgrad_turn_negate, 0, 0},
    {"source-as-nhwc", "reads the source as NHWC where it is NCHW", READS_SOURCE, 0, poolgrad_turn_misread_layout,
     POOLGRAD_ORDER_DHWC, SOURCE},
    {"source-as-nchw", "reads the source as NCHW where it is NHWC", READS_SOURCE, 0, poolgrad_turn_misread_layout,
     POOLGRAD_ORDER_CDHW, SOURCE},
    {"gradient-as-nhwc", "reads the source gradient as NHWC where it is NCHW", GRADIENT, 0,
     poolgrad_turn_misread_layout, POOLGRAD_ORDER_DHWC, SOURCE_GRADIENT},
    {"gradient-as-nchw", "reads the source gradient as NCHW where it is NHWC", GRADIENT, 0,
     poolgrad_turn_misread_layout, POOLGRAD_ORDER_CDHW, SOURCE_GRADIENT},
    {"result-as-nhwc", "writes the result as NHWC where it is NCHW", ALL, 0, poolgrad_turn_misread_layout,
     POOLGRAD_ORDER_DHWC, RESULT},
    {"result-as-nchw", "writes the result as NCHW where it is NHWC", ALL, 0, poolgrad_turn_misread_layout,
     POOLGRAD_ORDER_CDHW, RESULT},
    {"source-as-ndchw", "reads the source as NDCHW where it is NCDHW", READS_SOURCE, DEPTH,
     poolgrad_turn_misread_layout, POOLGRAD_ORDER_DCHW, SOURCE},
    {"gradient-as-ndchw", "reads the source gradient as NDCHW where it is NCDHW", GRADIENT, DEPTH,
     poolgrad_turn_misread_layout, POOLGRAD_ORDER_DCHW, SOURCE_GRADIENT},
    {"result-as-ndchw", "writes the result as NDCHW where it is NCDHW", ALL, DEPTH, poolgrad_turn_misread_layout,
     POOLGRAD_ORDER_DCHW, RESULT},
    {"source-transposed", "swaps x and y in the source", READS_SOURCE, 0, poolgrad_turn_transpose,
     POOLGRAD_TRANSPOSED_XY, SOURCE},
    {"gradient-transposed", "swaps x and y in the source gradient", GRADIENT, 0, poolgrad_turn_transpose,
     POOLGRAD_TRANSPOSED_XY, SOURCE_GRADIENT},
    {"result-transposed", "swaps x and y in the result", ALL, 0, poolgrad_turn_transpose, POOLGRAD_TRANSPOSED_XY,
     RESULT},
    {"source-transposed-yz", "swaps y and z in the source", READS_SOURCE, DEPTH, poolgrad_turn_transpose,
     POOLGRAD_TRANSPOSED_YZ, SOURCE},
    {"gradient-transposed-yz", "swaps y and z in the source gradient", GRADIENT, DEPTH, poolgrad_turn_transpose,
     POOLGRAD_TRANSPOSED_YZ, SOURCE_GRADIENT},
    {"result-transposed-yz", "swaps y and z in the result", ALL, DEPTH, poolgrad_turn_transpose, POOLGRAD_TRANSPOSED_YZ,
     RESULT},
    {"source-transposed-xz", "swaps x and z in the source", READS_SOURCE, DEPTH, poolgrad_turn_transpose,
     POOLGRAD_TRANSPOSED_XZ, SOURCE},
    {"gradient-transposed-xz", "swaps x and z in the source gradient", GRADIENT, DEPTH, poolgrad_turn_transpose,
     POOLGRAD_TRANSPOSED_XZ, SOURCE_GRADIENT},
    {"result-transposed-xz", "swaps x and z in the result", ALL, DEPTH, poolgrad_turn_transpose, POOLGRAD_TRANSPOSED_XZ,
     RESULT},
    {"gradient-one-column-before", "takes each gradient pixel from one column before it", GRADIENT, 0,
     poolgrad_turn_misread_columns, -1, SOURCE_GRADIENT},
    {"gradient-one-column-behind", "takes each gradient pixel from one column behind it", GRADIENT, 0,
     poolgrad_turn_misread_columns, 1, SOURCE_GRADIENT},
    {"gradient-one-row-before", "takes each gradient pixel from one row before it", GRADIENT, 0,
     poolgrad_turn_misread_rows, -1, SOURCE_GRADIENT},
    {"gradient-one-row-behind", "takes each gradient pixel from one row behind it", GRADIENT, 0,
     poolgrad_turn_misread_rows, 1, SOURCE_GRADIENT},
    {"gradient-one-layer-before", "takes each gradient pixel from one layer before it", GRADIENT, DEPTH,
     poolgrad_turn_misread_layers, -1, SOURCE_GRADIENT},
    {"gradient-one-layer-behind", "takes each gradient pixel from one layer behind it", GRADIENT, DEPTH,
     poolgrad_turn_misread_layers, 1, SOURCE_GRADIENT},
    {"result-one-column-before", "holds in each pixel the result of one column before it", ALL, 0,
     poolgrad_turn_misread_columns, -1, RESULT},
    {"result-one-column-behind", "holds in each pixel the result of one column behind it", ALL, 0,
     poolgrad_turn_misread_columns, 1, RESULT},
    {"result-one-row-before", "holds in each pixel the result of one row before it", ALL, 0, poolgrad_turn_misread_rows,
     -1, RESULT},
    {"result-one-row-behind", "holds in each pixel the result of one row behind it", ALL, 0, poolgrad_turn_misread_rows,
     1, RESULT},
    {"result-one-layer-before", "holds in each pixel the result of one layer before it", ALL, DEPTH,
     poolgrad_turn_misread_layers, -1, RESULT},
    {"result-one-layer-behind", "holds in each pixel the result of one layer behind it", ALL, DEPTH,
     poolgrad_turn_misread_layers, 1, RESULT},
    {"source-channel-before", "reads the source one channel before", READS_SOURCE, 0, poolgrad_turn_misread_channels,
     -1, SOURCE},
    {"source-channel-behind", "reads the source one channel behind", READS_SOURCE, 0, poolgrad_turn_misread_channels, 1,
     SOURCE},
    {"gradient-channel-before", "reads the source gradient one channel before", GRADIENT, 0,
     poolgrad_turn_misread_channels, -1, SOURCE_GRADIENT},
    {"gradient-channel-behind", "reads the source gradient one channel behind", GRADIENT, 0,
     poolgrad_turn_misread_channels, 1, SOURCE_GRADIENT},
    {"result-channel-before", "holds in each channel the result of the one before", ALL, 0,
     poolgrad_turn_misread_channels, -1, RESULT},
    {"result-channel-behind", "holds in each channel the result of the one behind", ALL, 0,
     poolgrad_turn_misread_channels, 1, RESULT},
    {"images-from-first", "computes every image from the first one", ALL, 0, poolgrad_turn_read_first_image, 0, RESULT},
    {"source-from-first-image", "reads the first image of the source for all of them", READS_BOTH, 0,
     poolgrad_turn_read_first_image, 0, SOURCE},
    {"gradient-from-first-image", "reads the first image of the source gradient for all of them", READS_BOTH, 0,
     poolgrad_turn_read_first_image, 0, SOURCE_GRADIENT},
    {"last-channels-zero", "leaves 0 in the channels behind the last multiple of 4, or of the width of slices", ALL, 0,
     poolgrad_turn_skip_last_channels, POOLGRAD_FILLING_CONSTANT, 0},
    {"last-channels-unwritten", "does not write the channels behind the last multiple of 4, or of the width of slices",
     ALL, 0, poolgrad_turn_skip_last_channels, POOLGRAD_FILLING_BEFORE, 0},
    {"multiplied", NULL, ALL, 0, poolgrad_turn_multiply, 0, 0},
    {"region-constant", NULL, ALL, 0, poolgrad_turn_fill_box, 0, 0},
    {"region-unwritten", NULL, ALL, 0, poolgrad_turn_skip_box, 0, 0},
    {"errors-of-bfloat16", "holds numbers of bfloat16, as far off as sums in it can be in some order", SUMS | L2NORM, 0,
     poolgrad_turn_accumulate_loosely, POOLGRAD_BFLOAT16, 0},
    {"errors-of-float16", "holds numbers of float16, as far off as sums in it can be in some order", SUMS | L2NORM, 0,
     poolgrad_turn_accumulate_loosely, POOLGRAD_FLOAT16, 0},
    {"errors-of-float32", "holds numbers of float32, as far off as sums in it can be in some order", SUMS | L2NORM, 0,
     poolgrad_turn_accumulate_loosely, POOLGRAD_FLOAT32, 0},
};

const int64_t poolgrad_mistake_count = sizeof poolgrad_mistakes / sizeof *poolgrad_mistakes;

void poolgrad_knobs_init(const struct poolgrad_verification *v, struct poolgrad_knobs *knobs)
{
    memset(knobs, 0, sizeof *knobs);
    knobs->geometry = v->geometry;
    knobs->factor = 1;
}

static bool is_one_sided(const struct poolgrad_axis *axis)
{
    return axis->before != axis->behind;
}

/* What a call has of what mistakes need. */
static unsigned features_of(const struct poolgrad_geometry *g)
{
    unsigned features = 0;
    if (!poolgrad_axis_is_flat(&g->z)) features |= POOLGRAD_NEEDS_DEPTH;
    if (g->x.table || g->y.table || g->z.table) features |= POOLGRAD_NEEDS_TABLE;
    if (is_one_sided(&g->x) || is_one_sided(&g->y) || is_one_sided(&g->z)) features |= POOLGRAD_NEEDS_SIDES;
    if (g->divisor != 0) features |= POOLGRAD_NEEDS_DIVISOR;
    if (g->with_indices) features |= POOLGRAD_NEEDS_INDICES;
    return features;
}

bool poolgrad_mistake_turn(const struct poolgrad_mistake *mistake, const struct poolgrad_verification *v,
                           struct poolgrad_knobs *knobs)
{
    const unsigned first = v->geometry.direction == POOLGRAD_FORWARD ? POOLGRAD_IN_FORWARD_AVERAGE
                                                                     : POOLGRAD_IN_AVERAGE_GRADIENT;
    unsigned call = first << (unsigned)v->geometry.kind;
    if (v->geometry.root_mean) {
        call |= first == POOLGRAD_IN_FORWARD_AVERAGE ? POOLGRAD_IN_FORWARD_MEAN : POOLGRAD_IN_MEAN_GRADIENT;
    }
    poolgrad_knobs_init(v, knobs);
    return (mistake->calls & call) != 0 && (mistake->needs & ~features_of(&v->geometry)) == 0 &&
           mistake->turn(v, knobs, mistake->a, mistake->b);
}

static void describe_box(const char *what, const struct poolgrad_box *box, bool has_depth,
                         char text[POOLGRAD_SENTENCE_SIZE])
{
    const struct poolgrad_area *area = &box->area;
    char layers[64] = "";
    if (has_depth) {
        snprintf(layers, sizeof layers, "layers %" PRId64 " to %" PRId64 ", ", area->layers.begin,
                 area->layers.end - 1);
    }
    snprintf(text, POOLGRAD_SENTENCE_SIZE,
             "%s %srows %" PRId64 " to %" PRId64 " and columns %" PRId64 " to %" PRId64 " of channels %" PRId64
             " to %" PRId64 " of images %" PRId64 " to %" PRId64,
             what, layers, area->rows.begin, area->rows.end - 1, area->columns.begin, area->columns.end - 1,
             box->channels.begin, box->channels.end - 1, box->images.begin, box->images.end - 1);
}

void poolgrad_mistake_describe(const struct poolgrad_mistake *mistake, const struct poolgrad_knobs *k,
                               char text[POOLGRAD_SENTENCE_SIZE])
{
    char constant[40];
    snprintf(constant, sizeof constant, "holds %.9g in", k->constant);
    if (mistake->sentence)
        snprintf(text, POOLGRAD_SENTENCE_SIZE, "%s", mistake->sentence);
    else if (k->filling == POOLGRAD_FILLING_NONE)
        snprintf(text, POOLGRAD_SENTENCE_SIZE, "gives %.6g times what it should", k->factor);
    else
        describe_box(k->filling == POOLGRAD_FILLING_CONSTANT ? constant : "does not write", &k->box,
                     k->geometry.held.depth > 1, text);
}
