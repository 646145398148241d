/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "files/numbers.h"

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
    p->gradient_region = (poolgrad_region){poolgrad_number(o, OPTION_PRIMARY_OFFSET_X, 0),
                                           poolgrad_number(o, OPTION_PRIMARY_OFFSET_Y, 0),
                                           poolgrad_number(o, OPTION_PRIMARY_OFFSET_IMAGE, 0),
                                           poolgrad_number(o, OPTION_SOURCE_SIZE_WIDTH, POOLGRAD_ALL),
                                           poolgrad_number(o, OPTION_SOURCE_SIZE_HEIGHT, POOLGRAD_ALL),
                                           poolgrad_number(o, OPTION_SOURCE_SIZE_IMAGES, POOLGRAD_ALL)};
    p->clip = (poolgrad_region){poolgrad_number(o, OPTION_CLIP_X, 0),
                                poolgrad_number(o, OPTION_CLIP_Y, 0),
                                poolgrad_number(o, OPTION_CLIP_IMAGE, 0),
                                poolgrad_number(o, OPTION_CLIP_WIDTH, POOLGRAD_ALL),
                                poolgrad_number(o, OPTION_CLIP_HEIGHT, POOLGRAD_ALL),
                                poolgrad_number(o, OPTION_CLIP_IMAGES, POOLGRAD_ALL)};
    for (int option = OPTION_CLIP_X; option <= OPTION_CLIP_IMAGES; option++) {
        bool clipped = p->direction == POOLGRAD_GRADIENT && poolgrad_given(o, (enum option)option);
        if (clipped) p->mapping = POOLGRAD_MAPPING_CLIP;
    }
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
    p->offset_z =
        poolgrad_number(o, direction == POOLGRAD_FORWARD ? OPTION_OFFSET_IMAGE : OPTION_SECONDARY_OFFSET_IMAGE, 0);
    p->kernel_offset_x = poolgrad_number(o, OPTION_KERNEL_OFFSET_X, 0);
    p->kernel_offset_y = poolgrad_number(o, OPTION_KERNEL_OFFSET_Y, 0);
    setup_regions(o, p);
    int status = setup_window(o, &p->window);
    if (status == 0) status = setup_channels(o, p);
    return status == 0 ? poolgrad_setup_execution(o, &p->threads, &p->max_isa) : status;
}

/* ---- Placement -------------------------------------------------------------------------------------------------- */

/* The options of one axis, and where their meaning goes. */
struct axis {
    enum option offset, secondary_offset, before, behind, output, zero_pad;
    int64_t source_size, gradient_size;
    int64_t kernel, stride, dilation;
    int64_t *first, *size, *zero; /* of the problem: offset, destination size, zero padding */
};

static struct axis axis_x(poolgrad_problem *p)
{
    return (struct axis){OPTION_OFFSET_X,        OPTION_SECONDARY_OFFSET_X,
                         OPTION_PAD_LEFT,        OPTION_PAD_RIGHT,
                         OPTION_OUTPUT_WIDTH,    OPTION_ZERO_PAD_X,
                         p->source.width,        p->source_gradient.width,
                         p->window.kernel_width, p->window.stride_x,
                         p->window.dilation_x,   &p->offset_x,
                         &p->destination.width,  &p->zero_pad_x};
}

static struct axis axis_y(poolgrad_problem *p)
{
    return (struct axis){OPTION_OFFSET_Y,         OPTION_SECONDARY_OFFSET_Y,
                         OPTION_PAD_TOP,          OPTION_PAD_BOTTOM,
                         OPTION_OUTPUT_HEIGHT,    OPTION_ZERO_PAD_Y,
                         p->source.height,        p->source_gradient.height,
                         p->window.kernel_height, p->window.stride_y,
                         p->window.dilation_y,    &p->offset_y,
                         &p->destination.height,  &p->zero_pad_y};
}

static bool padded(const struct options *options, const struct axis *axis)
{
    return poolgrad_given(options, OPTION_PAD) || poolgrad_given(options, axis->before) ||
           poolgrad_given(options, axis->behind);
}

static bool offset(const struct options *options, const struct axis *axis)
{
    return poolgrad_given(options, axis->offset) || poolgrad_given(options, axis->secondary_offset);
}

