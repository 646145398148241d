/* SPDX-License-Identifier: Apache-2.0 */
/* The units of the reference: tiles of the destination. */
#ifndef POOLGRAD_POOLING_TILES_H
#define POOLGRAD_POOLING_TILES_H

#include "geometry/cursor.h"

struct poolgrad_tiles {
    struct poolgrad_pixel size;  /* of a tile; the last along an axis may be smaller */
    struct poolgrad_pixel count; /* along each axis of a volume */
    int64_t bytes;               /* of working memory, per thread */
};

struct poolgrad_tiles poolgrad_tiles_choose(const struct poolgrad_geometry *g);

/* Of a volume. */
int64_t poolgrad_tiles_count(const struct poolgrad_tiles *tiles);

struct poolgrad_area poolgrad_tile_at(const struct poolgrad_geometry *g, const struct poolgrad_tiles *tiles,
                                      int64_t number);

#endif
