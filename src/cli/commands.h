/* SPDX-License-Identifier: Apache-2.0 */
/* The commands; each returns the exit status: 0 success, 1 a result that is not the reference's, 2 usage or bad input.
 */
#ifndef POOLGRAD_CLI_COMMANDS_H
#define POOLGRAD_CLI_COMMANDS_H

#include "cli/options.h"

int poolgrad_command_forward(const struct options *options);
int poolgrad_command_gradient(const struct options *options);
int poolgrad_command_info(const struct options *options);
int poolgrad_command_bench(const struct options *options);
int poolgrad_command_completion(const struct options *options);

/* Refuses where poolgrad was built without jansson. */
int poolgrad_command_graph(const struct options *options);

/* Refuse where poolgrad was built without GMP and MPFR. */
int poolgrad_command_verify(const struct options *options);
int poolgrad_command_explain(const struct options *options);

/* Refuses where poolgrad was built without GMP and MPFR, or without jansson. */
int poolgrad_command_suite(const struct options *options);

/* Refuses where poolgrad was built without GMP and MPFR. */
int poolgrad_check_exact(const struct options *options);

/* Exact mode: checks the problem, runs it, frees what it took (null is legal). 0, or 2 after one sentence. */
struct poolgrad_exact;
int poolgrad_make_exact(const struct options *options, const poolgrad_problem *problem, struct poolgrad_exact **exact);
int poolgrad_run_exact(const struct options *options, const struct poolgrad_exact *exact);
void poolgrad_free_exact(struct poolgrad_exact *exact);

/* The versions of GMP and MPFR; null without them. */
const char *poolgrad_oracle_versions(void);

/* The version of jansson; null without it. */
const char *poolgrad_json_version(void);

/* What the command is for, a sentence. */
const char *poolgrad_help_purpose(enum command command);

/* Help for one command on stdout. */
int poolgrad_help_command(enum command command);

/* Help for the whole, on stdout where it was asked for. */
void poolgrad_help(bool asked);

/* The whole command line, `word` without the program's name. */
int poolgrad_main(int count, char *const *word);

#endif
