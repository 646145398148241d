/* SPDX-License-Identifier: Apache-2.0 */
/* Padding policies as values, and what they make of a kernel that is configured. */
#include "support/generic.h"
#include "support/json_text.h"
#include "support/small.h"
#include <criterion/criterion.h>
#include <poolgrad/mps.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALID = POOLGRAD_PADDING_SIZE_VALID_ONLY, SAME = POOLGRAD_PADDING_SIZE_SAME, FULL = POOLGRAD_PADDING_SIZE_FULL };
enum { TO_TOP_LEFT = 0, TO_BOTTOM_RIGHT = 12 };

static const poolgrad_const_image five = {
    .format = POOLGRAD_FLOAT16, .layout = POOLGRAD_NHWC, .images = 2, .channels = 6, .height = 6, .width = 5};

static void expect_refused(poolgrad_status status, const poolgrad_error *error, const char *sentence)
{
    cr_expect(poolgrad_small_refusal(status, error), "status %d: \"%s\" \"%s\"", (int)status, error->field,
              error->message);
    cr_expect(strncmp(error->message, sentence, strlen(sentence)) == 0, "\"%s\" instead of \"%s\"", error->message,
              sentence);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static poolgrad_status refuse(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                              poolgrad_error *error)
{
    (void)context;
    (void)request;
    (void)descriptor;
    snprintf(error->field, sizeof error->field, "policy");
    snprintf(error->message, sizeof error->message, "policy is against it");
    return POOLGRAD_INVALID;
}

static void expect_policy(poolgrad_padding_policy policy, uint32_t method, int clamps_edges, const char *label)
{
    cr_expect_eq(policy.method, method);
    cr_expect_eq(policy.clamps_edges, clamps_edges);
    cr_expect(policy.callback == NULL && policy.context == NULL);
    cr_expect_str_eq(policy.label, label);
}

Test(padding_policy, values)
{
    int context = 0;
    expect_policy(poolgrad_padding_policy_default(), SAME, 0, "");
    expect_policy(poolgrad_padding_policy_with_method(0xffffffff), 0xffffffff, 0, "");
    expect_policy(poolgrad_padding_policy_for_tensorflow_average_pooling(), SAME | TO_BOTTOM_RIGHT, 1,
                  "TensorFlow average pooling");
    expect_policy(poolgrad_padding_policy_for_tensorflow_average_pooling_valid_only(), VALID | TO_BOTTOM_RIGHT, 1,
                  "TensorFlow average pooling, valid only");
    poolgrad_padding_policy custom = poolgrad_padding_policy_custom(FULL, refuse, &context);
    cr_expect_eq(custom.method, FULL | POOLGRAD_PADDING_CUSTOM);
    cr_expect(custom.callback == refuse && custom.context == &context && custom.clamps_edges == 0);
}

Test(padding_policy, inverse)
{
    int context = 0;
    poolgrad_padding_policy policy = poolgrad_padding_policy_custom(VALID | TO_BOTTOM_RIGHT, refuse, &context);
    policy.clamps_edges = 1;
    snprintf(policy.label, sizeof policy.label, "mine");
    poolgrad_padding_policy inverse = poolgrad_padding_policy_inverse(&policy), expected = policy;
    expected.method = FULL | TO_BOTTOM_RIGHT | POOLGRAD_PADDING_CUSTOM;
    cr_expect(generic_equal(&inverse, &expected) && !generic_equal(&inverse, &policy));
    poolgrad_padding_policy twice = poolgrad_padding_policy_inverse(&inverse);
    cr_expect(generic_equal(&twice, &policy));
    poolgrad_padding_policy same = poolgrad_padding_policy_default(),
                            inverse_of_same = poolgrad_padding_policy_inverse(&same);
    cr_expect(generic_equal(&same, &inverse_of_same));
}

static void expect_different(const poolgrad_padding_policy *a, const poolgrad_padding_policy *b, const char *what)
{
    cr_expect(!generic_equal(a, b) && !generic_equal(b, a), "%s is not compared", what);
    cr_expect_neq(generic_hash(a), generic_hash(b), "%s is not hashed", what);
}

Test(padding_policy, equality_and_hash)
{
    int context = 0;
    poolgrad_padding_policy policy = poolgrad_padding_policy_custom(SAME, refuse, NULL), other = policy;
    snprintf(policy.label, sizeof policy.label, "a");
    memset(other.label, 'x', sizeof other.label);
    snprintf(other.label, sizeof other.label, "a");
    other.clamps_edges = 0;
    cr_expect(generic_equal(&policy, &other), "characters behind the end of a label count for nothing");
    cr_expect_eq(generic_hash(&policy), generic_hash(&other));
    other.label[0] = 'b';
    expect_different(&policy, &other, "label");
    other = policy;
    other.method = FULL | POOLGRAD_PADDING_CUSTOM;
    expect_different(&policy, &other, "method");
    other = policy;
    other.clamps_edges = 1;
    expect_different(&policy, &other, "clamps_edges");
    other = policy;
    other.callback = NULL;
    expect_different(&policy, &other, "callback");
    other = policy;
    other.context = &context;
    expect_different(&policy, &other, "context");
}

Test(padding_policy, nulls)
{
    const poolgrad_padding_policy zero = {0}, other = {0}, policy = poolgrad_padding_policy_default();
    char text[16];
    cr_expect(generic_equal(&zero, &other) && !generic_equal(&zero, &policy));
    cr_expect(poolgrad_padding_policy_equal(NULL, NULL) && !poolgrad_padding_policy_equal(NULL, &policy));
    cr_expect(!poolgrad_padding_policy_equal(&policy, NULL));
    cr_expect(poolgrad_padding_policy_hash(NULL) == 0 && generic_hash(&policy) != generic_hash(&zero));
    cr_expect_eq(poolgrad_padding_policy_description(NULL, text, sizeof text), strlen("null"));
    cr_expect_str_eq(text, "null");
    cr_expect_eq(poolgrad_padding_policy_debug_description(NULL, text, sizeof text), strlen("null"));
    cr_expect_str_eq(text, "null");
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

typedef size_t describer(const poolgrad_padding_policy *policy, char *text, size_t size);

/* The whole text, and every shorter piece of it as snprintf would cut it. */
static void expect_text(describer *describe, const poolgrad_padding_policy *policy, const char *expected)
{
    char text[512];
    const size_t length = strlen(expected);
    cr_expect_eq(describe(policy, NULL, 0), length, "%s", expected);
    for (size_t size = 0; size <= length + 2; size++) {
        memset(text, '#', sizeof text);
        cr_expect_eq(describe(policy, text, size), length);
        const size_t written = size == 0 ? 0 : size <= length ? size - 1 : length;
        cr_expect(strncmp(text, expected, written) == 0, "size %zu: \"%.*s\" instead of \"%s\"", size, (int)written,
                  text, expected);
        if (size > 0) cr_expect_eq(text[written], '\0');
        cr_expect_eq(text[size > 0 ? written + 1 : 0], '#', "size %zu: written too far", size);
    }
}

Test(padding_policy, texts)
{
    static const char json[] = "{'class': 'padding_policy', 'method': 'valid only | align top left | remainder to top "
                               "right | exclude edges | whitelist for node fusion | custom', 'clamps_edges': true, "
                               "'callback': 'custom', 'label': 'mine'}";
    poolgrad_padding_policy policy = poolgrad_padding_policy_default();
    expect_text(poolgrad_padding_policy_description, &policy, "padding same | centered | remainder to top left");
    policy = poolgrad_padding_policy_custom(VALID | 1 | 4 | POOLGRAD_PADDING_EXCLUDE_EDGES |
                                                POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION,
                                            refuse, NULL);
    policy.clamps_edges = 1;
    snprintf(policy.label, sizeof policy.label, "mine");
    expect_text(poolgrad_padding_policy_description, &policy,
                "padding \"mine\" valid only | align top left | remainder to top right | exclude edges | whitelist for "
                "node fusion | custom | clamps edges");
    char *quoted = json_quoted(json);
    expect_text(poolgrad_padding_policy_debug_description, &policy, quoted);
    free(quoted);
    policy = poolgrad_padding_policy_with_method(3);
    expect_text(poolgrad_padding_policy_description, &policy, "padding 0x3");
}

/* All that a label may hold is escaped, and a label without an end ends where its room does. */
Test(padding_policy, labels_in_json)
{
    char text[1024];
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(48);
    snprintf(policy.label, sizeof policy.label, "\"\\\n\x01/\xc3\xa9");
    cr_expect_lt(generic_debug_description(&policy, text, sizeof text), sizeof text);
    cr_assert(json_is_valid(text), "%s", text);
    cr_expect_eq(json_number(json_member(text, "method")), 48);
    cr_expect(strstr(text, "\"label\": \"\\\"\\\\\\u000a\\u0001/\xc3\xa9\"") != NULL, "%s", text);
    memset(policy.label, 'x', sizeof policy.label);
    cr_expect_lt(generic_debug_description(&policy, text, sizeof text), sizeof text);
    cr_assert(json_is_valid(text), "%s", text);
    poolgrad_padding_policy other = policy;
    cr_expect(generic_equal(&policy, &other) && generic_hash(&policy) == generic_hash(&other));
}

/* ---- Use --------------------------------------------------------------------------------------------------------- */

static void expect_configured(uint32_t method, poolgrad_kind kind, int clamps_edges)
{
    poolgrad_pooling kernel;
    poolgrad_image descriptor;
    poolgrad_error error = {"", ""};
    poolgrad_padding p;
    const poolgrad_window window = {4, 3, 1, 2, 3, 1, 1, 1, 1};
    if (kind == POOLGRAD_AVERAGE)
        poolgrad_pooling_average_init(&kernel, sizeof kernel, 4, 3, 2, 3);
    else
        poolgrad_pooling_max_init(&kernel, sizeof kernel, 4, 3, 2, 3);
    kernel.padding = poolgrad_padding_policy_with_method(method);
    kernel.padding.clamps_edges = clamps_edges;
    kernel.zero_pad_size_x = 7;
    kernel.offset.z = 1;
    poolgrad_status expected = poolgrad_padding_forward(method, kind, &window, five.height, five.width, &p, NULL);
    poolgrad_status status = poolgrad_pooling_destination_descriptor(&kernel, &five, &descriptor, &error);
    cr_assert_eq(status, expected, "method 0x%x: %s", method, error.message);
    if (status != POOLGRAD_OK) {
        expect_refused(status, &error, "padding.method is 0x");
        return;
    }
    cr_expect(descriptor.width == p.width && descriptor.height == p.height, "method 0x%x", method);
    cr_expect(descriptor.images == 2 && descriptor.channels == 6 && descriptor.format == POOLGRAD_FLOAT16 &&
              descriptor.layout == POOLGRAD_NHWC);
    cr_expect(kernel.offset.x == p.offset_x && kernel.offset.y == p.offset_y && kernel.offset.z == 1, "0x%x", method);
    cr_expect_eq(kernel.edge_mode, p.exclude_edges || clamps_edges ? POOLGRAD_EDGE_CLAMP : POOLGRAD_EDGE_ZERO);
    cr_expect_eq(kernel.zero_pad_size_x, p.exclude_edges ? p.zero_pad_x : 7);
    cr_expect_eq(kernel.zero_pad_size_y, p.exclude_edges ? p.zero_pad_y : 0);
}

/* Every value of the defined bits but custom, reserved ones too, and one bit beyond. */
Test(padding_policy, methods)
{
    for (uint32_t bits = 0; bits < 64 * 16; bits++) {
        uint32_t method = bits % 64 | (bits & 64 ? POOLGRAD_PADDING_EXCLUDE_EDGES : 0) |
                          (bits & 128 ? POOLGRAD_PADDING_CUSTOM_WHITELIST_FOR_NODE_FUSION : 0) |
                          (bits & 512 ? UINT32_C(1) << 20 : 0);
        expect_configured(method, POOLGRAD_AVERAGE, bits & 256 ? 1 : 0);
        expect_configured(method, POOLGRAD_MAX, bits & 256 ? 1 : 0);
    }
}

Test(padding_policy, contradictions)
{
    poolgrad_pooling kernel;
    poolgrad_image descriptor;
    poolgrad_error error = {"", ""};
    poolgrad_pooling_max_init_with_size(&kernel, sizeof kernel, 2, 2);
    kernel.padding.method |= POOLGRAD_PADDING_CUSTOM;
    expect_refused(poolgrad_pooling_destination_descriptor(&kernel, &five, &descriptor, &error), &error,
                   "padding.callback is null with the custom bit (16384) of the method; expected both");
    kernel.padding = poolgrad_padding_policy_default();
    kernel.padding.callback = refuse;
    expect_refused(poolgrad_pooling_destination_descriptor(&kernel, &five, &descriptor, &error), &error,
                   "padding.callback is given without the custom bit");
    kernel.padding = poolgrad_padding_policy_default();
    memset(kernel.padding.label, 'x', sizeof kernel.padding.label);
    expect_refused(poolgrad_pooling_destination_descriptor(&kernel, &five, &descriptor, &error), &error,
                   "padding.label has no end; expected at most 63 characters");
    kernel.padding = poolgrad_padding_policy_with_method(VALID);
    kernel.kernel_width = 9;
    expect_refused(poolgrad_pooling_destination_descriptor(&kernel, &five, &descriptor, &error), &error,
                   "source.width is 5, where a window spans 9 pixels");
}

/* What a policy may leave behind that no kernel can be. */
static poolgrad_status spoil(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                             poolgrad_error *error)
{
    const int what = *(const int *)context;
    (void)descriptor, (void)error;
    if (request->pooling) {
        if (what == 0) request->pooling->struct_size = 1;
        if (what == 1) request->pooling->destination_feature_channel_offset = 2;
        return POOLGRAD_OK;
    }
    if (what == 0) request->pooling_gradient->struct_size = 1;
    if (what == 1) request->pooling_gradient->destination_feature_channel_offset = 2;
    if (what == 2) request->pooling_gradient->secondary_source_feature_channel_offset = 2;
    if (what == 3) request->pooling_gradient->primary_edge_mode = (poolgrad_edge_mode)9;
    if (what == 4) request->pooling_gradient->reserved = 1;
    return POOLGRAD_OK;
}

/* Kernels are checked as policies leave them. */
Test(padding_policy, spoilt_kernels)
{
    static const char *const refusals[] = {NULL, "destination_feature_channel_offset is 2; expected a multiple of 4",
                                           "secondary_source_feature_channel_offset is 2; expected a multiple of 4",
                                           "primary_edge_mode is 9; expected zero (0) or clamp (1)",
                                           "reserved is 1; expected 0"};
    for (int what = 0; what < 5; what++) {
        poolgrad_pooling kernel;
        poolgrad_pooling_gradient gradient;
        poolgrad_image descriptor;
        poolgrad_error error = {"", ""};
        poolgrad_pooling_max_init_with_size(&kernel, sizeof kernel, 2, 2);
        poolgrad_pooling_max_gradient_init_with_size(&gradient, sizeof gradient, 2, 2);
        kernel.padding = gradient.padding = poolgrad_padding_policy_custom(SAME, spoil, (void *)&what);
        poolgrad_status status = poolgrad_pooling_destination_descriptor(&kernel, &five, &descriptor, &error);
        if (what == 1)
            expect_refused(status, &error, refusals[what]);
        else
            cr_expect(status == POOLGRAD_OK && kernel.struct_size == sizeof kernel);
        status = poolgrad_pooling_gradient_destination_descriptor(&gradient, &five, NULL, NULL, &descriptor, &error);
        if (what > 0)
            expect_refused(status, &error, refusals[what]);
        else
            cr_expect(status == POOLGRAD_OK && gradient.struct_size == sizeof gradient);
    }
}

/* In a graph, too, where the struct's size is no caller's. */
Test(padding_policy, spoilt_kernels_of_graphs)
{
    const float pixels[100] = {1};
    const poolgrad_const_image image = poolgrad_const_image_dense(pixels, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 4, 5, 5);
    for (int what = 0; what < 2; what++) {
        const poolgrad_padding_policy policy = poolgrad_padding_policy_custom(SAME, spoil, (void *)&what);
        poolgrad_network *network = poolgrad_network_create();
        poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
        poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(network, x, 2);
        poolgrad_graph *graph;
        poolgrad_buffer *y;
        poolgrad_state *state = NULL;
        poolgrad_error error = {"", ""};
        poolgrad_filter_node_set_padding_policy(pool, &policy);
        poolgrad_state_node_set_export_from_graph(poolgrad_filter_node_result_state(pool), what == 0);
        cr_assert_eq(poolgrad_graph_create(network, poolgrad_filter_node_result_image(pool), 1, &graph, NULL),
                     POOLGRAD_OK);
        poolgrad_status status = poolgrad_graph_encode(graph, NULL, &image, 1, NULL, 0, &y, NULL, &state, &error);
        cr_expect_eq(status, what == 0 ? POOLGRAD_OK : POOLGRAD_INVALID);
        cr_expect_str_eq(error.message, what == 0 ? ""
                                                  : "pooling_max_node 0: destination_feature_channel_offset is 2; "
                                                    "expected a multiple of 4");
        cr_expect_eq(state != NULL, what == 0);
        poolgrad_buffer_destroy(y);
        poolgrad_state_destroy(state);
        poolgrad_graph_destroy(graph);
        poolgrad_network_destroy(network);
    }
}
