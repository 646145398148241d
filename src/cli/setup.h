/* SPDX-License-Identifier: Apache-2.0 */
/* From options to a problem. */
#ifndef POOLGRAD_CLI_SETUP_H
#define POOLGRAD_CLI_SETUP_H

#include <poolgrad/poolgrad.h>

#include "cli/options.h"

/* Offsets, sizes and pads lie within this (poolgrad.h). */
#define COORDINATE_LIMIT (INT64_C(1) << 61)

/* All of these return 0, or 2 after one sentence to stderr. */

/* Refuses a command line without one of the options it needs. */
int poolgrad_setup_required(const struct options *options, const enum option *option, int count);

/* Makes *problem what the options say, but for windows, their placement and images. */
int poolgrad_setup_rules(const struct options *options, poolgrad_direction direction, poolgrad_problem *problem);

/* How many threads at most, and which instruction sets. */
int poolgrad_setup_execution(const struct options *options, int *most, poolgrad_isa *max_isa);

/* Gives the problem its windows, and places them over problem->source. Of a forward problem, gives the destination the
 * sizes of its axes; of a gradient, sees that the source gradient has the size the placement asks for, if it asks for
 * one. Tables of windows are the problem's from then on, also after a refusal. */
int poolgrad_setup_placement(const struct options *options, poolgrad_problem *problem);
void poolgrad_setup_free_tables(poolgrad_problem *problem);

/* Prints the line of --print-problem, of a problem whose windows are placed. 0. */
int poolgrad_print_problem(const struct options *options, const poolgrad_problem *problem);

/* The library's refusal in the command's words. */
int poolgrad_setup_refused(const struct options *options, const poolgrad_error *error);

/* Notes on options that are without effect here. */
void poolgrad_setup_notes(const struct options *options, const poolgrad_problem *problem);

#endif
