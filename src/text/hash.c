/* SPDX-License-Identifier: Apache-2.0 */
#include "text/hash.h"

static const uint64_t fnv_offset = UINT64_C(0xcbf29ce484222325), fnv_prime = UINT64_C(0x100000001b3);

static uint64_t hash_byte(uint64_t hash, unsigned byte)
{
    return (hash ^ byte) * fnv_prime;
}

uint64_t poolgrad_hash_number(uint64_t hash, int64_t number)
{
    const uint64_t bits = (uint64_t)number;
    for (int i = 0; i < 64; i += 8) hash = hash_byte(hash, (unsigned)(bits >> i) & 0xff);
    return hash;
}

uint64_t poolgrad_hash_string(uint64_t hash, const char *string)
{
    if (!string) return poolgrad_hash_number(hash, -1);
    for (; *string; string++) hash = hash_byte(hash, (unsigned char)*string);
    return hash_byte(hash, 0);
}

uint64_t poolgrad_hash_address(uint64_t hash, const void *address)
{
    return poolgrad_hash_number(hash, (int64_t)(uintptr_t)address);
}

uint64_t poolgrad_hash_begin(const char *type)
{
    return poolgrad_hash_string(fnv_offset, type);
}
