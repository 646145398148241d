/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A knob of the geometry that is turned too far: a field of the windows along some of the axes, by amounts that
 * implementations miss it by. Each knob tries its amounts one by one, and says them.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "oracle/mistake_turns.h"

void poolgrad_say(struct poolgrad_knobs *k, const char *format, ...)
{
    const size_t length = strlen(k->sentence);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(k->sentence + length, sizeof k->sentence - length, format, arguments);
    va_end(arguments);
}

static const char *const axis_names[] = {"x", "y", "z"};

struct poolgrad_axis *poolgrad_axis_of(struct poolgrad_geometry *g, int axis)
{
    return axis == 0 ? &g->x : axis == 1 ? &g->y : &g->z;
}

static bool has_axis(const struct poolgrad_geometry *g, int axis)
{
    return axis < 2 || !poolgrad_axis_is_flat(&g->z);
}

/* All axes, or one of them. */
static const unsigned axis_sets[] = {POOLGRAD_ALL_AXES, POOLGRAD_X, POOLGRAD_Y, POOLGRAD_Z};

/* Whether the axis is one of those that variant `set` turns. */
static bool turns(const struct poolgrad_geometry *g, int set, int axis)
{
    return axis_sets[set] >> axis & 1 && has_axis(g, axis) &&
           !poolgrad_axis_of((struct poolgrad_geometry *)g, axis)->table;
}

/* ---- Pads -------------------------------------------------------------------------------------------------------- */

/* How far the first window begins before the image, and the last one ends behind it. */
static int64_t pad_before(const struct poolgrad_axis *axis)
{
    return poolgrad_max(axis->stride * axis->begin - axis->first, 0);
}

static int64_t pad_behind(const struct poolgrad_axis *axis)
{
    const int64_t last = axis->first + (axis->end - 1 - axis->begin) * axis->stride + axis->extent;
    return poolgrad_max(last - axis->size, 0);
}

/* `a`: how. The end pad is what is seen of it, and `b` more. */
TURN(turn_start_pad)
{
    static const char *const words[] = {
        "forgets the pad in the windows' start:", "counts the pad twice in the windows' start:",
        "starts windows by the pad at the end:", "starts windows by another axis' pad:"};
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    bool any = false;
    poolgrad_say(k, "%s", words[a]);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        struct poolgrad_axis *axis = poolgrad_axis_of(g, i);
        const struct poolgrad_axis *other = poolgrad_axis_of((struct poolgrad_geometry *)&old, i == 0 ? 1 : i - 1);
        if (!turns(g, k->variant % POOLGRAD_AXIS_SETS, i)) continue;
        const int64_t pad = pad_before(axis), more = k->variant / POOLGRAD_AXIS_SETS;
        const int64_t wrong[] = {0, 2 * pad, pad_behind(axis) + more, pad_before(other)};
        if (wrong[a] == pad) continue;
        poolgrad_say(k, "%s %" PRId64 " and not %" PRId64 " along %s", any ? "," : "", wrong[a], pad, axis_names[i]);
        axis->first += pad - wrong[a];
        any = true;
    }
    (void)v, (void)b;
    return any && !g->with_indices && poolgrad_fits_limit(g);
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static void say_shift(struct poolgrad_knobs *k, int64_t by, const char *unit, const char *back, const char *forth)
{
    if (by == 0) return;
    poolgrad_say(k, " %" PRId64 " %s%s %s", by < 0 ? -by : by, unit, by == 1 || by == -1 ? "" : "s",
                 by < 0 ? back : forth);
}

/* In every direction up to FAR, and along a row or a column up to FARTHER. */
TURN(shift_by)
{
    enum { FAR = 3, SIDE = 2 * FAR + 1, FARTHER = 8, LINE = 2 * FARTHER + 1 };
    const int i = k->variant;
    int64_t x = i % SIDE - FAR, y = i / SIDE - FAR, z = 0;
    (void)v, (void)a, (void)b;
    if (i >= SIDE * SIDE) {
        const int j = i - SIDE * SIDE, by = j % LINE - FARTHER;
        x = j / LINE == 0 ? by : 0;
        y = j / LINE == 1 ? by : 0;
        z = j / LINE == 2 ? by : 0;
        if (by >= -FAR && by <= FAR && z == 0) return false;
    }
    if ((x == 0 && y == 0 && z == 0) || (z != 0 && !has_axis(&k->geometry, 2)) || k->geometry.with_indices)
        return false;
    poolgrad_say(k, "places every window");
    say_shift(k, x, "column", "to the left", "to the right");
    say_shift(k, y, "row", "up", "down");
    say_shift(k, z, "layer", "to the front", "to the back");
    return poolgrad_shift_all(k, x, y, z);
}

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

