/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes in numbers: how maxima are searched, how norms and divisors are rounded, and how results are stored. */
#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "oracle/mistake_turns.h"

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

/* From the commonest wrong value of a forward call, the numbers that programs begin with. */
TURN(start_search)
{
    static const double starts[] = {(double)FLT_MIN,
                                    (double)-FLT_MAX,
                                    -DBL_MAX,
                                    -65504,
                                    -1,
                                    -10,
                                    -100,
                                    -1000,
                                    -10000,
                                    -9999,
                                    -99999,
                                    -999999,
                                    -1e5,
                                    -1e6,
                                    -1e9,
                                    -128,
                                    1,
                                    1e-6,
                                    1e-10,
                                    -0.5,
                                    DBL_MIN,
                                    1e-8};
    struct poolgrad_box box;
    int64_t elements;
    (void)a, (void)b;
    if (k->geometry.with_indices || k->variant > (int)(sizeof starts / sizeof *starts)) return false;
    k->search_starts = true;
    if (k->variant > 0)
        k->search_start = starts[k->variant - 1];
    else if (k->geometry.direction != POOLGRAD_FORWARD ||
             !poolgrad_find_constant(v, &box, &k->search_start, &elements, &k->failed))
        return false;
    if (k->search_start == (double)-FLT_MAX || k->search_start == -DBL_MAX)
        poolgrad_say(k, "searches the greatest tap from the lowest finite number on, %.9g", k->search_start);
    else
        poolgrad_say(k, "searches the greatest tap from %.9g on", k->search_start);
    return k->search_start != 0;
}

static const poolgrad_format formats[] = {POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32};
static const char *const format_names[] = {"float16", "bfloat16", "float32"};

TURN(compare_in)
{
    (void)v, (void)a, (void)b;
    k->compared_in = formats[k->variant];
    poolgrad_say(k, "compares taps in %s", format_names[k->variant]);
    return k->compared_in != k->geometry.source.format && !k->geometry.with_indices;
}

TURN(compare_bits)
{
    (void)v, (void)a, (void)b;
    k->search = k->variant == 0 ? POOLGRAD_SEARCH_SIGNED_BITS : POOLGRAD_SEARCH_UNSIGNED_BITS;
    poolgrad_say(k, "compares the bits of floats as %s integers", k->variant == 0 ? "signed" : "unsigned");
    return !k->geometry.with_indices;
}

/* The centre, or `a` the first or last tap inside. */
TURN(pick_by_place)
{
    (void)v, (void)b;
    k->search = (enum poolgrad_search)a;
    return !k->geometry.with_indices;
}

TURN(halve_ties)
{
    (void)v, (void)a, (void)b;
    k->halves_ties = true;
    return !k->geometry.with_indices;
}

TURN(turn_nan_rule)
{
    static const char *const words[] = {"the first NaN", "the last NaN", "NaN only where there is nothing else"};
    static const poolgrad_nan_rule rules[] = {POOLGRAD_NAN_FIRST, POOLGRAD_NAN_LAST, POOLGRAD_NAN_IGNORE};
    (void)v, (void)a, (void)b;
    if (k->geometry.nan == rules[k->variant] || k->geometry.with_indices) return false;
    k->geometry.nan = rules[k->variant];
    poolgrad_say(k, "takes %s for the greatest tap", words[k->variant]);
    return true;
}

/* ---- Rounding ---------------------------------------------------------------------------------------------------- */

TURN(round_reciprocal)
{
    (void)a, (void)b;
    k->reciprocal = formats[k->variant];
    poolgrad_say(k, "multiplies by a reciprocal that is rounded to %s", format_names[k->variant]);
    return k->reciprocal != POOLGRAD_FLOAT32 || v->computed_in == POOLGRAD_FLOAT64;
}

/* As far off as reciprocals of `a` bits. */
TURN(err_by_bits)
{
    const double slack = 1.5;
    (void)v, (void)b;
    k->loose_unit = ldexp(slack, (int)-a);
    return true;
}

