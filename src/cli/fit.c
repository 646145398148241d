/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/integer.h"

/* ---- What is given ----------------------------------------------------------------------------------------------- */

static poolgrad_pads given_pads(const struct options *options, int axes)
{
    poolgrad_pads pads = {.left = 0};
    for (int axis = 0; axis < axes; axis++) {
        const struct axis_pads sides = poolgrad_axis_pads(&pads, (enum axis)axis);
        *sides.before = poolgrad_axis_number(options, (enum axis)axis, ROLE_BEFORE);
        *sides.behind = poolgrad_number(options, poolgrad_axis_option((enum axis)axis, ROLE_BEHIND), *sides.before);
    }
    return pads;
}

poolgrad_rounding poolgrad_given_rounding(const struct options *options)
{
    if (poolgrad_given(options, OPTION_CEIL_DROP)) return POOLGRAD_ROUND_UP_DROP;
    return poolgrad_given(options, OPTION_CEIL_MODE) ? POOLGRAD_ROUND_UP : POOLGRAD_ROUND_DOWN;
}

static bool any_given(const struct options *options, int axes, enum axis_role role)
{
    for (int axis = 0; axis < axes; axis++) {
        if (poolgrad_axis_given(options, (enum axis)axis, role)) return true;
    }
    return false;
}

static bool any_table(const struct options *options)
{
    for (int axis = 0; axis < AXES; axis++) {
        if (poolgrad_axis_table(options, (enum axis)axis) != OPTION_COUNT) return true;
    }
    return false;
}

/* Sizes of an image; of an axis that is not there 1. */
static void sizes_of(const poolgrad_const_image *image, int64_t size[AXES])
{
    size[AXIS_X] = image->width;
    size[AXIS_Y] = image->height;
    size[AXIS_Z] = poolgrad_max(image->depth, 1);
}

static bool are_equal(const int64_t a[AXES], const int64_t b[AXES])
{
    return a[AXIS_X] == b[AXIS_X] && a[AXIS_Y] == b[AXIS_Y] && a[AXIS_Z] == b[AXIS_Z];
}

/* What a forward call over a source of that size gives; false where it is refused. */
static bool forward_sizes(const poolgrad_pads *pads, poolgrad_rounding rounding, const poolgrad_window *window,
                          const int64_t source[AXES], int64_t size[AXES])
{
    poolgrad_padding padding;
    if (poolgrad_padding_explicit_3d(pads, rounding, window, source[AXIS_Z], source[AXIS_Y], source[AXIS_X], &padding,
                                     NULL) != POOLGRAD_OK)
        return false;
    for (int axis = 0; axis < AXES; axis++) size[axis] = poolgrad_axis_padding(&padding, (enum axis)axis).size;
    return true;
}

/* ---- Options that fit -------------------------------------------------------------------------------------------- */

/* A window and its placement, as options would say it. */
struct candidate {
    int64_t stride, pad; /* of every axis; -1: as given */
    poolgrad_rounding rounding;
    bool is_same; /* by MPS's policy in place of pads */
};

enum { AS_GIVEN = -1, STRIDES = 3, ROUNDINGS = 3, MOST_PAD = 64, MOST_CHANGES = 3, SUGGESTIONS = 3 };

/* What is asked for, and what was found so far. */
struct search {
    const struct options *options;
    const poolgrad_problem *problem;
    const int64_t *size;
    int axes;
    char *text;
    int found;
};

static bool same_policy_gives(const struct search *search, const poolgrad_window *window)
{
    const poolgrad_problem *p = search->problem;
    int64_t source[AXES];
    poolgrad_padding padding;
    sizes_of(&p->source, source);
    return poolgrad_padding_forward_3d(POOLGRAD_PADDING_SIZE_SAME, p->kind, window, source[AXIS_Z], source[AXIS_Y],
                                       source[AXIS_X], &padding, NULL) == POOLGRAD_OK &&
           are_equal((int64_t[AXES]){padding.width, padding.height, padding.depth}, search->size);
}

