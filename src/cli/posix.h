/* SPDX-License-Identifier: Apache-2.0 */
/* What C11 does not have: the kinds of files, names of their own for temporaries, replacing a file in one step, and
 * clearing up when the process is interrupted. posix.c has it from POSIX, windows.c from Windows. */
#ifndef POOLGRAD_CLI_POSIX_H
#define POOLGRAD_CLI_POSIX_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/tail.h"

/* A stream is what must be written in place: a device, a pipe, standard output whatever it is, or an open file that has
 * lost its name. */
enum file_kind { FILE_MISSING, FILE_REGULAR, FILE_DIRECTORY, FILE_STREAM };

struct file_status {
    enum file_kind kind;
    int64_t size; /* of a regular file */
};

struct file_status poolgrad_file_status(const char *path);

/* Whether two paths lead to the same regular file, or would, where neither exists yet. */
bool poolgrad_same_file(const char *a, const char *b);

/* What `path` names once links are followed, whether it exists yet or not; to be freed. Null on failure, errno set. */
char *poolgrad_file_target(const char *path);

/* Opens a stream for writing. Null on failure, errno set. */
FILE *poolgrad_stream_open(const char *path);

/* Another handle of standard output, to be closed. Null on failure, errno set. */
FILE *poolgrad_stdout_open(void);

bool poolgrad_is_terminal(FILE *file);

/* A new file beside `path`, open for writing with the access rights the file will have. *name is to be freed, and the
 * file is removed if the process is interrupted before it is renamed or removed here. Null on failure, errno set. */
FILE *poolgrad_temporary_open(const char *path, char **name);

/* Gives the temporary its final name. False on failure, errno set. */
bool poolgrad_temporary_rename(const char *name, const char *path);
void poolgrad_temporary_remove(const char *name);

/* Writes buffered data through to the disk. */
bool poolgrad_file_flush(FILE *file);

/* ---- A folder that appears whole --------------------------------------------------------------------------------- */

/* A new folder beside `path`, to be renamed or removed, one at a time; its name is to be freed. Until then a signal
 * that would end the process is only noted. Null on failure, errno set. */
char *poolgrad_folder_temporary(const char *path);

/* Whether such a signal has come: time to remove the folder. */
bool poolgrad_folder_interrupted(void);

/* Gives the temporary folder its name, which is that of no folder or of an empty one. False on failure, errno set. */
bool poolgrad_folder_rename(const char *name, const char *path);

/* Removes the temporary folder with all that is in it. This and renaming let a signal that was noted take effect. */
void poolgrad_folder_remove(const char *name);

/* False on failure, errno set. */
bool poolgrad_folder_make(const char *path);

/* False also where it cannot be told. */
bool poolgrad_folder_is_empty(const char *path);

/* Calls `found` with each name in the folder until that returns false; so does this then, or where the folder cannot be
 * read, errno set. */
bool poolgrad_folder_each(const char *path, bool (*found)(void *context, const char *name), void *context);

/* ---- Other processes --------------------------------------------------------------------------------------------- */

/* How a process ended: its status, or the signal. */
struct ending {
    enum { ENDED, ENDED_BY_SIGNAL, ENDED_BY_TIME, ENDED_NOT_STARTED } how;
    int number;
};

/* What is called now and then while a process runs. */
struct shell_watch {
    void (*look)(void *context);
    void *context;
};

/* "SIGSEGV" and so on; null where the number is no signal by which programs end. */
const char *poolgrad_signal_name(int number);

/* Runs the line in a shell, with nothing on its standard input; ends it, and all that it has started, after so many
 * seconds, or when this process is told to end. The end of what it writes to standard output and standard error is in
 * *said. Several threads may do so at once, after poolgrad_shells_begin. */
struct ending poolgrad_shell_run(const char *line, int64_t seconds, const struct shell_watch *watch, struct tail *said);
void poolgrad_shells_begin(void);

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

/* Calls body(context, i) for each i below `count`, on at most so many threads; those that cannot be had are left out.
 */
void poolgrad_threads_run(int threads, int64_t count, void (*body)(void *context, int64_t i), void *context);

/* ---- The process ------------------------------------------------------------------------------------------------- */

/* Keeps files that are opened later from becoming standard streams that were closed when the process started. */
void poolgrad_guard_standard_streams(void);

double poolgrad_seconds(void);
int poolgrad_processors(void);

/* Bytes of memory in this machine; INT64_MAX where it does not tell. */
int64_t poolgrad_memory(void);

#endif
