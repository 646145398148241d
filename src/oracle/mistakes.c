/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/mistakes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image/format.h"

enum {
    FORWARD = POOLGRAD_IN_FORWARD_AVERAGE | POOLGRAD_IN_FORWARD_MAX | POOLGRAD_IN_FORWARD_L2NORM,
    GRADIENT = POOLGRAD_IN_AVERAGE_GRADIENT | POOLGRAD_IN_MAX_GRADIENT | POOLGRAD_IN_L2NORM_GRADIENT,
    AVERAGE = POOLGRAD_IN_FORWARD_AVERAGE | POOLGRAD_IN_AVERAGE_GRADIENT,
    MAX = POOLGRAD_IN_FORWARD_MAX | POOLGRAD_IN_MAX_GRADIENT,
    L2NORM = POOLGRAD_IN_FORWARD_L2NORM | POOLGRAD_IN_L2NORM_GRADIENT,
    ALL = FORWARD | GRADIENT,
    READS_SOURCE = ALL & ~POOLGRAD_IN_AVERAGE_GRADIENT,
    READS_BOTH = POOLGRAD_IN_MAX_GRADIENT | POOLGRAD_IN_L2NORM_GRADIENT,
    SUMS = AVERAGE | POOLGRAD_IN_MAX_GRADIENT,
    MAX_GRADIENT = POOLGRAD_IN_MAX_GRADIENT,
    L2NORM_GRADIENT = POOLGRAD_IN_L2NORM_GRADIENT
};

/* ---- Divisors and edges ------------------------------------------------------------------------------------------ */

static bool divide_by_all(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)a, (void)b;
    if (k->geometry.edge_mode != POOLGRAD_EDGE_CLAMP) return false;
    k->geometry.edge_mode = POOLGRAD_EDGE_ZERO;
    return true;
}

static void list_axes(struct poolgrad_geometry *g, struct poolgrad_axis *axes[POOLGRAD_AXES])
{
    axes[0] = &g->x;
    axes[1] = &g->y;
    axes[2] = &g->z;
}

static void forget_pads(struct poolgrad_geometry *g)
{
    struct poolgrad_axis *axes[POOLGRAD_AXES];
    list_axes(g, axes);
    for (int i = 0; i < POOLGRAD_AXES; i++) axes[i]->before = axes[i]->behind = 0;
}

static bool same_axis(const struct poolgrad_axis *a, const struct poolgrad_axis *b)
{
    return a->kernel == b->kernel && a->stride == b->stride && a->dilation == b->dilation && a->before == b->before &&
           a->behind == b->behind && a->first == b->first && a->begin == b->begin && a->end == b->end &&
           a->table == b->table;
}

static bool same_axes(const struct poolgrad_geometry *a, const struct poolgrad_geometry *b)
{
    return same_axis(&a->x, &b->x) && same_axis(&a->y, &b->y) && same_axis(&a->z, &b->z);
}

/* `a` is the edge mode in which this is a mistake. */
static bool divide_by_inside(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    (void)v, (void)b;
    if ((int64_t)g->edge_mode != a) return false;
    const struct poolgrad_geometry old = *g;
    forget_pads(g);
    if (g->edge_mode == POOLGRAD_EDGE_CLAMP && same_axes(&old, g)) return false;
    g->edge_mode = POOLGRAD_EDGE_CLAMP;
    return true;
}

/* As much padding as the first window begins before the image. */
static bool divide_by_padded(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    struct poolgrad_axis *axes[POOLGRAD_AXES];
    (void)v, (void)a, (void)b;
    list_axes(g, axes);
    for (int i = 0; i < POOLGRAD_AXES; i++) axes[i]->before = axes[i]->behind = poolgrad_max(-axes[i]->first, 0);
    return g->edge_mode == POOLGRAD_EDGE_CLAMP && !same_axes(&old, g);
}

static bool divide_by_nothing(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)a, (void)b;
    k->undivided = true;
    return true;
}

static bool set_edge_mode(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)b;
    if ((int64_t)k->geometry.edge_mode == a || k->geometry.with_indices) return false;
    k->geometry.edge_mode = (poolgrad_edge_mode)a;
    return true;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* `a` columns and `b` rows of them. */
