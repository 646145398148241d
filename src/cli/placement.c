/* SPDX-License-Identifier: Apache-2.0 */
/* The windows and where they lie: by offsets, pads, a policy or tables, one of them on each axis. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/integer.h"
#include "cli/axis_options.h"
#include "cli/fit.h"
#include "cli/setup.h"
#include "cli/setup_dialect.h"
#include "cli/tensor.h"

/* One axis that the arrays have. */
struct placement {
    const struct options *options;
    poolgrad_problem *problem;
    enum axis axis;
    enum option table; /* which says where the windows are; OPTION_COUNT: none */
    struct axis_fields to;
};

static const char *option_name(enum option option)
{
    return poolgrad_options[option].name;
}

static bool given(const struct placement *p, enum axis_role role)
{
    return poolgrad_axis_given(p->options, p->axis, role);
}

static enum option own(const struct placement *p, enum axis_role role)
{
    return poolgrad_axis_option(p->axis, role);
}

/* ---- What contradicts -------------------------------------------------------------------------------------------- */

/* Options of an axis that the arrays lack. */
static int check_absent(const struct options *options, int axes)
{
    static const char *const lacks[] = {"", "one axis", "no third axis"};
    for (int axis = axes; axis < AXES; axis++) {
        for (int role = 0; role < ROLES; role++) {
            const enum option option = poolgrad_axis_option((enum axis)axis, (enum axis_role)role);
            const int64_t neutral = poolgrad_axis_neutral((enum axis_role)role);
            if (!poolgrad_given(options, option)) continue;
            if (role == ROLE_WINDOWS) {
                return poolgrad_fail(options, "--%s is given; expected no such option, the arrays have %s",
                                     option_name(option), lacks[axes]);
            }
            if (poolgrad_number(options, option, neutral) == neutral) continue;
            return poolgrad_fail(options, "--%s is %" PRId64 "; expected %" PRId64 ", the arrays have %s",
                                 option_name(option), poolgrad_number(options, option, neutral), neutral, lacks[axes]);
        }
    }
    return 0;
}

static int refuse_pair(const struct options *options, enum option option, enum option other)
{
    return poolgrad_fail(options, "--%s is given beside --%s; expected one way to place the windows on an axis",
                         option_name(option), option_name(other));
}

/* What a table says, and its own option says as well. */
static int check_table(const struct placement *p)
{
    static const enum axis_role said[] = {ROLE_KERNEL,           ROLE_STRIDE, ROLE_DILATION, ROLE_ADAPTIVE, ROLE_OFFSET,
                                          ROLE_SECONDARY_OFFSET, ROLE_BEFORE, ROLE_BEHIND,   ROLE_OUTPUT};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        const enum option option = own(p, said[i]);
        if (option != p->table && poolgrad_given(p->options, option)) return refuse_pair(p->options, option, p->table);
    }
    return poolgrad_given(p->options, OPTION_PADDING_POLICY) ? refuse_pair(p->options, OPTION_PADDING_POLICY, p->table)
                                                             : 0;
}

/* An axis without a table is placed in one way. */
static int check_mixture(const struct placement *p)
{
    const enum axis_role ways[] = {ROLE_OFFSET, ROLE_SECONDARY_OFFSET, ROLE_BEFORE, ROLE_BEHIND};
    enum option first = OPTION_COUNT;
    if (p->table != OPTION_COUNT) return check_table(p);
    for (size_t i = 0; i <= sizeof ways / sizeof *ways; i++) {
        const bool is_role = i < sizeof ways / sizeof *ways;
        const enum option option = is_role ? poolgrad_axis_speaker(p->options, p->axis, ways[i])
                                           : OPTION_PADDING_POLICY;
        const bool goes_on = first == own(p, ROLE_BEFORE) || first == OPTION_PAD;
        if (!poolgrad_given(p->options, option) || (is_role && ways[i] == ROLE_BEHIND && goes_on)) continue;
        if (first != OPTION_COUNT) return refuse_pair(p->options, option, first);
        first = option;
    }
    return 0;
}

