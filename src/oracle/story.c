/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations: whose, of what, and what is said of the result. */
#include "oracle/story.h"

#include <inttypes.h>
#include <stdio.h>

#include "image/format.h"
#include "image/image.h"
#include "oracle/environment.h"
#include "pooling/problem.h"
#include "pooling/resolve.h"

enum { AXES = 5 }; /* n, c, z, y, x */

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

static poolgrad_status check_place(const poolgrad_const_image *image, const int64_t at[AXES], poolgrad_error *error)
{
    static const char *const names[AXES] = {"n", "c", "z", "y", "x"};
    static const char *const nouns[AXES] = {"an image", "a channel", "a layer", "a row", "a column"};
    const int64_t sizes[AXES] = {image->images, image->channels, image->depth, image->height, image->width};
    for (int i = 0; i < AXES; i++) {
        if (at[i] >= 0 && at[i] < sizes[i]) continue;
        if (sizes[i] == 0) {
            return poolgrad_refuse(error, names[i], "is %" PRId64 "; expected a destination that has %s", at[i],
                                   nouns[i]);
        }
        return poolgrad_refuse(error, names[i], "is %" PRId64 "; expected 0 to %" PRId64 ", %s of the destination",
                               at[i], sizes[i] - 1, nouns[i]);
    }
    return POOLGRAD_OK;
}

/* ---- Judging ----------------------------------------------------------------------------------------------------- */

/* One channel of one image. */
static poolgrad_const_image volume_of(const poolgrad_const_image *image, int64_t n, int64_t c)
{
    poolgrad_const_image volume = *image;
    if (image->data && !poolgrad_image_is_empty(image)) volume.data = poolgrad_const_image_at(image, n, c, 0, 0, 0);
    volume.layout = POOLGRAD_NCHW;
    volume.images = volume.channels = 1;
    return volume;
}

/* The element's volume by itself: what the others hold plays no part in its verdict, and nobody judges the picks that a
 * forward call writes. */
static struct poolgrad_geometry geometry_of_volume(const struct poolgrad_story *story)
{
    struct poolgrad_geometry g = story->geometry;
    const int64_t n = story->n, c = story->c;
    const bool is_written = poolgrad_range_holds(g.images, n) && poolgrad_range_holds(g.channels, c);
    g.images = g.channels = (struct poolgrad_range){0, is_written};
    g.pooled_images = is_written && story->is_pooled;
    g.held = volume_of(&g.held, n, c);
    g.destination.data = poolgrad_image_at(&g.destination, n, c, 0, 0, 0);
    g.destination.layout = POOLGRAD_NCHW;
    g.destination.images = g.destination.channels = 1;
    if (g.pooled_images) {
        g.source = volume_of(&g.source, n + g.source_image, c + g.source_channel);
        g.source_gradient = volume_of(&g.source_gradient, n + g.gradient_image, c + g.gradient_channel);
        g.indices = volume_of(&g.indices, n + g.gradient_image, c + g.gradient_channel);
    }
    g.with_picks = false;
    g.source_image = g.source_channel = g.gradient_image = g.gradient_channel = 0;
    return g;
}

/* Among the worst elements of the verification; null where it is not. */
static const poolgrad_finding *find_finding(const struct poolgrad_story_judged *judged, struct poolgrad_pixel at)
{
    for (int64_t i = 0; i < poolgrad_verification_finding_count(judged->v); i++) {
        const poolgrad_finding *f = poolgrad_verification_finding(judged->v, i);
        const struct poolgrad_pixel pixel = {f->z, f->y, f->x};
        if (f->n == judged->n && f->c == judged->c && poolgrad_same_pixel(pixel, at)) return f;
    }
    return NULL;
}

