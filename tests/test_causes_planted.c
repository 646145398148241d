/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planted mistakes: a plain pooling of its own, which shares nothing with the library, with a switch for each of some
 * hundred mistakes. Each must be caught, and nearly all named first. The misses are listed.
 */
#include "support/random.h"
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { AVERAGE, MAX, NORM };
enum calls { FA = 1, FM = 2, FN = 4, GA = 8, GM = 16, GN = 32, F = 7, G = 56, A = 9, M = 18, L = 36, ALL = 63 };

struct layer {
    int n, c, h, w, kh, kw, sy, sx, top, left, bottom, right, dy, dx;
    bool counts_padding;
};

static const struct layer layers[] = {
    {2, 4, 13, 14, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, false}, {1, 6, 12, 11, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, true},
    {2, 3, 17, 19, 5, 4, 3, 3, 2, 1, 2, 2, 1, 1, false}, {3, 5, 21, 18, 4, 5, 1, 2, 2, 2, 1, 1, 1, 1, true},
    {2, 4, 16, 17, 3, 3, 1, 2, 2, 1, 2, 2, 2, 2, false},
};
enum { LAYERS = sizeof layers / sizeof *layers };

enum outside { SKIPPED, REPEATED, REFLECTED, WRAPPED, NEXT_ROW };
enum divisor { RIGHT, KERNEL, INSIDE, NONE, WIDTH_SQUARED, LESS_ONE, STRIDES, HEIGHT };
enum search { GREATEST, LEAST, MAGNITUDE, SIGNED, UNSIGNED, CENTRE, FIRST_TAP, LAST_TAP, IN_HALF, IN_BFLOAT };
enum ties { FIRST, LAST, EACH, SPLIT, HALF, NEITHER };
enum overlap { ADDS, LAST_WINS, FIRST_WINS, MEAN, GREATEST_WINS, RACE };
enum norm { ROOT, SQUARE, MEAN_ROOT, ONES, ONES_ROOT, TIMES, NO_IN, OVER_SQUARE };
enum store { ROUNDED, INTEGER, TRUNCATED_INTEGER, CLAMPED, HALVED, NEGATED, NOT_NEGATIVE, NANS, NAN_BOX, POSITIVE };

/* What an implementation does wrong: of nothing, nothing. */
struct bug {
    int pad_y, pad_x;     /* so many pads less in the windows' start */
    int end_pads;         /* begins by the end pads */
    int shift_y, shift_x; /* windows moved */
    int kh, kw;           /* added to the kernel */
    int from_front;       /* what is missing of the kernel is missing in front */
    int right_count;      /* the divisor knows nothing of it */
    int sy, sx, dy, dx;   /* added to strides and dilations */
    int kind;             /* so many kinds further */
    int drop_y, drop_x;   /* the last windows */
    int skip_y, skip_x;   /* the first windows */
    int window_block;     /* windows behind the last multiple are lost */
    enum outside outside;
    enum divisor divisor;
    enum search search;
    bool starts;
    double start;
    enum ties ties;
    enum overlap overlap;
    enum norm norm;
    double epsilon, floor, added;
    int taps; /* only the first of them; less than 0: all but the last */
    bool first_row, first_column;
    int tile_y, tile_x; /* windows keep to their tile */
    bool tile_doubles;
    int x_row, x_channel, x_image; /* added to the source's steps: 1 is a row, a column, ... of its own meaning below */
    int dy_row, dy_channel, dy_image, out_channel, out_row;
    int channel_of_x, channel_of_dy, channel_of_out; /* off by so many */
    bool x_backwards, out_backwards, out_grouped;
    int image_of_x;
    bool flip_x, flip_out_y, flip_out_x, transposes_gradient;
    enum store store;
    double factor, least, most;
    int tail_y, tail_x, tail_c;  /* nothing is written behind the last multiple */
    int doubled_rows, lost_rows; /* at multiples */
    int bad_row, bad_column;     /* holds nonsense, from 1 on */
    bool runs_on;                /* sums are not cleared between channels */
    bool unreached;              /* what gets nothing holds garbage */
    int bits;                    /* of a pick's place */
    bool padded_picks;
    bool all_to_first_channel;
    int bits_of_reciprocal;
    bool half_reads;
};

struct planted {
    const char *names; /* with a blank around each */
    unsigned calls;
    struct bug bug;
};

static uint64_t seed;

static double draw(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(seed >> 40) / 8388608 - 1;
}

/* ---- A plain pooling --------------------------------------------------------------------------------------------- */

struct run {
    struct layer l;
    struct bug b;
    enum kind kind;
    const float *x, *dy;
    double *sum; /* of the gradient, or the output */
    int *terms;
    int oh, ow;
};

static int out_size(int size, int before, int behind, int kernel, int dilation, int stride)
{
    return (size + before + behind - ((kernel - 1) * dilation + 1)) / stride + 1;
}