/* Options that say something of every axis, where each has a table. */
static int check_all_tables(const struct placement *p, int axes)
{
    static const enum option said[] = {OPTION_KERNEL,    OPTION_STRIDE,    OPTION_DILATION,         OPTION_PAD,
                                       OPTION_CEIL_MODE, OPTION_CEIL_DROP, OPTION_COUNT_INCLUDE_PAD};
    for (int axis = 0; axis < axes; axis++) {
        if (p[axis].table == OPTION_COUNT) return 0;
    }
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (poolgrad_given(p->options, said[i])) return refuse_pair(p->options, said[i], p->table);
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
static int check_refinements(const struct placement *p, int axes)
{
    static const enum option of_policy[] = {OPTION_ALIGN, OPTION_REMAINDER_TO, OPTION_EXCLUDE_EDGES};
    static const enum option of_pads[] = {OPTION_CEIL_MODE, OPTION_CEIL_DROP, OPTION_COUNT_INCLUDE_PAD};
    const struct options *options = p->options;
    const bool policy = poolgrad_given(options, OPTION_PADDING_POLICY);
    enum option other = policy ? OPTION_PADDING_POLICY : OPTION_COUNT;
    if (poolgrad_given(options, OPTION_CEIL_MODE) && poolgrad_given(options, OPTION_CEIL_DROP))
        return poolgrad_fail(options, "--ceil-drop is given beside --ceil-mode; expected one of them");
    for (size_t i = 0; i < sizeof of_policy / sizeof *of_policy; i++) {
        if (policy || !poolgrad_given(options, of_policy[i])) continue;
        return poolgrad_fail(options, "--%s is given alone; expected --padding-policy with it",
                             option_name(of_policy[i]));
    }
    for (int axis = 0; axis < axes && other == OPTION_COUNT; axis++) {
        if (given(&p[axis], ROLE_SECONDARY_OFFSET)) other = own(&p[axis], ROLE_SECONDARY_OFFSET);
        if (given(&p[axis], ROLE_OFFSET)) other = own(&p[axis], ROLE_OFFSET);
    }
    for (size_t i = 0; i < sizeof of_pads / sizeof *of_pads && other != OPTION_COUNT; i++) {
        if (!poolgrad_given(options, of_pads[i])) continue;
        return poolgrad_fail(options, "--%s is given beside --%s; expected it with pads only", option_name(of_pads[i]),
                             option_name(other));
    }
    return 0;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

static int set_window(const struct placement *p)
{
    if (p->table != OPTION_COUNT) return 0;
    if (!given(p, ROLE_KERNEL)) {
        return poolgrad_fail(p->options, "--%s is missing; expected it, or --kernel for every axis",
                             option_name(own(p, ROLE_KERNEL)));
    }
    static const enum axis_role roles[] = {ROLE_KERNEL, ROLE_STRIDE, ROLE_DILATION};
    int64_t *const to[] = {p->to.kernel, p->to.stride, p->to.dilation};
    for (int i = 0; i < 3; i++) {
        *to[i] = poolgrad_axis_number(p->options, p->axis, roles[i]);
        /* Along z the library takes 0, of callers who know no depth. */
        if (*to[i] > 0 || p->axis != AXIS_Z) continue;
        return poolgrad_fail(p->options, "--%s is %" PRId64 "; expected 1 to 2^61",
                             option_name(poolgrad_axis_speaker(p->options, p->axis, roles[i])), *to[i]);
    }
    return 0;
}

static int make_adaptive(const struct placement *p)
{
    const int64_t count = poolgrad_number(p->options, p->table, 0), source = *p->to.source;
    poolgrad_error error;
    if (count < 1) {
        return poolgrad_fail(p->options, "--%s is %" PRId64 "; expected at least 1, the number of windows",
                             option_name(p->table), count);
    }
    if (source < 1) {
        return poolgrad_fail(p->options, "--%s is given for a source with a %s of %" PRId64 "; expected at least 1",
                             option_name(p->table), poolgrad_axis_size_name(p->axis), source);
    }
    poolgrad_span *spans = (uint64_t)count > SIZE_MAX / sizeof *spans ? NULL : calloc((size_t)count, sizeof *spans);
    if (!spans) {
        return poolgrad_fail(p->options, "--%s is %" PRId64 "; expected fewer windows, they do not fit into memory",
                             option_name(p->table), count);
    }
    *p->to.table = (poolgrad_table){spans, count};
    if (poolgrad_adaptive_windows(source, count, spans, &error) == POOLGRAD_OK) return 0;
    return poolgrad_fail(p->options, "--%s: %s", option_name(p->table), error.message);
}

static int set_table(const struct placement *p)
{
    if (p->table == OPTION_COUNT) return 0;
    if (p->table != own(p, ROLE_WINDOWS)) return make_adaptive(p);
    return poolgrad_tensor_read_windows(p->options, poolgrad_file(p->options, p->table), p->to.table);
}

void poolgrad_setup_free_tables(poolgrad_problem *problem)
{
    for (int axis = 0; axis < AXES; axis++) {
        poolgrad_table *table = poolgrad_axis_fields(problem, (enum axis)axis).table;
        free((void *)table->spans);
        *table = (poolgrad_table){NULL, 0};
    }
}

/* ---- Counted padding --------------------------------------------------------------------------------------------- */

/* What both sides share, and what one has more. */
static void count_pads(const struct placement *p, int64_t before, int64_t behind)
{
    const int64_t both = poolgrad_min(before, behind);
    *p->to.zero_pad = both;
    *p->to.zero_before = before - both;
    *p->to.zero_behind = behind - both;
}

/* The side's own option, or the one for both sides, or for every axis. */
static enum option side_speaker(const struct placement *p, enum axis_role side)
{
    return given(p, side) ? own(p, side) : poolgrad_axis_speaker(p->options, p->axis, ROLE_ZERO_PAD);
}

static int set_zero_pads(const struct placement *p)
{
    static const enum option others[] = {OPTION_COUNT_INCLUDE_PAD, OPTION_EXCLUDE_EDGES};
    static const enum axis_role sides[] = {ROLE_ZERO_BEFORE, ROLE_ZERO_BEHIND};
    int64_t pad[2];
    bool any = false;
    for (int i = 0; i < 2; i++) {
        const enum option speaker = side_speaker(p, sides[i]);
        pad[i] = poolgrad_number(p->options, speaker, 0);
        if (!poolgrad_given(p->options, speaker)) continue;
        any = true;
        for (int k = 0; k < 2; k++) {
            if (!poolgrad_given(p->options, others[k])) continue;
            return poolgrad_fail(p->options,
                                 "--%s is given beside --%s; expected one of them, both set the zero padding",
                                 option_name(speaker), option_name(others[k]));
        }
        if (pad[i] >= 0 && pad[i] <= COORDINATE_LIMIT) continue;
        return poolgrad_fail(p->options, "--%s is %" PRId64 "; expected 0 to 2^61", option_name(speaker), pad[i]);
    }
    if (any) count_pads(p, pad[0], pad[1]);
    return 0;
}

/* ---- Placement --------------------------------------------------------------------------------------------------- */

static int set_forward_size(const struct placement *p, int64_t size)
{
    const enum option option = own(p, ROLE_OUTPUT);
    if (poolgrad_given(p->options, option)) {
        const int64_t asked = poolgrad_number(p->options, option, 0);
        if (asked < 0)
            return poolgrad_fail(p->options, "--%s is %" PRId64 "; expected at least 0", option_name(option), asked);
        if (poolgrad_given(p->options, OPTION_PADDING_POLICY) && asked != size) {
            return poolgrad_fail(p->options,
                                 "--%s is %" PRId64 "; expected %" PRId64 ", the policy's size, or no policy",
                                 option_name(option), asked, size);
        }
        size = asked;
    }
    *p->to.destination = size;
    return 0;
}

/* `size` is that of the forward result; the source gradient must have it. */
static int check_gradient_size(const struct placement *p, const char *why, int64_t size)
{
    char fitting[FIT_OPTIONS] = "";
    const int64_t is = *p->to.gradient;
    if (is == size) return 0;
    const bool fits = !poolgrad_given(p->options, OPTION_PADDING_POLICY) && p->table == OPTION_COUNT;
    if (fits) poolgrad_fit_to_gradient(p->options, p->problem, fitting);
    const bool swapped = !*fitting && poolgrad_fit_may_be_swapped(p->problem);
    return poolgrad_fail(p->options, "--source-gradient has a %s of %" PRId64 "; expected %" PRId64 " by %s%s%s%s",
                         poolgrad_axis_size_name(p->axis), is, size, why, *fitting ? ", or " : "", fitting,
                         swapped ? "; --source and --source-gradient may be swapped" : "");
}

/* Windows are as many as pixels of the output, of which a region may leave some out. */
static int place_by_table(const struct placement *p)
{
    const int64_t count = p->to.table->count;
    char why[64];
    if (p->problem->direction == POOLGRAD_FORWARD) return set_forward_size(p, count);
    if (given(p, ROLE_PRIMARY_OFFSET) || given(p, ROLE_REGION_SIZE)) return 0;
    snprintf(why, sizeof why, "--%s", option_name(p->table));
    return check_gradient_size(p, why, count);
}

static int place_by_offset(const struct placement *p)
{
    const enum option option = own(p, given(p, ROLE_OFFSET) ? ROLE_OFFSET : ROLE_SECONDARY_OFFSET);
    *p->to.offset = poolgrad_number(p->options, option, 0);
    if (p->problem->direction == POOLGRAD_GRADIENT) return 0;
    if (given(p, ROLE_OUTPUT)) return set_forward_size(p, 0);
    return poolgrad_fail(p->options, "--%s is missing; expected the output's size with --%s",
                         option_name(own(p, ROLE_OUTPUT)), option_name(option));
}

static int check_pad(const struct placement *p, enum axis_role side, int64_t pad)
{
    if (pad >= -COORDINATE_LIMIT && pad <= COORDINATE_LIMIT) return 0;
    return poolgrad_fail(p->options, "--%s is %" PRId64 "; expected -2^61 to 2^61",
                         option_name(poolgrad_axis_speaker(p->options, p->axis, side)), pad);
}

/* The library's answer for this axis alone; the others are neutral. */
static int explicit_size(const struct placement *p, int64_t before, int64_t behind, int64_t *size)
{
    poolgrad_problem alone;
    poolgrad_pads pads = {.left = 0};
    poolgrad_padding padding;
    poolgrad_error error;
    poolgrad_problem_init(&alone, sizeof alone);
    alone.source.depth = alone.source.height = alone.source.width = 1;
    const struct axis_fields to = poolgrad_axis_fields(&alone, p->axis);
    const struct axis_pads sides = poolgrad_axis_pads(&pads, p->axis);
    *to.kernel = *p->to.kernel;
    *to.stride = *p->to.stride;
    *to.dilation = *p->to.dilation;
    *to.source = *p->to.source;
    *sides.before = before;
    *sides.behind = behind;
    const poolgrad_status status = poolgrad_padding_explicit_3d(&pads, poolgrad_given_rounding(p->options),
                                                                &alone.window, alone.source.depth, alone.source.height,
                                                                alone.source.width, &padding, &error);
    if (status != POOLGRAD_OK) return poolgrad_setup_refused(p->options, &error);
    *size = poolgrad_axis_padding(&padding, p->axis).size;
    return 0;
}

/* The pixels that a window spans; false where the window is refused. */
static bool find_extent(const struct placement *p, int64_t *extent)
{
    int64_t reach;
    if (*p->to.kernel < 1 || *p->to.dilation < 1) return false;
    if (!poolgrad_multiply(*p->to.kernel - 1, *p->to.dilation, &reach) || reach >= COORDINATE_LIMIT) return false;
    *extent = reach + 1;
    return true;
}

static int place_by_pads(const struct placement *p)
{
    const enum option behind_option = own(p, ROLE_BEHIND);
    const int64_t before = poolgrad_axis_number(p->options, p->axis, ROLE_BEFORE);
    const int64_t behind = poolgrad_number(p->options, behind_option, before);
    int64_t extent, size = 0;
    if (check_pad(p, ROLE_BEFORE, before) != 0 || check_pad(p, ROLE_BEHIND, behind) != 0) return 2;
    if (!find_extent(p, &extent)) return 0; /* refused with the rest of the problem */
    *p->to.offset = extent / 2 - before;
    if (poolgrad_given(p->options, OPTION_COUNT_INCLUDE_PAD))
        count_pads(p, poolgrad_max(before, 0), poolgrad_max(behind, 0));
    const bool forward = p->problem->direction == POOLGRAD_FORWARD;
    const bool asks = forward ? !given(p, ROLE_OUTPUT)
                              : poolgrad_given(p->options, behind_option) ||
                                    poolgrad_given_rounding(p->options) != POOLGRAD_ROUND_DOWN;
    if (asks && explicit_size(p, before, behind, &size) != 0) return 2;
    if (forward) return set_forward_size(p, size);
    return asks ? check_gradient_size(p, "its pads", size) : 0;
}

static int place_by_policy(const struct placement *p, int axes)
{
    poolgrad_padding padding;
    poolgrad_error error;
    const struct options *options = p->options;
    poolgrad_problem *problem = p->problem;
    poolgrad_padding_method method = (poolgrad_padding_method)(poolgrad_number(options, OPTION_PADDING_POLICY, 0) |
                                                               poolgrad_number(options, OPTION_ALIGN, 0) |
                                                               poolgrad_number(options, OPTION_REMAINDER_TO, 0));
    if (poolgrad_given(options, OPTION_EXCLUDE_EDGES)) method |= POOLGRAD_PADDING_EXCLUDE_EDGES;
    const poolgrad_status status =
        poolgrad_padding_forward_3d(method, problem->kind, &problem->window, poolgrad_max(problem->source.depth, 1),
                                    problem->source.height, problem->source.width, &padding, &error);
    if (status != POOLGRAD_OK) return poolgrad_setup_refused(options, &error);
    if (padding.exclude_edges) problem->edge_mode = POOLGRAD_EDGE_CLAMP;
    for (int axis = 0; axis < axes; axis++) {
        const struct axis_padding along = poolgrad_axis_padding(&padding, (enum axis)axis);
        *p[axis].to.offset = along.offset;
        if (padding.exclude_edges) *p[axis].to.zero_pad = along.zero_pad;
        const bool forward = problem->direction == POOLGRAD_FORWARD;
        if ((forward ? set_forward_size(&p[axis], along.size)
                     : check_gradient_size(&p[axis], "the padding policy", along.size)) != 0)
            return 2;
    }
    return 0;
}

static int place(const struct placement *p)
{
    if (p->table != OPTION_COUNT) return place_by_table(p);
    return given(p, ROLE_OFFSET) || given(p, ROLE_SECONDARY_OFFSET) ? place_by_offset(p) : place_by_pads(p);
}

int poolgrad_setup_placement(const struct options *options, poolgrad_problem *problem)
{
    struct placement p[AXES];
    const int axes = poolgrad_count_axes(options, problem);
    for (int axis = 0; axis < AXES; axis++) {
        p[axis] = (struct placement){options, problem, (enum axis)axis, poolgrad_axis_table(options, (enum axis)axis),
                                     poolgrad_axis_fields(problem, (enum axis)axis)};
    }
    if (axes == AXES) { /* a plane among volumes */
        problem->source.depth = poolgrad_max(problem->source.depth, 1);
        problem->source_gradient.depth = poolgrad_max(problem->source_gradient.depth, 1);
    }
    int status = check_absent(options, axes);
    if (status == 0 && options->dialect) return poolgrad_setup_dialect(options, axes, problem);
    for (int axis = 0; axis < axes && status == 0; axis++) status = set_window(&p[axis]);
    for (int axis = 0; axis < axes && status == 0; axis++) status = check_mixture(&p[axis]);
    if (status == 0) status = check_all_tables(p, axes);
    if (status == 0) status = check_names(options);
    if (status == 0) status = check_refinements(p, axes);
    for (int axis = 0; axis < axes && status == 0; axis++) status = set_zero_pads(&p[axis]);
    for (int axis = 0; axis < axes && status == 0; axis++) status = set_table(&p[axis]);
    if (status != 0) return status;
    problem->destination.height = 1; /* of an axis that the arrays lack */
    problem->destination.depth = 0;
    if (poolgrad_given(options, OPTION_PADDING_POLICY)) return place_by_policy(p, axes);
    for (int axis = 0; axis < axes && status == 0; axis++) status = place(&p[axis]);
    return status;
}