/* One axis is placed in one way. */
static int check_mixture(const struct options *options, const struct axis *axis)
{
    const struct {
        enum option option;
        bool given;
    } ways[] = {{axis->offset, poolgrad_given(options, axis->offset)},
                {axis->secondary_offset, poolgrad_given(options, axis->secondary_offset)},
                {poolgrad_given(options, axis->before)   ? axis->before
                 : poolgrad_given(options, axis->behind) ? axis->behind
                                                         : OPTION_PAD,
                 padded(options, axis)},
                {OPTION_PADDING_POLICY, poolgrad_given(options, OPTION_PADDING_POLICY)}};
    enum option first = OPTION_COUNT;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (!ways[i].given) continue;
        if (first != OPTION_COUNT) {
            return poolgrad_fail(options, "--%s is given beside --%s; expected one way to place the windows on an axis",
                                 option_name(ways[i].option), option_name(first));
        }
        first = ways[i].option;
    }
    return 0;
}

/* Options that refine a way of placing, without it. */
static int check_refinements(const struct options *options, const struct axis *x, const struct axis *y)
{
    static const enum option of_policy[] = {OPTION_ALIGN, OPTION_REMAINDER_TO, OPTION_EXCLUDE_EDGES};
    static const enum option of_pads[] = {OPTION_CEIL_MODE, OPTION_COUNT_INCLUDE_PAD};
    bool policy = poolgrad_given(options, OPTION_PADDING_POLICY);
    for (size_t i = 0; i < sizeof of_policy / sizeof *of_policy; i++) {
        if (policy || !poolgrad_given(options, of_policy[i])) continue;
        return poolgrad_fail(options, "--%s is given alone; expected --padding-policy with it",
                             option_name(of_policy[i]));
    }
    for (size_t i = 0; i < sizeof of_pads / sizeof *of_pads; i++) {
        if (!poolgrad_given(options, of_pads[i])) continue;
        if (!policy && !offset(options, x) && !offset(options, y)) continue;
        return poolgrad_fail(options, "--%s is given beside --%s; expected it with pads only", option_name(of_pads[i]),
                             option_name(policy               ? OPTION_PADDING_POLICY
                                         : offset(options, x) ? x->offset
                                                              : y->offset));
    }
    return 0;
}

static int set_forward_size(const struct options *options, const struct axis *axis, int64_t size)
{
    if (poolgrad_given(options, axis->output)) {
        int64_t asked = poolgrad_number(options, axis->output, 0);
        if (asked < 0)
            return poolgrad_fail(options, "--%s is %" PRId64 "; expected at least 0", option_name(axis->output), asked);
        if (poolgrad_given(options, OPTION_PADDING_POLICY) && asked != size) {
            return poolgrad_fail(options, "--%s is %" PRId64 "; expected %" PRId64 ", the policy's size, or no policy",
                                 option_name(axis->output), asked, size);
        }
        size = asked;
    }
    *axis->size = size;
    return 0;
}

/* `size` is that of the forward result; the source gradient must have it. */
static int check_gradient_size(const struct options *options, const struct axis *axis, const char *why, int64_t size)
{
    if (axis->gradient_size == size) return 0;
    return poolgrad_fail(options, "--source-gradient has a %s of %" PRId64 "; expected %" PRId64 " by %s",
                         axis->offset == OPTION_OFFSET_X ? "width" : "height", axis->gradient_size, size, why);
}

static int place_by_offset(const struct options *options, const poolgrad_problem *problem, const struct axis *axis)
{
    enum option given = poolgrad_given(options, axis->offset) ? axis->offset : axis->secondary_offset;
    *axis->first = poolgrad_number(options, given, 0);
    if (problem->direction == POOLGRAD_GRADIENT) return 0;
    if (poolgrad_given(options, axis->output)) return set_forward_size(options, axis, 0);
    return poolgrad_fail(options, "--%s is missing; expected the output's size with --%s", option_name(axis->output),
                         option_name(given));
}

static int check_pads(const struct options *options, const struct axis *axis, int64_t before, int64_t behind)
{
    enum option name = poolgrad_given(options, axis->before) ? axis->before : OPTION_PAD;
    if (before < 0 || before > COORDINATE_LIMIT) {
        return poolgrad_fail(options, "--%s is %" PRId64 "; expected 0 to 2^61", option_name(name), before);
    }
    if (poolgrad_given(options, OPTION_COUNT_INCLUDE_PAD) && before != behind) {
        return poolgrad_fail(options,
                             "--%s is %" PRId64 "; expected %" PRId64 ", the pad on the other side, with "
                             "--count-include-pad",
                             option_name(axis->behind), behind, before);
    }
    return 0;
}

