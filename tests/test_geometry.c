/* SPDX-License-Identifier: Apache-2.0 */
/* What a problem may say: every refusal names its field, every extreme is accepted or refused, large tensors work. */
#include "support/small.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- Valid problems to break --------------------------------------------------------------------------------- */

typedef enum base { GRADIENT, AVERAGE, FORWARD, PICKING_FORWARD, INDEXED_GRADIENT, TABLED, GATHER, BASES } base;

static const char *const base_names[BASES] = {"gradient",
                                              "average gradient",
                                              "forward",
                                              "forward with picks",
                                              "gradient from indices",
                                              "average gradient by table",
                                              "forward from indices"};

static float source_data[16], gradient_data[4], destination_data[16];
static int32_t index_data[4];

/* A 4x4 image under 2x2 windows of stride 2, the first at its corner. */
static poolgrad_problem valid(base which)
{
    static const poolgrad_span halves[] = {{0, 2}, {2, 2}};
    poolgrad_kind kind = which == AVERAGE || which == TABLED ? POOLGRAD_AVERAGE : POOLGRAD_MAX;
    bool forward = which == FORWARD || which == PICKING_FORWARD || which == GATHER;
    poolgrad_problem p = poolgrad_small_problem(kind, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 1, 1);
    p.direction = forward ? POOLGRAD_FORWARD : POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(source_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    p.destination = poolgrad_image_dense(destination_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    if (forward) p.destination = poolgrad_image_dense(destination_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    if (!forward)
        p.source_gradient = poolgrad_const_image_dense(gradient_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    if (which == TABLED) {
        p.window.kernel_width = p.window.stride_x = 1;
        p.offset_x = 0;
        p.windows_x = (poolgrad_table){halves, 2};
    }
    if (which == PICKING_FORWARD || which == INDEXED_GRADIENT || which == GATHER) {
        const int32_t corners[4] = {0, 2, 8, 10};
        memcpy(index_data, corners, sizeof index_data);
        if (which == PICKING_FORWARD)
            p.picks = poolgrad_image_dense(index_data, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
        else
            p.indices = poolgrad_const_image_dense(index_data, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    }
    return p;
}

static void accepted(const char *name, const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_check(problem, &error);
    cr_expect(status == POOLGRAD_OK, "%s: %s", name, error.message);
}

/* Refused, and for this field. */
static void refused(const char *name, const poolgrad_problem *problem, const char *field)
{
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_check(problem, &error);
    bool good = poolgrad_small_refusal(status, &error) && strncmp(error.field, field, strlen(field)) == 0;
    cr_expect(good, "%s, expected a refusal of %s: status %d, field \"%s\", message \"%s\"", name, field, (int)status,
              error.field, error.message);
}

/* Accepted, or refused with a sentence. */
static bool sound(const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_check(problem, &error);
    return status == POOLGRAD_OK || poolgrad_small_refusal(status, &error);
}

Test(geometry, valid_problems_are_accepted)
{
    for (int b = 0; b < BASES; ++b) {
        poolgrad_problem p = valid((base)b);
        accepted(base_names[b], &p);
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
        cr_expect(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    }
}

/* ---- Wrong values -------------------------------------------------------------------------------------------- */

typedef struct wrong {
    const char *field;
    size_t offset, size;
    int64_t value;
    base where;
    const char *name; /* of the value, where the message may say that instead of the number */
} wrong;

#define MEMBER(member) #member, offsetof(poolgrad_problem, member), sizeof((poolgrad_problem *)0)->member
#define BELOW_ONE(member)                                                                                              \
    {MEMBER(member), 0, GRADIENT, NULL}, {MEMBER(member), -1, FORWARD, NULL},                                          \
    {                                                                                                                  \
        MEMBER(member), INT64_MIN, GRADIENT, NULL                                                                      \
    }
#define NEGATIVE(member, where)                                                                                        \
    {MEMBER(member), -1, where, NULL},                                                                                 \
    {                                                                                                                  \
        MEMBER(member), INT64_MIN, where, NULL                                                                         \
    }
#define TOO_GREAT(member, where)                                                                                       \
    {MEMBER(member), (INT64_C(1) << 61) + 1, where, NULL},                                                             \
    {                                                                                                                  \
        MEMBER(member), INT64_MAX - 1, where, NULL                                                                     \
    }
#define BEYOND(member, where)                                                                                          \
    TOO_GREAT(member, where), {MEMBER(member), -(INT64_C(1) << 61) - 1, where, NULL},                                  \
    {                                                                                                                  \
        MEMBER(member), INT64_MIN, where, NULL                                                                         \
    }
#define UNKNOWN(member, first, where)                                                                                  \
    {MEMBER(member), first, where, NULL},                                                                              \
    {                                                                                                                  \
        MEMBER(member), 99, where, NULL                                                                                \
    }
#define IMAGE(image, where)                                                                                            \
    UNKNOWN(image.format, 12, where), UNKNOWN(image.layout, 6, where), NEGATIVE(image.images, where),                  \
        NEGATIVE(image.channels, where), NEGATIVE(image.depth, where), NEGATIVE(image.height, where),                  \
        NEGATIVE(image.width, where), UNKNOWN(image.expanded, 2, where), {MEMBER(image.expanded), -1, where, NULL},    \
    {                                                                                                                  \
        MEMBER(image.format), POOLGRAD_FORMAT_NONE, where, "none"                                                      \
    }

static const wrong wrongs[] = {
    {MEMBER(struct_size), 0, GRADIENT, NULL},
    {MEMBER(struct_size), 1, FORWARD, NULL},
    {MEMBER(struct_size), sizeof(size_t) - 1, GRADIENT, NULL},
    {MEMBER(struct_size), 1 << 20, GRADIENT, NULL},
    {MEMBER(struct_size), PTRDIFF_MAX, FORWARD, NULL},
    UNKNOWN(direction, 2, GRADIENT),
    UNKNOWN(kind, 3, GRADIENT),
    UNKNOWN(kind, 3, FORWARD),
    BELOW_ONE(window.kernel_width),
    BELOW_ONE(window.kernel_height),
    BELOW_ONE(window.stride_x),
    BELOW_ONE(window.stride_y),
    BELOW_ONE(window.dilation_x),
    BELOW_ONE(window.dilation_y),
    NEGATIVE(window.kernel_depth, GRADIENT),
    TOO_GREAT(window.kernel_depth, FORWARD),
    NEGATIVE(window.stride_z, AVERAGE),
    TOO_GREAT(window.stride_z, GRADIENT),
    NEGATIVE(window.dilation_z, FORWARD),
    TOO_GREAT(window.dilation_z, AVERAGE),
    BEYOND(offset_z, GRADIENT),
    BEYOND(offset_z, FORWARD),
    BEYOND(kernel_offset_z, GRADIENT),
    NEGATIVE(zero_pad_z, AVERAGE),
    TOO_GREAT(zero_pad_z, AVERAGE),
    BEYOND(gradient_region.z, GRADIENT),
    NEGATIVE(gradient_region.depth, GRADIENT),
    NEGATIVE(clip.z, FORWARD),
    TOO_GREAT(clip.z, GRADIENT),
    NEGATIVE(clip.depth, GRADIENT),
    NEGATIVE(zero_pad_left, AVERAGE),
    NEGATIVE(zero_pad_top, AVERAGE),
    NEGATIVE(zero_pad_front, AVERAGE),
    NEGATIVE(zero_pad_right, AVERAGE),
    NEGATIVE(zero_pad_bottom, GRADIENT),
    NEGATIVE(zero_pad_back, TABLED),
    TOO_GREAT(zero_pad_left, AVERAGE),
    TOO_GREAT(zero_pad_back, FORWARD),
    {MEMBER(divisor), 3, GRADIENT, NULL},
    {MEMBER(divisor), -1, FORWARD, NULL},
    {MEMBER(divisor), INT64_MIN, GATHER, NULL},
    UNKNOWN(root_mean, 2, AVERAGE),
    {MEMBER(root_mean), -1, GRADIENT, NULL},
    {MEMBER(root_mean), 1, AVERAGE, NULL},
    {MEMBER(root_mean), 1, FORWARD, NULL},
    {MEMBER(windows_x.count), 1, TABLED, NULL},
    {MEMBER(windows_x.count), 3, TABLED, NULL},
    {MEMBER(windows_x.count), 0, TABLED, NULL},
    NEGATIVE(windows_x.count, TABLED),
    NEGATIVE(windows_z.count, FORWARD),
    {MEMBER(window.kernel_width), 2, TABLED, NULL},
    {MEMBER(window.stride_x), 2, TABLED, NULL},
    {MEMBER(window.dilation_x), 2, TABLED, NULL},
    {MEMBER(offset_x), 1, TABLED, NULL},
    {MEMBER(kernel_offset_x), -1, TABLED, NULL},
    {MEMBER(picks.depth), 2, PICKING_FORWARD, NULL},
    {MEMBER(indices.depth), 2, INDEXED_GRADIENT, NULL},
    {MEMBER(indices.depth), 3, GATHER, NULL},
    NEGATIVE(offset_image, GRADIENT),
    NEGATIVE(offset_image, FORWARD),
    UNKNOWN(edge_mode, 5, GRADIENT),
    {MEMBER(edge_mode), 2, FORWARD, "mirror"},
    {MEMBER(edge_mode), 3, AVERAGE, "mirror"},
    {MEMBER(edge_mode), 4, GRADIENT, "constant"},
    NEGATIVE(zero_pad_x, AVERAGE),
    NEGATIVE(zero_pad_y, AVERAGE),
    UNKNOWN(ties, 4, GRADIENT),
    UNKNOWN(nan, 3, GRADIENT),
    UNKNOWN(accumulator, 2, GRADIENT),
    NEGATIVE(gradient_region.image, GRADIENT),
    NEGATIVE(gradient_region.width, GRADIENT),
    NEGATIVE(gradient_region.height, GRADIENT),
    NEGATIVE(gradient_region.images, GRADIENT),
    NEGATIVE(clip.x, GRADIENT),
    NEGATIVE(clip.y, FORWARD),
    NEGATIVE(clip.image, GRADIENT),
    NEGATIVE(clip.width, FORWARD),
    NEGATIVE(clip.height, GRADIENT),
    NEGATIVE(clip.images, FORWARD),
    UNKNOWN(mapping, 2, GRADIENT),
    NEGATIVE(source_channel_offset, GRADIENT),
    NEGATIVE(source_channel_count, FORWARD),
    NEGATIVE(gradient_channel_offset, GRADIENT),
    NEGATIVE(gradient_channel_count, GRADIENT),
    NEGATIVE(destination_channel_offset, FORWARD),
    {MEMBER(add_to_destination), 2, GRADIENT, NULL},
    {MEMBER(add_to_destination), -1, GRADIENT, NULL},
    IMAGE(source, GRADIENT),
    IMAGE(source, FORWARD),
    IMAGE(source, AVERAGE),
    IMAGE(source_gradient, GRADIENT),
    IMAGE(destination, GRADIENT),
    IMAGE(destination, FORWARD),
    IMAGE(picks, PICKING_FORWARD),
    IMAGE(indices, INDEXED_GRADIENT),
    IMAGE(indices, GATHER),
    {MEMBER(source.format), POOLGRAD_INT32, GRADIENT, "int32"},
    {MEMBER(source.format), POOLGRAD_INT64, FORWARD, "int64"},
    {MEMBER(source.format), POOLGRAD_TAP8, FORWARD, "tap8"},
    {MEMBER(source.format), POOLGRAD_TAP16, GRADIENT, "tap16"},
    {MEMBER(source_gradient.format), POOLGRAD_UNORM8, GRADIENT, "unorm8"},
    {MEMBER(source_gradient.format), POOLGRAD_INT32, GRADIENT, "int32"},
    {MEMBER(source_gradient.format), POOLGRAD_TAP8, GRADIENT, "tap8"},
    {MEMBER(source_gradient.format), POOLGRAD_TAP32, GRADIENT, "tap32"},
    {MEMBER(destination.format), POOLGRAD_UNORM8, GRADIENT, "unorm8"},
    {MEMBER(destination.format), POOLGRAD_UNORM16, FORWARD, "unorm16"},
    {MEMBER(destination.format), POOLGRAD_INT64, FORWARD, "int64"},
    {MEMBER(destination.format), POOLGRAD_TAP16, FORWARD, "tap16"},
    {MEMBER(destination.format), POOLGRAD_TAP32, GRADIENT, "tap32"},
    {MEMBER(picks.format), POOLGRAD_FLOAT32, PICKING_FORWARD, "float32"},
    {MEMBER(indices.format), POOLGRAD_UNORM8, INDEXED_GRADIENT, "unorm8"},
    {MEMBER(picks.width), 3, PICKING_FORWARD, NULL},
    {MEMBER(picks.height), 1, PICKING_FORWARD, NULL},
    {MEMBER(indices.width), 1, INDEXED_GRADIENT, NULL},
    {MEMBER(indices.width), 3, GATHER, NULL},
    {MEMBER(indices.channels), 0, GATHER, NULL},
    {MEMBER(indices.height), 3, INDEXED_GRADIENT, NULL},
    {MEMBER(indices.channels), 2, INDEXED_GRADIENT, NULL},
    {MEMBER(picks.images), 2, PICKING_FORWARD, NULL},
    {MEMBER(threads), -1, GRADIENT, NULL},
    {MEMBER(concurrent_runs), -1, GRADIENT, NULL},
    {MEMBER(concurrent_runs), INT32_MIN, FORWARD, NULL},
    {MEMBER(concurrent_runs), 1025, GRADIENT, NULL},
    {MEMBER(concurrent_runs), INT32_MAX, FORWARD, NULL},
    UNKNOWN(mode, 2, GRADIENT),
    UNKNOWN(max_isa, 6, GRADIENT),
#if !defined(__aarch64__) && !defined(__arm__)
    {MEMBER(max_isa), POOLGRAD_ISA_NEON, GRADIENT, "neon"},
#elif !defined(POOLGRAD_EMULATE)
    {MEMBER(max_isa), POOLGRAD_ISA_AVX2, GRADIENT, "avx2"},
#endif
};

enum { WRONGS = sizeof wrongs / sizeof *wrongs };

static void put(poolgrad_problem *problem, size_t offset, size_t size, int64_t value)
{
    int32_t narrow = (int32_t)value;
    unsigned char *member = (unsigned char *)problem + offset;
    if (size == sizeof value) memcpy(member, &value, sizeof value);
    if (size == sizeof narrow) memcpy(member, &narrow, sizeof narrow);
}

Test(geometry, wrong_values_are_refused_by_name_and_value)
{
    for (int i = 0; i < WRONGS; ++i) {
        const wrong *w = &wrongs[i];
        poolgrad_problem p = valid(w->where);
        put(&p, w->offset, w->size, w->value);
        poolgrad_error error = {"", ""};
        poolgrad_status status = poolgrad_check(&p, &error);
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)w->value);
        bool names = strncmp(error.field, w->field, strlen(w->field)) == 0;
        bool shows = strstr(error.message, number) || (w->name && strstr(error.message, w->name));
        cr_expect(poolgrad_small_refusal(status, &error) && names && shows,
                  "%s = %s in a %s: status %d, field \"%s\", message \"%s\"", w->field, number, base_names[w->where],
                  (int)status, error.field, error.message);
    }
}

Test(geometry, channels_that_do_not_fit_are_refused)
{
    for (int b = 0; b < BASES; ++b) {
        poolgrad_problem p = valid((base)b);
        p.destination_channel_offset = 1;
        refused(base_names[b], &p, "destination");
    }
}

/* Whatever refuses refuses alike, and writes nothing. */
Test(geometry, run_and_plan_refuse_as_check_does)
{
    for (int i = 0; i < WRONGS; ++i) {
        const wrong *w = &wrongs[i];
        poolgrad_problem p = valid(w->where);
        put(&p, w->offset, w->size, w->value);
        poolgrad_error a = {"", ""}, b = {"", ""}, c = {"", ""};
        poolgrad_plan *plan = (poolgrad_plan *)(void *)&p;
        memset(destination_data, 0x5a, sizeof destination_data);
        float before[16];
        memcpy(before, destination_data, sizeof before);
        cr_expect(poolgrad_check(&p, &a) == POOLGRAD_INVALID);
        cr_expect(poolgrad_run(&p, &b) == POOLGRAD_INVALID && strcmp(a.message, b.message) == 0, "%s", b.message);
        cr_expect(poolgrad_plan_create(&p, &plan, &c) == POOLGRAD_INVALID && strcmp(a.message, c.message) == 0, "%s",
                  c.message);
        cr_expect(plan == NULL, "%s", w->field);
        cr_expect(poolgrad_check(&p, NULL) == POOLGRAD_INVALID);
        cr_expect(memcmp(before, destination_data, sizeof before) == 0, "%s", w->field);
    }
}

Test(geometry, missing_data_is_refused)
{
    poolgrad_problem p = valid(GRADIENT);
    p.source.data = NULL;
    refused("max", &p, "source.data");
    p.kind = POOLGRAD_L2NORM;
    refused("L2-norm", &p, "source.data");
    p.kind = POOLGRAD_AVERAGE;
    accepted("average needs sizes only", &p);
    p = valid(INDEXED_GRADIENT);
    p.source.data = NULL;
    accepted("a gradient from indices needs sizes only", &p);
    p = valid(FORWARD);
    p.source.data = NULL;
    refused("forward", &p, "source.data");
    p.kind = POOLGRAD_AVERAGE;
    refused("forward average", &p, "source.data");
    p = valid(GRADIENT);
    p.source_gradient.data = NULL;
    refused("gradient", &p, "source_gradient.data");
    p = valid(FORWARD);
    p.destination.data = NULL;
    refused("forward", &p, "destination.data");
    p = valid(GRADIENT);
    p.destination.data = NULL;
    refused("gradient", &p, "destination.data");
}

Test(geometry, indices_are_for_max_alone)
{
    poolgrad_problem p = valid(PICKING_FORWARD);
    p.kind = POOLGRAD_AVERAGE;
    refused("average", &p, "picks");
    p.kind = POOLGRAD_L2NORM;
    refused("L2-norm", &p, "picks");
    p = valid(INDEXED_GRADIENT);
    p.kind = POOLGRAD_AVERAGE;
    refused("average gradient", &p, "indices.data");
    p.indices.data = NULL;
    refused("average gradient, a format alone", &p, "indices.format");
}

/* Refused for this field, naming the other one, before anything is written. */
static void refused_for_another(const poolgrad_problem *p, const char *field, const char *other)
{
    poolgrad_error error = {"", ""};
    float before[16];
    memset(destination_data, 0x5a, sizeof destination_data);
    memcpy(before, destination_data, sizeof before);
    cr_expect(poolgrad_small_refusal(poolgrad_run(p, &error), &error) &&
                  strncmp(error.field, field, strlen(field)) == 0,
              "%s: \"%s\"", field, error.message);
    cr_expect(strstr(error.message, other) != NULL, "no %s in \"%s\"", other, error.message);
    cr_expect(memcmp(before, destination_data, sizeof before) == 0);
}

Test(geometry, indices_and_picks_exclude_each_other)
{
    const poolgrad_problem forward = valid(PICKING_FORWARD), gradient = valid(INDEXED_GRADIENT);
    poolgrad_problem p = valid(GATHER);
    p.picks = forward.picks;
    refused_for_another(&p, "picks", "indices");
    p = valid(GRADIENT);
    p.picks = view_writable(&gradient.indices);
    refused_for_another(&p, "picks", "indices");
    p.indices = gradient.indices;
    refused_for_another(&p, "picks", "indices");
}

/* A format, or a pointer, alone says that there are some. */
Test(geometry, half_of_picks_or_indices)
{
    for (int i = 0; i < 4; ++i) {
        poolgrad_problem p = valid(i / 2 ? INDEXED_GRADIENT : PICKING_FORWARD);
        if (i == 0) p.picks.data = NULL;
        if (i == 1) p.picks.format = POOLGRAD_FORMAT_NONE;
        if (i == 2) p.indices.data = NULL;
        if (i == 3) p.indices.format = POOLGRAD_FORMAT_NONE;
        refused("half", &p, i / 2 ? "indices." : "picks.");
        p = valid(i / 2 ? FORWARD : GRADIENT);
        if (i == 0) p.picks.format = POOLGRAD_INT32;
        if (i == 1) p.picks.data = index_data;
        if (i == 2) p.indices.format = POOLGRAD_INT32;
        if (i == 3) p.indices.data = index_data;
        static const char *const fields[] = {"picks.format", "picks.data", "indices.", "indices."};
        refused("half, the other way round", &p, fields[i]);
    }
}

/* One index cannot stand for several taps. */
Test(geometry, indices_have_no_ties_to_share)
{
    for (int i = 0; i < 2; ++i) {
        poolgrad_problem p = valid(i == 0 ? INDEXED_GRADIENT : GATHER);
        p.ties = POOLGRAD_TIES_LAST;
        accepted("last", &p);
        p.ties = POOLGRAD_TIES_ALL;
        refused("all", &p, "ties");
        p.ties = POOLGRAD_TIES_SPLIT;
        refused("split", &p, "ties");
    }
}

Test(geometry, no_problem_is_refused)
{
    poolgrad_error error = {"", ""};
    poolgrad_plan *plan = NULL;
    cr_expect(poolgrad_small_refusal(poolgrad_check(NULL, &error), &error), "\"%s\" \"%s\"", error.field,
              error.message);
    cr_expect(poolgrad_check(NULL, NULL) == POOLGRAD_INVALID);
    cr_expect(poolgrad_run(NULL, &error) == POOLGRAD_INVALID);
    cr_expect(poolgrad_plan_create(NULL, &plan, &error) == POOLGRAD_INVALID && plan == NULL);
    poolgrad_plan_destroy(NULL);
}

Test(geometry, errors_stay_untouched_on_success)
{
    poolgrad_error error, before;
    memset(&error, 0x5a, sizeof error);
    before = error;
    poolgrad_problem p = valid(INDEXED_GRADIENT);
    poolgrad_plan *plan = NULL;
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_OK);
    cr_expect(poolgrad_check_indices(&p, &error) == POOLGRAD_OK);
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK);
    cr_expect(poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK);
    cr_expect(poolgrad_const_image_check(&p.source, &error) == POOLGRAD_OK);
    cr_expect(memcmp(&error, &before, sizeof error) == 0);
    poolgrad_plan_destroy(plan);
}

Test(geometry, neutral_problem)
{
    poolgrad_problem p;
    memset(&p, 0x5a, sizeof p);
    poolgrad_problem_init(&p, sizeof p);
    cr_expect(p.struct_size == sizeof p && p.direction == POOLGRAD_FORWARD && p.kind == POOLGRAD_AVERAGE);
    const poolgrad_window *w = &p.window;
    cr_expect(w->kernel_width == 1 && w->kernel_height == 1 && w->stride_x == 1 && w->stride_y == 1);
    cr_expect(w->dilation_x == 1 && w->dilation_y == 1);
    cr_expect(w->kernel_depth == 1 && w->stride_z == 1 && w->dilation_z == 1);
    cr_expect(p.offset_x == 0 && p.offset_y == 0 && p.offset_z == 0 && p.offset_image == 0);
    cr_expect(p.kernel_offset_x == 0 && p.kernel_offset_y == 0 && p.kernel_offset_z == 0 && p.zero_pad_z == 0);
    cr_expect(p.edge_mode == POOLGRAD_EDGE_CLAMP && p.zero_pad_x == 0 && p.zero_pad_y == 0 && p.ties == 0 &&
              p.nan == 0);
    cr_expect(p.accumulator == POOLGRAD_ACCUMULATE_FLOAT32 && p.mapping == POOLGRAD_MAPPING_SOURCE);
    const poolgrad_region *regions[] = {&p.gradient_region, &p.clip};
    for (int i = 0; i < 2; ++i) {
        const poolgrad_region *r = regions[i];
        cr_expect(r->x == 0 && r->y == 0 && r->z == 0 && r->image == 0);
        cr_expect(r->width == POOLGRAD_ALL && r->height == POOLGRAD_ALL && r->depth == POOLGRAD_ALL);
        cr_expect(r->images == POOLGRAD_ALL);
    }
    cr_expect(p.source_channel_offset == 0 && p.source_channel_count == POOLGRAD_ALL);
    cr_expect(p.gradient_channel_offset == 0 && p.gradient_channel_count == POOLGRAD_ALL);
    cr_expect(p.destination_channel_offset == 0 && p.add_to_destination == 0 && p.threads == 0);
    cr_expect(p.max_isa == POOLGRAD_ISA_BEST && !p.source.data && !p.source_gradient.data && !p.destination.data);
    cr_expect(!p.indices.data && !p.picks.data && p.mode == POOLGRAD_MODE_FAST && p.concurrent_runs == 0);
    cr_expect(p.root_mean == 0 && p.divisor == 0);
    cr_expect(p.zero_pad_left == 0 && p.zero_pad_top == 0 && p.zero_pad_front == 0);
    cr_expect(p.zero_pad_right == 0 && p.zero_pad_bottom == 0 && p.zero_pad_back == 0);
    cr_expect(!p.windows_x.spans && !p.windows_y.spans && !p.windows_z.spans);
    cr_expect(p.windows_x.count == 0 && p.windows_y.count == 0 && p.windows_z.count == 0);
}

/* ---- Extremes ------------------------------------------------------------------------------------------------ */

static const int64_t extremes[] = {INT64_MIN,
                                   INT64_MIN + 1,
                                   -(INT64_C(1) << 62),
                                   -(INT64_C(1) << 32),
                                   INT32_MIN,
                                   -1,
                                   0,
                                   1,
                                   INT32_MAX,
                                   (int64_t)INT32_MAX + 1,
                                   INT64_C(1) << 32,
                                   (INT64_C(1) << 53) + 1,
                                   INT64_C(1) << 61,
                                   INT64_C(1) << 62,
                                   INT64_MAX - 1,
                                   INT64_MAX};

#define AT(member) offsetof(poolgrad_problem, member)
#define IMAGE_AT(image)                                                                                                \
    AT(image.images), AT(image.channels), AT(image.depth), AT(image.height), AT(image.width), AT(image.image_stride),  \
        AT(image.channel_stride), AT(image.depth_stride), AT(image.row_stride), AT(image.column_stride)

static const size_t wide_members[] = {AT(window.kernel_width),
                                      AT(window.kernel_height),
                                      AT(window.stride_x),
                                      AT(window.stride_y),
                                      AT(window.dilation_x),
                                      AT(window.dilation_y),
                                      AT(offset_x),
                                      AT(offset_y),
                                      AT(window.kernel_depth),
                                      AT(window.stride_z),
                                      AT(window.dilation_z),
                                      AT(offset_z),
                                      AT(offset_image),
                                      AT(kernel_offset_z),
                                      AT(zero_pad_z),
                                      AT(gradient_region.z),
                                      AT(gradient_region.depth),
                                      AT(clip.z),
                                      AT(clip.depth),
                                      AT(kernel_offset_x),
                                      AT(kernel_offset_y),
                                      AT(zero_pad_x),
                                      AT(zero_pad_y),
                                      AT(gradient_region.x),
                                      AT(gradient_region.y),
                                      AT(gradient_region.image),
                                      AT(gradient_region.width),
                                      AT(gradient_region.height),
                                      AT(gradient_region.images),
                                      AT(clip.x),
                                      AT(clip.y),
                                      AT(clip.image),
                                      AT(clip.width),
                                      AT(clip.height),
                                      AT(clip.images),
                                      AT(source_channel_offset),
                                      AT(source_channel_count),
                                      AT(gradient_channel_offset),
                                      AT(gradient_channel_count),
                                      AT(destination_channel_offset),
                                      AT(divisor),
                                      AT(zero_pad_left),
                                      AT(zero_pad_bottom),
                                      AT(zero_pad_back),
                                      AT(windows_x.count),
                                      AT(windows_z.count),
                                      IMAGE_AT(source),
                                      IMAGE_AT(source_gradient),
                                      IMAGE_AT(destination),
                                      IMAGE_AT(indices),
                                      IMAGE_AT(picks)};

enum { EXTREMES = sizeof extremes / sizeof *extremes, WIDE_MEMBERS = sizeof wide_members / sizeof *wide_members };

static const poolgrad_layout layouts[] = {POOLGRAD_NCHW, POOLGRAD_NHWC, POOLGRAD_NC4HW4};

static void expect_sound(const poolgrad_problem *p, base which, const size_t *members, const int64_t *values, int count)
{
    if (sound(p)) return;
    char text[160] = "";
    for (int i = 0, used = 0; i < count && used >= 0 && used < (int)sizeof text; ++i) {
        used += snprintf(text + used, sizeof text - (size_t)used, " member at %zu = %lld", members[i],
                         (long long)values[i]);
    }
    cr_expect(false, "%s with%s: neither accepted nor refused with a sentence", base_names[which], text);
}

Test(geometry, single_extremes)
{
    for (int i = 0; i < BASES * 3 * EXTREMES * WIDE_MEMBERS; ++i) {
        poolgrad_problem p = valid((base)(i % BASES));
        p.source.layout = p.source_gradient.layout = p.destination.layout = layouts[i / BASES % 3];
        size_t member = wide_members[i / (BASES * 3) % WIDE_MEMBERS];
        int64_t value = extremes[i / (BASES * 3) / WIDE_MEMBERS];
        put(&p, member, sizeof value, value);
        expect_sound(&p, (base)(i % BASES), &member, &value, 1);
    }
}

Test(geometry, pairs_of_extremes)
{
    for (int i = 0; i < WIDE_MEMBERS * WIDE_MEMBERS; ++i) {
        const size_t members[2] = {wide_members[i / WIDE_MEMBERS], wide_members[i % WIDE_MEMBERS]};
        if (members[0] >= members[1]) continue;
        base which = (base)(i % BASES);
        for (int j = 0; j < EXTREMES * EXTREMES; ++j) {
            const int64_t values[2] = {extremes[j / EXTREMES], extremes[j % EXTREMES]};
            poolgrad_problem p = valid(which);
            p.mapping = which == GRADIENT ? POOLGRAD_MAPPING_CLIP : POOLGRAD_MAPPING_SOURCE;
            p.edge_mode = j & 1 ? POOLGRAD_EDGE_ZERO : POOLGRAD_EDGE_CLAMP;
            put(&p, members[0], sizeof values[0], values[0]);
            put(&p, members[1], sizeof values[1], values[1]);
            expect_sound(&p, which, members, values, 2);
        }
    }
}

Test(geometry, many_extremes_at_once)
{
    enum { AT_ONCE = 5, CASES = 400000 };
    uint64_t state = 0x9e3779b97f4a7c15;
    for (int i = 0; i < CASES; ++i) {
        base which = (base)(i % BASES);
        poolgrad_problem p = valid(which);
        p.kind = i % 7 == 0 ? POOLGRAD_L2NORM : p.kind;
        p.mapping = i % 3 ? POOLGRAD_MAPPING_SOURCE : POOLGRAD_MAPPING_CLIP;
        p.source.layout = layouts[i / 5 % 3];
        size_t members[AT_ONCE];
        int64_t values[AT_ONCE];
        for (int j = 0; j < AT_ONCE; ++j) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            members[j] = wide_members[(state >> 33) % WIDE_MEMBERS];
            values[j] = extremes[(state >> 13) % EXTREMES];
            put(&p, members[j], sizeof values[j], values[j]);
        }
        expect_sound(&p, which, members, values, AT_ONCE);
    }
}

Test(geometry, extreme_windows)
{
    for (int i = 0; i < BASES * 2; ++i) {
        base which = (base)(i % BASES);
        poolgrad_problem p = valid(which);
        p.edge_mode = i / BASES ? POOLGRAD_EDGE_ZERO : POOLGRAD_EDGE_CLAMP;
        p.window.kernel_width = INT64_C(1) << 62;
        cr_expect(sound(&p), "kernel of 2^62");
        p.window.kernel_height = INT64_C(1) << 62;
        cr_expect(sound(&p), "kernel of 2^124 pixels");
        p.window.kernel_width = p.window.kernel_height = INT64_C(3037000500); /* just above 2^63 pixels */
        cr_expect(sound(&p), "kernel of 2^63 pixels");
        p.window = SQUARE(3, INT64_MAX, INT64_MAX);
        cr_expect(sound(&p), "stride and dilation of 2^63 - 1");
        p.window = SQUARE(1, INT64_MAX, INT64_MAX);
        cr_expect(sound(&p), "one tap");
        p = valid(which);
        p.offset_x = INT64_MIN;
        p.kernel_offset_x = INT64_MAX;
        cr_expect(sound(&p), "offsets that differ by 2^64");
        p.gradient_region.x = INT64_MIN;
        cr_expect(sound(&p), "a region at -2^63");
        p.gradient_region.width = 1;
        cr_expect(sound(&p), "a region at -2^63 of one pixel");
    }
}

/* Far beyond 32 bits and legal: what is asked for is what is done. */
Test(geometry, far_offsets_are_legal)
{
    const int64_t far = INT64_C(1) << 40;
    poolgrad_problem p = valid(GRADIENT);
    p.offset_x = far;
    accepted("windows far behind the image", &p);
    p.offset_y = -far;
    accepted("windows far before the image", &p);
    p = valid(GRADIENT);
    p.window.stride_x = far;
    accepted("a stride of 2^40", &p);
    p.window.dilation_y = far;
    accepted("a dilation of 2^40", &p);
    p.window.kernel_width = far;
    accepted("a kernel of 2^40", &p);
    p = valid(GRADIENT);
    p.gradient_region.x = -far;
    accepted("a region that starts at -2^40 and reaches the end", &p);
    p = valid(AVERAGE);
    p.zero_pad_x = far;
    accepted("padding of 2^40", &p);
    p.clip.x = far;
    accepted("a clip rectangle behind the destination", &p);
}

/* The first and the last tap may be 2^61 pixels away and no more. */
Test(geometry, windows_reach_2_to_the_61)
{
    const int64_t limit = INT64_C(1) << 61;
    poolgrad_problem p = valid(AVERAGE);
    p.window.kernel_width = limit;
    p.window.stride_x = 1;
    accepted("an extent of 2^61", &p);
    p.window.dilation_x = 2;
    refused("an extent of 2^62 - 1", &p, "window.kernel_width");
    p = valid(AVERAGE);
    p.window.kernel_width = limit / 2 + 1;
    p.window.dilation_x = 2;
    refused("an extent of 2^61 + 1", &p, "window.kernel_width");
    p = valid(AVERAGE);
    p.offset_x = 1;
    p.window.stride_x = limit;
    accepted("a last window at 2^61", &p);
    p.offset_x = 2;
    refused("a last window at 2^61 + 1", &p, "window.stride_x");
    p.source_gradient.width = 1;
    accepted("one window", &p);
    p = valid(AVERAGE);
    p.gradient_region.x = -1;
    p.window.stride_x = limit / 2;
    accepted("skipped windows before the last one, at 2^61", &p);
    p.offset_x = 2;
    refused("skipped windows before the last one, at 2^61 + 1", &p, "window.stride_x");
}

/* ---- Regions ------------------------------------------------------------------------------------------------- */

Test(geometry, extents_are_cut_to_what_is_there)
{
    static const int64_t extents[] = {0, 1, 3, 4, 5, INT64_C(1) << 40, POOLGRAD_ALL - 1, POOLGRAD_ALL};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; ++i) {
        for (int64_t start = 0; start < 6; ++start) {
            poolgrad_problem p = valid(GRADIENT);
            p.clip = (poolgrad_region){start, start, 0, extents[i], extents[i], POOLGRAD_ALL, 0, extents[i]};
            accepted("clip", &p);
            p.gradient_region = p.clip;
            accepted("gradient region", &p);
            p.gradient_region.x = p.gradient_region.y = -start;
            accepted("gradient region from before the gradient", &p);
            p = valid(FORWARD);
            p.clip = (poolgrad_region){start, start, 0, extents[i], extents[i], POOLGRAD_ALL, 0, extents[i]};
            accepted("forward clip", &p);
        }
    }
}

/* The written part of a row of 8 destination pixels under clip rectangles [x, x + width). */
Test(geometry, clip_rectangles_write_what_they_cover)
{
    static const int64_t widths[] = {0, 1, 7, 8, 9, POOLGRAD_ALL - 1, POOLGRAD_ALL};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; ++i) {
        for (int64_t x = 0; x < 10; ++x) {
            float source[8] = {1, 1, 1, 1, 1, 1, 1, 1}, destination[8] = {9, 9, 9, 9, 9, 9, 9, 9};
            poolgrad_problem p = poolgrad_small_problem(POOLGRAD_AVERAGE, POOLGRAD_EDGE_ZERO, SQUARE(1, 1, 1), 0, 0);
            p.direction = POOLGRAD_GRADIENT;
            p.clip.x = x;
            p.clip.width = widths[i];
            p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 8);
            p.source_gradient = p.source;
            p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 8);
            cr_assert(poolgrad_run(&p, NULL) == POOLGRAD_OK);
            for (int64_t j = 0; j < 8; ++j) {
                float expected = j >= x && j - x < widths[i] ? 1.0f : 9.0f;
                cr_expect(destination[j] == expected, "x %d width %lld pixel %d", (int)x, (long long)widths[i], (int)j);
            }
        }
    }
}

