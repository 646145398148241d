/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routines alone: each of a random scene, by the scalar table against a direct evaluation of the scene, and by the
 * table of each instruction set against the scalar one's. Operands and results end at, or begin behind, pages that
 * cannot be touched. POOLGRAD_TEST_SPEED=1 prints how much faster each is than the scalar one.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/clock.h"
#include "pooling/isa.h"
#include "routines/routines.h"
#include "support/encoding.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/report.h"

enum { ISAS = POOLGRAD_ISA_NEON + 1, MOST_ROWS = 8, MOST_COLUMNS = 160, CODE_STEP = 2, FIRST_CODE = 4 };

/* Codes of an earlier step, an even number each, and of a walk through these: 8 bits hold them all. */
enum { MOST_STEP = 8, STEP_STEP = MOST_STEP + CODE_STEP, STEP_ROWS = 3, STEP_COLUMNS = 8 };

/* A walk, its operands, and what becomes of them. */
typedef struct scene {
    poolgrad_format format; /* of operands */
    struct poolgrad_operand_row rows[MOST_ROWS];
    struct poolgrad_operand_column columns[MOST_COLUMNS];
    struct poolgrad_walk walk;
    struct poolgrad_ending ending;
    struct poolgrad_search search;
    guard_buffer operands, values, codes, gradient, taps, divisors;
    size_t value_offset;          /* of element 0 of repeat 0 in its buffer */
    poolgrad_format value_format; /* what results are in */
    size_t code_bytes;            /* 0: no codes */
    bool no_values;
    bool steps; /* operands have codes of an earlier search */
} scene;

/* A result by the rules. */
typedef struct outcome {
    double value;
    int64_t code;
} outcome;

/* A routine of the table that is tested: makes what is its own of a scene, is called, and says by one result what is
 * right. */
typedef struct subject {
    const char *name;
    bool (*exists)(const struct poolgrad_routines *table, const scene *s);
    void (*make)(random_state *r, scene *s);
    bool (*call)(const struct poolgrad_routines *table, const scene *s);
    outcome (*evaluate)(const scene *s, int64_t repeat, int64_t lane);
} subject;

/* ---- Operands ---------------------------------------------------------------------------------------------------- */

static uint64_t load_bits(const void *at, size_t size)
{
    uint8_t b8;
    uint16_t b16;
    uint32_t b32;
    uint64_t b64;
    switch (size) {
    case 1: return memcpy(&b8, at, size), b8;
    case 2: return memcpy(&b16, at, size), b16;
    case 4: return memcpy(&b32, at, size), b32;
    default: return memcpy(&b64, at, sizeof b64), b64;
    }
}

static void store_bits(void *at, size_t size, uint64_t bits)
{
    const uint8_t b8 = (uint8_t)bits;
    const uint16_t b16 = (uint16_t)bits;
    const uint32_t b32 = (uint32_t)bits;
    switch (size) {
    case 1: memcpy(at, &b8, size); break;
    case 2: memcpy(at, &b16, size); break;
    case 4: memcpy(at, &b32, size); break;
    default: memcpy(at, &bits, sizeof bits); break;
    }
}

static bool is_unorm(poolgrad_format format)
{
    return format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
}

/* Ties, specials among them, any bits, and numbers whose sums round. */
static uint64_t random_element(random_state *r, poolgrad_format format, int mood)
{
    static const double specials[] = {NAN, 0.0, -0.0, INFINITY, -INFINITY, 0x1p-24, -0x1p-149, 0x1p-1074, 65504};
    if (is_unorm(format)) return mood == 0 ? (uint64_t)random_between(r, 0, 3) : random_bits(r);
    const int64_t special = random_between(r, mood == 4 ? 0 : 1, 8);
    switch (mood) {
    case 0: return number_encode(format, (double)random_between(r, -1, 1) * (random_chance(r, 50) ? 1 : -1));
    case 1: return number_encode(format, random_chance(r, 80) ? -INFINITY : -0.0);
    case 2: return random_bits(r);
    case 3:
    case 4:
        if (random_chance(r, 20)) return number_encode(format, specials[special]);
        break;
    default: break;
    }
    return number_encode(format,
                         ldexp((double)random_between(r, -(1 << 20), 1 << 20), (int)random_between(r, -24, -16)));
}

static void fill(random_state *r, poolgrad_format format, unsigned char *at, int64_t count)
{
    const size_t size = number_size(format);
    const int mood = (int)random_between(r, 0, 5);
    for (int64_t i = 0; i < count; ++i) store_bits(at + (size_t)i * size, size, random_element(r, format, mood));
    if (mood == 5 && count > 0 && random_chance(r, 20) && !is_unorm(format)) { /* one NaN among numbers */
        store_bits(at + (size_t)random_between(r, 0, count - 1) * size, size, number_encode(format, NAN));
    }
}

/* Repeats of all lines of all slices are numbered; where one lies that is `step` from repeat to repeat, and so much
 * from line to line and from slice to slice. */
static int64_t lines_of(const scene *s)
{
    return s->walk.lines > 0 ? s->walk.lines : 1;
}

static int64_t all_repeats(const scene *s)
{
    return s->walk.repeats * lines_of(s) * (s->walk.slices > 0 ? s->walk.slices : 1);
}

static int64_t repeat_at(const scene *s, int64_t repeat, int64_t step, int64_t line_step, int64_t slice_step)
{
    const int64_t line = repeat / s->walk.repeats, lines = lines_of(s);
    return line / lines * slice_step + line % lines * line_step + repeat % s->walk.repeats * step;
}

static int64_t operands_at(const scene *s, int64_t repeat)
{
    return repeat_at(s, repeat, s->walk.step, s->walk.line_step, s->walk.slice_step);
}

