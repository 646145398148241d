/* SPDX-License-Identifier: Apache-2.0 */
/* Units: which planes and rows each is, and how it is gone through. */
#include <string.h>

#include "image/format.h"
#include "image/move.h"
#include "lanes/columns.h"

/* ---- Forward ----------------------------------------------------------------------------------------------------- */

/* Picks are codes where both lie in the same steps; else codes are kept in working memory first. */
static void *codes_for(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, int64_t step, bool *in_place)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    *in_place = lanes->codes_in_place && lanes->in_place[POOLGRAD_LANES_PICKS] && g->picks.column_stride == step &&
                (!lanes->rows_together || lanes->codes_follow);
    /* Rows that are resumed compare places, too. */
    if (!g->with_picks && !(lanes->searches && lanes->chunked)) return NULL;
    if (!*in_place) return poolgrad_lanes_area(unit, POOLGRAD_LANES_CODES);
    const struct poolgrad_lanes_origin at = poolgrad_lanes_origin_of(unit, POOLGRAD_LANES_PICKS);
    return poolgrad_image_at(&g->picks, at.n, at.c, z, y, g->columns.begin);
}

/* A row of what no window gives: +0, and no picks. */
static void forward_nothing(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (lanes->columns.used) {
        poolgrad_lanes_columns_forward_nothing(unit, z, y);
        return;
    }
    const int64_t width = poolgrad_range_length(g->columns);
    const struct poolgrad_lanes_target target = poolgrad_lanes_target_of(unit, z, y);
    const int64_t size = (int64_t)poolgrad_format_size(g->destination.format);
    for (int64_t i = 0; i < width; i++) {
        memset(target.to + i * target.step * size, 0, (size_t)(unit->count * size));
    }
    if (!g->with_picks) return;
    void *picks = poolgrad_lanes_area(unit, POOLGRAD_LANES_INDICES_ROW);
    memset(picks, 0xff, (size_t)(width * lanes->lanes * (int64_t)poolgrad_format_size(g->picks.format)));
    poolgrad_lanes_write(unit, POOLGRAD_LANES_PICKS, z, y, g->columns.begin, width, picks);
}

void poolgrad_lanes_store_found(const struct poolgrad_lanes_unit *unit, const void *numbers, int64_t count, void *to)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    bool wide = lanes->searches ? g->source.format == POOLGRAD_FLOAT64 : lanes->sum == POOLGRAD_SUM64;
    if (!wide && g->destination.format == POOLGRAD_FLOAT64) {
        void *widened = poolgrad_lanes_area(unit, POOLGRAD_LANES_BEFORE);
        lanes->routines->load[POOLGRAD_SUM64][POOLGRAD_FLOAT32](numbers, (struct poolgrad_rows){1, count, 0, 0},
                                                                widened);
        numbers = widened;
        wide = true;
    }
    lanes->routines->store[wide ? POOLGRAD_SUM64 : POOLGRAD_SUM32][g->destination.format](numbers, count, to);
}

/* Numbers as the destination stores them: `to`, unless the row waits for nothing and is written at once. */
static void store_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y, const void *numbers, void *to)
{
    const struct poolgrad_range columns = unit->g->columns;
    const int64_t width = poolgrad_range_length(columns);
    const bool in_place = unit->lanes->in_place[POOLGRAD_LANES_DESTINATION];
    if (in_place) to = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    poolgrad_lanes_store_found(unit, numbers, width * unit->lanes->lanes, to);
    if (in_place) poolgrad_lanes_write(unit, POOLGRAD_LANES_DESTINATION, z, y, columns.begin, width, to);
}

/* Rows of windows from row y on that are found together: alike, and where they lie. Of long ones each is found by
 * itself, so that what a walk leaves for its end is still in the cache. */