/* ---- Memory -------------------------------------------------------------------------------------------------- */

Test(geometry, destination_inside_the_range_of_a_source)
{
    static float memory[128];
    poolgrad_problem p = valid(GRADIENT);
    p.source.data = memory + 32;
    for (int shift = -15; shift <= 15; ++shift) {
        p.destination.data = memory + 32 + shift;
        refused("over the source", &p, "destination");
    }
    p.destination.data = memory + 16;
    accepted("just before", &p);
    p.destination.data = memory + 48;
    accepted("just behind", &p);
    p.destination.data = (unsigned char *)(memory + 48) - 1;
    refused("one byte", &p, "destination");
    p.destination.data = (unsigned char *)(memory + 16) + 1;
    refused("one byte at the other end", &p, "destination");
    p.source_gradient.data = memory + 60;
    p.destination.data = memory + 48;
    refused("over the gradient", &p, "destination");
    p.source_gradient.data = memory + 32;
    accepted("sources may overlap", &p);
}

/* Reflected views reach down from their data. */
Test(geometry, byte_ranges_of_negative_strides)
{
    static float memory[128];
    poolgrad_problem p = valid(GRADIENT);
    p.source.data = memory + 63; /* 48 .. 63 */
    p.source.row_stride = -4;
    p.source.column_stride = -1;
    p.destination.data = memory + 64;
    accepted("behind", &p);
    p.destination.data = memory + 32;
    accepted("before", &p);
    p.destination.data = memory + 33;
    refused("lowest element", &p, "destination");
    p.destination.data = memory + 63;
    refused("highest element", &p, "destination");
    p.destination.data = memory + 95; /* 80 .. 95 */
    p.destination.row_stride = -4;
    p.destination.column_stride = -1;
    accepted("both reflected", &p);
    p.destination.data = memory + 78;
    refused("both reflected, one shared", &p, "destination");
    p.destination.data = memory + 79;
    accepted("both reflected, neighbours", &p);
}

