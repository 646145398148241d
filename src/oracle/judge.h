/* SPDX-License-Identifier: Apache-2.0 */
/* What an element can come out as by the declared arithmetic. */
#ifndef POOLGRAD_ORACLE_JUDGE_H
#define POOLGRAD_ORACLE_JUDGE_H

#include "geometry/geometry.h"
#include "oracle/declared.h"
#include "oracle/volume.h"
#include "reference/window.h"

/* Whether a window of max hands its gradient to a pixel: as the rules say; or not, the whole of it, perhaps. */
enum poolgrad_share { POOLGRAD_SHARE_BY_RULES, POOLGRAD_SHARE_NONE, POOLGRAD_SHARE_WHOLE, POOLGRAD_SHARE_MAYBE };

/* Who may get a window's gradient: a number among the greatest; a NaN; a tap outside of the image, or nobody. */
enum poolgrad_candidate_kind {
    POOLGRAD_CANDIDATE_NUMBER,
    POOLGRAD_CANDIDATE_NAN,
    POOLGRAD_CANDIDATE_OUTSIDE,
    POOLGRAD_CANDIDATE_NOBODY
};

/* Numbers of the accumulator's format, none if low is above high; and perhaps a NaN. */
struct poolgrad_bounds {
    double low, high;
    bool nan;
};

/* Of what is divided by, and of its reciprocal. */
struct poolgrad_divisor_bounds {
    struct poolgrad_bounds value, reciprocal;
};

/* What a window's gradient is divided by: its norm; or N times the root of the mean, or each of them. */
struct poolgrad_norm_bounds {
    struct poolgrad_divisor_bounds norm, root;
    int64_t count; /* N */
    bool known, is_zero;
};

/* What makes a window doubtful: a NaN among its taps; nothing but -infinity; nothing but either of them; nothing but
 * zeros. */
struct poolgrad_window_doubts {
    bool known, any_nan, all_least, all_lost, all_zero;
};

/* What is known of a window of a gradient's volume so far; 0: nothing. */
struct poolgrad_known_window {
    int64_t pick[POOLGRAD_NAN_IGNORE + 1]; /* of max, by each NaN rule */
    int64_t ties, equal;                   /* taps that have the greatest value; that a comparison takes for equal */
    unsigned char candidates;              /* taps that may be picked: 1, or 2 and more */
    struct poolgrad_window_doubts doubts;
};

/* What functions of a judge compute with. Each group has intervals of its own, so that none loses what it holds while
 * it calls another one. */
struct poolgrad_judge_groups {
    struct {
        struct poolgrad_interval divisor, other;
    } count; /* that is divided by */
    struct {
        struct poolgrad_interval gradient, quotient;
    } share; /* of a window's gradient or a tap */
    struct {
        struct poolgrad_interval before, untouched;
    } destination; /* what it held */
    struct {
        struct poolgrad_interval sum, quotient;
    } average; /* of all terms together */
    struct {
        struct poolgrad_interval value, divided, inner;
        struct poolgrad_interval turn, other, scale, one, reciprocal;
    } axes; /* of an average that divides by each axis's count */
    struct {
        struct poolgrad_interval tap, square, part;
    } squares; /* of a window */
    struct {
        struct poolgrad_interval squares, mean, part;
    } mean; /* of a window's squares */
    struct {
        struct poolgrad_interval divisor, reciprocal, one, quotient;
    } inverse; /* of what a window's gradient is divided by */
    struct {
        struct poolgrad_interval norm, reciprocal, gradient, quotient, whole, part, product;
    } term; /* a window's, of an L2-norm gradient */
    struct {
        struct poolgrad_interval root, reciprocal, gradient, factor, both, part, product;
    } steps; /* of a term that is divided by N and by the root one after the other */
    struct {
        struct poolgrad_interval one, factor, norm, term, part, other, sum;
    } composed; /* of operations on whole tensors */
    struct {
        struct poolgrad_interval factor, sum;
    } pixel; /* of an L2-norm gradient */
    struct {
        struct poolgrad_interval tap;
    } maximum; /* of a window */
};

enum { POOLGRAD_JUDGE_INTERVALS = sizeof(struct poolgrad_judge_groups) / sizeof(struct poolgrad_interval) };

/* Of one thread. */
struct poolgrad_judge {
    struct poolgrad_geometry geometry;
    poolgrad_format computed_in;
    bool keeps_tie_rule, keeps_nan_rule;
    bool stores_norms;
    poolgrad_averages averages;
    poolgrad_composition composed;
    bool doubts_zero_norms; /* a window of norm 0 may give anything that 0 / 0 leads to */
    double greatest;        /* magnitude of a term of the sum that was bounded last; infinite: there was none */
    struct poolgrad_declared declared;
    union {
        struct poolgrad_judge_groups work;
        struct poolgrad_interval intervals[POOLGRAD_JUDGE_INTERVALS]; /* all of them */
    };
    struct poolgrad_interval_sum sums[3];
    struct poolgrad_interval_sum divided_sums[POOLGRAD_AXES], whole_sums[POOLGRAD_AXES]; /* along each axis */
    /* The volume: images and channels of source and gradient, and what is known of its windows. */
    int64_t n, c, gradient_n, gradient_c;
    struct poolgrad_norm_bounds *norms;
    struct poolgrad_known_window *windows;
    /* Who gets the gradient of the window of an output pixel of a max; null: by the rules. */
    enum poolgrad_share (*share)(void *context, struct poolgrad_pixel output, struct poolgrad_pixel pixel);
    void *share_context;
};

