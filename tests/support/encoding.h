/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements as bit patterns and as numbers, written from the definition of the formats and sharing nothing with the
 * library. Every value of every format is exact in a double.
 */
#ifndef POOLGRAD_TESTS_ENCODING_H
#define POOLGRAD_TESTS_ENCODING_H

#include <poolgrad/poolgrad.h>

/* Bytes of one element. */
size_t number_size(poolgrad_format format);

/* The number that an element's bits stand for; unorm formats give the float32 nearest to v / 255 or v / 65535. */
double number_decode(poolgrad_format format, uint64_t bits);

/* The bits of the value of a floating-point format that is nearest to `value`, ties to even; subnormals are kept, and a
 * NaN becomes the positive quiet NaN with only the top mantissa bit. */
uint64_t number_encode(poolgrad_format format, double value);

/* Widths of the fields of a floating-point format, 0 for others. */
int number_exponent_bits(poolgrad_format format);
int number_mantissa_bits(poolgrad_format format);

#endif
