/* SPDX-License-Identifier: Apache-2.0 */
/* Random problems with their memory, each made from one seed and the limits a test sets, and from nothing else. */
#ifndef POOLGRAD_TESTS_CASE_H
#define POOLGRAD_TESTS_CASE_H

#include "guard.h"
#include "literal.h"
#include "random.h"
#include <poolgrad/poolgrad.h>

typedef enum case_data {
    DATA_ANY,      /* one of the next five for each image; in wide cases, rare as well */
    DATA_TIES,     /* very few different values */
    DATA_RELU,     /* half of them zeros, the rest random */
    DATA_PLAIN,    /* random fractions of many magnitudes */
    DATA_SPECIAL,  /* ties among NaNs, infinities, zeros, subnormals and the greatest numbers */
    DATA_BITS,     /* random bits */
    DATA_WHOLE,    /* whole multiples of case_limits.unit, at most 8 either way */
    DATA_POSITIVE, /* 1 to 2 in steps of 1/256 */
    DATA_RARE      /* ties with a special value here and there */
} case_data;

/* Where the memory of the images ends. Loose: some bytes later, so that data is misaligned. */
typedef enum case_guard { CASE_LOOSE, CASE_GUARD_BEHIND, CASE_GUARD_BEFORE } case_guard;

/* What the cases of a test may have that MPS does not have, each by chance. Formats, kinds and directions stay what the
 * limits say. */
typedef enum case_beyond {
    CASE_VOLUMES = 1, /* small ones, a third axis in everything; not with `wide` */
    CASE_TABLES = 2,
    CASE_DIVISORS = 4,
    CASE_SIDES = 8, /* counted padding of one side */
    CASE_ROOT_MEANS = 16,
    CASE_GATHERS = 32, /* forward calls of max from indices */
    CASE_BLOCKED = 64, /* slices of 8, 16 and 32 channels */
    CASE_BEYOND = 127
} case_beyond;

/* What a test allows; zero allows everything, but for `beyond`. Sets have the bit CASE_SET(value) for each value of an
 * enumeration. */
typedef struct case_limits {
    unsigned directions, kinds, edge_modes, ties, nans;
    unsigned source_formats, gradient_formats, destination_formats;
    unsigned beyond; /* of case_beyond */
    int64_t greatest_kernel;
    bool no_indices, no_adding; /* neither indices nor picks */
    bool from_data;             /* the source has data */
    bool no_slices;             /* no blocked layout */
    bool large;                 /* planes that several threads share */
    bool wide;  /* rows and pixels that fill vectors, each with every tail; windows and strides of any shape */
    bool whole; /* gradient: the destination has the source's size, is written everywhere, and is not mapped */
    case_data data;
    int64_t unit;
    case_guard guard;
} case_limits;

#define CASE_SET(value) (1u << (value))

/* Buffers of images and tables that the problem does not have stay zero. */
typedef struct test_case {
    uint64_t seed;
    poolgrad_problem problem;
    guard_buffer source, source_gradient, destination, indices, picks;
    guard_buffer tables[LITERAL_AXES]; /* memory of windows_z, windows_y, windows_x */
} test_case;

void case_make(test_case *made, uint64_t seed);
void case_make_within(test_case *made, uint64_t seed, const case_limits *limits);
void case_free(test_case *made);

/* Whether the sources are untouched and no canary is dead. */
bool case_intact(const test_case *made);

/* The forward problem that pools what a gradient problem's region counts: its destination is sized like the source
 * gradient and gets each window's value where the gradient has that window's pixel. Picks and memory of the result
 * are the caller's to set. */
poolgrad_problem case_forward_of(const poolgrad_problem *gradient);

#endif
