/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/fit.h"

static const char *option_name(enum option option)
{
    return poolgrad_options[option].name;
}

int poolgrad_setup_required(const struct options *options, const enum option *option, int count)
{
    for (int i = 0; i < count; i++) {
        if (poolgrad_given(options, option[i])) continue;
        return poolgrad_fail(options, "--%s is missing; expected --%s %s", option_name(option[i]),
                             option_name(option[i]), poolgrad_options[option[i]].argument);
    }
    return 0;
}

/* ---- Rules ------------------------------------------------------------------------------------------------------ */

static int setup_window(const struct options *options, poolgrad_window *window)
{
    static const enum option kernels[] = {OPTION_KERNEL_WIDTH, OPTION_KERNEL_HEIGHT};
    for (int i = 0; i < 2; i++) {
        if (poolgrad_given(options, OPTION_KERNEL) || poolgrad_given(options, kernels[i])) continue;
        return poolgrad_fail(options, "--%s is missing; expected it, or --kernel for both axes",
                             option_name(kernels[i]));
    }
    window->kernel_width = poolgrad_axis_number(options, OPTION_KERNEL_WIDTH, OPTION_KERNEL, 1);
    window->kernel_height = poolgrad_axis_number(options, OPTION_KERNEL_HEIGHT, OPTION_KERNEL, 1);
    window->stride_x = poolgrad_axis_number(options, OPTION_STRIDE_X, OPTION_STRIDE, 1);
    window->stride_y = poolgrad_axis_number(options, OPTION_STRIDE_Y, OPTION_STRIDE, 1);
    window->dilation_x = poolgrad_axis_number(options, OPTION_DILATION_X, OPTION_DILATION, 1);
    window->dilation_y = poolgrad_axis_number(options, OPTION_DILATION_Y, OPTION_DILATION, 1);
    return 0;
}

static void setup_regions(const struct options *o, poolgrad_problem *p)
{
    p->gradient_region = (poolgrad_region){.x = poolgrad_number(o, OPTION_PRIMARY_OFFSET_X, 0),
                                           .y = poolgrad_number(o, OPTION_PRIMARY_OFFSET_Y, 0),
                                           .width = poolgrad_number(o, OPTION_SOURCE_SIZE_WIDTH, POOLGRAD_ALL),
                                           .height = poolgrad_number(o, OPTION_SOURCE_SIZE_HEIGHT, POOLGRAD_ALL),
                                           .depth = POOLGRAD_ALL,
                                           .image = poolgrad_number(o, OPTION_PRIMARY_OFFSET_IMAGE, 0),
                                           .images = poolgrad_number(o, OPTION_SOURCE_SIZE_IMAGES, POOLGRAD_ALL)};
    p->clip = (poolgrad_region){.x = poolgrad_number(o, OPTION_CLIP_X, 0),
                                .y = poolgrad_number(o, OPTION_CLIP_Y, 0),
                                .width = poolgrad_number(o, OPTION_CLIP_WIDTH, POOLGRAD_ALL),
                                .height = poolgrad_number(o, OPTION_CLIP_HEIGHT, POOLGRAD_ALL),
                                .depth = POOLGRAD_ALL,
                                .image = poolgrad_number(o, OPTION_CLIP_IMAGE, 0),
                                .images = poolgrad_number(o, OPTION_CLIP_IMAGES, POOLGRAD_ALL)};
    for (int option = OPTION_CLIP_X; option <= OPTION_CLIP_IMAGES; option++) {
        bool clipped = p->direction == POOLGRAD_GRADIENT && poolgrad_given(o, (enum option)option);
        if (clipped) p->mapping = POOLGRAD_MAPPING_CLIP;
    }
}

