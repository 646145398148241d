/* SPDX-License-Identifier: Apache-2.0 */
/* Places in volumes: elements of an image, and where those of an area stand in a list of them, row by row. */
#ifndef POOLGRAD_ORACLE_VOLUME_H
#define POOLGRAD_ORACLE_VOLUME_H

#include "geometry/cursor.h"
#include "image/format.h"
#include "image/image.h"

/* An element of an image. */
struct poolgrad_element {
    int64_t n, c;
    struct poolgrad_pixel pixel;
};

static inline bool poolgrad_same_pixel(struct poolgrad_pixel a, struct poolgrad_pixel b)
{
    return a.z == b.z && a.y == b.y && a.x == b.x;
}

/* Of each axis. */
static inline struct poolgrad_pixel poolgrad_moved(struct poolgrad_pixel pixel, int64_t z, int64_t y, int64_t x)
{
    return (struct poolgrad_pixel){pixel.z + z, pixel.y + y, pixel.x + x};
}

static inline const void *poolgrad_pixel_address(const poolgrad_const_image *image, int64_t n, int64_t c,
                                                 struct poolgrad_pixel at)
{
    return poolgrad_const_image_at(image, n, c, at.z, at.y, at.x);
}

static inline double poolgrad_load_pixel(const poolgrad_const_image *image, int64_t n, int64_t c,
                                         struct poolgrad_pixel at)
{
    return poolgrad_load(image->format, poolgrad_pixel_address(image, n, c, at));
}

static inline double poolgrad_load_element(const poolgrad_const_image *image, struct poolgrad_element at)
{
    return poolgrad_load_pixel(image, at.n, at.c, at.pixel);
}

/* Taps of a window, inside the source or not. */
static inline int64_t poolgrad_window_taps(struct poolgrad_window_at at)
{
    return at.z.size * at.y.size * at.x.size;
}

/* ---- Areas ------------------------------------------------------------------------------------------------------- */

/* All pixels of a volume of the image; of the source. */
static inline struct poolgrad_area poolgrad_volume_of(const poolgrad_const_image *image)
{
    return (struct poolgrad_area){{0, image->depth}, {0, image->height}, {0, image->width}};
}

static inline struct poolgrad_area poolgrad_source_volume(const struct poolgrad_geometry *g)
{
    return (struct poolgrad_area){{0, g->z.size}, {0, g->y.size}, {0, g->x.size}};
}

/* Pixels of the destination that are written. */
static inline struct poolgrad_area poolgrad_written_area(const struct poolgrad_geometry *g)
{
    return (struct poolgrad_area){g->layers, g->rows, g->columns};
}

/* Output pixels whose windows count. */
static inline struct poolgrad_area poolgrad_output_area(const struct poolgrad_geometry *g)
{
    return (struct poolgrad_area){{g->z.begin, g->z.end}, {g->y.begin, g->y.end}, {g->x.begin, g->x.end}};
}

/* The source pixel that a pixel of a gradient's destination stands for, there or not; and the other way round. */
static inline struct poolgrad_pixel poolgrad_source_pixel(const struct poolgrad_geometry *g, struct poolgrad_pixel at)
{
    return poolgrad_moved(at, g->source_layer, g->source_row, g->source_column);
}

static inline struct poolgrad_pixel poolgrad_written_pixel(const struct poolgrad_geometry *g, struct poolgrad_pixel at)
{
    return poolgrad_moved(at, -g->source_layer, -g->source_row, -g->source_column);
}

/* Of views that fold onto themselves: false where the number does not fit. */
static inline bool poolgrad_area_count(const struct poolgrad_area *area, int64_t *count)
{
    return poolgrad_multiply(poolgrad_range_length(area->rows), poolgrad_range_length(area->columns), count) &&
           poolgrad_multiply(*count, poolgrad_range_length(area->layers), count);
}

/* The pixel at a place of an area. */
static inline struct poolgrad_pixel poolgrad_area_pixel(const struct poolgrad_area *area, int64_t place)
{
    const int64_t columns = poolgrad_range_length(area->columns), rows = poolgrad_range_length(area->rows);
    return (struct poolgrad_pixel){area->layers.begin + place / columns / rows,
                                   area->rows.begin + place / columns % rows, area->columns.begin + place % columns};
}

/* An element's place among all of the image, volume after volume; and the element at a place. */
static inline int64_t poolgrad_element_place(const poolgrad_const_image *image, struct poolgrad_element at)
{
    const int64_t layer = (at.n * image->channels + at.c) * image->depth + at.pixel.z;
    return (layer * image->height + at.pixel.y) * image->width + at.pixel.x;
}

static inline struct poolgrad_element poolgrad_element_at(const poolgrad_const_image *image, int64_t place)
{
    const struct poolgrad_area volume = poolgrad_volume_of(image);
    const int64_t size = image->depth * image->height * image->width, number = place / size;
    return (struct poolgrad_element){number / image->channels, number % image->channels,
                                     poolgrad_area_pixel(&volume, place % size)};
}

#endif
