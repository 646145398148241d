/* SPDX-License-Identifier: Apache-2.0 */
/* explain: files to problem, one element's story. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/axis_options.h"
#include "cli/commands.h"
#include "cli/setup.h"
#include "cli/verify.h"

enum {
    PLACE = 2,     /* image and channel; one more for each axis */
    FINDINGS = 100 /* of the element's plane, so that the element is among them unless much is wrong */
};

/* All that is held, so that it is released in one place. */
struct explanation {
    struct verify judged;             /* its inputs, and what it is judged by, where there is an output */
    struct tensor destination, picks; /* of a result that is not there */
    char *text;
};

static void release(struct explanation *e)
{
    poolgrad_verify_free(&e->judged);
    poolgrad_tensor_free(&e->destination);
    poolgrad_tensor_free(&e->picks);
    free(e->text);
}

static int check_place(const struct options *options)
{
    if (poolgrad_given(options, OPTION_AT) || poolgrad_given(options, OPTION_ACTUAL)) return 0;
    return poolgrad_fail(options, "--at is missing; expected --at %s, or --actual, whose worst element it is then",
                         poolgrad_options[OPTION_AT].argument);
}

/* A number for each axis of the output; more are 0. */
static int find_place(const struct options *options, const poolgrad_problem *p, int64_t place[PLACE + AXES])
{
    static const char *const names[] = {"", "column", "row and column", "depth, row and column"};
    const int64_t *at = options->value[OPTION_AT].integers;
    const int count = (int)options->value[OPTION_AT].number, axes = poolgrad_count_axes(options, p);
    if (count < PLACE + axes || count > PLACE + AXES) {
        return poolgrad_fail(options, "--at has %d numbers; expected %d: image, channel, %s", count, PLACE + axes,
                             names[axes]);
    }
    for (int i = 0; i < PLACE + AXES; i++) {
        const int behind = i - (PLACE + AXES - count); /* the last number is the column */
        place[i] = i < PLACE ? at[i] : behind >= PLACE ? at[behind] : 0;
    }
    return 0;
}

/* Options about an output that is judged, without one; or about one that is made, beside it. */
static int check_output(const struct options *options)
{
    static const enum option judging[] = {
        OPTION_BEFORE,     OPTION_ACTUAL_FORMAT, OPTION_COMPUTED_IN,   OPTION_DIVISION,     OPTION_FUSION,
        OPTION_SUBNORMALS, OPTION_CHAIN,         OPTION_STORED_IN,     OPTION_AVERAGES,     OPTION_COMPOSED,
        OPTION_NORMS,      OPTION_DIGITS,        OPTION_KEEP_TIE_RULE, OPTION_KEEP_NAN_RULE};
    const bool judges = poolgrad_given(options, OPTION_ACTUAL);
    for (size_t i = 0; !judges && i < sizeof judging / sizeof *judging; i++) {
        if (!poolgrad_given(options, judging[i])) continue;
        return poolgrad_fail(options, "--%s is about an output that is judged; expected --actual with it",
                             poolgrad_options[judging[i]].name);
    }
    if (!judges || !poolgrad_given(options, OPTION_FORMAT)) return 0;
    return poolgrad_fail(options, "--format is given beside --actual; expected one of them");
}

/* A case has a result's memory with what it was before. */
static int read_case(const struct options *options, struct explanation *e)
{
    const int status = poolgrad_verify_read_case(options, &e->judged);
    e->judged.inputs.problem.destination = e->judged.before.image;
    return status;
}

/* A result that is not there: its memory is asked for, but only what it is added to is looked at. */
static int read_problem(const struct options *options, struct explanation *e)
{
    static const enum option required[] = {OPTION_SOURCE};
    const bool gradient = poolgrad_is_gradient(options);
    struct inputs *inputs = &e->judged.inputs;
    if (poolgrad_given(options, OPTION_CASE)) return read_case(options, e);
    int status = poolgrad_check_direction(options);
    if (status == 0) status = poolgrad_setup_required(options, required, gradient ? 0 : 1);
    if (status == 0) status = poolgrad_inputs_read(options, gradient ? POOLGRAD_GRADIENT : POOLGRAD_FORWARD, inputs);
    if (status != 0) return status;
    return poolgrad_inputs_make_destination(options, gradient ? OPTION_SOURCE_GRADIENT : OPTION_SOURCE, inputs,
                                            &e->destination);
}

/* A case's index is a place in the plane or volume, whatever the case has its own in. */
static int add_picks_of_case(const struct options *options, struct explanation *e)
{
    poolgrad_problem *p = &e->judged.inputs.problem;
    if (p->kind != POOLGRAD_MAX || p->indices.data) return 0;
    poolgrad_image picks = p->destination;
    picks.format = POOLGRAD_INT64;
    picks.data = NULL;
    e->picks = poolgrad_tensor_of_full_rank(&picks);
    if (poolgrad_tensor_allocate(options, OPTION_CASE, &e->picks) != 0) return 2;
    p->picks = e->picks.image;
    return 0;
}

