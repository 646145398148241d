/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for every problem, shown on random ones. POOLGRAD_TEST_SEED and POOLGRAD_TEST_CASES repeat a case or
 * lengthen the run; tests/support/case.h says what a case may be.
 */
#include "support/case.h"
#include "support/encoding.h"
#include "support/literal.h"
#include "support/report.h"
#include "support/trial.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void sweep(const char *name, int64_t cases, int percent, const case_limits *limits, trial_check *check)
{
    trial_sweep("properties", name, cases, percent, limits, check);
}

/* ---- Results in memory --------------------------------------------------------------------------------------- */

/* The image as it was before anything ran. */
static poolgrad_image before_run(const poolgrad_image *image, const guard_buffer *buffer)
{
    poolgrad_image kept = *image;
    if (image->data) kept.data = buffer->kept + ((unsigned char *)image->data - buffer->bytes);
    return kept;
}

/* Elements that are written: the part of the clip and of the channels that is there. */
typedef struct written {
    literal_span n, c, z, y, x;
} written;

static written written_of(const poolgrad_problem *p)
{
    const poolgrad_image *d = &p->destination;
    int64_t c = p->destination_channel_offset;
    return (written){literal_cut(p->clip.image, p->clip.images, d->images),
                     {c, c + literal_channels(p)},
                     literal_axis_of(p, ALONG_DEPTH).written,
                     literal_axis_of(p, ALONG_HEIGHT).written,
                     literal_axis_of(p, ALONG_WIDTH).written};
}

static bool has(literal_span span, int64_t i)
{
    return i >= span.first && i < span.end;
}

/* Unused lanes go with the last channel. */
static bool is_written(const written *w, const poolgrad_image *image, view_place at)
{
    const int64_t lanes = view_lanes(image->layout);
    bool channel = has(w->c, at.c);
    if (at.c >= image->channels) channel = w->c.end > w->c.first && (w->c.end - 1) / lanes == at.c / lanes;
    return channel && has(w->n, at.n) && has(w->z, at.z) && has(w->y, at.y) && has(w->x, at.x);
}

/* Whether every byte of the buffer but those of written elements is what it was. */
static bool rest_unchanged(const test_case *made)
{
    const poolgrad_image *image = &made->problem.destination;
    const guard_buffer *buffer = &made->destination;
    written w = written_of(&made->problem);
    size_t size = number_size(image->format);
    unsigned char *expected = malloc(buffer->size + 1);
    if (!expected) abort();
    memcpy(expected, buffer->kept, buffer->size);
    poolgrad_image stored = *image;
    stored.channels = view_stored_channels(image);
    VIEW_EACH(place, &stored)
    {
        if (!is_written(&w, image, place)) continue;
        const unsigned char *at = view_at_place(&stored, place);
        memcpy(expected + (at - buffer->bytes), at, size);
    }
    bool same = report_same_bytes("what lies outside the clip", image, buffer, expected);
    free(expected);
    return same;
}

static bool has_nonzero(const poolgrad_image *image)
{
    VIEW_EACH(at, image) if (view_number_at(image, at) != 0) return true;
    return false;
}

/* The same problem on dense copies of its images. */
static poolgrad_problem copy_problem(const poolgrad_problem *p, const poolgrad_layout *layout)
{
    poolgrad_problem copy = *p;
    copy.source = view_read(view_copy(&p->source, layout ? *layout : p->source.layout));
    copy.destination = view_copy(&p->destination, layout ? *layout : p->destination.layout);
    if (p->direction == POOLGRAD_GRADIENT)
        copy.source_gradient = view_read(view_copy(&p->source_gradient, layout ? *layout : p->source_gradient.layout));
    if (p->indices.data) copy.indices = view_read(view_copy(&p->indices, layout ? *layout : p->indices.layout));
    if (p->picks.data) copy.picks = view_copy(&p->picks, layout ? *layout : p->picks.layout);
    return copy;
}

static void free_copy(poolgrad_problem *copy)
{
    view_free_read(&copy->source);
    view_free_read(&copy->source_gradient);
    view_free(&copy->destination);
    view_free_read(&copy->indices);
    view_free(&copy->picks);
}

