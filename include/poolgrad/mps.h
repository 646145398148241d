/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad's pooling kernels with the properties of Metal Performance Shaders: MPSCNNPooling*, MPSCNNPooling*Gradient,
 * the states that join them, padding policies and image allocators. docs/mapping.md has a row for each name of MPS.
 *
 * Synopsis
 * --------
 *     #include <poolgrad/mps.h>
 *
 *     poolgrad_pooling pool;
 *     poolgrad_pooling_max_init(&pool, sizeof pool, 3, 3, 2, 2);         // kernel 3x3, stride 2x2
 *     pool.edge_mode = POOLGRAD_EDGE_CLAMP;
 *     poolgrad_buffer *y, *dx;
 *     poolgrad_state *state;
 *     poolgrad_pooling_encode_to_new(&pool, NULL, &x, &y, &state, &error);   // x: a poolgrad_const_image
 *
 *     poolgrad_pooling_gradient back;
 *     poolgrad_pooling_max_gradient_init(&back, sizeof back, 3, 3, 2, 2);
 *     poolgrad_pooling_gradient_encode_to_new(&back, NULL, &dy, &x, state, &dx, &error);
 *     use(poolgrad_buffer_image(dx));
 *     poolgrad_buffer_destroy(dx);
 *     poolgrad_state_destroy(state);
 *     poolgrad_buffer_destroy(y);
 *
 * A kernel is a bag of properties that fills in one poolgrad_problem (poolgrad.h). docs/numerics.md says which
 * operations that means, and every rounding. The source gradient is the gradient of a loss with respect to the pooled
 * result, one element for each window: dy in most frameworks, and what a gradient kernel reads.
 *
 * Ownership, for this header and graph.h
 * --------
 * Values (padding policies, kernels, allocators, contexts) are plain structs: copied by assignment, owning nothing,
 * with nothing to release. Objects (buffers, states, networks, graphs) have one owner, who got them from a function
 * that makes them and calls their _destroy once; null is legal there. Objects do not depend on each other: they may be
 * destroyed in any order. Nodes belong to the network they were made in and live as long as it. Text given to a
 * function is copied. Text returned lives as long as the object it was asked of and is not changed. A function that
 * fails makes nothing: the result it was to give is null. Pointers to results are not null, unless said otherwise.
 *
 * Values and objects have four functions each, as images and problems have (poolgrad.h): _equal, _hash, _description
 * and _debug_description. Callbacks, and the contexts of callbacks, are equal by their addresses. The JSON of kernels,
 * networks and graphs is read back by poolgrad/json.h and by the command, `poolgrad graph`.
 *
 * z and depth, in this header and graph.h only
 * --------
 * The offsets, sizes and rectangles of kernels keep the words of MPSOffset, MTLSize and MTLRegion, where z and depth
 * count images. In poolgrad.h z and depth are the third axis: an offset's z here is offset_image there, z and depth of
 * a clip rectangle are image and images of a region.
 *
 * Threads: as in poolgrad.h. A const object may be used by any number of calls at once.
 */
#ifndef POOLGRAD_MPS_H
#define POOLGRAD_MPS_H

#include <poolgrad/poolgrad.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Small types ------------------------------------------------------------------------------------------------ */

/* MPSOffset: pixels, and images along z. Frozen: the three numbers of MPS. */
typedef struct poolgrad_offset {
    int64_t x, y, z;
} poolgrad_offset;

/* MTLSize: pixels, and images along depth. POOLGRAD_ALL: everything that is there. Frozen: the three numbers of MPS. */
typedef struct poolgrad_size {
    int64_t width, height, depth;
} poolgrad_size;

/* MTLRegion: a box of pixels, of the images [z, z + depth). Cut to what is there; POOLGRAD_ALL as an extent reaches the
 * end. Frozen: the six numbers of MPS. */
typedef struct poolgrad_clip_rect {
    int64_t x, y, z;
    int64_t width, height, depth;
} poolgrad_clip_rect;

/* How a kernel or a graph is run; takes the place of MPS's command buffer. A null context is a fresh one. Fields as in
 * poolgrad_problem. Grows as poolgrad.h says of structs with a struct_size. */
