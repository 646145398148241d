/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of values: FNV-1a over 64-bit numbers, byte by byte. */
#ifndef POOLGRAD_TEXT_HASH_H
#define POOLGRAD_TEXT_HASH_H

#include <stdint.h>

/* Begins with the name of the value's type: equal properties of two types have different hashes. */
uint64_t poolgrad_hash_begin(const char *type);
uint64_t poolgrad_hash_number(uint64_t hash, int64_t number);
uint64_t poolgrad_hash_string(uint64_t hash, const char *string); /* null is not the empty string */
uint64_t poolgrad_hash_address(uint64_t hash, const void *address);

#endif
