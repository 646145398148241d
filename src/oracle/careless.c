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

static const struct poolgrad_reading *unless_neutral(const struct poolgrad_reading *r)
{
    const bool stays = r->images == 0 && r->channel == 0 && r->layer == 0 && r->row == 0 && r->column == 0;
    const bool own = !r->from_image && !r->from_channel && r->channels == POOLGRAD_CHANNELS_KEPT;
    const bool turned = r->flipped_rows || r->flipped_columns || r->flipped_layers || r->transposed != 0;
    return stays && own && !turned && !r->strided && !r->remapped ? NULL : r;
}

static double read_element(const poolgrad_const_image *image, const struct poolgrad_reading *r, int64_t n, int64_t c,
                           struct poolgrad_pixel pixel)
{
    struct poolgrad_element at = {n, c, pixel};
    if (!r) return poolgrad_load_element(image, at);
    return poolgrad_reading_move(r, image, &at) ? poolgrad_load_element(image, at) : 0;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* A volume while it is computed, and the window that is looked at. */
struct work {
    const struct poolgrad_knobs *knobs;
    const struct poolgrad_geometry *g;
    struct poolgrad_estimate *volume;
    struct poolgrad_area area;                        /* of the destination */
    struct poolgrad_area view;                        /* what is asked for */
    const struct poolgrad_reading *source, *gradient; /* null: elements are read where they are */
    int64_t n, c;                                     /* of the source */
    struct poolgrad_window_at window;
    struct poolgrad_pixel output; /* whose window this is */
    double weight;                /* of the tap at hand */
    double *list;                 /* of terms, in place of their sum; or null */
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

/* ---- Taps -------------------------------------------------------------------------------------------------------- */

static int64_t reflected(int64_t i, int64_t size)
{
    if (size == 1) return 0;
    const int64_t period = 2 * (size - 1), at = (i % period + period) % period;
    return at < size ? at : period - at;
}

/* The place along an axis of a tap outside. */
static int64_t brought_inside(enum poolgrad_outside outside, int64_t i, int64_t size)
{
    if (outside == POOLGRAD_OUTSIDE_REPEATED) return poolgrad_clamp(i, 0, size - 1);
    if (outside == POOLGRAD_OUTSIDE_REFLECTED) return reflected(i, size);
    return (i % size + size) % size;
}

static void bring_inside(const struct work *w, struct poolgrad_taps *taps)
{
    const struct poolgrad_area volume = poolgrad_source_volume(w->g);
    const enum poolgrad_outside outside = w->knobs->outside;
    struct poolgrad_pixel *at = &taps->at;
    if (outside == POOLGRAD_OUTSIDE_NEXT_ROW) {
        const int64_t place = poolgrad_area_place(&volume, *at);
        taps->inside = place >= 0 && place < poolgrad_area_size(&volume);
        if (taps->inside) *at = poolgrad_area_pixel(&volume, place);
        return;
    }
    at->z = brought_inside(outside, at->z, w->g->z.size);
    at->y = brought_inside(outside, at->y, w->g->y.size);
    at->x = brought_inside(outside, at->x, w->g->x.size);
    taps->inside = true;
}

static bool is_within(int64_t number, int64_t limit, int64_t size)
{
    return limit == 0 || number < (limit > 0 ? limit : size + limit);
}

static bool takes_part(const struct work *w, struct poolgrad_pixel number)
{
    const struct poolgrad_knobs *k = w->knobs;
    const struct poolgrad_window_at *window = &w->window;
    const int64_t place = (number.z * window->y.size + number.y) * window->x.size + number.x;
    const int64_t taps = window->z.size * window->y.size * window->x.size;
    return is_within(number.z, k->tap_limit.z, window->z.size) && is_within(number.y, k->tap_limit.y, window->y.size) &&
           is_within(number.x, k->tap_limit.x, window->x.size) && place >= k->tap_first &&
           is_within(place, k->tap_limit_in_order, taps);
}

static bool cuts_taps(const struct poolgrad_knobs *k)
{
    return k->tap_limit.z != 0 || k->tap_limit.y != 0 || k->tap_limit.x != 0 || k->tap_first > 0 ||
           k->tap_limit_in_order != 0;
}

static bool is_in_block(const struct work *w, const struct poolgrad_axis *axis, int64_t tile, int64_t at,
                        poolgrad_span window, int64_t output)
{
    if (tile == 0) return true;
    const int64_t home = w->knobs->tile_from_first_tap ? poolgrad_max(window.first, 0)
                                                       : (output - axis->begin) * axis->stride;
    return poolgrad_floor_divide(at, tile) == poolgrad_floor_divide(home, tile);
}

static bool is_in_own_tile(const struct work *w, struct poolgrad_pixel at)
{
    const struct poolgrad_pixel tile = w->knobs->tile;
    return is_in_block(w, &w->g->z, tile.z, at.z, w->window.z, w->output.z) &&
           is_in_block(w, &w->g->y, tile.y, at.y, w->window.y, w->output.y) &&
           is_in_block(w, &w->g->x, tile.x, at.x, w->window.x, w->output.x);
}

/* The taps that are not left out, with the weight of each; those outside of the image only where something stands in
 * for them. */
static bool next_tap(struct work *w, struct poolgrad_taps *taps)
{
    const struct poolgrad_knobs *k = w->knobs;
    const bool cuts = cuts_taps(k), tiled = k->tile.z > 0 || k->tile.y > 0 || k->tile.x > 0;
    w->weight = 1;
    while (poolgrad_taps_next(taps)) {
        if (cuts && !takes_part(w, taps->number.at)) continue;
        if (!taps->inside && k->outside != POOLGRAD_OUTSIDE_BY_EDGE_MODE) bring_inside(w, taps);
        if (!taps->inside && k->outside != POOLGRAD_OUTSIDE_BY_EDGE_MODE) continue;
        if (!tiled || !taps->inside || is_in_own_tile(w, taps->at)) return true;
        w->weight = 2;
        if (k->tile_doubles) return true;
        w->weight = 1;
    }
    return false;
}

/* All that a sum is made of. */
static struct poolgrad_taps summed_taps(const struct work *w)
{
    const struct poolgrad_area all = {{0, w->window.z.size}, {0, w->window.y.size}, {0, w->window.x.size}};
    return w->knobs->outside == POOLGRAD_OUTSIDE_BY_EDGE_MODE ? poolgrad_taps_inside(w->g, w->window)
                                                              : poolgrad_taps_numbered(w->g, w->window, &all);
}

static double tap_value(const struct work *w, const struct poolgrad_taps *taps)
{
    const double read = read_element(&w->g->source, w->source, w->n, w->c, taps->at);
    const double value = poolgrad_round_to(w->knobs->read_in, read);
    return w->knobs->flushes_source && fabs(value) < w->knobs->least ? 0 : value;
}

/* Taps inside, as a number that cannot overflow. */
static double count_inside(const struct work *w)
{
    const struct poolgrad_area taps = poolgrad_taps_inside(w->g, w->window).number.area;
    return (double)poolgrad_range_length(taps.layers) * (double)poolgrad_range_length(taps.rows) *
           (double)poolgrad_range_length(taps.columns);
}

static double count_all(const struct poolgrad_window_at *window)
{
    return (double)window->z.size * (double)window->y.size * (double)window->x.size;
}

static double counted(const struct poolgrad_axis *axis, poolgrad_span window)
{
    return (double)poolgrad_range_length(poolgrad_axis_counted_taps(axis, window));
}

/* What an average divides by. */
static double count(const struct work *w)
{
    const struct poolgrad_geometry *g = w->knobs->counted ? w->knobs->counted : w->g;
    const struct poolgrad_window_at window = w->knobs->counted ? poolgrad_window_place(g, w->n, w->c, w->output)
                                                               : w->window;
    if (w->knobs->divisor_set) return w->knobs->divisor;
    if (g->divisor != 0) return (double)g->divisor;
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) return count_all(&window);
    return counted(&g->z, window.z) * counted(&g->y, window.y) * counted(&g->x, window.x);
}

static double over(const struct work *w, double value, double divisor)
{
    if (w->knobs->reciprocal == POOLGRAD_FORMAT_NONE) return value / divisor;
    return value * poolgrad_round_to(w->knobs->reciprocal, 1 / divisor);
}

static double add(const struct poolgrad_knobs *k, double sum, double term)
{
    return poolgrad_round_to(k->sums, sum + poolgrad_round_to(k->terms, term));
}

/* Of the taps or of their squares. */
static struct poolgrad_estimate sum_taps(struct work *w, bool squares)
{
    struct poolgrad_estimate sum = {.known = true};
    struct poolgrad_taps taps = summed_taps(w);
    while (next_tap(w, &taps)) {
        const double value = tap_value(w, &taps), square = w->knobs->magnitudes ? fabs(value) : value * value;
        const double term = w->weight * (squares ? square : value);
        sum.value = add(w->knobs, sum.value, term);
        sum.magnitude += fabs(term);
        sum.terms++;
    }
    return sum;
}

static double norm(struct work *w)
{
    const struct poolgrad_knobs *k = w->knobs;
    const enum poolgrad_root root = k->root;
    const double sum = sum_taps(w, true).value + k->root_added, floor = k->norm_floor;
    if (sum == 0) return fmax(k->norm_added, floor);
    if (root == POOLGRAD_ROOT_OVER_COUNT) return sqrt(sum) / count(w);
    const double square = w->g->root_mean || root == POOLGRAD_ROOT_OF_MEAN ? over(w, sum, count(w)) : sum;
    const double value = (root == POOLGRAD_ROOT_MISSING ? square : sqrt(square)) + k->norm_added;
    return value < floor ? floor : value;
}

/* What a gradient is divided by. */
static double norm_divisor(struct work *w)
{
    const enum poolgrad_root root = w->knobs->root;
    const double value = norm(w);
    if (root == POOLGRAD_ROOT_SQUARED) return value * value;
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

/* Of a float's bits, taken for an integer. */
static double bits_of(double value, bool with_sign)
{
    const float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    return with_sign && bits >> 31 ? (double)bits - 4294967296.0 : (double)bits;
}

static double rank_of(const struct poolgrad_knobs *k, double value)
{
    switch (k->search) {
    case POOLGRAD_SEARCH_LEAST: return -value;
    case POOLGRAD_SEARCH_MAGNITUDE: return fabs(value);
    case POOLGRAD_SEARCH_SIGNED_BITS: return bits_of(value, true);
    case POOLGRAD_SEARCH_UNSIGNED_BITS: return bits_of(value, false);
    default: return poolgrad_round_to(k->compared_in, value);
    }
}

static bool replaces(const struct work *w, const struct choice *best, double value)
{
    if (!best->any || w->knobs->search == POOLGRAD_SEARCH_LAST) return true;
    if (w->knobs->search == POOLGRAD_SEARCH_FIRST) return false;
    if (isnan(value)) return !isnan(best->value) || w->g->nan == POOLGRAD_NAN_LAST;
    const double old = rank_of(w->knobs, best->value), new = rank_of(w->knobs, value);
    return new > old || (new == old && w->g->ties == POOLGRAD_TIES_LAST);
}

static struct choice choose_centre(const struct work *w)
{
    const struct poolgrad_geometry *g = w->g;
    struct poolgrad_taps taps = {.at = {poolgrad_axis_place(&g->z, w->window.z, w->window.z.size / 2),
                                        poolgrad_axis_place(&g->y, w->window.y, w->window.y.size / 2),
                                        poolgrad_axis_place(&g->x, w->window.x, w->window.x.size / 2)}};
    if (!poolgrad_source_has(g, taps.at)) return no_choice;
    return (struct choice){true, tap_value(w, &taps), taps.at};
}

static struct choice choose(struct work *w)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_knobs *k = w->knobs;
    const bool outside = k->outside != POOLGRAD_OUTSIDE_BY_EDGE_MODE, skips = g->nan == POOLGRAD_NAN_IGNORE;
    if (k->search == POOLGRAD_SEARCH_CENTRE) return choose_centre(w);
    struct poolgrad_taps taps = outside || g->edge_mode == POOLGRAD_EDGE_CLAMP ? summed_taps(w)
                                                                               : poolgrad_taps_distinct(g, w->window);
    struct choice best = no_choice, skipped = no_choice;
    while (next_tap(w, &taps)) {
        struct choice here = {true, 0, {-1, -1, -1}};
        if (taps.inside) here = (struct choice){true, tap_value(w, &taps), taps.at};
        if (skips && isnan(here.value)) {
            if (!skipped.any) skipped = here;
        } else if (replaces(w, &best, here.value)) {
            best = here;
        }
    }
    if (k->search_starts && (!best.any || best.value <= k->search_start)) {
        return (struct choice){false, k->search_start, {-1, -1, -1}};
    }
    return best.any ? best : skipped;
}

static bool moves_picks(const struct poolgrad_knobs *k)
{
    const struct poolgrad_padded in = k->picks_in, for_ = k->picks_for;
    return k->pick_bits != 0 || in.above != 0 || in.left != 0 || in.longer != 0 || for_.above != 0 || for_.left != 0 ||
           for_.longer != 0;
}

/* Where a careless implementation thinks that a pick is, by its place in its plane. */
static struct poolgrad_pixel move_pick(const struct work *w, struct poolgrad_pixel at)
{
    const struct poolgrad_knobs *k = w->knobs;
    const struct poolgrad_area volume = poolgrad_source_volume(w->g);
    const int64_t width = w->g->x.size + k->picks_in.longer, other = w->g->x.size + k->picks_for.longer;
    if (!moves_picks(k) || at.x < 0 || width < 1 || other < 1) return at;
    int64_t place = (at.z * w->g->y.size + at.y + k->picks_in.above) * width + at.x + k->picks_in.left;
    if (k->pick_bits > 0) place &= (INT64_C(1) << k->pick_bits) - 1;
    if (k->pick_bits < 0) place = (int64_t)poolgrad_round_to(POOLGRAD_FLOAT16, (double)place);
    place = (place / other - k->picks_for.above) * w->g->x.size + place % other - k->picks_for.left;
    if (place < 0 || place >= poolgrad_area_size(&volume)) return (struct poolgrad_pixel){-1, -1, -1};
    return poolgrad_area_pixel(&volume, place);
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
    struct poolgrad_element from = {n, c, output};
    if (!poolgrad_reading_move(&w->knobs->indices, &g->indices, &from)) return no_choice;
    int64_t index = poolgrad_load_index(g->indices.format,
                                        poolgrad_pixel_address(&g->indices, from.n, from.c, from.pixel));
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

static double count_ties(struct work *w, double value)
{
    struct poolgrad_taps taps = summed_taps(w);
    const bool outside = w->g->edge_mode == POOLGRAD_EDGE_ZERO && value == 0;
    double ties = outside ? count_all(&w->window) - count_inside(w) : 0;
    while (next_tap(w, &taps)) ties += tap_value(w, &taps) == value;
    return ties;
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

static void give(const struct work *w, struct poolgrad_pixel source, double term)
{
    const struct poolgrad_pixel at = poolgrad_written_pixel(w->g, source);
    if (!poolgrad_area_holds(&w->view, at)) return;
    struct poolgrad_estimate *pixel = w->list ? w->volume : estimate_at(w, at);
    const enum poolgrad_overlap overlap = w->knobs->overlap;
    if (w->list) {
        if (pixel->terms < (double)POOLGRAD_MOST_TERMS) w->list[(int)pixel->terms] = term;
        pixel->terms++;
        return;
    }
    if (overlap == POOLGRAD_OVERLAP_FIRST_WINS && pixel->terms > 0) return;
    if (overlap == POOLGRAD_OVERLAP_GREATEST && pixel->terms > 0 && term <= pixel->value) return;
    const bool adds = overlap == POOLGRAD_OVERLAP_ADDS || overlap == POOLGRAD_OVERLAP_MEAN;
    pixel->value = add(w->knobs, adds ? pixel->value : 0, term);
    pixel->magnitude = (adds ? pixel->magnitude : 0) + fabs(term);
    pixel->terms++;
}

/* To all taps that are looked at, or to those of a value. */
static void give_taps(struct work *w, double term, const double *value)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_area *view = &w->view;
    const struct poolgrad_area pixels = {
        {view->layers.begin + g->source_layer, view->layers.end + g->source_layer},
        {view->rows.begin + g->source_row, view->rows.end + g->source_row},
        {view->columns.begin + g->source_column, view->columns.end + g->source_column}};
    const bool as_they_are = w->knobs->outside == POOLGRAD_OUTSIDE_BY_EDGE_MODE;
    struct poolgrad_taps taps = as_they_are ? poolgrad_taps_on(g, w->window, &pixels) : summed_taps(w);
    while (next_tap(w, &taps)) {
        if (!value || tap_value(w, &taps) == *value) give(w, taps.at, w->weight * term);
    }
}

static void give_chosen(struct work *w, struct choice choice, double gradient)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_knobs *k = w->knobs;
    const bool shares = g->ties == POOLGRAD_TIES_ALL || g->ties == POOLGRAD_TIES_SPLIT;
    if (!choice.any) return;
    const bool counts = k->shuns_ties || k->halves_ties || g->ties == POOLGRAD_TIES_SPLIT;
    const double ties = counts ? count_ties(w, choice.value) : 1;
    if (k->shuns_ties && ties > 1) return;
    if (!(shares || k->halves_ties) || isnan(choice.value) || g->with_indices) {
        const struct poolgrad_pixel at = move_pick(w, choice.at);
        if (at.x >= 0) give(w, at, gradient);
        return;
    }
    const double parts = k->halves_ties ? fmin(ties, 2) : ties;
    give_taps(w, g->ties == POOLGRAD_TIES_SPLIT || k->halves_ties ? gradient / parts : gradient, &choice.value);
}

static void give_norm(struct work *w, double gradient)
{
    const double root = norm_divisor(w);
    if (w->knobs->root == POOLGRAD_ROOT_MULTIPLIES)
        give_taps(w, gradient * root, NULL);
    else if (root != 0)
        give_taps(w, over(w, gradient, root), NULL);
    else
        give_taps(w, 0, NULL);
}

/* Windows along an axis that can give anything to the pixels. */
static struct poolgrad_range windows_over(const struct poolgrad_axis *axis, struct poolgrad_range pixels, int64_t moved)
{
    if (pixels.begin == pixels.end) return (struct poolgrad_range){axis->begin, axis->begin};
    return poolgrad_axis_windows(axis, pixels.begin + moved, pixels.end + moved);
}

/* Windows that can give anything to what is looked at. */
static struct poolgrad_area windows_at_hand(const struct work *w)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_knobs *k = w->knobs;
    const bool elsewhere = g->with_indices || k->outside != POOLGRAD_OUTSIDE_BY_EDGE_MODE || moves_picks(k);
    if (elsewhere) return poolgrad_output_area(g);
    return (struct poolgrad_area){windows_over(&g->z, w->view.layers, g->source_layer - k->shift.z),
                                  windows_over(&g->y, w->view.rows, g->source_row - k->shift.y),
                                  windows_over(&g->x, w->view.columns, g->source_column - k->shift.x)};
}

