/* SPDX-License-Identifier: Apache-2.0 */
/* Poolings that nobody tunes for, drawn at random: each follows from its seed alone. */
#ifndef POOLGRAD_BENCH_DRAWN_H
#define POOLGRAD_BENCH_DRAWN_H

#include "measure/workload.h"

#include <stdbool.h>

/* Where a drawn problem's elements lie. */
enum drawn_image { DRAWN_SOURCE, DRAWN_GRADIENT, DRAWN_DESTINATION, DRAWN_PICKS, DRAWN_IMAGES };
enum { DRAWN_AXES = 3 };

struct drawn_memory {
    void *data;
    int64_t bytes;
    poolgrad_format format;
};

/* "direction/kind/layout/format/family/views/geometry..." says all that was drawn. */
struct drawn {
    poolgrad_problem problem; /* ready to be planned; in a gradient from picks these are still to be saved */
    enum measured_kind kind;
    double taps; /* of all windows together */
    struct drawn_memory memory[DRAWN_IMAGES];
    poolgrad_span *spans[DRAWN_AXES];
    char name[CASE_NAME];
};

/* False where memory is lacking; *drawn can be freed all the same. */
bool poolgrad_drawn_make(struct drawn *drawn, uint64_t seed, int threads);
void poolgrad_drawn_free(struct drawn *drawn);

/* The forward call that saves the picks which the problem, a gradient, reads. Its destination is the source gradient's
 * memory, which poolgrad_drawn_refill fills again. */
poolgrad_problem poolgrad_drawn_saving(const struct drawn *drawn);
void poolgrad_drawn_refill(struct drawn *drawn);

#endif
