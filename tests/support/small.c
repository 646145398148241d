/* SPDX-License-Identifier: Apache-2.0 */
#include "small.h"

#include "view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Channels that fill one slice of a blocked layout and part of a second; images to show that they do not mix. */
enum { MORE_CHANNELS = 2, MANY_CHANNELS = 6, IMAGES = 2 };

/* In the memory around and between results: no expected value has these bytes. */
enum { PATTERN = 0x5a };

static const poolgrad_layout layouts[] = {POOLGRAD_NCHW,   POOLGRAD_NHWC,     POOLGRAD_NC4HW4,
                                          POOLGRAD_NC8HW8, POOLGRAD_NC16HW16, POOLGRAD_NC32HW32};
static const char *const layout_names[] = {"nchw", "nhwc", "nc4hw4", "nc8hw8", "nc16hw16", "nc32hw32"};
static const poolgrad_isa isas[] = {POOLGRAD_ISA_SCALAR, POOLGRAD_ISA_BEST};

enum { SMALL_LAYOUTS = sizeof layouts / sizeof *layouts, SMALL_ISAS = sizeof isas / sizeof *isas };

typedef struct small_shape {
    poolgrad_layout layout;
    int64_t channels;
} small_shape;

poolgrad_problem poolgrad_small_problem(poolgrad_kind kind, poolgrad_edge_mode edge_mode, poolgrad_window window,
                                        int64_t offset_x, int64_t offset_y)
{
    poolgrad_problem problem;
    poolgrad_problem_init(&problem, sizeof problem);
    problem.kind = kind;
    problem.edge_mode = edge_mode;
    problem.window = window;
    problem.offset_x = offset_x;
    problem.offset_y = offset_y;
    return problem;
}

poolgrad_small poolgrad_small_volume(int64_t depth, poolgrad_small plane)
{
    plane.depth = depth;
    plane.height /= depth;
    return plane;
}

/* Rows of all planes. */
static int64_t rows(poolgrad_small plane)
{
    return view_depth(&plane) * plane.height;
}

/* Elements from one neighbouring channel to the next block of channels: 1, all, or a slice. */
static int64_t block(small_shape shape)
{
    return shape.layout == POOLGRAD_NHWC ? shape.channels : view_lanes(shape.layout);
}

static int64_t blocks(small_shape shape)
{
    return (shape.channels + block(shape) - 1) / block(shape);
}

static size_t bytes_of(poolgrad_small plane, small_shape shape)
{
    int64_t elements = IMAGES * blocks(shape) * rows(plane) * plane.width * block(shape);
    return (size_t)elements * poolgrad_format_size(plane.format);
}

static unsigned char *element(void *data, poolgrad_small plane, small_shape shape, const int64_t at[4])
{
    int64_t b = block(shape);
    int64_t row = (at[0] * blocks(shape) + at[1] / b) * rows(plane) + at[2];
    int64_t position = (row * plane.width + at[3]) * b + at[1] % b;
    return (unsigned char *)data + (size_t)position * poolgrad_format_size(plane.format);
}

/* Copies the plane to (spread) or from (gather) channel c of image n. */
static void copy_plane(void *data, void *dense, poolgrad_small plane, small_shape shape, int64_t n, int64_t c,
                       bool spread)
{
    size_t size = poolgrad_format_size(plane.format);
    for (int64_t y = 0; y < rows(plane); ++y) {
        for (int64_t x = 0; x < plane.width; ++x) {
            unsigned char *there = element(data, plane, shape, (int64_t[]){n, c, y, x});
            unsigned char *here = (unsigned char *)dense + (size_t)(y * plane.width + x) * size;
            memcpy(spread ? there : here, spread ? here : there, size);
        }
    }
}

static void *pattern(poolgrad_small plane, small_shape shape)
{
    size_t bytes = bytes_of(plane, shape);
    void *data = malloc(bytes ? bytes : 1);
    if (!data) abort();
    memset(data, PATTERN, bytes);
    return data;
}

static void *spread_plane(poolgrad_small plane, small_shape shape)
{
    if (plane.count != (size_t)(rows(plane) * plane.width)) {
        fprintf(stderr, "literal of %zu elements for a plane of %lld x %lld\n", plane.count, (long long)rows(plane),
                (long long)plane.width);
        abort();
    }
    void *data = pattern(plane, shape);
    void *dense = malloc(plane.count * poolgrad_format_size(plane.format) + 1);
    if (!dense) abort();
    memcpy(dense, plane.data, plane.count * poolgrad_format_size(plane.format));
    for (int64_t n = 0; n < IMAGES; ++n) {
        for (int64_t c = 0; c < shape.channels; ++c) copy_plane(data, dense, plane, shape, n, c, true);
    }
    free(dense);
    return data;
}

