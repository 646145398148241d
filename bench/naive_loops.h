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
 * Each call works on `lanes` channels that are neighbours in memory: one of them, some of an NHWC image, those of a
 * slice. Where there is one, and where pixels of a row are neighbours too, the loops are compiled once more for it.
 */

static inline __attribute__((always_inline)) void LOOPS(pick)(const struct naive *w, const STORED *source,
                                                              int64_t column, int lanes, const struct naive_window *at,
                                                              REAL *best, int32_t *pick)
{
    const int64_t step = code_step(w);
    for (int c = 0; c < lanes; c++) {
        best[c] = -INFINITY;
        pick[c] = NONE;
    }
    for (int64_t kz = 0; kz < at->z->taps; kz++) {
        for (int64_t ky = 0; ky < at->y->taps; ky++) {
            int64_t z = at->z->first + kz * w->z.dilation, y = at->y->first + ky * w->y.dilation;
            int64_t code = code_of(w, at, kz, ky);
            const STORED *from = source + z * w->source.depth + y * w->source.row + at->x->first * column;
            for (int64_t kx = 0; kx < at->x->taps; kx++, from += w->x.dilation * column, code += step) {
                for (int c = 0; c < lanes; c++) {
                    REAL value = LOAD(from[c]);
                    int better = value > best[c];
                    best[c] = better ? value : best[c];
                    pick[c] = better ? (int32_t)code : pick[c];
                }
            }
        }
    }
}

/* A window that reaches out of the image reads zeros there, or has no tap at all. */
static inline __attribute__((always_inline)) void LOOPS(reach_out)(const struct naive *w, const struct naive_window *at,
                                                                   int lanes, REAL *best, int32_t *pick)
{
    int64_t taps = at->x->taps * at->y->taps * at->z->taps;
    if (taps == at->x->kernel * at->y->kernel * at->z->kernel || (taps > 0 && !w->zero)) return;
    for (int c = 0; c < lanes; c++) {
        pick[c] = best[c] < 0 ? NONE : pick[c];
        best[c] = best[c] < 0 ? 0 : best[c];
    }
}

/* Sums, or sums of squares, of a window. */
static inline __attribute__((always_inline)) void LOOPS(sum)(const struct naive *w, const STORED *source,
                                                             int64_t column, int lanes, const struct naive_window *at,
                                                             int squares, REAL *sum)
{
    for (int c = 0; c < lanes; c++) sum[c] = 0;
    for (int64_t kz = 0; kz < at->z->taps; kz++) {
        for (int64_t ky = 0; ky < at->y->taps; ky++) {
            int64_t z = at->z->first + kz * w->z.dilation, y = at->y->first + ky * w->y.dilation;
            const STORED *from = source + z * w->source.depth + y * w->source.row + at->x->first * column;
            for (int64_t kx = 0; kx < at->x->taps; kx++, from += w->x.dilation * column) {
                for (int c = 0; c < lanes; c++) sum[c] += squares ? LOAD(from[c]) * LOAD(from[c]) : LOAD(from[c]);
            }
        }
    }
}

static inline REAL LOOPS(counted)(const struct naive_window *at)
{
    return (REAL)(at->x->counted * at->y->counted * at->z->counted);
}

/* One window. `output` and the picks are at its pixel. */
static inline __attribute__((always_inline)) void LOOPS(forward_window)(const struct naive *w,
                                                                        const struct naive_window *at,
                                                                        const STORED *source, STORED *output,
                                                                        int64_t picks, int64_t column, int lanes)
{
    REAL value[NAIVE_LANES], count = LOOPS(counted)(at);
    int32_t pick[NAIVE_LANES];
    if (w->kind == NAIVE_MAX) {
        LOOPS(pick)(w, source, column, lanes, at, value, pick);
        LOOPS(reach_out)(w, at, lanes, value, pick);
        if (w->picks.data) save_picks(w, picks, pick, lanes);
    } else if (w->kind == NAIVE_L2NORM) {
        LOOPS(sum)(w, source, column, lanes, at, 1, value);
        for (int c = 0; c < lanes; c++) value[c] = ROOT(value[c]);
    } else {
        LOOPS(sum)(w, source, column, lanes, at, 0, value);
        for (int c = 0; c < lanes; c++) value[c] = count > 0 ? value[c] / count : 0;
    }
    for (int c = 0; c < lanes; c++) output[c] = STORE(value[c]);
}

static inline __attribute__((always_inline)) void
LOOPS(forward)(const struct naive *w, const STORED *source, STORED *output, int64_t picks, int64_t column, int lanes)
{
    for (int64_t oz = 0; oz < w->z.windows; oz++) {
        for (int64_t oy = 0; oy < w->y.windows; oy++) {
            STORED *to = output + oz * w->output.depth + oy * w->output.row;
            int64_t to_picks = picks + oz * w->picks.depth + oy * w->picks.row;
            for (int64_t ox = 0; ox < w->x.windows; ox++) {
                struct naive_window at = window_at(w, oz, oy, ox);
                LOOPS(forward_window)
                (w, &at, source, to + ox * w->output.column, to_picks + ox * w->picks.column, column, lanes);
            }
        }
    }
}

static inline __attribute__((always_inline)) void
LOOPS(scatter_max)(const struct naive *w, const struct naive_window *at, const STORED *source, const STORED *gradient,
                   int64_t picks, const struct naive_view *sums, int64_t column, int lanes)
{
    REAL best[NAIVE_LANES], *to = sums->data;
    int32_t pick[NAIVE_LANES];
    if (w->picks.data) {
        load_picks(w, picks, pick, lanes);
        place_picks(w, at, sums, pick, lanes);
    } else {
        LOOPS(pick)(w, source, column, lanes, at, best, pick);
        LOOPS(reach_out)(w, at, lanes, best, pick);
    }
    for (int c = 0; c < lanes; c++) {
        if (pick[c] != NONE) to[pick[c] + c] += LOAD(gradient[c]);
    }
}

