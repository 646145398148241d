/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling in double precision, as an implementation with a mistake would compute it: plain loops, and knobs that
 * mistakes turn. With no knob turned it computes the right values.
 */
#ifndef POOLGRAD_ORACLE_CARELESS_H
#define POOLGRAD_ORACLE_CARELESS_H

#include "oracle/volume.h"

enum poolgrad_overlap { POOLGRAD_OVERLAP_ADDS, POOLGRAD_OVERLAP_LAST_WINS, POOLGRAD_OVERLAP_FIRST_WINS };

enum poolgrad_search {
    POOLGRAD_SEARCH_GREATEST,
    POOLGRAD_SEARCH_LEAST,
    POOLGRAD_SEARCH_MAGNITUDE,
    POOLGRAD_SEARCH_FROM_ZERO /* of what is above 0; else 0 is the value, and nothing is picked */
};

enum poolgrad_root {
    POOLGRAD_ROOT_OF_SUM,
    POOLGRAD_ROOT_OF_MEAN,    /* of the squares, over the count that an average would divide by */
    POOLGRAD_ROOT_MISSING,    /* the sum of the squares itself */
    POOLGRAD_ROOT_OVER_COUNT, /* the root of the sum, over that count */
    POOLGRAD_ROOT_UNCOUNTED,  /* the root of the mean, but a gradient is divided by it alone, and not by N times it */
    POOLGRAD_ROOT_MULTIPLIES, /* a gradient is multiplied by it */
    POOLGRAD_ROOT_ALONE       /* a gradient lacks the factor In */
};

/* Axes whose places are swapped. */
enum poolgrad_transposition {
    POOLGRAD_TRANSPOSED_NONE,
    POOLGRAD_TRANSPOSED_XY,
    POOLGRAD_TRANSPOSED_YZ,
    POOLGRAD_TRANSPOSED_XZ
};

/* Of the elements of an image, from the outermost dimension to the innermost. */
enum poolgrad_element_order { POOLGRAD_ORDER_CDHW, POOLGRAD_ORDER_DHWC, POOLGRAD_ORDER_DCHW };

/* What an index is taken for. */
enum poolgrad_index_rule {
    POOLGRAD_INDEX_BY_ROWS,
    POOLGRAD_INDEX_BY_COLUMNS, /* layer by layer, the rows of a column are neighbours */
    POOLGRAD_INDEX_OF_LAYER    /* a place in the layer of the output pixel */
};

/* What is read in place of an element of an image. */
struct poolgrad_reading {
    int64_t channel, layer, row, column; /* how far from it */
    bool from_image;                     /* in this image, and not in its own */
    int64_t image;
    enum poolgrad_transposition transposed;
    bool remapped; /* at its place in one order, taken for a place in another one */
    enum poolgrad_element_order placed, taken;
};

/* Elements of the destination that are not what was computed. */
struct poolgrad_box {
    struct poolgrad_range images, channels;
    struct poolgrad_area area;
};

enum poolgrad_filling { POOLGRAD_FILLING_NONE, POOLGRAD_FILLING_CONSTANT, POOLGRAD_FILLING_BEFORE };

struct poolgrad_knobs {
    struct poolgrad_geometry geometry;
    struct poolgrad_reading source, gradient;
    struct poolgrad_pixel shift; /* of every window */
    bool parted;                 /* windows of a table end where the next one begins */
    enum poolgrad_index_rule index_rule;
    int64_t index_shift;           /* so much is added to an index */
    bool undivided;                /* an average without its divisor */
    bool shuns_ties;               /* a window with several greatest taps picks none of them */
    poolgrad_format sums, terms;   /* what a sum is rounded to after each addition, and each term before it; or none */
    enum poolgrad_overlap overlap; /* of windows, in a gradient */
    enum poolgrad_search search;
    poolgrad_format loosely; /* right, but with the errors of sums in this format, in any order, or none */
    enum poolgrad_root root;
    double factor; /* of every result, before it is added to what was there */
    /* The right results, but read elsewhere; all of the above plays no part. */
    bool misplaced;
    struct poolgrad_reading result;
    /* And then a box of them is overwritten. */
    enum poolgrad_filling filling;
    struct poolgrad_box box;
    double constant;
    bool failed; /* for lack of memory */
};

/* A value, and what its rounding error is proportional to. `known` is false where the mistake says nothing. */
struct poolgrad_estimate {
    double value, magnitude, terms;
    bool known;
};

/* Moves *at to the element that is read in its place; false where there is none. */
bool poolgrad_reading_move(const struct poolgrad_reading *reading, const poolgrad_const_image *image,
                           struct poolgrad_element *at);

/* Volume (n, c) of the destination, by rows; what is not written is not known. `before`: what the destination held,
 * resolved, for problems that add to it. `misplaced` and `filling` are left to the caller. */
void poolgrad_careless_volume(const struct poolgrad_knobs *knobs, const poolgrad_const_image *before, int64_t n,
                              int64_t c, struct poolgrad_estimate *volume);

double poolgrad_round_to(poolgrad_format format, double value);

#endif
