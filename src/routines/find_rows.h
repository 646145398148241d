/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What windows find in rows of float32 where their image has them (struct poolgrad_row_walk): no row is copied to
 * working memory first. Lanes are neighbouring windows; of stride 2, every other element of what is loaded. Windows
 * at the ends of a row have padding in some lanes, which no load touches.
 */
#ifndef POOLGRAD_ROUTINES_FIND_ROWS_H
#define POOLGRAD_ROUTINES_FIND_ROWS_H

#include "routines/find_ends.h"
#include "routines/routines.h"

/* Vectors that go through the operands together; others follow before these are done. */
enum { ROWS_TOGETHER = 2 };
#define ROWS_ALWAYS_INLINE inline __attribute__((always_inline))

enum rows_kind { ROWS_SUM, ROWS_GREATEST, ROWS_PICK };

/* One call of a routine. */
struct rows_task {
    const struct poolgrad_row_walk *walk;
    const struct poolgrad_ending *ending;
    unsigned char *to, *code; /* either may be null */
    int code_bytes;
};

/* Vectors that go together: the first window of each, `lanes` windows of either; elements from the rows' first ones to
 * that of their set and line, and to its results. */
struct rows_place {
    int64_t window[ROWS_TOGETHER], from[ROWS_TOGETHER], to[ROWS_TOGETHER];
    int64_t lanes;
};

/* Which lanes of which operand are inside the row, of what is loaded first and second, of vectors at these windows. */
struct rows_edge {
    int64_t window[ROWS_TOGETHER];
    m32 inside[ROWS_TOGETHER][POOLGRAD_ROW_COLUMNS][2];
};

static inline int64_t rows_clamp(int64_t lanes)
{
    return lanes < 0 ? 0 : lanes < LANES_32 ? lanes : LANES_32;
}