static bool same_results(const poolgrad_problem *expected, const poolgrad_problem *actual)
{
    if (!report_same_elements("destination", &expected->destination, &actual->destination)) return false;
    return !expected->picks.data || report_same_elements("picks", &expected->picks, &actual->picks);
}

/* ---- The literal computation ------------------------------------------------------------------------------------- */

/* Whether the windows make a difference, for a case whose result is in `result`. Restores the buffer. */
static bool windows_matter(test_case *made, const unsigned char *result)
{
    poolgrad_problem without = made->problem;
    if (without.direction == POOLGRAD_GRADIENT) {
        without.gradient_region.images = 0;
        literal_run(&without);
    }
    bool same = memcmp(made->destination.bytes, result, made->destination.size) == 0;
    guard_restore(&made->destination);
    return !same;
}

/* Whether any window makes a difference to the case's destination. */
static bool contributes(test_case *made)
{
    literal_run(&made->problem);
    unsigned char *destination = trial_take(&made->destination);
    free(trial_take(&made->picks));
    bool matter = windows_matter(made, destination);
    free(destination);
    return matter;
}

static bool check_scatter(test_case *made, bool *telling)
{
    literal_run(&made->problem);
    unsigned char *destination = trial_take(&made->destination), *picks = trial_take(&made->picks);
    *telling = windows_matter(made, destination);
    bool held = trial_run(&made->problem) && trial_same_buffers(made, destination, picks);
    free(destination);
    free(picks);
    return held;
}

/* The library and the literal computation, which scatters in raster order, leave the same bytes in the whole
 * allocation. */
Test(properties, scatter)
{
    sweep("scatter", 15000, 55, &(case_limits){0}, check_scatter);
    sweep("scatter", 15000, 55, &(case_limits){.beyond = CASE_BEYOND}, check_scatter);
}

/* ---- Linear algebra ------------------------------------------------------------------------------------------ */

/* Numbers that are whole by construction; anything else is a fault that the comparison will show. */
static int64_t whole(const poolgrad_const_image *image, view_place at)
{
    double value = view_number_at(image, at);
    return fabs(value) < 0x1p53 && value == floor(value) ? (int64_t)value : INT64_C(0x5eed);
}

/* Inner product of the first images and channels of b with those of a from image n0 and channel c0 on. */
static int64_t inner_product(const poolgrad_const_image *a, int64_t n0, int64_t c0, const poolgrad_image *b,
                             int64_t images, int64_t channels)
{
    int64_t sum = 0;
    VIEW_EACH(at, b)
    {
        if (at.n >= images || at.c >= channels) continue;
        sum += whole(a, (view_place){n0 + at.n, c0 + at.c, at.z, at.y, at.x}) * whole(VIEW(b), at);
    }
    return sum;
}

static bool check_adjoint(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_problem forward = case_forward_of(p);
    forward.destination = view_new(p->source_gradient.format, POOLGRAD_NCHW, &p->source_gradient, 0);
    bool held = trial_run(p) && trial_run(&forward) && report_intact();
    if (held) {
        const poolgrad_image *y = &forward.destination;
        int64_t left = inner_product(&p->source_gradient, 0, 0, y, y->images, y->channels);
        int64_t right = inner_product(&p->source, p->offset_image, p->source_channel_offset, &p->destination,
                                      literal_images(p), literal_channels(p));
        *telling = left != 0;
        held = left == right ||
               report_failure("<forward(x), g> is %lld, <x, gradient(g)> is %lld", (long long)left, (long long)right);
    }
    view_free(&forward.destination);
    return held;
}

/* <forward(x), g> = <x, gradient(g)> for average. Kernels up to 6x6 divide by products of two numbers up to 6, so in
 * multiples of 60 * 60 every quotient is whole; sums stay below 36 * 8 * 3600 < 2^24: exact even in float32. */
