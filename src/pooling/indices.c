/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether every index of a gradient may be what it is. All of them are first looked at together, a run of elements at a
 * time and with as little arithmetic as compilers can vectorise; only where that finds a wrong one, or does not apply,
 * are they looked at one by one, in the order that decides which of them is refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/refusal.h"
#include "image/format.h"
#include "image/image.h"
#include "pooling/resolve.h"
#include "reference/window.h"

/* ---- One by one -------------------------------------------------------------------------------------------------- */

static bool is_tap(const struct poolgrad_geometry *g, int64_t index, struct poolgrad_window_at at)
{
    if (index == -1) return true;
    const struct poolgrad_pick pick = poolgrad_indexed_pick(g, at, index);
    return !poolgrad_picks_none(pick) && poolgrad_source_has(g, pick.at);
}

static poolgrad_status refuse_index(const struct poolgrad_geometry *g, int64_t n, int64_t c,
                                    struct poolgrad_pixel output, int64_t index, poolgrad_error *error)
{
    const bool taps = poolgrad_format_holds_taps(g->indices.format), volume = !poolgrad_axis_is_flat(&g->z);
    const char *number = volume ? "(kz * kernel height + ky) * kernel width + kx" : "ky * kernel width + kx";
    const char *place = volume ? "(z * height + y) * width + x" : "y * width + x";
    char layer[32] = "", depth[32] = "";
    if (volume) snprintf(layer, sizeof layer, "z %" PRId64 ", ", output.z);
    if (volume) snprintf(depth, sizeof depth, " x %" PRId64, g->z.size);
    return poolgrad_refuse(error, "indices",
                           "at (n %" PRId64 ", c %" PRId64 ", %sy %" PRId64 ", x %" PRId64 ") is %" PRId64
                           "; expected %" PRId64 " or %s of a tap of that window inside the %" PRId64 " x %" PRId64
                           "%s source",
                           n, c, layer, output.y, output.x, index, taps ? poolgrad_format_taps(g->indices.format) : -1,
                           taps ? number : place, g->x.size, g->y.size, depth);
}

static poolgrad_status check_volume(const struct poolgrad_geometry *g, int64_t n, int64_t c, poolgrad_error *error)
{
    const struct poolgrad_area outputs = {{g->z.begin, g->z.end}, {g->y.begin, g->y.end}, {g->x.begin, g->x.end}};
    struct poolgrad_steps steps = poolgrad_steps_over(&outputs);
    while (poolgrad_steps_next(&steps)) {
        const struct poolgrad_pixel at = steps.at;
        const void *element = poolgrad_const_image_at(&g->indices, n, c, at.z, at.y, at.x);
        const int64_t index = poolgrad_load_index(g->indices.format, element);
        if (!is_tap(g, index, poolgrad_window_place(g, n, c, at))) return refuse_index(g, n, c, at, index, error);
    }
    return POOLGRAD_OK;
}

static poolgrad_status check_each(const struct poolgrad_geometry *g, poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    for (int64_t i = 0; i < g->pooled_images; i++) {
        const int64_t n = g->images.begin + i + g->gradient_image;
        for (int64_t c = g->channels.begin; c < g->channels.end && status == POOLGRAD_OK; c++) {
            status = check_volume(g, n, c + g->gradient_channel, error);
        }
    }
    return status;
}

/* ---- Runs of elements -------------------------------------------------------------------------------------------- */

/* With more, elements are looked at no faster than one by one. */
enum { MOST_RANGES = 16 };

/* What elements may be besides none: low[i] to low[i] + most. Codes are what memory holds, as unsigned numbers; none is
 * the greatest of its format, and sums wrap around. If `marked`, `wrong` says the same of each code's lowest byte. */
struct codes {
    int ranges;
    uint64_t low[MOST_RANGES], most;
    bool marked;
    unsigned char wrong[UINT8_MAX + 1];
};

/* Elements `step` bytes apart. What they may be moves on by `move` from one to the next. */
struct dimension {
    int64_t count, step;
    uint64_t move;
};

