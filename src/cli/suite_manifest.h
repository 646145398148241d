/* SPDX-License-Identifier: Apache-2.0 */
/* A kit's manifest.json, written and read by one table of members; docs/suite.md is its specification. */
#ifndef POOLGRAD_CLI_SUITE_MANIFEST_H
#define POOLGRAD_CLI_SUITE_MANIFEST_H

#include <jansson.h>
#include <stdio.h>

#include "cli/options.h"
#include "suite/kit.h"

#define MANIFEST_NAME "manifest.json"
#define MANIFEST_VERSION 2
#define MANIFEST_OLDEST 1 /* that is read: of planes alone, with a progression of windows along each axis */

/* An array of a case; of format none where the case has none. */
struct manifest_file {
    const char *file; /* below the kit's folder; null: only the sizes count */
    poolgrad_format format;
    poolgrad_layout layout;
    int64_t images, channels, depth, height, width; /* depth 0: a plane, whose array has no such dimension */
    const char *fnv1a64; /* of the file's bytes, 16 hexadecimal digits; null without a file */
};

/* Texts belong to whoever made it, or to the document. */
struct manifest_case {
    const char *name;
    uint64_t features;
    poolgrad_problem problem; /* images have no data; tables read are the manifest's */
    struct manifest_file file[SUITE_ROLES];
};

struct manifest {
    const char *format, *generator, *size;
    int64_t format_version, seed, count;
    struct manifest_case *entry;
    json_t *document, *cases;
    char *folder;
};

/* ---- Writing: begin, each case, end; false on failure ------------------------------------------------------------ */

bool poolgrad_manifest_begin(FILE *file, const char *size, int64_t seed);
bool poolgrad_manifest_put(FILE *file, const struct manifest_case *entry, bool first);
bool poolgrad_manifest_end(FILE *file);

/* ---- Reading: 0, or 2 after one sentence ------------------------------------------------------------------------- */

/* Reads the manifest of a kit and sees that it is whole: its version, every member, every file it names. */
int poolgrad_manifest_read(const struct options *options, const char *folder, struct manifest *manifest);
void poolgrad_manifest_free(struct manifest *manifest);

/* Reads the files of a case, and sees that its problem can be run. */
int poolgrad_manifest_load(const struct options *options, const struct manifest *manifest, int64_t index,
                           struct suite_case *made);

/* FNV-1a, 64 bits, of all bytes of a file, as text; false on failure, errno set. */
bool poolgrad_manifest_checksum(const char *path, char text[17]);

/* "folder/name", to be freed; null without memory. */
char *poolgrad_manifest_path(const char *folder, const char *name);

#endif
