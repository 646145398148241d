/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed list of problems and the digests of their results in tests/golden.txt: the bits are the same on every
 * machine, by every instruction set, in every version. The digests come from the tests' literal computation, not from
 * the library; POOLGRAD_GOLDEN_WRITE=1 writes them again.
 */
#include "support/case.h"
#include "support/contender.h"
#include "support/encoding.h"
#include "support/literal.h"
#include "support/random.h"
#include "support/view.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole vectors and tails of 4, 8, 16 and 32 lanes, in rows and in pixels. */
enum { IMAGES = 2, CHANNELS = 19, HEIGHT = 11, WIDTH = 37 };

enum { NAME = 80, MOST_CASES = 200 };

typedef struct golden {
    char name[NAME];
    poolgrad_problem problem; /* images without data */
    bool ties;                /* few different values */
} golden;

static golden cases[MOST_CASES];
static int case_count;

static const char *const directions[] = {"forward", "gradient"}, *const kinds[] = {"average", "max", "l2norm"};
static const char *const layouts[] = {"nchw", "nhwc", "nc4hw4"}, *const edges[] = {"zero", "clamp"};
static const char *const tie_rules[] = {"first", "last", "all", "split"};
static const char *const nan_rules[] = {"first", "last", "ignore"};

enum { DIRECTIONS = 2, KINDS = 3, LAYOUTS = 3, EDGES = 2, TIE_RULES = 4, NAN_RULES = 3 };

static const poolgrad_format floats[] = {POOLGRAD_FLOAT32, POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT64};
static const poolgrad_format wholes[] = {POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP8, POOLGRAD_TAP16, POOLGRAD_TAP32};
enum { FLOATS = 4, WHOLES = 5 };

/* ---- The list -------------------------------------------------------------------------------------------------- */

static poolgrad_image image_of(poolgrad_format format, poolgrad_layout layout, int64_t height, int64_t width)
{
    return poolgrad_image_dense(NULL, format, layout, IMAGES, CHANNELS, height, width);
}

/* Windows with `pad` pixels before and behind the image; the image that has a pixel for each follows. */
static void place(poolgrad_problem *p, poolgrad_window w, int64_t pad)
{
    int64_t extent_x = (w.kernel_width - 1) * w.dilation_x + 1, extent_y = (w.kernel_height - 1) * w.dilation_y + 1;
    bool forward = p->direction == POOLGRAD_FORWARD;
    int64_t room_x = WIDTH + 2 * pad - extent_x, room_y = HEIGHT + 2 * pad - extent_y;
    p->window = w;
    p->offset_x = extent_x / 2 - pad;
    p->offset_y = extent_y / 2 - pad;
    *(forward ? &p->destination.width : &p->source_gradient.width) = room_x < 0 ? 1 : room_x / w.stride_x + 1;
    *(forward ? &p->destination.height : &p->source_gradient.height) = room_y < 0 ? 1 : room_y / w.stride_y + 1;
}

/* 3x3 windows with stride 2 and one pixel of padding. */
static poolgrad_problem problem_of(poolgrad_direction direction, poolgrad_kind kind, poolgrad_format format,
                                   poolgrad_layout layout)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = direction;
    p.kind = kind;
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.destination = image_of(format, layout, HEIGHT, WIDTH);
    p.source = view_read(p.destination);
    if (direction == POOLGRAD_GRADIENT) p.source_gradient = p.source;
    place(&p, (poolgrad_window){3, 3, 1, 2, 2, 1, 1, 1, 1}, 1);
    return p;
}

static golden *add(const poolgrad_problem *p, const char *variant)
{
    if (case_count == MOST_CASES) abort();
    golden *made = &cases[case_count++];
    made->problem = *p;
    int length = snprintf(made->name, sizeof made->name, "%s/%s/%s/%s/%s", directions[p->direction], kinds[p->kind],
                          layouts[p->destination.layout], poolgrad_format_name(p->destination.format), variant);
    if (length < 0 || length >= NAME) abort();
    return made;
}

static void add_formats(void)
{
    for (int d = 0; d < DIRECTIONS; ++d)
        for (int k = 0; k < KINDS; ++k)
            for (int f = 0; f < FLOATS; ++f)
                for (int l = 0; l < LAYOUTS; ++l) {
                    poolgrad_problem p = problem_of((poolgrad_direction)d, (poolgrad_kind)k, floats[f],
                                                    (poolgrad_layout)l);
                    add(&p, "k3s2p1");
                }
}