/* No layout has a third axis: its options say so. */
static int check_third_axis(const struct options *o)
{
    static const struct {
        enum option option;
        int64_t neutral;
    } axis[] = {{OPTION_SOURCE_DEPTH, 1},      {OPTION_KERNEL_DEPTH, 1},
                {OPTION_STRIDE_Z, 1},          {OPTION_DILATION_Z, 1},
                {OPTION_OFFSET_Z, 0},          {OPTION_PAD_FRONT, 0},
                {OPTION_PAD_BACK, 0},          {OPTION_OUTPUT_DEPTH, 1},
                {OPTION_ZERO_PAD_Z, 0},        {OPTION_PRIMARY_OFFSET_Z, 0},
                {OPTION_SOURCE_SIZE_DEPTH, 1}, {OPTION_SECONDARY_OFFSET_Z, 0},
                {OPTION_KERNEL_OFFSET_Z, 0},   {OPTION_CLIP_Z, 0},
                {OPTION_CLIP_DEPTH, 1}};
    for (size_t i = 0; i < sizeof axis / sizeof *axis; i++) {
        const int64_t number = poolgrad_number(o, axis[i].option, axis[i].neutral);
        if (number == axis[i].neutral) continue;
        return poolgrad_fail(o, "--%s is %" PRId64 "; expected %" PRId64 ": no layout has a third axis",
                             option_name(axis[i].option), number, axis[i].neutral);
    }
    return 0;
}

static int setup_channels(const struct options *o, poolgrad_problem *p)
{
    static const enum option offsets[] = {OPTION_SOURCE_CHANNEL_OFFSET, OPTION_PRIMARY_CHANNEL_OFFSET,
                                          OPTION_SECONDARY_CHANNEL_OFFSET, OPTION_DESTINATION_CHANNEL_OFFSET};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        int64_t offset = poolgrad_number(o, offsets[i], 0);
        if (offset % 4 == 0) continue;
        return poolgrad_fail(o, "--%s is %" PRId64 "; expected a multiple of 4, as MPS's kernels do",
                             option_name(offsets[i]), offset);
    }
    bool forward = p->direction == POOLGRAD_FORWARD;
    p->source_channel_offset =
        poolgrad_number(o, forward ? OPTION_SOURCE_CHANNEL_OFFSET : OPTION_SECONDARY_CHANNEL_OFFSET, 0);
    p->source_channel_count = poolgrad_number(o, forward ? OPTION_SOURCE_CHANNEL_COUNT : OPTION_SECONDARY_CHANNEL_COUNT,
                                              POOLGRAD_ALL);
    p->gradient_channel_offset = poolgrad_number(o, OPTION_PRIMARY_CHANNEL_OFFSET, 0);
    p->gradient_channel_count = poolgrad_number(o, OPTION_PRIMARY_CHANNEL_COUNT, POOLGRAD_ALL);
    p->destination_channel_offset = poolgrad_number(o, OPTION_DESTINATION_CHANNEL_OFFSET, 0);
    return 0;
}

int poolgrad_setup_execution(const struct options *o, int *most, poolgrad_isa *max_isa)
{
    int64_t threads = poolgrad_number(o, OPTION_THREADS, 0);
    if (threads < 0 || threads > INT32_MAX) {
        return poolgrad_fail(o, "--threads is %" PRId64 "; expected 0 (automatic) to 1024", threads);
    }
    if (threads > 1 && !poolgrad_has_openmp()) {
        return poolgrad_fail(o, "--threads is %" PRId64 "; expected 1, poolgrad was built without OpenMP", threads);
    }
    *most = (int)threads;
    *max_isa = (poolgrad_isa)poolgrad_number(o, OPTION_MAX_ISA, POOLGRAD_ISA_BEST);
    return 0;
}

