/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the example programs share: PyTorch's tensors (tests/data/examples/README.md), comparing, and giving up. All of
 * it prints what it finds; what cannot go on ends the program with status 1.
 */
#ifndef POOLGRAD_TESTS_EXAMPLE_H
#define POOLGRAD_TESTS_EXAMPLE_H

#include <poolgrad/graph.h>
#include <stdbool.h>

/* Goes on if the call succeeded. */
void example_check(poolgrad_status status, const poolgrad_error *error);

/* Reads tests/data/FOLDER/NAME.npy, N x C x H x W of float32. To be freed. */
poolgrad_const_image example_read(const char *folder, const char *name);
void example_free(poolgrad_const_image *image);

/* The images and channels at the front of another, and a rectangle of its pixels: views of the same memory. */
poolgrad_const_image example_front(const poolgrad_const_image *image, int64_t images, int64_t channels);
poolgrad_const_image example_crop(const poolgrad_const_image *image, int64_t y, int64_t x, int64_t height,
                                  int64_t width);

/* Says whether two float32 images of one size agree in every element to `ulp` units in the last place; 0: in every bit.
 */
bool example_agree(const char *what, const poolgrad_const_image *actual, const poolgrad_const_image *expected,
                   int64_t ulp);

/* The number of elements whose bits differ. */
int64_t example_different(const poolgrad_const_image *a, const poolgrad_const_image *b);

/* Says what was expected to hold, and whether it does. */
bool example_expect(bool holds, const char *what);

/* The same, where nothing can follow if it does not. */
void example_require(bool holds, const char *what);

/* Print the descriptions of these types. */
void example_describe_graph(const poolgrad_graph *graph);
void example_describe_filter_node(const poolgrad_filter_node *node);
void example_describe_padding_policy(const poolgrad_padding_policy *policy);

#endif
