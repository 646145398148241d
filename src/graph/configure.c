/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and formats of everything in a graph, from those of its sources. */
#include <inttypes.h>
#include <stdio.h>

#include "graph/schedule.h"
#include "image/format.h"
#include "image/image.h"

const poolgrad_image *poolgrad_encoding_image(const struct poolgrad_encoding *encoding, const poolgrad_image_node *node)
{
    if (node->producer) return &encoding->steps[node->producer->place].image;
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
    bool picked = kind == POOLGRAD_MAX && step->source_state->argmax.format != POOLGRAD_FORMAT_NONE;
    return kind != POOLGRAD_AVERAGE && !picked;
}

/* ---- Sources ---------------------------------------------------------------------------------------------------- */

static poolgrad_status check_image(const poolgrad_image *image, const poolgrad_image_node *node, poolgrad_error *error)
{
    char name[POOLGRAD_NODE_NAME];
    const char *format = poolgrad_format_name(image->format);
    poolgrad_image resolved;
    poolgrad_status status = POOLGRAD_INVALID;
    if (!format || poolgrad_format_is_index(image->format)) {
        poolgrad_refuse(error, "format", "is %d (%s); expected unorm8, unorm16, float16, bfloat16, float32 or float64",
                        (int)image->format, format ? format : "no format");
    } else if (node->format != POOLGRAD_FORMAT_NONE && node->format != image->format) {
        poolgrad_refuse(error, "format", "is %s; expected %s, the format of its node", format,
                        poolgrad_format_name(node->format));
    } else {
        status = poolgrad_image_resolve(image, NULL, &resolved, error);
    }
    if (status == POOLGRAD_OK) return POOLGRAD_OK;
    poolgrad_image_name(node, name);
    poolgrad_prefix_error(error, name);
    return status;
}

/* `missing` names the first source that is not there. */
static poolgrad_status check_count(const char *field, int64_t count, int64_t expected, const char *missing,
                                   const void *array, poolgrad_error *error)
{
    if (count < expected) {
        return poolgrad_refuse(error, field,
                               "are %" PRId64 "; expected %" PRId64 ", one for each handle: %s is missing", count,
                               expected, missing);
    }
    if (count > expected) {
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
    const poolgrad_image *source = poolgrad_encoding_image(encoding, filter->sources[0]);
    poolgrad_pooling *kernel = &step->forward;
    poolgrad_pooling_init(kernel, sizeof *kernel, poolgrad_filter_kind(filter->type), &filter->window);
    kernel->edge_mode = POOLGRAD_EDGE_CLAMP;
    kernel->padding = filter->policy;
    kernel->saves_argmax = filter->saves_argmax;
    kernel->ties = filter->rules.ties;
    kernel->nan = filter->rules.nan;
    kernel->accumulator = filter->rules.accumulator;
    poolgrad_status status = poolgrad_pooling_configure(kernel, source, format_of(encoding, &filter->result),
                                                        &step->image, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_pooling_fill_state(kernel, source, &step->image, &step->state);
    if (!kernel->saves_argmax) return POOLGRAD_OK;
    return poolgrad_pooling_argmax_descriptor(kernel, &step->image, &step->state.argmax, error);
}

/* A gradient belongs to a result: it has its size. */
static poolgrad_status check_gradient_size(const poolgrad_image *gradient, const poolgrad_gradient_settings *s,
                                           poolgrad_error *error)
{
    if (s->result_width == 0 && s->result_height == 0 && s->result_channels == 0 && s->result_images == 0) {
        return POOLGRAD_OK;
    }
    if (gradient->width == s->result_width && gradient->height == s->result_height &&
        gradient->channels == s->result_channels && gradient->images == s->result_images) {
        return POOLGRAD_OK;
    }
    return poolgrad_refuse(error, "source_gradient",
                           "has %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64
                           " pixels; expected %" PRId64 " of %" PRId64 ", %" PRId64 "x%" PRId64
                           " as the forward result",
                           gradient->images, gradient->channels, gradient->width, gradient->height, s->result_images,
                           s->result_channels, s->result_width, s->result_height);
}

static poolgrad_status configure_gradient(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                          poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    poolgrad_pooling_gradient *kernel = &step->gradient;
    poolgrad_pooling_gradient_init(kernel, sizeof *kernel, poolgrad_filter_kind(filter->type), &filter->window);
    kernel->secondary_edge_mode = POOLGRAD_EDGE_CLAMP;
    kernel->padding = filter->policy;
    kernel->ties = filter->rules.ties;
    kernel->nan = filter->rules.nan;
    kernel->accumulator = filter->rules.accumulator;
    step->source_state = state_of(encoding, filter->source_state);
    poolgrad_status status = check_gradient_size(poolgrad_encoding_image(encoding, filter->sources[0]),
                                                 &step->source_state->settings, error);
    if (status != POOLGRAD_OK) return status;
    return poolgrad_pooling_gradient_configure(kernel, poolgrad_encoding_image(encoding, filter->sources[0]),
                                               poolgrad_encoding_image(encoding, filter->sources[1]),
                                               step->source_state, format_of(encoding, &filter->result), &step->image,
                                               error);
}

/* Additions and their gradients: sizes and layout of the first source, which all others must have. */
static poolgrad_status configure_sum(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                     poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    const poolgrad_image *first = poolgrad_encoding_image(encoding, filter->sources[0]);
    step->image = (poolgrad_image){.format = format_of(encoding, &filter->result),
                                   .layout = first->layout,
                                   .images = first->images,
                                   .channels = first->channels,
                                   .height = first->height,
                                   .width = first->width};
    for (int64_t k = 1; k < filter->source_count; k++) {
        const poolgrad_image *other = poolgrad_encoding_image(encoding, filter->sources[k]);
        if (other->images == first->images && other->channels == first->channels && other->height == first->height &&
            other->width == first->width) {
            continue;
        }
        return poolgrad_refuse(error, "source",
                               "%" PRId64 " has %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64
                               " pixels; expected %" PRId64 " of %" PRId64 ", %" PRId64 "x%" PRId64
                               " as the first source",
                               k, other->images, other->channels, other->width, other->height, first->images,
                               first->channels, first->width, first->height);
    }
    return POOLGRAD_OK;
}

static poolgrad_status configure_step(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                      poolgrad_error *error)
{
    poolgrad_status status;
    size_t bytes;
    if (poolgrad_is_forward(step->filter->type))
        status = configure_forward(encoding, step, error);
    else if (poolgrad_is_pooling_gradient(step->filter->type))
        status = configure_gradient(encoding, step, error);
    else
        status = configure_sum(encoding, step, error);
    if (status == POOLGRAD_OK) status = poolgrad_image_bytes(&step->image, "result", &bytes, error);
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
        const poolgrad_image *image = &encoding->images[i];
        encoding->copies[i] = (poolgrad_image){.format = poolgrad_result_format(image->format),
                                               .layout = image->layout,
                                               .images = image->images,
                                               .channels = image->channels,
                                               .height = image->height,
                                               .width = image->width};
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
