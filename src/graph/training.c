/* SPDX-License-Identifier: Apache-2.0 */
/* Training graphs: the gradient filters of a filter and of all before it. */
#include <stdlib.h>

#include "graph/node.h"

/* A gradient of an image, made by a filter that reads it or given from outside. */
struct contribution {
    const poolgrad_image_node *image;
    poolgrad_image_node *gradient;
    int64_t consumer; /* place of the filter; -1: given */
    int64_t order;    /* of those given */
};

struct walk {
    poolgrad_network *network;
    poolgrad_gradient_node_handler handler;
    void *context;
    int64_t old_count; /* filters before any were made */
    bool *reached;     /* of those */
    struct contribution *contributions;
    int64_t count, capacity;
};

static bool contribute(struct walk *walk, const poolgrad_image_node *image, poolgrad_image_node *gradient,
                       int64_t consumer)
{
    if (walk->count == walk->capacity) {
        int64_t capacity = 2 * walk->capacity + 1;
        struct contribution *more = realloc(walk->contributions, (size_t)capacity * sizeof *more);
        if (!more) {
            poolgrad_network_refuse_memory(walk->network, "training graph");
            return false;
        }
        walk->contributions = more;
        walk->capacity = capacity;
    }
    walk->contributions[walk->count] = (struct contribution){image, gradient, consumer, walk->count};
    walk->count++;
    return true;
}

/* Whether to go on up from the new node. */
static bool handle(struct walk *walk, poolgrad_filter_node *made, poolgrad_filter_node *inference,
                   poolgrad_image_node *image, poolgrad_image_node *gradient)
{
    if (walk->handler) return walk->handler(walk->context, made, inference, image, gradient) == 0;
    poolgrad_image_node_set_handle(&made->result, image->handle);
    return true;
}

/* Given ones first, in their order; then by filter. */
static int by_consumer(const void *a, const void *b)
{
    const struct contribution *x = a, *y = b;
    if (x->consumer != y->consumer) return x->consumer < y->consumer ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* The gradients of an image, in the order in which they are summed; null where memory is lacking. */
static poolgrad_image_node **gather(const struct walk *walk, const poolgrad_image_node *image, int64_t count)
{
    struct contribution *part = calloc((size_t)count, sizeof *part);
    poolgrad_image_node **sources = calloc((size_t)count, sizeof(poolgrad_image_node *));
    if (!part || !sources) {
        poolgrad_network_refuse_memory(walk->network, "training graph");
        free(part);
        free(sources);
        return NULL;
    }
    for (int64_t i = 0, k = 0; i < walk->count; i++) {
        if (walk->contributions[i].image == image) part[k++] = walk->contributions[i];
    }
    qsort(part, (size_t)count, sizeof *part, by_consumer);
    for (int64_t i = 0; i < count; i++) sources[i] = part[i].gradient;
    free(part);
    return sources;
}

/*
 * The gradient of an image: what was contributed to it, summed if there is more than one. Filters are visited from the
 * last to the first, so that all who read the image have had their turn. *gradient is null where there is none, or
 * where the handler goes no further.
 */
static bool sum(struct walk *walk, poolgrad_image_node *image, poolgrad_image_node **gradient)
{
    *gradient = NULL;
    int64_t count = 0;
    for (int64_t i = 0; i < walk->count; i++) count += walk->contributions[i].image == image;
    if (count == 0) return true;
    poolgrad_image_node **sources = gather(walk, image, count);
    if (!sources) return false;
    bool done = true;
    if (count == 1) {
        *gradient = sources[0];
    } else {
        poolgrad_filter_node *addition = poolgrad_addition_node_create(walk->network, sources, count);
        done = addition != NULL;
        if (done && handle(walk, addition, NULL, image, sources[0])) *gradient = &addition->result;
    }
    free(sources);
    return done;
}

/* The gradient filters of one filter, and what they contribute to its sources. */
static bool visit(struct walk *walk, poolgrad_filter_node *filter)
{
    poolgrad_image_node *gradient;
    if (!sum(walk, &filter->result, &gradient)) return false;
    if (!gradient) return true;
    poolgrad_filter_node **made = calloc((size_t)filter->source_count, sizeof(poolgrad_filter_node *));
    if (!made) {
        poolgrad_network_refuse_memory(walk->network, "training graph");
        return false;
    }
    bool done = poolgrad_filter_node_gradient_filters_with_source(filter, gradient, made, filter->source_count) > 0;
    for (int64_t k = 0; done && k < filter->source_count; k++) {
        poolgrad_image_node *source = filter->sources[k];
        if (!handle(walk, made[k], filter, source, gradient)) continue;
        done = contribute(walk, source, &made[k]->result, filter->place);
        poolgrad_filter_node *producer = source->stop_gradient ? NULL : source->producer;
        if (producer && !poolgrad_filter_node_is_gradient(producer)) walk->reached[producer->place] = true;
    }
    free(made);
    return done;
}

/* Images at which the walk has ended still get one gradient, summed where several were made. */
static bool sum_ends(struct walk *walk)
{
    int64_t count = walk->count;
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_image_node *image = walk->contributions[i].image;
        bool visited = image->producer && walk->reached[image->producer->place];
        bool first = true;
        for (int64_t k = 0; k < i; k++) first = first && walk->contributions[k].image != image;
        poolgrad_image_node *gradient;
        if (!visited && first && !sum(walk, (poolgrad_image_node *)image, &gradient)) return false;
    }
    return true;
}

