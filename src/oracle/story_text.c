/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences and numbers of explanations, and what both directions tell of a window. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/format.h"
#include "image/image.h"
#include "oracle/story.h"

enum {
    COLUMNS = 100,
    SENTENCE = 1024,
    HANGING = 4,        /* columns that the further lines of a sentence begin behind the first */
    DECIMAL_BITS = 192, /* more than 30 digits need, after a few roundings */
    MOST_TAPS = 7,      /* shown along an axis */
    WIDEST_CELL = 32,   /* a number of float64 and what stands around it */
    SINGLE_DIGITS = 9   /* of float32, and of unorm, whose values are float32 */
};

/* ---- Sentences --------------------------------------------------------------------------------------------------- */

/* Letters of the text that go into a line of so many. */
static int line_length(const char *text, int room)
{
    int length = (int)strlen(text);
    if (length <= room) return length;
    for (length = room; length > 0 && text[length] != ' '; length--) {
    }
    if (length == 0) return room;
    while (length > 0 && text[length - 1] == ' ') length--;
    return length;
}

void poolgrad_story_say(struct poolgrad_story *story, int indent, const char *format, ...)
{
    char sentence[SENTENCE];
    va_list arguments;
    if (story->is_silent) return;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    int margin = indent;
    for (const char *rest = sentence; *rest; margin = indent + HANGING) {
        const int length = line_length(rest, COLUMNS - margin);
        poolgrad_text_print(&story->text, "%*s%.*s\n", margin, "", length, rest);
        rest += length;
        rest += strspn(rest, " ");
    }
}

void poolgrad_story_pause(struct poolgrad_story *story)
{
    if (!story->is_silent) poolgrad_text_print(&story->text, "\n");
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static int digits_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_FLOAT16: return 5;
    case POOLGRAD_BFLOAT16: return 4;
    case POOLGRAD_FLOAT64: return 17;
    default: return SINGLE_DIGITS;
    }
}

/* Of NaNs the sign is nothing to tell of. */
struct poolgrad_word poolgrad_digits_of(double value, poolgrad_format format)
{
    struct poolgrad_word word = {"nan"};
    if (!isnan(value)) snprintf(word.text, sizeof word.text, "%.*g", digits_of(format), value);
    return word;
}

struct poolgrad_word poolgrad_word_of_element(const void *element, poolgrad_format format)
{
    struct poolgrad_word word = poolgrad_digits_of(poolgrad_load(format, element), format);
    const size_t length = strlen(word.text), room = sizeof word.text - length, size = poolgrad_format_size(format);
    if (size == sizeof(uint16_t)) {
        uint16_t bits;
        memcpy(&bits, element, sizeof bits);
        snprintf(word.text + length, room, " (0x%04" PRIx16 ")", bits);
    } else if (size == sizeof(uint32_t)) {
        uint32_t bits;
        memcpy(&bits, element, sizeof bits);
        snprintf(word.text + length, room, " (0x%08" PRIx32 ")", bits);
    } else if (size == sizeof(uint64_t)) {
        uint64_t bits;
        memcpy(&bits, element, sizeof bits);
        snprintf(word.text + length, room, " (0x%016" PRIx64 ")", bits);
    }
    return word;
}

struct poolgrad_word poolgrad_word_of(double value, poolgrad_format format)
{
    unsigned char element[sizeof(double)];
    const bool is_unorm = format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
    const poolgrad_format stored = is_unorm ? POOLGRAD_FLOAT32 : format;
    poolgrad_store(stored, element, value);
    return poolgrad_word_of_element(element, stored);
}

struct poolgrad_word poolgrad_decimal_of(const mpfr_t value)
{
    struct poolgrad_word word;
    mpfr_snprintf(word.text, sizeof word.text, "%.30Rg", value);
    return word;
}

