/* SPDX-License-Identifier: Apache-2.0 */
/* From options to cases and rows. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/axis_options.h"
#include "cli/bench.h"
#include "cli/posix.h"
#include "cli/setup.h"

#define ALL_BITS(count) ((INT64_C(1) << (count)) - 1)

static const unsigned every_kind = ALL_BITS(MEASURED_KINDS);

/* ---- Cases ------------------------------------------------------------------------------------------------------ */

/* Options of a geometry of one's own. */
static enum option first_geometry_option(const struct options *options)
{
    for (int option = OPTION_KERNEL; option <= OPTION_ACCUMULATOR; option++) {
        if (poolgrad_given(options, (enum option)option)) return (enum option)option;
    }
    return OPTION_COUNT;
}

static int set_input_size(const struct options *options, poolgrad_const_image *image)
{
    enum { PLANE = 4, VOLUME = 5 };
    const int64_t *size = options->value[OPTION_INPUT_SIZE].integers;
    const int64_t count = options->value[OPTION_INPUT_SIZE].number;
    bool good = count == PLANE || count == VOLUME;
    for (int i = 0; good && i < count; i++) good = size[i] >= 1;
    if (!good) {
        return poolgrad_fail(options,
                             "--input-size is '%s'; expected four integers above 0 with commas between them: images, "
                             "channels, height, width, or five with the depth before the height",
                             options->value[OPTION_INPUT_SIZE].text);
    }
    image->images = size[0];
    image->channels = size[1];
    image->depth = count == VOLUME ? size[2] : 0;
    image->height = size[count - 2];
    image->width = size[count - 1];
    return 0;
}

static int make_own_shape(const struct options *options, poolgrad_problem *shape)
{
    int status = poolgrad_setup_rules(options, POOLGRAD_FORWARD, shape);
    if (status == 0) status = set_input_size(options, &shape->source);
    if (status == 0) status = poolgrad_setup_placement(options, shape);
    if (status != 0) poolgrad_setup_free_tables(shape);
    if (status != 0) return status;
    shape->destination.images = shape->source.images;
    shape->destination.channels = shape->source.channels;
    const poolgrad_window *w = &shape->window;
    const poolgrad_image *d = &shape->destination;
    const bool windows = w->kernel_width > 0 && w->kernel_height > 0 && w->dilation_x > 0 && w->dilation_y > 0;
    const bool volumes = shape->source.depth > 0;
    if ((d->height > 0 && d->width > 0 && (d->depth > 0 || !volumes)) || !windows)
        return 0; /* senseless windows are refused with the rest of the problem */
    char sizes[AXIS_SIZES];
    poolgrad_axis_sizes(volumes ? AXES : AXES - 1, (int64_t[AXES]){d->width, d->height, d->depth}, true, sizes);
    return poolgrad_fail(options, "the output would be %s; expected at least one pixel to measure", sizes);
}

static void add_case(const struct options *options, struct bench *bench, const struct bench_case *model)
{
    int64_t formats = poolgrad_number(options, OPTION_FORMATS, INT64_C(1) << POOLGRAD_FLOAT32);
    for (int format = POOLGRAD_FLOAT16; format <= POOLGRAD_FLOAT64; format++) {
        if (!(formats >> format & 1)) continue;
        bench->cases[bench->case_count] = *model;
        bench->cases[bench->case_count++].format = (poolgrad_format)format;
    }
}

static int choose_own(const struct options *options, struct bench *bench)
{
    struct bench_case own = {.workload = "custom", .kinds = every_kind};
    if (poolgrad_given(options, OPTION_WORKLOAD)) {
        return poolgrad_fail(options, "--workload is given beside --input-size; expected one of them");
    }
    int status = make_own_shape(options, &own.shape);
    if (status == 0) add_case(options, bench, &own);
    return status;
}

static int choose_workloads(const struct options *options, struct bench *bench)
{
    enum option stray = first_geometry_option(options);
    int64_t chosen = poolgrad_number(options, OPTION_WORKLOAD, ALL_BITS(WORKLOADS));
    if (stray != OPTION_COUNT) {
        return poolgrad_fail(options,
                             "--%s is given without --input-size; expected both, workloads have windows of "
                             "their own",
                             poolgrad_options[stray].name);
    }
    for (int i = 0; i < WORKLOADS; i++) {
        if (!(chosen >> i & 1)) continue;
        struct bench_case standard = {.workload = poolgrad_workloads[i].name, .kinds = poolgrad_workloads[i].kinds};
        poolgrad_workload_shape(&poolgrad_workloads[i], &standard.shape);
        add_case(options, bench, &standard);
    }
    return 0;
}

/* ---- Rows ------------------------------------------------------------------------------------------------------- */