static void give_window(struct work *w, int64_t n, int64_t c, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = w->g;
    look_at(w, output);
    const double read = read_element(&g->source_gradient, w->gradient, n, c, output);
    const double gradient = poolgrad_round_to(w->knobs->read_in, read);
    switch (g->kind) {
    case POOLGRAD_AVERAGE: give_taps(w, w->knobs->undivided ? gradient : over(w, gradient, count(w)), NULL); break;
    case POOLGRAD_MAX: give_chosen(w, g->with_indices ? saved(w, n, c, output) : choose(w), gradient); break;
    case POOLGRAD_L2NORM: give_norm(w, gradient); break;
    }
}

/* Taps along an axis that a window can have inside. */
static double most_taps(const struct poolgrad_axis *axis)
{
    return (double)poolgrad_min(axis->kernel, axis->size);
}

/* The factor In of a gradient of norms. */
static double factor_in(const struct work *w, struct poolgrad_pixel at)
{
    const double in = read_element(&w->g->source, w->source, w->n, w->c, poolgrad_source_pixel(w->g, at));
    if (w->knobs->root == POOLGRAD_ROOT_ALONE) return 1;
    if (w->knobs->signs) return in > 0 ? 1 : in < 0 ? -1 : 0;
    return poolgrad_round_to(w->knobs->read_in, in);
}