Test(properties, adjoint)
{
    const unsigned formats = CASE_SET(POOLGRAD_FLOAT32) | CASE_SET(POOLGRAD_FLOAT64);
    case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT),
                          .kinds = CASE_SET(POOLGRAD_AVERAGE),
                          .source_formats = formats,
                          .gradient_formats = formats,
                          .destination_formats = formats,
                          .greatest_kernel = 6,
                          .no_adding = true,
                          .from_data = true,
                          .whole = true,
                          .data = DATA_WHOLE,
                          .unit = 3600};
    sweep("adjoint", 6000, 50, &limits, check_adjoint);
    /* products of three numbers up to 6; sums stay below 6^3 * 8 * 60^3 < 2^53 */
    limits.beyond = CASE_VOLUMES | CASE_TABLES | CASE_SIDES | CASE_BLOCKED;
    limits.source_formats = limits.gradient_formats = limits.destination_formats = CASE_SET(POOLGRAD_FLOAT64);
    limits.unit = 60 * 60 * 60;
    sweep("adjoint", 1500, 40, &limits, check_adjoint);
}

/* Sum of the gradient over the pixels whose window picked a tap inside the source. */
static int64_t sum_of_picked(const poolgrad_const_image *gradient, const poolgrad_image *picks)
{
    int64_t sum = 0;
    VIEW_EACH(at, gradient) if (view_index_at(picks, at) >= 0) sum += whole(gradient, at);
    return sum;
}

static int64_t sum_of(const poolgrad_image *image)
{
    int64_t sum = 0;
    VIEW_EACH(at, image) sum += whole(VIEW(image), at);
    return sum;
}

/* Bytes of none in every index format. */
enum { NO_INDEX = 0xff };

static bool check_conservation(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_problem forward = case_forward_of(p);
    forward.destination = view_new(POOLGRAD_FLOAT64, POOLGRAD_NCHW, &p->source_gradient, 0);
    forward.picks = view_new(POOLGRAD_INT64, POOLGRAD_NCHW, &p->source_gradient, NO_INDEX);
    bool held = trial_run(p) && trial_run(&forward) && report_intact();
    if (held) {
        int64_t expected = sum_of_picked(&p->source_gradient, &forward.picks), sum = sum_of(&p->destination);
        *telling = expected != 0;
        held = sum == expected || report_failure("the gradients of windows that picked a tap sum to %lld, the result "
                                                 "to %lld",
                                                 (long long)expected, (long long)sum);
    }
    view_free(&forward.destination);
    view_free(&forward.picks);
    return held;
}

/* A max gradient hands on all it gets. Split divides by 1 to 16 in multiples of their least common multiple; it loses
 * the shares of outside taps, so it is only summed where there are none. */
Test(properties, conservation)
{
    case_limits limits = {
        .directions = CASE_SET(POOLGRAD_GRADIENT),
        .kinds = CASE_SET(POOLGRAD_MAX),
        .ties = CASE_SET(POOLGRAD_TIES_FIRST) | CASE_SET(POOLGRAD_TIES_LAST),
        .gradient_formats = CASE_SET(POOLGRAD_FLOAT32) | CASE_SET(POOLGRAD_FLOAT64),
        .destination_formats = CASE_SET(POOLGRAD_FLOAT64),
        .greatest_kernel = 4,
        .no_indices = true,
        .no_adding = true,
        .from_data = true,
        .whole = true,
        .data = DATA_WHOLE,
        .unit = 720720,
    };
    sweep("conservation", 4000, 40, &limits, check_conservation);
    limits.ties = CASE_SET(POOLGRAD_TIES_SPLIT);
    limits.edge_modes = CASE_SET(POOLGRAD_EDGE_CLAMP);
    sweep("conservation", 4000, 40, &limits, check_conservation);
    limits.beyond = CASE_BEYOND;
    limits.greatest_kernel = 2; /* at most 8 taps share */
    sweep("conservation", 1000, 40, &limits, check_conservation);
    limits.ties = CASE_SET(POOLGRAD_TIES_FIRST) | CASE_SET(POOLGRAD_TIES_LAST);
    sweep("conservation", 1500, 40, &limits, check_conservation);
}

/* ---- Layouts and views --------------------------------------------------------------------------------------- */

static bool is_volume(const poolgrad_problem *p)
{
    return view_depth(&p->source) > 1 || view_depth(&p->source_gradient) > 1 || view_depth(&p->destination) > 1;
}