static bool gives(const struct search *search, const struct candidate *candidate)
{
    poolgrad_problem changed = *search->problem;
    poolgrad_pads pads = given_pads(search->options, search->axes);
    int64_t source[AXES], size[AXES];
    for (int axis = 0; axis < search->axes; axis++) {
        const struct axis_pads sides = poolgrad_axis_pads(&pads, (enum axis)axis);
        if (candidate->stride != AS_GIVEN) *poolgrad_axis_fields(&changed, (enum axis)axis).stride = candidate->stride;
        if (candidate->pad != AS_GIVEN) *sides.before = *sides.behind = candidate->pad;
    }
    if (candidate->is_same) return same_policy_gives(search, &changed.window);
    sizes_of(&changed.source, source);
    return forward_sizes(&pads, candidate->rounding, &changed.window, source, size) && are_equal(size, search->size);
}

static int changes(const struct search *search, const struct candidate *candidate)
{
    const bool rounds = candidate->rounding != poolgrad_given_rounding(search->options);
    return (candidate->stride != AS_GIVEN) + (candidate->pad != AS_GIVEN) + rounds + candidate->is_same;
}

static void add_word(struct search *search, const char *format, int64_t number)
{
    const size_t used = strlen(search->text);
    char word[64];
    snprintf(word, sizeof word, format, number);
    snprintf(search->text + used, FIT_OPTIONS - used, "%s%s", used > 0 ? " " : "", word);
}

static void add_candidate(struct search *search, const struct candidate *candidate)
{
    const poolgrad_rounding given = poolgrad_given_rounding(search->options);
    if (search->found > 0) add_word(search, "or", 0);
    if (candidate->stride != AS_GIVEN) add_word(search, "--stride %" PRId64, candidate->stride);
    if (candidate->pad != AS_GIVEN) add_word(search, "--pad %" PRId64, candidate->pad);
    if (candidate->rounding != given && candidate->rounding == POOLGRAD_ROUND_UP_DROP)
        add_word(search, "--ceil-drop", 0);
    if (candidate->rounding != given && candidate->rounding == POOLGRAD_ROUND_UP) add_word(search, "--ceil-mode", 0);
    if (candidate->rounding != given && given == POOLGRAD_ROUND_UP) add_word(search, "in place of --ceil-mode", 0);
    if (candidate->rounding != given && given == POOLGRAD_ROUND_UP_DROP) add_word(search, "in place of --ceil-drop", 0);
    if (candidate->is_same) add_word(search, "--padding-policy same", 0);
    search->found++;
}

static void try_candidate(struct search *search, const struct candidate *candidate, int wanted)
{
    if (search->found == SUGGESTIONS || changes(search, candidate) != wanted || !gives(search, candidate)) return;
    add_candidate(search, candidate);
}

/* The least pad that fits, each way of rounding, and the policy, with a stride. */
static void try_stride(struct search *search, int64_t stride, int64_t most_pad, int wanted)
{
    static const poolgrad_rounding roundings[ROUNDINGS] = {POOLGRAD_ROUND_DOWN, POOLGRAD_ROUND_UP_DROP,
                                                           POOLGRAD_ROUND_UP};
    const poolgrad_rounding given = poolgrad_given_rounding(search->options);
    for (int i = 0; i < ROUNDINGS; i++) {
        if (roundings[i] == POOLGRAD_ROUND_DOWN && given != POOLGRAD_ROUND_DOWN) continue;
        const int before = search->found;
        try_candidate(search, &(struct candidate){stride, AS_GIVEN, roundings[i], false}, wanted);
        for (int64_t pad = 0; search->found == before && pad <= most_pad; pad++)
            try_candidate(search, &(struct candidate){stride, pad, roundings[i], false}, wanted);
        /* Where dropping nothing gives the same, PyTorch's rule is said alone. */
        if (search->found > before && roundings[i] == POOLGRAD_ROUND_UP_DROP) break;
    }
    if (given == POOLGRAD_ROUND_DOWN && !any_given(search->options, search->axes, ROLE_BEFORE) &&
        !any_given(search->options, search->axes, ROLE_BEHIND))
        try_candidate(search, &(struct candidate){stride, AS_GIVEN, given, true}, wanted);
}

