/* SPDX-License-Identifier: Apache-2.0 */
/* What pixels get from their windows: walks (give_walk.h) by accumulator and taps, and how their sums end. Results
 * never lie where operands or factors do. */
#ifndef POOLGRAD_ROUTINES_GIVE_H
#define POOLGRAD_ROUTINES_GIVE_H

#include "routines/elements.h"
#include "routines/routines.h"

/* Vectors that go through the operands together, so that the additions of one wait for those of another. Their number,
 * and what else a walk is told as it is included, have to be constants. Vectors of one lane are fewer, of which
 * compilers make a vector. */
enum { TOGETHER_GIVE = VECTOR_BYTES <= 8 ? 4 : 8 };
#define ALWAYS_INLINE __attribute__((always_inline)) static inline
/* What is too rare to stand in each of them: */
#define GIVE_RARELY __attribute__((noinline))

/* So many repeats, lines or slices; from one to the next, elements of operands, results and factors. */
struct give_level {
    int64_t count, from, to, factor;
};

struct give {
    const struct poolgrad_walk *walk; /* its steps and operands; */
    int64_t count;                    /* elements of a repeat, */
    unsigned char *to;
    int64_t repeats;     /* and how many repeats */
    int64_t factor_step; /* from repeat to repeat */
    /* Where there are several lines or slices: these, and the walk with its levels in another order. */
    bool several;
    struct give_level lines, slices;
    struct poolgrad_walk own;
    struct give_level line, slice; /* where the walk is: of so many that are left, elements of repeat 0 */
    poolgrad_format format;        /* of results */
    bool past_caches;
    const unsigned char *factor; /* or null */
    poolgrad_format factor_format;
};

/* Where vectors that go together lie: elements to the first one, and from one to the next; lanes of a part. */
struct give_place {
    int64_t from, to, factor, from_gap, to_gap, factor_gap, lanes;
};

/* The same elements of neighbouring repeats. */
static inline struct give_place give_place(const struct give *give, int64_t repeat)
{
    const struct poolgrad_walk *walk = give->walk;
    return (struct give_place){.from = give->line.from + repeat * walk->step,
                               .to = give->line.to + repeat * walk->to_step,
                               .factor = give->line.factor + repeat * give->factor_step,
                               .from_gap = walk->step,
                               .to_gap = walk->to_step,
                               .factor_gap = give->factor_step,
                               .lanes = give->count};
}

/* At an element, or at the last one that has all lanes. */
static inline struct give_place give_place_at(struct give_place place, int64_t element, int64_t last)
{
    const int64_t at = element < last ? element : last;
    place.from += at;
    place.to += at;
    place.factor += at;
    return place;
}

/* Vectors beside each other: a constant distance. */
static inline struct give_place give_place_beside(struct give_place place, int64_t lanes)
{
    place.from_gap = place.to_gap = place.factor_gap = lanes;
    return place;
}

/* ---- Ends -------------------------------------------------------------------------------------------------------- */

/* Addresses of results, of `size` bytes each. */
static inline unsigned char *give_to(const struct give *give, int64_t at, int64_t size)
{
    return give->to + at * size;
}

/* The format is a constant. */
ALWAYS_INLINE void give_put_f32(const struct give *give, const struct give_place *place, const vf32 *sums, int together,
                                bool part, poolgrad_format format)
{
    const bool past_caches = give->past_caches;
    const int64_t size = format == POOLGRAD_FLOAT32 ? 4 : 2;
    unsigned char *to = give_to(give, place->to, size);
    for (int v = 0; v < together; v++, to += place->to_gap * size) {
        const vf32 sum = settle_f32(sums[v]);
        switch (format) {
        case POOLGRAD_FLOAT32: part ? put_part_f32(to, sum, place->lanes) : put_f32(to, sum, past_caches); break;
        case POOLGRAD_FLOAT16: part ? put_part_float16(to, sum, place->lanes) : put_float16(to, sum); break;
        default: part ? put_part_bfloat16(to, sum, place->lanes) : put_bfloat16(to, sum); break;
        }
    }
}

ALWAYS_INLINE void give_end_f32(const struct give *give, const struct give_place *place, const vf32 *sums, int together,
                                bool part)
{
    if (give->format == POOLGRAD_FLOAT32) {
        give_put_f32(give, place, sums, together, part, POOLGRAD_FLOAT32);
    } else if (give->format == POOLGRAD_FLOAT16) {
        give_put_f32(give, place, sums, together, part, POOLGRAD_FLOAT16);
    } else {
        give_put_f32(give, place, sums, together, part, POOLGRAD_BFLOAT16);
    }
}

