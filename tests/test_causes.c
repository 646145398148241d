/* SPDX-License-Identifier: Apache-2.0 */
/* Causes of wrong elements: for every known mistake results that were made by it, in another way than the library's. */
#include <criterion/criterion.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/mistakes.h"
#include "support/case.h"
#include "support/view.h"

/* Width and height of a window, its strides and dilations; what is left, top, right and bottom of an image. */
#define WINDOW(width, height, stride_x, stride_y, dilation_x, dilation_y)                                              \
    {                                                                                                                  \
        width, height, 1, stride_x, stride_y, 1, dilation_x, dilation_y, 1                                             \
    }
#define PADS(...)                                                                                                      \
    {                                                                                                                  \
        __VA_ARGS__, 0, 0, 0                                                                                           \
    }

/* ---- Scenes ------------------------------------------------------------------------------------------------------ */

/* What a case chooses before its images are made. */
struct setup {
    poolgrad_window window;
    poolgrad_pads pads;
    int64_t height, width, channels;
    poolgrad_layout layout;
    poolgrad_format format, result_format;
    poolgrad_edge_mode edge_mode;
    int64_t zero_pad;
    poolgrad_tie_rule ties;
    bool tied, knows_before, adds;
    poolgrad_format computed_in; /* by the declaration */
    int64_t chain;
};

/* A problem whose results are right, and the destination that a case fills with wrong ones. */
struct scene {
    struct setup setup;
    poolgrad_direction direction;
    poolgrad_kind kind;
    uint64_t random;
    bool backwards; /* sums begin with the last term */
    poolgrad_problem problem;
    poolgrad_image output; /* of the windows: a gradient's source gradient, a forward call's destination */
    poolgrad_image before;
    void *memory[64];
    int blocks;
};

static double draw(struct scene *s)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(s->random >> 40) / 8388608 - 1;
}

static poolgrad_image make_image(struct scene *s, poolgrad_image like, poolgrad_format format)
{
    like.format = format;
    view_make_dense(&like);
    const int64_t elements = like.images * ((like.channels + 31) / 32 * 32) * like.height * like.width;
    like.data = calloc((size_t)elements, sizeof(double));
    cr_assert(like.data && s->blocks < 64);
    s->memory[s->blocks++] = like.data;
    return like;
}

/* Calls `set` for every element, which gives it a value. */
static void fill(struct scene *s, const poolgrad_image *image, double (*value)(struct scene *, const int64_t at[4]))
{
    for (int64_t n = 0; n < image->images; n++) {
        for (int64_t c = 0; c < image->channels; c++) {
            for (int64_t y = 0; y < image->height; y++) {
                for (int64_t x = 0; x < image->width; x++) {
                    const int64_t at[] = {n, c, y, x};
                    cr_assert_eq(poolgrad_image_set(image, n, c, 0, y, x, value(s, at)), POOLGRAD_OK);
                }
            }
        }
    }
}

static double any_number(struct scene *s, const int64_t at[4])
{
    (void)at;
    return draw(s);
}

static double one_of_three(struct scene *s, const int64_t at[4])
{
    (void)at;
    return floor(draw(s) * 1.5);
}

/* 0 where there is no such element. */
static double read_at(const poolgrad_const_image *image, const int64_t at[4])
{
    const int64_t sizes[] = {image->images, image->channels, image->height, image->width};
    for (int i = 0; i < 4; i++) {
        if (at[i] < 0 || at[i] >= sizes[i]) return 0;
    }
    return poolgrad_const_image_get(image, at[0], at[1], 0, at[2], at[3]);
}

#define get(image, at) read_at(VIEW(image), at)

static void set(const poolgrad_image *image, const int64_t at[4], double value)
{
    cr_assert_eq(poolgrad_image_set(image, at[0], at[1], 0, at[2], at[3], value), POOLGRAD_OK);
}

static const struct setup plain = {.window = WINDOW(3, 2, 2, 1, 1, 1),
                                   .pads = PADS(1, 1, 1, 1),
                                   .height = 7,
                                   .width = 9,
                                   .channels = 6,
                                   .format = POOLGRAD_FLOAT32,
                                   .result_format = POOLGRAD_FLOAT32,
                                   .edge_mode = POOLGRAD_EDGE_CLAMP};

/* Makes the problem and its images. */
static void prepare(struct scene *s)
{
    const struct setup *u = &s->setup;
    poolgrad_problem *p = &s->problem;
    poolgrad_padding padding;
    const poolgrad_image size = {
        .layout = u->layout, .images = 2, .channels = u->channels, .height = u->height, .width = u->width};
    poolgrad_image small = size;
    cr_assert_eq(
        poolgrad_padding_explicit(&u->pads, POOLGRAD_ROUND_DOWN, &u->window, u->height, u->width, &padding, NULL),
        POOLGRAD_OK);
    small.width = padding.width;
    small.height = padding.height;
    poolgrad_problem_init(p, sizeof *p);
    p->threads = 1;
    p->direction = s->direction;
    p->kind = s->kind;
    p->window = u->window;
    p->offset_x = padding.offset_x;
    p->offset_y = padding.offset_y;
    p->edge_mode = u->edge_mode;
    p->zero_pad_x = p->zero_pad_y = u->zero_pad;
    p->ties = u->ties;
    p->add_to_destination = u->adds;
    const poolgrad_image source = make_image(s, size, u->format);
    fill(s, &source, u->tied ? one_of_three : any_number);
    p->source = view_read(source);
    const bool forward = s->direction == POOLGRAD_FORWARD;
    if (!forward) {
        const poolgrad_image gradient = make_image(s, small, u->format);
        fill(s, &gradient, any_number);
        p->source_gradient = view_read(gradient);
    }
    p->destination = make_image(s, forward ? small : size, u->result_format);
    s->output = forward ? p->destination : view_writable(&p->source_gradient);
    s->before = make_image(s, p->destination, u->result_format);
    fill(s, &s->before, any_number);
}

static void run(const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    cr_assert_eq(poolgrad_run(problem, &error), POOLGRAD_OK, "%s", error.message);
}

static void scene_clear(struct scene *s)
{
    for (int i = 0; i < s->blocks; i++) free(s->memory[i]);
}

static poolgrad_verification *judge(const struct scene *s)
{
    poolgrad_declaration declaration;
    poolgrad_verification *verification;
    poolgrad_error error = {"", ""};
    poolgrad_declaration_init(&declaration, sizeof declaration);
    declaration.keeps_tie_rule = 1;
    declaration.computed_in = s->setup.computed_in;
    declaration.chain = s->setup.chain;
    const poolgrad_const_image before = view_read(s->before);
    if (s->setup.knows_before || s->setup.adds) declaration.before = &before;
    cr_assert_eq(poolgrad_verify(&s->problem, &declaration, &verification, &error), POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_verification_find_causes(verification, &error), POOLGRAD_OK, "%s", error.message);
    return verification;
}

/* ---- Ways to make wrong results ---------------------------------------------------------------------------------- */

/* An image whose elements are those of another one, but read elsewhere: 0 where that is outside of it. */
static poolgrad_image moved(struct scene *s, const poolgrad_const_image *image, int64_t n, int64_t c, int64_t y,
                            int64_t x)
{
    const poolgrad_image copy = make_image(s, view_writable(image), image->format);
    for (int64_t i = 0; i < copy.images * copy.channels * copy.height * copy.width; i++) {
        const int64_t plane = i / copy.width / copy.height, at[] = {plane / copy.channels, plane % copy.channels,
                                                                    i / copy.width % copy.height, i % copy.width};
        const int64_t from[] = {n < 0 ? 0 : at[0] + n, at[1] + c, at[2] + y, at[3] + x};
        set(&copy, at, read_at(image, from));
    }
    return copy;
}

static void run_with_source(struct scene *s, const poolgrad_image *source)
{
    poolgrad_problem wrong = s->problem;
    wrong.source = view_read(*source);
    run(&wrong);
}

static void run_with_gradient(struct scene *s, const poolgrad_image *gradient)
{
    poolgrad_problem wrong = s->problem;
    wrong.source_gradient = view_read(*gradient);
    run(&wrong);
}

/* The right results, but each read elsewhere; where there is none it is right. */
static void run_and_move(struct scene *s, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const poolgrad_image *d = &s->problem.destination;
    run(&s->problem);
    const poolgrad_image right = moved(s, VIEW(d), 0, 0, 0, 0);
    for (int64_t i = 0; i < d->images * d->channels * d->height * d->width; i++) {
        const int64_t plane = i / d->width / d->height;
        const int64_t at[] = {plane / d->channels, plane % d->channels, i / d->width % d->height, i % d->width};
        const int64_t from[] = {n < 0 ? 0 : at[0] + n, at[1] + c, at[2] + y, at[3] + x};
        if (from[1] < 0 || from[1] >= d->channels || from[2] < 0 || from[2] >= d->height || from[3] < 0 ||
            from[3] >= d->width)
            continue;
        set(d, at, get(&right, from));
    }
}

