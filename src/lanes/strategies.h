/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shelves: all ways of reading, finding, giving and writing in lanes, by name. What a plan decided (lanes/choose.c)
 * is one of each shelf; plans and `poolgrad info` tell their names.
 */
#ifndef POOLGRAD_LANES_STRATEGIES_H
#define POOLGRAD_LANES_STRATEGIES_H

#include "lanes/lanes.h"

enum poolgrad_shelf { POOLGRAD_READING, POOLGRAD_FINDING, POOLGRAD_GIVING, POOLGRAD_WRITING, POOLGRAD_SHELVES };

/* One way; the first of its shelf that fits is the plan's. */
struct poolgrad_strategy {
    const char *name;
    bool (*fits)(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes);
};

/* A shelf, ending in a null name. The last strategy fits everything. */
const struct poolgrad_strategy *poolgrad_shelf_of(enum poolgrad_shelf shelf);

const struct poolgrad_strategy *poolgrad_strategy_of(enum poolgrad_shelf shelf, const struct poolgrad_geometry *g,
                                                     const struct poolgrad_lanes *lanes);

#endif
