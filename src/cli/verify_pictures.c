/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of planes: each element's verdict and its distance from the reference; and how often which distance is. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/integer.h"
#include "cli/picture.h"
#include "cli/verify_page.h"

enum {
    PLANES = 12,      /* that are drawn, */
    OPEN = 4,         /* and shown at once */
    LARGEST = 1024,   /* picture, in elements along an axis; a place stands for several where there are more */
    SHOWN = 320,      /* width in a page, about */
    THINNEST = 12,    /* as it is shown */
    NOT_FINITE = 255, /* place in the table of distances */
    GREATEST = 254
};

/* Told apart by the colour-blind, too, on light and dark ground (after Okabe and Ito). */
const unsigned char poolgrad_verdict_colors[POOLGRAD_VERDICTS][3] = {{136, 136, 136}, {86, 180, 233}, {0, 114, 178},
                                                                     {0, 158, 115},   {240, 228, 66}, {230, 159, 0},
                                                                     {204, 121, 167}, {213, 60, 0}};

/* ---- Distances --------------------------------------------------------------------------------------------------- */

/* Where a finite number stands among all of its format, 0 at 0. */
static int64_t rank_of(poolgrad_format format, double value)
{
    const int64_t magnitude = (int64_t)poolgrad_number_bits(format, fabs(value));
    return value < 0 ? -magnitude : magnitude;
}

/* How many numbers of the format it is from a to b; INT64_MAX where one is not finite and they differ. */
static int64_t numbers_between(poolgrad_format format, double a, double b)
{
    if (a == b || (isnan(a) && isnan(b))) return 0;
    if (!isfinite(a) || !isfinite(b)) return INT64_MAX;
    const int64_t low = rank_of(format, fmin(a, b)), high = rank_of(format, fmax(a, b));
    return low < 0 && high >= INT64_MAX + low ? INT64_MAX - 1 : high - low;
}

static int64_t distance_at(const struct verify *verify, int64_t n, int64_t c, int64_t z, int64_t y, int64_t x)
{
    const poolgrad_image *actual = &verify->actual.image;
    const poolgrad_const_image *expected = poolgrad_verification_expected(verify->verification);
    return numbers_between(actual->format, poolgrad_const_image_get(expected, n, c, z, y, x),
                           poolgrad_image_get(actual, n, c, z, y, x));
}

/* 0, 1, 2 to 3, 4 to 7 and so on; the last one: not finite. */
enum { BUCKETS = 66 };

static int bucket_of(int64_t distance)
{
    int bucket = 0;
    if (distance == INT64_MAX) return BUCKETS - 1;
    for (uint64_t rest = (uint64_t)distance; rest != 0; rest >>= 1) bucket++;
    return bucket;
}

/* ---- One plane --------------------------------------------------------------------------------------------------- */

/* One layer of a channel, and how many of its elements are wrong, and are not equal. */
struct plane {
    int64_t n, c, z, wrong, unequal;
};

struct picture {
    unsigned char *verdicts, *distances;
    int width, height;
    int64_t step; /* elements along an axis of one place */
};

static void mark(const struct verify *verify, const struct plane *plane, int64_t y, int64_t x, struct picture *picture)
{
    const int64_t n = plane->n, c = plane->c, z = plane->z;
    const int64_t place = y / picture->step * picture->width + x / picture->step;
    const poolgrad_verdict verdict = poolgrad_verification_at(verify->verification, n, c, z, y, x);
    if ((int)verdict > picture->verdicts[place]) picture->verdicts[place] = (unsigned char)verdict;
    if (verdict <= POOLGRAD_VERDICT_EQUAL) return;
    const int bits = 8 * (int)poolgrad_format_size(verify->actual.image.format);
    const int bucket = bucket_of(distance_at(verify, n, c, z, y, x));
    const int level = bucket == BUCKETS - 1 ? NOT_FINITE : bucket * GREATEST / bits;
    if (level > picture->distances[place]) picture->distances[place] = (unsigned char)level;
}

static void color_distances(unsigned char colors[PICTURE_COLORS][3])
{
    static const double stops[][3] = {{13, 8, 60}, {84, 39, 143}, {190, 54, 100}, {250, 140, 40}, {252, 240, 160}};
    enum { LAST = 4 };
    for (int i = 0; i < NOT_FINITE; i++) {
        /* Half of a format's distances are rare: the scale is steeper for small ones. */
        const double place = (double)LAST * sqrt((double)i / (double)GREATEST);
        const int k = place >= (double)LAST ? LAST - 1 : (int)place;
        for (int channel = 0; channel < 3; channel++) {
            const double value = stops[k][channel] + (place - k) * (stops[k + 1][channel] - stops[k][channel]);
            colors[i][channel] = (unsigned char)value;
        }
    }
    colors[NOT_FINITE][0] = 0;
    colors[NOT_FINITE][1] = 220;
    colors[NOT_FINITE][2] = 220;
}