/* What a window's size, stride or dilation becomes along an axis by amount number `which`. */
static int64_t wrong_number(const struct poolgrad_geometry *g, int axis, int64_t right, int which)
{
    const struct poolgrad_axis *own = poolgrad_axis_of((struct poolgrad_geometry *)g, axis);
    const struct poolgrad_axis *other = poolgrad_axis_of((struct poolgrad_geometry *)g, axis == 0 ? 1 : axis - 1);
    const int64_t numbers[POOLGRAD_AMOUNTS] = {
        right - 1,   right + 1,     1,         2,         right - 2,     right + 2, own->stride, own->kernel,
        own->extent, other->kernel, 2 * right, right / 2, other->stride, 3};
    return numbers[which];
}

static bool keeps_limit(struct poolgrad_axis *axis)
{
    return axis->kernel > 0 && axis->stride > 0 && axis->dilation > 0 &&
           poolgrad_axis_extent(axis->kernel, axis->dilation, &axis->extent);
}

enum field { KERNEL, STRIDE, DILATION };

static int64_t *field_of(struct poolgrad_axis *axis, int64_t field)
{
    return field == KERNEL ? &axis->kernel : field == STRIDE ? &axis->stride : &axis->dilation;
}

/* How a window of another size lies, and which taps a divisor counts. */
enum { KEEPS_END = 1, KEEPS_CENTRE = 2, KEEPS_COUNT = 4 };
static const unsigned manners[POOLGRAD_MANNERS] = {
    0, KEEPS_COUNT, KEEPS_END, KEEPS_END | KEEPS_COUNT, KEEPS_CENTRE, KEEPS_CENTRE | KEEPS_COUNT};

static void place_again(struct poolgrad_axis *axis, int64_t extent, unsigned manner)
{
    if (manner & KEEPS_END) axis->first += extent - axis->extent;
    if (manner & KEEPS_CENTRE) axis->first += extent / 2 - axis->extent / 2;
}

static bool say_manner(const struct poolgrad_verification *v, struct poolgrad_knobs *k, unsigned manner)
{
    if (manner & KEEPS_END) poolgrad_say(k, ", the last tap where it was");
    if (manner & KEEPS_CENTRE) poolgrad_say(k, ", the centre where it was");
    if (!(manner & KEEPS_COUNT)) return true;
    k->counted = &v->geometry;
    poolgrad_say(k, ", with the right divisor");
    return v->geometry.kind == POOLGRAD_AVERAGE || v->geometry.root_mean;
}

static bool turn_field(const struct poolgrad_verification *v, struct poolgrad_knobs *k, enum field field, int which,
                       unsigned manner)
{
    static const char *const words[] = {"kernel", "stride", "dilation"};
    struct poolgrad_geometry *g = &k->geometry;
    bool any = false;
    poolgrad_say(k, "pools with a %s of", words[field]);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        struct poolgrad_axis *axis = poolgrad_axis_of(g, i);
        int64_t *number = field_of(axis, field);
        if (!turns(g, k->variant % POOLGRAD_AXIS_SETS, i)) continue;
        const int64_t right = *number, extent = axis->extent, wrong = wrong_number(&v->geometry, i, right, which);
        if (wrong == right || wrong < 1) continue;
        *number = wrong;
        if (!keeps_limit(axis)) return false;
        place_again(axis, extent, manner);
        poolgrad_say(k, "%s %" PRId64 " and not %" PRId64 " along %s", any ? "," : "", wrong, right, axis_names[i]);
        any = true;
    }
    return say_manner(v, k, manner) && any && !g->with_indices && poolgrad_fits_limit(g) && poolgrad_counts_taps(g);
}

/* By amount `a`. */
TURN(turn_kernel_by)
{
    (void)b;
    return turn_field(v, k, KERNEL, (int)a, manners[k->variant / POOLGRAD_AXIS_SETS]);
}

TURN(turn_kernel)
{
    const int rest = k->variant / POOLGRAD_AXIS_SETS;
    (void)a, (void)b;
    return turn_field(v, k, KERNEL, rest % POOLGRAD_AMOUNTS, manners[rest / POOLGRAD_AMOUNTS]);
}

TURN(turn_stride)
{
    (void)a, (void)b;
    return turn_field(v, k, STRIDE, k->variant / POOLGRAD_AXIS_SETS, 0);
}

