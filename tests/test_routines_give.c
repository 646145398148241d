/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routines that give pixels what their windows have for them, and lanes of planes: each instruction set's table against
 * an evaluation one by one, between pages that cannot be touched. POOLGRAD_TEST_SPEED=1 prints how long each takes.
 */
#include "pooling/isa.h"
#include "routines/routines.h"
#include "support/encoding.h"
#include "support/guard.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ISAS = POOLGRAD_ISA_NEON + 1, MOST_OPERANDS = 32, MOST_MISALIGNED = 7 };
enum { FILL = 0x5a }; /* of results before they are computed */

/* The table of an instruction set, null where this processor or this build has none. */
static const struct poolgrad_routines *table_of(int isa)
{
    if (!poolgrad_isa_compiled((poolgrad_isa)isa)) return NULL;
    const struct poolgrad_routines *table = poolgrad_choose_routines((poolgrad_isa)isa);
    return table && (int)table->isa == isa ? table : NULL;
}

/* ---- What is given ----------------------------------------------------------------------------------------------- */

typedef enum routine { GIVE_SUM, GIVE_PICK8, GIVE_PICK32, GIVE_NORM, ROUTINES } routine;

static const char *const routine_names[] = {"give_sum", "give_pick8", "give_pick32", "give_norm"};

typedef void give_function(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to);

struct scene {
    routine routine;
    int accumulator; /* POOLGRAD_SUM32, POOLGRAD_SUM64 */
    poolgrad_format format, result;
    struct poolgrad_walk walk;
    struct poolgrad_ending ending;
    struct poolgrad_operand_row rows[MOST_OPERANDS];
    struct poolgrad_operand_column columns[MOST_OPERANDS];
    guard_buffer operands, taps, factor, to;
    unsigned char *results; /* in `to` */
    int64_t result_size;
    unsigned char *expected;
};

static give_function *function_of(const struct poolgrad_routines *table, const struct scene *s)
{
    give_function *const functions[] = {table->give_sum[s->accumulator][s->format],
                                        table->give_pick8[s->accumulator][s->format],
                                        table->give_pick32[s->accumulator][s->format], table->give_norm[s->format]};
    return functions[s->routine];
}

/* A buffer with some bytes more at the end that is not next to a page; where its elements begin. */
static unsigned char *make(random_state *r, guard_buffer *buffer, int64_t bytes)
{
    const guard_side side = random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE;
    const int64_t more = random_chance(r, 70) ? 0 : random_between(r, 1, MOST_MISALIGNED);
    guard_make(buffer, (size_t)(bytes + (side == GUARD_BEFORE ? more : 0)), side);
    if (side == GUARD_BEHIND) return buffer->bytes;
    return buffer->bytes + more;
}

static double random_value(random_state *r, bool special)
{
    static const double specials[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e-45, -3e-42, 6e-8, 3e38, -65520, 1e-310};
    if (special) return specials[random_between(r, 0, (int64_t)(sizeof specials / sizeof *specials) - 1)];
    return ldexp((double)random_between(r, -(1 << 24), 1 << 24), (int)random_between(r, -34, -20));
}

static void fill(random_state *r, poolgrad_format format, int64_t count, unsigned char *to)
{
    static const int percents[] = {0, 0, 1, 30};
    const int percent = percents[random_between(r, 0, 3)];
    const size_t size = number_size(format);
    for (int64_t i = 0; i < count; i++, to += size) {
        uint64_t bits = random_bits(r);
        if (format != POOLGRAD_UNORM8 && format != POOLGRAD_UNORM16) {
            bits = number_encode(format, random_value(r, random_chance(r, percent)));
        }
        memcpy(to, &bits, size);
    }
}

/* NaN of any payload: sums of them may have any other. */
static void dirty_nans(random_state *r, poolgrad_format format, int64_t count, unsigned char *at)
{
    for (int64_t i = 0; i < count; i++, at += number_size(format)) {
        float value;
        memcpy(&value, at, sizeof value);
        if (format != POOLGRAD_FLOAT32 || !isnan(value)) continue;
        const uint32_t bits = UINT32_C(0xffc00000) | (uint32_t)random_between(r, 1, 4000);
        memcpy(at, &bits, sizeof bits);
    }
}

static void choose_routine(random_state *r, struct scene *s)
{
    static const poolgrad_format formats[2][3] = {{POOLGRAD_FLOAT32, POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16},
                                                  {POOLGRAD_FLOAT64, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64}};
    s->routine = (routine)random_between(r, 0, ROUTINES - 1);
    s->accumulator = s->routine == GIVE_NORM ? POOLGRAD_SUM64 : (int)random_between(r, 0, POOLGRAD_SUMS - 1);
    s->format = formats[s->accumulator][random_between(r, 0, 2)];
    s->ending.stored = random_chance(r, 70);
    const poolgrad_format own = formats[s->accumulator][0];
    if (s->routine == GIVE_NORM) {
        static const poolgrad_format factors[] = {POOLGRAD_UNORM8,   POOLGRAD_UNORM16, POOLGRAD_FLOAT16,
                                                  POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};
        s->format = factors[random_between(r, 0, 5)];
        if (s->format == POOLGRAD_UNORM8 || s->format == POOLGRAD_UNORM16) s->ending.stored = false;
    } else if (!s->ending.stored) {
        s->format = own;
    }
    s->result = s->ending.stored ? s->format : own;
    s->ending.past_caches = random_chance(r, 30);
}