int poolgrad_setup_rules(const struct options *o, poolgrad_direction direction, poolgrad_problem *p)
{
    poolgrad_problem_init(p, sizeof *p);
    p->direction = direction;
    p->kind = (poolgrad_kind)poolgrad_number(o, OPTION_KIND, POOLGRAD_AVERAGE);
    p->mode = poolgrad_number(o, OPTION_POOLING_MODE, POOLGRAD_MODE_FAST) == POOLGRAD_MODE_REFERENCE
                  ? POOLGRAD_MODE_REFERENCE
                  : POOLGRAD_MODE_FAST;
    p->edge_mode = (poolgrad_edge_mode)poolgrad_number(o, OPTION_EDGE_MODE, POOLGRAD_EDGE_CLAMP);
    const int64_t judged = poolgrad_number(o, OPTION_JUDGED_TIES, TIES_ANY);
    p->ties = (poolgrad_tie_rule)poolgrad_number(o, OPTION_TIES, judged == TIES_ANY ? POOLGRAD_TIES_FIRST : judged);
    p->nan = (poolgrad_nan_rule)poolgrad_number(o, OPTION_NAN, POOLGRAD_NAN_FIRST);
    p->accumulator = (poolgrad_accumulator)poolgrad_number(o, OPTION_ACCUMULATOR, POOLGRAD_ACCUMULATE_FLOAT32);
    p->offset_image = poolgrad_axis_number(o, OPTION_OFFSET_IMAGE, OPTION_SECONDARY_OFFSET_IMAGE, 0);
    p->kernel_offset_x = poolgrad_number(o, OPTION_KERNEL_OFFSET_X, 0);
    p->kernel_offset_y = poolgrad_number(o, OPTION_KERNEL_OFFSET_Y, 0);
    setup_regions(o, p);
    int status = setup_window(o, &p->window);
    if (status == 0) status = check_third_axis(o);
    if (status == 0) status = setup_channels(o, p);
    return status == 0 ? poolgrad_setup_execution(o, &p->threads, &p->max_isa) : status;
}

/* ---- Words ------------------------------------------------------------------------------------------------------ */

/* Library fields whose option is not the field's name in kebab case; a name that ends in a dot stands for all fields
 * of an image, whose sentence is kept. */
static const char *option_of_field(const struct options *options, const char *field)
{
    static const struct {
        const char *field, *forward, *gradient;
    } names[] = {
        {"gradient_region.width", NULL, "source-size-width"},
        {"gradient_region.height", NULL, "source-size-height"},
        {"gradient_region.images", NULL, "source-size-images"},
        {"gradient_region.x", NULL, "primary-offset-x"},
        {"gradient_region.y", NULL, "primary-offset-y"},
        {"gradient_region.image", NULL, "primary-offset-image"},
        {"source_channel_offset", "source-feature-channel-offset", "secondary-source-feature-channel-offset"},
        {"source_channel_count", "source-feature-channel-max-count", "secondary-source-feature-channel-max-count"},
        {"gradient_channel_offset", NULL, "primary-source-feature-channel-offset"},
        {"gradient_channel_count", NULL, "primary-source-feature-channel-max-count"},
        {"destination_channel_offset", "destination-feature-channel-offset", "destination-feature-channel-offset"},
        {"method", "padding-policy", "padding-policy"},
        {"pads.right", "pad-right", "pad-right"},
        {"pads.bottom", "pad-bottom", "pad-bottom"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].field, field) != 0) continue;
        return poolgrad_is_gradient(options) ? names[i].gradient : names[i].forward;
    }
    return NULL;
}

static void kebab(const char *field, char *name, size_t size)
{
    static const char window[] = "window.";
    if (strncmp(field, window, sizeof window - 1) == 0) field += sizeof window - 1;
    snprintf(name, size, "%s", field);
    for (char *letter = name; *letter; letter++) {
        if (*letter == '_' || *letter == '.') *letter = '-';
    }
}

