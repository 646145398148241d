/* SPDX-License-Identifier: Apache-2.0 */
#include "image/move.h"

#include <string.h>

enum { LONG_RUN = 1024 }; /* from here on a call of memcpy is cheap beside its bytes */

/* Runs of one size, or of sizes from one power of two to the next by two moves that overlap: `size` is a constant
 * wherever these are called, so that the compiler knows every size and calls nobody. */
static inline void move_exactly(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs, size_t size)
{
    for (int64_t i = 0; i < runs.runs; i++) memcpy(to + i * runs.to_step, from + i * runs.from_step, size);
}
static inline void move_above(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs, size_t size)
{
    const int64_t last = runs.bytes - (int64_t)size;
    for (int64_t i = 0; i < runs.runs; i++, to += runs.to_step, from += runs.from_step) {
        memcpy(to, from, size);
        memcpy(to + last, from + last, size);
    }
}

static void move_1(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_exactly(to, from, runs, 1);
}
static void move_2(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_exactly(to, from, runs, 2);
}
static void move_above_2(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_above(to, from, runs, 2);
}
static void move_4(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_exactly(to, from, runs, 4);
}
static void move_above_4(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_above(to, from, runs, 4);
}
static void move_8(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_exactly(to, from, runs, 8);
}
static void move_above_8(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_above(to, from, runs, 8);
}
static void move_16(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_exactly(to, from, runs, 16);
}
static void move_above_16(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_above(to, from, runs, 16);
}
static void move_above_32(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    move_above(to, from, runs, 32);
}

static void move_long(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    for (int64_t i = 0; i < runs.runs; i++, to += runs.to_step, from += runs.from_step) {
        for (int64_t at = 0; at < runs.bytes - 64; at += 64) memcpy(to + at, from + at, 64);
        memcpy(to + runs.bytes - 64, from + runs.bytes - 64, 64);
    }
}

static void move_very_long(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs)
{
    for (int64_t i = 0; i < runs.runs; i++, to += runs.to_step, from += runs.from_step) {
        memcpy(to, from, (size_t)runs.bytes);
    }
}

/* By size, ascending: the first that a run's bytes do not exceed. */
static const struct {
    int64_t bytes;
    void (*move)(unsigned char *to, const unsigned char *from, struct poolgrad_runs runs);
} moves[] = {{1, move_1},         {2, move_2},         {3, move_above_2},     {4, move_4},
             {7, move_above_4},   {8, move_8},         {15, move_above_8},    {16, move_16},
             {32, move_above_16}, {64, move_above_32}, {LONG_RUN, move_long}, {INT64_MAX, move_very_long}};

void poolgrad_move_runs(void *to, const void *from, struct poolgrad_runs runs)
{
    if (runs.runs <= 0 || runs.bytes <= 0) return;
    if (runs.from_step == runs.bytes && runs.to_step == runs.bytes) {
        memcpy(to, from, (size_t)(runs.runs * runs.bytes));
        return;
    }
    size_t i = 0;
    while (runs.bytes > moves[i].bytes) i++;
    moves[i].move(to, from, runs);
}

/* Of a constant size, so that the element stays in a register. */
static inline void fill_exactly(unsigned char *restrict to, int64_t count, const void *value, size_t size)
{
    uint64_t element = 0;
    memcpy(&element, value, size);
    for (int64_t i = 0; i < count; i++) memcpy(to + i * (int64_t)size, &element, size);
}

void poolgrad_fill(void *to, int64_t count, const void *value, int64_t size)
{
    switch (size) {
    case 1: memset(to, *(const unsigned char *)value, (size_t)count); break;
    case 2: fill_exactly(to, count, value, 2); break;
    case 4: fill_exactly(to, count, value, 4); break;
    default: fill_exactly(to, count, value, 8); break;
    }
}