static float half(float value)
{
    int exponent;
    if (value == 0 || !isfinite(value)) return value;
    frexpf(value, &exponent);
    const float unit = ldexpf(1, (exponent > -13 ? exponent : -13) - 11);
    return rintf(value / unit) * unit;
}

static float bfloat(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
    memcpy(&value, &bits, sizeof bits);
    return value;
}

static float read_x(const struct run *r, int n, int c, int y, int x)
{
    const struct layer *l = &r->l;
    const struct bug *b = &r->b;
    const int rows = l->w + b->x_row, plane = l->h * l->w + b->x_channel,
              image = l->c * l->h * l->w + b->x_image * l->h * l->w;
    n += b->image_of_x;
    c += b->channel_of_x;
    if (b->x_backwards) c = l->c - 1 - c;
    if (b->flip_x) x = l->w - 1 - x;
    const int64_t place = (int64_t)n * image + (int64_t)c * plane + (int64_t)y * rows + x;
    if (c < 0 || c >= l->c || n < 0 || n >= l->n || place < 0 || place >= (int64_t)l->n * l->c * l->h * l->w) return 0;
    return b->half_reads ? half(r->x[place]) : r->x[place];
}

static float read_dy(const struct run *r, int n, int c, int oy, int ox)
{
    const struct layer *l = &r->l;
    const struct bug *b = &r->b;
    const int rows = r->ow + b->dy_row, plane = r->oh * r->ow + b->dy_channel;
    c += b->channel_of_dy;
    const int64_t place = (int64_t)n * (l->c * r->oh * r->ow + b->dy_image * r->oh * r->ow) + (int64_t)c * plane +
                          (int64_t)oy * rows + ox;
    if (c < 0 || c >= l->c || place < 0 || place >= (int64_t)l->n * l->c * r->oh * r->ow) return 0;
    return b->half_reads ? half(r->dy[place]) : r->dy[place];
}

struct tap {
    int y, x;
    double weight;
    float value;
};

enum { MOST_TAPS = 128 };

static int brought(enum outside outside, int i, int size)
{
    if (outside == REPEATED) return i < 0 ? 0 : i >= size ? size - 1 : i;
    if (outside == REFLECTED) return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
    return (i % size + size) % size;
}

static bool bring(const struct run *r, int *y, int *x)
{
    const struct layer *l = &r->l;
    if (*y >= 0 && *y < l->h && *x >= 0 && *x < l->w) return true;
    if (r->b.outside == SKIPPED) return false;
    if (r->b.outside == NEXT_ROW) {
        const int place = *y * l->w + *x;
        if (place < 0 || place >= l->h * l->w) return false;
        *y = place / l->w;
        *x = place % l->w;
        return true;
    }
    *y = brought(r->b.outside, *y, l->h);
    *x = brought(r->b.outside, *x, l->w);
    return true;
}

/* The taps of window (oy, ox), and what an average divides by. */
static int find_taps(const struct run *r, int n, int c, int oy, int ox, struct tap taps[MOST_TAPS], double *divisor)
{
    const struct layer *l = &r->l;
    const struct bug *b = &r->b;
    const int kh = l->kh + b->kh, kw = l->kw + b->kw, dy = l->dy + b->dy, dx = l->dx + b->dx;
    const int home_y = oy * l->sy, home_x = ox * l->sx;
    int top = oy * (l->sy + b->sy) - (b->end_pads ? l->bottom : l->top) + b->pad_y * l->top + b->shift_y;
    int left = ox * (l->sx + b->sx) - (b->end_pads ? l->right : l->left) + b->pad_x * l->left + b->shift_x;
    if (b->from_front) top -= b->kh * dy, left -= b->kw * dx;
    int count = 0, inside = 0, right = 0;
    for (int i = 0; i < l->kh * l->kw; i++) {
        const int y = oy * l->sy - l->top + i / l->kw * l->dy, x = ox * l->sx - l->left + i % l->kw * l->dx;
        right += y >= 0 && y < l->h && x >= 0 && x < l->w;
    }
    for (int i = 0; i < kh * kw; i++) {
        int y = top + i / kw * dy, x = left + i % kw * dx;
        inside += y >= 0 && y < l->h && x >= 0 && x < l->w;
        if (b->taps > 0 && i >= b->taps) continue;
        if (b->taps < 0 && i >= kh * kw + b->taps) continue;
        if ((b->first_row && i / kw > 0) || (b->first_column && i % kw > 0)) continue;
        if (!bring(r, &y, &x)) continue;
        double weight = 1;
        if ((b->tile_y && y / b->tile_y != home_y / b->tile_y) || (b->tile_x && x / b->tile_x != home_x / b->tile_x)) {
            if (!b->tile_doubles) continue;
            weight = 2;
        }
        taps[count++] = (struct tap){y, x, weight, read_x(r, n, c, y, x)};
    }
    if (b->taps || b->first_row || b->first_column || b->right_count) inside = right;
    const double full = b->right_count ? l->kh * l->kw : kh * kw;
    *divisor = l->counts_padding ? full : inside;
    switch (b->divisor) {
    case KERNEL: *divisor = full; break;
    case INSIDE: *divisor = inside; break;
    case NONE: *divisor = 1; break;
    case WIDTH_SQUARED: *divisor = kw * kw; break;
    case LESS_ONE: *divisor = full - 1; break;
    case STRIDES: *divisor = l->sy * l->sx; break;
    case HEIGHT: *divisor = kh; break;
    default: break;
    }
    return count;
}

