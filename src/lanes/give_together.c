/* SPDX-License-Identifier: Apache-2.0 */
/* Giving: rows of pixels that have their windows alike, of all slices, by one walk for each run of pixels. For images
 * of short rows, where a walk for each row would be calls most of all. */
#include "image/format.h"
#include "lanes/unit.h"

/* Rows of pixels, and the windows over the first one. */
struct rows {
    const struct poolgrad_operand_row *windows;
    int64_t window_rows;
    int64_t count, row_step, slice_step; /* elements of what windows give, from row to row, */
    unsigned char *to;
    int64_t to_row_step, bytes;  /* elements of results, and bytes of one */
    const unsigned char *factor; /* or null; */
    int64_t factor_row_step;     /* elements */
};

static void give(const struct poolgrad_lanes_unit *unit, const struct rows *rows, const struct poolgrad_pixel_run *run)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const int64_t step = g->held.column_stride, pitch = g->source.column_stride;
    const struct poolgrad_walk walk = {.rows = rows->windows,
                                       .columns = poolgrad_lanes_list_columns(unit, run),
                                       .row_count = rows->window_rows,
                                       .column_count = run->windows,
                                       .repeats = run->count,
                                       .count = unit->count,
                                       .step = run->step * lanes->window_pitch,
                                       .to_step = run->pixel_step * step,
                                       .lines = rows->count,
                                       .line_step = rows->row_step,
                                       .line_to_step = rows->to_row_step,
                                       .slices = unit->slices,
                                       .slice_step = rows->slice_step,
                                       .slice_to_step = lanes->slice_step[POOLGRAD_LANES_DESTINATION]};
    struct poolgrad_ending ending = {.stored = true, .past_caches = lanes->past_caches, .outside = -1};
    if (rows->factor) {
        ending.factor = rows->factor +
                        (run->pixel + g->source_column) * pitch * (int64_t)poolgrad_format_size(g->source.format);
        ending.factor_step = run->pixel_step * pitch;
        ending.factor_line_step = rows->factor_row_step;
        ending.factor_slice_step = lanes->slice_step[POOLGRAD_LANES_SOURCE];
    }
    poolgrad_lanes_give_walk(unit, &walk, &ending, rows->to + (run->pixel - g->columns.begin) * step * rows->bytes);
}

/* Rows of pixels of a run along y. */
static struct rows rows_of(struct poolgrad_lanes_unit *unit, int64_t z, const struct poolgrad_pixel_run *run)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const bool in_place = lanes->shares_in_place;
    struct poolgrad_operand_row *list = poolgrad_lanes_area(unit, POOLGRAD_LANES_ROW_LIST);
    const int64_t row_step = in_place ? g->source_gradient.row_stride : lanes->window_elements;
    struct rows rows = {
        .windows = list,
        .window_rows = poolgrad_lanes_list_windows(unit, z, run->pixel, list),
        .count = run->count,
        .row_step = run->step * row_step,
        .slice_step = in_place ? lanes->slice_step[POOLGRAD_LANES_GRADIENT] : lanes->window_slice,
        .to = poolgrad_lanes_target_of(unit, z, run->pixel).to,
        .to_row_step = run->pixel_step * g->held.row_stride,
        .bytes = (int64_t)poolgrad_format_size(g->destination.format),
    };
    if (g->kind != POOLGRAD_L2NORM) return rows;
    rows.factor = poolgrad_lanes_source_row(unit, z + g->source_layer, run->pixel + g->source_row);
    rows.factor_row_step = run->pixel_step * g->source.row_stride;
    return rows;
}

int64_t poolgrad_lanes_give_layer(struct poolgrad_lanes_unit *unit, int64_t z)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_pixel_run along_z = poolgrad_pixel_windows(&g->z, &lanes->z, z, z + g->source_layer);
    for (int64_t i = 0; i < along_z.windows && unit->pooled; i++)
        poolgrad_lanes_find_layer(unit, poolgrad_pixel_window(&lanes->z, &along_z, i).output);
    const bool any = along_z.windows > 0 && unit->pooled;
    /* Pixels without windows are +0, with those between them. */
    if (!any || lanes->y.least_windows == 0 || lanes->x.least_windows == 0)
        poolgrad_lanes_clear(unit, z, unit->rows.begin, poolgrad_range_length(unit->rows));
    for (int64_t i = 0; i < lanes->y.pixel_runs && any; i++) {
        if (lanes->y.pixels[i].windows == 0) continue;
        const struct rows rows = rows_of(unit, z, &lanes->y.pixels[i]);
        for (int64_t k = 0; k < lanes->x.pixel_runs; k++)
            if (lanes->x.pixels[k].windows > 0) give(unit, &rows, &lanes->x.pixels[k]);
    }
    return poolgrad_range_length(unit->rows);
}