static void add_rules(void)
{
    for (int t = 0; t < TIE_RULES; ++t)
        for (int n = 0; n < NAN_RULES; ++n)
            for (int e = 0; e < EDGES; ++e) {
                poolgrad_layout layout = (poolgrad_layout)((t + n + e) % LAYOUTS);
                poolgrad_problem p = problem_of(POOLGRAD_GRADIENT, POOLGRAD_MAX, floats[(t + n) % 2], layout);
                char variant[NAME];
                p.ties = (poolgrad_tie_rule)t;
                p.nan = (poolgrad_nan_rule)n;
                p.edge_mode = (poolgrad_edge_mode)e;
                snprintf(variant, sizeof variant, "k3s2p1_ties-%s_nan-%s_%s", tie_rules[t], nan_rules[n], edges[e]);
                add(&p, variant)->ties = true;
            }
}

/* Forward writes indices, the gradient reads those of the literal computation. */
static void add_indices(void)
{
    for (int i = 0; i < WHOLES; ++i)
        for (int d = 0; d < DIRECTIONS; ++d)
            for (int l = 0; l < LAYOUTS; ++l) {
                poolgrad_problem p = problem_of((poolgrad_direction)d, POOLGRAD_MAX, floats[i % FLOATS],
                                                (poolgrad_layout)l);
                char variant[NAME];
                p.ties = (poolgrad_tie_rule)((i + l) % 2);
                p.nan = (poolgrad_nan_rule)l;
                if (p.direction == POOLGRAD_FORWARD) {
                    p.picks = p.destination;
                    p.picks.format = wholes[i];
                } else {
                    p.indices = p.source_gradient;
                    p.indices.format = wholes[i];
                }
                snprintf(variant, sizeof variant, "k3s2p1_%s_ties-%s_nan-%s", poolgrad_format_name(wholes[i]),
                         tie_rules[p.ties], nan_rules[p.nan]);
                add(&p, variant)->ties = true;
            }
}

static void add_averages(void)
{
    for (int d = 0; d < DIRECTIONS; ++d)
        for (int e = 0; e < EDGES; ++e)
            for (int a = 0; a < 2; ++a) {
                poolgrad_problem p = problem_of((poolgrad_direction)d, POOLGRAD_AVERAGE, floats[e],
                                                (poolgrad_layout)((d + a + e) % LAYOUTS));
                char variant[NAME];
                p.accumulator = (poolgrad_accumulator)a;
                p.edge_mode = (poolgrad_edge_mode)e;
                p.zero_pad_x = 1;
                place(&p, (poolgrad_window){3, 5, 1, 2, 1, 1, 1, 1, 1}, 2);
                snprintf(variant, sizeof variant, "k3x5s2x1p2_%s_sums-float%s", edges[e], a ? "64" : "32");
                add(&p, variant);
            }
}

/* A kind and a layout for each shape, in turn. */
static void add_shapes(void)
{
    static const struct {
        const char *name;
        poolgrad_window window;
        int64_t pad;
    } shapes[] = {
        {"k1s1", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 0},         {"k2s2", {2, 2, 1, 2, 2, 1, 1, 1, 1}, 0},
        {"k3s1p1", {3, 3, 1, 1, 1, 1, 1, 1, 1}, 1},       {"k3s3", {3, 3, 1, 3, 3, 1, 1, 1, 1}, 0},
        {"k5s2p2", {5, 5, 1, 2, 2, 1, 1, 1, 1}, 2},       {"k9s1p4", {9, 9, 1, 1, 1, 1, 1, 1, 1}, 4},
        {"k3s1d2p2", {3, 3, 1, 1, 1, 1, 2, 2, 1}, 2},     {"k3s2d3p3", {3, 3, 1, 2, 2, 1, 3, 3, 1}, 3},
        {"k2s5", {2, 2, 1, 5, 5, 1, 1, 1, 1}, 0},         {"k64x1s1p30", {64, 1, 1, 1, 1, 1, 1, 1, 1}, 30},
        {"k1x64s1p30", {1, 64, 1, 1, 1, 1, 1, 1, 1}, 30}, {"k37x11s1", {WIDTH, HEIGHT, 1, 1, 1, 1, 1, 1, 1}, 0},
        {"k2s64", {2, 2, 1, 64, 64, 1, 1, 1, 1}, 0},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i)
        for (int d = 0; d < DIRECTIONS; ++d) {
            poolgrad_problem p = problem_of((poolgrad_direction)d, (poolgrad_kind)((i + (size_t)d) % KINDS),
                                            floats[i % 2], (poolgrad_layout)(i / 2 % LAYOUTS));
            place(&p, shapes[i].window, shapes[i].pad);
            add(&p, shapes[i].name);
        }
}

static void add_unorms(void)
{
    for (int k = 0; k < KINDS; ++k)
        for (int f = POOLGRAD_UNORM8; f <= POOLGRAD_UNORM16; ++f) {
            poolgrad_problem p = problem_of(POOLGRAD_FORWARD, (poolgrad_kind)k, floats[f - POOLGRAD_UNORM8],
                                            (poolgrad_layout)((k + f) % LAYOUTS));
            p.source.format = (poolgrad_format)f;
            add(&p, f == POOLGRAD_UNORM8 ? "k3s2p1_unorm8" : "k3s2p1_unorm16");
        }
}