static int64_t rows_together(const struct poolgrad_lanes_unit *unit, int64_t y)
{
    enum { SHORT = 1 << 14 };
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (!lanes->rows_together) return 1;
    const struct poolgrad_window_run run = poolgrad_listed_windows_from(&lanes->y, y);
    const int64_t pitch = poolgrad_lanes_pitch(unit, POOLGRAD_LANES_SOURCE);
    const int64_t bytes = poolgrad_range_length(lanes->x.taken) * pitch *
                          (int64_t)poolgrad_format_size(g->source.format);
    const int64_t most = SHORT / poolgrad_max(bytes, 1);
    return poolgrad_clamp(poolgrad_min(run.count, unit->rows.end - y), 1, poolgrad_max(most, 1));
}

/* Row y and, where those behind it are found together with it, these; how many. */
static int64_t forward_rows(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    if (lanes->columns.used) return poolgrad_lanes_columns_forward(unit, z, y);
    const struct poolgrad_lanes_target target = poolgrad_lanes_target_of(unit, z, y);
    struct poolgrad_lanes_found found = {.to = target.to,
                                         .step = target.step,
                                         .rows = rows_together(unit, y),
                                         .row_step = g->held.row_stride,
                                         .slice_step = lanes->slice_step[POOLGRAD_LANES_DESTINATION],
                                         .stored = true};
    bool codes_in_place;
    if (!lanes->direct) {
        found = (struct poolgrad_lanes_found){
            .to = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS), .step = lanes->lanes, .rows = 1};
    }
    found.codes = codes_for(unit, z, y, found.step, &codes_in_place);
    const int64_t rows = poolgrad_lanes_find(unit, z, y, &found);
    for (int64_t i = 0; i < rows && g->with_picks && !codes_in_place; i++) {
        poolgrad_lanes_store_picks(unit, z, y + i,
                                   (unsigned char *)found.codes + i * found.row_step * lanes->code_bytes, found.step);
    }
    if (!lanes->direct) store_row(unit, z, y, found.to, target.to);
    return rows;
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

/* The first plane of a set; sets of all images follow each other. */
static int64_t plane_of(const struct poolgrad_geometry *g, const struct poolgrad_lanes_columns *columns, int64_t set)
{
    const int64_t channels = poolgrad_range_length(g->channels), of_all = columns->sets_of_all;
    return set / of_all * channels + set % of_all * columns->grain;
}

/* The same of sets. */
static void find_sets(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t group,
                      struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t of_all = columns->sets_of_all, pooled = g->pooled_images * of_all;
    int64_t first, end;
    if (columns->one_image) {
        first = group / lanes->pieces * of_all + group % lanes->pieces * lanes->piece;
        end = (group / lanes->pieces + 1) * of_all;
    } else if (group < lanes->pieces) {
        first = group * lanes->piece;
        end = pooled;
    } else {
        first = pooled + (group - lanes->pieces) * lanes->piece;
        end = poolgrad_range_length(g->images) * of_all;
    }
    unit->sets = poolgrad_min(lanes->piece, end - first);
    unit->plane = plane_of(g, columns, first);
    /* A last slice may have fewer channels. */
    const int64_t behind = first + unit->sets, whole = plane_of(g, columns, behind);
    const int64_t channels = poolgrad_range_length(g->channels);
    unit->count = (behind % of_all == 0 ? behind / of_all * channels : whole) - unit->plane;
    unit->pooled = first < pooled;
    unit->counted = -1;
}

/* Slices, one behind the other. */
static void find_stack(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t group,
                       struct poolgrad_lanes_unit *unit)
{
    const int64_t channels = poolgrad_range_length(g->channels), of_run = lanes->stacks + lanes->tails;
    const int64_t run = group / of_run, first = group % of_run * lanes->stack;
    const int64_t plane = run * (lanes->slices * lanes->lanes + lanes->tails * (channels % lanes->lanes));
    unit->counted = -1;
    unit->pooled = true;
    unit->count = lanes->lanes;
    unit->slices = poolgrad_min(lanes->stack, lanes->slices - first);
    unit->plane = plane + first * lanes->lanes;
    if (group % of_run < lanes->stacks) return;
    unit->plane = plane + lanes->slices * lanes->lanes;
    unit->count = channels % lanes->lanes;
    unit->slices = 1;
}