static bool is_better(const struct run *r, float new, float old)
{
    int32_t a, b;
    memcpy(&a, &new, sizeof a);
    memcpy(&b, &old, sizeof b);
    switch (r->b.search) {
    case LEAST: return new < old;
    case MAGNITUDE: return fabsf(new) > fabsf(old);
    case SIGNED: return a > b;
    case UNSIGNED: return (uint32_t)a > (uint32_t)b;
    case FIRST_TAP: return false;
    case LAST_TAP: return true;
    case IN_HALF: return half(new) > half(old);
    case IN_BFLOAT: return bfloat(new) > bfloat(old);
    default: return new > old || (new == old && r->b.ties == LAST);
    }
}

/* The number of the tap that is picked, or less than 0. */
static int pick(const struct run *r, const struct tap *taps, int count, int oy, int ox)
{
    int best = -1;
    for (int i = 0; i < count; i++) {
        const struct bug *b = &r->b;
        const int y = oy * r->l.sy - r->l.top + r->l.kh / 2 * r->l.dy,
                  x = ox * r->l.sx - r->l.left + r->l.kw / 2 * r->l.dx;
        if (b->search == CENTRE) {
            if (taps[i].y == y && taps[i].x == x) best = i;
            continue;
        }
        if (best < 0 ? !b->starts || taps[i].value > b->start : is_better(r, taps[i].value, taps[best].value)) best = i;
    }
    return best;
}

static double norm_of(const struct run *r, const struct tap *taps, int count, double divisor)
{
    const struct bug *b = &r->b;
    double sum = b->epsilon;
    for (int i = 0; i < count; i++) {
        const double value = taps[i].value;
        sum += taps[i].weight * (b->norm == ONES || b->norm == ONES_ROOT ? fabs(value) : value * value);
    }
    const double root = b->norm == SQUARE || b->norm == ONES ? sum : sqrt(b->norm == MEAN_ROOT ? sum / divisor : sum);
    return fmax(root + b->added, b->floor);
}

static void forward_window(struct run *r, int n, int c, int oy, int ox)
{
    struct tap taps[MOST_TAPS];
    double divisor, sum = 0;
    const int count = find_taps(r, n, c, oy, ox, taps, &divisor);
    double *out = &r->sum[((n * r->l.c + c) * r->oh + oy) * r->ow + ox];
    const int best = r->kind == MAX ? pick(r, taps, count, oy, ox) : -1;
    if (r->kind == MAX) *out = best >= 0 ? (double)taps[best].value : r->b.starts ? r->b.start : 0;
    if (r->kind == NORM) *out = norm_of(r, taps, count, divisor);
    if (r->kind != AVERAGE) return;
    for (int i = 0; i < count; i++) sum += taps[i].weight * (double)taps[i].value;
    *out = count > 0 ? sum / divisor : 0;
}

static void give(struct run *r, int n, int c, int y, int x, double term)
{
    const struct bug *b = &r->b;
    const struct layer *l = &r->l;
    int place = y * l->w + x;
    if (b->bits > 0) place &= (1 << b->bits) - 1;
    if (b->padded_picks) place = (y + l->top) * (l->w + l->left + l->right) + x + l->left;
    if (place >= l->h * l->w) return;
    if (b->all_to_first_channel) c = 0;
    const int i = (n * l->c + c) * l->h * l->w + place;
    if (b->overlap == RACE && r->terms[i] > 0 && draw() < 0) return;
    if (b->overlap == FIRST_WINS && r->terms[i] > 0) return;
    if (b->overlap == GREATEST_WINS && r->terms[i] > 0 && term <= r->sum[i]) return;
    r->sum[i] = b->overlap == LAST_WINS || b->overlap == GREATEST_WINS ? term : r->sum[i] + term;
    r->terms[i]++;
}

static void give_ties(struct run *r, int n, int c, const struct tap *taps, int count, int best, double g)
{
    int equal = 0;
    for (int i = 0; i < count; i++) equal += taps[i].value == taps[best].value;
    const enum ties ties = r->b.ties;
    if (ties == NEITHER && equal > 1) return;
    if (ties == FIRST || ties == LAST || ties == NEITHER) {
        give(r, n, c, taps[best].y, taps[best].x, g);
        return;
    }
    const double part = ties == SPLIT ? g / equal : ties == HALF && equal > 1 ? g / 2 : g;
    for (int i = 0; i < count; i++) {
        if (taps[i].value == taps[best].value) give(r, n, c, taps[i].y, taps[i].x, part);
    }
}

