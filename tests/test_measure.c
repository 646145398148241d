/* SPDX-License-Identifier: Apache-2.0 */
/* What measuring rests on: statistics, fair turns, streams that move what they say, checks that notice. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "measure/bench_trial.h"
#include "measure/clock.h"
#include "measure/contest.h"
#include "measure/noise.h"

/* ---- Statistics and turns ---------------------------------------------------------------------------------------- */

Test(measure, spread)
{
    double one[] = {3}, four[] = {4, 1, 3, 2}, five[] = {50, 10, 40, 20, 30};
    struct spread spread = poolgrad_spread_of(one, 1);
    cr_expect(spread.least == 3 && spread.lower == 3 && spread.median == 3 && spread.upper == 3);
    spread = poolgrad_spread_of(four, 4);
    cr_expect(spread.least == 1 && spread.lower == 1.75 && spread.median == 2.5 && spread.upper == 3.25);
    spread = poolgrad_spread_of(five, 5);
    cr_expect(spread.least == 10 && spread.lower == 20 && spread.median == 30 && spread.upper == 40);
}

Test(measure, clock)
{
    int64_t before = poolgrad_nanoseconds(), after;
    for (int i = 0; i < 1000; i++) {
        after = poolgrad_nanoseconds();
        cr_assert(after >= before);
        before = after;
    }
}

Test(measure, noise)
{
    enum { SIDES = 6, THROWS = 6000 };
    uint64_t noise = 7;
    int count[SIDES] = {0};
    for (int i = 0; i < THROWS; i++) count[poolgrad_noise_below(&noise, SIDES)]++;
    for (int i = 0; i < SIDES; i++) cr_expect(count[i] > 850 && count[i] < 1150, "%d: %d", i, count[i]);
}

/* Who was called, in order. A turn is as long as the calls of a sample, which are the same each time. */
static struct {
    int who[100000];
    int count;
} calls;

static void be_called(const void *context)
{
    int64_t begin = poolgrad_nanoseconds();
    if (calls.count < (int)(sizeof calls.who / sizeof *calls.who)) calls.who[calls.count++] = *(const int *)context;
    while (poolgrad_nanoseconds() - begin < 100000) {
    }
}

static void note_share(void *context, double share)
{
    double *last = context;
    cr_expect(share >= *last && share <= 1, "%g after %g", share, *last);
    *last = share;
}

/* Each contender runs as often as every other, and rounds differ in their order. */
Test(measure, contest)
{
    enum { COUNT = 5, ROUNDS = 12 };
    static const int names[COUNT] = {0, 1, 2, 3, 4};
    struct contender contender[COUNT];
    double share = 0;
    int turns[COUNT] = {0}, first[COUNT] = {0}, last = -1, turn = 0;
    for (int i = 0; i < COUNT; i++) contender[i] = (struct contender){.run = be_called, .context = &names[i]};
    struct contest contest = {contender, COUNT, ROUNDS, 0, 1, note_share, &share};
    cr_assert(poolgrad_contest_run(&contest) == ROUNDS);
    cr_expect(share == 1, "%g", share);
    for (int i = 0; i < COUNT; i++) {
        cr_expect(contender[i].seconds.lower >= 1e-4 && contender[i].seconds.lower <= contender[i].seconds.median);
        cr_expect(contender[i].calls >= 1 && contender[i].seconds.upper >= contender[i].seconds.median);
    }
    /* Two calls of calibration each, then in each turn one that warms up. */
    for (int i = 2 * COUNT; i < calls.count;) {
        last = calls.who[i];
        turns[last]++;
        if (turn++ % COUNT == 0) first[last]++;
        for (int64_t j = 0; j <= contender[last].calls; j++, i++) cr_assert(calls.who[i] == last, "call %d", i);
    }
    for (int i = 0; i < COUNT; i++) cr_expect(turns[i] == ROUNDS && first[i] < ROUNDS, "%d: %d", i, turns[i]);
}

Test(measure, contest_ends)
{
    static const int name = 0;
    struct contender contender = {.run = be_called, .context = &name};
    struct contest contest = {.contender = &contender, .count = 1, .rounds = 1000, .limit = 1e-9};
    cr_expect(poolgrad_contest_run(&contest) == CONTEST_FEWEST_ROUNDS);
}

/* ---- Streams ----------------------------------------------------------------------------------------------------- */

