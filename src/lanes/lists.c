/* SPDX-License-Identifier: Apache-2.0 */
#include "lanes/lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/integer.h"

/* Entries of a list, and pixels or windows of an axis that are gone through: more would take longer to list than to
 * compute by other means. */
static const int64_t most_entries = INT64_C(1) << 20, most_length = INT64_C(1) << 26;

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

struct poolgrad_window_run poolgrad_window_of(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis,
                                              int64_t output)
{
    const poolgrad_span span = poolgrad_axis_window(axis, output);
    const struct poolgrad_range inside = poolgrad_axis_taps(axis, span);
    struct poolgrad_window_run window = {.output = output,
                                         .count = 1,
                                         .tap = inside.begin,
                                         .taps = poolgrad_range_length(inside),
                                         .size = span.size,
                                         .first_outside = -1,
                                         .last_outside = -1};
    if (window.taps > 0) window.place = poolgrad_axis_place(axis, span, inside.begin);
    if (g->divisor != 0) {
        window.counted = 1;
    } else if (g->edge_mode == POOLGRAD_EDGE_ZERO) {
        window.counted = span.size;
    } else {
        window.counted = poolgrad_range_length(poolgrad_axis_counted_taps(axis, span));
    }
    if (window.taps < span.size) {
        window.first_outside = inside.begin > 0 || window.taps == 0 ? 0 : inside.end;
        window.last_outside = inside.end < span.size || window.taps == 0 ? span.size - 1 : inside.begin - 1;
    }
    return window;
}

static bool continues(const struct poolgrad_window_run *run, const struct poolgrad_window_run *next)
{
    const bool alike = run->tap == next->tap && run->taps == next->taps && run->size == next->size &&
                       run->counted == next->counted;
    return alike && (run->count == 1 || next->place == run->place + run->count * run->step);
}

/* How many windows of a progression follow one that has all its taps inside, as it has. */
static int64_t whole_windows_behind(const struct poolgrad_axis *axis, const struct poolgrad_axis_lists *lists,
                                    const struct poolgrad_window_run *window)
{
    if (axis->table || window->taps < window->size) return 0;
    const int64_t behind = (axis->size - axis->extent - window->place) / axis->stride;
    return poolgrad_min(behind, lists->outputs.end - 1 - window->output);
}

/* Appends to lists->windows or, where that is null, counts. */
static void list_windows(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis,
                         struct poolgrad_axis_lists *lists)
{
    struct poolgrad_window_run run = {0};
    lists->window_runs = 0;
    for (int64_t i = lists->outputs.begin; i < lists->outputs.end; i++) {
        const struct poolgrad_window_run next = poolgrad_window_of(g, axis, i);
        if (run.count > 0 && continues(&run, &next)) {
            if (run.count == 1) run.step = next.place - run.place;
            run.count++;
        } else {
            run = next;
            lists->window_runs++;
        }
        const int64_t behind = whole_windows_behind(axis, lists, &next);
        if (behind > 0) run.step = axis->stride;
        run.count += behind;
        i += behind;
        if (lists->windows) lists->windows[lists->window_runs - 1] = run;
    }
}

static enum poolgrad_lanes_outcome make_windows(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis,
                                                struct poolgrad_axis_lists *lists)
{
    lists->windows = NULL;
    list_windows(g, axis, lists);
    if (lists->window_runs > most_entries) return POOLGRAD_LANES_LEFT;
    lists->windows = malloc((size_t)poolgrad_max(lists->window_runs, 1) * sizeof *lists->windows);
    if (!lists->windows) return POOLGRAD_LANES_NO_MEMORY;
    list_windows(g, axis, lists);
    int64_t low = INT64_MAX, high = 0, size = 0;
    lists->taken = (struct poolgrad_range){axis->size, 0};
    for (int64_t i = 0; i < lists->window_runs; i++) {
        const struct poolgrad_window_run *run = &lists->windows[i];
        size = poolgrad_max(size, run->size);
        if (run->taps == 0) continue;
        low = poolgrad_min(low, run->tap);
        high = poolgrad_max(high, run->tap + run->taps);
        lists->most_taps = poolgrad_max(lists->most_taps, run->taps);
        const int64_t first = run->place, last = first + (run->count - 1) * run->step;
        lists->taken.begin = poolgrad_min(lists->taken.begin, poolgrad_min(first, last));
        lists->taken.end = poolgrad_max(lists->taken.end,
                                        poolgrad_max(first, last) + (run->taps - 1) * axis->dilation + 1);
        lists->reach = poolgrad_max(lists->reach, (run->taps - 1) * axis->dilation + 1);
    }
    /* Dilations that lie between no taps may be any number, and products of these too great. */
    lists->tap_distance = lists->most_taps > 1 ? axis->dilation : 0;
    if (high == 0) low = 0;
    lists->numbers.base = poolgrad_max(low - 1, 0);
    lists->numbers.count = poolgrad_max(poolgrad_min(high + 1, size) - lists->numbers.base, 1);
    return POOLGRAD_LANES_MADE;
}