static double reciprocal(const struct bug *b, double value)
{
    return b->bits_of_reciprocal == 11 ? (double)half((float)(1 / value))
           : b->bits_of_reciprocal     ? (double)(float)(1 / value) * (1 + ldexp(draw(), -b->bits_of_reciprocal))
                                       : 1 / value;
}

static void give_window(struct run *r, int n, int c, int oy, int ox)
{
    struct tap taps[MOST_TAPS];
    double divisor;
    const struct bug *b = &r->b;
    const int count = find_taps(r, n, c, oy, ox, taps, &divisor);
    const double g = read_dy(r, n, c, oy, ox);
    if (r->kind == MAX) {
        const int best = pick(r, taps, count, oy, ox);
        if (best >= 0) give_ties(r, n, c, taps, count, best, g);
        return;
    }
    if (r->kind == NORM) {
        divisor = norm_of(r, taps, count, divisor);
        if (b->norm == TIMES) divisor = 1 / divisor;
        if (b->norm == OVER_SQUARE) divisor *= divisor;
        if (divisor == 0) return;
    }
    const double scaled = b->bits_of_reciprocal ? g * reciprocal(b, divisor) : g / divisor;
    for (int i = 0; i < count; i++) {
        const double in = r->kind == NORM && b->norm != NO_IN ? (double)taps[i].value : 1;
        give(r, n, c, taps[i].y, taps[i].x, taps[i].weight * scaled * in);
    }
}

static void pool(struct run *r, bool gradient)
{
    const struct layer *l = &r->l;
    const struct bug *b = &r->b;
    int oh = r->oh - b->drop_y, ow = r->ow - b->drop_x;
    if (b->window_block) oh = oh / b->window_block * b->window_block;
    for (int n = 0; n < l->n; n++) {
        for (int c = 0; c < l->c; c++) {
            for (int i = 0; i < oh * ow; i++) {
                if (i / ow < b->skip_y || i % ow < b->skip_x) continue;
                (gradient ? give_window : forward_window)(r, n, c, i / ow, i % ow);
            }
        }
    }
}

/* ---- What is stored ---------------------------------------------------------------------------------------------- */

static double changed(const struct bug *b, double value)
{
    switch (b->store) {
    case INTEGER: return rint(value);
    case TRUNCATED_INTEGER: return trunc(value);
    case CLAMPED: return fmin(fmax(value, b->least), b->most);
    case HALVED: return (double)half((float)value);
    case NEGATED: return -value;
    case NOT_NEGATIVE: return fmax(value, 0);
    case POSITIVE: return fabs(value);
    case NANS: return NAN;
    default: return b->factor != 0 ? b->factor * value : value;
    }
}

static bool is_left_out(const struct bug *b, int c, int y, int x, int channels, int height, int width)
{
    return (b->tail_y && y >= height / b->tail_y * b->tail_y) || (b->tail_x && x >= width / b->tail_x * b->tail_x) ||
           (b->tail_c && c >= channels / b->tail_c * b->tail_c);
}

static void store(struct run *r, float *out, bool gradient)
{
    const struct layer *l = &r->l;
    const struct bug *b = &r->b;
    const int height = gradient ? l->h : r->oh, width = gradient ? l->w : r->ow, plane = height * width;
    const int all = l->n * l->c * plane;
    for (int i = 0; i < all; i++) out[i] = 0;
    for (int i = 0; i < all; i++) {
        int n = i / plane / l->c, c = i / plane % l->c, y = i / width % height, x = i % width;
        double value = r->sum[i];
        if (b->overlap == MEAN && r->terms[i] > 1) value /= r->terms[i];
        if (b->runs_on) {
            for (int k = 1; k <= c; k++) value += r->sum[i - k * plane];
        }
        value = changed(b, value);
        if (b->store == NAN_BOX && y >= 2 && y < 5 && x >= 1 && x < 4) value = NAN;
        if (b->doubled_rows && y % b->doubled_rows == 0) value *= 2;
        if (b->lost_rows && y % b->lost_rows == 0) value = 0;
        if (b->bad_row == y + 1 || b->bad_column == x + 1) value += 1 + draw();
        if (b->unreached && gradient && r->terms[i] == 0) value = 3 + draw();
        if (is_left_out(b, c, y, x, l->c, height, width)) continue;
        if (b->flip_out_y) y = height - 1 - y;
        if (b->flip_out_x) x = width - 1 - x;
        if (b->out_backwards) c = l->c - 1 - c;
        if (b->out_grouped && l->c % 2 == 0) c = c % 2 * (l->c / 2) + c / 2;
        c += b->channel_of_out;
        const int to = n * l->c * plane + c * (plane + b->out_channel) + y * (width + b->out_row) + x;
        if (c >= 0 && c < l->c && to >= 0 && to < all) out[to] = (float)value;
    }
}

