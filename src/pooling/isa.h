/* SPDX-License-Identifier: Apache-2.0 */
/* Instruction sets: which a call may use, and the routines of the one it does. */
#ifndef POOLGRAD_POOLING_ISA_H
#define POOLGRAD_POOLING_ISA_H

#include "routines/routines.h"

#include <poolgrad/poolgrad.h>

/* Refuses a bound that is not one of this architecture's, in the field or in the variable POOLGRAD_MAX_ISA. */
poolgrad_status poolgrad_check_isa(poolgrad_isa max_isa, poolgrad_error *error);

/* "best, scalar, sse4.1, avx2 or avx512": the names valid on this architecture. */
const char *poolgrad_isa_names(void);

/* The routines of the best instruction set that is compiled in, usable on this processor, and within both bounds:
 * max_isa, which poolgrad_check_isa has accepted, and the variable. */
const struct poolgrad_routines *poolgrad_choose_routines(poolgrad_isa max_isa);

#endif
