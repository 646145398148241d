/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scattering: the gradient of max where that takes fewer steps than pixels that gather. Windows are visited in
 * ascending row-major order, which is the order that pixels add in (docs/numerics.md N61), and each adds to the one
 * pixel that it picked.
 *
 * Sums stand in working memory: whole rows of source pixels, in layers of all rows or in rows of one layer. Calls that
 * run one plan at once write one destination, where no sum may grow.
 *
 * Where the destination can hold them, a unit's pixels become +0 there, and with each window the sum so far is put at
 * the window's pixel; or the share itself, where no two windows have a pixel in common and there are no sums. Calls at
 * once that do this leave the same: what one of them clears, or puts before all windows have added, the same call puts
 * again afterwards.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "image/format.h"
#include "image/image.h"
#include "lanes/columns.h"

/* Where pixels lie. */
enum grid_number { GRID_SUMS, GRID_DESTINATION, GRIDS };

/* A tap: its numbers along z, y and x, and bytes from tap number 0 of all axes to it. */
struct place {
    int64_t bytes[GRIDS];
    uint32_t tap[POOLGRAD_AXES];
};

static_assert(sizeof(struct place) <= POOLGRAD_LANES_PLACE_BYTES, "a table's entries fit into its area");

struct grid {
    int64_t step[POOLGRAD_AXES];     /* bytes along z, y and x, */
    int64_t tap_step[POOLGRAD_AXES]; /* and from tap to tap */
    unsigned char **lanes;           /* the first source pixel */
};

/* Source pixels that are scattered to. */
struct target {
    struct poolgrad_range layers, rows;
    struct grid grids[GRIDS];
    uint32_t taps[POOLGRAD_AXES]; /* how many numbers of taps there are, */
    uint32_t all;                 /* how many codes, */
    const struct place *places;   /* and where each is; or null */
};

/* An axis of a run's first window: numbers of the taps that are scattered to, and source pixels from the first one to
 * tap number 0. */
struct taps {
    int64_t begin, end, place;
};

/* A run of windows. */
struct adding {
    const unsigned char *shares, *codes;
    int64_t pitch;                      /* elements from window to window, of both */
    int64_t windows, count;             /* of each, lanes */
    int64_t place[GRIDS], step[GRIDS];  /* bytes to tap number 0, and from window to window */
    unsigned char *const *lanes[GRIDS]; /* the first source pixel */
    const struct target *target;
    const struct place *places; /* the target's */
    uint32_t all;
    const struct taps *taps; /* of the three axes; or null, where every tap is scattered to */
};

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static inline struct place place_at(const struct target *target, uint32_t z, uint32_t y, uint32_t x)
{
    struct place place = {.tap = {z, y, x}};
    for (int i = 0; i < GRIDS; i++) {
        const int64_t *step = target->grids[i].tap_step;
        place.bytes[i] = z * step[0] + y * step[1] + x * step[2];
    }
    return place;
}

static struct place place_of(const struct target *target, uint32_t code)
{
    const uint32_t rows = code / target->taps[2];
    return place_at(target, rows / target->taps[1], rows % target->taps[1], code % target->taps[2]);
}

/* A table of all codes' places, where that takes fewer steps than the unit's windows do. */
static void list_places(const struct poolgrad_lanes_unit *unit, int64_t windows, struct target *target)
{
    target->places = NULL;
    if (target->all > POOLGRAD_LANES_MOST_PLACES || target->all > windows) return;
    struct place *places = poolgrad_lanes_area(unit, POOLGRAD_LANES_PLACES);
    target->places = places;
    for (uint32_t z = 0; z < target->taps[0]; z++) {
        for (uint32_t y = 0; y < target->taps[1]; y++) {
            for (uint32_t x = 0; x < target->taps[2]; x++) *places++ = place_at(target, z, y, x);
        }
    }
}

