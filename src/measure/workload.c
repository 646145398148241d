/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BIT(kind) (1U << (kind))
#define MAXIMA (BIT(MEASURED_MAX) | BIT(MEASURED_ARGMAX))
#define AVERAGES (BIT(MEASURED_AVERAGE) | BIT(MEASURED_L2NORM))

const struct workload poolgrad_workloads[WORKLOADS] = {
    {"resnet_stem", 8, 64, 112, 112, 3, 2, 1, 1, AVERAGES | MAXIMA},
    {"vgg", 32, 64, 56, 56, 2, 2, 0, 1, AVERAGES | MAXIMA},
    {"incep_s1", 8, 256, 28, 28, 3, 1, 1, 1, AVERAGES | MAXIMA},
    {"global_avg", 16, 2048, 7, 7, 7, 7, 0, 1, AVERAGES},
    {"big_image", 1, 3, 2048, 2048, 2, 2, 0, 1, AVERAGES | MAXIMA},
    {"large_win", 8, 64, 64, 64, 5, 1, 2, 1, AVERAGES | MAXIMA},
    {"dilated", 4, 64, 128, 128, 3, 2, 1, 2, MAXIMA},
    {"tiny", 1, 16, 32, 32, 2, 2, 0, 1, AVERAGES | MAXIMA},
};

const char *poolgrad_measured_kind_name(enum measured_kind kind)
{
    static const char *const names[MEASURED_KINDS] = {"average", "max", "argmax", "l2norm"};
    return names[kind];
}

poolgrad_kind poolgrad_measured_kind_of(enum measured_kind kind)
{
    static const poolgrad_kind kinds[MEASURED_KINDS] = {POOLGRAD_AVERAGE, POOLGRAD_MAX, POOLGRAD_MAX, POOLGRAD_L2NORM};
    return kinds[kind];
}

void poolgrad_workload_shape(const struct workload *w, poolgrad_problem *shape)
{
    int64_t extent = (w->kernel - 1) * w->dilation + 1;
    poolgrad_problem_init(shape, sizeof *shape);
    shape->window = (poolgrad_window){.kernel_width = w->kernel,
                                      .kernel_height = w->kernel,
                                      .stride_x = w->stride,
                                      .stride_y = w->stride,
                                      .dilation_x = w->dilation,
                                      .dilation_y = w->dilation};
    shape->offset_x = shape->offset_y = extent / 2 - w->pad;
    shape->source =
        (poolgrad_const_image){.images = w->images, .channels = w->channels, .height = w->height, .width = w->width};
    shape->destination = (poolgrad_image){.images = w->images,
                                          .channels = w->channels,
                                          .height = (w->height + 2 * w->pad - extent) / w->stride + 1,
                                          .width = (w->width + 2 * w->pad - extent) / w->stride + 1};
}

/* Adds "k3" or, where the axes differ, "k3x2" (x first). */
static void add_pair(char name[CASE_NAME], char letter, int64_t x, int64_t y)
{
    size_t used = strlen(name);
    if (x == y)
        snprintf(name + used, CASE_NAME - used, "%c%" PRId64, letter, x);
    else
        snprintf(name + used, CASE_NAME - used, "%c%" PRId64 "x%" PRId64, letter, x, y);
}

void poolgrad_shape_name(const poolgrad_problem *shape, char name[CASE_NAME])
{
    const poolgrad_const_image *source = &shape->source;
    const poolgrad_window *w = &shape->window;
    snprintf(name, CASE_NAME, "%" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 "_", source->images, source->channels,
             source->height, source->width);
    add_pair(name, 'k', w->kernel_width, w->kernel_height);
    add_pair(name, 's', w->stride_x, w->stride_y);
    add_pair(name, 'p', ((w->kernel_width - 1) * w->dilation_x + 1) / 2 - shape->offset_x,
             ((w->kernel_height - 1) * w->dilation_y + 1) / 2 - shape->offset_y);
    if (w->dilation_x > 1 || w->dilation_y > 1) add_pair(name, 'd', w->dilation_x, w->dilation_y);
}
