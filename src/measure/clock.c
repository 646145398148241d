/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/clock.h"

#include <time.h>

int64_t poolgrad_nanoseconds(void)
{
    enum { PER_SECOND = 1000000000 };
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * PER_SECOND + now.tv_nsec;
}
