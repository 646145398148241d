/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/v256.h"

#include "kernels/elements.h"
#include "kernels/half.h"
#include "kernels/positions.h"

const struct poolgrad_kernels poolgrad_kernels_avx2 = POOLGRAD_TABLE(POOLGRAD_ISA_AVX2, deliver_half);
