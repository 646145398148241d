/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling as frameworks say it: a struct of a framework's own arguments becomes the geometry of a problem.
 *
 *     #include <poolgrad/dialect.h>
 *
 *     poolgrad_problem p;                       // direction, kind and the sizes of p.source are set
 *     poolgrad_torch_pool pool;
 *     poolgrad_torch_pool_init(&pool, sizeof pool);
 *     pool.kernel_size[0] = pool.kernel_size[1] = 3;
 *     pool.padding[0] = pool.padding[1] = 1;    // the stride is the kernel's size: PyTorch's default
 *
 *     poolgrad_output_size size;
 *     poolgrad_error error;
 *     if (poolgrad_problem_from_torch(&pool, &p, &size, &error) != POOLGRAD_OK) fprintf(stderr, "%s\n", error.message);
 *
 * docs/dialects.md maps the arguments to poolgrad's words, names the sources, and says where frameworks differ.
 *
 * Rules that hold for every framework
 * --------
 * An initializer leaves every argument POOLGRAD_UNSET, which says the framework's default; an argument without a
 * default must be set. Arrays hold a value for each axis in the framework's order: depth, height, width; of two
 * dimensions height, width; of one width. What lies behind these is not read. Yes and no are 1 and 0.
 *
 * `dimensions` counts the axes that are pooled; unset: 3 where the source has a depth above 1, else 2. The source has
 * one pixel along all other axes.
 *
 * poolgrad_problem_from_<name> reads direction, kind, root_mean and the source's sizes. The function sets window,
 * offsets, tables, edge mode, zero padding and divisor, and the tie rule and the NaN rule where the framework has one.
 * *size becomes the framework's output size; `size` may be null. A destination (of a gradient: a source gradient) with
 * sizes must have that size. Refused is what the framework refuses, by a sentence that begins with the argument,
 * "kernel_size[1] is 0; ..."; the problem is then as it was.
 */
#ifndef POOLGRAD_DIALECT_H
#define POOLGRAD_DIALECT_H

#include <poolgrad/poolgrad.h>

