/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/fraction.h"

#include <float.h>
#include <math.h>

#include "base/integer.h"
#include "image/ieee.h"

/* Bits of a quotient that is going to be rounded: enough for the widest format, a rounding bit, and what a quotient may
 * have less than was asked for; few enough for 64 bits, one more for what is behind. */
enum { GUARD_BITS = 6 };

struct poolgrad_precision poolgrad_precision_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_FLOAT16: return (struct poolgrad_precision){11, -14, 65504};
    case POOLGRAD_BFLOAT16: return (struct poolgrad_precision){8, -126, 0x1.fep127};
    case POOLGRAD_FLOAT32: return (struct poolgrad_precision){FLT_MANT_DIG, -126, FLT_MAX};
    default: return (struct poolgrad_precision){DBL_MANT_DIG, -1022, DBL_MAX};
    }
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

void poolgrad_scratch_init(struct poolgrad_scratch *scratch)
{
    mpz_inits(scratch->a, scratch->b, scratch->c, NULL);
}

void poolgrad_scratch_clear(struct poolgrad_scratch *scratch)
{
    mpz_clears(scratch->a, scratch->b, scratch->c, NULL);
}

void poolgrad_split(double value, mpz_t mantissa, int64_t *exponent)
{
    int power;
    double fraction = frexp(value, &power);
    mpz_set_d(mantissa, ldexp(fraction, DBL_MANT_DIG));
    *exponent = (int64_t)power - DBL_MANT_DIG;
}

/* unsigned long may have 32 bits. */
void poolgrad_set_integer(mpz_t z, int64_t value)
{
    const uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    mpz_set_ui(z, (unsigned long)(magnitude >> 32));
    mpz_mul_2exp(z, z, 32);
    mpz_add_ui(z, z, (unsigned long)(magnitude & UINT32_MAX));
    if (value < 0) mpz_neg(z, z);
}

static int64_t bit_count(const mpz_t z)
{
    return (int64_t)mpz_sizeinbase(z, 2);
}

static uint64_t to_uint64(const mpz_t z)
{
    uint64_t value = 0;
    mpz_export(&value, NULL, -1, sizeof value, 0, 0, z);
    return value;
}

static void shift_left(mpz_t z, const mpz_t from, int64_t bits)
{
    mpz_mul_2exp(z, from, (mp_bitcnt_t)bits);
}

/* ---- Rounding ---------------------------------------------------------------------------------------------------- */

/* (value + something in [0, 1), 0 if it is exact) 2^exponent, to nearest even. `value` has at least two bits more than
 * the format, and at most 62. */
static double round_magnitude(const struct poolgrad_precision *p, uint64_t value, bool exact, int64_t exponent)
{
    int64_t length = 0;
    for (uint64_t rest = value; rest != 0; rest >>= 1) length++;
    const int64_t top = poolgrad_max(exponent + length - 1, p->least), unit = top - p->bits + 1;
    const int64_t drop = unit - exponent;
    if (drop > length + 1) return 0; /* below a quarter of the least number */
    const uint64_t below = value & ((UINT64_C(1) << drop) - 1), half = UINT64_C(1) << (drop - 1);
    value >>= drop;
    if (below > half || (below == half && (!exact || value % 2 == 1))) value++;
    /* Beyond every exponent of a double it is infinite, too. */
    const double rounded = ldexp((double)value, (int)poolgrad_min(unit, DBL_MAX_EXP));
    return rounded > p->greatest ? INFINITY : rounded;
}

double poolgrad_round_quotient(const struct poolgrad_precision *precision, const mpz_t numerator, int64_t exponent,
                               const mpz_t denominator, struct poolgrad_scratch *scratch)
{
    const int sign = mpz_sgn(numerator);
    if (sign == 0) return 0;
    const int64_t wanted = precision->bits + GUARD_BITS - 2;
    const int64_t shift = wanted - (bit_count(numerator) - bit_count(denominator));
    mpz_abs(scratch->a, numerator);
    if (shift >= 0)
        shift_left(scratch->a, scratch->a, shift);
    else
        shift_left(scratch->b, denominator, -shift);
    mpz_tdiv_qr(scratch->a, scratch->c, scratch->a, shift >= 0 ? denominator : scratch->b);
    const double rounded = round_magnitude(precision, to_uint64(scratch->a), mpz_sgn(scratch->c) == 0,
                                           exponent - shift);
    return sign < 0 ? -rounded : rounded;
}

double poolgrad_round_double(double value, const struct poolgrad_precision *precision, struct poolgrad_scratch *scratch)
{
    int64_t exponent;
    mpz_t one;
    if (!isfinite(value)) return value;
    if (value == 0) return 0;
    if (precision->bits == DBL_MANT_DIG) return value;
    if (precision->bits == FLT_MANT_DIG) return (double)(float)value;
    mpz_init_set_ui(one, 1);
    poolgrad_split(value, scratch->b, &exponent);
    const double rounded = poolgrad_round_quotient(precision, scratch->b, exponent, one, scratch);
    mpz_clear(one);
    return rounded;
}