struct thread_counts {
    int count;
    int threads[OPTION_INTEGERS];
};

static int choose_threads(const struct options *options, struct thread_counts *counts)
{
    enum { MOST = 1024 };
    bool given = poolgrad_given(options, OPTION_THREAD_COUNTS);
    *counts = (struct thread_counts){1, {poolgrad_has_openmp() ? poolgrad_processors() : 1}};
    if (!given) return 0;
    counts->count = (int)options->value[OPTION_THREAD_COUNTS].number;
    for (int i = 0; i < counts->count; i++) {
        int64_t number = options->value[OPTION_THREAD_COUNTS].integers[i];
        if (number < 1 || number > MOST) {
            return poolgrad_fail(options, "--threads has %" PRId64 " among its numbers; expected 1 to %d", number,
                                 MOST);
        }
        if (number > 1 && !poolgrad_has_openmp()) {
            return poolgrad_fail(options, "--threads is %" PRId64 "; expected 1, poolgrad was built without OpenMP",
                                 number);
        }
        counts->threads[i] = (int)number;
    }
    return 0;
}

static void add_rows(const struct options *options, struct bench *bench, struct bench_row row,
                     const struct thread_counts *counts)
{
    unsigned kinds = (unsigned)poolgrad_number(options, OPTION_KINDS, bench->cases[row.which].kinds);
    for (int kind = 0; kind < MEASURED_KINDS; kind++) {
        if (!(kinds >> kind & 1)) continue;
        for (int i = 0; i < counts->count; i++) {
            row.choice.kind = (enum measured_kind)kind;
            row.choice.threads = counts->threads[i];
            bench->rows[bench->row_count++] = row;
        }
    }
}

/* Volumes have no slices. */
static bool has_layout(const struct bench_case *each, poolgrad_layout layout)
{
    return each->shape.source.depth <= 1 || poolgrad_slice_of(layout) == 1;
}

/* Rows that share buffers stand together, the gradient before the forward pass. */
static void choose_rows(const struct options *options, struct bench *bench, const struct thread_counts *counts)
{
    int64_t layouts = poolgrad_number(options, OPTION_LAYOUTS, 1 << POOLGRAD_NCHW | 1 << POOLGRAD_NHWC);
    int64_t directions = poolgrad_number(options, OPTION_DIRECTIONS, 1 << POOLGRAD_GRADIENT);
    struct bench_row row = {
        .choice = {.max_isa = (poolgrad_isa)poolgrad_number(options, OPTION_MAX_ISA, POOLGRAD_ISA_BEST),
                   .mode = (poolgrad_mode)poolgrad_number(options, OPTION_MODE, POOLGRAD_MODE_FAST)}};
    for (row.which = 0; row.which < bench->case_count; row.which++) {
        for (int layout = 0; layout < LAYOUTS; layout++) {
            for (int direction = POOLGRAD_GRADIENT; direction >= POOLGRAD_FORWARD; direction--) {
                if (!(layouts >> layout & 1) || !(directions >> direction & 1)) continue;
                if (!has_layout(&bench->cases[row.which], (poolgrad_layout)layout)) continue;
                row.choice.layout = (poolgrad_layout)layout;
                row.choice.direction = (poolgrad_direction)direction;
                add_rows(options, bench, row, counts);
            }
        }
    }
}

int poolgrad_bench_choose(const struct options *options, struct bench *bench)
{
    enum { FORMATS = 4, DIRECTIONS = 2, MOST_CASES = WORKLOADS * FORMATS };
    struct thread_counts counts;
    int status = choose_threads(options, &counts);
    if (status != 0) return status;
    size_t most_rows = (size_t)MOST_CASES * LAYOUTS * DIRECTIONS * MEASURED_KINDS * OPTION_INTEGERS;
    bench->cases = calloc(MOST_CASES, sizeof *bench->cases);
    bench->rows = calloc(most_rows, sizeof *bench->rows);
    if (!bench->cases || !bench->rows) return poolgrad_fail(options, "not enough memory for a list of what to measure");
    bool own = poolgrad_given(options, OPTION_INPUT_SIZE);
    status = own ? choose_own(options, bench) : choose_workloads(options, bench);
    if (status != 0) return status;
    choose_rows(options, bench, &counts);
    bench->processors = poolgrad_processors();
    if (bench->row_count > 0) return 0;
    return poolgrad_fail(options, "--layout is %s; expected nchw or nhwc among its words, volumes have no slices",
                         options->value[OPTION_LAYOUTS].text);
}

/* The formats of a geometry share its tables. */
void poolgrad_bench_free(struct bench *bench)
{
    if (bench->case_count > 0) poolgrad_setup_free_tables(&bench->cases[0].shape);
    poolgrad_bench_release(bench);
}