/* As wide and as high as it is shown: of a line, thick enough to be seen. */
static bool write_image(const struct picture *picture, const unsigned char *places,
                        const unsigned char colors[PICTURE_COLORS][3], const char *title, FILE *file)
{
    const int longer = picture->width > picture->height ? picture->width : picture->height;
    const int64_t scale = longer < SHOWN ? SHOWN / longer : 1;
    const int width = (int)poolgrad_max(picture->width * scale, THINNEST);
    const int height = (int)poolgrad_max(picture->height * scale, THINNEST);
    fprintf(file, "<img alt=\"%s\" style=\"width:%dpx;aspect-ratio:%d/%d\" data-step=\"%" PRId64 "\" src=\"", title,
            width, width, height, picture->step);
    const bool done = poolgrad_picture_write(places, picture->width, picture->height, colors, file);
    fprintf(file, "\">");
    return done;
}

/* What the colours of distances mean. */
static void write_scale(poolgrad_format format, FILE *file)
{
    fprintf(file,
            "<div class=\"scale\"></div><div class=\"ends\"><span>0</span><span>2^%d ulps</span></div><span "
            "class=\"swatch\" style=\"background:#00dcdc\"></span>not finite",
            8 * (int)poolgrad_format_size(format));
}

static bool write_pictures(const struct picture *picture, poolgrad_format format, FILE *file)
{
    unsigned char verdict_colors[PICTURE_COLORS][3] = {{0}}, distance_colors[PICTURE_COLORS][3] = {{0}};
    for (int i = 0; i < 3 * POOLGRAD_VERDICTS; i++)
        verdict_colors[i / 3][i % 3] = poolgrad_verdict_colors[i / 3][i % 3];
    color_distances(distance_colors);
    fprintf(file, "<div class=\"row\">\n<figure>");
    bool done = write_image(picture, picture->verdicts, verdict_colors, "Verdicts", file);
    fprintf(file, "<figcaption>Verdicts</figcaption></figure>\n<figure>");
    done = done && write_image(picture, picture->distances, distance_colors, "Distance from the reference", file);
    fprintf(file, "<figcaption>Distance from the reference");
    write_scale(format, file);
    fprintf(file, "</figcaption></figure>\n</div>\n");
    return done;
}

static bool write_plane(const struct verify *verify, const struct plane *plane, FILE *file)
{
    const poolgrad_image *actual = &verify->actual.image;
    struct picture picture = {.step = poolgrad_ceiling_divide(poolgrad_max(actual->width, actual->height), LARGEST)};
    picture.width = (int)poolgrad_ceiling_divide(actual->width, picture.step);
    picture.height = (int)poolgrad_ceiling_divide(actual->height, picture.step);
    const size_t places = (size_t)picture.width * (size_t)picture.height;
    picture.verdicts = calloc(places, 1);
    picture.distances = calloc(places, 1);
    bool done = picture.verdicts && picture.distances;
    for (int64_t y = 0; done && y < actual->height; y++) {
        for (int64_t x = 0; x < actual->width; x++) mark(verify, plane, y, x, &picture);
    }
    fprintf(file, "<section><h3>Image %" PRId64 ", channel %" PRId64, plane->n, plane->c);
    if (actual->depth > 1) fprintf(file, ", depth %" PRId64, plane->z);
    fprintf(file, ": %" PRId64 " wrong</h3>\n", plane->wrong);
    done = done && write_pictures(&picture, actual->format, file);
    fprintf(file, "</section>\n");
    free(picture.verdicts);
    free(picture.distances);
    return done;
}

/* ---- The planes -------------------------------------------------------------------------------------------------- */

static int worst_first(const void *a, const void *b)
{
    const struct plane *p = a, *q = b;
    if (p->wrong != q->wrong) return p->wrong > q->wrong ? -1 : 1;
    if (p->unequal != q->unequal) return p->unequal > q->unequal ? -1 : 1;
    if (p->n != q->n) return p->n < q->n ? -1 : 1;
    if (p->c != q->c) return p->c < q->c ? -1 : 1;
    return (p->z > q->z) - (p->z < q->z);
}