/* Verifies the element's volume by itself. *before is what the destination was, of all volumes. */
static poolgrad_status judge(const poolgrad_problem *problem, const poolgrad_declaration *declaration,
                             const struct poolgrad_story *story, struct poolgrad_verification *v,
                             poolgrad_const_image *before, poolgrad_error *error)
{
    poolgrad_declaration known;
    poolgrad_status status = poolgrad_read_declaration(declaration, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_verification_begin(problem, &story->geometry, &known, v, error);
    if (status != POOLGRAD_OK) return status;
    *before = v->before;
    v->geometry = geometry_of_volume(story);
    if (v->before.data) v->before = volume_of(&v->before, story->n, story->c);
    return poolgrad_verification_judge(v, error);
}

/* ---- The result -------------------------------------------------------------------------------------------------- */

/* docs/numerics.md N76, of this element alone: its pixel is all that is written, to `element`. */
static bool compute_exactly(const struct poolgrad_story *story, double *value)
{
    const poolgrad_format format = story->geometry.destination.format;
    unsigned char element[sizeof(double)];
    struct poolgrad_exact exact = {.geometry = story->geometry, .precision = poolgrad_precision_of(format)};
    struct poolgrad_geometry *g = &exact.geometry;
    const struct poolgrad_pixel at = story->at;
    const struct poolgrad_band band = {story->n, story->c, {at.z, at.z + 1}, {at.y, at.y + 1}};
    g->layers = band.layers;
    g->rows = band.rows;
    g->columns = (struct poolgrad_range){at.x, at.x + 1};
    g->destination = (poolgrad_image){.data = element, .format = format, .layout = POOLGRAD_NCHW};
    poolgrad_store(format, element, story->before);
    g->with_picks = false;
    if (!(g->direction == POOLGRAD_FORWARD ? poolgrad_exact_forward(&exact, &band)
                                           : poolgrad_exact_gradient(&exact, &band))) {
        return false;
    }
    *value = poolgrad_load(format, element);
    return true;
}

/* docs/numerics.md N40, N58: what `value` becomes in the destination. */
static double tell_store(struct poolgrad_story *story, double value)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const poolgrad_format format = g->destination.format, accumulator = poolgrad_story_accumulator(story);
    unsigned char element[sizeof(double)];
    if (g->add_to_destination) {
        const double sum = g->kind == POOLGRAD_L2NORM ? story->before + value : poolgrad_sum(g, story->before, value);
        poolgrad_story_say(story, 0, "Added to what the destination holds: %s + %s = %s (N40).",
                           poolgrad_digits_of(story->before, format).text, poolgrad_digits_of(value, accumulator).text,
                           poolgrad_word_of(sum, accumulator).text);
        value = sum;
    }
    poolgrad_store(format, element, value);
    const double stored = poolgrad_load(format, element);
    poolgrad_story_say(story, 0, "Result: %s, stored as %s (N58, N59%s).", poolgrad_word_of(stored, format).text,
                       poolgrad_format_name(format), stored != stored ? ", N68" : "");
    return stored;
}

static bool tell_result(struct poolgrad_story *story, double *stored)
{
    const poolgrad_format format = story->geometry.destination.format;
    const bool forward = story->geometry.direction == POOLGRAD_FORWARD;
    double exact;
    *stored = tell_store(story, forward ? poolgrad_story_forward(story) : poolgrad_story_gradient(story));
    if (!compute_exactly(story, &exact)) return false;
    poolgrad_story_say(story, 0, "The formula's value, rounded once: %s (N76).", poolgrad_word_of(exact, format).text);
    const int64_t ulps = poolgrad_ulps_between(format, exact, *stored);
    if (ulps != INT64_MAX) poolgrad_story_say(story, 2, "From it to the result: %" PRId64 " ulps.", ulps);
    return true;
}

/* "Forward average", "Gradient of max". */
static struct poolgrad_word call_of(const struct poolgrad_geometry *g)
{
    static const char *const kinds[] = {"average", "max", "L2-norm"};
    struct poolgrad_word word;
    const bool forward = g->direction == POOLGRAD_FORWARD;
    snprintf(word.text, sizeof word.text, "%s %s", forward ? "Forward" : "Gradient of",
             g->root_mean ? "root of the mean square" : kinds[g->kind]);
    if (forward && g->with_indices) snprintf(word.text, sizeof word.text, "Gather at given picks");
    return word;
}

/* 0 stands for a table. */
static int64_t unless_table(const struct poolgrad_axis *axis, int64_t number)
{
    return axis->table ? 0 : number;
}

static void tell_problem(struct poolgrad_story *story)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_axis *x = &g->x, *y = &g->y, *z = &g->z;
    poolgrad_story_say(
        story, 0, "%s, kernel %s, stride %s, dilation %s, edge mode %s", call_of(g).text,
        poolgrad_steps_of(story, unless_table(x, x->kernel), unless_table(y, y->kernel), unless_table(z, z->kernel))
            .text,
        poolgrad_steps_of(story, unless_table(x, x->stride), unless_table(y, y->stride), unless_table(z, z->stride))
            .text,
        poolgrad_sizes_of(story, x->dilation, y->dilation, z->dilation).text,
        g->edge_mode == POOLGRAD_EDGE_ZERO ? "zero" : "clamp");
    poolgrad_story_say(story, 0, "Destination: image %" PRId64 ", channel %" PRId64 ", %s", story->n, story->c,
                       poolgrad_place_of(story, story->at).text);
}

