/* SPDX-License-Identifier: Apache-2.0 */
/* Every code of the narrow formats and every boundary of their rounding, against arithmetic on powers of two. */
#include "support/small.h"
#include "support/view.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CODES_8 = 256, CODES_16 = 65536 };

/* A binary format by its field widths. */
typedef struct binary {
    poolgrad_format format;
    int mantissa_bits, exponent_bits;
} binary;

static const binary float16 = {POOLGRAD_FLOAT16, 10, 5};
static const binary bfloat16 = {POOLGRAD_BFLOAT16, 7, 8};
static const binary float32 = {POOLGRAD_FLOAT32, 23, 8};

static uint32_t infinity_of(const binary *b)
{
    return ((UINT32_C(1) << b->exponent_bits) - 1) << b->mantissa_bits;
}

static uint32_t sign_of(const binary *b)
{
    return UINT32_C(1) << (b->mantissa_bits + b->exponent_bits);
}

static uint32_t nan_of(const binary *b)
{
    return infinity_of(b) | UINT32_C(1) << (b->mantissa_bits - 1);
}

/* The value of a positive code, where the code of infinity stands for the power of two that would come next. */
static double value_of(const binary *b, uint32_t code)
{
    int bias = (1 << (b->exponent_bits - 1)) - 1;
    int exponent = (int)(code >> b->mantissa_bits);
    uint32_t hidden = UINT32_C(1) << b->mantissa_bits, fraction = code & (hidden - 1);
    if (exponent == 0) return ldexp((double)fraction, 1 - bias - b->mantissa_bits);
    return ldexp((double)(hidden + fraction), exponent - bias - b->mantissa_bits);
}

static poolgrad_const_image row(const void *data, poolgrad_format format, int64_t width)
{
    return poolgrad_const_image_dense(data, format, POOLGRAD_NCHW, 1, 1, 1, width);
}

static poolgrad_image written_row(void *data, poolgrad_format format, int64_t width)
{
    return poolgrad_image_dense(data, format, POOLGRAD_NCHW, 1, 1, 1, width);
}

static uint32_t stored(const binary *b, double value)
{
    uint32_t word = 0x5a5a5a5a;
    uint16_t half = 0x5a5a;
    bool wide = b->format == POOLGRAD_FLOAT32;
    poolgrad_image one = written_row(wide ? (void *)&word : (void *)&half, b->format, 1);
    cr_assert(poolgrad_image_set(&one, 0, 0, 0, 0, 0, value) == POOLGRAD_OK);
    return wide ? word : half;
}