static void count(const struct verify *verify, struct plane *plane)
{
    const poolgrad_image *actual = &verify->actual.image;
    for (int64_t y = 0; y < actual->height; y++) {
        for (int64_t x = 0; x < actual->width; x++) {
            const poolgrad_verdict verdict = poolgrad_verification_at(verify->verification, plane->n, plane->c,
                                                                      plane->z, y, x);
            plane->wrong += verdict == POOLGRAD_VERDICT_WRONG;
            plane->unequal += verdict > POOLGRAD_VERDICT_EQUAL;
        }
    }
}

/* The first few; the others once they are asked for. Of layers that are equal one is enough. */
static bool write_planes(const struct verify *verify, const struct plane *list, int64_t count, FILE *file)
{
    const bool has_layers = verify->actual.image.depth > 1;
    bool done = true, folded = false;
    fprintf(file, "<div class=\"planes\">\n");
    for (int64_t i = 0; done && i < count; i++) {
        if (i > 0 && has_layers && list[i].unequal == 0) continue;
        if (i >= OPEN && !folded)
            fprintf(file, "</div>\n<details><summary>Further planes</summary>\n<div class=\"planes\">\n");
        folded = i >= OPEN;
        done = write_plane(verify, &list[i], file);
    }
    fprintf(file, folded ? "</div></details>\n" : "</div>\n");
    return done;
}

bool poolgrad_page_planes(const struct verify *verify, FILE *file)
{
    const poolgrad_image *actual = &verify->actual.image;
    const int64_t depth = poolgrad_max(actual->depth, 1), planes = actual->images * actual->channels * depth;
    if (planes == 0 || actual->width == 0 || actual->height == 0) return true;
    struct plane *list = calloc((size_t)planes, sizeof *list);
    if (!list) return false;
    for (int64_t i = 0; i < planes; i++) {
        list[i].n = i / depth / actual->channels;
        list[i].c = i / depth % actual->channels;
        list[i].z = i % depth;
        count(verify, &list[i]);
    }
    qsort(list, (size_t)planes, sizeof *list, worst_first);
    fprintf(file, "<h2>Planes</h2>\n<p>");
    if (planes > PLANES)
        fprintf(file, "The %d of %" PRId64 " with the most wrong elements", (int)PLANES, planes);
    else
        fprintf(file, "Those with the most wrong elements first");
    fprintf(file, ". Point at a picture for the row and column.</p>\n");
    const bool done = write_planes(verify, list, poolgrad_min(planes, PLANES), file);
    free(list);
    return done;
}

/* ---- The histogram ----------------------------------------------------------------------------------------------- */

static void bar(int bucket, int64_t elements, int64_t most, FILE *file)
{
    enum { LONGEST = 75 }; /* percent; the number stands behind it */
    const double length = (double)LONGEST * log1p((double)elements) / log1p((double)most);
    fprintf(file, "<span class=\"n\">");
    if (bucket == BUCKETS - 1)
        fprintf(file, "not finite");
    else if (bucket < 2)
        fprintf(file, "%d", bucket);
    else
        fprintf(file, "2^%d to 2^%d - 1", bucket - 1, bucket);
    fprintf(file, "</span><span><i style=\"width:%.1f%%\"></i>%" PRId64 "</span>\n", length, elements);
}

static void count_distances(const struct verify *verify, int64_t n, int64_t c, int64_t buckets[BUCKETS])
{
    const poolgrad_image *actual = &verify->actual.image;
    for (int64_t z = 0; z < poolgrad_max(actual->depth, 1); z++) {
        for (int64_t y = 0; y < actual->height; y++) {
            for (int64_t x = 0; x < actual->width; x++) {
                if (poolgrad_verification_at(verify->verification, n, c, z, y, x) == POOLGRAD_VERDICT_NONE) continue;
                buckets[bucket_of(distance_at(verify, n, c, z, y, x))]++;
            }
        }
    }
}

void poolgrad_page_histogram(const struct verify *verify, FILE *file)
{
    const poolgrad_image *actual = &verify->actual.image;
    int64_t buckets[BUCKETS] = {0}, most = 1;
    for (int64_t n = 0; n < actual->images; n++) {
        for (int64_t c = 0; c < actual->channels; c++) {
            count_distances(verify, n, c, buckets);
        }
    }
    for (int i = 0; i < BUCKETS; i++) most = poolgrad_max(most, buckets[i]);
    fprintf(file,
            "<h2>Distance from the reference</h2>\n<p>In units in the last place of %s; lengths are "
            "logarithmic.</p>\n<div class=\"bars\" role=\"img\" aria-label=\"histogram\">\n",
            poolgrad_format_name(actual->format));
    for (int i = 0; i < BUCKETS; i++) {
        if (buckets[i] > 0) bar(i, buckets[i], most, file);
    }
    fprintf(file, "</div>\n");
}