typedef struct poolgrad_context {
    size_t struct_size; /* set by poolgrad_context_init */
    int threads;
    poolgrad_isa max_isa;
    poolgrad_mode mode;
    int reserved; /* 0 */
} poolgrad_context;

POOLGRAD_API void poolgrad_context_init(poolgrad_context *context, size_t struct_size);

/* ---- Images that poolgrad makes -------------------------------------------------------------------------------- */

/*
 * Where a made image's memory comes from (MPSImageAllocator). All null: the C library.
 *   allocate  is given an image with format, layout, sizes and the strides of memory without gaps. It sets `data`, and
 *             other strides for memory with gaps. Anything but POOLGRAD_OK refuses. Not called for empty images.
 *   release   gives the memory back; may be null where nothing is to be done.
 * Both are called on the thread that runs the kernel or graph, or destroys the buffer. Frozen: further wishes of an
 * allocator are behind `context`.
 */
typedef struct poolgrad_image_allocator {
    poolgrad_status (*allocate)(void *context, poolgrad_image *image);
    void (*release)(void *context, const poolgrad_image *image);
    void *context;
} poolgrad_image_allocator;

/* An image and its memory. */
typedef struct poolgrad_buffer poolgrad_buffer;

/* Makes an image of the descriptor's format, layout and sizes, dense, all elements +0. Data and strides of the
 * descriptor play no part. `allocator` may be null. Refuses what no image can be (poolgrad_image_check), and where
 * memory is lacking. */
POOLGRAD_API poolgrad_status poolgrad_buffer_create(const poolgrad_image *descriptor,
                                                    const poolgrad_image_allocator *allocator, poolgrad_buffer **buffer,
                                                    poolgrad_error *error);

/* A copy of the image, dense, in memory of the C library. */
POOLGRAD_API poolgrad_status poolgrad_buffer_copy(const poolgrad_buffer *buffer, poolgrad_buffer **copy,
                                                  poolgrad_error *error);

/* The image, to be written or to be read. Valid as long as the buffer; null of null. */
POOLGRAD_API const poolgrad_image *poolgrad_buffer_image(const poolgrad_buffer *buffer);
POOLGRAD_API const poolgrad_const_image *poolgrad_buffer_const_image(const poolgrad_buffer *buffer);
POOLGRAD_API void poolgrad_buffer_destroy(poolgrad_buffer *buffer);

/* Equal in format, layout, sizes and the bits of all elements. */
POOLGRAD_API int poolgrad_buffer_equal(const poolgrad_buffer *a, const poolgrad_buffer *b);
POOLGRAD_API uint64_t poolgrad_buffer_hash(const poolgrad_buffer *buffer);
POOLGRAD_API size_t poolgrad_buffer_description(const poolgrad_buffer *buffer, char *text, size_t size);
POOLGRAD_API size_t poolgrad_buffer_debug_description(const poolgrad_buffer *buffer, char *text, size_t size);

/* Copies all elements of an image to one of equal sizes, from layout to layout and format to format (MPSImage's
 * readBytes and writeBytes); rounds and canonicalizes NaNs as every store does. Formats, overlap and refusals as those
 * of a forward call's source and destination. */
POOLGRAD_API poolgrad_status poolgrad_image_copy(const poolgrad_const_image *source, const poolgrad_image *destination,
                                                 const poolgrad_context *context, poolgrad_error *error);

/* ---- Padding policies ------------------------------------------------------------------------------------------- */

typedef struct poolgrad_pooling poolgrad_pooling;
typedef struct poolgrad_pooling_gradient poolgrad_pooling_gradient;
typedef struct poolgrad_state poolgrad_state;

/* What a custom policy is asked about: a kernel, and the images and the state that it was given. Frozen, as policies
 * read it from the library's memory: new questions become new fields of the kernels. */
typedef struct poolgrad_padding_request {
    poolgrad_pooling *pooling;                   /* the forward kernel, whose properties may be changed; else null */
    poolgrad_pooling_gradient *pooling_gradient; /* the gradient kernel, likewise; else null */
    const poolgrad_const_image *source_image;    /* null: a gradient kernel was given none */
    const poolgrad_const_image *source_gradient; /* null for forward kernels */
    const poolgrad_state *gradient_state;        /* null: none */
} poolgrad_padding_request;