static int64_t results_at(const scene *s, int64_t repeat)
{
    return repeat_at(s, repeat, s->walk.to_step, s->walk.line_to_step, s->walk.slice_to_step);
}

static int64_t gradient_at(const scene *s, int64_t repeat)
{
    const struct poolgrad_ending *ending = &s->ending;
    return repeat_at(s, repeat, ending->gradient_step, ending->gradient_line_step, ending->gradient_slice_step);
}

static int64_t result_count(const scene *s)
{
    return results_at(s, all_repeats(s) - 1) + s->walk.count;
}

static double operand(const scene *s, int64_t row, int64_t column, int64_t repeat, int64_t lane)
{
    const size_t size = number_size(s->format);
    const int64_t at = s->columns[column].offset + operands_at(s, repeat) + lane;
    return number_decode(s->format, load_bits((const unsigned char *)s->rows[row].at + at * (int64_t)size, size));
}

/* ---- Scenes ------------------------------------------------------------------------------------------------------ */

static int64_t random_count(random_state *r)
{
    static const int64_t counts[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 128, 200, 256};
    if (random_chance(r, 40)) return random_between(r, 1, 80);
    return counts[random_between(r, 0, (int64_t)(sizeof counts / sizeof *counts) - 1)];
}

/* Codes ascend in the order of the walk, and are odd: a tap outside has an even one. */
static void make_walk(random_state *r, scene *s)
{
    const bool list = random_chance(r, 5);
    s->walk = (struct poolgrad_walk){.rows = s->rows,
                                     .columns = s->columns,
                                     .row_count = list ? 1 : random_between(r, 1, random_chance(r, 20) ? 8 : 3),
                                     .column_count = random_between(r, 1,
                                                                    list                   ? 120
                                                                    : random_chance(r, 20) ? 12
                                                                                           : 3),
                                     .repeats = random_between(r, 1, 4),
                                     .count = random_count(r),
                                     .step = random_between(r, -40, 200)};
    s->walk.to_step = s->walk.count + random_between(r, 0, 3) * random_between(r, 0, 3);
    if (random_chance(r, 40)) {
        s->walk.lines = random_between(r, 1, 3);
        s->walk.line_step = random_between(r, -40, 400);
        s->walk.line_to_step = s->walk.repeats * s->walk.to_step + random_between(r, 0, 9);
    }
    if (random_chance(r, 40)) {
        s->walk.slices = random_between(r, 1, 3);
        s->walk.slice_step = random_chance(r, 50) ? lines_of(s) * s->walk.line_step : random_between(r, -40, 400);
        const int64_t of_slice = lines_of(s) > 1 ? lines_of(s) * s->walk.line_to_step
                                                 : s->walk.repeats * s->walk.to_step;
        s->walk.slice_to_step = of_slice + random_between(r, 0, 9) * random_between(r, 0, 1);
    }
    for (int64_t c = 0; c < s->walk.column_count; ++c) {
        s->columns[c].code = c * CODE_STEP;
        s->columns[c].offset = random_chance(r, 50) ? c * s->walk.count : random_between(r, -100, 100);
    }
    for (int64_t y = 0; y < s->walk.row_count; ++y) {
        s->rows[y].code = FIRST_CODE + 1 + y * s->walk.column_count * CODE_STEP;
    }
}

/* Room for `elements`, and perhaps for a few bytes before them, so that they are not aligned. */
static size_t make_buffer(random_state *r, guard_buffer *buffer, int64_t elements, size_t size)
{
    const size_t pad = random_chance(r, 30) ? (size_t)random_between(r, 0, 7) : 0;
    const guard_side side = random_chance(r, 60) ? GUARD_BEHIND : GUARD_BEFORE;
    guard_make(buffer, (size_t)elements * size + pad, side);
    return side == GUARD_BEHIND && random_chance(r, 50) ? 0 : pad;
}

/* What an earlier search left, of all that rows reach. */
static void make_taps(random_state *r, scene *s, const int64_t *row, int64_t low, int64_t elements)
{
    guard_make(&s->taps, (size_t)elements * s->code_bytes, random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE);
    for (int64_t i = 0; i < elements; ++i) {
        const uint64_t code = (uint64_t)random_between(r, 0, MOST_STEP / CODE_STEP) * CODE_STEP;
        store_bits(s->taps.bytes + (size_t)i * s->code_bytes, s->code_bytes, code);
    }
    for (int64_t y = 0; y < s->walk.row_count; ++y) {
        s->rows[y].taps = s->taps.bytes + (row[y] - low) * (int64_t)s->code_bytes;
    }
}

/* Rows anywhere; the buffer is what they reach. */
static void make_operands(random_state *r, scene *s)
{
    const struct poolgrad_walk *walk = &s->walk;
    const int64_t size = (int64_t)number_size(s->format);
    int64_t row[MOST_ROWS] = {0}, low = INT64_MAX, high = INT64_MIN;
    for (int64_t y = 0; y < walk->row_count; ++y) {
        row[y] = random_between(r, -300, 300);
        for (int64_t k = 0; k < all_repeats(s) * walk->column_count; ++k) {
            const int64_t at = row[y] + s->columns[k % walk->column_count].offset +
                               operands_at(s, k / walk->column_count);
            if (at < low) low = at;
            if (at + walk->count > high) high = at + walk->count;
        }
    }
    const size_t offset = make_buffer(r, &s->operands, high - low, (size_t)size);
    unsigned char *first = s->operands.bytes + offset;
    fill(r, s->format, first, high - low);
    for (int64_t y = 0; y < walk->row_count; ++y) s->rows[y].at = first + (row[y] - low) * size;
    if (s->steps) make_taps(r, s, row, low, high - low);
    guard_keep(&s->operands);
}

