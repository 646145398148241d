/* SPDX-License-Identifier: Apache-2.0 */
/* What samples of one quantity have in common. */
#ifndef POOLGRAD_MEASURE_SPREAD_H
#define POOLGRAD_MEASURE_SPREAD_H

/* Half of the samples lie between the quartiles `lower` and `upper`. */
struct spread {
    double lower, median, upper;
};

/* Sorts the samples, of which there is at least one. Quartiles between two samples are interpolated. */
struct spread poolgrad_spread_of(double *sample, int count);

#endif
