/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/quartiles.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double quantile(const double *sorted, int count, double share)
{
    double place = share * (count - 1);
    int below = (int)place;
    int above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

struct spread poolgrad_spread_of(double *sample, int count)
{
    qsort(sample, (size_t)count, sizeof *sample, compare);
    return (struct spread){sample[0], quantile(sample, count, 0.25), quantile(sample, count, 0.5),
                           quantile(sample, count, 0.75)};
}