double poolgrad_round_root(const struct poolgrad_precision *precision, const mpz_t square, int64_t exponent,
                           int64_t divisor, struct poolgrad_scratch *scratch)
{
    if (mpz_sgn(square) == 0) return 0;
    poolgrad_set_integer(scratch->c, divisor);
    /* The root of 2 w bits has w; the exponent has to be even. */
    const int64_t wanted = 2 * (int64_t)(precision->bits + GUARD_BITS - 2);
    int64_t shift = poolgrad_max(wanted - (bit_count(square) - bit_count(scratch->c)), 0);
    shift += (exponent - shift) & 1;
    shift_left(scratch->a, square, shift);
    mpz_tdiv_qr(scratch->a, scratch->b, scratch->a, scratch->c);
    bool exact = mpz_sgn(scratch->b) == 0;
    mpz_sqrtrem(scratch->a, scratch->b, scratch->a);
    exact = exact && mpz_sgn(scratch->b) == 0;
    int64_t rest = poolgrad_max(bit_count(scratch->a) - (precision->bits + GUARD_BITS), 0);
    exact = exact && (rest == 0 || (int64_t)mpz_scan1(scratch->a, 0) >= rest);
    mpz_tdiv_q_2exp(scratch->a, scratch->a, (mp_bitcnt_t)rest);
    return round_magnitude(precision, to_uint64(scratch->a), exact, (exponent - shift) / 2 + rest);
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

void poolgrad_sum_init(struct poolgrad_sum *sum)
{
    mpz_init(sum->numerator);
    mpz_init_set_ui(sum->denominator, 1);
    poolgrad_sum_reset(sum);
}

void poolgrad_sum_clear(struct poolgrad_sum *sum)
{
    mpz_clear(sum->numerator);
    mpz_clear(sum->denominator);
}

void poolgrad_sum_reset(struct poolgrad_sum *sum)
{
    mpz_set_ui(sum->numerator, 0);
    mpz_set_ui(sum->denominator, 1);
    sum->divisor = 1;
    sum->exponent = 0;
    sum->is_nan = sum->plus = sum->minus = false;
}

/* term 2^exponent more in the numerator; `term` may change. */
static void add_to_numerator(struct poolgrad_sum *sum, mpz_t term, int64_t exponent)
{
    if (mpz_sgn(sum->numerator) == 0) {
        mpz_swap(sum->numerator, term);
        sum->exponent = exponent;
        return;
    }
    if (exponent > sum->exponent) {
        shift_left(term, term, exponent - sum->exponent);
    } else if (exponent < sum->exponent) {
        shift_left(sum->numerator, sum->numerator, sum->exponent - exponent);
        sum->exponent = exponent;
    }
    mpz_add(sum->numerator, sum->numerator, term);
}

void poolgrad_sum_add_fraction(struct poolgrad_sum *sum, const mpz_t numerator, int64_t exponent,
                               const mpz_t denominator, struct poolgrad_scratch *scratch)
{
    if (mpz_sgn(numerator) == 0) return;
    mpz_set(scratch->b, numerator);
    if (mpz_cmp(denominator, sum->denominator) != 0) {
        /* Both over their least common multiple. */
        mpz_lcm(scratch->c, denominator, sum->denominator);
        mpz_divexact(scratch->a, scratch->c, denominator);
        mpz_mul(scratch->b, scratch->b, scratch->a);
        mpz_divexact(scratch->a, scratch->c, sum->denominator);
        mpz_mul(sum->numerator, sum->numerator, scratch->a);
        mpz_swap(sum->denominator, scratch->c);
        sum->divisor = 0;
    }
    add_to_numerator(sum, scratch->b, exponent);
}

void poolgrad_sum_add(struct poolgrad_sum *sum, double value, int64_t divisor, struct poolgrad_scratch *scratch)
{
    int64_t exponent;
    if (divisor < 0) value = -value;
    if (!isfinite(value)) {
        sum->is_nan = sum->is_nan || isnan(value);
        sum->plus = sum->plus || value > 0;
        sum->minus = sum->minus || value < 0;
        return;
    }
    if (value == 0) return;
    if (mpz_sgn(sum->numerator) == 0 && divisor != sum->divisor) {
        poolgrad_set_integer(sum->denominator, divisor);
        mpz_abs(sum->denominator, sum->denominator);
        sum->divisor = divisor;
    }
    poolgrad_split(value, scratch->a, &exponent);
    if (divisor == sum->divisor) {
        add_to_numerator(sum, scratch->a, exponent);
        return;
    }
    mpz_t term, denominator;
    mpz_init_set(term, scratch->a);
    mpz_init(denominator);
    poolgrad_set_integer(denominator, divisor);
    mpz_abs(denominator, denominator);
    poolgrad_sum_add_fraction(sum, term, exponent, denominator, scratch);
    mpz_clears(term, denominator, NULL);
}

double poolgrad_sum_round(const struct poolgrad_sum *sum, const struct poolgrad_precision *precision,
                          struct poolgrad_scratch *scratch)
{
    if (sum->is_nan || (sum->plus && sum->minus)) return NAN;
    if (sum->plus || sum->minus) return sum->plus ? INFINITY : -INFINITY;
    return poolgrad_round_quotient(precision, sum->numerator, sum->exponent, sum->denominator, scratch);
}
