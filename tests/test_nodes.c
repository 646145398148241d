/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: what initializers set, what properties keep, and what a network refuses. */
#include "support/generic.h"
#include "support/small.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <poolgrad/graph.h>
#include <stdio.h>
#include <string.h>

static poolgrad_network *network_of_test(void)
{
    poolgrad_network *network = poolgrad_network_create();
    cr_assert_not_null(network);
    return network;
}

/* The network's error is the sentence, and its field the beginning of that. */
static void expect_error(const poolgrad_network *network, const char *sentence)
{
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_network_status(network, &error);
    cr_expect(poolgrad_small_refusal(status, &error), "status %d, \"%s\" \"%s\"", (int)status, error.field,
              error.message);
    cr_expect(strcmp(error.message, sentence) == 0, "\"%s\" instead of \"%s\"", error.message, sentence);
}

static void expect_no_error(const poolgrad_network *network)
{
    poolgrad_error error = {"", ""};
    cr_expect(poolgrad_network_status(network, &error) == POOLGRAD_OK && error.message[0] == 0, "%s", error.message);
}

static poolgrad_status allocate_nothing(void *context, poolgrad_image *image)
{
    (void)context;
    (void)image;
    return POOLGRAD_NO_MEMORY;
}

static const poolgrad_image_allocator some_allocator = {.allocate = allocate_nothing};

/* ---- Image nodes ------------------------------------------------------------------------------------------------- */

static void expect_image_defaults(const poolgrad_image_node *image)
{
    poolgrad_image_allocator allocator = poolgrad_image_node_image_allocator(image);
    cr_expect_null(poolgrad_image_node_handle(image));
    cr_expect_eq(poolgrad_image_node_format(image), POOLGRAD_FORMAT_NONE);
    cr_expect(!allocator.allocate && !allocator.release && !allocator.context);
    cr_expect_eq(poolgrad_image_node_export_from_graph(image), 0);
    cr_expect_eq(poolgrad_image_node_synchronize_resource(image), 0);
    cr_expect_eq(poolgrad_image_node_stop_gradient(image), 0);
}

static void set_image_properties(poolgrad_image_node *image)
{
    poolgrad_image_node_set_handle(image, "changed");
    poolgrad_image_node_set_format(image, POOLGRAD_BFLOAT16);
    poolgrad_image_node_set_image_allocator(image, some_allocator);
    poolgrad_image_node_set_export_from_graph(image, 7);
    poolgrad_image_node_set_synchronize_resource(image, 7);
    poolgrad_image_node_set_stop_gradient(image, 7);
}

static void expect_image_properties(const poolgrad_image_node *image)
{
    cr_assert_not_null(image);
    cr_expect_str_eq(poolgrad_image_node_handle(image), "changed");
    cr_expect_eq(poolgrad_image_node_format(image), POOLGRAD_BFLOAT16);
    cr_expect(poolgrad_image_node_image_allocator(image).allocate == allocate_nothing);
    cr_expect_eq(poolgrad_image_node_export_from_graph(image), 1);
    cr_expect_eq(poolgrad_image_node_synchronize_resource(image), 1);
    cr_expect_eq(poolgrad_image_node_stop_gradient(image), 1);
}

Test(nodes, image_properties)
{
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *image = poolgrad_image_node_create(network, NULL);
    poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(network, image, 2);
    poolgrad_image_node *result = poolgrad_filter_node_result_image(pool);
    expect_image_defaults(image);
    expect_image_defaults(result);
    cr_expect_null(poolgrad_image_node_producer(image));
    cr_expect(poolgrad_image_node_producer(result) == pool);
    set_image_properties(image);
    expect_image_properties(image);
    cr_expect_null(poolgrad_image_node_handle(result), "properties of an image are its own");
    set_image_properties(result);
    expect_image_properties(result);
    poolgrad_image_node_set_export_from_graph(image, 0);
    poolgrad_image_node_set_synchronize_resource(image, 0);
    poolgrad_image_node_set_stop_gradient(image, 0);
    poolgrad_image_node_set_handle(image, NULL);
    poolgrad_image_node_set_format(image, POOLGRAD_FORMAT_NONE);
    poolgrad_image_node_set_image_allocator(image, (poolgrad_image_allocator){0});
    expect_image_defaults(image);
    expect_no_error(network);
    poolgrad_network_destroy(network);
}

Test(nodes, handles_are_copied)
{
    poolgrad_network *network = network_of_test();
    char handle[] = "x";
    poolgrad_image_node *image = poolgrad_image_node_create(network, handle);
    poolgrad_image_node *exported = poolgrad_image_node_create_exported(network, handle);
    poolgrad_state_node *state = poolgrad_gradient_state_node_create(network, handle);
    handle[0] = 'y';
    cr_expect_str_eq(poolgrad_image_node_handle(image), "x");
    cr_expect_str_eq(poolgrad_image_node_handle(exported), "x");
    cr_expect_str_eq(poolgrad_state_node_handle(state), "x");
    cr_expect_eq(poolgrad_image_node_export_from_graph(image), 0);
    cr_expect_eq(poolgrad_image_node_export_from_graph(exported), 1);
    /* A handle that is set to itself. */
    poolgrad_image_node_set_handle(image, poolgrad_image_node_handle(image));
    cr_expect_str_eq(poolgrad_image_node_handle(image), "x");
    poolgrad_image_node_set_handle(image, "");
    cr_expect_str_eq(poolgrad_image_node_handle(image), "", "an empty handle is a handle");
    poolgrad_network_destroy(network);
}

/* Results have the format of what their filter reads first; unorm on the way becomes float32. */
Test(nodes, formats_lead_to_the_first_source)
{
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x"), *dy = poolgrad_image_node_create(network, "dy");
    poolgrad_filter_node *first = poolgrad_pooling_max_node_create_with_filter_size(network, x, 2);
    poolgrad_image_node *y = poolgrad_filter_node_result_image(first);
    poolgrad_filter_node *second = poolgrad_pooling_average_node_create_with_filter_size(network, y, 2);
    poolgrad_image_node *z = poolgrad_filter_node_result_image(second);
    poolgrad_filter_node *back = poolgrad_filter_node_gradient_filter_with_source(second, dy);
    poolgrad_image_node *dx = poolgrad_filter_node_result_image(back);
    poolgrad_image_node *const terms[] = {z, dx};
    poolgrad_image_node *sum = poolgrad_filter_node_result_image(poolgrad_addition_node_create(network, terms, 2));
    cr_expect_eq(poolgrad_image_node_format(sum), POOLGRAD_FORMAT_NONE);
    poolgrad_image_node_set_format(x, POOLGRAD_UNORM8);
    cr_expect_eq(poolgrad_image_node_format(x), POOLGRAD_UNORM8);
    cr_expect_eq(poolgrad_image_node_format(y), POOLGRAD_FLOAT32);
    cr_expect_eq(poolgrad_image_node_format(sum), POOLGRAD_FLOAT32);
    cr_expect_eq(poolgrad_image_node_format(dx), POOLGRAD_FORMAT_NONE, "a gradient has its source gradient's");
    poolgrad_image_node_set_format(dy, POOLGRAD_FLOAT64);
    cr_expect_eq(poolgrad_image_node_format(dx), POOLGRAD_FLOAT64);
    poolgrad_image_node_set_format(y, POOLGRAD_BFLOAT16);
    cr_expect_eq(poolgrad_image_node_format(y), POOLGRAD_BFLOAT16);
    cr_expect_eq(poolgrad_image_node_format(z), POOLGRAD_BFLOAT16);
    cr_expect_eq(poolgrad_image_node_format(sum), POOLGRAD_BFLOAT16);
    expect_no_error(network);
    poolgrad_network_destroy(network);
}

