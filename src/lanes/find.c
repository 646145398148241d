/* SPDX-License-Identifier: Apache-2.0 */
/* Finding: a row of windows, run by run, by walks over the source's rows. */
#include <string.h>

#include "image/move.h"
#include "lanes/columns.h"

/* The windows of a row along z and y, and the source rows that are their taps. */
struct row {
    struct poolgrad_window_run z, y;
    struct poolgrad_operand_row *rows;
    int64_t count;
};

double poolgrad_lanes_divisor(const struct poolgrad_lanes_unit *unit, int64_t counted)
{
    const int64_t divisor = unit->g->divisor != 0 ? unit->g->divisor : counted;
    return unit->lanes->sum == POOLGRAD_SUM64 ? (double)divisor : (double)(float)divisor;
}

/* How a row of the source is read. */
typedef const unsigned char *read_row(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y);

/* Taps [begin, end) of the row's, which are numbered in row-major order. */
static void list_rows(const struct poolgrad_lanes_unit *unit, const struct row *row, int64_t begin, int64_t end,
                      read_row *read)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    for (int64_t i = begin; i < end; i++) {
        const int64_t tz = i / row->y.taps, ty = i % row->y.taps;
        const int64_t number_z = poolgrad_tap_number(&lanes->z.numbers, row->z.tap + tz);
        const int64_t number_y = poolgrad_tap_number(&lanes->y.numbers, row->y.tap + ty);
        row->rows[i - begin] = (struct poolgrad_operand_row){
            .at = read(unit, row->z.place + tz * g->z.dilation, row->y.place + ty * g->y.dilation),
            .code = (number_z * lanes->y.numbers.count + number_y) * lanes->x.numbers.count};
    }
}

/* The code of the first or the last tap outside the image, in row-major order, or -1. */
static int64_t outside_of(const struct poolgrad_lanes *lanes, const struct row *row,
                          const struct poolgrad_window_run *run, bool last)
{
    const struct poolgrad_window_run *const axes[] = {&row->z, &row->y, run};
    const struct poolgrad_tap_numbers *const numbers[] = {&lanes->z.numbers, &lanes->y.numbers, &lanes->x.numbers};
    /* The extreme tap is outside where one of its numbers is; else the last axis that has one outside moves there. */
    int64_t tap[POOLGRAD_AXES], moved = -1, code = 0;
    bool outside = false;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        const int64_t end = last ? axes[i]->size - 1 : 0;
        const int64_t nearest = last ? axes[i]->last_outside : axes[i]->first_outside;
        tap[i] = end;
        outside = outside || nearest == end;
        if (nearest >= 0) moved = i;
    }
    if (!outside && moved < 0) return -1;
    if (!outside) tap[moved] = last ? axes[moved]->last_outside : axes[moved]->first_outside;
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        code = code * numbers[i]->count + poolgrad_tap_number(numbers[i], tap[i]);
    }
    return code;
}

static struct poolgrad_ending ending_of(const struct poolgrad_lanes_unit *unit, const struct row *row,
                                        const struct poolgrad_window_run *run, const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_geometry *g = unit->g;
    /* Results of columns that are moved once more stay in the caches until then. */
    const bool there = found->stored && (!unit->lanes->columns.used || unit->lanes->columns.in_place);
    struct poolgrad_ending ending = {
        .stored = found->stored, .past_caches = there && unit->lanes->past_caches, .outside = -1};
    if (g->kind == POOLGRAD_AVERAGE || (g->kind == POOLGRAD_L2NORM && g->root_mean)) {
        ending.divisor = poolgrad_lanes_divisor(unit, row->z.counted * row->y.counted * run->counted);
    }
    if (g->kind == POOLGRAD_MAX && g->edge_mode == POOLGRAD_EDGE_ZERO) {
        ending.outside = outside_of(unit->lanes, row, run, g->ties == POOLGRAD_TIES_LAST);
    }
    return ending;
}

/* The format of source rows: as they lie, or as numbers. */
static poolgrad_format format_of(const struct poolgrad_lanes_unit *unit)
{
    return unit->lanes->columns.used ? poolgrad_lanes_columns_numbers(unit->g) : unit->g->source.format;
}