ALWAYS_INLINE void give_put_f64(const struct give *give, const struct give_place *place, const vf64 *sums, int together,
                                bool part, poolgrad_format format)
{
    const bool past_caches = give->past_caches;
    const int64_t size = format == POOLGRAD_FLOAT64 ? 8 : 4;
    unsigned char *to = give_to(give, place->to, size);
    for (int v = 0; v < together; v++, to += place->to_gap * size) {
        const vf64 sum = settle_f64(sums[v]);
        if (format == POOLGRAD_FLOAT64) {
            part ? put_part_f64(to, sum, place->lanes) : put_f64(to, sum, past_caches);
        } else {
            part ? narrow_part_f64(to, sum, place->lanes) : narrow_f64(to, sum);
        }
    }
}

/* Factors as float64. The format is a constant. */
ALWAYS_INLINE vf64 give_factor(const struct give *give, int64_t at, int64_t lanes, poolgrad_format format)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    const int64_t size = format == POOLGRAD_UNORM8    ? 1
                         : format == POOLGRAD_FLOAT64 ? 8
                         : format == POOLGRAD_FLOAT32 ? 4
                                                      : 2;
    const unsigned char *from = give->factor + at * size;
    if (lanes < LANES_64) {
        take_part(room, from, lanes * size);
        from = room;
    }
    switch (format) {
    case POOLGRAD_UNORM8: return load_unorm8_f64(from);
    case POOLGRAD_UNORM16: return load_unorm16_f64(from);
    case POOLGRAD_FLOAT16: return load_float16_f64(from);
    case POOLGRAD_BFLOAT16: return load_bfloat16_f64(from);
    case POOLGRAD_FLOAT32: return widen_f32(from);
    default: return load_f64(from);
    }
}

ALWAYS_INLINE void give_multiply(const struct give *give, const struct give_place *place, vf64 *sums, int together,
                                 int64_t lanes, poolgrad_format format)
{
    for (int v = 0; v < together; v++) {
        sums[v] = multiply_f64(sums[v], give_factor(give, place->factor + v * place->factor_gap, lanes, format));
    }
}

/* Sums, in memory, times factors of the other formats. */
static inline void give_multiply_rare(const struct give *give, const struct give_place *place, double *sums,
                                      int together, int64_t lanes)
{
    for (int v = 0; v < together; v++, sums += LANES_64) {
        const int64_t at = place->factor + v * place->factor_gap;
        vf64 factor;
        switch (give->factor_format) {
        case POOLGRAD_UNORM8: factor = give_factor(give, at, lanes, POOLGRAD_UNORM8); break;
        case POOLGRAD_UNORM16: factor = give_factor(give, at, lanes, POOLGRAD_UNORM16); break;
        case POOLGRAD_FLOAT16: factor = give_factor(give, at, lanes, POOLGRAD_FLOAT16); break;
        default: factor = give_factor(give, at, lanes, POOLGRAD_BFLOAT16); break;
        }
        store_f64(sums, multiply_f64(load_f64(sums), factor));
    }
}

/* Halves of float64, rounded once. */
static inline void give_put_halves(const struct give *give, const struct give_place *place, const double *sums,
                                   int together, int64_t lanes)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    unsigned char *to = give_to(give, place->to, 2);
    for (int v = 0; v < together; v++, sums += LANES_64, to += 2 * place->to_gap) {
        const vf64 sum = settle_f64(load_f64(sums));
        unsigned char *at = lanes < LANES_64 ? room : to;
        give->format == POOLGRAD_FLOAT16 ? put_float16_f64(at, sum) : put_bfloat16_f64(at, sum);
        if (lanes < LANES_64) put_part(to, room, 2 * lanes);
    }
}

/* Factors of 8 and 16 bits, and sums that are not stored, or stored like them: one for all walks. */
static __attribute__((noinline)) void give_end_rare(const struct give *give, const struct give_place *place,
                                                    double *sums, int together, int64_t lanes)
{
    give_multiply_rare(give, place, sums, together, lanes);
    if (give->format == POOLGRAD_FLOAT64) {
        unsigned char *to = give_to(give, place->to, 8);
        for (int v = 0; v < together; v++, sums += LANES_64, to += 8 * place->to_gap) {
            lanes < LANES_64 ? put_part_f64(to, load_f64(sums), lanes) : store_f64(to, load_f64(sums));
        }
    } else {
        give_put_halves(give, place, sums, together, lanes);
    }
}

