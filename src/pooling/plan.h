/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: a resolved geometry, the routines chosen for it, and how its work is divided. */
#ifndef POOLGRAD_POOLING_PLAN_H
#define POOLGRAD_POOLING_PLAN_H

#include <stdatomic.h>

#include "geometry/geometry.h"
#include "lanes/lanes.h"
#include "pooling/tiles.h"

/* Who computes: the reference, by tiles; or lanes. */
enum poolgrad_engine { POOLGRAD_ENGINE_REFERENCE, POOLGRAD_ENGINE_LANES };

struct poolgrad_plan {
    struct poolgrad_geometry geometry;
    enum poolgrad_engine engine;
    int64_t units; /* the engine's; of the reference, tiles of all written channels of all written images, in order */
    int threads;
    struct poolgrad_tiles tiles; /* of the reference */
    struct poolgrad_lanes lanes;
    /* Working memory for the threads of all concurrent runs, each of which takes a free block while it runs. */
    int blocks;
    int64_t bytes; /* of a block; 0: none is needed */
    unsigned char *memory;
    atomic_flag *taken;
    poolgrad_span *spans; /* tables of the plan's own, behind each other; null where there are none */
    char kernel[96];      /* poolgrad_plan_kernel */
};

/* Fills a plan the caller owns, for a resolved problem; poolgrad_plan_create does so on the heap. */
poolgrad_status poolgrad_plan_make(const struct poolgrad_geometry *geometry, struct poolgrad_plan *plan,
                                   poolgrad_error *error);
void poolgrad_plan_free_memory(struct poolgrad_plan *plan);

/* Threads worth starting for this much work; `asked` 0 leaves it to the machine. At least 1. */
int poolgrad_choose_threads(const struct poolgrad_plan *plan, int asked);

#endif