struct poolgrad_word poolgrad_decimal_of_quotient(const mpz_t numerator, int64_t exponent, const mpz_t denominator)
{
    mpfr_t value, divisor;
    mpfr_init2(value, DECIMAL_BITS);
    mpfr_init2(divisor, DECIMAL_BITS);
    mpfr_set_z_2exp(value, numerator, exponent, MPFR_RNDN);
    mpfr_set_z(divisor, denominator, MPFR_RNDN);
    mpfr_div(value, value, divisor, MPFR_RNDN);
    const struct poolgrad_word word = poolgrad_decimal_of(value);
    mpfr_clears(value, divisor, (mpfr_ptr)0);
    return word;
}

poolgrad_format poolgrad_story_accumulator(const struct poolgrad_story *story)
{
    const struct poolgrad_geometry *g = &story->geometry;
    return g->wide || g->kind == POOLGRAD_L2NORM ? POOLGRAD_FLOAT64 : POOLGRAD_FLOAT32;
}

double poolgrad_story_source(const struct poolgrad_story *story, struct poolgrad_window_at at, int64_t y, int64_t x)
{
    return poolgrad_source_at(&story->geometry, at.n, at.c, y, x);
}

/* ---- Taps -------------------------------------------------------------------------------------------------------- */

/* "rows 1 to 3" or "rows -1 to 5, every 2nd pixel". */
static struct poolgrad_word span_of(const char *name, const struct poolgrad_axis *axis, int64_t start)
{
    struct poolgrad_word word;
    const size_t room = sizeof word.text;
    if (axis->kernel == 1)
        snprintf(word.text, room, "%s %" PRId64, name, start);
    else if (axis->dilation == 1)
        snprintf(word.text, room, "%ss %" PRId64 " to %" PRId64, name, start, start + axis->extent - 1);
    else
        snprintf(word.text, room, "%ss %" PRId64 " to %" PRId64 " in steps of %" PRId64, name, start,
                 start + axis->extent - 1, axis->dilation);
    return word;
}

static int64_t count_inside(const struct poolgrad_axis *axis, int64_t start)
{
    return poolgrad_range_length(poolgrad_axis_taps(axis, start, 0));
}

void poolgrad_story_tell_place(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const int64_t rows = count_inside(&g->y, at.top), columns = count_inside(&g->x, at.left);
    const int64_t outside = g->full_count - rows * columns;
    poolgrad_story_say(story, 2, "Taps: %s, %s of the source, centre (%" PRId64 ", %" PRId64 ") (N11%s).",
                       span_of("row", &g->y, at.top).text, span_of("column", &g->x, at.left).text,
                       at.top + g->y.extent / 2, at.left + g->x.extent / 2,
                       g->x.dilation > 1 || g->y.dilation > 1 ? ", N12" : "");
    if (outside == 0) return;
    const char *rule = "they are left out (N16)";
    if (g->kind != POOLGRAD_MAX)
        rule = "they add nothing (N20)";
    else if (g->edge_mode == POOLGRAD_EDGE_ZERO)
        rule = "they read +0 and take part (N15)";
    poolgrad_story_say(story, 2,
                       "%" PRId64 " of %" PRId64 " taps are outside the source of %" PRId64 " x %" PRId64
                       " pixels (%" PRId64 " of %" PRId64 " columns, %" PRId64 " of %" PRId64 " rows): %s.",
                       outside, g->full_count, g->x.size, g->y.size, g->x.kernel - columns, g->x.kernel,
                       g->y.kernel - rows, g->y.kernel, rule);
}

/* Taps along an axis that are shown: all, or those around a pixel. */
static struct poolgrad_range shown_taps(const struct poolgrad_axis *axis, int64_t start, int64_t pixel)
{
    const int64_t tap = poolgrad_floor_divide(pixel - start, axis->dilation);
    const int64_t begin = poolgrad_clamp(tap - MOST_TAPS / 2, 0, poolgrad_max(axis->kernel - MOST_TAPS, 0));
    return (struct poolgrad_range){begin, poolgrad_min(begin + MOST_TAPS, axis->kernel)};
}