/* The library's answer for this axis alone; the other one is neutral. */
static int explicit_size(const struct options *options, const struct axis *axis, int64_t before, int64_t behind,
                         int64_t *size)
{
    bool along_x = axis->offset == OPTION_OFFSET_X;
    poolgrad_window window = {1, 1, 1, 1, 1, 1};
    poolgrad_pads pads = {0, 0, 0, 0};
    poolgrad_padding padding;
    poolgrad_error error;
    *(along_x ? &window.kernel_width : &window.kernel_height) = axis->kernel;
    *(along_x ? &window.stride_x : &window.stride_y) = axis->stride;
    *(along_x ? &window.dilation_x : &window.dilation_y) = axis->dilation;
    *(along_x ? &pads.left : &pads.top) = before;
    *(along_x ? &pads.right : &pads.bottom) = behind;
    poolgrad_status status = poolgrad_padding_explicit(&pads, poolgrad_given(options, OPTION_CEIL_MODE), &window,
                                                       along_x ? axis->source_size : 1, along_x ? 1 : axis->source_size,
                                                       &padding, &error);
    if (status != POOLGRAD_OK) return poolgrad_setup_refused(options, &error);
    *size = along_x ? padding.width : padding.height;
    return 0;
}

/* The pixels that a window spans; false where the window is refused. */
static bool find_extent(const struct axis *axis, int64_t *extent)
{
    int64_t reach;
    if (axis->kernel < 1 || axis->dilation < 1) return false;
    if (!poolgrad_product_fits(axis->kernel - 1, axis->dilation, &reach) || reach >= COORDINATE_LIMIT) return false;
    *extent = reach + 1;
    return true;
}

static int place_by_pads(const struct options *options, const poolgrad_problem *problem, const struct axis *axis)
{
    int64_t before = poolgrad_axis_number(options, axis->before, OPTION_PAD, 0);
    int64_t behind = poolgrad_number(options, axis->behind, before);
    int64_t extent, size = 0;
    if (check_pads(options, axis, before, behind) != 0) return 2;
    if (!find_extent(axis, &extent)) return 0; /* refused with the rest of the problem */
    *axis->first = extent / 2 - before;
    if (poolgrad_given(options, OPTION_COUNT_INCLUDE_PAD)) *axis->zero = before;
    bool forward = problem->direction == POOLGRAD_FORWARD;
    bool asks = forward ? !poolgrad_given(options, axis->output)
                        : poolgrad_given(options, axis->behind) || poolgrad_given(options, OPTION_CEIL_MODE);
    if (asks && explicit_size(options, axis, before, behind, &size) != 0) return 2;
    if (forward) return set_forward_size(options, axis, size);
    return asks ? check_gradient_size(options, axis, "its pads", size) : 0;
}

static int place_by_policy(const struct options *options, poolgrad_problem *problem)
{
    poolgrad_padding padding;
    poolgrad_error error;
    poolgrad_padding_method method = (poolgrad_padding_method)(poolgrad_number(options, OPTION_PADDING_POLICY, 0) |
                                                               poolgrad_number(options, OPTION_ALIGN, 0) |
                                                               poolgrad_number(options, OPTION_REMAINDER_TO, 0));
    if (poolgrad_given(options, OPTION_EXCLUDE_EDGES)) method |= POOLGRAD_PADDING_EXCLUDE_EDGES;
    poolgrad_status status = poolgrad_padding_forward(method, problem->kind, &problem->window, problem->source.width,
                                                      problem->source.height, &padding, &error);
    if (status != POOLGRAD_OK) return poolgrad_setup_refused(options, &error);
    problem->offset_x = padding.offset_x;
    problem->offset_y = padding.offset_y;
    if (padding.exclude_edges) {
        problem->edge_mode = POOLGRAD_EDGE_CLAMP;
        problem->zero_pad_x = padding.zero_pad_x;
        problem->zero_pad_y = padding.zero_pad_y;
    }
    const struct axis x = axis_x(problem), y = axis_y(problem);
    if (problem->direction == POOLGRAD_GRADIENT) {
        if (check_gradient_size(options, &x, "the padding policy", padding.width) != 0) return 2;
        return check_gradient_size(options, &y, "the padding policy", padding.height);
    }
    return set_forward_size(options, &x, padding.width) == 0 ? set_forward_size(options, &y, padding.height) : 2;
}