static bool tell(struct poolgrad_story *story, const struct poolgrad_story_judged *judged)
{
    const struct poolgrad_geometry *g = &story->geometry;
    double stored = 0;
    tell_problem(story);
    const struct poolgrad_area written = poolgrad_written_area(g);
    const bool in_clip = poolgrad_range_holds(g->images, story->n) && poolgrad_area_holds(&written, story->at);
    if (in_clip && poolgrad_range_holds(g->channels, story->c)) {
        return tell_result(story, &stored) && poolgrad_story_tell_output(story, judged, &stored);
    }
    poolgrad_story_say(story, 0, "It is not written and keeps its bytes: %s.",
                       in_clip ? "no channel of the sources goes there (N46)"
                               : "it lies outside the clip rectangle (N41)");
    return poolgrad_story_tell_output(story, judged, NULL);
}

/* ---- All of it --------------------------------------------------------------------------------------------------- */

static void set_place(struct poolgrad_story *story, const poolgrad_problem *problem, const int64_t at[AXES])
{
    const struct poolgrad_geometry *g = &story->geometry;
    story->n = at[0];
    story->c = at[1];
    story->at = (struct poolgrad_pixel){at[2], at[3], at[4]};
    story->has_depth = !poolgrad_axis_is_flat(&g->z) || g->held.depth > 1 || g->source_gradient.depth > 1;
    story->is_pooled = poolgrad_range_holds(g->images, at[0]) && at[0] - g->images.begin < g->pooled_images;
    story->is_clipped = problem->mapping == POOLGRAD_MAPPING_CLIP;
}

/* The whole text; `before` is what the destination held. */
static poolgrad_status write_story(struct poolgrad_story *story, const struct poolgrad_story_judged *judged,
                                   const poolgrad_const_image *before, char *text, size_t size, size_t *length,
                                   poolgrad_error *error)
{
    if (story->geometry.add_to_destination) story->before = poolgrad_load_pixel(before, story->n, story->c, story->at);
    const struct poolgrad_environment environment = poolgrad_environment_enter();
    poolgrad_text_begin(&story->text, text, size);
    poolgrad_scratch_init(&story->scratch);
    const bool told = tell(story, judged);
    poolgrad_scratch_clear(&story->scratch);
    poolgrad_environment_leave(&environment);
    if (!told) return poolgrad_refuse_memory(error, "explanation");
    *length = story->text.length;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_explain(const poolgrad_problem *problem, const poolgrad_declaration *declaration, int64_t n,
                                 int64_t c, int64_t z, int64_t y, int64_t x, char *text, size_t size, size_t *length,
                                 poolgrad_error *error)
{
    const int64_t at[AXES] = {n, c, z, y, x};
    struct poolgrad_story story = {0};
    struct poolgrad_verification v = {.units = NULL};
    struct poolgrad_story_judged judged = {.v = NULL};
    poolgrad_problem known;
    poolgrad_status status = poolgrad_read_problem(problem, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_resolve(&known, &story.geometry, error);
    if (status == POOLGRAD_OK) status = poolgrad_resolve_indices(&story.geometry, error);
    if (status == POOLGRAD_OK) status = check_place(&story.geometry.held, at, error);
    if (status != POOLGRAD_OK) return status;
    set_place(&story, &known, at);
    poolgrad_const_image before = story.geometry.held;
    if (declaration) {
        status = judge(&known, declaration, &story, &v, &before, error);
        judged.v = &v;
        if (status == POOLGRAD_OK) judged.finding = find_finding(&judged, story.at);
    }
    if (status == POOLGRAD_OK) status = write_story(&story, &judged, &before, text, size, length, error);
    poolgrad_verification_end(&v);
    return status;
}

poolgrad_status poolgrad_verification_explain(const poolgrad_verification *v, int64_t n, int64_t c, int64_t z,
                                              int64_t y, int64_t x, char *text, size_t size, size_t *length,
                                              poolgrad_error *error)
{
    const int64_t at[AXES] = {n, c, z, y, x};
    struct poolgrad_story story = {.geometry = v->geometry};
    struct poolgrad_story_judged judged = {.v = v, .n = n, .c = c};
    const poolgrad_status status = check_place(&v->geometry.held, at, error);
    if (status != POOLGRAD_OK) return status;
    set_place(&story, &v->problem, at);
    judged.finding = find_finding(&judged, story.at);
    return write_story(&story, &judged, &v->before, text, size, length, error);
}