/* Results hold what is resumed, or anything. */
static void make_results(random_state *r, scene *s)
{
    const int64_t elements = result_count(s);
    s->value_offset = make_buffer(r, &s->values, elements, number_size(s->value_format));
    fill(r, s->value_format, s->values.bytes + s->value_offset, elements);
    guard_keep(&s->values);
    guard_make(&s->codes, (size_t)elements * s->code_bytes, random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE);
    for (int64_t i = 0; s->code_bytes > 0 && i < elements; ++i) {
        const uint64_t earlier = random_chance(r, 50) ? 1 : FIRST_CODE - 1;
        store_bits(s->codes.bytes + (size_t)i * s->code_bytes, s->code_bytes, earlier);
    }
    guard_keep(&s->codes);
}

static void make_scene(random_state *r, const subject *tested, poolgrad_format format, scene *s)
{
    *s = (scene){.format = format, .ending = {.outside = -1}};
    make_walk(r, s);
    tested->make(r, s);
    if (s->ending.resume) s->walk.lines = s->walk.slices = 0;
    make_operands(r, s);
    make_results(r, s);
}

static void free_scene(scene *s)
{
    guard_free(&s->operands);
    guard_free(&s->values);
    guard_free(&s->codes);
    if (s->gradient.mapping) guard_free(&s->gradient);
    if (s->divisors.mapping) guard_free(&s->divisors);
    if (s->taps.mapping) guard_free(&s->taps);
}

static unsigned char *value_at(const scene *s, unsigned char *values, int64_t repeat, int64_t lane)
{
    return values + s->value_offset + (size_t)(results_at(s, repeat) + lane) * number_size(s->value_format);
}

static unsigned char *code_at(const scene *s, unsigned char *codes, int64_t repeat, int64_t lane)
{
    return codes + (size_t)(results_at(s, repeat) + lane) * s->code_bytes;
}

/* ---- Sums and norms ---------------------------------------------------------------------------------------------- */

static double resumed_value(const scene *s, int64_t repeat, int64_t lane)
{
    const size_t size = number_size(s->value_format);
    return number_decode(s->value_format, load_bits(value_at(s, s->values.kept, repeat, lane), size));
}

static void make_ending(random_state *r, scene *s, poolgrad_format accumulator)
{
    s->ending.stored = !is_unorm(s->format) && random_chance(r, 60);
    s->ending.past_caches = random_chance(r, 50);
    s->value_format = s->ending.stored ? s->format : accumulator;
    s->ending.resume = s->value_format == accumulator && random_chance(r, 30);
    s->ending.divisor = random_chance(r, 50) ? (double)random_between(r, 1, 49) : 0;
}

/* One for each result, now and then. */
static void make_divisors(random_state *r, scene *s, poolgrad_format accumulator)
{
    const int64_t elements = result_count(s);
    const size_t size = number_size(accumulator);
    if (!random_chance(r, 30)) return;
    const size_t offset = make_buffer(r, &s->divisors, elements, size);
    unsigned char *first = s->divisors.bytes + offset;
    for (int64_t i = 0; i < elements; ++i) {
        store_bits(first + (size_t)i * size, size, number_encode(accumulator, (double)random_between(r, 1, 49)));
    }
    s->ending.divisors = first;
}

static void make_sum32(random_state *r, scene *s)
{
    make_ending(r, s, POOLGRAD_FLOAT32);
    make_divisors(r, s, POOLGRAD_FLOAT32);
}

static void make_sum64(random_state *r, scene *s)
{
    make_ending(r, s, POOLGRAD_FLOAT64);
    make_divisors(r, s, POOLGRAD_FLOAT64);
    s->ending.partial = random_chance(r, 20);
    s->ending.stored = s->ending.stored && !s->ending.partial;
    if (s->ending.partial) s->value_format = POOLGRAD_FLOAT64;
}

static void make_norm(random_state *r, scene *s)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};
    make_sum64(r, s);
    if (random_chance(r, 50)) return;
    const poolgrad_format format = formats[random_between(r, 0, 3)];
    s->ending.stored = false;
    s->value_format = POOLGRAD_FLOAT64;
    s->ending.gradient_format = format;
    s->ending.gradient_step = random_between(r, 0, s->walk.count + 9);
    s->ending.gradient_line_step = random_between(r, 0, 99);
    s->ending.gradient_slice_step = random_chance(r, 50) ? lines_of(s) * s->ending.gradient_line_step
                                                         : random_between(r, 0, 99);
    const int64_t elements = gradient_at(s, all_repeats(s) - 1) + s->walk.count;
    const size_t offset = make_buffer(r, &s->gradient, elements, number_size(format));
    unsigned char *first = s->gradient.bytes + offset;
    fill(r, format, first, elements);
    s->ending.gradient = first;
}

static bool has_sum32(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_sum[POOLGRAD_SUM32][s->format] != NULL;
}

static bool has_sum64(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_sum[POOLGRAD_SUM64][s->format] != NULL;
}

static bool has_norm(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_norm[s->format] != NULL;
}

static bool call_sum32(const struct poolgrad_routines *table, const scene *s)
{
    table->find_sum[POOLGRAD_SUM32][s->format](&s->walk, &s->ending, s->values.bytes + s->value_offset);
    return false;
}

static bool call_sum64(const struct poolgrad_routines *table, const scene *s)
{
    table->find_sum[POOLGRAD_SUM64][s->format](&s->walk, &s->ending, s->values.bytes + s->value_offset);
    return false;
}

static bool call_norm(const struct poolgrad_routines *table, const scene *s)
{
    table->find_norm[s->format](&s->walk, &s->ending, s->values.bytes + s->value_offset);
    return false;
}

