// Which cgroup and which namespaces a process is in, and whether they are our own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum membership {
    MEMBERSHIP_SAME,
    MEMBERSHIP_DIFFERENT,
    MEMBERSHIP_UNREADABLE,
};

enum { CGROUP_PATH_SIZE = 512 };

void membership_read_target(int64_t target_pid);
enum membership membership_of_cgroup(int64_t pid);
enum membership membership_of_namespace(int64_t target_pid, const char* name);
bool cgroup_names_controller(const char* list, size_t length, const char* controller);
bool cgroup_path_of(const char* proc_text, const char* controller, char path[CGROUP_PATH_SIZE]);