/* The right results, changed one by one. */
static void run_and_change(struct scene *s, double (*change)(const struct scene *, double value, const int64_t at[4]))
{
    const poolgrad_image *d = &s->problem.destination;
    run(&s->problem);
    for (int64_t i = 0; i < d->images * d->channels * d->height * d->width; i++) {
        const int64_t plane = i / d->width / d->height;
        const int64_t at[] = {plane / d->channels, plane % d->channels, i / d->width % d->height, i % d->width};
        set(d, at, change(s, get(d, at), at));
    }
}

static double round_to(poolgrad_format format, double value)
{
    unsigned char bytes[8];
    const poolgrad_image one = poolgrad_image_dense(bytes, format, POOLGRAD_NCHW, 1, 1, 1, 1);
    poolgrad_image_set(&one, 0, 0, 0, 0, 0, value);
    return poolgrad_image_get(&one, 0, 0, 0, 0, 0);
}

/* Where the first tap of window i is. */
static int64_t first_tap(int64_t offset, int64_t stride, int64_t kernel, int64_t dilation, int64_t i)
{
    return offset + stride * i - ((kernel - 1) * dilation + 1) / 2;
}

/* Calls `add` for each tap inside the image of window (y, x); returns how many there are. */
static int64_t visit(const struct scene *s, const int64_t window[4], double *sum, double (*add)(double sum, double tap))
{
    const poolgrad_problem *p = &s->problem;
    const poolgrad_window *w = &p->window;
    const int64_t top = first_tap(p->offset_y, w->stride_y, w->kernel_height, w->dilation_y, window[2]);
    const int64_t left = first_tap(p->offset_x, w->stride_x, w->kernel_width, w->dilation_x, window[3]);
    const int64_t all = w->kernel_width * w->kernel_height;
    int64_t taps = 0;
    for (int64_t k = 0; k < all; k++) {
        const int64_t tap = s->backwards ? all - 1 - k : k;
        const int64_t y = top + tap / w->kernel_width * w->dilation_y, x = left + tap % w->kernel_width * w->dilation_x;
        if (y < 0 || y >= p->source.height || x < 0 || x >= p->source.width) continue;
        taps++;
        *sum = add(*sum, poolgrad_const_image_get(&p->source, window[0], window[1], 0, y, x));
    }
    return taps;
}

static double add_square(double sum, double tap)
{
    return sum + tap * tap;
}

static double square_of(const struct scene *s, const int64_t window[4], int64_t *taps)
{
    double sum = 0;
    *taps = visit(s, window, &sum, add_square);
    return sum;
}

/* What one window alone gives to every pixel. */
static void run_window(const struct scene *s, int64_t wy, int64_t wx, const poolgrad_image *terms)
{
    poolgrad_problem one = s->problem;
    one.gradient_region.x = wx;
    one.gradient_region.y = wy;
    one.gradient_region.width = one.gradient_region.height = 1;
    one.offset_x += one.window.stride_x * wx;
    one.offset_y += one.window.stride_y * wy;
    one.add_to_destination = 0;
    one.destination = *terms;
    run(&one);
}

/* Joins the terms of all windows, one after the other. */
static void run_by_windows(struct scene *s, double (*join)(const struct scene *, double sum, double term,
                                                           const int64_t window[4], const int64_t at[4]))
{
    const poolgrad_image *d = &s->problem.destination;
    const poolgrad_image terms = make_image(s, *d, s->setup.format);
    const int64_t windows = s->output.height * s->output.width;
    for (int64_t k = 0; k < windows; k++) {
        const int64_t w = s->backwards ? windows - 1 - k : k;
        run_window(s, w / s->output.width, w % s->output.width, &terms);
        for (int64_t i = 0; i < d->images * d->channels * d->height * d->width; i++) {
            const int64_t plane = i / d->width / d->height;
            const int64_t at[] = {plane / d->channels, plane % d->channels, i / d->width % d->height, i % d->width};
            const int64_t window[] = {at[0], at[1], w / s->output.width, w % s->output.width};
            if (get(&terms, at) == 0) continue;
            set(d, at, join(s, get(d, at), get(&terms, at), window, at));
        }
    }
}

/* ---- Divisors and edges ------------------------------------------------------------------------------------------ */

static void run_with_edge(struct scene *s, poolgrad_edge_mode right, poolgrad_edge_mode wrong)
{
    s->setup.edge_mode = right;
    prepare(s);
    poolgrad_problem other = s->problem;
    other.edge_mode = wrong;
    run(&other);
}

static void use_edge_zero(struct scene *s)
{
    run_with_edge(s, POOLGRAD_EDGE_CLAMP, POOLGRAD_EDGE_ZERO);
}

static void use_edge_clamp(struct scene *s)
{
    run_with_edge(s, POOLGRAD_EDGE_ZERO, POOLGRAD_EDGE_CLAMP);
}

static void use_padding(struct scene *s, int64_t right, int64_t wrong)
{
    s->setup.window = (poolgrad_window)WINDOW(3, 3, 1, 1, 1, 1);
    s->setup.pads = (poolgrad_pads)PADS(1, 1, 2, 2);
    s->setup.zero_pad = right;
    prepare(s);
    poolgrad_problem other = s->problem;
    other.zero_pad_x = other.zero_pad_y = wrong;
    run(&other);
}

static void leave_out_padding(struct scene *s)
{
    use_padding(s, 1, 0);
}

static void count_padding(struct scene *s)
{
    use_padding(s, 0, 1);
}

/* Eight taps: to multiply by them is exact. */
static double times_eight(const struct scene *s, double value, const int64_t at[4])
{
    (void)s, (void)at;
    return 8 * value;
}

