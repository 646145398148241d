/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/clock.h"

enum { PER_SECOND = 1000000000 };

#if defined(_WIN32)

#include <windows.h>

int64_t poolgrad_nanoseconds(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    const int64_t seconds = now.QuadPart / frequency.QuadPart, rest = now.QuadPart % frequency.QuadPart;
    return seconds * PER_SECOND + rest * PER_SECOND / frequency.QuadPart;
}

#else

#include <time.h>

int64_t poolgrad_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * PER_SECOND + now.tv_nsec;
}

#endif