static double loaded(const binary *b, uint32_t code)
{
    uint16_t half = (uint16_t)code;
    bool wide = b->format == POOLGRAD_FLOAT32;
    poolgrad_const_image one = row(wide ? (const void *)&code : (const void *)&half, b->format, 1);
    return poolgrad_const_image_get(&one, 0, 0, 0, 0, 0);
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* ---- Loads --------------------------------------------------------------------------------------------------- */

static void expect_load(const binary *b, uint32_t code, double actual)
{
    uint32_t magnitude = code & (sign_of(b) - 1);
    if (magnitude > infinity_of(b)) {
        if (!isnan(actual)) cr_expect(false, "code %x reads %a, not a NaN", code, actual);
        return;
    }
    double expected = magnitude == infinity_of(b) ? (double)INFINITY : value_of(b, magnitude);
    if (code & sign_of(b)) expected = -expected;
    if (!same_double(actual, expected)) cr_expect(false, "code %x reads %a, not %a", code, actual, expected);
}

static void every_code_loads(const binary *b)
{
    uint16_t *codes = malloc(CODES_16 * sizeof *codes);
    cr_assert(codes);
    for (uint32_t code = 0; code < CODES_16; ++code) codes[code] = (uint16_t)code;
    poolgrad_const_image image = row(codes, b->format, CODES_16);
    for (uint32_t code = 0; code < CODES_16; ++code) {
        expect_load(b, code, poolgrad_const_image_get(&image, 0, 0, 0, 0, (int64_t)code));
    }
    free(codes);
}

Test(formats, every_float16_code_loads)
{
    every_code_loads(&float16);
}

Test(formats, every_bfloat16_code_loads)
{
    every_code_loads(&bfloat16);
}

Test(formats, every_unorm8_code_loads)
{
    for (int v = 0; v < CODES_8; ++v) {
        uint8_t code = (uint8_t)v;
        poolgrad_const_image one = row(&code, POOLGRAD_UNORM8, 1);
        double actual = poolgrad_const_image_get(&one, 0, 0, 0, 0, 0), expected = (double)((float)v / 255.0f);
        if (!same_double(actual, expected)) cr_expect(false, "%d reads %a, not %a", v, actual, expected);
    }
}

Test(formats, every_unorm16_code_loads)
{
    for (int v = 0; v < CODES_16; ++v) {
        uint16_t code = (uint16_t)v;
        poolgrad_const_image one = row(&code, POOLGRAD_UNORM16, 1);
        double actual = poolgrad_const_image_get(&one, 0, 0, 0, 0, 0), expected = (double)((float)v / 65535.0f);
        if (!same_double(actual, expected)) cr_expect(false, "%d reads %a, not %a", v, actual, expected);
    }
}

Test(formats, indices_are_read_as_numbers)
{
    const int32_t narrow[] = {-1, 0, 1, INT32_MAX, INT32_MIN, 16777217};
    const int64_t wide[] = {-1, 0, 1, INT64_C(4294967296), INT64_C(9007199254740991), -INT64_C(9007199254740991)};
    poolgrad_const_image narrow_row = row(narrow, POOLGRAD_INT32, 6), wide_row = row(wide, POOLGRAD_INT64, 6);
    for (int i = 0; i < 6; ++i) {
        double small = poolgrad_const_image_get(&narrow_row, 0, 0, 0, 0, i),
               large = poolgrad_const_image_get(&wide_row, 0, 0, 0, 0, i);
        cr_expect(same_double(small, (double)narrow[i]), "%d reads %a", (int)narrow[i], small);
        cr_expect(same_double(large, (double)wide[i]), "%lld reads %a", (long long)wide[i], large);
    }
}

/* Unsigned, and all bits set is the greatest number. */
Test(formats, taps_are_read_as_numbers)
{
    const uint8_t tap8[] = {0, 1, 127, 128, 254, 255};
    const uint16_t tap16[] = {0, 255, 256, 32768, 65534, 65535};
    const uint32_t tap32[] = {0, 65536, 16777217, 2147483648, 4294967294, 4294967295};
    poolgrad_const_image rows[] = {row(tap8, POOLGRAD_TAP8, 6), row(tap16, POOLGRAD_TAP16, 6),
                                   row(tap32, POOLGRAD_TAP32, 6)};
    for (int i = 0; i < 6; ++i) {
        const double expected[] = {tap8[i], tap16[i], tap32[i]};
        for (int j = 0; j < 3; ++j) {
            double actual = poolgrad_const_image_get(&rows[j], 0, 0, 0, 0, i);
            cr_expect(same_double(actual, expected[j]), "%s: %.0f reads %a", poolgrad_format_name(rows[j].format),
                      expected[j], actual);
        }
    }
}

/* ---- Stores -------------------------------------------------------------------------------------------------- */

static void expect_store(const binary *b, double value, uint32_t expected)
{
    uint32_t actual = stored(b, value);
    if (actual != expected) cr_expect(false, "%a is stored as %x, not %x", value, actual, expected);
    actual = stored(b, -value);
    expected |= sign_of(b);
    if (actual != expected) cr_expect(false, "%a is stored as %x, not %x", -value, actual, expected);
}

/* Around the boundary between a positive finite code and the next, which may be infinity. */
static void expect_boundary(const binary *b, uint32_t code)
{
    double low = value_of(b, code), high = value_of(b, code + 1), middle = low + (high - low) / 2;
    expect_store(b, low, code);
    expect_store(b, middle, code + (code & 1));
    expect_store(b, nextafter(middle, 0), code);
    expect_store(b, nextafter(middle, INFINITY), code + 1);
    expect_store(b, nextafter(low, INFINITY), code);
    expect_store(b, nextafter(high, 0), code + 1);
}

Test(formats, every_float16_boundary_rounds)
{
    for (uint32_t code = 0; code < infinity_of(&float16); ++code) expect_boundary(&float16, code);
}

Test(formats, every_bfloat16_boundary_rounds)
{
    for (uint32_t code = 0; code < infinity_of(&bfloat16); ++code) expect_boundary(&bfloat16, code);
}

/* The first and last boundaries of every binade, those at one bit, and seeded ones between. */
Test(formats, float32_boundaries_round)
{
    enum { EDGE = 9, BETWEEN = 2000 };
    const uint32_t binade = UINT32_C(1) << float32.mantissa_bits;
    uint32_t state = 20240229;
    for (uint32_t start = 0; start < infinity_of(&float32); start += binade) {
        for (uint32_t i = 0; i < EDGE; ++i) {
            expect_boundary(&float32, start + i);
            expect_boundary(&float32, start + binade - 1 - i);
        }
        for (int bit = 0; bit < float32.mantissa_bits; ++bit) {
            expect_boundary(&float32, start + (UINT32_C(1) << bit));
            expect_boundary(&float32, start + (UINT32_C(1) << bit) - 1);
        }
        for (int i = 0; i < BETWEEN; ++i) {
            state = state * 1664525u + 1013904223u;
            expect_boundary(&float32, start + state % binade);
        }
    }
}

static void expect_extremes(const binary *b)
{
    uint32_t greatest = infinity_of(b) - 1;
    double least = value_of(b, 1), overflow = (value_of(b, greatest) + value_of(b, greatest + 1)) / 2;
    expect_store(b, least / 2, 0);
    expect_store(b, nextafter(least / 2, 1), 1);
    expect_store(b, least / 4, 0);
    expect_store(b, 0x1p-1022, 0);
    expect_store(b, 0x1p-1074, 0);
    expect_store(b, 0.0, 0);
    expect_store(b, nextafter(overflow, 0), greatest);
    expect_store(b, overflow, greatest + 1);
    expect_store(b, nextafter(overflow, INFINITY), greatest + 1);
    expect_store(b, 2 * overflow, greatest + 1);
    expect_store(b, 0x1.fffffffffffffp+1023, greatest + 1);
    expect_store(b, INFINITY, greatest + 1);
}

Test(formats, overflow_and_underflow_thresholds)
{
    expect_extremes(&float16);
    expect_extremes(&bfloat16);
    expect_extremes(&float32);
}

/* Each payload bit alone, the least and the full ones, quiet and signalling, of both signs. */
static void for_each_nan(void (*check)(double value))
{
    const uint64_t infinity = UINT64_C(0x7ff) << 52, sign = UINT64_C(1) << 63;
    for (int bit = 0; bit < 52; ++bit) {
        const uint64_t payload[] = {UINT64_C(1) << bit, (UINT64_C(1) << bit) | UINT64_C(1) << 51,
                                    (UINT64_C(2) << bit) - 1};
        for (int i = 0; i < 3; ++i) {
            check(from_bits(infinity | payload[i]));
            check(from_bits(infinity | payload[i] | sign));
        }
    }
}

static void expect_canonical(double value)
{
    uint64_t word = 0;
    poolgrad_image one = written_row(&word, POOLGRAD_FLOAT64, 1);
    cr_assert(poolgrad_image_set(&one, 0, 0, 0, 0, 0, value) == POOLGRAD_OK);
    uint32_t half = stored(&float16, value), brain = stored(&bfloat16, value), single = stored(&float32, value);
    bool good = half == 0x7e00 && brain == 0x7fc0 && single == 0x7fc00000 && word == UINT64_C(0x7ff8000000000000);
    if (!good) {
        cr_expect(false, "NaN %llx is stored as %x, %x, %x, %llx", (unsigned long long)to_bits(value), half, brain,
                  single, (unsigned long long)word);
    }
}

Test(formats, nan_is_canonical_whatever_its_payload)
{
    for_each_nan(expect_canonical);
}

/* What was read goes back to the same code, except a NaN, which becomes the one NaN. */
static void expect_round_trip(const binary *b, uint32_t code)
{
    uint32_t expected = (code & (sign_of(b) - 1)) > infinity_of(b) ? nan_of(b) : code;
    uint32_t actual = stored(b, loaded(b, code));
    if (actual != expected) cr_expect(false, "code %x comes back as %x, not %x", code, actual, expected);
}

Test(formats, codes_come_back)
{
    for (uint32_t code = 0; code < CODES_16; ++code) {
        expect_round_trip(&float16, code);
        expect_round_trip(&bfloat16, code);
        expect_round_trip(&float32, code << 16);
        expect_round_trip(&float32, code << 16 | 1);
        expect_round_trip(&float32, code << 16 | 0xffff);
        expect_round_trip(&float32, code << 16 | (code * 40503u & 0xffff));
        expect_load(&float32, code << 16 | 0x5555, loaded(&float32, code << 16 | 0x5555));
    }
}

Test(formats, float64_is_kept)
{
    uint64_t word = 0, state = 88172645463325252u;
    poolgrad_image one = written_row(&word, POOLGRAD_FLOAT64, 1);
    const uint64_t special[] = {0,
                                UINT64_C(1) << 63,
                                1,
                                UINT64_C(0x000fffffffffffff),
                                UINT64_C(0x0010000000000000),
                                UINT64_C(0x7fefffffffffffff),
                                UINT64_C(0x7ff0000000000000),
                                UINT64_C(0xfff0000000000000)};
    for (int i = 0; i < 100000; ++i) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        uint64_t bits = i < 8 ? special[i] : state;
        if (isnan(from_bits(bits))) continue;
        cr_assert(poolgrad_image_set(&one, 0, 0, 0, 0, 0, from_bits(bits)) == POOLGRAD_OK);
        uint64_t back = to_bits(poolgrad_image_get(&one, 0, 0, 0, 0, 0));
        if (word != bits || back != bits) cr_expect(false, "%llx is not kept", (unsigned long long)bits);
    }
}

