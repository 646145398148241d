/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes of elements of one size. Included once for each, with
 *     LANES_TO       the name of the function from planes to lanes
 *     LANES_FROM     and back
 *     LANES_TURN     names of functions of theirs: rows of neighbours become columns of neighbours,
 *     LANES_MOVE     and any steps
 *     LANES_TYPE     an element
 *     LANES_SQUARE   the word that turns a square of them
 *     LANES_SIDE     and its rows
 */

/* Element (p, i), of steps in bytes, to another place of such steps; so few i at a time that what they touch of each
 * plane stays in cache for the next one of either side's neighbours. */
static void LANES_MOVE(const unsigned char *from, int64_t from_p, int64_t from_i, int64_t planes, int64_t count,
                       unsigned char *to, int64_t to_p, int64_t to_i)
{
    enum { BLOCK = 16 };
    for (int64_t block = 0; block < count; block += BLOCK) {
        const int64_t end = count - block < BLOCK ? count : block + BLOCK;
        for (int64_t p = 0; p < planes; p++) {
            for (int64_t i = block; i < end; i++) {
                memcpy(to + p * to_p + i * to_i, from + p * from_p + i * from_i, sizeof(LANES_TYPE));
            }
        }
    }
}

/* Element (r, c) of rows of neighbours becomes element (c, r), one side after the other: the one that has the lanes
 * goes outside, whose memory is then gone through once. Squares at the end begin where others have been. */
static void LANES_TURN(const unsigned char *from, int64_t from_step, int64_t rows, int64_t columns, unsigned char *to,
                       int64_t to_step, bool by_column)
{
    enum { SIZE = sizeof(LANES_TYPE) };
    if (rows < LANES_SIDE) {
        LANES_MOVE(from, from_step, SIZE, rows, columns, to, SIZE, to_step);
        return;
    }
    if (columns < LANES_SIDE) {
        LANES_MOVE(from, SIZE, from_step, columns, rows, to, to_step, SIZE);
        return;
    }
    const int64_t last_row = rows - LANES_SIDE, last_column = columns - LANES_SIDE;
    const int64_t outer_end = by_column ? columns : rows, inner_end = by_column ? rows : columns;
    for (int64_t outer = 0; outer < outer_end; outer += LANES_SIDE) {
        for (int64_t inner = 0; inner < inner_end; inner += LANES_SIDE) {
            const int64_t r = by_column ? inner : outer, row = r < last_row ? r : last_row;
            const int64_t c = by_column ? outer : inner, column = c < last_column ? c : last_column;
            LANES_SQUARE(from + row * from_step + column * SIZE, from_step, to + column * to_step + row * SIZE,
                         to_step);
        }
    }
}

static void LANES_TO(const void *from, int64_t plane_step, int64_t step, int64_t planes, int64_t count, void *to,
                     int64_t lanes)
{
    enum { SIZE = sizeof(LANES_TYPE) };
    if (plane_step == 1 && planes > 1) {
        copy_rows(from, step * SIZE, count, planes * SIZE, to, lanes * SIZE);
    } else if (step == 1) {
        LANES_TURN(from, plane_step * SIZE, planes, count, to, lanes * SIZE, true);
    } else {
        LANES_MOVE(from, plane_step * SIZE, step * SIZE, planes, count, to, SIZE, lanes * SIZE);
    }
}

static void LANES_FROM(const void *from, int64_t lanes, int64_t planes, int64_t count, void *to, int64_t plane_step,
                       int64_t step)
{
    enum { SIZE = sizeof(LANES_TYPE) };
    if (plane_step == 1 && planes > 1) {
        copy_rows(from, lanes * SIZE, count, planes * SIZE, to, step * SIZE);
    } else if (step == 1) {
        LANES_TURN(from, lanes * SIZE, count, planes, to, plane_step * SIZE, false);
    } else {
        LANES_MOVE(from, SIZE, lanes * SIZE, planes, count, to, plane_step * SIZE, step * SIZE);
    }
}

#undef LANES_TO
#undef LANES_FROM
#undef LANES_TURN
#undef LANES_MOVE
#undef LANES_TYPE
#undef LANES_SQUARE
#undef LANES_SIDE