ALWAYS_INLINE void give_end_f64(const struct give *give, const struct give_place *place, const vf64 *sums, int together,
                                bool part)
{
    if (give->format == POOLGRAD_FLOAT64) {
        give_put_f64(give, place, sums, together, part, POOLGRAD_FLOAT64);
    } else {
        give_put_f64(give, place, sums, together, part, POOLGRAD_FLOAT32);
    }
}

/* Sums alone have factors, and these become halves, too. */
ALWAYS_INLINE void give_end_norm_f64(const struct give *give, const struct give_place *place, vf64 *sums, int together,
                                     bool part)
{
    const int64_t lanes = part ? place->lanes : LANES_64;
    if (give->factor && give->factor_format == POOLGRAD_FLOAT32) {
        give_multiply(give, place, sums, together, lanes, POOLGRAD_FLOAT32);
    } else if (give->factor && give->factor_format == POOLGRAD_FLOAT64) {
        give_multiply(give, place, sums, together, lanes, POOLGRAD_FLOAT64);
    } else if (give->factor) {
        double copy[TOGETHER_GIVE * LANES_64];
        for (int v = 0; v < together; v++) store_f64(copy + (int64_t)v * LANES_64, sums[v]);
        give_end_rare(give, place, copy, together, lanes);
        return;
    }
    give_end_f64(give, place, sums, together, part);
}

/* ---- Levels ------------------------------------------------------------------------------------------------------ */

/* Whether the members of one level follow each other. */
static inline bool give_follows(const struct give_level *inner, const struct give_level *outer)
{
    const int64_t count = inner->count;
    return outer->from == count * inner->from && outer->to == count * inner->to &&
           outer->factor == count * inner->factor;
}

/* Then both are one level. */
static inline void give_join(struct give_level *inner, struct give_level *outer)
{
    if (outer->count == 1) return;
    if (inner->count == 1) {
        *inner = *outer;
    } else if (give_follows(inner, outer)) {
        inner->count *= outer->count;
    } else {
        return;
    }
    outer->count = 1;
}

/* Vectors of neighbouring repeats go together: the more there are of these, the better. */
static inline void give_order(struct give_level *inner, struct give_level *outer)
{
    if (outer->count <= inner->count || inner->count >= TOGETHER_GIVE) return;
    const struct give_level level = *inner;
    *inner = *outer;
    *outer = level;
}

/* Of several lines or slices. */
static GIVE_RARELY void give_list_levels(const struct poolgrad_ending *ending, struct give *give)
{
    const struct poolgrad_walk *walk = give->walk;
    struct give_level repeats = {give->repeats, walk->step, walk->to_step, ending->factor_step};
    give->lines = (struct give_level){walk->lines > 0 ? walk->lines : 1, walk->line_step, walk->line_to_step,
                                      ending->factor_line_step};
    give->slices = (struct give_level){walk->slices > 0 ? walk->slices : 1, walk->slice_step, walk->slice_to_step,
                                       ending->factor_slice_step};
    give_join(&give->lines, &give->slices);
    give_join(&repeats, &give->lines);
    give_order(&repeats, &give->lines);
    give_order(&repeats, &give->slices);
    give->several = give->lines.count * give->slices.count > 1;
    give->line.count = give->lines.count;
    give->slice = (struct give_level){give->slices.count, 0, 0, 0};
    give->own = *walk;
    give->own.step = repeats.from;
    give->own.to_step = repeats.to;
    give->walk = &give->own;
    give->repeats = repeats.count;
    give->factor_step = repeats.factor;
}

/* Whether there is another line, of this slice or of the next one. */
static GIVE_RARELY bool give_next_line(struct give *give)
{
    struct give_level *at = &give->line;
    const struct give_level *step = &give->lines;
    if (--at->count == 0) {
        at = &give->slice;
        step = &give->slices;
        if (--at->count == 0) return false;
    }
    at->from += step->from;
    at->to += step->to;
    at->factor += step->factor;
    if (at == &give->line) return true;
    give->line = (struct give_level){give->lines.count, at->from, at->to, at->factor};
    return true;
}

/* A few numbers, each by itself: a call takes no longer than some of these walks. */
static inline void give_begin(struct give *give, const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                              poolgrad_format format, void *to)
{
    const bool follow = walk->step == walk->count && walk->to_step == walk->count;
    const bool joined = follow && (!ending->factor || ending->factor_step == walk->count);
    give->walk = walk;
    give->count = joined ? walk->count * walk->repeats : walk->count;
    give->repeats = joined ? 1 : walk->repeats;
    give->factor_step = ending->factor_step;
    give->line = (struct give_level){1, 0, 0, 0};
    give->several = false;
    give->to = to;
    give->format = format;
    give->past_caches = ending->past_caches;
    give->factor = NULL;
    if (walk->lines > 1 || walk->slices > 1) give_list_levels(ending, give);
}