static void leave_out_divisor(struct scene *s)
{
    s->setup.window = (poolgrad_window)WINDOW(4, 2, 2, 1, 1, 1);
    prepare(s);
    s->problem.edge_mode = POOLGRAD_EDGE_ZERO;
    run_and_change(s, times_eight);
    s->problem.edge_mode = POOLGRAD_EDGE_CLAMP;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

static void drop_windows(struct scene *s, int64_t columns, int64_t rows)
{
    prepare(s);
    poolgrad_problem other = s->problem;
    other.gradient_region.width = s->output.width - columns;
    other.gradient_region.height = s->output.height - rows;
    other.clip.width = s->direction == POOLGRAD_FORWARD ? s->output.width - columns : POOLGRAD_ALL;
    other.clip.height = s->direction == POOLGRAD_FORWARD ? s->output.height - rows : POOLGRAD_ALL;
    run(&other);
}

static void drop_column(struct scene *s)
{
    drop_windows(s, 1, 0);
}

static void drop_row(struct scene *s)
{
    drop_windows(s, 0, 1);
}

static void drop_both(struct scene *s)
{
    drop_windows(s, 1, 1);
}

static void keep_windows(struct scene *s)
{
    prepare(s);
    run(&s->problem);
    s->problem.gradient_region.width = s->output.width - 1;
    s->problem.gradient_region.height = s->output.height - 1;
}

static void shift(struct scene *s, poolgrad_window window, int64_t x, int64_t y)
{
    s->setup.window = window;
    s->setup.pads = (poolgrad_pads)PADS(2, 3, 3, 3); /* a shift by one is no pad forgotten, doubled or exchanged */
    prepare(s);
    poolgrad_problem other = s->problem;
    other.offset_x += x;
    other.offset_y += y;
    run(&other);
}

static const poolgrad_window even = WINDOW(4, 2, 2, 1, 1, 1), odd = WINDOW(3, 3, 2, 1, 1, 1);

static void lean_right(struct scene *s)
{
    shift(s, even, 1, 0);
}

static void lean_down(struct scene *s)
{
    shift(s, even, 0, 1);
}

static void lean_both(struct scene *s)
{
    shift(s, even, 1, 1);
}

static void shift_left(struct scene *s)
{
    shift(s, odd, -1, 0);
}

static void shift_right(struct scene *s)
{
    shift(s, odd, 1, 0);
}

static void shift_up(struct scene *s)
{
    shift(s, odd, 0, -1);
}

static void shift_down(struct scene *s)
{
    shift(s, odd, 0, 1);
}

static void shift_up_left(struct scene *s)
{
    shift(s, odd, -1, -1);
}

static void shift_up_right(struct scene *s)
{
    shift(s, odd, 1, -1);
}

static void shift_down_left(struct scene *s)
{
    shift(s, odd, -1, 1);
}

static void shift_down_right(struct scene *s)
{
    shift(s, odd, 1, 1);
}

/* A forward call's first window is the clip rectangle's. */
static void ignore_clip(struct scene *s)
{
    s->setup.knows_before = true;
    prepare(s);
    run(&s->problem);
    s->problem.clip.x = 1;
    s->problem.clip.y = 2;
    s->problem.clip.width = s->problem.clip.height = 3;
    if (s->direction == POOLGRAD_FORWARD) {
        s->problem.offset_x += s->setup.window.stride_x;
        s->problem.offset_y += 2 * s->setup.window.stride_y;
    }
}

static void use_kernel_offset(struct scene *s, int64_t sign)
{
    prepare(s);
    poolgrad_problem other = s->problem;
    s->problem.kernel_offset_x = 2;
    s->problem.kernel_offset_y = -1;
    other.kernel_offset_x = 2 * sign;
    other.kernel_offset_y = -sign;
    run(&other);
}

static void ignore_kernel_offset(struct scene *s)
{
    use_kernel_offset(s, 0);
}

static void negate_kernel_offset(struct scene *s)
{
    use_kernel_offset(s, -1);
}

/* Another window, with the first tap where it was, or with the offset as it was. */
static void replace_window(struct scene *s, poolgrad_window right, poolgrad_window wrong, bool keeps_offset)
{
    s->setup.window = right;
    s->setup.height = 11;
    s->setup.width = 12;
    prepare(s);
    poolgrad_problem other = s->problem;
    other.window = wrong;
    if (!keeps_offset) {
        other.offset_x = first_tap(other.offset_x, 0, right.kernel_width, right.dilation_x, 0) +
                         ((wrong.kernel_width - 1) * wrong.dilation_x + 1) / 2;
        other.offset_y = first_tap(other.offset_y, 0, right.kernel_height, right.dilation_y, 0) +
                         ((wrong.kernel_height - 1) * wrong.dilation_y + 1) / 2;
    }
    run(&other);
}

static const poolgrad_window dilated = WINDOW(3, 2, 2, 1, 2, 3), undilated = WINDOW(3, 2, 2, 1, 1, 1),
                             dilated_otherwise = WINDOW(3, 2, 2, 1, 3, 2), strided_otherwise = WINDOW(3, 2, 1, 2, 1, 1),
                             wide = WINDOW(4, 2, 2, 1, 1, 1), high = WINDOW(2, 4, 2, 1, 1, 1);

static void ignore_dilation(struct scene *s)
{
    replace_window(s, dilated, undilated, false);
}

static void ignore_dilation_about_centre(struct scene *s)
{
    replace_window(s, dilated, undilated, true);
}

static void swap_dilations(struct scene *s)
{
    replace_window(s, dilated, dilated_otherwise, false);
}

static void swap_dilations_about_centre(struct scene *s)
{
    replace_window(s, dilated, dilated_otherwise, true);
}

static void swap_strides(struct scene *s)
{
    replace_window(s, undilated, strided_otherwise, false);
}

static void swap_kernels(struct scene *s)
{
    replace_window(s, wide, high, false);
}

static void swap_kernels_about_centre(struct scene *s)
{
    replace_window(s, wide, high, true);
}

static void transpose_windows(struct scene *s)
{
    s->setup.window = wide;
    s->setup.pads = (poolgrad_pads)PADS(2, 0, 1, 1);
    prepare(s);
    poolgrad_problem other = s->problem;
    other.window = (poolgrad_window)WINDOW(2, 4, 1, 2, 1, 1);
    other.offset_x = 1;
    other.offset_y = 0;
    run(&other);
}

/* The first window begins inside the image: its first pixel is where the destination begins. */
static void start_at_first_pixel(struct scene *s)
{
    s->setup.pads = (poolgrad_pads)PADS(0, 0, 0, 0);
    prepare(s);
    s->problem.offset_x += 2;
    s->problem.offset_y += 1;
    run(&s->problem);
    s->problem.mapping = POOLGRAD_MAPPING_CLIP;
}

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

static void use_ties(struct scene *s, poolgrad_tie_rule right, poolgrad_tie_rule wrong)
{
    s->setup.tied = true;
    s->setup.ties = right;
    prepare(s);
    poolgrad_problem other = s->problem;
    other.ties = wrong;
    run(&other);
}

static void take_first_tie(struct scene *s)
{
    use_ties(s, POOLGRAD_TIES_LAST, POOLGRAD_TIES_FIRST);
}

static void take_last_tie(struct scene *s)
{
    use_ties(s, POOLGRAD_TIES_FIRST, POOLGRAD_TIES_LAST);
}

static void take_all_ties(struct scene *s)
{
    use_ties(s, POOLGRAD_TIES_FIRST, POOLGRAD_TIES_ALL);
}

static void split_ties(struct scene *s)
{
    use_ties(s, POOLGRAD_TIES_ALL, POOLGRAD_TIES_SPLIT);
}

/* What each window picks in an image, as places in the plane. */
static poolgrad_image picks_of(struct scene *s, const poolgrad_const_image *source, poolgrad_tie_rule ties)
{
    poolgrad_problem forward = s->problem;
    forward.direction = POOLGRAD_FORWARD;
    forward.ties = ties;
    forward.source = *source;
    forward.source_gradient = (poolgrad_const_image){0};
    forward.destination = make_image(s, s->output, POOLGRAD_FLOAT32);
    forward.picks = make_image(s, s->output, POOLGRAD_INT32);
    run(&forward);
    return forward.picks;
}

/* Where the first and the last of the greatest taps differ nothing is picked. */
static void take_no_tie(struct scene *s)
{
    s->setup.tied = true;
    prepare(s);
    const poolgrad_image first = picks_of(s, &s->problem.source, POOLGRAD_TIES_FIRST);
    const poolgrad_image last = picks_of(s, &s->problem.source, POOLGRAD_TIES_LAST);
    int32_t *picks = first.data;
    const int32_t *others = last.data;
    for (int64_t i = 0; i < first.images * first.channels * first.height * first.width; i++) {
        if (picks[i] != others[i]) picks[i] = -1;
    }
    poolgrad_problem other = s->problem;
    other.indices = view_read(first);
    run(&other);
}

static double opposite(double value)
{
    return -value;
}

static poolgrad_image mapped(struct scene *s, const poolgrad_const_image *image, double (*map)(double))
{
    const poolgrad_image copy = make_image(s, view_writable(image), image->format);
    for (int64_t i = 0; i < copy.images * copy.channels * copy.height * copy.width; i++) {
        const int64_t plane = i / copy.width / copy.height, y = i / copy.width % copy.height, x = i % copy.width;
        const int64_t at[] = {plane / copy.channels, plane % copy.channels, y, x};
        set(&copy, at, map(read_at(image, at)));
    }
    return copy;
}

/* Results by what is picked in another image. */
static void pick_in(struct scene *s, double (*map)(double))
{
    prepare(s);
    const poolgrad_image source = mapped(s, &s->problem.source, map);
    if (s->direction == POOLGRAD_GRADIENT) {
        run_with_source(s, &source);
        return;
    }
    const poolgrad_image picks = picks_of(s, VIEW(&source), POOLGRAD_TIES_FIRST), *d = &s->problem.destination;
    for (int64_t i = 0; i < d->images * d->channels * d->height * d->width; i++) {
        const int64_t plane = i / d->width / d->height, place = ((const int32_t *)picks.data)[i];
        const int64_t at[] = {plane / d->channels, plane % d->channels, place / s->problem.source.width,
                              place % s->problem.source.width};
        const int64_t to[] = {at[0], at[1], i / d->width % d->height, i % d->width};
        set(d, to, get(&s->problem.source, at));
    }
}

static void take_minimum(struct scene *s)
{
    pick_in(s, opposite);
}

static void take_magnitude(struct scene *s)
{
    pick_in(s, fabs);
}

static double above_zero(double value)
{
    return value > 0 ? value : 0;
}

/* A window without taps above 0 picks one of the zeros that stand for what is below: its pick is taken away. */
static void search_from_zero(struct scene *s)
{
    prepare(s);
    const poolgrad_image source = mapped(s, &s->problem.source, above_zero), *o = &s->output;
    if (s->direction == POOLGRAD_FORWARD) {
        run_with_source(s, &source);
        return;
    }
    poolgrad_problem other = s->problem;
    const poolgrad_image picked = picks_of(s, VIEW(&source), POOLGRAD_TIES_FIRST);
    int32_t *picks = picked.data;
    for (int64_t i = 0; i < o->images * o->channels * o->height * o->width; i++) {
        const int64_t plane = i / o->width / o->height;
        const int64_t at[] = {plane / o->channels, plane % o->channels, picks[i] / source.width,
                              picks[i] % source.width};
        if (get(&source, at) == 0) picks[i] = -1;
    }
    other.indices = view_read(picked);
    run(&other);
}

static void ignore_indices(struct scene *s)
{
    prepare(s);
    run(&s->problem);
    const poolgrad_image source = mapped(s, &s->problem.source, opposite);
    s->problem.indices = view_read(picks_of(s, VIEW(&source), POOLGRAD_TIES_FIRST));
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

static poolgrad_format sums_in; /* of the case that runs */

static double add_rounded(double sum, double tap)
{
    return round_to(sums_in, sum + round_to(sums_in, tap));
}

static double add_rounded_square(double sum, double tap)
{
    return round_to(sums_in, sum + round_to(sums_in, tap * tap));
}

static double join_rounded(const struct scene *s, double sum, double term, const int64_t window[4], const int64_t at[4])
{
    (void)s, (void)window, (void)at;
    return add_rounded(sum, term);
}

static double forward_rounded(const struct scene *s, double value, const int64_t at[4])
{
    double sum = 0;
    (void)value;
    if (s->kind == POOLGRAD_L2NORM) {
        visit(s, at, &sum, add_rounded_square);
        return s->backwards ? round_to(sums_in, sqrt(sum)) : sqrt(sum);
    }
    const int64_t taps = visit(s, at, &sum, add_rounded);
    return round_to(sums_in, sum / (double)taps);
}

/* Windows that overlap much, for sums of many terms. */
static void accumulate_in(struct scene *s, poolgrad_format format, poolgrad_format images)
{
    s->setup.window = (poolgrad_window)WINDOW(4, 5, 1, 1, 1, 1);
    s->setup.format = s->setup.result_format = images;
    sums_in = format;
    prepare(s);
    if (s->direction == POOLGRAD_FORWARD)
        run_and_change(s, forward_rounded);
    else
        run_by_windows(s, join_rounded);
}

static void accumulate_in_float16(struct scene *s)
{
    accumulate_in(s, POOLGRAD_FLOAT16, POOLGRAD_FLOAT32);
}

static void accumulate_in_bfloat16(struct scene *s)
{
    accumulate_in(s, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32);
}

static void accumulate_in_float32(struct scene *s)
{
    accumulate_in(s, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64);
}

static void add_backwards_in_float16(struct scene *s)
{
    s->backwards = true;
    accumulate_in_float16(s);
}

static void add_backwards_in_bfloat16(struct scene *s)
{
    s->backwards = true;
    accumulate_in_bfloat16(s);
}

static void add_backwards_in_float32(struct scene *s)
{
    s->backwards = true;
    accumulate_in_float32(s);
}

static void store_each(struct scene *s)
{
    s->setup.window = (poolgrad_window)WINDOW(4, 5, 1, 1, 1, 1);
    s->setup.result_format = POOLGRAD_FLOAT16;
    prepare(s);
    for (int64_t w = 0; w < s->output.height * s->output.width; w++) {
        poolgrad_problem one = s->problem;
        one.gradient_region.x = w % s->output.width;
        one.gradient_region.y = w / s->output.width;
        one.gradient_region.width = one.gradient_region.height = 1;
        one.offset_x += one.window.stride_x * one.gradient_region.x;
        one.offset_y += one.window.stride_y * one.gradient_region.y;
        one.add_to_destination = 1;
        run(&one);
    }
}

static double join_last(const struct scene *s, double sum, double term, const int64_t window[4], const int64_t at[4])
{
    (void)s, (void)sum, (void)window, (void)at;
    return term;
}

static double join_first(const struct scene *s, double sum, double term, const int64_t window[4], const int64_t at[4])
{
    (void)s, (void)window, (void)at;
    return sum != 0 ? sum : term;
}

static void let_last_win(struct scene *s)
{
    s->setup.window = (poolgrad_window)WINDOW(3, 2, 1, 1, 1, 1);
    prepare(s);
    run_by_windows(s, join_last);
}

static void let_first_win(struct scene *s)
{
    s->setup.window = (poolgrad_window)WINDOW(3, 2, 1, 1, 1, 1);
    prepare(s);
    run_by_windows(s, join_first);
}

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

static double by_root_of_kernel(const struct scene *s, double value, const int64_t at[4])
{
    const double taps = (double)s->problem.window.kernel_width * (double)s->problem.window.kernel_height;
    (void)at;
    return s->direction == POOLGRAD_FORWARD ? value / sqrt(taps) : value * sqrt(taps);
}

static void take_mean(struct scene *s)
{
    prepare(s);
    run_and_change(s, by_root_of_kernel);
}

static double forward_mean(const struct scene *s, double value, const int64_t at[4])
{
    int64_t taps;
    (void)value;
    const double square = square_of(s, at, &taps);
    return sqrt(square / (double)taps);
}

static double join_mean(const struct scene *s, double sum, double term, const int64_t window[4], const int64_t at[4])
{
    int64_t taps;
    (void)at;
    square_of(s, window, &taps);
    return sum + term * sqrt((double)taps);
}

static void take_mean_inside(struct scene *s)
{
    prepare(s);
    if (s->direction == POOLGRAD_FORWARD)
        run_and_change(s, forward_mean);
    else
        run_by_windows(s, join_mean);
}

static double forward_square(const struct scene *s, double value, const int64_t at[4])
{
    int64_t taps;
    (void)value;
    return square_of(s, at, &taps);
}

static double join_square(const struct scene *s, double sum, double term, const int64_t window[4], const int64_t at[4])
{
    int64_t taps;
    (void)at;
    return sum + term / sqrt(square_of(s, window, &taps));
}

static void leave_out_root(struct scene *s)
{
    prepare(s);
    if (s->direction == POOLGRAD_FORWARD)
        run_and_change(s, forward_square);
    else
        run_by_windows(s, join_square);
}

static double join_product(const struct scene *s, double sum, double term, const int64_t window[4], const int64_t at[4])
{
    int64_t taps;
    (void)at;
    return sum + term * square_of(s, window, &taps);
}

static void multiply_by_norm(struct scene *s)
{
    prepare(s);
    run_by_windows(s, join_product);
}

static double over_in(const struct scene *s, double value, const int64_t at[4])
{
    return value / get(&s->problem.source, at);
}

static void leave_out_in(struct scene *s)
{
    prepare(s);
    run_and_change(s, over_in);
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

static void use_addition(struct scene *s, bool right)
{
    s->setup.adds = right;
    s->setup.knows_before = true;
    prepare(s);
    poolgrad_problem other = s->problem;
    other.add_to_destination = !right;
    memcpy(other.destination.data, s->before.data,
           (size_t)(s->before.images * s->before.channels * s->before.height * s->before.width) * sizeof(float));
    run(&other);
}

static void add_to_contents(struct scene *s)
{
    use_addition(s, false);
}

static void overwrite_contents(struct scene *s)
{
    use_addition(s, true);
}

static double negated(const struct scene *s, double value, const int64_t at[4])
{
    (void)s, (void)at;
    return -value;
}

static void flip_sign(struct scene *s)
{
    prepare(s);
    run_and_change(s, negated);
}

static double times_more(const struct scene *s, double value, const int64_t at[4])
{
    (void)s, (void)at;
    return 1.3 * value;
}

static void multiply(struct scene *s)
{
    prepare(s);
    run_and_change(s, times_more);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

enum image { SOURCE, SOURCE_GRADIENT, RESULT };

static poolgrad_image image_of(const poolgrad_problem *problem, enum image which)
{
    if (which == RESULT) return problem->destination;
    return view_writable(which == SOURCE ? &problem->source : &problem->source_gradient);
}

static void set_image(poolgrad_problem *problem, enum image which, poolgrad_image image)
{
    if (which == RESULT) problem->destination = image;
    if (which == SOURCE) problem->source = view_read(image);
    if (which == SOURCE_GRADIENT) problem->source_gradient = view_read(image);
}

static void use_layout(struct scene *s, poolgrad_layout right, enum image which)
{
    s->setup.layout = right;
    prepare(s);
    poolgrad_problem other = s->problem;
    poolgrad_image image = image_of(&other, which);
    image.layout = right == POOLGRAD_NCHW ? POOLGRAD_NHWC : POOLGRAD_NCHW;
    view_make_dense(&image);
    set_image(&other, which, image);
    run(&other);
}

static void read_source_as_nhwc(struct scene *s)
{
    use_layout(s, POOLGRAD_NCHW, SOURCE);
}

static void read_source_as_nchw(struct scene *s)
{
    use_layout(s, POOLGRAD_NHWC, SOURCE);
}

static void read_gradient_as_nhwc(struct scene *s)
{
    use_layout(s, POOLGRAD_NCHW, SOURCE_GRADIENT);
}

static void read_gradient_as_nchw(struct scene *s)
{
    use_layout(s, POOLGRAD_NHWC, SOURCE_GRADIENT);
}

static void write_as_nhwc(struct scene *s)
{
    use_layout(s, POOLGRAD_NCHW, RESULT);
}

static void write_as_nchw(struct scene *s)
{
    use_layout(s, POOLGRAD_NHWC, RESULT);
}

/* A view whose rows are columns. */
static void transpose(struct scene *s, enum image which)
{
    s->setup.window = (poolgrad_window)WINDOW(3, 2, 1, 1, 1, 1);
    s->setup.pads = (poolgrad_pads)PADS(1, 1, 1, 0);
    s->setup.height = s->setup.width = 8;
    prepare(s);
    poolgrad_problem other = s->problem;
    poolgrad_image image = image_of(&other, which);
    cr_assert_eq(image.height, image.width);
    image.column_stride = image.width;
    image.row_stride = 1;
    set_image(&other, which, image);
    run(&other);
}

static void transpose_source(struct scene *s)
{
    transpose(s, SOURCE);
}

static void transpose_gradient(struct scene *s)
{
    transpose(s, SOURCE_GRADIENT);
}

static void transpose_result(struct scene *s)
{
    transpose(s, RESULT);
}

/* With strides of 1 it would be the windows that moved. */
static void move_gradient(struct scene *s, int64_t c, int64_t y, int64_t x)
{
    s->setup.window = (poolgrad_window)WINDOW(3, 3, 2, 2, 1, 1);
    prepare(s);
    const poolgrad_image gradient = moved(s, &s->problem.source_gradient, 0, c, y, x);
    run_with_gradient(s, &gradient);
}

static void take_gradient_left(struct scene *s)
{
    move_gradient(s, 0, 0, -1);
}

static void take_gradient_right(struct scene *s)
{
    move_gradient(s, 0, 0, 1);
}

static void take_gradient_above(struct scene *s)
{
    move_gradient(s, 0, -1, 0);
}

static void take_gradient_below(struct scene *s)
{
    move_gradient(s, 0, 1, 0);
}

static void take_gradient_channel_before(struct scene *s)
{
    move_gradient(s, -1, 0, 0);
}

static void take_gradient_channel_behind(struct scene *s)
{
    move_gradient(s, 1, 0, 0);
}

static void move_source(struct scene *s, int64_t n, int64_t c)
{
    prepare(s);
    const poolgrad_image source = moved(s, &s->problem.source, n, c, 0, 0);
    run_with_source(s, &source);
}

static void take_source_channel_before(struct scene *s)
{
    move_source(s, 0, -1);
}

static void take_source_channel_behind(struct scene *s)
{
    move_source(s, 0, 1);
}

static void take_first_source(struct scene *s)
{
    move_source(s, -1, 0);
}

static void take_first_gradient(struct scene *s)
{
    prepare(s);
    const poolgrad_image gradient = moved(s, &s->problem.source_gradient, -1, 0, 0, 0);
    run_with_gradient(s, &gradient);
}

static void move_result(struct scene *s, int64_t n, int64_t c, int64_t y, int64_t x)
{
    prepare(s);
    run_and_move(s, n, c, y, x);
}

static void take_result_left(struct scene *s)
{
    move_result(s, 0, 0, 0, -1);
}

static void take_result_right(struct scene *s)
{
    move_result(s, 0, 0, 0, 1);
}

static void take_result_above(struct scene *s)
{
    move_result(s, 0, 0, -1, 0);
}

static void take_result_below(struct scene *s)
{
    move_result(s, 0, 0, 1, 0);
}

static void take_result_channel_before(struct scene *s)
{
    move_result(s, 0, -1, 0, 0);
}

static void take_result_channel_behind(struct scene *s)
{
    move_result(s, 0, 1, 0, 0);
}

static void take_first_result(struct scene *s)
{
    move_result(s, -1, 0, 0, 0);
}

/* ---- What is not written ----------------------------------------------------------------------------------------- */

static double zero_last_channels(const struct scene *s, double value, const int64_t at[4])
{
    (void)s;
    return at[1] < 4 ? value : 0;
}

static void leave_zero_channels(struct scene *s)
{
    prepare(s);
    run_and_change(s, zero_last_channels);
}

static double keep_last_channels(const struct scene *s, double value, const int64_t at[4])
{
    return at[1] < 4 ? value : get(&s->before, at);
}

static void skip_channels(struct scene *s)
{
    s->setup.knows_before = true;
    prepare(s);
    run_and_change(s, keep_last_channels);
}

static bool is_in_box(const int64_t at[4])
{
    return at[0] == 1 && at[1] >= 1 && at[1] <= 2 && at[2] >= 2 && at[2] <= 4 && at[3] >= 1 && at[3] <= 3;
}

static double fill_in_box(const struct scene *s, double value, const int64_t at[4])
{
    (void)s;
    return is_in_box(at) ? 7.25 : value;
}

static void fill_box(struct scene *s)
{
    prepare(s);
    run_and_change(s, fill_in_box);
}

static double keep_in_box(const struct scene *s, double value, const int64_t at[4])
{
    return is_in_box(at) ? get(&s->before, at) : value;
}

static void skip_box(struct scene *s)
{
    s->setup.knows_before = true;
    prepare(s);
    run_and_change(s, keep_in_box);
}

/* ---- Every mistake ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*make)(struct scene *);
} cases[] = {
    {"divisor-full-kernel", use_edge_zero},
    {"divisor-shrunk", use_edge_clamp},
    {"padding-not-counted", leave_out_padding},
    {"padding-counted", count_padding},
    {"divisor-missing", leave_out_divisor},
    {"edge-zero", use_edge_zero},
    {"edge-clamp", use_edge_clamp},
    {"last-column-of-windows-dropped", drop_column},
    {"last-row-of-windows-dropped", drop_row},
    {"last-windows-dropped", drop_both},
    {"windows-kept", keep_windows},
    {"even-windows-lean-right", lean_right},
    {"even-windows-lean-down", lean_down},
    {"even-windows-lean-down-right", lean_both},
    {"clip-ignored", ignore_clip},
    {"kernel-offset-ignored", ignore_kernel_offset},
    {"kernel-offset-negated", negate_kernel_offset},
    {"dilation-ignored", ignore_dilation},
    {"dilation-ignored-about-centre", ignore_dilation_about_centre},
    {"dilations-swapped", swap_dilations},
    {"dilations-swapped-about-centre", swap_dilations_about_centre},
    {"strides-swapped", swap_strides},
    {"kernel-sizes-swapped", swap_kernels},
    {"kernel-sizes-swapped-about-centre", swap_kernels_about_centre},
    {"windows-transposed", transpose_windows},
    {"windows-one-left", shift_left},
    {"windows-one-right", shift_right},
    {"windows-one-up", shift_up},
    {"windows-one-down", shift_down},
    {"windows-one-up-left", shift_up_left},
    {"windows-one-up-right", shift_up_right},
    {"windows-one-down-left", shift_down_left},
    {"windows-one-down-right", shift_down_right},
    {"destination-from-first-pixel", start_at_first_pixel},
    {"ties-first", take_first_tie},
    {"ties-last", take_last_tie},
    {"ties-all", take_all_ties},
    {"ties-split", split_ties},
    {"ties-none", take_no_tie},
    {"minimum", take_minimum},
    {"magnitude", take_magnitude},
    {"search-from-zero", search_from_zero},
    {"indices-ignored", ignore_indices},
    {"stored-after-each-addition", store_each},
    {"accumulated-in-float16", accumulate_in_float16},
    {"accumulated-in-bfloat16", accumulate_in_bfloat16},
    {"accumulated-in-float32", accumulate_in_float32},
    {"last-window-wins", let_last_win},
    {"first-window-wins", let_first_win},
    {"root-of-mean", take_mean},
    {"root-of-mean-inside", take_mean_inside},
    {"root-missing", leave_out_root},
    {"norm-multiplied", multiply_by_norm},
    {"in-missing", leave_out_in},
    {"prior-contents-added", add_to_contents},
    {"prior-contents-lost", overwrite_contents},
    {"sign-flipped", flip_sign},
    {"source-as-nhwc", read_source_as_nhwc},
    {"source-as-nchw", read_source_as_nchw},
    {"gradient-as-nhwc", read_gradient_as_nhwc},
    {"gradient-as-nchw", read_gradient_as_nchw},
    {"result-as-nhwc", write_as_nhwc},
    {"result-as-nchw", write_as_nchw},
    {"source-transposed", transpose_source},
    {"gradient-transposed", transpose_gradient},
    {"result-transposed", transpose_result},
    {"gradient-one-column-before", take_gradient_left},
    {"gradient-one-column-behind", take_gradient_right},
    {"gradient-one-row-before", take_gradient_above},
    {"gradient-one-row-behind", take_gradient_below},
    {"result-one-column-before", take_result_left},
    {"result-one-column-behind", take_result_right},
    {"result-one-row-before", take_result_above},
    {"result-one-row-behind", take_result_below},
    {"source-channel-before", take_source_channel_before},
    {"source-channel-behind", take_source_channel_behind},
    {"gradient-channel-before", take_gradient_channel_before},
    {"gradient-channel-behind", take_gradient_channel_behind},
    {"result-channel-before", take_result_channel_before},
    {"result-channel-behind", take_result_channel_behind},
    {"images-from-first", take_first_result},
    {"source-from-first-image", take_first_source},
    {"gradient-from-first-image", take_first_gradient},
    {"last-channels-zero", leave_zero_channels},
    {"last-channels-unwritten", skip_channels},
    {"multiplied", multiply},
    {"region-constant", fill_box},
    {"region-unwritten", skip_box},
    {"errors-of-bfloat16", add_backwards_in_bfloat16},
    {"errors-of-float16", add_backwards_in_float16},
    {"errors-of-float32", add_backwards_in_float32},
};

enum { CASES = sizeof cases / sizeof *cases };

static void scene_init(struct scene *s, unsigned call)
{
    *s = (struct scene){.setup = plain, .random = 7 + call};
    s->direction = call < 3 ? POOLGRAD_FORWARD : POOLGRAD_GRADIENT;
    s->kind = (poolgrad_kind)(call % 3);
}

static void expect_cause(const struct scene *s, const char *name)
{
    static const char *const kinds[] = {"average", "max", "l2norm"};
    const char *direction = s->direction == POOLGRAD_FORWARD ? "forward" : "gradient";
    poolgrad_verification *verification = judge(s);
    const poolgrad_cause *cause = poolgrad_verification_cause(verification, 0);
    const int64_t wrong = poolgrad_verification_count(verification, POOLGRAD_VERDICT_WRONG);
    cr_expect_gt(wrong, 0, "%s, %s %s: nothing is wrong", name, direction, kinds[s->kind]);
    cr_expect(cause && strcmp(cause->name, name) == 0 && cause->explained == wrong && cause->wrong == wrong,
              "%s, %s %s: %s explains %lld of %lld", name, direction, kinds[s->kind], cause ? cause->name : "nothing",
              cause ? (long long)cause->explained : 0LL, (long long)wrong);
    poolgrad_verification_destroy(verification);
}

static const struct poolgrad_mistake *find_mistake(const char *name)
{
    for (int64_t i = 0; i < poolgrad_mistake_count; i++) {
        if (strcmp(poolgrad_mistakes[i].name, name) == 0) return &poolgrad_mistakes[i];
    }
    cr_assert_fail("%s is no mistake", name);
    return NULL;
}

/* In every direction and kind in which it can be made. Those with amounts are planted in test_causes_planted.c. */
Test(causes, every_mistake_is_found_where_it_was_made)
{
    int64_t number = 0;
    for (int64_t i = 0; i < CASES; i++) {
        const struct poolgrad_mistake *mistake = find_mistake(cases[i].name);
        for (unsigned call = 0; call < 6; call++) {
            struct scene scene;
            if (!(mistake->calls & 1U << call)) continue;
            scene_init(&scene, call);
            cases[i].make(&scene);
            expect_cause(&scene, mistake->name);
            scene_clear(&scene);
            number++;
        }
    }
    cr_assert_gt(number, CASES);
}

static double zero_last_slice(const struct scene *s, double value, const int64_t at[4])
{
    return at[1] < s->setup.channels - 5 ? value : 0;
}

/* Slices of 8, 16 and 32 channels, of which the last has 5. */
Test(causes, last_channels_are_those_of_a_slice)
{
    static const poolgrad_layout layouts[] = {POOLGRAD_NC8HW8, POOLGRAD_NC16HW16, POOLGRAD_NC32HW32};
    for (int i = 0; i < 3; i++) {
        struct scene s;
        scene_init(&s, 3);
        s.setup.layout = layouts[i];
        s.setup.channels = (8 << i) + 5;
        prepare(&s);
        run_and_change(&s, zero_last_slice);
        expect_cause(&s, "last-channels-zero");
        scene_clear(&s);
    }
}

/* ---- What is said of them ---------------------------------------------------------------------------------------- */

/* A scene whose results are right but for what `spoil` does. */
static void scene_spoil(struct scene *s, unsigned call,
                        double (*spoil)(const struct scene *, double value, const int64_t at[4]))
{
    scene_init(s, call);
    prepare(s);
    run_and_change(s, spoil);
}

static void expect_sentence(struct scene *s, const char *sentence)
{
    poolgrad_verification *verification = judge(s);
    const poolgrad_cause *cause = poolgrad_verification_cause(verification, 0);
    cr_expect_str_eq(cause ? cause->sentence : "", sentence);
    poolgrad_verification_destroy(verification);
    scene_clear(s);
}

static double zero_one(const struct scene *s, double value, const int64_t at[4])
{
    (void)s;
    return at[0] == 1 && at[1] == 2 && at[2] == 3 && at[3] == 4 ? 0 : value;
}

static double halved(const struct scene *s, double value, const int64_t at[4])
{
    (void)s, (void)at;
    return value / 2;
}

Test(causes, sentences_say_what_was_found)
{
    struct scene s;
    scene_spoil(&s, 3, times_more);
    expect_sentence(&s, "gives 1.3 times what it should");
    scene_spoil(&s, 3, halved);
    expect_sentence(&s, "gives 0.5 times what it should");
    scene_spoil(&s, 3, fill_in_box);
    expect_sentence(&s, "holds 7.25 in rows 2 to 4 and columns 1 to 3 of channels 1 to 2 of images 1 to 1");
    scene_spoil(&s, 3, zero_one);
    expect_sentence(&s, "holds 0 in rows 3 to 3 and columns 4 to 4 of channels 2 to 2 of images 1 to 1");
    scene_init(&s, 3);
    skip_box(&s);
    expect_sentence(&s, "does not write rows 2 to 4 and columns 1 to 3 of channels 1 to 2 of images 1 to 1");
    scene_init(&s, 3);
    use_edge_zero(&s);
    expect_sentence(&s, "divides by all taps of the window where the window shrinks");
}

/* Each line of the page, in the table's order. */
Test(causes, page_lists_every_mistake)
{
    FILE *page = fopen(POOLGRAD_TEST_DATA "/../../docs/verification-causes.md", "r");
    char line[400], expected[400];
    int64_t found = 0;
    cr_assert(page);
    while (fgets(line, sizeof line, page)) {
        const struct poolgrad_mistake *mistake = &poolgrad_mistakes[found];
        if (found == poolgrad_mistake_count || strncmp(line, "| `", 3) != 0) continue;
        snprintf(expected, sizeof expected, "| `%s` | %s", mistake->name, mistake->sentence ? mistake->sentence : "");
        cr_expect(strncmp(line, expected, strlen(expected)) == 0, "%sis not %s", line, expected);
        found++;
    }
    fclose(page);
    cr_expect_eq(found, poolgrad_mistake_count);
}

/* ---- What is not believed ---------------------------------------------------------------------------------------- */

/* But for where it is, if that can be said. */
static void expect_nothing(const struct scene *s, const char *what)
{
    poolgrad_verification *verification = judge(s);
    const int64_t count = poolgrad_verification_cause_count(verification);
    cr_expect(!poolgrad_verification_passes(verification));
    cr_expect_leq(count, 1);
    for (int64_t i = 0; i < count; i++) {
        const char *name = poolgrad_verification_cause(verification, i)->name;
        cr_expect(strcmp(what, "negated in one plane") == 0 && strcmp(name, "region-wrong") == 0, "%s: %s", what, name);
    }
    poolgrad_verification_destroy(verification);
}

Test(causes, nothing_explains_noise)
{
    for (unsigned call = 0; call < 6; call++) {
        for (unsigned seed = 0; seed < 5; seed++) {
            struct scene s;
            scene_init(&s, call);
            s.random += 100 * seed;
            s.setup.knows_before = seed % 2;
            prepare(&s);
            fill(&s, &s.problem.destination, any_number);
            expect_nothing(&s, "noise");
            scene_clear(&s);
        }
    }
}

static double disturbed(const struct scene *s, double value, const int64_t at[4])
{
    (void)s;
    return at[2] % 3 == 1 && at[3] == 2 ? value + 0.01 * (double)(1 + at[0] + at[1] + at[2]) : value;
}

static double disturbed_once(const struct scene *s, double value, const int64_t at[4])
{
    (void)s;
    return at[0] == 1 && at[1] == 2 && at[2] == 3 && at[3] == 4 ? value + 0.5 : value;
}

/* It would be so in all planes. */
static double negated_in_one(const struct scene *s, double value, const int64_t at[4])
{
    (void)s;
    return at[0] == 0 && at[1] == 3 ? -value : value;
}

Test(causes, nothing_explains_what_is_right_elsewhere)
{
    for (unsigned call = 0; call < 6; call++) {
        double (*const spoils[])(const struct scene *, double, const int64_t[4]) = {disturbed, disturbed_once,
                                                                                    negated_in_one};
        for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
            struct scene s;
            scene_spoil(&s, call, spoils[i]);
            expect_nothing(&s, i == 0 ? "disturbed" : i == 1 ? "disturbed once" : "negated in one plane");
            scene_clear(&s);
        }
    }
}

Test(causes, right_results_have_none)
{
    struct scene s;
    scene_init(&s, 4);
    prepare(&s);
    run(&s.problem);
    poolgrad_verification *verification = judge(&s);
    cr_expect(poolgrad_verification_passes(verification));
    cr_expect_eq(poolgrad_verification_cause_count(verification), 0);
    cr_expect_null(poolgrad_verification_cause(verification, 0));
    poolgrad_verification_destroy(verification);
    scene_clear(&s);
}

/* ---- What is said first ------------------------------------------------------------------------------------------ */

static bool names(const poolgrad_verification *verification, const char *prefix)
{
    for (int64_t i = 0; i < poolgrad_verification_cause_count(verification); i++) {
        if (strncmp(poolgrad_verification_cause(verification, i)->name, prefix, strlen(prefix)) == 0) return true;
    }
    return false;
}

/* The first cause explains all that is wrong, and none is named that begins with `other`. */
static void expect_first(struct scene *s, const char *name, const char *other)
{
    poolgrad_verification *verification = judge(s);
    const poolgrad_cause *cause = poolgrad_verification_cause(verification, 0);
    const int64_t wrong = poolgrad_verification_count(verification, POOLGRAD_VERDICT_WRONG);
    cr_expect_gt(wrong, 0);
    cr_expect(cause && strcmp(cause->name, name) == 0 && cause->explained == wrong,
              "%s, kind %d: %s explains %lld of %lld", name, (int)s->kind, cause ? cause->name : "nothing",
              cause ? (long long)cause->explained : 0LL, (long long)wrong);
    cr_expect_not(names(verification, other), "%s, kind %d: %s", name, (int)s->kind, other);
    poolgrad_verification_destroy(verification);
    scene_clear(s);
}

/* Windows of 63 taps, of which sums in bfloat16 may lose a quarter in a loop, but few hundredths in a tree. */
Test(causes, a_declared_chain_tells_more_apart)
{
    struct scene s;
    scene_init(&s, 0);
    s.setup.window = (poolgrad_window)WINDOW(9, 7, 1, 1, 1, 1);
    s.setup.height = s.setup.width = 13;
    s.setup.tied = true;
    s.setup.computed_in = POOLGRAD_BFLOAT16;
    s.setup.chain = 6;
    prepare(&s);
    run_and_change(&s, times_more);
    expect_first(&s, "multiplied", "errors-of-");
}

static double zeroed(const struct scene *s, double value, const int64_t at[4])
{
    (void)s, (void)at;
    return value * 0;
}

/* All results are below 0, or 0: cut to [0, 1] they would be so, too. */
Test(causes, an_output_of_zeros_holds_0)
{
    for (unsigned call = 0; call < 2; call++) {
        struct scene s;
        scene_init(&s, call);
        s.setup.tied = true;
        prepare(&s);
        run_and_change(&s, zeroed);
        expect_first(&s, "region-constant", "result-saturated");
    }
}

static double doubled(const struct scene *s, double value, const int64_t at[4])
{
    (void)s, (void)at;
    return 2 * value;
}

/* Of a whole output, of which few elements are written. */
Test(causes, a_factor_and_a_sign_reach_beyond_the_clip)
{
    for (unsigned call = 0; call < 6; call++) {
        double (*const spoils[])(const struct scene *, double, const int64_t[4]) = {doubled, negated};
        static const char *const names[] = {"multiplied", "sign-flipped"};
        for (size_t i = 0; i < 2; i++) {
            struct scene s;
            scene_init(&s, call);
            s.setup.knows_before = true;
            prepare(&s);
            s.problem.clip.x = s.problem.clip.y = 1;
            s.problem.clip.width = s.problem.clip.height = 1;
            const poolgrad_image *d = &s.problem.destination;
            for (int64_t k = 0; k < d->images * d->channels * d->height * d->width; k++) {
                const int64_t plane = k / d->width / d->height;
                const int64_t at[] = {plane / d->channels, plane % d->channels, k / d->width % d->height, k % d->width};
                set(d, at, get(&s.before, at));
            }
            run_and_change(&s, spoils[i]);
            expect_first(&s, names[i], "errors-of-");
        }
    }
}

/* What was there before has the factor as well. */
Test(causes, a_factor_of_all_that_the_output_holds)
{
    for (unsigned call = 3; call < 6; call++) {
        struct scene s;
        scene_init(&s, call);
        s.setup.adds = true;
        prepare(&s);
        const poolgrad_image *d = &s.problem.destination;
        for (int64_t k = 0; k < d->images * d->channels * d->height * d->width; k++) {
            const int64_t plane = k / d->width / d->height;
            const int64_t at[] = {plane / d->channels, plane % d->channels, k / d->width % d->height, k % d->width};
            set(d, at, get(&s.before, at));
        }
        run_and_change(&s, call == 4 ? doubled : negated);
        expect_first(&s, call == 4 ? "multiplied" : "sign-flipped", "errors-of-");
    }
}

/* Sums of 169 terms that cancel: with a wrong sign they lie where sums in bfloat16 may err to. */
Test(causes, errors_are_not_believed_beside_an_exact_cause)
{
    struct scene s;
    scene_init(&s, 0);
    s.setup.window = (poolgrad_window)WINDOW(13, 13, 1, 1, 1, 1);
    s.setup.height = s.setup.width = 13;
    s.setup.result_format = POOLGRAD_BFLOAT16;
    prepare(&s);
    run_and_change(&s, negated);
    expect_first(&s, "sign-flipped", "errors-of-");
}

static double lost_if_small(const struct scene *s, double value, const int64_t at[4])
{
    (void)s, (void)at;
    return fabs(value) < 0.02 ? 0 : value;
}

Test(causes, zeros_are_no_evidence_for_a_rounding)
{
    static const unsigned calls[] = {0, 3};
    for (size_t i = 0; i < 2; i++) {
        struct scene s;
        scene_init(&s, calls[i]);
        s.setup.window = (poolgrad_window)WINDOW(9, 7, 1, 1, 1, 1);
        s.setup.height = s.setup.width = 13;
        prepare(&s);
        run_and_change(&s, lost_if_small);
        poolgrad_verification *verification = judge(&s);
        cr_expect_not(poolgrad_verification_passes(verification));
        cr_expect_not(names(verification, "errors-of-"), "call %u", calls[i]);
        poolgrad_verification_destroy(verification);
        scene_clear(&s);
    }
}

/* ---- More than one, and much ------------------------------------------------------------------------------------- */

static void expect_named(const poolgrad_verification *verification, int64_t index, const char *name, int64_t explained)
{
    const poolgrad_cause *cause = poolgrad_verification_cause(verification, index);
    cr_assert(cause, "cause %lld is none", (long long)index);
    cr_expect_str_eq(cause->name, name);
    cr_expect_eq(cause->explained, explained, "%s explains %lld and not %lld", name, (long long)cause->explained,
                 (long long)explained);
    cr_expect_eq(cause->wrong, poolgrad_verification_count(verification, POOLGRAD_VERDICT_WRONG));
}

/* The wrong divisor at the edges, and a box of a constant: each explains its own. */
Test(causes, two_mistakes_share_what_is_wrong)
{
    struct scene s;
    scene_init(&s, 3);
    use_edge_zero(&s);
    const poolgrad_image *d = &s.problem.destination;
    poolgrad_problem right = s.problem;
    right.destination = make_image(&s, *d, POOLGRAD_FLOAT32);
    run(&right);
    int64_t divided = 0, filled = 0;
    for (int64_t i = 0; i < d->images * d->channels * d->height * d->width; i++) {
        const int64_t plane = i / d->width / d->height;
        const int64_t at[] = {plane / d->channels, plane % d->channels, i / d->width % d->height, i % d->width};
        if (is_in_box(at)) set(d, at, 7.25);
        filled += is_in_box(at);
        divided += !is_in_box(at) && fabs(get(d, at) - get(&right.destination, at)) > 1e-5;
    }
    poolgrad_verification *verification = judge(&s);
    expect_named(verification, 0, "divisor-full-kernel", divided);
    bool found = false;
    for (int64_t i = 1; i < poolgrad_verification_cause_count(verification); i++) {
        const poolgrad_cause *cause = poolgrad_verification_cause(verification, i);
        if (strcmp(cause->name, "region-constant") != 0) continue;
        expect_named(verification, i, "region-constant", filled);
        found = true;
    }
    cr_expect(found);
    cr_expect_eq(divided + filled, poolgrad_verification_count(verification, POOLGRAD_VERDICT_WRONG));
    poolgrad_verification_destroy(verification);
    scene_clear(&s);
}

/* Threads, and a second question, change nothing. */
Test(causes, are_the_same_by_several_threads)
{
    struct scene s;
    poolgrad_error error;
    scene_init(&s, 4);
    take_minimum(&s);
    poolgrad_verification *one = judge(&s);
    s.problem.threads = 4;
    poolgrad_verification *many = judge(&s);
    cr_assert_eq(poolgrad_verification_find_causes(many, &error), POOLGRAD_OK);
    const int64_t count = poolgrad_verification_cause_count(one);
    cr_expect_gt(count, 0);
    cr_assert_eq(poolgrad_verification_cause_count(many), count);
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_cause *a = poolgrad_verification_cause(one, i), *b = poolgrad_verification_cause(many, i);
        cr_expect_str_eq(a->name, b->name);
        cr_expect_str_eq(a->sentence, b->sentence);
        cr_expect(a->explained == b->explained && a->wrong == b->wrong);
    }
    poolgrad_verification_destroy(one);
    poolgrad_verification_destroy(many);
    scene_clear(&s);
}

/* Of ten planes of 300 rows one part of 45 rows in nine is enough. */
Test(causes, are_found_in_a_part_of_much)
{
    struct scene s;
    scene_init(&s, 1);
    s.setup = (struct setup){.window = WINDOW(1, 1, 1, 1, 1, 1), .height = 300, .width = 360, .channels = 5};
    s.setup.format = s.setup.result_format = POOLGRAD_FLOAT32;
    prepare(&s);
    run_and_change(&s, negated);
    poolgrad_verification *verification = judge(&s);
    const poolgrad_cause *cause = poolgrad_verification_cause(verification, 0);
    cr_expect_gt(poolgrad_verification_count(verification, POOLGRAD_VERDICT_WRONG), POOLGRAD_CAUSE_ELEMENTS);
    cr_assert(cause);
    cr_expect_str_eq(cause->name, "sign-flipped");
    cr_expect_eq(cause->explained, cause->wrong);
    cr_expect(cause->wrong > POOLGRAD_CAUSE_ELEMENTS / 2 && cause->wrong <= POOLGRAD_CAUSE_ELEMENTS, "%lld",
              (long long)cause->wrong);
    poolgrad_verification_destroy(verification);
    scene_clear(&s);
}

/* ---- No mistake -------------------------------------------------------------------------------------------------- */

static double unit_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_BFLOAT16: return ldexp(1, -8);
    case POOLGRAD_FLOAT16: return ldexp(1, -11);
    case POOLGRAD_FLOAT32: return ldexp(1, -24);
    default: return ldexp(1, -53);
    }
}