Test(nodes, formats_of_images)
{
    static const poolgrad_format formats[] = {
        POOLGRAD_FORMAT_NONE, POOLGRAD_UNORM8,  POOLGRAD_UNORM16,    POOLGRAD_FLOAT16,   POOLGRAD_FLOAT32,
        POOLGRAD_BFLOAT16,    POOLGRAD_FLOAT64, POOLGRAD_INT32,      POOLGRAD_INT64,     POOLGRAD_TAP8,
        POOLGRAD_TAP16,       POOLGRAD_TAP32,   (poolgrad_format)12, (poolgrad_format)-1};
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(network, x, 2);
    poolgrad_filter_node_set_label(pool, "p");
    poolgrad_image_node *y = poolgrad_filter_node_result_image(pool);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        bool index = formats[i] >= POOLGRAD_INT32 || formats[i] < 0;
        bool unorm = formats[i] == POOLGRAD_UNORM8 || formats[i] == POOLGRAD_UNORM16;
        poolgrad_image_node_set_format(x, formats[i]);
        cr_expect_eq(poolgrad_network_status(network, NULL), index ? POOLGRAD_INVALID : POOLGRAD_OK);
        if (!index) cr_expect_eq(poolgrad_image_node_format(x), formats[i]);
        poolgrad_network_clear_error(network);
        poolgrad_image_node_set_format(y, formats[i]);
        cr_expect_eq(poolgrad_network_status(network, NULL), index || unorm ? POOLGRAD_INVALID : POOLGRAD_OK);
        poolgrad_network_clear_error(network);
    }
    poolgrad_image_node_set_format(x, POOLGRAD_TAP8);
    expect_error(network,
                 "format of image \"x\" is 9 (tap8); expected none, unorm8, unorm16, float16, bfloat16, float32 "
                 "or float64");
    poolgrad_network_clear_error(network);
    poolgrad_image_node_set_format(y, POOLGRAD_UNORM8);
    expect_error(network, "format of result of node \"p\" is 1 (unorm8); expected none, float16, bfloat16, float32 or "
                          "float64 of a filter's result");
    poolgrad_network_destroy(network);
}

/* ---- State nodes ------------------------------------------------------------------------------------------------- */

static void expect_state_defaults(const poolgrad_state_node *state)
{
    cr_assert_not_null(state);
    cr_expect_null(poolgrad_state_node_handle(state));
    cr_expect_eq(poolgrad_state_node_export_from_graph(state), 0);
    cr_expect_eq(poolgrad_state_node_synchronize_resource(state), 0);
    cr_expect_eq(poolgrad_state_node_is_gradient_state(state), 1);
}

static void set_state_properties(poolgrad_state_node *state)
{
    poolgrad_state_node_set_handle(state, "changed");
    poolgrad_state_node_set_export_from_graph(state, 7);
    poolgrad_state_node_set_synchronize_resource(state, 7);
}

static void expect_state_properties(const poolgrad_state_node *state)
{
    cr_assert_not_null(state);
    cr_expect_str_eq(poolgrad_state_node_handle(state), "changed");
    cr_expect_eq(poolgrad_state_node_export_from_graph(state), 1);
    cr_expect_eq(poolgrad_state_node_synchronize_resource(state), 1);
}

Test(nodes, state_properties)
{
    poolgrad_network *network = network_of_test();
    poolgrad_state_node *given = poolgrad_gradient_state_node_create(network, NULL);
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    poolgrad_filter_node *pool = poolgrad_pooling_average_node_create_with_filter_size(network, x, 2);
    poolgrad_state_node *result = poolgrad_filter_node_result_state(pool);
    expect_state_defaults(given);
    expect_state_defaults(result);
    cr_expect_null(poolgrad_state_node_producer(given));
    cr_expect(poolgrad_state_node_producer(result) == pool);
    set_state_properties(given);
    expect_state_properties(given);
    set_state_properties(result);
    expect_state_properties(result);
    poolgrad_state_node_set_handle(result, NULL);
    poolgrad_state_node_set_export_from_graph(result, 0);
    poolgrad_state_node_set_synchronize_resource(result, 0);
    expect_state_defaults(result);
    expect_no_error(network);
    poolgrad_network_destroy(network);
}

/* ---- Initializers ------------------------------------------------------------------------------------------------ */

static void expect_window(const poolgrad_filter_node *filter, poolgrad_window w)
{
    cr_expect_eq(poolgrad_filter_node_kernel_width(filter), w.kernel_width);
    cr_expect_eq(poolgrad_filter_node_kernel_height(filter), w.kernel_height);
    cr_expect_eq(poolgrad_filter_node_stride_in_pixels_x(filter), w.stride_x);
    cr_expect_eq(poolgrad_filter_node_stride_in_pixels_y(filter), w.stride_y);
    cr_expect_eq(poolgrad_filter_node_dilation_rate_x(filter), w.dilation_x);
    cr_expect_eq(poolgrad_filter_node_dilation_rate_y(filter), w.dilation_y);
}

static void expect_policy(const poolgrad_filter_node *filter, poolgrad_padding_policy expected)
{
    poolgrad_padding_policy policy = poolgrad_filter_node_padding_policy(filter);
    cr_expect(generic_equal(&policy, &expected));
}

static void expect_default_rules(const poolgrad_filter_node *filter)
{
    poolgrad_node_rules rules = poolgrad_filter_node_rules(filter);
    cr_expect(rules.ties == POOLGRAD_TIES_FIRST && rules.nan == POOLGRAD_NAN_FIRST &&
              rules.accumulator == POOLGRAD_ACCUMULATE_FLOAT32);
    cr_expect_eq(poolgrad_filter_node_saves_argmax(filter), 0);
}

static void expect_forward(const poolgrad_filter_node *filter, poolgrad_filter_type type,
                           const poolgrad_image_node *source, poolgrad_window window)
{
    cr_assert_not_null(filter);
    cr_expect_eq(poolgrad_filter_node_type(filter), type);
    expect_window(filter, window);
    expect_policy(filter, poolgrad_padding_policy_default());
    expect_default_rules(filter);
    cr_expect_null(poolgrad_filter_node_label(filter));
    cr_expect_eq(poolgrad_filter_node_source_image_count(filter), 1);
    cr_expect(poolgrad_filter_node_source_image(filter, 0) == source);
    cr_expect_null(poolgrad_filter_node_source_image(filter, 1));
    cr_expect_null(poolgrad_filter_node_source_image(filter, -1));
    cr_expect_eq(poolgrad_filter_node_source_state_count(filter), 0);
    cr_expect_null(poolgrad_filter_node_source_state(filter, 0));
    cr_expect_eq(poolgrad_filter_node_result_state_count(filter), 1);
    cr_expect(poolgrad_filter_node_result_state_at(filter, 0) == poolgrad_filter_node_result_state(filter));
    cr_expect_null(poolgrad_filter_node_result_state_at(filter, 1));
    cr_expect_null(poolgrad_filter_node_result_state_at(filter, -1));
    expect_image_defaults(poolgrad_filter_node_result_image(filter));
    expect_state_defaults(poolgrad_filter_node_result_state(filter));
    cr_expect_eq(poolgrad_filter_node_is_gradient(filter), 0);
    cr_expect_eq(poolgrad_filter_node_is_pooling(filter), type != POOLGRAD_FILTER_DILATED_POOLING_MAX);
}

typedef poolgrad_filter_node *pooling_create(poolgrad_network *, poolgrad_image_node *, int64_t, int64_t, int64_t,
                                             int64_t);
