/* SPDX-License-Identifier: Apache-2.0 */
#include "naive.h"

#include <assert.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { NAIVE_LANES = 64 };

/* Where the work of one call lies: elements from the start of the tensors. */
struct naive_place {
    int64_t source, output, pixel;
    int lanes;
};

/* ---- Formats ---------------------------------------------------------------------------------------------------- */

static inline float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float from_bfloat16(uint16_t half)
{
    return from_bits((uint32_t)half << 16);
}

static inline uint16_t to_bfloat16(float value)
{
    uint32_t bits = to_bits(value);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Exact for all but infinities and NaNs, of which there are none here: the exponent's bias is multiplied away. */
static inline float from_float16(uint16_t half)
{
    float magnitude = from_bits((uint32_t)(half & 0x7fff) << 13) * 0x1p112F;
    return from_bits(to_bits(magnitude) | (uint32_t)(half & 0x8000) << 16);
}

/* To nearest even, also among subnormals: adding a power of two leaves as many bits as the format has. */
static inline uint16_t to_float16(float value)
{
    uint32_t bits = to_bits(value), sign = bits >> 16 & 0x8000;
    float magnitude = from_bits(bits & 0x7fffffff);
    if (magnitude < 0x1p-14F) return (uint16_t)(sign | (to_bits(magnitude + 0x1p-1F) - to_bits(0x1p-1F)));
    uint32_t rounded = to_bits(magnitude) + 0xfff + (bits >> 13 & 1);
    return (uint16_t)(sign | (rounded >= to_bits(0x1p16F) ? 0x7c00 : (rounded >> 13) - (112 << 10)));
}

#define LOOPS(name) float32_##name
#define STORED float
#define REAL float
#define LOAD(v) (v)
#define STORE(v) (v)
#define ROOT(v) sqrtf(v)
#define DIRECT 1
#include "naive_loops.h"

#define LOOPS(name) float64_##name
#define STORED double
#define REAL double
#define LOAD(v) (v)
#define STORE(v) (v)
#define ROOT(v) sqrt(v)
#define DIRECT 1
#include "naive_loops.h"

#define LOOPS(name) float16_##name
#define STORED uint16_t
#define REAL float
#define LOAD(v) from_float16(v)
#define STORE(v) to_float16(v)
#define ROOT(v) sqrtf(v)
#define DIRECT 0
#include "naive_loops.h"

#define LOOPS(name) bfloat16_##name
#define STORED uint16_t
#define REAL float
#define LOAD(v) from_bfloat16(v)
#define STORE(v) to_bfloat16(v)
#define ROOT(v) sqrtf(v)
#define DIRECT 0
#include "naive_loops.h"

/* ---- Calls ------------------------------------------------------------------------------------------------------ */

/* How many channels are worked on together, and how many such chunks an image has. */
static int chunk_lanes(const struct naive *w)
{
    return w->layout == POOLGRAD_NHWC ? NAIVE_LANES : (int)poolgrad_slice_of(w->layout);
}

static struct naive_place place_of(const struct naive *w, int64_t n, int64_t chunk)
{
    int64_t source = w->height * w->width, output = w->output_height * w->output_width;
    int64_t first = chunk * chunk_lanes(w), left = w->channels - first;
    struct naive_place place = {.lanes = (int)(left < chunk_lanes(w) ? left : chunk_lanes(w))};
    if (w->layout == POOLGRAD_NHWC) {
        place.pixel = w->channels;
        place.source = n * source * w->channels + first;
        place.output = n * output * w->channels + first;
        return place;
    }
    int64_t chunks = (w->channels + chunk_lanes(w) - 1) / chunk_lanes(w);
    place.pixel = chunk_lanes(w);
    place.source = (n * chunks + chunk) * source * place.pixel;
    place.output = (n * chunks + chunk) * output * place.pixel;
    return place;
}

static void run_place(const struct naive *w, const struct naive_place *place, int thread)
{
    float *sums = w->scratch ? (float *)w->scratch + (int64_t)thread * w->height * w->width * NAIVE_LANES : NULL;
    switch (w->format) {
    case POOLGRAD_FLOAT16: float16_run(w, place, sums); break;
    case POOLGRAD_BFLOAT16: bfloat16_run(w, place, sums); break;
    case POOLGRAD_FLOAT64: float64_run(w, place, NULL); break;
    default: float32_run(w, place, NULL); break;
    }
}

void poolgrad_naive_contend(const void *context)
{
    const struct naive *w = context;
    int64_t chunks = (w->channels + chunk_lanes(w) - 1) / chunk_lanes(w);
#pragma omp parallel for collapse(2) num_threads(w->threads) if (w->threads > 1)
    for (int64_t n = 0; n < w->images; n++) {
        for (int64_t chunk = 0; chunk < chunks; chunk++) {
            struct naive_place place = place_of(w, n, chunk);
            run_place(w, &place, omp_get_thread_num());
        }
    }
}

static void describe(struct naive *w, const struct trial *trial)
{
    const poolgrad_problem *p = &trial->problem;
    const poolgrad_window *window = &p->window;
    const bool forward = p->direction == POOLGRAD_FORWARD;
    *w = (struct naive){.direction = p->direction,
                        .kind = trial->choice.kind,
                        .layout = trial->choice.layout,
                        .format = p->destination.format,
                        .threads = poolgrad_plan_threads(trial->plan),
                        .images = p->source.images,
                        .channels = p->source.channels,
                        .height = p->source.height,
                        .width = p->source.width,
                        .output_height = forward ? p->destination.height : p->source_gradient.height,
                        .output_width = forward ? p->destination.width : p->source_gradient.width};
    w->kernel_height = window->kernel_height;
    w->kernel_width = window->kernel_width;
    w->stride_y = window->stride_y;
    w->stride_x = window->stride_x;
    w->dilation_y = window->dilation_y;
    w->dilation_x = window->dilation_x;
    w->top = ((w->kernel_height - 1) * w->dilation_y + 1) / 2 - p->offset_y;
    w->left = ((w->kernel_width - 1) * w->dilation_x + 1) / 2 - p->offset_x;
    w->source = p->source.data;
    w->gradient = p->source_gradient.data;
    w->destination = p->destination.data;
    w->picks = poolgrad_trial_picks(trial);
}

bool poolgrad_naive_make(struct naive *w, const struct trial *trial)
{
    const poolgrad_problem *p = &trial->problem;
    describe(w, trial);
    bool plain = poolgrad_trial_is_usual(trial) && p->ties == POOLGRAD_TIES_FIRST &&
                 (!w->picks || trial->buffers->picks_format == POOLGRAD_TAP8);
    if (!plain) return false;
    bool half = w->format == POOLGRAD_FLOAT16 || w->format == POOLGRAD_BFLOAT16;
    if (!half || w->direction == POOLGRAD_FORWARD) return true;
    size_t sums = (size_t)w->threads * (size_t)w->height * (size_t)w->width * NAIVE_LANES;
    w->scratch = malloc(sums * sizeof(float));
    return w->scratch != NULL;
}

void poolgrad_naive_free(struct naive *w)
{
    free(w->scratch);
    w->scratch = NULL;
}
