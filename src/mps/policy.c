/* SPDX-License-Identifier: Apache-2.0 */
/* Padding policies as values. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mps/kernel.h"

/* Centered and remainder to top left are 0. */
static const poolgrad_padding_method default_method = POOLGRAD_PADDING_SIZE_SAME;

poolgrad_padding_policy poolgrad_padding_with_method(poolgrad_padding_method method)
{
    return (poolgrad_padding_policy){.isa = &poolgrad_padding_policy_class, .method = method};
}

poolgrad_padding_policy poolgrad_padding_default(void)
{
    return poolgrad_padding_with_method(default_method);
}

static poolgrad_padding_policy tensorflow(poolgrad_padding_method size, const char *label)
{
    poolgrad_padding_policy policy = poolgrad_padding_with_method(size | POOLGRAD_PADDING_ALIGN_CENTERED |
                                                                  POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT);
    policy.clamps_edges = 1;
    snprintf(policy.label, sizeof policy.label, "%s", label);
    return policy;
}

poolgrad_padding_policy poolgrad_padding_for_tensorflow_average_pooling(void)
{
    return tensorflow(POOLGRAD_PADDING_SIZE_SAME, "TensorFlow average pooling");
}

poolgrad_padding_policy poolgrad_padding_for_tensorflow_average_pooling_valid_only(void)
{
    return tensorflow(POOLGRAD_PADDING_SIZE_VALID_ONLY, "TensorFlow average pooling, valid only");
}

poolgrad_padding_policy poolgrad_padding_custom(poolgrad_padding_method method, poolgrad_padding_callback callback,
                                                void *context)
{
    poolgrad_padding_policy policy = poolgrad_padding_with_method(method | POOLGRAD_PADDING_CUSTOM);
    policy.callback = callback;
    policy.context = context;
    return policy;
}

poolgrad_padding_policy poolgrad_padding_policy_inverse(const poolgrad_padding_policy *policy)
{
    poolgrad_padding_policy inverse = *policy;
    inverse.method = poolgrad_padding_inverse(policy->method);
    return inverse;
}

poolgrad_status poolgrad_padding_policy_check(const poolgrad_padding_policy *policy, poolgrad_error *error)
{
    const bool custom = (policy->method & POOLGRAD_PADDING_CUSTOM) != 0;
    const poolgrad_window window = {1, 1, 1, 1, 1, 1};
    poolgrad_padding padding;
    if (policy->isa != &poolgrad_padding_policy_class) {
        return poolgrad_refuse(error, "padding", "has no class; expected a policy made by a function of mps.h");
    }
    if (custom != (policy->callback != NULL)) {
        return poolgrad_refuse(error, "padding.callback", "is %s the custom bit (16384) of the method; expected both",
                               custom ? "null with" : "given without");
    }
    if (!memchr(policy->label, '\0', sizeof policy->label)) {
        return poolgrad_refuse(error, "padding.label", "has no end; expected at most %d characters and a zero",
                               POOLGRAD_LABEL_SIZE - 1);
    }
    poolgrad_status status = poolgrad_padding_forward(policy->method & ~POOLGRAD_PADDING_CUSTOM, POOLGRAD_AVERAGE,
                                                      &window, 1, 1, &padding, error);
    if (status != POOLGRAD_OK) poolgrad_rename_field(POOLGRAD_FORWARD, error);
    return status;
}

/* ---- Class ------------------------------------------------------------------------------------------------------- */

static const char *const sizes[] = {"valid only", "same", "full"};
static const char *const aligns[] = {"centered", "align top left", "align bottom right"};
static const char *const remainders[] = {"remainder to top left", "remainder to top right", "remainder to bottom left",
                                         "remainder to bottom right"};

enum { METHOD_TEXT = 160 };

/* False where bits are reserved or undefined. */
static bool print_method(poolgrad_padding_method method, char text[METHOD_TEXT])
{
    const poolgrad_padding_method size = method >> 4 & 3, align = method & 3, remainder = method >> 2 & 3;
    const poolgrad_padding_method rest = method & ~UINT32_C(63);
    const poolgrad_padding_method known = POOLGRAD_PADDING_EXCLUDE_EDGES | POOLGRAD_PADDING_CUSTOM |
                                          POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION;
    if (size > 2 || align > 2 || (rest & ~known)) return false;
    snprintf(text, METHOD_TEXT, "%s | %s | %s%s%s%s", sizes[size], aligns[align], remainders[remainder],
             rest & POOLGRAD_PADDING_EXCLUDE_EDGES ? " | exclude edges" : "",
             rest & POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION ? " | whitelist for node fusion" : "",
             rest & POOLGRAD_PADDING_CUSTOM ? " | custom" : "");
    return true;
}

bool poolgrad_same_policy(const poolgrad_padding_policy *x, const poolgrad_padding_policy *y)
{
    return x->isa == y->isa && x->method == y->method && !x->clamps_edges == !y->clamps_edges &&
           x->callback == y->callback && x->context == y->context && strncmp(x->label, y->label, sizeof x->label) == 0;
}

static bool equal(const void *a, const void *b)
{
    return poolgrad_same_policy(a, b);
}

static uint64_t hash(const void *object)
{
    const poolgrad_padding_policy *policy = object;
    uint64_t hash = poolgrad_hash_number(poolgrad_hash_begin(policy->isa->name), policy->method);
    hash = poolgrad_hash_number(poolgrad_hash_number(hash, policy->clamps_edges != 0), policy->callback != NULL);
    for (const char *c = policy->label; c < policy->label + sizeof policy->label && *c; c++) {
        hash = poolgrad_hash_number(hash, (unsigned char)*c);
    }
    return poolgrad_hash_address(hash, policy->context);
}

void poolgrad_describe_policy(const poolgrad_padding_policy *policy, struct poolgrad_text *text)
{
    char method[METHOD_TEXT];
    poolgrad_text_print(text, "padding");
    if (policy->label[0]) poolgrad_text_print(text, " \"%.*s\"", (int)sizeof policy->label, policy->label);
    if (print_method(policy->method, method))
        poolgrad_text_print(text, " %s", method);
    else
        poolgrad_text_print(text, " 0x%" PRIx32, policy->method);
    if (policy->clamps_edges) poolgrad_text_print(text, " | clamps edges");
}

static void describe(const void *object, struct poolgrad_text *text)
{
    poolgrad_describe_policy(object, text);
}

void poolgrad_padding_policy_write(const poolgrad_padding_policy *policy, const char *name, struct poolgrad_text *text)
{
    char method[METHOD_TEXT], label[POOLGRAD_LABEL_SIZE + 1];
    snprintf(label, sizeof label, "%.*s", (int)sizeof policy->label, policy->label);
    poolgrad_json_open(text, name, '{');
    poolgrad_json_string(text, "class", "padding_policy");
    if (print_method(policy->method, method))
        poolgrad_json_string(text, "method", method);
    else
        poolgrad_json_number(text, "method", policy->method);
    poolgrad_json_bool(text, "clamps_edges", policy->clamps_edges);
    poolgrad_json_string(text, "callback", policy->callback ? "custom" : "default");
    poolgrad_json_string(text, "label", label);
    poolgrad_json_close(text, '}');
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    poolgrad_padding_policy_write(object, NULL, text);
}

const struct poolgrad_class poolgrad_padding_policy_class = {"padding_policy", equal, hash, describe, write_json};
