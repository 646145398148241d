/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of pixels and their phases: pixels of one size taken apart, and put together again. What a pixel holds does not
 * matter here. */
#ifndef POOLGRAD_ROUTINES_ROW_PHASES_H
#define POOLGRAD_ROUTINES_ROW_PHASES_H

#include <string.h>

#include "routines/elements.h"
#include "routines/routines.h"

/* Size and step in bytes. */
struct pixels {
    int64_t phases, count, size, phase_step;
};

/* Each value of an argument that is a constant has code of its own; and code that stands once, for many calls or so as
 * not to burden what goes another way. */
#define PHASES_ALWAYS_INLINE __attribute__((always_inline)) static inline
#define PHASES_APART __attribute__((noinline)) static

/* One by one, from phases to the row or back. */
PHASES_ALWAYS_INLINE void move_each(const unsigned char *from, int64_t phases, int64_t count, int64_t size,
                                    int64_t phase_step, bool merge, unsigned char *to)
{
    const int64_t from_phase = merge ? phase_step : size, from_pixel = merge ? size : phases * size;
    const int64_t to_phase = merge ? size : phase_step, to_pixel = merge ? phases * size : size;
    for (int64_t p = 0; p < phases; p++, from += from_phase, to += to_phase) {
        const unsigned char *origin = from;
        unsigned char *target = to;
        for (int64_t i = p; i < count; i += phases, origin += from_pixel, target += to_pixel) {
            memcpy(target, origin, (size_t)size);
        }
    }
}

/* ---- Vectors of pixels of 2, 4 and 8 bytes ----------------------------------------------------------------------- */

/* Where vectors are so wide that many rows have fewer pixels than a block, parts of them are cheap. */
enum { PHASES_PARTS = VECTOR_BYTES == 64 };

PHASES_ALWAYS_INLINE void take_some(unsigned char *room, const unsigned char *from, int64_t bytes)
{
    if (bytes == VECTOR_BYTES) store_64(room, load_64(from));
    if (bytes < VECTOR_BYTES) take_part(room, from, bytes);
}
PHASES_ALWAYS_INLINE void put_some(unsigned char *to, const unsigned char *room, int64_t bytes)
{
    if (bytes == VECTOR_BYTES) store_64(to, load_64(room));
    if (bytes < VECTOR_BYTES) put_part(to, room, bytes);
}

/* Bytes of two places, a vector's at most of each, to room for two vectors; and back. */
PHASES_APART void take_two(unsigned char *room, const unsigned char *from, int64_t first, int64_t step, int64_t second)
{
    take_some(room, from, first);
    take_some(room + VECTOR_BYTES, from + step, second);
}
PHASES_APART void put_two(unsigned char *to, int64_t first, int64_t step, int64_t second, const unsigned char *room)
{
    put_some(to, room, first);
    if (second > 0) put_some(to + step, room + VECTOR_BYTES, second);
}

#define PHASES_NAME(name) name##_pixels_16
#define PHASES_SPLIT_WORD(word) word##_16
#define PHASES_SPLIT_VECTOR v16
#define PHASES_MERGE_WORD(word) word##_16
#define PHASES_MERGE_VECTOR v16
#define PHASES_LANES LANES_16
#define PHASES_MOST 4
#define PHASES_THIRDS THIRDS_16
#define PHASES_SIZE 2
#include "routines/row_phases_size.h"

#define PHASES_NAME(name) name##_pixels_32
#define PHASES_SPLIT_WORD(word) word##_32
#define PHASES_SPLIT_VECTOR v32
#define PHASES_MERGE_WORD(word) word##_f32
#define PHASES_MERGE_VECTOR vf32
#define PHASES_LANES LANES_32
#define PHASES_MOST 4
#define PHASES_THIRDS THIRDS_32
#define PHASES_SIZE 4
#include "routines/row_phases_size.h"

