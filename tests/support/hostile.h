/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments as no sound program gives them, among sound ones: numbers, formats, images, padding policies, allocators,
 * contexts. What they say of memory is true, or so wrong that it has to be refused before any is touched.
 */
#ifndef POOLGRAD_TESTS_HOSTILE_H
#define POOLGRAD_TESTS_HOSTILE_H

#include "random.h"
#include <poolgrad/mps.h>
#include <stdbool.h>

enum { HOSTILE_MEMORY = 1 << 16 };

/* Larger allocations are refused while hostile calls run: their sizes may be anything. */
enum { HOSTILE_ALLOCATION = 1 << 18 };

typedef struct hostile {
    random_state random;
    int percent;  /* how often a choice is unsound */
    size_t used;  /* of the memory, by images */
    int64_t lent; /* images that allocators have not got back */
    unsigned char memory[HOSTILE_MEMORY];
} hostile;

/* Some cases are sound in nearly everything, others in hardly anything. The names say how to repeat the case. */
void hostile_begin(hostile *h, const char *suite, const char *test, uint64_t seed);

/* Ends the test where the condition does not hold, with the line that repeats the case. */
__attribute__((format(printf, 2, 3))) void hostile_assert(bool holds, const char *format, ...);

bool hostile_strikes(hostile *h);

/* Uniform in [first, last], or 0, negative, about a power of two, an end of the type. */
int64_t hostile_number(hostile *h, int64_t first, int64_t last);
int64_t hostile_nonsense(hostile *h);
int hostile_int(hostile *h, int first, int last);

/* A format of images, or any number. */
poolgrad_format hostile_format(hostile *h);

/* An image of about these sizes in the memory, which may overlap others; or without data, or wrong. */
poolgrad_image hostile_image(hostile *h, int64_t images, int64_t channels, int64_t height, int64_t width);

poolgrad_context hostile_context(hostile *h);

/* Custom ones refuse, or write nonsense to the descriptor or the kernel. They keep `h`. */
poolgrad_padding_policy hostile_policy(hostile *h);

/* None, sound ones, ones that refuse, and ones that give no memory, or an image that cannot be. They keep `h`. */
poolgrad_image_allocator hostile_allocator(hostile *h);

#endif