static bool drop_last_windows(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    (void)v;
    if (g->x.end - g->x.begin < a || g->y.end - g->y.begin < b) return false;
    g->x.end -= a;
    g->y.end -= b;
    return true;
}

static bool fits_limit(const struct poolgrad_axis *axis)
{
    int64_t reach;
    return poolgrad_multiply(axis->stride, axis->end - axis->begin, &reach) && reach <= POOLGRAD_COORDINATE_LIMIT &&
           axis->first >= -POOLGRAD_COORDINATE_LIMIT && axis->first <= POOLGRAD_COORDINATE_LIMIT - reach;
}

/* Those of gradient pixels that exist but do not count. */
static bool keep_windows(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    (void)v, (void)a, (void)b;
    if (g->x.end == g->source_gradient.width && g->y.end == g->source_gradient.height) return false;
    g->x.end = g->source_gradient.width;
    g->y.end = g->source_gradient.height;
    return fits_limit(&g->x) && fits_limit(&g->y);
}

/* A forward call's windows begin with the first pixel that is written. */
static bool begin_at_zero(struct poolgrad_axis *axis, int64_t end)
{
    int64_t before;
    if (!poolgrad_multiply(axis->stride, axis->begin, &before) || before > POOLGRAD_COORDINATE_LIMIT) return false;
    axis->first -= before;
    axis->begin = 0;
    axis->end = end;
    return fits_limit(axis);
}

static bool ignore_clip(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_range rows = {0, g->destination.height}, columns = {0, g->destination.width};
    (void)a, (void)b;
    if (!v->before.data ||
        (g->rows.begin == 0 && g->rows.end == rows.end && g->columns.begin == 0 && g->columns.end == columns.end)) {
        return false;
    }
    g->rows = rows;
    g->columns = columns;
    return g->direction == POOLGRAD_GRADIENT || (begin_at_zero(&g->y, rows.end) && begin_at_zero(&g->x, columns.end));
}

static bool shift_windows(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v;
    k->geometry.x.first += a;
    k->geometry.y.first += b;
    return fits_limit(&k->geometry.x) && fits_limit(&k->geometry.y);
}

/* The other pixel in the middle is taken for the centre. */
static bool lean_windows(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    if ((a != 0 && k->geometry.x.extent % 2 != 0) || (b != 0 && k->geometry.y.extent % 2 != 0)) return false;
    return shift_windows(v, k, a, b);
}

/* The offset is added so many times more. */
static bool turn_kernel_offset(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)b;
    if (v->problem.kernel_offset_x == 0 && v->problem.kernel_offset_y == 0) return false;
    return shift_windows(v, k, a * v->problem.kernel_offset_x, a * v->problem.kernel_offset_y);
}

enum { KERNELS = 1, STRIDES = 2, DILATIONS = 4, PLACES = 8 }; /* what is swapped */

/* The new axis, whose first tap, or else whose first centre, stays where it was. */
static bool place_axis(struct poolgrad_axis *axis, const struct poolgrad_axis *old, bool keeps_centre)
{
    if (!poolgrad_axis_extent(axis->kernel, axis->dilation, &axis->extent)) return false;
    if (keeps_centre) axis->first += old->extent / 2 - axis->extent / 2;
    return fits_limit(axis);
}

static bool place_axes(struct poolgrad_geometry *g, const struct poolgrad_geometry *old, bool keeps_centre)
{
    return place_axis(&g->x, &old->x, keeps_centre) && place_axis(&g->y, &old->y, keeps_centre) &&
           poolgrad_multiply(g->x.kernel, g->y.kernel, &g->full_count);
}

static void swap(int64_t *a, int64_t *b)
{
    const int64_t value = *a;
    *a = *b;
    *b = value;
}

/* `a`: what; `b`: 1 where centres stay. */
static bool swap_axes(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    (void)v;
    if (a & KERNELS) swap(&g->x.kernel, &g->y.kernel);
    if (a & STRIDES) swap(&g->x.stride, &g->y.stride);
    if (a & DILATIONS) swap(&g->x.dilation, &g->y.dilation);
    if (a & PLACES) {
        swap(&g->x.first, &g->y.first);
        swap(&g->x.before, &g->y.before);
        swap(&g->x.behind, &g->y.behind);
    }
    return memcmp(&old.x, &g->x, sizeof old.x) != 0 && place_axes(g, &old, b);
}

