/* SPDX-License-Identifier: Apache-2.0 */
#include "evaluate.h"

#include "encoding.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- Nodes ------------------------------------------------------------------------------------------------------- */

int64_t evaluation_place(const evaluation *e, const poolgrad_filter_node *filter)
{
    for (int64_t i = 0; i < poolgrad_network_filter_count(e->network); ++i)
        if (poolgrad_network_filter(e->network, i) == filter) return i;
    abort();
}

const poolgrad_image *evaluation_image(const evaluation *e, const poolgrad_image_node *node)
{
    const poolgrad_filter_node *producer = poolgrad_image_node_producer(node);
    for (int i = 0; i < e->given_count; ++i)
        if (e->given[i] == node) return &e->images[i];
    if (!producer) return NULL;
    int64_t place = evaluation_place(e, producer);
    return place < e->count ? &e->results[place] : NULL;
}

poolgrad_window evaluation_window(const poolgrad_filter_node *filter)
{
    return (poolgrad_window){.kernel_width = poolgrad_filter_node_kernel_width(filter),
                             .kernel_height = poolgrad_filter_node_kernel_height(filter),
                             .stride_x = poolgrad_filter_node_stride_in_pixels_x(filter),
                             .stride_y = poolgrad_filter_node_stride_in_pixels_y(filter),
                             .dilation_x = poolgrad_filter_node_dilation_rate_x(filter),
                             .dilation_y = poolgrad_filter_node_dilation_rate_y(filter)};
}

poolgrad_kind evaluation_kind(poolgrad_filter_type type)
{
    switch (type) {
    case POOLGRAD_FILTER_POOLING_AVERAGE:
    case POOLGRAD_FILTER_POOLING_AVERAGE_GRADIENT: return POOLGRAD_AVERAGE;
    case POOLGRAD_FILTER_POOLING_L2NORM:
    case POOLGRAD_FILTER_POOLING_L2NORM_GRADIENT: return POOLGRAD_L2NORM;
    default: return POOLGRAD_MAX;
    }
}

static const poolgrad_image *source_of(const evaluation *e, const poolgrad_filter_node *filter, int64_t index)
{
    return evaluation_image(e, poolgrad_filter_node_source_image(filter, index));
}

static poolgrad_format result_format(const evaluation *e, const poolgrad_filter_node *filter)
{
    poolgrad_format format = poolgrad_image_node_format(poolgrad_filter_node_result_image(filter));
    return format == POOLGRAD_FORMAT_NONE ? e->format : format;
}

static poolgrad_image new_result(const evaluation *e, const poolgrad_filter_node *filter, poolgrad_layout layout,
                                 const poolgrad_image *size)
{
    return view_new(result_format(e, filter), layout, size, 0);
}

/* ---- Filters ----------------------------------------------------------------------------------------------------- */

static bool report(poolgrad_status status, const poolgrad_error *error)
{
    if (status != POOLGRAD_OK) fprintf(stderr, "evaluation: %s\n", error->message);
    return status == POOLGRAD_OK;
}

static bool padding_of(const evaluation *e, const poolgrad_filter_node *forward, poolgrad_padding *padding)
{
    const poolgrad_image *x = source_of(e, forward, 0);
    poolgrad_window window = evaluation_window(forward);
    poolgrad_error error = {"", ""};
    poolgrad_status status = poolgrad_padding_forward(poolgrad_filter_node_padding_policy(forward).method,
                                                      evaluation_kind(poolgrad_filter_node_type(forward)), &window,
                                                      x->height, x->width, padding, &error);
    return report(status, &error);
}

/* The problem of a filter whose windows lie as the forward filter's do. */
static poolgrad_problem problem_of(const poolgrad_filter_node *filter, const poolgrad_padding *padding)
{
    poolgrad_node_rules rules = poolgrad_filter_node_rules(filter);
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.kind = evaluation_kind(poolgrad_filter_node_type(filter));
    p.window = evaluation_window(filter);
    p.offset_x = padding->offset_x;
    p.offset_y = padding->offset_y;
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.zero_pad_x = padding->exclude_edges ? padding->zero_pad_x : 0;
    p.zero_pad_y = padding->exclude_edges ? padding->zero_pad_y : 0;
    p.ties = rules.ties;
    p.nan = rules.nan;
    p.accumulator = rules.accumulator;
    p.mode = POOLGRAD_MODE_REFERENCE;
    return p;
}

