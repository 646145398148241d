/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/tiles.h"

#include "reference/reference.h"

/* Of a tile: small enough for a core's caches and to spread over threads. */
enum { LEAST_LAYERS = 8, LEAST_ROWS = 8, LEAST_COLUMNS = 512 };

/* Of a thread's working memory. */
static const int64_t memory_limit = INT64_C(1) << 28;

/* Windows that reach across the border of a tile are visited for the tiles on either side. Where a visit costs as much
 * as all taps, or windows miss most of the pixels that they span, tiles are no smaller than windows, so that few reach
 * across. The windows of a table in any order are all visited for each tile. */
static int64_t choose_length(const struct poolgrad_geometry *g, const struct poolgrad_axis *axis, int64_t written,
                             int64_t least)
{
    const bool searches = g->kind != POOLGRAD_AVERAGE && !g->with_indices;
    if (axis->table && !axis->ordered) return written;
    const int64_t reach = searches || axis->dilation > 1 ? axis->extent : 1;
    return poolgrad_min(poolgrad_max(reach, least), written);
}

/* Tiles beyond the limit are cut, first along z, last along x. */
static void limit_size(struct poolgrad_pixel *size)
{
    const int64_t most = memory_limit / poolgrad_reference_bytes(1);
    size->x = poolgrad_min(size->x, most);
    size->y = poolgrad_min(size->y, most / size->x);
    size->z = poolgrad_min(size->z, most / size->x / size->y);
}

/* Forward, a unit is a row and needs no memory. */
struct poolgrad_tiles poolgrad_tiles_choose(const struct poolgrad_geometry *g)
{
    struct poolgrad_tiles tiles = {{1, 1, 1}, {0, 0, 0}, 0};
    const struct poolgrad_area written = {g->layers, g->rows, g->columns};
    if (poolgrad_area_is_empty(&written)) return tiles;
    const int64_t layers = poolgrad_range_length(g->layers), rows = poolgrad_range_length(g->rows);
    const int64_t columns = poolgrad_range_length(g->columns);
    tiles.size.x = columns;
    if (g->direction == POOLGRAD_GRADIENT) {
        tiles.size = (struct poolgrad_pixel){choose_length(g, &g->z, layers, LEAST_LAYERS),
                                             choose_length(g, &g->y, rows, LEAST_ROWS),
                                             choose_length(g, &g->x, columns, LEAST_COLUMNS)};
        limit_size(&tiles.size);
        tiles.bytes = poolgrad_reference_bytes(tiles.size.z * tiles.size.y * tiles.size.x);
    }
    tiles.count = (struct poolgrad_pixel){poolgrad_ceiling_divide(layers, tiles.size.z),
                                          poolgrad_ceiling_divide(rows, tiles.size.y),
                                          poolgrad_ceiling_divide(columns, tiles.size.x)};
    return tiles;
}

int64_t poolgrad_tiles_count(const struct poolgrad_tiles *tiles)
{
    return tiles->count.z * tiles->count.y * tiles->count.x;
}

static struct poolgrad_range piece_of(struct poolgrad_range whole, int64_t number, int64_t length)
{
    const int64_t begin = whole.begin + number * length;
    return (struct poolgrad_range){begin, poolgrad_min(begin + length, whole.end)};
}

struct poolgrad_area poolgrad_tile_at(const struct poolgrad_geometry *g, const struct poolgrad_tiles *tiles,
                                      int64_t number)
{
    const int64_t row = number / tiles->count.x;
    return (struct poolgrad_area){piece_of(g->layers, row / tiles->count.y, tiles->size.z),
                                  piece_of(g->rows, row % tiles->count.y, tiles->size.y),
                                  piece_of(g->columns, number % tiles->count.x, tiles->size.x)};
}