typedef poolgrad_filter_node *pooling_create_with_size(poolgrad_network *, poolgrad_image_node *, int64_t);
typedef poolgrad_filter_node *pooling_create_with_size_and_stride(poolgrad_network *, poolgrad_image_node *, int64_t,
                                                                  int64_t);
typedef poolgrad_filter_node *gradient_create(poolgrad_network *, poolgrad_image_node *, poolgrad_image_node *,
                                              poolgrad_state_node *, int64_t, int64_t, int64_t, int64_t,
                                              const poolgrad_padding_policy *);

typedef struct pooling_type {
    poolgrad_filter_type type, gradient_type;
    pooling_create *create;
    pooling_create_with_size *with_size;
    pooling_create_with_size_and_stride *with_size_and_stride;
    gradient_create *gradient;
} pooling_type;

static const pooling_type pooling_types[] = {
    {POOLGRAD_FILTER_POOLING_AVERAGE, POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT, poolgrad_pooling_average_node_create,
     poolgrad_pooling_average_node_create_with_filter_size,
     poolgrad_pooling_average_node_create_with_filter_size_and_stride, poolgrad_pooling_average_gradient_node_create},
    {POOLGRAD_FILTER_POOLING_MAX, POOLGRAD_FILTER_POOLING_MAX_GRADIENT, poolgrad_pooling_max_node_create,
     poolgrad_pooling_max_node_create_with_filter_size, poolgrad_pooling_max_node_create_with_filter_size_and_stride,
     poolgrad_pooling_max_gradient_node_create},
    {POOLGRAD_FILTER_POOLING_L2NORM, POOLGRAD_FILTER_POOLING_L2NORM_GRADIENT, poolgrad_pooling_l2norm_node_create,
     poolgrad_pooling_l2norm_node_create_with_filter_size,
     poolgrad_pooling_l2norm_node_create_with_filter_size_and_stride, poolgrad_pooling_l2norm_gradient_node_create},
};

enum { POOLING_TYPES = sizeof pooling_types / sizeof *pooling_types };

Test(nodes, pooling_initializers)
{
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    for (int i = 0; i < POOLING_TYPES; ++i) {
        const pooling_type *t = &pooling_types[i];
        expect_forward(t->create(network, x, 2, 3, 4, 5), t->type, x, (poolgrad_window){2, 3, 1, 4, 5, 1, 1, 1, 1});
        expect_forward(t->with_size(network, x, 3), t->type, x, SQUARE(3, 3, 1));
        expect_forward(t->with_size_and_stride(network, x, 3, 2), t->type, x, SQUARE(3, 2, 1));
    }
    expect_no_error(network);
    poolgrad_network_destroy(network);
}

Test(nodes, dilated_initializers)
{
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
    const poolgrad_filter_type type = POOLGRAD_FILTER_DILATED_POOLING_MAX;
    expect_forward(poolgrad_dilated_pooling_max_node_create(network, x, 2, 3, 4, 5, 6, 7), type, x,
                   (poolgrad_window){2, 3, 1, 4, 5, 1, 6, 7, 1});
    expect_forward(poolgrad_dilated_pooling_max_node_create_with_filter_size(network, x, 3), type, x, SQUARE(3, 3, 3));
    expect_forward(
        poolgrad_dilated_pooling_max_node_create_with_filter_size_stride_and_dilation_rate(network, x, 2, 3, 4), type,
        x, SQUARE(2, 3, 4));
    expect_no_error(network);
    poolgrad_network_destroy(network);
}

static void expect_gradient(const poolgrad_filter_node *filter, poolgrad_filter_type type,
                            const poolgrad_image_node *dy, const poolgrad_image_node *x,
                            const poolgrad_state_node *state, poolgrad_window window)
{
    cr_assert_not_null(filter);
    cr_expect_eq(poolgrad_filter_node_type(filter), type);
    expect_window(filter, window);
    expect_default_rules(filter);
    cr_expect_null(poolgrad_filter_node_label(filter));
    cr_expect_eq(poolgrad_filter_node_source_image_count(filter), 2);
    cr_expect(poolgrad_filter_node_source_image(filter, 0) == dy);
    cr_expect(poolgrad_filter_node_source_image(filter, 1) == x);
    cr_expect_null(poolgrad_filter_node_source_image(filter, 2));
    cr_expect_eq(poolgrad_filter_node_source_state_count(filter), 1);
    cr_expect(poolgrad_filter_node_source_state(filter, 0) == state);
    cr_expect_null(poolgrad_filter_node_source_state(filter, 1));
    cr_expect_null(poolgrad_filter_node_result_state(filter));
    cr_expect_eq(poolgrad_filter_node_result_state_count(filter), 0);
    cr_expect_null(poolgrad_filter_node_result_state_at(filter, 0));
    expect_image_defaults(poolgrad_filter_node_result_image(filter));
    cr_expect_eq(poolgrad_filter_node_is_gradient(filter), 1);
    cr_expect_eq(poolgrad_filter_node_is_pooling(filter), 0);
}

Test(nodes, gradient_initializers)
{
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x"), *dy = poolgrad_image_node_create(network, "dy");
    poolgrad_state_node *state = poolgrad_gradient_state_node_create(network, "s");
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_FULL);
    const poolgrad_window window = {2, 3, 1, 4, 5, 1, 1, 1, 1};
    for (int i = 0; i < POOLING_TYPES; ++i) {
        const pooling_type *t = &pooling_types[i];
        poolgrad_filter_node *filter = t->gradient(network, dy, x, state, 2, 3, 4, 5, NULL);
        expect_gradient(filter, t->gradient_type, dy, x, state, window);
        expect_policy(filter, poolgrad_padding_policy_default());
        filter = t->gradient(network, dy, x, state, 2, 3, 4, 5, &policy);
        expect_gradient(filter, t->gradient_type, dy, x, state, window);
        expect_policy(filter, policy);
    }
    expect_gradient(poolgrad_dilated_pooling_max_gradient_node_create(network, dy, x, state, 2, 3, 4, 5, 6, 7),
                    POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT, dy, x, state,
                    (poolgrad_window){2, 3, 1, 4, 5, 1, 6, 7, 1});
    expect_no_error(network);
    poolgrad_network_destroy(network);
}

Test(nodes, additions)
{
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *a = poolgrad_image_node_create(network, "a"), *b = poolgrad_image_node_create(network, "b");
    poolgrad_image_node *const terms[] = {b, a, b};
    poolgrad_filter_node *sum = poolgrad_addition_node_create(network, terms, 3);
    cr_assert_not_null(sum);
    cr_expect_eq(poolgrad_filter_node_type(sum), POOLGRAD_FILTER_ADDITION);
    cr_expect_eq(poolgrad_filter_node_source_image_count(sum), 3);
    for (int i = 0; i < 3; ++i) cr_expect(poolgrad_filter_node_source_image(sum, i) == terms[i]);
    cr_expect_null(poolgrad_filter_node_result_state(sum));
    cr_expect_eq(poolgrad_filter_node_source_state_count(sum), 0);
    cr_expect_eq(poolgrad_filter_node_is_gradient(sum), 0);
    cr_expect_eq(poolgrad_filter_node_is_pooling(sum), 0);
    expect_window(sum, (poolgrad_window){0, 0, 1, 0, 0, 1, 0, 0, 1});
    expect_image_defaults(poolgrad_filter_node_result_image(sum));
    expect_no_error(network);
    cr_expect_null(poolgrad_addition_node_create(network, terms, 1));
    expect_error(network, "sources of an addition_node are 1; expected at least 2");
    poolgrad_network_clear_error(network);
    cr_expect_null(poolgrad_addition_node_create(network, NULL, 2));
    expect_error(network, "sources of an addition_node are 0; expected at least 2");
    poolgrad_network_destroy(network);
}

