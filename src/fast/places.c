/* SPDX-License-Identifier: Apache-2.0 */
#include "fast/places.h"

#include <string.h>

#include "image/format.h"
#include "image/image.h"
#include "image/move.h"

/* ---- From indices to codes --------------------------------------------------------------------------------------- */

/* The number of the visited tap at `distance` from a window's first visited one, or -1. */
static int64_t tap_at(const struct poolgrad_fast_axis *axis, int64_t distance)
{
    if (axis->dilation == 1) return distance >= 0 && distance < axis->taps ? distance : -1;
    if (distance < 0 || distance % axis->dilation != 0) return -1;
    int64_t tap = distance / axis->dilation;
    return tap < axis->taps ? tap : -1;
}

static int64_t code_of(const struct poolgrad_fast *fast, int64_t tap_y, int64_t tap_x)
{
    return tap_y < 0 || tap_x < 0 ? POOLGRAD_TAP_NONE : tap_y * fast->x.taps + tap_x;
}

/* Quotient and rest of numbers that are not negative: 32 bits are several times faster where they do. */
static inline void divide(int64_t a, int64_t b, int64_t *quotient, int64_t *rest)
{
    if (((uint64_t)a | (uint64_t)b) <= UINT32_MAX) {
        *quotient = (uint32_t)a / (uint32_t)b;
        *rest = (uint32_t)a % (uint32_t)b;
    } else {
        *quotient = a / b;
        *rest = a % b;
    }
}

/* The place of the source layer's first pixel that a layer of saved picks is of. */
static int64_t first_place(const struct poolgrad_fast *fast, const struct poolgrad_pixels *row)
{
    return (row->z + fast->source_layer - fast->gradient_layer) * fast->y.size * fast->x.size;
}

/* A place y * width + x behind the layer's first one. */
static int64_t code_of_place(const struct poolgrad_fast *fast, int64_t place, int64_t layer, int64_t top, int64_t left)
{
    int64_t y, x;
    if (place < layer || fast->x.size == 0) return POOLGRAD_TAP_NONE;
    divide(place - layer, fast->x.size, &y, &x);
    return code_of(fast, tap_at(&fast->y, y - top), tap_at(&fast->x, x - left));
}

/* A tap of the whole window: ky * kernel width + kx. */
static int64_t code_of_tap(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast, int64_t tap)
{
    int64_t y, x;
    if (tap < 0) return POOLGRAD_TAP_NONE;
    divide(tap, g->x.kernel, &y, &x);
    y -= fast->y.first_tap;
    x -= fast->x.first_tap;
    return code_of(fast, y < fast->y.taps ? y : -1, x < fast->x.taps ? x : -1);
}

/* One row of windows. */
static void load_row(const struct poolgrad_fast_unit *unit, const struct poolgrad_pixels *row, void *codes)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const poolgrad_format format = g->indices.format;
    const int64_t size = (int64_t)poolgrad_format_size(format);
    unsigned char *line = poolgrad_fast_area(unit, POOLGRAD_AREA_LINE);
    poolgrad_move_in(&g->indices, row, fast->lanes, line, 0);
    const bool taps = poolgrad_format_holds_taps(format);
    const int64_t top = fast->y.first + g->y.stride * (row->y - fast->y.output);
    const int64_t layer = taps ? 0 : first_place(fast, row);
    for (int64_t i = 0; i < row->columns; i++) {
        const int64_t left = fast->x.first + g->x.stride * (row->x + i - fast->x.output);
        for (int64_t at = i * fast->lanes + row->low; at < i * fast->lanes + row->high; at++) {
            const int64_t index = poolgrad_load_index(format, line + at * size);
            const int64_t code = taps ? code_of_tap(g, fast, index) : code_of_place(fast, index, layer, top, left);
            if (fast->code_bytes == 1) {
                ((uint8_t *)codes)[at] = (uint8_t)code;
            } else {
                ((uint32_t *)codes)[at] = (uint32_t)code;
            }
        }
    }
}