/* Every field that moves or cuts something. */
static void add_placements(void)
{
    for (int d = 0; d < DIRECTIONS; ++d)
        for (int k = 0; k < KINDS; ++k) {
            poolgrad_problem p = problem_of((poolgrad_direction)d, (poolgrad_kind)k, floats[k],
                                            (poolgrad_layout)((d + k) % LAYOUTS));
            p.clip = (poolgrad_region){1, 2, 0, WIDTH - 3, POOLGRAD_ALL, POOLGRAD_ALL, 0, POOLGRAD_ALL};
            p.source_channel_offset = 2;
            p.source_channel_count = CHANNELS - 2;
            p.destination_channel_offset = 1;
            p.destination.images = IMAGES + 1;
            if (p.direction == POOLGRAD_GRADIENT) {
                p.gradient_channel_count = CHANNELS - 2;
                p.gradient_region.x = -1;
                p.gradient_region.y = 1;
                p.kernel_offset_x = -2;
                p.mapping = POOLGRAD_MAPPING_CLIP;
                p.add_to_destination = 1;
            }
            add(&p, "k3s2p1_placed");
        }
}

/* Another format and layout for each image. */
static void add_mixtures(void)
{
    for (int k = 0; k < KINDS; ++k) {
        poolgrad_problem p = problem_of(POOLGRAD_GRADIENT, (poolgrad_kind)k, floats[k], (poolgrad_layout)k);
        p.source.layout = (poolgrad_layout)((k + 1) % LAYOUTS);
        p.source.format = floats[k + 1];
        p.source_gradient.layout = (poolgrad_layout)((k + 2) % LAYOUTS);
        p.source_gradient.format = floats[(k + 2) % FLOATS];
        add(&p, "k3s2p1_mixed");
    }
}

static void add_all(void)
{
    add_formats();
    add_rules();
    add_indices();
    add_averages();
    add_shapes();
    add_unorms();
    add_placements();
    add_mixtures();
}

/* ---- Elements -------------------------------------------------------------------------------------------------- */

/* The digest of bytes so far, continued by the lowest `count` bytes of `bits`: FNV-1a. */
static uint64_t digest_bits(uint64_t digest, uint64_t bits, size_t count)
{
    for (size_t i = 0; i < count; ++i) digest = (digest ^ (bits >> (8 * i) & UINT8_MAX)) * UINT64_C(0x100000001b3);
    return digest;
}

static const uint64_t empty_digest = UINT64_C(0xcbf29ce484222325);

static uint64_t digest_text(const char *text)
{
    uint64_t digest = empty_digest;
    for (; *text; ++text) digest = digest_bits(digest, (unsigned char)*text, 1);
    return digest;
}

/* Elements as little-endian bytes in the order n, c, y, x, with the unused lanes. */
static uint64_t digest_image(uint64_t digest, const poolgrad_image *image)
{
    size_t size = number_size(image->format);
    for (int64_t n = 0; n < image->images; ++n)
        for (int64_t c = 0; c < view_stored_channels(image); ++c)
            for (int64_t y = 0; y < image->height; ++y)
                for (int64_t x = 0; x < image->width; ++x)
                    digest = digest_bits(digest, view_bits(image, n, c, y, x), size);
    return digest;
}

/* Whole numbers over a power of two, few where there shall be ties, and any bits now and then. */
static uint64_t element_bits(random_state *r, poolgrad_format format, bool ties)
{
    enum { STEPS = 1 << 20 };
    bool any = number_mantissa_bits(format) == 0 || random_chance(r, 1);
    if (any) return random_bits(r);
    if (ties) return number_encode(format, random_chance(r, 10) ? -0.0 : (double)random_between(r, -2, 2));
    return number_encode(format,
                         (double)random_between(r, -STEPS, STEPS) / (double)(INT64_C(1) << random_between(r, 10, 24)));
}

static void make_image(poolgrad_image *image, random_state *r, bool ties)
{
    enum { NOT_A_RESULT = 0xa7 };
    *image = view_new(image->format, image->layout, image, NOT_A_RESULT);
    for (int64_t n = 0; n < image->images; ++n)
        for (int64_t c = 0; c < image->channels; ++c)
            for (int64_t y = 0; y < image->height; ++y)
                for (int64_t x = 0; x < image->width; ++x)
                    view_set_bits(image, n, c, y, x, element_bits(r, image->format, ties));
}

static void make_source(poolgrad_const_image *source, random_state *r, bool ties)
{
    poolgrad_image image = view_writable(source);
    make_image(&image, r, ties);
    *source = view_read(image);
}

