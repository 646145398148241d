/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling in double precision, as an implementation with a mistake would compute it: plain loops, and knobs that
 * mistakes turn. With no knob turned it computes the right values.
 */
#ifndef POOLGRAD_ORACLE_CARELESS_H
#define POOLGRAD_ORACLE_CARELESS_H

#include "oracle/verification.h"
#include "oracle/volume.h"

enum poolgrad_overlap {
    POOLGRAD_OVERLAP_ADDS,
    POOLGRAD_OVERLAP_LAST_WINS,
    POOLGRAD_OVERLAP_FIRST_WINS,
    POOLGRAD_OVERLAP_MEAN,
    POOLGRAD_OVERLAP_GREATEST
};

enum poolgrad_search {
    POOLGRAD_SEARCH_GREATEST,
    POOLGRAD_SEARCH_LEAST,
    POOLGRAD_SEARCH_MAGNITUDE,
    POOLGRAD_SEARCH_SIGNED_BITS,   /* a float's bits, compared as an integer */
    POOLGRAD_SEARCH_UNSIGNED_BITS, /* of which those of negative numbers are the greatest */
    POOLGRAD_SEARCH_CENTRE,        /* none: the tap in the middle, */
    POOLGRAD_SEARCH_FIRST,         /* or the first one inside */
    POOLGRAD_SEARCH_LAST
};

/* What a tap outside of the image is. */
enum poolgrad_outside {
    POOLGRAD_OUTSIDE_BY_EDGE_MODE,
    POOLGRAD_OUTSIDE_REPEATED, /* the border pixel next to it */
    POOLGRAD_OUTSIDE_REFLECTED,
    POOLGRAD_OUTSIDE_WRAPPED, /* on the other side of the image */
    POOLGRAD_OUTSIDE_NEXT_ROW /* what lies there in memory: the end of the row before, the start of the row behind */
};

/* How a result is stored. */
enum poolgrad_storing {
    POOLGRAD_STORED_ROUNDED,
    POOLGRAD_STORED_TRUNCATED,
    POOLGRAD_STORED_CLAMPED, /* to [least, most] */
    POOLGRAD_STORED_FLUSHED, /* 0 below least */
    POOLGRAD_STORED_AS_INTEGER,
    POOLGRAD_STORED_AS_TRUNCATED_INTEGER,
    POOLGRAD_STORED_MAGNITUDE
};

