/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a graph costs beside the work of its filters: three max poolings that save their picks, and back. The same
 * problems run as plans that were made once, into images that are there already.
 *
 *     graphs [--quick]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poolgrad/graph.h>

#include "measure/contest.h"

enum { DEPTH = 3, PLANS = 2 * DEPTH, QUICK_ROUNDS = 3, ROUNDS = 41 };

/* An image of the chain for each level, their gradients, and the picks between them. */
struct chain {
    poolgrad_layout layout;
    int64_t images, channels, size;
    poolgrad_graph *graph;
    poolgrad_buffer *values[DEPTH + 1], *gradients[DEPTH + 1], *picks[DEPTH], *lent;
    poolgrad_plan *plans[PLANS];
    poolgrad_const_image sources[2];
};

static void stop(const poolgrad_error *error)
{
    fprintf(stderr, "graphs: %s\n", error->message);
    exit(2);
}

static poolgrad_buffer *make_image(const struct chain *c, int level, poolgrad_format format)
{
    const int64_t side = c->size >> level;
    const poolgrad_image size = poolgrad_image_dense(NULL, format, c->layout, c->images, c->channels, side, side);
    poolgrad_buffer *buffer;
    poolgrad_error error;
    if (poolgrad_buffer_create(&size, NULL, &buffer, &error) != POOLGRAD_OK) stop(&error);
    return buffer;
}

static void fill(const poolgrad_buffer *buffer)
{
    const poolgrad_image *image = poolgrad_buffer_image(buffer);
    float *value = image->data;
    uint64_t state = 1;
    for (int64_t i = 0; i < image->images * image->channels * image->height * image->width; i++) {
        state = state * UINT64_C(6364136223846793005) + 1;
        value[i] = (float)(state >> 55) / 256 - 1;
    }
}

static poolgrad_plan *make_plan(const struct chain *c, int level, poolgrad_direction direction)
{
    poolgrad_problem p;
    poolgrad_plan *plan;
    poolgrad_error error;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = direction;
    p.kind = POOLGRAD_MAX;
    p.window.kernel_width = p.window.kernel_height = p.window.stride_x = p.window.stride_y = 2;
    p.offset_x = p.offset_y = 1;
    p.source = *poolgrad_buffer_const_image(c->values[level]);
    if (direction == POOLGRAD_GRADIENT) {
        p.source_gradient = *poolgrad_buffer_const_image(c->gradients[level + 1]);
        p.indices = *poolgrad_buffer_const_image(c->picks[level]);
        p.destination = *poolgrad_buffer_image(c->gradients[level]);
    } else {
        p.picks = *poolgrad_buffer_image(c->picks[level]);
        p.destination = *poolgrad_buffer_image(c->values[level + 1]);
    }
    if (poolgrad_plan_create(&p, &plan, &error) != POOLGRAD_OK) stop(&error);
    return plan;
}

static void make_graph(struct chain *c)
{
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *image = poolgrad_image_node_create(network, "x");
    poolgrad_image_node *gradient = poolgrad_image_node_create(network, "dy");
    poolgrad_filter_node *filter = NULL, *last = NULL;
    poolgrad_error error;
    for (int i = 0; i < DEPTH; i++) {
        filter = poolgrad_pooling_max_node_create_with_filter_size(network, image, 2);
        poolgrad_filter_node_set_saves_argmax(filter, 1);
        image = poolgrad_filter_node_result_image(filter);
    }
    poolgrad_filter_node_training_graph_with_source_gradient(filter, gradient, NULL, NULL, &last, 1);
    if (poolgrad_graph_create(network, poolgrad_filter_node_result_image(last), 1, &c->graph, &error) != POOLGRAD_OK ||
        poolgrad_graph_set_format(c->graph, POOLGRAD_FLOAT32, &error) != POOLGRAD_OK) {
        stop(&error);
    }
    poolgrad_network_destroy(network);
}

static void begin(struct chain *c)
{
    for (int i = 0; i <= DEPTH; i++) {
        c->values[i] = make_image(c, i, POOLGRAD_FLOAT32);
        c->gradients[i] = make_image(c, i, POOLGRAD_FLOAT32);
        if (i < DEPTH) c->picks[i] = make_image(c, i + 1, POOLGRAD_TAP8);
    }
    c->lent = make_image(c, 0, POOLGRAD_FLOAT32);
    fill(c->values[0]);
    fill(c->gradients[DEPTH]);
    for (int i = 0; i < DEPTH; i++) c->plans[i] = make_plan(c, i, POOLGRAD_FORWARD);
    for (int i = 0; i < DEPTH; i++) c->plans[DEPTH + i] = make_plan(c, DEPTH - 1 - i, POOLGRAD_GRADIENT);
    c->sources[0] = *poolgrad_buffer_const_image(c->values[0]);
    c->sources[1] = *poolgrad_buffer_const_image(c->gradients[DEPTH]);
    make_graph(c);
}

