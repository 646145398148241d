/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder with tensors, in which the command is run, and what is expected of a run. A test that uses it is declared
 * with .init = scene_enter, .fini = scene_leave.
 */
#ifndef POOLGRAD_TESTS_SCENE_H
#define POOLGRAD_TESTS_SCENE_H

#include "npyfile.h"
#include "process.h"
#include <poolgrad/poolgrad.h>
#include <stdbool.h>

enum { SCENE_PATH = 512, SCENE_LINE = 2048 };

extern char scene_folder[SCENE_PATH];
extern const process_setting scene_setting; /* in the folder */

void scene_enter(void);
void scene_leave(void);

/* A path in the folder; valid until the next call. */
const char *scene_path(const char *name);

/* Names in the folder, sorted, each with a blank behind it; to be freed. */
char *scene_list(void);

void scene_write_bytes(const char *name, const void *bytes, size_t size);

/* The bytes of a file with a zero behind them, to be freed; null where it is missing. */
unsigned char *scene_read_bytes(const char *name, size_t *size);

/* ---- Tensors ---------------------------------------------------------------------------------------------------- */

/* What most tests pool: x.npy, 9 x 7, and g.npy, 5 x 4 as 3x3 windows of stride 2 and padding 1 give; two images of
 * eight channels, float32. */
extern poolgrad_image scene_source, scene_gradient;
void scene_write(void);

/* Files that some or all options refuse, a folder, and out.npy, which is "old". */
void scene_write_bad_files(void);

poolgrad_image scene_tensor(poolgrad_format format, poolgrad_layout layout, int64_t images, int64_t channels,
                            int64_t height, int64_t width);

/* Fractions whose sums round; where `special`, ties, zeros of both signs and NaNs in the first four channels. */
void scene_fill(const poolgrad_image *image, uint64_t seed, bool special);
void scene_write_image(const poolgrad_image *image, int rank, const char *name);

/* The array of npyfile_of_numbers. */
void scene_write_numbers(const char *name, const char *item, const char *shape, const char *numbers);

/* ---- What is expected ------------------------------------------------------------------------------------------- */

/* The problem of a line without options: formats and sizes of the images, and what else the command's defaults are; the
 * destination is sized like the source. */
poolgrad_problem scene_problem(poolgrad_direction direction, const poolgrad_image *x, const poolgrad_image *g);

/* The file that the library's answer is, with zeros where it writes nothing, or what `before` holds. */
npyfile scene_solve(const poolgrad_problem *problem, int rank, const poolgrad_image *before);

/* Whether the line runs, in silence unless a note is expected; the reason goes to stderr where not. */
bool scene_runs(const char *line);
bool scene_runs_with(const char *line, const char *note);

/* Whether it also leaves the expected array; which is freed. */
bool scene_gives(const char *line, const char *name, npyfile expected);
bool scene_gives_with(const char *line, const char *note, const char *name, npyfile expected);

/* Whether the line is refused in one sentence that says so much, with nothing on standard output and nothing changed in
 * the folder. */
bool scene_refuses(const char *line, const char *sentence);

#endif
