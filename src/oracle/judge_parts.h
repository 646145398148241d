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

/* ---- Averages by axis -------------------------------------------------------------------------------------------- */

/* Whether the count of each axis is divided by: not where a divisor stands for them. */
bool poolgrad_judge_goes_by_axis(const struct poolgrad_judge *judge);

/* Of a pixel that some window has as a tap; of a window that has a tap inside. */
void poolgrad_judge_gradient_by_axis(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, double before,
                                     struct poolgrad_interval *result);
void poolgrad_judge_forward_by_axis(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                    struct poolgrad_interval *result);

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

/* Of the window of an output pixel, kept for the next time. */
const struct poolgrad_norm_bounds *poolgrad_judge_norm(struct poolgrad_judge *judge, struct poolgrad_pixel output);

/* g / norm into the first sum, the whole of a term into the second. */
void poolgrad_judge_add_quotient(struct poolgrad_judge *judge, const struct poolgrad_norm_bounds *bounds,
                                 double gradient);
void poolgrad_judge_finish_norm(struct poolgrad_judge *judge, double before, struct poolgrad_interval *result);

/* The root of a mean, or of a sum of squares, unrounded: of what is negative by a negative divisor there is none; but a
 * mean can be lost on the way to 0. */
void poolgrad_judge_take_root(struct poolgrad_judge *judge, struct poolgrad_interval *mean);
void poolgrad_judge_set_bounds(struct poolgrad_interval *interval, struct poolgrad_bounds bounds);

void poolgrad_judge_forward_norm(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                 struct poolgrad_interval *result);

/* ---- Of whole tensors -------------------------------------------------------------------------------------------- */

/* A result as it is read again after it was stored as an element of the source, or of the source gradient. */
void poolgrad_judge_keep_source(struct poolgrad_judge *judge, struct poolgrad_interval *interval);
void poolgrad_judge_keep_gradient(struct poolgrad_judge *judge, struct poolgrad_interval *interval);

/* N of a composed norm: of a mean what the root's formula has; else all taps, for who composes pads the source before.
 */
int64_t poolgrad_judge_composed_count(const struct poolgrad_judge *judge, struct poolgrad_window_at at);

/* The norm of a window before it is rounded; as it is stored, with its reciprocal. */
void poolgrad_judge_compose_root(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                 struct poolgrad_interval *root);
void poolgrad_judge_compose_norm(struct poolgrad_judge *judge, struct poolgrad_window_at at,
                                 struct poolgrad_interval *norm, struct poolgrad_interval *reciprocal);

/* Of a pixel of an L2-norm that some window has as a tap. The norms of these windows are known. */
void poolgrad_judge_gradient_composed(struct poolgrad_judge *judge, struct poolgrad_pixel pixel, double before,
                                      struct poolgrad_interval *result);

#endif
