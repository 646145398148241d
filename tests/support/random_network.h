/* SPDX-License-Identifier: Apache-2.0 */
/* Random networks of poolings, gradients, sums and training graphs, with images for them and what they compute. */
#ifndef POOLGRAD_TESTS_RANDOM_NETWORK_H
#define POOLGRAD_TESTS_RANDOM_NETWORK_H

#include "evaluate.h"

typedef struct random_network {
    random_state random;
    poolgrad_network *network;
    evaluation values; /* all results known */
} random_network;

/* Given images have the handles "g0", "g1" ..., results "f0", "f1" ... by their places. False where it could not be
 * made, which is a failure. */
bool random_network_make(random_network *made, uint64_t seed);
void random_network_free(random_network *made);

/* The image of a handle. */
const poolgrad_image *random_network_image(const random_network *made, const char *handle);

#endif
