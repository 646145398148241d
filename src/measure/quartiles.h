/* SPDX-License-Identifier: Apache-2.0 */
/* What samples of one quantity have in common. */
#ifndef POOLGRAD_MEASURE_QUARTILES_H
#define POOLGRAD_MEASURE_QUARTILES_H

/* Half of the samples lie between the quartiles `lower` and `upper`. The least one says what is possible: on a machine
 * that is shared by many, where most samples are disturbed, it is the one to compare. */
struct spread {
    double least, lower, median, upper;
};

/* Sorts the samples, of which there is at least one. Quartiles between two samples are interpolated. */
struct spread poolgrad_spread_of(double *sample, int count);

#endif
