/* SPDX-License-Identifier: Apache-2.0 */
/* Running graphs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/integer.h"
#include "graph/schedule.h"
#include "mps/refusals.h"
#include "pooling/resolve.h"

/* ---- Problems ---------------------------------------------------------------------------------------------------- */

/* Adding source k to a sum: the gradient of averages of one pixel. The first one overwrites. */
static poolgrad_status addition_problem(const struct poolgrad_encoding *encoding, const struct poolgrad_step *step,
                                        int64_t k, poolgrad_problem *problem)
{
    poolgrad_problem_init(problem, sizeof *problem);
    problem->direction = POOLGRAD_GRADIENT;
    problem->kind = POOLGRAD_AVERAGE;
    problem->add_to_destination = k > 0;
    problem->source = step->image.read;
    problem->source.data = NULL;
    problem->source_gradient = *poolgrad_encoding_image(encoding, step->filter->sources[k]);
    problem->destination = step->image.written;
    poolgrad_fill_context(&encoding->context, problem);
    return POOLGRAD_OK;
}

static poolgrad_status gradient_problem(const struct poolgrad_encoding *encoding, const struct poolgrad_step *step,
                                        poolgrad_problem *problem, poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    poolgrad_const_image source = *poolgrad_encoding_image(encoding, filter->sources[1]);
    /* Its memory may hold another image by now. */
    if (!poolgrad_step_reads_source(step)) source.data = NULL;
    poolgrad_status status = poolgrad_pooling_gradient_configured(
        &step->gradient, &encoding->context, poolgrad_encoding_image(encoding, filter->sources[0]), &source,
        step->source_state, &step->image.written, problem, error);
    problem->mapping = POOLGRAD_MAPPING_SOURCE;
    return status;
}

static int64_t problem_count(const struct poolgrad_step *step)
{
    return step->filter->type == POOLGRAD_FILTER_ADDITION ? step->filter->source_count : 1;
}

static poolgrad_status make_problem(const struct poolgrad_encoding *encoding, struct poolgrad_step *step, int64_t k,
                                    poolgrad_problem *problem, poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    if (poolgrad_is_pooling_gradient(filter->type)) return gradient_problem(encoding, step, problem, error);
    if (!poolgrad_is_forward(filter->type)) return addition_problem(encoding, step, k, problem);
    struct poolgrad_state *state = step->saves_argmax ? &step->state : NULL;
    return poolgrad_pooling_configured(&step->forward, &encoding->context,
                                       poolgrad_encoding_image(encoding, filter->sources[0]), state,
                                       &step->image.written, problem, error);
}

/* Puts the filter's name before a refusal. */
static poolgrad_status blame(const struct poolgrad_step *step, poolgrad_status status, poolgrad_error *error)
{
    char name[POOLGRAD_NODE_NAME];
    if (status == POOLGRAD_OK) return status;
    poolgrad_filter_name(step->filter, name);
    poolgrad_prefix_error(error, name);
    return status;
}

/* Checks what a step runs, and keeps it as it is resolved. */
static poolgrad_status check_step(const struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                  struct poolgrad_geometry *problems, poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    for (int64_t k = 0; status == POOLGRAD_OK && k < problem_count(step); k++) {
        poolgrad_problem problem;
        status = make_problem(encoding, step, k, &problem, error);
        if (status != POOLGRAD_OK) break;
        status = poolgrad_resolve_planes(&problem, &problems[k], error);
        if (status != POOLGRAD_OK) poolgrad_rename_field(problem.direction, error);
    }
    step->problems = problems;
    return blame(step, status, error);
}

static poolgrad_status check_steps(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    const poolgrad_graph *graph = encoding->graph;
    size_t count = 0;
    for (int64_t i = 0; i < graph->network->filters.count; i++) {
        if (encoding->steps[i].runs) count += (size_t)problem_count(&encoding->steps[i]);
    }
    encoding->problems = malloc((count + 1) * sizeof *encoding->problems);
    if (!encoding->problems) return poolgrad_refuse_memory(error, "graph");
    poolgrad_status status = POOLGRAD_OK;
    struct poolgrad_geometry *next = encoding->problems;
    for (int64_t i = 0; status == POOLGRAD_OK && i < graph->network->filters.count; i++) {
        struct poolgrad_step *step = &encoding->steps[i];
        if (!step->runs) continue;
        status = check_step(encoding, step, next, error);
        next += problem_count(step);
    }
    return status;
}

