/* SPDX-License-Identifier: Apache-2.0 */
/* The command's words from outside: what each option does, what is refused and how, what is noted, what help says. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/dialect_words.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "support/npyfile.h"
#include "support/process.h"
#include "support/scene.h"
#include "support/view.h"
#include <poolgrad/poolgrad.h>

/* ---- Problems ---------------------------------------------------------------------------------------------------- */

static poolgrad_window window_of(int64_t width, int64_t height, int64_t stride_x, int64_t stride_y, int64_t dilation_x,
                                 int64_t dilation_y)
{
    return (poolgrad_window){.kernel_width = width,
                             .kernel_height = height,
                             .stride_x = stride_x,
                             .stride_y = stride_y,
                             .dilation_x = dilation_x,
                             .dilation_y = dilation_y};
}

static void pool(poolgrad_problem *p, poolgrad_kind kind, int64_t kernel, int64_t stride, int64_t dilation)
{
    p->kind = kind;
    p->window = window_of(kernel, kernel, stride, stride, dilation, dilation);
}

static void centre(poolgrad_problem *p, int64_t x, int64_t y)
{
    p->offset_x = x;
    p->offset_y = y;
}

/* Of a forward result. */
static void size(poolgrad_problem *p, int64_t width, int64_t height)
{
    p->destination.width = width;
    p->destination.height = height;
}

static void policy(poolgrad_problem *p, poolgrad_padding_method method)
{
    poolgrad_padding padding;
    poolgrad_error error;
    poolgrad_status status = poolgrad_padding_forward(method, p->kind, &p->window, p->source.height, p->source.width,
                                                      &padding, &error);
    cr_assert(status == POOLGRAD_OK, "%s", error.message);
    centre(p, padding.offset_x, padding.offset_y);
    if (p->direction == POOLGRAD_FORWARD) size(p, padding.width, padding.height);
    if (!padding.exclude_edges) return;
    p->edge_mode = POOLGRAD_EDGE_CLAMP;
    p->zero_pad_x = padding.zero_pad_x;
    p->zero_pad_y = padding.zero_pad_y;
}

/* ---- Every option, beside the library ---------------------------------------------------------------------------- */

/* An option under test: a line with it and one without. Both run; with it the result is that of the problem `set`
 * describes, and it is another one than without it, or for SAME the same. */
enum effect { CHANGES, SAME };

struct row {
    const char *name;
    enum effect effect;
    const char *without, *with;
    void (*set)(poolgrad_problem *p);
};

#define MAX POOLGRAD_MAX
#define AVERAGE POOLGRAD_AVERAGE
#define L2NORM POOLGRAD_L2NORM

#define A2 "--kind average --kernel 2"
#define A3 "--kind average --kernel 3"
#define M2 "--kind max --kernel 2"
#define M3 "--kind max --kernel 3"
#define PADDED A3 " --pad 1"

static void a2(poolgrad_problem *p)
{
    pool(p, AVERAGE, 2, 1, 1);
    centre(p, 1, 1);
    size(p, 8, 6);
}

static void m2(poolgrad_problem *p)
{
    a2(p);
    p->kind = MAX;
}

static void a3(poolgrad_problem *p)
{
    pool(p, AVERAGE, 3, 1, 1);
    centre(p, 1, 1);
    size(p, 7, 5);
}

static void padded(poolgrad_problem *p)
{
    pool(p, AVERAGE, 3, 1, 1);
    size(p, 9, 7);
}

/* Windows by tables: adaptive pooling's, and the same from files. */
static const poolgrad_span halves_of_9[] = {{0, 5}, {4, 5}}, halves_of_7[] = {{0, 4}, {3, 4}},
                           thirds_of_9[] = {{0, 3}, {3, 3}, {6, 3}},
                           five_of_9[] = {{0, 2}, {1, 3}, {3, 3}, {5, 3}, {7, 2}},
                           four_of_7[] = {{0, 2}, {1, 3}, {3, 3}, {5, 2}},
                           any_of_9[] = {{4, 3}, {0, 9}, {8, 1}, {2, 2}, {2, 2}},
                           any_of_7[] = {{6, 1}, {0, 3}, {3, 4}, {0, 7}};

static void table_x(poolgrad_problem *p, const poolgrad_span *spans, int64_t count)
{
    p->windows_x = (poolgrad_table){spans, count};
}

static void table_y(poolgrad_problem *p, const poolgrad_span *spans, int64_t count)
{
    p->windows_y = (poolgrad_table){spans, count};
}

static void write_table(const poolgrad_span *spans, int64_t count, const char *name)
{
    npyfile file = {.descr = "<i8", .rank = 2, .shape = {count, 2}};
    file.size = (size_t)count * sizeof *spans;
    file.data = malloc(file.size);
    memcpy(file.data, spans, file.size);
    npyfile_write(&file, scene_folder, name);
    npyfile_free(&file);
}

static void write_tables(void)
{
    write_table(any_of_9, 5, "wx.npy");
    write_table(any_of_7, 4, "wy.npy");
}

#define FORWARD_ROWS(ROW)                                                                                              \
    ROW(kind_max, CHANGES, A2, M2, m2(p);)                                                                             \
    ROW(kind_average, CHANGES, M2, A2, a2(p);)                                                                         \
    ROW(kind_l2norm, CHANGES, A2, "--kind l2norm --kernel 2", pool(p, L2NORM, 2, 1, 1); centre(p, 1, 1);               \
        size(p, 8, 6);)                                                                                                \
    ROW(kind_dilated_max, CHANGES, A2, "--kind dilated-max --kernel 2 --dilation 2", pool(p, MAX, 2, 1, 2);            \
        centre(p, 1, 1); size(p, 7, 5);)                                                                               \
    ROW(kernel, CHANGES, A2, A3, a3(p);)                                                                               \
    ROW(kernel_width, CHANGES, A2, A2 " --kernel-width 3", a2(p); p->window.kernel_width = 3; centre(p, 1, 1);         \
        size(p, 7, 6);)                                                                                                \
    ROW(kernel_height, CHANGES, A2, A2 " --kernel-height 4", a2(p); p->window.kernel_height = 4; centre(p, 1, 2);      \
        size(p, 8, 4);)                                                                                                \
    ROW(kernel_sides, CHANGES, A2, "--kind average --kernel-width 5 --kernel-height 1", pool(p, AVERAGE, 5, 1, 1);     \
        p->window.kernel_height = 1; centre(p, 2, 0); size(p, 5, 7);)                                                  \
    ROW(stride, CHANGES, A2, A2 " --stride 2", pool(p, AVERAGE, 2, 2, 1); centre(p, 1, 1); size(p, 4, 3);)             \
    ROW(stride_x, CHANGES, A2, A2 " --stride-x 2", a2(p); p->window.stride_x = 2; centre(p, 1, 1); size(p, 4, 6);)     \
    ROW(stride_y, CHANGES, A2, A2 " --stride-y 3", a2(p); p->window.stride_y = 3; centre(p, 1, 1); size(p, 8, 2);)     \
    ROW(stride_y_of_two, CHANGES, A2 " --stride 2", A2 " --stride 2 --stride-y 1", pool(p, AVERAGE, 2, 2, 1);          \
        p->window.stride_y = 1; centre(p, 1, 1); size(p, 4, 6);)                                                       \
    ROW(dilation, CHANGES, A2, A2 " --dilation 2", pool(p, AVERAGE, 2, 1, 2); centre(p, 1, 1); size(p, 7, 5);)         \
    ROW(dilation_x, CHANGES, A2, A2 " --dilation-x 3", a2(p); p->window.dilation_x = 3; centre(p, 2, 1);               \
        size(p, 6, 6);)                                                                                                \
    ROW(dilation_y, CHANGES, A2, A2 " --dilation-y 2", a2(p); p->window.dilation_y = 2; centre(p, 1, 1);               \
        size(p, 8, 5);)                                                                                                \
    ROW(offset_x, CHANGES, A2 " --output-width 8", A2 " --output-width 8 --offset-x 0", a2(p); centre(p, 0, 1);        \
        size(p, 8, 6);)                                                                                                \
    ROW(offset_y, CHANGES, A2 " --output-height 5", A2 " --output-height 5 --offset-y -1", a2(p); centre(p, 1, -1);    \
        size(p, 8, 5);)                                                                                                \
    ROW(offset_image, CHANGES, A2, A2 " --offset-image 1", a2(p); p->offset_image = 1; p->destination.images = 1;)     \
    ROW(kernel_depth, SAME, A2, A2 " --kernel-depth 1", a2(p);)                                                        \
    ROW(stride_z, SAME, A2, A2 " --stride-z 1", a2(p);)                                                                \
    ROW(dilation_z, SAME, A2, A2 " --dilation-z 1", a2(p);)                                                            \
    ROW(pad_front, SAME, A2, A2 " --pad-front 0", a2(p);)                                                              \
    ROW(pad_back, SAME, A2, A2 " --pad-back 0", a2(p);)                                                                \
    ROW(output_depth, SAME, A2, A2 " --output-depth 1", a2(p);)                                                        \
    ROW(offset_z, SAME, A2, A2 " --offset-z 0", a2(p);)                                                                \
    ROW(zero_pad_z, SAME, PADDED, PADDED " --zero-pad-z 0", padded(p);)                                                \
    ROW(clip_z, SAME, A2, A2 " --clip-z 0", a2(p);)                                                                    \
    ROW(clip_depth, SAME, A2, A2 " --clip-depth 1", a2(p);)                                                            \
    ROW(dimensions, SAME, A2, A2 " --dimensions 2", a2(p);)                                                            \
    ROW(adaptive, CHANGES, A2, "--kind average --adaptive 2", table_x(p, halves_of_9, 2); table_y(p, halves_of_7, 2);  \
        size(p, 2, 2);)                                                                                                \
    ROW(adaptive_width, CHANGES, A2, A2 " --adaptive-width 2", a2(p); p->window.kernel_width = 1; p->offset_x = 0;     \
        table_x(p, halves_of_9, 2); size(p, 2, 6);)                                                                    \
    ROW(adaptive_height, CHANGES, "--kind average --adaptive 3", "--kind average --adaptive 3 --adaptive-height 2",    \
        table_x(p, thirds_of_9, 3);                                                                                    \
        table_y(p, halves_of_7, 2); size(p, 3, 2);)                                                                    \
    ROW(windows_x, CHANGES, M2, M2 " --windows-x wx.npy", m2(p); p->window.kernel_width = 1; p->offset_x = 0;          \
        table_x(p, any_of_9, 5); size(p, 5, 6);)                                                                       \
    ROW(windows_y, CHANGES, A2, A2 " --windows-y wy.npy", a2(p); p->window.kernel_height = 1; p->offset_y = 0;         \
        table_y(p, any_of_7, 4); size(p, 8, 4);)                                                                       \
    ROW(pad_below_0, CHANGES, A3, A3 " --pad -1", a3(p); centre(p, 2, 2); size(p, 5, 3);)                              \
    ROW(pad_left_below_0, CHANGES, A3, A3 " --pad-left -2 --pad-right 1", a3(p); centre(p, 3, 1); size(p, 6, 5);)      \
    ROW(zero_pad_left, CHANGES, PADDED, PADDED " --zero-pad-left 1", padded(p); p->zero_pad_left = 1;)                 \
    ROW(zero_pad_right, CHANGES, PADDED " --zero-pad 1", PADDED " --zero-pad 1 --zero-pad-right 0", padded(p);         \
        p->zero_pad_y = 1; p->zero_pad_left = 1;)                                                                      \
    ROW(zero_pad_top, CHANGES, PADDED, PADDED " --zero-pad-top 2 --zero-pad-y 1", padded(p); p->zero_pad_y = 1;        \
        p->zero_pad_top = 1;)                                                                                          \
    ROW(zero_pad_bottom, CHANGES, PADDED, PADDED " --zero-pad-bottom 1", padded(p); p->zero_pad_bottom = 1;)           \
    ROW(count_one_sided_pads, CHANGES, A3 " --pad-left 1 --pad-right 2",                                               \
        A3 " --pad-left 1 --pad-right 2 "                                                                              \
           "--count-include-pad",                                                                                      \
        a3(p);                                                                                                         \
        centre(p, 0, 1); size(p, 10, 5); p->zero_pad_x = 1; p->zero_pad_right = 1;)                                    \
    ROW(divisor, CHANGES, A2, A2 " --divisor -3", a2(p); p->divisor = -3;)                                             \
    ROW(root_mean, CHANGES, "--kind l2norm --kernel 2", "--kind l2norm --kernel 2 --root-mean", a2(p);                 \
        p->kind = L2NORM; p->root_mean = 1;)                                                                           \
    ROW(pad, CHANGES, A3, PADDED, padded(p);)                                                                          \
    ROW(pad_left, CHANGES, A3, A3 " --pad-left 2", a3(p); centre(p, -1, 1); size(p, 11, 5);)                           \
    ROW(pad_top, CHANGES, A3, A3 " --pad-top 1", a3(p); centre(p, 1, 0); size(p, 7, 7);)                               \
    ROW(pad_right, CHANGES, A3 " --pad-left 1", A3 " --pad-left 1 --pad-right 0", a3(p); centre(p, 0, 1);              \
        size(p, 8, 5);)                                                                                                \
    ROW(pad_right_inside, CHANGES, A3, A3 " --pad-right -3", a3(p); centre(p, 1, 1); size(p, 4, 5);)                   \
    ROW(pad_bottom, CHANGES, A3, A3 " --pad-bottom 2", a3(p); centre(p, 1, 1); size(p, 7, 7);)                         \
    ROW(ceil_mode, CHANGES, A2 " --stride 2", A2 " --stride 2 --ceil-mode", pool(p, AVERAGE, 2, 2, 1);                 \
        centre(p, 1, 1); size(p, 5, 4);)                                                                               \
    ROW(ceil_drop, CHANGES, A2 " --stride 2 --pad 1 --ceil-mode", A2 " --stride 2 --pad 1 --ceil-drop",                \
        pool(p, AVERAGE, 2, 2, 1);                                                                                     \
        centre(p, 0, 0); size(p, 5, 4);)                                                                               \
    ROW(policy_same, CHANGES, A2 " --padding-policy valid-only", A2 " --padding-policy same", a2(p);                   \
        policy(p, POOLGRAD_PADDING_SIZE_SAME);)                                                                        \
    ROW(policy_valid_only, CHANGES, A2 " --padding-policy full", A2 " --padding-policy valid-only", a2(p);             \
        policy(p, POOLGRAD_PADDING_SIZE_VALID_ONLY);)                                                                  \
    ROW(policy_full, CHANGES, A2 " --padding-policy same", A2 " --padding-policy full", a2(p);                         \
        policy(p, POOLGRAD_PADDING_SIZE_FULL);)                                                                        \
    ROW(align, CHANGES, A3 " --padding-policy same", A3 " --padding-policy same --align bottom-right", a3(p);          \
        policy(p, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT);)                                  \
    ROW(remainder_to, CHANGES, A2 " --padding-policy same", A2 " --padding-policy same --remainder-to bottom-left",    \
        a2(p);                                                                                                         \
        policy(p, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT);)                            \
    ROW(exclude_edges, CHANGES, A3 " --padding-policy same", A3 " --padding-policy same --exclude-edges", a3(p);       \
        policy(p, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_EXCLUDE_EDGES);)                                       \
    ROW(output_width, CHANGES, A2, A2 " --output-width 12", a2(p); centre(p, 1, 1); size(p, 12, 6);)                   \
    ROW(output_height, CHANGES, A2, A2 " --output-height 0", a2(p); centre(p, 1, 1); size(p, 8, 0);)                   \
    ROW(edge_mode_zero, CHANGES, PADDED, PADDED " --edge-mode zero", padded(p); p->edge_mode = POOLGRAD_EDGE_ZERO;)    \
    ROW(edge_mode_zero_max, CHANGES, M3 " --pad 1", M3 " --pad 1 --edge-mode zero", pool(p, MAX, 3, 1, 1);             \
        size(p, 9, 7); p->edge_mode = POOLGRAD_EDGE_ZERO;)                                                             \
    ROW(edge_mode_clamp, CHANGES, PADDED " --edge-mode zero", PADDED " --edge-mode clamp", padded(p);)                 \
    ROW(zero_pad, CHANGES, PADDED, PADDED " --zero-pad 2", padded(p); p->zero_pad_x = p->zero_pad_y = 2;)              \
    ROW(zero_pad_x, CHANGES, PADDED, PADDED " --zero-pad-x 1", padded(p); p->zero_pad_x = 1;)                          \
    ROW(zero_pad_y, CHANGES, PADDED " --zero-pad 1", PADDED " --zero-pad 1 --zero-pad-y 0", padded(p);                 \
        p->zero_pad_x = 1;)                                                                                            \
    ROW(count_include_pad, CHANGES, A3 " --pad-left 1", A3 " --pad-left 1 --count-include-pad", a3(p);                 \
        centre(p, 0, 1); size(p, 9, 5); p->zero_pad_x = 1;)                                                            \
    ROW(ties_last, CHANGES, M2, M2 " --ties last", m2(p); p->ties = POOLGRAD_TIES_LAST;)                               \
    ROW(nan_ignore, CHANGES, M2, M2 " --nan ignore", m2(p); p->nan = POOLGRAD_NAN_IGNORE;)                             \
    ROW(accumulator, CHANGES, A3, A3 " --accumulator float64", a3(p); p->accumulator = POOLGRAD_ACCUMULATE_FLOAT64;)   \
    ROW(clip_x, CHANGES, A2, A2 " --clip-x 2", a2(p); p->clip.x = 2;)                                                  \
    ROW(clip_y, CHANGES, A2, A2 " --clip-y 2", a2(p); p->clip.y = 2;)                                                  \
    ROW(clip_image, CHANGES, A2, A2 " --clip-image 1", a2(p); p->clip.image = 1; p->destination.images = 3;)           \
    ROW(clip_width, CHANGES, A2, A2 " --clip-width 5", a2(p); p->clip.width = 5;)                                      \
    ROW(clip_height, CHANGES, A2, A2 " --clip-height 1", a2(p); p->clip.height = 1;)                                   \
    ROW(clip_images, CHANGES, A2, A2 " --clip-images 1", a2(p); p->clip.images = 1; p->destination.images = 1;)        \
    ROW(source_channel_offset, CHANGES, A2, A2 " --source-feature-channel-offset 4", a2(p);                            \
        p->source_channel_offset = 4; p->destination.channels = 4;)                                                    \
    ROW(source_channel_count, CHANGES, A2, A2 " --source-feature-channel-max-count 5", a2(p);                          \
        p->source_channel_count = 5; p->destination.channels = 5;)                                                     \
    ROW(destination_channel_offset, CHANGES, A2, A2 " --destination-feature-channel-offset 4", a2(p);                  \
        p->destination_channel_offset = 4; p->destination.channels = 12;)                                              \
    ROW(format, CHANGES, A2, A2 " --format float16", a2(p); p->destination.format = POOLGRAD_FLOAT16;)                 \
    ROW(layout, SAME, A2, A2 " --layout nchw", a2(p);)                                                                 \
    ROW(mode, SAME, A2, A2 " --mode reference", a2(p);)                                                                \
    ROW(threads, SAME, A2, A2 " --threads 1", a2(p);)                                                                  \
    ROW(max_isa, SAME, A2, A2 " --max-isa scalar", a2(p);)                                                             \
    ROW(equals, SAME, A2, "--kind=average --kernel=2", a2(p);)

