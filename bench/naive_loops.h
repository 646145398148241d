/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops for one format. Included once for each, with
 *     LOOPS(name)   a name of this format's own
 *     STORED        type of an element
 *     REAL          type of sums
 *     LOAD(v)       STORED to REAL
 *     STORE(v)      REAL to STORED
 *     ROOT(v)       square root of a REAL
 *     DIRECT        1: STORED is REAL, and gradients are summed up in the destination
 *
 * Each call works on `lanes` channels that are neighbours in memory, pixels `pixel` elements apart: one channel of a
 * plane, some channels of an NHWC image, those of a slice.
 */

/* One window's taps: rows and columns inside the image. Without dilation they are neighbours. */
#define FOR_TAPS(w, oy, ox)                                                                                            \
    for (int64_t ky = 0, y = (oy) * (w)->stride_y - (w)->top; ky < (w)->kernel_height; ky++, y += (w)->dilation_y)     \
        if (y >= 0 && y < (w)->height)                                                                                 \
            for (int64_t kx = 0, x = (ox) * (w)->stride_x - (w)->left; kx < (w)->kernel_width;                         \
                 kx++, x += (w)->dilation_x)                                                                           \
                if (x >= 0 && x < (w)->width)

static inline void LOOPS(pick)(const struct naive *w, const STORED *source, int64_t pixel, int lanes, int64_t oy,
                               int64_t ox, REAL *best, uint8_t *pick)
{
    for (int c = 0; c < lanes; c++) {
        best[c] = -INFINITY;
        pick[c] = 0;
    }
    FOR_TAPS(w, oy, ox)
    {
        const STORED *at = source + (y * w->width + x) * pixel;
        uint8_t tap = (uint8_t)(ky * w->kernel_width + kx);
        for (int c = 0; c < lanes; c++) {
            REAL value = LOAD(at[c]);
            int better = value > best[c];
            best[c] = better ? value : best[c];
            pick[c] = better ? tap : pick[c];
        }
    }
}

/* Sums, or sums of squares, of a window; returns the number of its taps. */
static inline int64_t LOOPS(sum)(const struct naive *w, const STORED *source, int64_t pixel, int lanes, int64_t oy,
                                 int64_t ox, int squares, REAL *sum)
{
    int64_t taps = 0;
    for (int c = 0; c < lanes; c++) sum[c] = 0;
    FOR_TAPS(w, oy, ox)
    {
        const STORED *at = source + (y * w->width + x) * pixel;
        for (int c = 0; c < lanes; c++) sum[c] += squares ? LOAD(at[c]) * LOAD(at[c]) : LOAD(at[c]);
        taps++;
    }
    return taps;
}

static void LOOPS(forward)(const struct naive *w, const STORED *source, STORED *output, uint8_t *picks, int64_t pixel,
                           int lanes)
{
    REAL value[NAIVE_LANES];
    uint8_t pick[NAIVE_LANES] = {0};
    int saves = w->kind == MEASURED_ARGMAX, maximum = w->kind == MEASURED_MAX || saves;
    for (int64_t oy = 0; oy < w->output_height; oy++) {
        for (int64_t ox = 0; ox < w->output_width; ox++) {
            int64_t at = (oy * w->output_width + ox) * pixel;
            if (maximum) {
                LOOPS(pick)(w, source, pixel, lanes, oy, ox, value, pick);
            } else {
                int64_t taps = LOOPS(sum)(w, source, pixel, lanes, oy, ox, w->kind == MEASURED_L2NORM, value);
                for (int c = 0; c < lanes; c++) {
                    value[c] = w->kind == MEASURED_L2NORM ? ROOT(value[c]) : value[c] / (REAL)taps;
                }
            }
            for (int c = 0; c < lanes; c++) output[at + c] = STORE(value[c]);
            for (int c = 0; saves && c < lanes; c++) picks[at + c] = pick[c];
        }
    }
}

