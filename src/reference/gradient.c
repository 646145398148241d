/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "image/format.h"
#include "image/ieee.h"
#include "image/image.h"
#include "reference/reference.h"
#include "reference/window.h"

/* Pixels of a row that are computed at once, so that their sums fit on the stack and nothing is allocated. */
enum { BLOCK = 256 };

/* Neighbouring pixels of one row of the source image, and what the windows have added to them so far. */
struct block {
    int64_t n, c, z, y; /* of the source image */
    int64_t gradient_n, gradient_c;
    int64_t begin, end; /* source columns */
    double sum[BLOCK];
    bool tap[BLOCK]; /* L2-norm: a tap of some counted window */
};

static void add(const struct poolgrad_geometry *g, struct block *block, int64_t x, double value)
{
    block->sum[x - block->begin] = poolgrad_sum(g, block->sum[x - block->begin], value);
}

static double load_source(const struct poolgrad_geometry *g, const struct block *block, int64_t x)
{
    return poolgrad_source_at(g, block->n, block->c, (struct poolgrad_pixel){block->z, block->y, x});
}

/* The block's columns that are taps of the window: every `dilation`-th from begin. */
static struct poolgrad_range block_taps(const struct poolgrad_geometry *g, const struct block *block,
                                        poolgrad_span window)
{
    struct poolgrad_range columns = {block->begin, block->end}, taps = poolgrad_axis_taps_on(&g->x, window, columns);
    return (struct poolgrad_range){poolgrad_axis_place(&g->x, window, taps.begin),
                                   poolgrad_axis_place(&g->x, window, taps.end)};
}

/* docs/numerics.md N26, N63. */
static void add_average(const struct poolgrad_geometry *g, struct block *block, struct poolgrad_window_at at,
                        double gradient)
{
    double share = poolgrad_quotient(g, gradient, poolgrad_window_count(g, at));
    struct poolgrad_range taps = block_taps(g, block, at.x);
    for (int64_t x = taps.begin; x < taps.end; x += g->x.dilation) add(g, block, x, share);
}

/* docs/numerics.md N29, N35, N64, N97: r = g / Out, of a mean g / (N Out). */
static void add_norm(const struct poolgrad_geometry *g, struct block *block, struct poolgrad_window_at at,
                     double gradient)
{
    const double norm = poolgrad_window_norm(g, at);
    const double divisor = g->root_mean ? (double)poolgrad_window_count(g, at) * norm : norm;
    struct poolgrad_range taps = block_taps(g, block, at.x);
    for (int64_t x = taps.begin; x < taps.end; x += g->x.dilation) {
        if (norm != 0) block->sum[x - block->begin] += gradient / divisor;
        block->tap[x - block->begin] = true;
    }
}

/* docs/numerics.md N63: to the one tap that was picked, if it is in the block. */
static void add_pick(const struct poolgrad_geometry *g, struct block *block, struct poolgrad_pixel at, double gradient)
{
    const bool row = at.z == block->z && at.y == block->y;
    if (row && at.x >= block->begin && at.x < block->end) add(g, block, at.x, gradient);
}

/* docs/numerics.md N28, N30, N63. */
static void add_max(const struct poolgrad_geometry *g, struct block *block, struct poolgrad_window_at at,
                    double gradient)
{
    struct poolgrad_pick pick = poolgrad_window_pick(g, at);
    bool one = g->ties == POOLGRAD_TIES_FIRST || g->ties == POOLGRAD_TIES_LAST || isnan(pick.value);
    if (one) {
        add_pick(g, block, pick.at, gradient);
        return;
    }
    double share = gradient;
    if (g->ties == POOLGRAD_TIES_SPLIT) share = poolgrad_quotient(g, gradient, poolgrad_window_ties(g, at, pick.value));
    struct poolgrad_range taps = block_taps(g, block, at.x);
    for (int64_t x = taps.begin; x < taps.end; x += g->x.dilation) {
        if (load_source(g, block, x) == pick.value) add(g, block, x, share);
    }
}