static double divisor_of(const scene *s, poolgrad_format accumulator, int64_t repeat, int64_t lane)
{
    if (!s->ending.divisors) return s->ending.divisor;
    const size_t size = number_size(accumulator);
    const int64_t at = results_at(s, repeat) + lane;
    return number_decode(accumulator, load_bits((const unsigned char *)s->ending.divisors + (size_t)at * size, size));
}

static outcome evaluate_sum32(const scene *s, int64_t repeat, int64_t lane)
{
    float sum = s->ending.resume ? (float)resumed_value(s, repeat, lane) : 0;
    for (int64_t t = 0; t < s->walk.row_count * s->walk.column_count; ++t) {
        sum += (float)operand(s, t / s->walk.column_count, t % s->walk.column_count, repeat, lane);
    }
    const double divisor = divisor_of(s, POOLGRAD_FLOAT32, repeat, lane);
    if (!s->ending.partial && divisor > 0) sum /= (float)divisor;
    return (outcome){.value = sum};
}

static outcome evaluate_sum64(const scene *s, int64_t repeat, int64_t lane)
{
    double sum = s->ending.resume ? resumed_value(s, repeat, lane) : 0;
    for (int64_t t = 0; t < s->walk.row_count * s->walk.column_count; ++t) {
        sum += operand(s, t / s->walk.column_count, t % s->walk.column_count, repeat, lane);
    }
    const double divisor = divisor_of(s, POOLGRAD_FLOAT64, repeat, lane);
    if (!s->ending.partial && divisor > 0) sum /= divisor;
    return (outcome){.value = sum};
}

static double gradient_of(const scene *s, int64_t repeat, int64_t lane)
{
    const size_t size = number_size(s->ending.gradient_format);
    const int64_t at = gradient_at(s, repeat) + lane;
    const unsigned char *element = (const unsigned char *)s->ending.gradient + at * (int64_t)size;
    return number_decode(s->ending.gradient_format, load_bits(element, size));
}

static outcome evaluate_norm(const scene *s, int64_t repeat, int64_t lane)
{
    double sum = s->ending.resume ? resumed_value(s, repeat, lane) : 0;
    for (int64_t t = 0; t < s->walk.row_count * s->walk.column_count; ++t) {
        const double x = operand(s, t / s->walk.column_count, t % s->walk.column_count, repeat, lane);
        const double square = x * x;
        sum += square;
    }
    if (s->ending.partial) return (outcome){.value = sum};
    if (s->ending.divisor > 0) sum /= s->ending.divisor;
    const double norm = sqrt(sum);
    if (!s->ending.gradient) return (outcome){.value = norm};
    const double divided = s->ending.divisor > 0 ? s->ending.divisor * norm : norm;
    return (outcome){.value = divided == 0 ? 0 : gradient_of(s, repeat, lane) / divided};
}

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

static void make_max(random_state *r, scene *s)
{
    static const poolgrad_nan_rule rules[] = {POOLGRAD_NAN_FIRST, POOLGRAD_NAN_LAST, POOLGRAD_NAN_IGNORE};
    make_ending(r, s, s->format == POOLGRAD_FLOAT64 ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32);
    s->search.last = random_chance(r, 50);
    s->search.nan = rules[random_between(r, 0, 2)];
    s->search.careful = s->ending.resume || random_chance(r, 50);
    s->search.padded = random_chance(r, 30);
    if (random_chance(r, 40)) {
        const int64_t taps = s->walk.row_count * s->walk.column_count;
        s->ending.outside = random_between(r, 0, taps + FIRST_CODE / CODE_STEP) * CODE_STEP;
    }
}

static void make_greatest(random_state *r, scene *s)
{
    make_max(r, s);
    if (s->ending.resume) s->ending.outside = -1;
}

/* The second of two steps: codes ascend as they do elsewhere. */
static void make_second(random_state *r, scene *s)
{
    s->steps = true;
    s->search.careful = s->ending.resume = false;
    if (s->walk.row_count > STEP_ROWS) s->walk.row_count = STEP_ROWS;
    if (s->walk.column_count > STEP_COLUMNS) s->walk.column_count = STEP_COLUMNS;
    for (int64_t c = 0; c < s->walk.column_count; ++c) s->columns[c].code = c * STEP_STEP;
    for (int64_t y = 0; y < s->walk.row_count; ++y) {
        s->rows[y].code = FIRST_CODE + 1 + y * s->walk.column_count * STEP_STEP;
    }
    if (s->ending.outside >= 0) s->ending.outside = random_between(r, 0, 127) * CODE_STEP;
}

static void make_pick(random_state *r, scene *s)
{
    make_max(r, s);
    const bool wide = s->format == POOLGRAD_FLOAT32 || s->format == POOLGRAD_FLOAT64;
    if (wide && random_chance(r, 30)) make_second(r, s);
    s->no_values = !s->ending.resume && random_chance(r, 20);
}

static void make_pick8(random_state *r, scene *s)
{
    make_pick(r, s);
    s->code_bytes = 1;
}

static void make_pick32(random_state *r, scene *s)
{
    make_pick(r, s);
    s->code_bytes = 4;
    if (random_chance(r, 10)) { /* codes that are negative in 32 bits */
        for (int64_t y = 0; y < s->walk.row_count; ++y) s->rows[y].code += INT64_C(1) << 31;
        if (s->ending.outside >= 0 && random_chance(r, 80)) s->ending.outside += INT64_C(1) << 31;
    }
}

static bool has_greatest(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_greatest[s->format] != NULL;
}

static bool has_pick8(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_pick8[s->format] != NULL;
}

static bool has_pick32(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_pick32[s->format] != NULL;
}

static bool call_greatest(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_greatest[s->format](&s->walk, &s->ending, &s->search, s->values.bytes + s->value_offset);
}