static void end(struct chain *c)
{
    for (int i = 0; i < PLANS; i++) poolgrad_plan_destroy(c->plans[i]);
    for (int i = 0; i <= DEPTH; i++) {
        poolgrad_buffer_destroy(c->values[i]);
        poolgrad_buffer_destroy(c->gradients[i]);
        if (i < DEPTH) poolgrad_buffer_destroy(c->picks[i]);
    }
    poolgrad_buffer_destroy(c->lent);
    poolgrad_graph_destroy(c->graph);
}

/* ---- Contenders -------------------------------------------------------------------------------------------------- */

static void run_plans(const void *context)
{
    const struct chain *c = context;
    for (int i = 0; i < PLANS; i++) poolgrad_plan_run(c->plans[i]);
}

static poolgrad_buffer *encode(const struct chain *c)
{
    poolgrad_buffer *result;
    poolgrad_error error;
    if (poolgrad_graph_encode_source_images(c->graph, NULL, c->sources, 2, &result, &error) != POOLGRAD_OK)
        stop(&error);
    return result;
}

static void run_graph(const void *context)
{
    poolgrad_buffer_destroy(encode(context));
}

static poolgrad_status lend(void *context, poolgrad_image *image)
{
    const struct chain *c = context;
    image->data = poolgrad_buffer_image(c->lent)->data;
    return POOLGRAD_OK;
}

static void run_lent(const void *context)
{
    const struct chain *c = context;
    poolgrad_graph_set_destination_image_allocator(c->graph, (poolgrad_image_allocator){lend, NULL, (void *)c});
    poolgrad_buffer_destroy(encode(c));
    poolgrad_graph_set_destination_image_allocator(c->graph, (poolgrad_image_allocator){NULL, NULL, NULL});
}

/* Plans and graph leave the same bits. */
static void check(const struct chain *c)
{
    poolgrad_buffer *result = encode(c);
    run_plans(c);
    if (!poolgrad_buffer_equal(result, c->gradients[0])) {
        fprintf(stderr, "graphs: the graph's gradient is not that of the plans\n");
        exit(1);
    }
    poolgrad_buffer_destroy(result);
}

static void measure(struct chain *c, int rounds)
{
    const double mebibyte = 1 << 20;
    poolgrad_graph_memory memory;
    begin(c);
    check(c);
    struct contender contenders[] = {
        {.run = run_plans, .context = c}, {.run = run_lent, .context = c}, {.run = run_graph, .context = c}};
    const struct contest contest = {.contender = contenders, .count = 3, .rounds = rounds, .seed = 1};
    if (poolgrad_contest_run(&contest) == 0) exit(2);
    poolgrad_graph_result_sizes(c->graph, c->sources, 2, NULL, 0, NULL, NULL, &memory, NULL);
    printf("%-6s  %2" PRId64 "x%" PRId64 "x%" PRId64 "x%-4" PRId64 "  %9.3f  %6.2f  %6.2f  %9.2f  %9.2f\n",
           poolgrad_layout_name(c->layout), c->images, c->channels, c->size, c->size,
           contenders[0].seconds.median * 1e3, contenders[1].seconds.median / contenders[0].seconds.median,
           contenders[2].seconds.median / contenders[0].seconds.median, (double)memory.peak / mebibyte,
           (double)memory.intermediate / mebibyte);
    end(c);
}

int main(int argc, char **argv)
{
    static const struct {
        int64_t images, channels, size;
    } sizes[] = {{1, 16, 32}, {1, 64, 112}, {8, 64, 112}, {32, 64, 112}};
    const bool quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    if (argc > 1 && !quick) {
        fprintf(stderr, "graphs: %s is no option; expected --quick or nothing\n", argv[1]);
        return 2;
    }
    printf("layout  NxCxHxW          plans ms    lent   graph   peak MiB    sum MiB\n");
    for (int i = 0; i < (quick ? 1 : (int)(sizeof sizes / sizeof *sizes)); i++) {
        for (int layout = POOLGRAD_NCHW; layout <= POOLGRAD_NHWC; layout++) {
            struct chain c = {.layout = (poolgrad_layout)layout,
                              .images = sizes[i].images,
                              .channels = sizes[i].channels,
                              .size = sizes[i].size};
            measure(&c, quick ? QUICK_ROUNDS : ROUNDS);
        }
    }
    printf("\nlent   the graph's time over that of the plans, its result in memory that is there already\n"
           "graph  the same, its result in new memory\n"
           "peak   memory of images and picks between the filters; sum  what it would be side by side\n");
    return 0;
}