/* What was typed: the option for both axes, or by another name, where that of the field was not. */
static const char *typed(const struct options *options, const char *name)
{
    static const enum option others[][2] = {{OPTION_KERNEL_WIDTH, OPTION_KERNEL},
                                            {OPTION_KERNEL_HEIGHT, OPTION_KERNEL},
                                            {OPTION_STRIDE_X, OPTION_STRIDE},
                                            {OPTION_STRIDE_Y, OPTION_STRIDE},
                                            {OPTION_DILATION_X, OPTION_DILATION},
                                            {OPTION_DILATION_Y, OPTION_DILATION},
                                            {OPTION_ZERO_PAD_X, OPTION_ZERO_PAD},
                                            {OPTION_ZERO_PAD_Y, OPTION_ZERO_PAD},
                                            {OPTION_OFFSET_X, OPTION_SECONDARY_OFFSET_X},
                                            {OPTION_OFFSET_Y, OPTION_SECONDARY_OFFSET_Y},
                                            {OPTION_OFFSET_IMAGE, OPTION_SECONDARY_OFFSET_IMAGE}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(option_name(others[i][0]), name) != 0 || poolgrad_given(options, others[i][0])) continue;
        if (poolgrad_given(options, others[i][1])) return option_name(others[i][1]);
    }
    return name;
}

static const char *destination_option(const struct options *options)
{
    if (poolgrad_given(options, OPTION_ACTUAL)) return "actual";
    return options->command == COMMAND_EXPLAIN ? "at" : "output";
}

/* Which option tells the source's size; null where --source-width and --source-height do. */
static const char *source_option(const struct options *options)
{
    if (poolgrad_given(options, OPTION_INPUT_SIZE)) return option_name(OPTION_INPUT_SIZE);
    return poolgrad_given(options, OPTION_SOURCE) ? option_name(OPTION_SOURCE) : NULL;
}

int poolgrad_setup_refused(const struct options *options, const poolgrad_error *error)
{
    char name[sizeof error->field];
    const char *option = option_of_field(options, error->field);
    const char *rest = error->message + strlen(error->field);
    const char *source = source_option(options);
    const char *const images[][2] = {{"source_gradient.", "source-gradient"},
                                     {"source.", source ? source : "source"},
                                     {"source_width", source},
                                     {"source_height", source},
                                     {"destination.", destination_option(options)},
                                     {"indices", "indices"},
                                     {"picks", "picks"}};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        if (!images[i][1] || strncmp(error->field, images[i][0], strlen(images[i][0])) != 0) continue;
        return poolgrad_fail(options, "--%s: %s", images[i][1], error->message);
    }
    if (strcmp(error->field, "POOLGRAD_MAX_ISA") == 0) return poolgrad_fail(options, "%s", error->message);
    kebab(error->field, name, sizeof name);
    return poolgrad_fail(options, "--%s%s", typed(options, option ? option : name), rest);
}

static void note_if(const struct options *options, enum option option, bool idle, const char *why)
{
    if (idle && poolgrad_given(options, option)) {
        poolgrad_note(options, "--%s has no effect: %s", option_name(option), why);
    }
}

static void note_rules(const struct options *options, const poolgrad_problem *p)
{
    bool max = p->kind == POOLGRAD_MAX, average = p->kind == POOLGRAD_AVERAGE;
    bool chosen = p->indices.data != NULL;
    static const enum option zero_pads[] = {OPTION_ZERO_PAD, OPTION_ZERO_PAD_X, OPTION_ZERO_PAD_Y,
                                            OPTION_COUNT_INCLUDE_PAD};
    static const enum option choices[] = {OPTION_TIES, OPTION_JUDGED_TIES, OPTION_NAN, OPTION_EDGE_MODE};
    for (size_t i = 0; i < sizeof zero_pads / sizeof *zero_pads; i++) {
        note_if(options, zero_pads[i], !average, "only average pooling counts padding");
        note_if(options, zero_pads[i], average && p->edge_mode == POOLGRAD_EDGE_ZERO,
                "edge mode zero always counts every tap");
    }
    note_if(options, OPTION_EXCLUDE_EDGES, !average, "only average pooling counts padding");
    note_if(options, OPTION_EDGE_MODE, average && poolgrad_given(options, OPTION_EXCLUDE_EDGES),
            "--exclude-edges sets it to clamp");
    note_if(options, OPTION_TIES, !max, "only max pooling has ties");
    note_if(options, OPTION_JUDGED_TIES, !max, "only max pooling has ties");
    note_if(options, OPTION_NAN, !max, "only max pooling chooses among NaNs");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        note_if(options, choices[i], chosen, "the indices have chosen already");
    }
}