static poolgrad_status run_step(const struct poolgrad_step *step, poolgrad_error *error)
{
    poolgrad_status status = POOLGRAD_OK;
    for (int64_t k = 0; status == POOLGRAD_OK && k < problem_count(step); k++) {
        status = poolgrad_run_resolved(&step->problems[k], true, error);
    }
    return blame(step, status, error);
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static bool is_set(const poolgrad_image_allocator *allocator)
{
    return allocator->allocate != NULL;
}

/* That of the graph is for its result; then that of the node. */
static const poolgrad_image_allocator *allocator_of(const poolgrad_graph *graph, const poolgrad_filter_node *filter)
{
    return graph->result_index[filter->place] == 0 && is_set(&graph->destination_image_allocator)
               ? &graph->destination_image_allocator
               : &filter->result.image_allocator;
}

/* That of the last encoding, if it is large enough and not in use. */
static poolgrad_status take_arena(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    const int64_t size = encoding->arena_size;
    if (size == 0) return POOLGRAD_OK;
    struct poolgrad_arena *arena = atomic_exchange(encoding->graph->spare, NULL);
    if (!arena || arena->size < size) {
        poolgrad_aligned_free(arena);
        bool fits = (uint64_t)size <= PTRDIFF_MAX - POOLGRAD_ARENA_ALIGNMENT;
        arena = fits ? poolgrad_aligned_allocate(POOLGRAD_ARENA_ALIGNMENT, POOLGRAD_ARENA_ALIGNMENT + (size_t)size)
                     : NULL;
        if (!arena) return poolgrad_refuse_memory(error, "graph");
        arena->size = size;
    }
    encoding->arena = arena;
    return POOLGRAD_OK;
}

static void put_arena(struct poolgrad_encoding *encoding)
{
    if (encoding->arena) poolgrad_aligned_free(atomic_exchange(encoding->graph->spare, encoding->arena));
}

static void *block_data(const struct poolgrad_encoding *encoding, const struct poolgrad_block *block)
{
    return encoding->arena ? (unsigned char *)encoding->arena + POOLGRAD_ARENA_ALIGNMENT + block->offset : NULL;
}

static poolgrad_status allocate_image(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                      poolgrad_error *error)
{
    if (step->image_block) {
        step->image.written.data = block_data(encoding, step->image_block);
        return POOLGRAD_OK;
    }
    poolgrad_status status = poolgrad_buffer_make(&step->image.written, allocator_of(encoding->graph, step->filter),
                                                  "result", &step->buffer, error);
    if (status == POOLGRAD_OK) step->image = step->buffer->image;
    return status;
}

static poolgrad_status allocate_state(struct poolgrad_encoding *encoding, struct poolgrad_step *step,
                                      poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    if (step->argmax_block) step->state.argmax.written.data = block_data(encoding, step->argmax_block);
    if (!filter->state.export_from_graph) return POOLGRAD_OK;
    poolgrad_status status = poolgrad_pooling_result_state(&step->forward,
                                                           poolgrad_encoding_image(encoding, filter->sources[0]),
                                                           &step->image.written, &step->exported_state, error);
    if (status == POOLGRAD_OK) step->state.argmax = step->exported_state->argmax;
    return status;
}

static poolgrad_status allocate_copies(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    const poolgrad_graph *graph = encoding->graph;
    poolgrad_status status = POOLGRAD_OK;
    for (int64_t i = 0; status == POOLGRAD_OK && i < graph->source_images.count; i++) {
        const poolgrad_image_node *node = graph->source_images.node[i];
        if (!node->export_from_graph) continue;
        status = poolgrad_buffer_make(&encoding->copies[i], &node->image_allocator, "copy", &encoding->copy_buffers[i],
                                      error);
    }
    return status;
}

static poolgrad_status allocate(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    poolgrad_status status = allocate_copies(encoding, error);
    if (status == POOLGRAD_OK) status = take_arena(encoding, error);
    for (int64_t i = 0; status == POOLGRAD_OK && i < encoding->graph->network->filters.count; i++) {
        struct poolgrad_step *step = &encoding->steps[i];
        if (!encoding->graph->kept[i]) continue;
        if (step->runs) status = allocate_image(encoding, step, error);
        if (status == POOLGRAD_OK) status = allocate_state(encoding, step, error);
        status = blame(step, status, error);
    }
    return status;
}

/* ---- One encoding ------------------------------------------------------------------------------------------------ */

static void end(struct poolgrad_encoding *encoding)
{
    for (int64_t i = 0; encoding->steps && i < encoding->graph->network->filters.count; i++) {
        poolgrad_buffer_destroy(encoding->steps[i].buffer);
        poolgrad_state_destroy(encoding->steps[i].exported_state);
    }
    for (int64_t i = 0; encoding->copy_buffers && i < encoding->graph->source_images.count; i++) {
        poolgrad_buffer_destroy(encoding->copy_buffers[i]);
    }
    free(encoding->steps);
    free(encoding->copies);
    free(encoding->copy_buffers);
    free(encoding->blocks);
    free(encoding->problems);
    put_arena(encoding);
}

/* calloc of nothing may be null. */
static poolgrad_status begin(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    const size_t filters = (size_t)encoding->graph->network->filters.count;
    const size_t images = (size_t)encoding->graph->source_images.count;
    encoding->steps = calloc(filters + 1, sizeof *encoding->steps);
    encoding->copies = calloc(images + 1, sizeof *encoding->copies);
    encoding->copy_buffers = calloc(images + 1, sizeof(poolgrad_buffer *));
    if (!encoding->steps || !encoding->copies || !encoding->copy_buffers) return poolgrad_refuse_memory(error, "graph");
    poolgrad_status status = poolgrad_encoding_configure(encoding, error);
    return status == POOLGRAD_OK ? poolgrad_encoding_plan_memory(encoding, error) : status;
}

static poolgrad_status run(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    const poolgrad_graph *graph = encoding->graph;
    poolgrad_status status = allocate(encoding, error);
    if (status == POOLGRAD_OK) status = check_steps(encoding, error);
    for (int64_t i = 0; status == POOLGRAD_OK && i < graph->source_images.count; i++) {
        if (!encoding->copy_buffers[i]) continue;
        status = poolgrad_image_copy(&encoding->images[i], &encoding->copy_buffers[i]->image.written,
                                     &encoding->context, error);
    }
    for (int64_t i = 0; status == POOLGRAD_OK && i < graph->network->filters.count; i++) {
        if (encoding->steps[i].runs) status = run_step(&encoding->steps[i], error);
    }
    return status;
}

static poolgrad_buffer *take(poolgrad_buffer **buffer)
{
    poolgrad_buffer *taken = *buffer;
    *buffer = NULL;
    return taken;
}

static poolgrad_buffer **buffer_of(struct poolgrad_encoding *encoding, const poolgrad_image_node *node)
{
    if (node->producer) return &encoding->steps[node->producer->place].buffer;
    return &encoding->copy_buffers[encoding->graph->image_index[node->place]];
}

static poolgrad_status hand_out_states(struct poolgrad_encoding *encoding, poolgrad_state **states,
                                       poolgrad_error *error)
{
    const poolgrad_graph *graph = encoding->graph;
    for (int64_t i = 0; i < graph->result_states.count; i++) {
        const poolgrad_state_node *node = graph->result_states.node[i];
        if (node->producer) {
            states[i] = encoding->steps[node->producer->place].exported_state;
            encoding->steps[node->producer->place].exported_state = NULL;
            continue;
        }
        poolgrad_status status = poolgrad_state_copy(encoding->states[graph->state_index[node->place]], &states[i],
                                                     error);
        if (status != POOLGRAD_OK) return status;
    }
    return POOLGRAD_OK;
}

static void clear_outputs(const poolgrad_graph *graph, poolgrad_buffer **result, poolgrad_buffer **images,
                          poolgrad_state **states)
{
    if (result) *result = NULL;
    for (int64_t i = 0; images && i < graph->intermediate_images.count; i++) images[i] = NULL;
    for (int64_t i = 0; states && i < graph->result_states.count; i++) states[i] = NULL;
}

static void destroy_outputs(const poolgrad_graph *graph, poolgrad_buffer **result, poolgrad_buffer **images,
                            poolgrad_state **states)
{
    if (result) poolgrad_buffer_destroy(*result);
    for (int64_t i = 0; images && i < graph->intermediate_images.count; i++) poolgrad_buffer_destroy(images[i]);
    for (int64_t i = 0; states && i < graph->result_states.count; i++) poolgrad_state_destroy(states[i]);
    clear_outputs(graph, result, images, states);
}

static poolgrad_status encode(struct poolgrad_encoding *encoding, const poolgrad_context *context,
                              poolgrad_buffer **result, poolgrad_buffer **images, poolgrad_state **states,
                              poolgrad_error *error)
{
    const poolgrad_graph *graph = encoding->graph;
    clear_outputs(graph, result, images, states);
    poolgrad_status status = poolgrad_read_context(context, &encoding->context, error);
    if (status == POOLGRAD_OK) status = begin(encoding, error);
    if (status == POOLGRAD_OK) status = run(encoding, error);
    if (status == POOLGRAD_OK && states) status = hand_out_states(encoding, states, error);
    if (status == POOLGRAD_OK) {
        if (result && graph->results[0].needed) *result = take(&encoding->steps[graph->results[0].place].buffer);
        for (int64_t i = 0; images && i < graph->intermediate_images.count; i++) {
            images[i] = take(buffer_of(encoding, graph->intermediate_images.node[i]));
        }
    } else {
        destroy_outputs(graph, result, images, states);
    }
    end(encoding);
    return status;
}

poolgrad_status poolgrad_graph_encode(const poolgrad_graph *graph, const poolgrad_context *context,
                                      const poolgrad_const_image *source_images, int64_t source_image_count,
                                      poolgrad_state *const *source_states, int64_t source_state_count,
                                      poolgrad_buffer **result, poolgrad_buffer **intermediate_images,
                                      poolgrad_state **destination_states, poolgrad_error *error)
{
    if (result) *result = NULL;
    if (!graph) return poolgrad_refuse(error, "graph", "is null; expected a graph");
    struct poolgrad_encoding encoding = {.graph = graph,
                                         .images = source_images,
                                         .image_count = source_image_count,
                                         .states = source_states,
                                         .state_count = source_state_count};
    return encode(&encoding, context, result, intermediate_images, destination_states, error);
}

poolgrad_status poolgrad_graph_encode_source_images(const poolgrad_graph *graph, const poolgrad_context *context,
                                                    const poolgrad_const_image *source_images,
                                                    int64_t source_image_count, poolgrad_buffer **result,
                                                    poolgrad_error *error)
{
    return poolgrad_graph_encode(graph, context, source_images, source_image_count, NULL, 0, result, NULL, NULL, error);
}

void poolgrad_graph_execute_async(const poolgrad_graph *graph, const poolgrad_context *context,
                                  const poolgrad_const_image *source_images, int64_t source_image_count,
                                  poolgrad_graph_completion_handler handler, void *handler_context)
{
    poolgrad_error error;
    poolgrad_buffer *result = NULL;
    poolgrad_status status = poolgrad_graph_encode_source_images(graph, context, source_images, source_image_count,
                                                                 &result, &error);
    if (handler)
        handler(handler_context, result, status == POOLGRAD_OK ? NULL : &error);
    else
        poolgrad_buffer_destroy(result);
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

/* Arrays of a batch: element b of each row. */
struct rows {
    poolgrad_const_image *images;
    poolgrad_state **states;
    poolgrad_buffer **intermediates;
    poolgrad_state **results;
};

static bool allocate_rows(const poolgrad_graph *graph, struct rows *rows)
{
    rows->images = calloc((size_t)graph->source_images.count + 1, sizeof *rows->images);
    rows->states = calloc((size_t)graph->source_states.count + 1, sizeof(poolgrad_state *));
    rows->intermediates = calloc((size_t)graph->intermediate_images.count + 1, sizeof(poolgrad_buffer *));
    rows->results = calloc((size_t)graph->result_states.count + 1, sizeof(poolgrad_state *));
    return rows->images && rows->states && rows->intermediates && rows->results;
}

static void free_rows(struct rows *rows)
{
    free(rows->images);
    free(rows->states);
    free(rows->intermediates);
    free(rows->results);
}

struct batch {
    const poolgrad_graph *graph;
    const poolgrad_context *context;
    const poolgrad_const_image *const *images;
    poolgrad_state *const *const *states;
    poolgrad_buffer **results;
    poolgrad_buffer **const *intermediates;
    poolgrad_state **const *destination_states;
};

static poolgrad_status encode_element(const struct batch *batch, int64_t b, struct rows *rows, poolgrad_error *error)
{
    const poolgrad_graph *graph = batch->graph;
    for (int64_t i = 0; i < graph->source_images.count; i++) rows->images[i] = batch->images[i][b];
    for (int64_t i = 0; batch->states && i < graph->source_states.count; i++) rows->states[i] = batch->states[i][b];
    poolgrad_status status = poolgrad_graph_encode(graph, batch->context, rows->images, graph->source_images.count,
                                                   rows->states, graph->source_states.count, &batch->results[b],
                                                   batch->intermediates ? rows->intermediates : NULL,
                                                   batch->destination_states ? rows->results : NULL, error);
    if (status != POOLGRAD_OK) return status;
    for (int64_t i = 0; batch->intermediates && i < graph->intermediate_images.count; i++) {
        batch->intermediates[i][b] = rows->intermediates[i];
    }
    for (int64_t i = 0; batch->destination_states && i < graph->result_states.count; i++) {
        batch->destination_states[i][b] = rows->results[i];
    }
    return POOLGRAD_OK;
}

/* Everything of elements [0, count) given back, or, of those not encoded yet, just null. Arrays are not checked yet. */
static void drop_elements(const struct batch *batch, int64_t count, bool destroy)
{
    for (int64_t b = 0; b < count; b++) {
        if (destroy) poolgrad_buffer_destroy(batch->results[b]);
        if (batch->results) batch->results[b] = NULL;
        for (int64_t i = 0; batch->intermediates && i < batch->graph->intermediate_images.count; i++) {
            if (!batch->intermediates[i]) continue;
            if (destroy) poolgrad_buffer_destroy(batch->intermediates[i][b]);
            batch->intermediates[i][b] = NULL;
        }
        for (int64_t i = 0; batch->destination_states && i < batch->graph->result_states.count; i++) {
            if (!batch->destination_states[i]) continue;
            if (destroy) poolgrad_state_destroy(batch->destination_states[i][b]);
            batch->destination_states[i][b] = NULL;
        }
    }
}

/* Of pointers to any type. */
static bool is_null(const void *arrays, int64_t i)
{
    const void *array;
    memcpy(&array, (const char *)arrays + (size_t)i * sizeof array, sizeof array);
    return !array;
}

static poolgrad_status check_rows(const char *field, const void *arrays, int64_t rows, int64_t count,
                                  poolgrad_error *error)
{
    for (int64_t i = 0; count > 0 && i < rows; i++) {
        if (!is_null(arrays, i)) continue;
        return poolgrad_refuse(error, field, "have a null at %" PRId64 "; expected an array", i);
    }
    return POOLGRAD_OK;
}

static poolgrad_status check_arrays(const char *field, const void *arrays, int64_t given, int64_t expected,
                                    int64_t count, poolgrad_error *error)
{
    if (given != expected) {
        return poolgrad_refuse(error, field, "are %" PRId64 " arrays; expected %" PRId64 ", one for each handle", given,
                               expected);
    }
    if (count > 0 && given > 0 && !arrays) {
        return poolgrad_refuse(error, field, "are null; expected an array for each handle");
    }
    return check_rows(field, arrays, given, count, error);
}

static poolgrad_status check_batch(const struct batch *batch, int64_t count, int64_t images, int64_t states,
                                   poolgrad_error *error)
{
    const poolgrad_graph *graph = batch->graph;
    if (count < 0) return poolgrad_refuse(error, "batch", "is %" PRId64 "; expected at least 0", count);
    if (count > 0 && !batch->results) return poolgrad_refuse(error, "results", "are null; expected an array");
    poolgrad_status status = check_arrays("source_images", batch->images, images, graph->source_images.count, count,
                                          error);
    if (status != POOLGRAD_OK) return status;
    status = check_arrays("source_states", batch->states, states, graph->source_states.count, count, error);
    if (status == POOLGRAD_OK && batch->intermediates) {
        status = check_rows("intermediate_images", batch->intermediates, graph->intermediate_images.count, count,
                            error);
    }
    if (status != POOLGRAD_OK || !batch->destination_states) return status;
    return check_rows("destination_states", batch->destination_states, graph->result_states.count, count, error);
}

static poolgrad_status encode_all(const struct batch *batch, int64_t count, poolgrad_error *error)
{
    struct rows rows = {0};
    poolgrad_status status = POOLGRAD_OK;
    if (!allocate_rows(batch->graph, &rows)) status = poolgrad_refuse_memory(error, "graph");
    for (int64_t b = 0; status == POOLGRAD_OK && b < count; b++) {
        status = encode_element(batch, b, &rows, error);
        if (status == POOLGRAD_OK) continue;
        char name[POOLGRAD_NODE_NAME];
        snprintf(name, sizeof name, "batch element %" PRId64, b);
        poolgrad_prefix_error(error, name);
    }
    if (status != POOLGRAD_OK) drop_elements(batch, count, true);
    free_rows(&rows);
    return status;
}

poolgrad_status poolgrad_graph_encode_batch(const poolgrad_graph *graph, const poolgrad_context *context, int64_t batch,
                                            const poolgrad_const_image *const *source_images,
                                            int64_t source_image_count, poolgrad_state *const *const *source_states,
                                            int64_t source_state_count, poolgrad_buffer **results,
                                            poolgrad_buffer **const *intermediate_images,
                                            poolgrad_state **const *destination_states, poolgrad_error *error)
{
    for (int64_t b = 0; results && b < batch; b++) results[b] = NULL;
    if (!graph) return poolgrad_refuse(error, "graph", "is null; expected a graph");
    const struct batch whole = {.graph = graph,
                                .context = context,
                                .images = source_images,
                                .states = source_states,
                                .results = results,
                                .intermediates = intermediate_images,
                                .destination_states = destination_states};
    drop_elements(&whole, batch, false);
    poolgrad_status status = check_batch(&whole, batch, source_image_count, source_state_count, error);
    return status == POOLGRAD_OK ? encode_all(&whole, batch, error) : status;
}

poolgrad_status poolgrad_graph_encode_batch_source_images(const poolgrad_graph *graph, const poolgrad_context *context,
                                                          int64_t batch,
                                                          const poolgrad_const_image *const *source_images,
                                                          int64_t source_image_count, poolgrad_buffer **results,
                                                          poolgrad_error *error)
{
    return poolgrad_graph_encode_batch(graph, context, batch, source_images, source_image_count, NULL, 0, results, NULL,
                                       NULL, error);
}

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

static void report_memory(const struct poolgrad_encoding *encoding, poolgrad_graph_memory *memory)
{
    int64_t sum = encoding->own_size;
    for (int64_t i = 0; i < encoding->block_count; i++) {
        if (!poolgrad_add(sum, encoding->blocks[i].size, &sum)) sum = INT64_MAX;
    }
    memory->intermediate = sum;
    if (!poolgrad_add(encoding->arena_size, encoding->own_size, &memory->peak)) memory->peak = INT64_MAX;
}

static poolgrad_image size_of(const struct poolgrad_encoding *encoding, const poolgrad_image_node *node)
{
    if (node->producer) return encoding->steps[node->producer->place].image.written;
    return encoding->copies[encoding->graph->image_index[node->place]];
}

poolgrad_status poolgrad_graph_result_sizes(const poolgrad_graph *graph, const poolgrad_const_image *source_images,
                                            int64_t source_image_count, poolgrad_state *const *source_states,
                                            int64_t source_state_count, poolgrad_image *result,
                                            poolgrad_image *intermediate_images, poolgrad_graph_memory *memory,
                                            poolgrad_error *error)
{
    if (!graph) return poolgrad_refuse(error, "graph", "is null; expected a graph");
    struct poolgrad_encoding encoding = {.graph = graph,
                                         .images = source_images,
                                         .image_count = source_image_count,
                                         .states = source_states,
                                         .state_count = source_state_count};
    poolgrad_status status = begin(&encoding, error);
    if (status == POOLGRAD_OK && result) {
        const poolgrad_image none = {0};
        *result = graph->results[0].needed ? encoding.steps[graph->results[0].place].image.written : none;
    }
    for (int64_t i = 0; status == POOLGRAD_OK && intermediate_images && i < graph->intermediate_images.count; i++) {
        intermediate_images[i] = size_of(&encoding, graph->intermediate_images.node[i]);
    }
    if (status == POOLGRAD_OK && memory) report_memory(&encoding, memory);
    end(&encoding);
    return status;
}
