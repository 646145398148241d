/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and formats of everything in a graph, from those of its sources. */
#include <inttypes.h>
#include <stdio.h>

#include "graph/schedule.h"
#include "mps/refusals.h"

const poolgrad_const_image *poolgrad_encoding_image(const struct poolgrad_encoding *encoding,
                                                    const poolgrad_image_node *node)
{
    if (node->producer) return &encoding->steps[node->producer->place].image.read;
    return &encoding->images[encoding->graph->image_index[node->place]];
}

static const struct poolgrad_state *state_of(const struct poolgrad_encoding *encoding, const poolgrad_state_node *node)
{
    if (node->producer) return &encoding->steps[node->producer->place].state;
    return encoding->states[encoding->graph->state_index[node->place]];
}

bool poolgrad_step_reads_source(const struct poolgrad_step *step)
{
    poolgrad_kind kind = step->gradient.kind;
    bool picked = kind == POOLGRAD_MAX && step->source_state->argmax.read.format != POOLGRAD_FORMAT_NONE;
    return kind != POOLGRAD_AVERAGE && !picked;
}

/* ---- Sources ---------------------------------------------------------------------------------------------------- */

static poolgrad_status check_format(const poolgrad_const_image *image, const poolgrad_image_node *node,
                                    poolgrad_error *error)
{
    poolgrad_status status = poolgrad_check_source_format(image->format, "format", error);
    if (status != POOLGRAD_OK || node->format == POOLGRAD_FORMAT_NONE || node->format == image->format) return status;
    return poolgrad_refuse(error, "format", "is %s; expected %s, the format of its node",
                           poolgrad_format_name(image->format), poolgrad_format_name(node->format));
}

static poolgrad_status check_image(const poolgrad_const_image *image, const poolgrad_image_node *node,
                                   poolgrad_error *error)
{
    char name[POOLGRAD_NODE_NAME];
    poolgrad_const_image resolved;
    poolgrad_status status = check_format(image, node, error);
    /* Of an image without data nothing but its size is asked, and who reads it refuses it. */
    if (status == POOLGRAD_OK) status = poolgrad_check_plane(image, NULL, error);
    if (status == POOLGRAD_OK && image->data) status = poolgrad_const_image_resolve(image, NULL, &resolved, error);
    if (status == POOLGRAD_OK) return POOLGRAD_OK;
    poolgrad_image_name(node, name);
    poolgrad_prefix_error(error, name);
    return status;
}

/* `missing` names the first source that is not there. */
static poolgrad_status check_count(const char *field, int64_t count, int64_t expected, const char *missing,
                                   const void *array, poolgrad_error *error)
{
    if (count >= 0 && count < expected) {
        return poolgrad_refuse(error, field,
                               "are %" PRId64 "; expected %" PRId64 ", one for each handle: %s is missing", count,
                               expected, missing);
    }
    if (count != expected) {
        return poolgrad_refuse(error, field, "are %" PRId64 "; expected %" PRId64 ", one for each handle", count,
                               expected);
    }
    return count == 0 || array ? POOLGRAD_OK : poolgrad_refuse(error, field, "are null; expected an array");
}

static poolgrad_status check_counts(const struct poolgrad_encoding *e, poolgrad_error *error)
{
    const struct poolgrad_node_list *images = &e->graph->source_images, *states = &e->graph->source_states;
    char name[POOLGRAD_NODE_NAME] = "";
    if (e->image_count >= 0 && e->image_count < images->count) poolgrad_image_name(images->node[e->image_count], name);
    poolgrad_status status = check_count("source_images", e->image_count, images->count, name, e->images, error);
    if (status != POOLGRAD_OK) return status;
    if (e->state_count >= 0 && e->state_count < states->count) poolgrad_state_name(states->node[e->state_count], name);
    return check_count("source_states", e->state_count, states->count, name, e->states, error);
}

static poolgrad_status check_sources(const struct poolgrad_encoding *e, poolgrad_error *error)
{
    const poolgrad_graph *graph = e->graph;
    poolgrad_status status = check_counts(e, error);
    for (int64_t i = 0; status == POOLGRAD_OK && i < e->image_count; i++) {
        status = check_image(&e->images[i], graph->source_images.node[i], error);
    }
    for (int64_t i = 0; status == POOLGRAD_OK && i < e->state_count; i++) {
        char name[POOLGRAD_NODE_NAME];
        if (e->states[i]) continue;
        poolgrad_state_name(graph->source_states.node[i], name);
        return poolgrad_refuse(error, "source_states", "have a null for %s; expected a state", name);
    }
    return status;
}

/* ---- Filters ---------------------------------------------------------------------------------------------------- */

static poolgrad_format format_of(const struct poolgrad_encoding *encoding, const poolgrad_image_node *node)
{
    poolgrad_format format = poolgrad_image_node_format(node);
    return format == POOLGRAD_FORMAT_NONE ? encoding->graph->format : format;
}

