/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routines of one instruction set: a table of operations on working memory, the same for each. One file per
 * instruction set (scalar.c, sse41.c, avx2.c, avx512.c, neon.c) defines its table; pooling/isa.c chooses among those
 * compiled in; lanes/ drives them.
 *
 * Lanes are neighbouring results: pixels of a row or channels of a pixel. No lane ever meets another, so that each
 * result sees the reference's operations in the reference's order (docs/numerics.md N61), whatever the width.
 *
 * A maximum is found among keys, integers whose order is that of the values they stand for: -0 and +0 have the same
 * key, a NaN has the key the NaN rule gives it, a tap that is not there has POOLGRAD_KEY_NONE, below all others.
 */
#ifndef POOLGRAD_ROUTINES_ROUTINES_H
#define POOLGRAD_ROUTINES_ROUTINES_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

#include "routines/divisor.h"
#include "routines/walk.h"

enum {
    POOLGRAD_FORMATS = POOLGRAD_TAP32 + 1,
    /* Counts are rounded up to this many elements: working memory has room for them behind every array, and what is
     * computed there is never looked at. */
    POOLGRAD_BLOCK = 128,
};

/* `rows` rows of `count` elements; steps, in elements, from row to row of either side. */
struct poolgrad_rows {
    int64_t rows, count, from_step, to_step;
};

/* A row of pixels of `grain` neighbouring elements, and its phases: every phases-th pixel; and as many such rows as
 * there are sets. */
struct poolgrad_phases {
    int64_t phases, grain; /* neither is 0 */
    int64_t count;         /* pixels of the row; a phase has those of its own, the first phase one more than the last at
                            * most */
    int64_t phase_step;    /* elements from phase to phase, on their side */
    int64_t sets;
    int64_t set_step, row_step; /* elements from set to set: of phases, and of rows */
};

/* A row of windows, each with neighbouring pixels: of its `count` numbers, from element `from` of what windows give on,
 * pixels get theirs from element `to` of the sums on, `step` elements from pixel to pixel. */
struct poolgrad_spread_window {
    int64_t from, to, pixels;
};

struct poolgrad_spread {
    const struct poolgrad_spread_window *window;
    int64_t windows, count, step;
};

/* Index of a table by the width of its elements. */
enum { POOLGRAD_KEY32, POOLGRAD_KEY64, POOLGRAD_KEYS };
enum { POOLGRAD_SUM32, POOLGRAD_SUM64, POOLGRAD_SUMS };

struct poolgrad_routines {
    poolgrad_isa isa;
    int vector_bytes;

    /* Walks over elements where they lie, by the format of the operands (indices' formats have none). */