/* The kernel size of all axes, or 0; the greatest; false where a window is refused. */
static bool find_kernel(struct search *search, int64_t *common, int64_t *greatest)
{
    poolgrad_problem problem = *search->problem;
    *greatest = 0;
    for (int axis = 0; axis < search->axes; axis++) {
        const struct axis_fields at = poolgrad_axis_fields(&problem, (enum axis)axis);
        if (*at.kernel < 1 || *at.dilation < 1) return false;
        *common = axis == 0 || *common == *at.kernel ? *at.kernel : 0;
        *greatest = poolgrad_max(*greatest, *at.kernel);
    }
    return true;
}

void poolgrad_fit_options(const struct options *options, const poolgrad_problem *problem, const int64_t size[AXES],
                          char text[FIT_OPTIONS])
{
    struct search search = {options, problem, size, poolgrad_count_axes(options, problem), text, 0};
    int64_t kernel = 0, greatest = 0;
    text[0] = '\0';
    if (options->dialect || any_table(options) || !find_kernel(&search, &kernel, &greatest)) return;
    const int64_t strides[STRIDES] = {AS_GIVEN, 2, kernel > 0 ? kernel : 2};
    const bool chosen = any_given(options, search.axes, ROLE_STRIDE);
    /* Frameworks refuse pads beyond half a window. */
    const int64_t half = poolgrad_min(greatest / 2, MOST_PAD);
    const int64_t most_pad = half * poolgrad_min(problem->window.dilation_x, MOST_PAD);
    for (int wanted = 1; wanted <= MOST_CHANGES && search.found == 0; wanted++) {
        for (int i = 0; i < (chosen ? 1 : STRIDES); i++) {
            if (i == 2 && strides[2] == 2) continue;
            try_stride(&search, strides[i], most_pad, wanted);
        }
    }
}

