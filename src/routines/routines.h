/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routines of one instruction set: a table of operations on working memory, the same for each. One file per
 * instruction set (scalar.c, sse41.c, avx2.c, avx512.c, neon.c) defines its table; pooling/isa.c chooses among those
 * compiled in; fast/ drives them.
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

#include "routines/walk.h"

enum {
    POOLGRAD_FORMATS = POOLGRAD_TAP32 + 1,
    /* Counts are rounded up to this many elements: working memory has room for them behind every array, and what is
     * computed there is never looked at. */
    POOLGRAD_BLOCK = 128,
};

/* One tap of every position: where it lies, in elements from the position, and its code. */
struct poolgrad_operand {
    int64_t offset;
    int64_t code;
};

/* In the order they are visited. */
struct poolgrad_operands {
    const struct poolgrad_operand *operand;
    int64_t count;
};

/* Which of the keys equally great is picked: the one visited first; among NaNs, which have the key `nan`, the one
 * visited last if `last_nan`. */
struct poolgrad_pick_rule {
    int64_t nan;
    bool last_nan;
};

/* `rows` rows of `count` elements; steps, in elements, from row to row of either side. */
struct poolgrad_rows {
    int64_t rows, count, from_step, to_step;
};

/* Where results go. In pairs: the second phase's position relative to the first one's, and whether one more result of
 * the first phase follows. */
struct poolgrad_delivery {
    struct poolgrad_rows rows;
    bool past_caches;
    int64_t second;
    bool odd;
    int64_t source_step;
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

/* Index of a table by the width of its elements. */
enum { POOLGRAD_KEY16, POOLGRAD_KEY32, POOLGRAD_KEY64, POOLGRAD_KEYS };
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

    /* Positions [0, count rounded up to a block). */

    /* best = greatest key; tap = code of its operand plus, where `other` is given, other of that operand: the outcome
     * of an earlier search along the other axis. Nothing but KEY_NONE: tap = TAP_NONE. */
    void (*pick[POOLGRAD_KEYS])(const void *key, const void *other, struct poolgrad_operands operands,
                                struct poolgrad_pick_rule rule, int64_t count, void *best, void *tap);
    /* The greatest key alone. */
    void (*greatest[POOLGRAD_KEYS])(const void *key, struct poolgrad_operands operands, int64_t count, void *best);
    /* sum = +0 plus the gradients whose tap, of 8 or 32 bits, is the operand's code, in order. */
    void (*select8[POOLGRAD_SUMS])(const uint8_t *tap, const void *gradient, struct poolgrad_operands operands,
                                   int64_t count, void *sum);
    void (*select32[POOLGRAD_SUMS])(const uint32_t *tap, const void *gradient, struct poolgrad_operands operands,
                                    int64_t count, void *sum);
    /* sum = +0 plus all operands, in order. */
    void (*sum[POOLGRAD_SUMS])(const void *from, struct poolgrad_operands operands, int64_t count, void *sum);

    /* The same, straight to where results belong: rows of `count` positions, at least a vector's, to any alignment, NaN
     * canonical, past the caches if asked. In pairs: two phases of pixels, from both in turn, `count` of each. */
    void (*deliver_sum[POOLGRAD_SUMS])(const void *from, struct poolgrad_operands operands,
                                       struct poolgrad_delivery delivery, void *to);
    void (*deliver_select8[POOLGRAD_SUMS])(const uint8_t *tap, const void *gradient, struct poolgrad_operands operands,
                                           struct poolgrad_delivery delivery, void *to);
    void (*deliver_sum_pairs[POOLGRAD_SUMS])(const void *from, const struct poolgrad_operands both[2],
                                             struct poolgrad_delivery delivery, void *to);
    void (*deliver_select8_pairs[POOLGRAD_SUMS])(const uint8_t *tap, const void *gradient,
                                                 const struct poolgrad_operands both[2],
                                                 struct poolgrad_delivery delivery, void *to);

    /* float32 sums to float16 or bfloat16, of all or (tap not null) of the tap's; operands of one phase or, in pairs,
     * of two. Null where that would not be faster than rounding rows that stopped in working memory. */
    void (*deliver_half)(poolgrad_format format, const uint8_t *tap, const float *gradient,
                         const struct poolgrad_operands *operands, bool pairs, struct poolgrad_delivery delivery,
                         void *to);

