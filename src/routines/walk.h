/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks: the one calling convention of the routines that find what a window has, and that give a pixel what its windows
 * have for it. Both go through operands in order, a window's taps or a pixel's windows, and are told where each lies:
 *
 *                columns[0]  columns[1]  columns[2]
 *     rows[0]        0           1           2         element i of repeat k of operand (r, c) is element
 *     rows[1]        3           4           5         columns[c].offset + k * step + i behind rows[r].at
 *     rows[2]        6           7           8
 *
 * Elements i are lanes: neighbours in memory, results of their own that never meet. Repeats are windows (or pixels) a
 * step apart whose operands lie alike, lines are repeats of all these, rows of such windows, and slices are repeats of
 * all lines, those of other planes. Windows at the border have fewer rows or columns, in the same order, so that no
 * operand is ever outside of an image, and no element but the named ones is read or written.
 */
#ifndef POOLGRAD_ROUTINES_WALK_H
#define POOLGRAD_ROUTINES_WALK_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

/* Where the operands of a row lie and, of windows, their picked taps (in elements of 1 or 4 bytes, at the same offsets
 * and steps). An operand's code is the sum of its row's and its column's: the number of a tap in its window. In a
 * search for codes rows may have taps, all of them, where operands are what an earlier search has found, along another
 * axis: the code that it left of an operand (never that of no tap) is added to the operand's. Of float32 and float64
 * only, and by searches that are not careful. Else they are null in a search. */
struct poolgrad_operand_row {
    const void *at, *taps;
    int64_t code;
};

struct poolgrad_operand_column {
    int64_t offset, code;
};

struct poolgrad_walk {
    const struct poolgrad_operand_row *rows;
    const struct poolgrad_operand_column *columns;
    int64_t row_count, column_count;   /* neither is 0 */
    int64_t repeats, count;            /* of each, elements */
    int64_t step, to_step;             /* from repeat to repeat: elements of operands, and of results */
    int64_t lines, slices;             /* of so many, or 0: of one, as where a walk is resumed; */
    int64_t line_step, line_to_step;   /* from line to line, */
    int64_t slice_step, slice_to_step; /* and from slice to slice */
};

/* A walk over rows of float32 where their image has them: lanes are neighbouring windows of a row, whose `kernel` taps
 * along x are neighbours. Of set k and line l, operand c of window w is element i = first + w * stride + c of each row,
 * whose element 0 is k * step + l * line_step elements behind rows[r].at and whose code is the row's and c; the result
 * is element k * to_step + l * line_to_step + w. Where i is outside [0, width) there is padding: of sums nothing, of
 * maxima -infinity. No element is read but of a row's [0, width), from the first operand to the last. */
struct poolgrad_row_walk {
    const struct poolgrad_operand_row *rows;
    int64_t row_count; /* not 0 */
    int64_t first, width, windows;
    int64_t kernel, stride; /* 3 and 1, 2 and 2, or 3 and 2 */
    int64_t sets, step, to_step;
    int64_t lines, line_step, line_to_step;
};

enum { POOLGRAD_ROW_COLUMNS = 3 };

/* What becomes of what was found or given. */
struct poolgrad_ending {
    /* Results are stored in an image's format, rounded once, a NaN as the canonical one: the format of the operands
     * (find) or the one of the routine (give). Else they stay as they are: sums in the accumulator, maxima in float32,
     * or float64 of float64, norms in float64. */
    bool stored;
    bool past_caches; /* stores go past the caches where addresses allow */
    bool resume;      /* find: begin with what an earlier walk left in the results, not stored: rows before these. */
                      /* Then results are stored only where that takes no less room */
    bool partial;     /* find: to be resumed: leave the sum, or the sum of squares */
    double divisor;   /* find: of a sum, and of the mean under a root; 0: none */
    /* find_sum: in place of one divisor, one for each result, a number of the accumulator at the result's offset. */
    const void *divisors;
    int64_t outside;    /* find, max: the code of a tap outside the image, which reads +0, or -1 */
    const void *factor; /* give_norm: element 0 of repeat 0, in the routine's format, of what sums are multiplied by; */
    int64_t factor_step;                         /* from repeat to repeat, */
    int64_t factor_line_step, factor_slice_step; /* from line to line and from slice to slice */
    /* find_norm: of a source gradient, element 0 of repeat 0, results are not norms but what windows give: gradients
     * over norms or, with a divisor N, over N norms; +0 where that is 0 (docs/numerics.md N64, N97). */
    const void *gradient;
    poolgrad_format gradient_format; /* float16, bfloat16, float32 or float64 */
    int64_t gradient_step;           /* from repeat to repeat, */
    int64_t gradient_line_step, gradient_slice_step;
};

/* How a maximum is found (docs/numerics.md N30 to N34). */
struct poolgrad_search {
    bool last; /* of equals the last one */
    poolgrad_nan_rule nan;
    /* Without, a search compares only: where it returns true it has met a NaN, and its results are void. With, it never
     * returns true, and may resume; but find_greatest not where a tap outside takes part, whose place needs codes. */
    bool careful;
    /* Operands of -infinity may stand for taps outside the image: a search that is not careful is void, too, where a
     * result is -infinity. */
    bool padded;
};

#endif
