/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is allocated while a test runs, and allocations that fail on request. The linker leads every call of malloc,
 * calloc, realloc, aligned_alloc and free here (--wrap), so that the library needs no hook: for programs that
 * tests/CMakeLists.txt lists, and for what is linked into them. Shared libraries, OpenMP's among them, go by unseen.
 */
#ifndef POOLGRAD_TESTS_ALLOCATION_H
#define POOLGRAD_TESTS_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Blocks allocated and not freed yet. */
int64_t allocation_live(void);

/* From here to allocation_end: counts, and lets the allocation with this number, from 1 on, fail, and with `and_all`
 * all after it. 0: none. */
void allocation_begin(int64_t failing, bool and_all);

/* How many there were. */
int64_t allocation_end(void);

/* Larger ones fail from now on, so that sizes that are nonsense do not take the machine's memory. */
void allocation_limit(size_t bytes);

#endif