#define A "--kind average --kernel 3 --stride 2 --pad 1"
#define M "--kind max --kernel 3 --stride 2 --pad 1"
#define P "--kernel 2 --stride 2 --padding-policy "
static void a(poolgrad_problem *p)
{
    pool(p, AVERAGE, 3, 2, 1);
}

static void m(poolgrad_problem *p)
{
    pool(p, MAX, 3, 2, 1);
}

#define FOUR " --primary-source-feature-channel-max-count 4 --secondary-source-feature-channel-max-count 4"

#define GRADIENT_ROWS(ROW)                                                                                             \
    ROW(kind_max, CHANGES, A, M, m(p);)                                                                                \
    ROW(kind_average, CHANGES, M, A, a(p);)                                                                            \
    ROW(kind_l2norm, CHANGES, A, "--kind l2norm --kernel 3 --stride 2 --pad 1", pool(p, L2NORM, 3, 2, 1);)             \
    ROW(kind_dilated_max, CHANGES, M, "--kind dilated-max --kernel 2 --stride 2 --pad 1 --dilation 2",                 \
        pool(p, MAX, 2, 2, 2);)                                                                                        \
    ROW(kernel, CHANGES, A2, A3, pool(p, AVERAGE, 3, 1, 1); centre(p, 1, 1);)                                          \
    ROW(kernel_width, CHANGES, A2, A2 " --kernel-width 4", pool(p, AVERAGE, 2, 1, 1); p->window.kernel_width = 4;      \
        centre(p, 2, 1);)                                                                                              \
    ROW(kernel_height, CHANGES, A2, A2 " --kernel-height 3", pool(p, AVERAGE, 2, 1, 1); p->window.kernel_height = 3;   \
        centre(p, 1, 1);)                                                                                              \
    ROW(stride, CHANGES, A2, A2 " --stride 2", pool(p, AVERAGE, 2, 2, 1); centre(p, 1, 1);)                            \
    ROW(stride_x, CHANGES, A2, A2 " --stride-x 2", pool(p, AVERAGE, 2, 1, 1); p->window.stride_x = 2;                  \
        centre(p, 1, 1);)                                                                                              \
    ROW(stride_y, CHANGES, A2, A2 " --stride-y 2", pool(p, AVERAGE, 2, 1, 1); p->window.stride_y = 2;                  \
        centre(p, 1, 1);)                                                                                              \
    ROW(dilation, CHANGES, A2, A2 " --dilation 3", pool(p, AVERAGE, 2, 1, 3); centre(p, 2, 2);)                        \
    ROW(dilation_x, CHANGES, A2, A2 " --dilation-x 2", pool(p, AVERAGE, 2, 1, 1); p->window.dilation_x = 2;            \
        centre(p, 1, 1);)                                                                                              \
    ROW(dilation_y, CHANGES, A2, A2 " --dilation-y 4", pool(p, AVERAGE, 2, 1, 1); p->window.dilation_y = 4;            \
        centre(p, 1, 2);)                                                                                              \
    ROW(offset_x, CHANGES, M2, M2 " --offset-x 3", pool(p, MAX, 2, 1, 1); centre(p, 3, 1);)                            \
    ROW(offset_y, CHANGES, M2, M2 " --offset-y 0", pool(p, MAX, 2, 1, 1); centre(p, 1, 0);)                            \
    ROW(secondary_offset_x, CHANGES, M2, M2 " --secondary-offset-x 3", pool(p, MAX, 2, 1, 1); centre(p, 3, 1);)        \
    ROW(secondary_offset_y, CHANGES, M2, M2 " --secondary-offset-y 0", pool(p, MAX, 2, 1, 1); centre(p, 1, 0);)        \
    ROW(offset_image, CHANGES, M, M " --offset-image 1", m(p); p->offset_image = 1;)                                   \
    ROW(secondary_offset_image, CHANGES, M, M " --secondary-offset-image 1", m(p); p->offset_image = 1;)               \
    ROW(primary_offset_x, CHANGES, M, M " --primary-offset-x 1", m(p); p->gradient_region.x = 1;)                      \
    ROW(primary_offset_x_outside, CHANGES, M, M " --primary-offset-x -1 --source-size-width 5", m(p);                  \
        p->gradient_region.x = -1; p->gradient_region.width = 5;)                                                      \
    ROW(primary_offset_y, CHANGES, M, M " --primary-offset-y 2", m(p); p->gradient_region.y = 2;)                      \
    ROW(primary_offset_image, CHANGES, M, M " --primary-offset-image 1", m(p); p->gradient_region.image = 1;)          \
    ROW(source_size_width, CHANGES, M, M " --source-size-width 2", m(p); p->gradient_region.width = 2;)                \
    ROW(source_size_height, CHANGES, M, M " --source-size-height 0", m(p); p->gradient_region.height = 0;)             \
    ROW(source_size_images, CHANGES, M, M " --source-size-images 1", m(p); p->gradient_region.images = 1;)             \
    ROW(kernel_offset_x, CHANGES, M, M " --kernel-offset-x 1", m(p); p->kernel_offset_x = 1;)                          \
    ROW(kernel_offset_y, CHANGES, A, A " --kernel-offset-y 1", a(p); p->kernel_offset_y = 1;)                          \
    ROW(clip_x, CHANGES, M, M " --clip-x 2", m(p); p->mapping = POOLGRAD_MAPPING_CLIP; p->clip.x = 2;)                 \
    ROW(clip_y, CHANGES, M, M " --clip-y 1", m(p); p->mapping = POOLGRAD_MAPPING_CLIP; p->clip.y = 1;)                 \
    ROW(clip_image, CHANGES, M, M " --clip-image 1", m(p); p->mapping = POOLGRAD_MAPPING_CLIP; p->clip.image = 1;)     \
    ROW(clip_width, CHANGES, M, M " --clip-width 3", m(p); p->mapping = POOLGRAD_MAPPING_CLIP; p->clip.width = 3;)     \
    ROW(clip_height, CHANGES, M, M " --clip-height 4", m(p); p->mapping = POOLGRAD_MAPPING_CLIP; p->clip.height = 4;)  \
    ROW(clip_images, CHANGES, M, M " --clip-images 1", m(p); p->mapping = POOLGRAD_MAPPING_CLIP; p->clip.images = 1;)  \
    ROW(clip_maps, CHANGES, M2 " --offset-x 3 --offset-y 2", M2 " --offset-x 3 --offset-y 2 --clip-x 0",               \
        pool(p, MAX, 2, 1, 1);                                                                                         \
        centre(p, 3, 2); p->mapping = POOLGRAD_MAPPING_CLIP;)                                                          \
    ROW(kernel_depth, SAME, M, M " --kernel-depth 1", m(p);)                                                           \
    ROW(stride_z, SAME, M, M " --stride-z 1", m(p);)                                                                   \
    ROW(dilation_z, SAME, M, M " --dilation-z 1", m(p);)                                                               \
    ROW(pad_front, SAME, M, M " --pad-front 0", m(p);)                                                                 \
    ROW(pad_back, SAME, M, M " --pad-back 0", m(p);)                                                                   \
    ROW(offset_z, SAME, M2, M2 " --offset-z 0", pool(p, MAX, 2, 1, 1); centre(p, 1, 1);)                               \
    ROW(secondary_offset_z, SAME, M2, M2 " --secondary-offset-z 0", pool(p, MAX, 2, 1, 1); centre(p, 1, 1);)           \
    ROW(primary_offset_z, SAME, M, M " --primary-offset-z 0", m(p);)                                                   \
    ROW(source_size_depth, SAME, M, M " --source-size-depth 1", m(p);)                                                 \
    ROW(kernel_offset_z, SAME, M, M " --kernel-offset-z 0", m(p);)                                                     \
    ROW(zero_pad_z, SAME, A, A " --zero-pad-z 0", a(p);)                                                               \
    ROW(clip_z, SAME, M, M " --clip-z 0", m(p); p->mapping = POOLGRAD_MAPPING_CLIP;)                                   \
    ROW(clip_depth, SAME, M, M " --clip-depth 1", m(p); p->mapping = POOLGRAD_MAPPING_CLIP;)                           \
    ROW(dimensions, SAME, M, M " --dimensions 2", m(p);)                                                               \
    ROW(adaptive, SAME, M, "--kind max --adaptive 5 --adaptive-height 4", p->kind = MAX; table_x(p, five_of_9, 5);     \
        table_y(p, four_of_7, 4);)                                                                                     \
    ROW(adaptive_width, SAME, M, "--kind max --adaptive-width 5 --kernel-height 3 --stride-y 2 --pad-top 1", m(p);     \
        p->window.kernel_width = p->window.stride_x = 1; table_x(p, five_of_9, 5);)                                    \
    ROW(windows_x, CHANGES, A, "--kind average --windows-x wx.npy --kernel 3 --stride 2 --pad 1", a(p);                \
        p->window.kernel_width = p->window.stride_x = 1; table_x(p, any_of_9, 5);)                                     \
    ROW(windows_y, CHANGES, A, "--kind average --windows-y wy.npy --kernel 3 --stride 2 --pad 1", a(p);                \
        p->window.kernel_height = p->window.stride_y = 1; table_y(p, any_of_7, 4);)                                    \
    ROW(zero_pad_left, CHANGES, A, A " --zero-pad-left 1", a(p); p->zero_pad_left = 1;)                                \
    ROW(zero_pad_right, CHANGES, A, A " --zero-pad-right 2", a(p); p->zero_pad_right = 2;)                             \
    ROW(zero_pad_top, CHANGES, A, A " --zero-pad-top 1", a(p); p->zero_pad_top = 1;)                                   \
    ROW(zero_pad_bottom, CHANGES, A, A " --zero-pad-bottom 1", a(p); p->zero_pad_bottom = 1;)                          \
    ROW(divisor, CHANGES, A, A " --divisor 7", a(p); p->divisor = 7;)                                                  \
    ROW(root_mean, CHANGES, "--kind l2norm --kernel 3 --stride 2 --pad 1",                                             \
        "--kind l2norm --kernel 3 --stride 2 --pad 1 --root-mean --divisor 2", a(p);                                   \
        p->kind = L2NORM; p->root_mean = 1; p->divisor = 2;)                                                           \
    ROW(pad, CHANGES, "--kind max --kernel 3 --stride 2", M, m(p);)                                                    \
    ROW(pad_left, CHANGES, M, M " --pad-left 2", m(p); centre(p, -1, 0);)                                              \
    ROW(pad_top, CHANGES, M, M " --pad-top 2", m(p); centre(p, 0, -1);)                                                \
    ROW(pad_right, SAME, M, M " --pad-right 1", m(p);)                                                                 \
    ROW(pad_bottom, SAME, M, M " --pad-bottom 2", m(p);)                                                               \
    ROW(ceil_drop, SAME, M, M " --ceil-drop", m(p);)                                                                   \
    ROW(ceil_mode, SAME, M, M " --ceil-mode", m(p);)                                                                   \
    ROW(policy_same, CHANGES, "--kind max --kernel 2 --stride 2", "--kind max " P "same", pool(p, MAX, 2, 2, 1);       \
        policy(p, POOLGRAD_PADDING_SIZE_SAME);)                                                                        \
    ROW(policy_valid_only, CHANGES, A, "--kind average --kernel 1 --stride 2 --padding-policy valid-only",             \
        pool(p, AVERAGE, 1, 2, 1);                                                                                     \
        policy(p, POOLGRAD_PADDING_SIZE_VALID_ONLY);)                                                                  \
    ROW(policy_full, CHANGES, A, "--kind average " P "full", pool(p, AVERAGE, 2, 2, 1);                                \
        policy(p, POOLGRAD_PADDING_SIZE_FULL);)                                                                        \
    ROW(align, CHANGES, "--kind max " P "same", "--kind max " P "same --align bottom-right", pool(p, MAX, 2, 2, 1);    \
        policy(p, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT);)                                  \
    ROW(remainder_to, CHANGES, "--kind max " P "same", "--kind max " P "same --remainder-to top-right",                \
        pool(p, MAX, 2, 2, 1);                                                                                         \
        policy(p, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT);)                              \
    ROW(exclude_edges, CHANGES, "--kind average " P "same", "--kind average " P "same --exclude-edges",                \
        pool(p, AVERAGE, 2, 2, 1);                                                                                     \
        policy(p, POOLGRAD_PADDING_SIZE_SAME | POOLGRAD_PADDING_EXCLUDE_EDGES);)                                       \
    ROW(edge_mode, CHANGES, A, A " --edge-mode zero", a(p); p->edge_mode = POOLGRAD_EDGE_ZERO;)                        \
    ROW(zero_pad, CHANGES, A, A " --zero-pad 1", a(p); p->zero_pad_x = p->zero_pad_y = 1;)                             \
    ROW(zero_pad_x, CHANGES, A, A " --zero-pad-x 1", a(p); p->zero_pad_x = 1;)                                         \
    ROW(zero_pad_y, CHANGES, A, A " --zero-pad-y 1", a(p); p->zero_pad_y = 1;)                                         \
    ROW(count_include_pad, CHANGES, A, A " --count-include-pad", a(p); p->zero_pad_x = p->zero_pad_y = 1;)             \
    ROW(ties_first, CHANGES, M " --ties last", M " --ties first", m(p);)                                               \
    ROW(ties_last, CHANGES, M, M " --ties last", m(p); p->ties = POOLGRAD_TIES_LAST;)                                  \
    ROW(ties_all, CHANGES, M, M " --ties all", m(p); p->ties = POOLGRAD_TIES_ALL;)                                     \
    ROW(ties_split, CHANGES, M " --ties all", M " --ties split", m(p); p->ties = POOLGRAD_TIES_SPLIT;)                 \
    ROW(nan_first, CHANGES, M " --nan last", M " --nan first", m(p);)                                                  \
    ROW(nan_last, CHANGES, M, M " --nan last", m(p); p->nan = POOLGRAD_NAN_LAST;)                                      \
    ROW(nan_ignore, CHANGES, M, M " --nan ignore", m(p); p->nan = POOLGRAD_NAN_IGNORE;)                                \
    ROW(accumulator, CHANGES, A, A " --accumulator float64", a(p); p->accumulator = POOLGRAD_ACCUMULATE_FLOAT64;)      \
    ROW(channel_counts, CHANGES, M, M FOUR, m(p); p->source_channel_count = p->gradient_channel_count = 4;)            \
    ROW(primary_channel_offset, CHANGES, M FOUR, M FOUR " --primary-source-feature-channel-offset 4", m(p);            \
        p->source_channel_count = p->gradient_channel_count = 4; p->gradient_channel_offset = 4;)                      \
    ROW(secondary_channel_offset, CHANGES, M FOUR, M FOUR " --secondary-source-feature-channel-offset 4", m(p);        \
        p->source_channel_count = p->gradient_channel_count = 4; p->source_channel_offset = 4;)                        \
    ROW(destination_channel_offset, CHANGES, M FOUR, M FOUR " --destination-feature-channel-offset 4", m(p);           \
        p->source_channel_count = p->gradient_channel_count = 4; p->destination_channel_offset = 4;)                   \
    ROW(format, CHANGES, M, M " --format bfloat16", m(p); p->destination.format = POOLGRAD_BFLOAT16;)                  \
    ROW(layout, SAME, M, M " --layout nchw", m(p);)                                                                    \
    ROW(mode, SAME, M, M " --mode reference", m(p);)                                                                   \
    ROW(threads, SAME, M, M " --threads 1", m(p);)                                                                     \
    ROW(max_isa, SAME, M, M " --max-isa best", m(p);)