Test(formats, rounding_mode_of_the_caller_is_of_no_effect)
{
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
    for (int i = 0; i < 4; ++i) {
        cr_assert(fesetround(modes[i]) == 0);
        if (fegetround() != modes[i]) continue; /* WebAssembly has but one */
        uint8_t v = 51;
        poolgrad_const_image one = row(&v, POOLGRAD_UNORM8, 1);
        double fifth = poolgrad_const_image_get(&one, 0, 0, 0, 0, 0);
        uint32_t codes[] = {
            stored(&float16, 0x1.0028p+0),    stored(&float16, -0x1.0028p+0),    stored(&bfloat16, 0x1.0180p+0),
            stored(&float32, 0x1.0000011p+0), stored(&float32, -0x1.0000011p+0), stored(&float16, 65519),
            stored(&float16, 65521),          stored(&float32, 0x1.1p-150),      stored(&float32, -0x1p-150)};
        bool kept = fegetround() == modes[i];
        cr_assert(fesetround(FE_TONEAREST) == 0);
        const uint32_t expected[] = {0x3c01, 0xbc01, 0x3f81, 0x3f800001, 0xbf800001, 0x7bff, 0x7c00, 1, 0x80000000};
        cr_expect(kept, "mode %d was changed", i);
        cr_expect(same_double(fifth, 0x1.99999ap-3), "mode %d: 51 / 255 is %a", i, fifth);
        for (int j = 0; j < 9; ++j) cr_expect(codes[j] == expected[j], "mode %d, case %d: %x", i, j, codes[j]);
    }
}

