/* SPDX-License-Identifier: Apache-2.0 */
/* Planes side by side. */
#ifndef POOLGRAD_ROUTINES_LANES_H
#define POOLGRAD_ROUTINES_LANES_H

#include "routines/routines.h"

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_LANES_ROUTINES

#endif