static void choose_counts(random_state *r, struct poolgrad_walk *walk)
{
    static const int64_t counts[] = {1, 7, 14, 16, 28, 56, 64, 112, 256, 2048, 2055};
    const bool usual = random_chance(r, 30);
    walk->count = usual ? counts[random_between(r, 0, (int64_t)(sizeof counts / sizeof *counts) - 1)]
                        : random_between(r, 1, random_chance(r, 60) ? 40 : 300);
    walk->repeats = random_between(r, 1, walk->count > 500 ? 3 : 11);
    walk->step = random_chance(r, 30) ? walk->count : random_between(r, 0, walk->count + 9);
    walk->to_step = walk->count + (random_chance(r, 50) ? 0 : random_between(r, 1, 70));
    const bool many = random_chance(r, 5);
    walk->row_count = random_between(r, 1, many ? MOST_OPERANDS : 4);
    walk->column_count = random_between(r, 1, many ? MOST_OPERANDS : 4);
}

/* Half of the walks have lines, or slices of lines, some of which follow each other. */
static void choose_levels(random_state *r, struct poolgrad_walk *walk)
{
    const bool many = walk->count < 100 && random_chance(r, 50);
    walk->lines = many ? random_between(r, 0, random_chance(r, 20) ? 19 : 4) : random_between(r, 0, 1);
    walk->slices = many ? random_between(r, 0, random_chance(r, 20) ? 19 : 4) : random_between(r, 0, 1);
    const int64_t lines = walk->lines > 0 ? walk->lines : 1, more = random_chance(r, 50) ? 0 : random_between(r, 1, 70);
    walk->line_step = random_chance(r, 50) ? walk->repeats * walk->step : random_between(r, 0, 90);
    walk->slice_step = random_chance(r, 50) ? lines * walk->line_step : random_between(r, 0, 90);
    walk->line_to_step = walk->repeats * walk->to_step + more;
    walk->slice_to_step = lines * walk->line_to_step + (random_chance(r, 50) ? 0 : more);
}

/* A repeat of a line of a slice, counted from the first one. */
struct member {
    int64_t repeat, line, slice;
};

static int64_t members_of(const struct poolgrad_walk *walk)
{
    return walk->repeats * (walk->lines > 0 ? walk->lines : 1) * (walk->slices > 0 ? walk->slices : 1);
}

static struct member member_of(const struct poolgrad_walk *walk, int64_t i)
{
    const int64_t lines = walk->lines > 0 ? walk->lines : 1;
    return (struct member){i % walk->repeats, i / walk->repeats % lines, i / walk->repeats / lines};
}

static int64_t from_of(const struct poolgrad_walk *walk, struct member at)
{
    return at.repeat * walk->step + at.line * walk->line_step + at.slice * walk->slice_step;
}

static int64_t to_of(const struct poolgrad_walk *walk, struct member at)
{
    return at.repeat * walk->to_step + at.line * walk->line_to_step + at.slice * walk->slice_to_step;
}

static int64_t factor_of(const struct poolgrad_ending *ending, struct member at)
{
    return at.repeat * ending->factor_step + at.line * ending->factor_line_step + at.slice * ending->factor_slice_step;
}

static void choose_factors(random_state *r, const struct poolgrad_walk *walk, struct poolgrad_ending *ending)
{
    const int64_t lines = walk->lines > 0 ? walk->lines : 1;
    ending->factor_step = random_chance(r, 50) ? walk->count : random_between(r, 0, walk->count + 5);
    ending->factor_line_step = random_chance(r, 50) ? walk->repeats * ending->factor_step : random_between(r, 0, 90);
    ending->factor_slice_step = random_chance(r, 50) ? lines * ending->factor_line_step : random_between(r, 0, 90);
}

/* Rows and columns anywhere, such that the operands fill [0, what is returned). */
static int64_t place_operands(random_state *r, struct scene *s, int64_t row_at[MOST_OPERANDS])
{
    struct poolgrad_walk *walk = &s->walk;
    int64_t least_row = INT64_MAX, most_row = INT64_MIN, least_column = INT64_MAX, most_column = INT64_MIN;
    for (int64_t i = 0; i < walk->row_count; i++) {
        row_at[i] = random_between(r, 0, 400);
        s->rows[i].code = i * walk->column_count;
        if (row_at[i] < least_row) least_row = row_at[i];
        if (row_at[i] > most_row) most_row = row_at[i];
    }
    for (int64_t i = 0; i < walk->column_count; i++) {
        s->columns[i] = (struct poolgrad_operand_column){random_between(r, -70, 70), i};
        if (s->columns[i].offset < least_column) least_column = s->columns[i].offset;
        if (s->columns[i].offset > most_column) most_column = s->columns[i].offset;
    }
    for (int64_t i = 0; i < walk->row_count; i++) row_at[i] -= least_row + least_column;
    const struct member last = member_of(walk, members_of(walk) - 1);
    return most_row - least_row + most_column - least_column + from_of(walk, last) + walk->count;
}

/* Codes of 1 byte end at 254; with fewer of them there are more picks. */
static void make_taps(random_state *r, struct scene *s, const int64_t *row_at, int64_t elements)
{
    const int64_t size = s->routine == GIVE_PICK8 ? 1 : 4, operands = s->walk.row_count * s->walk.column_count;
    const int64_t codes = size == 1 && operands > 255 ? 255 : operands;
    const int64_t base = size == 4 && random_chance(r, 20) ? 1000000 : 0;
    for (int64_t i = 0; i < s->walk.row_count; i++) s->rows[i].code = (s->rows[i].code + base) % (codes + base);
    if (size == 1 && operands > 255) {
        for (int64_t i = 0; i < s->walk.row_count; i++) s->rows[i].code = i;
    }
    unsigned char *taps = make(r, &s->taps, elements * size);
    for (int64_t i = 0; i < elements; i++) {
        const uint32_t tap = random_chance(r, 10) ? UINT32_MAX
                                                  : (uint32_t)(base + random_between(r, 0, codes > 4 ? 4 : codes - 1));
        if (size == 1) taps[i] = (uint8_t)tap;
        if (size == 4) memcpy(taps + 4 * i, &tap, sizeof tap);
    }
    for (int64_t i = 0; i < s->walk.row_count; i++) s->rows[i].taps = taps + row_at[i] * size;
}

