/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/kernels.h"

const struct poolgrad_kernels poolgrad_kernels_avx2 = {.isa = POOLGRAD_ISA_AVX2, .vector_bytes = 32};