/* ---- Walks ------------------------------------------------------------------------------------------------------- */

/* Operands without taps. */
static inline vf32 add_any_f32(vf32 sum, const void *tap, uint32_t code, const float *operand)
{
    (void)tap;
    (void)code;
    return add_f32(sum, load_f32(operand));
}
static inline vf32 add_any_part_f32(vf32 sum, const void *tap, uint32_t code, const float *operand, int64_t lanes)
{
    (void)tap;
    (void)code;
    return add_part_f32(sum, operand, lanes);
}
static inline vf64 add_any_f64(vf64 sum, const void *tap, uint32_t code, const double *operand)
{
    (void)tap;
    (void)code;
    return add_f64(sum, load_f64(operand));
}
static inline vf64 add_any_part_f64(vf64 sum, const void *tap, uint32_t code, const double *operand, int64_t lanes)
{
    (void)tap;
    (void)code;
    return add_part_f64(sum, operand, lanes);
}

#define GIVE_WALK walk_sum_f32
#define GIVE_VECTOR vf32
#define GIVE_TYPE float
#define GIVE_LANES LANES_32
#define GIVE_ZERO zero_f32
#define GIVE_TAP uint8_t
#define GIVE_PICKS false
#define GIVE_ADD add_any_f32
#define GIVE_ADD_PART add_any_part_f32
#define GIVE_END give_end_f32
#include "routines/give_walk.h"

#define GIVE_WALK walk_pick8_f32
#define GIVE_VECTOR vf32
#define GIVE_TYPE float
#define GIVE_LANES LANES_32
#define GIVE_ZERO zero_f32
#define GIVE_TAP uint8_t
#define GIVE_PICKS true
#define GIVE_ADD add_where8_f32
#define GIVE_ADD_PART add_where8_part_f32
#define GIVE_END give_end_f32
#include "routines/give_walk.h"

#define GIVE_WALK walk_pick32_f32
#define GIVE_VECTOR vf32
#define GIVE_TYPE float
#define GIVE_LANES LANES_32
#define GIVE_ZERO zero_f32
#define GIVE_TAP uint32_t
#define GIVE_PICKS true
#define GIVE_ADD add_where32_f32
#define GIVE_ADD_PART add_where32_part_f32
#define GIVE_END give_end_f32
#include "routines/give_walk.h"

#define GIVE_WALK walk_sum_f64
#define GIVE_VECTOR vf64
#define GIVE_TYPE double
#define GIVE_LANES LANES_64
#define GIVE_ZERO zero_f64
#define GIVE_TAP uint8_t
#define GIVE_PICKS false
#define GIVE_ADD add_any_f64
#define GIVE_ADD_PART add_any_part_f64
#define GIVE_END give_end_norm_f64
#include "routines/give_walk.h"

#define GIVE_WALK walk_pick8_f64
#define GIVE_VECTOR vf64
#define GIVE_TYPE double
#define GIVE_LANES LANES_64
#define GIVE_ZERO zero_f64
#define GIVE_TAP uint8_t
#define GIVE_PICKS true
#define GIVE_ADD add_where8_f64
#define GIVE_ADD_PART add_where8_part_f64
#define GIVE_END give_end_f64
#include "routines/give_walk.h"

#define GIVE_WALK walk_pick32_f64
#define GIVE_VECTOR vf64
#define GIVE_TYPE double
#define GIVE_LANES LANES_64
#define GIVE_ZERO zero_f64
#define GIVE_TAP uint32_t
#define GIVE_PICKS true
#define GIVE_ADD add_where32_f64
#define GIVE_ADD_PART add_where32_part_f64
#define GIVE_END give_end_f64
#include "routines/give_walk.h"

/* ---- Routines ---------------------------------------------------------------------------------------------------- */

static void give_norm(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, poolgrad_format format,
                      void *to)
{
    struct give give;
    give_begin(&give, walk, ending, ending->stored ? format : POOLGRAD_FLOAT64, to);
    give.factor = ending->factor;
    give.factor_format = format;
    walk_sum_f64(&give);
}

