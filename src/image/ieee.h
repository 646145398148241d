/* SPDX-License-Identifier: Apache-2.0 */
/* Included wherever results are computed: refuses a compiler that was told to compute something else (docs/numerics.md
 * N71). */
#ifndef POOLGRAD_IMAGE_IEEE_H
#define POOLGRAD_IMAGE_IEEE_H

#include <float.h>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "poolgrad's results rest on IEEE arithmetic: build without -ffast-math and its parts"
#endif
#if FLT_EVAL_METHOD != 0
#error "poolgrad's results rest on float and double arithmetic without excess precision (x86: -msse2 -mfpmath=sse)"
#endif

#endif
