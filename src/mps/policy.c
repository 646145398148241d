/* SPDX-License-Identifier: Apache-2.0 */
/* Padding policies as values. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mps/kernel.h"
#include "text/typed.h"

/* Centered and remainder to top left are 0. */
static const poolgrad_padding_method default_method = POOLGRAD_PADDING_SIZE_SAME;

poolgrad_padding_policy poolgrad_padding_policy_with_method(poolgrad_padding_method method)
{
    return (poolgrad_padding_policy){.method = method};
}

poolgrad_padding_policy poolgrad_padding_policy_default(void)
{
    return poolgrad_padding_policy_with_method(default_method);
}

static poolgrad_padding_policy tensorflow(poolgrad_padding_method size, const char *label)
{
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(size | POOLGRAD_PADDING_ALIGN_CENTERED |
                                                                         POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT);
    policy.clamps_edges = 1;
    snprintf(policy.label, sizeof policy.label, "%s", label);
    return policy;
}

poolgrad_padding_policy poolgrad_padding_policy_for_tensorflow_average_pooling(void)
{
    return tensorflow(POOLGRAD_PADDING_SIZE_SAME, "TensorFlow average pooling");
}

poolgrad_padding_policy poolgrad_padding_policy_for_tensorflow_average_pooling_valid_only(void)
{
    return tensorflow(POOLGRAD_PADDING_SIZE_VALID_ONLY, "TensorFlow average pooling, valid only");
}

poolgrad_padding_policy poolgrad_padding_policy_custom(poolgrad_padding_method method,
                                                       poolgrad_padding_callback callback, void *context)
{
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(method | POOLGRAD_PADDING_CUSTOM);
    policy.callback = callback;
    policy.context = context;
    return policy;
}

poolgrad_padding_policy poolgrad_padding_policy_inverse(const poolgrad_padding_policy *policy)
{
    poolgrad_padding_policy inverse = *policy;
    inverse.method = poolgrad_padding_method_inverse(policy->method);
    return inverse;
}

/* ---- Methods in words -------------------------------------------------------------------------------------------- */

enum { ALIGN = 3, REMAINDER = 12, SIZE = 48 };

/* In the order in which they are written. Parts of one mask exclude each other; those that are 0 in all bits of their
 * mask are the usual ones. */
static const struct part {
    const char *word;
    poolgrad_padding_method value, mask;
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

enum { PARTS = sizeof parts / sizeof *parts };

bool poolgrad_print_method(poolgrad_padding_method method, char text[POOLGRAD_METHOD_TEXT])
{
    size_t used = 0;
    poolgrad_padding_method told = 0;
    for (int i = 0; i < PARTS; i++) {
        if ((method & parts[i].mask) != parts[i].value) continue;
        used += (size_t)snprintf(text + used, POOLGRAD_METHOD_TEXT - used, "%s%s", used ? " | " : "", parts[i].word);
        told |= parts[i].mask;
    }
    return (method & ~told) == 0;
}

static const struct part *find_part(const char *word, size_t length)
{
    for (int i = 0; i < PARTS; i++) {
        if (strlen(parts[i].word) == length && memcmp(parts[i].word, word, length) == 0) return &parts[i];
    }
    return NULL;
}

/* One word for the size and at most one for everything else. */
bool poolgrad_parse_method(const char *text, poolgrad_padding_method *method)
{
    static const char separator[] = " | ";
    poolgrad_padding_method seen = 0, made = 0;
    for (;;) {
        const char *end = strstr(text, separator);
        const struct part *part = find_part(text, end ? (size_t)(end - text) : strlen(text));
        if (!part || (seen & part->mask)) return false;
        seen |= part->mask;
        made |= part->value;
        if (!end) break;
        text = end + sizeof separator - 1;
    }
    if (!(seen & SIZE)) return false;
    *method = made;
    return true;
}

/* ---- Equality, hash and texts ------------------------------------------------------------------------------------ */

const char *poolgrad_policy_word(int value)
{
    return value == 0 ? "padding_policy" : NULL;
}

#define PROPERTIES_OF poolgrad_padding_policy

const struct poolgrad_property poolgrad_policy_properties[] = {POOLGRAD_POLICY_ROWS("", , 0), POOLGRAD_LAST_ROW};

static bool equal(const void *a, const void *b)
{
    return poolgrad_properties_equal(poolgrad_policy_properties, a, b);
}

static uint64_t hash(const void *object)
{
    return poolgrad_properties_hash(poolgrad_policy_properties, object, poolgrad_hash_begin("padding_policy"));
}

void poolgrad_describe_policy(const poolgrad_padding_policy *policy, struct poolgrad_text *text)
{
    char method[POOLGRAD_METHOD_TEXT];
    poolgrad_text_print(text, "padding");
    if (policy->label[0]) poolgrad_text_print(text, " \"%.*s\"", (int)sizeof policy->label, policy->label);
    if (poolgrad_print_method(policy->method, method))
        poolgrad_text_print(text, " %s", method);
    else
        poolgrad_text_print(text, " 0x%" PRIx32, policy->method);
    if (policy->clamps_edges) poolgrad_text_print(text, " | clamps edges");
}

static void describe(const void *object, struct poolgrad_text *text)
{
    poolgrad_describe_policy(object, text);
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    poolgrad_json_open(text, NULL, '{');
    poolgrad_properties_write(poolgrad_policy_properties, 0, object, text);
    poolgrad_json_close(text, '}');
}

static const struct poolgrad_type type = {equal, hash, describe, write_json};
POOLGRAD_TYPED(poolgrad_padding_policy, type);