struct poolgrad_window_run poolgrad_listed_windows_from(const struct poolgrad_axis_lists *lists, int64_t output)
{
    int64_t begin = 0, end = lists->window_runs;
    while (end - begin > 1) {
        const int64_t middle = begin + (end - begin) / 2;
        if (lists->windows[middle].output <= output)
            begin = middle;
        else
            end = middle;
    }
    struct poolgrad_window_run run = lists->windows[begin];
    const int64_t passed = output - run.output;
    run.output = output;
    run.place += passed * run.step;
    run.count -= passed;
    return run;
}

/* ---- Pixels ------------------------------------------------------------------------------------------------------ */

/* The number x < m with a x = 1 modulo m; of m = 1, 0. */
static int64_t inverse_of(int64_t a, int64_t m)
{
    int64_t rest = m, next = a % m, x = 0, next_x = 1;
    while (next != 0) {
        const int64_t quotient = rest / next, after = rest % next, after_x = x - quotient * next_x;
        rest = next;
        next = after;
        x = next_x;
        next_x = after_x;
    }
    return m == 1 ? 0 : (x % m + m) % m;
}

/* The first of the windows, whose extents meet the pixel, that has it as a tap; the end where there is none. Window k
 * of them has it where stride k is the pixel's distance from the first window, modulo the dilation. */
static int64_t first_window(const struct poolgrad_axis *axis, const struct poolgrad_axis_lists *lists,
                            struct poolgrad_range windows, int64_t source)
{
    if (windows.begin >= windows.end) return windows.end;
    const int64_t distance = source - poolgrad_axis_window(axis, windows.begin).first, step = lists->window_step;
    const int64_t common = axis->dilation / step;
    if (step <= INT32_MAX) {
        if (distance % common != 0) return windows.end;
        return poolgrad_min(windows.begin + distance / common % step * lists->inverse % step, windows.end);
    }
    while (windows.begin < windows.end &&
           !poolgrad_axis_is_tap(axis, poolgrad_axis_window(axis, windows.begin), source)) {
        windows.begin++;
    }
    return windows.begin;
}

/* A pixel of a progression, by its source pixel. */
static struct poolgrad_pixel_run pixel_at(const struct poolgrad_axis *axis, const struct poolgrad_axis_lists *lists,
                                          int64_t source)
{
    struct poolgrad_pixel_run pixel = {.count = 1, .listed = -1};
    if (source < 0 || source >= axis->size) return pixel;
    struct poolgrad_range windows = poolgrad_axis_windows(axis, source, source + 1);
    windows.begin = poolgrad_max(windows.begin, lists->outputs.begin);
    windows.end = poolgrad_min(windows.end, lists->outputs.end);
    windows.begin = first_window(axis, lists, windows, source);
    if (windows.begin >= windows.end) return pixel;
    pixel.output = windows.begin;
    pixel.windows = poolgrad_ceiling_divide(windows.end - windows.begin, lists->window_step);
    pixel.tap = (source - poolgrad_axis_window(axis, windows.begin).first) / axis->dilation;
    return pixel;
}

/* A way to go through pixels: every `stride`-th, whose windows are `step` further than those of the one before. */
struct way {
    int64_t stride, step;
};

/* Whether a pixel is member number `member` of a run. */
static bool belongs(const struct poolgrad_pixel_run *run, const struct poolgrad_pixel_run *pixel, int64_t member,
                    struct way way)
{
    if (run->windows != pixel->windows) return false;
    if (run->windows == 0) return true;
    if (pixel->output != run->output + member * way.step) return false;
    return way.step == 0 || pixel->tap == run->tap;
}

