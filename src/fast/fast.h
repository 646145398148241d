/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast path: how a problem is cut to pieces that fit into working memory, and how each is computed there.
 *
 * Working memory knows one layout for all three: rows of pixels, each of `lanes` elements (a pixel of one plane of
 * NCHW, the lanes of a slice of a blocked layout, some or all channels of NHWC), row behind row, and, where planes are
 * small, plane behind plane. Rows and columns are sorted by phase (fast/phases.h), so that a tap lies at one and the
 * same distance from every window, and an operation runs over all of them without a gap.
 *
 * A destination is cut into units: a group of planes, a tile of columns, a band of rows. A band is computed in steps of
 * a few rows; what the next step needs of the windows before it stays.
 */
#ifndef POOLGRAD_FAST_FAST_H
#define POOLGRAD_FAST_FAST_H

#include "fast/phases.h"
#include "geometry/geometry.h"
#include "routines/routines.h"

/* One axis of the destination. Its entries are those of its pixels (fast/phases.h) or, forward, its windows. */
struct poolgrad_fast_line {
    struct poolgrad_range written; /* destination pixels */
    struct poolgrad_range inside;  /* those that get anything but +0 */
    int64_t origin, pixels;        /* first destination pixel of entry 0, and of an entry, how many */
    int64_t entry, entries;        /* entries of the inside pixels */
};

/* The arrays of working memory. */
enum poolgrad_fast_area {
    POOLGRAD_AREA_RAW,          /* source elements as they are stored, a row of phases */
    POOLGRAD_AREA_SOURCE,       /* all phases: keys, or values */
    POOLGRAD_AREA_ROW_BEST,     /* greatest key and its tap of each row of a window */
    POOLGRAD_AREA_ROW_TAP,      /* (separable search) */
    POOLGRAD_AREA_BEST,         /* per window, spaced like its source: greatest key, or norm, or sum */
    POOLGRAD_AREA_TAP,          /* and the tap it is at */
    POOLGRAD_AREA_TIES,         /* and how many there are */
    POOLGRAD_AREA_CODE,         /* per window, spaced for the gradient: the tap in 8 or 32 bits */
    POOLGRAD_AREA_GREATEST,     /* its key (ties all and split) */
    POOLGRAD_AREA_GRADIENT,     /* the gradient it has for each tap it picks */
    POOLGRAD_AREA_LINE,         /* one row of windows: stored elements, */
    POOLGRAD_AREA_DIVISORS,     /* rows of what they are divided by, */
    POOLGRAD_AREA_DIVISORS_FOR, /* and the number of rows of taps each is for */
    POOLGRAD_AREA_SUMS,         /* destination phases of one row phase: sums, */
    POOLGRAD_AREA_RESULTS,      /* and stored elements */
    POOLGRAD_AREA_BEFORE,       /* what of source or destination goes into a result: stored elements, */
    POOLGRAD_AREA_OPERAND,      /* and values or keys */
    POOLGRAD_AREA_STAGE,        /* destination rows on their way past the caches */
    POOLGRAD_AREA_COUNTS,       /* per window column: taps it counts; */
    POOLGRAD_AREA_ROW_COUNTS,   /* per window row */
    POOLGRAD_AREA_COVERED,      /* per destination column: whether a window covers it */
    POOLGRAD_AREA_TAPS,         /* operands: a window's taps, */
    POOLGRAD_AREA_WINDOWS,      /* and a pixel's windows, by phase */
    POOLGRAD_AREA_MAP,          /* per element of a row of pixels: its windows; */
    POOLGRAD_AREA_PLANE_MAP,    /* the same of a plane */
    POOLGRAD_AREA_PLACES,       /* per element of a plane's phases: where it is loaded from */
    POOLGRAD_AREAS
};

struct poolgrad_fast {
    const struct poolgrad_routines *routines;
    struct poolgrad_fast_axis x, y;
    struct poolgrad_fast_line columns, rows;

    int sum;        /* POOLGRAD_SUM32 or 64 */
    int key;        /* POOLGRAD_KEY16, 32 or 64 */
    int code_bytes; /* of a tap: 1 or 4 */
    bool picks;     /* max, from the source */
    bool separable; /* along x, then along y */
    bool shares;    /* gradient, ties all or split: every equal tap counts */
    bool aligned;   /* gradient: rows of windows and of the source have one pitch, with room for missing windows */
    bool spread;    /* gradient: to pixels in rows, from the few windows each has; */
    bool by_plane;  /* whole planes at once */
    bool collects;  /* small planes are loaded by a list of where their elements are */
    bool scatter;   /* gradient of max: to pixels in rows, from each window to its pixel */
    bool same_taps; /* codes are tap8's */
    bool stream;    /* results go past the caches */
    bool reversed;  /* taps are visited from the last to the first */
    struct poolgrad_pick_rule rule;