/* A search that is not careful may be void. */
static bool search(const struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                   const struct poolgrad_ending *ending, bool careful, bool padded, void *to, void *codes)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_routines *routines = unit->lanes->routines;
    const poolgrad_format format = format_of(unit);
    const struct poolgrad_search how = {
        .last = g->ties == POOLGRAD_TIES_LAST, .nan = g->nan, .careful = careful, .padded = padded};
    if (!codes) return routines->find_greatest[format](walk, ending, &how, to);
    if (unit->lanes->code_bytes == 1) return routines->find_pick8[format](walk, ending, &how, to, codes);
    return routines->find_pick32[format](walk, ending, &how, to, codes);
}

void poolgrad_lanes_walk_run(struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                             const struct poolgrad_ending *ending, void *to, void *codes)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const poolgrad_format format = format_of(unit);
    switch (unit->g->kind) {
    case POOLGRAD_AVERAGE: lanes->routines->find_sum[lanes->sum][format](walk, ending, to); break;
    case POOLGRAD_L2NORM: lanes->routines->find_norm[format](walk, ending, to); break;
    case POOLGRAD_MAX:
        if (search(unit, walk, ending, unit->careful || ending->resume, false, to, codes)) {
            unit->careful = true;
            search(unit, walk, ending, true, false, to, codes);
        }
        break;
    }
}

/* Bytes of an element of what is found. */
static int64_t found_bytes(const struct poolgrad_lanes_unit *unit, const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_geometry *g = unit->g;
    if (found->stored) return (int64_t)poolgrad_format_size(format_of(unit));
    if (g->kind == POOLGRAD_MAX) return g->source.format == POOLGRAD_FLOAT64 ? 8 : 4;
    return poolgrad_lanes_number_bytes(unit->lanes->sum);
}

/* Where a run's results lie behind the row's first, in elements. */
static int64_t result_of(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run, int64_t step)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    return (run->output - lanes->x.outputs.begin) * (lanes->columns.used ? lanes->columns.grain : step);
}

/* Windows without a tap: +0, and no tap. */
static void find_nothing(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run,
                         const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_lanes_columns *columns = &unit->lanes->columns;
    const int64_t first = result_of(unit, run, found->step), repeats = columns->used ? unit->sets : run->count;
    const int64_t count = columns->used ? run->count * columns->grain : unit->count;
    const int64_t bytes = found_bytes(unit, found), codes = unit->lanes->code_bytes;
    const int64_t of_slice = repeats * poolgrad_max(found->rows, 1);
    for (int64_t i = 0; i < of_slice * unit->slices; i++) {
        const int64_t row = i % of_slice / repeats, repeat = i % repeats;
        const int64_t at = first + i / of_slice * found->slice_step + row * found->row_step + repeat * found->step;
        if (found->to) memset((unsigned char *)found->to + at * bytes, 0, (size_t)(count * bytes));
        if (found->codes) memset((unsigned char *)found->codes + at * codes, 0xff, (size_t)(count * codes));
    }
}

/* The walk of a run, and elements from the row's first to its first operand. */
static struct poolgrad_walk walk_of(const struct poolgrad_lanes_unit *unit, const struct poolgrad_window_run *run,
                                    const struct poolgrad_lanes_found *found, int64_t *shift)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const struct poolgrad_operand_column *taps = poolgrad_lanes_area(unit, POOLGRAD_LANES_TAPS);
    struct poolgrad_walk walk = {.columns = taps, .column_count = run->taps, .to_step = found->step};
    if (!columns->used) {
        const int64_t pitch = poolgrad_lanes_pitch(unit, POOLGRAD_LANES_SOURCE);
        *shift = run->place * pitch;
        walk.repeats = run->count;
        walk.count = unit->count;
        walk.step = run->step * pitch;
        return walk;
    }
    *shift = result_of(unit, run, 0);
    walk.columns = taps + run->tap;
    walk.repeats = unit->sets;
    walk.count = run->count * columns->grain;
    walk.step = columns->set_step;
    /* What lies between sets is computed like windows, and never looked at. */
    const bool whole = run->count == poolgrad_range_length(lanes->x.outputs);
    const bool in_memory = unit->g->direction == POOLGRAD_GRADIENT || !columns->in_place;
    if (whole && in_memory && !found->gradient) {
        walk.count += (unit->sets - 1) * walk.step;
        walk.repeats = 1;
    }
    return walk;
}

/* A run, of the row's operands [begin, begin + count): its walk and what becomes of the results. */
struct task {
    struct poolgrad_walk walk;
    struct poolgrad_ending ending;
    void *to, *codes;
};

