/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The geometries of other frameworks as padding policies: TensorFlow's SAME, Caffe's poolings and PyTorch's ceil mode,
 * forward and gradient. Flags say most of it; what they cannot say a custom policy does, which sees the kernel after
 * everything else has been configured and changes the size of the result and the place of the windows.
 *
 * TensorFlow and Caffe pick the first of equal maxima and add in raster order, as PyTorch does, which stands for them
 * here: its results were made sure of by the loops they publish. All bits are the same.
 */
#include "example.h"

#include <poolgrad/graph.h>
#include <stdio.h>

/* ---- Custom policies ----------------------------------------------------------------------------------------- */

/* What a framework's layer says of its padding. */
typedef struct pads {
    int64_t each_side;
    bool counted; /* by averages */
} pads;

static int64_t tensorflow_before(int64_t source, int64_t result, int64_t kernel, int64_t stride)
{
    int64_t total = (result - 1) * stride + kernel - source;
    return total > 0 ? total / 2 : 0;
}

/*
 * SAME to the letter: total padding is never negative. The flags' formula goes on where a stride leaves out the end of
 * the image, and begins inside the image instead (docs/numerics.md N51); up to there both are the same.
 */
static poolgrad_status tensorflow_same(void *context, const poolgrad_padding_request *request,
                                       poolgrad_image *descriptor, poolgrad_error *error)
{
    (void)context, (void)error;
    poolgrad_pooling *kernel = request->pooling;
    if (!kernel) return POOLGRAD_OK; /* a gradient: the forward kernel's state has placed its windows */
    const poolgrad_const_image *source = request->source_image;
    int64_t left = tensorflow_before(source->width, descriptor->width, kernel->kernel_width,
                                     kernel->stride_in_pixels_x);
    int64_t top = tensorflow_before(source->height, descriptor->height, kernel->kernel_height,
                                    kernel->stride_in_pixels_y);
    kernel->offset.x = kernel->kernel_width / 2 - left;
    kernel->offset.y = kernel->kernel_height / 2 - top;
    return POOLGRAD_OK;
}

/* Sizes round up, and a last window that would begin behind the image is dropped. Averages count what each framework
 * counts: the taps of the image, or those of the padding too. */
static poolgrad_status ceil_mode(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                                 poolgrad_error *error)
{
    const pads *p = context;
    poolgrad_pooling *kernel = request->pooling;
    if (!kernel) return POOLGRAD_OK;
    const poolgrad_const_image *source = request->source_image;
    poolgrad_window window = {.kernel_width = kernel->kernel_width,
                              .kernel_height = kernel->kernel_height,
                              .stride_x = kernel->stride_in_pixels_x,
                              .stride_y = kernel->stride_in_pixels_y,
                              .dilation_x = kernel->dilation_rate_x,
                              .dilation_y = kernel->dilation_rate_y};
    poolgrad_pads around = {.left = p->each_side,
                            .top = p->each_side,
                            .right = p->each_side,
                            .bottom = p->each_side,
                            .counted = p->counted};
    poolgrad_padding placed;
    poolgrad_status status = poolgrad_padding_explicit(&around, POOLGRAD_ROUND_UP_DROP, &window, source->height,
                                                       source->width, &placed, error);
    if (status != POOLGRAD_OK) return status;
    descriptor->width = placed.width;
    descriptor->height = placed.height;
    kernel->offset = (poolgrad_offset){placed.offset_x, placed.offset_y, 0};
    kernel->edge_mode = POOLGRAD_EDGE_CLAMP;
    kernel->zero_pad_size_x = placed.zero_pad_x;
    kernel->zero_pad_size_y = placed.zero_pad_y;
    return POOLGRAD_OK;
}

/* ---- The layers ---------------------------------------------------------------------------------------------- */

enum { SAME = POOLGRAD_PADDING_SIZE_SAME, TENSORFLOW = SAME | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT };

typedef enum policy_name {
    TENSORFLOW_SAME,      /* flags */
    TENSORFLOW_AVERAGE,   /* MPS's own policy for it */
    TENSORFLOW_TO_LETTER, /* custom */
    EXCLUDE_EDGES,        /* flags: Caffe's averages */
    CEIL_MODE             /* custom: Caffe and PyTorch */
} policy_name;

