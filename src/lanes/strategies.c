/* SPDX-License-Identifier: Apache-2.0 */
#include "lanes/strategies.h"

#define FITS(name) static bool name(const struct poolgrad_geometry *g, const struct poolgrad_lanes *lanes)

/* ---- Reading: how source rows come into lanes -------------------------------------------------------------------- */

FITS(reads_nothing)
{
    (void)g;
    return !lanes->reads_source && !lanes->gathers;
}

FITS(reads_elements)
{
    (void)g;
    return lanes->gathers;
}

/* Where they lie: channels are neighbours. */
FITS(reads_in_place)
{
    (void)g;
    return lanes->in_place[POOLGRAD_LANES_SOURCE];
}

/* Rows where they lie: a lane is a column. */
FITS(reads_rows)
{
    (void)g;
    return lanes->columns.reads_rows;
}

/* Rows by themselves, cut to phases: a lane is a column. */
FITS(reads_phases)
{
    (void)g;
    return lanes->columns.used;
}

/* Transposed, one row at a time: a window has more rows than working memory should hold. */
FITS(reads_by_chunks)
{
    (void)g;
    return lanes->chunked;
}

/* Transposed, in a ring of the rows of a window. */
FITS(reads_transposed)
{
    (void)g, (void)lanes;
    return true;
}

/* ---- Finding: what windows have among their taps ----------------------------------------------------------------- */

FITS(finds_indices)
{
    (void)lanes;
    return g->with_indices;
}

FITS(finds_ties)
{
    (void)g;
    return lanes->ties;
}

FITS(finds_picks)
{
    (void)lanes;
    return g->kind == POOLGRAD_MAX && (g->with_picks || g->direction == POOLGRAD_GRADIENT);
}

FITS(finds_greatest)
{
    (void)lanes;
    return g->kind == POOLGRAD_MAX;
}

FITS(finds_norms)
{
    (void)lanes;
    return g->kind == POOLGRAD_L2NORM;
}

FITS(finds_counts)
{
    (void)lanes;
    return g->direction == POOLGRAD_GRADIENT;
}

FITS(finds_sums)
{
    (void)g, (void)lanes;
    return true;
}

/* ---- Giving: how pixels get what their windows have -------------------------------------------------------------- */

FITS(gives_nothing)
{
    (void)lanes;
    return g->direction == POOLGRAD_FORWARD;
}

/* From each window to the pixel it picked. */
FITS(scatters)
{
    (void)g;
    return lanes->scatters;
}

/* From each equal tap's window. */
FITS(gives_ties)
{
    (void)g;
    return lanes->ties;
}

/* From its windows to each pixel: windows as they lie, */
FITS(gathers_in_place)
{
    (void)g;
    return lanes->both_in_place;
}

/* or from a ring of rows of windows. */
FITS(gathers)
{
    (void)g, (void)lanes;
    return true;
}

/* ---- Writing: how results come to the destination ---------------------------------------------------------------- */

/* Each window's share by itself, among zeros. */
FITS(writes_elements)
{
    (void)g;
    return lanes->puts;
}

/* Runs of pixels that are alike, plane by plane. */
FITS(writes_runs)
{
    (void)g;
    return lanes->fills;
}

FITS(writes_direct)
{
    (void)g;
    return lanes->direct && lanes->in_place[POOLGRAD_LANES_DESTINATION] && !lanes->scatters;
}

FITS(writes_rows)
{
    (void)g;
    return lanes->columns.in_place;
}

/* Phases, merged. */
FITS(writes_phases)
{
    (void)g;
    return lanes->columns.used && lanes->direct;
}

/* By way of rows of numbers: another format, or what the destination held is added. */
FITS(writes_numbers)
{
    (void)g;
    return !lanes->direct || lanes->scatters;
}

FITS(writes_transposed)
{
    (void)g, (void)lanes;
    return true;
}

/* ---- The shelves ------------------------------------------------------------------------------------------------- */

static const struct poolgrad_strategy reading[] = {
    {"unread", reads_nothing}, {"elements", reads_elements}, {"in_place", reads_in_place},     {"rows", reads_rows},
    {"phases", reads_phases},  {"chunks", reads_by_chunks},  {"transposed", reads_transposed}, {NULL, NULL}};
static const struct poolgrad_strategy finding[] = {
    {"indices", finds_indices}, {"ties", finds_ties},     {"picks", finds_picks}, {"greatest", finds_greatest},
    {"norms", finds_norms},     {"counts", finds_counts}, {"sums", finds_sums},   {NULL, NULL}};
static const struct poolgrad_strategy giving[] = {{"forward", gives_nothing}, {"scatter", scatters},
                                                  {"shared", gives_ties},     {"gather_in_place", gathers_in_place},
                                                  {"gather", gathers},        {NULL, NULL}};
static const struct poolgrad_strategy writing[] = {{"elements", writes_elements},     {"runs", writes_runs},
                                                   {"direct", writes_direct},         {"rows", writes_rows},
                                                   {"phases", writes_phases},         {"numbers", writes_numbers},
                                                   {"transposed", writes_transposed}, {NULL, NULL}};

const struct poolgrad_strategy *poolgrad_shelf_of(enum poolgrad_shelf shelf)
{
    static const struct poolgrad_strategy *const shelves[] = {reading, finding, giving, writing};
    return shelves[shelf];
}

const struct poolgrad_strategy *poolgrad_strategy_of(enum poolgrad_shelf shelf, const struct poolgrad_geometry *g,
                                                     const struct poolgrad_lanes *lanes)
{
    const struct poolgrad_strategy *strategy = poolgrad_shelf_of(shelf);
    while (!strategy->fits(g, lanes)) strategy++;
    return strategy;
}