static struct task task_of(const struct poolgrad_lanes_unit *unit, const struct row *row,
                           const struct poolgrad_window_run *run, int64_t begin, int64_t count,
                           const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    int64_t shift;
    struct task task = {walk_of(unit, run, found, &shift), ending_of(unit, row, run, found), NULL, NULL};
    struct poolgrad_operand_row *shifted = poolgrad_lanes_area(unit, POOLGRAD_LANES_SHIFTED);
    const int64_t number = lanes->columns.used ? 0 : poolgrad_tap_number(&lanes->x.numbers, run->tap);
    if (found->rows > 1) {
        task.walk.lines = found->rows;
        task.walk.line_step = row->y.step * unit->g->source.row_stride;
        task.walk.line_to_step = found->row_step;
    }
    task.walk.slices = unit->slices;
    task.walk.slice_step = lanes->slice_step[POOLGRAD_LANES_SOURCE];
    task.walk.slice_to_step = found->slice_step;
    shift *= (int64_t)poolgrad_format_size(format_of(unit));
    for (int64_t i = 0; i < count; i++) {
        shifted[i].at = (const unsigned char *)row->rows[i].at + shift;
        shifted[i].taps = row->rows[i].taps;
        shifted[i].code = row->rows[i].code + number;
    }
    task.walk.rows = shifted;
    task.walk.row_count = count;
    task.ending.resume = begin > 0;
    task.ending.partial = begin + count < row->z.taps * row->y.taps;
    if (task.ending.partial) task.ending.outside = -1;
    if (found->gradient) {
        const poolgrad_format gradient = unit->g->source_gradient.format;
        task.ending.gradient = (const unsigned char *)found->gradient +
                               result_of(unit, run, found->gradient_step) * (int64_t)poolgrad_format_size(gradient);
        task.ending.gradient_format = gradient;
        task.ending.gradient_step = found->gradient_step;
        task.ending.gradient_line_step = found->gradient_row_step;
        task.ending.gradient_slice_step = found->gradient_slice_step;
    }
    const int64_t first = result_of(unit, run, found->step);
    if (found->to) task.to = (unsigned char *)found->to + first * found_bytes(unit, found);
    if (found->codes) task.codes = (unsigned char *)found->codes + first * lanes->code_bytes;
    return task;
}

static void find_run(struct poolgrad_lanes_unit *unit, const struct row *row, const struct poolgrad_window_run *run,
                     int64_t begin, int64_t count, const struct poolgrad_lanes_found *found)
{
    const struct task task = task_of(unit, row, run, begin, count, found);
    (poolgrad_lanes_is_long(unit, run) ? poolgrad_lanes_find_long
                                       : poolgrad_lanes_walk_run)(unit, &task.walk, &task.ending, task.to, task.codes);
}

/* ---- Columns as lanes ---------------------------------------------------------------------------------------------
 */

/* Whether all windows of a row are alike: none has taps outside, or padding may stand for them. */
static bool is_one_run(const struct poolgrad_lanes_unit *unit)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes_columns *columns = &unit->lanes->columns;
    if (!columns->used) return false;
    if (g->kind == POOLGRAD_MAX) return g->edge_mode == POOLGRAD_EDGE_CLAMP && !unit->careful;
    return !columns->padded || columns->uniform || g->divisor != 0 || !g->root_mean;
}

/* One divisor for each window of the row, which count `counted` taps along z and y; kept for the next rows. */
static const void *list_divisors(struct poolgrad_lanes_unit *unit, int64_t counted)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t bytes = poolgrad_lanes_number_bytes(lanes->sum), windows = poolgrad_range_length(lanes->x.outputs);
    unsigned char *divisors = poolgrad_lanes_area(unit, POOLGRAD_LANES_DIVISORS);
    if (unit->counted == counted) return divisors;
    unit->counted = counted;
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        const struct poolgrad_window_run *run = &lanes->x.windows[i];
        const double divisor = poolgrad_lanes_divisor(unit, counted * run->counted);
        poolgrad_lanes_fill(lanes->sum, divisor, run->count * columns->grain,
                            divisors + result_of(unit, run, 0) * bytes);
    }
    /* What lies between sets is divided, too. */
    const int64_t row = windows * columns->grain;
    poolgrad_lanes_fill(lanes->sum, 1, columns->set_step - row, divisors + row * bytes);
    poolgrad_move_runs(
        divisors + columns->set_step * bytes, divisors,
        (struct poolgrad_runs){columns->sets - 1, columns->set_step * bytes, 0, columns->set_step * bytes});
    return divisors;
}