static void *picked_values(const scene *s)
{
    return s->no_values ? NULL : s->values.bytes + s->value_offset;
}

static bool call_pick8(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_pick8[s->format](&s->walk, &s->ending, &s->search, picked_values(s), s->codes.bytes);
}

static bool call_pick32(const struct poolgrad_routines *table, const scene *s)
{
    return table->find_pick32[s->format](&s->walk, &s->ending, &s->search, picked_values(s),
                                         (uint32_t *)(void *)s->codes.bytes);
}

static int64_t earlier_code(const scene *s, int64_t row, int64_t column, int64_t repeat, int64_t lane)
{
    const int64_t at = s->columns[column].offset + operands_at(s, repeat) + lane;
    if (!s->steps) return 0;
    return (int64_t)load_bits((const unsigned char *)s->rows[row].taps + at * (int64_t)s->code_bytes, s->code_bytes);
}

/* All that take part, in order: what is resumed, the operands, and the tap outside at its place. */
static int64_t line_up(const scene *s, int64_t repeat, int64_t lane, outcome *candidates)
{
    int64_t count = 0;
    bool outside = s->ending.outside >= 0;
    if (s->ending.resume) {
        const int64_t code = s->code_bytes == 0
                                 ? -1
                                 : (int64_t)load_bits(code_at(s, s->codes.kept, repeat, lane), s->code_bytes);
        if (outside && s->ending.outside < code) {
            candidates[count++] = (outcome){0, s->ending.outside};
            outside = false;
        }
        candidates[count++] = (outcome){resumed_value(s, repeat, lane), code};
    }
    for (int64_t t = 0; t < s->walk.row_count * s->walk.column_count; ++t) {
        const int64_t row = t / s->walk.column_count, column = t % s->walk.column_count;
        const int64_t code = s->rows[row].code + s->columns[column].code + earlier_code(s, row, column, repeat, lane);
        if (outside && s->ending.outside < code) {
            candidates[count++] = (outcome){0, s->ending.outside};
            outside = false;
        }
        candidates[count++] = (outcome){operand(s, row, column, repeat, lane), code};
    }
    if (outside) candidates[count++] = (outcome){0, s->ending.outside};
    return count;
}

/* docs/numerics.md N30 to N34: the first or last NaN, else the first or last of the greatest numbers, else, all being
 * NaNs that are ignored, the first of all. */
static outcome evaluate_max(const scene *s, int64_t repeat, int64_t lane)
{
    outcome candidates[MOST_ROWS * 12 + MOST_COLUMNS + 2];
    const int64_t count = line_up(s, repeat, lane, candidates);
    double greatest = -INFINITY;
    int64_t picked = -1, nan = -1;
    for (int64_t i = 0; i < count; ++i) {
        const bool later = s->search.nan == POOLGRAD_NAN_LAST || nan < 0;
        if (isnan(candidates[i].value) && later) nan = i;
        if (candidates[i].value > greatest) greatest = candidates[i].value;
    }
    for (int64_t i = 0; i < count; ++i) {
        const bool equal = candidates[i].value >= greatest;
        if (equal && (picked < 0 || s->search.last)) picked = i;
    }
    if (s->search.nan == POOLGRAD_NAN_IGNORE) return candidates[picked < 0 ? 0 : picked];
    return candidates[nan >= 0 ? nan : picked];
}

/* A search that only compares says so where there is a NaN or, of padded operands, a result of -infinity. */
static bool is_void(const scene *s)
{
    for (int64_t k = 0; k < all_repeats(s); ++k) {
        for (int64_t i = 0; i < s->walk.count; ++i) {
            if (s->search.padded && evaluate_max(s, k, i).value == -INFINITY) return true;
            for (int64_t t = 0; t < s->walk.row_count * s->walk.column_count; ++t) {
                if (isnan(operand(s, t / s->walk.column_count, t % s->walk.column_count, k, i))) return true;
            }
        }
    }
    return false;
}

/* ---- Comparison -------------------------------------------------------------------------------------------------- */

static const subject subjects[] = {
    {"find_sum32", has_sum32, make_sum32, call_sum32, evaluate_sum32},
    {"find_sum64", has_sum64, make_sum64, call_sum64, evaluate_sum64},
    {"find_norm", has_norm, make_norm, call_norm, evaluate_norm},
    {"find_greatest", has_greatest, make_greatest, call_greatest, evaluate_max},
    {"find_pick8", has_pick8, make_pick8, call_pick8, evaluate_max},
    {"find_pick32", has_pick32, make_pick32, call_pick32, evaluate_max},
};

enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static const poolgrad_format formats[] = {POOLGRAD_UNORM8,   POOLGRAD_UNORM16, POOLGRAD_FLOAT16,
                                          POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};

enum { FORMATS = sizeof formats / sizeof *formats };

/* The table of that instruction set alone; null where there is none, or none for this processor. */
static const struct poolgrad_routines *table_of(int isa)
{
    if (isa <= POOLGRAD_ISA_BEST || !poolgrad_isa_compiled((poolgrad_isa)isa)) return NULL;
    const struct poolgrad_routines *table = poolgrad_choose_routines((poolgrad_isa)isa);
    return (int)table->isa == isa ? table : NULL;
}

