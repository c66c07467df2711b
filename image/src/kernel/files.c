#include "kernel/files.h"

#include "words/buffers.h"
#include "words/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

PAGE_BUFFER char file_text[FILE_TEXT_SIZE];

static int open_to_read(int directory, const char* path)
{
    return openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int file_read_open(int file, char* buffer, size_t size)
{
    ssize_t got;

    buffer[0] = '\0';
    if (file < 0)
        return -errno;
    do
        got = pread(file, buffer, size - 1, 0);
    while (got < 0 && errno == EINTR);
    buffer[got < 0 ? 0 : got] = '\0';
    return got < 0 ? -errno : (int)got;
}

int file_read(int directory, const char* path, char* buffer, size_t size)
{
    int file = open_to_read(directory, path);
    int result = file_read_open(file, buffer, size);

    if (file >= 0)
        close(file);
    return result;
}

int file_read_again(int* kept, int directory, const char* path, char* buffer, size_t size)
{
    if (*kept == 0)
        *kept = open_to_read(directory, path) + 1;
    if (*kept == 0 && errno == ENOENT)
        *kept = -1;
    if (*kept > 0)
        return file_read_open(*kept - 1, buffer, size);
    buffer[0] = '\0';
    return *kept < 0 ? -ENOENT : -errno;
}

int file_write(const char* path, const char* text)
{
    size_t length = strlen(text);
    int file = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
    int error = 0;

    if (file < 0)
        return -errno;
    errno = EIO;
    if (write(file, text, length) != (ssize_t)length)
        error = -errno;
    close(file);
    return error;
}

bool file_exists(int directory, const char* path)
{
    return faccessat(directory, path, F_OK, 0) == 0;
}

int64_t file_number(int directory, const char* path)
{
    char text[64];

    return file_read(directory, path, text, sizeof(text)) > 0 ? text_first_number(text) : ABSENT;
}

const char* proc_path(int64_t pid, const char* name)
{
    static char path[64];
    size_t length = text_append(path, sizeof(path), 0, "/proc/");

    length = text_append_number(path, sizeof(path), length, (uint64_t)pid);
    length = text_append(path, sizeof(path), length, "/");
    text_append(path, sizeof(path), length, name);
    return path;
}

int proc_read(int64_t pid, const char* name, char* buffer, size_t size)
{
    return file_read(AT_FDCWD, proc_path(pid, name), buffer, size);
}

// getdents64 instead of readdir: the C library's takes memory from the heap.
int proc_each(void (*visit)(int64_t pid, void* context), void* context)
{
    _Alignas(struct dirent) char entries[512];
    int directory = openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long got;

    if (directory < 0)
        return -errno;
    while ((got = syscall(SYS_getdents64, directory, entries, sizeof(entries))) > 0) {
        for (long at = 0; at < got;) {
            const struct dirent* entry = (const void*)(entries + at);
            int64_t pid = text_first_number(entry->d_name);

            if (pid > 0)
                visit(pid, context);
            at += entry->d_reclen;
        }
    }
    close(directory);
    return 0;
}