#define DEFINE_FORWARD(Name, Effect, Without, With, Body)                                                              \
    static void set_forward_##Name(poolgrad_problem *p)                                                                \
    {                                                                                                                  \
        Body                                                                                                           \
    }
#define DEFINE_GRADIENT(Name, Effect, Without, With, Body)                                                             \
    static void set_gradient_##Name(poolgrad_problem *p)                                                               \
    {                                                                                                                  \
        Body                                                                                                           \
    }
#define LIST_FORWARD(Name, Effect, Without, With, Body) {#Name, Effect, Without, With, set_forward_##Name},
#define LIST_GRADIENT(Name, Effect, Without, With, Body) {#Name, Effect, Without, With, set_gradient_##Name},

FORWARD_ROWS(DEFINE_FORWARD)
GRADIENT_ROWS(DEFINE_GRADIENT)

static const struct row forward_rows[] = {FORWARD_ROWS(LIST_FORWARD)};
static const struct row gradient_rows[] = {GRADIENT_ROWS(LIST_GRADIENT)};

static const char *files_of(poolgrad_direction direction)
{
    return direction == POOLGRAD_FORWARD ? "forward --source x.npy" : "gradient --source x.npy --source-gradient g.npy";
}

/* The note that the gradient, 4 x 5, is not what pooling the source gives: of lines that say nothing else of where the
 * windows are than pads. */
static const char *size_note(const char *line, const poolgrad_problem *p)
{
    static const char *const others[] = {"--offset-x",
                                         "--offset-y",
                                         "primary-offset",
                                         "secondary-offset-x",
                                         "secondary-offset-y",
                                         "kernel-offset",
                                         "clip",
                                         "source-size",
                                         "policy",
                                         "adaptive",
                                         "windows",
                                         "channel-"};
    const poolgrad_window *w = &p->window;
    const int64_t extent_x = (w->kernel_width - 1) * w->dilation_x + 1;
    const int64_t extent_y = (w->kernel_height - 1) * w->dilation_y + 1;
    const int64_t room_x = 9 + 2 * (extent_x / 2 - p->offset_x) - extent_x;
    const int64_t room_y = 7 + 2 * (extent_y / 2 - p->offset_y) - extent_y;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strstr(line, others[i])) return NULL;
    }
    const bool fits = room_x / w->stride_x + 1 == 5 && room_y / w->stride_y + 1 == 4;
    return fits || p->direction == POOLGRAD_FORWARD ? NULL
                                                    : "--source-gradient is 4 x 5 (height x width), where forward";
}

static bool ends_well(const char *line)
{
    process_result result = process_run(&scene_setting, line);
    const bool good = result.status == 0 && process_speaks_plainly(&result);
    process_release(&result);
    return good;
}

static void check_row(const struct row *row, poolgrad_direction direction)
{
    char with[SCENE_LINE], without[SCENE_LINE];
    snprintf(with, sizeof with, "%s --output with.npy %s", files_of(direction), row->with);
    snprintf(without, sizeof without, "%s --output without.npy %s", files_of(direction), row->without);
    poolgrad_problem p = scene_problem(direction, &scene_source,
                                       direction == POOLGRAD_GRADIENT ? &scene_gradient : NULL);
    row->set(&p);
    cr_expect(scene_gives_with(with, size_note(row->with, &p), "with.npy", scene_solve(&p, 4, NULL)), "%s", row->name);
    size_t size_with, size_without;
    cr_expect(ends_well(without), "%s", row->name);
    unsigned char *result = scene_read_bytes("with.npy", &size_with),
                  *other = scene_read_bytes("without.npy", &size_without);
    bool same = result && other && size_with == size_without && memcmp(result, other, size_with) == 0;
    cr_expect(same == (row->effect == SAME), "%s: the option makes %s difference", row->name, same ? "no" : "a");
    free(result);
    free(other);
}

Test(command, options_of_forward, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    write_tables();
    for (size_t i = 0; i < sizeof forward_rows / sizeof *forward_rows; i++)
        check_row(&forward_rows[i], POOLGRAD_FORWARD);
}

Test(command, options_of_gradient, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    write_tables();
    for (size_t i = 0; i < sizeof gradient_rows / sizeof *gradient_rows; i++) {
        check_row(&gradient_rows[i], POOLGRAD_GRADIENT);
    }
}

/* ---- Policies ---------------------------------------------------------------------------------------------------- */

struct method_word {
    const char *word;
    poolgrad_padding_method bits;
};

static const struct method_word size_words[] = {{"same", POOLGRAD_PADDING_SIZE_SAME},
                                                {"valid-only", POOLGRAD_PADDING_SIZE_VALID_ONLY},
                                                {"full", POOLGRAD_PADDING_SIZE_FULL}};
static const struct method_word align_words[] = {{"centered", POOLGRAD_PADDING_ALIGN_CENTERED},
                                                 {"top-left", POOLGRAD_PADDING_ALIGN_TOP_LEFT},
                                                 {"bottom-right", POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT}};
static const struct method_word remainder_words[] = {{"top-left", POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT},
                                                     {"top-right", POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT},
                                                     {"bottom-left", POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT},
                                                     {"bottom-right", POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT}};

/* 2x3 windows of stride 2 and dilation 2 on 9 x 7: every size and every odd pixel comes up. All the padding of a full
 * size on one side leaves windows outside. */
static void check_policy(const struct method_word *size_word, const struct method_word *align,
                         const struct method_word *remainder, bool exclude)
{
    char line[SCENE_LINE], options[SCENE_LINE / 2];
    poolgrad_padding_method bits = size_word->bits | align->bits | remainder->bits;
    bool centered = align->bits == POOLGRAD_PADDING_ALIGN_CENTERED;
    if (exclude) bits |= POOLGRAD_PADDING_EXCLUDE_EDGES;
    if (!centered && remainder != remainder_words) return;
    snprintf(options, sizeof options,
             "--kind average --kernel-width 2 --kernel-height 3 --stride 2 --dilation-y 2 --padding-policy %s --align "
             "%s%s%s%s",
             size_word->word, align->word, centered ? " --remainder-to " : "", centered ? remainder->word : "",
             exclude ? " --exclude-edges" : "");
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &scene_source, NULL);
    p.window = window_of(2, 3, 2, 2, 1, 2);
    policy(&p, bits);
    snprintf(line, sizeof line, "forward --source x.npy --output y.npy %s", options);
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)));
    poolgrad_image g = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 8, p.destination.height, p.destination.width);
    scene_fill(&g, 3, false);
    scene_write_image(&g, 4, "gp.npy");
    p = scene_problem(POOLGRAD_GRADIENT, &scene_source, &g);
    p.window = window_of(2, 3, 2, 2, 1, 2);
    policy(&p, bits);
    snprintf(line, sizeof line, "gradient --source x.npy --source-gradient gp.npy --output y.npy %s", options);
    bool outside = size_word->bits == POOLGRAD_PADDING_SIZE_FULL && !centered;
    cr_expect(scene_gives_with(line, outside ? "wholly outside the source" : NULL, "y.npy", scene_solve(&p, 4, NULL)));
    view_free(&g);
}

