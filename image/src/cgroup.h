// The target's cgroup: where it is, what it says. Version 1 and 2 become one record, in bytes and
// microseconds; what a kernel does not have is ABSENT.
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

struct cgroup {
    int64_t version; // 1, 2 or ABSENT
    int memory; // directories opened with O_PATH, or -1
    int cpu;
    int cpuacct;
    int pids;
};

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

enum membership cgroup_membership(int64_t pid, int64_t target_pid);
enum membership cgroup_namespace_membership(int64_t target_pid, const char* name);
bool cgroup_names_controller(const char* list, size_t length, const char* controller);
bool cgroup_path_of(const char* proc_text, const char* controller, char path[CGROUP_PATH_SIZE]);

void cgroup_open(struct cgroup* cgroup, const char* root, int64_t target_pid);
void cgroup_forget(struct readings* readings);
void cgroup_read_slow(const struct cgroup* cgroup, struct readings* readings);
void cgroup_read(const struct cgroup* cgroup, struct readings* readings);
void cgroup_read_events(const struct cgroup* cgroup, struct readings* readings);
int64_t cgroup_usage(const struct cgroup* cgroup);
int64_t cgroup_oom_group(const struct cgroup* cgroup);