/* ---- Addresses ----------------------------------------------------------------------------------------------- */

Test(formats, data_needs_no_alignment)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64};
    for (int i = 0; i < 4; ++i) {
        for (int shift = 0; shift < 8; ++shift) {
            unsigned char memory[64];
            memset(memory, 0x5a, sizeof memory);
            size_t bytes = 3 * poolgrad_format_size(formats[i]);
            poolgrad_image image = written_row(memory + 8 + shift, formats[i], 3);
            for (int x = 0; x < 3; ++x) cr_assert(poolgrad_image_set(&image, 0, 0, 0, 0, x, 1.5 - x) == POOLGRAD_OK);
            for (int x = 0; x < 3; ++x) cr_expect(same_double(poolgrad_image_get(&image, 0, 0, 0, 0, x), 1.5 - x));
            for (size_t j = 0; j < sizeof memory; ++j) {
                bool inside = j >= (size_t)(8 + shift) && j < (size_t)(8 + shift) + bytes;
                if (!inside) cr_expect(memory[j] == 0x5a, "byte %zu beside the image was written", j);
            }
        }
    }
}

Test(formats, indices_and_unorm_need_no_alignment)
{
    static const poolgrad_format formats[] = {POOLGRAD_UNORM16, POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP16,
                                              POOLGRAD_TAP32};
    static const double all_bits_set[] = {1, -1, -1, 65535, 4294967295};
    unsigned char memory[32] = {0};
    for (int i = 0; i < 5; ++i) {
        for (int shift = 0; shift < 8; ++shift) {
            memset(memory, 0, sizeof memory);
            memset(memory + shift, 0xff, poolgrad_format_size(formats[i]));
            poolgrad_const_image image = row(memory + shift, formats[i], 1);
            double actual = poolgrad_const_image_get(&image, 0, 0, 0, 0, 0);
            cr_expect(same_double(actual, all_bits_set[i]), "format %d shift %d", i, shift);
        }
    }
}

