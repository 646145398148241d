/* SPDX-License-Identifier: Apache-2.0 */
/* Layers worth measuring: what networks do, and what is hard. */
#ifndef POOLGRAD_MEASURE_WORKLOAD_H
#define POOLGRAD_MEASURE_WORKLOAD_H

#include <poolgrad/poolgrad.h>

/* What is pooled, as one measures it: argmax is max whose forward pass saves the picked taps for its gradient. */
enum measured_kind { MEASURED_AVERAGE, MEASURED_MAX, MEASURED_ARGMAX, MEASURED_L2NORM, MEASURED_KINDS };

/* "average", "max", "argmax", "l2norm" */
const char *poolgrad_measured_kind_name(enum measured_kind kind);
poolgrad_kind poolgrad_measured_kind_of(enum measured_kind kind);

/* A square window over planes, or a cube over volumes. */
struct workload {
    const char *name;
    int64_t images, channels, depth, height, width; /* depth 0: planes */
    int64_t kernel, stride, pad, dilation;
    unsigned kinds; /* that networks use with it: bits 1 << enum measured_kind */
};

enum { WORKLOADS = 12 };
extern const struct workload poolgrad_workloads[WORKLOADS];

/* A neutral forward problem with the workload's window, placement and sizes, and images without format and data. */
void poolgrad_workload_shape(const struct workload *workload, poolgrad_problem *shape);

enum { CASE_NAME = 192 };

/* "8x64x112x112_k3s2p1", images x channels x height x width, for any such problem; of volumes with the depth before the
 * height. Numbers that differ from axis to axis are joined, x first: "k3x2". Windows by tables are counted: "t7". */
void poolgrad_shape_name(const poolgrad_problem *shape, char name[CASE_NAME]);

/* Taps of the largest window. */
double poolgrad_shape_taps(const poolgrad_problem *shape);

#endif