static struct scene make_scene(random_state *r)
{
    struct scene s = {0};
    int64_t row_at[MOST_OPERANDS] = {0};
    choose_routine(r, &s);
    choose_counts(r, &s.walk);
    choose_levels(r, &s.walk);
    const struct member last = member_of(&s.walk, members_of(&s.walk) - 1);
    const int64_t elements = place_operands(r, &s, row_at), count = s.walk.count;
    const poolgrad_format own = s.accumulator == POOLGRAD_SUM32 ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64;
    const int64_t size = (int64_t)number_size(own);
    unsigned char *operands = make(r, &s.operands, elements * size);
    fill(r, own, elements, operands);
    dirty_nans(r, own, elements, operands);
    for (int64_t i = 0; i < s.walk.row_count; i++) s.rows[i].at = operands + row_at[i] * size;
    if (s.routine == GIVE_PICK8 || s.routine == GIVE_PICK32) make_taps(r, &s, row_at, elements);
    if (s.routine == GIVE_NORM) {
        choose_factors(r, &s.walk, &s.ending);
        const int64_t factors = factor_of(&s.ending, last) + count;
        unsigned char *factor = make(r, &s.factor, factors * (int64_t)number_size(s.format));
        fill(r, s.format, factors, factor);
        s.ending.factor = factor;
    }
    s.result_size = (to_of(&s.walk, last) + count) * (int64_t)number_size(s.result);
    s.results = make(r, &s.to, s.result_size);
    s.expected = malloc((size_t)s.result_size);
    if (!s.expected) abort();
    return s;
}

static void free_scene(struct scene *s)
{
    free(s->expected);
    guard_free(&s->operands);
    guard_free(&s->to);
    if (s->taps.mapping) guard_free(&s->taps);
    if (s->factor.mapping) guard_free(&s->factor);
}

/* ---- One by one -------------------------------------------------------------------------------------------------- */

static bool counts(const struct scene *s, int64_t row, int64_t column, int64_t element)
{
    const int64_t code = s->rows[row].code + s->columns[column].code;
    if (s->routine == GIVE_PICK8) return ((const uint8_t *)s->rows[row].taps)[element] == code;
    if (s->routine != GIVE_PICK32) return true;
    uint32_t tap;
    memcpy(&tap, (const unsigned char *)s->rows[row].taps + 4 * element, sizeof tap);
    return tap == code;
}

static double sum_of(const struct scene *s, struct member at, int64_t i)
{
    float single = 0;
    double sum = 0;
    for (int64_t row = 0; row < s->walk.row_count; row++) {
        for (int64_t column = 0; column < s->walk.column_count; column++) {
            const int64_t element = s->columns[column].offset + from_of(&s->walk, at) + i;
            if (!counts(s, row, column, element)) continue;
            float value32;
            double value64;
            const unsigned char *operands = s->rows[row].at;
            if (s->accumulator == POOLGRAD_SUM32) {
                memcpy(&value32, operands + element * 4, sizeof value32);
                single += value32;
            } else {
                memcpy(&value64, operands + element * 8, sizeof value64);
                sum += value64;
            }
        }
    }
    return s->accumulator == POOLGRAD_SUM32 ? (double)single : sum;
}

static void evaluate(const struct scene *s)
{
    const int64_t size = (int64_t)number_size(s->result), factor_size = (int64_t)number_size(s->format);
    memset(s->expected, FILL, (size_t)s->result_size);
    for (int64_t k = 0; k < members_of(&s->walk); k++) {
        const struct member at = member_of(&s->walk, k);
        for (int64_t i = 0; i < s->walk.count; i++) {
            double value = sum_of(s, at, i);
            if (s->routine == GIVE_NORM) {
                uint64_t bits = 0;
                const unsigned char *factor = s->ending.factor;
                memcpy(&bits, factor + (factor_of(&s->ending, at) + i) * factor_size, (size_t)factor_size);
                value *= number_decode(s->format, bits);
            }
            const uint64_t bits = number_encode(s->result, value);
            memcpy(s->expected + (to_of(&s->walk, at) + i) * size, &bits, (size_t)size);
        }
    }
}

/* Numbers that are not stored may have any NaN. */
static void settle_results(const struct scene *s)
{
    const int64_t size = (int64_t)number_size(s->result);
    for (int64_t at = 0; !s->ending.stored && at < s->result_size; at += size) {
        uint64_t bits = 0;
        memcpy(&bits, s->results + at, (size_t)size);
        const double value = number_decode(s->result, bits);
        bits = number_encode(s->result, value);
        if (isnan(value)) memcpy(s->results + at, &bits, (size_t)size);
    }
}

static uint64_t bits_at(const unsigned char *from, int64_t element, poolgrad_format format)
{
    uint64_t bits = 0;
    memcpy(&bits, from + element * (int64_t)number_size(format), number_size(format));
    return bits;
}

