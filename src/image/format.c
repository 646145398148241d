/* SPDX-License-Identifier: Apache-2.0 */
#include "image/format.h"

#include <string.h>

#include "image/ieee.h"

/* A binary format of at most 32 bits, all that decoding and rounding need to know. */
struct binary {
    int fraction_bits;
    int bias;
    uint32_t infinity; /* the exponent field all ones */
    uint32_t sign;
};

static const struct binary float16 = {10, 15, 0x7c00, 0x8000};
static const struct binary bfloat16 = {7, 127, 0x7f80, 0x8000};
static const struct binary float32 = {23, 127, 0x7f800000, 0x80000000};

enum { DOUBLE_FRACTION = 52, DOUBLE_BIAS = 1023 };

static const uint64_t double_sign = UINT64_C(1) << 63;
static const uint64_t double_infinity = UINT64_C(0x7ff) << DOUBLE_FRACTION;
static const uint64_t double_nan = UINT64_C(0x7ff8) << 48;

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The double of a code. A subnormal is its fraction times the smallest subnormal, exact in a double. */
static double decode(const struct binary *format, uint32_t code)
{
    uint64_t sign = code & format->sign ? double_sign : 0;
    uint32_t magnitude = code & ~format->sign;
    int shift = DOUBLE_FRACTION - format->fraction_bits;
    if (magnitude > format->infinity) return double_of(double_nan);
    if (magnitude == format->infinity) return double_of(sign | double_infinity);
    if (magnitude >> format->fraction_bits == 0) {
        uint64_t smallest = (uint64_t)(DOUBLE_BIAS + 1 - format->bias - format->fraction_bits) << DOUBLE_FRACTION;
        double value = (double)magnitude * double_of(smallest);
        return double_of(sign | bits_of(value));
    }
    uint64_t rebias = (uint64_t)(DOUBLE_BIAS - format->bias) << DOUBLE_FRACTION;
    return double_of(sign | (((uint64_t)magnitude << shift) + rebias));
}

static uint64_t shift_right_to_nearest_even(uint64_t value, int shift)
{
    uint64_t quotient = value >> shift;
    uint64_t rest = value & ((UINT64_C(1) << shift) - 1);
    uint64_t half = UINT64_C(1) << (shift - 1);
    return quotient + (rest > half || (rest == half && (quotient & 1)));
}

/* The code nearest to a double, ties to even; NaN canonical (docs/numerics.md N58, N68). Integers only: no rounding
 * mode or flush-to-zero can touch it. */
static uint32_t encode(const struct binary *format, double value)
{
    uint64_t bits = bits_of(value);
    uint32_t sign = bits & double_sign ? format->sign : 0;
    uint64_t magnitude = bits & ~double_sign;
    if (magnitude > double_infinity) return format->infinity | (UINT32_C(1) << (format->fraction_bits - 1));
    if (magnitude == double_infinity) return sign | format->infinity;
    int shift = DOUBLE_FRACTION - format->fraction_bits;
    int exponent = (int)(magnitude >> DOUBLE_FRACTION) - DOUBLE_BIAS + format->bias;
    if (exponent >= 1) {
        uint64_t rebias = (uint64_t)(DOUBLE_BIAS - format->bias) << DOUBLE_FRACTION;
        uint64_t code = shift_right_to_nearest_even(magnitude - rebias, shift);
        return sign | (code < format->infinity ? (uint32_t)code : format->infinity);
    }
    /* Subnormal here: the significand with its hidden bit, shifted down to the smallest subnormal's place. Below half
     * of that it is zero, double's own subnormals included. */
    if (exponent < -format->fraction_bits) return sign;
    uint64_t significand = (magnitude & ((UINT64_C(1) << DOUBLE_FRACTION) - 1)) | (UINT64_C(1) << DOUBLE_FRACTION);
    return sign | (uint32_t)shift_right_to_nearest_even(significand, shift + 1 - exponent);
}

static uint16_t load16(const void *element)
{
    uint16_t code;
    memcpy(&code, element, sizeof code);
    return code;
}

static uint32_t load32(const void *element)
{
    uint32_t code;
    memcpy(&code, element, sizeof code);
    return code;
}

/* An element of a tap format. */
static uint32_t load_code(poolgrad_format format, const void *element)
{
    if (format == POOLGRAD_TAP8) return *(const unsigned char *)element;
    return format == POOLGRAD_TAP16 ? load16(element) : load32(element);
}

static double load_float64(const void *element)
{
    double value;
    memcpy(&value, element, sizeof value);
    return value;
}

/* docs/numerics.md N5: code / range, at most 1, rounded once to the 24 bits of a float32. In integers: a division would
 * look at the caller's rounding mode and raise a flag. */