/* Even and odd columns share no byte but share a range: refused. */
Test(geometry, interleaved_images)
{
    static float memory[64];
    poolgrad_problem p = valid(GRADIENT);
    p.source.data = memory;
    p.source.row_stride = 8;
    p.source.column_stride = 2;
    p.destination.row_stride = 8;
    p.destination.column_stride = 2;
    p.destination.data = memory + 1;
    refused("interleaved", &p, "destination");
    p.destination.data = memory + 31; /* the source ends at 30 */
    accepted("one after the other", &p);
}

Test(geometry, indices_may_not_be_overwritten_nor_overwrite)
{
    static float memory[64];
    poolgrad_problem p = valid(PICKING_FORWARD);
    p.picks.data = p.destination.data;
    refused("picks over the destination", &p, "");
    p.picks.data = source_data + 12;
    refused("picks over the source", &p, "picks");
    p = valid(INDEXED_GRADIENT);
    p.destination.data = memory;
    p.indices.data = memory + 15;
    refused("destination over the indices it reads", &p, "destination");
    p.indices.data = memory + 16;
    accepted("indices behind the destination", &p);
}

Test(geometry, destinations_that_fold)
{
    static float memory[256];
    poolgrad_problem p = valid(GRADIENT);
    p.destination.data = memory + 128;
    p.destination.row_stride = 3;
    refused("rows of 4, 3 apart", &p, "destination");
    p.destination.row_stride = -3;
    refused("rows of 4, -3 apart", &p, "destination");
    p.destination.row_stride = 1;
    p.destination.column_stride = 1;
    refused("both 1", &p, "destination");
    p.destination.column_stride = 4;
    accepted("transposed", &p);
    p.destination.column_stride = 3;
    refused("transposed, columns of 4, 3 apart", &p, "destination");
    p.destination.row_stride = 9;
    p.destination.column_stride = -2;
    accepted("padded and reflected", &p);
    p.destination.row_stride = 2;
    p.destination.column_stride = 7;
    accepted("transposed and padded: 0 2 4 6 inside 7", &p);
    p.destination.column_stride = 6;
    refused("transposed: 0 2 4 6 inside 6", &p, "destination");
    p = valid(GRADIENT);
    p.source.row_stride = p.source.column_stride = 1;
    accepted("a source may fold", &p);
}