/* Planes [begin, end) of group number `group`, which begin behind `before`. */
static void find_planes(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t group,
                        struct poolgrad_lanes_unit *unit)
{
    const int64_t channels = poolgrad_range_length(g->channels), pooled = g->pooled_images * channels;
    unit->counted = -1;
    if (lanes->any_in_place) {
        const int64_t image = group / lanes->pieces, piece = group % lanes->pieces;
        const int64_t first = lanes->first_piece + piece * lanes->piece;
        const int64_t begin = poolgrad_max(first, g->channels.begin);
        unit->plane = image * channels + begin - g->channels.begin;
        unit->count = poolgrad_min(first + lanes->piece, g->channels.end) - begin;
        unit->pooled = image < g->pooled_images;
        return;
    }
    unit->pooled = group < lanes->pieces;
    const int64_t all = poolgrad_range_length(g->images) * channels;
    unit->plane = unit->pooled ? group * lanes->piece : pooled + (group - lanes->pieces) * lanes->piece;
    unit->count = poolgrad_min(lanes->piece, (unit->pooled ? pooled : all) - unit->plane);
}

static struct poolgrad_lanes_unit unit_at(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                                          int64_t number)
{
    struct poolgrad_lanes_unit unit = {.g = g, .lanes = lanes, .slices = 1, .layers = g->layers, .rows = g->rows};
    const int64_t group = number / lanes->bands;
    if (lanes->stack > 1)
        find_stack(g, lanes, group, &unit);
    else
        (lanes->columns.used ? find_sets : find_planes)(g, lanes, group, &unit);
    struct poolgrad_range *outer = lanes->by_layers ? &unit.layers : &unit.rows;
    const int64_t end = outer->end;
    outer->begin += number % lanes->bands * lanes->band;
    outer->end = poolgrad_min(end, outer->begin + lanes->band);
    return unit;
}

struct poolgrad_lanes_part poolgrad_lanes_part_of(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                                                  int64_t unit)
{
    const struct poolgrad_lanes_unit at = unit_at(g, lanes, unit);
    return (struct poolgrad_lanes_part){at.plane, poolgrad_lanes_planes(&at), at.layers, at.rows};
}

/* A slice's lanes without a channel. */
static void clear_unused_lanes(const struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t channels = poolgrad_range_length(g->channels);
    for (int64_t i = 0; i < poolgrad_lanes_planes(unit); i++) {
        const int64_t plane = unit->plane + i, n = g->images.begin + plane / channels;
        if (plane % channels != channels - 1) continue;
        if (unit->lanes->puts && poolgrad_lanes_clears_slice(unit, plane)) continue;
        for (int64_t y = unit->rows.begin; y < unit->rows.end; y++) {
            poolgrad_image_clear_unused_lanes(&g->destination, n, g->channels.end - 1, y, g->columns.begin,
                                              g->columns.end);
            if (!g->with_picks) continue;
            poolgrad_image_clear_unused_lanes(&g->picks, n, g->channels.end - 1, y, g->columns.begin, g->columns.end);
        }
    }
}

static void forget_row(int64_t *tag, bool first)
{
    *tag = first || *tag == POOLGRAD_LANES_UNUSED ? POOLGRAD_LANES_UNUSED : POOLGRAD_LANES_NO_ROW;
}

/* No ring holds a row of other planes. `first`: in this memory. */
static void forget_rows(const struct poolgrad_lanes_unit *unit, bool first)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t rows = lanes->source_slots_z * lanes->source_slots_y;
    const int64_t windows = lanes->window_slots_z * lanes->window_slots_y;
    int64_t *row_tags = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROWS_TAGS);
    int64_t *window_tags = poolgrad_lanes_area(unit, POOLGRAD_LANES_RING_TAGS);
    int64_t *best_tags = poolgrad_lanes_area(unit, POOLGRAD_LANES_BEST_TAGS);
    for (int64_t i = 0; i < rows; i++) forget_row(&row_tags[i], first);
    for (int64_t i = 0; i < rows && lanes->columns.separable; i++) best_tags[i] = POOLGRAD_LANES_NO_ROW;
    for (int64_t i = 0; i < windows; i++) forget_row(&window_tags[i], first);
}

