/* SPDX-License-Identifier: Apache-2.0 */
#include "naive.h"

#include <assert.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"

enum { NAIVE_LANES = 64, NONE = INT32_MIN };

/* Some channels of one image: elements from the start of the tensors. */
struct naive_place {
    int64_t source, output, sums, picks;
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

/* ---- Taps and their numbers ------------------------------------------------------------------------------------- */

struct naive_window {
    const struct naive_span *x, *y, *z;
};

static inline struct naive_window window_at(const struct naive *w, int64_t oz, int64_t oy, int64_t ox)
{
    return (struct naive_window){w->x.span + ox, w->y.span + oy, w->z.span + oz};
}

/* Of the first tap of a row of them. */
static inline int64_t code_of(const struct naive *w, const struct naive_window *at, int64_t kz, int64_t ky)
{
    const struct naive_codes *codes = &w->codes;
    if (codes->of_window) {
        return ((at->z->skipped + kz) * at->y->kernel + at->y->skipped + ky) * at->x->kernel + at->x->skipped;
    }
    return (at->z->first + kz * w->z.dilation) * codes->depth + (at->y->first + ky * w->y.dilation) * codes->row +
           at->x->first * codes->column;
}

static inline int64_t code_step(const struct naive *w)
{
    return w->codes.of_window ? 1 : w->x.dilation * w->codes.column;
}

/* Where the tap of this number in its window, all taps counted, lies from the window's first. */
static int64_t place_of_tap(const struct naive *w, const struct naive_window *at, int32_t tap,
                            const struct naive_view *sums)
{
    const int32_t width = (int32_t)at->x->kernel, height = (int32_t)at->y->kernel, line = tap / width;
    return line / height * w->z.dilation * sums->depth + line % height * w->y.dilation * sums->row +
           tap % width * w->x.dilation * sums->column;
}

/* Of a window's first tap, which may lie outside. */
static inline int64_t place_of_window(const struct naive *w, const struct naive_window *at,
                                      const struct naive_view *sums)
{
    return (at->z->first - at->z->skipped * w->z.dilation) * sums->depth +
           (at->y->first - at->y->skipped * w->y.dilation) * sums->row +
           (at->x->first - at->x->skipped * w->x.dilation) * sums->column;
}

/* Turns numbers of taps into their places among the sums; what is negative stays. */
static inline void place_picks(const struct naive *w, const struct naive_window *at, const struct naive_view *sums,
                               int32_t *pick, int lanes)
{
    const int32_t width = (int32_t)w->x.size, height = (int32_t)w->y.size,
                  first = (int32_t)place_of_window(w, at, sums);
    if (w->tap_places) {
        for (int c = 0; c < lanes; c++) pick[c] = pick[c] < 0 ? NONE : first + w->tap_places[pick[c]];
        return;
    }
    for (int c = 0; c < lanes; c++) {
        const int32_t code = pick[c];
        int64_t place = first + (w->codes.of_window && code >= 0 ? place_of_tap(w, at, code, sums) : 0);
        if (!w->codes.of_window) {
            place = code / width / height * sums->depth + code / width % height * sums->row +
                    code % width * sums->column;
        }
        pick[c] = code < 0 ? NONE : (int32_t)place;
    }
}

static inline void save_picks(const struct naive *w, int64_t at, const int32_t *pick, int lanes)
{
    switch (w->picks_format) {
    case POOLGRAD_TAP8:
        for (int c = 0; c < lanes; c++) ((uint8_t *)w->picks.data + at)[c] = (uint8_t)(pick[c] == NONE ? -1 : pick[c]);
        break;
    case POOLGRAD_TAP16:
        for (int c = 0; c < lanes; c++)
            ((uint16_t *)w->picks.data + at)[c] = (uint16_t)(pick[c] == NONE ? -1 : pick[c]);
        break;
    case POOLGRAD_INT64:
        for (int c = 0; c < lanes; c++) ((int64_t *)w->picks.data + at)[c] = pick[c] == NONE ? -1 : pick[c];
        break;
    default:
        for (int c = 0; c < lanes; c++) ((int32_t *)w->picks.data + at)[c] = pick[c] == NONE ? -1 : pick[c];
        break;
    }
}

/* Negative: none. */
static inline void load_picks(const struct naive *w, int64_t at, int32_t *pick, int lanes)
{
    switch (w->picks_format) {
    case POOLGRAD_TAP8:
        for (int c = 0; c < lanes; c++) pick[c] = ((const uint8_t *)w->picks.data + at)[c];
        for (int c = 0; c < lanes; c++) pick[c] = pick[c] == UINT8_MAX ? NONE : pick[c];
        break;
    case POOLGRAD_TAP16:
        for (int c = 0; c < lanes; c++) pick[c] = ((const uint16_t *)w->picks.data + at)[c];
        for (int c = 0; c < lanes; c++) pick[c] = pick[c] == UINT16_MAX ? NONE : pick[c];
        break;
    case POOLGRAD_INT64:
        for (int c = 0; c < lanes; c++) pick[c] = (int32_t)((const int64_t *)w->picks.data + at)[c];
        break;
    default: memcpy(pick, (const int32_t *)w->picks.data + at, (size_t)lanes * sizeof *pick); break;
    }
}

/* As the loops for one format sum: in a dense volume for each thread, or in the destination. */
static struct naive_view sums_view(const struct naive *w, void *scratch)
{
    const int64_t column = w->lanes, row = column * w->x.size;
    if (!w->scratch) return w->sums;
    return (struct naive_view){.data = scratch, .depth = row * w->y.size, .row = row, .column = column};
}

/* ---- The loops, for each format -------------------------------------------------------------------------------- */

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

static struct naive_place place_of(const struct naive *w, int64_t n, int64_t group)
{
    int64_t left = w->channels - group * w->lanes;
    return (struct naive_place){.source = n * w->source.image + group * w->source.group,
                                .output = n * w->output.image + group * w->output.group,
                                .sums = n * w->sums.image + group * w->sums.group,
                                .picks = n * w->picks.image + group * w->picks.group,
                                .lanes = (int)(left < w->lanes ? left : w->lanes)};
}

static int64_t sums_of_thread(const struct naive *w)
{
    return w->z.size * w->y.size * w->x.size * w->lanes;
}

static void run_place(const struct naive *w, const struct naive_place *place, int thread)
{
    float *sums = w->scratch ? (float *)w->scratch + thread * sums_of_thread(w) : NULL;
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
    int64_t groups = (w->channels + w->lanes - 1) / w->lanes;
#pragma omp parallel for collapse(2) num_threads(w->threads) if (w->threads > 1)
    for (int64_t n = 0; n < w->images; n++) {
        for (int64_t group = 0; group < groups; group++) {
            struct naive_place place = place_of(w, n, group);
            run_place(w, &place, omp_get_thread_num());
        }
    }
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

/* What of a problem belongs to one axis. */
struct naive_rules {
    int64_t kernel, stride, dilation, offset, pad_before, pad_behind;
    const poolgrad_table *table;
    bool zero;
};

/* Taps of [first, first + kernel dilation) below `end`. */
static int64_t taps_below(int64_t first, int64_t kernel, int64_t dilation, int64_t end)
{
    int64_t taps = poolgrad_ceiling_divide(end - first, dilation);
    return poolgrad_clamp(taps, 0, kernel);
}

static struct naive_span cut_window(const struct naive_axis *axis, const struct naive_rules *r, int64_t first,
                                    int64_t kernel)
{
    int64_t skipped = taps_below(first, kernel, r->dilation, 0);
    int64_t taps = taps_below(first, kernel, r->dilation, axis->size) - skipped;
    int64_t counted = taps_below(first, kernel, r->dilation, axis->size + r->pad_behind) -
                      taps_below(first, kernel, r->dilation, -r->pad_before);
    return (struct naive_span){first + skipped * r->dilation, taps, skipped, kernel, r->zero ? kernel : counted};
}

static bool make_axis(struct naive_axis *axis, int64_t size, int64_t windows, const struct naive_rules *r)
{
    const int64_t extent = (r->kernel - 1) * r->dilation + 1;
    *axis = (struct naive_axis){.size = size, .windows = windows, .dilation = r->dilation};
    axis->span = calloc((size_t)windows + 1, sizeof *axis->span);
    if (!axis->span) return false;
    for (int64_t i = 0; i < windows; i++) {
        const poolgrad_span *given = r->table->count > 0 ? &r->table->spans[i] : NULL;
        const int64_t first = given ? given->first : r->offset + i * r->stride - extent / 2;
        axis->span[i] = cut_window(axis, r, first, given ? given->size : r->kernel);
    }
    return true;
}

static bool make_axes(struct naive *w, const poolgrad_problem *p, const poolgrad_const_image *output)
{
    const poolgrad_window *k = &p->window;
    const bool zero = p->edge_mode == POOLGRAD_EDGE_ZERO;
    const struct naive_rules x = {k->kernel_width,
                                  k->stride_x,
                                  k->dilation_x,
                                  p->offset_x,
                                  p->zero_pad_x + p->zero_pad_left,
                                  p->zero_pad_x + p->zero_pad_right,
                                  &p->windows_x,
                                  zero};
    const struct naive_rules y = {k->kernel_height,
                                  k->stride_y,
                                  k->dilation_y,
                                  p->offset_y,
                                  p->zero_pad_y + p->zero_pad_top,
                                  p->zero_pad_y + p->zero_pad_bottom,
                                  &p->windows_y,
                                  zero};
    const struct naive_rules z = {poolgrad_or_one(k->kernel_depth),
                                  poolgrad_or_one(k->stride_z),
                                  poolgrad_or_one(k->dilation_z),
                                  p->offset_z,
                                  p->zero_pad_z + p->zero_pad_front,
                                  p->zero_pad_z + p->zero_pad_back,
                                  &p->windows_z,
                                  zero};
    bool made = make_axis(&w->x, p->source.width, output->width, &x);
    made = make_axis(&w->y, p->source.height, output->height, &y) && made;
    return make_axis(&w->z, poolgrad_or_one(p->source.depth), poolgrad_or_one(output->depth), &z) && made;
}

static int64_t slice_of(poolgrad_layout layout)
{
    return poolgrad_image_dense(NULL, POOLGRAD_FLOAT32, layout, 1, 1, 1, 1).column_stride;
}

/* Channels are neighbours in slices, or in all images that are there. */
static int lanes_of(const poolgrad_problem *p)
{
    const int64_t slice = slice_of(p->destination.layout), channels = p->destination.channels;
    const struct {
        poolgrad_format format;
        int64_t stride;
    } image[] = {{p->source.data ? p->source.format : POOLGRAD_FORMAT_NONE, p->source.channel_stride},
                 {p->source_gradient.format, p->source_gradient.channel_stride},
                 {p->destination.format, p->destination.channel_stride},
                 {p->indices.format, p->indices.channel_stride},
                 {p->picks.format, p->picks.channel_stride}};
    if (slice > 1) return (int)slice;
    for (size_t i = 0; i < sizeof image / sizeof *image; i++) {
        if (image[i].format != POOLGRAD_FORMAT_NONE && image[i].stride != 1) return 1;
    }
    return channels < NAIVE_LANES ? (int)channels : NAIVE_LANES;
}

static struct naive_view view_of(const poolgrad_const_image *image, int lanes)
{
    const bool sliced = slice_of(image->layout) > 1;
    return (struct naive_view){.data = (void *)(uintptr_t)image->data,
                               .image = image->images > 1 ? image->image_stride : 0,
                               .group = sliced || lanes == 1 ? image->channel_stride : lanes,
                               .depth = image->depth > 1 ? image->depth_stride : 0,
                               .row = image->height > 1 ? image->row_stride : 0,
                               .column = image->column_stride};
}

/* Picks that are not saved are places among the sums. */
static struct naive_codes codes_of(const struct naive *w)
{
    if (w->picks.data && w->picks_format >= POOLGRAD_TAP8) return (struct naive_codes){.of_window = true};
    if (w->picks.data) return (struct naive_codes){false, w->y.size * w->x.size, w->x.size, 1};
    if (w->scratch)
        return (struct naive_codes){false, w->y.size * w->x.size * w->lanes, w->x.size * w->lanes, w->lanes};
    return (struct naive_codes){false, w->sums.depth, w->sums.row, w->sums.column};
}

/* All windows have the same taps, unless they stand in a table. */
static bool make_tap_places(struct naive *w, const poolgrad_problem *p)
{
    const int64_t most = 1 << 16;
    const struct naive_window at = window_at(w, 0, 0, 0);
    const struct naive_view sums = sums_view(w, NULL);
    const bool tables = p->windows_x.count > 0 || p->windows_y.count > 0 || p->windows_z.count > 0;
    if (w->direction == POOLGRAD_FORWARD || !w->picks.data || !w->codes.of_window || tables) return true;
    const int64_t taps = at.x->kernel * at.y->kernel * at.z->kernel;
    if (taps > most) return true;
    w->tap_places = calloc((size_t)taps + 1, sizeof *w->tap_places);
    for (int32_t tap = 0; w->tap_places && tap < taps; tap++) {
        w->tap_places[tap] = (int32_t)place_of_tap(w, &at, tap, &sums);
    }
    return w->tap_places != NULL;
}

static bool make_scratch(struct naive *w)
{
    bool half = w->format == POOLGRAD_FLOAT16 || w->format == POOLGRAD_BFLOAT16;
    if (!half || w->direction == POOLGRAD_FORWARD) return true;
    w->scratch = malloc((size_t)w->threads * (size_t)sums_of_thread(w) * sizeof(float));
    return w->scratch != NULL;
}

/* Regions, channel windows and so on are the caller's to leave alone. */
static bool is_plain(const poolgrad_problem *p)
{
    return p->ties == POOLGRAD_TIES_FIRST && p->nan == POOLGRAD_NAN_FIRST && !p->add_to_destination && !p->root_mean &&
           p->divisor == 0 && p->accumulator == POOLGRAD_ACCUMULATE_FLOAT32 &&
           p->source.format == p->destination.format;
}

static enum naive_kind kind_of(poolgrad_kind kind)
{
    static const enum naive_kind kinds[] = {NAIVE_AVERAGE, NAIVE_MAX, NAIVE_L2NORM};
    return kinds[kind];
}

bool poolgrad_naive_make(struct naive *w, const poolgrad_problem *p, int threads)
{
    const bool forward = p->direction == POOLGRAD_FORWARD;
    const poolgrad_const_image result = poolgrad_image_as_const(&p->destination),
                               saved = poolgrad_image_as_const(&p->picks);
    const poolgrad_const_image *output = forward ? &result : &p->source_gradient;
    const poolgrad_const_image *picks = forward ? &saved : &p->indices;
    *w = (struct naive){.direction = p->direction,
                        .kind = kind_of(p->kind),
                        .zero = p->edge_mode == POOLGRAD_EDGE_ZERO,
                        .format = p->destination.format,
                        .picks_format = picks->format,
                        .threads = threads,
                        .images = p->source.images,
                        .channels = p->source.channels,
                        .lanes = lanes_of(p)};
    if (!is_plain(p) || !make_axes(w, p, output)) return false;
    w->source = view_of(&p->source, w->lanes);
    w->output = view_of(output, w->lanes);
    w->sums = view_of(&result, w->lanes);
    w->picks = view_of(picks, w->lanes);
    if (!make_scratch(w)) return false;
    w->codes = codes_of(w);
    return make_tap_places(w, p);
}

void poolgrad_naive_free(struct naive *w)
{
    free(w->x.span);
    free(w->y.span);
    free(w->z.span);
    free(w->scratch);
    free(w->tap_places);
    *w = (struct naive){.scratch = NULL};
}
