/* SPDX-License-Identifier: Apache-2.0 */
#include "random_network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILTERS = 40, MOST_STEPS = 9 };

static const poolgrad_format result_formats[] = {POOLGRAD_FLOAT16, POOLGRAD_FLOAT32, POOLGRAD_BFLOAT16,
                                                 POOLGRAD_FLOAT64};

/* ---- Choices ----------------------------------------------------------------------------------------------------- */

static poolgrad_format random_result_format(random_state *r)
{
    return result_formats[random_between(r, 0, 3)];
}

static bool is_unorm(poolgrad_format format)
{
    return format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
}

/* Any image so far, given ones too. */
static poolgrad_image_node *random_image(random_network *made)
{
    int64_t filters = poolgrad_network_filter_count(made->network), given = made->values.given_count;
    int64_t i = random_between(&made->random, 0, filters + given - 1);
    if (i < filters) return poolgrad_filter_node_result_image(poolgrad_network_filter(made->network, i));
    union {
        const poolgrad_image_node *constant;
        poolgrad_image_node *changeable;
    } node = {.constant = made->values.given[i - filters]};
    return node.changeable;
}

/* An image of these sizes that filters other than forward ones take; `otherwise` if some tries find none. */
static poolgrad_image_node *random_fitting(random_network *made, const poolgrad_image *size,
                                           poolgrad_image_node *otherwise)
{
    enum { TRIES = 6 };
    for (int i = 0; i < TRIES; ++i) {
        poolgrad_image_node *node = random_image(made);
        const poolgrad_image *image = evaluation_image(&made->values, node);
        if (images_same_size(image, size) && !is_unorm(image->format)) return node;
    }
    return otherwise;
}

/* Null where there is none among some tries. */
static poolgrad_filter_node *random_filter(random_network *made, bool pooling)
{
    enum { TRIES = 6 };
    for (int i = 0; i < TRIES && made->values.count > 0; ++i) {
        poolgrad_filter_node *filter =
            poolgrad_network_filter(made->network, random_between(&made->random, 0, made->values.count - 1));
        bool forward = poolgrad_filter_node_type(filter) <= POOLGRAD_FILTER_DILATED_POOLING_MAX;
        if (pooling ? forward : !poolgrad_filter_node_is_gradient(filter)) return filter;
    }
    return NULL;
}

static poolgrad_padding_method random_method(random_state *r)
{
    poolgrad_padding_method align = (poolgrad_padding_method)random_between(r, 0, 2);
    poolgrad_padding_method remainder = (poolgrad_padding_method)random_between(r, 0, 3) * 4;
    poolgrad_padding_method size = (poolgrad_padding_method)random_between(r, 0, 2) * 16;
    return align | remainder | size | (random_chance(r, 30) ? POOLGRAD_PADDING_EXCLUDE_EDGES : 0);
}

/* ---- Filters ----------------------------------------------------------------------------------------------------- */

static poolgrad_filter_node *make_forward(random_network *made, poolgrad_image_node *x, poolgrad_window *w)
{
    random_state *r = &made->random;
    w->kernel_width = random_between(r, 1, 4);
    w->kernel_height = random_between(r, 1, 4);
    w->stride_x = random_between(r, 1, 3);
    w->stride_y = random_between(r, 1, 3);
    w->dilation_x = w->dilation_y = 1;
    int64_t kw = w->kernel_width, kh = w->kernel_height, sx = w->stride_x, sy = w->stride_y;
    switch (random_between(r, 0, 3)) {
    case 0: return poolgrad_pooling_average_node_create(made->network, x, kw, kh, sx, sy);
    case 1: return poolgrad_pooling_max_node_create(made->network, x, kw, kh, sx, sy);
    case 2: return poolgrad_pooling_l2norm_node_create(made->network, x, kw, kh, sx, sy);
    default:
        w->dilation_x = random_between(r, 1, 3);
        w->dilation_y = random_between(r, 1, 3);
        return poolgrad_dilated_pooling_max_node_create(made->network, x, kw, kh, sx, sy, w->dilation_x, w->dilation_y);
    }
}

