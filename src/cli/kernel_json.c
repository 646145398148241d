/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel_json.h"

#include <string.h>

#include "mps/kernel.h"

/* ---- Words ------------------------------------------------------------------------------------------------------- */

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

_Static_assert(sizeof(poolgrad_kind) == sizeof(int) && sizeof(poolgrad_format) == sizeof(int) &&
                   sizeof(poolgrad_edge_mode) == sizeof(int) && sizeof(poolgrad_tie_rule) == sizeof(int) &&
                   sizeof(poolgrad_nan_rule) == sizeof(int) && sizeof(poolgrad_accumulator) == sizeof(int),
               "words are read into ints");

static const char *const formats[] = {"none",    "unorm8", "unorm16", "float16", "float32", "bfloat16",
                                      "float64", "int32",  "int64",   "tap8",    "tap16",   "tap32"};
static const struct words kind_words = {poolgrad_kind_names, COUNT(poolgrad_kind_names)};
static const struct words edge_mode_words = {poolgrad_edge_mode_names, COUNT(poolgrad_edge_mode_names)};
const struct words poolgrad_format_words = {formats, COUNT(formats)};
const struct words poolgrad_tie_words = {poolgrad_tie_names, COUNT(poolgrad_tie_names)};
const struct words poolgrad_nan_words = {poolgrad_nan_names, COUNT(poolgrad_nan_names)};
const struct words poolgrad_accumulator_words = {poolgrad_accumulator_names, COUNT(poolgrad_accumulator_names)};

/* ---- Padding methods --------------------------------------------------------------------------------------------- */

enum { ALIGN = 3, REMAINDER = 12, SIZE = 48 };

static const struct part {
    const char *word;
    poolgrad_padding_method value, mask; /* parts of one mask exclude each other */
} parts[] = {{"valid only", POOLGRAD_PADDING_SIZE_VALID_ONLY, SIZE},
             {"same", POOLGRAD_PADDING_SIZE_SAME, SIZE},
             {"full", POOLGRAD_PADDING_SIZE_FULL, SIZE},
             {"centered", POOLGRAD_PADDING_ALIGN_CENTERED, ALIGN},
             {"align top left", POOLGRAD_PADDING_ALIGN_TOP_LEFT, ALIGN},
             {"align bottom right", POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT, ALIGN},
             {"remainder to top left", POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT, REMAINDER},
             {"remainder to top right", POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT, REMAINDER},
             {"remainder to bottom left", POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT, REMAINDER},
             {"remainder to bottom right", POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT, REMAINDER},
             {"exclude edges", POOLGRAD_PADDING_EXCLUDE_EDGES, POOLGRAD_PADDING_EXCLUDE_EDGES},
             {"whitelist for node fusion", POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION,
              POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION},
             {"custom", POOLGRAD_PADDING_CUSTOM, POOLGRAD_PADDING_CUSTOM}};

static const struct part *find_part(const char *word, size_t length)
{
    for (int i = 0; i < COUNT(parts); i++) {
        if (strlen(parts[i].word) == length && memcmp(parts[i].word, word, length) == 0) return &parts[i];
    }
    return NULL;
}

/* Words with " | " between them, one for the size and at most one for everything else. */
static bool parse_method(const char *text, poolgrad_padding_method *method)
{
    static const char separator[] = " | ";
    poolgrad_padding_method seen = 0;
    *method = 0;
    for (;;) {
        const char *end = strstr(text, separator);
        const struct part *part = find_part(text, end ? (size_t)(end - text) : strlen(text));
        if (!part || (seen & part->mask)) return false;
        seen |= part->mask;
        *method |= part->value;
        if (!end) return (seen & SIZE) != 0;
        text = end + sizeof separator - 1;
    }
}

/* A number is taken as it is: a policy may be one that is refused when it is used. */
static bool read_method(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    json_int_t number = json_integer_value(value); /* 0 of what is none */
    if (json_is_integer(value) && number >= 0 && number <= UINT32_MAX) {
        *(poolgrad_padding_method *)place = (poolgrad_padding_method)number;
        return true;
    }
    if (json_is_string(value) && parse_method(json_string_value(value), place)) return true;
    return poolgrad_reading_refuse(reading, member->name, value,
                                   "\"valid only\", \"same\" or \"full\" and what else holds, such as \"same | "
                                   "centered | remainder to top left\"");
}

/* ---- Members ----------------------------------------------------------------------------------------------------- */

bool poolgrad_read_default(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    (void)place;
    if (json_is_string(value) && strcmp(json_string_value(value), "default") == 0) return true;
    return poolgrad_reading_refuse(reading, member->name, value, "\"default\", a file cannot hold a function");
}

static const struct member offset_members[] = {MEMBER(integer, poolgrad_offset, x), MEMBER(integer, poolgrad_offset, y),
                                               MEMBER(integer, poolgrad_offset, z), END};
static const struct member size_members[] = {MEMBER(extent, poolgrad_size, width),
                                             MEMBER(extent, poolgrad_size, height),
                                             MEMBER(extent, poolgrad_size, depth), END};