/* How many pixels behind the run's last one, `left` at most, belong to it, or fewer: where one that is further does,
 * those before do, too, for windows are cut off at either end alone. */
static int64_t members_behind(const struct poolgrad_axis *axis, const struct poolgrad_axis_lists *lists,
                              const struct poolgrad_pixel_run *run, int64_t source, int64_t left, struct way way)
{
    int64_t found = 0;
    for (int64_t n = 1; n <= left && run->windows > 0; n *= 2) {
        const struct poolgrad_pixel_run pixel = pixel_at(axis, lists, source + n * way.stride);
        if (!belongs(run, &pixel, run->count - 1 + n, way)) break;
        found = n;
    }
    return found;
}

/* Appends to `to` or, where that is null, counts. */
static int64_t list_pixels(const struct poolgrad_axis *axis, const struct poolgrad_axis_lists *lists,
                           struct poolgrad_range pixels, int64_t shift, struct way way, struct poolgrad_pixel_run *to)
{
    int64_t runs = 0;
    const int64_t phases = poolgrad_min(way.stride, pixels.end - pixels.begin);
    for (int64_t phase = 0; phase < phases; phase++) {
        struct poolgrad_pixel_run run = {0};
        for (int64_t pixel = pixels.begin + phase; pixel < pixels.end; pixel += way.stride) {
            struct poolgrad_pixel_run next = pixel_at(axis, lists, pixel + shift);
            if (run.count > 0 && belongs(&run, &next, run.count, way)) {
                run.count++;
            } else {
                run = next;
                run.pixel = pixel;
                run.step = way.step;
                runs++;
            }
            const int64_t left = (pixels.end - 1 - pixel) / way.stride;
            const int64_t behind = members_behind(axis, lists, &run, pixel + shift, left, way);
            run.count += behind;
            run.pixel_step = run.count > 1 ? way.stride : 0;
            pixel += behind * way.stride;
            if (to) to[runs - 1] = run;
            if (way.stride > pixels.end - pixel) break;
        }
    }
    return runs;
}

/* `copies`: pixels that have the same windows are. */
static enum poolgrad_lanes_outcome make_pixels(const struct poolgrad_axis *axis, struct poolgrad_range pixels,
                                               int64_t shift, bool by_code, bool copies,
                                               struct poolgrad_axis_lists *lists)
{
    enum { LONG = 5 };
    const int64_t common = poolgrad_common_divisor(axis->dilation, axis->stride);
    struct way way = {axis->stride, 1};
    const struct way together = {1, 0};
    lists->window_step = axis->dilation / common;
    lists->tap_step = axis->stride / common;
    if (lists->window_step <= INT32_MAX) lists->inverse = inverse_of(lists->tap_step, lists->window_step);
    int64_t runs = list_pixels(axis, lists, pixels, shift, way, NULL);
    if (!by_code) {
        const int64_t other = list_pixels(axis, lists, pixels, shift, together, NULL);
        lists->in_order = other < runs || (copies && other <= poolgrad_range_length(pixels) / LONG);
        if (lists->in_order) {
            way = together;
            runs = other;
        }
    }
    if (runs > most_entries) return POOLGRAD_LANES_LEFT;
    lists->pixel_runs = runs;
    lists->pixels = malloc((size_t)poolgrad_max(runs, 1) * sizeof *lists->pixels);
    if (!lists->pixels) return POOLGRAD_LANES_NO_MEMORY;
    list_pixels(axis, lists, pixels, shift, way, lists->pixels);
    return POOLGRAD_LANES_MADE;
}

/* ---- Pixels of tables -------------------------------------------------------------------------------------------- */

/* The taps of a window among the pixels. */
static struct poolgrad_range taps_among(const struct poolgrad_axis *axis, poolgrad_span window,
                                        struct poolgrad_range sources)
{
    const struct poolgrad_range taps = poolgrad_axis_taps_on(axis, window, sources);
    return (struct poolgrad_range){taps.begin, poolgrad_max(taps.begin, taps.end)};
}