static void describe(const struct scene *s, int64_t element, char *text, size_t size)
{
    const struct poolgrad_walk *w = &s->walk;
    snprintf(text, size,
             "%s, accumulator %d, format %d%s%s, %" PRId64 " x %" PRId64 " operands, %" PRId64 " x %" PRId64
             " elements, %" PRId64 " lines, %" PRId64 " slices, step %" PRId64 ", to_step %" PRId64 ": element %" PRId64
             " of all is %" PRIx64 ", expected %" PRIx64,
             routine_names[s->routine], s->accumulator, (int)s->format, s->ending.stored ? ", stored" : "",
             s->ending.past_caches ? ", past caches" : "", w->row_count, w->column_count, w->repeats, w->count,
             w->lines, w->slices, w->step, w->to_step, element, bits_at(s->results, element, s->result),
             bits_at(s->expected, element, s->result));
}

static void expect_given(const struct poolgrad_routines *table, const struct scene *s, uint64_t seed)
{
    char text[512];
    give_function *give = function_of(table, s);
    memset(s->results, FILL, (size_t)s->result_size);
    give(&s->walk, &s->ending, s->results);
    table->fence();
    settle_results(s);
    int64_t same = 0;
    while (same < s->result_size && s->results[same] == s->expected[same]) same++;
    if (same == s->result_size && guard_intact(&s->to)) return;
    describe(s, (same < s->result_size ? same : 0) / (int64_t)number_size(s->result), text, sizeof text);
    cr_assert_fail("POOLGRAD_TEST_SEED=%" PRIu64 ": %s: %s", seed, poolgrad_isa_name(table->isa), text);
}

Test(routines_give, every_instruction_set_gives_the_same)
{
    random_sweep sweep = random_sweep_start("routines_give", 3000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        struct scene s = make_scene(&r);
        s.walk.rows = s.rows;
        s.walk.columns = s.columns;
        evaluate(&s);
        for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
            const struct poolgrad_routines *table = table_of(isa);
            if (table) expect_given(table, &s, sweep.seed);
        }
        free_scene(&s);
    }
}

static bool has_those(const struct poolgrad_routines *table, int format, int accumulator, bool wanted)
{
    return (table->give_sum[accumulator][format] != NULL) == wanted &&
           (table->give_pick8[accumulator][format] != NULL) == wanted &&
           (table->give_pick32[accumulator][format] != NULL) == wanted;
}

static bool has_formats(const struct poolgrad_routines *table)
{
    bool right = true;
    for (int f = 0; f < POOLGRAD_FORMATS; f++) {
        const bool of32 = f == POOLGRAD_FLOAT32 || f == POOLGRAD_FLOAT16 || f == POOLGRAD_BFLOAT16;
        const bool of64 = f == POOLGRAD_FLOAT32 || f == POOLGRAD_FLOAT64;
        const bool norm = of32 || of64 || f == POOLGRAD_UNORM8 || f == POOLGRAD_UNORM16;
        right = right && has_those(table, f, POOLGRAD_SUM32, of32) && has_those(table, f, POOLGRAD_SUM64, of64) &&
                (table->give_norm[f] != NULL) == norm;
    }
    return right;
}

Test(routines_give, formats_are_those_of_the_accumulator)
{
    for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
        const struct poolgrad_routines *table = table_of(isa);
        cr_expect(!table || has_formats(table), "%s", poolgrad_isa_name((poolgrad_isa)isa));
    }
}

/* ---- Spreading --------------------------------------------------------------------------------------------------- */

enum { MOST_SPREAD = 7 };

struct spreading {
    int accumulator;
    struct poolgrad_spread spread;
    struct poolgrad_spread_window windows[MOST_SPREAD];
    guard_buffer shares, sums;
    int64_t share_elements, elements;
    unsigned char *before, *expected;
};

static double number_at(int accumulator, const unsigned char *numbers, int64_t element)
{
    return number_decode(
        accumulator == POOLGRAD_SUM32 ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64,
        bits_at(numbers, element, accumulator == POOLGRAD_SUM32 ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64));
}

static void make_spreading(random_state *r, struct spreading *s)
{
    struct poolgrad_spread *const spread = &s->spread;
    s->accumulator = (int)random_between(r, 0, POOLGRAD_SUMS - 1);
    spread->count = random_between(r, 1, random_chance(r, 60) ? 18 : 80);
    spread->step = spread->count + (random_chance(r, 50) ? 0 : random_between(r, 1, 40));
    spread->windows = random_between(r, 1, MOST_SPREAD);
    spread->window = s->windows;
    const int64_t pixels = random_between(r, 1, 40);
    for (int64_t i = 0; i < spread->windows; i++) {
        const int64_t first = random_between(r, 0, pixels - 1);
        s->windows[i] = (struct poolgrad_spread_window){
            i * spread->count, first * spread->step, random_between(r, random_chance(r, 10) ? 0 : 1, pixels - first)};
    }
    const poolgrad_format own = s->accumulator == POOLGRAD_SUM32 ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64;
    const int64_t size = (int64_t)number_size(own);
    s->share_elements = spread->windows * spread->count;
    s->elements = (pixels - 1) * spread->step + spread->count;
    guard_make(&s->shares, (size_t)(s->share_elements * size), random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE);
    guard_make(&s->sums, (size_t)(s->elements * size), random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE);
    s->before = malloc((size_t)(s->elements * size));
    s->expected = malloc((size_t)(s->elements * size));
    if (!s->before || !s->expected) abort();
    fill(r, own, s->share_elements, s->shares.bytes);
    fill(r, own, s->elements, s->before);
}

static void evaluate_spreading(const struct spreading *s)
{
    const poolgrad_format own = s->accumulator == POOLGRAD_SUM32 ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64;
    const size_t size = number_size(own);
    memcpy(s->expected, s->before, (size_t)s->elements * size);
    for (int64_t i = 0; i < s->spread.windows; i++) {
        const struct poolgrad_spread_window window = s->windows[i];
        for (int64_t k = 0; k < window.pixels * s->spread.count; k++) {
            const int64_t lane = k % s->spread.count, at = window.to + k / s->spread.count * s->spread.step + lane;
            const double share = number_at(s->accumulator, s->shares.bytes, window.from + lane);
            const double sum = number_at(s->accumulator, s->expected, at) + share;
            const uint64_t bits = number_encode(own, s->accumulator == POOLGRAD_SUM32 ? (double)(float)sum : sum);
            memcpy(s->expected + (size_t)at * size, &bits, size);
        }
    }
}

