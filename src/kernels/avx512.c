/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/v512.h"

#include "kernels/elements.h"
#include "kernels/half.h"
#include "kernels/positions.h"

const struct poolgrad_kernels poolgrad_kernels_avx512 = POOLGRAD_TABLE(POOLGRAD_ISA_AVX512, deliver_half);
