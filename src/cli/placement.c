/* SPDX-License-Identifier: Apache-2.0 */
/* Where the windows lie: by offsets, pads or a policy, one of them on each axis. */
#include <inttypes.h>

#include "base/integer.h"
#include "cli/fit.h"
#include "cli/setup.h"

static const char *option_name(enum option option)
{
    return poolgrad_options[option].name;
}

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

/* Two names of one number. */
static int check_names(const struct options *options)
{
    static const enum option names[][2] = {{OPTION_OFFSET_Z, OPTION_SECONDARY_OFFSET_Z},
                                           {OPTION_OFFSET_IMAGE, OPTION_SECONDARY_OFFSET_IMAGE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!poolgrad_given(options, names[i][0]) || !poolgrad_given(options, names[i][1])) continue;
        return poolgrad_fail(options, "--%s is given beside --%s; expected one of them", option_name(names[i][1]),
                             option_name(names[i][0]));
    }
    return 0;
}

/* Options that refine a way of placing, without it. */
static int check_refinements(const struct options *options, const struct axis *x, const struct axis *y)
{
    static const enum option of_policy[] = {OPTION_ALIGN, OPTION_REMAINDER_TO, OPTION_EXCLUDE_EDGES};
    static const enum option of_pads[] = {OPTION_CEIL_MODE, OPTION_CEIL_DROP, OPTION_COUNT_INCLUDE_PAD};
    bool policy = poolgrad_given(options, OPTION_PADDING_POLICY);
    if (poolgrad_given(options, OPTION_CEIL_MODE) && poolgrad_given(options, OPTION_CEIL_DROP))
        return poolgrad_fail(options, "--ceil-drop is given beside --ceil-mode; expected one of them");
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
static int check_gradient_size(const struct options *options, const poolgrad_problem *problem, const struct axis *axis,
                               const char *why, int64_t size)
{
    char fitting[FIT_OPTIONS] = "";
    if (axis->gradient_size == size) return 0;
    if (!poolgrad_given(options, OPTION_PADDING_POLICY)) {
        poolgrad_fit_options(options, problem, problem->source_gradient.height, problem->source_gradient.width,
                             fitting);
    }
    const bool swapped = !*fitting && poolgrad_fit_may_be_swapped(problem);
    return poolgrad_fail(options, "--source-gradient has a %s of %" PRId64 "; expected %" PRId64 " by %s%s%s%s",
                         axis->offset == OPTION_OFFSET_X ? "width" : "height", axis->gradient_size, size, why,
                         *fitting ? ", or " : "", fitting,
                         swapped ? "; --source and --source-gradient may be swapped" : "");
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
    poolgrad_window window = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    poolgrad_pads pads = {.left = 0};
    poolgrad_padding padding;
    poolgrad_error error;
    *(along_x ? &window.kernel_width : &window.kernel_height) = axis->kernel;
    *(along_x ? &window.stride_x : &window.stride_y) = axis->stride;
    *(along_x ? &window.dilation_x : &window.dilation_y) = axis->dilation;
    *(along_x ? &pads.left : &pads.top) = before;
    *(along_x ? &pads.right : &pads.bottom) = behind;
    poolgrad_status status = poolgrad_padding_explicit(&pads, poolgrad_given_rounding(options), &window,
                                                       along_x ? 1 : axis->source_size, along_x ? axis->source_size : 1,
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
    if (!poolgrad_multiply(axis->kernel - 1, axis->dilation, &reach) || reach >= COORDINATE_LIMIT) return false;
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
    bool asks = forward
                    ? !poolgrad_given(options, axis->output)
                    : poolgrad_given(options, axis->behind) || poolgrad_given_rounding(options) != POOLGRAD_ROUND_DOWN;
    if (asks && explicit_size(options, axis, before, behind, &size) != 0) return 2;
    if (forward) return set_forward_size(options, axis, size);
    return asks ? check_gradient_size(options, problem, axis, "its pads", size) : 0;
}

static int place_by_policy(const struct options *options, poolgrad_problem *problem)
{
    poolgrad_padding padding;
    poolgrad_error error;
    poolgrad_padding_method method = (poolgrad_padding_method)(poolgrad_number(options, OPTION_PADDING_POLICY, 0) |
                                                               poolgrad_number(options, OPTION_ALIGN, 0) |
                                                               poolgrad_number(options, OPTION_REMAINDER_TO, 0));
    if (poolgrad_given(options, OPTION_EXCLUDE_EDGES)) method |= POOLGRAD_PADDING_EXCLUDE_EDGES;
    poolgrad_status status = poolgrad_padding_forward(method, problem->kind, &problem->window, problem->source.height,
                                                      problem->source.width, &padding, &error);
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
        if (check_gradient_size(options, problem, &x, "the padding policy", padding.width) != 0) return 2;
        return check_gradient_size(options, problem, &y, "the padding policy", padding.height);
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
    if (status == 0) status = check_names(options);
    if (status == 0) status = check_refinements(options, &x, &y);
    if (status == 0) status = setup_zero_pads(options, &x);
    if (status == 0) status = setup_zero_pads(options, &y);
    if (status != 0) return status;
    if (poolgrad_given(options, OPTION_PADDING_POLICY)) return place_by_policy(options, problem);
    status = place_axis(options, problem, &x);
    return status == 0 ? place_axis(options, problem, &y) : status;
}