static void expect_spread(const struct poolgrad_routines *table, const struct spreading *s, uint64_t seed)
{
    const poolgrad_format own = s->accumulator == POOLGRAD_SUM32 ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64;
    memcpy(s->sums.bytes, s->before, (size_t)s->elements * number_size(own));
    table->spread[s->accumulator](s->shares.bytes, &s->spread, s->sums.bytes);
    bool right = guard_intact(&s->sums);
    for (int64_t i = 0; i < s->elements; i++) {
        /* Sums may be any NaN. */
        const bool nan = isnan(number_at(s->accumulator, s->expected, i));
        right = right && (nan ? isnan(number_at(s->accumulator, s->sums.bytes, i))
                              : bits_at(s->sums.bytes, i, own) == bits_at(s->expected, i, own));
    }
    cr_expect(right, "POOLGRAD_TEST_SEED=%" PRIu64 ": %s: spread, accumulator %d, %" PRId64 " elements, step %" PRId64,
              seed, poolgrad_isa_name(table->isa), s->accumulator, s->spread.count, s->spread.step);
}

Test(routines_give, every_instruction_set_spreads_the_same)
{
    random_sweep sweep = random_sweep_start("routines_spread", 2000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        struct spreading s = {0};
        make_spreading(&r, &s);
        evaluate_spreading(&s);
        for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
            const struct poolgrad_routines *table = table_of(isa);
            if (table) expect_spread(table, &s, sweep.seed);
        }
        guard_free(&s.shares);
        guard_free(&s.sums);
        free(s.before);
        free(s.expected);
    }
}

/* ---- Arithmetic -------------------------------------------------------------------------------------------------- */

enum { DIVIDE, DIVIDE_BY_RECIPROCALS, DIVIDE_ALL, ADD, OPERATIONS };

/* Rows of one accumulator's numbers that begin where pages do or end where they do. */
struct arithmetic {
    int operation, sum;
    bool in_place;
    struct poolgrad_rows rows;
    struct poolgrad_divisor divisor; /* of all */
    guard_buffer from, other, high, low, to;
};

static void put_number(int sum, guard_buffer *buffer, int64_t at, double wide)
{
    const float narrow = (float)wide;
    if (sum == POOLGRAD_SUM32) {
        memcpy(buffer->bytes + (size_t)at * sizeof narrow, &narrow, sizeof narrow);
    } else {
        memcpy(buffer->bytes + (size_t)at * sizeof wide, &wide, sizeof wide);
    }
}

/* What averages divide by: counts, small ones and powers of two among them, about the most that has a reciprocal of two
 * parts, and any integer that was rounded. */
static double random_count_of_taps(random_state *r, int sum)
{
    static const int64_t counts[] = {9, 4, 6, 49, 3};
    int64_t count;
    switch (random_between(r, 0, 6)) {
    case 0: count = random_between(r, 1, 200); break;
    case 1: count = random_between(r, 1, 1 << 20); break;
    case 2: count = (1 << 20) + random_between(r, -9, 9); break;
    case 3: count = random_between(r, 1, 1 << 30) << random_between(r, 0, 32); break;
    case 4: count = INT64_C(1) << random_between(r, 0, 62); break;
    case 5: count = -random_between(r, 1, 99); break;
    default: count = counts[random_between(r, 0, 4)]; break;
    }
    return sum == POOLGRAD_SUM32 ? (double)(float)count : (double)count;
}

/* The number nearest to `count` times what lies half way between two numbers, or next to it, times a power of two. */
static double random_half_way(random_state *r, int sum, double count)
{
    const int bits = sum == POOLGRAD_SUM32 ? 24 : 53;
    const uint64_t quotient = (UINT64_C(1) << bits) + ((random_bits(r) & ((UINT64_C(1) << (bits - 1)) - 1)) << 1) + 1;
    const uint64_t times = fabs(count) < 1024 ? (uint64_t)fabs(count) : 9;
    double x = sum == POOLGRAD_SUM32 ? (double)(float)(quotient * times) : (double)(quotient * times);
    for (int64_t i = random_between(r, 0, 2); i > 0; i--) {
        x = sum == POOLGRAD_SUM32 ? (double)nextafterf((float)x, 0) : nextafter(x, 0);
    }
    return ldexp(x, (int)random_between(r, -110, 60));
}

/* Any bits, specials, and the least that are not divided truly. */
static double random_dividend(random_state *r, int sum, double count)
{
    static const double specials[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 0x1p-149, -0x1p-149, 0x1p-1074, 0x1p-126};
    static const double greatest[] = {0x1.fffffep127, 0x1.fffffffffffffp1023};
    const double edge = sum == POOLGRAD_SUM32 ? 0x1p-80 : 0x1p-900;
    const poolgrad_format format = sum == POOLGRAD_SUM32 ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64;
    switch (random_between(r, 0, 7)) {
    case 0: return number_decode(format, random_bits(r) & (sum == POOLGRAD_SUM32 ? UINT32_MAX : UINT64_MAX));
    case 1: return specials[random_between(r, 0, 8)];
    case 2: return edge * (1 + (double)random_between(r, -3, 3) * 0x1p-24);
    case 3: return ldexp(-edge, (int)random_between(r, -60, 3)) * (double)random_between(r, 1, 1 << 20);
    case 4: return random_chance(r, 50) ? greatest[sum] : -greatest[sum];
    case 5: return random_half_way(r, sum, count);
    default: return (double)random_between(r, 1, 1 << 20) / (double)random_between(r, 1, 999);
    }
}

