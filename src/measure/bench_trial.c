/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/bench_trial.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Problems --------------------------------------------------------------------------------------------------- */

static poolgrad_const_image view_of(const poolgrad_const_image *size, const void *data, poolgrad_format format,
                                    poolgrad_layout layout)
{
    return poolgrad_const_image_dense_3d(data, format, layout, size->images, size->channels, size->depth, size->height,
                                         size->width);
}

static poolgrad_image result_of(const poolgrad_const_image *size, void *data, poolgrad_format format,
                                poolgrad_layout layout)
{
    return poolgrad_image_dense_3d(data, format, layout, size->images, size->channels, size->depth, size->height,
                                   size->width);
}

static bool is_gradient(const struct trial *trial)
{
    return trial->choice.direction == POOLGRAD_GRADIENT;
}

void *poolgrad_trial_picks(const struct trial *trial)
{
    const struct buffers *b = trial->buffers;
    if (trial->choice.kind != MEASURED_ARGMAX) return NULL;
    return is_gradient(trial) ? b->picks[trial->choice.layout] : b->saved;
}

static void describe(struct trial *trial)
{
    const struct buffers *b = trial->buffers;
    const struct trial_choice *choice = &trial->choice;
    const poolgrad_const_image *source = &b->shape.source, output = poolgrad_image_as_const(&b->shape.destination);
    const poolgrad_layout layout = choice->layout;
    void *picks = poolgrad_trial_picks(trial);
    poolgrad_problem *p = &trial->problem;
    *p = b->shape;
    p->direction = choice->direction;
    p->kind = poolgrad_measured_kind_of(choice->kind);
    p->threads = choice->threads;
    p->max_isa = choice->max_isa;
    p->mode = choice->mode;
    p->source = view_of(source, b->source, b->format, layout);
    if (!is_gradient(trial)) {
        p->destination = result_of(&output, b->output, b->format, layout);
        if (picks) p->picks = result_of(&output, picks, b->picks_format, layout);
        return;
    }
    p->source_gradient = view_of(&output, b->gradient, b->format, layout);
    p->destination = result_of(source, b->destination, b->format, layout);
    if (!picks) return;
    p->indices = view_of(&output, picks, b->picks_format, layout);
    p->source.data = NULL;
}

/* ---- Traffic ---------------------------------------------------------------------------------------------------- */

/* What a stream reads is not changed, but what it writes is; its parts do not tell the two apart by type. */
static void add_part(struct stream *stream, const poolgrad_const_image *image, bool written)
{
    int64_t bytes = image->data ? poolgrad_dense_bytes(image, image->layout, image->format) : 0;
    void *data = (void *)(uintptr_t)image->data;
    if (bytes > 0) stream->part[stream->parts++] = (struct stream_part){data, (size_t)bytes, written};
}

struct stream poolgrad_problem_stream(const poolgrad_problem *p)
{
    const poolgrad_const_image picks = poolgrad_image_as_const(&p->picks),
                               to = poolgrad_image_as_const(&p->destination);
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    struct stream stream = {.threads = p->threads};
    if (!gradient || (p->kind != POOLGRAD_AVERAGE && !p->indices.data)) add_part(&stream, &p->source, false);
    add_part(&stream, &p->source_gradient, false);
    add_part(&stream, &p->indices, false);
    add_part(&stream, &picks, true);
    add_part(&stream, &to, true);
    return stream;
}

struct stream poolgrad_trial_stream(const struct trial *trial)
{
    return poolgrad_problem_stream(&trial->problem);
}

int64_t poolgrad_trial_result_bytes(const struct trial *trial)
{
    const poolgrad_const_image image = poolgrad_image_as_const(&trial->problem.destination);
    return poolgrad_dense_bytes(&image, image.layout, image.format);
}

int64_t poolgrad_trial_bytes(const struct trial *trial)
{
    struct stream stream = poolgrad_trial_stream(trial);
    int64_t bytes = 0;
    for (int p = 0; p < stream.parts; p++) bytes += (int64_t)stream.part[p].bytes;
    return bytes;
}

/* ---- The check -------------------------------------------------------------------------------------------------- */

/* What is computed again: image n, channels from c on, destination layers from z on and their rows from y on. */
struct part {
    int64_t n, c, channels, z, layers, y, rows;
};

static int64_t depth_of(const poolgrad_image *image)
{
    return image->depth > 1 ? image->depth : 1;
}

/* Windows that cover a pixel of an axis, one at least. */
static double covering(int64_t kernel, int64_t stride, const poolgrad_table *table, int64_t size)
{
    double windows = stride > 0 ? (double)kernel / (double)stride : 1;
    for (int64_t i = 0; i < table->count; i++) windows += (double)table->spans[i].size / (double)size;
    return windows > 1 ? windows : 1;
}