Test(command, padding_policies, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    for (int s = 0; s < 3; s++) {
        for (int a = 0; a < 3; a++) {
            for (int r = 0; r < 4; r++) {
                check_policy(&size_words[s], &align_words[a], &remainder_words[r], false);
                check_policy(&size_words[s], &align_words[a], &remainder_words[r], true);
            }
        }
    }
}

/* ---- Formats, byte orders, layouts ------------------------------------------------------------------------------- */

static const poolgrad_format all_formats[] = {POOLGRAD_UNORM8,   POOLGRAD_UNORM16, POOLGRAD_FLOAT16,
                                              POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};

/* A way to write an array down. */
struct writing {
    int major;
    bool swapped, transposed, uint16;
};

static void write_in(const poolgrad_image *image, const struct writing *writing, const char *name)
{
    npyfile file = npyfile_of_image(image, 4);
    file.major = writing->major;
    if (writing->uint16) npyfile_call_uint16(&file);
    if (writing->swapped) npyfile_swap_bytes(&file);
    if (writing->transposed) npyfile_transpose(&file);
    npyfile_write(&file, scene_folder, name);
    npyfile_free(&file);
}

/* Only bfloat16 goes by another name as well. */
static int ways_to_write(poolgrad_format format)
{
    return format == POOLGRAD_BFLOAT16 ? 24 : 12;
}

static struct writing way_to_write(int way)
{
    return (struct writing){way % 3 + 1, way / 3 % 2 == 1, way / 6 % 2 == 1, way / 12 == 1};
}

static void check_source_format(poolgrad_format format)
{
    char line[SCENE_LINE];
    poolgrad_image x = scene_tensor(format, POOLGRAD_NCHW, 1, 6, 4, 5);
    scene_fill(&x, 4, true);
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &x, NULL);
    pool(&p, L2NORM, 2, 1, 1);
    centre(&p, 1, 1);
    size(&p, 4, 3);
    for (int i = 0; i < ways_to_write(format); i++) {
        struct writing way = way_to_write(i);
        write_in(&x, &way, "x.npy");
        snprintf(line, sizeof line, "forward --kind l2norm --kernel 2 --source x.npy --output y.npy%s%s",
                 way.uint16 ? " --source-format " : "", way.uint16 ? "bfloat16" : "");
        cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)), "version %d, swapped %d, Fortran order %d",
                  way.major, way.swapped, way.transposed);
    }
    for (size_t i = 2; i < sizeof all_formats / sizeof *all_formats; i++) {
        p.destination.format = all_formats[i];
        snprintf(line, sizeof line,
                 "forward --kind l2norm --kernel 2 --source x.npy --output y.npy --source-format %s --format %s",
                 poolgrad_format_name(format), poolgrad_format_name(all_formats[i]));
        cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)));
    }
    view_free(&x);
}

Test(command, formats_of_the_source, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof all_formats / sizeof *all_formats; i++) check_source_format(all_formats[i]);
}

static void check_gradient_format(poolgrad_format format)
{
    char line[SCENE_LINE];
    poolgrad_image g = scene_tensor(format, POOLGRAD_NCHW, 2, 8, 4, 5);
    scene_fill(&g, 5, false);
    poolgrad_problem p = scene_problem(POOLGRAD_GRADIENT, &scene_source, &g);
    pool(&p, L2NORM, 3, 2, 1);
    for (int i = 0; i < ways_to_write(format); i++) {
        struct writing way = way_to_write(i);
        write_in(&g, &way, "g.npy");
        snprintf(line, sizeof line,
                 "gradient --kind l2norm --kernel 3 --stride 2 --pad 1 --source x.npy --source-gradient g.npy --output "
                 "y.npy%s",
                 way.uint16 ? " --source-gradient-format bfloat16" : "");
        cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)), "version %d, swapped %d, Fortran order %d",
                  way.major, way.swapped, way.transposed);
    }
    for (size_t i = 2; i < sizeof all_formats / sizeof *all_formats; i++) {
        p.destination.format = all_formats[i];
        snprintf(line, sizeof line,
                 "gradient --kind l2norm --kernel 3 --stride 2 --pad 1 --source x.npy --source-gradient g.npy --output "
                 "y.npy --source-gradient-format %s --format %s",
                 poolgrad_format_name(format), poolgrad_format_name(all_formats[i]));
        cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)));
    }
    view_free(&g);
}

Test(command, formats_of_the_source_gradient, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    for (size_t i = 2; i < sizeof all_formats / sizeof *all_formats; i++) check_gradient_format(all_formats[i]);
}

/* Two images and six channels, as far as the rank has them. */
static void check_layout(poolgrad_layout layout, const char *word, int rank)
{
    char line[SCENE_LINE];
    bool packed = layout == POOLGRAD_NC4HW4;
    int64_t images = rank == (packed ? 5 : 4) ? 2 : 1, channels = rank > 2 ? 6 : 1;
    poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, layout, images, channels, 7, 9);
    poolgrad_image g = scene_tensor(POOLGRAD_FLOAT16, layout, images, channels, 4, 5);
    scene_fill(&x, 6, true);
    scene_fill(&g, 7, false);
    scene_write_image(&x, rank, "x.npy");
    scene_write_image(&g, rank, "g.npy");
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &x, NULL);
    pool(&p, MAX, 3, 2, 1);
    size(&p, 5, 4);
    snprintf(line, sizeof line, "forward " M " --source x.npy --output y.npy --layout %s%s", word,
             packed ? " --channels 6" : "");
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, rank, NULL)));
    p = scene_problem(POOLGRAD_GRADIENT, &x, &g);
    pool(&p, MAX, 3, 2, 1);
    snprintf(line, sizeof line, "gradient " M " --source x.npy --source-gradient g.npy --output y.npy --layout %s%s",
             word, packed ? " --channels 6" : "");
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, rank, NULL)));
    view_free(&x);
    view_free(&g);
}

Test(command, layouts_and_ranks, .init = scene_enter, .fini = scene_leave)
{
    for (int rank = 2; rank <= 4; rank++) {
        check_layout(POOLGRAD_NCHW, "nchw", rank);
        check_layout(POOLGRAD_NHWC, "nhwc", rank);
    }
    check_layout(POOLGRAD_NC4HW4, "nc4hw4", 4);
    check_layout(POOLGRAD_NC4HW4, "nc4hw4", 5);
}

/* Each array is in the layout that its own option says, and all others in that of --layout: the results are the same
 * numbers. */
Test(command, layouts_of_each_array, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    poolgrad_image x = view_copy(&scene_source, POOLGRAD_NHWC), g = view_copy(&scene_gradient, POOLGRAD_NC4HW4);
    scene_write_image(&x, 4, "x_nhwc.npy");
    scene_write_image(&g, 5, "g_nc4hw4.npy");
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &scene_source, NULL);
    pool(&p, MAX, 3, 2, 1);
    size(&p, 5, 4);
    p.picks = view_new(POOLGRAD_INT32, POOLGRAD_NC4HW4, &p.destination, 0);
    npyfile pooled = scene_solve(&p, 4, NULL), picks = npyfile_of_image(&p.picks, 5);
    const char *forward = "forward --source x_nhwc.npy --source-layout nhwc --output y.npy --picks i.npy "
                          "--picks-format int32 --picks-layout nc4hw4 " M;
    cr_expect(scene_gives(forward, "y.npy", pooled));
    cr_expect(scene_gives(forward, "i.npy", picks));
    p.destination.layout = POOLGRAD_NC4HW4;
    cr_expect(scene_gives("forward --source x_nhwc.npy --layout nhwc --output y5.npy --output-layout nc4hw4 " M,
                          "y5.npy", scene_solve(&p, 5, NULL)));
    poolgrad_problem q = scene_problem(POOLGRAD_GRADIENT, &scene_source, &scene_gradient);
    pool(&q, MAX, 3, 2, 1);
    q.destination.layout = POOLGRAD_NHWC;
    cr_expect(scene_gives("gradient --source x.npy --source-gradient g_nc4hw4.npy --source-gradient-layout nc4hw4 "
                          "--output dx.npy --output-layout nhwc " M,
                          "dx.npy", scene_solve(&q, 4, NULL)));
    cr_expect(scene_gives("gradient --source x_nhwc.npy --layout nhwc --source-gradient g.npy --source-gradient-layout "
                          "nchw --indices i.npy --indices-layout nc4hw4 --indices-format int32 --output dx.npy " M,
                          "dx.npy", scene_solve(&q, 4, NULL)));
    view_free(&p.picks);
    view_free(&x);
    view_free(&g);
}

/* Without --channels all four lanes of every slice are channels. */
Test(command, all_lanes_are_channels, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NC4HW4, 1, 8, 4, 4);
    scene_fill(&x, 8, false);
    scene_write_image(&x, 4, "x.npy");
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &x, NULL);
    pool(&p, AVERAGE, 2, 2, 1);
    centre(&p, 1, 1);
    size(&p, 2, 2);
    cr_expect(scene_gives("forward --layout nc4hw4 --source x.npy --output y.npy " A2 " --stride 2", "y.npy",
                          scene_solve(&p, 4, NULL)));
    view_free(&x);
}

/* The output has the rank of the source gradient, whatever that of the source; more where its images need it. */
Test(command, rank_of_the_output, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 7, 9);
    poolgrad_image g = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 5);
    scene_fill(&x, 9, false);
    scene_fill(&g, 10, false);
    poolgrad_problem p = scene_problem(POOLGRAD_GRADIENT, &x, &g);
    pool(&p, MAX, 3, 2, 1);
    for (int source_rank = 2; source_rank <= 4; source_rank++) {
        for (int rank = 2; rank <= 4; rank++) {
            scene_write_image(&x, source_rank, "x.npy");
            scene_write_image(&g, rank, "g.npy");
            cr_expect(scene_gives("gradient --source x.npy --source-gradient g.npy --output y.npy " M, "y.npy",
                                  scene_solve(&p, rank, NULL)));
        }
    }
    scene_write_image(&x, 4, "before.npy");
    scene_write_image(&g, 3, "g.npy");
    p.add_to_destination = 1;
    cr_expect(scene_gives("gradient --source x.npy --source-gradient g.npy --output y.npy --add-to before.npy " M,
                          "y.npy", scene_solve(&p, 3, &x)));
    poolgrad_image two = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 1, 7, 9);
    scene_fill(&two, 11, false);
    scene_write_image(&two, 4, "x.npy");
    scene_write_image(&g, 2, "g.npy");
    p = scene_problem(POOLGRAD_GRADIENT, &two, &g);
    pool(&p, MAX, 3, 2, 1);
    p.offset_image = 1;
    cr_expect(
        scene_gives("gradient --source x.npy --source-gradient g.npy --output y.npy --secondary-offset-image 1 " M,
                    "y.npy", scene_solve(&p, 4, NULL)));
    view_free(&x);
    view_free(&g);
    view_free(&two);
}

/* ---- Inputs beside the source and the gradient ------------------------------------------------------------------- */

Test(command, average_from_sizes_alone, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    poolgrad_problem p = scene_problem(POOLGRAD_GRADIENT, &scene_source, &scene_gradient);
    pool(&p, AVERAGE, 3, 2, 1);
    const char *files = "gradient --source-gradient g.npy --output y.npy " A;
    char line[SCENE_LINE];
    snprintf(line, sizeof line, "%s --source-width 9 --source-height 7", files);
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)));
    p.source.width = p.destination.width = 10;
    snprintf(line, sizeof line, "%s --source-width 10 --source-height 7", files);
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)), "the source's width counts");
    p.source.width = p.destination.width = 9;
    p.source.height = p.destination.height = 8;
    snprintf(line, sizeof line, "%s --source-width 9 --source-height 8", files);
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)), "the source's height counts");
    p.source.height = p.destination.height = 7;
    cr_expect(truncate(scene_path("x.npy"), 128 + 2 * 8 * 7 * 9 * 4) == 0);
    snprintf(line, sizeof line, "%s --source x.npy", files);
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, NULL)), "a source that is read for its size");
}

static void check_indices(poolgrad_format format, poolgrad_tie_rule ties, poolgrad_nan_rule nan, const char *rules)
{
    char line[SCENE_LINE];
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &scene_source, NULL);
    pool(&p, MAX, 3, 2, 1);
    size(&p, 5, 4);
    p.ties = ties;
    p.nan = nan;
    p.edge_mode = POOLGRAD_EDGE_ZERO;
    p.picks = view_new(format, POOLGRAD_NCHW, &p.destination, 0);
    npyfile pooled = scene_solve(&p, 4, NULL), indices = npyfile_of_image(&p.picks, 4);
    bool wide = format == POOLGRAD_INT64; /* which goes without saying */
    snprintf(line, sizeof line, "forward --source x.npy --output y.npy --picks i.npy --edge-mode zero " M " %s%s%s",
             rules, wide ? "" : " --picks-format ", wide ? "" : poolgrad_format_name(format));
    cr_expect(scene_gives(line, "y.npy", pooled));
    cr_expect(scene_gives(line, "i.npy", indices));
    poolgrad_image taken = p.picks;
    p = scene_problem(POOLGRAD_GRADIENT, &scene_source, &scene_gradient);
    pool(&p, MAX, 3, 2, 1);
    p.indices = view_read(taken);
    p.source.data = NULL;
    const char *files = "gradient --source-gradient g.npy --indices i.npy --output dx.npy " M;
    snprintf(line, sizeof line, "%s --source x.npy", files);
    cr_expect(scene_gives(line, "dx.npy", scene_solve(&p, 4, NULL)));
    snprintf(line, sizeof line, "%s --source-width 9 --source-height 7", files);
    cr_expect(scene_gives(line, "dx.npy", scene_solve(&p, 4, NULL)));
    for (int i = 0; i < 12; i++) {
        struct writing way = way_to_write(i);
        write_in(&taken, &way, "i.npy");
        cr_expect(scene_gives(line, "dx.npy", scene_solve(&p, 4, NULL)), "%s, version %d, swapped %d, Fortran order %d",
                  poolgrad_format_name(format), way.major, way.swapped, way.transposed);
    }
    view_free(&taken);
}