TURN(read_in)
{
    (void)v, (void)a, (void)b;
    k->read_in = formats[k->variant];
    poolgrad_say(k, "rounds to %s what it reads", format_names[k->variant]);
    return true;
}

/* Variants: the range that results keep to, where some results lie within it: what holds nothing but an end of it may
 * be a constant. */
TURN(clamp)
{
    static const double ranges[][2] = {{-65504, 65504},
                                       {-1, 1},
                                       {0, 1},
                                       {-128, 127},
                                       {0, 255},
                                       {0, 6},
                                       {-6, 6},
                                       {0, HUGE_VAL},
                                       {-HUGE_VAL, 0},
                                       {(double)-FLT_MAX, (double)FLT_MAX},
                                       {-DBL_MAX, DBL_MAX},
                                       {-32768, 32767}};
    (void)a, (void)b;
    k->store = POOLGRAD_STORED_CLAMPED;
    k->least = ranges[k->variant][0];
    k->most = ranges[k->variant][1];
    poolgrad_say(k, "cuts results to the range from %.9g to %.9g", k->least, k->most);
    return poolgrad_find_between(v, k->least, k->most);
}

TURN(store_by)
{
    (void)v, (void)b;
    k->store = (enum poolgrad_storing)a;
    return true;
}

/* Numbers below the normal ones of float32, float16 and float64, of results or of what is read. */
TURN(flush)
{
    const double least[] = {(double)FLT_MIN, ldexp(1, -14), DBL_MIN};
    const int which = k->variant / 2;
    (void)v, (void)a, (void)b;
    k->least = least[which];
    k->flushes_source = k->variant % 2;
    if (!k->flushes_source) k->store = POOLGRAD_STORED_FLUSHED;
    poolgrad_say(k, "takes 0 for %s below %.9g", k->flushes_source ? "taps" : "results", k->least);
    return true;
}

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

static const double epsilons[POOLGRAD_EPSILONS] = {
    1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, (double)FLT_EPSILON, 5e-5, 5e-4, 0.5};

TURN(add_under_root)
{
    (void)v, (void)a, (void)b;
    k->root_added = epsilons[k->variant];
    poolgrad_say(k, "adds %g to the sum of squares under the root", k->root_added);
    return true;
}

TURN(add_to_norm)
{
    (void)v, (void)a, (void)b;
    k->norm_added = epsilons[k->variant];
    poolgrad_say(k, "adds %g to the norm", k->norm_added);
    return true;
}

TURN(floor_norm)
{
    (void)v, (void)a, (void)b;
    k->norm_floor = epsilons[k->variant];
    poolgrad_say(k, "lets no norm fall below %g", k->norm_floor);
    return true;
}

/* With a root and without, and with In or its sign in a gradient. */
TURN(take_magnitudes)
{
    (void)v, (void)a, (void)b;
    k->magnitudes = true;
    k->signs = k->variant / 2 != 0;
    if (k->variant % 2) k->root = POOLGRAD_ROOT_MISSING;
    return !k->signs || k->geometry.direction == POOLGRAD_GRADIENT;
}

/* ---- What sums contain ------------------------------------------------------------------------------------------- */

TURN(run_on)
{
    static const char *const words[] = {"channels", "images", "channels and images"};
    const struct poolgrad_geometry *g = &v->geometry;
    (void)a, (void)b;
    k->misplaced = true;
    k->summed_channels = k->variant != 1;
    k->summed_images = k->variant != 0;
    poolgrad_say(k, "adds to each result those of the %s before it", words[k->variant]);
    return (!k->summed_channels || poolgrad_range_length(g->channels) > 1) &&
           (!k->summed_images || poolgrad_range_length(g->images) > 1) && !g->add_to_destination;
}

TURN(leave_unreached)
{
    (void)v, (void)a, (void)b;
    k->unreached = true;
    return !k->geometry.add_to_destination;
}