Test(formats, unorm_and_indices_are_not_written)
{
    static const poolgrad_format formats[] = {POOLGRAD_UNORM8, POOLGRAD_UNORM16, POOLGRAD_INT32, POOLGRAD_INT64,
                                              POOLGRAD_TAP8,   POOLGRAD_TAP16,   POOLGRAD_TAP32};
    for (int i = 0; i < 7; ++i) {
        unsigned char memory[16], before[16];
        memset(memory, 0x5a, sizeof memory);
        memset(before, 0x5a, sizeof before);
        poolgrad_image image = written_row(memory, formats[i], 1);
        cr_expect(poolgrad_image_set(&image, 0, 0, 0, 0, 0, 1) == POOLGRAD_INVALID, "format %d", (int)formats[i]);
        cr_expect(memcmp(memory, before, sizeof memory) == 0, "format %d was written", (int)formats[i]);
    }
}

/* Elements number themselves; the position of (n, c, y, x) is worked out from the documented order of each layout. */
static int64_t dense_position(poolgrad_layout layout, const int64_t size[4], const int64_t at[4])
{
    int64_t lanes = layout == POOLGRAD_NCHW ? 1 : layout == POOLGRAD_NHWC ? size[1] : 4;
    int64_t slices = (size[1] + lanes - 1) / lanes;
    return (((at[0] * slices + at[1] / lanes) * size[2] + at[2]) * size[3] + at[3]) * lanes + at[1] % lanes;
}

Test(formats, dense_layouts)
{
    static int32_t numbers[512];
    const int64_t size[4] = {2, 6, 3, 5};
    for (int32_t i = 0; i < 512; ++i) numbers[i] = i;
    for (int layout = POOLGRAD_NCHW; layout <= POOLGRAD_NC4HW4; ++layout) {
        poolgrad_const_image image = poolgrad_const_image_dense(numbers, POOLGRAD_INT32, (poolgrad_layout)layout,
                                                                size[0], size[1], size[2], size[3]);
        for (int64_t i = 0; i < size[0] * size[1] * size[2] * size[3]; ++i) {
            int64_t at[4] = {i / 90, i / 15 % 6, i / 5 % 3, i % 5};
            double actual = poolgrad_const_image_get(&image, at[0], at[1], 0, at[2], at[3]);
            double expected = (double)dense_position((poolgrad_layout)layout, size, at);
            if (!same_double(actual, expected))
                cr_expect(false, "layout %d element %lld is %g", layout, (long long)i, actual);
        }
    }
}