static void make_indices(poolgrad_problem *p)
{
    poolgrad_problem forward = case_forward_of(p);
    forward.picks = view_new(p->indices.format, p->indices.layout, &p->indices, 0);
    p->indices = view_read(forward.picks);
    forward.destination = view_new(POOLGRAD_FLOAT32, POOLGRAD_NCHW, &p->source_gradient, 0);
    literal_run(&forward);
    view_free(&forward.destination);
}

/* The problem with its images' memory, the same each time. */
static poolgrad_problem make(const golden *g)
{
    poolgrad_problem p = g->problem;
    random_state r = {digest_text(g->name)};
    make_source(&p.source, &r, g->ties);
    make_image(&p.destination, &r, false);
    if (p.direction == POOLGRAD_GRADIENT) make_source(&p.source_gradient, &r, false);
    if (p.indices.format != POOLGRAD_FORMAT_NONE) make_indices(&p);
    if (p.picks.format != POOLGRAD_FORMAT_NONE) make_image(&p.picks, &r, false);
    return p;
}

static void unmake(poolgrad_problem *p)
{
    view_free_read(&p->source);
    view_free_read(&p->source_gradient);
    view_free(&p->destination);
    view_free_read(&p->indices);
    view_free(&p->picks);
}

static uint64_t digest_results(const poolgrad_problem *p)
{
    uint64_t digest = digest_image(empty_digest, &p->destination);
    return p->picks.data ? digest_image(digest, &p->picks) : digest;
}

/* ---- Digests --------------------------------------------------------------------------------------------------- */

static uint64_t literal_digest(const golden *g)
{
    poolgrad_problem p = make(g);
    literal_run(&p);
    uint64_t digest = digest_results(&p);
    unmake(&p);
    return digest;
}

static uint64_t digest_of_library(const golden *g, poolgrad_mode mode, poolgrad_isa isa)
{
    poolgrad_problem p = make(g);
    poolgrad_error error = {"", ""};
    p.mode = mode;
    p.max_isa = isa;
    poolgrad_status status = poolgrad_run(&p, &error);
    cr_expect(status == POOLGRAD_OK, "%s: %s", g->name, error.message);
    uint64_t digest = digest_results(&p);
    unmake(&p);
    return digest;
}

static const char path[] = POOLGRAD_TEST_DATA "/../golden.txt";

static void write_digests(void)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s cannot be written", path);
    fprintf(file, "# SPDX-License-Identifier: Apache-2.0\n"
                  "# Case and digest of its result by tests/support/literal.c; POOLGRAD_GOLDEN_WRITE=1 "
                  "./tests/test_golden writes it.\n");
    for (int i = 0; i < case_count; ++i) fprintf(file, "%s %016" PRIx64 "\n", cases[i].name, literal_digest(&cases[i]));
    cr_assert(fclose(file) == 0);
}

/* The next line that is no comment, as name and digest. */
static bool read_digest(FILE *file, char name[NAME], uint64_t *digest)
{
    char line[2 * NAME];
    do {
        if (!fgets(line, sizeof line, file)) return false;
    } while (*line == '#');
    size_t length = strcspn(line, " ");
    if (length >= NAME || line[length] == '\0') return false;
    memcpy(name, line, length);
    name[length] = '\0';
    char *end;
    *digest = strtoull(line + length, &end, 16);
    return *end == '\n';
}

static void check(const golden *g, const char *by, uint64_t expected, uint64_t actual)
{
    cr_expect(actual == expected, "%s by %s: expected %016" PRIx64 ", found %016" PRIx64, g->name, by, expected,
              actual);
}

static void check_all(const golden *g, uint64_t expected)
{
    poolgrad_isa isas[CONTENDER_ISAS];
    int count = contender_isas(isas);
    check(g, "mode reference", expected, digest_of_library(g, POOLGRAD_MODE_REFERENCE, POOLGRAD_ISA_BEST));
    for (int i = 0; i < count; ++i)
        check(g, poolgrad_isa_name(isas[i]), expected, digest_of_library(g, POOLGRAD_MODE_FAST, isas[i]));
}

/* The file names the cases of the list in its order, no more and no less. */
Test(golden, digests)
{
    add_all();
    const char *wanted = getenv("POOLGRAD_GOLDEN_WRITE");
    if (wanted && strcmp(wanted, "1") == 0) write_digests();
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s is missing", path);
    char name[NAME] = "";
    uint64_t digest = 0;
    for (int i = 0; i < case_count; ++i) {
        bool listed = read_digest(file, name, &digest) && strcmp(name, cases[i].name) == 0;
        cr_assert(listed, "%s has no line in its place, where '%s' is", cases[i].name, name);
        check_all(&cases[i], digest);
    }
    cr_expect(!read_digest(file, name, &digest), "%s is no case", name);
    cr_expect(fclose(file) == 0);
}