TURN(lose_updates)
{
    (void)v, (void)a, (void)b;
    k->partial = true;
    return !k->geometry.add_to_destination && !k->geometry.with_indices;
}

TURN(hold_no_number)
{
    (void)a, (void)b;
    k->misplaced = true;
    k->filling = POOLGRAD_FILLING_CONSTANT;
    k->constant = NAN;
    return poolgrad_find_not_a_number(v, &k->box);
}

/* ---- Picks ------------------------------------------------------------------------------------------------------- */

TURN(narrow_picks)
{
    static const int64_t bits[] = {8, 16, -11, 7, 15};
    const struct poolgrad_geometry *g = &k->geometry;
    (void)v, (void)a, (void)b;
    k->pick_bits = bits[k->variant];
    if (k->pick_bits > 0)
        poolgrad_say(k, "keeps the last %" PRId64 " bits of a pick's place in its plane", k->pick_bits);
    else
        poolgrad_say(k, "keeps a pick's place in its plane as a float16, with 11 bits");
    return g->x.size * g->y.size * g->z.size > INT64_C(1) << (k->pick_bits < 0 ? -k->pick_bits : k->pick_bits);
}

/* Places of the padded image for those of the image, or the other way round. */
TURN(pad_picks)
{
    const struct poolgrad_geometry *g = &k->geometry;
    const int64_t left = poolgrad_max(-g->x.first, 0), above = poolgrad_max(-g->y.first, 0);
    const int64_t last = g->x.first + (g->x.end - 1 - g->x.begin) * g->x.stride + g->x.extent;
    const int64_t right[] = {left, poolgrad_max(last - g->x.size, 0), 0};
    const struct poolgrad_padded padded = {above, left, left + right[k->variant / 2]};
    (void)v, (void)a, (void)b;
    if (k->variant % 2 == 0)
        k->picks_in = padded;
    else
        k->picks_for = padded;
    poolgrad_say(k, k->variant % 2 == 0 ? "takes places of picks in the padded image for places in the image"
                                        : "takes places of picks in the image for places in the padded image");
    return left > 0 || above > 0;
}

/* Rows of another length: those of the output, one more or less, columns for rows. */
TURN(pool_picks)
{
    const struct poolgrad_geometry *g = &k->geometry;
    const int64_t lengths[] = {g->x.end - g->x.begin, g->x.size + 1, g->x.size - 1, g->y.size};
    (void)v, (void)a, (void)b;
    k->picks_for.longer = lengths[k->variant] - g->x.size;
    poolgrad_say(k, "takes picks for places in rows of %" PRId64 " and not of %" PRId64, lengths[k->variant],
                 g->x.size);
    return k->picks_for.longer != 0 && lengths[k->variant] > 0;
}

/* Picks are read from another plane, or looked up in the first one. */
TURN(move_picks)
{
    struct poolgrad_reading *reading = &k->indices;
    const struct poolgrad_geometry *g = &k->geometry;
    const bool reads = k->variant < 6;
    (void)v, (void)a, (void)b;
    if (k->variant < 2) reading->channel = k->variant ? 1 : -1;
    if (k->variant == 2) reading->from_channel = true;
    if (k->variant == 3) reading->from_image = true;
    if (k->variant == 3) reading->image = g->images.begin + g->gradient_image;
    if (k->variant == 4 || k->variant == 5) reading->images = k->variant == 4 ? -1 : 1;
    k->all_channels = k->variant == 6 || k->variant == 8;
    k->all_images = k->variant == 7 || k->variant == 8;
    poolgrad_say(k, reads ? "reads picks from another plane" : "takes picks of every plane for places in the first %s",
                 k->variant == 6   ? "channel"
                 : k->variant == 7 ? "image"
                                   : "plane");
    return reads ? g->with_indices : g->direction == POOLGRAD_GRADIENT;
}