static void finish_pixel(const struct work *w, const poolgrad_const_image *before, struct poolgrad_element at)
{
    const struct poolgrad_geometry *g = w->g;
    struct poolgrad_estimate *pixel = estimate_at(w, at.pixel);
    if (w->knobs->overlap == POOLGRAD_OVERLAP_MEAN && pixel->terms > 0) pixel->value /= pixel->terms;
    if (g->kind == POOLGRAD_L2NORM && pixel->terms > 0) {
        const double in = factor_in(w, at.pixel);
        pixel->value *= in;
        pixel->magnitude *= fabs(in);
        pixel->terms += most_taps(&g->z) * most_taps(&g->y) * most_taps(&g->x);
    }
    if (!g->add_to_destination) return;
    const double held = poolgrad_load_element(before, at);
    pixel->value = poolgrad_round_to(w->knobs->sums, pixel->value + held);
    pixel->magnitude += fabs(held);
}

static bool is_left_out(const struct poolgrad_knobs *k, struct poolgrad_pixel output)
{
    const struct poolgrad_pixel block = k->window_block;
    return (block.z > 0 && output.z % block.z != 0) || (block.y > 0 && output.y % block.y != 0) ||
           (block.x > 0 && output.x % block.x != 0);
}

static void give_windows(struct work *w, int64_t n, int64_t c)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_area outputs = windows_at_hand(w);
    struct poolgrad_steps windows = poolgrad_steps_over(&outputs);
    w->n = n + g->source_image;
    w->c = c + g->source_channel;
    while (poolgrad_steps_next(&windows)) {
        if (is_left_out(w->knobs, windows.at)) continue;
        give_window(w, n + g->gradient_image, c + g->gradient_channel, windows.at);
    }
}

