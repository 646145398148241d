/* SPDX-License-Identifier: Apache-2.0 */
#include "simd/v256.h"

#include "routines/elements.h"
#include "routines/find.h"
#include "routines/find_rows.h"
#include "routines/give.h"
#include "routines/row_phases.h"
#include "routines/turn.h"

const struct poolgrad_routines poolgrad_routines_avx2 = POOLGRAD_TABLE(POOLGRAD_ISA_AVX2);