static bool ignore_dilation(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_geometry old = *g;
    (void)v, (void)a;
    g->x.dilation = g->y.dilation = 1;
    return (old.x.dilation != 1 || old.y.dilation != 1) && place_axes(g, &old, b);
}

static bool start_at_first_pixel(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    struct poolgrad_geometry *g = &k->geometry;
    (void)v, (void)a, (void)b;
    if (g->source_row == 0 && g->source_column == 0) return false;
    g->source_row = g->source_column = 0;
    return true;
}

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

static bool set_ties(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)b;
    if ((int64_t)k->geometry.ties == a || k->geometry.with_indices) return false;
    k->geometry.ties = (poolgrad_tie_rule)a;
    return true;
}

static bool shun_ties(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)a, (void)b;
    k->shuns_ties = true;
    return !k->geometry.with_indices;
}

static bool set_search(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)b;
    k->search = (enum poolgrad_search)a;
    return !k->geometry.with_indices;
}

static bool ignore_indices(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)a, (void)b;
    if (!k->geometry.with_indices || !k->geometry.source.data) return false;
    k->geometry.with_indices = false;
    return true;
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

static int precision_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_BFLOAT16: return 8;
    case POOLGRAD_FLOAT16: return 11;
    case POOLGRAD_FLOAT32: return 24;
    default: return 53;
    }
}

static bool is_narrower(const struct poolgrad_verification *v, poolgrad_format format)
{
    return precision_of(format) < precision_of(v->computed_in);
}

static bool accumulate_in(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)b;
    k->sums = k->terms = (poolgrad_format)a;
    return is_narrower(v, k->sums);
}

static bool accumulate_loosely(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)b;
    k->loosely = (poolgrad_format)a;
    return is_narrower(v, k->loosely);
}

static bool store_each(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)a, (void)b;
    k->sums = k->geometry.destination.format;
    return is_narrower(v, k->sums);
}

static bool set_overlap(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)b;
    k->overlap = (enum poolgrad_overlap)a;
    return true;
}

static bool set_root(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)b;
    k->root = (enum poolgrad_root)a;
    return true;
}

/* The mean counts all taps, or those inside. */
static bool take_mean(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)b;
    k->root = POOLGRAD_ROOT_OF_MEAN;
    k->geometry.edge_mode = (poolgrad_edge_mode)a;
    forget_pads(&k->geometry);
    return true;
}

static bool set_addition(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)b;
    if (k->geometry.add_to_destination == (a != 0) || !v->before.data) return false;
    k->geometry.add_to_destination = a != 0;
    return true;
}

static bool negate(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)v, (void)a, (void)b;
    k->factor = -1;
    return true;
}

static bool multiply(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)a, (void)b;
    return poolgrad_find_factor(v, &k->factor, &k->failed);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

enum { SOURCE, SOURCE_GRADIENT, RESULT }; /* what is read wrong: argument b, or a */

static struct poolgrad_reading *reading_of(struct poolgrad_knobs *k, int64_t which, const poolgrad_const_image **image)
{
    struct poolgrad_geometry *g = &k->geometry;
    if (which == SOURCE) {
        *image = &g->source;
        return &k->source;
    }
    *image = which == RESULT ? &g->held : &g->source_gradient;
    k->misplaced = k->misplaced || which == RESULT;
    return which == RESULT ? &k->result : &k->gradient;
}

static bool misread_columns(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->column = a;
    return image->data != NULL;
}

static bool misread_rows(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->row = a;
    return image->data != NULL;
}

static bool misread_channels(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    const poolgrad_const_image *image;
    (void)v;
    reading_of(k, b, &image)->channel = a;
    return image->data && image->channels > 1;
}

static bool transpose(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    const poolgrad_const_image *image;
    (void)v, (void)a;
    reading_of(k, b, &image)->transposed = POOLGRAD_TRANSPOSED_XY;
    return image->data && image->width == image->height;
}

static bool read_first_image(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    const struct poolgrad_geometry *g = &k->geometry;
    const poolgrad_const_image *image;
    struct poolgrad_reading *reading = reading_of(k, b, &image);
    (void)v, (void)a;
    reading->from_image = true;
    reading->image = g->images.begin;
    if (b == SOURCE) reading->image += g->source_image;
    if (b == SOURCE_GRADIENT) reading->image += g->gradient_image;
    return image->data && g->pooled_images > 1;
}

