/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conformance kit in memory: cases that find mistakes in a backend, each a problem with its inputs and its results.
 *
 * A kit depends on its size, its seed and its scope alone, to the bit and on every machine. Geometries are an array of
 * parameters in which any two values that have an effect together occur together (suite/suite_covering), named cases
 * for the corners that rules are about (suite/suite_named), and sizes at which blocks, tiles and the widths of indices
 * show (suite/suite_large). Images of a problem of planes have depth 0; those of a volume, which may be one pixel deep,
 * have at least 1.
 */
#ifndef POOLGRAD_SUITE_KIT_H
#define POOLGRAD_SUITE_KIT_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>
#include <stdint.h>

enum poolgrad_suite_size { SUITE_SMOKE, SUITE_STANDARD, SUITE_EXHAUSTIVE, SUITE_SIZES };

/* Frameworks whose operators a kit can be about; docs/suite.md says what each can say. */
enum suite_profile {
    PROFILE_ALL, /* all that poolgrad can say */
    PROFILE_MPS,
    PROFILE_TORCH,
    PROFILE_ONNX,
    PROFILE_TENSORFLOW,
    PROFILE_JAX,
    PROFILE_WEBNN,
    PROFILE_CUDNN,
    SUITE_PROFILES
};

/* "all", "mps", "torch" and so on. */
const char *poolgrad_suite_profile_name(enum suite_profile profile);

/* Directions and kinds as cases are told apart by them. */
enum suite_direction { SUITE_FORWARD, SUITE_GRADIENT, SUITE_GATHER };
enum suite_kind { SUITE_AVERAGE, SUITE_MAX, SUITE_L2NORM, SUITE_ROOT_MEAN };

enum suite_direction poolgrad_suite_direction(const poolgrad_problem *problem);
enum suite_kind poolgrad_suite_kind(const poolgrad_problem *problem);

/* What a kit is about. Sets of words are bits; an empty one leaves all. */
struct suite_scope {
    enum suite_profile profile;
    uint64_t directions, kinds, formats, layouts; /* of results */
    uint64_t features, without;                   /* at least one of these; none of those */
};

/* Whether a case is in the scope. */
bool poolgrad_suite_has_case(const struct suite_scope *scope, const poolgrad_problem *problem, uint64_t features);

enum { SUITE_NAME = 64 }; /* bytes of a case's name with the zero behind it */

/* What a case is about: bits of its features, in the order of their words. */
enum poolgrad_suite_feature {
    FEATURE_TIES,
    FEATURE_ALL_EQUAL,
    FEATURE_NAN,
    FEATURE_INFINITY,
    FEATURE_SUBNORMAL,
    FEATURE_CANCELLATION,
    FEATURE_RAMP,
    FEATURE_SIGNED_ZEROS,
    FEATURE_OVERFLOW,
    FEATURE_STALL,
    FEATURE_BORDER_MAXIMA,
    FEATURE_LEAST_WINDOW,
    FEATURE_ZERO_NORM,
    FEATURE_EVEN_KERNEL,
    FEATURE_DILATION,
    FEATURE_STRIDE,
    FEATURE_GAPS,
    FEATURE_OVERLAP,
    FEATURE_EDGE_ZERO,
    FEATURE_CLAMP,
    FEATURE_ZERO_PAD,
    FEATURE_OUTSIDE,
    FEATURE_CLIP,
    FEATURE_MAPPING_CLIP,
    FEATURE_GRADIENT_REGION,
    FEATURE_KERNEL_OFFSET,
    FEATURE_CHANNEL_WINDOW,
    FEATURE_BATCH_WINDOW,
    FEATURE_INDICES,
    FEATURE_ADD,
    FEATURE_EMPTY,
    FEATURE_GLOBAL,
    FEATURE_LARGE_KERNEL,
    FEATURE_CEIL_MODE,
    FEATURE_POLICY,
    FEATURE_EXCLUDE_EDGES,
    FEATURE_SIZE_ONLY,
    FEATURE_UNORM,
    FEATURE_FLOAT16,
    FEATURE_BFLOAT16,
    FEATURE_FLOAT64,
    FEATURE_NHWC,
    FEATURE_NC4HW4,
    FEATURE_UNUSED_LANES,
    FEATURE_EXAMPLE,
    FEATURE_VOLUME,
    FEATURE_TABLE,
    FEATURE_DIVISOR,
    FEATURE_ONE_SIDED_PAD,
    FEATURE_ROOT_MEAN,
    FEATURE_GATHER,
    FEATURE_NC8HW8,
    FEATURE_NC16HW16,
    FEATURE_NC32HW32,
    FEATURE_LARGE,
    FEATURE_NETWORK,
    SUITE_FEATURES
};

