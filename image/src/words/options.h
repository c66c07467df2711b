// What was asked on the command line, parsed once.
#pragma once

#include "words/text.h"

#include <stdbool.h>
#include <stdint.h>

enum command {
    COMMAND_HOLD,
    COMMAND_PROBE,
    COMMAND_RUN_MEMORY,
    COMMAND_RUN_CPU,
    COMMAND_END,
    COMMAND_VERSION,
};

enum memory_kind { KIND_ANON, KIND_SHM, KIND_FILE };

enum { WORKERS_MAX = 256, STEPS_MAX = 64 };

#define OOM_SCORE_ADJ_SAME INT64_MAX

struct options {
    enum command command;
    int64_t size_bytes;
    int64_t load_thousandths; // of a percent of one CPU, each worker
    int64_t workers;
    int64_t ramp_ms;
    int64_t steps_bytes[STEPS_MAX];
    int64_t steps_count;
    int64_t step_hold_ms;
    int64_t duration_ms;
    int64_t deadline_ms;
    int64_t heartbeat_timeout_ms;
    int64_t sample_interval_ms;
    int64_t settle_ms;
    enum memory_kind kind;
    int64_t dirty_bytes_per_s;
    int64_t oom_score_adj;
    int64_t holder_pid;
    int64_t target_pid;
    const char* target_container; // the runtime's ID of the container, or NULL
    int64_t join_pid;
    int64_t linger_ms;
    int64_t pod_limit_bytes;
    bool detach;
    bool huge_pages;
    const char* cgroup_root;
};

const char* options_parse(struct options* options, int count, char* const* arguments);