#define PHASES_NAME(name) name##_pixels_64
#define PHASES_SPLIT_WORD(word) word##_64
#define PHASES_SPLIT_VECTOR v64
#define PHASES_MERGE_WORD(word) word##_f64
#define PHASES_MERGE_VECTOR vf64
#define PHASES_LANES LANES_64
#define PHASES_MOST 2
#define PHASES_SIZE 8
#include "routines/row_phases_size.h"

/* ---- Pixels of any size ------------------------------------------------------------------------------------------ */

/* Plain C is to be small. */
enum { PHASES_VECTORS = VECTOR_BYTES > 8, PHASES_MOVE = 16 };

/* A move brings more than a pixel: what is too much belongs to pixels behind it, which are moved later, and lies in the
 * row as it lies in a phase. The last pixels go by themselves. */
static void move_small(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    const int64_t size = row->size, phases = row->phases, behind = (PHASES_MOVE - 1) / size * phases;
    const int64_t done = row->count > behind ? (row->count - behind) / phases : 0;
    for (int64_t i = 0; i < done; i++) {
        for (int64_t p = 0; p < phases; p++) {
            const int64_t in_row = (i * phases + p) * size, in_phases = p * row->phase_step + i * size;
            memcpy(to + (merge ? in_row : in_phases), from + (merge ? in_phases : in_row), PHASES_MOVE);
        }
    }
    move_each(from + done * (merge ? size : phases * size), phases, row->count - done * phases, size, row->phase_step,
              merge, to + done * (merge ? phases * size : size));
}

PHASES_ALWAYS_INLINE void move_once(const unsigned char *from, int64_t bytes, unsigned char *to)
{
    if (bytes == PHASES_MOVE) memcpy(to, from, PHASES_MOVE);
    if (bytes != PHASES_MOVE) store_64(to, load_64(from));
}

/* More than a move; the last one of a pixel ends with it. */
static void move_large(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    const int64_t phases = row->phases, size = row->size, move = size < VECTOR_BYTES ? PHASES_MOVE : VECTOR_BYTES;
    const int64_t last = size - move;
    const int64_t from_pixel = merge ? size : phases * size, to_pixel = merge ? phases * size : size;
    for (int64_t p = 0; p < phases; p++) {
        const unsigned char *origin = from + p * (merge ? row->phase_step : size);
        unsigned char *target = to + p * (merge ? size : row->phase_step);
        for (int64_t i = p; i < row->count; i += phases, origin += from_pixel, target += to_pixel) {
            for (int64_t at = 0; at < last; at += move) move_once(origin + at, move, target + at);
            move_once(origin + last, move, target + last);
        }
    }
}

static void move_bytes(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    const struct poolgrad_rows pairs = {.rows = 1, .count = row->phases == 2 ? row->count / 2 : 0};
    const int64_t done = pairs.count, all = 2 * done;
    if (merge) merge_8(from, from + row->phase_step, pairs, to);
    if (!merge) split_8(from, pairs, to, to + row->phase_step);
    move_each(from + (merge ? done : all), row->phases, row->count - all, 1, row->phase_step, merge,
              to + (merge ? all : done));
}

PHASES_APART void move_others(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    if (row->size == 1) {
        move_bytes(from, row, merge, to);
    } else if (row->size == PHASES_MOVE) {
        move_each(from, row->phases, row->count, PHASES_MOVE, row->phase_step, merge, to);
    } else if (!PHASES_VECTORS) {
        move_each(from, row->phases, row->count, row->size, row->phase_step, merge, to);
    } else if (row->size < PHASES_MOVE) {
        move_small(from, row, merge, to);
    } else {
        move_large(from, row, merge, to);
    }
}

