/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POOLGRAD_ORACLE_WHERE_H
#define POOLGRAD_ORACLE_WHERE_H

#include "oracle/verification.h"

/* Where all wrong elements lie: "odd channels, rows = 0 mod 16"; empty where nothing can be said. False where memory is
 * lacking. */
bool poolgrad_find_where(const struct poolgrad_verification *v, char text[POOLGRAD_SENTENCE_SIZE]);

#endif
