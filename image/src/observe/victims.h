// The processes that a kill for memory may choose among, ranked by who would die first.
#pragma once

#include "observe/cgroup.h"

#include <stdint.h>

struct victims {
    const struct cgroup* cgroup; // the target's
    int64_t target_pid;
    int64_t holder_pid; // or ABSENT
    const char* started_by; // who started this run, or NULL
    int64_t limit_bytes; // that badness is measured by, or ABSENT
};

// Prints who would die first: the target and all that is ours, and the 50 first of the others.
void victims_report(const struct victims* victims);
