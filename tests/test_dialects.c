/* SPDX-License-Identifier: Apache-2.0 */
/* Frameworks' arguments: output sizes, windows, counts, ties and NaNs worked out by hand, and what is refused. */
#include "support/random.h"
#include "support/small.h"

#include <criterion/criterion.h>
#include <math.h>
#include <poolgrad/dialect.h>
#include <stddef.h>
#include <string.h>

/* A pool of the framework with nothing said. */
#define POOL(framework, name)                                                                                          \
    poolgrad_##framework##_pool name;                                                                                  \
    poolgrad_##framework##_pool_init(&name, sizeof name)

/* Whether the pool of the framework gives this size, and the problem with it. */
#define GIVES(framework, pool, problem, depth, height, width)                                                          \
    gives(poolgrad_problem_from_##framework(&(pool), &(problem), &found, &refusal), depth, height, width)

static poolgrad_output_size found;
static poolgrad_error refusal;

static bool gives(poolgrad_status status, int64_t depth, int64_t height, int64_t width)
{
    if (status != POOLGRAD_OK) {
        cr_log_error("%s", refusal.message);
        return false;
    }
    const bool same = found.depth == depth && found.height == height && found.width == width;
    if (!same) cr_log_error("%d x %d x %d", (int)found.depth, (int)found.height, (int)found.width);
    return same;
}

static void set2(int64_t *values, int64_t first, int64_t second)
{
    values[0] = first;
    values[1] = second;
}

static void set3(int64_t *values, int64_t first, int64_t second, int64_t third)
{
    set2(values, first, second);
    values[2] = third;
}

/* A forward problem of a source without data, whose other fields are not those that any framework would leave. */
static poolgrad_problem of_volume(poolgrad_kind kind, int64_t depth, int64_t height, int64_t width)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = kind;
    p.source = poolgrad_const_image_dense_3d(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, depth, height, width);
    p.window = (poolgrad_window){9, 9, 9, 9, 9, 9, 9, 9, 9};
    p.offset_x = p.offset_y = p.offset_z = 77;
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    p.zero_pad_x = p.zero_pad_bottom = 5;
    p.divisor = kind == POOLGRAD_AVERAGE ? 3 : 0;
    p.ties = POOLGRAD_TIES_LAST;
    return p;
}

static poolgrad_problem of(poolgrad_kind kind, int64_t height, int64_t width)
{
    return of_volume(kind, 0, height, width);
}

/* First taps of the first windows. */
static bool starts(const poolgrad_problem *p, int64_t z, int64_t y, int64_t x)
{
    const poolgrad_window *w = &p->window;
    return p->offset_z - ((w->kernel_depth - 1) * w->dilation_z + 1) / 2 == z &&
           p->offset_y - ((w->kernel_height - 1) * w->dilation_y + 1) / 2 == y &&
           p->offset_x - ((w->kernel_width - 1) * w->dilation_x + 1) / 2 == x && p->edge_mode == POOLGRAD_EDGE_CLAMP;
}

static const float nan_value = NAN;

/* ---- torch ------------------------------------------------------------------------------------------------------- */

Test(dialects, torch_steps_by_its_kernel)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 4, 5);
    POOL(torch, pool);
    set2(pool.kernel_size, 2, 2);
    cr_expect(GIVES(torch, pool, p, 1, 2, 2));
    cr_expect(starts(&p, 0, 0, 0) && p.window.stride_x == 2 && p.window.stride_y == 2 && p.window.kernel_depth == 1);
    cr_expect(p.ties == POOLGRAD_TIES_FIRST && p.nan == POOLGRAD_NAN_LAST && p.divisor == 0 && p.zero_pad_x == 0);
    cr_expect(poolgrad_small_forward("torch", &p, F32(4, 5, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 1, 1, 1, 1, 1, 1, 2, 1, 2, 3),
                                     F32(2, 2, 7, 8, 2, 2), I64(2, 2, 6, 7, 16, 18)));
}

/* No framework moves the windows of a gradient by itself. */
Test(dialects, gradients_windows_lie_where_forward_ones_do)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 4, 4);
    POOL(torch, pool);
    set2(pool.kernel_size, 2, 2);
    p.kernel_offset_x = 3;
    p.kernel_offset_z = -1;
    cr_expect(GIVES(torch, pool, p, 1, 2, 2));
    cr_expect(p.kernel_offset_x == 0 && p.kernel_offset_y == 0 && p.kernel_offset_z == 0);
}

/* The last NaN is the maximum. */
Test(dialects, torch_picks_the_last_nan)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 1, 4);
    POOL(torch, pool);
    pool.dimensions = 1;
    pool.kernel_size[0] = 4;
    cr_expect(GIVES(torch, pool, p, 1, 1, 1));
    cr_expect(
        poolgrad_small_forward("nan", &p, F32(1, 4, nan_value, 5, nan_value, 1), F32(1, 1, nan_value), I64(1, 1, 2)));
}

/* [4 8; 12 16], windows of 2x2 at every pixel of the padded image: pads count, or they do not, or a divisor is given.
 */
Test(dialects, torch_counts_pads_unless_told_otherwise)
{
    const poolgrad_small source = F32(2, 2, 4, 8, 12, 16);
    POOL(torch, pool);
    set2(pool.kernel_size, 2, 2);
    set2(pool.stride, 1, 1);
    set2(pool.padding, 1, 1);
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 2, 2);
    cr_expect(GIVES(torch, pool, p, 1, 3, 3) && starts(&p, 0, -1, -1) && p.zero_pad_x == 1 && p.zero_pad_y == 1);
    cr_expect(poolgrad_small_forward("counted", &p, source, F32(3, 3, 1, 3, 2, 4, 10, 6, 3, 7, 4), NO_PLANE));
    pool.count_include_pad = 0;
    cr_expect(GIVES(torch, pool, p, 1, 3, 3) && p.zero_pad_x == 0 && p.zero_pad_bottom == 0);
    cr_expect(poolgrad_small_forward("not", &p, source, F32(3, 3, 4, 6, 8, 8, 10, 12, 12, 14, 16), NO_PLANE));
    pool.divisor_override = -8;
    cr_expect(GIVES(torch, pool, p, 1, 3, 3) && p.divisor == -8);
    cr_expect(poolgrad_small_forward("divisor", &p, source, F32(3, 3, -.5f, -1.5f, -1, -2, -5, -3, -1.5f, -3.5f, -2),
                                     NO_PLANE));
}