static bool is_inside(struct poolgrad_range range, int64_t i)
{
    return i >= range.begin && i < range.end;
}

/* Computes a plane and compares it with the reference's. */
static void compare_plane(const struct poolgrad_verification *v, int64_t n, int64_t c, uint64_t seed)
{
    const struct poolgrad_geometry *g = &v->geometry;
    const poolgrad_const_image *d = &g->held;
    struct poolgrad_knobs knobs;
    struct poolgrad_estimate *plane = calloc((size_t)(d->height * d->width), sizeof *plane);
    cr_assert(plane);
    const struct poolgrad_area all = poolgrad_volume_of(d);
    poolgrad_knobs_init(v, &knobs);
    poolgrad_careless_volume(&knobs, &all, &v->before, n, c, plane);
    for (int64_t i = 0; i < d->height * d->width; i++) {
        const int64_t y = i / d->width, x = i % d->width;
        const bool written = is_inside(g->images, n) && is_inside(g->channels, c) && is_inside(g->rows, y) &&
                             is_inside(g->columns, x);
        const double right = poolgrad_const_image_get(d, n, c, 0, y, x), unit = g->wide ? ldexp(1, -53) : ldexp(1, -24);
        const double error = (plane[i].terms + 4) * unit * plane[i].magnitude + 2 * unit_of(d->format) * fabs(right) +
                             ldexp(1, -24);
        cr_assert_eq(plane[i].known, written);
        cr_assert(!written || right == plane[i].value || fabs(right - plane[i].value) <= error,
                  "seed %llu: n %lld c %lld y %lld x %lld is %.17g, expected %.17g", (unsigned long long)seed,
                  (long long)n, (long long)c, (long long)y, (long long)x, plane[i].value, right);
    }
    free(plane);
}

