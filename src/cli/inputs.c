/* SPDX-License-Identifier: Apache-2.0 */
/* From options and files to a problem that lacks its destination only. */
#include "cli/inputs.h"

#include <inttypes.h>

#include "base/integer.h"
#include "cli/axis_options.h"
#include "cli/setup.h"

/* Options about a file that is not there. */
static int check_files(const struct options *options)
{
    static const enum option about[][2] = {
        {OPTION_SOURCE_FORMAT, OPTION_SOURCE},   {OPTION_SOURCE_LAYOUT, OPTION_SOURCE},
        {OPTION_INDICES_FORMAT, OPTION_INDICES}, {OPTION_INDICES_LAYOUT, OPTION_INDICES},
        {OPTION_PICKS_FORMAT, OPTION_PICKS},     {OPTION_PICKS_LAYOUT, OPTION_PICKS},
        {OPTION_ACTUAL_LAYOUT, OPTION_ACTUAL}};
    for (size_t i = 0; i < sizeof about / sizeof *about; i++) {
        const struct option_description *file = &poolgrad_options[about[i][1]];
        const bool takes = (file->commands & (int)options->command) != 0;
        if (!takes || poolgrad_given(options, about[i][1]) || !poolgrad_given(options, about[i][0])) continue;
        return poolgrad_fail(options, "--%s is given alone; expected --%s with it", poolgrad_options[about[i][0]].name,
                             file->name);
    }
    return 0;
}

/* Picks and indices are of max pooling, and hold one tap of each window. */
static int check_indices(const struct options *options, const poolgrad_problem *p)
{
    static const enum option both[] = {OPTION_PICKS, OPTION_INDICES};
    const bool reads = poolgrad_given(options, OPTION_INDICES);
    if (reads && poolgrad_given(options, OPTION_PICKS)) {
        return poolgrad_fail(options, "--picks is given beside --indices; expected one of them, what is picked is in "
                                      "the indices");
    }
    for (int i = 0; i < 2; i++) {
        if (!poolgrad_given(options, both[i]) || p->kind == POOLGRAD_MAX) continue;
        return poolgrad_fail(options, "--%s is given with --kind %s; expected max or dilated-max",
                             poolgrad_options[both[i]].name, options->value[OPTION_KIND].text);
    }
    if (!reads || p->ties == POOLGRAD_TIES_FIRST || p->ties == POOLGRAD_TIES_LAST) return 0;
    return poolgrad_fail(options,
                         "--ties is %s; expected first or last with --indices, which hold one tap of each window",
                         options->value[OPTION_TIES].text);
}

/* What a layout and --dimensions say of the same arrays. */
static int check_dimensions(const struct options *options)
{
    const int said = poolgrad_said_axes(options);
    if (!poolgrad_given(options, OPTION_DIMENSIONS) || said == poolgrad_number(options, OPTION_DIMENSIONS, 0)) return 0;
    return poolgrad_fail(options, "--dimensions is %s beside a layout of volumes; expected 3, or nchw or nhwc",
                         options->value[OPTION_DIMENSIONS].text);
}

/* One size of a source without a file. */
static int check_size(const struct options *options, enum axis axis)
{
    const enum option option = poolgrad_axis_option(axis, ROLE_SOURCE);
    const char *name = poolgrad_options[option].name;
    if (!poolgrad_given(options, option))
        return poolgrad_fail(options, "--%s is missing; expected it, or --source FILE", name);
    const int64_t size = poolgrad_number(options, option, 0);
    if (size < (axis == AXIS_Z))
        return poolgrad_fail(options, "--%s is %" PRId64 "; expected at least %d", name, size, axis == AXIS_Z);
    if (size > COORDINATE_LIMIT)
        return poolgrad_fail(options, "--%s is %" PRId64 "; expected at most 2^61", name, size);
    return 0;
}

/* Where the source's size comes from: its file, or an option for each axis, of which files tell the third one. */
static int check_source(const struct options *options, poolgrad_kind kind)
{
    const bool size_will_do = kind == POOLGRAD_AVERAGE || poolgrad_given(options, OPTION_INDICES);
    if (poolgrad_given(options, OPTION_SOURCE)) {
        for (int axis = 0; axis < AXES; axis++) {
            const enum option option = poolgrad_axis_option((enum axis)axis, ROLE_SOURCE);
            if (!poolgrad_given(options, option)) continue;
            return poolgrad_fail(options, "--%s is given beside --source; expected one of them",
                                 poolgrad_options[option].name);
        }
        return 0;
    }
    if (!size_will_do) {
        return poolgrad_fail(options, "--source is missing; expected the image that was pooled%s",
                             kind == POOLGRAD_MAX ? ", or --indices" : "");
    }
    const int status = check_size(options, AXIS_X);
    return status == 0 && poolgrad_said_axes(options) != 1 ? check_size(options, AXIS_Y) : status;
}

