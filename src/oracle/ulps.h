/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POOLGRAD_ORACLE_ULPS_H
#define POOLGRAD_ORACLE_ULPS_H

#include <poolgrad/poolgrad.h>

/* How many numbers of the format it is from a to b, two of them; INT64_MAX where one is not finite and they differ. */
int64_t poolgrad_ulps_between(poolgrad_format format, double a, double b);

#endif