static void set_properties(random_network *made, poolgrad_filter_node *filter)
{
    random_state *r = &made->random;
    poolgrad_node_rules rules = {(poolgrad_tie_rule)random_between(r, 0, 3), (poolgrad_nan_rule)random_between(r, 0, 2),
                                 (poolgrad_accumulator)random_between(r, 0, 1)};
    bool max = evaluation_kind(poolgrad_filter_node_type(filter)) == POOLGRAD_MAX;
    poolgrad_filter_node_set_rules(filter, rules);
    if (max && rules.ties <= POOLGRAD_TIES_LAST) poolgrad_filter_node_set_saves_argmax(filter, random_chance(r, 50));
}

static void add_forward(random_network *made)
{
    random_state *r = &made->random;
    poolgrad_window window = {.kernel_depth = 1, .stride_z = 1, .dilation_z = 1};
    poolgrad_padding padding;
    poolgrad_image_node *x = random_image(made);
    const poolgrad_image *image = evaluation_image(&made->values, x);
    poolgrad_filter_node *filter = make_forward(made, x, &window);
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(random_method(r));
    set_properties(made, filter);
    bool fits = poolgrad_padding_forward(policy.method, POOLGRAD_MAX, &window, image->height, image->width, &padding,
                                         NULL) == POOLGRAD_OK;
    if (fits && random_chance(r, 70)) poolgrad_filter_node_set_padding_policy(filter, &policy);
    if (random_chance(r, 30))
        poolgrad_image_node_set_format(poolgrad_filter_node_result_image(filter), random_result_format(r));
}

/* By hand, with any gradient and any image of the right sizes, and a window of its own. */
static void add_strange_gradient(random_network *made, poolgrad_filter_node *forward)
{
    random_state *r = &made->random;
    poolgrad_image_node *x = poolgrad_filter_node_source_image(forward, 0);
    const poolgrad_image *size = evaluation_image(&made->values, x);
    poolgrad_state_node *state = poolgrad_filter_node_result_state(forward);
    poolgrad_image_node *y = poolgrad_filter_node_result_image(forward);
    poolgrad_image_node *dy = random_fitting(made, evaluation_image(&made->values, y), y);
    poolgrad_image_node *other = random_fitting(made, size, x);
    int64_t kw = random_between(r, 1, 3), kh = random_between(r, 1, 3), s = random_between(r, 1, 2);
    if (random_chance(r, 50))
        poolgrad_pooling_average_gradient_node_create(made->network, dy, other, state, kw, kh, s, s, NULL);
    else
        poolgrad_pooling_l2norm_gradient_node_create(made->network, dy, other, state, kw, kh, s, s, NULL);
}

static void add_gradient(random_network *made)
{
    poolgrad_filter_node *forward = random_filter(made, true);
    if (!forward) return;
    poolgrad_image_node *y = poolgrad_filter_node_result_image(forward);
    const poolgrad_image *size = evaluation_image(&made->values, y);
    if (random_chance(&made->random, 25))
        add_strange_gradient(made, forward);
    else
        poolgrad_filter_node_gradient_filter_with_source(forward, random_fitting(made, size, y));
}

static void add_sum(random_network *made)
{
    enum { MOST_TERMS = 4 };
    poolgrad_image_node *terms[MOST_TERMS], *first = random_image(made);
    const poolgrad_image *size = evaluation_image(&made->values, first);
    int64_t count = random_between(&made->random, 2, MOST_TERMS);
    if (is_unorm(size->format)) return;
    for (int64_t i = 0; i < count; ++i) terms[i] = random_fitting(made, size, first);
    poolgrad_filter_node *sum = poolgrad_addition_node_create(made->network, terms, count);
    if (random_chance(&made->random, 30))
        poolgrad_image_node_set_format(poolgrad_filter_node_result_image(sum), random_result_format(&made->random));
}