enum poolgrad_root {
    POOLGRAD_ROOT_OF_SUM,
    POOLGRAD_ROOT_OF_MEAN,    /* of the squares, over the count that an average would divide by */
    POOLGRAD_ROOT_MISSING,    /* the sum of the squares itself */
    POOLGRAD_ROOT_OVER_COUNT, /* the root of the sum, over that count */
    POOLGRAD_ROOT_UNCOUNTED,  /* the root of the mean, but a gradient is divided by it alone, and not by N times it */
    POOLGRAD_ROOT_MULTIPLIES, /* a gradient is multiplied by it */
    POOLGRAD_ROOT_SQUARED,    /* a gradient is divided by its square */
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

/* Another order of the channels: of `groups` groups, those of one group are read first; or backwards. */
enum poolgrad_channel_order { POOLGRAD_CHANNELS_KEPT, POOLGRAD_CHANNELS_BACKWARDS, POOLGRAD_CHANNELS_GROUPED };

/* Elements from one image, channel, layer, row and column to the next. */
struct poolgrad_steps_of {
    int64_t image, channel, layer, row, column;
};

/* What is read in place of an element of an image. */
struct poolgrad_reading {
    int64_t images, channel, layer, row, column; /* how far from it */
    bool from_image;                             /* in this image, and not in its own */
    int64_t image;
    bool from_channel; /* in the first channel */
    enum poolgrad_channel_order channels;
    int64_t groups;
    bool flipped_rows, flipped_columns, flipped_layers;
    bool strided, writes; /* where these steps lead to; of a result, where they wrote */
    struct poolgrad_steps_of steps;
    enum poolgrad_transposition transposed;
    bool remapped; /* at its place in one order, taken for a place in another one */
    enum poolgrad_element_order placed, taken;
};

/* Elements of the destination that are not what was computed. */
struct poolgrad_box {
    struct poolgrad_range images, channels;
    struct poolgrad_area area;
    bool shown; /* it was found in the data, and is put into words */
};

enum poolgrad_filling {
    POOLGRAD_FILLING_NONE,
    POOLGRAD_FILLING_CONSTANT,
    POOLGRAD_FILLING_BEFORE,
    POOLGRAD_FILLING_ANYTHING
};

/* An image with so many pixels more before its rows and columns, whose rows are so much longer in all. */
struct poolgrad_padded {
    int64_t above, left, longer;
};

struct poolgrad_knobs {
    struct poolgrad_geometry geometry;
    struct poolgrad_reading source, gradient;
    struct poolgrad_pixel shift;   /* of every window */
    int64_t index_shift;           /* so much is added to an index */
    poolgrad_format sums, terms;   /* what a sum is rounded to after each addition, and each term before it; or none */
    enum poolgrad_overlap overlap; /* of windows, in a gradient */
    enum poolgrad_search search;
    double search_start;
    poolgrad_format compared_in; /* or none */
    poolgrad_format loosely;     /* right, but with the errors of sums in this format, in any order, or none */
    enum poolgrad_index_rule index_rule;
    enum poolgrad_root root;
    poolgrad_format reciprocal; /* 1/divisor is rounded to it, or none */
    enum poolgrad_outside outside;
    poolgrad_format read_in; /* all that is read is rounded to it, or none */
    enum poolgrad_storing store;
    double loose_unit;                         /* loosely, but with this rounding error: not the one of a format */
    double root_added, norm_added, norm_floor; /* to the sum of squares, to its root; below which no norm falls */
    const struct poolgrad_geometry *counted;   /* whose windows a divisor counts; null: the geometry above */
    double divisor;
    /* Which taps take part: those numbered below the limit along each axis, and from the first to the last in order;
     * 0 is no limit, and what is below it counts from the end. */
    struct poolgrad_pixel tap_limit;
    int64_t tap_first, tap_limit_in_order;
    /* Blocks of pixels, of this size where it is not 0: windows lose taps in other blocks than their own, or count them
     * twice (tile_doubles). */
    struct poolgrad_pixel tile;
    struct poolgrad_pixel window_block; /* only every so manieth window */
    struct poolgrad_reading indices;
    int64_t pick_bits; /* of a pick's place in its plane; less than 0: of its significand */
    struct poolgrad_padded picks_in,
        picks_for; /* the image in which picks are placed, and in which they are looked up */
    double least, most;
    bool parted;                   /* windows of a table end where the next one begins */
    bool undivided;                /* an average without its divisor */
    bool shuns_ties;               /* a window with several greatest taps picks none of them */
    bool search_starts;            /* at a value: what is not above it is not found */
    bool halves_ties;              /* each of several greatest taps gets one half */
    bool magnitudes;               /* in place of squares */
    bool tile_doubles;             /* taps in other blocks count twice, and are not lost */
    bool tile_from_first_tap;      /* a window's block is its first tap's, and not that of its output pixel */
    bool divisor_set;              /* there is a divisor, the one above */
    bool flushes_source;           /* below least */
    bool all_channels, all_images; /* every pick is one of the first channel, of the first image */
    bool signs;                    /* of In, in place of it */
    /* Elements of which not the value is known: those that no window reaches; sums that lack terms. */
    bool unreached, partial;
    /* The right results, but read elsewhere; all of the above plays no part. */
    bool misplaced;
    struct poolgrad_reading result;
    bool summed_channels, summed_images; /* and those of channels or images before it */
    bool scaled, scaled_everywhere;      /* times a factor, before they are added; what is not written as well */
    double factor;
    /* And every `period`-th along an axis, from `phase` on, counts so many times. */
    int axis;
    int64_t period, phase;
    double period_factor;
    /* And then a box of them is overwritten. */
    enum poolgrad_filling filling;
    struct poolgrad_box box;
    double constant;
    bool failed; /* for lack of memory */
    /* What of it a caller asks for, and what is said: not what is done. */
    char sentence[POOLGRAD_SENTENCE_SIZE]; /* with the numbers that were turned, or empty */
    int variant;                           /* of the mistake: which amount */
};

/* Of all that knobs do, and of nothing else: a field that is not in careless_hash.c makes two mistakes one. */
uint64_t poolgrad_careless_hash(const struct poolgrad_knobs *knobs);

/* A value, and what its rounding error is proportional to. `known` is false where the mistake says nothing. */
struct poolgrad_estimate {
    double value, magnitude, terms;
    bool known;
};

enum { POOLGRAD_MOST_TERMS = 10 }; /* whose parts are tried */

/* Moves *at to the element that is read in its place; false where there is none. */
bool poolgrad_reading_move(const struct poolgrad_reading *reading, const poolgrad_const_image *image,
                           struct poolgrad_element *at);

/* What `view` has of volume (n, c) of the destination, by rows of the volume; what is not written is not known.
 * `before`: what the destination held, resolved, for problems that add to it. `misplaced` and `filling` are left to the
 * caller. */
void poolgrad_careless_volume(const struct poolgrad_knobs *knobs, const struct poolgrad_area *view,
                              const poolgrad_const_image *before, int64_t n, int64_t c,
                              struct poolgrad_estimate *volume);

/* What windows give to a pixel of a gradient: how many terms; those behind POOLGRAD_MOST_TERMS are not written. */
int poolgrad_careless_terms(const struct poolgrad_knobs *knobs, int64_t n, int64_t c, struct poolgrad_pixel pixel,
                            double terms[POOLGRAD_MOST_TERMS]);

double poolgrad_round_to(poolgrad_format format, double value);

#endif