Test(nodes, filters_are_counted_in_order)
{
    poolgrad_network *network = network_of_test();
    enum { COUNT = 100 }; /* the list grows several times */
    poolgrad_image_node *image = poolgrad_image_node_create(network, "x");
    poolgrad_filter_node *made[COUNT];
    cr_expect_eq(poolgrad_network_filter_count(network), 0);
    for (int i = 0; i < COUNT; ++i) {
        made[i] = poolgrad_pooling_max_node_create_with_filter_size_and_stride(network, image, 3, 1);
        image = poolgrad_filter_node_result_image(made[i]);
        cr_expect_eq(poolgrad_network_filter_count(network), i + 1);
    }
    for (int i = 0; i < COUNT; ++i) cr_expect(poolgrad_network_filter(network, i) == made[i]);
    cr_expect_null(poolgrad_network_filter(network, COUNT));
    cr_expect_null(poolgrad_network_filter(network, -1));
    poolgrad_network_destroy(network);
}

/* ---- Properties of filters --------------------------------------------------------------------------------------- */

typedef struct all_types {
    poolgrad_network *network;
    poolgrad_image_node *x, *dy;
    poolgrad_filter_node *filters[11]; /* by type; none is null */
} all_types;

static all_types make_all_types(void)
{
    all_types all = {.network = network_of_test()};
    poolgrad_image_node *x = all.x = poolgrad_image_node_create(all.network, "x");
    poolgrad_image_node *dy = all.dy = poolgrad_image_node_create(all.network, "dy");
    poolgrad_image_node *const terms[] = {x, x};
    for (int i = 0; i < POOLING_TYPES; ++i)
        all.filters[pooling_types[i].type] = pooling_types[i].with_size(all.network, x, 2);
    all.filters[POOLGRAD_FILTER_DILATED_POOLING_MAX] =
        poolgrad_dilated_pooling_max_node_create_with_filter_size(all.network, x, 2);
    for (int i = POOLGRAD_FILTER_POOLING_AVERAGE; i <= POOLGRAD_FILTER_DILATED_POOLING_MAX; ++i)
        all.filters[i + 4] = poolgrad_filter_node_gradient_filter_with_source(all.filters[i], dy);
    poolgrad_filter_node *sum = poolgrad_addition_node_create(all.network, terms, 2), *gradients[2];
    all.filters[POOLGRAD_FILTER_ADDITION] = sum;
    cr_assert_eq(poolgrad_filter_node_gradient_filters_with_source(sum, dy, gradients, 2), 2);
    all.filters[POOLGRAD_FILTER_ADDITION_GRADIENT] = gradients[0];
    expect_no_error(all.network);
    return all;
}

static const char *const type_names[] = {NULL,
                                         "pooling_average_node",
                                         "pooling_max_node",
                                         "pooling_l2norm_node",
                                         "dilated_pooling_max_node",
                                         "pooling_average_gradient_node",
                                         "pooling_max_gradient_node",
                                         "pooling_l2norm_gradient_node",
                                         "dilated_pooling_max_gradient_node",
                                         "addition_node",
                                         "addition_gradient_node"};

Test(nodes, types_and_names)
{
    all_types all = make_all_types();
    for (int i = 1; i <= POOLGRAD_FILTER_ADDITION_GRADIENT; ++i) {
        const poolgrad_filter_node *filter = all.filters[i];
        bool gradient = i >= POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT && i != POOLGRAD_FILTER_ADDITION;
        cr_expect_eq((int)poolgrad_filter_node_type(filter), i);
        cr_expect_str_eq(poolgrad_filter_type_name((poolgrad_filter_type)i), type_names[i]);
        cr_expect_eq(poolgrad_filter_node_is_gradient(filter), gradient, "%s", type_names[i]);
        cr_expect_eq(poolgrad_filter_node_is_pooling(filter), i <= POOLGRAD_FILTER_POOLING_L2NORM, "%s", type_names[i]);
    }
    cr_expect_null(poolgrad_filter_type_name(POOLGRAD_FILTER_NONE));
    cr_expect_null(poolgrad_filter_type_name((poolgrad_filter_type)11));
    cr_expect_null(poolgrad_filter_type_name((poolgrad_filter_type)-1));
    poolgrad_network_destroy(all.network);
}

Test(nodes, labels_and_policies)
{
    all_types all = make_all_types();
    for (int i = 1; i <= POOLGRAD_FILTER_ADDITION_GRADIENT; ++i) {
        poolgrad_filter_node *filter = all.filters[i];
        bool takes_policy = i < POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT;
        char label[] = "pool";
        poolgrad_filter_node_set_label(filter, label);
        label[0] = 'x';
        cr_expect_str_eq(poolgrad_filter_node_label(filter), "pool");
        poolgrad_filter_node_set_label(filter, NULL);
        cr_expect_null(poolgrad_filter_node_label(filter));
        poolgrad_padding_policy policy = poolgrad_padding_policy_for_tensorflow_average_pooling();
        poolgrad_filter_node_set_padding_policy(filter, &policy);
        cr_expect_eq(poolgrad_network_status(all.network, NULL), takes_policy ? POOLGRAD_OK : POOLGRAD_INVALID);
        poolgrad_network_clear_error(all.network);
        if (!takes_policy) continue;
        expect_policy(filter, policy);
        poolgrad_filter_node_set_padding_policy(filter, NULL);
        expect_policy(filter, poolgrad_padding_policy_default());
    }
    poolgrad_filter_node_set_padding_policy(all.filters[POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT], NULL);
    expect_error(all.network, "padding_policy of dilated_pooling_max_gradient_node 7 is set; expected it of pooling "
                              "nodes, dilated ones, and gradients of pooling nodes only");
    poolgrad_network_destroy(all.network);
}

Test(nodes, rules)
{
    all_types all = make_all_types();
    const poolgrad_node_rules rules = {POOLGRAD_TIES_SPLIT, POOLGRAD_NAN_IGNORE, POOLGRAD_ACCUMULATE_FLOAT64};
    for (int i = 1; i <= POOLGRAD_FILTER_ADDITION_GRADIENT; ++i) {
        bool takes_rules = i < POOLGRAD_FILTER_ADDITION;
        expect_default_rules(all.filters[i]);
        poolgrad_filter_node_set_rules(all.filters[i], rules);
        cr_expect_eq(poolgrad_network_status(all.network, NULL), takes_rules ? POOLGRAD_OK : POOLGRAD_INVALID);
        poolgrad_network_clear_error(all.network);
        if (!takes_rules) continue;
        poolgrad_node_rules got = poolgrad_filter_node_rules(all.filters[i]);
        cr_expect(got.ties == rules.ties && got.nan == rules.nan && got.accumulator == rules.accumulator);
    }
    poolgrad_filter_node_set_rules(all.filters[POOLGRAD_FILTER_ADDITION], rules);
    expect_error(all.network, "rules of addition_node 8 is set; expected it of pooling nodes and their gradients only");
    poolgrad_network_destroy(all.network);
}

