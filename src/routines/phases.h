/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of pixels and their phases: pixels of one size taken apart, and put together again. */
#ifndef POOLGRAD_ROUTINES_PHASES_H
#define POOLGRAD_ROUTINES_PHASES_H

#include <string.h>

#include "routines/routines.h"

#define PHASES_SPLIT split_phases_8
#define PHASES_MERGE merge_phases_8
#define PHASES_TYPE uint8_t
#include "routines/phases_size.h"

#define PHASES_SPLIT split_phases_16
#define PHASES_MERGE merge_phases_16
#define PHASES_TYPE uint16_t
#include "routines/phases_size.h"

#define PHASES_SPLIT split_phases_32
#define PHASES_MERGE merge_phases_32
#define PHASES_TYPE uint32_t
#include "routines/phases_size.h"

#define PHASES_SPLIT split_phases_64
#define PHASES_MERGE merge_phases_64
#define PHASES_TYPE uint64_t
#include "routines/phases_size.h"

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_PHASES_ROUTINES                                                                                       \
    .split_phases = {split_phases_8, split_phases_16, split_phases_32, split_phases_64},                               \
    .merge_phases = {merge_phases_8, merge_phases_16, merge_phases_32, merge_phases_64},

#endif