    /* Element i of a row of pixels gets what element window[i] of a row of windows has: result = +0, or unless `first`
     * what it was, plus that; NaN canonical. Rows step by from_step windows and to_step pixels. */
    void (*spread[POOLGRAD_SUMS])(const void *gradient, const int32_t *window, struct poolgrad_rows rows, bool first,
                                  void *result);
    /* Stored elements by a table, by log2 of their size: to[i] = from[place[i]], zero bits where that is negative. */
    void (*collect[4])(const void *from, const int32_t *place, struct poolgrad_rows rows, void *to);

    /* L2-norm of float32: source times the sum of ratios; rows of the source step by delivery.source_step. */
    void (*deliver_norm)(const double *ratio, const void *source, struct poolgrad_operands operands,
                         struct poolgrad_delivery delivery, void *to);
    void (*deliver_norm_pairs)(const double *ratio, const void *source, const struct poolgrad_operands both[2],
                               struct poolgrad_delivery delivery, void *to);

    /* Rows of elements; those of images need no alignment. Never in place. In pairs: every other element to either
     * side, `count` to each. */

    /* Keys of stored elements, null where that key cannot hold the format; whether one may be -0. */
    bool (*key[POOLGRAD_KEYS][POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, int64_t nan, void *key);
    bool (*key_pairs[POOLGRAD_KEYS][POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, int64_t nan,
                                                       void *even, void *odd);
    /* Stored elements as float32 or float64, exactly. */
    void (*load[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, void *to);
    void (*load_pairs[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, void *even,
                                                        void *odd);
    /* And back, rounded once, NaN canonical; of a key, that of a NaN becomes one and that of no tap +0. */
    void (*store[POOLGRAD_SUMS][POOLGRAD_FORMATS])(const void *from, int64_t count, void *to);
    void (*unkey[POOLGRAD_KEYS][POOLGRAD_FORMATS])(const void *key, int64_t count, int64_t nan, void *to);
    /* Taps in fewer bits, row by row. */
    void (*narrow8[POOLGRAD_KEYS])(const void *tap, struct poolgrad_rows rows, uint8_t *to);
    void (*narrow32[POOLGRAD_KEYS])(const void *tap, struct poolgrad_rows rows, uint32_t *to);

    /* to = from / divisor, one row of divisors for all; to may be from. a = a + b. */
    void (*divide[POOLGRAD_SUMS])(const void *from, const void *divisor, struct poolgrad_rows rows, void *to);
    void (*add[POOLGRAD_SUMS])(void *a, const void *b, int64_t count);
    /* L2-norm: squares of stored elements; the square root of a; a = a / norm, +0 where that is 0; a = a b. */
    void (*square[POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, void *to);
    void (*square_pairs[POOLGRAD_FORMATS])(const void *from, struct poolgrad_rows rows, void *even, void *odd);
    void (*root)(double *a, int64_t count);
    void (*ratio)(const double *norm, struct poolgrad_rows rows, double *a);
    void (*multiply)(double *a, const double *b, int64_t count);

    /* Ties all and split: ties += 1 where key == best; sum += share where key == best or tap == code. */
    void (*count_ties[POOLGRAD_KEYS])(const void *key, const void *best, int64_t count, int32_t *ties);
    void (*add_ties[POOLGRAD_KEYS][POOLGRAD_SUMS])(const void *key, const void *best, const uint32_t *tap,
                                                   uint32_t code, const void *share, int64_t count, void *sum);

    /* Every other element, and back: by log2 of an element's size. `count` pairs a row. */
    void (*split[4])(const void *from, struct poolgrad_rows rows, void *even, void *odd);
    void (*merge[4])(const void *even, const void *odd, struct poolgrad_rows rows, void *to);
    /* A copy that goes past the caches; fence before another thread may look. */
    void (*stream)(void *to, const void *from, int64_t bytes);
    void (*fence)(void);
};

/* The key of a tap that is not there, and the code of no tap (in 8 bits: 255). */
#define POOLGRAD_KEY_NONE(bits) (-(INT64_C(1) << ((bits)-2)) * 2)
#define POOLGRAD_TAP_NONE (-1)

extern const struct poolgrad_routines poolgrad_routines_scalar;
extern const struct poolgrad_routines poolgrad_routines_sse41;
extern const struct poolgrad_routines poolgrad_routines_avx2;
extern const struct poolgrad_routines poolgrad_routines_avx512;
extern const struct poolgrad_routines poolgrad_routines_neon;

#endif