/* `a`: the layout that an image of the other one is taken for. A result is written so, where it should be read. */
static bool misread_layout(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    const poolgrad_const_image *image;
    struct poolgrad_reading *reading = reading_of(k, b, &image);
    const poolgrad_layout other = (poolgrad_layout)a;
    (void)v;
    if (!image->data || image->layout == other || image->layout == POOLGRAD_NC4HW4) return false;
    reading->remapped = true;
    reading->placed = b == RESULT ? image->layout : other;
    reading->taken = b == RESULT ? other : image->layout;
    return image->channels > 1 && image->height * image->width > 1;
}

/* ---- What is not written ----------------------------------------------------------------------------------------- */

static bool skip_last_channels(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    const struct poolgrad_geometry *g = &k->geometry;
    const struct poolgrad_range last = {g->channels.end / 4 * 4, g->channels.end};
    (void)b;
    k->misplaced = true;
    k->filling = (enum poolgrad_filling)a;
    k->box = (struct poolgrad_box){g->images, last, poolgrad_written_area(g)};
    if (k->filling == POOLGRAD_FILLING_BEFORE && !v->before.data) return false;
    return last.begin < last.end && last.begin > g->channels.begin;
}

enum { FEW = 16 }; /* elements that may share a value by chance, such as the maximum of some windows */

static bool fill_box(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    int64_t elements;
    (void)a, (void)b;
    k->misplaced = true;
    k->filling = POOLGRAD_FILLING_CONSTANT;
    return poolgrad_find_constant(v, &k->box, &k->constant, &elements, &k->failed) &&
           (k->constant == 0 || elements >= FEW);
}

static bool skip_box(const struct poolgrad_verification *v, struct poolgrad_knobs *k, int64_t a, int64_t b)
{
    (void)a, (void)b;
    k->misplaced = true;
    k->filling = POOLGRAD_FILLING_BEFORE;
    return poolgrad_find_unwritten(v, &k->box);
}

/* ---- The bank ---------------------------------------------------------------------------------------------------- */

#define EIGHT_WAYS(row)                                                                                                \
    row("left", -1, 0), row("right", 1, 0), row("up", 0, -1), row("down", 0, 1), row("up-left", -1, -1),               \
        row("up-right", 1, -1), row("down-left", -1, 1), row("down-right", 1, 1)
#define SHIFTED(way, x, y)                                                                                             \
    {                                                                                                                  \
        "windows-one-" way, "places every window one pixel off: " way, ALL, shift_windows, x, y                        \
    }

