/* SPDX-License-Identifier: Apache-2.0 */
/* A steady clock. */
#ifndef POOLGRAD_MEASURE_CLOCK_H
#define POOLGRAD_MEASURE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some moment; never goes back, whatever is done to the time of day. */
int64_t poolgrad_nanoseconds(void);

#endif
