/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a judge have of each other. */
#ifndef POOLGRAD_ORACLE_JUDGE_PARTS_H
#define POOLGRAD_ORACLE_JUDGE_PARTS_H

#include "oracle/judge.h"

/* A count or a divisor, or the number nearest to it that the accumulator has, into work.count: who divides may know
 * either. */
void poolgrad_judge_set_divisor(struct poolgrad_judge *judge, int64_t count);

/* What the destination held, as one more term; added last to `value`, if it is added to at all. */
void poolgrad_judge_add_before(struct poolgrad_judge *judge, struct poolgrad_interval_sum *sum, double before);
void poolgrad_judge_add_last(struct poolgrad_judge *judge, struct poolgrad_interval *value, double before);

/* Whether a comparison in the declared format can take the two for equal, `maximum` being the greater. */
bool poolgrad_judge_ties(struct poolgrad_judge *judge, double tap, double maximum);

/* Forgets the windows of the volume before. False where memory is lacking. */
bool poolgrad_judge_begin_windows(struct poolgrad_judge *judge);

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

/* Of the window of an output pixel, kept for the next time. */
const struct poolgrad_norm_bounds *poolgrad_judge_norm(struct poolgrad_judge *judge, struct poolgrad_pixel output);

/* g / norm into the first sum, the whole of a term into the second. */
void poolgrad_judge_add_quotient(struct poolgrad_judge *judge, const struct poolgrad_norm_bounds *bounds,
                                 double gradient);
void poolgrad_judge_finish_norm(struct poolgrad_judge *judge, double before, struct poolgrad_interval *result);

void poolgrad_judge_forward_norm(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                 struct poolgrad_interval *result);

#endif
