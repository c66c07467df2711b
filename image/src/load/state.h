// What is asked of the load at this moment, and how it goes: all that a sample says of it.
#pragma once

#include "words/sizes.h"

#include <stdbool.h>
#include <stdint.h>

enum level_state { LEVEL_BELOW, LEVEL_AT, LEVEL_ABOVE };

// Why a CPU load gets less than it asks for.
enum shortage {
    SHORTAGE_NONE,
    SHORTAGE_QUOTA, // the cgroup was throttled
    SHORTAGE_CONTENTION, // others had the CPUs
    SHORTAGE_CPUS, // more was asked for than there are
};

struct load_state {
    int64_t wanted_bytes;
    struct level level; // base LEVEL_NONE: a size is asked for
    int64_t level_bytes; // what the level is now, or ABSENT
    enum level_state level_state;

    int64_t wanted_load; // thousandths of a percent of one CPU, of each worker that was asked for
    int64_t cpu_level; // thousandths of a percent of one CPU, of the whole container; or ABSENT
    enum level_state cpu_level_state;
    int64_t short_thousandths; // of a percent of one CPU, in the last second
    enum shortage shortage;
};
