/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences and numbers of explanations, and what both directions tell of a window. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

double poolgrad_story_source(const struct poolgrad_story *story, struct poolgrad_window_at at,
                             struct poolgrad_pixel pixel)
{
    return poolgrad_source_at(&story->geometry, at.n, at.c, pixel);
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

struct poolgrad_word poolgrad_pixel_of(const struct poolgrad_story *story, struct poolgrad_pixel at)
{
    struct poolgrad_word word;
    if (story->has_depth)
        snprintf(word.text, sizeof word.text, "(%" PRId64 ", %" PRId64 ", %" PRId64 ")", at.z, at.y, at.x);
    else
        snprintf(word.text, sizeof word.text, "(%" PRId64 ", %" PRId64 ")", at.y, at.x);
    return word;
}

struct poolgrad_word poolgrad_place_of(const struct poolgrad_story *story, struct poolgrad_pixel at)
{
    struct poolgrad_word word;
    int length = 0;
    if (story->has_depth) length = snprintf(word.text, sizeof word.text, "layer %" PRId64 ", ", at.z);
    snprintf(word.text + length, sizeof word.text - (size_t)length, "row %" PRId64 ", column %" PRId64, at.y, at.x);
    return word;
}

struct poolgrad_word poolgrad_sizes_of(const struct poolgrad_story *story, int64_t x, int64_t y, int64_t z)
{
    struct poolgrad_word word;
    const int length = snprintf(word.text, sizeof word.text, "%" PRId64 " x %" PRId64, x, y);
    if (story->has_depth) snprintf(word.text + length, sizeof word.text - (size_t)length, " x %" PRId64, z);
    return word;
}

struct poolgrad_word poolgrad_steps_of(const struct poolgrad_story *story, int64_t x, int64_t y, int64_t z)
{
    struct poolgrad_word word = {""};
    const int64_t numbers[] = {x, y, z};
    const int axes = story->has_depth ? POOLGRAD_AXES : POOLGRAD_AXES - 1;
    for (int i = 0; i < axes; i++) {
        const size_t length = strlen(word.text), room = sizeof word.text - length;
        if (numbers[i] == 0)
            snprintf(word.text + length, room, "%stable", i > 0 ? " x " : "");
        else
            snprintf(word.text + length, room, "%s%" PRId64, i > 0 ? " x " : "", numbers[i]);
    }
    return word;
}

/* ---- Taps -------------------------------------------------------------------------------------------------------- */

static int64_t last_tap(const struct poolgrad_axis *axis, poolgrad_span window)
{
    return poolgrad_axis_place(axis, window, window.size - 1);
}

/* "rows 1 to 3" or "rows -1 to 5 in steps of 2". */
static struct poolgrad_word span_of(const char *name, const struct poolgrad_axis *axis, poolgrad_span window)
{
    struct poolgrad_word word;
    const size_t room = sizeof word.text;
    const int64_t last = last_tap(axis, window);
    if (window.size == 1)
        snprintf(word.text, room, "%s %" PRId64, name, window.first);
    else if (axis->dilation == 1)
        snprintf(word.text, room, "%ss %" PRId64 " to %" PRId64, name, window.first, last);
    else
        snprintf(word.text, room, "%ss %" PRId64 " to %" PRId64 " in steps of %" PRId64, name, window.first, last,
                 axis->dilation);
    return word;
}

/* "2 of 9 columns": those outside. */
static struct poolgrad_word outside_of(const char *name, const struct poolgrad_axis *axis, poolgrad_span window)
{
    struct poolgrad_word word;
    snprintf(word.text, sizeof word.text, "%" PRId64 " of %" PRId64 " %s",
             window.size - poolgrad_range_length(poolgrad_axis_taps(axis, window)), window.size, name);
    return word;
}

static const char *rule_of_outside(const struct poolgrad_geometry *g)
{
    if (g->with_indices) return "an index names none of them (N39)";
    if (g->kind != POOLGRAD_MAX) return "they add nothing (N20)";
    return g->edge_mode == POOLGRAD_EDGE_ZERO ? "they read +0 and take part (N15)" : "they are left out (N16)";
}

static struct poolgrad_pixel centre_of(const struct poolgrad_geometry *g, struct poolgrad_window_at at)
{
    return (struct poolgrad_pixel){at.z.first + g->z.extent / 2, at.y.first + g->y.extent / 2,
                                   at.x.first + g->x.extent / 2};
}

static void tell_spans(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const bool tabled = g->x.table || g->y.table || g->z.table;
    const bool dilated = g->x.dilation > 1 || g->y.dilation > 1 || g->z.dilation > 1;
    const struct poolgrad_word layers = span_of("layer", &g->z, at.z), rows = span_of("row", &g->y, at.y);
    const struct poolgrad_word columns = span_of("column", &g->x, at.x);
    const char *comma = story->has_depth ? ", " : "";
    if (tabled) {
        poolgrad_story_say(story, 2, "Taps: %s%s%s, %s of the source, by table (N92%s).",
                           story->has_depth ? layers.text : "", comma, rows.text, columns.text, dilated ? ", N12" : "");
        return;
    }
    poolgrad_story_say(story, 2, "Taps: %s%s%s, %s of the source, centre %s (N11%s).",
                       story->has_depth ? layers.text : "", comma, rows.text, columns.text,
                       poolgrad_pixel_of(story, centre_of(g, at)).text, dilated ? ", N12" : "");
}

void poolgrad_story_tell_place(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const struct poolgrad_taps inside = poolgrad_taps_inside(g, at);
    const int64_t all = poolgrad_window_taps(at), outside = all - poolgrad_taps_count(&inside);
    tell_spans(story, at);
    if (outside == 0) return;
    poolgrad_story_say(
        story, 2, "%" PRId64 " of %" PRId64 " taps are outside the source of %s pixels (%s, %s%s%s): %s.", outside, all,
        poolgrad_sizes_of(story, g->x.size, g->y.size, g->z.size).text, outside_of("columns", &g->x, at.x).text,
        outside_of("rows", &g->y, at.y).text, story->has_depth ? ", " : "",
        story->has_depth ? outside_of("layers", &g->z, at.z).text : "", rule_of_outside(g));
}

/* Taps along an axis that are shown: all, or those around a pixel. */
static struct poolgrad_range shown_taps(const struct poolgrad_axis *axis, poolgrad_span window, int64_t pixel)
{
    const int64_t tap = poolgrad_floor_divide(pixel - window.first, axis->dilation);
    const int64_t begin = poolgrad_clamp(tap - MOST_TAPS / 2, 0, poolgrad_max(window.size - MOST_TAPS, 0));
    return (struct poolgrad_range){begin, poolgrad_min(begin + MOST_TAPS, window.size)};
}

/* What a table marks. */
struct marks {
    struct poolgrad_window_at at;
    struct poolgrad_pixel pixel; /* told of */
    const struct poolgrad_pick *pick;
    int label, width; /* of the table's first column, and of the others */
};

static void write_cell(const struct poolgrad_story *story, const struct marks *marks, struct poolgrad_pixel at,
                       char cell[WIDEST_CELL])
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (!poolgrad_source_has(g, at)) {
        snprintf(cell, WIDEST_CELL, ".");
        return;
    }
    const double value = poolgrad_story_source(story, marks->at, at);
    const struct poolgrad_pick *pick = marks->pick;
    const bool is_greatest = pick && (value == pick->value || poolgrad_same_pixel(at, pick->at));
    const bool is_told = g->direction == POOLGRAD_GRADIENT && poolgrad_same_pixel(at, marks->pixel);
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
        write_cell(story, marks, taps.at, cell);
        length += snprintf(row + length, sizeof row - (size_t)length, " %*s", marks->width, cell);
    }
    poolgrad_story_say(story, 4, "%s", row);
}

