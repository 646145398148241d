/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of the zip archives that numpy.savez and numpy.savez_compressed write, each read once from its first byte to
 * its last. Stored members are read always, deflated ones where poolgrad was built with zlib.
 *
 * A file may say anything of itself: nothing is believed that the file's size does not allow.
 */
#ifndef POOLGRAD_FILES_NPZ_H
#define POOLGRAD_FILES_NPZ_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>
#include <stdio.h>

#include "files/inflate.h"

struct poolgrad_npz {
    FILE *file;
    int64_t size;    /* bytes of the member */
    int64_t taken;   /* of those, how many were read */
    uint32_t wanted; /* checksums: of the archive's directory, and of what was read */
    uint32_t found;
    struct poolgrad_inflater *inflater; /* null: the bytes are stored as they are */
};

enum { POOLGRAD_NPZ_MAGIC = 4 };

/* Whether a file that begins with these bytes is an archive; an empty one is, too. */
bool poolgrad_npz_is_archive(const unsigned char bytes[POOLGRAD_NPZ_MAGIC]);

/* Opens the member `name` or `name`.npy of a file that can be searched and is open; nothing else may read that file
 * until the end. A refusal lists the members where none has the name. */
poolgrad_status poolgrad_npz_open(FILE *file, const char *name, struct poolgrad_npz *npz, poolgrad_error *error);

/* Reads so many bytes; fewer where the member or the file ends, or where the file is damaged. */
size_t poolgrad_npz_read(struct poolgrad_npz *npz, void *data, size_t count);

/* Says whether the member was read to its end and has its checksum. */
poolgrad_status poolgrad_npz_check(const struct poolgrad_npz *npz, poolgrad_error *error);

/* Frees what reading needed; the file stays open. */
void poolgrad_npz_close(struct poolgrad_npz *npz);

/* The archive's members, "x, dy or dx" without the .npy, cut short where the text is too small. POOLGRAD_INVALID,
 * and *error says why, where there is none, and for what torch.save wrote, an archive as well. */
poolgrad_status poolgrad_npz_list(FILE *file, char *text, size_t size, poolgrad_error *error);

#endif