static void add_training(random_network *made)
{
    poolgrad_filter_node *end = random_filter(made, false), *last[1];
    if (!end) return;
    poolgrad_image_node *y = poolgrad_filter_node_result_image(end);
    poolgrad_image_node *dy = random_fitting(made, evaluation_image(&made->values, y), NULL);
    poolgrad_filter_node_training_graph_with_source_gradient(end, dy, NULL, NULL, last, 1);
}

static void add_some(random_network *made)
{
    switch (random_between(&made->random, 0, 6)) {
    case 0: add_sum(made); break;
    case 1: add_training(made); break;
    case 2:
    case 3: add_gradient(made); break;
    default: add_forward(made); break;
    }
}

/* ---- Networks ---------------------------------------------------------------------------------------------------- */

static void give_images(random_network *made)
{
    static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_FLOAT32, POOLGRAD_BFLOAT16,
                                              POOLGRAD_FLOAT64, POOLGRAD_UNORM8,  POOLGRAD_UNORM16};
    random_state *r = &made->random;
    poolgrad_image size = images_size(random_between(r, 1, 2), random_between(r, 1, 6), random_between(r, 1, 9),
                                      random_between(r, 1, 9));
    int64_t count = random_between(r, 1, 3);
    for (int64_t i = 0; i < count; ++i) {
        char handle[32];
        poolgrad_format format = formats[random_between(r, 0, 5)];
        snprintf(handle, sizeof handle, "g%" PRId64, i);
        poolgrad_image_node *node = poolgrad_image_node_create(made->network, handle);
        if (random_chance(r, 50)) poolgrad_image_node_set_format(node, format);
        if (random_chance(r, 30)) size.width = random_between(r, 1, 9);
        evaluation_give(&made->values, node, images_random(r, format, (poolgrad_layout)random_between(r, 0, 2), &size));
    }
}

static void name_results(random_network *made)
{
    for (int64_t i = 0; i < made->values.count; ++i) {
        char handle[32];
        poolgrad_image_node *y = poolgrad_filter_node_result_image(poolgrad_network_filter(made->network, i));
        snprintf(handle, sizeof handle, "f%" PRId64, i);
        poolgrad_image_node_set_handle(y, handle);
        poolgrad_image_node_set_export_from_graph(y, random_chance(&made->random, 15));
    }
}

bool random_network_make(random_network *made, uint64_t seed)
{
    *made = (random_network){.random = {seed}, .network = poolgrad_network_create()};
    poolgrad_format format = random_chance(&made->random, 50) ? POOLGRAD_FLOAT16 : random_result_format(&made->random);
    made->values = evaluation_begin(made->network, format);
    give_images(made);
    int64_t steps = random_between(&made->random, 1, MOST_STEPS);
    bool done = true;
    add_forward(made);
    for (int64_t i = 0; done && i < steps && made->values.count < MOST_FILTERS; ++i) {
        done = evaluation_go(&made->values);
        if (!done) break;
        if (random_chance(&made->random, 10)) poolgrad_image_node_set_stop_gradient(random_image(made), 1);
        add_some(made);
    }
    done = done && evaluation_go(&made->values);
    poolgrad_error error = {"", ""};
    if (poolgrad_network_status(made->network, &error) != POOLGRAD_OK) {
        fprintf(stderr, "random network: %s\n", error.message);
        done = false;
    }
    if (done) name_results(made);
    return done;
}

void random_network_free(random_network *made)
{
    evaluation_end(&made->values);
    poolgrad_network_destroy(made->network);
}

const poolgrad_image *random_network_image(const random_network *made, const char *handle)
{
    int64_t index = handle ? strtoll(handle + 1, NULL, 10) : 0;
    if (!handle) abort();
    return handle[0] == 'g' ? &made->values.images[index] : &made->values.results[index];
}
