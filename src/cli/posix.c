/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/integer.h"

enum { TEMPORARIES = 260 }; /* as many as outputs can be named */

/* ---- Signals ---------------------------------------------------------------------------------------------------- */

/* Names to remove on a signal. A handler may read them at any moment: a slot is filled before it counts. */
static char *volatile temporaries[TEMPORARIES];

/* A folder that is being filled, and the signal that came meanwhile: a handler may not walk through folders. */
static const char *volatile temporary_folder;
static volatile sig_atomic_t noted_signal;

/* Leaders of the groups that run; 0: a free slot. */
enum { SHELLS = 1024 };
static volatile sig_atomic_t shells[SHELLS];

static void end_shells(void)
{
    for (int i = 0; i < SHELLS; i++) {
        if (shells[i] > 0) kill(-(pid_t)shells[i], SIGKILL);
    }
}

static void remove_temporaries(void)
{
    for (int i = 0; i < TEMPORARIES; i++) {
        if (temporaries[i]) unlink(temporaries[i]);
    }
}

static void interrupted(int signal_number)
{
    if (temporary_folder) {
        noted_signal = signal_number;
        return;
    }
    end_shells();
    remove_temporaries();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_tree(const char *path)
{
    enum { OPEN_FOLDERS = 8 };
    nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

static void remove_all(void)
{
    if (temporary_folder) remove_tree((const char *)temporary_folder);
    remove_temporaries();
}

/* Nor does a library that ends the process leave anything behind. */
static void watch_end(void)
{
    static bool watching;
    static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        struct sigaction action = {0};
        if (sigaction(watched[i], NULL, &action) != 0 || action.sa_handler == SIG_IGN) continue;
        action.sa_handler = interrupted;
        sigemptyset(&action.sa_mask);
        sigaction(watched[i], &action, NULL);
    }
    /* A file that may not grow is told by write, like a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    if (!watching && atexit(remove_all) == 0) watching = true;
}

static void forget(const char *name)
{
    for (int i = 0; i < TEMPORARIES; i++) {
        if (temporaries[i] == name) temporaries[i] = NULL;
    }
}

static bool remember(char *name)
{
    for (int i = 0; i < TEMPORARIES; i++) {
        if (temporaries[i]) continue;
        temporaries[i] = name;
        return true;
    }
    return false;
}

/* ---- Paths ------------------------------------------------------------------------------------------------------ */

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_standard_output(const struct stat *status)
{
    struct stat output;
    return fstat(STDOUT_FILENO, &output) == 0 && same(status, &output);
}

/* Paths such as /dev/fd/3 lead to an open file, which may have no name any more. */
static bool has_name(const char *path, const struct stat *status)
{
    struct stat named;
    char *target = realpath(path, NULL);
    bool found = target && stat(target, &named) == 0 && same(status, &named);
    free(target);
    return found;
}

struct file_status poolgrad_file_status(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return (struct file_status){FILE_MISSING, 0};
    enum file_kind kind = FILE_STREAM;
    if (S_ISREG(status.st_mode) && !is_standard_output(&status) && has_name(path, &status)) kind = FILE_REGULAR;
    if (S_ISDIR(status.st_mode)) kind = FILE_DIRECTORY;
    return (struct file_status){kind, status.st_size};
}

/* Bytes of a path up to its last part. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* `name` as seen from the folder of `path`, to be freed; null without memory. */
static char *beside(const char *path, const char *name)
{
    size_t folder = *name == '/' ? 0 : folder_length(path), length = strlen(name);
    char *joined = malloc(folder + length + 1);
    if (!joined) return NULL;
    memcpy(joined, path, folder);
    memcpy(joined + folder, name, length + 1);
    return joined;
}

/* For what does not exist, which realpath refuses: where its links lead. */
static char *follow_links(const char *path)
{
    enum { MOST = 40 };
    char link[PATH_MAX];
    char *name = strdup(path);
    for (int i = 0; name && i < MOST; i++) {
        ssize_t length = readlink(name, link, sizeof link - 1);
        if (length < 0) return name;
        link[length] = '\0';
        char *next = beside(name, link);
        free(name);
        name = next;
    }
    if (name) errno = ELOOP;
    free(name);
    return NULL;
}

char *poolgrad_file_target(const char *path)
{
    char *target = realpath(path, NULL);
    return target ? target : follow_links(path);
}

/* Whether two files that do not exist yet would have one name in one folder. */
static bool same_new_file(const char *a, const char *b)
{
    struct stat folder_of_a, folder_of_b;
    char *target_of_a = poolgrad_file_target(a), *target_of_b = poolgrad_file_target(b);
    char *folder_a = target_of_a ? beside(target_of_a, ".") : NULL;
    char *folder_b = target_of_b ? beside(target_of_b, ".") : NULL;
    bool result = folder_a && folder_b && stat(folder_a, &folder_of_a) == 0 && stat(folder_b, &folder_of_b) == 0 &&
                  same(&folder_of_a, &folder_of_b) &&
                  strcmp(target_of_a + folder_length(target_of_a), target_of_b + folder_length(target_of_b)) == 0;
    free(target_of_a);
    free(target_of_b);
    free(folder_a);
    free(folder_b);
    return result;
}

bool poolgrad_same_file(const char *a, const char *b)
{
    struct stat of_a, of_b;
    bool a_exists = stat(a, &of_a) == 0, b_exists = stat(b, &of_b) == 0;
    if (a_exists != b_exists) return false;
    return a_exists ? S_ISREG(of_a.st_mode) && same(&of_a, &of_b) : same_new_file(a, b);
}

/* ---- Files that are written ------------------------------------------------------------------------------------- */

/* Standard output is taken as it is: opened anew, a file would lose what stands in it, and a socket cannot be. */
FILE *poolgrad_stream_open(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !is_standard_output(&status)) return fopen(path, "wb");
    return poolgrad_stdout_open();
}

FILE *poolgrad_stdout_open(void)
{
    int copy = dup(STDOUT_FILENO);
    return copy < 0 ? NULL : fdopen(copy, "wb");
}

bool poolgrad_is_terminal(FILE *file)
{
    return isatty(fileno(file)) == 1;
}

/* Those of the file that will be replaced; else what the process gives every new file. */
static mode_t access_rights(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0) return status.st_mode & 0777;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* No signal comes between making the file and noting its name. */
static int make_temporary(char *name)
{
    sigset_t all, before;
    sigfillset(&all);
    watch_end();
    sigprocmask(SIG_SETMASK, &all, &before);
    int descriptor = mkstemp(name);
    int reason = errno;
    if (descriptor >= 0 && !remember(name)) {
        reason = EMFILE;
        close(descriptor);
        unlink(name);
        descriptor = -1;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return descriptor;
}

FILE *poolgrad_temporary_open(const char *path, char **name)
{
    /* A file that may not be written is not to be replaced either. */
    if (access(path, W_OK) != 0 && errno != ENOENT) return NULL;
    /* Not longer than the names a folder takes, however long that of the file is. */
    *name = beside(path, ".poolgrad.XXXXXX");
    if (!*name) return NULL;
    int descriptor = make_temporary(*name);
    FILE *file = NULL;
    if (descriptor >= 0 && fchmod(descriptor, access_rights(path)) == 0) file = fdopen(descriptor, "wb");
    if (file) return file;
    int reason = errno;
    if (descriptor >= 0) close(descriptor);
    if (descriptor >= 0) unlink(*name);
    forget(*name);
    free(*name);
    *name = NULL;
    errno = reason;
    return NULL;
}

bool poolgrad_temporary_rename(const char *name, const char *path)
{
    if (rename(name, path) != 0) return false;
    forget(name);
    return true;
}

void poolgrad_temporary_remove(const char *name)
{
    unlink(name);
    forget(name);
}

bool poolgrad_file_flush(FILE *file)
{
    return fflush(file) == 0 && (fsync(fileno(file)) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS);
}

/* ---- Folders ----------------------------------------------------------------------------------------------------- */

char *poolgrad_folder_temporary(const char *path)
{
    sigset_t all, before;
    char *name = beside(path, ".poolgrad.XXXXXX");
    if (!name) return NULL;
    sigfillset(&all);
    watch_end();
    const mode_t mask = umask(0);
    umask(mask);
    sigprocmask(SIG_SETMASK, &all, &before);
    bool made = mkdtemp(name) != NULL;
    int reason = errno;
    if (made) temporary_folder = name;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (made && chmod(name, 0777 & ~mask) == 0) return name;
    if (made) reason = errno;
    if (made) poolgrad_folder_remove(name);
    free(name);
    errno = reason;
    return NULL;
}

bool poolgrad_folder_interrupted(void)
{
    return noted_signal != 0;
}

/* The folder is done with: a signal that was noted ends the process now. */
static void end_folder(void)
{
    temporary_folder = NULL;
    const int signal_number = noted_signal;
    noted_signal = 0;
    if (signal_number != 0) interrupted(signal_number);
}

bool poolgrad_folder_rename(const char *name, const char *path)
{
    if (rename(name, path) != 0) return false;
    end_folder();
    return true;
}

void poolgrad_folder_remove(const char *name)
{
    remove_tree(name);
    end_folder();
}

bool poolgrad_folder_make(const char *path)
{
    return mkdir(path, 0777) == 0;
}

bool poolgrad_folder_each(const char *path, bool (*found)(void *context, const char *name), void *context)
{
    bool good = true;
    DIR *folder = opendir(path);
    if (!folder) return false;
    for (const struct dirent *entry = readdir(folder); good && entry; entry = readdir(folder)) {
        const bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        good = dots || found(context, entry->d_name);
    }
    closedir(folder);
    return good;
}

static bool is_found(void *context, const char *name)
{
    (void)context;
    (void)name;
    return false;
}

bool poolgrad_folder_is_empty(const char *path)
{
    return poolgrad_folder_each(path, is_found, NULL);
}

/* ---- The process ------------------------------------------------------------------------------------------------ */

/* What stands in for a closed stream cannot be used as that stream, so that its absence is still noticed. */
void poolgrad_guard_standard_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (fcntl(stream, F_GETFD) >= 0) continue;
        if (open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
    }
}

double poolgrad_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int poolgrad_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

int64_t poolgrad_memory(void)
{
#if defined(_SC_PHYS_PAGES)
    int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE), bytes;
    if (pages > 0 && page > 0 && poolgrad_multiply(pages, page, &bytes)) return bytes;
#endif
    return INT64_MAX;
}

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

