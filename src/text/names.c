/* SPDX-License-Identifier: Apache-2.0 */
/* The words of every enumeration of poolgrad.h, as the command takes them. */
#include <poolgrad/poolgrad.h>

#include <stddef.h>

/* WORDS is an array in the order of the values. A negative value is a great number, and has no word either. */
#define WORD_OF(WORDS, value) ((size_t)(value) < sizeof(WORDS) / sizeof *(WORDS) ? (WORDS)[(size_t)(value)] : NULL)

const char *poolgrad_status_name(poolgrad_status status)
{
    static const char *const words[] = {"ok", "invalid", "no memory"};
    return WORD_OF(words, status);
}

const char *poolgrad_format_name(poolgrad_format format)
{
    static const char *const words[] = {NULL,      "unorm8", "unorm16", "float16", "float32", "bfloat16",
                                        "float64", "int32",  "int64",   "tap8",    "tap16",   "tap32"};
    return WORD_OF(words, format);
}

const char *poolgrad_layout_name(poolgrad_layout layout)
{
    static const char *const words[] = {"nchw", "nhwc", "nc4hw4", "nc8hw8", "nc16hw16", "nc32hw32"};
    return WORD_OF(words, layout);
}

const char *poolgrad_direction_name(poolgrad_direction direction)
{
    static const char *const words[] = {"forward", "gradient"};
    return WORD_OF(words, direction);
}

const char *poolgrad_kind_name(poolgrad_kind kind)
{
    static const char *const words[] = {"average", "max", "l2norm"};
    return WORD_OF(words, kind);
}

const char *poolgrad_edge_mode_name(poolgrad_edge_mode edge_mode)
{
    static const char *const words[] = {"zero", "clamp"};
    return WORD_OF(words, edge_mode);
}

const char *poolgrad_tie_rule_name(poolgrad_tie_rule ties)
{
    static const char *const words[] = {"first", "last", "all", "split"};
    return WORD_OF(words, ties);
}

const char *poolgrad_nan_rule_name(poolgrad_nan_rule nan)
{
    static const char *const words[] = {"first", "last", "ignore"};
    return WORD_OF(words, nan);
}

const char *poolgrad_accumulator_name(poolgrad_accumulator accumulator)
{
    static const char *const words[] = {"float32", "float64"};
    return WORD_OF(words, accumulator);
}

const char *poolgrad_mapping_name(poolgrad_mapping mapping)
{
    static const char *const words[] = {"source", "clip"};
    return WORD_OF(words, mapping);
}

const char *poolgrad_isa_name(poolgrad_isa isa)
{
    static const char *const words[] = {"best", "scalar", "sse4.1", "avx2", "avx512", "neon"};
    return WORD_OF(words, isa);
}

const char *poolgrad_mode_name(poolgrad_mode mode)
{
    static const char *const words[] = {"fast", "reference"};
    return WORD_OF(words, mode);
}

const char *poolgrad_rounding_name(poolgrad_rounding rounding)
{
    static const char *const words[] = {"down", "up", "up-drop"};
    return WORD_OF(words, rounding);
}