/* Taps the reference looks at for a row of the destination. */
static double row_taps(const poolgrad_problem *p)
{
    const poolgrad_window *w = &p->window;
    const int64_t width = p->direction == POOLGRAD_GRADIENT ? p->source_gradient.width : p->destination.width;
    const double row = poolgrad_shape_taps(p) * (double)width;
    if (p->direction == POOLGRAD_FORWARD) return row;
    return row * covering(w->kernel_height, w->stride_y, &p->windows_y, p->source.height) *
           covering(w->kernel_depth, w->stride_z, &p->windows_z, depth_of(&p->destination));
}

/* The last ones, as many as `most`. */
static void take_last(int64_t size, double most, int64_t *first, int64_t *count)
{
    *count = most < 1 ? 1 : most < (double)size ? (int64_t)most : size;
    *first = size - *count;
}

/* Of one layer, one channel's; of more, as many channels as go with them. */
static struct part choose_part(const poolgrad_problem *p)
{
    const double most_taps = 1e6;
    const poolgrad_image *d = &p->destination;
    const int64_t depth = depth_of(d), slice = poolgrad_slice_of(d->layout);
    const double rows = most_taps / (row_taps(p) + (double)d->width + 1), layers = rows / (double)(d->height + 1);
    struct part part = {.n = d->images - 1};
    take_last(d->height, rows, &part.y, &part.rows);
    take_last(depth, part.rows < d->height ? 1 : layers + 1, &part.z, &part.layers);
    take_last(d->channels, part.rows < d->height || part.layers < depth ? 1 : layers / (double)depth + 1, &part.c,
              &part.channels);
    /* Channels of blocked layouts lie in slices, which a view cannot cut. */
    part.c = part.c / slice * slice;
    part.channels = d->channels - part.c;
    return part;
}

static const unsigned char *element_at(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t z, int64_t y,
                                       int64_t x)
{
    const int64_t slice = poolgrad_slice_of(image->layout);
    const int64_t place = n * image->image_stride + c / slice * image->channel_stride + c % slice +
                          z * image->depth_stride + y * image->row_stride + x * image->column_stride;
    return (const unsigned char *)image->data + place * (int64_t)poolgrad_format_size(image->format);
}

/* The image with only the part's image and channels in it. */
static void cut(poolgrad_const_image *image, const struct part *part)
{
    if (image->format == POOLGRAD_FORMAT_NONE) return;
    if (image->data) image->data = element_at(image, part->n, part->c, 0, 0, 0);
    image->images = 1;
    image->channels = part->channels;
}

/* Such an image on memory of its own, with so many layers of so many rows. False where memory is lacking. */
static bool detach(poolgrad_image *image, const struct part *part, int64_t layers, int64_t rows)
{
    if (image->format == POOLGRAD_FORMAT_NONE) return true;
    const poolgrad_const_image size = {
        .images = 1, .channels = part->channels, .depth = layers, .height = rows, .width = image->width};
    const int64_t bytes = poolgrad_dense_bytes(&size, image->layout, image->format);
    *image = result_of(&size, calloc(bytes > 0 ? (size_t)bytes : 1, 1), image->format, image->layout);
    return image->data != NULL;
}

/* The windows of an axis from pixel `first` of the result on. */
static void skip_windows(poolgrad_table *table, int64_t *offset, int64_t stride, int64_t first, int64_t count)
{
    if (table->count == 0) {
        *offset += first * stride;
        return;
    }
    *table = (poolgrad_table){table->spans + first, count};
}

/* The first window moves to that of the part's first pixel; a gradient's pixels stand for the source's at their place.
 */
static bool cut_results(poolgrad_problem *p, const struct part *part)
{
    if (p->direction == POOLGRAD_GRADIENT) {
        p->clip.z = part->z;
        p->clip.y = part->y;
        return detach(&p->destination, part, depth_of(&p->destination), p->destination.height);
    }
    skip_windows(&p->windows_z, &p->offset_z, p->window.stride_z, part->z, part->layers);
    skip_windows(&p->windows_y, &p->offset_y, p->window.stride_y, part->y, part->rows);
    const bool detached = detach(&p->destination, part, part->layers, part->rows);
    return detach(&p->picks, part, part->layers, part->rows) && detached;
}

/* `whole`: `again` has all layers and rows, not only the part's. */
static bool same(const poolgrad_image *actual, const poolgrad_image *again, const struct part *part, bool whole,
                 struct mismatch *mismatch)
{
    const poolgrad_const_image all = poolgrad_image_as_const(actual), expected = poolgrad_image_as_const(again);
    const size_t size = poolgrad_format_size(all.format);
    const int64_t first_z = whole ? part->z : 0, first_y = whole ? part->y : 0;
    for (int64_t i = 0; i < part->channels * part->layers * part->rows * all.width; i++) {
        const int64_t x = i % all.width, y = i / all.width % part->rows, plane = i / all.width / part->rows;
        const int64_t z = plane % part->layers, c = plane / part->layers;
        struct mismatch m = {.n = part->n, .c = part->c + c, .z = part->z + z, .y = part->y + y, .x = x};
        const void *got = element_at(&all, m.n, m.c, m.z, m.y, x);
        if (memcmp(got, element_at(&expected, 0, c, first_z + z, first_y + y, x), size) == 0) continue;
        m.actual = poolgrad_image_get(actual, m.n, m.c, m.z, m.y, x);
        m.expected = poolgrad_image_get(again, 0, c, first_z + z, first_y + y, x);
        *mismatch = m;
        return false;
    }
    return true;
}