/* Every way writes every byte of what it has to write, and no other; what it reads stays. */
static void check_stream(int way, int threads, size_t lines)
{
    size_t bytes = lines * STREAM_LINE, room = bytes + 2 * STREAM_LINE;
    unsigned char *read = poolgrad_aligned_allocate(STREAM_LINE, room);
    unsigned char *written = poolgrad_aligned_allocate(STREAM_LINE, room);
    cr_assert(read && written);
    memset(read, 0x55, room);
    memset(written, 0x55, room);
    struct stream stream = {.part = {{read + STREAM_LINE, bytes / 2, false}, {written + STREAM_LINE, bytes, true}},
                            .parts = 2,
                            .threads = threads,
                            .way = way};
    poolgrad_stream_run(&stream);
    for (size_t i = 0; i < room; i++) {
        bool inside = i >= STREAM_LINE && i < STREAM_LINE + bytes;
        cr_assert(written[i] == (inside ? 0 : 0x55), "way %d, %d threads, %zu lines: byte %zu", way, threads, lines, i);
        cr_assert(read[i] == 0x55);
    }
    poolgrad_aligned_free(read);
    poolgrad_aligned_free(written);
}

Test(measure, streams)
{
    static const size_t lines[] = {1, 2, 7, 8, 63, 64, 65, 129, 1000, 4099};
    for (int way = 0; way < poolgrad_stream_ways(); way++) {
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
            for (int threads = 1; threads <= 3; threads++) check_stream(way, threads, lines[i]);
        }
    }
}

/* ---- Trials ------------------------------------------------------------------------------------------------------ */

static const struct workload small = {"small", 2, 6, 0, 11, 13, 3, 2, 1, 1, 0};

static struct trial make_trial(struct buffers *buffers, struct trial_choice choice)
{
    struct trial trial;
    poolgrad_error error = {.message = ""};
    poolgrad_status status = poolgrad_trial_make(&trial, buffers, &choice, &error);
    cr_assert(status == POOLGRAD_OK, "%s", error.message);
    return trial;
}

/* The last byte of the last pixel: it is in the part that is checked. */
static unsigned char *last_byte(const poolgrad_image *image)
{
    const poolgrad_const_image size = poolgrad_image_as_const(image);
    int64_t bytes = poolgrad_dense_bytes(&size, image->layout, image->format);
    int64_t unused = 0;
    const int64_t slice = poolgrad_slice_of(image->layout);
    unused = (slice - image->channels % slice) % slice;
    return (unsigned char *)image->data + bytes - 1 - unused * (int64_t)poolgrad_format_size(image->format);
}

static bool notices(const struct trial *trial, const poolgrad_image *image)
{
    struct mismatch m;
    unsigned char *byte = last_byte(image), kept = *byte;
    *byte ^= 1;
    bool wrong = poolgrad_trial_check(trial, &m) == TRIAL_WRONG;
    bool there = m.n == image->images - 1 && m.c == image->channels - 1 &&
                 m.z == (image->depth > 1 ? image->depth - 1 : 0) && m.y == image->height - 1 &&
                 m.x == image->width - 1 && m.of_picks == (image == &trial->problem.picks);
    *byte = kept;
    return wrong && there;
}

static void check_trial(struct buffers *buffers, struct trial_choice choice)
{
    struct mismatch m;
    struct trial trial = make_trial(buffers, choice);
    poolgrad_trial_contend(&trial);
    cr_expect(poolgrad_trial_check(&trial, &m) == TRIAL_RIGHT, "n %d c %d z %d y %d x %d: %g, expected %g", (int)m.n,
              (int)m.c, (int)m.z, (int)m.y, (int)m.x, m.actual, m.expected);
    cr_expect(notices(&trial, &trial.problem.destination));
    bool saves = choice.kind == MEASURED_ARGMAX && choice.direction == POOLGRAD_FORWARD;
    if (saves) cr_expect(notices(&trial, &trial.problem.picks));
    poolgrad_trial_destroy(&trial);
}

/* Every kind and direction, in the first `layouts` layouts. */
static void check_trials(const poolgrad_problem *shape, poolgrad_format format, int layouts)
{
    struct buffers buffers;
    cr_assert(poolgrad_buffers_make(&buffers, shape, format, (1U << layouts) - 1, true));
    for (int i = 0; i < MEASURED_KINDS * layouts * 2; i++) {
        check_trial(&buffers, (struct trial_choice){.kind = (enum measured_kind)(i % MEASURED_KINDS),
                                                    .layout = (poolgrad_layout)(i / MEASURED_KINDS % layouts),
                                                    .direction = (poolgrad_direction)(i / MEASURED_KINDS / layouts),
                                                    .threads = 1});
    }
    poolgrad_buffers_free(&buffers);
}