/*
 * Decides for a custom policy. Called last, after everything else has been configured (docs/numerics.md N75).
 * `descriptor` holds the suggested width, height, channels, images, format and layout; the callback may change any of
 * them. The images may lack data: where nothing is run only sizes are asked for. Forward kernels call it, gradient
 * kernels, and gradient nodes that were made from a filter; the last two with the descriptor of the gradient's result.
 * Anything but POOLGRAD_OK refuses; the callback then fills *error.
 */
typedef poolgrad_status (*poolgrad_padding_callback)(void *context, const poolgrad_padding_request *request,
                                                     poolgrad_image *descriptor, poolgrad_error *error);

#define POOLGRAD_LABEL_SIZE 64 /* characters, the terminating zero included */

/*
 * MPSNNPadding: how a result is sized and where its first window lies. Made by the functions below; fields may be
 * changed afterwards. `method` has the bit POOLGRAD_PADDING_CUSTOM if and only if there is a callback: a policy with
 * one of the two is refused when a kernel or a graph uses it.
 * Frozen, as kernels and nodes hold policies: whatever a policy may want beyond a method is its callback's.
 */
typedef struct poolgrad_padding_policy {
    poolgrad_padding_method method;     /* paddingMethod */
    int clamps_edges;                   /* 1: sets edge mode clamp, as TensorFlow's average pooling needs */
    poolgrad_padding_callback callback; /* null: the method decides */
    void *context;                      /* handed to the callback */
    char label[POOLGRAD_LABEL_SIZE];    /* for people */
} poolgrad_padding_policy;

/* paddingWithMethod:. A method that is none is refused when the policy is used. */
POOLGRAD_API poolgrad_padding_policy poolgrad_padding_policy_with_method(poolgrad_padding_method method);

/* The default of kernels and nodes: same | centered | remainder to top left. */
POOLGRAD_API poolgrad_padding_policy poolgrad_padding_policy_default(void);

/* paddingForTensorflowAveragePooling: same | centered | remainder to bottom right, edge mode clamp. */
POOLGRAD_API poolgrad_padding_policy poolgrad_padding_policy_for_tensorflow_average_pooling(void);

/* paddingForTensorflowAveragePoolingValidOnly. */
POOLGRAD_API poolgrad_padding_policy poolgrad_padding_policy_for_tensorflow_average_pooling_valid_only(void);

/* A policy of one's own. `method`, without its custom bit, makes the suggestion; the callback may change it. */
POOLGRAD_API poolgrad_padding_policy poolgrad_padding_policy_custom(poolgrad_padding_method method,
                                                                    poolgrad_padding_callback callback, void *context);

/* inverse: the policy of the training gradient pass. Valid only and full swap; everything else stays, callbacks too. */
POOLGRAD_API poolgrad_padding_policy poolgrad_padding_policy_inverse(const poolgrad_padding_policy *policy);

POOLGRAD_API int poolgrad_padding_policy_equal(const poolgrad_padding_policy *a, const poolgrad_padding_policy *b);
POOLGRAD_API uint64_t poolgrad_padding_policy_hash(const poolgrad_padding_policy *policy);
POOLGRAD_API size_t poolgrad_padding_policy_description(const poolgrad_padding_policy *policy, char *text, size_t size);
POOLGRAD_API size_t poolgrad_padding_policy_debug_description(const poolgrad_padding_policy *policy, char *text,
                                                              size_t size);

/* ---- Gradient states -------------------------------------------------------------------------------------------- */

/* What a gradient needs of a forward call (MPSNNGradientState, MPSImageSizeEncodingState). The library owns it, and
 * callers read it by a pointer: it can grow at its end. */
typedef struct poolgrad_gradient_settings {
    poolgrad_offset offset;       /* becomes secondary_offset */
    poolgrad_edge_mode edge_mode; /* secondary_edge_mode */
    int64_t zero_pad_size_x, zero_pad_size_y;
    poolgrad_clip_rect clip_rect;        /* its origin becomes primary_offset, its size source_size */
    int64_t source_width, source_height; /* of the source, and of the gradient that is made */
    int64_t source_channels, source_images;
    int64_t result_width, result_height; /* of the forward result; all 0 where they are not known */
    int64_t result_channels, result_images;
} poolgrad_gradient_settings;