static int widest_cell(const struct poolgrad_story *story, const struct marks *marks, struct poolgrad_taps taps)
{
    size_t width = 1;
    while (poolgrad_taps_next(&taps)) {
        char cell[WIDEST_CELL];
        write_cell(story, marks, taps.at, cell);
        if (strlen(cell) > width) width = strlen(cell);
    }
    return (int)width;
}

static int label_width(int64_t first, int64_t last)
{
    const int a = snprintf(NULL, 0, "%" PRId64, first), b = snprintf(NULL, 0, "%" PRId64, last);
    return a > b ? a : b;
}

/* Taps with these numbers, row by row. */
static void say_rows(struct poolgrad_story *story, const struct marks *marks, const struct poolgrad_area *numbers)
{
    const struct poolgrad_geometry *g = &story->geometry;
    struct poolgrad_area row = *numbers;
    for (int64_t kz = numbers->layers.begin; kz < numbers->layers.end; kz++) {
        row.layers = (struct poolgrad_range){kz, kz + 1};
        if (story->has_depth) {
            poolgrad_story_say(story, 3, "layer %" PRId64, poolgrad_axis_place(&g->z, marks->at.z, kz));
        }
        for (int64_t ky = numbers->rows.begin; ky < numbers->rows.end; ky++) {
            row.rows = (struct poolgrad_range){ky, ky + 1};
            say_row(story, marks, poolgrad_taps_numbered(g, marks->at, &row),
                    poolgrad_axis_place(&g->y, marks->at.y, ky));
        }
    }
}