static bool is_read_by_new(const struct walk *walk, const poolgrad_filter_node *made)
{
    for (int64_t i = made->place + 1; i < walk->network->filters.count; i++) {
        const poolgrad_filter_node *reader = walk->network->filters.node[i];
        for (int64_t k = 0; k < reader->source_count; k++) {
            if (reader->sources[k] == &made->result) return true;
        }
    }
    return false;
}

static int64_t list_last(const struct walk *walk, poolgrad_filter_node **last, int64_t capacity)
{
    int64_t count = 0;
    for (int64_t i = walk->old_count; i < walk->network->filters.count; i++) {
        poolgrad_filter_node *made = walk->network->filters.node[i];
        if (is_read_by_new(walk, made)) continue;
        if (count < capacity) last[count] = made;
        count++;
    }
    return count;
}

/* Marks the filter, whose result the given gradient belongs to. */
static bool begin(struct walk *walk, poolgrad_filter_node *node, poolgrad_image_node *gradient)
{
    if (!poolgrad_has_filter(walk->network, node)) {
        poolgrad_network_refuse(walk->network, "node", "of a training graph %s; expected a filter of this network",
                                poolgrad_why_not_in(walk->network, node ? node->network : NULL));
        return false;
    }
    if (poolgrad_filter_node_is_gradient(node)) {
        char name[POOLGRAD_NODE_NAME];
        poolgrad_filter_name(node, name);
        poolgrad_network_refuse(walk->network, "training_graph_with_source_gradient",
                                "is unavailable on %s, a gradient filter; expected a forward filter", name);
        return false;
    }
    if (gradient && !poolgrad_has_image(walk->network, gradient)) {
        poolgrad_network_refuse(walk->network, "source_gradient",
                                "of a training graph %s; expected a node of this network",
                                poolgrad_why_not_in(walk->network, gradient->network));
        return false;
    }
    walk->reached[node->place] = true;
    return contribute(walk, &node->result, gradient ? gradient : &node->result, -1);
}

int64_t poolgrad_training_graph(poolgrad_network *network, poolgrad_filter_node *const *nodes,
                                poolgrad_image_node *const *source_gradients, int64_t count,
                                poolgrad_gradient_node_handler handler, void *context, poolgrad_filter_node **last,
                                int64_t capacity)
{
    for (int64_t k = 0; k < capacity; k++) last[k] = NULL;
    if (!network || network->status != POOLGRAD_OK) return -1;
    struct walk walk = {.network = network, .handler = handler, .context = context};
    const struct poolgrad_mark mark = poolgrad_network_mark(network);
    walk.old_count = mark.filters;
    walk.reached = calloc((size_t)walk.old_count + 1, sizeof *walk.reached);
    bool done = walk.reached != NULL;
    if (!done) poolgrad_network_refuse_memory(network, "training graph");
    for (int64_t i = 0; done && i < count; i++) {
        done = begin(&walk, nodes ? nodes[i] : NULL, source_gradients ? source_gradients[i] : NULL);
    }
    for (int64_t i = walk.old_count - 1; done && i >= 0; i--) {
        if (walk.reached[i]) done = visit(&walk, network->filters.node[i]);
    }
    done = done && sum_ends(&walk);
    done = done && network->status == POOLGRAD_OK;
    if (!done) {
        /* The handler may have kept what it was shown. */
        if (handler)
            poolgrad_network_withdraw(network, mark);
        else
            poolgrad_network_go_back(network, mark);
    }
    int64_t ends = done ? list_last(&walk, last, capacity) : -1;
    free(walk.reached);
    free(walk.contributions);
    return ends;
}

int64_t poolgrad_filter_node_training_graph_with_source_gradient(poolgrad_filter_node *node,
                                                                 poolgrad_image_node *source_gradient,
                                                                 poolgrad_gradient_node_handler handler, void *context,
                                                                 poolgrad_filter_node **last, int64_t capacity)
{
    return poolgrad_training_graph(node ? node->network : NULL, &node, &source_gradient, 1, handler, context, last,
                                   capacity);
}