const struct poolgrad_mistake poolgrad_mistakes[] = {
    {"divisor-full-kernel", "divides by kernel width times height where the window shrinks", AVERAGE, divide_by_all, 0,
     0},
    {"divisor-shrunk", "divides by the taps inside the image where all taps count", AVERAGE, divide_by_inside,
     POOLGRAD_EDGE_ZERO, 0},
    {"padding-not-counted", "divides by the taps inside the image where those in the zero padding count as well",
     AVERAGE, divide_by_inside, POOLGRAD_EDGE_CLAMP, 0},
    {"padding-counted", "counts padding of which the zero padding says nothing", AVERAGE, divide_by_padded, 0, 0},
    {"divisor-missing", "does not divide", AVERAGE, divide_by_nothing, 0, 0},
    {"edge-zero", "lets taps outside the image take part as zeros where the window shrinks", MAX, set_edge_mode,
     POOLGRAD_EDGE_ZERO, 0},
    {"edge-clamp", "leaves out taps outside the image where they take part as zeros", MAX, set_edge_mode,
     POOLGRAD_EDGE_CLAMP, 0},

    {"last-column-of-windows-dropped", "leaves out the last column of windows", ALL, drop_last_windows, 1, 0},
    {"last-row-of-windows-dropped", "leaves out the last row of windows", ALL, drop_last_windows, 0, 1},
    {"last-windows-dropped", "leaves out the last row and the last column of windows", ALL, drop_last_windows, 1, 1},
    {"windows-kept", "adds gradient pixels behind those that count", GRADIENT, keep_windows, 0, 0},
    {"even-windows-lean-right", "lets windows of even width lean to the right", ALL, lean_windows, 1, 0},
    {"even-windows-lean-down", "lets windows of even height lean down", ALL, lean_windows, 0, 1},
    {"even-windows-lean-down-right", "lets even windows lean down and to the right", ALL, lean_windows, 1, 1},
    {"clip-ignored", "writes outside of the clip rectangle", ALL, ignore_clip, 0, 0},
    {"kernel-offset-ignored", "ignores the kernel offset", GRADIENT, turn_kernel_offset, 1, 0},
    {"kernel-offset-negated", "moves windows by the kernel offset the wrong way", GRADIENT, turn_kernel_offset, 2, 0},
    {"dilation-ignored", "ignores the dilation, with the first tap where it was", ALL, ignore_dilation, 0, 0},
    {"dilation-ignored-about-centre", "ignores the dilation, with the centre where it was", ALL, ignore_dilation, 0, 1},
    {"dilations-swapped", "swaps the dilations of x and y, with the first tap where it was", ALL, swap_axes, DILATIONS,
     0},
    {"dilations-swapped-about-centre", "swaps the dilations of x and y, with the centre where it was", ALL, swap_axes,
     DILATIONS, 1},
    {"strides-swapped", "swaps the strides of x and y", ALL, swap_axes, STRIDES, 0},
    {"kernel-sizes-swapped", "swaps kernel width and height, with the first tap where it was", ALL, swap_axes, KERNELS,
     0},
    {"kernel-sizes-swapped-about-centre", "swaps kernel width and height, with the centre where it was", ALL, swap_axes,
     KERNELS, 1},
    {"windows-transposed", "swaps x and y in all that describes a window", ALL, swap_axes,
     KERNELS | STRIDES | DILATIONS | PLACES, 0},
    EIGHT_WAYS(SHIFTED),
    {"destination-from-first-pixel", "puts the first source pixel at the first destination pixel", GRADIENT,
     start_at_first_pixel, 0, 0},

    {"ties-first", "gives to the first of several greatest taps", MAX_GRADIENT, set_ties, POOLGRAD_TIES_FIRST, 0},
    {"ties-last", "gives to the last of several greatest taps", MAX_GRADIENT, set_ties, POOLGRAD_TIES_LAST, 0},
    {"ties-all", "gives the whole gradient to each of several greatest taps", MAX_GRADIENT, set_ties, POOLGRAD_TIES_ALL,
     0},
    {"ties-split", "splits the gradient among several greatest taps", MAX_GRADIENT, set_ties, POOLGRAD_TIES_SPLIT, 0},
    {"ties-none", "gives nothing where several taps are greatest", MAX_GRADIENT, shun_ties, 0, 0},
    {"minimum", "takes the least tap for the greatest", MAX, set_search, POOLGRAD_SEARCH_LEAST, 0},
    {"magnitude", "takes the tap of the greatest magnitude for the greatest", MAX, set_search,
     POOLGRAD_SEARCH_MAGNITUDE, 0},
    {"search-from-zero", "searches the greatest tap from 0 on, and finds none in a window without taps above it", MAX,
     set_search, POOLGRAD_SEARCH_FROM_ZERO, 0},
    {"indices-ignored", "searches the source where picked taps are given", MAX_GRADIENT, ignore_indices, 0, 0},

    {"stored-after-each-addition", "rounds to the destination's format after each addition",
     POOLGRAD_IN_AVERAGE_GRADIENT | MAX_GRADIENT, store_each, 0, 0},
    {"accumulated-in-float16", "computes sums in float16", SUMS | POOLGRAD_IN_FORWARD_L2NORM, accumulate_in,
     POOLGRAD_FLOAT16, 0},
    {"accumulated-in-bfloat16", "computes sums in bfloat16", SUMS | POOLGRAD_IN_FORWARD_L2NORM, accumulate_in,
     POOLGRAD_BFLOAT16, 0},
    {"accumulated-in-float32", "computes sums in float32", SUMS | POOLGRAD_IN_FORWARD_L2NORM, accumulate_in,
     POOLGRAD_FLOAT32, 0},
    {"last-window-wins", "overwrites where windows overlap: the last one wins", GRADIENT, set_overlap,
     POOLGRAD_OVERLAP_LAST_WINS, 0},
    {"first-window-wins", "leaves out all but the first window where windows overlap", GRADIENT, set_overlap,
     POOLGRAD_OVERLAP_FIRST_WINS, 0},
    {"root-of-mean", "takes the root of the mean over the kernel, not of the sum", L2NORM, take_mean,
     POOLGRAD_EDGE_ZERO, 0},
    {"root-of-mean-inside", "takes the root of the mean over the taps inside the image, not of the sum", L2NORM,
     take_mean, POOLGRAD_EDGE_CLAMP, 0},
    {"root-missing", "takes the sum of squares for the norm", L2NORM, set_root, POOLGRAD_ROOT_MISSING, 0},
    {"norm-multiplied", "multiplies by the norm and should divide by it", L2NORM_GRADIENT, set_root,
     POOLGRAD_ROOT_MULTIPLIES, 0},
    {"in-missing", "leaves out the factor In", L2NORM_GRADIENT, set_root, POOLGRAD_ROOT_ALONE, 0},
    {"prior-contents-added", "adds to what the destination held and should overwrite it", GRADIENT, set_addition, 1, 0},
    {"prior-contents-lost", "overwrites what the destination held and should add to it", GRADIENT, set_addition, 0, 0},
    {"sign-flipped", "gives the opposite sign", ALL, negate, 0, 0},

    {"source-as-nhwc", "reads the source as NHWC where it is NCHW", READS_SOURCE, misread_layout, POOLGRAD_NHWC,
     SOURCE},
    {"source-as-nchw", "reads the source as NCHW where it is NHWC", READS_SOURCE, misread_layout, POOLGRAD_NCHW,
     SOURCE},
    {"gradient-as-nhwc", "reads the source gradient as NHWC where it is NCHW", GRADIENT, misread_layout, POOLGRAD_NHWC,
     SOURCE_GRADIENT},
    {"gradient-as-nchw", "reads the source gradient as NCHW where it is NHWC", GRADIENT, misread_layout, POOLGRAD_NCHW,
     SOURCE_GRADIENT},
    {"result-as-nhwc", "writes the result as NHWC where it is NCHW", ALL, misread_layout, POOLGRAD_NHWC, RESULT},
    {"result-as-nchw", "writes the result as NCHW where it is NHWC", ALL, misread_layout, POOLGRAD_NCHW, RESULT},
    {"source-transposed", "swaps x and y in the source", READS_SOURCE, transpose, 0, SOURCE},
    {"gradient-transposed", "swaps x and y in the source gradient", GRADIENT, transpose, 0, SOURCE_GRADIENT},
    {"result-transposed", "swaps x and y in the result", ALL, transpose, 0, RESULT},
    {"gradient-one-column-before", "takes each gradient pixel from one column before it", GRADIENT, misread_columns, -1,
     SOURCE_GRADIENT},
    {"gradient-one-column-behind", "takes each gradient pixel from one column behind it", GRADIENT, misread_columns, 1,
     SOURCE_GRADIENT},
    {"gradient-one-row-before", "takes each gradient pixel from one row before it", GRADIENT, misread_rows, -1,
     SOURCE_GRADIENT},
    {"gradient-one-row-behind", "takes each gradient pixel from one row behind it", GRADIENT, misread_rows, 1,
     SOURCE_GRADIENT},
    {"result-one-column-before", "holds in each pixel the result of one column before it", ALL, misread_columns, -1,
     RESULT},
    {"result-one-column-behind", "holds in each pixel the result of one column behind it", ALL, misread_columns, 1,
     RESULT},
    {"result-one-row-before", "holds in each pixel the result of one row before it", ALL, misread_rows, -1, RESULT},
    {"result-one-row-behind", "holds in each pixel the result of one row behind it", ALL, misread_rows, 1, RESULT},
    {"source-channel-before", "reads the source one channel before", READS_SOURCE, misread_channels, -1, SOURCE},
    {"source-channel-behind", "reads the source one channel behind", READS_SOURCE, misread_channels, 1, SOURCE},
    {"gradient-channel-before", "reads the source gradient one channel before", GRADIENT, misread_channels, -1,
     SOURCE_GRADIENT},
    {"gradient-channel-behind", "reads the source gradient one channel behind", GRADIENT, misread_channels, 1,
     SOURCE_GRADIENT},
    {"result-channel-before", "holds in each channel the result of the one before", ALL, misread_channels, -1, RESULT},
    {"result-channel-behind", "holds in each channel the result of the one behind", ALL, misread_channels, 1, RESULT},
    {"images-from-first", "computes every image from the first one", ALL, read_first_image, 0, RESULT},
    {"source-from-first-image", "reads the first image of the source for all of them", READS_BOTH, read_first_image, 0,
     SOURCE},
    {"gradient-from-first-image", "reads the first image of the source gradient for all of them", READS_BOTH,
     read_first_image, 0, SOURCE_GRADIENT},

    {"last-channels-zero", "leaves 0 in the channels behind the last multiple of 4", ALL, skip_last_channels,
     POOLGRAD_FILLING_CONSTANT, 0},
    {"last-channels-unwritten", "does not write the channels behind the last multiple of 4", ALL, skip_last_channels,
     POOLGRAD_FILLING_BEFORE, 0},
    {"multiplied", NULL, ALL, multiply, 0, 0},
    {"region-constant", NULL, ALL, fill_box, 0, 0},
    {"region-unwritten", NULL, ALL, skip_box, 0, 0},

    {"errors-of-bfloat16", "holds numbers of bfloat16, as far off as sums in it can be in some order", SUMS | L2NORM,
     accumulate_loosely, POOLGRAD_BFLOAT16, 0},
    {"errors-of-float16", "holds numbers of float16, as far off as sums in it can be in some order", SUMS | L2NORM,
     accumulate_loosely, POOLGRAD_FLOAT16, 0},
    {"errors-of-float32", "holds numbers of float32, as far off as sums in it can be in some order", SUMS | L2NORM,
     accumulate_loosely, POOLGRAD_FLOAT32, 0},
};