static __attribute__((noinline)) void rows_find_edge(const struct poolgrad_row_walk *walk,
                                                     const struct rows_place *place, struct rows_edge *edge)
{
    const int64_t second = LANES_32 - 1, wanted = walk->stride * (place->lanes - 1) + 1;
    for (int v = 0; v < ROWS_TOGETHER; v++) {
        edge->window[v] = place->window[v];
        for (int64_t c = 0; c < walk->kernel; c++) {
            const int64_t at = walk->first + place->window[v] * walk->stride + c;
            const int64_t begin = -at, end = walk->width - at < wanted ? walk->width - at : wanted;
            edge->inside[v][c][0] = lanes_m32(rows_clamp(begin), rows_clamp(end));
            edge->inside[v][c][1] = lanes_m32(rows_clamp(begin - second), rows_clamp(end - second));
        }
    }
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

static ROWS_ALWAYS_INLINE void rows_put(const struct rows_task *task, const struct rows_place *place, int v, vf32 found)
{
    unsigned char *to = task->to + (place->to[v] + place->window[v]) * (int64_t)sizeof(float);
    if (place->lanes < LANES_32)
        put_part_f32(to, found, place->lanes);
    else
        put_f32(to, found, task->ending->past_caches);
}

static ROWS_ALWAYS_INLINE void rows_end_sum(const struct rows_task *task, const struct rows_place *place, int v,
                                            vf32 sum)
{
    const struct poolgrad_ending *ending = task->ending;
    if (ending->divisors) {
        const float *divisors = (const float *)ending->divisors + place->window[v];
        sum = quotient_f32(sum, load_part_f32(divisors, place->lanes));
    } else if (ending->divisor != 0) {
        sum = quotient_f32(sum, splat_f32(ending->divisor));
    }
    rows_put(task, place, v, ending->stored ? settle_f32(sum) : sum);
}

static ROWS_ALWAYS_INLINE void rows_put_code(const struct rows_task *task, const struct rows_place *place, int v,
                                             v32 code)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    const int64_t bytes = task->code_bytes;
    unsigned char *to = task->code + (place->to[v] + place->window[v]) * bytes;
    if (place->lanes == LANES_32) {
        put_codes_32(to, code, task->code_bytes);
    } else {
        put_codes_32(room, code, task->code_bytes);
        put_part(to, room, place->lanes * bytes);
    }
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

/* What a block is compiled for: the stride, and the columns of a window. */
struct rows_shape {
    int64_t stride, kernel;
};

static ROWS_ALWAYS_INLINE vf32 rows_floats(v32 bits)
{
    vf32 v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Where a vector's operands of a row begin. */
static ROWS_ALWAYS_INLINE const unsigned char *rows_at(const struct rows_task *task, const struct rows_place *place,
                                                       int64_t stride, int v, const void *row)
{
    const int64_t at = place->from[v] + task->walk->first + place->window[v] * stride;
    return (const unsigned char *)row + at * (int64_t)sizeof(float);
}

/* A vector's operands of a row, where all lanes have them: of stride 2, two columns are every other element of the same
 * ones. */
static ROWS_ALWAYS_INLINE void rows_operands(const unsigned char *at, const struct rows_shape shape, vf32 *x)
{
    const int64_t size = sizeof(float);
    for (int64_t c = 0; c < shape.kernel; c++) {
        if (shape.stride == 1) {
            x[c] = load_f32(at + c * size);
        } else if (c + 1 == shape.kernel) {
            x[c] = evens_f32(load_f32(at + c * size), load_f32(at + (c + LANES_32 - 1) * size));
        } else {
            v32 a = load_32(at + c * size), b = load_32(at + (c + LANES_32) * size);
            deinterleave_32(&a, &b);
            x[c++] = rows_floats(a);
            x[c] = rows_floats(b);
        }
    }
}

/* The same at the ends of a row. */
static ROWS_ALWAYS_INLINE void rows_operands_inside(const unsigned char *at, const struct rows_shape shape,
                                                    const m32 (*inside)[2], vf32 padding, vf32 *x)
{
    const int64_t size = sizeof(float);
    for (int64_t c = 0; c < shape.kernel; c++) {
        x[c] = load_where_f32(inside[c][0], at + c * size, padding);
        if (shape.stride == 1) continue;
        x[c] = evens_f32(x[c], load_where_f32(inside[c][1], at + (c + LANES_32 - 1) * size, padding));
    }
}

static ROWS_ALWAYS_INLINE void rows_take(const struct rows_task *task, const struct rows_place *place,
                                         const struct rows_shape shape, const struct rows_edge *edge, int v,
                                         const void *row, vf32 padding, vf32 *x)
{
    const unsigned char *at = rows_at(task, place, shape.stride, v, row);
    if (edge)
        rows_operands_inside(at, shape, edge->inside[v], padding, x);
    else
        rows_operands(at, shape, x);
}

static ROWS_ALWAYS_INLINE bool rows_sum_block(const struct rows_task *task, const struct rows_place *place,
                                              const struct rows_shape shape, const struct rows_edge *edge)
{
    const struct poolgrad_row_walk *walk = task->walk;
    const vf32 zero = zero_f32();
    vf32 sum[ROWS_TOGETHER], x[POOLGRAD_ROW_COLUMNS];
    for (int v = 0; v < ROWS_TOGETHER; v++) sum[v] = zero;
    for (int64_t r = 0; r < walk->row_count; r++) {
        for (int v = 0; v < ROWS_TOGETHER; v++) {
            rows_take(task, place, shape, edge, v, walk->rows[r].at, zero, x);
            for (int64_t c = 0; c < shape.kernel; c++) sum[v] = add_f32(sum[v], x[c]);
        }
    }
    for (int v = 0; v < ROWS_TOGETHER; v++) rows_end_sum(task, place, v, sum[v]);
    return false;
}

/* The greatest so far of vectors that go together, and which; where none was a NaN. */
struct rows_best {
    vf32 best[ROWS_TOGETHER];
    v32 code[ROWS_TOGETHER];
    m32 numbers;
};

static ROWS_ALWAYS_INLINE void rows_compare(struct rows_best *found, vf32 a, vf32 b, int64_t code, bool codes)
{
    const vf32 x[ROWS_TOGETHER] = {a, b};
    const v32 mark = splat_32(code);
    found->numbers = ordered_f32(found->numbers, a, b);
    for (int v = 0; v < ROWS_TOGETHER; v++) {
        if (codes) found->code[v] = choose_32(more_f32(x[v], found->best[v]), mark, found->code[v]);
        found->best[v] = greater_f32(x[v], found->best[v]);
    }
}

/* Whether the results are void: a NaN was met or, of windows that may have padding, there may be nothing else. */
static ROWS_ALWAYS_INLINE bool rows_end_search(const struct rows_task *task, const struct rows_place *place,
                                               const struct rows_best *found, bool edge, bool codes)
{
    for (int v = 0; v < ROWS_TOGETHER; v++) {
        if (task->to) rows_put(task, place, v, found->best[v]);
        if (codes) rows_put_code(task, place, v, found->code[v]);
    }
    m32 met = without_m32(all_m32(true), found->numbers);
    for (int v = 0; v < ROWS_TOGETHER && edge; v++) {
        const m32 nothing = same_f32(found->best[v], splat_f32(-INFINITY));
        met = either_m32(met, both_m32(lanes_m32(0, place->lanes), nothing));
    }
    return any_m32(met);
}

/* As in find_max.h, of equals the first. */
static ROWS_ALWAYS_INLINE bool rows_search_block(const struct rows_task *task, const struct rows_place *place,
                                                 const struct rows_shape shape, const struct rows_edge *edge,
                                                 bool codes)
{
    const struct poolgrad_row_walk *walk = task->walk;
    const vf32 least = splat_f32(-INFINITY);
    struct rows_best found = {.numbers = all_m32(true)};
    for (int v = 0; v < ROWS_TOGETHER; v++) {
        found.best[v] = least;
        found.code[v] = splat_32(walk->rows[0].code);
    }
    for (int64_t r = 0; r < walk->row_count; r++) {
        const struct poolgrad_operand_row *row = &walk->rows[r];
        vf32 a[POOLGRAD_ROW_COLUMNS], b[POOLGRAD_ROW_COLUMNS];
        rows_take(task, place, shape, edge, 0, row->at, least, a);
        rows_take(task, place, shape, edge, 1, row->at, least, b);
        for (int64_t c = 0; c < shape.kernel; c++) rows_compare(&found, a[c], b[c], row->code + c, codes);
    }
    return rows_end_search(task, place, &found, edge, codes);
}

/* Vectors that go together, at the ends of their rows if `edge` is not null; whether the results are void. */
typedef bool rows_block(const struct rows_task *task, const struct rows_place *place, const struct rows_edge *edge);

static ROWS_ALWAYS_INLINE bool rows_block_of(const struct rows_task *task, const struct rows_place *place,
                                             const struct rows_edge *edge, enum rows_kind kind,
                                             const struct rows_shape shape)
{
    if (kind == ROWS_SUM)
        return edge ? rows_sum_block(task, place, shape, edge) : rows_sum_block(task, place, shape, NULL);
    const bool codes = kind == ROWS_PICK;
    return edge ? rows_search_block(task, place, shape, edge, codes)
                : rows_search_block(task, place, shape, NULL, codes);
}

/* Those of most networks: three columns of stride 1, two and three of stride 2. */
enum rows_way { ROWS_THREE_1, ROWS_TWO_2, ROWS_THREE_2, ROWS_WAYS };

static bool rows_sum_three_1(const struct rows_task *task, const struct rows_place *place, const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_SUM, (struct rows_shape){1, 3});
}
static bool rows_sum_two_2(const struct rows_task *task, const struct rows_place *place, const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_SUM, (struct rows_shape){2, 2});
}
static bool rows_sum_three_2(const struct rows_task *task, const struct rows_place *place, const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_SUM, (struct rows_shape){2, 3});
}
static bool rows_greatest_three_1(const struct rows_task *task, const struct rows_place *place,
                                  const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_GREATEST, (struct rows_shape){1, 3});
}
static bool rows_greatest_two_2(const struct rows_task *task, const struct rows_place *place,
                                const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_GREATEST, (struct rows_shape){2, 2});
}
static bool rows_greatest_three_2(const struct rows_task *task, const struct rows_place *place,
                                  const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_GREATEST, (struct rows_shape){2, 3});
}
static bool rows_pick_three_1(const struct rows_task *task, const struct rows_place *place,
                              const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_PICK, (struct rows_shape){1, 3});
}
static bool rows_pick_two_2(const struct rows_task *task, const struct rows_place *place, const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_PICK, (struct rows_shape){2, 2});
}
static bool rows_pick_three_2(const struct rows_task *task, const struct rows_place *place,
                              const struct rows_edge *edge)
{
    return rows_block_of(task, place, edge, ROWS_PICK, (struct rows_shape){2, 3});
}