/* A last window that starts behind the image is dropped; one that ends behind the pads counts up to these. */
Test(dialects, torch_rounds_up_and_drops)
{
    POOL(torch, pool);
    set2(pool.kernel_size, 2, 2);
    set2(pool.padding, 1, 1);
    pool.ceil_mode = 1;
    poolgrad_problem p = of(POOLGRAD_MAX, 5, 5);
    cr_expect(GIVES(torch, pool, p, 1, 3, 3)); /* 4 would start at 5 */
    POOL(torch, row);
    row.dimensions = 1;
    row.kernel_size[0] = 3;
    row.stride[0] = 2;
    row.padding[0] = 1;
    row.ceil_mode = 1;
    poolgrad_problem average = of(POOLGRAD_AVERAGE, 1, 4);
    cr_expect(GIVES(torch, row, average, 1, 1, 3));
    /* [. 3 6] / 3, [6 9 12] / 3, [12 .] / 2 */
    cr_expect(poolgrad_small_forward("ceil", &average, F32(1, 4, 3, 6, 9, 12), F32(1, 3, 3, 9, 6), NO_PLANE));
    row.ceil_mode = 0;
    cr_expect(GIVES(torch, row, average, 1, 1, 2));
}

/* 5 to 3: [0, 2) [1, 4) [3, 5). 6 to 3 are steps of 2 and need no table. */
Test(dialects, torch_adapts)
{
    poolgrad_span spans[3];
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 6, 5);
    POOL(torch, pool);
    set2(pool.output_size, 3, 3);
    pool.spans = spans;
    pool.span_count = 3;
    cr_expect(GIVES(torch, pool, p, 1, 3, 3));
    cr_expect(p.windows_x.spans == spans && p.windows_x.count == 3 && !p.windows_y.spans);
    cr_expect(p.window.kernel_height == 2 && p.window.stride_y == 2 && p.window.kernel_width == 1);
    cr_expect(spans[0].first == 0 && spans[0].size == 2 && spans[1].first == 1 && spans[1].size == 3 &&
              spans[2].first == 3 && spans[2].size == 2);
    pool.output_size[0] = POOLGRAD_UNSET; /* None: as the source */
    cr_expect(GIVES(torch, pool, p, 1, 6, 3) && p.window.kernel_height == 1 && p.divisor == 0);
    poolgrad_problem row = of(POOLGRAD_AVERAGE, 1, 5);
    cr_expect(GIVES(torch, pool, row, 1, 1, 3));
    cr_expect(poolgrad_small_forward("adaptive", &row, F32(1, 5, 1, 2, 3, 4, 5), F32(1, 3, 1.5f, 3, 4.5f), NO_PLANE));
}

Test(dialects, torch_pools_volumes)
{
    float source[12], destination[2];
    poolgrad_problem p = of_volume(POOLGRAD_MAX, 2, 2, 3);
    POOL(torch, pool);
    set3(pool.kernel_size, 2, 1, 2);
    set3(pool.stride, 1, 1, 2);
    cr_expect(GIVES(torch, pool, p, 1, 2, 1) && starts(&p, 0, 0, 0) && p.window.kernel_depth == 2);
    for (int i = 0; i < 12; i++) source[i] = (float)(i == 1 ? 50 : i);
    p.source.data = source;
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 1);
    cr_assert(poolgrad_run(&p, &refusal) == POOLGRAD_OK, "%s", refusal.message);
    cr_expect(destination[0] == 50 && destination[1] == 10);
}

/* lp_pool with norm 2. */
Test(dialects, torch_knows_one_norm)
{
    poolgrad_problem p = of(POOLGRAD_L2NORM, 1, 5);
    POOL(torch, pool);
    pool.dimensions = 1;
    pool.kernel_size[0] = 2;
    pool.norm_type = 2;
    cr_expect(GIVES(torch, pool, p, 1, 1, 2));
    cr_expect(poolgrad_small_forward("norm", &p, F32(1, 5, 3, 4, 6, 8, 1), F32(1, 2, 5, 10), NO_PLANE));
}

/* ---- onnx -------------------------------------------------------------------------------------------------------- */

/* Four pixels, windows of two: the odd pad goes behind or before. */
Test(dialects, onnx_pads_the_upper_or_the_lower_side)
{
    POOL(onnx, pool);
    pool.dimensions = 1;
    pool.kernel_shape[0] = 2;
    pool.auto_pad = POOLGRAD_ONNX_SAME_UPPER;
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 1, 4);
    cr_expect(GIVES(onnx, pool, p, 1, 1, 4) && starts(&p, 0, 0, 0) && p.window.stride_x == 1);
    cr_expect(poolgrad_small_forward("upper", &p, F32(1, 4, 2, 4, 6, 8), F32(1, 4, 3, 5, 7, 8), NO_PLANE));
    pool.auto_pad = POOLGRAD_ONNX_SAME_LOWER;
    pool.count_include_pad = 1;
    cr_expect(GIVES(onnx, pool, p, 1, 1, 4) && starts(&p, 0, 0, -1));
    cr_expect(poolgrad_small_forward("lower", &p, F32(1, 4, 2, 4, 6, 8), F32(1, 4, 1, 3, 5, 7), NO_PLANE));
    pool.auto_pad = POOLGRAD_ONNX_VALID;
    cr_expect(GIVES(onnx, pool, p, 1, 1, 3) && p.nan == POOLGRAD_NAN_FIRST);
}

/* One counted pixel behind each axis. */
Test(dialects, onnx_pads_each_side)
{
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 2, 2);
    POOL(onnx, pool);
    set2(pool.kernel_shape, 2, 2);
    set2(pool.pads, 0, 0);
    set2(pool.pads + 2, 1, 1);
    pool.count_include_pad = 1;
    cr_expect(GIVES(onnx, pool, p, 1, 2, 2) && p.zero_pad_x == 0 && p.zero_pad_right == 1 && p.zero_pad_bottom == 1);
    cr_expect(poolgrad_small_forward("sides", &p, F32(2, 2, 8, 4, 12, 16), F32(2, 2, 10, 5, 7, 4), NO_PLANE));
    set2(pool.pads, 1, 0);
    set2(pool.pads + 2, 0, 1);
    cr_expect(GIVES(onnx, pool, p, 1, 2, 2) && starts(&p, 0, -1, 0) && p.zero_pad_top == 1 && p.zero_pad_bottom == 0);
}