Test(nodes, saving_argmax)
{
    all_types all = make_all_types();
    for (int i = 1; i <= POOLGRAD_FILTER_ADDITION_GRADIENT; ++i) {
        bool saves = i == POOLGRAD_FILTER_POOLING_MAX || i == POOLGRAD_FILTER_DILATED_POOLING_MAX;
        poolgrad_filter_node_set_saves_argmax(all.filters[i], 7);
        cr_expect_eq(poolgrad_network_status(all.network, NULL), saves ? POOLGRAD_OK : POOLGRAD_INVALID);
        cr_expect_eq(poolgrad_filter_node_saves_argmax(all.filters[i]), saves);
        poolgrad_network_clear_error(all.network);
        poolgrad_filter_node_set_saves_argmax(all.filters[i], 0);
        cr_expect_eq(poolgrad_filter_node_saves_argmax(all.filters[i]), 0);
        poolgrad_network_clear_error(all.network);
    }
    poolgrad_filter_node_set_saves_argmax(all.filters[POOLGRAD_FILTER_POOLING_AVERAGE], 1);
    expect_error(all.network,
                 "saves_argmax of pooling_average_node 0 is set; expected it of max and dilated max nodes only");
    poolgrad_network_destroy(all.network);
}

/* ---- Null nodes -------------------------------------------------------------------------------------------------- */

Test(nodes, null_images_and_states)
{
    expect_image_defaults(NULL);
    set_image_properties(NULL);
    cr_expect_null(poolgrad_image_node_copy(NULL));
    cr_expect_null(poolgrad_image_node_producer(NULL));
    set_state_properties(NULL);
    cr_expect_null(poolgrad_state_node_handle(NULL));
    cr_expect_null(poolgrad_state_node_copy(NULL));
    cr_expect_null(poolgrad_state_node_producer(NULL));
    cr_expect_eq(poolgrad_state_node_is_gradient_state(NULL), 0);
    cr_expect_eq(poolgrad_state_node_export_from_graph(NULL), 0);
    cr_expect_eq(poolgrad_state_node_synchronize_resource(NULL), 0);
}

Test(nodes, null_filters)
{
    poolgrad_filter_node *filters[1];
    poolgrad_padding_policy policy = poolgrad_padding_policy_for_tensorflow_average_pooling();
    cr_expect_eq(poolgrad_filter_node_type(NULL), POOLGRAD_FILTER_NONE);
    cr_expect_eq(poolgrad_filter_node_is_gradient(NULL), 0);
    cr_expect_eq(poolgrad_filter_node_is_pooling(NULL), 0);
    cr_expect_null(poolgrad_filter_node_copy(NULL));
    cr_expect_eq(poolgrad_filter_node_source_image_count(NULL), 0);
    cr_expect_null(poolgrad_filter_node_source_image(NULL, 0));
    cr_expect_eq(poolgrad_filter_node_source_state_count(NULL), 0);
    cr_expect_null(poolgrad_filter_node_source_state(NULL, 0));
    cr_expect_null(poolgrad_filter_node_result_image(NULL));
    cr_expect_null(poolgrad_filter_node_result_state(NULL));
    cr_expect_eq(poolgrad_filter_node_result_state_count(NULL), 0);
    cr_expect_null(poolgrad_filter_node_result_state_at(NULL, 0));
    poolgrad_filter_node_set_padding_policy(NULL, &policy);
    expect_policy(NULL, poolgrad_padding_policy_default());
    poolgrad_filter_node_set_label(NULL, "pool");
    cr_expect_null(poolgrad_filter_node_label(NULL));
    expect_window(NULL, (poolgrad_window){0, 0, 1, 0, 0, 1, 0, 0, 1});
    poolgrad_filter_node_set_rules(NULL, poolgrad_filter_node_rules(NULL));
    poolgrad_filter_node_set_saves_argmax(NULL, 1);
    expect_default_rules(NULL);
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(NULL, NULL));
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_sources(NULL, NULL, 0));
    cr_expect_eq(poolgrad_filter_node_gradient_filters_with_source(NULL, NULL, filters, 1), -1);
    cr_expect_eq(poolgrad_filter_node_gradient_filters_with_sources(NULL, NULL, 0, filters, 1), -1);
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(NULL, NULL, NULL, NULL, filters, 1), -1);
}

/* A network that could not be made: everything asked of it fails, and the graph says why. */
Test(nodes, null_network)
{
    poolgrad_error error = {"", ""};
    poolgrad_graph *graph = NULL;
    poolgrad_network *copy = NULL;
    poolgrad_filter_node *filters[1];
    cr_expect_null(poolgrad_image_node_create(NULL, "x"));
    cr_expect_null(poolgrad_image_node_create_exported(NULL, "x"));
    cr_expect_null(poolgrad_gradient_state_node_create(NULL, "s"));
    cr_expect_null(poolgrad_state_node_create(NULL));
    cr_expect_null(poolgrad_filter_node_create(NULL));
    for (int i = 0; i < POOLING_TYPES; ++i) {
        cr_expect_null(pooling_types[i].with_size(NULL, NULL, 2));
        cr_expect_null(pooling_types[i].gradient(NULL, NULL, NULL, NULL, 2, 2, 2, 2, NULL));
    }
    cr_expect_null(poolgrad_dilated_pooling_max_node_create_with_filter_size(NULL, NULL, 2));
    cr_expect_null(poolgrad_addition_node_create(NULL, NULL, 2));
    cr_expect_eq(poolgrad_network_filter_count(NULL), 0);
    cr_expect_null(poolgrad_network_filter(NULL, 0));
    cr_expect_eq(poolgrad_training_graph(NULL, NULL, NULL, 1, NULL, NULL, filters, 1), -1);
    poolgrad_network_clear_error(NULL);
    poolgrad_network_destroy(NULL);
    cr_expect_eq(poolgrad_network_status(NULL, NULL), POOLGRAD_NO_MEMORY);
    cr_expect_eq(poolgrad_network_copy(NULL, &copy, &error), POOLGRAD_NO_MEMORY);
    cr_expect_null(copy);
    cr_expect_eq(poolgrad_graph_create(NULL, NULL, 1, &graph, &error), POOLGRAD_NO_MEMORY);
    cr_expect_null(graph);
    cr_expect_str_eq(error.message, "network is null; expected a network, memory was lacking to create it");
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* Every function that makes a node; none does. */
static void expect_nothing_made(all_types *all)
{
    poolgrad_network *network = all->network;
    poolgrad_state_node *state = poolgrad_filter_node_result_state(all->filters[POOLGRAD_FILTER_POOLING_MAX]);
    poolgrad_filter_node *max = all->filters[POOLGRAD_FILTER_POOLING_MAX], *made[2];
    poolgrad_image_node *const terms[] = {all->x, all->x};
    cr_expect_null(poolgrad_image_node_create(network, "x"));
    cr_expect_null(poolgrad_image_node_create_exported(network, "x"));
    cr_expect_null(poolgrad_image_node_copy(all->x));
    cr_expect_null(poolgrad_image_node_copy(poolgrad_filter_node_result_image(max)));
    cr_expect_null(poolgrad_gradient_state_node_create(network, "s"));
    cr_expect_null(poolgrad_state_node_copy(state));
    for (int i = 0; i < POOLING_TYPES; ++i) {
        const pooling_type *t = &pooling_types[i];
        cr_expect_null(t->create(network, all->x, 1, 1, 1, 1));
        cr_expect_null(t->with_size(network, all->x, 1));
        cr_expect_null(t->with_size_and_stride(network, all->x, 1, 1));
        cr_expect_null(t->gradient(network, all->dy, all->x, state, 1, 1, 1, 1, NULL));
    }
    cr_expect_null(poolgrad_dilated_pooling_max_node_create(network, all->x, 1, 1, 1, 1, 1, 1));
    cr_expect_null(poolgrad_dilated_pooling_max_node_create_with_filter_size(network, all->x, 1));
    cr_expect_null(
        poolgrad_dilated_pooling_max_node_create_with_filter_size_stride_and_dilation_rate(network, all->x, 1, 1, 1));
    cr_expect_null(
        poolgrad_dilated_pooling_max_gradient_node_create(network, all->dy, all->x, state, 1, 1, 1, 1, 1, 1));
    cr_expect_null(poolgrad_addition_node_create(network, terms, 2));
    cr_expect_null(poolgrad_filter_node_copy(max));
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(max, all->dy));
    cr_expect_eq(poolgrad_filter_node_gradient_filters_with_source(max, all->dy, made, 2), -1);
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(max, all->dy, NULL, NULL, made, 2), -1);
}