static int setup_zero_pads(const struct options *options, const struct axis *axis)
{
    bool given = poolgrad_given(options, axis->zero_pad) || poolgrad_given(options, OPTION_ZERO_PAD);
    if (!given) return 0;
    for (int i = 0; i < 2; i++) {
        enum option other = i == 0 ? OPTION_COUNT_INCLUDE_PAD : OPTION_EXCLUDE_EDGES;
        if (!poolgrad_given(options, other)) continue;
        return poolgrad_fail(options, "--%s is given beside --%s; expected one of them, both set the zero padding",
                             option_name(poolgrad_given(options, axis->zero_pad) ? axis->zero_pad : OPTION_ZERO_PAD),
                             option_name(other));
    }
    *axis->zero = poolgrad_axis_number(options, axis->zero_pad, OPTION_ZERO_PAD, 0);
    return 0;
}

static int place_axis(const struct options *options, const poolgrad_problem *problem, const struct axis *axis)
{
    return offset(options, axis) ? place_by_offset(options, problem, axis) : place_by_pads(options, problem, axis);
}

int poolgrad_setup_placement(const struct options *options, poolgrad_problem *problem)
{
    const struct axis x = axis_x(problem), y = axis_y(problem);
    int status = check_mixture(options, &x);
    if (status == 0) status = check_mixture(options, &y);
    if (status == 0) status = check_refinements(options, &x, &y);
    if (status == 0) status = setup_zero_pads(options, &x);
    if (status == 0) status = setup_zero_pads(options, &y);
    if (status != 0) return status;
    if (poolgrad_given(options, OPTION_PADDING_POLICY)) return place_by_policy(options, problem);
    status = place_axis(options, problem, &x);
    return status == 0 ? place_axis(options, problem, &y) : status;
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
        {"gradient_region.depth", NULL, "source-size-images"},
        {"gradient_region.x", NULL, "primary-offset-x"},
        {"gradient_region.y", NULL, "primary-offset-y"},
        {"gradient_region.z", NULL, "primary-offset-image"},
        {"clip.z", "clip-image", "clip-image"},
        {"clip.depth", "clip-images", "clip-images"},
        {"offset_z", "offset-image", "secondary-offset-image"},
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
                                            {OPTION_OFFSET_Y, OPTION_SECONDARY_OFFSET_Y}};
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

int poolgrad_setup_refused(const struct options *options, const poolgrad_error *error)
{
    char name[sizeof error->field];
    const char *option = option_of_field(options, error->field);
    const char *rest = error->message + strlen(error->field);
    const char *const images[][2] = {{"source_gradient.", "source-gradient"},
                                     {"source.", "source"},
                                     {"source_width", "source"},
                                     {"source_height", "source"},
                                     {"destination.", destination_option(options)},
                                     {"indices", poolgrad_is_gradient(options) ? "indices" : "picks"}};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        bool sized = strncmp(error->field, "source_", strlen("source_")) == 0 &&
                     !poolgrad_given(options, OPTION_SOURCE);
        if (sized || strncmp(error->field, images[i][0], strlen(images[i][0])) != 0) continue;
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
    bool chosen = p->indices.data && p->direction == POOLGRAD_GRADIENT;
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
    note_if(options, OPTION_REMAINDER_TO,
            poolgrad_number(options, OPTION_ALIGN, POOLGRAD_PADDING_ALIGN_CENTERED) != POOLGRAD_PADDING_ALIGN_CENTERED,
            "only centered padding has a remainder");
}

static bool has_slices(const poolgrad_problem *p)
{
    return p->source.layout == POOLGRAD_NC4HW4 || p->destination.layout == POOLGRAD_NC4HW4 ||
           (p->direction == POOLGRAD_GRADIENT && p->source_gradient.layout == POOLGRAD_NC4HW4) ||
           (p->indices.format != POOLGRAD_FORMAT_NONE && p->indices.layout == POOLGRAD_NC4HW4);
}

void poolgrad_setup_notes(const struct options *options, const poolgrad_problem *problem)
{
    const char *accumulator = idle_accumulator(problem);
    note_rules(options, problem);
    const bool exact = poolgrad_number(options, OPTION_POOLING_MODE, POOLGRAD_MODE_FAST) == MODE_EXACT;
    note_if(options, OPTION_ACCUMULATOR, accumulator != NULL && !exact, accumulator);
    note_if(options, OPTION_ACCUMULATOR, exact, "exact sums have no width");
    note_if(options, OPTION_MAX_ISA, exact, "exact mode uses none");
    note_if(options, OPTION_CHANNELS, !has_slices(problem), "only nc4hw4 leaves it open");
    note_overruled(options);
}