static void LOOPS(scatter_max)(const struct naive *w, const STORED *source, const STORED *gradient,
                               const uint8_t *picks, REAL *sums, int64_t pixel, int64_t sums_pixel, int lanes)
{
    REAL best[NAIVE_LANES];
    uint8_t found[NAIVE_LANES];
    for (int64_t oy = 0; oy < w->output_height; oy++) {
        for (int64_t ox = 0; ox < w->output_width; ox++) {
            int64_t at = (oy * w->output_width + ox) * pixel;
            const uint8_t *pick = picks ? picks + at : found;
            if (!picks) LOOPS(pick)(w, source, pixel, lanes, oy, ox, best, found);
            for (int c = 0; c < lanes; c++) {
                int64_t y = oy * w->stride_y - w->top + pick[c] / (int)w->kernel_width * w->dilation_y;
                int64_t x = ox * w->stride_x - w->left + pick[c] % (int)w->kernel_width * w->dilation_x;
                sums[(y * w->width + x) * sums_pixel + c] += LOAD(gradient[at + c]);
            }
        }
    }
}

static void LOOPS(scatter_sums)(const struct naive *w, const STORED *source, const STORED *gradient, REAL *sums,
                                int64_t pixel, int64_t sums_pixel, int lanes)
{
    REAL share[NAIVE_LANES];
    int norm = w->kind == MEASURED_L2NORM;
    for (int64_t oy = 0; oy < w->output_height; oy++) {
        for (int64_t ox = 0; ox < w->output_width; ox++) {
            const STORED *g = gradient + (oy * w->output_width + ox) * pixel;
            int64_t taps = 0;
            if (norm) {
                LOOPS(sum)(w, source, pixel, lanes, oy, ox, 1, share);
                for (int c = 0; c < lanes; c++) share[c] = share[c] > 0 ? LOAD(g[c]) / ROOT(share[c]) : 0;
            } else {
                FOR_TAPS(w, oy, ox) taps++;
                for (int c = 0; c < lanes; c++) share[c] = LOAD(g[c]) / (REAL)taps;
            }
            FOR_TAPS(w, oy, ox)
            {
                REAL *to = sums + (y * w->width + x) * sums_pixel;
                const STORED *from = norm ? source + (y * w->width + x) * pixel : NULL;
                for (int c = 0; c < lanes; c++) to[c] += norm ? share[c] * LOAD(from[c]) : share[c];
            }
        }
    }
}

static void LOOPS(gradient)(const struct naive *w, const STORED *source, const STORED *gradient, const uint8_t *picks,
                            STORED *destination, REAL *scratch, int64_t pixel, int lanes)
{
    int64_t pixels = w->height * w->width, sums_pixel = DIRECT ? pixel : lanes;
    REAL *sums = DIRECT ? (REAL *)(void *)destination : scratch;
    assert(gradient && sums);
    for (int64_t i = 0; i < pixels; i++) {
        for (int c = 0; c < lanes; c++) sums[i * sums_pixel + c] = 0;
    }
    if (w->kind == MEASURED_MAX || w->kind == MEASURED_ARGMAX)
        LOOPS(scatter_max)(w, source, gradient, picks, sums, pixel, sums_pixel, lanes);
    else
        LOOPS(scatter_sums)(w, source, gradient, sums, pixel, sums_pixel, lanes);
    for (int64_t i = 0; !DIRECT && i < pixels; i++) {
        for (int c = 0; c < lanes; c++) destination[i * pixel + c] = STORE(sums[i * sums_pixel + c]);
    }
}

/* Channels [first, first + lanes) of image n. One lane and few are worth code of their own: the compiler makes it. */
static void LOOPS(run)(const struct naive *w, const struct naive_place *place, REAL *scratch)
{
    const STORED *source = w->source ? (const STORED *)w->source + place->source : NULL;
    const STORED *gradient = w->gradient ? (const STORED *)w->gradient + place->output : NULL;
    uint8_t *picks = w->picks ? w->picks + place->output : NULL;
    if (w->direction == POOLGRAD_FORWARD) {
        STORED *output = (STORED *)w->destination + place->output;
        if (place->pixel == 1)
            LOOPS(forward)(w, source, output, picks, 1, 1);
        else
            LOOPS(forward)(w, source, output, picks, place->pixel, place->lanes);
        return;
    }
    STORED *destination = (STORED *)w->destination + place->source;
    if (place->pixel == 1)
        LOOPS(gradient)(w, source, gradient, picks, destination, scratch, 1, 1);
    else
        LOOPS(gradient)(w, source, gradient, picks, destination, scratch, place->pixel, place->lanes);
}

#undef FOR_TAPS
#undef LOOPS
#undef STORED
#undef REAL
#undef LOAD
#undef STORE
#undef ROOT
#undef DIRECT