static double load_unorm(uint64_t code, uint64_t range)
{
    enum { GUARDED_BITS = 25 }; /* a float32's significand and the bit that decides on rounding */
    int scale = 0;
    if (code == 0) return 0;
    while ((code << scale) / range >> (GUARDED_BITS - 1) == 0) scale++;
    uint64_t quotient = (code << scale) / range, rest = (code << scale) % range;
    uint64_t significand = quotient / 2 + (quotient % 2 && (rest != 0 || quotient / 2 % 2));
    return (double)significand * double_of((uint64_t)(DOUBLE_BIAS + 1 - scale) << DOUBLE_FRACTION);
}

double poolgrad_load(poolgrad_format format, const void *element)
{
    switch (format) {
    case POOLGRAD_UNORM8: return load_unorm(*(const unsigned char *)element, 255);
    case POOLGRAD_UNORM16: return load_unorm(load16(element), 65535);
    case POOLGRAD_FLOAT16: return decode(&float16, load16(element));
    case POOLGRAD_BFLOAT16: return decode(&bfloat16, load16(element));
    case POOLGRAD_FLOAT32: return decode(&float32, load32(element));
    case POOLGRAD_FLOAT64: return load_float64(element);
    case POOLGRAD_INT32:
    case POOLGRAD_INT64: return (double)poolgrad_load_index(format, element);
    case POOLGRAD_TAP8:
    case POOLGRAD_TAP16:
    case POOLGRAD_TAP32: return (double)load_code(format, element);
    case POOLGRAD_FORMAT_NONE: break;
    }
    return 0;
}

static void store16(void *element, uint32_t code)
{
    uint16_t narrow = (uint16_t)code;
    memcpy(element, &narrow, sizeof narrow);
}

void poolgrad_store(poolgrad_format format, void *element, double value)
{
    if (format == POOLGRAD_FLOAT16) {
        store16(element, encode(&float16, value));
    } else if (format == POOLGRAD_BFLOAT16) {
        store16(element, encode(&bfloat16, value));
    } else if (format == POOLGRAD_FLOAT32) {
        uint32_t code = encode(&float32, value);
        memcpy(element, &code, sizeof code);
    } else if (format == POOLGRAD_FLOAT64) {
        uint64_t bits = bits_of(value), code = (bits & ~double_sign) > double_infinity ? double_nan : bits;
        memcpy(element, &code, sizeof code);
    }
}

/* The narrowing of -1 is all bits set in every format. */
void poolgrad_store_index(poolgrad_format format, void *element, int64_t index)
{
    uint32_t narrow = (uint32_t)index;
    if (format == POOLGRAD_INT64) {
        memcpy(element, &index, sizeof index);
    } else if (format == POOLGRAD_TAP8) {
        *(unsigned char *)element = (unsigned char)narrow;
    } else if (format == POOLGRAD_TAP16) {
        store16(element, narrow);
    } else {
        memcpy(element, &narrow, sizeof narrow);
    }
}

int64_t poolgrad_load_index(poolgrad_format format, const void *element)
{
    int64_t index;
    if (format == POOLGRAD_INT64) {
        memcpy(&index, element, sizeof index);
        return index;
    }
    if (poolgrad_format_holds_taps(format)) {
        uint32_t code = load_code(format, element);
        return code == poolgrad_format_taps(format) ? -1 : (int64_t)code;
    }
    int32_t narrow;
    memcpy(&narrow, element, sizeof narrow);
    return narrow;
}

bool poolgrad_format_holds_taps(poolgrad_format format)
{
    return format == POOLGRAD_TAP8 || format == POOLGRAD_TAP16 || format == POOLGRAD_TAP32;
}

bool poolgrad_format_is_index(poolgrad_format format)
{
    return format == POOLGRAD_INT32 || format == POOLGRAD_INT64 || poolgrad_format_holds_taps(format);
}

int64_t poolgrad_format_taps(poolgrad_format format)
{
    if (format == POOLGRAD_TAP8) return UINT8_MAX;
    return format == POOLGRAD_TAP16 ? UINT16_MAX : UINT32_MAX;
}

size_t poolgrad_format_size(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_UNORM8:
    case POOLGRAD_TAP8: return 1;
    case POOLGRAD_UNORM16:
    case POOLGRAD_TAP16:
    case POOLGRAD_FLOAT16:
    case POOLGRAD_BFLOAT16: return 2;
    case POOLGRAD_FLOAT32:
    case POOLGRAD_INT32:
    case POOLGRAD_TAP32: return 4;
    case POOLGRAD_FLOAT64:
    case POOLGRAD_INT64: return 8;
    case POOLGRAD_FORMAT_NONE: break;
    }
    return 0;
}
