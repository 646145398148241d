/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BIT(kind) (1U << (kind))
#define MAXIMA (BIT(MEASURED_MAX) | BIT(MEASURED_ARGMAX))
#define AVERAGES (BIT(MEASURED_AVERAGE) | BIT(MEASURED_L2NORM))

const struct workload poolgrad_workloads[WORKLOADS] = {
    {"resnet_stem", 8, 64, 0, 112, 112, 3, 2, 1, 1, AVERAGES | MAXIMA},
    {"vgg", 32, 64, 0, 56, 56, 2, 2, 0, 1, AVERAGES | MAXIMA},
    {"incep_s1", 8, 256, 0, 28, 28, 3, 1, 1, 1, AVERAGES | MAXIMA},
    {"global_avg", 16, 2048, 0, 7, 7, 7, 7, 0, 1, AVERAGES},
    {"big_image", 1, 3, 0, 2048, 2048, 2, 2, 0, 1, AVERAGES | MAXIMA},
    {"large_win", 8, 64, 0, 64, 64, 5, 1, 2, 1, AVERAGES | MAXIMA},
    {"dilated", 4, 64, 0, 128, 128, 3, 2, 1, 2, MAXIMA},
    {"tiny", 1, 16, 0, 32, 32, 2, 2, 0, 1, AVERAGES | MAXIMA},
    {"volume", 1, 16, 8, 28, 28, 3, 2, 1, 1, AVERAGES | MAXIMA},
    {"volume_stem", 2, 32, 16, 56, 56, 3, 2, 1, 1, AVERAGES | MAXIMA},
    {"volume_half", 2, 16, 8, 32, 32, 2, 2, 0, 1, AVERAGES | MAXIMA},
    {"volume_s1", 1, 64, 8, 28, 28, 3, 1, 1, 1, AVERAGES | MAXIMA},
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
    const int64_t extent = (w->kernel - 1) * w->dilation + 1, around = 2 * w->pad - extent;
    poolgrad_problem_init(shape, sizeof *shape);
    shape->window = (poolgrad_window){.kernel_width = w->kernel,
                                      .kernel_height = w->kernel,
                                      .stride_x = w->stride,
                                      .stride_y = w->stride,
                                      .dilation_x = w->dilation,
                                      .dilation_y = w->dilation};
    shape->offset_x = shape->offset_y = extent / 2 - w->pad;
    shape->source = (poolgrad_const_image){
        .images = w->images, .channels = w->channels, .depth = w->depth, .height = w->height, .width = w->width};
    shape->destination = (poolgrad_image){.images = w->images,
                                          .channels = w->channels,
                                          .height = (w->height + around) / w->stride + 1,
                                          .width = (w->width + around) / w->stride + 1};
    if (w->depth == 0) return;
    shape->window.kernel_depth = w->kernel;
    shape->window.stride_z = w->stride;
    shape->window.dilation_z = w->dilation;
    shape->offset_z = shape->offset_x;
    shape->destination.depth = (w->depth + around) / w->stride + 1;
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* x, y and, of volumes, z. */
struct axes {
    int count;
    struct axis {
        int64_t kernel, stride, dilation, pad, table;
    } axis[3];
};

static struct axis axis_of(int64_t kernel, int64_t stride, int64_t dilation, int64_t offset,
                           const poolgrad_table *table)
{
    return (struct axis){kernel, stride, dilation, ((kernel - 1) * dilation + 1) / 2 - offset, table->count};
}

static int64_t or_one(int64_t neutral)
{
    return neutral == 0 ? 1 : neutral;
}

static struct axes axes_of(const poolgrad_problem *p)
{
    const poolgrad_window *w = &p->window;
    return (struct axes){
        p->source.depth > 0 ? 3 : 2,
        {axis_of(w->kernel_width, w->stride_x, w->dilation_x, p->offset_x, &p->windows_x),
         axis_of(w->kernel_height, w->stride_y, w->dilation_y, p->offset_y, &p->windows_y),
         axis_of(or_one(w->kernel_depth), or_one(w->stride_z), or_one(w->dilation_z), p->offset_z, &p->windows_z)}};
}

/* Adds "k3" or, where the axes differ, "k3x2". */
static void add_numbers(char name[CASE_NAME], char letter, int count, int64_t x, int64_t y, int64_t z)
{
    const size_t used = strlen(name);
    char *to = name + used;
    const size_t room = CASE_NAME - used;
    if (x == y && (count < 3 || y == z))
        snprintf(to, room, "%c%" PRId64, letter, x);
    else if (count < 3)
        snprintf(to, room, "%c%" PRId64 "x%" PRId64, letter, x, y);
    else
        snprintf(to, room, "%c%" PRId64 "x%" PRId64 "x%" PRId64, letter, x, y, z);
}

void poolgrad_shape_name(const poolgrad_problem *shape, char name[CASE_NAME])
{
    const poolgrad_const_image *source = &shape->source;
    const struct axes axes = axes_of(shape);
    const struct axis *x = &axes.axis[0], *y = &axes.axis[1], *z = &axes.axis[2];
    char depth[24] = "";
    if (source->depth > 0) snprintf(depth, sizeof depth, "%" PRId64 "x", source->depth);
    snprintf(name, CASE_NAME, "%" PRId64 "x%" PRId64 "x%s%" PRId64 "x%" PRId64 "_", source->images, source->channels,
             depth, source->height, source->width);
    add_numbers(name, 'k', axes.count, x->kernel, y->kernel, z->kernel);
    add_numbers(name, 's', axes.count, x->stride, y->stride, z->stride);
    add_numbers(name, 'p', axes.count, x->pad, y->pad, z->pad);
    if (x->dilation > 1 || y->dilation > 1 || z->dilation > 1)
        add_numbers(name, 'd', axes.count, x->dilation, y->dilation, z->dilation);
    if (x->table + y->table + z->table > 0) add_numbers(name, 't', axes.count, x->table, y->table, z->table);
}

/* ---- Taps -------------------------------------------------------------------------------------------------------- */

/* Of the longest window on an axis. */
static double longest(int64_t kernel, const poolgrad_table *table)
{
    int64_t most = or_one(kernel);
    for (int64_t i = 0; i < table->count; i++) {
        if (table->spans[i].size > most) most = table->spans[i].size;
    }
    return (double)most;
}

double poolgrad_shape_taps(const poolgrad_problem *shape)
{
    const poolgrad_window *w = &shape->window;
    return longest(w->kernel_width, &shape->windows_x) * longest(w->kernel_height, &shape->windows_y) *
           longest(w->kernel_depth, &shape->windows_z);
}
