// Where the target's cgroup files are.
#pragma once

#include <stdint.h>

struct cgroup {
    int64_t version; // 1, 2 or ABSENT
    int memory; // directories opened with O_PATH, or -1
    int cpu;
    int cpuacct;
    int pids;
};

void cgroup_open(struct cgroup* cgroup, const char* root, int64_t target_pid);