/* With the first tap where it was, or else the centre. */
TURN(turn_dilation)
{
    const int rest = k->variant / POOLGRAD_AXIS_SETS;
    (void)a, (void)b;
    return turn_field(v, k, DILATION, rest % POOLGRAD_AMOUNTS, rest / POOLGRAD_AMOUNTS == 0 ? 0 : KEEPS_CENTRE);
}

/* Pools another kind. */
TURN(turn_kind)
{
    static const char *const names[] = {"average", "max", "L2-norm"};
    struct poolgrad_geometry *g = &k->geometry;
    const poolgrad_kind right = g->kind, wrong = (poolgrad_kind)k->variant;
    (void)v, (void)a, (void)b;
    if (right == wrong || g->with_indices || !g->source.data) return false;
    g->kind = wrong;
    g->root_mean = false;
    poolgrad_say(k, "computes %s pooling, not %s pooling", names[wrong], names[right]);
    return true;
}

/* ---- Divisors ---------------------------------------------------------------------------------------------------- */

/* One number for all windows. */
TURN(set_divisor)
{
    const struct poolgrad_geometry *g = &v->geometry;
    const double x = (double)g->x.kernel, y = (double)g->y.kernel, z = (double)g->z.kernel, all = x * y * z;
    const double strides = (double)g->x.stride * (double)g->y.stride * (double)g->z.stride;
    const double extents = (double)g->x.extent * (double)g->y.extent * (double)g->z.extent;
    const double padded = (x + 1) * (y + 1), wrong[] = {x,
                                                        y,
                                                        x * x,
                                                        y * y,
                                                        x * y,
                                                        all - 1,
                                                        all + 1,
                                                        strides,
                                                        (double)g->x.stride,
                                                        padded,
                                                        (x - 1) * (y - 1),
                                                        extents,
                                                        x + y,
                                                        2 * all};
    (void)a, (void)b;
    if (k->variant >= (int)(sizeof wrong / sizeof *wrong) || wrong[k->variant] < 1 ||
        wrong[k->variant] == (double)g->divisor)
        return false;
    k->divisor_set = true;
    k->divisor = wrong[k->variant];
    poolgrad_say(k, "divides every window by %g", k->divisor);
    return true;
}

/* Other paddings than those that count: `a` tells which. */
TURN(turn_counted_pads)
{
    static const char *const words[] = {
        "counts on both sides the padding behind the image", "counts padding before the image alone",
        "counts padding behind the image alone", "counts along each axis the padding of another axis",
        "counts the padding twice"};
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    bool any = false;
    (void)v, (void)b;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        struct poolgrad_axis *axis = poolgrad_axis_of(g, i);
        const struct poolgrad_axis *other = poolgrad_axis_of((struct poolgrad_geometry *)&old, i == 0 ? 1 : i - 1);
        const int64_t before = axis->before, behind = axis->behind;
        if (!turns(g, k->variant, i)) continue;
        if (a == 0) axis->before = behind;
        if (a == 1) axis->behind = 0;
        if (a == 2) axis->before = 0;
        if (a == 3) axis->before = other->before, axis->behind = other->behind;
        if (a == 4) axis->before *= 2, axis->behind *= 2;
        any = any || axis->before != before || axis->behind != behind;
    }
    poolgrad_say(k, "%s", words[a]);
    return any && g->edge_mode == POOLGRAD_EDGE_CLAMP && g->divisor == 0;
}

/* ---- Which windows ----------------------------------------------------------------------------------------------- */

int64_t poolgrad_block(int i)
{
    static const int64_t blocks[POOLGRAD_BLOCKS] = {2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64};
    return blocks[i];
}

/* Those behind the last multiple of a block. */
TURN(drop_windows_behind_blocks)
{
    const int set = k->variant % POOLGRAD_AXIS_SETS;
    const int64_t block = poolgrad_block(k->variant / POOLGRAD_AXIS_SETS);
    bool any = false;
    (void)v, (void)a, (void)b;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        struct poolgrad_axis *axis = poolgrad_axis_of(&k->geometry, i);
        const int64_t end = axis->end / block * block;
        if (!turns(&k->geometry, set, i) || end <= axis->begin || end == axis->end) continue;
        axis->end = end;
        any = true;
    }
    poolgrad_say(k, "leaves out windows behind the last multiple of %" PRId64 " along %s", block,
                 set == 0 ? "every axis" : axis_names[set - 1]);
    return any;
}

/* The first ones along an axis: `a` of them. */
TURN(drop_first_windows)
{
    const int set = k->variant % POOLGRAD_AXIS_SETS;
    bool any = false;
    (void)v, (void)b;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        struct poolgrad_axis *axis = poolgrad_axis_of(&k->geometry, i);
        if (!turns(&k->geometry, set, i) || axis->end - axis->begin <= a) continue;
        axis->begin += a;
        axis->first += a * axis->stride;
        any = true;
    }
    poolgrad_say(k, "leaves out the first windows along %s", set == 0 ? "every axis" : axis_names[set - 1]);
    return any;
}

