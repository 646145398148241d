/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad: the reference for pooling and pooling gradients.
 *
 * Synopsis
 * --------
 *     #include <poolgrad/poolgrad.h>            // cc main.c $(pkg-config --cflags --libs poolgrad)
 *
 *     const float x[16], dy[4];                 // one image of one channel, 4x4 pixels; 3x3 windows, stride 2, pad 1
 *     float dx[16];
 *     poolgrad_problem p;
 *     poolgrad_problem_init(&p, sizeof p);
 *     p.direction = POOLGRAD_GRADIENT;
 *     p.kind = POOLGRAD_MAX;
 *     p.window.kernel_width = p.window.kernel_height = 3;
 *     p.window.stride_x = p.window.stride_y = 2;
 *     p.source = poolgrad_const_image_dense(x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
 *     p.source_gradient = poolgrad_const_image_dense(dy, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
 *     p.destination = poolgrad_image_dense(dx, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
 *
 *     const poolgrad_pads pads = {1, 1, 1, 1};  // left, top, right, bottom
 *     poolgrad_error error;
 *     if (poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error) != POOLGRAD_OK ||
 *         poolgrad_run(&p, &error) != POOLGRAD_OK) {
 *         fprintf(stderr, "%s\n", error.message);
 *     }
 *
 * Words
 * --------
 * The source is the image that is pooled. The source gradient is the gradient of a loss with respect to the pooled
 * result, one element for each window: dy in most frameworks, and what a gradient call reads. The gradient call's
 * destination is the gradient of the loss with respect to the source, dx.
 *
 * Formulas (one axis; the axes are independent; k kernel size, s stride, d dilation, g source gradient)
 * --------
 *     extent of a window          e = (k - 1) d + 1
 *     taps of output pixel i      c(i) - floor(e / 2) + d t,   t = 0 .. k-1,   c(i) = offset + s i
 *     average                     y = sum of taps / N                dx = sum over windows of  g / N
 *     max                         y = greatest tap                   dx = sum over windows of  g where x was picked
 *     L2-norm                     y = sqrt(sum of squares of taps)   dx = sum over windows of  g x / y
 *
 * What a tap outside the image does is the edge mode; which of several greatest taps is picked is the tie rule; the
 * order and width of every addition and rounding is docs/numerics.md. Results are the same bits on every machine,
 * instruction set, number of threads, layout and split of the work.
 *
 * Rules that hold for everything below
 * --------
 * Sizes of images stand in the order of shapes, height before width, in every function. Strides of memory are in
 * elements. All counts are 64 bits wide. What is read is a poolgrad_const_image, what is written a poolgrad_image.
 * x, y and z are the axes of width, height and depth. An image without a third axis has depth 1, or 0, which says the
 * same; whatever belongs to z or depth is neutral in every initializer, so that callers with planes need not know it.
 * Row-major order is depth, row, column.
 * No function writes to stderr, sets errno, aborts or keeps hidden state. Every function is thread-safe: any number of
 * calls may run at once as long as nobody writes what another reads or writes. The caller's floating-point environment
 * (rounding mode, flush-to-zero, traps, flags) neither changes a result nor is changed. Enumerations mirror Metal
 * Performance Shaders' values where it has them.
 */
#ifndef POOLGRAD_POOLGRAD_H
#define POOLGRAD_POOLGRAD_H

#include <stddef.h>
#include <stdint.h>

#define POOLGRAD_VERSION_MAJOR 0
#define POOLGRAD_VERSION_MINOR 2
#define POOLGRAD_VERSION_PATCH 0
/* One number that grows with every release. */
#define POOLGRAD_VERSION (10000 * POOLGRAD_VERSION_MAJOR + 100 * POOLGRAD_VERSION_MINOR + POOLGRAD_VERSION_PATCH)

#if defined(POOLGRAD_STATIC)
#define POOLGRAD_API
#elif defined(_WIN32)
#if defined(POOLGRAD_BUILDING)
#define POOLGRAD_API __declspec(dllexport)
#else
#define POOLGRAD_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define POOLGRAD_API __attribute__((visibility("default")))
#else
#define POOLGRAD_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* "Everything that is there": the neutral extent of a region and the neutral channel count. */
#define POOLGRAD_ALL INT64_MAX

/*
 * How structs grow
 * --------
 * A struct that begins with `struct_size` is made by its initializer, which takes that size from the caller. Later
 * versions add fields at its end. A smaller struct, of a caller compiled before, is taken with the neutral values of
 * the fields it lacks. A larger one, of a caller compiled later, is taken if all its further bytes are zero, which is
 * every field's neutral value from now on; else it is refused, because it asks for what this library does not know.
 * A field `reserved`, 0, stands where padding would end a struct: what a later version puts there is refused as well.
 * A struct that the library makes, and callers read by its pointer, can grow as well, and says so. All others are
 * frozen: their comments say why none of them needs to grow.
 */

/* ---- Errors -------------------------------------------------------------------------------------------------- */

typedef enum poolgrad_status {
    POOLGRAD_OK = 0,
    POOLGRAD_INVALID = 1,  /* the description is wrong; the message says which field, its value, what was expected */
    POOLGRAD_NO_MEMORY = 2 /* an allocation failed; nothing was written */
} poolgrad_status;

/* "ok", "invalid", "no memory"; null for a value that is none. */
POOLGRAD_API const char *poolgrad_status_name(poolgrad_status status);

/* Filled when a function refuses; untouched otherwise. `message` is one sentence that begins with the name of the
 * field, "window.stride_x is 0; expected 1 to 2^61"; `field` is that name. Frozen: a sentence says all that there is to
 * say. */
typedef struct poolgrad_error {
    char field[48];
    char message[256];
} poolgrad_error;

/* ---- Images -------------------------------------------------------------------------------------------------- */

/* Storage of one element. All are read exactly (unorm8: v / 255 and unorm16: v / 65535, rounded once to float32);
 * stores round once, to nearest even, keep subnormals, and turn every NaN into the positive quiet one. */
typedef enum poolgrad_format {
    POOLGRAD_FORMAT_NONE = 0,
    POOLGRAD_UNORM8 = 1,   /* source image only */
    POOLGRAD_UNORM16 = 2,  /* source image only */
    POOLGRAD_FLOAT16 = 3,  /* IEEE binary16 */
    POOLGRAD_FLOAT32 = 4,  /* IEEE binary32 */
    POOLGRAD_BFLOAT16 = 5, /* upper half of binary32 */
    POOLGRAD_FLOAT64 = 6,  /* IEEE binary64 */
    POOLGRAD_INT32 = 7,    /* indices only: places in the volume */
    POOLGRAD_INT64 = 8,    /* indices only: places in the volume */
    POOLGRAD_TAP8 = 9,     /* indices only: taps of the window, unsigned, 1 byte */
    POOLGRAD_TAP16 = 10,   /* the same in 2 bytes */
    POOLGRAD_TAP32 = 11    /* the same in 4 bytes */
} poolgrad_format;

/* Order of the elements in memory, slowest first. The blocked layouts are [N][ceil(C/B)][H][W][B]: slices of B
 * channels, the B lanes of a pixel are neighbours. They have no depth. */
typedef enum poolgrad_layout {
    POOLGRAD_NCHW = 0,     /* with depth NCDHW */
    POOLGRAD_NHWC = 1,     /* with depth NDHWC */
    POOLGRAD_NC4HW4 = 2,   /* the storage of an MPSImage */
    POOLGRAD_NC8HW8 = 3,   /* oneDNN's nChw8c */
    POOLGRAD_NC16HW16 = 4, /* oneDNN's nChw16c */
    POOLGRAD_NC32HW32 = 5  /* NC/32HW32 of GPU libraries */
} poolgrad_layout;

/*
 * A view of images x channels x depth x height x width elements, owned by the caller: a poolgrad_const_image where
 * elements are read, a poolgrad_image where they are written. `data` is the element (0, 0, 0, 0, 0) and needs no
 * alignment.
 *
 *     address of element (n, c, z, y, x) = data + n image_stride + c channel_stride
 *                                               + z depth_stride + y row_stride + x column_stride
 *
 * Strides are in elements, may be negative, and are taken as they are. poolgrad_image_dense fills them in for memory
 * without gaps. Padded rows, a region of a larger tensor or a window of its channels are views with the outer tensor's
 * strides. For a blocked layout `channel_stride` is the distance of two slices, and the lanes of a pixel are always
 * neighbours.
 *
 * A stride of 0 along a dimension above 1 repeats the same elements, as tensors that were expanded (broadcast) do. Such
 * a view is refused unless `expanded` is 1. Strides along a dimension of 1, and all strides of an empty view, are of no
 * effect.
 *
 * A depth of 0 says 1: the image has no third axis. Blocked layouts have none.
 *
 * Lanes beyond the last channel of a blocked image are never read; in every written pixel of the last slice they become
 * +0. A destination must not fold onto itself: ordered by size, each stride must step over everything inside it.
 * An image with a dimension of 0 (but depth) is empty and legal, and its data may be null.
 *
 * Frozen, as images stand side by side in other structs: they have their three axes.
 */
typedef struct poolgrad_image {
    void *data;
    poolgrad_format format;
    poolgrad_layout layout;
    int64_t images, channels, depth, height, width;
    int64_t image_stride, channel_stride, depth_stride, row_stride, column_stride;
    int expanded; /* 1: a stride of 0 is meant; else 0 */
} poolgrad_image;

typedef struct poolgrad_const_image {
    const void *data;
    poolgrad_format format;
    poolgrad_layout layout;
    int64_t images, channels, depth, height, width;
    int64_t image_stride, channel_stride, depth_stride, row_stride, column_stride;
    int expanded;
} poolgrad_const_image;

/* A view of memory without gaps, in the layout's order. Checks nothing: sizes that no memory has are refused where the
 * view is used. */
POOLGRAD_API poolgrad_image poolgrad_image_dense(void *data, poolgrad_format format, poolgrad_layout layout,
                                                 int64_t images, int64_t channels, int64_t height, int64_t width);
POOLGRAD_API poolgrad_const_image poolgrad_const_image_dense(const void *data, poolgrad_format format,
                                                             poolgrad_layout layout, int64_t images, int64_t channels,
                                                             int64_t height, int64_t width);

/* The same with a third axis. */
POOLGRAD_API poolgrad_image poolgrad_image_dense_3d(void *data, poolgrad_format format, poolgrad_layout layout,
                                                    int64_t images, int64_t channels, int64_t depth, int64_t height,
                                                    int64_t width);
POOLGRAD_API poolgrad_const_image poolgrad_const_image_dense_3d(const void *data, poolgrad_format format,
                                                                poolgrad_layout layout, int64_t images,
                                                                int64_t channels, int64_t depth, int64_t height,
                                                                int64_t width);

/* The same view, to be read: what one call wrote is what the next one reads. */
POOLGRAD_API poolgrad_const_image poolgrad_image_as_const(const poolgrad_image *image);

/* Bytes of one element of the format, 0 for a value that is none. */
POOLGRAD_API size_t poolgrad_format_size(poolgrad_format format);

/* "float32" and "nchw" and so on, the command's words; null for a value that is none. */
POOLGRAD_API const char *poolgrad_format_name(poolgrad_format format);
POOLGRAD_API const char *poolgrad_layout_name(poolgrad_layout layout);

/* Checks a view by itself: sizes, format, layout, strides, and that every element's address can be computed. */
POOLGRAD_API poolgrad_status poolgrad_image_check(const poolgrad_image *image, poolgrad_error *error);
POOLGRAD_API poolgrad_status poolgrad_const_image_check(const poolgrad_const_image *image, poolgrad_error *error);

/* Reads one element, exactly as every call does; NaN where the view is invalid or has no such element. Indices are read
 * as numbers, beyond 2^53 rounded in the caller's mode. */
POOLGRAD_API double poolgrad_image_get(const poolgrad_image *image, int64_t n, int64_t c, int64_t z, int64_t y,
                                       int64_t x);
POOLGRAD_API double poolgrad_const_image_get(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t z,
                                             int64_t y, int64_t x);

/* Writes one element, rounded as every call rounds. Returns POOLGRAD_INVALID and writes nothing where the format is a
 * unorm or an index format, and where the view is invalid or has no such element. */
POOLGRAD_API poolgrad_status poolgrad_image_set(const poolgrad_image *image, int64_t n, int64_t c, int64_t z, int64_t y,
                                                int64_t x, double value);

/*
 * Four functions that images, problems and all types of mps.h and graph.h have, with the type's name in front:
 *
 *   _equal              1 where the contents are equal, else 0. Null equals null only.
 *
 *   _hash               Equal things have equal hashes. A hash is the same in all runs of a program and on all
 *                       machines, unless addresses have a part in it: of contexts, and of a node's sources.
 *
 *   _description        One line for people.
 *
 *   _debug_description  JSON.
 *
 * Both texts are cut to `size` characters, the terminating zero included. The return value is the length of the whole
 * text without the zero, as of snprintf. `text` may be null if size is 0. Null is described, too.
 *
 * Two images are equal if format, layout, sizes and the bits of all elements are. Strides and addresses play no part.
 * An image without data equals another one without data. A view with data that poolgrad_image_check refuses equals
 * itself only.
 */
POOLGRAD_API int poolgrad_image_equal(const poolgrad_image *a, const poolgrad_image *b);
POOLGRAD_API uint64_t poolgrad_image_hash(const poolgrad_image *image);
POOLGRAD_API size_t poolgrad_image_description(const poolgrad_image *image, char *text, size_t size);
POOLGRAD_API size_t poolgrad_image_debug_description(const poolgrad_image *image, char *text, size_t size);

POOLGRAD_API int poolgrad_const_image_equal(const poolgrad_const_image *a, const poolgrad_const_image *b);
POOLGRAD_API uint64_t poolgrad_const_image_hash(const poolgrad_const_image *image);
POOLGRAD_API size_t poolgrad_const_image_description(const poolgrad_const_image *image, char *text, size_t size);
POOLGRAD_API size_t poolgrad_const_image_debug_description(const poolgrad_const_image *image, char *text, size_t size);

/* ---- The problem --------------------------------------------------------------------------------------------- */

typedef enum poolgrad_direction { POOLGRAD_FORWARD = 0, POOLGRAD_GRADIENT = 1 } poolgrad_direction;

/* Dilated max pooling is POOLGRAD_MAX with a dilation above 1; every kind takes one. */
typedef enum poolgrad_kind { POOLGRAD_AVERAGE = 0, POOLGRAD_MAX = 1, POOLGRAD_L2NORM = 2 } poolgrad_kind;

/*
 * What a tap outside the image does.
 *   zero   max: it reads 0 and takes part; average: N is the number of the window's taps, inside or not; L2-norm: it
 *          adds 0.
 *   clamp  the window shrinks to the taps inside the image. For average it shrinks to those inside the image grown by
 *          the counted padding, and N counts them.
 * Other modes of MPSImageEdgeMode (mirror 2, mirror with edge 3, constant 4) are not defined for pooling: refused.
 */
typedef enum poolgrad_edge_mode { POOLGRAD_EDGE_ZERO = 0, POOLGRAD_EDGE_CLAMP = 1 } poolgrad_edge_mode;

/* Which of several equally great taps a max window picks, in row-major order of the taps; +0 and -0 are equal. In edge
 * mode zero an outside tap takes part like any other, and what it wins is lost. */
typedef enum poolgrad_tie_rule {
    POOLGRAD_TIES_FIRST = 0,
    POOLGRAD_TIES_LAST = 1,
    POOLGRAD_TIES_ALL = 2,  /* each maximal tap gets the whole gradient */
    POOLGRAD_TIES_SPLIT = 3 /* each maximal tap gets gradient / number of maximal taps */
} poolgrad_tie_rule;

/* What a NaN in a max window does. First and last: the NaN is the maximum and that one tap is picked, under every tie
 * rule. Ignore: NaNs are left out; a window of nothing else picks its first tap inside the image, and its value is NaN.
 */
typedef enum poolgrad_nan_rule {
    POOLGRAD_NAN_FIRST = 0,
    POOLGRAD_NAN_LAST = 1,
    POOLGRAD_NAN_IGNORE = 2
} poolgrad_nan_rule;

/* Width of the sums of average and max. float64 is also used whenever the source gradient (forward: the source of an
 * average) or the destination is float64. L2-norm always works in float64. */
typedef enum poolgrad_accumulator {
    POOLGRAD_ACCUMULATE_FLOAT32 = 0,
    POOLGRAD_ACCUMULATE_FLOAT64 = 1
} poolgrad_accumulator;

/*
 * Which source pixel a pixel of a gradient's destination stands for.
 *   source  destination pixel y is source pixel y.
 *   clip    the clip rectangle's first pixel is source pixel max(t0, 0), t0 the first tap of the first window:
 *           offset - kernel_offset - floor(extent / 2). This is what MPS kernels do.
 * Destination pixels inside the clip rectangle that stand for no source pixel become +0.
 */
typedef enum poolgrad_mapping { POOLGRAD_MAPPING_SOURCE = 0, POOLGRAD_MAPPING_CLIP = 1 } poolgrad_mapping;

/* Greatest instruction set a call may use: an upper bound, and what the processor lacks is never used. SSE4.1, AVX2 and
 * AVX-512 are names of x86, NEON of ARM; the name of another architecture is refused. */
typedef enum poolgrad_isa {
    POOLGRAD_ISA_BEST = 0,
    POOLGRAD_ISA_SCALAR = 1, /* plain C */
    POOLGRAD_ISA_SSE41 = 2,
    POOLGRAD_ISA_AVX2 = 3,
    POOLGRAD_ISA_AVX512 = 4,
    POOLGRAD_ISA_NEON = 5
} poolgrad_isa;

/* How a call computes; the bits are the same. */
typedef enum poolgrad_mode {
    POOLGRAD_MODE_FAST = 0,     /* vectorised; poolgrad_plan_kernel says by what */
    POOLGRAD_MODE_REFERENCE = 1 /* the plain loops that define every result */
} poolgrad_mode;

/* The command's words for these values; null for a value that is none. */
POOLGRAD_API const char *poolgrad_direction_name(poolgrad_direction direction);
POOLGRAD_API const char *poolgrad_kind_name(poolgrad_kind kind);
POOLGRAD_API const char *poolgrad_edge_mode_name(poolgrad_edge_mode edge_mode);
POOLGRAD_API const char *poolgrad_tie_rule_name(poolgrad_tie_rule ties);
POOLGRAD_API const char *poolgrad_nan_rule_name(poolgrad_nan_rule nan);
POOLGRAD_API const char *poolgrad_accumulator_name(poolgrad_accumulator accumulator);
POOLGRAD_API const char *poolgrad_mapping_name(poolgrad_mapping mapping);
POOLGRAD_API const char *poolgrad_isa_name(poolgrad_isa isa);
POOLGRAD_API const char *poolgrad_mode_name(poolgrad_mode mode);

/* Sizes, strides and dilations are at least 1. Those of the third axis may be 0, which says 1. Frozen: three axes have
 * three of each. */
typedef struct poolgrad_window {
    int64_t kernel_width, kernel_height, kernel_depth;
    int64_t stride_x, stride_y, stride_z;
    int64_t dilation_x, dilation_y, dilation_z;
} poolgrad_window;

/* One window of an axis: its first tap and how many there are, neighbours all of them. Frozen: two ends. */
typedef struct poolgrad_span {
    int64_t first; /* within 2^61 pixels of the image; may lie outside */
    int64_t size;  /* at least 1 */
} poolgrad_span;

/* The windows of an axis by themselves, in the order of the output pixels: any places and sizes, also overlapping, also
 * in no order. No table: spans null and count 0. Frozen: a list. */
typedef struct poolgrad_table {
    const poolgrad_span *spans;
    int64_t count;
} poolgrad_table;

/* Adaptive pooling's windows of an axis: window i of `count` goes from floor(i size / count) to
 * ceil((i + 1) size / count) - 1. Refuses a size or a count below 1 or above 2^61. `spans` has room for `count`. */
POOLGRAD_API poolgrad_status poolgrad_adaptive_windows(int64_t size, int64_t count, poolgrad_span *spans,
                                                       poolgrad_error *error);

/* A box of pixels, [x, x + width) and so on, of the images [image, image + images). Cut to what is there; POOLGRAD_ALL
 * as an extent reaches the end, a depth of 0 says 1. Frozen: three axes and the images are all there is. */
typedef struct poolgrad_region {
    int64_t x, y, z;
    int64_t width, height, depth;
    int64_t image, images;
} poolgrad_region;

/* One pooling call, forward or gradient, whole. poolgrad_problem_init makes it neutral; then set what differs. Offsets,
 * sizes, kernels and the first tap of every window that counts lie within 2^61 pixels. */
typedef struct poolgrad_problem {
    size_t struct_size; /* set by poolgrad_problem_init */

    poolgrad_direction direction;
    poolgrad_kind kind;
    poolgrad_window window; /* all 1 */

    /* Centre of the first window in the source image, and the first image pooled, at least 0.
     * poolgrad_problem_set_pads sets the centre. MPS: offset of a forward kernel, secondaryOffset of a gradient kernel.
     */
    int64_t offset_x, offset_y, offset_z;
    int64_t offset_image;
    /* Gradient only: moves the windows by minus this much (MPS: kernelOffsetX/Y, an offset of the upsampled gradient).
     */
    int64_t kernel_offset_x, kernel_offset_y, kernel_offset_z;

    poolgrad_edge_mode edge_mode; /* clamp */
    /* Counted padding on both sides; zero_pad_left and so on, below, add to one. Average and root_mean in edge mode
     * clamp; of no effect elsewhere. */
    int64_t zero_pad_x, zero_pad_y, zero_pad_z;
    poolgrad_tie_rule ties; /* max */
    poolgrad_nan_rule nan;  /* max */
    poolgrad_accumulator accumulator;

    /* Gradient only: the pixels of the source gradient that count; its first pixel belongs to the first window, even
     * where x or y is negative (MPS: primaryOffset and sourceSize). */
    poolgrad_region gradient_region;

    /* The part of the destination that is written; all else keeps its bytes. Forward: its first pixel belongs to the
     * first window. The images done are min(clip.images, images left in each tensor from its first one, and of a
     * gradient gradient_region.images); further images inside the clip become +0. Origin at least 0. (MPS: clipRect.)
     */
    poolgrad_region clip;
    poolgrad_mapping mapping; /* gradient only */

    /* Channel windows: channels [offset, offset + count) of the sources, cut to what is there, go to the destination's
     * channels from destination_channel_offset on. Both sources of a gradient must yield the same number. */
    int64_t source_channel_offset, source_channel_count;
    int64_t gradient_channel_offset, gradient_channel_count;
    int64_t destination_channel_offset;

    /* Gradient only: 1 adds the gradient to what the destination holds (in the accumulator, before the one rounding);
     * 0 overwrites. */
    int add_to_destination;

    /* The source image. A gradient of average, or from indices, needs its sizes only: data may be null. */
    poolgrad_const_image source;
    poolgrad_const_image source_gradient; /* gradient only */
    poolgrad_image destination;

    /*
     * Max only, both optional (data null and format none: none), sized like the forward result: which tap each window
     * picked. A forward call writes `picks` beside the destination. A gradient call reads `indices` instead of the
     * source's data. A forward call that reads `indices` picks nothing by itself: its result is the source's element
     * there, +0 where there is none, as the derivative of the gradient with respect to the source gradient asks for.
     * Ties are first or last where indices are read, as the choice is made already.
     *
     * int32 and int64 hold the tap's place in the volume, (z * source height + y) * source width + x. They hold -1
     * where the tap is outside, and where no tap was picked, as in images that are not pooled. tap8, tap16 and tap32
     * hold the tap's number in its window, (kz * kernel height + ky) * kernel width + kx, with the sizes of the window
     * itself, for windows of at most 255, 65535 and 2^32 - 1 taps. All bits are set where int32 holds -1.
     */
    poolgrad_const_image indices;
    poolgrad_image picks; /* forward without indices only */

    int threads; /* 0 to 1024: at most this many and twice the processors; 0: as the size of the work suggests. OpenMP
                  * ends the process where it cannot create one; poolgrad_plan_run_units creates none */
    poolgrad_isa max_isa; /* the environment variable POOLGRAD_MAX_ISA, a word of poolgrad_isa_name, may lower it */
    poolgrad_mode mode;

    /* Of plans: how many calls may run the plan at once without allocating, 0 to 1024; 0 and 1: one. Each may use the
     * plan's threads, so callers with threads of their own set `threads` to 1. */
    int concurrent_runs;

    /* L2-norm only: 1 divides the sum by N before the root, with average's N:  y = sqrt(sum of squares / N),
     * dx = sum over windows of  (g / (N y)) x. */
    int root_mean;

    /* Average and root_mean: what N is instead of a count of taps; may be negative; 0: nothing. A window without taps
     * inside the image stays +0. */
    int64_t divisor;

    /* Counted padding of one side more than zero_pad_x, zero_pad_y and zero_pad_z, at least 0. */
    int64_t zero_pad_left, zero_pad_top, zero_pad_front;
    int64_t zero_pad_right, zero_pad_bottom, zero_pad_back;

    /* Windows of an axis by a table, one for each output pixel from the origin of the clip rectangle (gradient: of
     * gradient_region) to the last that counts: its first window belongs to the origin, as without a table, even where
     * that is negative. The axis's kernel, stride and dilation are 1 then, its offsets 0. Plans copy their tables. */
    poolgrad_table windows_x, windows_y, windows_z;
} poolgrad_problem;

/* Makes *problem neutral: forward average, 1x1 window, edge mode clamp, everything else zero, regions and channel
 * windows POOLGRAD_ALL. Call it as poolgrad_problem_init(&problem, sizeof problem). */
POOLGRAD_API void poolgrad_problem_init(poolgrad_problem *problem, size_t struct_size);

/* Pixels before and behind the image along each axis; negative ones cut into the image: windows start inside, or end
 * there. `counted` 1: an average's N counts the pads above 0 (PyTorch's count_include_pad, which PyTorch sets where
 * nothing is said). Frozen: three axes have two ends each. */
typedef struct poolgrad_pads {
    int64_t left, top, right, bottom;
    int64_t front, back;
    int counted; /* 0 or 1 */
} poolgrad_pads;

/* How many windows there are where the last stride does not fit, with e the extent of a window:
 *   down       floor((source + before + behind - e) / stride) + 1 windows: none reaches beyond the pads.
 *   up         ceil(...) + 1: the last window may lie wholly behind the image.
 *   up, drop   as up, but a last window that starts behind the source's last pixel is dropped: PyTorch's ceil_mode and
 *              ONNX's, and Caffe's only rule where Caffe pads. */
typedef enum poolgrad_rounding {
    POOLGRAD_ROUND_DOWN = 0,
    POOLGRAD_ROUND_UP = 1,
    POOLGRAD_ROUND_UP_DROP = 2
} poolgrad_rounding;

/* "down", "up", "up-drop"; null for a value that is none. */
POOLGRAD_API const char *poolgrad_rounding_name(poolgrad_rounding rounding);

/*
 * Places the windows by pads, as most frameworks give them: sets the offset of each axis, and its zero padding to the
 * counted pads or 0: what both sides share in zero_pad_x, what one side has more in zero_pad_left or zero_pad_right. An
 * axis whose windows stand in a table keeps them, and its pads must be 0. Call it when the window and the images' sizes
 * are set. Refuses where a forward call with these pads and this rounding gives another
 * size than that of the source gradient (forward: of the destination), and where the window or the pads are out of
 * range; the problem is then as it was. kernel_offset_x and so on, regions and channel windows play no part.
 */
POOLGRAD_API poolgrad_status poolgrad_problem_set_pads(poolgrad_problem *problem, const poolgrad_pads *pads,
                                                       poolgrad_rounding rounding, poolgrad_error *error);

/* As of images. Problems are equal in what their fields say, their images as images are. */
POOLGRAD_API int poolgrad_problem_equal(const poolgrad_problem *a, const poolgrad_problem *b);
POOLGRAD_API uint64_t poolgrad_problem_hash(const poolgrad_problem *problem);
POOLGRAD_API size_t poolgrad_problem_description(const poolgrad_problem *problem, char *text, size_t size);
POOLGRAD_API size_t poolgrad_problem_debug_description(const poolgrad_problem *problem, char *text, size_t size);

/*
 * Says whether the problem can be run: every field in range, every formula free of overflow, images that fit together,
 * and no byte of the destination or of picks inside the byte range of another image. Reads no element.
 * `error` may be null.
 */
POOLGRAD_API poolgrad_status poolgrad_check(const poolgrad_problem *problem, poolgrad_error *error);

/* Says whether every index that counts is none or a tap, inside the source, of its own window. One pass over the
 * indices. POOLGRAD_OK where the problem has none. */
POOLGRAD_API poolgrad_status poolgrad_check_indices(const poolgrad_problem *problem, poolgrad_error *error);

/* Checks everything, indices too, then runs. Refuses before the first byte is written, or succeeds. Allocates working
 * memory and frees it: some hundred kilobytes per thread, more for large windows, 256 MiB at most; in mode reference
 * none. */
POOLGRAD_API poolgrad_status poolgrad_run(const poolgrad_problem *problem, poolgrad_error *error);

/* ---- Plans: check once, run often or in parts ----------------------------------------------------------------- */

typedef struct poolgrad_plan poolgrad_plan;

/* Copies and checks the problem and its tables (poolgrad_check), and allocates working memory for concurrent_runs times
 * its threads. The images' memory must outlive the plan's last run; its contents may change between runs. On refusal
 * *plan is null.
 */
POOLGRAD_API poolgrad_status poolgrad_plan_create(const poolgrad_problem *problem, poolgrad_plan **plan,
                                                  poolgrad_error *error);

/* poolgrad_check_indices of the plan's problem, whose indices may have changed since the last call. */
POOLGRAD_API poolgrad_status poolgrad_plan_check_indices(const poolgrad_plan *plan, poolgrad_error *error);

/* Runs the whole plan. Cannot fail, and allocates nothing while at most poolgrad_plan_concurrent_runs calls run the
 * plan at once. Further ones allocate for themselves, and compute in plain loops should that be refused. An index that
 * poolgrad_check_indices would refuse contributes nothing. */
POOLGRAD_API void poolgrad_plan_run(const poolgrad_plan *plan);

/* For callers with threads of their own: the work is a row of independent units, and any split of [0, units) over any
 * threads, in any order, gives the same bits. Runs on the calling thread; what lies outside [0, units) is left out. */
POOLGRAD_API int64_t poolgrad_plan_units(const poolgrad_plan *plan);
POOLGRAD_API void poolgrad_plan_run_units(const poolgrad_plan *plan, int64_t first, int64_t count);

/* The same on the plan's own threads: poolgrad_plan_run in parts, to show progress or to stop early. */
POOLGRAD_API void poolgrad_plan_run_part(const poolgrad_plan *plan, int64_t first, int64_t count);

/* Threads that poolgrad_plan_run will use at most. */
POOLGRAD_API int poolgrad_plan_threads(const poolgrad_plan *plan);

/* How many calls may run the plan at once, in parts or whole, without allocating: the problem's concurrent_runs, at
 * least 1. */
POOLGRAD_API int poolgrad_plan_concurrent_runs(const poolgrad_plan *plan);

/* The name of what computes the plan, such as "gradient/max/lanes/in_place/picks/gather/direct/avx2": direction, kind,
 * lanes of vectors, the strategies of reading, finding, giving and writing (docs/architecture.md), and the instruction
 * set. The one word "reference" stands behind the kind where the plain loops run: in mode reference, where no window is
 * counted, and for windows or strides so wide that no working memory would hold what a row needs. Valid as long as the
 * plan. */
POOLGRAD_API const char *poolgrad_plan_kernel(const poolgrad_plan *plan);

/* Null is legal. */
POOLGRAD_API void poolgrad_plan_destroy(poolgrad_plan *plan);

/* ---- Padding policies ----------------------------------------------------------------------------------------- */

/* Pointers are not null, but for `error`; *padding is untouched on refusal. */

/* Bits of MPSNNPaddingMethod, same values. A method is one align, one remainder and one size, or-ed. */
typedef uint32_t poolgrad_padding_method;
#define POOLGRAD_PADDING_ALIGN_CENTERED UINT32_C(0)
#define POOLGRAD_PADDING_ALIGN_TOP_LEFT UINT32_C(1)
#define POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT UINT32_C(2)
#define POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT UINT32_C(0)
#define POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT UINT32_C(4)
#define POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT UINT32_C(8)
#define POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT UINT32_C(12)
#define POOLGRAD_PADDING_SIZE_VALID_ONLY UINT32_C(0)
#define POOLGRAD_PADDING_SIZE_SAME UINT32_C(16)
#define POOLGRAD_PADDING_SIZE_FULL UINT32_C(32)
#define POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION (UINT32_C(1) << 13) /* accepted; nothing is fused here */
#define POOLGRAD_PADDING_CUSTOM (UINT32_C(1) << 14) /* refused here: flags alone cannot say what a callback would */
#define POOLGRAD_PADDING_EXCLUDE_EDGES (UINT32_C(1) << 15)

/* Frozen: size and place along three axes, and what a policy says of the edges. */
typedef struct poolgrad_padding {
    int64_t width, height, depth;         /* of the result */
    int64_t offset_x, offset_y, offset_z; /* centre of the first window; poolgrad_padding_reverse leaves 0 */
    int64_t left, top, front;             /* pixels of the first window before the image; negative: it starts inside */
    int exclude_edges;                    /* 1: the policy forces edge mode clamp with the zero padding below */
    int64_t zero_pad_x, zero_pad_y, zero_pad_z; /* with exclude_edges: max(left, 0), max(top, 0), max(front, 0) */
    int64_t zero_pad_left, zero_pad_top, zero_pad_front; /* of explicit pads: as the problem's */
    int64_t zero_pad_right, zero_pad_bottom, zero_pad_back;
} poolgrad_padding;

/*
 * Size of a forward result and place of its first window, per axis, with style -1 valid only, 0 same, +1 full and e the
 * window's extent:
 *     size   = ceil((source + style (e - 1)) / stride)              at most 0: refused
 *     extra  = (size - 1) stride + e - source
 *     left   = trunc((extra + r) / 2), r = 1 if the remainder goes to this axis's top or left  (centred)
 *              extra (top left), 0 (bottom right)
 *     offset = floor(e / 2) - left
 * The formula holds where extra is negative too: the first window then starts inside the image. Along the third axis
 * the remainder goes to the front if it goes to the top left, else to the back.
 */
POOLGRAD_API poolgrad_status poolgrad_padding_forward(poolgrad_padding_method method, poolgrad_kind kind,
                                                      const poolgrad_window *window, int64_t source_height,
                                                      int64_t source_width, poolgrad_padding *padding,
                                                      poolgrad_error *error);

POOLGRAD_API poolgrad_status poolgrad_padding_forward_3d(poolgrad_padding_method method, poolgrad_kind kind,
                                                         const poolgrad_window *window, int64_t source_depth,
                                                         int64_t source_height, int64_t source_width,
                                                         poolgrad_padding *padding, poolgrad_error *error);

/* The same from pads: the size as poolgrad_rounding says, offset = floor(e / 2) - before. A size of at most 0 is
 * refused; of a source without pixels it becomes 0. Pads below 0 cut into the image. The counted pads, or 0, are the
 * zero padding, what both sides share in zero_pad_x and so on. */
POOLGRAD_API poolgrad_status poolgrad_padding_explicit(const poolgrad_pads *pads, poolgrad_rounding rounding,
                                                       const poolgrad_window *window, int64_t source_height,
                                                       int64_t source_width, poolgrad_padding *padding,
                                                       poolgrad_error *error);

POOLGRAD_API poolgrad_status poolgrad_padding_explicit_3d(const poolgrad_pads *pads, poolgrad_rounding rounding,
                                                          const poolgrad_window *window, int64_t source_depth,
                                                          int64_t source_height, int64_t source_width,
                                                          poolgrad_padding *padding, poolgrad_error *error);

/* Size of the image a gradient of the given size belongs to, where no state tells it:
 * (size - 1) stride + 1 + style (e - 1); at most 0 is refused. */
POOLGRAD_API poolgrad_status poolgrad_padding_reverse(poolgrad_padding_method method, const poolgrad_window *window,
                                                      int64_t gradient_height, int64_t gradient_width,
                                                      poolgrad_padding *padding, poolgrad_error *error);

POOLGRAD_API poolgrad_status poolgrad_padding_reverse_3d(poolgrad_padding_method method, const poolgrad_window *window,
                                                         int64_t gradient_depth, int64_t gradient_height,
                                                         int64_t gradient_width, poolgrad_padding *padding,
                                                         poolgrad_error *error);

/* The method of the training gradient pass: valid only and full swap, everything else stays. */
POOLGRAD_API poolgrad_padding_method poolgrad_padding_method_inverse(poolgrad_padding_method method);

/* ---- The library ---------------------------------------------------------------------------------------------- */

/* "0.2.0": of the library that is linked, where the macros above are those of the header. */
POOLGRAD_API const char *poolgrad_version(void);

/* 1 if the library was built with OpenMP; else every call runs on the calling thread alone. */
POOLGRAD_API int poolgrad_has_openmp(void);

/* Best instruction set that is both compiled in and usable on this processor. */
POOLGRAD_API poolgrad_isa poolgrad_best_isa(void);

/* 1 if routines for the instruction set are compiled in, else 0. */
POOLGRAD_API int poolgrad_isa_compiled(poolgrad_isa isa);

#ifdef __cplusplus
}
#endif

#endif
