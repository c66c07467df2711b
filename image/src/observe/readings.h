// What the target's cgroup says. Version 1 and 2 become one record, in bytes and microseconds; what
// a kernel does not have is ABSENT.
#pragma once

#include "observe/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

// Waiting for a resource: of some processes, and of all at once (the kernel's accounting/psi.rst).
struct pressure {
    int64_t some_hundredths; // of a percent of the last ten seconds
    int64_t full_hundredths;
    int64_t some_us; // since the cgroup was made
    int64_t full_us;
};

struct readings {
    int64_t usage_bytes;
    int64_t peak_bytes;
    int64_t limit_bytes; // the cgroup's own
    int64_t effective_limit_bytes; // the smallest of it, those above it, and the pod's as given
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
    struct pressure pressure;
    int64_t cpu_usage_us;
    int64_t cpu_nr_periods;
    int64_t cpu_nr_throttled;
    int64_t cpu_throttled_us;
    int64_t cpu_limit_millicores;
    struct pressure cpu_pressure;
    struct pressure io_pressure;
    int64_t pids_current;
    int64_t pids_limit;

    // What the above are made of.
    int64_t hierarchical_limit_bytes; // version 1: the smallest on the way to the root
    int64_t memory_and_swap_limit_bytes; // version 1
    int64_t cpu_quota_us;
    int64_t cpu_period_us;
    int64_t stat_usage_bytes; // usage when memory.stat was read, and when that was
    int64_t stat_ms;
};

// What is read together, as often as it is needed.
enum cadence {
    CADENCE_USAGE = 1, // where a step is decided, and in each sample
    CADENCE_EVENTS = 2, // in each sample, and when a worker was killed
    CADENCE_STAT = 4, // in each sample, unless nothing moves
    CADENCE_LIMITS = 8, // each second, and before each step
    CADENCE_SLOW = 16, // each second
    CADENCE_CPU = 32, // in each sample of a CPU load
};

void readings_forget(struct readings* readings);

// Reads what `cadences` name, each file once. Everything else stays as it was.
void readings_take(const struct cgroup* cgroup, struct readings* readings, unsigned cadences);

// Reads what a sample shows: all that moves quickly, and what moves slowly where it is due.
void readings_take_sample(
    const struct cgroup* cgroup, struct readings* readings, bool slow, int64_t now_ms);

// Where growth begins to hurt: at the limit the kernel kills, above memory.high it throttles.
int64_t readings_ceiling(const struct readings* readings);

// The kernel makes every process wait that takes memory here, even for a file that it opens.
bool readings_over_high(const struct readings* readings);

// memory.oom.group of the target: 1, 0, or ABSENT on version 1.
int64_t readings_oom_group(const struct cgroup* cgroup);
