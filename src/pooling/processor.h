/* SPDX-License-Identifier: Apache-2.0 */
/* What the processor can do. */
#ifndef POOLGRAD_POOLING_PROCESSOR_H
#define POOLGRAD_POOLING_PROCESSOR_H

#include <poolgrad/poolgrad.h>

/* The greatest instruction set whose routines the processor and the system let run, compiled in or not. */
poolgrad_isa poolgrad_processor_isa(void);

/* Bytes of the greatest cache of a processor; a guess where the processor does not tell. */
int64_t poolgrad_processor_cache(void);

#endif