/* The taps of a window along an axis that lie in the range. */
static struct taps taps_of(const struct poolgrad_axis *axis, const struct poolgrad_axis_lists *lists,
                           const struct poolgrad_window_run *window, struct poolgrad_range range)
{
    const int64_t dilation = axis->dilation, first = window->tap - lists->numbers.base;
    int64_t begin = 0, end = window->taps;
    if (window->taps == 0) return (struct taps){0, 0, 0};
    /* Most windows lie inside: no division for these. */
    if (window->place < range.begin) begin = poolgrad_ceiling_divide(range.begin - window->place, dilation);
    if (window->place + (window->taps - 1) * dilation >= range.end)
        end = poolgrad_clamp(poolgrad_ceiling_divide(range.end - window->place, dilation), 0, end);
    if (begin >= end) return (struct taps){0, 0, 0};
    return (struct taps){first + begin, first + end, window->place - range.begin - first * lists->tap_distance};
}

static bool is_whole(const struct taps *taps, uint32_t count)
{
    return taps->begin == 0 && taps->end == count;
}

static inline bool is_inside(const struct taps *taps, const struct place *place)
{
    bool inside = true;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        inside = inside && place->tap[i] >= taps[i].begin && place->tap[i] < taps[i].end;
    }
    return inside;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

typedef float loose_float __attribute__((aligned(1)));
typedef double loose_double __attribute__((aligned(1)));
typedef uint16_t loose_16 __attribute__((aligned(1)));
typedef uint32_t loose_32 __attribute__((aligned(1)));

static inline uint32_t code_at(const unsigned char *codes, int64_t i, int code_bytes)
{
    uint32_t code;
    if (code_bytes == 1) return codes[i];
    memcpy(&code, codes + i * (int64_t)sizeof code, sizeof code);
    return code;
}

#define SCATTER(name) name##_sum_f32
#define SCATTER_NUMBER loose_float
#define SCATTER_IS_NAN(v) ((v) != (v))
#define SCATTER_SUMS 1
#define SCATTER_PUTS 0
#include "lanes/scatter_add.h"

#define SCATTER(name) name##_sum_f64
#define SCATTER_NUMBER loose_double
#define SCATTER_IS_NAN(v) ((v) != (v))
#define SCATTER_SUMS 1
#define SCATTER_PUTS 0
#include "lanes/scatter_add.h"

#define SCATTER(name) name##_put_f32
#define SCATTER_NUMBER loose_float
#define SCATTER_IS_NAN(v) ((v) != (v))
#define SCATTER_SUMS 0
#define SCATTER_PUTS 1
#include "lanes/scatter_add.h"

#define SCATTER(name) name##_put_f64
#define SCATTER_NUMBER loose_double
#define SCATTER_IS_NAN(v) ((v) != (v))
#define SCATTER_SUMS 0
#define SCATTER_PUTS 1
#include "lanes/scatter_add.h"

#define SCATTER(name) name##_both_f32
#define SCATTER_NUMBER loose_float
#define SCATTER_IS_NAN(v) ((v) != (v))
#define SCATTER_SUMS 1
#define SCATTER_PUTS 1
#include "lanes/scatter_add.h"

#define SCATTER(name) name##_both_f64
#define SCATTER_NUMBER loose_double
#define SCATTER_IS_NAN(v) ((v) != (v))
#define SCATTER_SUMS 1
#define SCATTER_PUTS 1
#include "lanes/scatter_add.h"

/* Elements that are already what is stored. */
#define SCATTER(name) name##_put_16
#define SCATTER_NUMBER loose_16
#define SCATTER_IS_NAN(v) false
#define SCATTER_SUMS 0
#define SCATTER_PUTS 1
#include "lanes/scatter_add.h"

#define SCATTER(name) name##_put_32
#define SCATTER_NUMBER loose_32
#define SCATTER_IS_NAN(v) false
#define SCATTER_SUMS 0
#define SCATTER_PUTS 1
#include "lanes/scatter_add.h"

/* Lanes from one on that follow each other in rows of windows: of a set, whose last channels may be missing, or all. */
static int64_t lanes_from(const struct poolgrad_lanes_unit *unit, int64_t lane)
{
    const int64_t channels = poolgrad_range_length(unit->g->channels), grain = unit->lanes->columns.grain;
    if (!unit->lanes->columns.used) return unit->count;
    return grain == 1 ? 1 : poolgrad_min(grain, channels - (unit->plane + lane) % channels);
}