/* Valid as long as the state, and until a kernel is encoded with it again. */
POOLGRAD_API const poolgrad_gradient_settings *poolgrad_state_settings(const poolgrad_state *state);

/* sourceWidth, sourceHeight; -1 of null. */
POOLGRAD_API int64_t poolgrad_state_source_width(const poolgrad_state *state);
POOLGRAD_API int64_t poolgrad_state_source_height(const poolgrad_state *state);

/* The taps a max kernel picked (tap8, tap16 or tap32, whichever is enough), sized like its destination; null where the
 * kernel did not save them. No taps before the state was encoded with. */
POOLGRAD_API const poolgrad_const_image *poolgrad_state_argmax(const poolgrad_state *state);

POOLGRAD_API poolgrad_status poolgrad_state_copy(const poolgrad_state *state, poolgrad_state **copy,
                                                 poolgrad_error *error);
POOLGRAD_API void poolgrad_state_destroy(poolgrad_state *state);

/* Equal in all settings and in the picked taps. */
POOLGRAD_API int poolgrad_state_equal(const poolgrad_state *a, const poolgrad_state *b);
POOLGRAD_API uint64_t poolgrad_state_hash(const poolgrad_state *state);
POOLGRAD_API size_t poolgrad_state_description(const poolgrad_state *state, char *text, size_t size);
POOLGRAD_API size_t poolgrad_state_debug_description(const poolgrad_state *state, char *text, size_t size);

/* ---- Forward kernels -------------------------------------------------------------------------------------------- */

/* MPSCNNPoolingMax, -Average, -L2Norm and MPSCNNDilatedPoolingMax, down to MPSCNNKernel. Set what differs from the
 * initializer's defaults. Values are checked when the kernel is used, and refusals name the field. Grows as poolgrad.h
 * says of structs with a struct_size. */
struct poolgrad_pooling {
    size_t struct_size;

    /* Read only. kernelWidth, kernelHeight, strideInPixelsX, strideInPixelsY, dilationRateX, dilationRateY. */
    poolgrad_kind kind;
    int64_t kernel_width, kernel_height;
    int64_t stride_in_pixels_x, stride_in_pixels_y;
    int64_t dilation_rate_x, dilation_rate_y;

    poolgrad_offset offset;                                                    /* 0 */
    poolgrad_clip_rect clip_rect;                                              /* everything */
    int64_t destination_feature_channel_offset, source_feature_channel_offset; /* 0; multiples of 4 */
    int64_t source_feature_channel_max_count;                                  /* POOLGRAD_ALL */
    poolgrad_edge_mode edge_mode;                                              /* zero */
    poolgrad_padding_policy padding;                                           /* poolgrad_padding_policy_default */
    int64_t zero_pad_size_x, zero_pad_size_y;                                  /* 0; average */
    poolgrad_image_allocator destination_image_allocator;                      /* the C library */

    /* Beyond MPS. */
    int saves_argmax; /* 0; 1: result states of max hold the picked taps, so that a gradient reads no source pixel. */
    poolgrad_tie_rule ties; /* first; with saves_argmax first or last */
    poolgrad_nan_rule nan;  /* first */
    poolgrad_accumulator accumulator;
    char label[POOLGRAD_LABEL_SIZE]; /* for people */
};

/* Make a kernel with the defaults above; call them as poolgrad_pooling_max_init(&kernel, sizeof kernel, ...). Those
 * without strides have stride 1. Strides stand before dilations, as everywhere in poolgrad. */
POOLGRAD_API void poolgrad_pooling_max_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                            int64_t kernel_height, int64_t stride_in_pixels_x,
                                            int64_t stride_in_pixels_y);
POOLGRAD_API void poolgrad_pooling_max_init_with_size(poolgrad_pooling *kernel, size_t struct_size,
                                                      int64_t kernel_width, int64_t kernel_height);
POOLGRAD_API void poolgrad_pooling_average_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                                int64_t kernel_height, int64_t stride_in_pixels_x,
                                                int64_t stride_in_pixels_y);
POOLGRAD_API void poolgrad_pooling_average_init_with_size(poolgrad_pooling *kernel, size_t struct_size,
                                                          int64_t kernel_width, int64_t kernel_height);
