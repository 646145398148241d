/* SPDX-License-Identifier: Apache-2.0 */
/* One element's story: what is told of it, and the sentences it is told in. */
#ifndef POOLGRAD_ORACLE_STORY_H
#define POOLGRAD_ORACLE_STORY_H

#include <poolgrad/oracle.h>

#include <mpfr.h>

#include "geometry/geometry.h"
#include "oracle/exact_mode.h"
#include "oracle/verification.h"
#include "reference/window.h"
#include "text/text.h"

struct poolgrad_story {
    struct poolgrad_geometry geometry;
    int64_t n, c; /* in the destination */
    struct poolgrad_pixel at;
    bool has_depth;  /* layers are told of */
    bool is_pooled;  /* its image is */
    bool is_clipped; /* mapping clip: a gradient's first pixel stands for that of the first window (N43) */
    double before;   /* what the result is added to */
    struct poolgrad_text text;
    struct poolgrad_scratch scratch;
    bool is_silent; /* computes, and says nothing */
};

/* What an implementation's output is worth. */
struct poolgrad_story_judged {
    const struct poolgrad_verification *v; /* of all volumes, or of the element's by itself; null: nothing is judged */
    int64_t n, c;                          /* the element's volume there */
    const poolgrad_finding *finding;       /* null: the element is not among the worst */
};

/* Words of a sentence; as a value, so that a sentence can have several. */
struct poolgrad_word {
    char text[96];
};

/* A sentence of its own, in lines of at most 100 characters; an empty line. */
void poolgrad_story_say(struct poolgrad_story *story, int indent, const char *format, ...) POOLGRAD_PRINTF(3, 4);

void poolgrad_story_pause(struct poolgrad_story *story);

/* "0.5 (0x3f000000)": as many digits as tell the format's numbers apart, and bits; of
 * unorm those of the value, float32 (docs/numerics.md N5). */
struct poolgrad_word poolgrad_word_of(double value, poolgrad_format format);
struct poolgrad_word poolgrad_word_of_element(const void *element, poolgrad_format format);

/* The digits alone. */
struct poolgrad_word poolgrad_digits_of(double value, poolgrad_format format);

/* 30 digits of a real number; of numerator 2^exponent / denominator. */
struct poolgrad_word poolgrad_decimal_of(const mpfr_t value);
struct poolgrad_word poolgrad_decimal_of_quotient(const mpz_t numerator, int64_t exponent, const mpz_t denominator);

/* "(1, 2)": row and column, in volumes layer, row and column; the same in words, "row 1, column 2". */
struct poolgrad_word poolgrad_pixel_of(const struct poolgrad_story *story, struct poolgrad_pixel at);
struct poolgrad_word poolgrad_place_of(const struct poolgrad_story *story, struct poolgrad_pixel at);

/* "5 x 4": width and height, in volumes depth too; the same of what is 0 where a table is in its place, "table x 4". */
struct poolgrad_word poolgrad_sizes_of(const struct poolgrad_story *story, int64_t x, int64_t y, int64_t z);
struct poolgrad_word poolgrad_steps_of(const struct poolgrad_story *story, int64_t x, int64_t y, int64_t z);

/* What sums are kept in (docs/numerics.md N60). */
poolgrad_format poolgrad_story_accumulator(const struct poolgrad_story *story);

/* The source's pixel in the window's volume. */
double poolgrad_story_source(const struct poolgrad_story *story, struct poolgrad_window_at at,
                             struct poolgrad_pixel pixel);

/* Where the taps of a window are, and how many are outside; what an average divides by; the tap that a max picks, and
 * what it is picked from. `pixel` is the tap that is told of in any case. */
void poolgrad_story_tell_place(struct poolgrad_story *story, struct poolgrad_window_at at);
void poolgrad_story_tell_taps(struct poolgrad_story *story, struct poolgrad_window_at at, struct poolgrad_pixel pixel,
                              const struct poolgrad_pick *pick);
void poolgrad_story_tell_count(struct poolgrad_story *story, struct poolgrad_window_at at);
void poolgrad_story_tell_pick(struct poolgrad_story *story, struct poolgrad_window_at at,
                              const struct poolgrad_pick *pick);

/* What the index of an output pixel names, n and c of the indices, if that is a tap. */
struct poolgrad_pick poolgrad_story_tell_index(struct poolgrad_story *story, struct poolgrad_window_at at, int64_t n,
                                               int64_t c, struct poolgrad_pixel output);

/* The value before it is stored, told step by step. */
double poolgrad_story_forward(struct poolgrad_story *story);
double poolgrad_story_gradient(struct poolgrad_story *story);

/* What the output holds beside what is expected; null: the element is not written. False where memory is lacking. */
bool poolgrad_story_tell_output(struct poolgrad_story *story, const struct poolgrad_story_judged *judged,
                                const double *expected);

#endif