static bool complain(const subject *tested, const scene *s, const char *isa, int64_t repeat, int64_t lane,
                     const char *what)
{
    const struct poolgrad_walk *w = &s->walk;
    cr_log_error("%s of %s by %s: repeat %lld, element %lld: %s", tested->name, poolgrad_format_name(s->format), isa,
                 (long long)repeat, (long long)lane, what);
    cr_log_error("%lld x %lld operands, %lld repeats of %lld, step %lld, to %lld; %lld lines, step %lld, to %lld; "
                 "%lld slices, step %lld, to %lld; "
                 "stored %d, resume %d, partial %d, "
                 "divisor %g, outside %lld; last %d, nan %d, careful %d, padded %d, steps %d; over %s",
                 (long long)w->row_count, (long long)w->column_count, (long long)w->repeats, (long long)w->count,
                 (long long)w->step, (long long)w->to_step, (long long)w->lines, (long long)w->line_step,
                 (long long)w->line_to_step, (long long)w->slices, (long long)w->slice_step,
                 (long long)w->slice_to_step, s->ending.stored, s->ending.resume, s->ending.partial, s->ending.divisor,
                 (long long)s->ending.outside, s->search.last, (int)s->search.nan, s->search.careful, s->search.padded,
                 s->steps, s->ending.gradient ? poolgrad_format_name(s->ending.gradient_format) : "nothing");
    return false;
}

/* Numbers that are not stored keep whatever NaN they have: all are made the same. Of a void search nothing counts. */
static void settle(const scene *s, unsigned char *values, unsigned char *codes, bool all)
{
    const size_t size = number_size(s->value_format);
    for (int64_t k = 0; k < all_repeats(s); ++k) {
        for (int64_t i = 0; i < s->walk.count; ++i) {
            unsigned char *value = value_at(s, values, k, i);
            const uint64_t bits = load_bits(value, size);
            const bool nan = !s->ending.stored && isnan(number_decode(s->value_format, bits));
            if (all || nan) store_bits(value, size, all ? 0 : number_encode(s->value_format, NAN));
            if (all && s->code_bytes > 0) memset(code_at(s, codes, k, i), 0, s->code_bytes);
        }
    }
}

/* Into the kept copies of the buffers: expected results, with all that lies between. */
static void expect(const subject *tested, const scene *s, unsigned char *values, unsigned char *codes)
{
    const size_t size = number_size(s->value_format);
    memcpy(values, s->values.kept, s->values.size);
    memcpy(codes, s->codes.kept, s->codes.size);
    for (int64_t k = 0; k < all_repeats(s); ++k) {
        for (int64_t i = 0; i < s->walk.count; ++i) {
            const outcome right = tested->evaluate(s, k, i);
            if (!s->no_values) store_bits(value_at(s, values, k, i), size, number_encode(s->value_format, right.value));
            if (s->code_bytes > 0) store_bits(code_at(s, codes, k, i), s->code_bytes, (uint64_t)right.code);
        }
    }
}

static bool same_results(const subject *tested, const scene *s, const char *isa, const unsigned char *values,
                         const unsigned char *codes)
{
    const size_t size = number_size(s->value_format);
    char text[128];
    for (size_t at = 0; at < s->values.size; ++at) {
        if (s->values.bytes[at] == values[at]) continue;
        const int64_t element = (int64_t)(at - s->value_offset) / (int64_t)size;
        const size_t first = s->value_offset + (size_t)element * size;
        snprintf(text, sizeof text, "%llx, not %llx", (unsigned long long)load_bits(s->values.bytes + first, size),
                 (unsigned long long)load_bits(values + first, size));
        return complain(tested, s, isa, element / s->walk.to_step, element % s->walk.to_step, text);
    }
    for (size_t at = 0; at < s->codes.size; ++at) {
        if (s->codes.bytes[at] == codes[at]) continue;
        const int64_t element = (int64_t)(at / s->code_bytes);
        snprintf(text, sizeof text, "code byte %x, not %x", s->codes.bytes[at], codes[at]);
        return complain(tested, s, isa, element / s->walk.to_step, element % s->walk.to_step, text);
    }
    return true;
}

/* One table's results, against those expected. */
static bool try_table(const subject *tested, scene *s, const struct poolgrad_routines *table,
                      const unsigned char *values, const unsigned char *codes)
{
    const char *isa = poolgrad_isa_name(table->isa);
    guard_restore(&s->values);
    guard_restore(&s->codes);
    const bool should = tested->evaluate == evaluate_max && !s->search.careful && is_void(s);
    const bool does = tested->call(table, s);
    table->fence();
    if (does != should) return complain(tested, s, isa, 0, 0, does ? "void" : "not void");
    settle(s, s->values.bytes, s->codes.bytes, does);
    if (!same_results(tested, s, isa, values, codes)) return false;
    if (!guard_intact(&s->values) || !guard_intact(&s->codes)) return complain(tested, s, isa, 0, 0, "canaries");
    return guard_unchanged(&s->operands) || complain(tested, s, isa, 0, 0, "operands changed");
}

static bool try_scene(const subject *tested, scene *s)
{
    unsigned char *values = malloc(s->values.size + 1), *codes = malloc(s->codes.size + 1);
    if (!values || !codes) abort();
    expect(tested, s, values, codes);
    settle(s, values, codes, tested->evaluate == evaluate_max && !s->search.careful && is_void(s));
    bool good = true;
    for (int isa = POOLGRAD_ISA_SCALAR; good && isa < ISAS; ++isa) {
        const struct poolgrad_routines *table = table_of(isa);
        if (!table) continue;
        good = tested->exists(table, s) || complain(tested, s, poolgrad_isa_name(table->isa), 0, 0, "missing");
        good = good && try_table(tested, s, table, values, codes);
        /* What the scalar table finds is what all others have to. */
        if (isa == POOLGRAD_ISA_SCALAR) memcpy(values, s->values.bytes, s->values.size);
    }
    free(values);
    free(codes);
    return good;
}

