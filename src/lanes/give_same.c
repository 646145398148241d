/* SPDX-License-Identifier: Apache-2.0 */
/* Giving: neighbours of one plane under the same windows have one sum, times each one's factor (docs/numerics.md N36).
 */
#include "lanes/unit.h"

bool poolgrad_lanes_is_same_norm(const struct poolgrad_lanes_unit *unit, const struct poolgrad_pixel_run *run)
{
    const struct poolgrad_lanes *lanes = unit->lanes;
    return unit->g->kind == POOLGRAD_L2NORM && lanes->lanes == 1 && !lanes->any_in_place && run->step == 0 &&
           run->pixel_step == 1 && run->count > 1;
}

void poolgrad_lanes_give_same_norm(const struct poolgrad_lanes_unit *unit, const struct poolgrad_walk *walk,
                                   const struct poolgrad_ending *ending, void *to)
{
    enum { BLOCK = 256 };
    const struct poolgrad_geometry *g = unit->g;
    const struct poolgrad_routines *routines = unit->lanes->routines;
    const int64_t factor_size = (int64_t)poolgrad_format_size(g->source.format);
    const int64_t size = ending->stored ? (int64_t)poolgrad_format_size(g->destination.format) : 8;
    const poolgrad_format format = ending->stored ? g->destination.format : POOLGRAD_FLOAT64;
    const struct poolgrad_ending end = {.outside = -1};
    struct poolgrad_walk one = *walk;
    double sum, products[BLOCK];
    one.repeats = 1;
    routines->give_sum[POOLGRAD_SUM64][POOLGRAD_FLOAT64](&one, &end, &sum);
    for (int64_t i = 0; i < walk->repeats; i += BLOCK) {
        const int64_t count = poolgrad_min(BLOCK, walk->repeats - i);
        routines->load[POOLGRAD_SUM64][g->source.format]((const unsigned char *)ending->factor + i * factor_size,
                                                         (struct poolgrad_rows){1, count, 0, 0}, products);
        for (int64_t k = 0; k < count; k++) products[k] *= sum;
        routines->store[POOLGRAD_SUM64][format](products, count, (unsigned char *)to + i * size);
    }
}