static void give_sum_f32_float32(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT32, to);
    walk_sum_f32(&give);
}
static void give_sum_f32_float16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT16, to);
    walk_sum_f32(&give);
}
static void give_sum_f32_bfloat16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_BFLOAT16, to);
    walk_sum_f32(&give);
}
static void give_pick8_f32_float32(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT32, to);
    walk_pick8_f32(&give);
}
static void give_pick8_f32_float16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT16, to);
    walk_pick8_f32(&give);
}
static void give_pick8_f32_bfloat16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_BFLOAT16, to);
    walk_pick8_f32(&give);
}
static void give_pick32_f32_float32(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT32, to);
    walk_pick32_f32(&give);
}
static void give_pick32_f32_float16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT16, to);
    walk_pick32_f32(&give);
}
static void give_pick32_f32_bfloat16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_BFLOAT16, to);
    walk_pick32_f32(&give);
}
static void give_sum_f64_float64(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT64, to);
    walk_sum_f64(&give);
}
static void give_sum_f64_float32(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT32, to);
    walk_sum_f64(&give);
}
static void give_pick8_f64_float64(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT64, to);
    walk_pick8_f64(&give);
}
static void give_pick8_f64_float32(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT32, to);
    walk_pick8_f64(&give);
}
static void give_pick32_f64_float64(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT64, to);
    walk_pick32_f64(&give);
}
static void give_pick32_f64_float32(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    struct give give;
    give_begin(&give, walk, ending, POOLGRAD_FLOAT32, to);
    walk_pick32_f64(&give);
}
static void give_norm_unorm8(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    give_norm(walk, ending, POOLGRAD_UNORM8, to);
}
static void give_norm_unorm16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    give_norm(walk, ending, POOLGRAD_UNORM16, to);
}
static void give_norm_float16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    give_norm(walk, ending, POOLGRAD_FLOAT16, to);
}
static void give_norm_bfloat16(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    give_norm(walk, ending, POOLGRAD_BFLOAT16, to);
}
static void give_norm_float32(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    give_norm(walk, ending, POOLGRAD_FLOAT32, to);
}
static void give_norm_float64(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    give_norm(walk, ending, POOLGRAD_FLOAT64, to);
}

/* ---- Spreading --------------------------------------------------------------------------------------------------- */

#define SPREAD_NAME(name) name##_numbers_f32
#define SPREAD_TYPE float
#define SPREAD_VECTOR vf32
#define SPREAD_LANES LANES_32
#define SPREAD_WORD(word) word##_f32
#include "routines/spread_number.h"

#define SPREAD_NAME(name) name##_numbers_f64
#define SPREAD_TYPE double
#define SPREAD_VECTOR vf64
#define SPREAD_LANES LANES_64
#define SPREAD_WORD(word) word##_f64
#include "routines/spread_number.h"

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_GIVE_ROUTINES                                                                                         \
    .give_sum = {{[POOLGRAD_FLOAT32] = give_sum_f32_float32,                                                           \
                  [POOLGRAD_FLOAT16] = give_sum_f32_float16,                                                           \
                  [POOLGRAD_BFLOAT16] = give_sum_f32_bfloat16},                                                        \
                 {[POOLGRAD_FLOAT64] = give_sum_f64_float64, [POOLGRAD_FLOAT32] = give_sum_f64_float32}},              \
    .give_pick8 = {{[POOLGRAD_FLOAT32] = give_pick8_f32_float32,                                                       \
                    [POOLGRAD_FLOAT16] = give_pick8_f32_float16,                                                       \
                    [POOLGRAD_BFLOAT16] = give_pick8_f32_bfloat16},                                                    \
                   {[POOLGRAD_FLOAT64] = give_pick8_f64_float64, [POOLGRAD_FLOAT32] = give_pick8_f64_float32}},        \
    .give_pick32 = {{[POOLGRAD_FLOAT32] = give_pick32_f32_float32,                                                     \
                     [POOLGRAD_FLOAT16] = give_pick32_f32_float16,                                                     \
                     [POOLGRAD_BFLOAT16] = give_pick32_f32_bfloat16},                                                  \
                    {[POOLGRAD_FLOAT64] = give_pick32_f64_float64, [POOLGRAD_FLOAT32] = give_pick32_f64_float32}},     \
    .spread = {spread_numbers_f32, spread_numbers_f64},                                                                \
    .give_norm = {[POOLGRAD_UNORM8] = give_norm_unorm8,   [POOLGRAD_UNORM16] = give_norm_unorm16,                      \
                  [POOLGRAD_FLOAT16] = give_norm_float16, [POOLGRAD_BFLOAT16] = give_norm_bfloat16,                    \
                  [POOLGRAD_FLOAT32] = give_norm_float32, [POOLGRAD_FLOAT64] = give_norm_float64},

#endif
