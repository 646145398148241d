/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/kernels.h"

const struct poolgrad_kernels poolgrad_kernels_avx512 = {.isa = POOLGRAD_ISA_AVX512, .vector_bytes = 64};
