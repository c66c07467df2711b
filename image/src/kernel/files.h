// Small reads and writes of files in /proc and in the cgroup tree.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILE_TEXT_SIZE = 8192 };

// The one buffer for texts that are read, parsed and forgotten at once.
extern char file_text[FILE_TEXT_SIZE];

int file_read(int directory, const char* path, char* buffer, size_t size);
int file_read_open(int file, char* buffer, size_t size);
int file_read_again(int* kept, int directory, const char* path, char* buffer, size_t size);
int file_write(const char* path, const char* text);
bool file_exists(int directory, const char* path);
int64_t file_number(int directory, const char* path);

const char* proc_path(int64_t pid, const char* name);
int proc_read(int64_t pid, const char* name, char* buffer, size_t size);

// Calls `visit` with each process ID in /proc. Returns 0 or -errno.
int proc_each(void (*visit)(int64_t pid, void* context), void* context);