/* All but every second, third or fourth. */
TURN(thin_windows)
{
    const int set = k->variant % POOLGRAD_AXIS_SETS;
    const int64_t period = 2 + k->variant / POOLGRAD_AXIS_SETS;
    struct poolgrad_pixel *block = &k->window_block;
    (void)v, (void)a, (void)b;
    if (turns(&k->geometry, set, 0)) block->x = period;
    if (turns(&k->geometry, set, 1)) block->y = period;
    if (turns(&k->geometry, set, 2)) block->z = period;
    poolgrad_say(k, "takes one window of %" PRId64 " along %s", period, set == 0 ? "every axis" : axis_names[set - 1]);
    return block->x || block->y || block->z;
}

/* ---- Which taps -------------------------------------------------------------------------------------------------- */

/* Some of a window's taps in order, and the divisor of all of them. */
TURN(take_some_taps)
{
    enum { FIRST_ROW, FIRST_COLUMN, FIRST_LAYER, NO_LAST, NO_FIRST, FIRST_OF_ALL };
    static const char *const words[] = {"takes only a window's first row", "takes only a window's first column",
                                        "takes only a window's first layer", "leaves out a window's last tap",
                                        "leaves out a window's first tap"};
    struct poolgrad_geometry *g = &k->geometry;
    const int64_t taps = g->full_count,
                  first = k->variant < FIRST_OF_ALL ? 0 : INT64_C(1) << (k->variant - FIRST_OF_ALL);
    (void)v, (void)a, (void)b;
    if (taps < 2 || g->with_indices) return false;
    switch (k->variant) {
    case FIRST_ROW: k->tap_limit.y = 1; break;
    case FIRST_COLUMN: k->tap_limit.x = 1; break;
    case FIRST_LAYER: k->tap_limit.z = 1; break;
    case NO_LAST: k->tap_limit_in_order = -1; break;
    case NO_FIRST: k->tap_first = 1; break;
    default: k->tap_limit_in_order = first;
    }
    if (k->variant == FIRST_ROW && g->z.kernel > 1) k->tap_limit.z = 1;
    if (k->variant == FIRST_LAYER && g->z.kernel == 1) return false;
    if (k->variant < FIRST_OF_ALL)
        poolgrad_say(k, "%s", words[k->variant]);
    else
        poolgrad_say(k, "takes only the first %" PRId64 " tap%s of a window", first, first == 1 ? "" : "s");
    return k->variant < FIRST_OF_ALL || first < taps;
}

/* ---- Outside ----------------------------------------------------------------------------------------------------- */

TURN(take_outside_for)
{
    enum { MOST_TAPS = 4096 };
    const struct poolgrad_geometry *g = &k->geometry;
    (void)v, (void)b;
    k->outside = (enum poolgrad_outside)a;
    return g->full_count <= MOST_TAPS && g->x.size > 0 && g->y.size > 0 && g->z.size > 0 && !g->with_indices &&
           !g->x.table && !g->y.table && !g->z.table;
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------- */

/* `a`: whether halos count twice, or are lost. Tiles are so many pixels of the source, or as many windows. */
TURN(cut_into_tiles)
{
    const int set = k->variant % POOLGRAD_AXIS_SETS, rest = k->variant / POOLGRAD_AXIS_SETS;
    const int64_t block = poolgrad_block(rest % POOLGRAD_BLOCKS);
    const struct poolgrad_geometry *g = &k->geometry;
    const bool of_windows = rest / POOLGRAD_BLOCKS == 1;
    (void)v, (void)b;
    k->tile_doubles = a != 0;
    k->tile_from_first_tap = rest / POOLGRAD_BLOCKS == 2;
    if (turns(g, set, 0)) k->tile.x = block * (of_windows ? g->x.stride : 1);
    if (turns(g, set, 1)) k->tile.y = block * (of_windows ? g->y.stride : 1);
    if (turns(g, set, 2)) k->tile.z = block * (of_windows ? g->z.stride : 1);
    poolgrad_say(k, "%s where windows reach over the edge of tiles of %" PRId64 " %s along %s",
                 a ? "counts taps twice" : "loses taps", block, of_windows ? "windows" : "pixels",
                 set == 0 ? "every axis" : axis_names[set - 1]);
    return (k->tile.x || k->tile.y || k->tile.z) && !g->with_indices;
}
