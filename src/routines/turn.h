/* SPDX-License-Identifier: Apache-2.0 */
/* Planes side by side, and back: elements turned in squares where both sides have neighbours, copied where the same
 * ones are neighbours on either side. */
#ifndef POOLGRAD_ROUTINES_TURN_H
#define POOLGRAD_ROUTINES_TURN_H

#include <string.h>

#include "image/move.h"
#include "routines/routines.h"

/* Rows of bytes, to rows that lie elsewhere. */
static void copy_rows(const unsigned char *from, int64_t from_step, int64_t rows, int64_t bytes, unsigned char *to,
                      int64_t to_step)
{
    if (from_step == bytes && to_step == bytes) {
        memcpy(to, from, (size_t)(rows * bytes));
        return;
    }
    const int64_t last = bytes - VECTOR_BYTES;
    if (last < 0) {
        poolgrad_move_runs(to, from, (struct poolgrad_runs){rows, bytes, from_step, to_step});
        return;
    }
    for (int64_t row = 0; row < rows; row++) {
        const unsigned char *a = from + row * from_step;
        unsigned char *b = to + row * to_step;
        for (int64_t i = 0; i < last; i += VECTOR_BYTES) store_64(b + i, load_64(a + i));
        store_64(b + last, load_64(a + last));
    }
}

#define LANES_TO to_lanes_8
#define LANES_FROM from_lanes_8
#define LANES_TURN turn_8
#define LANES_MOVE move_8
#define LANES_TYPE uint8_t
#define LANES_SQUARE square_8
#define LANES_SIDE SQUARE_8
#include "routines/turn_size.h"

#define LANES_TO to_lanes_16
#define LANES_FROM from_lanes_16
#define LANES_TURN turn_16
#define LANES_MOVE move_16
#define LANES_TYPE uint16_t
#define LANES_SQUARE square_16
#define LANES_SIDE SQUARE_16
#include "routines/turn_size.h"

#define LANES_TO to_lanes_32
#define LANES_FROM from_lanes_32
#define LANES_TURN turn_32
#define LANES_MOVE move_32
#define LANES_TYPE uint32_t
#define LANES_SQUARE square_32
#define LANES_SIDE SQUARE_32
#include "routines/turn_size.h"

#define LANES_TO to_lanes_64
#define LANES_FROM from_lanes_64
#define LANES_TURN turn_64
#define LANES_MOVE move_64
#define LANES_TYPE uint64_t
#define LANES_SQUARE square_64
#define LANES_SIDE SQUARE_64
#include "routines/turn_size.h"

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_LANES_ROUTINES                                                                                        \
    .to_lanes = {to_lanes_8, to_lanes_16, to_lanes_32, to_lanes_64},                                                   \
    .from_lanes = {from_lanes_8, from_lanes_16, from_lanes_32, from_lanes_64},

#endif