static void sweep(const char *name, int first, int last)
{
    static test_case made; /* its seed is all there is to tell */
    random_sweep cases = random_sweep_start(name, 3000);
    while (random_sweep_next(&cases)) {
        random_state r = {cases.seed};
        made.seed = cases.seed;
        report_begin("routines", name, &made);
        const subject *tested = &subjects[random_between(&r, first, last)];
        scene s;
        make_scene(&r, tested, formats[random_between(&r, 0, FORMATS - 1)], &s);
        const bool absent = tested == subjects && s.format == POOLGRAD_FLOAT64; /* float32 cannot hold the operands */
        const bool good = absent ? !tested->exists(&poolgrad_routines_scalar, &s) : try_scene(tested, &s);
        free_scene(&s);
        cr_assert(good, "POOLGRAD_TEST_SEED=%llu POOLGRAD_TEST_CASES=1", (unsigned long long)cases.seed);
    }
}

Test(routines, find_sums)
{
    sweep("find_sums", 0, 2);
}

Test(routines, find_maxima)
{
    sweep("find_maxima", 3, 5);
}

/* ---- Two steps --------------------------------------------------------------------------------------------------- */

enum { SIDE = 9, MOST_SIDE = 3, MOST_LANES = 40 };

/* Windows of `size` x `size` over a square image of `lanes` planes beside each other. */
typedef struct square {
    poolgrad_format format; /* float32 or float64 */
    int64_t lanes, size, dilation, outputs;
    struct poolgrad_ending ending;
    struct poolgrad_search search;
    double image[SIDE * SIDE * MOST_LANES], first[SIDE * SIDE * MOST_LANES]; /* memory for either format */
    uint32_t first_codes[SIDE * SIDE * MOST_LANES];                          /* or 8 bits each */
} square;

typedef struct square_results {
    double values[SIDE * SIDE * MOST_LANES];
    uint32_t codes[SIDE * SIDE * MOST_LANES];
} square_results;

/* Few different values, which are equal often. */
static void make_square(random_state *r, square *s)
{
    static const double values[] = {-INFINITY, -1, -0.0, 0, 1};
    memset(s, 0, sizeof *s);
    s->format = random_chance(r, 50) ? POOLGRAD_FLOAT32 : POOLGRAD_FLOAT64;
    s->lanes = random_between(r, 1, MOST_LANES);
    s->size = random_between(r, 2, MOST_SIDE);
    s->dilation = random_between(r, 1, 3);
    s->outputs = SIDE - (s->size - 1) * s->dilation;
    s->search = (struct poolgrad_search){.last = random_chance(r, 50)};
    s->ending.outside = random_chance(r, 30) ? random_between(r, 0, s->size * s->size - 1) : -1;
    const size_t size = number_size(s->format);
    const int64_t most = random_between(r, 0, 4);
    for (int64_t i = 0; i < SIDE * SIDE * s->lanes; ++i) {
        store_bits((unsigned char *)s->image + (size_t)i * size, size,
                   number_encode(s->format, values[random_between(r, 0, most)]));
    }
}

static void search_square(const struct poolgrad_routines *table, const square *s, size_t code_bytes,
                          const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to, void *codes)
{
    const bool refused = code_bytes == 1 ? table->find_pick8[s->format](walk, ending, &s->search, to, codes)
                                         : table->find_pick32[s->format](walk, ending, &s->search, to, codes);
    cr_assert(!refused);
}

/* Each row of windows along both axes at once, or along x and then along y. */
static void search_at_once(const struct poolgrad_routines *table, const square *s, size_t code_bytes,
                           square_results *to)
{
    const int64_t size = (int64_t)number_size(s->format), bytes = (int64_t)code_bytes, pitch = SIDE * s->lanes;
    for (int64_t y = 0; y < s->outputs; ++y) {
        struct poolgrad_operand_row rows[MOST_SIDE] = {{0}};
        struct poolgrad_operand_column columns[MOST_SIDE];
        for (int64_t i = 0; i < s->size; ++i) {
            rows[i].at = (const unsigned char *)s->image + (y + i * s->dilation) * pitch * size;
            rows[i].code = i * s->size;
            columns[i] = (struct poolgrad_operand_column){i * s->dilation * s->lanes, i};
        }
        const struct poolgrad_walk walk = {.rows = rows,
                                           .columns = columns,
                                           .row_count = s->size,
                                           .column_count = s->size,
                                           .repeats = s->outputs,
                                           .count = s->lanes,
                                           .step = s->lanes,
                                           .to_step = s->lanes};
        search_square(table, s, code_bytes, &walk, &s->ending, (unsigned char *)to->values + y * pitch * size,
                      (unsigned char *)to->codes + y * pitch * bytes);
    }
}

static void search_in_steps(const struct poolgrad_routines *table, square *s, size_t code_bytes, square_results *to)
{
    const int64_t size = (int64_t)number_size(s->format), bytes = (int64_t)code_bytes, pitch = SIDE * s->lanes;
    const struct poolgrad_ending alone = {.outside = -1};
    unsigned char *values = (unsigned char *)s->first, *codes = (unsigned char *)s->first_codes;
    struct poolgrad_operand_row rows[MOST_SIDE] = {{0}};
    struct poolgrad_operand_column columns[MOST_SIDE];
    for (int64_t i = 0; i < s->size; ++i) {
        columns[i] = (struct poolgrad_operand_column){i * s->dilation * s->lanes, i};
    }
    for (int64_t y = 0; y < SIDE; ++y) {
        rows[0].at = (const unsigned char *)s->image + y * pitch * size;
        const struct poolgrad_walk walk = {.rows = rows,
                                           .columns = columns,
                                           .row_count = 1,
                                           .column_count = s->size,
                                           .repeats = s->outputs,
                                           .count = s->lanes,
                                           .step = s->lanes,
                                           .to_step = s->lanes};
        search_square(table, s, code_bytes, &walk, &alone, values + y * pitch * size, codes + y * pitch * bytes);
    }
    columns[0].offset = 0;
    for (int64_t y = 0; y < s->outputs; ++y) {
        for (int64_t i = 0; i < s->size; ++i) {
            const int64_t at = (y + i * s->dilation) * pitch;
            rows[i] = (struct poolgrad_operand_row){values + at * size, codes + at * bytes, i * s->size};
        }
        const struct poolgrad_walk walk = {.rows = rows,
                                           .columns = columns,
                                           .row_count = s->size,
                                           .column_count = 1,
                                           .repeats = s->outputs,
                                           .count = s->lanes,
                                           .step = s->lanes,
                                           .to_step = s->lanes};
        search_square(table, s, code_bytes, &walk, &s->ending, (unsigned char *)to->values + y * pitch * size,
                      (unsigned char *)to->codes + y * pitch * bytes);
    }
}