#define SUITE_FEATURE(name) (UINT64_C(1) << FEATURE_##name)

/* "ties", "all-equal" and so on; null behind the last. */
extern const char *const poolgrad_suite_feature_words[SUITE_FEATURES + 1];

/* The arrays of a case. */
enum poolgrad_suite_role {
    SUITE_SOURCE,
    SUITE_SOURCE_GRADIENT,
    SUITE_INDICES,          /* those that a gradient, or a gather, reads */
    SUITE_BEFORE,           /* what the destination holds before; without it, zeros */
    SUITE_EXPECTED,         /* the reference's destination */
    SUITE_EXACT,            /* that of exact mode */
    SUITE_EXPECTED_INDICES, /* forward's picks */
    SUITE_ROLES
};

extern const char *const poolgrad_suite_role_words[SUITE_ROLES + 1];

/*
 * A case. Arrays that it does not have are of format none; a source of which only the size counts has null data. The
 * problem's sources and indices are these arrays, its tables of windows the kit's. Its destination and its picks have
 * sizes, strides, format and layout, and no data: whoever runs the case brings memory.
 */
struct suite_case {
    char name[SUITE_NAME];
    uint64_t features;
    poolgrad_problem problem;
    poolgrad_image image[SUITE_ROLES]; /* dense, with memory of their own */
};

typedef struct poolgrad_suite poolgrad_suite;

/* The arrays of a scope are drawn from it, so that any two values which it leaves occur together. Null where memory is
 * lacking. */
poolgrad_suite *poolgrad_suite_create_for(enum poolgrad_suite_size size, uint64_t seed,
                                          const struct suite_scope *scope);

/* All cases. */
poolgrad_suite *poolgrad_suite_create(enum poolgrad_suite_size size, uint64_t seed);
void poolgrad_suite_destroy(poolgrad_suite *suite); /* null is legal */
int64_t poolgrad_suite_count(const poolgrad_suite *suite);

/* Of a case that is not made yet; images have no data. As long as the kit. */
const char *poolgrad_suite_name(const poolgrad_suite *suite, int64_t index);
const poolgrad_problem *poolgrad_suite_problem(const poolgrad_suite *suite, int64_t index);
uint64_t poolgrad_suite_features(const poolgrad_suite *suite, int64_t index);

/* Makes the case: inputs, the reference's result and the exact one. On refusal *made is to be freed no more. */
poolgrad_status poolgrad_suite_make(const poolgrad_suite *suite, int64_t index, struct suite_case *made,
                                    poolgrad_error *error);
void poolgrad_suite_case_free(struct suite_case *made);

/* A dense image without memory; a depth of 0 stays 0. */
poolgrad_image poolgrad_suite_image(poolgrad_format format, poolgrad_layout layout, int64_t images, int64_t channels,
                                    int64_t depth, int64_t height, int64_t width);

/* Dense memory for an image, all bits 0. False where there is none; sizes are legal. */
bool poolgrad_suite_allocate(poolgrad_image *image);

/* Bytes of a dense image. */
int64_t poolgrad_suite_bytes(const poolgrad_image *image);

/* Memory for the destination, holding what it holds before a run. False where there is none. */
bool poolgrad_suite_destination(const struct suite_case *made, poolgrad_image *destination);

#endif
