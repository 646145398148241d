/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes that implementations of pooling make, and how each of them turns the knobs of a careless one. */
#ifndef POOLGRAD_ORACLE_MISTAKES_H
#define POOLGRAD_ORACLE_MISTAKES_H

#include "oracle/careless.h"
#include "oracle/verification.h"

/* Which calls a mistake can be made in: a bit for each direction and kind. */
enum {
    POOLGRAD_IN_FORWARD_AVERAGE = 1,
    POOLGRAD_IN_FORWARD_MAX = 2,
    POOLGRAD_IN_FORWARD_L2NORM = 4,
    POOLGRAD_IN_AVERAGE_GRADIENT = 8,
    POOLGRAD_IN_MAX_GRADIENT = 16,
    POOLGRAD_IN_L2NORM_GRADIENT = 32,
    POOLGRAD_IN_FORWARD_MEAN = 64, /* L2-norm with root_mean, beside its own bit */
    POOLGRAD_IN_MEAN_GRADIENT = 128
};

/* What a call must have for a mistake to be made. */
enum {
    POOLGRAD_NEEDS_DEPTH = 1, /* a third axis */
    POOLGRAD_NEEDS_TABLE = 2,
    POOLGRAD_NEEDS_SIDES = 4, /* other padding counted before than behind */
    POOLGRAD_NEEDS_DIVISOR = 8,
    POOLGRAD_NEEDS_INDICES = 16
};

struct poolgrad_mistake {
    const char *name;     /* words with hyphens */
    const char *sentence; /* unless poolgrad_knobs has one with numbers */
    unsigned calls, needs;
    /* False where it would change nothing, or does not fit into the limits of coordinates. */
    bool (*turn)(const struct poolgrad_verification *v, struct poolgrad_knobs *knobs, int64_t a, int64_t b);
    int64_t a, b;
    int variants; /* amounts, or places, that are tried one by one: the turn reads which from the knobs; 0: one */
};

/* Of equals the first one is believed: the more special one. */
extern const struct poolgrad_mistake poolgrad_mistakes[];
extern const int64_t poolgrad_mistake_count;

/* No knob turned. */
void poolgrad_knobs_init(const struct poolgrad_verification *v, struct poolgrad_knobs *knobs);

static inline int poolgrad_mistake_variants(const struct poolgrad_mistake *mistake)
{
    return mistake->variants > 0 ? mistake->variants : 1;
}

/* Whether the mistake can have been made, in this variant; then turns the knobs. Sets knobs->failed where memory is
 * lacking. */
bool poolgrad_mistake_turn(const struct poolgrad_mistake *mistake, const struct poolgrad_verification *v, int variant,
                           struct poolgrad_knobs *knobs);

void poolgrad_mistake_describe(const struct poolgrad_mistake *mistake, const struct poolgrad_knobs *knobs,
                               char text[POOLGRAD_SENTENCE_SIZE]);

/* ---- What is found in the data: false, and *failed, where memory is lacking -------------------------------------- */

/* The factor that most results are wrong by; with what they were added to, or without. */
bool poolgrad_find_factor(const struct poolgrad_verification *v, bool with_before, double *factor, bool *failed);

/* The smallest box that holds all wrong elements of the commonest wrong value, and how many those are. */
bool poolgrad_find_constant(const struct poolgrad_verification *v, struct poolgrad_box *box, double *constant,
                            int64_t *elements, bool *failed);

/* The smallest box that holds all wrong elements. */
bool poolgrad_find_box(const struct poolgrad_verification *v, struct poolgrad_box *box);

/* The box of those that are not a number. */
bool poolgrad_find_not_a_number(const struct poolgrad_verification *v, struct poolgrad_box *box);

/* Whether a written element lies between the two, beside either, as far as an even choice of them shows. */
bool poolgrad_find_between(const struct poolgrad_verification *v, double low, double high);

/* Of those that are what the destination held before. */
bool poolgrad_find_unwritten(const struct poolgrad_verification *v, struct poolgrad_box *box);

#endif
