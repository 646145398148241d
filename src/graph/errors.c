/* SPDX-License-Identifier: Apache-2.0 */
/* The first error of a network, and how refusals call its nodes. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "graph/node.h"

static void keep_first(poolgrad_network *network, poolgrad_status status, const poolgrad_error *error)
{
    if (!network || network->status != POOLGRAD_OK) return;
    network->status = status;
    network->error = *error;
}

void poolgrad_network_refuse(poolgrad_network *network, const char *field, const char *format, ...)
{
    char sentence[sizeof network->error.message];
    poolgrad_error error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    poolgrad_refuse(&error, field, "%s", sentence);
    keep_first(network, POOLGRAD_INVALID, &error);
}

void poolgrad_network_refuse_memory(poolgrad_network *network, const char *what)
{
    poolgrad_error error;
    poolgrad_status status = poolgrad_refuse_memory(&error, what);
    keep_first(network, status, &error);
}

poolgrad_status poolgrad_network_status(const poolgrad_network *network, poolgrad_error *error)
{
    if (!network) {
        poolgrad_refuse(error, "network", "is null; expected a network, memory was lacking to create it");
        return POOLGRAD_NO_MEMORY;
    }
    if (network->status != POOLGRAD_OK && error) *error = network->error;
    return network->status;
}

void poolgrad_network_clear_error(poolgrad_network *network)
{
    if (network) network->status = POOLGRAD_OK;
}

/* ---- Names in refusals ------------------------------------------------------------------------------------------ */

/* How many bytes of a label or handle are shown: whole characters of UTF-8. */
static int shown_length(const char *name)
{
    enum { MOST = 64 };
    int end = 0;
    while (end < MOST && name[end]) end++;
    while (end > 0 && ((unsigned char)name[end] & 0xc0) == 0x80) end--;
    return end;
}

void poolgrad_filter_name(const poolgrad_filter_node *filter, char name[POOLGRAD_NODE_NAME])
{
    if (filter->label)
        snprintf(name, POOLGRAD_NODE_NAME, "node \"%.*s\"", shown_length(filter->label), filter->label);
    else
        snprintf(name, POOLGRAD_NODE_NAME, "%s %" PRId64, poolgrad_filter_type_name(filter->type), filter->place);
}

void poolgrad_image_name(const poolgrad_image_node *image, char name[POOLGRAD_NODE_NAME])
{
    if (image->handle) {
        snprintf(name, POOLGRAD_NODE_NAME, "image \"%.*s\"", shown_length(image->handle), image->handle);
    } else if (image->producer) {
        char filter[POOLGRAD_NODE_NAME];
        poolgrad_filter_name(image->producer, filter);
        snprintf(name, POOLGRAD_NODE_NAME, "result of %.80s", filter);
    } else {
        snprintf(name, POOLGRAD_NODE_NAME, "image %" PRId64, image->place);
    }
}

void poolgrad_state_name(const poolgrad_state_node *state, char name[POOLGRAD_NODE_NAME])
{
    if (state->handle) {
        snprintf(name, POOLGRAD_NODE_NAME, "state \"%.*s\"", shown_length(state->handle), state->handle);
    } else if (state->producer) {
        char filter[POOLGRAD_NODE_NAME];
        poolgrad_filter_name(state->producer, filter);
        snprintf(name, POOLGRAD_NODE_NAME, "state of %.80s", filter);
    } else {
        snprintf(name, POOLGRAD_NODE_NAME, "state %" PRId64, state->place);
    }
}