    int64_t lanes, blocks;    /* elements of a pixel; blocks of channels of an image */
    int64_t layers;           /* of an image */
    int64_t planes, group;    /* images x layers x blocks; how many are computed together */
    int64_t tile, step, band; /* entries: columns of a tile, rows of a step, rows of a band */
    int64_t tiles, bands, units;

    /* From a layer of the destination to that of the source and of the source gradient that it stands for. */
    int64_t source_layer, gradient_layer;

    /* Entries between rows and rows between planes: of windows spaced for the gradient, and like the source. */
    int64_t window_pitch, window_rows;
    int64_t source_pitch, source_rows;

    int64_t area[POOLGRAD_AREAS]; /* byte offsets into working memory */
    int64_t bytes;                /* of working memory, per thread */
};

/* False where working memory would be out of proportion: then the reference computes. */
bool poolgrad_fast_make(const struct poolgrad_geometry *g, const struct poolgrad_routines *routines,
                        struct poolgrad_fast *fast);

/* Lanes of a slice from which on a pixel is a run that is worth an operation of its own. */
enum { POOLGRAD_FAST_RUN = 8 };

/* Rows of divisors that are kept. */
enum { POOLGRAD_FAST_DIVISORS = 8 };

/* Units [first, end), with fast->bytes of `memory`. */
void poolgrad_fast_run(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast, int64_t first, int64_t end,
                       void *memory);

/* Bytes of a key, and of the accumulator's numbers. */
static inline int64_t poolgrad_fast_key_bytes(int key)
{
    return INT64_C(2) << key;
}

static inline int64_t poolgrad_fast_sum_bytes(int sum)
{
    return INT64_C(4) << sum;
}

/* The format whose elements are the accumulator's numbers. */
static inline poolgrad_format poolgrad_fast_sum_format(const struct poolgrad_fast *fast)
{
    return fast->sum == POOLGRAD_SUM64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
}

/* What a unit writes: rows and columns of the planes [planes.begin, planes.end). */
struct poolgrad_fast_part {
    struct poolgrad_range planes, rows, columns;
};

struct poolgrad_fast_part poolgrad_fast_part_of(const struct poolgrad_fast *fast, int64_t unit);

/* A plane: lanes [low, high) of channels c, c + 1, ... of layer z of image n of the destination. */
struct poolgrad_fast_plane {
    int64_t n, c, z, low, high;
    bool pooled;
};

struct poolgrad_fast_plane poolgrad_fast_plane_at(const struct poolgrad_geometry *g, const struct poolgrad_fast *fast,
                                                  int64_t plane);

/* ---- Between the files of fast/ ---------------------------------------------------------------------------------- */

/* A piece of an axis. */
struct poolgrad_fast_cut {
    struct poolgrad_range written, inside; /* destination pixels */
    int64_t entry, entries;
};

struct poolgrad_fast_cut poolgrad_fast_cut_make(const struct poolgrad_fast_line *line, int64_t entry, int64_t end);

/* Where and with what a unit is computed. */
struct poolgrad_fast_unit {
    const struct poolgrad_geometry *g;
    const struct poolgrad_fast *fast;
    const struct poolgrad_routines *routines;
    unsigned char *memory;
    int64_t plane, planes; /* of the group */
    struct poolgrad_fast_cut columns, band;
    bool same_columns; /* as the unit computed in this memory before */
};

/* The image that phases are loaded from, and how its indices follow from a destination plane's and a source pixel's. */
struct poolgrad_fast_image {
    const poolgrad_const_image *image;
    int64_t n, c, z, y, x;
};

/* A block of phases in working memory: entries [x.entry, + x.entries) by [y.entry, + y.entries) of every phase of x and
 * one of y, for all planes of the unit; entries whose pixel is not in [begin, end) become zero bits. `pitch` entries
 * from row to row, `rows` rows from plane to plane. */
struct poolgrad_fast_block {
    struct {
        int64_t entry, entries, begin, end;
    } x, y;
    int64_t pitch, rows;
};

