/* SPDX-License-Identifier: Apache-2.0 */
/* The words of every enumeration, and the version's numbers. */
#include <poolgrad/poolgrad.h>

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MOST_WORDS = 6 };

/* An enumeration's values count from 0. */
typedef struct enumeration {
    const char *name;
    const char *(*word_of)(int value);
    const char *words[MOST_WORDS + 1];
} enumeration;

#define WORD_OF(type)                                                                                                  \
    static const char *word_of_##type(int value)                                                                       \
    {                                                                                                                  \
        return poolgrad_##type##_name((poolgrad_##type)value);                                                         \
    }
WORD_OF(status)
WORD_OF(layout)
WORD_OF(direction)
WORD_OF(kind)
WORD_OF(edge_mode)
WORD_OF(tie_rule)
WORD_OF(nan_rule)
WORD_OF(accumulator)
WORD_OF(mapping)
WORD_OF(isa)
WORD_OF(mode)
WORD_OF(rounding)

#define ENUMERATION(type, ...)                                                                                         \
    {                                                                                                                  \
#type, word_of_##type,                                                                                         \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const enumeration enumerations[] = {
    ENUMERATION(status, "ok", "invalid", "no memory"),
    ENUMERATION(layout, "nchw", "nhwc", "nc4hw4", "nc8hw8", "nc16hw16", "nc32hw32"),
    ENUMERATION(direction, "forward", "gradient"),
    ENUMERATION(kind, "average", "max", "l2norm"),
    ENUMERATION(edge_mode, "zero", "clamp"),
    ENUMERATION(tie_rule, "first", "last", "all", "split"),
    ENUMERATION(nan_rule, "first", "last", "ignore"),
    ENUMERATION(accumulator, "float32", "float64"),
    ENUMERATION(mapping, "source", "clip"),
    ENUMERATION(isa, "best", "scalar", "sse4.1", "avx2", "avx512", "neon"),
    ENUMERATION(mode, "fast", "reference"),
    ENUMERATION(rounding, "down", "up", "up-drop"),
};

enum { ENUMERATIONS = sizeof enumerations / sizeof *enumerations };

Test(names, every_value_has_its_word)
{
    for (int i = 0; i < ENUMERATIONS; ++i) {
        for (int value = 0; enumerations[i].words[value]; ++value) {
            const char *word = enumerations[i].word_of(value);
            cr_expect(word && strcmp(word, enumerations[i].words[value]) == 0, "%s %d: %s", enumerations[i].name, value,
                      word ? word : "none");
        }
    }
}

/* Formats begin with a value that is none; sizes and names of the others are with the formats' tests. */
Test(names, values_that_are_none_have_no_word)
{
    for (int i = 0; i < ENUMERATIONS; ++i) {
        int count = 0;
        while (enumerations[i].words[count]) ++count;
        const int none[] = {-1, INT_MIN, count, count + 1, 255, 256, 1 << 16, INT_MAX};
        for (size_t j = 0; j < sizeof none / sizeof *none; ++j)
            cr_expect(!enumerations[i].word_of(none[j]), "%s %d", enumerations[i].name, none[j]);
    }
    static const int formats[] = {-1, INT_MIN, POOLGRAD_FORMAT_NONE, 12, INT_MAX};
    for (int i = 0; i < 5; ++i) cr_expect(!poolgrad_format_name((poolgrad_format)formats[i]), "%d", formats[i]);
}

Test(names, version)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", POOLGRAD_VERSION_MAJOR, POOLGRAD_VERSION_MINOR, POOLGRAD_VERSION_PATCH);
    cr_expect_str_eq(poolgrad_version(), text);
    cr_expect_eq(POOLGRAD_VERSION,
                 POOLGRAD_VERSION_MAJOR * 10000 + POOLGRAD_VERSION_MINOR * 100 + POOLGRAD_VERSION_PATCH);
}

/* Good in a condition of the preprocessor. */
#if POOLGRAD_VERSION < 200 || POOLGRAD_VERSION >= 1000000
#error the version is no version
#endif