static poolgrad_image view_of(void *data, poolgrad_small plane, small_shape shape)
{
    return poolgrad_image_dense_3d(data, plane.format, shape.layout, IMAGES, shape.channels, view_depth(&plane),
                                   plane.height, plane.width);
}

/* Points the image at a spread copy of the plane; the copy is returned to be freed. */
static void *lay(poolgrad_const_image *image, poolgrad_small plane, small_shape shape)
{
    if (plane.format == POOLGRAD_FORMAT_NONE) return NULL;
    void *data = plane.data ? spread_plane(plane, shape) : NULL;
    *image = poolgrad_const_image_dense_3d(data, plane.format, shape.layout, IMAGES, shape.channels, view_depth(&plane),
                                           plane.height, plane.width);
    return data;
}

static unsigned long long bits(const void *data, size_t size, int64_t index)
{
    const unsigned char *at = (const unsigned char *)data + (size_t)index * size;
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (size) {
    case 1: return memcpy(&one, at, size), one;
    case 2: return memcpy(&two, at, size), two;
    case 4: return memcpy(&four, at, size), four;
    default: return memcpy(&eight, at, sizeof eight), eight;
    }
}

static double number(poolgrad_format format, const void *data, int64_t count, int64_t index)
{
    poolgrad_const_image row = poolgrad_const_image_dense(data, format, POOLGRAD_NCHW, 1, 1, 1, count);
    return poolgrad_const_image_get(&row, 0, 0, 0, 0, index);
}

bool poolgrad_small_same(const char *name, poolgrad_format format, const void *actual, const void *expected,
                         int64_t height, int64_t width)
{
    size_t size = poolgrad_format_size(format);
    bool same = true;
    for (int64_t i = 0; i < height * width; ++i) {
        unsigned long long a = bits(actual, size, i), e = bits(expected, size, i);
        if (a == e) continue;
        same = false;
        fprintf(stderr, "%s: y %lld x %lld is %.17g (%0*llx), expected %.17g (%0*llx)\n", name, (long long)(i / width),
                (long long)(i % width), number(format, actual, height * width, i), (int)(2 * size), a,
                number(format, expected, height * width, i), (int)(2 * size), e);
    }
    return same;
}

/* Lanes that no channel owns: +0 where the region written covers the pixel. Small problems write every pixel unless a
 * clip rectangle is set, and then only channel lanes are looked at. */
static bool lanes_are_zero(const char *name, void *data, poolgrad_small plane, small_shape shape)
{
    if (view_lanes(shape.layout) == 1) return true;
    const unsigned char zero[8] = {0};
    int64_t pixels = plane.height * plane.width;
    bool same = true;
    for (int64_t i = 0; i < IMAGES * pixels; ++i) {
        for (int64_t c = shape.channels; c < blocks(shape) * block(shape); ++c) {
            int64_t at[4] = {i / pixels, c, i % pixels / plane.width, i % plane.width};
            if (!memcmp(element(data, plane, shape, at), zero, poolgrad_format_size(plane.format))) continue;
            fprintf(stderr, "%s: unused lane %lld of y %lld x %lld is not +0\n", name, (long long)c, (long long)at[2],
                    (long long)at[3]);
            same = false;
        }
    }
    return same;
}

static bool every_plane(const char *name, void *data, poolgrad_small expected, small_shape shape)
{
    size_t bytes = (size_t)(rows(expected) * expected.width) * poolgrad_format_size(expected.format);
    void *dense = malloc(bytes + 1);
    if (!dense) abort();
    bool same = true;
    for (int64_t n = 0; n < IMAGES; ++n) {
        for (int64_t c = 0; c < shape.channels; ++c) {
            copy_plane(data, dense, expected, shape, n, c, false);
            same &= poolgrad_small_same(name, expected.format, dense, expected.data, rows(expected), expected.width);
        }
    }
    free(dense);
    return same;
}

static bool runs(const char *name, const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    if (poolgrad_run(problem, &error) == POOLGRAD_OK) return true;
    fprintf(stderr, "%s: refused: %s\n", name, error.message);
    return false;
}

static bool everything(const poolgrad_problem *problem)
{
    const poolgrad_region *clip = &problem->clip;
    return clip->x == 0 && clip->y == 0 && clip->z == 0 && clip->image == 0 && clip->width == POOLGRAD_ALL &&
           clip->height == POOLGRAD_ALL && clip->depth == POOLGRAD_ALL && clip->images == POOLGRAD_ALL;
}

static bool forward_once(const char *name, poolgrad_problem problem, const poolgrad_small planes[3], small_shape shape)
{
    poolgrad_small expected = planes[1], picks = planes[2];
    bool picked = picks.format != POOLGRAD_FORMAT_NONE;
    void *source = lay(&problem.source, planes[0], shape);
    void *destination = pattern(expected, shape);
    void *found = picked ? pattern(picks, shape) : NULL;
    problem.destination = view_of(destination, expected, shape);
    if (picked) problem.picks = view_of(found, picks, shape);
    bool good = runs(name, &problem) && every_plane(name, destination, expected, shape);
    if (good && everything(&problem)) good = lanes_are_zero(name, destination, expected, shape);
    if (good && picked) good = every_plane(name, found, picks, shape);
    if (good && picked && everything(&problem)) good = lanes_are_zero(name, found, picks, shape);
    free(source);
    free(destination);
    free(found);
    return good;
}