/* Windows of all channels, or images, that give to those of the first one. */
static void give_volumes(struct work *w, int64_t n, int64_t c)
{
    const struct poolgrad_geometry *g = w->g;
    const struct poolgrad_knobs *k = w->knobs;
    struct poolgrad_range images = {n, n + 1}, channels = {c, c + 1};
    const struct poolgrad_range pooled = {g->images.begin, g->images.begin + g->pooled_images};
    if (k->all_images) images = n == g->images.begin ? pooled : (struct poolgrad_range){n, n};
    if (k->all_channels) channels = c == g->channels.begin ? g->channels : (struct poolgrad_range){c, c};
    for (int64_t i = images.begin; i < images.end; i++) {
        for (int64_t j = channels.begin; j < channels.end; j++) give_windows(w, i, j);
    }
}

static void compute_gradient(struct work *w, const poolgrad_const_image *before, int64_t n, int64_t c, bool pooled)
{
    struct poolgrad_steps pixels = poolgrad_steps_over(&w->view);
    if (pooled) give_volumes(w, n, c);
    while (poolgrad_steps_next(&pixels)) finish_pixel(w, before, (struct poolgrad_element){n, c, pixels.at});
}

int poolgrad_careless_terms(const struct poolgrad_knobs *knobs, int64_t n, int64_t c, struct poolgrad_pixel pixel,
                            double terms[POOLGRAD_MOST_TERMS])
{
    const struct poolgrad_geometry *g = &knobs->geometry;
    struct poolgrad_estimate sum = {.known = true};
    struct work work = {.knobs = knobs, .g = g, .volume = &sum, .list = terms};
    work.source = unless_neutral(&knobs->source);
    work.gradient = unless_neutral(&knobs->gradient);
    work.n = n + g->source_image;
    work.c = c + g->source_channel;
    work.view = (struct poolgrad_area){{pixel.z, pixel.z + 1}, {pixel.y, pixel.y + 1}, {pixel.x, pixel.x + 1}};
    const struct poolgrad_pixel source = poolgrad_source_pixel(g, pixel);
    const struct poolgrad_area volume = poolgrad_source_volume(g);
    const bool pooled = n - g->images.begin < g->pooled_images;
    if (!pooled || !poolgrad_range_holds(g->images, n) || !poolgrad_range_holds(g->channels, c)) return 0;
    if (!poolgrad_area_holds(&volume, source)) return 0;
    struct poolgrad_windows windows = poolgrad_windows_of(g, source);
    while (poolgrad_windows_next(&windows) && sum.terms <= (double)POOLGRAD_MOST_TERMS) {
        give_window(&work, n + g->gradient_image, c + g->gradient_channel, windows.at);
    }
    const double factor = g->kind == POOLGRAD_L2NORM ? factor_in(&work, pixel) : 1;
    const int count = (int)sum.terms;
    for (int i = 0; i < count && i < POOLGRAD_MOST_TERMS; i++) terms[i] *= factor;
    return count;
}

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

