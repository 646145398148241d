/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include <stdlib.h>

uint64_t random_bits(random_state *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t random_between(random_state *r, int64_t first, int64_t last)
{
    uint64_t values = (uint64_t)last - (uint64_t)first + 1;
    return first + (int64_t)(random_bits(r) % values);
}

bool random_chance(random_state *r, int percent)
{
    return random_between(r, 0, 99) < percent;
}

/* Decimal, 0x or octal, as strtoull reads them. */
static uint64_t environment_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    if (!text || !*text) return otherwise;
    char *end;
    uint64_t number = strtoull(text, &end, 0);
    return *end ? otherwise : number;
}

/* FNV-1a: every sweep has seeds of its own, so that the tests do not all see the same problems. */
static uint64_t seed_of_name(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; ++name) hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

random_sweep random_sweep_start_costly(const char *name, int64_t default_cases, int64_t worth)
{
    int64_t cases = (int64_t)environment_number("POOLGRAD_TEST_CASES", (uint64_t)(default_cases * worth)) / worth;
    return (random_sweep){
        .name = name,
        .seed = environment_number("POOLGRAD_TEST_SEED", seed_of_name(name)) - 1,
        .cases = cases > 0 ? cases : 1,
    };
}

random_sweep random_sweep_start(const char *name, int64_t default_cases)
{
    return random_sweep_start_costly(name, default_cases, 1);
}

bool random_sweep_next(random_sweep *sweep)
{
    if (sweep->started == sweep->cases) return false;
    ++sweep->started;
    ++sweep->seed;
    return true;
}

bool random_sweep_told(const random_sweep *sweep, int percent)
{
    enum { FEW = 200 };
    return sweep->cases < FEW || sweep->telling * 100 >= sweep->cases * percent;
}