/* What a table marks. */
struct marks {
    struct poolgrad_window_at at;
    int64_t y, x; /* the pixel told of */
    const struct poolgrad_pick *pick;
    int label, width; /* of the table's first column, and of the others */
};

static void write_cell(const struct poolgrad_story *story, const struct marks *marks, int64_t y, int64_t x,
                       char cell[WIDEST_CELL])
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (y < 0 || y >= g->y.size || x < 0 || x >= g->x.size) {
        snprintf(cell, WIDEST_CELL, ".");
        return;
    }
    const double value = poolgrad_story_source(story, marks->at, y, x);
    const struct poolgrad_pick *pick = marks->pick;
    const bool is_greatest = pick && (value == pick->value || (y == pick->y && x == pick->x));
    const bool is_told = g->direction == POOLGRAD_GRADIENT && y == marks->y && x == marks->x;
    snprintf(cell, WIDEST_CELL, is_told ? "[%.26s%s]" : "%.26s%s", poolgrad_digits_of(value, g->source.format).text,
             is_greatest ? "*" : "");
}

/* One row of taps; label: its row in the source. */
static void say_row(struct poolgrad_story *story, const struct marks *marks, struct poolgrad_taps taps, int64_t label)
{
    char row[MOST_TAPS * WIDEST_CELL + WIDEST_CELL];
    int length = snprintf(row, sizeof row, "row %*" PRId64 ":", marks->label, label);
    while (poolgrad_taps_next(&taps)) {
        char cell[WIDEST_CELL];
        write_cell(story, marks, taps.y, taps.x, cell);
        length += snprintf(row + length, sizeof row - (size_t)length, " %*s", marks->width, cell);
    }
    poolgrad_story_say(story, 4, "%s", row);
}

static int widest_cell(const struct poolgrad_story *story, const struct marks *marks, struct poolgrad_taps taps)
{
    size_t width = 1;
    while (poolgrad_taps_next(&taps)) {
        char cell[WIDEST_CELL];
        write_cell(story, marks, taps.y, taps.x, cell);
        if (strlen(cell) > width) width = strlen(cell);
    }
    return (int)width;
}

static int label_width(int64_t first, int64_t last)
{
    const int a = snprintf(NULL, 0, "%" PRId64, first), b = snprintf(NULL, 0, "%" PRId64, last);
    return a > b ? a : b;
}

void poolgrad_story_tell_taps(struct poolgrad_story *story, struct poolgrad_window_at at, int64_t y, int64_t x,
                              const struct poolgrad_pick *pick)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (story->is_silent) return;
    struct marks marks = {at, y, x, pick, 0, 0};
    const struct poolgrad_range rows = shown_taps(&g->y, at.top, y), columns = shown_taps(&g->x, at.left, x);
    const struct poolgrad_taps taps = poolgrad_taps_numbered(g, at, rows, columns);
    marks.width = widest_cell(story, &marks, taps);
    marks.label = label_width(at.top + rows.begin * g->y.dilation, at.top + (rows.end - 1) * g->y.dilation);
    poolgrad_story_say(story, 2, "Values (%s%s. outside):", g->direction == POOLGRAD_GRADIENT ? "[this pixel], " : "",
                       pick ? "* greatest, " : "");
    for (int64_t ky = rows.begin; ky < rows.end; ky++) {
        const struct poolgrad_range row = {ky, ky + 1};
        say_row(story, &marks, poolgrad_taps_numbered(g, at, row, columns), at.top + ky * g->y.dilation);
    }
    const int64_t shown = poolgrad_taps_count(&taps);
    if (shown == g->full_count) return;
    poolgrad_story_say(story, 4,
                       "These are columns %" PRId64 " to %" PRId64 " of the source; %" PRId64 " taps of %" PRId64
                       " are left out here.",
                       at.left + columns.begin * g->x.dilation, at.left + (columns.end - 1) * g->x.dilation,
                       g->full_count - shown, g->full_count);
}