Test(measure, checks_notice)
{
    poolgrad_problem shape;
    poolgrad_workload_shape(&small, &shape);
    for (poolgrad_format format = POOLGRAD_FLOAT16; format <= POOLGRAD_FLOAT64; format++)
        check_trials(&shape, format, LAYOUTS);
}

/* Volumes, of which the last one is checked as a whole, the last layers, or the last rows. */
Test(measure, checks_of_volumes)
{
    static const struct workload volumes[] = {{"small", 2, 3, 5, 7, 6, 3, 2, 1, 1, 0},
                                              {"deep", 1, 1, 20, 30, 30, 3, 1, 1, 1, 0},
                                              {"broad", 1, 1, 2, 100, 200, 3, 1, 1, 1, 0}};
    for (size_t i = 0; i < sizeof volumes / sizeof *volumes; i++) {
        poolgrad_problem shape;
        poolgrad_workload_shape(&volumes[i], &shape);
        check_trials(&shape, POOLGRAD_FLOAT32, POOLGRAD_NHWC + 1);
    }
}

/* Windows by table, so many and so large that only the last rows, or layers, are checked. */
Test(measure, checks_of_tables)
{
    enum { SIDE = 50, WINDOWS = 44 };
    static poolgrad_span spans[WINDOWS];
    const poolgrad_table table = {spans, WINDOWS};
    poolgrad_problem shape;
    cr_assert_eq(poolgrad_adaptive_windows(SIDE, WINDOWS, spans, NULL), POOLGRAD_OK);
    poolgrad_problem_init(&shape, sizeof shape);
    shape.source = (poolgrad_const_image){.images = 1, .channels = 3, .height = SIDE, .width = SIDE};
    shape.destination = (poolgrad_image){.images = 1, .channels = 3, .height = WINDOWS, .width = SIDE};
    shape.windows_y = table;
    check_trials(&shape, POOLGRAD_FLOAT32, POOLGRAD_NHWC + 1);
    shape.destination.width = shape.destination.depth = WINDOWS;
    shape.source.depth = SIDE;
    shape.windows_x = shape.windows_z = table;
    shape.source.channels = shape.destination.channels = 1;
    check_trials(&shape, POOLGRAD_FLOAT16, POOLGRAD_NHWC + 1);
}

/* "x first", and a third number where there is a third axis. */
Test(measure, names)
{
    static const poolgrad_span spans[] = {{0, 3}, {1, 4}};
    char name[CASE_NAME];
    poolgrad_problem shape;
    poolgrad_workload_shape(&(struct workload){"volume", 1, 16, 8, 28, 27, 3, 2, 1, 1, 0}, &shape);
    poolgrad_shape_name(&shape, name);
    cr_expect_str_eq(name, "1x16x8x28x27_k3s2p1");
    cr_expect(poolgrad_shape_taps(&shape) == 27);
    cr_expect_eq(shape.destination.depth, 4);
    shape.window.kernel_depth = 1;
    shape.window.stride_x = 4;
    shape.window.dilation_z = 5;
    shape.offset_z = 0;
    poolgrad_shape_name(&shape, name);
    cr_expect_str_eq(name, "1x16x8x28x27_k3x3x1s4x2x2p1x1x0d1x1x5");
    shape.source.depth = 0;
    shape.window.kernel_width = shape.window.stride_x = 1;
    shape.window.dilation_z = 0;
    shape.windows_x = (poolgrad_table){spans, 2};
    poolgrad_shape_name(&shape, name);
    cr_expect_str_eq(name, "1x16x28x27_k1x3s1x2p0x1t2x0");
    cr_expect(poolgrad_shape_taps(&shape) == 12);
}

/* Planes too large to be checked as a whole: their last rows are. */
Test(measure, checks_of_large_planes)
{
    static const struct workload large = {"large", 1, 2, 0, 900, 700, 3, 1, 1, 1, 0};
    struct buffers buffers;
    poolgrad_problem shape;
    poolgrad_workload_shape(&large, &shape);
    cr_assert(poolgrad_buffers_make(&buffers, &shape, POOLGRAD_FLOAT32, 1U << POOLGRAD_NHWC, true));
    for (int direction = POOLGRAD_FORWARD; direction <= POOLGRAD_GRADIENT; direction++) {
        check_trial(&buffers, (struct trial_choice){.kind = MEASURED_ARGMAX,
                                                    .direction = (poolgrad_direction)direction,
                                                    .layout = POOLGRAD_NHWC,
                                                    .threads = 1});
    }
    poolgrad_buffers_free(&buffers);
}