#ifdef __cplusplus
extern "C" {
#endif

#define POOLGRAD_UNSET INT64_MIN

/* Of the forward result. Frozen: three axes. */
typedef struct poolgrad_output_size {
    int64_t depth, height, width;
} poolgrad_output_size;

/* ---- torch: torch.nn.functional's max_pool, avg_pool and lp_pool, and the adaptive ones ----------------------- */

typedef struct poolgrad_torch_pool {
    size_t struct_size; /* set by poolgrad_torch_pool_init */
    int64_t dimensions; /* 1 to 3, as in MaxPool2d */
    int64_t kernel_size[3];
    int64_t stride[3];         /* (kernel_size) */
    int64_t padding[3];        /* (0) max, average */
    int64_t dilation[3];       /* (1) max */
    int64_t ceil_mode;         /* (0) */
    int64_t count_include_pad; /* (1) average */
    int64_t divisor_override;  /* (none) average, two and three dimensions */
    int64_t norm_type;         /* (2) lp_pool; other norms are refused */

    /* Adaptive max or average, in place of all of the above but dimensions; where one axis is set, an unset one keeps
     * the source's size, as None does. */
    int64_t output_size[3];

    /* Adaptive: room for the windows of the axes whose size is no multiple of the output's; the problem's tables point
     * there. As many as the sum of output_size are always enough. */
    poolgrad_span *spans;
    int64_t span_count;
} poolgrad_torch_pool;

POOLGRAD_API void poolgrad_torch_pool_init(poolgrad_torch_pool *pool, size_t struct_size);
POOLGRAD_API poolgrad_status poolgrad_problem_from_torch(const poolgrad_torch_pool *pool, poolgrad_problem *problem,
                                                         poolgrad_output_size *size, poolgrad_error *error);

/* ---- onnx: MaxPool, AveragePool and LpPool of opset 22 ----------------------------------------------------------- */

typedef enum poolgrad_onnx_auto_pad {
    POOLGRAD_ONNX_NOTSET = 0,
    POOLGRAD_ONNX_SAME_UPPER = 1,
    POOLGRAD_ONNX_SAME_LOWER = 2,
    POOLGRAD_ONNX_VALID = 3
} poolgrad_onnx_auto_pad;

typedef struct poolgrad_onnx_pool {
    size_t struct_size; /* set by poolgrad_onnx_pool_init */
    int64_t dimensions; /* 1 to 3 */
    int64_t kernel_shape[3];
    int64_t auto_pad;          /* (NOTSET) */
    int64_t pads[6];           /* (0) all begins, then all ends */
    int64_t strides[3];        /* (1) */
    int64_t dilations[3];      /* (1) */
    int64_t ceil_mode;         /* (0) */
    int64_t count_include_pad; /* (0) AveragePool */
    int64_t storage_order;     /* (0) MaxPool; 1 counts Indices by columns, which picks and indices do not */
    int64_t p;                 /* (2) LpPool; other norms are refused */
} poolgrad_onnx_pool;

POOLGRAD_API void poolgrad_onnx_pool_init(poolgrad_onnx_pool *pool, size_t struct_size);
POOLGRAD_API poolgrad_status poolgrad_problem_from_onnx(const poolgrad_onnx_pool *pool, poolgrad_problem *problem,
                                                        poolgrad_output_size *size, poolgrad_error *error);

/* ---- tensorflow: tf.nn.max_pool and tf.nn.avg_pool --------------------------------------------------------------- */

typedef enum poolgrad_tensorflow_padding {
    POOLGRAD_TENSORFLOW_VALID = 1,
    POOLGRAD_TENSORFLOW_SAME = 2,
    POOLGRAD_TENSORFLOW_EXPLICIT = 3
} poolgrad_tensorflow_padding;

typedef enum poolgrad_tensorflow_data_format {
    POOLGRAD_TENSORFLOW_NHWC = 0, /* NWC, NDHWC */
    POOLGRAD_TENSORFLOW_NCHW = 1  /* NCW, NCDHW */
} poolgrad_tensorflow_data_format;

typedef struct poolgrad_tensorflow_pool {
    size_t struct_size; /* set by poolgrad_tensorflow_pool_init */
    int64_t dimensions; /* 1 to 3 */
    /* In the order of the data format, batch and channel included: [1, 2, 2, 1]. Unset there: 1, the only value. */
    int64_t ksize[5];
    int64_t strides[5];
    int64_t padding;
    int64_t explicit_paddings[10]; /* before and behind, in the same order; unset there: 0. Max, up to two dimensions */
    int64_t data_format;           /* (NHWC) the order of these lists; images have their own layout */
} poolgrad_tensorflow_pool;

POOLGRAD_API void poolgrad_tensorflow_pool_init(poolgrad_tensorflow_pool *pool, size_t struct_size);
POOLGRAD_API poolgrad_status poolgrad_problem_from_tensorflow(const poolgrad_tensorflow_pool *pool,
                                                              poolgrad_problem *problem, poolgrad_output_size *size,
                                                              poolgrad_error *error);

/* ---- caffe: PoolingParameter, whose `pool` is the problem's kind ------------------------------------------------- */

typedef enum poolgrad_caffe_round_mode { POOLGRAD_CAFFE_CEIL = 0, POOLGRAD_CAFFE_FLOOR = 1 } poolgrad_caffe_round_mode;

/* Planes only. */
typedef struct poolgrad_caffe_pool {
    size_t struct_size; /* set by poolgrad_caffe_pool_init */
    int64_t kernel_size, kernel_h, kernel_w;
    int64_t stride, stride_h, stride_w; /* (1) */
    int64_t pad, pad_h, pad_w;          /* (0) */
    int64_t global_pooling;             /* (0) 1: the window is the source; no kernel then */
    int64_t round_mode;                 /* (CEIL) */
} poolgrad_caffe_pool;

POOLGRAD_API void poolgrad_caffe_pool_init(poolgrad_caffe_pool *pool, size_t struct_size);
POOLGRAD_API poolgrad_status poolgrad_problem_from_caffe(const poolgrad_caffe_pool *pool, poolgrad_problem *problem,
                                                         poolgrad_output_size *size, poolgrad_error *error);

/* ---- cudnn: cudnnSetPoolingNdDescriptor -------------------------------------------------------------------------- */

typedef enum poolgrad_cudnn_mode {
    POOLGRAD_CUDNN_MAX = 0,
    POOLGRAD_CUDNN_AVERAGE_COUNT_INCLUDE_PADDING = 1,
    POOLGRAD_CUDNN_AVERAGE_COUNT_EXCLUDE_PADDING = 2,
    POOLGRAD_CUDNN_MAX_DETERMINISTIC = 3
} poolgrad_cudnn_mode;

typedef enum poolgrad_cudnn_nan {
    POOLGRAD_CUDNN_NOT_PROPAGATE_NAN = 0,
    POOLGRAD_CUDNN_PROPAGATE_NAN = 1
} poolgrad_cudnn_nan;

typedef struct poolgrad_cudnn_pool {
    size_t struct_size;       /* set by poolgrad_cudnn_pool_init */
    int64_t dimensions;       /* nbDims, 2 or 3 */
    int64_t mode;             /* (CUDNN_POOLING_MAX of max) average must say which one */
    int64_t maxpoolingNanOpt; /* (CUDNN_NOT_PROPAGATE_NAN) max */
    int64_t windowDim[3];
    int64_t padding[3]; /* (0) */
    int64_t stride[3];
} poolgrad_cudnn_pool;

POOLGRAD_API void poolgrad_cudnn_pool_init(poolgrad_cudnn_pool *pool, size_t struct_size);
POOLGRAD_API poolgrad_status poolgrad_problem_from_cudnn(const poolgrad_cudnn_pool *pool, poolgrad_problem *problem,
                                                         poolgrad_output_size *size, poolgrad_error *error);

/* ---- onednn: dnnl_pooling_forward_primitive_desc_create ---------------------------------------------------------- */

typedef enum poolgrad_onednn_alg_kind {
    POOLGRAD_ONEDNN_POOLING_MAX = 0,
    POOLGRAD_ONEDNN_POOLING_AVG_INCLUDE_PADDING = 1,
    POOLGRAD_ONEDNN_POOLING_AVG_EXCLUDE_PADDING = 2
} poolgrad_onednn_alg_kind;

typedef struct poolgrad_onednn_pool {
    size_t struct_size; /* set by poolgrad_onednn_pool_init */
    int64_t dimensions; /* 1 to 3 */
    int64_t alg_kind;   /* (pooling_max of max) average must say which one; values of this header, not oneDNN's */
    int64_t strides[3];
    int64_t kernel[3];
    int64_t dilation[3];  /* (0) pixels between taps: one less than elsewhere */
    int64_t padding_l[3]; /* (0) */
    int64_t padding_r[3]; /* (padding_l) negative: as far as the stride */
} poolgrad_onednn_pool;

POOLGRAD_API void poolgrad_onednn_pool_init(poolgrad_onednn_pool *pool, size_t struct_size);
POOLGRAD_API poolgrad_status poolgrad_problem_from_onednn(const poolgrad_onednn_pool *pool, poolgrad_problem *problem,
                                                          poolgrad_output_size *size, poolgrad_error *error);

#ifdef __cplusplus
}
#endif

#endif