Test(geometry, destinations_that_fold_across_channels_and_images)
{
    static float memory[512];
    static float gradient[16];
    poolgrad_problem p = valid(AVERAGE);
    p.source.images = p.source.channels = p.source_gradient.images = p.source_gradient.channels = 2;
    p.destination.images = p.destination.channels = 2;
    p.source.data = NULL;
    p.source_gradient.data = gradient;
    p.destination.data = memory + 128;
    view_make_dense(&p.destination);
    accepted("dense", &p);
    p.destination.channel_stride = 15;
    p.destination.image_stride = 32;
    refused("channels of 16, 15 apart", &p, "destination");
    p.destination.channel_stride = 16;
    p.destination.image_stride = 31;
    refused("images of 32, 31 apart", &p, "destination");
    p.destination.image_stride = -32;
    accepted("images backwards", &p);
    p.destination.image_stride = 16;
    p.destination.channel_stride = 32;
    accepted("channels outside images", &p);
    p.destination.layout = POOLGRAD_NC4HW4;
    view_make_dense(&p.destination);
    p.destination.column_stride = 3;
    refused("four lanes, columns 3 apart", &p, "destination");
    p.destination.column_stride = 5;
    p.destination.row_stride = 20;
    p.destination.image_stride = 80;
    accepted("four lanes in five", &p);
}

