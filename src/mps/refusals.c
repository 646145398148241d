/* SPDX-License-Identifier: Apache-2.0 */
#include "mps/refusals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image/format.h"

/* ---- Fields ------------------------------------------------------------------------------------------------------ */

/* What a problem calls something that is no property of a kernel. A field that ends in a dot stands for all that begin
 * with it. */
struct name {
    const char *field, *forward, *gradient;
};

static const struct name others[] = {
    {"source.", "source.", "source_image."},
    {"source_width", "source.width", "source_image.width"},
    {"source_height", "source.height", "source_image.height"},
    {"gradient_width", NULL, "source_gradient.width"},
    {"gradient_height", NULL, "source_gradient.height"},
    {"picks.", "state.argmax.", NULL},
    {"method", "padding.method", "padding.method"},
};

/* The sentence with another beginning; its end is cut where both are too long. */
static void replace_beginning(poolgrad_error *error, size_t old_length, const char *beginning)
{
    char message[2 * sizeof error->message];
    snprintf(message, sizeof message, "%s%s", beginning, error->message + old_length);
    message[sizeof error->message - 1] = '\0';
    memcpy(error->message, message, sizeof error->message);
}

/* The kernel's word for a field, and how much of the field's name it stands for; null where that name stays. */
static const char *word_for(poolgrad_direction direction, const char *field, size_t *length)
{
    const bool forward = direction == POOLGRAD_FORWARD;
    const struct poolgrad_property *row = forward ? poolgrad_pooling_properties : poolgrad_pooling_gradient_properties;
    *length = strlen(field);
    for (; row->name; row++) {
        if (row->problem && strcmp(row->problem, field) == 0) return row->name;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const size_t end = strlen(others[i].field);
        if (strncmp(field, others[i].field, end) != 0) continue;
        if (others[i].field[end - 1] != '.' && field[end] != '\0') continue;
        *length = end;
        return forward ? others[i].forward : others[i].gradient;
    }
    return NULL;
}

void poolgrad_rename_field(poolgrad_direction direction, poolgrad_error *error)
{
    char old[sizeof error->field], field[2 * sizeof error->field];
    size_t length;
    if (!error) return;
    memcpy(old, error->field, sizeof old);
    const char *name = word_for(direction, old, &length);
    if (!name) return;
    if (strncmp(error->message, old, length) == 0) replace_beginning(error, length, name);
    snprintf(field, sizeof field, "%s%s", name, old + length);
    field[sizeof error->field - 1] = '\0';
    memcpy(error->field, field, sizeof error->field);
}

void poolgrad_prefix_error(poolgrad_error *error, const char *what)
{
    char beginning[sizeof error->message];
    if (!error) return;
    snprintf(beginning, sizeof beginning, "%s: ", what);
    replace_beginning(error, 0, beginning);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

poolgrad_status poolgrad_check_reserved(const char *name, int value, poolgrad_error *error)
{
    return value == 0 ? POOLGRAD_OK : poolgrad_refuse(error, name, "is %d; expected 0", value);
}

poolgrad_status poolgrad_check_quads(const char *name, int64_t offset, poolgrad_error *error)
{
    if (offset % 4 == 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, name, "is %" PRId64 "; expected a multiple of 4", offset);
}

static poolgrad_status refuse_format(poolgrad_format format, const char *field, const char *expected,
                                     poolgrad_error *error)
{
    const char *name = poolgrad_format_name(format);
    return poolgrad_refuse(error, field, "is %d (%s); expected %s", (int)format, name ? name : "no format", expected);
}

poolgrad_status poolgrad_check_result_format(poolgrad_format format, const char *field, poolgrad_error *error)
{
    if (format == POOLGRAD_FLOAT16 || format == POOLGRAD_BFLOAT16 || format == POOLGRAD_FLOAT32 ||
        format == POOLGRAD_FLOAT64) {
        return POOLGRAD_OK;
    }
    return refuse_format(format, field, "float16, bfloat16, float32 or float64", error);
}

poolgrad_status poolgrad_check_source_format(poolgrad_format format, const char *field, poolgrad_error *error)
{
    if (poolgrad_format_name(format) && !poolgrad_format_is_index(format)) return POOLGRAD_OK;
    return refuse_format(format, field, "unorm8, unorm16, float16, bfloat16, float32 or float64", error);
}

poolgrad_status poolgrad_padding_policy_check(const poolgrad_padding_policy *policy, poolgrad_error *error)
{
    const bool custom = (policy->method & POOLGRAD_PADDING_CUSTOM) != 0;
    const poolgrad_window window = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    poolgrad_padding padding;
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

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_check_batch(int64_t count, const void *sources, const char *sources_name,
                                     const void *destinations, poolgrad_error *error)
{
    if (count < 0) return poolgrad_refuse(error, "count", "is %" PRId64 "; expected at least 0", count);
    if (count > 0 && (!sources || !destinations)) {
        return poolgrad_refuse(error, sources ? "destinations" : sources_name, "are null; expected an array");
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_blame_element(int64_t element, poolgrad_status status, poolgrad_error *error)
{
    char name[64];
    if (status == POOLGRAD_OK) return status;
    snprintf(name, sizeof name, "batch element %" PRId64, element);
    poolgrad_prefix_error(error, name);
    return status;
}