/* What sums are kept in by the declaration. */
poolgrad_format poolgrad_judge_format(const struct poolgrad_geometry *g, const poolgrad_declaration *declaration);

void poolgrad_judge_init(struct poolgrad_judge *judge, const struct poolgrad_geometry *geometry,
                         const poolgrad_declaration *declaration);
void poolgrad_judge_clear(struct poolgrad_judge *judge);

/* Volume (n, c) of the destination. False where memory is lacking. */
bool poolgrad_judge_begin(struct poolgrad_judge *judge, int64_t n, int64_t c);

/* Of a gradient's source pixel, and what the destination held before; `alone`: no window counts it. Of a forward
 * call's output pixel. */
void poolgrad_judge_gradient(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, double before,
                             struct poolgrad_interval *result, bool *alone);
void poolgrad_judge_forward(struct poolgrad_judge *judge, struct poolgrad_pixel output,
                            struct poolgrad_interval *result);

/* Of a pixel that nothing contributes to. */
void poolgrad_judge_untouched(struct poolgrad_judge *judge, double before, struct poolgrad_interval *result);

/* Whether windows pick one tap, as ties first and last do. */
static inline bool poolgrad_judge_picks_one(const struct poolgrad_judge *judge)
{
    return judge->geometry.ties == POOLGRAD_TIES_FIRST || judge->geometry.ties == POOLGRAD_TIES_LAST;
}

/* Whether the numbers that were accepted last say next to nothing of a value whose exact one is `exact`
 * (docs/verification.md). */
bool poolgrad_judge_is_unbounded(const struct poolgrad_judge *judge, const struct poolgrad_interval *bounds,
                                 double exact);

/* The sum of the gradients that a pixel of a max was given last. */
double poolgrad_judge_sum_given(const struct poolgrad_judge *judge);

/* The window of an output pixel of the volume. */
struct poolgrad_window_at poolgrad_judge_window(const struct poolgrad_judge *judge, struct poolgrad_pixel output);

/* Whether a window where the rules pick `pick` may pick the tap at `at`, -1 each outside of the image. A tie rule
 * that is kept still sees what comparisons of the declared format see. */
bool poolgrad_judge_may_pick(struct poolgrad_judge *judge, struct poolgrad_pick pick, double tap,
                             struct poolgrad_pixel at);

/* ---- Windows of a gradient --------------------------------------------------------------------------------------- */

/* Of max and L2-norm, without indices, each found when it is first asked for. */

/* What the rules pick, by the NaN rule that the judge's geometry has at the moment; by a NaN rule. */
struct poolgrad_pick poolgrad_judge_pick(const struct poolgrad_judge *judge, struct poolgrad_pixel output);
struct poolgrad_pick poolgrad_judge_pick_by(struct poolgrad_judge *judge, poolgrad_nan_rule rule,
                                            struct poolgrad_pixel output);

/* Of a window that picks a number: taps that are equal to it; that a comparison of the declared format can take for
 * equal; those outside too. */
int64_t poolgrad_judge_count_ties(struct poolgrad_judge *judge, struct poolgrad_pixel output);
int64_t poolgrad_judge_count_equal(struct poolgrad_judge *judge, struct poolgrad_pixel output);

/* Whether nothing documents what the window picks: it has a NaN whose rule is not kept, or nothing but -infinity. */
bool poolgrad_judge_is_open(const struct poolgrad_judge *judge, struct poolgrad_pixel output);

/* Whether a window may pick the tap of a pixel; of an open one: if it is free to. */
bool poolgrad_judge_is_candidate(struct poolgrad_judge *judge, struct poolgrad_pixel output,
                                 struct poolgrad_pixel pixel, bool open);

/* Hands over what a window may pick, in row-major order, nobody last, until `take` is false: a window that picks a
 * number, or an open one that is free to. Whether a window of the first kind has several. */
bool poolgrad_judge_visit_candidates(struct poolgrad_judge *judge, struct poolgrad_pixel output, bool open,
                                     bool (*take)(void *context, struct poolgrad_pixel tap,
                                                  enum poolgrad_candidate_kind kind),
                                     void *context);
bool poolgrad_judge_has_choice(struct poolgrad_judge *judge, struct poolgrad_pixel output);

struct poolgrad_window_doubts poolgrad_judge_doubts(const struct poolgrad_judge *judge, struct poolgrad_pixel output);

/* Of any window. */
struct poolgrad_window_doubts poolgrad_find_doubts(const struct poolgrad_geometry *g, struct poolgrad_window_at at);

#endif
