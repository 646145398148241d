/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of every type by one name, chosen by the type of the pointer. */
#ifndef POOLGRAD_TESTS_GENERIC_H
#define POOLGRAD_TESTS_GENERIC_H

#include <poolgrad/graph.h>

#define GENERIC_CASE(type, function)                                                                                   \
    poolgrad_##type * : poolgrad_##type##_##function, const poolgrad_##type * : poolgrad_##type##_##function
#define GENERIC(object, function)                                                                                      \
    _Generic((object), GENERIC_CASE(pooling, function), GENERIC_CASE(pooling_gradient, function),                      \
             GENERIC_CASE(padding_policy, function), GENERIC_CASE(buffer, function), GENERIC_CASE(state, function),    \
             GENERIC_CASE(image_node, function), GENERIC_CASE(state_node, function),                                   \
             GENERIC_CASE(filter_node, function), GENERIC_CASE(network, function), GENERIC_CASE(graph, function))

#define generic_equal(a, b) GENERIC(a, equal)(a, b)
#define generic_hash(object) GENERIC(object, hash)(object)
#define generic_description(object, text, size) GENERIC(object, description)(object, text, size)
#define generic_debug_description(object, text, size) GENERIC(object, debug_description)(object, text, size)

#endif