static bool check_layouts(test_case *made, bool *telling)
{
    static const poolgrad_layout layouts[] = {POOLGRAD_NCHW,   POOLGRAD_NHWC,     POOLGRAD_NC4HW4,
                                              POOLGRAD_NC8HW8, POOLGRAD_NC16HW16, POOLGRAD_NC32HW32};
    enum { LAYOUTS = sizeof layouts / sizeof *layouts };
    const int count = is_volume(&made->problem) ? 2 : LAYOUTS;
    poolgrad_problem copies[LAYOUTS];
    bool held = true;
    for (int i = 0; i < count; ++i) {
        copies[i] = copy_problem(&made->problem, &layouts[i]);
        held = held && trial_run(&copies[i]) && same_results(&copies[0], &copies[i]);
    }
    *telling = made->problem.destination.channels > 1 && contributes(made);
    for (int i = 0; i < count; ++i) free_copy(&copies[i]);
    return held;
}

/* The same elements in all layouts give the same bits. */
Test(properties, layouts)
{
    sweep("layouts", 3000, 40, &(case_limits){.beyond = CASE_BEYOND}, check_layouts);
}

static bool check_views(test_case *made, bool *telling)
{
    *telling = contributes(made);
    poolgrad_problem copy = copy_problem(&made->problem, NULL);
    bool held = trial_run(&copy) && trial_run(&made->problem) && same_results(&copy, &made->problem) &&
                report_intact() && rest_unchanged(made);
    free_copy(&copy);
    return held;
}

/* Views of any strides give what dense copies give, and leave the bytes between their elements alone. */
Test(properties, views)
{
    sweep("views", 10000, 55, &(case_limits){.beyond = CASE_BEYOND}, check_views);
}

static bool check_guard(test_case *made, bool *telling)
{
    *telling = contributes(made);
    return trial_run(&made->problem) && report_intact() && rest_unchanged(made);
}

/* Nothing is read or written beyond the first and the last byte of any image: there the pages are locked. */
Test(properties, guard)
{
    sweep("guard", 5000, 45, &(case_limits){.beyond = CASE_BEYOND, .guard = CASE_GUARD_BEHIND}, check_guard);
    sweep("guard", 5000, 45, &(case_limits){.beyond = CASE_BEYOND, .guard = CASE_GUARD_BEFORE}, check_guard);
}

/* ---- Splits of the work -------------------------------------------------------------------------------------- */

/* The clip's images as problems of one image each, the last one first. */
static bool run_image_by_image(const test_case *made)
{
    const poolgrad_problem *p = &made->problem;
    literal_span images = literal_cut(p->clip.image, p->clip.images, p->destination.images);
    bool held = true;
    for (int64_t i = images.end - images.first - 1; held && i >= 0; --i) {
        poolgrad_problem one = *p;
        one.clip.image += i;
        one.clip.images = 1;
        one.offset_image += i;
        if (p->direction == POOLGRAD_GRADIENT) {
            one.gradient_region.image += i;
            if (one.gradient_region.images != POOLGRAD_ALL) one.gradient_region.images -= i;
            if (one.gradient_region.images < 0) one.gradient_region.images = 0;
        }
        held = trial_run(&one);
    }
    return held;
}

/* Half of the cases in plain loops, whose units are rows: a small problem is a single unit of the fast path. */
static bool check_split_batch(test_case *made, bool *telling)
{
    made->problem.mode = made->seed % 2 ? POOLGRAD_MODE_REFERENCE : POOLGRAD_MODE_FAST;
    if (!trial_run(&made->problem)) return false;
    unsigned char *destination = trial_take(&made->destination), *picks = trial_take(&made->picks);
    bool several = false, matter = windows_matter(made, destination);
    bool held = trial_run_in_pieces(&made->problem, made->seed, &several) &&
                trial_same_buffers(made, destination, picks);
    free(trial_take(&made->destination));
    free(trial_take(&made->picks));
    *telling = held && several && matter;
    held = held && run_image_by_image(made) && trial_same_buffers(made, destination, picks);
    free(destination);
    free(picks);
    return held;
}

/* Units in random pieces over two threads, and images one by one, give what one run gives. */
Test(properties, split_batch)
{
    sweep("split_batch", 5000, 12, &(case_limits){.beyond = CASE_BEYOND}, check_split_batch);
}