static inline __attribute__((always_inline)) void
LOOPS(scatter_sums)(const struct naive *w, const struct naive_window *at, const STORED *source, const STORED *gradient,
                    const struct naive_view *sums, int64_t column, int64_t sums_column, int lanes)
{
    REAL share[NAIVE_LANES], count = LOOPS(counted)(at);
    int norm = w->kind == NAIVE_L2NORM;
    if (norm) LOOPS(sum)(w, source, column, lanes, at, 1, share);
    for (int c = 0; c < lanes; c++) {
        REAL divisor = norm ? ROOT(share[c]) : count;
        share[c] = divisor > 0 ? LOAD(gradient[c]) / divisor : 0;
    }
    for (int64_t kz = 0; kz < at->z->taps; kz++) {
        for (int64_t ky = 0; ky < at->y->taps; ky++) {
            int64_t z = at->z->first + kz * w->z.dilation, y = at->y->first + ky * w->y.dilation;
            REAL *to = (REAL *)sums->data + z * sums->depth + y * sums->row + at->x->first * sums_column;
            int64_t from = z * w->source.depth + y * w->source.row + at->x->first * column;
            for (int64_t kx = 0; kx < at->x->taps; kx++) {
                for (int c = 0; c < lanes; c++) to[c] += norm ? share[c] * LOAD(source[from + c]) : share[c];
                to += w->x.dilation * sums_column;
                from += w->x.dilation * column;
            }
        }
    }
}

/* Clears the sums, or stores them. */
static inline __attribute__((always_inline)) void
LOOPS(each_pixel)(const struct naive *w, const struct naive_view *sums, int64_t column, STORED *destination, int lanes)
{
    for (int64_t z = 0; z < w->z.size; z++) {
        for (int64_t y = 0; y < w->y.size; y++) {
            REAL *sum = (REAL *)sums->data + z * sums->depth + y * sums->row;
            int64_t to = z * w->sums.depth + y * w->sums.row;
            for (int64_t x = 0; x < w->x.size; x++, sum += column, to += w->sums.column) {
                for (int c = 0; c < lanes; c++) {
                    if (destination)
                        destination[to + c] = STORE(sum[c]);
                    else
                        sum[c] = 0;
                }
            }
        }
    }
}

static inline __attribute__((always_inline)) void LOOPS(gradient)(const struct naive *w, const STORED *source,
                                                                  const STORED *gradient, int64_t picks,
                                                                  const struct naive_view *sums, int64_t column,
                                                                  int64_t sums_column, int lanes)
{
    LOOPS(each_pixel)(w, sums, sums_column, NULL, lanes);
    for (int64_t oz = 0; oz < w->z.windows; oz++) {
        for (int64_t oy = 0; oy < w->y.windows; oy++) {
            const STORED *g = gradient + oz * w->output.depth + oy * w->output.row;
            int64_t from_picks = picks + oz * w->picks.depth + oy * w->picks.row;
            for (int64_t ox = 0; ox < w->x.windows; ox++, g += w->output.column, from_picks += w->picks.column) {
                struct naive_window at = window_at(w, oz, oy, ox);
                if (w->kind == NAIVE_MAX)
                    LOOPS(scatter_max)(w, &at, source, g, from_picks, sums, column, lanes);
                else
                    LOOPS(scatter_sums)(w, &at, source, g, sums, column, sums_column, lanes);
            }
        }
    }
}

static void LOOPS(run_forward)(const struct naive *w, const struct naive_place *place, const STORED *source)
{
    STORED *output = (STORED *)w->output.data + place->output;
    if (w->lanes == 1 && w->source.column == 1)
        LOOPS(forward)(w, source, output, place->picks, 1, 1);
    else if (w->lanes == 1)
        LOOPS(forward)(w, source, output, place->picks, w->source.column, 1);
    else
        LOOPS(forward)(w, source, output, place->picks, w->source.column, place->lanes);
}

static void LOOPS(run_gradient)(const struct naive *w, const struct naive_place *place, const STORED *source,
                                REAL *scratch)
{
    const STORED *gradient = (const STORED *)w->output.data + place->output;
    STORED *destination = (STORED *)w->sums.data + place->sums;
    struct naive_view sums = sums_view(w, scratch);
    if (DIRECT) sums.data = destination;
    if (!sums.data) return; /* never: where sums are wider than the format there is scratch */
    if (w->lanes == 1 && w->source.column == 1 && sums.column == 1)
        LOOPS(gradient)(w, source, gradient, place->picks, &sums, 1, 1, 1);
    else if (w->lanes == 1)
        LOOPS(gradient)(w, source, gradient, place->picks, &sums, w->source.column, sums.column, 1);
    else
        LOOPS(gradient)(w, source, gradient, place->picks, &sums, w->source.column, sums.column, place->lanes);
    if (!DIRECT) LOOPS(each_pixel)(w, &sums, sums.column, destination, place->lanes);
}

/* Some channels of one image. */
static void LOOPS(run)(const struct naive *w, const struct naive_place *place, REAL *scratch)
{
    const STORED *source = w->source.data ? (const STORED *)w->source.data + place->source : NULL;
    assert(w->output.data);
    if (w->direction == POOLGRAD_FORWARD)
        LOOPS(run_forward)(w, place, source);
    else
        LOOPS(run_gradient)(w, place, source, scratch);
}

#undef LOOPS
#undef STORED
#undef REAL
#undef LOAD
#undef STORE
#undef ROOT
#undef DIRECT