Test(dialects, onnx_rounds_up_and_drops)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 5, 7);
    POOL(onnx, pool);
    set2(pool.kernel_shape, 2, 2);
    set2(pool.strides, 2, 3);
    set2(pool.pads, 1, 0);
    set2(pool.pads + 2, 1, 0);
    set2(pool.dilations, 1, 2);
    pool.ceil_mode = 1;
    /* rows: (5 + 2 - 2) / 2 rounded up, plus 1, less the one at 5; columns: (7 - 3) / 3 rounded up, plus 1 */
    cr_expect(GIVES(onnx, pool, p, 1, 3, 3) && starts(&p, 0, -1, 0));
    pool.storage_order = 1;
    cr_expect(GIVES(onnx, pool, p, 1, 3, 3));
    p.picks.format = POOLGRAD_TAP8;
    cr_expect(GIVES(onnx, pool, p, 1, 3, 3));
}

/* ---- tensorflow -------------------------------------------------------------------------------------------------- */

/* Four pixels, windows of three, stride 2: one pad, behind; no pad counts. */
Test(dialects, tensorflow_pads_behind_first)
{
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 1, 4);
    POOL(tensorflow, pool);
    set2(pool.ksize + 1, 1, 3);
    set2(pool.strides + 1, 1, 2);
    pool.ksize[3] = 1;
    pool.padding = POOLGRAD_TENSORFLOW_SAME;
    cr_expect(GIVES(tensorflow, pool, p, 1, 1, 2) && starts(&p, 0, 0, 0));
    cr_expect(poolgrad_small_forward("same", &p, F32(1, 4, 1, 2, 3, 4), F32(1, 2, 2, 3.5f), NO_PLANE));
    pool.padding = POOLGRAD_TENSORFLOW_VALID;
    cr_expect(GIVES(tensorflow, pool, p, 1, 1, 1));
}

/* Strides beyond the window: SAME begins at the first pixel, where a centred policy would begin later. */
Test(dialects, tensorflow_never_begins_inside)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 10, 9);
    POOL(tensorflow, pool);
    pool.data_format = POOLGRAD_TENSORFLOW_NCHW;
    set2(pool.ksize + 2, 1, 1);
    set2(pool.strides + 2, 4, 6);
    pool.padding = POOLGRAD_TENSORFLOW_SAME;
    cr_expect(GIVES(tensorflow, pool, p, 1, 3, 2) && starts(&p, 0, 0, 0));
    cr_expect(p.ties == POOLGRAD_TIES_FIRST && p.nan == POOLGRAD_NAN_IGNORE);
}

/* The lists are read in the order of the data format, whatever the source's layout is. */
Test(dialects, tensorflow_orders_lists_by_its_format)
{
    poolgrad_problem p = of_volume(POOLGRAD_MAX, 4, 6, 8);
    POOL(tensorflow, pool);
    set3(pool.ksize + 1, 2, 3, 4);
    set3(pool.strides + 1, 2, 3, 4);
    pool.padding = POOLGRAD_TENSORFLOW_VALID;
    cr_expect(GIVES(tensorflow, pool, p, 2, 2, 2) && p.window.kernel_width == 4 && p.window.kernel_depth == 2);
    pool.data_format = POOLGRAD_TENSORFLOW_NCHW;
    cr_expect(poolgrad_problem_from_tensorflow(&pool, &p, NULL, &refusal) == POOLGRAD_INVALID);
    cr_expect_str_eq(refusal.message, "ksize[1] is 2; expected 1: images and channels are not pooled");
}

/* [0, 0, 1, 0, 0, 1, 0, 0]: one row above, one column behind. */
Test(dialects, tensorflow_takes_explicit_paddings)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 2, 2);
    POOL(tensorflow, pool);
    pool.data_format = POOLGRAD_TENSORFLOW_NHWC;
    set2(pool.ksize + 1, 2, 2);
    set2(pool.strides + 1, 1, 1);
    pool.padding = POOLGRAD_TENSORFLOW_EXPLICIT;
    pool.explicit_paddings[2] = pool.explicit_paddings[5] = 1;
    cr_expect(GIVES(tensorflow, pool, p, 1, 2, 2) && starts(&p, 0, -1, 0));
    cr_expect(poolgrad_small_forward("explicit", &p, F32(2, 2, 1, 2, 3, 4), F32(2, 2, 2, 2, 4, 4), NO_PLANE));
}

/* ---- caffe ------------------------------------------------------------------------------------------------------- */

/* Rows of 5 under windows of 1, stride 3: three windows, the last one behind the image, unless an axis is padded. */
Test(dialects, caffe_drops_a_window_where_it_pads)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 6, 5);
    POOL(caffe, pool);
    pool.kernel_h = 3;
    pool.kernel_w = 1;
    pool.stride = 3;
    cr_expect(GIVES(caffe, pool, p, 1, 2, 3));
    cr_expect(p.ties == POOLGRAD_TIES_FIRST && p.nan == POOLGRAD_NAN_IGNORE);
    pool.pad_h = 1;
    pool.pad_w = 0;
    cr_expect(GIVES(caffe, pool, p, 1, 3, 2) && starts(&p, 0, -1, 0));
    pool.round_mode = POOLGRAD_CAFFE_FLOOR;
    cr_expect(GIVES(caffe, pool, p, 1, 2, 2));
}

/* The average counts pads, up to their end. */
Test(dialects, caffe_counts_pads)
{
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 2, 2);
    POOL(caffe, pool);
    pool.kernel_size = 2;
    pool.pad = 1;
    cr_expect(GIVES(caffe, pool, p, 1, 3, 3) && p.window.stride_x == 1);
    cr_expect(
        poolgrad_small_forward("caffe", &p, F32(2, 2, 4, 8, 12, 16), F32(3, 3, 1, 3, 2, 4, 10, 6, 3, 7, 4), NO_PLANE));
    POOL(caffe, global);
    global.global_pooling = 1;
    cr_expect(GIVES(caffe, global, p, 1, 1, 1) && p.window.kernel_width == 2 && p.zero_pad_x == 0);
    cr_expect(poolgrad_small_forward("global", &p, F32(2, 2, 4, 8, 12, 16), F32(1, 1, 10), NO_PLANE));
}

