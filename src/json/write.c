/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that can be read: whatever is written is read back before it is given out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/document.h"

/* ---- Whether a text is one of the object ------------------------------------------------------------------------- */

static bool is_pooling(const void *object, const poolgrad_json *json)
{
    return poolgrad_pooling_equal(object, &json->pooling) == 1;
}

static bool is_pooling_gradient(const void *object, const poolgrad_json *json)
{
    return poolgrad_pooling_gradient_equal(object, &json->pooling_gradient) == 1;
}

static bool is_network(const void *object, const poolgrad_json *json)
{
    return poolgrad_network_equal(object, json->nodes.network) == 1;
}

static bool is_graph(const void *object, const poolgrad_json *json)
{
    return poolgrad_graph_equal(object, json->graph) == 1;
}

static poolgrad_status refuse(poolgrad_json_error *error, poolgrad_status status, const char *sentence)
{
    if (error) *error = (poolgrad_json_error){.path = ""};
    if (error) snprintf(error->message, sizeof error->message, "%s", sentence);
    return status;
}

static poolgrad_status check(const char *text, size_t length, const void *object,
                             bool (*is_equal)(const void *object, const poolgrad_json *json),
                             poolgrad_json_error *error)
{
    poolgrad_json *json;
    poolgrad_status status = poolgrad_json_read(text, length, &json, error);
    if (status != POOLGRAD_OK) return status;
    const bool equal = is_equal(object, json);
    poolgrad_json_destroy(json);
    if (equal) return POOLGRAD_OK;
    return refuse(error, POOLGRAD_INVALID, "holds contexts of functions; expected none, a text cannot hold them");
}

/* Gives out a text that is to be freed here, and is null without memory. */
static poolgrad_status give(char *made, size_t made_length, const void *object,
                            bool (*is_equal)(const void *object, const poolgrad_json *json), char *text, size_t size,
                            size_t *length, poolgrad_json_error *error)
{
    if (!object) {
        free(made);
        return refuse(error, POOLGRAD_INVALID, "is null; expected a kernel, a network or a graph");
    }
    if (!made) return refuse(error, POOLGRAD_NO_MEMORY, "does not fit into memory; expected less");
    const bool is_whole = strcmp(made, "null") != 0; /* kernels that no initializer made are not */
    poolgrad_status status = is_whole ? check(made, made_length, object, is_equal, error)
                                      : refuse(error, POOLGRAD_INVALID,
                                               "struct_size is wrong; expected a kernel that an initializer made");
    if (status == POOLGRAD_OK && text && size > 0) snprintf(text, size, "%s", made);
    if (status == POOLGRAD_OK && length) *length = made_length;
    free(made);
    return status;
}

/* ---- The functions of each type ---------------------------------------------------------------------------------- */

#define WRITER(type)                                                                                                   \
    poolgrad_status poolgrad_json_write_##type(const poolgrad_##type *object, char *text, size_t size, size_t *length, \
                                               poolgrad_json_error *error)                                             \
    {                                                                                                                  \
        const size_t made_length = poolgrad_##type##_debug_description(object, NULL, 0);                               \
        char *made = malloc(made_length + 1);                                                                          \
        if (made) poolgrad_##type##_debug_description(object, made, made_length + 1);                                  \
        return give(made, made_length, object, is_##type, text, size, length, error);                                  \
    }

WRITER(pooling)
WRITER(pooling_gradient)
WRITER(network)
WRITER(graph)