POOLGRAD_API void poolgrad_pooling_l2norm_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                               int64_t kernel_height, int64_t stride_in_pixels_x,
                                               int64_t stride_in_pixels_y);
POOLGRAD_API void poolgrad_pooling_l2norm_init_with_size(poolgrad_pooling *kernel, size_t struct_size,
                                                         int64_t kernel_width, int64_t kernel_height);
POOLGRAD_API void poolgrad_dilated_pooling_max_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                                    int64_t kernel_height, int64_t stride_in_pixels_x,
                                                    int64_t stride_in_pixels_y, int64_t dilation_rate_x,
                                                    int64_t dilation_rate_y);

/*
 * destinationImageDescriptorForSourceImages:sourceStates:. Configures the kernel for a source (its data may be null)
 * and says what the result must hold: (a) the padding policy's size, whose offset the kernel gets; format and layout of
 * the source (float32 where it is unorm), its images, and destination_feature_channel_offset plus the channels that are
 * pooled; (b) exclude edges and the policy's edge mode; (d) the custom policy. data is null, strides are those of
 * memory without gaps: a caller who has such memory sets data.
 */
POOLGRAD_API poolgrad_status poolgrad_pooling_destination_descriptor(poolgrad_pooling *kernel,
                                                                     const poolgrad_const_image *source,
                                                                     poolgrad_image *descriptor, poolgrad_error *error);

/* resultStateForSourceImage:sourceStates:destinationImage: the kernel's settings and the source's size and, with
 * saves_argmax, room for the picked taps of a destination of these sizes. */
POOLGRAD_API poolgrad_status poolgrad_pooling_result_state(const poolgrad_pooling *kernel,
                                                           const poolgrad_const_image *source,
                                                           const poolgrad_image *destination, poolgrad_state **state,
                                                           poolgrad_error *error);

/* isStateModified: whether encoding writes to a state, 1 with saves_argmax. */
POOLGRAD_API int poolgrad_pooling_is_state_modified(const poolgrad_pooling *kernel);

/* The problem that the kernel stands for as it is now; the padding policy plays no part. For plans: checked once and
 * run often. `state` as for encoding; it is filled with the kernel's settings, and the problem points into it. *problem
 * needs no initializer: all fields of version 0.2.0 are written, and later versions write no more. */
POOLGRAD_API poolgrad_status poolgrad_pooling_problem(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                                      const poolgrad_const_image *source, poolgrad_state *state,
                                                      const poolgrad_image *destination, poolgrad_problem *problem,
                                                      poolgrad_error *error);

/* encode with a given destination: the kernel is used as it is, the padding policy plays no part. `state` may be null;
 * else it was made by poolgrad_pooling_result_state for images of these sizes, gets the kernel's settings and, with
 * saves_argmax, the picked taps. `context` may be null. */
POOLGRAD_API poolgrad_status poolgrad_pooling_encode(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                                     const poolgrad_const_image *source, poolgrad_state *state,
                                                     const poolgrad_image *destination, poolgrad_error *error);

/* encode that makes the destination: a copy of the kernel is configured (poolgrad_pooling_destination_descriptor), then
 * the image made, the state made if `state` is not null, and the pooling done. Elements that the kernel does not write
 * are +0. */
POOLGRAD_API poolgrad_status poolgrad_pooling_encode_to_new(const poolgrad_pooling *kernel,
                                                            const poolgrad_context *context,
                                                            const poolgrad_const_image *source,
                                                            poolgrad_buffer **destination, poolgrad_state **state,
                                                            poolgrad_error *error);

/* Batches: `count` images one after the other, in arrays. `states` may be null, or hold nulls. What to_new makes is put
 * into arrays of `count` pointers, all null if one image fails; refusals say which. */
POOLGRAD_API poolgrad_status poolgrad_pooling_encode_batch(const poolgrad_pooling *kernel,
                                                           const poolgrad_context *context, int64_t count,
                                                           const poolgrad_const_image *sources,
                                                           poolgrad_state *const *states,
                                                           const poolgrad_image *destinations, poolgrad_error *error);
POOLGRAD_API poolgrad_status poolgrad_pooling_encode_batch_to_new(const poolgrad_pooling *kernel,
                                                                  const poolgrad_context *context, int64_t count,
                                                                  const poolgrad_const_image *sources,
                                                                  poolgrad_buffer **destinations,
                                                                  poolgrad_state **states, poolgrad_error *error);