Test(causes, without_a_mistake_all_is_right)
{
    const case_data data[] = {DATA_TIES, DATA_RELU, DATA_WHOLE, DATA_POSITIVE};
    random_sweep sweep = random_sweep_start_costly("without_a_mistake", 500, 10);
    while (random_sweep_next(&sweep)) {
        const case_limits limits = {.no_adding = true, .data = data[sweep.seed % 4], .unit = 1, .greatest_kernel = 9};
        test_case made;
        poolgrad_declaration declaration;
        poolgrad_verification *v;
        case_make_within(&made, sweep.seed, &limits);
        poolgrad_declaration_init(&declaration, sizeof declaration);
        run(&made.problem);
        made.problem.picks = (poolgrad_image){0};
        cr_assert_eq(poolgrad_verify(&made.problem, &declaration, &v, NULL), POOLGRAD_OK);
        const poolgrad_image *d = &made.problem.destination;
        for (int64_t i = 0; i < d->images * d->channels && d->height * d->width > 0; i++) {
            compare_plane(v, i / d->channels, i % d->channels, sweep.seed);
        }
        poolgrad_verification_destroy(v);
        case_free(&made);
    }
}

/* ---- Any problem ------------------------------------------------------------------------------------------------- */

/* Sorted by what they explain, as far as that can be seen, and none that explains nothing. */
static void expect_sound(const poolgrad_verification *verification, uint64_t seed)
{
    const int64_t wrong = poolgrad_verification_count(verification, POOLGRAD_VERDICT_WRONG);
    const int64_t count = poolgrad_verification_cause_count(verification);
    cr_assert(wrong > 0 || count == 0, "seed %llu", (unsigned long long)seed);
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_cause *cause = poolgrad_verification_cause(verification, i);
        cr_assert(cause->explained > 0 && cause->explained <= wrong && cause->wrong == wrong, "seed %llu, %s",
                  (unsigned long long)seed, cause->name);
        cr_assert(cause->name[0] != 0 && cause->sentence[0] != 0);
        cr_assert(i == 0 || 2 * poolgrad_verification_cause(verification, i - 1)->explained >= cause->explained);
    }
}