/* A forward max tells its index, in whatever format it would be written in. */
static int add_picks(const struct options *options, struct explanation *e)
{
    poolgrad_problem *p = &e->judged.inputs.problem;
    if (p->direction == POOLGRAD_GRADIENT) return 0;
    if (e->judged.name) return add_picks_of_case(options, e);
    if (p->indices.data) {
        if (!poolgrad_given(options, OPTION_PICKS_FORMAT)) return 0;
        return poolgrad_fail(options,
                             "--picks-format is given beside --indices; expected one of them, nothing is picked");
    }
    if (p->kind != POOLGRAD_MAX) {
        if (!poolgrad_given(options, OPTION_PICKS_FORMAT)) return 0;
        return poolgrad_fail(options, "--picks-format is given with --kind %s; expected max or dilated-max",
                             options->value[OPTION_KIND].text);
    }
    e->picks.image = p->destination;
    e->picks.image.format = (poolgrad_format)poolgrad_number(options, OPTION_PICKS_FORMAT, POOLGRAD_INT64);
    e->picks.image.data = NULL;
    const int axes = poolgrad_count_axes(options, p);
    if (poolgrad_tensor_shape(options, OPTION_SOURCE, &e->judged.inputs.source, axes, &e->picks) != 0) return 2;
    if (poolgrad_tensor_allocate(options, OPTION_SOURCE, &e->picks) != 0) return 2;
    p->picks = e->picks.image;
    return 0;
}

static int refused(const struct options *options, const poolgrad_error *error)
{
    const bool is_place = strlen(error->field) == 1; /* n, c, z, y, x */
    return is_place ? poolgrad_fail(options, "--at: %s", error->message) : poolgrad_setup_refused(options, error);
}

static poolgrad_status tell_story(const struct story_of *of, const int64_t at[5], char *text, size_t size,
                                  size_t *length, poolgrad_error *error)
{
    if (of->verification)
        return poolgrad_verification_explain(of->verification, at[0], at[1], at[2], at[3], at[4], text, size, length,
                                             error);
    return poolgrad_explain(of->problem, of->declaration, at[0], at[1], at[2], at[3], at[4], text, size, length, error);
}

/* Most stories fit at once: each attempt tells it anew. */
char *poolgrad_story(const struct story_of *of, const int64_t place[5], poolgrad_error *error)
{
    size_t length = 0, room = 1 << 16;
    *error = (poolgrad_error){"", ""};
    for (;;) {
        char *text = malloc(room);
        if (!text) return NULL;
        const poolgrad_status status = tell_story(of, place, text, room, &length, error);
        if (status == POOLGRAD_OK && length < room) return text;
        free(text);
        if (status != POOLGRAD_OK) return NULL;
        room = length + 1;
    }
}

/* Of the output that is judged. */
static int find_worst(const struct options *options, struct explanation *e, int64_t place[PLACE + AXES])
{
    poolgrad_problem p = e->judged.inputs.problem;
    poolgrad_error error;
    p.picks = (poolgrad_image){.data = NULL};
    if (poolgrad_verify(&p, &e->judged.declaration, &e->judged.verification, &error) != POOLGRAD_OK)
        return refused(options, &error);
    const poolgrad_finding *f = poolgrad_verification_finding(e->judged.verification, 0);
    if (!f) return poolgrad_fail(options, "--at is missing; expected it, no element of --actual is wrong");
    const int64_t found[PLACE + AXES] = {f->n, f->c, f->z, f->y, f->x};
    memcpy(place, found, sizeof found);
    return 0;
}

static int print_story(const struct options *options, struct explanation *e)
{
    const poolgrad_problem *p = &e->judged.inputs.problem;
    struct story_of of = {p, poolgrad_given(options, OPTION_ACTUAL) ? &e->judged.declaration : NULL, NULL};
    int64_t place[PLACE + AXES] = {0};
    if (poolgrad_given(options, OPTION_AT) ? find_place(options, p, place) != 0 : find_worst(options, e, place) != 0)
        return 2;
    poolgrad_error error;
    if (!p->picks.data) of.verification = e->judged.verification; /* which knows no picks */
    e->text = poolgrad_story(&of, place, &error);
    if (!e->text && *error.field) return refused(options, &error);
    if (!e->text) return poolgrad_fail(options, "the text does not fit into memory");
    fputs(e->text, stdout);
    return 0;
}

static int explain(const struct options *options, struct explanation *e)
{
    const bool judges = poolgrad_given(options, OPTION_ACTUAL);
    int status = check_place(options);
    if (status == 0) status = check_output(options);
    if (status == 0) status = judges ? poolgrad_verify_read(options, &e->judged) : read_problem(options, e);
    if (status == 0 && poolgrad_given(options, OPTION_PRINT_PROBLEM))
        return poolgrad_print_problem(options, &e->judged.inputs.problem);
    if (status == 0) status = add_picks(options, e);
    if (status != 0) return status;
    e->judged.declaration.findings = FINDINGS;
    if (!e->judged.name) poolgrad_setup_notes(options, &e->judged.inputs.problem);
    return print_story(options, e);
}

int poolgrad_command_explain(const struct options *options)
{
    struct explanation explanation = {0};
    const int status = explain(options, &explanation);
    release(&explanation);
    return status;
}