/* ---- cudnn ------------------------------------------------------------------------------------------------------- */

Test(dialects, cudnn_has_two_averages)
{
    const poolgrad_small source = F32(2, 2, 4, 8, 12, 16);
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 2, 2);
    POOL(cudnn, pool);
    set2(pool.windowDim, 2, 2);
    set2(pool.padding, 1, 1);
    set2(pool.stride, 2, 2);
    pool.mode = POOLGRAD_CUDNN_AVERAGE_COUNT_INCLUDE_PADDING;
    cr_expect(GIVES(cudnn, pool, p, 1, 2, 2));
    cr_expect(poolgrad_small_forward("include", &p, source, F32(2, 2, 1, 2, 3, 4), NO_PLANE));
    pool.mode = POOLGRAD_CUDNN_AVERAGE_COUNT_EXCLUDE_PADDING;
    cr_expect(GIVES(cudnn, pool, p, 1, 2, 2));
    cr_expect(poolgrad_small_forward("exclude", &p, source, F32(2, 2, 4, 8, 12, 16), NO_PLANE));
}

Test(dialects, cudnn_propagates_nan_if_told)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 1, 3);
    POOL(cudnn, pool);
    set2(pool.windowDim, 1, 3);
    set2(pool.stride, 1, 1);
    cr_expect(GIVES(cudnn, pool, p, 1, 1, 1) && p.ties == POOLGRAD_TIES_LAST);
    cr_expect(poolgrad_small_forward("left out", &p, F32(1, 3, 1, nan_value, 2), F32(1, 1, 2), I64(1, 1, 2)));
    pool.maxpoolingNanOpt = POOLGRAD_CUDNN_PROPAGATE_NAN;
    pool.mode = POOLGRAD_CUDNN_MAX_DETERMINISTIC;
    cr_expect(GIVES(cudnn, pool, p, 1, 1, 1) && p.nan == POOLGRAD_NAN_FIRST);
    cr_expect(poolgrad_small_forward("propagated", &p, F32(1, 3, 1, nan_value, 2), F32(1, 1, nan_value), I64(1, 1, 1)));
    p.nan = POOLGRAD_NAN_LAST;
    cr_expect(GIVES(cudnn, pool, p, 1, 1, 1) && p.nan == POOLGRAD_NAN_LAST);
}

/* ---- onednn ------------------------------------------------------------------------------------------------------ */

/* A dilation of 1 leaves one pixel out; the right padding may be negative. */
Test(dialects, onednn_counts_gaps)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 1, 6);
    POOL(onednn, pool);
    pool.dimensions = 1;
    pool.kernel[0] = 2;
    pool.strides[0] = 2;
    pool.dilation[0] = 1;
    cr_expect(GIVES(onednn, pool, p, 1, 1, 2) && p.window.dilation_x == 2 && p.nan == POOLGRAD_NAN_IGNORE);
    cr_expect(poolgrad_small_forward("gaps", &p, F32(1, 6, 1, 9, 3, 2, 5, 7), F32(1, 2, 3, 5), I64(1, 2, 2, 4)));
    pool.padding_r[0] = -2;
    cr_expect(GIVES(onednn, pool, p, 1, 1, 1));
}

/* Padding on the left alone; where it counts, N is the window's size. */
Test(dialects, onednn_has_two_averages)
{
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 1, 3);
    POOL(onednn, pool);
    pool.dimensions = 1;
    pool.kernel[0] = 2;
    pool.strides[0] = 2;
    pool.padding_l[0] = 1;
    pool.padding_r[0] = 0;
    pool.alg_kind = POOLGRAD_ONEDNN_POOLING_AVG_INCLUDE_PADDING;
    cr_expect(GIVES(onednn, pool, p, 1, 1, 2) && starts(&p, 0, 0, -1));
    cr_expect(poolgrad_small_forward("include", &p, F32(1, 3, 2, 4, 8), F32(1, 2, 1, 6), NO_PLANE));
    pool.alg_kind = POOLGRAD_ONEDNN_POOLING_AVG_EXCLUDE_PADDING;
    cr_expect(GIVES(onednn, pool, p, 1, 1, 2));
    cr_expect(poolgrad_small_forward("exclude", &p, F32(1, 3, 2, 4, 8), F32(1, 2, 2, 6), NO_PLANE));
    pool.padding_r[0] = POOLGRAD_UNSET; /* as padding_l */
    cr_expect(GIVES(onednn, pool, p, 1, 1, 2) && p.zero_pad_x == 0);
}

/* ---- Gradients and sizes ----------------------------------------------------------------------------------------- */

/* What is there already must have the framework's size; a gradient is placed as its forward call is. */
Test(dialects, sizes_that_are_there_must_fit)
{
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 2, 2);
    POOL(torch, pool);
    set2(pool.kernel_size, 2, 2);
    set2(pool.stride, 1, 1);
    set2(pool.padding, 1, 1);
    p.direction = POOLGRAD_GRADIENT;
    p.source_gradient = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 3, 3);
    cr_expect(GIVES(torch, pool, p, 1, 3, 3));
    cr_expect(poolgrad_small_gradient("gradient", &p, SIZE_ONLY(2, 2), F32(3, 3, 4, 0, 0, 0, 8, 0, 0, 0, 12), NO_PLANE,
                                      NO_PLANE, F32(2, 2, 3, 2, 2, 5)));
    const poolgrad_problem before = p;
    p.source_gradient.width = 4;
    cr_expect(poolgrad_problem_from_torch(&pool, &p, NULL, &refusal) == POOLGRAD_INVALID);
    cr_expect_str_eq(refusal.field, "source_gradient.width");
    cr_expect_str_eq(refusal.message, "source_gradient.width is 4; expected 3, what torch makes of a source of 2");
    p.source_gradient.width = 3;
    cr_expect(memcmp(&p, &before, sizeof p) == 0, "refused, but changed");
    poolgrad_problem forward = of(POOLGRAD_MAX, 4, 4);
    POOL(onnx, other);
    set2(other.kernel_shape, 3, 3);
    forward.destination = poolgrad_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 1);
    cr_expect(poolgrad_problem_from_onnx(&other, &forward, NULL, &refusal) == POOLGRAD_INVALID);
    cr_expect_str_eq(refusal.message, "destination.width is 1; expected 2, what onnx makes of a source of 4");
}