/* Set by set where results of sets have another step than divisors. */
static void find_averages(struct poolgrad_lanes_unit *unit, const struct row *row, struct task *task)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t bytes = task->ending.stored ? (int64_t)poolgrad_format_size(format_of(unit))
                                              : poolgrad_lanes_number_bytes(lanes->sum);
    const int64_t size = (int64_t)poolgrad_format_size(format_of(unit)), repeats = task->walk.repeats;
    struct poolgrad_operand_row *rows = poolgrad_lanes_area(unit, POOLGRAD_LANES_SHIFTED);
    if (!columns->uniform && unit->g->divisor == 0)
        task->ending.divisors = list_divisors(unit, row->z.counted * row->y.counted);
    if (!task->ending.divisors || repeats == 1) {
        poolgrad_lanes_walk_run(unit, &task->walk, &task->ending, task->to, NULL);
        return;
    }
    task->walk.repeats = 1;
    for (int64_t i = 0; i < repeats; i++) {
        poolgrad_lanes_walk_run(unit, &task->walk, &task->ending,
                                (unsigned char *)task->to + i * task->walk.to_step * bytes, NULL);
        for (int64_t r = 0; r < task->walk.row_count; r++)
            rows[r].at = (const unsigned char *)rows[r].at + task->walk.step * size;
    }
}

/* The greatest tap along x of every window of a source row, kept as long as its place in the ring is not needed; at
 * *codes, if asked, which. NULL where the search is void. */
static const unsigned char *find_best(const struct poolgrad_lanes_unit *unit, int64_t z, int64_t y,
                                      const unsigned char **codes)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    const int64_t slot = z % lanes->source_slots_z * lanes->source_slots_y + y % lanes->source_slots_y;
    const int64_t row = z * unit->g->y.size + y, first = slot * columns->phase_step;
    const int64_t windows = poolgrad_range_length(lanes->x.outputs) * columns->grain;
    int64_t *tag = (int64_t *)poolgrad_lanes_area(unit, POOLGRAD_LANES_BEST_TAGS) + slot;
    unsigned char *best = poolgrad_lanes_area(unit, POOLGRAD_LANES_BEST);
    unsigned char *to = poolgrad_lanes_area(unit, POOLGRAD_LANES_BEST_CODES);
    best += first * (int64_t)poolgrad_format_size(format_of(unit));
    to += first * lanes->code_bytes;
    const struct poolgrad_operand_row operand = {poolgrad_lanes_source_row(unit, z, y), NULL, 0};
    const struct poolgrad_walk walk = {.rows = &operand,
                                       .columns = poolgrad_lanes_area(unit, POOLGRAD_LANES_TAPS),
                                       .row_count = 1,
                                       .column_count = unit->g->x.kernel,
                                       .repeats = 1,
                                       .count = (unit->sets - 1) * columns->set_step + windows};
    const struct poolgrad_ending ending = {.outside = -1};
    if (*tag != row && search(unit, &walk, &ending, false, false, best, codes ? to : NULL)) return NULL;
    *tag = row;
    if (codes) *codes = to;
    return best;
}

/* The rows of a search that has gone along x. */
static bool list_best(const struct poolgrad_lanes_unit *unit, const struct row *row, bool codes)
{
    const struct poolgrad_geometry *g = unit->g;
    for (int64_t i = 0; i < row->z.taps * row->y.taps; i++) {
        const unsigned char *taps = NULL;
        row->rows[i].at = find_best(unit, row->z.place + i / row->y.taps * g->z.dilation,
                                    row->y.place + i % row->y.taps * g->y.dilation, codes ? &taps : NULL);
        row->rows[i].taps = taps;
        if (!row->rows[i].at) return false;
    }
    return true;
}