/* The element that an index names: mistaken indices name pixels that are none, too. */
static double gathered(const struct work *w)
{
    const struct choice choice = saved(w, w->n - w->g->source_image, w->c - w->g->source_channel, w->output);
    const struct poolgrad_pixel at = move_pick(w, choice.at);
    return choice.any && poolgrad_source_has(w->g, at) ? read_element(&w->g->source, w->source, w->n, w->c, at) : 0;
}

static struct poolgrad_estimate value_of(struct work *w)
{
    struct poolgrad_estimate result = {.known = true};
    if (w->g->kind == POOLGRAD_MAX) {
        result.value = w->g->with_indices ? gathered(w) : choose(w).value;
        result.magnitude = fabs(result.value);
    } else if (w->g->kind == POOLGRAD_L2NORM) {
        result.value = norm(w);
        result.magnitude = result.value;
        result.terms = count_inside(w);
    } else if (w->knobs->outside != POOLGRAD_OUTSIDE_BY_EDGE_MODE || count_inside(w) > 0) {
        const double divisor = w->knobs->undivided ? 1 : count(w);
        result = sum_taps(w, false);
        result.value = poolgrad_round_to(w->knobs->sums, over(w, result.value, divisor));
        result.magnitude /= fabs(divisor);
    }
    return result;
}