static poolgrad_status configure_forward(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                         poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    const poolgrad_const_image *source = poolgrad_encoding_image(encoding, filter->sources[0]);
    poolgrad_pooling *kernel = &step->forward;
    poolgrad_kernel_init(&poolgrad_pooling_type, kernel, sizeof *kernel, poolgrad_filter_kind(filter->type),
                         &filter->window);
    kernel->edge_mode = POOLGRAD_EDGE_CLAMP;
    kernel->padding = filter->padding_policy;
    kernel->saves_argmax = filter->saves_argmax;
    kernel->ties = filter->rules.ties;
    kernel->nan = filter->rules.nan;
    kernel->accumulator = filter->rules.accumulator;
    poolgrad_status status = poolgrad_pooling_configure(kernel, source, format_of(encoding, &filter->result),
                                                        &step->image.written, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_pooling_fill_state(kernel, source, &step->image.written, &step->state);
    if (!kernel->saves_argmax) return POOLGRAD_OK;
    return poolgrad_pooling_argmax_descriptor(kernel, &step->image.written, &step->state.argmax.written, error);
}

/* A gradient belongs to a result: it has its size. */
static poolgrad_status check_gradient_size(const poolgrad_const_image *gradient, const poolgrad_gradient_settings *s,
                                           poolgrad_error *error)
{
    const poolgrad_const_image result = {.images = s->result_images,
                                         .channels = s->result_channels,
                                         .height = s->result_height,
                                         .width = s->result_width};
    const bool known = result.images != 0 || result.channels != 0 || result.height != 0 || result.width != 0;
    if (!known || poolgrad_same_size(gradient, &result)) return POOLGRAD_OK;
    return poolgrad_refuse_size(error, "source_gradient", "has", gradient, &result, "the forward result");
}

static poolgrad_status configure_gradient(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                          poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    poolgrad_pooling_gradient *kernel = &step->gradient;
    poolgrad_kernel_init(&poolgrad_pooling_gradient_type, kernel, sizeof *kernel, poolgrad_filter_kind(filter->type),
                         &filter->window);
    kernel->secondary_edge_mode = POOLGRAD_EDGE_CLAMP;
    kernel->padding = filter->padding_policy;
    kernel->ties = filter->rules.ties;
    kernel->nan = filter->rules.nan;
    kernel->accumulator = filter->rules.accumulator;
    step->source_state = state_of(encoding, filter->source_state);
    poolgrad_status status = check_gradient_size(poolgrad_encoding_image(encoding, filter->sources[0]),
                                                 &step->source_state->settings, error);
    if (status != POOLGRAD_OK) return status;
    return poolgrad_pooling_gradient_configure(kernel, poolgrad_encoding_image(encoding, filter->sources[0]),
                                               poolgrad_encoding_image(encoding, filter->sources[1]),
                                               step->source_state, format_of(encoding, &filter->result),
                                               &step->image.written, error);
}

/* Additions and their gradients: sizes and layout of the first source, which all others must have. */
static poolgrad_status configure_sum(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                     poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    const poolgrad_const_image *first = poolgrad_encoding_image(encoding, filter->sources[0]);
    step->image.written = poolgrad_image_like(first, format_of(encoding, &filter->result));
    for (int64_t k = 1; k < filter->source_count; k++) {
        const poolgrad_const_image *other = poolgrad_encoding_image(encoding, filter->sources[k]);
        char has[POOLGRAD_NODE_NAME];
        if (poolgrad_same_size(other, first)) continue;
        snprintf(has, sizeof has, "%" PRId64 " has", k);
        return poolgrad_refuse_size(error, "source", has, other, first, "the first source");
    }
    return POOLGRAD_OK;
}

static poolgrad_status configure_step(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                      poolgrad_error *error)
{
    poolgrad_status status;
    if (poolgrad_is_forward(step->filter->type))
        status = configure_forward(encoding, step, error);
    else if (poolgrad_is_pooling_gradient(step->filter->type))
        status = configure_gradient(encoding, step, error);
    else
        status = configure_sum(encoding, step, error);
    if (status == POOLGRAD_OK) status = poolgrad_image_bytes(&step->image.written, "result", &step->bytes, error);
    if (status == POOLGRAD_OK) return POOLGRAD_OK;
    char name[POOLGRAD_NODE_NAME];
    poolgrad_filter_name(step->filter, name);
    poolgrad_prefix_error(error, name);
    return status;
}

/* What is handed out of a given image that is exported. */
static void describe_copies(struct poolgrad_encoding *encoding)
{
    for (int64_t i = 0; i < encoding->image_count; i++) {
        const poolgrad_const_image *image = &encoding->images[i];
        encoding->copies[i] = poolgrad_image_like(image, poolgrad_result_format(image->format));
    }
}

poolgrad_status poolgrad_encoding_configure(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    const poolgrad_graph *graph = encoding->graph;
    poolgrad_status status = check_sources(encoding, error);
    for (int64_t i = 0; status == POOLGRAD_OK && i < graph->network->filters.count; i++) {
        if (!graph->kept[i]) continue;
        encoding->steps[i].filter = graph->network->filters.node[i];
        status = configure_step(encoding, &encoding->steps[i], error);
    }
    if (status == POOLGRAD_OK) describe_copies(encoding);
    return status;
}