/* Elements of one phase of a block. */
int64_t poolgrad_fast_phase_size(const struct poolgrad_fast *fast, const struct poolgrad_fast_block *block);

void poolgrad_fast_load(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *from,
                        const struct poolgrad_fast_block *block, int64_t phase_y, void *to);

/* How the pixels of a unit's planes lie in an image, to be converted on their way between it and working memory: rows
 * of neighbours, pairs of neighbours of stride 2, pixels of neighbouring lanes; or in no such way. */
enum poolgrad_fast_way { POOLGRAD_WAY_NONE, POOLGRAD_WAY_ROWS, POOLGRAD_WAY_PAIRS, POOLGRAD_WAY_PIXELS };

/* `width` pixels to a row, `least` elements to a run, to be worth it. */
enum poolgrad_fast_way poolgrad_fast_way_of(const struct poolgrad_fast_unit *unit,
                                            const struct poolgrad_fast_image *image, int64_t width, int64_t least);

/* Elements of an image from plane to plane of the unit, where that is the same for all and all are pooled; else 0. */
int64_t poolgrad_fast_plane_step(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_image *image);

/* Where the windows [x.begin, x.end) by [y.begin, y.end) find their taps: their block of the source image. */
struct poolgrad_fast_block poolgrad_fast_source_block(const struct poolgrad_fast *fast, struct poolgrad_range x,
                                                      struct poolgrad_range y);

/* Loads it as keys, values or, for L2-norm, squares into AREA_SOURCE. Whether a -0 may be among the keys. */
bool poolgrad_fast_load_source(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);

/* For all windows of the block: the tap picked, and its key, into AREA_TAP and AREA_BEST; the key alone; the sum of
 * values into AREA_BEST. */
void poolgrad_fast_pick(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);
void poolgrad_fast_greatest(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);
void poolgrad_fast_sum(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);
/* The square root of the sum, or of the mean. */
void poolgrad_fast_norm(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);

/* Elements from the first to the last window of a block, all planes. */
int64_t poolgrad_fast_windows_size(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_block *block);

/* The accumulator's number nearest to a count of taps. */
void poolgrad_fast_number(const struct poolgrad_fast *fast, int64_t count, void *to);

/* Key number i of an array, and `count` keys of nothing. */
int64_t poolgrad_fast_key(const struct poolgrad_fast *fast, const void *keys, int64_t i);
void poolgrad_fast_fill_keys(const struct poolgrad_fast *fast, void *keys, int64_t count);

/* Index, in a block of windows spaced like their source, of the first window of a row. */
int64_t poolgrad_fast_window_at(const struct poolgrad_fast *fast, int64_t plane, int64_t row);

/* +0, or what adding +0 leaves, to destination pixels of a plane; and no tap to picks. */
void poolgrad_fast_blank(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_plane *plane,
                         struct poolgrad_range rows, struct poolgrad_range columns);

/* The same to those pixels of some rows that are no tap of any window; where the rows are put together in `stage`,
 * there. Others may become +0. */
void poolgrad_fast_blank_gaps(const struct poolgrad_fast_unit *unit, const struct poolgrad_fast_plane *plane,
                              struct poolgrad_range rows, unsigned char *stage);

/* The operands in a unit's memory: a window's taps, as visited; where the search is separable, those of a row and those
 * rows. And the windows a pixel of a phase is a tap of, in ascending order. */
struct poolgrad_operands poolgrad_fast_taps(const struct poolgrad_fast_unit *unit);
struct poolgrad_operands poolgrad_fast_taps_x(const struct poolgrad_fast_unit *unit);
struct poolgrad_operands poolgrad_fast_taps_y(const struct poolgrad_fast_unit *unit);
struct poolgrad_operands poolgrad_fast_windows(const struct poolgrad_fast_unit *unit, int64_t phase_y, int64_t phase_x);

/* Destination rows of all planes, computed in rows; row 0 of the windows is window_row. */
void poolgrad_fast_spread(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows, int64_t window_row);
void poolgrad_fast_scatter(const struct poolgrad_fast_unit *unit, const struct poolgrad_range *rows,
                           int64_t window_row);

void poolgrad_fast_forward(const struct poolgrad_fast_unit *unit);
void poolgrad_fast_gradient(const struct poolgrad_fast_unit *unit);

static inline void *poolgrad_fast_area(const struct poolgrad_fast_unit *unit, enum poolgrad_fast_area area)
{
    return unit->memory + unit->fast->area[area];
}

#endif