/* All windows of a row; false where a search was void. */
static bool find_whole(struct poolgrad_lanes_unit *unit, const struct row *row,
                       const struct poolgrad_lanes_found *found)
{
    static const struct poolgrad_operand_column same = {0, 0};
    const struct poolgrad_lanes *lanes = unit->lanes;
    struct poolgrad_window_run run = lanes->x.windows[0];
    run.count = poolgrad_range_length(lanes->x.outputs);
    run.tap = 0;
    run.taps = unit->g->x.kernel;
    if (lanes->columns.separable && !list_best(unit, row, found->codes)) {
        unit->careful = true;
        return false;
    }
    struct task task = task_of(unit, row, &run, 0, row->z.taps * row->y.taps, found);
    if (lanes->columns.separable) {
        task.walk.columns = &same;
        task.walk.column_count = 1;
    }
    if (unit->g->kind == POOLGRAD_AVERAGE) find_averages(unit, row, &task);
    if (unit->g->kind == POOLGRAD_L2NORM) poolgrad_lanes_walk_run(unit, &task.walk, &task.ending, task.to, NULL);
    if (unit->g->kind != POOLGRAD_MAX) return true;
    if (!search(unit, &task.walk, &task.ending, false, lanes->columns.padded, task.to, task.codes)) return true;
    unit->careful = true;
    return false;
}

/* The same in rows where they lie, and of several rows of windows. */
static bool find_in_rows(struct poolgrad_lanes_unit *unit, const struct row *row,
                         const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_lanes *lanes = unit->lanes;
    const struct poolgrad_lanes_columns *columns = &lanes->columns;
    struct poolgrad_ending ending = ending_of(unit, row, &lanes->x.windows[0], found);
    list_rows(unit, row, 0, row->z.taps * row->y.taps, poolgrad_lanes_columns_row_in_place);
    const struct poolgrad_row_walk walk = {.rows = row->rows,
                                           .row_count = row->z.taps * row->y.taps,
                                           .kernel = g->x.kernel,
                                           .first = poolgrad_axis_window(&g->x, lanes->x.outputs.begin).first,
                                           .stride = columns->phases,
                                           .width = g->x.size,
                                           .windows = poolgrad_range_length(lanes->x.outputs),
                                           .sets = unit->sets,
                                           .step = poolgrad_lanes_set_stride(columns, &g->source),
                                           .to_step = found->step,
                                           .lines = poolgrad_max(found->rows, 1),
                                           .line_step = row->y.step * g->source.row_stride,
                                           .line_to_step = found->row_step};
    if (g->kind == POOLGRAD_AVERAGE) {
        if (!columns->uniform && g->divisor == 0)
            ending.divisors = list_divisors(unit, row->z.counted * row->y.counted);
        lanes->routines->sum_rows(&walk, &ending, found->to);
        return true;
    }
    unit->careful = lanes->routines->search_rows(&walk, &ending, found->to, found->codes, lanes->code_bytes);
    return !unit->careful;
}

/* ---- Rows of windows --------------------------------------------------------------------------------------------- */

int64_t poolgrad_lanes_find(struct poolgrad_lanes_unit *unit, int64_t z, int64_t y,
                            const struct poolgrad_lanes_found *found)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    struct row row = {poolgrad_listed_window_of(unit->g, &unit->g->z, &lanes->z, z),
                      poolgrad_listed_windows_from(&lanes->y, y), poolgrad_lanes_area(unit, POOLGRAD_LANES_ROW_LIST),
                      0};
    const int64_t all = row.z.taps * row.y.taps, most = lanes->chunk, rows = poolgrad_max(found->rows, 1);
    struct poolgrad_lanes_found one = *found;
    if (lanes->columns.reads_rows && all > 0 && is_one_run(unit) && find_in_rows(unit, &row, found)) return rows;
    if (lanes->columns.used) one.rows = 1;
    for (int64_t i = 0; i < lanes->x.window_runs; i++) {
        if (all == 0 || lanes->x.windows[i].taps == 0) find_nothing(unit, &lanes->x.windows[i], &one);
    }
    for (int64_t begin = 0; begin < all; begin += most) {
        const int64_t count = poolgrad_min(most, all - begin);
        list_rows(unit, &row, begin, begin + count, poolgrad_lanes_source_row);
        if (is_one_run(unit)) {
            if (find_whole(unit, &row, &one)) return 1;
            list_rows(unit, &row, begin, begin + count, poolgrad_lanes_source_row);
        }
        for (int64_t i = 0; i < lanes->x.window_runs; i++) {
            if (lanes->x.windows[i].taps > 0) find_run(unit, &row, &lanes->x.windows[i], begin, count, &one);
        }
    }
    return poolgrad_max(one.rows, 1);
}