void poolgrad_story_tell_taps(struct poolgrad_story *story, struct poolgrad_window_at at, struct poolgrad_pixel pixel,
                              const struct poolgrad_pick *pick)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (story->is_silent) return;
    struct marks marks = {at, pixel, pick, 0, 0};
    const struct poolgrad_area shown = {shown_taps(&g->z, at.z, pixel.z), shown_taps(&g->y, at.y, pixel.y),
                                        shown_taps(&g->x, at.x, pixel.x)};
    const struct poolgrad_taps taps = poolgrad_taps_numbered(g, at, &shown);
    marks.width = widest_cell(story, &marks, taps);
    marks.label = label_width(poolgrad_axis_place(&g->y, at.y, shown.rows.begin),
                              poolgrad_axis_place(&g->y, at.y, shown.rows.end - 1));
    poolgrad_story_say(story, 2, "Values (%s%s. outside):", g->direction == POOLGRAD_GRADIENT ? "[this pixel], " : "",
                       pick ? "* greatest, " : "");
    say_rows(story, &marks, &shown);
    const int64_t all = poolgrad_window_taps(at), left_out = all - poolgrad_taps_count(&taps);
    if (left_out == 0) return;
    poolgrad_story_say(story, 4,
                       "These are columns %" PRId64 " to %" PRId64 " of the source; %" PRId64 " taps of %" PRId64
                       " are left out here.",
                       poolgrad_axis_place(&g->x, at.x, shown.columns.begin),
                       poolgrad_axis_place(&g->x, at.x, shown.columns.end - 1), left_out, all);
}

/* ---- What a window divides by and picks -------------------------------------------------------------------------- */

/* "2", or "1 to 2" where the sides differ. */
static struct poolgrad_word pads_of(const struct poolgrad_axis *axis)
{
    struct poolgrad_word word;
    if (axis->before == axis->behind)
        snprintf(word.text, sizeof word.text, "%" PRId64, axis->before);
    else
        snprintf(word.text, sizeof word.text, "(%" PRId64 " before, %" PRId64 " behind)", axis->before, axis->behind);
    return word;
}

static int64_t counted(const struct poolgrad_axis *axis, poolgrad_span window)
{
    return poolgrad_range_length(poolgrad_axis_counted_taps(axis, window));
}

static void tell_counted(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    struct poolgrad_word layers = {""};
    if (story->has_depth) snprintf(layers.text, sizeof layers.text, " x %" PRId64 " layers", counted(&g->z, at.z));
    poolgrad_story_say(story, 2,
                       "N = %" PRId64 " columns x %" PRId64 " rows%s = %" PRId64
                       ": taps inside the source grown by a zero padding of %s x %s%s%s pixels (N18).",
                       counted(&g->x, at.x), counted(&g->y, at.y), layers.text, poolgrad_window_count(g, at),
                       pads_of(&g->x).text, pads_of(&g->y).text, story->has_depth ? " x " : "",
                       story->has_depth ? pads_of(&g->z).text : "");
}

void poolgrad_story_tell_count(struct poolgrad_story *story, struct poolgrad_window_at at)
{
    const struct poolgrad_geometry *g = &story->geometry;
    if (g->divisor != 0)
        poolgrad_story_say(story, 2, "N = %" PRId64 ": the divisor, whatever taps there are (N94).", g->divisor);
    else if (g->edge_mode == POOLGRAD_EDGE_ZERO)
        poolgrad_story_say(story, 2, "N = %s = %" PRId64 ": edge mode zero counts every tap (N17).",
                           poolgrad_sizes_of(story, at.x.size, at.y.size, at.z.size).text, poolgrad_window_taps(at));
    else
        tell_counted(story, at);
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
    poolgrad_story_say(story, 2, "Picked: %s, at %s, under every tie rule (N33).", which,
                       poolgrad_pixel_of(story, pick->at).text);
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
    if (poolgrad_picks_none(*pick))
        poolgrad_story_say(story, 2, "Picked: a tap outside the source, which reads +0 (N15).");
    else
        poolgrad_story_say(story, 2, "Picked: %s.", poolgrad_pixel_of(story, pick->at).text);
}

struct poolgrad_pick poolgrad_story_tell_index(struct poolgrad_story *story, struct poolgrad_window_at at, int64_t n,
                                               int64_t c, struct poolgrad_pixel output)
{
    const struct poolgrad_geometry *g = &story->geometry;
    const void *element = poolgrad_pixel_address(&g->indices, n, c, output);
    const int64_t index = poolgrad_load_index(g->indices.format, element);
    const struct poolgrad_pick pick = poolgrad_indexed_pick(g, at, index);
    poolgrad_story_say(story, 2, "Picked, by index %" PRId64 ": %s (N39).", index,
                       poolgrad_picks_none(pick) ? "no tap" : poolgrad_pixel_of(story, pick.at).text);
    return pick;
}