typedef struct layer {
    const char *name; /* folder of tests/data/examples */
    int64_t height, width;
    poolgrad_kind kind;
    int64_t size, stride;
    policy_name policy;
    pads pads;
} layer;

static const layer layers[] = {
    {"tensorflow-same-max-3x3s2", 27, 30, POOLGRAD_MAX, 3, 2, TENSORFLOW_SAME, {0, false}},
    {"tensorflow-same-max-3x3s2", 27, 30, POOLGRAD_MAX, 3, 2, TENSORFLOW_TO_LETTER, {0, false}},
    {"tensorflow-same-average-3x3s2", 27, 30, POOLGRAD_AVERAGE, 3, 2, TENSORFLOW_AVERAGE, {0, false}},
    {"tensorflow-same-average-4x4s1", 27, 30, POOLGRAD_AVERAGE, 4, 1, TENSORFLOW_AVERAGE, {0, false}},
    {"tensorflow-same-max-2x2s5", 29, 28, POOLGRAD_MAX, 2, 5, TENSORFLOW_TO_LETTER, {0, false}},
    {"caffe-max-3x3s2", 30, 27, POOLGRAD_MAX, 3, 2, CEIL_MODE, {0, true}},
    {"caffe-average-3x3s2p1", 30, 27, POOLGRAD_AVERAGE, 3, 2, CEIL_MODE, {1, true}},
    {"caffe-average-3x3s2p1-odd", 31, 27, POOLGRAD_AVERAGE, 3, 2, CEIL_MODE, {1, true}},
    {"caffe-average-3x3s2p1-odd", 31, 27, POOLGRAD_AVERAGE, 3, 2, EXCLUDE_EDGES, {0, true}},
    {"torch-ceil-max-3x3s2p1", 30, 27, POOLGRAD_MAX, 3, 2, CEIL_MODE, {1, false}},
    {"torch-ceil-average-2x2s2p1", 27, 30, POOLGRAD_AVERAGE, 2, 2, CEIL_MODE, {1, false}},
    {"torch-ceil-average-5x5s3p2", 27, 30, POOLGRAD_AVERAGE, 5, 3, CEIL_MODE, {2, true}},
};

static poolgrad_padding_policy make_policy(policy_name name, const pads *around)
{
    switch (name) {
    case TENSORFLOW_SAME: return poolgrad_padding_policy_with_method(TENSORFLOW);
    case TENSORFLOW_AVERAGE: return poolgrad_padding_policy_for_tensorflow_average_pooling();
    case TENSORFLOW_TO_LETTER: return poolgrad_padding_policy_custom(TENSORFLOW, tensorflow_same, NULL);
    case EXCLUDE_EDGES: return poolgrad_padding_policy_with_method(SAME | POOLGRAD_PADDING_EXCLUDE_EDGES);
    default: return poolgrad_padding_policy_custom(SAME, ceil_mode, (void *)(uintptr_t)around);
    }
}

static poolgrad_graph *make_graph(const layer *l, policy_name policy)
{
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    poolgrad_filter_node *pool =
        l->kind == POOLGRAD_MAX
            ? poolgrad_pooling_max_node_create_with_filter_size_and_stride(network, x, l->size, l->stride)
            : poolgrad_pooling_average_node_create_with_filter_size_and_stride(network, x, l->size, l->stride);
    poolgrad_padding_policy padding = make_policy(policy, &l->pads);
    poolgrad_filter_node_set_padding_policy(pool, &padding);
    poolgrad_image_node_set_export_from_graph(poolgrad_filter_node_result_image(pool), 1);
    poolgrad_image_node *dy = poolgrad_image_node_create(network, "dy");
    poolgrad_filter_node *back = poolgrad_filter_node_gradient_filter_with_source(pool, dy);
    poolgrad_graph *graph;
    poolgrad_error error;
    example_check(poolgrad_graph_create(network, poolgrad_filter_node_result_image(back), 1, &graph, &error), &error);
    example_check(poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, &error), &error);
    poolgrad_network_destroy(network);
    return graph;
}

/* ---- Running them -------------------------------------------------------------------------------------------- */

/* A corner of the photo where something is to be seen. */
static poolgrad_const_image crop_of(const poolgrad_const_image *photo, const layer *l)
{
    enum { TOP = 40, LEFT = 30, CHANNELS = 2 };
    poolgrad_const_image front = example_front(photo, 1, CHANNELS);
    return example_crop(&front, TOP, LEFT, l->height, l->width);
}