/* Null where the accumulator matters. */
static const char *idle_accumulator(const poolgrad_problem *p)
{
    bool gradient = p->direction == POOLGRAD_GRADIENT;
    bool wide = p->destination.format == POOLGRAD_FLOAT64 ||
                (gradient ? p->source_gradient : p->source).format == POOLGRAD_FLOAT64;
    if (p->kind == POOLGRAD_L2NORM) return "L2-norm always works in float64";
    if (p->kind == POOLGRAD_MAX && !gradient) return "forward max adds nothing";
    if (wide && p->accumulator == POOLGRAD_ACCUMULATE_FLOAT32) return "with float64 tensors the accumulator is float64";
    return NULL;
}

/* Options whose every word is said by others. */
static void note_overruled(const struct options *options)
{
    static const enum option axes[][3] = {{OPTION_KERNEL, OPTION_KERNEL_WIDTH, OPTION_KERNEL_HEIGHT},
                                          {OPTION_STRIDE, OPTION_STRIDE_X, OPTION_STRIDE_Y},
                                          {OPTION_DILATION, OPTION_DILATION_X, OPTION_DILATION_Y},
                                          {OPTION_PAD, OPTION_PAD_LEFT, OPTION_PAD_TOP},
                                          {OPTION_ZERO_PAD, OPTION_ZERO_PAD_X, OPTION_ZERO_PAD_Y}};
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
        note_if(options, axes[i][0], poolgrad_given(options, axes[i][1]) && poolgrad_given(options, axes[i][2]),
                "each axis has an option of its own");
    }
    bool width = poolgrad_given(options, OPTION_OUTPUT_WIDTH), height = poolgrad_given(options, OPTION_OUTPUT_HEIGHT);
    note_if(options, OPTION_PAD_RIGHT, width && !poolgrad_given(options, OPTION_COUNT_INCLUDE_PAD),
            "--output-width says the size");
    note_if(options, OPTION_PAD_BOTTOM, height && !poolgrad_given(options, OPTION_COUNT_INCLUDE_PAD),
            "--output-height says the size");
    note_if(options, OPTION_CEIL_MODE, width && height, "--output-width and --output-height say the size");
    note_if(options, OPTION_CEIL_DROP, width && height, "--output-width and --output-height say the size");
    note_if(options, OPTION_REMAINDER_TO,
            poolgrad_number(options, OPTION_ALIGN, POOLGRAD_PADDING_ALIGN_CENTERED) != POOLGRAD_PADDING_ALIGN_CENTERED,
            "only centered padding has a remainder");
}

static bool has_slices(const poolgrad_problem *p)
{
    return p->source.layout == POOLGRAD_NC4HW4 || p->destination.layout == POOLGRAD_NC4HW4 ||
           (p->direction == POOLGRAD_GRADIENT && p->source_gradient.layout == POOLGRAD_NC4HW4) ||
           p->indices.layout == POOLGRAD_NC4HW4 || p->picks.layout == POOLGRAD_NC4HW4;
}

void poolgrad_setup_notes(const struct options *options, const poolgrad_problem *problem)
{
    char fit[FIT_TEXT];
    const char *accumulator = idle_accumulator(problem);
    poolgrad_fit_gradient(options, problem, fit);
    if (*fit) poolgrad_note(options, "%s", fit);
    note_rules(options, problem);
    const bool exact = poolgrad_number(options, OPTION_POOLING_MODE, POOLGRAD_MODE_FAST) == MODE_EXACT;
    note_if(options, OPTION_ACCUMULATOR, accumulator != NULL && !exact, accumulator);
    note_if(options, OPTION_ACCUMULATOR, exact, "exact sums have no width");
    note_if(options, OPTION_MAX_ISA, exact, "exact mode uses none");
    note_if(options, OPTION_CHANNELS, !has_slices(problem), "only nc4hw4 leaves it open");
    note_overruled(options);
}