/* Every second element of a right result is another number; before is what was there, or is not known. */
Test(causes, are_sound_for_any_problem)
{
    random_sweep sweep = random_sweep_start_costly("sound_for_any_problem", 300, 10);
    while (random_sweep_next(&sweep)) {
        const case_limits limits = {.no_adding = true};
        test_case made;
        struct scene s = {.random = sweep.seed};
        poolgrad_declaration declaration;
        poolgrad_verification *verification;
        case_make_within(&made, sweep.seed, &limits);
        run(&made.problem);
        made.problem.picks = (poolgrad_image){0};
        const poolgrad_image *d = &made.problem.destination;
        poolgrad_declaration_init(&declaration, sizeof declaration);
        s.before = make_image(
            &s, (poolgrad_image){.images = d->images, .channels = d->channels, .height = d->height, .width = d->width},
            d->format);
        fill(&s, &s.before, any_number);
        const poolgrad_const_image before = view_read(s.before);
        if (sweep.seed % 2) declaration.before = &before;
        for (int64_t i = 0; i < d->images * d->channels * d->height * d->width; i++) {
            const int64_t plane = i / d->width / d->height, y = i / d->width % d->height;
            if (draw(&s) < 0) continue;
            set(d, (const int64_t[]){plane / d->channels, plane % d->channels, y, i % d->width}, 3 * draw(&s));
        }
        cr_assert_eq(poolgrad_verify(&made.problem, &declaration, &verification, NULL), POOLGRAD_OK);
        cr_assert_eq(poolgrad_verification_find_causes(verification, NULL), POOLGRAD_OK);
        expect_sound(verification, sweep.seed);
        poolgrad_verification_destroy(verification);
        scene_clear(&s);
        case_free(&made);
    }
}

