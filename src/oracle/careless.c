/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/careless.h"

#include <math.h>
#include <string.h>

#include "image/format.h"
#include "image/ieee.h"

double poolgrad_round_to(poolgrad_format format, double value)
{
    unsigned char bytes[sizeof value];
    if (format == POOLGRAD_FORMAT_NONE || format == POOLGRAD_FLOAT64) return value;
    poolgrad_store(format, bytes, value);
    return poolgrad_load(format, bytes);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* The place of an element among its image's in an order, and the element at a place. */
static int64_t place_in(enum poolgrad_element_order order, const poolgrad_const_image *image,
                        const struct poolgrad_element *at)
{
    const struct poolgrad_area volume = poolgrad_volume_of(image);
    const int64_t size = poolgrad_area_size(&volume), layer = image->height * image->width;
    const int64_t pixel = poolgrad_area_place(&volume, at->pixel);
    switch (order) {
    case POOLGRAD_ORDER_DHWC: return pixel * image->channels + at->c;
    case POOLGRAD_ORDER_DCHW: return (at->pixel.z * image->channels + at->c) * layer + pixel % layer;
    default: return at->c * size + pixel;
    }
}

static void take_from(enum poolgrad_element_order order, const poolgrad_const_image *image, int64_t place,
                      struct poolgrad_element *at)
{
    const struct poolgrad_area volume = poolgrad_volume_of(image);
    const int64_t size = poolgrad_area_size(&volume), layer = image->height * image->width;
    int64_t pixel = place % size;
    at->c = place / size;
    if (order == POOLGRAD_ORDER_DHWC) {
        at->c = place % image->channels;
        pixel = place / image->channels;
    } else if (order == POOLGRAD_ORDER_DCHW) {
        at->c = place / layer % image->channels;
        pixel = place / layer / image->channels * layer + place % layer;
    }
    at->pixel = poolgrad_area_pixel(&volume, pixel);
}

static struct poolgrad_pixel transpose(enum poolgrad_transposition axes, struct poolgrad_pixel at)
{
    switch (axes) {
    case POOLGRAD_TRANSPOSED_XY: return (struct poolgrad_pixel){at.z, at.x, at.y};
    case POOLGRAD_TRANSPOSED_YZ: return (struct poolgrad_pixel){at.y, at.z, at.x};
    case POOLGRAD_TRANSPOSED_XZ: return (struct poolgrad_pixel){at.x, at.y, at.z};
    default: return at;
    }
}

bool poolgrad_reading_move(const struct poolgrad_reading *r, const poolgrad_const_image *image,
                           struct poolgrad_element *at)
{
    const struct poolgrad_area volume = poolgrad_volume_of(image);
    if (r->from_image) at->n = r->image;
    if (r->remapped) take_from(r->taken, image, place_in(r->placed, image, at), at);
    at->c += r->channel;
    at->pixel = poolgrad_moved(transpose(r->transposed, at->pixel), r->layer, r->row, r->column);
    return at->n >= 0 && at->n < image->images && at->c >= 0 && at->c < image->channels &&
           poolgrad_area_holds(&volume, at->pixel);
}

static double read_element(const poolgrad_const_image *image, const struct poolgrad_reading *r, int64_t n, int64_t c,
                           struct poolgrad_pixel pixel)
{
    struct poolgrad_element at = {n, c, pixel};
    return poolgrad_reading_move(r, image, &at) ? poolgrad_load_element(image, at) : 0;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* A volume while it is computed, and the window that is looked at. */
struct work {
    const struct poolgrad_knobs *knobs;
    const struct poolgrad_geometry *g;
    struct poolgrad_estimate *volume;
    struct poolgrad_area area; /* of the destination */
    int64_t n, c;              /* of the source */
    struct poolgrad_window_at window;
    struct poolgrad_pixel output; /* whose window this is */
};

/* Of a table: to where the next window begins. */
static poolgrad_span part(const struct poolgrad_axis *axis, int64_t i, poolgrad_span window)
{
    if (!axis->table || i + 1 >= axis->end) return window;
    const int64_t next = axis->table[i + 1 - axis->begin].first;
    if (next > window.first && next < window.first + window.size) window.size = next - window.first;
    return window;
}

static void look_at(struct work *w, struct poolgrad_pixel output)
{
    const struct poolgrad_pixel shift = w->knobs->shift;
    struct poolgrad_window_at *window = &w->window;
    *window = poolgrad_window_place(w->g, w->n, w->c, output);
    w->output = output;
    if (w->knobs->parted) {
        window->z = part(&w->g->z, output.z, window->z);
        window->y = part(&w->g->y, output.y, window->y);
        window->x = part(&w->g->x, output.x, window->x);
    }
    window->z.first += shift.z;
    window->y.first += shift.y;
    window->x.first += shift.x;
}

static struct poolgrad_estimate *estimate_at(const struct work *w, struct poolgrad_pixel at)
{
    return &w->volume[poolgrad_area_place(&w->area, at)];
}

static double tap_value(const struct work *w, const struct poolgrad_taps *taps)
{
    return read_element(&w->g->source, &w->knobs->source, w->n, w->c, taps->at);
}

/* Taps inside, as a number that cannot overflow. */
static double count_inside(const struct work *w)
{
    const struct poolgrad_area taps = poolgrad_taps_inside(w->g, w->window).number.area;
    return (double)poolgrad_range_length(taps.layers) * (double)poolgrad_range_length(taps.rows) *
           (double)poolgrad_range_length(taps.columns);
}

static double count_all(const struct work *w)
{
    return (double)w->window.z.size * (double)w->window.y.size * (double)w->window.x.size;
}

static double counted(const struct poolgrad_axis *axis, poolgrad_span window)
{
    return (double)poolgrad_range_length(poolgrad_axis_counted_taps(axis, window));
}

/* What an average divides by. */
static double count(const struct work *w)
{
    const struct poolgrad_geometry *g = w->g;
    if (g->divisor != 0) return (double)g->divisor;
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return count_all(w);
    return counted(&g->z, w->window.z) * counted(&g->y, w->window.y) * counted(&g->x, w->window.x);
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
    const enum poolgrad_root root = w->knobs->root;
    const double sum = sum_taps(w, true).value;
    if (sum == 0) return 0;
    if (root == POOLGRAD_ROOT_OVER_COUNT) return sqrt(sum) / count(w);
    const double square = w->g->root_mean || root == POOLGRAD_ROOT_OF_MEAN ? sum / count(w) : sum;
    return root == POOLGRAD_ROOT_MISSING ? square : sqrt(square);
}

/* What a gradient is divided by. */
static double norm_divisor(const struct work *w)
{
    const enum poolgrad_root root = w->knobs->root;
    const double value = norm(w);
    if (!w->g->root_mean || root == POOLGRAD_ROOT_UNCOUNTED) return value;
    /* The derivative of the root over N is over the root, and N. */
    return (root == POOLGRAD_ROOT_OVER_COUNT ? count(w) : 1) * count(w) * value;
}

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

/* The tap that a window picks; `any` is false for a window that has none. -1 is outside of the image. */
struct choice {
    bool any;
    double value;
    struct poolgrad_pixel at;
};

static const struct choice no_choice = {false, 0, {-1, -1, -1}};

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
    struct choice best = no_choice, skipped = no_choice;
    while (poolgrad_taps_next(&taps)) {
        struct choice here = {true, 0, {-1, -1, -1}};
        if (taps.inside) here = (struct choice){true, tap_value(w, &taps), taps.at};
        if (skips && isnan(here.value)) {
            if (!skipped.any) skipped = here;
        } else if (replaces(w, &best, here.value)) {
            best = here;
        }
    }
    if (w->knobs->search == POOLGRAD_SEARCH_FROM_ZERO && best.value <= 0) return no_choice;
    return best.any ? best : skipped;
}

/* The pixel of an area that an index stands for. */
static struct poolgrad_pixel pixel_of(const struct work *w, const struct poolgrad_area *area, int64_t index)
{
    const int64_t rows = poolgrad_range_length(area->rows), columns = poolgrad_range_length(area->columns);
    if (w->knobs->index_rule == POOLGRAD_INDEX_BY_COLUMNS) {
        return (struct poolgrad_pixel){index / rows / columns, index % rows, index / rows % columns};
    }
    if (w->knobs->index_rule != POOLGRAD_INDEX_OF_LAYER) return poolgrad_area_pixel(area, index);
    return (struct poolgrad_pixel){w->output.z, index / columns % rows, index % columns};
}

/* The tap that is saved for an output pixel of volume (n, c): by its place, wherever the window is, or by its number.
 */
static struct choice saved(const struct work *w, int64_t n, int64_t c, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_window_at *window = &w->window;
    const struct poolgrad_area volume = poolgrad_source_volume(g);
    const struct poolgrad_area taps = {{0, window->z.size}, {0, window->y.size}, {0, window->x.size}};
    int64_t index = poolgrad_load_index(g->indices.format, poolgrad_pixel_address(&g->indices, n, c, output));
    if (index < 0) return no_choice;
    index += w->knobs->index_shift;
    if (index < 0) return no_choice;
    if (!poolgrad_format_holds_taps(g->indices.format)) {
        return (struct choice){true, 0, pixel_of(w, &volume, index)};
    }
    const struct poolgrad_pixel tap = pixel_of(w, &taps, index);
    return (struct choice){true,
                           0,
                           {poolgrad_axis_place(&g->z, window->z, tap.z), poolgrad_axis_place(&g->y, window->y, tap.y),
                            poolgrad_axis_place(&g->x, window->x, tap.x)}};
}

static double count_ties(const struct work *w, double value)
{
    struct poolgrad_taps taps = poolgrad_taps_inside(w->g, w->window);
    const bool outside = w->g->edge_mode == POOLGRAD_EDGE_ZERO && value == 0;
    double ties = outside ? count_all(w) - count_inside(w) : 0;
    while (poolgrad_taps_next(&taps)) ties += tap_value(w, &taps) == value;
    return ties;
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

static void give(const struct work *w, struct poolgrad_pixel source, double term)
{
    const struct poolgrad_area written = poolgrad_written_area(w->g);
    const struct poolgrad_pixel at = poolgrad_written_pixel(w->g, source);
    if (!poolgrad_area_holds(&written, at)) return;
    struct poolgrad_estimate *pixel = estimate_at(w, at);
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
    const struct poolgrad_area pixels = {{g->layers.begin + g->source_layer, g->layers.end + g->source_layer},
                                         {g->rows.begin + g->source_row, g->rows.end + g->source_row},
                                         {g->columns.begin + g->source_column, g->columns.end + g->source_column}};
    struct poolgrad_taps taps = poolgrad_taps_on(g, w->window, &pixels);
    while (poolgrad_taps_next(&taps)) {
        if (!value || tap_value(w, &taps) == *value) give(w, taps.at, term);
    }
}

static void give_chosen(const struct work *w, struct choice choice, double gradient)
{
    const struct poolgrad_geometry *g = w->g;
    const bool shares = g->ties == POOLGRAD_TIES_ALL || g->ties == POOLGRAD_TIES_SPLIT;
    if (!choice.any) return;
    if (w->knobs->shuns_ties && count_ties(w, choice.value) > 1) return;
    if (!shares || isnan(choice.value) || g->with_indices) {
        if (choice.at.x >= 0) give(w, choice.at, gradient);
        return;
    }
    const double term = g->ties == POOLGRAD_TIES_SPLIT ? gradient / count_ties(w, choice.value) : gradient;
    give_taps(w, term, &choice.value);
}

static void give_norm(const struct work *w, double gradient)
{
    const double root = norm_divisor(w);
    if (w->knobs->root == POOLGRAD_ROOT_MULTIPLIES)
        give_taps(w, gradient * root, NULL);
    else if (root != 0)
        give_taps(w, gradient / root, NULL);
    else
        give_taps(w, 0, NULL);
}

static void give_window(struct work *w, int64_t n, int64_t c, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = w->g;
    const double gradient = read_element(&g->source_gradient, &w->knobs->gradient, n, c, output);
    look_at(w, output);
    switch (g->kind) {
    case POOLGRAD_AVERAGE: give_taps(w, w->knobs->undivided ? gradient : gradient / count(w), NULL); break;
    case POOLGRAD_MAX: give_chosen(w, g->with_indices ? saved(w, n, c, output) : choose(w), gradient); break;
    case POOLGRAD_L2NORM: give_norm(w, gradient); break;
    }
}

static void scale(const struct poolgrad_knobs *k, struct poolgrad_estimate *estimate)
{
    estimate->value *= k->factor;
    estimate->magnitude *= fabs(k->factor);
}

/* Taps along an axis that a window can have inside. */
static double most_taps(const struct poolgrad_axis *axis)
{
    return (double)poolgrad_min(axis->kernel, axis->size);
}

static void finish_pixel(const struct work *w, const poolgrad_const_image *before, struct poolgrad_element at)
{
    const struct poolgrad_geometry *g = w->g;
    struct poolgrad_estimate *pixel = estimate_at(w, at.pixel);
    if (g->kind == POOLGRAD_L2NORM && pixel->terms > 0) {
        const bool alone = w->knobs->root == POOLGRAD_ROOT_ALONE;
        const double in = read_element(&g->source, &w->knobs->source, w->n, w->c, poolgrad_source_pixel(g, at.pixel));
        pixel->value *= alone ? 1 : in;
        pixel->magnitude *= alone ? 1 : fabs(in);
        pixel->terms += most_taps(&g->z) * most_taps(&g->y) * most_taps(&g->x);
    }
    scale(w->knobs, pixel);
    if (!g->add_to_destination) return;
    const double held = poolgrad_load_element(before, at);
    pixel->value = poolgrad_round_to(w->knobs->sums, pixel->value + held);
    pixel->magnitude += fabs(held);
}

static void compute_gradient(struct work *w, const poolgrad_const_image *before, int64_t n, int64_t c, bool pooled)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_area outputs = poolgrad_output_area(g), written = poolgrad_written_area(g);
    struct poolgrad_steps windows = poolgrad_steps_over(&outputs), pixels = poolgrad_steps_over(&written);
    while (pooled && poolgrad_steps_next(&windows)) {
        give_window(w, n + g->gradient_image, c + g->gradient_channel, windows.at);
    }
    while (poolgrad_steps_next(&pixels)) finish_pixel(w, before, (struct poolgrad_element){n, c, pixels.at});
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

/* The element that an index names. */
static double gathered(const struct work *w)
{
    const struct choice choice = saved(w, w->n - w->g->source_image, w->c - w->g->source_channel, w->output);
    return choice.any ? read_element(&w->g->source, &w->knobs->source, w->n, w->c, choice.at) : 0;
}

static struct poolgrad_estimate value_of(const struct work *w)
{
    struct poolgrad_estimate result = {.known = true};
    if (w->g->kind == POOLGRAD_MAX) {
        result.value = w->g->with_indices ? gathered(w) : choose(w).value;
        result.magnitude = fabs(result.value);
    } else if (w->g->kind == POOLGRAD_L2NORM) {
        result.value = norm(w);
        result.magnitude = result.value;
        result.terms = count_inside(w);
    } else if (count_inside(w) > 0) {
        const double divisor = w->knobs->undivided ? 1 : count(w);
        result = sum_taps(w, false);
        result.value = poolgrad_round_to(w->knobs->sums, result.value / divisor);
        result.magnitude /= fabs(divisor);
    }
    scale(w->knobs, &result);
    return result;
}

static void compute_forward(struct work *w, bool pooled)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_area windows = poolgrad_output_area(g), written = poolgrad_written_area(g);
    struct poolgrad_steps steps = poolgrad_steps_over(&written);
    while (pooled && poolgrad_steps_next(&steps)) {
        if (!poolgrad_area_holds(&windows, steps.at)) continue;
        look_at(w, steps.at);
        *estimate_at(w, steps.at) = value_of(w);
    }
}

/* ---- Volumes ----------------------------------------------------------------------------------------------------- */

void poolgrad_careless_volume(const struct poolgrad_knobs *knobs, const poolgrad_const_image *before, int64_t n,
                              int64_t c, struct poolgrad_estimate *volume)
{
    const struct poolgrad_geometry *g = &knobs->geometry;
    struct work work = {.knobs = knobs,
                        .g = g,
                        .volume = volume,
                        .area = poolgrad_volume_of(&g->held),
                        .n = n + g->source_image,
                        .c = c + g->source_channel};
    const struct poolgrad_area written = poolgrad_written_area(g);
    memset(volume, 0, (size_t)poolgrad_area_size(&work.area) * sizeof *volume);
    if (!poolgrad_range_holds(g->images, n) || !poolgrad_range_holds(g->channels, c)) return;
    const bool pooled = n - g->images.begin < g->pooled_images;
    struct poolgrad_steps steps = poolgrad_steps_over(&written);
    while (poolgrad_steps_next(&steps)) estimate_at(&work, steps.at)->known = true;
    if (g->direction == POOLGRAD_GRADIENT)
        compute_gradient(&work, before, n, c, pooled);
    else
        compute_forward(&work, pooled);
}
