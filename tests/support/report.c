/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "encoding.h"
#include "view.h"
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *suite, *test;
    const test_case *made;
    char repeat[256]; /* ready for a signal handler, which must not format */
} current;

static void print_repeat_and_die(int signal_number)
{
    static const char crashed[] = "\ncrashed; repeat with\n    ";
    ssize_t written = write(STDERR_FILENO, crashed, sizeof crashed - 1);
    written = write(STDERR_FILENO, current.repeat, (unsigned)strlen(current.repeat));
    (void)written;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void report_begin(const char *suite, const char *test, const test_case *made)
{
    current.suite = suite;
    current.test = test;
    current.made = made;
    snprintf(current.repeat, sizeof current.repeat,
             "POOLGRAD_TEST_SEED=0x%016" PRIx64 " POOLGRAD_TEST_CASES=1 "
             "./tests/test_%s --filter '%s/%s'\n",
             made->seed, suite, suite, test);
    signal(SIGSEGV, print_repeat_and_die);
#if defined(SIGBUS)
    signal(SIGBUS, print_repeat_and_die);
#endif
    signal(SIGFPE, print_repeat_and_die);
    signal(SIGABRT, print_repeat_and_die);
}

/* ---- The case in words --------------------------------------------------------------------------------------- */

static void print_extent(int64_t extent)
{
    if (extent == POOLGRAD_ALL)
        fprintf(stderr, "all");
    else
        fprintf(stderr, "%" PRId64, extent);
}

static void print_region(const char *name, const poolgrad_region *region)
{
    fprintf(stderr, "    %s from x %" PRId64 ", y %" PRId64 ", z %" PRId64 ", image %" PRId64 ", width ", name,
            region->x, region->y, region->z, region->image);
    print_extent(region->width);
    fprintf(stderr, ", height ");
    print_extent(region->height);
    fprintf(stderr, ", depth ");
    print_extent(region->depth);
    fprintf(stderr, ", images ");
    print_extent(region->images);
    fprintf(stderr, "\n");
}

static void print_image(const char *name, const poolgrad_const_image *image)
{
    static const char *const layouts[] = {"nchw", "nhwc", "nc4hw4", "nc8hw8", "nc16hw16", "nc32hw32"};
    if (image->format == POOLGRAD_FORMAT_NONE) return;
    fprintf(stderr, "    %s %s %s, n %" PRId64 " c %" PRId64 " d %" PRId64 " h %" PRId64 " w %" PRId64, name,
            poolgrad_format_name(image->format), layouts[image->layout], image->images, image->channels, image->depth,
            image->height, image->width);
    fprintf(stderr, ", strides n %" PRId64 " c %" PRId64 " z %" PRId64 " y %" PRId64 " x %" PRId64 "%s%s\n",
            image->image_stride, image->channel_stride, image->depth_stride, image->row_stride, image->column_stride,
            image->expanded ? ", expanded" : "", image->data ? "" : ", no data");
}

static void print_windows(const poolgrad_problem *p)
{
    const poolgrad_window *w = &p->window;
    fprintf(stderr, ", kernel %" PRId64 "x%" PRId64 "x%" PRId64, w->kernel_width, w->kernel_height, w->kernel_depth);
    fprintf(stderr, ", stride %" PRId64 ",%" PRId64 ",%" PRId64, w->stride_x, w->stride_y, w->stride_z);
    fprintf(stderr, ", dilation %" PRId64 ",%" PRId64 ",%" PRId64 "\n", w->dilation_x, w->dilation_y, w->dilation_z);
    fprintf(stderr, "    offset x %" PRId64 ", y %" PRId64 ", z %" PRId64 ", image %" PRId64, p->offset_x, p->offset_y,
            p->offset_z, p->offset_image);
    fprintf(stderr, ", kernel offset x %" PRId64 ", y %" PRId64 ", z %" PRId64 "\n", p->kernel_offset_x,
            p->kernel_offset_y, p->kernel_offset_z);
}

static void print_table(const char *name, const poolgrad_table *table)
{
    if (table->count == 0) return;
    fprintf(stderr, "    windows along %s:", name);
    for (int64_t i = 0; i < table->count; ++i)
        fprintf(stderr, " %" PRId64 "+%" PRId64, table->spans[i].first, table->spans[i].size);
    fprintf(stderr, "\n");
}

static void print_padding(const poolgrad_problem *p)
{
    fprintf(stderr, "zero pad %" PRId64 ",%" PRId64 ",%" PRId64, p->zero_pad_x, p->zero_pad_y, p->zero_pad_z);
    fprintf(stderr,
            ", left %" PRId64 " top %" PRId64 " front %" PRId64 " right %" PRId64 " bottom %" PRId64 " back %" PRId64,
            p->zero_pad_left, p->zero_pad_top, p->zero_pad_front, p->zero_pad_right, p->zero_pad_bottom,
            p->zero_pad_back);
}

static void print_rules(const poolgrad_problem *p)
{
    static const char *const directions[] = {"forward", "gradient"};
    static const char *const kinds[] = {"average", "max", "l2norm"};
    static const char *const edges[] = {"zero", "clamp"};
    static const char *const ties[] = {"first", "last", "all", "split"};
    static const char *const nans[] = {"first", "last", "ignore"};
    fprintf(stderr, "    %s %s%s", directions[p->direction], p->root_mean ? "root mean " : "", kinds[p->kind]);
    print_windows(p);
    fprintf(stderr, "    edge mode %s, ties %s, nan %s, accumulator float%s, divisor %" PRId64 "\n    ",
            edges[p->edge_mode], ties[p->ties], nans[p->nan], p->accumulator ? "64" : "32", p->divisor);
    print_padding(p);
    fprintf(stderr, "\n");
    fprintf(stderr, "    mapping %s%s, threads %d, max isa %d\n", p->mapping ? "clip" : "source",
            p->add_to_destination ? ", added to the destination" : "", p->threads, (int)p->max_isa);
}

static void print_channels(const char *name, int64_t offset, int64_t count)
{
    fprintf(stderr, "    channels of the %s from %" PRId64 ", count ", name, offset);
    print_extent(count);
    fprintf(stderr, "\n");
}

static void print_case(const test_case *made)
{
    const poolgrad_problem *p = &made->problem;
    fprintf(stderr, "%s/%s, seed 0x%016" PRIx64 ":\n", current.suite, current.test, made->seed);
    print_rules(p);
    print_channels("source", p->source_channel_offset, p->source_channel_count);
    if (p->direction == POOLGRAD_GRADIENT) {
        print_channels("source gradient", p->gradient_channel_offset, p->gradient_channel_count);
        print_region("gradient region", &p->gradient_region);
    }
    print_channels("destination", p->destination_channel_offset, POOLGRAD_ALL);
    print_region("clip", &p->clip);
    print_table("x", &p->windows_x);
    print_table("y", &p->windows_y);
    print_table("z", &p->windows_z);
    print_image("source         ", &p->source);
    print_image("source gradient", &p->source_gradient);
    print_image("destination    ", VIEW(&p->destination));
    print_image("indices        ", &p->indices);
    print_image("picks          ", VIEW(&p->picks));
    fprintf(stderr, "repeat with\n    %s", current.repeat);
}

bool report_failure(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    print_case(current.made);
    return false;
}

bool report_status(poolgrad_status status, const poolgrad_error *error)
{
    if (status == POOLGRAD_OK) return true;
    return report_failure("refused with status %d: %s", (int)status, error->message);
}

/* ---- Comparisons --------------------------------------------------------------------------------------------- */

static void print_difference(const char *what, const poolgrad_const_image *image, view_place at, uint64_t expected,
                             uint64_t actual)
{
    int digits = 2 * (int)number_size(image->format);
    fprintf(stderr,
            "%s at n %" PRId64 ", c %" PRId64 ", z %" PRId64 ", y %" PRId64 ", x %" PRId64 ": expected 0x%0*" PRIx64
            " (%.17g), found 0x%0*" PRIx64 " (%.17g)\n",
            what, at.n, at.c, at.z, at.y, at.x, digits, expected, number_decode(image->format, expected), digits,
            actual, number_decode(image->format, actual));
}

bool report_read_same_elements(const char *what, const poolgrad_const_image *expected,
                               const poolgrad_const_image *actual)
{
    enum { SHOWN = 8 };
    int64_t differences = 0;
    VIEW_EACH(at, expected)
    {
        uint64_t left = view_bits_at(expected, at), right = view_bits_at(actual, at);
        if (left == right || differences++ >= SHOWN) continue;
        print_difference(what, expected, at, left, right);
    }
    return differences == 0 || report_failure("%" PRId64 " elements of %s differ", differences, what);
}

/* Finds the stored element that a byte belongs to; fails for a byte between elements. */
static bool find_element(const poolgrad_image *image, const unsigned char *byte, view_place *found)
{
    poolgrad_const_image stored = *VIEW(image);
    stored.channels = view_stored_channels(image);
    VIEW_EACH(at, &stored)
    {
        const unsigned char *first = view_at_place(&stored, at);
        *found = at;
        if (byte >= first && byte < first + number_size(image->format)) return true;
    }
    return false;
}

bool report_same_bytes(const char *what, const poolgrad_image *image, const guard_buffer *actual,
                       const unsigned char *expected)
{
    if (!actual->mapping || memcmp(actual->bytes, expected, actual->size) == 0) return true;
    size_t i = 0;
    while (actual->bytes[i] == expected[i]) ++i;
    view_place at;
    if (view_is_empty(image) || !find_element(image, actual->bytes + i, &at))
        return report_failure("%s: byte %zu, which is no element's, was 0x%02x and became 0x%02x", what, i, expected[i],
                              actual->bytes[i]);
    poolgrad_const_image moved = *VIEW(image);
    moved.data = expected + ((unsigned char *)image->data - actual->bytes);
    print_difference(what, VIEW(image), at, view_bits_at(&moved, at), view_bits_at(image, at));
    return report_failure("the bytes of %s differ%s", what, at.c >= image->channels ? " in an unused lane" : "");
}

bool report_intact(void)
{
    return case_intact(current.made) || report_failure("a source or a byte beside an image was written");
}
