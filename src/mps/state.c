/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient states. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/refusal.h"
#include "image/content.h"
#include "mps/kernel.h"
#include "text/typed.h"

const poolgrad_gradient_settings *poolgrad_state_settings(const poolgrad_state *state)
{
    return state ? &state->settings : NULL;
}

int64_t poolgrad_state_source_width(const poolgrad_state *state)
{
    return state ? state->settings.source_width : -1;
}

int64_t poolgrad_state_source_height(const poolgrad_state *state)
{
    return state ? state->settings.source_height : -1;
}

const poolgrad_const_image *poolgrad_state_argmax(const poolgrad_state *state)
{
    return state && state->argmax.read.format != POOLGRAD_FORMAT_NONE ? &state->argmax.read : NULL;
}

poolgrad_status poolgrad_state_make(const struct poolgrad_state *like, poolgrad_state **state, poolgrad_error *error)
{
    size_t bytes = 0;
    *state = NULL;
    poolgrad_status status = POOLGRAD_OK;
    if (poolgrad_state_argmax(like)) status = poolgrad_image_bytes(&like->argmax.written, "argmax", &bytes, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_state *made = calloc(1, sizeof *made);
    void *data = made && bytes > 0 ? malloc(bytes) : NULL;
    if (!made || (bytes > 0 && !data)) {
        free(made);
        return poolgrad_refuse_memory(error, "state");
    }
    *made = *like;
    made->argmax.written.data = data;
    if (data) memset(data, 0xff, bytes); /* no taps */
    *state = made;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_state_copy(const poolgrad_state *state, poolgrad_state **copy, poolgrad_error *error)
{
    size_t bytes = 0;
    *copy = NULL;
    if (!state) return poolgrad_refuse(error, "state", "is null; expected a state");
    poolgrad_status status = poolgrad_state_make(state, copy, error);
    if (status != POOLGRAD_OK || !poolgrad_state_argmax(state)) return status;
    status = poolgrad_image_bytes(&state->argmax.written, "argmax", &bytes, error);
    void *data = (*copy)->argmax.written.data;
    if (status == POOLGRAD_OK && data) memcpy(data, state->argmax.read.data, bytes);
    return status;
}

void poolgrad_state_destroy(poolgrad_state *state)
{
    if (!state) return;
    free(state->argmax.written.data);
    free(state);
}

/* ---- Equality, hash and texts ------------------------------------------------------------------------------------ */

#define PROPERTIES_OF poolgrad_gradient_settings
#define NUMBER(field) POOLGRAD_ROW(INTEGER, field, 0, 0)
#define EXTENT(field) POOLGRAD_ROW(EXTENT, field, 0, 0)

static const struct poolgrad_property properties[] = {
    NUMBER(offset.x),         NUMBER(offset.y),
    NUMBER(offset.z),         POOLGRAD_WORD_ROW(edge_mode, edge_mode, 0, 0),
    NUMBER(zero_pad_size_x),  NUMBER(zero_pad_size_y),
    NUMBER(clip_rect.x),      NUMBER(clip_rect.y),
    NUMBER(clip_rect.z),      EXTENT(clip_rect.width),
    EXTENT(clip_rect.height), EXTENT(clip_rect.depth),
    NUMBER(source_width),     NUMBER(source_height),
    NUMBER(source_channels),  NUMBER(source_images),
    NUMBER(result_width),     NUMBER(result_height),
    NUMBER(result_channels),  NUMBER(result_images),
    POOLGRAD_LAST_ROW};

static bool equal(const void *a, const void *b)
{
    const poolgrad_state *x = a, *y = b;
    return poolgrad_properties_equal(properties, &x->settings, &y->settings) &&
           x->argmax_kernel_width == y->argmax_kernel_width && x->argmax_kernel_height == y->argmax_kernel_height &&
           poolgrad_const_image_equal(poolgrad_state_argmax(x), poolgrad_state_argmax(y));
}

static uint64_t hash(const void *object)
{
    const poolgrad_state *state = object;
    uint64_t sum = poolgrad_properties_hash(properties, &state->settings, poolgrad_hash_begin("state"));
    return poolgrad_hash_sizes(sum, &state->argmax.read);
}

static void describe(const void *object, struct poolgrad_text *text)
{
    const poolgrad_gradient_settings *s = &((const poolgrad_state *)object)->settings;
    const poolgrad_const_image *argmax = poolgrad_state_argmax(object);
    poolgrad_text_print(text, "state: source %" PRId64 "x%" PRId64 ", offset %" PRId64 ", %" PRId64, s->source_width,
                        s->source_height, s->offset.x, s->offset.y);
    if (argmax) poolgrad_text_print(text, ", argmax as %s", poolgrad_format_name(argmax->format));
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    const poolgrad_state *state = object;
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", "state");
    poolgrad_properties_write(properties, 0, &state->settings, text);
    if (poolgrad_state_argmax(state)) {
        poolgrad_json_open(text, "argmax", '{');
        poolgrad_write_sizes(&state->argmax.read, text);
        poolgrad_json_close(text, '}');
    } else {
        poolgrad_json_string(text, "argmax", NULL);
    }
    poolgrad_json_close(text, '}');
}

static const struct poolgrad_type type = {equal, hash, describe, write_json};
POOLGRAD_TYPED(poolgrad_state, type);