static bool try_square(const struct poolgrad_routines *table, square *s)
{
    static square_results once, steps;
    for (size_t code_bytes = 1; code_bytes <= 4; code_bytes += 3) {
        memset(&once, 0, sizeof once);
        memset(&steps, 0, sizeof steps);
        search_at_once(table, s, code_bytes, &once);
        search_in_steps(table, s, code_bytes, &steps);
        if (memcmp(&once, &steps, sizeof once) != 0) return false;
    }
    return true;
}

Test(routines, find_in_steps)
{
    static square s;
    random_sweep cases = random_sweep_start("find_in_steps", 300);
    while (random_sweep_next(&cases)) {
        random_state r = {cases.seed};
        make_square(&r, &s);
        for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; ++isa) {
            const struct poolgrad_routines *table = table_of(isa);
            cr_assert(!table || try_square(table, &s), "%s: POOLGRAD_TEST_SEED=%llu POOLGRAD_TEST_CASES=1",
                      poolgrad_isa_name((poolgrad_isa)isa), (unsigned long long)cases.seed);
        }
    }
}

/* ---- Speed ------------------------------------------------------------------------------------------------------- */

/* The least nanoseconds of some calls. */
static double time_of(const subject *tested, const struct poolgrad_routines *table, scene *s)
{
    double least = INFINITY;
    for (int i = 0; i < 30; ++i) {
        const int64_t began = poolgrad_nanoseconds();
        for (int call = 0; call < 10; ++call) tested->call(table, s);
        const double took = (double)(poolgrad_nanoseconds() - began);
        if (took < least) least = took;
    }
    return least;
}

/* Windows of 3 x 3, two pixels of 64 channels apart. */
static void make_window(scene *s, const subject *tested, poolgrad_format format)
{
    enum { CHANNELS = 64, WIDTH = 57, WINDOWS = 28 };
    random_state r = {1};
    *s = (scene){.format = format, .ending = {.outside = -1}};
    tested->make(&r, s);
    if (s->gradient.mapping) guard_free(&s->gradient);
    if (s->divisors.mapping) guard_free(&s->divisors);
    s->gradient = s->divisors = (guard_buffer){0};
    s->ending = (struct poolgrad_ending){.outside = -1};
    s->search = (struct poolgrad_search){.nan = POOLGRAD_NAN_FIRST};
    s->no_values = false;
    s->value_format = POOLGRAD_FLOAT64; /* as much room as any takes */
    s->walk = (struct poolgrad_walk){.rows = s->rows,
                                     .columns = s->columns,
                                     .row_count = 3,
                                     .column_count = 3,
                                     .repeats = WINDOWS,
                                     .count = CHANNELS,
                                     .step = (int64_t)2 * CHANNELS,
                                     .to_step = CHANNELS};
    guard_make(&s->operands, (size_t)3 * WIDTH * CHANNELS * number_size(format), GUARD_BEFORE);
    for (int64_t i = 0; i < (int64_t)3 * WIDTH * CHANNELS; ++i) {
        store_bits(s->operands.bytes + (size_t)i * number_size(format), number_size(format),
                   is_unorm(format) ? random_bits(&r) : random_element(&r, format, 5));
    }
    for (int64_t i = 0; i < 3; ++i) {
        s->rows[i] = (struct poolgrad_operand_row){
            s->operands.bytes + (size_t)i * WIDTH * CHANNELS * number_size(format), NULL, 3 * i};
        s->columns[i] = (struct poolgrad_operand_column){i * CHANNELS, i};
    }
    make_results(&r, s);
}

static void print_speed(const subject *tested, poolgrad_format format)
{
    scene s;
    make_window(&s, tested, format);
    char line[256];
    int length = snprintf(line, sizeof line, "%-14s %-9s", tested->name, poolgrad_format_name(format));
    const bool has = tested->exists(&poolgrad_routines_scalar, &s);
    const double scalar = has ? time_of(tested, &poolgrad_routines_scalar, &s) : 0;
    for (int isa = POOLGRAD_ISA_SCALAR + 1; has && isa < ISAS; ++isa) {
        const struct poolgrad_routines *table = table_of(isa);
        if (!table) continue;
        length += snprintf(line + length, sizeof line - (size_t)length, "  %s %5.1f", poolgrad_isa_name(table->isa),
                           scalar / time_of(tested, table, &s));
    }
    if (has) printf("%s\n", line);
    free_scene(&s);
}

Test(routines, speed)
{
    const char *asked = getenv("POOLGRAD_TEST_SPEED");
    if (!asked || strcmp(asked, "1") != 0) cr_skip_test("POOLGRAD_TEST_SPEED=1 prints a table");
    for (int i = 0; i < SUBJECTS; ++i) {
        for (int f = 0; f < FORMATS; ++f) print_speed(&subjects[i], formats[f]);
    }
}
