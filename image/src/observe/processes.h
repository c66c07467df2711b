// The processes that we can see, and our own among them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum agent_kind {
    AGENT_NONE, // another program, or one that we may not look at
    AGENT_HOLD,
    AGENT_RUN,
    AGENT_PROBE,
};

void processes_init(enum agent_kind kind);
enum agent_kind process_own_kind(void);
enum agent_kind process_agent_kind(int64_t pid);
int64_t process_find_holder(void);
int64_t process_find_target(const char* container_id);
int64_t process_id_of(int64_t pid, const char* key);
int64_t process_start_time_ticks(int64_t pid);
int64_t process_ending_signal(int64_t pid);
int process_oom_score_adj(int64_t pid, int64_t* value);
void processes_stop_runs(void);
bool processes_end_holder(void);