/* Mostly ones that leave a vector whole; or, of all kinds, hardly any vector. */
static void fill_numbers(random_state *r, const struct arithmetic *a, guard_buffer *buffer)
{
    const int64_t size = a->sum == POOLGRAD_SUM32 ? 4 : 8;
    const bool wild = random_chance(r, 50);
    for (int64_t i = 0; i < (int64_t)buffer->size / size; ++i) {
        const double wide = wild || random_chance(r, 3) ? random_dividend(r, a->sum, a->divisor.value)
                            : random_chance(r, 60)      ? random_half_way(r, a->sum, a->divisor.value)
                                                        : (double)(random_between(r, 0, 2) - 1) * 0.0;
        put_number(a->sum, buffer, i, wide);
    }
}

static void fill_divisors(random_state *r, struct arithmetic *a, int64_t count)
{
    const bool same = random_chance(r, 50);
    double value = a->divisor.value;
    for (int64_t i = 0; i < count; ++i) {
        do {
            if (!same) value = random_count_of_taps(r, a->sum);
        } while (a->operation == DIVIDE_BY_RECIPROCALS && !same && poolgrad_divisor_of(value).high == 0);
        const struct poolgrad_divisor divisor = poolgrad_divisor_of(value);
        put_number(a->sum, &a->other, i, value);
        put_number(a->sum, &a->high, i, divisor.high);
        put_number(a->sum, &a->low, i, divisor.low);
        if (divisor.high == 0 && a->operation == DIVIDE_BY_RECIPROCALS) a->operation = DIVIDE;
    }
}

static void make_arithmetic(random_state *r, struct arithmetic *a)
{
    a->operation = (int)random_between(r, 0, OPERATIONS - 1);
    a->sum = (int)random_between(r, POOLGRAD_SUM32, POOLGRAD_SUM64);
    a->in_place = a->operation == ADD || random_chance(r, 40);
    a->divisor = poolgrad_divisor_of(random_count_of_taps(r, a->sum));
    a->rows.rows = a->operation == ADD ? 1 : random_between(r, 1, 9);
    a->rows.count = random_between(r, 1, 80);
    a->rows.to_step = a->rows.count + random_between(r, 0, 9);
    a->rows.from_step = a->in_place ? a->rows.to_step : a->rows.count + random_between(r, 0, 9);
    const size_t size = a->sum == POOLGRAD_SUM32 ? sizeof(float) : sizeof(double);
    const int64_t last = a->rows.rows - 1;
    const guard_side side = random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE;
    guard_make(&a->from, (size_t)(last * a->rows.from_step + a->rows.count) * size, side);
    guard_buffer *const lists[] = {&a->other, &a->high, &a->low};
    for (int i = 0; i < 3; i++) guard_make(lists[i], (size_t)a->rows.count * size, side);
    guard_make(&a->to, (size_t)(last * a->rows.to_step + a->rows.count) * size, side);
    fill_numbers(r, a, &a->from);
    fill_divisors(r, a, a->rows.count);
    if (a->operation == ADD) fill_numbers(r, a, &a->other);
    fill_numbers(r, a, &a->to);
}

static void free_arithmetic(struct arithmetic *a)
{
    guard_buffer *const buffers[] = {&a->from, &a->other, &a->high, &a->low, &a->to};
    for (int i = 0; i < 5; i++) guard_free(buffers[i]);
}

/* Element i of a row, by the rule; what `before` held, where that counts. */
static double result_of(const struct arithmetic *a, const unsigned char *before, int64_t row, int64_t i)
{
    const int64_t at = row * (a->in_place ? a->rows.to_step : a->rows.from_step) + i;
    const double x = number_at(a->sum, a->in_place ? before : a->from.bytes, at);
    const double y = a->operation == DIVIDE_ALL ? a->divisor.value : number_at(a->sum, a->other.bytes, i);
    const float narrow = a->operation == ADD ? (float)x + (float)y : (float)x / (float)y;
    if (a->sum == POOLGRAD_SUM32) return (double)narrow;
    return a->operation == ADD ? x + y : x / y;
}

static bool is_same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && !signbit(a) == !signbit(b);
}

static void reckon(const struct poolgrad_routines *table, const struct arithmetic *a)
{
    const void *const from = a->in_place ? a->to.bytes : a->from.bytes;
    const bool reciprocals = a->operation == DIVIDE_BY_RECIPROCALS;
    const struct poolgrad_divisors each = {a->other.bytes, reciprocals ? a->high.bytes : NULL, a->low.bytes};
    switch (a->operation) {
    case ADD: table->add[a->sum](a->to.bytes, a->other.bytes, a->rows.count); break;
    case DIVIDE_ALL: table->divide_all[a->sum](from, &a->divisor, a->rows, a->to.bytes); break;
    default: table->divide[a->sum](from, &each, a->rows, a->to.bytes); break;
    }
}

static bool is_arithmetic(const struct poolgrad_routines *table, const struct arithmetic *a)
{
    unsigned char *const before = malloc(a->to.size);
    bool same = true;
    if (!before) abort();
    memcpy(before, a->to.bytes, a->to.size);
    reckon(table, a);
    const int64_t size = a->sum == POOLGRAD_SUM32 ? 4 : 8, elements = (int64_t)a->to.size / size;
    for (int64_t at = 0; at < elements; ++at) {
        const int64_t row = at / a->rows.to_step, i = at % a->rows.to_step;
        const double expected = i < a->rows.count ? result_of(a, before, row, i) : number_at(a->sum, before, at);
        same = same && is_same(number_at(a->sum, a->to.bytes, at), expected);
    }
    memcpy(a->to.bytes, before, a->to.size);
    free(before);
    return same && guard_intact(&a->to);
}