/* What windows give, in bytes each: numbers of the accumulator or, to be put, elements of the destination. */
static int64_t share_bytes(const struct poolgrad_lanes_unit *unit)
{
    if (unit->lanes->puts) return (int64_t)poolgrad_format_size(unit->g->destination.format);
    return poolgrad_lanes_number_bytes(unit->lanes->sum);
}

static void (*adding_of(const struct poolgrad_lanes_unit *unit))(const struct adding *, int)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t bytes = share_bytes(unit);
    const bool wide = bytes == sizeof(double);
    if (!lanes->puts) return wide ? add_sum_f64 : add_sum_f32;
    if (lanes->sums) return wide ? add_both_f64 : add_both_f32;
    if (poolgrad_lanes_holds_numbers(lanes, unit->g->destination.format)) return wide ? add_put_f64 : add_put_f32;
    return bytes == sizeof(float) ? add_put_32 : add_put_16;
}

/* Moves the run's operands. */
static void add_run(const struct poolgrad_lanes_unit *unit, struct adding *adding)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t step = lanes->columns.set_step, bytes = share_bytes(unit);
    void (*const add)(const struct adding *, int) = adding_of(unit);
    for (int64_t lane = 0; lane < unit->count; lane += adding->count) {
        adding->count = lanes_from(unit, lane);
        add(adding, lanes->code_bytes);
        for (int i = 0; i < GRIDS; i++) adding->lanes[i] += adding->count;
        adding->shares += step * bytes;
        adding->codes += step * lanes->code_bytes;
    }
}

/* docs/numerics.md N61: +0 and what a row of windows gives, as the destination stores it; where that is no number of
 * the accumulator, beforehand. */
static const unsigned char *shares_of(const struct poolgrad_lanes_unit *unit, const unsigned char *shares)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const poolgrad_format format = unit->g->destination.format;
    const int64_t windows = poolgrad_range_length(lanes->x.outputs), bytes = poolgrad_lanes_number_bytes(lanes->sum);
    if (!lanes->puts || poolgrad_lanes_holds_numbers(lanes, format)) return shares;
    const int64_t sets = (unit->sets - 1) * lanes->columns.set_step + windows * lanes->columns.grain;
    const int64_t count = lanes->columns.used ? sets : windows * lanes->window_pitch;
    void *numbers = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS);
    void *stored = poolgrad_lanes_area(unit, POOLGRAD_LANES_STORED);
    memset(numbers, 0, (size_t)(count * bytes));
    lanes->routines->add[lanes->sum](numbers, shares, count);
    lanes->routines->store[lanes->sum][format](numbers, count, stored);
    return stored;
}

static void add_row(struct poolgrad_lanes_unit *unit, const struct target *target,
                    const struct poolgrad_window_run *window_z, const struct poolgrad_window_run *window_y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_range columns = {0, g->x.size};
    const int64_t pitch = lanes->columns.used ? lanes->columns.grain : lanes->window_pitch;
    struct taps taps[POOLGRAD_AXES] = {taps_of(&g->z, &lanes->z, window_z, target->layers),
                                       taps_of(&g->y, &lanes->y, window_y, target->rows)};
    if (taps[0].begin == taps[0].end || taps[1].begin == taps[1].end) return;
    const bool whole = is_whole(&taps[0], target->taps[0]) && is_whole(&taps[1], target->taps[1]);
    const struct poolgrad_lanes_windows windows = poolgrad_lanes_windows_at(unit, window_z->output, window_y->output);
    const unsigned char *shares = shares_of(unit, windows.shares);
    const int64_t bytes = share_bytes(unit);
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const int64_t at = (run->output - lanes->x.outputs.begin) * pitch;
        if (run->taps == 0) continue;
        taps[2] = taps_of(&g->x, &lanes->x, run, columns);
        struct adding adding = {.shares = shares + at * bytes,
                                .codes = windows.codes + at * lanes->code_bytes,
                                .pitch = pitch,
                                .windows = run->count,
                                .target = target,
                                .places = target->places,
                                .all = target->all,
                                .taps = whole && is_whole(&taps[2], target->taps[2]) ? NULL : taps};
        for (int k = 0; k < GRIDS; k++) {
            const struct grid *grid = &target->grids[k];
            for (int axis = 0; axis < POOLGRAD_AXES; axis++) adding.place[k] += taps[axis].place * grid->step[axis];
            adding.step[k] = run->step * grid->step[2];
            adding.lanes[k] = grid->lanes;
        }
        add_run(unit, &adding);
    }
}

