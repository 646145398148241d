/* SPDX-License-Identifier: Apache-2.0 */
/* What an element comes out as, in double precision with bounds on the error: enough to tell that most wrong elements
 * are wrong, and how the exact value is rounded. docs/verification.md, "Quick bounds", proves the bounds. */
#ifndef POOLGRAD_ORACLE_QUICK_H
#define POOLGRAD_ORACLE_QUICK_H

#include "oracle/judge.h"

/* Of one thread. */
struct poolgrad_quick {
    struct poolgrad_judge *judge;
    bool applies;                   /* the declaration says nothing that the bounds do not know */
    bool compares_exactly;          /* C takes no two values of the source for equal, */
    bool reads_exactly;             /* and rounds no gradient */
    double unit, lost, least, most; /* of C: u, what a subnormal result loses, least normal and greatest number */
    poolgrad_format stored;
    double *norms; /* of the windows of a gradient's volume; 0: not asked for yet, less: not to be used */
};

/* The exact value lies within `error` of `value`, the bounds of the declared arithmetic, before they are rounded to the
 * destination's format, within `reach`. */
struct poolgrad_quick_value {
    double value, error, reach;
    bool known;
};

void poolgrad_quick_init(struct poolgrad_quick *quick, struct poolgrad_judge *judge,
                         const poolgrad_declaration *declaration);
void poolgrad_quick_clear(struct poolgrad_quick *quick);

/* The judge's volume. False where memory is lacking. */
bool poolgrad_quick_begin(struct poolgrad_quick *quick);

/* Of a gradient's source pixel, by the picks of the rules; of a forward call's output pixel. */
struct poolgrad_quick_value poolgrad_quick_gradient(struct poolgrad_quick *quick, struct poolgrad_pixel pixel,
                                                    double before);
struct poolgrad_quick_value poolgrad_quick_forward(struct poolgrad_quick *quick, struct poolgrad_pixel output);

/* Of a gradient of max, with the judge's shares: whether the bounds hold `actual`. */
enum poolgrad_quick_answer { POOLGRAD_QUICK_UNKNOWN, POOLGRAD_QUICK_HOLDS, POOLGRAD_QUICK_EXCLUDES };
enum poolgrad_quick_answer poolgrad_quick_shared(struct poolgrad_quick *quick, struct poolgrad_pixel pixel,
                                                 double actual);

/* Whether the bounds of such a pixel are so narrow that they surely say something of it. */
bool poolgrad_quick_tells(struct poolgrad_quick *quick, struct poolgrad_pixel pixel);

/* Whether neither the bounds nor the exact value, rounded to the destination's format, can be `actual`. */
bool poolgrad_quick_excludes(const struct poolgrad_quick *quick, struct poolgrad_quick_value bounds, double actual);

/* Whether all that the exact value may be is rounded to one number other than 0; which. */
bool poolgrad_quick_rounds(const struct poolgrad_quick *quick, struct poolgrad_quick_value bounds, double *rounded);

#endif
