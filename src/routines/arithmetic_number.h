/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of rows of numbers. Included once for each type; parameters, all undefined at the end:
 *
 *   ARITHMETIC_TYPE     float or double,
 *   ARITHMETIC_LOOSE    and the same at any address
 *   ARITHMETIC_DIVIDE, ARITHMETIC_DIVIDE_ROWS   names of functions
 *   ARITHMETIC_ADD
 */

static void ARITHMETIC_DIVIDE(const void *from, const void *divisor, struct poolgrad_rows rows, void *to)
{
    const ARITHMETIC_TYPE *restrict divisors = divisor;
    for (int64_t row = 0; row < rows.rows; row++) {
        ARITHMETIC_TYPE *restrict quotient = (ARITHMETIC_TYPE *)to + row * rows.to_step;
        if (from == to) {
            for (int64_t i = 0; i < rows.count; i++) quotient[i] /= divisors[i];
        } else {
            const ARITHMETIC_LOOSE *restrict dividend = (const ARITHMETIC_LOOSE *)from + row * rows.from_step;
            for (int64_t i = 0; i < rows.count; i++) quotient[i] = dividend[i] / divisors[i];
        }
    }
}

static void ARITHMETIC_DIVIDE_ROWS(const void *from, const void *divisors, struct poolgrad_rows rows, void *to)
{
    for (int64_t row = 0; row < rows.rows; row++) {
        const ARITHMETIC_TYPE divisor = ((const ARITHMETIC_TYPE *)divisors)[row];
        ARITHMETIC_TYPE *restrict quotient = (ARITHMETIC_TYPE *)to + row * rows.to_step;
        if (from == to) {
            for (int64_t i = 0; i < rows.count; i++) quotient[i] /= divisor;
        } else {
            const ARITHMETIC_LOOSE *restrict dividend = (const ARITHMETIC_LOOSE *)from + row * rows.from_step;
            for (int64_t i = 0; i < rows.count; i++) quotient[i] = dividend[i] / divisor;
        }
    }
}

static void ARITHMETIC_ADD(void *a, const void *b, int64_t count)
{
    ARITHMETIC_TYPE *restrict sum = a;
    const ARITHMETIC_TYPE *restrict term = b;
    for (int64_t i = 0; i < count; i++) sum[i] += term[i];
}

#undef ARITHMETIC_TYPE
#undef ARITHMETIC_LOOSE
#undef ARITHMETIC_DIVIDE
#undef ARITHMETIC_DIVIDE_ROWS
#undef ARITHMETIC_ADD