/* ---- Where all of them lie --------------------------------------------------------------------------------------- */

/* Of an image of three channels and SIDE x SIDE pixels with wrong elements at every place (channel, row, column) that a
 * progression of so many has. */
static void expect_where(int64_t count, const int64_t first[3], const int64_t step[3], const char *expected)
{
    enum { SIDE = 40, CHANNELS = 3 };
    static float source[CHANNELS * SIDE * SIDE], actual[CHANNELS * SIDE * SIDE];
    poolgrad_problem p;
    poolgrad_declaration declaration;
    poolgrad_verification *v;
    poolgrad_error error = {"", ""};
    poolgrad_problem_init(&p, sizeof p);
    for (int i = 0; i < CHANNELS * SIDE * SIDE; i++) source[i] = actual[i] = (float)(i % 97);
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = (first[0] + i * step[0]) * SIDE + first[1] + i * step[1];
        for (int64_t x = 0; x < (step[2] < 0 ? SIDE : 1); x++)
            actual[row * SIDE + (step[2] < 0 ? x : first[2] + i * step[2])] += 1000 + (float)(i * i + x);
    }
    p.source = poolgrad_const_image_dense(source, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, CHANNELS, SIDE, SIDE);
    p.destination = poolgrad_image_dense(actual, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, CHANNELS, SIDE, SIDE);
    poolgrad_declaration_init(&declaration, sizeof declaration);
    cr_assert_eq(poolgrad_verify(&p, &declaration, &v, &error), POOLGRAD_OK, "%s: %s", error.field, error.message);
    cr_assert_eq(poolgrad_verification_find_causes(v, NULL), POOLGRAD_OK);
    cr_expect_str_eq(poolgrad_verification_where(v), expected);
    poolgrad_verification_destroy(v);
}