/* A struct of a caller that was compiled with fewer arguments, and one with more. */
Test(dialects, structs_grow)
{
    struct {
        poolgrad_torch_pool pool;
        int64_t later;
    } longer;
    poolgrad_torch_pool shorter;
    poolgrad_problem p = of(POOLGRAD_AVERAGE, 4, 4);
    poolgrad_torch_pool_init(&shorter, offsetof(poolgrad_torch_pool, ceil_mode));
    set2(shorter.kernel_size, 2, 2);
    memset(&shorter.ceil_mode, 0x55, sizeof shorter - offsetof(poolgrad_torch_pool, ceil_mode));
    cr_expect(GIVES(torch, shorter, p, 1, 2, 2));
    poolgrad_torch_pool_init(&longer.pool, sizeof longer);
    set2(longer.pool.kernel_size, 2, 2);
    cr_expect(GIVES(torch, longer.pool, p, 1, 2, 2) && longer.later == 0);
    longer.later = 1;
    cr_expect(poolgrad_problem_from_torch(&longer.pool, &p, NULL, &refusal) == POOLGRAD_INVALID);
    cr_expect_str_eq(refusal.field, "pool.struct_size");
    cr_expect(poolgrad_problem_from_torch(NULL, &p, NULL, &refusal) == POOLGRAD_INVALID);
    cr_expect(poolgrad_problem_from_torch(&shorter, NULL, NULL, NULL) == POOLGRAD_INVALID);
}

/* ---- Rows of ones, window by window ------------------------------------------------------------------------------ */

enum { LONGEST = 12 };

/* A row under windows of a framework, found by walking: no formula of sizes is used. */
typedef struct walk {
    int64_t size, kernel, stride, dilation, before, behind;
    bool up, drops, counted;
} walk;

static walk walk_make(random_state *r)
{
    walk w = {.size = random_between(r, 1, LONGEST),
              .kernel = random_between(r, 1, 5),
              .stride = random_between(r, 1, 4),
              .dilation = random_between(r, 1, 3),
              .up = random_chance(r, 50),
              .drops = true,
              .counted = random_chance(r, 50)};
    w.before = random_between(r, 0, w.kernel / 2);
    w.behind = w.before;
    return w;
}

/* Writes the averages of a row of ones; returns how many windows there are. */
static int64_t walk_expect(const walk *w, float expected[4 * LONGEST])
{
    const int64_t extent = (w->kernel - 1) * w->dilation + 1, end = w->size + w->behind;
    int64_t windows = 0;
    for (int64_t start = -w->before;; start += w->stride, windows++) {
        /* Rounded up, there is a window as long as the last one has left something. */
        if (w->up ? start - w->stride + extent >= end : start + extent > end) break;
        if (w->up && w->drops && windows > 0 && start >= w->size) break;
        int64_t inside = 0, count = 0;
        for (int64_t tap = 0; tap < w->kernel; tap++) {
            const int64_t x = start + tap * w->dilation;
            const bool is_inside = x >= 0 && x < w->size;
            inside += is_inside;
            count += is_inside || (w->counted && x >= -w->before && x < end);
        }
        expected[windows] = inside > 0 ? (float)inside / (float)count : 0;
    }
    return windows;
}

/* Each makes the walk what the framework can say, and the problem from the framework's arguments. */

static poolgrad_status ask_torch(walk *w, poolgrad_problem *p)
{
    POOL(torch, pool);
    w->dilation = 1; /* of average */
    pool.dimensions = 1;
    pool.kernel_size[0] = w->kernel;
    pool.stride[0] = w->stride;
    pool.padding[0] = w->before;
    pool.ceil_mode = w->up;
    pool.count_include_pad = w->counted;
    return poolgrad_problem_from_torch(&pool, p, &found, &refusal);
}

static poolgrad_status ask_onnx(walk *w, poolgrad_problem *p)
{
    POOL(onnx, pool);
    w->behind += w->size % 2;
    pool.dimensions = 1;
    pool.kernel_shape[0] = w->kernel;
    pool.strides[0] = w->stride;
    pool.dilations[0] = w->dilation;
    set2(pool.pads, w->before, w->behind);
    pool.ceil_mode = w->up;
    pool.count_include_pad = w->counted;
    return poolgrad_problem_from_onnx(&pool, p, &found, &refusal);
}

static poolgrad_status ask_caffe(walk *w, poolgrad_problem *p)
{
    POOL(caffe, pool);
    w->dilation = 1;
    w->counted = true;
    w->drops = w->before > 0;
    pool.kernel_h = 1;
    pool.kernel_w = w->kernel;
    pool.stride = w->stride;
    pool.pad_h = 0;
    pool.pad_w = w->before;
    pool.round_mode = w->up ? POOLGRAD_CAFFE_CEIL : POOLGRAD_CAFFE_FLOOR;
    return poolgrad_problem_from_caffe(&pool, p, &found, &refusal);
}

static poolgrad_status ask_cudnn(walk *w, poolgrad_problem *p)
{
    POOL(cudnn, pool);
    w->dilation = 1;
    w->up = false;
    pool.mode = w->counted ? POOLGRAD_CUDNN_AVERAGE_COUNT_INCLUDE_PADDING
                           : POOLGRAD_CUDNN_AVERAGE_COUNT_EXCLUDE_PADDING;
    set2(pool.windowDim, 1, w->kernel);
    set2(pool.padding, 0, w->before);
    set2(pool.stride, 1, w->stride);
    return poolgrad_problem_from_cudnn(&pool, p, &found, &refusal);
}

static poolgrad_status ask_onednn(walk *w, poolgrad_problem *p)
{
    POOL(onednn, pool);
    w->up = false;
    w->counted = true;
    w->behind -= w->stride > 1;
    pool.dimensions = 1;
    pool.alg_kind = POOLGRAD_ONEDNN_POOLING_AVG_INCLUDE_PADDING;
    pool.kernel[0] = w->kernel;
    pool.strides[0] = w->stride;
    pool.dilation[0] = w->dilation - 1;
    pool.padding_l[0] = w->before;
    pool.padding_r[0] = w->behind;
    return poolgrad_problem_from_onednn(&pool, p, &found, &refusal);
}