PHASES_APART void move_pixels(const unsigned char *from, const struct poolgrad_phases *shape, int64_t size, bool merge,
                              unsigned char *to)
{
    const struct pixels row = {shape->phases, shape->count, shape->grain * size, shape->phase_step * size};
    if (row.phases == 1) {
        memcpy(to, from, (size_t)(row.count * row.size));
    } else if (row.size == 2) {
        (merge ? merge_pixels_16 : split_pixels_16)(from, row.phases, row.count, row.phase_step, to);
    } else if (row.size == 4) {
        (merge ? merge_pixels_32 : split_pixels_32)(from, row.phases, row.count, row.phase_step, to);
    } else if (row.size == 8) {
        (merge ? merge_pixels_64 : split_pixels_64)(from, row.phases, row.count, row.phase_step, to);
    } else {
        move_others(from, &row, merge, to);
    }
}

/* ---- Past the caches --------------------------------------------------------------------------------------------- */

enum { PHASES_ROOM = 4096, PHASES_LINE = 64 };

/* Whole lines at a time by way of a room that stays in cache: what is left of the last line waits for more. */
static void merge_in_room(const unsigned char *from, const struct poolgrad_phases *shape, int64_t size,
                          unsigned char *to)
{
    unsigned char room[PHASES_ROOM + PHASES_LINE];
    const int64_t pixel = shape->grain * size, periods = PHASES_ROOM / (shape->phases * pixel);
    struct poolgrad_phases part = *shape;
    int64_t held = 0;
    for (int64_t left = shape->count; left > 0; left -= part.count, from += periods * pixel) {
        part.count = periods * shape->phases < left ? periods * shape->phases : left;
        move_pixels(from, &part, size, true, room + held);
        held += part.count * pixel;
        const int64_t open = part.count < left ? (int64_t)((uintptr_t)(to + held) % PHASES_LINE) : 0;
        stream(to, room, held - open);
        memcpy(room, room + held - open, (size_t)open);
        to += held - open;
        held = open;
    }
}

/* Pixels too large for the room, and rows that are one phase, go straight there. */
PHASES_APART void merge_pixels(const unsigned char *from, const struct poolgrad_phases *shape, int64_t size,
                               bool past_caches, unsigned char *to)
{
    if (!past_caches || !PHASES_VECTORS) {
        move_pixels(from, shape, size, true, to);
        return;
    }
    const int64_t phases = shape->phases, pixel = shape->grain * size;
    if (phases > 1 && phases * pixel <= PHASES_ROOM) {
        merge_in_room(from, shape, size, to);
        return;
    }
    const int64_t bytes = phases == 1 ? shape->count * pixel : pixel;
    for (int64_t p = 0, left = shape->count * pixel; left > 0; left -= bytes, to += bytes) {
        stream(to, from + p * shape->phase_step * size, bytes);
        p = p + 1 < phases ? p + 1 : 0;
        if (p == 0) from += pixel;
    }
}

/* ---- By the size of an element ----------------------------------------------------------------------------------- */

static void split_phases_8(const void *row, struct poolgrad_phases shape, void *phases)
{
    move_pixels(row, &shape, 1, false, phases);
}
static void merge_phases_8(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_pixels(phases, &shape, 1, past_caches, row);
}

static void split_phases_16(const void *row, struct poolgrad_phases shape, void *phases)
{
    move_pixels(row, &shape, 2, false, phases);
}
static void merge_phases_16(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_pixels(phases, &shape, 2, past_caches, row);
}

static void split_phases_32(const void *row, struct poolgrad_phases shape, void *phases)
{
    move_pixels(row, &shape, 4, false, phases);
}
static void merge_phases_32(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_pixels(phases, &shape, 4, past_caches, row);
}

static void split_phases_64(const void *row, struct poolgrad_phases shape, void *phases)
{
    move_pixels(row, &shape, 8, false, phases);
}
static void merge_phases_64(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_pixels(phases, &shape, 8, past_caches, row);
}

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_PHASES_ROUTINES                                                                                       \
    .split_phases = {split_phases_8, split_phases_16, split_phases_32, split_phases_64},                               \
    .merge_phases = {merge_phases_8, merge_phases_16, merge_phases_32, merge_phases_64},

#endif