static rows_block *const rows_sums[ROWS_WAYS] = {rows_sum_three_1, rows_sum_two_2, rows_sum_three_2};
static rows_block *const rows_maxima[ROWS_WAYS] = {rows_greatest_three_1, rows_greatest_two_2, rows_greatest_three_2};
static rows_block *const rows_picks[ROWS_WAYS] = {rows_pick_three_1, rows_pick_two_2, rows_pick_three_2};

/* ---- Walks ------------------------------------------------------------------------------------------------------- */

/* Rows of windows, line by line and set by set. */
struct rows_cursor {
    const struct poolgrad_row_walk *walk;
    int64_t line, set;
    int64_t from, to, set_from, set_to;
};

static inline bool rows_next(struct rows_cursor *cursor)
{
    const struct poolgrad_row_walk *walk = cursor->walk;
    cursor->from += walk->line_step;
    cursor->to += walk->line_to_step;
    if (++cursor->line < walk->lines) return true;
    cursor->line = 0;
    cursor->from = cursor->set_from += walk->step;
    cursor->to = cursor->set_to += walk->to_step;
    return ++cursor->set < walk->sets;
}

/* A block wherever it is: one that meets the ends of its row finds its edge, unless the last one met there does. */
static inline bool rows_any_block(const struct rows_task *task, const struct rows_place *place, rows_block *block,
                                  struct rows_edge *edge)
{
    const struct poolgrad_row_walk *walk = task->walk;
    const int64_t far = walk->kernel - 1, b = ROWS_TOGETHER - 1;
    const int64_t stride = walk->stride, begin = walk->first + place->window[0] * stride;
    const int64_t end = walk->first + (place->window[b] + LANES_32 - 1) * stride + far;
    if (place->lanes == LANES_32 && begin >= 0 && end < walk->width) return block(task, place, NULL);
    if (edge->window[0] != place->window[0] || edge->window[b] != place->window[b]) rows_find_edge(walk, place, edge);
    return block(task, place, edge);
}

