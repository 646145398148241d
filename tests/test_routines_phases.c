/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of pixels to their phases and back: each instruction set's table against moves one by one, between pages that
 * cannot be touched. POOLGRAD_TEST_SPEED=1 prints how fast each is.
 */
#include "pooling/isa.h"
#include "routines/routines.h"
#include "support/guard.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ISAS = POOLGRAD_ISA_NEON + 1, MOST_MISALIGNED = 70 };
enum { FILL = 0x5a }; /* of results before they are computed */

/* The table of an instruction set, null where this processor or this build has none. */
static const struct poolgrad_routines *table_of(int isa)
{
    if (!poolgrad_isa_compiled((poolgrad_isa)isa)) return NULL;
    const struct poolgrad_routines *table = poolgrad_choose_routines((poolgrad_isa)isa);
    return table && (int)table->isa == isa ? table : NULL;
}

struct scene {
    int log2_size;
    struct poolgrad_phases shape;
    guard_buffer row, phases;
    unsigned char *row_bytes, *phase_bytes; /* first bytes */
    int64_t row_size, phase_size;           /* all of them, of all sets */
    int64_t first;                          /* byte of phase 0's first pixel */
    unsigned char *expected;
};

/* A buffer with some bytes more at the end that is not next to a page; where its elements begin. */
static unsigned char *make(random_state *r, guard_buffer *buffer, int64_t bytes)
{
    const guard_side side = random_chance(r, 50) ? GUARD_BEHIND : GUARD_BEFORE;
    const int64_t more = random_chance(r, 50) ? 0 : random_between(r, 1, MOST_MISALIGNED);
    guard_make(buffer, (size_t)(bytes + (side == GUARD_BEFORE ? more : 0)), side);
    if (side == GUARD_BEHIND) return buffer->bytes;
    return buffer->bytes + more;
}

static struct poolgrad_phases choose_shape(random_state *r)
{
    static const int64_t counts[] = {1, 7, 14, 28, 56, 57, 112, 128, 224, 1027, 2048};
    struct poolgrad_phases shape = {.phases = random_between(r, 1, random_chance(r, 80) ? 4 : 11), .grain = 1};
    if (random_chance(r, 60)) shape.grain = random_between(r, 1, random_chance(r, 80) ? 8 : 80);
    shape.count = random_chance(r, 30) ? counts[random_between(r, 0, (int64_t)(sizeof counts / sizeof *counts) - 1)]
                                       : random_between(r, 1, random_chance(r, 60) ? 40 : 300);
    if (random_chance(r, 3)) {
        shape.grain = random_between(r, 200, 3000);
        shape.count = random_between(r, 1, 9);
    }
    const int64_t pixels = (shape.count + shape.phases - 1) / shape.phases;
    shape.phase_step = pixels * shape.grain + (random_chance(r, 50) ? 0 : random_between(r, 1, 40));
    if (random_chance(r, 10)) shape.phase_step = -shape.phase_step;
    shape.sets = random_chance(r, 40) ? 1 : random_between(r, 2, 6);
    return shape;
}

/* Steps from set to set, each past the elements of one. */
static void choose_steps(random_state *r, struct poolgrad_phases *shape, int64_t row, int64_t phases)
{
    shape->row_step = row + (random_chance(r, 50) ? 0 : random_between(r, 1, 40));
    shape->set_step = phases + (random_chance(r, 50) ? 0 : random_between(r, 1, 40));
    if (random_chance(r, 20)) shape->row_step = (shape->row_step + 63) / 64 * 64;
}