Test(nodes, first_error_stays)
{
    static const char sentence[] = "source of a pooling_max_node is null; expected a node of this network";
    all_types all = make_all_types();
    poolgrad_error error = {"", ""};
    poolgrad_graph *graph = NULL;
    poolgrad_network *copy = NULL;
    poolgrad_image_node *result = poolgrad_filter_node_result_image(all.filters[POOLGRAD_FILTER_POOLING_MAX]);
    int64_t count = poolgrad_network_filter_count(all.network);
    cr_expect_null(poolgrad_pooling_max_node_create_with_filter_size(all.network, NULL, 2));
    expect_error(all.network, sentence);
    cr_expect_null(poolgrad_state_node_create(all.network));
    poolgrad_image_node_set_format(all.x, POOLGRAD_TAP8);
    expect_nothing_made(&all);
    expect_error(all.network, sentence);
    cr_expect_eq(poolgrad_network_filter_count(all.network), count);
    cr_expect_eq(poolgrad_graph_create(all.network, result, 1, &graph, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, sentence);
    cr_expect_eq(poolgrad_network_copy(all.network, &copy, &error), POOLGRAD_INVALID);
    cr_expect_str_eq(error.message, sentence);
    cr_expect(!graph && !copy);
    poolgrad_network_clear_error(all.network);
    expect_no_error(all.network);
    cr_expect_not_null(poolgrad_pooling_max_node_create_with_filter_size(all.network, all.x, 2));
    cr_expect_eq(poolgrad_graph_create(all.network, result, 1, &graph, &error), POOLGRAD_OK);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(all.network);
}

Test(nodes, unavailable_initializers)
{
    poolgrad_network *network = network_of_test();
    cr_expect_null(poolgrad_state_node_create(network));
    expect_error(network,
                 "poolgrad_state_node_create is unavailable, as init of MPSNNStateNode is; expected the result "
                 "state of a filter, or poolgrad_gradient_state_node_create");
    poolgrad_network_clear_error(network);
    cr_expect_null(poolgrad_filter_node_create(network));
    expect_error(network,
                 "poolgrad_filter_node_create is unavailable, as init of MPSNNFilterNode is; expected a function "
                 "that makes a node of one type, such as poolgrad_pooling_max_node_create");
    poolgrad_network_destroy(network);
}

static void expect_unavailable(poolgrad_network *network, const char *function, const char *name)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence,
             "%s is unavailable on %s, as it is on MPSNNGradientFilterNode; expected a forward filter", function, name);
    expect_error(network, sentence);
    poolgrad_network_clear_error(network);
}

Test(nodes, unavailable_on_gradients)
{
    all_types all = make_all_types();
    poolgrad_filter_node *made[2];
    for (int i = POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT; i <= POOLGRAD_FILTER_ADDITION_GRADIENT; ++i) {
        poolgrad_filter_node *filter = all.filters[i];
        if (i == POOLGRAD_FILTER_ADDITION) continue;
        int64_t count = poolgrad_network_filter_count(all.network);
        poolgrad_filter_node_set_label(filter, "back");
        cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(filter, all.dy));
        expect_unavailable(all.network, "gradient_filter_with_source", "node \"back\"");
        cr_expect_null(poolgrad_filter_node_gradient_filter_with_sources(filter, &all.dy, 1));
        expect_unavailable(all.network, "gradient_filter_with_source", "node \"back\"");
        cr_expect_eq(poolgrad_filter_node_gradient_filters_with_source(filter, all.dy, made, 2), -1);
        expect_unavailable(all.network, "gradient_filters_with_source", "node \"back\"");
        cr_expect_eq(poolgrad_filter_node_gradient_filters_with_sources(filter, &all.dy, 1, made, 2), -1);
        expect_unavailable(all.network, "gradient_filters_with_source", "node \"back\"");
        cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(filter, NULL, NULL, NULL, made, 2), -1);
        expect_error(all.network, "training_graph_with_source_gradient is unavailable on node \"back\", a gradient "
                                  "filter; expected a forward filter");
        poolgrad_network_clear_error(all.network);
        cr_expect_eq(poolgrad_network_filter_count(all.network), count);
    }
    poolgrad_network_destroy(all.network);
}

Test(nodes, one_gradient_filter_of_an_addition)
{
    all_types all = make_all_types();
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(all.filters[POOLGRAD_FILTER_ADDITION], all.dy));
    expect_error(all.network, "gradient_filter_with_source is unavailable on addition_node 8, which has 2 gradient "
                              "filters; expected gradient_filters");
    poolgrad_network_destroy(all.network);
}

Test(nodes, numbers_of_source_gradients)
{
    all_types all = make_all_types();
    poolgrad_image_node *const gradients[] = {all.dy, all.dy};
    poolgrad_filter_node *max = all.filters[POOLGRAD_FILTER_POOLING_MAX], *made[2];
    static const int64_t counts[] = {-1, 0, 2};
    for (int i = 0; i < 3; ++i) {
        char sentence[256];
        snprintf(sentence, sizeof sentence,
                 "gradient_filter_with_source of pooling_max_node 1 got %" PRId64
                 " source gradients; expected 1, the filter has one result",
                 counts[i]);
        cr_expect_null(poolgrad_filter_node_gradient_filter_with_sources(max, gradients, counts[i]));
        expect_error(all.network, sentence);
        poolgrad_network_clear_error(all.network);
        cr_expect_eq(poolgrad_filter_node_gradient_filters_with_sources(max, gradients, counts[i], made, 2), -1);
        cr_expect_eq(poolgrad_network_status(all.network, NULL), POOLGRAD_INVALID);
        poolgrad_network_clear_error(all.network);
    }
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_sources(max, NULL, 1));
    cr_expect_eq(poolgrad_network_status(all.network, NULL), POOLGRAD_INVALID);
    poolgrad_network_clear_error(all.network);
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(max, NULL));
    expect_error(all.network,
                 "source_gradient of a pooling_max_gradient_node is null; expected a node of this network");
    poolgrad_network_destroy(all.network);
}

/* ---- Nodes of another network ------------------------------------------------------------------------------------ */

static void expect_foreign(poolgrad_network *network, const char *what, const char *type)
{
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%s of %s %s belongs to another network; expected a node of this network", what,
             type[0] == 'a' ? "an" : "a", type);
    expect_error(network, sentence);
    poolgrad_network_clear_error(network);
}