/* Strides in elements, negative ones included; in NC4HW4 the channel stride steps over slices. */
Test(formats, strided_views)
{
    static int32_t numbers[4096];
    for (int32_t i = 0; i < 4096; ++i) numbers[i] = i;
    poolgrad_const_image image = poolgrad_const_image_dense(numbers + 2000, POOLGRAD_INT32, POOLGRAD_NCHW, 2, 6, 3, 5);
    image.image_stride = 1000;
    image.channel_stride = -100;
    image.row_stride = 20;
    image.column_stride = -3;
    for (int64_t i = 0; i < 180; ++i) {
        int64_t n = i / 90, c = i / 15 % 6, y = i / 5 % 3, x = i % 5;
        double expected = (double)(2000 + 1000 * n - 100 * c + 20 * y - 3 * x);
        cr_expect(same_double(poolgrad_const_image_get(&image, n, c, 0, y, x), expected));
        image.layout = POOLGRAD_NC4HW4;
        expected = (double)(2000 + 1000 * n - 100 * (c / 4) + 20 * y - 3 * x + c % 4);
        cr_expect(same_double(poolgrad_const_image_get(&image, n, c, 0, y, x), expected));
        image.layout = POOLGRAD_NCHW;
    }
}

static bool same_strides(const poolgrad_const_image *a, const poolgrad_image *b)
{
    return a->image_stride == b->image_stride && a->channel_stride == b->channel_stride &&
           a->depth_stride == b->depth_stride && a->row_stride == b->row_stride && a->column_stride == b->column_stride;
}

/* Both functions give the strides that the layouts' order says, and everything else as it was asked for. */
Test(formats, dense_views)
{
    static float memory[512];
    for (int layout = POOLGRAD_NCHW; layout <= POOLGRAD_NC4HW4; ++layout) {
        poolgrad_image expected = {
            .layout = (poolgrad_layout)layout, .images = 2, .channels = 6, .height = 3, .width = 5};
        view_make_dense(&expected);
        const poolgrad_image image = poolgrad_image_dense(memory, POOLGRAD_FLOAT32, (poolgrad_layout)layout, 2, 6, 3,
                                                          5);
        const poolgrad_const_image read = poolgrad_const_image_dense(memory, POOLGRAD_FLOAT32, (poolgrad_layout)layout,
                                                                     2, 6, 3, 5);
        const poolgrad_const_image same = poolgrad_image_as_const(&image);
        const poolgrad_const_image *const views[] = {VIEW(&image), &read, &same};
        for (int i = 0; i < 3; ++i) {
            const poolgrad_const_image *v = views[i];
            cr_expect(v->data == memory && v->format == POOLGRAD_FLOAT32 && v->layout == (poolgrad_layout)layout);
            cr_expect(v->images == 2 && v->channels == 6 && v->height == 3 && v->width == 5 && v->expanded == 0);
            cr_expect(v->depth == 1, "depth %lld", (long long)v->depth);
            cr_expect(same_strides(v, &expected), "layout %d, view %d", layout, i);
        }
    }
}

