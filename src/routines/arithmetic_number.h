/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of rows of numbers. Included once for each type; parameters, all undefined at the end:
 *
 *   ARITHMETIC_TYPE     float or double,
 *   ARITHMETIC_NUMBER   f32 or f64,
 *   ARITHMETIC_VECTOR   and vectors of these:
 *   ARITHMETIC_LANES    lanes of one
 */

#define ARITHMETIC_JOIN(a, b) a##_##b
#define ARITHMETIC_EXPANDED_JOIN(a, b) ARITHMETIC_JOIN(a, b)
#define NAME(a) ARITHMETIC_EXPANDED_JOIN(a, ARITHMETIC_NUMBER)
#define BY struct NAME(by)
#define TYPE ARITHMETIC_TYPE
#define VECTOR ARITHMETIC_VECTOR
#define LANES ((int64_t)ARITHMETIC_LANES)
#define SIZE ((int64_t)sizeof(ARITHMETIC_TYPE))

/* What a vector of each row is divided by. */
struct NAME(by) {
    VECTOR value, high, low;
};

static ARITHMETIC_ALWAYS_INLINE VECTOR NAME(divide_vector)(VECTOR x, const BY *by, enum divide_way way)
{
    if (way == DIVIDE_BY_FACTOR) return NAME(multiply)(x, by->value);
    if (way == DIVIDE_BY_VALUE) return NAME(quotient)(x, by->value);
    return NAME(quotient_by)(x, by->value, by->high, by->low);
}

/* Lanes of it, perhaps all; the way is a constant. */
static ARITHMETIC_ALWAYS_INLINE void NAME(divide_at)(const unsigned char *from, const BY *by, enum divide_way way,
                                                     int64_t lanes, unsigned char *to)
{
    if (lanes < LANES) {
        NAME(put_part)(to, NAME(divide_vector)(NAME(load_part)(from, lanes), by, way), lanes);
    } else {
        NAME(store)(to, NAME(divide_vector)(NAME(load)(from), by, way));
    }
}

/* One row after the other. */
static ARITHMETIC_ALWAYS_INLINE void NAME(divide_rows)(const unsigned char *from, BY by, enum divide_way way,
                                                       struct poolgrad_rows rows, unsigned char *to)
{
    for (int64_t row = 0; row < rows.rows; row++, from += rows.from_step * SIZE, to += rows.to_step * SIZE) {
        int64_t i = 0;
        for (; i <= rows.count - LANES; i += LANES) NAME(divide_at)(from + i * SIZE, &by, way, LANES, to + i * SIZE);
        if (i < rows.count) NAME(divide_at)(from + i * SIZE, &by, way, rows.count - i, to + i * SIZE);
    }
}

/* The same lanes of each row. */
static ARITHMETIC_ALWAYS_INLINE void NAME(divide_column)(const unsigned char *from, BY by, enum divide_way way,
                                                         struct poolgrad_rows rows, int64_t lanes, unsigned char *to)
{
    for (int64_t row = 0; row < rows.rows; row++, from += rows.from_step * SIZE, to += rows.to_step * SIZE) {
        NAME(divide_at)(from, &by, way, lanes, to);
    }
}

static void NAME(divide_all)(const void *from, const struct poolgrad_divisor *by, struct poolgrad_rows rows, void *to)
{
    const BY all = {NAME(splat)(by->value), NAME(splat)(by->high), NAME(splat)(by->low)};
    const BY factor = {NAME(splat)(by->high + by->low), all.high, all.low};
    if (by->high == 0) {
        NAME(divide_rows)(from, all, DIVIDE_BY_VALUE, rows, to);
    } else if (by->high == by->low) {
        NAME(divide_rows)(from, factor, DIVIDE_BY_FACTOR, rows, to);
    } else {
        NAME(divide_rows)(from, all, DIVIDE_BY_RECIPROCAL, rows, to);
    }
}

/* The first lanes, or all. */
static ARITHMETIC_ALWAYS_INLINE VECTOR NAME(take)(const void *list, int64_t i, int64_t lanes)
{
    const unsigned char *at = (const unsigned char *)list + i * SIZE;
    return lanes < LANES ? NAME(load_part)(at, lanes) : NAME(load)(at);
}

/* Lanes from element i of each row on; whether reciprocals are there is a constant. */
static ARITHMETIC_ALWAYS_INLINE void NAME(divide_lanes)(const unsigned char *from, struct poolgrad_divisors by,
                                                        bool reciprocals, int64_t i, struct poolgrad_rows rows,
                                                        int64_t lanes, unsigned char *to)
{
    BY vector = {.value = NAME(take)(by.values, i, lanes)};
    if (reciprocals) {
        vector.high = NAME(take)(by.high, i, lanes);
        vector.low = NAME(take)(by.low, i, lanes);
        NAME(divide_column)(from + i * SIZE, vector, DIVIDE_BY_RECIPROCAL, rows, lanes, to + i * SIZE);
    } else {
        NAME(divide_column)(from + i * SIZE, vector, DIVIDE_BY_VALUE, rows, lanes, to + i * SIZE);
    }
}

/* That, and whether there is one row, are constants. */
static ARITHMETIC_ALWAYS_INLINE void NAME(divide_columns)(const unsigned char *from, struct poolgrad_divisors by,
                                                          bool reciprocals, bool one, struct poolgrad_rows rows,
                                                          unsigned char *to)
{
    int64_t i = 0;
    if (one) rows.rows = 1;
    for (; i <= rows.count - LANES; i += LANES) NAME(divide_lanes)(from, by, reciprocals, i, rows, LANES, to);
    if (i < rows.count) NAME(divide_lanes)(from, by, reciprocals, i, rows, rows.count - i, to);
}

static void NAME(divide)(const void *from, const struct poolgrad_divisors *by, struct poolgrad_rows rows, void *to)
{
    if (!by->high) {
        NAME(divide_columns)(from, *by, false, false, rows, to);
    } else if (rows.rows == 1) {
        NAME(divide_columns)(from, *by, true, true, rows, to);
    } else {
        NAME(divide_columns)(from, *by, true, false, rows, to);
    }
}

static void NAME(add_to)(void *a, const void *b, int64_t count)
{
    TYPE *restrict sum = a;
    const TYPE *restrict term = b;
    for (int64_t i = 0; i < count; i++) sum[i] += term[i];
}

#undef ARITHMETIC_JOIN
#undef ARITHMETIC_EXPANDED_JOIN
#undef NAME
#undef BY
#undef TYPE
#undef VECTOR
#undef LANES
#undef SIZE

#undef ARITHMETIC_TYPE
#undef ARITHMETIC_NUMBER
#undef ARITHMETIC_VECTOR
#undef ARITHMETIC_LANES
