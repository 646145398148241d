/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NumPy's .npy format, versions 1.0 to 3.0, on memory: whoever calls owns files and buffers.
 *
 * To read: poolgrad_npy_preamble on the first POOLGRAD_NPY_PREAMBLE bytes says how many bytes precede the data,
 * poolgrad_npy_parse on those bytes says what the data is, poolgrad_npy_place puts it where it belongs, chunk by chunk.
 * To write: poolgrad_npy_header, then the elements as they lie in memory.
 *
 * Accepted items: float16, float32, float64, uint8, uint16, uint32, int32, int64, and void of two bytes, under which
 * ml_dtypes files bfloat16. Mark '<' is little endian and '>' big endian, for that void type too; '=', '|' and no mark
 * stand for the order of the machine that reads, as in NumPy.
 */
#ifndef POOLGRAD_FILES_NPY_H
#define POOLGRAD_FILES_NPY_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

#define POOLGRAD_NPY_MAX_RANK 8

enum {
    POOLGRAD_NPY_PREAMBLE = 12,       /* bytes up to the header's text, at most */
    POOLGRAD_NPY_MAX_HEADER = 65536,  /* bytes that may precede the data of a file that is read */
    POOLGRAD_NPY_WRITTEN_HEADER = 256 /* poolgrad_npy_header never needs more */
};

struct poolgrad_npy {
    char kind;          /* 'f', 'u', 'i', or 'V', two bytes of no declared meaning: bfloat16 */
    int item_size;      /* bytes of an element */
    bool big_endian;    /* of the file; false where item_size is 1 */
    bool fortran_order; /* in the file the first index runs fastest, else the last */
    int rank;
    int64_t shape[POOLGRAD_NPY_MAX_RANK];
    int64_t elements;   /* product of the shape; 1 where rank is 0 */
    size_t data_offset; /* bytes that precede the data */
};

/*
 * The bytes that precede the data, from the first `count` bytes of a file, of which no more than POOLGRAD_NPY_PREAMBLE
 * are looked at; fewer are enough only if the file has no more. At most POOLGRAD_NPY_MAX_HEADER.
 */
poolgrad_status poolgrad_npy_preamble(const unsigned char *bytes, size_t count, size_t *data_offset,
                                      poolgrad_error *error);

/*
 * Parses all that precedes the data; what follows it may be there or not. Shapes are such that data_offset plus the
 * bytes of the elements fits a ptrdiff_t and an int64_t even if every dimension of 0 were 1, so that dense strides do
 * too. A refusal leaves *npy as it was.
 */
poolgrad_status poolgrad_npy_parse(const unsigned char *bytes, size_t count, struct poolgrad_npy *npy,
                                   poolgrad_error *error);

/*
 * Writes the version 1.0 header that NumPy (1.23 or later) writes for a C-order array of this machine's byte order with
 * the given kind, item_size, rank and shape, and returns its size, a multiple of 64. Returns 0, and writes nothing,
 * where that is more than `capacity`.
 */
size_t poolgrad_npy_header(const struct poolgrad_npy *npy, unsigned char *bytes, size_t capacity);

/*
 * Takes the `count` elements at `chunk`, which stand in the file from element `first` on, to their places in
 * `destination`, a dense C-order array of this machine's byte order. 0 <= first, first + count <= npy->elements; no
 * alignment is needed; chunk and destination do not overlap. Distinct parts of the file may be placed at the same time.
 */
void poolgrad_npy_place(const struct poolgrad_npy *npy, void *destination, int64_t first, const void *chunk,
                        int64_t count);

#endif