static struct scene make_scene(random_state *r)
{
    struct scene s = {.log2_size = (int)random_between(r, 0, 3), .shape = choose_shape(r)};
    const int64_t size = INT64_C(1) << s.log2_size, step = s.shape.phase_step * size;
    const int64_t pixels = (s.shape.count + s.shape.phases - 1) / s.shape.phases;
    const int64_t phases = s.shape.count < s.shape.phases ? s.shape.count : s.shape.phases;
    /* The last phase may have a pixel less than the first one; phases that follow each other downwards end with the
     * first one. */
    const int64_t last = (s.shape.count - phases) / s.shape.phases + 1;
    s.row_size = s.shape.count * s.shape.grain * size;
    s.phase_size = step < 0 ? (phases - 1) * -step + pixels * s.shape.grain * size
                            : (phases - 1) * step + last * s.shape.grain * size;
    s.first = step < 0 ? (phases - 1) * -step : 0;
    choose_steps(r, &s.shape, s.row_size / size, s.phase_size / size);
    s.row_size += (s.shape.sets - 1) * s.shape.row_step * size;
    s.phase_size += (s.shape.sets - 1) * s.shape.set_step * size;
    s.row_bytes = make(r, &s.row, s.row_size);
    s.phase_bytes = make(r, &s.phases, s.phase_size);
    s.expected = malloc((size_t)(s.row_size > s.phase_size ? s.row_size : s.phase_size));
    if (!s.expected) abort();
    return s;
}

static void free_scene(struct scene *s)
{
    guard_free(&s->row);
    guard_free(&s->phases);
    free(s->expected);
}

static void fill_bytes(random_state *r, int64_t size, unsigned char *to)
{
    for (int64_t i = 0; i < size; i++) to[i] = (unsigned char)random_bits(r);
}

enum way { SPLIT, MERGE, MERGE_PAST_CACHES, WAYS };

static const char *const way_names[] = {"split_phases", "merge_phases", "merge_phases past caches"};

static void expect_moved(const struct poolgrad_routines *table, const struct scene *s, enum way way, uint64_t seed)
{
    const struct poolgrad_phases shape = s->shape;
    const int64_t size = way == SPLIT ? s->phase_size : s->row_size;
    unsigned char *results = way == SPLIT ? s->phase_bytes : s->row_bytes;
    memset(results, FILL, (size_t)size);
    if (way == SPLIT) {
        table->split_phases[s->log2_size](s->row_bytes, shape, s->phase_bytes + s->first);
    } else {
        table->merge_phases[s->log2_size](s->phase_bytes + s->first, shape, way == MERGE_PAST_CACHES, s->row_bytes);
    }
    table->fence();
    cr_assert(memcmp(results, s->expected, (size_t)size) == 0 && guard_intact(&s->row) && guard_intact(&s->phases),
              "POOLGRAD_TEST_SEED=%" PRIu64 ": %s of %s, %d bytes, %" PRId64 " phases of %" PRId64 " pixels of %" PRId64
              ", phase_step %" PRId64 ", %" PRId64 " sets, steps %" PRId64 " and %" PRId64,
              seed, way_names[way], poolgrad_isa_name(table->isa), 1 << s->log2_size, shape.phases, shape.count,
              shape.grain, shape.phase_step, shape.sets, shape.set_step, shape.row_step);
}

static void expect_set(const struct scene *s, enum way way, int64_t set)
{
    const struct poolgrad_phases shape = s->shape;
    const int64_t size = INT64_C(1) << s->log2_size;
    for (int64_t i = 0; i < shape.count; i++) {
        for (int64_t j = 0; j < shape.grain; j++) {
            const int64_t element = i % shape.phases * shape.phase_step + i / shape.phases * shape.grain + j;
            const int64_t in_phases = s->first + (set * shape.set_step + element) * size;
            const int64_t in_row = (set * shape.row_step + i * shape.grain + j) * size;
            if (way == SPLIT) memcpy(s->expected + in_phases, s->row_bytes + in_row, (size_t)size);
            if (way != SPLIT) memcpy(s->expected + in_row, s->phase_bytes + in_phases, (size_t)size);
        }
    }
}

