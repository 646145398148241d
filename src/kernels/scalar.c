/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/kernels.h"

const struct poolgrad_kernels poolgrad_kernels_scalar = {.isa = POOLGRAD_ISA_SCALAR, .vector_bytes = 4};