static void expect_arithmetic(const struct arithmetic *a, uint64_t seed)
{
    for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
        const struct poolgrad_routines *table = table_of(isa);
        cr_assert(!table || is_arithmetic(table, a), "%s: POOLGRAD_TEST_SEED=%" PRIu64 " POOLGRAD_TEST_CASES=1",
                  poolgrad_isa_name((poolgrad_isa)isa), seed);
    }
}

Test(routines_give, every_instruction_set_reckons_the_same)
{
    random_sweep sweep = random_sweep_start("routines_arithmetic", 2000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        struct arithmetic a = {0};
        make_arithmetic(&r, &a);
        expect_arithmetic(&a, sweep.seed);
        free_arithmetic(&a);
    }
}

/* Where x / N is rounded depends on the significand of x alone, if neither is too small. */
static bool divides_all_significands(const struct poolgrad_routines *table, double value)
{
    enum { BLOCK = 1 << 12, SIGNIFICANDS = 1 << 23 };
    static float x[BLOCK], quotient[BLOCK];
    const struct poolgrad_divisor divisor = poolgrad_divisor_of(value);
    const float n = (float)value;
    bool same = true;
    for (int32_t first = 0; first < SIGNIFICANDS; first += BLOCK) {
        for (int32_t i = 0; i < BLOCK; i++) x[i] = (float)(SIGNIFICANDS + first + i);
        table->divide_all[POOLGRAD_SUM32](x, &divisor, (struct poolgrad_rows){1, BLOCK, BLOCK, BLOCK}, quotient);
        for (int32_t i = 0; i < BLOCK; i++) same &= quotient[i] == x[i] / n;
    }
    return same;
}

static void expect_significands(double value)
{
    for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
        const struct poolgrad_routines *table = table_of(isa);
        cr_assert(!table || divides_all_significands(table, value), "%s: by %g", poolgrad_isa_name((poolgrad_isa)isa),
                  value);
    }
}

Test(routines_give, counts_divide_every_significand)
{
    random_sweep sweep = random_sweep_start("routines_significands", 2);
    expect_significands(9);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        expect_significands((double)random_between(&r, 1, random_chance(&r, 50) ? 4096 : 1 << 20));
    }
}

/* ---- Lanes ------------------------------------------------------------------------------------------------------- */

struct turn {
    int log2_size;
    int64_t planes, count, lanes, plane_step, step;
    guard_buffer image, beside;
    unsigned char *image_bytes, *plane_bytes, *beside_bytes; /* first bytes, and element 0 of plane 0 */
    int64_t image_size, beside_size;
    unsigned char *expected;
};

static void choose_steps(random_state *r, struct turn *t)
{
    const int64_t sign = random_chance(r, 20) ? -1 : 1, other_sign = random_chance(r, 20) ? -1 : 1;
    const int64_t near = random_chance(r, 60) ? 1 : random_between(r, 1, 4);
    const int64_t gap = random_chance(r, 50) ? 0 : random_between(r, 1, 40);
    if (random_chance(r, 65)) {
        t->step = sign * near;
        t->plane_step = other_sign * (t->count * near + gap);
    } else {
        t->plane_step = sign * near;
        t->step = other_sign * (t->planes * near + gap);
    }
}

static struct turn make_turn(random_state *r)
{
    static const int64_t lanes[] = {16, 32, 64};
    struct turn t = {.log2_size = (int)random_between(r, 0, 3), .lanes = lanes[random_between(r, 0, 2)]};
    if (random_chance(r, 20)) t.lanes = random_between(r, 1, 70);
    t.planes = random_chance(r, 50) ? t.lanes : random_between(r, 1, t.lanes);
    t.count = random_chance(r, 30) ? random_between(r, 1, 200) : random_between(r, 1, 60);
    choose_steps(r, &t);
    const int64_t size = INT64_C(1) << t.log2_size;
    const int64_t along = (t.count - 1) * t.step, across = (t.planes - 1) * t.plane_step;
    const int64_t least = (along < 0 ? along : 0) + (across < 0 ? across : 0);
    const int64_t most = (along > 0 ? along : 0) + (across > 0 ? across : 0);
    t.image_size = (most - least + 1) * size;
    t.image_bytes = make(r, &t.image, t.image_size);
    t.plane_bytes = t.image_bytes - least * size;
    t.beside_size = ((t.count - 1) * t.lanes + t.planes) * size;
    t.beside_bytes = make(r, &t.beside, t.beside_size);
    t.expected = malloc((size_t)(t.image_size > t.beside_size ? t.image_size : t.beside_size));
    if (!t.expected) abort();
    return t;
}

static void free_turn(struct turn *t)
{
    guard_free(&t->image);
    guard_free(&t->beside);
    free(t->expected);
}

static void fill_bytes(random_state *r, int64_t size, unsigned char *to)
{
    for (int64_t i = 0; i < size; i++) to[i] = (unsigned char)random_bits(r);
}

