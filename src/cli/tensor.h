/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of the command: .npy files in, views of memory, .npy files out. */
#ifndef POOLGRAD_CLI_TENSOR_H
#define POOLGRAD_CLI_TENSOR_H

#include <poolgrad/poolgrad.h>

#include <stdio.h>

#include "cli/options.h"

/* A dense tensor and the memory it owns. */
struct tensor {
    poolgrad_image image;
    int rank; /* of the file's array */
    int axes; /* of the array, behind images and channels; 0: 2, or 3 where the image is deeper than 1 */
};

/* What a file may hold; of TENSOR_SOURCE_SIZE only the header is read, and the image's data is null. */
enum tensor_role { TENSOR_SOURCE, TENSOR_SOURCE_SIZE, TENSOR_GRADIENT, TENSOR_INDICES };

/* Reads the file, standard input, or the member NAME of the archive in FILE:NAME; `format` is the option that may say
 * what its elements are, OPTION_COUNT where there is none. 0, or 2 after one sentence. */
int poolgrad_tensor_read(const struct options *options, struct file_argument argument, enum option format,
                         enum tensor_role role, struct tensor *tensor);

/* Reads a file that has to hold a dense image of these sizes, format and layout, of full rank, and gives it memory, to
 * be freed. 0, or 2 after one sentence. */
int poolgrad_tensor_read_as(const struct options *options, const char *path, poolgrad_image *image);

/* Writes the tensor as .npy to an open file. False on failure, errno set. */
bool poolgrad_tensor_put(FILE *file, const struct tensor *tensor);

/* Reads a table of windows, an array of n x 2 signed integers; its memory is to be freed, also after a refusal. 0, or 2
 * after one sentence. */
int poolgrad_tensor_read_windows(const struct options *options, struct file_argument argument, poolgrad_table *table);

/* The image with an array in which every dimension is written, the third axis where the depth is not 0. */
struct tensor poolgrad_tensor_of_full_rank(const poolgrad_image *image);

/* Gives the tensor, whose layout is known, an array of so many axes, with images and channels as the other tensor's
 * array has them; a refusal names the option. 0, or 2 after one sentence. */
int poolgrad_tensor_shape(const struct options *options, enum option option, const struct tensor *other, int axes,
                          struct tensor *tensor);

/* What the options say of the array of a file's option. */
poolgrad_layout poolgrad_tensor_layout(const struct options *options, enum option file);

enum { TENSOR_SIZES = 192 };

/* "2 x 8 x 7 x 9 (images, channels, height, width)", and whether two images are of the same sizes. */
void poolgrad_tensor_sizes(const poolgrad_const_image *image, bool named, char text[TENSOR_SIZES]);
bool poolgrad_tensor_same_sizes(const poolgrad_const_image *a, const poolgrad_const_image *b);

/* Memory for a tensor of the image's sizes, format and layout, all bits 0. 0, or 2 after one sentence. */
int poolgrad_tensor_allocate(const struct options *options, enum option option, struct tensor *tensor);

void poolgrad_tensor_free(struct tensor *tensor);

/* A file being written. It appears under its name only when it is complete. */
struct output {
    struct file_argument argument;
    char *path, *temporary; /* temporary null: a stream, written to directly */
    FILE *file;
};

/* Opens the file, which must not be another file of the command line, or standard output; neither may be a terminal
 * where a tensor is to be written. 0, or 2 after one sentence. */
int poolgrad_output_open(const struct options *options, struct file_argument file, struct output *output);

/* Writes the tensor and closes the file, which still has its temporary name. */
int poolgrad_output_write(const struct options *options, struct output *output, const struct tensor *tensor);

/* Closes the file that was written to by other means. It still has its temporary name. */
int poolgrad_output_close(const struct options *options, struct output *output);

/* Gives the file its name. */
int poolgrad_output_commit(const struct options *options, struct output *output);

/* Removes what was not committed. Harmless after a commit or before an open. */
void poolgrad_output_discard(struct output *output);

#endif
