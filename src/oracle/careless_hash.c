/* SPDX-License-Identifier: Apache-2.0 */
/* Which knobs do the same. Field by field: what stands between the fields of a struct is anything. */
#include <string.h>

#include "oracle/careless.h"
#include "text/hash.h"

static uint64_t hash_numbers(uint64_t hash, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) hash = poolgrad_hash_number(hash, numbers[i]);
    return hash;
}

static uint64_t hash_doubles(uint64_t hash, const double *doubles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t bits;
        memcpy(&bits, &doubles[i], sizeof bits);
        hash = poolgrad_hash_number(hash, bits);
    }
    return hash;
}

static uint64_t hash_pixel(uint64_t hash, struct poolgrad_pixel pixel)
{
    const int64_t numbers[] = {pixel.z, pixel.y, pixel.x};
    return hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
}

static uint64_t hash_range(uint64_t hash, struct poolgrad_range range)
{
    const int64_t numbers[] = {range.begin, range.end};
    return hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
}

/* ---- The geometry ------------------------------------------------------------------------------------------------ */

static uint64_t hash_axis(uint64_t hash, const struct poolgrad_axis *axis)
{
    const int64_t numbers[] = {axis->kernel, axis->stride, axis->dilation, axis->extent, axis->size,   axis->before,
                               axis->behind, axis->first,  axis->begin,    axis->end,    axis->ordered};
    return poolgrad_hash_address(hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers), axis->table);
}

static uint64_t hash_image(uint64_t hash, const poolgrad_const_image *image)
{
    const int64_t numbers[] = {image->format,         image->layout,       image->images,     image->channels,
                               image->depth,          image->height,       image->width,      image->image_stride,
                               image->channel_stride, image->depth_stride, image->row_stride, image->column_stride,
                               image->expanded};
    return poolgrad_hash_address(hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers), image->data);
}

static uint64_t hash_images(uint64_t hash, const struct poolgrad_geometry *g)
{
    const poolgrad_const_image written[] = {poolgrad_image_as_const(&g->destination),
                                            poolgrad_image_as_const(&g->picks)};
    enum { IMAGES = 7 };
    const poolgrad_const_image *const images[IMAGES] = {&g->source,     &g->source_gradient, &g->indices, &g->held,
                                                        &g->held_picks, &written[0],         &written[1]};
    for (int i = 0; i < IMAGES; i++) hash = hash_image(hash, images[i]);
    return hash;
}

/* But for how it is run. */
static uint64_t hash_geometry(uint64_t hash, const struct poolgrad_geometry *g)
{
    const int64_t numbers[] = {g->direction,     g->kind,          g->edge_mode,      g->ties,
                               g->nan,           g->wide,          g->root_mean,      g->add_to_destination,
                               g->with_indices,  g->with_picks,    g->divisor,        g->full_count,
                               g->pooled_images, g->source_image,  g->source_layer,   g->source_channel,
                               g->source_row,    g->source_column, g->gradient_image, g->gradient_channel};
    const struct poolgrad_range ranges[] = {g->images, g->channels, g->layers, g->rows, g->columns};
    hash = hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) hash = hash_range(hash, ranges[i]);
    hash = hash_axis(hash_axis(hash_axis(hash, &g->x), &g->y), &g->z);
    return hash_images(hash, g);
}

/* ---- Knobs ------------------------------------------------------------------------------------------------------- */

static uint64_t hash_reading(uint64_t hash, const struct poolgrad_reading *r)
{
    const int64_t numbers[] = {r->images,        r->channel,         r->layer,          r->row,         r->column,
                               r->from_image,    r->image,           r->from_channel,   r->channels,    r->groups,
                               r->flipped_rows,  r->flipped_columns, r->flipped_layers, r->strided,     r->writes,
                               r->transposed,    r->remapped,        r->placed,         r->taken,       r->steps.image,
                               r->steps.channel, r->steps.layer,     r->steps.row,      r->steps.column};
    return hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
}

static uint64_t hash_box(uint64_t hash, const struct poolgrad_box *box)
{
    const struct poolgrad_range ranges[] = {box->images, box->channels, box->area.layers, box->area.rows,
                                            box->area.columns};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) hash = hash_range(hash, ranges[i]);
    return poolgrad_hash_number(hash, box->shown);
}

static uint64_t hash_switches(uint64_t hash, const struct poolgrad_knobs *k)
{
    const int64_t numbers[] = {k->parted,        k->undivided,       k->shuns_ties,   k->search_starts,
                               k->halves_ties,   k->magnitudes,      k->tile_doubles, k->tile_from_first_tap,
                               k->divisor_set,   k->flushes_source,  k->all_channels, k->all_images,
                               k->signs,         k->unreached,       k->partial,      k->misplaced,
                               k->summed_images, k->summed_channels, k->scaled,       k->scaled_everywhere};
    return hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
}

static uint64_t hash_amounts(uint64_t hash, const struct poolgrad_knobs *k)
{
    const int64_t numbers[] = {k->index_shift,
                               k->sums,
                               k->terms,
                               k->overlap,
                               k->search,
                               k->compared_in,
                               k->loosely,
                               k->index_rule,
                               k->root,
                               k->reciprocal,
                               k->outside,
                               k->read_in,
                               k->store,
                               k->tap_first,
                               k->tap_limit_in_order,
                               k->pick_bits,
                               k->axis,
                               k->period,
                               k->phase,
                               k->filling,
                               k->picks_in.above,
                               k->picks_in.left,
                               k->picks_in.longer,
                               k->picks_for.above,
                               k->picks_for.left,
                               k->picks_for.longer};
    const double doubles[] = {k->search_start, k->loose_unit,    k->root_added, k->norm_added,
                              k->norm_floor,   k->divisor,       k->least,      k->most,
                              k->factor,       k->period_factor, k->constant};
    hash = hash_numbers(hash, numbers, sizeof numbers / sizeof *numbers);
    return hash_doubles(hash, doubles, sizeof doubles / sizeof *doubles);
}

uint64_t poolgrad_careless_hash(const struct poolgrad_knobs *k)
{
    const struct poolgrad_pixel pixels[] = {k->shift, k->tap_limit, k->tile, k->window_block};
    enum { READINGS = 4 };
    const struct poolgrad_reading *const readings[READINGS] = {&k->source, &k->gradient, &k->indices, &k->result};
    uint64_t hash = hash_geometry(poolgrad_hash_begin("knobs"), &k->geometry);
    if (k->counted) hash = hash_geometry(hash, k->counted);
    for (int i = 0; i < READINGS; i++) hash = hash_reading(hash, readings[i]);
    for (size_t i = 0; i < sizeof pixels / sizeof *pixels; i++) hash = hash_pixel(hash, pixels[i]);
    return hash_switches(hash_amounts(hash_box(hash, &k->box), k), k);
}
