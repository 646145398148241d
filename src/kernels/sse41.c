/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/v128.h"

#include "kernels/elements.h"
#include "kernels/half.h"
#include "kernels/positions.h"

const struct poolgrad_kernels poolgrad_kernels_sse41 = POOLGRAD_TABLE(POOLGRAD_ISA_SSE41, deliver_half);
