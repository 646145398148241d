/* SPDX-License-Identifier: Apache-2.0 */
/* What windows find among their taps. */
#ifndef POOLGRAD_ROUTINES_FIND_H
#define POOLGRAD_ROUTINES_FIND_H

#include "routines/routines.h"

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_FIND_ROUTINES

#endif