/* Output pixels whose windows may be scattered. */
static struct poolgrad_range windows_over(const struct poolgrad_axis *axis, struct poolgrad_range pixels)
{
    if (pixels.begin >= pixels.end) return (struct poolgrad_range){axis->begin, axis->begin};
    return poolgrad_axis_windows(axis, pixels.begin, pixels.end);
}

/* Sums, and the destination if it is put to, are zeros; grids have steps and lanes. */
static void add_windows(struct poolgrad_lanes_unit *unit, struct target *target)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_range layers = windows_over(&g->z, target->layers), rows = windows_over(&g->y, target->rows);
    const struct poolgrad_axis_lists *const lists[] = {&unit->lanes->z, &unit->lanes->y, &unit->lanes->x};
    target->all = 1;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        target->taps[i] = (uint32_t)lists[i]->numbers.count;
        for (int k = 0; k < GRIDS; k++)
            target->grids[k].tap_step[i] = lists[i]->tap_distance * target->grids[k].step[i];
        target->all *= target->taps[i];
    }
    list_places(unit,
                poolgrad_range_length(layers) * poolgrad_range_length(rows) * poolgrad_range_length(lists[2]->outputs) *
                    unit->count,
                target);
    for (int64_t z = layers.begin; z < layers.end; z++) {
        const struct poolgrad_window_run window_z = poolgrad_window_of(g, &g->z, z);
        if (window_z.taps == 0) continue;
        for (int64_t y = rows.begin; y < rows.end; y++) {
            const struct poolgrad_window_run window_y = poolgrad_window_of(g, &g->y, y);
            if (window_y.taps > 0) add_row(unit, target, &window_z, &window_y);
        }
    }
}

/* ---- Sums in working memory -------------------------------------------------------------------------------------- */

/* Sets of rows of lanes, and how many of these are neighbours. */
static int64_t grain_of(const struct poolgrad_lanes *lanes)
{
    return lanes->columns.used ? lanes->columns.grain : lanes->lanes;
}

/* The numbers of a destination row: its sums, with +0 beside them. */
static void *numbers_of(const struct poolgrad_lanes_unit *unit, const struct target *target, int64_t z, int64_t y)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct grid *grid = &target->grids[GRID_SUMS];
    const int64_t width = poolgrad_range_length(g->columns), pixel = grid->step[2];
    const int64_t sets = unit->lanes->columns.used ? unit->sets : 1;
    const int64_t source_z = z + g->source_layer, source_y = y + g->source_row;
    unsigned char *numbers = poolgrad_lanes_area(unit, POOLGRAD_LANES_NUMBERS);
    const struct poolgrad_range inside = poolgrad_range_cut(g->columns.begin + g->source_column, width, g->x.size);
    const int64_t count = poolgrad_range_length(inside);
    const bool any = poolgrad_range_holds(target->layers, source_z) && poolgrad_range_holds(target->rows, source_y);
    if (!any || count == 0) return memset(numbers, 0, (size_t)(sets * width * pixel));
    unsigned char *sums = poolgrad_lanes_area(unit, POOLGRAD_LANES_SUMS);
    sums += (source_z - target->layers.begin) * grid->step[0] + (source_y - target->rows.begin) * grid->step[1] +
            inside.begin * pixel;
    if (count == width && (sets == 1 || width == g->x.size)) return sums;
    memset(numbers, 0, (size_t)(sets * width * pixel));
    for (int64_t set = 0; set < sets; set++) {
        memcpy(numbers + (set * width + inside.begin - g->source_column - g->columns.begin) * pixel,
               sums + set * g->x.size * pixel, (size_t)(count * pixel));
    }
    return numbers;
}