/* How many windows each pixel has, then where its windows begin. */
static bool count_listed(const struct poolgrad_axis *axis, struct poolgrad_range sources,
                         struct poolgrad_axis_lists *lists, int64_t *begin)
{
    int64_t total = 0;
    for (int64_t i = lists->outputs.begin; i < lists->outputs.end; i++) {
        const poolgrad_span window = poolgrad_axis_window(axis, i);
        const struct poolgrad_range taps = taps_among(axis, window, sources);
        total += poolgrad_range_length(taps);
        if (total > 8 * most_entries) return false;
        for (int64_t t = taps.begin; t < taps.end; t++) begin[window.first + t - sources.begin + 1]++;
    }
    for (int64_t i = 0; i < sources.end - sources.begin; i++) begin[i + 1] += begin[i];
    lists->listed_windows = total;
    return true;
}

static void fill_listed(const struct poolgrad_axis *axis, struct poolgrad_range sources,
                        struct poolgrad_axis_lists *lists, int64_t *begin)
{
    for (int64_t i = lists->outputs.begin; i < lists->outputs.end; i++) {
        const poolgrad_span window = poolgrad_axis_window(axis, i);
        const struct poolgrad_range taps = taps_among(axis, window, sources);
        for (int64_t t = taps.begin; t < taps.end; t++) {
            lists->listed[begin[window.first + t - sources.begin]++] = (struct poolgrad_listed_window){i, t};
        }
    }
}

/* Neighbours with the same windows are one run where taps do not matter. */
static bool has_same_windows(const struct poolgrad_axis_lists *lists, const struct poolgrad_pixel_run *a,
                             const struct poolgrad_pixel_run *b)
{
    if (a->windows != b->windows) return false;
    for (int64_t i = 0; i < a->windows; i++) {
        if (lists->listed[a->listed + i].output != lists->listed[b->listed + i].output) return false;
    }
    return true;
}

static void list_listed(struct poolgrad_range pixels, struct poolgrad_range sources, int64_t shift, bool by_code,
                        const int64_t *end, struct poolgrad_axis_lists *lists)
{
    struct poolgrad_pixel_run run = {0};
    lists->pixel_runs = 0;
    lists->in_order = true;
    for (int64_t pixel = pixels.begin; pixel < pixels.end; pixel++) {
        struct poolgrad_pixel_run next = {.pixel = pixel, .pixel_step = 1, .count = 1};
        const int64_t source = pixel + shift;
        if (poolgrad_range_holds(sources, source)) {
            const int64_t i = source - sources.begin;
            next.listed = i == 0 ? 0 : end[i - 1];
            next.windows = end[i] - next.listed;
        }
        const bool alike = next.windows == 0 || !by_code;
        if (run.count > 0 && alike && has_same_windows(lists, &run, &next)) {
            run.count++;
        } else {
            run = next;
            lists->pixel_runs++;
        }
        lists->pixels[lists->pixel_runs - 1] = run;
    }
}

static enum poolgrad_lanes_outcome make_listed(const struct poolgrad_axis *axis, struct poolgrad_range pixels,
                                               int64_t shift, bool by_code, struct poolgrad_axis_lists *lists)
{
    struct poolgrad_range sources = {poolgrad_clamp(pixels.begin + shift, 0, axis->size),
                                     poolgrad_clamp(pixels.end + shift, 0, axis->size)};
    const int64_t count = sources.end - sources.begin;
    if (count > most_entries) return POOLGRAD_LANES_LEFT;
    int64_t *begin = calloc((size_t)count + 1, sizeof *begin);
    if (!begin) return POOLGRAD_LANES_NO_MEMORY;
    enum poolgrad_lanes_outcome outcome = POOLGRAD_LANES_LEFT;
    if (count_listed(axis, sources, lists, begin)) {
        lists->listed = malloc((size_t)poolgrad_max(lists->listed_windows, 1) * sizeof *lists->listed);
        lists->pixels = malloc((size_t)poolgrad_max(pixels.end - pixels.begin, 1) * sizeof *lists->pixels);
        outcome = lists->listed && lists->pixels ? POOLGRAD_LANES_MADE : POOLGRAD_LANES_NO_MEMORY;
    }
    if (outcome == POOLGRAD_LANES_MADE) {
        /* Filled, each beginning has become the end. */
        fill_listed(axis, sources, lists, begin);
        list_listed(pixels, sources, shift, by_code, begin, lists);
    }
    free(begin);
    return outcome;
}

