/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient states. */
#include <stdlib.h>
#include <string.h>

#include "mps/kernel.h"

const poolgrad_gradient_settings *poolgrad_state_settings(const poolgrad_state *state)
{
    return state ? &state->settings : NULL;
}

int64_t poolgrad_state_source_width(const poolgrad_state *state)
{
    return state ? state->settings.source_width : 0;
}

int64_t poolgrad_state_source_height(const poolgrad_state *state)
{
    return state ? state->settings.source_height : 0;
}

const poolgrad_image *poolgrad_state_argmax(const poolgrad_state *state)
{
    return state && state->argmax.format != POOLGRAD_FORMAT_NONE ? &state->argmax : NULL;
}

poolgrad_status poolgrad_state_make(const struct poolgrad_state *like, poolgrad_state **state, poolgrad_error *error)
{
    size_t bytes = 0;
    *state = NULL;
    poolgrad_status status = POOLGRAD_OK;
    if (poolgrad_state_argmax(like)) status = poolgrad_image_bytes(&like->argmax, "argmax", &bytes, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_state *made = calloc(1, sizeof *made);
    void *data = made && bytes > 0 ? malloc(bytes) : NULL;
    if (!made || (bytes > 0 && !data)) {
        free(made);
        return poolgrad_refuse_memory(error, "state");
    }
    *made = *like;
    made->argmax.data = data;
    if (data) memset(data, 0xff, bytes); /* no taps */
    *state = made;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_state_copy(const poolgrad_state *state, poolgrad_state **copy, poolgrad_error *error)
{
    size_t bytes = 0;
    *copy = NULL;
    if (!state) return poolgrad_refuse(error, "state", "is null; expected a state");
    const poolgrad_image *argmax = poolgrad_state_argmax(state);
    poolgrad_status status = poolgrad_state_make(state, copy, error);
    if (status != POOLGRAD_OK || !argmax) return status;
    status = poolgrad_image_bytes(argmax, "argmax", &bytes, error);
    if (status == POOLGRAD_OK && (*copy)->argmax.data) memcpy((*copy)->argmax.data, argmax->data, bytes);
    return status;
}

void poolgrad_state_destroy(poolgrad_state *state)
{
    if (!state) return;
    free(state->argmax.data);
    free(state);
}

/* ---- Class ------------------------------------------------------------------------------------------------------- */

enum { NUMBERS = 20 };

static void list_numbers(const poolgrad_gradient_settings *s, int64_t numbers[NUMBERS])
{
    const int64_t list[NUMBERS] = {s->offset.x,        s->offset.y,        s->offset.z,         (int64_t)s->edge_mode,
                                   s->zero_pad_size_x, s->zero_pad_size_y, s->clip_rect.x,      s->clip_rect.y,
                                   s->clip_rect.z,     s->clip_rect.width, s->clip_rect.height, s->clip_rect.depth,
                                   s->source_width,    s->source_height,   s->source_channels,  s->source_images,
                                   s->result_width,    s->result_height,   s->result_channels,  s->result_images};
    memcpy(numbers, list, sizeof list);
}

static bool equal(const void *a, const void *b)
{
    const poolgrad_state *x = a, *y = b;
    int64_t of_x[NUMBERS], of_y[NUMBERS];
    list_numbers(&x->settings, of_x);
    list_numbers(&y->settings, of_y);
    if (memcmp(of_x, of_y, sizeof of_x) != 0 || x->argmax_kernel_width != y->argmax_kernel_width ||
        x->argmax_kernel_height != y->argmax_kernel_height) {
        return false;
    }
    const poolgrad_image *picked_x = poolgrad_state_argmax(x), *picked_y = poolgrad_state_argmax(y);
    if (!picked_x || !picked_y) return picked_x == picked_y;
    return poolgrad_same_elements(picked_x, picked_y);
}

static uint64_t hash(const void *object)
{
    const poolgrad_state *state = object;
    int64_t numbers[NUMBERS];
    list_numbers(&state->settings, numbers);
    return poolgrad_hash_sizes(poolgrad_hash_numbers(poolgrad_hash_begin(state->isa->name), numbers, NUMBERS),
                               &state->argmax);
}

static void describe(const void *object, struct poolgrad_text *text)
{
    const poolgrad_state *state = object;
    poolgrad_text_print(text, "state: source %lldx%lld, offset %lld, %lld", (long long)state->settings.source_width,
                        (long long)state->settings.source_height, (long long)state->settings.offset.x,
                        (long long)state->settings.offset.y);
    if (poolgrad_state_argmax(state))
        poolgrad_text_print(text, ", argmax as %s", poolgrad_format_name(state->argmax.format));
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    const poolgrad_state *state = object;
    const poolgrad_gradient_settings *s = &state->settings;
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", state->isa->name);
    poolgrad_write_offset("offset", &s->offset, text);
    poolgrad_json_enum(text, "edge_mode", poolgrad_edge_mode_names, 2, (int)s->edge_mode);
    poolgrad_json_number(text, "zero_pad_size_x", s->zero_pad_size_x);
    poolgrad_json_number(text, "zero_pad_size_y", s->zero_pad_size_y);
    poolgrad_write_region("clip_rect", &s->clip_rect, text);
    poolgrad_json_number(text, "source_width", s->source_width);
    poolgrad_json_number(text, "source_height", s->source_height);
    poolgrad_json_number(text, "source_channels", s->source_channels);
    poolgrad_json_number(text, "source_images", s->source_images);
    poolgrad_json_number(text, "result_width", s->result_width);
    poolgrad_json_number(text, "result_height", s->result_height);
    poolgrad_json_number(text, "result_channels", s->result_channels);
    poolgrad_json_number(text, "result_images", s->result_images);
    if (poolgrad_state_argmax(state)) {
        poolgrad_json_open(text, "argmax", '{');
        poolgrad_write_sizes(&state->argmax, text);
        poolgrad_json_close(text, '}');
    } else {
        poolgrad_json_string(text, "argmax", NULL);
    }
    poolgrad_json_close(text, '}');
}

const struct poolgrad_class poolgrad_state_class = {"state", equal, hash, describe, write_json};