/* A stride over a single element never steps. */
Test(geometry, strides_of_single_elements_do_not_fold)
{
    poolgrad_problem p = valid(AVERAGE);
    p.destination.image_stride = 1;
    p.destination.channel_stride = 1;
    accepted("one image, one channel", &p);
    p.destination.height = 1;
    p.destination.row_stride = 2;
    accepted("one row", &p);
}

Test(geometry, empty_images_need_no_memory)
{
    static const size_t members[] = {AT(source.images), AT(source.height), AT(source.width)};
    for (int i = 0; i < 3; ++i) {
        poolgrad_problem p = valid(GRADIENT);
        put(&p, members[i], sizeof(int64_t), 0);
        p.source.data = NULL;
        accepted("empty source", &p);
        p = valid(GRADIENT);
        put(&p, members[i] - AT(source) + AT(destination), sizeof(int64_t), 0);
        p.destination.data = NULL;
        accepted("empty destination", &p);
        cr_expect(poolgrad_run(&p, NULL) == POOLGRAD_OK);
        p = valid(GRADIENT);
        put(&p, members[i] - AT(source) + AT(source_gradient), sizeof(int64_t), 0);
        p.source_gradient.data = NULL;
        accepted("empty gradient", &p);
        cr_expect(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    }
}

/* Images and channels without number, and no pixel. */
Test(geometry, empty_images_without_number)
{
    const int64_t limit = INT64_C(1) << 61;
    poolgrad_problem p = valid(AVERAGE);
    p.source.images = p.source_gradient.images = p.destination.images = limit;
    p.source.channels = p.source_gradient.channels = p.destination.channels = limit;
    p.source.height = p.source_gradient.height = p.destination.height = 0;
    cr_expect(poolgrad_run(&p, NULL) == POOLGRAD_OK);
}

/* Indices without pixels need no memory either; their format says that there are some. */
Test(geometry, empty_indices)
{
    poolgrad_problem p = valid(INDEXED_GRADIENT);
    p.source.data = NULL;
    p.source_gradient.height = p.indices.height = 0;
    p.indices.data = NULL;
    cr_expect(poolgrad_run(&p, NULL) == POOLGRAD_OK);
    p = valid(INDEXED_GRADIENT);
    p.indices.data = NULL;
    refused("indices that are not there", &p, "indices.data");
}

/* A source that is not read may be larger than memory. */
Test(geometry, sizes_beyond_memory)
{
    poolgrad_problem p = valid(AVERAGE);
    p.source.data = NULL;
    p.source.width = p.source.height = INT64_C(1) << 59;
    accepted("2^118 pixels", &p);
    p.source.width = (INT64_C(1) << 61) + 1;
    refused("a width above 2^61", &p, "source.width");
    p.source.width = -1;
    refused("a negative width", &p, "source.width");
}

/* A caller with a smaller struct, of an older version, keeps what lies behind it. */
Test(geometry, initialisation_keeps_to_the_size)
{
    poolgrad_problem p;
    memset(&p, 0xa5, sizeof p);
    const size_t size = offsetof(poolgrad_problem, threads);
    poolgrad_problem_init(&p, size);
    const unsigned char *behind = (const unsigned char *)&p + size;
    for (size_t i = 0; i < sizeof p - size; ++i) cr_expect(behind[i] == 0xa5, "byte %zu", i);
    cr_expect(p.struct_size == size && p.window.kernel_width == 1 && p.clip.width == POOLGRAD_ALL);
}

Test(geometry, elements_that_are_not_there)
{
    static const int64_t nowhere[][5] = {{1, 0, 0, 0, 0},  {0, 1, 0, 0, 0},        {0, 0, 1, 0, 0},  {0, 0, 0, 2, 0},
                                         {0, 0, 0, 0, 2},  {-1, 0, 0, 0, 0},       {0, -1, 0, 0, 0}, {0, 0, -1, 0, 0},
                                         {0, 0, 0, -1, 0}, {0, 0, 0, 0, INT64_MIN}};
    poolgrad_image image = poolgrad_image_dense(source_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    source_data[0] = 5;
    cr_expect(poolgrad_image_get(&image, 0, 0, 0, 0, 0) == 5);
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; ++i) {
        const int64_t *at = nowhere[i];
        cr_expect(isnan(poolgrad_image_get(&image, at[0], at[1], at[2], at[3], at[4])), "%zu", i);
        cr_expect(isnan(poolgrad_const_image_get(VIEW(&image), at[0], at[1], at[2], at[3], at[4])), "%zu", i);
        cr_expect(poolgrad_image_set(&image, at[0], at[1], at[2], at[3], at[4], 1) == POOLGRAD_INVALID, "%zu", i);
    }
    image.data = NULL;
    cr_expect(isnan(poolgrad_image_get(&image, 0, 0, 0, 0, 0)));
    cr_expect(poolgrad_image_set(&image, 0, 0, 0, 0, 0, 1) == POOLGRAD_INVALID);
}

/* ---- Views by themselves ------------------------------------------------------------------------------------- */

/* As a view to be read and as one to be written. */
static void view_refused(const poolgrad_image *image, const char *field)
{
    poolgrad_error error = {"", ""}, read_error = {"", ""};
    poolgrad_status status = poolgrad_image_check(image, &error);
    cr_expect(poolgrad_const_image_check(VIEW(image), &read_error) == status);
    cr_expect(strcmp(error.message, read_error.message) == 0, "\"%s\", not \"%s\"", read_error.message, error.message);
    cr_expect(poolgrad_small_refusal(status, &error) && strstr(error.field, field), "%s: field \"%s\", message \"%s\"",
              field, error.field, error.message);
}

Test(geometry, views_are_checked)
{
    const poolgrad_image good = poolgrad_image_dense(source_data, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 4, 2, 2);
    poolgrad_image image = good;
    cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK);
    image.format = POOLGRAD_FORMAT_NONE;
    view_refused(&image, "format");
    image.format = (poolgrad_format)12;
    view_refused(&image, "format");
    image = good;
    image.layout = (poolgrad_layout)6;
    view_refused(&image, "layout");
    image = good;
    image.images = -1;
    view_refused(&image, "images");
    image = good;
    image.channels = -2;
    view_refused(&image, "channels");
    image = good;
    image.height = INT64_MIN;
    view_refused(&image, "height");
    image = good;
    image.width = -1;
    view_refused(&image, "width");
    image = good;
    image.depth = -1;
    view_refused(&image, "depth");
    image.depth = 2; /* each plane is one image's */
    cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK);
    image.layout = POOLGRAD_NC4HW4;
    view_refused(&image, "depth");
    image.layout = POOLGRAD_NCHW;
    image.depth_stride = 0;
    view_refused(&image, "depth_stride");
    image = good;
    image.expanded = 2;
    view_refused(&image, "expanded");
    image = good;
    image.data = NULL;
    view_refused(&image, "data");
    image.width = 0;
    cr_expect(poolgrad_image_check(&image, NULL) == POOLGRAD_OK);
}

