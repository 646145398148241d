/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk in blocks of vectors. Parameters, undefined at the end, beside those of find_numbers.h:
 *
 *   WALK     the function's name
 *   BLOCK    what it calls for each block: several vectors, or one or a part of it; true ends the walk
 *
 * The last lanes of a repeat that are no vector of their own are found together with some before them; but for a vector
 * that would be resumed twice, and where there are too few.
 */

static FIND_RARELY bool WALK(const struct find_task *task)
{
    const struct poolgrad_walk *walk = task->walk;
    const int64_t count = walk->count, round = FIND_TOGETHER * LANES;
    const bool again = count >= LANES && !task->ending->resume;
    bool met = false;
    for (int64_t k = 0; k < walk->repeats && !met; k++) {
        const int64_t from = k * walk->step, result = k * walk->to_step, gradient = k * task->ending->gradient_step;
        int64_t i = 0;
        for (; i + round <= count; i += round) {
            met |= BLOCK(task, (struct find_place){from + i, result + i, LANES, gradient + i}, FIND_TOGETHER);
        }
        for (; i < count; i += LANES) {
            const int64_t first = again && i > count - LANES ? count - LANES : i;
            const int64_t lanes = LANES == 1 || count - first > LANES ? LANES : count - first;
            met |= BLOCK(task, (struct find_place){from + first, result + first, lanes, gradient + first}, 1);
        }
    }
    return met;
}

#undef WALK
#undef BLOCK