static bool gradient_once(const char *name, poolgrad_problem problem, const poolgrad_small planes[5], small_shape shape)
{
    poolgrad_small before = planes[3], expected = planes[4];
    void *source = lay(&problem.source, planes[0], shape);
    void *gradient = lay(&problem.source_gradient, planes[1], shape);
    void *indices = lay(&problem.indices, planes[2], shape);
    void *destination = before.data ? spread_plane(before, shape) : pattern(expected, shape);
    problem.destination = view_of(destination, expected, shape);
    bool good = runs(name, &problem) && every_plane(name, destination, expected, shape);
    if (good && everything(&problem) && !before.data) good = lanes_are_zero(name, destination, expected, shape);
    free(source);
    free(gradient);
    free(indices);
    free(destination);
    return good;
}

static bool gather_once(const char *name, poolgrad_problem problem, const poolgrad_small planes[3], small_shape shape)
{
    poolgrad_small expected = planes[2];
    void *source = lay(&problem.source, planes[0], shape);
    void *indices = lay(&problem.indices, planes[1], shape);
    void *destination = pattern(expected, shape);
    problem.destination = view_of(destination, expected, shape);
    bool good = runs(name, &problem) && every_plane(name, destination, expected, shape);
    if (good && everything(&problem)) good = lanes_are_zero(name, destination, expected, shape);
    free(source);
    free(indices);
    free(destination);
    return good;
}

typedef bool run_once(const char *name, poolgrad_problem problem, const poolgrad_small *planes, small_shape shape);

/* Of one plane for all images to have. */
static bool has_depth(const poolgrad_small *planes, int count)
{
    for (int i = 0; i < count; ++i)
        if (planes[i].depth > 1) return true;
    return false;
}

static int64_t many_channels(poolgrad_layout layout)
{
    const int64_t lanes = view_lanes(layout);
    return lanes == 1 ? MANY_CHANNELS : lanes + MORE_CHANNELS;
}

static bool in_every_shape(const char *name, poolgrad_problem problem, const poolgrad_small *planes, int count,
                           run_once *run)
{
    bool good = true;
    for (size_t i = 0; i < SMALL_LAYOUTS * 2 * SMALL_ISAS; ++i) {
        const poolgrad_layout layout = layouts[i / SMALL_ISAS / 2];
        const poolgrad_isa isa = isas[i % SMALL_ISAS];
        const int64_t channels = i / SMALL_ISAS % 2 ? many_channels(layout) : 1;
        char text[160];
        if (view_lanes(layout) > 1 && has_depth(planes, count)) continue;
        snprintf(text, sizeof text, "%s [%s, %lld channels, %s]", name, layout_names[layout], (long long)channels,
                 isa == POOLGRAD_ISA_SCALAR ? "scalar" : "best");
        problem.max_isa = isa;
        good &= run(text, problem, planes, (small_shape){layout, channels});
    }
    return good;
}

bool poolgrad_small_forward(const char *name, const poolgrad_problem *problem, poolgrad_small source,
                            poolgrad_small expected, poolgrad_small picks)
{
    poolgrad_problem forward = *problem;
    forward.direction = POOLGRAD_FORWARD;
    return in_every_shape(name, forward, (const poolgrad_small[]){source, expected, picks}, 3, forward_once);
}

bool poolgrad_small_gather(const char *name, const poolgrad_problem *problem, poolgrad_small source,
                           poolgrad_small indices, poolgrad_small expected)
{
    return in_every_shape(name, *problem, (const poolgrad_small[]){source, indices, expected}, 3, gather_once);
}

bool poolgrad_small_gradient(const char *name, const poolgrad_problem *problem, poolgrad_small source,
                             poolgrad_small gradient, poolgrad_small indices, poolgrad_small before,
                             poolgrad_small expected)
{
    poolgrad_problem backward = *problem;
    backward.direction = POOLGRAD_GRADIENT;
    return in_every_shape(name, backward, (const poolgrad_small[]){source, gradient, indices, before, expected}, 5,
                          gradient_once);
}

bool poolgrad_small_refusal(poolgrad_status status, const poolgrad_error *error)
{
    if (status != POOLGRAD_INVALID) return false;
    if (!memchr(error->field, 0, sizeof error->field) || !memchr(error->message, 0, sizeof error->message))
        return false;
    size_t length = strlen(error->field);
    return length > 0 && strncmp(error->message, error->field, length) == 0 && error->message[length] == ' ';
}