/* ---- What a window divides by and picks -------------------------------------------------------------------------- */

void poolgrad_story_tell_count(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (g->edge_mode == POOLGRAD_EDGE_ZERO) {
        poolgrad_story_say(story, 2,
                           "N = %" PRId64 " x %" PRId64 " = %" PRId64 ": edge mode zero counts every tap (N17).",
                           g->x.kernel, g->y.kernel, g->full_count);
        return;
    }
    const struct poolgrad_range rows = poolgrad_axis_taps(&g->y, at.top, g->y.pad);
    const struct poolgrad_range columns = poolgrad_axis_taps(&g->x, at.left, g->x.pad);
    poolgrad_story_say(story, 2,
                       "N = %" PRId64 " columns x %" PRId64 " rows = %" PRId64
                       ": taps inside the source grown by a zero padding of %" PRId64 " x %" PRId64 " pixels (N18).",
                       columns.end - columns.begin, rows.end - rows.begin, poolgrad_window_count(g, at), g->x.pad,
                       g->y.pad);
}

static const char *tie_rule(const struct poolgrad_geometry *g)
{
    switch (g->ties) {
    case POOLGRAD_TIES_LAST: return "the last in row-major order is picked (N30)";
    case POOLGRAD_TIES_ALL:
        return g->direction == POOLGRAD_FORWARD ? "the first of them is the value's (N22)"
                                                : "each gets the whole gradient (N30)";
    case POOLGRAD_TIES_SPLIT:
        return g->direction == POOLGRAD_FORWARD ? "the first of them is the value's (N22)"
                                                : "each gets an equal share (N30)";
    default: return "the first in row-major order is picked (N30)";
    }
}

static void tell_nan(struct poolgrad_story *story, const struct poolgrad_pick *pick)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const char *which = "every tap is a NaN, the first of them";
    if (g->nan != POOLGRAD_NAN_IGNORE) which = g->nan == POOLGRAD_NAN_LAST ? "the last NaN" : "the first NaN";
    poolgrad_story_say(story, 2, "Picked: %s, at (%" PRId64 ", %" PRId64 "), under every tie rule (N33).", which,
                       pick->y, pick->x);
}

void poolgrad_story_tell_pick(struct poolgrad_story *story, struct poolgrad_window_at at,
                              const struct poolgrad_pick *pick)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (story->is_silent) return;
    if (isnan(pick->value)) {
        tell_nan(story, pick);
        return;
    }
    const int64_t ties = poolgrad_window_ties(g, at, pick->value);
    const struct poolgrad_word value = poolgrad_word_of(pick->value, g->source.format);
    const char *among = g->nan == POOLGRAD_NAN_IGNORE ? ", NaNs aside (N33)" : "";
    const bool shared = g->ties == POOLGRAD_TIES_ALL || g->ties == POOLGRAD_TIES_SPLIT;
    if (ties == 1)
        poolgrad_story_say(story, 2, "Maximum: %s, once%s.", value.text, among);
    else
        poolgrad_story_say(story, 2, "Maximum: %s, %" PRId64 " times%s; %s.", value.text, ties, among, tie_rule(g));
    if (ties > 1 && pick->value == 0) {
        poolgrad_story_say(story, 2, "+0 and -0 are equal (N32)%s.",
                           g->edge_mode == POOLGRAD_EDGE_ZERO ? ", taps outside are among them (N31)" : "");
    }
    if (shared && g->direction == POOLGRAD_GRADIENT) return;
    if (pick->y < 0)
        poolgrad_story_say(story, 2, "Picked: a tap outside the source, which reads +0 (N15).");
    else
        poolgrad_story_say(story, 2, "Picked: (%" PRId64 ", %" PRId64 ").", pick->y, pick->x);
}
