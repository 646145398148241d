/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: pooling of many planes side by side. A group of planes, channels of NHWC or planes of NCHW, is computed
 * together: the same pixel of each is one lane, and lanes are neighbours in memory. Images whose channels are
 * neighbours are read and written where they lie; of others, rows are transposed on their way into working memory and
 * out of it. A row of windows is found, and a row of pixels is given its sums, by walks (routines/walk.h) over runs of
 * the axes' lists (lanes/lists.h).
 *
 *     source row ──find──► row of windows ──give──► row of pixels ──write──► destination
 *     in place,            in a ring: share         direct, or by way of
 *     or transposed        and picked tap           a row in working memory
 */
#ifndef POOLGRAD_LANES_LANES_H
#define POOLGRAD_LANES_LANES_H

#include "geometry/geometry.h"
#include "lanes/lists.h"
#include "routines/routines.h"

enum poolgrad_lanes_image {
    POOLGRAD_LANES_SOURCE,
    POOLGRAD_LANES_GRADIENT,
    POOLGRAD_LANES_INDICES,
    POOLGRAD_LANES_DESTINATION,
    POOLGRAD_LANES_PICKS,
    POOLGRAD_LANES_IMAGES
};

/* Codes whose places stand in a table, and bytes of one. */
enum { POOLGRAD_LANES_MOST_PLACES = 4096, POOLGRAD_LANES_PLACE_BYTES = 32 };

/* The arrays of working memory. */
enum poolgrad_lanes_area {
    POOLGRAD_LANES_ROWS,        /* source rows that were transposed, a ring of layers and rows; */
    POOLGRAD_LANES_ROWS_TAGS,   /* which row each place of the ring holds */
    POOLGRAD_LANES_SHARES,      /* rows of windows, a ring: what each gives; */
    POOLGRAD_LANES_CODES,       /* the tap it picked; */
    POOLGRAD_LANES_RING_TAGS,   /* which row */
    POOLGRAD_LANES_GIVEN,       /* a row of the source gradient that was transposed */
    POOLGRAD_LANES_INDICES_ROW, /* a row of indices */
    POOLGRAD_LANES_STORED,      /* one row of windows or pixels as an image stores it */
    POOLGRAD_LANES_NUMBERS,     /* one row of windows or pixels in numbers; */
    POOLGRAD_LANES_PRODUCTS,    /* L2-norm: those times their factors */
    POOLGRAD_LANES_BEFORE,      /* what was in the destination, in numbers */
    POOLGRAD_LANES_DIVISORS,    /* columns as lanes: one number for each lane; gradients: and its reciprocal's parts; */
    POOLGRAD_LANES_RUN_COUNTS,  /* what runs of windows are divided by */
    POOLGRAD_LANES_ROW_LIST,    /* operands of a walk: rows, as they lie; */
    POOLGRAD_LANES_SHIFTED,     /* the same, at a run; */
    POOLGRAD_LANES_TAPS,        /* columns of any window, */
    POOLGRAD_LANES_WINDOWS,     /* of a pixel */
    POOLGRAD_LANES_SPREAD,      /* and which pixels windows go to */
    POOLGRAD_LANES_SUMS,        /* scattered: sums of the unit's pixels, */
    POOLGRAD_LANES_PLACES,      /* where each tap of a window lies in them, */
    POOLGRAD_LANES_LANES,       /* and each lane */
    POOLGRAD_LANES_GREATEST,    /* ties all and split: the greatest key of each window of the ring, */
    POOLGRAD_LANES_KEYS,        /* keys of a source row, */
    POOLGRAD_LANES_VALUES,      /* its values, or what shares are divided by, */
    POOLGRAD_LANES_TIES,        /* how many there are, */
    POOLGRAD_LANES_TIE_ROWS,    /* and the windows over a row of pixels */
    POOLGRAD_LANES_LONG_VALUES, /* long windows of one plane: what columns have, */
    POOLGRAD_LANES_LONG_CODES,  /* and the tap that it is at */
    POOLGRAD_LANES_BEST,        /* columns as lanes: source rows, a ring: the greatest tap of each window along x; */
    POOLGRAD_LANES_BEST_CODES,  /* which; */
    POOLGRAD_LANES_BEST_TAGS,   /* which row */
    POOLGRAD_LANES_RAW,         /* columns as lanes: a row of an image as it stores it, of all sets; */
    POOLGRAD_LANES_LOADED,      /* in numbers; */
    POOLGRAD_LANES_PHASED,      /* results, phase by phase; */
    POOLGRAD_LANES_PHASES,      /* and the phases; */
    POOLGRAD_LANES_STAGE,       /* rows of results that are written together */
    POOLGRAD_LANES_AREAS
};

/*
 * Columns as lanes: where few channels are neighbours, the windows of a row are found side by side. In working memory a
 * row of the source is cut to phases, every stride-th of its pixels, so that the taps of neighbouring windows are
 * neighbours, too:
 *
 *     pixels            0  1  2  3  4  5  6            stride 2, one column of padding: tap t of window o
 *     phase 0      .  0     2     4     6              is entry o + 0 of phase 1, o + 1 of phase 0, o + 1 of phase 1
 *     phase 1      .     1     3     5     .           (a dot is padding: an element that leaves results as they are)
 *
 * A set is what a pixel has of neighbouring channels, `grain` of them: the channels of a slice, all channels of NHWC
 * where these are few, or one. Sets follow each other in every row of working memory, of the source, of windows and of
 * results, all with one step: what lies between a set's last window and the next set's first is padding of both.
 */