/* ---- Both -------------------------------------------------------------------------------------------------------- */

struct poolgrad_pixel_run poolgrad_pixel_windows(const struct poolgrad_axis *axis,
                                                 const struct poolgrad_axis_lists *lists, int64_t pixel, int64_t source)
{
    if (lists->each) return lists->each[pixel - lists->first_each];
    if (!lists->in_order) {
        struct poolgrad_pixel_run run = pixel_at(axis, lists, source);
        run.pixel = pixel;
        return run;
    }
    int64_t low = 0, high = lists->pixel_runs;
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (lists->pixels[middle].pixel <= pixel)
            low = middle;
        else
            high = middle;
    }
    return lists->pixels[low];
}

enum poolgrad_lanes_outcome poolgrad_axis_lists_look_up(const struct poolgrad_axis *axis, struct poolgrad_range pixels,
                                                        int64_t shift, struct poolgrad_axis_lists *lists)
{
    enum { MOST = 1 << 14 };
    const int64_t count = poolgrad_range_length(pixels);
    if (count == 0 || count > MOST) return POOLGRAD_LANES_MADE;
    struct poolgrad_pixel_run *each = malloc((size_t)count * sizeof *each);
    if (!each) return POOLGRAD_LANES_NO_MEMORY;
    for (int64_t i = 0; i < count; i++)
        each[i] = poolgrad_pixel_windows(axis, lists, pixels.begin + i, pixels.begin + i + shift);
    lists->first_each = pixels.begin;
    lists->each = each;
    return POOLGRAD_LANES_MADE;
}

static void measure_pixels(const struct poolgrad_axis *axis, struct poolgrad_axis_lists *lists)
{
    /* Windows of dilated taps are those of one pixel and, between them, those of its neighbours. */
    const int64_t meeting = poolgrad_min((axis->extent - 1) / axis->stride + 1, poolgrad_range_length(lists->outputs));
    for (int64_t i = 0; i < lists->pixel_runs; i++) {
        const struct poolgrad_pixel_run *run = &lists->pixels[i];
        lists->least_windows = i == 0 ? run->windows : poolgrad_min(lists->least_windows, run->windows);
        if (run->windows == 0) continue;
        int64_t span = meeting;
        if (run->listed >= 0) {
            const struct poolgrad_listed_window *listed = &lists->listed[run->listed];
            span = listed[run->windows - 1].output - listed[0].output + 1;
        }
        lists->most_windows = poolgrad_max(lists->most_windows, run->windows);
        lists->all_windows += (double)run->windows * (double)run->count;
        lists->run_windows += (double)run->windows;
        lists->span = poolgrad_max(lists->span, span);
    }
}

enum poolgrad_lanes_outcome poolgrad_axis_lists_make(const struct poolgrad_geometry *g,
                                                     const struct poolgrad_axis *axis, struct poolgrad_range outputs,
                                                     struct poolgrad_range pixels, int64_t shift, bool by_code,
                                                     struct poolgrad_axis_lists *lists)
{
    memset(lists, 0, sizeof *lists);
    lists->outputs = outputs;
    lists->window_step = lists->tap_step = 1;
    const int64_t most = axis->table ? most_entries : most_length;
    if (poolgrad_range_length(outputs) > most || poolgrad_range_length(pixels) > most) return POOLGRAD_LANES_LEFT;
    enum poolgrad_lanes_outcome outcome = make_windows(g, axis, lists);
    if (outcome == POOLGRAD_LANES_MADE && pixels.begin < pixels.end) {
        outcome = axis->table ? make_listed(axis, pixels, shift, by_code, lists)
                              : make_pixels(axis, pixels, shift, by_code, g->kind == POOLGRAD_AVERAGE, lists);
    }
    if (outcome == POOLGRAD_LANES_MADE)
        measure_pixels(axis, lists);
    else
        poolgrad_axis_lists_free(lists);
    return outcome;
}

void poolgrad_axis_lists_free(struct poolgrad_axis_lists *lists)
{
    free(lists->windows);
    free(lists->pixels);
    free(lists->listed);
    free(lists->each);
    lists->windows = NULL;
    lists->pixels = NULL;
    lists->listed = NULL;
    lists->each = NULL;
}