/* Rows of no more windows than lanes: two rows go together. */
static bool rows_short(const struct rows_task *task, rows_block *block)
{
    const struct poolgrad_row_walk *walk = task->walk;
    struct rows_cursor cursor = {.walk = walk};
    struct rows_edge edge = {.window = {-1, -1}};
    bool met = false, more = true;
    while (more && !met) {
        struct rows_place place = {
            .from = {cursor.from, cursor.from}, .to = {cursor.to, cursor.to}, .lanes = walk->windows};
        more = rows_next(&cursor);
        if (more) { /* else the last one goes twice */
            place.from[1] = cursor.from;
            place.to[1] = cursor.to;
            more = rows_next(&cursor);
        }
        met = rows_any_block(task, &place, block, &edge);
    }
    return met;
}

/* Vectors of a row go together; the last ones may find again what others have. */
static bool rows_long(const struct rows_task *task, rows_block *block)
{
    const struct poolgrad_row_walk *walk = task->walk;
    const int64_t last = walk->windows - LANES_32;
    struct rows_cursor cursor = {.walk = walk};
    struct rows_edge edges[2] = {{.window = {-1, -1}}, {.window = {-1, -1}}};
    bool met = false;
    do {
        struct rows_place place = {.lanes = LANES_32};
        for (int v = 0; v < ROWS_TOGETHER; v++) {
            place.from[v] = cursor.from;
            place.to[v] = cursor.to;
        }
        for (int64_t i = 0; i < walk->windows && !met; i += (int64_t)ROWS_TOGETHER * LANES_32) {
            for (int v = 0; v < ROWS_TOGETHER; v++) {
                const int64_t window = i + (int64_t)v * LANES_32;
                place.window[v] = window < last ? window : last;
            }
            met = rows_any_block(task, &place, block, &edges[i > 0]);
        }
    } while (rows_next(&cursor) && !met);
    return met;
}

static bool rows_walk(const struct rows_task *task, rows_block *const *blocks)
{
    const bool dense = task->walk->stride == 1;
    rows_block *block = blocks[dense ? ROWS_THREE_1 : task->walk->kernel == 2 ? ROWS_TWO_2 : ROWS_THREE_2];
    return task->walk->windows <= LANES_32 ? rows_short(task, block) : rows_long(task, block);
}

static void sum_rows(const struct poolgrad_row_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    const struct rows_task task = {.walk = walk, .ending = ending, .to = to};
    rows_walk(&task, rows_sums);
}

static bool search_rows(const struct poolgrad_row_walk *walk, const struct poolgrad_ending *ending, void *to,
                        void *codes, int code_bytes)
{
    const struct rows_task task = {.walk = walk, .ending = ending, .to = to, .code = codes, .code_bytes = code_bytes};
    return rows_walk(&task, codes ? rows_picks : rows_maxima);
}

#undef ROWS_ALWAYS_INLINE

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_ROW_ROUTINES .sum_rows = sum_rows, .search_rows = search_rows,

#endif
