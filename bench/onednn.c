/* SPDX-License-Identifier: Apache-2.0 */
#include "onednn.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_AXES = 5, ARGUMENTS = 3 };

struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t forward_description, description;
    dnnl_primitive_t forward, primitive;
    dnnl_memory_t source, output, saved; /* output: or what stands for its gradient */
    dnnl_memory_t scratch;               /* a forward output of oneDNN's own, while it saves */
    dnnl_memory_t pooled, result;        /* training: the source and the forward output */
    dnnl_exec_arg_t argument[ARGUMENTS];
    int arguments;
};

/* What describes a pooling; oneDNN counts dilations from 0. */
struct geometry {
    dnnl_alg_kind_t algorithm;
    dnnl_memory_desc_t source, output;
    dnnl_dims_t stride, kernel, dilation, before, behind;
};

const char *poolgrad_onednn_version(void)
{
    static char text[32];
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

void poolgrad_onednn_set_threads(int threads)
{
    omp_set_num_threads(threads);
}

static dnnl_format_tag_t tag_of(const poolgrad_const_image *image)
{
    static const dnnl_format_tag_t planes[] = {dnnl_nchw,   dnnl_nhwc,    dnnl_nChw4c,
                                               dnnl_nChw8c, dnnl_nChw16c, dnnl_nChw32c},
                                   volumes[] = {dnnl_ncdhw, dnnl_ndhwc};
    return image->depth > 0 ? volumes[image->layout] : planes[image->layout];
}

static bool describe_image(const poolgrad_const_image *image, dnnl_memory_desc_t *description)
{
    const dnnl_dims_t plane = {image->images, image->channels, image->height, image->width},
                      volume = {image->images, image->channels, image->depth, image->height, image->width};
    const bool deep = image->depth > 0;
    dnnl_data_type_t type = image->format == POOLGRAD_FLOAT32 ? dnnl_f32 : dnnl_bf16;
    return dnnl_memory_desc_init_by_tag(description, deep ? MOST_AXES : MOST_AXES - 1, deep ? volume : plane, type,
                                        tag_of(image)) == dnnl_success;
}

/* One axis; `place` is its own among those that windows move along. */
static void describe_axis(struct geometry *g, int place, int64_t kernel, int64_t stride, int64_t dilation,
                          int64_t offset, int64_t source, int64_t output)
{
    const int64_t extent = (kernel - 1) * dilation + 1;
    g->stride[place] = stride;
    g->kernel[place] = kernel;
    g->dilation[place] = dilation - 1;
    g->before[place] = extent / 2 - offset;
    g->behind[place] = (output - 1) * stride + extent - source - g->before[place];
}

static bool describe(const poolgrad_problem *p, struct geometry *g)
{
    const poolgrad_const_image result = poolgrad_image_as_const(&p->destination);
    const poolgrad_const_image *output = p->direction == POOLGRAD_FORWARD ? &result : &p->source_gradient;
    const poolgrad_window *w = &p->window;
    poolgrad_const_image source = p->source;
    int place = 0;
    source.format = output->format;
    *g = (struct geometry){.algorithm = p->kind == POOLGRAD_MAX ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding};
    if (source.depth > 0) {
        describe_axis(g, place++, w->kernel_depth, w->stride_z, w->dilation_z, p->offset_z, source.depth,
                      output->depth);
    }
    describe_axis(g, place++, w->kernel_height, w->stride_y, w->dilation_y, p->offset_y, source.height, output->height);
    describe_axis(g, place, w->kernel_width, w->stride_x, w->dilation_x, p->offset_x, source.width, output->width);
    return describe_image(&source, &g->source) && describe_image(output, &g->output);
}

static bool dilated(const struct geometry *g)
{
    return g->dilation[0] > 0 || g->dilation[1] > 0 || g->dilation[2] > 0;
}

/* Only the second edition of the descriptor has dilations, and only the first one all fast implementations. */
static bool make_forward(struct onednn *o, const struct geometry *g, bool saves)
{
    dnnl_pooling_desc_t plain;
    dnnl_pooling_v2_desc_t second;
    dnnl_prop_kind_t purpose = saves ? dnnl_forward_training : dnnl_forward_inference;
    dnnl_status_t status = dilated(g)
                               ? dnnl_pooling_v2_forward_desc_init(&second, purpose, g->algorithm, &g->source,
                                                                   &g->output, g->stride, g->kernel, g->dilation,
                                                                   g->before, g->behind)
                               : dnnl_pooling_forward_desc_init(&plain, purpose, g->algorithm, &g->source, &g->output,
                                                                g->stride, g->kernel, g->before, g->behind);
    const void *description = dilated(g) ? (const void *)&second : (const void *)&plain;
    return status == dnnl_success &&
           dnnl_primitive_desc_create(&o->forward_description, description, NULL, o->engine, NULL) == dnnl_success &&
           dnnl_primitive_create(&o->forward, o->forward_description) == dnnl_success;
}

static bool make_gradient(struct onednn *o, const struct geometry *g)
{
    dnnl_pooling_desc_t plain;
    dnnl_pooling_v2_desc_t second;
    dnnl_status_t status = dilated(g) ? dnnl_pooling_v2_backward_desc_init(&second, g->algorithm, &g->source,
                                                                           &g->output, g->stride, g->kernel,
                                                                           g->dilation, g->before, g->behind)
                                      : dnnl_pooling_backward_desc_init(&plain, g->algorithm, &g->source, &g->output,
                                                                        g->stride, g->kernel, g->before, g->behind);
    const void *description = dilated(g) ? (const void *)&second : (const void *)&plain;
    return status == dnnl_success &&
           dnnl_primitive_desc_create(&o->description, description, NULL, o->engine, o->forward_description) ==
               dnnl_success &&
           dnnl_primitive_create(&o->primitive, o->description) == dnnl_success;
}

static bool make_memory(struct onednn *o, const dnnl_memory_desc_t *description, void *data, dnnl_memory_t *memory)
{
    return dnnl_memory_create(memory, description, o->engine, data) == dnnl_success;
}

static bool make_saved(struct onednn *o)
{
    const dnnl_memory_desc_t *saved = dnnl_primitive_desc_query_md(o->forward_description, dnnl_query_workspace_md, 0);
    return saved && make_memory(o, saved, DNNL_MEMORY_ALLOCATE, &o->saved);
}

static bool run_forward(const struct onednn *o, dnnl_memory_t source, dnnl_memory_t output)
{
    const dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, source}, {DNNL_ARG_DST, output}, {DNNL_ARG_WORKSPACE, o->saved}};
    return dnnl_primitive_execute(o->forward, o->stream, o->saved ? ARGUMENTS : ARGUMENTS - 1, arguments) ==
               dnnl_success &&
           dnnl_stream_wait(o->stream) == dnnl_success;
}

