/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/integer.h"

/* ---- What is given ----------------------------------------------------------------------------------------------- */

static poolgrad_pads given_pads(const struct options *options)
{
    poolgrad_pads pads = {.left = poolgrad_axis_number(options, OPTION_PAD_LEFT, OPTION_PAD, 0),
                          .top = poolgrad_axis_number(options, OPTION_PAD_TOP, OPTION_PAD, 0)};
    pads.right = poolgrad_number(options, OPTION_PAD_RIGHT, pads.left);
    pads.bottom = poolgrad_number(options, OPTION_PAD_BOTTOM, pads.top);
    return pads;
}

poolgrad_rounding poolgrad_given_rounding(const struct options *options)
{
    if (poolgrad_given(options, OPTION_CEIL_DROP)) return POOLGRAD_ROUND_UP_DROP;
    return poolgrad_given(options, OPTION_CEIL_MODE) ? POOLGRAD_ROUND_UP : POOLGRAD_ROUND_DOWN;
}

static bool any_given(const struct options *options, enum option first, enum option last)
{
    for (int option = (int)first; option <= (int)last; option++) {
        if (poolgrad_given(options, (enum option)option)) return true;
    }
    return false;
}

/* ---- Options that fit -------------------------------------------------------------------------------------------- */

/* A window and its placement, as options would say it. */
struct candidate {
    int64_t stride, pad; /* of both axes; -1: as given */
    poolgrad_rounding rounding;
    bool is_same; /* by MPS's policy in place of pads */
};

enum { AS_GIVEN = -1, STRIDES = 3, ROUNDINGS = 3, MOST_PAD = 64, MOST_CHANGES = 3, SUGGESTIONS = 3 };

/* What is asked for, and what was found so far. */
struct search {
    const struct options *options;
    const poolgrad_problem *problem;
    int64_t height, width;
    char *text;
    int found;
};

static bool gives(const struct search *search, const struct candidate *candidate)
{
    const poolgrad_const_image *source = &search->problem->source;
    poolgrad_window window = search->problem->window;
    poolgrad_pads pads = given_pads(search->options);
    poolgrad_padding padding;
    if (candidate->stride != AS_GIVEN) window.stride_x = window.stride_y = candidate->stride;
    if (candidate->pad != AS_GIVEN)
        pads = (poolgrad_pads){.left = candidate->pad, candidate->pad, candidate->pad, candidate->pad};
    const poolgrad_status status = candidate->is_same
                                       ? poolgrad_padding_forward(POOLGRAD_PADDING_SIZE_SAME, search->problem->kind,
                                                                  &window, source->height, source->width, &padding,
                                                                  NULL)
                                       : poolgrad_padding_explicit(&pads, candidate->rounding, &window, source->height,
                                                                   source->width, &padding, NULL);
    return status == POOLGRAD_OK && padding.height == search->height && padding.width == search->width;
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
    if (given == POOLGRAD_ROUND_DOWN && !any_given(search->options, OPTION_PAD, OPTION_PAD_BOTTOM))
        try_candidate(search, &(struct candidate){stride, AS_GIVEN, given, true}, wanted);
}

void poolgrad_fit_options(const struct options *options, const poolgrad_problem *problem, int64_t height, int64_t width,
                          char text[FIT_OPTIONS])
{
    const poolgrad_window *w = &problem->window;
    struct search search = {options, problem, height, width, text, 0};
    const int64_t kernel = w->kernel_width == w->kernel_height ? w->kernel_width : 2;
    const int64_t strides[STRIDES] = {AS_GIVEN, 2, kernel};
    const bool chosen = any_given(options, OPTION_STRIDE, OPTION_STRIDE_Y);
    /* Frameworks refuse pads beyond half a window. */
    const int64_t half = poolgrad_min(poolgrad_max(w->kernel_width, w->kernel_height) / 2, MOST_PAD);
    const int64_t most_pad = half * poolgrad_min(poolgrad_max(w->dilation_x, 1), MOST_PAD);
    text[0] = '\0';
    if (w->kernel_width < 1 || w->kernel_height < 1 || w->dilation_x < 1 || w->dilation_y < 1) return;
    for (int wanted = 1; wanted <= MOST_CHANGES && search.found == 0; wanted++) {
        for (int i = 0; i < (chosen ? 1 : STRIDES); i++) {
            if (i == 2 && kernel == 2) continue;
            try_stride(&search, strides[i], most_pad, wanted);
        }
    }
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

static bool is_whole(const poolgrad_region *region)
{
    return region->x == 0 && region->y == 0 && region->width == POOLGRAD_ALL && region->height == POOLGRAD_ALL;
}

/* Whether only pads say where the windows are, and all of each plane counts. */
static bool is_plain(const struct options *options, const poolgrad_problem *p)
{
    static const enum option others[] = {OPTION_OFFSET_X, OPTION_OFFSET_Y, OPTION_SECONDARY_OFFSET_X,
                                         OPTION_SECONDARY_OFFSET_Y, OPTION_PADDING_POLICY};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (poolgrad_given(options, others[i])) return false;
    }
    return is_whole(&p->gradient_region) && is_whole(&p->clip) && p->kernel_offset_x == 0 && p->kernel_offset_y == 0;
}

