/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one rounding at the end of exact mode, beside MPFR's: quotients and square roots of big integers, at random and
 * on, beside and halfway between the numbers of each format. POOLGRAD_TEST_SEED and POOLGRAD_TEST_CASES repeat a case
 * or lengthen the run.
 */
#include "oracle/fraction.h"
#include "support/random.h"
#include "support/truth.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};

enum { FORMATS = sizeof formats / sizeof *formats, WIDE = 1 << 13 };

/* What a case works with: numerator 2^exponent / denominator. */
typedef struct quotient {
    poolgrad_format format;
    mpz_t numerator, denominator;
    int64_t exponent;
} quotient;

/* ---- Making them ------------------------------------------------------------------------------------------------- */

/* At least 1, of at most so many bits; some are near a power of two. */
static void make_integer(random_state *r, mpz_t z, int64_t most_bits)
{
    const int64_t bits = random_between(r, 1, most_bits);
    mpz_set_ui(z, 0);
    for (int64_t i = 0; i < bits; i += 32) {
        mpz_mul_2exp(z, z, 32);
        mpz_add_ui(z, z, (unsigned long)(random_bits(r) >> 32));
    }
    mpz_fdiv_r_2exp(z, z, (mp_bitcnt_t)bits);
    mpz_setbit(z, (mp_bitcnt_t)bits - 1);
    if (!random_chance(r, 15)) return;
    mpz_set_ui(z, 0);
    mpz_setbit(z, (mp_bitcnt_t)bits);
    if (random_chance(r, 50))
        mpz_add_ui(z, z, 1);
    else
        mpz_sub_ui(z, z, 1);
}

/* A number of the format, or one halfway to the next one, as an odd or even count of halves: its exponent. Its
 * magnitude is anything from below the least number to beyond the greatest. */
static int64_t make_boundary(random_state *r, poolgrad_format format, mpz_t halves)
{
    const int bits = truth_bits(format), least = truth_least(format);
    const int64_t unit = random_between(r, least - bits - 1, 3 - least - bits);
    const int64_t digits = unit > least - bits + 1 || random_chance(r, 30) ? bits + 1 : random_between(r, 1, bits + 1);
    mpz_set_ui(halves, 0);
    mpz_setbit(halves, (mp_bitcnt_t)digits - 1);
    for (int64_t i = 0; i < digits - 1; ++i)
        if (random_chance(r, 50)) mpz_setbit(halves, (mp_bitcnt_t)i);
    if (random_chance(r, 20)) { /* all ones: the next number may have another exponent */
        mpz_setbit(halves, (mp_bitcnt_t)digits);
        mpz_sub_ui(halves, halves, 1);
        mpz_fdiv_r_2exp(halves, halves, (mp_bitcnt_t)digits);
        if (mpz_sgn(halves) == 0) mpz_set_ui(halves, 1);
    }
    return unit - 1;
}

/* One more or less far behind the last bit that counts. */
static void nudge(random_state *r, mpz_t z, int64_t *exponent, int64_t most)
{
    const int64_t behind = random_between(r, 0, most);
    mpz_mul_2exp(z, z, (mp_bitcnt_t)behind);
    *exponent -= behind;
    if (random_chance(r, 50))
        mpz_add_ui(z, z, 1);
    else
        mpz_sub_ui(z, z, 1);
}

static void make_quotient(random_state *r, quotient *q)
{
    q->format = formats[random_between(r, 0, FORMATS - 1)];
    make_integer(r, q->denominator, 90);
    if (random_chance(r, 40)) {
        const int reach = truth_least(q->format) - truth_bits(q->format) - 4;
        make_integer(r, q->numerator, 200);
        q->exponent = random_between(r, reach, -reach) - (int64_t)mpz_sizeinbase(q->numerator, 2) +
                      (int64_t)mpz_sizeinbase(q->denominator, 2);
    } else {
        q->exponent = make_boundary(r, q->format, q->numerator);
        mpz_mul(q->numerator, q->numerator, q->denominator);
        if (random_chance(r, 60)) nudge(r, q->numerator, &q->exponent, 200);
    }
    if (random_chance(r, 50)) mpz_neg(q->numerator, q->numerator);
    if (random_chance(r, 1)) mpz_set_ui(q->numerator, 0);
}

/* ---- Quotients --------------------------------------------------------------------------------------------------- */

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static double truth_of(const quotient *q)
{
    mpq_t fraction;
    mpq_init(fraction);
    mpq_set_num(fraction, q->numerator);
    mpq_set_den(fraction, q->denominator);
    mpq_canonicalize(fraction);
    if (q->exponent >= 0)
        mpq_mul_2exp(fraction, fraction, (mp_bitcnt_t)q->exponent);
    else
        mpq_div_2exp(fraction, fraction, (mp_bitcnt_t)-q->exponent);
    const double truth = truth_round_fraction(q->format, fraction);
    mpq_clear(fraction);
    return truth;
}

static void print(const quotient *q, uint64_t seed)
{
    char *numerator = mpz_get_str(NULL, 16, q->numerator), *denominator = mpz_get_str(NULL, 16, q->denominator);
    fprintf(stderr, "format %s, 2^%" PRId64 " times %s / %s (hexadecimal); repeat with\n",
            poolgrad_format_name(q->format), q->exponent, numerator, denominator);
    fprintf(stderr, "    POOLGRAD_TEST_SEED=0x%016" PRIx64 " POOLGRAD_TEST_CASES=1 ./tests/test_exact_numbers\n", seed);
    free(numerator);
    free(denominator);
}