void poolgrad_fit_to_gradient(const struct options *options, const poolgrad_problem *problem, char text[FIT_OPTIONS])
{
    int64_t size[AXES];
    sizes_of(&problem->source_gradient, size);
    poolgrad_fit_options(options, problem, size, text);
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

/* Whether only pads say where the windows are, and all of each image counts. */
static bool is_plain(const struct options *options, const poolgrad_problem *problem)
{
    poolgrad_problem p = *problem;
    const int axes = poolgrad_count_axes(options, problem);
    if (options->dialect || poolgrad_given(options, OPTION_PADDING_POLICY) || any_table(options)) return false;
    if (any_given(options, axes, ROLE_OFFSET) || any_given(options, axes, ROLE_SECONDARY_OFFSET)) return false;
    for (int axis = 0; axis < axes; axis++) {
        const struct axis_fields at = poolgrad_axis_fields(&p, (enum axis)axis);
        const bool whole = *at.region == 0 && *at.region_size == POOLGRAD_ALL && *at.clip == 0 &&
                           *at.clip_size == POOLGRAD_ALL;
        if (!whole || *at.kernel_offset != 0) return false;
    }
    return true;
}

static bool forward_size(const struct options *options, const poolgrad_problem *p, const int64_t source[AXES],
                         int64_t size[AXES])
{
    const poolgrad_pads pads = given_pads(options, poolgrad_count_axes(options, p));
    return forward_sizes(&pads, poolgrad_given_rounding(options), &p->window, source, size);
}

/* Whether a forward call over the source gradient gives the source's size. */
static bool looks_swapped(const struct options *options, const poolgrad_problem *p)
{
    int64_t source[AXES], gradient[AXES], size[AXES];
    sizes_of(&p->source, source);
    sizes_of(&p->source_gradient, gradient);
    return forward_size(options, p, gradient, size) && are_equal(size, source);
}

bool poolgrad_fit_may_be_swapped(const poolgrad_problem *p)
{
    int64_t source[AXES], gradient[AXES];
    bool larger = false;
    sizes_of(&p->source, source);
    sizes_of(&p->source_gradient, gradient);
    for (int axis = 0; axis < AXES; axis++) {
        if (gradient[axis] < source[axis]) return false;
        larger = larger || gradient[axis] > source[axis];
    }
    return larger;
}

/* What is likely: files that are swapped, or options. */
static void add_likely(const struct options *options, const poolgrad_problem *p, char text[FIT_TEXT])
{
    const size_t used = strlen(text), left = FIT_TEXT - used;
    char fitting[FIT_OPTIONS];
    poolgrad_fit_to_gradient(options, p, fitting);
    if (looks_swapped(options, p))
        snprintf(text + used, left, "; --source and --source-gradient look swapped%s%s%s", *fitting ? ", or " : "",
                 fitting, *fitting ? " would fit" : "");
    else if (*fitting)
        snprintf(text + used, left, "; %s would fit", fitting);
    else if (poolgrad_fit_may_be_swapped(p))
        snprintf(text + used, left, "; --source and --source-gradient may be swapped");
    else
        snprintf(text + used, left, "; no usual pad or stride fits");
}

void poolgrad_fit_gradient(const struct options *options, const poolgrad_problem *p, char text[FIT_TEXT])
{
    int64_t source[AXES], gradient[AXES], size[AXES];
    char is[AXIS_SIZES], given[AXIS_SIZES];
    text[0] = '\0';
    if (p->direction != POOLGRAD_GRADIENT || !is_plain(options, p)) return;
    sizes_of(&p->source, source);
    sizes_of(&p->source_gradient, gradient);
    const int axes = poolgrad_count_axes(options, p);
    const bool known = forward_size(options, p, source, size);
    if (known && are_equal(size, gradient)) return;
    poolgrad_axis_sizes(axes, gradient, true, is);
    poolgrad_axis_sizes(axes, known ? size : source, false, given);
    snprintf(text, FIT_TEXT, "--source-gradient is %s, where forward with these options %s%s", is,
             known ? "gives " : "refuses a source of ", given);
    add_likely(options, p, text);
}

/* ---- Windows outside --------------------------------------------------------------------------------------------- */

/* How many of `size` pixels a region from `first` on has; before 0 there is none of them, but the count goes on. */
static int64_t counted(int64_t first, int64_t extent, int64_t size, int64_t *begin)
{
    *begin = poolgrad_clamp(first, 0, size);
    if (extent > INT64_MAX - poolgrad_max(first, 0)) return size - *begin;
    return poolgrad_max(poolgrad_clamp(first + extent, 0, size) - *begin, 0);
}

/* Whether a window has a tap inside: within its extent, if it is no gap that lies there. */
static bool reaches(int64_t first, int64_t taps, int64_t dilation, int64_t size)
{
    const int64_t skipped = first < 0 ? poolgrad_ceiling_divide(-first, dilation) : 0;
    return skipped < taps && first + skipped * dilation < size;
}

/* Windows with a tap inside, of the `count` pixels from `begin` on that count along an axis. */
static int64_t windows_inside(const struct axis_fields *at, int64_t begin, int64_t count)
{
    const int64_t dilation = poolgrad_max(*at->dilation, 1), kernel = poolgrad_max(*at->kernel, 1);
    const int64_t centre = *at->offset - *at->kernel_offset + *at->stride * (begin - *at->region);
    int64_t inside = 0;
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_span window =
            at->table->spans ? at->table->spans[i]
                             : (poolgrad_span){centre + *at->stride * i - ((kernel - 1) * dilation + 1) / 2, kernel};
        inside += reaches(window.first, window.size, dilation, *at->source);
    }
    return inside;
}

int64_t poolgrad_windows_outside(const struct options *options, const poolgrad_problem *problem)
{
    poolgrad_problem p = *problem;
    struct axis_fields at[AXES];
    int64_t begin[AXES], count[AXES], all = 1, inside = 1;
    const int axes = poolgrad_count_axes(options, problem);
    if (p.source_gradient.images == 0 || p.source_gradient.channels == 0) return 0;
    for (int axis = 0; axis < axes; axis++) {
        at[axis] = poolgrad_axis_fields(&p, (enum axis)axis);
        count[axis] = counted(*at[axis].region, *at[axis].region_size, *at[axis].gradient, &begin[axis]);
        if (count[axis] == 0) return 0;
    }
    for (int axis = 0; axis < axes; axis++) {
        all *= count[axis];
        inside *= windows_inside(&at[axis], begin[axis], count[axis]);
    }
    return all - inside;
}
