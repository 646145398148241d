/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode fast gives the bits of mode reference: for every instruction set that is usable here, any number of threads and
 * any split, on random problems whose sizes fill vectors and leave tails. POOLGRAD_TEST_SEED and POOLGRAD_TEST_CASES
 * repeat a case or lengthen the run; POOLGRAD_MAX_ISA narrows it.
 */
#include "support/case.h"
#include "support/contender.h"
#include "support/encoding.h"
#include "support/literal.h"
#include "support/report.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the fast path computes besides what MPS has; volumes are not drawn with `wide`. */
enum { FAST_BEYOND = CASE_BEYOND & ~CASE_VOLUMES };

static void sweep(const char *name, int64_t cases, int percent, const case_limits *limits, trial_check *check)
{
    trial_sweep("fast", name, cases, percent, limits, check);
}

/* ---- The same bits --------------------------------------------------------------------------------------------- */

/* By every instruction set, on the threads the case asks for. */
static bool all_agree(test_case *made, contender_way way, const contender_result *expected)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = contender_isas(isas);
    bool held = true;
    for (int i = 0; held && i < count; ++i)
        held = contender_agrees(made, isas[i], made->problem.threads, way, expected);
    return held;
}

static bool check_bits(test_case *made, bool *telling)
{
    contender_result expected;
    bool held = contender_expect(made, true, &expected) && all_agree(made, CONTENDER_RUN, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

Test(fast, forward)
{
    case_limits limits = {.wide = true, .directions = CASE_SET(POOLGRAD_FORWARD)};
    sweep("forward", 3000, 75, &limits, check_bits);
    limits.beyond = FAST_BEYOND;
    sweep("forward", 3000, 75, &limits, check_bits);
}

Test(fast, gradient)
{
    case_limits limits = {.wide = true, .directions = CASE_SET(POOLGRAD_GRADIENT)};
    sweep("gradient", 5000, 55, &limits, check_bits);
    limits.beyond = FAST_BEYOND;
    sweep("gradient", 5000, 55, &limits, check_bits);
}

/* Nothing is read or written beyond the first and the last byte of any image, not by a vector's last lanes either. */
Test(fast, guard)
{
    case_limits limits = {.wide = true, .beyond = FAST_BEYOND, .guard = CASE_GUARD_BEHIND};
    sweep("guard", 2500, 60, &limits, check_bits);
    limits.guard = CASE_GUARD_BEFORE;
    sweep("guard", 2500, 60, &limits, check_bits);
}

/* The small windows that have code of their own, in the formats and rules that most networks use. */
Test(fast, usual)
{
    const unsigned formats = CASE_SET(POOLGRAD_FLOAT32) | CASE_SET(POOLGRAD_FLOAT16);
    sweep("usual", 3000, 60,
          &(case_limits){.wide = true,
                         .source_formats = formats,
                         .gradient_formats = formats,
                         .destination_formats = formats,
                         .ties = CASE_SET(POOLGRAD_TIES_FIRST),
                         .nans = CASE_SET(POOLGRAD_NAN_FIRST),
                         .greatest_kernel = 3},
          check_bits);
}

/* Sizes, windows and offsets beyond all reason, that only the description makes small. */
Test(fast, extreme)
{
    sweep("extreme", 2000, 50, &(case_limits){0}, check_bits);
    sweep("extreme", 3000, 45, &(case_limits){.beyond = CASE_BEYOND}, check_bits);
}

/* ---- Windows that span far more than the image ------------------------------------------------------------------ */

/* Taps and windows lie so far from each other along the axis that no product of these distances is a number; one tap
 * of one window lies inside or beside the image. */
static void stretch(random_state *r, poolgrad_problem *p, bool vertical)
{
    static const int64_t distances[] = {1, 2, 70, INT32_MAX, INT64_C(1) << 31, INT64_C(1) << 45, INT64_C(1) << 58};
    enum { DISTANCES = sizeof distances / sizeof *distances };
    poolgrad_window *w = &p->window;
    const poolgrad_image *written = &p->destination;
    const poolgrad_const_image *image = p->direction == POOLGRAD_FORWARD ? NULL : &p->source_gradient;
    const int64_t width = image ? image->width : written->width, height = image ? image->height : written->height;
    const int64_t windows = vertical ? height : width, size = vertical ? p->source.height : p->source.width;
    int64_t *const kernel = vertical ? &w->kernel_height : &w->kernel_width;
    int64_t *const stride = vertical ? &w->stride_y : &w->stride_x;
    int64_t *const dilation = vertical ? &w->dilation_y : &w->dilation_x;
    const int64_t most = INT64_C(1) << 59, far = distances[random_between(r, 0, DISTANCES - 1)];
    if ((vertical ? p->windows_y.count : p->windows_x.count) > 0 || windows < 1 || size < 1) return;
    *kernel = random_between(r, 1, 3);
    *dilation = *kernel == 1 && random_chance(r, 50) ? 4 * most : far;
    *stride = random_chance(r, 50) ? far : distances[random_between(r, 0, DISTANCES - 1)];
    if (*stride > most / windows) *stride = most / windows;
    const int64_t tap = random_between(r, 0, *kernel - 1), window = random_between(r, 0, windows - 1);
    const int64_t first = random_between(r, -1, size) - tap * *dilation - window * *stride;
    const int64_t offset = first + ((*kernel - 1) * *dilation + 1) / 2;
    *(vertical ? &p->offset_y : &p->offset_x) = offset + (vertical ? p->kernel_offset_y : p->kernel_offset_x);
}

static bool check_stretched(test_case *made, bool *telling)
{
    random_state r = {made->seed ^ UINT64_C(0xfa5)};
    const bool vertical = random_chance(&r, 30);
    stretch(&r, &made->problem, vertical);
    if (random_chance(&r, 30)) stretch(&r, &made->problem, !vertical);
    contender_result expected;
    bool held = contender_expect(made, false, &expected) && all_agree(made, CONTENDER_PLAN, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

Test(fast, stretched)
{
    sweep("stretched", 2000, 10, &(case_limits){.whole = true}, check_stretched);
    sweep("stretched", 2000, 10, &(case_limits){.beyond = CASE_BEYOND}, check_stretched);
}

/* ---- Splits ---------------------------------------------------------------------------------------------------- */

static bool check_splits(test_case *made, bool *telling)
{
    contender_result expected;
    bool held = contender_expect(made, true, &expected) && all_agree(made, CONTENDER_PIECES, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

/* ---- Strides that nobody takes --------------------------------------------------------------------------------- */

/* One row, or one column, whose stride is any number: nothing is computed with it, and no time is spent on it. */
Test(fast, strides_of_one)
{
    static const int64_t strides[] = {PTRDIFF_MAX, -PTRDIFF_MAX, PTRDIFF_MAX / 8, 7, 1};
    unsigned char pixels[40];
    for (int i = 0; i < 40; ++i) pixels[i] = (unsigned char)(i * 29);
    for (int i = 0; i < 20; ++i) {
        float gradient[20], expected[40], found[40];
        const bool row = i % 2 == 0;
        poolgrad_problem p;
        poolgrad_error error = {"", ""};
        for (int k = 0; k < 20; ++k) gradient[k] = (float)k;
        poolgrad_problem_init(&p, sizeof p);
        p.direction = POOLGRAD_GRADIENT;
        p.kind = i % 4 < 2 ? POOLGRAD_MAX : POOLGRAD_L2NORM;
        p.window = (poolgrad_window){2, 2, 1, 2, 2, 1, 1, 1, 1};
        p.edge_mode = POOLGRAD_EDGE_CLAMP;
        p.source = poolgrad_const_image_dense(pixels, POOLGRAD_UNORM8, POOLGRAD_NCHW, 1, 1, row ? 1 : 40, row ? 40 : 1);
        p.source.row_stride = row ? strides[i / 4] : 1;
        p.source.column_stride = row ? 1 : strides[i / 4];
        p.source_gradient = poolgrad_const_image_dense(gradient, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, row ? 1 : 20,
                                                       row ? 20 : 1);
        p.destination = poolgrad_image_dense(expected, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, p.source.height,
                                             p.source.width);
        p.mode = POOLGRAD_MODE_REFERENCE;
        poolgrad_status status = poolgrad_run(&p, &error);
        cr_assert_eq(status, POOLGRAD_OK, "%s", error.message);
        p.mode = POOLGRAD_MODE_FAST;
        p.destination.data = found;
        cr_assert_eq(poolgrad_run(&p, &error), POOLGRAD_OK, "%s", error.message);
        cr_expect_arr_eq(found, expected, sizeof found, "case %d", i);
    }
}

/* Units in random pieces over two threads of the caller's. */
Test(fast, splits)
{
    sweep("splits", 1500, 55, &(case_limits){.wide = true, .beyond = FAST_BEYOND}, check_splits);
}

static bool agree_on_threads(test_case *made, const int *counts, size_t how_many, const contender_result *expected)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = contender_isas(isas);
    bool held = true;
    for (int i = 0; i < count; ++i)
        for (size_t j = 0; held && j < how_many; ++j)
            held = contender_agrees(made, isas[i], counts[j], CONTENDER_RUN, expected);
    return held;
}

static bool check_threads(test_case *made, bool *telling)
{
    static const int counts[] = {1, 2, 3};
    contender_result expected;
    bool held = contender_expect(made, true, &expected) &&
                agree_on_threads(made, counts, sizeof counts / sizeof *counts, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

/* Planes large enough that threads share them. */
Test(fast, threads)
{
    sweep("threads", 50, 50, &(case_limits){.wide = true, .large = true, .greatest_kernel = 4, .beyond = FAST_BEYOND},
          check_threads);
}

/* ---- Beyond the caches ----------------------------------------------------------------------------------------- */

/* Images of 46 MiB and more, whose rows and ends are not whole cache lines. */
enum { LONG_SIDE = 871, BYTES_PER_PIXEL = 64 };

typedef struct big_case {
    poolgrad_direction direction;
    poolgrad_kind kind;
    poolgrad_layout layout;
    poolgrad_format format, picks;
    int add_to_destination;
    int64_t kernel, stride;
} big_case;

static const big_case big_cases[] = {
    {POOLGRAD_GRADIENT, POOLGRAD_MAX, POOLGRAD_NCHW, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 0, 2, 2},
    {POOLGRAD_FORWARD, POOLGRAD_AVERAGE, POOLGRAD_NC4HW4, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 0, 2, 1},
    {POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, POOLGRAD_NCHW, POOLGRAD_FLOAT16, POOLGRAD_FORMAT_NONE, 0, 3, 2},
    {POOLGRAD_GRADIENT, POOLGRAD_L2NORM, POOLGRAD_NHWC, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 0, 2, 2},
    {POOLGRAD_FORWARD, POOLGRAD_MAX, POOLGRAD_NHWC, POOLGRAD_FLOAT32, POOLGRAD_INT32, 0, 2, 1},
    {POOLGRAD_GRADIENT, POOLGRAD_MAX, POOLGRAD_NC4HW4, POOLGRAD_FLOAT64, POOLGRAD_FORMAT_NONE, 0, 2, 3},
    {POOLGRAD_GRADIENT, POOLGRAD_AVERAGE, POOLGRAD_NHWC, POOLGRAD_FLOAT32, POOLGRAD_FORMAT_NONE, 1, 3, 3},
};

enum { BIG_CASES = sizeof big_cases / sizeof *big_cases };

/* The image's memory, on no boundary but an element's, and in it whole numbers from -8 to 8. */
static void big_make_image(poolgrad_image *image, guard_buffer *buffer, random_state *r)
{
    enum { GREATEST = 8, NUMBERS = 2 * GREATEST + 1 };
    size_t element = number_size(image->format), count = (size_t)view_range_of(image).end;
    poolgrad_image numbers = {.format = image->format, .images = 1, .channels = 1, .height = 1, .width = NUMBERS};
    numbers = view_new(image->format, POOLGRAD_NCHW, &numbers, 0);
    for (int64_t i = 0; i < NUMBERS; ++i) view_set_number(&numbers, 0, 0, 0, i, (double)(i - GREATEST));
    guard_make(buffer, (count + 1) * element, GUARD_BEHIND);
    image->data = buffer->bytes + element;
    for (size_t i = 0; i < count; ++i)
        memcpy((unsigned char *)image->data + i * element,
               (unsigned char *)numbers.data + random_bits(r) % NUMBERS * element, element);
    guard_keep(buffer);
    view_free(&numbers);
}

static poolgrad_image big_size(const big_case *big, int64_t side)
{
    const int64_t channels = BYTES_PER_PIXEL / (int64_t)number_size(big->format);
    return poolgrad_image_dense(NULL, big->format, big->layout, 1, channels, side, side);
}

static void big_make(test_case *made, int number)
{
    const big_case *big = &big_cases[number];
    poolgrad_problem *p = &made->problem;
    random_state r = {(uint64_t)number};
    *made = (test_case){.seed = (uint64_t)number};
    poolgrad_problem_init(p, sizeof *p);
    p->direction = big->direction;
    p->kind = big->kind;
    p->add_to_destination = big->add_to_destination;
    p->window = (poolgrad_window){big->kernel, big->kernel, 1, big->stride, big->stride, 1, 1, 1, 1};
    poolgrad_image source = big_size(big, LONG_SIDE),
                   windows = big_size(big, (LONG_SIDE + big->stride - 1) / big->stride);
    p->destination = p->direction == POOLGRAD_FORWARD ? windows : source;
    big_make_image(&source, &made->source, &r);
    big_make_image(&p->destination, &made->destination, &r);
    p->source = view_read(source);
    if (p->direction == POOLGRAD_GRADIENT) {
        big_make_image(&windows, &made->source_gradient, &r);
        p->source_gradient = view_read(windows);
    } else if (big->picks != POOLGRAD_FORMAT_NONE) {
        p->picks = windows;
        p->picks.format = big->picks;
        guard_make(&made->picks, (size_t)view_range_of(&p->picks).end * number_size(big->picks), GUARD_BEHIND);
        p->picks.data = made->picks.bytes;
    }
}

/* Destinations that no cache holds, which may be written past them. A case takes the time of hundreds of others. */
Test(fast, big)
{
    enum { WORTH = 100 };
    static const int counts[] = {1, 3};
    int64_t wanted = random_sweep_start_costly("big", BIG_CASES, WORTH).cases;
    for (int i = 0; i < BIG_CASES && i < wanted; ++i) {
        test_case made;
        big_make(&made, i);
        report_begin("fast", "big", &made);
        contender_result expected;
        cr_assert(contender_expect(&made, true, &expected) && agree_on_threads(&made, counts, 2, &expected), "case %d",
                  i);
        contender_forget(&expected);
        case_free(&made);
    }
}

/* ---- Indices that are none ------------------------------------------------------------------------------------- */

/* Any number in place of one index in four: near the plane's, a tap of another window, or random bits. */
static void spoil_indices(test_case *made)
{
    const poolgrad_problem *p = &made->problem;
    const poolgrad_image writable = view_writable(&p->indices), *indices = &writable;
    random_state r = {made->seed ^ UINT64_C(0xbad)};
    VIEW_EACH(at, indices)
    {
        if (!random_chance(&r, 25)) continue;
        int64_t near = random_between(&r, -3, view_depth(&p->source) * p->source.height * p->source.width + 3);
        view_set_bits_at(indices, at, random_chance(&r, 70) ? (uint64_t)near : random_bits(&r));
    }
    guard_keep(&made->indices);
}

static bool check_hostile_indices(test_case *made, bool *telling)
{
    if (!made->indices.mapping || view_is_empty(&made->problem.indices)) return true;
    spoil_indices(made);
    contender_result expected;
    bool held = contender_expect(made, false, &expected) && all_agree(made, CONTENDER_PLAN, &expected);
    *telling = held && contender_telling(made, &expected);
    contender_forget(&expected);
    return held;
}

/* A plan's run takes whatever the indices hold; those that are no tap of their window contribute nothing. */
Test(fast, hostile_indices)
{
    case_limits limits = {.wide = true,
                          .directions = CASE_SET(POOLGRAD_GRADIENT),
                          .kinds = CASE_SET(POOLGRAD_MAX),
                          .beyond = CASE_BLOCKED};
    sweep("hostile_indices", 2500, 18, &limits, check_hostile_indices);
    limits = (case_limits){.kinds = CASE_SET(POOLGRAD_MAX), .beyond = CASE_BEYOND};
    sweep("hostile_indices", 1500, 12, &limits, check_hostile_indices);
}

/* ---- Indices that are refused ---------------------------------------------------------------------------------- */

/* The windows that count, and what places their taps. */
typedef struct window_range {
    const poolgrad_problem *p;
    literal_span n, c;
    literal_axis axes[LITERAL_AXES];
} window_range;

static window_range counted_windows(const poolgrad_problem *p)
{
    const bool forward = p->direction == POOLGRAD_FORWARD;
    int64_t c = forward ? p->destination_channel_offset : p->gradient_channel_offset;
    int64_t n = forward ? p->clip.image : p->gradient_region.image;
    window_range range = {.p = p, .n = {n, n + literal_images(p)}, .c = {c, c + literal_channels(p)}};
    for (int i = 0; i < LITERAL_AXES; ++i) range.axes[i] = literal_axis_of(p, (literal_direction)i);
    return range;
}

static bool is_any(const window_range *range)
{
    bool any = range->n.first < range->n.end && range->c.first < range->c.end;
    for (int i = 0; i < LITERAL_AXES; ++i) any = any && literal_length(range->axes[i].counted) > 0;
    return any;
}

/* The number that stands for a tap, of the window or beside it; *inside: whether it is one of the source's. */
static int64_t number_of_tap(const window_range *range, view_place at, const int64_t k[LITERAL_AXES], bool *inside)
{
    const int64_t pixel[LITERAL_AXES] = {at.z, at.y, at.x};
    int64_t number = 0, place = 0;
    *inside = true;
    for (int i = 0; i < LITERAL_AXES; ++i) {
        const literal_axis *axis = &range->axes[i];
        int64_t tap = literal_tap(axis, pixel[i], k[i]);
        number = number * literal_taps(axis, pixel[i]) + k[i];
        place = (int64_t)((uint64_t)place * (uint64_t)axis->source + (uint64_t)tap); /* far ones wrap around */
        *inside = *inside && tap >= 0 && tap < axis->source;
    }
    return view_holds_taps(&range->p->indices) ? number : place;
}

/* Whether the window's index is none or the number of a tap inside the source: each of them is looked at. */
static bool is_right(const window_range *range, view_place at)
{
    const literal_axis *a = range->axes;
    const int64_t index = view_index_at(&range->p->indices, at);
    const int64_t taps[LITERAL_AXES] = {literal_taps(&a[ALONG_DEPTH], at.z), literal_taps(&a[ALONG_HEIGHT], at.y),
                                        literal_taps(&a[ALONG_WIDTH], at.x)};
    if (index == -1) return true;
    for (int64_t i = 0; i < taps[0] * taps[1] * taps[2]; ++i) {
        const int64_t k[LITERAL_AXES] = {i / taps[2] / taps[1], i / taps[2] % taps[1], i % taps[2]};
        bool inside;
        if (number_of_tap(range, at, k, &inside) == index && inside) return true;
    }
    return false;
}

/* The first window whose index is not right. */
static bool find_wrong(const window_range *range, view_place *at)
{
    const literal_axis *a = range->axes;
    for (at->n = range->n.first; at->n < range->n.end; ++at->n)
        for (at->c = range->c.first; at->c < range->c.end; ++at->c)
            LITERAL_EACH(*at, a[ALONG_DEPTH].counted, a[ALONG_HEIGHT].counted, a[ALONG_WIDTH].counted)
    if (!is_right(range, *at)) return true;
    return false;
}

/* Often one of the ends, or next to it. */
static int64_t choose_from(random_state *r, literal_span span)
{
    int64_t last = span.end - 1, next = span.first < last;
    switch (random_between(r, 0, 5)) {
    case 0: return span.first;
    case 1: return last;
    case 2: return span.first + next;
    case 3: return last - next;
    default: return random_between(r, span.first, last);
    }
}

/* A tap's number, of the window or next to it, now and then one off or with a bit that a narrower format does not have;
 * or random bits. */
static uint64_t choose_number(const window_range *range, view_place at, random_state *r)
{
    const int64_t pixel[LITERAL_AXES] = {at.z, at.y, at.x};
    int64_t k[LITERAL_AXES];
    bool inside;
    for (int i = 0; i < LITERAL_AXES; ++i) {
        const int64_t taps = literal_taps(&range->axes[i], pixel[i]);
        k[i] = taps == 1 && i == ALONG_DEPTH ? 0 : random_between(r, -1, taps);
    }
    int64_t number = number_of_tap(range, at, k, &inside);
    if (random_chance(r, 10)) return random_bits(r);
    if (random_chance(r, 20)) number += random_chance(r, 50) ? 1 : -1;
    return (uint64_t)number ^ (random_chance(r, 20) ? UINT64_C(1) << random_between(r, 7, 63) : 0);
}

static void clear_indices(const poolgrad_image *indices)
{
    VIEW_EACH(at, indices) view_set_bits_at(indices, at, UINT64_MAX);
}

/* Changes a few indices, most often one; the others are taps, or none. */
static void change_indices(test_case *made)
{
    const poolgrad_problem *p = &made->problem;
    random_state r = {made->seed ^ UINT64_C(0xbad)};
    const window_range range = counted_windows(p);
    const poolgrad_image indices = view_writable(&p->indices);
    if (random_chance(&r, 50)) clear_indices(&indices);
    for (int64_t changes = random_chance(&r, 70) ? 1 : random_between(&r, 0, 4); changes > 0; --changes) {
        const view_place at = {.n = choose_from(&r, range.n),
                               .c = choose_from(&r, range.c),
                               .z = choose_from(&r, range.axes[ALONG_DEPTH].counted),
                               .y = choose_from(&r, range.axes[ALONG_HEIGHT].counted),
                               .x = choose_from(&r, range.axes[ALONG_WIDTH].counted)};
        view_set_bits_at(&indices, at, choose_number(&range, at, &r));
    }
    guard_keep(&made->indices);
}

/* Whether refusals speak of a third axis: unless it is one pixel and its window. */
static bool has_third_axis(const poolgrad_problem *p)
{
    const literal_axis z = literal_axis_of(p, ALONG_DEPTH);
    return z.table || z.source != 1 || z.kernel != 1 || z.counted.first != 0 || z.counted.end != 1 ||
           literal_tap(&z, 0, 0) != 0;
}

/* A source without pixels has no width and no height. */
static void write_refusal(const poolgrad_problem *p, view_place at, char *sentence, size_t size)
{
    const poolgrad_const_image *indices = &p->indices, *source = &p->source;
    const bool taps = view_holds_taps(indices), empty = source->width == 0 || source->height == 0;
    const bool deep = has_third_axis(p);
    const char *number = deep ? "(kz * kernel height + ky) * kernel width + kx" : "ky * kernel width + kx";
    const char *place = deep ? "(z * height + y) * width + x" : "y * width + x";
    const uint64_t greatest = UINT64_MAX >> (64 - 8 * number_size(indices->format));
    char z[40] = "", depth[40] = "";
    if (deep) snprintf(z, sizeof z, "z %" PRId64 ", ", at.z);
    if (deep) snprintf(depth, sizeof depth, " x %" PRId64, view_depth(source));
    snprintf(sentence, size,
             "indices at (n %" PRId64 ", c %" PRId64 ", %sy %" PRId64 ", x %" PRId64 ") is %" PRId64
             "; expected %" PRId64 " or %s of a tap of that window inside the %" PRId64 " x %" PRId64 "%s source",
             at.n, at.c, z, at.y, at.x, view_index_at(indices, at), taps ? (int64_t)greatest : -1,
             taps ? number : place, empty ? 0 : source->width, empty ? 0 : source->height, depth);
}

static bool is_refused(const test_case *made, const char *sentence)
{
    poolgrad_error error = {"", ""};
    if (poolgrad_check_indices(&made->problem, &error) != POOLGRAD_INVALID || strcmp(error.message, sentence) != 0)
        return report_failure("expected \"%s\", not \"%s\"", sentence, error.message);
    if (poolgrad_run(&made->problem, NULL) != POOLGRAD_INVALID || !guard_unchanged(&made->destination))
        return report_failure("run, although \"%s\"", sentence);
    return true;
}

static bool check_refused_indices(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_error error = {"", ""};
    view_place at = {0};
    char sentence[sizeof error.message];
    if (!made->indices.mapping || view_is_empty(&p->indices)) return true;
    const window_range range = counted_windows(p);
    const bool any = is_any(&range);
    if (any) change_indices(made);
    *telling = any && find_wrong(&range, &at);
    if (!*telling) return report_status(poolgrad_check_indices(p, &error), &error);
    write_refusal(p, at, sentence, sizeof sentence);
    return is_refused(made, sentence);
}

/* The first index that is none of its window's is named, wherever it is and however it is stored; no byte around the
 * indices is read. */
Test(fast, refused_indices)
{
    case_limits limits = {.wide = true,
                          .directions = CASE_SET(POOLGRAD_GRADIENT),
                          .kinds = CASE_SET(POOLGRAD_MAX),
                          .guard = CASE_GUARD_BEHIND};
    sweep("refused_indices", 5000, 15, &limits, check_refused_indices);
    limits.guard = CASE_GUARD_BEFORE;
    sweep("refused_indices", 5000, 15, &limits, check_refused_indices);
    limits.wide = false;
    sweep("refused_indices", 4000, 15, &limits, check_refused_indices);
    limits.directions = 0;
    limits.beyond = CASE_BEYOND;
    sweep("refused_indices", 4000, 15, &limits, check_refused_indices);
}

/* More windows than the library looks at together; all of them have picked none. */
static poolgrad_problem of_many_windows(poolgrad_format format, poolgrad_layout layout)
{
    enum { SIDE = 150 };
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = POOLGRAD_GRADIENT;
    p.kind = POOLGRAD_MAX;
    p.window = (poolgrad_window){3, 2, 1, 1, 1, 1, 1, 1, 1};
    p.source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, layout, 3, 6, SIDE, SIDE);
    p.source_gradient = view_read(view_new(POOLGRAD_FLOAT32, layout, &p.source, 0));
    p.destination = view_new(POOLGRAD_FLOAT32, layout, &p.source, 0);
    p.indices = view_read(view_new(format, layout, &p.source, UINT8_MAX));
    return p;
}

/* In the order of refusals. */
static view_place nth_window(const poolgrad_problem *p, int64_t i)
{
    const poolgrad_const_image *indices = &p->indices;
    view_place at = {.x = i % indices->width, .y = i / indices->width % indices->height};
    at.c = i / indices->width / indices->height % indices->channels;
    at.n = i / indices->width / indices->height / indices->channels;
    return at;
}

/* Whether all are right but one that is set and taken back. */
static bool is_refused_at(const poolgrad_problem *p, int64_t i)
{
    static const int64_t beside[LITERAL_AXES] = {0, 2, 1};
    const window_range range = counted_windows(p);
    const view_place at = nth_window(p, i);
    poolgrad_error error = {"", ""};
    bool inside;
    char sentence[sizeof error.message];
    const poolgrad_image indices = view_writable(&p->indices);
    bool right = poolgrad_check_indices(p, NULL) == POOLGRAD_OK;
    view_set_bits_at(&indices, at, (uint64_t)number_of_tap(&range, at, beside, &inside));
    write_refusal(p, at, sentence, sizeof sentence);
    bool refused = poolgrad_check_indices(p, &error) == POOLGRAD_INVALID && strcmp(error.message, sentence) == 0;
    view_set_bits_at(&indices, at, UINT64_MAX);
    return right && refused;
}

/* The last one, and those around powers of two, where loops may be cut. */
static bool is_refused_anywhere(const poolgrad_problem *p)
{
    const poolgrad_const_image *indices = &p->indices;
    int64_t count = indices->images * indices->channels * indices->height * indices->width;
    bool refused = is_refused_at(p, count - 1);
    for (int64_t i = 1; refused && i < count; i *= 2) refused = is_refused_at(p, i - 1) && is_refused_at(p, i);
    return refused;
}

Test(fast, refused_indices_of_many_windows)
{
    static const poolgrad_format formats[] = {POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP8, POOLGRAD_TAP16,
                                              POOLGRAD_TAP32};
    static const poolgrad_layout layouts[] = {POOLGRAD_NCHW, POOLGRAD_NHWC, POOLGRAD_NC4HW4, POOLGRAD_NC8HW8};
    for (int i = 0; i < 5 * 4; ++i) {
        poolgrad_problem p = of_many_windows(formats[i / 4], layouts[i % 4]);
        cr_expect(is_refused_anywhere(&p), "%s, layout %d", poolgrad_format_name(p.indices.format), i % 4);
        view_free_read(&p.source_gradient);
        view_free(&p.destination);
        view_free_read(&p.indices);
    }
}

/* ---- Which kernel ---------------------------------------------------------------------------------------------- */

/* "direction/kind/lanes/.../avx2" */
static bool is_fast_name(const char *name, const poolgrad_problem *p)
{
    char prefix[48];
    snprintf(prefix, sizeof prefix, "%s/%s/lanes/", poolgrad_direction_name(p->direction), poolgrad_kind_name(p->kind));
    return strncmp(name, prefix, strlen(prefix)) == 0 &&
           strcmp(strrchr(name, '/') + 1, poolgrad_isa_name(p->max_isa)) == 0;
}

/* Where no window is counted, the plain loops clear what is written. */
static bool pools_nothing(const poolgrad_problem *p)
{
    const window_range range = counted_windows(p);
    return !is_any(&range) || view_is_empty(&p->source);
}

static bool check_is_fast(test_case *made, bool *telling)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = pools_nothing(&made->problem) ? 0 : contender_isas(isas);
    for (int i = 0; i < count; ++i) {
        poolgrad_problem p = made->problem;
        poolgrad_error error = {"", ""};
        poolgrad_plan *plan;
        p.mode = POOLGRAD_MODE_FAST;
        p.max_isa = isas[i];
        if (!report_status(poolgrad_plan_create(&p, &plan, &error), &error)) return false;
        *telling = poolgrad_plan_units(plan) > 0;
        bool fast = !*telling || is_fast_name(poolgrad_plan_kernel(plan), &p) ||
                    report_failure("bound to %s, the kernel is \"%s\"", poolgrad_isa_name(isas[i]),
                                   poolgrad_plan_kernel(plan));
        poolgrad_plan_destroy(plan);
        if (!fast) return false;
    }
    return true;
}

/* Nothing is left to the plain loops. */
static void expect_fast(const char *name, poolgrad_direction direction)
{
    const case_limits limits = {.wide = true, .beyond = FAST_BEYOND, .directions = CASE_SET(direction)};
    sweep(name, 3000, 70, &limits, check_is_fast);
}

/* One layer of windows over another; x and y are like those of planes. */
Test(fast, is_fast_volume)
{
    enum { DEPTH = 4, SIDE = 6, CHANNELS = 3 };
    static float source[CHANNELS * DEPTH * SIDE * SIDE], result[CHANNELS * DEPTH * SIDE * SIDE];
    static const poolgrad_layout layouts[] = {POOLGRAD_NCHW, POOLGRAD_NHWC};
    for (int i = 0; i < 2 * 2 * 3; ++i) {
        poolgrad_problem p;
        poolgrad_plan *plan;
        poolgrad_error error = {"", ""};
        poolgrad_problem_init(&p, sizeof p);
        p.direction = (poolgrad_direction)(i % 2);
        p.kind = (poolgrad_kind)(i / 4);
        p.window.kernel_depth = p.window.kernel_height = p.window.kernel_width = 3;
        p.max_isa = POOLGRAD_ISA_SCALAR;
        p.source = poolgrad_const_image_dense_3d(source, POOLGRAD_FLOAT32, layouts[i / 2 % 2], 1, CHANNELS, DEPTH, SIDE,
                                                 SIDE);
        p.source_gradient = p.source;
        p.destination = poolgrad_image_dense_3d(result, POOLGRAD_FLOAT32, layouts[i / 2 % 2], 1, CHANNELS, DEPTH, SIDE,
                                                SIDE);
        cr_assert(poolgrad_plan_create(&p, &plan, &error) == POOLGRAD_OK, "%s", error.message);
        cr_expect(is_fast_name(poolgrad_plan_kernel(plan), &p), "%d: %s", i, poolgrad_plan_kernel(plan));
        poolgrad_plan_destroy(plan);
    }
}

Test(fast, is_fast_forward)
{
    expect_fast("is_fast_forward", POOLGRAD_FORWARD);
}

Test(fast, is_fast_gradient)
{
    expect_fast("is_fast_gradient", POOLGRAD_GRADIENT);
}

/* Mode reference never is. */
Test(fast, is_reference)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.source.format = p.destination.format = POOLGRAD_FLOAT32;
    poolgrad_plan *plan;
    cr_assert_eq(poolgrad_plan_create(&p, &plan, NULL), POOLGRAD_OK);
    cr_expect_str_eq(poolgrad_plan_kernel(plan), "forward/average/reference");
    poolgrad_plan_destroy(plan);
}