/* By hand: 2 x 6 x 11 x 13 pixels become 6 x 7, and NC4HW4 stores 8 channels. */
Test(measure, traffic)
{
    enum { SOURCE = 2 * 6 * 11 * 13, OUTPUT = 2 * 6 * 6 * 7 };
    static const int64_t elements[2][MEASURED_KINDS] = {
        {SOURCE + OUTPUT, SOURCE + OUTPUT, SOURCE + OUTPUT, SOURCE + OUTPUT},
        {OUTPUT + SOURCE, SOURCE + OUTPUT + SOURCE, OUTPUT + SOURCE, SOURCE + OUTPUT + SOURCE}};
    struct buffers buffers;
    poolgrad_problem shape;
    poolgrad_workload_shape(&small, &shape);
    cr_assert(poolgrad_buffers_make(&buffers, &shape, POOLGRAD_FLOAT16, EVERY_LAYOUT, true));
    for (int i = 0; i < 2 * MEASURED_KINDS; i++) {
        int kind = i % MEASURED_KINDS, direction = i / MEASURED_KINDS;
        struct trial_choice choice = {(poolgrad_direction)direction, (enum measured_kind)kind, POOLGRAD_NHWC, 1, 0, 0};
        struct trial trial = make_trial(&buffers, choice);
        int64_t expected = 2 * elements[direction][kind] + (kind == MEASURED_ARGMAX ? OUTPUT : 0);
        cr_expect(poolgrad_trial_bytes(&trial) == expected, "%d %d", direction, kind);
        poolgrad_trial_destroy(&trial);
        choice.layout = POOLGRAD_NC4HW4;
        trial = make_trial(&buffers, choice);
        cr_expect(poolgrad_trial_bytes(&trial) * 6 == expected * 8, "%d %d", direction, kind);
        poolgrad_trial_destroy(&trial);
    }
    poolgrad_buffers_free(&buffers);
}

Test(measure, sizes)
{
    poolgrad_problem shape;
    poolgrad_workload_shape(&small, &shape);
    cr_expect(poolgrad_picks_format(&shape) == POOLGRAD_TAP8);
    shape.window.kernel_width = 86;
    cr_expect(poolgrad_picks_format(&shape) == POOLGRAD_TAP16, "258 taps");
    shape.window.kernel_height = INT64_C(1) << 40;
    cr_expect(poolgrad_picks_format(&shape) == POOLGRAD_TAP32);
    cr_expect(poolgrad_buffers_size(&shape, POOLGRAD_FLOAT32, 1, 1) > 0);
    shape.source.channels = INT64_MAX;
    cr_expect(poolgrad_buffers_size(&shape, POOLGRAD_FLOAT32, 1, 0) == -1);
    shape.source.channels = 0;
    cr_expect(poolgrad_dense_bytes(&shape.source, POOLGRAD_NC4HW4, POOLGRAD_FLOAT32) == 0);
    shape.source.channels = 17;
    cr_expect(poolgrad_dense_bytes(&shape.source, POOLGRAD_NC16HW16, POOLGRAD_FLOAT32) ==
              INT64_C(2) * 32 * 11 * 13 * 4);
    shape.source.depth = 3;
    cr_expect(poolgrad_dense_bytes(&shape.source, POOLGRAD_NHWC, POOLGRAD_FLOAT32) ==
              INT64_C(2) * 17 * 3 * 11 * 13 * 4);
    shape.source.depth = 0;
    shape.source.channels = 1;
    shape.source.width = INT64_C(1) << 58;
    cr_expect(poolgrad_buffers_size(&shape, POOLGRAD_FLOAT32, 1, 0) == -1);
    shape.source.width = INT64_C(1) << 55;
    cr_expect(poolgrad_buffers_size(&shape, POOLGRAD_FLOAT32, 1, 0) > 0);
    cr_expect(poolgrad_buffers_size(&shape, POOLGRAD_FLOAT32, 1 << POOLGRAD_NC32HW32, 0) == -1);
    shape.source.width = 4;
    shape.destination = (poolgrad_image){.images = 1, .channels = 1, .height = INT64_C(1) << 30, .width = 1 << 30};
    cr_expect(poolgrad_buffers_size(&shape, POOLGRAD_FLOAT16, 1, 0) > 0);
    cr_expect(poolgrad_buffers_size(&shape, POOLGRAD_FLOAT16, 1, 1) == -1, "2^61 bytes twice, 2^62 of picks twice");
}
