/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/v1.h"

#include "kernels/elements.h"
#include "kernels/positions.h"

const struct poolgrad_kernels poolgrad_kernels_scalar = POOLGRAD_TABLE(POOLGRAD_ISA_SCALAR, NULL);