struct poolgrad_lanes_columns {
    bool used;
    int64_t grain;
    int64_t sets;                 /* of a group, at most; */
    int64_t sets_of_all;          /* of an image */
    bool one_image;               /* a group's sets are of one image */
    int64_t phases;               /* the stride */
    struct poolgrad_range source; /* columns of the source that are read: the first one is of phase 0, */
    int64_t source_lead;          /* and this entry of it */
    int64_t lead;                 /* entries of padding in front of a set's windows: windows that a pixel may have */
    int64_t free;                 /* entries at a set's end that no window has; */
    int64_t set_step;             /* elements from set to set, */
    int64_t phase_step;           /* and from phase to phase */
    struct poolgrad_range pixels; /* destination columns that have windows */
    bool padded;                  /* windows have taps outside, which padding stands for */
    bool uniform;                 /* all windows of a row count as many taps along x */
    bool separable;               /* a search goes along x first, and then along y and z */
    int64_t staged;               /* rows of results that are written together, or 0: each is written at once; */
    bool in_place;                /* results go straight to the destination, and picks to theirs; */
    bool reads_rows;              /* windows are found in the source's rows where they lie, unless a search is void */
};

/* Tags of rows in rings that were never in use. Others hold the number of a row, or none. */
enum { POOLGRAD_LANES_UNUSED = -2, POOLGRAD_LANES_NO_ROW = -1 };

/* What a plan decides once. */
struct poolgrad_lanes {
    const struct poolgrad_routines *routines;
    int sum;        /* POOLGRAD_SUM32 or 64: of what windows give, or are */
    int code_bytes; /* of a tap: 1 or 4 */
    bool searches;  /* max, not from indices */
    bool reads_source;
    bool in_place[POOLGRAD_LANES_IMAGES];
    bool any_in_place;    /* then a group lies in one image, and in one slice of a blocked layout */
    bool direct;          /* results are found, or given, as the destination stores them */
    int64_t result_bytes; /* of such a result, or of a number */
    bool shares_in_place; /* picks: the source gradient is what windows give */
    bool codes_in_place;  /* indices, or picks, are codes; */
    bool both_in_place;   /* and as far apart as the elements of the source gradient */
    bool same_numbers;    /* codes are tap numbers */
    bool fills;           /* gradient of average: pixels of a run are all alike, and written plane by plane */
    bool rows_together;   /* rows of windows that are alike are found, and rows of pixels given, together */
    bool codes_follow;    /* forward: then picks in place lie like results; else all codes of a unit are kept */
    bool past_caches;
    bool by_layers; /* bands are of layers, not rows */
    bool ties;      /* gradient of max, all and split: every equal tap counts */
    bool gathers;   /* forward, from indices */
    bool scatters;  /* gradient of max: from each window to the pixel it picked, not from its windows to each pixel; */
    bool puts;      /* straight to the destination; */
    bool sums;      /* by way of sums, since windows have pixels in common */

    int64_t lanes;       /* most planes of a group, and the pitch of what is transposed */
    int64_t pieces;      /* groups of an image; or groups of all images */
    int64_t piece;       /* planes of a group; slices are cut at multiples of it */
    int64_t slice;       /* channels that are neighbours in all images in place */
    int64_t most_lanes;  /* that a group of transposed planes may have */
    int64_t first_piece; /* channel that piece 0 of an image begins at, or would */
    int64_t wanted;      /* units that threads would have something to do with */
    /* Slices of channels, or images, that lie at one step from each other in every image: a group is some of them, one
     * behind the other, with as many planes each. Each of `runs` has `slices` of these, whose groups are `stacks`, and
     * `tails` more groups, of one slice with fewer planes. */
    int64_t stack; /* slices of a group, at most; 1: no group has more */
    int64_t runs, slices, stacks, tails;
    int64_t slice_step[POOLGRAD_LANES_IMAGES]; /* elements from slice to slice */
    int64_t groups, bands, band, units;
    int64_t most_rows;       /* of source rows, in a list of operands */
    int64_t window_pitch;    /* elements from window to window of the ring, */
    int64_t window_elements; /* of a row of it, */
    int64_t window_slice;    /* and from slice to slice */
    int64_t codes_span;      /* forward: elements of a unit's codes that are kept */
    bool chunked;            /* windows are found by one source row after the other */
    int64_t chunk;           /* source rows that a walk goes over: those of a window, or some at a time */
    int64_t waiting_rows;    /* of results that are transposed together */
    int64_t window_slots_z, window_slots_y, source_slots_z, source_slots_y;

    struct poolgrad_axis_lists x, y, z;
    struct poolgrad_lanes_columns columns;

    int64_t area[POOLGRAD_LANES_AREAS];
    int64_t bytes; /* of working memory, per thread */
};

/* What a unit writes. */
struct poolgrad_lanes_part {
    int64_t plane, planes; /* n * channels + c, counted from the first one written */
    struct poolgrad_range layers, rows;
};

/* Whether the problem is computed in lanes; where it is, *lanes has lists of its own, which are to be freed. Freeing
 * what was not made does nothing. */
enum poolgrad_lanes_outcome poolgrad_lanes_make(const struct poolgrad_geometry *g,
                                                const struct poolgrad_routines *routines, struct poolgrad_lanes *lanes);
void poolgrad_lanes_free(struct poolgrad_lanes *lanes);

struct poolgrad_lanes_part poolgrad_lanes_part_of(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes,
                                                  int64_t unit);

/* Units [first, end), with lanes->bytes of `memory`, which begins at a cache line. */
void poolgrad_lanes_run(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes, int64_t first,
                        int64_t end, void *memory);

#endif
