// What the target's cgroup says. Version 1 and 2 become one record, in bytes and microseconds; what
// a kernel does not have is ABSENT.
#pragma once

#include "observe/cgroup.h"

#include <stdint.h>

struct readings {
    int64_t usage_bytes;
    int64_t peak_bytes;
    int64_t limit_bytes;
    int64_t high_bytes;
    int64_t swap_bytes;
    int64_t swap_limit_bytes;
    int64_t anon_bytes;
    int64_t file_bytes;
    int64_t inactive_file_bytes;
    int64_t shmem_bytes;
    int64_t kernel_bytes;
    int64_t pagetables_bytes;
    int64_t slab_bytes;
    int64_t max_events;
    int64_t high_events;
    int64_t oom;
    int64_t oom_kill;
    int64_t oom_group_kill;
    int64_t pressure_some_hundredths;
    int64_t pressure_full_hundredths;
    int64_t cpu_usage_us;
    int64_t cpu_nr_periods;
    int64_t cpu_nr_throttled;
    int64_t cpu_throttled_us;
    int64_t cpu_limit_millicores;
    int64_t pids_current;
    int64_t pids_limit;
};

void readings_forget(struct readings* readings);
void readings_take_slow(const struct cgroup* cgroup, struct readings* readings);
void readings_take(const struct cgroup* cgroup, struct readings* readings);
void readings_take_events(const struct cgroup* cgroup, struct readings* readings);
int64_t readings_usage(const struct cgroup* cgroup);
int64_t readings_oom_group(const struct cgroup* cgroup);