Test(command, indices, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    check_indices(POOLGRAD_INT64, POOLGRAD_TIES_FIRST, POOLGRAD_NAN_FIRST, "");
    check_indices(POOLGRAD_INT32, POOLGRAD_TIES_FIRST, POOLGRAD_NAN_LAST, "--nan last");
    check_indices(POOLGRAD_INT64, POOLGRAD_TIES_LAST, POOLGRAD_NAN_IGNORE, "--ties last --nan ignore");
    check_indices(POOLGRAD_INT32, POOLGRAD_TIES_LAST, POOLGRAD_NAN_FIRST, "--ties last");
    check_indices(POOLGRAD_TAP8, POOLGRAD_TIES_FIRST, POOLGRAD_NAN_FIRST, "");
    check_indices(POOLGRAD_TAP16, POOLGRAD_TIES_LAST, POOLGRAD_NAN_IGNORE, "--ties last --nan ignore");
    check_indices(POOLGRAD_TAP32, POOLGRAD_TIES_LAST, POOLGRAD_NAN_FIRST, "--ties last");
}

/* The output is in the format of what is added to, with its values outside the clip rectangle. */
Test(command, add_to, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    poolgrad_image before = scene_tensor(POOLGRAD_FLOAT16, POOLGRAD_NCHW, 2, 8, 7, 9);
    scene_fill(&before, 12, true);
    scene_write_image(&before, 4, "before.npy");
    poolgrad_problem p = scene_problem(POOLGRAD_GRADIENT, &scene_source, &scene_gradient);
    pool(&p, MAX, 3, 2, 1);
    p.add_to_destination = 1;
    const char *files = "gradient --source x.npy --source-gradient g.npy --output y.npy --add-to before.npy " M;
    char line[SCENE_LINE];
    cr_expect(scene_gives(files, "y.npy", scene_solve(&p, 4, &before)));
    p.mapping = POOLGRAD_MAPPING_CLIP;
    p.clip.x = 3;
    snprintf(line, sizeof line, "%s --clip-x 3", files);
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, &before)));
    before.format = POOLGRAD_BFLOAT16;
    npyfile file = npyfile_of_image(&before, 4);
    npyfile_call_uint16(&file);
    npyfile_write(&file, scene_folder, "before.npy");
    npyfile_free(&file);
    snprintf(line, sizeof line, "%s --clip-x 3 --format bfloat16", files);
    cr_expect(scene_gives(line, "y.npy", scene_solve(&p, 4, &before)), "uint16 as bfloat16");
    view_free(&before);
}

/* Nor do planes without number, if they hold no pixel, cost time; and an empty plane is pooled to an empty one. */
Test(command, empty_planes, .init = scene_enter, .fini = scene_leave)
{
    npyfile file = {.descr = "<f4", .rank = 4, .shape = {INT64_C(1) << 29, INT64_C(1) << 29, 0, 1}};
    npyfile_write(&file, scene_folder, "g.npy");
    strcpy(file.descr, "<i4");
    npyfile_write(&file, scene_folder, "i.npy");
    cr_expect(scene_runs("gradient --kind max --kernel 1 --source-gradient g.npy --indices i.npy --source-width 1 "
                         "--source-height 0 --output y.npy"));
    cr_expect(scene_runs("gradient --kind average --kernel 1 --source-gradient g.npy --source-width 1 "
                         "--source-height 0 --output y.npy"));
    strcpy(file.descr, "<f4");
    file.shape[0] = file.shape[1] = 1;
    npyfile_write(&file, scene_folder, "x.npy");
    cr_expect(scene_gives("forward --kind max --kernel 3 --pad 1 --source x.npy --output y.npy", "y.npy", file));
    cr_expect(
        scene_gives("gradient --kind max --kernel 3 --pad 1 --pad-bottom 1 --source x.npy --source-gradient x.npy "
                    "--output y.npy",
                    "y.npy", file));
}

/* Empty tensors: empty in, empty or all +0 out. A gradient however long may have no pixel. */
Test(command, empty_tensors, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 0, 3, 7, 9);
    poolgrad_image g = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 0, 3, 4, 5);
    scene_write_image(&x, 4, "x.npy");
    scene_write_image(&g, 4, "g.npy");
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &x, NULL);
    size(&p, 5, 4);
    cr_expect(scene_gives("forward --source x.npy --output y.npy " M, "y.npy", scene_solve(&p, 4, NULL)));
    p = scene_problem(POOLGRAD_GRADIENT, &x, &g);
    cr_expect(scene_gives("gradient --source x.npy --source-gradient g.npy --output y.npy " M, "y.npy",
                          scene_solve(&p, 4, NULL)));
    static const int64_t shapes[][2] = {{0, 3}, {3, 0}, {INT64_C(1) << 60, 0}, {0, INT64_C(1) << 60}};
    poolgrad_image zeros = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 4, 4);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        npyfile file = {.descr = "<f4", .rank = 2, .shape = {shapes[i][0], shapes[i][1]}};
        npyfile_write(&file, scene_folder, "g.npy");
        cr_expect(scene_gives_with(
            "gradient --source-gradient g.npy --source-width 4 --source-height 4 --output y.npy " A,
            "where forward with these options gives 2 x 2; no usual pad", "y.npy", npyfile_of_image(&zeros, 2)));
        /* Nor does a result or a source without pixels cost time, however long it is. */
        char line[SCENE_LINE];
        snprintf(
            line, sizeof line,
            "forward --source-format float32 --source g.npy --kind max --kernel 1 --output-width 2 --output-height 2 "
            "--output y.npy");
        cr_expect(scene_runs(line));
        snprintf(line, sizeof line,
                 "forward --source g.npy --kind average --kernel 1152921504606846976 --kernel-height 3 --output-width "
                 "%" PRId64 " --output-height %" PRId64 " --output y.npy",
                 shapes[i][0], shapes[i][1]);
        cr_expect(scene_runs(line));
    }
    view_free(&x);
    view_free(&g);
    view_free(&zeros);
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

#define F "forward --source x.npy --output out.npy "
#define G "gradient --source x.npy --source-gradient g.npy --output out.npy "
#define S "gradient --source-gradient g.npy --output out.npy --kind average --kernel 3 "

