/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of pixels and their phases: pixels of one size taken apart, and put together again. What a pixel holds does not
 * matter here. */
#ifndef POOLGRAD_ROUTINES_ROW_PHASES_H
#define POOLGRAD_ROUTINES_ROW_PHASES_H

#include <string.h>

#include "routines/routines.h"

/* Sizes and steps in bytes; sets follow each other at steps of either side's own. */
struct pixels {
    int64_t phases, count, size, phase_step;
    int64_t sets, from_step, to_step;
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

/* Rows of fewer pixels than a block: of pixels in two phases half a block may do, and where vectors are widest, parts
 * of them are cheap. */
enum { PHASES_HALVES = VECTOR_BYTES >= 32, PHASES_PARTS = VECTOR_BYTES == 64 };

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
enum { PHASES_VECTORS = VECTOR_BYTES > 8, PHASES_MOVE = 16, PHASES_SHORT = 1024 };

/* A move brings more than a pixel: what is too much belongs to pixels behind it, which are moved later, and lies in the
 * row as it lies in a phase. The last pixels go by themselves. */
PHASES_ALWAYS_INLINE void move_small_of(const unsigned char *from, const struct pixels *row, int64_t phases,
                                        int64_t size, bool merge, unsigned char *to)
{
    const int64_t behind = (PHASES_MOVE - 1) / size * phases, step = row->phase_step;
    const int64_t done = row->count > behind ? (row->count - behind) / phases : 0;
    for (int64_t i = 0; i < done; i++) {
        for (int64_t p = 0; p < phases; p++) {
            const int64_t in_row = (i * phases + p) * size, in_phases = p * step + i * size;
            memcpy(to + (merge ? in_row : in_phases), from + (merge ? in_phases : in_row), PHASES_MOVE);
        }
    }
    move_each(from + done * (merge ? size : phases * size), phases, row->count - done * phases, size, step, merge,
              to + done * (merge ? phases * size : size));
}

/* Three channels of float32 in two phases are frequent. */
static void move_small(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    enum { PAIR = 2, TRIPLE = 12 };
    if (row->phases != PAIR || row->size != TRIPLE)
        move_small_of(from, row, row->phases, row->size, merge, to);
    else if (merge)
        move_small_of(from, row, PAIR, TRIPLE, true, to);
    else
        move_small_of(from, row, PAIR, TRIPLE, false, to);
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

/* Pairs of bytes. */
static void split_bytes(const uint8_t *restrict both, int64_t pairs, uint8_t *restrict even, uint8_t *restrict odd)
{
    for (int64_t i = 0; i < pairs; i++) {
        even[i] = both[2 * i];
        odd[i] = both[2 * i + 1];
    }
}
static void merge_bytes(const uint8_t *restrict even, const uint8_t *restrict odd, int64_t pairs,
                        uint8_t *restrict both)
{
    for (int64_t i = 0; i < pairs; i++) {
        both[2 * i] = even[i];
        both[2 * i + 1] = odd[i];
    }
}

static void move_bytes(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    const int64_t pairs = row->phases == 2 ? row->count / 2 : 0, all = 2 * pairs;
    if (merge) merge_bytes(from, from + row->phase_step, pairs, to);
    if (!merge) split_bytes(from, pairs, to, to + row->phase_step);
    move_each(from + (merge ? pairs : all), row->phases, row->count - all, 1, row->phase_step, merge,
              to + (merge ? all : pairs));
}

PHASES_APART void move_others(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    for (int64_t set = 0; set < row->sets; set++, from += row->from_step, to += row->to_step) {
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
}

/* ---- One phase --------------------------------------------------------------------------------------------------- */

PHASES_ALWAYS_INLINE void copy_ends(const unsigned char *from, int64_t bytes, int64_t end, unsigned char *to)
{
    memcpy(to, from, (size_t)end);
    memcpy(to + bytes - end, from + bytes - end, (size_t)end);
}

/* Less than a line: two moves that may overlap. No part of a vector: a store of one that reaches into a line behind
 * would fetch it, which others may be about to write past the caches. */
PHASES_APART void copy_few(const unsigned char *from, int64_t bytes, unsigned char *to)
{
    if (bytes >= 32) {
        copy_ends(from, bytes, 32, to);
    } else if (bytes >= 16) {
        copy_ends(from, bytes, 16, to);
    } else if (bytes >= 8) {
        copy_ends(from, bytes, 8, to);
    } else if (bytes >= 4) {
        copy_ends(from, bytes, 4, to);
    } else if (bytes >= 2) {
        copy_ends(from, bytes, 2, to);
    } else if (bytes == 1) {
        *to = *from;
    }
}

/* Most rows are short: the last vector is over what the one before it has done. */
PHASES_APART void copy_pixels(const unsigned char *from, const struct pixels *row, unsigned char *to)
{
    const int64_t bytes = row->count * row->size, from_step = row->from_step, to_step = row->to_step;
    for (int64_t left = row->sets; left > 0; left--, from += from_step, to += to_step) {
        if (!PHASES_VECTORS || bytes > PHASES_SHORT) {
            memcpy(to, from, (size_t)bytes);
        } else if (bytes < VECTOR_BYTES) {
            copy_few(from, bytes, to);
        } else {
            const int64_t last = bytes - VECTOR_BYTES;
            for (int64_t at = 0; at < last; at += VECTOR_BYTES) store_64(to + at, load_64(from + at));
            store_64(to + last, load_64(from + last));
        }
    }
}

PHASES_APART void move_pixels(const unsigned char *from, const struct pixels *row, bool merge, unsigned char *to)
{
    if (row->phases == 1) {
        copy_pixels(from, row, to);
    } else if (row->size == 2) {
        (merge ? merge_pixels_16 : split_pixels_16)(from, row, to);
    } else if (row->size == 4) {
        (merge ? merge_pixels_32 : split_pixels_32)(from, row, to);
    } else if (row->size == 8) {
        (merge ? merge_pixels_64 : split_pixels_64)(from, row, to);
    } else {
        move_others(from, row, merge, to);
    }
}

/* ---- Past the caches --------------------------------------------------------------------------------------------- */

enum { PHASES_ROOM = 4096, PHASES_LINE = 64, PHASES_FEW_LINES = 3 * PHASES_LINE };

/* Bytes up to the next line. */
static inline int64_t before_line(const unsigned char *at, int64_t most)
{
    const int64_t bytes = (int64_t)(-(uintptr_t)at % PHASES_LINE);
    return bytes < most ? bytes : most;
}

/* Lines that are not whole go through the caches: the next row has the rest of them. */
PHASES_APART void stream_row(const unsigned char *from, int64_t bytes, unsigned char *to)
{
    int64_t at = before_line(to, bytes);
    copy_few(from, at, to);
    for (; at + PHASES_LINE <= bytes; at += PHASES_LINE) {
        for (int64_t i = 0; i < PHASES_LINE; i += VECTOR_BYTES) put_f64(to + at + i, load_f64(from + at + i), true);
    }
    copy_few(from + at, bytes - at, to + at);
}

/* Whole lines at a time by way of a room that stays in cache: what is left of the last line waits for more. */
static void merge_in_room(const unsigned char *from, const struct pixels *row, unsigned char *to)
{
    unsigned char room[PHASES_ROOM + PHASES_LINE];
    const int64_t pixel = row->size, periods = PHASES_ROOM / (row->phases * pixel);
    struct pixels part = *row;
    int64_t held = 0;
    part.sets = 1;
    for (int64_t left = row->count; left > 0; left -= part.count, from += periods * pixel) {
        part.count = periods * row->phases < left ? periods * row->phases : left;
        move_pixels(from, &part, true, room + held);
        held += part.count * pixel;
        const int64_t open = part.count < left ? (int64_t)((uintptr_t)(to + held) % PHASES_LINE) : 0;
        stream(to, room, held - open);
        memcpy(room, room + held - open, (size_t)open);
        to += held - open;
        held = open;
    }
}

/* Pixels too large for the room, and rows that are one phase, go straight there. */
static void stream_pixels(const unsigned char *from, const struct pixels *row, unsigned char *to)
{
    const int64_t phases = row->phases, pixel = row->size, bytes = phases == 1 ? row->count * pixel : pixel;
    for (int64_t p = 0, left = row->count * pixel; left > 0; left -= bytes, to += bytes) {
        stream_row(from + p * row->phase_step, bytes, to);
        p = p + 1 < phases ? p + 1 : 0;
        if (p == 0) from += pixel;
    }
}

PHASES_APART void merge_past(const unsigned char *from, const struct pixels *row, unsigned char *to)
{
    const bool straight = row->phases == 1 || row->phases * row->size > PHASES_ROOM;
    for (int64_t set = 0; set < row->sets; set++) {
        (straight ? stream_pixels : merge_in_room)(from + set * row->from_step, row, to + set * row->to_step);
    }
}

/* Few pixels of 4 bytes in two phases. */
PHASES_APART void merge_few(const unsigned char *first, int64_t step, int64_t count, unsigned char *to)
{
    for (int64_t i = 0; i < count; i++) memcpy(to + 4 * i, first + i % 2 * step + i / 2 * 4, 4);
}

/* Pixels of 4 bytes in two phases, at addresses of such: whole lines straight from registers. A line may begin with a
 * pixel of the second phase: then phases change places. */
PHASES_APART void merge_past_32(const unsigned char *from, const struct pixels *row, unsigned char *to)
{
    enum { WHOLE = LANES_32 / (PHASES_LINE / 8) == 1 };
    const int64_t pairs = PHASES_LINE / 8;
    const int64_t count = row->count, sets = row->sets, from_step = row->from_step, to_step = row->to_step;
    for (int64_t set = 0; set < sets; set++, from += from_step, to += to_step) {
        const int64_t head = before_line(to, 4 * count) / 4;
        const int64_t step = head % 2 == 0 ? row->phase_step : 4 - row->phase_step;
        const unsigned char *first = from + head / 2 * 4 + (head % 2 == 0 ? 0 : row->phase_step);
        unsigned char *target = to + 4 * head;
        int64_t left = count - head;
        merge_few(from, row->phase_step, head, to);
        for (; left >= 2 * pairs; left -= 2 * pairs, first += 4 * pairs, target += PHASES_LINE) {
            vf32 a = load_pixels_32(first, !WHOLE), b = load_pixels_32(first + step, !WHOLE);
            interleave_f32(&a, &b);
            put_f32(target, a, true);
            if (WHOLE) put_f32(target + VECTOR_BYTES, b, true);
        }
        merge_few(first, step, left, target);
    }
}

/* Rows that fill few lines or none would leave most of them to be fetched all the same. */
static void merge_pixels(const unsigned char *from, const struct pixels *row, bool past_caches, unsigned char *to)
{
    if (!past_caches || !PHASES_VECTORS || row->count * row->size < PHASES_FEW_LINES) {
        move_pixels(from, row, true, to);
    } else if (VECTOR_BYTES >= 32 && row->phases == 2 && row->size == 4 && (uintptr_t)to % 4 == 0) {
        merge_past_32(from, row, to);
    } else {
        merge_past(from, row, to);
    }
}

/* ---- By the size of an element ----------------------------------------------------------------------------------- */

static inline struct pixels pixels_of(const struct poolgrad_phases *shape, int64_t size, bool merge)
{
    const int64_t set_step = shape->set_step * size, row_step = shape->row_step * size;
    return (struct pixels){.phases = shape->phases,
                           .count = shape->count,
                           .size = shape->grain * size,
                           .phase_step = shape->phase_step * size,
                           .sets = shape->sets,
                           .from_step = merge ? set_step : row_step,
                           .to_step = merge ? row_step : set_step};
}

PHASES_APART void split_elements(const void *row, const struct poolgrad_phases *shape, int64_t size, void *phases)
{
    const struct pixels pixels = pixels_of(shape, size, false);
    move_pixels(row, &pixels, false, phases);
}
PHASES_APART void merge_elements(const void *phases, const struct poolgrad_phases *shape, int64_t size,
                                 bool past_caches, void *row)
{
    const struct pixels pixels = pixels_of(shape, size, true);
    merge_pixels(phases, &pixels, past_caches, row);
}

static void split_phases_8(const void *row, struct poolgrad_phases shape, void *phases)
{
    split_elements(row, &shape, 1, phases);
}
static void merge_phases_8(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_elements(phases, &shape, 1, past_caches, row);
}

static void split_phases_16(const void *row, struct poolgrad_phases shape, void *phases)
{
    split_elements(row, &shape, 2, phases);
}
static void merge_phases_16(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_elements(phases, &shape, 2, past_caches, row);
}

static void split_phases_32(const void *row, struct poolgrad_phases shape, void *phases)
{
    split_elements(row, &shape, 4, phases);
}
static void merge_phases_32(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_elements(phases, &shape, 4, past_caches, row);
}

static void split_phases_64(const void *row, struct poolgrad_phases shape, void *phases)
{
    split_elements(row, &shape, 8, phases);
}
static void merge_phases_64(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    merge_elements(phases, &shape, 8, past_caches, row);
}

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_PHASES_ROUTINES                                                                                       \
    .split_phases = {split_phases_8, split_phases_16, split_phases_32, split_phases_64},                               \
    .merge_phases = {merge_phases_8, merge_phases_16, merge_phases_32, merge_phases_64},

#endif