static int read_source(const struct options *options, struct inputs *inputs)
{
    int status = poolgrad_tensor_read(options, poolgrad_file(options, OPTION_SOURCE), OPTION_SOURCE_FORMAT,
                                      TENSOR_SOURCE, &inputs->source);
    inputs->problem.source = poolgrad_image_as_const(&inputs->source.image);
    return status;
}

static int read_indices(const struct options *options, struct inputs *inputs)
{
    if (!poolgrad_given(options, OPTION_INDICES)) return 0;
    const int status = poolgrad_tensor_read(options, poolgrad_file(options, OPTION_INDICES), OPTION_INDICES_FORMAT,
                                            TENSOR_INDICES, &inputs->indices);
    inputs->problem.indices = poolgrad_image_as_const(&inputs->indices.image);
    return status;
}

static int read_forward_files(const struct options *options, struct inputs *inputs)
{
    const int status = read_source(options, inputs);
    return status == 0 ? read_indices(options, inputs) : status;
}

/* A source that options describe: of the source gradient's images and channels. */
static int describe_source(const struct options *options, poolgrad_problem *p)
{
    const bool deep = p->source_gradient.depth > 0;
    if (deep && check_size(options, AXIS_Z) != 0) return 2;
    p->source = poolgrad_const_image_dense_3d(
        NULL, POOLGRAD_FLOAT32, poolgrad_tensor_layout(options, OPTION_SOURCE), p->source_gradient.images,
        p->source_gradient.channels, deep ? poolgrad_number(options, OPTION_SOURCE_DEPTH, 1) : 1,
        poolgrad_number(options, OPTION_SOURCE_HEIGHT, 1), poolgrad_number(options, OPTION_SOURCE_WIDTH, 0));
    if (!deep) p->source.depth = 0;
    return 0;
}

static int read_gradient_files(const struct options *options, struct inputs *inputs)
{
    poolgrad_problem *p = &inputs->problem;
    if (poolgrad_tensor_read(options, poolgrad_file(options, OPTION_SOURCE_GRADIENT), OPTION_SOURCE_GRADIENT_FORMAT,
                             TENSOR_GRADIENT, &inputs->source_gradient) != 0) {
        return 2;
    }
    p->source_gradient = poolgrad_image_as_const(&inputs->source_gradient.image);
    if (read_indices(options, inputs) != 0) return 2;
    if (!poolgrad_given(options, OPTION_SOURCE)) return describe_source(options, p);
    const bool size_will_do = p->kind == POOLGRAD_AVERAGE || poolgrad_given(options, OPTION_INDICES);
    const int status = poolgrad_tensor_read(options, poolgrad_file(options, OPTION_SOURCE), OPTION_SOURCE_FORMAT,
                                            size_will_do ? TENSOR_SOURCE_SIZE : TENSOR_SOURCE, &inputs->source);
    p->source = poolgrad_image_as_const(&inputs->source.image);
    return status;
}

static bool any_given(const struct options *options, const enum option *option, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (poolgrad_given(options, option[i])) return true;
    }
    return false;
}

/* Unless a window of images or channels was asked for, a difference is a mistake. */
static int check_agreement(const struct options *options, const poolgrad_problem *p)
{
    static const enum option images[] = {
        OPTION_OFFSET_IMAGE,       OPTION_PRIMARY_OFFSET_IMAGE, OPTION_SECONDARY_OFFSET_IMAGE,
        OPTION_SOURCE_SIZE_IMAGES, OPTION_CLIP_IMAGE,           OPTION_CLIP_IMAGES};
    static const enum option channels[] = {OPTION_PRIMARY_CHANNEL_OFFSET, OPTION_PRIMARY_CHANNEL_COUNT,
                                           OPTION_SECONDARY_CHANNEL_OFFSET, OPTION_SECONDARY_CHANNEL_COUNT,
                                           OPTION_DESTINATION_CHANNEL_OFFSET};
    if (p->source.images != p->source_gradient.images && !any_given(options, images, sizeof images / sizeof *images)) {
        return poolgrad_fail(options, "--source-gradient has %" PRId64 " images; expected %" PRId64 ", as in --source",
                             p->source_gradient.images, p->source.images);
    }
    if (p->source.channels != p->source_gradient.channels &&
        !any_given(options, channels, sizeof channels / sizeof *channels)) {
        return poolgrad_fail(options,
                             "--source-gradient has %" PRId64 " channels; expected %" PRId64 ", as in --source",
                             p->source_gradient.channels, p->source.channels);
    }
    return 0;
}

int poolgrad_inputs_read(const struct options *options, poolgrad_direction direction, struct inputs *inputs)
{
    static const enum option required[] = {OPTION_KIND};
    poolgrad_problem *p = &inputs->problem;
    const bool gradient = direction == POOLGRAD_GRADIENT;
    int status = poolgrad_setup_required(options, required, 1);
    if (status == 0) status = check_files(options);
    if (status == 0) status = check_dimensions(options);
    if (status == 0) status = poolgrad_setup_rules(options, direction, p);
    if (status == 0) status = check_indices(options, p);
    if (status == 0 && gradient) status = check_source(options, p->kind);
    if (status == 0) status = gradient ? read_gradient_files(options, inputs) : read_forward_files(options, inputs);
    if (status == 0 && gradient) status = check_agreement(options, p);
    return status == 0 ? poolgrad_setup_placement(options, p) : status;
}