/* Each loop twice, once for elements that are neighbours. */
#define RUNS(BITS)                                                                                                     \
    static inline uint##BITS##_t load_##BITS(const unsigned char *element)                                             \
    {                                                                                                                  \
        uint##BITS##_t code;                                                                                           \
        memcpy(&code, element, sizeof code);                                                                           \
        return code;                                                                                                   \
    }                                                                                                                  \
    static inline bool any_outside_##BITS(const unsigned char *at, int64_t count, int64_t step, uint##BITS##_t low,    \
                                          uint##BITS##_t most)                                                         \
    {                                                                                                                  \
        const uint##BITS##_t none = UINT##BITS##_MAX;                                                                  \
        uint##BITS##_t outside = 0;                                                                                    \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            const uint##BITS##_t code = load_##BITS(at + i * step);                                                    \
            outside |= (uint##BITS##_t)(((uint##BITS##_t)(code - low) > most) & (code != none));                       \
        }                                                                                                              \
        return outside != 0;                                                                                           \
    }                                                                                                                  \
    static bool outside_##BITS(const unsigned char *at, int64_t count, int64_t step, uint64_t low, uint64_t most)      \
    {                                                                                                                  \
        const uint##BITS##_t first = (uint##BITS##_t)low, extent = (uint##BITS##_t)most;                               \
        if (step == sizeof first) return any_outside_##BITS(at, count, sizeof first, first, extent);                   \
        return any_outside_##BITS(at, count, step, first, extent);                                                     \
    }                                                                                                                  \
    static inline uint32_t count_inside_##BITS(const unsigned char *at, int64_t count, int64_t step,                   \
                                               uint##BITS##_t low, uint##BITS##_t move, uint##BITS##_t most)           \
    {                                                                                                                  \
        uint32_t inside = 0;                                                                                           \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            inside += (uint##BITS##_t)(load_##BITS(at + i * step) - low) <= most;                                      \
            low = (uint##BITS##_t)(low + move);                                                                        \
        }                                                                                                              \
        return inside;                                                                                                 \
    }                                                                                                                  \
    static uint32_t inside_##BITS(const unsigned char *at, int64_t count, int64_t step, uint64_t low, uint64_t move,   \
                                  uint64_t most)                                                                       \
    {                                                                                                                  \
        const uint##BITS##_t first = (uint##BITS##_t)low, by = (uint##BITS##_t)move, extent = (uint##BITS##_t)most;    \
        if (step == sizeof first) return count_inside_##BITS(at, count, sizeof first, first, by, extent);              \
        return count_inside_##BITS(at, count, step, first, by, extent);                                                \
    }                                                                                                                  \
    static bool marked_##BITS(const unsigned char *at, int64_t count, int64_t step, const unsigned char *wrong)        \
    {                                                                                                                  \
        unsigned char any = 0;                                                                                         \
        for (int64_t i = 0; i < count; i++) any |= wrong[(uint8_t)load_##BITS(at + i * step)];                         \
        return any != 0;                                                                                               \
    }

RUNS(8)
RUNS(16)
RUNS(32)
RUNS(64)

/* By the bytes of an element. */
static const struct {
    bool (*outside)(const unsigned char *at, int64_t count, int64_t step, uint64_t low, uint64_t most);
    uint32_t (*inside)(const unsigned char *at, int64_t count, int64_t step, uint64_t low, uint64_t move,
                       uint64_t most);
    bool (*marked)(const unsigned char *at, int64_t count, int64_t step, const unsigned char *wrong);
} runs[] = {[1] = {outside_8, inside_8, marked_8},
            [2] = {outside_16, inside_16, marked_16},
            [4] = {outside_32, inside_32, marked_32},
            [8] = {outside_64, inside_64, marked_64}};

/* Ranges do not overlap: all is well where they and none have as many elements as there are. */
static bool holds_piece(size_t size, const unsigned char *at, int64_t count, const struct dimension *run,
                        const struct codes *codes, uint64_t moved)
{
    if (codes->ranges == 1 && run->move == 0) {
        return !runs[size].outside(at, count, run->step, codes->low[0] + moved, codes->most);
    }
    if (codes->marked) return !runs[size].marked(at, count, run->step, codes->wrong);
    uint32_t inside = runs[size].inside(at, count, run->step, UINT64_MAX, 0, 0);
    for (int i = 0; i < codes->ranges; i++) {
        inside += runs[size].inside(at, count, run->step, codes->low[i] + moved, run->move, codes->most);
    }
    return inside == count;
}

/* In pieces that stay near while one range after the other looks at them. */
static bool holds_run(size_t size, const unsigned char *at, const struct dimension *run, const struct codes *codes,
                      uint64_t moved)
{
    enum { PIECE = 4096 };
    for (int64_t i = 0; i < run->count; i += PIECE) {
        const int64_t count = poolgrad_min(run->count - i, PIECE);
        if (!holds_piece(size, at + i * run->step, count, run, codes, moved + (uint64_t)i * run->move)) return false;
    }
    return true;
}

/* ---- Blocks of windows ------------------------------------------------------------------------------------------- */

enum { DIMENSIONS = 5 };

static int64_t magnitude(int64_t step)
{
    return step < 0 ? -step : step;
}

/* Lets `a` go on through all of `b` where b's elements follow a's. */
static void join(struct dimension *a, struct dimension *b)
{
    int64_t end;
    if (a->step == 0 || !poolgrad_multiply(a->count, a->step, &end) || b->step != end) return;
    if (b->move != (uint64_t)a->count * a->move) return;
    a->count *= b->count;
    b->count = 1;
}

/* Small steps go inside of large ones, but what is too short for a loop goes outside. */
static bool goes_inside(const struct dimension *a, const struct dimension *b)
{
    enum { SHORT = 8 };
    if (a->count < SHORT || b->count < SHORT) return a->count > b->count;
    return magnitude(a->step) < magnitude(b->step);
}

/* In this order of them, each layout's dense images join into one. */
static void arrange(struct dimension dimension[DIMENSIONS])
{
    for (int i = 0; i < DIMENSIONS * DIMENSIONS; i++) join(&dimension[i % DIMENSIONS], &dimension[i / DIMENSIONS]);
    for (int i = 1; i < DIMENSIONS; i++) {
        const struct dimension placed = dimension[i];
        int place = i;
        for (; place > 0 && goes_inside(&placed, &dimension[place - 1]); place--)
            dimension[place] = dimension[place - 1];
        dimension[place] = placed;
    }
}

/* Windows of neighbouring images, in lanes and slices of channels as memory has them (of NCHW and NHWC, one slice). */
struct block {
    int64_t n, images, c, lanes, slices;
    struct poolgrad_range rows, columns;
};

/* `places`: codes move with the windows. */
static void list_dimensions(const struct poolgrad_geometry *g, const struct block *block, bool places,
                            struct dimension dimension[DIMENSIONS])
{
    const poolgrad_const_image *image = &g->indices;
    const int64_t size = (int64_t)poolgrad_format_size(image->format);
    const bool slices = poolgrad_layout_is_blocked(image->layout);
    const uint64_t move_x = places ? (uint64_t)g->x.stride : 0;
    const uint64_t move_y = places ? (uint64_t)g->y.stride * (uint64_t)g->x.size : 0;
    dimension[0] = (struct dimension){block->lanes, (slices ? 1 : image->channel_stride) * size, 0};
    dimension[1] = (struct dimension){block->columns.end - block->columns.begin, image->column_stride * size, move_x};
    dimension[2] = (struct dimension){block->rows.end - block->rows.begin, image->row_stride * size, move_y};
    dimension[3] = (struct dimension){block->slices, image->channel_stride * size, 0};
    dimension[4] = (struct dimension){block->images, image->image_stride * size, 0};
}

/* From one run to the next; false behind the last. */
static bool move_on(const struct dimension dimension[DIMENSIONS], int64_t index[DIMENSIONS], int64_t *offset,
                    uint64_t *moved)
{
    for (int i = 1; i < DIMENSIONS; i++) {
        const int64_t steps = index[i] + 1 < dimension[i].count ? 1 : -index[i];
        index[i] += steps;
        *offset += steps * dimension[i].step;
        *moved += (uint64_t)steps * dimension[i].move;
        if (steps == 1) return true;
    }
    return false;
}

/* Where codes move, these are the first window's. */
static bool holds_block(const struct poolgrad_geometry *g, const struct block *block, const struct codes *codes,
                        bool places)
{
    const unsigned char *first = poolgrad_const_image_at(&g->indices, block->n, block->c, 0, block->rows.begin,
                                                         block->columns.begin);
    struct dimension dimension[DIMENSIONS];
    int64_t index[DIMENSIONS] = {0}, offset = 0;
    uint64_t moved = 0;
    list_dimensions(g, block, places, dimension);
    arrange(dimension);
    do {
        if (!holds_run(poolgrad_format_size(g->indices.format), first + offset, dimension, codes, moved)) return false;
    } while (move_on(dimension, index, &offset, &moved));
    return true;
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

/* What windows have in common: whether indices are places, what a tap's number adds to that of its neighbour, and which
 * windows lie inside the source from end to end. */
struct numbering {
    bool places;
    uint64_t across, down;
    struct poolgrad_range rows, columns;
};

static struct poolgrad_range whole_windows(const struct poolgrad_axis *axis)
{
    const int64_t count = axis->end - axis->begin, space = axis->size - axis->extent;
    const int64_t begin = poolgrad_clamp(poolgrad_ceiling_divide(-axis->first, axis->stride), 0, count);
    const int64_t end = poolgrad_floor_divide(space - axis->first, axis->stride) + 1;
    return (struct poolgrad_range){axis->begin + begin, axis->begin + poolgrad_clamp(end, begin, count)};
}

static struct numbering number_taps(const struct poolgrad_geometry *g)
{
    const bool places = !poolgrad_format_holds_taps(g->indices.format);
    return (struct numbering){
        .places = places,
        .across = places ? (uint64_t)g->x.dilation : 1,
        .down = places ? (uint64_t)g->y.dilation * (uint64_t)g->x.size : (uint64_t)g->x.kernel,
        .rows = whole_windows(&g->y),
        .columns = whole_windows(&g->x),
    };
}

/* Taps `y` by `x` of the window whose first tap has the number `first`. False where that takes too many ranges. */
static bool list_codes(const struct numbering *numbering, uint64_t first, struct poolgrad_range y,
                       struct poolgrad_range x, struct codes *codes)
{
    int64_t rows = y.end - y.begin, columns = x.end - x.begin, together = 1;
    if (numbering->across == 1 && columns > 0) {
        together = columns;
        columns = 1;
    }
    if (numbering->down == (uint64_t)together && rows > 0) {
        together *= rows;
        rows = 1;
    }
    if (rows > MOST_RANGES || columns > MOST_RANGES || rows * columns > MOST_RANGES) return false;
    codes->ranges = 0;
    codes->marked = false;
    codes->most = (uint64_t)together - 1;
    for (int64_t i = y.begin; i < y.begin + rows; i++) {
        for (int64_t j = x.begin; j < x.begin + columns; j++) {
            codes->low[codes->ranges++] = first + (uint64_t)i * numbering->down + (uint64_t)j * numbering->across;
        }
    }
    return true;
}

/* Of taps that a byte can number, once it is known that there are no others. */
static void mark_codes(struct codes *codes)
{
    memset(codes->wrong, 1, UINT8_MAX);
    codes->wrong[UINT8_MAX] = 0;
    for (int i = 0; i < codes->ranges; i++) memset(codes->wrong + codes->low[i], 0, (size_t)codes->most + 1);
    codes->marked = true;
}

/* Columns that stick out, one by one, and the others together: in each, all windows have the same taps inside. */
static bool holds_columns(const struct poolgrad_geometry *g, const struct numbering *numbering, struct block block,
                          struct poolgrad_range taps)
{
    const uint64_t top = (uint64_t)poolgrad_axis_window(&g->y, block.rows.begin).first * (uint64_t)g->x.size;
    struct codes codes;
    for (int64_t x = g->x.begin; x < g->x.end; x = block.columns.end) {
        const bool whole = x == numbering->columns.begin && x < numbering->columns.end;
        const poolgrad_span window = poolgrad_axis_window(&g->x, x);
        const uint64_t first = numbering->places ? top + (uint64_t)window.first : 0;
        block.columns = (struct poolgrad_range){x, whole ? numbering->columns.end : x + 1};
        if (whole && !numbering->places) continue;
        if (!list_codes(numbering, first, taps, poolgrad_axis_taps(&g->x, window), &codes)) return false;
        if (!numbering->places && g->full_count <= UINT8_MAX) mark_codes(&codes);
        if (!holds_block(g, &block, &codes, numbering->places)) return false;
    }
    return true;
}

/* Rows likewise; where indices are places, each with its columns, because above the source there are none. */
static bool holds_rows(const struct poolgrad_geometry *g, const struct numbering *numbering, struct block block)
{
    const struct poolgrad_range columns = {0, g->x.kernel};
    struct codes codes;
    for (int64_t y = g->y.begin; y < g->y.end; y = block.rows.end) {
        const bool whole = y == numbering->rows.begin && y < numbering->rows.end;
        const struct poolgrad_range taps = poolgrad_axis_taps(&g->y, poolgrad_axis_window(&g->y, y));
        block.rows = (struct poolgrad_range){y, whole ? numbering->rows.end : y + 1};
        if (numbering->places && !holds_columns(g, numbering, block, taps)) return false;
        if (numbering->places || whole) continue;
        if (!list_codes(numbering, 0, taps, columns, &codes) || !holds_block(g, &block, &codes, false)) return false;
    }
    return true;
}

/* Taps: all of them first, in what most often is a single run, and then those of windows that stick out. */
static bool holds_planes(const struct poolgrad_geometry *g, const struct numbering *numbering,
                         const struct block *block)
{
    const struct poolgrad_range rows = {0, g->y.kernel}, columns = {0, g->x.kernel};
    struct codes codes;
    if (numbering->places) return holds_rows(g, numbering, *block);
    return list_codes(numbering, 0, rows, columns, &codes) && holds_block(g, block, &codes, false) &&
           holds_columns(g, numbering, *block, rows) && holds_rows(g, numbering, *block);
}

/* Channels from block.c on that are equally far apart. */
static void take_channels(const struct poolgrad_geometry *g, int64_t end, struct block *block)
{
    block->lanes = end - block->c;
    block->slices = 1;
    const int64_t lanes = poolgrad_layout_lanes(g->indices.layout);
    if (lanes == 1) return;
    block->lanes = poolgrad_min(block->lanes, lanes - block->c % lanes);
    if (block->lanes == lanes) block->slices = (end - block->c) / lanes;
}

/* As many images as stay near while one strip after the other is looked at. */
static int64_t count_near(const struct poolgrad_geometry *g)
{
    const uint64_t near = 65536, channels = (uint64_t)(g->channels.end - g->channels.begin);
    const uint64_t windows = (uint64_t)(g->y.end - g->y.begin) * (uint64_t)(g->x.end - g->x.begin);
    return (int64_t)(near / (windows * channels | 1) + 1);
}

/* Whether all are right for certain. Only of planes whose windows are a progression: others are looked at one by one.
 */
static bool all_hold(const struct poolgrad_geometry *g)
{
    const struct numbering numbering = number_taps(g);
    const int64_t n = g->images.begin + g->gradient_image, near = count_near(g);
    const int64_t c = g->channels.begin + g->gradient_channel, end = g->channels.end + g->gradient_channel;
    struct block block = {.rows = {g->y.begin, g->y.end}, .columns = {g->x.begin, g->x.end}};
    int64_t places;
    if (!poolgrad_axis_is_flat(&g->z) || g->x.table || g->y.table) return false;
    /* Where folded planes have more places than an index has values, sums that wrap around would name others. */
    if (numbering.places && !poolgrad_multiply(g->y.size, g->x.size, &places)) return false;
    for (int64_t i = 0; i < g->pooled_images; i += block.images) {
        block.n = n + i;
        block.images = poolgrad_min(near, g->pooled_images - i);
        for (block.c = c; block.c < end; block.c += block.lanes * block.slices) {
            take_channels(g, end, &block);
            if (!holds_planes(g, &numbering, &block)) return false;
        }
    }
    return true;
}

poolgrad_status poolgrad_resolve_indices(const struct poolgrad_geometry *g, poolgrad_error *error)
{
    bool any = g->x.begin < g->x.end && g->y.begin < g->y.end && g->z.begin < g->z.end;
    if (!g->with_indices || !any || all_hold(g)) return POOLGRAD_OK;
    return check_each(g, error);
}