/* Addresses that no machine has: one element count, one byte count and one offset beyond 2^63. */
Test(geometry, views_without_addresses_are_refused)
{
    const int64_t half = INT64_C(1) << 32;
    poolgrad_image image = poolgrad_image_dense(source_data, POOLGRAD_FLOAT16, POOLGRAD_NCHW, half, half, 1, 1);
    view_refused(&image, "");
    image = poolgrad_image_dense(source_data, POOLGRAD_FLOAT64, POOLGRAD_NCHW, 1, 1, half, half / 4);
    view_refused(&image, "");
    image = poolgrad_image_dense(source_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 3, 1, 1, 1);
    image.image_stride = INT64_C(1) << 62;
    view_refused(&image, "");
    image.image_stride = INT64_MIN;
    view_refused(&image, "");
    image = poolgrad_image_dense(source_data, POOLGRAD_UNORM8, POOLGRAD_NC4HW4, 1, INT64_MAX, 1, 1);
    view_refused(&image, "");
}

/* ---- Large tensors ------------------------------------------------------------------------------------------- */

#if UINTPTR_MAX > UINT32_MAX

/* Only checked, never read. */
static void *at_address(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

Test(geometry, absurd_but_legal_sizes)
{
    const int64_t width = (INT64_C(1) << 31) + 5, images = INT64_C(1) << 16;
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(3, 1, 1), 0, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(at_address(UINT64_C(1) << 55), POOLGRAD_FLOAT32, POOLGRAD_NCHW, images, 3, 5,
                                          width);
    p.source_gradient = p.source;
    p.source_gradient.data = at_address(UINT64_C(1) << 56);
    p.destination = view_writable(&p.source);
    p.destination.data = at_address(UINT64_C(3) << 55); /* each is 15 * 2^49 bytes and a little */
    accepted("2^50 elements", &p);
    p.destination.data = at_address((UINT64_C(1) << 55) + (UINT64_C(1) << 49));
    refused("overlapping far away", &p, "destination");
    p.destination.data = at_address((UINT64_C(1) << 55) + UINT64_C(15) * 65536 * 4 * (uint64_t)width);
    p.source_gradient.data = at_address(UINT64_C(1) << 57);
    accepted("exactly behind", &p);
    p.destination.data = (unsigned char *)p.destination.data - 1;
    refused("one byte too near", &p, "destination");
}

/* 2^31 pixels are numbered 0 .. 2^31 - 1. */
Test(geometry, indices_of_32_bits_number_31_bits_of_pixels)
{
    static const int64_t heights[] = {32768, 32769};
    for (int i = 0; i < 2; ++i) {
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(3, 1, 1), 0, 0);
        p.source = poolgrad_const_image_dense(at_address(UINT64_C(1) << 40), POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1,
                                              heights[i], 65536);

        p.destination = poolgrad_image_dense(destination_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
        p.picks = poolgrad_image_dense(index_data, POOLGRAD_INT32, POOLGRAD_NCHW, 1, 1, 2, 2);
        if (i == 0) accepted("2^31 pixels", &p);
        if (i == 1) refused("2^31 + 2^16 pixels", &p, "picks.format");
        static int64_t wide_indices[4];
        p.picks = poolgrad_image_dense(wide_indices, POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 2, 2);
        accepted("int64", &p);
    }
}

/* Rows and columns that fold make a plane of any size in little memory. */
Test(geometry, indices_of_64_bits_number_63_bits_of_pixels)
{
    static int64_t indices[4];
    static const int64_t heights[] = {(INT64_C(1) << 32) - 1, INT64_C(1) << 32};
    for (int i = 0; i < 2; ++i) {
        poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(3, 1, 1), 0, 0);
        p.source = poolgrad_const_image_dense(at_address(UINT64_C(1) << 40), POOLGRAD_UNORM8, POOLGRAD_NCHW, 1, 1,
                                              heights[i], INT64_C(1) << 31);
        p.source.row_stride = p.source.column_stride = 1;

        p.destination = poolgrad_image_dense(destination_data, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
        p.picks = poolgrad_image_dense(indices, POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 2, 2);
        if (i == 0) accepted("2^63 - 2^31 pixels", &p);
        if (i == 1) refused("2^63 pixels", &p, "picks.format");
        p.picks.format = POOLGRAD_TAP8;
        accepted("tap8", &p);
    }
}

enum { SIDE = 65537 }; /* SIDE * SIDE is above 2^32 */

static void *sparse(size_t element)
{
    void *data = mmap(NULL, (size_t)SIDE * SIDE * element, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return data == MAP_FAILED ? NULL : data;
}

static void sparse_free(void *data, size_t element)
{
    munmap(data, (size_t)SIDE * SIDE * element);
}

static size_t pixel(size_t y, size_t x)
{
    return y * SIDE + x;
}

/* Four 2x2 windows at the far corner: three see the pixel before the last as their greatest, one the last. */
static poolgrad_problem far_corner(uint8_t *source, poolgrad_kind kind)
{
    poolgrad_problem p = poolgrad_small_problem(kind, POOLGRAD_EDGE_CLAMP, SQUARE(2, 1, 1), SIDE - 2, SIDE - 2);
    p.source = poolgrad_const_image_dense(source, POOLGRAD_UNORM8, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    return p;
}

static bool far_gradient(poolgrad_kind kind, uint8_t *source, uint16_t *destination, const float expected[16])
{
    const uint16_t gradient[4] = {0x3c00, 0x4000, 0x4400, 0x4800}; /* 1 2 4 8 */
    poolgrad_problem p = far_corner(source, kind);
    p.direction = POOLGRAD_GRADIENT;
    p.clip.x = p.clip.y = SIDE - 4;
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT16, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT16, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    size_t outside = pixel(SIDE - 5, SIDE - 1), beside = pixel(SIDE - 1, SIDE - 5);
    destination[outside] = destination[beside] = 0x5a5a;
    float actual[16];
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    for (int64_t i = 0; i < 16; ++i) {
        actual[i] = (float)poolgrad_image_get(&p.destination, 0, 0, 0, SIDE - 4 + i / 4, SIDE - 4 + i % 4);
    }
    cr_expect(destination[outside] == 0x5a5a && destination[beside] == 0x5a5a, "a pixel outside was written");
    return poolgrad_small_same("far corner", POOLGRAD_FLOAT32, actual, expected, 4, 4);
}

Test(geometry, gradients_beyond_32_bits)
{
    uint8_t *source = sparse(1);
    uint16_t *destination = sparse(2);
    if (!source || !destination) cr_skip_test("no address space for 12 GB");
    source[pixel(SIDE - 2, SIDE - 2)] = 102;
    source[pixel(SIDE - 1, SIDE - 1)] = 204;
    const float max[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 8};
    cr_expect(far_gradient(POOLGRAD_MAX, source, destination, max));
    const float average[16] = {0, 0, 0, 0, 0, 0.25f, 0.75f, 0.5f, 0, 1.25f, 3.75f, 2.5f, 0, 1, 3, 2};
    cr_expect(far_gradient(POOLGRAD_AVERAGE, source, destination, average));
    /* three windows of norm 0.4 alone, then 0.4 and 0.8: 0.4 (7 / 0.4 + 8 / 0.8944) and 0.8 (8 / 0.8944) */
    const float l2norm[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1.528p+3f, 0, 0, 0, 0, 0x1.cap+2f};
    cr_expect(far_gradient(POOLGRAD_L2NORM, source, destination, l2norm));
    sparse_free(source, 1);
    sparse_free(destination, 2);
}

Test(geometry, indices_beyond_32_bits)
{
    uint8_t *source = sparse(1);
    if (!source) cr_skip_test("no address space for 4 GB");
    source[pixel(SIDE - 2, SIDE - 2)] = 102;
    source[pixel(SIDE - 1, SIDE - 1)] = 204;
    float destination[4];
    int64_t indices[4];
    poolgrad_problem p = far_corner(source, POOLGRAD_MAX);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.picks = poolgrad_image_dense(indices, POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 2, 2);
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    const int64_t before_last = INT64_C(65535) * SIDE + 65535, last = INT64_C(65536) * SIDE + 65536;
    const int64_t picked[4] = {before_last, before_last, before_last, last};
    const float greatest[4] = {102.0f / 255, 102.0f / 255, 102.0f / 255, 204.0f / 255};
    cr_expect(poolgrad_small_same("indices", POOLGRAD_INT64, indices, picked, 2, 2));
    cr_expect(poolgrad_small_same("values", POOLGRAD_FLOAT32, destination, greatest, 2, 2));

    /* and back, from the indices, into a destination that is one row of the plane */
    const float gradient[4] = {1, 2, 4, 8};
    float *back = sparse(4);
    if (!back) cr_skip_test("no address space for 17 GB");
    p.direction = POOLGRAD_GRADIENT;
    p.indices = poolgrad_image_as_const(&p.picks);
    p.picks = (poolgrad_image){0};
    p.source.data = NULL;
    p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    p.destination = poolgrad_image_dense(back, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, SIDE, SIDE);
    p.clip.x = p.clip.y = SIDE - 3;
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(back[before_last] == 7 && back[last] == 8, "%g %g", (double)back[before_last], (double)back[last]);
    sparse_free(source, 1);
    sparse_free(back, 4);
}

#endif

/* ---- Indices that are wrong ---------------------------------------------------------------------------------- */

/* 2x2 windows of stride 2 on 4x4: window (0, 1) has taps 2, 3, 6, 7. */
Test(geometry, indices_must_be_taps_of_their_window)
{
    static const int32_t wrong_indices[] = {-2, INT32_MIN, 0, 1, 4, 8, 10, 15, 16, INT32_MAX};
    static const int32_t right_indices[] = {-1, 2, 3, 6, 7};
    for (size_t i = 0; i < sizeof right_indices / sizeof *right_indices; ++i) {
        poolgrad_problem p = valid(INDEXED_GRADIENT);
        index_data[1] = right_indices[i];
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK, "%d", (int)right_indices[i]);
    }
    for (size_t i = 0; i < sizeof wrong_indices / sizeof *wrong_indices; ++i) {
        poolgrad_problem p = valid(INDEXED_GRADIENT);
        poolgrad_error error = {"", ""};
        index_data[1] = wrong_indices[i];
        cr_expect(poolgrad_check(&p, NULL) == POOLGRAD_OK, "the check reads no element");
        poolgrad_status status = poolgrad_check_indices(&p, &error);
        cr_expect(poolgrad_small_refusal(status, &error), "%d: \"%s\"", (int)wrong_indices[i], error.message);
        memset(destination_data, 0x5a, sizeof destination_data);
        float before[16];
        memcpy(before, destination_data, sizeof before);
        cr_expect(poolgrad_run(&p, &error) == POOLGRAD_INVALID, "%d", (int)wrong_indices[i]);
        cr_expect(memcmp(before, destination_data, sizeof before) == 0, "%d: something was written",
                  (int)wrong_indices[i]);
    }
}

Test(geometry, wrong_indices_contribute_nothing_to_a_plan)
{
    static const int32_t wrong_indices[] = {-2, INT32_MIN, 0, 1, 4, 8, 10, 15, 16, INT32_MAX};
    const float expected[16] = {1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 8, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < sizeof wrong_indices / sizeof *wrong_indices; ++i) {
        poolgrad_problem p = valid(INDEXED_GRADIENT);
        poolgrad_plan *plan = NULL;
        for (int j = 0; j < 4; ++j) gradient_data[j] = (float)(1 << j);
        index_data[1] = wrong_indices[i];
        memset(destination_data, 0x5a, sizeof destination_data);
        cr_assert(poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK);
        poolgrad_plan_run(plan);
        poolgrad_plan_destroy(plan);
        cr_expect(poolgrad_small_same("wrong index", POOLGRAD_FLOAT32, destination_data, expected, 4, 4), "%d",
                  (int)wrong_indices[i]);
    }
}

/* The window's taps above the source would be -2 and -1, which is none; its taps inside are 1 and 2. */
Test(geometry, wrong_indices_beside_none)
{
    const float gradients[2] = {1, 2};
    float sums[2 * 4 * 3];
    const int64_t wide[2] = {-1, 6};
    const int32_t narrow[2] = {-1, 6};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 2, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 2, 4, 3);
    p.source_gradient = poolgrad_const_image_dense(gradients, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 2, 1, 1);
    p.destination = poolgrad_image_dense(sums, POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 2, 4, 3);
    p.indices = poolgrad_const_image_dense(narrow, POOLGRAD_INT32, POOLGRAD_NHWC, 1, 2, 1, 1);
    cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID);
    p.indices = poolgrad_const_image_dense(wide, POOLGRAD_INT64, POOLGRAD_NHWC, 1, 2, 1, 1);
    cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID);
}

