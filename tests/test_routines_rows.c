/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows found in rows where they lie: each instruction set's table against a direct evaluation, sources and results
 * between pages that cannot be touched.
 */
#include "pooling/isa.h"
#include "routines/routines.h"
#include "support/guard.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ISAS = POOLGRAD_ISA_NEON + 1, MOST_ROWS = 6, CODE_STEP = 7, FILL = 0x5a };

/* The table of an instruction set, null where this processor or this build has none. */
static const struct poolgrad_routines *table_of(int isa)
{
    if (isa <= POOLGRAD_ISA_BEST || !poolgrad_isa_compiled((poolgrad_isa)isa)) return NULL;
    const struct poolgrad_routines *table = poolgrad_choose_routines((poolgrad_isa)isa);
    return (int)table->isa == isa ? table : NULL;
}

struct scene {
    struct poolgrad_operand_row rows[MOST_ROWS];
    struct poolgrad_row_walk walk;
    struct poolgrad_ending ending;
    guard_buffer source, results, codes, divisors;
    int code_bytes;
};

static float random_number(random_state *r, int mood)
{
    static const float special[] = {INFINITY, -INFINITY, NAN, 0.0F, -0.0F, 1.0F};
    if (random_chance(r, mood)) return special[random_between(r, 0, (int64_t)(sizeof special / sizeof *special) - 1)];
    return (float)random_between(r, -9, 9) / (random_chance(r, 50) ? 2.0F : 3.0F);
}

/* Windows that all have a tap inside. */
static void choose_walk(random_state *r, struct poolgrad_row_walk *walk)
{
    static const struct {
        int64_t kernel, stride;
    } shapes[] = {{3, 1}, {2, 2}, {3, 2}};
    const int64_t shape = random_between(r, 0, 2);
    walk->kernel = shapes[shape].kernel;
    walk->stride = shapes[shape].stride;
    walk->row_count = random_between(r, 1, MOST_ROWS);
    walk->first = random_chance(r, 50) ? 0 : random_between(r, 1 - walk->kernel, 3);
    walk->windows = random_between(r, 1, random_chance(r, 70) ? 40 : 130);
    const int64_t last = walk->first + (walk->windows - 1) * walk->stride;
    const int64_t least = last + 1 > 1 ? last + 1 : 1, whole = last + walk->kernel;
    walk->width = random_chance(r, 50) && whole >= least ? whole
                                                         : random_between(r, least, whole > least ? whole + 3 : least);
    walk->sets = random_between(r, 1, 5);
    walk->lines = random_between(r, 1, 4);
    walk->line_step = random_between(r, 0, 2) * walk->width;
    walk->step = walk->line_step * walk->lines + random_between(r, 0, 9);
    walk->line_to_step = walk->windows + random_between(r, 0, 5);
    walk->to_step = walk->line_to_step * walk->lines + random_between(r, 0, 5);
}

static guard_side random_side(random_state *r)
{
    return random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE;
}

static void make_scene(random_state *r, struct scene *s)
{
    const int mood = random_chance(r, 60) ? 0 : random_chance(r, 50) ? 2 : 30;
    memset(s, 0, sizeof *s);
    choose_walk(r, &s->walk);
    const struct poolgrad_row_walk *w = &s->walk;
    const int64_t last_row = (w->sets - 1) * w->step + (w->lines - 1) * w->line_step + w->width;
    const int64_t rows = random_between(r, 1, w->row_count), size = rows * last_row;
    const int64_t results = (w->sets - 1) * w->to_step + (w->lines - 1) * w->line_to_step + w->windows;
    guard_make(&s->source, (size_t)size * sizeof(float), random_side(r));
    for (int64_t i = 0; i < size; i++) {
        const float x = random_number(r, mood);
        memcpy(s->source.bytes + (size_t)i * sizeof x, &x, sizeof x);
    }
    for (int64_t i = 0; i < w->row_count; i++)
        s->rows[i] = (struct poolgrad_operand_row){s->source.bytes + (size_t)(i % rows * last_row) * sizeof(float),
                                                   NULL, i * CODE_STEP};
    s->walk.rows = s->rows;
    s->code_bytes = random_chance(r, 50) ? 1 : 4;
    guard_make(&s->results, (size_t)results * sizeof(float), random_side(r));
    guard_make(&s->codes, (size_t)(results * s->code_bytes), random_side(r));
    guard_make(&s->divisors, (size_t)w->windows * sizeof(float), random_side(r));
    for (int64_t i = 0; i < w->windows; i++) {
        const float n = (float)random_between(r, 1, 9);
        memcpy(s->divisors.bytes + (size_t)i * sizeof n, &n, sizeof n);
    }
    s->ending =
        (struct poolgrad_ending){.stored = random_chance(r, 80), .past_caches = random_chance(r, 20), .outside = -1};
    if (random_chance(r, 40)) s->ending.divisors = s->divisors.bytes;
    if (random_chance(r, 60)) s->ending.divisor = (double)random_between(r, 1, 9);
}

