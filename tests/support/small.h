/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems small enough to be worked out by hand. A plane is written as a literal, F32(2, 3, 1, 2, 3, 4, 5, 6); a check
 * spreads it over images, channels and layouts (volumes: those that have depth), runs the problem and compares every
 * byte that should have changed, and every byte that should not.
 */
#ifndef POOLGRAD_TESTS_SMALL_H
#define POOLGRAD_TESTS_SMALL_H

#include <poolgrad/poolgrad.h>
#include <stdbool.h>

typedef struct poolgrad_small {
    poolgrad_format format; /* POOLGRAD_FORMAT_NONE: no plane */
    int64_t height, width;
    const void *data; /* dense rows */
    size_t count;     /* elements in the literal, to catch a miscounted one */
    int64_t depth;    /* planes below each other that make a volume; `height` is of one; 0: a plane */
} poolgrad_small;

#define POOLGRAD_SMALL(format, type, height, width, ...)                                                               \
    ((poolgrad_small){format, height, width, (const type[]){__VA_ARGS__},                                              \
                      sizeof((const type[]){__VA_ARGS__}) / sizeof(type), 0})
#define U8(height, width, ...) POOLGRAD_SMALL(POOLGRAD_UNORM8, uint8_t, height, width, __VA_ARGS__)
#define U16(height, width, ...) POOLGRAD_SMALL(POOLGRAD_UNORM16, uint16_t, height, width, __VA_ARGS__)
#define F16(height, width, ...) POOLGRAD_SMALL(POOLGRAD_FLOAT16, uint16_t, height, width, __VA_ARGS__)
#define BF16(height, width, ...) POOLGRAD_SMALL(POOLGRAD_BFLOAT16, uint16_t, height, width, __VA_ARGS__)
#define F32(height, width, ...) POOLGRAD_SMALL(POOLGRAD_FLOAT32, float, height, width, __VA_ARGS__)
#define B32(height, width, ...) POOLGRAD_SMALL(POOLGRAD_FLOAT32, uint32_t, height, width, __VA_ARGS__)
#define F64(height, width, ...) POOLGRAD_SMALL(POOLGRAD_FLOAT64, double, height, width, __VA_ARGS__)
#define B64(height, width, ...) POOLGRAD_SMALL(POOLGRAD_FLOAT64, uint64_t, height, width, __VA_ARGS__)
#define I32(height, width, ...) POOLGRAD_SMALL(POOLGRAD_INT32, int32_t, height, width, __VA_ARGS__)
#define I64(height, width, ...) POOLGRAD_SMALL(POOLGRAD_INT64, int64_t, height, width, __VA_ARGS__)
#define T8(height, width, ...) POOLGRAD_SMALL(POOLGRAD_TAP8, uint8_t, height, width, __VA_ARGS__)
#define T16(height, width, ...) POOLGRAD_SMALL(POOLGRAD_TAP16, uint16_t, height, width, __VA_ARGS__)
#define T32(height, width, ...) POOLGRAD_SMALL(POOLGRAD_TAP32, uint32_t, height, width, __VA_ARGS__)
#define NO_PLANE ((poolgrad_small){POOLGRAD_FORMAT_NONE, 0, 0, NULL, 0, 0})
/* A plane of which only the size is given: the image's data is null. */
#define SIZE_ONLY(height, width) ((poolgrad_small){POOLGRAD_FLOAT32, height, width, NULL, 0, 0})

/* The rows of a plane as those of `depth` planes of a volume. */
poolgrad_small poolgrad_small_volume(int64_t depth, poolgrad_small plane);

/* Windows as kernel, stride, dilation: the same on both axes, or along x or y alone. */
#define SQUARE(k, s, d) ((poolgrad_window){k, k, 1, s, s, 1, d, d, 1})
#define ALONG_X(k, s, d) ((poolgrad_window){k, 1, 1, s, 1, 1, d, 1, 1})
#define ALONG_Y(k, s, d) ((poolgrad_window){1, k, 1, 1, s, 1, 1, d, 1})
#define ALONG_Z(k, s, d) ((poolgrad_window){1, 1, k, 1, 1, s, 1, 1, d})
#define CUBE(k, s, d) ((poolgrad_window){k, k, k, s, s, s, d, d, d})

/* A neutral problem with the first window centred at (offset_x, offset_y). */
poolgrad_problem poolgrad_small_problem(poolgrad_kind kind, poolgrad_edge_mode edge_mode, poolgrad_window window,
                                        int64_t offset_x, int64_t offset_y);

/* Runs the forward problem for every layout that all planes have, for one and for several channels, by the scalar path
 * and by the best one, and compares with the expected plane, bit by bit. `picks` is the expected plane of picks or
 * NO_PLANE. Prints what differs and returns whether nothing did. */
bool poolgrad_small_forward(const char *name, const poolgrad_problem *problem, poolgrad_small source,
                            poolgrad_small expected, poolgrad_small picks);

/* The same from indices: a gather. */
bool poolgrad_small_gather(const char *name, const poolgrad_problem *problem, poolgrad_small source,
                           poolgrad_small indices, poolgrad_small expected);

/* The same for a gradient. `before` is what the destination holds beforehand, or NO_PLANE for a pattern that no result
 * has; `indices` are given to the problem unless NO_PLANE. */
bool poolgrad_small_gradient(const char *name, const poolgrad_problem *problem, poolgrad_small source,
                             poolgrad_small gradient, poolgrad_small indices, poolgrad_small before,
                             poolgrad_small expected);

/* Compares two arrays of elements of the format by their bits; prints what differs. */
bool poolgrad_small_same(const char *name, poolgrad_format format, const void *actual, const void *expected,
                         int64_t height, int64_t width);

/* Whether a refusal is what the header promises: POOLGRAD_INVALID, a field, and a message that begins with it. */
bool poolgrad_small_refusal(poolgrad_status status, const poolgrad_error *error);

#endif