static void run_unit(struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    const bool gathers = unit->lanes->gathers && unit->pooled, whole = gathers || unit->lanes->scatters;
    if (gathers) poolgrad_lanes_gather(unit);
    if (unit->lanes->scatters) poolgrad_lanes_scatter(unit);
    for (int64_t z = unit->layers.begin; !whole && z < unit->layers.end; z++) {
        for (int64_t y = unit->rows.begin, rows = 1; y < unit->rows.end; y += rows) {
            if (unit->lanes->ties)
                poolgrad_lanes_give_ties(unit, z, y);
            else if (g->direction == POOLGRAD_GRADIENT && unit->lanes->rows_together)
                rows = poolgrad_lanes_give_layer(unit, z);
            else if (g->direction == POOLGRAD_GRADIENT)
                rows = poolgrad_lanes_give(unit, z, y);
            else if (unit->pooled)
                rows = forward_rows(unit, z, y);
            else
                forward_nothing(unit, z, y);
        }
    }
    poolgrad_lanes_flush(unit);
    const bool blocked = poolgrad_layout_is_blocked(g->destination.layout) ||
                         (g->with_picks && poolgrad_layout_is_blocked(g->picks.layout));
    if (blocked) clear_unused_lanes(unit);
}

/* The same of columns as lanes; and results of phases without windows. */
static void list_phases(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                        struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    struct poolgrad_operand_column *taps = poolgrad_lanes_area(unit, POOLGRAD_LANES_TAPS);
    const int64_t first = poolgrad_axis_window(&g->x, lanes->x.outputs.begin).first;
    for (int64_t i = 0; i < g->x.kernel && lanes->reads_source; i++) {
        taps[i] = (struct poolgrad_operand_column){poolgrad_lanes_entry_of(columns, first + i * g->x.dilation), i};
    }
    if (g->direction == POOLGRAD_FORWARD || lanes->scatters) return;
    unit->phases = poolgrad_lanes_columns_list_phases(g, lanes, poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASES),
                                                      poolgrad_lanes_area(unit, POOLGRAD_LANES_WINDOWS));
    if (!columns->in_place) {
        memset(poolgrad_lanes_area(unit, POOLGRAD_LANES_PHASED), 0,
               (size_t)(poolgrad_lanes_source_elements(columns) * lanes->result_bytes));
    }
}

/* Columns of operands that every run shares. */
static void list_columns(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                         struct poolgrad_lanes_unit *unit)
{
    if (lanes->columns.used) {
        list_phases(g, lanes, unit);
        return;
    }
    struct poolgrad_operand_column *taps = poolgrad_lanes_area(unit, POOLGRAD_LANES_TAPS);
    if (g->direction == POOLGRAD_GRADIENT && g->kind != POOLGRAD_MAX) poolgrad_lanes_list_spread(unit);
    const int64_t step = lanes->x.tap_distance * poolgrad_lanes_pitch(unit, POOLGRAD_LANES_SOURCE);
    for (int64_t i = 0; i < lanes->x.most_taps && lanes->reads_source; i++) {
        taps[i] = (struct poolgrad_operand_column){i * step, i};
    }
}

void poolgrad_lanes_run(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t first,
                        int64_t end, void *memory)
{
    int64_t phases = 0;
    for (int64_t number = first; number < end; number++) {
        struct poolgrad_lanes_unit unit = unit_at(g, lanes, number);
        unit.memory = memory;
        unit.phases = phases;
        if (number == first) list_columns(g, lanes, &unit);
        phases = unit.phases;
        forget_rows(&unit, number == first);
        if (lanes->columns.used) poolgrad_lanes_columns_begin(&unit);
        run_unit(&unit);
    }
    if (lanes->past_caches && first < end) lanes->routines->fence();
}