static void free_scene(struct scene *s)
{
    guard_free(&s->source);
    guard_free(&s->results);
    guard_free(&s->codes);
    guard_free(&s->divisors);
}

static float float_at(const void *bytes, int64_t i)
{
    float x;
    memcpy(&x, (const unsigned char *)bytes + (size_t)i * sizeof x, sizeof x);
    return x;
}

/* Whether tap c of a window is in its rows; its element. */
static bool tap_of(const struct scene *s, int64_t set, int64_t line, int64_t row, int64_t window, int64_t c, float *x)
{
    const struct poolgrad_row_walk *w = &s->walk;
    const int64_t i = w->first + window * w->stride + c;
    if (i < 0 || i >= w->width) return false;
    *x = float_at(s->rows[row].at, set * w->step + line * w->line_step + i);
    return true;
}

static float sum_of(const struct scene *s, int64_t set, int64_t line, int64_t window)
{
    float sum = 0, x;
    for (int64_t row = 0; row < s->walk.row_count; row++) {
        for (int64_t c = 0; c < s->walk.kernel; c++)
            if (tap_of(s, set, line, row, window, c, &x)) sum += x;
    }
    if (s->ending.divisors) return sum / float_at(s->ending.divisors, window);
    return s->ending.divisor != 0 ? sum / (float)s->ending.divisor : sum;
}

/* What a window has: whether that makes the search void, which tap, and its element. */
struct greatest {
    bool is_void;
    float x;
    int64_t code;
};

static struct greatest greatest_of(const struct scene *s, int64_t set, int64_t line, int64_t window)
{
    const struct poolgrad_row_walk *w = &s->walk;
    struct greatest greatest = {false, -INFINITY, 0};
    bool padded = false;
    float x;
    for (int64_t row = 0; row < w->row_count; row++) {
        for (int64_t c = 0; c < w->kernel; c++) {
            if (!tap_of(s, set, line, row, window, c, &x)) {
                padded = true;
                continue;
            }
            greatest.is_void = greatest.is_void || isnan(x);
            if (x > greatest.x) greatest = (struct greatest){greatest.is_void, x, s->rows[row].code + c};
        }
    }
    greatest.is_void = greatest.is_void || (padded && greatest.x == -INFINITY);
    return greatest;
}