/* A pattern is three lines at least, and most of those that it speaks of. A step of -1 stands for whole rows. */
Test(causes, places_of_wrong_elements)
{
    expect_where(2, (int64_t[]){0, 3, 3}, (int64_t[]){2, 30, 17}, "channels 0 and 2, rows 3 and 33, columns 3 and 20");
    expect_where(2, (int64_t[]){1, 0, 0}, (int64_t[]){0, 39, 39}, "channel 1, rows 0 and 39, columns 0 and 39");
    expect_where(5, (int64_t[]){0, 3, 0}, (int64_t[]){0, 8, -1}, "channel 0, rows = 3 mod 8");
    expect_where(20, (int64_t[]){2, 1, 0}, (int64_t[]){0, 2, -1}, "channel 2, odd rows");
    expect_where(3, (int64_t[]){0, 0, 0}, (int64_t[]){0, 4, -1}, "channel 0");
}

/* What stands behind a struct's last field is anything. */
Test(causes, knobs_that_do_the_same_are_one)
{
    struct poolgrad_knobs knobs = {.index_shift = 1};
    const size_t behind = offsetof(poolgrad_const_image, expanded) + sizeof knobs.geometry.source.expanded;
    const uint64_t hash = poolgrad_careless_hash(&knobs);
    memset((unsigned char *)&knobs.geometry.source + behind, 0xaa, sizeof knobs.geometry.source - behind);
    memset(&knobs.geometry.x.ordered + 1, 0xaa, sizeof knobs.geometry.x - offsetof(struct poolgrad_axis, ordered) - 1);
    memset(&knobs.box.shown + 1, 0xaa, sizeof knobs.box - offsetof(struct poolgrad_box, shown) - 1);
    cr_expect_eq(poolgrad_careless_hash(&knobs), hash);
    knobs.result.taken = POOLGRAD_ORDER_DHWC;
    cr_expect_neq(poolgrad_careless_hash(&knobs), hash);
}
