/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-random numbers, the same on every machine. */
#ifndef POOLGRAD_MEASURE_NOISE_H
#define POOLGRAD_MEASURE_NOISE_H

#include <stdint.h>

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every state is good, so any number is a seed. */
static inline uint64_t poolgrad_noise(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* At least 0 and below `bound`, which is at least 1. The bias is bound / 2^64. */
static inline int64_t poolgrad_noise_below(uint64_t *state, int64_t bound)
{
    return (int64_t)(poolgrad_noise(state) % (uint64_t)bound);
}

#endif
