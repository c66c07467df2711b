// Which cgroup and which namespaces a process is in, and whether they are our own.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum membership {
    MEMBERSHIP_SAME,
    MEMBERSHIP_INSIDE, // in a descendant of the target's
    MEMBERSHIP_ABOVE, // in the root of the target's own cgroup namespace, with a memory limit
    MEMBERSHIP_DIFFERENT,
    MEMBERSHIP_UNREADABLE,
};

enum { CGROUP_PATH_SIZE = 512 };

void membership_read_target(int64_t pid);
enum membership membership_of_cgroup(int64_t pid);
enum membership membership_of_namespace(int64_t pid, const char* name);
bool cgroup_names_controller(const char* list, size_t length, const char* controller);
bool cgroup_path_of(const char* proc_text, const char* controller, char path[CGROUP_PATH_SIZE]);
