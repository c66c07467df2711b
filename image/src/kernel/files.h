// Small reads and writes of files in /proc and in the cgroup tree. Here as everywhere in the agent
// an int that tells of an error is 0 or more, or -errno; a value that is not there is ABSENT.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILE_TEXT_SIZE = 8192 };

// The one buffer for texts that are read, parsed and forgotten at once.
extern char file_text[FILE_TEXT_SIZE];

// Reads at most size - 1 bytes and ends them with NUL. Returns their number or -errno.
int file_read(int directory, const char* path, char* buffer, size_t size);

// The same of an open file, from its beginning and in one call: the kernel writes such files in one
// piece.
int file_read_open(int file, char* buffer, size_t size);

// The same for a file that is read again and again, and stays open. *kept is 0 at first, the
// descriptor plus 1 afterwards, and -1 where there is no such file: that is not asked for twice.
// A value that is not 0 at first would cost a page of its own.
int file_read_again(int* kept, int directory, const char* path, char* buffer, size_t size);

// Returns 0 or -errno.
int file_write(const char* path, const char* text);

bool file_exists(int directory, const char* path);

// The number that a file of one line begins with, or ABSENT.
int64_t file_number(int directory, const char* path);

// "/proc/PID/NAME" in a buffer that the next call overwrites.
const char* proc_path(int64_t pid, const char* name);

int proc_read(int64_t pid, const char* name, char* buffer, size_t size);

// Calls `visit` with each process ID in /proc. Returns 0 or -errno.
int proc_each(void (*visit)(int64_t pid, void* context), void* context);