static void move(random_state *r, const struct scene *s, enum way way, uint64_t seed)
{
    fill_bytes(r, way == SPLIT ? s->row_size : s->phase_size, way == SPLIT ? s->row_bytes : s->phase_bytes);
    memset(s->expected, FILL, (size_t)(way == SPLIT ? s->phase_size : s->row_size));
    for (int64_t set = 0; set < s->shape.sets; set++) expect_set(s, way, set);
    for (int isa = POOLGRAD_ISA_SCALAR; isa < ISAS; isa++) {
        const struct poolgrad_routines *table = table_of(isa);
        if (table) expect_moved(table, s, way, seed);
    }
}

Test(routines_phases, rows_go_to_phases_and_back)
{
    random_sweep sweep = random_sweep_start("routines_phases", 6000);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        struct scene s = make_scene(&r);
        for (int way = SPLIT; way < WAYS; way++) move(&r, &s, (enum way)way, sweep.seed);
        free_scene(&s);
    }
}

/* ---- Speed: printed on request, of no consequence ---------------------------------------------------------------- */

enum { SPEED_SIZE = 1 << 16, SPEED_FAR = 1 << 25, SPEED_BYTES = 1 << 26, SPEED_GAP = 64 };

static unsigned char speed_row[SPEED_FAR], speed_phases[SPEED_SIZE];

/* Bytes a nanosecond: of one row or, past caches, of many rows behind one another. */
static double speed_of(const struct poolgrad_routines *table, int log2_size, struct poolgrad_phases shape, enum way way)
{
    const int64_t bytes = (shape.count * shape.grain) << log2_size, runs = SPEED_BYTES / bytes;
    const clock_t start = clock();
    for (int64_t i = 0; i < runs; i++) {
        if (way == SPLIT) table->split_phases[log2_size](speed_row, shape, speed_phases);
        if (way == MERGE) table->merge_phases[log2_size](speed_phases, shape, false, speed_row);
        if (way == MERGE_PAST_CACHES) {
            table->merge_phases[log2_size](speed_phases, shape, true, speed_row + i * bytes % (SPEED_FAR - bytes));
        }
    }
    table->fence();
    return (double)(runs * bytes) * 1e-9 * CLOCKS_PER_SEC / (double)(clock() - start);
}

static void print_speed(const struct poolgrad_routines *table, int64_t count)
{
    static const struct {
        int log2_size;
        int64_t phases, grain;
    } shapes[] = {{2, 1, 1}, {2, 2, 1}, {2, 3, 1}, {2, 4, 1}, {2, 5, 1}, {1, 2, 1}, {1, 3, 1}, {1, 4, 1},
                  {3, 2, 1}, {3, 3, 1}, {0, 2, 1}, {0, 2, 3}, {2, 2, 3}, {2, 2, 4}, {2, 2, 5}, {2, 2, 8}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int64_t grain = shapes[i].grain, phases = shapes[i].phases;
        const int64_t step = (count / phases + 1) * grain + SPEED_GAP;
        const struct poolgrad_phases shape = {phases, grain, count, step, 1, 0, 0};
        fprintf(stderr, "%-8s %5" PRId64 " pixels of %" PRId64 " x %d bytes, %" PRId64 " phases:", //
                poolgrad_isa_name(table->isa), count, grain, 1 << shapes[i].log2_size, phases);
        for (int way = SPLIT; way < WAYS; way++) {
            fprintf(stderr, " %6.1f", speed_of(table, shapes[i].log2_size, shape, (enum way)way));
        }
        fprintf(stderr, " bytes/ns\n");
    }
}

Test(routines_phases, speed)
{
    static const int64_t counts[] = {14, 56, 1000};
    const char *wanted = getenv("POOLGRAD_TEST_SPEED");
    for (int isa = POOLGRAD_ISA_SCALAR; wanted && *wanted && isa < ISAS; isa++) {
        const struct poolgrad_routines *table = table_of(isa);
        for (int i = 0; table && i < 3; i++) print_speed(table, counts[i]);
    }
}
