/* SPDX-License-Identifier: Apache-2.0 */
/* posix.c for Windows. Names of files are in the system's own 8-bit encoding, as main receives them. */
#define WIN32_LEAN_AND_MEAN
#include "cli/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <windows.h>

#include "measure/clock.h"

enum { TEMPORARIES = 260 }; /* as many as outputs can be named */

/* ---- The end of the process -------------------------------------------------------------------------------------- */

/* Names to remove when the console or a library ends the process. The console's handler runs on a thread of its own. */
static char *volatile temporaries[TEMPORARIES];

/* A folder that is being filled, and whether the console has asked for the end meanwhile. */
static const char *volatile temporary_folder;
static volatile bool noted_end;

static char *joined(const char *a, const char *b)
{
    const size_t length = strlen(a), more = strlen(b);
    char *both = malloc(length + more + 1);
    if (!both) return NULL;
    memcpy(both, a, length);
    memcpy(both + length, b, more + 1);
    return both;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void remove_tree(const char *path);

static void remove_entries(const char *path)
{
    struct __finddata64_t entry;
    char *pattern = joined(path, "/*");
    const intptr_t folder = pattern ? _findfirst64(pattern, &entry) : -1;
    for (bool more = folder != -1; more; more = _findnext64(folder, &entry) == 0) {
        if (is_dots(entry.name)) continue;
        char *inside = joined(path, "/"), *name = inside ? joined(inside, entry.name) : NULL;
        if (name && entry.attrib & _A_SUBDIR)
            remove_tree(name);
        else if (name)
            remove(name);
        free(inside);
        free(name);
    }
    if (folder != -1) _findclose(folder);
    free(pattern);
}

static void remove_tree(const char *path)
{
    remove_entries(path);
    RemoveDirectoryA(path);
}

static void remove_all(void)
{
    if (temporary_folder) remove_tree((const char *)temporary_folder);
    for (int i = 0; i < TEMPORARIES; i++) {
        if (temporaries[i]) DeleteFileA(temporaries[i]);
    }
}

/* An open file cannot be removed: the process ends by exit, which closes them before the last of its handlers. */
static BOOL WINAPI interrupted(DWORD event)
{
    (void)event;
    if (!temporary_folder) exit(EXIT_FAILURE);
    noted_end = true;
    return TRUE;
}

static void watch_end(void)
{
    static bool watching;
    if (watching) return;
    SetConsoleCtrlHandler(interrupted, TRUE);
    watching = atexit(remove_all) == 0;
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

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

struct file_status poolgrad_file_status(const char *path)
{
    struct __stat64 status;
    if (_stat64(path, &status) != 0) return (struct file_status){FILE_MISSING, 0};
    enum file_kind kind = FILE_STREAM;
    if (status.st_mode & _S_IFREG) kind = FILE_REGULAR;
    if (status.st_mode & _S_IFDIR) kind = FILE_DIRECTORY;
    return (struct file_status){kind, status.st_size};
}

static bool identify(const char *path, BY_HANDLE_FILE_INFORMATION *file)
{
    const DWORD sharing = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    HANDLE handle = CreateFileA(path, 0, sharing, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE) return false;
    const bool known = GetFileInformationByHandle(handle, file);
    CloseHandle(handle);
    return known;
}

/* Whether two files that do not exist yet would have one name; letters differ in nothing but case. */
static bool same_new_file(const char *a, const char *b)
{
    char *target_of_a = poolgrad_file_target(a), *target_of_b = poolgrad_file_target(b);
    const bool result = target_of_a && target_of_b && _stricmp(target_of_a, target_of_b) == 0;
    free(target_of_a);
    free(target_of_b);
    return result;
}

bool poolgrad_same_file(const char *a, const char *b)
{
    BY_HANDLE_FILE_INFORMATION of_a, of_b;
    const bool a_exists = poolgrad_file_status(a).kind != FILE_MISSING;
    if (a_exists != (poolgrad_file_status(b).kind != FILE_MISSING)) return false;
    if (!a_exists) return same_new_file(a, b);
    return identify(a, &of_a) && identify(b, &of_b) && of_a.dwVolumeSerialNumber == of_b.dwVolumeSerialNumber &&
           of_a.nFileIndexHigh == of_b.nFileIndexHigh && of_a.nFileIndexLow == of_b.nFileIndexLow;
}

char *poolgrad_file_target(const char *path)
{
    return _fullpath(NULL, path, 0);
}

/* ---- Files that are written -------------------------------------------------------------------------------------- */

FILE *poolgrad_stream_open(const char *path)
{
    return fopen(path, "wb");
}

FILE *poolgrad_stdout_open(void)
{
    const int copy = _dup(_fileno(stdout));
    return copy < 0 ? NULL : _fdopen(copy, "wb");
}

bool poolgrad_is_terminal(FILE *file)
{
    return _isatty(_fileno(file)) != 0;
}

/* A name beside `path` that nothing has, made of the process and a count; to be freed. Null without memory. */
static char *temporary_name(const char *path)
{
    static unsigned count;
    char last[64];
    const char *slash = strrchr(path, '/'), *backslash = strrchr(path, '\\');
    if (!slash || (backslash && backslash > slash)) slash = backslash;
    const size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    snprintf(last, sizeof last, ".poolgrad.%lx-%x", GetCurrentProcessId(), count++);
    char *name = malloc(folder + strlen(last) + 1);
    if (!name) return NULL;
    memcpy(name, path, folder);
    strcpy(name + folder, last);
    return name;
}

FILE *poolgrad_temporary_open(const char *path, char **name)
{
    int descriptor = -1, reason = EMFILE;
    watch_end();
    *name = temporary_name(path);
    if (!*name) return NULL;
    if (remember(*name)) {
        descriptor = _open(*name, _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY, _S_IREAD | _S_IWRITE);
        reason = errno;
    }
    FILE *file = descriptor >= 0 ? _fdopen(descriptor, "wb") : NULL;
    if (file) return file;
    if (descriptor >= 0) {
        reason = errno;
        _close(descriptor);
        remove(*name);
    }
    forget(*name);
    free(*name);
    *name = NULL;
    errno = reason;
    return NULL;
}

/* Replaces what has the name. */
static bool move(const char *name, const char *path)
{
    if (MoveFileExA(name, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) return true;
    errno = GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND ? ENOENT : EACCES;
    return false;
}

bool poolgrad_temporary_rename(const char *name, const char *path)
{
    if (!move(name, path)) return false;
    forget(name);
    return true;
}

void poolgrad_temporary_remove(const char *name)
{
    remove(name);
    forget(name);
}

/* What is no file on a disk has nothing to write through. */
bool poolgrad_file_flush(FILE *file)
{
    return fflush(file) == 0 && (_commit(_fileno(file)) == 0 || errno == EBADF || errno == EINVAL);
}

/* ---- Folders ----------------------------------------------------------------------------------------------------- */

static bool make_folder(const char *path)
{
    if (CreateDirectoryA(path, NULL)) return true;
    const DWORD reason = GetLastError();
    errno = reason == ERROR_ALREADY_EXISTS ? EEXIST : reason == ERROR_PATH_NOT_FOUND ? ENOENT : EACCES;
    return false;
}

char *poolgrad_folder_temporary(const char *path)
{
    char *name = temporary_name(path);
    if (!name) return NULL;
    watch_end();
    temporary_folder = name;
    if (make_folder(name)) return name;
    temporary_folder = NULL;
    free(name);
    return NULL;
}

bool poolgrad_folder_interrupted(void)
{
    return noted_end;
}

/* The folder is done with: an end that was noted comes now. */
static void end_folder(void)
{
    temporary_folder = NULL;
    if (noted_end) exit(EXIT_FAILURE);
}

/* An empty folder of that name would be in the way. */
bool poolgrad_folder_rename(const char *name, const char *path)
{
    RemoveDirectoryA(path);
    if (!move(name, path)) return false;
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
    return make_folder(path);
}

bool poolgrad_folder_each(const char *path, bool (*found)(void *context, const char *name), void *context)
{
    struct __finddata64_t entry;
    char *pattern = joined(path, "/*");
    const intptr_t folder = pattern ? _findfirst64(pattern, &entry) : -1;
    free(pattern);
    if (folder == -1) return false;
    bool good = true;
    for (bool more = true; good && more; more = _findnext64(folder, &entry) == 0)
        good = is_dots(entry.name) || found(context, entry.name);
    _findclose(folder);
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

/* ---- The process ------------------------------------------------------------------------------------------------- */

/* Windows does not give a file's number to a stream that was closed. What the streams carry is bytes. */
void poolgrad_guard_standard_streams(void)
{
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
}

double poolgrad_seconds(void)
{
    return 1e-9 * (double)poolgrad_nanoseconds();
}

int poolgrad_processors(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwNumberOfProcessors > 0 ? (int)system.dwNumberOfProcessors : 1;
}

int64_t poolgrad_memory(void)
{
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    return GlobalMemoryStatusEx(&memory) ? (int64_t)memory.ullTotalPhys : INT64_MAX;
}

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

enum { MOST_THREADS = 1024 };

/* Work that threads take from one after the other. */
struct team {
    void (*body)(void *context, int64_t i);
    void *context;
    int64_t count;
    volatile LONG64 next;
};

static DWORD WINAPI take_work(void *argument)
{
    struct team *team = argument;
    for (int64_t i; (i = InterlockedIncrement64(&team->next) - 1) < team->count;) team->body(team->context, i);
    return 0;
}

void poolgrad_threads_run(int threads, int64_t count, void (*body)(void *context, int64_t i), void *context)
{
    struct team team = {.body = body, .context = context, .count = count};
    HANDLE others[MOST_THREADS];
    int started = 0;
    for (; started + 1 < threads && started + 1 < count && started < MOST_THREADS; started++) {
        others[started] = CreateThread(NULL, 0, take_work, &team, 0, NULL);
        if (!others[started]) break;
    }
    (void)take_work(&team);
    for (int i = 0; i < started; i++) {
        WaitForSingleObject(others[i], INFINITE);
        CloseHandle(others[i]);
    }
}

/* ---- Other processes --------------------------------------------------------------------------------------------- */

void poolgrad_shells_begin(void)
{
    watch_end();
}

/* In a job, so that what it starts can be ended with it. False where it could not be started. */
static bool start_shell(const char *line, HANDLE job, HANDLE said, PROCESS_INFORMATION *process)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE nothing = CreateFileA("NUL", GENERIC_READ, FILE_SHARE_READ, &inherited, OPEN_EXISTING, 0, NULL);
    STARTUPINFOA start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES, .hStdInput = nothing};
    start.hStdOutput = start.hStdError = said;
    char *opened = joined("cmd.exe /d /s /c \"", line), *command = opened ? joined(opened, "\"") : NULL;
    const bool started = command &&
                         CreateProcessA(NULL, command, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start, process);
    free(opened);
    free(command);
    if (nothing != INVALID_HANDLE_VALUE) CloseHandle(nothing);
    if (!started) return false;
    AssignProcessToJobObject(job, process->hProcess);
    ResumeThread(process->hThread);
    return true;
}

/* A status tells of a fault by itself here. */
const char *poolgrad_signal_name(int number)
{
    (void)number;
    return NULL;
}

/* Reads what is there. */
static void hear(HANDLE pipe, struct tail *said)
{
    enum { AT_ONCE = 4096 };
    char bytes[AT_ONCE];
    DWORD there = 0, count = 0;
    while (PeekNamedPipe(pipe, NULL, 0, NULL, &there, NULL) && there > 0) {
        if (!ReadFile(pipe, bytes, there < AT_ONCE ? there : AT_ONCE, &count, NULL)) return;
        poolgrad_tail_add(said, bytes, count);
    }
}

/* Waits for the process, which the end of this one ends as well. */
static struct ending follow_shell(HANDLE process, HANDLE job, HANDLE pipe, int64_t seconds,
                                  const struct shell_watch *watch, struct tail *said)
{
    enum { MILLISECONDS = 10 };
    const double end = poolgrad_seconds() + (double)seconds;
    struct ending ending = {ENDED, 0};
    DWORD status = 0;
    while (WaitForSingleObject(process, MILLISECONDS) == WAIT_TIMEOUT) {
        hear(pipe, said);
        watch->look(watch->context);
        if (!noted_end && poolgrad_seconds() <= end) continue;
        ending.how = ENDED_BY_TIME;
        TerminateJobObject(job, EXIT_FAILURE);
    }
    hear(pipe, said);
    if (ending.how == ENDED && GetExitCodeProcess(process, &status)) ending.number = (int)status;
    return ending;
}

struct ending poolgrad_shell_run(const char *line, int64_t seconds, const struct shell_watch *watch, struct tail *said)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    PROCESS_INFORMATION process;
    HANDLE reading, writing;
    struct ending ending = {ENDED_NOT_STARTED, 0};
    *said = (struct tail){.length = 0};
    if (!CreatePipe(&reading, &writing, &inherited, 0)) return ending;
    SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
    HANDLE job = CreateJobObjectA(NULL, NULL);
    const bool started = start_shell(line, job, writing, &process);
    CloseHandle(writing);
    if (started) {
        ending = follow_shell(process.hProcess, job, reading, seconds, watch, said);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    CloseHandle(reading);
    CloseHandle(job);
    return ending;
}