static bool run_forward(const evaluation *e, const poolgrad_filter_node *filter, poolgrad_image *result)
{
    poolgrad_padding padding;
    poolgrad_error error = {"", ""};
    const poolgrad_image *x = source_of(e, filter, 0);
    if (!padding_of(e, filter, &padding)) return false;
    poolgrad_image size = images_size(x->images, x->channels, padding.height, padding.width);
    *result = new_result(e, filter, x->layout, &size);
    poolgrad_problem p = problem_of(filter, &padding);
    p.source = poolgrad_image_as_const(x);
    p.destination = *result;
    return report(poolgrad_run(&p, &error), &error);
}

static bool run_gradient(const evaluation *e, const poolgrad_filter_node *filter, poolgrad_image *result)
{
    poolgrad_padding padding;
    poolgrad_error error = {"", ""};
    const poolgrad_image *dy = source_of(e, filter, 0), *x = source_of(e, filter, 1);
    if (!padding_of(e, poolgrad_state_node_producer(poolgrad_filter_node_source_state(filter, 0)), &padding))
        return false;
    *result = new_result(e, filter, dy->layout, x);
    poolgrad_problem p = problem_of(filter, &padding);
    p.direction = POOLGRAD_GRADIENT;
    p.source = poolgrad_image_as_const(x);
    p.source_gradient = poolgrad_image_as_const(dy);
    p.destination = *result;
    return report(poolgrad_run(&p, &error), &error);
}

/* One more term: a sum in float64 where it or the result is. */
static double add(double sum, double term, bool wide)
{
    return wide ? sum + term : (double)((float)sum + (float)term);
}

static void add_image(const poolgrad_image *sum, const poolgrad_image *term)
{
    bool wide = sum->format == POOLGRAD_FLOAT64 || term->format == POOLGRAD_FLOAT64;
    for (int64_t n = 0; n < sum->images; ++n)
        for (int64_t c = 0; c < sum->channels; ++c)
            for (int64_t y = 0; y < sum->height; ++y)
                for (int64_t x = 0; x < sum->width; ++x) {
                    double before = view_number(sum, n, c, y, x), value = view_number(term, n, c, y, x);
                    view_set_number(sum, n, c, y, x, add(before, value, wide));
                }
}

static bool run_sum(const evaluation *e, const poolgrad_filter_node *filter, poolgrad_image *result)
{
    const poolgrad_image *first = source_of(e, filter, 0);
    *result = new_result(e, filter, first->layout, first);
    for (int64_t k = 0; k < poolgrad_filter_node_source_image_count(filter); ++k)
        add_image(result, source_of(e, filter, k));
    return true;
}

/* ---- Networks ---------------------------------------------------------------------------------------------------- */

evaluation evaluation_begin(poolgrad_network *network, poolgrad_format format)
{
    return (evaluation){.network = network, .format = format};
}

void evaluation_give(evaluation *e, const poolgrad_image_node *node, poolgrad_image image)
{
    if (e->given_count == EVALUATION_GIVEN) abort();
    e->given[e->given_count] = node;
    e->images[e->given_count++] = image;
}

static bool run(const evaluation *e, const poolgrad_filter_node *filter, poolgrad_image *result)
{
    poolgrad_filter_type type = poolgrad_filter_node_type(filter);
    if (type <= POOLGRAD_FILTER_DILATED_POOLING_MAX) return run_forward(e, filter, result);
    return type < POOLGRAD_FILTER_ADDITION ? run_gradient(e, filter, result) : run_sum(e, filter, result);
}

bool evaluation_go(evaluation *e)
{
    int64_t count = poolgrad_network_filter_count(e->network);
    if (count == e->count) return true;
    e->results = realloc(e->results, (size_t)count * sizeof *e->results);
    if (!e->results) abort();
    for (; e->count < count; ++e->count) {
        e->results[e->count] = (poolgrad_image){0};
        if (run(e, poolgrad_network_filter(e->network, e->count), &e->results[e->count])) continue;
        view_free(&e->results[e->count]);
        return false;
    }
    return true;
}

void evaluation_end(evaluation *e)
{
    for (int64_t i = 0; i < e->count; ++i) view_free(&e->results[i]);
    for (int i = 0; i < e->given_count; ++i) view_free(&e->images[i]);
    free(e->results);
}