static enum trial_verdict compare(const struct trial *trial, const poolgrad_problem *again, const struct part *part,
                                  struct mismatch *mismatch)
{
    poolgrad_error error;
    const bool gradient = again->direction == POOLGRAD_GRADIENT;
    *mismatch = (struct mismatch){0};
    poolgrad_status status = poolgrad_run(again, &error);
    assert(status != POOLGRAD_INVALID);
    if (status != POOLGRAD_OK) return TRIAL_NO_MEMORY;
    if (!same(&trial->problem.destination, &again->destination, part, gradient, mismatch)) {
        return TRIAL_WRONG;
    }
    if (!again->picks.data || same(&trial->problem.picks, &again->picks, part, false, mismatch)) return TRIAL_RIGHT;
    mismatch->of_picks = true;
    return TRIAL_WRONG;
}

static bool is_empty(const poolgrad_image *image)
{
    return image->images == 0 || image->channels == 0 || image->height == 0 || image->width == 0;
}

enum trial_verdict poolgrad_trial_check(const struct trial *trial, struct mismatch *mismatch)
{
    poolgrad_problem again = trial->problem;
    if (is_empty(&again.destination)) return TRIAL_RIGHT;
    struct part part = choose_part(&again);
    again.mode = POOLGRAD_MODE_REFERENCE;
    cut(&again.source, &part);
    cut(&again.source_gradient, &part);
    cut(&again.indices, &part);
    const bool detached = cut_results(&again, &part);
    enum trial_verdict verdict = detached ? compare(trial, &again, &part, mismatch) : TRIAL_NO_MEMORY;
    free(again.destination.data);
    free(again.picks.data);
    return verdict;
}

/* ---- Making and ending ------------------------------------------------------------------------------------------- */

/* The forward pass into the picks of this layout. */
static poolgrad_status pick(struct buffers *b, const struct trial_choice *choice, poolgrad_error *error)
{
    struct trial forward = {.choice = *choice, .buffers = b};
    struct mismatch mismatch;
    forward.choice.direction = POOLGRAD_FORWARD;
    if (b->picked[choice->layout]) return POOLGRAD_OK;
    if (!poolgrad_buffers_add_picks(b, choice->layout)) return POOLGRAD_NO_MEMORY;
    describe(&forward);
    forward.problem.picks.data = b->picks[choice->layout];
    poolgrad_status status = poolgrad_run(&forward.problem, error);
    if (status != POOLGRAD_OK) return status;
    enum trial_verdict verdict = poolgrad_trial_check(&forward, &mismatch);
    if (verdict == TRIAL_NO_MEMORY) return POOLGRAD_NO_MEMORY;
    if (verdict == TRIAL_WRONG) {
        snprintf(error->field, sizeof error->field, "indices");
        snprintf(error->message, sizeof error->message,
                 "indices saved by the forward pass are not those of the reference");
        return POOLGRAD_INVALID;
    }
    b->picked[choice->layout] = true;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_trial_make(struct trial *trial, struct buffers *buffers, const struct trial_choice *choice,
                                    poolgrad_error *error)
{
    *trial = (struct trial){.choice = *choice, .buffers = buffers};
    bool from_picks = choice->kind == MEASURED_ARGMAX && choice->direction == POOLGRAD_GRADIENT;
    poolgrad_status status = from_picks ? pick(buffers, choice, error) : POOLGRAD_OK;
    if (status != POOLGRAD_OK) return status;
    describe(trial);
    return poolgrad_plan_create(&trial->problem, &trial->plan, error);
}

bool poolgrad_trial_is_usual(const struct trial *trial)
{
    const poolgrad_problem *p = &trial->problem;
    const int64_t beyond[] = {p->zero_pad_x,     p->zero_pad_y,      p->zero_pad_z,      p->zero_pad_left,
                              p->zero_pad_right, p->zero_pad_top,    p->zero_pad_bottom, p->zero_pad_front,
                              p->zero_pad_back,  p->windows_x.count, p->windows_y.count, p->windows_z.count,
                              p->divisor,        p->root_mean};
    bool usual = p->edge_mode == POOLGRAD_EDGE_CLAMP;
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) usual = usual && beyond[i] == 0;
    return usual;
}

void poolgrad_trial_destroy(struct trial *trial)
{
    poolgrad_plan_destroy(trial->plan);
    trial->plan = NULL;
}

void poolgrad_trial_contend(const void *trial)
{
    poolgrad_plan_run(((const struct trial *)trial)->plan);
}