enum { MOST_THREADS = 1024 };

/* Work that threads take from one after the other. */
struct team {
    void (*body)(void *context, int64_t i);
    void *context;
    int64_t count;
    atomic_int_fast64_t next;
};

static void *take_work(void *argument)
{
    struct team *team = argument;
    for (int64_t i; (i = atomic_fetch_add(&team->next, 1)) < team->count;) team->body(team->context, i);
    return NULL;
}

void poolgrad_threads_run(int threads, int64_t count, void (*body)(void *context, int64_t i), void *context)
{
    struct team team = {.body = body, .context = context, .count = count};
    pthread_t others[MOST_THREADS];
    int started = 0;
    const int wanted = (int)poolgrad_min(poolgrad_min(threads, count) - 1, MOST_THREADS);
    atomic_init(&team.next, 0);
    while (started < wanted && pthread_create(&others[started], NULL, take_work, &team) == 0) started++;
    (void)take_work(&team);
    for (int i = 0; i < started; i++) pthread_join(others[i], NULL);
}

/* ---- Other processes --------------------------------------------------------------------------------------------- */

static pthread_mutex_t shells_lock = PTHREAD_MUTEX_INITIALIZER;

void poolgrad_shells_begin(void)
{
    watch_end();
}

/* Gives the slot that has one of the processes to the other; there is none for more than SHELLS at once. */
static void note_shell(pid_t from, pid_t to)
{
    pthread_mutex_lock(&shells_lock);
    int i = 0;
    while (i < SHELLS && shells[i] != from) i++;
    if (i < SHELLS) shells[i] = to;
    pthread_mutex_unlock(&shells_lock);
}