static void expect_turned(const struct poolgrad_routines *table, const struct turn *t, bool back, uint64_t seed)
{
    const int64_t size = back ? t->image_size : t->beside_size;
    unsigned char *results = back ? t->image_bytes : t->beside_bytes;
    memset(results, FILL, (size_t)size);
    if (back) {
        table->from_lanes[t->log2_size](t->beside_bytes, t->lanes, t->planes, t->count, t->plane_bytes, t->plane_step,
                                        t->step);
    } else {
        table->to_lanes[t->log2_size](t->plane_bytes, t->plane_step, t->step, t->planes, t->count, t->beside_bytes,
                                      t->lanes);
    }
    cr_assert(memcmp(results, t->expected, (size_t)size) == 0 && guard_intact(&t->image) && guard_intact(&t->beside),
              "POOLGRAD_TEST_SEED=%" PRIu64 ": %s of %s, %d bytes, %" PRId64 " planes of %" PRId64 " in %" PRId64
              " lanes, plane_step %" PRId64 ", step %" PRId64,
              seed, back ? "from_lanes" : "to_lanes", poolgrad_isa_name(table->isa), 1 << t->log2_size, t->planes,
              t->count, t->lanes, t->plane_step, t->step);
}

static void turn(random_state *r, const struct turn *t, bool back, uint64_t seed)
{
    const int64_t size = INT64_C(1) << t->log2_size;
    fill_bytes(r, back ? t->beside_size : t->image_size, back ? t->beside_bytes : t->image_bytes);
    memset(t->expected, FILL, (size_t)(back ? t->image_size : t->beside_size));
    for (int64_t i = 0; i < t->count; i++) {
        for (int64_t p = 0; p < t->planes; p++) {
            const int64_t beside = (i * t->lanes + p) * size, image = (p * t->plane_step + i * t->step) * size;
            const int64_t to_image = t->plane_bytes - t->image_bytes + image;
            if (back) memcpy(t->expected + to_image, t->beside_bytes + beside, (size_t)size);
            if (!back) memcpy(t->expected + beside, t->plane_bytes + image, (size_t)size);
        }
    }
    for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
        const struct poolgrad_routines *table = table_of(isa);
        if (table) expect_turned(table, t, back, seed);
    }
}

Test(routines_give, planes_go_to_lanes_and_back)
{
    random_sweep sweep = random_sweep_start("routines_lanes", 3000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        struct turn t = make_turn(&r);
        turn(&r, &t, false, sweep.seed);
        turn(&r, &t, true, sweep.seed);
        free_turn(&t);
    }
}

/* ---- Speed: printed on request, of no consequence ---------------------------------------------------------------- */

enum { SPEED_ELEMENTS = 64, SPEED_REPEATS = 56, SPEED_RUNS = 200, SPEED_SIZE = 1 << 20 };

static unsigned char speed_from[SPEED_SIZE], speed_taps[SPEED_SIZE], speed_to[SPEED_SIZE];

/* A row of pixels of 64 channels, each within `rows` x `columns` windows. */
static void give_row(const struct poolgrad_routines *table, routine what, int64_t rows, int64_t columns)
{
    struct poolgrad_operand_row row[2] = {{speed_from, speed_taps, 0}, {speed_from + SPEED_SIZE / 2, speed_taps, 6}};
    struct poolgrad_operand_column column[2] = {{0, 0}, {SPEED_ELEMENTS, 2}};
    const struct poolgrad_walk walk = {.rows = row,
                                       .columns = column,
                                       .row_count = rows,
                                       .column_count = columns,
                                       .repeats = SPEED_REPEATS,
                                       .count = SPEED_ELEMENTS,
                                       .step = SPEED_ELEMENTS,
                                       .to_step = (int64_t)2 * SPEED_ELEMENTS};
    const struct poolgrad_ending ending = {.stored = true};
    if (what == GIVE_SUM) table->give_sum[POOLGRAD_SUM32][POOLGRAD_FLOAT32](&walk, &ending, speed_to);
    if (what == GIVE_PICK8) table->give_pick8[POOLGRAD_SUM32][POOLGRAD_FLOAT32](&walk, &ending, speed_to);
    if (what == GIVE_PICK32) table->give_pick32[POOLGRAD_SUM32][POOLGRAD_FLOAT32](&walk, &ending, speed_to);
}

/* 16 planes of 28 x 28 float32 to lanes, or back. */
static void turn_planes(const struct poolgrad_routines *table, bool back)
{
    enum { COUNT = 28 * 28, LANES = 16 };
    if (back) table->from_lanes[2](speed_from, LANES, LANES, COUNT, speed_to, COUNT, 1);
    if (!back) table->to_lanes[2](speed_from, COUNT, 1, LANES, COUNT, speed_to, LANES);
}

static double microseconds(clock_t start)
{
    return (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / (double)SPEED_RUNS;
}

static void print_speed(const struct poolgrad_routines *table)
{
    for (int what = GIVE_SUM; what < GIVE_NORM; what++) {
        for (int windows = 1; windows <= 4; windows *= 2) {
            const clock_t start = clock();
            for (int i = 0; i < SPEED_RUNS; i++) {
                give_row(table, (routine)what, windows > 2 ? 2 : 1, windows > 1 ? 2 : 1);
            }
            fprintf(stderr, "%-8s %-12s %d windows %10.2f us\n", poolgrad_isa_name(table->isa), routine_names[what],
                    windows, microseconds(start));
        }
    }
    for (int back = 0; back < 2; back++) {
        const clock_t start = clock();
        for (int i = 0; i < SPEED_RUNS; i++) turn_planes(table, back != 0);
        fprintf(stderr, "%-8s %-22s %10.2f us\n", poolgrad_isa_name(table->isa), back ? "from_lanes" : "to_lanes",
                microseconds(start));
    }
}

Test(routines_give, speed)
{
    const char *wanted = getenv("POOLGRAD_TEST_SPEED");
    for (int isa = POOLGRAD_ISA_SCALAR; wanted && *wanted && isa < ISAS; isa++) {
        const struct poolgrad_routines *table = table_of(isa);
        if (table) print_speed(table);
    }
}