/* ---- Destinations ------------------------------------------------------------------------------------------------ */

/* What is left of `available` behind `offset`, at most `count`. Senseless numbers are refused with the problem. */
static int64_t left_over(int64_t available, int64_t offset, int64_t count)
{
    return poolgrad_max(poolgrad_min(available - poolgrad_max(offset, 0), count), 0);
}

/* Just large enough for what will be written: the images done from clip-image on, and the channels read. */
static void size_forward_result(poolgrad_problem *p)
{
    p->destination.images = poolgrad_clamp(p->clip.image, 0, COORDINATE_LIMIT) +
                            left_over(p->source.images, p->offset_image, p->clip.images);
    p->destination.channels = poolgrad_clamp(p->destination_channel_offset, 0, COORDINATE_LIMIT) +
                              left_over(p->source.channels, p->source_channel_offset, p->source_channel_count);
}

static poolgrad_format forward_format(const struct options *options, poolgrad_format source)
{
    bool unorm = source == POOLGRAD_UNORM8 || source == POOLGRAD_UNORM16;
    return (poolgrad_format)poolgrad_number(options, OPTION_FORMAT, unorm ? POOLGRAD_FLOAT32 : source);
}

static int make_forward(const struct options *options, enum option option, struct inputs *inputs,
                        struct tensor *destination)
{
    poolgrad_problem *p = &inputs->problem;
    p->destination.format = forward_format(options, p->source.format);
    p->destination.layout = poolgrad_tensor_layout(options, OPTION_OUTPUT);
    size_forward_result(p);
    *destination = (struct tensor){.image = p->destination};
    const int axes = poolgrad_count_axes(options, p);
    if (poolgrad_tensor_shape(options, option, &inputs->source, axes, destination) != 0) return 2;
    if (poolgrad_tensor_allocate(options, option, destination) != 0) return 2;
    p->destination = destination->image;
    return 0;
}

/* The tensor that is added to must be what the output will be. */
static int read_add_to(const struct options *options, struct inputs *inputs, struct tensor *destination)
{
    const poolgrad_const_image *source = &inputs->problem.source;
    if (poolgrad_tensor_read(options, poolgrad_file(options, OPTION_ADD_TO), OPTION_FORMAT, TENSOR_GRADIENT,
                             destination) != 0)
        return 2;
    const poolgrad_const_image image = poolgrad_image_as_const(&destination->image);
    char is[TENSOR_SIZES], expected[TENSOR_SIZES];
    if (poolgrad_tensor_same_sizes(&image, source)) return 0;
    poolgrad_tensor_sizes(&image, true, is);
    poolgrad_tensor_sizes(source, false, expected);
    return poolgrad_fail(options, "--add-to is %s; expected %s, as the source", is, expected);
}

static int make_gradient(const struct options *options, enum option option, struct inputs *inputs,
                         struct tensor *destination)
{
    poolgrad_problem *p = &inputs->problem;
    const int axes = poolgrad_count_axes(options, p);
    p->add_to_destination = poolgrad_given(options, OPTION_ADD_TO);
    if (p->add_to_destination) {
        if (read_add_to(options, inputs, destination) != 0) return 2;
    } else {
        destination->image = (poolgrad_image){.layout = poolgrad_tensor_layout(options, OPTION_OUTPUT),
                                              .images = p->source.images,
                                              .channels = p->source.channels,
                                              .depth = p->source.depth,
                                              .height = p->source.height,
                                              .width = p->source.width};
        destination->image.format = (poolgrad_format)poolgrad_number(options, OPTION_FORMAT, p->source_gradient.format);
    }
    if (poolgrad_tensor_shape(options, option, &inputs->source_gradient, axes, destination) != 0) return 2;
    if (!p->add_to_destination && poolgrad_tensor_allocate(options, option, destination) != 0) return 2;
    p->destination = destination->image;
    return 0;
}

int poolgrad_inputs_make_destination(const struct options *options, enum option option, struct inputs *inputs,
                                     struct tensor *destination)
{
    const bool forward = inputs->problem.direction == POOLGRAD_FORWARD;
    return forward ? make_forward(options, option, inputs, destination)
                   : make_gradient(options, option, inputs, destination);
}

void poolgrad_inputs_free(struct inputs *inputs)
{
    poolgrad_tensor_free(&inputs->source);
    poolgrad_tensor_free(&inputs->source_gradient);
    poolgrad_tensor_free(&inputs->indices);
    poolgrad_setup_free_tables(&inputs->problem);
}
