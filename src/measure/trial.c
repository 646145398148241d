/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/trial.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "geometry/error.h"
#include "geometry/integer.h"
#include "image/image.h"

/* ---- Problems --------------------------------------------------------------------------------------------------- */

static poolgrad_image image_of(const poolgrad_image *size, void *data, poolgrad_format format, poolgrad_layout layout)
{
    return (poolgrad_image){.data = data,
                            .format = format,
                            .layout = layout,
                            .images = size->images,
                            .channels = size->channels,
                            .height = size->height,
                            .width = size->width};
}

static void describe(struct trial *trial)
{
    struct buffers *b = trial->buffers;
    const struct trial_choice *choice = &trial->choice;
    const poolgrad_problem *shape = &b->shape;
    poolgrad_problem *p = &trial->problem;
    bool gradient = choice->direction == POOLGRAD_GRADIENT;
    *p = *shape;
    p->direction = choice->direction;
    p->kind = poolgrad_measured_kind_of(choice->kind);
    p->threads = choice->threads;
    p->max_isa = choice->max_isa;
    p->mode = choice->mode;
    p->source = image_of(&shape->source, b->source, b->format, choice->layout);
    p->destination = image_of(&shape->destination, b->output, b->format, choice->layout);
    if (gradient) {
        p->source_gradient = image_of(&shape->destination, b->gradient, b->format, choice->layout);
        p->destination = image_of(&shape->source, b->destination, b->format, choice->layout);
    }
    if (choice->kind != MEASURED_ARGMAX) return;
    void *picks = gradient ? b->picks[choice->layout] : b->saved;
    p->indices = image_of(&shape->destination, picks, b->picks_format, choice->layout);
    if (gradient) p->source.data = NULL;
}

/* ---- Traffic ---------------------------------------------------------------------------------------------------- */

static void add_part(struct stream *stream, const poolgrad_image *image, bool written)
{
    int64_t bytes = image->data ? poolgrad_dense_bytes(image, image->layout, image->format) : 0;
    if (bytes > 0) stream->part[stream->parts++] = (struct stream_part){image->data, (size_t)bytes, written};
}

struct stream poolgrad_trial_stream(const struct trial *trial)
{
    const poolgrad_problem *p = &trial->problem;
    struct stream stream = {.threads = trial->choice.threads};
    bool gradient = p->direction == POOLGRAD_GRADIENT;
    if (!gradient || p->kind != POOLGRAD_AVERAGE) add_part(&stream, &p->source, false);
    if (gradient) add_part(&stream, &p->source_gradient, false);
    add_part(&stream, &p->indices, !gradient);
    add_part(&stream, &p->destination, true);
    return stream;
}

int64_t poolgrad_trial_bytes(const struct trial *trial)
{
    struct stream stream = poolgrad_trial_stream(trial);
    int64_t bytes = 0;
    for (int p = 0; p < stream.parts; p++) bytes += (int64_t)stream.part[p].bytes;
    return bytes;
}

/* ---- The check -------------------------------------------------------------------------------------------------- */

/* What is computed again: image n, channels from c on, destination rows from y on. */
struct part {
    int64_t n, c, channels, y, rows;
};

/* Taps the reference looks at for a row of the destination. */
static double row_taps(const poolgrad_problem *p)
{
    const poolgrad_window *w = &p->window;
    const poolgrad_image *output = p->direction == POOLGRAD_GRADIENT ? &p->source_gradient : &p->destination;
    double window = (double)w->kernel_width * (double)w->kernel_height, row = window * (double)output->width;
    if (p->direction == POOLGRAD_FORWARD) return row;
    double covering = (double)w->kernel_height / (double)w->stride_y;
    return row * (covering > 1 ? covering : 1);
}

static struct part choose_part(const poolgrad_problem *p)
{
    const double most_taps = 1e6;
    const poolgrad_image *d = &p->destination;
    double rows = most_taps / (row_taps(p) + (double)d->width + 1);
    struct part part = {d->images - 1, 0, d->channels, 0, d->height};
    if (rows < (double)d->height) {
        part.rows = rows < 1 ? 1 : (int64_t)rows;
        part.channels = 1;
    } else if (rows / (double)(d->height + 1) < (double)d->channels) {
        part.channels = (int64_t)(rows / (double)(d->height + 1)) + 1;
    }
    part.y = d->height - part.rows;
    /* NC4HW4's channels lie in slices, which a view cannot cut. */
    part.c = poolgrad_max(d->channels - part.channels, 0) / POOLGRAD_LANES * POOLGRAD_LANES;
    part.channels = d->channels - part.c;
    return part;
}

/* The view has been accepted before. */
static poolgrad_image resolved(const poolgrad_image *image)
{
    poolgrad_image view = *image;
    poolgrad_error error;
    poolgrad_status status = poolgrad_image_resolve(image, NULL, &view, &error);
    assert(status == POOLGRAD_OK);
    (void)status;
    return view;
}

/* The image with only the part's image and channels in it. */
static void cut(poolgrad_image *image, const struct part *part)
{
    if (image->format == POOLGRAD_FORMAT_NONE) return;
    if (image->data) {
        *image = resolved(image);
        image->data = poolgrad_image_at(image, part->n, part->c, 0, 0);
    }
    image->images = 1;
    image->channels = part->channels;
}