Test(dialects, windows_are_those_of_a_walk)
{
    static poolgrad_status (*const ask[])(walk *, poolgrad_problem *) = {ask_torch, ask_onnx, ask_caffe, ask_cudnn,
                                                                         ask_onednn};
    const float ones[LONGEST] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    random_sweep sweep = random_sweep_start("dialects", 2000);
    while (random_sweep_next(&sweep)) {
        float expected[4 * LONGEST], result[4 * LONGEST];
        random_state r = {sweep.seed};
        walk w = walk_make(&r);
        const size_t framework = (size_t)random_between(&r, 0, sizeof ask / sizeof *ask - 1);
        poolgrad_problem p = of(POOLGRAD_AVERAGE, 1, w.size);
        const bool taken = ask[framework](&w, &p) == POOLGRAD_OK;
        const int64_t windows = walk_expect(&w, expected);
        cr_expect_eq(taken, windows > 0, "framework %zu, %d windows: %s", framework, (int)windows, refusal.message);
        if (!taken || windows == 0) continue;
        sweep.telling++;
        cr_assert(found.width == windows && found.height == 1, "framework %zu: %d windows", framework, (int)windows);
        p.source.data = ones;
        p.destination = poolgrad_image_dense(result, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, windows);
        cr_assert(poolgrad_run(&p, &refusal) == POOLGRAD_OK, "%s", refusal.message);
        cr_expect(memcmp(result, expected, (size_t)windows * sizeof *result) == 0, "framework %zu", framework);
    }
    cr_expect(random_sweep_told(&sweep, 50));
}

/* ---- What is refused --------------------------------------------------------------------------------------------- */

