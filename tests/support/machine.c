/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include "encoding.h"
#include <math.h>

/* ---- Rounding ------------------------------------------------------------------------------------------------ */

static double least_normal(poolgrad_format format)
{
    return ldexp(1, 2 - (1 << (number_exponent_bits(format) - 1)));
}

static double round_to(poolgrad_format format, double value)
{
    return format == POOLGRAD_FLOAT64 ? value : number_decode(format, number_encode(format, value));
}

static double lose(machine *m, double value)
{
    return random_chance(&m->random, m->flushed) ? copysign(0, value) : value;
}

/* Whether a number is tiny is told before it is rounded, as ARM does, or afterwards. */
static double finish_as(machine *m, poolgrad_format format, double value)
{
    const double rounded = round_to(format, value);
    const bool tiny = fabs(random_chance(&m->random, 50) ? value : rounded) < least_normal(format);
    return tiny ? lose(m, rounded) : rounded;
}

/* A result that double arithmetic gave. Of +, x, / and sqrt of numbers of at most 24 bits it has bits enough that
 * rounding it again is as good as rounding once (Figueroa, 1995). */
static double finish(machine *m, double value)
{
    return finish_as(m, m->format, value);
}

static double operand(machine *m, double value)
{
    return fabs(value) < least_normal(m->format) ? lose(m, value) : value;
}

double machine_load(machine *m, poolgrad_format format, double value)
{
    const bool is_float = number_exponent_bits(format) > 0;
    return finish(m, is_float && fabs(value) < least_normal(format) ? lose(m, value) : value);
}

/* ---- Operations ---------------------------------------------------------------------------------------------- */

/* a b + c of numbers of at most 24 bits, rounded to odd, so that it can be rounded again: the product is exact, what
 * the sum loses says on which side of it the last bit has to be odd. */
static double fuse_to_odd(double a, double b, double c)
{
    const double product = a * b, sum = product + c, part = sum - product;
    const double rest = (product - (sum - part)) + (c - part);
    int exponent;
    if (!isfinite(sum) || sum == 0 || rest == 0) return sum;
    const double units = ldexp(frexp(sum, &exponent), 53);
    if (fmod(units, 2) != 0) return sum;
    return nextafter(sum, rest > 0 ? (double)INFINITY : -(double)INFINITY);
}

/* The format that sums are computed in. */
static poolgrad_format adder(const machine *m)
{
    const bool wider = number_mantissa_bits(m->summed) > number_mantissa_bits(m->format);
    return m->summed != POOLGRAD_FORMAT_NONE && wider ? m->summed : m->format;
}

static double addend(machine *m, double value)
{
    return fabs(value) < least_normal(adder(m)) ? lose(m, value) : value;
}

double machine_store(machine *m, poolgrad_format format, double value)
{
    return finish_as(m, format, addend(m, value));
}

/* An exact sum, or one that can be rounded again: computed, and stored. */
static double finish_sum(machine *m, double value)
{
    const double sum = finish_as(m, adder(m), value);
    return m->summed == POOLGRAD_FORMAT_NONE || m->summed == adder(m) ? sum : finish_as(m, m->summed, sum);
}

static double fuse(machine *m, double a, double b, double c)
{
    a = operand(m, a);
    b = operand(m, b);
    c = addend(m, c);
    return finish_sum(m, adder(m) == POOLGRAD_FLOAT64 ? fma(a, b, c) : fuse_to_odd(a, b, c));
}

double machine_multiply(machine *m, double a, double b)
{
    return finish(m, operand(m, a) * operand(m, b));
}

double machine_divide(machine *m, double a, double b)
{
    return finish(m, operand(m, a) / operand(m, b));
}

double machine_root(machine *m, double a)
{
    return finish(m, sqrt(operand(m, a)));
}

double machine_inverse_root(machine *m, double a)
{
    const bool at_once = m->format != POOLGRAD_FLOAT64 && random_chance(&m->random, 50);
    return at_once ? finish(m, 1 / sqrt(operand(m, a))) : machine_divide(m, 1, machine_root(m, a));
}

/* ---- Terms and sums ------------------------------------------------------------------------------------------ */