/* Every field comes along, whatever it says. */
Test(formats, the_same_view_to_be_read)
{
    static float memory[4];
    const poolgrad_image image = {memory, POOLGRAD_FLOAT16, POOLGRAD_NHWC, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const poolgrad_const_image read = poolgrad_image_as_const(&image);
    cr_expect(read.data == memory && read.format == POOLGRAD_FLOAT16 && read.layout == POOLGRAD_NHWC);
    cr_expect(read.images == 2 && read.channels == 3 && read.depth == 4 && read.height == 5 && read.width == 6);
    cr_expect(same_strides(&read, &image) && read.expanded == 12);
}

/* Sizes that no memory has are refused where the view is used, in every layout. */
Test(formats, dense_views_of_any_size)
{
    static const int64_t sizes[] = {INT64_MIN, -1, 0, 1, 3, INT64_C(1) << 32, INT64_C(1) << 62, INT64_MAX};
    static float memory[512];
    const int64_t most = INT64_C(1) << 61;
    for (int i = 0; i < 8 * 8 * 8 * 8 * 3; ++i) {
        const int64_t n = sizes[i % 8], c = sizes[i / 8 % 8], h = sizes[i / 64 % 8], w = sizes[i / 512 % 8];
        const poolgrad_image image = poolgrad_image_dense(memory, POOLGRAD_FLOAT32, (poolgrad_layout)(i / 4096), n, c,
                                                          h, w);
        const double elements = (double)n * (double)c * (double)h * (double)w;
        const bool negative = n < 0 || c < 0 || h < 0 || w < 0;
        const bool vast = n > most || c > most || h > most || w > most || elements >= 0x1p62;
        if (!negative && !vast && elements > 512) continue; /* as much memory as the machine may have */
        cr_expect(image.images == n && image.channels == c && image.height == h && image.width == w);
        const poolgrad_status status = poolgrad_image_check(&image, NULL);
        cr_expect(status == (negative || vast ? POOLGRAD_INVALID : POOLGRAD_OK), "%d: %g elements", i, elements);
    }
}

/* A stride of 0 repeats elements where the view says so, and is refused where it does not. */
Test(formats, expanded_views)
{
    static int32_t numbers[1024];
    for (int32_t i = 0; i < 1024; ++i) numbers[i] = i;
    poolgrad_const_image image = poolgrad_const_image_dense(numbers, POOLGRAD_INT32, POOLGRAD_NCHW, 2, 3, 4, 5);
    image.image_stride = 0;
    image.row_stride = 0;
    cr_expect(isnan(poolgrad_const_image_get(&image, 0, 0, 0, 0, 0)));
    image.expanded = 1;
    for (int64_t i = 0; i < 120; ++i) {
        int64_t n = i / 60, c = i / 20 % 3, y = i / 5 % 4, x = i % 5;
        cr_expect(same_double(poolgrad_const_image_get(&image, n, c, 0, y, x), (double)(20 * c + x)));
    }
    image.layout = POOLGRAD_NC4HW4;
    image.channels = 6;
    image.channel_stride = 100;
    image.column_stride = 0;
    cr_expect(same_double(poolgrad_const_image_get(&image, 1, 5, 0, 3, 4), 100 + 1));
    image.column_stride = image.channel_stride = 0;
    cr_expect(same_double(poolgrad_const_image_get(&image, 1, 5, 0, 3, 4), 1));
}

Test(formats, sizes_and_names)
{
    static const char *const names[] = {"unorm8", "unorm16", "float16", "float32", "bfloat16", "float64",
                                        "int32",  "int64",   "tap8",    "tap16",   "tap32"};
    static const size_t sizes[] = {1, 2, 2, 4, 2, 8, 4, 8, 1, 2, 4};
    for (int i = 0; i < 11; ++i) {
        poolgrad_format format = (poolgrad_format)(POOLGRAD_UNORM8 + i);
        cr_expect(poolgrad_format_size(format) == sizes[i], "%s", names[i]);
        const char *name = poolgrad_format_name(format);
        cr_expect(name && strcmp(name, names[i]) == 0, "%s", names[i]);
    }
    static const int none[] = {POOLGRAD_FORMAT_NONE, 12, 13, 255, 1 << 20};
    for (int i = 0; i < 5; ++i) {
        cr_expect(poolgrad_format_size((poolgrad_format)none[i]) == 0, "%d", none[i]);
        cr_expect(poolgrad_format_name((poolgrad_format)none[i]) == NULL, "%d", none[i]);
    }
}