/* The picks of oneDNN's own forward pass over the source. */
static bool save(struct onednn *o, const struct geometry *g, void *data)
{
    dnnl_memory_t source = NULL;
    bool good = make_saved(o) && make_memory(o, &g->source, data, &source) &&
                make_memory(o, &g->output, DNNL_MEMORY_ALLOCATE, &o->scratch) && run_forward(o, source, o->scratch);
    dnnl_memory_destroy(source);
    return good;
}

static bool make(struct onednn *o, const struct trial *trial)
{
    struct geometry g;
    const poolgrad_problem *p = &trial->problem;
    const struct buffers *b = trial->buffers;
    bool forward = p->direction == POOLGRAD_FORWARD, max = p->kind == POOLGRAD_MAX;
    bool saves = max && (!forward || trial->choice.kind == MEASURED_ARGMAX);
    if (dnnl_engine_create(&o->engine, dnnl_cpu, 0) != dnnl_success) return false;
    if (dnnl_stream_create(&o->stream, o->engine, dnnl_stream_default_flags) != dnnl_success) return false;
    if (!describe(p, &g) || !make_forward(o, &g, saves || !forward)) return false;
    if (forward && saves && !make_saved(o)) return false;
    if (!forward && max && !save(o, &g, b->source)) return false;
    if (!forward && !make_gradient(o, &g)) return false;
    if (!make_memory(o, &g.source, forward ? b->source : b->destination, &o->source)) return false;
    if (!make_memory(o, &g.output, forward ? b->output : b->gradient, &o->output)) return false;
    o->argument[0] = (dnnl_exec_arg_t){forward ? DNNL_ARG_SRC : DNNL_ARG_DIFF_SRC, o->source};
    o->argument[1] = (dnnl_exec_arg_t){forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, o->output};
    o->argument[2] = (dnnl_exec_arg_t){DNNL_ARG_WORKSPACE, o->saved};
    o->arguments = o->saved ? ARGUMENTS : ARGUMENTS - 1;
    return true;
}

/* Where the forward pass of a training step reads and writes. */
static bool make_training(struct onednn *o, const struct trial *trial)
{
    struct geometry g;
    return describe(&trial->problem, &g) && make_memory(o, &g.source, trial->buffers->source, &o->pooled) &&
           make_memory(o, &g.output, trial->buffers->output, &o->result);
}

struct onednn *poolgrad_onednn_make(const struct trial *trial, bool training)
{
    const poolgrad_problem *p = &trial->problem;
    const int64_t rest = p->source.channels % poolgrad_slice_of(p->source.layout);
    bool known = p->kind != POOLGRAD_L2NORM && rest == 0 && p->destination.format != POOLGRAD_FLOAT64 &&
                 poolgrad_trial_is_usual(trial);
    struct onednn *made = known ? calloc(1, sizeof *made) : NULL;
    if (!made || (make(made, trial) && (!training || make_training(made, trial)))) return made;
    poolgrad_onednn_free(made);
    return NULL;
}

void poolgrad_onednn_free(struct onednn *o)
{
    if (!o) return;
    dnnl_memory_destroy(o->source);
    dnnl_memory_destroy(o->output);
    dnnl_memory_destroy(o->saved);
    dnnl_memory_destroy(o->scratch);
    dnnl_memory_destroy(o->pooled);
    dnnl_memory_destroy(o->result);
    dnnl_primitive_destroy(o->primitive);
    dnnl_primitive_destroy(o->forward);
    dnnl_primitive_desc_destroy(o->description);
    dnnl_primitive_desc_destroy(o->forward_description);
    dnnl_stream_destroy(o->stream);
    dnnl_engine_destroy(o->engine);
    free(o);
}

void poolgrad_onednn_contend(const void *context)
{
    const struct onednn *o = context;
    if (o->pooled) (void)run_forward(o, o->pooled, o->result);
    dnnl_primitive_execute(o->primitive ? o->primitive : o->forward, o->stream, o->arguments, o->argument);
    dnnl_stream_wait(o->stream);
}