/* A dense image of the same sizes on memory of its own. */
static bool detach(poolgrad_image *image)
{
    int64_t bytes = poolgrad_dense_bytes(image, image->layout, image->format);
    image->image_stride = image->channel_stride = image->row_stride = image->column_stride = 0;
    image->data = calloc(bytes > 0 ? (size_t)bytes : 1, 1);
    return image->data != NULL;
}

/* The first window moves to that of the part's first row; a gradient's rows stand for the source's at their place. */
static void cut_rows(poolgrad_problem *p, const struct part *part)
{
    if (p->direction == POOLGRAD_GRADIENT) {
        p->clip.y = part->y;
        return;
    }
    p->offset_y += part->y * p->window.stride_y;
    p->destination.height = part->rows;
    p->indices.height = p->indices.format == POOLGRAD_FORMAT_NONE ? 0 : part->rows;
}

/* `first` is the row of `expected` that the part's first row is. */
static bool same(const poolgrad_image *actual, const poolgrad_image *again, const struct part *part, int64_t first,
                 struct mismatch *mismatch)
{
    poolgrad_image whole = resolved(actual), expected = resolved(again);
    size_t size = poolgrad_format_size(actual->format);
    for (int64_t i = 0; i < part->channels * part->rows * whole.width; i++) {
        int64_t x = i % whole.width, y = i / whole.width % part->rows, c = i / whole.width / part->rows;
        const void *got = poolgrad_image_at(&whole, part->n, part->c + c, part->y + y, x);
        if (memcmp(got, poolgrad_image_at(&expected, 0, c, first + y, x), size) == 0) continue;
        *mismatch = (struct mismatch){.n = part->n,
                                      .c = part->c + c,
                                      .y = part->y + y,
                                      .x = x,
                                      .actual = poolgrad_image_get(&whole, part->n, part->c + c, part->y + y, x),
                                      .expected = poolgrad_image_get(&expected, 0, c, first + y, x)};
        return false;
    }
    return true;
}

static enum trial_verdict compare(const struct trial *trial, const poolgrad_problem *again, const struct part *part,
                                  struct mismatch *mismatch)
{
    poolgrad_error error;
    bool gradient = again->direction == POOLGRAD_GRADIENT, picks = !gradient && again->indices.data;
    *mismatch = (struct mismatch){0};
    poolgrad_status status = poolgrad_run(again, &error);
    assert(status != POOLGRAD_INVALID);
    if (status != POOLGRAD_OK) return TRIAL_NO_MEMORY;
    if (!same(&trial->problem.destination, &again->destination, part, gradient ? part->y : 0, mismatch)) {
        return TRIAL_WRONG;
    }
    if (!picks || same(&trial->problem.indices, &again->indices, part, 0, mismatch)) return TRIAL_RIGHT;
    mismatch->of_picks = true;
    return TRIAL_WRONG;
}

enum trial_verdict poolgrad_trial_check(const struct trial *trial, struct mismatch *mismatch)
{
    poolgrad_problem again = trial->problem;
    if (poolgrad_image_is_empty(&again.destination)) return TRIAL_RIGHT;
    struct part part = choose_part(&again);
    again.mode = POOLGRAD_MODE_REFERENCE;
    bool forward_picks = again.direction == POOLGRAD_FORWARD && again.indices.data;
    cut(&again.source, &part);
    cut(&again.source_gradient, &part);
    cut(&again.indices, &part);
    cut(&again.destination, &part);
    cut_rows(&again, &part);
    bool detached = detach(&again.destination);
    if (forward_picks) detached = detach(&again.indices) && detached;
    enum trial_verdict verdict = detached ? compare(trial, &again, &part, mismatch) : TRIAL_NO_MEMORY;
    free(again.destination.data);
    if (forward_picks) free(again.indices.data);
    return verdict;
}

/* ---- Making and ending --------------------------------------------------------------------------------------------
 */

/* The forward pass into the picks of this layout. */
static poolgrad_status pick(struct buffers *b, const struct trial_choice *choice, poolgrad_error *error)
{
    struct trial forward = {.choice = *choice, .buffers = b};
    struct mismatch mismatch;
    forward.choice.direction = POOLGRAD_FORWARD;
    if (b->picked[choice->layout]) return POOLGRAD_OK;
    if (!poolgrad_buffers_add_picks(b, choice->layout)) return POOLGRAD_NO_MEMORY;
    describe(&forward);
    forward.problem.indices.data = b->picks[choice->layout];
    poolgrad_status status = poolgrad_run(&forward.problem, error);
    if (status != POOLGRAD_OK) return status;
    enum trial_verdict verdict = poolgrad_trial_check(&forward, &mismatch);
    if (verdict == TRIAL_NO_MEMORY) return POOLGRAD_NO_MEMORY;
    if (verdict == TRIAL_WRONG) {
        return poolgrad_refuse(error, "indices", "saved by the forward pass are not those of the reference");
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

void poolgrad_trial_destroy(struct trial *trial)
{
    poolgrad_plan_destroy(trial->plan);
    trial->plan = NULL;
}

void poolgrad_trial_contend(const void *trial)
{
    poolgrad_plan_run(((const struct trial *)trial)->plan);
}
