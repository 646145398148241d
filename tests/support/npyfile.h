/* SPDX-License-Identifier: Apache-2.0 */
/* .npy files for tests, made and read without the library. */
#ifndef POOLGRAD_TESTS_NPYFILE_H
#define POOLGRAD_TESTS_NPYFILE_H

#include <poolgrad/poolgrad.h>
#include <stdbool.h>
#include <stdio.h>

enum { NPYFILE_RANK = 9 };

/* An array as it stands in a file. */
typedef struct npyfile {
    int major;     /* version: 1, 2 or 3; 0 stands for 1 */
    char descr[8]; /* "<f4" */
    bool fortran_order;
    int rank;
    int64_t shape[NPYFILE_RANK];
    unsigned char *data; /* on the heap */
    size_t size;
} npyfile;

void npyfile_free(npyfile *file);

/* The array that a dense image is, of one rank: 2 to 4, with a third axis 3 to 5, for blocked layouts 4 or 5. Its data
 * is a copy. */
npyfile npyfile_of_image(const poolgrad_image *image, int rank);

/* An array of items f4, f8, i8, i4, i1, u1 or V1, with its shape and its numbers as texts: "2,3" and "1 2 3 4 5 6", or
 * "1..6". */
npyfile npyfile_of_numbers(const char *item, const char *shape, const char *numbers);

/* The same array in the other byte order, or with its first index running fastest. */
void npyfile_swap_bytes(npyfile *file);
void npyfile_transpose(npyfile *file);

/* The same array for a reader who knows no bfloat16. */
void npyfile_call_uint16(npyfile *file);

/* Writes the array to folder/name; failures abort. */
void npyfile_write(const npyfile *file, const char *folder, const char *name);

/* Reads what the command writes: version 1.0, C order, this machine's byte order, data at a multiple of 64. False, and
 * nothing to free, where the file is missing or anything else. */
bool npyfile_read(npyfile *file, const char *folder, const char *name);
bool npyfile_parse(npyfile *file, const void *bytes, size_t size);

/* Whether both arrays have the same items, shape and bytes; prints the first difference. */
bool npyfile_same(const char *what, const npyfile *expected, const npyfile *actual);

#endif
