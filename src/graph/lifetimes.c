/* SPDX-License-Identifier: Apache-2.0 */
/* What an encoding runs, how long each image is read, and the memory that images share. */
#include <stdlib.h>

#include "base/integer.h"
#include "graph/schedule.h"

/* ---- Who reads what ---------------------------------------------------------------------------------------------- */

static void read_image(struct poolgrad_encoding *encoding, const poolgrad_image_node *image, int64_t reader)
{
    if (!image->producer) return;
    struct poolgrad_step *step = &encoding->steps[image->producer->place];
    step->runs = true;
    step->image_reader = poolgrad_max(step->image_reader, reader);
}

static void read_sources(struct poolgrad_encoding *encoding, const struct poolgrad_step *step)
{
    const poolgrad_filter_node *filter = step->filter;
    const bool gradient = poolgrad_is_pooling_gradient(filter->type);
    for (int64_t k = 0; k < filter->source_count; k++) {
        bool is_size_only = gradient && k == 1 && !poolgrad_step_reads_source(step);
        if (!is_size_only) read_image(encoding, filter->sources[k], filter->place);
    }
    if (!gradient || step->gradient.kind != POOLGRAD_MAX || !filter->source_state->producer) return;
    struct poolgrad_step *forward = &encoding->steps[filter->source_state->producer->place];
    if (!forward->forward.saves_argmax) return;
    forward->runs = forward->saves_argmax = true;
    forward->argmax_reader = poolgrad_max(forward->argmax_reader, filter->place);
}

/* From the last filter to the first: what nobody looks at is not computed, only its size is known. */
static void mark(struct poolgrad_encoding *encoding)
{
    const poolgrad_graph *graph = encoding->graph;
    for (int64_t i = graph->network->filters.count - 1; i >= 0; i--) {
        struct poolgrad_step *step = &encoding->steps[i];
        if (!graph->kept[i]) continue;
        bool exports_argmax = step->filter->state.export_from_graph && step->forward.saves_argmax;
        step->returned = graph->result_index[i] >= 0 || step->filter->result.export_from_graph;
        step->saves_argmax = step->saves_argmax || exports_argmax;
        step->runs = step->runs || step->returned || step->saves_argmax;
        step->image_reader = poolgrad_max(step->image_reader, i);
        step->argmax_reader = poolgrad_max(step->argmax_reader, i);
        if (step->runs) read_sources(encoding, step);
    }
}

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

static bool has_allocator(const poolgrad_image_allocator *allocator)
{
    return allocator->allocate != NULL;
}

static struct poolgrad_block *add_block(struct poolgrad_encoding *encoding, size_t bytes, int64_t begin, int64_t end)
{
    struct poolgrad_block *block = &encoding->blocks[encoding->block_count++];
    *block = (struct poolgrad_block){.begin = begin, .end = end, .size = (int64_t)bytes};
    return block;
}

static poolgrad_status add_blocks(struct poolgrad_encoding *encoding, struct poolgrad_step *step, poolgrad_error *error)
{
    const poolgrad_filter_node *filter = step->filter;
    size_t bytes;
    if (!step->returned && has_allocator(&filter->result.image_allocator)) {
        if (!poolgrad_add(encoding->own_size, (int64_t)step->bytes, &encoding->own_size)) {
            return poolgrad_refuse_memory(error, "graph");
        }
    } else if (!step->returned) {
        step->image_block = add_block(encoding, step->bytes, filter->place, step->image_reader);
    }
    if (!step->saves_argmax || filter->state.export_from_graph) return POOLGRAD_OK;
    poolgrad_status status = poolgrad_image_bytes(&step->state.argmax.written, "image", &bytes, error);
    if (status == POOLGRAD_OK) step->argmax_block = add_block(encoding, bytes, filter->place, step->argmax_reader);
    return status;
}

static int largest_first(const void *a, const void *b)
{
    const struct poolgrad_block *x = *(struct poolgrad_block *const *)a, *y = *(struct poolgrad_block *const *)b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* The lowest gap between blocks in use at the same time, which are sorted by offset, that the block fits into. */
static bool place_block(struct poolgrad_block *block, struct poolgrad_block *const *placed, int64_t count, int64_t *end)
{
    int64_t offset = 0;
    for (int64_t i = 0; i < count; i++) {
        const struct poolgrad_block *other = placed[i];
        if (other->end < block->begin || other->begin > block->end) continue;
        if (other->offset >= offset && other->offset - offset >= block->size) break;
        offset = poolgrad_max(offset, other->offset + other->size);
    }
    block->offset = offset;
    return poolgrad_add(offset, block->size, end);
}

/* order[0 .. last) is sorted by offset; so is order[0 .. last] then. */
static void sort_in(struct poolgrad_block **order, int64_t last)
{
    struct poolgrad_block *block = order[last];
    int64_t i = last;
    for (; i > 0 && order[i - 1]->offset > block->offset; i--) order[i] = order[i - 1];
    order[i] = block;
}

/* Offsets at which no two blocks that are in use at once overlap, all aligned; the size of all. False where the size
 * does not fit into 64 bits. `order` has room for the blocks. Large blocks come first: small ones fit into the gaps. */
static bool place_blocks(struct poolgrad_block *blocks, int64_t count, struct poolgrad_block **order, int64_t *size)
{
    *size = 0;
    for (int64_t i = 0; i < count; i++) {
        order[i] = &blocks[i];
        if (blocks[i].size > INT64_MAX - POOLGRAD_ARENA_ALIGNMENT) return false;
        blocks[i].size = poolgrad_ceiling_divide(blocks[i].size, POOLGRAD_ARENA_ALIGNMENT) * POOLGRAD_ARENA_ALIGNMENT;
    }
    if (count > 0) qsort(order, (size_t)count, sizeof(struct poolgrad_block *), largest_first);
    for (int64_t i = 0; i < count; i++) {
        int64_t end;
        if (!place_block(order[i], order, i, &end)) return false;
        *size = poolgrad_max(*size, end);
        sort_in(order, i);
    }
    return true;
}

poolgrad_status poolgrad_encoding_plan_memory(struct poolgrad_encoding *encoding, poolgrad_error *error)
{
    const int64_t filters = encoding->graph->network->filters.count;
    poolgrad_status status = POOLGRAD_OK;
    mark(encoding);
    encoding->blocks = calloc(2 * (size_t)filters + 1, sizeof *encoding->blocks);
    struct poolgrad_block **order = calloc(2 * (size_t)filters + 1, sizeof(struct poolgrad_block *));
    if (!encoding->blocks || !order) status = poolgrad_refuse_memory(error, "graph");
    for (int64_t i = 0; status == POOLGRAD_OK && i < filters; i++) {
        if (encoding->graph->kept[i] && encoding->steps[i].runs)
            status = add_blocks(encoding, &encoding->steps[i], error);
    }
    bool placed = status == POOLGRAD_OK &&
                  place_blocks(encoding->blocks, encoding->block_count, order, &encoding->arena_size);
    if (status == POOLGRAD_OK && !placed) status = poolgrad_refuse_memory(error, "graph");
    free(order);
    return status;
}