static const struct refusal {
    const char *line, *sentence;
} refusals[] = {
    /* Words */
    {"fly",
     "poolgrad: 'fly' is no command; expected forward, gradient, verify, explain, suite, graph, bench, info or comp"},
    {"--help fly", "poolgrad: 'fly' is no command"},
    {"-v", "poolgrad: '-v' is no command"},
    {"backward", "poolgrad: 'backward' is no command; did you mean gradient?"},
    {"verfy", "poolgrad: 'verfy' is no command; did you mean verify?"},
    {"completion", "nothing stands behind completion; expected bash, zsh or fish"},
    {"completion tcsh", "'tcsh' is no shell that is known; expected bash, zsh or fish"},
    {F A2 " --frobnicate same", "poolgrad forward: --frobnicate is no option of this command; poolgrad forward --help"},
    {F A2 " --add-to x.npy", "--add-to is no option of this command"},
    {"info --kind max", "poolgrad info: --kind is about a geometry; expected --input-size or --workload as well"},
    {"info --repeat 3", "poolgrad info: --repeat is no option of this command"},
    {G M " --output-width 3", "--output-width is no option of this command"},
    {F A2 " -q 3", "'-q' is no option; expected --name value"},
    {F A2 " 3", "'3' is no option"},
    {F A2 " --", "-- is no option"},
    {F A2 " --pad", "--pad has no value; expected N"},
    {F " --kind --kernel 3", "--kind has no value; expected WORD"},
    {F A2 " --pad 1 --pad 1", "--pad is given twice; expected it once"},
    {F A2 " --kernel=2", "--kernel is given twice"},
    {F A2 " --ceil-mode=1", "--ceil-mode=1 has a value; expected none"},
    {F A2 " --source-format=",
     "--source-format is ''; expected unorm8, unorm16, float16, bfloat16, float32 or float64"},
    {"forward --source= --output out.npy " A2, "--source is ''; expected a file name"},
    {F "--kind mean --kernel 2", "--kind is 'mean'; expected average, max, l2norm or dilated-max"},
    {F "--kind MAX --kernel 2", "--kind is 'MAX'; expected average"},
    {F A2 " --edge-mode mirror", "--edge-mode is 'mirror'; expected zero or clamp"},
    {F A2 " --edge-mode constant", "--edge-mode is 'constant'; expected zero or clamp"},
    {F A2 " --format unorm8", "--format is 'unorm8'; expected float16, bfloat16, float32 or float64"},
    {G M " --source-gradient-format unorm16", "--source-gradient-format is 'unorm16'; expected float16"},
    {F A2 " --padding-policy custom", "--padding-policy is 'custom'; expected same, valid-only or full"},
    {F A2 " --layout chw", "--layout is 'chw'; expected nchw, nhwc, nc4hw4, nc8hw8"},
    {F A2 " --mode quick", "--mode is 'quick'; expected fast, reference or exact"},
    {F A2 " --max-isa mmx", "--max-isa is 'mmx'; expected best"},
    {F A2 " --max-isa 3", "--max-isa is '3'; expected best"},
    /* Numbers */
    {F "--kind max --kernel x", "--kernel is 'x'; expected an integer"},
    {F "--kind max --kernel 2.5", "--kernel is '2.5'; expected an integer"},
    {F "--kind max --kernel 1e3", "--kernel is '1e3'; expected an integer"},
    {F "--kind max --kernel 0x3", "--kernel is '0x3'; expected an integer"},
    {F "--kind max --kernel 3x3", "--kernel is '3x3'; expected an integer: --kernel 3 is for every axis"},
    {F "--kind max --kernel 3,3", "--kernel is '3,3'; expected an integer: --kernel 3 is for every axis"},
    {F "--kind max --kernel (3,2)", "expected an integer: --kernel-height 3 --kernel-width 2 for (height, width)"},
    {F "--kind max --kernel 3 3",
     "'3' is no option; expected one number behind --kernel: --kernel 3 is for every axis"},
    {F A2 " --stride 2 1",
     "'1' is no option; expected one number behind --stride: --stride-y 2 --stride-x 1 for (height, width)"},
    {F A2 " --threads 1 2", "'2' is no option; expected --name value"},
    {F A2 " --stride [2,1]", "--stride is '[2,1]'; expected an integer: --stride-y 2 --stride-x 1 for (height, width)"},
    {F A2 " --pad 0,1", "--pad is '0,1'; expected an integer: --pad-top 0 --pad-left 1 for (height, width)"},
    {F A2 " --pad 0,1,0,1",
     "expected an integer: --pad-left, --pad-top, --pad-right and --pad-bottom are for one side"},
    {F A2 " --pad 0,1,0", "expected an integer: --pad-front 0 --pad-top 1 --pad-left 0 for (depth, height, width)"},
    {F A2 " --pad 1,1,1", "expected an integer: --pad 1 is for every axis"},
    {F A2 " --pad 0,1,0,1,0,1",
     "expected an integer: --pad-left, --pad-top, --pad-front, --pad-right, --pad-bottom and --pad-back are for one"},
    {F A2 " --pad 0,1,0,1,0", "--pad is '0,1,0,1,0'; expected an integer\n"},
    {F "--kind max --adaptive 3,5",
     "--adaptive is '3,5'; expected an integer: --adaptive-height 3 --adaptive-width 5 for (height, width)"},
    {F "--kind lp --kernel 2", "--kind is 'lp'; expected average, max, l2norm or dilated-max: of the LP norms the one"},
    {F "--kind average --kernel 2 --p 3",
     "--p is no option of this command; of the LP norms there is the one of p = 2"},
    {F "--kind average --kernel 2 --norm_type 1", "--norm_type is no option of this command; of the LP norms there is"},
    {F "--kind max --kernel 0x3", "--kernel is '0x3'; expected an integer\n"},
    {F A2 " --pad same", "--pad is 'same'; expected an integer, or --padding-policy same in place of --pad"},
    {F A2 " --pad SAME_UPPER", "expected an integer, or --padding-policy same in place of --pad"},
    {F A2 " --pad valid", "expected an integer, or --padding-policy valid-only in place of --pad"},
    {F A2 " --stride same", "--stride is 'same'; expected an integer\n"},
    {F "--kind max --kernel=", "--kernel is ''; expected an integer"},
    {F "--kind max --kernel 9223372036854775808",
     "--kernel is '9223372036854775808'; expected an integer between -2^63"},
    {F "--kind max --kernel 0", "--kernel is 0; expected 1 to 2^61"},
    {F "--kind max --kernel -3", "--kernel is -3; expected 1 to 2^61"},
    {F "--kind max --kernel 2 --kernel-width 0", "--kernel-width is 0; expected 1 to 2^61"},
    {F "--kind max --kernel 9223372036854775807", "--kernel is 9223372036854775807; expected 1 to 2^61"},
    {F A2 " --stride 0", "--stride is 0; expected 1 to 2^61"},
    {F A2 " --stride-y -1", "--stride-y is -1; expected 1 to 2^61"},
    {G M " --dilation 0", "--dilation is 0; expected 1 to 2^61"},
    {F A2 " --dilation-x -9223372036854775808", "--dilation-x is -9223372036854775808; expected 1 to 2^61"},
    {F "--kind max --kernel 3000000000 --dilation 3000000000", "expected a window that spans at most 2^61 pixels"},
    {F A2 " --pad -4", "--source: source_width is 9 and 1 with its pads"},
    {F A2 " --pad 9223372036854775807", "--pad is 9223372036854775807; expected -2^61 to 2^61"},
    {F A2 " --pad-left 9223372036854775807", "--pad-left is 9223372036854775807; expected -2^61 to 2^61"},
    {F A2 " --pad-bottom -9223372036854775807", "--pad-bottom is -9223372036854775807; expected -2^61 to 2^61"},
    {F A2 " --pad-right 9223372036854775807", "--pad-right is 9223372036854775807; expected -2^61 to 2^61"},
    {F A2 " --zero-pad -1", "--zero-pad is -1; expected 0 to 2^61"},
    {F A2 " --zero-pad-y -2", "--zero-pad-y is -2; expected 0 to 2^61"},
    {F A2 " --output-width -1", "--output-width is -1; expected at least 0"},
    {F A2 " --output-width 4611686018427387904", "--output: width is 4611686018427387904; expected at most 2^61"},
    {F A2 " --output-width 1152921504606846976", "memory that can be addressed"},
    {F A2 " --output-width 70368744177664", "do not fit into memory; expected fewer"},
    {F A2 " --offset-z 1", "--offset-z is 1; expected 0, the arrays have no third axis"},
    {F A2 " --kernel-depth 2", "--kernel-depth is 2; expected 1, the arrays have no third axis"},
    {F A2 " --stride-z 0", "--stride-z is 0; expected 1"},
    {F A2 " --dilation-z -1", "--dilation-z is -1; expected 1"},
    {F A2 " --pad-front 1", "--pad-front is 1; expected 0"},
    {F A2 " --pad-back -1", "--pad-back is -1; expected 0"},
    {F A2 " --output-depth 2", "--output-depth is 2; expected 1"},
    {G M " --source-depth 1", "--source-depth is given beside --source; expected one of them"},
    {G M " --pad-back 9223372036854775807", "--pad-back is 9223372036854775807; expected 0"},
    {G M " --offset-z 0 --secondary-offset-z 0",
     "--secondary-offset-z is given beside --offset-z; expected one of them"},
    {G M " --offset-image 0 --secondary-offset-image 0",
     "--secondary-offset-image is given beside --offset-image; expected one of them"},
    {G M " --offset-image -1", "--offset-image is -1; expected 0 to 2^61"},
    {F A2 " --clip-z 1", "--clip-z is 1; expected 0"},
    {F A2 " --clip-depth 2", "--clip-depth is 2; expected 1"},
    {F A2 " --clip-depth 0", "--clip-depth is 0; expected 1"},
    {F A2 " --zero-pad-z 1", "--zero-pad-z is 1; expected 0"},
    {G M2 " --offset-z -1", "--offset-z is -1; expected 0"},
    {G M2 " --secondary-offset-z 1", "--secondary-offset-z is 1; expected 0"},
    {G M " --primary-offset-z 1", "--primary-offset-z is 1; expected 0"},
    {G M " --source-size-depth 3", "--source-size-depth is 3; expected 1"},
    {G M " --kernel-offset-z 2", "--kernel-offset-z is 2; expected 0"},
    {F A2 " --offset-image -9223372036854775808", "--offset-image is -9223372036854775808; expected 0 to 2^61"},
    {F A2 " --clip-image -9223372036854775808", "--clip-image is -9223372036854775808; expected 0 to 2^61"},
    {F A2 " --clip-x -1", "--clip-x is -1; expected 0 to 2^61"},
    {F A2 " --clip-width -1", "--clip-width is -1; expected at least 0"},
    {F A2 " --clip-images -1", "--clip-images is -1; expected at least 0"},
    {G M " --primary-offset-image -1", "--primary-offset-image is -1; expected 0 to 2^61"},
    {G M " --secondary-offset-image -1", "--secondary-offset-image is -1; expected 0 to 2^61"},
    {G M " --source-size-height -1", "--source-size-height is -1; expected at least 0"},
    {G M2 " --secondary-offset-x 9223372036854775807", "--secondary-offset-x is 9223372036854775807; expected -2^61"},
    {G M " --kernel-offset-y -9223372036854775808",
     "--kernel-offset-y is -9223372036854775808; expected -2^61 to 2^61"},
    {F A2 " --source-feature-channel-offset 2", "--source-feature-channel-offset is 2; expected a multiple of 4"},
    {F A2 " --source-feature-channel-offset -4", "--source-feature-channel-offset is -4; expected 0 to 2^61"},
    {F A2 " --source-feature-channel-offset 8",
     "--source-feature-channel-offset is 8; expected less than the image's 8"},
    {F A2 " --source-feature-channel-max-count -1", "--source-feature-channel-max-count is -1; expected at least 0"},
    {F A2 " --destination-feature-channel-offset -9223372036854775808",
     "--destination-feature-channel-offset is -9223372036854775808; expected 0 to 2^61"},
    {G M " --primary-source-feature-channel-offset 4", "--primary-source-feature-channel-max-count leaves 4 channels"},
    {G M " --primary-source-feature-channel-offset 3",
     "--primary-source-feature-channel-offset is 3; expected a multi"},
    {G M " --destination-feature-channel-offset 4",
     "--destination-feature-channel-offset is 4 for 8 channels; expected all"},
    {F A2 " --threads -1", "--threads is -1; expected 0 (automatic) to 1024"},
    {F A2 " --threads 9999999999", "--threads is 9999999999; expected 0 (automatic) to 1024"},
    /* What is missing */
    {"forward", "--source is missing; expected --source FILE"},
    {"forward --source x.npy", "--output is missing; expected --output FILE"},
    {"gradient --source x.npy --output out.npy", "--source-gradient is missing; expected --source-gradient FILE"},
    {F, "--kind is missing; expected --kind WORD"},
    {F "--kind max", "--kernel-width is missing; expected it, or --kernel for every axis"},
    {F "--kind max --kernel-width 2", "--kernel-height is missing; expected it, or --kernel for every axis"},
    {F A2 " --offset-x 0", "--output-width is missing; expected the output's size with --offset-x"},
    {F A2 " --offset-y 0", "--output-height is missing; expected the output's size with --offset-y"},
    {F A2 " --picks-format int32", "--picks-format is given alone; expected --picks with it"},
    {F A2 " --picks-format tap8", "--picks-format is given alone; expected --picks with it"},
    {F M2 " --picks i.npy --picks-format tap4",
     "--picks-format is 'tap4'; expected int64, int32, tap8, tap16 or tap32"},
    {F "--kind max --kernel 16 --pad 8 --picks i.npy --picks-format tap8",
     "--picks: picks.format is 9 (tap8); expected tap16 for windows of 256 taps"},
    {"gradient --source x.npy --source-gradient g.npy --output out.npy --indices uint8.npy --kind max --kernel 16 "
     "--pad 8 --stride 2",
     "indices.format is 9 (tap8); expected tap16 for windows of 256 taps"},
    {S, "--source-width is missing; expected it, or --source FILE"},
    {S "--source-width 9", "--source-height is missing; expected it, or --source FILE"},
    {S "--source-width 9 --source-height -7", "--source-height is -7; expected at least 0"},
    {"gradient --source-gradient g.npy --output out.npy --source-width 9 --source-height 7 " M,
     "--source is missing; expected the image that was pooled, or --indices"},
    {"gradient --source-gradient g.npy --output out.npy --source-width 9 --source-height 7 --kind l2norm --kernel 3",
     "--source is missing; expected the image that was pooled"},
    /* What does not go together */
    {F A2 " --pad 1 --offset-x 0 --output-width 3", "--pad is given beside --offset-x; expected one way to place"},
    {F A2 " --pad-right 1 --offset-x 0 --output-width 3", "--pad-right is given beside --offset-x; expected one way"},
    {F A2 " --padding-policy same --pad-top 1", "--padding-policy is given beside --pad-top; expected one way"},
    {F A2 " --padding-policy same --offset-y 1", "--padding-policy is given beside --offset-y; expected one way"},
    {G A2 " --offset-x 1 --secondary-offset-x 1", "--secondary-offset-x is given beside --offset-x; expected one way"},
    {"gradient --source-gradient g.npy --source-width 9223372036854775807 --source-height 7 --output out.npy " A,
     "--source-width is 9223372036854775807; expected at most 2^61"},
    {G M " --indices-format int32", "--indices-format is given alone; expected --indices with it"},
    {G M " --indices-layout nhwc", "--indices-layout is given alone; expected --indices with it"},
    {"gradient --source-gradient g.npy --source-width 9 --source-height 7 --source-format float16 --output out.npy " A,
     "--source-format is given alone; expected --source with it"},
    {"gradient --source-gradient g.npy --source-width 9 --source-height 7 --source-layout nhwc --output out.npy " A,
     "--source-layout is given alone; expected --source with it"},
    {F A2 " --align centered", "--align is given alone; expected --padding-policy with it"},
    {F A2 " --remainder-to top-left --pad 1", "--remainder-to is given alone; expected --padding-policy with it"},
    {F A2 " --exclude-edges", "--exclude-edges is given alone; expected --padding-policy with it"},
    {F A2 " --padding-policy same --ceil-mode", "--ceil-mode is given beside --padding-policy; expected it with pads"},
    {G A2 " --offset-y 1 --count-include-pad", "--count-include-pad is given beside --offset-y; expected it with pads"},
    {F PADDED " --count-include-pad --zero-pad 1", "--zero-pad is given beside --count-include-pad; expected one of"},
    {F A2 " --padding-policy same --exclude-edges --zero-pad-x 1", "--zero-pad-x is given beside --exclude-edges"},
    {F A2 " --picks i.npy", "--picks is given with --kind average; expected max or dilated-max"},
    {G A " --indices indices.npy", "--indices is given with --kind average; expected max or dilated-max"},
    {G A " --source-width 9", "--source-width is given beside --source; expected one of them"},
    {G M " --indices indices.npy --ties all", "--ties is all; expected first or last with --indices"},
    /* Sizes */
    {F "--kind max --kernel 10", "--source: source_width is 9 and 9 with its pads, where a window spans 10 pixels"},
    {F "--kind max --kernel 8 --padding-policy valid-only", "expected a larger image, the result would be 0 pixels"},
    {S "--kernel-width 12 --pad-right 1 --source-width 9 --source-height 7",
     "--source-width is 9 and 10 with its pads"},
    {F A2 " --padding-policy same --output-width 8",
     "--output-width is 8; expected 9, the policy's size, or no policy"},
    {"gradient --source g.npy --source-gradient x.npy --output out.npy --kind max --kernel 3 --stride 2 --ceil-mode",
     "expected 2 by its pads; --source and --source-gradient may be swapped"},
    {G M " --pad-right 0", "--source-gradient has a width of 5; expected 4 by its pads"},
    {G M " --pad-bottom 4", "--source-gradient has a height of 4; expected 5 by its pads"},
    {G "--kind max --kernel 2 --stride 2 --ceil-mode --pad 2", "--source-gradient has a width of 5; expected 7 by"},
    {G "--kind max --kernel 2 --stride 2 --pad 1 --ceil-mode",
     "expected 6 by its pads, or --ceil-drop in place of --ceil-mode"},
    {G "--kind max --kernel 2 --stride 2 --ceil-drop --pad 2", "--source-gradient has a width of 5; expected 6 by its"},
    {F A2 " --ceil-mode --ceil-drop", "--ceil-drop is given beside --ceil-mode; expected one of them"},
    {F A2 " --padding-policy same --ceil-drop", "--ceil-drop is given beside --padding-policy; expected it with pads"},
    {G "--kind max --kernel 2 --padding-policy same", "--source-gradient has a width of 5; expected 9 by the padding"},
    {"gradient --source x.npy --source-gradient one_image.npy --output out.npy " M,
     "--source-gradient has 1 images; expected 2, as in --source"},
    {"gradient --source x.npy --source-gradient four_channels.npy --output out.npy " M,
     "--source-gradient has 4 channels; expected 8, as in --source"},
    {"forward --source rank4_slices.npy --layout nc4hw4 --channels 9 --output out.npy " M,
     "--channels is 9; expected 1 to 4 for the slices of rank4_slices.npy (1)"},
    {"forward --source no_slices.npy --layout nc4hw4 --channels 1 --output out.npy " M,
     "--channels is 1; expected 0 to 0 for the slices of no_slices.npy (0)"},
    {"--version now", "'now' stands behind --version; expected nothing more"},
    {"help forward twice", "'twice' stands behind help; expected nothing more"},
    {"forward --source no_slices.npy --layout nc4hw4 --kind max --kernel 1 --output-width 2305843009213693951 "
     "--output-height 2305843009213693951 --output out.npy",
     "is too large for a file, though it is empty"},
    {G M " --add-to g.npy", "--add-to is 2 x 8 x 4 x 5 (images, channels, height, width); expected 2 x 8 x 7 x 9"},
    {"gradient --source x.npy --source-gradient four_channels.npy --indices indices.npy --output out.npy " M FOUR,
     "--indices: indices.channels is 8; expected 4, as in source_gradient"},
    {G M " --indices indices.npy", "is 62; expected -1 or y * width + x of a tap of that window"},
    {G M " --indices uint8.npy",
     "indices at (n 0, c 0, y 0, x 0) is 0; expected 255 or ky * kernel width + kx of a tap"},
    {G M " --indices uint16.npy",
     "indices at (n 0, c 0, y 0, x 0) is 0; expected 65535 or ky * kernel width + kx of a"},
    {G M " --indices uint32.npy",
     "indices at (n 0, c 0, y 0, x 0) is 0; expected 4294967295 or ky * kernel width + kx"},
    {F A2 " --layout nc4hw4", "x.npy: last dimension is 9; expected 4, the lanes of nc4hw4"},
    {F A2 " --source-layout nc4hw4", "x.npy: last dimension is 9; expected 4, the lanes of nc4hw4"},
    {F M2 " --picks-layout nhwc", "--picks-layout is given alone; expected --picks with it"},
    {F A2 " --source-gradient-layout nhwc", "--source-gradient-layout is no option of this command"},
    {G M " --picks i.npy", "--picks is no option of this command; did you mean --indices?"},
    {G M " --indices indices.npy --indices-format int32",
     "--indices-format is int32; expected what indices.npy holds: int64"},
    /* Formats */
    {F A2 " --source-format float16", "--source-format is float16; expected what x.npy holds: float32"},
    {F A2 " --source-format bfloat16", "--source-format is bfloat16; expected what x.npy holds: float32"},
    {G M " --add-to x.npy --format float16", "--format is float16; expected what x.npy holds: float32"},
    {"gradient --source x.npy --source-gradient uint16.npy --output out.npy " M,
     "uint16.npy: elements are uint16; expected float16, float32, float64 or bfloat16"},
    {"gradient --source x.npy --source-gradient indices.npy --output out.npy " M,
     "indices.npy: elements are int64; expected float16"},
    {"forward --source indices.npy --output out.npy " M, "indices.npy: elements are int64; expected float16"},
    {"forward --source uint32.npy --output out.npy " M, "uint32.npy: elements are uint32; expected float16, float32"},
    {"gradient --source x.npy --source-gradient uint32.npy --output out.npy " M,
     "uint32.npy: elements are uint32; expected float16"},
    {G M " --indices x.npy", "x.npy: elements are float32; expected int32, int64, uint8, uint16 or uint32"},
    {G M " --add-to uint16.npy", "uint16.npy: elements are uint16; expected float16"},
    /* Files */
    {"forward --source none.npy --output out.npy " A2, "--source none.npy: No such file or directory; expected a .npy"},
    {"forward --source dir --output out.npy " A2, "--source dir: is a directory; expected a .npy file"},
    {"forward --source x.npy/y --output out.npy " A2, "--source x.npy/y: Not a directory; expected a .npy file"},
    {"forward --source rank1.npy --output out.npy " A2, "rank1.npy: an array of rank 1; expected rank 2 (HxW), 3"},
    {"forward --source rank9.npy --output out.npy " A2, "rank9.npy: shape is (3, 1, 1, 1, 1, 1, 1, 1, 1); expected at"},
    {"forward --source x.npy --layout nhwc --output out.npy --picks dir " M2, "--picks dir: is a directory"},
    {"forward --source text.npy --output out.npy " A2, "text.npy: magic is n,c,y,; expected \\x93NUMPY"},
    {"forward --source /dev/null --output out.npy " A2, "/dev/null: header ends after 0 bytes"},
    {"forward --source x.npy --output dir " A2, "--output dir: is a directory; expected a file name"},
    {"forward --source x.npy --output none/y.npy " A2,
     "--output none/y.npy: cannot be written: No such file or direct"},
    {"forward --source x.npy --output out.npy/y.npy " A2, "--output out.npy/y.npy: cannot be written: Not a directory"},
    {"forward --source x.npy --output /dev/full " A2, "--output /dev/full: cannot be written: No space left on device"},
    {"forward --source x.npy --output out.npy --picks /dev/full " M2, "--picks /dev/full: cannot be written: No sp"},
    {"forward --source x.npy --output x.npy " A2, "--output x.npy: is also --source; expected a file of its own"},
    {"forward --source x.npy --output ./x.npy " A2, "--output ./x.npy: is also --source; expected a file of its own"},
    {"forward --source x.npy --output dir/../x.npy " A2, "--output dir/../x.npy: is also --source"},
    {"forward --source x.npy --output out.npy --picks out.npy " M2, "is also --"},
    {"forward --source x.npy --output y.npy --picks ./y.npy " M2, "is also --"},
    {"forward --source x.npy --output y.npy --picks dir/../y.npy " M2, "is also --"},
    {"forward --source x.npy --output out.npy --picks x.npy " M2, "--picks x.npy: is also --source"},
    {"gradient --source x.npy --source-gradient g.npy --output g.npy " M, "--output g.npy: is also --source-gradient"},
    {G M " --add-to out.npy", "out.npy: magic is old; expected \\x93NUMPY"},
};