typedef struct results {
    poolgrad_buffer *y, *dx;
} results;

static results encode(const layer *l, policy_name policy, const poolgrad_const_image *photo,
                      const poolgrad_const_image *dy)
{
    poolgrad_graph *graph = make_graph(l, policy);
    poolgrad_const_image sources[] = {crop_of(photo, l), *dy};
    results made;
    poolgrad_error error;
    example_check(poolgrad_graph_encode(graph, NULL, sources, 2, NULL, 0, &made.dx, &made.y, NULL, &error), &error);
    poolgrad_graph_destroy(graph);
    return made;
}

static void free_results(results *made)
{
    poolgrad_buffer_destroy(made->y);
    poolgrad_buffer_destroy(made->dx);
}

static bool agrees(const layer *l, const poolgrad_const_image *photo)
{
    char folder[64];
    snprintf(folder, sizeof folder, "examples/%s", l->name);
    printf("%s\n", folder);
    poolgrad_padding_policy policy = make_policy(l->policy, &l->pads);
    example_describe_padding_policy(&policy);
    poolgrad_const_image y = example_read(folder, "destination"), dy = example_read(folder, "source_gradient");
    poolgrad_const_image dx = example_read(folder, "destination_gradient");
    results made = encode(l, l->policy, photo, &dy);
    bool good = example_agree("forward", poolgrad_buffer_const_image(made.y), &y, 0);
    good = example_agree("gradient", poolgrad_buffer_const_image(made.dx), &dx, 0) && good;
    free_results(&made);
    example_free(&dx);
    example_free(&dy);
    example_free(&y);
    return good;
}

/* ---- Where flags are not enough ------------------------------------------------------------------------------ */

/* 2x2 windows in steps of 5 over 29 rows: TensorFlow begins at row 0, the flags' formula at row 1. */
static bool tensorflow_parts(const poolgrad_const_image *photo)
{
    static const layer parted = {"tensorflow-same-max-2x2s5", 29, 28, POOLGRAD_MAX, 2, 5, TENSORFLOW_SAME, {0, false}};
    static const poolgrad_window window = {2, 2, 1, 5, 5, 1, 1, 1, 1};
    puts("where the flags and TensorFlow part");
    poolgrad_padding placed;
    poolgrad_error error;
    example_check(
        poolgrad_padding_forward(TENSORFLOW, parted.kind, &window, parted.height, parted.width, &placed, &error),
        &error);
    bool good = example_expect(placed.top == -1 && placed.left == 0, "the first window begins at row 1, column 0");
    poolgrad_const_image y = example_read("examples/tensorflow-same-max-2x2s5", "destination");
    poolgrad_const_image dy = example_read("examples/tensorflow-same-max-2x2s5", "source_gradient");
    results made = encode(&parted, TENSORFLOW_SAME, photo, &dy);
    good = example_expect(example_different(poolgrad_buffer_const_image(made.y), &y) > 0, "the values are others") &&
           good;
    free_results(&made);
    example_free(&dy);
    example_free(&y);
    return good;
}

/* 3x3 windows in steps of 2 with padding 1, over 30 rows: Caffe begins a sixteenth window, the flags do not. */
static bool caffe_parts(void)
{
    static const poolgrad_window window = {3, 3, 1, 2, 2, 1, 1, 1, 1};
    puts("where the flags and Caffe part");
    poolgrad_padding placed;
    poolgrad_error error;
    example_check(poolgrad_padding_forward(SAME | POOLGRAD_PADDING_EXCLUDE_EDGES, POOLGRAD_AVERAGE, &window, 30, 27,
                                           &placed, &error),
                  &error);
    poolgrad_const_image y = example_read("examples/caffe-average-3x3s2p1", "destination");
    bool good = example_expect(placed.width == 14 && y.width == 14, "both have 14 columns for 27");
    good = example_expect(placed.height == 15 && y.height == 16, "15 rows for 30, where Caffe has 16") && good;
    example_free(&y);
    return good;
}

int main(void)
{
    poolgrad_const_image photo = example_read("photo-max-3x3s2p1", "source");
    bool good = true;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) good = agrees(&layers[i], &photo) && good;
    good = tensorflow_parts(&photo) && good;
    good = caffe_parts() && good;
    example_free(&photo);
    return good ? 0 : 1;
}
