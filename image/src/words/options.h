// What was asked on the command line, parsed once.
#pragma once

#include "words/sizes.h"
#include "words/text.h"

#include <stdbool.h>
#include <stdint.h>

enum command {
    COMMAND_HOLD,
    COMMAND_PROBE,
    COMMAND_RUN,
    COMMAND_END,
    COMMAND_VERSION,
};

enum memory_kind { KIND_ANON, KIND_SHM, KIND_FILE };

enum { PROTOCOL = 2, WORKERS_MAX = 256, ID_MAX_BYTES = 32, FREE_TEXT_MAX_BYTES = 128 };

#define OOM_SCORE_ADJ_SAME INT64_MAX

struct options {
    enum command command;
    bool has_memory; // of a run: it loads memory, or the CPU, or both
    bool has_cpu;
    int64_t protocol;
    const char* run_id; // NULL: made of process ID and start time
    const char* started_by; // or NULL
    bool waits_for_go;
    int64_t go_timeout_ms;
    int64_t size_bytes; // ABSENT with a level
    struct level level;
    int64_t load_thousandths; // of a percent of one CPU, each worker; ABSENT with a level
    int64_t cpu_level_thousandths; // of a percent of one CPU, all of the container; or ABSENT
    int64_t workers; // of the memory load
    int64_t cpu_workers;
    int64_t ramp_ms;
    struct steps steps;
    int64_t step_hold_ms;
    int64_t duration_ms; // of the last hold
    bool holds_until_told;
    int64_t deadline_ms;
    bool has_default_deadline;
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

// The deadline that was not asked for leaves a minute beyond everything that was.
void options_set_default_deadline(struct options* options);

// Parses the arguments after the program's name. Returns NULL, or what is wrong with them.
const char* options_parse(struct options* options, int count, char* const* arguments);