machine_term machine_number(double a)
{
    return (machine_term){false, a, 0};
}

machine_term machine_product(double a, double b)
{
    return (machine_term){true, a, b};
}

machine_term machine_quotient(machine *m, double a, double b, double inverse)
{
    if (!random_chance(&m->random, m->reciprocal)) return machine_number(machine_divide(m, a, b));
    return machine_product(a, inverse != 0 ? inverse : machine_divide(m, 1, b));
}

double machine_value(machine *m, machine_term term)
{
    return term.is_product ? machine_multiply(m, term.a, term.b) : term.a;
}

double machine_add(machine *m, machine_term a, machine_term b)
{
    const bool swap = !a.is_product || (b.is_product && random_chance(&m->random, 50));
    const machine_term product = swap ? b : a, other = swap ? a : b;
    if (product.is_product && random_chance(&m->random, m->fused)) {
        return fuse(m, product.a, product.b, machine_value(m, other));
    }
    return finish_sum(m, addend(m, machine_value(m, a)) + addend(m, machine_value(m, b)));
}

double machine_read_sum(machine *m, double sum)
{
    return machine_load(m, m->summed == POOLGRAD_FORMAT_NONE ? m->format : m->summed, sum);
}

double machine_keep(machine *m, poolgrad_format format, double value)
{
    return machine_load(m, format, machine_store(m, format, value));
}

/* Joins two of the terms to one. */
static void join(machine *m, machine_term *terms, int64_t count, int64_t i, int64_t k)
{
    terms[i] = machine_number(machine_add(m, terms[i], terms[k]));
    terms[k] = terms[count - 1];
}

static void shuffle(machine *m, machine_term *terms, int64_t count)
{
    for (int64_t i = count - 1; i > 0; i--) {
        const int64_t k = random_between(&m->random, 0, i);
        const machine_term term = terms[i];
        terms[i] = terms[k];
        terms[k] = term;
    }
}

enum { DEEP = 30 }; /* enough for any number of terms */

/* Of terms in a row, along a tree of a random shape, at most so deep; 2^depth are enough for all of them. */
static machine_term sum_tree(machine *m, const machine_term *terms, int64_t count, int64_t depth)
{
    if (count == 1) return terms[0];
    const int64_t room = INT64_C(1) << (depth - 1 < DEEP ? depth - 1 : DEEP);
    const int64_t fewest = count > room ? count - room : 1, most = count - 1 < room ? count - 1 : room;
    int64_t left = random_between(&m->random, fewest, most);
    if (random_chance(&m->random, 50)) left = random_chance(&m->random, 50) ? fewest : most; /* as skewed as can be */
    const machine_term first = sum_tree(m, terms, left, depth - 1);
    const machine_term second = sum_tree(m, terms + left, count - left, depth - 1);
    return machine_number(machine_add(m, first, second));
}

/* Where sums have a format of their own, terms that a sum begins with are stored in it. */
static void store_terms(machine *m, machine_term *terms, int64_t count)
{
    if (m->summed == POOLGRAD_FORMAT_NONE) return;
    for (int64_t i = 0; i < count; i++) {
        const bool begins = count == 1 || random_chance(&m->random, 50);
        if (begins) terms[i] = machine_number(machine_add(m, terms[i], machine_number(0)));
    }
}

double machine_sum(machine *m, machine_term *terms, int64_t count)
{
    store_terms(m, terms, count);
    int64_t depth = m->chain;
    while (depth > 0 && INT64_C(1) << (depth < DEEP ? depth : DEEP) < count) depth++;
    if (depth > 0 && count > 0) {
        shuffle(m, terms, count);
        return machine_value(m, sum_tree(m, terms, count, depth));
    }
    const bool is_chain = random_chance(&m->random, 50);
    if (count == 0) return 0;
    if (random_chance(&m->random, 50)) terms[0] = machine_number(machine_add(m, terms[0], machine_number(0)));
    for (; count > 1; count--) {
        const int64_t i = is_chain ? 0 : random_between(&m->random, 0, count - 2);
        join(m, terms, count, i, random_between(&m->random, i + 1, count - 1));
    }
    return machine_value(m, terms[0]);
}
