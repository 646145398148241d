/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/kernels.h"

const struct poolgrad_kernels poolgrad_kernels_sse41 = {.isa = POOLGRAD_ISA_SSE41, .vector_bytes = 16};
