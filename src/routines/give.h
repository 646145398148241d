/* SPDX-License-Identifier: Apache-2.0 */
/* What pixels get from their windows. */
#ifndef POOLGRAD_ROUTINES_GIVE_H
#define POOLGRAD_ROUTINES_GIVE_H

#include "routines/routines.h"

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_GIVE_ROUTINES

#endif
