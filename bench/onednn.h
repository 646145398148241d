/* SPDX-License-Identifier: Apache-2.0 */
/* oneDNN's pooling as a contender, on the buffers of a trial of ours. */
#ifndef POOLGRAD_BENCH_ONEDNN_H
#define POOLGRAD_BENCH_ONEDNN_H

#include "measure/bench_trial.h"

struct onednn;

/* "2.6.3" */
const char *poolgrad_onednn_version(void);

/* For calls from now on. */
void poolgrad_onednn_set_threads(int threads);

/* Null where oneDNN has no such pooling. The gradient of max reads what a forward pass over the trial's source saved,
 * as it always does. Float16 stands for bfloat16, which oneDNN has in its place: the same work on the same bytes, but
 * another result. `training`: of a gradient, a forward pass that saves comes before it each time. */
struct onednn *poolgrad_onednn_make(const struct trial *trial, bool training);
void poolgrad_onednn_free(struct onednn *o);

/* As contenders are run. */
void poolgrad_onednn_contend(const void *context);

#endif