Test(command, refusals, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    scene_write_bad_files();
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect(scene_refuses(refusals[i].line, refusals[i].sentence), "expected: %s", refusals[i].sentence);
    }
}

/* Words of other tools, and slips, with what is suggested in their place. */
static const struct suggestion {
    const char *command, *word, *option;
} suggestions[] = {
    {"forward", "--padding", "--pad"},
    {"forward", "--pads", "--pad"},
    {"forward", "--kernel-size", "--kernel"},
    {"forward", "--kernel_size", "--kernel"},
    {"forward", "--ksize", "--kernel"},
    {"forward", "--pool_size", "--kernel"},
    {"forward", "--strides", "--stride"},
    {"gradient", "--gradient", "--source-gradient"},
    {"gradient", "--grad_output", "--source-gradient"},
    {"gradient", "--dy", "--source-gradient"},
    {"forward", "--dtype", "--format"},
    {"verify", "--dtype", "--actual-format"},
    {"bench", "--dtype", "--format"},
    {"forward", "--ceil_mode", "--ceil-mode"},
    {"forward", "--count_include_pad", "--count-include-pad"},
    {"forward", "--return_indices", "--picks"},
    {"forward", "--input", "--source"},
    {"forward", "--out", "--output"},
    {"verify", "--dx", "--actual"},
    {"verify", "--output", "--actual"},
    {"gradient", "--dx", "--output"},
    {"forward", "--data_format", "--layout"},
    {"forward", "--auto_pad", "--padding-policy"},
    {"bench", "--shape", "--input-size"},
    {"explain", "--element", "--at"},
    {"forward", "--sorce", "--source"},
    {"forward", "--soucre", "--source"},
    {"forward", "--Kernel", "--kernel"},
    {"forward", "--kernel_widht", "--kernel-width"},
    {"forward", "--kernel_h", "--kernel-height"},
    {"forward", "--kernel-x", "--kernel-width"},
    {"forward", "--stride-h", "--stride-y"},
    {"forward", "--stride_w", "--stride-x"},
    {"forward", "--dilation-height", "--dilation-y"},
    {"forward", "--pad-h", "--pad-top"},
    {"forward", "--clip-w", "--clip-width"},
    {"forward", "--kernel-d", "--kernel-depth"},
    {"forward", "-kernel", "--kernel"},
    {"forward", "-k", "--kernel"},
    {"forward", "-o", "--output"},
    {"gradient", "--source_gradient=g.npy", "--source-gradient"},
};

Test(command, suggestions)
{
    for (size_t i = 0; i < sizeof suggestions / sizeof *suggestions; i++) {
        char line[SCENE_LINE], expected[SCENE_LINE];
        const struct suggestion *row = &suggestions[i];
        snprintf(line, sizeof line, "%s %s 1", row->command, row->word);
        char dialects[DIALECT_NAMES];
        const size_t length = strcspn(row->word, "=");
        const bool takes = strcmp(row->command, "bench") != 0;
        poolgrad_dialects_with(takes ? COMMAND_FORWARD : COMMAND_BENCH, row->word + 2, length - 2, dialects);
        if (strncmp(row->word, "--", 2) == 0)
            snprintf(expected, sizeof expected,
                     "poolgrad %s: %.*s is no option of this command; did you mean %s?%s%s%s\n", row->command,
                     (int)length, row->word, row->option, *dialects ? " (a word of --dialect " : "", dialects,
                     *dialects ? ")" : "");
        else
            snprintf(expected, sizeof expected,
                     "poolgrad %s: '%s' is no option; expected --name value, did you mean %s?\n", row->command,
                     row->word, row->option);
        process_result result = process_run(NULL, line);
        cr_expect(result.status == 2 && strcmp(result.err, expected) == 0, "%sexpected: %s", result.err, expected);
        process_release(&result);
    }
}

/* Names that are hostile to a terminal or a line. */
Test(command, control_characters_are_not_repeated, .init = scene_enter, .fini = scene_leave)
{
    static const char *const lines[][8] = {
        {"forward", "--source", "a\nb\033[31m.npy", "--output", "y.npy", "--kind=max", "--kernel=2", NULL},
        {"forward", "--no\nsuch", NULL},
        {"\r\n\033[2J", NULL},
        {"forward", "--kind", "m\tax\177", NULL},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        process running = process_start(&scene_setting, lines[i]);
        process_result result = process_finish(&running);
        cr_expect(result.status == 2 && process_speaks_plainly(&result), "%s", result.err);
        const char *letter = result.err;
        while (*letter && !iscntrl((unsigned char)*letter)) letter++;
        cr_expect(letter[0] == '\n' && letter[1] == '\0', "%s", result.err);
        process_release(&result);
    }
}

/* Threads that cannot be had are refused, not left out. */
Test(command, threads_without_openmp, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    scene_write_bad_files();
    if (poolgrad_has_openmp()) {
        cr_expect(scene_runs("forward --source x.npy --output y.npy --threads 2 " A2));
    } else {
        cr_expect(scene_refuses("forward --source x.npy --output out.npy --threads 2 " A2,
                                "--threads is 2; expected 1, poolgrad was built without OpenMP"));
    }
}

/* What arrives, in pieces of any size, until a moment passes without more. */
static size_t read_terminal(int terminal, char *text, size_t capacity)
{
    enum { PATIENCE = 500 }; /* milliseconds */
    struct pollfd ready = {.fd = terminal, .events = POLLIN};
    size_t size = 0;
    while (size < capacity && poll(&ready, 1, PATIENCE) > 0) {
        ssize_t more = read(terminal, text + size, capacity - size);
        if (more <= 0) break;
        size += (size_t)more;
    }
    return size;
}

/* A bar on a terminal, after a moment of silence; cleared at the end. */
Test(command, progress)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), kept = dup(STDERR_FILENO);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) cr_skip_test("no terminal to be had");
    int other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    cr_assert(other >= 0 && dup2(other, STDERR_FILENO) >= 0);
    struct progress progress = poolgrad_progress_begin("working", 4);
    poolgrad_progress_update(&progress, 1);
    bool early = progress.drawn > 0;
    progress.started -= 10; /* as if seconds had passed */
    poolgrad_progress_update(&progress, 2);
    progress.drawn -= 10;
    poolgrad_progress_tell(&progress, 3, "3 of 4 cases, 1 failed");
    poolgrad_progress_end(&progress);
    char text[512] = "";
    size_t size = read_terminal(terminal, text, sizeof text - 1);
    cr_assert(dup2(kept, STDERR_FILENO) >= 0);
    close(other);
    close(terminal);
    cr_expect(!early && size > 0 && strstr(text, "working"), "\"%s\"", text);
    cr_expect(strstr(text, "[####################                    ]  50 %") != NULL, "\"%s\"", text);
    cr_expect(strstr(text, "\rworking [#######   ]  75 %  3 of 4 cases, 1 failed, ") != NULL, "\"%s\"", text);
    cr_expect(size > 0 && text[size - 1] == '\r', "\"%s\"", text);
}

Test(command, environment, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    process_setting setting = {.folder = scene_folder, .name = "POOLGRAD_MAX_ISA", .value = "fastest"};
    process_result result = process_run(&setting, F M2);
    cr_expect(result.status == 2 && process_speaks_plainly(&result), "%s", result.err);
    cr_expect(strstr(result.err, "POOLGRAD_MAX_ISA is 'fastest'; expected best, scalar") != NULL, "%s", result.err);
    process_release(&result);
    setting.value = "scalar";
    result = process_run(&setting, F M2);
    cr_expect(result.status == 0 && !*result.err, "%s", result.err);
    process_release(&result);
}

/* ---- Notes ------------------------------------------------------------------------------------------------------- */

static const struct note {
    const char *line, *notes[3];
} notes[] = {
    {F M2 " --zero-pad 1", {"--zero-pad has no effect: only average pooling counts padding"}},
    {F M2 " --pad 1 --count-include-pad", {"--count-include-pad has no effect: only average pooling counts padding"}},
    {F A2 " --edge-mode zero --zero-pad-x 1", {"--zero-pad-x has no effect: edge mode zero always counts every tap"}},
    {F M2 " --padding-policy same --exclude-edges", {"--exclude-edges has no effect: only average pooling excludes"}},
    {F A2 " --padding-policy same --exclude-edges --edge-mode zero",
     {"--edge-mode has no effect: --exclude-edges sets it to clamp"}},
    {F A2 " --ties last", {"--ties has no effect: only max pooling has ties"}},
    {F A2 " --nan last", {"--nan has no effect: only max pooling chooses among NaNs"}},
    {F M2 " --accumulator float64", {"--accumulator has no effect: forward max adds nothing"}},
    {F "--kind l2norm --kernel 2 --accumulator float64",
     {"--accumulator has no effect: L2-norm always works in float64"}},
    {F A2 " --format float64 --accumulator float32", {"--accumulator has no effect: with float64 tensors"}},
    {G M " --format float64 --accumulator float32", {"--accumulator has no effect: with float64 tensors"}},
    {F A2 " --channels 4", {"--channels has no effect: only layouts of slices leave it open"}},
    {F A2 " --kernel-width 3 --kernel-height 3", {"--kernel has no effect: each axis has an option of its own"}},
    {F A2 " --stride 2 --stride-x 3 --stride-y 3", {"--stride has no effect: each axis has an option of its own"}},
    {F A2 " --pad-right 3 --output-width 4", {"--pad-right has no effect: --output-width says the size"}},
    {F A2 " --ceil-mode --output-width 4 --output-height 4", {"--ceil-mode has no effect"}},
    {F A2 " --ceil-drop --output-width 4 --output-height 4", {"--ceil-drop has no effect"}},
    {F A2 " --padding-policy same --align top-left --remainder-to top-left",
     {"--remainder-to has no effect: only centered padding has a remainder"}},
    {F A2 " --ties last --nan last", {"--ties has no effect", "--nan has no effect"}},
    {G M " --indices none.npy --ties last --nan last --edge-mode zero",
     {"--ties has no effect: the indices have chosen already", "--nan has no effect: the indices",
      "--edge-mode has no effect: the indices"}},
    {G "--kind max --kernel 3",
     {"--source-gradient is 4 x 5 (height x width), where forward with these options gives 5 x 7; --stride 2 --pad 1 "
      "or "
      "--stride 2 --padding-policy same would fit"}},
    {G "--kind max --kernel 3 --stride 2",
     {"--source-gradient is 4 x 5 (height x width), where forward with these options gives 3 x 4; --pad 1 or "
      "--padding-policy same would fit"}},
    {G "--kind max --kernel 2 --stride 2", {"gives 3 x 4; --pad 1 or --ceil-drop or --padding-policy same would fit"}},
    {G "--kind max --kernel 2 --stride 3",
     {"gives 2 x 3; no usual pad or stride fits", "wholly outside the source: 11 in each plane"}},
    {"gradient --source g.npy --source-gradient x.npy --output out.npy " M,
     {"--source-gradient is 7 x 9 (height x width), where forward with these options gives 2 x 3; --source and "
      "--source-gradient look swapped",
      "wholly outside the source: 54 in each plane"}},
    {"gradient --source g.npy --source-gradient x.npy --output out.npy --kind max --kernel 3 --stride 2",
     {"--source-gradient is 7 x 9 (height x width), where forward with these options gives 1 x 2; --source and "
      "--source-gradient may be swapped",
      "wholly outside the source: "}},
    {G M " --clip-image 0", {NULL}},
    {G "--kind max --kernel 2 --stride 2 --primary-offset-image 0 --clip-z 0", {"gives 3 x 4; --pad 1 or"}},
    {G M2 " --offset-x 9",
     {"windows of the source gradient wholly outside the source: 16 in each plane; they contribute"}},
    {G M2 " --stride-x 3",
     {"wholly outside the source: 8 in each plane", "--source-gradient is 4 x 5 (height x width), where forward"}},
    {G M2 " --offset-x 100 --offset-y -100", {"wholly outside the source: 20 in each plane"}},
    {F M2 " --output-width 100", {NULL}},
    {F A2 " --ceil-mode --output-width 4", {NULL}},
    {F A2 " --kernel-width 3", {NULL}},
    {G M " --accumulator float64", {NULL}},
};

