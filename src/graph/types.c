/* SPDX-License-Identifier: Apache-2.0 */
/* Types of filters. */
#include "graph/node.h"

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

const char *poolgrad_filter_type_name(poolgrad_filter_type type)
{
    bool known = (int)type > 0 && (size_t)type < sizeof type_names / sizeof *type_names;
    return known ? type_names[type] : NULL;
}

static bool is_one_of(poolgrad_filter_type type, unsigned kinds)
{
    return (1U << type & kinds) != 0;
}

bool poolgrad_is_forward(poolgrad_filter_type type)
{
    return is_one_of(type, POOLGRAD_FORWARD_FILTERS);
}

bool poolgrad_is_pooling_gradient(poolgrad_filter_type type)
{
    return is_one_of(type, POOLGRAD_GRADIENT_FILTERS);
}

bool poolgrad_is_dilated(poolgrad_filter_type type)
{
    return type == POOLGRAD_FILTER_DILATED_POOLING_MAX || type == POOLGRAD_FILTER_DILATED_POOLING_MAX_GRADIENT;
}

bool poolgrad_takes_policy(poolgrad_filter_type type)
{
    return is_one_of(type, POOLGRAD_POLICY_FILTERS);
}

poolgrad_kind poolgrad_filter_kind(poolgrad_filter_type type)
{
    switch (type) {
    case POOLGRAD_FILTER_POOLING_AVERAGE:
    case POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT: return POOLGRAD_AVERAGE;
    case POOLGRAD_FILTER_POOLING_L2NORM:
    case POOLGRAD_FILTER_POOLING_L2NORM_GRADIENT: return POOLGRAD_L2NORM;
    default: return POOLGRAD_MAX;
    }
}
