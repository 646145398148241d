/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/careless.h"

#include <math.h>
#include <string.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"

double poolgrad_round_to(poolgrad_format format, double value)
{
    unsigned char bytes[sizeof value];
    if (format == POOLGRAD_FORMAT_NONE || format == POOLGRAD_FLOAT64) return value;
    poolgrad_store(format, bytes, value);
    return poolgrad_load(format, bytes);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static void remap(const struct poolgrad_reading *r, const poolgrad_const_image *image, int64_t at[4])
{
    const int64_t channels = image->channels, height = image->height, width = image->width;
    const int64_t c = at[1], y = at[2], x = at[3];
    const int64_t place = r->placed == POOLGRAD_NHWC ? (y * width + x) * channels + c : (c * height + y) * width + x;
    if (r->taken == POOLGRAD_NHWC) {
        at[1] = place % channels;
        at[2] = place / channels / width;
        at[3] = place / channels % width;
        return;
    }
    at[1] = place / width / height;
    at[2] = place / width % height;
    at[3] = place % width;
}

bool poolgrad_reading_move(const struct poolgrad_reading *r, const poolgrad_const_image *image, int64_t at[4])
{
    const int64_t sizes[] = {image->images, image->channels, image->height, image->width};
    if (r->from_image) at[0] = r->image;
    if (r->remapped) remap(r, image, at);
    if (r->transposed) {
        const int64_t y = at[2];
        at[2] = at[3];
        at[3] = y;
    }
    at[1] += r->channel;
    at[2] += r->row;
    at[3] += r->column;
    for (int i = 0; i < 4; i++) {
        if (at[i] < 0 || at[i] >= sizes[i]) return false;
    }
    return true;
}

static double read_element(const poolgrad_const_image *image, const struct poolgrad_reading *r, int64_t n, int64_t c,
                           int64_t y, int64_t x)
{
    int64_t at[] = {n, c, y, x};
    if (!poolgrad_reading_move(r, image, at)) return 0;
    return poolgrad_load(image->format, poolgrad_const_image_at(image, at[0], at[1], at[2], at[3]));
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* A plane while it is computed, and the window that is looked at. */
struct work {
    const struct poolgrad_knobs *knobs;
    const struct poolgrad_geometry *g;
    struct poolgrad_estimate *plane;
    int64_t n, c; /* of the source */
    struct poolgrad_window_at window;
};

static void look_at(struct work *w, int64_t y, int64_t x)
{
    w->window = poolgrad_window_place(w->g, w->n, w->c, y, x);
}

static double tap_value(const struct work *w, const struct poolgrad_taps *taps)
{
    return read_element(&w->g->source, &w->knobs->source, w->n, w->c, taps->y, taps->x);
}

/* Taps inside, as a number that cannot overflow. */
static double count_inside(const struct work *w)
{
    const struct poolgrad_area taps = poolgrad_taps_inside(w->g, w->window).number.area;
    return (double)poolgrad_range_length(taps.rows) * (double)poolgrad_range_length(taps.columns);
}

/* What an average divides by. */
static double count(const struct work *w)
{
    const struct poolgrad_geometry *g = w->g;
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return (double)g->full_count;
    return (double)poolgrad_range_length(poolgrad_axis_taps(&g->y, w->window.top, g->y.pad)) *
           (double)poolgrad_range_length(poolgrad_axis_taps(&g->x, w->window.left, g->x.pad));
}

static double add(const struct poolgrad_knobs *k, double sum, double term)
{
    return poolgrad_round_to(k->sums, sum + poolgrad_round_to(k->terms, term));
}

/* Of the taps or of their squares. */
static struct poolgrad_estimate sum_taps(const struct work *w, bool squares)
{
    struct poolgrad_estimate sum = {.known = true};
    struct poolgrad_taps taps = poolgrad_taps_inside(w->g, w->window);
    while (poolgrad_taps_next(&taps)) {
        const double value = tap_value(w, &taps), term = squares ? value * value : value;
        sum.value = add(w->knobs, sum.value, term);
        sum.magnitude += fabs(term);
        sum.terms++;
    }
    return sum;
}

static double norm(const struct work *w)
{
    const double sum = sum_taps(w, true).value;
    if (w->knobs->root == POOLGRAD_ROOT_MISSING) return sum;
    return w->knobs->root == POOLGRAD_ROOT_OF_MEAN ? sqrt(sum / count(w)) : sqrt(sum);
}

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

/* The tap that a window picks; `any` is false for a window that has none. y and x are -1 outside of the image. */
struct choice {
    bool any;
    double value;
    int64_t y, x;
};

static double rank_of(const struct poolgrad_knobs *k, double value)
{
    if (k->search == POOLGRAD_SEARCH_LEAST) return -value;
    return k->search == POOLGRAD_SEARCH_MAGNITUDE ? fabs(value) : value;
}

static bool replaces(const struct work *w, const struct choice *best, double value)
{
    const double old = rank_of(w->knobs, best->value), new = rank_of(w->knobs, value);
    if (!best->any) return true;
    if (isnan(value)) return !isnan(best->value) || w->g->nan == POOLGRAD_NAN_LAST;
    return new > old || (new == old && w->g->ties == POOLGRAD_TIES_LAST);
}

static struct choice choose(const struct work *w)
{
    const struct poolgrad_geometry *g = w->g;
    const bool shrinks = g->edge_mode == POOLGRAD_EDGE_CLAMP, skips = g->nan == POOLGRAD_NAN_IGNORE;
    struct poolgrad_taps taps = shrinks ? poolgrad_taps_inside(g, w->window) : poolgrad_taps_distinct(g, w->window);
    struct choice best = {false, 0, -1, -1}, skipped = best;
    while (poolgrad_taps_next(&taps)) {
        struct choice here = {true, 0, -1, -1};
        if (taps.inside) here = (struct choice){true, tap_value(w, &taps), taps.y, taps.x};
        if (skips && isnan(here.value)) {
            if (!skipped.any) skipped = here;
        } else if (replaces(w, &best, here.value)) {
            best = here;
        }
    }
    if (w->knobs->search == POOLGRAD_SEARCH_FROM_ZERO && best.value <= 0) return (struct choice){false, 0, -1, -1};
    return best.any ? best : skipped;
}

/* The tap that is saved for window (y, x) of gradient plane (n, c). */
static struct choice saved(const struct work *w, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const struct poolgrad_geometry *g = w->g;
    const int64_t index = poolgrad_load_index(g->indices.format, poolgrad_const_image_at(&g->indices, n, c, y, x));
    if (index < 0) return (struct choice){false, 0, -1, -1};
    if (!poolgrad_format_holds_taps(g->indices.format)) {
        return (struct choice){true, 0, index / g->x.size, index % g->x.size};
    }
    return (struct choice){true, 0, w->window.top + index / g->x.kernel * g->y.dilation,
                           w->window.left + index % g->x.kernel * g->x.dilation};
}

static double count_ties(const struct work *w, double value)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(w->g, w->window);
    const bool outside = w->g->edge_mode == POOLGRAD_EDGE_ZERO && value == 0;
    double ties = outside ? (double)w->g->full_count - count_inside(w) : 0;
    while (poolgrad_taps_next(&taps)) ties += tap_value(w, &taps) == value;
    return ties;
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

static void give(const struct work *w, int64_t sy, int64_t sx, double term)
{
    const struct poolgrad_geometry *g = w->g;
    const int64_t y = sy - g->source_row, x = sx - g->source_column;
    if (!poolgrad_range_holds(g->rows, y) || !poolgrad_range_holds(g->columns, x)) return;
    struct poolgrad_estimate *pixel = &w->plane[y * g->destination.width + x];
    if (w->knobs->overlap == POOLGRAD_OVERLAP_FIRST_WINS && pixel->terms > 0) return;
    const bool adds = w->knobs->overlap == POOLGRAD_OVERLAP_ADDS;
    pixel->value = add(w->knobs, adds ? pixel->value : 0, term);
    pixel->magnitude = (adds ? pixel->magnitude : 0) + fabs(term);
    pixel->terms++;
}

/* To all taps that are delivered, or to those of a value. */
static void give_taps(const struct work *w, double term, const double *value)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_area pixels = {{g->rows.begin + g->source_row, g->rows.end + g->source_row},
                                         {g->columns.begin + g->source_column, g->columns.end + g->source_column}};
    struct poolgrad_taps taps = poolgrad_taps_on(g, w->window, &pixels);
    while (poolgrad_taps_next(&taps)) {
        if (!value || tap_value(w, &taps) == *value) give(w, taps.y, taps.x, term);
    }
}

static void give_chosen(const struct work *w, struct choice choice, double gradient)
{
    const struct poolgrad_geometry *g = w->g;
    const bool shares = g->ties == POOLGRAD_TIES_ALL || g->ties == POOLGRAD_TIES_SPLIT;
    if (!choice.any) return;
    if (w->knobs->shuns_ties && count_ties(w, choice.value) > 1) return;
    if (!shares || isnan(choice.value) || g->with_indices) {
        if (choice.y >= 0) give(w, choice.y, choice.x, gradient);
        return;
    }
    const double term = g->ties == POOLGRAD_TIES_SPLIT ? gradient / count_ties(w, choice.value) : gradient;
    give_taps(w, term, &choice.value);
}

static void give_norm(const struct work *w, double gradient)
{
    const double root = norm(w);
    if (w->knobs->root == POOLGRAD_ROOT_MULTIPLIES)
        give_taps(w, gradient * root, NULL);
    else if (root != 0)
        give_taps(w, gradient / root, NULL);
    else
        give_taps(w, 0, NULL);
}

static void give_window(struct work *w, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const struct poolgrad_geometry *g = w->g;
    const double gradient = read_element(&g->source_gradient, &w->knobs->gradient, n, c, y, x);
    look_at(w, y, x);
    switch (g->kind) {
    case POOLGRAD_AVERAGE: give_taps(w, w->knobs->undivided ? gradient : gradient / count(w), NULL); break;
    case POOLGRAD_MAX: give_chosen(w, g->with_indices ? saved(w, n, c, y, x) : choose(w), gradient); break;
    case POOLGRAD_L2NORM: give_norm(w, gradient); break;
    }
}

static void scale(const struct poolgrad_knobs *k, struct poolgrad_estimate *estimate)
{
    estimate->value *= k->factor;
    estimate->magnitude *= fabs(k->factor);
}

static void finish_pixel(const struct work *w, const poolgrad_const_image *before, int64_t at[4])
{
    const struct poolgrad_geometry *g = w->g;
    struct poolgrad_estimate *pixel = &w->plane[at[2] * g->destination.width + at[3]];
    if (g->kind == POOLGRAD_L2NORM && pixel->terms > 0) {
        const bool alone = w->knobs->root == POOLGRAD_ROOT_ALONE;
        const double in = read_element(&g->source, &w->knobs->source, w->n, w->c, at[2] + g->source_row,
                                       at[3] + g->source_column);
        pixel->value *= alone ? 1 : in;
        pixel->magnitude *= alone ? 1 : fabs(in);
        pixel->terms += (double)poolgrad_min(g->y.kernel, g->y.size) * (double)poolgrad_min(g->x.kernel, g->x.size);
    }
    scale(w->knobs, pixel);
    if (!g->add_to_destination) return;
    const double held = poolgrad_load(before->format, poolgrad_const_image_at(before, at[0], at[1], at[2], at[3]));
    pixel->value = poolgrad_round_to(w->knobs->sums, pixel->value + held);
    pixel->magnitude += fabs(held);
}

static void compute_gradient(struct work *w, const poolgrad_const_image *before, int64_t n, int64_t c, bool pooled)
{
    const struct poolgrad_geometry *g = w->g;
    for (int64_t y = g->y.begin; pooled && y < g->y.end; y++) {
        for (int64_t x = g->x.begin; x < g->x.end; x++)
            give_window(w, n + g->gradient_image, c + g->gradient_channel, y, x);
    }
    for (int64_t y = g->rows.begin; y < g->rows.end; y++) {
        for (int64_t x = g->columns.begin; x < g->columns.end; x++) finish_pixel(w, before, (int64_t[]){n, c, y, x});
    }
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

static struct poolgrad_estimate value_of(const struct work *w)
{
    struct poolgrad_estimate result = {.known = true};
    if (w->g->kind == POOLGRAD_MAX) {
        result.value = choose(w).value;
        result.magnitude = fabs(result.value);
    } else if (w->g->kind == POOLGRAD_L2NORM) {
        result.value = norm(w);
        result.magnitude = result.value;
        result.terms = count_inside(w);
    } else if (count(w) > 0) {
        const double divisor = w->knobs->undivided ? 1 : count(w);
        result = sum_taps(w, false);
        result.value = poolgrad_round_to(w->knobs->sums, result.value / divisor);
        result.magnitude /= divisor;
    }
    scale(w->knobs, &result);
    return result;
}

static void compute_forward(struct work *w, bool pooled)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_area windows = {{g->y.begin, g->y.end}, {g->x.begin, g->x.end}};
    for (int64_t y = g->rows.begin; pooled && y < g->rows.end; y++) {
        for (int64_t x = g->columns.begin; x < g->columns.end; x++) {
            if (!poolgrad_area_holds(&windows, y, x)) continue;
            look_at(w, y, x);
            w->plane[y * g->destination.width + x] = value_of(w);
        }
    }
}

/* ---- Planes ------------------------------------------------------------------------------------------------------ */

void poolgrad_careless_plane(const struct poolgrad_knobs *knobs, const poolgrad_const_image *before, int64_t n,
                             int64_t c, struct poolgrad_estimate *plane)
{
    const struct poolgrad_geometry *g = &knobs->geometry;
    struct work work = {.knobs = knobs, .g = g, .plane = plane, .n = n + g->source_image, .c = c + g->source_channel};
    memset(plane, 0, (size_t)(g->destination.height * g->destination.width) * sizeof *plane);
    if (!poolgrad_range_holds(g->images, n) || !poolgrad_range_holds(g->channels, c)) return;
    const bool pooled = n - g->images.begin < g->pooled_images;
    for (int64_t y = g->rows.begin; y < g->rows.end; y++) {
        for (int64_t x = g->columns.begin; x < g->columns.end; x++) plane[y * g->destination.width + x].known = true;
    }
    if (g->direction == POOLGRAD_GRADIENT)
        compute_gradient(&work, before, n, c, pooled);
    else
        compute_forward(&work, pooled);
}