static void compute_forward(struct work *w, bool pooled)
{
    const struct poolgrad_area windows = poolgrad_output_area(w->g);
    struct poolgrad_steps steps = poolgrad_steps_over(&w->view);
    while (pooled && poolgrad_steps_next(&steps)) {
        if (!poolgrad_area_holds(&windows, steps.at)) continue;
        look_at(w, steps.at);
        *estimate_at(w, steps.at) = value_of(w);
    }
}

/* ---- Volumes ----------------------------------------------------------------------------------------------------- */

static struct poolgrad_range intersection(struct poolgrad_range a, struct poolgrad_range b)
{
    const int64_t begin = poolgrad_max(a.begin, b.begin);
    return (struct poolgrad_range){begin, poolgrad_max(begin, poolgrad_min(a.end, b.end))};
}

static void clear(const struct work *w, const struct poolgrad_area *area, bool known)
{
    struct poolgrad_steps steps = poolgrad_steps_over(area);
    while (poolgrad_steps_next(&steps)) *estimate_at(w, steps.at) = (struct poolgrad_estimate){.known = known};
}

void poolgrad_careless_volume(const struct poolgrad_knobs *knobs, const struct poolgrad_area *view,
                              const poolgrad_const_image *before, int64_t n, int64_t c,
                              struct poolgrad_estimate *volume)
{
    const struct poolgrad_geometry *g = &knobs->geometry;
    struct work work = {.knobs = knobs,
                        .g = g,
                        .volume = volume,
                        .area = poolgrad_volume_of(&g->held),
                        .n = n + g->source_image,
                        .c = c + g->source_channel,
                        .source = unless_neutral(&knobs->source),
                        .gradient = unless_neutral(&knobs->gradient)};
    const struct poolgrad_area written = poolgrad_written_area(g);
    work.view = (struct poolgrad_area){intersection(view->layers, written.layers),
                                       intersection(view->rows, written.rows),
                                       intersection(view->columns, written.columns)};
    clear(&work, view, false);
    if (!poolgrad_range_holds(g->images, n) || !poolgrad_range_holds(g->channels, c)) return;
    const bool pooled = n - g->images.begin < g->pooled_images;
    clear(&work, &work.view, true);
    if (g->direction == POOLGRAD_GRADIENT)
        compute_gradient(&work, before, n, c, pooled);
    else
        compute_forward(&work, pooled);
}