static bool several_threads(const poolgrad_problem *p)
{
    poolgrad_problem asking = *p;
    asking.threads = 2;
    poolgrad_plan *plan = NULL;
    poolgrad_status status = poolgrad_plan_create(&asking, &plan, NULL);
    bool several = status == POOLGRAD_OK && poolgrad_plan_threads(plan) > 1;
    poolgrad_plan_destroy(plan);
    return several || !poolgrad_has_openmp();
}

static bool check_threads(test_case *made, bool *telling)
{
    static const int counts[] = {1, 2, 3, 0};
    unsigned char *destination = NULL, *picks = NULL;
    bool held = true;
    *telling = several_threads(&made->problem);
    for (size_t i = 0; held && i < sizeof counts / sizeof *counts; ++i) {
        poolgrad_problem p = made->problem;
        p.threads = counts[i];
        held = trial_run(&p) && (i == 0 || trial_same_buffers(made, destination, picks));
        free(destination);
        free(picks);
        destination = trial_take(&made->destination);
        picks = trial_take(&made->picks);
    }
    free(destination);
    free(picks);
    return held;
}

/* Any number of threads gives the same bytes. Telling are cases that more than one shares. */
Test(properties, threads)
{
    sweep("threads", 250, 35, &(case_limits){.large = true, .greatest_kernel = 3}, check_threads);
}

/* ---- Calculus ------------------------------------------------------------------------------------------------ */

/* A step h that is exact beside values of 1 to 2, and half the spacing of doubles at 1. */
static const double step = 0x1p-15, unit_roundoff = 0x1p-53;

/* (f(x + h) - f(x - h)) / 2h for f = sum of g times forward, and the gradients of the windows that noticed. */
typedef struct difference {
    double slope, noticed;
} difference;

static difference weigh(const poolgrad_const_image *g, const poolgrad_image *up, const poolgrad_image *down)
{
    difference d = {0, 0};
    VIEW_EACH(at, g)
    {
        double change = view_number_at(up, at) - view_number_at(down, at), weight = view_number_at(g, at);
        d.slope += weight * change;
        d.noticed += change != 0 ? weight : 0;
    }
    d.slope /= 2 * step;
    return d;
}

/*
 * Values and gradients lie in [1, 2], n is the number of taps, G the sum of the noticing windows' gradients, u the unit
 * roundoff. A value of at most 2 sqrt(n) has a relative error of at most (n + 2) u (squares or sum, root or quotient),
 * and so the difference of two, over 2h, one of (n + 2) u 2 sqrt(n) / h. The third derivative of a norm of at least 1
 * is at most 3, which leaves 3 h^2 / 6. The gradient itself and the sum of the differences are off by (n + 2 + windows)
 * u each, relative to at most G; no pixel has more than n windows.
 */
static double tolerance(const poolgrad_problem *p, double noticed)
{
    double n = 1;
    for (int i = 0; i < LITERAL_AXES; ++i) {
        const literal_axis axis = literal_axis_of(p, (literal_direction)i);
        n *= (double)literal_most_taps(&axis);
    }
    double of_values = (n + 2) * unit_roundoff * 2 * sqrt(n) / step;
    double of_slope = step * step / 2;
    double of_sums = 2 * (2 * n + 2) * unit_roundoff;
    return noticed * (of_values + of_slope + of_sums);
}

/* Runs forward with one source element moved by h. */
static bool run_moved(poolgrad_problem *forward, const poolgrad_image *result, view_place at, double h)
{
    const poolgrad_image source = view_writable(&forward->source);
    double value = view_number_at(&source, at);
    view_set_number_at(&source, at, value + h);
    forward->destination = *result;
    bool held = trial_run(forward);
    view_set_number_at(&source, at, value);
    return held;
}