Test(exact_numbers, quotients)
{
    quotient q;
    struct poolgrad_scratch scratch;
    mpz_inits(q.numerator, q.denominator, NULL);
    poolgrad_scratch_init(&scratch);
    random_sweep sweep = random_sweep_start("quotients", 2000000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        make_quotient(&r, &q);
        const struct poolgrad_precision precision = poolgrad_precision_of(q.format);
        const double found = poolgrad_round_quotient(&precision, q.numerator, q.exponent, q.denominator, &scratch);
        const double truth = truth_of(&q);
        sweep.telling += isfinite(truth) && truth != 0;
        if (same(found, truth)) continue;
        print(&q, sweep.seed);
        cr_assert(false, "expected %a, found %a", truth, found);
    }
    cr_assert(random_sweep_told(&sweep, 80));
    poolgrad_scratch_clear(&scratch);
    mpz_clears(q.numerator, q.denominator, NULL);
}

/* ---- Roots ------------------------------------------------------------------------------------------------------- */

/* What a square is divided by before the root is taken: nothing, half of the times. */
static int64_t make_divisor(random_state *r)
{
    if (random_chance(r, 50)) return 1;
    return random_between(r, 1, random_chance(r, 70) ? 100 : INT64_MAX);
}

/* A square times the divisor: of anything, or of a boundary, perhaps with something behind it. */
static void make_square(random_state *r, quotient *q)
{
    q->format = formats[random_between(r, 0, FORMATS - 1)];
    if (random_chance(r, 40)) {
        const int reach = truth_least(q->format) - truth_bits(q->format) - 4;
        make_integer(r, q->numerator, random_chance(r, 5) ? 4000 : 300);
        q->exponent = 2 * random_between(r, reach, -reach) - (int64_t)mpz_sizeinbase(q->numerator, 2);
        return;
    }
    q->exponent = 2 * make_boundary(r, q->format, q->numerator);
    mpz_mul(q->numerator, q->numerator, q->numerator);
    mpz_mul(q->numerator, q->numerator, q->denominator);
    if (random_chance(r, 60)) nudge(r, q->numerator, &q->exponent, 300);
}

Test(exact_numbers, roots)
{
    quotient q;
    struct poolgrad_scratch scratch;
    mpfr_t square;
    mpz_inits(q.numerator, q.denominator, NULL);
    mpfr_init2(square, WIDE);
    poolgrad_scratch_init(&scratch);
    random_sweep sweep = random_sweep_start("roots", 1000000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        const int64_t divisor = make_divisor(&r);
        poolgrad_set_integer(q.denominator, divisor);
        make_square(&r, &q);
        const struct poolgrad_precision precision = poolgrad_precision_of(q.format);
        const double found = poolgrad_round_root(&precision, q.numerator, q.exponent, divisor, &scratch);
        mpfr_set_z_2exp(square, q.numerator, q.exponent, MPFR_RNDN);
        mpfr_div_z(square, square, q.denominator, MPFR_RNDN);
        const double truth = truth_round_root(q.format, square);
        sweep.telling += isfinite(truth) && truth != 0;
        if (same(found, truth)) continue;
        print(&q, sweep.seed);
        cr_assert(false, "expected %a, found %a", truth, found);
    }
    cr_assert(random_sweep_told(&sweep, 80));
    poolgrad_scratch_clear(&scratch);
    mpfr_clear(square);
    mpz_clears(q.numerator, q.denominator, NULL);
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

/* Fractions with other denominators, in any order, and sums that begin anew. */
Test(exact_numbers, sums)
{
    struct poolgrad_scratch scratch;
    struct poolgrad_sum sum;
    mpq_t truth, term;
    poolgrad_scratch_init(&scratch);
    poolgrad_sum_init(&sum);
    mpq_inits(truth, term, NULL);
    random_sweep sweep = random_sweep_start("sums", 100000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        const poolgrad_format format = formats[random_between(&r, 0, FORMATS - 1)];
        const struct poolgrad_precision precision = poolgrad_precision_of(format);
        const int64_t terms = random_between(&r, 0, 8), reach = random_chance(&r, 20) ? 1000 : 30;
        poolgrad_sum_reset(&sum);
        mpq_set_ui(truth, 0, 1);
        for (int64_t i = 0; i < terms; ++i) {
            const double value = ldexp((double)random_between(&r, -9, 9), (int)random_between(&r, -reach, reach));
            const int64_t count = random_chance(&r, 50) ? 3 : random_between(&r, 1, 50);
            const int64_t divisor = random_chance(&r, 20) ? -count : count;
            poolgrad_sum_add(&sum, value, divisor, &scratch);
            mpq_set_d(term, value);
            mpz_mul_si(mpq_denref(term), mpq_denref(term), (long)divisor);
            mpq_canonicalize(term);
            mpq_add(truth, truth, term);
        }
        const double found = poolgrad_sum_round(&sum, &precision, &scratch);
        cr_assert(same(found, truth_round_fraction(format, truth)), "seed 0x%016" PRIx64 ": expected %a, found %a",
                  sweep.seed, truth_round_fraction(format, truth), found);
    }
    mpq_clears(truth, term, NULL);
    poolgrad_sum_clear(&sum);
    poolgrad_scratch_clear(&scratch);
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

Test(exact_numbers, integers)
{
    static const int64_t values[] = {0, 1, -1, UINT32_MAX, INT64_C(1) << 32, INT64_MAX, INT64_MIN, -INT64_MAX};
    mpz_t z;
    mpz_init(z);
    for (int i = 0; i < (int)(sizeof values / sizeof *values); ++i) {
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, values[i]);
        poolgrad_set_integer(z, values[i]);
        char *found = mpz_get_str(NULL, 10, z);
        cr_expect_str_eq(found, text);
        free(found);
    }
    mpz_clear(z);
}
