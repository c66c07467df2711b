// Where the target's cgroup files are.
#pragma once

#include <stdint.h>

enum { CGROUPS_ABOVE_MAX = 8 };

struct cgroup {
    int64_t version; // 1, 2 or ABSENT
    int memory; // directories opened with O_PATH, or -1
    int cpu;
    int cpuacct;
    int pids;
    int above[CGROUPS_ABOVE_MAX]; // memory.max of version 2's cgroups on the way to the root
    int above_count;
    int64_t pod_limit_bytes; // as the client knows it, or ABSENT
};

// Finds the cgroup of the target below ROOT (a mount of cgroups). What is not there stays -1.
void cgroup_open(
    struct cgroup* cgroup, const char* root, int64_t target_pid, int64_t pod_limit_bytes);

// The smallest limit of the cgroups above the target's that can be seen, or ABSENT. Version 1 says
// it in the target's own memory.stat.
int64_t cgroup_limit_above(const struct cgroup* cgroup);

// Calls `each` with each process of the target's cgroup and of those below it that our PID
// namespace has. Returns 0, or -errno where the list cannot be read: what was visited is not all
// then.
int cgroup_each_process(
    const struct cgroup* cgroup, void (*visit)(int64_t pid, void* context), void* context);