Test(nodes, foreign_sources)
{
    all_types all = make_all_types();
    poolgrad_network *other = network_of_test();
    poolgrad_image_node *foreign = poolgrad_image_node_create(other, "x");
    poolgrad_state_node *foreign_state = poolgrad_gradient_state_node_create(other, "s");
    poolgrad_state_node *state = poolgrad_filter_node_result_state(all.filters[POOLGRAD_FILTER_POOLING_MAX]);
    poolgrad_filter_node *max = all.filters[POOLGRAD_FILTER_POOLING_MAX], *made[2];
    poolgrad_image_node *const terms[] = {all.x, foreign};
    cr_expect_null(poolgrad_pooling_max_node_create_with_filter_size(all.network, foreign, 2));
    expect_foreign(all.network, "source", "pooling_max_node");
    cr_expect_null(poolgrad_pooling_max_gradient_node_create(all.network, foreign, all.x, state, 1, 1, 1, 1, NULL));
    expect_foreign(all.network, "source_gradient", "pooling_max_gradient_node");
    cr_expect_null(poolgrad_pooling_max_gradient_node_create(all.network, all.dy, foreign, state, 1, 1, 1, 1, NULL));
    expect_foreign(all.network, "source_image", "pooling_max_gradient_node");
    cr_expect_null(
        poolgrad_pooling_max_gradient_node_create(all.network, all.dy, all.x, foreign_state, 1, 1, 1, 1, NULL));
    expect_foreign(all.network, "gradient_state", "pooling_max_gradient_node");
    cr_expect_null(poolgrad_addition_node_create(all.network, terms, 2));
    expect_foreign(all.network, "source", "addition_node");
    cr_expect_null(poolgrad_filter_node_gradient_filter_with_source(max, foreign));
    expect_foreign(all.network, "source_gradient", "pooling_max_gradient_node");
    cr_expect_eq(poolgrad_filter_node_training_graph_with_source_gradient(max, foreign, NULL, NULL, made, 2), -1);
    expect_foreign(all.network, "source_gradient", "training graph");
    cr_expect_eq(poolgrad_training_graph(other, &max, NULL, 1, NULL, NULL, made, 2), -1);
    expect_error(other, "node of a training graph belongs to another network; expected a filter of this network");
    poolgrad_network_destroy(other);
    poolgrad_network_destroy(all.network);
}

Test(nodes, null_sources)
{
    all_types all = make_all_types();
    poolgrad_image_node *const terms[] = {all.x, NULL};
    poolgrad_filter_node *made[1];
    cr_expect_null(poolgrad_addition_node_create(all.network, terms, 2));
    expect_error(all.network, "source of an addition_node is null; expected a node of this network");
    poolgrad_network_clear_error(all.network);
    cr_expect_null(poolgrad_pooling_l2norm_gradient_node_create(all.network, all.dy, NULL, NULL, 1, 1, 1, 1, NULL));
    expect_error(all.network,
                 "source_image of a pooling_l2norm_gradient_node is null; expected a node of this network");
    poolgrad_network_clear_error(all.network);
    cr_expect_null(poolgrad_pooling_l2norm_gradient_node_create(all.network, all.dy, all.x, NULL, 1, 1, 1, 1, NULL));
    expect_error(all.network,
                 "gradient_state of a pooling_l2norm_gradient_node is null; expected a node of this network");
    poolgrad_network_clear_error(all.network);
    cr_expect_eq(poolgrad_training_graph(all.network, NULL, NULL, 1, NULL, NULL, made, 1), -1);
    expect_error(all.network, "node of a training graph is null; expected a filter of this network");
    poolgrad_network_destroy(all.network);
}

/* ---- Copies ------------------------------------------------------------------------------------------------------ */

Test(nodes, copies_of_images_and_states)
{
    poolgrad_network *network = network_of_test();
    poolgrad_image_node *x = poolgrad_image_node_create(network, NULL);
    poolgrad_state_node *state = poolgrad_gradient_state_node_create(network, NULL);
    poolgrad_filter_node *pool = poolgrad_pooling_max_node_create_with_filter_size(network, x, 2);
    poolgrad_image_node *y = poolgrad_filter_node_result_image(pool);
    set_image_properties(x);
    set_image_properties(y);
    set_state_properties(state);
    set_state_properties(poolgrad_filter_node_result_state(pool));
    poolgrad_image_node *copy = poolgrad_image_node_copy(x);
    expect_image_properties(copy);
    cr_expect(copy != x && !poolgrad_image_node_producer(copy));
    poolgrad_image_node_set_handle(copy, "other");
    expect_image_properties(x);
    poolgrad_state_node *state_copy = poolgrad_state_node_copy(state);
    expect_state_properties(state_copy);
    cr_expect(state_copy != state && !poolgrad_state_node_producer(state_copy));
    /* A result is copied with its filter. */
    copy = poolgrad_image_node_copy(y);
    expect_image_properties(copy);
    cr_expect_eq(poolgrad_network_filter_count(network), 2);
    cr_expect(poolgrad_image_node_producer(copy) == poolgrad_network_filter(network, 1));
    state_copy = poolgrad_state_node_copy(poolgrad_filter_node_result_state(pool));
    expect_state_properties(state_copy);
    cr_expect(poolgrad_state_node_producer(state_copy) == poolgrad_network_filter(network, 2));
    expect_no_error(network);
    poolgrad_network_destroy(network);
}

static void set_filter_properties(poolgrad_filter_node *filter)
{
    poolgrad_padding_policy policy = poolgrad_padding_policy_for_tensorflow_average_pooling();
    poolgrad_filter_type type = poolgrad_filter_node_type(filter);
    poolgrad_filter_node_set_label(filter, "changed");
    if (type < POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT) poolgrad_filter_node_set_padding_policy(filter, &policy);
    if (type < POOLGRAD_FILTER_ADDITION) {
        poolgrad_filter_node_set_rules(
            filter, (poolgrad_node_rules){POOLGRAD_TIES_LAST, POOLGRAD_NAN_IGNORE, POOLGRAD_ACCUMULATE_FLOAT64});
    }
    if (type == POOLGRAD_FILTER_POOLING_MAX || type == POOLGRAD_FILTER_DILATED_POOLING_MAX)
        poolgrad_filter_node_set_saves_argmax(filter, 1);
    set_image_properties(poolgrad_filter_node_result_image(filter));
    set_state_properties(poolgrad_filter_node_result_state(filter));
}

static void expect_same_filters(const poolgrad_filter_node *a, const poolgrad_filter_node *b)
{
    cr_assert_not_null(b);
    poolgrad_node_rules x = poolgrad_filter_node_rules(a), y = poolgrad_filter_node_rules(b);
    cr_expect_eq(poolgrad_filter_node_type(a), poolgrad_filter_node_type(b));
    cr_expect_str_eq(poolgrad_filter_node_label(b), "changed");
    expect_policy(b, poolgrad_filter_node_padding_policy(a));
    expect_window(
        b, (poolgrad_window){poolgrad_filter_node_kernel_width(a), poolgrad_filter_node_kernel_height(a), 1,
                             poolgrad_filter_node_stride_in_pixels_x(a), poolgrad_filter_node_stride_in_pixels_y(a), 1,
                             poolgrad_filter_node_dilation_rate_x(a), poolgrad_filter_node_dilation_rate_y(a), 1});
    cr_expect(x.ties == y.ties && x.nan == y.nan && x.accumulator == y.accumulator);
    cr_expect_eq(poolgrad_filter_node_saves_argmax(a), poolgrad_filter_node_saves_argmax(b));
    cr_expect_eq(poolgrad_filter_node_source_image_count(a), poolgrad_filter_node_source_image_count(b));
    cr_expect_eq(poolgrad_filter_node_source_state_count(a), poolgrad_filter_node_source_state_count(b));
    expect_image_properties(poolgrad_filter_node_result_image(b));
    if (poolgrad_filter_node_result_state(a)) expect_state_properties(poolgrad_filter_node_result_state(b));
}

Test(nodes, copies_of_filters)
{
    all_types all = make_all_types();
    for (int i = 1; i <= POOLGRAD_FILTER_ADDITION_GRADIENT; ++i) {
        poolgrad_filter_node *filter = all.filters[i];
        set_filter_properties(filter);
        poolgrad_filter_node *copy = poolgrad_filter_node_copy(filter);
        cr_expect(copy != filter);
        expect_same_filters(filter, copy);
        for (int64_t k = 0; k < poolgrad_filter_node_source_image_count(filter); ++k)
            cr_expect(poolgrad_filter_node_source_image(copy, k) == poolgrad_filter_node_source_image(filter, k));
        cr_expect(poolgrad_filter_node_source_state(copy, 0) == poolgrad_filter_node_source_state(filter, 0));
        cr_expect(poolgrad_image_node_producer(poolgrad_filter_node_result_image(copy)) == copy);
    }
    expect_no_error(all.network);
    poolgrad_network_destroy(all.network);
}