/* A pool that the framework takes, spoiled by the statements; the sentence must be this one. */
#define REFUSES(framework, of_kind, sentence, ...)                                                                     \
    do {                                                                                                               \
        poolgrad_problem p = of_volume(POOLGRAD_##of_kind, 0, 4, 4);                                                   \
        poolgrad_##framework##_pool pool = framework##_taken(p.kind);                                                  \
        cr_expect(poolgrad_problem_from_##framework(&pool, &p, NULL, &refusal) == POOLGRAD_OK, "%s", refusal.message); \
        __VA_ARGS__;                                                                                                   \
        const poolgrad_problem before = p;                                                                             \
        const poolgrad_status status = poolgrad_problem_from_##framework(&pool, &p, NULL, &refusal);                   \
        cr_expect(poolgrad_small_refusal(status, &refusal), "taken: %s", sentence);                                    \
        cr_expect_str_eq(refusal.message, sentence);                                                                   \
        cr_expect(memcmp(&before, &p, sizeof p) == 0, "changed: %s", sentence);                                        \
    } while (0)

static poolgrad_torch_pool torch_taken(poolgrad_kind kind)
{
    POOL(torch, pool);
    (void)kind;
    set2(pool.kernel_size, 2, 2);
    return pool;
}

Test(dialects, torch_refuses)
{
    REFUSES(torch, MAX, "kernel_size[1] is 0; expected 1 to 2^61", pool.kernel_size[1] = 0);
    REFUSES(torch, MAX, "kernel_size[0] is not set; expected a value, torch has no default for it",
            pool.kernel_size[0] = POOLGRAD_UNSET);
    REFUSES(torch, MAX, "stride[0] is 0; expected 1 to 2^61", pool.stride[0] = 0);
    REFUSES(torch, MAX, "padding[1] is -1; expected 0 to 2^61", pool.padding[1] = -1);
    REFUSES(torch, MAX, "padding[0] is 2 where the kernel's size is 2; expected at most half of that",
            pool.padding[0] = 2);
    REFUSES(torch, MAX, "dilation[0] is 0; expected 1 to 2^61", pool.dilation[0] = 0);
    REFUSES(torch, MAX,
            "kernel_size is 3 with taps 1152921504606846976 pixels apart; expected a window that spans at most 2^61 "
            "pixels",
            pool.kernel_size[1] = 3;
            pool.dilation[1] = INT64_C(1) << 60);
    REFUSES(torch, MAX, "dimensions is 4; expected 1 to 3", pool.dimensions = 4);
    REFUSES(torch, MAX, "source.height is 4; expected 1, of 1 dimensions", pool.dimensions = 1);
    REFUSES(torch, MAX, "ceil_mode is 2; expected 0 or 1", pool.ceil_mode = 2);
    REFUSES(torch, MAX, "count_include_pad is 0; expected nothing: only average pooling counts padding",
            pool.count_include_pad = 0);
    REFUSES(torch, MAX, "divisor_override is 3; expected nothing: only average pooling has a divisor",
            pool.divisor_override = 3);
    REFUSES(torch, AVERAGE, "divisor_override is 0; expected another integer", pool.divisor_override = 0);
    REFUSES(torch, AVERAGE, "divisor_override is 2; expected nothing: avg_pool1d has none", p.source.height = 1;
            pool.dimensions = 1; pool.divisor_override = 2);
    REFUSES(torch, AVERAGE, "dilation[1] is 2; expected 1: only max pooling has a dilation", pool.dilation[1] = 2);
    REFUSES(torch, AVERAGE, "norm_type is 2; expected nothing: only lp_pool has a norm", pool.norm_type = 2);
    REFUSES(torch, L2NORM, "norm_type is 3; expected 2, the only norm here", pool.norm_type = 3);
    REFUSES(torch, L2NORM, "padding[0] is 1; expected 0: lp_pool has none", pool.padding[0] = 1);
    REFUSES(torch, L2NORM, "root_mean is 1; expected 0: torch has no root of the mean", p.root_mean = 1);
    REFUSES(torch, L2NORM,
            "ceil_mode is 1 where the last window ends behind the source; expected 0: lp_pool scales such windows, "
            "which no norm does",
            pool.kernel_size[1] = 3;
            pool.ceil_mode = 1);
    REFUSES(torch, AVERAGE,
            "source.width is 4 and 4 with its pads, where a window spans 5 pixels; expected room for a "
            "window",
            pool.kernel_size[1] = 5);
    REFUSES(torch, AVERAGE, "kernel_size[2] is 5; expected at most the source's size, 4, as avg_pool3d does",
            set3(pool.kernel_size, 1, 1, 5);
            set3(pool.padding, 0, 0, 2); pool.dimensions = 3);
    REFUSES(torch, MAX, "direction is 2; expected forward (0) or gradient (1)", p.direction = (poolgrad_direction)2);
    REFUSES(torch, MAX, "kind is 3; expected average (0), max (1) or L2-norm (2): torch has no other pooling",
            p.kind = (poolgrad_kind)3);
}

/* A dilation leaves pads no more room. */
Test(dialects, torch_holds_pads_to_the_kernel)
{
    poolgrad_problem p = of(POOLGRAD_MAX, 1, 9);
    POOL(torch, pool);
    set3(pool.kernel_size, 2, 2, 2);
    set3(pool.dilation, 3, 3, 3);
    set3(pool.padding, 1, 1, 1);
    cr_expect(poolgrad_problem_from_torch(&pool, &p, NULL, &refusal) == POOLGRAD_INVALID);
    p.source.height = 9;
    cr_expect(GIVES(torch, pool, p, 1, 4, 4) && starts(&p, 0, -1, -1));
    set3(pool.padding, 2, 2, 2);
    for (int dimensions = 2; dimensions <= 3; dimensions++) {
        pool.dimensions = dimensions;
        cr_expect(poolgrad_problem_from_torch(&pool, &p, NULL, &refusal) == POOLGRAD_INVALID);
        cr_expect(strstr(refusal.message, "is 2 where the kernel's size is 2; expected at most half of that") != NULL,
                  "%s", refusal.message);
    }
}

Test(dialects, torch_refuses_to_adapt)
{
    poolgrad_span spans[2];
#define ADAPTIVE                                                                                                       \
    pool.kernel_size[0] = pool.kernel_size[1] = POOLGRAD_UNSET;                                                        \
    set2(pool.output_size, 3, 2)
    REFUSES(torch, MAX, "kernel_size is 2; expected nothing: output_size makes the pooling adaptive",
            pool.output_size[0] = 2);
    REFUSES(torch, MAX, "ceil_mode is 0; expected nothing: output_size makes the pooling adaptive", ADAPTIVE;
            pool.ceil_mode = 0);
    REFUSES(torch, MAX, "output_size[0] is 0; expected 1 to 2^61", ADAPTIVE; pool.output_size[0] = 0);
    REFUSES(torch, L2NORM, "output_size is set; expected nothing: lp_pool is not adaptive", ADAPTIVE);
    REFUSES(torch, MAX,
            "spans leaves room for 0 windows of an axis; expected room for 3, for there are so many of different sizes",
            ADAPTIVE);
    REFUSES(torch, MAX,
            "span_count leaves room for 2 windows of an axis; expected room for 3, for there are so many of different "
            "sizes",
            ADAPTIVE;
            pool.spans = spans; pool.span_count = 2);
}

static poolgrad_onnx_pool onnx_taken(poolgrad_kind kind)
{
    POOL(onnx, pool);
    (void)kind;
    set2(pool.kernel_shape, 2, 2);
    return pool;
}

Test(dialects, onnx_refuses)
{
    REFUSES(onnx, MAX, "auto_pad is 4; expected NOTSET (0), SAME_UPPER (1), SAME_LOWER (2) or VALID (3)",
            pool.auto_pad = 4);
    REFUSES(onnx, MAX, "pads[3] is 0; expected nothing beside auto_pad SAME_UPPER", pool.pads[3] = 0;
            pool.auto_pad = POOLGRAD_ONNX_SAME_UPPER);
    REFUSES(onnx, MAX, "pads[2] is -1; expected 0 to 2^61", pool.pads[2] = -1);
    REFUSES(onnx, MAX, "kernel_shape[0] is -1; expected 1 to 2^61", pool.kernel_shape[0] = -1);
    REFUSES(onnx, MAX, "count_include_pad is 1; expected nothing: only AveragePool has it", pool.count_include_pad = 1);
    REFUSES(onnx, AVERAGE, "storage_order is 0; expected nothing: only MaxPool has it", pool.storage_order = 0);
    REFUSES(onnx, MAX, "storage_order is 2; expected 0 or 1", pool.storage_order = 2);
    REFUSES(onnx, MAX, "storage_order is 1; expected 0 where places are read or written, which count by rows",
            pool.storage_order = 1;
            p.picks.format = POOLGRAD_INT64);
    REFUSES(onnx, MAX, "p is 2; expected nothing: only LpPool has it", pool.p = 2);
    REFUSES(onnx, L2NORM, "p is 1; expected 2, the only norm here", pool.p = 1);
    REFUSES(onnx, MAX,
            "kernel_shape is 2305843009213693952 with taps 2 pixels apart; expected a window that spans at most 2^61 "
            "pixels",
            pool.kernel_shape[0] = INT64_C(1) << 61;
            pool.dilations[0] = 2; pool.auto_pad = POOLGRAD_ONNX_SAME_LOWER);
}

static poolgrad_tensorflow_pool tensorflow_taken(poolgrad_kind kind)
{
    POOL(tensorflow, pool);
    (void)kind;
    pool.data_format = POOLGRAD_TENSORFLOW_NCHW;
    set2(pool.ksize + 2, 2, 2);
    set2(pool.strides + 2, 2, 2);
    pool.padding = POOLGRAD_TENSORFLOW_SAME;
    return pool;
}

Test(dialects, tensorflow_refuses)
{
    REFUSES(tensorflow, MAX, "ksize[0] is 2; expected 1: images and channels are not pooled", pool.ksize[0] = 2);
    REFUSES(tensorflow, MAX, "strides[1] is 2; expected 1: images and channels are not pooled", pool.strides[1] = 2);
    REFUSES(tensorflow, MAX, "strides[3] is not set; expected a value, tensorflow has no default for it",
            pool.strides[3] = POOLGRAD_UNSET);
    REFUSES(tensorflow, MAX, "padding is not set; expected VALID (1), SAME (2) or EXPLICIT (3)",
            pool.padding = POOLGRAD_UNSET);
    REFUSES(tensorflow, MAX, "padding is 0; expected VALID (1), SAME (2) or EXPLICIT (3)", pool.padding = 0);
    REFUSES(tensorflow, MAX, "data_format is 2; expected NHWC (0) or NCHW (1)", pool.data_format = 2);
    REFUSES(tensorflow, MAX, "explicit_paddings[4] is 1; expected nothing: padding is not EXPLICIT",
            pool.explicit_paddings[4] = 1);
    REFUSES(tensorflow, MAX, "explicit_paddings[7] is 2; expected 0 to 1, less than ksize",
            pool.explicit_paddings[7] = 2;
            pool.padding = POOLGRAD_TENSORFLOW_EXPLICIT);
    REFUSES(tensorflow, MAX, "explicit_paddings[1] is 1; expected 0: images and channels are not pooled",
            pool.explicit_paddings[1] = 1;
            pool.padding = POOLGRAD_TENSORFLOW_EXPLICIT);
    REFUSES(tensorflow, AVERAGE,
            "padding is EXPLICIT (3); expected VALID (1) or SAME (2): only max pooling of up to two dimensions takes "
            "explicit paddings",
            pool.padding = POOLGRAD_TENSORFLOW_EXPLICIT);
    REFUSES(tensorflow, MAX, "kind is 2; expected average (0) or max (1): tensorflow has no other pooling",
            p.kind = POOLGRAD_L2NORM);
}

static poolgrad_caffe_pool caffe_taken(poolgrad_kind kind)
{
    POOL(caffe, pool);
    (void)kind;
    pool.kernel_size = 2;
    return pool;
}

Test(dialects, caffe_refuses)
{
    REFUSES(caffe, MAX, "kernel_size is not set; expected it", pool.kernel_size = POOLGRAD_UNSET);
    REFUSES(caffe, MAX, "kernel_size is 2 beside kernel_w; expected kernel_size, or kernel_h and kernel_w",
            pool.kernel_w = 2);
    REFUSES(caffe, MAX, "kernel_w is not set; expected both kernel_h and kernel_w, or kernel_size",
            pool.kernel_size = POOLGRAD_UNSET;
            pool.kernel_h = 2);
    REFUSES(caffe, MAX, "stride_w is 0; expected 1 to 2^61", pool.stride_h = 1; pool.stride_w = 0);
    REFUSES(caffe, MAX, "pad is 2; expected less than the kernel, 2", pool.pad = 2);
    REFUSES(caffe, MAX, "pad_h is 2; expected less than the kernel, 2", pool.pad_h = 2; pool.pad_w = 1);
    REFUSES(caffe, MAX, "stride_w is 2; expected 1 with global_pooling", pool.kernel_size = POOLGRAD_UNSET;
            pool.global_pooling = 1; pool.stride_h = 1; pool.stride_w = 2);
    REFUSES(caffe, MAX, "kernel_size is 2; expected nothing: global_pooling says the window", pool.global_pooling = 1);
    REFUSES(caffe, MAX, "pad is 1; expected 0 with global_pooling", pool.kernel_size = POOLGRAD_UNSET;
            pool.global_pooling = 1; pool.pad = 1);
    REFUSES(caffe, MAX, "stride is 2; expected 1 with global_pooling", pool.kernel_size = POOLGRAD_UNSET;
            pool.global_pooling = 1; pool.stride = 2);
    REFUSES(caffe, MAX, "round_mode is 2; expected CEIL (0) or FLOOR (1)", pool.round_mode = 2);
    REFUSES(caffe, MAX, "source.depth is 2; expected 1, of 2 dimensions", p.source.depth = 2);
}

static poolgrad_cudnn_pool cudnn_taken(poolgrad_kind kind)
{
    POOL(cudnn, pool);
    if (kind == POOLGRAD_AVERAGE) pool.mode = POOLGRAD_CUDNN_AVERAGE_COUNT_EXCLUDE_PADDING;
    set2(pool.windowDim, 2, 2);
    set2(pool.stride, 2, 2);
    return pool;
}

Test(dialects, cudnn_refuses)
{
#define AVERAGES                                                                                                       \
    "expected CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING (1) or CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING (2) of "  \
    "average pooling"
    REFUSES(cudnn, AVERAGE, "mode is not set; " AVERAGES, pool.mode = POOLGRAD_UNSET);
    REFUSES(cudnn, AVERAGE, "mode is 0; " AVERAGES, pool.mode = POOLGRAD_CUDNN_MAX);
    REFUSES(cudnn, MAX,
            "mode is 1; expected CUDNN_POOLING_MAX (0) or CUDNN_POOLING_MAX_DETERMINISTIC (3) of max pooling",
            pool.mode = POOLGRAD_CUDNN_AVERAGE_COUNT_INCLUDE_PADDING);
    REFUSES(cudnn, MAX, "maxpoolingNanOpt is 2; expected CUDNN_NOT_PROPAGATE_NAN (0) or CUDNN_PROPAGATE_NAN (1)",
            pool.maxpoolingNanOpt = 2);
    REFUSES(cudnn, MAX, "dimensions is 1; expected 2 to 3", pool.dimensions = 1);
    REFUSES(cudnn, MAX, "stride[1] is 0; expected 1 to 2^61", pool.stride[1] = 0);
    REFUSES(cudnn, MAX, "padding[0] is -1; expected 0 to 2^61", pool.padding[0] = -1);
}

static poolgrad_onednn_pool onednn_taken(poolgrad_kind kind)
{
    POOL(onednn, pool);
    if (kind == POOLGRAD_AVERAGE) pool.alg_kind = POOLGRAD_ONEDNN_POOLING_AVG_EXCLUDE_PADDING;
    set2(pool.kernel, 2, 2);
    set2(pool.strides, 2, 2);
    return pool;
}

Test(dialects, onednn_refuses)
{
    REFUSES(onednn, AVERAGE,
            "alg_kind is not set; expected pooling_avg_include_padding (1) or pooling_avg_exclude_padding (2) of "
            "average pooling",
            pool.alg_kind = POOLGRAD_UNSET);
    REFUSES(onednn, MAX, "alg_kind is 2; expected pooling_max (0) of max pooling", pool.alg_kind = 2);
    REFUSES(onednn, MAX, "dilation[0] is -1; expected 0 to 2^61", pool.dilation[0] = -1);
    REFUSES(onednn, MAX, "padding_r[1] is -3; expected -2 to 2^61, no further back than a stride",
            pool.padding_r[1] = -3);
    REFUSES(onednn, AVERAGE,
            "padding_l[0] is 2 where a window spans 2; expected less, with pooling_avg_exclude_padding",
            pool.padding_l[0] = 2;
            pool.padding_r[0] = 0);
    REFUSES(onednn, AVERAGE,
            "padding_r[1] is 2 where a window spans 2; expected less, with pooling_avg_exclude_padding",
            pool.padding_r[1] = 2);
    REFUSES(onednn, AVERAGE,
            "dilation[0] is 4; expected less than the source's size, 4, with pooling_avg_exclude_padding",
            pool.dilation[0] = 4;
            pool.padding_l[0] = 1);
}
