/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels of one instruction set: a table of row operations, the same for each. One file per instruction set
 * (scalar.c, sse41.c, avx2.c, avx512.c, neon.c) defines its table; pooling/isa.c chooses among those compiled in.
 */
#ifndef POOLGRAD_KERNELS_KERNELS_H
#define POOLGRAD_KERNELS_KERNELS_H

#include <poolgrad/poolgrad.h>

struct poolgrad_kernels {
    poolgrad_isa isa;
    int vector_bytes;
};

extern const struct poolgrad_kernels poolgrad_kernels_scalar;
extern const struct poolgrad_kernels poolgrad_kernels_sse41;
extern const struct poolgrad_kernels poolgrad_kernels_avx2;
extern const struct poolgrad_kernels poolgrad_kernels_avx512;
extern const struct poolgrad_kernels poolgrad_kernels_neon;

#endif
