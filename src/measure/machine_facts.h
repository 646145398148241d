/* SPDX-License-Identifier: Apache-2.0 */
/* What a measurement was made on, and with which build: what the system and the compiler tell, and no guesses. */
#ifndef POOLGRAD_MEASURE_MACHINE_FACTS_H
#define POOLGRAD_MEASURE_MACHINE_FACTS_H

#include <stdint.h>

enum { MACHINE_TEXT = 128, MACHINE_CACHES = 8 };

struct machine_cache {
    int level;
    const char *type; /* "data", "instruction" or "unified" */
    int64_t bytes;
};

/* An empty text, or no caches: the system does not tell. */
struct machine {
    char processor[MACHINE_TEXT];
    struct machine_cache cache[MACHINE_CACHES]; /* of the first processor */
    int caches;
    char compiler[MACHINE_TEXT]; /* "gcc 12.2.0": that of the build, library and all */
    char date[MACHINE_TEXT];     /* now: ISO 8601, UTC */
};

void poolgrad_machine_look(struct machine *machine);

#endif