POOLGRAD_API int poolgrad_pooling_equal(const poolgrad_pooling *a, const poolgrad_pooling *b);
POOLGRAD_API uint64_t poolgrad_pooling_hash(const poolgrad_pooling *kernel);
POOLGRAD_API size_t poolgrad_pooling_description(const poolgrad_pooling *kernel, char *text, size_t size);
POOLGRAD_API size_t poolgrad_pooling_debug_description(const poolgrad_pooling *kernel, char *text, size_t size);

/* ---- Gradient kernels ------------------------------------------------------------------------------------------- */

/* MPSCNNPoolingMaxGradient, -AverageGradient, -L2NormGradient and MPSCNNDilatedPoolingMaxGradient, down to
 * MPSCNNGradientKernel and MPSCNNBinaryKernel. The source gradient is the primary image, the source image the secondary
 * one. Grows as poolgrad.h says of structs with a struct_size. */
struct poolgrad_pooling_gradient {
    size_t struct_size;

    /* Read only. In MPS the kernel size, strides and dilation rates of the secondary image; of the primary one all are
     * 1. */
    poolgrad_kind kind;
    int64_t kernel_width, kernel_height;
    int64_t stride_in_pixels_x, stride_in_pixels_y;
    int64_t dilation_rate_x, dilation_rate_y;

    poolgrad_offset primary_offset;             /* 0: first pixel of the source gradient that counts */
    poolgrad_size source_size;                  /* everything: how many count */
    poolgrad_offset secondary_offset;           /* 0: centre of the first window in the source image */
    int64_t kernel_offset_x, kernel_offset_y;   /* 0 */
    poolgrad_clip_rect clip_rect;               /* everything. Its first pixel is the first window's first pixel inside
                                                 * the source image (POOLGRAD_MAPPING_CLIP) */
    int64_t destination_feature_channel_offset; /* 0; these offsets are multiples of 4 */
    int64_t primary_source_feature_channel_offset, secondary_source_feature_channel_offset;       /* 0 */
    int64_t primary_source_feature_channel_max_count, secondary_source_feature_channel_max_count; /* POOLGRAD_ALL */
    poolgrad_edge_mode primary_edge_mode; /* zero; checked, of no effect: pixels outside the source gradient are cut */
    poolgrad_edge_mode secondary_edge_mode;               /* zero */
    poolgrad_padding_policy padding;                      /* poolgrad_padding_policy_default */
    int64_t zero_pad_size_x, zero_pad_size_y;             /* 0; average */
    poolgrad_image_allocator destination_image_allocator; /* the C library */

    /* Beyond MPS. */
    poolgrad_tie_rule ties;
    poolgrad_nan_rule nan;
    poolgrad_accumulator accumulator;
    char label[POOLGRAD_LABEL_SIZE];
    int reserved; /* 0 */
};

POOLGRAD_API void poolgrad_pooling_max_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                     int64_t kernel_width, int64_t kernel_height,
                                                     int64_t stride_in_pixels_x, int64_t stride_in_pixels_y);
POOLGRAD_API void poolgrad_pooling_max_gradient_init_with_size(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                               int64_t kernel_width, int64_t kernel_height);
POOLGRAD_API void poolgrad_pooling_average_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                         int64_t kernel_width, int64_t kernel_height,
                                                         int64_t stride_in_pixels_x, int64_t stride_in_pixels_y);
POOLGRAD_API void poolgrad_pooling_average_gradient_init_with_size(poolgrad_pooling_gradient *kernel,
                                                                   size_t struct_size, int64_t kernel_width,
                                                                   int64_t kernel_height);
POOLGRAD_API void poolgrad_pooling_l2norm_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                        int64_t kernel_width, int64_t kernel_height,
                                                        int64_t stride_in_pixels_x, int64_t stride_in_pixels_y);
POOLGRAD_API void poolgrad_pooling_l2norm_gradient_init_with_size(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                                  int64_t kernel_width, int64_t kernel_height);
POOLGRAD_API void poolgrad_dilated_pooling_max_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                             int64_t kernel_width, int64_t kernel_height,
                                                             int64_t stride_in_pixels_x, int64_t stride_in_pixels_y,
                                                             int64_t dilation_rate_x, int64_t dilation_rate_y);