static bool slope_agrees(const poolgrad_problem *p, poolgrad_problem *forward, const poolgrad_image results[2],
                         view_place at, bool *telling)
{
    const view_place moved = {p->offset_image + at.n, p->source_channel_offset + at.c, at.z, at.y, at.x};
    if (!run_moved(forward, &results[0], moved, step) || !run_moved(forward, &results[1], moved, -step)) return false;
    difference d = weigh(&p->source_gradient, &results[0], &results[1]);
    double gradient = view_number_at(&p->destination, at);
    *telling = *telling || d.noticed > 0;
    double allowed = tolerance(p, d.noticed);
    return fabs(gradient - d.slope) <= allowed ||
           report_failure("the gradient at n %lld, c %lld, z %lld, y %lld, x %lld is %.17g, the slope %.17g; %g is "
                          "allowed",
                          (long long)at.n, (long long)at.c, (long long)at.z, (long long)at.y, (long long)at.x, gradient,
                          d.slope, allowed);
}

static bool check_finite_differences(test_case *made, bool *telling)
{
    enum { PIXELS = 5 };
    const poolgrad_problem *p = &made->problem;
    int64_t images = literal_images(p), channels = literal_channels(p), depth = view_depth(&p->source);
    if (!trial_run(p)) return false;
    if (images == 0 || channels == 0 || p->source.height == 0 || p->source.width == 0) return true;
    random_state r = {made->seed ^ UINT64_C(0x51093)};
    poolgrad_problem forward = case_forward_of(p);
    poolgrad_image results[2];
    for (int i = 0; i < 2; ++i) results[i] = view_new(POOLGRAD_FLOAT64, POOLGRAD_NCHW, &p->source_gradient, 0);
    forward.source = view_read(view_copy(&p->source, POOLGRAD_NCHW));
    bool held = true;
    for (int i = 0; held && i < PIXELS; ++i) {
        const view_place at = {random_between(&r, 0, images - 1), random_between(&r, 0, channels - 1),
                               random_between(&r, 0, depth - 1), random_between(&r, 0, p->source.height - 1),
                               random_between(&r, 0, p->source.width - 1)};
        held = slope_agrees(p, &forward, results, at, telling);
    }
    view_free(&results[0]);
    view_free(&results[1]);
    view_free_read(&forward.source);
    return held;
}

/* The gradient is the slope of forward, for average and L2-norm in float64. */
Test(properties, finite_differences)
{
    const unsigned wide = CASE_SET(POOLGRAD_FLOAT64);
    case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT),
                          .kinds = CASE_SET(POOLGRAD_AVERAGE) | CASE_SET(POOLGRAD_L2NORM),
                          .source_formats = wide,
                          .gradient_formats = wide,
                          .destination_formats = wide,
                          .greatest_kernel = 6,
                          .no_adding = true,
                          .from_data = true,
                          .whole = true,
                          .data = DATA_POSITIVE};
    sweep("finite_differences", 4000, 40, &limits, check_finite_differences);
    limits.greatest_kernel = 3;
    limits.beyond = CASE_BEYOND & ~CASE_DIVISORS;
    sweep("finite_differences", 1000, 30, &limits, check_finite_differences);
}

/* ---- Destinations -------------------------------------------------------------------------------------------- */

/* The whole gradient of the source, image 0 and channel 0 being the first ones that are pooled. */
static poolgrad_problem unclipped(const poolgrad_problem *p, poolgrad_format format)
{
    poolgrad_problem full = *p;
    const poolgrad_image size = {.images = literal_images(p),
                                 .channels = literal_channels(p),
                                 .depth = p->source.depth,
                                 .height = p->source.height,
                                 .width = p->source.width};
    full.destination = view_new(format, POOLGRAD_NCHW, &size, 0);
    full.destination_channel_offset = 0;
    full.clip =
        (poolgrad_region){.width = POOLGRAD_ALL, .height = POOLGRAD_ALL, .depth = POOLGRAD_ALL, .images = POOLGRAD_ALL};
    full.mapping = POOLGRAD_MAPPING_SOURCE;
    full.add_to_destination = 0;
    return full;
}