static bool forward_size(const struct options *options, const poolgrad_problem *p, int64_t height, int64_t width,
                         poolgrad_padding *padding)
{
    const poolgrad_pads pads = given_pads(options);
    return poolgrad_padding_explicit(&pads, poolgrad_given_rounding(options), &p->window, height, width, padding,
                                     NULL) == POOLGRAD_OK;
}

/* Whether a forward call over the source gradient gives the source's size. */
static bool looks_swapped(const struct options *options, const poolgrad_problem *p)
{
    poolgrad_padding padding;
    return forward_size(options, p, p->source_gradient.height, p->source_gradient.width, &padding) &&
           padding.height == p->source.height && padding.width == p->source.width;
}

bool poolgrad_fit_may_be_swapped(const poolgrad_problem *p)
{
    const poolgrad_const_image *source = &p->source, *gradient = &p->source_gradient;
    return gradient->height >= source->height && gradient->width >= source->width &&
           (gradient->height > source->height || gradient->width > source->width);
}

/* What is likely: files that are swapped, or options. */
static void add_likely(const struct options *options, const poolgrad_problem *p, char text[FIT_TEXT])
{
    const size_t used = strlen(text), left = FIT_TEXT - used;
    char fitting[FIT_OPTIONS];
    poolgrad_fit_options(options, p, p->source_gradient.height, p->source_gradient.width, fitting);
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
    const poolgrad_const_image *source = &p->source, *gradient = &p->source_gradient;
    poolgrad_padding padding;
    text[0] = '\0';
    if (p->direction != POOLGRAD_GRADIENT || !is_plain(options, p)) return;
    const bool known = forward_size(options, p, source->height, source->width, &padding);
    if (known && padding.height == gradient->height && padding.width == gradient->width) return;
    snprintf(text, FIT_TEXT,
             "--source-gradient is %" PRId64 " x %" PRId64
             " (height x width), where forward with these options %s%" PRId64 " x %" PRId64,
             gradient->height, gradient->width, known ? "gives " : "refuses a source of ",
             known ? padding.height : source->height, known ? padding.width : source->width);
    add_likely(options, p, text);
}

/* ---- Windows outside --------------------------------------------------------------------------------------------- */

/* Windows along an axis, and the source below them. */
struct row {
    int64_t first, stride, kernel, dilation, size; /* first: the first tap of the first window */
    int64_t count;
};

/* Windows with a tap inside. Within its extent a window has a tap inside if it is no gap that lies there. */
static int64_t windows_inside(const struct row *row)
{
    int64_t inside = 0;
    for (int64_t i = 0; i < row->count; i++) {
        const int64_t start = row->first + row->stride * i;
        const int64_t skipped = start < 0 ? poolgrad_ceiling_divide(-start, row->dilation) : 0;
        inside += skipped < row->kernel && start + skipped * row->dilation < row->size;
    }
    return inside;
}

/* How many of `size` pixels a region from `first` on has; before 0 there is none of them, but the count goes on. */
static int64_t counted(int64_t first, int64_t extent, int64_t size, int64_t *begin)
{
    *begin = poolgrad_clamp(first, 0, size);
    if (extent > INT64_MAX - poolgrad_max(first, 0)) return size - *begin;
    return poolgrad_max(poolgrad_clamp(first + extent, 0, size) - *begin, 0);
}

static struct row row_of(int64_t offset, int64_t kernel, int64_t stride, int64_t dilation, int64_t size, int64_t origin,
                         int64_t extent, int64_t gradient_size)
{
    struct row row = {.stride = stride, .kernel = kernel, .dilation = dilation, .size = size};
    int64_t begin;
    row.count = counted(origin, extent, gradient_size, &begin);
    row.first = row.count > 0 ? offset - ((kernel - 1) * dilation + 1) / 2 + stride * (begin - origin) : 0;
    return row;
}

int64_t poolgrad_windows_outside(const poolgrad_problem *p)
{
    const poolgrad_window *w = &p->window;
    const poolgrad_region *r = &p->gradient_region;
    const poolgrad_const_image *g = &p->source_gradient;
    if (g->images == 0 || g->channels == 0) return 0;
    const struct row x = row_of(p->offset_x - p->kernel_offset_x, w->kernel_width, w->stride_x, w->dilation_x,
                                p->source.width, r->x, r->width, g->width);
    const struct row y = row_of(p->offset_y - p->kernel_offset_y, w->kernel_height, w->stride_y, w->dilation_y,
                                p->source.height, r->y, r->height, g->height);
    if (x.count == 0 || y.count == 0) return 0;
    return x.count * y.count - windows_inside(&x) * windows_inside(&y);
}
