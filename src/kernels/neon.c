/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/kernels.h"

const struct poolgrad_kernels poolgrad_kernels_neon = {.isa = POOLGRAD_ISA_NEON, .vector_bytes = 16};