/* The place of a node's filter; -1: given. */
static int64_t place_of(const poolgrad_network *network, const poolgrad_filter_node *filter)
{
    for (int64_t i = 0; filter && i < poolgrad_network_filter_count(network); ++i)
        if (poolgrad_network_filter(network, i) == filter) return i;
    return -1;
}

Test(nodes, copies_of_networks)
{
    all_types all = make_all_types();
    poolgrad_network *copy = NULL;
    poolgrad_error error = {"", ""};
    for (int i = 1; i <= POOLGRAD_FILTER_ADDITION_GRADIENT; ++i) set_filter_properties(all.filters[i]);
    set_image_properties(all.x);
    cr_assert_eq(poolgrad_network_copy(all.network, &copy, &error), POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_network_filter_count(copy), poolgrad_network_filter_count(all.network));
    for (int64_t i = 0; i < poolgrad_network_filter_count(copy); ++i) {
        const poolgrad_filter_node *a = poolgrad_network_filter(all.network, i), *b = poolgrad_network_filter(copy, i);
        if (poolgrad_filter_node_label(a)) expect_same_filters(a, b);
        for (int64_t k = 0; k < poolgrad_filter_node_source_image_count(a); ++k) {
            const poolgrad_image_node *p = poolgrad_filter_node_source_image(a, k);
            const poolgrad_image_node *q = poolgrad_filter_node_source_image(b, k);
            cr_expect(p != q);
            cr_expect_str_eq(poolgrad_image_node_handle(p), poolgrad_image_node_handle(q));
            cr_expect_eq(place_of(all.network, poolgrad_image_node_producer(p)),
                         place_of(copy, poolgrad_image_node_producer(q)));
        }
        const poolgrad_state_node *s = poolgrad_filter_node_source_state(b, 0);
        if (s) cr_expect_geq(place_of(copy, poolgrad_state_node_producer(s)), 0);
    }
    poolgrad_network_destroy(all.network);
    expect_image_properties(poolgrad_filter_node_source_image(poolgrad_network_filter(copy, 0), 0));
    cr_expect_not_null(poolgrad_filter_node_copy(poolgrad_network_filter(copy, 0)));
    poolgrad_network_destroy(copy);
}

/* ---- Numbers, which graphs check --------------------------------------------------------------------------------- */

static void expect_graph_refused(poolgrad_filter_node *filter, poolgrad_network *network, const char *sentence)
{
    poolgrad_error error = {"", ""};
    poolgrad_graph *graph = NULL;
    poolgrad_status status = poolgrad_graph_create(network, poolgrad_filter_node_result_image(filter), 1, &graph,
                                                   &error);
    cr_expect(status == POOLGRAD_INVALID && !graph);
    cr_expect(strcmp(error.message, sentence) == 0, "\"%s\" instead of \"%s\"", error.message, sentence);
    poolgrad_graph_destroy(graph);
}

Test(nodes, window_numbers)
{
    static const char *const names[] = {"kernel_width",       "kernel_height",   "stride_in_pixels_x",
                                        "stride_in_pixels_y", "dilation_rate_x", "dilation_rate_y"};
    static const int64_t values[] = {0, -1, INT64_MIN, (INT64_C(1) << 61) + 1, INT64_MAX};
    for (int i = 0; i < 6 * 5; ++i) {
        int64_t n[6] = {1, 1, 1, 1, 1, 1};
        n[i / 5] = values[i % 5];
        poolgrad_network *network = network_of_test();
        poolgrad_image_node *x = poolgrad_image_node_create(network, "x");
        poolgrad_filter_node *pool = poolgrad_dilated_pooling_max_node_create(network, x, n[0], n[1], n[2], n[3], n[4],
                                                                              n[5]);
        char sentence[256];
        expect_no_error(network);
        snprintf(sentence, sizeof sentence, "dilated_pooling_max_node 0: %s is %" PRId64 "; expected 1 to 2^61",
                 names[i / 5], values[i % 5]);
        expect_graph_refused(pool, network, sentence);
        poolgrad_filter_node_set_label(pool, "pool1");
        snprintf(sentence, sizeof sentence, "node \"pool1\": %s is %" PRId64 "; expected 1 to 2^61", names[i / 5],
                 values[i % 5]);
        expect_graph_refused(pool, network, sentence);
        poolgrad_network_destroy(network);
    }
}

Test(nodes, rules_that_are_none)
{
    all_types all = make_all_types();
    poolgrad_filter_node *back = all.filters[POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT];
    poolgrad_node_rules rules = poolgrad_filter_node_rules(back);
    poolgrad_filter_node_set_label(back, "b");
    rules.ties = (poolgrad_tie_rule)4;
    poolgrad_filter_node_set_rules(back, rules);
    expect_graph_refused(back, all.network,
                         "node \"b\": ties is 4; expected first (0), last (1), all (2) or split (3)");
    rules = (poolgrad_node_rules){POOLGRAD_TIES_ALL, (poolgrad_nan_rule)3, POOLGRAD_ACCUMULATE_FLOAT32};
    poolgrad_filter_node_set_rules(back, rules);
    expect_graph_refused(back, all.network, "node \"b\": nan is 3; expected first (0), last (1) or ignore (2)");
    rules = (poolgrad_node_rules){POOLGRAD_TIES_ALL, POOLGRAD_NAN_LAST, (poolgrad_accumulator)2};
    poolgrad_filter_node_set_rules(back, rules);
    expect_graph_refused(back, all.network, "node \"b\": accumulator is 2; expected float32 (0) or float64 (1)");
    /* A filter that the result does not depend on is not looked at. */
    poolgrad_graph *graph = NULL;
    poolgrad_image_node *y = poolgrad_filter_node_result_image(all.filters[POOLGRAD_FILTER_POOLING_MAX]);
    cr_expect_eq(poolgrad_graph_create(all.network, y, 1, &graph, NULL), POOLGRAD_OK);
    poolgrad_graph_destroy(graph);
    poolgrad_network_destroy(all.network);
}

Test(nodes, policies_that_are_none)
{
    all_types all = make_all_types();
    poolgrad_filter_node *max = all.filters[POOLGRAD_FILTER_POOLING_MAX];
    poolgrad_padding_policy wrong[] = {poolgrad_padding_policy_with_method(3), poolgrad_padding_policy_with_method(48),
                                       poolgrad_padding_policy_with_method(UINT32_C(1) << 6),
                                       poolgrad_padding_policy_with_method(POOLGRAD_PADDING_CUSTOM),
                                       poolgrad_padding_policy_default()};
    poolgrad_filter_node_set_label(max, "m");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        poolgrad_graph *graph = NULL;
        poolgrad_error error = {"", ""};
        poolgrad_filter_node_set_padding_policy(max, &wrong[i]);
        poolgrad_status status = poolgrad_graph_create(all.network, poolgrad_filter_node_result_image(max), 1, &graph,
                                                       &error);
        bool last = i == sizeof wrong / sizeof *wrong - 1;
        cr_expect_eq(status, last ? POOLGRAD_OK : POOLGRAD_INVALID, "policy %zu", i);
        cr_expect(last || strncmp(error.message, "node \"m\": ", 10) == 0, "%s", error.message);
        poolgrad_graph_destroy(graph);
    }
    poolgrad_network_destroy(all.network);
}
