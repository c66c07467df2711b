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

void cgroup_open(
    struct cgroup* cgroup, const char* root, int64_t target_pid, int64_t pod_limit_bytes);
int64_t cgroup_limit_above(const struct cgroup* cgroup);
int cgroup_each_process(
    const struct cgroup* cgroup, void (*visit)(int64_t pid, void* context), void* context);