static void check_notes(const struct note *expected)
{
    process_result result = process_run(&scene_setting, expected->line);
    int lines = 0, wanted = 0;
    cr_expect(result.status == 0 && process_speaks_plainly(&result), "%s\n%s", expected->line, result.err);
    for (const char *at = result.err; (at = strchr(at, '\n')); at++) lines++;
    for (; wanted < 3 && expected->notes[wanted]; wanted++) {
        cr_expect(strstr(result.err, expected->notes[wanted]) != NULL, "%s\nexpected: %s\ngot: %s", expected->line,
                  expected->notes[wanted], result.err);
    }
    cr_expect(lines == wanted, "%s\nexpected %d lines\ngot: %s", expected->line, wanted, result.err);
    process_release(&result);
}

Test(command, notes, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    poolgrad_image none = scene_tensor(POOLGRAD_INT32, POOLGRAD_NCHW, 2, 8, 4, 5);
    memset(none.data, -1, 2 * 8 * 4 * 5 * sizeof(int32_t));
    scene_write_image(&none, 4, "none.npy");
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) check_notes(&notes[i]);
    view_free(&none);
}

/* ---- Exact mode -------------------------------------------------------------------------------------------------- */

static bool has_exact_mode(void)
{
    process_result result = process_run(NULL, "info");
    const bool has = strstr(result.out, "\nmodes             fast, reference, exact (GMP ") != NULL;
    cr_expect(has ||
                  strstr(result.out, "\nmodes             fast, reference (built without GMP and MPFR: not exact)\n"),
              "%s", result.out);
    process_release(&result);
    return has;
}

Test(command, exact_mode, .init = scene_enter, .fini = scene_leave)
{
    static const struct note exact_notes[] = {
        {F A2 " --mode exact", {NULL}},
        {G M " --mode exact", {NULL}},
        {F A2 " --mode exact --accumulator float64", {"--accumulator has no effect: exact sums have no width"}},
        {G "--kind l2norm --kernel 3 --stride 2 --pad 1 --mode exact --max-isa scalar",
         {"--max-isa has no effect: exact mode uses none"}},
        {G M " --mode exact --accumulator float32 --max-isa scalar",
         {"--accumulator has no effect: exact sums", "--max-isa has no effect: exact mode"}},
    };
    const bool has = has_exact_mode();
    scene_write();
    for (size_t i = 0; i < sizeof exact_notes / sizeof *exact_notes; i++) {
        if (has)
            check_notes(&exact_notes[i]);
        else
            cr_expect(scene_refuses(exact_notes[i].line, "--mode is exact; expected fast or reference, poolgrad was "
                                                         "built without GMP and MPFR; install libgmp-dev and "
                                                         "libmpfr-dev (the names of Debian's packages)"));
    }
}

/* ---- Words of enumerations --------------------------------------------------------------------------------------- */

#define WORDS(type)                                                                                                    \
    static const char *word_of_##type(int64_t value)                                                                   \
    {                                                                                                                  \
        return poolgrad_##type##_name((poolgrad_##type)value);                                                         \
    }
WORDS(kind)
WORDS(edge_mode)
WORDS(tie_rule)
WORDS(nan_rule)
WORDS(accumulator)
WORDS(layout)
WORDS(format)
WORDS(direction)
WORDS(mode)

/* The command's words are the library's: all of them, but where an option takes some formats only. */
Test(command, words_are_the_librarys)
{
    static const struct {
        enum option option;
        const char *(*word)(int64_t value);
        const char *other; /* that no value of the library has */
    } rows[] = {{OPTION_KIND, word_of_kind, "dilated-max"},
                {OPTION_EDGE_MODE, word_of_edge_mode, NULL},
                {OPTION_TIES, word_of_tie_rule, NULL},
                {OPTION_JUDGED_TIES, word_of_tie_rule, "any"},
                {OPTION_NAN, word_of_nan_rule, NULL},
                {OPTION_ACCUMULATOR, word_of_accumulator, NULL},
                {OPTION_PLANE_LAYOUT, word_of_layout, NULL},
                {OPTION_LAYOUTS, word_of_layout, NULL},
                {OPTION_SOURCE_FORMAT, word_of_format, NULL},
                {OPTION_FORMAT, word_of_format, NULL},
                {OPTION_PICKS_FORMAT, word_of_format, NULL},
                {OPTION_DIRECTIONS, word_of_direction, NULL},
                {OPTION_MODE, word_of_mode, NULL},
                {OPTION_POOLING_MODE, word_of_mode, "exact"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct choice *choices = poolgrad_options[rows[i].option].choices;
        int64_t known = 0;
        for (const struct choice *choice = choices; choice->name; choice++) {
            if (rows[i].other && strcmp(choice->name, rows[i].other) == 0) continue;
            const char *word = rows[i].word(choice->value);
            cr_expect(word && strcmp(word, choice->name) == 0, "--%s %s", poolgrad_options[rows[i].option].name,
                      choice->name);
            known |= INT64_C(1) << choice->value;
        }
        for (int64_t value = 0; rows[i].word != word_of_format && rows[i].word(value); value++)
            cr_expect(known >> value & 1, "--%s lacks %s", poolgrad_options[rows[i].option].name, rows[i].word(value));
    }
}

/* ---- Help and manual --------------------------------------------------------------------------------------------- */

/* "--pad" in "--pad N", but not in "--pad-left N". */
static bool names_option(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = text; (at = strstr(at, "--")); at++) {
        char next = at[2] ? at[2 + strnlen(at + 2, length)] : '\0';
        if (strncmp(at + 2, name, length) == 0 && next != '-' && !isalnum((unsigned char)next)) return true;
    }
    return false;
}

/* No line ends in a blank or is longer than 104 letters; all ends with a line's end. */
static void check_page(const char *text, const char *name)
{
    cr_expect(*text && text[strlen(text) - 1] == '\n', "%s", name);
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        cr_expect(end == text || end[-1] != ' ', "%s: a blank ends the line %.*s", name, (int)(end - text), text);
        cr_expect(end - text <= 104, "%s: a long line: %.*s", name, (int)(end - text), text);
    }
}

Test(command, help)
{
    static const enum command commands[] = {COMMAND_FORWARD, COMMAND_GRADIENT, COMMAND_GRAPH,
                                            COMMAND_BENCH,   COMMAND_INFO,     COMMAND_SUITE,
                                            COMMAND_VERIFY,  COMMAND_EXPLAIN,  COMMAND_COMPLETION};
    static const char *const ways[] = {"%s --help", "help %s", "--help %s", "%s --kernel x --nonsense --help",
                                       "-h %s",     "%s -h"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            const char *name = poolgrad_command_name(commands[i]);
            char line[SCENE_LINE];
            snprintf(line, sizeof line, ways[way], name);
            process_result result = process_run(NULL, line);
            cr_expect(result.status == 0 && !*result.err, "%s: %s", line, result.err);
            cr_expect(strstr(result.out, "Example") != NULL && strstr(result.out, name) != NULL, "%s", line);
            check_page(result.out, line);
            for (int option = 0; option < OPTION_COUNT; option++) {
                bool takes = (poolgrad_options[option].commands & (int)commands[i]) != 0;
                bool named = names_option(result.out, poolgrad_options[option].name);
                cr_expect(named || !takes, "%s lacks --%s", line, poolgrad_options[option].name);
            }
            process_release(&result);
        }
    }
}

Test(command, version_and_help_by_each_name)
{
    static const char *const versions[] = {"--version", "-V", "version"}, *const helps[] = {"--help", "-h", "help"};
    for (int i = 0; i < 3; i++) {
        process_result result = process_run(NULL, versions[i]);
        cr_expect(result.status == 0 && !*result.err, "%s", result.err);
        cr_expect(strncmp(result.out, "poolgrad ", 9) == 0 && strstr(result.out, poolgrad_version()), "%s", result.out);
        process_release(&result);
        result = process_run(NULL, helps[i]);
        cr_expect(result.status == 0 && !*result.err && strstr(result.out, "gradient"), "%s", result.out);
        check_page(result.out, helps[i]);
        process_release(&result);
    }
}

Test(command, words_about_itself)
{
    process_result result = process_run(NULL, "");
    cr_expect(result.status == 2 && result.out_size == 0 && strstr(result.err, "gradient"), "%s", result.err);
    process_release(&result);
    result = process_run(NULL, "info");
    cr_expect(result.status == 0 && !*result.err, "%s", result.err);
    check_page(result.out, "info");
    for (poolgrad_format format = POOLGRAD_UNORM8; poolgrad_format_name(format); format++) {
        cr_expect(strstr(result.out, poolgrad_format_name(format)) != NULL, "%s", result.out);
    }
    cr_expect(strstr(result.out, poolgrad_version()) && strstr(result.out, "scalar"), "%s", result.out);
    bool graphs = strstr(result.out, "\ngraphs            read with jansson ") != NULL;
    cr_expect(graphs || strstr(result.out, "\ngraphs            not read (built without jansson)\n"), "%s", result.out);
    process_release(&result);
    result = process_run(NULL, "graph --graph /dev/null --describe");
    cr_expect(result.status == 2 && result.out_size == 0, "%s", result.out);
    cr_expect(strstr(result.err, graphs ? "poolgrad graph: /dev/null: line 1, column 0: "
                                        : "poolgrad graph: poolgrad was built without jansson, which reads graphs; "
                                          "install libjansson-dev (the names of Debian's packages), and build"),
              "%s", result.err);
    process_release(&result);
    result = process_run(NULL, "info --input-size 1,2,4,6 --kernel 2 --stride 2 --kind max --max-isa scalar");
    cr_expect(result.status == 0 && !*result.err, "%s", result.err);
    cr_expect(strstr(result.out, "gradient/max/nchw/float32/1x2x4x6_k2s2p0") &&
                  strstr(result.out, "/1x2x4x6_k2s2p0                 gradient/max/lanes/") &&
                  strstr(result.out, "/scalar\n"),
              "%s", result.out);
    process_release(&result);
    result = process_run(NULL, "info --workload tiny --kind average --direction forward --mode reference");
    cr_expect(result.status == 0 && strstr(result.out, " forward/average/reference\n"), "%s%s", result.out, result.err);
    process_release(&result);
    result = process_run(NULL, "info --input-size 1,4,20,20 --kernel 2 --root-mean --kind l2norm");
    cr_expect(result.status == 0 && strstr(result.out, " gradient/l2norm/"), "%s%s", result.out, result.err);
    process_release(&result);
}

static char *read_manual(void)
{
    const char *path = getenv("POOLGRAD_MANUAL_PATH");
    char beside[SCENE_PATH] = __FILE__;
#if defined(POOLGRAD_MANUAL_PATH)
    if (!path) path = POOLGRAD_MANUAL_PATH;
#endif
    char *slash = strrchr(beside, '/');
    snprintf(slash ? slash : beside, SCENE_PATH / 2, "%s", slash ? "/../docs/poolgrad.1" : "docs/poolgrad.1");
    FILE *file = fopen(path ? path : beside, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    char *text = calloc(size + 1, 1);
    rewind(file);
    size = fread(text, 1, size, file);
    fclose(file);
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] != '\\' || from[1] != '-') *to++ = *from;
    }
    *to = '\0';
    return text;
}

Test(command, manual)
{
    char *text = read_manual();
    cr_assert(text, "docs/poolgrad.1 cannot be read");
    for (int option = 0; option < OPTION_COUNT; option++) {
        cr_expect(names_option(text, poolgrad_options[option].name), "lacks --%s", poolgrad_options[option].name);
    }
    free(text);
}

/* The tables above leave none out. */
Test(command, every_option_has_a_test)
{
    static const char elsewhere[] = "--source --source-gradient --output --indices --picks --picks-format --add-to "
                                    "--indices-format --source-layout --source-gradient-layout --indices-layout "
                                    "--picks-layout --output-layout "
                                    "--source-width --source-height --channels --source-format "
                                    "--source-gradient-format --help --print-problem --source-depth --adaptive-depth "
                                    "--adaptive-height --windows-z --zero-pad-front --zero-pad-back --dialect ";
    for (int option = 0; option < OPTION_COUNT; option++) {
        const struct option_description *description = &poolgrad_options[option];
        bool forward = !(description->commands & COMMAND_FORWARD),
             gradient = !(description->commands & COMMAND_GRADIENT);
        for (size_t i = 0; i < sizeof forward_rows / sizeof *forward_rows; i++) {
            forward = forward || names_option(forward_rows[i].with, description->name);
        }
        for (size_t i = 0; i < sizeof gradient_rows / sizeof *gradient_rows; i++) {
            gradient = gradient || names_option(gradient_rows[i].with, description->name);
        }
        cr_expect((forward && gradient) || names_option(elsewhere, description->name), "--%s", description->name);
    }
}
