/* SPDX-License-Identifier: Apache-2.0 */
/* What the frameworks' functions share: arguments in, axes of a problem out. */
#ifndef POOLGRAD_DIALECT_ARGUMENTS_H
#define POOLGRAD_DIALECT_ARGUMENTS_H

#include <poolgrad/dialect.h>

#include "geometry/axis.h"

/* A call as far as it is read. Arrays over axes are in the order x, y, z. */
struct poolgrad_dialect {
    const char *name;         /* as refusals call the framework, */
    const char *kernel_name;  /* and its argument of the window's size */
    poolgrad_problem problem; /* as it shall be */
    int dimensions;
    struct poolgrad_dialect_axis {
        int64_t size; /* of the source */
        int64_t kernel, stride, dilation, before, behind;
        poolgrad_table table;
        int64_t output;
    } axis[POOLGRAD_AXES];
    bool counted; /* whether an average counts the pads */
    poolgrad_rounding rounding;
};

/* An argument with a value for each axis. */
struct poolgrad_argument {
    const char *name;
    const int64_t *values;
    int first;         /* place of the first axis in the values */
    int64_t otherwise; /* the default; POOLGRAD_UNSET: there is none */
    int64_t least;
    int64_t neutral; /* of axes that are not pooled */
};

/* Makes every argument from `first` up to `end` POOLGRAD_UNSET, and whatever else the struct has 0. */
void poolgrad_unset_arguments(void *pool, size_t struct_size, size_t first, size_t end);

/* Reads the problem, and the struct of arguments into *known, which its initializer has made. */
poolgrad_status poolgrad_dialect_read(struct poolgrad_dialect *d, const void *pool, void *known, size_t known_size,
                                      const poolgrad_problem *problem, poolgrad_error *error);

/* Refuses a kind that the framework lacks; `norm`: it has the L2-norm. */
poolgrad_status poolgrad_dialect_check_kind(const struct poolgrad_dialect *d, bool norm, poolgrad_error *error);

/* How many axes are pooled, `least` to `most`, and the source's sizes along them. */
poolgrad_status poolgrad_dialect_set_dimensions(struct poolgrad_dialect *d, int64_t dimensions, int least, int most,
                                                poolgrad_error *error);

/* The argument's values, x first. */
poolgrad_status poolgrad_dialect_spread(const struct poolgrad_dialect *d, const struct poolgrad_argument *argument,
                                        int64_t values[POOLGRAD_AXES], poolgrad_error *error);

/* An argument of one value; unset is `otherwise`. A choice is within [least, most]; `expected` says which there are. */
poolgrad_status poolgrad_dialect_choose(const char *name, int64_t value, int64_t otherwise, int64_t least, int64_t most,
                                        const char *expected, int *choice, poolgrad_error *error);
poolgrad_status poolgrad_dialect_flag(const char *name, int64_t value, bool otherwise, bool *flag,
                                      poolgrad_error *error);

/* Refuses an argument that the operator lacks, unless it is unset. */
poolgrad_status poolgrad_dialect_refuse_set(const char *name, int64_t value, const char *why, poolgrad_error *error);

/* Names of value i of an argument, "kernel_size[1]". */
enum { POOLGRAD_ARGUMENT_NAME = 40 };
const char *poolgrad_dialect_value_name(const char *name, int i, char text[POOLGRAD_ARGUMENT_NAME]);

/* The place of the axis's value in an array that begins with `first`. */
int poolgrad_dialect_place(const struct poolgrad_dialect *d, int first, int axis);

/* TensorFlow's SAME and ONNX's SAME_UPPER: as many windows as strides, the odd pixel behind the image, or before it. */
poolgrad_status poolgrad_dialect_pad_same(struct poolgrad_dialect *d, bool odd_before, poolgrad_error *error);

/* Sets the problem's geometry, and each axis's output size. */
poolgrad_status poolgrad_dialect_set_geometry(struct poolgrad_dialect *d, poolgrad_error *error);

/* Checks the sizes that are there already, and gives everything out. */
poolgrad_status poolgrad_dialect_finish(const struct poolgrad_dialect *d, poolgrad_problem *problem,
                                        poolgrad_output_size *size, poolgrad_error *error);

#endif