    /* The sum, from +0, of a window's taps in float32 or float64; the float64 root of the sum of their squares or, with
     * a divisor, of the mean; or a source gradient over these. */
    void (*find_sum[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const struct poolgrad_walk *walk,
                                                      const struct poolgrad_ending *ending, void *to);
    void (*find_norm[POOLGRAD_FORMATS])(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                                        void *to);
    /* The greatest tap; and its code in 1 or 4 bytes (`to` may be null), as are those that rows have. Whether a search
     * that was not careful is void. */
    bool (*find_greatest[POOLGRAD_FORMATS])(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                                            const struct poolgrad_search *search, void *to);
    bool (*find_pick8[POOLGRAD_FORMATS])(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                                         const struct poolgrad_search *search, void *to, uint8_t *code);
    bool (*find_pick32[POOLGRAD_FORMATS])(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                                          const struct poolgrad_search *search, void *to, uint32_t *code);

    /* The same of rows of float32 where they lie: sums in float32, with divisors at the offsets of a row's results;
     * maxima, of equals the first. Nothing is resumed, no search is careful, and taps outside are padding. `to` of a
     * maximum and `codes`, of 1 or 4 bytes, may be null, not both. */
    void (*sum_rows)(const struct poolgrad_row_walk *walk, const struct poolgrad_ending *ending, void *to);
    bool (*search_rows)(const struct poolgrad_row_walk *walk, const struct poolgrad_ending *ending, void *to,
                        void *codes, int code_bytes);

    /* By the accumulator of the operands, and the format that results are stored in (float32 sums: float32, float16,
     * bfloat16; float64 sums: float64, float32; others null). +0 plus all operands; plus those whose tap is the
     * operand's code. */
    void (*give_sum[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const struct poolgrad_walk *walk,
                                                      const struct poolgrad_ending *ending, void *to);
    void (*give_pick8[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const struct poolgrad_walk *walk,
                                                        const struct poolgrad_ending *ending, void *to);
    void (*give_pick32[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const struct poolgrad_walk *walk,
                                                         const struct poolgrad_ending *ending, void *to);
    /* L2-norm, by the format of factor and results: +0 plus all float64 operands, times the factor. Not stored:
     * float64. */
    void (*give_norm[POOLGRAD_FORMATS])(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                                        void *to);

    /* The same window by window: adds what each gives to the sums of its pixels. */
    void (*spread[POOLGRAD_SUMS])(const void *shares, const struct poolgrad_spread *spread, void *sums);

    /* Stored elements of planes side by side, and back, by log2 of their size: element i of plane p is element
     * p * plane_step + i * step of the image and element i * lanes + p of the other; p < planes <= lanes. */
    void (*to_lanes[4])(const void *from, int64_t plane_step, int64_t step, int64_t planes, int64_t count, void *to,
                        int64_t lanes);
    void (*from_lanes[4])(const void *from, int64_t lanes, int64_t planes, int64_t count, void *to, int64_t plane_step,
                          int64_t step);

    /* Stored elements by log2 of their size: element j of pixel i is element (i % phases) * phase_step + (i / phases) *
     * grain + j of the phases. Rows need no alignment beyond the element's (merge: `row` may be at any address); none
     * of what is read and written overlaps; nothing else is read or written. */
    void (*split_phases[4])(const void *row, struct poolgrad_phases shape, void *phases);
    void (*merge_phases[4])(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row);

    /* Rows of elements; those of images need no alignment. Never in place, but for divisions. */

    /* Keys of stored elements, null where that key is not for the format. */
    void (*key[POOLGRAD_KEYS][POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, int64_t nan, void *key);
    /* Stored elements as float32 or float64, exactly. */
    void (*load[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, void *to);
    /* And back, rounded once, NaN canonical. */
    void (*store[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const void *from, int64_t count, void *to);

    /* to = from / divisor: one row of divisors for all rows; one divisor for all elements. `to` may be `from`. */
    void (*divide[POOLGRAD_SUMS])(const void *from, const struct poolgrad_divisors *by, struct poolgrad_rows rows,
                                  void *to);
    void (*divide_all[POOLGRAD_SUMS])(const void *from, const struct poolgrad_divisor *by, struct poolgrad_rows rows,
                                      void *to);
    /* a = a + b. */
    void (*add[POOLGRAD_SUMS])(void *a, const void *b, int64_t count);

    /* Ties all and split: ties += 1 where key == best; sum += share where key == best or tap == code. */
    void (*count_ties[POOLGRAD_KEYS])(const void *key, const void *best, int64_t count, int32_t *ties);
    void (*add_ties[POOLGRAD_KEYS][POOLGRAD_SUMS])(const void *key, const void *best, const uint32_t *tap,
                                                   uint32_t code, const void *share, int64_t count, void *sum);

    /* What went past the caches, before another thread may look. */
    void (*fence)(void);
};

/* The key of a tap that is not there. */
#define POOLGRAD_KEY_NONE(bits) (-(INT64_C(1) << ((bits)-2)) * 2)

extern const struct poolgrad_routines poolgrad_routines_scalar;
extern const struct poolgrad_routines poolgrad_routines_sse41;
extern const struct poolgrad_routines poolgrad_routines_avx2;
extern const struct poolgrad_routines poolgrad_routines_avx512;
extern const struct poolgrad_routines poolgrad_routines_neon;

#endif