/*
 * Configures the kernel and says what the result must hold, in this order (docs/numerics.md N73):
 *   (a) the padding policy. Where neither a source image nor a state tells the size: that of poolgrad_padding_reverse.
 *       Without a state secondary_offset becomes the offset of the forward policy that `padding` is the inverse of;
 *       exclude edges and the policy's edge mode likewise;
 *   (b) the kernel's own: size, images and channels of the source image, the format and layout of the source gradient
 *       (destination_feature_channel_offset plus the channels that are computed, where there is no source image);
 *   (c) the state: secondary_offset, secondary_edge_mode, zero_pad_size_x and _y, primary_offset, source_size, and the
 *       size of the forward source, which a source image must have;
 *   (d) the custom policy.
 * `source_image` and `state` may be null.
 */
POOLGRAD_API poolgrad_status poolgrad_pooling_gradient_destination_descriptor(
    poolgrad_pooling_gradient *kernel, const poolgrad_const_image *source_gradient,
    const poolgrad_const_image *source_image, const poolgrad_state *state, poolgrad_image *descriptor,
    poolgrad_error *error);

/* The problem that the kernel stands for, written as by poolgrad_pooling_problem; a state that is given is applied
 * first, as (c) above. */
POOLGRAD_API poolgrad_status poolgrad_pooling_gradient_problem(
    const poolgrad_pooling_gradient *kernel, const poolgrad_context *context,
    const poolgrad_const_image *source_gradient, const poolgrad_const_image *source_image, const poolgrad_state *state,
    const poolgrad_image *destination, poolgrad_problem *problem, poolgrad_error *error);

/* encode with sourceGradient, sourceImage, gradientState and a given destination. A state that is given is applied, the
 * padding policy plays no part. The source image's data may be null, or with a state the image itself, where nothing
 * reads it: for average, and where the state holds picked taps. */
POOLGRAD_API poolgrad_status poolgrad_pooling_gradient_encode(const poolgrad_pooling_gradient *kernel,
                                                              const poolgrad_context *context,
                                                              const poolgrad_const_image *source_gradient,
                                                              const poolgrad_const_image *source_image,
                                                              const poolgrad_state *state,
                                                              const poolgrad_image *destination, poolgrad_error *error);

/* encode that makes the destination, configured on a copy of the kernel. */
POOLGRAD_API poolgrad_status poolgrad_pooling_gradient_encode_to_new(
    const poolgrad_pooling_gradient *kernel, const poolgrad_context *context,
    const poolgrad_const_image *source_gradient, const poolgrad_const_image *source_image, const poolgrad_state *state,
    poolgrad_buffer **destination, poolgrad_error *error);

/* Batches, as of forward kernels. `source_images` and `states` may be null. */
POOLGRAD_API poolgrad_status poolgrad_pooling_gradient_encode_batch(
    const poolgrad_pooling_gradient *kernel, const poolgrad_context *context, int64_t count,
    const poolgrad_const_image *source_gradients, const poolgrad_const_image *source_images,
    poolgrad_state *const *states, const poolgrad_image *destinations, poolgrad_error *error);
POOLGRAD_API poolgrad_status poolgrad_pooling_gradient_encode_batch_to_new(
    const poolgrad_pooling_gradient *kernel, const poolgrad_context *context, int64_t count,
    const poolgrad_const_image *source_gradients, const poolgrad_const_image *source_images,
    poolgrad_state *const *states, poolgrad_buffer **destinations, poolgrad_error *error);

POOLGRAD_API int poolgrad_pooling_gradient_equal(const poolgrad_pooling_gradient *a,
                                                 const poolgrad_pooling_gradient *b);
POOLGRAD_API uint64_t poolgrad_pooling_gradient_hash(const poolgrad_pooling_gradient *kernel);
POOLGRAD_API size_t poolgrad_pooling_gradient_description(const poolgrad_pooling_gradient *kernel, char *text,
                                                          size_t size);
POOLGRAD_API size_t poolgrad_pooling_gradient_debug_description(const poolgrad_pooling_gradient *kernel, char *text,
                                                                size_t size);

#ifdef __cplusplus
}
#endif

#endif