static void add_window(const struct poolgrad_geometry *g, struct block *block, struct poolgrad_window_at at,
                       struct poolgrad_pixel output)
{
    double gradient = poolgrad_gradient_at(g, block->gradient_n, block->gradient_c, output);
    if (g->with_indices) {
        /* docs/numerics.md N39. */
        const int64_t n = block->gradient_n, c = block->gradient_c;
        add_pick(g, block, poolgrad_window_indexed(g, at, n, c, output).at, gradient);
        return;
    }
    switch (g->kind) {
    case POOLGRAD_AVERAGE: add_average(g, block, at, gradient); break;
    case POOLGRAD_MAX: add_max(g, block, at, gradient); break;
    case POOLGRAD_L2NORM: add_norm(g, block, at, gradient); break;
    }
}

/* docs/numerics.md N23, N61: every window that covers a pixel of the block, in ascending row-major order, the order in
 * which a pixel adds. */
static void add_windows(const struct poolgrad_geometry *g, struct block *block)
{
    const struct poolgrad_area pixels = {
        {block->z, block->z + 1}, {block->y, block->y + 1}, {block->begin, block->end}};
    struct poolgrad_steps outputs = poolgrad_windows_over(g, &pixels);
    while (poolgrad_steps_next(&outputs)) {
        const struct poolgrad_window_at at = poolgrad_window_place(g, block->n, block->c, outputs.at);
        if (!poolgrad_axis_is_tap(&g->z, at.z, block->z))
            poolgrad_steps_leave_layer(&outputs);
        else if (!poolgrad_axis_is_tap(&g->y, at.y, block->y))
            poolgrad_steps_leave_row(&outputs);
        else
            add_window(g, block, at, outputs.at);
    }
}

/* docs/numerics.md N36: In times the sum of r, in double. */
static double result(const struct poolgrad_geometry *g, const struct block *block, int64_t x)
{
    double sum = block->sum[x - block->begin];
    if (g->kind != POOLGRAD_L2NORM) return sum;
    return block->tap[x - block->begin] ? load_source(g, block, x) * sum : 0;
}

/* docs/numerics.md N40: the accumulator's last addition, before the one rounding of the store. L2-norm's is a double.
 */
static void deliver(const struct poolgrad_geometry *g, void *element, double value)
{
    if (g->add_to_destination) {
        double before = poolgrad_load(g->destination.format, element);
        value = g->kind == POOLGRAD_L2NORM ? before + value : poolgrad_sum(g, before, value);
    }
    poolgrad_store(g->destination.format, element, value);
}

/* Destination columns [x, end), at most BLOCK of them. Those that stand for no source pixel become +0 (N41 to N45). */
static void compute_block(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t z, int64_t y, int64_t x,
                          int64_t end)
{
    struct block block = {.n = n + g->source_image,
                          .c = c + g->source_channel,
                          .z = z + g->source_layer,
                          .y = y + g->source_row,
                          .gradient_n = n + g->gradient_image,
                          .gradient_c = c + g->gradient_channel,
                          .begin = poolgrad_clamp(x + g->source_column, 0, g->x.size),
                          .end = poolgrad_clamp(end + g->source_column, 0, g->x.size)};
    const bool there = block.z >= 0 && block.z < g->z.size && block.y >= 0 && block.y < g->y.size;
    const bool row = there && n - g->images.begin < g->pooled_images;
    if (row && block.begin < block.end) add_windows(g, &block);
    for (; x < end; x++) {
        int64_t sx = x + g->source_column;
        bool inside = row && sx >= block.begin && sx < block.end;
        deliver(g, poolgrad_image_at(&g->destination, n, c, z, y, x), inside ? result(g, &block, sx) : 0);
    }
}

void poolgrad_reference_gradient(const struct poolgrad_geometry *g, int64_t n, int64_t c, int64_t z, int64_t y)
{
    for (int64_t x = g->columns.begin; x < g->columns.end; x += BLOCK) {
        compute_block(g, n, c, z, y, x, poolgrad_min(x + BLOCK, g->columns.end));
    }
}