/* ---- The bugs ---------------------------------------------------------------------------------------------------- */

#define BUG(names, calls, ...)                                                                                         \
    {                                                                                                                  \
        " " names " ", calls,                                                                                          \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const struct planted bugs[] = {
    BUG("pad-forgotten", ALL, .pad_y = 1, .pad_x = 1),
    BUG("pad-forgotten", ALL, .pad_x = 1),
    BUG("pad-forgotten", ALL, .pad_y = 1),
    BUG("pad-doubled", ALL, .pad_y = -1, .pad_x = -1),
    BUG("pad-doubled", ALL, .pad_x = -1),
    BUG("pads-exchanged pad-doubled pad-forgotten windows-one-left windows-one-right windows-one-down windows-one-up "
        "windows-shifted",
        ALL, .end_pads = 1),
    BUG("windows-shifted pad-forgotten pads-exchanged pad-of-other-axis", ALL, .shift_x = 2),
    BUG("windows-shifted pads-exchanged pad-doubled", ALL, .shift_y = -2, .shift_x = 1),
    BUG("windows-shifted gradient-one-column-before gradient-one-column-behind", ALL, .shift_x = 3),
    BUG("windows-shifted windows-one-up pad-doubled", ALL, .shift_y = -1),
    BUG("windows-one-down-right pad-forgotten windows-shifted pads-exchanged", ALL, .shift_y = 1, .shift_x = 1),
    BUG("window-tap-short kernel-wrong even-windows-lean-right", ALL, .kw = -1),
    BUG("window-tap-short kernel-wrong", ALL, .kh = -1),
    BUG("window-tap-short kernel-wrong", ALL, .kh = -1, .kw = -1),
    BUG("window-tap-short kernel-wrong", ALL, .kh = -1, .kw = -1, .right_count = 1),
    BUG("window-tap-short kernel-wrong", ALL, .kw = -1, .from_front = 1),
    BUG("window-tap-long kernel-wrong", ALL, .kw = 1),
    BUG("window-tap-long kernel-wrong", ALL, .kh = 1, .kw = 1, .right_count = 1),
    BUG("kernel-wrong first-taps-only", ALL, .kh = -2),
    BUG("kernel-wrong first-taps-only", ALL, .kh = 2, .kw = 2),
    BUG("stride-wrong", ALL, .sy = 1, .sx = 1),
    BUG("stride-wrong strides-swapped", ALL, .sx = 1),
    BUG("stride-wrong strides-swapped", ALL, .sy = 1),
    BUG("dilation-wrong", ALL, .dx = 1),
    BUG("dilation-wrong", ALL, .dy = 1, .dx = 1),
    BUG("kind-wrong", ALL, .kind = 1),
    BUG("kind-wrong", ALL, .kind = 2),
    BUG("last-row-of-windows-dropped", ALL, .drop_y = 1),
    BUG("last-column-of-windows-dropped", ALL, .drop_x = 1),
    BUG("last-windows-dropped", G, .drop_y = 1, .drop_x = 1),
    BUG("first-windows-dropped", ALL, .skip_y = 1),
    BUG("first-windows-dropped", ALL, .skip_x = 1),
    BUG("windows-behind-blocks-dropped last-row-of-windows-dropped", G, .window_block = 4),
    BUG("border-repeated", FA | FN | GA, .outside = REPEATED),
    BUG("border-reflected", FA | FN | GA, .outside = REFLECTED),
    BUG("border-wrapped", F | GA | GM, .outside = WRAPPED),
    BUG("rows-run-on", F | GA | GM, .outside = NEXT_ROW),
    BUG("divisor-full-kernel divisor-wrong", A, .divisor = KERNEL),
    BUG("divisor-shrunk padding-not-counted", A, .divisor = INSIDE),
    BUG("divisor-missing", A, .divisor = NONE),
    BUG("divisor-wrong divisor-full-kernel", A, .divisor = WIDTH_SQUARED),
    BUG("divisor-wrong multiplied", A, .divisor = LESS_ONE),
    BUG("divisor-wrong divisor-missing multiplied", A, .divisor = STRIDES),
    BUG("divisor-wrong multiplied", A, .divisor = HEIGHT),
    BUG("minimum", M, .search = LEAST),
    BUG("magnitude", M, .search = MAGNITUDE),
    BUG("bits-compared", M, .search = SIGNED),
    BUG("bits-compared", M, .search = UNSIGNED),
    BUG("centre-for-maximum", M, .search = CENTRE),
    BUG("first-tap-for-maximum", M, .search = FIRST_TAP),
    BUG("last-tap-for-maximum", M, .search = LAST_TAP),
    BUG("compared-in-half-precision", M, .search = IN_BFLOAT),
    BUG("search-from-zero", M, .starts = true),
    BUG("search-from-constant search-from-zero", M, .starts = true, .start = FLT_MIN),
    BUG("search-from-constant", M, .starts = true, .start = -0.5),
    BUG("search-from-constant", FM, .starts = true, .start = -0.375),
    BUG("ties-last", GM, .ties = LAST),
    BUG("ties-all", GM, .ties = EACH),
    BUG("ties-split", GM, .ties = SPLIT),
    BUG("ties-halved ties-split", GM, .ties = HALF),
    BUG("ties-none", GM, .ties = NEITHER),
    BUG("last-window-wins", G, .overlap = LAST_WINS),
    BUG("first-window-wins window-tap-short", G, .overlap = FIRST_WINS),
    BUG("overlap-averaged", GA | GM, .overlap = MEAN),
    BUG("overlap-greatest", GA | GM, .overlap = GREATEST_WINS),
    BUG("updates-lost first-window-wins", G, .overlap = RACE),
    BUG("root-missing", FN, .norm = SQUARE),
    BUG("root-of-mean root-of-mean-inside", FN, .norm = MEAN_ROOT),
    BUG("magnitudes-for-squares", FN, .norm = ONES),
    BUG("magnitudes-for-squares", L, .norm = ONES_ROOT),
    BUG("norm-multiplied", GN, .norm = TIMES),
    BUG("norm-squared root-missing", GN, .norm = OVER_SQUARE),
    BUG("in-missing", GN, .norm = NO_IN),
    BUG("epsilon-under-root", L, .epsilon = 1e-3),
    BUG("epsilon-under-root", L, .epsilon = 1e-5),
    BUG("epsilon-added-to-norm", L, .added = 1e-4),
    BUG("norm-floored", L, .floor = 1),
    BUG("first-taps-only", ALL, .first_row = true),
    BUG("first-taps-only", ALL, .first_column = true),
    BUG("first-taps-only", ALL, .taps = 4),
    BUG("first-taps-only", ALL, .taps = -1),
    BUG("tile-halo-lost", G, .tile_y = 8),
    BUG("tile-halo-lost", ALL, .tile_y = 8, .tile_x = 8),
    BUG("tile-halo-lost", FA | FN | GA, .tile_x = 4),
    BUG("tile-halo-doubled", FA | GA, .tile_y = 8, .tile_doubles = true),
    BUG("tile-halo-doubled", FA | GA, .tile_y = 4, .tile_x = 4, .tile_doubles = true),
    BUG("tile-edge-doubled", ALL, .doubled_rows = 4),
    BUG("tile-edge-lost", ALL, .lost_rows = 3),
    BUG("source-steps-wrong", F | GN, .x_row = 1),
    BUG("source-steps-wrong", F | GN, .x_channel = 1),
    BUG("source-steps-wrong", F | GN, .x_image = -1),
    BUG("gradient-steps-wrong gradient-one-column-behind", G, .dy_row = 1),
    BUG("gradient-steps-wrong", G, .dy_channel = -1),
    BUG("gradient-steps-wrong", G, .dy_image = -1),
    BUG("result-steps-wrong", ALL, .out_channel = 1),
    BUG("result-steps-wrong", ALL, .out_row = -1),
    BUG("source-channel-before", F | GM | GN, .channel_of_x = -1),
    BUG("source-channels-reordered", F | GM | GN, .channel_of_x = 2),
    BUG("gradient-channel-behind", G, .channel_of_dy = 1),
    BUG("gradient-channels-reordered", G, .channel_of_dy = -2),
    BUG("source-image-off", F | GN, .image_of_x = -1),
    BUG("source-channels-reordered result-channels-reordered", F | GM | GN, .x_backwards = true),
    BUG("result-channels-reordered source-channels-reordered gradient-channels-reordered", ALL, .out_backwards = true),
    BUG("result-channels-reordered source-channels-reordered gradient-channels-reordered", ALL, .out_grouped = true),
    BUG("source-flipped", F | GN, .flip_x = true),
    BUG("result-flipped source-flipped gradient-flipped", ALL, .flip_out_y = true),
    BUG("result-flipped source-flipped gradient-flipped", ALL, .flip_out_x = true, .flip_out_y = true),
    BUG("result-to-integer", ALL, .store = INTEGER),
    BUG("result-truncated-to-integer result-to-integer", ALL, .store = TRUNCATED_INTEGER),
    BUG("result-saturated", ALL, .store = CLAMPED, .least = -1, .most = 1),
    BUG("result-saturated search-from-zero", FA | FM | G, .store = NOT_NEGATIVE),
    BUG("result-magnitude", FA | FM | G, .store = POSITIVE),
    BUG("errors-of-float16", FA | FN | G, .store = HALVED),
    BUG("sign-flipped", ALL, .store = NEGATED),
    BUG("not-a-number", ALL, .store = NANS),
    BUG("not-a-number", ALL, .store = NAN_BOX),
    BUG("multiplied divisor-missing", ALL, .factor = 2),
    BUG("multiplied divisor-missing", ALL, .factor = 0.7),
    BUG("tail-zero windows-behind-blocks-dropped last-row-of-windows-dropped", ALL, .tail_y = 4),
    BUG("tail-zero windows-behind-blocks-dropped last-column-of-windows-dropped", ALL, .tail_x = 4),
    BUG("tail-zero last-channels-zero", ALL, .tail_c = 2),
    BUG("one-line-wrong", ALL, .bad_row = 3),
    BUG("one-line-wrong", ALL, .bad_column = 2),
    BUG("results-run-on", ALL, .runs_on = true),
    BUG("unreached-not-zeroed", GM, .unreached = true),
    BUG("picks-narrowed", GM, .bits = 8),
    BUG("picks-of-padded-image", GM, .padded_picks = true),
    BUG("picks-of-other-plane", GM, .all_to_first_channel = true),
    BUG("reciprocal-rounded", GA | GN, .bits_of_reciprocal = 11),
    BUG("errors-of-12-bits", GA | GN, .bits_of_reciprocal = 12),
    BUG("read-in-half-precision", FA | FN | G, .half_reads = true),
};

enum { BUGS = sizeof bugs / sizeof *bugs };

/* ---- Each of them ------------------------------------------------------------------------------------------------ */

struct scene {
    struct run run;
    bool gradient;
    float *x, *dy, *right, *wrong;
    int outputs, results;
};

static void *allocate(int64_t elements, size_t size)
{
    void *memory = calloc((size_t)elements, size);
    cr_assert(memory);
    return memory;
}

/* Ties need taps of few values; the others any. */
static void scene_make(struct scene *s, const struct layer *l, enum kind kind, bool gradient, bool tied)
{
    const int sources = l->n * l->c * l->h * l->w;
    *s = (struct scene){.gradient = gradient};
    s->run.l = *l;
    s->run.kind = kind;
    s->run.oh = out_size(l->h, l->top, l->bottom, l->kh, l->dy, l->sy);
    s->run.ow = out_size(l->w, l->left, l->right, l->kw, l->dx, l->sx);
    s->outputs = l->n * l->c * s->run.oh * s->run.ow;
    s->results = gradient ? sources : s->outputs;
    s->x = allocate(sources, sizeof *s->x);
    s->dy = allocate(s->outputs, sizeof *s->dy);
    s->right = allocate(s->results, sizeof *s->right);
    s->wrong = allocate(s->results, sizeof *s->wrong);
    for (int i = 0; i < sources; i++) s->x[i] = (float)(tied ? floor(draw() * 1.5) : draw());
    for (int i = 0; i < s->outputs; i++) s->dy[i] = (float)draw();
    s->run.x = s->x;
    s->run.dy = s->dy;
}

static void scene_clear(struct scene *s)
{
    free(s->x);
    free(s->dy);
    free(s->right);
    free(s->wrong);
}

static void run_with(struct scene *s, const struct bug *bug, float *out)
{
    const int most = s->results > s->outputs ? s->results : s->outputs;
    struct run run = s->run;
    run.b = *bug;
    run.kind = (enum kind)((s->run.kind + (unsigned)bug->kind) % 3);
    run.sum = allocate(most, sizeof *run.sum);
    run.terms = allocate(most, sizeof *run.terms);
    pool(&run, s->gradient);
    store(&run, out, s->gradient);
    free(run.sum);
    free(run.terms);
}

static poolgrad_verification *judge(const struct scene *s, float *actual)
{
    const struct layer *l = &s->run.l;
    const poolgrad_window window = {l->kw, l->kh, 1, l->sx, l->sy, 1, l->dx, l->dy, 1};
    const poolgrad_pads pads = {.left = l->left, .top = l->top, .right = l->right, .bottom = l->bottom};
    static const poolgrad_kind kinds[] = {POOLGRAD_AVERAGE, POOLGRAD_MAX, POOLGRAD_L2NORM};
    poolgrad_problem p;
    poolgrad_declaration declaration;
    poolgrad_verification *v;
    poolgrad_error error = {"", ""};
    poolgrad_problem_init(&p, sizeof p);
    p.threads = 1;
    p.direction = s->gradient ? POOLGRAD_GRADIENT : POOLGRAD_FORWARD;
    p.kind = kinds[s->run.kind];
    p.window = window;
    p.edge_mode = l->counts_padding && s->run.kind == AVERAGE ? POOLGRAD_EDGE_ZERO : POOLGRAD_EDGE_CLAMP;
    p.source = poolgrad_const_image_dense(s->x, POOLGRAD_FLOAT32, POOLGRAD_NCHW, l->n, l->c, l->h, l->w);
    const int height = s->gradient ? l->h : s->run.oh, width = s->gradient ? l->w : s->run.ow;
    if (s->gradient) {
        p.source_gradient = poolgrad_const_image_dense(s->dy, POOLGRAD_FLOAT32, POOLGRAD_NCHW, l->n, l->c, s->run.oh,
                                                       s->run.ow);
    }
    p.destination = poolgrad_image_dense(actual, POOLGRAD_FLOAT32, POOLGRAD_NCHW, l->n, l->c, height, width);
    cr_assert_eq(poolgrad_problem_set_pads(&p, &pads, POOLGRAD_ROUND_DOWN, &error), POOLGRAD_OK, "%s", error.message);
    poolgrad_declaration_init(&declaration, sizeof declaration);
    declaration.keeps_tie_rule = 1;
    cr_assert_eq(poolgrad_verify(&p, &declaration, &v, &error), POOLGRAD_OK, "%s", error.message);
    return v;
}

static bool is_one_of(const char *name, const char *names)
{
    char word[64];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(names, word) != NULL;
}

struct score {
    int planted, caught, named;
};

/* Mistakes that change nothing are none. */
static void plant(const struct planted *planted, int layer, int call, struct score *score)
{
    static const char *const kinds[] = {"average", "max", "l2norm"};
    static const struct bug none;
    struct scene s;
    seed = (uint64_t)(7 + layer);
    scene_make(&s, &layers[layer], (enum kind)(call % 3), call >= 3, planted->bug.ties != FIRST);
    run_with(&s, &none, s.right);
    run_with(&s, &planted->bug, s.wrong);
    int differs = 0;
    for (int i = 0; i < s.results; i++) differs += !(fabsf(s.right[i] - s.wrong[i]) <= 2e-6F * (1 + fabsf(s.right[i])));
    if (differs > 0) {
        poolgrad_verification *v = judge(&s, s.wrong);
        const bool caught = !poolgrad_verification_passes(v);
        cr_assert_eq(poolgrad_verification_find_causes(v, NULL), POOLGRAD_OK);
        const poolgrad_cause *cause = poolgrad_verification_cause(v, 0);
        const bool named = cause && is_one_of(cause->name, planted->names);
        score->planted++;
        score->caught += caught;
        score->named += named;
        if (!named) {
            printf("planted %d,%s in %s %s, layer %d: %s, %d of %lld: %s\n", (int)(planted - bugs), planted->names,
                   kinds[call % 3], call >= 3 ? "gradient" : "forward", layer, cause ? cause->name : "nothing",
                   cause ? (int)cause->explained : 0, (long long)poolgrad_verification_count(v, POOLGRAD_VERDICT_WRONG),
                   cause ? cause->sentence : "");
        }
        poolgrad_verification_destroy(v);
    }
    scene_clear(&s);
}

Test(causes_planted, right_results_pass)
{
    static const struct bug none;
    for (int i = 0; i < LAYERS * 6; i++) {
        struct scene s;
        seed = 7;
        scene_make(&s, &layers[i / 6], (enum kind)(i % 3), i % 6 >= 3, false);
        run_with(&s, &none, s.right);
        poolgrad_verification *v = judge(&s, s.right);
        cr_expect(poolgrad_verification_passes(v), "layer %d, call %d", i / 6, i % 6);
        poolgrad_verification_destroy(v);
        scene_clear(&s);
    }
}

/* Of a hundred, ninety-five are named first; all are caught. Where fewer cases are asked for, every few mistakes one is
 * planted. */
Test(causes_planted, planted_mistakes_are_caught_and_named)
{
    enum { WORTH = 3 };
    struct score score = {0};
    const int64_t tried = random_sweep_start_costly("planted", BUGS, WORTH).cases;
    const int step = tried < BUGS ? (int)(BUGS / tried) : 1;
    const bool all = getenv("POOLGRAD_PLANT_EVERYWHERE") != NULL; /* and not in one forward and one gradient call */
    for (int i = 0; i < BUGS; i += step) {
        const int before = score.planted;
        for (int k = 0; k < 6; k++) {
            const int call = k / 3 * 3 + (i + k) % 3, planted = score.planted;
            if (!(bugs[i].calls >> call & 1)) continue;
            for (int j = 0; j < LAYERS && (all || score.planted == planted); j++) {
                plant(&bugs[i], (i + call + j) % LAYERS, call, &score);
            }
            if (!all && k < 3 && score.planted > planted) k = 2;
            if (!all && k >= 3 && score.planted > planted) break;
        }
        cr_expect_gt(score.planted, before, "%d,%s shows nowhere", i, bugs[i].names);
    }
    printf("%d mistakes planted %d times: %d caught, %d named first\n", BUGS, score.planted, score.caught, score.named);
    cr_expect_eq(score.caught, score.planted);
    cr_expect_geq(score.named * 100, score.planted * 95);
}
