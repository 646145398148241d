/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of one size, and what is counted and added where they are the greatest. Included once for each; parameters, all
 * undefined at the end:
 *
 *   TIES_KEY        a key: int32_t or int64_t
 *   TIES_CODE       the code of a number, at any address: unsigned, of as many bits
 *   TIES_MOST       the greatest magnitude of a code,
 *   TIES_INFINITY   and that of infinity
 *   TIES_MAKE       names of functions: keys,
 *   TIES_COUNT      counts,
 *   TIES_ADD_F32    sums of float32
 *   TIES_ADD_F64    and float64
 */

/* The magnitude, negated where the sign is set. */
static void TIES_MAKE(const void *from, struct poolgrad_rows rows, int64_t nan, void *key)
{
    for (int64_t row = 0; row < rows.rows; row++) {
        const TIES_CODE *restrict code = (const TIES_CODE *)from + row * rows.from_step;
        TIES_KEY *restrict keys = (TIES_KEY *)key + row * rows.to_step;
        for (int64_t i = 0; i < rows.count; i++) {
            const TIES_KEY magnitude = (TIES_KEY)(code[i] & TIES_MOST);
            const TIES_KEY value = code[i] > TIES_MOST ? -magnitude : magnitude;
            keys[i] = magnitude > TIES_INFINITY ? (TIES_KEY)nan : value;
        }
    }
}

static void TIES_COUNT(const void *key, const void *best, int64_t count, int32_t *ties)
{
    const TIES_KEY *keys = key, *greatest = best;
    for (int64_t i = 0; i < count; i++) ties[i] += keys[i] == greatest[i];
}

static void TIES_ADD_F32(const void *key, const void *best, const uint32_t *tap, uint32_t code, const void *share,
                         int64_t count, void *sum)
{
    const TIES_KEY *keys = key, *greatest = best;
    const float *shares = share;
    float *sums = sum;
    for (int64_t i = 0; i < count; i++) {
        const float term = keys[i] == greatest[i] || tap[i] == code ? shares[i] : 0;
        sums[i] += term;
    }
}
static void TIES_ADD_F64(const void *key, const void *best, const uint32_t *tap, uint32_t code, const void *share,
                         int64_t count, void *sum)
{
    const TIES_KEY *keys = key, *greatest = best;
    const double *shares = share;
    double *sums = sum;
    for (int64_t i = 0; i < count; i++) {
        const double term = keys[i] == greatest[i] || tap[i] == code ? shares[i] : 0;
        sums[i] += term;
    }
}

#undef TIES_KEY
#undef TIES_CODE
#undef TIES_MOST
#undef TIES_INFINITY
#undef TIES_MAKE
#undef TIES_COUNT
#undef TIES_ADD_F32
#undef TIES_ADD_F64