/* All of the unit's source pixels become +0. */
static void begin_sums(const struct poolgrad_lanes_unit *unit, struct target *target)
{
    const struct poolgrad_geometry *g = unit->g;
    const int64_t bytes = poolgrad_lanes_number_bytes(unit->lanes->sum), grain = grain_of(unit->lanes);
    struct grid *grid = &target->grids[GRID_SUMS];
    unsigned char *sums = poolgrad_lanes_area(unit, POOLGRAD_LANES_SUMS);
    grid->step[2] = grain * bytes;
    grid->step[1] = (unit->lanes->columns.used ? unit->sets : 1) * g->x.size * grid->step[2];
    grid->step[0] = poolgrad_range_length(target->rows) * grid->step[1];
    memset(sums, 0, (size_t)(poolgrad_range_length(target->layers) * grid->step[0]));
    for (int64_t lane = 0, count; lane < unit->count; lane += count, sums += g->x.size * grid->step[2]) {
        count = lanes_from(unit, lane);
        for (int64_t i = 0; i < count; i++) grid->lanes[lane + i] = sums + i * bytes;
    }
}

static void scatter_to_memory(struct poolgrad_lanes_unit *unit, struct target *target)
{
    begin_sums(unit, target);
    if (unit->pooled) add_windows(unit, target);
    for (int64_t z = unit->layers.begin; z < unit->layers.end; z++) {
        for (int64_t y = unit->rows.begin; y < unit->rows.end; y++) {
            void *numbers = numbers_of(unit, target, z, y);
            if (unit->lanes->columns.used)
                poolgrad_lanes_columns_store_numbers(unit, z, y, numbers);
            else
                poolgrad_lanes_store_numbers(unit, z, y, numbers);
        }
    }
}

/* ---- In the destination ------------------------------------------------------------------------------------------ */

/* The unit's pixels become +0. */
static void clear(struct poolgrad_lanes_unit *unit)
{
    const poolgrad_const_image *image = &unit->g->held;
    const int64_t layers = poolgrad_range_length(unit->layers), rows = poolgrad_range_length(unit->rows);
    const bool flat = layers == 1 || image->depth_stride == rows * image->row_stride;
    const int64_t together = flat ? layers : 1;
    for (int64_t z = unit->layers.begin; z < unit->layers.end; z += together)
        poolgrad_lanes_clear(unit, z, unit->rows.begin, together * rows);
}

static void put_in_destination(struct poolgrad_lanes_unit *unit, struct target *target)
{
    const struct poolgrad_geometry *g = unit->g;
    const poolgrad_image *image = &g->destination;
    const int64_t size = (int64_t)poolgrad_format_size(image->format), channels = poolgrad_range_length(g->channels);
    const bool none = poolgrad_range_length(target->layers) == 0 || poolgrad_range_length(target->rows) == 0;
    struct grid *grid = &target->grids[GRID_DESTINATION];
    clear(unit);
    if (none || !unit->pooled) return;
    if (unit->lanes->sums) begin_sums(unit, target);
    grid->step[0] = image->depth_stride * size;
    grid->step[1] = image->row_stride * size;
    grid->step[2] = image->column_stride * size;
    for (int64_t lane = 0; lane < unit->count; lane++) {
        const int64_t plane = unit->plane + lane;
        grid->lanes[lane] = poolgrad_image_at(
            image, g->images.begin + plane / channels, g->channels.begin + plane % channels,
            target->layers.begin - g->source_layer, target->rows.begin - g->source_row, -g->source_column);
    }
    add_windows(unit, target);
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

void poolgrad_lanes_scatter(struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    unsigned char **lanes = poolgrad_lanes_area(unit, POOLGRAD_LANES_LANES);
    struct target target = {
        .layers = poolgrad_range_cut(unit->layers.begin + g->source_layer, poolgrad_range_length(unit->layers),
                                     g->z.size),
        .rows = poolgrad_range_cut(unit->rows.begin + g->source_row, poolgrad_range_length(unit->rows), g->y.size),
        .grids = {[GRID_SUMS].lanes = lanes, [GRID_DESTINATION].lanes = lanes + unit->lanes->lanes}};
    (unit->lanes->puts ? put_in_destination : scatter_to_memory)(unit, &target);
}