const int64_t poolgrad_mistake_count = sizeof poolgrad_mistakes / sizeof *poolgrad_mistakes;

void poolgrad_knobs_init(const struct poolgrad_verification *v, struct poolgrad_knobs *knobs)
{
    memset(knobs, 0, sizeof *knobs);
    knobs->geometry = v->geometry;
    knobs->factor = 1;
}

bool poolgrad_mistake_turn(const struct poolgrad_mistake *mistake, const struct poolgrad_verification *v,
                           struct poolgrad_knobs *knobs)
{
    const unsigned first = v->geometry.direction == POOLGRAD_FORWARD ? POOLGRAD_IN_FORWARD_AVERAGE
                                                                     : POOLGRAD_IN_AVERAGE_GRADIENT;
    poolgrad_knobs_init(v, knobs);
    return (mistake->calls & first << (unsigned)v->geometry.kind) != 0 &&
           mistake->turn(v, knobs, mistake->a, mistake->b);
}

static void describe_box(const char *what, const struct poolgrad_box *box, char text[POOLGRAD_SENTENCE_SIZE])
{
    snprintf(text, POOLGRAD_SENTENCE_SIZE,
             "%s rows %" PRId64 " to %" PRId64 " and columns %" PRId64 " to %" PRId64 " of channels %" PRId64
             " to %" PRId64 " of images %" PRId64 " to %" PRId64,
             what, box->area.rows.begin, box->area.rows.end - 1, box->area.columns.begin, box->area.columns.end - 1,
             box->channels.begin, box->channels.end - 1, box->images.begin, box->images.end - 1);
}

void poolgrad_mistake_describe(const struct poolgrad_mistake *mistake, const struct poolgrad_knobs *k,
                               char text[POOLGRAD_SENTENCE_SIZE])
{
    char constant[40];
    snprintf(constant, sizeof constant, "holds %.9g in", k->constant);
    if (mistake->sentence)
        snprintf(text, POOLGRAD_SENTENCE_SIZE, "%s", mistake->sentence);
    else if (k->filling == POOLGRAD_FILLING_NONE)
        snprintf(text, POOLGRAD_SENTENCE_SIZE, "gives %.6g times what it should", k->factor);
    else
        describe_box(k->filling == POOLGRAD_FILLING_CONSTANT ? constant : "does not write", &k->box, text);
}