static const struct member region_members[] = {MEMBER(integer, poolgrad_region, x),
                                               MEMBER(integer, poolgrad_region, y),
                                               MEMBER(integer, poolgrad_region, z),
                                               MEMBER(extent, poolgrad_region, width),
                                               MEMBER(extent, poolgrad_region, height),
                                               MEMBER(extent, poolgrad_region, depth),
                                               END};
static const struct object offset_object = {offset_members, 0}, size_object = {size_members, 0},
                           region_object = {region_members, 0}, policy_object = {poolgrad_policy_members, 0};

#define POLICY poolgrad_padding_policy

const struct member poolgrad_policy_members[] = {{"class", poolgrad_read_constant, 0, "padding_policy", 0, false},
                                                 {"method", read_method, offsetof(POLICY, method), NULL, 0, false},
                                                 MEMBER(flag, POLICY, clamps_edges),
                                                 MEMBER(default, POLICY, callback),
                                                 MEMBER(label, POLICY, label),
                                                 END};

#define KERNEL poolgrad_pooling

const struct member poolgrad_pooling_members[] = {CLASS("pooling"),
                                                  REQUIRED(word, KERNEL, kind, &kind_words),
                                                  REQUIRED(integer, KERNEL, kernel_width, NULL),
                                                  REQUIRED(integer, KERNEL, kernel_height, NULL),
                                                  MEMBER(integer, KERNEL, stride_in_pixels_x),
                                                  MEMBER(integer, KERNEL, stride_in_pixels_y),
                                                  MEMBER(integer, KERNEL, dilation_rate_x),
                                                  MEMBER(integer, KERNEL, dilation_rate_y),
                                                  MEMBER_OF(object, KERNEL, offset, &offset_object),
                                                  MEMBER_OF(object, KERNEL, clip_rect, &region_object),
                                                  MEMBER(integer, KERNEL, destination_feature_channel_offset),
                                                  MEMBER(integer, KERNEL, source_feature_channel_offset),
                                                  MEMBER(extent, KERNEL, source_feature_channel_max_count),
                                                  MEMBER_OF(word, KERNEL, edge_mode, &edge_mode_words),
                                                  MEMBER_OF(object, KERNEL, padding, &policy_object),
                                                  MEMBER(integer, KERNEL, zero_pad_size_x),
                                                  MEMBER(integer, KERNEL, zero_pad_size_y),
                                                  MEMBER(default, KERNEL, destination_image_allocator),
                                                  MEMBER(flag, KERNEL, saves_argmax),
                                                  MEMBER_OF(word, KERNEL, ties, &poolgrad_tie_words),
                                                  MEMBER_OF(word, KERNEL, nan, &poolgrad_nan_words),
                                                  MEMBER_OF(word, KERNEL, accumulator, &poolgrad_accumulator_words),
                                                  MEMBER(label, KERNEL, label),
                                                  END};

#undef KERNEL
#define KERNEL poolgrad_pooling_gradient

const struct member poolgrad_pooling_gradient_members[] = {
    CLASS("pooling_gradient"),
    REQUIRED(word, KERNEL, kind, &kind_words),
    REQUIRED(integer, KERNEL, kernel_width, NULL),
    REQUIRED(integer, KERNEL, kernel_height, NULL),
    MEMBER(integer, KERNEL, stride_in_pixels_x),
    MEMBER(integer, KERNEL, stride_in_pixels_y),
    MEMBER(integer, KERNEL, dilation_rate_x),
    MEMBER(integer, KERNEL, dilation_rate_y),
    MEMBER_OF(object, KERNEL, primary_offset, &offset_object),
    MEMBER_OF(object, KERNEL, source_size, &size_object),
    MEMBER_OF(object, KERNEL, secondary_offset, &offset_object),
    MEMBER(integer, KERNEL, kernel_offset_x),
    MEMBER(integer, KERNEL, kernel_offset_y),
    MEMBER_OF(object, KERNEL, clip_rect, &region_object),
    MEMBER(integer, KERNEL, destination_feature_channel_offset),
    MEMBER(integer, KERNEL, primary_source_feature_channel_offset),
    MEMBER(integer, KERNEL, secondary_source_feature_channel_offset),
    MEMBER(extent, KERNEL, primary_source_feature_channel_max_count),
    MEMBER(extent, KERNEL, secondary_source_feature_channel_max_count),
    MEMBER_OF(word, KERNEL, primary_edge_mode, &edge_mode_words),
    MEMBER_OF(word, KERNEL, secondary_edge_mode, &edge_mode_words),
    MEMBER_OF(object, KERNEL, padding, &policy_object),
    MEMBER(integer, KERNEL, zero_pad_size_x),
    MEMBER(integer, KERNEL, zero_pad_size_y),
    MEMBER(default, KERNEL, destination_image_allocator),
    MEMBER_OF(word, KERNEL, ties, &poolgrad_tie_words),
    MEMBER_OF(word, KERNEL, nan, &poolgrad_nan_words),
    MEMBER_OF(word, KERNEL, accumulator, &poolgrad_accumulator_words),
    MEMBER(label, KERNEL, label),
    END};