/* The only tap is place 2^64 + 2^32; what 64 bits hold of that is another place. */
Test(geometry, wrong_indices_of_planes_beyond_numbers)
{
    const int64_t width = INT64_C(1) << 32;
    const float gradient = 1;
    float sum;
    const int64_t indices[2] = {width, -1};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(1, 1, 1), 0, width + 1);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2 * width, width);
    p.source_gradient = poolgrad_const_image_dense(&gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.destination = poolgrad_image_dense(&sum, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.indices = poolgrad_const_image_dense(&indices[0], POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 1, 1);
    cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID);
    p.indices = poolgrad_const_image_dense(&indices[1], POOLGRAD_INT64, POOLGRAD_NCHW, 1, 1, 1, 1);
    cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
}

/* The hole of a dilated window is no tap; a window that sticks out has no tap there; what does not count is not read.
 */
Test(geometry, taps_that_indices_may_name)
{
    poolgrad_problem p = valid(INDEXED_GRADIENT);
    p.window = SQUARE(2, 1, 2); /* the first at -1 .. 1, taps {-1, 1}; the second at 0 .. 2, taps {0, 2} */
    p.offset_x = p.offset_y = 0;
    const int32_t right[4] = {5, 4, 1, 0}, second[4] = {-1, 6, 9, 10};
    memcpy(index_data, right, sizeof index_data);
    cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
    memcpy(index_data, second, sizeof index_data);
    cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
    static const int32_t wrong_first[] = {0, 1, 4, 6, 10}, wrong_last[] = {1, 4, 5, 6, 9};
    for (int i = 0; i < 5; ++i) {
        memcpy(index_data, right, sizeof index_data);
        index_data[0] = wrong_first[i];
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID, "%d", (int)wrong_first[i]);
        memcpy(index_data, right, sizeof index_data);
        index_data[3] = wrong_last[i];
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID, "%d", (int)wrong_last[i]);
        p.gradient_region.height = 1;
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK, "outside the region");
        p.gradient_region.height = POOLGRAD_ALL;
    }
}

/* ---- Taps that are wrong ------------------------------------------------------------------------------------- */

enum { STATES = 2 * 5 * 3 * 3, GARBAGE = 0x5a };

static const poolgrad_format tap_formats[] = {POOLGRAD_TAP8, POOLGRAD_TAP16, POOLGRAD_TAP32};
static const int64_t no_tap[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX};
/* Where the sign would be, what the next narrower format would cut off, the greatest. */
static const int64_t large_taps[][3] = {
    {128, 16, 254}, {32768, 256, 65534}, {INT64_C(2147483648), 65536, INT64_C(4294967294)}};

static void set_tap(const poolgrad_problem *p, int64_t n, int64_t c, int64_t y, int64_t x, uint64_t tap)
{
    const poolgrad_image indices = view_writable(&p->indices);
    view_set_bits(&indices, n, c, y, x, tap);
}

/* 3x3 windows of 2x2, stride 2, on each plane of 4x4, the first at -1: the corners have one tap inside, the edges two,
 * the middle four. What is in the unused lanes is no state. */