static bool same_bits(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Sums that are not stored may be any NaN. */
static void check_sums(const struct scene *s, const char *isa, uint64_t seed)
{
    const struct poolgrad_row_walk *w = &s->walk;
    const uint32_t canonical = UINT32_C(0x7fc00000);
    float nan;
    memcpy(&nan, &canonical, sizeof nan);
    for (int64_t i = 0; i < w->sets * w->lines * w->windows; i++) {
        const int64_t window = i % w->windows, line = i / w->windows % w->lines, set = i / w->windows / w->lines;
        const float found = float_at(s->results.bytes, set * w->to_step + line * w->line_to_step + window);
        float expected = sum_of(s, set, line, window);
        if (isnan(expected)) expected = nan;
        cr_assert(same_bits(found, expected) || (!s->ending.stored && isnan(found) && isnan(expected)),
                  "%s, seed %" PRIu64 ": window %" PRId64 " of line %" PRId64 " of set %" PRId64 " is %.9g, not %.9g",
                  isa, seed, window, line, set, (double)found, (double)expected);
    }
}

static bool is_void(const struct scene *s)
{
    const struct poolgrad_row_walk *w = &s->walk;
    for (int64_t i = 0; i < w->sets * w->lines * w->windows; i++) {
        if (greatest_of(s, i / w->windows / w->lines, i / w->windows % w->lines, i % w->windows).is_void) return true;
    }
    return false;
}

static int64_t code_at(const struct scene *s, int64_t i)
{
    uint32_t wide;
    if (s->code_bytes == 1) return s->codes.bytes[i];
    memcpy(&wide, s->codes.bytes + (size_t)i * sizeof wide, sizeof wide);
    return wide;
}

/* `values`, `codes`: which of them were asked for. */
static void check_maxima(const struct scene *s, const char *isa, uint64_t seed, bool values, bool codes)
{
    const struct poolgrad_row_walk *w = &s->walk;
    for (int64_t i = 0; i < w->sets * w->lines * w->windows; i++) {
        const int64_t window = i % w->windows, line = i / w->windows % w->lines, set = i / w->windows / w->lines;
        const int64_t at = set * w->to_step + line * w->line_to_step + window;
        const struct greatest greatest = greatest_of(s, set, line, window);
        const bool same = !values || same_bits(float_at(s->results.bytes, at), greatest.x);
        /* Where all are -infinity, the first one. */
        const bool picked = !codes || code_at(s, at) == greatest.code;
        cr_assert(same && picked, "%s, seed %" PRIu64 ": window %" PRId64 " of line %" PRId64 " of set %" PRId64, isa,
                  seed, window, line, set);
    }
}

/* What lies between results is not written, nor are sources; no other byte is touched. */
static void check_bytes(const struct scene *s, const char *isa, uint64_t seed)
{
    const struct poolgrad_row_walk *w = &s->walk;
    cr_assert(guard_unchanged(&s->source) && guard_unchanged(&s->divisors), "%s, seed %" PRIu64, isa, seed);
    cr_assert(guard_intact(&s->source) && guard_intact(&s->results) && guard_intact(&s->codes), "%s, seed %" PRIu64,
              isa, seed);
    for (int64_t i = 0; i < (int64_t)(s->results.size / sizeof(float)); i++) {
        const int64_t in_set = i % w->to_step, line = in_set / w->line_to_step;
        if (line < w->lines && in_set % w->line_to_step < w->windows) continue;
        const unsigned char *at = s->results.bytes + (size_t)i * sizeof(float);
        cr_assert(at[0] == FILL && at[3] == FILL && s->codes.bytes[i * s->code_bytes] == FILL,
                  "%s, seed %" PRIu64 ": element %" PRId64 " lies between results", isa, seed, i);
    }
}

static void clear(struct scene *s)
{
    memset(s->results.bytes, FILL, s->results.size);
    memset(s->codes.bytes, FILL, s->codes.size);
}

static void try_table(struct scene *s, const struct poolgrad_routines *table, uint64_t seed, bool is_void_search)
{
    const char *isa = poolgrad_isa_name(table->isa);
    clear(s);
    table->sum_rows(&s->walk, &s->ending, s->results.bytes);
    check_sums(s, isa, seed);
    check_bytes(s, isa, seed);
    for (int asked = 1; asked < 4; asked++) {
        const bool values = asked & 1, codes = asked & 2;
        clear(s);
        const bool met = table->search_rows(&s->walk, &s->ending, values ? s->results.bytes : NULL,
                                            codes ? s->codes.bytes : NULL, s->code_bytes);
        cr_assert_eq(met, is_void_search, "%s, seed %" PRIu64 ": void or not", isa, seed);
        if (!met) check_maxima(s, isa, seed, values, codes);
        check_bytes(s, isa, seed);
    }
}

Test(routines_rows, windows_are_found_where_rows_lie)
{
    random_sweep sweep = random_sweep_start("routines_rows", 3000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        struct scene s;
        make_scene(&r, &s);
        guard_keep(&s.source);
        guard_keep(&s.divisors);
        const bool met = is_void(&s);
        sweep.telling += !met;
        for (int isa = 0; isa < ISAS; isa++) {
            const struct poolgrad_routines *table = table_of(isa);
            if (table) try_table(&s, table, sweep.seed, met);
        }
        free_scene(&s);
    }
    cr_assert(random_sweep_told(&sweep, 50));
}