const char *poolgrad_signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } signals[] = {{SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},   {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
                   {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
                   {SIGKILL, "SIGKILL"}, {SIGSEGV, "SIGSEGV"}, {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"},
                   {SIGTERM, "SIGTERM"}, {SIGXCPU, "SIGXCPU"}, {SIGXFSZ, "SIGXFSZ"}, {SIGSYS, "SIGSYS"}};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (signals[i].number == number) return signals[i].name;
    }
    return NULL;
}

/* A group of its own, so that what it starts can be ended with it. */
static pid_t start_shell(const char *line, int said)
{
    const pid_t child = fork();
    if (child != 0) return child;
    setpgid(0, 0);
    const int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(said, STDOUT_FILENO);
    (void)dup2(said, STDERR_FILENO);
    signal(SIGXFSZ, SIG_DFL);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(127);
}

/* Reads what is there. False once no writer is left. */
static bool hear(int descriptor, struct tail *said)
{
    enum { AT_ONCE = 4096 };
    char bytes[AT_ONCE];
    for (;;) {
        const ssize_t count = read(descriptor, bytes, sizeof bytes);
        if (count > 0) poolgrad_tail_add(said, bytes, (size_t)count);
        if (count == 0) return false;
        if (count < 0) return errno == EAGAIN || errno == EINTR;
    }
}

/* Waits for the process, which the end of this one ends as well. */
static struct ending follow_shell(pid_t child, int descriptor, int64_t seconds, const struct shell_watch *watch,
                                  struct tail *said)
{
    enum { MILLISECONDS = 2 };
    const double end = poolgrad_seconds() + (double)seconds;
    struct pollfd written = {.fd = descriptor, .events = POLLIN};
    int status = 0;
    bool is_late = false;
    for (;;) {
        const pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child) break;
        if (ended < 0 && errno != EINTR) return (struct ending){ENDED_NOT_STARTED, 0};
        if (noted_signal != 0 || (!is_late && poolgrad_seconds() > end)) {
            is_late = true;
            kill(-child, SIGKILL);
            kill(child, SIGKILL);
        }
        watch->look(watch->context);
        if (poll(&written, 1, MILLISECONDS) > 0 && !hear(descriptor, said)) written.fd = -1;
    }
    (void)hear(descriptor, said);
    if (is_late) return (struct ending){ENDED_BY_TIME, 0};
    if (WIFSIGNALED(status)) return (struct ending){ENDED_BY_SIGNAL, WTERMSIG(status)};
    return (struct ending){ENDED, WEXITSTATUS(status)};
}

struct ending poolgrad_shell_run(const char *line, int64_t seconds, const struct shell_watch *watch, struct tail *said)
{
    int ends[2];
    struct ending ending = {ENDED_NOT_STARTED, 0};
    *said = (struct tail){.length = 0};
    if (pipe(ends) != 0) return ending;
    /* Neither end is for other shells; what has no end of its own may write on when its shell has ended. */
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    const pid_t child = start_shell(line, ends[1]);
    close(ends[1]);
    if (child > 0) {
        note_shell(0, child);
        ending = follow_shell(child, ends[0], seconds, watch, said);
        note_shell(child, 0);
    }
    close(ends[0]);
    return ending;
}