static poolgrad_problem of_taps(poolgrad_format format)
{
    static float gradients[STATES], destination[2 * 5 * 4 * 4];
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, SQUARE(2, 2, 1), 0, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 5, 4, 4);
    p.source_gradient = poolgrad_const_image_dense(gradients, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 5, 3, 3);
    p.destination = poolgrad_image_dense(destination, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 5, 4, 4);
    for (int i = 0; i < STATES; ++i) gradients[i] = (float)(i + 1);
    memset(destination, GARBAGE, sizeof destination);
    p.indices = view_read(view_new(format, POOLGRAD_NC4HW4, &p.source_gradient, GARBAGE));
    for (int i = 0; i < STATES; ++i) set_tap(&p, i / 45, i / 9 % 5, i / 3 % 3, i % 3, UINT64_MAX);
    return p;
}

typedef struct window_at {
    int64_t n, c, y, x;
    int right[5], wrong[5]; /* taps; -1 ends the list */
} window_at;

static const window_at window_ats[] = {
    {0, 0, 0, 0, {3, -1}, {0, 1, 2, 4, -1}},       /* the first */
    {0, 4, 0, 1, {2, 3, -1}, {0, 1, 4, 5, -1}},    /* the last channel, above */
    {1, 2, 1, 1, {0, 1, 2, 3, -1}, {4, 5, 7, -1}}, /* in the middle */
    {1, 0, 1, 2, {0, 2, -1}, {1, 3, 4, -1}},       /* at the right */
    {1, 4, 2, 2, {0, -1}, {1, 2, 3, 4, -1}}        /* the last */
};

static void tap_is_accepted(const poolgrad_problem *p, const window_at *at, uint64_t tap)
{
    poolgrad_error error = {"", ""};
    set_tap(p, at->n, at->c, at->y, at->x, tap);
    cr_expect(poolgrad_check_indices(p, &error) == POOLGRAD_OK, "%s", error.message);
    cr_expect(poolgrad_run(p, &error) == POOLGRAD_OK, "%s", error.message);
    set_tap(p, at->n, at->c, at->y, at->x, UINT64_MAX);
    memset(p->destination.data, GARBAGE, 2 * 5 * 4 * 4 * sizeof(float));
}

/* Refused with its position, its value and none's, and nothing is written. */
static void tap_is_refused(const poolgrad_problem *p, const window_at *at, int64_t tap)
{
    poolgrad_error error = {"", ""};
    char sentence[256];
    set_tap(p, at->n, at->c, at->y, at->x, (uint64_t)tap);
    snprintf(sentence, sizeof sentence,
             "indices at (n %" PRId64 ", c %" PRId64 ", y %" PRId64 ", x %" PRId64 ") is %" PRId64 "; expected %" PRId64
             " or ky * kernel width + kx of a tap of that window inside the 4 x 4 source",
             at->n, at->c, at->y, at->x, tap, no_tap[p->indices.format - POOLGRAD_TAP8]);
    cr_expect(poolgrad_check(p, NULL) == POOLGRAD_OK, "the check reads no element");
    cr_expect(poolgrad_check_indices(p, &error) == POOLGRAD_INVALID, "%s", sentence);
    cr_expect(strcmp(error.message, sentence) == 0, "\"%s\", not \"%s\"", error.message, sentence);
    cr_expect(poolgrad_run(p, NULL) == POOLGRAD_INVALID, "%s", sentence);
    const unsigned char *bytes = p->destination.data;
    for (size_t i = 0; i < 2 * 5 * 4 * 4 * sizeof(float); ++i) cr_assert(bytes[i] == GARBAGE, "%s: written", sentence);
}

/* In a plan it adds nothing, as if it were none; all the other windows picked none. */
static void tap_adds_nothing(const poolgrad_problem *p, const window_at *at)
{
    poolgrad_plan *plan = NULL;
    cr_assert(poolgrad_plan_create(p, &plan, NULL) == POOLGRAD_OK);
    poolgrad_plan_run(plan);
    poolgrad_plan_destroy(plan);
    const float *sums = p->destination.data;
    for (int i = 0; i < 2 * 5 * 4 * 4; ++i) cr_assert(sums[i] == 0, "%s adds", poolgrad_format_name(p->indices.format));
    memset(p->destination.data, GARBAGE, 2 * 5 * 4 * 4 * sizeof(float));
    set_tap(p, at->n, at->c, at->y, at->x, UINT64_MAX);
}

Test(geometry, taps_must_lie_in_their_window_and_inside)
{
    for (int f = 0; f < 3; ++f) {
        poolgrad_problem p = of_taps(tap_formats[f]);
        for (size_t i = 0; i < sizeof window_ats / sizeof *window_ats; ++i) {
            const window_at *at = &window_ats[i];
            for (const int *tap = at->right; *tap >= 0; ++tap) tap_is_accepted(&p, at, (uint64_t)*tap);
            for (const int *tap = at->wrong; *tap >= 0; ++tap) {
                tap_is_refused(&p, at, *tap);
                tap_adds_nothing(&p, at);
            }
            for (int j = 0; j < 3; ++j) {
                tap_is_refused(&p, at, large_taps[f][j]);
                tap_adds_nothing(&p, at);
            }
        }
        view_free_read(&p.indices);
    }
}

/* Where such a tap would lie cannot be computed in 64 bits: 8 times 2^61 would come back to the window's first tap. */
Test(geometry, wrong_taps_of_far_dilations_add_nothing)
{
    const float gradient = 5;
    const uint8_t tap = 8;
    float sum = 9;
    poolgrad_plan *plan = NULL;
    const poolgrad_window window = {1, 1, 1, 1, 1, 1, INT64_C(1) << 61, INT64_C(1) << 61, 1};
    poolgrad_problem p = poolgrad_small_problem(POOLGRAD_MAX, POOLGRAD_EDGE_CLAMP, window, 0, 0);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.source_gradient = poolgrad_const_image_dense(&gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.indices = poolgrad_const_image_dense(&tap, POOLGRAD_TAP8, POOLGRAD_NCHW, 1, 1, 1, 1);
    p.destination = poolgrad_image_dense(&sum, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID);
    cr_assert(poolgrad_plan_create(&p, &plan, NULL) == POOLGRAD_OK);
    poolgrad_plan_run(plan);
    poolgrad_plan_destroy(plan);
    cr_expect(sum == 0, "%g", (double)sum);
}

/* What the gradient region leaves out is no state, and an empty source has no tap. */
Test(geometry, taps_that_do_not_count)
{
    for (int f = 0; f < 3; ++f) {
        poolgrad_problem p = of_taps(tap_formats[f]);
        set_tap(&p, 1, 4, 2, 2, 9);
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID);
        p.gradient_region.height = 2;
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
        p.gradient_region.height = POOLGRAD_ALL;
        p.gradient_region.images = 1;
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
        p.gradient_channel_count = p.source_channel_count = 4;
        p.gradient_region.images = POOLGRAD_ALL;
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
        p.source.width = p.destination.width = 0;
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_OK);
        set_tap(&p, 0, 0, 0, 0, 3);
        cr_expect(poolgrad_check_indices(&p, NULL) == POOLGRAD_INVALID);
        view_free_read(&p.indices);
    }
}

/* ---- Windows with too many taps ------------------------------------------------------------------------------ */

typedef struct many_taps {
    int64_t width, height;
    int fits; /* the first of the tap formats that does, 3: none */
} many_taps;

static const many_taps windows_of_taps[] = {
    {255, 1, 0},       {15, 17, 0},
    {256, 1, 1},       {16, 16, 1},
    {1, 256, 1},       {65535, 1, 1},
    {257, 255, 1},     {65536, 1, 2},
    {256, 256, 2},     {INT64_C(4294967295), 1, 2},
    {65537, 65535, 2}, {1, INT64_C(4294967296), 3},
    {65536, 65536, 3}, {INT64_C(1) << 61, 3, 3},
};

static void check_many_taps(const many_taps *window, base which, int format)
{
    static const char *const expected[] = {"tap8", "tap16", "tap32", "int32 or int64"};
    poolgrad_problem p = valid(which);
    poolgrad_error error = {"", ""};
    char sentence[128];
    p.window.kernel_width = window->width;
    p.window.kernel_height = window->height;
    if (which == PICKING_FORWARD) p.picks.format = tap_formats[format];
    if (which == INDEXED_GRADIENT) p.indices.format = tap_formats[format];
    poolgrad_status status = poolgrad_check(&p, &error);
    if (format >= window->fits) {
        cr_expect(status == POOLGRAD_OK, "%s", error.message);
        return;
    }
    snprintf(sentence, sizeof sentence, "%s.format is %d (%s); expected %s for windows of %" PRId64 " taps",
             which == PICKING_FORWARD ? "picks" : "indices", (int)tap_formats[format],
             poolgrad_format_name(tap_formats[format]), expected[window->fits], window->width * window->height);
    cr_expect(poolgrad_small_refusal(status, &error) && strcmp(error.message, sentence) == 0, "\"%s\", not \"%s\"",
              error.message, sentence);
}

Test(geometry, windows_with_more_taps_than_the_format_numbers)
{
    for (size_t i = 0; i < sizeof windows_of_taps / sizeof *windows_of_taps; ++i) {
        for (int format = 0; format < 3; ++format) {
            check_many_taps(&windows_of_taps[i], PICKING_FORWARD, format);
            check_many_taps(&windows_of_taps[i], INDEXED_GRADIENT, format);
        }
    }
    poolgrad_problem p = valid(PICKING_FORWARD);
    p.window.kernel_width = p.window.kernel_height = INT64_C(1) << 61;
    p.picks.format = POOLGRAD_TAP32;
    refused("2^122 taps", &p, "window.kernel_width");
}