/* Number at a destination element, of the whole gradient moved by the mapping. */
static double moved_number(const poolgrad_problem *p, const poolgrad_image *full, view_place at)
{
    const view_place clip = {p->clip.image, p->destination_channel_offset, p->clip.z, p->clip.y, p->clip.x};
    view_place from = {at.n - clip.n, at.c - clip.c, at.z, at.y, at.x};
    if (p->mapping == POOLGRAD_MAPPING_CLIP) {
        const int64_t z = literal_first_tap(p, ALONG_DEPTH), y = literal_first_tap(p, ALONG_HEIGHT),
                      x = literal_first_tap(p, ALONG_WIDTH);
        from.z += (z > 0 ? z : 0) - clip.z;
        from.y += (y > 0 ? y : 0) - clip.y;
        from.x += (x > 0 ? x : 0) - clip.x;
    }
    bool there = from.n < full->images && from.z >= 0 && from.z < view_depth(full) && from.y >= 0 &&
                 from.y < full->height && from.x >= 0 && from.x < full->width;
    return there ? view_number_at(full, from) : 0;
}

static bool sums_are_wide(const poolgrad_problem *p)
{
    return p->kind == POOLGRAD_L2NORM || p->accumulator == POOLGRAD_ACCUMULATE_FLOAT64 ||
           p->source_gradient.format == POOLGRAD_FLOAT64 || p->destination.format == POOLGRAD_FLOAT64;
}

static double sum(bool wide, double held, double added)
{
    if (wide) return held + added;
    float narrow = (float)held + (float)added;
    return (double)narrow;
}

/* Whether every written element is the element of the whole gradient, or its sum with what was there before. */
static bool written_is_moved(const test_case *made, const poolgrad_image *full)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_image before = before_run(&p->destination, &made->destination);
    poolgrad_image expected = view_copy(&p->destination, POOLGRAD_NCHW);
    written w = written_of(p);
    VIEW_EACH(at, &expected)
    {
        if (!is_written(&w, &expected, at)) continue;
        double value = moved_number(p, full, at);
        if (p->add_to_destination) value = sum(sums_are_wide(p), view_number_at(&before, at), value);
        view_set_number_at(&expected, at, value);
    }
    bool same = report_same_elements("destination", &expected, &p->destination);
    view_free(&expected);
    return same;
}

static bool check_clip(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_problem full = unclipped(p, p->destination.format);
    bool held = trial_run(p) && trial_run(&full) && written_is_moved(made, &full.destination) && rest_unchanged(made) &&
                report_intact();
    bool cut_short = p->clip.x || p->clip.y || p->clip.z || p->clip.width != POOLGRAD_ALL ||
                     p->clip.height != POOLGRAD_ALL || p->clip.depth != POOLGRAD_ALL;
    *telling = has_nonzero(&full.destination) && (cut_short || p->mapping == POOLGRAD_MAPPING_CLIP);
    view_free(&full.destination);
    return held;
}

/* Inside the clip lies the whole gradient, moved by the mapping; outside it nothing changes. */
Test(properties, clip)
{
    case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT), .no_adding = true, .beyond = CASE_BEYOND};
    sweep("clip", 5000, 40, &limits, check_clip);
}

static bool check_accumulate(test_case *made, bool *telling)
{
    poolgrad_problem *p = &made->problem;
    p->add_to_destination = 1;
    poolgrad_problem full = unclipped(p, sums_are_wide(p) ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32);
    bool held = trial_run(&full) && trial_run(p) && written_is_moved(made, &full.destination) && rest_unchanged(made) &&
                report_intact();
    *telling = has_nonzero(&full.destination);
    view_free(&full.destination);
    return held;
}

/* Adding to the destination is one addition in the accumulator's width and one rounding. A destination as wide as the
 * accumulator shows what is added. */
Test(properties, accumulate)
{
    case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT), .beyond = CASE_BEYOND};
    sweep("accumulate", 5000, 45, &limits, check_accumulate);
}

/* ---- Indices ------------------------------------------------------------------------------------------------- */

static bool agrees_from_indices(test_case *made, const unsigned char *destination, poolgrad_format format)
{
    poolgrad_problem forward = case_forward_of(&made->problem), from_indices = made->problem;
    const poolgrad_const_image *size = &made->problem.source_gradient;
    forward.destination = view_new(size->format, POOLGRAD_NHWC, size, 0);
    forward.picks = view_new(format, view_depth(size) > 1 ? POOLGRAD_NCHW : POOLGRAD_NC4HW4, size, NO_INDEX);
    from_indices.indices = poolgrad_image_as_const(&forward.picks);
    from_indices.source.data = NULL;
    bool held = trial_run(&forward) && trial_run(&from_indices) && trial_same_buffers(made, destination, NULL);
    guard_restore(&made->destination);
    view_free(&forward.destination);
    view_free(&forward.picks);
    return held;
}