void poolgrad_fast_load_codes(const struct poolgrad_fast_unit *unit, const struct poolgrad_pixels *pixels,
                              int64_t pitch, unsigned char *codes)
{
    const struct poolgrad_fast *fast = unit->fast;
    struct poolgrad_pixels row = *pixels;
    if (unit->g->indices.format == POOLGRAD_TAP8 && fast->code_bytes == 1 && fast->same_taps) {
        poolgrad_move_in(&unit->g->indices, pixels, fast->lanes, codes, pitch);
        return;
    }
    row.rows = 1;
    for (int64_t i = 0; i < pixels->rows; i++, row.y++) load_row(unit, &row, codes + i * pitch * fast->code_bytes);
}

/* ---- From codes to picks ----------------------------------------------------------------------------------------- */

/* One row of windows. */
static void store_row(const struct poolgrad_fast_unit *unit, const struct poolgrad_pixels *row, const void *taps)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const poolgrad_format format = g->picks.format;
    const int64_t size = (int64_t)poolgrad_format_size(format), count = row->columns, x = row->x;
    const bool holds_taps = poolgrad_format_holds_taps(format);
    const int64_t top = fast->y.first + g->y.stride * (row->y - fast->y.output);
    const int64_t layer = holds_taps ? 0 : first_place(fast, row);
    unsigned char *line = poolgrad_fast_area(unit, POOLGRAD_AREA_LINE);
    uint32_t *codes = poolgrad_fast_area(unit, POOLGRAD_AREA_CODE);
    unit->routines->narrow32[fast->key](taps, (struct poolgrad_rows){1, count * fast->lanes, 0, 0}, codes);
    for (int64_t i = 0; i < count; i++) {
        const int64_t left = fast->x.first + g->x.stride * (x + i - fast->x.output);
        for (int64_t at = i * fast->lanes; at < (i + 1) * fast->lanes; at++) {
            int64_t index = -1;
            if (codes[at] != (uint32_t)POOLGRAD_TAP_NONE) {
                const int64_t tap_y = codes[at] / (uint32_t)fast->x.taps, tap_x = codes[at] % (uint32_t)fast->x.taps;
                const int64_t row_at = top + fast->y.dilation * tap_y, column = left + fast->x.dilation * tap_x;
                const bool inside = row_at >= 0 && row_at < fast->y.size && column >= 0 && column < fast->x.size;
                const int64_t tap = (tap_y + fast->y.first_tap) * g->x.kernel + tap_x + fast->x.first_tap;
                if (inside) index = holds_taps ? tap : layer + row_at * fast->x.size + column;
            }
            poolgrad_store_index(format, line + at * size, index);
        }
    }
    poolgrad_move_out(&g->picks, row, fast->lanes, line, 0);
}

void poolgrad_fast_store_picks(const struct poolgrad_fast_unit *unit, const struct poolgrad_pixels *pixels,
                               const unsigned char *taps)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_fast *fast = unit->fast;
    const int64_t pitch = fast->source_pitch * fast->lanes;
    struct poolgrad_pixels row = *pixels;
    if (g->picks.format == POOLGRAD_TAP8 && fast->same_taps && g->edge_mode == POOLGRAD_EDGE_CLAMP) {
        uint8_t *codes = poolgrad_fast_area(unit, POOLGRAD_AREA_LINE);
        const struct poolgrad_rows all = {1, (pixels->rows - 1) * pitch + pixels->columns * fast->lanes, 0, 0};
        unit->routines->narrow8[fast->key](taps, all, codes);
        poolgrad_move_out(&g->picks, pixels, fast->lanes, codes, pitch);
        return;
    }
    row.rows = 1;
    for (int64_t i = 0; i < pixels->rows; i++, row.y++)
        store_row(unit, &row, taps + i * pitch * poolgrad_fast_key_bytes(fast->key));
}