static bool check_indices(test_case *made, bool *telling)
{
    if (!trial_run(&made->problem)) return false;
    unsigned char *destination = trial_take(&made->destination);
    *telling = windows_matter(made, destination);
    int64_t taps = 1;
    for (int i = 0; i < LITERAL_AXES; ++i) {
        const literal_axis axis = literal_axis_of(&made->problem, (literal_direction)i);
        taps *= literal_most_taps(&axis);
    }
    bool large = taps > UINT8_MAX;
    bool held = agrees_from_indices(made, destination, POOLGRAD_INT32) &&
                agrees_from_indices(made, destination, POOLGRAD_INT64) &&
                agrees_from_indices(made, destination, large ? POOLGRAD_TAP32 : POOLGRAD_TAP8) &&
                agrees_from_indices(made, destination, POOLGRAD_TAP16);
    free(destination);
    return held;
}

/* The gradient from forward's indices is the gradient from the source. */
Test(properties, indices)
{
    case_limits limits = {.directions = CASE_SET(POOLGRAD_GRADIENT),
                          .kinds = CASE_SET(POOLGRAD_MAX),
                          .ties = CASE_SET(POOLGRAD_TIES_FIRST) | CASE_SET(POOLGRAD_TIES_LAST),
                          .no_indices = true,
                          .from_data = true};
    sweep("indices", 3000, 40, &limits, check_indices);
    limits.beyond = CASE_BEYOND;
    sweep("indices", 3000, 25, &limits, check_indices);
}

/* ---- Refusals ------------------------------------------------------------------------------------------------ */

/* Breaks one field and returns its name. */
static const char *break_field(poolgrad_problem *p, int which)
{
    switch (which) {
    case 0: return p->window.kernel_width = 0, "window.kernel_width";
    case 1: return p->window.stride_y = 0, "window.stride_y";
    case 2: return p->window.dilation_x = -1, "window.dilation_x";
    case 3: return p->zero_pad_y = -1, "zero_pad_y";
    case 4: return p->edge_mode = (poolgrad_edge_mode)2, "edge_mode";
    case 5: return p->clip.x = -1, "clip.x";
    case 6: return p->source.width = -1, "source.width";
    case 7: return p->destination.format = POOLGRAD_UNORM8, "destination.format";
    case 8: return p->source.layout = (poolgrad_layout)6, "source.layout";
    default: return p->kind = (poolgrad_kind)3, "kind";
    }
}

enum { BREAKABLE_FIELDS = 10 };

static bool broken_is_refused(const test_case *made)
{
    poolgrad_problem broken = made->problem;
    const char *field = break_field(&broken, (int)(made->seed % BREAKABLE_FIELDS));
    poolgrad_error error = {"", ""};
    if (poolgrad_check(&broken, &error) != POOLGRAD_INVALID || poolgrad_run(&broken, NULL) != POOLGRAD_INVALID)
        return report_failure("accepted although %s is wrong", field);
    if (strcmp(error.field, field) != 0 || strncmp(error.message, field, strlen(field)) != 0)
        return report_failure("%s is wrong, but the error is about \"%s\": %s", field, error.field, error.message);
    return guard_unchanged(&made->destination) || report_failure("refused, but written to");
}

static bool check_agrees(test_case *made, bool *telling)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_error error = {"", ""};
    *telling = !view_is_empty(&p->destination);
    return report_status(poolgrad_check(p, &error), &error) &&
           report_status(poolgrad_check_indices(p, &error), &error) &&
           report_status(poolgrad_image_check(&p->destination, &error), &error) &&
           (!p->source.data || report_status(poolgrad_const_image_check(&p->source, &error), &error)) &&
           broken_is_refused(made);
}

/* Every case is accepted, and refused with one field broken, by name and before a byte is written. */
Test(properties, check_agrees)
{
    sweep("check_agrees", 8000, 80, &(case_limits){.beyond = CASE_BEYOND}, check_agrees);
}
